"""What others have given names to: packages, licences, finding codes."""

from __future__ import annotations

import re
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.policy.kinds import At, Schema, is_a
from safe_pip.settings.patterns import PackagePattern

_MOST_CLAUSES = 10
_COMMON_LICENSES = (
    *("MIT", "MIT-0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "MPL-2.0", "PSF-2.0", "Unlicense"),
    *("GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later"),
    *("LGPL-3.0-only", "LGPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "ZPL-2.1", "Zlib", "CC0-1.0", "HPND"),
)
_GLOB = re.compile(r"[A-Za-z0-9*](?:[A-Za-z0-9._*-]*[A-Za-z0-9*])?")


class Name:
    """The name of a package, in its canonical form (PEP 503)."""

    def read(self, raw: Any, at: At) -> str | None:
        if not is_a(raw, str, at, '"flask"'):
            return None
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", raw):
            at.wrong(f"{urls.shown(raw)} cannot be the name of a package")
            return None
        return canonicalize_name(raw)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$"}


class Packages:
    """Packages by name, with ``*`` for any part of it, and by version where a specifier follows: ``acme-*<2``."""

    def read(self, raw: Any, at: At) -> PackagePattern | None:
        if not is_a(raw, str, at, '"acme-*" or "flask<3"'):
            return None
        found = re.fullmatch(r"([^<>=!~;\[\s]+)\s*([<>=!~].*)?", raw.strip(), re.DOTALL)
        if found is None or not _GLOB.fullmatch(found[1]):
            at.wrong(f"{urls.shown(raw)} matches no name that a package can have; write it as flask, acme-* or flask<3")
            return None
        try:
            specifier = SpecifierSet(found[2] or "")
            # Its numbers are read only when it is compared, and may be too long to be any.
            hash(specifier)
            # The time that this takes grows faster than the specifier.
            matches = len(specifier) > _MOST_CLAUSES or not specifier.is_unsatisfiable()
        except ValueError:
            at.wrong(f"{urls.shown(found[2])} is not a specifier of versions (PEP 440)")
            return None
        if not matches:
            at.wrong(f"no version satisfies {urls.shown(found[2])}")
            return None
        return PackagePattern(re.sub(r"[-_.]+", "-", found[1]).lower(), specifier)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*[A-Za-z0-9*][A-Za-z0-9._*-]*\s*(?:[<>=!~].*)?$"}


class License:
    """One licence as SPDX has it, with an exception if need be; not several joined."""

    def read(self, raw: Any, at: At) -> str | None:
        if not is_a(raw, str, at, '"MIT"'):
            return None
        from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

        try:
            text = canonicalize_license_expression(raw)
        except (InvalidLicenseExpression, RecursionError):
            at.wrong(f"{urls.shown(raw)} is not a licence that SPDX knows{at.guess(raw, _COMMON_LICENSES)}")
            return None
        if re.search(r" (?:AND|OR) |[()]", text):
            at.wrong("this joins several licences; list each by itself")
            return None
        return str(text)

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


class Codes:
    """The key of a table of levels: a finding code."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes

    def read(self, raw: Any, at: At) -> str | None:
        if raw in self.codes:
            return str(raw)
        guess = at.misplaced(raw) or at.guess(raw, self.codes) or "; `safe-pip install --explain CODE` explains each"
        at.wrong(f"there is no finding code {urls.shown(raw)}{guess}", key=True)
        return None

    def schema(self) -> Schema:
        return {"enum": list(self.codes)}
