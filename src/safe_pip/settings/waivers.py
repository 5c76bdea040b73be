"""What may be waived: for one run by an option, for longer by an exception of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.model import PolicyLine
from safe_pip.settings.patterns import PackagePattern

WAIVABLE_UNCHECKED = frozenset(
    {
        *("stale-advisories", "unreadable-page", "undecidable-advisory", "not-looked-up", "unreadable-provenance"),
        "not-looked-for",
    }
)
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
