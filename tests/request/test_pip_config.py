"""pip's configuration, read by safe-pip and by pip itself from the same files, variables and environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import Guard, Venv, run
from request.asking import AskPip, Case, differences, values_of
from safe_pip.errors import UsageError
from safe_pip.request.pip_config import configured


class Levels(NamedTuple):
    """Where a configuration file may lie, and the variables that make it so."""

    system: Path
    legacy: Path
    user: Path
    site: Path
    named: Path
    environ: Mapping[str, str]


@pytest.fixture
def levels(surroundings: dict[str, str], venv: Venv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Levels:
    """Every level in a folder of the test's own; no file exists yet."""
    home = Path(surroundings["HOME"])
    environ = {name: value for name, value in surroundings.items() if name not in ("PIP_CONFIG_FILE", "PIP_CERT")} | {
        "XDG_CONFIG_DIRS": str(tmp_path / "etc"),
        "XDG_CONFIG_HOME": str(home / "xdg"),
    }
    monkeypatch.delenv("PIP_CONFIG_FILE")
    for name in ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, environ[name])
    monkeypatch.chdir(tmp_path)
    return Levels(
        system=tmp_path / "etc" / "pip" / "pip.conf",
        legacy=home / ".pip" / "pip.conf",
        user=home / "xdg" / "pip" / "pip.conf",
        site=venv.path / "pip.conf",
        named=tmp_path / "named.conf",
        environ=environ,
    )


def write(path: Path, text: str) -> None:
    """Write a configuration file, and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def compare(levels: Levels, venv: Venv, ask_pip: AskPip, *cases: Case) -> None:
    """Ask pip in the environment and safe-pip about it, and have them agree."""
    defaults, *answers = ask_pip(
        [Case(environ={"PIP_CONFIG_FILE": os.devnull}), *cases], python=venv.python, environ=levels.environ
    )
    for case, told in zip(cases, answers, strict=True):
        assert "error" not in told, case
        with pytest.MonkeyPatch.context() as patched:
            for name, value in case.environ.items():
                patched.setenv(name, value)
            environ = {**levels.environ, **case.environ}
            values = values_of(*case.arguments, environ=environ, prefix=str(venv.path))
        assert differences(values, told, defaults) == [], case


# --------------------------------------------------------------------------- levels


def test_every_level_overrides_the_one_before(levels: Levels, venv: Venv, ask_pip: AskPip, tmp_path: Path) -> None:
    """Which index is asked depends on it: every combination of files, with and without --isolated, as pip has it."""
    write(levels.named, "[global]\ntimeout = 5\n[install]\nretries = 5\n")
    cases = []
    for number in range(8):
        home = tmp_path / str(number)
        home.mkdir()
        places = [home / "etc" / "pip", home / ".pip", home / "config" / "pip"]
        for level, place in enumerate(places):
            if number & 2**level:
                write(place / "pip.conf", f"[global]\ntimeout = {level + 1}\n[install]\nretries = {level + 1}\n")
        own = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "etc"), "XDG_CONFIG_HOME": str(home / "config")}
        for named in ({}, {"PIP_CONFIG_FILE": str(levels.named)}, {"PIP_CONFIG_FILE": "not-there"}):
            cases.append(Case(("name",), {**own, **named}))
            cases.append(Case(("name", "--isolated"), {**own, **named, "PIP_TIMEOUT": "6"}))
            cases.append(Case(("name",), {**own, **named, "PIP_TIMEOUT": "6"}))
    compare(levels, venv, ask_pip, *cases)
    write(levels.site, "[global]\ntimeout = 4\n[install]\nretries = 4\n")
    compare(levels, venv, ask_pip, *cases)


def test_the_strongest_level_of_each_kind_wins(levels: Levels, venv: Venv) -> None:
    """The same once more in plain numbers, so that a comparison that compares nothing would be noticed."""
    for number, path in enumerate(levels[:5], start=1):
        write(path, f"[global]\ntimeout = {number}\n")
        assert values_of(environ=levels.environ, prefix=str(venv.path)).number("timeout", 0) == min(number, 4)
    named = {**levels.environ, "PIP_CONFIG_FILE": str(levels.named)}
    assert values_of(environ=named, prefix=str(venv.path)).number("timeout", 0) == 5
    assert values_of(environ={**named, "PIP_TIMEOUT": "6"}, prefix=str(venv.path)).number("timeout", 0) == 6
    nothing = {**levels.environ, "PIP_CONFIG_FILE": os.devnull}
    assert values_of(environ=nothing, prefix=str(venv.path)).number("timeout", 0) == 0


def test_a_section_for_install_beats_a_stronger_file(levels: Levels, venv: Venv, ask_pip: AskPip) -> None:
    """pip orders by section first and by file second, which is not what one would guess."""
    write(levels.system, "[install]\ntimeout = 1\n")
    write(levels.user, "[global]\ntimeout = 2\n")
    compare(levels, venv, ask_pip, Case(("name",)), Case(("name",), {"PIP_TIMEOUT": "3"}))
    assert values_of(environ=levels.environ).number("timeout", 0) == 1


def test_a_file_at_two_levels_counts_at_the_weaker(levels: Levels, venv: Venv, ask_pip: AskPip) -> None:
    """PIP_CONFIG_FILE may name a file that is read anyway; that does not lift it over the others."""
    write(levels.system, "[global]\ntimeout = 1\n")
    write(levels.site, "[global]\ntimeout = 2\n")
    compare(levels, venv, ask_pip, Case(("name",), {"PIP_CONFIG_FILE": str(levels.system)}))


def test_lists_of_several_levels_replace_each_other(levels: Levels, venv: Venv, ask_pip: AskPip) -> None:
    """A list in a stronger file takes the place of the weaker one's; only the command line adds to it."""
    write(levels.user, "[global]\nextra-index-url = http://a.example\n  http://b.example\nfind-links = x\n")
    write(levels.site, "[global]\nextra-index-url = http://c.example\n")
    cases = [
        Case(("name", "--extra-index-url", "http://d.example", "-f", "y")),
        Case(("name",), {"PIP_EXTRA_INDEX_URL": "http://e.example", "PIP_FIND_LINKS": "z"}),
    ]
    compare(levels, venv, ask_pip, *cases)
    assert values_of("--extra-index-url", "http://d.example", environ=levels.environ, prefix=str(venv.path)).texts(
        "extra_index_urls"
    ) == ["http://c.example", "http://d.example"]


def test_the_files_are_those_that_pip_names(levels: Levels, venv: Venv) -> None:
    """`pip config debug` is where people look which files count; ours must be the same ones, with the same values."""
    for path, key in zip(levels[:5], ("timeout", "retries", "proxy", "cert", "log"), strict=True):
        write(path, f"[global]\n{key} = 1\n")
    for surroundings in (levels.environ, {**levels.environ, "PIP_CONFIG_FILE": str(levels.named)}):
        told = run([sys.executable, "-m", "pip", "--python", venv.python, "config", "debug"], surroundings).out
        by_pip = set(re.findall(r"^ +(\S.*), exists: True\n +global\.([\w-]+): 1$", told, re.MULTILINE))
        ours = {(item.origin, item.key) for item in configured(surroundings, str(venv.path)) if item.value == "1"}
        assert len(by_pip) >= 3
        # A variable that is no file, PIP_DISABLE_PIP_VERSION_CHECK, is 1 as well.
        assert {item for item in ours if item[0].startswith("/")} == by_pip


# --------------------------------------------------------------------------- contents

CONTENTS = {
    "keys in any spelling": "[global]\nINDEX_URL = http://a.example\n--Find_Links = http://b.example\nNo_Deps = 1\n",
    "other sections": "[list]\nformat = json\n[download]\ntimeout = 1\n[freeze]\ntimeout = 2\n[Global]\ntimeout = 3\n",
    "install beats global": "[install]\ntimeout = 1\n[global]\ntimeout = 2\n",
    "a default section": "[DEFAULT]\ntimeout = 1\nretries = 2\n[install]\nretries = 3\n",
    "empty values": "[global]\nindex-url =\nextra-index-url =\ntimeout =\n[install]\nretries =\n",
    "an empty value does not hide a weaker one": "[global]\ntimeout = 3\n[install]\ntimeout =\n",
    "values over several lines": "[global]\nfind-links =\n    x\n    y z\ntrusted-host =\n  a.example\n\n  b.example\n",
    "names over several lines": "[global]\nno-binary =\n  a\n  b\nonly-binary = c\n",
    "controls in order": "[global]\nno-binary = a,b\nonly-binary = b\n[install]\nno-binary = :none:\n",
    "comments": "# one\n; two\n[global]\n# three\ntimeout = 4 # not a comment\n".replace(" # not a comment", ""),
    "no interpolation": "[global]\nindex-url = http://a.example/%(x)s%20y\n",
    "colons": "[global]\nindex-url: http://a.example\ntimeout : 5\n",
    "switches": "[install]\nno-compile = no\nno-warn-script-location = false\npre = yes\nuser = no\nupgrade = 1\n",
    "unknown keys": "[global]\nnonsense = 1\nr = x\ni = http://a.example\n-i = http://a.example\n",
    "aliases": "[global]\npypi-url = http://a.example\ndefault-timeout = 8\nno-dependencies = yes\n",
    "a section named like the environment": "[:env:]\ntimeout = 9\n[install]\ntimeout = 1\n",
    "dots in a section": "[global.x]\ntimeout = 9\n",
    "windows line ends": "[global]\r\ntimeout = 6\r\n",
    "words for pip alone": "[global]\nhelp = 1\nversion = 1\nconfig-file = x\ndisable-pip-version-check = yes\n",
    "nothing": "",
}


def test_contents_mean_what_they_mean_to_pip(levels: Levels, venv: Venv, ask_pip: AskPip, tmp_path: Path) -> None:
    """Sections, spellings, lists and empty values decide where packages come from."""
    cases = []
    for number, text in enumerate(CONTENTS.values()):
        path = tmp_path / f"{number}.conf"
        path.write_bytes(text.encode())
        cases.append(Case(("name",), {"PIP_CONFIG_FILE": str(path)}))
    compare(levels, venv, ask_pip, *cases)


def test_keys_are_named_as_pip_lists_them(levels: Levels, venv: Venv) -> None:
    """`pip config list` shows the keys that pip has read; a key read differently would be lost without a word."""
    write(levels.user, CONTENTS["keys in any spelling"])
    listed = run([sys.executable, "-m", "pip", "--python", venv.python, "config", "list"], levels.environ).out
    by_pip = dict(re.findall(r"^global\.([\w-]+)='(.*)'$", listed, re.MULTILINE))
    assert by_pip.keys() >= {"index-url", "find-links", "no-deps"}
    ours = {item.key: item.value for item in configured(levels.environ, str(venv.path)) if item.origin[0] == "/"}
    assert ours == by_pip


BROKEN = {
    "a key without a value": b"[global]\nindex-url\n",
    "text before a section": b"index-url = http://a.example\n",
    "the same key twice": b"[global]\ntimeout = 1\ntimeout = 2\n",
    "one key in two spellings": b"[global]\nindex-url = http://a.example\nINDEX_URL = http://b.example\n",
    "the same section twice": b"[global]\ntimeout = 1\n[global]\nretries = 2\n",
    "bytes that are no text": b"[global]\nindex-url = http://\xff\xfe.example\n",
    "a byte order mark": b"\xef\xbb\xbf[global]\ntimeout = 1\n",
    "UTF-16": "[global]\ntimeout = 1\n".encode("utf-16"),
    "garbage": bytes(range(256)) * 20,
    "a password in a broken line": b"index-url = https://user:secret@host.example/simple\n",
}


def test_a_broken_file_is_named(levels: Levels, venv: Venv, ask_pip: AskPip, tmp_path: Path) -> None:
    """To go on without the file would mean another index than the one configured: pip stops, and so do we."""
    cases = []
    for number, content in enumerate(BROKEN.values()):
        path = tmp_path / f"{number}.conf"
        path.write_bytes(content)
        cases.append(Case(("name",), {"PIP_CONFIG_FILE": str(path)}))
    for case, told in zip(cases, ask_pip(cases, python=venv.python, environ=levels.environ), strict=True):
        assert "error" in told, case
        with pytest.raises(UsageError, match="pip's configuration cannot be read") as caught:
            configured({**levels.environ, **case.environ}, str(venv.path))
        assert caught.value.message.startswith(case.environ["PIP_CONFIG_FILE"])
        assert "secret" not in caught.value.message


def test_a_folder_in_the_place_of_a_file_is_passed_over(levels: Levels, venv: Venv, ask_pip: AskPip) -> None:
    """pip passes over it as well; a container with a volume mounted badly has such a folder."""
    levels.user.mkdir(parents=True)
    compare(levels, venv, ask_pip, Case(("name",)))
    assert [item for item in configured(levels.environ, "") if item.origin == str(levels.user)] == []


# --------------------------------------------------------------------------- variables


def test_variables_are_dropped_when_empty_or_isolated(levels: Levels) -> None:
    """An empty variable is what a CI job has for a secret that is not set; it must not hide the file's value."""
    write(levels.user, "[global]\nindex-url = http://a.example\n")
    environ = {**levels.environ, "PIP_INDEX_URL": "", "PIP_TIMEOUT": "3"}
    found = {item.key: item.value for item in configured(environ, "")}
    assert (found["index-url"], found["timeout"]) == ("http://a.example", "3")
    assert "timeout" not in {item.key for item in configured(environ, "", isolated=True)}
    assert "index-url" not in {item.key for item in configured(environ, "", isolated=True)}


def test_a_setting_knows_where_it_stands(levels: Levels) -> None:
    """Refusals name the place; a wrong one sends people looking in the wrong file."""
    write(levels.user, "[global]\ntimeout = 1\nretries = 2\n[install]\nretries = 3\n")
    found = {item.key: item for item in configured({**levels.environ, "PIP_TIMEOUT": "9"}, "")}
    assert found["timeout"].origin == "PIP_TIMEOUT"
    assert (found["retries"].value, found["retries"].origin) == ("3", str(levels.user))


# --------------------------------------------------------------------------- attacks


def test_a_file_in_the_current_folder_is_no_level(levels: Levels, tmp_path: Path) -> None:
    """Before the target is known there is no "site" level: a pip.conf in a cloned repository is not one."""
    write(tmp_path / "pip.conf", "[global]\nindex-url = http://evil.example\n")
    assert "http://evil.example" not in {item.value for item in configured(levels.environ, "")}


def test_a_cloned_repository_chooses_no_interpreter(guard: Guard, venv: Venv) -> None:
    """The interpreter is started before anything is checked: a repository that names one would run its own program."""
    mark = guard.cwd / "mark"
    planted = guard.cwd / "planted"
    planted.write_text(f"#!/bin/sh\ntouch {mark}\n")
    planted.chmod(0o755)
    write(guard.cwd / "pip.conf", f"[global]\npython = {planted}\nindex-url = http://127.0.0.1:9/evil\n")
    ran = guard("install", "--dry-run", "--no-index", "name", target=venv)
    assert ran.code == 4, ran.err
    assert not mark.exists()
