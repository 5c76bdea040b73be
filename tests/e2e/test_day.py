"""A day with ``alias pip=safe-pip``, and the same day with plain pip in a twin of the environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import Ran, Venv, run
from fakes import FakeIndex, wheel
from safe_pip.request.default_index import pip_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the alias is a shell script")


@dataclass
class Person:
    """Somebody at a shell: types ``pip …`` in a project's folder, with the project's environment active."""

    venv: Venv
    folder: Path
    path: str
    environ: dict[str, str]

    def pip(self, line: str) -> Ran:
        """Type a line after ``pip``. What names a place of this person's own is taken out of the answer."""
        surroundings = {**self.environ, "PATH": self.path, "VIRTUAL_ENV": str(self.venv.path)}
        ran = run(["/bin/sh", "-c", f"pip {line}"], surroundings, self.folder)
        places = {str(self.venv.path): "<env>", str(self.folder): "<here>"}
        for place, name in places.items():
            ran = Ran(ran.code, ran.out.replace(place, name), ran.err.replace(place, name))
        return ran


@dataclass
class Day:
    """The one with the alias, and the one without."""

    aliased: Person
    plain: Person

    def both(self, line: str) -> tuple[Ran, Ran]:
        """Both type a line; it ends in the same way."""
        ours, theirs = self.aliased.pip(line), self.plain.pip(line)
        assert ours.code == theirs.code, (line, ours, theirs)
        return ours, theirs

    def same(self, line: str) -> Ran:
        """Both type a line, and nobody could tell the answers apart."""
        ours, theirs = self.both(line)
        assert (ours.out, ours.err) == (theirs.out, theirs.err), line
        return ours

    def installs(self, line: str) -> Ran:
        """Both install: pip's closing line is the same, and so is everything in the environments."""
        ours, theirs = self.both(line)
        assert ours.code == 0, ours.err
        closing = [said for said in theirs.out.splitlines() if said.startswith("Successfully installed")]
        assert ours.out.splitlines() == closing
        assert files(self.aliased.venv) == files(self.plain.venv)
        self.same("freeze")
        return ours


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An application with a script, an extra and dependencies, in several versions."""
    files = tmp_path / "files"
    for version, requires in (("1.0", ["lib>=1"]), ("1.1", ["lib>=1.1", "Other.Lib"])):
        index.add(
            wheel(
                files,
                "App",
                version,
                requires=[*requires, 'extra-dep; extra == "more"'],
                extras=["more"],
                scripts={"app": "app:main"},
            )
        )
    for version in ("1.0", "1.1", "2.0rc1"):
        index.add(wheel(files, "lib", version))
    index.add(wheel(files, "other.lib", "3.0"), project="other-lib")
    index.add(wheel(files, "extra-dep", "2.0"))
    index.add(wheel(files, "tool", "0.1", requires=["lib<1.1"]))
    return index


def files(venv: Venv) -> dict[str, bytes]:
    """Every file of an environment, less those of its pip, which compiles itself as it is used."""
    return {name: content for name, content in venv.files().items() if "/site-packages/pip/" not in name}


def with_todays_pip(place: Path, environ: dict[str, str]) -> Venv:
    """An environment whose pip is the one that the tests run with: what ensurepip has is as old as its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, env=environ, timeout=180)
    venv = Venv(place, environ)
    for folder in (pip_folder(), *pip_folder().parent.glob("pip-*.dist-info")):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(folder, venv.site_packages / folder.name, ignore=ignored)
    script = place / "bin" / "pip"
    script.write_text(f"#!{venv.python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n")
    script.chmod(0o755)
    return venv


@pytest.fixture
def day(world: FakeIndex, advisories: Path, environ: dict[str, str], tmp_path: Path) -> Day:
    """Two environments with a pip of their own, made as people make them, and a project in each person's folder."""
    alias = tmp_path / "alias"
    alias.mkdir()
    (alias / "pip").write_text(f'#!/bin/sh\nexec {sys.executable} -m safe_pip "$@"\n')
    (alias / "pip").chmod(0o755)
    surroundings = {**environ, "PIP_INDEX_URL": world.url, "SAFE_PIP_ADVISORIES": str(advisories)}
    people = []
    for name in ("aliased", "regular"):  # names of one length: pip draws columns
        folder = tmp_path / name
        folder.mkdir()
        (folder / "requirements.txt").write_text("# the project\napp[more]==1.0\n-c constraints.txt\n")
        (folder / "constraints.txt").write_text("lib<2\n")
        venv = with_todays_pip(folder / ".venv", surroundings)
        path = os.pathsep.join(
            [*([str(alias)] if name == "aliased" else []), str(venv.path / "bin"), surroundings["PATH"]]
        )
        people.append(Person(venv, folder, path, surroundings))
    return Day(*people)


@pytest.mark.slow
def test_a_day(day: Day, world: FakeIndex) -> None:
    """Promise 3 as people live it: install, upgrade, look, check, take away, download, and nothing surprises."""
    assert day.aliased.pip("--version").out.startswith("safe-pip ")
    assert day.plain.pip("--version").out.startswith("pip ")

    # The project's requirements, an upgrade, and something that needs an older version.
    day.installs("install -r requirements.txt")
    day.installs("install -r requirements.txt")
    assert "App     1.0     1.1" in day.same("list --outdated").out
    day.installs("install -U app")
    assert "other.lib==3.0" in day.same("freeze").out.splitlines()
    day.installs("install --quiet tool")
    day.installs("install --upgrade-strategy eager -U --pre lib")

    # Looking around.
    for line in (
        "list",
        "list --format=json",
        "freeze --all",
        "show app",
        "show -f App lib",
        "-v list",
    ):
        assert day.same(line).out, line
    assert "App" in day.same("list --not-required").out
    assert day.same("check").code == 1, "tool wants an older lib"
    assert day.same("show nobody").code == 1
    day.same("inspect")
    day.same("list --help")
    day.same("cache dir")
    day.same("config list")

    # Taking away, and mending.
    assert "Successfully uninstalled tool-0.1" in day.same("uninstall -y tool").out
    assert day.same("uninstall -y Other.Lib").code == 0
    assert "requires other" in day.same("check").out.lower()
    day.installs("install app")
    assert day.same("check").code == 0
    day.same("uninstall -y nobody")

    # Downloads, and what an install would do.
    for line in ("download -d wheels app[more]", "wheel -w built --no-deps app", "download --no-deps lib==1.0"):
        day.both(line)
    listings = [
        {
            str(path.relative_to(person.folder)): path.read_bytes()
            for path in person.folder.rglob("*.whl")
            if ".venv" not in path.parts
        }
        for person in (day.aliased, day.plain)
    ]
    assert listings[0] == listings[1]
    assert len(listings[0]) == 6
    ours, theirs = day.both("install --dry-run --ignore-installed --quiet --report - -r requirements.txt")
    assert told(ours) == told(theirs)
    day.both("install --dry-run app==1.0")
    day.same("freeze")

    # Without the network, from the folder.
    world.stop()
    day.same("uninstall -y app lib extra-dep other.lib")
    day.installs("install --no-index --find-links wheels app[more]")

    # Help is the program's own, and mistakes end badly with both.
    assert "install " in day.aliased.pip("help").out
    assert day.aliased.pip("help").code == day.plain.pip("help").code == 0
    for line in ("no-such-command", "install --no-such-option", "install", "install nobody-has-this --no-index"):
        ours, theirs = day.aliased.pip(line), day.plain.pip(line)
        assert ours.code != 0 and theirs.code != 0, line
        assert ours.err.startswith("Error: "), line
        assert "Traceback" not in ours.err
    day.same("freeze")


def told(ran: Ran) -> Any:
    """pip's report, by package, less what calls the pip by its version and what only newer pips say."""
    report = json.loads(ran.out)
    assert report["version"] == "1"
    packages = {item["metadata"]["name"]: item for item in report["install"]}
    return packages, report["environment"]


def test_the_alias_guards(day: Day, world: FakeIndex, tmp_path: Path) -> None:
    """What the day does not show when all goes well: plain pip takes what the alias refuses."""
    world.add(wheel(tmp_path / "files", "weak", "1.0"))

    ours, theirs = day.aliased.pip("install weak==1.0"), day.plain.pip("install weak==1.0")

    assert (ours.code, theirs.code) == (1, 0)
    assert "PYSEC-2026-1" in ours.err
    assert day.aliased.pip("freeze").out == ""
    assert day.plain.pip("freeze").out == "weak==1.0\n"
    assert shutil.which("pip", path=day.aliased.path) != shutil.which("pip", path=day.plain.path)
