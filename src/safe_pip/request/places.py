"""Where a request is read from: paths and URLs, what they are by their names, and their content, bounded in size."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Callable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.errors import UsageError

_REMOTE = re.compile(r"(http|https|file):", re.IGNORECASE)
_EXTRAS = re.compile(r"(.+)(\[[^\]]+\])", re.DOTALL)
_LOCK_FILE = re.compile(r"pylock(\.[^.]+)?\.toml")
# No honest file comes near so many bytes.
_LARGEST = 20_000_000

Fetch = Callable[[str], bytes]
"""Reads an http(s) URL whole; raises FetchError."""


def is_url(place: str) -> bool:
    """Whether a place to read from is a URL and not a path; ``file:`` is one."""
    return _REMOTE.match(place) is not None


def split_extras(place: str) -> tuple[str, frozenset[NormalizedName]]:
    """The place of a lock file without the ``[EXTRA,…]`` at its end, and the extras; other places as they are.

    Raises UsageError for extras that are none. Source: pip's utils/urls.py, strip_extras.
    """
    found = _EXTRAS.fullmatch(place)
    if found is None or not is_lock_file(found[1].rstrip()):
        return place, frozenset()
    try:
        extras = Requirement(f"name{found[2]}").extras
    except InvalidRequirement as error:
        raise UsageError(f"{urls.shown(place)} has extras that cannot be read.", "Write [EXTRA,EXTRA].") from error
    return found[1].rstrip(), frozenset(map(canonicalize_name, extras))


def is_lock_file(place: str, *, remote: bool = True) -> bool:
    """Whether a path or URL is a lock file's, by its name: pylock.toml or pylock.NAME.toml (PEP 751).

    remote: whether a URL may be one.
    """
    if is_url(place):
        if not remote:
            return False
        try:
            place = urllib.parse.urlsplit(place).path
        except ValueError:
            return False
    return _LOCK_FILE.fullmatch(place.rpartition("/")[2]) is not None


def read_bytes(place: str, fetch: Fetch) -> bytes:
    """The content of a path or URL. Raises FetchError, OSError, and ValueError for one too large."""
    if is_url(place) and not place.lower().startswith("file:"):
        return fetch(place)
    with open(urls.url_to_path(place) if place.lower().startswith("file:") else place, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST:,} bytes")
    return content


def read_local(path: str, what: str) -> str:
    """The text of a file on this machine, in UTF-8. what: the file, for the message. Raises UsageError."""
    try:
        return read_local_bytes(path, what).decode("utf-8")
    except ValueError as error:
        raise UsageError(f"{what} cannot be read: {reason_of(error)}.", "Check the path; it must be UTF-8.") from error


def read_local_bytes(path: str, what: str) -> bytes:
    """The content of a file on this machine. what: the file, for the message. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            # A buffer for the largest file that is allowed would cost more than reading most files.
            first = min(os.fstat(file.fileno()).st_size, _LARGEST) + 1
            content = file.read(first)
            if len(content) == first:
                content += file.read(_LARGEST + 1 - first)
        if len(content) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST:,} bytes")
    except (OSError, ValueError) as error:
        raise UsageError(f"{what} cannot be read: {reason_of(error)}.", "Check the path; it must be UTF-8.") from error
    return content


def reason_of(error: Exception) -> str:
    """Why something could not be read, in a few words."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def absolute(place: str) -> tuple[str, str]:
    """What tells two places apart: a URL as it is, a path from the root, with the folder it is seen in."""
    if is_url(place):
        return place, ""
    return os.path.join(os.getcwd(), place), os.path.join(os.getcwd(), os.path.dirname(place))
