"""``--format junit``: JUnit's XML, as CI systems read it: a suite an input, a test case a version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput, SkippedDependency
from safe_pip.model import Level
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, headline, link, place, severity, waiver
from safe_pip.report.json import time_text
from safe_pip.report.plain import printable


def render(audited: Audited, look: Look) -> str:
    """The report as XML in ASCII. Findings that count are failures; what could not be checked is an error."""
    suites = Element("testsuites", {"name": "safe-pip audit"})
    by_input: dict[AuditInput, list[tuple[_Told, list[str]]]] = {item.input: [] for item in audited.inventories}
    for entry in entries(audited):
        told = _told_of(entry, audited.fail_on)
        places: dict[AuditInput, list[str]] = {}
        for item in entry.dependencies:
            places.setdefault(item.input, []).append(place(item))
        for named, its in places.items():
            by_input.setdefault(named, []).append((told, its))
    skipped: dict[AuditInput, list[SkippedDependency]] = {}
    for left_out in audited.skipped:
        skipped.setdefault(left_out.input, []).append(left_out)
    for named, cases in by_input.items():
        suite = _suite(suites, named.name, look)
        for told, its in cases:
            _case(suite, named, told, its)
        for left_out in skipped.get(named, ()):
            label = f"{left_out.name} {left_out.version or ''}".strip()
            case = _child(suite, "testcase", classname=named.name, name=label)
            kind = "error" if left_out.code == "unparsable" else "skipped"
            _child(case, kind, message=left_out.reason, **({"type": left_out.code} if kind == "error" else {}))
    if audited.others:
        suite = _suite(suites, "policy", look)
        for other in audited.others:
            _other(suite, other, fails=audited.fail_on is not None and other.finding.blocks)
    gaps = [item for item in audited.unchecked if item.waived_by is None]
    if gaps:
        suite = _suite(suites, "could not be checked", look)
        for gap in gaps:
            label = " ".join(part for part in (gap.name, gap.version) if part) or gap.code
            case = _child(suite, "testcase", classname=gap.code, name=label)
            _child(case, "error", message=gap.reason, type=gap.code).text = printable(gap.help)
    for element in (*suites, suites):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(name, str(sum(1 for _ in element.iter(tag))))
    indent(suites)
    text: bytes = tostring(suites, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"


def _suite(suites: Element, name: str, look: Look) -> Element:
    # xs:dateTime without a zone, as the schema in use has it; the time is in UTC.
    return _child(suites, "testsuite", name=name, timestamp=(time_text(look.now) or "").rstrip("Z"), time="0")


@dataclass(frozen=True)
class _Told:
    """What is told of a version, the same in each input that has it. other: of what makes no failure."""

    label: str
    ids: str
    worst: str
    failing: str
    other: str


def _told_of(entry: Entry, fail_on: Level | None) -> _Told:
    failing = [item for item in entry.findings if fail_on is not None and item.finding.level >= fail_on]
    others = [_told(item) for item in entry.findings if item not in failing]
    others += [f"{_told(item)} [ignored on request ({waiver(item)})]" for item in entry.ignored]
    return _Told(
        f"{entry.name} {entry.version}",
        ", ".join(item.advisory.id for item in failing),
        failing[0].finding.observation.code if failing else "",
        _block(map(_told, failing)),
        _block(others),
    )


def _case(suite: Element, named: AuditInput, told: _Told, places: Iterable[str]) -> None:
    case = _child(suite, "testcase", classname=named.name, name=told.label, time="0")
    if told.failing:
        failure = _child(case, "failure", message=told.ids, type=told.worst)
        found = f"Found in {', '.join(places)}."
        failure.text = f"{told.failing}\n{printable(found)}"
    if told.other:
        _child(case, "system-out").text = told.other


def _other(suite: Element, item: AuditFinding, *, fails: bool) -> None:
    """A finding that no advisory speaks of."""
    found, waived = item.finding.observation, item.finding.waived_by
    case = _child(suite, "testcase", classname=found.code, name=f"{found.name} {found.version}".strip() or found.code)
    told = f"{found.message} {found.help}".strip() + (f" [ignored on request ({waived})]" if waived else "")
    if fails:
        _child(case, "failure", message=found.code, type=found.code).text = printable(told)
    else:
        _child(case, "system-out").text = printable(told)


def _told(item: AuditFinding) -> str:
    group = item.advisory
    fix = f" {item.finding.observation.help}" if item.finding.observation.help else ""
    where = f" {link(group)}" if link(group) else ""
    return f"{group.id} ({severity(group)}): {headline(group)[:1_000]}{fix}{where}"


def _block(lines: Iterable[str]) -> str:
    return "\n".join(map(printable, lines))


def _child(parent: Element, tag: str, **attributes: str) -> Element:
    """An element in which every text is one that XML can hold."""
    return SubElement(parent, tag, {key: printable(value) for key, value in attributes.items()})
