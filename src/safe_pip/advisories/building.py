"""Building the local advisory database: beside its place, put there whole, and never changed once it is there.

A new database replaces the old one. So a reader sees the old one or the new one, and a build that is killed leaves
nothing but a temporary file.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from safe_pip.advisories.database import open_in_place
from safe_pip.advisories.record import Record
from safe_pip.advisories.stored import Unreadable
from safe_pip.advisories.tables import INDEXES, SCHEMA, TABLES, delete, edges_of, insert, make_families
from safe_pip.errors import AdvisoryError

# What is half written is thrown away, so nothing is kept on disk to undo it by.
_FAST = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
_FEW_UNREADABLE = 10
"""So many records may be broken in a small collection, and one in a hundred in a large one, before it is refused."""


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
        with closing(open_in_place(path)) as old:
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


def _create(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(_FAST + TABLES)
    return connection


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


def _check_sense(connection: sqlite3.Connection, source: str) -> None:
    """Refuse what cannot be a collection of advisories: none about PyPI, or too many that cannot be read."""
    unreadable = connection.execute("SELECT place, reason FROM unreadable").fetchall()
    example = f" For one, {unreadable[0][0]}: {unreadable[0][1]}." if unreadable else ""
    if not connection.execute("SELECT 1 FROM affected LIMIT 1").fetchone():
        raise AdvisoryError(f"{source} has not one record about a PyPI package.{example}", "Check what it names.")
    if len(unreadable) > max(_FEW_UNREADABLE, _count(connection) // 100):
        raise AdvisoryError(f"{len(unreadable):,} records of {source} cannot be read.{example}", "Check what it names.")


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM advisory").fetchone()[0])


def _set_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> int:
    """Remember what there is to know of a database, and that it is complete. Returns the number of its records."""
    count = _count(connection)
    own = {"schema": SCHEMA, "records": str(count), "complete": "yes"}
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [*{**meta, **own}.items()])
    connection.commit()
    return count
