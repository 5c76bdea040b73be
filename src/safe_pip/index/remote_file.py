"""A file on a server as a file object that fetches only the parts that are read, so that a wheel's METADATA costs
one or two small requests."""

from __future__ import annotations

import errno
import io

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.answers import Part
from safe_pip.index.http import Http

TAIL = 64 * 1024
"""Bytes of the end of a wheel that are asked for first: its directory, and mostly its metadata, lie there."""

_STEP = 32 * 1024
# A server may answer with less than it was asked for (RFC 9110, section 14.2), but not with crumbs for ever.
_MOST_PARTS = 64


class RemoteFile(io.RawIOBase):
    """Random access to a remote file through range requests.

    first: the part already at hand. The file must keep its size while it is read, and be read in few parts; raises
    FetchError otherwise.
    """

    def __init__(self, http: Http, url: str, first: Part) -> None:
        self._http = http
        self._url = url
        self._size = first.total
        self._parts = [first]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a position before the beginning of the file")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        start = min(self._position, self._size)
        end = self._size if size is None or size < 0 else min(self._size, start + size)
        content = bytearray()
        while start + len(content) < end:
            content += self._at(start + len(content), end)
        self._position += len(content)
        return bytes(content)

    def _at(self, start: int, end: int) -> bytes:
        """At least one byte from start on, at most up to end."""
        for part in self._parts:
            if part.start <= start < part.start + len(part.content):
                return part.content[start - part.start : end - part.start]
        if len(self._parts) >= _MOST_PARTS:
            raise FetchError(urls.redacted(self._url), f"its metadata is not within {_MOST_PARTS} parts of the file")
        following = min((part.start for part in self._parts if part.start > start), default=self._size)
        part = self._http.part(self._url, start, min(following, max(end, start + _STEP)))
        if part.total != self._size or part.start != start or not part.content:
            raise FetchError(urls.redacted(self._url), "the file changed while it was read")
        self._parts.append(part)
        return part.content[: end - start]
