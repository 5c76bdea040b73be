"""How a project stands with its index (PEP 792), for the rules about it."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.facts import ProjectStatus
from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern


def concern_about_status(candidacy: Candidacy, status: ProjectStatus, says: str, help: str) -> Iterator[Concern]:
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
