"""The report for people: what would be installed, what stands against it and why, and last what to do next."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.text import Text

from safe_pip import __version__
from safe_pip.model import Approved, Judged, PlannedInstall, Refused, Request, WayOut
from safe_pip.report import Report
from safe_pip.report.drawing import (
    BAD,
    GOOD,
    QUIET,
    STRONG,
    WARN,
    about_source,
    about_unchecked,
    after_gap,
    cut,
    next_step,
    sentence,
    short_path,
    wrapped,
)
from safe_pip.report.plain import Style, count, listed, printable
from safe_pip.report.telling import about_findings, about_passed_over, about_way_out, command_lines, counts, why

__all__ = [
    "Style",
    "closing_after_commit",
    "closing_after_delivery",
    "closing_lines",
    "error_lines",
    "plan_lines",
    "printable",
    "verdict_lines",
]


class _Verbs(NamedTuple):
    """What a command does, in the forms that sentences need."""

    infinitive: str
    doing: str
    done: str
    noun: str


_VERBS = {
    "install": _Verbs("install", "Installing", "installed", "this install"),
    "download": _Verbs("download", "Downloading", "downloaded", "this download"),
    "wheel": _Verbs("save", "Saving", "saved", "these wheels"),
}
_LEAST_WHY = 20
"""Columns that the reason for a package needs on its line; with less room it has a line of its own."""


def plan_lines(report: Report, style: Style) -> Iterator[Text]:
    """Where to, and what would be installed and why."""
    request, plan = report.request, report.verdict.plan
    title = f"safe-pip {__version__} {style.dot} Python {request.target.version} {style.dot} {_destination(request)}"
    for number, line in enumerate(wrapped(title, style, rest="  ", color=QUIET)):
        if number == 0:
            line.stylize(f"not dim {STRONG}", 0, len("safe-pip"))
        yield line
    if not plan.install:
        return
    yield Text()
    verbs = _VERBS[report.command]
    verb = f"Would {verbs.infinitive}" if request.dry_run or not isinstance(report.verdict, Approved) else verbs.doing
    yield Text(f"{verb} {count(len(plan.install), 'package')}", style=STRONG)
    versions = {item.name: printable(_version(item, style)) for item in plan.install}
    name_width = min(max(len(item.name) for item in plan.install), 32, style.width // 2)
    version_width = min(max(map(len, versions.values())), 24, style.width // 4)
    for item in plan.install:
        line = Text(f"  {printable(item.name):<{name_width}}  {versions[item.name]:<{version_width}}")
        reason = printable(why(item.chain, item.origin, style))
        room = style.width - len(line) - 2
        if room < min(len(reason), _LEAST_WHY):
            line.rstrip()
            yield line
            yield Text(f"    {cut(reason, style.width - 4, style)}", style=QUIET)
        else:
            yield line.append(f"  {cut(reason, room, style)}", QUIET)


def verdict_lines(report: Report, style: Style) -> Iterator[Text]:
    """What stands against it, what could not be checked, what was passed over, and what it was checked against."""
    verdict = report.verdict
    blocking = [finding for finding in verdict.findings if finding.blocks]
    others = [finding for finding in verdict.findings if not finding.blocks]
    for title, findings in (
        (f"{count(len(blocking), 'finding')} against it", blocking),
        (f"{count(len(others), 'finding')} to know of", others),
    ):
        if findings:
            yield Text()
            yield Text(title, style=STRONG)
            yield from about_findings(findings, style)
    if verdict.unchecked:
        yield Text()
        yield Text(f"{count(len(verdict.unchecked), 'thing')} could not be checked", style=STRONG)
        for item in verdict.unchecked:
            yield from about_unchecked(item, style)
    yield from about_passed_over(verdict.plan.passed_over, style)
    for note in verdict.plan.notes:
        yield Text()
        yield from wrapped(f"Note: {note}", style, rest="  ")
    for text in verdict.unused_allows:
        yield Text()
        yield from wrapped(f"--allow {text} matched nothing here.", style, rest="  ", color=WARN)
    if verdict.sources and verdict.plan.install:
        yield Text()
        for source in verdict.sources:
            yield from wrapped(about_source(source), style, rest="  ", color=WARN if source.stale else QUIET)
    yield from about_way_out(verdict.way_out, verdict.plan, style)


def closing_lines(report: Report, style: Style) -> Iterator[Text]:
    """What happened, what did not, and what to do next."""
    verdict, plan, verbs = report.verdict, report.verdict.plan, _VERBS[report.command]
    yield Text()
    if isinstance(verdict, Refused):
        blocking = sum(1 for finding in verdict.findings if finding.blocks)
        stands = "finding stands" if blocking == 1 else "findings stand"
        more = _others(verdict)
        yield from sentence(
            "Refused", f"{blocking} {stands} against {verbs.noun}{more}. Nothing was {verbs.done}.", BAD, style
        )
        yield from next_step(_after_refusal(verdict), style)
        if verdict.way_out is not None and verdict.way_out.command:
            yield from command_lines(verdict.way_out.command, style)
    elif not isinstance(verdict, Approved):
        missing = sum(1 for item in verdict.unchecked if item.waived_by is None)
        checked = f"{count(missing, 'thing')} could not be checked{_others(verdict)}"
        yield from sentence("Incomplete", f"{checked}. Nothing was {verbs.done}.", WARN, style)
        yield from next_step(after_gap(verdict.unchecked), style)
    elif not plan.install:
        kept = [f"{item.name} {item.version}" for item in plan.keep if item.name in _asked(report)]
        there = (
            f"{', '.join(kept)} {'is' if len(kept) == 1 else 'are'} there already"
            if kept
            else "all that was named depends on is there already"
            if report.request.selection.only_deps
            else "nothing applies here"
        )
        yield from sentence(f"Nothing to {verbs.infinitive}", f"{there}.", GOOD, style)
    else:
        warned, _, waived, excepted = counts(verdict)
        but = listed(
            [
                f"{count(warned, 'warning')} above" if warned else "",
                f"{waived} waived" if waived else "",
                f"{excepted} excepted by the policy" if excepted else "",
            ]
        )
        packages = "this package" if len(plan.install) == 1 else f"these {len(plan.install):,} packages"
        nothing = f"nothing blocks {packages} ({but})" if but else f"nothing stands against {packages}"
        if report.request.dry_run:
            yield from sentence("Approved", f"{nothing}. This was a dry run; nothing was {verbs.done}.", GOOD, style)
            yield from next_step(f"run the same command without --dry-run to {verbs.infinitive}.", style)
        else:
            them = "it" if len(plan.install) == 1 else "them"
            now = (
                f"pip installs {them} now"
                if report.request.destination.folder is None
                else f"The checked {'file goes' if len(plan.install) == 1 else 'files go'} to "
                f"{_destination(report.request)} now"
            )
            yield from sentence("Approved", f"{nothing}. {now}.", GOOD, style)


def error_lines(message: str, details: Iterable[str], hint: str, style: Style) -> Iterator[Text]:
    """An error: what happened, the details, and what to do next."""
    first, *more = message.split("\n")
    yield from sentence("Error", first, BAD, style, rest="  ")
    for line in more:
        yield Text(f"  {printable(line)}")
    for detail in details:
        yield from wrapped(detail, style, first="  ", rest="    ")
    if hint:
        yield from next_step(hint, style)


# --------------------------------------------------------------------------- pieces


def _version(item: PlannedInstall, style: Style) -> str:
    version = item.version or "unknown"
    return f"{item.replaces} {style.arrow} {version}" if item.replaces and item.replaces != version else version


def _others(verdict: Judged) -> str:
    """What else there is, in brackets; empty where there is nothing."""
    warned, noted, waived, excepted = counts(verdict)
    more = listed(
        [
            count(warned, "warning") if warned else "",
            count(noted, "note") if noted else "",
            f"{waived} waived" if waived else "",
            f"{excepted} excepted by the policy" if excepted else "",
        ]
    )
    return f" ({more})" if more else ""


def _after_refusal(verdict: Refused) -> str:
    blocking = [finding.observation for finding in verdict.findings if finding.blocks]
    way = verdict.way_out
    with_advisory = any(found.advisory is not None for found in blocking)
    if any(found.advisory is not None and found.advisory.malware for found in blocking):
        # Its --allow stands with the finding, for whoever knows that the record is wrong; it is no advice.
        with_advisory = False
    if way is not None and way.command:
        return f"{_to_run(way, verdict)}:"
    fixable = any(found.advisory is not None and found.advisory.suggested_fix for found in blocking)
    change = "ask for the fixed versions above" if fixable else "ask for other versions"
    if way is not None and way.none_because:
        change = "change what stands in the way above"
    waive = ", or waive a finding with its --allow" if with_advisory else ""
    return f"{change}{waive}, and run the same command again."


def _to_run(way: WayOut, verdict: Refused) -> str:
    """What to do with the command of a way out, and what is known of it."""
    lines = str(way.edits[0].origin) if len(way.edits) == 1 else f"the {len(way.edits)} lines"
    first = f"change {lines} as told above, and then " if way.edits else ""
    login = ", with your login for the ****" if "://****@" in way.command else ""
    if any(item.waived_by is None for item in verdict.unchecked):
        return f"{first}run this{login}, which was resolved; what could not be checked above keeps it from passing yet"
    return f"{first}run this{login}, which was resolved and passes"


def _asked(report: Report) -> set[str]:
    return {root.name for root in report.verdict.plan.roots}


def _destination(request: Request) -> str:
    """Where the packages go, for people."""
    named, target = request.destination, request.target
    if named.folder is not None and os.path.relpath(named.folder) == os.curdir:
        return "the working directory"
    user = target.user_site if named.user else None
    return short_path(str(named.folder or named.target_dir or named.root or named.prefix or user or target.prefix))


def closing_after_commit(report: Report, style: Style) -> Iterator[Text]:
    """The last word after pip has installed everything."""
    packages = count(len(report.verdict.plan.install), "package")
    yield from sentence("Done", f"{packages} installed in {_destination(report.request)}.", GOOD, style)


def closing_after_delivery(report: Report, style: Style, *, saved: int, kept: int) -> Iterator[Text]:
    """The last word after the files are where they were wanted. saved, kept: how many were written, or were there."""
    there = f"{count(kept, 'file')} {'was' if kept == 1 else 'were'} there already" if kept else ""
    done = f"{count(saved, 'file')} saved in {_destination(report.request)}" if saved else ""
    where = "" if saved else f" in {_destination(report.request)}"
    yield from sentence("Done", f"{listed([done, f'{there}{where}' if there else ''])}.", GOOD, style)
