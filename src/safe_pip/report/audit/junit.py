"""``--format junit``: JUnit's XML, as CI systems read it: a suite an input, a test case a version."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput
from safe_pip.model import Level
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, headline, link, place, severity, waiver
from safe_pip.report.json import time_text
from safe_pip.report.plain import printable


def render(audited: Audited, look: Look) -> str:
    """The report as XML in ASCII. Findings that count are failures; what could not be checked is an error."""
    suites = Element("testsuites", {"name": "safe-pip audit"})
    by_input: dict[AuditInput, list[Entry]] = {inventory.input: [] for inventory in audited.inventories}
    for entry in entries(audited):
        for named in entry.inputs:
            by_input.setdefault(named, []).append(entry)
    for named, its in by_input.items():
        suite = _suite(suites, named.name, look)
        for entry in its:
            _case(suite, named, entry, audited.fail_on)
        for item in audited.skipped:
            if item.input == named:
                label = f"{item.name} {item.version or ''}".strip()
                case = _child(suite, "testcase", classname=named.name, name=label)
                kind = "error" if item.code == "unparsable" else "skipped"
                _child(case, kind, message=item.reason, **({"type": item.code} if kind == "error" else {}))
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


def _case(suite: Element, named: AuditInput, entry: Entry, fail_on: Level | None) -> None:
    case = _child(suite, "testcase", classname=named.name, name=f"{entry.name} {entry.version}", time="0")
    failing = [item for item in entry.findings if fail_on is not None and item.finding.level >= fail_on]
    others = [item for item in entry.findings if item not in failing]
    if failing:
        ids = ", ".join(item.advisory.id for item in failing)
        worst = failing[0].finding.observation.code
        failure = _child(case, "failure", message=ids, type=worst)
        places = (place(item) for item in entry.dependencies if item.input == named)
        failure.text = _block([*(_told(item) for item in failing), f"Found in {', '.join(places)}."])
    if others or entry.ignored:
        told = [*(_told(item) for item in others)]
        told += [f"{_told(item)} [ignored on request ({waiver(item)})]" for item in entry.ignored]
        _child(case, "system-out").text = _block(told)


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
