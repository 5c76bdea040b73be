"""Which versions the lines on a package may admit instead, nearest first, where a refusal needs a way out."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip.loosening import lines_on
from safe_pip.model import Plan, Refused, Request
from safe_pip.versions import parsed

_NEAREST = 3
"""So many of the next newer versions are tried one by one before a range is."""


def choices(verdict: Refused, request: Request, name: NormalizedName) -> Iterator[SpecifierSet]:
    """The versions that the lines on something blocked may admit instead, the smallest change first.

    The last two are any that is older, and any other at all. What ``!=`` rules out is ruled out by every one.
    """
    now = parsed(versions_of(verdict.plan)[name])
    if now is None:
        yield SpecifierSet()
        return
    unwanted = _unwanted(request, name)
    there = [
        version
        for version in verdict.plan.available.get(name, ())
        if not version.is_prerelease and unwanted.contains(version, prereleases=True)
    ]
    newer = [version for version in there if version > now]
    alike = [version for version in newer if version.release[:1] == now.release[:1] and version.epoch == now.epoch]
    fixes = [
        fix
        for finding in verdict.findings
        if finding.observation.name == name and finding.blocks and finding.observation.advisory is not None
        if (fix := parsed(finding.observation.advisory.suggested_fix or "")) is not None
    ]
    nearest = [max(fixes)] if fixes and max(fixes) in newer else []
    for version in dict.fromkeys([*nearest, *alike[:_NEAREST], *newer[len(alike) : len(alike) + 1]]):
        yield SpecifierSet(f"=={version}")
    if alike:
        yield SpecifierSet(f">{now.public},<={alike[-1].public}") & unwanted
    for operator in (">", "<", "!="):
        yield SpecifierSet(f"{operator}{now.public}") & unwanted


def rooms(plan: Plan, request: Request, name: NormalizedName) -> list[SpecifierSet]:
    """The room that something in the way of others may be given: within its major version, then newer, then any."""
    now, unwanted = parsed(versions_of(plan).get(name, "")), _unwanted(request, name)
    if now is None:
        return [unwanted]
    epoch = f"{now.epoch}!" if now.epoch else ""
    newer = SpecifierSet(f">={now.public}") & unwanted
    return [newer & SpecifierSet(f"<{epoch}{now.major + 1}"), newer, unwanted]


def versions_of(plan: Plan) -> dict[NormalizedName, str]:
    """What would be there after a plan."""
    return {item.name: item.version for item in plan.keep} | {item.name: item.version for item in plan.install}


def _unwanted(request: Request, name: NormalizedName) -> SpecifierSet:
    """What the lines on a package rule out by name."""
    parts = (part for item in lines_on(request, name) for part in item.specifier)
    return SpecifierSet(",".join(str(part) for part in parts if part.operator == "!="))
