"""The report for people: what would be installed, what stands against it and why, and last what to do next."""

from __future__ import annotations

import os
import shlex
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rich.text import Text

from safe_pip import __version__, urls
from safe_pip.model import (
    AdvisoryGroup,
    AdvisorySource,
    Approved,
    Finding,
    Level,
    Observation,
    Origin,
    PlannedInstall,
    Refused,
    Request,
    Unchecked,
)
from safe_pip.report import Report

_BAD = "red"
_WARN = "yellow"
_GOOD = "green"
_QUIET = "dim"
_STRONG = "bold"
_SEVERITY = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
_LABEL = 7


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
_MOST_PASSED_OVER = 10
_LEAST_WHY = 20
"""Columns that the reason for a package needs on its line; with less room it has a line of its own."""
_LONGEST = 1_000
"""So many characters of a text from outside are shown. A reason for a yank, for one, may be as long as a page."""


@dataclass(frozen=True)
class Style:
    """How to draw. width: columns. unicode: whether the terminal can show more than ASCII."""

    width: int = 80
    unicode: bool = True

    @property
    def arrow(self) -> str:
        return "→" if self.unicode else "->"

    @property
    def dot(self) -> str:
        return "·" if self.unicode else "-"

    @property
    def ellipsis(self) -> str:
        return "…" if self.unicode else "..."

    def mark(self, level: Level) -> str:
        """The sign before a finding."""
        if level >= Level.BLOCK:
            return "✗" if self.unicode else "x"
        return "!" if level == Level.WARN else "i"


def printable(text: str) -> str:
    """A text from outside made safe to show: control and direction characters are written out, look-alikes stay."""
    return "".join(
        char if char == " " or not unicodedata.category(char).startswith(("C", "Z")) else f"\\x{ord(char):02x}"
        for char in urls.redacted(text)
    )


def plan_lines(report: Report, style: Style) -> Iterator[Text]:
    """Where to, and what would be installed and why."""
    request, plan = report.request, report.verdict.plan
    title = f"safe-pip {__version__} {style.dot} Python {request.target.version} {style.dot} {_destination(request)}"
    for number, line in enumerate(_wrapped(title, style, rest="  ", color=_QUIET)):
        if number == 0:
            line.stylize(f"not dim {_STRONG}", 0, len("safe-pip"))
        yield line
    if not plan.install:
        return
    yield Text()
    verbs = _VERBS[report.command]
    verb = f"Would {verbs.infinitive}" if request.dry_run or not isinstance(report.verdict, Approved) else verbs.doing
    yield Text(f"{verb} {_count(len(plan.install), 'package')}", style=_STRONG)
    versions = {item.name: printable(_version(item, style)) for item in plan.install}
    name_width = min(max(len(item.name) for item in plan.install), 32, style.width // 2)
    version_width = min(max(map(len, versions.values())), 24, style.width // 4)
    for item in plan.install:
        line = Text(f"  {printable(item.name):<{name_width}}  {versions[item.name]:<{version_width}}")
        why = printable(_why(item.chain, item.origin, style))
        room = style.width - len(line) - 2
        if room < min(len(why), _LEAST_WHY):
            line.rstrip()
            yield line
            yield Text(f"    {_cut(why, style.width - 4, style)}", style=_QUIET)
        else:
            yield line.append(f"  {_cut(why, room, style)}", _QUIET)


def verdict_lines(report: Report, style: Style) -> Iterator[Text]:
    """What stands against it, what could not be checked, what was passed over, and what it was checked against."""
    verdict = report.verdict
    blocking = [finding for finding in verdict.findings if finding.blocks]
    others = [finding for finding in verdict.findings if not finding.blocks]
    for title, findings in (
        (f"{_count(len(blocking), 'finding')} against it", blocking),
        (f"{_count(len(others), 'finding')} to know of", others),
    ):
        if findings:
            yield Text()
            yield Text(title, style=_STRONG)
            for finding in findings:
                yield from _finding(finding, style)
    if verdict.unchecked:
        yield Text()
        yield Text(f"{_count(len(verdict.unchecked), 'thing')} could not be checked", style=_STRONG)
        for item in verdict.unchecked:
            yield from _unchecked(item, style)
    if verdict.plan.passed_over:
        yield Text()
        yield Text("Passed over", style=_STRONG)
        for passed in verdict.plan.passed_over[:_MOST_PASSED_OVER]:
            yield from _wrapped(f"{passed.name} {passed.version}: {passed.reason}", style, first="  ", rest="    ")
        if len(verdict.plan.passed_over) > _MOST_PASSED_OVER:
            yield Text(f"  and {len(verdict.plan.passed_over) - _MOST_PASSED_OVER} more", style=_QUIET)
    for note in verdict.plan.notes:
        yield Text()
        yield from _wrapped(f"Note: {note}", style, rest="  ")
    for text in verdict.unused_allows:
        yield Text()
        yield from _wrapped(f"--allow {text} matched nothing here.", style, rest="  ", color=_WARN)
    if verdict.sources and verdict.plan.install:
        yield Text()
        for source in verdict.sources:
            yield from _wrapped(_source(source), style, rest="  ", color=_WARN if source.stale else _QUIET)


def closing_lines(report: Report, style: Style) -> Iterator[Text]:
    """What happened, what did not, and what to do next."""
    verdict, plan, verbs = report.verdict, report.verdict.plan, _VERBS[report.command]
    yield Text()
    if isinstance(verdict, Refused):
        blocking = sum(1 for finding in verdict.findings if finding.blocks)
        stands = "finding stands" if blocking == 1 else "findings stand"
        yield from _sentence(
            "Refused", f"{blocking} {stands} against {verbs.noun}. Nothing was {verbs.done}.", _BAD, style
        )
        yield from _next(_after_refusal(verdict), style)
    elif not isinstance(verdict, Approved):
        missing = sum(1 for item in verdict.unchecked if item.waived_by is None)
        yield from _sentence(
            "Incomplete", f"{_count(missing, 'thing')} could not be checked. Nothing was {verbs.done}.", _WARN, style
        )
        yield from _next(_after_gap(verdict.unchecked), style)
    elif not plan.install:
        kept = [f"{item.name} {item.version}" for item in plan.keep if item.name in _asked(report)]
        there = (
            f"{', '.join(kept)} {'is' if len(kept) == 1 else 'are'} there already"
            if kept
            else "all that was named depends on is there already"
            if report.request.selection.only_deps
            else "nothing applies here"
        )
        yield from _sentence(f"Nothing to {verbs.infinitive}", f"{there}.", _GOOD, style)
    else:
        waived = sum(1 for finding in verdict.findings if finding.waived_by is not None)
        waived += sum(1 for item in verdict.unchecked if item.waived_by is not None)
        warned = sum(1 for finding in verdict.findings if finding.level == Level.WARN and finding.waived_by is None)
        but = _listed([f"{_count(warned, 'warning')} above" if warned else "", f"{waived} waived" if waived else ""])
        packages = "this package" if len(plan.install) == 1 else f"these {len(plan.install):,} packages"
        nothing = f"nothing blocks {packages} ({but})" if but else f"nothing stands against {packages}"
        if report.request.dry_run:
            yield from _sentence("Approved", f"{nothing}. This was a dry run; nothing was {verbs.done}.", _GOOD, style)
            yield from _next(f"run the same command without --dry-run to {verbs.infinitive}.", style)
        else:
            them = "it" if len(plan.install) == 1 else "them"
            now = (
                f"pip installs {them} now"
                if report.request.destination.folder is None
                else f"The checked {'file goes' if len(plan.install) == 1 else 'files go'} to "
                f"{_destination(report.request)} now"
            )
            yield from _sentence("Approved", f"{nothing}. {now}.", _GOOD, style)


def error_lines(message: str, details: Iterable[str], hint: str, style: Style) -> Iterator[Text]:
    """An error: what happened, the details, and what to do next."""
    first, *more = message.split("\n")
    yield from _sentence("Error", first, _BAD, style, rest="  ")
    for line in more:
        yield Text(f"  {printable(line)}")
    for detail in details:
        yield from _wrapped(detail, style, first="  ", rest="    ")
    if hint:
        yield from _next(hint, style)


# --------------------------------------------------------------------------- pieces


def _finding(finding: Finding, style: Style) -> Iterator[Text]:
    found = finding.observation
    color = _QUIET if finding.waived_by else {Level.BLOCK: _BAD, Level.WARN: _WARN}.get(finding.level, "cyan")
    rating = _rating(found.advisory)
    rated = _SEVERITY.get(found.advisory.severity or "", _QUIET) if found.advisory is not None else _QUIET
    yield from _head(
        (style.mark(finding.level), color),
        f"{found.name} {found.version}",
        style,
        (_label(found), color),
        (rating, rated),
    )
    yield from _wrapped(found.message, style, first="    ", rest="    ")
    yield from _labelled("why", _why(found.chain, found.origin, style), style)
    if found.help:
        fix = found.advisory.suggested_fix if found.advisory is not None else None
        yield from _labelled("fix", found.help, style, color=_GOOD if fix else "")
    if finding.waived_by is not None:
        yield from _labelled("waived", f"by --allow {finding.waived_by}", style, color=_WARN)
    elif finding.blocks:
        identifier = found.advisory.id if found.advisory is not None else found.code
        yield from _labelled("waive", f"--allow {shlex.quote(f'{identifier}:{found.name}')}", style, color=_QUIET)


def _head(mark: tuple[str, str], what: str, style: Style, *labels: tuple[str, str]) -> Iterator[Text]:
    """The first line of a finding; its labels have a line of their own where they do not fit."""
    told = [(f"  {printable(text)}", color) for text, color in labels if text]
    lines = _lines(what, style, " " * 4)
    fits = len(lines) == 1 and 4 + len(lines[0]) + sum(len(text) for text, _ in told) <= style.width
    yield Text.assemble("  ", mark, (f" {lines[0]}", _STRONG), *(told if fits else ()))
    for line in lines[1:]:
        yield Text(f"    {line}", style=_STRONG)
    if told and not fits:
        yield Text.assemble("  ", *told)


def _label(found: Observation) -> str:
    if found.advisory is None:
        return found.code
    return f"malware {found.advisory.id}" if found.advisory.malware else found.advisory.id


def _rating(advisory: AdvisoryGroup | None) -> str:
    if advisory is None or advisory.severity is None:
        return ""
    return advisory.severity if advisory.score is None else f"{advisory.severity} {advisory.score:.1f}"


def _unchecked(item: Unchecked, style: Style) -> Iterator[Text]:
    color = _QUIET if item.waived_by else _WARN
    if item.name:
        yield from _head(("?", color), f"{item.name} {item.version or ''}".strip(), style, (item.code, color))
    else:
        yield from _head(("?", color), item.code, style)
    yield from _wrapped(item.reason, style, first="    ", rest="    ")
    if item.waived_by is not None:
        yield from _labelled("waived", f"by --allow {item.waived_by}", style, color=_WARN)
    elif item.help:
        yield from _labelled("help", item.help, style)


def _labelled(label: str, text: str, style: Style, color: str = "") -> Iterator[Text]:
    margin = " " * (4 + _LABEL)
    for number, line in enumerate(_lines(text, style, margin)):
        prefix = f"    {label:<{_LABEL}}" if number == 0 else margin
        yield Text.assemble((prefix, _QUIET), (line, color))


def _sentence(word: str, text: str, color: str, style: Style, rest: str = "") -> Iterator[Text]:
    for number, line in enumerate(_wrap(printable(f"{word}: {text}"), style.width - len(rest))):
        drawn = Text(line if number == 0 else rest + line)
        if number == 0:
            drawn.stylize(f"{_STRONG} {color}", 0, len(word) + 1)
        yield drawn


def _next(text: str, style: Style) -> Iterator[Text]:
    yield from _sentence("Next", text, "", style)


def _wrapped(text: str, style: Style, *, first: str = "", rest: str = "", color: str = "") -> Iterator[Text]:
    for number, line in enumerate(_lines(text, style, rest)):
        yield Text((first if number == 0 else rest) + line, style=color)


def _lines(text: str, style: Style, margin: str) -> list[str]:
    """The lines of a text from outside, as they fit beside a margin, and not without end."""
    return _wrap(_cut(printable(text), _LONGEST, style), style.width - len(margin))


def _wrap(text: str, width: int) -> list[str]:
    """Lines of at most so many columns; a word that is longer, such as a URL, stays whole."""
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]


def _cut(text: str, width: int, style: Style) -> str:
    return text if len(text) <= width else text[: max(width - len(style.ellipsis), 0)].rstrip() + style.ellipsis


def _why(chain: tuple[str, ...], origin: Origin | None, style: Style) -> str:
    """The way from what was asked for: the chain, or the place where it was asked for itself."""
    if len(chain) > 1:
        return f" {style.arrow} ".join(chain)
    return "asked for" if origin is None else f"asked for {origin.phrase}"


def _version(item: PlannedInstall, style: Style) -> str:
    version = item.version or "unknown"
    return f"{item.replaces} {style.arrow} {version}" if item.replaces and item.replaces != version else version


def _source(source: AdvisorySource) -> str:
    date = f"as of {source.as_of:%Y-%m-%d}" if source.as_of is not None else "of unknown age"
    note = f"; {source.note}" if source.note and source.note != "unchanged" else ""
    old = "; old" if source.stale else ""
    advisories = f"{source.records:,} {'advisory' if source.records == 1 else 'advisories'}"
    return f"Checked against {advisories} {date}: {source.source}{old}{note}"


def _after_refusal(verdict: Refused) -> str:
    blocking = [finding.observation for finding in verdict.findings if finding.blocks]
    fixable = any(found.advisory is not None and found.advisory.suggested_fix for found in blocking)
    change = "ask for the fixed versions above" if fixable else "ask for other versions"
    waive = ", or waive a finding with its --allow" if any(found.advisory is not None for found in blocking) else ""
    return f"{change}{waive}, and run the same command again."


def _after_gap(unchecked: Iterable[Unchecked]) -> str:
    open_items = [item for item in unchecked if item.waived_by is None]
    helps = list(dict.fromkeys(item.help for item in open_items if item.help))
    return helps[0] if len(open_items) == 1 and helps else "mend what is said above, and run the same command again."


def _asked(report: Report) -> set[str]:
    return {root.name for root in report.verdict.plan.roots}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def _destination(request: Request) -> str:
    """Where the packages go, for people."""
    named, target = request.destination, request.target
    if named.folder is not None and os.path.relpath(named.folder) == os.curdir:
        return "the working directory"
    user = target.user_site if named.user else None
    return _short_path(str(named.folder or named.target_dir or named.root or named.prefix or user or target.prefix))


def _short_path(path: str) -> str:
    """A path for people: relative to the current folder, or to the home folder, where that is shorter."""
    relative = os.path.relpath(path)
    if not relative.startswith(os.pardir):
        return relative
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path


def closing_after_commit(report: Report, style: Style) -> Iterator[Text]:
    """The last word after pip has installed everything."""
    packages = _count(len(report.verdict.plan.install), "package")
    yield from _sentence("Done", f"{packages} installed in {_destination(report.request)}.", _GOOD, style)


def closing_after_delivery(report: Report, style: Style, *, saved: int, kept: int) -> Iterator[Text]:
    """The last word after the files are where they were wanted. saved, kept: how many were written, or were there."""
    there = f"{_count(kept, 'file')} {'was' if kept == 1 else 'were'} there already" if kept else ""
    done = f"{_count(saved, 'file')} saved in {_destination(report.request)}" if saved else ""
    where = "" if saved else f" in {_destination(report.request)}"
    yield from _sentence("Done", f"{_listed([done, f'{there}{where}' if there else ''])}.", _GOOD, style)
