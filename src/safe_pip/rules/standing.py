"""archived, deprecated, quarantined: how a project stands with its index (PEP 792)."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.facts import ProjectStatus
from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern


def archived(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a project that gets no more updates."""
    says, help = "is archived: it gets no more updates", "Look for a package that is still looked after."
    yield from _concern(candidacy, "archived", says, help)


def deprecated(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a project that is not to be used any more, as its own people say."""
    says, help = "is deprecated by its own people", "Look for what is to be used instead."
    yield from _concern(candidacy, "deprecated", says, help)


def quarantined(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a project that its index has closed, because it may be harmful."""
    help = "Do not install it. Look at what the index says of it, and use another package."
    yield from _concern(candidacy, "quarantined", "is quarantined by its index", help)


def _concern(candidacy: Candidacy, status: ProjectStatus, says: str, help: str) -> Iterator[Concern]:
    """One concern where the project has a status. says: the rest of a sentence that begins with its name."""
    project = candidacy.project
    if project is None or project.status != status:
        return
    reason = project.reason
    yield Concern(
        status,
        f"{candidacy.name} {says}{f': {reason}' if reason else ''}{'' if reason.endswith('.') else '.'}",
        f"{status}: {reason}" if reason else status,
        help,
        (Evidence("index has", f"status {status}"),),
    )
