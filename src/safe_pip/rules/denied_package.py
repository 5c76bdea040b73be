"""denied-package: the policy does not want the package, or wants it only below some others."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Evidence
from safe_pip.rules.facts import Candidacy, Concern


def about(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern for each line of the policy that stands against the package."""
    name, version = candidacy.name, candidacy.version
    packages = candidacy.settings.packages
    for denied in packages.denied:
        if denied.packages.matches(name, version):
            because = f": {denied.reason}" if denied.reason else ""
            instead = f"use {denied.use_instead}" if denied.use_instead else ""
            yield Concern(
                "denied-package",
                f"{name} {version} is denied by the policy{because}{'' if because.endswith('.') else '.'}",
                instead or denied.reason or "denied",
                f"Use {denied.use_instead} instead." if instead else f"Do without {name}, or ask for another version.",
                evidence=(Evidence("policy", str(denied.line)),),
            )
    for only in packages.only_below:
        if only.packages.matches(name, version) and not _is_below(candidacy, set(only.parents)):
            parents = " or ".join(only.parents)
            yield Concern(
                "denied-package",
                f"{name} may come in only through {parents}.",
                f"only below {parents}",
                f"Ask for {parents} instead of {name}." if parents else f"Do without {name}.",
                evidence=(Evidence("policy", str(only.line)),),
            )


def _is_below(candidacy: Candidacy, parents: set[str]) -> bool:
    """Whether the package comes in through one of these, as far as is known: of a candidate only who asked for it."""
    if candidacy.requested:
        return False
    item = candidacy.item
    return item is None or not parents.isdisjoint((*item.chain[:-1], *item.required_by))
