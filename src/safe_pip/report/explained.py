"""``safe-pip explain``: one advisory, or all about one package, in full: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from packaging.utils import NormalizedName
from rich.text import Text

from safe_pip.advisories.account import Account, AffectedPackage
from safe_pip.model import AdvisorySource, Unchecked
from safe_pip.report.audit.entries import page, web_address
from safe_pip.report.audit.prose import drawn, paragraphs
from safe_pip.report.drawing import (
    BAD,
    GOOD,
    QUIET,
    SEVERITY_COLORS,
    STRONG,
    WARN,
    about_source,
    about_unchecked,
    next_step,
    sentence,
    wrapped,
)
from safe_pip.report.json import source_dict, unchecked_dict
from safe_pip.report.places import redacted
from safe_pip.report.plain import Style, count, listed, printable

SCHEMA = "safe-pip.explain/1"
_LABEL = 11
_MOST_VERSIONS = 12
_MOST_SPANS = 12


@dataclass(frozen=True)
class Explained:
    """What was asked, and all that the local advisories say of it.

    package, version: where a package was asked for. accounts: of it, or the one with the id that was asked for; with a
    version only those that affect it. others: how many more there are about the package. fix: the version to go to.
    alike: a name that may have been meant.
    """

    accounts: tuple[Account, ...]
    sources: tuple[AdvisorySource, ...]
    package: NormalizedName | None = None
    version: str | None = None
    others: int = 0
    fix: str | None = None
    unchecked: tuple[Unchecked, ...] = ()
    alike: str | None = None


def as_text(told: Explained, style: Style, *, color: bool = False, links: bool = False) -> str:
    """The explanation for people."""
    text = drawn(_lines(told, style), color=color, links=links)
    return text if style.unicode else text.encode("ascii", "backslashreplace").decode("ascii")


def as_dict(told: Explained) -> dict[str, Any]:
    """The explanation as plain values; the keys are listed in reference/json.md."""
    values = {
        "schema": SCHEMA,
        "package": told.package,
        "version": told.version,
        "suggested_fix": told.fix,
        "others": told.others,
        "advisories": [_account_dict(item) for item in told.accounts],
        "unchecked": [unchecked_dict(item) for item in told.unchecked],
        "sources": [source_dict(item) for item in told.sources],
    }
    return redacted(values)


def _account_dict(item: Account) -> dict[str, Any]:
    return {
        "id": item.id,
        "aliases": list(item.aliases),
        "malware": item.malware,
        "severity": item.severity,
        "score": item.score,
        "severity_source": item.severity_source,
        "summary": item.summary,
        "details": item.details,
        "references": list(item.references),
        "published": item.published,
        "modified": item.modified,
        "affected": [
            {
                "name": package.name,
                "ranges": [span._asdict() for span in package.spans],
                "versions": list(package.versions),
                "fix_versions": list(package.fix_versions),
            }
            for package in item.affected
        ],
        "records": [record._asdict() for record in item.records],
    }


def _lines(told: Explained, style: Style) -> Iterator[Text]:
    for number, account in enumerate(told.accounts):
        if number:
            yield Text()
            yield Text(("─" if style.unicode else "-") * min(style.width, 80), style=QUIET)
            yield Text()
        yield from _account(account, style)
    if told.accounts:
        yield Text()
    if told.unchecked:
        yield Text(f"{count(len(told.unchecked), 'thing')} could not be checked", style=STRONG)
        for item in told.unchecked:
            yield from about_unchecked(item, style)
        yield Text()
    for source in told.sources:
        yield from wrapped(about_source(source), style, rest="  ", color=WARN if source.stale else QUIET)
    if told.package is not None:
        yield Text()
        yield from _about_package(told, told.package, style)


def _about_package(told: Explained, package: NormalizedName, style: Style) -> Iterator[Text]:
    """The outcome for a package, and the next step."""
    what = f"{package} {told.version}" if told.version else package
    number = len(told.accounts)
    others = ""
    if told.others:
        others = f" {told.others:,} more {'is' if told.others == 1 else 'are'} about other versions of it."
    if not number:
        yield from sentence("Nothing known", f"no advisory here is about {what}.{others}", GOOD, style)
        if told.alike:
            yield from next_step(f"if {told.alike} was meant, `safe-pip explain {told.alike}`.", style)
        return
    advisories = "advisory is" if number == 1 else "advisories are"
    if told.version is None:
        yield from sentence("Known", f"{number:,} {advisories} about {what}.", "", style)
        yield from next_step(f"`safe-pip explain {package}==VERSION` tells those that affect a version.", style)
        return
    affect = "affects" if number == 1 else "affect"
    noun = "advisory" if number == 1 else "advisories"
    yield from sentence("Vulnerable", f"{number:,} {noun} {affect} {what}.{others}", BAD, style)
    if told.fix:
        yield from next_step(f"upgrade to {package} {told.fix}, which no advisory here affects.", style)
    else:
        yield from next_step("no fixed version is known: use another package, or accept it with --ignore-vuln.", style)


def _account(account: Account, style: Style) -> Iterator[Text]:
    """One advisory: what it is, what it affects, its details and addresses."""
    word = "malware" if account.malware else account.severity or "severity unknown"
    score = f" {account.score:.1f}" if account.score is not None else ""
    color = SEVERITY_COLORS.get("critical" if account.malware else account.severity or "", QUIET)
    address = page(account.id)
    yield Text.assemble(
        (printable(account.id), f"{STRONG} link {address}" if address else STRONG),
        ("  ", ""),
        (f"{word}{score}", color),
    )
    if account.summary:
        yield from wrapped(account.summary, style)
    yield Text()
    if account.aliases:
        yield from _row("also", ", ".join(account.aliases), style)
    if account.severity_source:
        yield from _row("severity", f"{account.severity}{score}, from {account.severity_source}", style)
    for number, package in enumerate(account.affected):
        yield from _row("affects" if number == 0 else "", f"{package.name} {_versions(package)}", style)
    fixed = [item for item in account.affected if item.fix_versions]
    for number, package in enumerate(fixed):
        text = f"{package.name} {', '.join(package.fix_versions)}"
        yield from _row("fixed in" if number == 0 else "", text, style, GOOD)
    if not fixed:
        yield from _row("fixed in", "no version that is known", style, WARN)
    times = listed(
        [
            f"{account.published[:10]}" if account.published else "",
            f"{'changed ' if account.published else ''}{account.modified[:10]}" if account.modified else "",
        ]
    )
    if times:
        yield from _row("published" if account.published else "changed", times, style)
    withdrawn = [record for record in account.records if record.withdrawn]
    for record in withdrawn:
        yield from _row("withdrawn", f"{record.id}, {(record.withdrawn or '')[:10]}", style, WARN)
    if account.details and account.details != account.summary:
        yield Text()
        yield from paragraphs(account.details, "", style)
    addresses = [url for url in account.references if web_address(url)]
    if addresses:
        yield Text()
        for url in addresses:
            yield Text(printable(url), style=f"{QUIET} link {url}")


def _versions(package: AffectedPackage) -> str:
    """What is affected, in words: ranges, else the versions that are listed one by one."""
    if package.spans:
        return _some([span.words for span in package.spans], _MOST_SPANS, "; ")
    return _some(package.versions, _MOST_VERSIONS, ", ") or "every version"


def _some(texts: Iterable[str], most: int, between: str) -> str:
    every = list(texts)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return between.join(every[:most]) + more


def _row(label: str, text: str, style: Style, color: str = "") -> Iterator[Text]:
    margin = " " * _LABEL
    for number, line in enumerate(wrapped(text, Style(style.width - _LABEL, style.unicode))):
        yield Text.assemble((f"{label:<{_LABEL}}" if number == 0 else margin, QUIET), (line.plain, color))
