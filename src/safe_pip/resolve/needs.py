"""What candidates and the user need, made once each (pip: resolution/resolvelib/factory.py and candidates.py)."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.errors import ResolutionError
from safe_pip.model import CoreMetadata, Origin, PassedOver, RequestedRequirement
from safe_pip.resolve.nodes import (
    BaseCandidate,
    Candidate,
    ExactNeed,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleNeed,
    Need,
    PythonCandidate,
    PythonNeed,
    SpecifierNeed,
)
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.requirements import Markers, cached_requirement, first_line
from safe_pip.target.metadata import installed_metadata


class Needs:
    """Makes the needs of one resolution. pool: where the candidates are had that a need names itself."""

    def __init__(self, pool: Pool, markers: Markers) -> None:
        self._pool = pool
        self._markers = markers
        # Many versions of many projects state the same dependency: its needs are made once and shared.
        self._from_text: dict[tuple[str, frozenset[NormalizedName]], tuple[Need, ...]] = {}

    def of(self, candidate: Candidate) -> list[Need]:
        """What a candidate needs, made once: back-tracking asks again and again."""
        if candidate.needs is None:
            candidate.needs = list(self._of(candidate))
        return candidate.needs

    def _of(self, candidate: Candidate) -> Iterator[Need]:
        no_deps = self._pool.request.selection.no_deps
        if isinstance(candidate, PythonCandidate):
            return
        if isinstance(candidate, ExtrasCandidate):
            yield ExactNeed(candidate.base)
            if no_deps:
                return
            metadata = _metadata(candidate.base)
            provided = {canonicalize_name(extra) for extra in metadata.provides_extra}
            known = candidate.extras & provided
            for extra in sorted(candidate.extras - provided):
                self._unknown_extra(candidate, extra)
            yield from self._dependencies(metadata, known)
            return
        metadata = _metadata(candidate)
        if isinstance(candidate, FileCandidate):
            need = self._python_need(metadata)
            if need is not None:
                yield need
        if not no_deps:
            yield from self._dependencies(metadata, frozenset())

    def _python_need(self, metadata: CoreMetadata) -> PythonNeed | None:
        if self._pool.request.selection.ignore_requires_python or not metadata.requires_python:
            return None
        try:
            specifier = SpecifierSet(metadata.requires_python)
            specifier.contains(self._pool.python.version)
            # Of several, packaging reads some only now; a number may be too long to be any.
            return PythonNeed(specifier, self._pool.python) if str(specifier) else None
        except ValueError:
            return None

    def _unknown_extra(self, candidate: ExtrasCandidate, extra: str) -> None:
        version = str(candidate.version or "")
        reason = f"{candidate.project} {version} has no extra named {extra}"
        self._pool.passed_over[candidate.project, version, extra] = PassedOver(
            candidate.project, version, "unknown-extra", reason
        )

    def _dependencies(self, metadata: CoreMetadata, extras: frozenset[NormalizedName]) -> Iterator[Need]:
        # A line that stands there a thousand times is one need.
        for text in dict.fromkeys(metadata.requires_dist):
            key = (text, extras)
            if key not in self._from_text:
                try:
                    requirement = cached_requirement(text)
                except InvalidRequirement as error:
                    raise ResolutionError(
                        f"The installed {metadata.name} {metadata.version} has metadata that cannot be read: "
                        f"{urls.shown(text)}.",
                        f"Reinstall it or uninstall it: {first_line(error)}",
                    ) from error
                holds = self._markers.holds(requirement.marker, extras)
                self._from_text[key] = tuple(self._from_dependency(requirement, text)) if holds else ()
            yield from self._from_text[key]

    def _from_dependency(self, requirement: Requirement, text: str) -> Iterator[Need]:
        name = canonicalize_name(requirement.name)
        extras = frozenset(canonicalize_name(extra) for extra in requirement.extras)
        if requirement.url is not None:
            origin = Origin(f"a dependency on {requirement.name}")
            yield from self.from_requested(
                RequestedRequirement(text, origin, name, extras, SpecifierSet(), None, requirement.url),
                by_user=False,
            )
            return
        yield from _by_name(name, extras, requirement.specifier, text)

    def from_requested(self, requirement: RequestedRequirement, *, by_user: bool = True) -> Iterator[Need]:
        """The needs of one requirement: none where its marker is false, two where it has extras and a specifier."""
        if not self._markers.holds(requirement.marker):
            return
        requested = requirement if by_user else None
        if requirement.url is None:
            assert requirement.name is not None
            yield from _by_name(
                requirement.name, requirement.extras, requirement.specifier, requirement.text, requested
            )
            return
        if not self._pool.fits(requirement):
            raise ResolutionError(
                f"{requirement.origin}: {urls.file_name(requirement.url)} is a wheel for another platform or Python "
                f"than {self._pool.request.target.executable}.",
                "Give the URL of a wheel that fits, or ask for the package by name.",
            )
        candidate = self._pool.direct_candidate(requirement, by_user=by_user, hashes=requirement.hashes)
        if candidate is None:
            if requirement.name is None:
                raise ResolutionError(f"{requirement.origin}: {urls.redacted(requirement.text)} cannot be used.")
            yield ImpossibleNeed(requirement.name, requested)
            return
        yield ExactNeed(candidate, requested)
        if requirement.extras:
            wrapped = self._pool.with_extras(candidate, requirement.extras)
            assert isinstance(wrapped, ExtrasCandidate)
            yield ExactNeed(wrapped, requested)


def _by_name(
    name: NormalizedName,
    extras: frozenset[NormalizedName],
    specifier: SpecifierSet,
    text: str,
    requested: RequestedRequirement | None = None,
) -> Iterator[SpecifierNeed]:
    """One need; with extras and a specifier two, so that the specifier narrows the base at once."""
    if extras and len(specifier):
        yield SpecifierNeed(name, frozenset(), specifier, text, requested)
    yield SpecifierNeed(name, extras, specifier, text, requested)


def _metadata(candidate: BaseCandidate) -> CoreMetadata:
    if isinstance(candidate, FileCandidate):
        return candidate.metadata
    metadata = installed_metadata(candidate.distribution.info_path)
    # A package that does not say what it needs is taken to need nothing, as pip takes it.
    return metadata or CoreMetadata(candidate.project, str(candidate.version))
