"""What rules beside the advisories find in an audit: of what was resolved, and of what inputs name where that is asked.

It asks no index by itself: what was resolved has been read from one, and for anything else pages are read only where a
policy gives more weight to what an index tells than the built-in one does. Bytes are looked at only where a policy
gives weight to what they tell (``audit_bytes``, ``audit_installed``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.audited import Affected
from safe_pip.codes import CODES
from safe_pip.index.cache import IndexCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.index.page import Listing
from safe_pip.index.releases import version_text
from safe_pip.inventory import Dependency, Inventory
from safe_pip.model import (
    CoreMetadata,
    DistributionFile,
    Level,
    Network,
    Observation,
    Origin,
    Plan,
    PlannedInstall,
    Request,
    SearchScope,
    Unchecked,
)
from safe_pip.projects import look_at_projects
from safe_pip.rules import CANDIDATE_RULES, PLAN_RULES, observe_one
from safe_pip.rules.facts import Facts
from safe_pip.settings import OF_BYTES, Settings
from safe_pip.target.installed import installed_facts
from safe_pip.versions import parsed

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
    codes = [code for code in _weighing(settings, _KINDS) if code not in OF_BYTES]
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


def observe_named(
    inventories: Sequence[Inventory],
    settings: Settings,
    now: datetime,
    *,
    index_url: str,
    network: Network,
    keyring: Keyring | None,
    cache: Path | None,
) -> tuple[tuple[Observation, ...], tuple[Unchecked, ...]]:
    """What rules find by the pages of one index in what inputs name. cache: the folder of kept pages, None for none.

    Names that are not public are not asked for, and of versions that the index does not list nothing is told.
    """
    codes = [code for code in _weighing(settings, frozenset({"index"})) if code in CANDIDATE_RULES]
    if not codes or not inventories:
        return (), ()
    search = SearchScope((index_url,))
    with (
        Http(network, urls.credentials_in([index_url]), keyring=keyring, indexes=search.index_urls) as http,
        IndexCache(cache, network.trusted_hosts) as kept,
        Index(search, http, network.trusted_hosts, kept) as index,
    ):
        for name in {item.name for one in inventories for item in one.dependencies if item.public}:
            index.submit(partial(index.project, name))
        items: dict[tuple[NormalizedName, str], PlannedInstall] = {}
        unchecked: dict[NormalizedName, tuple[Unchecked, ...]] = {}
        for inventory in inventories:
            for dependency in inventory.dependencies:
                key = (dependency.name, dependency.version)
                if dependency.public and key not in items:
                    project = index.project(dependency.name)
                    unchecked[dependency.name] = project.unchecked
                    file = _listed(dependency, project.files)
                    if file is not None:
                        items[key] = _as_planned(dependency, file)
        found: list[Observation] = []
        for plan in _plans(items.values()):
            looked = look_at_projects(plan, index, settings, "audit")
            facts = Facts(plan, projects=looked.projects, settings=settings, now=now)
            found += [each for code in codes for each in observe_one(code, facts)]
            for gap in looked.unchecked:
                unchecked[NormalizedName(gap.name or "")] += (gap,)
    return tuple(found), tuple(gap for gaps in unchecked.values() for gap in gaps)


def affected_by(observations: Iterable[Observation], inventories: Iterable[Inventory]) -> Iterator[Affected]:
    """Each finding with every place that names its version; one that is about no package has none."""
    places: dict[tuple[str, str], list[Dependency]] = {}
    for inventory in inventories:
        for dependency in inventory.dependencies:
            places.setdefault((dependency.name, dependency.version), []).append(dependency)
    for found in observations:
        yield Affected(found, tuple(places.get((found.name, found.version), ())))


def _plans(items: Iterable[PlannedInstall]) -> Iterator[Plan]:
    """Plans in which each name is once, since facts are kept by name: mostly it is one."""
    rounds: list[dict[NormalizedName, PlannedInstall]] = []
    for item in items:
        free = next((one for one in rounds if item.name not in one), None)
        if free is None:
            rounds.append(free := {})
        free[item.name] = item
    return (Plan(tuple(one.values())) for one in rounds)


def _weighing(settings: Settings, kinds: frozenset[str]) -> list[str]:
    """The codes of some kinds that weigh something in an audit and have a rule."""
    return [
        code
        for code in (*CANDIDATE_RULES, *PLAN_RULES)
        if CODES[code].kind in kinds and settings.highest(code, "audit") > Level.ALLOW
    ]


def _listed(dependency: Dependency, files: Listing) -> DistributionFile | None:
    """The file of a version that a page lists: one with a known hash, else a wheel, else any."""
    version = parsed(dependency.version)
    if version is None:
        return None
    own = [files[place] for place, name in enumerate(files.names) if parsed(version_text(name)) == version]
    own.sort(key=lambda file: (not file.hashes & dependency.hashes, not file.is_wheel))
    return own[0] if own else None


def _as_planned(dependency: Dependency, file: DistributionFile) -> PlannedInstall:
    return PlannedInstall(
        name=dependency.name,
        version=dependency.version,
        file=file,
        metadata=CoreMetadata(dependency.name, dependency.version),
        requested=dependency.direct,
        required_by=(),
        chain=dependency.chain or (dependency.name,),
        origin=Origin(dependency.input.path or dependency.input.name, dependency.line),
        hashes=dependency.hashes or None,
    )
