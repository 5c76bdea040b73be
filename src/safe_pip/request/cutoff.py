"""The time of ``--uploaded-prior-to``: a date or time, or so many days before now."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.times import parse_time

_DAYS = re.compile(r"P(\d+)D", re.ASCII)


def read_cutoff(text: str | None, now: datetime) -> datetime | None:
    """An aware time; None where the option is not given. now: the time, in UTC.

    Times are read as pip reads them (cli/cmdoptions.py, _handle_uploaded_prior_to): ISO 8601 as far as this Python
    knows it, in the local time zone where none is written; or ``PnD``, n days before now. Raises UsageError.
    """
    if text is None:
        return None
    try:
        days = _DAYS.fullmatch(text)
        if days:
            return now - timedelta(days=int(days[1]))
        moment = _iso_time(text)
        return moment if moment.tzinfo is not None else moment.astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"--uploaded-prior-to {urls.shown(text)} is not a time.",
            "Write 2026-01-31, 2026-01-31T12:00:00Z, or P3D for three days ago.",
        ) from error


def _iso_time(text: str) -> datetime:
    """As much of ISO 8601 as this Python knows, and RFC 3339 on all of them."""
    # Python 3.10 does not know Z, and in a date alone it means nothing.
    has_clock = "T" in text or " " in text.strip()
    try:
        return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") and has_clock else text)
    except ValueError:
        # Nor does it know fractions of any length.
        moment = parse_time(text, zone_needed=True)
        if moment is None:
            raise
        return moment
