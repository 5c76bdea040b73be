"""What the tests of the request share: pip, asked in a process of its own what it makes of the same input."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from request.asking import Answers, AskPip, Case
from safe_pip.model import Target
from safe_pip.target.probing import probe

_ORACLE = Path(__file__).with_name("pip_oracle.py")


@pytest.fixture
def ask_pip(environ: dict[str, str]) -> AskPip:
    """Asks pip's own parser and reader a list of questions in one process; what it refuses is answered by an error.

    python: the interpreter that pip runs in, whose ``pip.conf`` is then read. environ: instead of the fixture's.
    """

    def ask(cases: Iterable[Case], python: str = sys.executable, environ: Mapping[str, str] = environ) -> Answers:
        spec = importlib.util.find_spec("pip")
        assert spec is not None
        assert spec.origin is not None
        questions = [{**dataclasses.asdict(case), "cwd": os.path.abspath(case.cwd)} for case in cases]
        done = subprocess.run(
            [python, "-I", str(_ORACLE), str(Path(spec.origin).parent.parent)],
            input=json.dumps(questions),
            env=dict(environ),
            capture_output=True,
            encoding="utf-8",
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers: Answers = json.loads(done.stdout)
        return answers

    return ask


@pytest.fixture
def surroundings(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The isolated environment as that of this very process, since folders of configuration are looked up in it."""
    for name in set(os.environ) - set(environ) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A virtual environment, probed."""
    path = tmp_path_factory.mktemp("target") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True, timeout=120)
    return probe(str(path / "bin" / "python"))


@pytest.fixture
def here(surroundings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own, and an empty folder to work in."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place
