"""HTTP: the one place where indexes and their files are asked for. Every read is bounded in time, size and retries."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import requests
import urllib3

from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.keyring import Keyring
from safe_pip.index.session import PATIENCE, Login, Logins, session_for
from safe_pip.model import Network

_CHUNK = 256 * 1024
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


_HINTS = {
    401: "Give user and password in the URL, in ~/.netrc, or to keyring.",
    403: "Check the URL, and that the login given for it may read this.",
    407: "Give user and password of the proxy with --proxy.",
}


class Response(NamedTuple):
    """A whole answer. ``url`` is where it came from after redirects; header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    content: bytes


class Part(NamedTuple):
    """Some bytes of a file, where they begin, and the size of the whole file in bytes."""

    start: int
    total: int
    content: bytes


class Received(NamedTuple):
    """A file written to disk: size in bytes, and lower-case hex digests by algorithm.

    ``status`` 304 says that the file has not changed, and that none was written.
    """

    size: int
    digests: Mapping[str, str]
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})


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
            for chunk in _unpacked(self._chunks(answer, url, limit), answer.headers.get("Content-Encoding", ""), url):
                pieces.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise _too_large(url, limit)
            return Response(answer.status_code, answer.url, _lower(answer.headers), b"".join(pieces))

    def tail(self, url: str, length: int, spill: Callable[[], Path], *, limit: int) -> Part | Received:
        """The last bytes of a file (RFC 9110, section 14: a suffix range).

        length: how many bytes to ask for. spill: asked where the whole file goes, where the server answers with all
        of it (a file is then written, and a Received returned). Raises FetchError, also where ranges are refused.
        """
        with self._open(url, {**_AS_IT_IS, "Range": f"bytes=-{length}"}) as answer:
            if answer.status_code == 206:
                part = _part(answer, b"".join(self._chunks(answer, url, length)), url)
                if part.start + len(part.content) != part.total:
                    raise _senseless(url)
                return part
            return self._write(answer, url, spill(), limit, ("sha256",))

    def part(self, url: str, start: int, end: int) -> Part:
        """The bytes from start up to, not including, end. Raises FetchError, also where the whole file is sent."""
        with self._open(url, {**_AS_IT_IS, "Range": f"bytes={start}-{end - 1}"}) as answer:
            if answer.status_code != 206:
                raise FetchError(urls.redacted(url), "the server no longer answers with a part of the file")
            return _part(answer, b"".join(self._chunks(answer, url, end - start)), url)

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
            raise _fetch_error(url, error) from error
        try:
            _check_status(answer, url, headers)
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
                chunk = answer.raw.read1(_CHUNK, decode_content=False)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise _fetch_error(url, error, BrokenOff) from error
            if not chunk:
                return
            size += len(chunk)
            if size > limit:
                raise _too_large(url, limit)
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


class BrokenOff(FetchError):
    """An answer began and did not come to its end; asking once more may help."""


class TooLarge(FetchError):
    """An answer is larger than it may be."""


def _check_status(answer: requests.Response, url: str, headers: Mapping[str, str]) -> None:
    status = answer.status_code
    wanted = {200, 203}
    if "Range" in headers:
        wanted.add(206)
    if "If-None-Match" in headers or "If-Modified-Since" in headers:
        wanted.add(304)
    if status not in wanted:
        hint = _HINTS.get(status, "")
        reason = f"the server answered {status} {_words(answer.reason)}".rstrip()
        raise FetchError(urls.redacted(url), reason, status, hint)


def _words(reason: Any) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason or "")


def _retry_after(answer: requests.Response) -> float:
    """The seconds that a server asks to be left alone for (RFC 9110, section 10.2.3), within bounds; 0 for a date."""
    stated = answer.headers.get("Retry-After", "")
    return min(float(stated), _LONGEST_RETRY_AFTER) if re.fullmatch(r"\d{1,9}", stated.strip()) else 0.0


def _let_go(answer: requests.Response) -> None:
    """Be done with an answer whose body nobody wants: a short one is read, so that its connection can be kept."""
    with suppress(requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        answer.raw.read1(_CHUNK, decode_content=False)
    answer.close()


def _unpacked(chunks: Iterator[bytes], encoding: str, url: str) -> Iterator[bytes]:
    """The body with its Content-Encoding undone, in pieces of bounded size, so that a bomb is seen while it unpacks."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip"):
        raise FetchError(urls.redacted(url), f"the answer is packed as {encoding}, which was not asked for")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    begun = False
    try:
        for chunk in chunks:
            begun = True
            while chunk:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
                yield unpacker.decompress(chunk, _CHUNK)
                chunk = unpacker.unconsumed_tail or unpacker.unused_data
        yield unpacker.flush()
    except zlib.error as error:
        raise FetchError(urls.redacted(url), f"the answer cannot be unpacked: {error}") from error
    if begun and not unpacker.eof:
        raise FetchError(urls.redacted(url), "the answer cannot be unpacked: it breaks off")


def write_hashed(
    chunks: Iterator[bytes], path: Path, algorithms: tuple[str, ...], progress: Callable[[int], None] = lambda _: None
) -> Received:
    """Write pieces to a file and hash them on the way. Raises OSError, and what the pieces raise.

    path: written whole or not at all, through a temporary name beside it. algorithms: names that hashlib knows.
    """
    hashers = {name: hashlib.new(name) for name in dict.fromkeys(("sha256", *algorithms))}
    size = 0
    descriptor, temporary = tempfile.mkstemp(prefix=".part-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                for hasher in hashers.values():
                    hasher.update(chunk)
                size += len(chunk)
                progress(len(chunk))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return Received(size, {name: hasher.hexdigest() for name, hasher in hashers.items()})


def _part(answer: requests.Response, content: bytes, url: str) -> Part:
    """Believe a partial answer only where its Content-Range agrees with the bytes that came."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("Content-Range", "").strip())
    if found:
        start, last, total = (int(group) for group in found.groups())
        if last - start + 1 == len(content) and last < total:
            return Part(start, total, content)
    raise _senseless(url)


def _senseless(url: str) -> FetchError:
    return FetchError(urls.redacted(url), "the server's answer to a request for a part of the file makes no sense")


def _too_large(url: str, limit: int) -> FetchError:
    return TooLarge(urls.redacted(url), f"the answer is larger than {limit:,} bytes")


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _fetch_error(url: str, error: Exception, kind: type[FetchError] = FetchError) -> FetchError:
    """What went wrong, in words, without the credentials of the URL or of a proxy."""
    hint = ""
    if isinstance(error, requests.exceptions.SSLError) and not _is_about_certificate(error):
        # A server that wants to see a certificate says so, or only hangs up.
        reason = f"no secure connection ({_cause(error)})"
        hint = "If the server wants to be shown a certificate, give it with --client-cert PATH."
    elif isinstance(error, requests.exceptions.SSLError):
        reason = f"its certificate cannot be trusted ({_cause(error)})"
        hint = "Give the certificates to trust with --cert, or --trusted-host HOST if you must."
    elif isinstance(error, requests.exceptions.ProxyError):
        reason = f"the proxy cannot be used ({_cause(error)})"
    elif isinstance(error, requests.exceptions.Timeout | TimeoutError) or "timed out" in str(error):
        reason = "no answer in time"
        hint = "Try again, or allow more time with --timeout SECONDS."
    elif isinstance(error, requests.exceptions.ConnectionError):
        reason = f"no connection ({_cause(error)})"
    else:
        reason = _cause(error)
    return kind(urls.redacted(url), urls.redacted(reason), hint=hint)


def _is_about_certificate(error: Exception) -> bool:
    """Whether it is the server's certificate that made an encrypted connection fail."""
    signs = ("CERTIFICATE_VERIFY_FAILED", "CertVerificationError", "CertificateError")
    return any(sign in str(error) for sign in signs)


def _cause(error: BaseException) -> str:
    """The innermost plain reason of an error of requests or urllib3, which also name it within their texts."""
    while not (isinstance(error, OSError) and error.strerror):
        inner = [getattr(error, "reason", None), *error.args, error.__cause__]
        found = next((item for item in inner if isinstance(item, BaseException)), None)
        if found is None:
            return str(error) or type(error).__name__
        error = found
    return error.strerror
