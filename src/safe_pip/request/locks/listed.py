"""Lock files that are one long list of ``[[package]]`` tables: each is read once, however many files hold it.

The lock files of a monorepo have most packages in common, in the same words. A table is known by its text, and what was
made of it is kept for the next file. Line numbers come from the same pass: they are the lines between the tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.request.quick_toml import Table, load_toml
from safe_pip.request.toml_file import parse_toml

Entry = TypeVar("Entry")

# Characters of tables that are kept, over all files of one format: more than any tree of honest locks has.
_MOST_KEPT = 50_000_000


class Malformed(Exception):
    """An entry of a lock file is not as its format has it. The message is a sentence part, safe to show."""


def malformed(error: Malformed, name: object, what: str, line: int | None, hint: str = "Lock again.") -> UsageError:
    """The error for people. name: what the entry is of, where it says so. what: the file."""
    where = what if line is None else f"{what}, line {line}"
    whose = f" of {urls.shown(name)}" if isinstance(name, str) else ""
    return UsageError(f"{where}: the entry{whose} cannot be read: {error}.", hint)


class Listed(NamedTuple, Generic[Entry]):
    """A lock file: what stands outside the list, and its entries, each with its line (from 1; None: not known)."""

    head: Table
    entries: tuple[tuple[int | None, Entry], ...]


class ListReader(Generic[Entry]):
    """Reads lock files of one format. key: of the list. make: one table to an entry; may raise Malformed."""

    def __init__(self, key: str, make: Callable[[Table], Entry]) -> None:
        self._key = key
        self._make = make
        self._known: dict[str, Entry] = {}
        self._kept = 0

    def read(self, text: str, what: str) -> Listed[Entry]:
        """The entries of a file. what: the file, for messages. Raises UsageError naming it and the line."""
        # Inside a text of several lines, a line like a header would be none.
        found = None if '"""' in text or "'''" in text or "\r" in text else self._by_block(text, what)
        return self._whole(text, what) if found is None else found

    def _by_block(self, text: str, what: str) -> Listed[Entry] | None:
        """The file table by table; None where reading it as a whole may give something else, or a better message."""
        before, *blocks = f"\n{text}".split(f"\n[[{self._key}]]\n")
        line = before.count("\n") + 1
        tail: Table = {}
        entries = []
        for index, block in enumerate(blocks):
            entry = self._known.get(block)
            if entry is None:
                try:
                    tables = load_toml(f"[{self._key}]\n{block}\n", what)
                except UsageError:
                    return None
                table = tables.pop(self._key)
                if tables and index < len(blocks) - 1:
                    return None
                entry = self._made(table, what, line)
                if tables:
                    tail = tables
                else:
                    self._keep(block, entry)
            entries.append((line, entry))
            line += block.count("\n") + 2
        try:
            head = load_toml(before[1:] + "\n", what)
        except UsageError:
            return None
        if self._key in head or head.keys() & tail.keys():
            return None
        return Listed({**head, **tail}, tuple(entries))

    def _whole(self, text: str, what: str) -> Listed[Entry]:
        head = parse_toml(text, what)
        tables = head.pop(self._key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise UsageError(f"{what} has a {self._key} that is no list of tables.", "Lock again.")
        lines = _lines(text, self._key, len(tables))
        made = (self._made(table, what, line) for line, table in zip(lines, tables, strict=True))
        return Listed(head, tuple(zip(lines, made, strict=True)))

    def _made(self, table: Table, what: str, line: int | None) -> Entry:
        try:
            return self._make(table)
        except Malformed as error:
            raise malformed(error, table.get("name"), what, line) from error

    def _keep(self, block: str, entry: Entry) -> None:
        if self._kept + len(block) > _MOST_KEPT:
            self._known.clear()
            self._kept = 0
        self._known[block] = entry
        self._kept += len(block)


def _lines(text: str, key: str, count: int) -> list[int | None]:
    """The lines of the headers of a list, where there are as many as the list is long."""
    if '"""' in text or "'''" in text:
        return [None] * count
    lines: list[int | None] = []
    line, last = 1, 0
    for found in re.finditer(rf"^[ \t]*\[\[[ \t]*{key}[ \t]*\]\][ \t]*(?:#.*)?\r?$", text, re.MULTILINE):
        line += text.count("\n", last, found.start())
        last = found.start()
        lines.append(line)
    return lines if len(lines) == count else [None] * count


def text_of(table: Table, key: str) -> str | None:
    """A text of a table, None where it is not there. Raises Malformed for anything but a text."""
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"its {key} is no text")
    return value


def tables_of(table: Table, key: str) -> list[Table]:
    """A list of tables, empty where it is not there. Raises Malformed for anything else."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed(f"its {key} is no list of tables")
    return value


def texts_of(table: Table, key: str) -> list[str]:
    """A list of texts, empty where it is not there. Raises Malformed for anything else."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Malformed(f"its {key} is no list of texts")
    return value


def table_of(table: Table, key: str) -> dict[str, Any]:
    """A table inside a table, empty where it is not there. Raises Malformed for anything else."""
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise Malformed(f"its {key} is no table")
    return value
