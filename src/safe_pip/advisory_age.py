"""What the sources of advisories weigh: how old they may be, and what it means that one cannot be had. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from packaging.utils import NormalizedName

from safe_pip.model import AdvisorySource, Evidence, Observation, Unchecked
from safe_pip.settings import Settings
from safe_pip.times import length_text

UNAVAILABLE = "advisories-unavailable"
_TOO_OLD = "stale-advisories"


def unavailable(gaps: Iterable[Unchecked], settings: Settings) -> tuple[list[Observation], list[Unchecked]]:
    """What is a warning where the policy has it so, and what stays unchecked.

    That is for sources that cannot be had, and for OSV's export of which there is no copy; never for a single answer
    that makes no sense.
    """
    left = list(gaps)
    if settings.advisories.unavailable != "warn":
        return [], left
    missing = [item for item in left if item.code in (UNAVAILABLE, _TOO_OLD) and item.name is None]
    warned = [
        Observation(UNAVAILABLE, NormalizedName(""), "", f"{item.reason} The policy goes on without it.", item.help)
        for item in missing
    ]
    return warned, [item for item in left if item not in missing]


def aged(
    sources: Iterable[AdvisorySource], gaps: Iterable[Unchecked], settings: Settings, now: datetime
) -> tuple[list[Observation], list[Unchecked]]:
    """Sources that are older than the policy wants, and those that are too old for a verdict.

    gaps: what is told already, such as that only the starter set was looked at. A time to come is that of a clock that
    was wrong, and says as little. A source of which nobody knows the age is too old where there is a limit at all.
    """
    limits = settings.advisories
    if any(item.code == _TOO_OLD for item in gaps):
        return [], []
    old, too_old = [], []
    for source in sources:
        # A service that nothing was asked of has no age.
        unknown = source.as_of is None and source.records > 0
        if source.as_of is None and not unknown:
            continue
        age = timedelta.max if source.as_of is None else abs(now - source.as_of)
        date = "of unknown age" if source.as_of is None else f"those of {source.as_of:%Y-%m-%d}"
        reason = f"The advisories of {source.source} are {date}"
        help = "Run `safe-pip advisories sync`, or name a newer source with --advisories."
        if limits.incomplete_after is not None and age > limits.incomplete_after:
            line = limits.lines.get("incomplete-after")
            where = f" ({line.origin})" if line is not None and line.origin is not None else ""
            told = f"{reason}, and the policy takes none older than {length_text(limits.incomplete_after)}{where}."
            too_old.append(Unchecked(_TOO_OLD, None, None, told, help))
        elif limits.warn_after is not None and age > limits.warn_after:
            evidence = () if source.as_of is None else (Evidence("age", length_text(age)),)
            message = f"{reason}, more than {length_text(limits.warn_after)} ago."
            if source.as_of is None:
                message = f"{reason}."
            old.append(Observation("old-advisories", NormalizedName(""), "", message, help, evidence=evidence))
    return old, too_old
