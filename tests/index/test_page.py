"""Index pages: what is read from them, by the fast reader, by the thorough one, and by pip."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tracemalloc
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fakes import FakeIndex, wheel
from safe_pip.index.http import Http
from safe_pip.index.links import MOST_LINKS, InvalidPage
from safe_pip.index.listing import Listing
from safe_pip.index.page import parse_page
from safe_pip.model import DistributionFile, Network

URL = "https://index.example/simple/foo/"
FILE = "foo-1.0-py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"
DIGEST = "ab" * 32

Answer = list[dict[str, Any]] | None
AskPip = Callable[..., Answer]


def html(text: str, url: str = URL, content_type: str = "text/html") -> list[DistributionFile]:
    """The files of an HTML page, of which the reader says the same whether it makes them or not."""
    return whole(parse_page(text.encode(), content_type, url))


def whole(listing: Listing) -> list[DistributionFile]:
    """The files of a listing, after a look at what it says of them without making them."""
    found = list(listing)
    assert [file.filename for file in found] == list(listing.names)
    assert [(file.requires_python, file.yanked) for file in found] == [
        listing.traits(place) for place in range(len(found))
    ]
    return found


def one(text: str, url: str = URL) -> DistributionFile:
    """The only file of an HTML page, on which both readers agree."""
    (found,) = html(text, url)
    assert thorough(text, url) == [found]
    return found


def thorough(text: str, url: str = URL) -> list[DistributionFile]:
    """The same page with a comment before it, which the fast reader leaves to the thorough one."""
    return html(f"<!---->{text}", url)


def api(*files: Any, url: str = URL, **more: Any) -> list[DistributionFile]:
    """The files of a JSON page."""
    content = json.dumps({"meta": {"api-version": "1.0"}, "files": list(files), **more}).encode()
    return whole(parse_page(content, JSON, url))


# --------------------------------------------------------------------------- links


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        (URL, FILE, f"https://index.example/simple/foo/{FILE}"),
        (URL, f"../../files/{FILE}", f"https://index.example/files/{FILE}"),
        (URL, f"/files/{FILE}", f"https://index.example/files/{FILE}"),
        (URL, f"//cdn.example/{FILE}", f"https://cdn.example/{FILE}"),
        (URL, f"http://cdn.example/{FILE}", f"http://cdn.example/{FILE}"),
        (URL, f"HTTPS://cdn.example/{FILE}", f"https://cdn.example/{FILE}"),
        ("https://index.example/simple/foo", FILE, f"https://index.example/simple/{FILE}"),
        ("https://index.example/simple/foo/?page=2", f"../{FILE}", f"https://index.example/simple/{FILE}"),
        ("file:///srv/simple/foo/index.html", f"../../{FILE}", f"file:///srv/{FILE}"),
    ],
)
def test_where_a_link_leads(base: str, href: str, expected: str) -> None:
    """Mirrors and private servers write links in every way that a URL can be written."""
    assert one(f'<a href="{href}">x</a>', base).url == expected
    assert api({"url": href}, url=base)[0].url == expected


@pytest.mark.parametrize(
    ("href", "url", "filename"),
    [
        (f"https://h.example/{FILE}?token=a%20b&x=1", f"https://h.example/{FILE}?token=a%20b&x=1", FILE),
        ("https://h.example/a b/foo-1.0.zip", "https://h.example/a%20b/foo-1.0.zip", "foo-1.0.zip"),
        ("https://h.example/a%20b/foo-1.0.zip", "https://h.example/a%20b/foo-1.0.zip", "foo-1.0.zip"),
        ("https://h.example/foo-1.0%2Bcu118.zip", "https://h.example/foo-1.0%2Bcu118.zip", "foo-1.0+cu118.zip"),
        ("https://h.example/foo-1.0+cu118.zip", "https://h.example/foo-1.0+cu118.zip", "foo-1.0+cu118.zip"),
        ("https://h.example/f%C3%B6o-1.0.zip", "https://h.example/f%C3%B6o-1.0.zip", "föo-1.0.zip"),
        ("https://h.example/föo-1.0.zip", "https://h.example/f%C3%B6o-1.0.zip", "föo-1.0.zip"),
        ("https://h.example/x%2f..%2ffoo-1.0.zip", "https://h.example/x%2F..%2Ffoo-1.0.zip", "foo-1.0.zip"),
        ("https://h.example/pkg@1/foo-1.0.zip", "https://h.example/pkg@1/foo-1.0.zip", "foo-1.0.zip"),
        ("https://h.example/foo-1.0.zip/", "https://h.example/foo-1.0.zip/", "foo-1.0.zip"),
    ],
)
def test_how_a_link_is_encoded(href: str, url: str, filename: str) -> None:
    """A file name decides project and version; a URL must be asked for as it is meant, encoded exactly once."""
    found = one(f'<a href="{href.replace("&", "&amp;")}">x</a>')
    assert (found.url, found.filename) == (url, filename)


@pytest.mark.parametrize(
    "href", ["", "/", "https://h.example", "https://h.example/", ".", "..", "%2e%2e", "x/%2e", "#x"]
)
def test_a_link_to_no_file_is_none(href: str) -> None:
    """Whatever has no file name is not a file; above all not one named "..", which would leave the private folder."""
    assert [file.filename for file in html(f'<a href="{href}">x</a>', "https://index.example/")] == []


def test_a_login_in_a_link_is_dropped() -> None:
    """URLs are kept in reports and lock files; a login that a page puts in them is not passed on."""
    secret = f"https://user:secret@h.example:8080/{FILE}#sha256={DIGEST}"
    for found in (one(f'<a href="{secret}">x</a>'), api({"url": secret})[0]):
        assert found.url == f"https://h.example:8080/{FILE}"
        assert "secret" not in repr(found)


@pytest.mark.parametrize("name", ["sha256", "sha512", "sha384", "sha224", "sha1", "md5"])
def test_the_digest_of_a_link(name: str) -> None:
    """The digest is what ties the page to the bytes; its case does not matter."""
    assert one(f'<a href="{FILE}#{name}=ABcd12">x</a>').hashes == {(name, "abcd12")}
    assert one(f'<a href="https://h.example/{FILE}#{name}=ABcd12">x</a>').hashes == {(name, "abcd12")}
    assert one(f'<a href="{FILE}#egg=foo&amp;{name}=ab">x</a>').hashes == {(name, "ab")}


@pytest.mark.parametrize("fragment", ["", "#", "#egg=foo", "#blake2b=ab", "#sha256", "#sha2560=ab", "#xsha256=ab"])
def test_no_digest(fragment: str) -> None:
    """What is no digest that pip knows says nothing."""
    assert one(f'<a href="{FILE}{fragment}">x</a>').hashes == frozenset()


def test_a_digest_that_can_be_none_is_kept() -> None:
    """An empty or broken digest fits no file: dropping it would turn a refusal into an approval."""
    assert one(f'<a href="{FILE}#sha256=">x</a>').hashes == {("sha256", "")}
    assert one(f'<a href="https://h.example/{FILE}#sha256=xyz">x</a>').hashes == {("sha256", "xyz")}


def test_the_same_link_twice_is_one_file() -> None:
    """The first of two equal links counts, as in pip; the same file with another digest is another link."""
    page = f'<a href="{FILE}">1</a><a href="./{FILE}" data-yanked="late">2</a><a href="{FILE}#sha256=ab">3</a>'
    assert [(file.yanked, file.hashes) for file in html(page)] == [
        (None, frozenset()),
        (None, frozenset({("sha256", "ab")})),
    ]
    assert [file.yanked for file in api({"url": FILE}, {"url": FILE, "yanked": True, "hashes": {"md5": "x"}})] == [None]


# --------------------------------------------------------------------------- attributes


@pytest.mark.parametrize(
    ("attributes", "yanked"),
    [
        ("", None),
        ('data-yanked=""', ""),
        ("data-yanked", ""),
        ('data-yanked="it &lt;breaks&gt; &amp; burns"', "it <breaks> & burns"),
        ("data-yanked='single'", "single"),
        ("data-yanked=bare", "bare"),
        ('DATA-YANKED="Upper"', "Upper"),
        ('data-yanked="first" data-yanked="last"', "last"),
        ('data-yankedness="x"', None),
    ],
)
def test_yanked(attributes: str, yanked: str | None) -> None:
    """PEP 592: the attribute alone marks a file as yanked, its value is the reason."""
    assert one(f'<a href="{FILE}" {attributes}>x</a>').yanked == yanked


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", None),
        ('data-core-metadata="true"', frozenset()),
        ('data-core-metadata="false"', None),
        ("data-core-metadata", None),
        ('data-core-metadata=""', frozenset()),
        ('data-core-metadata="sha256=ABcd"', {("sha256", "abcd")}),
        ('data-core-metadata="blake2b=ab"', frozenset()),
        ('data-core-metadata="nonsense"', frozenset()),
        ('data-dist-info-metadata="sha256=ab"', {("sha256", "ab")}),
        ('data-dist-info-metadata="sha256=old" data-core-metadata="sha256=new"', {("sha256", "new")}),
        ('data-dist-info-metadata="sha256=old" data-core-metadata', {("sha256", "old")}),
        ('data-dist-info-metadata="sha256=old" data-core-metadata="false"', None),
    ],
)
def test_metadata_beside_a_file(attributes: str, expected: frozenset[tuple[str, str]] | None) -> None:
    """PEP 658 and 714: whether METADATA can be had by itself, and its digest; the new name goes before the old."""
    assert one(f'<a href="{FILE}" {attributes}>x</a>').core_metadata == expected


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ('data-requires-python="&gt;=3.8"', ">=3.8"),
        ('data-requires-python="&#62;=3.8,&#x3c;4"', ">=3.8,<4"),
        ("data-requires-python='>=3.8'", ">=3.8"),
        ('data-requires-python=">=3.8"', ">=3.8"),
        ('data-requires-python=""', None),
        ("data-requires-python", None),
        ('data-requires-python="&quot;"', '"'),
        ('data-requires-python="&nosuch; &amp;amp;"', "&nosuch; &amp;"),
    ],
)
def test_requires_python(attribute: str, expected: str | None) -> None:
    """It decides which versions are seen at all; the signs in it are mostly written as references."""
    assert one(f'<a href="{FILE}" {attribute}>x</a>').requires_python == expected


# --------------------------------------------------------------------------- HTML that is hard to read

TRAPS = {
    "comment": f'<!-- <a href="no-{FILE}">x</a> --><a href="{FILE}">x</a>',
    "comment never closed": f'<a href="{FILE}">x</a><!-- <a href="no-{FILE}">x</a>',
    "script": f"<script>var x = '<a href=\"no-{FILE}\">';</script><a href=\"{FILE}\">x</a>",
    "style": f'<style><a href="no-{FILE}">x</a></style><a href="{FILE}">x</a>',
    "within another tag's value": f"<img alt='<a href=\"no-{FILE}\">'><a href=\"{FILE}\">x</a>",
    "within another tag": f'<b <a href="no-{FILE}">x</b><a href="{FILE}">x</a>',
    "within an end tag": f'</b <a href="no-{FILE}"><a href="{FILE}">x</a>',
    "within a declaration": f'<!foo <a href="no-{FILE}"><a href="{FILE}">x</a>',
    "within an instruction": f'<?foo <a href="no-{FILE}"><a href="{FILE}">x</a>',
    "never ended": f'<a href="{FILE}">x</a><a href="no-{FILE}"',
    "single quotes": f"<a href='{FILE}'>x</a>",
    "no quotes": f"<a href={FILE}>x</a>",
    "upper case": f'<A HREF="{FILE}">x</A>',
    "over lines": f'<a\n\thref\n=\n"{FILE}"\n>x</a>',
    "no space": f'<a class="x"href="{FILE}">x</a>',
    "slash": f'<a/href="{FILE}"/>x</a>',
    "other elements": f'<abbr href="no-{FILE}">x</abbr><area href="no-{FILE}"><a href="{FILE}">x</a>',
    "no href": f'<a name="x"><a href><a href=""><a href="{FILE}">x</a>',
    "twice": f'<a href="no-{FILE}" href="{FILE}">x</a>',
    "reference in href": "<a href=\"foo&#45;1.0-py3-none-any.whl\">x</a>",
    "new lines in value": f'<a class="\n" href="{FILE}">x</a>',
    "byte order mark": f'\ufeff<a href="{FILE}">x</a>',
    "nul": f'\0<a href="{FILE}">x</a>',
    "title": f'<title>a & b</title><a href="{FILE}">x</a>',
    "no document": f'<a href="{FILE}">x',
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_html_that_is_hard_to_read(trap: str, ask_pip: AskPip) -> None:
    """A link that only one reader sees is a version that pip would choose and the guard never looked at, or none."""
    page = TRAPS[trap]
    assert [file.filename for file in html(page)] == [FILE]
    assert [link["filename"] for link in ask_pip(page) or []] == [FILE]


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ('<base href="https://files.example/x/">', f"https://files.example/x/{FILE}"),
        ("<BASE HREF='https://files.example/x/y'>", f"https://files.example/x/{FILE}"),
        ('<base href="https://one.example/"><base href="https://two.example/">', f"https://one.example/{FILE}"),
        ('<base target="_top"><base href="https://two.example/">', f"https://two.example/{FILE}"),
        ('<base href="">', f"{URL}{FILE}"),
        ('<base href="https://one.example/" href="https://two.example/">', f"https://one.example/{FILE}"),
        ('<!-- <base href="https://no.example/"> -->', f"{URL}{FILE}"),
        ("", f"{URL}{FILE}"),
    ],
)
def test_base(base: str, expected: str, ask_pip: AskPip) -> None:
    """<base> moves every relative link of a page to another server."""
    page = f'<html><head>{base}</head><a href="{FILE}">x</a></html>'
    assert [file.url for file in html(page)] == [expected]
    assert [link["url"] for link in ask_pip(page) or []] == [expected]


def test_the_fast_reader_does_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """If every page were left to the thorough reader, nobody would notice but for the time: 40 µs a link."""
    page = "".join(
        f'<a href="https://h.example/packages/foo-{number}-py3-none-any.whl#sha256={DIGEST}" '
        f'data-requires-python="&gt;=3.8" data-core-metadata="true">x</a><br/>\n'
        for number in range(2_000)
    )
    page = f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>Links</title></head><h1>x</h1>{page}</html>'
    slow = thorough(page)
    monkeypatch.setattr("safe_pip.index.html_page._Anchors", None)
    fast = html(page)
    assert fast == slow
    assert len(fast) == 2_000


# --------------------------------------------------------------------------- made-up pages, against pip

JUNK_VALUES = st.sampled_from(
    [None, 0, 1, False, True, "", "x", "\ud800", 0.0, [], ["a"], {}, {"sha256": "AB"}, {"sha256": 5}, {"": ""}]
)
QUOTES = st.sampled_from(['"{}"', "'{}'", "{}", ' = "{}"'])
HREFS = st.sampled_from(
    [
        FILE,
        "foo-2.0.tar.gz",
        "../x/foo-1.1.zip#sha256=abcd",
        "https://h.example/foo-1.0.tar.gz#sha256=ABCD",
        "https://h.example/a/foo-3.0.tar.gz?x=1&amp;y=2#md5=12",
        "http://user:pw@h.example/foo-1.0.tar.gz",
        "//cdn.example/foo-4.0.zip",
        "/foo%2D5.0.zip",
        "foo 6.0.zip",
        "foo&#45;7.0.zip",
        "foo-8.0.zip?a=1&copy=2",
        "foo-9.0+local.zip",
        "",
        "#top",
        "mailto:a@b.example",
        "javascript:void(0)",
    ]
)
ATTRIBUTE = st.one_of(
    st.builds("{0}={1}".format, st.sampled_from(["href", "HREF"]), st.builds(str.format, QUOTES, HREFS)),
    st.sampled_from(
        [
            'data-requires-python="&gt;=3.8"',
            'data-requires-python=">=3.8"',
            "data-requires-python='&lt;4'",
            'data-yanked="why &amp; how"',
            'data-yanked=""',
            'data-core-metadata="true"',
            'data-core-metadata="sha256=ab"',
            'data-dist-info-metadata="sha256=cd"',
            'data-core-metadata="x"',
            'class="a b"',
            'rel="internal"',
            "disabled",
            "/",
            '"',
            "'",
            "<",
            "&",
        ]
    ),
)
SPACES = st.sampled_from([" ", "\n", "  ", "\t", "/", "\f", ""])
TAG = st.builds(
    lambda name, attributes, end: f"<{name}" + "".join(space + text for space, text in attributes) + end,
    st.sampled_from(
        ["a", "A", "a", "b", "br", "base", "img", "/a", "title", "script", "p", "!DOCTYPE", "!--", "?", "abbr"]
    ),
    st.lists(st.tuples(SPACES, ATTRIBUTE), max_size=4),
    st.sampled_from([">", "/>", " >", "", ">x</a>", "</script>", "-->", "</title>"]),
)
PIECE = st.one_of(
    TAG,
    st.builds('<a href="{}">x</a>\n'.format, HREFS),
    st.sampled_from(
        [
            "\n",
            "text",
            "&amp;",
            "&",
            "<",
            ">",
            "--",
            "<!---->",
            "]]>",
            '"',
            "<title>x</title>",
            "<h1>x</h1>",
            "\x00",
            "ſ",
            "K",
        ]
    ),
)
PAGE = st.lists(PIECE, max_size=12).map("".join)
SIMPLE_PAGE = st.lists(
    st.builds(
        lambda href, extra: f'<a href="{href}"{extra}>x</a><br/>\n',
        HREFS,
        st.sampled_from(
            ["", ' data-requires-python="&gt;=3.8"', ' data-yanked="x"', ' data-core-metadata="sha256=ab"']
        ),
    ),
    max_size=12,
).map("".join)


PLAIN_ANCHOR = st.builds(
    '<a href="{}/foo-{}.0.zip#sha256={}"{}>x</a>{}'.format,
    st.sampled_from(
        [
            *("https://h.example/a",) * 12,
            *("https://h.example/a/", "https://h.example/a/..", "https://i.example/a", "http://h.example:80/a"),
            *("https://h.example/%61", "https://u:p@h.example", "https://h.example/a?", "https://h.example/a#sha256="),
            *("https://h.example/a\n", "https://h.example/\u0130", "https://h.example/a/.b", "https://h.example/a:"),
        ]
    ),
    st.integers(1, 9),
    st.sampled_from([*(DIGEST,) * 6, DIGEST.upper(), DIGEST[1:], DIGEST[1:] + "\n", DIGEST[1:] + "g"]),
    st.sampled_from(
        [
            *("", ' data-yanked="a&amp;b"', ' data-requires-python="&gt;=3"', ' data-core-metadata="sha256=ab"'),
            *(' data-yanked="1" data-yanked="2"', ' data-yanked="&#0;&#x80;&#55296;"', ' data-yanked="&copy"'),
            *(
                ' data-requires-python="&gt;=3" data-requires-python="==2"',
                ' a="1" "2"',
                ' a="1"b="2"',
                ' "',
                ' a="\n"',
            ),
            *(' data-core-metadata="x data-requires-python="', ' data-upload-time="2020"', ' x-data-yanked="1"', "\n"),
            *(' href="https://h.example/b.zip"', " data-yanked='1'", ' DATA-YANKED="x"', ' -="3"'),
        ]
    ),
    st.sampled_from(["", "\n", "<br/>", "\x00", "\r"]),
)
SPLICE = st.sampled_from(
    [
        *("<title>", "</title>", "<title >", "<title/>", "<TITLE>", '<p title="', '">', "'>", "<!doctype ", ">", "<"),
        *('<b x="1">', '<p a="x"b="y">', '<h1 =""', "</script>", "<template>", "<noscript>", "<math>", "<plaintext>"),
        *('<base href="https://e.example/">', "<!--", "-->", "<?", "<![CDATA[", "<a>", "<abbr>", "</a", "<\u212a>"),
        *("\u0130<a", "&", "&amp", "&#", '<a href="', '<p x="<', "<!doctype [ ]>", "<xmp>", "</title x=", "<p\n>"),
    ]
)
SPLICED_PAGE = st.lists(st.one_of(PLAIN_ANCHOR, PLAIN_ANCHOR, SPLICE), max_size=8).map("".join)


@settings(max_examples=600)
@given(SPLICED_PAGE)
@example(f'<title><a href="https://h.example/foo-1.zip#sha256={DIGEST}">x</a></title>')
@example(f'<p title="<a href="https://h.example/foo-1.zip#sha256={DIGEST}">x</a>">')
def test_the_quickest_reader_agrees_or_hands_over(page: str) -> None:
    """A page of nothing but plain anchors is not parsed at all: a piece between them must not hide or make a file."""
    assert html(page) == thorough(page)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SPLICED_PAGE)
def test_pip_sees_the_same_in_spliced_pages(ask_pip: AskPip, page: str) -> None:
    """And what the quickest reader sees is what pip sees."""
    assert_as_pip(ask_pip, page)


PLAIN_ENTRY = st.fixed_dictionaries(
    {
        "url": st.integers(1, 5).map("https://h.example/foo-{}.zip".format),
        "hashes": st.just({"sha256": DIGEST}) | JUNK_VALUES,
    },
    optional={
        "requires-python": JUNK_VALUES,
        "yanked": JUNK_VALUES,
        "core-metadata": JUNK_VALUES,
        "dist-info-metadata": JUNK_VALUES,
        "size": JUNK_VALUES,
        "upload-time": JUNK_VALUES,
    },
)


@settings(max_examples=600)
@given(st.lists(PLAIN_ENTRY, max_size=3))
def test_the_quick_json_reader_agrees_or_hands_over(files: list[dict[str, Any]]) -> None:
    """With one file more that only the thorough reader takes, the same page says the same, or is refused as well."""
    pages = []
    for more in ([], [{"url": "odd-1.zip"}]):
        try:
            pages.append(api(*files, *more))
        except InvalidPage:
            pages.append([])
    # Each file is made only now, and then it is too late to refuse the page.
    found, expected = map(list, pages)
    assert found == expected[:-1]


@settings(max_examples=600)
@given(st.one_of(PAGE, SIMPLE_PAGE))
@example(f'<title><b><a href="{FILE}"></title>')
@example(f'<textarea><a href="{FILE}"></textarea>')
@example(f'<a href="{FILE}" data-yanked>')
@example(f'<a href="{FILE}?a=1&copy=2">x</a>')
def test_the_fast_reader_agrees_or_hands_over(page: str) -> None:
    """The two readers must never see two things on one page."""
    assert html(page) == thorough(page)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(PAGE, SIMPLE_PAGE))
def test_pip_sees_the_same(ask_pip: AskPip, page: str) -> None:
    """Promise 3 begins here: the same files, digests, yanks and Python versions as pip reads from the page."""
    assert_as_pip(ask_pip, page)


def assert_as_pip(ask_pip: AskPip, page: str) -> None:
    """A page lists the files that pip reads from it, in its order."""
    theirs = ask_pip(page)
    if theirs is None:
        return  # pip fails with a traceback: there is no answer to give
    links: dict[tuple[str, str], dict[str, Any]] = {}
    for link in map(normal, filter(is_file, theirs)):
        # Links that differ only in a fragment without a digest are one to us: nothing tells their files apart.
        links.setdefault((link["url"], repr(link["hashes"])), link)
    assert list(filter(is_file, map(as_pip, html(page)))) == list(links.values())


def is_file(link: dict[str, Any]) -> bool:
    """Whether a link is one to a file on the web; where there is no file name pip takes the host's."""
    parts = urllib.parse.urlsplit(link["url"])
    name = urllib.parse.unquote(parts.path).rstrip("/").rpartition("/")[2]
    return parts.scheme in ("http", "https") and name not in ("", ".", "..")


def normal(link: dict[str, Any]) -> dict[str, Any]:
    """pip's link, as far as it is compared: without its login and fragment, and decoded."""
    parts = urllib.parse.urlsplit(link["url"])
    address = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
    hashes = {name: digest.lower() for name, digest in link["hashes"].items()}
    return {**link, "url": urllib.parse.unquote(address), "hashes": hashes}


def as_pip(file: DistributionFile) -> dict[str, Any]:
    """Our file in the same form."""
    return {
        "filename": file.filename,
        "url": urllib.parse.unquote(file.url),
        "hashes": dict(file.hashes),
        "requires_python": file.requires_python,
        "yanked": file.yanked,
        "sidecar": None if file.core_metadata is None else dict(file.core_metadata),
    }


@pytest.fixture(scope="module")
def ask_pip() -> Iterator[AskPip]:
    """Asks pip's own reader, in one process for all questions."""
    command = [sys.executable, "-I", str(Path(__file__).with_name("pip_links.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(text: str | bytes, content_type: str = "text/html", url: str = URL) -> Answer:
            content = text.encode() if isinstance(text, str) else text
            question = {
                "content": base64.b64encode(content).decode(),
                "content_type": content_type,
                "url": url,
            }
            process.stdin.write(json.dumps(question) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            answer: Answer = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return answer

        yield ask
        process.stdin.close()
        process.wait(20)


@pytest.mark.registry
@pytest.mark.parametrize("project", ["six", "numpy", "pyyaml", "zope-interface"])
@pytest.mark.parametrize("accept", ["text/html", JSON])
def test_real_pages(project: str, accept: str, ask_pip: AskPip, registry: str) -> None:
    """What the registry really serves is read by the fast reader, and as pip reads it."""
    url = f"{registry.rstrip('/')}/{project}/"
    with Http(Network(retries=2)) as http:
        answer = http.get(url, limit=100_000_000, headers={"Accept": accept})
    kind = answer.headers["content-type"]
    found = parse_page(answer.content, kind, answer.url)
    assert len(found) > 10
    assert all(file.hashes for file in found)
    assert [as_pip(file) for file in found] == [
        normal(link) for link in ask_pip(answer.content, kind, answer.url) or []
    ]
    if kind.startswith("text/html"):
        assert found == parse_page(b"<!---->" + answer.content, kind, answer.url)


# --------------------------------------------------------------------------- pip itself, on a page of the oddest links


def test_pip_picks_the_same_file(index: FakeIndex, environ: dict[str, str], tmp_path: Path) -> None:
    """End to end: a page with every oddity at once, read by pip over http."""
    for version in ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5"):
        index.add(wheel(tmp_path, "foo", version))
    page = """
        <base href="../../files/x/">
        <a href="../foo-1.0-py3-none-any.whl">x</a> <!-- <a href="../foo-1.5-py3-none-any.whl">x</a> -->
        <A HREF='../foo-1.1-py3-none-any.whl'>x</A>
        <script>"<a href='../foo-1.5-py3-none-any.whl'>"</script>
        <a href=../foo-1.2-py3-none-any.whl data-requires-python='>=3.8'>x</a>
        <a href="../foo-1.3-py3-none-any.whl" data-requires-python="&gt;=99">x</a>
        <a href="../foo-1.4-py3-none-any.whl" data-yanked="">x</a>
    """.replace("../../files/x/", f"{index.base}/files/x/")

    def answer(_: Any) -> Any:
        from fakes import Answer

        return Answer(page.encode(), 200, {"Content-Type": "text/html; charset=utf-8"})

    index.override(index.page("foo"), answer)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "-d", str(tmp_path / "got")]
    done = subprocess.run(
        [*command, "--index-url", index.url, "foo"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "got").iterdir()] == ["foo-1.2-py3-none-any.whl"]

    usable = [
        file for file in html(page, f"{index.url}/foo/") if file.yanked is None and file.requires_python != ">=99"
    ]
    assert max(file.filename for file in usable) == "foo-1.2-py3-none-any.whl"
    assert usable[-1].url == f"{index.base}/files/foo-1.2-py3-none-any.whl"


# --------------------------------------------------------------------------- content types and versions


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "TEXT/HTML",
        "text/html;charset=utf-8",
        "text/html ; charset=UTF-8",
        'text/html; charset="utf-8"; foo=bar',
        "text/html; Charset=utf8",
        "text/html; foo=bar",
        "application/vnd.pypi.simple.v1+html",
        "application/vnd.pypi.simple.v1+html; charset=utf-8",
    ],
)
def test_content_types_of_html(content_type: str) -> None:
    """Servers write the type in every way that the standard allows."""
    assert [file.filename for file in html('<a href="föo-1.0.zip">x</a>', content_type=content_type)] == ["föo-1.0.zip"]


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "cp1252"])
def test_other_charsets(charset: str) -> None:
    """The charset is the server's to choose."""
    content = '<a href="föo-1.0.zip">x</a>'.encode(charset)
    (found,) = parse_page(content, f"text/html; charset={charset}", URL)
    assert found.filename == "föo-1.0.zip"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json",
        "application/octet-stream",
        "application/vnd.pypi.simple.v2+json",
        "application/vnd.pypi.simple.latest+html",
        "application/xhtml+xml",
        "nonsense",
        ";",
    ],
)
def test_other_content_types_are_no_pages(content_type: str) -> None:
    """A login page in JSON or a file in place of a page must not count as "nothing there"."""
    with pytest.raises(InvalidPage, match="not an index page"):
        html(f'<a href="{FILE}">x</a>', content_type=content_type)


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b"\xff", "utf-8"),
        (b"x", "no-such-charset"),
        (b"x", "hex"),
        (b"x", "undefined"),
        (b"x", "punycode"),
        (b"x", "idna"),
        (b"x", "utf-8; x"),
        (b"x", '"'),
    ],
)
def test_what_cannot_be_decoded(content: bytes, charset: str) -> None:
    """No charset that a server may name is a crash, or a way to keep us busy."""
    try:
        parse_page(content, f"text/html; charset={charset}", URL)
    except InvalidPage:
        return
    assert charset in ("utf-8; x", '"')  # these name none


@pytest.mark.parametrize(
    "meta",
    [
        '<meta name="pypi:repository-version" content="2.0">',
        '<META NAME="pypi:repository-version" CONTENT="2.0">',
        "<meta content='10.1' name='pypi:repository-version'>",
        "<meta name=pypi:repository-version content=2>",
    ],
)
def test_another_version_of_the_api_in_html(meta: str) -> None:
    """PEP 629: a page of another major version may mean other things by the same words."""
    with pytest.raises(InvalidPage, match=r"speaks version (2|10) "):
        html(f'<html><head>{meta}</head><a href="{FILE}">x</a>')


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.99", "1"])
def test_known_versions_of_the_api(version: str) -> None:
    """Minor versions only add things."""
    assert html(f'<meta name="pypi:repository-version" content="{version}"><a href="{FILE}">x</a>')
    assert api({"url": FILE}, meta={"api-version": version})


@pytest.mark.parametrize("version", ["2.0", "0.9", "", 2, None, [], {}, True])
def test_another_version_of_the_api_in_json(version: Any) -> None:
    """The same in JSON, whatever stands there."""
    with pytest.raises(InvalidPage, match="speaks version"):
        api({"url": FILE}, meta={"api-version": version})


@pytest.mark.parametrize("meta", [None, {}, [], "1.0"])
def test_no_version_of_the_api(meta: Any) -> None:
    """A server that says nothing of it means the first."""
    assert len(api({"url": FILE}, meta=meta)) == 1


# --------------------------------------------------------------------------- JSON


def test_everything_that_json_says() -> None:
    """PEP 691 and 700: all of it is kept, by our names."""
    (found,) = api(
        {
            "filename": "a lie",
            "url": f"../../files/{FILE}",
            "hashes": {"sha256": "AB", "sha512": "cd", "blake2b_256": "ef"},
            "requires-python": ">=3.8",
            "core-metadata": {"sha256": "12"},
            "yanked": "broken",
            "size": 17,
            "upload-time": "2024-01-02T03:04:05.678901Z",
        }
    )
    assert found == DistributionFile(
        filename=FILE,
        url=f"https://index.example/files/{FILE}",
        listed_on=URL,
        hashes=frozenset({("sha256", "ab"), ("sha512", "cd")}),
        requires_python=">=3.8",
        yanked="broken",
        core_metadata=frozenset({("sha256", "12")}),
        size=17,
        upload_time=datetime(2024, 1, 2, 3, 4, 5, 678901, timezone.utc),
    )


@pytest.mark.parametrize(
    ("value", "expected"), [(True, ""), (False, None), ("why", "why"), ("", None), (None, None), (1, ""), (0, None)]
)
def test_yanked_in_json(value: Any, expected: str | None) -> None:
    """A truth value or a reason; an empty text is no yank, as pip has it."""
    assert api({"url": FILE, "yanked": value})[0].yanked == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, None),
        ({"core-metadata": True}, frozenset()),
        ({"core-metadata": False}, None),
        ({"core-metadata": {}}, frozenset()),
        ({"core-metadata": {"sha256": "AB"}}, {("sha256", "ab")}),
        ({"core-metadata": {"other": "ab"}}, frozenset()),
        ({"dist-info-metadata": {"sha256": "ab"}}, {("sha256", "ab")}),
        ({"dist-info-metadata": True, "core-metadata": False}, None),
        ({"dist-info-metadata": {"sha256": "ab"}, "core-metadata": None}, {("sha256", "ab")}),
        ({"data-dist-info-metadata": True}, None),
    ],
)
def test_metadata_beside_a_file_in_json(entry: dict[str, Any], expected: frozenset[tuple[str, str]] | None) -> None:
    """The same as in HTML, by the names of PEP 714."""
    assert api({"url": FILE, **entry})[0].core_metadata == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, 0, timezone.utc)),
        ("2024-01-02T03:04:05+00:00", datetime(2024, 1, 2, 3, 4, 5, 0, timezone.utc)),
        ("2024-01-02T03:04:05.123456789Z", datetime(2024, 1, 2, 3, 4, 5, 123456, timezone.utc)),
        ("2024-01-02T03:04:05.1Z", datetime(2024, 1, 2, 3, 4, 5, 100000, timezone.utc)),
        ("2024-01-02T04:04:05+01:00", datetime(2024, 1, 2, 3, 4, 5, 0, timezone.utc)),
        ("2024-01-02T03:04:05", None),
        ("yesterday", None),
        ("", None),
        (1704164645, None),
        (None, None),
    ],
)
def test_upload_times(text: Any, expected: datetime | None) -> None:
    """The age of a file is judged by it; a time without a zone could be hours off, so it says nothing."""
    assert api({"url": FILE, "upload-time": text})[0].upload_time == expected


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (5, 5), (-1, None), ("5", None), (5.5, None), (True, None)])
def test_sizes(size: Any, expected: int | None) -> None:
    """A size only feeds the progress display; nonsense in it is no reason to stop."""
    assert api({"url": FILE, "size": size})[0].size == expected


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "x",
        {"url": 5},
        {"url": [FILE]},
        {"url": f"https://h.example/{FILE}?\ud800"},
        {"url": FILE, "hashes": ["sha256", DIGEST]},
        {"url": FILE, "hashes": {"sha256": None}},
        {"url": FILE, "hashes": {"sha256": 5}},
        {"url": FILE, "hashes": "sha256"},
        {"url": FILE, "requires-python": 3.8},
        {"url": FILE, "requires-python": 0},
        {"url": FILE, "requires-python": False},
        {"url": FILE, "requires-python": []},
        {"url": FILE, "requires-python": "\ud800"},
        {"url": FILE, "core-metadata": {"sha256": []}},
    ],
    ids=repr,
)
def test_json_of_the_wrong_shape_is_refused(entry: Any) -> None:
    """A digest or a Python version that cannot be read must not be passed over: that would be a weaker check."""
    with pytest.raises(InvalidPage):
        api(entry)


@pytest.mark.parametrize("value", [0, False, 0.0, [], {}, "\ud800", 3])
@pytest.mark.parametrize("key", ["requires-python", "hashes", "core-metadata", "dist-info-metadata"])
def test_json_of_the_wrong_shape_among_plain_files(key: str, value: Any) -> None:
    """The quick reader leaves no file to be refused later, when a resolver looks at it: the page is refused now."""
    files = [{"url": f"https://h.example/foo-{number}.zip", "hashes": {"sha256": DIGEST}} for number in range(3)]
    files[1][key] = {"sha256": value} if key != "requires-python" else value
    with pytest.raises(InvalidPage):
        api(*files)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"files": {}}',
        b'{"files": null}',
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"files": [' * 5,
        b"1" * 10_000,
        b"NaN",
        b'{"files": [], "x": "\xff"}',
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_json_page(content: bytes) -> None:
    """Whatever a server answers, it is a page or it is told as none."""
    with pytest.raises(InvalidPage):
        parse_page(content, JSON, URL)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = [
    "url",
    "filename",
    "hashes",
    "requires-python",
    "yanked",
    "core-metadata",
    "dist-info-metadata",
    "size",
    "upload-time",
]


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "meta": JUNK | st.fixed_dictionaries({"api-version": JUNK | st.just("1.0")}),
            "files": st.lists(
                JUNK | st.dictionaries(st.sampled_from(KEYS), JUNK | st.just(FILE) | st.just({"sha256": "x"})),
                max_size=3,
            ),
        },
    )
)
def test_no_json_is_a_crash(data: Any) -> None:
    """Wrong types anywhere: files or a refusal, never another error."""
    try:
        found = parse_page(json.dumps(data).encode(), JSON, URL)
    except InvalidPage:
        return
    assert all(file.filename and file.url.encode() for file in found)
    hash(tuple(found))


@settings(max_examples=200)
@given(
    st.binary(max_size=60),
    st.sampled_from(["text/html", JSON, "text/html; charset=latin-1", "text/html; charset=utf-7"]),
)
@example(b"<![<!", "text/html")
@example(b"<!--><![x[>", "text/html")
@example(b'<a href="&#' + b"9" * 5000 + b';">', "text/html")
def test_no_bytes_are_a_crash(content: bytes, content_type: str) -> None:
    """The standard library's own HTML parser fails on some."""
    try:
        found = parse_page(content, content_type, URL)
    except InvalidPage:
        return
    assert len(list(found)) == len(found)


# --------------------------------------------------------------------------- pages meant to drown us


LINKS = "".join(f'<a href="foo-{number}.zip">x</a>' for number in range(300_000)).encode()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (LINKS, "text/html"),
        (b"<!---->" + LINKS, "text/html"),
        (b'<a name="">' * 300_000, "text/html"),
        (b"<" * 5_000_000, "text/html"),
        (json.dumps({"files": [{"url": f"foo-{number}.zip"} for number in range(300_000)]}).encode(), JSON),
        (b'{"files": [' + b"{}," * 3_000_000 + b"{}]}", JSON),
        (b'{"files": [' + b"1," * 300_000 + b"1]}", JSON),
    ],
    ids=["fast", "thorough", "anchors", "less-than", "json", "objects", "numbers"],
)
@pytest.mark.timeout(60)
def test_a_page_with_300_000_links(content: bytes, content_type: str) -> None:
    """No project has so many files: such a page is an attack or a mistake, and must not keep us busy."""
    with pytest.raises(InvalidPage, match="more than 250,000 links"):
        parse_page(content, content_type, URL)


def test_json_of_many_objects_takes_little_memory() -> None:
    """100 MB of "{}" would be some gigabytes of dictionaries: they are counted before any of them is made."""
    content = b'{"files": [' + b"{}," * 10_000_000 + b"{}]}"
    tracemalloc.start()
    try:
        with pytest.raises(InvalidPage, match="more than 250,000 links"):
            parse_page(content, JSON, URL)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("prefix", ["", "<!---->"])
def test_anchors_without_attributes_are_no_links(prefix: str) -> None:
    """They offer nothing, to either reader."""
    assert html(prefix + "<a>" * 300_000) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("content_type", ["text/html", JSON])
def test_nothing_100_million_times(content_type: str) -> None:
    """The largest page that is read at all, with nothing in it, costs a moment."""
    try:
        found = parse_page(b" " * 100_000_000, content_type, URL)
    except InvalidPage:
        found = []
    assert found == []


PIECES = [
    *("<a", "<a ", "<a href=", '<a href="', "<a x='", "<a x", "<a href=x ", "<a\x00", "<a href='\n"),
    *("<!--", "<!", "<!doctype", "</", "<?", "<base", "<meta pypi:repository-version", "&", "&#"),
    *("<title", "<title>", "<title>x", "<script>", "<textarea>"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", PIECES)
def test_no_page_takes_its_square_in_time(piece: str) -> None:
    """1.5 MB of one piece: a reader that goes over the rest for each of them would take hours."""
    page = piece * (1_500_000 // len(piece))
    with suppress(InvalidPage):
        html(page)


def test_most_links_are_still_read() -> None:
    """The bound is far above the largest project there is."""
    page = "".join(f'<a href="https://h.example/foo-{number}.zip">x</a>' for number in range(MOST_LINKS))
    assert len(html(page)) == MOST_LINKS
