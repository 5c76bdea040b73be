"""The fourth stage: what is known and found about the files of a plan. Facts only; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename

from safe_pip.advisories import Advisories
from safe_pip.facts import FileFacts, InstalledFacts, ProjectFacts
from safe_pip.inspect.core_metadata import differences
from safe_pip.inspect.looking import LOOKED_FOR, Looks
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
    Unchecked,
)
from safe_pip.rules import CANDIDATE_RULES, observe
from safe_pip.rules.facts import Facts
from safe_pip.settings import Settings
from safe_pip.target.installed import installed_facts
from safe_pip.versions import parsed

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Around:
    """What rules look at besides the plan and its files: see ``rules.facts.Facts``.

    looks: what looks at the files, where that has begun already.
    """

    projects: Mapping[NormalizedName, ProjectFacts] = field(default_factory=dict)
    request: Request | None = None
    settings: Settings = field(default_factory=Settings)
    now: datetime = _EPOCH
    looks: Looks | None = None


def deep(settings: Settings) -> bool:
    """Whether any rule wants more of a file than what decides whether pip installs what it says."""
    return any(settings.highest(code, "install") > Level.ALLOW for code in LOOKED_FOR)


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
    files: dict[NormalizedName, FileFacts] = {}
    for item, looked in _look(plan, staged, around):
        if isinstance(looked, Unchecked):
            missing.append(looked)
            continue
        files[item.name] = looked
        if looked.metadata is not None:
            mismatches += _mismatches(item, looked.metadata)
        if looked.unreadable:
            missing.append(_unreadable(item, looked.unreadable))
    facts = Facts(
        plan,
        known,
        tuple(mismatches),
        replaced=_replaced(plan, known, advisories, private, around),
        projects=around.projects,
        files=files,
        installed=InstalledFacts() if around.request is None else installed_facts(around.request.target, plan, files),
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


def _look(plan: Plan, staged: Staged, around: Around) -> Iterator[tuple[PlannedInstall, FileFacts | Unchecked]]:
    """What each staged file shows; all of them are begun before the first is waited for."""
    looks = around.looks or Looks(deep=deep(around.settings))
    try:
        here = [(item, staged.files[item.name]) for item in plan.install if item.name in staged.files]
        for item, file in here:
            looks.begin(item.file, file.path, file.sha256, item.name)
        for item, file in here:
            try:
                yield item, looks.facts(item.file, file.path, file.sha256, item.name)
            except OSError as error:
                yield item, _unreadable(item, str(error))
    finally:
        if around.looks is None:
            looks.close()


def _unreadable(item: PlannedInstall, reason: str) -> Unchecked:
    reason = f"{item.file.filename} cannot be inspected: {reason}"
    return Unchecked("unreadable-file", item.name, item.version, reason, "Do not use this file.")


def _mismatches(item: PlannedInstall, own: CoreMetadata) -> Iterator[Mismatch]:
    """Compare a staged wheel's own METADATA with what was resolved and with the file's name."""
    for what, expected, actual in differences(item.metadata, own) or _against_name(item.file.filename, own):
        yield Mismatch("metadata-mismatch", item.name, item.version, item.file.filename, what, expected, actual)


def _against_name(filename: str, own: CoreMetadata) -> Iterator[tuple[str, str, str]]:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except ValueError:
        return
    if canonicalize_name(own.name) != name:
        yield "Name", f"{name} (its file name)", own.name
    if parsed(own.version) != version:
        yield "Version", f"{version} (its file name)", own.version
