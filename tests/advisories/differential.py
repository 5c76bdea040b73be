"""A second reading of advisories, written from the OSV schema alone, and the versions to try it on.

Nothing of safe-pip is used here. The order of versions is PEP 440's, as packaging has it; the evaluation is that of the
schema (section "Evaluation"), with what it leaves to the reader decided as the issue says: a local label is left out,
of a fix and a break in one version the fix comes first, and what cannot be ordered is neither affected nor clean.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Record = Mapping[str, Any]

# --------------------------------------------------------------------------- versions


@cache
def ordered(text: str) -> Version | None:
    """A version without its local label, None where PEP 440 has no place for it."""
    try:
        return Version(Version(text).public)
    except InvalidVersion:
        return None


def around(edge: Version) -> Iterator[str]:
    """Twenty versions at a bound, just below and just above it, and other spellings of it."""
    release = ".".join(map(str, edge.release))
    *head, last = edge.release
    lower = ".".join(map(str, (*head, last - 1, 9999) if last else (*head, 0)))
    epoch = f"{edge.epoch}!" if edge.epoch else ""
    yield str(edge)
    yield f"{epoch}{lower}"  # just below
    yield f"{epoch}{release}.0.1"  # just above
    yield f"{epoch}{release}rc1"
    yield f"{epoch}{release}.post1"
    yield f"{epoch}{release}.dev0"
    yield f"{edge}+cu118"
    yield f"{edge.epoch + 1}!{release}"
    yield f"{epoch}{release}.0.0"  # the same, padded
    yield f"{epoch}{release}"
    yield f"v{edge}"
    yield f"{epoch}{release}a0"
    yield f"{epoch}{release}-1"  # post-release without its word
    yield f"{epoch}{release}.RC-1"
    yield f"{epoch}{release}rc1.dev3"
    yield f"{epoch}{release}.post1.dev0"
    yield f"{epoch}{release}.post0+local.7"
    yield f"{epoch}{lower}.post9999"
    yield f"{edge.epoch}!{'.'.join(f'0{part}' for part in edge.release)}"  # leading zeros
    yield f"{epoch}{'.'.join(map(str, (*head, last + 1)))}"


ODD = ("0", "0.dev0", "0a1", "99999999", "1!0", "2026.11.20", "not-a-version", "1.0-SNAPSHOT", "")


# --------------------------------------------------------------------------- the schema's evaluation


class Answer(NamedTuple):
    """Whether a record says that a version is affected, and whether something in it could not be compared."""

    affected: bool
    undecidable: bool


def evaluate(record: Record, package: str, text: str) -> Answer:
    """Whether any entry about a package lists the version, or has a range that holds it."""
    undecidable = False
    for entry in about(record, package):
        if is_listed(entry.get("versions", ()), text):
            return Answer(True, False)
        for each in entry.get("ranges", ()):
            if each["type"] != "GIT":
                inside = in_range(each["events"], text)
                if inside:
                    return Answer(True, False)
                undecidable |= inside is None
    return Answer(False, undecidable)


def about(record: Record, package: str) -> Iterator[Mapping[str, Any]]:
    """The entries of a record that are about a package of PyPI."""
    for entry in record.get("affected", ()):
        named = entry["package"]
        if named["ecosystem"] == "PyPI" and canonicalize_name(named["name"]) == package:
            yield entry


def is_listed(listed: Iterable[str], text: str) -> bool:
    """Whether a version is among those of a list, in whatever spelling."""
    texts, places = _listed(tuple(listed))
    return text in texts or ordered(text) in places


@cache
def _listed(versions: tuple[str, ...]) -> tuple[frozenset[str], frozenset[Version]]:
    places = map(ordered, versions)
    return frozenset(versions), frozenset(version for version in places if version is not None)


def in_range(events: Iterable[Mapping[str, str]], text: str) -> bool | None:
    """The state after the last event that is not later than the version; None where something has no order."""
    version = ordered(text)
    limits, turns = [], []
    unlimited = False
    for event in events:
        for kind, bound in event.items():
            if (kind, bound) == ("limit", "*"):
                unlimited = True
                continue
            place = ordered(bound)
            if place is None:
                return None
            if kind == "limit":
                limits.append(place)
            else:
                from_the_start = (kind, bound) == ("introduced", "0")
                turns.append((0 if from_the_start else 1, place, 0 if kind == "fixed" else 1, kind))
    if version is None:
        everything = bool(turns) and not limits and not unlimited and all(turn[0] == 0 for turn in turns)
        return True if everything else None
    if limits and not unlimited and all(version >= limit for limit in limits):
        return False
    affected = False
    for later, place, _, kind in sorted(turns):
        if kind == "introduced" and (not later or version >= place):
            affected = True
        if (kind == "fixed" and version >= place) or (kind == "last_affected" and version > place):
            affected = False
    return affected


# --------------------------------------------------------------------------- what a report would say


@dataclass
class Told:
    """What is known of one version of one package.

    groups: every id of each group that affects it, with the fixed versions that the group names for the package.
    undecidable: the ids of records that nobody can decide, and that no group covers.
    """

    groups: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    undecidable: set[str] = field(default_factory=set)


@dataclass
class Oracle:
    """Answers for a set of records, none of which is from the future."""

    records: list[Record]

    def __post_init__(self) -> None:
        self.by_id = {record["id"]: record for record in self.records}
        self.named: dict[str, list[Record]] = {}
        for record in self.records:
            packages = {entry["package"]["name"] for entry in record.get("affected", ())}
            for name in {canonicalize_name(package) for package in packages}:
                self.named.setdefault(name, []).append(record)
        self.neighbours: dict[str, set[str]] = {}
        for record in self.records:
            for alias in record.get("aliases", ()):
                self.neighbours.setdefault(record["id"], set()).add(alias)
                self.neighbours.setdefault(alias, set()).add(record["id"])
        self._groups: dict[str, frozenset[str]] = {}
        self._clean: dict[tuple[str, str], bool] = {}
        self._fixes: dict[str, list[Version]] = {}

    def group(self, identifier: str) -> frozenset[str]:
        """Every id that can be reached from one over aliases, in either direction."""
        if identifier not in self._groups:
            found, waiting = {identifier}, [identifier]
            while waiting:
                new = self.neighbours.get(waiting.pop(), set()) - found
                found |= new
                waiting += new
            for item in found:
                self._groups[item] = frozenset(found)
        return self._groups[identifier]

    def fixes(self, group: frozenset[str], package: str) -> frozenset[str]:
        """Every version that the records of a group name as fixed, of one package."""
        found = set()
        for identifier in group & self.by_id.keys():
            if "withdrawn" not in self.by_id[identifier]:
                for entry in about(self.by_id[identifier], package):
                    ranges = [each for each in entry.get("ranges", ()) if each["type"] != "GIT"]
                    events = itertools.chain.from_iterable(each["events"] for each in ranges)
                    found |= {event["fixed"] for event in events if "fixed" in event}
        return frozenset(found)

    def told(self, package: str, text: str) -> Told:
        """What a report has to say of one version."""
        told = Told()
        for record in self.named.get(package, ()):
            if "withdrawn" in record:
                continue
            answer = evaluate(record, package, text)
            if answer.affected:
                group = self.group(record["id"])
                told.groups[group] = self.fixes(group, package)
            elif answer.undecidable:
                told.undecidable.add(record["id"])
        told.undecidable.difference_update(*told.groups)
        return told

    def affects(self, identifier: str, package: str, text: str) -> bool:
        """Whether one record, by its id, affects a version and is not withdrawn."""
        record = self.by_id[identifier]
        return "withdrawn" not in record and evaluate(record, package, text).affected

    def suggested(self, group: frozenset[str], package: str, text: str) -> Version | None:
        """The way out: the smallest version that any record names as fixed, that is not older than the smallest
        upgrade that the group itself names, and that nothing affects; a pre-release only for one who has one.
        """
        current = ordered(text)
        if current is None:
            return None
        upgrades = {place for fix in self.fixes(group, package) if (place := ordered(fix)) and place > current}
        for place in self.all_fixes(package) if upgrades else ():
            wanted = current.is_prerelease or not place.is_prerelease
            if place >= min(upgrades) and wanted and self.is_clean(package, str(place)):
                return place
        return None

    def all_fixes(self, package: str) -> list[Version]:
        """Every version that any record names as fixed, of one package, ascending."""
        if package not in self._fixes:
            ids = frozenset(record["id"] for record in self.named[package])
            self._fixes[package] = sorted({place for fix in self.fixes(ids, package) if (place := ordered(fix))})
        return self._fixes[package]

    def is_clean(self, package: str, text: str) -> bool:
        """Whether nothing affects a version, and nobody has to decide."""
        if (package, text) not in self._clean:
            self._clean[package, text] = self.told(package, text) == Told()
        return self._clean[package, text]

    def edges(self, package: str) -> list[Version]:
        """Every bound of every range about a package, ascending."""
        return sorted(set().union(*(edges(record, package) for record in self.named.get(package, ()))))


def edges(record: Record, package: str) -> set[Version]:
    """Every bound of every range of a record about a package."""
    found = set()
    for entry in about(record, package):
        for each in entry.get("ranges", ()):
            if each["type"] != "GIT":
                bounds = itertools.chain.from_iterable(event.values() for event in each["events"])
                found |= {ordered(bound) for bound in bounds if bound != "*"} - {None}
    return {version for version in found if version is not None}


# --------------------------------------------------------------------------- what it is tried on


def read_export(archive: Path) -> list[Record]:
    """Every record of a bulk export."""
    with zipfile.ZipFile(archive) as opened:
        return [json.loads(opened.read(name)) for name in sorted(opened.namelist()) if name.endswith(".json")]


def draw(names: Iterable[str], count: int) -> list[str]:
    """So many names, always the same ones, by no property of theirs."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:count]


def some_versions(edges: list[Version], name: str) -> list[str]:
    """Twenty versions at five of the bounds of a package, or at all where it has fewer; and the odd ones.

    Each bound is tried at, just below and just above; what more is tried at it is drawn from its name.
    """
    few = [edges[place * len(edges) // 5] for place in range(5)] if len(edges) > 5 else edges
    found = list(ODD)
    for place, edge in enumerate(few):
        first, rest = list(around(edge))[:3], list(around(edge))[3:]
        start = hashlib.sha256(f"{name} {place}".encode()).digest()[0] % len(rest)
        found += (first + rest[start:] + rest[:start])[: 20 // len(few)]
    return list(dict.fromkeys(found))


def without_lists(record: Record) -> Record:
    """The record with its ranges alone: most records list every version by name too, which hides what ranges say."""
    entries = [{key: value for key, value in entry.items() if key != "versions"} for entry in record["affected"]]
    return {**record, "affected": entries}


def turned(record: Record) -> Record:
    """The record with rarer means: last_affected for fixed, limits, events backwards, other names of the order.

    Which of them is drawn from the id. Lists are left out, as in ``without_lists``.
    """
    luck = hashlib.sha256(record["id"].encode()).digest()
    copy: Any = json.loads(json.dumps(without_lists(record)))
    for entry in copy["affected"]:
        for each in entry.get("ranges", ()):
            if each["type"] == "GIT":
                continue
            events = each["events"]
            if luck[0] % 3 == 0:
                events = [{{"fixed": "last_affected"}.get(kind, kind): bound} for kind, bound in _pairs(events)]
            if luck[1] % 4 == 0:
                bounds = [bound for _, bound in _pairs(events)]
                events.append({"limit": bounds[luck[2] % len(bounds)]})
            if luck[3] % 4 == 0:
                events.append({"limit": "*"})
            if luck[4] % 2 == 0:
                events.reverse()
            if luck[5] % 3 == 0:
                each["type"] = "SEMVER"
            each["events"] = events
    return copy


def _pairs(events: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    return [pair for event in events for pair in event.items()]
