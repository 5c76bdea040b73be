"""What holds of everything that is read, and of every refusal."""

from __future__ import annotations

from fuzzing import formats
from safe_pip.errors import SafePipError
from safe_pip.report.plain import printable


def writable(*texts: str | None) -> None:
    """Whatever is kept and told can be written as UTF-8."""
    for text in texts:
        (text or "").encode()


def told(error: SafePipError) -> None:
    """A refusal says something, and nothing of a password."""
    said = "\n".join((error.message, error.hint, *getattr(error, "details", ())))
    assert error.message
    assert formats.SECRET not in said
    writable(*map(printable, said.split("\n")))
