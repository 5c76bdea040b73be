"""What links of index pages say, however the page is written: where a file is, its digest, its provenance."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any, NamedTuple

from safe_pip import urls
from safe_pip.model import Hashes

MOST_LINKS = 250_000
"""A page with more links than this is not believed to be an index page."""

ALGORITHMS = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")
"""Digests that a page may give of a file."""

PLAIN_URL = re.compile(
    r"(https?://[A-Za-z0-9.:-]+/(?:[A-Za-z0-9._~+!-]+/)*([A-Za-z0-9_][A-Za-z0-9._~+!-]*))(?:#(sha256|sha512|sha384|sha224|sha1|md5)=([0-9A-Fa-f]+))?"
)
"""An absolute URL that needs no further look: nothing encoded, no credentials, no query, at most a digest behind it."""


class InvalidPage(ValueError):
    """The answer is not an index page; the message says why."""


class Traits(NamedTuple):
    """What of a file decides whether it may be chosen, besides its name."""

    requires_python: str | None
    yanked: str | None


def too_many() -> InvalidPage:
    """The error for a page with more links than are believed."""
    return InvalidPage(f"it has more than {MOST_LINKS:,} links")


def locate(href: str, base: str) -> tuple[str, str, Hashes] | None:
    """File name, absolute URL without credentials and fragment, and the fragment's digest; None for no file."""
    plain = PLAIN_URL.fullmatch(href)
    if plain:
        address, name, algorithm, digest = plain.groups()
        return name, address, frozenset({(algorithm, digest.lower())}) if algorithm else frozenset()
    try:
        url = urls.quoted(urllib.parse.urljoin(base, href))
        address, _ = urls.split_credentials(urls.without_fragment(url))
    except ValueError:
        return None
    name = urls.file_name(address)
    return (name, address, urls.hash_fragment(url)) if name else None


def provenance_url(value: Any, page: str) -> str | None:
    """Where the provenance of a file is, as a page has it; None for what is no address of a server, or has a query.

    A query is where tokens stand, and what is learned of a page is kept.
    """
    if not isinstance(value, str) or not value:
        return None
    plain = PLAIN_URL.fullmatch(value)
    if plain and plain[3] is None:
        return value
    try:
        address = urls.split_credentials(urls.without_fragment(urls.quoted(urllib.parse.urljoin(page, value))))[0]
    except ValueError:
        return None
    fits = urls.scheme(address) in ("http", "https") and "?" not in address and address.isascii()
    return address if fits and address.isprintable() else None
