"""Avoiding from the command line: the option, its variable, the report, and what is installed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import FakeIndex, advisory, export, wheel

FRESH = "2999-01-01T00:00:00Z"


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index that gives upload times."""
    with FakeIndex(json=True) as server:
        yield server


@pytest.fixture
def world(guard: Guard, index: FakeIndex, advisories: Path, tmp_path: Path) -> FakeIndex:
    """A package with a fresh version, an affected one and a good one."""
    export(advisories, [advisory("PYSEC-2026-1", "lib", versions=["2.0"], events=())])
    index.add(wheel(tmp_path, "lib", "1.0"), upload_time="2020-01-01T00:00:00Z")
    index.add(wheel(tmp_path, "lib", "2.0"), upload_time="2020-01-01T00:00:00Z")
    index.add(wheel(tmp_path, "lib", "3.0"), upload_time=FRESH)
    return index


def test_the_newest_that_passes_is_installed(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """With --avoid nothing is refused, the versions that were passed over are told, and the good one is installed."""
    ran = guard.install("--avoid", "lib", target=venv)

    assert (ran.code, ran.out) == (0, "Successfully installed lib-1.0\n"), ran.err
    assert "Passed over lib 3.0: 0 min old lib 2.0: PYSEC-2026-1" in ran.said
    assert venv.freeze() == ["lib==1.0"]


def test_without_it_what_blocks_is_seen(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """The cooldown is avoided by itself; a vulnerability is seen. The variable does as the option."""
    refused = guard.install("--dry-run", "--format", "json", "lib", target=venv)
    avoided = guard.install("--dry-run", "--format", "json", "lib", target=venv, SAFE_PIP_AVOID="1")

    assert (refused.code, avoided.code) == (1, 0)
    assert refused.json["plan"]["passed_over"] == [
        {"name": "lib", "version": "3.0", "code": "too-new", "reason": "0 min old"}
    ]
    assert [finding["code"] for finding in refused.json["findings"]] == ["vulnerability"]
    assert [item["code"] for item in avoided.json["plan"]["passed_over"]] == ["too-new", "vulnerability"]


def test_nothing_passes(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """The exit code of a conflict, the rule in the way, and what would let it through."""
    ran = guard.install("lib>=3", target=venv)

    assert ran.code == 4
    assert "lib>=3 (asked for on the command line): 3.0 too-new (0 min old)" in ran.said
    assert "with --allow too-new:lib." in ran.said
    assert guard.install("--dry-run", "lib>=3", "--allow", "too-new:lib", target=venv).code == 0


def test_an_audit_chooses_nothing(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Refused by name, and not read as something else; the variable is for installs."""
    ran = guard("audit", "--avoid", target=venv)

    assert ran.code == 2
    assert "--avoid is not supported by safe-pip: an audit looks at what is there, and chooses nothing." in ran.said
