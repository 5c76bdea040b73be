"""Project folders: what ``pyproject.toml`` asks for, with the extras and groups that are wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditing.conftest import Audit, found
from fakes import FakeIndex, wheel
from safe_pip.errors import UsageError
from safe_pip.request.project import Project, Wanted, read_project

PYPROJECT = """
[project]
name = "My.Own"
version = "1.0"
dependencies = [
    "app >= 1",
    "absent ; python_version < '3'",
]

[project.optional-dependencies]
More = ["weak<1.1"]
some = ['good']
all = ["my_own[more,some]", "my-own[all]"]

[dependency-groups]
test = ["evil"]
Docs = ["good", {include-group = "test"}]
"""


def project(here: Path, text: str = PYPROJECT, **wanted: object) -> Project:
    """What is read from a pyproject.toml."""
    (here / "pyproject.toml").write_text(text)
    return read_project(".", Wanted(**wanted))  # type: ignore[arg-type]


def asked(read: Project) -> list[str]:
    """The names asked for."""
    return [str(item.name) for item in read.requirements]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["app", "absent"]),
        ({"extras": ("more",)}, ["app", "absent", "weak"]),
        ({"extras": ("all",)}, ["app", "absent", "weak", "good"]),
        ({"all_extras": True}, ["app", "absent", "weak", "good"]),
        ({"groups": ("docs",)}, ["app", "absent", "good", "evil"]),
        ({"all_groups": True}, ["app", "absent", "evil", "good", "evil"]),
    ],
)
def test_what_a_project_asks_for(here: Path, wanted: dict[str, object], names: list[str]) -> None:
    """Names of extras and groups are compared in their normal form; an extra may be made of others."""
    assert asked(project(here, **wanted)) == names


def test_the_lines_are_known(here: Path) -> None:
    """A finding points at the line that is to be changed."""
    assert [item.origin.line for item in project(here, extras=("some",)).requirements] == [6, 7, 12]


def test_a_project_is_audited(audit: Audit, here: Path, index: FakeIndex, tmp_path: Path) -> None:
    """Resolved as an install would be, and nothing of the project runs."""
    index.add(wheel(tmp_path, "app", "1.0", requires=["weak"]))
    index.add(wheel(tmp_path, "weak", "1.0"))
    index.add(wheel(tmp_path, "evil", "1.0"))
    index.add(wheel(tmp_path, "good", "1.0"))
    (here / "pyproject.toml").write_text(PYPROJECT)
    (here / "setup.py").write_text("raise SystemExit('it ran')\n")

    ran = audit.resolving(".")
    assert (ran.code, found(ran)) == (1, {"app 1.0": [], "weak 1.0": ["PYSEC-2026-1"]})
    ran = audit.resolving("pyproject.toml", "--all-groups")
    assert found(ran)["evil 1.0"] == ["MAL-2026-3"]
    (entry,) = (item for item in audit.resolving(".", format="safe-pip-json").json["findings"])
    assert entry["chain"] == ["app", "weak"]


def test_what_only_the_build_knows_is_not_clean(audit: Audit, here: Path) -> None:
    """pip-audit takes dynamic dependencies for none."""
    (here / "pyproject.toml").write_text('[project]\nname = "own"\ndynamic = ["dependencies"]\n')

    ran = audit(".")

    assert ran.code == 3
    assert "leaves its dependencies to the build backend" in ran.said


def test_a_project_without_dependencies_is_clean(audit: Audit, here: Path) -> None:
    """As for pip-audit, and it is said."""
    (here / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1"\n')

    ran = audit(".")

    assert ran.code == 0
    assert "names no dependencies" in ran.said


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        (None, {}, "there is no pyproject.toml"),
        ("[tool.poetry]\n", {}, r"has no table \[project\]"),
        ("[project\n", {}, "is not TOML"),
        ("[project]\ndependencies = 'x'\n", {}, "project.dependencies is not a list"),
        ("[project]\ndependencies = [1]\n", {}, "project.dependencies is not a list"),
        ("[project]\ndependencies = [\n'x=1'\n]\n", {}, "pyproject.toml, line 3: 'x=1' is not a requirement"),
        ("[project]\noptional-dependencies = []\n", {}, "is not a table"),
        (PYPROJECT, {"extras": ("mor",)}, "has no extra 'mor'"),
        (PYPROJECT, {"groups": ("doc",)}, "has no group 'doc'"),
        ("[project]\n[dependency-groups]\na = [{include-group = 'a'}]\n", {"groups": ("a",)}, "cannot be used"),
    ],
)
def test_what_cannot_be_read(here: Path, text: str | None, wanted: dict[str, object], said: str) -> None:
    """The file is named, and the line where there is one."""
    with pytest.raises(UsageError, match=said) as error:
        if text is None:
            read_project(".", Wanted())
        else:
            project(here, text, **wanted)
    assert error.value.hint
