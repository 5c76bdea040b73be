"""Everything in a tree of folders that an audit can read: projects, requirements, lock files and SBOMs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.progress import Progress
from safe_pip.request.locks import is_lock
from safe_pip.request.places import read_local
from safe_pip.request.quick_toml import quick_toml

_PROJECT = "pyproject.toml"
_REQUIREMENTS = re.compile(r"(?:.*[-_.])?requirements(?:[-_.].*)?\.txt", re.IGNORECASE)
_SBOM = re.compile(r".*\.(?:cdx|spdx)\.json|bom\.json", re.IGNORECASE)
# Folders that hold copies of what others list, or what tools made. Other hidden folders are searched: .github has
# requirements of its own.
_SKIPPED = frozenset(
    {
        ".bzr",
        ".eggs",
        ".git",
        ".hg",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "_vendor",
        "node_modules",
        "site-packages",
        "dist-packages",
        "third_party",
        "vendor",
        "vendored",
    }
)
_MOST_FOLDERS = 1_000_000
_MOST_FILES = 100_000
_EVERY = 200


def find_inputs(root: Path, progress: Progress) -> tuple[Path, ...]:
    """The files of a tree that can be audited, sorted by folder and name.

    A lock file stands for the ``pyproject.toml`` beside it. Virtual environments and vendored folders are left out, and
    links to folders are not followed, so that no way leads in a circle. Raises UsageError for a folder that cannot be
    read, and for more than a million folders.
    """
    found: list[Path] = []
    folders = 0
    waiting = [os.fspath(root)]
    while waiting:
        folder = waiting.pop()
        folders += 1
        if folders % _EVERY == 0:
            progress.step(f"Searching, {folders:,} folders, {len(found):,} files found")
        if folders > _MOST_FOLDERS or len(found) > _MOST_FILES:
            raise UsageError(
                f"{urls.shown(os.fspath(root))} has too many folders to search.", "Name a folder further down."
            )
        files, below = _listed(folder)
        if files is None:
            continue
        found.extend(Path(folder, name) for name in _inputs(folder, files))
        waiting.extend(os.path.join(folder, name) for name in sorted(below, reverse=True))
    return tuple(found)


def leads_out(path: Path, root: str) -> bool:
    """Whether a file is a link to somewhere outside the tree, of which nothing must be shown."""
    if not path.is_symlink():
        return False
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def is_sbom(path: Path) -> bool:
    """Whether a file is a bill of materials by its name."""
    return _SBOM.fullmatch(path.name) is not None


def _listed(folder: str) -> tuple[list[str] | None, list[str]]:
    """The files and folders in a folder; None for the files of a virtual environment."""
    files, below = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED:
                        below.append(entry.name)
                elif entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path)):
                    # A link that leads nowhere is found as well, so that its reader says so.
                    files.append(entry.name)
    except OSError as error:
        raise UsageError(
            f"The folder {urls.shown(folder)} cannot be searched: {error.strerror or error}.",
            "Check the path and its rights.",
        ) from error
    if "pyvenv.cfg" in files or "conda-meta" in below:
        return None, []
    return sorted(files), below


def _inputs(folder: str, files: list[str]) -> Iterator[str]:
    locked = any(is_lock(Path(name)) for name in files)
    in_requirements = os.path.basename(folder).lower() == "requirements"
    for name in files:
        if name == _PROJECT:
            if not locked and _has_dependencies(os.path.join(folder, name)):
                yield name
        elif (
            is_lock(Path(name))
            or is_sbom(Path(name))
            or _REQUIREMENTS.fullmatch(name)
            or (in_requirements and name.endswith(".txt"))
        ):
            yield name


def _has_dependencies(path: str) -> bool:
    """Whether a project file asks for anything. One that cannot be read does: its reader will say why not."""
    try:
        text = read_local(path, path)
    except UsageError:
        return True
    if "dependencies" not in text:
        return "dependency-groups" in text
    tables = quick_toml(text)
    if tables is None:
        return True
    project = tables.get("project")
    if not isinstance(project, dict):
        return "dependency-groups" in tables or "dependencies" in str(tables.get("tool"))
    return any(project.get(key) for key in ("dependencies", "optional-dependencies", "dynamic")) or bool(
        tables.get("dependency-groups")
    )
