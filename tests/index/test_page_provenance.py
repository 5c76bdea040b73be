"""Where a page says that provenance is (PEP 740), read by each reader, and kept with the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from safe_pip.index.listing import Listing
from safe_pip.index.page import parse_page
from safe_pip.index.releases import Releases, summary

PAGE = "https://index.example/simple/acme/"
URL = "https://index.example/integrity/acme/1.0/acme-1.0-py3-none-any.whl/provenance"
FILE = "https://files.example/acme-1.0-py3-none-any.whl"
HASH = "ab" * 32


def in_html(attribute: str, after: str = "") -> Listing:
    """A page of one anchor. after: what follows it."""
    text = f'<!DOCTYPE html><html><body>\n<a href="{FILE}#sha256={HASH}"{attribute}>acme</a>\n{after}</body></html>'
    return parse_page(text.encode(), "text/html", PAGE)


def in_json(value: Any, url: str = FILE) -> Listing:
    """A page of one file."""
    entry = {"filename": "x", "url": url, "hashes": {"sha256": HASH}, "provenance": value}
    page = {"meta": {"api-version": "1.3"}, "name": "acme", "files": [entry]}
    return parse_page(json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json", PAGE)


READERS = {
    "plain html": in_html(f' data-provenance="{URL}"'),
    "odd html": in_html(f' data-provenance="{URL}"', "<!-- a comment is for the thorough reader -->"),
    "plain json": in_json(URL),
    "odd json": in_json(URL, f"{FILE}#sha256={HASH}"),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_finds_it_and_keeps_it(reader: str) -> None:
    """A page from the cache has to say what it said when it was read, or provenance would seem to be lost."""
    listing = READERS[reader]
    again = Listing.from_columns(json.loads(json.dumps(listing.columns())))

    assert listing[0].provenance == again[0].provenance == URL
    assert list(listing) == list(again)
    assert summary(listing, PAGE) == summary(again, PAGE)
    release = Releases(summary(listing, PAGE)).of(listing[0].filename)
    assert release is not None
    assert release.provenance == URL


@pytest.mark.parametrize(
    "listing", [in_html(""), in_html(' data-provenance=""'), in_json(None), in_json(7), in_json([])]
)
def test_none_is_none(listing: Listing) -> None:
    """What is no text is no provenance, and nothing to fail for: it does not decide which file is chosen."""
    assert listing[0].provenance is None
    assert not Releases(summary(listing, PAGE)).has_provenance


@pytest.mark.parametrize("listing", [in_html(f' data-provenance="{URL}?token=secret"'), in_json(f"{URL}?token=secret")])
def test_an_address_with_a_token_is_neither_taken_nor_kept(listing: Listing) -> None:
    """What is kept of pages lies on disk for long."""
    assert listing[0].provenance is None
    assert "secret" not in summary(listing, PAGE)
    assert "secret" not in json.dumps(listing.columns())


@pytest.mark.parametrize("time", [None, 7, "", "yesterday", "2026-01-01T00:00:00", "9" * 100, "\ud800", ["x"]])
def test_odd_upload_times_of_releases(time: Any) -> None:
    """A time that cannot be read is unknown, and no reason to fail."""
    entry = {"filename": "x", "url": FILE, "hashes": {}, "upload-time": time}
    page = {"meta": {"api-version": "1.1"}, "name": "acme", "files": [entry]}
    listing = parse_page(json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json", PAGE)
    releases = Releases(summary(listing, PAGE))
    assert releases.first_upload is None
    assert releases.of("acme-1.0.tar.gz") is not None
    assert releases.of("acme-2.0.tar.gz") is None
    assert releases.of("nonsense") is None
