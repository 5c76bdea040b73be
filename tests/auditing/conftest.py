"""What the tests of ``safe-pip audit`` share: the command in this very process, and packages that lie installed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import Ran
from fakes import FakeIndex, metadata_text
from safe_pip.cli import main


@dataclass
class Audit:
    """Runs ``safe-pip audit`` without a process of its own, with the test's index and advisories."""

    environ: dict[str, str]
    advisories: Path
    index: FakeIndex
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, format: str | None = "json", **environ: str) -> Ran:
        """format: None to leave the option out."""
        words = ["audit", "--advisories", str(self.advisories), *arguments]
        words += [] if format is None else ["--format", format]
        code = main(words, {**self.environ, **environ})
        shown = self.capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    def resolving(self, *arguments: str, **environ: str) -> Ran:
        """The same with the test's index."""
        return self("--index-url", self.index.url, *arguments, **environ)


@pytest.fixture
def here(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and an environment without anything of this machine."""
    for name in set(os.environ) - set(environ) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def audit(
    here: Path, environ: dict[str, str], advisories: Path, index: FakeIndex, capsys: pytest.CaptureFixture[str]
) -> Audit:
    """The command."""
    return Audit(environ, advisories, index, capsys)


def put(
    folder: Path, name: str, version: str, *, requires: Iterable[str] = (), asked: bool = False, **more: Any
) -> Path:
    """Lay an installed distribution into a folder, as pip leaves it; returns its metadata folder.

    asked: whether a person asked for it. more: files of the metadata folder beside METADATA, JSON where no text.
    """
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_bytes(metadata_text(name, version, requires=tuple(requires)))
    if asked:
        (info / "REQUESTED").write_text("")
    for file, content in more.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (info / file.replace("direct_url", "direct_url.json")).write_text(text)
    return info


def found(ran: Ran) -> dict[str, list[str]]:
    """The ids found, by ``NAME VERSION``, of what was audited."""
    return {
        f"{item['name']} {item['version']}": [vuln["id"] for vuln in item["vulns"]]
        for item in ran.json["dependencies"]
        if "version" in item
    }


def skipped(ran: Ran) -> dict[str, str]:
    """What was skipped, and why."""
    return {item["name"]: item["skip_reason"] for item in ran.json["dependencies"] if "skip_reason" in item}
