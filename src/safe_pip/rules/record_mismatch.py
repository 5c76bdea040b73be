"""record-mismatch: a wheel's RECORD and its files do not agree, apart from code, which unrecorded-code is about."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import of_problems


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each wheel whose RECORD is wrong."""
    help = (
        "The wheel was changed after it was made, or its tool was careless. Compare it with what its project publishes."
    )
    if facts.request is None:
        help = "It was changed or taken away after it was installed. Install it anew unless you know why."
    yield from of_problems("record-mismatch", facts, help, "RECORD does not agree")
