"""Lock files as inventories: one module a format, all listed in READERS."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory
from safe_pip.request.locks import hashed, pdm, pep751, pipenv, poetry, uv
from safe_pip.request.locks.listed import Malformed
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.places import read_local_bytes

Reader = Callable[[bytes, AuditInput, str, LockOptions], Inventory]
"""Reads a lock file: its bytes, the input it is, what it is called in messages, and what of it is asked for."""

READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"pylock(\.[^.]+)?\.toml"), pep751.read),
    (re.compile(r"uv\.lock|.*\.py\.lock"), uv.read),
    (re.compile(r"poetry\.lock"), poetry.read),
    (re.compile(r"pdm(\..+)?\.lock"), pdm.read),
    (re.compile(r"Pipfile\.lock"), pipenv.read),
)
"""The formats by the names of their files."""

_TEXT = re.compile(r".*\.(?:txt|in|lock|out)")


def is_lock(path: Path) -> bool:
    """Whether a file is a lock file by its name. A requirements file with hashes is one only where a person says so."""
    return _reader(path) is not None


def read_lock(path: Path, shown: str, options: LockOptions) -> Inventory:
    """What a lock file asks for. shown: how the file is named in reports.

    A file of no known name that ends like one of requirements is read as those, pinned and with hashes. Raises
    UsageError naming the file, the line or package, and what to do.
    """
    shown = shown if shown.isprintable() else urls.shown(shown)
    what = f"The lock file {shown}"
    reader = _reader(path)
    if reader is None:
        if not _TEXT.fullmatch(path.name):
            raise UsageError(f"{what} is of no format that is known by its name.", f"Known are {_NAMES}.")
        reader = hashed.read
    input = AuditInput("lock", shown, os.fspath(path))
    content = read_local_bytes(os.fspath(path), what)
    try:
        return reader(content, input, what, options)
    except Malformed as error:
        raise UsageError(f"{what} has an entry that cannot be read: {error}.", "Lock again.") from error


_NAMES = "pylock.toml, pylock.NAME.toml, uv.lock, poetry.lock, pdm.lock, Pipfile.lock and requirements with hashes"


def _reader(path: Path) -> Reader | None:
    return next((reader for pattern, reader in READERS if pattern.fullmatch(path.name)), None)


__all__ = ["READERS", "LockOptions", "Reader", "is_lock", "read_lock"]
