"""Policy files as bytes on disk: read within limits, and how they are named to people."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from safe_pip.errors import UsageError

LARGEST = 1_000_000
"""Bytes that a policy file may have."""
PYPROJECT = "pyproject.toml"
OF_SAFE_PIP = re.compile(r"safe-pip|tool\.safe[-_]?pip|\\[uUxe]", re.IGNORECASE)
"""What a ``pyproject.toml`` with a policy has in it, be the name of the table written in a strange way, or wrongly."""


class PolicyError(UsageError):
    """A policy file that cannot be followed. details: its mistakes, where there are several."""

    def __init__(self, message: str, hint: str = "", *, details: Iterable[str] = ()) -> None:
        super().__init__(message, hint)
        self.details = tuple(details)


def read_file(path: Path, shown: str, where: str = "") -> str:
    """The text of a policy file. Raises PolicyError where it cannot be read, is too large or is not UTF-8.

    where: the place of another policy file that names it, for the message.
    """
    try:
        if not path.is_file():
            raise OSError(0, "it is not a file" if path.exists() else "there is no such file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        named = f"{where}: {shown}" if where else f"The policy file {shown}"
        raise PolicyError(f"{named} cannot be read: {reason}.", "Check its path, and that it may be read.") from error
    return decoded(content, shown)


def decoded(content: bytes, shown: str) -> str:
    """A policy's bytes as text. Raises PolicyError."""
    if len(content) > LARGEST:
        raise PolicyError(f"The policy file {shown} is larger than {LARGEST:,} bytes.", "Name another file.")
    try:
        # TOML has line ends of either kind, and so have its positions.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{shown}, line {line}: it is not UTF-8.", "Save it as UTF-8.") from error


def shown_path(path: Path, folder: Path) -> str:
    """A file's path as people are shown it: from the working directory, where that is shorter."""
    whole = str(path)
    with suppress(ValueError):
        # On another drive nothing leads there.
        whole = min(os.path.relpath(whole, folder), whole, key=len)
    return whole if whole.isprintable() else ascii(whole)[1:-1]
