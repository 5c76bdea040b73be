"""What several homes of one project list alike: the same file names with the same digests, so that it is all one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from safe_pip.index.listing import Listing


class Alike(NamedTuple):
    """mirrored: the sha256 of the files that every home lists.

    copies: pairs of pages, the first of which lists nothing that the second does not list as well.
    """

    mirrored: frozenset[str] = frozenset()
    copies: frozenset[tuple[str, str]] = frozenset()


def compare(listings: Mapping[str, Listing]) -> Alike:
    """What pages list alike, by their URLs. Of a large page only those files are looked at that a smaller one has."""
    pages = sorted(listings, key=lambda page: len(listings[page]))
    own: dict[str, dict[str, str | None]] = {
        page: {file.filename: _digest(file.hashes) for file in listings[page]} for page in pages[:-1]
    }
    wanted = {name for files in own.values() for name in files}
    own[pages[-1]] = _some(listings[pages[-1]], wanted)
    copies: set[tuple[str, str]] = set()
    for small in pages[:-1]:
        for large in pages:
            if small != large and all(digest and own[large].get(name) == digest for name, digest in own[small].items()):
                copies.add((small, large))
                if len(listings[small]) == len(listings[large]):
                    copies.add((large, small))
    smallest = own[pages[0]]
    mirrored = {
        digest
        for name, digest in smallest.items()
        if digest is not None and all(own[page].get(name) == digest for page in pages)
    }
    return Alike(frozenset(mirrored), frozenset(copies))


def fingerprint(listing: Listing) -> str:
    """What stands for what a page lists, where its bytes are not known any more."""
    digest = hashlib.blake2b(digest_size=20)
    for file in listing:
        digest.update(f"{file.filename} {_digest(file.hashes)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _some(listing: Listing, wanted: set[str]) -> dict[str, str | None]:
    return {name: _digest(listing[place].hashes) for place, name in enumerate(listing.names) if name in wanted}


def _digest(hashes: frozenset[tuple[str, str]]) -> str | None:
    return next((digest for name, digest in hashes if name == "sha256"), None)
