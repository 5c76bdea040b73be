"""What was learned of projects on their indexes and of the bytes of files. Values only, for rules to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from packaging.utils import NormalizedName

from safe_pip.model import CoreMetadata

ProjectStatus = Literal["active", "archived", "quarantined", "deprecated"]


class Publisher(NamedTuple):
    """Who published a file, as its provenance says (PEP 740). kind: such as "GitHub". text: one line that tells it."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of a file's provenance.

    verified: None where nothing here can verify it. problem: why it is wrong, empty where it is not. unverified: why
    its signatures could not be verified where they should have been, as a clause.
    """

    publishers: tuple[Publisher, ...] = ()
    verified: bool | None = None
    problem: str = ""
    unverified: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """One version of a project, as an index lists it."""

    version: str
    has_wheels: bool
    has_provenance: bool
    first_upload: datetime | None = None
    """When the first of its files was uploaded."""
    publishers: tuple[Publisher, ...] | None = None
    """Who published it; None where nobody has asked."""


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """What the configured indexes say of one project.

    status, reason: PEP 792's. homes: base URLs, without credentials, of the configured indexes that list files of it,
    in their order. release: the version in question; earlier: those before it that are no pre-releases, the newest
    first. provenance: of the very file, None where it has none, or nobody has asked.
    """

    name: NormalizedName
    status: ProjectStatus = "active"
    reason: str = ""
    homes: tuple[str, ...] = ()
    related: bool = False
    """Whether the homes say of each other that they are one (PEP 708)."""
    release: ReleaseFacts | None = None
    earlier: tuple[ReleaseFacts, ...] = ()
    provenance: Provenance | None = None
    pages: tuple[str, ...] = ()
    """Where the page of each home came from, as files have it in ``listed_on``."""
    mirrored: frozenset[str] = frozenset()
    """The sha256 of the files that every home lists alike; told where there are several that are not related."""
    copies: frozenset[tuple[str, str]] = frozenset()
    """Pairs of ``pages``, the first of which lists nothing but what the second lists with the same hashes as well."""
    first_upload: datetime | None = None
    """When the first of all its files was uploaded, where its index tells."""

    def home_of(self, listed_on: str | None) -> str | None:
        """The base URL of the index that listed a file, by the page that it was listed on."""
        return next((home for home, page in zip(self.homes, self.pages, strict=False) if page == listed_on), None)


class Problem(NamedTuple):
    """Something found in an archive. code: of the finding. path: of the entry in it, empty for the archive itself.

    what: one clause that tells it, of the path where there is one. expected, actual: two values that ought to agree.
    """

    code: Literal["unsafe-archive", "record-mismatch", "unrecorded-code"]
    path: str
    what: str
    expected: str = ""
    actual: str = ""


class Hook(NamedTuple):
    """Something that the interpreter runs when it starts, or a path that leads it out of its own folders.

    path: where it goes, below site-packages or the environment's own folder. sha256: of its content. line, number: the
    first line that does it; empty and None where it is the file as a whole.
    """

    path: str
    sha256: str
    line: str = ""
    number: int | None = None


class Native(NamedTuple):
    """A file of native code. path: in the archive. format: ELF, Mach-O or PE. machine: what it runs on, as its header
    has it; empty where it is for several.
    """

    path: str
    format: str
    machine: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a look at a file's bytes has found; nothing of it was run or unpacked to disk.

    problems: what is wrong by itself. hooks: that run at the interpreter's start. top_level: the modules and packages
    that can be imported by name. code: every path below site-packages that can be imported or is read at the start,
    with the sha256 of its content, "namespace" for an ``__init__.py`` that does no more than make a namespace package.
    added: folders below site-packages that its ``.pth`` files add to where modules are looked for.

    library: paths that go into the folder of the standard library itself. scripts: names of commands. native: binaries.
    pure: whether its tags say that there are none.

    metadata: a wheel's own METADATA, None where it cannot be read. unreadable: why the file cannot be looked at as a
    whole, so that what is said here may not be everything; empty where it can.
    """

    problems: tuple[Problem, ...] = ()
    hooks: tuple[Hook, ...] = ()
    top_level: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    library: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    native: tuple[Native, ...] = ()
    pure: bool = False
    metadata: CoreMetadata | None = None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class InstalledFacts:
    """What lies in the target already. hooks, requires_dist, versions: of the installed version of a project.

    owned: for paths below site-packages that a plan would write, the installed project that each belongs to, and the
    sha256 that its RECORD gives, empty where it gives none. sizes: how many files of code each
    such project has in all.
    """

    hooks: Mapping[NormalizedName, tuple[Hook, ...]] = field(default_factory=dict)
    requires_dist: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[NormalizedName, str] = field(default_factory=dict)
    owned: Mapping[str, tuple[NormalizedName, str]] = field(default_factory=dict)
    sizes: Mapping[NormalizedName, int] = field(default_factory=dict)
