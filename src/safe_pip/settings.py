"""The settings that judge by: the built-in policy, and what is waived for one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.model import Level

BUILT_IN_LEVELS: Mapping[str, Level] = {
    "malware": Level.BLOCK,
    "vulnerability": Level.BLOCK,
    "yanked": Level.WARN,
    "build-required": Level.BLOCK,
    "hash-mismatch": Level.BLOCK,
    "metadata-mismatch": Level.BLOCK,
}
"""The level of each finding code."""

WAIVABLE_UNCHECKED = frozenset({"stale-advisories", "unreadable-page", "undecidable-advisory", "not-looked-up"})
"""What could not be checked and may be waived all the same; everything else of the kind may not."""


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


@dataclass(frozen=True, slots=True)
class Settings:
    """What findings weigh, and what is waived."""

    levels: Mapping[str, Level] = field(default_factory=lambda: BUILT_IN_LEVELS)
    unfixed_vulnerability: Level = Level.WARN
    """The level of a vulnerability for which no newer fixed version exists."""
    allows: tuple[Allow, ...] = ()

    def allows_code(self, code: str) -> bool:
        """Whether something of this code is waived for every package."""
        return any(allow.covers(code, (), None) for allow in self.allows)
