"""What is known to be wrong with packages: sources, the local database, matching, and merging of aliases."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.account import Account, account_of
from safe_pip.advisories.aliases import Families, shown_first
from safe_pip.advisories.matching import Match, affects, fixed_versions, parse_version
from safe_pip.advisories.record import BadRecord, record_from
from safe_pip.advisories.severity import Stated, rate
from safe_pip.advisories.sources import STALE_AFTER, Opened
from safe_pip.advisories.stored import Service, Stored, Unreadable
from safe_pip.advisories.texts import Text, text_of
from safe_pip.advisories.upgrades import above, sort_version, upgrades
from safe_pip.model import AdvisoryGroup, AdvisorySource, Unchecked
from safe_pip.times import parse_time

MALWARE_PREFIX = "MAL-"
"""Ids of the OpenSSF malicious-packages records."""


class Known(NamedTuple):
    """What the advisories say of one version: what affects it, and what could not be decided."""

    groups: tuple[AdvisoryGroup, ...]
    unchecked: tuple[Unchecked, ...]


class _Held(NamedTuple):
    """An advisory, and the place in the order of the sources of the one that has it."""

    source: int
    stored: Stored


@dataclass
class Advisories:
    """All sources of a run as one: asked for packages once, then for one version after another.

    opened: the sources, in the order in which they were given. now: the time, for withdrawals and ages. full: whether
    groups come with their details, references and times, which takes a second reading of what was found. rated: adds to
    a group what else is known of its ids, such as how likely it is to be exploited.
    """

    opened: Sequence[Opened]
    now: datetime
    full: bool = True
    rated: Callable[[AdvisoryGroup], AdvisoryGroup] | None = None
    not_told: tuple[tuple[NormalizedName, str, str], ...] = ()
    """Names that were kept from a remote source: name, source, reason."""
    _about: dict[NormalizedName, list[_Held]] = field(default_factory=dict)
    _families: Families = field(default_factory=Families)
    _stated: dict[str, list[Stated]] = field(default_factory=dict)
    _tellers: dict[str, set[int]] = field(default_factory=dict)
    _fixes: dict[NormalizedName, list[Version]] = field(default_factory=dict)
    _clean: dict[tuple[NormalizedName, Version], bool] = field(default_factory=dict)
    _unreadable: list[Unreadable] | None = None

    def close(self) -> None:
        """Close every database and connection."""
        for source in self.opened:
            source.database.close()

    @property
    def sources(self) -> tuple[AdvisorySource, ...]:
        """What a report says of each source."""
        return tuple(
            AdvisorySource(
                source=item.source,
                records=item.database.records,
                as_of=as_of,
                stale=item.is_starter or as_of is None or self.now - as_of > STALE_AFTER,
                note=_with_unreadable(item),
            )
            for item in self.opened
            for as_of in [item.service.as_of if item.service is not None else item.as_of]
        )

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What services could not be asked, or answered with something that makes no sense, after they were opened."""
        return tuple(item for service in self._services for item in service.unchecked)

    @property
    def not_found(self) -> tuple[tuple[NormalizedName, str, str], ...]:
        """Names and versions that a source does not know at all: name, version, source."""
        return tuple(
            (name, version, item.source)
            for item in self.opened
            if item.service is not None
            for name, version in item.service.not_found
        )

    def looked_up(self, name: NormalizedName, version: str) -> bool:
        """Whether at least one source could say what it knows of a version."""
        return any(item.service is None or item.service.judged(name, version) is not None for item in self.opened)

    @property
    def _services(self) -> list[Service]:
        return [item.service for item in self.opened if item.service is not None]

    # ----------------------------------------------------------------- reading

    def load(
        self, packages: Iterable[tuple[NormalizedName, str]], *, private: frozenset[NormalizedName] = frozenset()
    ) -> None:
        """Ask every source for some packages, all at once: local ones by name, services by name and version.

        packages: names, and versions as written. private: names that no remote source is told; see ``not_told``.
        """
        asked = list(dict.fromkeys(packages))
        told = [(name, version) for name, version in asked if name not in private and version]
        services = self._services
        if services:
            kept = sorted({name for name, _ in asked if name in private})
            remote = [item.source for item in self.opened if item.service is not None]
            more = ((name, source, "its name is private") for name in kept for source in remote)
            self.not_told = tuple(dict.fromkeys((*self.not_told, *more)))
            with ThreadPoolExecutor(len(services), thread_name_prefix="advisories") as pool:
                for asking in [pool.submit(service.ask, told) for service in services]:
                    asking.result()
        names = list(dict.fromkeys(name for name, _ in asked))
        # A service knows more of a package with each version that it is asked for.
        self._read([name for name in names if services or name not in self._about])

    def _read(self, names: list[NormalizedName]) -> None:
        """Take what the sources hold of some packages, and whatever its aliases lead to in any source."""
        about: dict[NormalizedName, list[_Held]] = {name: [] for name in names}
        ids: set[str] = set()
        for place, item in enumerate(self.opened):
            found = item.database.find(names)
            for name, advisories in found.about.items():
                current = [stored for stored in advisories if not self._is_withdrawn(stored)]
                about[name] += [_Held(place, stored) for stored in current]
                ids.update(stored.id for stored in current)
                for stored in current:
                    self._tellers.setdefault(stored.id, set()).add(place)
            for family in found.families:
                self._families.join(family)
            self._take_stated(place, found.stated)
        self._about.update(about)
        for name in names:
            self._fixes.pop(name, None)
        self._clean.clear()
        if len(self.opened) > 1:
            self._follow_aliases(ids)

    def _follow_aliases(self, ids: set[str]) -> None:
        """Learn what aliases of any source join to some ids, from source to source."""
        known: set[str] = set()
        fresh = {member for item in ids for member in self._families.of(item)}
        while fresh:
            known |= fresh
            for place, item in enumerate(self.opened):
                for edge in item.database.alias_edges(fresh):
                    self._families.join(edge)
                self._take_stated(place, item.database.stated(fresh))
            fresh = {member for item in fresh for member in self._families.of(item)} - known

    def _take_stated(self, place: int, stated: Iterable[Stated]) -> None:
        for item in stated:
            self._tellers.setdefault(item.id, set()).add(place)
            said = self._stated.get(item.id)
            if said is None:
                self._stated[item.id] = [item]
            elif item not in said:
                said.append(item)

    def _is_withdrawn(self, record: Stored) -> bool:
        """Whether a record is withdrawn by now; one that will be is not yet."""
        moment = parse_time(record.withdrawn) if record.withdrawn else None
        return moment is not None and moment <= self.now

    # ----------------------------------------------------------------- one version

    def known(self, name: NormalizedName, version: str, available: Sequence[Version] = ()) -> Known:
        """What affects one version of a package.

        available: the versions that could be installed instead, ascending, for the suggestion of a fix; where they are
        not known, the fixed versions that the advisories name are taken. No service is asked: ``load`` does that.
        """
        if name not in self._about:
            self._read([name])
        matched: list[str] = []
        undecidable: set[str] = set()
        for held in self._about[name]:
            match = self._match(held, name, version)
            if match is Match.YES:
                matched.append(held.stored.id)
            elif match is Match.UNDECIDABLE:
                undecidable.add(held.stored.id)
        by_family: dict[int, list[str]] = {}
        for identifier in matched:
            by_family.setdefault(id(self._families.of(identifier)), []).append(identifier)
        members = [self._members(name, ids) for ids in by_family.values()]
        texts = self._texts(members) if self.full else {}
        current = parse_version(version)
        candidates = self._candidates(name, current, available) if current is not None and matched else []
        found = [
            self._group(name, version, ids, mine, texts, candidates, bool(available))
            for ids, mine in zip(by_family.values(), members, strict=True)
        ]
        if self.rated is not None:
            found = [self.rated(group) for group in found]
        covered = {identifier for group in found for identifier in group.ids}
        what = version if parse_version(version) is None else "a bound of its range"
        unchecked = tuple(
            _undecidable(
                identifier,
                name,
                version,
                f"{identifier} cannot be compared: {what} is not a PEP 440 version",
                "Read the advisory",
            )
            for identifier in sorted(undecidable - covered, key=shown_first)
        )
        return Known(tuple(sorted(found, key=lambda group: shown_first(group.id))), (*unchecked, *self._unread(name)))

    def _match(self, held: _Held, name: NormalizedName, version: str) -> Match:
        """Whether an advisory affects a version: at the word of a service that was asked, else by its ranges."""
        service = self.opened[held.source].service
        if service is not None:
            judged = service.judged(name, version)
            if judged is not None:
                return Match.YES if held.stored.id in judged else Match.NO
        return affects(held.stored.affected, version)

    def _members(self, name: NormalizedName, matched: list[str]) -> list[_Held]:
        """The advisories about a package that speak of one thing: what matched first, else in an order of their own.

        So it does not matter which source came first.
        """
        ids = set(self._families.of(matched[0]))
        mine = [held for held in self._about[name] if held.stored.id in ids]
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

    def _texts(self, members: Iterable[Sequence[_Held]]) -> dict[_Held, Text]:
        """The texts of many advisories, in one reading of each source."""
        found = {}
        all_members = [held for mine in members for held in mine]
        for place, item in enumerate(self.opened):
            of_source = [held for held in all_members if held.source == place]
            full = item.database.full({held.stored.id for held in of_source}) if of_source else {}
            for held in of_source:
                found[held] = text_of(full.get(held.stored.id))
        return found

    def _unread(self, name: NormalizedName) -> Iterator[Unchecked]:
        """Records that name a package and cannot be read: whatever they say of it is not known."""
        if self._unreadable is None:
            self._unreadable = [record for item in self.opened for record in item.database.unreadable()]
        for record in self._unreadable:
            if name in record.packages:
                identifier = posixpath.basename(record.place).removesuffix(".json")
                reason = f"{record.place} names {name} and cannot be read: {record.reason}"
                yield _undecidable(identifier, name, None, reason, "Look at the record")

    def _group(
        self,
        name: NormalizedName,
        version: str,
        matched: list[str],
        mine: list[_Held],
        texts: dict[_Held, Text],
        candidates: Sequence[Version],
        had: bool,
    ) -> AdvisoryGroup:
        """One group as it bears on one version.

        matched: ids that affect it. mine: the group's advisories about it. candidates: the versions that one could go
        to, ascending. had: whether those are known to be had.
        """
        family = self._families.of(matched[0])
        # A malware id that no source has a record of is taken at the word of who names it as an alias.
        named = (item for item in family if item.startswith(MALWARE_PREFIX))
        malware = {item for item in named if item in matched or item not in self._tellers}
        ids = _malware_or_last(family, malware)
        entries = [entry for held in mine for entry in held.stored.affected]
        fixes = sorted(fixed_versions(entries), key=sort_version)
        current = parse_version(version)
        newer = above(fixes, current) if current else []
        if current and not newer and had:
            # Some records say only which versions are affected: one that can be had and is not among them will do.
            newer = [item for item in candidates if affects(entries, str(item)) is Match.NO]
        stated = [held.stored.stated for held in mine if held.stored.id in matched]
        stated += self._said_of(ids)
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
            suggested_fix=self._suggested_fix(name, newer[0], candidates) if newer else None,
            details=next((text.details for text in written if text.details), ""),
            references=tuple(dict.fromkeys(url for text in written for url in text.references)),
            published=_earliest(text.published for text in written),
            told_by=self._told_by(ids),
        )

    def _said_of(self, ids: Iterable[str]) -> list[Stated]:
        """What any source says of the severity of some ids, in an order of their own."""
        found: list[Stated] = []
        for item in ids:
            said = self._stated.get(item, ())
            found += sorted(said, key=repr) if len(said) > 1 else said
        return found

    def _told_by(self, ids: Iterable[str]) -> tuple[str, ...]:
        if len(self.opened) == 1:
            return (self.opened[0].source,)
        places = {place for item in ids for place in self._tellers.get(item, ())}
        return tuple(item.source for place, item in enumerate(self.opened) if place in places)

    def _candidates(self, name: NormalizedName, current: Version, available: Sequence[Version]) -> list[Version]:
        """The versions that one could go to: of those that can be had, else of those that advisories name as fixed."""
        if not available and name not in self._fixes:
            named = {text for held in self._about[name] for text in fixed_versions(held.stored.affected)}
            self._fixes[name] = sorted({fix for text in named if (fix := parse_version(text)) is not None})
        return list(upgrades(available or self._fixes[name], current))

    def _suggested_fix(self, name: NormalizedName, first: Version, candidates: Sequence[Version]) -> str | None:
        """The smallest version from the first fixed one on that no other advisory affects."""
        return next((str(item) for item in candidates if item >= first and self._is_clean(name, item)), None)

    def _is_clean(self, name: NormalizedName, version: Version) -> bool:
        key = (name, version)
        if key not in self._clean:
            text = str(version)
            self._clean[key] = all(self._match(held, name, text) is Match.NO for held in self._about[name])
        return self._clean[key]

    # ----------------------------------------------------------------- everything about one thing

    def about_id(self, identifier: str) -> Account | None:
        """All that the sources on this machine say of an id or an alias, in capitals or not; None where nothing."""
        for item in self.opened:
            record = item.database.record(identifier)
            if record is not None:
                self._families.of(record["id"])
                self._follow_aliases({record["id"]})
                return self._account(self._families.of(record["id"]))
        return None

    def about_package(self, name: NormalizedName) -> tuple[Account, ...]:
        """Every group of advisories about a package, whatever its version, in the order of their ids."""
        if name not in self._about:
            self._read([name])
        families = {id(ids): ids for held in self._about[name] for ids in [self._families.of(held.stored.id)]}
        accounts = [self._account(ids, name) for ids in families.values()]
        return tuple(sorted(accounts, key=lambda account: shown_first(account.id)))

    def _account(self, family: list[str], about: NormalizedName | None = None) -> Account:
        """All that is said of a group. about: the package that is asked for, where one is."""
        records: list[tuple[str, Any]] = []
        names: set[NormalizedName] = set()
        for item in self.opened:
            records += [(item.source, record) for record in item.database.full(family).values()]
            names |= item.database.packages_of(family)
        malware = self._malware_ids(family, [raw for _, raw in records], about)
        ids = _malware_or_last(family, malware)
        account = account_of(ids, records)
        rating = rate(self._said_of(ids))
        if rating is None:
            # What only the entry of a package states, and not the record as a whole.
            self._read([name for name in sorted(names) if name not in self._about])
            held = (held for name in sorted(names) for held in self._about[name] if held.stored.id in ids)
            rating = rate([one.stored.stated for one in held])
        account = replace(account, malware=bool(malware))
        if rating is None:
            return account
        return replace(account, severity=rating.severity, score=rating.score, severity_source=rating.source)

    def _malware_ids(self, ids: Iterable[str], records: Iterable[Any], about: NormalizedName | None) -> set[str]:
        """The malware ids that count: their record still stands, and is about the package; or nobody has a record."""
        malware = {item for item in ids if item.startswith(MALWARE_PREFIX)}
        known: set[str] = set()
        standing: set[str] = set()
        for raw in records if malware else ():
            try:
                record = record_from(raw)
            except BadRecord:
                continue
            known.add(record.id)
            moment = parse_time(record.withdrawn) if record.withdrawn else None
            is_withdrawn = moment is not None and moment <= self.now
            if not is_withdrawn and (about is None or any(entry.package == about for entry in record.affected)):
                standing.add(record.id)
        return {item for item in malware if item in standing or item not in known}


def _malware_or_last(ids: Iterable[str], malware: set[str]) -> list[str]:
    """The ids of a group, the one to show first. malware: those that say malware; others of that kind come last."""
    return sorted(ids, key=lambda item: (item.startswith(MALWARE_PREFIX) and item not in malware, shown_first(item)))


def _earliest(times: Iterable[str | None]) -> str | None:
    """The first of some times, as it was written."""
    known = [(moment, text) for text in times if text and (moment := parse_time(text)) is not None]
    return min(known)[1] if known else None


def _undecidable(identifier: str, name: NormalizedName, version: str | None, reason: str, first: str) -> Unchecked:
    """An advisory of which nobody can say whether it applies. first: what to do before it is waived."""
    help = f"{first}, and waive it with --allow {identifier}:{name} if it does not apply."
    return Unchecked("undecidable-advisory", name, version, reason, help, id=identifier)


def _with_unreadable(item: Opened) -> str:
    count = len(item.database.unreadable())
    unreadable = f"{count} record{'s' if count > 1 else ''} could not be read" if count else ""
    return "; ".join(part for part in (item.note, unreadable) if part)
