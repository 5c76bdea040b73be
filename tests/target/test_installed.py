"""What lies in a target already, read from its RECORD files."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from fakes import wheel
from judge.building import plan_of, planned
from rules.world import this_python
from safe_pip.facts import FileFacts, Hook
from safe_pip.model import Target
from safe_pip.rules import observe_one
from safe_pip.rules.facts import Facts
from safe_pip.target.distributions import read_installed
from safe_pip.target.installed import installed_facts


def _target(tmp_path: Path, **made: object) -> Target:
    path = wheel(tmp_path, "victim", "1.0", **made)  # type: ignore[arg-type]
    place = tmp_path / "site-packages"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(place)
    return replace(
        this_python(),
        site_packages=str(place),
        search_path=(str(place),),
        installed=read_installed((str(place),)),
    )


def test_whose_files_would_be_written(tmp_path: Path) -> None:
    """Only those that the plan brings as well, with the hash that RECORD gives; and not those that are replaced."""
    target = _target(tmp_path, files={"victim/a.py": "", "victim/b.txt": ""})
    files = {planned("new").name: FileFacts(code={"victim/a.py": "x", "new.py": "y"})}

    facts = installed_facts(target, plan_of(planned("new")), files)

    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert facts.owned == {"victim/a.py": ("victim", empty)}
    assert facts.sizes == {"victim": 2}
    replaced = plan_of(planned("victim", "2.0", replaces="1.0"))
    assert installed_facts(target, replaced, {planned("victim").name: FileFacts(code={"victim/a.py": "x"})}).owned == {}


def test_what_an_update_replaces(tmp_path: Path) -> None:
    """Its hooks as they are now, its dependencies, its version."""
    target = _target(tmp_path, files={"victim.pth": "import os\n"}, requires=["dep"])
    files = {planned("victim").name: FileFacts(hooks=(Hook("victim.pth", "aa"),))}

    facts = installed_facts(target, plan_of(planned("victim", "2.0", replaces="1.0")), files)

    [name] = facts.versions
    assert (facts.versions[name], facts.requires_dist[name]) == ("1.0", ("dep",))
    assert [(hook.path, hook.line) for hook in facts.hooks[name]] == [("victim.pth", "import os")]


def test_a_record_that_cannot_be_read(tmp_path: Path) -> None:
    """Nothing is known then, and nothing is claimed."""
    target = _target(tmp_path)
    (tmp_path / "site-packages" / "victim-1.0.dist-info" / "RECORD").write_bytes(b"\xff\xfe")
    files = {planned("new").name: FileFacts(code={"victim/__init__.py": "x"})}

    assert installed_facts(target, plan_of(planned("new")), files).owned == {}


def test_what_lies_in_other_folders(tmp_path: Path) -> None:
    """A wheel may go to platlib, or stand before the user's and the system's; those have owners as well."""
    target = replace(_target(tmp_path), site_packages=str(tmp_path / "lib"))
    files = {planned("new").name: FileFacts(code={"victim/__init__.py": "x"})}

    assert list(installed_facts(target, plan_of(planned("new")), files).owned) == ["victim/__init__.py"]


def test_other_files_of_the_same_module(tmp_path: Path) -> None:
    """What is brought need not have the path of what it takes the place of, nor its letters where those are alike."""
    target = _target(tmp_path, files={"victim/a.py": ""})
    files = {planned("new").name: FileFacts(code={"Victim/A/__init__.py": "x"}, scripts=("victim.py",))}

    def owned(platform: str) -> set[str]:
        there = replace(target, markers={"sys_platform": platform})
        return set(installed_facts(there, plan_of(planned("new")), files).owned)

    assert owned("linux") == {"victim/__init__.py"}
    assert owned("darwin") == {"victim/__init__.py", "victim/a.py"}


def test_the_folders_that_are_added(tmp_path: Path) -> None:
    """Whoever puts a sitecustomize into one of these has it run, though the line that adds it is another's."""
    target = _target(tmp_path, files={"victim.pth": "victim/lib\n"})
    files = {planned("new").name: FileFacts(code={"victim/lib/sitecustomize.py": "x"})}
    plan = plan_of(planned("new"))
    installed = installed_facts(target, plan, files)

    [found] = observe_one("startup-hook", Facts(plan, files=files, installed=installed))

    assert found.evidence[0].text == "victim/lib/sitecustomize.py"
