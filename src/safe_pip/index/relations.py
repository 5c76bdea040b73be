"""What a project's page says of others of the same project: ``tracks`` and ``alternate-locations`` (PEP 708)."""

from __future__ import annotations

import json
import posixpath
import urllib.parse
from collections.abc import Iterable
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from safe_pip import urls

_TRACKS = "pypi:tracks"
_ALTERNATES = "pypi:alternate-locations"
_HEAD = 256 * 1024
"""So many bytes of an HTML page are looked at: what it says of itself stands in its head."""
_MOST = 100
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Relations(NamedTuple):
    """Addresses of project pages, made comparable. tracks: the project is that one's. alternates: both are one."""

    tracks: frozenset[str] = frozenset()
    alternates: frozenset[str] = frozenset()


def parse_relations(content: bytes, content_type: str, url: str) -> Relations:
    """What a page that ``parse_page`` could read says of others; what is no address is passed over.

    url: where the page came from. Nearly every page says nothing, which costs two searches and no parsing.
    """
    if "+json" in content_type.partition(";")[0]:
        if b'"tracks"' not in content and b'"alternate-locations"' not in content:
            return Relations()
        data = json.loads(content)
        meta = data.get("meta")
        tracks = meta.get("tracks") if isinstance(meta, dict) else None
        return Relations(_addresses(tracks, url), _addresses(data.get("alternate-locations"), url))
    head = content[:_HEAD]
    if _TRACKS.encode() not in head and _ALTERNATES.encode() not in head:
        return Relations()
    reader = _Metas()
    try:
        reader.feed(head.decode("utf-8", "replace"))
    except (AssertionError, ValueError):
        return Relations()
    return Relations(_addresses(reader.found[_TRACKS], url), _addresses(reader.found[_ALTERNATES], url))


def comparable(url: str) -> str:
    """The address of a project's page in one form, whatever it is written as. Raises ValueError for what is none."""
    parts = urllib.parse.urlsplit(urls.split_credentials(url)[0])
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, "/"))
    folder, name = posixpath.split(urllib.parse.unquote(parts.path).rstrip("/"))
    return f"{parts.scheme}://{host}{posixpath.join(folder, canonicalize_name(name))}"


def _addresses(value: Any, page: str) -> frozenset[str]:
    found = set()
    for text in value[:_MOST] if isinstance(value, list) else ():
        if isinstance(text, str) and text:
            with suppress(ValueError):
                found.add(comparable(urllib.parse.urljoin(page, text)))
    return frozenset(found)


class _Metas(HTMLParser):
    """The content of the two kinds of ``<meta>``, up to the body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, list[str]] = {_TRACKS: [], _ALTERNATES: []}
        self._in_head = True

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._in_head = False
        given = dict(attrs)
        name, content = given.get("name"), given.get("content")
        if tag == "meta" and self._in_head and name in self.found and content:
            self.found[name].append(content)
