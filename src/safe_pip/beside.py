"""Work beside the work: a thread that nobody waits for when the program ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from safe_pip.errors import OutOfTime

_Done = TypeVar("_Done")

_LOOKS_UP = 0.1
"""Seconds after which who waits looks whether there is still time."""


def beside(work: Callable[[], _Done], name: str) -> Future[_Done]:
    """Do something in a thread of its own, which does not keep the program alive; what it writes, it writes whole."""
    future: Future[_Done] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def within(left: Callable[[], float], work: Callable[[], _Done], name: str) -> _Done:
    """What some work comes to, if it does in time. Raises what the work raises, and OutOfTime.

    Work that is not done then goes on by itself, and nobody hears of it: it may be waiting for an answer that never
    comes, and a thread cannot be ended from outside. left: the seconds that are left.
    """
    if left() <= 0:
        raise OutOfTime("There was no time to begin.")
    future = beside(work, name)
    while not future.done() and (seconds := left()) > 0:
        wait([future], timeout=min(seconds, _LOOKS_UP))
    if not future.done():
        raise OutOfTime("There was no answer in time.")
    return future.result()
