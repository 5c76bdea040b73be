"""What the sources of a run hold of packages, and what aliases join, from any source to any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.aliases import Families
from safe_pip.advisories.matching import Match, affects, fixed_versions, parse_version
from safe_pip.advisories.record import Record
from safe_pip.advisories.severity import Stated
from safe_pip.advisories.sources import Opened
from safe_pip.advisories.stored import Stored
from safe_pip.times import parse_time


class Held(NamedTuple):
    """An advisory, and the place in the order of the sources of the one that has it."""

    source: int
    stored: Stored


@dataclass
class Gathered:
    """What has been read of packages until now.

    opened: the sources, in the order in which they were given. now: the time, for withdrawals. families: which ids
    speak of one thing.
    """

    opened: Sequence[Opened]
    now: datetime
    families: Families = field(default_factory=Families)
    _about: dict[NormalizedName, list[Held]] = field(default_factory=dict)
    _stated: dict[str, list[Stated]] = field(default_factory=dict)
    _tellers: dict[str, set[int]] = field(default_factory=dict)
    _fixes: dict[NormalizedName, list[Version]] = field(default_factory=dict)
    _clean: dict[tuple[NormalizedName, Version], bool] = field(default_factory=dict)

    # ----------------------------------------------------------------- reading

    def __contains__(self, name: NormalizedName) -> bool:
        """Whether a package has been read."""
        return name in self._about

    def read(self, names: list[NormalizedName]) -> None:
        """Take what the sources hold of some packages, and whatever its aliases lead to in any source."""
        about: dict[NormalizedName, list[Held]] = {name: [] for name in names}
        ids: set[str] = set()
        for place, item in enumerate(self.opened):
            found = item.database.find(names)
            for name, advisories in found.about.items():
                current = [stored for stored in advisories if not self.is_withdrawn(stored)]
                about[name] += [Held(place, stored) for stored in current]
                ids.update(stored.id for stored in current)
                for stored in current:
                    self._tellers.setdefault(stored.id, set()).add(place)
            for family in found.families:
                self.families.join(family)
            self._take_stated(place, found.stated)
        self._about.update(about)
        for name in names:
            self._fixes.pop(name, None)
        self._clean.clear()
        if len(self.opened) > 1:
            self.follow_aliases(ids)

    def follow_aliases(self, ids: set[str]) -> None:
        """Learn what aliases of any source join to some ids, from source to source."""
        known: set[str] = set()
        fresh = {member for item in ids for member in self.families.of(item)}
        while fresh:
            known |= fresh
            for place, item in enumerate(self.opened):
                for edge in item.database.alias_edges(fresh):
                    self.families.join(edge)
                self._take_stated(place, item.database.stated(fresh))
            fresh = {member for item in fresh for member in self.families.of(item)} - known

    def _take_stated(self, place: int, stated: Iterable[Stated]) -> None:
        for item in stated:
            self._tellers.setdefault(item.id, set()).add(place)
            said = self._stated.get(item.id)
            if said is None:
                self._stated[item.id] = [item]
            elif item not in said:
                said.append(item)

    # ----------------------------------------------------------------- what is held

    def about(self, name: NormalizedName) -> list[Held]:
        """The advisories about a package that are not withdrawn, source by source; read where it has not been."""
        if name not in self._about:
            self.read([name])
        return self._about[name]

    def is_withdrawn(self, record: Stored | Record) -> bool:
        """Whether a record is withdrawn by now; one that will be is not yet."""
        moment = parse_time(record.withdrawn) if record.withdrawn else None
        return moment is not None and moment <= self.now

    def match(self, held: Held, name: NormalizedName, version: str) -> Match:
        """Whether an advisory affects a version: at the word of a service that was asked, else by its ranges."""
        service = self.opened[held.source].service
        if service is not None:
            judged = service.judged(name, version)
            if judged is not None:
                return Match.YES if held.stored.id in judged else Match.NO
        return affects(held.stored.affected, version)

    def fixes(self, name: NormalizedName) -> list[Version]:
        """The versions that advisories about a package name as fixed, ascending."""
        if name not in self._fixes:
            named = {text for held in self._about[name] for text in fixed_versions(held.stored.affected)}
            self._fixes[name] = sorted({fix for text in named if (fix := parse_version(text)) is not None})
        return self._fixes[name]

    def is_clean(self, name: NormalizedName, version: Version) -> bool:
        """Whether no advisory affects a version of a package that has been read."""
        key = (name, version)
        if key not in self._clean:
            text = str(version)
            self._clean[key] = all(self.match(held, name, text) is Match.NO for held in self._about[name])
        return self._clean[key]

    def has_record(self, identifier: str) -> bool:
        """Whether a source is known to have a record of an id."""
        return identifier in self._tellers

    def said_of(self, ids: Iterable[str]) -> list[Stated]:
        """What any source says of the severity of some ids, in an order of their own."""
        found: list[Stated] = []
        for item in ids:
            said = self._stated.get(item, ())
            found += sorted(said, key=repr) if len(said) > 1 else said
        return found

    def told_by(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The sources that have a record of one of some ids."""
        if len(self.opened) == 1:
            return (self.opened[0].source,)
        places = {place for item in ids for place in self._tellers.get(item, ())}
        return tuple(item.source for place, item in enumerate(self.opened) if place in places)
