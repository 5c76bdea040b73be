"""An HTTP client for those who mostly need none: it is loaded and made when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from safe_pip.index.keyring import Keyring
from safe_pip.model import Network

if TYPE_CHECKING:
    from safe_pip.index.http import Http


class _Later:
    def __init__(self, network: Network, **more: Any) -> None:
        self._network = network
        self._more = more
        self._lock = threading.Lock()
        self._http: Http | None = None

    def __enter__(self) -> _Later:
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.close()

    def __getattr__(self, name: str) -> Any:
        # Asked only for what a client has.
        with self._lock:
            if self._http is None:
                from safe_pip.index.http import Http

                self._http = Http(self._network, **self._more)
        return getattr(self._http, name)


def http_when_needed(
    network: Network,
    credentials: Mapping[str, tuple[str, str]] | None = None,
    *,
    keyring: Keyring | None = None,
    indexes: tuple[str, ...] = (),
) -> Http:
    """A client as ``Http`` makes it of the same, which costs nothing until it is asked."""
    return cast("Http", _Later(network, credentials=credentials, keyring=keyring, indexes=indexes))
