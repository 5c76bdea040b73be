"""Zip archives, read so that no other reader can see something else in them.

A zip has two accounts of what it holds: the directory at its end, and a header before each file. Readers go by the one
or the other, and look for the end in different ways. Here every byte has to be accounted for by both: files follow one
another from the first byte to the directory, and the directory reaches to the end. What is not so is told.
Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

from safe_pip.inspect.ambiguous import Ambiguous
from safe_pip.inspect.wheel import UnreadableArchive
from safe_pip.inspect.zip_directory import Directory, Entry
from safe_pip.inspect.zip_format import (
    DEFLATED,
    ENCRYPTED,
    FULL,
    HEADER,
    MASKED,
    STORED,
    STREAMED,
    STRONG,
    UTF8,
    extra_fields,
)

_PIECE = 1 << 18


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
        head = file.read(HEADER.size)
        if len(head) < HEADER.size or not head.startswith(b"PK\3\4"):
            raise Ambiguous("no header stands before it", entry.name)
        *_, name_length, extra_length = header = HEADER.unpack(head)
        rest = file.read(name_length + extra_length)
        begin = place + HEADER.size + len(rest)
        place = begin + entry.packed
        if place > after:
            raise Ambiguous("its files overlap", entry.name)
        _compare(entry, header, rest)
        if entry.flags & STREAMED:
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
    fields = extra_fields(rest[name_length:])
    if 0x7075 in fields and fields[0x7075][5:] != (entry.raw_name if flags & UTF8 else entry.name.encode()):
        raise Ambiguous("a field beside its name gives it another one", entry.name)
    if (flags ^ entry.flags) & (ENCRYPTED | STREAMED | UTF8 | STRONG | MASKED) or method != entry.method:
        raise Ambiguous("the header before it says that it is packed in another way", entry.name)
    if 1 in fields and len(fields[1]) >= 16 and FULL in (packed, size):
        large_size, large_packed = struct.unpack_from("<2Q", fields[1])
        size, packed = (large_size if size == FULL else size), (large_packed if packed == FULL else packed)
    stated, listed = (crc, packed, size), (entry.crc, entry.packed, entry.size)
    if entry.flags & STREAMED:
        if entry.method == STORED and entry.size:
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
    size, crc = 0, 0
    for piece in (_inflated if entry.method == DEFLATED else _packed)(file, entry):
        size += len(piece)
        if size > entry.size:
            raise Ambiguous("it unpacks to more than it says", entry.name)
        crc = zlib.crc32(piece, crc)
        yield piece
    if size != entry.size or crc != entry.crc:
        raise Ambiguous("it is not of the size or checksum that it says", entry.name)


def _packed(file: IO[bytes], entry: Entry) -> Iterator[bytes]:
    """The content of a file as it stands in the archive, in pieces."""
    left = entry.packed
    while left:
        data = file.read(min(left, _PIECE))
        if not data:
            raise UnreadableArchive("it ends too early")
        left -= len(data)
        yield data


def _inflated(file: IO[bytes], entry: Entry) -> Iterator[bytes]:
    """The content of a deflated file, in pieces of bounded size, so that a bomb is seen while it unpacks."""
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for data in _packed(file, entry):
            while data:
                piece = unpacking.decompress(data, 4 * _PIECE)
                data = unpacking.unconsumed_tail
                if unpacking.unused_data:
                    raise Ambiguous("more follows in it than it unpacks to", entry.name)
                yield piece
        while piece := unpacking.decompress(unpacking.unconsumed_tail, 4 * _PIECE):
            yield piece
    except zlib.error as error:
        raise Ambiguous(f"it cannot be unpacked: {error}", entry.name) from error
    if not unpacking.eof:
        raise Ambiguous("it ends in its middle", entry.name)
