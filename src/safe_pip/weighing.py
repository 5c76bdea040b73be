"""How much a finding weighs: the levels of its code, and for vulnerabilities the table of the policy. Pure."""

from __future__ import annotations

from typing import NamedTuple

from safe_pip.model import AdvisoryGroup, Level, Observation, PolicyLine, Severity
from safe_pip.settings import Settings
from safe_pip.settings.levels import Command
from safe_pip.settings.tables import Raise, Vulnerabilities

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
"""From the least to the worst."""


class Weighed(NamedTuple):
    """A level, and what of the policy gives it."""

    level: Level
    because: PolicyLine


def weigh(found: Observation, settings: Settings, command: Command, *, direct: bool | None = None) -> Weighed:
    """What an observation weighs.

    direct: whether its package was asked for by name; where it is not given, the chain says so. What could not be
    avoided blocks, since nothing is left to choose. Scores and lists of exploited vulnerabilities raise whatever the
    table for vulnerabilities has lowered, but not what the levels allow for the package.
    """
    weight = settings.weight(found.code, found.name, found.version)
    weighed = Weighed(min(weight.of(command), Level.BLOCK), weight.line_of(command))
    if found.code != "vulnerability" or found.advisory is None or weighed.level == Level.ALLOW:
        return weighed
    if direct is None:
        direct = len(found.chain) <= 1
    for lowered in _rebates(found.advisory, settings.vulnerabilities, direct=direct):
        if lowered.level < weighed.level:
            weighed = lowered
    raised = _raised(found.advisory, settings.vulnerabilities)
    return Weighed(Level.BLOCK, raised) if raised is not None and weighed.level < Level.BLOCK else weighed


def _rebates(group: AdvisoryGroup, table: Vulnerabilities, *, direct: bool) -> list[Weighed]:
    """What the table lowers a vulnerability to, for each reason that there is."""
    found = []
    severity = group.severity or table.unknown_severity
    if SEVERITIES.index(severity) < SEVERITIES.index(table.block_at):
        # Of an unknown severity, what it counts as is what decides.
        key = "unknown-severity" if group.severity is None and "unknown-severity" in table.lines else "block-at"
        built_in = PolicyLine(f'vulnerabilities.block-at = "{table.block_at}"')
        found.append(Weighed(table.below, table.lines.get(key, built_in)))
    if not group.newer_fixes:
        built_in = PolicyLine(f'vulnerabilities.unfixable = "{table.unfixable.word}"')
        found.append(Weighed(table.unfixable, table.lines.get("unfixable", built_in)))
    if table.scope == "direct" and not direct:
        built_in = PolicyLine('vulnerabilities.scope = "direct"')
        found.append(Weighed(Level.NOTE, table.lines.get("scope", built_in)))
    return found


def _raised(group: AdvisoryGroup, table: Vulnerabilities) -> PolicyLine | None:
    """What of the table raises a vulnerability to ``block``, None where nothing does."""
    if table.kev is not None and group.kev:
        return table.kev.line
    if table.epss is not None and _counts(group.epss, table.epss):
        return table.epss.line
    return None


def _counts(score: float | None, wanted: Raise) -> bool:
    return score is not None and wanted.at is not None and score >= wanted.at
