"""The fourth stage: what is known and found about the files of a plan. Facts only; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename

from safe_pip.advisories import Advisories
from safe_pip.facts import ProjectFacts
from safe_pip.inspect.core_metadata import InvalidMetadata, differences
from safe_pip.inspect.wheel import UnreadableArchive, check_installable, wheel_metadata
from safe_pip.model import (
    AdvisoryGroup,
    Audit,
    CoreMetadata,
    Level,
    Mismatch,
    Plan,
    PlannedInstall,
    Request,
    Staged,
    StagedFile,
    Unchecked,
)
from safe_pip.rules import CANDIDATE_RULES, observe
from safe_pip.rules.facts import Facts
from safe_pip.settings import Settings
from safe_pip.versions import parsed

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Around:
    """What rules look at besides the plan and its files: see ``rules.facts.Facts``."""

    projects: Mapping[NormalizedName, ProjectFacts] = field(default_factory=dict)
    request: Request | None = None
    settings: Settings = field(default_factory=Settings)
    now: datetime = _EPOCH


def audit(
    plan: Plan,
    staged: Staged,
    advisories: Advisories | None,
    unchecked: tuple[Unchecked, ...] = (),
    private: frozenset[NormalizedName] = frozenset(),
    around: Around = Around(),
) -> Audit:
    """Look up every version in the advisories, inspect every staged wheel, and ask every rule.

    advisories: None where no source could be had; ``unchecked`` then says why. It is carried into the audit. private:
    names that no remote source of advisories is told. around: what else rules look at.
    """
    missing = [*plan.unchecked, *staged.unchecked, *unchecked]
    known: dict[NormalizedName, tuple[AdvisoryGroup, ...]] = {}
    if advisories is not None:
        advisories.load(((item.name, item.version) for item in plan.install), private=private)
        missing += advisories.unchecked
        for item in plan.install:
            if not item.version:
                reason = f"the version of {item.name} is not known before it is built, so no advisory can be looked up"
                missing.append(Unchecked("unknown-version", item.name, None, reason))
                continue
            about = advisories.known(item.name, item.version, plan.available.get(item.name, ()))
            known[item.name] = about.groups
            missing += about.unchecked
            if not advisories.looked_up(item.name, item.version) and not advisories.unchecked:
                missing.append(_not_looked_up(item, private))
    mismatches = [*plan.mismatches, *staged.mismatches]
    for item in plan.install:
        file = staged.files.get(item.name)
        if file is not None and item.file.is_wheel:
            outcome = _inspect(item, file)
            if isinstance(outcome, Unchecked):
                missing.append(outcome)
            else:
                mismatches += outcome
    facts = Facts(
        plan,
        known,
        tuple(mismatches),
        replaced=_replaced(plan, known, advisories, private, around),
        projects=around.projects,
        digests={name: file.sha256 for name, file in staged.files.items()},
        request=around.request,
        settings=around.settings,
        now=around.now,
    )
    return Audit(
        observations=tuple(observe(facts)),
        unchecked=tuple(missing),
        sources=advisories.sources if advisories is not None else (),
    )


def _replaced(
    plan: Plan,
    known: Mapping[NormalizedName, tuple[AdvisoryGroup, ...]],
    advisories: Advisories | None,
    private: frozenset[NormalizedName],
    around: Around,
) -> dict[NormalizedName, tuple[AdvisoryGroup, ...]]:
    """The advisories on what would be replaced, where it depends on them whether a file is too new."""
    settings = around.settings
    if (
        advisories is None
        or not settings.cooldown.exempt_fixes
        or settings.highest("too-new", "install") == Level.ALLOW
    ):
        return {}
    without = Facts(plan, known, settings=settings, now=around.now)
    there = {
        item.name: item.replaces
        for item, candidacy in without.candidacies()
        if item.replaces is not None and any(CANDIDATE_RULES["too-new"](candidacy))
    }
    advisories.load(there.items(), private=private)
    return {name: advisories.known(name, version).groups for name, version in there.items()}


def _not_looked_up(item: PlannedInstall, private: frozenset[NormalizedName]) -> Unchecked:
    """A version that no source was asked for, or that none knows."""
    reason = f"no source of advisories knows {item.name} {item.version}"
    if item.name in private:
        reason = f"{item.name} does not come from the default index, so no remote source of advisories is told its name"
    help = f"Add a local source with --advisories local, or waive it with --allow not-looked-up:{item.name}."
    return Unchecked("not-looked-up", item.name, item.version, reason, help)


def _inspect(item: PlannedInstall, file: StagedFile) -> list[Mismatch] | Unchecked:
    """Compare a staged wheel's own METADATA with what was resolved and with the file's name."""
    try:
        with file.path.open("rb") as archive:
            own = wheel_metadata(archive, item.name, "wheel")
            found = differences(item.metadata, own) or list(_against_name(item.file.filename, own))
            if not found:
                check_installable(archive, own.name, own.version)
    except (UnreadableArchive, InvalidMetadata, OSError) as error:
        reason = f"{item.file.filename} cannot be inspected: {error}"
        return Unchecked("unreadable-file", item.name, item.version, reason, "Do not use this file.")
    return [
        Mismatch("metadata-mismatch", item.name, item.version, item.file.filename, what, expected, actual)
        for what, expected, actual in found
    ]


def _against_name(filename: str, own: CoreMetadata) -> Iterator[tuple[str, str, str]]:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except ValueError:
        return
    if canonicalize_name(own.name) != name:
        yield "Name", f"{name} (its file name)", own.name
    if parsed(own.version) != version:
        yield "Version", f"{version} (its file name)", own.version
