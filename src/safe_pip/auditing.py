"""The story of an audit, on one page.

    argv -> readers -> inventories, and requests to resolve -> advisories -> judge -> Audited -> report

Nothing is installed and nothing of a package runs. What cannot be checked is told, and the rest is audited.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.advisories.opening import Opening, close_unasked, for_advisories, open_advisories
from safe_pip.advisories.sources import Context, Source
from safe_pip.audit_inventories import audit_inventories
from safe_pip.audited import Affected, Audited, InventoryFacts
from safe_pip.beside import beside
from safe_pip.errors import AdvisoryError
from safe_pip.index.keyring import Keyring
from safe_pip.index.later import http_when_needed
from safe_pip.inventory import Dependency, Inventory
from safe_pip.judge_audit import AuditSettings, judge_audit
from safe_pip.model import Network, Observation, Unchecked
from safe_pip.planned import Asked
from safe_pip.progress import Progress
from safe_pip.request.environment import Environment
from safe_pip.settings import Settings, asks_for_bytes, asks_for_licenses, asks_for_pages

_NO_POLICY = Settings()

Input = Inventory | Environment | Asked | Unchecked
"""What is there, what is to be resolved, or why an input could not be read."""


@dataclass(frozen=True)
class AuditRun:
    """What an audit needs besides its inputs. cache: safe-pip's cache folder. now: the time, in UTC.

    network: how to speak to the sources of advisories. private: patterns of names that are kept from remote sources.
    with_ways: whether it is wanted of everything who needs it, and not only of what is found. keep: whether what
    indexes say is kept for later runs. keyring: asked for logins that indexes want. index_url: of the index beside
    which the source ``pypi`` is asked, and whose pages are read where a policy asks for what they tell.
    """

    cache: Path
    now: datetime
    sources: tuple[Source, ...]
    settings: AuditSettings = AuditSettings()
    network: Network = Network()
    private: tuple[str, ...] = ()
    with_ways: bool = False
    offline: bool = False
    keep: bool = True
    progress: Progress = Progress()
    keyring: Keyring | None = None
    index_url: str | None = None


@dataclass(frozen=True)
class Collected:
    """What the inputs name. available: the versions that indexes offer, for the suggestion of fixes."""

    inventories: tuple[Inventory, ...]
    environments: tuple[Environment, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    available: tuple[tuple[NormalizedName, Sequence[Version]], ...] = ()
    observations: tuple[Observation, ...] = ()
    """What rules beside the advisories find."""
    affected: tuple[Affected, ...] = ()
    """What they find in what is installed."""


def audit(inputs: Sequence[Input], run: AuditRun) -> Audited:
    """Look up everything that the inputs name, and judge it.

    Raises the errors of resolving where there is one input alone, and AdvisoryError where no source can be had.
    """
    # The advisories are brought up to date while the indexes are asked.
    opening = beside(partial(_open, run), "advisories")
    try:
        collected = collect(inputs, run)
    except BaseException:
        opening.add_done_callback(close_unasked)
        raise
    run.progress.step("Checking")
    opened = opening.result()
    if opened.advisories is None:
        first = opened.unchecked[0]
        raise AdvisoryError(first.reason, first.help)
    try:
        facts = audit_inventories(
            _with_private(collected.inventories, run.private),
            opened.advisories,
            available=dict(collected.available),
            unchecked=(*opened.unchecked, *collected.unchecked),
        )
    finally:
        opened.advisories.close()
    if collected.observations:
        from safe_pip.audit_rules import affected_by

        facts = replace(facts, affected=(*facts.affected, *affected_by(collected.observations, collected.inventories)))
    facts = replace(facts, affected=(*facts.affected, *collected.affected))
    return judge_audit(_with_ways(facts, collected.environments, everything=run.with_ways), run.settings, run.now)


def collect(inputs: Sequence[Input], run: AuditRun) -> Collected:
    """What the inputs name, resolved where that is needed; nothing is looked up."""
    inventories: list[Inventory] = []
    named: list[Inventory] = []
    unchecked: list[Unchecked] = []
    observations: list[Observation] = []
    available: dict[NormalizedName, Sequence[Version]] = {}
    for item in inputs:
        if isinstance(item, Inventory | Environment):
            named.append(item if isinstance(item, Inventory) else item.inventory)
            inventories.append(named[-1])
        elif isinstance(item, Unchecked):
            unchecked.append(item)
        else:
            # What an audit of an environment does not need is not loaded for one.
            from safe_pip.resolving import resolved

            planned = resolved(
                item,
                cache=run.cache,
                keep=run.keep,
                keyring=run.keyring,
                progress=run.progress,
                alone=len(inputs) == 1,
                settings=run.settings.settings,
                now=run.now,
            )
            inventories += planned.inventories
            unchecked += planned.unchecked
            observations += planned.observations
            available.update(planned.available)
    environments = tuple(item for item in inputs if isinstance(item, Environment))
    told, gaps = _observe(named, environments, run)
    observations += told
    unchecked += gaps
    affected: list[Affected] = []
    if asks_for_bytes(run.settings.settings):
        for one in environments:
            from safe_pip.audit_installed import observe_installed

            run.progress.step("Looking at what is installed")
            seen, unread = observe_installed(one, run.settings.settings, run.now)
            affected += seen
            unchecked += unread
    if run.settings.settings != _NO_POLICY:
        from safe_pip.audit_coverage import untold

        missing, notes = untold(named, run.settings.settings, pages=_may_ask(run))
        unchecked += missing
        inventories = [_with_note(one, notes.get(one.input, "")) for one in inventories]
    found = tuple(observations)
    return Collected(
        tuple(inventories), environments, tuple(unchecked), tuple(available.items()), found, tuple(affected)
    )


def _observe(
    named: Sequence[Inventory], environments: Sequence[Environment], run: AuditRun
) -> tuple[list[Observation], list[Unchecked]]:
    """What rules find in what was not resolved, as far as the policy asks for more than advisories."""
    settings = run.settings.settings
    observations: list[Observation] = []
    unchecked: list[Unchecked] = []
    if settings.is_written("denied-package", "audit") or asks_for_licenses(settings):
        from safe_pip.audit_said import observe_said

        told, gaps = observe_said(named, environments, settings)
        observations += told
        unchecked += gaps
    asked = named if asks_for_pages(settings) else [one for one in named if not _is_installed(one)]
    if asked and _may_ask(run) and (asks_for_pages(settings) or asks_for_licenses(settings)):
        from safe_pip.audit_named import Asking, observe_named

        assert run.index_url is not None
        run.progress.step("Asking the index")
        asking = Asking(run.index_url, run.network, run.keyring, run.cache, run.keep)
        told, gaps = observe_named(_with_private(asked, run.private), settings, run.now, asking)
        observations += told
        unchecked += gaps
    return observations, unchecked


def _is_installed(inventory: Inventory) -> bool:
    return inventory.input.kind in ("environment", "path")


def _may_ask(run: AuditRun) -> bool:
    """Whether there is an index to ask about what inputs name."""
    return run.index_url is not None and not run.offline


def _with_note(inventory: Inventory, note: str) -> Inventory:
    return replace(inventory, notes=(*inventory.notes, note)) if note else inventory


def _open(run: AuditRun) -> Opening:
    with http_when_needed(for_advisories(run.network)) as http:
        context = Context(run.cache, http, run.now, run.offline, run.progress, run.index_url, run.keyring)
        # The starter set may serve: what it alone has looked at is told to be incomplete.
        table = run.settings.settings.vulnerabilities
        return open_advisories(run.sources, context, starter_set=True, table=table)


# --------------------------------------------------------------------------- names and ways


def _with_private(inventories: Sequence[Inventory], patterns: Sequence[str]) -> Sequence[Inventory]:
    """The inventories with every name that a pattern matches marked as not public."""
    if not patterns:
        return inventories
    pattern = re.compile("|".join(fnmatch.translate(_normal(pattern)) for pattern in patterns))
    # Each name is matched once, in however many inventories it is.
    names = {item.name for inventory in inventories for item in inventory.dependencies}
    private = {name for name in names if pattern.fullmatch(name)}
    return [
        replace(
            inventory,
            dependencies=tuple(
                replace(item, public=False) if item.name in private else item for item in inventory.dependencies
            ),
        )
        for inventory in inventories
    ]


def _normal(pattern: str) -> str:
    """A pattern of names as names are compared (PEP 503); what stands in brackets may hold a dash of its own."""
    return pattern.lower() if "[" in pattern else re.sub(r"[-_.]+", "-", pattern).lower()


def _with_ways(facts: InventoryFacts, environments: Sequence[Environment], *, everything: bool) -> InventoryFacts:
    """The facts with who needs what, in those environments of which it is worth the reading."""
    found = {item.input for affected in facts.affected for item in affected.dependencies}
    wanted = [one for one in environments if everything or one.inventory.input in found]
    if not wanted:
        return facts
    ways = {(item.input, item.name): item for one in wanted for item in one.with_ways().dependencies}

    def known(item: Dependency) -> Dependency:
        way = ways.get((item.input, item.name), item)
        return replace(item, direct=way.direct, requires=way.requires, chain=way.chain)

    affected = []
    for one in facts.affected:
        dependencies = tuple(known(item) for item in one.dependencies)
        chain = dependencies[0].chain if dependencies else one.observation.chain
        affected.append(Affected(replace(one.observation, chain=chain), dependencies))
    return replace(
        facts,
        inventories=tuple(
            replace(inventory, dependencies=tuple(known(item) for item in inventory.dependencies))
            for inventory in facts.inventories
        ),
        affected=tuple(affected),
    )
