"""What a page lists of each version, in few words: wheels or none, when it was first uploaded, where provenance is.

A page is let go once it is known which of its files fit. This is what rules want to know of the others, so it is made
while the page is at hand, kept by the page's digest, and read only for what is in a plan.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from packaging.version import Version

from safe_pip.index.links import provenance_url
from safe_pip.index.listing import Listing
from safe_pip.times import parse_time
from safe_pip.versions import parsed

_ARCHIVES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
_LONGEST_TIME = 50


class Release(NamedTuple):
    """One version as a page lists it. provenance: the URL of one of its files' provenance."""

    version: Version
    has_wheels: bool
    first_upload: datetime | None
    provenance: str | None


class Releases:
    """What a summary tells. Versions are read one by one as they are asked for, since a page may have thousands.

    Raises TypeError and ValueError for what is no summary.
    """

    def __init__(self, text: str = "[]") -> None:
        self._rows = [(str(name), bool(wheels), str(time), str(url)) for name, wheels, time, url in json.loads(text)]

    @property
    def first_upload(self) -> datetime | None:
        """When the first of all files was uploaded; None where the page does not tell."""
        return _time(min((time for _, _, time, _ in self._rows if time), default=""))

    @property
    def has_provenance(self) -> bool:
        """Whether any file has some."""
        return any(url for _, _, _, url in self._rows)

    def of(self, filename: str) -> Release | None:
        """The version that a file is of."""
        wanted = _plain(version_text(filename))
        same = [release for row in self._rows if wanted and _plain(row[0]) == wanted and (release := _release(row))]
        return None if not same else reduce(_joined, same)

    def before(self, version: Version, *, only_with_provenance: bool = False) -> tuple[Release, ...]:
        """The versions before one, without pre-releases, the newest first."""
        rows = (row for row in self._rows if row[3] or not only_with_provenance)
        found: dict[Version, Release] = {}
        for release in filter(None, map(_release, rows)):
            if release.version < version and not release.version.is_prerelease:
                other = found.get(release.version)
                found[release.version] = release if other is None else _joined(other, release)
        return tuple(sorted(found.values(), key=lambda release: release.version, reverse=True))


def version_text(filename: str) -> str:
    """The version in the name of a wheel or source archive, as it is written there; empty for other files."""
    if filename.endswith(".whl"):
        pieces = filename.split("-", 2)
        return pieces[1] if len(pieces) == 3 else ""
    ending = next((each for each in _ARCHIVES if filename.endswith(each)), None)
    return "" if ending is None else filename[: -len(ending)].rpartition("-")[2]


def summary(listing: Listing, page: str) -> str:
    """What ``Releases`` reads, as one line of JSON. page: where the listing came from."""
    found: dict[str, list[Any]] = {}
    for name, (uploaded, provenance) in zip(listing.names, listing.marks(), strict=True):
        version = version_text(name)
        if not version:
            continue
        row = found.get(version)
        if row is None:
            row = found[version] = [0, "", ""]
        if name.endswith(".whl"):
            row[0] = 1
        if uploaded.__class__ is str and (not row[1] or uploaded < row[1]) and len(uploaded) < _LONGEST_TIME:
            row[1] = uploaded
        if provenance and not row[2]:
            row[2] = provenance_url(provenance, page) or ""
    return json.dumps([[version, *row] for version, row in found.items()], separators=(",", ":"))


def _release(row: tuple[str, bool, str, str]) -> Release | None:
    version = parsed(row[0])
    return None if version is None else Release(version, row[1], _time(row[2]), row[3] or None)


def _time(text: str) -> datetime | None:
    return parse_time(text, zone_needed=True) if text else None


def _plain(version: str) -> str:
    """A version as it is written, but for what is commonly written in two ways."""
    text = version.lower().removeprefix("v")
    while text.endswith(".0"):
        text = text[:-2]
    return text


def _joined(one: Release, other: Release) -> Release:
    """One version that is spelled in two ways."""
    times = [time for time in (one.first_upload, other.first_upload) if time is not None]
    return Release(
        one.version, one.has_wheels or other.has_wheels, min(times, default=None), one.provenance or other.provenance
    )
