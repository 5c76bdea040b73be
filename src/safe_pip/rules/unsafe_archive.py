"""unsafe-archive: the archive is not the same for every program and system that unpacks it, or does harm to it."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import of_problems


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each archive that is unsafe."""
    help = "Do not unpack this file. Tell whoever runs the index, or publishes the package."
    yield from of_problems("unsafe-archive", facts, help, "unsafe archive")
