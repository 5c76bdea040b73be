"""What a page says of its project: whose it is besides (PEP 708), and how it stands with the index (PEP 792)."""

from __future__ import annotations

import json
import posixpath
import urllib.parse
from collections.abc import Iterable
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, NamedTuple, get_args

from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.facts import ProjectStatus

_TRACKS = "pypi:tracks"
_ALTERNATES = "pypi:alternate-locations"
_STATUS = "pypi:project-status"
_STATUS_REASON = "pypi:project-status-reason"
_KNOWN_STATUSES: tuple[ProjectStatus, ...] = get_args(ProjectStatus)
_HEAD = 256 * 1024
"""So many bytes of an HTML page are looked at: what it says of itself stands in its head."""
_MOST = 100
_LONGEST_REASON = 300
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Relations(NamedTuple):
    """Addresses of project pages, made comparable. tracks: the project is that one's. alternates: both are one.

    status, reason: PEP 792's; a status that it does not know is none.
    """

    tracks: frozenset[str] = frozenset()
    alternates: frozenset[str] = frozenset()
    status: ProjectStatus = "active"
    reason: str = ""


def parse_relations(content: bytes, content_type: str, url: str) -> Relations:
    """What a page that ``parse_page`` could read says of its project; what is no address or status is passed over.

    url: where the page came from. Nearly every page says nothing, which costs two searches and no parsing.
    """
    if "+json" in content_type.partition(";")[0]:
        if not any(key in content for key in (b'"tracks"', b'"alternate-locations"', b'"project-status"')):
            return Relations()
        data = json.loads(content)
        meta, stated = data.get("meta"), data.get("project-status")
        tracks = meta.get("tracks") if isinstance(meta, dict) else None
        standing = stated if isinstance(stated, dict) else {}
        return Relations(
            _addresses(tracks, url),
            _addresses(data.get("alternate-locations"), url),
            *_standing(standing.get("status"), standing.get("reason")),
        )
    head = content[:_HEAD]
    if not any(name.encode() in head for name in (_TRACKS, _ALTERNATES, _STATUS)):
        return Relations()
    reader = _Metas()
    try:
        reader.feed(head.decode("utf-8", "replace"))
    except (AssertionError, ValueError):
        return Relations()
    found = reader.found
    return Relations(
        _addresses(found[_TRACKS], url),
        _addresses(found[_ALTERNATES], url),
        *_standing(next(iter(found[_STATUS]), None), next(iter(found[_STATUS_REASON]), None)),
    )


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


def _standing(status: Any, reason: Any) -> tuple[ProjectStatus, str]:
    """A status that PEP 792 knows, and its reason, as one line of at most a few hundred characters."""
    known = next((each for each in _KNOWN_STATUSES if each == status), None)
    if known is None:
        return "active", ""
    return known, " ".join(reason.split())[:_LONGEST_REASON] if isinstance(reason, str) else ""


class _Metas(HTMLParser):
    """The contents of the kinds of ``<meta>`` that are looked for, up to the body."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, list[str]] = {name: [] for name in (_TRACKS, _ALTERNATES, _STATUS, _STATUS_REASON)}
        self._in_head = True

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._in_head = False
        given = dict(attrs)
        name, content = given.get("name"), given.get("content")
        if tag == "meta" and self._in_head and name in self.found and content:
            self.found[name].append(content)
