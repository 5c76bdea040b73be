"""The directory at the end of a zip archive, which has to reach to the end and to be the only one.

Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5; CPython's Lib/zipfile.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from typing import IO, NamedTuple

from safe_pip.inspect.ambiguous import Ambiguous
from safe_pip.inspect.bounds import MOST_ENTRIES, most_unpacked
from safe_pip.inspect.names import LONGEST_NAME
from safe_pip.inspect.wheel import UnreadableArchive
from safe_pip.inspect.zip_format import (
    DEFLATED,
    ENCRYPTED,
    END,
    END64,
    FULL,
    LISTED,
    LOCATOR,
    MASKED,
    STORED,
    STREAMED,
    STRONG,
    UTF8,
    extra_fields,
)

_MOST_BYTES = 20_000_000_000
_LARGEST_DIRECTORY = 24_000_000
_LONGEST_COMMENT = 65_535
_SIGNATURE = re.compile(rb"PK[\1-\x08]")
# How well a file was packed is for information only.
_KNOWN_FLAGS = 0x6 | STREAMED | UTF8
_KINDS = {0x1000: "a pipe", 0x2000: "a device", 0x6000: "a device", 0xA000: "a symbolic link", 0xC000: "a socket"}


class Entry(NamedTuple):
    """One file of the directory. offset: of its header. packed, size: bytes, packed and not."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    extra: bytes

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, by its name."""
        return self.name.endswith("/")


class Directory(NamedTuple):
    """What a zip's directory lists, in its order. start: where it begins, in bytes."""

    entries: tuple[Entry, ...]
    start: int
    problems: tuple[tuple[str, str], ...]
    """What is wrong and leaves the files readable, each with the name it is about, empty for the archive itself."""


def read_directory(file: IO[bytes]) -> Directory:
    """The directory of a zip. Raises UnreadableArchive for what is none, and Ambiguous."""
    size = file.seek(0, 2)
    end, tail_start, tail = _find_end(file, size)
    _, disk, first_disk, here, count, length, start, commented = END.unpack_from(tail, end - tail_start)
    comment = tail[end - tail_start + END.size :]
    problems: list[tuple[str, str]] = []
    if commented != len(comment):
        raise Ambiguous("other data follows its end")
    if _SIGNATURE.search(comment):
        raise Ambiguous("its comment holds what a reader may take for another archive")
    limit = end
    large = _large(file, end)
    if large is not None:
        limit, *values = large
        for small, full, value in zip((count, length, start), (0xFFFF, FULL, FULL), values, strict=True):
            if small not in (full, value):
                raise Ambiguous("it gives two places for its directory")
        count, length, start = values
        here = count
    if disk or first_disk or here != count:
        raise Ambiguous("it says that it is one of several parts")
    if length > _LARGEST_DIRECTORY or count > MOST_ENTRIES:
        raise Ambiguous(f"it lists more than {MOST_ENTRIES:,} files, or says so much of them")
    if start + length != limit:
        raise Ambiguous("other data stands before it, or between its directory and its end")
    file.seek(start)
    entries = tuple(_listed(file.read(length), count, problems))
    total = sum(entry.size for entry in entries)
    if total > most_unpacked(size, _MOST_BYTES):
        raise Ambiguous(f"it says that it unpacks to {total:,} bytes, {total // max(size, 1):,} times its size")
    return Directory(entries, start, tuple(problems))


def _find_end(file: IO[bytes], size: int) -> tuple[int, int, bytes]:
    """Where the end record begins, as zipfile finds it; where the tail begins that was read for it; and the tail."""
    start = max(0, size - END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read(size - start)
    place = len(tail) - END.size
    if place >= 0 and tail.startswith(b"PK\5\6", place) and tail.endswith(b"\0\0"):
        return start + place, start, tail
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) - place < END.size:
        raise UnreadableArchive("it is not a zip archive: it has no end record")
    return start + place, start, tail


def _large(file: IO[bytes], end: int) -> tuple[int, int, int, int] | None:
    """Where the records of a large archive begin that stand before its end, with its count, length and start."""
    place = end - LOCATOR.size
    if place < 0:
        return None
    file.seek(place)
    signature, disk, offset, disks = LOCATOR.unpack(file.read(LOCATOR.size))
    if signature != b"PK\6\7":
        return None
    place -= END64.size
    if offset != place or disk or disks > 1:
        raise Ambiguous("it gives two places for its directory")
    file.seek(place)
    signature, rest, _, _, disk, first, here, count, length, start = END64.unpack(file.read(END64.size))
    if signature != b"PK\6\6" or rest != END64.size - 12 or disk or first or here != count:
        raise Ambiguous("the record of its directory is not what it should be")
    return place, count, length, start


def _listed(data: bytes, count: int, problems: list[tuple[str, str]]) -> Iterator[Entry]:
    place = 0
    for _ in range(count):
        if len(data) - place < LISTED.size:
            raise UnreadableArchive("its directory ends too early")
        record = LISTED.unpack_from(data, place)
        if record[0] != b"PK\1\2":
            raise UnreadableArchive("its directory is broken")
        flags, method, crc = record[5], record[6], record[9]
        packed, size, name_length, extra_length, comment_length, disk, _, attributes, offset = record[10:]
        place += LISTED.size
        raw_name = data[place : place + name_length]
        extra = data[place + name_length : place + name_length + extra_length]
        comment = data[place + name_length + extra_length :][:comment_length]
        place += name_length + extra_length + comment_length
        if place > len(data):
            raise UnreadableArchive("its directory ends too early")
        try:
            name = raw_name.decode("utf-8" if flags & UTF8 else "cp437")
        except UnicodeDecodeError:
            raise Ambiguous("it says that a name is UTF-8 which is not", ascii(raw_name)) from None
        if len(name) > LONGEST_NAME:
            raise Ambiguous(f"a name in it has more than {LONGEST_NAME:,} characters")
        fields = extra_fields(extra)
        if 1 in fields:
            packed, size, offset = _from_extra(fields[1], packed, size, offset, name)
        elif FULL in (packed, size, offset):
            raise Ambiguous("its size or place is not said", name)
        _check_names(name, raw_name, flags, fields, problems)
        if comment and _SIGNATURE.search(comment):
            problems.append((name, "its comment holds what a reader may take for another archive"))
        if disk:
            raise Ambiguous("it is said to lie in another part of the archive", name)
        if flags & (ENCRYPTED | STRONG | MASKED):
            raise Ambiguous("it is encrypted", name)
        if method not in (STORED, DEFLATED) or flags & ~_KNOWN_FLAGS:
            raise Ambiguous("it is packed in a way that not every reader knows", name)
        mode = attributes >> 16
        kind = _KINDS.get(mode & 0xF000)
        if kind:
            problems.append((name, f"it is {kind} for some programs, and a plain file for others"))
        if name.endswith("/") and (size or packed > 2):
            problems.append((name, "it is a folder that has content"))
        yield Entry(name, raw_name, flags, method, crc, packed, size, offset, mode, extra)
    if place != len(data):
        raise Ambiguous("its directory holds more than it counts")


def _from_extra(field: bytes, packed: int, size: int, offset: int, name: str) -> tuple[int, int, int]:
    """The sizes and the place of an entry, where those that are full stand in a field of their own (4.5.3)."""
    values = list(struct.unpack_from(f"<{min(len(field) // 8, 3)}Q", field))
    settled = []
    for value in (size, packed, offset):
        if value == FULL:
            if not values:
                raise Ambiguous("its size or place is not said", name)
            value = values.pop(0)
        elif values and values[0] == value:
            values.pop(0)
        settled.append(value)
    if values:
        raise Ambiguous("it gives two sizes or two places", name)
    return settled[1], settled[0], settled[2]


def _check_names(
    name: str, raw_name: bytes, flags: int, fields: dict[int, bytes], problems: list[tuple[str, str]]
) -> None:
    unicode_name = fields.get(0x7075, b"")[5:]
    if 0x7075 in fields and unicode_name != (raw_name if flags & UTF8 else name.encode()):
        raise Ambiguous("a field beside its name gives it another one", name)
    if not flags & UTF8 and not raw_name.isascii() and 0x7075 not in fields:
        problems.append((name, "its name is not ASCII, and it is not said what else"))


def compare_readers(directory: Directory, zipped: zipfile.ZipFile) -> None:
    """Whether the reader that pip uses sees the same. Raises Ambiguous."""
    ours = [(entry.name, entry.offset, entry.packed, entry.size, entry.crc) for entry in directory.entries]
    theirs = [
        (info.filename, info.header_offset, info.compress_size, info.file_size, info.CRC) for info in zipped.infolist()
    ]
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            raise Ambiguous(f"some programs take it for {other[0]!a}, or for another place or size", mine[0])
    if len(ours) != len(theirs):
        raise Ambiguous("some programs see more files in it than others")
