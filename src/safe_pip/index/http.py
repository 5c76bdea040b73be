"""HTTP: the one place where indexes and their files are asked for. Every read is bounded in time, size and retries."""

from __future__ import annotations

import re
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import requests
import urllib3

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.answers import PIECE, Part, Response, part_of, unpacked
from safe_pip.index.fetch_errors import BrokenOff, check_status, fetch_error, senseless, too_large
from safe_pip.index.keyring import Keyring
from safe_pip.index.logins import Login, Logins
from safe_pip.index.patience import PATIENCE
from safe_pip.index.received import Received, write_hashed
from safe_pip.index.session import session_for
from safe_pip.model import Network

_RETRIED_STATUS = (429, 500, 502, 503, 504, 520, 524, 527)
# Seconds between attempts at most, and at most where the server itself says how long to wait.
_LONGEST_PAUSE = 8.0
_LONGEST_RETRY_AFTER = 30.0
_MAX_REDIRECTS = 10
# An answer may take so many times the timeout, and at least so many seconds, and then must keep up this rate.
_LEAST_PATIENCE = 30.0
_LEAST_BYTES_PER_SECOND = 16 * 1024
_PACKED = {"Accept-Encoding": "gzip"}
# A file is wanted as it is; servers that know the file to be packed already may still say so (pip: network/utils.py).
_AS_IT_IS = {"Accept-Encoding": "identity"}


class Http:
    """A client for http and https with pip's settings, safe to use from many threads.

    network: timeouts, proxies, certificates. credentials: user and password by URL, used for what lies on its host.
    patience: seconds that an answer may take before it has to keep up a least rate; by default as the timeout has it.
    keyring: asked for a login where a server says 401; indexes: the base URLs that it may know logins by.
    """

    def __init__(
        self,
        network: Network,
        credentials: Mapping[str, tuple[str, str]] | None = None,
        *,
        patience: float | None = None,
        keyring: Keyring | None = None,
        indexes: Iterable[str] = (),
    ) -> None:
        self._network = network
        self._patience = max(_LEAST_PATIENCE, network.timeout * PATIENCE) if patience is None else patience
        self._logins = Logins(credentials or {}, indexes, keyring)
        self._session = session_for(network)

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def get(self, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> Response:
        """The whole answer to a GET, of any status below 300, unpacked.

        limit: the most bytes to read. Raises FetchError for another status (kept in ``status``), a failed
        connection, an answer over the limit or one that takes too long.
        """
        return self._whole(url, {**_PACKED, **(headers or {})}, limit)

    def post(self, url: str, content: bytes, *, limit: int, kind: str = "application/json") -> Response:
        """The whole answer to a question that is put with POST and may be put again; for the rest as ``get``.

        content: the question. kind: its Content-Type. It is not carried elsewhere: a redirect is an error.
        """
        return self._whole(url, {**_PACKED, "Content-Type": kind}, limit, content)

    def another(
        self,
        *,
        retries: int,
        keyring: Keyring | None = None,
        indexes: Iterable[str] = (),
    ) -> Http:
        """A client with the same settings, and connections and logins of its own. retries: at most."""
        network = replace(self._network, retries=min(self._network.retries, retries))
        return Http(network, keyring=keyring, indexes=indexes)

    def hasty(self, seconds: float) -> Http:
        """A client with the same settings and logins that waits for nothing longer than it has to.

        seconds: that an answer may take to begin, and again to end.
        """
        network = replace(
            self._network, retries=min(self._network.retries, 1), timeout=min(self._network.timeout, seconds)
        )
        other = Http(network, patience=seconds)
        other._logins = self._logins
        return other

    @property
    def network(self) -> Network:
        """The settings it was made with."""
        return self._network

    def _whole(self, url: str, headers: Mapping[str, str], limit: int, content: bytes | None = None) -> Response:
        with self._open(url, headers, content) as answer:
            pieces: list[bytes] = []
            size = 0
            for chunk in unpacked(self._chunks(answer, url, limit), answer.headers.get("Content-Encoding", ""), url):
                pieces.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise too_large(url, limit)
            return Response(answer.status_code, answer.url, _lower(answer.headers), b"".join(pieces))

    def tail(self, url: str, length: int, spill: Callable[[], Path], *, limit: int) -> Part | Received:
        """The last bytes of a file (RFC 9110, section 14: a suffix range).

        length: how many bytes to ask for. spill: asked where the whole file goes, where the server answers with all
        of it (a file is then written, and a Received returned). Raises FetchError, also where ranges are refused.
        """
        with self._open(url, {**_AS_IT_IS, "Range": f"bytes=-{length}"}) as answer:
            if answer.status_code == 206:
                part = part_of(answer.headers, b"".join(self._chunks(answer, url, length)), url)
                if part.start + len(part.content) != part.total:
                    raise senseless(url)
                return part
            return self._write(answer, url, spill(), limit, ("sha256",))

    def part(self, url: str, start: int, end: int) -> Part:
        """The bytes from start up to, not including, end. Raises FetchError, also where the whole file is sent."""
        with self._open(url, {**_AS_IT_IS, "Range": f"bytes={start}-{end - 1}"}) as answer:
            if answer.status_code != 206:
                raise FetchError(urls.redacted(url), "the server no longer answers with a part of the file")
            return part_of(answer.headers, b"".join(self._chunks(answer, url, end - start)), url)

    def download(
        self,
        url: str,
        path: Path,
        *,
        limit: int,
        algorithms: tuple[str, ...] = ("sha256",),
        progress: Callable[[int], None] = lambda _: None,
        headers: Mapping[str, str] | None = None,
        attempts: int = 2,
    ) -> Received:
        """Write the answer to a GET to a file as it comes, hashing it on the way.

        path: written whole or not at all, through a temporary name beside it. progress: told of each piece's bytes.
        attempts: how often a download that breaks off is begun again. Raises FetchError.
        """
        for attempt in range(attempts + 1):
            try:
                with self._open(url, {**_AS_IT_IS, **(headers or {})}) as answer:
                    if answer.status_code == 304:
                        return Received(0, {}, 304, _lower(answer.headers))
                    return self._write(answer, url, path, limit, algorithms, progress)
            except BrokenOff:
                if attempt == attempts:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    # ----------------------------------------------------------------- asking

    @contextmanager
    def _open(self, url: str, headers: Mapping[str, str], content: bytes | None = None) -> Iterator[requests.Response]:
        """The answer to a GET, or to a POST of some content, its body not read yet.

        Raises FetchError where it is none that can be used.
        """
        try:
            answer = self._follow(url, headers, content)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise fetch_error(url, error) from error
        try:
            check_status(answer, url, headers)
            yield answer
        finally:
            answer.close()

    def _follow(self, url: str, headers: Mapping[str, str], content: bytes | None) -> requests.Response:
        """Ask, and follow redirects. Every host is sent its own login only, and none where https is left."""
        address, given = urls.split_credentials(url)
        login = given or self._logins.find(address)
        left_https = False
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._ask(address, headers, login, content)
            if answer.status_code == 401 and not left_https:
                kept = self._logins.after_refusal(address, given)
                if kept is not None and kept != login:
                    _let_go(answer)
                    answer = self._ask(address, headers, kept, content)
            if not answer.is_redirect or content is not None:
                return answer
            before = address
            location = answer.headers["Location"].encode("latin-1").decode("utf-8", "replace")
            address, given = urls.split_credentials(urllib.parse.urljoin(answer.url, location))
            _let_go(answer)
            kind = urls.scheme(address)
            if kind not in ("http", "https"):
                raise FetchError(
                    urls.redacted(url), f"it redirects to {urls.redacted(address)}, which is not on the web"
                )
            left_https = kind == "http" and (left_https or urls.scheme(before) == "https")
            login = None if left_https else given or self._logins.find(address)
        raise FetchError(urls.redacted(url), f"more than {_MAX_REDIRECTS} redirects")

    def _ask(
        self, url: str, headers: Mapping[str, str], login: tuple[str, str] | None, content: bytes | None
    ) -> requests.Response:
        """Ask once, and again where the server says that it failed."""
        attempt = 0
        while True:
            answer = self._session.request(
                "GET" if content is None else "POST",
                url,
                headers=headers,
                data=content,
                auth=Login(login),
                stream=True,
                timeout=self._network.timeout,
                allow_redirects=False,
            )
            if answer.status_code not in _RETRIED_STATUS or attempt >= self._network.retries:
                return answer
            _let_go(answer)
            time.sleep(max(_retry_after(answer), min(_LONGEST_PAUSE, 0.25 * 2**attempt) if attempt else 0.0))
            attempt += 1

    # ----------------------------------------------------------------- reading

    def _chunks(self, answer: requests.Response, url: str, limit: int) -> Iterator[bytes]:
        """The body as it comes, in pieces; refused beyond the limit, when it only trickles, or when it breaks off."""
        size = 0
        begun = time.monotonic()
        while True:
            try:
                chunk = answer.raw.read1(PIECE, decode_content=False)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise fetch_error(url, error, BrokenOff) from error
            if not chunk:
                return
            size += len(chunk)
            if size > limit:
                raise too_large(url, limit)
            seconds = time.monotonic() - begun
            if seconds > self._patience + size / _LEAST_BYTES_PER_SECOND:
                raise FetchError(urls.redacted(url), f"no end of the answer after {seconds:.0f} seconds")
            yield chunk

    def _write(
        self,
        answer: requests.Response,
        url: str,
        path: Path,
        limit: int,
        algorithms: tuple[str, ...],
        progress: Callable[[int], None] = lambda _: None,
    ) -> Received:
        try:
            received = write_hashed(self._chunks(answer, url, limit), path, algorithms, progress)
        except OSError as error:
            raise FetchError(urls.redacted(url), f"it cannot be written: {error.strerror or error}") from error
        return received._replace(headers=_lower(answer.headers))


def _retry_after(answer: requests.Response) -> float:
    """The seconds that a server asks to be left alone for (RFC 9110, section 10.2.3), within bounds; 0 for a date."""
    stated = answer.headers.get("Retry-After", "")
    return min(float(stated), _LONGEST_RETRY_AFTER) if re.fullmatch(r"\d{1,9}", stated.strip()) else 0.0


def _let_go(answer: requests.Response) -> None:
    """Be done with an answer whose body nobody wants: a short one is read, so that its connection can be kept."""
    with suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        answer.raw.read1(PIECE, decode_content=False)
    answer.close()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
