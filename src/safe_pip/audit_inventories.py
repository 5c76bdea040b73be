"""The fourth stage for what is there already: what the advisories say of each version that an input names.

Facts only; nothing is judged here. Every version is looked up once, however many inputs name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories import Advisories
from safe_pip.advisories.matching import parse_version
from safe_pip.audited import Affected, InventoryFacts
from safe_pip.inventory import Dependency, Inventory, SkipCode, SkippedDependency
from safe_pip.model import AdvisoryGroup, Observation, Origin, Unchecked

Available = Mapping[NormalizedName, Sequence[Version]]
"""Versions that can be had, ascending, for the names of which an index was asked."""


@dataclass
class _Found:
    skipped: list[SkippedDependency] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    affected: list[Affected] = field(default_factory=list)


def audit_inventories(
    inventories: Sequence[Inventory],
    advisories: Advisories,
    *,
    available: Available | None = None,
    unchecked: Iterable[Unchecked] = (),
) -> InventoryFacts:
    """Look up every version of every inventory.

    available: for the suggestion of fixes. unchecked: what is known by now to be unchecked; it is carried on.
    A name that is not public in one input is not told to a remote source at all. What no source looked at for that
    reason is skipped, and what only some of them did not look at is a note.
    """
    found = _Found([item for inventory in inventories for item in inventory.skipped], list(unchecked))
    places: dict[tuple[NormalizedName, str], list[Dependency]] = {}
    for inventory in inventories:
        for dependency in inventory.dependencies:
            if parse_version(dependency.version) is None:
                reason = f"its version {dependency.version!r} is not one of PEP 440, so it cannot be looked up"
                found.skipped.append(_skipped(dependency, "unparsable", reason))
            else:
                places.setdefault((dependency.name, dependency.version), []).append(dependency)
    private = frozenset(name for (name, _), named in places.items() if not all(item.public for item in named))
    advisories.load(places, private=private)
    withheld = _withheld(advisories)
    not_found = {(name, version) for name, version, _ in advisories.not_found}
    for (name, version), dependencies in places.items():
        if not advisories.looked_up(name, version):
            if name in withheld:
                reason = f"{next(iter(withheld[name].values()))}, so no remote source was asked about it"
                found.skipped += [_skipped(item, "private", reason) for item in dependencies]
            elif (name, version) in not_found:
                reason = f"no source of advisories knows {name} {version}"
                found.skipped += [_skipped(item, "not-found", reason) for item in dependencies]
            # Whatever else it is, the source says itself, and the audit is incomplete.
            continue
        known = advisories.known(name, version, (available or {}).get(name, ()))
        found.unchecked += known.unchecked
        for group in known.groups:
            found.affected.append(Affected(_observation(dependencies[0], group), tuple(dependencies)))
    return InventoryFacts(
        inventories=_with_notes(inventories, withheld),
        affected=tuple(found.affected),
        skipped=tuple(found.skipped),
        unchecked=(*found.unchecked, *advisories.unchecked),
        sources=advisories.sources,
    )


def _skipped(dependency: Dependency, code: SkipCode, reason: str) -> SkippedDependency:
    return SkippedDependency(dependency.name, dependency.version, dependency.input, code, reason, dependency.line)


def _withheld(advisories: Advisories) -> dict[NormalizedName, dict[str, str]]:
    """The names that some source was not told, with the reason by source."""
    withheld: dict[NormalizedName, dict[str, str]] = {}
    for name, source, reason in advisories.not_told:
        withheld.setdefault(name, {})[source] = reason
    return withheld


def _with_notes(
    inventories: Sequence[Inventory], withheld: Mapping[NormalizedName, Mapping[str, str]]
) -> tuple[Inventory, ...]:
    """The inventories, the first that has a name which a source was not told with a note of all such names."""
    if not withheld:
        return tuple(inventories)
    names: dict[str, dict[str, None]] = {}
    firsts: dict[str, int] = {}
    for place, inventory in enumerate(inventories):
        for item in inventory.dependencies:
            for source in withheld.get(item.name, ()):
                firsts.setdefault(source, place)
                names.setdefault(source, {})[item.name] = None
    noted = list(inventories)
    for source, place in firsts.items():
        note = f"{source} was not asked about {_listed(names[source])}"
        noted[place] = replace(noted[place], notes=(*noted[place].notes, note))
    return tuple(noted)


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(set(names))
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"


def _observation(dependency: Dependency, group: AdvisoryGroup) -> Observation:
    name, version = dependency.name, dependency.version
    message = f"{name} {version} is malicious." if group.malware else f"{group.id} affects {name} {version}."
    return Observation(
        code="malware" if group.malware else "vulnerability",
        name=name,
        version=version,
        message=group.summary or message,
        help=_help(dependency, group),
        chain=dependency.chain,
        origin=Origin(dependency.input.path or dependency.input.name, dependency.line),
        advisory=group,
    )


def _help(dependency: Dependency, group: AdvisoryGroup) -> str:
    name = dependency.name
    if group.malware:
        clean = f" {name} {group.suggested_fix} is clean." if group.suggested_fix else ""
        return f"Remove it, and change every secret that it could read; check the name for a slip of the keys.{clean}"
    if group.suggested_fix:
        return f"Fixed in {name} {group.suggested_fix}."
    if group.newer_fixes:
        return f"Fixed in {name} {group.newer_fixes[0]}, but no newer version is free of every advisory."
    return "No fixed version is known."
