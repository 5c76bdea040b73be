"""archived: the project gets no more updates, says the index (PEP 792)."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.rules.standing import concern_about_status


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a project of that status."""
    yield from concern_about_status(
        candidacy,
        "archived",
        "is archived: it gets no more updates",
        "Look for a package that is still looked after.",
    )
