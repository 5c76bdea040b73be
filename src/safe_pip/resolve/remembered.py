"""Which files of long pages fit, kept from run to run: worked out once, while page and options are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import safe_pip
from safe_pip.index.cache import IndexCache
from safe_pip.index.finder import Part
from safe_pip.index.listing import Listing
from safe_pip.model import Selection, Target
from safe_pip.resolve.filenames import cached_version
from safe_pip.resolve.usable import Usable

_LONG_PAGE = 20
"""Of a page with so many links it is kept which files fit."""


class Remembered:
    """Keeps usable files of pages in the cache, and has them again. With ``--uploaded-prior-to`` it keeps nothing."""

    def __init__(self, cache: IndexCache, target: Target, selection: Selection) -> None:
        self._cache = cache
        self._most_rank = len(target.tags)
        self._kept_by = _what_decides(target, selection)

    def keep(self, part: Part, places: Sequence[int], usable: Sequence[Usable]) -> None:
        """Keep which files of a place fit, where its page is long and known by its bytes. places: theirs on it."""
        if part.identity and self._kept_by and len(part.files) >= _LONG_PAGE:
            columns = part.files.columns(places)
            if columns is not None:
                self._cache.keep_usable(self._key(part.place, part.identity), _as_columns(usable, columns))

    def recall(self, place: str, identity: str) -> list[Usable] | None:
        """What ``keep`` has kept; None where nothing is kept that makes sense."""
        kept = self._cache.usable(self._key(place, identity)) if self._kept_by else None
        try:
            return None if kept is None else _from_columns(kept, self._most_rank)
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    def _key(self, place: str, identity: str) -> str:
        return f"{self._kept_by} {identity} {place}"


def _what_decides(target: Target, selection: Selection) -> str:
    """Stands for all that decides which files of a page fit; empty where the time does as well."""
    if selection.uploaded_before is not None:
        return ""
    formats = [sorted(names) for names in selection.formats]
    decides = [safe_pip.__version__, target.tags, target.version_info, formats, selection.ignore_requires_python]
    return hashlib.blake2b(json.dumps(decides).encode(), digest_size=16).hexdigest()


def _as_columns(usable: Sequence[Usable], files: Mapping[str, Any]) -> dict[str, Any]:
    """Usable files of one page in values that JSON has. files: the columns of the same files."""
    texts: dict[str, int] = {}
    versions = [texts.setdefault(str(item.version), len(texts)) for item in usable]
    return {
        "files": files,
        "texts": list(texts),
        "versions": versions,
        "ranks": [item.rank for item in usable],
        "builds": {str(place): list(item.build) for place, item in enumerate(usable) if item.build},
        "sound": [item.sound for item in usable],
    }


def _from_columns(columns: Mapping[str, Any], ranks: int) -> list[Usable]:
    """Usable files as ``_as_columns`` gave them. Raises KeyError, TypeError, ValueError, IndexError for others."""
    entry = Listing.from_columns(columns["files"]).entry
    versions = [cached_version(text) for text in columns["texts"]]
    builds = {int(place): (int(build[0]), str(build[1])) for place, build in columns["builds"].items()}
    rows = zip(columns["versions"], columns["ranks"], columns["sound"], strict=True)
    return [
        Usable(versions[version], entry(place), rank, builds.get(place, ()), sound=sound, is_wheel=rank < ranks)
        for place, (version, rank, sound) in enumerate(rows)
    ]
