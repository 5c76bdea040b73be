"""``--format markdown``: an install for pull requests and summaries of workflows, safe for whatever a text holds."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from safe_pip.errors import SafePipError
from safe_pip.model import Finding, PolicyInForce, Unchecked, WayOut
from safe_pip.report import Report
from safe_pip.report.drawing import about_source, cut, exploited, rating, waived_in
from safe_pip.report.marked import plain as marked
from safe_pip.report.marked import table
from safe_pip.report.plain import Style, count, listed, printable
from safe_pip.report.telling import counts, why

_STYLE = Style()
_NONE = "–"
"""In a first cell: a row that begins with a bar would lose it."""
_LONGEST = 1_000
_MOST_EVIDENCE = 6


def render(report: Report, *, error: SafePipError | None = None, exit_code: int | None = None) -> str:
    """The report as Markdown that begins with a heading.

    error: what went wrong after an Approved verdict. exit_code: that of the run, where neither says it.
    """
    code = error.exit_code if error is not None else report.exit_code if exit_code is None else exit_code
    return "".join(_blocks(report, error, code))


def failure(error: SafePipError, *, command: str, dry_run: bool, policy: PolicyInForce) -> str:
    """A report where no plan was reached. policy: as far as it was read by then."""
    word = "incomplete" if error.exit_code == 3 else "refused"
    read = f"\nPolicy: {plain(listed(policy.files))}\n" if policy.files else ""
    return "".join([_heading(command, word, dry_run=dry_run), *_failed(error), read])


def plain(text: str) -> str:
    """A text from outside, safe in Markdown, and not without end."""
    return marked(cut(text, _LONGEST, _STYLE))


def _heading(command: str, word: str, *, dry_run: bool) -> str:
    return f"## safe-pip {command}: {word}{' (dry run)' if dry_run else ''}\n"


def _blocks(report: Report, error: SafePipError | None, exit_code: int) -> Iterator[str]:
    verdict = report.verdict
    yield _heading(report.command, report.word, dry_run=report.request.dry_run)
    yield f"\n{_summary(report)}; exit code {exit_code}.\n"
    if error is not None:
        yield from _failed(error)
    blocking = [finding for finding in verdict.findings if finding.blocks]
    others = [finding for finding in verdict.findings if not finding.blocks and finding.waived_by is None]
    waived = [finding for finding in verdict.findings if finding.waived_by is not None]
    header = ["Package", "Finding", "Severity", "What", "Why", "What to do"]
    for title, findings in (("Against it", blocking), ("To know of", others)):
        if findings:
            yield f"\n### {title}\n"
            yield table(header, [_row(finding) for finding in findings])
    if waived:
        yield "\n### Waived\n"
        yield table(["Package", "Finding", "Severity", "What", "Waived"], [_waived(finding) for finding in waived])
    if verdict.unchecked:
        yield "\n### Could not be checked\n"
        yield table(["What", "Code", "Why", "What to do"], [_gap(item) for item in verdict.unchecked])
    yield from _way_out(verdict.way_out)
    if verdict.plan.passed_over:
        rows = [[plain(item.name), plain(item.version), plain(item.reason)] for item in verdict.plan.passed_over]
        yield from _folded("Passed over", table(["Package", "Version", "Why"], rows), len(rows))
    if verdict.plan.install:
        rows = [
            [plain(item.name), plain(item.version or "unknown"), plain(why(item.chain, item.origin, _STYLE))]
            for item in verdict.plan.install
        ]
        yield from _folded("The plan", table(["Package", "Version", "Why"], rows), len(rows))
    notes = [*verdict.plan.notes, *verdict.policy.notes]
    notes += [f"--allow {text} matched nothing here." for text in verdict.unused_allows]
    notes += [about_source(source) for source in verdict.sources]
    if verdict.policy.files:
        notes.append(f"Policy: {listed(verdict.policy.files)}")
    yield from _items(notes)


def _summary(report: Report) -> str:
    """The counts in one line."""
    verdict = report.verdict
    blocking = sum(1 for finding in verdict.findings if finding.blocks)
    gaps = sum(1 for item in verdict.unchecked if item.waived_by is None)
    warned, noted, waived, excepted = counts(verdict)
    return listed(
        [
            count(len(verdict.plan.install), "package"),
            f"**{count(blocking, 'finding')} against it**" if blocking else "nothing against it",
            f"**{count(gaps, 'thing')} not checked**" if gaps else "",
            count(warned, "warning") if warned else "",
            count(noted, "note") if noted else "",
            f"{waived} waived" if waived else "",
            f"{excepted} excepted by the policy" if excepted else "",
        ]
    )


def _row(finding: Finding) -> list[str]:
    found = finding.observation
    return [
        _package(finding),
        _named(finding),
        _severity(finding),
        _said(finding),
        plain(why(found.chain, found.origin, _STYLE)) if found.chain else "",
        _cell([plain(found.help), _policy(finding)]),
    ]


def _waived(finding: Finding) -> list[str]:
    by = waived_in(finding) or f"by --allow {finding.waived_by}"
    return [_package(finding), _named(finding), _severity(finding), _said(finding), plain(by)]


def _package(finding: Finding) -> str:
    return plain(f"{finding.observation.name} {finding.observation.version}".strip()) or _NONE


def _named(finding: Finding) -> str:
    """The code, and the id where an advisory says it."""
    found = finding.observation
    return _cell([plain(found.code), plain(found.advisory.id) if found.advisory is not None else ""])


def _severity(finding: Finding) -> str:
    about = finding.observation.advisory
    return plain(listed([rating(about), exploited(about)]))


def _said(finding: Finding) -> str:
    """What was found, with its evidence."""
    found = finding.observation
    evidence = [plain(f"{label}: {text}") for label, text in found.evidence[:_MOST_EVIDENCE]]
    left = len(found.evidence) - _MOST_EVIDENCE
    return _cell([plain(found.message), *evidence, f"and {left:,} more of these" if left > 0 else ""])


def _policy(finding: Finding) -> str:
    line = finding.because
    return plain(f"policy: {line}") if line is not None and line.origin is not None else ""


def _gap(item: Unchecked) -> list[str]:
    by = "" if item.waived_by is None else f"waived by {'' if item.excepted else '--allow '}{item.waived_by}"
    return [
        plain(f"{item.name or ''} {item.version or ''}".strip()) or _NONE,
        plain(item.code),
        plain(item.reason),
        plain(by or item.help),
    ]


def _cell(parts: Iterable[str]) -> str:
    return "<br>".join(part for part in parts if part)


def _way_out(way: WayOut | None) -> Iterator[str]:
    if way is None:
        return
    if way.none_because:
        yield "\n### No way out\n"
        yield from _items(way.none_because)
    elif way.command or way.pins:
        yield "\n### A way out\n"
        yield from _items([*(f"{name} {version}" for name, version in way.pins), *way.changes])
        if way.edits:
            yield f"\nChange {plain(', '.join(way.edits))} first; then:\n"
        if way.command:
            yield f"\n```sh\n{_one_line(way.command)}\n```\n"


def _one_line(command: str) -> str:
    try:
        return " ".join(printable(shlex.quote(word)) for word in shlex.split(command))
    except ValueError:
        return printable(command)


def _folded(title: str, content: str, number: int) -> Iterator[str]:
    yield f"\n<details><summary>{title} ({number:,})</summary>\n{content}\n</details>\n"


def _items(texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield "\n"
    for text in texts:
        yield f"- {plain(text)}\n"


def _failed(error: SafePipError) -> Iterator[str]:
    yield f"\n**Error:** {plain(' '.join(error.message.split()))}\n"
    yield from _items([*getattr(error, "details", ()), *([error.hint] if error.hint else [])])
