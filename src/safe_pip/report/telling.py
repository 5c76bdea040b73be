"""What stands against an install, told to people: findings with their evidence, what was passed over, the way out.

Hundreds of findings alike are cut to some of them and a count; the formats for programs have them all.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from safe_pip.model import Finding, Judged, Level, Observation, Origin, PassedOver, Plan, PolicyLine, WayOut
from safe_pip.report.drawing import (
    BAD,
    GOOD,
    LABEL,
    QUIET,
    SEVERITY_COLORS,
    STRONG,
    WARN,
    cut,
    exploited,
    head,
    labelled,
    rating,
    waived_in,
    wrapped,
)
from safe_pip.report.plain import Style, count, printable

_MOST_OF_A_PACKAGE = 5
"""Advisories about one version that are told in full."""
_MOST_OF_A_CODE = 5
_MOST_OF_BOTH = 2
"""Findings of one code, of all packages and of one of them, that are told in full."""
_MOST_NAMES = 12
_MOST_EVIDENCE = 6
_MOST_HASHES = 40
_MOST_PASSED_OVER = 10
_MOST_VERSIONS = 6
_LONGEST_LABEL = 16
_LONGEST_EVIDENCE = 300
_POLICY = "policy"
"""The label of evidence that is a line of the policy, which stands where the policy does."""


def about_findings(findings: Sequence[Finding], style: Style) -> Iterator[Text]:
    """Findings in their order; of many alike the first ones, and of the rest the names, where the first of them is."""
    full, rest = _sorted_out(findings)
    before = None
    for finding in findings:
        if id(finding) in full:
            yield from _finding(finding, before, style)
            before = finding
        elif id(finding) in rest:
            yield from _rest(rest[id(finding)], style)


def _sorted_out(findings: Iterable[Finding]) -> tuple[set[int], dict[int, list[Finding]]]:
    """Which findings are told in full, and the others by the first of those that they are told with."""
    seen: Counter[tuple[str, ...]] = Counter()
    full: set[int] = set()
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        found = finding.observation
        if found.advisory is not None:
            key: tuple[str, ...] = (found.code, found.name, found.version)
            told = seen[key] < _MOST_OF_A_PACKAGE
        else:
            key = (found.code,)
            both = (found.code, found.name)
            told = seen[key] < _MOST_OF_A_CODE and seen[both] < _MOST_OF_BOTH
            seen[both] += told
        seen[key] += told
        if told:
            full.add(id(finding))
        else:
            alike.setdefault(key, []).append(finding)
    # One line would say no less than the words that it is left out.
    full |= {id(items[0]) for items in alike.values() if len(items) == 1}
    return full, {id(items[0]): items for items in alike.values() if len(items) > 1}


def _rest(findings: Sequence[Finding], style: Style) -> Iterator[Text]:
    """What is left of many findings alike: how many, and which."""
    first = findings[0].observation
    color = _color(findings[0])
    more = count(len(findings), "more finding")
    if first.advisory is not None:
        names = [item.observation.advisory.id for item in findings if item.observation.advisory is not None]
        yield from head((style.mark(findings[0].level), color), f"{first.name} {first.version}", style, (more, color))
    else:
        packages = Counter(_named(item.observation) for item in findings)
        names = [f"{name} ({number})" if number > 1 else name for name, number in packages.items()]
        yield from head((style.mark(findings[0].level), color), first.code, style, (more, color))
    left = len(names) - _MOST_NAMES
    told = ", ".join(names[:_MOST_NAMES]) + (f" and {left:,} more" if left > 0 else "")
    yield from wrapped(told, style, first="    ", rest="    ")


def _finding(finding: Finding, before: Finding | None, style: Style) -> Iterator[Text]:
    """A finding in full. before: the one above it; what was said of the same package there is not said again."""
    found = finding.observation
    same = before is not None and _named(before.observation) == _named(found)
    color = _color(finding)
    rated = SEVERITY_COLORS.get(found.advisory.severity or "", QUIET) if found.advisory is not None else QUIET
    label = _label(found)
    labels = [(label, color)] if label != _named(found) else []
    labels += [(rating(found.advisory), rated), (exploited(found.advisory), BAD)]
    yield from head((style.mark(finding.level), color), _named(found), style, *labels)
    yield from wrapped(found.message, style, first="    ", rest="    ")
    evidence = [
        (cut(printable(label), _LONGEST_LABEL, style), cut(text, _LONGEST_EVIDENCE, style))
        for label, text in found.evidence
        if label != _POLICY
    ]
    width = max([LABEL, *(len(label) + 2 for label, _ in evidence[:_MOST_EVIDENCE])])
    for label, text in evidence[:_MOST_EVIDENCE]:
        yield from labelled(label, text, style, width=width)
    if len(evidence) > _MOST_EVIDENCE:
        yield Text(f"    and {len(evidence) - _MOST_EVIDENCE:,} more of these", style=QUIET)
    if found.chain and not (same and before is not None and before.observation.chain == found.chain):
        yield from labelled("why", why(found.chain, found.origin, style), style, width=width)
    if found.help:
        fix = found.advisory.suggested_fix if found.advisory is not None else None
        yield from labelled("fix", found.help, style, color=GOOD if fix else "", width=width)
    told = same and before is not None and before.because == finding.because
    rules = [text for label, text in found.evidence if label == _POLICY]
    for text in rules:
        yield from labelled(_POLICY, cut(text, _LONGEST_EVIDENCE, style), style, color=QUIET, width=width)
    because = None if told else finding.because
    # Of a rule that a file has made, the level is of interest only where a file gives that too.
    if because is not None and (because.origin is not None or (finding.blocks and not rules)):
        label = "level" if rules else _POLICY
        yield from labelled(label, _policy(because, style), style, color=QUIET, width=width)
    if finding.exception is not None:
        yield from labelled("waived", waived_in(finding), style, color=WARN, width=width)
    elif finding.waived_by is not None:
        yield from labelled("waived", f"by --allow {finding.waived_by}", style, color=WARN, width=width)
    elif finding.blocks:
        yield from labelled("waive", f"--allow {shlex.quote(_waiver(found))}", style, color=QUIET, width=width)


def _color(finding: Finding) -> str:
    return QUIET if finding.waived_by else {Level.BLOCK: BAD, Level.WARN: WARN}.get(finding.level, "cyan")


def _named(found: Observation) -> str:
    """The package that a finding is about; else its code."""
    return f"{found.name} {found.version}".strip() or found.code


def _label(found: Observation) -> str:
    if found.advisory is None:
        return found.code
    return f"malware {found.advisory.id}" if found.advisory.malware else found.advisory.id


def _waiver(found: Observation) -> str:
    identifier = found.advisory.id if found.advisory is not None else found.code
    return f"{identifier}:{found.name}" if found.name else identifier


def _policy(line: PolicyLine, style: Style) -> str:
    return "built in" if line.origin is None else f"{line.setting} {style.dot} {line.origin}"


def why(chain: tuple[str, ...], origin: Origin | None, style: Style) -> str:
    """The way from what was asked for: the chain, or the place where it was asked for itself."""
    if len(chain) > 1:
        return f" {style.arrow} ".join(chain)
    return "asked for" if origin is None else f"asked for {origin.phrase}"


def counts(verdict: Judged) -> tuple[int, int, int, int]:
    """How many warnings and notes there are, and how many findings and gaps options and exceptions waive."""
    waived = [item.exception is not None for item in verdict.findings if item.waived_by is not None]
    waived += [item.excepted for item in verdict.unchecked if item.waived_by is not None]
    standing = [item.level for item in verdict.findings if item.waived_by is None]
    return standing.count(Level.WARN), standing.count(Level.NOTE), waived.count(False), waived.count(True)


# --------------------------------------------------------------------------- what was passed over


def about_passed_over(passed_over: Iterable[PassedOver], style: Style) -> Iterator[Text]:
    """Versions that were not chosen, those with one reason together."""
    versions: dict[tuple[str, str], dict[str, None]] = {}
    for item in passed_over:
        versions.setdefault((item.name, item.reason), {})[item.version] = None
    if not versions:
        return
    yield Text()
    yield Text("Passed over", style=STRONG)
    for (name, reason), found in list(versions.items())[:_MOST_PASSED_OVER]:
        more = f" and {len(found) - _MOST_VERSIONS:,} more" if len(found) > _MOST_VERSIONS else ""
        told = ", ".join(list(found)[:_MOST_VERSIONS])
        yield from wrapped(f"{name} {told}{more}: {reason}", style, first="  ", rest="    ")
    if len(versions) > _MOST_PASSED_OVER:
        yield Text(f"  and {len(versions) - _MOST_PASSED_OVER:,} more", style=QUIET)


# --------------------------------------------------------------------------- the way out


def about_way_out(way: WayOut | None, plan: Plan, style: Style) -> Iterator[Text]:
    """What would pass and what that changes, or what stands in the way of it, edge by edge."""
    if way is None or not (way.pins or way.changes or way.none_because):
        return
    yield Text()
    if way.none_because:
        yield Text("No way out", style=STRONG)
        for reason in way.none_because:
            yield from wrapped(reason, style, first="  ", rest="    ")
        return
    yield Text("A way out", style=STRONG)
    planned = {item.name: item.version for item in plan.install}
    width = min(max((len(name) for name, _ in way.pins), default=0), 32, style.width // 2)
    for name, version in way.pins:
        before = planned.get(name)
        change = f"{before} {style.arrow} {version}" if before not in (None, version) else version
        # Columns are kept, so it is not wrapped: names and versions are short, or stand whole.
        yield Text(f"  {printable(name):<{width}}  {printable(cut(change, _LONGEST_EVIDENCE, style))}", style=GOOD)
    for sentence in way.changes:
        yield from wrapped(sentence, style, first="  ", rest="    ")
    yield from _lines_with_hashes(way)
    if way.not_looked_at:
        names = ", ".join(way.not_looked_at[:_MOST_NAMES])
        left = len(way.not_looked_at) - _MOST_NAMES
        more = f" and {left:,} more" if left > 0 else ""
        yield from wrapped(
            f"Not looked at yet, and checked when it is run: {names}{more}", style, first="  ", rest="    ", color=QUIET
        )


def _lines_with_hashes(way: WayOut) -> Iterator[Text]:
    """What to copy into files, which nobody would type; of very many hashes only as many as can be looked over."""
    edits = [edit for edit in way.edits if edit.hashes]
    if sum(len(edit.hashes) for edit in edits) > _MOST_HASHES:
        yield Text("  The lines with all their hashes are in the report of --format json (way_out.edits).", style=QUIET)
        return
    if edits:
        yield Text()
    for edit in edits:
        # Not wrapped, since a file needs each hash on one line, and not indented: so it takes 80 columns, and no more.
        yield from (Text(printable(line.strip())) for line in edit.lines)


def command_lines(command: str, style: Style) -> Iterator[Text]:
    """A command as it can be pasted into a shell, over several lines where it needs them."""
    try:
        words = [shlex.quote(word) for word in shlex.split(command)]
    except ValueError:
        words = command.split()
    lines = [""]
    for word in map(printable, words):
        # Two columns before each line, two more from the second on, and two for the sign that it goes on.
        room = style.width - 4 - (2 if len(lines) > 1 else 0)
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    for number, line in enumerate(lines):
        end = " \\" if number + 1 < len(lines) else ""
        yield Text(f"  {'  ' if number else ''}{line}{end}", style=STRONG)
