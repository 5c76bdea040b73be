"""Wheels that no tool would write, byte by byte: every field of every header can be told otherwise.

What is refused is refused for the reason that stands beside it; what is harmless passes without a word.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from fakes import metadata_text

INFO = "foo-1.0.dist-info"
WHEEL = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class Hostile(NamedTuple):
    """An archive. why: a part of the reason for which it is refused; empty where it is harmless."""

    name: str
    data: bytes
    why: str = ""


@dataclass
class Part:
    """One file of a zip. local, listed: fields of the two headers that say something else than the truth.

    before: bytes in front of its header. after: bytes behind its content, such as a descriptor.
    """

    name: str | bytes
    data: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    packed: bytes | None = None
    local: dict[str, object] = field(default_factory=dict)
    listed: dict[str, object] = field(default_factory=dict)
    before: bytes = b""
    after: bytes = b""
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""

    @property
    def raw_name(self) -> bytes:
        """The name in bytes."""
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def content(self) -> bytes:
        """The content as it is packed."""
        if self.packed is not None:
            return self.packed
        if self.method == 0:
            return self.data
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        return packer.compress(self.data) + packer.flush()


def recorded(parts: list[Part]) -> Part:
    """A RECORD of all parts, as they truly are."""
    lines = "".join(
        f"{part.raw_name.decode('utf-8', 'replace')},"
        f"sha256={base64.urlsafe_b64encode(hashlib.sha256(part.data).digest()).rstrip(b'=').decode()},{len(part.data)}\n"
        for part in parts
        if not part.raw_name.endswith(b"/") and b"," not in part.raw_name
    )
    return Part(f"{INFO}/RECORD", f"{lines}{INFO}/RECORD,,\n".encode())


def wheel_of(*parts: Part) -> list[Part]:
    """The parts of a wheel that would be sound without those given."""
    own = [
        Part("foo/__init__.py", b"x = 1\n"),
        *parts,
        Part(f"{INFO}/METADATA", metadata_text("foo", "1.0")),
        Part(f"{INFO}/WHEEL", WHEEL),
    ]
    return [*own, recorded(own)]


def written(
    parts: list[Part],
    *,
    prefix: bytes = b"",
    gap: bytes = b"",
    end: dict[str, int] | None = None,
    comment: bytes = b"",
    suffix: bytes = b"",
    large: bytes | None = None,
    behind_directory: bytes = b"",
) -> bytes:
    """A zip. gap: before the directory. end: fields of the end record that say something else.

    large: what stands between directory and end, with {start}, {length} and {count} of the directory if it is b"".
    """
    body, directory = prefix, b""
    for part in parts:
        body += part.before
        offset = len(body)
        content = part.content
        truth: dict[str, object] = {
            "name": part.raw_name,
            "flags": part.flags,
            "method": part.method,
            "crc": zlib.crc32(part.data),
            "packed": len(content),
            "size": len(part.data),
        }
        local = truth | part.local
        name = local["name"]
        assert isinstance(name, bytes)
        body += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, local["flags"], local["method"], 0, 33,
            local["crc"], local["packed"], local["size"], len(name), len(part.local_extra),
        )  # fmt: skip
        body += name + part.local_extra + content + part.after
        listed = truth | {"offset": offset, "disk": 0} | part.listed
        name = listed["name"]
        assert isinstance(name, bytes)
        directory += struct.pack(
            "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, listed["flags"], listed["method"], 0, 33,
            listed["crc"], listed["packed"], listed["size"], len(name), len(part.extra), len(part.comment),
            listed["disk"], 0, part.mode << 16, listed["offset"],
        )  # fmt: skip
        directory += name + part.extra + part.comment
    body += gap
    start, length = len(body), len(directory)
    fields = {"disk": 0, "first": 0, "here": len(parts), "count": len(parts), "length": length, "start": start}
    fields |= {"comment": len(comment)} | (end or {})
    body += directory + behind_directory
    if large is not None:
        place = len(body)
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, len(parts), len(parts), length, start)
        body += large or record + struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    body += struct.pack(
        "<4s4H2LH", b"PK\5\6", fields["disk"], fields["first"], fields["here"], fields["count"],
        fields["length"], fields["start"], fields["comment"],
    )  # fmt: skip
    return body + comment + suffix


def descriptor(part: Part, *, signed: bool = True, crc: int | None = None) -> Part:
    """The part as a tool writes it that does not know its size beforehand."""
    part.flags |= 8
    part.local = {"crc": 0, "packed": 0, "size": 0} | part.local
    values = struct.pack("<3L", zlib.crc32(part.data) if crc is None else crc, len(part.content), len(part.data))
    part.after = (b"PK\7\x08" if signed else b"") + values
    return part


def unicode_name(name: bytes, other: str) -> bytes:
    """The extra field that gives a file another name."""
    content = struct.pack("<BL", 1, zlib.crc32(name)) + other.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


def large_field(*values: int) -> bytes:
    """The extra field for large numbers."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


EVIL = Part("foo/evil.py", b"evil = 1\n")


def _named(what: str, name: str | bytes, why: str, **more: object) -> Hostile:
    return Hostile(what, written(wheel_of(Part(name, b"x\n", flags=0x800, **more))), why)  # type: ignore[arg-type]


def _names() -> Iterator[Hostile]:
    yield _named("an absolute path", "/etc/foo.py", "absolute")
    yield _named("a way out", "../foo.py", "leads out")
    yield _named("a way out from within", "foo/../../foo.py", "leads out")
    yield _named("a way out and back", "foo/../foo/x.py", "leads out")
    yield _named("a way out by backslashes", "..\\foo.py", "backslash")
    yield _named("a backslash", "foo\\x.py", "backslash")
    yield _named("a share of Windows", "\\\\host\\share\\foo.py", "backslash")
    yield _named("a share of Windows in slashes", "//host/share/foo.py", "absolute")
    yield _named("a drive letter", "C:/foo.py", "drive letter")
    yield _named("a drive letter without slash", "C:foo.py", "drive letter")
    yield _named("a nested drive letter", "foo/C:/x.py", "colon")
    yield _named("a stream of another file", "foo/__init__.py:evil", "colon")
    yield _named("a NUL", b"foo/x.py\0.txt", "NUL")
    yield _named("a line break", "foo/x\n.py", "control")
    yield _named("an escape sequence", "foo/\x1b[2Jx.py", "control")
    yield _named("letters that change direction", "foo/\u202eyp.x", "control")
    yield _named("a dot at the end", "foo/x.py.", "dot or a space")
    yield _named("a space at the end", "foo /x.py", "dot or a space")
    yield _named("a device", "foo/aux.py", "device")
    yield _named("a device without extension", "foo/NUL", "device")
    yield _named("no name", "", "empty")
    yield _named("a very long name", "foo/" + "x" * 300 + ".py", "more than 255")
    yield _named("a path of thousands of folders", "x/" * 3_000 + "x.py", "more than 4,096")
    yield _named("a doubled slash", "foo//__init__.py", "shorter")
    yield _named("a dot in the middle", "foo/./__init__.py", "shorter")
    yield _named("a name there twice", "foo/__init__.py", "twice")
    yield _named("a name there twice in capitals", "foo/__INIT__.py", "capitals")
    yield Hostile(
        "a name there twice in two spellings",
        written(wheel_of(Part("foo/é.py", b"", flags=0x800), Part("foo/e\u0301.py", b"", flags=0x800))),
        "two spellings",
    )
    yield _named("a file that is a folder too", "foo/__init__.py/x.py", "a file")
    yield _named("a folder with content", "foo/more/", "has content")
    yield _named("a symbolic link", "foo/link", "symbolic link", mode=0o120777)
    yield _named("a device file", "foo/device", "a device", mode=0o020666)
    yield _named("a pipe", "foo/pipe", "a pipe", mode=0o010666)
    yield Hostile("a name of no encoding", written(wheel_of(Part(b"foo/\xe9.py", b""))), "not ASCII")
    yield Hostile("UTF-8 that is none", written(wheel_of(Part(b"foo/\xff.py", b"", flags=0x800))), "UTF-8")
    yield Hostile(
        "another name in the directory's extra field",
        written(wheel_of(Part("foo/a.py", b"", extra=unicode_name(b"foo/a.py", "foo/b.py")))),
        "another one",
    )
    yield Hostile(
        "another name in the header's extra field",
        written(wheel_of(Part("foo/a.py", b"", local_extra=unicode_name(b"foo/a.py", "foo/b.py")))),
        "another one",
    )


def _two_accounts() -> Iterator[Hostile]:
    def differing(what: str, why: str = "another size or checksum", **local: object) -> Hostile:
        return Hostile(what, written(wheel_of(Part("foo/a.py", b"a = 1\n", local=local))), why)

    yield differing("another name before the file", "calls it", name=b"foo/b.py")
    yield differing("another size before the file", size=5)
    yield differing("another packed size before the file", packed=5)
    yield differing("another checksum before the file", crc=5)
    yield differing("another way of packing before the file", "another way", method=0)
    yield differing("encrypted by the header only", "another way", flags=1)
    yield differing("UTF-8 by the header only", "another way", flags=0x800)
    yield Hostile("encrypted", written(wheel_of(Part("foo/a.py", b"a", flags=1))), "encrypted")
    yield Hostile("a patch", written(wheel_of(Part("foo/a.py", b"a", flags=0x20))), "not every reader")
    folder = Part("foo/x/", b"", packed=b"\x63\x00")
    yield Hostile("a folder whose content cannot be unpacked", written(wheel_of(folder)), "more than it says")
    yield Hostile("masked", written(wheel_of(Part("foo/a.py", b"a", flags=0x2000))), "encrypted")
    for method, name in ((12, "bzip2"), (14, "lzma"), (9, "deflate64"), (93, "zstd"), (99, "AES")):
        yield Hostile(f"packed by {name}", written(wheel_of(Part("foo/a.py", b"a", method=method))), "not every reader")
    yield Hostile("no header", written(wheel_of(Part("foo/a.py", b"a", listed={"offset": 3}))), "overlap")
    yield Hostile(
        "a place beyond the end", written(wheel_of(Part("foo/a.py", b"a", listed={"offset": 2**31}))), "files"
    )
    yield Hostile("another part", written(wheel_of(Part("foo/a.py", b"a", listed={"disk": 3}))), "another part")
    hidden = written([Part("foo/hidden.py", b"evil = 1\n")])[: 30 + len("foo/hidden.py") + 11]
    yield Hostile("a file between files", written(wheel_of(Part("foo/a.py", b"a", before=hidden))), "between")
    yield Hostile("a file before the directory", written(wheel_of(), gap=hidden), "between")
    yield Hostile("data after a file", written(wheel_of(Part("foo/a.py", b"a", after=b"more"))), "between")
    one = Part("foo/a.py", b"a = 1\n")
    twice = Part("foo/b.py", b"a = 1\n", listed={"offset": 0})
    yield Hostile("files that overlap", written(wheel_of(one, twice)), "overlap")
    stated = Part("foo/a.py", b"a" * 9, listed={"size": 5}, local={"size": 5})
    yield Hostile("more than it says", written(wheel_of(stated)), "more than it says")
    stated = Part("foo/a.py", b"a", listed={"size": 500}, local={"size": 500})
    yield Hostile("less than it says", written(wheel_of(stated)), "size or checksum")
    stated = Part("foo/a.py", b"abc", listed={"crc": 5}, local={"crc": 5})
    yield Hostile("a wrong checksum", written(wheel_of(stated)), "checksum")
    behind = Part("foo/a.py", b"abc", packed=Part("x", b"abc").content + b"hidden")
    yield Hostile("data behind what is packed", written(wheel_of(behind)), "more follows")
    cut = Part("foo/a.py", b"abc" * 50, packed=Part("x", b"abc" * 50).content[:-3])
    yield Hostile("packed data that ends in its middle", written(wheel_of(cut)), "middle")
    broken = Part("foo/a.py", b"abc", packed=b"\xff\xff\xff\xff")
    yield Hostile("packed data that is none", written(wheel_of(broken)), "unpacked")
    streamed = descriptor(Part("foo/a.py", b"abc"), crc=7)
    yield Hostile("another checksum after the file", written(wheel_of(streamed)), "what follows it")
    streamed = descriptor(Part("foo/a.py", b"abc", method=0))
    yield Hostile("stored, of a length said only afterwards", written(wheel_of(streamed)), "where it ends")
    yield Hostile(
        "two sizes by the field for large ones",
        written(wheel_of(Part("foo/a.py", b"abc", extra=large_field(7)))),
        "two sizes",
    )
    missing = Part("foo/a.py", b"abc", listed={"size": 0xFFFFFFFF})
    yield Hostile("a large size that is not said", written(wheel_of(missing)), "not said")
    yield Hostile(
        "a comment that is an archive",
        written(wheel_of(Part("foo/a.py", b"", comment=written([EVIL])))),
        "another archive",
    )


def _ends() -> Iterator[Hostile]:
    sound = wheel_of()
    other = written([EVIL])
    yield Hostile("another archive before it", other + written(sound), "before it")
    yield Hostile("a program before it", b"#!/bin/sh\nexit\n" + written(sound), "before it")
    yield Hostile("data that is counted before it", written(sound, prefix=b"#!/bin/sh\n"), "between")
    yield Hostile("data behind it", written(sound, suffix=b"more"), "other data follows")
    yield Hostile("another archive behind it", written(sound) + other, "before it")
    yield Hostile("another archive in its comment", written(sound, comment=other), "before it")
    yield Hostile("the end of another archive in its comment", written(sound, comment=other[-60:] + b"x"), "follows")
    yield Hostile("a part of another archive in its comment", written(sound, comment=other[:50]), "another archive")
    yield Hostile("a comment cut off", written(sound, comment=b"abc", end={"comment": 2}), "other data follows")
    yield Hostile("a comment not all there", written(sound, comment=b"abc", end={"comment": 9}), "other data follows")
    yield Hostile("fewer files than there are", written(sound, end={"here": 2, "count": 2}), "more than it counts")
    yield Hostile("more files than there are", written(sound, end={"here": 9, "count": 9}), "ends too early")
    yield Hostile("several parts", written(sound, end={"disk": 1}), "several parts")
    yield Hostile("data behind the directory", written(sound, behind_directory=b"more"), "before it")
    yield Hostile("a directory elsewhere", written(sound, end={"start": 0}), "before it")
    yield Hostile("a directory beyond the end", written(sound, end={"start": 2**31}), "before it")
    yield Hostile("a directory without end", written(sound, end={"length": 2**31}), "lists more than")
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 46, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    yield Hostile("two directories by the record for large ones", written(sound, large=large + locator), "two places")
    whole = written(sound)
    place = whole.index(b"PK\1\2")
    lying = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 46, place)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(whole) - 22, 1)
    yield Hostile("a record for large ones that says otherwise", written(sound, large=lying + locator), "two places")
    yield Hostile("cut in its middle", whole[: len(whole) // 2], "end record")
    yield Hostile("nothing at all", b"", "end record")
    yield Hostile("an end and nothing else", whole[-22:], "before it")
    yield Hostile("not a zip", b"not a zip" * 100, "end record")


def _bombs() -> Iterator[Hostile]:
    zeros = bytes(110_000_000)
    yield Hostile("a bomb", written(wheel_of(Part("foo/zeros", zeros))), "times its size")
    lying = Part("foo/zeros", zeros, listed={"size": 100}, local={"size": 100})
    yield Hostile("a bomb that says it is small", written(wheel_of(lying)), "more than it says")
    # Every file is the same one: a few bytes that unpack to any number (D. Fifield, "A better zip bomb").
    kernel = Part("foo/0", bytes(1_000_000))
    quoted = [Part(f"foo/{number}", b"", listed={"offset": 0, "size": 1_000_000}) for number in range(1, 90)]
    yield Hostile("a bomb of files that overlap", written([kernel, *quoted, *wheel_of()]), "overlap")
    many = b"".join(
        struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0)
        + b"%05d" % (number % 100_000)
        for number in range(150_000)
    )
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 150_000, 150_000, len(many), 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(many), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(many), 0, 0)
    yield Hostile("a hundred and fifty thousand files", many + large + locator + end, "lists more than")
    yield Hostile(
        "a count of four thousand million", written(wheel_of(), end={"here": 0xFFFE, "count": 0xFFFE}), "ends too early"
    )
    parts = wheel_of()
    parts[-1] = Part(f"{INFO}/RECORD", b"foo/x,,\n" * 2_100_000)
    yield Hostile("a RECORD of seventeen megabytes", written(parts), "RECORD is larger")


def _slow() -> Iterator[Hostile]:
    """What takes no memory, and would take all day."""
    deep = "sitecustomize/" * 280
    parts = [Part(f"{number}/{deep}x.py", b"", method=0) for number in range(1_500)]
    yield Hostile("thousands of deep paths", written(wheel_of(*parts, Part("..", b""))), "leads out")
    code = b"__path__ = [" + b"[],".join([b""] * 1_000) + b"]\n"
    parts = [Part(f"p{number}/__init__.py", code) for number in range(3_000)]
    yield Hostile("thousands of modules to be parsed", written(wheel_of(*parts, Part("..", b""))), "leads out")
    lines = b"\n".join([b"a/" * 500_000, *[b"b/" * 2_000 + b"%d" % number for number in range(100)]])
    yield Hostile(
        "a .pth file of long paths", written(wheel_of(Part("x.pth", lines[:999_999]), Part("..", b""))), "leads out"
    )


def _harmless() -> Iterator[Hostile]:
    yield Hostile("a plain wheel", written(wheel_of()))
    yield Hostile("stored files", written(wheel_of(Part("foo/a.py", b"abc", method=0))))
    yield Hostile("sizes after the files", written(wheel_of(descriptor(Part("foo/a.py", b"abc")))))
    yield Hostile(
        "sizes after the files, unsigned", written(wheel_of(descriptor(Part("foo/a.py", b"abc"), signed=False)))
    )
    yield Hostile("a comment", written(wheel_of(), comment=b"made by hand by PK"))
    yield Hostile("the record for large ones", written(wheel_of(), large=b""))
    alike = Part("foo/a.py", b"abc", extra=unicode_name(b"foo/a.py", "foo/a.py"))
    yield Hostile("the same name in an extra field", written(wheel_of(alike)))
    large = Part("foo/a.py", b"abc", local={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF})
    large.local_extra = large_field(3, len(large.content))
    yield Hostile("large sizes before the file", written(wheel_of(large)))
    large = Part("foo/a.py", b"abc", listed={"size": 0xFFFFFFFF}, extra=large_field(3))
    yield Hostile("a large size in the directory", written(wheel_of(large)))
    yield Hostile("folders", written(wheel_of(Part("foo/", mode=0o040755, method=0), Part("foo/x/", mode=0o040755))))
    yield Hostile("a name in Unicode", written(wheel_of(Part("foo/größe.txt", b"x", flags=0x800))))
    yield Hostile("an archive in an archive", written(wheel_of(Part("foo/inner.zip", written([EVIL]), method=0))))
    yield Hostile("an end record in a file", written(wheel_of(Part("foo/a.bin", b"PK\5\6" + bytes(18), method=0))))
    yield Hostile("names that only look alike", written(wheel_of(Part("foo/con1.py"), Part("foo/auxiliary.py"))))
    yield Hostile("an empty file", written(wheel_of(Part("foo/empty", b""), Part("foo/stored", b"", method=0))))
    yield Hostile("much that packs well", written(wheel_of(Part("foo/zeros", bytes(20_000_000)))))


@cache
def zips() -> list[Hostile]:
    """All of them."""
    return [*_names(), *_two_accounts(), *_ends(), *_bombs(), *_slow(), *_harmless()]
