"""The tables of the advisory database, and how records and families of ids are put into them."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from safe_pip.advisories.aliases import groups
from safe_pip.advisories.matching import version_keys
from safe_pip.advisories.record import Record
from safe_pip.advisories.severity import rated

SCHEMA = "3"
"""Version of the tables below; a database of another version is built anew."""

# What is asked for in every run stands by package, in the form that matching wants; the full records are read only by
# who wants to read one. A family is all ids that aliases join, kept for each record that has any.
TABLES = """
PRAGMA page_size = 8192;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE advisory (id TEXT PRIMARY KEY, modified TEXT NOT NULL, stated TEXT NOT NULL, number INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE affected (package TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (package, id))
    WITHOUT ROWID;
CREATE TABLE alias (id TEXT NOT NULL, alias TEXT NOT NULL, PRIMARY KEY (id, alias)) WITHOUT ROWID;
CREATE TABLE family (id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE full (number INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE unreadable (place TEXT NOT NULL, reason TEXT NOT NULL, packages TEXT NOT NULL);
"""
INDEXES = """
CREATE INDEX affected_id ON affected (id);
CREATE INDEX alias_alias ON alias (alias, id);
"""
_FEW = 900
"""How many values go into one query; SQLite's oldest limit is 999."""
_MANY = 10_000
"""So many ids are looked up one by one; of more, everything is read."""


def delete(connection: sqlite3.Connection, identifier: str) -> None:
    """Take a record out, where it is there."""
    connection.execute("DELETE FROM full WHERE number = (SELECT number FROM advisory WHERE id = ?)", (identifier,))
    for table in ("advisory", "affected", "alias"):
        connection.execute(f"DELETE FROM {table} WHERE id = ?", (identifier,))  # noqa: S608 - table names are ours


def insert(connection: sqlite3.Connection, record: Record) -> None:
    """Put a record in, in the place of one of the same id."""
    if connection.execute("SELECT 1 FROM advisory WHERE id = ?", (record.id,)).fetchone():
        delete(connection, record.id)
    stored = connection.execute("INSERT INTO full (content) VALUES (?)", (zlib.compress(record.full, 1),))
    stated = _dump([rated(record.severity), record.severity_word])
    connection.execute(
        "INSERT INTO advisory VALUES (?, ?, ?, ?)", (record.id, record.modified, stated, stored.lastrowid)
    )
    packages = dict.fromkeys(entry.package for entry in record.affected)
    connection.executemany(
        "INSERT INTO affected VALUES (?, ?, ?)",
        [(package, record.id, _dump(_content(record, package))) for package in packages],
    )
    connection.executemany("INSERT OR IGNORE INTO alias VALUES (?, ?)", [(record.id, item) for item in record.aliases])


def _content(record: Record, package: str) -> list[Any]:
    """What is stored of a record for one package: the parts of ``Stored``, and of each entry its ranges and keys."""
    mine = [entry for entry in record.affected if entry.package == package]
    # The severity of the package, the last entry's first, goes before that of the whole record.
    vectors = [vector for entry in reversed(mine) for vector in entry.severity] + list(record.severity)
    entries = [
        [[[text for event in events for text in event] for events in entry.ranges], version_keys(entry.versions)]
        for entry in mine
    ]
    return [package, record.id, record.withdrawn, record.summary, entries, rated(vectors), record.severity_word]


def make_families(connection: sqlite3.Connection, edges: Sequence[tuple[str, str]]) -> None:
    """Write down which ids belong together, for each of them that there is a record of, and what all those state."""
    ids = {item for edge in edges for item in edge}
    every = "SELECT id, stated FROM advisory"
    stated = stated_of(connection, ids) if len(ids) < _MANY else dict(connection.execute(every))
    connection.executemany(
        "INSERT OR REPLACE INTO family VALUES (?, ?)",
        (
            (item, content)
            for family in groups(ids, edges)
            for content in [f"[{','.join(_member(item, stated.get(item)) for item in family)}]"]
            for item in family
            if item in stated
        ),
    )


def _member(identifier: str, stated: str | None) -> str:
    """A member of a family as JSON: its id, and what its record states, where there is one."""
    return f"[{json.dumps(identifier)}]" if stated is None else f"[{json.dumps(identifier)},{stated}]"


def stated_of(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """What the records of some ids state of their severity, as JSON; those that are not there are left out."""
    return dict(select(connection, "SELECT id, stated FROM advisory WHERE id IN ({})", ids))


def edges_of(connection: sqlite3.Connection, ids: Iterable[str]) -> list[tuple[str, str]]:
    """Every alias relation that can be reached from some ids, in either direction, however far."""
    edges: set[tuple[str, str]] = set()
    known: set[str] = set()
    fresh = set(ids)
    while fresh:
        known |= fresh
        edges.update(select(connection, "SELECT id, alias FROM alias WHERE id IN ({})", fresh))
        edges.update(select(connection, "SELECT id, alias FROM alias WHERE alias IN ({})", fresh))
        fresh = {item for edge in edges for item in edge} - known
    return sorted(edges)


def select(connection: sqlite3.Connection, query: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query with one ``IN ({})``, asked for many values, a part of them at a time."""
    ordered = sorted(value for value in set(values) if value.isascii() or _is_storable(value))
    for start in range(0, len(ordered), _FEW):
        few = ordered[start : start + _FEW]
        yield from connection.execute(query.format(",".join("?" * len(few))), few)


def _is_storable(text: str) -> bool:
    """Whether a text can stand in a file at all; one with lone surrogates cannot, so nothing is known of it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
