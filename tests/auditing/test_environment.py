"""Environments and folders: what lies there is read from metadata alone, and looked up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditing.conftest import Audit, found, put, skipped
from conftest import Venv
from safe_pip.errors import UsageError
from safe_pip.request.environment import Environment, read_environment, read_path
from safe_pip.target.probing import probe


def names(environment: Environment) -> list[str]:
    """What would be audited."""
    return [item.name for item in environment.inventory.dependencies]


# --------------------------------------------------------------------------- what is audited


def test_the_active_environment_is_audited(audit: Audit, venv: Venv) -> None:
    """pip-audit looks at the interpreter that it runs in itself, wherever a person thinks to be."""
    put(venv.site_packages, "weak", "1.0")

    ran = audit(VIRTUAL_ENV=str(venv.path))

    assert (ran.code, found(ran)) == (1, {"weak 1.0": ["PYSEC-2026-1"]})
    assert ran.err.splitlines()[-1] == "Found 1 known vulnerability in 1 package"


def test_another_environment_is_named_by_its_interpreter(audit: Audit, make_venv: object) -> None:
    """``--python`` takes what pip's takes, and is stronger than the active environment."""
    active, named = make_venv("active"), make_venv("named")  # type: ignore[operator]
    put(active.site_packages, "weak", "1.0")
    put(named.site_packages, "weak", "1.1")

    ran = audit("--python", str(named.path), VIRTUAL_ENV=str(active.path))

    assert (ran.code, found(ran)) == (0, {"weak 1.1": []})


def test_the_variable_of_pip_audit_names_an_environment(audit: Audit, make_venv: object, here: Path) -> None:
    """``PIPAPI_PYTHON_LOCATION`` is how pip-audit is told of one; an input that is no environment does not mind it."""
    active, named = make_venv("active"), make_venv("named")  # type: ignore[operator]
    put(named.site_packages, "weak", "1.0")
    put(here / "lib", "weak", "1.1")
    variables = {"PIPAPI_PYTHON_LOCATION": named.python, "VIRTUAL_ENV": str(active.path)}

    assert found(audit(**variables)) == {"weak 1.0": ["PYSEC-2026-1"]}
    assert found(audit("--python", active.python, **variables)) == {}
    assert found(audit("--path", "lib", **variables)) == {"weak 1.1": []}


def test_the_interpreter_that_runs_safe_pip_is_the_last_resort(audit: Audit) -> None:
    """Where nothing is active, as for pip-audit."""
    ran = audit()

    assert ran.code in (0, 1, 3)
    assert any(entry.startswith("pytest ") for entry in found(ran))


def test_folders_are_audited_together(audit: Audit, here: Path) -> None:
    """``--path`` may be repeated, and needs no interpreter at all."""
    put(here / "one", "weak", "1.0")
    put(here / "two", "evil", "1.0")

    ran = audit("--path", "one", "--path=two", VIRTUAL_ENV=str(here / "gone"))

    assert (ran.code, found(ran)) == (1, {"weak 1.0": ["PYSEC-2026-1"], "evil 1.0": ["MAL-2026-3"]})


def test_a_folder_that_is_not_there(audit: Audit) -> None:
    """Not audited is not clean."""
    ran = audit("--path", "gone")

    assert (ran.code, ran.json["error"]["kind"]) == (2, "UsageError")
    assert "--path gone: there is no such folder" in ran.said


def test_local_leaves_out_what_the_system_has(venv: Venv, tmp_path: Path) -> None:
    """As ``pip list --local``: an environment that sees the system's packages need not answer for them."""
    system = tmp_path / "system"
    put(system, "weak", "1.0")
    put(venv.site_packages, "own", "1.0")
    target = probe(venv.python)
    seen = {**target.installed, **read_path(str(system)).installed}
    target = replace(target, installed=seen)

    assert names(read_environment(target)) == ["own", "weak"]
    assert names(read_environment(target, local=True)) == ["own"]


def test_a_local_version_is_audited_as_its_public_version(audit: Audit, here: Path) -> None:
    """Builds such as 2.0.0+cpu are known under the version they were made of; pip-audit finds nothing."""
    put(here / "lib", "weak", "1.0+cpu")

    assert found(audit("--path", "lib")) == {"weak 1.0+cpu": ["PYSEC-2026-1"]}


def test_a_version_that_is_none_is_skipped_and_the_audit_incomplete(audit: Audit, here: Path) -> None:
    """pip-audit ends well on it; could not be checked is not clean."""
    put(here / "lib", "weak", "about_one")
    put(here / "lib", "good", "1.0")

    ran = audit("--path", "lib")

    assert (ran.code, found(ran)) == (3, {"good 1.0": []})
    assert "PEP 440" in skipped(ran)["weak"]


def test_nothing_to_audit_is_said(audit: Audit, here: Path) -> None:
    """An empty folder is clean, as for pip-audit, but nobody shall take it for an audited one."""
    (here / "empty").mkdir()

    ran = audit("--path", "empty")

    assert ran.code == 0
    assert "there was nothing to audit" in ran.said


# --------------------------------------------------------------------------- editables


def test_an_editable_install_is_audited_unless_it_is_to_be_skipped(audit: Audit, here: Path) -> None:
    """As for pip-audit; the skip is told, and alone it leaves nothing audited."""
    put(here / "lib", "weak", "1.0", direct_url={"url": "file:///src", "dir_info": {"editable": True}})

    assert found(audit("--path", "lib")) == {"weak 1.0": ["PYSEC-2026-1"]}
    ran = audit("--path", "lib", "--skip-editable")
    assert (ran.code, found(ran)) == (3, {})
    assert "editable" in skipped(ran)["weak"]
    put(here / "lib", "good", "1.0")
    assert audit("--path", "lib", "--skip-editable").code == 0
    assert audit("--path", "lib", "--skip-editable", "--strict").code == 3


def test_an_editable_install_of_old_is_found_by_its_link(here: Path) -> None:
    """``setup.py develop`` left an ``.egg-link`` and no direct_url.json."""
    (here / "project" / "old.egg-info").mkdir(parents=True)
    (here / "project" / "old.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    (here / "lib").mkdir()
    (here / "lib" / "old.egg-link").write_text(f"{here / 'project'}\n.")

    inventory = read_path("lib", skip_editable=True).inventory

    assert [(item.name, item.code) for item in inventory.skipped] == [("old", "editable")]
    assert [item.public for item in read_path("lib").inventory.dependencies] == [False]


@pytest.mark.parametrize(
    "record",
    [
        {"url": "file:///src", "dir_info": {"editable": True}},
        {"url": "file:///src", "dir_info": {}},
        {"url": "https://127.0.0.1/x.git", "vcs_info": {"vcs": "git"}},
        {"url": "https://127.0.0.1/weak.whl", "archive_info": {}},
        "not json",
        [],
    ],
)
def test_what_did_not_come_from_an_index_is_nobody_elses_business(here: Path, record: object) -> None:
    """Its name is not told to a service: it may be the name of something internal."""
    put(here / "lib", "weak", "1.0", direct_url=record)
    put(here / "lib", "good", "1.0")

    public = {item.name: item.public for item in read_path("lib").inventory.dependencies}

    assert public == {"good": True, "weak": False}


# --------------------------------------------------------------------------- who needs whom


def test_the_way_to_a_package_is_told(here: Path) -> None:
    """Through extras and markers, from what a person asked for."""
    lib = here / "lib"
    put(lib, "app", "1.0", requires=["middle[more]", "absent; python_version < '3'", "other; extra == 'x'"], asked=True)
    put(lib, "middle", "1.0", requires=["weak; extra == 'More'", "not a requirement"])
    put(lib, "weak", "1.0")
    put(lib, "other", "1.0", asked=True)

    ways = {item.name: item for item in read_path("lib").with_ways().dependencies}

    assert ways["weak"].chain == ("app", "middle", "weak")
    assert (ways["app"].requires, ways["middle"].requires) == (("middle",), ("weak",))
    assert {name for name, item in ways.items() if item.direct} == {"app", "other"}


def test_a_circle_of_packages_has_its_ways(here: Path) -> None:
    """Two packages that need each other, of which one was asked for."""
    put(here / "lib", "a", "1.0", requires=["b"], asked=True)
    put(here / "lib", "b", "1.0", requires=["a"])

    ways = {item.name: item.chain for item in read_path("lib").with_ways().dependencies}

    assert ways == {"a": ("a",), "b": ("a", "b")}


def test_the_chain_reaches_the_report(audit: Audit, here: Path) -> None:
    """A person asks why it is there at all."""
    put(here / "lib", "app", "1.0", requires=["weak"], asked=True)
    put(here / "lib", "weak", "1.0")

    assert "app → weak" in audit("--path", "lib", format="text").out


def test_nothing_of_an_environment_runs(audit: Audit, venv: Venv, tmp_path: Path) -> None:
    """Packages that are malicious have been installed by the time they are audited."""
    mark = tmp_path / "ran"
    (venv.site_packages / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n")
    (venv.site_packages / "sitecustomize.py").write_text(f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n")
    put(venv.site_packages, "evil", "1.0")

    assert audit(VIRTUAL_ENV=str(venv.path)).code == 1
    assert not mark.exists()


def test_an_environment_that_is_gone(audit: Audit, here: Path) -> None:
    """The message names the variable, and no other environment is taken for it."""
    ran = audit(VIRTUAL_ENV=str(here / "gone"))

    assert ran.code == 2
    assert "VIRTUAL_ENV points to" in ran.said


def test_a_folder_is_named_and_not_a_file(here: Path) -> None:
    """The error says what to do."""
    (here / "file").write_text("")

    with pytest.raises(UsageError, match="--path file: there is no such folder"):
        read_path("file")


# --------------------------------------------------------------------------- what is hostile or broken


def test_metadata_that_says_nothing_is_not_passed_over(audit: Audit, here: Path) -> None:
    """What cannot be named cannot be looked up; what pip was about to take away is no package any more."""
    put(here / "lib", "good", "1.0")
    (here / "lib" / "broken.egg-info").write_text("no metadata at all")
    (here / "lib" / "nameless.dist-info").mkdir()
    (here / "lib" / "~ood-0.9.dist-info").mkdir()

    ran = audit("--path", "lib")

    assert (ran.code, found(ran)) == (3, {"good 1.0": []})
    assert skipped(ran).keys() == {"broken.egg-info", "nameless.dist-info"}


def test_hostile_metadata_ends_nothing(audit: Audit, here: Path) -> None:
    """Whoever made a package wrote what lies beside it."""
    deep = "(" * 5000
    put(
        here / "lib",
        "weak",
        "1.0",
        requires=[f"x; {deep}", f"y {deep}", "app; nothing == 'x'"],
        direct_url="[" * 99_999,
    )
    put(here / "lib", "app", "1.0", requires=["weak; python_version < 'x' and extra == 'y'"])

    ran = audit("--path", "lib", "-v", format="text")

    assert ran.code == 1
    assert "PYSEC-2026-1" in ran.out
    assert "Read lib: 2 packages" in ran.err
