"""One page of an index, or of a find-links place: asked for, recalled or read anew, or why it cannot be read."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.cache import IndexCache, KeptPage
from safe_pip.index.http import Http
from safe_pip.index.links import InvalidPage
from safe_pip.index.listing import Listing, Unread
from safe_pip.index.page import ACCEPT, parse_page
from safe_pip.index.relations import Relations, parse_relations
from safe_pip.index.releases import summary

_LARGEST_PAGE = 100_000_000
_NOT_THERE = (404, 410)
_LONG_PAGE = 20
"""Of a page with so many links what it says of releases is worked out at once, and kept."""

_READING = threading.Lock()
"""Held while a page is parsed: it takes several times the page's memory, and two at once would not be done sooner."""

Recall = Callable[[str, str], Any]
"""What is known already of the page at a URL with an identity; None where nothing is."""


class Page(NamedTuple):
    """What one place answered: its files, or the reason why it could not be read. url: where the answer came from.

    identity: of its bytes and how they are to be read, empty where it is not known. recalled: what is known already of
    what it lists, which then need not be looked at.
    """

    files: Listing = Listing.of(())
    unreadable: str | None = None
    help: str = ""
    url: str = ""
    relations: Relations = Relations()
    identity: str = ""
    recalled: Any = None
    let_go: bool = False
    releases: str = ""
    """What ``releases.summary`` says of it, where that was worked out already."""

    @property
    def lists_files(self) -> bool:
        """Whether it listed any file, be they still at hand or not. What is recalled is of long pages, which do."""
        return self.let_go or self.recalled is not None or bool(self.files)


def unreadable_page(reason: str, help: str = "") -> Page:
    """A page in the place of one that cannot be read. help: what to do."""
    return Page(unreadable=reason, help=help)


class PageReader:
    """Reads pages of servers, and of this machine.

    http: the client. cache: what earlier runs learned. trusted_hosts: hosts whose plain http is taken.
    """

    def __init__(self, http: Http, cache: IndexCache, trusted_hosts: Iterable[str]) -> None:
        self._http = http
        self._cache = cache
        self._trusted = frozenset(host.lower() for host in trusted_hosts)
        self.recall: Recall = lambda _place, _identity: None
        """Asked of each page of a project, before it is read."""
        self.project_pages: set[str] = set()
        """The URLs of pages that list one project alone."""

    def read(self, url: str) -> Page:
        """Read a page; what goes wrong is told in it."""
        try:
            if url.startswith("file:"):
                return _read_local(url)
            scheme = urls.scheme(url)
            if scheme not in ("http", "https"):
                return unreadable_page(f"{scheme or 'this'} is not a scheme that indexes are read by", "Use https.")
            if not self._is_secure(url):
                host = urllib.parse.urlsplit(url).netloc
                return unreadable_page(
                    "it is not https, and its host is not trusted", f"Use https, or --trusted-host {host}."
                )
            return self._ask(url)
        except FetchError as error:
            if error.status in _NOT_THERE:
                return Page()
            return unreadable_page(error.reason, error.hint)
        except InvalidPage as error:
            return unreadable_page(str(error), "Check that the URL is the base of a package index.")

    def releases(self, place: str, page: Page) -> str:
        """What ``releases.summary`` says of a page. place: the URL that was asked for. Raises TypeError, ValueError."""
        if page.releases:
            return page.releases
        kept = self._cache.usable(_releases_key(place, page.identity)) if page.identity else None
        if isinstance(kept, str):
            return kept
        if page.let_go:
            page = self.read(place)
        text = page.releases or summary(page.files, page.url)
        if page.identity and len(page.files) >= _LONG_PAGE:
            self._cache.keep_usable(_releases_key(place, page.identity), text)
        return text

    def _ask(self, url: str) -> Page:
        """A page of a server, asked for anew; what is kept of it counts only where the server says so (304)."""
        headers = {"Accept": ACCEPT, "Cache-Control": "max-age=0"}
        kept = self._cache.page(url)
        if kept is not None:
            answer = self._http.get(url, limit=_LARGEST_PAGE, headers={**headers, "If-None-Match": kept.etag})
            if answer.status == 304 and answer.url == kept.url:
                known = self._known(url, kept.identity)
                return Page(kept.files, url=kept.url, relations=kept.relations, identity=kept.identity, recalled=known)
        if kept is None or answer.status == 304:
            answer = self._http.get(url, limit=_LARGEST_PAGE, headers=headers)
        content_type, address = answer.headers.get("content-type", ""), answer.url
        identity = _identity(answer.content, content_type, address)
        etag = answer.headers.get("etag", "")
        if etag and etag.isprintable():
            page = self._summed_up(url, _page(answer.content, content_type, address)._replace(identity=identity))
            self._cache.keep_page(url, KeptPage(etag, page.url, page.files, page.relations, identity))
            return page
        known = self._known(url, identity)
        if known is None:
            return self._summed_up(url, _page(answer.content, content_type, address)._replace(identity=identity))
        files = Unread(partial(parse_page, answer.content, content_type, address))
        relations = parse_relations(answer.content, content_type, address)
        return Page(files, url=address, relations=relations, identity=identity, recalled=known)

    def _summed_up(self, url: str, page: Page) -> Page:
        """A page of a project with what it says of releases, while its links are at hand."""
        if len(page.files) < _LONG_PAGE or url not in self.project_pages:
            return page
        text = summary(page.files, page.url)
        self._cache.keep_usable(_releases_key(url, page.identity), text)
        return page._replace(releases=text)

    def _known(self, url: str, identity: str) -> Any:
        return self.recall(url, identity) if identity and url in self.project_pages else None

    def _is_secure(self, url: str) -> bool:
        """Whether pip would look at a page of this origin (pip: network/session.py, is_secure_origin)."""
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https" or host == "localhost":
            return True
        if not self._trusted.isdisjoint((host, f"[{host}]", parts.netloc.lower())):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def _read_local(url: str) -> Page:
    """A page on this machine; a folder's page is its ``index.html``, and a folder that is not there offers nothing."""
    try:
        path = urls.url_to_path(url)
        if os.path.isdir(path):
            path = os.path.join(path, "index.html")
            url = urllib.parse.urljoin(url if url.endswith("/") else f"{url}/", "index.html")
        with open(path, "rb") as file:
            content = file.read(_LARGEST_PAGE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Page()
    except (OSError, ValueError) as error:
        return unreadable_page(str(error), "Check the path and its permissions.")
    if len(content) > _LARGEST_PAGE:
        return unreadable_page(f"it is larger than {_LARGEST_PAGE:,} bytes")
    return _page(content, "text/html", url)


def _identity(content: bytes, content_type: str, url: str) -> str:
    """What stands for the bytes of a page, for how they are to be read, and for where their links start from."""
    digest = hashlib.blake2b(f"{content_type}\n{url}\n".encode("utf-8", "surrogatepass"), digest_size=20)
    digest.update(content)
    return digest.hexdigest()


def _page(content: bytes, content_type: str, url: str) -> Page:
    """A page that was read. Raises InvalidPage."""
    with _READING:
        files = parse_page(content, content_type, url)
        return Page(files, url=url, relations=parse_relations(content, content_type, url))


def _releases_key(place: str, identity: str) -> str:
    return f"releases {identity} {place}"
