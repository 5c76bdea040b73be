"""Work beside the work: a thread that nobody waits for when the program ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Done = TypeVar("_Done")


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
