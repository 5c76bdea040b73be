"""Errors for people: one root class, each with a message, a hint and the exit code of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from safe_pip.model import Plan, Unchecked


class SafePipError(Exception):
    """The root of all errors that safe-pip raises.

    message: what happened, to which package or file and line.
    hint: what to do next; may be empty.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SafePipError):
    """The command line, a configuration value or a requirements file says something that cannot be done."""

    exit_code = 2


def _leave_out(option: str, origin: str) -> str:
    return f"Take {option} out of {origin}." if origin else f"Leave out {option}."


class UnsupportedOption(UsageError):
    """An option of pip that safe-pip knows and does not take yet; refused by name, never ignored."""

    def __init__(self, option: str, reason: str, origin: str = "", hint: str = "") -> None:
        where = f" (from {origin})" if origin else ""
        super().__init__(f"{option}{where} is not supported by safe-pip: {reason}.", hint or _leave_out(option, origin))
        self.option = option
        self.reason = reason


class TargetError(UsageError):
    """The interpreter to install into cannot be used."""


class IncompleteError(SafePipError):
    """Something that had to be checked could not be. Never to be read as clean."""

    exit_code = 3


class OutOfTime(IncompleteError):
    """The time that was given is over, and no answer was found."""


class FetchError(IncompleteError):
    """A URL could not be read. ``status`` is the HTTP status, None where no answer came."""

    def __init__(self, url: str, reason: str, status: int | None = None, hint: str = "") -> None:
        super().__init__(f"{url}: {reason}", hint)
        self.url = url
        self.reason = reason
        self.status = status


class AdvisoryError(IncompleteError):
    """A source of advisories could not be used."""


class ResolutionError(SafePipError):
    """No set of versions satisfies the request.

    ``plan`` carries what was learned on the way: versions passed over, mismatches, pages that could not be read.
    ``involved`` names the packages whose wishes met, and those that have them.
    """

    exit_code = 4

    def __init__(self, message: str, hint: str = "", *, details: Sequence[str] = (), plan: Plan | None = None) -> None:
        super().__init__(message, hint)
        self.details = tuple(details)
        self.plan = plan
        self.involved: frozenset[NormalizedName] = frozenset()

    @property
    def unchecked(self) -> tuple[Unchecked, ...]:
        """What could not be checked before the resolver gave up."""
        return self.plan.unchecked if self.plan else ()


class CommitError(SafePipError):
    """pip failed while installing approved files. ``output`` is what pip said."""

    exit_code = 5

    def __init__(self, message: str, hint: str = "", *, output: str = "") -> None:
        super().__init__(message, hint)
        self.output = output


class DeliveryError(SafePipError):
    """Approved files could not be put into the folder that ``download`` or ``wheel`` was given."""

    exit_code = 5


class CommitInterrupted(CommitError):
    """The user stopped pip half-way."""

    exit_code = 130
