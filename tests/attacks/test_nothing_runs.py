"""Promise 1: no code of a package that has not been approved is run, and none of the target's site code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import FakeIndex, sdist, setup_script, wheel

MakeVenv = Callable[..., Venv]

COMMANDS = {
    "from the index": ["source"],
    "dry run": ["--dry-run", "source"],
    "from a requirements file": ["-r", "{requirements}"],
    "direct URL": ["{url}"],
    "named direct URL": ["source @ {url}"],
    "local path": ["{path}"],
    "local folder": ["{folder}"],
    "local folder with extras": ["{folder}[more]"],
    "--no-binary in the requirements file": ["-r", "{no_binary}"],
    "--no-binary": ["--no-binary", ":all:", "source"],
    "as a dependency": ["needs-source"],
    "an older version on the way": ["needs-source", "other"],
    "find-links": ["--no-index", "-f", "{files}", "source"],
    "editable": ["-e", "{folder}"],
    "editable in a file": ["-r", "{editable}"],
    "waived": ["--allow", "build-required", "source"],
    "download": [],
}


@pytest.mark.parametrize("how", [how for how in COMMANDS if how != "download"])
def test_setup_py_is_never_run(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, how: str) -> None:
    """An sdist whose setup.py leaves a mark: no mark, in whatever way it is asked for, and nothing is installed."""
    mark = tmp_path / "mark"
    files = tmp_path / "files"
    archive = index.add(sdist(files, "source", "1.0", mark=mark))
    index.add(sdist(files, "source", "2.0", mark=mark, pyproject="[build-system]\nrequires = []\n"))
    index.add(wheel(files, "needs-source", "1.0", requires=["source"]))
    index.add(wheel(files, "other", "1.0", requires=["source<2"]))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "setup.py").write_text(setup_script("source", "1.0", mark=mark))
    texts = {"requirements": "source\n", "no_binary": "--no-binary :all:\nsource\n", "editable": f"-e {folder}\n"}
    for name, text in texts.items():
        (guard.cwd / f"{name}.txt").write_text(text)
    places = {
        "url": index.file_url(archive),
        "path": str(archive),
        "folder": str(folder),
        "files": str(files),
        **{name: f"{name}.txt" for name in texts},
    }
    before = venv.snapshot()

    ran = guard.install(*(word.format(**places) for word in COMMANDS[how]), target=venv)

    assert not mark.exists(), mark.read_text()
    assert venv.snapshot() == before
    assert ran.code == {"editable": 2, "editable in a file": 2, "waived": 3}.get(how, 1), ran.err
    assert {"editable": "-e is not supported", "editable in a file": "editable.txt, line 1"}.get(
        how, "has to be built"
    ) in ran.said
    assert "Traceback" not in ran.err


def test_the_mark_would_be_seen(make_venv: MakeVenv, tmp_path: Path) -> None:
    """The trap works: whoever runs this setup.py leaves the mark. (Else the tests above would prove nothing.)"""
    import subprocess
    import sys

    mark = tmp_path / "mark"
    script = tmp_path / "setup.py"
    script.write_text(setup_script("source", "1.0", mark=mark))

    subprocess.run([sys.executable, str(script), "--name"], capture_output=True, check=False, cwd=tmp_path)

    assert mark.exists()


@pytest.mark.parametrize("command", ["download", "wheel"])
@pytest.mark.parametrize("words", [["source"], ["--no-deps", "source"], ["--no-binary", ":all:", "source"]])
def test_what_would_be_built_is_not_fetched(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, command: str, words: list[str]
) -> None:
    """`pip download` and `pip wheel` run setup.py, to learn what the package depends on; here nothing does."""
    mark = tmp_path / "mark"
    index.add(sdist(tmp_path / "files", "source", "1.0", mark=mark))

    ran = guard.fetch(command, *words, target=venv)

    assert ran.code == 1
    assert "source has to be built" in ran.said
    assert not mark.exists()
    assert list(guard.cwd.iterdir()) == []


@pytest.mark.parametrize("requirement", ["fine", "weak==1.0", "nobody", "source"])
@pytest.mark.parametrize("name", ["evil.pth", "sitecustomize.py", "usercustomize.py"])
def test_site_code_of_the_target_is_not_run_before_the_verdict(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, name: str, requirement: str
) -> None:
    """A `.pth` file or sitecustomize in the target leaves a mark when its interpreter starts as usual: no mark."""
    mark = tmp_path / "mark"
    files = tmp_path / "files"
    index.add(wheel(files, "fine", "1.0"))
    index.add(wheel(files, "weak", "1.0"))
    index.add(sdist(files, "source", "1.0"))
    (venv.site_packages / name).write_text(f"import pathlib; pathlib.Path({str(mark)!r}).write_text('site code ran')\n")

    ran = guard.install("--dry-run", requirement, target=venv)

    assert not mark.exists()
    assert ran.code == {"fine": 0, "weak==1.0": 1, "nobody": 4, "source": 1}[requirement], ran.err


def test_a_pip_planted_in_the_current_folder_is_not_run(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path
) -> None:
    """The folder that a person happens to be in may hold anything; `import pip` must not find it there."""
    mark = tmp_path / "mark"
    trap = f"open({str(mark)!r}, 'w').write('planted')\n"
    for name in ("pip.py", "packaging.py", "sitecustomize.py", "safe_pip.pth", "requests.py", "optparse.py"):
        (guard.cwd / name).write_text(trap)
    for name in ("python", "python3", "pip", "git"):
        program = guard.cwd / name
        program.write_text(f"#!/bin/sh\necho planted > {mark}\n")
        program.chmod(0o755)
    index.add(wheel(tmp_path / "files", "fine", "1.0"))
    script = Path(guard_script())

    from conftest import run

    surroundings = {**guard.environ, "VIRTUAL_ENV": str(venv.path)}
    installed = run(
        [str(script), "install", "--index-url", index.url, "--advisories", str(guard.advisories), "fine"],
        surroundings,
        guard.cwd,
    )
    listed = run([str(script), "list"], surroundings, guard.cwd)

    assert installed.code == 0, installed.err
    assert listed.code == 0, listed.err
    assert "fine" in listed.out
    assert not mark.exists()


def guard_script() -> str:
    """The `safe-pip` script beside the interpreter that runs the tests."""
    import sys

    return str(Path(sys.executable).with_name("safe-pip"))


@pytest.mark.parametrize(
    "variable",
    [
        {"PIP_INDEX_URL": "http://127.0.0.1:9/simple"},
        {"PIP_TARGET": "{tmp}/elsewhere"},
        {"PIP_PREFIX": "{tmp}/elsewhere"},
        {"PIP_NO_INDEX": "0"},
        {"PIP_CONFIG_FILE": "{tmp}/pip.conf"},
    ],
)
def test_what_the_environment_says_to_pip_is_said_to_the_guard(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, variable: dict[str, str]
) -> None:
    """Variables and files count once, for the plan; in the last step pip hears nothing of them but our words."""
    index.add(wheel(tmp_path / "files", "fine", "1.0"))
    # pip reads this as the value of the option that it switches off.
    (tmp_path / "pip.conf").write_text("[install]\nno-compile = no\n")

    ran = guard.install("fine", target=venv, **{name: value.format(tmp=tmp_path) for name, value in variable.items()})

    assert ran.code == 0, ran.err
    elsewhere = (tmp_path / "elsewhere").exists()
    assert elsewhere == ("elsewhere" in next(iter(variable.values())))
    assert (venv.site_packages / "fine").exists() != elsewhere
    assert bool(list(venv.site_packages.glob("fine/__pycache__/*"))) == (
        not elsewhere and "PIP_CONFIG_FILE" not in variable
    )
