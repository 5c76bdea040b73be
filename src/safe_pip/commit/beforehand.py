"""What must hold before pip is started: the target is ours alone, and neither it nor an approved file has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from safe_pip.digests import sha256_of
from safe_pip.errors import IncompleteError
from safe_pip.model import Approved, Target
from safe_pip.target.distributions import read_installed

_LOCK_SECONDS = 600


@contextmanager
def target_lock(target: Target, cache: Path) -> Iterator[None]:
    """One safe-pip at a time changes one target. cache: where the lock lies. Raises IncompleteError."""
    folder = cache / "locks"
    name = hashlib.sha256(os.path.realpath(target.prefix).encode()).hexdigest()[:24]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        lock.acquire(timeout=_LOCK_SECONDS)
    except filelock.Timeout as error:
        raise IncompleteError(
            f"Another safe-pip has been installing into {target.prefix} for {_LOCK_SECONDS // 60} minutes.",
            "Wait for it, or end it, and run the same command again.",
        ) from error
    except OSError as error:
        raise IncompleteError(f"No lock can be taken in {folder}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


def check_target_unchanged(target: Target) -> None:
    """What was resolved against must still be what is installed. Raises IncompleteError."""
    now = read_installed(target.search_path, target.user_site)
    before = {name: (item.raw_version, item.info_path) for name, item in target.installed.items()}
    after = {name: (item.raw_version, item.info_path) for name, item in now.items()}
    if before != after:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        raise IncompleteError(
            f"The environment has changed while it was checked ({', '.join(changed[:5])}). Nothing was installed.",
            "Run the same command again.",
        )


def check_files_unchanged(approved: Approved) -> None:
    """The bytes that were approved must still be there, to the last one. Raises IncompleteError."""
    for item in approved.plan.install:
        file = approved.staged.files[item.name]
        if sha256_of(file.path) != file.sha256:
            raise IncompleteError(
                f"{file.path.name} has changed since it was approved. Nothing was installed.",
                "Find out what writes into safe-pip's cache folder before you try again.",
            )
