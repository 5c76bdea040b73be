"""The words of the program: the frozen values that one stage hands to the next.

The names are those of the field: Requirement (packaging's), Candidate, DistributionFile, Target, Request, Plan,
Advisory, Finding, Unchecked, Verdict. Nothing here reads a file, a clock or the network.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

# Allowed digests as (algorithm, lower-case hex digest). ``None`` in the place of such a set means "no hash was given",
# an empty set means "hashes were given and no file can satisfy them all" (pip: utils/hashes.py, Hashes.__and__).
Hashes = frozenset[tuple[str, str]]


# --------------------------------------------------------------------------- what is asked


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was asked for: the command line, or a line of a file."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}, line {self.line}"

    @property
    def phrase(self) -> str:
        """The place with its preposition, as after "asked for"."""
        return f"on {self}" if self == COMMAND_LINE else f"in {self}"


COMMAND_LINE = Origin("the command line")


@dataclass(frozen=True, slots=True)
class RequestedRequirement:
    """One requirement or constraint, as a person wrote it.

    ``name`` is None only for a direct URL or path whose name is not known before the file is read.
    ``url`` is set for direct references (PEP 508 ``name @ url``, a bare URL, a path turned into a ``file:`` URL).
    """

    text: str
    origin: Origin
    name: NormalizedName | None
    extras: frozenset[NormalizedName] = frozenset()
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    marker: Marker | None = None
    url: str | None = None
    hashes: Hashes | None = None
    spelling: str = ""
    """The name as it was written, for pip to show."""


class FormatControl(NamedTuple):
    """``--no-binary`` and ``--only-binary``: names, or ``:all:`` (pip: models/format_control.py)."""

    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()

    def allowed(self, name: NormalizedName) -> frozenset[Literal["binary", "source"]]:
        """The kinds of file that may be used for a project."""
        if name in self.only_binary:
            return frozenset({"binary"})
        if name in self.no_binary:
            return frozenset({"source"})
        if ":all:" in self.only_binary:
            return frozenset({"binary"})
        if ":all:" in self.no_binary:
            return frozenset({"source"})
        return frozenset({"binary", "source"})


class ReleaseControl(NamedTuple):
    """``--pre``, ``--all-releases`` and ``--only-final`` (pip: models/release_control.py)."""

    all_releases: frozenset[str] = frozenset()
    only_final: frozenset[str] = frozenset()

    def allows_prereleases(self, name: NormalizedName) -> bool | None:
        """True or False where an option decides, None where the specifiers decide."""
        if name in self.all_releases:
            return True
        if name in self.only_final:
            return False
        if ":all:" in self.all_releases:
            return True
        if ":all:" in self.only_final:
            return False
        return None


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where to look for files: index base URLs in order, and find-links locations in order."""

    index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    default_file_host: str | None = None
    """Host that serves the files of pip's built-in default index, where pip refuses direct-URL dependencies."""


@dataclass(frozen=True, slots=True)
class Network:
    """How to speak to servers. ``timeout`` is in seconds and bounds each connect and each read."""

    timeout: float = 15.0
    retries: int = 5
    proxy: str | None = None
    use_environment_proxies: bool = True
    cert: str | None = None
    client_cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()


UpgradeStrategy = Literal["to-satisfy-only", "only-if-needed", "eager"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The options that decide which of the files found may be chosen."""

    formats: FormatControl = FormatControl()
    releases: ReleaseControl = ReleaseControl()
    prefer_binary: bool = False
    ignore_requires_python: bool = False
    upgrade_strategy: UpgradeStrategy = "to-satisfy-only"
    force_reinstall: bool = False
    ignore_installed: bool = False
    no_deps: bool = False
    only_deps: bool = False
    """Whether what the user names is resolved, and then left out (``--only-deps``)."""
    require_hashes: bool = False
    uploaded_before: datetime | None = None
    """``--uploaded-prior-to``: files of an index that were uploaded at this time or later may not be chosen."""
    source_archives: bool = False
    """Whether a source archive is wanted as it is, and not what would be built from it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where and how pip is to put the files; handed to pip as it is, after the verdict."""

    target_dir: Path | None = None
    user: bool | None = None
    prefix: str | None = None
    root: str | None = None
    pip_options: tuple[str, ...] = ()
    """Further options of ``pip install`` that change only the last step, in pip's own spelling."""
    folder: Path | None = None
    """Where ``download`` and ``wheel`` put the files; None for ``install``."""


class Locked(NamedTuple):
    """The one file of a project that may be used, because a lock file (PEP 751) says so.

    ``address`` is its URL as the lock file has it, which may carry credentials.
    """

    file: DistributionFile
    address: str
    origin: Origin


class SourceLine(NamedTuple):
    """A line of a file that changes where packages come from. option: as in ``--index-url``.

    value: what is given to it, without credentials; empty for an option that takes none.
    """

    option: str
    value: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a person asked of a guarded command, read and checked."""

    requirements: tuple[RequestedRequirement, ...]
    constraints: tuple[RequestedRequirement, ...]
    search: SearchScope
    selection: Selection
    network: Network
    destination: Destination
    target: Target
    dry_run: bool = False
    locked: Mapping[NormalizedName, Locked] = field(default_factory=dict)
    """Projects whose file a lock file names: no index is asked for them."""
    notes: tuple[str, ...] = ()
    """What reading the request noticed and a person may want to know, one sentence each."""
    source_lines: tuple[SourceLine, ...] = ()
    """The lines of requirements files that change where packages come from, for the whole run."""


# --------------------------------------------------------------------------- what is installed into


@dataclass(frozen=True, slots=True)
class InstalledDistribution:
    """A distribution found in the target by reading its metadata folder, never by importing it."""

    name: NormalizedName
    version: Version | None
    raw_version: str
    location: str
    info_path: str
    in_user_site: bool = False
    legacy_editable: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The interpreter that is installed into, learned by running it with ``-I -S`` (no site code, no ``.pth``)."""

    executable: str
    version: str
    """Full version as in the marker ``python_full_version``."""
    version_info: tuple[int, int, int]
    platform: str
    prefix: str
    is_virtual: bool
    markers: Mapping[str, str]
    tags: tuple[str, ...]
    """Supported wheel tags, most preferred first."""
    site_packages: str
    user_site: str | None
    """The user's site-packages folder, None where it is not visible to the interpreter."""
    externally_managed: str | None
    """PEP 668's message where the installation is managed by something else, else None."""
    installed: Mapping[NormalizedName, InstalledDistribution]
    search_path: tuple[str, ...]

    @property
    def folds_case(self) -> bool:
        """Whether its folders usually take capitals for small letters."""
        return self.markers.get("sys_platform") in ("win32", "cygwin", "darwin")

    @property
    def has_pip(self) -> bool:
        """Whether a pip is installed in the target."""
        return "pip" in self.installed


# --------------------------------------------------------------------------- what can be had


class DistributionFile(NamedTuple):
    """One file offered by an index, a find-links page, a folder or a direct URL.

    ``url`` never carries credentials. ``hashes`` are those the page (or the URL's fragment) gives.
    ``core_metadata`` is None where no metadata sidecar is offered (PEP 658/714), else the sidecar's hashes.
    ``yanked`` is None, or the reason (possibly empty) of PEP 592.
    """

    filename: str
    url: str
    listed_on: str | None = None
    hashes: Hashes = frozenset()
    requires_python: str | None = None
    yanked: str | None = None
    core_metadata: Hashes | None = None
    size: int | None = None
    upload_time: datetime | None = None
    provenance: str | None = None
    """The URL of the file's provenance, where the index has one (PEP 740)."""

    @property
    def is_wheel(self) -> bool:
        """Whether the file is a wheel, by its extension."""
        return self.filename.lower().endswith(".whl")

    @property
    def is_local(self) -> bool:
        """Whether the file is on this machine."""
        return self.url.startswith("file:")


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """The fields of core metadata that an install or a rule depends on (PyPA specification "Core metadata").

    Texts are as written in the file; ``origin`` says which bytes they came from.
    """

    name: str
    version: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None
    provides_extra: tuple[str, ...] = ()
    metadata_version: str = ""
    dynamic: tuple[str, ...] = ()
    origin: Literal["sidecar", "range", "wheel", "sdist", "pyproject", "installed", "none"] = "none"
    license_expression: str | None = None
    license: str | None = None
    """The beginning of the field License, which may be a name or a whole text."""
    license_classifiers: tuple[str, ...] = ()


# --------------------------------------------------------------------------- what would be done


@dataclass(frozen=True, slots=True)
class PlannedInstall:
    """One file that the install would bring in, and why."""

    name: NormalizedName
    version: str
    file: DistributionFile
    metadata: CoreMetadata
    requested: bool
    required_by: tuple[NormalizedName, ...]
    chain: tuple[NormalizedName, ...]
    """The way from something that was asked for to this package, both included."""
    origin: Origin | None = None
    """Where it was asked for, when it was."""
    hashes: Hashes | None = None
    """Digests the user allows (``--hash``), None where none were given."""
    direct_url: str | None = None
    """The URL to record in ``direct_url.json`` (PEP 610), for direct references only."""
    build: str | None = None
    """Why a build would be needed; None for a wheel, and for a source archive that is wanted as it is."""
    replaces: str | None = None
    """The installed version it takes the place of."""
    extras: tuple[str, ...] = ()
    """Every extra that is asked of it, by whomever, in canonical form and sorted."""


class Kept(NamedTuple):
    """An installed distribution that satisfies the request as it is."""

    name: NormalizedName
    version: str


class PassedOver(NamedTuple):
    """A version that could have been chosen and was not, and why."""

    name: NormalizedName
    version: str
    code: str
    reason: str


MetadataOf = Callable[[DistributionFile], CoreMetadata | None]
"""Reads the metadata of a file, if that was not done yet; None where it cannot be had."""
Avoid = Callable[[NormalizedName, str, DistributionFile, MetadataOf], PassedOver | None]
"""Whether a candidate is to be treated as not there, and why: asked with its name, version and file."""


class RootPin(NamedTuple):
    """A name the user asked for, with its extras and the version that the plan settles on. ``spelling``: as written."""

    name: NormalizedName
    extras: tuple[str, ...]
    version: str
    direct_url: str | None
    spelling: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Bytes, names or metadata that ought to agree and do not.

    ``code`` is the finding code; ``what`` names the thing compared, ``expected`` and ``actual`` its two values.
    """

    code: Literal["hash-mismatch", "metadata-mismatch"]
    name: NormalizedName
    version: str
    filename: str
    what: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that could not be checked. Never silent: it makes the verdict Incomplete unless waived."""

    code: str
    name: str | None
    version: str | None
    reason: str
    help: str = ""
    id: str | None = None
    waived_by: str | None = None
    excepted: bool = False
    """Whether ``waived_by`` names an exception of the policy, and not an option."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an install would do: the outcome of resolving."""

    install: tuple[PlannedInstall, ...] = ()
    keep: tuple[Kept, ...] = ()
    left_out: tuple[PlannedInstall, ...] = ()
    """What the user named, where only dependencies are to be installed (``--only-deps``): not staged, not audited."""
    passed_over: tuple[PassedOver, ...] = ()
    roots: tuple[RootPin, ...] = ()
    available: Mapping[NormalizedName, Sequence[Version]] = field(default_factory=dict)
    """Versions with a usable, unyanked file, ascending, for the names in ``install``."""
    mismatches: tuple[Mismatch, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person may want to know of how it came about, and what stands against nothing."""


class StagedFile(NamedTuple):
    """A file in the private folder, hashed. ``sha256`` is a lower-case hex digest, ``size`` is in bytes."""

    name: NormalizedName
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Staged:
    """The files of a plan in the private folder, and what went wrong on the way there."""

    folder: Path
    files: Mapping[NormalizedName, StagedFile] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()


# --------------------------------------------------------------------------- what is known


Severity = Literal["low", "medium", "high", "critical"]


@dataclass(frozen=True, slots=True)
class AdvisoryGroup:
    """All advisories that speak of one thing (joined by aliases), as they bear on one version of one package."""

    id: str
    """The id to show: PYSEC before CVE before the rest; a MAL id first of all."""
    aliases: tuple[str, ...]
    summary: str
    malware: bool
    severity: Severity | None
    score: float | None
    severity_source: str | None
    """Which record and which vector or field the severity was taken from."""
    fix_versions: tuple[str, ...]
    """Every fixed version that any record of the group names, ascending."""
    newer_fixes: tuple[str, ...]
    """Those of them that are newer than the version in question."""
    suggested_fix: str | None
    """The smallest fixed version above the current one that is itself clean, None where there is none."""
    details: str = ""
    """The full text of the first record that has one, Markdown as written, without control characters."""
    references: tuple[str, ...] = ()
    """Addresses where more is said, http and https only."""
    published: str | None = None
    """When the first record was published, ISO text in UTC as written."""
    told_by: tuple[str, ...] = ()
    """The sources that have a record of the group, in the order in which they were given."""
    epss: float | None = None
    """The highest EPSS probability of its CVE ids, 0 to 1; None where the policy names no scores, or they have none."""
    kev: bool = False
    """Whether one of its CVE ids is in the catalog of exploited vulnerabilities (KEV) that the policy names."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id of the group, the shown one first."""
        return (self.id, *self.aliases)


@dataclass(frozen=True, slots=True)
class AdvisorySource:
    """What a report says of one source of advisories."""

    source: str
    records: int
    as_of: datetime | None
    stale: bool
    note: str = ""


# --------------------------------------------------------------------------- what is decided


class Level(enum.IntEnum):
    """How much a finding weighs. ``AVOID`` is for the resolver: such a candidate is treated as not there."""

    ALLOW = 0
    NOTE = 1
    WARN = 2
    BLOCK = 3
    AVOID = 4

    @property
    def word(self) -> str:
        """The level as it is written in policy files and reports."""
        return self.name.lower()


class Evidence(NamedTuple):
    """Something that a person can look up to see that a finding is true.

    label: what it is, in a word or two, such as "file", "line", "index has" or "file has". text: what is there, and it
    may come from a package, so that whoever shows it makes it printable.
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """What of the policy decides something. setting: as one would write it, such as ``levels.yanked = "warn"``.

    origin: the file and line where it is written; None for the built-in policy.
    """

    setting: str
    origin: Origin | None = None

    def __str__(self) -> str:
        return f"{self.setting} ({self.origin or 'built in'})"


@dataclass(frozen=True, slots=True)
class Observation:
    """A fact that a rule found. It has no level: levels are given in one place, by ``judge``."""

    code: str
    name: NormalizedName
    version: str
    message: str
    help: str = ""
    chain: tuple[NormalizedName, ...] = ()
    origin: Origin | None = None
    advisory: AdvisoryGroup | None = None
    evidence: tuple[Evidence, ...] = ()
    short: str = ""
    """The finding in a few words that follow a version, such as "9 h old"; for lists of what was passed over."""
    sha256: str | None = None
    """Of the file that it is about, where that is here."""


@dataclass(frozen=True, slots=True)
class Excepted:
    """The exception of the policy that waives a finding. expires: the last day on which it does, in UTC."""

    line: PolicyLine
    reason: str = ""
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """An observation with the level that the settings give it."""

    observation: Observation
    level: Level
    waived_by: str | None = None
    """What waived it: ``--allow`` as it was written, or the exception's place in the policy."""
    because: PolicyLine | None = None
    """What of the policy gives it its level."""
    justification: str | None = None
    """The justification of the exception that waived it, in the words of OpenVEX."""
    exception: Excepted | None = None
    """The exception that waived it, where no option did."""

    @property
    def blocks(self) -> bool:
        """Whether the finding stands against the install."""
        return self.level >= Level.BLOCK and self.waived_by is None


@dataclass(frozen=True, slots=True)
class Audit:
    """What auditing found: facts, not yet judged."""

    observations: tuple[Observation, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    sources: tuple[AdvisorySource, ...] = ()


class LineEdit(NamedTuple):
    """A line of a file, or a word of the command line, that is to say something else.

    before: what it asks for now, empty for a line that is new. after: what it is to ask for. hashes: what it is to
    allow, each as in ``sha256:…``; none where it allows any file.
    """

    origin: Origin
    before: str
    after: str
    hashes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What to write, line by line: each hash has its own, and all but the last say that it goes on."""
        pieces = [self.after, *(f"    --hash={text}" for text in self.hashes)]
        return (*(f"{piece} \\" for piece in pieces[:-1]), pieces[-1])


@dataclass(frozen=True, slots=True)
class WayOut:
    """What to do where something is refused: versions that were really resolved and pass, or why there are none.

    pins: the packages that change, with the versions that pass. command: what to type, quoted for a shell. changes: of
    what was asked for, one sentence each. none_because: where there is no such set, what stands in the way, edge by
    edge. not_looked_at: names of files whose bytes nobody has looked at yet. edits: the lines of files that have to be
    changed, as changes tells, before the command does it.
    """

    pins: tuple[tuple[NormalizedName, str], ...] = ()
    command: str = ""
    changes: tuple[str, ...] = ()
    none_because: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    edits: tuple[LineEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """What a report says of the policy: the files it was read from, the profile, and what of them has no effect."""

    files: tuple[str, ...] = ()
    profile: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What the three kinds of verdict have in common."""

    plan: Plan
    staged: Staged
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    sources: tuple[AdvisorySource, ...]
    unused_allows: tuple[str, ...]
    way_out: WayOut | None = None
    policy: PolicyInForce = PolicyInForce()


@dataclass(frozen=True, slots=True)
class Approved(Judged):
    """Nothing stands against the plan. The only kind of verdict that ``commit`` and ``deliver`` accept."""


@dataclass(frozen=True, slots=True)
class Refused(Judged):
    """At least one finding blocks."""


@dataclass(frozen=True, slots=True)
class Incomplete(Judged):
    """No finding blocks, but something could not be checked."""


Verdict = Approved | Refused | Incomplete
