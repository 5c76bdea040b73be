"""What the tests of avoiding share: the whole way to a verdict, in this process, at a time of the test's own."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName

from fakes import FakeIndex, advisory, export, wheel
from request.asking import request_of
from safe_pip.advisories.sources import source_for
from safe_pip.model import InstalledDistribution, Level, PolicyLine, Refused, Request, Target, Verdict, WayOut
from safe_pip.pipeline import Run, install
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Weight
from safe_pip.target import probe

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
WEAK = advisory("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}])
EVIL = advisory("MAL-2026-3", "evil", events=(), versions=["2.0"])


def ago(**units: float) -> str:
    """A time so long before the test's, as a page writes it."""
    return (NOW - timedelta(**units)).isoformat()


def with_levels(**levels: Level) -> Settings:
    """The built-in policy with other levels for installs; underscores stand for hyphens."""
    own = {
        code.replace("_", "-"): Weight(level, level, PolicyLine(f"a line about {code}"))
        for code, level in levels.items()
    }
    return Settings(levels={**BUILT_IN_LEVELS, **own})


@dataclass
class Steer:
    """Goes from the arguments of ``install`` to the verdict on them; nothing is installed.

    records: of advisories. installed: what is in the target. over: whether a way out has no time left.
    """

    target: Target
    index: FakeIndex
    folder: Path
    records: list[Mapping[str, Any]] = field(default_factory=lambda: [WEAK, EVIL])
    installed: Mapping[NormalizedName, InstalledDistribution] = field(default_factory=dict)
    over: Callable[[], bool] = lambda: False
    now: datetime = NOW

    def __call__(self, *arguments: str, settings: Settings = Settings(), **more: Any) -> Verdict:  # noqa: B008 - frozen
        """more: other values of the request."""
        request = replace(self.request(*arguments), **more)
        run = Run(
            cache=self.folder / "cache",
            now=self.now,
            environ={},
            settings=settings,
            sources=(source_for(str(export(self.folder / "advisories.zip", self.records))),),
            pip_folder=self.folder,
            words=("install", *arguments),
            time_limit=lambda: lambda: 0.0 if self.over() else 60.0,
        )
        return install(request, run).verdict

    def request(self, *arguments: str) -> Request:
        """What is asked for."""
        environ = {"PIP_CONFIG_FILE": os.devnull, "HOME": str(self.folder), "PIP_INDEX_URL": self.index.url}
        target = replace(self.target, installed=self.installed)
        return replace(request_of(*arguments, target=target, environ=environ), dry_run=True)

    def offer(self, name: str, *versions: str, requires: Iterable[str] = (), **more: Any) -> None:
        """Put wheels of a project on the index; more: what the index says of them."""
        more = {"upload_time": ago(days=100), **more}
        content = more.pop("files", None)
        for version in versions:
            path = wheel(self.folder / "wheels", name, version, requires=requires, files=content)
            self.index.add(path, **more)


@pytest.fixture(scope="session")
def target() -> Target:
    """The interpreter that runs the tests."""
    return probe(sys.executable)


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index that gives upload times."""
    with FakeIndex(json=True) as server:
        yield server


@pytest.fixture
def steer(target: Target, index: FakeIndex, tmp_path: Path) -> Steer:
    """The way to a verdict, with the test's index."""
    return Steer(target, index, tmp_path)


def versions(verdict: Verdict) -> dict[str, str]:
    """What would be installed."""
    return {item.name: item.version for item in verdict.plan.install}


def passed(verdict: Verdict) -> list[tuple[str, str, str, str]]:
    """What was passed over, and why."""
    return [tuple(item) for item in verdict.plan.passed_over]


def codes(verdict: Verdict) -> list[str]:
    """The codes of what stands against it."""
    return [finding.observation.code for finding in verdict.findings if finding.blocks]


def way_of(verdict: Verdict) -> WayOut:
    """The way out of a refusal."""
    assert isinstance(verdict, Refused)
    assert verdict.way_out is not None
    return verdict.way_out


def follow(steer: Steer, way: WayOut, settings: Settings = Settings()) -> Verdict:  # noqa: B008 - frozen
    """Do what a way out says, to the letter: change the lines of files as they stand, and type the command."""
    for edit in reversed(way.edits):
        path = Path(edit.origin.source)
        lines = path.read_text().splitlines()
        if edit.origin.line is None:
            lines += edit.lines
        else:
            first = last = edit.origin.line - 1
            while lines[last].endswith("\\"):
                last += 1
            assert edit.before in "".join(lines[first : last + 1])
            lines[first : last + 1] = edit.lines
        path.write_text("\n".join(lines) + "\n")
    program, command, *words = shlex.split(way.command)
    assert (program, command) == ("safe-pip", "install")
    if "--avoid" in words:
        settings = replace(settings, avoid=True)
    return steer(*words, settings=settings)


def bad(package: str, *vulnerable: str, identifier: str = "PYSEC-2026-7") -> dict[str, Any]:
    """An advisory on some versions, with a fix that is named and need not be there."""
    return advisory(identifier, package, versions=vulnerable, events=[{"introduced": "99"}, {"fixed": "99.1"}])
