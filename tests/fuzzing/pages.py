"""What is tried of the readers of what an index sends: pages and provenance."""

from __future__ import annotations

import base64
import json
import random
from datetime import datetime, timezone
from pathlib import Path

from packaging.version import Version

from fuzzing import formats
from fuzzing.mutating import mutated, spoiled, spoiled_json
from fuzzing.sense import writable
from safe_pip.index.html_page import _from_html
from safe_pip.index.links import InvalidPage
from safe_pip.index.listing import Listing
from safe_pip.index.page import parse_page
from safe_pip.index.provenance import UnknownProvenance, parse_provenance
from safe_pip.index.relations import parse_relations
from safe_pip.index.releases import Releases, summary, version_text
from safe_pip.model import DistributionFile
from safe_pip.report.plain import printable
from safe_pip.urls import split_credentials

URL = "https://index.example/simple/foo/"
NAME = "foo-1.0-py3-none-any.whl"
HTML_KINDS = [
    *("text/html", "text/html; charset=utf-8", "text/html", "application/vnd.pypi.simple.v1+html"),
    *("text/html; charset=latin-1",),
]
JSON_KIND = "application/vnd.pypi.simple.v1+json"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


# --------------------------------------------------------------------------- index pages


def html_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.HTML, formats.HTML_WORDS)


def html(data: bytes, chance: random.Random, folder: Path) -> bool:
    """An HTML page; the quick reader has to agree with the thorough one."""
    kind = chance.choice(HTML_KINDS)
    files = _page(data, kind)
    if files is None:
        return False
    text = data.decode("latin-1" if "latin" in kind else "utf-8")
    # The comment leaves the page to the thorough reader.
    assert list(_from_html(f"<!---->{text}", URL)) == files
    return True


def json_bytes(chance: random.Random) -> bytes:
    return spoiled_json(chance, formats.JSON, formats.JSON_WORDS)


def json_page(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A JSON page; with one file more that only the thorough reader takes, the others are as they were."""
    files = _page(data, JSON_KIND)
    if files is None:
        return False
    page = json.loads(data)
    page["files"].append({"url": "odd-1.zip"})
    again = _page(json.dumps(page).encode(), JSON_KIND)
    assert again is not None
    assert again[: len(files)] == files
    return True


def _page(data: bytes, kind: str) -> list[DistributionFile] | None:
    try:
        listing = parse_page(data, kind, URL)
    except InvalidPage:
        return None
    files = list(listing)
    assert [file.filename for file in files] == list(listing.names)
    for place, file in enumerate(files):
        assert tuple(listing.traits(place)) == (file.requires_python, file.yanked)
        assert not _credentials(file.url, file.provenance or "")
        assert file.size is None or file.size >= 0
        writable(file.filename, file.url, file.requires_python, file.yanked, file.provenance)
        writable(*(text for pair in (*file.hashes, *(file.core_metadata or ())) for text in pair))
        assert (file.provenance or "").isprintable()
    columns = listing.columns()
    if columns is not None:
        assert list(Listing.from_columns(json.loads(json.dumps(columns)))) == files
    releases = Releases(summary(listing, URL))
    assert releases.has_provenance in (True, False)
    assert releases.first_upload is None or releases.first_upload.tzinfo is not None
    for release in releases.before(Version("9999")):
        writable(release.provenance)
    for name in listing.names[:3]:
        found = releases.of(name)
        assert found is None or version_text(name)
    relations = parse_relations(data, kind, URL)
    assert len(relations.reason) <= 300
    assert "\n" not in relations.reason
    writable(printable(relations.reason), *map(printable, relations.tracks | relations.alternates))
    assert not _credentials(*relations.tracks, *relations.alternates)
    return files


def _credentials(*addresses: str) -> bool:
    return any(split_credentials(address)[1] for address in addresses)


# --------------------------------------------------------------------------- provenance


def provenance_bytes(chance: random.Random) -> bytes:
    """Half of the time with another statement inside."""
    if chance.random() < 0.5:
        return spoiled_json(chance, formats.PROVENANCE, formats.JSON_WORDS)
    document = json.loads(chance.choice(formats.PROVENANCE))
    statement = json.dumps(spoiled(chance, formats.STATEMENT)).encode()
    if chance.random() < 0.5:
        statement = mutated(chance, [statement], formats.JSON_WORDS)
    envelope = document["attestation_bundles"][0]["attestations"][0]["envelope"]
    envelope["statement"] = base64.b64encode(statement).decode()
    return json.dumps(document).encode()


def provenance(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A provenance document; what is told of it stands on one line each."""
    try:
        found = parse_provenance(data, *chance.choice([(), (NAME,), (NAME, formats.DIGEST)]))
    except UnknownProvenance as error:
        assert str(error).isprintable()
        assert len(str(error)) < 300
        return False
    for text in (found.problem, *(text for publisher in found.publishers for text in publisher)):
        assert text.isprintable()
        assert len(text) < 700
    return not found.problem
