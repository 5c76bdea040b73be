"""The source that a name means: a service, OSV's export, a path, or a URL."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path

from safe_pip import urls
from safe_pip.advisories.bulk_export import OSV_BULK_URL, BulkExport
from safe_pip.advisories.on_disk import Collection
from safe_pip.advisories.remote_zip import RemoteZip
from safe_pip.advisories.sources import Source
from safe_pip.errors import AdvisoryError, UsageError


def source_for(
    text: str, *, osv_url: str | None = None, bulk_url: str | None = None, said: str = "--advisories"
) -> Source:
    """The source that ``--advisories`` or ``-s`` names, or the policy. said: which, for messages.

    A service, ``osv`` or ``pypi``; ``local`` for OSV's bulk export, kept on this machine; a path; the URL of a zip; or
    (ending in ``/``) the base of an export. osv_url, bulk_url: where OSV's API and its export are, if not in their own
    place. Raises UsageError for what can name nothing; AdvisoryError for a path that is not there.
    """
    # Who asks no service need not load what asks them.
    if text == "osv":
        from safe_pip.advisories.osv import OsvApi

        return OsvApi.at(osv_url) if osv_url else OsvApi()
    if text == "pypi":
        from safe_pip.advisories.index_json import IndexJson

        return IndexJson()
    if text == "local":
        return BulkExport((bulk_url or OSV_BULK_URL).rstrip("/"))
    if text == "esms":
        raise UsageError(
            "esms: safe-pip does not take this source of advisories.",
            "Name local, osv or pypi, or a zip, folder, file or URL of OSV records.",
        )
    if urls.scheme(text) in ("http", "https"):
        is_base = urllib.parse.urlsplit(text).path.endswith("/")
        return BulkExport(text.rstrip("/"), named=True) if is_base else RemoteZip(text)
    return _collection_at(text, said)


def _collection_at(text: str, said: str) -> Collection:
    """The collection at a path or a ``file:`` URL. Raises UsageError where it is neither, AdvisoryError."""
    try:
        path = urls.url_to_path(text) if urls.scheme(text) == "file" else os.path.expanduser(text)
    except ValueError as error:
        raise UsageError(f"{said} {text}: {error}.", "Give a path on this machine.") from error
    if not path.strip():
        raise UsageError("--advisories names nothing.", "Give a zip, folder, file or URL of OSV records.")
    if not os.path.exists(path):
        raise AdvisoryError(f"{said} {urls.redacted(text)}: there is no such file or folder.", "Check the path.")
    if not (os.path.isfile(path) or os.path.isdir(path)):
        # A FIFO would be waited for without an end.
        raise AdvisoryError(f"{said} {urls.redacted(text)}: this is neither a file nor a folder.", "Check the path.")
    return Collection(Path(path))
