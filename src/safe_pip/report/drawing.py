"""How reports for people are drawn: colours, marks, lines that fit, and texts from outside made safe to show."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator

from rich.text import Text

from safe_pip.model import AdvisoryGroup, AdvisorySource, Finding, Unchecked
from safe_pip.report.plain import Style, listed, printable

BAD = "red"
WARN = "yellow"
GOOD = "green"
QUIET = "dim"
STRONG = "bold"
SEVERITY_COLORS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
LABEL = 7
_LEAST_EPSS = 0.01
LONGEST = 1_000
"""So many characters of a text from outside are shown. A reason for a yank, for one, may be as long as a page."""


def head(mark: tuple[str, str], what: str, style: Style, *labels: tuple[str, str]) -> Iterator[Text]:
    """The first line of a finding; its labels have a line of their own where they do not fit."""
    told = [(f"  {printable(text)}", color) for text, color in labels if text]
    lines = text_lines(what, style, " " * 4)
    fits = len(lines) == 1 and 4 + len(lines[0]) + sum(len(text) for text, _ in told) <= style.width
    yield Text.assemble("  ", mark, (f" {lines[0]}", STRONG), *(told if fits else ()))
    for line in lines[1:]:
        yield Text(f"    {line}", style=STRONG)
    if told and not fits:
        yield Text.assemble("  ", *told)


def labelled(label: str, text: str, style: Style, color: str = "", width: int = LABEL) -> Iterator[Text]:
    """A line of a finding with its label before it, wrapped beside that. width: columns of the label."""
    margin = " " * (4 + width)
    for number, line in enumerate(text_lines(text, style, margin)):
        prefix = f"    {label:<{width}}" if number == 0 else margin
        yield Text.assemble((prefix, QUIET), (line, color))


def about_unchecked(item: Unchecked, style: Style) -> Iterator[Text]:
    """Something that could not be checked, and what to do about it."""
    color = QUIET if item.waived_by else WARN
    if item.name:
        yield from head(("?", color), f"{item.name} {item.version or ''}".strip(), style, (item.code, color))
    else:
        yield from head(("?", color), item.code, style)
    yield from wrapped(item.reason, style, first="    ", rest="    ")
    if item.waived_by is not None:
        by = "by" if item.excepted else "by --allow"
        yield from labelled("waived", f"{by} {item.waived_by}", style, color=WARN)
    elif item.help:
        yield from labelled("help", item.help, style)


def after_gap(unchecked: Iterable[Unchecked]) -> str:
    """What to do where something could not be checked."""
    open_items = [item for item in unchecked if item.waived_by is None]
    helps = list(dict.fromkeys(item.help for item in open_items if item.help))
    return helps[0] if len(open_items) == 1 and helps else "mend what is said above, and run the same command again."


def about_source(source: AdvisorySource) -> str:
    """What was looked at, and how old it is."""
    date = f"as of {source.as_of:%Y-%m-%d}" if source.as_of is not None else "of unknown age"
    note = f"; {source.note}" if source.note and source.note != "unchanged" else ""
    old = "; old" if source.stale else ""
    advisories = f"{source.records:,} {'advisory' if source.records == 1 else 'advisories'}"
    return f"Checked against {advisories} {date}: {source.source}{old}{note}"


def rating(advisory: AdvisoryGroup | None) -> str:
    """The severity in words, with its score where there is one."""
    if advisory is None or advisory.severity is None:
        return ""
    return advisory.severity if advisory.score is None else f"{advisory.severity} {advisory.score:.1f}"


def exploited(advisory: AdvisoryGroup | None) -> str:
    """What the lists and scores that the policy names say of an advisory, in a few words."""
    if advisory is None:
        return ""
    score = ""
    if advisory.epss is not None:
        score = f"EPSS {advisory.epss:.2f}" if advisory.epss >= _LEAST_EPSS else f"EPSS below {_LEAST_EPSS}"
    return listed(["exploited" if advisory.kev else "", score])


def waived_in(finding: Finding) -> str:
    """Where the policy excepts a finding, until when and why."""
    exception = finding.exception
    if exception is None:
        return ""
    until = f", until {exception.expires}" if exception.expires is not None else ""
    return f"by {finding.waived_by}{until}{f': {exception.reason}' if exception.reason else ''}"


def sentence(word: str, text: str, color: str, style: Style, rest: str = "") -> Iterator[Text]:
    """A sentence behind a word that says how it is meant."""
    for number, line in enumerate(wrap(printable(f"{word}: {text}"), style.width - len(rest))):
        drawn = Text(line if number == 0 else rest + line)
        if number == 0:
            drawn.stylize(f"{STRONG} {color}", 0, len(word) + 1)
        yield drawn


def next_step(text: str, style: Style) -> Iterator[Text]:
    """What to do next: the last word of a report."""
    yield from sentence("Next", text, "", style)


def wrapped(text: str, style: Style, *, first: str = "", rest: str = "", color: str = "") -> Iterator[Text]:
    """A text from outside, wrapped; first, rest: what stands before its lines."""
    for number, line in enumerate(text_lines(text, style, rest)):
        yield Text((first if number == 0 else rest) + line, style=color)


def text_lines(text: str, style: Style, margin: str) -> list[str]:
    """The lines of a text from outside, as they fit beside a margin, and not without end."""
    return wrap(cut(printable(text), LONGEST, style), style.width - len(margin))


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most so many columns; a word that is longer, such as a URL, stays whole."""
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]


def cut(text: str, width: int, style: Style) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= width else text[: max(width - len(style.ellipsis), 0)].rstrip() + style.ellipsis


def short_path(path: str) -> str:
    """A path for people: relative to the current folder, or to the home folder, where that is shorter."""
    relative = os.path.relpath(path)
    if not relative.startswith(os.pardir):
        return relative
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(home + os.sep) else path
