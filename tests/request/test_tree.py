"""The search of a tree for everything that can be audited."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safe_pip.errors import UsageError
from safe_pip.progress import Progress
from safe_pip.request.tree import find_inputs, is_sbom, leads_out

PROJECT = '[project]\nname = "app"\ndependencies = ["a"]\n'


class Steps(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def step(self, text: str) -> None:
        self.told.append(text)


def tree(root: Path, *names: str) -> list[str]:
    """Write files, and give back what the search finds of them."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(PROJECT if path.name == "pyproject.toml" else "")
    return [os.fspath(path.relative_to(root)) for path in find_inputs(root, Progress())]


def test_files_are_found_by_name_and_sorted(tmp_path: Path) -> None:
    """Everything that an audit can read is found, in an order that is the same on every machine."""
    wanted = [
        "Pipfile.lock",
        "app.cdx.json",
        "app.spdx.json",
        "bom.json",
        "dev-requirements.txt",
        "pdm.lock",
        "requirements-dev.txt",
        "requirements.txt",
        ".github/requirements.txt",
        "a/pylock.dev.toml",
        "a/pylock.toml",
        "b/c/d/poetry.lock",
        "e/requirements/base.txt",
        "e/requirements/dev.txt",
        "f/pyproject.toml",
        "g/uv.lock",
    ]

    assert tree(tmp_path, *wanted, "readme.txt", "package.json", "a/setup.py", "e/base.txt", "Cargo.lock") == wanted


def test_a_lock_stands_for_its_project(tmp_path: Path) -> None:
    """The lock is what is installed; to resolve the project again would audit something else."""
    assert tree(tmp_path, "a/pyproject.toml", "a/uv.lock", "b/pyproject.toml", "uv.lock") == [
        "uv.lock",
        "a/uv.lock",
        "b/pyproject.toml",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[project]\nname = "a"\n', False),
        ('[project]\nname = "a"\ndependencies = []\n', False),
        ("[tool.ruff]\nx = 1\n", False),
        ('[project]\nname = "a"\ndependencies = ["b"]\n', True),
        ('[project]\nname = "a"\n[project.optional-dependencies]\nx = ["b"]\n', True),
        ('[project]\nname = "a"\ndynamic = ["dependencies"]\n', True),
        ('[dependency-groups]\ndev = ["b"]\n', True),
        ('[tool.poetry.dependencies]\nb = "*"\n', True),
        ("dependencies = broken", True),
    ],
)
def test_a_project_that_asks_for_something(tmp_path: Path, text: str, found: bool) -> None:
    """Many pyproject.toml files configure a formatter and no more; a broken one is for its reader to refuse."""
    (tmp_path / "pyproject.toml").write_text(text)

    assert (tree(tmp_path) == ["pyproject.toml"]) is found


def test_environments_and_vendored_folders_are_left_out(tmp_path: Path) -> None:
    """What is in them is listed by what made them, and is not what the tree asks for."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "conda" / "conda-meta").mkdir(parents=True)
    skipped = ("_vendor", "vendor", "third_party", "node_modules", "site-packages", ".git", ".tox", ".nox", ".venv")

    assert tree(
        tmp_path,
        "env/lib/requirements.txt",
        "conda/lib/uv.lock",
        *(f"x/{name}/requirements.txt" for name in skipped),
        "x/env/requirements.txt",
    ) == ["x/env/requirements.txt"]


def test_links_do_not_lead_in_circles(tmp_path: Path) -> None:
    """A link to a folder above ends nowhere; a link to a file is the file, and one to nothing is found to be told."""
    tree(tmp_path, "a/requirements.txt")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "uv.lock").symlink_to("requirements.txt")
    (tmp_path / "a" / "pdm.lock").symlink_to("nothing")
    os.mkfifo(tmp_path / "poetry.lock")

    (tmp_path / "a" / "Pipfile.lock").symlink_to(tmp_path / "poetry.lock")

    assert tree(tmp_path) == ["a/pdm.lock", "a/requirements.txt", "a/uv.lock"]


def test_links_that_lead_out_are_known(tmp_path: Path) -> None:
    """Whoever may put a link into a repository must not choose what file of the machine is read and shown."""
    root = tmp_path / "root"
    tree(root, "in.txt")
    (tmp_path / "secret").write_text("password")
    (root / "requirements.txt").symlink_to(tmp_path / "secret")
    (root / "hidden-requirements.txt").symlink_to("requirements.txt")
    (root / "dev-requirements.txt").symlink_to("in.txt")
    (tmp_path / "alias").symlink_to(root)

    out = [name for name in tree(root) if leads_out(root / name, str(root))]

    assert out == ["hidden-requirements.txt", "requirements.txt"]
    assert not leads_out(tmp_path / "alias" / "dev-requirements.txt", str(tmp_path / "alias"))


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A part of the tree that was not searched must not be taken for clean."""
    with pytest.raises(UsageError, match=r"The folder '.*nowhere' cannot be searched: No such file"):
        find_inputs(tmp_path / "nowhere", Progress())


def test_deep_trees_and_progress(tmp_path: Path) -> None:
    """A deep tree is walked without recursion, and a person sees that something happens."""
    here = tmp_path
    for _ in range(450):
        here = here / "d"
    here.mkdir(parents=True)
    (here / "uv.lock").write_text("")
    steps = Steps()

    assert find_inputs(tmp_path, steps) == (here / "uv.lock",)
    assert len(steps.told) == 2
    assert "200 folders" in steps.told[0]


def test_names_of_boms() -> None:
    """SBOMs are found by the names that their formats recommend."""
    assert all(is_sbom(Path(name)) for name in ("bom.json", "x.cdx.json", "X.SPDX.JSON"))
    assert not any(is_sbom(Path(name)) for name in ("x.json", "bom.xml", "bom.json.bak", "package.json"))
