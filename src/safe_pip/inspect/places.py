"""Where the files of a wheel go, and which of them can be imported.

Source: PyPA specification "Binary distribution format", of the ``.data`` folder.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_PYTHON = r"(?:local/)?lib(?:64)?/(?:python|pypy)[0-9.]+t?"
# Its name is the same in every scheme; what stands above it is not: lib/python3.12, lib/python, Lib, Python312.
_SITE = re.compile(r"(?:.+/)?(?:site|dist)-packages/(.+)", re.IGNORECASE)
# On Windows the standard library lies in Lib itself, where data may lie as well, and in DLLs. An archive of it,
# which no installation has, is looked in before all folders.
_LIBRARY = re.compile(
    rf"{_PYTHON}/.+\.(?:py|pyc|so|pyd)|lib/[a-z_]\w*(?:\.pyd?|/__init__\.py)|dlls/.+\.(?:py|pyc|pyd|dll)"
    r"|(?:lib(?:64)?/)?python[0-9]+t?\.zip|(?:scripts/)?python[0-9]+t?\.dll",
    re.IGNORECASE,
)
_BINARIES = re.compile(r"(?:bin|scripts)/(.+)", re.IGNORECASE)
# Folders of the system, in which nobody looks for modules.
_NO_MODULES = ("bin", "etc", "include", "lib", "lib64", "scripts", "share", "var")
# By these a Python is told where its parts are, before anything else runs (CPython: Modules/getpath.py).
_SETTING_UP = re.compile(
    r"pyvenv\.cfg|[^/]+\._pth|(?:bin|scripts)/pyvenv\.cfg|(?:bin|scripts)/[^/]+\._pth", re.IGNORECASE
)
_CODE = (".py", ".pyw", ".pyc", ".so", ".pyd", ".pth", ".start")
_MODULE = re.compile(r"([^./]+)(?:\.(?:cpython|abi3|cp3|pypy)[^/]*)?\.(?:pyw?|pyc|so|pyd)|([^./]+)\.[^/]*\.(?:so|pyd)")
_INTERPRETER = re.compile(r"pythonw?(?:[0-9](?:\.[0-9]+)?)?t?(?:\.exe)?", re.IGNORECASE)
_CACHE = "__pycache__"


class Place(NamedTuple):
    """Where a file goes.

    kind: ``site`` is site-packages, ``library`` the folder of the standard library, ``setting-up`` is what tells an
    interpreter where its parts are, or an interpreter itself.
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
        below = f"bin/{below}"
    elif scheme != "data":
        return Place("else", below)
    if found := _SITE.fullmatch(below):
        return Place("site", found[1])
    if _SETTING_UP.fullmatch(below):
        return Place("setting-up", below)
    if _LIBRARY.fullmatch(below):
        return Place("library", below)
    if found := _BINARIES.fullmatch(below):
        return Place("setting-up", below) if _INTERPRETER.fullmatch(found[1]) else Place("script", found[1])
    # On Windows the environment's own folder is one that site reads, and modules are looked for in (getsitepackages).
    if is_code(below) and below.split("/")[0].lower() not in _NO_MODULES:
        return Place("site", below)
    return Place("else", below)


def place_of_command(name: str) -> Place:
    """Where the file of a command goes that an entry point makes."""
    return place_of(f".data/scripts/{name}")


def is_pips_own(path: str) -> bool:
    """Whether a path below the environment's own folder is that of pip's settings for it (pip: configuration.py)."""
    return path.lower() in ("pip.conf", "pip.ini")


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


def module_of(path: str, *, fold: bool = False) -> str:
    """The module that a file is, as a path: ``acme/api`` for ``acme/api.py``, ``acme/api/__init__.py``, an extension of
    that name, and what is kept compiled of it in ``__pycache__``. The path itself for what is none. fold: in small
    letters, where folders do not tell capitals from them.

    Of several files that are one module, Python takes one alone. Source: CPython's importlib/_bootstrap_external.py.
    """
    if fold:
        return module_of(path).lower()
    folder, _, last = path.rpartition("/")
    found = _MODULE.fullmatch(last)
    if found is None:
        return path
    if folder == _CACHE or folder.endswith(f"/{_CACHE}"):
        folder = folder[: -len(_CACHE)].rstrip("/")
    name = found[1] or found[2]
    if name == "__init__" and folder:
        return folder
    return f"{folder}/{name}" if folder else name


def is_native_module(path: str) -> bool:
    """Whether a path is that of a module of machine code, which runs as soon as it is loaded."""
    return path.endswith((".so", ".pyd"))
