"""Where in a TOML text its keys and values stand, by line and column; tomllib tells what they are and not where.

The text is one that tomllib has taken, so that only the outlines of the grammar have to be followed here: headers,
keys, texts, arrays and inline tables. Source: the TOML 1.0 specification.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

Path = tuple[str | int, ...]
"""The keys that lead to a value, and the places in arrays, from 0."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2}(?!"))'
    r"|'''.*?'''(?:'{0,2}(?!'))"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# A number, a date, true or false: up to what can only come after one.
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")


class Position(NamedTuple):
    """A line and a column, both from 1; the column counts characters."""

    line: int
    column: int


class Spot(NamedTuple):
    """Where a key begins, and its value; in an array both are the value's."""

    key: Position
    value: Position


def positions(text: str) -> Mapping[Path, Spot]:
    """The places of all keys and values of a TOML text that has been parsed. Tables by header have their header's."""
    reader = _Reader(text)
    # Whatever is known by then will do: a place that is not known is that of what holds it.
    with suppress(RecursionError, IndexError):
        reader.read()
    return reader.found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self.found: dict[Path, Spot] = {}
        self.lengths: dict[Path, int] = {}
        """Of arrays of tables, by path."""

    def read(self) -> None:
        """The whole text."""
        table: Path = ()
        while True:
            self._skip()
            if self.at >= len(self.text):
                return
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        if found:
            self.at = found.end()

    def _here(self) -> Position:
        line = bisect_right(self.lines, self.at)
        return Position(line, self.at - self.lines[line - 1] + 1)

    def _header(self) -> Path:
        begin = self._here()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        path: Path = ()
        keys = [key for key, _ in self._keys()]
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if number == len(keys) and is_array:
                self.found.setdefault(path, Spot(begin, begin))
                path = (*path, self.lengths.get(path, 0))
                self.lengths[path[:-1]] = self.lengths.get(path[:-1], 0) + 1
            elif path in self.lengths:
                path = (*path, self.lengths[path] - 1)
            self.found.setdefault(path, Spot(begin, begin))
        self._skip()
        self.at += 2 if is_array else 1
        return path

    def _keys(self) -> list[tuple[str, Position]]:
        """A key with the dots in it, part by part."""
        keys = []
        while True:
            self._skip()
            begin = self._here()
            quoted = _TEXT.match(self.text, self.at)
            found = quoted or _BARE_KEY.match(self.text, self.at)
            if found is None:
                raise IndexError
            keys.append((_unquoted(found[0]) if quoted else found[0], begin))
            self.at = found.end()
            self._skip()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _pair(self, table: Path) -> None:
        keys = self._keys()
        self.at += 1
        self._skip()
        path = table
        for key, begin in keys:
            path = (*path, key)
            self.found.setdefault(path, Spot(begin, begin))
        self.found[path] = Spot(keys[-1][1], self._here())
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline(path)
        else:
            found = _TEXT.match(self.text, self.at) or _BARE_VALUE.match(self.text, self.at)
            if found is None:
                raise IndexError
            self.at = found.end()

    def _array(self, path: Path) -> None:
        self.at += 1
        number = 0
        while True:
            self._skip()
            if self.text[self.at] == "]":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            here = self._here()
            inner = (*path, number)
            self.found[inner] = Spot(here, here)
            self._value(inner)
            number += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while True:
            self._skip()
            if self.text[self.at] == "}":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)


def _unquoted(text: str) -> str:
    """A key in quotation marks as it is meant."""
    if text[0] == "'" or "\\" not in text:
        return text[1:-1]
    read: dict[str, Any] = toml.loads(f"{text} = 0")
    return next(iter(read))
