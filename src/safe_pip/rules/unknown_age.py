"""unknown-age: the index does not say when the file was uploaded, and the policy asks for an age."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.rules.too_new import wanted_age
from safe_pip.times import span


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file of an index without upload times; files of this machine have no such time."""
    file = candidacy.file
    wanted, line = wanted_age(candidacy)
    if file.upload_time is not None or file.is_local or not wanted:
        return
    yield Concern(
        "unknown-age",
        f"Nobody says when {file.filename} was uploaded; the policy asks for {span(wanted)}.",
        "age unknown",
        "Use an index that gives upload times (PEP 700), or ask for no age of its files.",
        (Evidence("policy", str(line)),),
    )
