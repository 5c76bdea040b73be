"""The cache folder's databases: where each lies, who may work on it, and what the one in its place says of itself."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from safe_pip.advisories.database import Database
from safe_pip.advisories.sources import Context, Opened
from safe_pip.errors import AdvisoryError
from safe_pip.owned import is_ours
from safe_pip.times import parse_time

_LOCK_SECONDS = 600


def cache_folder_of(context: Context) -> Path:
    """The folder of what is kept of advisories, made where it is missing. Raises AdvisoryError where it is no use."""
    folder = context.folder / "advisories"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_ours(folder):
            # Who can write there can hide an advisory.
            raise PermissionError(errno.EPERM, "other users of this machine could change what it holds")
    except OSError as error:
        raise AdvisoryError(
            f"The cache folder {folder} cannot be used: {error.strerror or error}.",
            "Name another with SAFE_PIP_CACHE_DIR.",
        ) from error
    return folder


def place_of(context: Context, kind: str, key: str) -> Path:
    """Where the database of a source lies. Raises AdvisoryError where the folder cannot be used."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return cache_folder_of(context) / f"{kind}-{digest[:16]}.db"


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """One process at a time works on a database; what killed ones left behind is cleared away."""
    import filelock

    lock = filelock.FileLock(f"{place}.lock", timeout=_LOCK_SECONDS)
    try:
        with lock:
            for leftover in place.parent.glob(f".{place.name}.*"):
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink(missing_ok=True)
            yield
    except filelock.Timeout as error:
        raise AdvisoryError(
            f"Another safe-pip has been working on {place} for {_LOCK_SECONDS // 60} minutes.",
            "Wait for it, or end it.",
        ) from error
    except OSError as error:
        raise AdvisoryError(
            f"The advisory database {place} cannot be written: {error.strerror or error}.",
            "Free some space, or name another folder with SAFE_PIP_CACHE_DIR.",
        ) from error


def _existing(place: Path) -> Database | None:
    """The database in its place, None where there is none that can be used."""
    if not place.exists():
        return None
    try:
        return Database(place)
    except AdvisoryError:
        return None


def meta_of(place: Path) -> Mapping[str, str]:
    """What the database in its place remembers of its source, empty where there is none that can be used."""
    database = _existing(place)
    if database is None:
        return {}
    database.close()
    return database.meta


def present_in(place: Path) -> Mapping[str, str]:
    """The records of the database in its place, and when each last changed; empty where it is missing or damaged."""
    database = _existing(place)
    if database is None:
        return {}
    with closing(database):
        return database.modified() if database.is_sound else {}


def kept_copy(place: Path, name: str) -> Opened:
    """The database in its place, whatever its age. No lock is taken, so the folder may be closed to writers."""
    database = _existing(place)
    if database is None:
        raise AdvisoryError(f"There is no copy of the {name} on this machine.", "Run once without --offline.")
    as_of = parse_time(database.meta.get("synced_at") or database.meta.get("as_of") or "")
    return Opened(database, name, as_of, "offline")
