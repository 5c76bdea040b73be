"""The metadata of candidates, had without running anything: sidecar, else ranges of the wheel, else the whole file."""

from __future__ import annotations

import hashlib
import os
import urllib.parse
from functools import partial
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.answers import Part
from safe_pip.index.cache import IndexCache
from safe_pip.index.http import Http
from safe_pip.index.once import OnceEach
from safe_pip.index.received import Received
from safe_pip.index.remote_file import TAIL, RemoteFile
from safe_pip.index.store import LARGEST_FILE, FileStore, check_name
from safe_pip.inspect.core_metadata import InvalidMetadata, parse_metadata
from safe_pip.inspect.sdist import BuildRequired, folder_metadata, sdist_metadata, sdist_stem
from safe_pip.inspect.wheel import LARGEST_METADATA, UnreadableArchive, wheel_metadata
from safe_pip.model import CoreMetadata, DistributionFile, Mismatch


class Unreadable(Exception):
    """A file's metadata cannot be had, for a reason that is no verdict on the file. The message says why."""

    def __init__(self, reason: str, help: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.help = help


class Read(NamedTuple):
    """Metadata, what had to be built to know it for good, and what did not agree on the way."""

    metadata: CoreMetadata
    build: str | None = None
    mismatch: Mismatch | None = None


class MetadataReader:
    """Reads each file's metadata once, on demand or ahead of time. Safe to use from many threads."""

    def __init__(self, http: Http, store: FileStore, cache: IndexCache) -> None:
        self._http = http
        self._store = store
        self._cache = cache
        self._reads = OnceEach(self._read)
        self._without_ranges: set[str] = set()

    def read(self, file: DistributionFile) -> Read:
        """The metadata of a file. Raises Unreadable and InvalidMetadata."""
        return self._reads.result(file)

    def readable(self, file: DistributionFile) -> CoreMetadata | None:
        """The metadata of a file, None where it cannot be read; whoever needs it is told why by ``read``."""
        try:
            return self.read(file).metadata
        except (Unreadable, InvalidMetadata):
            return None

    def begin(self, file: DistributionFile) -> None:
        """Read a file's metadata ahead of time, in this thread; what goes wrong is told by ``read``."""
        self._reads.begin(file)

    def _read(self, file: DistributionFile) -> Read:
        try:
            if urls.is_vcs(file.url):
                name = file.filename.partition("@")[0].removesuffix(".git")
                return _needs_build(
                    file, f"it is a version-control checkout of {urls.redacted(file.url)}", name or "checkout", None
                )
            if file.is_local and os.path.isdir(urls.url_to_path(file.url)):
                return self._folder(file)
            if not file.is_wheel:
                return self._sdist(file)
            return self._wheel(file)
        except FetchError as error:
            raise Unreadable(f"{file.filename} cannot be fetched: {error.reason}", error.hint) from error
        except UnreadableArchive as error:
            raise Unreadable(f"{file.filename} cannot be inspected: {error}") from error
        except ValueError as error:
            if isinstance(error, InvalidMetadata):
                raise
            raise Unreadable(f"{urls.redacted(file.url)} cannot be read: {urls.redacted(str(error))}") from error

    # ----------------------------------------------------------------- source archives and folders

    def _folder(self, file: DistributionFile) -> Read:
        why = f"it is the project folder {urls.url_to_path(file.url)}"
        try:
            return Read(folder_metadata(Path(urls.url_to_path(file.url))), build=why)
        except BuildRequired as error:
            return _needs_build(file, f"{why}, and {error.reason}", error.name, error.version)

    def _sdist(self, file: DistributionFile) -> Read:
        why = "it is a source archive"
        path = self._store.fetch(file).path
        try:
            return Read(sdist_metadata(path), build=why)
        except BuildRequired as error:
            return _needs_build(file, f"{why}, and {error.reason}", error.name, error.version)

    # ----------------------------------------------------------------- wheels

    def _wheel(self, file: DistributionFile) -> Read:
        kept = self._cache.metadata(file)
        if kept is not None:
            return Read(kept)
        read = self._wheel_anew(file)
        if read.mismatch is None:
            self._cache.keep_metadata(file, read.metadata)
        return read

    def _wheel_anew(self, file: DistributionFile) -> Read:
        mismatch = None
        if file.core_metadata is not None and not file.is_local:
            sidecar = self._sidecar(file, file.core_metadata)
            if isinstance(sidecar, CoreMetadata):
                return Read(sidecar)
            mismatch = sidecar
        return Read(self._from_wheel(file), mismatch=mismatch)

    def _sidecar(self, file: DistributionFile, hashes: frozenset[tuple[str, str]]) -> CoreMetadata | Mismatch | None:
        """The metadata beside the wheel (PEP 658): its content, a mismatch with its hash, or None where it fails."""
        try:
            answer = self._http.get(f"{file.url}.metadata", limit=LARGEST_METADATA)
        except FetchError:
            return None
        data = answer.content
        for algorithm, expected in sorted(hashes):
            actual = hashlib.new(algorithm, data).hexdigest()
            if actual != expected:
                name, version = _name_and_version(file)
                return Mismatch(
                    "hash-mismatch",
                    canonicalize_name(name),
                    version,
                    f"{file.filename}.metadata",
                    algorithm,
                    expected,
                    actual,
                )
        try:
            return parse_metadata(data, "sidecar", what=f"{file.filename}.metadata")
        except InvalidMetadata:
            return None

    def _from_wheel(self, file: DistributionFile) -> CoreMetadata:
        check_name(file)
        name = _name_and_version(file)[0]
        host = urllib.parse.urlsplit(file.url).netloc
        if host in self._without_ranges or file.is_local or self._store.has(file) is not None:
            return self._from_whole(file, name)
        try:
            first = self._http.tail(file.url, TAIL, partial(self._store.path_for, file), limit=LARGEST_FILE)
        except FetchError as error:
            if error.status in (404, 410, 401, 403):
                raise
            return self._from_whole(file, name)
        if isinstance(first, Received):
            # The server sent everything: take it, and do not ask it for parts again.
            self._without_ranges.add(host)
            self._store.put(file, first)
            return self._from_whole(file, name)
        self._store.note_size(file, first.total)
        if first.start == 0:
            # The end is the whole of it.
            self._store.put_content(file, first.content)
            return self._from_whole(file, name)
        return self._from_parts(file, name, first)

    def _from_parts(self, file: DistributionFile, name: str, first: Part) -> CoreMetadata:
        try:
            return wheel_metadata(RemoteFile(self._http, file.url, first), name, "range")  # type: ignore[arg-type]
        except (FetchError, UnreadableArchive):
            # The parts do not fit together; the whole file decides.
            return self._from_whole(file, name)

    def _from_whole(self, file: DistributionFile, name: str) -> CoreMetadata:
        with self._store.fetch(file).path.open("rb") as archive:
            return wheel_metadata(archive, name, "wheel")


def _name_and_version(file: DistributionFile) -> tuple[str, str]:
    """Name and version as a wheel's file name gives them, in its spelling."""
    parts = file.filename.split("-")
    return parts[0], parts[1] if len(parts) > 1 else ""


def _needs_build(file: DistributionFile, reason: str, name: str | None, version: str | None) -> Read:
    """What is known of something whose metadata only a build can tell: perhaps a name, perhaps a version."""
    if name is None:
        name, _, from_name = sdist_stem(file.filename).rpartition("-")
        if not name:
            name, from_name = sdist_stem(file.filename), ""
        version = version or from_name or None
    return Read(CoreMetadata(name=name, version=version or "", origin="none"), build=reason)
