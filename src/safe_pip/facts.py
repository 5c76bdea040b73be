"""What was learned of projects on their indexes and of the bytes of files. Values only, for rules to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from packaging.utils import NormalizedName

ProjectStatus = Literal["active", "archived", "quarantined", "deprecated"]


class Publisher(NamedTuple):
    """Who published a file, as its provenance says (PEP 740). kind: such as "GitHub". text: one line that tells it."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is known of a file's provenance.

    verified: None where nothing here can verify it. problem: why it is wrong, empty where it is not.
    """

    publishers: tuple[Publisher, ...] = ()
    verified: bool | None = None
    problem: str = ""


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
    first_upload: datetime | None = None
    """When the first of all its files was uploaded, where its index tells."""

    def home_of(self, listed_on: str | None) -> str | None:
        """The base URL of the index that listed a file, by the page that it was listed on."""
        return next((home for home, page in zip(self.homes, self.pages, strict=False) if page == listed_on), None)


class Problem(NamedTuple):
    """Something found in an archive. code: of the finding. path: of the entry in it, empty for the archive itself.

    what: one clause that tells it. line: the text of the line it is about, empty where there is none; number: which.
    """

    code: str
    path: str
    what: str
    line: str = ""
    number: int | None = None
    expected: str = ""
    actual: str = ""


class Hook(NamedTuple):
    """A file that the interpreter runs when it starts, and does not only read for paths.

    path: where it goes, below site-packages. sha256: of its content. line, number: the first line that runs something.
    """

    path: str
    sha256: str
    line: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a look at a file's bytes has found; nothing of it was run or unpacked to disk.

    problems: what is wrong by itself. hooks: that run at the interpreter's start. installs: the paths that it brings,
    below site-packages, at the top (modules and packages) and, by ``all_paths``, all. scripts: names of commands.
    native: paths of binaries. pure: whether its tags say that there are none.
    """

    problems: tuple[Problem, ...] = ()
    hooks: tuple[Hook, ...] = ()
    top_level: tuple[str, ...] = ()
    all_paths: frozenset[str] = frozenset()
    scripts: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    pure: bool = False


@dataclass(frozen=True, slots=True)
class InstalledFacts:
    """What lies in the target already. hooks, requires_dist: of the installed version of a project.

    owned_by: for every path below site-packages that a plan would write, the installed project that it belongs to.
    """

    hooks: Mapping[NormalizedName, tuple[Hook, ...]] = field(default_factory=dict)
    requires_dist: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[NormalizedName, str] = field(default_factory=dict)
    owned_by: Mapping[str, NormalizedName] = field(default_factory=dict)
