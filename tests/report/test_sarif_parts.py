"""What SARIF logs of install and audit share: help from the findings reference, and the limits of code scanning."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from judge.building import observed, planned
from safe_pip.codes import CODES
from safe_pip.model import Finding, Level
from safe_pip.report.reference import as_markdown, as_plain
from safe_pip.report.sarif_parts import MOST_PLACES, MOST_RESULTS, log, result

FOUND = Finding(observed("yanked", planned("app")), Level.WARN, None)


@pytest.mark.parametrize("code", list(CODES))
def test_the_help_of_a_rule(code: str) -> None:
    """Whoever looks at an alert reads there what it means: the page's own words, and no link that leads nowhere."""
    marked, plain = as_markdown(code), as_plain(code)

    assert "**What to do.**" in marked
    assert not re.search(r"\]\((?!https://)", marked)
    assert marked.count("```") % 2 == 0
    assert "What to do." in plain
    assert not re.search(r"```|\*\*|\]\(", plain)


def test_a_rule_carries_its_help() -> None:
    """In both forms that code scanning knows, and small enough for all rules together."""
    found = [replace(FOUND, observation=replace(FOUND.observation, code=code)) for code in CODES]

    made = log("install", found, {}, lambda _: [])

    rules = made["runs"][0]["tool"]["driver"]["rules"]
    assert {rule["id"]: rule["help"]["text"].startswith(as_plain(rule["id"])) for rule in rules} == dict.fromkeys(
        CODES, True
    )
    assert len(json.dumps(rules)) < 200_000


def test_no_more_than_code_scanning_takes() -> None:
    """A log with one result too many is refused as a whole: the worst stay, and it is told that there are more."""
    low, high = replace(FOUND, level=Level.NOTE), replace(FOUND, level=Level.BLOCK)
    place = {"physicalLocation": {}}

    def results(codes: object) -> list[dict[str, object]]:
        made = [
            result(item, ["yanked"], "x", places=[place] * (MOST_PLACES + 5), fingerprint=[], word="waived")
            for item in (low, high)
        ]
        return [made[0]] * MOST_RESULTS + [made[1]] * 2

    [made] = log("audit", [low, high], {"exitCode": 1}, results)["runs"]

    assert len(made["results"]) == MOST_RESULTS
    assert [item["level"] for item in made["results"][:3]] == ["error", "error", "note"]
    assert len(made["results"][0]["locations"] + made["results"][0]["relatedLocations"]) == MOST_PLACES
    [told] = made["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("2 more results are left out")
