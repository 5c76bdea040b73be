"""The third stage: every file of a plan in a private folder, hashed, and gone again where a hash does not agree."""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import FetchError, IncompleteError
from safe_pip.index.store import FileStore, Stored
from safe_pip.model import DistributionFile, Mismatch, Plan, PlannedInstall, Staged, StagedFile, Unchecked
from safe_pip.owned import is_ours
from safe_pip.progress import Progress

_DOWNLOADS = 8
"""Files fetched side by side."""

_LOCK_ATTEMPTS = 10
# What the cache folder holds may be anybody's, where it is named by hand; only what has such a name is deleted.
_OURS = re.compile(r"[0-9a-f]{32}\.lock")


@contextmanager
def private_folder(cache: Path) -> Iterator[Path]:
    """A new folder that only this user may enter (0700), deleted at the end; what killed runs left is deleted first.

    cache: safe-pip's cache folder. Each run holds a lock beside its folder for as long as it lives, so a folder whose
    lock is free belongs to nobody. Raises IncompleteError where no folder can be made.
    """
    root = cache / "staging"
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        if not is_ours(root):
            raise PermissionError(errno.EPERM, "other users of this machine could change what it holds")
        _sweep(root)
        lock = _new_lock(root)
        folder = Path(lock.lock_file).with_suffix("")
        folder.mkdir(mode=0o700)
    except (OSError, filelock.Timeout) as error:
        reason = getattr(error, "strerror", None) or error
        raise IncompleteError(
            f"The private folder for downloads cannot be made in {root}: {reason}.",
            "Free some space or mend the permissions, or name another folder with SAFE_PIP_CACHE_DIR.",
        ) from error
    try:
        yield folder
    finally:
        _remove(folder, lock)


def _new_lock(root: Path) -> filelock.BaseFileLock:
    """A lock that this run holds. Another run's sweep may take a lock for a dead one's before it is held: try again."""
    for attempt in range(_LOCK_ATTEMPTS):
        lock = filelock.FileLock(root / f"{uuid.uuid4().hex}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            if attempt == _LOCK_ATTEMPTS - 1:
                raise
            continue
        if os.path.exists(lock.lock_file):
            break
        lock.release()
    return lock


def _sweep(root: Path) -> None:
    """Delete the folders of runs that live no more."""
    for path in root.glob("*.lock"):
        if _OURS.fullmatch(path.name) is None:
            continue
        lock = filelock.FileLock(path)
        with suppress(filelock.Timeout, OSError):
            lock.acquire(timeout=0)
            _remove(path.with_suffix(""), lock)


def _remove(folder: Path, lock: filelock.BaseFileLock) -> None:
    """Delete a folder, and then its held lock; where something of it cannot be deleted, the next run tries again."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        if not folder.exists():
            Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _nobody(file: DistributionFile, stored: Stored) -> None:
    """Is told of a file that is here, and does nothing."""


class FetchAhead:
    """Fetches files while the resolver is still at work, as soon as it has settled on them. Nobody waits for it here:
    ``stage`` finds what is there, waits for what is on its way, and tells what went wrong. fetched: told of each file.
    """

    def __init__(self, store: FileStore, fetched: Callable[[DistributionFile, Stored], None] = _nobody) -> None:
        self._store = store
        self._fetched = fetched
        self._pool = ThreadPoolExecutor(_DOWNLOADS // 2, thread_name_prefix="ahead")

    def begin(self, file: DistributionFile) -> None:
        """Fetch a file in the background."""
        self._pool.submit(self._fetch, file)

    def _fetch(self, file: DistributionFile) -> None:
        self._fetched(file, self._store.fetch(file))

    def stop(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def stage(
    plan: Plan,
    store: FileStore,
    folder: Path,
    progress: Progress,
    fetched: Callable[[DistributionFile, Stored], None] = _nobody,
) -> Staged:
    """Bring every file of a plan into the private folder, several at a time, and check its hashes.

    Checked is what the index gives and what ``--hash`` allows. A file that does not agree is deleted and told as a
    mismatch; one that cannot be fetched is told as unchecked. Checkouts and project folders have no file to fetch.
    fetched: told of each file that is here, from whichever thread, before its hashes are checked.
    """
    wanted = [item for item in plan.install if not _has_no_file(item)]
    known = [store.size_of(item.file) for item in wanted]
    progress.downloading(len(wanted), None if None in known else sum(size or 0 for size in known))
    files: dict[NormalizedName, StagedFile] = {}
    mismatches: list[Mismatch] = []
    unchecked: list[Unchecked] = []
    pool = ThreadPoolExecutor(_DOWNLOADS, thread_name_prefix="stage")
    try:
        # The largest is begun first, so that none is left to be waited for alone at the end.
        order = sorted(range(len(wanted)), key=lambda place: -(known[place] or 0))
        fetching = {place: pool.submit(_fetch, wanted[place], store, progress, fetched) for place in order}
        for place, item in enumerate(wanted):
            outcome = fetching[place].result()
            if isinstance(outcome, Unchecked):
                unchecked.append(outcome)
                continue
            found = list(_disagreements(item, outcome))
            if found:
                store.discard(item.file)
                mismatches += found
            else:
                files[item.name] = StagedFile(
                    item.name, outcome.path, outcome.received.digests["sha256"], outcome.received.size
                )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        progress.done()
    return Staged(folder, files, tuple(mismatches), tuple(unchecked))


def _has_no_file(item: PlannedInstall) -> bool:
    if urls.is_vcs(item.file.url):
        return True
    if not item.file.is_local:
        return False
    try:
        return os.path.isdir(urls.url_to_path(item.file.url))
    except ValueError:
        # Fetching it says what is wrong.
        return False


def _fetch(
    item: PlannedInstall, store: FileStore, progress: Progress, fetched: Callable[[DistributionFile, Stored], None]
) -> Stored | Unchecked:
    try:
        stored = store.fetch(item.file, progress.received)
    except FetchError as error:
        return Unchecked(
            "unreadable-file",
            item.name,
            item.version,
            f"{item.file.filename} cannot be fetched: {error.reason}",
            error.hint or "Try again.",
        )
    progress.file_done()
    fetched(item.file, stored)
    return stored


def _disagreements(item: PlannedInstall, stored: Stored) -> Iterator[Mismatch]:
    """Hashes that do not agree: each that the index gives must, and one of those that the user allows."""
    digests = stored.received.digests
    for algorithm, expected in sorted(item.file.hashes):
        if digests[algorithm] != expected:
            yield _mismatch(item, f"{algorithm} of the index", expected, digests[algorithm])
    if item.hashes is not None and not item.hashes & frozenset(digests.items()):
        expected = ", ".join(sorted(digest for _, digest in item.hashes)) or "no digest that all of them allow"
        yield _mismatch(item, "--hash", expected, digests["sha256"])


def _mismatch(item: PlannedInstall, what: str, expected: str, actual: str) -> Mismatch:
    return Mismatch("hash-mismatch", item.name, item.version, item.file.filename, what, expected, actual)
