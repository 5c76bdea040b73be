"""The fifth stage for an audit: facts and settings to what stands, what is ignored and what is left out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from safe_pip.advisory_age import aged, unavailable
from safe_pip.audited import Affected, Audited, AuditFinding, InventoryFacts
from safe_pip.judge import weight
from safe_pip.model import Finding, Level, Observation, Severity, Unchecked
from safe_pip.settings import Settings
from safe_pip.settings.waivers import WAIVABLE_UNCHECKED, Allow
from safe_pip.waiving import Exceptions, ids_of
from safe_pip.weighing import SEVERITIES, weigh


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What an audit is judged by.

    settings: the levels, and what ``--allow`` waives. ignores: ids of ``--ignore-vuln``. min_severity: the least that
    counts; what has no severity always does, since nobody knows, and so does malware. fixable_only: whether
    vulnerabilities without a newer fixed version are left out. fail_on: None for never.
    """

    settings: Settings = field(default_factory=Settings)
    ignores: tuple[Allow, ...] = ()
    min_severity: Severity | None = None
    fixable_only: bool = False
    fail_on: Level | None = Level.NOTE
    strict: bool = False


def judge_audit(facts: InventoryFacts, settings: AuditSettings, now: datetime) -> Audited:
    """The outcome: every finding with its level, the worst first, less what is ignored or filtered.

    now: the time, in UTC, for the ends of exceptions and the age of advisories. Options that ignore come before the
    policy's exceptions.
    """
    policy = settings.settings
    exceptions = Exceptions(policy, now, lambda name, version: _digests(facts, name, version))
    warned, gaps = unavailable(facts.unchecked, policy)
    old, too_old = aged(facts.sources, gaps, policy, now)
    standing, ignored, others, filtered = [], [], [], 0
    for affected in (*facts.affected, *_without_place((*warned, *old))):
        item = AuditFinding(exceptions.applied(_finding(affected, settings)), affected.dependencies)
        if affected.observation.advisory is None:
            others.append(item)
        elif item.finding.waived_by is not None:
            ignored.append(item)
        elif _is_filtered(affected, settings):
            filtered += 1
        else:
            standing.append(item)
    unchecked = tuple(exceptions.applied_to_gap(_waive(item, settings)) for item in (*gaps, *too_old))
    others += [AuditFinding(_finding(item, settings), ()) for item in _without_place(exceptions.remarks())]
    return Audited(
        inventories=facts.inventories,
        findings=tuple(sorted(_told(standing), key=_weight)),
        ignored=tuple(sorted(ignored, key=_weight)),
        filtered=filtered,
        skipped=facts.skipped,
        unchecked=unchecked,
        sources=facts.sources,
        unused_ignores=tuple(
            dict.fromkeys(
                word.text
                for words, only_ids in ((settings.ignores, True), (policy.allows, False))
                for word in words
                if not _is_used(word, facts, others, only_ids=only_ids)
            )
        ),
        fail_on=settings.fail_on,
        strict=settings.strict,
        others=tuple(sorted(_told(others), key=_weight)),
        policy=policy.in_force,
    )


def _finding(affected: Affected, settings: AuditSettings) -> Finding:
    direct = any(item.direct for item in affected.dependencies)
    level, because = weigh(affected.observation, settings.settings, "audit", direct=direct)
    return Finding(affected.observation, level, _waived_by(affected, settings), because)


def _told(items: Iterable[AuditFinding]) -> list[AuditFinding]:
    return [item for item in items if item.finding.level > Level.ALLOW]


def _without_place(observations: Iterable[Observation]) -> list[Affected]:
    """What is found of no input, but of the policy and the sources."""
    return [Affected(found, ()) for found in observations]


def _digests(facts: InventoryFacts, name: str, version: str) -> set[str]:
    """The sha256 that every place which names a version gives it; none where one of them gives none."""
    told = [
        {digest for algorithm, digest in item.hashes if algorithm == "sha256"}
        for affected in facts.affected
        for item in affected.dependencies
        if (item.name, affected.observation.version) == (name, version)
    ]
    return set.intersection(*told) if told else set()


def _weight(item: AuditFinding) -> tuple[int, bool, float, str, str]:
    return weight(item.finding)


def _covers(word: Allow, affected: Affected, *, only_ids: bool) -> bool:
    """Whether a word names a group, by any id of it; ``--allow`` may name its code as well."""
    found = affected.observation
    return word.covers("" if only_ids else found.code, ids_of(found), found.name)


def _covers_unchecked(word: Allow, item: Unchecked, *, only_ids: bool) -> bool:
    if item.code not in WAIVABLE_UNCHECKED:
        return False
    return word.covers("" if only_ids else item.code, ids_of(item), item.name)


def _waived_by(affected: Affected, settings: AuditSettings) -> str | None:
    ignored = (word.text for word in settings.ignores if _covers(word, affected, only_ids=True))
    allowed = (word.text for word in settings.settings.allows if _covers(word, affected, only_ids=False))
    return next(ignored, None) or next(allowed, None)


def _waive(item: Unchecked, settings: AuditSettings) -> Unchecked:
    ignored = (word.text for word in settings.ignores if _covers_unchecked(word, item, only_ids=True))
    allowed = (word.text for word in settings.settings.allows if _covers_unchecked(word, item, only_ids=False))
    return replace(item, waived_by=next(ignored, None) or next(allowed, None))


def _is_used(word: Allow, facts: InventoryFacts, others: Iterable[AuditFinding], *, only_ids: bool) -> bool:
    """Whether a word matches anything, be it that another one takes that out as well."""
    found = (*facts.affected, *(Affected(item.finding.observation, ()) for item in others))
    return any(_covers(word, affected, only_ids=only_ids) for affected in found) or any(
        _covers_unchecked(word, item, only_ids=only_ids) for item in facts.unchecked
    )


def _is_filtered(affected: Affected, settings: AuditSettings) -> bool:
    group = affected.observation.advisory
    if group is None or group.malware:
        return False
    if settings.fixable_only and not group.newer_fixes:
        return True
    if settings.min_severity is None or group.severity is None:
        return False
    return SEVERITIES.index(group.severity) < SEVERITIES.index(settings.min_severity)
