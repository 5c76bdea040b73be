"""The candidates of one project that its files and what is installed make, in the order in which pip tries them.

Source: pip's resolution/resolvelib/found_candidates.py and factory.py (_iter_found_candidates).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.errors import ResolutionError
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.model import Hashes
from safe_pip.resolve.admitted import pins_version
from safe_pip.resolve.constraint import Constraint, both
from safe_pip.resolve.nodes import (
    BaseCandidate,
    Candidate,
    ExtrasCandidate,
    FileCandidate,
    InstalledCandidate,
    SpecifierNeed,
)
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.usable import Usable


class FoundCandidates:
    """Finds the candidates of projects. requested: identifiers the user asked for."""

    def __init__(self, pool: Pool, requested: Container[str]) -> None:
        self._pool = pool
        self._requested = requested
        self._looked_for: set[NormalizedName] = set()

    def of(
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
