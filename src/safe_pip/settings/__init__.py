"""What is judged by: the policy, as values. Reading one from files is ``policy``'s; here is what it comes to.

Each value that can stand in a finding's way carries the line of the policy that it comes from.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.codes import CODES
from safe_pip.errors import UsageError
from safe_pip.model import Level, PolicyInForce, PolicyLine, Severity
from safe_pip.versions import parsed

Command = Literal["install", "audit"]
"""What levels are given for; ``download`` and ``wheel`` count as ``install``."""

WAIVABLE_UNCHECKED = frozenset(
    {
        *("stale-advisories", "unreadable-page", "undecidable-advisory", "not-looked-up", "unreadable-provenance"),
        "not-looked-for",
    }
)
"""What could not be checked and may be waived all the same; everything else of the kind may not."""


LICENSE_CODES = ("license-not-allowed", "license-unknown")
"""The codes that mean something only where a policy lists licences."""


@dataclass(frozen=True, slots=True)
class Allow:
    """One ``--allow ID-OR-CODE[:PACKAGE]``. what: what stands before the last colon, in lower case."""

    text: str
    what: str
    package: NormalizedName | None

    @classmethod
    def parse(cls, text: str, option: str = "--allow") -> Allow:
        """Read the text of an option. Raises UsageError."""
        what, colon, package = text.rpartition(":") if ":" in text else (text, "", "")
        if not what.strip() or (colon and not package.strip()):
            what = "ID or CODE" if option == "--allow" else "ID"
            raise UsageError(f"{option} {text!r} names nothing.", f"Write {option} {what}, with :PACKAGE if you like.")
        return cls(text, what.strip().lower(), canonicalize_name(package.strip()) if colon else None)

    def covers(self, code: str, ids: tuple[str, ...], name: str | None) -> bool:
        """Whether it names the code or one of the ids, and the package if it names one."""
        names = (code, *(identifier.lower() for identifier in ids))
        # Some ids have a colon of their own, so that the whole text may be one.
        return self.text.strip().lower() in names or (self.what in names and self.package in (None, name))


# --------------------------------------------------------------------------- packages


_ONE_OF_MANY = frozenset("*?[")


@lru_cache(maxsize=1_000)
def _glob(text: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(re.sub(r"[-_.]+", "-", text).lower()))


@dataclass(frozen=True, slots=True)
class PackagePattern:
    """Packages by name, as ``acme-*``, and by version if a specifier follows, as ``acme-*<2``."""

    glob: str
    specifier: SpecifierSet = SpecifierSet()

    def __str__(self) -> str:
        return f"{self.glob}{self.specifier}"

    @property
    def is_exact(self) -> bool:
        """Whether it means packages of one name only."""
        return _ONE_OF_MANY.isdisjoint(self.glob)

    def matches(self, name: str, version: str | None = None) -> bool:
        """Whether a package is meant. version: None where only the name counts, or is known.

        A version that is none of PEP 440 is in no specifier.
        """
        if _glob(self.glob).fullmatch(name) is None:
            return False
        if version is None or not str(self.specifier):
            return True
        known = parsed(version)
        return known is not None and self.specifier.contains(known, prereleases=True)


# --------------------------------------------------------------------------- levels


@dataclass(frozen=True, slots=True)
class Weight:
    """The levels of a finding code, and the line that gives them. audit_line: the one for audits, where it differs."""

    install: Level
    audit: Level
    line: PolicyLine
    audit_line: PolicyLine | None = None

    def of(self, command: Command) -> Level:
        """The level for a command."""
        return self.install if command == "install" else self.audit

    def line_of(self, command: Command) -> PolicyLine:
        """The line that gives the level for a command."""
        return self.line if command == "install" or self.audit_line is None else self.audit_line


BUILT_IN_LEVELS: Mapping[str, Weight] = {
    code.code: Weight(
        code.install,
        code.audit,
        PolicyLine(
            f'levels.{code.code} = "{code.install.word}"'
            if code.install == code.audit
            else f'levels.{code.code} = {{install = "{code.install.word}", audit = "{code.audit.word}"}}'
        ),
    )
    for code in CODES.values()
}
"""The levels of the built-in policy."""


@dataclass(frozen=True, slots=True)
class Override:
    """Levels for some packages. Of several that match, the last one that names the code counts."""

    packages: PackagePattern
    levels: Mapping[str, Weight]


# --------------------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class Raise:
    """Scores or a list from elsewhere that may raise a vulnerability to ``block``, and never lower it.

    source: a file or URL: of EPSS scores (CSV, as FIRST publishes it), or of CISA's KEV catalog (JSON). at: the EPSS
    probability from which it counts, 0 to 1; None for a list, where to be listed is enough.
    """

    source: str
    at: float | None
    line: PolicyLine


@dataclass(frozen=True, slots=True)
class Vulnerabilities:
    """What vulnerabilities weigh. The level of the code ``vulnerability`` is for those that count in full.

    block_at: the least severity that counts in full. below: the level of what is less severe, unless the code weighs
    less anyway. unknown_severity: what a vulnerability without severity counts as. unfixable: the level where there is
    no newer fixed version, unless the code weighs less anyway. scope: ``direct`` for those of what was asked for only;
    the others are notes.
    """

    block_at: Severity = "low"
    below: Level = Level.WARN
    unknown_severity: Severity = "critical"
    unfixable: Level = Level.WARN
    scope: Literal["all", "direct"] = "all"
    epss: Raise | None = None
    kev: Raise | None = None
    lines: Mapping[str, PolicyLine] = field(default_factory=dict)
    """By key, as in the file (``block-at``), where a file gives it."""


@dataclass(frozen=True, slots=True)
class PolicyException:
    """A finding that the policy accepts, for a while or until there is a fix.

    what: an id or a code, as it is written. packages: which are meant, None for all. expires: the last day on which it
    counts, in UTC. until_fixed: it counts as long as there is no newer fixed version. justification: one of OpenVEX's.
    """

    what: str
    line: PolicyLine
    packages: PackagePattern | None = None
    sha256: str | None = None
    reason: str = ""
    expires: date | None = None
    until_fixed: bool = False
    justification: str | None = None

    @property
    def word(self) -> str:
        """The id or code in lower case, to compare."""
        return self.what.lower()


@dataclass(frozen=True, slots=True)
class Cooldown:
    """How old a file must be, counted from its upload. Of several that match, the last one counts.

    indexes: by base URL. packages: by pattern; they come before the index's. exempt_fixes: whether a version that fixes
    an advisory on what it replaces is let through.
    """

    minimum_age: timedelta = timedelta(hours=24)
    indexes: tuple[tuple[str, timedelta, PolicyLine], ...] = ()
    packages: tuple[tuple[PackagePattern, timedelta, PolicyLine], ...] = ()
    exempt_fixes: bool = True
    line: PolicyLine = PolicyLine('cooldown.minimum-age = "24h"')


@dataclass(frozen=True, slots=True)
class Pinned:
    """Names that may come from one index only, by its base URL. All that match must hold.

    settles: whether it also settles which of two indexes a name is meant to come from; what only a project's own file
    says does not, so that a cloned project cannot lead a name to an index of its own.
    """

    packages: PackagePattern
    index: str
    line: PolicyLine
    settles: bool = True


@dataclass(frozen=True, slots=True)
class Sources:
    """Where files may come from. indexes: base URLs, None for every index that is configured."""

    indexes: tuple[str, ...] | None = None
    pinned: tuple[Pinned, ...] = ()
    require_hashes: bool = False
    lines: Mapping[str, PolicyLine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Denied:
    """Packages that are not wanted. use_instead: what is, for the message."""

    packages: PackagePattern
    line: PolicyLine
    use_instead: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OnlyBelow:
    """Packages that may come in only through one of some others, and not be asked for by themselves.

    All that match must hold.
    """

    packages: PackagePattern
    parents: tuple[NormalizedName, ...]
    line: PolicyLine


@dataclass(frozen=True, slots=True)
class Packages:
    """Which packages are wanted."""

    denied: tuple[Denied, ...] = ()
    only_below: tuple[OnlyBelow, ...] = ()


@dataclass(frozen=True, slots=True)
class Licenses:
    """allow: SPDX licence identifiers that are accepted, None where every licence is.

    packages: further ones for some packages.
    """

    allow: tuple[str, ...] | None = None
    packages: tuple[tuple[PackagePattern, tuple[str, ...], PolicyLine], ...] = ()
    line: PolicyLine = PolicyLine("licenses.allow is not set")


@dataclass(frozen=True, slots=True)
class Builds:
    """allow: packages whose build may run. Nothing is built in this version."""

    allow: tuple[PackagePattern, ...] = ()


@dataclass(frozen=True, slots=True)
class AdvisoryData:
    """Where advisories come from where no option says so, in order, and how old they may be.

    warn_after, incomplete_after: None for never. unavailable: what a source weighs that cannot be had.
    """

    sources: tuple[str, ...] = ()
    warn_after: timedelta | None = timedelta(days=7)
    incomplete_after: timedelta | None = None
    unavailable: Literal["incomplete", "warn"] = "incomplete"
    lines: Mapping[str, PolicyLine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signatures:
    """By what signatures of provenance are verified. trust_root: a file, None for the keys that come with sigstore."""

    trust_root: str | None = None
    line: PolicyLine = PolicyLine("provenance.trust-root is not set")


@dataclass(frozen=True, slots=True)
class Settings:
    """The policy in force, and what is waived for one run."""

    levels: Mapping[str, Weight] = field(default_factory=lambda: BUILT_IN_LEVELS)
    overrides: tuple[Override, ...] = ()
    vulnerabilities: Vulnerabilities = Vulnerabilities()
    exceptions: tuple[PolicyException, ...] = ()
    longest_exception: timedelta | None = None
    cooldown: Cooldown = Cooldown()
    sources: Sources = Sources()
    packages: Packages = Packages()
    licenses: Licenses = Licenses()
    builds: Builds = Builds()
    advisories: AdvisoryData = AdvisoryData()
    provenance: Signatures = Signatures()
    allows: tuple[Allow, ...] = ()
    avoid: bool = False
    """``--avoid``: whatever blocks a candidate is avoided instead, for this run."""
    profile: str | None = None
    files: tuple[str, ...] = ()
    """The policy files that were read, as they are shown, in the order in which they count."""
    notes: tuple[str, ...] = ()
    """What of those files has no effect, one sentence each."""

    @property
    def in_force(self) -> PolicyInForce:
        """What reports say of where the policy was read from."""
        return PolicyInForce(self.files, self.profile, self.notes)

    def allows_code(self, code: str) -> bool:
        """Whether something of this code is waived for every package."""
        return any(allow.covers(code, (), None) for allow in self.allows)

    def weight(self, code: str, name: str, version: str | None) -> Weight:
        """What a code weighs for a package, before anything is known of the finding itself."""
        for override in reversed(self.overrides):
            if code in override.levels and override.packages.matches(name, version):
                return override.levels[code]
        return self.levels[code]

    def _is_listed(self, code: str) -> bool | None:
        """Whether the policy has the list that a code goes by; None for a code that goes by none."""
        if code in LICENSE_CODES:
            return self.licenses.allow is not None
        if code == "denied-package":
            return self.packages != Packages()
        if code == "source-not-allowed":
            return self.sources.indexes is not None or bool(self.sources.pinned)
        return None

    def is_written(self, code: str, command: Command) -> bool:
        """Whether somebody's policy, and not only the built-in one, has a code mean something for some package."""
        listed = self._is_listed(code)
        if listed is not None:
            return listed and self.highest(code, command) > Level.ALLOW
        return any(
            weight.of(command) > Level.ALLOW and weight.line_of(command).origin is not None
            for levels in (self.levels, *(override.levels for override in self.overrides))
            if (weight := levels.get(code)) is not None
        )

    def blocks_by_policy(self, code: str, name: str, version: str | None, command: Command) -> bool:
        """Whether somebody's policy, and not only the built-in one, has a code block for a package."""
        weight, listed = self.weight(code, name, version), self._is_listed(code)
        written = weight.line_of(command).origin is not None if listed is None else listed
        return written and weight.of(command) >= Level.BLOCK

    def highest(self, code: str, command: Command) -> Level:
        """The most that a code weighs for any package; what is allowed everywhere need not be looked for."""
        weights = [self.levels[code], *(item.levels[code] for item in self.overrides if code in item.levels)]
        return max(weight.of(command) for weight in weights)


def asks_for_pages(settings: Settings) -> bool:
    """Whether somebody's policy gives weight in an audit to what only an index can tell."""
    return any(settings.is_written(code.code, "audit") for code in CODES.values() if code.kind == "index")


def asks_for_licenses(settings: Settings) -> bool:
    """Whether somebody's policy lists licences, and one that is not in the list weighs something in an audit."""
    return any(settings.is_written(code, "audit") for code in LICENSE_CODES)


OF_BYTES = (*(code.code for code in CODES.values() if code.kind == "bytes"), "new-dependency")
"""The codes that only files themselves, and what is installed, can tell."""


def asks_for_bytes(settings: Settings) -> bool:
    """Whether somebody's policy gives weight in an audit to what only the bytes of files can tell.

    What weighs something in the built-in policy is told where bytes are looked at anyway, and has none fetched.
    """
    return any(settings.is_written(code, "audit") for code in OF_BYTES)
