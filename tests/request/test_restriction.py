"""Another Python, and another day: the options that restrict which files may be chosen, held against pip's own."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from conftest import Venv
from request.asking import NOW, AskPip, Case, request_of, values_of
from safe_pip.errors import UsageError
from safe_pip.model import Target
from safe_pip.request.cutoff import read_cutoff

WHEELS = ["--only-binary=:all:", "--dry-run"]

# Asks pip for the tags of another Python, and for the version that Requires-Python is held against.
_QUESTION = """
import json, sys
from pip._internal.cli import cmdoptions
from pip._internal.commands import create_command
answers = []
for words in json.load(sys.stdin):
    options, _ = create_command("install").parse_args(words)
    python = cmdoptions.make_target_python(options)
    answers.append([[str(tag) for tag in python.get_sorted_tags()], list(python.py_version_info)])
json.dump(answers, sys.stdout)
"""

RESTRICTED = [
    ["--python-version", "3"],
    ["--python-version", "39"],
    ["--python-version", "310"],
    ["--python-version", "3.9"],
    ["--python-version=3.14.2"],
    ["--platform", "win_amd64"],
    ["--platform", "manylinux2014_x86_64", "--platform", "manylinux2010_x86_64", "--platform", "linux_x86_64"],
    ["--platform", "manylinux2014_aarch64", "--platform", "manylinux_2_28_aarch64"],
    ["--platform", "manylinux2010_i686"],
    ["--platform", "macosx_10_12_x86_64"],
    ["--platform", "macosx_11_0_arm64", "--platform", "macosx_10_9_universal2", "--platform", "macosx_10_9_x86_64"],
    ["--platform", "macosx_nonsense"],
    ["--platform", "ios_13_0_arm64_iphoneos", "--python-version", "3.13"],
    ["--platform", "android_21_arm64_v8a", "--python-version", "3.13"],
    ["--implementation", "pp"],
    ["--implementation", "py", "--platform", "any"],
    ["--implementation", "pp", "--python-version", "3.9", "--abi", "pypy39_pp73", "--platform", "win_amd64"],
    ["--abi", "cp39", "--abi", "abi3", "--abi", "none"],
    ["--implementation=cp", "--abi=cp312", "--python-version=3.12", "--platform=linux_x86_64"],
]


def run_with_input(command: list[str], text: str, environ: dict[str, str]) -> str:
    """Run a program on a text; pip is the one that the tests run with."""
    spec = importlib.util.find_spec("pip")
    assert spec is not None
    assert spec.origin is not None
    places = {**environ, "PYTHONPATH": str(Path(spec.origin).parent.parent)}
    return subprocess.run(command, input=text, env=places, capture_output=True, text=True, check=True).stdout


def test_tags_are_those_of_pip(target: Target, surroundings: dict[str, str]) -> None:
    """Promise 3: one tag more or less, or in another place, and another file would be chosen."""
    told = json.loads(run_with_input([target.executable, "-c", _QUESTION], json.dumps(RESTRICTED), surroundings))
    for words, (tags, version) in zip(RESTRICTED, told, strict=True):
        restricted = request_of("name", *words, *WHEELS, target=target).target
        assert list(restricted.tags) == tags, words
        assert list(restricted.version_info) == version, words


def test_nothing_else_of_the_target_changes(target: Target) -> None:
    """Markers stay those of the interpreter, as pip has it, and what is installed is what is there."""
    restricted = request_of("name", "--python-version", "3.9", "--platform", "any", *WHEELS, target=target).target
    assert dataclasses.replace(restricted, tags=target.tags, version_info=target.version_info) == target
    assert request_of("name", target=target).target is target


def test_the_last_step_is_told(target: Target, ask_pip: AskPip) -> None:
    """pip chooses among the approved files once more, and has to choose for the same Python."""
    words = ["--platform", "a", "--platform=b", "--python-version", "39", "--implementation", "pp", "--abi", "x"]
    options = request_of("name", *words, "--only-binary=:all:", "-t", "there", target=target).destination.pip_options
    original, again = ask_pip([Case(tuple(words)), Case(options)])
    for name in ("platforms", "python_version", "implementation", "abis"):
        assert again["options"][name] == original["options"][name] is not None


REFUSED = [
    (["--platform", "any"], "need wheels only"),
    (["--abi", "none", "--dry-run"], "need wheels only"),
    (["--abi", "none", "--dry-run", "--only-binary=a"], "need wheels only"),
    (["--platform", "any", *WHEELS, "--no-binary=a"], "need wheels only"),
    (["--platform", "any", "--only-binary=:all:"], "cannot be used to install into this Python"),
    (["--implementation", "cp", "--no-deps"], "cannot be used to install into this Python"),
    (["--python-version", "3.9", *WHEELS, "-r", "pylock.toml"], "cannot be used with the lock file pylock.toml"),
    (["--python-version", "3.9", *WHEELS, "--group", "pylock.toml:x"], "cannot be used with the lock file pylock.toml"),
    (["--python-version", "three", *WHEELS], "--python-version 'three' is not a version of Python"),
    (["--python-version", "3.1.2.4", *WHEELS], "--python-version '3.1.2.4' is not a version of Python"),
    (["--python-version", "3.x", *WHEELS], "--python-version '3.x' is not a version of Python"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=str)
def test_conditions(words: list[str], said: str, target: Target, surroundings: dict[str, str]) -> None:
    """Nothing may be built for, or put into, a Python that is not the one that runs."""
    with pytest.raises(UsageError) as caught:
        request_of("name", *words, target=target)
    assert said in caught.value.message


def test_the_conditions_are_pips(venv: Venv) -> None:
    """pip refuses each of them as well, before it looks for anything."""
    for words, _ in REFUSED:
        ran = venv.pip("install", "--no-index", "name", *words)
        assert ran.code != 0
        assert "No matching distribution" not in ran.err, words


@pytest.mark.parametrize("words", [["--no-deps", "-t", "there"], ["--no-deps", "--dry-run"], [*WHEELS, "-t", "x"]])
def test_ways_that_are_open(words: list[str], target: Target) -> None:
    """Each of these is a way in which people fetch for another machine."""
    assert request_of("name", "--platform", "any", *words, target=target).target.tags[-1] == "py30-none-any"


def test_no_value_is_no_restriction(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is none, for pip as well."""
    monkeypatch.setenv("PIP_PYTHON_VERSION", "")
    assert request_of("name", "--python-version=", target=target).target is target


# --------------------------------------------------------------------------- --uploaded-prior-to

TIMES = [
    "2024-01-31",
    "2024-01-31T12:30",
    "2024-01-31 12:30:15",
    "2024-01-31T12:30:15Z",
    "2024-01-31T12:30:15+02:00",
    "2024-01-31T12:30:15.123456-11:30",
    "2024-01-31T12:30:15.123",
]
NO_TIMES = [
    "",
    "soon",
    "P3",
    "P-3D",
    "PT3H",
    "P1W",
    "P1.5D",
    "2024-13-01",
    "2024-01-31Z",
    "12:30",
    "P99999999999D",
    " ",
]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_times_are_read_as_pip_reads_them(ask_pip: AskPip, surroundings: dict[str, str], zone: str) -> None:
    """A time without an offset is in the local zone, in which a day more or less may let a file in."""
    code = (
        "import json, sys\nfrom safe_pip.request.cutoff import read_cutoff\n"
        "json.dump([repr(read_cutoff(text, None)) for text in json.load(sys.stdin)], sys.stdout)"
    )
    environ = {**surroundings, "TZ": zone}
    ours = json.loads(run_with_input([sys.executable, "-c", code], json.dumps(TIMES), environ))
    told = ask_pip([Case(("--uploaded-prior-to", text)) for text in TIMES], environ=environ)
    assert ours == [answer["options"]["uploaded_prior_to"] for answer in told]


@pytest.mark.parametrize(("text", "days"), [("P0D", 0), ("P3D", 3), ("P007D", 7)])
def test_days_are_counted_from_now(text: str, days: int, target: Target) -> None:
    """The time of the run is given from outside, so that a run can be repeated."""
    request = request_of("name", "--uploaded-prior-to", text, target=target)
    assert request.selection.uploaded_before == NOW - timedelta(days=days)


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A cutoff that is misread would let in what was to be kept out."""
    with pytest.raises(UsageError, match=r"--uploaded-prior-to .* is not a time"):
        read_cutoff(text, NOW)


def test_pip_refuses_them_too(ask_pip: AskPip, surroundings: dict[str, str]) -> None:
    """Or ends in a traceback."""
    told = ask_pip([Case(("--uploaded-prior-to", text)) for text in NO_TIMES])
    assert [text for text, answer in zip(NO_TIMES, told, strict=True) if "error" not in answer] == []


def test_a_configured_cutoff(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """A team sets it once for all, in the environment or in pip.conf; the command line beats it."""
    monkeypatch.setenv("PIP_UPLOADED_PRIOR_TO", "2024-01-31T00:00:00Z")
    before = request_of("name", target=target).selection.uploaded_before
    assert before == datetime(2024, 1, 31, tzinfo=timezone.utc)
    assert values_of("name", "--uploaded-prior-to=P1D").text("uploaded_prior_to") == "P1D"
    assert request_of("name", target=target, environ={}).selection.uploaded_before is None
