"""The facts that rules look at, and how a rule states what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts, InstalledFacts, ProjectFacts
from safe_pip.model import (
    AdvisoryGroup,
    CoreMetadata,
    DistributionFile,
    Evidence,
    Mismatch,
    Observation,
    Plan,
    PlannedInstall,
    Request,
)
from safe_pip.settings import Settings

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about a plan. mismatches: from resolving, staging and inspecting together.

    projects: what the indexes say. files: what the bytes say. installed: what is in the target. request: None where
    there is none, as in an audit of what is installed. now: the time that ages are counted to. replaced: the advisories
    on what is installed and would be replaced, where these may decide.
    """

    plan: Plan
    advisories: Mapping[NormalizedName, tuple[AdvisoryGroup, ...]] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    projects: Mapping[NormalizedName, ProjectFacts] = field(default_factory=dict)
    files: Mapping[NormalizedName, FileFacts] = field(default_factory=dict)
    digests: Mapping[NormalizedName, str] = field(default_factory=dict)
    """The sha256 of each staged file."""
    installed: InstalledFacts = field(default_factory=InstalledFacts)
    replaced: Mapping[NormalizedName, tuple[AdvisoryGroup, ...]] = field(default_factory=dict)
    request: Request | None = None
    settings: Settings = field(default_factory=Settings)
    now: datetime = _EPOCH

    def candidacies(self) -> Iterator[tuple[PlannedInstall, Candidacy]]:
        """Everything in the plan as a candidate."""
        locked = self.request.locked if self.request is not None else {}
        for item in self.plan.install:
            yield (
                item,
                Candidacy(
                    name=item.name,
                    version=item.version,
                    file=item.file,
                    advisories=self.advisories.get(item.name, ()),
                    project=self.projects.get(item.name),
                    replaces=item.replaces,
                    replaced=self.replaced.get(item.name, ()),
                    requested=item.requested,
                    item=item,
                    metadata=item.metadata,
                    settings=self.settings,
                    now=self.now,
                    locked=item.name in locked,
                ),
            )


@dataclass(frozen=True, slots=True)
class Candidacy:
    """What can be known of a candidate before it is chosen; what is in the plan is one as well.

    replaces: the installed version that it would take the place of; replaced: the advisories on that one. item: what
    the plan says of it, None while there is no plan. metadata: None where no rule asks for it, or it cannot be had.
    now: the time that ages are counted to.
    """

    name: NormalizedName
    version: str
    file: DistributionFile
    advisories: tuple[AdvisoryGroup, ...] = ()
    project: ProjectFacts | None = None
    replaces: str | None = None
    replaced: tuple[AdvisoryGroup, ...] = ()
    requested: bool = False
    item: PlannedInstall | None = None
    metadata: CoreMetadata | None = None
    settings: Settings = field(default_factory=Settings)
    now: datetime = _EPOCH
    locked: bool = False
    """Whether a lock file names the very file."""

    @property
    def named(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.version}".rstrip()


@dataclass(frozen=True, slots=True)
class Concern:
    """What a rule finds about a candidate. short: in a few words that follow a version, such as "9 h old"."""

    code: str
    message: str
    short: str
    help: str = ""
    evidence: tuple[Evidence, ...] = ()
    advisory: AdvisoryGroup | None = None


def stated(item: PlannedInstall, concern: Concern, sha256: str | None = None) -> Observation:
    """A concern about something in the plan, as an observation."""
    return observation(
        concern.code,
        item,
        concern.message,
        concern.help,
        concern.advisory,
        evidence=concern.evidence,
        short=concern.short,
        sha256=sha256,
    )


def observation(
    code: str,
    item: PlannedInstall,
    message: str,
    help: str = "",
    advisory: AdvisoryGroup | None = None,
    *,
    evidence: tuple[Evidence, ...] = (),
    short: str = "",
    sha256: str | None = None,
) -> Observation:
    """What a rule found about one package of the plan."""
    return Observation(
        code=code,
        name=item.name,
        version=item.version,
        message=message,
        help=help,
        chain=item.chain,
        origin=item.origin,
        advisory=advisory,
        evidence=evidence,
        short=short,
        sha256=sha256,
    )


def about_mismatch(facts: Facts, mismatch: Mismatch, message: str, help: str) -> Observation:
    """What a rule found about a file, which need not be in the plan."""
    item = next((item for item in facts.plan.install if item.name == mismatch.name), None)
    if item is not None:
        return observation(mismatch.code, item, message, help)
    return Observation(mismatch.code, mismatch.name, mismatch.version, message, help, (mismatch.name,))
