"""yanked: the index has withdrawn the file (PEP 592), and it is chosen only because nothing else was left."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts, observation


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each yanked file of the plan."""
    for item in facts.plan.install:
        if item.file.yanked is not None:
            reason = item.file.yanked.strip() or "no reason is given"
            yield observation(
                "yanked",
                item,
                f"{item.name} {item.version} is yanked: {reason}",
                "Ask for another version, or leave the pin out.",
            )
