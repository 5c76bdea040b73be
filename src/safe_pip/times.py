"""Times as index pages and advisory records write them, the same on every Python."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def parse_time(text: str, *, zone_needed: bool = False) -> datetime | None:
    """A time of RFC 3339 (the OSV schema, PEP 700) as an aware datetime in UTC, None where it cannot be read.

    A time without an offset is in UTC; where zone_needed, it cannot be read.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    if zone_needed and not zone:
        return None
    fraction = f".{fraction:0<6}" if fraction else ""
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock or '00:00'}{fraction}{offset}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def time_text(moment: datetime) -> str:
    """A time as databases and caches keep it: ISO text in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


_HOUR = timedelta(hours=1)
_FEW = timedelta(hours=72)


def span(time: timedelta) -> str:
    """A length of time in a few words, rounded down: "45 min", "9 h", "5 days"."""
    if time < _HOUR:
        return f"{time // timedelta(minutes=1)} min"
    if time <= _FEW:
        return f"{time // _HOUR} h"
    return f"{time.days} days"


def span_up(time: timedelta) -> str:
    """The same, rounded up, for how long something takes: after that time it is over."""
    unit = (
        timedelta(minutes=1) if time <= _HOUR - timedelta(minutes=1) else _HOUR if time <= _FEW else timedelta(days=1)
    )
    return span(-(-time // unit) * unit)
