"""A policy file as TOML: read within limits, and each of its values with its line and column.

What it says is not looked at here. Mistakes are gathered, so that a file's author hears of all of them at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from safe_pip import urls
from safe_pip.model import Origin
from safe_pip.policy import positions as places
from safe_pip.policy.files import PolicyError

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

MOST_MISTAKES = 20
"""How many mistakes of a file are told."""
# The time that tomllib takes grows with the square of the parts of a key, and keys do not go on in the next line.
_MOST_DOTS = 250
_LONG_NUMBER = re.compile(r"[0-9_]{640}")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'[^']*'")
_PLACE = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL)


@dataclass
class Document:
    """A policy file's tables as TOML has them. shown: its name for people. prefix: the keys that lead to the policy.

    folder: the one that it lies in, None for what came from a URL. mistakes: what was found wrong with it so far.
    heads: the keys that a whole policy may have, with whether each is a table, to tell one that stands elsewhere.
    """

    text: str
    shown: str
    values: Mapping[str, Any]
    prefix: places.Path = ()
    folder: Path | None = None
    mistakes: dict[tuple[places.Position, str], None] = field(default_factory=dict)
    heads: Mapping[str, bool] = field(default_factory=dict)

    @cached_property
    def _spots(self) -> Mapping[places.Path, places.Spot]:
        return places.positions(self.text)

    def spot(self, path: places.Path) -> places.Spot:
        """Where a key and its value stand; that of what holds it where it is not known."""
        whole = (*self.prefix, *path)
        while whole and whole not in self._spots:
            whole = whole[:-1]
        begin = places.Position(1, 1)
        return self._spots.get(whole, places.Spot(begin, begin))

    def origin(self, path: places.Path) -> Origin:
        """The file and the line of a key."""
        return Origin(self.shown, self.spot(path).key.line)

    def place(self, path: places.Path) -> str:
        """The file, line and column of a value, for a message."""
        return self._told(self.spot(path).value)

    def _told(self, at: places.Position) -> str:
        return f"{self.shown}, line {at.line}, column {at.column}"

    def wrong(self, path: places.Path, what: str, *, key: bool = False) -> None:
        """Note a mistake at a value, or at its key. what: a sentence without its full stop."""
        spot = self.spot(path)
        self.mistakes[spot.key if key else spot.value, what] = None

    def check(self) -> None:
        """Raises PolicyError where there are mistakes."""
        if not self.mistakes:
            return
        told = [f"{self._told(at)}: {what}{'' if what.endswith('?') else '.'}" for at, what in sorted(self.mistakes)]
        hint = "Mend the file; nothing was done."
        if len(told) == 1:
            raise PolicyError(told[0], hint)
        more = len(told) - MOST_MISTAKES
        if more > 0:
            told = [*told[:MOST_MISTAKES], f"… and {more} more."]
        raise PolicyError(f"{self.shown} has {len(self.mistakes)} mistakes.", hint, details=told)


def parsed(text: str, shown: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises PolicyError with the line and the column."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS and _TEXT.sub("", line).count(".") > _MOST_DOTS:
            raise PolicyError(f"{shown}, line {number}: a key has too many parts.", "Mend the file; nothing was done.")
    try:
        return toml.loads(text)
    except RecursionError as error:
        raise PolicyError(f"{shown} is nested too deeply.", "Mend the file; nothing was done.") from error
    except ValueError as error:
        raise PolicyError(_not_toml(str(error), text, shown), "Mend the file; nothing was done.") from error


def _not_toml(said: str, text: str, shown: str) -> str:
    found = _PLACE.match(said)
    if found is None:
        # Of a number that Python does not read, it names its own settings, and no place.
        long = next((number for number, each in enumerate(text.split("\n"), 1) if _LONG_NUMBER.search(each)), None)
        if long is not None:
            return f"{shown}, line {long}: a number has too many digits."
        return f"{shown} is not TOML: {urls.brief(said)}."
    line, column = found["line"], found["column"]
    if line is None:
        line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
    return f"{shown}, line {line}, column {column}: this is not TOML: {urls.brief(found['what'])}."
