"""What a collection is like, found out once for as long as it is not touched: that takes longer than all the rest."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from safe_pip.times import parse_time

_SETTLED = 2.0
"""Seconds after which every file system gives a file that is written once more another time."""


class Looked(NamedTuple):
    """What a collection is: its fingerprint, and when it was made."""

    fingerprint: str
    made: datetime | None


def looked_at(path: Path, notes: Path, now: datetime) -> Looked:
    """The fingerprint and the date of a collection, which of a large zip take longer than all that is asked of it.

    notes: a file beside the database, where both are kept for as long as the zip is not touched. now: the time, by
    which a file that was just written is looked at again: it could be written once more without a trace. Raises what
    ``fingerprint`` raises.
    """
    status = path.stat()
    touched = max(status.st_mtime, status.st_ctime)
    settled = stat.S_ISREG(status.st_mode) and touched < now.timestamp() - _SETTLED
    sign = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    if settled:
        with suppress(OSError, ValueError, TypeError, LookupError, RecursionError):
            kept = json.loads(notes.read_bytes())
            if kept["sign"] == sign and isinstance(kept["fingerprint"], str):
                return Looked(kept["fingerprint"], parse_time(kept["made"]) if kept["made"] else None)
    from safe_pip.advisories.collection import collection_date, fingerprint

    found = Looked(fingerprint(path), collection_date(path))
    if settled:
        written = {**found._asdict(), "made": found.made and found.made.isoformat(), "sign": sign}
        temporary = notes.with_name(f".{notes.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            temporary.write_text(json.dumps(written), "utf-8")
            os.replace(temporary, notes)
    return found
