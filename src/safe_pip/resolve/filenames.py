"""What the names of wheels and source archives say: a project, a version, a build tag, tags (each read once)."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

from packaging.utils import BuildTag, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?:[._][A-Za-z0-9]+)*")

cached_version = lru_cache(maxsize=200_000)(Version)
cached_canonical = lru_cache(maxsize=50_000)(canonicalize_name)


def tag_text(filename: str) -> str:
    """The compressed tag set of a wheel's file name; all but the extension where that has too few pieces."""
    stem = filename[: -len(".whl")]
    pieces = stem.rsplit("-", 3)
    return stem[len(pieces[0]) + 1 :] if len(pieces) == 4 else stem


def wheel_version(filename: str) -> str:
    """What stands in a wheel's file name where its version belongs, whether it is one or not."""
    parts = filename.split("-")
    return parts[1] if len(parts) > 1 else ""


def wheel_parts(filename: str) -> tuple[Version, BuildTag]:
    """Version and build tag of a wheel's file name. Raises ValueError as packaging does."""
    pieces = filename.split("-")
    if len(pieces) == 5 and _PLAIN_NAME.fullmatch(pieces[0]) and filename.endswith(".whl"):
        # The common case, without parsing tags that have been looked at already.
        with suppress(ValueError):
            return cached_version(pieces[1]), ()
    _, version, build, _ = parse_wheel_filename(filename)
    return version, build


@lru_cache(maxsize=50_000)
def is_plainly(name: NormalizedName, spelling: str) -> bool:
    """Whether the first piece of a wheel's name is a project's, spelled so that packaging need not look at it."""
    return _PLAIN_NAME.fullmatch(spelling) is not None and canonicalize_name(spelling) == name


def sdist_version(stem: str, name: NormalizedName) -> str | None:
    """The version in a source archive's name: what follows the first dash before which the project's name stands."""
    position = stem.find("-")
    while position != -1:
        if cached_canonical(stem[:position]) == name:
            return stem[position + 1 :] or None
        position = stem.find("-", position + 1)
    return None
