"""What is tried of the readers of what is asked for: requirements files and projects."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path

from packaging.utils import canonicalize_name

from fuzzing import formats
from fuzzing.mutating import mutated
from fuzzing.sense import told, writable
from request.asking import no_fetch
from request.locking import LINUX
from safe_pip.errors import UsageError
from safe_pip.report.plain import printable
from safe_pip.request.command_line import parse
from safe_pip.request.default_index import DefaultIndex
from safe_pip.request.project import Wanted, read_project
from safe_pip.request.reading import read_request
from safe_pip.request.requirements_file import Line

URL = "https://index.example/simple/foo/"
NAME = "foo-1.0-py3-none-any.whl"
HTML_KINDS = [
    *("text/html", "text/html; charset=utf-8", "text/html", "application/vnd.pypi.simple.v1+html"),
    *("text/html; charset=latin-1",),
]
JSON_KIND = "application/vnd.pypi.simple.v1+json"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


_OPTIONS = parse(["-r", "main.txt"], [], {})


def requirements_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.REQUIREMENTS, formats.REQUIREMENTS_WORDS)


def requirements(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A requirements file, with a folder and another file that it may name."""
    (folder / "main.txt").write_bytes(data)
    if not (folder / "folder").is_dir():
        (folder / "folder").mkdir()
        (folder / "folder" / "setup.py").touch()
        (folder / "other.txt").write_bytes(formats.OTHER)
    revise = chance.choice((None, _unchanged))
    with _inside(folder), warnings.catch_warnings():
        # Of codecs that a file names.
        warnings.simplefilter("ignore")
        try:
            request = read_request(
                deepcopy(_OPTIONS),
                LINUX,
                environ={"HOME": "/home/x"},
                fetch=no_fetch,
                default_index=_no_index,
                now=NOW,
                revise=revise,
                within=chance.choice(("", str(folder))),
            )
        except UsageError as error:
            told(error)
            return False
    for item in (*request.requirements, *request.constraints):
        assert item.name is None or item.name == canonicalize_name(item.name)
        assert item.url is None or (item.url.isprintable() and " " not in item.url)
        assert item.origin.line is not None
        writable(item.url, str(item.marker), str(item.specifier))
        assert (
            1 <= item.origin.line <= len(data.decode("latin-1").splitlines())
            or item.origin.source != "main.txt"
            or not data.isascii()
        )
        assert all(digest == digest.lower() for _, digest in item.hashes or ())
    for text in request.notes:
        assert formats.SECRET not in text
        writable(printable(text))
    assert not any(formats.SECRET in line.value for line in request.source_lines)
    return True


def _unchanged(line: Line) -> Line:
    return line


def _no_index() -> DefaultIndex:
    return DefaultIndex("https://index.example/simple", "files.example")


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


# --------------------------------------------------------------------------- projects


def project_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.PROJECTS, (*formats.PYPROJECT_WORDS, *formats.PROJECT_WORDS))


def project(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A pyproject.toml that is audited, with its extras and dependency groups."""
    (folder / "pyproject.toml").write_bytes(data)
    wanted = chance.choice((Wanted(all_extras=True, all_groups=True), Wanted(("z",), groups=("test",)), Wanted()))
    try:
        found = read_project(str(folder), wanted)
    except UsageError as error:
        told(error)
        return False
    for item in found.requirements:
        assert item.name is None or item.name == canonicalize_name(item.name)
        writable(item.url, str(item.marker), str(item.specifier))
    writable(*(printable(text) for text in found.notes), *(printable(each.reason) for each in found.unchecked))
    return True
