"""Policy files on the road of the commands themselves: found, named, and told in the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import FakeIndex, advisory, export, wheel


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path, guard: Guard) -> FakeIndex:
    """An index with a package that is vulnerable, and a project."""
    index.add(wheel(tmp_path / "files", "weak", "1.0"))
    (guard.cwd / ".git").mkdir()
    return index


def test_the_road_of_an_install(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A clone's policy does not loosen; the one that --policy names is followed; a mistake ends the run."""
    project = guard.cwd / "safe-pip.toml"
    project.write_text('[levels]\nvulnerability = "allow"\n')
    words = ("--dry-run", "weak==1.0")
    loosened = guard.install(*words, target=venv)
    assert loosened.code == 1, loosened.err
    assert 'Note: safe-pip.toml, line 2: levels.vulnerability = "allow" has no effect' in loosened.said

    assert guard.install(*words, "--policy", "safe-pip.toml", target=venv).code == 0
    named = guard.install(*words, target=venv, SAFE_PIP_POLICY="safe-pip.toml", SAFE_PIP_ALLOW="vulnerability")
    assert named.code == 0
    assert "Note: SAFE_PIP_POLICY names the policy: safe-pip.toml" in named.said
    assert "Note: SAFE_PIP_ALLOW has no effect" in named.said

    project.write_text('[levels]\nvulnerability = "blok"\n')
    wrong = guard.install("weak==1.0", target=venv)
    assert (wrong.code, wrong.out) == (2, "")
    assert "safe-pip.toml, line 2, column 17: 'blok' is not a level; did you mean block?" in wrong.said
    assert "weak==1.0" not in venv.freeze()


def test_the_road_of_an_audit(guard: Guard, world: FakeIndex, tmp_path: Path) -> None:
    """The same for an audit; the policy's sources of advisories count where no option names one."""
    (guard.cwd / "requirements.txt").write_text("weak==1.0 --hash=sha256:" + "0" * 64 + "\n")
    export(tmp_path / "elsewhere.zip", [advisory("PYSEC-2026-9", "weak")])
    policy = tmp_path / "named.toml"
    policy.write_text('[levels]\nvulnerability = "note"\n[advisories]\nsources = ["elsewhere.zip"]\n')
    words = ("audit", "-r", "requirements.txt", "--no-deps", "--disable-pip", "--format", "safe-pip-json")

    ran = guard(*words, "--policy", str(policy))

    (finding,) = ran.json["findings"]
    assert (finding["id"], finding["level"]) == ("PYSEC-2026-9", "note")
    assert guard(*words, "--profile", "ci").code == 2
