"""URLs and paths: taken apart as pip takes them apart, and never shown with what is secret in them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import run
from safe_pip import urls

# Asks pip's own functions, in a process of its own. The last argument is a list of texts in JSON.
_QUESTION = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pip._internal.models.link import Link, _ensure_quoted_url
from pip._internal.utils.filetypes import is_archive_file
from pip._internal.vcs import is_url, vcs

def answer(text):
    link = Link(text)
    return {
        "is_url": is_url(text),
        "is_vcs": link.is_vcs,
        "is_archive": is_archive_file(text),
        "quoted": _ensure_quoted_url(text),
        "file_name": link.filename,
        "hash": [link.hash_name, link.hash],
        "subdirectory": link.subdirectory_fragment,
        "without_fragment": link.url_without_fragment,
    }

print(json.dumps([answer(text) for text in json.loads(sys.argv[2])]))
"""

URLS = [
    "https://h.example/a/name-1.0-py3-none-any.whl",
    "https://h.example/a/name-1.0.tar.gz#sha256=ABcd",
    "https://h.example/a/name-1.0.tar.gz#md5=ab&egg=name&subdirectory=sub/dir",
    "https://h.example/a/name-1.0.tar.gz#egg=name&sha512=ff",
    "https://h.example/a/name-1.0.tar.gz#blake2=ff",
    "https://h.example/a%20b/n%2B1.zip",
    "https://h.example/a b/n 1.zip",
    "https://h.example/a%2fb/n%2F1.zip",
    "https://h.example/a/%2e%2e/n.zip",
    "https://h.example/a/..%2fn.zip",
    "https://h.example/é/ü.whl",
    "https://h.example/a@b/n@1.zip",
    "https://h.example/~u/n+1!2.zip",
    "https://h.example/(a)/n[1].zip?x=1 2#frag ment",
    "https://h.example/a%zz/n.zip",
    "https://h.example/a%",
    "https://h.example/folder/",
    "https://h.example/a//b",
    "https://u:p@h.example:8080/n.zip",
    "HTTP://H.EXAMPLE/N.ZIP",
    "http://h.example/n.zip?x#y=1#sha256=aa",
    "file:///tmp/some%20dir/n.whl",
    "file:///tmp/some dir/n.whl",
    "file:rel/n.whl",
    "file://localhost/tmp/n.whl",
    "ftp://h.example/n.tar.bz2",
    "git+https://h.example/n.git@v1#egg=n",
    "git+ssh://git@h.example/n.git",
    "git+file:///tmp/n",
    "ssh://git@h.example/n",
    "hg+static-http://h.example/n",
    "svn+svn://h.example/n",
    "bzr+lp:n",
    "sftp://h.example/n.tgz",
    "git://h.example/n",
    "svn://h.example/n",
    "nonsense+https://h.example/n",
    "mailto:somebody",
    "c:/windows/n.zip",
    "relative/n.tar.lzma",
    "name.TAR.XZ",
    "name.tlz",
    "name.tbz",
    "name.txz",
    "name.tar",
    "name.egg",
    "name.gz",
    "name.bz2",
    "",
]


@pytest.fixture
def told(environ: dict[str, str]) -> list[dict[str, Any]]:
    """pip's answers, one a URL."""
    spec = importlib.util.find_spec("pip")
    assert spec is not None
    assert spec.origin is not None
    folder = str(Path(spec.origin).parent.parent)
    done = run([sys.executable, "-I", "-c", _QUESTION, folder, json.dumps(URLS)], environ)
    assert done.code == 0, done.err
    answers: list[dict[str, Any]] = done.json
    return answers


def test_urls_are_taken_apart_as_pip_does(told: list[dict[str, Any]]) -> None:
    """Names, versions and hashes of files are read off URLs; another reading finds other files."""
    for url, expected in zip(URLS, told, strict=True):
        assert urls.is_url(url) == expected["is_url"], url
        assert urls.is_vcs(url) == expected["is_vcs"], url
        assert urls.is_archive(url) == expected["is_archive"], url
        if "//" in url and url.lower().startswith(("http", "ftp")):
            assert urls.file_name(url) == expected["file_name"], url
            assert urls.without_fragment(url).lower() == expected["without_fragment"].lower(), url
        name, digest = expected["hash"]
        assert urls.hash_fragment(url) == (frozenset({(name, digest.lower())}) if name else frozenset()), url
        assert urls.fragment_value(url, "subdirectory") == expected["subdirectory"], url


def test_urls_are_quoted_as_pip_does(told: list[dict[str, Any]]) -> None:
    """An address quoted otherwise is another address: of a file, of a cache entry and in direct_url.json."""
    for url, expected in zip(URLS, told, strict=True):
        if url.lower().startswith(("http", "ftp")):
            quoted = urls.quoted(url)
            # pip also writes the scheme small, which no server sees.
            assert quoted.lower() == expected["quoted"].lower(), url
            assert urls.quoted(quoted) == quoted


# --------------------------------------------------------------------------- paths


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=30))
@example("a b#c?d%20e;f&g=h@i")
@example("~")
def test_a_path_survives_its_url(name: str) -> None:
    """Files are named by URL throughout; a character lost on the way names another file."""
    if name in (".", ".."):
        return
    path = f"/folder/{name}"
    url = urls.path_to_url(path)
    assert url.startswith("file:///folder/")
    assert urls.url_to_path(url) == path
    assert urls.file_name(url) == name


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means something else once the program is elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert urls.path_to_url("x/../n.whl") == f"file://{tmp_path}/n.whl"
    assert urls.path_to_url(Path("n.whl")) == f"file://{tmp_path}/n.whl"
    assert urls.url_to_path("file://localhost/tmp/n%20m") == "/tmp/n m"


@pytest.mark.parametrize("url", ["file://other.example/n", "file://u:p@localhost/n", "file://[x/n"])
def test_a_file_of_another_host_is_refused(url: str) -> None:
    """Its path would be taken for one of this machine."""
    with pytest.raises(ValueError, match=r"another host|IPv6"):
        urls.url_to_path(url)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h.example/a/..", ""),
        ("https://h.example/a/.", ""),
        ("https://h.example/%2e%2e", ""),
        ("https://h.example/a%2F..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("https://h.example", ""),
        ("https://h.example/a/?x=/b", "a"),
    ],
)
def test_a_file_name_is_never_a_way_out(url: str, name: str) -> None:
    """Files are written under this name: it must not lead into another folder."""
    assert urls.file_name(url) == name
    assert "/" not in urls.file_name(url)


# --------------------------------------------------------------------------- what may be shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:secret@h.example/x", "https://****@h.example/x"),
        ("https://token@h.example", "https://****@h.example"),
        ("https://user:se@cr:et@h.example/x", "https://****@h.example/x"),
        ("https://user:sec%2Fret@h.example:80/x@y", "https://****@h.example:80/x@y"),
        ("https://:@h.example", "https://****@h.example"),
        ("git+ssh://git@h.example/x.git@v1", "git+ssh://****@h.example/x.git@v1"),
        ("name @ https://u:p@h.example/x and ftp://u:p@g.example", "name @ https://****@h.example/x and ftp://****@g.example"),
        ("'https://u:p@h.example',", "'https://****@h.example',"),
        ("https://h.example/a@b", "https://h.example/a@b"),
        ("https://h.example?a=b@c", "https://h.example?a=b@c"),
        ("https://h.example#a@b", "https://h.example#a@b"),
        ("write to somebody@h.example", "write to somebody@h.example"),
        ("name@1.0", "name@1.0"),
        ("", ""),
    ],
)  # fmt: skip
def test_credentials_are_not_shown(text: str, expected: str) -> None:
    """Messages, reports and logs are read by more people than the one who may have the password."""
    assert urls.redacted(text) == expected


def test_splitting_off_credentials() -> None:
    """What is taken off is what is sent, decoded; what remains is what may be kept."""
    assert urls.split_credentials("https://h.example/x?y#z") == ("https://h.example/x?y#z", None)
    assert urls.split_credentials("https://us%40er:p%3Aw@h.example:1/x") == ("https://h.example:1/x", ("us@er", "p:w"))
    assert urls.split_credentials("https://token@h.example") == ("https://h.example", ("token", ""))
    assert urls.split_credentials("https://u:p@w@h.example") == ("https://h.example", ("u", "p@w"))
    assert urls.split_credentials("wheels/folder") == ("wheels/folder", None)


def test_a_text_is_shown_briefly_and_quoted() -> None:
    """Texts from outside stand in messages: without passwords, control characters and a megabyte of the same."""
    assert urls.shown("a\x1b[31m\nb") == r"'a\x1b[31m\nb'"
    assert urls.shown("https://u:secret@h.example") == "'https://****@h.example'"
    assert urls.shown("x" * 1000) == f"'{'x' * 200}…'"
    assert urls.brief("x" * 1000, 10) == f"{'x' * 10}…"
    # Cut after the password is taken out, not in the middle of it.
    assert "secret" not in urls.brief("x" * 180 + "https://user:secret-that-is-longer@h.example")


@pytest.mark.parametrize(
    "text", ["a" * 2_000_000, "://" * 500_000, "a://b" * 400_000, "://" + "a" * 2_000_000, "@" * 2_000_000]
)
@pytest.mark.timeout(60)
def test_redacting_costs_little(text: str) -> None:
    """Every message passes through it, and a file may hold a line of megabytes."""
    urls.redacted(text)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(
    st.text(st.characters(exclude_characters="/?#\\", exclude_categories=["Z", "Cc", "Cs"]), min_size=1, max_size=12),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_password_survives(secret: str, before: str, after: str) -> None:
    """Whatever stands around a URL, and whatever characters a password has, its user part goes."""
    secret = f"<{secret}>"
    assert f":{secret}@" not in urls.redacted(f"{before}https://user:{secret}@h.example/{after}")
