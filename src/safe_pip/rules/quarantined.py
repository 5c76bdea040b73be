"""quarantined: the index has closed the project, because it may be harmful (PEP 792)."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.rules.standing import concern_about_status


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a project of that status."""
    yield from concern_about_status(
        candidacy,
        "quarantined",
        "is quarantined by its index",
        "Do not install it. Look at what the index says of it, and use another package.",
    )
