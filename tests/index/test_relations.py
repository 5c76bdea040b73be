"""What pages say of one another (PEP 708): read from HTML and JSON alike, and never a reason to fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from safe_pip.index.relations import Relations, comparable, parse_relations

PAGE = "https://corp.example/simple/acme/"
OTHER = "https://index.example/simple/acme/"
HTML = "text/html; charset=utf-8"
JSON = "application/vnd.pypi.simple.v1+json"
A, B = "https://a.example/simple/acme", "https://b.example/simple/acme"


def test_html() -> None:
    """Meta tags in the head, as many as there are, in any order and case."""
    text = (
        f'<html><head><META name="pypi:tracks" content="{A}/"><meta content="{B}/" name="pypi:tracks">'
        f'<meta name="pypi:alternate-locations" content="{B}/"></head><body><a href="x.zip">x</a></body></html>'
    )
    assert parse_relations(text.encode(), HTML, PAGE) == Relations(frozenset({A, B}), frozenset({B}))


def test_json() -> None:
    """The first lies in ``meta``, the second beside it."""
    data = {"meta": {"api-version": "1.2", "tracks": [f"{A}/"]}, "alternate-locations": [f"{B}/"], "files": []}
    assert parse_relations(json.dumps(data).encode(), JSON, PAGE) == Relations(frozenset({A}), frozenset({B}))


@pytest.mark.parametrize(
    "text",
    [
        f'<body><meta name="pypi:tracks" content="{A}/"></body>',
        f'<!-- <meta name="pypi:tracks" content="{A}/"> -->',
        f'<a href="x.zip" title="pypi:tracks">{A}</a>',
        '<meta name="pypi:tracks">',
        '<meta name="pypi:tracks" content="http://[">',
    ],
)
def test_html_that_says_nothing(text: str) -> None:
    """A comment, a link's text or a tag in the body, where whoever uploads may write, is no word of the index."""
    assert parse_relations(text.encode(), HTML, PAGE) == Relations()


@pytest.mark.parametrize(
    "data",
    [
        {"meta": {"tracks": "x"}, "alternate-locations": "y"},
        {"meta": {"tracks": [5, None, ["x"], "http://["]}, "alternate-locations": {"a": 1}},
        {"meta": ["tracks"], "alternate-locations": None},
        {"tracks": [A], "meta": {"alternate-locations": [A]}},
    ],
)
def test_json_that_says_nothing(data: dict[str, Any]) -> None:
    """What is not in its place or no address is passed over: pip does not look at it at all."""
    assert parse_relations(json.dumps(data).encode(), JSON, PAGE) == Relations()


@pytest.mark.parametrize(
    "spelling",
    [
        "https://Index.Example/simple/acme",
        "https://index.example:443/simple/acme/",
        "https://u:p@index.example/simple/acme/",
        "https://index.example/simple/Acme//",
        "https://index.example/simple/%61cme/",
        "//index.example/simple/acme/",
    ],
)
def test_spellings_of_one_address(spelling: str) -> None:
    """The address is written by one index's people and compared with what another's users have configured."""
    text = f'<meta name="pypi:tracks" content="{spelling}">'
    assert parse_relations(text.encode(), HTML, PAGE).tracks == {comparable(OTHER)}


@pytest.mark.parametrize(
    "spelling",
    [
        "http://index.example/simple/acme/",
        "https://index.example:8443/simple/acme/",
        "https://index.example/simple/other/",
        "https://index.example/acme/",
        "https://index.example.evil.example/simple/acme/",
    ],
)
def test_other_addresses(spelling: str) -> None:
    """Neighbours are others."""
    assert comparable(spelling) != comparable(OTHER)


STATUSES = ["active", "archived", "quarantined", "deprecated"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_read_from_html_and_json_alike(status: str) -> None:
    """PEP 792: what an index has quarantined must be seen, in whichever form its page comes."""
    page = f'<head><meta name="pypi:project-status" content="{status}">'
    page += '<meta name="pypi:project-status-reason" content="a &amp; b\n c"></head>'
    data = {"meta": {}, "project-status": {"status": status, "reason": "a & b\n c"}, "files": []}

    expected = Relations(status=status, reason="a & b c")  # type: ignore[arg-type]
    assert parse_relations(page.encode(), HTML, PAGE) == expected
    assert parse_relations(json.dumps(data).encode(), JSON, PAGE) == expected


@pytest.mark.parametrize("stated", [None, "quarantined", 5, [], {"status": 5}, {"status": "gone"}, {"reason": "x"}])
def test_a_status_that_is_none_is_passed_over(stated: Any) -> None:
    """Later statuses, and nonsense, are no reason to fail."""
    data = {"meta": {}, "project-status": stated, "files": []}

    assert parse_relations(json.dumps(data).encode(), JSON, PAGE) == Relations()


def test_a_status_in_the_body_is_no_word_of_the_index() -> None:
    """Whoever uploads may write there."""
    page = '<head></head><body><meta name="pypi:project-status" content="quarantined"></body>'

    assert parse_relations(page.encode(), HTML, PAGE) == Relations()
