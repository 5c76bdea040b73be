"""Find-links places on this machine: a folder of archives, an HTML page, or one archive (pip: index/sources.py)."""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from packaging.utils import NormalizedName, parse_sdist_filename, parse_wheel_filename

from safe_pip import urls
from safe_pip.model import DistributionFile


class LocalPlace(NamedTuple):
    """What a find-links place on this machine offers: a folder's archives by project, or one file for whichever.

    pages: HTML pages, as URLs. unreadable: why something of it could not be looked at.
    """

    files: Mapping[NormalizedName, list[DistributionFile]]
    pages: tuple[str, ...] = ()
    single: DistributionFile | None = None
    unreadable: str | None = None


def look_at(path: str) -> LocalPlace:
    """Look at a find-links place; one that is not there offers nothing, as pip has it."""
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            return _scan(path)
        if not stat.S_ISREG(kind):
            return LocalPlace({})
        url = urls.path_to_url(path)
        return (
            LocalPlace({}, (url,))
            if _is_html(path)
            else LocalPlace({}, (), DistributionFile(os.path.basename(path), url))
        )
    except (FileNotFoundError, NotADirectoryError):
        return LocalPlace({})
    except (OSError, ValueError) as error:
        return LocalPlace({}, unreadable=str(error))


def _scan(folder: str) -> LocalPlace:
    files: dict[NormalizedName, list[DistributionFile]] = {}
    pages = []
    unreadable = None
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if _is_html(entry.name):
                    pages.append(urls.path_to_url(entry.path))
                    continue
                name = _project_of(entry.name)
                if name is not None:
                    files.setdefault(name, []).append(DistributionFile(entry.name, urls.path_to_url(entry.path)))
            except UnicodeEncodeError:
                unreadable = f"the name of the file {os.fsencode(entry.name)!r} is not UTF-8"
    return LocalPlace(files, tuple(pages), None, unreadable)


def _project_of(filename: str) -> NormalizedName | None:
    with suppress(ValueError):
        return parse_wheel_filename(filename)[0]
    with suppress(ValueError):
        return parse_sdist_filename(filename)[0]
    return None


def _is_html(name: str) -> bool:
    return mimetypes.guess_type(name, strict=False)[0] == "text/html"
