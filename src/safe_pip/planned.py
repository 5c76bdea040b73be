"""From what was resolved to what is audited: a Plan to one inventory for each file that asked for any of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkippedDependency
from safe_pip.model import (
    Observation,
    Origin,
    Plan,
    PlannedInstall,
    Request,
    RequestedRequirement,
    SearchScope,
    Unchecked,
)


@dataclass(frozen=True)
class Asked:
    """What is to be resolved for some inputs: one request, and what was found on the way to it.

    inputs: those that were named, in order; files that they include come on top of them.
    """

    request: Request
    inputs: tuple[AuditInput, ...]
    skipped: tuple[SkippedDependency, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """The inventories, and what could not be checked of them. available: the versions that indexes offer.

    observations: what rules beside the advisories find.
    """

    inventories: tuple[Inventory, ...]
    unchecked: tuple[Unchecked, ...] = ()
    available: Mapping[NormalizedName, Sequence[Version]] = field(default_factory=dict)
    observations: tuple[Observation, ...] = ()


def inventories_of(
    plan: Plan,
    request: Request,
    inputs: Sequence[AuditInput],
    skipped: Sequence[SkippedDependency],
    public: frozenset[NormalizedName],
    input_of: Callable[[Origin], AuditInput],
) -> Planned:
    """What each input brings in: what it asks for, and all that this needs.

    inputs: those that were named, in order. public: names that may be told to anybody. input_of: the input that a
    requirement was read from.
    """
    by_name = {item.name: item for item in plan.install}
    requires: dict[NormalizedName, list[NormalizedName]] = {}
    for item in plan.install:
        for parent in item.required_by:
            requires.setdefault(parent, []).append(item.name)
    roots: dict[AuditInput, dict[NormalizedName, RequestedRequirement]] = {one: {} for one in inputs}
    for requirement, name in _asked(request, plan):
        roots.setdefault(input_of(requirement.origin), {}).setdefault(name, requirement)
    for left_out in skipped:
        roots.setdefault(left_out.input, {})
    inventories = []
    for one, asked in roots.items():
        chains = _chains(asked, requires)
        brought = [(by_name[name], chains[name]) for name in sorted(chains)]
        inventories.append(
            Inventory(
                one,
                tuple(
                    _dependency(item, chain, asked, one, requires, request.search, public)
                    for item, chain in brought
                    if item.version
                ),
                (
                    *(_without_version(item, chain, asked, one) for item, chain in brought if not item.version),
                    *(item for item in skipped if item.input == one),
                ),
            )
        )
    return Planned(
        tuple(inventories),
        (*plan.unchecked, *_unknown(plan), *_contradictions(plan), *_other_hashes(plan)),
        plan.available,
    )


def _asked(request: Request, plan: Plan) -> Iterator[tuple[RequestedRequirement, NormalizedName]]:
    """The requirements that led to something in the plan, and what that is."""
    by_url = {item.direct_url: item.name for item in plan.install if item.direct_url is not None}
    names = {item.name for item in plan.install}
    for requirement in request.requirements:
        name = requirement.name
        if name is None and requirement.url is not None:
            name = by_url.get(urls.split_credentials(requirement.url)[0]) or by_url.get(requirement.url)
        holds = requirement.marker is None or requirement.marker.evaluate({**request.target.markers, "extra": ""})
        if name is not None and name in names and holds:
            yield requirement, name


def _chains(
    roots: Iterable[NormalizedName], requires: Mapping[NormalizedName, Sequence[NormalizedName]]
) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """A shortest way to each package from what one input asks for."""
    chains: dict[NormalizedName, tuple[NormalizedName, ...]] = {}
    queue: deque[tuple[NormalizedName, ...]] = deque((root,) for root in sorted(roots))
    while queue:
        chain = queue.popleft()
        if chain[-1] not in chains:
            chains[chain[-1]] = chain
            queue.extend((*chain, child) for child in sorted(requires.get(chain[-1], ())))
    return chains


def _dependency(
    item: PlannedInstall,
    chain: tuple[NormalizedName, ...],
    asked: Mapping[NormalizedName, RequestedRequirement],
    source: AuditInput,
    requires: Mapping[NormalizedName, Sequence[NormalizedName]],
    search: SearchScope,
    public: frozenset[NormalizedName],
) -> Dependency:
    own = asked.get(item.name)
    return Dependency(
        name=item.name,
        version=item.version,
        input=source,
        spelling=own.spelling if own is not None else "",
        # What comes in through something else is changed where that is asked for.
        line=asked[chain[0]].origin.line,
        direct=own is not None,
        requires=tuple(sorted(requires.get(item.name, ()))),
        chain=chain,
        hashes=item.file.hashes,
        index=_index(item, search),
        public=item.name in public,
    )


def _index(item: PlannedInstall, search: SearchScope) -> str | None:
    """The configured index that the file was listed on, without credentials."""
    if item.direct_url is not None or item.file.listed_on is None:
        return None
    bases = [urls.split_credentials(url)[0].rstrip("/") for url in search.index_urls]
    return next((base for base in bases if item.file.listed_on.startswith(f"{base}/")), None)


def _without_version(
    item: PlannedInstall,
    chain: tuple[NormalizedName, ...],
    asked: Mapping[NormalizedName, RequestedRequirement],
    source: AuditInput,
) -> SkippedDependency:
    reason = "its version is not known before it is built, and nothing is built"
    return SkippedDependency(item.name, None, source, "unparsable", reason, asked[chain[0]].origin.line)


def _unknown(plan: Plan) -> Iterator[Unchecked]:
    """What only a build could tell."""
    for item in plan.install:
        if item.metadata.origin == "none":
            yield Unchecked(
                "unknown-dependencies",
                item.name,
                item.version or None,
                f"what {item.name} depends on is not known before it is built, and nothing is built",
                f"Ask for a version that has a wheel, or audit the environment that {item.name} is installed in.",
            )


def _contradictions(plan: Plan) -> Iterator[Unchecked]:
    """Files whose metadata cannot be believed: what they depend on is not known either."""
    for item in plan.mismatches:
        yield Unchecked(
            "unreadable-file",
            item.name,
            item.version,
            f"{item.filename}: {item.what} is {item.actual}, and not {item.expected}",
            "Do not use this file.",
        )


def _other_hashes(plan: Plan) -> Iterator[Unchecked]:
    """Files of which the index itself says that they are not those that were asked for by hash."""
    for item in plan.install:
        allowed, given = item.hashes, item.file.hashes
        # Of an algorithm that the index does not name, only the file itself could tell.
        comparable = {algorithm for algorithm, _ in allowed or ()} <= {algorithm for algorithm, _ in given}
        if allowed is not None and comparable and not allowed & given:
            yield Unchecked(
                "unreadable-file",
                item.name,
                item.version,
                f"{item.file.filename}: its index gives another hash than those that are allowed for {item.name}",
                "Find out which of them is right, and do not install it before.",
            )
