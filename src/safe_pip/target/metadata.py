"""What the metadata beside an installed distribution says: its core metadata, and whether it is editable."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import lru_cache

from packaging.utils import canonicalize_name

from safe_pip.inspect.core_metadata import InvalidMetadata, parse_metadata
from safe_pip.model import CoreMetadata, InstalledDistribution


@lru_cache(maxsize=4096)
def installed_metadata(info_path: str) -> CoreMetadata | None:
    """The metadata of an installed distribution, None where there is none that can be read.

    info_path: the ``.dist-info`` or ``.egg-info`` folder, or an ``.egg-info`` file.
    """
    for path in (os.path.join(info_path, "METADATA"), os.path.join(info_path, "PKG-INFO"), info_path):
        try:
            with open(path, "rb") as file:
                metadata = parse_metadata(file.read(), "installed", what=path)
        except (OSError, InvalidMetadata):
            continue
        return _with_requires_txt(metadata, os.path.join(info_path, "requires.txt"))
    return None


def _with_requires_txt(metadata: CoreMetadata, path: str) -> CoreMetadata:
    """Metadata with the dependencies and extras of an ``.egg-info`` folder, which stand in a file beside it.

    A section of the file is ``[extra:marker]``, both of which may be empty (pip: metadata/base.py,
    _iter_requires_txt_entries). What the metadata itself says of either counts alone.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError):
        return metadata
    extra = marker = ""
    requires: list[str] = []
    extras: dict[str, None] = {}
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line.strip("[]").partition(":")
            extra = canonicalize_name(extra)
            continue
        if extra:
            extras[extra] = None
        parts = [f"({marker})" if marker and extra else marker, f'extra == "{extra}"' if extra else ""]
        condition = " and ".join(part for part in parts if part)
        requires.append(f"{line} ; {condition}" if condition else line)
    return replace(
        metadata,
        requires_dist=metadata.requires_dist or tuple(requires),
        provides_extra=metadata.provides_extra or tuple(extras),
    )


def is_editable(distribution: InstalledDistribution) -> bool:
    """Whether a distribution is installed in editable mode (PEP 660 through PEP 610's record, or an .egg-link)."""
    if distribution.legacy_editable:
        return True
    try:
        with open(os.path.join(distribution.info_path, "direct_url.json"), encoding="utf-8") as file:
            record = json.load(file)
    except (OSError, ValueError):
        return False
    return bool(
        isinstance(record, dict) and isinstance(record.get("dir_info"), dict) and record["dir_info"].get("editable")
    )
