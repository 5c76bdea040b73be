"""The fourth stage: what is known and found about the files of a plan. Facts only; nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from packaging.utils import NormalizedName

from safe_pip.advisories import Advisories
from safe_pip.facts import InstalledFacts, ProjectFacts
from safe_pip.inspect.inspected import Inspected, inspected
from safe_pip.inspect.looking import LOOKED_FOR, Looks
from safe_pip.model import (
    AdvisoryGroup,
    Audit,
    Level,
    Plan,
    PlannedInstall,
    Request,
    Staged,
    Unchecked,
)
from safe_pip.rules import CANDIDATE_RULES, observe
from safe_pip.rules.facts import Facts
from safe_pip.settings import Settings
from safe_pip.target.installed import installed_facts

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Around:
    """What rules look at besides the plan and its files: see ``rules.facts.Facts``.

    looks: what looks at the files, where that has begun already.
    """

    projects: Mapping[NormalizedName, ProjectFacts] = field(default_factory=dict)
    request: Request | None = None
    settings: Settings = field(default_factory=Settings)
    now: datetime = _EPOCH
    looks: Looks | None = None


def deep(settings: Settings) -> bool:
    """Whether any rule wants more of a file than what decides whether pip installs what it says."""
    return any(settings.highest(code, "install") > Level.ALLOW for code in LOOKED_FOR)


def audit(
    plan: Plan,
    staged: Staged,
    advisories: Advisories | None,
    unchecked: tuple[Unchecked, ...] = (),
    private: frozenset[NormalizedName] = frozenset(),
    around: Around = Around(),
) -> Audit:
    """Look up every version in the advisories, inspect every staged wheel, and ask every rule.

    advisories: None where no source could be had; ``unchecked`` then says why. It is carried into the audit. private:
    names that no remote source of advisories is told. around: what else rules look at.
    """
    missing = [*plan.unchecked, *staged.unchecked, *unchecked]
    known: dict[NormalizedName, tuple[AdvisoryGroup, ...]] = {}
    if advisories is not None:
        advisories.load(((item.name, item.version) for item in plan.install), private=private)
        missing += advisories.unchecked
        for item in plan.install:
            if not item.version:
                reason = f"the version of {item.name} is not known before it is built, so no advisory can be looked up"
                missing.append(Unchecked("unknown-version", item.name, None, reason))
                continue
            about = advisories.known(item.name, item.version, plan.available.get(item.name, ()))
            known[item.name] = about.groups
            missing += about.unchecked
            if not advisories.looked_up(item.name, item.version) and not advisories.unchecked:
                missing.append(_not_looked_up(item, private))
    looked = _look(plan, staged, around)
    missing += looked.unchecked
    files = looked.files
    facts = Facts(
        plan,
        known,
        (*plan.mismatches, *staged.mismatches, *looked.mismatches),
        replaced=_replaced(plan, known, advisories, private, around),
        projects=around.projects,
        files=files,
        installed=InstalledFacts() if around.request is None else installed_facts(around.request.target, plan, files),
        digests={name: file.sha256 for name, file in staged.files.items()},
        request=around.request,
        settings=around.settings,
        now=around.now,
    )
    return Audit(
        observations=tuple(observe(facts)),
        unchecked=tuple(missing),
        sources=advisories.sources if advisories is not None else (),
    )


def _replaced(
    plan: Plan,
    known: Mapping[NormalizedName, tuple[AdvisoryGroup, ...]],
    advisories: Advisories | None,
    private: frozenset[NormalizedName],
    around: Around,
) -> dict[NormalizedName, tuple[AdvisoryGroup, ...]]:
    """The advisories on what would be replaced, where it depends on them whether a file is too new."""
    settings = around.settings
    if (
        advisories is None
        or not settings.cooldown.exempt_fixes
        or settings.highest("too-new", "install") == Level.ALLOW
    ):
        return {}
    without = Facts(plan, known, settings=settings, now=around.now)
    there = {
        item.name: item.replaces
        for item, candidacy in without.candidacies()
        if item.replaces is not None and any(CANDIDATE_RULES["too-new"](candidacy))
    }
    advisories.load(there.items(), private=private)
    return {name: advisories.known(name, version).groups for name, version in there.items()}


def _not_looked_up(item: PlannedInstall, private: frozenset[NormalizedName]) -> Unchecked:
    """A version that no source was asked for, or that none knows."""
    reason = f"no source of advisories knows {item.name} {item.version}"
    if item.name in private:
        reason = f"{item.name} does not come from the default index, so no remote source of advisories is told its name"
    help = f"Add a local source with --advisories local, or waive it with --allow not-looked-up:{item.name}."
    return Unchecked("not-looked-up", item.name, item.version, reason, help)


def _look(plan: Plan, staged: Staged, around: Around) -> Inspected:
    """What each staged file shows."""
    looks = around.looks or Looks(deep=deep(around.settings))
    try:
        return inspected(plan, staged, looks)
    finally:
        if around.looks is None:
            looks.close()
