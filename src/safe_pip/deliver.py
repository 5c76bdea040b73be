"""The last stage of ``download`` and ``wheel``: the approved files into the folder that was named, and nothing else.

The bytes are hashed once more on the way, so that what is put there is what was approved. Every file is first written
beside its place under a temporary name; only when all of them are whole are they moved to their names.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from safe_pip.digests import sha256_of
from safe_pip.errors import DeliveryError, IncompleteError
from safe_pip.model import Approved, StagedFile

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Delivered:
    """Where the files are now, as full paths in the order of the plan. kept: those that were there, byte by byte.

    replaced: those of ``saved`` in whose place another content was. names: of every package, as it was asked for, or
    else as its metadata has it.
    """

    folder: Path
    saved: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    replaced: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()


def deliver(approved: Approved, folder: Path) -> Delivered:
    """Put the approved files into a folder, which is made where it is not there.

    A file of that name with the same bytes is kept as it is. One with other bytes is replaced, as pip does where it
    knows the hash: what lies there has not been checked (pip: operations/prepare.py, _check_download_dir).
    Raises DeliveryError where a file cannot be written, and IncompleteError where a staged file has changed since it
    was approved; until everything is written, no file has its name, and what was begun is deleted.
    """
    folder = Path(os.path.realpath(folder))
    wanted = list(_files(approved))
    saved: list[Path] = []
    kept: list[Path] = []
    replaced: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as begun:
            moves = []
            for file in wanted:
                place = folder / file.path.name
                if place.is_file() and _digest(place) == file.sha256:
                    kept.append(place)
                    continue
                if place.exists():
                    replaced.append(place)
                temporary = folder / f".{uuid.uuid4().hex}.part"
                begun.callback(temporary.unlink, missing_ok=True)
                _copy(file, temporary)
                moves.append((temporary, place))
            for temporary, place in moves:
                os.replace(temporary, place)
                saved.append(place)
    except OSError as error:
        done = f" Written before that: {', '.join(place.name for place in saved)}." if saved else ""
        raise DeliveryError(
            f"The files cannot be put into {folder}: {error.strerror or error}.{done}",
            "Free some space or mend the permissions, and run the same command again.",
        ) from error
    spelled = {root.name: root.spelling for root in approved.plan.roots}
    names = tuple(spelled.get(item.name) or item.metadata.name or item.name for item in approved.plan.install)
    return Delivered(folder, tuple(saved), tuple(kept), tuple(replaced), names)


def _files(approved: Approved) -> Iterator[StagedFile]:
    """The staged files of the plan, each name once. Raises DeliveryError for two files that share a name."""
    by_name: dict[str, StagedFile] = {}
    for item in approved.plan.install:
        file = approved.staged.files[item.name]
        other = by_name.setdefault(file.path.name, file)
        if other.sha256 != file.sha256:
            raise DeliveryError(
                f"The files of {other.name} and {file.name} are both called {file.path.name}. Nothing was written.",
                "Ask for them one by one, each with a folder of its own.",
            )
        if other is file:
            yield file


def _digest(path: Path) -> str:
    """The sha256 of a file, empty where it cannot be read; then it is replaced."""
    with suppress(OSError):
        return sha256_of(path)
    return ""


def _copy(file: StagedFile, temporary: Path) -> None:
    """Copy a staged file, with the rights that a new file has. Raises IncompleteError for other bytes."""
    digest = hashlib.sha256()
    with file.path.open("rb") as source, temporary.open("xb") as copy:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise IncompleteError(
            f"{file.path.name} has changed since it was approved. Nothing was written.",
            "Find out what writes into safe-pip's cache folder before you try again.",
        )
