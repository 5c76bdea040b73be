"""Reports: one module a format. Each turns a verdict into text, and decides nothing.

To add one, write ``report/<name>.py`` with functions ``render`` and ``failure``, and list it in ``FORMATS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from safe_pip.errors import SafePipError
from safe_pip.model import Approved, Incomplete, PolicyInForce, Request, Verdict

EXIT_CODES = {"approved": 0, "refused": 1, "incomplete": 3}
"""The exit code of each kind of verdict; other endings have the codes of their errors."""

FORMATS = ("text", "json", "sarif", "markdown")
"""The table of formats of ``install``, ``download`` and ``wheel``."""

SHORT_FORMATS = ("text", "json")
"""Those of the commands that only tell something."""


class Format(Protocol):
    """A format for programs: its module below this package."""

    def render(self, report: Report, *, error: SafePipError | None = None, exit_code: int | None = None) -> str:
        """The report. error: what went wrong after the verdict. exit_code: where neither says how the run ends."""
        ...

    def failure(self, error: SafePipError, *, command: str, dry_run: bool, policy: PolicyInForce) -> str:
        """What is reported where no plan was reached. policy: as far as it was read by then."""
        ...


def format_of(name: str) -> Format:
    """A format of the table but text; it is imported when it is needed."""
    return cast("Format", import_module(f"{__name__}.{name}"))


@dataclass(frozen=True)
class Report:
    """What is reported: the verdict on a request."""

    verdict: Verdict
    request: Request
    command: str = "install"

    @property
    def word(self) -> str:
        """The verdict as one word."""
        if isinstance(self.verdict, Approved):
            return "approved"
        return "incomplete" if isinstance(self.verdict, Incomplete) else "refused"

    @property
    def exit_code(self) -> int:
        """The exit code that the verdict leads to, if nothing goes wrong after it."""
        return EXIT_CODES[self.word]
