"""The private folder of downloaded files: each file fetched once, hashed on the way, and never taken from elsewhere."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.file_cache import FileCache
from safe_pip.index.http import Http
from safe_pip.index.received import Received, write_hashed
from safe_pip.model import DistributionFile

LARGEST_FILE = 20_000_000_000
"""Bytes; larger than any file an index serves."""

ALGORITHMS = ("sha256", "sha384", "sha512")
"""Digests taken of every file: those that ``--hash`` may name."""

_CHUNK = 1024 * 1024


class Stored(NamedTuple):
    """A file in the store, and what was received."""

    path: Path
    received: Received


def check_name(file: DistributionFile) -> None:
    """Raises FetchError for a name that is not that of a file, or that a terminal would not show as it is."""
    name = file.filename
    if name in ("", ".", "..") or "/" in name or not name.isprintable():
        raise FetchError(urls.redacted(file.url), f"{name!a} cannot be the name of a file")


class FileStore:
    """Files by URL, in a folder that only this user may enter. Safe to use from many threads.

    algorithms: of the digests to take of every file, besides those that its page gives. cache: files of earlier runs.
    """

    def __init__(
        self,
        folder: Path,
        http: Http,
        *,
        algorithms: Iterable[str] = ALGORITHMS,
        cache: FileCache | None = None,
    ) -> None:
        self._folder = folder
        self._http = http
        self._common = tuple(dict.fromkeys(("sha256", *algorithms)))
        self._cache = cache
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._stored: dict[str, Stored] = {}
        self._sizes: dict[str, int] = {}

    def path_for(self, file: DistributionFile) -> Path:
        """Where a file goes: under its own name, in a folder of its own, since two URLs may end in one name.

        The folder is made, in that of the run. Raises FetchError, also for what ``check_name`` does not take.
        """
        check_name(file)
        folder = self._folder / hashlib.sha256(file.url.encode()).hexdigest()[:24]
        try:
            # Not its parents: once the run is over they are gone, and nobody would delete them again.
            self._folder.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise FetchError(urls.redacted(file.url), f"it cannot be stored: {error}") from error
        return folder / file.filename

    def size_of(self, file: DistributionFile) -> int | None:
        """The bytes of a file, where its page gives them or a part of it has been read; None where it is not known."""
        return file.size if file.size is not None else self._sizes.get(file.url)

    def note_size(self, file: DistributionFile, size: int) -> None:
        """Learn the size of a file from a part of it."""
        self._sizes[file.url] = size

    def algorithms(self, file: DistributionFile) -> tuple[str, ...]:
        """The digests to take of a file: those that may be asked for, and those that its page gives."""
        return (*self._common, *(name for name, _ in file.hashes))

    def has(self, file: DistributionFile) -> Stored | None:
        """The file where it has been fetched already, with every digest that its page gives."""
        stored = self._stored.get(file.url)
        if stored is None or stored.received.digests.keys() >= set(self.algorithms(file)):
            return stored
        return self.put(file, stored.received)

    def put(self, file: DistributionFile, received: Received) -> Stored:
        """Take a file into account that was written to ``path_for``. Raises FetchError where it cannot be read."""
        path = self.path_for(file)
        missing = [name for name in self.algorithms(file) if name not in received.digests]
        if missing:
            try:
                received = received._replace(digests={**received.digests, **_digests(path, missing)})
            except OSError as error:
                raise FetchError(urls.redacted(file.url), f"its copy cannot be read: {error}") from error
        stored = Stored(path, received)
        self._stored[file.url] = stored
        return stored

    def put_content(self, file: DistributionFile, content: bytes) -> Stored:
        """Store a file whose bytes are at hand. Raises FetchError where it cannot be written."""
        try:
            received = write_hashed(iter([content]), self.path_for(file), self.algorithms(file))
        except OSError as error:
            raise FetchError(urls.redacted(file.url), f"it cannot be written: {error}") from error
        return self.put(file, received)

    def fetch(self, file: DistributionFile, progress: Callable[[int], None] = lambda _: None) -> Stored:
        """The file, fetched where it has not been yet. progress: told of each piece's bytes. Raises FetchError."""
        with self._lock:
            lock = self._locks.setdefault(file.url, threading.Lock())
        with lock:
            stored = self.has(file)
            if stored is not None:
                progress(stored.received.size)
                return stored
            path = self.path_for(file)
            algorithms = self.algorithms(file)
            kept = self._from_cache(file, path, algorithms)
            if kept is not None:
                progress(kept.size)
                return self.put(file, kept)
            if file.is_local:
                received = _copy(file, path, algorithms, progress)
            else:
                received = self._http.download(
                    file.url, path, limit=LARGEST_FILE, algorithms=algorithms, progress=progress
                )
            return self.put(file, received)

    def _from_cache(self, file: DistributionFile, path: Path, algorithms: tuple[str, ...]) -> Received | None:
        """A file of an earlier run, hashed again; None where there is none that is what it should be."""
        if self._cache is None or not self._cache.take(file, path):
            return None
        try:
            received = Received(path.stat().st_size, _digests(path, algorithms))
        except OSError:
            return None
        if ("sha256", received.digests["sha256"]) in file.hashes:
            return received
        self._cache.drop(file)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return None

    def discard(self, file: DistributionFile) -> None:
        """Delete a file that must not be used."""
        with self._lock:
            self._stored.pop(file.url, None)
        with suppress(OSError):
            self.path_for(file).unlink(missing_ok=True)


def _copy(file: DistributionFile, path: Path, algorithms: tuple[str, ...], progress: Callable[[int], None]) -> Received:
    """Copy a file of this machine, so that what is inspected cannot change behind our back."""
    try:
        return write_hashed(_pieces(Path(urls.url_to_path(file.url))), path, algorithms, progress)
    except (OSError, ValueError) as error:
        raise FetchError(file.url, str(error)) from error


def _digests(path: Path, algorithms: Iterable[str]) -> dict[str, str]:
    hashers = {name: hashlib.new(name) for name in algorithms}
    for piece in _pieces(path):
        for hasher in hashers.values():
            hasher.update(piece)
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while piece := opened.read(_CHUNK):
            yield piece
