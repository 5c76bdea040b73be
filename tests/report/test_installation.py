"""pip's installation report as safe-pip writes it, against the one that pip itself writes, field by field."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Guard, Venv
from fakes import Answer, FakeIndex, metadata_text, sha256, wheel
from judge.building import plan_of, planned, report_of, verdict_of
from safe_pip.errors import IncompleteError
from safe_pip.model import Approved
from safe_pip.report.installation import metadata_dict, render

MakeVenv = Callable[..., Venv]

EVERY_FIELD = """\
Metadata-Version: 2.4
Name: Full.Name
Version: 1.0+local.1
Dynamic: Description
Dynamic: Classifier
Platform: any
Platform: other
Supported-Platform: linux
Summary: Grüße, 世界  \t
Description-Content-Type: text/markdown
Keywords: one, two words,three
Home-page: http://127.0.0.1/
Download-URL: http://127.0.0.1/get
Author: Ä. Nobody
Author-email: "A, B" <a@b.example>
Maintainer: M
Maintainer-email: m@b.example
License: Some text
        that goes on
          and is indented
        and ends.
License-Expression: MIT
License-File: LICENSE
License-File: docs/LICENSE
Classifier: One :: Two
Classifier: Three
Requires-Dist: lib >=1 ; python_version>"3"
Requires-Dist: extra-dep; extra == "more"
Requires-Python: >=3.8, <5
Requires-External: libc
Project-URL: Home, http://127.0.0.1/#x
Project-URL: Other, http://user:word@127.0.0.1/
Provides-Extra: more
Provides-Dist: virtual
Obsoletes-Dist: older
Import-Name: full
Unknown-Field: is left out

# A description

    with indentation,
\x07 and a bell.
"""


def packages(report: Any) -> dict[str, Any]:
    """What a report says, by package; the order of the packages has no meaning."""
    assert set(report) == {"version", "pip_version", "install", "environment"}
    for item in report["install"]:
        if sys.version_info < (3, 11) and "description" in item["metadata"]:
            # There pip reads metadata with pkg_resources, which leaves the indentation of folded lines.
            lines = item["metadata"]["description"].splitlines()
            item["metadata"]["description"] = [line.strip() for line in lines]
    return {item["metadata"]["name"]: item for item in report["install"]}


def both(guard: Guard, venv: Venv, *arguments: str) -> tuple[Any, Any]:
    """The report of safe-pip and that of plain pip on the same environment, of a dry run."""
    options = ["--dry-run", "--quiet", "--report", "-", *arguments]
    ours = guard.install(*options, target=venv)
    assert ours.code == 0, ours.err
    index = ["--index-url", guard.index.url] if guard.index is not None else []
    theirs = venv.pip("install", *index, *options, cwd=guard.cwd)
    assert theirs.code == 0, theirs.err
    return ours.json, theirs.json


def assert_same(ours: Any, theirs: Any) -> None:
    """Two reports say the same of the same packages."""
    assert packages(ours) == packages(theirs)
    assert {key: value for key, value in ours.items() if key != "install"} == {
        key: value for key, value in theirs.items() if key != "install"
    }


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index with extras, extras of extras, a yanked file, a local version, and every field of metadata."""
    files = tmp_path / "files"
    index.add(
        wheel(files, "App", "1.0", requires=["lib>=1", 'Extra-Dep; extra == "More"'], extras=["More", "other_one"])
    )
    index.add(wheel(files, "uses-more", "1.0", requires=["app[more]", "app[other-one]"]))
    index.add(wheel(files, "lib", "1.0"))
    index.add(wheel(files, "lib", "1.2"), yanked="it is <broken>")
    index.add(wheel(files, "Extra-Dep", "2.0"))
    index.add(wheel(files, "Full.Name", "1.0+local.1", metadata=EVERY_FIELD.encode()), project="full-name")
    return index


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["app"], id="a dependency"),
        pytest.param(["app[more]"], id="an extra"),
        pytest.param(["App[More,OTHER.one]", "app"], id="several extras"),
        pytest.param(["app", "uses-more"], id="extras that a dependency asks for"),
        pytest.param(["uses-more"], id="extras of what was not asked for"),
        pytest.param(["app[nothing]"], id="an extra that there is not"),
        pytest.param(["lib==1.2"], id="yanked"),
        pytest.param(["app", "lib"], id="a dependency that was asked for as well"),
        pytest.param(["full.name", "--no-deps"], id="every field of metadata"),
        pytest.param(["app", "not-here; python_version < '3'"], id="a marker that does not hold"),
        pytest.param(["-r", "requirements.txt"], id="a requirements file with a hash"),
        pytest.param(["-c", "constraints.txt", "app"], id="a URL in constraints"),
        pytest.param(["-f", "{files}", "--no-index", "app"], id="--find-links"),
        pytest.param(["--only-deps", "app[more]"], id="--only-deps"),
        pytest.param(["-r", "pylock.toml"], id="a lock file"),
        pytest.param(["--python-version", "3.11", "--only-binary=:all:", "app"], id="another Python"),
    ],
)
def test_the_same_as_pips(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, arguments: list[str]) -> None:
    """Programs that read pip's report must read ours and not notice: every field of every package is pip's."""
    lib, dep = world.projects["lib"][0].path, world.projects["extra-dep"][0].path
    (guard.cwd / "requirements.txt").write_text(
        f"lib==1.0 --hash=sha256:{'0' * 64} --hash=sha256:{sha256(lib)}\nextra-dep==2.0 --hash=sha256:{sha256(dep)}\n"
    )
    (guard.cwd / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "lib"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nurl = "{world.file_url(lib)}"\nhashes = {{sha256 = "{sha256(lib)}"}}\n'
    )
    (guard.cwd / "constraints.txt").write_text(f"lib @ {world.file_url(lib)}\n")

    ours, theirs = both(guard, venv, *(word.format(files=tmp_path / "files") for word in arguments))

    assert theirs["install"]
    assert_same(ours, theirs)
    assert venv.freeze() == []


@pytest.mark.parametrize(
    "form",
    [
        "{url}",
        "app @ {url}",
        "App[more] @ {url}",
        "{url}#sha256={digest}",
        "{url}#egg=app&subdirectory=sub&sha256={digest}",
        "{path}",
        "./{name}",
        "{path}[more]",
    ],
)
def test_direct_references(guard: Guard, world: FakeIndex, venv: Venv, form: str) -> None:
    """The true URL and hash, ``is_direct``, and no file of the private folder."""
    path = world.projects["app"][0].path
    shutil.copy(path, guard.cwd)
    text = form.format(url=world.file_url(path), path=guard.cwd / path.name, name=path.name, digest=sha256(path))

    ours, theirs = both(guard, venv, text)

    assert_same(ours, theirs)
    assert packages(ours)["App"]["is_direct"] is True
    assert str(guard.environ["SAFE_PIP_CACHE_DIR"]) not in json.dumps(ours)


def test_a_dependency_by_url(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """It is direct, and was not asked for."""
    lib = world.projects["lib"][0].path
    world.add(wheel(tmp_path / "files", "needs-url", "1.0", requires=[f"lib @ {world.file_url(lib)}"]))

    ours, theirs = both(guard, venv, "needs-url")

    assert_same(ours, theirs)
    assert (packages(ours)["lib"]["is_direct"], packages(ours)["lib"]["requested"]) == (True, False)


@pytest.mark.parametrize("hashes", [{"md5": "{md5}"}, {"sha512": "{sha512}"}, {}])
@pytest.mark.parametrize("kind", [{}, {"json": True}])
def test_other_hashes(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, hashes: dict[str, str], kind: dict[str, bool]
) -> None:
    """The digest that the page gives; where it gives none, the sha256 of the file."""
    import hashlib

    world.json = kind.get("json", False)
    path = wheel(tmp_path / "files", "other", "1.0")
    digests = {name: hashlib.new(name, path.read_bytes()).hexdigest() for name in ("md5", "sha512")}
    world.add(path, hashes={name: text.format(**digests) for name, text in hashes.items()})

    assert_same(*both(guard, venv, "other"))


def test_what_is_there_already_is_absent(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """As in pip: the report tells what is installed by this run, not what the environment holds."""
    assert venv.pip("install", "--index-url", world.url, "lib==1.0").code == 0

    ours, theirs = both(guard, venv, "app")
    assert_same(ours, theirs)
    assert set(packages(ours)) == {"App"}

    ours, theirs = both(guard, venv, "lib")
    assert ours == theirs
    assert ours["install"] == []


def test_metadata_files_beside_the_wheels(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """pip then reports before it has the file; without a hash on the page it has none to tell, and safe-pip has."""
    world.sidecars = True
    assert_same(*both(guard, venv, "app[more]"))

    bare = wheel(guard.cwd, "bare", "1.0")
    world.add(bare, hashes={})
    ours, theirs = both(guard, venv, "bare")

    assert theirs["install"][0]["download_info"]["archive_info"] == {}
    assert packages(ours)["bare"]["download_info"]["archive_info"]["hashes"] == {"sha256": sha256(bare)}


def test_no_credentials(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A login in the index's URL, or in that of a file, is in nobody's report."""
    world.login = ("someone", "s3cr3t")
    path = world.projects["lib"][0].path
    host = world.base.removeprefix("http://")
    index = f"http://someone:s3cr3t@{host}/simple"

    for text in ("app", f"lib @ http://someone:s3cr3t@{host}{world.file(path)}"):
        ours, theirs = both(guard, venv, "--index-url", index, text)

        assert_same(ours, theirs)
        assert "s3cr3t" not in json.dumps(ours)


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_the_environment_is_the_targets(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv, pythons: dict[str, str], version: str
) -> None:
    """Whichever Python runs safe-pip, the markers are those of the interpreter that is installed into."""
    if version not in pythons:
        pytest.skip(f"there is no Python {version} on this machine")
    venv = make_venv("other", pythons[version])

    ours, theirs = both(guard, venv, "lib")

    assert_same(ours, theirs)
    assert ours["environment"]["python_version"] == version


# --------------------------------------------------------------------------- when and where it is written


def test_a_file_written_by_an_install(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """Not only in a dry run: the file tells what was then installed, and stdout stays pip's."""
    guarded, plain = make_venv("guarded"), make_venv("plain")

    ran = guard.install("--report", "ours.json", "app[more]", target=guarded)
    plainly = plain.pip("install", "-i", world.url, "--report", "theirs.json", "app[more]", cwd=guard.cwd)

    assert (ran.code, plainly.code) == (0, 0)
    assert ran.out.splitlines() == plainly.out.splitlines()[-1:]
    ours, theirs = (json.loads((guard.cwd / f"{whose}.json").read_text("utf-8")) for whose in ("ours", "theirs"))
    assert_same(ours, theirs)
    assert guarded.freeze() == plain.freeze() == ["App==1.0", "Extra-Dep==2.0", "lib==1.0"]


def test_on_stdout_stands_nothing_else(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """With or without --quiet, what is piped into another program is JSON from the first byte to the last."""
    dry = guard.install("--dry-run", "--report", "-", "lib==1.0", target=venv)
    assert packages(dry.json).keys() == {"lib"}
    assert "Approved" in dry.err

    real = guard.install("--report", "-", "lib==1.0", target=venv)
    assert packages(real.json).keys() == {"lib"}
    assert "Successfully installed lib-1.0" in real.err
    assert venv.freeze() == ["lib==1.0"]


def test_it_is_written_before_anything_is_installed(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """As pip does it: where pip then fails half-way, the report of what it was doing is there."""
    files = {"broken-1.0.dist-info/entry_points.txt": "[console_scripts]\nx = y = z\n!!\n"}
    world.add(wheel(tmp_path / "files", "broken", "1.0", files=files))

    ran = guard.install("--report", "report.json", "broken", target=venv)

    assert ran.code == 5, ran.err
    assert packages(json.loads((guard.cwd / "report.json").read_text())).keys() == {"broken"}


@pytest.mark.parametrize(("name", "code"), [("weak==1.0", 1), ("gone", 4), ("cannot-be-read", 3)])
@pytest.mark.parametrize("place", ["report.json", "-"])
def test_nothing_is_written_where_nothing_is_installed(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, name: str, code: int, place: str
) -> None:
    """Who reads pip's report takes it for what is installed. The exit code says why there is none."""
    world.add(wheel(tmp_path / "files", "weak", "1.0"))
    world.override(world.page("cannot-be-read"), Answer(b"", 403))

    for more in (["--dry-run"], []):
        ran = guard.install("--retries", "0", *more, "--report", place, name, target=venv)

        assert (ran.code, ran.out) == (code, ""), ran.err
        assert list(guard.cwd.iterdir()) == []


def test_beside_the_report_of_safe_pip(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Both may be had, each in a place of its own; in one place neither could be read."""
    both_out = guard.install("--dry-run", "--report", "-", "--format", "json", "lib", target=venv)
    one_file = guard.install("--dry-run", "--report", "x", "--output", "./x", "lib", target=venv)

    assert (both_out.code, one_file.code) == (2, 2)
    assert "--report - and --format json would both be written to standard output" in both_out.said
    assert "--report and --output both name ./x" in one_file.said
    assert both_out.json["exit_code"] == 2
    assert list(guard.cwd.iterdir()) == []
    assert world.asked == []

    ran = guard.install("--dry-run", "--report", "x", "--format", "json", "lib==1.0", target=venv)
    assert ran.json["schema"] == "safe-pip.report/1"
    assert json.loads((guard.cwd / "x").read_text())["version"] == "1"
    ran = guard.install("--dry-run", "--report", "-", "--format", "json", "--output", "y", "lib==1.0", target=venv)
    assert ran.json["version"] == "1"
    assert json.loads((guard.cwd / "y").read_text())["schema"] == "safe-pip.report/1"


def test_a_place_that_cannot_be_written(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """It is found before anything is asked or installed."""
    ran = guard.install("--report", "no/such/folder.json", "lib", target=venv)

    assert ran.code == 2
    assert "--report no/such/folder.json cannot be written" in ran.said
    assert world.asked == []
    assert venv.freeze() == []


def test_from_pips_configuration(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """PIP_REPORT and a configuration file name the place as well."""
    assert guard.install("--dry-run", "lib==1.0", target=venv, PIP_REPORT="here.json").code == 0
    assert packages(json.loads((guard.cwd / "here.json").read_text())).keys() == {"lib"}


def test_a_closed_pipe_is_no_good_end(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Whoever asked for the report has gone before it was written: then nothing is installed either."""
    import subprocess
    import sys

    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "safe_pip", "install", "-i", world.url, "--advisories", str(guard.advisories)]
    done = subprocess.run(
        [*command, "--report", "-", "lib==1.0"],
        env={**guard.environ, "VIRTUAL_ENV": str(venv.path)},
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    os.close(theirs)

    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert venv.freeze() == []


# --------------------------------------------------------------------------- metadata as JSON


def test_keywords_and_description() -> None:
    """Keywords are a list however they are written; of two descriptions, the one after the headers counts."""
    head = "Metadata-Version: 2.1\nName: x\nVersion: 1\n"

    assert metadata_dict(f"{head}Keywords: one two\n") == {
        "metadata_version": "2.1",
        "name": "x",
        "version": "1",
        "keywords": ["one", "two"],
    }
    assert metadata_dict(f"{head}Keywords: a b, c\n")["keywords"] == ["a b", "c"]
    assert metadata_dict(f"{head}Description: old\n")["description"] == "old"
    assert metadata_dict(f"{head}Description: old\n\nnew\n")["description"] == "new\n"
    assert metadata_dict(f"{head}Name: y\n")["name"] == "x"


def test_a_staged_file_that_is_gone(tmp_path: Path) -> None:
    """A report without the metadata would be a lie: the run is incomplete, and says what failed."""
    verdict = verdict_of(plan_of(planned("weak")))
    assert isinstance(verdict, Approved)

    with pytest.raises(IncompleteError, match=r"METADATA of weak-1\.0-py3-none-any\.whl cannot be read for --report"):
        render(verdict, report_of(verdict).request, pip_version="1")


def test_text_that_would_steer_a_terminal(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """The report is shown on terminals too: in it stands nothing but printable ASCII."""
    hostile = metadata_text("demo", "1.0") + "\x1b[2J \x9b31m \u202e\n".encode()
    index.add(wheel(tmp_path / "files", "demo", "1.0", metadata=hostile))

    ran = guard.install("--dry-run", "--report", "-", "demo", target=venv)

    assert ran.code == 0, ran.err
    assert ran.out.isascii()
    assert all(char.isprintable() for char in ran.out.replace("\n", ""))
    assert "\x9b31m \u202e" in ran.json["install"][0]["metadata"]["description"]
