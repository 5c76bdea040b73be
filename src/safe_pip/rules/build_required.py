"""build-required: installing the package would run its build, which is code that nobody has approved."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.rules.facts import Candidacy, Concern


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about what is not a wheel; of what is not in a plan yet, that is told by its name."""
    name, item = candidacy.name, candidacy.item
    if item is None:
        if not candidacy.file.is_wheel:
            yield Concern("build-required", f"{name} has to be built.", "only as source")
        return
    if item.build is None:
        return
    message = f"{name} has to be built: {item.build}."
    if item.metadata.origin == "none":
        message += " What it depends on is not known and not in this plan."
    help = (
        "Give a wheel of it instead."
        if item.direct_url is not None
        else f"Ask for a version that has a wheel for this Python: --only-binary {name}."
    )
    yield Concern("build-required", message, "only as source", help)
