"""``--format text``: for people. By package, the worst first: what it is, where and why it is there, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.text import Text

from safe_pip import __version__, urls
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import SkippedDependency, notes_of
from safe_pip.model import AdvisoryGroup, AdvisorySource
from safe_pip.report.audit import Look
from safe_pip.report.audit.closing import MOST_PLACES, closing, word
from safe_pip.report.audit.entries import (
    Entry,
    entries,
    headline,
    link,
    upgrade,
    waiver,
    web_references,
)
from safe_pip.report.audit.prose import drawn, fitted, paragraphs
from safe_pip.report.drawing import (
    BAD,
    GOOD,
    QUIET,
    SEVERITY_COLORS,
    STRONG,
    WARN,
    about_unchecked,
    exploited,
    short_path,
    waived_in,
    wrapped,
)
from safe_pip.report.plain import Style, count, listed, printable
from safe_pip.report.telling import about_findings

_MOST_NAMES = 12
_MOST_ADDRESSES = 5
_LEAST_HEADLINE = 20
"""Columns that the words about a finding need on its line; with less room they have one of their own."""


def render(audited: Audited, look: Look) -> str:
    """The report; colours and links only where ``look`` has them."""
    style = Style(max(look.width, 40), look.unicode)
    text = drawn(_lines(audited, look, style), color=look.color, links=look.links)
    return text if look.unicode else text.encode("ascii", "backslashreplace").decode("ascii")


def _lines(audited: Audited, look: Look, style: Style) -> Iterator[Text]:
    made = entries(audited, look.sort)
    affected = [entry for entry in made if entry.findings]
    yield from _title(audited, look, style)
    for entry in affected:
        yield Text()
        yield from _package(entry, look, style)
    yield from _others(audited, style)
    yield from _skipped(audited.skipped, style)
    if audited.unchecked:
        yield Text()
        yield Text(f"{count(len(audited.unchecked), 'thing')} could not be checked", style=STRONG)
        for item in audited.unchecked:
            yield from about_unchecked(item, style)
    yield from _left_out(audited, style)
    for note in notes_of(audited.inventories):
        yield Text()
        yield from wrapped(f"Note: {note}", style, rest="  ")
    if audited.sources:
        yield Text()
        for source in audited.sources:
            yield from wrapped(_source(source, look.now), style, rest="  ", color=WARN if source.stale else QUIET)
    yield Text()
    yield from closing(audited, affected, len(made), style)


def _title(audited: Audited, look: Look, style: Style) -> Iterator[Text]:
    """What was audited: the target and the inputs, one line where it fits."""
    names = [short_path(urls.redacted(item.input.name)) for item in audited.inventories]
    inputs = listed(names[:MOST_PLACES]) + (f" and {len(names) - MOST_PLACES:,} more" * (len(names) > MOST_PLACES))
    python = f"Python {look.target.version}" if look.target is not None else ""
    title = f" {style.dot} ".join(part for part in (f"safe-pip {__version__}", python, inputs) if part)
    for number, line in enumerate(wrapped(title, style, rest="  ", color=QUIET)):
        if number == 0:
            line.stylize(f"not dim {STRONG}", 0, len("safe-pip"))
        yield line


# --------------------------------------------------------------------------- a package


def _package(entry: Entry, look: Look, style: Style) -> Iterator[Text]:
    """A package: its name and places, a line a finding, then why it is there and what to do."""
    name = printable(f"{entry.dependencies[0].shown_name if entry.dependencies else entry.name} {entry.version}")
    where = printable(_places(entry))
    fits = cell_len(name) + 2 + cell_len(where) <= style.width
    yield Text.assemble((name, STRONG), (f"  {where}" if fits else "", QUIET))
    if not fits:
        yield from wrapped(where, style, first="  ", rest="  ", color=QUIET)
    rated = max(len(word(found.advisory)) for found in entry.findings)
    ids = min(max(len(printable(found.advisory.id)) for found in entry.findings), 24)
    for found in entry.findings:
        yield from _finding(found, rated, ids, style)
        if look.aliases or look.descriptions:
            yield from _more(found.advisory, look, style)
    yield from _reasons(entry, style)
    chain = next((item.chain for item in entry.dependencies if len(item.chain) > 1), ())
    if chain:
        yield from _labelled("why", f" {style.arrow} ".join(chain), style)
    fix, color = _what_to_do(entry)
    yield from _labelled("fix", fix, style, color)


def _finding(found: AuditFinding, rated: int, ids: int, style: Style) -> Iterator[Text]:
    group = found.advisory
    rating, identifier = word(group), printable(group.id)
    color = SEVERITY_COLORS["critical"] if group.malware else SEVERITY_COLORS.get(group.severity or "", QUIET)
    address = link(group)
    line = Text.assemble("  ", (rating, color), " " * (rated - len(rating) + 2))
    line.append(identifier, f"link {address}" if address else "")
    words = printable(": ".join(part for part in (exploited(group), headline(group)[:400]) if part))
    start = 2 + rated + 2 + max(ids, len(identifier)) + 2
    if style.width - start >= _LEAST_HEADLINE:
        line.append(" " * (start - cell_len(line.plain)) + fitted(words, style.width - start, style))
        yield line
    else:
        yield line
        yield Text(f"    {fitted(words, style.width - 4, style)}")


def _reasons(entry: Entry, style: Style) -> Iterator[Text]:
    """The lines of a policy file that give findings their levels, each once, with the ids that it is about."""
    by_line: dict[str, list[str]] = {}
    for found in entry.findings:
        line = found.finding.because
        if line is not None and line.origin is not None:
            told = f"{line.setting} {style.dot} {line.origin}"
            by_line.setdefault(told, []).append(found.advisory.id)
    for told, ids in by_line.items():
        more = f" and {len(ids) - MOST_PLACES:,} more" if len(ids) > MOST_PLACES else ""
        about = "" if len(ids) == len(entry.findings) else f": {', '.join(ids[:MOST_PLACES])}{more}"
        yield from _labelled("by", f"{told}{about}", style, QUIET)


def _more(group: AdvisoryGroup, look: Look, style: Style) -> Iterator[Text]:
    """What ``--aliases`` and ``--desc`` add to a finding."""
    if look.aliases and group.aliases:
        yield from wrapped(f"also known as {', '.join(group.aliases)}", style, first="    ", rest="    ", color=QUIET)
    if look.descriptions:
        if group.severity_source:
            yield from wrapped(f"severity from {group.severity_source}", style, first="    ", rest="    ", color=QUIET)
        yield from paragraphs(group.details or group.summary, "    ", style)
        addresses = web_references(group)
        for url in addresses[:_MOST_ADDRESSES]:
            yield Text.assemble("    ", (printable(url), f"{QUIET} link {url}"))
        if len(addresses) > _MOST_ADDRESSES:
            yield Text(f"    and {len(addresses) - _MOST_ADDRESSES} more addresses", style=QUIET)
        yield Text()


def _places(entry: Entry) -> str:
    """Where it is named; of one file all lines together."""
    named: dict[str, list[str]] = {}
    for item in entry.dependencies:
        lines = named.setdefault(short_path(urls.redacted(item.input.name)), [])
        if item.line is not None:
            lines.append(str(item.line))
    told = [":".join(part for part in (name, ",".join(dict.fromkeys(lines))) if part) for name, lines in named.items()]
    more = f" and {len(told) - MOST_PLACES:,} more" if len(told) > MOST_PLACES else ""
    return ", ".join(told[:MOST_PLACES]) + more


def _what_to_do(entry: Entry) -> tuple[str, str]:
    """What to do about a package, and the colour of it."""
    fix = upgrade(entry)
    number = len(entry.findings)
    open_ones = [found.advisory for found in entry.findings if not found.advisory.suggested_fix]
    if any(found.advisory.malware for found in entry.findings) and (fix is None or open_ones):
        return "remove it, and look at what it could reach; check the name for a slip of the keys", BAD
    if fix is None:
        newer = [found.advisory.newer_fixes[0] for found in entry.findings if found.advisory.newer_fixes]
        if newer:
            return f"{', '.join(dict.fromkeys(newer))} would help, but no newer version is free of every advisory", WARN
        return "no fixed version is known", WARN
    if open_ones:
        ids = listed(item.id for item in open_ones[:MOST_PLACES])
        more = f" and {len(open_ones) - MOST_PLACES} more" if len(open_ones) > MOST_PLACES else ""
        return f"upgrade to {fix}; for {ids}{more} no fixed version is named", WARN
    return f"upgrade to {fix}" + (
        "" if number == 1 else f", which fixes all {number}" if number > 2 else ", which fixes both"
    ), GOOD


def _labelled(label: str, text: str, style: Style, color: str = "") -> Iterator[Text]:
    margin = " " * 7
    for number, line in enumerate(wrapped(text, Style(style.width - len(margin), style.unicode))):
        yield Text.assemble((f"  {label:<5}" if number == 0 else margin, QUIET), (line.plain, color))


# --------------------------------------------------------------------------- what else there is to say


def _others(audited: Audited, style: Style) -> Iterator[Text]:
    """Findings that no advisory speaks of, such as about the policy; what waives them is told beside them."""
    if audited.others:
        yield Text()
        yield Text(f"{count(len(audited.others), 'finding')} besides", style=STRONG)
        yield from about_findings([item.finding for item in audited.others], style)


def _skipped(skipped: Iterable[SkippedDependency], style: Style) -> Iterator[Text]:
    """What was not looked at, by reason."""
    by_reason: dict[str, dict[str, None]] = {}
    for item in skipped:
        by_reason.setdefault(item.reason, {})[item.name] = None
    number = sum(map(len, by_reason.values()))
    if not number:
        return
    yield Text()
    yield Text(f"{number:,} skipped", style=STRONG)
    for reason, names in sorted(by_reason.items(), key=lambda pair: -len(pair[1])):
        told = ", ".join(list(names)[:_MOST_NAMES])
        more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
        yield from wrapped(f"{len(names):,}  {reason}: {told}{more}", style, first="  ", rest="     ")


def _left_out(audited: Audited, style: Style) -> Iterator[Text]:
    """What was found and is not shown, and the words that took nothing out."""
    ignored = [(entry, found) for entry in entries(audited, "name") for found in entry.ignored]
    if ignored:
        yield Text()
        yield Text(f"{len(ignored):,} ignored", style=STRONG)
        for entry, found in ignored[:_MOST_NAMES]:
            told = f"{word(found.advisory)}  {found.advisory.id}  {entry.name} {entry.version}"
            by = "" if waiver(found) in found.advisory.ids else f"  as {waiver(found)}"
            by = f"  {waived_in(found.finding)}" if found.finding.exception is not None else by
            yield from wrapped(f"{told}{by}", style, first="  ", rest="    ", color=QUIET)
        if len(ignored) > _MOST_NAMES:
            yield Text(f"  and {len(ignored) - _MOST_NAMES:,} more", style=QUIET)
    if audited.filtered:
        yield Text()
        more = count(audited.filtered, "more finding")
        yield from wrapped(f"{more} left out by --min-severity or --fixable-only.", style, rest="  ", color=QUIET)
    for unused in audited.unused_ignores:
        yield Text()
        yield from wrapped(f"{unused} matched nothing here; it can be taken out.", style, rest="  ", color=WARN)


def _source(source: AdvisorySource, now: datetime) -> str:
    note = f"; {source.note}" if source.note and source.note != "unchanged" else ""
    advisories = f"{source.records:,} {'advisory' if source.records == 1 else 'advisories'}"
    if source.as_of is None:
        # A service is asked now, and does not say how many it has.
        told = f"{source.source}, {advisories}" if source.records else source.source
        return f"Checked against {told}{', of unknown age' if source.stale else ''}{note}"
    old = ", old" if source.stale else ""
    date = f"{source.as_of:%Y-%m-%d} ({_age(now - source.as_of)}{old})"
    return f"Checked against {advisories} as of {date}: {source.source}{note}"


def _age(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    if hours < 1:
        return "just now"
    return f"{count(hours, 'hour')} ago" if hours < 48 else f"{age.days:,} days ago"
