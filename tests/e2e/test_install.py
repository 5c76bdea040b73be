"""The main job, from the command line to the files in the environment, against plain pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import Guard, Venv
from e2e.beside_pip import MakeVenv, assert_same, both
from fakes import FakeIndex, sha256, wheel


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index with an application, its dependencies in several versions, and a script."""
    files = tmp_path / "files"
    index.add(
        wheel(
            files,
            "App",
            "1.0",
            requires=["lib>=1", 'extra-dep; extra == "more"'],
            extras=["more"],
            scripts={"app": "app:main"},
            files={"app/data/text.txt": "text\n", "App-1.0.data/data/share/app/readme": "read me\n"},
        )
    )
    index.add(wheel(files, "app", "2.0", requires=["lib>=1.2"], scripts={"app": "app:main"}))
    index.add(wheel(files, "lib", "1.0", files={"lib/only_in_1_0.py": ""}))
    index.add(wheel(files, "lib", "1.2"))
    index.add(wheel(files, "lib", "2.0rc1"))
    index.add(wheel(files, "extra-dep", "2.0"))
    return index


def test_installs_what_pip_would(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """Promise 3: with no rule in the way, the environment is the one that plain pip makes, file by file."""
    ran, guarded, plain = both(guard, make_venv, ["App[more]==1.0"])

    assert_same(guarded, plain)
    assert guarded.freeze() == plain.freeze()
    assert guarded.inspect() == plain.inspect()
    assert ran.out == "Successfully installed App-1.0 extra-dep-2.0 lib-1.2\n"


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([["app==1.0", "lib==1.0"], ["app==2.0"]], id="a pin that makes a dependency newer"),
        pytest.param([["app==1.0"], ["-U", "app"]], id="-U"),
        pytest.param([["lib==1.0"], ["app==1.0"]], id="what is there and will do is kept"),
        pytest.param([["lib==1.0"], ["-U", "app==1.0"]], id="-U leaves a dependency that will do"),
        pytest.param([["lib==1.0"], ["-U", "--upgrade-strategy", "eager", "app==1.0"]], id="eager"),
        pytest.param([["lib==1.2"], ["lib==1.0"]], id="downgrade"),
        pytest.param([["lib==1.2"], ["--force-reinstall", "lib==1.2"]], id="--force-reinstall"),
        pytest.param([["lib==1.0"], ["-I", "lib==1.0"]], id="-I"),
        pytest.param([["--pre", "app"]], id="--pre"),
        pytest.param([["lib>=2.0rc1"]], id="a pre-release that is asked for"),
        pytest.param([["--no-deps", "app"]], id="--no-deps"),
        pytest.param([["--no-deps", "app"], ["app"]], id="a dependency that is missing"),
        pytest.param([["app", "lib"]], id="a dependency that is asked for as well"),
        pytest.param([["--no-compile", "app"]], id="--no-compile"),
        pytest.param([["app"], ["app"]], id="twice"),
        pytest.param([["App[more]==1.0"], ["app"]], id="with extras and then without"),
        pytest.param([["app==1.0"], ["app[more]==1.0"]], id="extras of what is there"),
    ],
)
def test_every_way_to_install(guard: Guard, world: FakeIndex, make_venv: MakeVenv, steps: list[list[str]]) -> None:
    """Promise 3, for the ways in which people install, upgrade and install again."""
    _, guarded, plain = both(guard, make_venv, *steps)

    assert_same(guarded, plain)


def test_requirements_and_constraints(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """Files that include files, constraints and markers are what most people install from."""
    (guard.cwd / "requirements.txt").write_text(
        "-r nested/more.txt\n-c constraints.txt\napp[more]<2  # not yet\nnot-here; python_version < '3'\n"
    )
    (guard.cwd / "nested").mkdir()
    (guard.cwd / "nested" / "more.txt").write_text("lib\n")
    (guard.cwd / "constraints.txt").write_text("lib==1.0\nextra-dep<3\nnobody==1\n")

    ran, guarded, plain = both(guard, make_venv, ["-r", "requirements.txt"])

    assert_same(guarded, plain)
    assert ran.out == "Successfully installed app-1.0 extra-dep-2.0 lib-1.0\n"


@pytest.mark.parametrize(
    "form", ["{url}", "app @ {url}", "app[more] @ {url}", "{url}#sha256={digest}", "{path}", "./{name}", "{path}[more]"]
)
def test_direct_references(guard: Guard, world: FakeIndex, make_venv: MakeVenv, form: str) -> None:
    """A URL or path is recorded as PEP 610 has it, with the true URL, so that `pip freeze` can name it."""
    path = world.projects["app"][0].path
    shutil.copy(path, guard.cwd)
    text = form.format(url=world.file_url(path), path=guard.cwd / path.name, name=path.name, digest=sha256(path))

    _, guarded, plain = both(guard, make_venv, [text])

    assert_same(guarded, plain)
    assert guarded.inspect()["App"]["direct_url"] is not None


def test_a_url_as_a_dependency(guard: Guard, world: FakeIndex, make_venv: MakeVenv, tmp_path: Path) -> None:
    """A dependency may name a URL; pip then records it, and the closed world must be able to serve it."""
    lib = world.projects["lib"][0].path
    world.add(wheel(tmp_path / "files", "needs-url", "1.0", requires=[f"lib @ {world.file_url(lib)}"]))

    _, guarded, plain = both(guard, make_venv, ["needs-url"])

    assert_same(guarded, plain)


@pytest.mark.parametrize("option", ["--target", "--prefix", "--root"])
def test_other_places(guard: Guard, world: FakeIndex, make_venv: MakeVenv, tmp_path: Path, option: str) -> None:
    """Files put elsewhere are the same files, and the environment itself is left alone."""
    guarded, plain = make_venv("guarded"), make_venv("plain")
    before = guarded.snapshot()
    here, there = tmp_path / "here", tmp_path / "there"

    ran = guard.install(option, str(here), "app", target=guarded)

    assert ran.code == 0, ran.err
    done = plain.pip("install", "--index-url", world.url, option, str(there), "app")
    assert done.code == 0, done.err
    assert _tree(here, guarded) == _tree(there, plain)
    assert guarded.snapshot() == before


def test_target_is_replaced_only_with_upgrade(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """pip replaces what is in a --target folder only with -U; the guard must not be more eager."""
    place = tmp_path / "place"
    assert guard.install("--target", str(place), "lib==1.0", target=venv).code == 0

    assert guard.install("--target", str(place), "lib==1.2", target=venv).code == 0
    assert 'version__ = "1.0"' in (place / "lib" / "__init__.py").read_text()
    assert guard.install("--target", str(place), "-U", "lib==1.2", target=venv).code == 0
    assert 'version__ = "1.2"' in (place / "lib" / "__init__.py").read_text()


def test_user(guard: Guard, world: FakeIndex, make_venv: MakeVenv, environ: dict[str, str]) -> None:
    """--user puts files below the home folder, where the environment lets that be seen."""
    venv = make_venv("sees-user")
    config = venv.path / "pyvenv.cfg"
    config.write_text(
        config.read_text().replace("include-system-site-packages = false", "include-system-site-packages = true")
    )

    ran = guard.install("--user", "lib==1.0", target=venv)

    assert ran.code == 0, ran.err
    assert list((Path(environ["HOME"]) / ".local").rglob("lib/only_in_1_0.py"))
    assert not (venv.site_packages / "lib").exists()


def test_user_is_refused_where_it_cannot_be_seen(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """What pip refuses for good reason is refused before anything is fetched."""
    ran = guard.install("--user", "lib", target=venv)

    assert ran.code == 2
    assert "--user" in ran.err
    assert world.asked == []


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
def test_other_pythons(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv, pythons: dict[str, str], tmp_path: Path, version: str
) -> None:
    """Whatever Python runs safe-pip, it installs for the target's Python, also where that has no pip."""
    if version not in pythons:
        pytest.skip(f"there is no Python {version} on this machine")
    world.add(wheel(tmp_path / "files", "lib", "3.0", requires_python=f"=={version}.*"))
    world.add(wheel(tmp_path / "files", "lib", "4.0", tag=f"cp{version.replace('.', '')}-none-any"))
    world.add(wheel(tmp_path / "files", "lib", "5.0", tag="cp37-none-any"))
    guarded, plain = make_venv("guarded", pythons[version]), make_venv("plain", pythons[version])

    ran = guard.install("--python", guarded.python, "lib")

    assert ran.code == 0, ran.err
    assert ran.out == "Successfully installed lib-4.0\n"
    assert plain.pip("install", "--index-url", world.url, "lib").code == 0
    assert_same(guarded, plain)


def test_find_links_and_no_index(guard: Guard, world: FakeIndex, make_venv: MakeVenv, tmp_path: Path) -> None:
    """A folder of files is an index as good as any, with no network at all."""
    guard.index = None
    folder = str(world.projects["lib"][0].path.parent)
    guarded, plain = make_venv("guarded"), make_venv("plain")

    ran = guard.install("--no-index", "-f", folder, "app", target=guarded)

    assert ran.code == 0, ran.err
    assert plain.pip("install", "--no-index", "-f", folder, "app").code == 0
    assert_same(guarded, plain)
    assert world.asked == []


def test_nothing_to_do(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """What is there already is said to be there, and nothing on stdout looks like an install."""
    guard.install("lib", target=venv)

    ran = guard.install("lib", target=venv)

    assert (ran.code, ran.out) == (0, "")
    assert "Nothing to install: lib 1.2 is there already." in ran.err


def test_hashes(guard: Guard, world: FakeIndex, make_venv: MakeVenv) -> None:
    """Hash mode: what matches is installed, and pip's REQUESTED and files are the same."""
    lib, app = world.projects["lib"][1].path, world.projects["app"][1].path
    (guard.cwd / "hashed.txt").write_text(
        f"lib==1.2 --hash=sha256:{sha256(lib)}\n"
        f"app==2.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{sha256(app)}\n"
    )

    _, guarded, plain = both(guard, make_venv, ["-r", "hashed.txt"])

    assert_same(guarded, plain)


def test_quiet_and_verbose(guard: Guard, world: FakeIndex, venv: Venv, make_venv: MakeVenv) -> None:
    """-q leaves nothing to read where nothing is wrong; -v gives pip's own words."""
    quiet = guard.install("-q", "lib==1.0", target=venv)
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")

    verbose = guard.install("-v", "lib==1.0", target=make_venv("other"))
    assert verbose.code == 0
    assert "pip: Installing collected packages: lib" in verbose.err
    assert verbose.out == "Successfully installed lib-1.0\n"


def test_json_report(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """The JSON report is a contract: stdout holds it and nothing else, and its keys never change."""
    ran = guard.install("--format", "json", "app[more]==1.0", target=venv)

    assert ran.code == 0, ran.err
    report = ran.json
    assert report["schema"] == "safe-pip.report/1"
    assert (report["command"], report["verdict"], report["dry_run"], report["exit_code"]) == (
        "install",
        "approved",
        False,
        0,
    )
    assert set(report["target"]) == {"python", "version", "platform"}
    assert report["target"]["python"] == venv.python
    assert {"source", "records", "as_of", "stale"} <= set(report["advisories"][0])
    installed = {item["name"]: item for item in report["plan"]["install"]}
    assert {"name", "version", "filename", "url", "sha256", "requested", "required_by", "upload_time"} <= set(
        installed["lib"]
    )
    assert installed["app"]["requested"] is True
    assert installed["lib"]["requested"] is False
    assert installed["lib"]["required_by"] == ["app"]
    lib = world.projects["lib"][1].path
    assert (installed["lib"]["url"], installed["lib"]["sha256"]) == (world.file_url(lib), sha256(lib))
    assert report["plan"]["keep"] == []
    assert report["findings"] == [] and report["unchecked"] == []


def test_report_to_a_file(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """--output leaves stdout to pip's closing line."""
    ran = guard.install("--format", "json", "--output", "report.json", "lib", target=venv)

    assert ran.out == "Successfully installed lib-1.2\n"
    assert json.loads((guard.cwd / "report.json").read_text())["plan"]["install"][0]["name"] == "lib"


def test_closed_pipe_and_output_that_cannot_be_written(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A report that cannot be written is an error with a name, before anything is installed."""
    ran = guard.install("--output", "no/such/folder/report.txt", "lib", target=venv)

    assert ran.code == 2
    assert "--output no/such/folder/report.txt cannot be written" in ran.err
    assert not (venv.site_packages / "lib").exists()


def _tree(folder: Path, venv: Venv) -> dict[str, bytes]:
    """The files below a folder, less what differs by place."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(folder)).replace(str(venv.path).lstrip("/"), "<env>")
            content = b"" if path.suffix == ".pyc" else path.read_bytes().replace(str(venv.path).encode(), b"<env>")
            if path.name == "RECORD":
                content = b"\n".join(
                    sorted(line.split(b",")[0] if b"bin/" in line else line for line in content.splitlines())
                )
            found[name] = content
    return found


def test_an_output_that_cannot_be_written_is_found_before_the_install(
    guard: Guard, world: FakeIndex, venv: Venv
) -> None:
    """Nobody wants to learn after the install that its report is lost."""
    for arguments in (["--format", "json"], []):
        ran = guard.install(*arguments, "--output", "no/such/folder.json", "lib", target=venv)

        assert ran.code == 2
        assert "--output no/such/folder.json cannot be written" in ran.said
        assert venv.freeze() == []


def test_output_to_a_link_or_a_pipe(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A link keeps its place and what is no file is written to: neither is replaced by a file."""
    (guard.cwd / "link.json").symlink_to("real.json")
    os.mkfifo(guard.cwd / "pipe")

    ran = guard.install("--dry-run", "--format", "json", "--output", "link.json", "lib", target=venv)
    assert ran.code == 0, ran.err
    assert (guard.cwd / "link.json").is_symlink()
    assert json.loads((guard.cwd / "real.json").read_text())["verdict"] == "approved"

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit((guard.cwd / "pipe").read_text)
        ran = guard.install("--dry-run", "--format", "json", "--output", "pipe", "lib", target=venv)
        assert ran.code == 0, ran.err
        assert json.loads(reader.result(60))["verdict"] == "approved"
    assert (guard.cwd / "pipe").is_fifo()


def test_a_reader_that_has_gone_after_the_install(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """What is installed is installed, whoever still listens."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [
        sys.executable,
        "-m",
        "safe_pip",
        "install",
        "-i",
        world.url,
        "--advisories",
        str(guard.advisories),
        "lib",
    ]
    done = subprocess.run(
        command,
        env={**guard.environ, "VIRTUAL_ENV": str(venv.path)},
        cwd=guard.cwd,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    os.close(theirs)

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert venv.freeze() == ["lib==1.2"]
