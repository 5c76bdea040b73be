"""Source archives: a tar in its packing, read so that no other reader can see something else in it.

tar has grown by additions that not every reader knows: other places for long names and sizes, sparse files, headers for
all that follows. What makes two readers see two things is told; what everybody agrees on is taken.
Source: POSIX.1-2024, pax; the GNU tar manual, "Basic Tar Format"; CPython's Lib/tarfile.py.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, Protocol

from safe_pip.inspect.ambiguous import Ambiguous
from safe_pip.inspect.bounds import MOST_ENTRIES, most_unpacked
from safe_pip.inspect.wheel import UnreadableArchive

_BLOCK = 512
_PIECE = 1 << 16
_LARGEST_PIECE = 1 << 20
_LARGEST_HEADER = 100_000
MOST_BYTES = 4_000_000_000
_MAY_NOT = {
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    b"S": "a file with holes",
    b"7": "a file of its own kind",
}
# Where a header has its mode, owner, group, time and device.
_OTHER_NUMBERS = ((100, 108), (108, 116), (116, 124), (136, 148), (329, 337), (337, 345))
# What a header in pax's way may say that changes nothing of what is unpacked, or only its times and owners.
_HARMLESS_KEYS = (
    "atime", "ctime", "mtime", "comment", "uid", "gid", "uname", "gname", "charset", "hdrcharset",
    "SCHILY.", "LIBARCHIVE.", "APPLE.", "com.apple.", "MSWINDOWS.", "RHT.",
)  # fmt: skip


class Member(NamedTuple):
    """Something in a tar. kind: ``file``, ``folder``, ``link`` (to another path) or ``again`` (another name of a file).

    size: bytes. target: what a link leads to.
    """

    name: str
    kind: str
    size: int
    target: str = ""


class _Unpacking(Protocol):
    """What the unpackers of bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's way to unpack gzip, with the same words."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=100_000_000)


_PACKINGS: tuple[tuple[bytes, Callable[[], _Unpacking]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ", _xz),
    (b"]\0\0", _xz),
)


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of the tar in its packing, in pieces. Raises Ambiguous for a second archive, or data, behind the first.

    Of several gzip archives in a row some programs read all, and others the first one.
    """
    size = file.seek(0, 2)
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    most = most_unpacked(size, MOST_BYTES)
    packing = next((packing for magic, packing in _PACKINGS if start.startswith(magic)), None)
    if packing is None:
        yield from iter(lambda: file.read(_PIECE), b"")
        return
    unpacking = packing()
    total = 0
    while not unpacking.eof:
        data = file.read(_PIECE) if unpacking.needs_input else b""
        try:
            piece = unpacking.decompress(data, _LARGEST_PIECE)
        except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
            raise UnreadableArchive(f"it cannot be unpacked: {error}") from error
        total += len(piece)
        if total > most:
            raise Ambiguous(f"it unpacks to more than {most:,} bytes, {most // max(size, 1):,} times its size")
        if piece:
            yield piece
        elif not data and unpacking.needs_input:
            raise UnreadableArchive("it ends too early")
    after = unpacking.unused_data
    while after:
        if after.strip(b"\0"):
            raise Ambiguous("more follows on the archive, which some programs read and others do not")
        after = file.read(_PIECE)


class _Blocks:
    """The bytes of a tar, asked for in numbers."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        parts = [self._held]
        held = len(self._held)
        while held < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece)
            held += len(piece)
        data = b"".join(parts)
        self._held = data[size:]
        return data[:size]

    def stream(self, size: int) -> Iterator[bytes]:
        """So many bytes in pieces. Raises UnreadableArchive where there are fewer."""
        while size:
            piece = self.read(min(size, _PIECE))
            if not piece:
                raise UnreadableArchive("it ends too early")
            size -= len(piece)
            yield piece

    def rest(self) -> Iterator[bytes]:
        """Everything else."""
        yield from iter(lambda: self.read(_PIECE), b"")


def members(file: IO[bytes]) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """What a tar holds, each with its content, which is to be read before the next is asked for, or not at all.

    Raises UnreadableArchive, and Ambiguous where two readers would see two things.
    """
    blocks = _Blocks(_unpacked(file))
    long: dict[bytes, str] = {}
    pax: dict[str, str] = {}
    pending = False
    count = 0
    while True:
        head = blocks.read(_BLOCK)
        if head.count(0) == len(head):
            _check_end(head, blocks)
            if pending:
                raise Ambiguous("it ends with a header that belongs to nothing")
            return
        if len(head) < _BLOCK:
            raise UnreadableArchive("it ends too early")
        count += 1
        if count > MOST_ENTRIES:
            raise Ambiguous(f"it lists more than {MOST_ENTRIES:,} files")
        kind, size = head[156:157], _header_size(head)
        if kind in (b"L", b"K", b"x", b"g"):
            data, filling = _header_content(blocks, size)
            pending = True
            if kind == b"g":
                # Of all that follows: git notes its commit in it. Anything that decides would be seen by some only.
                _check_keys(_pax(data), f"{kind!a}", ())
            elif kind == b"x":
                if pax:
                    raise Ambiguous("two headers of one kind stand before one file")
                pax = _pax(data)
            else:
                if kind in long:
                    raise Ambiguous("two headers of one kind stand before one file")
                if b"\0" not in data and filling.strip(b"\0"):
                    raise Ambiguous("a long name in it has no end")
                long[kind] = _text(data.split(b"\0", 1)[0])
            continue
        member = _member(head, kind, size, long, pax)
        long, pax, pending = {}, {}, False
        body = blocks.stream(member.size)
        yield member, body
        for _ in body:
            pass
        padding = -member.size % _BLOCK
        if len(blocks.read(padding)) != padding:
            raise UnreadableArchive("it ends too early")


def _check_end(head: bytes, blocks: _Blocks) -> None:
    """A tar ends with two blocks of zeros; what comes after them is read by some programs, if told to."""
    if not head:
        return  # tarfile and GNU tar take the end of the file for the end of the archive
    for piece in blocks.rest():
        if piece.count(0) != len(piece):
            raise Ambiguous("more follows on its end mark, which some programs read and others do not")


def _header_content(blocks: _Blocks, size: int) -> tuple[bytes, bytes]:
    """The content of a header, and what fills its last block."""
    if size > _LARGEST_HEADER:
        raise Ambiguous(f"it has a header larger than {_LARGEST_HEADER:,} bytes")
    data = blocks.read(size + -size % _BLOCK)
    if len(data) % _BLOCK or len(data) < size:
        raise UnreadableArchive("it ends too early")
    return data[:size], data[size:]


def _member(head: bytes, kind: bytes, size: int, long: dict[bytes, str], pax: dict[str, str]) -> Member:
    name = _text(head[:100].split(b"\0", 1)[0])
    magic, prefix = head[257:263], head[345:500].split(b"\0", 1)[0]
    if prefix and magic == b"ustar\0":
        name = f"{_text(prefix)}/{name}"
    elif prefix:
        raise Ambiguous("its name has a second part, which some programs do not know", name)
    target = _text(head[157:257].split(b"\0", 1)[0])
    _check_keys(pax, name, ("path", "linkpath", "size"))
    if (b"L" in long and "path" in pax) or (b"K" in long and "linkpath" in pax):
        raise Ambiguous("two headers give it a name", name)
    name = pax.get("path", long.get(b"L", name))
    target = pax.get("linkpath", long.get(b"K", target))
    if "size" in pax and pax["size"] != str(size):
        raise Ambiguous("two headers give it two sizes", name)
    if kind in _MAY_NOT:
        raise Ambiguous(f"it is {_MAY_NOT[kind]}", name)
    if kind in (b"0", b"\0"):
        # Before there were kinds, a slash at the end made a folder.
        return Member(name, "folder" if name.endswith("/") and not size else "file", size)
    if kind == b"5":
        if size:
            raise Ambiguous("it is a folder that has content", name)
        return Member(name, "folder", 0)
    if kind in (b"1", b"2"):
        if size:
            raise Ambiguous("it is a link that has content", name)
        return Member(name, "again" if kind == b"1" else "link", 0, target)
    raise Ambiguous(f"it is of a kind that not every program knows ({kind!a})", name)


def _check_keys(pax: dict[str, str], name: str, more: tuple[str, ...]) -> None:
    for key in pax:
        if key not in more and not key.startswith(_HARMLESS_KEYS):
            raise Ambiguous(f"a header says {key!a} of it, which not every program knows", name)


def _pax(data: bytes) -> dict[str, str]:
    """The records of a header in pax's way: a length, a key and a value each. Raises Ambiguous."""
    found: dict[str, str] = {}
    while data.strip(b"\0"):
        digits, space, _ = data[:20].partition(b" ")
        if not space or not digits.isdigit() or digits.startswith(b"0"):
            raise Ambiguous("a header of it is broken")
        length = int(digits)
        record = data[len(digits) + 1 : length]
        key, equals, value = record.partition(b"=")
        if length > len(data) or not equals or not record.endswith(b"\n"):
            raise Ambiguous("a header of it is broken")
        name = _text(key)
        if name in found:
            raise Ambiguous(f"a header gives {name!a} twice")
        found[name] = _text(value[:-1])
        if "\0" in found[name] and name in ("path", "linkpath", "size"):
            raise Ambiguous("a header gives a name with a NUL in it")
        data = data[length:]
    return found


def _header_size(head: bytes) -> int:
    """The size that a header gives, its checksum checked. Raises Ambiguous, UnreadableArchive."""
    stated = _number(head[148:156])
    summed = sum(head) - sum(head[148:156]) + 8 * ord(" ")
    if stated != summed:
        raise UnreadableArchive("it is not a tar archive that can be read: a checksum in it is wrong")
    size = _number(head[124:136])
    if size is None:
        raise Ambiguous("a size in it is no number")
    # Where one of the others is none, tarfile takes the header for the end of the archive, and says nothing.
    if any(head[start] not in (0x80, 0xFF) and _number(head[start:end]) is None for start, end in _OTHER_NUMBERS):
        raise Ambiguous("a header of it is broken")
    return size


def _number(field: bytes) -> int | None:
    """A number in octal digits, or in GNU tar's way, as all the other bits of the field."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip(b" ")
    if digits.strip(b"01234567"):
        return None
    return int(digits, 8) if digits else 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
