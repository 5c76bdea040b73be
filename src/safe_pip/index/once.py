"""Work done once for each key, by whichever thread comes to it first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class OnceEach(Generic[Key, Value]):
    """Results by key. Work may be begun ahead of time; who needs a result that nobody works on yet does it himself.

    So a thread only ever waits for work that is running, never for work that is queued, and a pool of any size can
    both begin and await results.

    work: makes the value of a key; its exception is the result as well.
    """

    def __init__(self, work: Callable[[Key], Value]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._results: dict[Key, Future[Value]] = {}

    def begin(self, key: Key) -> None:
        """Do the work in this thread, unless it is done or being done."""
        future, mine = self._claim(key)
        if mine:
            self._do(key, future)

    def known(self, key: Key) -> bool:
        """Whether the work is done or being done."""
        return key in self._results

    def result(self, key: Key) -> Value:
        """The value of a key, or the exception of its work."""
        future, mine = self._claim(key)
        if mine:
            self._do(key, future)
        return future.result()

    def replace(self, key: Key, value: Value) -> None:
        """Put another value in the place of a result."""
        future: Future[Value] = Future()
        future.set_result(value)
        with self._lock:
            self._results[key] = future

    def _claim(self, key: Key) -> tuple[Future[Value], bool]:
        with self._lock:
            future = self._results.get(key)
            if future is not None:
                return future, False
            future = self._results[key] = Future()
            return future, True

    def _do(self, key: Key, future: Future[Value]) -> None:
        try:
            value = self._work(key)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(value)
