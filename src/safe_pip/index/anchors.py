"""What an anchor of an HTML index page says of its file (PEP 503, 592, 658, 714, 740)."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache

from safe_pip.index.links import ALGORITHMS, Traits, provenance_url
from safe_pip.model import DistributionFile, Hashes

PROVENANCE = "data-provenance"

_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"', re.IGNORECASE | re.ASCII)


def attributes_of(text: str) -> Mapping[str, str | None]:
    """The attributes of an anchor; of a repeated one the last counts, as in pip's reader."""
    if "&" not in text:
        return {name.lower(): value for name, value in _ATTRIBUTE.findall(text)}
    return {name.lower(): html.unescape(value) for name, value in _ATTRIBUTE.findall(text)}


def from_anchor(
    attributes: Mapping[str, str | None], name: str, address: str, hashes: Hashes, page: str
) -> DistributionFile:
    """The file of an anchor. name, address, hashes: as ``locate`` has them. page: the URL of what lists it."""
    sidecar = attributes.get("data-core-metadata")
    if sidecar is None:
        sidecar = attributes.get("data-dist-info-metadata")
    return DistributionFile(
        filename=name,
        url=address,
        listed_on=page,
        hashes=hashes,
        requires_python=_requires_python(attributes),
        yanked=_yanked_attribute(attributes),
        core_metadata=None if sidecar is None else _sidecar_attribute(sidecar),
        provenance=provenance_url(attributes.get(PROVENANCE), page),
    )


def traits_of(text: str) -> Traits:
    """What ``from_anchor`` would make of plain attributes: of one that is given twice the last counts."""
    _, there, requires_python = text.rpartition(' data-requires-python="')
    wanted = requires_python[: requires_python.find('"')] if there else ""
    if "&" in wanted:
        wanted = _unescaped(wanted)
    if "data-yanked" in text:
        attributes = attributes_of(text)
        return Traits(wanted or None, _yanked_attribute(attributes))
    return Traits(wanted or None, None)


_unescaped = lru_cache(maxsize=1_000)(html.unescape)


def _requires_python(attributes: Mapping[str, str | None]) -> str | None:
    return attributes.get("data-requires-python") or None


def _yanked_attribute(attributes: Mapping[str, str | None]) -> str | None:
    return (attributes["data-yanked"] or "") if "data-yanked" in attributes else None


def _sidecar_attribute(value: str) -> Hashes | None:
    name, equals, digest = value.partition("=")
    if equals and name in ALGORITHMS:
        return frozenset({(name, digest.lower())})
    return None if value == "false" else frozenset()
