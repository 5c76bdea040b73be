"""Which facts about projects a policy asks for, and what becomes of those that cannot be had; for the pipelines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from safe_pip.errors import UsageError
from safe_pip.facts import ProjectFacts
from safe_pip.index.attestations import BadTrustRoot
from safe_pip.index.finder import Index
from safe_pip.index.projects import ABOUT_PROVENANCE, EVERY_CODE, looker
from safe_pip.model import Level, Plan, Unchecked
from safe_pip.settings import Settings
from safe_pip.settings.levels import Command

_NEEDS_PROVENANCE = ABOUT_PROVENANCE | {"lost-provenance"}
"""The codes that cannot be told where provenance cannot be read: for the last one, it might as well not be there."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was learned of projects, what could not be, and what a person may want to know of that."""

    projects: Mapping[NormalizedName, ProjectFacts] = field(default_factory=dict)
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()


def codes_wanted(settings: Settings, command: Command) -> frozenset[str]:
    """The codes about projects that weigh something for some package."""
    return frozenset(code for code in EVERY_CODE if settings.highest(code, command) > Level.ALLOW)


def look_at_projects(
    plan: Plan,
    index: Index,
    settings: Settings,
    command: Command = "install",
    locked: Collection[NormalizedName] = (),
) -> Looked:
    """The facts about everything in a plan that an index lists.

    locked: names whose file a lock file names, for which no index is asked. Provenance that cannot be had is unchecked
    where somebody's policy has it block, and a note where only the built-in one does: whoever has set nothing is not
    kept from installing by a server beside the index. Raises UsageError for a trust root that is none.
    """
    wanted = codes_wanted(settings, command)
    items = [item for item in plan.install if item.name not in locked]
    if not wanted or not items:
        return Looked()
    try:
        with closing(looker(index, wanted, settings.provenance.trust_root)) as looking:
            looked = looking.look_at(items)
    except BadTrustRoot as error:
        raise UsageError(
            f"{settings.provenance.line.origin}: {settings.provenance.trust_root} cannot be used: {error}.",
            "Name the trusted_root.json of the Sigstore that signs your packages.",
        ) from error
    unchecked, told = [], []
    for name, version, why in looked.failed:
        if any(settings.blocks_by_policy(code, name, version, command) for code in _NEEDS_PROVENANCE):
            waive = f"waive it with --allow unreadable-provenance:{name}."
            fetched = looked.projects[NormalizedName(name)].provenance is not None
            first = "See that the newest safe-pip[attestations] is installed" if fetched else "Try again later"
            unchecked.append(Unchecked("unreadable-provenance", name, version, why, f"{first}, or {waive}"))
        else:
            told.append(why)
    return Looked(looked.projects, tuple(unchecked), _note(told))


def _note(told: list[str]) -> tuple[str, ...]:
    """One note of all that could not be had, since it mostly is one server that is the matter."""
    if not told:
        return ()
    more = (
        f", and of {len(told) - 1} more files" if len(told) > 2 else ", and of one more file" if len(told) > 1 else ""
    )
    return (f"{told[0][0].upper()}{told[0][1:]}{more}; it was not checked.",)
