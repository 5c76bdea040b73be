"""Provenance documents (PEP 740): what they say, what is wrong with them, and that none of them can do harm."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from fakes import provenance_of, sha256, wheel
from safe_pip.facts import Publisher
from safe_pip.index.links import provenance_url
from safe_pip.index.provenance import UnknownProvenance, parse_provenance

NAME = "acme-1.0-py3-none-any.whl"


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """A document with nothing wrong, to be spoiled."""
    made: dict[str, Any] = json.loads(provenance_of(wheel(tmp_path, "acme", "1.0")))
    return made


def problem(document: Any, name: str = NAME, digest: str | None = None) -> str:
    """What is wrong with a document."""
    return parse_provenance(json.dumps(document).encode(), name, digest).problem


def with_statement(document: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The document with another statement."""
    envelope = document["attestation_bundles"][0]["attestations"][0]["envelope"]
    statement = {**json.loads(base64.b64decode(envelope["statement"])), **change}
    envelope["statement"] = base64.b64encode(json.dumps(statement).encode()).decode()
    return document


def test_a_good_document(tmp_path: Path) -> None:
    """The publisher is told in one line, and nothing is claimed of signatures."""
    path = wheel(tmp_path, "acme", "1.0")
    found = parse_provenance(provenance_of(path), path.name, sha256(path))
    assert found.publishers == (Publisher("GitHub", "acme/log, release.yml"),)
    assert (found.verified, found.problem) == (None, "")


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("Acme-1.0.0-py3-none-any.whl", True),
        ("acme-1.0-1-py3-none-any.whl", False),
        ("acme-1.1-py3-none-any.whl", False),
        ("acmes-1.0-py3-none-any.whl", False),
        ("acme-1.0-py2.py3-none-any.whl", False),
        ("acme-1.0.tar.gz", False),
        ("../acme-1.0-py3-none-any.whl", False),
    ],
)
def test_the_file_that_it_names(document: dict[str, Any], name: str, alike: bool) -> None:
    """Spellings of one file are one file, and nothing else is."""
    digest = json.loads(
        base64.b64decode(document["attestation_bundles"][0]["attestations"][0]["envelope"]["statement"])
    )["subject"][0]["digest"]
    said = problem(with_statement(document, subject=[{"name": name, "digest": digest}]))
    assert said == ("" if alike else f"it is about {name}")


@pytest.mark.parametrize(
    "subject",
    [
        *(None, [], {}, [1], [{}], [{"name": NAME}], [{"name": NAME, "digest": {}}]),
        [{"name": NAME, "digest": {"sha256": 1}}],
        [{"name": 1, "digest": {"sha256": "aa"}}],
        [{"name": NAME, "digest": {"sha256": "aa"}}] * 2,
    ],
)
def test_a_statement_about_nothing(document: dict[str, Any], subject: Any) -> None:
    """Whatever stands in the subject's place, it is a problem that is told and not a traceback."""
    assert problem(with_statement(document, subject=subject))


@pytest.mark.parametrize("value", [None, 0, [], {}, "", "x", [1], {"a": 1}])
@pytest.mark.parametrize(
    "key",
    ["attestation_bundles", "publisher", "attestations", "verification_material", "envelope", "statement", "signature"],
)
def test_anything_in_the_place_of_a_part(document: dict[str, Any], key: str, value: Any) -> None:
    """Each part may be of any type in what a server sends: told as wrong, or harmless where any object will do."""

    def spoiled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: value if name == key else spoiled(inner) for name, inner in part.items()}
        return [spoiled(inner) for inner in part] if isinstance(part, list) else part

    said = problem(spoiled(document))
    harmless = (key == "verification_material" and isinstance(value, dict)) or (key == "signature" and value == "")
    assert bool(said) != harmless


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[" * 100_000, b'{"version": 1}', b"null", b'"\\ud800"', b"1" * 9999]
)
def test_what_is_no_document(content: bytes) -> None:
    """Garbage is wrong, and costs nothing."""
    assert parse_provenance(content, NAME, None).problem


@pytest.mark.parametrize("version", [2, 0, -1])
def test_a_version_that_is_not_known(document: dict[str, Any], version: int) -> None:
    """A document of tomorrow is not wrong: it says nothing to us."""
    with pytest.raises(UnknownProvenance):
        problem({**document, "version": version})


@pytest.mark.parametrize("version", [None, True, "1", 1.0])
def test_a_version_that_is_none(document: dict[str, Any], version: Any) -> None:
    """What is no number is wrong."""
    assert problem({**document, "version": version})


def test_nothing_of_it_reaches_a_terminal(document: dict[str, Any]) -> None:
    """A publisher's name comes from a server, and ends up in a message."""
    hostile = "a\x1b[2J\u202eb\ud800\nc" + "d" * 10_000
    document["attestation_bundles"][0]["publisher"] |= {"kind": hostile, "repository": hostile}
    [publisher] = parse_provenance(json.dumps(document).encode(), NAME, None).publishers
    assert publisher.kind.isprintable()
    assert publisher.text.isprintable()
    assert len(publisher.text) <= 200
    assert problem(with_statement(document, subject=[{"name": hostile, "digest": {"sha256": "a"}}])).isprintable()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GitHub", "GitHub\t"),
        ("GitHub", "GitHub\u200b"),
        ("GitHub\x00", "GitHub\x01"),
        ("K", "\u212a"),
        ("a" * 300 + "b", "a" * 300 + "c"),
        ("\\x00", "\x00"),
    ],
)
def test_what_differs_is_shown_differently(document: dict[str, Any], one: str, other: str) -> None:
    """Publishers are compared as they are shown: none may pass for another by what cannot be seen."""
    publisher = document["attestation_bundles"][0]["publisher"]
    seen = set()
    for text in (one, other):
        publisher |= {"kind": text, "repository": text}
        [shown] = parse_provenance(json.dumps(document).encode()).publishers
        seen |= {(0, shown.kind.lower()), (1, shown.text.lower())}
    assert len(seen) == 4


def test_too_many_parts(document: dict[str, Any]) -> None:
    """A document may not keep the reader busy."""
    bundle = document["attestation_bundles"][0]
    assert "more than 100" in problem({**document, "attestation_bundles": [bundle] * 101})
    assert "more than 100" in problem(
        {**document, "attestation_bundles": [{**bundle, "attestations": bundle["attestations"] * 101}]}
    )


def test_a_name_with_very_many_tags(document: dict[str, Any]) -> None:
    """Compressed tags multiply; multiplied out, the comparison would not end."""
    tags = ".".join(f"a{number}" for number in range(2_000))
    name = f"acme-1.0-{tags}-{tags}-{tags}.whl"
    assert problem(with_statement(document, subject=[{"name": name, "digest": {"sha256": "aa"}}]))


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (
            "https://index.example/integrity/a/1/a.whl/provenance",
            "https://index.example/integrity/a/1/a.whl/provenance",
        ),
        ("../integrity/x", "https://index.example/simple/integrity/x"),
        ("https://me:secret@index.example/p", "https://index.example/p"),
        ("https://index.example/p?token=1", None),
        ("file:///etc/passwd", None),
        ("https://[", None),
        ("https://index.\ud800example/p", None),
        ("https://index.example/p\x1b[2J", "https://index.example/p%1B%5B2J"),
        (17, None),
        ("", None),
        (None, None),
    ],
)
def test_where_a_page_says_it_is(value: Any, url: str | None) -> None:
    """Only an address of a server, without logins and without queries, which would be kept."""
    assert provenance_url(value, "https://index.example/simple/acme/") == url
