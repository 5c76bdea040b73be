"""Candidates and needs, made once each: from files, installed distributions and metadata.

The rules are pip's (resolution/resolvelib/factory.py and candidates.py), restated for metadata that is had without
building. What pip would build stands in the plan as a candidate that needs a build.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from safe_pip import urls
from safe_pip.errors import ResolutionError, UsageError
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.model import (
    CoreMetadata,
    DistributionFile,
    Hashes,
    InstalledDistribution,
    Mismatch,
    Origin,
    PassedOver,
    Request,
    RequestedRequirement,
    Unchecked,
)
from safe_pip.resolve.filenames import cached_version
from safe_pip.resolve.files import Files
from safe_pip.resolve.metadata import MetadataReader, Read, Unreadable
from safe_pip.resolve.nodes import (
    BaseCandidate,
    Candidate,
    ExactNeed,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleNeed,
    InstalledCandidate,
    Need,
    PythonCandidate,
    PythonNeed,
    SpecifierNeed,
)
from safe_pip.resolve.usable import Usable
from safe_pip.target import installed_metadata


@lru_cache(maxsize=50_000)
def cached_requirement(text: str) -> Requirement:
    """A requirement parsed once.

    Raises InvalidRequirement, also for what the parser stumbles over: a marker that is nested too deeply, a number of
    thousands of digits, a host that is none.
    """
    try:
        requirement = Requirement(text)
        # packaging reads versions when they are first compared, and URLs not at all.
        for specifier in requirement.specifier:
            specifier.contains("0", prereleases=True)
        if requirement.url is not None:
            urllib.parse.urlsplit(requirement.url)
        return requirement
    except InvalidRequirement:
        raise
    except RecursionError:
        raise InvalidRequirement("its marker is nested too deeply") from None
    except ValueError as error:
        raise InvalidRequirement(str(error)) from error


class CannotCheck(Exception):
    """Resolving cannot go on, because something that decides cannot be read."""

    def __init__(self, unchecked: Unchecked) -> None:
        super().__init__(unchecked.reason)
        self.unchecked = unchecked


class Pool:
    """Makes and keeps the candidates and needs of one resolution, and notes what was passed over on the way."""

    def __init__(self, request: Request, files: Files, reader: MetadataReader) -> None:
        self.request = request
        self.files = files
        self.passed_over: dict[tuple[str, str, str], PassedOver] = {}
        self.avoided: dict[tuple[NormalizedName, Version], PassedOver] = {}
        self.mismatches: list[Mismatch] = []
        self.unchecked: dict[tuple[str | None, str], Unchecked] = {}
        self.python = PythonCandidate(Version(".".join(map(str, request.target.version_info))))
        self._reader = reader
        self._environment = dict(request.target.markers)
        self._from_file: dict[str, FileCandidate | InvalidMetadata | None] = {}
        self._installed: dict[NormalizedName, InstalledCandidate] = {}
        self._with_extras: dict[tuple[int, frozenset[NormalizedName]], ExtrasCandidate] = {}
        # Many versions of many projects state the same dependency: its needs are made once and shared.
        self._from_text: dict[tuple[str, frozenset[NormalizedName]], tuple[Need, ...]] = {}
        ignore = request.selection.ignore_installed
        self._distributions = {} if ignore else request.target.installed

    # ----------------------------------------------------------------- candidates

    def file_candidate(
        self, project: NormalizedName, usable: Usable, first: SpecifierNeed, constrained: Hashes | None
    ) -> FileCandidate | None:
        """The candidate of a file found on an index; None where its metadata contradicts its name.

        first: the first of the needs that it is to meet; in hash mode that must have a hash, or else its constraint.
        Raises InvalidMetadata, each time, where what it requires cannot be parsed.
        """
        key = usable.file.url
        if key not in self._from_file:
            self._check_hash_mode(first, constrained)
            try:
                self._from_file[key] = self._make(project, usable.version, usable.file)
            except InvalidMetadata as error:
                self._from_file[key] = error
        made = self._from_file[key]
        if isinstance(made, InvalidMetadata):
            raise made
        return made

    def direct_candidate(
        self, reference: RequestedRequirement, *, by_user: bool, hashes: Hashes | None
    ) -> FileCandidate | None:
        """The candidate of a direct reference; None where its file is another project's.

        by_user: whether the user wrote the reference, or asked for what a constraint refers to. hashes: of ``--hash``.
        """
        assert reference.url is not None
        key = reference.url
        if key not in self._from_file:
            self._check_direct_in_hash_mode(reference, by_user=by_user, hashes=hashes)
            clean = urls.split_credentials(urls.without_fragment(reference.url))[0]
            clean = clean if urls.is_vcs(clean) else urls.quoted(clean)
            file = DistributionFile(
                filename=urls.file_name(reference.url), url=clean, hashes=urls.hash_fragment(reference.url)
            )
            try:
                self._from_file[key] = self._make(reference.name, None, file, direct=reference)
            except InvalidMetadata as error:
                raise ResolutionError(
                    f"{reference.origin}: {file.filename} has invalid metadata: {error}",
                    "Ask for another version of it.",
                ) from error
        made = self._from_file[key]
        assert not isinstance(made, InvalidMetadata), "a direct reference with invalid metadata ends the resolution"
        return made

    def installed_candidate(self, project: NormalizedName) -> InstalledCandidate | None:
        """What is installed under a name, where that may be kept."""
        distribution = self._distributions.get(project)
        if distribution is None or self.request.selection.force_reinstall:
            return None
        if project not in self._installed:
            self._installed[project] = InstalledCandidate(project, _installed_version(distribution), distribution)
        return self._installed[project]

    def with_extras(self, base: BaseCandidate, extras: frozenset[NormalizedName]) -> BaseCandidate | ExtrasCandidate:
        """The base itself, or the candidate of the base with extras."""
        if not extras:
            return base
        key = (id(base), extras)
        if key not in self._with_extras:
            self._with_extras[key] = ExtrasCandidate(base, extras)
        return self._with_extras[key]

    def _make(
        self,
        project: NormalizedName | None,
        version: Version | None,
        file: DistributionFile,
        *,
        direct: RequestedRequirement | None = None,
    ) -> FileCandidate | None:
        """The candidate of a file. version: what its name says, None for a direct reference.

        As in pip, metadata of another name or version leaves the file out, a Requires-Dist that cannot be parsed is
        InvalidMetadata, and metadata that cannot be read at all ends the resolution.
        """
        read = self._read(project, version, file)
        metadata = read.metadata
        actual = canonicalize_name(metadata.name)
        if project is not None and actual != project and metadata.origin != "none":
            self._contradiction(project, str(version or metadata.version), file, "Name", project, metadata.name)
            return None
        try:
            stated = cached_version(metadata.version) if metadata.version else None
        except ValueError as error:
            reason = f"{file.filename} gives the version {metadata.version!r}, not one of PEP 440"
            raise CannotCheck(Unchecked("unreadable-file", actual, None, reason)) from error
        if version is not None and stated != version and metadata.origin != "none":
            self._contradiction(actual, str(version), file, "Version", str(version), metadata.version)
            return None
        try:
            for text in metadata.requires_dist:
                requirement = cached_requirement(text)
                if requirement.marker is not None:
                    self._evaluate(requirement.marker, "")
        except ValueError as error:
            raise InvalidMetadata(f"Requires-Dist: {_first_line(error)}") from error
        self._refuse_direct_dependencies(file, metadata)
        if read.mismatch is not None:
            self.mismatches.append(read.mismatch)
        return FileCandidate(project or actual, version or stated, file, metadata, read.build, direct)

    def _read(self, project: NormalizedName | None, version: Version | None, file: DistributionFile) -> Read:
        shown = str(version) if version is not None else None
        try:
            return self._reader.read(file)
        except InvalidMetadata as error:
            raise CannotCheck(Unchecked("unreadable-file", project, shown, f"{file.filename}: {error}")) from error
        except Unreadable as error:
            raise CannotCheck(Unchecked("unreadable-file", project, shown, error.reason, error.help)) from error

    def _contradiction(
        self, project: NormalizedName, version: str, file: DistributionFile, what: str, expected: str, actual: str
    ) -> None:
        """A file whose metadata is another's: pip tries the next one, and so do we, but it is told."""
        self.mismatches.append(Mismatch("metadata-mismatch", project, version, file.filename, what, expected, actual))
        reason = f"{file.filename} says {what} {actual}"
        self.passed_over[project, version, file.url] = PassedOver(project, version, "metadata-mismatch", reason)

    def pass_over_invalid(self, project: NormalizedName, usable: Usable, error: InvalidMetadata) -> None:
        """Note a version that is passed over because its metadata cannot be parsed."""
        version, reason = str(usable.version), f"{usable.file.filename} has invalid metadata: {error}"
        self.passed_over[project, version, usable.file.url] = PassedOver(project, version, "invalid-metadata", reason)

    def note_avoided(self, project: NormalizedName, usable: Usable, passed: PassedOver) -> None:
        """Note a version that the resolver has looked at and that is avoided, for the first reason."""
        self.avoided.setdefault((project, usable.version), passed)

    def fits(self, reference: RequestedRequirement) -> bool:
        """Whether a direct reference, if it is to a wheel, is to one for the target. Raises UsageError for no name."""
        name = urls.file_name(reference.url or "")
        if not name.lower().endswith(".whl") or urls.is_vcs(reference.url or ""):
            return True
        try:
            parse_wheel_filename(name)
        except ValueError as error:
            raise UsageError(f"{reference.origin}: {name} is not the name of a wheel: {error}") from error
        return self.files.supports(name)

    def _check_hash_mode(self, first: SpecifierNeed, constrained: Hashes | None) -> None:
        """In hash mode what is asked for must have a hash, which counts as a pin (pip: operations/prepare.py)."""
        if not self.request.selection.require_hashes or first.hashes is not None or constrained:
            return
        raise UsageError(
            f"{f'{first.origin}: ' if first.origin else ''}{first} has no hash, and hashes are required of everything.",
            f"Put {first.project} with its version and a --hash into a requirements file, and so each of its "
            "dependencies; or use --no-require-hashes.",
        )

    def _check_direct_in_hash_mode(
        self, reference: RequestedRequirement, *, by_user: bool, hashes: Hashes | None
    ) -> None:
        """The same for a direct reference: a digest in its URL will do, but only in one that the user wrote."""
        if not self.request.selection.require_hashes:
            return
        assert reference.url is not None
        shown = f"{reference.origin}: {urls.redacted(reference.text)}"
        if urls.is_vcs(reference.url) or _is_folder(reference.url):
            raise UsageError(
                f"{shown} can have no hash, and hashes are required of everything.",
                "Name an archive instead, or use --no-require-hashes.",
            )
        if hashes is None and not (by_user and urls.hash_fragment(reference.url)):
            raise UsageError(
                f"{shown} has no hash, and hashes are required of everything.",
                "Add it to a requirements file with a --hash, or use --no-require-hashes.",
            )

    def _refuse_direct_dependencies(self, file: DistributionFile, metadata: CoreMetadata) -> None:
        """Files of pip's built-in index may not name URLs as dependencies (pip: metadata/direct_references.py)."""
        host = self.request.search.default_file_host
        if host is None or file.is_local or urllib.parse.urlsplit(file.url).netloc != host:
            return
        for text in metadata.requires_dist:
            if cached_requirement(text).url is not None:
                raise ResolutionError(
                    f"{file.filename} depends on a direct URL ({urls.brief(text)}), which its index does not allow.",
                    f"Ask for another version of {metadata.name}.",
                )

    def note_unchecked(self, project: NormalizedName) -> None:
        """Keep what could not be read while the files of a project were looked for."""
        for item in self.files.found(project).unchecked:
            self.unchecked[item.name, item.reason] = item

    def looked_at(self) -> list[Candidate]:
        """Every candidate whose needs have been asked for, in the order they were made."""
        made: list[Candidate | InvalidMetadata | None] = [*self._from_file.values(), *self._installed.values()]
        made += self._with_extras.values()
        return [
            item
            for item in made
            if item is not None and not isinstance(item, InvalidMetadata) and item.needs is not None
        ]

    # ----------------------------------------------------------------- needs

    def needs_of(self, candidate: Candidate) -> list[Need]:
        """What a candidate needs, made once: back-tracking asks again and again."""
        if candidate.needs is None:
            candidate.needs = list(self._needs_of(candidate))
        return candidate.needs

    def _needs_of(self, candidate: Candidate) -> Iterator[Need]:
        no_deps = self.request.selection.no_deps
        if isinstance(candidate, PythonCandidate):
            return
        if isinstance(candidate, ExtrasCandidate):
            yield ExactNeed(candidate.base)
            if no_deps:
                return
            metadata = self._metadata(candidate.base)
            provided = {canonicalize_name(extra) for extra in metadata.provides_extra}
            known = candidate.extras & provided
            for extra in sorted(candidate.extras - provided):
                self._unknown_extra(candidate, extra)
            yield from self._dependencies(metadata, known)
            return
        metadata = self._metadata(candidate)
        if isinstance(candidate, FileCandidate):
            need = self._python_need(metadata)
            if need is not None:
                yield need
        if not no_deps:
            yield from self._dependencies(metadata, frozenset())

    def _metadata(self, candidate: BaseCandidate) -> CoreMetadata:
        if isinstance(candidate, FileCandidate):
            return candidate.metadata
        metadata = installed_metadata(candidate.distribution.info_path)
        # A package that does not say what it needs is taken to need nothing, as pip takes it.
        return metadata or CoreMetadata(candidate.project, str(candidate.version))

    def _python_need(self, metadata: CoreMetadata) -> PythonNeed | None:
        if self.request.selection.ignore_requires_python or not metadata.requires_python:
            return None
        try:
            specifier = SpecifierSet(metadata.requires_python)
            specifier.contains(self.python.version)
            # Of several, packaging reads some only now; a number may be too long to be any.
            return PythonNeed(specifier, self.python) if str(specifier) else None
        except ValueError:
            return None

    def _unknown_extra(self, candidate: ExtrasCandidate, extra: str) -> None:
        version = str(candidate.version or "")
        reason = f"{candidate.project} {version} has no extra named {extra}"
        self.passed_over[candidate.project, version, extra] = PassedOver(
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
                        f"Reinstall it or uninstall it: {_first_line(error)}",
                    ) from error
                holds = self.marker_holds(requirement.marker, extras)
                self._from_text[key] = tuple(self._from_requirement(requirement, text)) if holds else ()
            yield from self._from_text[key]

    def marker_holds(self, marker: Marker | None, extras: Iterable[str] = ()) -> bool:
        """Whether a marker is true for the target with one of the extras, or with none.

        Raises ResolutionError for one that compares what cannot be compared.
        """
        if marker is None:
            return True
        try:
            return any(self._evaluate(marker, extra) for extra in (tuple(extras) or ("",)))
        except ValueError as error:
            raise ResolutionError(
                f"The marker {urls.shown(str(marker))} cannot be evaluated: {_first_line(error)}",
                "Correct it where it stands, or ask for another version of what has it.",
            ) from error

    def _evaluate(self, marker: Marker, extra: str) -> bool:
        """Raises ValueError (UndefinedComparison, UndefinedEnvironmentName)."""
        return marker.evaluate({**self._environment, "extra": extra})

    def _from_requirement(self, requirement: Requirement, text: str) -> Iterator[Need]:
        name = canonicalize_name(requirement.name)
        extras = frozenset(canonicalize_name(extra) for extra in requirement.extras)
        if requirement.url is not None:
            origin = Origin(f"a dependency on {requirement.name}")
            yield from self.needs_from(
                RequestedRequirement(text, origin, name, extras, SpecifierSet(), None, requirement.url),
                by_user=False,
            )
            return
        if extras and len(requirement.specifier):
            yield SpecifierNeed(name, frozenset(), requirement.specifier, text)
        yield SpecifierNeed(name, extras, requirement.specifier, text)

    def needs_from(self, requirement: RequestedRequirement, *, by_user: bool = True) -> Iterator[Need]:
        """The needs of one requirement: none where its marker is false, two where it has extras and a specifier."""
        if not self.marker_holds(requirement.marker):
            return
        requested = requirement if by_user else None
        if requirement.url is None:
            assert requirement.name is not None
            if requirement.extras and len(requirement.specifier):
                yield SpecifierNeed(requirement.name, frozenset(), requirement.specifier, requirement.text, requested)
            yield SpecifierNeed(
                requirement.name, requirement.extras, requirement.specifier, requirement.text, requested
            )
            return
        if not self.fits(requirement):
            raise ResolutionError(
                f"{requirement.origin}: {urls.file_name(requirement.url)} is a wheel for another platform or Python "
                f"than {self.request.target.executable}.",
                "Give the URL of a wheel that fits, or ask for the package by name.",
            )
        candidate = self.direct_candidate(requirement, by_user=by_user, hashes=requirement.hashes)
        if candidate is None:
            if requirement.name is None:
                raise ResolutionError(f"{requirement.origin}: {urls.redacted(requirement.text)} cannot be used.")
            yield ImpossibleNeed(requirement.name, requested)
            return
        yield ExactNeed(candidate, requested)
        if requirement.extras:
            wrapped = self.with_extras(candidate, requirement.extras)
            assert isinstance(wrapped, ExtrasCandidate)
            yield ExactNeed(wrapped, requested)


def _is_folder(url: str) -> bool:
    return url.startswith("file:") and os.path.isdir(urls.url_to_path(urls.without_fragment(url)))


def _installed_version(distribution: InstalledDistribution) -> Version:
    if distribution.version is None:
        raise ResolutionError(
            f"The installed {distribution.name} has the version {distribution.raw_version!r}, not one of PEP 440.",
            f"Uninstall it: pip uninstall {distribution.name}",
        )
    return distribution.version


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
