"""lost-wheels: a version that comes only as source, where those before it came with wheels.

To install source is to run its build. Who steals an upload token gains more with source than with a wheel.
"""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern

LOOKED_AT = 5
"""So many versions before it are looked at: a second bad version must not hide behind the first."""


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a version without any wheel, where one of the few before it has some."""
    project = candidacy.project
    if project is None or project.release is None or project.release.has_wheels or candidacy.file.is_wheel:
        return
    before = next((release for release in project.earlier[:LOOKED_AT] if release.has_wheels), None)
    if before is not None:
        yield Concern(
            "lost-wheels",
            f"{candidacy.named} comes only as source, where {before.version} came with wheels.",
            "only as source, unlike before",
            f"Ask for {candidacy.name}=={before.version}, or look at what its build does first.",
            (Evidence("files", f"{candidacy.version}: source only; {before.version}: wheels"),),
        )
