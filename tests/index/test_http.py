"""The client against servers that fail, lie, stall, flood and pry."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import safe_pip
from fakes import Answer, Asked, ranged
from index.servers import Line, Proxy, Site, Wire, nobody_there, says, self_signed, tunnel
from safe_pip.errors import FetchError
from safe_pip.index.answers import Part
from safe_pip.index.http import Http
from safe_pip.index.logins import Logins
from safe_pip.index.patience import NoEnd, _Patient
from safe_pip.index.received import Received
from safe_pip.model import Network

SECRET = "s3cr3t-p4ss"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def basic(user: str, password: str) -> str:
    """The header value of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode()


def sent(site: Site) -> list[str | None]:
    """The logins that a server was told."""
    return [asked.headers.get("authorization") for asked in site.asked]


# --------------------------------------------------------------------------- statuses and retries


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds waited between attempts; nobody waits for them."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520])
def test_a_server_that_recovers_is_asked_again(site: Site, status: int) -> None:
    """One bad moment of an index must not end an install."""
    answers = iter([Answer(b"", status), Answer(b"", status), Answer(b"there again")])
    site.override("/x", lambda _: next(answers))
    with Http(Network(timeout=5, retries=3)) as http:
        assert http.get(f"{site.base}/x", limit=100).content == b"there again"
    assert site.paths() == ["/x"] * 3


@pytest.mark.parametrize(
    ("stated", "waited"), [("3", 3.0), ("86400", 30.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0), ("", 0.0)]
)
def test_a_server_that_asks_to_be_left_alone(site: Site, pauses: list[float], stated: str, waited: float) -> None:
    """Retry-After is kept to, within bounds: nobody waits for a day because a server says so."""
    answers = iter([Answer(b"", 429, {"Retry-After": stated}), Answer(b"there again")])
    site.override("/x", lambda _: next(answers))
    with Http(Network(timeout=5, retries=1)) as http:
        assert http.get(f"{site.base}/x", limit=100).content == b"there again"
    assert pauses == [waited]


def test_retries_come_to_an_end(site: Site) -> None:
    """A server that is down is told as down after the retries the user asked for, with its status."""
    site.override("/x", Answer(b"", 503))
    with Http(Network(timeout=5, retries=2)) as http, pytest.raises(FetchError) as raised:
        http.get(f"{site.base}/x", limit=100)
    assert raised.value.status == 503
    assert raised.value.reason == "the server answered 503 Service Unavailable"
    assert len(site.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416, 451, 501])
def test_an_answer_that_is_final_is_not_asked_for_again(site: Site, status: int) -> None:
    """Who is told "not there" or "not you" knows it by the status, at once."""
    site.override("/x", Answer(b"no", status))
    with Http(Network(timeout=5, retries=3)) as http, pytest.raises(FetchError) as raised:
        http.get(f"{site.base}/x", limit=100)
    assert raised.value.status == status
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [202, 204, 206, 300, 302, 304, 305])
def test_an_answer_that_is_not_the_thing_itself_is_refused(site: Site, http: Http, status: int, tmp_path: Path) -> None:
    """A part, a promise or a redirect to nowhere must not be taken for a page or a file with nothing in it."""
    site.override("/x", Answer(b"<html></html>" if status not in (204, 304) else b"", status))
    with pytest.raises(FetchError) as raised:
        http.get(f"{site.base}/x", limit=100)
    assert raised.value.status == status
    with pytest.raises(FetchError):
        http.download(f"{site.base}/x", tmp_path / "x", limit=100)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_login_says_what_to_do(site: Site, http: Http) -> None:
    """401 is the commonest failure with private indexes; its message has to lead on."""
    site.override("/x", Answer(b"", 401, {"WWW-Authenticate": "Basic"}))
    with pytest.raises(FetchError) as raised:
        http.get(f"{site.base}/x", limit=100)
    assert "netrc" in raised.value.hint


def test_an_endless_error_page_is_not_read(http: Http) -> None:
    """urllib3 reads the whole body of an answer before it tries again: one that never ends would fill the memory."""

    def speak(line: Line) -> None:
        line.send(b"HTTP/1.1 503 Busy\r\n\r\n")
        while True:
            line.send(b"x" * 1_000_000)

    with Wire(speak) as server, Http(Network(timeout=2, retries=1)) as client, pytest.raises(FetchError) as raised:
        client.get(server.base, limit=100)
    assert raised.value.status == 503


def test_nobody_listening() -> None:
    """The commonest mistake, a wrong port, is told in a word, and not tried for half a minute."""
    with nobody_there() as base, Http(Network(timeout=5, retries=0)) as http:
        with pytest.raises(FetchError) as raised:
            http.get(f"{base}/simple/", limit=100)
        assert raised.value.reason == "no connection (Connection refused)"
        assert raised.value.status is None


def test_a_download_from_nobody_is_not_begun_again_and_again(tmp_path: Path, pauses: list[float]) -> None:
    """Failed connections have been retried once already; doing so for every attempt of a download triples the wait."""
    with nobody_there() as base, Http(Network(timeout=5, retries=2)) as http, pytest.raises(FetchError):
        http.download(f"{base}/x", tmp_path / "x", limit=100)
    assert pauses == [0.5]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "http://",
        "http:///x",
        "http://[",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http://.example/",
        "http://*.example/",
        "http://exa mple/",
        "http://\udcff/",
        "http://127.0.0.1:9/\udcff",
        "http://127.0.0.1:9/?\ud800",
        "ftp://127.0.0.1/x",
        "file:///etc/hostname",
        "git+https://127.0.0.1/x",
        "javascript:alert(1)",
        f"http://{'a' * 70}.invalid/",
        f"http://127.0.0.1:9/{'a' * 100_000}",
    ],
)
def test_no_url_is_a_crash(http: Http, url: str) -> None:
    """URLs come from pages and metadata that anybody may have written."""
    with pytest.raises(FetchError):
        http.get(url, limit=100)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30), st.sampled_from(["http://127.0.0.1:9/", "http://127.0.0.1:9", "http://", "https:", ""]))
def test_no_made_up_url_is_a_crash(http: Http, text: str, start: str) -> None:
    """The same for URLs that nobody thought of."""
    if "@" in text or start in ("http://", "https:"):
        text = text.replace("@", "").replace(".", "") + "\\["  # never a name that somebody could resolve
    with pytest.raises(FetchError):
        http.get(start + text, limit=100)


# --------------------------------------------------------------------------- redirects


def test_a_relative_redirect(site: Site, http: Http) -> None:
    """Links of a page start from where it really came from, not from where it was asked for."""
    site.override("/a/b", Answer(b"", 301, {"Location": "../c/d?x=1"}))
    answer = http.get(f"{site.base}/a/b", limit=100, headers={"Accept": "text/strange"})
    assert answer.url == f"{site.base}/c/d?x=1"
    assert answer.content == b"this is /c/d?x=1"
    assert site.asked[-1].headers["accept"] == "text/strange"


def test_a_redirect_in_a_loop(site: Site, http: Http) -> None:
    """A server must not be able to keep us running in circles."""
    site.override("/a", Answer(b"", 302, {"Location": "/b"}))
    site.override("/b", Answer(b"", 307, {"Location": "/a"}))
    with pytest.raises(FetchError, match="more than 10 redirects"):
        http.get(f"{site.base}/a", limit=100)
    assert len(site.asked) == 11


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "javascript:1", "data:,x"])
def test_a_redirect_off_the_web(site: Site, http: Http, target: str) -> None:
    """A server must not be able to have us read a file of this machine."""
    site.override("/a", Answer(b"", 302, {"Location": target}))
    with pytest.raises(FetchError, match="redirects to"):
        http.get(f"{site.base}/a", limit=10_000)


def test_a_redirect_to_nonsense(site: Site, http: Http) -> None:
    """A Location that is no URL is the server's fault, and told as such."""
    site.override("/a", Answer(b"", 302, {"Location": "http://[oops"}))
    with pytest.raises(FetchError):
        http.get(f"{site.base}/a", limit=100)


def test_a_redirect_whose_own_body_never_ends(site: Site) -> None:
    """requests would read a redirect's body to its end before it follows; nobody wants it."""

    def speak(line: Line) -> None:
        line.send(f"HTTP/1.1 302 Found\r\nLocation: {site.base}/there\r\n\r\n".encode())
        while True:
            line.send(b"x" * 1_000_000)

    with Wire(speak) as server, Http(Network(timeout=2, retries=0)) as http:
        tracemalloc.start()
        try:
            assert http.get(server.base, limit=100).content == b"this is /there"
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


def test_connections_are_kept_across_redirects(site: Site, http: Http) -> None:
    """Mirrors redirect every file; a new connection for each would make the guard slower than pip."""
    site.override("/a", Answer(b"moved", 302, {"Location": "/b"}))
    ports = set()
    answer = Answer(b"x")

    def note(asked: Asked) -> Answer:
        ports.add(threading.get_ident())  # the server has a thread for each connection
        return answer

    site.override("/b", note)
    for _ in range(5):
        http.get(f"{site.base}/a", limit=100)
    assert len(ports) == 1


# --------------------------------------------------------------------------- logins


def test_a_login_is_sent_to_its_own_host_and_port_only(site: Site) -> None:
    """A password of one index must reach no other server, not even one on the same machine."""
    with Site() as other, Http(Network(timeout=5, retries=0), {f"{site.base}/simple": ("u", SECRET)}) as http:
        http.get(f"{site.base}/simple/x/", limit=100)
        http.get(f"{site.base}/files/x.whl", limit=100)
        http.get(f"{other.base}/simple/x/", limit=100)
        assert sent(site) == [basic("u", SECRET)] * 2
        assert sent(other) == [None]


def test_a_login_does_not_follow_a_redirect_to_another_host(site: Site) -> None:
    """The classical leak: an index that redirects its files to a store of somebody else's."""
    with Site() as other, Http(Network(timeout=5, retries=0), {site.base: ("u", SECRET)}) as http:
        site.override("/x", Answer(b"", 302, {"Location": f"{other.base}/y"}))
        assert http.get(f"{site.base}/x", limit=100).content == b"this is /y"
        assert sent(site) == [basic("u", SECRET)]
        assert sent(other) == [None]
        assert SECRET.encode() not in repr(other.asked).encode()


def test_a_host_reached_by_redirect_gets_its_own_login(site: Site) -> None:
    """Two private servers with a login each work together, as with pip."""
    with Site() as other, Http(Network(timeout=5, retries=0), {site.base: ("u", "1"), other.base: ("v", "2")}) as http:
        site.override("/x", Answer(b"", 302, {"Location": f"{other.base}/y"}))
        http.get(f"{site.base}/x", limit=100)
        assert sent(site) == [basic("u", "1")]
        assert sent(other) == [basic("v", "2")]


def test_a_login_in_a_url_is_used_and_shown_to_nobody(site: Site, http: Http) -> None:
    """Requirements files are named with their login in the URL; what is kept of the URL must not hold it."""
    address = site.base.replace("http://", f"http://me%40home:{SECRET}@")
    answer = http.get(f"{address}/r.txt", limit=100)
    assert sent(site) == [basic("me@home", SECRET)]
    assert answer.url == f"{site.base}/r.txt"
    assert SECRET not in repr(answer)


def test_a_login_in_a_redirect_is_used_and_shown_to_nobody(site: Site, http: Http) -> None:
    """Some stores hand out a login with the redirect; it must not end up in reports as part of the page's address."""
    with Site() as other:
        location = other.base.replace("http://", f"http://u:{SECRET}@")
        site.override("/x", Answer(b"", 302, {"Location": f"{location}/y"}))
        answer = http.get(f"{site.base}/x", limit=100)
        assert sent(other) == [basic("u", SECRET)]
        assert answer.url == f"{other.base}/y"


def test_two_indexes_on_one_host_with_a_login_each(site: Site) -> None:
    """A forge serves one index a project, each with a token of its own; pip takes the one that shares the most path."""
    known = {f"{site.base}/api/1/simple": ("t1", "a"), f"{site.base}/api/2/simple": ("t2", "b")}
    with Http(Network(timeout=5, retries=0), known) as http:
        http.get(f"{site.base}/api/1/simple/x/", limit=100)
        http.get(f"{site.base}/api/2/simple/x/", limit=100)
        http.get(f"{site.base}/api/2/files/x.whl", limit=100)
        http.get(f"{site.base}/other", limit=100)
    assert sent(site) == [basic("t1", "a"), basic("t2", "b"), basic("t2", "b"), basic("t1", "a")]


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("http://Index.Example/simple", "http://index.example/simple/x/"),
        ("http://h.example:81", "http://h.example:81/x"),
    ],
)
def test_hosts_are_compared_without_case(known: str, asked: str) -> None:
    """A host has no case, whatever the configuration writes."""
    assert Logins({known: ("u", "p")}).find(asked) == ("u", "p")


@pytest.mark.parametrize(
    "asked",
    ["http://h.example/x", "http://h.example:82/x", "http://sub.h.example:81/x", "http://h.example.evil.example:81/x"],
)
def test_a_login_is_for_one_port_of_one_host(asked: str) -> None:
    """Neighbours of a host are others."""
    assert Logins({"http://h.example:81/simple": ("u", "p")}).find(asked) is None


def test_netrc(site: Site, http: Http, tmp_path: Path) -> None:
    """Many keep their logins in netrc, also where the environment's proxies are not to be used."""
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login u password {SECRET}\n", "utf-8")
    http.get(f"{site.base}/x", limit=100)
    with Http(Network(timeout=5, retries=0, use_environment_proxies=False)) as other:
        other.get(f"{site.base}/x", limit=100)
    assert sent(site) == [basic("u", SECRET)] * 2


def test_a_user_in_the_url_and_the_password_in_netrc(site: Site, tmp_path: Path) -> None:
    """What pip does where a URL names a user only."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n", "utf-8")
    with Http(Network(timeout=5, retries=0), {site.base: ("me", "")}) as http:
        http.get(f"{site.base}/x", limit=100)
    assert sent(site) == [basic("me", "mine")]


def test_a_user_without_password(site: Site) -> None:
    """Some servers take a token as the user."""
    with Http(Network(timeout=5, retries=0), {site.base: ("token", "")}) as http:
        http.get(f"{site.base}/x", limit=100)
    assert sent(site) == [basic("token", "")]


@pytest.mark.parametrize(("password", "encoded"), [("pässword", "latin-1"), ("пароль", "utf-8")])
def test_a_login_beyond_ascii(site: Site, password: str, encoded: str) -> None:
    """A password with an umlaut is sent as pip sends it; one that Latin-1 cannot say is no crash."""
    with Http(Network(timeout=5, retries=0), {site.base: ("u", password)}) as http:
        http.get(f"{site.base}/x", limit=100)
    assert sent(site) == ["Basic " + base64.b64encode(f"u:{password}".encode(encoded)).decode()]


def test_errors_never_show_a_login() -> None:
    """Errors end up in logs of continuous integration, for everybody to read."""
    with nobody_there() as base, Http(Network(timeout=1, retries=0)) as http:
        with pytest.raises(FetchError) as raised:
            http.get(base.replace("http://", f"http://user:{SECRET}@"), limit=100)
        assert SECRET not in str(raised.value)
        assert SECRET not in raised.value.url + raised.value.reason + raised.value.hint
        with (
            Http(Network(timeout=1, retries=0, proxy=base.replace("http://", f"http://user:{SECRET}@"))) as behind,
            pytest.raises(FetchError) as raised,
        ):
            behind.get("http://index.example/", limit=100)
        assert raised.value.reason == "the proxy cannot be used (Connection refused)"
        assert SECRET not in str(raised.value)


# --------------------------------------------------------------------------- time


def failure(http: Http, url: str) -> FetchError:
    """The error that ends a request which the server would never end; without one, the test times out."""
    with pytest.raises(FetchError) as raised:
        http.get(url, limit=1_000_000)
    return raised.value


def test_no_answer_at_all(http: Http) -> None:
    """A server that takes the request and says nothing is left after the timeout."""
    with Wire(lambda line: line.stopped.wait(20)) as server:
        error = failure(http, server.base)
    assert error.reason == "no answer in time"
    assert "--timeout" in error.hint


def test_headers_that_trickle(http: Http) -> None:
    """Each byte comes in time and the end never: a timeout for each read alone would wait for ever."""

    def speak(line: Line) -> None:
        line.send(HEAD + b"X-Slow: ")
        line.trickle(b"x", 0.1)

    with Wire(speak) as server:
        error = failure(http, server.base)
    assert error.reason == "no end of the headers after 2 seconds"
    assert len(server.asked) == 1


def test_headers_that_trickle_over_tls(tmp_path: Path) -> None:
    """The same where the bytes are encrypted, since hanging up works otherwise there."""

    def speak(line: Line) -> None:
        line.send(HEAD + b"X-Slow: ")
        line.trickle(b"x", 0.1)

    both, certificate = self_signed(tmp_path)
    with (
        Wire(speak, both) as server,
        Http(Network(timeout=0.5, retries=0, cert=str(certificate))) as http,
    ):
        error = failure(http, server.base)
    assert error.reason == "no end of the headers after 2 seconds"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 1000000\r\n"])
def test_a_body_that_trickles(http: Http, length: bytes, tmp_path: Path) -> None:
    """An index that answers without end must not hold an install for ever."""

    def speak(line: Line) -> None:
        line.send(HEAD + length + b"\r\n")
        line.trickle(b"x", 0.05)

    with Wire(speak) as server:
        assert "no end of the answer" in failure(http, server.base).reason
        with pytest.raises(FetchError, match="no end of the answer"):
            http.download(server.base, tmp_path / "x", limit=1_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_slow_body_that_keeps_up_is_waited_for() -> None:
    """Patience is for servers that do send: a slow line is no attack."""

    def speak(line: Line) -> None:
        line.send(HEAD + b"Content-Length: 60000\r\n\r\n")
        for _ in range(6):
            line.send(b"x" * 10_000)
            time.sleep(0.1)

    with Wire(speak) as server, Http(Network(timeout=2, retries=0), patience=0.1) as http:
        assert len(http.get(server.base, limit=100_000).content) == 60_000


# --------------------------------------------------------------------------- size


def test_the_limit_is_exact(site: Site, http: Http, tmp_path: Path) -> None:
    """A page may be as large as the limit and no byte larger."""
    site.override("/x", Answer(b"x" * 1000))
    assert len(http.get(f"{site.base}/x", limit=1000).content) == 1000
    with pytest.raises(FetchError, match="larger than 999 bytes"):
        http.get(f"{site.base}/x", limit=999)
    assert http.download(f"{site.base}/x", tmp_path / "x", limit=1000).size == 1000
    with pytest.raises(FetchError, match="larger than 999 bytes"):
        http.download(f"{site.base}/x", tmp_path / "y", limit=999)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def chunked(line: Line, pieces: Iterator[bytes]) -> None:
    """Send pieces in chunks (RFC 9112, section 7.1)."""
    line.send(HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in pieces:
        line.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")


def test_a_body_without_end(http: Http) -> None:
    """The size is counted as it comes, since an answer need not say how large it is."""

    def speak(line: Line) -> None:
        line.send(HEAD + b"\r\n")
        while True:
            line.send(b"x" * 100_000)

    with Wire(speak) as server:
        assert "larger than" in failure(http, server.base).reason


def test_a_gzip_bomb_takes_little_memory(site: Site) -> None:
    """200 MB of nothing in 200 kB on the wire: only what is under the limit may ever be in memory."""
    site.override("/x", Answer(gzip.compress(bytes(200_000_000), 9), 200, {"Content-Encoding": "gzip"}))
    with Http(Network(timeout=10, retries=0)) as http:
        tracemalloc.start()
        try:
            with pytest.raises(FetchError, match="larger than 1,000,000 bytes"):
                http.get(f"{site.base}/x", limit=1_000_000)
            assert tracemalloc.get_traced_memory()[1] < 8_000_000
        finally:
            tracemalloc.stop()


def test_gzip_that_unpacks_to_nothing_for_ever(http: Http) -> None:
    """Empty blocks can be sent without end and never give a byte: what is counted is the wire as well."""

    def pieces() -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=31)
        yield packer.compress(b"")
        while True:
            yield packer.flush(zlib.Z_SYNC_FLUSH) + packer.flush(zlib.Z_FULL_FLUSH) * 100

    with Wire(lambda line: chunked(line, pieces())) as server:
        failure(http, server.base)


@pytest.mark.parametrize("name", ["gzip", "GZIP", "x-gzip"])
@pytest.mark.parametrize("members", [1, 3])
def test_packed_pages_are_unpacked(site: Site, http: Http, name: str, members: int) -> None:
    """Large index pages come packed, or resolving takes twice as long."""
    page = os.urandom(300_000) + bytes(400_000)
    site.override("/x", Answer(gzip.compress(page) * members, 200, {"Content-Encoding": name}))
    assert http.get(f"{site.base}/x", limit=10_000_000).content == page * members
    assert site.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("size", [0, 1, 262_143, 262_144, 262_145, 1_000_003])
def test_every_byte_of_a_packed_page_arrives(site: Site, http: Http, size: int) -> None:
    """Unpacking in pieces must lose nothing at their edges."""
    page = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    site.override("/x", Answer(gzip.compress(page), 200, {"Content-Encoding": "gzip"}))
    assert http.get(f"{site.base}/x", limit=10_000_000).content == page


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"no gzip at all", "gzip"),
        (gzip.compress(b"x" * 1000)[:-5], "gzip"),
        (gzip.compress(os.urandom(1000))[:500], "gzip"),
        (gzip.compress(b"x") + b"trailing", "gzip"),
        (b"x", "br"),
        (b"x", "gzip, gzip"),
        (zlib.compress(b"x"), "deflate"),
    ],
    ids=["not gzip", "no end", "half", "more behind it", "br", "twice", "deflate"],
)
def test_what_cannot_be_unpacked_is_an_error(site: Site, http: Http, body: bytes, encoding: str) -> None:
    """Half a page looks like a page with fewer versions: it must never be taken for a whole one."""
    site.override("/x", Answer(body, 200, {"Content-Encoding": encoding}))
    with pytest.raises(FetchError):
        http.get(f"{site.base}/x", limit=1_000_000)


def test_nothing_packed_is_nothing(site: Site, http: Http) -> None:
    """Servers name an encoding on empty answers as well."""
    site.override("/x", Answer(b"", 200, {"Content-Encoding": "gzip"}))
    assert http.get(f"{site.base}/x", limit=100).content == b""


def test_files_are_kept_as_they_are(site: Site, http: Http, tmp_path: Path) -> None:
    """Some servers call a .tar.gz "encoded": unpacking it would change the bytes that the index gives a hash of."""
    archive = gzip.compress(b"an archive")
    site.override("/x-1.0.tar.gz", Answer(archive, 200, {"Content-Encoding": "x-gzip"}))
    received = http.download(f"{site.base}/x-1.0.tar.gz", tmp_path / "x", limit=1000)
    assert (tmp_path / "x").read_bytes() == archive
    assert received.digests["sha256"] == hashlib.sha256(archive).hexdigest()
    assert site.asked[0].headers["accept-encoding"] == "identity"


# --------------------------------------------------------------------------- bodies cut short


def test_a_page_cut_short(site: Site, http: Http) -> None:
    """A page that ends too early would lack the newest versions."""
    site.override("/x", Answer(b"x" * 10, claim=20))
    with pytest.raises(FetchError):
        http.get(f"{site.base}/x", limit=100)


def test_a_chunked_page_cut_short(http: Http) -> None:
    """The same where the answer says only at its end that it ends."""
    with Wire(says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")) as server, pytest.raises(FetchError):
        http.get(server.base, limit=100)


def test_a_download_cut_short_is_begun_again(site: Site, http: Http, tmp_path: Path) -> None:
    """Large files break off now and then; what arrives in the end is whole."""
    answers = iter([Answer(b"x" * 10, claim=20), Answer(b"x" * 20)])
    site.override("/x", lambda _: next(answers))
    received = http.download(f"{site.base}/x", tmp_path / "x", limit=100)
    assert (tmp_path / "x").read_bytes() == b"x" * 20
    assert received.size == 20
    assert received.digests["sha256"] == hashlib.sha256(b"x" * 20).hexdigest()


def test_a_download_that_always_breaks_off(site: Site, http: Http, tmp_path: Path) -> None:
    """It is given up after a few attempts, and nothing half is left where a whole file is looked for."""
    site.override("/x", Answer(b"x" * 10, claim=20))
    with pytest.raises(FetchError):
        http.download(f"{site.base}/x", tmp_path / "x", limit=100)
    assert len(site.asked) == 3
    assert list(tmp_path.iterdir()) == []


def test_nowhere_to_write(site: Site, http: Http, tmp_path: Path) -> None:
    """A full disk or a folder that has gone is told as such, not with a traceback."""
    with pytest.raises(FetchError, match="cannot be written"):
        http.download(f"{site.base}/x", tmp_path / "gone" / "x", limit=100)
    with pytest.raises(FetchError, match="cannot be written"):
        http.tail(f"{site.base}/x", 10, lambda: tmp_path / "gone" / "x", limit=100)


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_what_is_not_http_is_an_error(http: Http, answer: bytes) -> None:
    """Something else may listen on a port."""
    with Wire(says(answer)) as server, pytest.raises(FetchError):
        http.get(server.base, limit=100)


# --------------------------------------------------------------------------- what is said to servers


def test_what_every_request_says(site: Site, http: Http) -> None:
    """Servers see which program asks, and no cookie, whatever they have set."""
    site.override("/x", Answer(b"x", 200, {"Set-Cookie": "id=1; Path=/"}))
    http.get(f"{site.base}/x", limit=100)
    http.get(f"{site.base}/y", limit=100)
    assert [asked.headers["user-agent"] for asked in site.asked] == [f"safe-pip/{safe_pip.__version__}"] * 2
    assert [asked.headers.get("cookie") for asked in site.asked] == [None, None]


def test_many_threads_share_a_client(site: Site) -> None:
    """Resolving asks from two dozen threads at once."""
    with Http(Network(timeout=20, retries=0)) as http, ThreadPoolExecutor(24) as pool:
        answers = pool.map(lambda number: http.get(f"{site.base}/{number}", limit=100).content, range(200))
        assert list(answers) == [f"this is /{number}".encode() for number in range(200)]


def test_not_changed_is_an_answer_to_who_asked_so(site: Site, http: Http, tmp_path: Path) -> None:
    """A file that is at hand already is not fetched again."""
    site.override("/x", Answer(b"", 304, {"ETag": '"1"'}))
    received = http.download(f"{site.base}/x", tmp_path / "x", limit=100, headers={"If-None-Match": '"1"'})
    assert received == Received(0, {}, 304, received.headers)
    assert received.headers["etag"] == '"1"'
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------- certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate with its key, and without."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificates: tuple[Path, Path]) -> Iterator[Wire]:
    """A server with that certificate."""
    with Wire(says(HEAD + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello"), certificates[0]) as server:
        yield server


def test_an_unknown_certificate_is_refused(tls: Wire) -> None:
    """Without this, anybody on the way could serve the files; the message says what may be done."""
    with Http(Network(timeout=5, retries=0)) as http, pytest.raises(FetchError) as raised:
        http.get(tls.base, limit=100)
    assert "certificate" in raised.value.reason
    assert "--cert" in raised.value.hint
    assert tls.asked == []


def test_a_given_certificate_is_trusted(tls: Wire, certificates: tuple[Path, Path]) -> None:
    """--cert, as companies with a certificate of their own need it."""
    with Http(Network(timeout=5, retries=0, cert=str(certificates[1]))) as http:
        assert http.get(tls.base, limit=100).content == b"hello"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_given_certificate_beats_the_environments(
    tls: Wire, certificates: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """--cert names what is to be trusted, and nothing else: neither more nor less by a variable that a shell sets."""
    other = self_signed(tmp_path, "other")[1]
    monkeypatch.setenv(name, str(other))
    with Http(Network(timeout=5, retries=0, cert=str(certificates[1]))) as http:
        assert http.get(tls.base, limit=100).content == b"hello"
    monkeypatch.setenv(name, str(certificates[1]))
    with Http(Network(timeout=5, retries=0, cert=str(other))) as http, pytest.raises(FetchError, match="certificate"):
        http.get(tls.base, limit=100)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environments_certificates_are_trusted(
    tls: Wire, certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """pip honours these variables, and many set nothing else."""
    monkeypatch.setenv(name, str(certificates[1]))
    with Http(Network(timeout=5, retries=0)) as http:
        assert http.get(tls.base, limit=100).content == b"hello"


def test_certificates_that_are_not_there(tls: Wire) -> None:
    """A wrong path of --cert is told, not passed over."""
    with (
        Http(Network(timeout=5, retries=0, cert="no/such.pem")) as http,
        pytest.raises(FetchError, match=r"no/such\.pem"),
    ):
        http.get(tls.base, limit=100)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("given", ["127.0.0.1", "127.0.0.1:{port}"])
def test_a_trusted_host_needs_no_certificate(tls: Wire, given: str) -> None:
    """--trusted-host, with and without a port."""
    host = given.format(port=tls.port)
    with Http(Network(timeout=5, retries=0, trusted_hosts=(host,))) as http:
        assert http.get(tls.base, limit=100).content == b"hello"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "127.0.0", "0.0.1"])
def test_trust_in_one_host_is_no_trust_in_another(tls: Wire, host: str) -> None:
    """Only the very host that was named is trusted."""
    with (
        Http(Network(timeout=5, retries=0, trusted_hosts=(host,))) as http,
        pytest.raises(FetchError, match="certificate"),
    ):
        http.get(tls.base, limit=100)


def test_trust_does_not_outlive_a_redirect(tls: Wire, site: Site) -> None:
    """A trusted host must not lend its trust to where it redirects."""
    site.override("/x", Answer(b"", 302, {"Location": tls.base}))
    with (
        Http(Network(timeout=5, retries=0, trusted_hosts=(site.base.removeprefix("http://"),))) as http,
        pytest.raises(FetchError, match="certificate"),
    ):
        http.get(f"{site.base}/x", limit=100)


def test_a_login_is_not_sent_where_https_is_left(certificates: tuple[Path, Path], site: Site) -> None:
    """A redirect from https to http on one host would otherwise put a password on the wire in clear."""
    plain = site.base.removeprefix("http://")
    location = f"HTTP/1.1 302 Found\r\nLocation: http://{plain}/y\r\nContent-Length: 0\r\n\r\n".encode()
    with Wire(says(location), certificates[0]) as server:
        known = {server.base: ("u", SECRET), site.base: ("u", SECRET)}
        with Http(Network(timeout=5, retries=0, cert=str(certificates[1])), known) as http:
            http.get(server.base, limit=100)
        assert basic("u", SECRET).encode() in server.asked[0]
    assert sent(site) == [None]


def test_trusting_a_host_says_nothing_on_the_terminal(tls: Wire, environ: dict[str, str]) -> None:
    """stderr is for people: a warning of a library at each request is noise that they cannot act on."""
    script = (
        "from safe_pip.index.http import Http\nfrom safe_pip.model import Network\n"
        f"with Http(Network(trusted_hosts=('127.0.0.1',))) as http: print(http.get({tls.base!r}, limit=9).content)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("b'hello'\n", "")


# --------------------------------------------------------------------------- proxies


def test_a_proxy_carries_http(site: Site) -> None:
    """--proxy, with a login of its own that the server behind it never sees."""
    with Proxy(("p", SECRET)) as proxy:
        address = proxy.base.replace("http://", f"http://p:{SECRET}@")
        with Http(Network(timeout=5, retries=0, proxy=address)) as http:
            assert http.get(f"{site.base}/x", limit=100).content == b"this is /x"
        assert proxy.paths() == [f"{site.base}/x"]
    assert SECRET not in repr(site.asked)
    assert "proxy-authorization" not in site.asked[0].headers


def test_a_proxy_carries_https(tls: Wire, certificates: tuple[Path, Path]) -> None:
    """Through a tunnel, with the certificate checked on the far side."""
    with Wire(tunnel) as proxy:
        with Http(Network(timeout=5, retries=0, proxy=proxy.base, cert=str(certificates[1]))) as http:
            assert http.get(tls.base, limit=100).content == b"hello"
        with Http(Network(timeout=5, retries=0, proxy=proxy.base)) as http, pytest.raises(FetchError):
            http.get(tls.base, limit=100)
        assert proxy.asked[0].startswith(f"CONNECT 127.0.0.1:{tls.port} ".encode())


def test_the_environments_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Companies set http_proxy; --no-proxy-env and --proxy "" put it aside, and --proxy takes its place (as in pip)."""
    with Proxy() as proxy, Proxy() as other:
        monkeypatch.setenv("http_proxy", proxy.base)

        def ways(network: Network) -> tuple[int, int]:
            before = len(proxy.asked), len(other.asked)
            with Http(network) as http:
                http.get(f"{site.base}/x", limit=100)
            return len(proxy.asked) - before[0], len(other.asked) - before[1]

        assert ways(Network(timeout=5)) == (1, 0)
        assert ways(Network(timeout=5, use_environment_proxies=False)) == (0, 0)
        assert ways(Network(timeout=5, proxy="")) == (0, 0)
        assert ways(Network(timeout=5, proxy=other.base)) == (0, 1)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert ways(Network(timeout=5)) == (0, 0)


# --------------------------------------------------------------------------- parts of files


BODY = bytes(range(256)) * 40


def serve_parts(site: Site, body: bytes = BODY) -> str:
    """Serve a file with ranges, and give its URL."""
    site.override("/f", lambda asked: ranged(body, asked))
    return f"{site.base}/f"


def test_the_end_of_a_file(site: Site, http: Http, tmp_path: Path) -> None:
    """A wheel's directory lies at its end: some kilobytes instead of the whole file."""
    found = http.tail(serve_parts(site), 1000, lambda: tmp_path / "f", limit=10**6)
    assert found == Part(len(BODY) - 1000, len(BODY), BODY[-1000:])
    assert not (tmp_path / "f").exists()


def test_the_end_of_a_short_file_is_all_of_it(site: Site, http: Http, tmp_path: Path) -> None:
    """Small wheels come whole with the first request."""
    assert http.tail(serve_parts(site, b"short"), 1000, lambda: tmp_path / "f", limit=100) == Part(0, 5, b"short")


def test_a_part_from_the_middle(site: Site, http: Http) -> None:
    """Start is included and end is not."""
    assert http.part(serve_parts(site), 10, 20) == Part(10, len(BODY), BODY[10:20])


def test_a_server_without_ranges_sends_everything(site: Site, http: Http, tmp_path: Path) -> None:
    """What has come is kept, so that it is not fetched twice."""
    site.override("/f", Answer(BODY))
    found = http.tail(f"{site.base}/f", 1000, lambda: tmp_path / "f", limit=10**6)
    assert isinstance(found, Received)
    assert found.size == len(BODY)
    assert found.digests == {"sha256": hashlib.sha256(BODY).hexdigest()}
    assert (tmp_path / "f").read_bytes() == BODY
    with pytest.raises(FetchError, match="no longer"):
        http.part(f"{site.base}/f", 10, 20)


def test_a_range_that_cannot_be_had(site: Site, http: Http, tmp_path: Path) -> None:
    """416 is told by its status, and nothing is left on disk."""
    site.override("/f", Answer(b"", 416, {"Content-Range": "bytes */0"}))
    with pytest.raises(FetchError) as raised:
        http.tail(f"{site.base}/f", 10, lambda: tmp_path / "f", limit=100)
    assert raised.value.status == 416
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (None, b"0123456789"),
        ("bytes 90-99/*", b"0123456789"),
        ("bytes */100", b"0123456789"),
        ("bytes 90-99/50", b"0123456789"),
        ("bytes 90-98/100", b"0123456789"),
        ("bytes 90-99/100", b"01234"),
        ("bytes 99-90/100", b"0123456789"),
        ("bytes -5-4/100", b"0123456789"),
        ("items 90-99/100", b"0123456789"),
        ("bytes 0-9/100", b"0123456789"),
        ("bytes 80-89/100", b"0123456789"),
        ("bytes 89-99/100", b"0123456789X"),
    ],
)
def test_a_part_that_is_not_what_it_says(site: Site, http: Http, said: str | None, body: bytes, tmp_path: Path) -> None:
    """Bytes put in the wrong place of a file, or its beginning taken for its end, would be read as another file."""
    site.override("/f", Answer(body, 206, {"Content-Range": said} if said else {}))
    with pytest.raises(FetchError):
        http.tail(f"{site.base}/f", 10, lambda: tmp_path / "f", limit=100)
    assert list(tmp_path.iterdir()) == []


def test_the_part_of_several_parts(site: Site, http: Http, tmp_path: Path) -> None:
    """Nobody asked for several; the boundary lines would be read as bytes of the file."""
    body = b"--b\r\nContent-Range: bytes 0-1/9\r\n\r\n01\r\n--b--"
    site.override("/f", Answer(body, 206, {"Content-Type": "multipart/byteranges; boundary=b"}))
    with pytest.raises(FetchError):
        http.tail(f"{site.base}/f", 1000, lambda: tmp_path / "f", limit=1000)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=25), st.binary(max_size=20))
def test_no_content_range_is_a_crash(site: Site, http: Http, said: str, body: bytes) -> None:
    """Whatever a server says of its part, it is believed or refused."""
    site.override("/f", Answer(body, 206, {"Content-Range": said}))
    with pytest.raises(FetchError):
        http.part(f"{site.base}/f", 0, 10)


def test_parts_of_an_address_behind_a_redirect(site: Site, http: Http, tmp_path: Path) -> None:
    """The range is asked for where the file is, too."""
    serve_parts(site)
    site.override("/g", Answer(b"", 302, {"Location": "/f"}))
    assert http.tail(f"{site.base}/g", 10, lambda: tmp_path / "f", limit=100) == Part(
        len(BODY) - 10, len(BODY), BODY[-10:]
    )


class _Inner:
    """A connection whose answer never comes, over what is not a socket itself."""

    timeout = 0.01

    def __init__(self, wire: socket.socket) -> None:
        self.sock = SimpleNamespace(socket=wire)
        self._wire = wire

    def getresponse(self) -> bytes:
        return self._wire.recv(1)


class _Layered(_Patient, _Inner):
    pass


def test_who_never_answers_within_two_layers_of_tls_is_left() -> None:
    """To an https index through an https proxy, TLS runs within TLS: what is hung up then is the socket below."""
    near, far = socket.socketpair()
    with near, far, pytest.raises(NoEnd):
        _Layered(near).getresponse()


# --------------------------------------------------------------------------- what is not needed


def test_certificates_are_read_for_https_alone() -> None:
    """Reading them takes as long as a whole lookup, and an audit by the local database opens no connection at all."""
    program = """
import sys, socket
from safe_pip.errors import FetchError
from safe_pip.index import certificates
from safe_pip.index.http import Http
from safe_pip.model import Network

with Http(Network(retries=0, timeout=1, use_environment_proxies=False)) as http:
    for scheme in ("http", "https"):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            try:
                http.get(f"{scheme}://127.0.0.1:{nobody.getsockname()[1]}/", limit=1)
            except FetchError:
                print(scheme, certificates._kept_context.cache_info().misses)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["http 0", "https 1", ""]
