"""too-new: the very file was uploaded a shorter time ago than the policy asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from safe_pip.model import Evidence, PolicyLine
from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.times import span, span_up


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a file that is too young. Where no upload time is known, that is unknown-age's.

    A time that is still to come counts as now. A version that fixes an advisory on what it replaces is let through,
    unless the policy says that it is not.
    """
    uploaded = candidacy.file.upload_time
    wanted, line = wanted_age(candidacy)
    if uploaded is None or not wanted:
        return
    age = max(candidacy.now - uploaded, timedelta(0))
    if age >= wanted or is_fix(candidacy):
        return
    named = f"{candidacy.name} {candidacy.version}"
    when = f"was uploaded {span(age)} ago"
    if uploaded > candidacy.now:
        when = "was uploaded at a time that, by the clock of this machine, is still to come"
    wait = f"It passes in {span_up(wanted - age)}."
    if uploaded > candidacy.now:
        wait = "Check the clock of this machine."
    yield Concern(
        "too-new",
        f"{named} {when}; the policy asks for {span(wanted)}.",
        f"{span(age)} old",
        wait,
        (Evidence("uploaded", f"{uploaded:%Y-%m-%d %H:%M} UTC"), Evidence("policy", str(line))),
    )


def wanted_age(candidacy: Candidacy) -> tuple[timedelta, PolicyLine]:
    """How old the file must be, and what of the policy says so: for the package, else for its index, else for all."""
    cooldown = candidacy.settings.cooldown
    for pattern, age, line in reversed(cooldown.packages):
        if pattern.matches(candidacy.name, candidacy.version):
            return age, line
    listed_on = candidacy.file.listed_on or ""
    for base, age, line in reversed(cooldown.indexes):
        if listed_on.startswith(f"{base.rstrip('/')}/"):
            return age, line
    return cooldown.minimum_age, cooldown.line


def is_fix(candidacy: Candidacy) -> bool:
    """Whether the version is free of an advisory on the one that it would replace."""
    if not candidacy.settings.cooldown.exempt_fixes:
        return False
    own = {identifier for group in candidacy.advisories for identifier in group.ids}
    return any(own.isdisjoint(group.ids) for group in candidacy.replaced)
