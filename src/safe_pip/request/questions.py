"""Options that ask to be told something: they end the reading of a command line, and nothing after them counts."""

from __future__ import annotations


class HelpRequested(Exception):
    """``--help`` was given."""


class ExplainRequested(HelpRequested):
    """``--explain CODE`` was given."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class VersionRequested(HelpRequested):
    """``--version`` was given."""
