"""What is known to be wrong with packages: all sources of advisories of a run, asked as one.

What a source is (``sources``), which one a name means (``named``), and the sources: at a path (``on_disk``), fetched
(``remote_zip``, ``bulk_export``), services (``remote``, ``osv``, ``index_json``). What a source holds, on its way in
(``record``, ``collection``) and in the database (``kept``, ``building``, ``database``, ``tables``). Then what was read
of packages (``gathered``), which versions that affects (``matching``), as one group for what speaks of one thing
(``aliases``, ``grouping``), or as everything that is said of it (``looking_up``, ``account``).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.account import Account
from safe_pip.advisories.aliases import shown_first
from safe_pip.advisories.gathered import Gathered
from safe_pip.advisories.grouping import grouped
from safe_pip.advisories.looking_up import about_id, about_package
from safe_pip.advisories.matching import Match, parse_version
from safe_pip.advisories.sources import STALE_AFTER, Opened
from safe_pip.advisories.stored import Service, Unreadable
from safe_pip.model import AdvisoryGroup, AdvisorySource, Unchecked


class Known(NamedTuple):
    """What the advisories say of one version: what affects it, and what could not be decided."""

    groups: tuple[AdvisoryGroup, ...]
    unchecked: tuple[Unchecked, ...]


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
    _gathered: Gathered = field(init=False)
    _unreadable: list[Unreadable] | None = None

    def __post_init__(self) -> None:
        self._gathered = Gathered(self.opened, self.now)

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
        self._gathered.read([name for name in names if services or name not in self._gathered])

    # ----------------------------------------------------------------- one version

    def known(self, name: NormalizedName, version: str, available: Sequence[Version] = ()) -> Known:
        """What affects one version of a package.

        available: the versions that could be installed instead, ascending, for the suggestion of a fix; where they are
        not known, the fixed versions that the advisories name are taken. No service is asked: ``load`` does that.
        """
        matched: list[str] = []
        undecidable: set[str] = set()
        gathered = self._gathered
        for held in gathered.about(name):
            match = gathered.match(held, name, version)
            if match is Match.YES:
                matched.append(held.stored.id)
            elif match is Match.UNDECIDABLE:
                undecidable.add(held.stored.id)
        found = grouped(gathered, name, version, matched, available, full=self.full) if matched else []
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

    def _unread(self, name: NormalizedName) -> Iterator[Unchecked]:
        """Records that name a package and cannot be read: whatever they say of it is not known."""
        if self._unreadable is None:
            self._unreadable = [record for item in self.opened for record in item.database.unreadable()]
        for record in self._unreadable:
            if name in record.packages:
                identifier = posixpath.basename(record.place).removesuffix(".json")
                reason = f"{record.place} names {name} and cannot be read: {record.reason}"
                yield _undecidable(identifier, name, None, reason, "Look at the record")

    # ----------------------------------------------------------------- everything about one thing

    def about_id(self, identifier: str) -> Account | None:
        """All that the sources on this machine say of an id or an alias, in capitals or not; None where nothing."""
        return about_id(self._gathered, identifier)

    def about_package(self, name: NormalizedName) -> tuple[Account, ...]:
        """Every group of advisories about a package, whatever its version, in the order of their ids."""
        return about_package(self._gathered, name)


def _undecidable(identifier: str, name: NormalizedName, version: str | None, reason: str, first: str) -> Unchecked:
    """An advisory of which nobody can say whether it applies. first: what to do before it is waived."""
    help = f"{first}, and waive it with --allow {identifier}:{name} if it does not apply."
    return Unchecked("undecidable-advisory", name, version, reason, help, id=identifier)


def _with_unreadable(item: Opened) -> str:
    count = len(item.database.unreadable())
    unreadable = f"{count} record{'s' if count > 1 else ''} could not be read" if count else ""
    return "; ".join(part for part in (item.note, unreadable) if part)
