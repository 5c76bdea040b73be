"""Code in a folder of installed packages that no RECORD lists. Nothing of it runs.

What Python and the tools that make environments put there themselves is no finding: see docs/explanation/bytes.md.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import NamedTuple

from safe_pip.facts import Problem
from safe_pip.inspect.places import is_code
from safe_pip.target.recorded import small_file

_MOST_ENTRIES = 1_000_000
_DEEPEST = 60
_METADATA = (".dist-info", ".egg-info", ".egg")
_OWN = ("_virtualenv.py", "_virtualenv.pth")
"""Of virtualenv and uv, which say in ``pyvenv.cfg`` that they made an environment."""
_MAKERS = ("virtualenv", "uv")
_WHAT = "it is not listed in any RECORD"


class TooMuch(Exception):
    """There is more in a folder than is looked at."""


class Loose(NamedTuple):
    """A file or folder with code that is in no RECORD. owner: a folder below which it lies that is in one, or empty."""

    path: str
    owner: str

    @property
    def problem(self) -> Problem:
        """What is wrong with it."""
        return Problem("unrecorded-code", self.shown, _WHAT)

    @property
    def shown(self) -> str:
        """The path as text, be it that it is in no known encoding."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


def loose_code(location: str, prefix: str | None, recorded: Collection[str]) -> Iterator[Loose]:
    """Code below a folder that is in no RECORD; of a folder that none knows, the folder as a whole.

    recorded: every path that a RECORD lists. Raises TooMuch, and OSError where a folder cannot be read.
    """
    folders = {""}
    for path in recorded:
        while path := path.rpartition("/")[0]:
            if path in folders:
                break
            folders.add(path)
    left_out = {*_OWN} if _made_by_tool(prefix) else set()
    count = 0
    waiting = [""]
    seen: set[str] = set()
    while waiting:
        folder = waiting.pop()
        if folder.count("/") > _DEEPEST:
            raise TooMuch
        with os.scandir(os.path.join(location, folder)) as entries:
            for entry in entries:
                count += 1
                if count > _MOST_ENTRIES:
                    raise TooMuch
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not folder and (path in left_out or path.startswith("~") or path.lower().endswith(_METADATA)):
                    continue
                if entry.is_dir():
                    if path in folders:
                        if not entry.is_symlink() or (real := os.path.realpath(entry.path)) not in seen:
                            seen.update([real] if entry.is_symlink() else [])
                            waiting.append(path)
                    elif path in recorded:
                        continue
                    elif entry.name != "__pycache__" and _holds_code(entry.path, entry.is_symlink()):
                        yield Loose(path, folder)
                elif path not in recorded and is_code(path) and not _is_kept(folder, entry.name):
                    yield Loose(path, folder)


def _is_kept(folder: str, name: str) -> bool:
    return name.endswith(".pyc") and folder.rpartition("/")[2] == "__pycache__"


def _holds_code(folder: str, link: bool) -> bool:
    """Whether code lies in a folder that no RECORD knows; what a link leads to may be anything, and counts."""
    if link:
        return True
    count = 0
    for place, folders, names in os.walk(folder, onerror=_refuse):
        count += len(names) + len(folders)
        if count > _MOST_ENTRIES:
            raise TooMuch
        for name in names:
            path = f"{os.path.basename(place)}/{name}"
            if is_code(path) and not _is_kept(os.path.basename(place), name):
                return True
    return False


def _refuse(error: OSError) -> None:
    """What cannot be looked into must not look empty."""
    raise error


def _made_by_tool(prefix: str | None) -> bool:
    if prefix is None:
        return False
    try:
        lines = small_file(os.path.join(prefix, "pyvenv.cfg")).decode("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.partition("=")[0].strip() in _MAKERS for line in lines)
