"""Candidates, made once each: from files, direct references and what is installed, with their metadata.

The rules are pip's (resolution/resolvelib/factory.py and candidates.py), restated for metadata that is had without
building. What pip would build stands in the plan as a candidate that needs a build.
"""

from __future__ import annotations

import urllib.parse

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
    PassedOver,
    Request,
    RequestedRequirement,
    Unchecked,
)
from safe_pip.resolve import hash_mode
from safe_pip.resolve.filenames import cached_version
from safe_pip.resolve.files import Files
from safe_pip.resolve.metadata import MetadataReader, Read, Unreadable
from safe_pip.resolve.nodes import (
    BaseCandidate,
    Candidate,
    ExtrasCandidate,
    FileCandidate,
    InstalledCandidate,
    PythonCandidate,
    SpecifierNeed,
)
from safe_pip.resolve.requirements import Markers, cached_requirement, first_line
from safe_pip.resolve.usable import Usable


class CannotCheck(Exception):
    """Resolving cannot go on, because something that decides cannot be read."""

    def __init__(self, unchecked: Unchecked) -> None:
        super().__init__(unchecked.reason)
        self.unchecked = unchecked


class Pool:
    """Makes and keeps the candidates of one resolution, and notes what was passed over on the way."""

    def __init__(self, request: Request, files: Files, reader: MetadataReader, markers: Markers) -> None:
        self.request = request
        self.files = files
        self.passed_over: dict[tuple[str, str, str], PassedOver] = {}
        self.avoided: dict[tuple[NormalizedName, Version], PassedOver] = {}
        self.mismatches: list[Mismatch] = []
        self.unchecked: dict[tuple[str | None, str], Unchecked] = {}
        self.python = PythonCandidate(Version(".".join(map(str, request.target.version_info))))
        self._reader = reader
        self._markers = markers
        self._from_file: dict[str, FileCandidate | InvalidMetadata | None] = {}
        self._installed: dict[NormalizedName, InstalledCandidate] = {}
        self._with_extras: dict[tuple[int, frozenset[NormalizedName]], ExtrasCandidate] = {}
        ignore = request.selection.ignore_installed
        self._distributions = {} if ignore else request.target.installed

    def file_candidate(
        self, project: NormalizedName, usable: Usable, first: SpecifierNeed, constrained: Hashes | None
    ) -> FileCandidate | None:
        """The candidate of a file found on an index; None where its metadata contradicts its name.

        first: the first of the needs that it is to meet; in hash mode that must have a hash, or else its constraint.
        Raises InvalidMetadata, each time, where what it requires cannot be parsed.
        """
        key = usable.file.url
        if key not in self._from_file:
            if self.request.selection.require_hashes:
                hash_mode.check(first, constrained)
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
            if self.request.selection.require_hashes:
                hash_mode.check_direct(reference, by_user=by_user, hashes=hashes)
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

    def looked_at(self) -> list[Candidate]:
        """Every candidate whose needs have been asked for, in the order they were made."""
        made: list[Candidate | InvalidMetadata | None] = [*self._from_file.values(), *self._installed.values()]
        made += self._with_extras.values()
        return [
            item
            for item in made
            if item is not None and not isinstance(item, InvalidMetadata) and item.needs is not None
        ]

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
                    self._markers.evaluate(requirement.marker, "")
        except ValueError as error:
            raise InvalidMetadata(f"Requires-Dist: {first_line(error)}") from error
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

    # ----------------------------------------------------------------- what was passed over, and why

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

    def note_unchecked(self, project: NormalizedName) -> None:
        """Keep what could not be read while the files of a project were looked for."""
        for item in self.files.found(project).unchecked:
            self.unchecked[item.name, item.reason] = item


def _installed_version(distribution: InstalledDistribution) -> Version:
    if distribution.version is None:
        raise ResolutionError(
            f"The installed {distribution.name} has the version {distribution.raw_version!r}, not one of PEP 440.",
            f"Uninstall it: pip uninstall {distribution.name}",
        )
    return distribution.version
