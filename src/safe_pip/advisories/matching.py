"""Whether an advisory affects a version: the evaluation of the OSV schema, on PEP 440 versions."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from functools import lru_cache

from packaging.utils import canonicalize_version
from packaging.version import Version

from safe_pip.advisories.record import Affected, Event
from safe_pip.versions import parsed

# At equal versions a fix comes before an introduction, and the last affected version after both.
_ORDER = {"fixed": 0, "introduced": 1, "last_affected": 2}


class Match(enum.Enum):
    """What the evaluation says. UNDECIDABLE: a bound of the range is not a PEP 440 version."""

    NO = "no"
    YES = "yes"
    UNDECIDABLE = "undecidable"


@lru_cache(maxsize=100_000)
def parse_version(text: str) -> Version | None:
    """A PEP 440 version without its local label, None where the text is not one."""
    version = parsed(text)
    return Version(version.public) if version is not None and version.local is not None else version


@lru_cache(maxsize=100_000)
def version_key(text: str) -> str:
    """A text that two versions share where PEP 440 calls them equal, local labels left out; else the text as it is."""
    version = parse_version(text)
    return text.replace("\n", " ") if version is None else canonicalize_version(version)


def version_keys(versions: Iterable[str]) -> str:
    """The keys of many versions in one text, each on a line of its own, to look for one in."""
    keys = dict.fromkeys(map(version_key, versions))
    return "\n".join(("", *keys, "")) if keys else ""


def affects(entries: Iterable[Affected], version: str) -> Match:
    """Whether any entry, by its listed versions or any of its ranges, covers a version.

    version: as the index or the environment spells it; a local label is left out (``2.0.0+cpu`` is ``2.0.0``).
    A listed version that is not a PEP 440 version is compared as text.
    """
    wanted = parse_version(version)
    line = f"\n{version_key(version)}\n"
    undecidable = False
    for entry in entries:
        if (entry.keys and line in entry.keys) or (entry.versions and _listed(entry.versions, version, wanted)):
            return Match.YES
        for events in entry.ranges:
            match = _in_range(events, wanted)
            if match is Match.YES:
                return Match.YES
            undecidable = undecidable or match is Match.UNDECIDABLE
    return Match.UNDECIDABLE if undecidable else Match.NO


def fixed_versions(entries: Iterable[Affected]) -> set[str]:
    """Every version that some range names as fixed, as written."""
    return {event.version for entry in entries for events in entry.ranges for event in events if event.kind == "fixed"}


def _listed(versions: tuple[str, ...], text: str, wanted: Version | None) -> bool:
    return text in versions or (wanted is not None and wanted in _as_versions(versions))


@lru_cache(maxsize=10_000)
def _as_versions(versions: tuple[str, ...]) -> frozenset[Version]:
    """Those of some texts that are versions; one list is looked into for every fix that could be suggested."""
    return frozenset(version for text in versions if (version := parse_version(text)) is not None)


def _in_range(events: Sequence[Event], wanted: Version | None) -> Match:
    """Evaluate one range, with fresh state: of the events that a version has passed, the last one in order counts."""
    limits: list[Version | None] = []
    # None stands for "0", which comes before every version, pre-releases of 0 included.
    last, rank = None, -1
    bounded = False
    for kind, text in events:
        if (text == "0" and kind == "introduced") or (text == "*" and kind == "limit"):
            bound = None
        else:
            bound = parse_version(text)
            if bound is None:
                return Match.UNDECIDABLE
        if kind == "limit":
            limits.append(bound)
        elif bound is None:
            if last is None:
                rank = _ORDER[kind]
        else:
            bounded = True
            if wanted is None or (wanted <= bound if kind == "last_affected" else wanted < bound):
                continue
            if last is None or bound > last or (bound == last and _ORDER[kind] > rank):
                last, rank = bound, _ORDER[kind]
    is_in = rank == _ORDER["introduced"]
    if wanted is None:
        # Without a place in the order it is surely inside only where everything is.
        if is_in and not bounded and not limits:
            return Match.YES
        return Match.UNDECIDABLE if is_in or bounded else Match.NO
    if limits and not any(limit is None or wanted < limit for limit in limits):
        return Match.NO
    return Match.YES if is_in else Match.NO
