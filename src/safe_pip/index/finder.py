"""Where files come from: every configured index and find-links place, asked for one project, in pip's order."""

from __future__ import annotations

import os
import posixpath
import urllib.parse
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.index.alike import Alike, compare, fingerprint
from safe_pip.index.cache import IndexCache
from safe_pip.index.find_links import look_at
from safe_pip.index.http import Http
from safe_pip.index.listing import Listing
from safe_pip.index.once import OnceEach
from safe_pip.index.page_reader import Page, PageReader, unreadable_page
from safe_pip.index.relations import Relations, comparable
from safe_pip.index.releases import Releases, version_text
from safe_pip.index.session import CONNECTIONS
from safe_pip.model import DistributionFile, SearchScope, Unchecked
from safe_pip.versions import parsed

_MOST_KEPT = 300
"""Links of a page that stay in memory; a resolve reads pages with a hundred thousand in all."""


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
        self.reader = PageReader(http, cache, trusted_hosts)
        self._alike: dict[NormalizedName, Alike] = {}
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="index")
        self._pages = OnceEach(self.reader.read)
        self._local = OnceEach(look_at)

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
        links, pages, unreadable = self._find_links(name)
        links.sort(key=lambda file: file.url, reverse=True)
        parts = [Part(Listing.of(_unique(links)))] if links else []
        others = set(pages)
        of_project = [_project_url(base, name) for base in self.search.index_urls]
        # Other pages may list files of many projects.
        self.reader.project_pages.update(set(of_project) - others)
        pages = list(dict.fromkeys([*pages, *of_project]))
        for place in pages[1:]:
            if not place.startswith("file:"):
                self.submit(partial(self._pages.begin, place))
        for place in pages:
            page = self._pages.result(place)
            if page.let_go:
                page = self.reader.read(place)
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

    def _find_links(self, name: NormalizedName) -> tuple[list[DistributionFile], list[str], list[tuple[str, Page]]]:
        """Files of the find-links places, pages that may list more, and places of which not all can be read."""
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
                    unreadable.append((place, unreadable_page(local.unreadable, "Check the path and its permissions.")))
            elif urls.is_archive(urls.file_name(place)):
                address = urls.split_credentials(urls.without_fragment(place))[0]
                links.append(DistributionFile(urls.file_name(place), address, None, urls.hash_fragment(place)))
            else:
                pages.append(urls.split_credentials(urls.without_fragment(place))[0])
        return links, pages, unreadable

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
            {url: (self.reader.read(place) if page.let_go else page).files for url, (place, page) in pages.items()}
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
                    return Releases(self.reader.releases(place, page))
        return Releases()

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
