"""Source archives that no tool would write: what tar readers do not agree on, and what leads out of the folder."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterator
from functools import cache

from archives import member, stating, tarred
from attacks.hostile.zips import Hostile, Part, written
from fakes import metadata_text

TOP = "foo-1.0"
END = bytes(1024)
OWN = member(f"{TOP}/PKG-INFO", metadata_text("foo", "1.0", metadata_version="2.2"))


def sound(*more: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A source archive that would be sound without what is given, packed."""
    return gzip.compress(tarred(OWN, *more), mtime=0)


def block(
    name: bytes = b"foo-1.0/x",
    data: bytes = b"",
    kind: bytes = b"0",
    *,
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    size: bytes | None = None,
    target: bytes = b"",
    mode: bytes = b"0000644\0",
    sum_off: int = 0,
) -> bytes:
    """A header and its content, with whatever stands in its fields."""
    head = bytearray(512)
    head[0 : len(name)] = name
    head[100:124] = mode + b"0000000\0" * 2
    head[124:136] = size if size is not None else b"%011o\0" % len(data)
    head[136:148] = b"00000000000\0"
    head[156:157] = kind
    head[157 : 157 + len(target)] = target
    head[257:265] = magic
    head[345 : 345 + len(prefix)] = prefix
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % (sum(head) + sum_off)
    return bytes(head) + data + bytes(-len(data) % 512)


def pax(*records: tuple[str, str]) -> bytes:
    """The header that stands before a file in pax's way."""
    content = b""
    for key, value in records:
        rest = f" {key}={value}\n".encode()
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        content += str(length).encode() + rest
    return block(b"./PaxHeaders/x", content, b"x")


def raw(*blocks: bytes, end: bytes = END) -> bytes:
    """A source archive of these blocks, packed."""
    info, data = OWN
    own = info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    return gzip.compress(own + b"".join(blocks) + end, mtime=0)


def _members() -> Iterator[Hostile]:
    for what, name, why in (
        ("an absolute path", "/etc/x", "absolute"),
        ("a way out", "../x", "leads out"),
        ("a way out from within", f"{TOP}/../../x", "leads out"),
        ("a backslash", f"{TOP}/..\\x", "backslash"),
        ("a drive letter", "C:/x", "drive letter"),
        ("an escape sequence", f"{TOP}/\x1b[2J", "control"),
        ("a device of Windows", f"{TOP}/nul.txt", "device"),
        ("a second folder", "other/x", "outside of the archive's folder"),
        ("a file beside the folder", "setup.py", "outside of the archive's folder"),
        ("a file twice", f"{TOP}/PKG-INFO", "twice"),
        ("a file twice with a dot", f"./{TOP}/PKG-INFO", "twice"),
        ("a file twice in capitals", f"{TOP}/pkg-info", "capitals"),
        ("a file in a file", f"{TOP}/PKG-INFO/x", "a file"),
    ):
        yield Hostile(what, sound(member(name, b"x")), why)
    link, again = tarfile.SYMTYPE, tarfile.LNKTYPE
    for what, target, why in (
        ("a link to an absolute path", "/etc/passwd", "leads out of the archive"),
        ("a link out", "../../x", "leads out of the archive"),
        ("a link out by detours", f"a/../../../{TOP}", "leads out of the archive"),
    ):
        yield Hostile(what, sound(member(f"{TOP}/link", b"", link, linkname=target)), why)
    below = (member(f"{TOP}/link", b"", link, linkname="."), member(f"{TOP}/link/x", b"x"))
    yield Hostile("a file below a link", sound(*below), "below a link")
    yield Hostile("another name of nothing", sound(member(f"{TOP}/a", b"", again, linkname=f"{TOP}/none")), "no file")
    out = member(f"{TOP}/a", b"", again, linkname="../../etc/passwd")
    yield Hostile("another name of a file outside", sound(out), "leads out of the archive")
    chain = (
        member(f"{TOP}/s", b"", link, linkname="PKG-INFO"),
        member(f"{TOP}/h", b"", again, linkname=f"{TOP}/s"),
    )
    yield Hostile("another name of a link", sound(*chain), "no file")
    empty, other = member(f"{TOP}/a", b""), member(f"{TOP}/b", b"")
    to_other = member(f"{TOP}/a", b"", link, linkname="b")
    for what, first, second in (
        ("a file twice, once as a link", empty, to_other),
        ("a file twice, once as another name", empty, member(f"{TOP}/a", b"", again, linkname=f"{TOP}/b")),
        ("a file twice, once with content", empty, member(f"{TOP}/a", b"x")),
        ("a link twice", to_other, member(f"{TOP}/a", b"", link, linkname="PKG-INFO")),
    ):
        yield Hostile(what, sound(other, first, second), "twice")
    for what, kind, why in (
        ("a device", tarfile.CHRTYPE, "a device"),
        ("a disk", tarfile.BLKTYPE, "a device"),
        ("a pipe", tarfile.FIFOTYPE, "a pipe"),
        ("a file with holes", tarfile.GNUTYPE_SPARSE, "holes"),
        ("a contiguous file", tarfile.CONTTYPE, "of its own kind"),
        ("a kind that nobody knows", b"Z", "not every program knows"),
        ("a label", b"V", "not every program knows"),
        ("a part of a file", b"M", "not every program knows"),
        ("a folder of an incremental backup", b"D", "not every program knows"),
    ):
        yield Hostile(what, raw(block(kind=kind)), why)


def _headers() -> Iterator[Hostile]:
    yield Hostile("two sizes", raw(pax(("size", "0")), block(data=b"x" * 600)), "two sizes")
    yield Hostile("two names", raw(pax(("path", "foo-1.0/a")), block(b"L", b"foo-1.0/b\0", b"L"), block()), "a name")
    yield Hostile("a sparse file in pax's way", raw(pax(("GNU.sparse.major", "1")), block()), "GNU.sparse")
    yield Hostile("another name of a sparse file", raw(pax(("GNU.sparse.name", "foo-1.0/b")), block()), "GNU.sparse")
    yield Hostile("a key that nobody knows", raw(pax(("x-path", "foo-1.0/b")), block()), "x-path")
    yield Hostile("a name for all that follows", raw(block(b"g", b"18 path=foo-1.0/b\n", b"g"), block()), "path")
    yield Hostile("a name that leads out, in pax's way", raw(pax(("path", "../x")), block()), "leads out")
    yield Hostile("a long name that leads out", raw(block(b"L", b"../x\0", b"L"), block()), "leads out")
    yield Hostile("a key twice", raw(pax(("path", "foo-1.0/a"), ("path", "foo-1.0/b")), block()), "twice")
    yield Hostile("a name with a NUL", raw(pax(("path", "foo-1.0/a\0b")), block()), "NUL")
    yield Hostile("two headers in pax's way", raw(pax(("path", "a")), pax(("path", "b")), block()), "two headers")
    yield Hostile("two long names", raw(*[block(b"L", b"foo-1.0/b\0", b"L")] * 2, block()), "two headers")
    yield Hostile("a name for nothing", raw(pax(("path", "foo-1.0/a"))), "belongs to nothing")
    name = b"foo-1.0/" + b"b" * 504
    unended = block(b"L", name[:90], b"L")[:512] + name
    yield Hostile("a long name without end", raw(unended, block()), "no end")
    yield Hostile("a header for all of nothing", raw(block(b"g", b"12 comment=\n", b"g")), "belongs to nothing")
    yield Hostile("a header of nothing for nothing", raw(block(kind=b"x")), "belongs to nothing")
    deep = pax(("path", "foo-1.0/" + "x/" * 40_000 + "x"))
    yield Hostile("a path of forty thousand folders", raw(deep, block()), "more than 4,096")
    yield Hostile("a mode that is no number", raw(block(mode=b"00x0644\0")), "broken")
    yield Hostile("a broken header", raw(block(b"x", b"99 path=x\n", b"x"), block()), "broken")
    yield Hostile("a header of negative length", raw(block(b"x", b"-9 path=x\n", b"x"), block()), "broken")
    yield Hostile("a header of a megabyte", raw(block(b"x", b"x" * 1_000_000, b"x"), block()), "header larger")
    yield Hostile("a second part of the name", raw(block(magic=b"ustar  \0", prefix=b"foo-1.0/a")), "second part")
    yield Hostile("a second part in an old archive", raw(block(magic=bytes(8), prefix=b"foo-1.0/a")), "second part")
    yield Hostile("a folder with content", raw(block(b"foo-1.0/a/", b"x", b"5")), "has content")
    yield Hostile("a link with content", raw(block(b"foo-1.0/a", b"x", b"2", target=b"b")), "has content")
    yield Hostile("a wrong checksum", raw(block(sum_off=1)), "checksum")
    yield Hostile("a size that is no number", raw(block(size=b"9999999999x\0")), "no number")
    yield Hostile("a size below zero", raw(stating(tarfile.TarInfo("foo-1.0/x"), -512)), "no number")
    yield Hostile("a size beyond reason", raw(stating(tarfile.TarInfo("foo-1.0/x"), 2**80)), "ends too early")
    yield Hostile("a size of all bits", raw(stating(tarfile.TarInfo("foo-1.0/x"), 2**90)), "no number")
    yield Hostile("cut in its middle", raw(block(size=b"%011o\0" % 5000), end=b""), "ends too early")
    yield Hostile("cut in a header", raw(block()[:300], end=b""), "ends too early")
    yield Hostile("more behind its end", raw(END, block(b"foo-1.0/hidden")), "end mark")
    yield Hostile("more behind one empty block", raw(bytes(512), block(b"foo-1.0/hidden")), "end mark")


def _packings() -> Iterator[Hostile]:
    other = gzip.compress(tarred(member("foo-1.0/hidden", b"evil")), mtime=0)
    yield Hostile("two archives in a row", sound() + other, "more follows")
    yield Hostile("rubbish behind it", sound() + b"rubbish", "more follows")
    yield Hostile("two xz archives in a row", lzma.compress(tarred(OWN)) + lzma.compress(b"x"), "more follows")
    yield Hostile("two bz2 archives in a row", bz2.compress(tarred(OWN)) + bz2.compress(b"x"), "more follows")
    yield Hostile("packing cut in its middle", sound()[:-20], "ends too early")
    yield Hostile("a wrong checksum of the packing", sound()[:-8] + bytes(8), "cannot be unpacked")
    yield Hostile("not an archive", b"nothing" * 300, "checksum")
    zeros = tarfile.TarInfo("foo-1.0/zeros")
    zeros.size = 110_000_000
    head = zeros.tobuf(tarfile.GNU_FORMAT)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as file:
        file.write(head)
        for _ in range(110):
            file.write(bytes(1_000_000))
    yield Hostile("a bomb", packed.getvalue(), "times its size")
    yield Hostile("a bomb of bz2", bz2.compress(head + bytes(101_000_000)), "times its size")
    yield Hostile("a bomb of headers", raw(*[block(b"L", b"x\0", b"L")] * 5_000), "two headers")
    yield Hostile("a zip with a way out", written([Part("foo-1.0/PKG-INFO", b""), Part("../x", b"")]), "leads out")
    yield Hostile("a zip with two folders", written([Part("a/x", b""), Part("b/x", b"")]), "outside of")


def _harmless() -> Iterator[Hostile]:
    yield Hostile("a plain archive", sound(member(f"{TOP}/setup.py", b"x")))
    yield Hostile("unpacked", tarred(OWN))
    yield Hostile("in xz", lzma.compress(tarred(OWN)))
    yield Hostile("in bz2", bz2.compress(tarred(OWN)))
    yield Hostile("with a dot before its names", sound(member(f"./{TOP}/x", b"x"), member("./", b"", tarfile.DIRTYPE)))
    yield Hostile("with git's own header", raw(block(b"g", b"52 comment=" + b"a" * 40 + b"\n", b"g"), block()))
    yield Hostile("with times in pax's way", raw(pax(("mtime", "1.5"), ("path", "foo-1.0/größe")), block()))
    yield Hostile("with the same size twice", raw(pax(("size", "600")), block(data=b"x" * 600)))
    yield Hostile("with a long name", sound(member(f"{TOP}/{'x' * 200}/y", b"x")))
    yield Hostile("with a name in two parts", raw(block(b"x", prefix=b"foo-1.0/a")))
    inner = member(f"{TOP}/b", b"", tarfile.SYMTYPE, linkname="sub/../PKG-INFO")
    yield Hostile("with a link within", sound(inner))
    up = member(f"{TOP}/docs/b", b"", tarfile.SYMTYPE, linkname="../PKG-INFO")
    yield Hostile("with a link up, and within", sound(up))
    folders = [member(name, b"", tarfile.DIRTYPE) for name in (TOP, f"{TOP}/src/", f"{TOP}/src")]
    to_folder = member(f"{TOP}/tests", b"", tarfile.SYMTYPE, linkname="src")
    yield Hostile("with a folder twice, and a link to it", sound(*folders, to_folder))
    again = member(f"{TOP}/b", b"", tarfile.LNKTYPE, linkname=f"{TOP}/PKG-INFO")
    yield Hostile("with another name of a file", sound(again))
    same = (member(f"{TOP}/LICENSE", b"x"), member(f"{TOP}/a", b"y"), member(f"./{TOP}/LICENSE", b"x", mode=0o755))
    yield Hostile("with a file twice, the same", sound(*same))
    yield Hostile("without an end mark", raw(block(), end=b""))
    yield Hostile("with much behind its end", raw(block(), end=bytes(10_240)))
    yield Hostile("with zeros behind its packing", sound() + bytes(512))
    yield Hostile("a zip", written([Part("foo-1.0/PKG-INFO", OWN[1]), Part("foo-1.0/x.py", b"x")]))


@cache
def tars() -> list[Hostile]:
    """All of them."""
    return [*_members(), *_headers(), *_packings(), *_harmless()]
