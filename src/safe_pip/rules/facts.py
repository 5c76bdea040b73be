"""The facts that rules look at, and how a rule states what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from safe_pip.model import AdvisoryGroup, Mismatch, Observation, Plan, PlannedInstall


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about a plan. mismatches: from resolving, staging and inspecting together."""

    plan: Plan
    advisories: Mapping[NormalizedName, tuple[AdvisoryGroup, ...]] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()


def observation(
    code: str, item: PlannedInstall, message: str, help: str = "", advisory: AdvisoryGroup | None = None
) -> Observation:
    """What a rule found about one package of the plan."""
    return Observation(
        code=code,
        name=item.name,
        version=item.version,
        message=message,
        help=help,
        chain=item.chain,
        origin=item.origin,
        advisory=advisory,
    )


def about_mismatch(facts: Facts, mismatch: Mismatch, message: str, help: str) -> Observation:
    """What a rule found about a file, which need not be in the plan."""
    item = next((item for item in facts.plan.install if item.name == mismatch.name), None)
    if item is not None:
        return observation(mismatch.code, item, message, help)
    return Observation(mismatch.code, mismatch.name, mismatch.version, message, help, (mismatch.name,))
