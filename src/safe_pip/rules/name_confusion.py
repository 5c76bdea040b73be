"""name-confusion: a name that was asked for and could be a slip for one of the most used names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.rules.resemblance import much_used, resemblance

ESTABLISHED = timedelta(days=365)
"""A project that has been there for so long is not lying in wait: those that do are taken down sooner."""


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a name that the user wrote; a dependency's name was written by its author."""
    item = candidacy.item
    if not candidacy.requested or candidacy.locked:
        return
    if item is not None and (item.direct_url is not None or item.hashes):
        # Who names the very file means it.
        return
    first = candidacy.project.first_upload if candidacy.project is not None else None
    if first is not None and candidacy.now - first >= ESTABLISHED:
        return
    found = resemblance(candidacy.name, much_used())
    if found is not None:
        how = {
            "one letter": "differ by one letter",
            "two letters swapped": "differ by two letters that are swapped",
            "the same words": "are made of the same words",
            "look-alike letters": "look alike",
        }[found.kind]
        yield Concern(
            "name-confusion",
            f"Do you mean {found.target}? It is one of the most used packages; {candidacy.name} is not, and their "
            f"names {how}.",
            f"could be a slip for {found.target}",
            f"If {found.target} is meant, ask for that.",
            (Evidence("names", f"{candidacy.name}, {found.target}"),),
        )
