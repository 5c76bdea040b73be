"""The second stage: which versions and which files, by pip's rules, without running anything (a Request to a Plan).

What is offered: ``files``, with ``evaluator`` (what fits the target), ``admitted`` (what specifiers admit) and
``avoided`` (what counts as not there). What the resolver handles (``nodes``): candidates come from ``pool``, what they
need from ``needs``. Its choices: ``provider``, with ``found_candidates`` and ``constraint``; ``look_ahead`` reads
before it asks. Its end: ``plan``; or ``explain``, with ``wishes``, ``offered``, ``chains`` and ``did_you_mean``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from packaging.utils import NormalizedName
from resolvelib import ResolutionImpossible, ResolutionTooDeep, Resolver

from safe_pip.errors import IncompleteError, ResolutionError
from safe_pip.index.finder import Index
from safe_pip.index.store import FileStore
from safe_pip.model import Avoid, DistributionFile, Plan, Request, Unchecked
from safe_pip.progress import Progress
from safe_pip.resolve.avoided import Avoided, never
from safe_pip.resolve.constraint import Constraint
from safe_pip.resolve.files import Files
from safe_pip.resolve.look_ahead import LookAhead
from safe_pip.resolve.metadata import MetadataReader
from safe_pip.resolve.needs import Needs
from safe_pip.resolve.nodes import PYTHON, Candidate, ExactNeed, Need, SpecifierNeed, project_of
from safe_pip.resolve.plan import planned, without_roots
from safe_pip.resolve.pool import CannotCheck, Pool
from safe_pip.resolve.provider import PipProvider
from safe_pip.resolve.reporter import Reporter
from safe_pip.resolve.requirements import Markers

_MOST_ROUNDS = 200_000
"""pip's bound; resolvelib derives from it how long it back-tracks optimistically."""


class ResolutionIncomplete(IncompleteError):
    """Resolving could not be finished, because something that decides cannot be read. ``plan`` says what."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.unchecked[-1].reason, plan.unchecked[-1].help)
        self.plan = plan


def resolve(
    request: Request,
    index: Index,
    store: FileStore,
    progress: Progress,
    settled: Callable[[DistributionFile], None] = lambda _: None,
    *,
    avoid: Avoid = never,
    may_build: Callable[[NormalizedName], bool] = lambda _: False,
    over: Callable[[], bool] = lambda: False,
) -> Plan:
    """Work out what an install would bring in.

    index: where files are looked for. store: where whole files go that have to be read. progress: told of each pin.
    settled: told of files that will most likely be in the plan. avoid: which candidates count as not there; it is asked
    about those only that are looked at, from several threads, and never about what is installed, locked or given by
    URL. may_build: of which projects a source archive may be taken where a wheel of its version is avoided. over:
    whether there is no time left, which ends it.
    Raises OutOfTime, ResolutionError where no set of versions satisfies the request, and ResolutionIncomplete where a
    file that decides cannot be read; the last two carry what was learned. Pages that could not be read are in the
    plan's ``unchecked``.
    """
    files = Files(index, request.target, request.selection, request.locked)
    reader = MetadataReader(index.http, store, index.cache)
    if avoid is not never:
        files.avoids = Avoided(avoid, may_build, lambda name: files.found(name).usable, reader.readable).about
    markers = Markers(request.target.markers)
    pool = Pool(request, files, reader, markers)
    constraints = _constraints(request, markers)
    try:
        known = Needs(pool, markers)
        # Those of one requirement are none where its marker does not hold.
        roots = [list(known.from_requested(requirement)) for requirement in request.requirements]
        needs = [need for found in roots for need in found]
        # Requirements with extras come last, so that what narrows their base is known before (pip: factory.py).
        needs.sort(key=lambda need: need.name != need.project)
        by_url = frozenset(need.project for need in needs if isinstance(need, ExactNeed))
        by_url |= {project for project, constraint in constraints.items() if constraint.links}
        ahead = LookAhead(request, index, files, reader, markers, constraints, by_url)
        for need in needs:
            if isinstance(need, SpecifierNeed):
                ahead.see(need)
        requested = _requested(roots)
        provider = PipProvider(pool, known, constraints, requested, ahead.see)
        resolver: Resolver[Need, Candidate, str] = Resolver(provider, Reporter(progress, settled, over))
        result = resolver.resolve(needs, max_rounds=_MOST_ROUNDS)
    except CannotCheck as error:
        raise ResolutionIncomplete(_learned(pool, error.unchecked)) from error
    except ResolutionImpossible as error:
        raise _conflict(error, constraints, pool, index) from error
    except ResolutionTooDeep as error:
        raise ResolutionError(
            f"No answer was found in {_MOST_ROUNDS:,} steps.",
            "Give upper or exact versions for some packages, so that there is less to try.",
            plan=_learned(pool),
        ) from error
    except RecursionError as error:
        # resolvelib follows the ways to a package by recursion; after back-tracking these may be a circle.
        raise ResolutionError(
            "The packages found need one another in a circle that the resolver cannot follow; pip ends on it as well.",
            "Give exact versions for some packages, so that there is less to try.",
            plan=_learned(pool),
        ) from error
    except ResolutionError as error:
        error.plan = _learned(pool)
        raise
    return without_roots(planned(request, pool, result, constraints, roots), requested, request)


def _constraints(request: Request, markers: Markers) -> dict[NormalizedName, Constraint]:
    constraints: dict[NormalizedName, Constraint] = {}
    for requirement in request.constraints:
        if requirement.name is not None and markers.holds(requirement.marker):
            constraints.setdefault(requirement.name, Constraint()).add(requirement)
    return constraints


def _requested(roots: Iterable[Sequence[Need]]) -> dict[str, int]:
    """The nodes that the user asked for, and their order."""
    requested: dict[str, int] = {}
    for order, found in enumerate(roots):
        if found:
            requested.setdefault(found[0].name, order)
    return requested


def _conflict(
    error: ResolutionImpossible[Need, Candidate],
    constraints: Mapping[NormalizedName, Constraint],
    pool: Pool,
    index: Index,
) -> ResolutionError:
    """The conflict that resolvelib found, in words, and which projects are part of it."""
    # Most runs have nothing to explain.
    from safe_pip.resolve.explain import explain

    failure = explain(list(error.causes), constraints, pool, index)
    failure.plan = _learned(pool)
    failure.involved = frozenset(
        project_of(node.name)
        for cause in error.causes
        for node in (cause.requirement, cause.parent)
        if node is not None and node.name != PYTHON
    )
    return failure


def _learned(pool: Pool, *more: Unchecked) -> Plan:
    """What can be said where there is no plan."""
    return Plan(
        passed_over=(*pool.passed_over.values(), *pool.avoided.values()),
        mismatches=tuple(pool.mismatches),
        unchecked=(*pool.unchecked.values(), *more),
    )
