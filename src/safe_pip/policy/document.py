"""A policy file as TOML: read within limits, and each of its values with its line and column.

What it says is not looked at here. Mistakes are gathered, so that a file's author hears of all of them at once.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import Origin
from safe_pip.policy import positions as places

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

LARGEST = 1_000_000
"""Bytes that a policy file may have."""
_MOST_MISTAKES = 20
# The time that tomllib takes grows with the square of the parts of a key, and keys do not go on in the next line.
_MOST_DOTS = 250
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|' + r"'[^']*'")
_PLACE = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL)


class PolicyError(UsageError):
    """A policy file that cannot be followed. details: its mistakes, where there are several."""

    def __init__(self, message: str, hint: str = "", *, details: Iterable[str] = ()) -> None:
        super().__init__(message, hint)
        self.details = tuple(details)


@dataclass
class Document:
    """A policy file's tables as TOML has them. shown: its name for people. prefix: the keys that lead to the policy.

    folder: the one that it lies in, None for what came from a URL. mistakes: what was found wrong with it so far.
    """

    text: str
    shown: str
    values: Mapping[str, Any]
    prefix: places.Path = ()
    folder: Path | None = None
    mistakes: dict[tuple[places.Position, str], None] = field(default_factory=dict)

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

    def wrong(self, path: places.Path, what: str, *, key: bool = False) -> None:
        """Note a mistake at a value, or at its key. what: a sentence without its full stop."""
        spot = self.spot(path)
        self.mistakes[spot.key if key else spot.value, what] = None

    def check(self) -> None:
        """Raises PolicyError where there are mistakes."""
        if not self.mistakes:
            return
        told = [
            f"{self.shown}, line {at.line}, column {at.column}: {what}{'' if what.endswith('?') else '.'}"
            for at, what in sorted(self.mistakes)
        ]
        hint = "Mend the file; nothing was done."
        if len(told) == 1:
            raise PolicyError(told[0], hint)
        more = len(told) - _MOST_MISTAKES
        if more > 0:
            told = [*told[:_MOST_MISTAKES], f"… and {more} more."]
        raise PolicyError(f"{self.shown} has {len(self.mistakes)} mistakes.", hint, details=told)


def read_file(path: Path, shown: str) -> str:
    """The text of a policy file. Raises PolicyError where it cannot be read, is too large or is not UTF-8."""
    try:
        if not path.is_file():
            raise OSError(0, "it is not a file" if path.exists() else "there is no such file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyError(
            f"The policy file {shown} cannot be read: {reason}.", "Check its path, and that it may be read."
        ) from error
    return decoded(content, shown)


def decoded(content: bytes, shown: str) -> str:
    """A policy's bytes as text. Raises PolicyError."""
    if len(content) > LARGEST:
        raise PolicyError(f"The policy file {shown} is larger than {LARGEST:,} bytes.", "Name another file.")
    try:
        # TOML has line ends of either kind, and so have its positions.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{shown}, line {line}: it is not UTF-8.", "Save it as UTF-8.") from error


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
        return f"{shown} is not TOML: {urls.brief(said)}."
    line, column = found["line"], found["column"]
    if line is None:
        line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
    return f"{shown}, line {line}, column {column}: this is not TOML: {urls.brief(found['what'])}."


def shown_path(path: Path, folder: Path) -> str:
    """A file's path as people are shown it: from the working directory, where that is shorter."""
    whole = str(path)
    try:
        relative = os.path.relpath(whole, folder)
    except ValueError:
        return whole
    return min(relative, whole, key=len)
