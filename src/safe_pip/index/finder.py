"""Where files come from: every configured index and find-links place, asked for one project, in pip's order."""

from __future__ import annotations

import hashlib
import ipaddress
import mimetypes
import os
import posixpath
import stat
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from packaging.utils import (
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.alike import Alike, compare, fingerprint
from safe_pip.index.cache import IndexCache, KeptPage
from safe_pip.index.http import Http
from safe_pip.index.links import InvalidPage
from safe_pip.index.listing import Listing, Unread
from safe_pip.index.once import OnceEach
from safe_pip.index.page import ACCEPT, parse_page
from safe_pip.index.relations import Relations, comparable, parse_relations
from safe_pip.index.releases import Releases, summary, version_text
from safe_pip.index.session import CONNECTIONS
from safe_pip.model import DistributionFile, SearchScope, Unchecked
from safe_pip.versions import parsed

_LARGEST_PAGE = 100_000_000
_NOT_THERE = (404, 410)
_MOST_KEPT = 300
"""Links of a page that stay in memory; a resolve reads pages with a hundred thousand in all."""
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
        """Whether it listed any file, be they still at hand or not."""
        return self.let_go or bool(self.files)


def _unreadable(reason: str, help: str = "") -> Page:
    return Page(unreadable=reason, help=help)


class Part(NamedTuple):
    """What one place offers for a project. place: its URL, empty for what lies on this machine. See Page."""

    files: Listing
    place: str = ""
    identity: str = ""
    recalled: Any = None


class Project(NamedTuple):
    """All files offered for one project, in pip's order: later files win ties (pip: index/package_finder.py)."""

    name: NormalizedName
    parts: tuple[Part, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def files(self) -> Listing:
        """The files of all parts."""
        return Listing.joined(part.files for part in self.parts)


class Home(NamedTuple):
    """A configured index that lists files of a project. base: as configured, without credentials.

    url: where the project's page came from. addresses: the page's, made comparable.
    """

    base: str
    url: str
    addresses: frozenset[str]
    relations: Relations


class Index:
    """The configured places, read side by side and each page once.

    search: the places. http: the client. trusted_hosts: hosts whose plain http is taken. cache: what earlier runs
    learned.
    """

    def __init__(
        self,
        search: SearchScope,
        http: Http,
        trusted_hosts: tuple[str, ...] = (),
        cache: IndexCache = IndexCache(None),  # noqa: B008 - it holds nothing
    ) -> None:
        self.search = search
        self.http = http
        self.cache = cache
        self._trusted = frozenset(host.lower() for host in trusted_hosts)
        self.recall: Recall = lambda _place, _identity: None
        """Asked of each page of a project, before it is read."""
        self._project_pages: set[str] = set()
        self._alike: dict[NormalizedName, Alike] = {}
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="index")
        self._pages = OnceEach(self._read)
        self._local = OnceEach(_look)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop: nothing more is begun, what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, task: Callable[[], object]) -> None:
        """Run something in the background, beside other requests; nobody waits for it or hears of its errors."""
        with suppress(RuntimeError):  # the pool is shut down: it is too late to begin anything
            self._pool.submit(task)

    def project(self, name: NormalizedName) -> Project:
        """Every file offered for a project. Places that could not be read are told in ``unchecked``."""
        unreadable: list[tuple[str, Page]] = []
        links: list[DistributionFile] = []
        pages: list[str] = []
        for place in self.search.find_links:
            path = urls.local_path(place)
            if path is not None:
                local = self._local.result(path)
                links += local.files.get(name, ()) if local.single is None else (local.single,)
                pages += local.pages
                if local.unreadable is not None:
                    unreadable.append((place, _unreadable(local.unreadable, "Check the path and its permissions.")))
            elif urls.is_archive(urls.file_name(place)):
                address = urls.split_credentials(urls.without_fragment(place))[0]
                links.append(DistributionFile(urls.file_name(place), address, None, urls.hash_fragment(place)))
            else:
                pages.append(urls.split_credentials(urls.without_fragment(place))[0])
        links.sort(key=lambda file: file.url, reverse=True)
        parts = [Part(Listing.of(_unique(links)))] if links else []
        others = set(pages)
        of_project = [_project_url(base, name) for base in self.search.index_urls]
        # Other pages may list files of many projects.
        self._project_pages.update(set(of_project) - others)
        pages = list(dict.fromkeys([*pages, *of_project]))
        for place in pages[1:]:
            if not place.startswith("file:"):
                self.submit(partial(self._pages.begin, place))
        for place in pages:
            page = self._pages.result(place)
            if page.let_go:
                page = self._read(place)
            parts.append(Part(page.files, place, page.identity, page.recalled))
            if page.unreadable is not None:
                unreadable.append((place, page))
        unchecked = [
            Unchecked(
                "unreadable-page", name, None, f"{urls.redacted(place)} cannot be read: {page.unreadable}", page.help
            )
            for place, page in unreadable
        ]
        return Project(name, tuple(parts), tuple(unchecked))

    def let_go(self, name: NormalizedName) -> None:
        """Forget the files that large pages list for a project; who asks again has them read again."""
        self.alike(name)
        for base in self.search.index_urls:
            place = _project_url(base, name)
            page = self._pages.result(place)
            if page.recalled is not None or len(page.files) > _MOST_KEPT:
                self._pages.replace(place, page._replace(files=Listing.of(()), recalled=None, let_go=True))

    def homes(self, name: NormalizedName) -> tuple[Home, ...]:
        """The configured indexes that list files of a project, each page once."""
        found: dict[str, Home] = {}
        for base in self.search.index_urls:
            place = _project_url(base, name)
            page = self._pages.result(place)
            if page.lists_files and place not in found:
                addresses = frozenset({comparable(place), comparable(page.url)})
                found[place] = Home(urls.split_credentials(base)[0], page.url, addresses, page.relations)
        return tuple(found.values())

    def quarantined_by(self, name: NormalizedName) -> tuple[str, str] | None:
        """The first index that says it has closed a project (PEP 792), and its reason; such a page may list nothing."""
        for base in self.search.index_urls:
            stated = self._pages.result(_project_url(base, name)).relations
            if stated.status == "quarantined":
                return urls.split_credentials(base)[0], stated.reason
        return None

    def alike(self, name: NormalizedName) -> Alike:
        """What the homes of a project list alike; nothing where there is one only.

        It is worked out before pages are let go, and kept by what they list.
        """
        if name not in self._alike:
            self._alike[name] = self._compare(name)
        return self._alike[name]

    def _compare(self, name: NormalizedName) -> Alike:
        pages: dict[str, tuple[str, Page]] = {}
        for base in self.search.index_urls:
            place = _project_url(base, name)
            page = self._pages.result(place)
            if page.lists_files:
                pages.setdefault(page.url, (place, page))
        if len(pages) < 2:
            return Alike()
        known = {url: page.identity or fingerprint(page.files) for url, (_, page) in pages.items() if not page.let_go}
        key = " ".join(["alike", *(f"{url} {identity}" for url, identity in known.items())])
        kept: Any = self.cache.usable(key) if len(known) == len(pages) else None
        with suppress(TypeError, ValueError):
            mirrored, copies = kept
            return Alike(frozenset(map(str, mirrored)), frozenset((str(one), str(other)) for one, other in copies))
        found = compare(
            {url: (self._read(place) if page.let_go else page).files for url, (place, page) in pages.items()}
        )
        if len(known) == len(pages):
            self.cache.keep_usable(key, [sorted(found.mirrored), sorted(found.copies)])
        return found

    def releases(self, name: NormalizedName, listed_on: str | None) -> Releases:
        """The versions that the page which a file was listed on has; none where it cannot be told.

        Pages that resolving has read are not read again.
        """
        for base in self.search.index_urls:
            place = _project_url(base, name)
            page = self._pages.result(place)
            if page.lists_files and page.url == listed_on:
                with suppress(TypeError, ValueError):
                    return Releases(self._summary(place, page))
        return Releases()

    def _summary(self, place: str, page: Page) -> str:
        if page.releases:
            return page.releases
        kept = self.cache.usable(_releases_key(place, page.identity)) if page.identity else None
        if isinstance(kept, str):
            return kept
        if page.let_go:
            page = self._read(place)
        text = page.releases or summary(page.files, page.url)
        if page.identity and len(page.files) >= _LONG_PAGE:
            self.cache.keep_usable(_releases_key(place, page.identity), text)
        return text

    def files_of(self, name: NormalizedName, version: str) -> tuple[DistributionFile, ...]:
        """Every file of one version that the places list, whether it fits or not."""
        files, wanted = self.project(name).files, parsed(version)
        places = (place for place, filename in enumerate(files.names) if parsed(version_text(filename)) == wanted)
        return tuple(files[place] for place in places) if wanted is not None else ()

    def local_names(self) -> frozenset[NormalizedName]:
        """The names that find-links folders and indexes on this machine have; no server is asked."""
        found: set[NormalizedName] = set()
        for place in self.search.find_links:
            path = urls.local_path(place)
            if path is not None:
                found.update(self._local.result(path).files)
        for base in self.search.index_urls:
            path = urls.local_path(base)
            if path is not None:
                with suppress(OSError, ValueError), os.scandir(path) as entries:
                    found.update(canonicalize_name(entry.name) for entry in entries if entry.is_dir())
        return frozenset(found)

    # ----------------------------------------------------------------- pages

    def _read(self, url: str) -> Page:
        try:
            if url.startswith("file:"):
                return _read_local(url)
            scheme = urls.scheme(url)
            if scheme not in ("http", "https"):
                return _unreadable(f"{scheme or 'this'} is not a scheme that indexes are read by", "Use https.")
            if not self._is_secure(url):
                host = urllib.parse.urlsplit(url).netloc
                return _unreadable(
                    "it is not https, and its host is not trusted", f"Use https, or --trusted-host {host}."
                )
            return self._ask(url)
        except FetchError as error:
            if error.status in _NOT_THERE:
                return Page()
            return _unreadable(error.reason, error.hint)
        except InvalidPage as error:
            return _unreadable(str(error), "Check that the URL is the base of a package index.")

    def _ask(self, url: str) -> Page:
        """A page of a server, asked for anew; what is kept of it counts only where the server says so (304)."""
        headers = {"Accept": ACCEPT, "Cache-Control": "max-age=0"}
        kept = self.cache.page(url)
        if kept is not None:
            answer = self.http.get(url, limit=_LARGEST_PAGE, headers={**headers, "If-None-Match": kept.etag})
            if answer.status == 304 and answer.url == kept.url:
                known = self._known(url, kept.identity)
                return Page(kept.files, url=kept.url, relations=kept.relations, identity=kept.identity, recalled=known)
        if kept is None or answer.status == 304:
            answer = self.http.get(url, limit=_LARGEST_PAGE, headers=headers)
        content_type, address = answer.headers.get("content-type", ""), answer.url
        identity = _identity(answer.content, content_type, address)
        etag = answer.headers.get("etag", "")
        if etag and etag.isprintable():
            page = self._summed_up(url, _page(answer.content, content_type, address)._replace(identity=identity))
            self.cache.keep_page(url, KeptPage(etag, page.url, page.files, page.relations, identity))
            return page
        known = self._known(url, identity)
        if known is None:
            return self._summed_up(url, _page(answer.content, content_type, address)._replace(identity=identity))
        files = Unread(partial(parse_page, answer.content, content_type, address))
        relations = parse_relations(answer.content, content_type, address)
        return Page(files, url=address, relations=relations, identity=identity, recalled=known)

    def _summed_up(self, url: str, page: Page) -> Page:
        """A page of a project with what it says of releases, while its links are at hand."""
        if len(page.files) < _LONG_PAGE or url not in self._project_pages:
            return page
        text = summary(page.files, page.url)
        self.cache.keep_usable(_releases_key(url, page.identity), text)
        return page._replace(releases=text)

    def _known(self, url: str, identity: str) -> Any:
        return self.recall(url, identity) if identity and url in self._project_pages else None

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


class _Local(NamedTuple):
    """What a find-links place on this machine offers: a folder's archives by project, or one file for whichever.

    pages: HTML pages, as URLs. unreadable: why something of it could not be looked at.
    """

    files: Mapping[NormalizedName, list[DistributionFile]]
    pages: tuple[str, ...] = ()
    single: DistributionFile | None = None
    unreadable: str | None = None


def _look(path: str) -> _Local:
    """Look at a find-links place; one that is not there offers nothing, as pip has it."""
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            return _scan(path)
        if not stat.S_ISREG(kind):
            return _Local({})
        url = urls.path_to_url(path)
        return _Local({}, (url,)) if _is_html(path) else _Local({}, (), DistributionFile(os.path.basename(path), url))
    except (FileNotFoundError, NotADirectoryError):
        return _Local({})
    except (OSError, ValueError) as error:
        return _Local({}, unreadable=str(error))


def _scan(folder: str) -> _Local:
    files: dict[NormalizedName, list[DistributionFile]] = {}
    pages = []
    unreadable = None
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if _is_html(entry.name):
                    pages.append(urls.path_to_url(entry.path))
                    continue
                name = _project_of(entry.name)
                if name is not None:
                    files.setdefault(name, []).append(DistributionFile(entry.name, urls.path_to_url(entry.path)))
            except UnicodeEncodeError:
                unreadable = f"the name of the file {os.fsencode(entry.name)!r} is not UTF-8"
    return _Local(files, tuple(pages), None, unreadable)


def _project_of(filename: str) -> NormalizedName | None:
    with suppress(ValueError):
        return parse_wheel_filename(filename)[0]
    with suppress(ValueError):
        return parse_sdist_filename(filename)[0]
    return None


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
        return _unreadable(str(error), "Check the path and its permissions.")
    if len(content) > _LARGEST_PAGE:
        return _unreadable(f"it is larger than {_LARGEST_PAGE:,} bytes")
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


def _unique(files: Iterable[DistributionFile]) -> tuple[DistributionFile, ...]:
    """The first file of each URL, as pip has it."""
    found: dict[str, DistributionFile] = {}
    for file in files:
        found.setdefault(file.url, file)
    return tuple(found.values())


def _project_url(base: str, name: NormalizedName) -> str:
    """The page of a project on an index; a path becomes a ``file:`` URL."""
    if not urls.scheme(base) or os.path.exists(base):
        base = urls.path_to_url(base)
    clean = urls.split_credentials(base)[0]
    return posixpath.join(clean, urllib.parse.quote(canonicalize_name(name))) + "/"


def _releases_key(place: str, identity: str) -> str:
    return f"releases {identity} {place}"


def _is_html(name: str) -> bool:
    return mimetypes.guess_type(name, strict=False)[0] == "text/html"
