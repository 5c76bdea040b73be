"""Files that take the place of others without having their paths: what Python takes first is what counts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from fakes import wheel
from judge.building import plan_of, planned, report_of, verdict_of
from rules.cases_bytes import LOADS
from safe_pip.facts import FileFacts, Hook, InstalledFacts
from safe_pip.inspect.hooks import namespaces_in
from safe_pip.inspect.look import look
from safe_pip.model import DistributionFile, Observation, Plan
from safe_pip.rules import observe_one
from safe_pip.rules.facts import Facts

VICTIM = canonicalize_name("victim")


def _plan(*names: str) -> Plan:
    return plan_of(*(planned(name) for name in names))


def _found(code: str, files: dict[str, FileFacts], **more: object) -> list[Observation]:
    facts = {canonicalize_name(name): file for name, file in files.items()}
    return list(observe_one(code, Facts(_plan(*files), files=facts, **more)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("theirs", "path"),
    [
        ("victim/api.py", "victim/api/__init__.py"),
        ("victim/api.py", "victim/api.abi3.so"),
        ("victim/api.py", "victim/__pycache__/api.cpython-312.pyc"),
        ("victim/__init__.py", "victim/__init__.cpython-312-x86_64-linux-gnu.so"),
        ("victim/__init__.py", "victim/__pycache__/__init__.cpython-312.pyc"),
    ],
)
def test_the_same_module_at_another_path(theirs: str, path: str) -> None:
    """No file is overwritten, and yet whoever imports the module gets the other's code, also from the plan's own."""
    evil = FileFacts(code={"evil/__init__.py": "1", path: "2"})

    [planned_too] = _found("file-shadowing", {"victim": FileFacts(code={theirs: "3"}), "evil": evil})
    owned = {theirs: (VICTIM, "3"), "victim/__pycache__/api.cpython-311.pyc": (VICTIM, "")}
    [installed] = _found("file-shadowing", {"evil": evil}, installed=InstalledFacts(owned=owned, sizes={VICTIM: 2}))

    assert f"brings {path}, which is the same module as {theirs} of victim" in planned_too.message
    assert installed.message.endswith("which is installed.") and theirs in installed.message


@pytest.mark.parametrize(("platform", "told"), [("linux", False), ("win32", True), ("darwin", True)])
def test_capitals_where_folders_do_not_tell_them(platform: str, told: bool) -> None:
    """On Windows and macOS Victim/api.py is victim/api.py, and whoever comes last has written it."""
    request = report_of(verdict_of(plan_of()), markers={"sys_platform": platform}).request
    files = {"victim": FileFacts(code={"victim/api.py": "1"}), "evil": FileFacts(code={"Victim/api.py": "2"})}

    assert bool(_found("file-shadowing", files, request=request)) == told


def test_what_python_does_not_take_first() -> None:
    """Compiled files without their folder come after the sources, and empty packages bring no code."""
    files = {
        "victim": FileFacts(code={"victim/api.py": "3", "space/x.py": "4"}),
        "evil": FileFacts(code={"victim/api.pyc": "2", "space/x/__init__.py": "namespace"}),
    }

    assert _found("file-shadowing", files) == []


def test_one_file_of_a_related_name_is_not_the_same_thing() -> None:
    """A project that bears the other's name and most of its files is it in another guise; a single file is no guise."""
    victim = FileFacts(code={f"victim/{number}.py": "1" for number in range(10)})
    guise = replace(victim, code=dict.fromkeys(victim.code, "2"))
    patch = FileFacts(code={"victim/3.py": "2"})

    assert _found("file-shadowing", {"victim": victim, "victim-binary": guise}) == []
    assert len(_found("file-shadowing", {"victim": victim, "victim-patch": patch})) == 1


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("re.py", "re of the standard library"),
        ("json/__init__.py", "json of the standard library"),
        ("__future__.py", "__future__ of the standard library"),
        ("victim.py", "victim of victim"),
        ("evil.py", ""),
        ("json", ""),
        ("json/data.txt", ""),
        ("rst2html.py", ""),
    ],
)
def test_modules_beside_the_commands(script: str, told: str) -> None:
    """Python looks in the folder of a command before all others, so that pip itself would run such a file."""
    files = {"evil": FileFacts(top_level=("evil",), scripts=(script,)), "victim": FileFacts(top_level=("victim",))}

    found = _found("file-shadowing", files)

    assert [told in each.message for each in found] == [True] * bool(told)


def test_a_command_finds_them_first(tmp_path: Path) -> None:
    """The truth is what Python does with a command's folder."""
    (tmp_path / "re.py").write_text("print('planted')\n")
    (tmp_path / "command").write_text("import re\n")

    run = subprocess.run([sys.executable, str(tmp_path / "command")], capture_output=True, text=True, check=False)

    assert run.stdout.startswith("planted")


def test_what_a_project_may_be_named_for() -> None:
    """A short module's name is one of its words, or closet could bring os; pip and safe-pip are nobody else's."""
    shadowing = [
        bool(_found("file-shadowing", {name: FileFacts(top_level=(top,), code={f"{top}.py": "1"})}))
        for name, top in (
            *(("closet", "os"), ("os-tools", "os"), ("enum34", "enum"), ("pycgi", "cgi"), ("gnureadline", "readline")),
            *(("better-pip", "pip"), ("safe-pip", "safe_pip"), ("pip", "pip")),
        )
    ]

    assert shadowing == [True, False, False, False, False, True, False, False]


@pytest.mark.parametrize("native", ["acme.abi3.so", "acme/__init__.cpython-312-x86_64-linux-gnu.so"])
def test_a_namespace_that_is_machine_code(tmp_path: Path, native: str) -> None:
    """setuptools' line loads the module without running it; but machine code runs as soon as it is loaded."""
    path = wheel(tmp_path, "foo", "1.0", files={"foo.pth": LOADS, native: b"x"})
    facts = look(path, DistributionFile(path.name, path.as_uri()), canonicalize_name("foo"))
    [(_, hook)] = namespaces_in("foo.pth", LOADS.encode())

    apart = {"foo": replace(facts, code={"foo.pth": ""}), "bar": FileFacts(code={native: ""})}
    installed = InstalledFacts(owned={native: (VICTIM, "")})

    assert facts.hooks == () and facts.namespaces == (("acme", hook),)
    assert isinstance(hook, Hook) and hook.number == 1
    for found in (
        _found("startup-hook", {"foo": facts}),
        _found("startup-hook", apart),
        _found("startup-hook", {"foo": apart["foo"]}, installed=installed),
    ):
        assert [each.evidence[0].text for each in found] == ["foo.pth"]
    assert _found("startup-hook", {"foo": apart["foo"], "bar": FileFacts(code={"acme/x.so": ""})}) == []
