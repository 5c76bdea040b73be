"""Collections of OSV records on this machine: a zip in the bulk export's layout, a folder, or one file."""

from __future__ import annotations

import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn

from safe_pip.advisories.record import BadRecord, Record, parse_record
from safe_pip.advisories.stored import Unreadable
from safe_pip.errors import AdvisoryError

_MOST_ENTRIES = 2_000_000
_LARGEST_RECORD = 20_000_000
_MOST_BYTES = 20_000_000_000
_MOST_INFLATED = 200
_HARMLESS_BYTES = 100_000_000
"""A zip may unpack to so many times its own size (OSV's records: to about five times), and always to so many bytes."""

# What reading a damaged zip can raise, by what is damaged: its directory, its data, its names.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    OSError,
    ValueError,
)


def read_collection(path: Path, name: str | None = None) -> Iterator[Record | Unreadable]:
    """The records of a zip, folder or file; a record that cannot be read is told as Unreadable, and the others follow.

    name: what to call it, if not by its path. Raises AdvisoryError where the collection itself cannot be read.
    """
    name = name or str(path)
    if path.is_dir():
        for file in _json_files(path):
            yield _read(str(file), _content(file))
    elif zipfile.is_zipfile(path):
        yield from _from_zip(path, name)
    elif path.suffix.lower() == ".json":
        yield _read(path.name, _content(path))
    else:
        raise AdvisoryError(
            f"{name} is neither a zip archive, nor a folder, nor a .json file of OSV records.",
            "Give a zip in the layout of OSV's bulk export, a folder of records, or one record.",
        )


def collection_date(path: Path) -> datetime | None:
    """When a collection was made, in UTC: the newest time of a zip's entries, else of the files on disk.

    None where no time can be had. A zip's times carry no zone and are taken as UTC.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                newest = max((entry.date_time for entry in archive.infolist()), default=None)
        except _DAMAGED:
            newest = None
        # 1980 is what archivers write that want no time in the archive.
        if newest is not None and newest[0] > 1980:
            try:
                return datetime(*newest, tzinfo=timezone.utc)
            except ValueError:
                pass
    times = [_modified(file) for file in (_json_files(path) if path.is_dir() else [path])]
    newest_time = max((time for time in times if time is not None), default=None)
    return None if newest_time is None else datetime.fromtimestamp(newest_time, timezone.utc)


def fingerprint(path: Path) -> str:
    """What tells one state of a collection from another: a digest of a file's bytes, or of a folder's listing."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in _json_files(path):
            status = file.stat()
            digest.update(os.fsencode(file) + f"\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    else:
        with path.open("rb") as opened:
            while chunk := opened.read(1024 * 1024):
                digest.update(chunk)
    return digest.hexdigest()


def _json_files(folder: Path) -> list[Path]:
    """The records of a folder, sorted. Raises AdvisoryError where a part of it cannot be read."""

    def fail(error: OSError) -> NoReturn:
        raise _unreadable(error.filename or folder, error) from error

    found = []
    for parent, folders, files in os.walk(folder, onerror=fail):
        folders.sort()
        found += [Path(parent) / name for name in sorted(files) if name.lower().endswith(".json")]
    return found


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise OSError(0, "it is not a file")
        with path.open("rb") as file:
            return file.read(_LARGEST_RECORD + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: object, error: OSError) -> AdvisoryError:
    return AdvisoryError(f"{path} cannot be read: {error.strerror or error}.", "Check the path and its permissions.")


def _from_zip(path: Path, name: str) -> Iterator[Record | Unreadable]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".json")]
            unpacked = sum(entry.file_size for entry in entries)
            most = min(_MOST_BYTES, max(_HARMLESS_BYTES, path.stat().st_size * _MOST_INFLATED))
            if len(entries) > _MOST_ENTRIES or unpacked > most:
                raise AdvisoryError(
                    f"{name} unpacks to more than is reasonable: {len(entries):,} files, {unpacked:,} bytes.",
                    "Check where it came from.",
                )
            for entry in entries:
                with archive.open(entry) as file:
                    yield _read(entry.filename, file.read(_LARGEST_RECORD + 1))
    except _DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise AdvisoryError(f"{name} is not a zip archive that can be read: {reason}.", "Fetch it again.") from error


def _read(place: str, data: bytes) -> Record | Unreadable:
    place = place.encode("utf-8", "replace").decode("utf-8")
    if len(data) > _LARGEST_RECORD:
        return Unreadable(place, f"it is larger than {_LARGEST_RECORD:,} bytes")
    try:
        return parse_record(data)
    except BadRecord as error:
        return Unreadable(place, str(error), error.packages)
