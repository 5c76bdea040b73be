"""How a connection is made: certificates, proxies, logins, and an end to servers that never finish their headers."""

from __future__ import annotations

import math
import os
import posixpath
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import requests
import requests.adapters
import requests.auth
import requests.cookies
import requests.utils
import truststore
import urllib3
import urllib3.connection
import urllib3.connectionpool

import safe_pip
from safe_pip import urls
from safe_pip.index.keyring import Keyring
from safe_pip.model import Network

CONNECTIONS = 24
"""Connections kept open to one host; as many requests run side by side."""

PATIENCE = 4
"""The headers of an answer may take this many times the timeout in all."""

# --trusted-host says that certificates are not to be checked; saying so at each request helps nobody.
warnings.filterwarnings("ignore", category=urllib3.exceptions.InsecureRequestWarning)


class Logins:
    """User and password by URL, so that no other host ever sees them.

    known: by index URL or other address, without the credentials themselves. What it does not hold is looked up in
    netrc, and after a refusal in the keyring. indexes: the base URLs that the keyring may know logins by.
    Source: pip's network/auth.py, _get_new_credentials, _get_index_url and handle_401.
    """

    def __init__(
        self, known: Mapping[str, tuple[str, str]], indexes: Iterable[str] = (), keyring: Keyring | None = None
    ) -> None:
        self._known = list(known.items())
        self._indexes = [(url, url) for url in (urls.split_credentials(index)[0] for index in indexes)]
        self._keyring = keyring
        self._kept: dict[tuple[str, str], tuple[str, str]] = {}

    def find(self, url: str) -> tuple[str, str] | None:
        """The login for a URL: of the addresses on its very host and port the one that shares the longest path."""
        found = _nearest(url, self._known)
        if found is not None and found[1]:
            return found
        kept = self._kept.get(_origin(url))
        if kept is not None and found is not None and found[0] != kept[0]:
            kept = None
        return requests.utils.get_netrc_auth(url) or kept or found

    def after_refusal(self, url: str, given: tuple[str, str] | None) -> tuple[str, str] | None:
        """The login that the keyring has for a URL to which the server said 401; None where it is not to be asked.

        given: what the URL itself named. Who has given a password is not helped by another one.
        """
        stated = given or _nearest(url, self._known)
        if self._keyring is None or (stated is not None and stated[1]):
            return None
        user = stated[0] if stated is not None else None
        index = _nearest(url, self._indexes)
        scheme, host = _origin(url)
        if index is None and scheme == "http" and _nearest(f"https://{host}/", self._indexes) is not None:
            return None
        services = ([f"{index.rstrip('/')}/"] if index is not None else []) + [host]
        for service in services:
            found = self._keyring.find(service, user)
            if found is not None:
                self._kept[scheme, host] = found
                return found
        return None


Value = TypeVar("Value")


def _nearest(url: str, known: Iterable[tuple[str, Value]]) -> Value | None:
    """What is known by the address on a URL's host and port that shares the most of its path; the first of several.

    What is known by https is for https alone.
    """
    scheme, host = _origin(url)
    path = _folder(url)
    shared = [
        (len(posixpath.commonpath([path, _folder(address)])), value)
        for address, value in known
        if _origin(address)[1] == host and (scheme == "https" or _origin(address)[0] != "https")
    ]
    return max(shared, key=lambda item: item[0])[1] if shared else None


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _folder(url: str) -> str:
    return posixpath.normpath(f"/{urllib.parse.urlsplit(url).path.strip('/')}")


class Login(requests.auth.AuthBase):
    """Basic authentication with one login, or none; given with every request, so that requests adds none itself."""

    def __init__(self, login: tuple[str, str] | None) -> None:
        self._login = login

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._login is not None:
            requests.auth.HTTPBasicAuth(*(_header_bytes(text) for text in self._login))(request)
        return request


def _header_bytes(text: str) -> bytes:
    """Latin-1 as pip sends it, and UTF-8 where that cannot say it (RFC 7617)."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


class NoEnd(urllib3.exceptions.HTTPError):
    """The headers of an answer did not end in time. urllib3 does not try again after it."""


class _Watch:
    """Calls what is given to it when its time has come, unless that was taken back: one thread for all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, tuple[float, Callable[[], None]]] = {}
        self._wakes = math.inf
        self._thread: threading.Thread | None = None

    def begin(self, seconds: float, call: Callable[[], None]) -> object:
        """Call something after so many seconds. Returns what ``end`` takes it back by."""
        key, due = object(), time.monotonic() + seconds
        with self._changed:
            self._waiting[key] = (due, call)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            elif due < self._wakes:
                self._changed.notify()
        return key

    def end(self, key: object) -> bool:
        """Take a call back. Whether it was made already."""
        with self._changed:
            return self._waiting.pop(key, None) is None

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for key, (due, call) in list(self._waiting.items()):
                    if due <= now:
                        del self._waiting[key]
                        call()
                self._wakes = min((due for due, _ in self._waiting.values()), default=math.inf)
                # None waits until somebody comes; the longest wait that every system takes is far off.
                self._changed.wait(None if self._wakes == math.inf else min(self._wakes - now, 3600))


_WATCH = _Watch()


class _Patient:
    """Hangs up on a server whose headers trickle: each piece comes in time, and the last one never."""

    def getresponse(self) -> Any:
        connection: Any = self

        def hang_up() -> None:
            # TLS within the TLS of a proxy is no socket, but has one; and what is closed by now has none.
            wire = getattr(connection.sock, "socket", connection.sock)
            if isinstance(wire, socket.socket):
                with suppress(OSError):
                    # Below TLS, so that the thread that reads is not disturbed but sees the end of the stream.
                    socket.socket.shutdown(wire, socket.SHUT_RDWR)

        seconds = PATIENCE * float(connection.timeout or 15)
        watched = _WATCH.begin(seconds, hang_up)
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            if _WATCH.end(watched):
                raise NoEnd(f"no end of the headers after {seconds:.0f} seconds")


class _PatientHttp(_Patient, urllib3.connection.HTTPConnection):
    pass


class _PatientHttps(_Patient, urllib3.connection.HTTPSConnection):
    pass


class _HttpPool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _PatientHttp


class _HttpsPool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _PatientHttps


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class _Adapter(requests.adapters.HTTPAdapter):
    """https by certificates that are read once, not for each connection.

    context: what holds them; None for plain http, and for a bundle that cannot be read, of which requests tells.
    """

    def __init__(self, context: ssl.SSLContext | None = None, **keywords: Any) -> None:
        self._context = context
        super().__init__(**keywords)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **self._trusting(keywords))
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(*args, **self._trusting(keywords))
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if self._context is not None and verify:
            conn.ca_certs = conn.ca_cert_dir = None

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        kept = True if self._context is not None and verify else verify
        return super().build_connection_pool_key_attributes(request, kept, cert)

    def _trusting(self, keywords: dict[str, Any]) -> dict[str, Any]:
        return keywords if self._context is None else {**keywords, "ssl_context": self._context}


class _TrustingAdapter(_Adapter):
    """For hosts named with --trusted-host: any certificate will do."""

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, False, cert)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        return super().build_connection_pool_key_attributes(request, False, cert)


class _Secure(requests.adapters.BaseAdapter):
    """The adapter for https, made with the first request: certificates take long to read, and some runs need none.

    certificates: reads them.
    """

    def __init__(self, certificates: Callable[[], ssl.SSLContext | None], pool: Mapping[str, Any]) -> None:
        super().__init__()
        self._certificates = certificates
        self._pool = pool
        self._lock = threading.Lock()
        self._adapter: _Adapter | None = None

    def send(self, *arguments: Any, **keywords: Any) -> requests.Response:
        with self._lock:
            if self._adapter is None:
                self._adapter = _Adapter(self._certificates(), **self._pool)
        return self._adapter.send(*arguments, **keywords)

    def close(self) -> None:
        if self._adapter is not None:
            self._adapter.close()


class _Session(requests.Session):
    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """With the session's own certificates: requests would let REQUESTS_CA_BUNDLE take the place of --cert."""
        return super().merge_environment_settings(url, proxies, stream, self.verify, cert)

    def get_redirect_target(self, resp: Any) -> str | None:
        """None: redirects are followed by Http. requests would first read their whole bodies, however long."""
        return None


def _context(bundle: str | None) -> ssl.SSLContext | None:
    """The certificates of a bundle, else those of the system, as pip has it since 24.2, and of certifi beside them.

    None where the bundle cannot be read.
    """
    context: ssl.SSLContext
    try:
        if bundle:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            folder = os.path.isdir(bundle)
            context.load_verify_locations(capath=bundle) if folder else context.load_verify_locations(cafile=bundle)
            return context
        paths = ssl.get_default_verify_paths()
        if sys.platform not in ("darwin", "win32") and (paths.cafile or (paths.capath and os.listdir(paths.capath))):
            # What truststore would do here as well, but anew for each connection.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.set_default_verify_paths()
        else:
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=requests.utils.DEFAULT_CA_BUNDLE_PATH)
    except OSError:
        return None
    return context


_kept_context = lru_cache(maxsize=8)(_context)
_reading = threading.Lock()


def _shared_context(bundle: str | None) -> ssl.SSLContext | None:
    """The same, read once for all sessions, also where several want it at once."""
    with _reading:
        return _kept_context(bundle)


def session_for(network: Network) -> requests.Session:
    """A session with pip's settings, that keeps no cookies, follows no redirects and repeats no answered request."""
    session = _Session()
    # --proxy puts the environment's proxies aside, as --no-proxy-env does (pip: cli/index_command.py).
    session.trust_env = network.use_environment_proxies and network.proxy is None
    session.headers["User-Agent"] = f"safe-pip/{safe_pip.__version__}"
    session.cookies = requests.cookies.RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    bundle = network.cert
    if bundle is None and session.trust_env:
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if bundle:
        session.verify = bundle
    if network.client_cert:
        session.cert = network.client_cert
    if network.proxy:
        session.proxies = {"http": network.proxy, "https": network.proxy}
    # Failed connections and answers that break off in their headers; statuses are for Http.
    retry = urllib3.Retry(
        total=network.retries,
        redirect=False,
        # What is posted are questions, which may be put twice.
        allowed_methods=None,
        backoff_factor=0.25,
        backoff_max=8,
        respect_retry_after_header=False,
    )
    pool: dict[str, Any] = {"pool_connections": CONNECTIONS, "pool_maxsize": 2 * CONNECTIONS, "max_retries": retry}
    # A certificate to show is loaded into the context, so that context serves this session alone.
    certificates = _context if network.client_cert else _shared_context
    session.mount("https://", _Secure(lambda: certificates(bundle), pool))
    session.mount("http://", _Adapter(**pool))
    for host in network.trusted_hosts:
        # An IPv6 address may be given without its brackets.
        host = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
        session.mount(f"https://{host}/", _TrustingAdapter(**pool))
        if ":" not in host.rpartition("]")[2]:
            session.mount(f"https://{host}:", _TrustingAdapter(**pool))
    return session
