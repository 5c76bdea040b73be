"""What rules beside the advisories find in an audit of what was resolved, and where each finding is named.

It asks no index by itself: what was resolved has been read from one. Bytes are looked at only where a policy gives
weight to what they tell. What was not resolved is looked at by ``audit_said``, ``audit_named`` and ``audit_installed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from safe_pip.audited import Affected
from safe_pip.codes import CODES
from safe_pip.index.finder import Index
from safe_pip.inventory import Dependency, Inventory
from safe_pip.model import (
    Level,
    Observation,
    Plan,
    Request,
    Unchecked,
)
from safe_pip.projects import look_at_projects
from safe_pip.rules import CANDIDATE_RULES, PLAN_RULES, observe_one
from safe_pip.rules.facts import Facts
from safe_pip.settings import OF_BYTES, Settings
from safe_pip.target.installed import installed_facts

if TYPE_CHECKING:
    from safe_pip.audit_bytes import BytesFound

_KINDS = frozenset({"index", "source", "package"})
_COMPARING = ("new-hook", "new-dependency")
"""The codes of what an update brings, compared with what is installed."""


def observe_plan(
    plan: Plan, request: Request, index: Index, settings: Settings, now: datetime, found: BytesFound | None
) -> tuple[tuple[Observation, ...], tuple[Unchecked, ...]]:
    """What rules find in what was resolved, and what they could not look at; provenance is fetched where wanted.

    found: in the bytes of its files, None where nobody wants to know.
    """
    codes = [code for code in weighing(settings, _KINDS) if code not in OF_BYTES]
    told: list[Observation] = []
    unchecked: tuple[Unchecked, ...] = ()
    if codes:
        looked = look_at_projects(plan, index, settings, "audit", locked=request.locked)
        facts = Facts(plan, projects=looked.projects, request=request, settings=settings, now=now)
        told += (each for code in codes for each in observe_one(code, facts))
        unchecked = looked.unchecked
    if found is not None:
        told += _observe_bytes(plan, request, settings, now, found)
        unchecked += found.unchecked
    return tuple(told), unchecked


def _observe_bytes(
    plan: Plan, request: Request, settings: Settings, now: datetime, found: BytesFound
) -> Iterator[Observation]:
    """What rules find in the bytes. What is installed counts for those alone that compare with it."""
    facts = Facts(
        plan,
        mismatches=found.mismatches,
        files=found.files,
        digests=found.digests,
        request=request,
        settings=settings,
        now=now,
    )
    installed = request.target.installed
    there = {item.name: installed[item.name].raw_version for item in plan.install if item.name in installed}
    updates = replace(plan, install=tuple(replace(item, replaces=there.get(item.name)) for item in plan.install))
    compared = replace(facts, plan=updates, installed=installed_facts(request.target, updates, found.files))
    for code in OF_BYTES:
        if settings.highest(code, "audit") > Level.ALLOW:
            yield from observe_one(code, compared if code in _COMPARING else facts)


def affected_by(observations: Iterable[Observation], inventories: Iterable[Inventory]) -> Iterator[Affected]:
    """Each finding once, with every place that names its version; one that is about no package has none."""
    places: dict[tuple[str, str], list[Dependency]] = {}
    for inventory in inventories:
        for dependency in inventory.dependencies:
            places.setdefault((dependency.name, dependency.version), []).append(dependency)
    told: set[tuple[str, str, str, str]] = set()
    for found in observations:
        key = (found.code, found.name, found.version, found.message)
        if found.name and key in told:
            continue
        told.add(key)
        yield Affected(found, tuple(places.get((found.name, found.version), ())))


def weighing(settings: Settings, kinds: frozenset[str]) -> list[str]:
    """The codes of some kinds that weigh something in an audit and have a rule."""
    return [
        code
        for code in (*CANDIDATE_RULES, *PLAN_RULES)
        if CODES[code].kind in kinds and settings.highest(code, "audit") > Level.ALLOW
    ]
