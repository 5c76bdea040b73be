"""What is installed, as an inventory: of an interpreter or of folders, from metadata alone; nothing of it runs.

Names and versions are those of the metadata folders, and cost next to nothing. Who needs whom stands in the metadata
itself, which is read by ``with_ways`` where it is wanted.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkippedDependency
from safe_pip.model import InstalledDistribution, Target
from safe_pip.target.distributions import read_installed, unreadable_entries
from safe_pip.target.metadata import installed_metadata


@dataclass(frozen=True)
class Environment:
    """What one environment or folder holds. markers: those of the interpreter that it is for.

    places: the folders that it is looked for in. prefix: that of the interpreter, None for a folder by itself.
    """

    inventory: Inventory
    installed: Mapping[NormalizedName, InstalledDistribution]
    markers: Mapping[str, str]
    places: tuple[str, ...] = ()
    prefix: str | None = None

    def with_ways(self) -> Inventory:
        """The inventory with who needs whom, who was asked for, and the way to each."""
        needs = _needs(self.installed, self.markers)
        needed = {name for parent, names in needs.items() for name in names if name != parent}
        # pip marks what was asked for (PEP 376). Where nobody asked, all that nobody needs was.
        direct = {
            name
            for name, found in self.installed.items()
            if name not in needed or os.path.exists(os.path.join(found.info_path, "REQUESTED"))
        }
        chains = _chains(direct, needs)
        dependencies = tuple(
            replace(
                item,
                direct=item.name in direct,
                requires=needs.get(item.name, ()),
                chain=chains.get(item.name, (item.name,)),
            )
            for item in self.inventory.dependencies
        )
        return replace(self.inventory, dependencies=dependencies)


def read_environment(target: Target, *, local: bool = False, skip_editable: bool = False) -> Environment:
    """What an interpreter would import.

    local: leave out what a virtual environment sees of the system (pip: metadata/base.py, local).
    skip_editable: skip what is installed in editable mode, with that reason.
    """
    installed, shown = target.installed, target.search_path
    if local and target.is_virtual:
        prefix = os.path.join(os.path.realpath(target.prefix), "")
        installed = {
            name: found
            for name, found in installed.items()
            if os.path.realpath(_place(found)).startswith(prefix) or found.legacy_editable
        }
        shown = tuple(folder for folder in shown if os.path.realpath(folder).startswith(prefix))
    source = AuditInput("environment", target.prefix)
    for folder in target.search_path:
        if os.path.isdir(folder):
            _check_readable(folder, source)
    places = () if local else target.search_path
    environment = _environment(source, installed, target.markers, skip_editable, places)
    return replace(environment, places=shown, prefix=target.prefix)


def read_path(folder: str, *, skip_editable: bool = False) -> Environment:
    """What lies installed in a folder, such as one of ``pip install --target``. Raises UsageError."""
    if not os.path.isdir(folder):
        raise UsageError(f"--path {folder}: there is no such folder.", "Name a folder that packages are installed in.")
    markers = {name: str(value) for name, value in default_environment().items()}
    source = AuditInput("path", folder)
    _check_readable(folder, source)
    place = os.path.abspath(folder)
    return replace(_environment(source, read_installed([place]), markers, skip_editable, [place]), places=(place,))


def _check_readable(folder: str, source: AuditInput) -> None:
    """What cannot be looked into must not look empty. Raises UsageError."""
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{_whose(os.fspath(folder), source.name)} cannot be read: {error.strerror}.",
            "Mend its permissions, and audit again.",
        ) from error


def _place(found: InstalledDistribution) -> str:
    return os.path.dirname(found.info_path)


def _environment(
    source: AuditInput,
    installed: Mapping[NormalizedName, InstalledDistribution],
    markers: Mapping[str, str],
    skip_editable: bool,
    places: Iterable[str],
) -> Environment:
    dependencies: list[Dependency] = []
    skipped: list[SkippedDependency] = []
    for name in sorted(installed):
        found = installed[name]
        record = {} if found.legacy_editable else _direct_url(found)
        folder = record.get("dir_info")
        if skip_editable and (found.legacy_editable or (isinstance(folder, dict) and folder.get("editable"))):
            reason = "it is installed in editable mode, and --skip-editable was given"
            skipped.append(SkippedDependency(name, found.raw_version, source, "editable", reason))
        else:
            # What came from a checkout, a folder or a URL may be nobody else's business.
            public = not record and not found.legacy_editable
            dependencies.append(Dependency(name, found.raw_version, source, public=public))
    for path in unreadable_entries(places):
        reason = f"its metadata, {path}, says neither name nor version"
        skipped.append(SkippedDependency(os.path.basename(path), None, source, "unparsable", reason))
    return Environment(Inventory(source, tuple(dependencies), tuple(skipped)), installed, markers)


def _direct_url(found: InstalledDistribution) -> dict[str, Any]:
    """The record of where a distribution came from, if not from an index (PEP 610); empty where there is none."""
    try:
        with open(os.path.join(found.info_path, "direct_url.json"), encoding="utf-8") as file:
            record = json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError):
        # It came from somewhere else, wherever that is.
        return {"url": ""}
    return record if isinstance(record, dict) and record else {"url": ""}


# --------------------------------------------------------------------------- who needs whom


def _needs(
    installed: Mapping[NormalizedName, InstalledDistribution], markers: Mapping[str, str]
) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """What each distribution needs of the others, with the extras that are asked of it."""
    requirements = {name: tuple(_requirements(found)) for name, found in installed.items()}
    extras: dict[NormalizedName, set[str]] = {name: {""} for name in installed}
    needs: dict[NormalizedName, dict[NormalizedName, None]] = {name: {} for name in installed}
    queue = deque(installed)
    while queue:
        name = queue.popleft()
        for requirement in requirements[name]:
            child = canonicalize_name(requirement.name)
            if child not in installed or not _holds(requirement.marker, markers, extras[name]):
                continue
            needs[name][child] = None
            asked = {canonicalize_name(extra) for extra in requirement.extras}
            if not asked <= extras[child]:
                extras[child] |= asked
                queue.append(child)
    return {name: tuple(sorted(found)) for name, found in needs.items()}


def _requirements(found: InstalledDistribution) -> Iterator[Requirement]:
    metadata = installed_metadata(found.info_path)
    for text in metadata.requires_dist if metadata is not None else ():
        try:
            yield Requirement(text)
        except (InvalidRequirement, RecursionError):
            # It is installed all the same, and only the way to another one is not known.
            continue


def _holds(marker: Marker | None, markers: Mapping[str, str], extras: Iterable[str]) -> bool:
    if marker is None:
        return True
    try:
        return any(marker.evaluate({**markers, "extra": extra}) for extra in extras)
    except (ValueError, RecursionError):
        return False


def _chains(
    direct: Iterable[NormalizedName], needs: Mapping[NormalizedName, tuple[NormalizedName, ...]]
) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """A shortest way to each from something that was asked for."""
    chains: dict[NormalizedName, tuple[NormalizedName, ...]] = {}
    queue: deque[tuple[NormalizedName, ...]] = deque((name,) for name in sorted(direct))
    while queue:
        chain = queue.popleft()
        if chain[-1] not in chains:
            chains[chain[-1]] = chain
            queue.extend((*chain, child) for child in needs.get(chain[-1], ()))
    return chains


def _whose(folder: str, name: str) -> str:
    """A folder, and the environment that it is part of where that is something else."""
    return folder if folder == name else f"{folder} of {name}"
