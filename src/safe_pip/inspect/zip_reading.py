"""Zip archives, read so that no other reader can see something else in them.

A zip has two accounts of what it holds: the directory at its end, and a header before each file. Readers go by the one
or the other, and look for the end in different ways. Here every byte has to be accounted for by both: files follow one
another from the first byte to the directory, and the directory reaches to the end. What is not so is told.
Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5; CPython's Lib/zipfile.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from safe_pip.inspect.bounds import most_unpacked
from safe_pip.inspect.names import LONGEST_NAME
from safe_pip.inspect.wheel import UnreadableArchive

MOST_ENTRIES = 100_000
MOST_BYTES = 20_000_000_000
PIECE = 1 << 18
_LARGEST_DIRECTORY = 24_000_000
_LONGEST_COMMENT = 65_535
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_LISTED = struct.Struct("<4s4B4HL2L5H2L")
_HEADER = struct.Struct("<4s5H3L2H")
_SIGNATURE = re.compile(rb"PK[\1-\x08]")
_FULL = 0xFFFFFFFF
_ENCRYPTED, _STREAMED, _UTF8, _STRONG, _MASKED = 0x1, 0x8, 0x800, 0x40, 0x2000
# How well a file was packed is for information only.
_KNOWN_FLAGS = 0x6 | _STREAMED | _UTF8
_STORED, _DEFLATED = 0, 8
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


class Ambiguous(UnreadableArchive):
    """Two readers of the archive would see two different things, or it would never end. name: of the file in it."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


def read_directory(file: IO[bytes]) -> Directory:
    """The directory of a zip. Raises UnreadableArchive for what is none, and Ambiguous."""
    size = file.seek(0, 2)
    end, tail_start, tail = _find_end(file, size)
    _, disk, first_disk, here, count, length, start, commented = _END.unpack_from(tail, end - tail_start)
    comment = tail[end - tail_start + _END.size :]
    problems: list[tuple[str, str]] = []
    if commented != len(comment):
        raise Ambiguous("other data follows its end")
    if _SIGNATURE.search(comment):
        raise Ambiguous("its comment holds what a reader may take for another archive")
    limit = end
    large = _large(file, end)
    if large is not None:
        limit, *values = large
        for small, full, value in zip((count, length, start), (0xFFFF, _FULL, _FULL), values, strict=True):
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
    if total > most_unpacked(size, MOST_BYTES):
        raise Ambiguous(f"it says that it unpacks to {total:,} bytes, {total // max(size, 1):,} times its size")
    return Directory(entries, start, tuple(problems))


def _find_end(file: IO[bytes], size: int) -> tuple[int, int, bytes]:
    """Where the end record begins, as zipfile finds it; where the tail begins that was read for it; and the tail."""
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read(size - start)
    place = len(tail) - _END.size
    if place >= 0 and tail.startswith(b"PK\5\6", place) and tail.endswith(b"\0\0"):
        return start + place, start, tail
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) - place < _END.size:
        raise UnreadableArchive("it is not a zip archive: it has no end record")
    return start + place, start, tail


def _large(file: IO[bytes], end: int) -> tuple[int, int, int, int] | None:
    """Where the records of a large archive begin that stand before its end, with its count, length and start."""
    place = end - _LOCATOR.size
    if place < 0:
        return None
    file.seek(place)
    signature, disk, offset, disks = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if signature != b"PK\6\7":
        return None
    place -= _END64.size
    if offset != place or disk or disks > 1:
        raise Ambiguous("it gives two places for its directory")
    file.seek(place)
    signature, rest, _, _, disk, first, here, count, length, start = _END64.unpack(file.read(_END64.size))
    if signature != b"PK\6\6" or rest != _END64.size - 12 or disk or first or here != count:
        raise Ambiguous("the record of its directory is not what it should be")
    return place, count, length, start


def _listed(data: bytes, count: int, problems: list[tuple[str, str]]) -> Iterator[Entry]:
    place = 0
    for _ in range(count):
        if len(data) - place < _LISTED.size:
            raise UnreadableArchive("its directory ends too early")
        record = _LISTED.unpack_from(data, place)
        if record[0] != b"PK\1\2":
            raise UnreadableArchive("its directory is broken")
        flags, method, crc = record[5], record[6], record[9]
        packed, size, name_length, extra_length, comment_length, disk, _, attributes, offset = record[10:]
        place += _LISTED.size
        raw_name = data[place : place + name_length]
        extra = data[place + name_length : place + name_length + extra_length]
        comment = data[place + name_length + extra_length :][:comment_length]
        place += name_length + extra_length + comment_length
        if place > len(data):
            raise UnreadableArchive("its directory ends too early")
        try:
            name = raw_name.decode("utf-8" if flags & _UTF8 else "cp437")
        except UnicodeDecodeError:
            raise Ambiguous("it says that a name is UTF-8 which is not", ascii(raw_name)) from None
        if len(name) > LONGEST_NAME:
            raise Ambiguous(f"a name in it has more than {LONGEST_NAME:,} characters")
        fields = _extra(extra)
        if 1 in fields:
            packed, size, offset = _from_extra(fields[1], packed, size, offset, name)
        elif _FULL in (packed, size, offset):
            raise Ambiguous("its size or place is not said", name)
        _check_names(name, raw_name, flags, fields, problems)
        if comment and _SIGNATURE.search(comment):
            problems.append((name, "its comment holds what a reader may take for another archive"))
        if disk:
            raise Ambiguous("it is said to lie in another part of the archive", name)
        if flags & (_ENCRYPTED | _STRONG | _MASKED):
            raise Ambiguous("it is encrypted", name)
        if method not in (_STORED, _DEFLATED) or flags & ~_KNOWN_FLAGS:
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


def _extra(data: bytes) -> dict[int, bytes]:
    """The extra fields of an entry by their numbers; what is no field ends them."""
    fields: dict[int, bytes] = {}
    while len(data) >= 4:
        number, length = struct.unpack_from("<HH", data)
        if length > len(data) - 4:
            break
        fields.setdefault(number, data[4 : 4 + length])
        data = data[4 + length :]
    return fields


def _from_extra(field: bytes, packed: int, size: int, offset: int, name: str) -> tuple[int, int, int]:
    """The sizes and the place of an entry, where those that are full stand in a field of their own (4.5.3)."""
    values = list(struct.unpack_from(f"<{min(len(field) // 8, 3)}Q", field))
    settled = []
    for value in (size, packed, offset):
        if value == _FULL:
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
    if 0x7075 in fields and unicode_name != (raw_name if flags & _UTF8 else name.encode()):
        raise Ambiguous("a field beside its name gives it another one", name)
    if not flags & _UTF8 and not raw_name.isascii() and 0x7075 not in fields:
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


def in_order(file: IO[bytes], directory: Directory) -> Iterator[tuple[Entry, int]]:
    """The files as they follow one another, each with where its content begins.

    Raises Ambiguous where what stands before a file's content does not agree with the directory, where files overlap
    (so that few bytes unpack to any number), or where there is something between them.
    """
    entries = sorted(directory.entries, key=lambda entry: entry.offset)
    place = 0
    for number, entry in enumerate(entries):
        after = entries[number + 1].offset if number + 1 < len(entries) else directory.start
        if entry.offset != place:
            more = entry.offset > place
            raise Ambiguous("there is data between its files" if more else "its files overlap", entry.name)
        file.seek(place)
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(b"PK\3\4"):
            raise Ambiguous("no header stands before it", entry.name)
        *_, name_length, extra_length = header = _HEADER.unpack(head)
        rest = file.read(name_length + extra_length)
        begin = place + _HEADER.size + len(rest)
        place = begin + entry.packed
        if place > after:
            raise Ambiguous("its files overlap", entry.name)
        _compare(entry, header, rest)
        if entry.flags & _STREAMED:
            place += _descriptor(file, place, after - place, entry)
        yield entry, begin
    if place != directory.start:
        raise Ambiguous("there is data between its files and its directory")


def _compare(entry: Entry, header: tuple[int, ...], rest: bytes) -> None:
    """Compare the header before a file with what the directory says. Raises Ambiguous."""
    _, _, flags, method, _, _, crc, packed, size, name_length, _ = header
    if rest[:name_length] != entry.raw_name:
        other = rest[:name_length].decode("utf-8", "replace")
        raise Ambiguous(f"the header before it calls it {other!a}", entry.name)
    fields = _extra(rest[name_length:])
    if 0x7075 in fields and fields[0x7075][5:] != (entry.raw_name if flags & _UTF8 else entry.name.encode()):
        raise Ambiguous("a field beside its name gives it another one", entry.name)
    if (flags ^ entry.flags) & (_ENCRYPTED | _STREAMED | _UTF8 | _STRONG | _MASKED) or method != entry.method:
        raise Ambiguous("the header before it says that it is packed in another way", entry.name)
    if 1 in fields and len(fields[1]) >= 16 and _FULL in (packed, size):
        large_size, large_packed = struct.unpack_from("<2Q", fields[1])
        size, packed = (large_size if size == _FULL else size), (large_packed if packed == _FULL else packed)
    stated, listed = (crc, packed, size), (entry.crc, entry.packed, entry.size)
    if entry.flags & _STREAMED:
        if entry.method == _STORED and entry.size:
            raise Ambiguous("its length is not said before it, and nothing in it shows where it ends", entry.name)
        agree = all(left in (0, right) for left, right in zip(stated, listed, strict=True))
    else:
        agree = stated == listed
    if not agree:
        raise Ambiguous("the header before it gives another size or checksum", entry.name)


def _descriptor(file: IO[bytes], place: int, room: int, entry: Entry) -> int:
    """The bytes of what follows a file that was written without knowing its size. Raises Ambiguous."""
    if room not in (12, 16, 20, 24):
        raise Ambiguous("there is data between its files", entry.name)
    file.seek(place)
    data = file.read(room)
    if room in (16, 24):
        if not data.startswith(b"PK\7\x08"):
            raise Ambiguous("what follows it is not its size and checksum", entry.name)
        data = data[4:]
    if struct.unpack("<3L" if len(data) == 12 else "<L2Q", data) != (entry.crc, entry.packed, entry.size):
        raise Ambiguous("what follows it gives another size or checksum", entry.name)
    return room


def content(file: IO[bytes], entry: Entry, begin: int) -> Iterator[bytes]:
    """The content of a file, in pieces that are never large. Raises Ambiguous where it is not what was said of it."""
    file.seek(begin)
    left, size, crc = entry.packed, 0, 0
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
    while left:
        data = file.read(min(left, PIECE))
        if not data:
            raise UnreadableArchive("it ends too early")
        left -= len(data)
        while data:
            piece = data
            if unpacking is None:
                data = b""
            else:
                try:
                    piece = unpacking.decompress(data, 4 * PIECE)
                except zlib.error as error:
                    raise Ambiguous(f"it cannot be unpacked: {error}", entry.name) from error
                data = unpacking.unconsumed_tail
                if unpacking.unused_data:
                    raise Ambiguous("more follows in it than it unpacks to", entry.name)
            size += len(piece)
            if size > entry.size:
                raise Ambiguous("it unpacks to more than it says", entry.name)
            crc = zlib.crc32(piece, crc)
            yield piece
    if unpacking is not None:
        for piece in _rest(unpacking, entry):
            size += len(piece)
            if size > entry.size:
                raise Ambiguous("it unpacks to more than it says", entry.name)
            crc = zlib.crc32(piece, crc)
            yield piece
        if not unpacking.eof:
            raise Ambiguous("it ends in its middle", entry.name)
    if size != entry.size or crc != entry.crc:
        raise Ambiguous("it is not of the size or checksum that it says", entry.name)


def _rest(unpacking: zlib._Decompress, entry: Entry) -> Iterator[bytes]:
    """What has been read and not yet been given out."""
    while True:
        try:
            piece = unpacking.decompress(unpacking.unconsumed_tail, 4 * PIECE)
        except zlib.error as error:
            raise Ambiguous(f"it cannot be unpacked: {error}", entry.name) from error
        if not piece:
            return
        yield piece
