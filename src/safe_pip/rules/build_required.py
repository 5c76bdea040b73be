"""build-required: installing the package would run its build, which is code that nobody has approved."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts, observation


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each thing in the plan that is not a wheel."""
    for item in facts.plan.install:
        if item.build is None:
            continue
        message = f"{item.name} has to be built: {item.build}."
        if item.metadata.origin == "none":
            message += " What it depends on is not known and not in this plan."
        help = (
            "Give a wheel of it instead."
            if item.direct_url is not None
            else f"Ask for a version that has a wheel for this Python: --only-binary {item.name}."
        )
        yield observation("build-required", item, message, help)
