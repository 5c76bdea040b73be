"""Archives written byte by byte, for what no tool would write."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterable
from typing import TypeVar

Result = TypeVar("Result")


def zipped(entries: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with these entries, in this order, also where a name comes twice."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in entries:
            info = zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6))
            info.compress_type = compression
            archive.writestr(info, data)
    return buffer.getvalue()


def in_directory(archive: bytes, name: str, offset: int, value: bytes) -> bytes:
    """A zip archive with other bytes in what its directory says of an entry; offset: from the record's beginning."""
    position = archive.index(b"PK\x01\x02")
    while archive[position + 46 :][: len(name)] != name.encode():
        position = archive.index(b"PK\x01\x02", position + 4)
    return archive[: position + offset] + value + archive[position + offset + len(value) :]


def claiming(archive: bytes, name: str, size: int) -> bytes:
    """A zip archive whose directory gives another unpacked size for an entry."""
    return in_directory(archive, name, 24, size.to_bytes(4, "little"))


def peak_of(work: Callable[[], Result]) -> tuple[Result, int]:
    """The result of some work, and the most bytes that Python held for it at once."""
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def member(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: object
) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar archive. kind: its type. fields: others of its header, such as linkname."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar archive with these members, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def stating(info: tarfile.TarInfo, size: int) -> bytes:
    """The header of a tar member that states a size which no tool would write, such as one below zero."""
    info.size = 0
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = (size % 2**96).to_bytes(12, "big")
    header[124] |= 0x80
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)
