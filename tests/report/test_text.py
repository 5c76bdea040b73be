"""The report for people: what it says, at every width, and that nothing from outside can steer or forge it."""

from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from conftest import Guard, Venv
from fakes import Answer, FakeIndex, advisory, export, metadata_text, wheel
from judge.building import (
    BREAKS,
    CI_COMMANDS,
    CONTROLS,
    DIRECTIONS,
    HOSTILE,
    INVISIBLE,
    SECRET,
    TO_THE_CI_SERVICE,
    UNFIXED,
    WITH_LOGIN,
    everywhere,
    full,
    group,
    observed,
    plan_of,
    planned,
    report_of,
    source_of,
    verdict_of,
)
from safe_pip import __version__
from safe_pip.errors import CommitError, ResolutionError, SafePipError
from safe_pip.model import (
    COMMAND_LINE,
    Destination,
    Evidence,
    Excepted,
    Finding,
    Kept,
    Level,
    LineEdit,
    Observation,
    Origin,
    PassedOver,
    PolicyLine,
    Unchecked,
    WayOut,
)
from safe_pip.report import Report
from safe_pip.report.plain import Style, printable
from safe_pip.report.text import closing_after_commit, closing_lines, error_lines, plan_lines, verdict_lines

WIDTHS = [40, 60, 80, 100, 200]
WEAK, OTHER = planned("weak"), planned("other")
BLOCKING = (observed("vulnerability", WEAK, group()), Level.BLOCK)
GAP = Unchecked("unreadable-page", "weak", None, "it is broken", "Mend it.")


def drawn(report: Report, width: int = 80, *, unicode: bool = True) -> list[str]:
    """The lines of a whole report."""
    style = Style(width, unicode)
    parts = (plan_lines(report, style), verdict_lines(report, style), closing_lines(report, style))
    return [line.plain for part in parts for line in part]


def closing(report: Report) -> str:
    """The last words, as one line."""
    return " ".join(line.plain for line in closing_lines(report, Style())).strip()


def findings_of(*found: Any, **more: Any) -> list[str]:
    """The lines about the findings of a verdict."""
    return [line.plain for line in verdict_lines(report_of(verdict_of(plan_of(WEAK, OTHER), *found, **more)), Style())]


# --------------------------------------------------------------------------- the whole


def test_the_whole_report() -> None:
    """What would be installed and why, what stands against it, what was looked at, and last what to do next."""
    assert drawn(full()) == [
        f"safe-pip {__version__} · Python 3.12.1 · .venv",
        "",
        "Would install 2 packages",
        "  weak-one  0.9 → 1.0  top → weak-one",
        "  direct    1.0        asked for on the command line",
        "",
        "1 finding against it",
        "  ✗ weak-one 1.0  PYSEC-2026-1  high 7.5",
        "    vulnerability in weak-one",
        "    why    top → weak-one",
        "    fix    Do something else.",
        "    waive  --allow PYSEC-2026-1:weak-one",
        "",
        "1 finding to know of",
        "  ! direct 1.0  yanked",
        "    yanked in direct",
        "    why    asked for on the command line",
        "    fix    Do something else.",
        "    waived by --allow yanked:Direct",
        "",
        "2 things could not be checked",
        "  ? weak-one 1.0  undecidable-advisory",
        "    X-1 is odd",
        "    waived by --allow x-1",
        "  ? stale-advisories",
        "    There is nothing.",
        "",
        "Passed over",
        "  weak-one 3.0: 3.0 is yanked: oops",
        "",
        "Note: weak-one is on two indexes.",
        "",
        "--allow malware matched nothing here.",
        "",
        "Checked against 2,665 advisories as of 2026-11-20: advisories.zip; old; 2",
        "  records could not be read",
        "Checked against 2,665 advisories of unknown age: advisories.zip",
        "",
        "Refused: 1 finding stands against this install (2 waived). Nothing was",
        "installed.",
        "Next: ask for the fixed versions above, or waive a finding with its --allow, and",
        "run the same command again.",
    ]


def test_without_unicode() -> None:
    """A terminal that knows only ASCII gets ASCII, with the same lines."""
    plain, rich = drawn(full(), unicode=False), drawn(full())

    assert all(line.isascii() for line in plain)
    assert [line.translate({0xB7: "-", 0x2192: "->", 0x2717: "x"}).split() for line in rich] == [
        line.split() for line in plain
    ]


# --------------------------------------------------------------------------- widths


def long_report() -> Report:
    """Long names, versions, ids, chains, messages and sources, though no longer than real ones."""
    names = [f"a-rather-long-name-{n}" for n in range(9)]
    deep = planned(names[-1], "2026.11.20.post1", chain=tuple(names))
    root = planned("direct", origin=Origin("deeply/nested/folders/with/requirements-dev.txt", 1234), replaces="1.0rc1")
    about = group("GHSA-2g68-c3qc-8985", "CVE-2024-49766", severity="critical", score=9.8)
    words = "A request with a body that has many parts can make the parser use a lot of memory and time. " * 3
    gap = Unchecked("undecidable-advisory", names[0], "2026.11.20.post1", words, words, "GHSA-2g68-c3qc-8985")
    return report_of(
        verdict_of(
            plan_of(deep, root, passed_over=tuple(PassedOver(root.name, f"9.{n}", "yanked", words) for n in range(30))),
            (observed("vulnerability", deep, about, message=words, help=words), Level.BLOCK),
            (observed("yanked", root, message=words), Level.WARN),
            unchecked=[gap, replace(gap, waived_by="undecidable-advisory:a-rather-long-name-0")],
            sources=(source_of(note=words, stale=True),),
            unused_allows=("GHSA-xxxx-xxxx-xxxx:a-rather-long-name-0",),
        ),
        prefix="a/rather/long/path/to/a/virtual/environment/.venv",
    )


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_line_fits(width: int, unicode: bool) -> None:
    """Only a word that is longer than a line stands beyond its end: it can still be marked and copied."""
    for report in (full(), long_report()):
        for line in drawn(report, width, unicode=unicode):
            longest = max(map(len, line.split()), default=0)
            assert len(line) <= width or longest > width - 11, line
            assert line == line.rstrip()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_loses_a_finding(width: int) -> None:
    """What is against an install is told word by word, however narrow the window is."""
    report = long_report()
    style = Style(width)

    words = [word for line in verdict_lines(report, style) for word in line.plain.split()]

    assert words == [word for line in verdict_lines(report, Style(200)) for word in line.plain.split()]
    assert "→".join(report.verdict.plan.install[0].chain) in "".join(words)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_package_has_its_name_and_version_at_every_width(width: int) -> None:
    """The reason is what is cut where there is no room, with a sign that it is."""
    lines = [line.plain for line in plan_lines(long_report(), Style(width))]

    text = " ".join(" ".join(lines).split())
    assert "a-rather-long-name-8 2026.11.20.post1 " in text
    assert "direct 1.0rc1 → 1.0 " in text
    # Nine names of 20 characters fit on no line.
    assert any(line.endswith("…") and "a-rather-long-name-0" in line for line in lines)


def test_a_wide_terminal_keeps_a_row_a_package() -> None:
    """Nothing is broken that has room."""
    rows = [line.plain for line in plan_lines(long_report(), Style(200))][3:]

    origin = "asked for in deeply/nested/folders/with/requirements-dev.txt, line 1234"
    assert len(rows) == 2
    assert rows[0].startswith(
        "  a-rather-long-name-8  2026.11.20.post1  a-rather-long-name-0 → a-rather-long-name-1 → "
    )
    assert rows[1] == f"  direct                1.0rc1 → 1.0      {origin}"


# --------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("width", [40, 80, 97])
def test_no_line_is_a_command_to_the_ci_service(width: int) -> None:
    """Lines are broken where the width has it, so that any word may come to stand where the service looks for one."""
    text = "\n".join(drawn(everywhere(TO_THE_CI_SERVICE), width))

    assert "stop-commands" in text
    assert re.search(CI_COMMANDS, text, re.MULTILINE) is None


def test_a_very_long_text_is_cut() -> None:
    """An index may give a megabyte as the reason for a yank; the finding below it must still be found."""
    lines = findings_of(
        (observed("yanked", WEAK, message="word " * 200_000, help="help " * 200_000), Level.WARN),
        unchecked=[Unchecked("unreadable-page", "weak", None, "why " * 200_000, "what " * 200_000)],
    )

    assert len(lines) < 100
    assert sum(line.endswith("…") for line in lines) == 4
    assert sum(map(len, lines)) < 8_000


def test_a_text_of_a_thousand_characters_is_not_cut() -> None:
    """No summary and no message of our own is so long that it would lose its end."""
    text = ("word " * 200).strip()

    assert "".join(findings_of((observed("yanked", WEAK, message=text), Level.WARN))).count("word") == 200


def test_five_hundred_findings() -> None:
    """Of one version, the first tell what it is about, and the rest how many there are; another package is not lost."""
    found = [(observed("vulnerability", WEAK, group(f"PYSEC-{n}")), Level.BLOCK) for n in range(500)]
    found.append((observed("vulnerability", OTHER, group("X-1")), Level.BLOCK))
    report = report_of(verdict_of(plan_of(WEAK, OTHER), *found))

    lines = drawn(report)

    assert "501 findings against it" in lines
    assert [line for line in lines if line.startswith("  ✗ ")] == [
        *(f"  ✗ weak 1.0  PYSEC-{n}" for n in range(5)),
        "  ✗ weak 1.0  495 more findings",
        "  ✗ other 1.0  X-1",
    ]
    assert "    PYSEC-5, PYSEC-6, PYSEC-7, PYSEC-8, PYSEC-9, PYSEC-10, PYSEC-11, PYSEC-12," in lines
    assert any(line.endswith("and 483 more") for line in lines)
    assert "Refused: 501 findings stand against this install. Nothing was installed." in lines


def test_one_finding_of_many_packages() -> None:
    """A rule that finds something everywhere is told a few times, and then by the names of the packages."""
    many = [planned(f"p{n}") for n in range(30)]
    found = [(observed("yanked", item), Level.WARN) for item in many]
    found += [(observed("record-mismatch", many[0], message=f"m{n}"), Level.WARN) for n in range(200)]
    found.append((observed("record-mismatch", many[1]), Level.WARN))
    lines = [line.plain for line in verdict_lines(report_of(verdict_of(plan_of(*many), *found)), Style())]

    assert "231 findings to know of" in lines
    assert [line for line in lines if line.startswith("  ! ")] == [
        *(f"  ! p{n} 1.0  yanked" for n in range(5)),
        "  ! yanked  25 more findings",
        "  ! p0 1.0  record-mismatch",
        "  ! p0 1.0  record-mismatch",
        "  ! record-mismatch  198 more findings",
        "  ! p1 1.0  record-mismatch",
    ]
    assert "    p0 1.0 (198)" in lines


def test_what_was_said_above_is_not_said_again() -> None:
    """Of one package, the way to it and the line of the policy stand once; of another one, or another line, again."""
    first, second = line_of("a.toml"), line_of("b.toml")
    found = [
        Finding(observed("vulnerability", WEAK, group(f"X-{n}")), Level.BLOCK, because=because)
        for n, because in enumerate((first, first, second))
    ]
    found.append(Finding(observed("vulnerability", OTHER, group("X-9")), Level.BLOCK, because=second))
    lines = findings_of(*found)

    starts = [number for number, line in enumerate(lines) if line.startswith("  ✗")]
    labels = [
        [line.split()[0] for line in lines[start + 2 : end] if line.startswith("    ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    assert labels == [
        ["why", "fix", "policy", "waive"],
        ["fix", "waive"],
        ["fix", "policy", "waive"],
        ["why", "fix", "policy", "waive"],
    ]


def test_many_packages_with_a_vulnerability_each() -> None:
    """Each needs its own decision, so none of them is folded away."""
    many = [planned(f"p{n}") for n in range(300)]
    found = [(observed("vulnerability", item, group()), Level.BLOCK) for item in many]

    lines = drawn(report_of(verdict_of(plan_of(*many), *found)))
    assert sum(line.startswith("  ✗ p") for line in lines) == 300


def test_two_thousand_packages_have_a_separator() -> None:
    """Numbers for people."""
    report = report_of(verdict_of(plan_of(*(planned(f"p{n}") for n in range(2000)))))

    assert "Installing 2,000 packages" in drawn(report)
    assert "nothing stands against these 2,000 packages" in closing(report)


@pytest.mark.parametrize(("count", "more"), [(10, None), (11, "  and 1 more"), (500, "  and 490 more")])
def test_what_was_passed_over_is_cut_short(count: int, more: str | None) -> None:
    """It does not stand against the install, so ten lines will do; the JSON report has them all."""
    passed = tuple(PassedOver(WEAK.name, f"2.{n}", "too-new", f"{n} h old") for n in range(count))
    lines = [line.plain for line in verdict_lines(report_of(verdict_of(plan_of(WEAK, passed_over=passed))), Style())]

    assert sum(line.startswith("  weak 2.") for line in lines) == 10
    assert [line for line in lines if line.startswith("  and ")] == ([more] if more else [])


def test_what_was_passed_over_for_one_reason_is_told_together() -> None:
    """The versions of a morning are one line, however many they are."""
    passed = [PassedOver(WEAK.name, version, "too-new", "9 h old") for version in ("2.1", "2.0")]
    passed += [PassedOver(OTHER.name, f"3.{n}", "yanked", "yanked: oops") for n in range(9)]
    lines = [
        line.plain for line in verdict_lines(report_of(verdict_of(plan_of(WEAK, passed_over=tuple(passed)))), Style())
    ]

    assert lines[:4] == [
        "",
        "Passed over",
        "  weak 2.1, 2.0: 9 h old",
        "  other 3.0, 3.1, 3.2, 3.3, 3.4, 3.5 and 3 more: yanked: oops",
    ]


# --------------------------------------------------------------------------- findings


@pytest.mark.parametrize(
    ("about", "head"),
    [
        (group(), "PYSEC-2026-1"),
        (group(severity="high", score=7.5), "PYSEC-2026-1  high 7.5"),
        (group(severity="critical", score=10.0), "PYSEC-2026-1  critical 10.0"),
        (group(severity="medium"), "PYSEC-2026-1  medium"),
        (group("MAL-2026-1"), "malware MAL-2026-1"),
        (group("PYSEC-2026-1", malware=True), "malware PYSEC-2026-1"),
        (None, "vulnerability"),
    ],
)
def test_the_first_line_of_a_finding(about: Any, head: str) -> None:
    """Package, version, id and how bad it is; where nobody rated it, nothing is made up."""
    assert f"  ✗ weak 1.0  {head}" in findings_of((observed("vulnerability", WEAK, about), Level.BLOCK))


@pytest.mark.parametrize(
    ("level", "mark"), [(Level.NOTE, "i"), (Level.WARN, "!"), (Level.BLOCK, "✗"), (Level.AVOID, "✗")]
)
def test_the_mark_of_every_level(level: Level, mark: str) -> None:
    """Without colour, the mark is all that tells them apart."""
    lines = findings_of((observed("yanked", WEAK), level))

    assert f"  {mark} weak 1.0  yanked" in lines
    assert ("1 finding against it" in lines) is (level >= Level.BLOCK)
    assert ("1 finding to know of" in lines) is (level < Level.BLOCK)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (WEAK, "asked for on the command line"),
        (planned("weak", origin=Origin("requirements.txt", 3)), "asked for in requirements.txt, line 3"),
        (planned("weak", origin=None), "asked for"),
        (planned("weak", chain=("top", "middle", "weak")), "top → middle → weak"),
    ],
)
def test_why_a_package_is_there(item: Any, why: str) -> None:
    """The place to change it, or the whole way to it; the same in the list and at the finding."""
    report = report_of(verdict_of(plan_of(item), (observed("vulnerability", item, group()), Level.BLOCK)))

    lines = drawn(report)

    assert f"  weak  1.0  {why}" in lines
    assert f"    why    {why}" in lines


def test_a_finding_that_blocks_offers_its_waiver_and_a_waived_one_names_it() -> None:
    """Nobody has to look up how to go on; and what somebody waived is never out of sight."""
    blocking, warning = findings_of(BLOCKING), findings_of((observed("yanked", WEAK), Level.WARN))
    waived = findings_of(Finding(*BLOCKING, "CVE-1:Weak"))

    assert "    waive  --allow PYSEC-2026-1:weak" in blocking
    assert not any(line.startswith("    waive") for line in warning)
    assert "    waived by --allow CVE-1:Weak" in waived
    assert not any(line.startswith("    waive ") for line in waived)
    assert "1 finding to know of" in waived


@pytest.mark.parametrize("identifier", ["PYSEC-2026-1", "RHSA-2026:1", "X-1; rm -rf ~", "$(id)", "a'b", '`x` "y" | z'])
def test_the_waiver_can_be_pasted_into_a_shell(identifier: str) -> None:
    """An id comes from outside; what is offered for copying must be that one argument, and run nothing."""
    [line] = [
        line for line in findings_of((observed("malware", WEAK, group(identifier)), Level.BLOCK)) if "waive" in line
    ]

    assert shlex.split(line) == ["waive", "--allow", f"{identifier}:weak"]
    assert not re.search(r"[;$`|]", re.sub(r"'[^']*'|\"'\"", "", line))


POLICY = Origin("pyproject.toml", 12)


def line_of(file: str) -> PolicyLine:
    """A line of a policy file."""
    return PolicyLine("levels.x", Origin(file, 1))


def test_the_evidence_and_the_line_of_the_policy() -> None:
    """What a person can look up to see that it is true, and the line to change if it is not wanted."""
    found = observed(
        "startup-hook",
        WEAK,
        evidence=(
            Evidence("file", "weak.pth"),
            Evidence("line 1", "import os; os.system('\x1b[2J')"),
            Evidence("index has", "ab" * 32),
        ),
    )
    lines = findings_of(Finding(found, Level.BLOCK, because=PolicyLine('levels.startup-hook = "block"', POLICY)))

    assert lines[2:] == [
        "  ✗ weak 1.0  startup-hook",
        "    startup-hook in weak",
        "    file       weak.pth",
        "    line 1     import os; os.system('\\x1b[2J')",
        f"    index has  {'ab' * 32}",
        "    why        asked for on the command line",
        "    fix        Do something else.",
        '    policy     levels.startup-hook = "block" · pyproject.toml, line 12',
        "    waive      --allow startup-hook:weak",
        *lines[11:],
    ]


def test_the_line_that_made_a_rule_is_the_policy() -> None:
    """Of a package that a file denies "built in" would be no answer; a level that a file gives is told as well."""
    found = observed("denied-package", WEAK, evidence=(Evidence("policy", "packages.denied = [...] (p.toml, line 4)"),))
    built_in, given = PolicyLine("x"), PolicyLine('levels.denied-package = "block"', POLICY)
    rows = ["    policy packages.denied = [...] (p.toml, line 4)", "    waive  --allow denied-package:weak"]

    assert findings_of(Finding(found, Level.BLOCK, because=built_in))[6:8] == rows
    rows.insert(1, '    level  levels.denied-package = "block" · pyproject.toml, line 12')
    assert findings_of(Finding(found, Level.BLOCK, because=given))[6:9] == rows


def test_the_built_in_policy_is_a_word() -> None:
    """It is no line that anybody could change, and of what does not block it is not told at all."""
    built_in = PolicyLine('levels.yanked = "warn"')

    assert "    policy built in" in findings_of(Finding(observed("yanked", WEAK), Level.BLOCK, because=built_in))
    assert not any(
        "policy" in line for line in findings_of(Finding(observed("yanked", WEAK), Level.WARN, because=built_in))
    )


def test_much_evidence_is_cut() -> None:
    """A file may have thousands of wrong entries."""
    found = observed("record-mismatch", WEAK, evidence=tuple(Evidence("file", f"f{n}") for n in range(2000)))
    lines = findings_of((found, Level.WARN))

    assert sum(line.startswith("    file ") for line in lines) == 6
    assert "    and 1,994 more of these" in lines


def test_an_exception_is_named() -> None:
    """Where it stands, until when and why: whoever reads the report can judge whether it is still right."""
    excepted = Excepted(PolicyLine("exceptions", POLICY), "no YAML from outside", date(2026, 12, 31))
    finding = Finding(*BLOCKING, str(POLICY), exception=excepted)
    gap = replace(GAP, waived_by=str(POLICY), excepted=True)
    lines = findings_of(finding, unchecked=[gap])

    assert "    waived by pyproject.toml, line 12, until 2026-12-31: no YAML from outside" in lines
    assert "    waived by pyproject.toml, line 12" in lines
    verdict = verdict_of(plan_of(WEAK), finding, unchecked=[gap])
    assert "nothing blocks this package (2 excepted by the policy)" in closing(report_of(verdict))


def test_what_is_known_of_exploits() -> None:
    """In the first line, where the severity is: it may be why the finding blocks."""
    about = group(severity="low", score=2.0, epss=0.9312, kev=True)

    assert "  ✗ weak 1.0  PYSEC-2026-1  low 2.0  exploited, EPSS 0.93" in findings_of(
        (observed("vulnerability", WEAK, about), Level.BLOCK)
    )


def test_a_finding_about_no_package() -> None:
    """Of the policy itself: its code stands where the package would."""
    found = Observation("old-advisories", NormalizedName(""), "", "The advisories are old.", "Fetch them.")

    assert findings_of((found, Level.WARN))[2:5] == [
        "  ! old-advisories",
        "    The advisories are old.",
        "    fix    Fetch them.",
    ]
    assert "    waive  --allow old-advisories" in findings_of((found, Level.BLOCK))


def test_the_way_out() -> None:
    """What was resolved and passes, what that changes, and last the very command."""
    way = WayOut(
        pins=((WEAK.name, "1.1"), (OTHER.name, "1.0")),
        command="safe-pip install 'weak>=1.1' --index-url http://127.0.0.1/simple/ "
        "'other==1.0; python_version>\"3\"' -r x.txt",
        changes=("weak==1.0, asked for on the command line, becomes weak==1.1.",),
        not_looked_at=("weak-1.1-py3-none-any.whl",),
    )
    lines = drawn(report_of(verdict_of(plan_of(WEAK, OTHER), BLOCKING, way_out=way)))

    assert lines[lines.index("A way out") :] == [
        "A way out",
        "  weak   1.0 → 1.1",
        "  other  1.0",
        "  weak==1.0, asked for on the command line, becomes weak==1.1.",
        "  Not looked at yet, and checked when it is run: weak-1.1-py3-none-any.whl",
        "",
        "Refused: 1 finding stands against this install. Nothing was installed.",
        "Next: run this, which was resolved and passes:",
        "  safe-pip install 'weak>=1.1' --index-url http://127.0.0.1/simple/ \\",
        "    'other==1.0; python_version>\"3\"' -r x.txt",
    ]
    pasted = "\n".join(lines[-2:])
    assert shlex.split(pasted.replace("\\\n", " ")) == shlex.split(way.command)


def next_of(way: WayOut, *findings: tuple[Any, Level], **more: Any) -> str:
    """The last step after a refusal, on one line."""
    lines = drawn(report_of(verdict_of(plan_of(WEAK), *(findings or (BLOCKING,)), way_out=way, **more)))
    return " ".join(" ".join(lines).partition("Next: ")[2].split())


def test_what_has_to_be_done_before_the_command() -> None:
    """A command that is pasted as it stands must lead to what it is said to lead to, or what is missing is told."""
    way = WayOut(((WEAK.name, "1.1"),), "safe-pip install -r x.txt", ("x.txt, line 1: a instead of b",))
    first, second = LineEdit(Origin("x.txt", 1), "b", "a"), LineEdit(Origin("y.txt", 2), "b", "a")
    edited, both = replace(way, edits=(first,)), replace(way, edits=(first, second))
    hidden = replace(way, command="safe-pip install -i https://****@index.example/ weak==1.1")

    assert next_of(way).endswith("run this, which was resolved and passes: safe-pip install -r x.txt")
    assert "change x.txt, line 1 as told above, and then run this, which was" in next_of(edited)
    assert "change the 2 lines as told above, and then run this, which was" in next_of(both)
    assert "run this, with your login for the ****, which was resolved and passes:" in next_of(hidden)
    assert "which was resolved; what could not be checked above keeps it" in next_of(way, unchecked=(GAP,))


def test_lines_with_hashes_are_whole() -> None:
    """A hash that is wrapped or cut cannot be pasted; very many are left to the report that programs read."""
    edit = LineEdit(Origin("x.txt", 1), "weak==1", "weak==2", (f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"))
    way = WayOut(((WEAK.name, "2"),), "safe-pip install -r x.txt", ("x.txt, line 1: it changes",), edits=(edit,))
    lines = drawn(report_of(verdict_of(plan_of(WEAK), BLOCKING, way_out=way)))
    many = replace(way, edits=(edit._replace(hashes=tuple(f"sha256:{number:064x}" for number in range(50))),))
    folded = drawn(report_of(verdict_of(plan_of(WEAK), BLOCKING, way_out=many)))

    place = lines.index("weak==2 \\")
    assert lines[place + 1 : place + 3] == [f"--hash=sha256:{'a' * 64} \\", f"--hash=sha256:{'b' * 64}"]
    assert "  The lines with all their hashes are in the report of --format json (way_out.edits)." in folded
    assert not any("--hash" in line for line in folded)


def test_malware_is_not_to_be_waived_lightly() -> None:
    """The next step after malware is another version; how to waive it stands with the finding, and nowhere else."""
    way = WayOut(((WEAK.name, "0.9"),), "safe-pip install weak==0.9")

    assert next_of(way, (observed("malware", WEAK, group("MAL-1")), Level.BLOCK)).startswith(
        "run this, which was resolved and passes:"
    )


def test_no_way_out() -> None:
    """Edge by edge what stands in the way, so that a person can see which one to change."""
    way = WayOut(none_because=("app 1.0 needs weak<1.1.", "weak 1.0.1 is 3 h old (too-new)."))
    lines = drawn(report_of(verdict_of(plan_of(WEAK), BLOCKING, way_out=way)))

    assert lines[lines.index("No way out") :][:3] == [
        "No way out",
        "  app 1.0 needs weak<1.1.",
        "  weak 1.0.1 is 3 h old (too-new).",
    ]
    assert "Next: change what stands in the way above, or waive a finding" in " ".join(lines)


def test_an_unchecked_thing_is_told_with_its_help() -> None:
    """What it is about, the code that waives it, and what to do."""
    lines = findings_of(unchecked=[GAP, Unchecked("stale-advisories", None, None, "No data.", "Sync.")])

    assert lines[1:] == [
        "2 things could not be checked",
        "  ? weak  unreadable-page",
        "    it is broken",
        "    help   Mend it.",
        "  ? stale-advisories",
        "    No data.",
        "    help   Sync.",
        "",
        "Checked against 2,665 advisories as of 2026-11-20: advisories.zip",
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Checked against 2,665 advisories as of 2026-11-20: advisories.zip"),
        ({"note": "unchanged"}, "Checked against 2,665 advisories as of 2026-11-20: advisories.zip"),
        ({"note": "offline"}, "Checked against 2,665 advisories as of 2026-11-20: advisories.zip; offline"),
        ({"as_of": None, "stale": True}, "Checked against 2,665 advisories of unknown age: advisories.zip; old"),
        ({"records": 1}, "Checked against 1 advisory as of 2026-11-20: advisories.zip"),
    ],
)
def test_what_it_was_checked_against(more: dict[str, Any], said: str) -> None:
    """An approval is worth as much as what was looked at, and how old that is."""
    assert findings_of(sources=(source_of(**more),))[-1] == said


# --------------------------------------------------------------------------- the last words

WAIVED = Finding(*BLOCKING, "vulnerability")
AGAIN = "and run the same command again."
FIX_OR_WAIVE = f"Next: ask for the fixed versions above, or waive a finding with its --allow, {AGAIN}"


@pytest.mark.parametrize(
    ("verdict", "dry_run", "said"),
    [
        (verdict_of(plan_of(WEAK)), False, "Approved: nothing stands against this package. pip installs it now."),
        (
            verdict_of(plan_of(WEAK, OTHER)),
            False,
            "Approved: nothing stands against these 2 packages. pip installs them now.",
        ),
        (
            verdict_of(plan_of(WEAK)),
            True,
            (
                "Approved: nothing stands against this package. This was a dry run; nothing was installed.",
                "Next: run the same command without --dry-run to install.",
            ),
        ),
        (
            verdict_of(plan_of(WEAK), (observed("yanked", WEAK), Level.WARN)),
            False,
            "Approved: nothing blocks this package (1 warning above). pip installs it now.",
        ),
        (
            verdict_of(plan_of(WEAK, OTHER), WAIVED, *2 * [(observed("yanked", WEAK), Level.WARN)]),
            False,
            "Approved: nothing blocks these 2 packages (2 warnings above, 1 waived). pip installs them now.",
        ),
        (
            verdict_of(plan_of(WEAK), unchecked=[replace(GAP, waived_by="unreadable-page")]),
            False,
            "Approved: nothing blocks this package (1 waived). pip installs it now.",
        ),
        (
            verdict_of(plan_of(WEAK), (observed("yanked", WEAK), Level.NOTE)),
            False,
            "Approved: nothing stands against this package. pip installs it now.",
        ),
        (
            verdict_of(plan_of(keep=(Kept(WEAK.name, "1.0"), Kept(OTHER.name, "2.0")), roots=plan_of(WEAK).roots)),
            False,
            "Nothing to install: weak 1.0 is there already.",
        ),
        (
            verdict_of(
                plan_of(keep=(Kept(WEAK.name, "1.0"), Kept(OTHER.name, "2.0")), roots=plan_of(WEAK, OTHER).roots)
            ),
            True,
            "Nothing to install: weak 1.0, other 2.0 are there already.",
        ),
        (verdict_of(plan_of()), False, "Nothing to install: nothing applies here."),
        (
            verdict_of(plan_of(WEAK), BLOCKING),
            True,
            (
                "Refused: 1 finding stands against this install. Nothing was installed.",
                FIX_OR_WAIVE,
            ),
        ),
        (
            verdict_of(
                plan_of(WEAK), WAIVED, BLOCKING, (observed("malware", WEAK, group("MAL-1", **UNFIXED)), Level.BLOCK)
            ),
            False,
            (
                "Refused: 2 findings stand against this install (1 waived). Nothing was installed.",
                f"Next: ask for the fixed versions above, {AGAIN}",
            ),
        ),
        (
            verdict_of(plan_of(WEAK), (observed("malware", WEAK, group("MAL-1", **UNFIXED)), Level.BLOCK)),
            False,
            (
                "Refused: 1 finding stands against this install. Nothing was installed.",
                f"Next: ask for other versions, {AGAIN}",
            ),
        ),
        (
            verdict_of(plan_of(WEAK), (observed("hash-mismatch", WEAK), Level.BLOCK)),
            False,
            (
                "Refused: 1 finding stands against this install. Nothing was installed.",
                f"Next: ask for other versions, {AGAIN}",
            ),
        ),
        (
            verdict_of(plan_of(WEAK), unchecked=[GAP]),
            False,
            ("Incomplete: 1 thing could not be checked. Nothing was installed.", "Next: Mend it."),
        ),
        (
            verdict_of(plan_of(WEAK), unchecked=[replace(GAP, help="")]),
            False,
            (
                "Incomplete: 1 thing could not be checked. Nothing was installed.",
                f"Next: mend what is said above, {AGAIN}",
            ),
        ),
        (
            verdict_of(plan_of(WEAK), unchecked=[GAP, replace(GAP, waived_by="x"), replace(GAP, help="Or that.")]),
            False,
            (
                "Incomplete: 2 things could not be checked (1 waived). Nothing was installed.",
                f"Next: mend what is said above, {AGAIN}",
            ),
        ),
    ],
)
def test_the_last_words(verdict: Any, dry_run: bool, said: str | tuple[str, ...]) -> None:
    """What happened, what did not, and what to do next: the only lines that many people read."""
    assert closing(report_of(verdict, dry_run=dry_run)) == (said if isinstance(said, str) else " ".join(said))


def test_the_place_by_a_path_as_people_would_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the current folder by its relative path, below the home folder with ~, else whole."""
    work, home = tmp_path / "home" / "work", tmp_path / "home"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    for prefix, said in [
        (work / ".venv", ".venv"),
        (work, "."),
        (home / "envs" / "x", "~/envs/x"),
        (tmp_path / "home-of-others", str(tmp_path / "home-of-others")),
        (tmp_path / "other", str(tmp_path / "other")),
    ]:
        report = report_of(verdict_of(plan_of(WEAK, OTHER)), prefix=str(prefix))
        assert [line.plain for line in closing_after_commit(report, Style(400))] == [
            f"Done: 2 packages installed in {said}."
        ]
        assert next(iter(plan_lines(report, Style(400)))).plain.endswith(f" · Python 3.12.1 · {said}")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ".venv"),
        ({"target_dir": Path("there")}, "there"),
        ({"prefix": "there"}, "there"),
        ({"root": "there"}, "there"),
        ({"root": "there", "prefix": "elsewhere"}, "there"),
        ({"user": True}, "of-the-user"),
        ({"user": False}, ".venv"),
    ],
)
def test_the_place_is_where_the_files_go(more: dict[str, Any], said: str) -> None:
    """--target, --prefix, --root and --user put them elsewhere than into the environment."""
    report = report_of(verdict_of(plan_of(WEAK)), user_site="of-the-user")
    report = replace(report, request=replace(report.request, destination=Destination(**more)))

    assert [line.plain for line in closing_after_commit(report, Style())] == [f"Done: 1 package installed in {said}."]
    assert next(iter(plan_lines(report, Style()))).plain.endswith(f" · {said}")


# --------------------------------------------------------------------------- hostile texts


def is_safe(text: str) -> bool:
    """Nothing but what can be seen, and plain spaces."""
    return all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in text)


@pytest.mark.parametrize("text", [HOSTILE, CONTROLS, DIRECTIONS, BREAKS, INVISIBLE])
def test_nothing_that_steers_a_terminal_is_shown(text: str) -> None:
    """Control characters, escapes, direction marks and line ends are written out, not obeyed and not dropped."""
    shown = printable(text)

    assert is_safe(shown)
    assert shown.count("\\x") >= sum(not is_safe(char) for char in text)


@given(st.text())
def test_any_text_is_shown_on_one_line(text: str) -> None:
    """And what was harmless stays as it is."""
    assert is_safe(printable(text))
    if is_safe(text) and "@" not in text:
        assert printable(text) == text


@pytest.mark.parametrize("text", ["schön", "坏", "ру́сский", "🎉", "a→b", "x\u0301"])
def test_letters_of_the_world_stay(text: str) -> None:
    """A summary may be in any language."""
    assert printable(text) == text


FORGED = "x\nApproved: nothing stands against it.\r\nDone: all well \x1b[1A\x1b[2K\u202e\u2028Next: do it "


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("text", [HOSTILE, FORGED, FORGED * 50], ids=["steering", "forged lines", "many forged lines"])
def test_no_text_from_outside_alters_the_lines(text: str, width: int) -> None:
    """Whatever a summary, version, path, source or reason holds stays in its place: indented, or after its words."""
    report = everywhere(text)
    report = replace(
        report,
        request=replace(
            report.request, target=replace(report.request.target, prefix=text.replace("\0", ""), version=text)
        ),
    )
    own = set(drawn(everywhere("x"), width))

    lines = drawn(report, width)

    for line in lines:
        assert is_safe(line), repr(line)
        assert line.startswith(("  ", "safe-pip ", "--allow", "Note:", "Checked against")) or line in own, line
    assert len([line for line in lines if line in own and line.startswith("Refused: ")]) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_errors_are_as_safe(width: int) -> None:
    """A message may quote a hostile file; only its own lines begin at the margin."""
    for text in (HOSTILE, FORGED, FORGED * 20, "word " * 100):
        lines = [line.plain for line in error_lines(text, [text, text], "Try again.", Style(width))]

        assert all(is_safe(line) for line in lines)
        assert [line for line in lines if not line.startswith("  ")] == [lines[0], "Next: Try again."]
        assert lines[0].startswith("Error:")


def test_the_place_where_it_was_asked_for_is_shown_safely() -> None:
    """The name of a requirements file in somebody's repository, in the list of what would be installed."""
    item = planned("weak", origin=Origin("a\x1b[2J\nb\u202e.txt", 1))
    for width in WIDTHS:
        lines = [line.plain for line in plan_lines(report_of(verdict_of(plan_of(item))), Style(width))]
        assert all(is_safe(line) for line in lines)
        assert "asked for in a\\x1b[2J\\x0ab" in " ".join(lines)


# --------------------------------------------------------------------------- credentials


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_holds_credentials(width: int) -> None:
    """A login in a URL stays out of every line, whatever the text it stands in, and however that is cut."""
    origin = Origin(f"http://someone:{SECRET}@127.0.0.1/requirements.txt", 3)
    item = planned("weak", origin=origin)
    report = everywhere(WITH_LOGIN)
    report = replace(
        report, verdict=replace(report.verdict, plan=plan_of(item, passed_over=report.verdict.plan.passed_over))
    )
    lines = drawn(report, width)
    lines += [line.plain for line in error_lines(f"{WITH_LOGIN}\n{WITH_LOGIN}", [WITH_LOGIN], WITH_LOGIN, Style(width))]

    text = "".join(lines)
    assert SECRET not in text
    assert "someone" not in text
    assert "****@127.0.0.1" in text


LOGIN = ("someone", "s3cr3t%2Fx")


@pytest.fixture
def private(tmp_path: Path) -> Any:
    """An index that asks for a login, with something weak, something yanked and something broken."""
    with FakeIndex(login=("someone", "s3cr3t/x")) as index:
        files = tmp_path / "files"
        index.add(wheel(files, "weak", "1.0"))
        index.add(wheel(files, "fine", "1.0"))
        index.add(wheel(files, "fine", "1.1"))
        index.add(wheel(files, "torn", "1.0"), hashes={"sha256": "0" * 64})
        index.add(wheel(files, "needs", "1.0", requires=["nobody>=3"]))
        yield index


ASKED = {
    "approved": (["fine"], 0),
    "refused": (["weak"], 1),
    "hash": (["torn"], 1),
    "conflict": (["needs"], 4),
    "nobody": (["nobody"], 4),
    "direct": (["{url}/files/fine-1.0-py3-none-any.whl"], 0),
    "direct that is not there": (["{url}/files/gone-1.0-py3-none-any.whl"], 3),
    "direct, named": (["fine @ {url}/files/fine-1.0-py3-none-any.whl"], 0),
    "direct, two": (
        ["fine @ {url}/files/fine-1.0-py3-none-any.whl", "fine @ {url}/files/fine-1.1-py3-none-any.whl"],
        4,
    ),
    "page that fails": (["broken"], 3),
    "requirements file": (["-r", "{url}/files/requirements.txt"], 0),
    "requirements file that is not there": (["-r", "{url}/files/none.txt"], None),
    "line of a file": (["-r", "bad.txt"], 2),
    "index in a file": (["-r", "index.txt"], 1),
    "constraint": (["fine", "-c", "constraint.txt"], None),
    "find-links": (["--no-index", "-f", "{url}/files/", "fine"], None),
    "a bad URL": (["--extra-index-url", "http://someone:s3cr3t%2Fx@127.0.0.1:x/", "fine"], None),
    "an option that is none": (["--no-such={url}", "fine"], 2),
    "proxy": (["--proxy", "http://someone:s3cr3t%2Fx@127.0.0.1:9", "--retries", "0", "fine"], 3),
    "advisories": (["--advisories", "{url}/files/none.zip", "fine"], 3),
    "advisories, base": (["--advisories", "{url}/", "fine"], 3),
}


# The text that is written without --debug is written with it as well.
@pytest.mark.parametrize("form", [["--format", "json"], ["--debug", "-vv"]], ids=" ".join)
@pytest.mark.parametrize("how", list(ASKED))
def test_credentials_never_appear(
    guard: Guard, private: FakeIndex, venv: Venv, tmp_path: Path, how: str, form: list[str]
) -> None:
    """Logs are read by many: whatever happens, no output holds the user, the password, or either of its spellings."""
    host = private.base.removeprefix("http://")
    url = f"http://{':'.join(LOGIN)}@{host}"
    guard.advisories = export(
        tmp_path / "a.zip", [advisory("X-1", "weak", events=[{"introduced": "0"}, {"fixed": "2"}])]
    )
    guard.index = None
    private.override("/simple/broken/", Answer(b"oops", 500))
    private.override("/files/requirements.txt", Answer(b"fine\n", headers={"Content-Type": "text/plain"}))
    (guard.cwd / "bad.txt").write_text(f"fine @ {url}/x.whl ; nonsense\n")
    (guard.cwd / "index.txt").write_text(f"--index-url {url}/simple\nweak\n")
    (guard.cwd / "constraint.txt").write_text(f"fine @ {url}/files/fine-1.0-py3-none-any.whl\n")
    words, code = ASKED[how]
    options = ["--retries", "0"] + (
        [] if "--no-index" in words or how == "index in a file" else ["-i", f"{url}/simple"]
    )

    ran = guard.install(*options, *form, *(word.format(url=url) for word in words), target=venv)

    said = ran.out + ran.err
    assert "s3cr3t" not in said
    assert "someone" not in said
    assert "Traceback" not in said
    assert code is None or ran.code == code, ran.err


# --------------------------------------------------------------------------- from the command line


@pytest.fixture
def hostile(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index whose packages and pages are full of what steers a terminal."""
    files = tmp_path / "files"
    steer = "\x1b[31m\x9b1A\u202e\u2066\x07"
    index.json = True
    index.add(wheel(files, "yanked", "1.0"), yanked=f"{FORGED}{steer}" * 100)
    index.add(
        wheel(files, "summary", "1.0", metadata=metadata_text("summary", "1.0").replace(b"made by", steer.encode()))
    )
    index.add(
        wheel(
            files,
            "liar",
            "1.0",
            metadata=metadata_text("liar", "1.0", requires=["summary"]),
        ),
        sidecar=metadata_text("liar", "1.0"),
    )
    index.sidecars = True
    index.add(wheel(files, "needs", "1.0", metadata=metadata_text("needs", "1.0", requires=[f"x{steer}>=1"])))
    index.add(wheel(files, "python", "1.0"), requires_python=f">=99{steer}")
    index.add(wheel(files, "renamed", "1.0", metadata_name=f"re{steer}named"))
    index.add(wheel(files, "aged", "1.0", metadata_version=f"1.0{steer}"))
    index.override("/simple/odd/", Answer(b"x", 500, {"X": "y"}))
    index.override("/simple/typed/", Answer(b"x", 200, {"Content-Type": "text/plain; \xc2\x9b31m"}))
    return index


@pytest.mark.parametrize(
    "word",
    [
        "yanked==1.0",
        "summary",
        "liar",
        "needs",
        "python",
        "renamed",
        "aged",
        "odd",
        "typed",
        "no\x1b[31mbody",
        "nobody\u202e",
        "nobody @ http://127.0.0.1:9/\x1b]0;x\x07.whl",
        "./no\x9bthing.whl",
        "-rno\x1bthing\u2028.txt",
        "--no-such\x1b[2J",
        "--allow=x\x1b[2J",
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_index_steers_the_terminal(
    guard: Guard, hostile: FakeIndex, venv: Venv, tmp_path: Path, word: str, form: str
) -> None:
    """Pages, metadata, advisories, file names and the command line itself, down to the bytes that are written."""
    steer = "\x1b[31m\x9b1A\u202e\u2066\x07"
    guard.advisories = export(
        tmp_path / "a.zip",
        [advisory("X-1", "summary", events=[{"introduced": "0"}, {"fixed": "2"}], summary=f"{FORGED}{steer}")],
    )

    ran = guard.install("--dry-run", "-v", "--retries", "0", "--format", form, word, "summary", target=venv)

    for char in ran.out + ran.err:
        assert char == "\n" or is_safe(char), (repr(char), ran.err)
    assert not any(line.startswith(("Approved", "Done")) for line in ran.err.splitlines() if ran.code)
    assert "Traceback" not in ran.err
    assert "something unexpected" not in ran.err


def test_what_pip_says_of_a_wheel_does_not_steer_the_terminal(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path
) -> None:
    """pip's own words are shown too, its warnings always and the rest with -v; names in a wheel get into both."""
    steer = "\x1b[31m\u202e"
    index.add(
        wheel(
            tmp_path / "files",
            "fine",
            "1.0",
            scripts={"fine\u202e": "fine:main"},
            files={f"fine/{steer}.py": "x = (", "fine-1.0.data/scripts/a\x1b[31mb": "#!python\n"},
        )
    )
    index.add(wheel(tmp_path / "files", "odd", "1.0", files={f"odd-1.0.data/{steer}/x": ""}))

    for words, code in ((["--root", str(tmp_path / "there"), "fine"], 0), (["odd"], 5)):
        ran = guard.install("-v", "--allow", "unsafe-archive", *words, target=venv)

        assert ran.code == code, ran.err
        assert "\\x202e" in ran.err
        assert all(char == "\n" or is_safe(char) for char in ran.out + ran.err)


def test_an_error_of_each_kind_is_a_sentence() -> None:
    """Nothing ends in a traceback; every kind of error has a message, a hint of what to do, and details in order."""
    error: SafePipError = ResolutionError("Nothing fits.", "Ask for less.", details=["a wants b", "c wants d"])
    lines = [line.plain for line in error_lines(error.message, getattr(error, "details", ()), error.hint, Style())]
    assert lines == ["Error: Nothing fits.", "  a wants b", "  c wants d", "Next: Ask for less."]

    error = CommitError("One.\nTwo.")
    assert [line.plain for line in error_lines(error.message, (), error.hint, Style())] == ["Error: One.", "  Two."]
    assert COMMAND_LINE.phrase == "on the command line"
