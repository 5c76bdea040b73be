"""unrecorded-code: code in a wheel that its RECORD does not list, or lists with another hash."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import of_problems


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each wheel with such code."""
    help = "Somebody may have put code into a finished wheel. Compare it with what its project publishes."
    if facts.request is None:
        help = (
            "It was put there, or changed, after everything was installed. Look at it, and install anew what it is in."
        )
    yield from of_problems("unrecorded-code", facts, help, "code that is not recorded")
