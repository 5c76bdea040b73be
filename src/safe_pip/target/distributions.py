"""The distributions on a search path, known by the names of their metadata folders, as pip finds them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.model import InstalledDistribution
from safe_pip.target.metadata import installed_metadata
from safe_pip.versions import parsed

_VALID_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE)
STANDARD_LIBRARY = frozenset({"python", "wsgiref", "argparse"})
"""Part of the standard library, whatever metadata lies beside them (pip: metadata/base.py, stdlib_pkgs)."""


def read_installed(
    search_path: list[str] | tuple[str, ...], user_site: str | None = None
) -> dict[NormalizedName, InstalledDistribution]:
    """The distributions found on a search path, the first of each name, by the names of their metadata folders.

    pip reads names and versions the same way (metadata/importlib/_compat.py); the metadata itself is read on demand
    by ``installed_metadata``.
    """
    installed: dict[NormalizedName, InstalledDistribution] = {}
    for location in search_path:
        for distribution in _distributions_in(location, in_user_site=location == user_site):
            if distribution.name not in STANDARD_LIBRARY:
                installed.setdefault(distribution.name, distribution)
    return installed


def unreadable_entries(search_path: Iterable[str]) -> list[str]:
    """The metadata folders and files on a search path that do not say what they are the metadata of.

    What begins with a tilde is left out: pip renames so what it is about to take away.
    """
    return [
        os.path.join(location, name)
        for location in search_path
        for name in _names_in(location)
        if name.lower().endswith((".dist-info", ".egg-info"))
        and not name.startswith("~")
        and _distribution(location, name) is None
    ]


def _distributions_in(location: str, *, in_user_site: bool) -> Iterator[InstalledDistribution]:
    """What lies in one folder; in the folder's own order, since of two with one name pip takes the first."""
    names = _names_in(location)
    for name in names:
        found = _distribution(location, name, in_user_site=in_user_site)
        if found is not None:
            yield found
    for name in names:
        if name.endswith(".egg-link"):
            yield from _legacy_editable(location, name)


def _names_in(location: str) -> list[str]:
    try:
        return os.listdir(location)
    except OSError:
        return []


def _distribution(
    location: str, entry: str, *, in_user_site: bool = False, editable: bool = False
) -> InstalledDistribution | None:
    """The distribution whose metadata is a certain entry of a folder, None where it is no such thing."""
    stem, suffix = os.path.splitext(entry)
    raw_name, _, raw_version = stem.partition("-")
    in_egg = entry.lower() == "egg-info" and location.lower().endswith(".egg")
    if not in_egg and suffix.lower() not in (".dist-info", ".egg-info"):
        return None
    info_path = os.path.join(location, entry)
    if suffix.lower() != ".dist-info" or not raw_version:
        # The name of anything but a .dist-info folder may lack the version, or carry a Python tag after it.
        metadata = installed_metadata(info_path)
        if metadata is None:
            return None
        raw_name = raw_name if suffix.lower() == ".egg-info" else metadata.name
        raw_version = metadata.version
    name = canonicalize_name(raw_name)
    if not _VALID_NAME.fullmatch(name):
        return None
    return InstalledDistribution(
        name=name,
        version=parsed(raw_version),
        raw_version=raw_version,
        location=location,
        info_path=info_path,
        in_user_site=in_user_site,
        legacy_editable=editable,
    )


def _legacy_editable(location: str, name: str) -> Iterator[InstalledDistribution]:
    """An ``.egg-link`` file names the folder of a development install (pip: metadata/importlib/_envs.py)."""
    try:
        with open(os.path.join(location, name), encoding="utf-8", errors="replace") as file:
            folder = next((line.strip() for line in file if line.strip()), "")
    except OSError:
        return
    if not folder:
        return
    project = os.path.join(location, folder)
    for entry in _names_in(project):
        found = _distribution(project, entry, editable=True)
        if found is not None:
            yield found
