"""The fifth stage: findings and settings to a verdict. Pure; levels are given here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from safe_pip.advisory_age import aged, unavailable
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
from safe_pip.settings import Settings
from safe_pip.settings.levels import Command
from safe_pip.settings.waivers import WAIVABLE_UNCHECKED, Allow
from safe_pip.waiving import Exceptions, ids_of
from safe_pip.weighing import weigh


def judge(plan: Plan, staged: Staged, audit: Audit, settings: Settings, now: datetime) -> Verdict:
    """The verdict: Refused where a finding blocks, else Incomplete where something is unchecked, else Approved.

    now: the time, in UTC, for the ends of exceptions and the age of advisories. A waived finding does not block, and
    stays in the verdict with what waived it: ``--allow`` before the policy's exceptions. Whatever is waived, only what
    lies staged and needs no build can be approved.
    """
    exceptions = Exceptions(settings, now, lambda name, version: _digests(plan, staged, name, version))
    warned, gaps = unavailable(audit.unchecked, settings)
    old, too_old = aged(audit.sources, gaps, settings, now)
    weighed = _weighed((*audit.observations, *warned, *old), settings)
    findings = [exceptions.applied(finding) for finding in weighed]
    unchecked = [exceptions.applied_to_gap(_waive(item, settings)) for item in (*gaps, *too_old)]
    findings += _weighed(exceptions.remarks(item.name for item in plan.install), settings)
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
        policy=settings.in_force,
    )


def level_of(found: Observation, settings: Settings, command: Command = "install") -> Level:
    """What an observation weighs."""
    return weigh(found, settings, command).level


def _weighed(observations: Iterable[Observation], settings: Settings) -> list[Finding]:
    """What is told at all, with its level, and waived where an option says so."""
    return [
        Finding(found, level, _waived_by(settings, found.code, ids_of(found), found.name), because)
        for found in observations
        for level, because in (weigh(found, settings, "install"),)
        if level > Level.ALLOW
    ]


def _digests(plan: Plan, staged: Staged, name: str, version: str) -> set[str]:
    """The sha256 of the file of a package in the plan: the staged one's, else what the user or the index says."""
    item = next((item for item in plan.install if (item.name, item.version) == (name, version)), None)
    if item is None:
        return set()
    file = staged.files.get(item.name)
    if file is not None:
        return {file.sha256}
    return {digest for algorithm, digest in item.hashes or item.file.hashes if algorithm == "sha256"}


def _waived_by(settings: Settings, code: str, ids: tuple[str, ...], name: str | None) -> str | None:
    return next((allow.text for allow in settings.allows if allow.covers(code, ids, name)), None)


def _is_used(allow: Allow, findings: Iterable[Finding], unchecked: Iterable[Unchecked]) -> bool:
    """Whether a waiver matches anything, be it that another one waives that as well."""
    found = (finding.observation for finding in findings)
    return any(allow.covers(item.code, ids_of(item), item.name) for item in found) or any(
        item.code in WAIVABLE_UNCHECKED and allow.covers(item.code, ids_of(item), item.name) for item in unchecked
    )


def _waive(item: Unchecked, settings: Settings) -> Unchecked:
    if item.code not in WAIVABLE_UNCHECKED:
        return item
    return replace(item, waived_by=_waived_by(settings, item.code, ids_of(item), item.name))


def _not_ready(plan: Plan, staged: Staged, findings: Iterable[Finding], unchecked: list[Unchecked]) -> list[Unchecked]:
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
