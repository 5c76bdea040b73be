"""Which of two values of a key is the stricter: each tells whether the new one is at least as strict as the old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from safe_pip.codes import MUST_BE_SEEN
from safe_pip.model import Level

SEVERITIES = ("low", "medium", "high", "critical")
"""The least severe first."""


def strictness(level: Level, code: str = "") -> int:
    """For comparing levels: what is avoided is not installed, and what is blocked is not, so that both are alike.

    code: of the finding. What has to be seen is stepped around in silence where it is avoided, so that this is less.
    """
    return 2 * min(level, Level.BLOCK) - (level is Level.AVOID and code in MUST_BE_SEEN)


def level_at_least(new: Level, old: Level) -> bool:
    """Of levels for what is found."""
    return strictness(new) >= strictness(old)


def severity_at_most(new: str, old: str) -> bool:
    """Of severities from which on something counts."""
    return SEVERITIES.index(new) <= SEVERITIES.index(old)


def severity_at_least(new: str, old: str) -> bool:
    """Of severities that something counts as."""
    return SEVERITIES.index(new) >= SEVERITIES.index(old)


def sooner(new: timedelta | None, old: timedelta | None) -> bool:
    """Of times after which something stands against it; None is never."""
    return (timedelta.max if new is None else new) <= (timedelta.max if old is None else old)


def one_of(*rising: Any) -> Any:
    """Of words from the loosest to the strictest."""
    return lambda new, old: rising.index(new) >= rising.index(old)
