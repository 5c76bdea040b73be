"""How an audit for people ends: the outcome in one sentence, and the next step last."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from safe_pip.audited import Audited
from safe_pip.model import AdvisoryGroup
from safe_pip.report.audit.entries import SEVERITIES, Entry, severity, upgrade
from safe_pip.report.drawing import BAD, GOOD, WARN, after_gap, next_step, sentence
from safe_pip.report.plain import Style, count, listed

MALWARE = "malware"
MOST_PLACES = 3


def word(group: AdvisoryGroup) -> str:
    """How bad a group of advisories is, in one or two words."""
    return MALWARE if group.malware else severity(group)


def closing(audited: Audited, affected: list[Entry], total: int, style: Style) -> Iterator[Text]:
    """The outcome in one sentence, and the next step last."""
    open_gaps = [item for item in audited.unchecked if item.waived_by is None]
    unread = sum(1 for item in audited.skipped if item.code == "unparsable")
    gaps = listed(
        [
            f"{count(len(open_gaps), 'thing')} could not be checked" if open_gaps else "",
            f"{count(unread, 'entry').replace('entrys', 'entries')} could not be read" if unread else "",
        ]
    )
    blocking = [item for item in audited.others if item.finding.blocks] if audited.fail_on is not None else []
    if affected:
        number = sum(len(entry.findings) for entry in affected)
        ratings = Counter(word(found.advisory).split()[0] for entry in affected for found in entry.findings)
        order = (MALWARE, *(rated or "unknown" for rated in SEVERITIES))
        told = listed(f"{ratings[rated]:,} {rated}" for rated in order if ratings[rated])
        found = f"{count(number, 'finding')} in {len(affected):,} of {count(total, 'package')}: {told}."
        failing = audited.word == "refused"
        found += f" {count(len(blocking), 'more finding')} by the policy." if blocking else ""
        yield from sentence("Vulnerable", f"{found}{f' {gaps}.' if gaps else ''}", BAD if failing else WARN, style)
        yield from next_step(_after_findings(affected), style)
    elif blocking:
        found = f"{count(len(blocking), 'finding')} by the policy, and no known vulnerabilities"
        yield from sentence("Refused", f"{found}.{f' {gaps}.' if gaps else ''}", BAD, style)
        yield from next_step("mend what is said above, or waive a finding with its --allow.", style)
    elif audited.incomplete:
        packages = count(total, "package")
        partly = (
            f"no known vulnerability in {packages}, but not all could be checked" if total else "nothing was audited"
        )
        yield from sentence("Incomplete", f"{gaps or partly}.", WARN, style)
        yield from next_step(_after_incomplete(audited), style)
    else:
        skipped = f"; {len(audited.skipped):,} skipped" if audited.skipped else ""
        where = f"in {count(total, 'package')}" if total else "because there is nothing to audit"
        yield from sentence("Clean", f"no known vulnerabilities {where}{skipped}.", GOOD, style)


def _after_findings(affected: list[Entry]) -> str:
    first = affected[0].findings[0].advisory.id
    fixes = [f"{entry.name} {fix}" for entry in affected if (fix := upgrade(entry))]
    explain = f"`safe-pip explain {shlex.quote(first)}` tells more."
    if not fixes:
        return f"look for another package or waive what you accept with --ignore-vuln; {explain}"
    more = f" and {len(fixes) - MOST_PLACES:,} more" if len(fixes) > MOST_PLACES else ""
    return f"upgrade to {', '.join(fixes[:MOST_PLACES])}{more}, and run the same command again; {explain}"


def _after_incomplete(audited: Audited) -> str:
    if any(item.waived_by is None for item in audited.unchecked):
        return after_gap(audited.unchecked)
    if any(item.code == "unparsable" for item in audited.skipped):
        return "mend the entries that could not be read, and run the same command again."
    return "audit something with versions that an index has, or leave out --strict."
