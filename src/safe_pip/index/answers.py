"""What a server answers: all of it, unpacked, or a part of a file, believed only where it makes sense."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.fetch_errors import senseless

PIECE = 256 * 1024
"""Bytes that are read, and unpacked, at once."""


class Response(NamedTuple):
    """A whole answer. ``url`` is where it came from after redirects; header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    content: bytes


class Part(NamedTuple):
    """Some bytes of a file, where they begin, and the size of the whole file in bytes."""

    start: int
    total: int
    content: bytes


def unpacked(chunks: Iterator[bytes], encoding: str, url: str) -> Iterator[bytes]:
    """The body with its Content-Encoding undone, in pieces of bounded size, so that a bomb is seen while it unpacks."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        raise FetchError(urls.redacted(url), f"the answer is packed as {encoding}, which was not asked for")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    begun = False
    try:
        for chunk in chunks:
            begun = True
            while chunk:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
                yield unpacker.decompress(chunk, PIECE)
                chunk = unpacker.unconsumed_tail or unpacker.unused_data
        yield unpacker.flush()
    except zlib.error as error:
        raise FetchError(urls.redacted(url), f"the answer cannot be unpacked: {error}") from error
    if begun and not unpacker.eof:
        raise FetchError(urls.redacted(url), "the answer cannot be unpacked: it breaks off")


def part_of(headers: Mapping[str, str], content: bytes, url: str) -> Part:
    """Believe a partial answer only where its Content-Range agrees with the bytes that came. Raises FetchError.

    headers: of the answer, by names whose case does not matter.
    """
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers.get("Content-Range", "").strip())
    if found:
        start, last, total = (int(group) for group in found.groups())
        if last - start + 1 == len(content) and last < total:
            return Part(start, total, content)
    raise senseless(url)
