"""Files of earlier runs, kept by their sha256, so that a second environment downloads nothing.

A file is taken from here only for an index that gives this very sha256, and is hashed again when it is taken: what lies
here is never trusted.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from safe_pip.model import DistributionFile

MOST_BYTES = 4_000_000_000
"""What is kept at most; what was used longest ago goes first."""

_NAME = re.compile(r"[0-9a-f]{64}")


class FileCache:
    """Files by sha256 in a folder that only this user may enter. Safe under many runs at once.

    folder: made where it is missing. most_bytes: the bound on what is kept.
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def take(self, file: DistributionFile, path: Path) -> bool:
        """Put a file of this sha256 at a path, unchecked. False where there is none, or it cannot be put there.

        Nobody else can write into what is put there: where the kept file may have other names or belongs to others,
        it is a copy.
        """
        kept = self._place(file)
        if kept is None:
            return False
        try:
            os.utime(kept, follow_symlinks=False)  # it has been used
            _link(kept, path)
            about = path.lstat()
            if not stat.S_ISREG(about.st_mode):
                path.unlink()
                kept.unlink()
                return False
            if not _is_ours_alone(about):
                _copy(path)
        except OSError:
            return False
        return True

    def keep(self, file: DistributionFile, path: Path) -> bool:
        """Keep a file whose sha256 was found to be the one that its index gives. Whether it is new here."""
        kept = self._place(file)
        if kept is None or kept.exists():
            return False
        temporary = kept.with_name(f".{kept.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            try:
                _link(path, temporary)
                os.replace(temporary, kept)
            finally:
                # Two names of one file are not renamed into each other (POSIX), so it may still be there.
                temporary.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def drop(self, file: DistributionFile) -> None:
        """Delete a file that is not what its name says."""
        kept = self._place(file)
        if kept is not None:
            with suppress(OSError):
                kept.unlink(missing_ok=True)

    def shrink(self) -> None:
        """Delete what was used longest ago, where there is too much; and what is no file of ours stays."""
        found: list[tuple[float, int, Path]] = []
        with suppress(OSError):
            for path in self._folder.glob("??/*"):
                with suppress(OSError):
                    if _NAME.fullmatch(path.name):
                        about = path.stat()
                        found.append((about.st_mtime, about.st_size, path))
        surplus = sum(size for _, size, _ in found) - self._most_bytes
        for _, size, path in sorted(found):
            if surplus <= 0:
                break
            with suppress(OSError):
                path.unlink()
                surplus -= size

    def _place(self, file: DistributionFile) -> Path | None:
        digest = next((digest for algorithm, digest in file.hashes if algorithm == "sha256"), "")
        if file.is_local or _NAME.fullmatch(digest) is None:
            return None
        return self._folder / digest[:2] / digest


def _is_ours_alone(about: os.stat_result) -> bool:
    """Whether a file has no names but the cache's and the new one, and nobody else may write into it."""
    user = os.geteuid() if hasattr(os, "geteuid") else about.st_uid
    return about.st_nlink <= 2 and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and about.st_uid == user


def _copy(path: Path) -> None:
    """Make a file one of its own. Raises OSError."""
    copy = path.with_name(f".{path.name}.copy")
    try:
        shutil.copyfile(path, copy)
        os.replace(copy, path)
    finally:
        copy.unlink(missing_ok=True)


def _link(source: Path, path: Path) -> None:
    """A second name of a file; a copy where the disk has none. Raises OSError."""
    path.unlink(missing_ok=True)
    try:
        os.link(source, path)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, path)
