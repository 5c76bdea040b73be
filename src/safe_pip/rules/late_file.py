"""late-file: a new file in an old release. It comes to all who pinned the version, and nobody has looked at it yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern

LATE_AFTER = timedelta(days=7)
"""How long after its release's first file a file counts as late."""
NEW_FOR = timedelta(days=14)
"""How long a late file is told. Wheels for a new Python come months after a release, and are old news two weeks on."""


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file that is much younger than its release, and young; upload times have to be known."""
    release = candidacy.project.release if candidacy.project is not None else None
    uploaded = candidacy.file.upload_time
    if release is None or release.first_upload is None or uploaded is None:
        return
    late, age = uploaded - release.first_upload, candidacy.now - uploaded
    if late <= LATE_AFTER or age >= NEW_FOR:
        return
    yield Concern(
        "late-file",
        f"{candidacy.file.filename} was added to {candidacy.named} {_days(late)} after its first file.",
        f"file added {_days(late)} late",
        "Wait until others have looked at it, or pin the file that you know with --hash.",
        (
            Evidence("release", f"first file of {candidacy.version} uploaded {_day(release.first_upload)}"),
            Evidence("file", f"uploaded {_day(uploaded)}"),
        ),
    )


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}"


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d}"
