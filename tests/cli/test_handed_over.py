"""Commands that bring nothing in are pip's business: same output, same exit code, and nobody else's pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Guard, Ran, Venv, run
from fakes import FakeIndex, wheel
from safe_pip.cli import GUARDED, HANDED_TO_PIP, NOT_YET, without_own_options

COMMANDS: dict[str, list[str]] = {
    "list": ["list"],
    "list, with an option before": ["--disable-pip-version-check", "list"],
    "show": ["show", "demo"],
    "show files": ["show", "-f", "demo"],
    "show what is not there": ["show", "nobody"],
    "freeze": ["freeze"],
    "freeze all": ["freeze", "--all"],
    "check": ["check"],
    "config": ["config", "list"],
    "config of a key that is not there": ["config", "get", "global.nothing"],
    "cache": ["cache", "dir"],
    "hash": ["hash", "{wheel}"],
    "inspect": ["inspect"],
    "completion": ["completion", "--bash"],
    "index": ["index", "versions", "demo", "-i", "{index}"],
    "index of what is not there": ["index", "versions", "nobody", "-i", "{index}"],
    "uninstall what is not there": ["uninstall", "-y", "nobody"],
    "an option that is none": ["list", "--no-such-option"],
    "a word too many": ["check", "--", "x"],
    "help": ["list", "--help"],
}


def installed_in(place: Path, environ: dict[str, str], *options: str) -> Venv:
    """An environment with two packages in it, of which one lacks a dependency."""
    subprocess.run([sys.executable, "-m", "venv", *options, str(place)], check=True, env=environ, timeout=180)
    venv = Venv(place, environ)
    files = place.parent / "files"
    demo = wheel(files, "demo", "1.0", requires=["missing>=2"], scripts={"demo": "demo:main"})
    other = wheel(files, "Other.Thing", "2.0")
    done = venv.pip("install", "--no-deps", "--no-index", str(demo), str(other))
    assert done.code == 0, done.err
    return venv


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder for environments that many tests only read, and variables that make them."""
    folder = tmp_path_factory.mktemp("environments")
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))
    }
    return folder, clean | {"HOME": str(folder), "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="module")
def with_pip(own: Any) -> Venv:
    """An environment with a pip of its own."""
    return installed_in(own[0] / "with", own[1])


@pytest.fixture(scope="module")
def without_pip(own: Any) -> Venv:
    """An environment without pip."""
    return installed_in(own[0] / "without", own[1], "--without-pip")


def plain(venv: Venv, *words: str, environ: dict[str, str], cwd: Path) -> Ran:
    """What plain pip answers: the environment's own, else the one beside the tests, told where to look."""
    own = venv.path / "bin" / "pip"
    command = [venv.python, str(own)] if own.exists() else [sys.executable, "-m", "pip", "--python", venv.python]
    return run([*command, *words], environ, cwd)


def same(guarded: Ran, plainly: Ran) -> None:
    """The two answers do not differ in a byte, less what pip calls itself in its usage."""
    assert (guarded.code, guarded.out) == (plainly.code, plainly.out)
    assert guarded.err.replace("__pip-runner__.py", "pip") == plainly.err.replace("__pip-runner__.py", "pip")


@pytest.mark.parametrize("kind", ["with pip", "without pip"])
@pytest.mark.parametrize("how", list(COMMANDS))
def test_the_same_as_plain_pip(
    guard: Guard, index: FakeIndex, with_pip: Venv, without_pip: Venv, how: str, kind: str
) -> None:
    """``alias pip=safe-pip`` changes nothing about these: output, errors and exit code are the target's own pip's."""
    venv = with_pip if kind == "with pip" else without_pip
    demo = index.add(wheel(guard.cwd, "demo", "1.0"))
    words = [word.format(wheel=demo, index=index.url) for word in COMMANDS[how]]

    guarded = guard(*words, target=venv)

    same(guarded, plain(venv, *words, environ={**guard.environ, "VIRTUAL_ENV": str(venv.path)}, cwd=guard.cwd))
    if how not in ("completion", "cache", "config", "help"):
        assert guarded.out + guarded.err


def test_the_comparison_looks_at_the_target(guard: Guard, with_pip: Venv, without_pip: Venv) -> None:
    """What the test above compares is what is installed in the target, with and without pip, and nothing of ours."""
    one, two = (json.loads(guard("list", "--format", "json", target=venv).out) for venv in (with_pip, without_pip))

    assert [item["name"] for item in two] == ["demo", "Other.Thing"]
    assert {item["name"] for item in one} - {"pip", "setuptools"} == {"demo", "Other.Thing"}
    assert "pip" in {item["name"] for item in one}
    assert guard("check", target=without_pip).code == 1
    assert guard("show", "nobody", target=without_pip).code == 1


@pytest.mark.parametrize(
    ("form", "place", "active"),
    [
        ("--python={}", "python", None),
        ("--python {}", "folder", "with pip"),
        ("--python {}", "python", "without pip"),
        ("--python={}", "folder", None),
    ],
)
def test_python_names_another_target(
    guard: Guard, with_pip: Venv, without_pip: Venv, form: str, place: str, active: str | None
) -> None:
    """Whatever is active, --python before the command decides, as it does for pip."""
    target = with_pip if active == "without pip" else without_pip
    words = [*form.format(target.python if place == "python" else target.path).split(" "), "list", "--format", "json"]
    surroundings = {"with pip": with_pip, "without pip": without_pip}.get(active or "")

    guarded = guard(*words, target=surroundings)

    assert guarded.code == 0, guarded.err
    assert json.loads(guarded.out) == json.loads(guard("list", "--format", "json", target=target).out)


@pytest.mark.parametrize("words", [["--python", "{none}", "list"], ["list", "--python", "{none}"]])
def test_a_target_that_is_not_there_is_pips_error(guard: Guard, without_pip: Venv, words: list[str]) -> None:
    """The same words, the same code."""
    words = [word.format(none=guard.cwd / "none") for word in words]

    same(guard(*words, target=without_pip), plain(without_pip, *words, environ=guard.environ, cwd=guard.cwd))


def test_no_environment_is_active(guard: Guard) -> None:
    """The target is then the interpreter that runs safe-pip, as everywhere."""
    same(guard("freeze", "--all"), run([sys.executable, "-m", "pip", "freeze", "--all"], guard.environ, guard.cwd))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [(), ("--without-pip",)], ids=["with pip", "without pip"])
def test_uninstall(guard: Guard, tmp_path: Path, kind: tuple[str, ...]) -> None:
    """It takes away what plain pip would, from the target, and says so in the same words."""
    guarded, plainly = (installed_in(tmp_path / name / "env", guard.environ, *kind) for name in ("a", "b"))

    ours = guard("uninstall", "-y", "demo", "nobody", target=guarded)
    theirs = plain(plainly, "uninstall", "-y", "demo", "nobody", environ=guard.environ, cwd=guard.cwd)

    assert (ours.code, ours.out.replace(str(guarded.path), ""), ours.err) == (
        theirs.code,
        theirs.out.replace(str(plainly.path), ""),
        theirs.err,
    )
    assert "Successfully uninstalled demo-1.0" in ours.out
    assert not (guarded.site_packages / "demo").exists()
    assert not (guarded.path / "bin" / "demo").exists()
    assert sorted(guarded.inspect()) == sorted(plainly.inspect())


def test_pips_own_configuration_counts(guard: Guard, without_pip: Venv) -> None:
    """Variables and files configure these commands as ever."""
    (guard.cwd / "pip.conf").write_text("[list]\nformat = freeze\n")

    assert guard("list", target=without_pip, PIP_CONFIG_FILE="pip.conf").out == "demo==1.0\nOther.Thing==2.0\n"
    assert json.loads(guard("list", target=without_pip, PIP_FORMAT="json").out)[0]["name"] == "demo"


def test_the_commands_can_be_piped_into(guard: Guard, tmp_path: Path) -> None:
    """The process becomes pip, so a question that pip asks is answered by who sits at the terminal, or the pipe."""
    venv = installed_in(tmp_path / "env", guard.environ, "--without-pip")

    done = subprocess.run(
        [sys.executable, "-m", "safe_pip", "uninstall", "demo"],
        env={**guard.environ, "VIRTUAL_ENV": str(venv.path)},
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=guard.cwd,
    )

    assert done.returncode == 0, done.stderr
    assert "Proceed (Y/n)?" in done.stdout
    assert (venv.site_packages / "demo").exists()


# --------------------------------------------------------------------------- nobody else's pip


@pytest.mark.parametrize("kind", ["with pip", "without pip", "none"])
def test_a_pip_in_the_current_folder_is_not_run(guard: Guard, with_pip: Venv, without_pip: Venv, kind: str) -> None:
    """A cloned repository may hold a pip.py, a folder pip, or programs of that name; none of them is ours."""
    mark = guard.cwd / "mark"
    leave = f"open({str(mark)!r}, 'w').write('ran')\n"
    for name in ("pip.py", "pip/__init__.py", "pip/__main__.py", "sitecustomize.py", "json.py", "safe_pip.py"):
        path = guard.cwd / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(leave)
    for name in ("pip3", "python", "python3"):
        (guard.cwd / name).write_text(f"#!{sys.executable}\n{leave}")
        (guard.cwd / name).chmod(0o755)
    target = {"with pip": with_pip, "without pip": without_pip}.get(kind)
    script = Path(sys.executable).with_name("safe-pip")
    command = [str(script)] if script.exists() else [sys.executable, "-P", "-m", "safe_pip"]
    environ = {**guard.environ, "PATH": f"{guard.cwd}{os.pathsep}{guard.environ['PATH']}"}
    if target is not None:
        environ["VIRTUAL_ENV"] = str(target.path)

    ran = run([*command, "list"], environ, guard.cwd)

    assert ran.code == 0, ran.err
    assert not mark.exists()


def test_a_module_in_the_current_folder_is_not_imported(guard: Guard) -> None:
    """``python -m`` looks there first: for what we need, and for what an extra brings that is not installed."""
    mark = guard.cwd / "mark"
    for name in ("argparse", "json", "packaging", "pypi_attestations", "requests", "rich", "tomllib"):
        (guard.cwd / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write('{name} ')\n")

    ran = run([sys.executable, "-m", "safe_pip", "explain", "startup-hook"], guard.environ, guard.cwd)

    assert ran.code == 0, ran.err
    assert not mark.exists(), mark.read_text()


# --------------------------------------------------------------------------- options of our own


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([], []),
        (["--offline"], []),
        (["--advisories", "x.zip", "-v"], ["-v"]),
        (["--advisories=x.zip", "--allow", "X-1", "--allow=X-2", "--format", "json"], []),
        (["--python", "x", "--policy", "p", "--profile=q", "--osv-url", "u", "--output", "o"], ["--python", "x"]),
        (["--isolated", "--log", "file", "--offline", "-q"], ["--isolated", "--log", "file", "-q"]),
        (["--offline-mode", "--formats=x"], ["--offline-mode", "--formats=x"]),
    ],
)
def test_our_options_before_the_command_are_not_pips(words: list[str], kept: list[str]) -> None:
    """They mean nothing here, and pip would refuse them; everything else is pip's, in its order."""
    assert without_own_options(words) == kept


def test_our_options_do_not_disturb(guard: Guard, without_pip: Venv) -> None:
    """A person may have them in an alias."""
    ran = guard("--offline", "--advisories", "x.zip", "--format", "json", "list", target=without_pip)

    same(ran, guard("list", target=without_pip))
    assert ran.code == 0


def test_a_dry_run_of_an_uninstall_takes_nothing_away(guard: Guard, tmp_path: Path) -> None:
    """pip has no such thing: it refuses. Had the option been dropped in silence, the package would be gone."""
    venv = installed_in(tmp_path / "env", guard.environ, "--without-pip")

    for words in (["--dry-run", "uninstall", "-y", "demo"], ["uninstall", "--dry-run", "-y", "demo"]):
        ran = guard(*words, target=venv)

        assert ran.code == 2
        assert "--dry-run" in ran.err
        assert (venv.site_packages / "demo").exists()


# --------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "none, where there is no Python interpreter."),
        ("no\x1b[2J\u202ene", "no\\x1b[2J\\x202ene, where there is no Python interpreter."),
    ],
)
def test_an_environment_that_is_gone(guard: Guard, name: str, said: str) -> None:
    """A sentence, not the pip of some other environment; and the name is shown safely."""
    ran = guard("list", VIRTUAL_ENV=str(guard.cwd / name))

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.said
    assert "Next: Activate an environment that exists" in ran.said


@pytest.mark.parametrize("command", list(NOT_YET))
def test_what_is_not_guarded_yet_is_refused(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, command: str
) -> None:
    """Commands that would bring something in, or run a build, are not handed on: that would lead round the guard."""
    index.add(wheel(tmp_path / "files", "demo", "1.0"))
    before = venv.snapshot()

    for words in ([command, "demo"], ["-v", command, "-i", index.url, "demo"], [command, "--help"], ["help", command]):
        ran = guard(*words, target=venv, PIP_INDEX_URL=index.url)

        assert (ran.code, ran.out) == (2, "")
        assert f"Error: safe-pip {command} is not there yet: pip {command} " in ran.err
        assert ran.err.splitlines()[-1] == "Next: use pip itself if you trust what it will fetch."
    assert index.asked == []
    assert venv.snapshot() == before
    assert list(guard.cwd.iterdir()) == []


def test_every_command_of_pip_is_known(guard: Guard) -> None:
    """A command that a newer pip brings is not handed on unseen, and none of today's is forgotten."""
    shown = run([sys.executable, "-m", "pip", "--help"], guard.environ).out
    commands = shown.split("Commands:")[1].split("General Options:")[0].splitlines()
    names = {line.split()[0] for line in commands if line.startswith("  ") and not line.startswith("   ")}

    assert {"install", "list", "help"} <= names
    assert names <= HANDED_TO_PIP | set(NOT_YET) | set(GUARDED) | {"help"}


Make = Callable[..., Venv]


def test_a_pip_that_lies_only_under_another_name(guard: Guard, make_venv: Make) -> None:
    """``ensurepip`` may leave only ``pip3``: the pip beside safe-pip is used then, told where to look."""
    venv = make_venv("three")
    done = run([venv.python, "-m", "ensurepip"], guard.environ)
    assert done.code == 0, done.err
    assert not (venv.path / "bin" / "pip").exists()

    ran = guard("list", "--format", "json", target=venv)

    assert ran.code == 0, ran.err
    assert "pip" in {item["name"] for item in json.loads(ran.out)}
