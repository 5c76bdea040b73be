"""Connections that hang up on a server which never finishes its headers."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import urllib3
import urllib3.connection
import urllib3.connectionpool

PATIENCE = 4
"""The headers of an answer may take this many times the timeout in all."""


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


POOLS = {"http": _HttpPool, "https": _HttpsPool}
