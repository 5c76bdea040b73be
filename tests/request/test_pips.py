"""The table of options against the help and the parsers of four pips, from 23.2 to the newest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conftest import run
from request.asking import values_of
from safe_pip.errors import UnsupportedOption
from safe_pip.request.commands import COMMANDS
from safe_pip.request.options import GONE_OPTIONS, pip_options

VERSIONS = ("23.2", "24.3", "25.3", "26.3")
KNOWN = [*pip_options(), *GONE_OPTIONS]
VALUED = ("store", "append", "group", "format", "release", "feature")

# Asks the parser itself: the help shows one long name of each option, and not those that are hidden.
_QUESTION = """
import sys
sys.path.insert(0, sys.argv[1])
from pip._internal.commands import create_command
for option in create_command("install").parser.option_list_all:
    print(int(option.takes_value()), *option._short_opts, *option._long_opts)
"""


@pytest.fixture(scope="session")
def pips(registry: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of unpacked pips, by version, fetched once."""
    folder = tmp_path_factory.mktemp("pips")
    # Each version by itself, since only one of a name can be downloaded at once; with the pip configuration of this
    # machine, which knows where packages are.
    environ = {name: value for name, value in os.environ.items() if name != "PIP_CONFIG_FILE"}
    for version in VERSIONS:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
        subprocess.run(
            [*command, "--index-url", registry, f"pip=={version}"], env=environ, check=True, capture_output=True
        )
        with zipfile.ZipFile(next(folder.glob(f"pip-{version}-*.whl"))) as archive:
            archive.extractall(folder / version)
    return {version: folder / version for version in VERSIONS}


@pytest.mark.registry
@pytest.mark.parametrize("version", VERSIONS)
def test_the_help_of_every_pip_names_nothing_unknown(
    version: str, pips: dict[str, Path], environ: dict[str, str]
) -> None:
    """Whoever reads the help of the pip that is at hand must find each option known here, if only to be refused."""
    shown = run([sys.executable, str(pips[version] / "pip"), "install", "--help"], {**environ, "COLUMNS": "250"})
    named = {
        flag
        for line in shown.out.splitlines()
        if re.match(r" {1,2}-", line)
        for flag in re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", re.split(r" {2,}", line.strip())[0])
    }

    assert len(named) > 70, shown.out
    assert named <= {flag for option in KNOWN for flag in option.flags}


@pytest.mark.registry
@pytest.mark.parametrize("version", VERSIONS)
def test_every_spelling_of_every_pip_is_one_option(
    version: str, pips: dict[str, Path], environ: dict[str, str]
) -> None:
    """Two names of one option of pip must be two names of one row, and take a value where pip takes one."""
    told = run([sys.executable, "-I", "-c", _QUESTION, str(pips[version])], environ)
    assert told.code == 0, told.err
    rows = {frozenset(option.flags): option.action in VALUED for option in KNOWN}

    options = [line.split() for line in told.out.splitlines()]

    assert len(options) > 60
    for takes_value, *flags in options:
        row = next((row for row in rows if set(flags) <= row), None)
        assert row is not None, f"no row has all of {flags}"
        assert rows[row] == (takes_value == "1"), flags


@pytest.mark.registry
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["download", "wheel"])
def test_download_and_wheel_have_the_options_of_pips(
    name: str, version: str, pips: dict[str, Path], environ: dict[str, str]
) -> None:
    """Every option that some pip has for them is known, in all spellings; what the newest has not, they have not."""
    told = run([sys.executable, "-I", "-c", _QUESTION.replace("install", name), str(pips[version])], environ)
    assert told.code == 0, told.err
    options = {frozenset(flags): value == "1" for value, *flags in map(str.split, told.out.splitlines())}
    own = {frozenset(option.flags): option.action in VALUED for option in COMMANDS[name].pip_options()}
    gone = {frozenset(option.flags): option.action in VALUED for option in COMMANDS[name].gone}

    assert len(options) > 50
    for flags, takes_value in options.items():
        row = next((row for row in (*own, *gone) if flags <= row), None)
        assert row is not None, f"no row has all of {set(flags)}"
        assert (own | gone)[row] == takes_value, set(flags)
    if version == VERSIONS[-1]:
        assert {row for row in own if not any(flags <= row for flags in options)} == set()


@pytest.mark.registry
def test_what_pip_has_no_more_is_listed_for_a_reason(pips: dict[str, Path], environ: dict[str, str]) -> None:
    """A row that no pip ever had, or that the newest still has, would be a mistake in the table."""
    flags = {}
    for version in VERSIONS:
        told = run([sys.executable, "-I", "-c", _QUESTION, str(pips[version])], environ)
        flags[version] = set(told.out.split())
    gone = {flag for option in GONE_OPTIONS for flag in option.flags}

    assert gone <= set().union(*flags.values())
    assert not gone & flags[VERSIONS[-1]]


@pytest.mark.parametrize(
    "words", [["--global-option=x"], ["--no-use-pep517"], ["--version"], ["-V"], ["--vers"]], ids=str
)
def test_an_option_that_is_gone_is_refused_by_name(words: list[str], surroundings: dict[str, str]) -> None:
    """It must not be taken for a mistake in writing; but no abbreviation of an option that is there becomes unclear."""
    with pytest.raises(UnsupportedOption, match="is not supported by safe-pip"):
        values_of("name", *words)
    assert values_of("name", "--ver").count("verbose") == 1
