"""Texts that were sound, mutilated: what a seed makes of them is always the same."""

from __future__ import annotations

import codecs
import json
import random
from collections.abc import Sequence
from typing import Any

_LETTERS = ("İ", "ß", "ſ", "\u212a", "\u2028", "\u202e", "\ufeff", "\u00a0", "𝟙", "e\u0301", "\U0010ffff")
SPANS = (1, 1, 2, 4, 9, 30, 100, 600)
# What readers of any text may stumble over: numbers without end, half of a surrogate pair, signs that change their
# length with their case, line ends of other alphabets, characters that nothing shows.
ODD = [
    *(
        text.encode()
        for text in ("İ", "ß", "ſ", "K", "\u2028", "\u202e", "\ufeff", "\u00a0", "𝟙", "e\u0301", "\U0010ffff")
    ),
    *(b"9" * 5_000, b"1e999", b"-1", b"0x10", b"NaN", b"1_000", b"9" * 19, "١٢".encode(), "²".encode()),
    *(b"\xed\xa0\x80", b"\\ud800", b"\xff\xfe", b"\xc3", b"\0", b"\x1b[31m", b"\x85", b"\r", b"\x0b\x0c\x1c"),
    *(b" " * 3_000, b"\n" * 50, b"\\\n", b"'", b'"', b'"""', b"%", b"%00", b"%ff", b"${HOME}", b"..", b"/", b"\\"),
]
DEEP = [b"[", b"{", b'{"a":', b"(", b"not(", b"<a>", b"a.", b"[[", b"a={", b"((((1", b"x or ", b"[a", b'"']
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp037", "utf-7", "utf-8-sig"]
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 2, 1.5, 10**30, float("inf"), "", " ", "x", "\ud800", "\x1b[31m", "\n", "1" * 5_000),
    *([], {}, [[]], [{}], {"": {}}, [None], {"sha256": None}, {"a": ["b"]}, "../x", "https://h.example/a-1.zip"),
]


def mutated(chance: random.Random, originals: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of some texts with bytes changed, cut, doubled, moved, taken from another, or words of its format put in."""
    data = bytearray(chance.choice(originals))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 6))):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(16)
        span = chance.choice(SPANS)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place : place + 1] = bytes((chance.randrange(256),))
        elif kind == 2:
            del data[place : place + span]
        elif kind == 3:
            data[place:place] = data[place : place + span] * chance.choice((1, 1, 2, 20))
        elif kind in (4, 5):
            data[place:place] = chance.choice(words)
        elif kind == 6:
            data[place : place + span] = chance.choice(words)
        elif kind == 7:
            other = chance.choice(originals)
            start = chance.randrange(len(other) + 1)
            data[place:place] = other[start : start + span]
        elif kind == 8:
            data[place : place + chance.choice((0, 1, 4))] = chance.choice(ODD)
        elif kind == 9:
            data[place:place] = _moved(chance, data, span)
        elif kind == 10 and chance.random() < 0.2:
            data[place:place] = chance.choice(DEEP) * chance.choice((5, 40, 300, 3_000))
        elif kind == 11 and chance.random() < 0.3:
            del data[place:]
        elif kind > 11:
            data = _lines_changed(chance, data, originals)
    return _encoded(chance, bytes(data)) if chance.random() < 0.04 else bytes(data)


def _moved(chance: random.Random, data: bytearray, span: int) -> bytes:
    """A piece, taken out."""
    start = chance.randrange(len(data) + 1)
    piece = bytes(data[start : start + span])
    del data[start : start + span]
    return piece


def _lines_changed(chance: random.Random, data: bytearray, originals: Sequence[bytes]) -> bytearray:
    """Whole lines dropped, doubled, moved or taken from another: what is still well formed is read further."""
    lines = bytes(data).splitlines(keepends=True)
    others = lines if chance.random() < 0.5 else chance.choice(originals).splitlines(keepends=True)
    if not lines or not others:
        return data
    start, other = chance.randrange(len(lines)), chance.randrange(len(others))
    dropped = chance.choice((0, 0, 1, 2))
    lines[start : start + dropped] = others[other : other + chance.choice((0, 1, 1, 3))]
    return bytearray(b"".join(lines))


def _encoded(chance: random.Random, data: bytes) -> bytes:
    """The text in another encoding, or with the byte order mark of one."""
    if chance.random() < 0.3:
        return chance.choice((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)) + data
    return data.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def spoiled(chance: random.Random, value: Any) -> Any:
    """A value of JSON with something else in the place of some of its parts."""
    if chance.random() < 0.06:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        made = {name: spoiled(chance, inner) for name, inner in value.items()}
        if made and chance.random() < 0.05:
            del made[chance.choice(sorted(made))]
        return made
    return [spoiled(chance, inner) for inner in value] if isinstance(value, list) else value


def spoiled_json(chance: random.Random, originals: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Half of the time JSON that is well formed and says odd things, else any bytes."""
    if chance.random() < 0.5:
        return mutated(chance, originals, words)
    return json.dumps(spoiled(chance, json.loads(chance.choice(originals)))).encode()
