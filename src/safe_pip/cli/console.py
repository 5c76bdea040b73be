"""What people see: text on stderr in their terminal's colours and width, and progress while they wait."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

from safe_pip.progress import Progress
from safe_pip.report.plain import Style

_WIDE = 100
_USUAL = 80
_NARROW = 40


def for_stdout(environ: Mapping[str, str], *, to_file: bool = False, no_color: bool = False) -> tuple[Style, bool]:
    """How what is read by people is drawn on standard output, or into a file; and whether in colours, with links."""
    terminal = not to_file and sys.stdout.isatty() and environ.get("TERM") != "dumb"
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    columns = shutil.get_terminal_size((_USUAL, 24)).columns
    style = Style(max(_NARROW, min(columns, _WIDE)), to_file or encoding.startswith("utf"))
    return style, terminal and not no_color and not environ.get("NO_COLOR")


class Screen:
    """Text for people, on stderr.

    quiet: how often ``-q`` was given; once leaves out what goes well.
    """

    def __init__(self, environ: Mapping[str, str], *, quiet: int = 0, no_color: bool = False) -> None:
        self.quiet = quiet
        self._environ = environ
        self._no_color = no_color or bool(environ.get("NO_COLOR"))

    @cached_property
    def console(self) -> Console:
        """What draws. Whoever shows nothing does not wait until it is loaded."""
        from rich.console import Console

        return Console(
            stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True, no_color=self._no_color or None
        )

    @cached_property
    def style(self) -> Style:
        """How to draw on it."""
        width = self.console.width if self.console.is_terminal or self._environ.get("COLUMNS") else _WIDE
        encoding = (getattr(sys.stderr, "encoding", None) or "ascii").lower().replace("-", "")
        return Style(width=max(_NARROW, min(width, _WIDE)), unicode=encoding.startswith("utf"))

    @property
    def may_move(self) -> bool:
        """Whether something that moves may be shown: on a terminal, or where one is said to be."""
        told = any(self._environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"))
        return (sys.stderr.isatty() or told) and self.console.is_terminal and not self.console.is_dumb_terminal

    def show(self, lines: Iterable[Text]) -> None:
        """Print lines."""
        for line in lines:
            self.console.print(line)

    def tell(self, text: str) -> None:
        """Print a sentence: wrapped between its words on a terminal, and one line wherever else."""
        if not sys.stderr.isatty():
            self.say(text)
            return
        from safe_pip.report.drawing import wrapped

        self.show(wrapped(text, self.style, rest="  "))

    def say(self, text: str) -> None:
        """Print one plain line."""
        if "console" not in self.__dict__ and not sys.stderr.isatty():
            print(text, file=sys.stderr)
            return
        from rich.text import Text

        self.console.print(Text(text))


class TerminalProgress(Progress):
    """One line on a terminal that says what is going on: a step, packages settled, files, bytes and speed."""

    def __init__(self, screen: Screen) -> None:
        from rich.live import Live

        self._lock = threading.Lock()
        self._step = ""
        self._detail = ""
        self._files = (0, 0)
        self._bytes: tuple[int, int | None] = (0, None)
        self._begun = 0.0
        self._live = Live(console=screen.console, refresh_per_second=12, transient=True, get_renderable=self._draw)

    def step(self, text: str) -> None:
        with self._lock:
            self._step, self._detail, self._files, self._bytes = text, "", (0, 0), (0, None)
            self._begun = self._live.console.get_time()
        self._live.start()
        self._live.refresh()

    def resolving(self, packages: int) -> None:
        self._detail = f"{packages} packages"

    def downloading(self, files: int, size: int | None) -> None:
        with self._lock:
            self._files, self._bytes = (0, files), (0, size)

    def received(self, size: int) -> None:
        with self._lock:
            self._bytes = (self._bytes[0] + size, self._bytes[1])

    def file_done(self) -> None:
        with self._lock:
            self._files = (self._files[0] + 1, self._files[1])

    def done(self) -> None:
        self._live.stop()

    def _draw(self) -> Text:
        done, files = self._files
        received, total = self._bytes
        parts = [self._detail, f"{done} of {files} files" if files else ""]
        if received:
            of = f" of {_size(total)}" if total else ""
            seconds = max(self._live.console.get_time() - self._begun, 0.1)
            parts += [f"{_size(received)}{of}", f"{_size(received / seconds)}/s"]
        from rich.text import Text

        return Text.assemble((self._step, "bold"), (" " * 2 + "  ".join(part for part in parts if part), "dim"))


def progress_for(screen: Screen, kind: str) -> Progress:
    """The progress display: silent where there is no terminal, under ``-q``, or where it was turned off."""
    wanted = kind in ("auto", "on") and not screen.quiet and screen.may_move
    return TerminalProgress(screen) if wanted else Progress()


def _size(number: float) -> str:
    """Bytes for people, in decimal units as pip shows them."""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
