"""What is known to be wrong with packages: sources, the local database, matching, and merging of aliases."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.aliases import groups, shown_first
from safe_pip.advisories.database import Stored, Unreadable
from safe_pip.advisories.matching import Match, affects, fixed_versions, parse_version
from safe_pip.advisories.severity import Stated, rate
from safe_pip.advisories.sources import STALE_AFTER, Opened
from safe_pip.model import AdvisoryGroup, AdvisorySource, Unchecked
from safe_pip.times import parse_time

MALWARE_PREFIX = "MAL-"
"""Ids of the OpenSSF malicious-packages records."""


class Known(NamedTuple):
    """What the advisories say of one version: what affects it, and what could not be decided."""

    groups: tuple[AdvisoryGroup, ...]
    unchecked: tuple[Unchecked, ...]


@dataclass
class Advisories:
    """All sources of a run as one: asked for packages once, then for one version after another.

    opened: the sources, in the order in which they were given. now: the time, for withdrawals and ages.
    """

    opened: Sequence[Opened]
    now: datetime
    _about: dict[NormalizedName, list[Stored]] = field(default_factory=dict)
    _edges: set[tuple[str, str]] = field(default_factory=set)
    _families: dict[str, list[str]] = field(default_factory=dict)
    _stated: dict[str, list[Stated]] = field(default_factory=dict)
    _clean: dict[tuple[NormalizedName, str], bool] = field(default_factory=dict)
    _unreadable: list[Unreadable] | None = None
    unchecked: tuple[Unchecked, ...] = ()
    not_told: tuple[tuple[NormalizedName, str, str], ...] = ()

    def close(self) -> None:
        """Close every database."""
        for source in self.opened:
            source.database.close()

    @property
    def sources(self) -> tuple[AdvisorySource, ...]:
        """What a report says of each source."""
        return tuple(
            AdvisorySource(
                source=item.source,
                records=item.database.records,
                as_of=item.as_of,
                stale=item.is_starter or item.as_of is None or self.now - item.as_of > STALE_AFTER,
                note=_with_unreadable(item),
            )
            for item in self.opened
        )

    def load(
        self, packages: Iterable[tuple[NormalizedName, str]], *, private: frozenset[NormalizedName] = frozenset()
    ) -> None:
        """Read all that is known of some packages, in a few queries.

        packages: names and versions as written. private: names that no remote source may be told.
        """
        fresh = [name for name in dict.fromkeys(name for name, _ in packages) if name not in self._about]
        for name in fresh:
            self._about[name] = []
        ids: set[str] = set()
        for item in self.opened:
            for name, stored in item.database.about(fresh).items():
                current = [record for record in stored if not self._is_withdrawn(record)]
                self._about[name] += current
                ids.update(record.id for record in current)
        related = self._follow_aliases(ids)
        for family in groups(related, self._edges):
            self._families.update(dict.fromkeys(family, family))
        unrated = related - self._stated.keys()
        for item in self.opened:
            for stated in item.database.stated(unrated):
                self._stated.setdefault(stated.id, []).append(stated)

    def _follow_aliases(self, ids: set[str]) -> set[str]:
        """Every id that aliases of any source join to some ids, from source to source, and those themselves."""
        related: set[str] = set()
        fresh = set(ids)
        while fresh:
            related |= fresh
            for item in self.opened:
                self._edges.update(item.database.alias_edges(fresh))
            # What a single source joins, it has told at once.
            found = {identifier for edge in self._edges for identifier in edge} - related
            related |= found
            fresh = found if len(self.opened) > 1 else set()
        return related

    def known(self, name: NormalizedName, version: str, available: Sequence[Version] = ()) -> Known:
        """What affects one version of a package.

        available: the versions that could be installed instead, ascending, for the suggestion of a fix; where they are
        not known, the fixed versions that the advisories name are taken.
        """
        if name not in self._about:
            self.load([(name, version)])
        records = self._about[name]
        matched, undecidable = [], []
        for record in records:
            match = affects(record.affected, version)
            if match is Match.YES:
                matched.append(record)
            elif match is Match.UNDECIDABLE:
                undecidable.append(record)
        found = []
        covered: set[str] = set()
        by_family: dict[int, list[str]] = {}
        for record in matched:
            by_family.setdefault(id(self._families[record.id]), []).append(record.id)
        for ids in by_family.values():
            group = self._group(name, version, ids, available)
            covered.update(group.ids)
            found.append(group)
        what = version if parse_version(version) is None else "a bound of its range"
        unchecked = tuple(
            _undecidable(
                identifier,
                name,
                version,
                f"{identifier} cannot be compared: {what} is not a PEP 440 version",
                "Read the advisory",
            )
            for identifier in sorted({record.id for record in undecidable} - covered, key=shown_first)
        )
        return Known(tuple(sorted(found, key=lambda group: shown_first(group.id))), (*unchecked, *self._unread(name)))

    def _unread(self, name: NormalizedName) -> Iterator[Unchecked]:
        """Records that name a package and cannot be read: whatever they say of it is not known."""
        if self._unreadable is None:
            self._unreadable = [record for item in self.opened for record in item.database.unreadable()]
        for record in self._unreadable:
            if name in record.packages:
                identifier = posixpath.basename(record.place).removesuffix(".json")
                reason = f"{record.place} names {name} and cannot be read: {record.reason}"
                yield _undecidable(identifier, name, None, reason, "Look at the record")

    def _is_withdrawn(self, record: Stored) -> bool:
        """Whether a record is withdrawn by now; one that will be is not yet."""
        moment = parse_time(record.withdrawn) if record.withdrawn else None
        return moment is not None and moment <= self.now

    def _group(
        self, name: NormalizedName, version: str, matched: list[str], available: Sequence[Version]
    ) -> AdvisoryGroup:
        ids = set(self._families[matched[0]])
        ordered = sorted(ids, key=shown_first)
        # What matched speaks first; else in an order of their own, so that it does not matter which source came first.
        mine = sorted(
            (record for record in self._about[name] if record.id in ids),
            key=lambda record: (record.id not in matched, shown_first(record.id), repr(record)),
        )
        entries = [entry for record in mine for entry in record.affected]
        fixes = sorted(fixed_versions(entries), key=_sort_version)
        current = parse_version(version)
        newer = _above(fixes, current) if current else []
        if current and not newer:
            # Some records say only which versions are affected: one that can be had and is not among them will do.
            newer = [item for item in _upgrades(available, current) if affects(entries, str(item)) is Match.NO]
        stated = [Stated(item.id, item.severity, item.severity_word) for item in mine if item.id in matched]
        stated += [record for item in ordered for record in sorted(self._stated.get(item, ()), key=repr)]
        rating = rate(stated)
        return AdvisoryGroup(
            id=ordered[0],
            aliases=tuple(ordered[1:]),
            summary=next((record.summary for record in mine if record.summary), ""),
            # A malware id that no source has a record of is taken at the word of who names it as an alias.
            malware=any(
                item.startswith(MALWARE_PREFIX) and (item in matched or item not in self._stated) for item in ids
            ),
            severity=rating.severity if rating else None,
            score=rating.score if rating else None,
            severity_source=rating.source if rating else None,
            fix_versions=tuple(fixes),
            newer_fixes=tuple(str(fix) for fix in newer),
            suggested_fix=self._suggested_fix(name, current, newer, available) if current and newer else None,
        )

    def _suggested_fix(
        self, name: NormalizedName, current: Version, newer: Sequence[Version], available: Sequence[Version]
    ) -> str | None:
        """The smallest version that is fixed and that no other advisory affects.

        Where it is not known what can be had, every version that some advisory names as fixed is considered.
        """
        named = [text for record in self._about[name] for text in fixed_versions(record.affected)]
        return next(
            (
                str(item)
                for item in _upgrades(available or _above(named, current), current)
                if item >= newer[0] and self._is_clean(name, str(item))
            ),
            None,
        )

    def _is_clean(self, name: NormalizedName, version: str) -> bool:
        key = (name, version)
        if key not in self._clean:
            self._clean[key] = all(affects(record.affected, version) is Match.NO for record in self._about[name])
        return self._clean[key]


def _undecidable(identifier: str, name: NormalizedName, version: str | None, reason: str, first: str) -> Unchecked:
    """An advisory of which nobody can say whether it applies. first: what to do before it is waived."""
    help = f"{first}, and waive it with --allow {identifier}:{name} if it does not apply."
    return Unchecked("undecidable-advisory", name, version, reason, help, id=identifier)


def _upgrades(versions: Iterable[Version], current: Version) -> Iterator[Version]:
    """The versions that one would go to from the current one: newer, and a pre-release only from a pre-release."""
    return (item for item in versions if item > current and (not item.is_prerelease or current.is_prerelease))


def _above(texts: Iterable[str], current: Version) -> list[Version]:
    """The versions newer than the current one, ascending."""
    return sorted({fix for text in texts if (fix := parse_version(text)) is not None and fix > current})


def _sort_version(text: str) -> tuple[bool, Version, str]:
    """Versions in order, and what is not one after them, as text."""
    version = parse_version(text)
    return version is None, version or Version("0"), text


def _with_unreadable(item: Opened) -> str:
    count = len(item.database.unreadable())
    unreadable = f"{count} record{'s' if count > 1 else ''} could not be read" if count else ""
    return "; ".join(part for part in (item.note, unreadable) if part)
