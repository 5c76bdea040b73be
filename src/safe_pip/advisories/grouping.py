"""Advisories of one thing as one group, as it bears on one version of a package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.aliases import MALWARE_PREFIX, malware_or_last, shown_first
from safe_pip.advisories.gathered import Gathered, Held
from safe_pip.advisories.matching import Match, affects, fixed_versions, parse_version
from safe_pip.advisories.record import Affected
from safe_pip.advisories.severity import rate
from safe_pip.advisories.texts import Text, text_of
from safe_pip.advisories.upgrades import above, sort_version, upgrades
from safe_pip.model import AdvisoryGroup
from safe_pip.times import parse_time


def grouped(
    gathered: Gathered,
    name: NormalizedName,
    version: str,
    matched: Sequence[str],
    available: Sequence[Version],
    *,
    full: bool,
) -> list[AdvisoryGroup]:
    """What affects a version, each thing once.

    matched: the ids of the advisories that affect it, at least one. available: the versions that could be installed
    instead, ascending, for the suggestion of a fix; where they are not known, the fixed versions that the advisories
    name are taken. full: whether groups come with their details, references and times.
    """
    by_family: dict[int, list[str]] = {}
    for identifier in matched:
        by_family.setdefault(id(gathered.families.of(identifier)), []).append(identifier)
    members = [_members(gathered, name, ids) for ids in by_family.values()]
    texts = _texts(gathered, members) if full else {}
    current = parse_version(version)
    candidates = list(upgrades(available or gathered.fixes(name), current)) if current is not None else []
    return [
        _group(gathered, name, version, ids, mine, texts, candidates, bool(available))
        for ids, mine in zip(by_family.values(), members, strict=True)
    ]


def _members(gathered: Gathered, name: NormalizedName, matched: list[str]) -> list[Held]:
    """The advisories about a package that speak of one thing: what matched first, else in an order of their own.

    So it does not matter which source came first.
    """
    ids = set(gathered.families.of(matched[0]))
    mine = [held for held in gathered.about(name) if held.stored.id in ids]
    if len(mine) == 1:
        return mine
    twice = len({held.stored.id for held in mine}) < len(mine)
    return sorted(
        mine,
        key=lambda held: (
            held.stored.id not in matched,
            shown_first(held.stored.id),
            repr(held.stored) if twice else "",
        ),
    )


def _texts(gathered: Gathered, members: Iterable[Sequence[Held]]) -> dict[Held, Text]:
    """The texts of many advisories, in one reading of each source."""
    found = {}
    all_members = [held for mine in members for held in mine]
    for place, item in enumerate(gathered.opened):
        of_source = [held for held in all_members if held.source == place]
        full = item.database.full({held.stored.id for held in of_source}) if of_source else {}
        for held in of_source:
            found[held] = text_of(full.get(held.stored.id))
    return found


def _group(
    gathered: Gathered,
    name: NormalizedName,
    version: str,
    matched: list[str],
    mine: list[Held],
    texts: dict[Held, Text],
    candidates: Sequence[Version],
    had: bool,
) -> AdvisoryGroup:
    """One group as it bears on one version.

    matched: ids that affect it. mine: the group's advisories about it. candidates: the versions that one could go
    to, ascending. had: whether those are known to be had.
    """
    family = gathered.families.of(matched[0])
    # A malware id that no source has a record of is taken at the word of who names it as an alias.
    named = (item for item in family if item.startswith(MALWARE_PREFIX))
    malware = {item for item in named if item in matched or not gathered.has_record(item)}
    ids = malware_or_last(family, malware)
    entries = [entry for held in mine for entry in held.stored.affected]
    fixes = sorted(fixed_versions(entries), key=sort_version)
    newer = _newer(entries, fixes, parse_version(version), candidates if had else ())
    stated = [held.stored.stated for held in mine if held.stored.id in matched]
    stated += gathered.said_of(ids)
    rating = rate(stated)
    written = [texts[held] for held in mine if held in texts]
    return AdvisoryGroup(
        id=ids[0],
        aliases=tuple(ids[1:]),
        summary=next((held.stored.summary for held in mine if held.stored.summary), ""),
        malware=bool(malware),
        severity=rating.severity if rating else None,
        score=rating.score if rating else None,
        severity_source=rating.source if rating else None,
        fix_versions=tuple(fixes),
        newer_fixes=tuple(map(str, newer)),
        suggested_fix=_suggested_fix(gathered, name, newer[0], candidates) if newer else None,
        details=next((text.details for text in written if text.details), ""),
        references=tuple(dict.fromkeys(url for text in written for url in text.references)),
        published=_earliest(text.published for text in written),
        told_by=gathered.told_by(ids),
    )


def _newer(
    entries: Sequence[Affected], fixes: Iterable[str], current: Version | None, to_be_had: Sequence[Version]
) -> list[Version]:
    """The fixed versions that are newer than the current one, ascending; else those to be had that are not affected."""
    if current is None:
        return []
    # Some records say only which versions are affected: one that can be had and is not among them will do.
    return above(fixes, current) or [item for item in to_be_had if affects(entries, str(item)) is Match.NO]


def _suggested_fix(
    gathered: Gathered, name: NormalizedName, first: Version, candidates: Sequence[Version]
) -> str | None:
    """The smallest version from the first fixed one on that no other advisory affects."""
    return next((str(item) for item in candidates if item >= first and gathered.is_clean(name, item)), None)


def _earliest(times: Iterable[str | None]) -> str | None:
    """The first of some times, as it was written."""
    known = [(moment, text) for text in times if text and (moment := parse_time(text)) is not None]
    return min(known)[1] if known else None
