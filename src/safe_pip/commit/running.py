"""Running pip to its end, which Ctrl-C does not cut short the first time."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import Any

from safe_pip.errors import CommitError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Ctrl-C, a request to end and a lost terminal are counted, not obeyed at once, while this lasts.

    To stop half-way would leave a package removed and not replaced. The second one is passed on to pip.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.count = 0
        self.process: subprocess.Popen[str] | None = None
        self._say = say
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        # Only the main thread may do so, and only there do signals arrive.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _received(self, number: int, _: object) -> None:
        self.count += 1
        if self.count == 1:
            self._say("Finishing the install; press Ctrl-C again to stop it half-way.")
        elif self.process is not None:
            self.process.send_signal(signal.SIGINT)


def run_pip(command: list[str], environment: Mapping[str, str], interrupts: Interrupts) -> tuple[int, str, str]:
    """Run pip to its end: exit code, and what it wrote to stdout and to stderr.

    pip has a session of its own, so that Ctrl-C in the terminal does not reach it. Raises CommitError where it cannot
    be started.
    """
    try:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CommitError(
            f"pip cannot be started with {command[0]}: {error.strerror or error}. Nothing was installed."
        ) from error
    interrupts.process = process
    with process:
        output, warnings = process.communicate()
    return process.returncode, output, warnings
