"""What the resolver handles: candidates (something that could be installed) and needs (something that is required).

A candidate for a name with extras is a node of its own, identified as ``name[extra,…]``, that needs exactly its base
(pip: resolution/resolvelib/candidates.py and requirements.py). Candidates are compared by identity wherever the
resolver keeps them, so each is made once and kept.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field
from typing import ClassVar

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.model import CoreMetadata, DistributionFile, Hashes, InstalledDistribution, Origin, RequestedRequirement

PYTHON = "<Python>"
"""The identifier of the interpreter itself, for Requires-Python; no project can have this name."""


def identifier(project: str, extras: frozenset[NormalizedName]) -> str:
    """The node of a project with extras."""
    return f"{project}[{','.join(sorted(extras))}]" if extras else project


def project_of(node: str) -> NormalizedName:
    """The project of a node, with extras or without."""
    return NormalizedName(node.partition("[")[0])


# --------------------------------------------------------------------------- candidates


@dataclass(eq=False)
class FileCandidate:
    """A file of an index, or a direct reference. ``version`` is None where only a build could tell it."""

    project: NormalizedName
    version: Version | None
    file: DistributionFile
    metadata: CoreMetadata
    build: str | None
    direct: RequestedRequirement | None = None
    """The direct reference that names it, None for a file found on an index."""
    needs: list[Need] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.project

    def __str__(self) -> str:
        return f"{self.project} {self.version or self.metadata.version or '(version unknown)'}"


@dataclass(eq=False)
class InstalledCandidate:
    """What is in the target already."""

    project: NormalizedName
    version: Version
    distribution: InstalledDistribution
    needs: list[Need] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.project

    def __str__(self) -> str:
        return f"{self.project} {self.version} (installed)"


@dataclass(eq=False)
class ExtrasCandidate:
    """A base candidate with extras asked of it."""

    base: FileCandidate | InstalledCandidate
    extras: frozenset[NormalizedName]
    needs: list[Need] | None = field(default=None, repr=False)

    @property
    def project(self) -> NormalizedName:
        return self.base.project

    @property
    def version(self) -> Version | None:
        return self.base.version

    @property
    def name(self) -> str:
        return identifier(self.base.project, self.extras)

    def __str__(self) -> str:
        return f"{self.name} {self.version or ''}".rstrip()


@dataclass(eq=False)
class PythonCandidate:
    """The target's interpreter."""

    version: Version
    name: ClassVar[str] = PYTHON
    project: ClassVar[str] = PYTHON
    needs: list[Need] | None = field(default_factory=list, repr=False)

    def __str__(self) -> str:
        return f"Python {self.version}"


BaseCandidate = FileCandidate | InstalledCandidate
Candidate = FileCandidate | InstalledCandidate | ExtrasCandidate | PythonCandidate


def same_candidate(left: Candidate, right: Candidate) -> bool:
    """Whether two candidates stand for one thing (pip's equality of candidates)."""
    if left is right:
        return True
    if isinstance(left, ExtrasCandidate) and isinstance(right, ExtrasCandidate):
        return left.extras == right.extras and same_candidate(left.base, right.base)
    if isinstance(left, InstalledCandidate) and isinstance(right, InstalledCandidate):
        return left.project == right.project and left.version == right.version
    if isinstance(left, FileCandidate) and isinstance(right, FileCandidate):
        return link_key(_written_url(left)) == link_key(_written_url(right))
    return False


def _written_url(candidate: FileCandidate) -> str:
    if candidate.direct is not None and candidate.direct.url is not None:
        return candidate.direct.url
    digest = next(iter(sorted(candidate.file.hashes)), None)
    return f"{candidate.file.url}#{digest[0]}={digest[1]}" if digest else candidate.file.url


def link_key(url: str) -> tuple[object, ...]:
    """What of a URL tells two direct references apart: not credentials, the order of a query, or ``#egg=``.

    Source: pip's models/link.py, _clean_link.
    """
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or ("localhost" if parts.scheme == "file" else "")
    query = {key: tuple(values) for key, values in urllib.parse.parse_qs(parts.query).items()}
    subdirectory = urls.fragment_value(url, "subdirectory") or ""
    return parts.scheme, host, parts.path, frozenset(query.items()), subdirectory, urls.hash_fragment(url)


# --------------------------------------------------------------------------- needs


@dataclass(eq=False, slots=True)
class SpecifierNeed:
    """A name with a specifier. ``requested`` is set where the user wrote it."""

    project: NormalizedName
    extras: frozenset[NormalizedName]
    specifier: SpecifierSet
    text: str
    requested: RequestedRequirement | None = None

    @property
    def name(self) -> str:
        return identifier(self.project, self.extras)

    @property
    def hashes(self) -> Hashes | None:
        return self.requested.hashes if self.requested else None

    @property
    def origin(self) -> Origin | None:
        return self.requested.origin if self.requested else None

    def satisfied_by(self, candidate: Candidate) -> bool:
        return candidate.version is None or self.specifier.contains(candidate.version, prereleases=True)

    def __str__(self) -> str:
        return f"{self.name}{self.specifier}"


@dataclass(eq=False, slots=True)
class ExactNeed:
    """One candidate and no other: a direct reference, or the base of an extras candidate."""

    candidate: FileCandidate | InstalledCandidate | ExtrasCandidate
    requested: RequestedRequirement | None = None

    @property
    def project(self) -> NormalizedName:
        return self.candidate.project

    @property
    def name(self) -> str:
        return self.candidate.name

    def satisfied_by(self, candidate: Candidate) -> bool:
        return same_candidate(candidate, self.candidate)

    def __str__(self) -> str:
        return str(self.candidate)


@dataclass(eq=False, slots=True)
class PythonNeed:
    """Requires-Python of a candidate."""

    specifier: SpecifierSet
    python: PythonCandidate
    requested: RequestedRequirement | None = None

    @property
    def project(self) -> str:
        return PYTHON

    @property
    def name(self) -> str:
        return PYTHON

    def satisfied_by(self, candidate: Candidate) -> bool:
        return candidate.version is not None and self.specifier.contains(candidate.version, prereleases=True)

    def __str__(self) -> str:
        return f"Python {self.specifier}"


@dataclass(eq=False, slots=True)
class ImpossibleNeed:
    """A direct reference whose file is not what it says it is."""

    project: NormalizedName
    requested: RequestedRequirement | None = None

    @property
    def name(self) -> str:
        return self.project

    def satisfied_by(self, candidate: Candidate) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.project} (its file cannot be used)"


Need = SpecifierNeed | ExactNeed | PythonNeed | ImpossibleNeed
