"""Three rules about provenance (PEP 740), which says by whom a file was published, and how.

lost-provenance: earlier versions had it. changed-publisher: they were published by another. invalid-provenance: it is
not about the file, or makes no sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from safe_pip.facts import Publisher
from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern

LOOKED_AT = 5
"""So many versions before it are looked at: a second bad version must not hide behind the first."""


def lost(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file without provenance, where one of the few versions before it has some, or its own."""
    project = candidacy.project
    if project is None or project.release is None or candidacy.file.provenance is not None:
        return
    before = next((release for release in project.earlier[:LOOKED_AT] if release.has_provenance), None)
    if project.release.has_provenance:
        message = f"{candidacy.file.filename} has no provenance, where other files of {candidacy.named} have it."
        evidence = f"others of {candidacy.version}: given; this file: none"
    elif before is not None:
        message = f"{candidacy.named} has no provenance, where {before.version} had it."
        evidence = f"{before.version}: given; {candidacy.version}: none"
    else:
        return
    help = "Somebody may have uploaded it with a stolen token. See whether the project has announced it."
    yield Concern("lost-provenance", message, "provenance lost", help, (Evidence("provenance", evidence),))


def changed(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file none of whose publishers published an earlier version whose publishers are known.

    Which are known is up to who looks: the newest that names any, and the one that is installed.
    """
    project = candidacy.project
    if project is None or project.provenance is None or not project.provenance.publishers:
        return
    if project.provenance.problem:
        return
    now = project.provenance.publishers
    known = ((release.version, release.publishers) for release in project.earlier if release.publishers)
    others = ((version, by) for version, by in known if not {*map(_meaning, now)} & {*map(_meaning, by)})
    for version, by in islice(others, 1):
        yield Concern(
            "changed-publisher",
            f"{candidacy.named} was published by {_listed(now)}, and {version} by {_listed(by)}.",
            f"published by {_listed(now)}",
            "See whether the project has announced that it moved.",
            (Evidence(f"{version} by", _listed(by)), Evidence(f"{candidacy.version} by", _listed(now))),
        )


def invalid(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about provenance that is wrong: about another file, malformed, or refuted by its signature."""
    provenance = candidacy.project.provenance if candidacy.project is not None else None
    if provenance is not None and provenance.problem:
        yield Concern(
            "invalid-provenance",
            f"The provenance of {candidacy.file.filename} is wrong: {provenance.problem}.",
            "provenance is wrong",
            "Do not use this file. Tell whoever runs the index.",
            (Evidence("document", candidacy.file.provenance or ""),),
        )


def _meaning(one: Publisher) -> tuple[str, str]:
    # Forges do not tell the case of names apart. A kind in another spelling is one whose signature nobody verifies.
    return one.kind, one.text.lower()


def _listed(publishers: tuple[Publisher, ...]) -> str:
    return " and ".join(dict.fromkeys(f"{one.kind} {one.text}".strip() for one in publishers))
