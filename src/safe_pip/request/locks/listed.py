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

# Bytes of tables that are kept, over all files of one format: more than any tree of honest locks has.
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
        self._separator = f"\n[[{key}]]\n".encode()
        # By the bytes of a table: how many lines it has, and what it was made to.
        self._known: dict[bytes, tuple[int, Entry]] = {}
        self._heads: dict[bytes, Table] = {}
        self._kept = 0

    def read(self, content: bytes, what: str) -> Listed[Entry]:
        """The entries of a file. what: the file, for messages. Raises UsageError naming it and the line."""
        found = self._by_block(content, what)
        return self._whole(decoded(content, what), what) if found is None else found

    def _by_block(self, content: bytes, what: str) -> Listed[Entry] | None:
        """The file table by table; None where reading it as a whole may give something else, or a better message."""
        before, *blocks = (b"\n" + content).split(self._separator)
        head = self._heads.get(before)
        if head is None:
            head = self._tables(before[1:] + b"\n", what)
            if head is None or self._key in head:
                return None
            self._keep(before)
            self._heads[before] = head
        line = before.count(b"\n") + 1
        tail: Table = {}
        entries = []
        known = self._known
        for index, block in enumerate(blocks):
            found = known.get(block)
            if found is None:
                tables = self._tables(b"[%b]\n%b\n" % (self._key.encode(), block), what)
                if tables is None:
                    return None
                table = tables.pop(self._key)
                if tables and index < len(blocks) - 1:
                    return None
                found = block.count(b"\n") + 2, self._made(table, what, line)
                if tables:
                    tail = tables
                else:
                    self._keep(block)
                    known[block] = found
            entries.append((line, found[1]))
            line += found[0]
        if head.keys() & tail.keys():
            return None
        return Listed({**head, **tail}, tuple(entries))

    def _tables(self, content: bytes, what: str) -> Table | None:
        """The tables of a part of a file; None where they may be others than in the whole."""
        # Inside a text of several lines, a line like a header would be none.
        if b'"""' in content or b"'''" in content or b"\r" in content:
            return None
        try:
            return load_toml(decoded(content, what), what)
        except UsageError:
            return None

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

    def _keep(self, part: bytes) -> None:
        """Make room for what is known by some bytes."""
        if self._kept + len(part) > _MOST_KEPT:
            self._known.clear()
            self._heads.clear()
            self._kept = 0
        self._kept += len(part)


def decoded(content: bytes, what: str) -> str:
    """The text of a file. what: the file, for the message. Raises UsageError where it is not in UTF-8."""
    try:
        return content.decode("utf-8")
    except ValueError as error:
        raise UsageError(f"{what} cannot be read: {error}.", "It must be UTF-8.") from error


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
