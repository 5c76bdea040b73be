"""A world that a finding is looked for in, made small: an index, advisories, a target, and what is asked for.

Everything in it is real: wheels that are built, an index on loopback that serves them, an export of OSV records, and
the pipeline itself, run in this process up to the verdict. Nothing is installed. To give a code its two cases:

    def _yanked(world: World) -> World:
        world.offers("old", "1.0", listed={"yanked": "broken"})
        return world.asks("old==1.0")

    CASES = {"yanked": Case("yanked", trigger=_yanked, nearly=_not_yanked)}

in ``tests/rules/cases_<part>.py``; ``tests/test_every_code.py`` finds them, and walks each through every level.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from fakes import FakeIndex, advisory, export, sdist, wheel
from safe_pip.advisories.sources import Source, source_for
from safe_pip.audited import Audited
from safe_pip.auditing import AuditRun
from safe_pip.auditing import audit as audit_pipeline
from safe_pip.codes import CODES
from safe_pip.errors import SafePipError
from safe_pip.judge_audit import AuditSettings
from safe_pip.model import Level, Origin, PolicyLine, Request, Target, Verdict
from safe_pip.pipeline import Run, check
from safe_pip.report import Report, text
from safe_pip.report import json as json_report
from safe_pip.report.audit import FORMATS, Look
from safe_pip.report.plain import Style
from safe_pip.request.audit_command_line import parse_audit
from safe_pip.request.audited_files import Surroundings, read_requirements
from safe_pip.request.command_line import parse
from safe_pip.request.default_index import DefaultIndex
from safe_pip.request.reading import read_request
from safe_pip.settings import Settings
from safe_pip.settings.levels import Weight
from safe_pip.stage import private_folder
from safe_pip.target import probe, read_installed

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
"""The time in every world."""
STYLE = Style(80)
_WRITTEN = Origin("safe-pip.toml", 1)


@lru_cache(maxsize=1)
def this_python() -> Target:
    """The interpreter that runs the tests, asked once."""
    return probe(sys.executable)


@dataclass(frozen=True)
class Ended:
    """How a command ended, as a person and as a program see it. error: what it ended with instead of a verdict."""

    exit_code: int
    text: str
    json: dict[str, Any]
    verdict: Verdict | None = None
    audited: Audited | None = None
    error: SafePipError | None = None

    def of(self, code: str) -> list[dict[str, Any]]:
        """The findings of a code, as JSON has them."""
        return [finding for finding in self.json.get("findings", ()) if finding["code"] == code]

    def passed_over(self, code: str) -> list[dict[str, Any]]:
        """The versions that were passed over for a code, as JSON has them."""
        return [item for item in (self.json.get("plan") or {}).get("passed_over", ()) if item["code"] == code]


@dataclass
class World:
    """What there is, and what is asked for; change it by its methods, each of which returns it.

    index: answers JSON with upload times and sizes, and metadata beside wheels. settings: the policy but for its
    levels. levels: of other codes that have to weigh something for the case; those not named are ``allow``, so that
    nothing but the code itself stands in the way. options: of the command line, beside the index and the advisories.
    more_sources: of advisories, as for ``--advisories``, beside the export of those that the world knows.
    """

    folder: Path
    index: FakeIndex
    settings: Settings = field(default_factory=Settings)
    levels: dict[str, Level] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    records: list[Mapping[str, Any]] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    more_indexes: list[FakeIndex] = field(default_factory=list)
    more_sources: list[str] = field(default_factory=list)

    # ----------------------------------------------------------------- what there is

    @property
    def files(self) -> Path:
        """The folder that the files of the index lie in."""
        return self.folder / "files"

    def offers(
        self,
        name: str,
        version: str = "1.0",
        *,
        source: bool = False,
        listed: Mapping[str, Any] | None = None,
        **made: Any,
    ) -> Path:
        """Build a wheel (``fakes.wheel``; with source a source archive) and list it on the index; returns its path.

        made: what is built, in the words of ``fakes``. listed: how it is listed, in those of ``FakeIndex.add``. It was
        uploaded a year ago unless that says otherwise.
        """
        path = (sdist if source else wheel)(self.files, name, version, **made)
        return self.lists(path, **{"project": name, **(listed or {})})

    def lists(self, path: Path, *, on: FakeIndex | None = None, **listed: Any) -> Path:
        """List any file on the index, or another one."""
        return (on or self.index).add(path, **{"upload_time": self.ago(days=365), **listed})

    def another_index(self) -> FakeIndex:
        """A second index, beside the first (``--extra-index-url``); it stops with the world."""
        made = FakeIndex(json=True, sidecars=True)
        self.more_indexes.append(made)
        self.options += ["--extra-index-url", made.url]
        return made

    def knows(self, identifier: str, package: str, **more: Any) -> World:
        """Have an advisory, in the words of ``fakes.advisory``."""
        self.records.append(advisory(identifier, package, **more))
        return self

    def has(self, name: str, version: str = "1.0", **made: Any) -> World:
        """Have a wheel's files lie installed in the target."""
        path = wheel(self.folder / "installed", name, version, **made)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(self.site_packages)
        return self

    @staticmethod
    def ago(**age: float) -> str:
        """A time so long ago, as an index gives it: ``world.ago(hours=9)``."""
        return (NOW - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")

    # ----------------------------------------------------------------- what is asked for

    def asks(self, *arguments: str) -> World:
        """Ask for requirements, both on the command line of an install and in the file that is audited."""
        self.arguments += arguments
        return self

    def writes(self, *lines: str) -> World:
        """Write lines into the requirements file that both commands read."""
        self.lines += lines
        return self

    def under(self, **settings: Any) -> World:
        """Have tables of the policy: ``world.under(cooldown=Cooldown(...))``."""
        self.settings = replace(self.settings, **settings)
        return self

    # ----------------------------------------------------------------- running

    def install(self, code: str, level: Level) -> Ended:
        """Work out an install with the code at a level, up to the verdict, and report it."""
        (self.folder / "private").mkdir(exist_ok=True)
        words = [*self._named(), *self.arguments]
        if self.lines:
            words += ["-r", str(self._requirements(self.lines, "requirements.txt"))]
        values = parse([*words, "--dry-run"], (), {})
        request = read_request(
            values, self.target, environ=self.environ, fetch=_no_fetch, default_index=_no_default, now=NOW
        )
        run = Run(
            cache=self.folder / "cache",
            now=NOW,
            environ=self.environ,
            settings=self._settings(code, level),
            sources=self._sources(),
            pip_folder=self.folder,
        )
        try:
            with private_folder(run.cache) as folder:
                return _told(check(request, run, folder), request)
        except SafePipError as error:
            told = json_report.failure(error, command="install", dry_run=True, policy=run.settings.in_force)
            lines = text.error_lines(error.message, getattr(error, "details", ()), error.hint, STYLE)
            return Ended(error.exit_code, _plain(lines), json.loads(told), error=error)

    def audit(self, code: str, level: Level) -> Ended:
        """Audit a requirements file that asks for the same, with the code at a level, and report it."""
        place = self._requirements([*self.lines, *self.arguments], "audited.txt")
        options = parse_audit([*self._named(), "-r", str(place)], {})
        around = Surroundings(self.target, (), self.environ, _no_fetch, _no_default, NOW)
        run = AuditRun(
            cache=self.folder / "cache",
            now=NOW,
            sources=self._sources(),
            settings=AuditSettings(settings=self._settings(code, level)),
        )
        audited = audit_pipeline([read_requirements(options, around)], run)
        look = Look(now=NOW, target=self.target)
        return Ended(
            audited.exit_code,
            FORMATS["text"].render(audited, look),
            json.loads(FORMATS["safe-pip-json"].render(audited, look)),
            audited=audited,
        )

    @property
    def site_packages(self) -> Path:
        """Where things lie installed."""
        return self.folder / "target" / "site-packages"

    @property
    def target(self) -> Target:
        """The interpreter of the tests with an environment of its own, which ``has`` fills."""
        place = str(self.site_packages)
        os.makedirs(place, exist_ok=True)
        return replace(
            this_python(),
            prefix=str(self.folder / "target"),
            site_packages=place,
            user_site=None,
            externally_managed=None,
            is_virtual=True,
            search_path=(place,),
            installed=read_installed((place,)),
        )

    def _named(self) -> list[str]:
        return ["--index-url", self.index.url, *self.options]

    def _settings(self, code: str, level: Level) -> Settings:
        levels = dict.fromkeys(CODES, Level.ALLOW) | self.levels | {code: level}
        weights = {
            name: Weight(given, given, PolicyLine(f'levels.{name} = "{given.word}"', _WRITTEN))
            for name, given in levels.items()
        }
        return replace(self.settings, levels=weights)

    def _sources(self) -> tuple[Source, ...]:
        return tuple(source_for(place) for place in (str(self._export()), *self.more_sources))

    def _export(self) -> Path:
        # A database without a record is one that could not be had.
        records = [advisory("PYSEC-2020-1", "nobody-asks-for-this"), *self.records]
        place = self.folder / "advisories.zip"
        return place if place.exists() else export(place, records)

    def _requirements(self, lines: list[str], name: str) -> Path:
        place = self.folder / name
        place.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return place


@dataclass(frozen=True)
class Case:
    """A code, a world in which it is found, and one in which it nearly is and must not be.

    audit: whether an audit of a requirements file finds it as well.
    """

    code: str
    trigger: Callable[[World], World]
    nearly: Callable[[World], World]
    audit: bool = False


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """An empty world with an index of its own, below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with FakeIndex(json=True, sidecars=True) as index:
        world = World(folder, index)
        try:
            yield world
        finally:
            for other in world.more_indexes:
                other.stop()


def _told(verdict: Verdict, request: Request) -> Ended:
    report = Report(verdict, request)
    lines = [*text.plan_lines(report, STYLE), *text.verdict_lines(report, STYLE), *text.closing_lines(report, STYLE)]
    return Ended(report.exit_code, _plain(lines), json.loads(json_report.render(report)), verdict=verdict)


def _plain(lines: Any) -> str:
    return "".join(f"{line.plain}\n" for line in lines)


def _no_fetch(url: str) -> bytes:
    raise AssertionError(f"nothing is to be read from {url}")


def _no_default() -> DefaultIndex:
    raise AssertionError("pip is not to be asked for its index")
