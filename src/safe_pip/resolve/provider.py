"""pip's choices, as a provider for resolvelib: what to look at next, and which candidates there are.

Source: pip's resolution/resolvelib/provider.py, factory.py (find_candidates) and found_candidates.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version
from resolvelib.providers import AbstractProvider

from safe_pip.errors import ResolutionError
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.model import Hashes, RequestedRequirement
from safe_pip.resolve.admitted import pins_version
from safe_pip.resolve.needs import Needs
from safe_pip.resolve.nodes import (
    PYTHON,
    BaseCandidate,
    Candidate,
    ExactNeed,
    ExtrasCandidate,
    FileCandidate,
    InstalledCandidate,
    Need,
    PythonNeed,
    SpecifierNeed,
    link_key,
    same_candidate,
)
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.usable import Usable

if TYPE_CHECKING:
    from resolvelib.resolvers import RequirementInformation

    Information = RequirementInformation[Need, Candidate]
    Base = AbstractProvider[Need, Candidate, str]
else:
    Base = AbstractProvider

_PROMOTED_AFTER = 5
"""Conflicts after which a name that is not settled yet is looked at earlier."""


@dataclass
class Constraint:
    """All that constraints say of one name."""

    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    hashes: Hashes | None = None
    links: list[RequestedRequirement] = field(default_factory=list)
    sources: list[RequestedRequirement] = field(default_factory=list)

    def add(self, requirement: RequestedRequirement) -> None:
        """Take one more constraint on the name."""
        self.specifier &= requirement.specifier
        self.hashes = both(self.hashes, requirement.hashes)
        if requirement.url is not None:
            self.links.append(requirement)
        self.sources.append(requirement)

    def admits(self, candidate: Candidate) -> bool:
        """Whether a candidate that was asked for by URL agrees with the constraints."""
        base = candidate.base if isinstance(candidate, ExtrasCandidate) else candidate
        for link in self.links:
            written = base.direct.url if isinstance(base, FileCandidate) and base.direct is not None else None
            if written is None or link_key(written) != link_key(link.url or ""):
                return False
        return candidate.version is None or self.specifier.contains(candidate.version, prereleases=True)


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


def both(left: Hashes | None, right: Hashes | None) -> Hashes | None:
    """The hashes that two sets allow together; None stands for no restriction."""
    if left is None or right is None:
        return right if left is None else left
    return left & right


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
        self._looked_for: set[NormalizedName] = set()

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
            for link in constraint.links:
                candidate = self._pool.direct_candidate(
                    link, by_user=specifiers[0].requested is not None, hashes=specifiers[0].hashes
                )
                if candidate is not None:
                    explicit.append(self._pool.with_extras(candidate, extras))
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
        return partial(self._found, project, extras, specifiers, constraint, identifier, ruled_out)

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

    def _found(
        self,
        project: NormalizedName,
        extras: frozenset[NormalizedName],
        needs: list[SpecifierNeed],
        constraint: Constraint,
        identifier: str,
        ruled_out: list[Candidate],
    ) -> Iterator[Candidate]:
        """Candidates of a project, the most preferred first, made only as they are asked for."""
        incompatible = set(map(id, ruled_out))
        specifiers = [constraint.specifier, *(need.specifier for need in needs)]
        hashes = constraint.hashes
        for need in needs:
            hashes = both(hashes, need.hashes)
        installed = self._pool.installed_candidate(project)
        if installed is not None and (
            not all(specifier.contains(installed.version, prereleases=True) for specifier in specifiers)
            or id(self._pool.with_extras(installed, extras)) in incompatible
        ):
            installed = None
        # Only the first file of a version is ever offered, so one that is ruled out takes its version with it; where it
        # is what is installed, a file of that version comes after it (pip: found_candidates.py).
        without = [item.version for item in ruled_out if not _is_installed(item)] if installed is None else []
        usable = self._usable(project, specifiers, hashes, without)
        make = partial(self._pool.file_candidate, project, first=needs[0], constrained=constraint.hashes)
        for base in self._in_order(project, usable, make, installed, upgrade=self._may_upgrade(identifier)):
            candidate = self._pool.with_extras(base, extras)
            if id(candidate) not in incompatible:
                yield candidate

    def _in_order(
        self,
        project: NormalizedName,
        files: Iterable[Usable],
        make: Callable[[Usable], FileCandidate | None],
        installed: InstalledCandidate | None,
        *,
        upgrade: bool,
    ) -> Iterator[BaseCandidate]:
        """One candidate a version; what is installed comes first, or at its version's place when upgrading.

        files: the most preferred first. make: a file's candidate. installed: None where it is not to be considered.
        Then invalid metadata rules out its version, and no other file of it is tried; else it ends the resolution.
        """
        seen: set[Version] = set()
        if installed is not None and not upgrade:
            yield installed
            seen.add(installed.version)
        for usable in files:
            if usable.version in seen:
                continue
            if installed is not None and upgrade and installed.version >= usable.version:
                # It is offered again before each older version, and a file of its very version after it, as in pip.
                yield installed
                seen.add(installed.version)
            try:
                candidate = make(usable)
            except InvalidMetadata as error:
                if installed is not None:
                    raise ResolutionError(
                        f"{usable.file.filename} has invalid metadata: {error}",
                        f"Exclude it by adding {project}!={usable.version} to what you ask for.",
                    ) from error
                self._pool.pass_over_invalid(project, usable, error)
                seen.add(usable.version)
                continue
            if candidate is not None:
                yield candidate
                seen.add(usable.version)
        if installed is not None and installed.version not in seen:
            yield installed

    def _usable(
        self,
        project: NormalizedName,
        specifiers: list[SpecifierSet],
        hashes: Hashes | None,
        without: list[Version | None],
    ) -> Iterator[Usable]:
        """Applicable files; yanked ones only where nothing else is left and the specifiers pin a version (PEP 592).

        Nothing is looked for before the first is asked for: what is installed may do. without: versions that need not
        be given.
        """
        if project not in self._looked_for:
            self._looked_for.add(project)
            self._pool.note_unchecked(project)
        if hashes is None:
            yield from self._pool.files.choose(project, specifiers, without, self._pool.note_avoided)
            return
        merged = SpecifierSet()
        for specifier in specifiers:
            merged &= specifier
        applicable = self._pool.files.applicable(project, merged, hashes, self._pool.note_avoided)
        yanked_too = pins_version(merged) and all(not item.sound for item in applicable)
        yield from (item for item in applicable if yanked_too or item.sound)

    def _may_upgrade(self, identifier: str) -> bool:
        """Whether a newer version is to be taken although what is installed would do."""
        strategy = self._pool.request.selection.upgrade_strategy
        if strategy == "only-if-needed":
            return identifier in self._requested or identifier.partition("[")[0] in self._requested
        return strategy == "eager"


def _is_installed(candidate: Candidate) -> bool:
    base = candidate.base if isinstance(candidate, ExtrasCandidate) else candidate
    return isinstance(base, InstalledCandidate)


def _distinct(candidates: list[Candidate]) -> list[Candidate]:
    """Each thing once."""
    found: list[Candidate] = []
    for candidate in candidates:
        if not any(same_candidate(candidate, other) for other in found):
            found.append(candidate)
    return found
