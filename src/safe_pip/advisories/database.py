"""The local advisory database: one SQLite file, built beside its place and put there whole.

A database file is never changed once it is in its place: a new one replaces it. So a reader sees the old one or the
new one, and a build that is killed leaves nothing but a temporary file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import NormalizedName

from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.record import Affected, Event, Record
from safe_pip.advisories.severity import Rated, Stated
from safe_pip.advisories.stored import Found, Stored, Unreadable
from safe_pip.advisories.tables import INDEXES, TABLES, delete, edges_of, insert, make_families, select, stated_of
from safe_pip.errors import AdvisoryError

SCHEMA = "3"
"""Version of the tables below; a database of another version is built anew."""

# What is half written is thrown away, so nothing is kept on disk to undo it by.
_FAST = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
_FEW_UNREADABLE = 10
"""So many records may be broken in a small collection, and one in a hundred in a large one, before it is refused."""


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
        connection.executescript(INDEXES)
        _check_sense(connection, meta.get("source", "The source"))
        edges = connection.execute("SELECT id, alias FROM alias").fetchall()
        make_families(connection, edges)
        return _set_meta(connection, meta)


def update(path: Path, changed: Iterable[Record | Unreadable], deleted: Iterable[str], meta: Mapping[str, str]) -> int:
    """Make a new database from the one in place, with records changed and deleted. Returns the number of records.

    changed: must hold again whatever could not be read before; that is forgotten here. Raises AdvisoryError.
    """
    with _written_whole(path) as temporary, closing(sqlite3.connect(temporary)) as connection:
        connection.executescript(_FAST)
        with closing(_open(path)) as old:
            old.backup(connection)
        connection.execute("DELETE FROM unreadable")
        touched = set(deleted)
        joined = set(edges_of(connection, touched))
        for identifier in touched:
            delete(connection, identifier)
        anew: set[str] = set()
        _insert(connection, _noting(changed, connection, anew, joined))
        _check_sense(connection, meta.get("source", "The source"))
        # Whoever was in a family of what has changed, or is now, may be in another.
        ids = touched | anew | {item for edge in joined for item in edge}
        connection.executemany("DELETE FROM family WHERE id = ?", [(item,) for item in ids])
        make_families(connection, edges_of(connection, ids))
        return _set_meta(connection, meta)


def _noting(
    records: Iterable[Record | Unreadable], connection: sqlite3.Connection, ids: set[str], joined: set[tuple[str, str]]
) -> Iterator[Record | Unreadable]:
    """The records as they are, noting the ids of each, and what it was joined to until now."""
    for record in records:
        if isinstance(record, Record):
            ids.add(record.id)
            joined.update(edges_of(connection, [record.id]))
        yield record


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
    if not connection.execute("SELECT 1 FROM affected LIMIT 1").fetchone():
        raise AdvisoryError(f"{source} has not one record about a PyPI package.{example}", "Check what it names.")
    if len(unreadable) > max(_FEW_UNREADABLE, _count(connection) // 100):
        raise AdvisoryError(f"{len(unreadable):,} records of {source} cannot be read.{example}", "Check what it names.")


def _create(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(_FAST + TABLES)
    return connection


def _set_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> int:
    """Remember what there is to know of a database, and that it is complete. Returns the number of its records."""
    count = _count(connection)
    own = {"schema": SCHEMA, "records": str(count), "complete": "yes"}
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [*{**meta, **own}.items()])
    connection.commit()
    return count


def _insert(connection: sqlite3.Connection, records: Iterable[Record | Unreadable]) -> None:
    for record in records:
        if isinstance(record, Unreadable):
            connection.execute("DELETE FROM unreadable WHERE place = ?", (record.place,))
            connection.execute(
                "INSERT INTO unreadable VALUES (?, ?, ?)", (record.place, record.reason, json.dumps(record.packages))
            )
        else:
            insert(connection, record)
    connection.commit()


# --------------------------------------------------------------------------- reading


class Database:
    """A database in its place, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open a database. Raises AdvisoryError where it is missing, damaged or of another version."""
        self.path = path
        try:
            before = path.stat()
            self._connection = _open(path)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise AdvisoryError(f"The advisory database {path} cannot be opened: {reason}.") from error
        try:
            self.meta: dict[str, str] = dict(self._rows("SELECT key, value FROM meta"))
            if self.meta.get("schema") != SCHEMA or self.meta.get("complete") != "yes":
                raise AdvisoryError(f"The advisory database {path} is of another version of safe-pip.")
            pages, size = (int(self._rows(f"PRAGMA {name}")[0][0]) for name in ("page_count", "page_size"))
            # Where another has taken its place by now, what is open is the one before, and that was whole.
            if before.st_size != pages * size and _is_still(path, before):
                raise self._damaged(ValueError("it is cut short"))
        except AdvisoryError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def records(self) -> int:
        """How many advisories it holds."""
        return int(self.meta["records"])

    @property
    def is_sound(self) -> bool:
        """Whether the whole file is as SQLite wrote it. Reads all of it."""
        try:
            return bool(self._rows("PRAGMA quick_check(1)") == [("ok",)])
        except AdvisoryError:
            return False

    def find(self, names: Iterable[NormalizedName]) -> Found:
        """All that is known of packages: the advisories, what aliases join them to, and what those state."""
        with self._reading():
            rows = self._select("SELECT content FROM affected WHERE package IN ({}) ORDER BY package, id", names)
            # One text is parsed in a fraction of the time that many take.
            found: dict[NormalizedName, list[Stored]] = {}
            ids = set()
            for package, identifier, withdrawn, summary, entries, rating, word in json.loads(_joined(rows)):
                affected = tuple(
                    Affected(package, tuple(map(_range, ranges)), (), (), keys) for ranges, keys in entries
                )
                said = Stated(identifier, rating and Rated(*rating), word)
                found.setdefault(package, []).append(Stored(identifier, withdrawn, summary, affected, said))
                ids.add(identifier)
            rows = self._select("SELECT content FROM family WHERE id IN ({})", ids)
            families = json.loads(_joined(dict.fromkeys(rows)))
            stated = [_as_stated(*member) for family in families for member in family if len(member) > 1]
            return Found(found, [[member[0] for member in family] for family in families], stated)

    def about(self, names: Iterable[NormalizedName]) -> dict[NormalizedName, list[Stored]]:
        """The advisories about packages, by package; a package without any is not a key."""
        return self.find(names).about

    def alias_edges(self, ids: Iterable[str]) -> list[tuple[str, str]]:
        """Every alias relation that can be reached from some ids, in either direction, however far."""
        with self._reading():
            return edges_of(self._connection, ids)

    def stated(self, ids: Iterable[str]) -> list[Stated]:
        """What the records of some ids say of their severity, of whatever package."""
        with self._reading():
            return [_as_stated(item, json.loads(stated)) for item, stated in stated_of(self._connection, ids).items()]

    def full(self, ids: Iterable[str]) -> dict[str, Any]:
        """Whole records by id, as they came; those that are not there are left out."""
        query = "SELECT a.id, f.content FROM advisory a JOIN full f ON f.number = a.number WHERE a.id IN ({})"
        try:
            return {item: json.loads(zlib.decompress(content)) for item, content in self._select(query, ids)}
        except (zlib.error, ValueError, RecursionError) as error:
            raise self._damaged(error) from error

    def record(self, identifier: str) -> Any:
        """One whole record, by its id or by an alias, in capitals or not; None where there is none."""
        for query in (
            "SELECT id FROM advisory WHERE id = ?",
            "SELECT id FROM alias WHERE alias = ? ORDER BY id LIMIT 1",
            "SELECT id FROM advisory WHERE id = ? COLLATE NOCASE",
            "SELECT id FROM alias WHERE alias = ? COLLATE NOCASE ORDER BY id LIMIT 1",
        ):
            found = self._rows(query, (identifier,))
            if found:
                return self.full([found[0][0]])[found[0][0]]
        return None

    def packages_of(self, ids: Iterable[str]) -> set[NormalizedName]:
        """The packages that records of some ids are about."""
        return {name for (name,) in self._select("SELECT DISTINCT package FROM affected WHERE id IN ({})", ids)}

    def packages(self) -> set[NormalizedName]:
        """Every package that some record is about."""
        return {name for (name,) in self._rows("SELECT DISTINCT package FROM affected")}

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
        contents = (json.loads(content) for (content,) in self._rows("SELECT content FROM affected"))
        listed = (key for content in contents for _, keys in content[4] for key in keys.split("\n") if key)
        return Statistics(
            self.records,
            int(self._rows("SELECT count(DISTINCT package) FROM affected")[0][0]),
            len(self.unreadable()),
            sum(1 for text in listed if parse_version(text) is None),
        )

    def _select(self, query: str, values: Iterable[str]) -> list[tuple[Any, ...]]:
        with self._reading():
            return list(select(self._connection, query, values))

    def _rows(self, query: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        with self._reading():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> AdvisoryError:
        return AdvisoryError(
            f"The advisory database {self.path} cannot be read: {error}.",
            "Delete this file; it is made anew when it is needed.",
        )


def _is_still(path: Path, before: os.stat_result) -> bool:
    """Whether a place holds the file that was there before."""
    try:
        now = path.stat()
    except OSError:
        return False
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (now.st_ino, now.st_size, now.st_mtime_ns)


def _joined(rows: Iterable[tuple[str]]) -> str:
    return f"[{','.join([content for (content,) in rows])}]"


def _range(flat: list[Any]) -> tuple[Event, ...]:
    """A range from the kinds and versions of its events, one after another."""
    return tuple(map(Event, flat[::2], flat[1::2]))


def _as_stated(identifier: str, stated: tuple[Any, Any]) -> Stated:
    rating, word = stated
    return Stated(identifier, rating and Rated(*rating), word)


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
