"""metadata-mismatch: what was resolved with, or the file's name, says something else than the wheel's own METADATA."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts, about_mismatch


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each field that does not agree."""
    for mismatch in facts.mismatches:
        if mismatch.code == "metadata-mismatch":
            message = (
                f"{mismatch.filename}: {mismatch.what} is {mismatch.actual}, where {mismatch.expected} was expected."
            )
            help = "Do not use this file. Tell whoever runs the index, or publishes the package."
            yield about_mismatch(facts, mismatch, message, help)
