"""Archives that were sound and are mutilated: nothing crashes, and what passes is read alike by every reader.

A seed makes an archive; seeds that have found something are kept below. ``SAFE_PIP_FUZZ=100000`` tries so many.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from archives import member, tarred
from attacks.hostile.tars import OWN, block, pax, raw
from attacks.hostile.zips import INFO, Part, descriptor, large_field, unicode_name, wheel_of, written
from safe_pip.facts import FileFacts
from safe_pip.inspect.look import look_into
from safe_pip.inspect.tar_reading import members
from safe_pip.model import DistributionFile

TRIES = int(os.environ.get("SAFE_PIP_FUZZ", "300"))
FOO = canonicalize_name("foo")
_LARGE = Part("foo/a.py", b"abc", local={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF})
_LARGE.local_extra = large_field(3, len(_LARGE.content))
WHEELS = [
    written(wheel_of()),
    written(wheel_of(Part("foo/x.txt", b"x" * 3_000), descriptor(Part("foo/a.py", b"abc"))), comment=b"a comment"),
    written(wheel_of(_LARGE, Part("foo/b.py", b"x", extra=unicode_name(b"foo/b.py", "foo/b.py"))), large=b""),
    written(wheel_of(Part("foo.pth", b"foo\nimport os; x = 1\n", method=0), Part("foo/", mode=0o40755))),
    written(wheel_of(Part("foo-1.0.data/scripts/pip", b"#!python\n"), Part(f"{INFO}/entry_points.txt", b"[x\n"))),
]
TARS = [
    tarred(OWN, member("foo-1.0/x.py", b"x" * 700), member("foo-1.0/l", b"", tarfile.SYMTYPE, linkname="x.py")),
    gzip.decompress(raw(pax(("path", "foo-1.0/größe"), ("size", "3")), block(data=b"abc"))),
    gzip.decompress(raw(block(b"L", b"foo-1.0/" + b"y" * 120 + b"\0", b"L"), block(data=b"z"))),
]
# Whatever decides where something begins and ends.
NUMBERS = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]
MARKS = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08", b"../", b"\0", b"/", b"ustar", b"import "]
FIELDS = ["<B", "<H", "<L", "<Q", ">L"]


def mutilated(seed: int, originals: list[bytes]) -> bytes:
    """An archive with some bytes changed, cut, doubled, moved or taken from another."""
    chance = random.Random(seed)
    data = bytearray(chance.choice(originals))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6))):
        place = chance.randrange(len(data) + 1)
        if chance.random() < 0.5:
            # The directory and the headers are where readers decide.
            found = data.find(b"PK", place)
            place = found + chance.randrange(48) if found >= 0 else place
        kind = chance.randrange(7)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            form = chance.choice(FIELDS)
            value = chance.choice(NUMBERS) % 2 ** (8 * struct.calcsize(form))
            data[place : place + struct.calcsize(form)] = struct.pack(form, value)
        elif kind == 2:
            del data[place : place + chance.choice((1, 2, 4, 30, 46, 512))]
        elif kind == 3:
            data[place:place] = data[place : place + chance.choice((1, 4, 22, 46, 100, 512))]
        elif kind == 4:
            mark = chance.choice(MARKS)
            data[place : place + len(mark)] = mark
        elif kind == 5:
            other = chance.choice(originals)
            start = chance.randrange(len(other))
            data[place:place] = other[start : start + chance.choice((22, 46, 100, 512, 5_000))]
        else:
            del data[place:]
    return bytes(data)


def summed(seed: int) -> bytes:
    """A mutilated tar, packed in some way; most with checksums that are right, or nothing behind them would be read."""
    data = bytearray(mutilated(seed, TARS))
    chance = random.Random(~seed)
    if chance.random() < 0.8:
        for place in range(0, len(data) - 511, 512):
            if data[place + 257 : place + 262] == b"ustar":
                data[place + 148 : place + 156] = b" " * 8
                data[place + 148 : place + 156] = b"%06o\0 " % (sum(data[place : place + 512]) % 2**18)
    pack: Callable[[bytes], bytes] = chance.choice(
        (bytes, bytes, lambda data: gzip.compress(data, mtime=0), bz2.compress, lzma.compress)
    )
    return pack(bytes(data))


def _sound(facts: FileFacts) -> bool:
    return not facts.unreadable and not any(problem.code == "unsafe-archive" for problem in facts.problems)


def by_headers(data: bytes) -> dict[str, bytes]:
    """What a reader sees that goes from header to header and never looks at the directory."""
    found = {}
    place = 0
    while data[place : place + 4] == b"PK\3\4":
        _, _, flags, method, _, _, _, packed, size, name_length, extra_length = struct.unpack_from(
            "<4s5H3L2H", data, place
        )
        name = data[place + 30 : place + 30 + name_length]
        extra = data[place + 30 + name_length :][:extra_length]
        if 0xFFFFFFFF in (packed, size) and extra[:2] == b"\1\0":
            _, packed = struct.unpack_from("<2Q", extra, 4)
        place += 30 + name_length + extra_length
        if method == 8:
            unpacking = zlib.decompressobj(-15)
            content = unpacking.decompress(data[place:])
            packed = len(data) - place - len(unpacking.unused_data)
        else:
            content = data[place : place + packed]
        place += packed
        if flags & 8:
            place += 16 if data[place : place + 4] == b"PK\7\x08" else 12
        found[name.decode("utf-8")] = content
    return found


@pytest.mark.timeout(0 if TRIES > 10_000 else 120)
@settings(max_examples=TRIES)
@given(st.integers(0, 2**64))
@example(101462)
@example(115538)
@example(115620)
def test_a_mutilated_wheel(seed: int) -> None:
    """Whatever the bytes, there is an answer; and where it is a good one, three ways to read agree on every file."""
    check_wheel(seed)


def check_wheel(seed: int) -> bool:
    """Look at a mutilated wheel. Whether it passed."""
    data = mutilated(seed, WHEELS)
    facts = look_into(io.BytesIO(data), DistributionFile("foo-1.0-py3-none-any.whl", "file:///x"), FOO)
    if not _sound(facts):
        return False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        listed = {name: archive.read(name) for name in names}
    assert len(names) == len(listed)
    assert listed == by_headers(data), seed
    return True


@pytest.mark.timeout(0 if TRIES > 10_000 else 120)
@settings(max_examples=TRIES)
@given(st.integers(0, 2**64))
@example(4009)
@example(4470)
@example(114192)
@example(2**32 - 1)
def test_a_mutilated_source_archive(seed: int) -> None:
    """The same for tars, where tarfile is the other reader."""
    check_tar(seed)


def check_tar(seed: int) -> bool:
    """Look at a mutilated tar. Whether it passed."""
    data = summed(seed)
    facts = look_into(io.BytesIO(data), DistributionFile("foo-1.0.tar.gz", "file:///x"), FOO)
    if not _sound(facts):
        return False
    ours = [(found.name, found.kind, b"".join(body)) for found, body in members(io.BytesIO(data))]
    with warnings.catch_warnings(), tarfile.open(fileobj=io.BytesIO(data)) as archive:
        warnings.simplefilter("ignore")
        theirs = [
            (info.name, _kind(info), archive.extractfile(info).read() if info.isfile() else b"")  # type: ignore[union-attr]
            for info in archive
        ]
    assert [(name.rstrip("/"), kind, body) for name, kind, body in ours] == [
        (name.rstrip("/"), kind, body) for name, kind, body in theirs
    ], seed
    return True


def _kind(info: tarfile.TarInfo) -> str:
    return "folder" if info.isdir() else "link" if info.issym() else "again" if info.islnk() else "file"


def test_that_some_pass() -> None:
    """Where nothing passed, nothing would be compared."""
    assert sum(map(check_wheel, range(300))) > 5
    assert sum(map(check_tar, range(300))) > 5
