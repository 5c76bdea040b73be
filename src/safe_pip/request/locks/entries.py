"""What all lock files come down to: entries, and edges between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.inventory import SkipCode
from safe_pip.model import Hashes
from safe_pip.request.locks.listed import Malformed
from safe_pip.versions import parsed

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_DIGESTS = re.compile(r"^(md5|sha1|sha224|sha256|sha384|sha512|blake2b):([0-9a-f]{32,128})$", re.MULTILINE)
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?([^;]*)(?:;\s*(.*))?", re.ASCII | re.DOTALL)

SKIPPED: Mapping[SkipCode, str] = {
    "vcs": "it comes from version control, which no advisory speaks of",
    "direct-url": "it comes from a URL, not from an index",
    "editable": "it is an editable project",
    "local": "it comes from a path on this machine",
}
"""Why an entry that no index has is not looked up."""


@dataclass(frozen=True, slots=True)
class Edge:
    """That one distribution needs another. marker: its text, empty for always. version, source: of which entry, where
    there are several of the name; source is None where the edge does not say.
    """

    name: NormalizedName
    marker: str = ""
    extras: tuple[NormalizedName, ...] = ()
    version: str | None = None
    source: object = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one distribution in a lock file.

    skip: why it is not looked up, as a code and a sentence part, None where it is. edges: what it needs always, and
    extra_edges what for an extra. groups: those it is locked for, None where the format does not say so. markers: when
    it is wanted, by group; "" is for all groups; an entry without any is wanted always. source: what tells two entries
    of one version apart.
    """

    name: NormalizedName
    spelling: str
    version: str | None
    skip: tuple[SkipCode, str] | None = None
    hashes: Hashes = frozenset()
    index: str | None = None
    edges: tuple[Edge, ...] = ()
    extra_edges: Mapping[NormalizedName, tuple[Edge, ...]] = field(default_factory=dict)
    groups: frozenset[NormalizedName] | None = None
    group_edges: Mapping[NormalizedName, tuple[Edge, ...]] = field(default_factory=dict)
    markers: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    source: object = None
    requires_python: str | None = None


def name_of(text: object) -> NormalizedName:
    """The canonical form of a name. Raises Malformed for a text that is none, and for anything but a text."""
    if not isinstance(text, str):
        raise Malformed("it has no name")
    if not _NAME.fullmatch(text):
        raise Malformed(f"{urls.shown(text)} is not the name of a project")
    return canonicalize_name(text)


def names_of(texts: Iterable[object]) -> tuple[NormalizedName, ...]:
    """The same for several."""
    return tuple(name_of(text) for text in texts)


def skip_of(version: str | None, code: SkipCode | None) -> tuple[SkipCode, str] | None:
    """Why an entry is not looked up: where it comes from, else a version that is none. None where it is."""
    if code is not None:
        return code, SKIPPED[code]
    if version is None:
        return "unparsable", "no version is given for it"
    if parsed(version) is None:
        return "unparsable", f"{urls.shown(version)} is not a version"
    return None


def digests(texts: Iterable[object]) -> Hashes:
    """Those of the texts that are ALGORITHM:HEXDIGEST."""
    return frozenset(_DIGESTS.findall("\n".join([text for text in texts if isinstance(text, str)]).lower()))


def index_of(url: object) -> str | None:
    """The URL of an index without credentials; None for what is none."""
    if not isinstance(url, str) or not url.isprintable() or not url.startswith(("https://", "http://", "file://")):
        return None
    try:
        return urls.split_credentials(url)[0]
    except ValueError:
        return None


def edge_of(requirement: str) -> Edge:
    """The edge of a dependency specifier (PEP 508). Raises Malformed for a text that does not begin like one."""
    found = _REQUIREMENT.fullmatch(requirement)
    if found is None:
        raise Malformed(f"{urls.shown(requirement)} is not a requirement")
    name, extras, rest, marker = found.groups()
    if "@" in rest:
        # A URL may have a semicolon in it; the one that begins a marker has a space before it.
        marker = requirement.partition(" ;")[2].strip()
    return Edge(
        name_of(name), marker or "", names_of(part.strip() for part in (extras or "").split(",") if part.strip())
    )


def word(value: Any) -> str | None:
    """A version of an entry as a text without control characters, None for anything else."""
    return value if isinstance(value, str) and value.isprintable() else None
