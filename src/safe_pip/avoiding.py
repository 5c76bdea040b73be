"""What the resolver is told to avoid: the rules about candidates, asked of those that it looks at and of no others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.advisories import Advisories
from safe_pip.codes import CODES, MUST_BE_SEEN
from safe_pip.index.finder import Index
from safe_pip.index.projects import ABOUT_RELEASES, ProjectLooker
from safe_pip.judge import level_of
from safe_pip.model import (
    AdvisoryGroup,
    DistributionFile,
    Level,
    MetadataOf,
    Observation,
    PassedOver,
    PolicyLine,
    Refused,
    Request,
    SearchScope,
)
from safe_pip.rules import BY_METADATA, CANDIDATE_RULES
from safe_pip.rules.facts import Candidacy, Concern
from safe_pip.settings import Settings
from safe_pip.waiving import Exceptions

_MOST_KEPT = 1_000
"""Concerns that are kept for an explanation; a page may list a million files."""

Excluded = Mapping[tuple[NormalizedName, str], PassedOver]
"""Versions that are avoided for what was found in their bytes."""


@dataclass
class Known:
    """What is known of candidates, found out when somebody asks and then kept. Safe to use from many threads.

    advisories: waits until they are open; None where there are none.
    """

    request: Request
    settings: Settings
    now: datetime
    index: Index
    advisories: Callable[[], Advisories | None]
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while advisories are asked: what is read ahead may still be at it when the resolver is done."""
    _groups: dict[tuple[NormalizedName, str], tuple[AdvisoryGroup, ...]] = field(default_factory=dict)

    def concerns(
        self,
        code: str,
        name: NormalizedName,
        version: str,
        file: DistributionFile,
        looker: ProjectLooker,
        metadata: MetadataOf,
    ) -> tuple[Concern, ...]:
        """What the rule of one code finds about a candidate. looker: knows what indexes say of its project."""
        rule, there = CANDIDATE_RULES[code], self._installed(name)
        candidacy = Candidacy(
            name=name,
            version=version,
            file=file,
            advisories=self.groups(name, version, file) if CODES[code].kind == "advisory" else (),
            project=looker.candidate(name, file) if code in ABOUT_RELEASES else looker.standing(name),
            replaces=there,
            requested=name in self.asked,
            metadata=metadata(file) if code in BY_METADATA else None,
            settings=self.settings,
            now=self.now,
        )
        found = tuple(rule(candidacy))
        if found and code == "too-new" and there is not None and self.settings.cooldown.exempt_fixes:
            # Only now is it worth a lookup whether it fixes something.
            groups, replaced = self.groups(name, version, file), self.groups(name, there, file)
            found = tuple(rule(replace(candidacy, advisories=groups, replaced=replaced)))
        return found

    @cached_property
    def asked(self) -> frozenset[NormalizedName]:
        """The names that were asked for."""
        return frozenset(item.name for item in self.request.requirements if item.name is not None)

    def _installed(self, name: NormalizedName) -> str | None:
        there = self.request.target.installed.get(name)
        return None if there is None or self.request.selection.ignore_installed else there.raw_version

    def groups(self, name: NormalizedName, version: str, file: DistributionFile) -> tuple[AdvisoryGroup, ...]:
        """The advisories on a version. file: of the project, which says whether its name may be told to a service."""
        with self.lock:
            advisories = self.advisories()
            if advisories is None:
                return ()
            key = name, version
            if key not in self._groups:
                private = frozenset({name}) if is_private(file, self.request.search) else frozenset[NormalizedName]()
                advisories.load([key], private=private)
                self._groups[key] = advisories.known(name, version).groups
            return self._groups[key]


class Filter:
    """Says of candidates whether they are avoided: what ``resolve`` asks.

    strict: avoid whatever would block as well, malware too, as for a way out. excluded: versions that are avoided
    whatever the rules say of them.
    """

    def __init__(self, known: Known, *, strict: bool = False, excluded: Excluded | None = None) -> None:
        self._known = known
        self._strict = strict
        self._excluded = dict(excluded or {})
        settings, highest = known.settings, known.settings.highest
        codes = [code for code in CANDIDATE_RULES if highest(code, "install") >= self._least(code, settings)]
        if known.request.selection.source_archives and "build-required" in codes:
            # Whether one would have to be built is not known before it is looked at.
            codes.remove("build-required")
        if settings.licenses.allow is None:
            codes = [code for code in codes if code not in BY_METADATA]
        # What takes a lookup comes last, and metadata, which a server may have to be asked for, after all else.
        self._codes = sorted(codes, key=lambda code: (code in BY_METADATA, CODES[code].kind == "advisory"))
        self._looker = ProjectLooker(known.index, codes)
        self.stopped: dict[tuple[NormalizedName, str], Concern] = {}
        """What stands against versions that were avoided by a rule."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing can be avoided."""
        return not self._codes and not self._excluded

    def __call__(
        self, name: NormalizedName, version: str, file: DistributionFile, metadata: MetadataOf
    ) -> PassedOver | None:
        if (name, version) in self._excluded:
            return self._excluded[name, version]
        settings = self._known.settings
        for code in self._codes:
            if settings.weight(code, name, version).of("install") < self._least(code, settings):
                continue
            for concern in self._known.concerns(code, name, version, file, self._looker, metadata):
                if self._stands(concern, name, version, file):
                    if len(self.stopped) < _MOST_KEPT:
                        self.stopped.setdefault((name, version), concern)
                    return PassedOver(name, version, code, concern.short or concern.message)
        return None

    def _least(self, code: str, settings: Settings) -> Level:
        """The level from which findings of a code are avoided; what they weigh in the end is asked of ``judge``."""
        if not self._strict and not (settings.avoid and code not in MUST_BE_SEEN):
            return Level.AVOID
        # A vulnerability may be raised to block by more than its level.
        return Level.NOTE if code == "vulnerability" else Level.BLOCK

    def _stands(self, concern: Concern, name: NormalizedName, version: str, file: DistributionFile) -> bool:
        """Whether a concern blocks, and nothing waives it."""
        sha256 = next((digest for algorithm, digest in file.hashes if algorithm == "sha256"), None)
        found = Observation(
            concern.code,
            name,
            version,
            concern.message,
            chain=(name,) if name in self._known.asked else (name, name),
            advisory=concern.advisory,
            sha256=sha256,
        )
        settings = self._known.settings
        return level_of(found, settings) >= Level.BLOCK and not is_waived(found, settings, self._known.now)

    def lines(self, name: NormalizedName, version: str) -> list[str]:
        """What of the policy stands against a version that was avoided."""
        concern = self.stopped.get((name, version))
        if concern is None:
            return []
        weight: PolicyLine = self._known.settings.weight(concern.code, name, version).line
        return [str(weight), *(item.text for item in concern.evidence if item.label == "policy")]


def is_waived(found: Observation, settings: Settings, now: datetime) -> bool:
    """Whether ``--allow`` or an exception in force covers a finding. now: the time, in UTC."""
    ids = found.advisory.ids if found.advisory is not None else ()
    if any(allow.covers(found.code, ids, found.name) for allow in settings.allows):
        return True
    digests = (found.sha256,) if found.sha256 is not None else ()
    return Exceptions(settings, now, lambda _name, _version: digests).covering(found) is not None


def is_private(file: DistributionFile, search: SearchScope) -> bool:
    """Whether a file is none of the default index, so that no remote source of advisories is told its name.

    That is the first one that is configured, as pip has it; further indexes and links are somebody's own.
    """
    default = urls.split_credentials(search.index_urls[0])[0].rstrip("/") + "/" if search.index_urls else None
    return default is None or not (file.listed_on or "").startswith(default)


def to_exclude(verdict: Refused, request: Request, settings: Settings, *, strict: bool = False) -> Excluded:
    """The versions of a refused plan that another attempt is to do without, by what was found in the end.

    Only what the resolver may choose: not what was given by URL, or by a lock file. strict: as in ``Filter``.
    """
    chosen = {item.name: item for item in verdict.plan.install}
    found: dict[tuple[NormalizedName, str], PassedOver] = {}
    for finding in verdict.findings:
        seen = finding.observation
        item = chosen.get(seen.name)
        if not finding.blocks or item is None or item.direct_url is not None or item.name in request.locked:
            continue
        avoided = settings.weight(seen.code, seen.name, seen.version).of("install") == Level.AVOID
        if strict or avoided or (settings.avoid and seen.code not in MUST_BE_SEEN):
            reason = seen.short or seen.message
            found.setdefault((item.name, item.version), PassedOver(item.name, item.version, seen.code, reason))
    return found
