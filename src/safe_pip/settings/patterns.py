"""Packages by name and version, as a policy writes them."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import SpecifierSet

from safe_pip.versions import parsed

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
