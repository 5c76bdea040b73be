"""Every finding code, from the one table: explained, found where it is, not found where it nearly is, at every level.

A code without a heading, a text for ``--explain`` or its two cases fails here. The cases stand in
tests/rules/cases_*.py; ``rules.world`` says how to write them.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT
from rules.world import Case, Ended, World, a_world
from safe_pip.codes import CODES
from safe_pip.model import Approved, Level
from safe_pip.report.explained_code import as_text
from safe_pip.report.plain import Style
from safe_pip.report.reference import sections
from safe_pip.rules import CANDIDATE_RULES, PLAN_RULES


def _registered() -> dict[str, Case]:
    """The cases of all parts. No code has two, or one part would hide what another protects."""
    found: dict[str, Case] = {}
    for place in sorted((ROOT / "tests" / "rules").glob("cases_*.py")):
        cases: dict[str, Case] = importlib.import_module(f"rules.{place.stem}").CASES
        assert all(code == case.code for code, case in cases.items())
        assert found.keys().isdisjoint(cases), found.keys() & cases.keys()
        found |= cases
    return found


CASES = _registered()
# That each code of the table has its rule is what tests/test_architecture.py looks at.
_MADE = {code for code in CASES if code in CANDIDATE_RULES or code in PLAN_RULES or CODES[code].kind == "policy"}
_AUDITED = sorted(code for code in _MADE if CASES[code].audit)
_STANDS = {Level.NOTE: "note", Level.WARN: "warn", Level.BLOCK: "block", Level.AVOID: "block"}
"""How reports write a level; what should have been avoided and could not be blocks."""

# --------------------------------------------------------------------------- the table


@pytest.mark.parametrize("code", list(CODES))
def test_every_code_has_its_section_and_its_cases(code: str) -> None:
    """A code that nobody can look up, or that no test has ever seen, is not finished."""
    page = (ROOT / "docs" / "reference" / "findings.md").read_text("utf-8")

    assert re.search(rf"^## {code}$", page, re.MULTILINE)
    assert as_text(code, Style(80)).startswith(f"{code}\n\nLevel: ")
    assert len(sections()[code]) > 200
    assert code in CASES, f"write a Case for {code} in tests/rules/cases_<part>.py"


def test_there_are_no_cases_of_other_codes() -> None:
    """A case for a code that is not in the table tests nothing that anybody sees."""
    assert set(CASES) <= set(CODES)


# --------------------------------------------------------------------------- worlds


@pytest.fixture(scope="module", params=sorted(_MADE))
def triggered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    """A code and the world that has it; one for all levels, since none changes it."""
    code: str = request.param
    with a_world(tmp_path_factory.mktemp(code)) as world:
        yield code, CASES[code].trigger(world)


@pytest.fixture(scope="module", params=sorted(_MADE))
def nearly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    """A code and the world that nearly has it."""
    code: str = request.param
    with a_world(tmp_path_factory.mktemp(code)) as world:
        yield code, CASES[code].nearly(world)


def _label(ended: Ended, code: str) -> str:
    """What the text calls a finding: its id, where it has one, else its code."""
    found = ended.of(code)[0]
    return str(found["id"] or code)


# --------------------------------------------------------------------------- install


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.word)
def test_an_install_at_every_level(triggered: tuple[str, World], level: Level) -> None:
    """What a level says is what happens: silence, a word, a refusal, or another version; in text as in JSON."""
    code, world = triggered

    ended = world.install(code, level)

    if level == Level.ALLOW:
        assert ended.of(code) == []
        assert ended.exit_code != 1
        return
    if level == Level.AVOID and CODES[code].candidate:
        _assert_avoided(ended, code)
        return
    assert ended.error is None, ended.text
    assert ended.of(code), ended.text
    assert {finding["level"] for finding in ended.of(code)} == {_STANDS[level]}
    assert _label(ended, code) in ended.text
    assert (ended.exit_code == 1) == (level >= Level.BLOCK)
    assert ended.json["verdict"] != "approved" or isinstance(ended.verdict, Approved)


def _assert_avoided(ended: Ended, code: str) -> None:
    """Either another version was taken and this one is listed, or nothing else was left and that is said."""
    if ended.exit_code == 0:
        assert ended.passed_over(code), ended.text
        assert ended.of(code) == []
        assert "Passed over" in ended.text
        return
    assert ended.exit_code in (1, 4), ended.text
    if ended.exit_code == 1:
        assert {finding["level"] for finding in ended.of(code)} == {_STANDS[Level.AVOID]}
        assert _label(ended, code) in ended.text
    else:
        assert code in ended.text


@pytest.mark.parametrize("level", [Level.NOTE, Level.BLOCK, Level.AVOID], ids=lambda level: level.word)
def test_an_install_that_nearly_has_it(nearly: tuple[str, World], level: Level) -> None:
    """What is close and not the thing itself is no finding, and is not passed over: false alarms are a defect."""
    code, world = nearly

    ended = world.install(code, level)

    assert ended.error is None, ended.text
    assert ended.of(code) == []
    assert ended.exit_code == 0, ended.text


# --------------------------------------------------------------------------- audit


@pytest.fixture(scope="module", params=_AUDITED)
def audited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    """A code that audits see, and the world that has it."""
    code: str = request.param
    with a_world(tmp_path_factory.mktemp(code)) as world:
        yield code, CASES[code].trigger(world)


@pytest.mark.parametrize("level", list(Level), ids=lambda level: level.word)
def test_an_audit_at_every_level(audited: tuple[str, World], level: Level) -> None:
    """The same for an audit, where every advisory that stands makes the exit code 1, as with pip-audit."""
    code, world = audited

    ended = world.audit(code, level)

    alone = not world.levels
    if level == Level.ALLOW:
        assert ended.of(code) == []
        assert ended.exit_code == 0 or not alone, ended.text
        return
    assert ended.of(code), ended.text
    assert {finding["level"] for finding in ended.of(code)} == {_STANDS[level]}
    assert _label(ended, code) in ended.text
    counts = level >= Level.BLOCK or CODES[code].kind == "advisory"
    assert ended.exit_code == int(counts) or (not alone and not counts), ended.text


@pytest.mark.parametrize("code", _AUDITED)
def test_an_audit_that_nearly_has_it(code: str, tmp_path: Path) -> None:
    """The same for what is close: no finding, and a good end."""
    with a_world(tmp_path) as world:
        ended = CASES[code].nearly(world).audit(code, Level.BLOCK)

    assert ended.of(code) == []
    assert ended.exit_code == 0, ended.text
