"""Sessions with pip's settings: proxies, certificates, trusted hosts, connections kept open, no cookies."""

from __future__ import annotations

import os
import ssl
import threading
import warnings
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import requests.adapters
import requests.cookies
import urllib3

import safe_pip
from safe_pip.index.certificates import context_for, shared_context
from safe_pip.index.patience import POOLS
from safe_pip.model import Network

CONNECTIONS = 24
"""Connections kept open to one host; as many requests run side by side."""

# --trusted-host says that certificates are not to be checked; saying so at each request helps nobody.
warnings.filterwarnings("ignore", category=urllib3.exceptions.InsecureRequestWarning)


class _Adapter(requests.adapters.HTTPAdapter):
    """https by certificates that are read once, not for each connection.

    context: what holds them; None for plain http, and for a bundle that cannot be read, of which requests tells.
    """

    def __init__(self, context: ssl.SSLContext | None = None, **keywords: Any) -> None:
        self._context = context
        super().__init__(**keywords)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        super().init_poolmanager(*args, **self._trusting(keywords))
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **keywords: Any) -> Any:
        manager = super().proxy_manager_for(*args, **self._trusting(keywords))
        manager.pool_classes_by_scheme = POOLS
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
    certificates = context_for if network.client_cert else shared_context
    session.mount("https://", _Secure(lambda: certificates(bundle), pool))
    session.mount("http://", _Adapter(**pool))
    for host in network.trusted_hosts:
        # An IPv6 address may be given without its brackets.
        host = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
        session.mount(f"https://{host}/", _TrustingAdapter(**pool))
        if ":" not in host.rpartition("]")[2]:
            session.mount(f"https://{host}:", _TrustingAdapter(**pool))
    return session
