"""pip's choices, as a provider for resolvelib: what to look at next, and which candidates there are.

Source: pip's resolution/resolvelib/provider.py and factory.py (find_candidates).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.utils import NormalizedName
from resolvelib.providers import AbstractProvider

from safe_pip.resolve.constraint import Constraint
from safe_pip.resolve.found_candidates import FoundCandidates
from safe_pip.resolve.needs import Needs
from safe_pip.resolve.nodes import (
    PYTHON,
    Candidate,
    ExactNeed,
    ExtrasCandidate,
    Need,
    PythonNeed,
    SpecifierNeed,
    same_candidate,
)
from safe_pip.resolve.pool import Pool

if TYPE_CHECKING:
    from resolvelib.resolvers import RequirementInformation

    Information = RequirementInformation[Need, Candidate]
    Base = AbstractProvider[Need, Candidate, str]
else:
    Base = AbstractProvider

_PROMOTED_AFTER = 5
"""Conflicts after which a name that is not settled yet is looked at earlier."""


class _Kind(NamedTuple):
    """How a need counts when the next project to look at is chosen."""

    exact: bool = False
    pinned: bool = False
    bounded: bool = False
    stated: bool = False


def _kind(need: Need) -> _Kind:
    if not isinstance(need, SpecifierNeed):
        return _Kind(exact=isinstance(need, ExactNeed))
    stated = [(item.operator, item.version) for item in need.specifier]
    return _Kind(
        pinned=any(operator.startswith("==") and "*" not in version for operator, version in stated),
        bounded=any(
            operator in ("<", "<=", "~=") or (operator == "==" and "*" in version) for operator, version in stated
        ),
        stated=bool(stated),
    )


class PipProvider(Base):
    """Answers resolvelib's questions as pip does.

    constraints: by project. requested: identifiers the user asked for, with their order.
    warm: told of each project that comes up, so that its pages and metadata can be read ahead.
    """

    def __init__(
        self,
        pool: Pool,
        needs: Needs,
        constraints: Mapping[NormalizedName, Constraint],
        requested: Mapping[str, int],
        warm: Callable[[SpecifierNeed], None],
    ) -> None:
        self._pool = pool
        self._needs = needs
        self._constraints = constraints
        self._requested = requested
        self._warm = warm
        self._conflicts: Counter[str] = Counter()
        self._promoted: set[str] = set()
        self._satisfied: dict[tuple[int, int], bool] = {}
        self._kinds: dict[int, _Kind] = {}
        self._found = FoundCandidates(pool, requested)

    def identify(self, requirement_or_candidate: Need | Candidate) -> str:
        return requirement_or_candidate.name

    def get_dependencies(self, candidate: Candidate) -> Iterable[Need]:
        first = candidate.needs is None
        needs = self._needs.of(candidate)
        if first:
            for need in needs:
                if isinstance(need, SpecifierNeed):
                    self._warm(need)
        return needs

    def is_satisfied_by(self, requirement: Need, candidate: Candidate) -> bool:
        # Both are kept for the whole resolution, so their identities are sound keys.
        try:
            return self._satisfied[id(requirement), id(candidate)]
        except KeyError:
            satisfied = self._satisfied[id(requirement), id(candidate)] = requirement.satisfied_by(candidate)
            return satisfied

    # ----------------------------------------------------------------- what to look at next

    def narrow_requirement_selection(
        self,
        identifiers: Iterable[str],
        resolutions: Mapping[str, Candidate],
        candidates: Mapping[str, Iterator[Candidate]],
        information: Mapping[str, Iterator[Information]],
        backtrack_causes: Sequence[Information],
    ) -> Iterable[str]:
        """The interpreter alone; else what took part in the last conflict; else what often takes part in one."""
        involved = set()
        for cause in backtrack_causes:
            for node in (cause.requirement, cause.parent):
                if node is None:
                    continue
                involved.add(node.name)
                if node.name not in resolutions:
                    self._conflicts[node.name] += 1
                    if self._conflicts[node.name] >= _PROMOTED_AFTER:
                        self._promoted.add(node.name)
        identifiers = list(identifiers)
        if PYTHON in identifiers:
            return [PYTHON]
        causes = [name for name in identifiers if name in involved]
        return causes or [name for name in identifiers if name in self._promoted] or identifiers

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],
        candidates: Mapping[str, Iterator[Candidate]],
        information: Mapping[str, Iterable[Information]],
        backtrack_causes: Sequence[Information],
    ) -> Any:
        """Direct references, pins, upper bounds, the user's order, anything with an operator, then the alphabet."""
        exact = pinned = bounded = stated = False
        for info in information[identifier]:
            # Needs are kept for the whole resolution, so their identities are sound keys.
            kind = self._kinds.get(id(info.requirement))
            if kind is None:
                kind = self._kinds[id(info.requirement)] = _kind(info.requirement)
            exact = exact or kind.exact
            pinned = pinned or kind.pinned
            bounded = bounded or kind.bounded
            stated = stated or kind.stated
        return (
            identifier not in self._promoted,
            not exact,
            not pinned,
            not bounded,
            self._requested.get(identifier, math.inf),
            not stated,
            identifier,
        )

    # ----------------------------------------------------------------- which candidates there are

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Iterable[Candidate] | Callable[[], Iterator[Candidate]]:
        needs = list(requirements[identifier])
        base, bracket, inside = identifier.partition("[")
        project = NormalizedName(base)
        extras = frozenset(NormalizedName(extra) for extra in inside.rstrip("]").split(",")) if bracket else frozenset()
        base_needs = list(requirements.get(base, ())) if extras else []
        explicit = self._explicit(needs, base_needs, extras)
        specifiers = [need for need in [*needs, *base_needs] if isinstance(need, SpecifierNeed)]
        constraint = self._constraints.get(project) or Constraint()
        if specifiers:
            if not all(self._pool.fits(link) for link in constraint.links):
                return []
            explicit += self._linked(constraint, specifiers[0], extras)
        ruled_out = list(incompatibilities.get(identifier, ()))
        if explicit:
            incompatible = set(map(id, ruled_out))
            return [
                candidate
                for candidate in _distinct(explicit)
                if id(candidate) not in incompatible
                and constraint.admits(candidate)
                and all(self.is_satisfied_by(need, candidate) for need in needs)
            ]
        if not specifiers:
            return []
        return partial(self._found.of, project, extras, specifiers, constraint, identifier, ruled_out)

    def _explicit(
        self, needs: list[Need], base_needs: list[Need], extras: frozenset[NormalizedName]
    ) -> list[Candidate]:
        """The candidates that needs name themselves: the interpreter, direct references, exact bases."""
        found: list[Candidate] = []
        for need in needs:
            if isinstance(need, ExactNeed):
                found.append(need.candidate)
            elif isinstance(need, PythonNeed) and need.satisfied_by(need.python):
                found.append(need.python)
        bases = [need.candidate for need in base_needs if isinstance(need, ExactNeed)]
        found += [self._pool.with_extras(base, extras) for base in bases if not isinstance(base, ExtrasCandidate)]
        return found

    def _linked(
        self, constraint: Constraint, first: SpecifierNeed, extras: frozenset[NormalizedName]
    ) -> Iterator[Candidate]:
        """The candidates that a constraint's direct references give to what is asked for by name. first: who asks."""
        for link in constraint.links:
            base = self._pool.direct_candidate(link, by_user=first.requested is not None, hashes=first.hashes)
            if base is not None:
                yield self._pool.with_extras(base, extras)


def _distinct(candidates: list[Candidate]) -> list[Candidate]:
    """Each thing once."""
    found: list[Candidate] = []
    for candidate in candidates:
        if not any(same_candidate(candidate, other) for other in found):
            found.append(candidate)
    return found
