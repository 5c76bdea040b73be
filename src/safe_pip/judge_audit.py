"""The fifth stage for an audit: facts and settings to what stands, what is ignored and what is left out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from safe_pip.audited import Affected, Audited, AuditFinding, InventoryFacts
from safe_pip.judge import level_of, weight
from safe_pip.model import Finding, Level, Severity, Unchecked
from safe_pip.settings import WAIVABLE_UNCHECKED, Allow, Settings

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
"""From the least to the worst."""


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


def judge_audit(facts: InventoryFacts, settings: AuditSettings) -> Audited:
    """The outcome: every finding with its level, the worst first, less what is ignored or filtered."""
    standing, ignored, filtered = [], [], 0
    for affected in facts.affected:
        finding = Finding(
            affected.observation,
            level_of(affected.observation, settings.settings, "audit"),
            _waived_by(affected, settings),
        )
        if finding.waived_by is not None:
            ignored.append(AuditFinding(finding, affected.dependencies))
        elif _is_filtered(affected, settings):
            filtered += 1
        elif finding.level > Level.ALLOW:
            standing.append(AuditFinding(finding, affected.dependencies))
    return Audited(
        inventories=facts.inventories,
        findings=tuple(sorted(standing, key=_weight)),
        ignored=tuple(sorted(ignored, key=_weight)),
        filtered=filtered,
        skipped=facts.skipped,
        unchecked=tuple(_waive(item, settings) for item in facts.unchecked),
        sources=facts.sources,
        unused_ignores=tuple(
            dict.fromkeys(
                word.text
                for words, only_ids in ((settings.ignores, True), (settings.settings.allows, False))
                for word in words
                if not _is_used(word, facts, only_ids=only_ids)
            )
        ),
        fail_on=settings.fail_on,
        strict=settings.strict,
    )


def _weight(item: AuditFinding) -> tuple[int, bool, float, str, str]:
    return weight(item.finding)


def _covers(word: Allow, affected: Affected, *, only_ids: bool) -> bool:
    """Whether a word names a group, by any id of it; ``--allow`` may name its code as well."""
    found = affected.observation
    ids = found.advisory.ids if found.advisory is not None else ()
    return word.covers("" if only_ids else found.code, ids, found.name)


def _covers_unchecked(word: Allow, item: Unchecked, *, only_ids: bool) -> bool:
    if item.code not in WAIVABLE_UNCHECKED:
        return False
    return word.covers("" if only_ids else item.code, () if item.id is None else (item.id,), item.name)


def _waived_by(affected: Affected, settings: AuditSettings) -> str | None:
    ignored = (word.text for word in settings.ignores if _covers(word, affected, only_ids=True))
    allowed = (word.text for word in settings.settings.allows if _covers(word, affected, only_ids=False))
    return next(ignored, None) or next(allowed, None)


def _waive(item: Unchecked, settings: AuditSettings) -> Unchecked:
    ignored = (word.text for word in settings.ignores if _covers_unchecked(word, item, only_ids=True))
    allowed = (word.text for word in settings.settings.allows if _covers_unchecked(word, item, only_ids=False))
    return replace(item, waived_by=next(ignored, None) or next(allowed, None))


def _is_used(word: Allow, facts: InventoryFacts, *, only_ids: bool) -> bool:
    """Whether a word matches anything, be it that another one takes that out as well."""
    return any(_covers(word, affected, only_ids=only_ids) for affected in facts.affected) or any(
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
