"""The commands that pip does not have follow the policy as install and audit do: its sources, and their ages."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Ran
from fakes import advisory, export
from safe_pip.cli import main

Command = Callable[..., Ran]
OLD = 1_700_000_000


@pytest.fixture
def command(work: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs safe-pip in this process."""

    def run(*arguments: str, **more: str) -> Ran:
        code = main(list(arguments), {**environ, "COLUMNS": "80", **more})
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Advisories that the policy names."""
    place = tmp_path / "own.json"
    place.write_text(json.dumps(advisory("PYSEC-1", "app")), "utf-8")
    os.utime(place, (OLD, OLD))
    return place


@pytest.fixture
def of_user(tmp_path: Path, work: Path) -> Callable[[str], None]:
    """Writes the user's policy."""

    def write(text: str) -> None:
        place = tmp_path / "config" / "safe-pip" / "safe-pip.toml"
        place.parent.mkdir(parents=True)
        place.write_text(text, "utf-8")

    return write


READERS = [["explain", "PYSEC-1", "--format", "json"], ["advisories", "status", "--format", "json"]]


@pytest.mark.parametrize("words", [*READERS, ["advisories", "sync", "--format", "json"]])
def test_sources_of_the_policy(
    command: Command, of_user: Callable[[str], None], source: Path, words: list[str]
) -> None:
    """What an install is judged by is what is explained, told and brought up to date; nothing else is there to ask."""
    of_user(f'[advisories]\nsources = ["{source}"]\n')

    ran = command(*words)

    assert ran.code == 0, ran.err
    told = ran.json["sources"] if words[0] == "explain" else ran.json
    assert [(item["source"], item["records"]) for item in told] == [(str(source), 1)]


def test_an_option_comes_first(command: Command, of_user: Callable[[str], None], source: Path, tmp_path: Path) -> None:
    """Whoever names a source means that one, and no policy adds to it."""
    of_user(f'[advisories]\nsources = ["{source}"]\n')
    other = export(tmp_path / "other.zip", [advisory("B-2", "lib")])

    by_option = command("explain", "B-2", "--advisories", str(other))
    by_variable = command("explain", "PYSEC-1", SAFE_PIP_ADVISORIES=str(other))

    assert by_option.code == 0, by_option.err
    assert (by_variable.code, "No advisory here has the id" in by_variable.said) == (2, True)


def test_a_project_names_no_source(command: Command, work: Path, source: Path) -> None:
    """A clone must not choose what is known of its packages; that it tried is told on these commands too."""
    (work / "safe-pip.toml").write_text(f'[advisories]\nsources = ["{source}"]\n', "utf-8")

    ran = command("explain", "PYSEC-1")

    assert ran.code == 3
    assert 'Note: safe-pip.toml, line 2: advisories.sources = ["' in ran.said
    assert "There is no copy of the OSV bulk export" in ran.said
    assert command("explain", "PYSEC-1", "--policy", "safe-pip.toml").code == 0


def test_services_of_the_policy(command: Command, of_user: Callable[[str], None], source: Path) -> None:
    """A service has nothing on this machine: what else the policy names is looked at, and the service is told."""
    of_user(f'[advisories]\nsources = ["osv", "{source}"]\n')

    ran = command("advisories", "status", "--format", "json")

    assert (ran.code, len(ran.json)) == (0, 1)
    assert ran.said == "Note: osv, which the policy names, is a service that is asked anew each time."
    assert command("explain", "PYSEC-1").code == 0


@pytest.mark.parametrize(
    ("ages", "stale", "too_old"),
    [("", True, False), ('warn-after = "never"', False, False), ('incomplete-after = "2d"', True, True)],
)
def test_ages_of_the_policy(
    command: Command, of_user: Callable[[str], None], source: Path, ages: str, stale: bool, too_old: bool
) -> None:
    """Advisories that an install takes for too old are told as too old here, with the line, and not as clean."""
    of_user(f'[advisories]\nsources = ["{source}"]\n{ages}\n')

    told = command("explain", "app", "--format", "json").json
    status = command("advisories", "status")

    assert [item["stale"] for item in told["sources"]] == [stale]
    assert [item["code"] for item in told["unchecked"]] == ["stale-advisories"] * too_old
    assert ("; old)" in status.out) == stale
    assert ("takes none older than 48 h (" in status.out) == too_old


def test_a_policy_that_cannot_be_followed(command: Command, work: Path) -> None:
    """It ends these commands as it ends an install; what a code means does not depend on it."""
    (work / "safe-pip.toml").write_text("[levles]\n", "utf-8")

    for words in (["explain", "PYSEC-1"], ["advisories", "status"], ["advisories", "sync"]):
        ran = command(*words)
        assert (ran.code, ran.out) == (2, "")
        assert "did you mean levels?" in ran.said
    assert command("explain", "yanked").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["install", "--python", "nowhere", "app"], 2),
        (["install", "--no-index", "--dry-run", "app"], 4),
        (["audit", "--python", "nowhere"], 2),
    ],
)
def test_a_run_that_fails_tells_its_policy(
    command: Command, work: Path, source: Path, words: list[str], code: int
) -> None:
    """Whoever reads of a failure sees which policy was read by then: it may be what has to be changed."""
    (work / "safe-pip.toml").write_text('[levels]\nyanked = "block"\nmalware = "note"\n', "utf-8")
    form = "safe-pip-json" if words[0] == "audit" else "json"

    ran = command(*words, "--format", form, "--advisories", str(source))

    assert (ran.code, ran.json["exit_code"]) == (code, code), ran.err
    assert ran.json["policy"]["files"] == ["safe-pip.toml"]
    assert len(ran.json["policy"]["notes"]) == 1
