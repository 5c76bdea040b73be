"""From what resolvelib settled on to the plan: what is to be installed and kept, why each is there, what was noted."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import TargetError
from safe_pip.model import InstalledDistribution, Kept, PassedOver, Plan, PlannedInstall, Request, RootPin, Unchecked
from safe_pip.resolve.avoided import told
from safe_pip.resolve.constraint import Constraint, both
from safe_pip.resolve.nodes import (
    PYTHON,
    Candidate,
    ExactNeed,
    ExtrasCandidate,
    FileCandidate,
    InstalledCandidate,
    Need,
    SpecifierNeed,
    project_of,
)
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.usable import Versions
from safe_pip.target.metadata import is_editable

if TYPE_CHECKING:
    from resolvelib.resolvers import Result


def planned(
    request: Request,
    pool: Pool,
    result: Result[Need, Candidate, str],
    constraints: Mapping[NormalizedName, Constraint],
    roots: list[list[Need]],
) -> Plan:
    """The plan of a resolution that came to an end.

    roots: the needs of each requirement that the user asked for. Raises TargetError where something new in the user's
    site-packages would lie behind what the environment has.
    """
    bases = [c for c in result.mapping.values() if isinstance(c, FileCandidate | InstalledCandidate)]
    parents, chains = _ways(result)
    asked = {str(need.project): need for found in roots for need in found}
    extras = _chosen_extras(result)
    install: list[PlannedInstall] = []
    keep: list[Kept] = []
    for candidate in bases:
        if isinstance(candidate, InstalledCandidate) or not _is_installed_anew(candidate, request):
            keep.append(Kept(candidate.project, str(candidate.version)))
            continue
        need = asked.get(candidate.project)
        replaced = None if request.selection.ignore_installed else request.target.installed.get(candidate.project)
        _check_precedence(candidate, replaced, request)
        install.append(
            PlannedInstall(
                name=candidate.project,
                version=str(candidate.version) if candidate.version is not None else candidate.metadata.version,
                file=candidate.file,
                metadata=candidate.metadata,
                requested=need is not None,
                required_by=tuple(sorted(parents.get(candidate.project, ()))),
                chain=chains.get(candidate.project, (candidate.project,)),
                origin=need.requested.origin if need is not None and need.requested is not None else None,
                hashes=_allowed_hashes(candidate, result, constraints.get(candidate.project)),
                direct_url=_direct_url(candidate),
                build=_build(candidate, request),
                replaces=replaced.raw_version if replaced else None,
                extras=tuple(sorted(extras.get(candidate.project, ()))),
            )
        )
    available = {item.name: Versions(pool.files.found(item.name).usable) for item in install if item.direct_url is None}
    avoided = told(pool.avoided, bases, prefer_binary=request.selection.prefer_binary)
    # What was found wrong with a file that ended up in no one's way is told as passed over, not as a mismatch.
    chosen = {item.file.filename for item in install}
    mismatches = [item for item in pool.mismatches if item.filename.removesuffix(".metadata") in chosen]
    return Plan(
        install=tuple(sorted(install, key=lambda item: item.name)),
        keep=tuple(sorted(keep)),
        passed_over=(*pool.passed_over.values(), *avoided, *_yanked(install, pool, {item[:2] for item in avoided})),
        roots=_root_pins(result, roots),
        available=available,
        mismatches=tuple(mismatches),
        unchecked=tuple(pool.unchecked.values()),
    )


def without_roots(plan: Plan, requested: Iterable[str], request: Request) -> Plan:
    """With ``--only-deps``, the plan less every project that the user named (pip: resolution/resolvelib/resolver.py).

    What such a one depends on must be known; where only its build could tell, that cannot be checked.
    """
    if not request.selection.only_deps:
        return plan
    named = {project_of(node) for node in requested}
    left_out = tuple(item for item in plan.install if item.name in named)
    unknown = tuple(
        Unchecked(
            "unknown-dependencies",
            item.name,
            item.version or None,
            f"what {item.name} depends on is not known before it is built",
            f"Ask for a version that has a wheel: --only-binary {item.name}.",
        )
        for item in left_out
        if item.metadata.origin == "none"
    )
    return replace(
        plan,
        install=tuple(item for item in plan.install if item.name not in named),
        left_out=left_out,
        unchecked=(*plan.unchecked, *unknown),
    )


def _is_installed_anew(candidate: FileCandidate, request: Request) -> bool:
    """Whether pip would install a chosen file, given what is there (resolution/resolvelib/resolver.py, resolve)."""
    if request.selection.ignore_installed or request.selection.force_reinstall:
        return True
    there = request.target.installed.get(candidate.project)
    if there is None or there.version != candidate.version or is_editable(there):
        return True
    if request.destination.user and not there.in_user_site:
        # What lies outside of it is left alone, and shadowed.
        return True
    return candidate.file.is_local and not candidate.file.is_wheel


def _build(candidate: FileCandidate, request: Request) -> str | None:
    """Why a build would be needed. A source archive that is only fetched needs none, if its metadata is static."""
    is_archive = urls.is_archive(candidate.file.filename) and not urls.is_vcs(candidate.file.url)
    if request.selection.source_archives and is_archive and candidate.metadata.origin in ("sdist", "pyproject"):
        return None
    return candidate.build


def _check_precedence(candidate: FileCandidate, there: InstalledDistribution | None, request: Request) -> None:
    """Raise TargetError where something new in the user's site-packages would lie behind what the environment has.

    Source: pip's resolution/resolvelib/factory.py, get_dist_to_uninstall.
    """
    target = request.target
    if not request.destination.user or not target.is_virtual or there is None or there.in_user_site:
        return
    if os.path.realpath(there.location) == os.path.realpath(target.site_packages):
        raise TargetError(
            f"{candidate} cannot be installed with --user: the environment has {there.name} {there.raw_version} in "
            f"{there.location}, which comes before the user's folder.",
            "Leave --user out to install into the environment itself.",
        )


def _direct_url(candidate: FileCandidate) -> str | None:
    return candidate.direct.url if candidate.direct is not None else None


def _allowed_hashes(
    candidate: FileCandidate, result: Result[Need, Candidate, str], constraint: Constraint | None
) -> frozenset[tuple[str, str]] | None:
    """The digests that the user allows for a file, from all requirements and constraints on it."""
    hashes = constraint.hashes if constraint else None
    for name, criterion in result.criteria.items():
        if project_of(name) == candidate.project:
            for information in criterion.information:
                if isinstance(information.requirement, SpecifierNeed):
                    hashes = both(hashes, information.requirement.hashes)
    if candidate.direct is not None:
        hashes = both(hashes, candidate.direct.hashes)
    return hashes


def _ways(
    result: Result[Need, Candidate, str],
) -> tuple[dict[NormalizedName, set[NormalizedName]], dict[NormalizedName, tuple[NormalizedName, ...]]]:
    """Who needs whom, and a shortest way to each package from something that was asked for."""
    parents: dict[NormalizedName, set[NormalizedName]] = {}
    children: dict[NormalizedName | None, set[NormalizedName]] = {}
    for node in result.graph:
        if node is None or node == PYTHON:
            continue
        child = project_of(node)
        for parent in result.graph.iter_parents(node):
            origin = project_of(parent) if parent is not None else None
            if origin != child:
                children.setdefault(origin, set()).add(child)
                if origin is not None:
                    parents.setdefault(child, set()).add(origin)
    chains: dict[NormalizedName, tuple[NormalizedName, ...]] = {}
    queue: deque[tuple[NormalizedName, tuple[NormalizedName, ...]]] = deque(
        (root, (root,)) for root in sorted(children.get(None, ()))
    )
    while queue:
        name, chain = queue.popleft()
        if name not in chains:
            chains[name] = chain
            queue.extend((child, (*chain, child)) for child in sorted(children.get(name, ())))
    return parents, chains


def _root_pins(result: Result[Need, Candidate, str], roots: list[list[Need]]) -> tuple[RootPin, ...]:
    """What the user asked for, as pip is to be told of it: each name once, with all extras asked of it."""
    pins: dict[NormalizedName, RootPin] = {}
    for need in (need for found in roots for need in found):
        if not isinstance(need, SpecifierNeed | ExactNeed):
            continue
        candidate = result.mapping.get(need.project)
        if candidate is None:
            continue
        extras = need.extras if isinstance(need, SpecifierNeed) else _extras(need.candidate)
        direct = _direct_url(candidate) if isinstance(candidate, FileCandidate) else None
        spelling = need.requested.spelling if need.requested is not None else ""
        pin = pins.get(need.project) or RootPin(
            need.project, (), str(candidate.version), direct, spelling or need.project
        )
        pins[need.project] = pin._replace(extras=tuple(sorted({*pin.extras, *extras})))
    return tuple(pins.values())


def _chosen_extras(result: Result[Need, Candidate, str]) -> dict[NormalizedName, set[str]]:
    """By project, the extras that somebody asks of it."""
    extras: dict[NormalizedName, set[str]] = {}
    for node in result.mapping.values():
        if isinstance(node, ExtrasCandidate):
            extras.setdefault(node.project, set()).update(node.extras)
    return extras


def _extras(candidate: Candidate) -> Iterable[str]:
    return candidate.extras if isinstance(candidate, ExtrasCandidate) else ()


def _yanked(
    install: list[PlannedInstall], pool: Pool, others_told: set[tuple[NormalizedName, str]]
) -> list[PassedOver]:
    """Newer versions that were not chosen only because they are yanked. others_told: versions that need no entry."""
    found = []
    for item in install:
        offered = () if item.direct_url is not None else pool.files.found(item.name).usable
        withdrawn = [usable for usable in offered if not usable.sound]
        others = Versions(offered) if withdrawn else ()
        seen = set()
        for usable in withdrawn:
            is_chosen = item.file.yanked is not None and str(usable.version) == item.version
            if is_chosen or (item.name, str(usable.version)) in others_told:
                continue
            if str(usable.version) in seen or not others or usable.version < others[-1]:
                continue
            seen.add(str(usable.version))
            reason = urls.redacted(usable.file.yanked or "") or "no reason given"
            found.append(PassedOver(item.name, str(usable.version), "yanked", reason))
    return found
