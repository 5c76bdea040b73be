"""What a page lists of each version, in few words: wheels or none, when it was first uploaded, where provenance is.

A page is let go once it is known which of its files fit. This is what rules want to know of the others, so it is made
while the page is at hand, kept by the page's digest, and read only for what is in a plan.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from packaging.version import Version

from safe_pip.index.page import Listing, provenance_url
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


def summary(listing: Listing, page: str) -> str:
    """What ``releases_of`` reads, as one line of JSON. page: where the listing came from."""
    found: dict[str, list[Any]] = {}
    for name, (uploaded, provenance) in zip(listing.names, listing.marks(), strict=True):
        if name.endswith(".whl"):
            pieces = name.split("-", 2)
            is_wheel, version = 1, pieces[1] if len(pieces) == 3 else ""
        else:
            ending = next((each for each in _ARCHIVES if name.endswith(each)), None)
            is_wheel, version = 0, "" if ending is None else name[: -len(ending)].rpartition("-")[2]
        if not version:
            continue
        row = found.get(version)
        if row is None:
            row = found[version] = [0, "", ""]
        if is_wheel:
            row[0] = 1
        if uploaded.__class__ is str and (not row[1] or uploaded < row[1]) and len(uploaded) < _LONGEST_TIME:
            row[1] = uploaded
        if provenance and not row[2]:
            row[2] = provenance_url(provenance, page) or ""
    return json.dumps([[version, *row] for version, row in found.items()], separators=(",", ":"))


def releases_of(text: str) -> tuple[Release, ...]:
    """The versions of PEP 440 that a summary tells of, the newest first. Raises ValueError and TypeError for others."""
    found: dict[Version, Release] = {}
    for written, has_wheels, uploaded, provenance in json.loads(text):
        version = parsed(str(written))
        if version is None:
            continue
        time = parse_time(uploaded, zone_needed=True) if uploaded else None
        release = Release(version, bool(has_wheels), time, provenance or None)
        other = found.get(version)
        found[version] = release if other is None else _joined(other, release)
    return tuple(sorted(found.values(), key=lambda release: release.version, reverse=True))


def _joined(one: Release, other: Release) -> Release:
    """One version that is spelled in two ways."""
    times = [time for time in (one.first_upload, other.first_upload) if time is not None]
    return Release(
        one.version, one.has_wheels or other.has_wheels, min(times, default=None), one.provenance or other.provenance
    )
