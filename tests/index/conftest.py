"""What the tests of the index share: a process that nothing of this machine's network settings reaches into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.servers import Site
from safe_pip.index.http import Http
from safe_pip.model import Network

_SETTINGS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, no certificates and no netrc but the test's own."""
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def http() -> Iterator[Http]:
    """A client that tries once, and waits for half a second at most."""
    with Http(Network(timeout=0.5, retries=0), patience=1.0) as client:
        yield client


@pytest.fixture
def site() -> Iterator[Site]:
    """A server that answers everything with a few words."""
    with Site() as server:
        yield server
