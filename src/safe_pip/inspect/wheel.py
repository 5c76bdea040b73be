"""Wheels: their METADATA, read from the archive with limits and without unpacking it."""

from __future__ import annotations

import lzma
import os
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from email.parser import HeaderParser
from itertools import pairwise
from typing import IO, Literal

from packaging.utils import canonicalize_name

from safe_pip.inspect.core_metadata import parse_metadata
from safe_pip.model import CoreMetadata
from safe_pip.versions import parsed

LARGEST_METADATA = 10_000_000
MOST_ENTRIES = 500_000
# The directory of a zip is read at once, before its entries can be counted.
_LARGEST_DIRECTORY = 40_000_000
# zipfile unpacks these piece by piece; of the other ways a few hundred bytes can fill the memory at once.
_BOUNDED_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_METADATA_FOLDERS = (".dist-info", ".egg-info")
# By these pip counts what lies in an egg, or where a link leads, as installed.
_EGGS = (".egg", ".egg-link")
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the readers of archives raise for bytes that make no sense, or that they do not understand."""


class UnreadableArchive(Exception):
    """The archive cannot be read as what it claims to be; the message says why."""


def wheel_metadata(archive: IO[bytes], name: str, origin: Literal["range", "wheel"]) -> CoreMetadata:
    """The METADATA of a wheel, read. Raises as ``metadata_of`` does, and InvalidMetadata for what cannot be used."""
    return parse_metadata(metadata_of(archive, name), origin, what="METADATA")


def metadata_of(archive: IO[bytes], name: str) -> bytes:
    """The bytes of a wheel's METADATA.

    archive: the wheel, readable and seekable. name: the project that its file name gives.
    Raises UnreadableArchive where it is not a zip, has no one metadata folder of its own, holds a name that leads out
    of it (pip would stop half-way) or METADATA twice, in whatever spelling of its path (two readers could then see two
    things).
    Source: PyPA specification "Binary distribution format"; pip's utils/wheel.py.
    """
    with open_zip(archive) as zipped:
        return metadata_in(zipped, name)


def metadata_in(zipped: zipfile.ZipFile, name: str) -> bytes:
    """What ``metadata_of`` gives, of an archive that is open already."""
    entries = {entry: _normal(entry.filename) for entry in zipped.infolist()}
    for entry, place in entries.items():
        if place.startswith(("/", "../")) or place == "..":
            raise UnreadableArchive(f"it holds {entry.filename!a}, which leads out of its folder")
    folder = _metadata_folder(list(entries.values()), name)
    wanted = f"{folder}/METADATA"
    found = [entry for entry, place in entries.items() if place == wanted]
    if len(found) != 1:
        raise UnreadableArchive(f"{folder} holds {len(found)} files named METADATA")
    if found[0].filename != wanted:
        raise UnreadableArchive(f"its METADATA is listed as {found[0].filename!a}")
    return read_entry(zipped, found[0], LARGEST_METADATA)


def check_installable(archive: IO[bytes], name: str, version: str) -> None:
    """Find in a wheel, whose METADATA has been read, what would be installed otherwise than it says, or half-way.

    name, version: of METADATA. Raises UnreadableArchive where its folder, by which an installed version is known, is
    named for another one; where it brings the metadata of another package, which nobody has looked up; and where WHEEL
    is missing or of a later major version, at which pip stops.
    """
    with open_zip(archive) as zipped:
        check_installable_in(zipped, name, version)


def check_installable_in(zipped: zipfile.ZipFile, name: str, version: str) -> str:
    """What ``check_installable`` does, of an archive that is open already. The name of its metadata folder."""
    names = [_normal(entry.filename) for entry in zipped.infolist()]
    folder = _metadata_folder(names, name)
    stated, in_folder = parsed(version), parsed(folder.removesuffix(".dist-info").rpartition("-")[2])
    if stated is not None and in_folder is not None and stated != in_folder:
        raise UnreadableArchive(f"its metadata folder {folder} is not that of version {version}")
    for entry in names:
        if _brings_metadata(entry.lower().split("/")) and entry.split("/", 1)[0] != folder:
            raise UnreadableArchive(f"it brings the metadata of another package: {entry}")
    try:
        text = read_entry(zipped, zipped.getinfo(f"{folder}/WHEEL"), LARGEST_METADATA).decode("utf-8")
    except (KeyError, UnicodeDecodeError) as error:
        raise UnreadableArchive(f"{folder} holds no WHEEL that can be read") from error
    wheel_version = str(HeaderParser().parsestr(text, headersonly=True).get("Wheel-Version", "")).strip()
    if not re.fullmatch(r"1(\.\d{1,9})*", wheel_version):
        raise UnreadableArchive(f"its format is of version {wheel_version or 'unknown'}, and 1 can be read")
    return folder


def _normal(path: str) -> str:
    """``posixpath.normpath``, and quick for the paths that it would leave as they are, since wheels hold thousands."""
    if path and path[0] not in "./" and path[-1] != "/" and "/." not in path and "//" not in path:
        return path
    return posixpath.normpath(path)


def _brings_metadata(parts: list[str]) -> bool:
    """Whether an entry goes where the metadata of installed packages lies, by way of a .data folder or not."""
    known = (*_METADATA_FOLDERS, *_EGGS)
    if not parts[0].endswith(".data"):
        return parts[0].endswith(known)
    # All of these go to the environment's own folder, from which site-packages can be reached by its name.
    below = pairwise(parts)
    return any(name.endswith(known) for name in parts[2:3]) or any(
        above in ("site-packages", "dist-packages") and name.endswith(known) for above, name in below
    )


def check_added(paths: Collection[str], added: Collection[str]) -> None:
    """Find metadata of other packages where ``.pth`` files lead: pip counts them as installed.

    paths: of the wheel's files below site-packages. added: what its ``.pth`` files add. Raises UnreadableArchive.
    """
    for path in paths if added else ():
        parts = path.split("/")
        for end in range(1, len(parts)):
            if parts[end].lower().endswith((*_METADATA_FOLDERS, *_EGGS)) and "/".join(parts[:end]) in added:
                raise UnreadableArchive(f"it brings the metadata of another package: {path}")


@contextmanager
def open_zip(archive: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """A zip archive, its directory read. Raises UnreadableArchive, also for what goes wrong while it is open."""
    try:
        with zipfile.ZipFile(_Limited(archive)) as zipped:
            if len(zipped.infolist()) > MOST_ENTRIES:
                raise UnreadableArchive(f"it lists more than {MOST_ENTRIES:,} files")
            yield zipped
    except BROKEN as error:
        raise UnreadableArchive(f"it is not a zip archive that can be read: {error}") from error


def read_entry(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """The content of an entry. Raises UnreadableArchive where it is larger than the limit, whatever it says."""
    if entry.compress_type not in _BOUNDED_WAYS:
        raise UnreadableArchive(f"its {os.path.basename(entry.filename)} is packed in a way that wheels are not")
    data = b""
    if entry.file_size <= limit:
        with zipped.open(entry) as file:
            data = file.read(limit + 1)
    if entry.file_size > limit or len(data) > limit:
        raise UnreadableArchive(f"its {os.path.basename(entry.filename)} is larger than {limit:,} bytes")
    return data


class _Limited:
    """A file for the zip reader that never reads very much at once, whatever sizes the archive states."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(_LARGEST_DIRECTORY + 1 if size < 0 else min(size, _LARGEST_DIRECTORY + 1))
        if len(data) > _LARGEST_DIRECTORY:
            raise UnreadableArchive(f"its directory is larger than {_LARGEST_DIRECTORY:,} bytes")
        return data


def _metadata_folder(names: list[str], project: str) -> str:
    """The one ``.dist-info`` folder at the top, which must be the project's own."""
    folders = sorted({top for name in names if (top := name.split("/", 1)[0]).endswith(".dist-info")})
    if len(folders) != 1:
        raise UnreadableArchive(f"it has {len(folders)} .dist-info folders, where there must be one")
    if not _is_of(folders[0].removesuffix(".dist-info"), canonicalize_name(project)):
        raise UnreadableArchive(f"its metadata folder {folders[0]} is not that of {project}")
    return folders[0]


def _is_of(stem: str, project: str) -> bool:
    """Whether a metadata folder's name, which is ``name-version``, is that of a project; dashes may be unescaped."""
    pieces = stem.split("-")
    return any(
        canonicalize_name("-".join(pieces[:end])) == project and _is_version("-".join(pieces[end:]))
        for end in range(1, len(pieces))
    )


def _is_version(text: str) -> bool:
    """Whether a text is a version, or at least has no dash in it that could belong to a name."""
    return parsed(text) is not None or "-" not in text
