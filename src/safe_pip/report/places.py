"""Paths and texts as every format for programs gives them: relative to the repository, and without credentials."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote

from safe_pip import urls

_Value = TypeVar("_Value")


def repository(root: str) -> str:
    """The folder that a repository's paths are relative to: as given, else the one above with ``.git``, else here."""
    folder = here = os.path.realpath(root or os.curdir)
    while not root and not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return here
        folder = above
    return folder


def path_in(name: str, root: str) -> str:
    """A file as a path with slashes, relative to a folder where it lies below that; a URL stays one."""
    # A file is asked for once for each finding in it, and where it lies is for the disk to say.
    return _path_in(name, root, os.getcwd())


@lru_cache(maxsize=10_000)
def _path_in(name: str, root: str, _here: str) -> str:
    path = urls.redacted(name)
    if urls.scheme(path) and not os.path.exists(path):
        return path
    try:
        relative = os.path.relpath(os.path.realpath(path), root)
    except ValueError:  # no file has such a name, but an SBOM or a command line may say so
        return path
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
    return (os.path.realpath(path) if outside else relative).replace(os.sep, "/")


def uri(path: str) -> str:
    """A path, or a URL, as formats have it that want a URI."""
    quoted = quote(path, safe="/:?=&%+@" if "://" in path else "/+@=,~", errors="replace")
    return f"file://{quoted}" if path.startswith("/") else quoted


def redacted(value: _Value, but: frozenset[str] = frozenset({"description", "details"})) -> _Value:
    """The same value without user and password in any text. but: keys whose texts are an advisory's, left alone."""
    if isinstance(value, str):
        return urls.redacted(value)  # type: ignore[return-value]
    if isinstance(value, list):
        return [redacted(item, but) for item in value]  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: item if key in but else redacted(item, but) for key, item in value.items()}  # type: ignore[return-value]
    return value
