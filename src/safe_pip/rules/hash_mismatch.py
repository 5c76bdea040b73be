"""hash-mismatch: the bytes are not those that the index or the user named. The file is deleted at once."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts, about_mismatch


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each hash that does not agree."""
    for mismatch in facts.mismatches:
        if mismatch.code == "hash-mismatch":
            message = (
                f"{mismatch.filename}: {mismatch.what} is {mismatch.expected}, but the file has {mismatch.actual}."
            )
            help = (
                "If the new file is right, put its hash in your requirements."
                if mismatch.what == "--hash"
                else "Somebody may have tampered with it. Try again later, and tell whoever runs the index."
            )
            yield about_mismatch(facts, mismatch, message, help)
