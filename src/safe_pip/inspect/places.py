"""Where the files of a wheel go, and which of them can be imported.

Source: PyPA specification "Binary distribution format", of the ``.data`` folder.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_PYTHON = r"(?:local/)?lib(?:64)?/(?:python|pypy)[0-9.]+t?"
_SITE = re.compile(rf"(?:{_PYTHON}|lib)/(?:site|dist)-packages/(.+)", re.IGNORECASE)
# On Windows the standard library lies in Lib itself, where data may lie as well.
_LIBRARY = re.compile(rf"{_PYTHON}/.+\.(?:py|pyc|so|pyd)|lib/[a-z_]\w*(?:\.pyd?|/__init__\.py)", re.IGNORECASE)
_BINARIES = re.compile(r"(?:bin|scripts)/([^/]+)", re.IGNORECASE)
# By these a Python is told where its parts are, before anything else runs (CPython: Modules/getpath.py).
_SETTING_UP = re.compile(
    r"pyvenv\.cfg|[^/]+\._pth|(?:bin|scripts)/pyvenv\.cfg|(?:bin|scripts)/[^/]+\._pth", re.IGNORECASE
)
_CODE = (".py", ".pyc", ".so", ".pyd", ".pth", ".start")
_MODULE = re.compile(r"([^./]+)(?:\.(?:cpython|abi3|cp3|pypy)[^/]*)?\.(?:py|pyc|so|pyd)|([^./]+)\.[^/]*\.(?:so|pyd)")


class Place(NamedTuple):
    """Where a file goes.

    kind: ``site`` is site-packages, ``library`` the folder of the standard library, ``setting-up`` is what tells an
    interpreter where its parts are.
    """

    kind: Literal["site", "script", "library", "setting-up", "else"]
    path: str


def place_of(path: str) -> Place:
    """Where a file of a wheel goes. path: in the wheel, in its plain form."""
    top, _, rest = path.partition("/")
    if not top.endswith(".data") or not rest:
        return Place("site", path)
    scheme, _, below = rest.partition("/")
    if not below:
        return Place("else", rest)
    if scheme in ("purelib", "platlib"):
        return Place("site", below)
    if scheme == "scripts":
        return Place("script", below)
    if scheme != "data":
        return Place("else", below)
    if found := _SITE.fullmatch(below):
        return Place("site", found[1])
    if _SETTING_UP.fullmatch(below):
        return Place("setting-up", below)
    if _LIBRARY.fullmatch(below):
        return Place("library", below)
    if found := _BINARIES.fullmatch(below):
        return Place("script", found[1])
    return Place("else", below)


def is_code(path: str) -> bool:
    """Whether a path below site-packages is that of something that can be imported, or is read at the start."""
    return path.endswith(_CODE) and not (path.endswith((".pth", ".start")) and "/" in path)


def top_level(path: str) -> str:
    """The name by which the module or package is imported that a path belongs to; empty where it cannot be."""
    first, slash, _ = path.partition("/")
    if slash:
        return first if first.isidentifier() else ""
    found = _MODULE.fullmatch(first)
    name = (found[1] or found[2]) if found else ""
    return name if name.isidentifier() else ""
