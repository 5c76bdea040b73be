"""What rules find by names, versions and what packages say of themselves, in what inputs of an audit name.

No index is asked, and nothing is read but the metadata of what is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from safe_pip.audit_coverage import not_looked_for
from safe_pip.inventory import Dependency, Inventory
from safe_pip.model import CoreMetadata, DistributionFile, Level, Observation, Origin, Plan, PlannedInstall, Unchecked
from safe_pip.request.environment import Environment
from safe_pip.rules import observe_one
from safe_pip.rules.facts import Facts
from safe_pip.settings import LICENSE_CODES, Settings, asks_for_licenses
from safe_pip.target.metadata import installed_metadata

_DENIED = "denied-package"


def observe_said(
    named: Sequence[Inventory], environments: Sequence[Environment], settings: Settings
) -> tuple[tuple[Observation, ...], tuple[Unchecked, ...]]:
    """Which packages are not wanted, and of what is installed which licences are not; what could not be told.

    named: every inventory that was not resolved, those of the environments too.
    """
    found: list[Observation] = []
    gaps: list[Unchecked] = []
    packages = settings.packages
    if settings.is_written(_DENIED, "audit"):
        ways = {one.inventory.input: one for one in environments} if packages.only_below else {}
        for inventory in named:
            whole = ways[inventory.input].with_ways() if inventory.input in ways else inventory
            by = settings
            if packages.only_below and not _has_ways(whole):
                by = replace(settings, packages=replace(packages, only_below=()))
                gaps += _without_ways(whole, settings)
            found += observed([_DENIED], _items(whole), by)
    if asks_for_licenses(settings):
        for one in environments:
            told, unread = _licenses(one, settings)
            found += told
            gaps += unread
    return tuple(found), tuple(gaps)


def _has_ways(inventory: Inventory) -> bool:
    """Whether it is known who needs whom: some formats list names, and no more."""
    return any(item.requires or not item.direct for item in inventory.dependencies)


def _without_ways(inventory: Inventory, settings: Settings) -> Iterator[Unchecked]:
    names = sorted(
        {
            item.name
            for item in inventory.dependencies
            for only in settings.packages.only_below
            if only.packages.matches(item.name, item.version)
            and settings.blocks_by_policy(_DENIED, item.name, item.version, "audit")
        }
    )
    if names:
        yield not_looked_for([inventory.input.name], f"nothing tells who needs {', '.join(names)}", [_DENIED])


def _licenses(environment: Environment, settings: Settings) -> tuple[list[Observation], list[Unchecked]]:
    items: list[PlannedInstall] = []
    gaps: list[Unchecked] = []
    for item in environment.inventory.dependencies:
        metadata = installed_metadata(environment.installed[item.name].info_path)
        if metadata is not None:
            items.append(as_planned(item, metadata=metadata))
        else:
            reason = f"the metadata of {item.name} {item.version} cannot be read, so its licence cannot be told"
            help = "Mend its permissions, or install it anew, and audit again."
            gaps.append(Unchecked("unreadable-file", item.name, item.version, reason, help))
    return observed(LICENSE_CODES, items, settings), gaps


def _items(inventory: Inventory) -> list[PlannedInstall]:
    needed: dict[NormalizedName, list[NormalizedName]] = {}
    for item in inventory.dependencies:
        for child in item.requires:
            needed.setdefault(child, []).append(item.name)
    return [as_planned(item, required_by=tuple(needed.get(item.name, ()))) for item in inventory.dependencies]


def observed(codes: Sequence[str], items: Iterable[PlannedInstall], settings: Settings) -> list[Observation]:
    """What the rules of some codes find, of those that the policy gives a weight for anything in audits."""
    wanted = [code for code in codes if settings.highest(code, "audit") > Level.ALLOW]
    return [
        found
        for plan in plans_of(items)
        for code in wanted
        for found in observe_one(code, Facts(plan, settings=settings))
    ]


def plans_of(items: Iterable[PlannedInstall]) -> Iterator[Plan]:
    """Plans in which each name is once, since facts are kept by name: mostly it is one."""
    rounds: list[dict[NormalizedName, PlannedInstall]] = []
    for item in items:
        free = next((one for one in rounds if item.name not in one), None)
        if free is None:
            rounds.append(free := {})
        free[item.name] = item
    return (Plan(tuple(one.values())) for one in rounds)


def as_planned(
    dependency: Dependency,
    file: DistributionFile | None = None,
    *,
    metadata: CoreMetadata | None = None,
    required_by: tuple[NormalizedName, ...] = (),
) -> PlannedInstall:
    """Something that an input names, as rules look at it.

    file: the one that an index lists, None where it is not known. metadata: what the package says of itself, None
    where nobody looked.
    """
    return PlannedInstall(
        name=dependency.name,
        version=dependency.version,
        file=file or DistributionFile(f"{dependency.name}-{dependency.version}", ""),
        metadata=metadata or CoreMetadata(dependency.name, dependency.version),
        requested=dependency.direct,
        required_by=required_by,
        chain=dependency.chain or (dependency.name,),
        origin=Origin(dependency.input.path or dependency.input.name, dependency.line),
        hashes=dependency.hashes or None,
    )
