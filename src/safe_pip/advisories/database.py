"""The local advisory database: one SQLite file, built beside its place and put there whole.

A database file is never changed once it is in its place: a new one replaces it. So a reader sees the old one or the
new one, and a build that is killed leaves nothing but a temporary file.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import NormalizedName

from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.record import Affected, Event, Record
from safe_pip.advisories.severity import Stated
from safe_pip.errors import AdvisoryError

SCHEMA = "2"
"""Version of the tables below; a database of another version is built anew."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE advisory (
    id TEXT PRIMARY KEY, modified TEXT NOT NULL, withdrawn TEXT, summary TEXT NOT NULL,
    severity TEXT NOT NULL, severity_word TEXT
) WITHOUT ROWID;
CREATE TABLE affected (package TEXT NOT NULL, id TEXT NOT NULL, ranges TEXT NOT NULL, versions TEXT NOT NULL,
    severity TEXT NOT NULL);
CREATE TABLE alias (id TEXT NOT NULL, alias TEXT NOT NULL);
CREATE TABLE unreadable (place TEXT NOT NULL, reason TEXT NOT NULL, packages TEXT NOT NULL);
"""
_INDEXES = """
CREATE INDEX affected_package ON affected (package);
CREATE INDEX affected_id ON affected (id);
CREATE INDEX alias_id ON alias (id);
CREATE INDEX alias_alias ON alias (alias);
"""
# What is half written is thrown away, so nothing is kept on disk to undo it by.
_FAST = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
_FEW = 400
"""How many values go into one query; SQLite's oldest limit is 999."""


_FEW_UNREADABLE = 10
"""So many records may be broken in a small collection, and one in a hundred in a large one, before it is refused."""


class Unreadable(NamedTuple):
    """A record that could not be read: where it stood, why, and the packages that it names all the same."""

    place: str
    reason: str
    packages: tuple[NormalizedName, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """One advisory as it bears on one package."""

    id: str
    withdrawn: str | None
    summary: str
    affected: tuple[Affected, ...]
    severity: tuple[tuple[str, str], ...]
    severity_word: str | None


class Statistics(NamedTuple):
    """Counts for people: records in all, records withdrawn at some time, unreadable ones, listed junk versions."""

    records: int
    packages: int
    unreadable: int
    not_pep440: int


# --------------------------------------------------------------------------- writing


def build(path: Path, records: Iterable[Record | Unreadable], meta: Mapping[str, str]) -> int:
    """Build a database and put it in its place, replacing what was there. Returns the number of records.

    path: its place; the folder must exist. records: what to hold; of two records of one id the later counts.
    meta: what to remember of the source. Raises AdvisoryError where there is no record for PyPI at all, or where the
    file cannot be written.
    """
    with _written_whole(path) as temporary, closing(_create(temporary)) as connection:
        _insert(connection, records)
        connection.executescript(_INDEXES)
        _check_sense(connection, meta.get("source", "The source"))
        _set_meta(connection, meta)
        return _count(connection)


def update(path: Path, changed: Iterable[Record | Unreadable], deleted: Iterable[str], meta: Mapping[str, str]) -> int:
    """Make a new database from the one in place, with records changed and deleted. Returns the number of records.

    changed: must hold again whatever could not be read before; that is forgotten here. Raises AdvisoryError.
    """
    with _written_whole(path) as temporary, closing(sqlite3.connect(temporary)) as connection:
        connection.executescript(_FAST)
        with closing(_open(path)) as old:
            old.backup(connection)
        connection.execute("DELETE FROM unreadable")
        for identifier in deleted:
            _delete(connection, identifier)
        _insert(connection, changed)
        _check_sense(connection, meta.get("source", "The source"))
        _set_meta(connection, meta)
        return _count(connection)


@contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """A temporary file beside a place, moved there at the end; where something goes wrong the place keeps its file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, sqlite3.Error) as error:
        raise AdvisoryError(
            f"The advisory database {path} cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Free some space, or name another folder with SAFE_PIP_CACHE_DIR.",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM advisory").fetchone()[0])


def _check_sense(connection: sqlite3.Connection, source: str) -> None:
    """Refuse what cannot be a collection of advisories: none about PyPI, or too many that cannot be read."""
    unreadable = connection.execute("SELECT place, reason FROM unreadable").fetchall()
    example = f" For one, {unreadable[0][0]}: {unreadable[0][1]}." if unreadable else ""
    if not connection.execute("SELECT count(*) FROM affected").fetchone()[0]:
        raise AdvisoryError(f"{source} has not one record about a PyPI package.{example}", "Check what it names.")
    if len(unreadable) > max(_FEW_UNREADABLE, _count(connection) // 100):
        raise AdvisoryError(f"{len(unreadable):,} records of {source} cannot be read.{example}", "Check what it names.")


def _create(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(_FAST + _TABLES)
    return connection


def _set_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)", [*meta.items(), ("schema", SCHEMA), ("complete", "yes")]
    )
    connection.commit()


def _delete(connection: sqlite3.Connection, identifier: str) -> None:
    for table in ("advisory", "affected", "alias"):
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (identifier,))  # noqa: S608 - table names are ours


def _insert(connection: sqlite3.Connection, records: Iterable[Record | Unreadable]) -> None:
    for record in records:
        if isinstance(record, Unreadable):
            connection.execute("DELETE FROM unreadable WHERE place = ?", (record.place,))
            connection.execute(
                "INSERT INTO unreadable VALUES (?, ?, ?)", (record.place, record.reason, json.dumps(record.packages))
            )
        else:
            _insert_one(connection, record)
    connection.commit()


def _insert_one(connection: sqlite3.Connection, record: Record) -> None:
    row = (
        record.id,
        record.modified,
        record.withdrawn,
        record.summary,
        json.dumps(record.severity),
        record.severity_word,
    )
    insert = "INSERT OR IGNORE INTO advisory VALUES (?, ?, ?, ?, ?, ?)"
    if not connection.execute(insert, row).rowcount:
        _delete(connection, record.id)
        connection.execute(insert, row)
    connection.executemany(
        "INSERT INTO affected VALUES (?, ?, ?, ?, ?)",
        [
            (entry.package, record.id, json.dumps(entry.ranges), json.dumps(entry.versions), json.dumps(entry.severity))
            for entry in record.affected
        ],
    )
    connection.executemany("INSERT INTO alias VALUES (?, ?)", [(record.id, alias) for alias in record.aliases])


# --------------------------------------------------------------------------- reading


class Database:
    """A database in its place, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open a database. Raises AdvisoryError where it is missing, damaged or of another version."""
        self.path = path
        try:
            self._connection = _open(path)
        except sqlite3.Error as error:
            raise AdvisoryError(f"The advisory database {path} cannot be opened: {error}.") from error
        try:
            self.meta: dict[str, str] = dict(self._rows("SELECT key, value FROM meta"))
            if self.meta.get("schema") != SCHEMA or self.meta.get("complete") != "yes":
                raise AdvisoryError(f"The advisory database {path} is of another version of safe-pip.")
        except AdvisoryError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def records(self) -> int:
        """How many advisories it holds."""
        return int(self._rows("SELECT count(*) FROM advisory")[0][0])

    @property
    def is_sound(self) -> bool:
        """Whether the whole file is as SQLite wrote it. Reads all of it."""
        try:
            return bool(self._rows("PRAGMA quick_check(1)") == [("ok",)])
        except AdvisoryError:
            return False

    def about(self, names: Iterable[NormalizedName]) -> dict[NormalizedName, list[Stored]]:
        """The advisories about packages, by package; a package without any is not a key."""
        found: dict[NormalizedName, dict[str, Stored]] = {}
        for row in self._select(
            "SELECT f.package, a.id, a.withdrawn, a.summary, f.ranges, f.versions, f.severity, a.severity,"
            " a.severity_word FROM affected f JOIN advisory a ON a.id = f.id"
            " WHERE f.package IN ({}) ORDER BY a.id, f.rowid",
            names,
        ):
            package, identifier, withdrawn, summary, ranges, versions, own, severity, word = row
            entry = Affected(
                NormalizedName(package),
                tuple(tuple(Event(kind, version) for kind, version in events) for events in json.loads(ranges)),
                tuple(json.loads(versions)),
                _pairs(own),
            )
            by_id = found.setdefault(NormalizedName(package), {})
            before = by_id.get(identifier)
            vectors = (*_pairs(own), *_pairs(severity)) if before is None else (*_pairs(own), *before.severity)
            entries = (entry,) if before is None else (*before.affected, entry)
            by_id[identifier] = Stored(identifier, withdrawn, summary, entries, vectors, word)
        return {name: list(stored.values()) for name, stored in found.items()}

    def alias_edges(self, ids: Iterable[str]) -> list[tuple[str, str]]:
        """Every alias relation that can be reached from some ids, in either direction, however far."""
        edges: set[tuple[str, str]] = set()
        known: set[str] = set()
        fresh = set(ids)
        while fresh:
            known |= fresh
            rows = [
                *self._select("SELECT id, alias FROM alias WHERE id IN ({})", fresh),
                *self._select("SELECT id, alias FROM alias WHERE alias IN ({})", fresh),
            ]
            edges.update((str(left), str(right)) for left, right in rows)
            fresh = {item for edge in edges for item in edge} - known
        return sorted(edges)

    def stated(self, ids: Iterable[str]) -> list[Stated]:
        """What the records of some ids say of their severity, of whatever package."""
        return [
            Stated(identifier, _pairs(vectors), word)
            for identifier, vectors, word in self._select(
                "SELECT id, severity, severity_word FROM advisory WHERE id IN ({})", ids
            )
        ]

    def modified(self) -> dict[str, str]:
        """When each record was last modified, as written, by id."""
        return dict(self._rows("SELECT id, modified FROM advisory"))

    def unreadable(self) -> list[Unreadable]:
        """The records of the source that could not be read."""
        return [
            Unreadable(place, reason, tuple(map(NormalizedName, json.loads(packages))))
            for place, reason, packages in self._rows("SELECT place, reason, packages FROM unreadable")
        ]

    def statistics(self) -> Statistics:
        """Counts, for people."""
        listed = (text for (texts,) in self._rows("SELECT versions FROM affected") for text in json.loads(texts))
        return Statistics(
            self.records,
            int(self._rows("SELECT count(DISTINCT package) FROM affected")[0][0]),
            len(self.unreadable()),
            sum(1 for text in listed if parse_version(text) is None),
        )

    def _select(self, query: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        ordered = sorted(set(values))
        for start in range(0, len(ordered), _FEW):
            few = ordered[start : start + _FEW]
            yield from self._rows(query.format(",".join("?" * len(few))), few)

    def _rows(self, query: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise AdvisoryError(
                f"The advisory database {self.path} cannot be read: {error}.",
                "Delete this file; it is made anew when it is needed.",
            ) from error


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((kind, value) for kind, value in json.loads(text))


def _open(path: Path) -> sqlite3.Connection:
    # Immutable: the file in its place never changes, so no lock and no journal is looked for.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A database that is closed again."""
    database = Database(path)
    try:
        yield database
    finally:
        database.close()
