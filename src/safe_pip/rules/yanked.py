"""yanked: the index has withdrawn the file (PEP 592), and it is chosen only because nothing else was left."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.rules.facts import Candidacy, Concern


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a yanked file."""
    if candidacy.file.yanked is not None:
        reason = candidacy.file.yanked.strip() or "no reason is given"
        yield Concern(
            "yanked",
            f"{candidacy.name} {candidacy.version} is yanked: {reason}",
            f"yanked: {reason}",
            "Ask for another version, or leave the pin out.",
        )
