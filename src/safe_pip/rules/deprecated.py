"""deprecated: the project is not to be used any more, say its own people (PEP 792)."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.rules.standing import concern_about_status


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a project of that status."""
    yield from concern_about_status(
        candidacy,
        "deprecated",
        "is deprecated by its own people",
        "Look for what is to be used instead.",
    )
