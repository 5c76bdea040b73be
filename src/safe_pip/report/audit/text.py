"""``--format text``: for people. By package, the worst first: what it is, where and why it is there, what to do."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.text import Text

from safe_pip import __version__, urls
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import SkippedDependency, notes_of
from safe_pip.model import AdvisoryGroup, AdvisorySource
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import (
    SEVERITIES,
    Entry,
    entries,
    headline,
    link,
    severity,
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
    after_gap,
    next_step,
    sentence,
    short_path,
    wrapped,
)
from safe_pip.report.plain import Style, count, listed, printable

_MALWARE = "malware"
_MOST_NAMES = 12
_MOST_PLACES = 3
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
    yield from _closing(audited, affected, len(made), style)


def _title(audited: Audited, look: Look, style: Style) -> Iterator[Text]:
    """What was audited: the target and the inputs, one line where it fits."""
    names = [short_path(urls.redacted(item.input.name)) for item in audited.inventories]
    inputs = listed(names[:_MOST_PLACES]) + (f" and {len(names) - _MOST_PLACES:,} more" * (len(names) > _MOST_PLACES))
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
    rated = max(len(_word(found.advisory)) for found in entry.findings)
    ids = min(max(len(printable(found.advisory.id)) for found in entry.findings), 24)
    for found in entry.findings:
        yield from _finding(found, rated, ids, style)
        if look.aliases or look.descriptions:
            yield from _more(found.advisory, look, style)
    chain = next((item.chain for item in entry.dependencies if len(item.chain) > 1), ())
    if chain:
        yield from _labelled("why", f" {style.arrow} ".join(chain), style)
    fix, color = _what_to_do(entry)
    yield from _labelled("fix", fix, style, color)


def _finding(found: AuditFinding, rated: int, ids: int, style: Style) -> Iterator[Text]:
    group = found.advisory
    word, identifier = _word(group), printable(group.id)
    color = SEVERITY_COLORS["critical"] if group.malware else SEVERITY_COLORS.get(group.severity or "", QUIET)
    address = link(group)
    line = Text.assemble("  ", (word, color), " " * (rated - len(word) + 2))
    line.append(identifier, f"link {address}" if address else "")
    words = printable(headline(group)[:400])
    start = 2 + rated + 2 + max(ids, len(identifier)) + 2
    if style.width - start >= _LEAST_HEADLINE:
        line.append(" " * (start - cell_len(line.plain)) + fitted(words, style.width - start, style))
        yield line
    else:
        yield line
        yield Text(f"    {fitted(words, style.width - 4, style)}")


def _word(group: AdvisoryGroup) -> str:
    return _MALWARE if group.malware else severity(group)


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
    more = f" and {len(told) - _MOST_PLACES:,} more" if len(told) > _MOST_PLACES else ""
    return ", ".join(told[:_MOST_PLACES]) + more


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
        ids = listed(item.id for item in open_ones[:_MOST_PLACES])
        more = f" and {len(open_ones) - _MOST_PLACES} more" if len(open_ones) > _MOST_PLACES else ""
        return f"upgrade to {fix}; for {ids}{more} no fixed version is named", WARN
    return f"upgrade to {fix}" + (
        "" if number == 1 else f", which fixes all {number}" if number > 2 else ", which fixes both"
    ), GOOD


def _labelled(label: str, text: str, style: Style, color: str = "") -> Iterator[Text]:
    margin = " " * 7
    for number, line in enumerate(wrapped(text, Style(style.width - len(margin), style.unicode))):
        yield Text.assemble((f"  {label:<5}" if number == 0 else margin, QUIET), (line.plain, color))


# --------------------------------------------------------------------------- what else there is to say


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
            word = f"{_word(found.advisory)}  {found.advisory.id}  {entry.name} {entry.version}"
            by = "" if waiver(found) in found.advisory.ids else f"  as {waiver(found)}"
            yield from wrapped(f"{word}{by}", style, first="  ", rest="    ", color=QUIET)
        if len(ignored) > _MOST_NAMES:
            yield Text(f"  and {len(ignored) - _MOST_NAMES:,} more", style=QUIET)
    if audited.filtered:
        yield Text()
        more = count(audited.filtered, "more finding")
        yield from wrapped(f"{more} left out by --min-severity or --fixable-only.", style, rest="  ", color=QUIET)
    for word in audited.unused_ignores:
        yield Text()
        yield from wrapped(f"{word} matched nothing here; it can be taken out.", style, rest="  ", color=WARN)


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


def _closing(audited: Audited, affected: list[Entry], total: int, style: Style) -> Iterator[Text]:
    """The outcome in one sentence, and the next step last."""
    open_gaps = [item for item in audited.unchecked if item.waived_by is None]
    unread = sum(1 for item in audited.skipped if item.code == "unparsable")
    gaps = listed(
        [
            f"{count(len(open_gaps), 'thing')} could not be checked" if open_gaps else "",
            f"{count(unread, 'entry').replace('entrys', 'entries')} could not be read" if unread else "",
        ]
    )
    if affected:
        number = sum(len(entry.findings) for entry in affected)
        ratings = Counter(_word(found.advisory).split()[0] for entry in affected for found in entry.findings)
        order = (_MALWARE, *(word or "unknown" for word in SEVERITIES))
        told = listed(f"{ratings[word]:,} {word}" for word in order if ratings[word])
        found = f"{count(number, 'finding')} in {len(affected):,} of {count(total, 'package')}: {told}."
        failing = audited.word == "refused"
        yield from sentence("Vulnerable", f"{found}{f' {gaps}.' if gaps else ''}", BAD if failing else WARN, style)
        yield from next_step(_after_findings(affected), style)
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
    more = f" and {len(fixes) - _MOST_PLACES:,} more" if len(fixes) > _MOST_PLACES else ""
    return f"upgrade to {', '.join(fixes[:_MOST_PLACES])}{more}, and run the same command again; {explain}"


def _after_incomplete(audited: Audited) -> str:
    if any(item.waived_by is None for item in audited.unchecked):
        return after_gap(audited.unchecked)
    if any(item.code == "unparsable" for item in audited.skipped):
        return "mend the entries that could not be read, and run the same command again."
    return "audit something with versions that an index has, or leave out --strict."
