"""What holds for every format of an audit: hostile texts, secrets, nothing found, and very much found."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from judge.building import CI_COMMANDS, SECRET, TO_THE_CI_SERVICE, WITH_LOGIN, group
from report.audit.building import FLASK, LOOK, NOW, audited, dependency, finding, full, hostile
from safe_pip.audited import Audited
from safe_pip.inventory import AuditInput, Inventory
from safe_pip.model import Level
from safe_pip.report.audit import FORMATS, Look, summary

EVERY = sorted(FORMATS)
BODY = replace(LOOK, descriptions=True, aliases=True)
READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "cyclonedx-json": json.loads,
    "cyclonedx-xml": ET.fromstring,
    "sarif": json.loads,
    "junit": ET.fromstring,
    "vex": json.loads,
    "safe-pip-json": json.loads,
}
"""Formats that programs read, and what reads them; the others are lines of text."""


def rendered(name: str, outcome: Audited, look: Look = BODY) -> str:
    """A report, read once by what reads such reports."""
    text = FORMATS[name].render(outcome, look)
    if name in READERS:
        READERS[name](text)
    return text


def test_every_format_has_tests() -> None:
    """A format in the table that no test knows would be one that nobody has looked at."""
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))

    assert {name for name in FORMATS if f'FORMATS["{name}"]' not in tests} == set()


@pytest.mark.parametrize("name", EVERY)
def test_nothing_steers_the_ci_service(name: str) -> None:
    """Azure Pipelines, TeamCity and GitHub Actions obey lines of any program's output; a file's name is such a line."""
    text = rendered(name, hostile(TO_THE_CI_SERVICE))

    assert re.search(CI_COMMANDS, text, re.MULTILINE) is None


@pytest.mark.parametrize("name", EVERY)
def test_nothing_steers_a_terminal(name: str) -> None:
    """Texts of files and servers reach no terminal or log viewer with anything but characters to be seen."""
    text = rendered(name, hostile())

    assert {char for char in text if char != "\n" and unicodedata.category(char).startswith("C")} == set()
    assert not re.search("[\u2028\u2029]", text)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "text",
    [
        "]]><script>&amp;\ufffe\uffff\x0b",
        "%0A::error::x%0D|`*_[a](b)\\",
        "a\r\n::error::forged\nb",
        "x" * 100_000,
        "\n\n```\n# - 1. \n    ",
        "\U0001f600漢字" * 50,
        "",
    ],
)
def test_odd_texts(name: str, text: str) -> None:
    """What means something in one format or another is shown, and stays a text."""
    assert rendered(name, hostile(text))


@pytest.mark.parametrize("name", EVERY)
def test_no_credentials(name: str) -> None:
    """Whoever reads a report in CI is not to learn the password of an index."""
    outcome = hostile(WITH_LOGIN)
    advisory = replace(outcome.findings[0].advisory, details="", summary="bad", references=())
    outcome = replace(outcome, findings=(finding(outcome.findings[0].dependencies[0], advisory),), ignored=())

    assert SECRET not in rendered(name, outcome)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_audited(name: str) -> None:
    """An empty requirements file has a report like any other; formats without a frame say nothing at all."""
    empty = Audited((), ())

    assert bool(rendered(name, empty)) is FORMATS[name].manifest
    assert bool(rendered(name, audited([dependency("idna")]))) is FORMATS[name].manifest


@pytest.mark.parametrize("name", [name for name in EVERY if name != "vex"])
def test_every_finding_is_there(name: str) -> None:
    """Whatever the format: each finding with its id, its severity with the score, and what fixes it."""
    text = rendered(name, full(), replace(BODY, width=200))

    assert {id for id in ("MAL-2026-3", "PYSEC-2023-62", "CVE-2026-9", "PYSEC-2021-66") if id not in text} == set()
    assert "high" in text
    assert "7.5" in text
    assert "2.2.5" in text


@pytest.mark.parametrize("name", ["json", "github", "sarif", "junit", "safe-pip-json", "text"])
def test_a_gap_is_told(name: str) -> None:
    """What could not be checked never looks clean, in a format that has room for it."""
    outcome = replace(full(), findings=(), ignored=(), skipped=())

    assert "osv did not answer." in rendered(name, outcome)


@pytest.mark.parametrize("name", EVERY)
def test_the_same_again(name: str) -> None:
    """A report is a function of what was found: reports can be compared, and kept under version control."""
    assert rendered(name, full()) == rendered(name, full())


@pytest.mark.parametrize("name", EVERY)
def test_ten_times_as_much_is_ten_times_the_work(name: str) -> None:
    """10,000 findings must not take for ever: the work grows with them, counted in calls of our functions."""

    def calls(number: int) -> int:
        many = [dependency(f"p{n}", line=n + 1) for n in range(number)]
        outcome = audited(many, [finding(item, replace(FLASK, id=f"CVE-1-{n}")) for n, item in enumerate(many)])
        counted = 0

        def count(frame: Any, event: str, _: object) -> None:
            nonlocal counted
            counted += event == "call" and "safe_pip" in frame.f_code.co_filename

        sys.setprofile(count)
        try:
            FORMATS[name].render(outcome, LOOK)
        finally:
            sys.setprofile(None)
        return counted

    calls(1)
    assert calls(200) < 14 * calls(20)


@pytest.mark.parametrize("name", EVERY)
def test_places_without_a_file(name: str) -> None:
    """An environment has no file and no lines, and its findings are told all the same."""
    item = dependency("weak", named=AuditInput("environment", ".venv"))
    outcome = audited([item], [finding(item, FLASK)])

    assert rendered(name, outcome)
    assert name == "vex" or "PYSEC-2023-62" in rendered(name, outcome)


# --------------------------------------------------------------------------- entries


def test_one_entry_a_version() -> None:
    """A version that several files name is reported once, whatever its spelling, with all of its places."""
    first, second = dependency("weak", "1.0", line=1), dependency("Weak", "1.0.0", line=2)
    third = dependency("weak", "1.0.post0", line=3)
    outcome = audited([first, second, third], [finding(first, group()), finding(third, group())])
    second = dependency("weak", "1.00", line=9)
    twice = audited([first, second], [finding(first, group()), finding(second, group())])

    assert [item["name"] for item in json.loads(rendered("json", outcome))["dependencies"]] == ["weak"] * 3
    assert json.loads(rendered("safe-pip-json", twice))["dependencies"][0]["places"][0]["line"] == 1
    assert summary(outcome) == "Found 2 known vulnerabilities in 2 packages"


def test_an_id_twice_is_one() -> None:
    """Two lines with one version, each with the same finding, are one row."""
    first, second = dependency("weak", "1.0"), dependency("weak", "1.0", line=2)
    outcome = audited([first, second], [finding(first, group()), finding(second, group())])

    assert summary(outcome) == "Found 1 known vulnerability in 1 package"
    assert len(rendered("columns", outcome).splitlines()) == 3
    assert rendered("github", outcome).count("::error") == 2


def test_the_summary() -> None:
    """pip-audit's line on standard error, for those who look for it in logs."""
    item = dependency("weak")
    ignored = (finding(item, group("CVE-2026-2"), waived_by="CVE-2026-2"),)

    assert summary(audited([item])) == "No known vulnerabilities found"
    assert summary(audited([item], ignored=ignored)) == "No known vulnerabilities found, 1 ignored"
    assert (
        summary(audited([item], [finding(item, group())], ignored=ignored))
        == "Found 1 known vulnerability, ignored 1 in 1 package"
    )
    assert summary(full()) == "Found 4 known vulnerabilities, ignored 1 in 4 packages"


def test_the_order() -> None:
    """The worst first, by malware, severity, level and score; unknown last; or by name and version."""
    ratings = [
        ("a", group("CVE-1-1")),
        ("b", group("CVE-1-2", severity="low", score=3.0)),
        ("c", group("CVE-1-3", severity="critical", score=9.1)),
        ("d", group("CVE-1-4", severity="critical", score=9.8)),
        ("e", group("MAL-1-5", newer_fixes=(), suggested_fix=None)),
    ]
    items = [dependency(name, "1.10") for name, _ in ratings]
    items.append(dependency("a", "1.9"))
    found = [finding(item, known) for item, (_, known) in zip(items, ratings, strict=False)]
    outcome = audited(items, [*found, finding(items[-1], group("CVE-1-6"))])

    def order(sort: Any) -> list[str]:
        rows = rendered("columns", outcome, Look(NOW, sort=sort)).splitlines()[2:]
        return [" ".join(row.split()[:2]) for row in rows]

    assert order("severity") == ["e 1.10", "d 1.10", "c 1.10", "b 1.10", "a 1.10", "a 1.9"]
    assert order("name") == ["a 1.9", "a 1.10", "b 1.10", "c 1.10", "d 1.10", "e 1.10"]


def test_levels_are_kept_apart() -> None:
    """A format decides nothing: with --fail-on never there are findings, and the exit code is what it is."""
    outcome = replace(full(), fail_on=None, unchecked=(), skipped=())

    assert json.loads(rendered("safe-pip-json", outcome))["exit_code"] == 0
    assert ET.fromstring(rendered("junit", outcome)).get("failures") == "0"
    assert ET.fromstring(rendered("junit", replace(outcome, fail_on=Level.BLOCK))).get("failures") == "4"
    assert Inventory(AuditInput("path", "x")).notes == ()
