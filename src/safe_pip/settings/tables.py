"""The other tables of a policy, as values: what each says where no file says anything are its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from packaging.utils import NormalizedName

from safe_pip.model import Level, PolicyLine, Severity
from safe_pip.settings.patterns import PackagePattern


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
