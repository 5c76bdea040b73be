"""pip's installation report, version 1: what ``pip install --report`` writes, with the true URLs and hashes.

Specification: pip's documentation, "Installation Report"; pip's models/installation_report.py. It is written for an
Approved verdict only: who reads it takes every package in it for one that is, or is about to be, installed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

from safe_pip import urls
from safe_pip.errors import IncompleteError
from safe_pip.inspect.wheel import UnreadableArchive, metadata_of
from safe_pip.model import Approved, PlannedInstall, Request, StagedFile
from safe_pip.report.plain import json_text

VERSION = "1"

# The fields of core metadata that pip gives, in its order; True where one may stand several times.
_FIELDS: Mapping[str, bool] = {
    "Metadata-Version": False,
    "Name": False,
    "Version": False,
    "Dynamic": True,
    "Platform": True,
    "Supported-Platform": True,
    "Summary": False,
    "Description": False,
    "Description-Content-Type": False,
    "Keywords": False,
    "Home-page": False,
    "Download-URL": False,
    "Author": False,
    "Author-email": False,
    "Maintainer": False,
    "Maintainer-email": False,
    "License": False,
    "License-Expression": False,
    "License-File": True,
    "Classifier": True,
    "Requires-Dist": True,
    "Requires-Python": False,
    "Requires-External": True,
    "Project-URL": True,
    "Provides-Extra": True,
    "Provides-Dist": True,
    "Obsoletes-Dist": True,
}
# Where a page gives several digests of a file, which of them is told.
_DIGESTS = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")


def render(approved: Approved, request: Request, *, pip_version: str) -> str:
    """The report as JSON text, in ASCII: every encoding can write it, and nothing in it steers a terminal.

    pip_version: of the pip that installs. Raises IncompleteError where a staged wheel cannot be read any more.
    """
    return json_text(as_dict(approved, request, pip_version=pip_version))


def as_dict(approved: Approved, request: Request, *, pip_version: str) -> dict[str, Any]:
    """The report as plain values; packages in the order of their names."""
    return {
        "version": VERSION,
        "pip_version": pip_version,
        "install": [_install(item, approved.staged.files[item.name]) for item in approved.plan.install],
        # As in pip, that of the interpreter, whatever --platform and the like say.
        "environment": dict(request.target.markers),
    }


def _install(item: PlannedInstall, staged: StagedFile) -> dict[str, Any]:
    told: dict[str, Any] = {
        "download_info": _download_info(item, staged),
        "is_direct": item.direct_url is not None,
        "is_yanked": item.file.yanked is not None,
        "requested": item.requested,
        "metadata": metadata_dict(_metadata_text(item, staged.path)),
    }
    if item.requested and item.extras:
        told["requested_extras"] = list(item.extras)
    return told


def _download_info(item: PlannedInstall, staged: StagedFile) -> dict[str, Any]:
    """Where the file came from, as direct_url.json would have it (PEP 610), with the digest that was checked."""
    url = item.direct_url or item.file.url
    given = dict(urls.hash_fragment(url) if item.direct_url is not None else item.file.hashes)
    algorithm = next((name for name in _DIGESTS if name in given), "sha256")
    digest = given.get(algorithm, staged.sha256)
    info: dict[str, Any] = {
        "url": urls.split_credentials(urls.without_fragment(url))[0],
        "archive_info": {"hash": f"{algorithm}={digest}", "hashes": {algorithm: digest}},
    }
    subdirectory = urls.fragment_value(url, "subdirectory") if item.direct_url is not None else None
    return info | ({"subdirectory": subdirectory} if subdirectory else {})


def _metadata_text(item: PlannedInstall, path: Path) -> str:
    try:
        with path.open("rb") as archive:
            return metadata_of(archive, item.name).decode("utf-8")
    except (OSError, UnicodeDecodeError, UnreadableArchive) as error:
        raise IncompleteError(
            f"The METADATA of {path.name} cannot be read for --report: {error}.", "Run the same command again."
        ) from error


def metadata_dict(text: str) -> dict[str, Any]:
    """The fields of a METADATA file by PEP 566's JSON names: texts, and lists for fields that may be repeated.

    ``keywords`` is a list, split at commas where there are any, else at spaces; what follows the headers is the
    description. Source: PEP 566; pip's metadata/_json.py, which reads through importlib.metadata.
    """
    message = Parser().parsestr(text)
    found: dict[str, Any] = {}
    for field, repeated in _FIELDS.items():
        values = [_unfolded(str(value)) for value in message.get_all(field, [])]
        if not values:
            continue
        key = field.lower().replace("-", "_")
        found[key] = values if repeated else values[0]
        if key == "keywords":
            found[key] = _keywords(values[0])
    payload = _payload(message)
    return found | ({"description": payload} if payload else {})


def _payload(message: Message[str, str]) -> str:
    payload = message.get_payload()
    return payload if isinstance(payload, str) else ""


def _keywords(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")] if "," in text else text.split()


def _unfolded(value: str) -> str:
    """A value of several lines less the indentation that continues it, as importlib.metadata has it."""
    return textwrap.dedent(" " * 8 + value) if "\n" in value else value
