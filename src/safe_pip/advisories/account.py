"""One group of advisories in full, whatever the version: what ``safe-pip explain`` tells, in words-ready form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.record import Affected, BadRecord, Event, Record, record_from
from safe_pip.advisories.texts import text_of, time_or_none
from safe_pip.model import Severity


class Span(NamedTuple):
    """Versions from one to another. introduced: the first, None for every version from the beginning.

    Where it ends: fixed is the first version after it, last_affected the last one in it, limit a version that it does
    not reach; at most one is given, and none where no end is known.
    """

    introduced: str | None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None

    @property
    def words(self) -> str:
        """The span as people say it, such as "2.0 up to, but not, 2.2.5"."""
        end = f"up to, but not, {self.fixed or self.limit}" if self.fixed or self.limit else ""
        if self.last_affected:
            end = f"up to {self.last_affected}"
        if self.introduced is None:
            return end or "every version"
        return f"{self.introduced} {end}" if end else f"{self.introduced} and every later version"


class AffectedPackage(NamedTuple):
    """What a group says of one package. versions: those that are listed one by one, as written, in order."""

    name: NormalizedName
    spans: tuple[Span, ...]
    versions: tuple[str, ...]
    fix_versions: tuple[str, ...]


class Told(NamedTuple):
    """One record of a group, and the source that has it. Times are ISO texts as written."""

    id: str
    source: str
    summary: str
    published: str | None
    modified: str | None
    withdrawn: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """A whole group of advisories, of every source.

    id: the one to show. records: each record of it, the shown id's first, withdrawn ones too. affected: by package.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    details: str
    references: tuple[str, ...]
    records: tuple[Told, ...]
    affected: tuple[AffectedPackage, ...]
    malware: bool = False
    severity: Severity | None = None
    score: float | None = None
    severity_source: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id of the group, the shown one first."""
        return (self.id, *self.aliases)

    @property
    def published(self) -> str | None:
        """When the first record was published."""
        return min((told.published for told in self.records if told.published), default=None)

    @property
    def modified(self) -> str | None:
        """When a record was last changed."""
        return max((told.modified for told in self.records if told.modified), default=None)


def account_of(ids: Sequence[str], records: Iterable[tuple[str, Any]]) -> Account:
    """What whole records, each with its source, say together. ids: the group, the one to show first."""
    place = {identifier: number for number, identifier in enumerate(ids)}
    ordered: list[tuple[str, Any, Record]] = []
    for source, raw in records:
        try:
            ordered.append((source, raw, record_from(raw)))
        except BadRecord:
            continue
    ordered.sort(key=lambda item: place.get(item[2].id, len(place)))
    texts = [text_of(raw) for _, raw, _ in ordered]
    return Account(
        id=ids[0],
        aliases=tuple(ids[1:]),
        summary=next((record.summary for _, _, record in ordered if record.summary), ""),
        details=next((text.details for text in texts if text.details), ""),
        references=tuple(dict.fromkeys(url for text in texts for url in text.references)),
        records=tuple(
            Told(
                record.id,
                source,
                record.summary,
                time_or_none(raw.get("published")),
                record.modified or None,
                record.withdrawn,
            )
            for source, raw, record in ordered
        ),
        affected=_affected([record for _, _, record in ordered]),
    )


def _affected(records: Iterable[Record]) -> tuple[AffectedPackage, ...]:
    """By package, without what several records say alike; what a withdrawn one says does not count beside others."""
    all_records = list(records)
    current = [record for record in all_records if record.withdrawn is None] or all_records
    by_name: dict[NormalizedName, list[Affected]] = {}
    for record in current:
        for entry in record.affected:
            by_name.setdefault(entry.package, []).append(entry)
    return tuple(
        AffectedPackage(
            name,
            tuple(dict.fromkeys(span for entry in entries for events in entry.ranges for span in spans(events))),
            tuple(sorted({version for entry in entries for version in entry.versions}, key=_order)),
            tuple(
                sorted(
                    {
                        event.version
                        for entry in entries
                        for events in entry.ranges
                        for event in events
                        if event.kind == "fixed"
                    },
                    key=_order,
                )
            ),
        )
        for name, entries in sorted(by_name.items())
    )


def spans(events: Iterable[Event]) -> list[Span]:
    """The events of one range as spans, in the order of their versions."""
    kinds = ("fixed", "introduced", "last_affected")
    turns = sorted(
        (event for event in events if event.kind in kinds),
        key=lambda event: (event.version != "0", *_order(event.version), kinds.index(event.kind)),
    )
    limit = next((event.version for event in events if event.kind == "limit" and event.version != "*"), None)
    found: list[Span] = []
    begun: str | None = None
    for event in turns:
        if event.kind == "introduced":
            begun = event.version if begun is None else begun
        elif begun is not None:
            first = None if begun == "0" else begun
            found.append(
                Span(first, fixed=event.version) if event.kind == "fixed" else Span(first, last_affected=event.version)
            )
            begun = None
    if begun is not None:
        found.append(Span(None if begun == "0" else begun, limit=limit))
    return found


def _order(text: str) -> tuple[bool, Version, str]:
    version = parse_version(text)
    return version is None, version or Version("0"), text
