"""The local advisory database, one SQLite file, as it is read. The file in its place never changes (``building``)."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import NormalizedName

from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.record import Affected, Event
from safe_pip.advisories.severity import Rated, Stated
from safe_pip.advisories.stored import Found, Stored, Unreadable
from safe_pip.advisories.tables import SCHEMA, edges_of, select, stated_of
from safe_pip.errors import AdvisoryError


class Statistics(NamedTuple):
    """Counts, for people: records, packages they are about, unreadable ones, listed versions that are not PEP 440."""

    records: int
    packages: int
    unreadable: int
    not_pep440: int


class Database:
    """A database in its place, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open a database. Raises AdvisoryError where it is missing, damaged or of another version."""
        self.path = path
        try:
            before = path.stat()
            self._connection = open_in_place(path)
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


def open_in_place(path: Path) -> sqlite3.Connection:
    """A connection to the database in a place, for reading only. Raises sqlite3.Error."""
    # Immutable: the file in its place never changes, so no lock and no journal is looked for.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


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
