"""The interpreter that is installed into: what it is and what it has, learned without running its site code."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

import safe_pip.target
from conftest import Guard, Venv, run
from fakes import metadata_text, wheel
from safe_pip.errors import TargetError
from safe_pip.model import Target
from safe_pip.target.distributions import read_installed
from safe_pip.target.interpreter import find_interpreter
from safe_pip.target.metadata import installed_metadata, is_editable
from safe_pip.target.probing import probe

PYENV = Path("~/.pyenv/versions").expanduser()
VERSIONS = ["3.10", "3.11", "3.12", "3.13"]


@pytest.fixture(autouse=True)
def _isolated(
    pythons: dict[str, str], environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe's process has this one's environment, less what concerns Python. pythons: found in the real home."""
    for name in set(os.environ) - set(environ) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", environ["HOME"])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def python(request: pytest.FixtureRequest, pythons: dict[str, str]) -> str:
    """An interpreter of the version that the test asks for."""
    if request.param not in pythons:
        pytest.skip(f"there is no Python {request.param} on this machine")
    return pythons[request.param]


def of_pip(venv: Venv, *arguments: str, environ: Mapping[str, str] | None = None) -> Any:
    """What pip says of the environment, as JSON."""
    ran = run([sys.executable, "-m", "pip", "--python", venv.python, *arguments], {**venv.environ, **(environ or {})})
    assert ran.code == 0, ran.err
    return ran.json


def listed(venv: Venv, environ: Mapping[str, str] | None = None) -> dict[str, tuple[str, bool]]:
    """Version and whether it is editable, by name, of what `pip list` shows."""
    return {
        canonicalize_name(item["name"]): (item["version"], "editable_project_location" in item)
        for item in of_pip(venv, "list", "--format", "json", environ=environ)
    }


def found(target: Target) -> dict[str, tuple[str, bool]]:
    """The same of a target."""
    return {name: (str(item.version), is_editable(item)) for name, item in target.installed.items()}


def really_searched(python: str) -> list[str]:
    """The folders on the sys.path of an ordinary start."""
    done = subprocess.run(
        [python, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"], capture_output=True, check=True, timeout=60
    )
    return [path for path in json.loads(done.stdout) if os.path.exists(path)]


def info(folder: Path, name: str, version: str, file: str = "METADATA") -> Path:
    """A metadata folder and the file in it."""
    folder.mkdir(parents=True)
    (folder / file).write_bytes(metadata_text(name, version))
    return folder


# --------------------------------------------------------------------------- what it is


@pytest.mark.parametrize("python", VERSIONS, indirect=True)
def test_an_interpreter_is_what_pip_takes_it_for(make_venv: Callable[..., Venv], python: str) -> None:
    """Markers decide which dependencies count, tags which files fit: both must be pip's, on every Python."""
    venv = make_venv("other", python)
    target = probe(venv.python)
    told = of_pip(venv, "inspect")
    assert target.markers == told["environment"]
    assert (target.version, target.executable) == (told["environment"]["python_full_version"], venv.python)
    assert ".".join(map(str, target.version_info)) == target.version
    assert (target.prefix, target.is_virtual, target.has_pip) == (str(venv.path), True, False)
    assert target.site_packages == str(venv.site_packages)
    assert target.externally_managed is None
    assert target.user_site is None
    shown = run([sys.executable, "-m", "pip", "--python", venv.python, "debug", "--verbose"], venv.environ).out
    tags = re.findall(r"^  (\S+-\S+-\S+)$", shown.partition("Compatible tags:")[2], re.MULTILINE)
    assert len(tags) > 100
    assert list(target.tags) == tags
    assert list(target.search_path) == really_searched(venv.python)
    assert found(target) == listed(venv) == {}


@pytest.mark.parametrize("python", VERSIONS, indirect=True)
def test_an_interpreter_outside_an_environment(python: str, environ: dict[str, str]) -> None:
    """No venv: the interpreter's own site-packages, and the user's, which pip may choose."""
    target = probe(python)
    code = (
        "import json, site, sys, sysconfig;"
        "print(json.dumps([sys.prefix, sysconfig.get_path('purelib'), site.getusersitepackages()]))"
    )
    told = json.loads(subprocess.run([python, "-c", code], capture_output=True, check=True, timeout=60).stdout)
    assert [target.prefix, target.site_packages, target.user_site] == told
    assert not target.is_virtual
    assert list(target.search_path) == really_searched(python)
    assert target.has_pip == ("pip" in listed(Venv(Path(python).parent.parent, environ)))


@pytest.mark.parametrize("python", VERSIONS, indirect=True)
def test_system_site_packages_are_seen(make_venv: Callable[..., Venv], python: str) -> None:
    """Such an environment sees more than its own folder, and pip keeps what it sees there."""
    venv = make_venv("seeing", python)
    cfg = venv.path / "pyvenv.cfg"
    cfg.write_text(
        cfg.read_text().replace("include-system-site-packages = false", "Include-System-Site-Packages = TRUE")
    )
    user_site = Path(venv.environ["HOME"]) / ".local" / "lib" / venv.site_packages.parent.name / "site-packages"
    info(user_site / "of_user-1.0.dist-info", "of-user", "1.0")
    target = probe(venv.python)
    assert target.user_site == str(user_site)
    assert list(target.search_path) == really_searched(venv.python)
    assert found(target) == listed(venv)
    assert target.installed[canonicalize_name("of-user")].in_user_site
    assert "pip" in target.installed or "pip" not in listed(venv)
    os.environ["PYTHONNOUSERSITE"] = "1"
    assert "of-user" not in probe(venv.python).installed


# --------------------------------------------------------------------------- what is installed


def zoo(venv: Venv, tmp_path: Path) -> None:
    """Every way in which a distribution can lie in an environment, and some in which none does."""
    site = venv.site_packages
    tag = f"py{site.parent.name.removeprefix('python')}"
    info(site / "plain-1.0.dist-info", "plain", "1.0")
    info(site / "Some_Mixed.Name-2.0.dist-info", "Some-Mixed.Name", "2.0")
    info(site / "local-1.0+abc.dist-info", "local", "1.0+abc")
    info(site / "nodash.dist-info", "without-dash", "3.0")
    info(site / "upper-1.0.DIST-INFO", "upper", "1.0")
    # Leftovers of an install that was broken off, and names that are none.
    info(site / "~lain-1.0.dist-info", "plain", "0.9")
    # Parts of the standard library.
    info(site / "argparse-1.4.dist-info", "argparse", "1.4")
    # Old formats.
    info(site / f"egg_folder-1.0-{tag}.egg-info", "egg-folder", "1.1", "PKG-INFO")
    info(site / "bare_folder.egg-info", "bare-folder", "1.2", "PKG-INFO")
    (site / "egg_file-1.0.egg-info").write_bytes(metadata_text("egg-file", "1.3"))
    info(site / f"whole_egg-1.4-{tag}.egg" / "EGG-INFO", "whole-egg", "1.4", "PKG-INFO")
    # Two of one name: which counts depends on the order of the folder.
    for version in ("1.0", "2.0", "3.0"):
        info(site / f"twice-{version}.dist-info", "twice", version)
    # Development installs, old and new.
    develop = tmp_path / "develop"
    info(develop / "develop.egg-info", "develop", "0.1", "PKG-INFO")
    (site / "develop.egg-link").write_text(f"\n{develop}\n.\n")
    beside = info(tmp_path / "beside" / "plain.egg-info", "plain", "7", "PKG-INFO").parent
    (site / "Beside.egg-link").write_text(f"{beside}\n")
    (site / "dangling.egg-link").write_text("/nowhere\n")
    (site / "empty.egg-link").write_text("\n\n")
    (site / "easy-install.pth").write_text(f"{develop}\n./whole_egg-1.4-{tag}.egg\n")
    for name, record in {
        "editable": {"url": "file:///somewhere", "dir_info": {"editable": True}},
        "directed": {"url": "file:///somewhere", "dir_info": {}},
        "archive": {"url": "https://h.example/a.zip", "archive_info": {}},
    }.items():
        folder = info(site / f"{name}-1.0.dist-info", name, "1.0")
        (folder / "direct_url.json").write_text(json.dumps(record))
    for name, text in {"garbled": "{", "incomplete": "{}"}.items():
        folder = info(site / f"{name}-1.0.dist-info", name, "1.0")
        (folder / "direct_url.json").write_text(text)
    if tag != "py3.10":
        # pip reads a Python 3.10 by other means than the newer ones, and sees these differently there.
        (site / "hollow-1.0.dist-info").mkdir()
        info(site / "sp ace-1.0.dist-info", "sp ace", "1.0")
        info(site / "linked" / "relative.egg-info", "relative", "0.2", "PKG-INFO")
        (site / "relative.egg-link").write_text("linked\n.")
    # No distributions.
    (site / "notes.txt").touch()
    (site / "module.py").touch()
    (site / "sub" / "inner-1.0.dist-info").mkdir(parents=True)


@pytest.mark.parametrize("python", VERSIONS, indirect=True)
def test_what_is_installed_is_what_pip_lists(make_venv: Callable[..., Venv], python: str, tmp_path: Path) -> None:
    """What is there is kept, upgraded or left: a distribution missed or imagined changes the answer (promise 3)."""
    venv = make_venv("zoo", python)
    zoo(venv, tmp_path)
    target = probe(venv.python)
    assert found(target) == listed(venv)
    assert {"plain", "whole-egg", "develop", "egg-file", "without-dash", "twice"} <= target.installed.keys()
    assert list(target.search_path) == really_searched(venv.python)
    assert target.installed[canonicalize_name("develop")].legacy_editable


def test_what_pip_installs_is_found(venv: Venv, tmp_path: Path) -> None:
    """The ordinary case, made by pip itself; metadata is read from the folder."""
    wheels = [wheel(tmp_path, "one", "1.0", requires=["two>1"]), wheel(tmp_path, "Two_Names", "2.0.post1")]
    assert venv.pip("install", "--no-deps", *map(str, wheels)).code == 0
    target = probe(venv.python)
    assert found(target) == listed(venv) == {"one": ("1.0", False), "two-names": ("2.0.post1", False)}
    one = target.installed[canonicalize_name("one")]
    assert (one.location, one.raw_version) == (str(venv.site_packages), "1.0")
    metadata = installed_metadata(one.info_path)
    assert metadata is not None
    assert (metadata.requires_dist, metadata.origin) == (("two>1",), "installed")


def test_an_environment_with_pip(tmp_path: Path, environ: dict[str, str]) -> None:
    """Most environments have a pip of their own; safe-pip works with and without."""
    path = tmp_path / "with-pip"
    subprocess.run([sys.executable, "-m", "venv", str(path)], check=True, env=environ, timeout=240)
    target = probe(str(path / "bin" / "python"))
    assert target.has_pip
    assert found(target) == listed(Venv(path, environ))


def test_versions_that_are_none(tmp_path: Path) -> None:
    """A broken version is not the same as none: it is shown, and satisfies nothing."""
    info(tmp_path / "broken-1.x.y.dist-info", "broken", "1.x.y")
    (tmp_path / "long.egg-info").write_bytes(metadata_text("long", "1" * 5000))
    (tmp_path / "silent.egg-info").write_bytes(b"Metadata-Version: 2.1\n")
    (tmp_path / "garbage.egg-info").write_bytes(bytes(range(256)) * 10)
    installed = read_installed([str(tmp_path)])
    assert {name: item.version for name, item in installed.items()} == {"broken": None, "long": None}
    assert installed[canonicalize_name("broken")].raw_version == "1.x.y"


def test_a_record_that_is_no_record(tmp_path: Path) -> None:
    """direct_url.json is written by installers of all kinds; pip ends in a traceback on some of these."""
    for text in ("[]", "null", '"x"', '{"dir_info": []}', '{"dir_info": {"editable": false}}', "\x00", ""):
        folder = tmp_path / "name-1.0.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "direct_url.json").write_text(text)
        (installed,) = read_installed([str(tmp_path)]).values()
        assert not is_editable(installed), text


def test_folders_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    """sys.path often names what is not there, files and archives."""
    (tmp_path / "file").touch()
    info(tmp_path / "site" / "there-1.0.dist-info", "there", "1.0")
    installed = read_installed([str(tmp_path / "missing"), str(tmp_path / "file"), "", str(tmp_path / "site")])
    assert list(installed) == ["there"]


def test_the_first_on_the_path_counts(tmp_path: Path) -> None:
    """It is the one that is imported."""
    for number in ("1", "2"):
        info(tmp_path / number / f"name-{number}.0.dist-info", "name", f"{number}.0")
    first, second = str(tmp_path / "1"), str(tmp_path / "2")
    assert read_installed([second, first])[canonicalize_name("name")].raw_version == "2.0"
    assert read_installed([first, second], second)[canonicalize_name("name")].in_user_site is False


# --------------------------------------------------------------------------- the search path


@pytest.mark.parametrize("python", VERSIONS, indirect=True)
def test_path_files_are_followed(make_venv: Callable[..., Venv], python: str, tmp_path: Path) -> None:
    """What lies in a folder that a .pth file names is installed, too."""
    venv = make_venv("pth", python)
    for name in ("first", "second", "third", "with space", "sub/deep"):
        plain = re.sub("[ /]", "_", name)
        info(tmp_path / name / f"{plain}-1.0.dist-info", plain, "1.0")
    (venv.site_packages / "beside").mkdir()
    lines = [
        "# a comment",
        "",
        "   ",
        str(tmp_path / "first"),
        f"{tmp_path / 'with space'}   ",
        str(tmp_path / "missing"),
        "beside",
        str(tmp_path / "first"),
        f"{tmp_path}/third/../sub/deep",
        "importlib-is-no-import",
    ]
    (venv.site_packages / "b.pth").write_text("\n".join(lines))
    (venv.site_packages / "a.pth").write_bytes(f"{tmp_path / 'second'}\r\n".encode())
    (venv.site_packages / "a.pth.bak").write_text(f"{tmp_path / 'third'}\n")
    (venv.site_packages / "folder.pth").mkdir()
    (tmp_path / "first" / "c.pth").write_text(f"{tmp_path / 'third'}\n")
    target = probe(venv.python)
    assert list(target.search_path) == really_searched(venv.python)
    assert found(target) == listed(venv)
    assert {"first", "second", "with-space", "sub-deep"} == set(target.installed)


@pytest.mark.parametrize(
    "value", ["<a>", "<a>:<b>", ":<a>", "<a>:", "<a>::<b>", "", ":", "<missing>:<a>", "<a>:<a>/../b"]
)
def test_pythonpath_counts_as_it_does_for_pip(
    venv: Venv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """pip sees these folders first, an empty entry being the current one; -I would hide them."""
    for name in ("a", "b", "here"):
        info(tmp_path / name / f"in_{name}-1.0.dist-info", f"in-{name}", "1.0")
    value = re.sub("<(.*?)>", lambda match: str(tmp_path / match[1]), value)
    monkeypatch.setenv("PYTHONPATH", value)
    target = probe(venv.python)
    assert found(target) == listed(venv, {"PYTHONPATH": value})


# --------------------------------------------------------------------------- nothing runs


@pytest.mark.parametrize("python", VERSIONS, indirect=True)
def test_no_site_code_runs(
    make_venv: Callable[..., Venv], python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 1: the target may hold a package that was planted; to look at it must not start it."""
    venv = make_venv("planted", python)
    mark = tmp_path / "mark"
    leave = f"open({str(mark)!r}, 'a').write('ran')"
    site = venv.site_packages
    (site / "planted.pth").write_text(f"import os; {leave}\nimport\tos; {leave}\n{tmp_path}\n")
    (site / "planted.start").write_text("planted:run\n")
    (site / "planted.py").write_text(f"def run(): {leave}\n")
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    names = ["sitecustomize", "usercustomize", "json", "site", "os", "sysconfig", "packaging", "importlib", "encodings"]
    for folder in (site, hostile, Path.cwd(), tmp_path):
        for name in names:
            (folder / f"{name}.py").write_text(f"{leave}\n")
    user_site = Path(venv.environ["HOME"]) / ".local" / "lib" / site.parent.name / "site-packages"
    user_site.mkdir(parents=True)
    (user_site / "usercustomize.py").write_text(f"{leave}\n")
    (user_site / "x.pth").write_text(f"import os; {leave}\n")
    for name, value in {
        "PYTHONPATH": str(hostile),
        "PYTHONSTARTUP": str(hostile / "site.py"),
        "PYTHONHOME": str(hostile),
        "PYTHONUSERBASE": str(Path(venv.environ["HOME"]) / ".local"),
        "PYTHONINSPECT": "1",
        "PYTHONBREAKPOINT": "site.x",
    }.items():
        monkeypatch.setenv(name, value)
    target = probe(venv.python)
    assert str(tmp_path) in target.search_path
    assert str(hostile) in target.search_path
    assert not mark.exists()
    monkeypatch.delenv("PYTHONHOME")
    monkeypatch.delenv("PYTHONPATH")
    subprocess.run([venv.python, "-c", ""], check=False, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    assert mark.exists(), "an ordinary start runs none of it, so this test would notice nothing"


def test_probing_changes_nothing(venv: Venv) -> None:
    """Until the verdict the target is as it was, to the last byte."""
    before = venv.snapshot()
    probe(venv.python)
    assert venv.snapshot() == before


# --------------------------------------------------------------------------- PEP 668


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, None),
        ("[externally-managed]\nError=Use apt.\n or a venv, 100%\n", "Use apt.\nor a venv, 100%"),
        ("[externally-managed]\n", ""),
        ("[other]\nError=x\n", ""),
        ("no section\n", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_a_managed_python_is_recognised(
    content: str | bytes | None, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A marker that cannot be read is a marker all the same; a virtual environment never has one."""
    if content is not None:
        (tmp_path / "EXTERNALLY-MANAGED").write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr("sysconfig.get_path", lambda name: {"stdlib": str(tmp_path)}[name])
    script = runpy.run_path(str(Path(safe_pip.target.__file__).with_name("probe.py")))
    assert script["externally_managed"](None) == expected
    assert script["externally_managed"](("/venv", False)) is None


# --------------------------------------------------------------------------- interpreters that are none

BROKEN: dict[str, tuple[str, str]] = {
    "prints garbage": ("#!/bin/sh\necho garbage\n", "does not answer as a Python interpreter (exit code 0)"),
    "says nothing": ("#!/bin/sh\n", "(exit code 0): it said nothing of use"),
    "fails": ("#!/bin/sh\necho first >&2\necho last >&2\nexit 7\n", "(exit code 7): first"),
    "a number": ("#!/bin/sh\necho 1\n", "does not answer as a Python interpreter"),
    "null": ("#!/bin/sh\necho null\n", "does not answer as a Python interpreter"),
    "a list": ("#!/bin/sh\necho '[]'\n", "does not answer as a Python interpreter"),
    "an empty object": ("#!/bin/sh\necho '{}'\n", "does not answer as a Python interpreter"),
    "half an answer": ("#!/bin/sh\necho '{\"version_info\": [3, 12, 0]}'\n", "does not answer as a Python interpreter"),
    "words for numbers": ('#!/bin/sh\necho \'{"version_info": ["3", "x"]}\'\n', "does not answer as a Python"),
    "too old": ('#!/bin/sh\necho \'{"version_info": [3, 9, 1], "version": "3.9.1"}\'\n', "is Python 3.9.1"),
    "bytes that are no text": ("#!/bin/sh\nprintf '\\377\\376'\n", "does not answer as a Python interpreter"),
    "reads from the terminal": ("#!/bin/sh\ncat\n", "it said nothing of use"),
    "no program": ("garbage\n", "cannot be run"),
    "a missing interpreter": ("#!/nowhere/python\n", "cannot be run: No such file or directory."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_interpreter_is_named(name: str, tmp_path: Path) -> None:
    """One sentence with its path, never a traceback: --python is easily pointed at something else."""
    text, said = BROKEN[name]
    path = tmp_path / "python"
    path.write_text(text)
    path.chmod(0o755)
    with pytest.raises(TargetError) as caught:
        probe(str(path))
    assert caught.value.message.startswith(str(path))
    assert said in caught.value.message
    assert "--python PATH" in caught.value.hint
    assert caught.value.exit_code == 2


def test_what_cannot_be_run_is_named(tmp_path: Path) -> None:
    """A file without the right to be run, a folder, and a path that is not there."""
    plain = tmp_path / "python"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o644)
    for path, said in {
        plain: "Permission denied.",
        tmp_path: "Permission denied.",
        tmp_path / "x": "No such file",
    }.items():
        with pytest.raises(TargetError, match=re.escape(f"{path} cannot be run: {said}")):
            probe(str(path))


def test_an_interpreter_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapper may wait for something that never comes."""
    monkeypatch.setattr("safe_pip.target.probing._PROBE_SECONDS", 0.3)
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    with pytest.raises(TargetError, match=r"cannot be run: it did not answer within 0\.3 seconds\."):
        probe(str(path))


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.9"])
def test_a_python_too_old_is_named(version: str) -> None:
    """The message says what it is, or at least what is needed."""
    path = next(PYENV.glob(f"{version}.*/bin/python"), None)
    if path is None:
        pytest.skip(f"there is no Python {version} on this machine")
    with pytest.raises(TargetError) as caught:
        probe(str(path))
    assert "Python 3.10 and newer" in caught.value.message + caught.value.hint
    # Python 2 knows none of the options that keep site code from running.
    assert (f"is Python {version}." if version != "2.7" else "Unknown option: -I") in caught.value.message


# --------------------------------------------------------------------------- which one


def test_which_interpreter(venv: Venv, tmp_path: Path) -> None:
    """--python, else the active environment, else the one that runs safe-pip (the outer contract)."""
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    (other / "python").touch()
    active = {"VIRTUAL_ENV": str(venv.path)}
    assert find_interpreter(None, {}) == sys.executable
    assert find_interpreter(None, {"VIRTUAL_ENV": ""}) == sys.executable
    assert find_interpreter(None, active) == venv.python
    assert find_interpreter(str(other.parent), active) == str(other / "python")
    assert find_interpreter(str(other / "python"), active) == str(other / "python")
    os.chdir(tmp_path)
    assert find_interpreter("other", active) == str(other / "python")
    assert find_interpreter("other/bin/python", {}) == str(other / "python")


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    """To fall back to another one would install into the wrong place."""
    for python in (str(tmp_path / "missing"), str(tmp_path), ""):
        with pytest.raises(TargetError, match="there is no such interpreter or environment"):
            find_interpreter(python, {})
    with pytest.raises(TargetError, match=r"VIRTUAL_ENV points to .*missing, where there is no Python interpreter"):
        find_interpreter(None, {"VIRTUAL_ENV": str(tmp_path / "missing")})


def test_the_program_says_which(guard: Guard, tmp_path: Path) -> None:
    """Over the command line: exit code 2, a sentence, a hint."""
    (tmp_path / "python").write_text("#!/bin/sh\necho garbage\n")
    (tmp_path / "python").chmod(0o755)
    for python, said in {
        "missing": "there is no such interpreter",
        str(tmp_path / "python"): "does not answer",
    }.items():
        ran = guard.install("--python", python, "name")
        assert (ran.code, ran.out) == (2, "")
        assert said in " ".join(ran.err.split())
        assert "Traceback" not in ran.err
