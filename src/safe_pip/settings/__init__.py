"""What is judged by: the policy, as values. Reading one from files is ``policy``'s; here is what it comes to.

Here is the whole of it, ``Settings``, and what it asks of an audit; its parts are modules of their own.

Each value that can stand in a finding's way carries the line of the policy that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from safe_pip.codes import CODES
from safe_pip.model import Level, PolicyInForce
from safe_pip.settings.levels import BUILT_IN_LEVELS, Command, Override, Weight
from safe_pip.settings.tables import (
    AdvisoryData,
    Builds,
    Cooldown,
    Licenses,
    Packages,
    Signatures,
    Sources,
    Vulnerabilities,
)
from safe_pip.settings.waivers import Allow, PolicyException

LICENSE_CODES = ("license-not-allowed", "license-unknown")
"""The codes that mean something only where a policy lists licences."""

OF_BYTES = (*(code.code for code in CODES.values() if code.kind == "bytes"), "new-dependency")
"""The codes that only files themselves, and what is installed, can tell."""


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


def asks_for_bytes(settings: Settings) -> bool:
    """Whether somebody's policy gives weight in an audit to what only the bytes of files can tell.

    What weighs something in the built-in policy is told where bytes are looked at anyway, and has none fetched.
    """
    return any(settings.is_written(code, "audit") for code in OF_BYTES)
