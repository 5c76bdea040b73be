"""The fifth stage: findings and settings to a verdict. Pure; levels are given here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from safe_pip.model import (
    Approved,
    Audit,
    Finding,
    Incomplete,
    Level,
    Observation,
    Plan,
    Refused,
    Staged,
    Unchecked,
    Verdict,
)
from safe_pip.settings import WAIVABLE_UNCHECKED, Allow, Command, Settings


def judge(plan: Plan, staged: Staged, audit: Audit, settings: Settings) -> Verdict:
    """The verdict: Refused where a finding blocks, else Incomplete where something is unchecked, else Approved.

    A waived finding does not block, and stays in the verdict with what waived it. Whatever is waived, only what lies
    staged and needs no build can be approved.
    """
    findings = tuple(
        Finding(found, level, _waived_by(settings, found.code, _ids(found), found.name))
        for found in audit.observations
        if (level := level_of(found, settings)) > Level.ALLOW
    )
    unchecked = [_waive(item, settings) for item in audit.unchecked]
    unchecked += _not_ready(plan, staged, findings, unchecked)
    kind: type[Approved | Refused | Incomplete] = Approved
    if any(finding.blocks for finding in findings):
        kind = Refused
    elif any(item.waived_by is None for item in unchecked):
        kind = Incomplete
    return kind(
        plan=plan,
        staged=staged,
        findings=tuple(sorted(findings, key=weight)),
        unchecked=tuple(unchecked),
        sources=audit.sources,
        unused_allows=tuple(allow.text for allow in settings.allows if not _is_used(allow, findings, unchecked)),
    )


def level_of(found: Observation, settings: Settings, command: Command = "install") -> Level:
    """What an observation weighs."""
    level = settings.weight(found.code, found.name, found.version).of(command)
    if found.code == "vulnerability" and found.advisory is not None and not found.advisory.newer_fixes:
        return min(level, settings.vulnerabilities.unfixable)
    return level


def _ids(found: Observation) -> tuple[str, ...]:
    return found.advisory.ids if found.advisory is not None else ()


def _unchecked_ids(item: Unchecked) -> tuple[str, ...]:
    return (item.id,) if item.id is not None else ()


def _waived_by(settings: Settings, code: str, ids: tuple[str, ...], name: str | None) -> str | None:
    return next((allow.text for allow in settings.allows if allow.covers(code, ids, name)), None)


def _is_used(allow: Allow, findings: Iterable[Finding], unchecked: Iterable[Unchecked]) -> bool:
    """Whether a waiver matches anything, be it that another one waives that as well."""
    found = (finding.observation for finding in findings)
    return any(allow.covers(item.code, _ids(item), item.name) for item in found) or any(
        item.code in WAIVABLE_UNCHECKED and allow.covers(item.code, _unchecked_ids(item), item.name)
        for item in unchecked
    )


def _waive(item: Unchecked, settings: Settings) -> Unchecked:
    if item.code not in WAIVABLE_UNCHECKED:
        return item
    return replace(item, waived_by=_waived_by(settings, item.code, _unchecked_ids(item), item.name))


def _not_ready(
    plan: Plan, staged: Staged, findings: tuple[Finding, ...], unchecked: list[Unchecked]
) -> list[Unchecked]:
    """What is not staged, or has to be built, although nothing else stands against it, such as a waived build."""
    told: set[str] = {finding.observation.name for finding in findings if finding.blocks}
    told |= {item.name for item in unchecked if item.name is not None and item.waived_by is None}
    missing = []
    for item in plan.install:
        if item.name in told or (item.name in staged.files and item.build is None):
            continue
        reason = (
            f"{item.name} would have to be built, which safe-pip does not do yet"
            if item.build is not None
            else f"{item.file.filename} was not kept"
        )
        missing.append(Unchecked("not-staged", item.name, item.version, reason, "A waiver cannot change that."))
    return missing


def weight(finding: Finding) -> tuple[int, bool, float, str, str]:
    """For sorting, the worst first: by level, other codes before vulnerabilities, then by score, name and id."""
    found = finding.observation
    advisory = found.advisory
    score = advisory.score if advisory is not None and advisory.score is not None else 0.0
    identifier = advisory.id if advisory is not None else found.code
    return -int(finding.level), found.code == "vulnerability", -score, found.name, identifier
