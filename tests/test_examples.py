"""The two examples that the README begins with, on real packages: the first is refused, the second passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Guard, Venv

EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.registry


@pytest.fixture
def guarded(guard: Guard, registry: str) -> Guard:
    """safe-pip as after a fresh clone, with the index of this machine."""
    guard.index = None
    guard.advisories = None
    guard.cwd = ROOT
    guard.more["PIP_INDEX_URL"] = registry
    return guard


def blocking(report: Any) -> set[tuple[str, str]]:
    """What stands against the install, as (package, id)."""
    return {
        (finding["name"], finding["id"])
        for finding in report["findings"]
        if finding["level"] == "block" and finding["waived_by"] is None
    }


def test_the_starter_set_refuses_the_first(guarded: Guard, venv: Venv) -> None:
    """The command of the README, on a machine that cannot reach an advisory source: exit code 1."""
    before = venv.snapshot()

    ran = guarded("install", "--dry-run", "-r", "examples/refused.txt", "--format", "json", target=venv)

    assert ran.code == 1, ran.err
    assert {("flask", "PYSEC-2023-62"), ("requests", "PYSEC-2023-74")} <= blocking(ran.json)
    assert [item["code"] for item in ran.json["unchecked"]] == ["stale-advisories"]
    assert venv.snapshot() == before


def test_the_starter_set_lets_the_second_pass(guarded: Guard, venv: Venv) -> None:
    """With the waiver that the README gives, exit code 0; without it, exit code 3: little was looked at."""
    command = ["install", "--dry-run", "-r", "examples/mended.txt", "--format", "json"]

    without = guarded(*command, target=venv)
    ran = guarded(*command, "--allow", "stale-advisories", target=venv)

    assert without.code == 3, without.err
    assert ran.code == 0, ran.err
    assert ran.json["findings"] == []
    assert {"flask", "requests"} <= {item["name"] for item in ran.json["plan"]["install"]}


def test_real_advisories_refuse_the_first(guarded: Guard, venv: Venv, shared: Path) -> None:
    """With the fixes that the report names, and nothing left unchecked."""
    guarded.advisories = shared / "advisories" / "all.zip"

    ran = guarded.install("--dry-run", "-r", "examples/refused.txt", "--format", "json", target=venv)

    assert ran.code == 1, ran.err
    assert blocking(ran.json) == {("flask", "PYSEC-2023-62"), ("idna", "PYSEC-2024-60"), ("requests", "PYSEC-2023-74")}
    assert {
        finding["name"]: finding["suggested_fix"] for finding in ran.json["findings"] if finding["level"] == "block"
    } == {
        "flask": "2.2.5",
        "idna": "3.7",
        "requests": "2.31.0",
    }
    assert ran.json["unchecked"] == []


def test_real_advisories_let_the_second_pass(guarded: Guard, venv: Venv, shared: Path) -> None:
    """Nothing stands against it, and nothing had to be waived."""
    guarded.advisories = shared / "advisories" / "all.zip"

    ran = guarded.install("--dry-run", "-r", "examples/mended.txt", "--format", "json", target=venv)

    assert ran.code == 0, ran.err
    assert ran.json["findings"] == []
    assert ran.json["unchecked"] == []


@pytest.mark.slow
def test_the_fixes_that_are_named_make_it_pass(guarded: Guard, venv: Venv, shared: Path) -> None:
    """Promise 5: whoever follows the report gets through."""
    guarded.advisories = shared / "advisories" / "all.zip"
    first = guarded.install("--dry-run", "-r", "examples/refused.txt", "--format", "json", target=venv)
    fixes = [f"{finding['name']}=={finding['suggested_fix']}" for finding in first.json["findings"]]

    ran = guarded.install("--dry-run", "--format", "json", *fixes, target=venv)

    assert len(fixes) >= 3
    assert ran.code == 0, ran.err
    assert blocking(ran.json) == set()
