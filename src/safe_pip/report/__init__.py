"""Reports: one module a format. Each turns a verdict into text, and decides nothing.

To add one, write ``report/<name>.py`` and list it in ``FORMATS``.
"""

from __future__ import annotations

from dataclasses import dataclass

from safe_pip.model import Approved, Incomplete, Request, Verdict

EXIT_CODES = {"approved": 0, "refused": 1, "incomplete": 3}
"""The exit code of each kind of verdict; other endings have the codes of their errors."""

FORMATS = ("text", "json")
"""The table of formats."""


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
