"""license-not-allowed and license-unknown: what a package says of its licence, against the policy's allow-list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

from safe_pip.model import CoreMetadata, Evidence
from safe_pip.rules.facts import Candidacy, Concern

Answer = Literal["allowed", "not allowed", "unknown"]

_LONGEST = 1_000
"""Characters of an expression that is believed to be one."""

Possible = tuple[str, ...]
"""SPDX expressions one of which is meant, where a name is not more exact."""

_GPL2, _GPL3 = ("GPL-2.0-only", "GPL-2.0-or-later"), ("GPL-3.0-only", "GPL-3.0-or-later")
_LGPL2, _LGPL3 = ("LGPL-2.0-only", "LGPL-2.0-or-later"), ("LGPL-3.0-only", "LGPL-3.0-or-later")
_LGPL21 = ("LGPL-2.1-only", "LGPL-2.1-or-later")
_AGPL3 = ("AGPL-3.0-only", "AGPL-3.0-or-later")
_BSD = ("BSD-2-Clause", "BSD-3-Clause")

_CLASSIFIERS: dict[str, Possible] = {
    "Academic Free License (AFL)": ("AFL-1.1", "AFL-1.2", "AFL-2.0", "AFL-2.1", "AFL-3.0"),
    "Apache Software License": ("Apache-2.0",),
    "Artistic License": ("Artistic-1.0", "Artistic-2.0"),
    "BSD License": _BSD,
    "Boost Software License 1.0 (BSL-1.0)": ("BSL-1.0",),
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": ("CC0-1.0",),
    "Eclipse Public License 1.0 (EPL-1.0)": ("EPL-1.0",),
    "Eclipse Public License 2.0 (EPL-2.0)": ("EPL-2.0",),
    "European Union Public Licence 1.1 (EUPL 1.1)": ("EUPL-1.1",),
    "European Union Public Licence 1.2 (EUPL 1.2)": ("EUPL-1.2",),
    "GNU Affero General Public License v3": ("AGPL-3.0-only",),
    "GNU Affero General Public License v3 or later (AGPLv3+)": ("AGPL-3.0-or-later",),
    "GNU General Public License (GPL)": (*_GPL2, *_GPL3),
    "GNU General Public License v2 (GPLv2)": ("GPL-2.0-only",),
    "GNU General Public License v2 or later (GPLv2+)": ("GPL-2.0-or-later",),
    "GNU General Public License v3 (GPLv3)": ("GPL-3.0-only",),
    "GNU General Public License v3 or later (GPLv3+)": ("GPL-3.0-or-later",),
    "GNU Lesser General Public License v2 (LGPLv2)": ("LGPL-2.0-only",),
    "GNU Lesser General Public License v2 or later (LGPLv2+)": ("LGPL-2.0-or-later", "LGPL-2.1-or-later"),
    "GNU Lesser General Public License v3 (LGPLv3)": ("LGPL-3.0-only",),
    "GNU Lesser General Public License v3 or later (LGPLv3+)": ("LGPL-3.0-or-later",),
    "GNU Library or Lesser General Public License (LGPL)": (*_LGPL2, *_LGPL21, *_LGPL3),
    "Historical Permission Notice and Disclaimer (HPND)": ("HPND",),
    "ISC License (ISCL)": ("ISC",),
    "MIT License": ("MIT",),
    "MIT No Attribution License (MIT-0)": ("MIT-0",),
    "Mozilla Public License 1.1 (MPL 1.1)": ("MPL-1.1",),
    "Mozilla Public License 2.0 (MPL 2.0)": ("MPL-2.0",),
    "Mulan Permissive Software License v2 (MulanPSL-2.0)": ("MulanPSL-2.0",),
    "Python Software Foundation License": ("PSF-2.0", "Python-2.0"),
    "The Unlicense (Unlicense)": ("Unlicense",),
    "Universal Permissive License (UPL)": ("UPL-1.0",),
    "University of Illinois/NCSA Open Source License": ("NCSA",),
    "Zero-Clause BSD (0BSD)": ("0BSD",),
    "Zope Public License": ("ZPL-1.1", "ZPL-2.0", "ZPL-2.1"),
    "zlib/libpng License": ("Zlib", "zlib-acknowledgement"),
}
"""The last part of trove classifiers, by what it may mean."""

_NAMES: dict[str, Possible] = {
    "3-clause bsd license": ("BSD-3-Clause",),
    "apache 2": ("Apache-2.0",),
    "apache 2.0": ("Apache-2.0",),
    "apache license 2.0": ("Apache-2.0",),
    "apache license, version 2.0": ("Apache-2.0",),
    "apache software license": ("Apache-2.0",),
    "apache software license 2.0": ("Apache-2.0",),
    "apachev2": ("Apache-2.0",),
    "bsd": _BSD,
    "bsd 2-clause": ("BSD-2-Clause",),
    "bsd 2-clause license": ("BSD-2-Clause",),
    "bsd 3-clause": ("BSD-3-Clause",),
    "bsd 3-clause license": ("BSD-3-Clause",),
    "bsd license": _BSD,
    "bsd-2": ("BSD-2-Clause",),
    "bsd-3": ("BSD-3-Clause",),
    "gpl": (*_GPL2, *_GPL3),
    "gplv2": _GPL2,
    "gplv3": _GPL3,
    "agplv3": _AGPL3,
    "lgpl": (*_LGPL2, *_LGPL21, *_LGPL3),
    "lgplv3": _LGPL3,
    "isc license": ("ISC",),
    "mit license": ("MIT",),
    "mozilla public license 2.0": ("MPL-2.0",),
    "mpl 2.0": ("MPL-2.0",),
    "new bsd": ("BSD-3-Clause",),
    "new bsd license": ("BSD-3-Clause",),
    "psf": ("PSF-2.0", "Python-2.0"),
    "simplified bsd": ("BSD-2-Clause",),
    "the mit license": ("MIT",),
    "the mit license (mit)": ("MIT",),
    "unlicense": ("Unlicense",),
}
"""What packages write for a name, in lower case."""

_TEXTS: tuple[tuple[tuple[str, ...], Possible], ...] = (
    (("permission is hereby granted, free of charge", "this permission notice shall be included"), ("MIT",)),
    (("apache license version 2.0",), ("Apache-2.0",)),
    (("redistribution and use in source and binary forms", "neither the name"), ("BSD-3-Clause",)),
    (("redistribution and use in source and binary forms",), _BSD),
    (("permission to use, copy, modify, and/or distribute this software", "copyright notice and this"), ("ISC",)),
    (("mozilla public license version 2.0",), ("MPL-2.0",)),
)
"""What whole texts have in them."""


def not_allowed(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a licence that the policy does not allow; none where every licence is."""
    answer, said = _answer(candidacy)
    if answer == "not allowed":
        yield Concern(
            "license-not-allowed",
            f"{candidacy.named} is licensed {said}, which the policy does not allow.",
            f"licensed {said}",
            "Use another package, or have the licence added to licenses.allow.",
            (Evidence("license", said), Evidence("policy", str(candidacy.settings.licenses.line))),
        )


def unknown(candidacy: Candidacy) -> Iterator[Concern]:
    """One concern about a package whose licence cannot be told, or not exactly enough for the policy."""
    answer, said = _answer(candidacy)
    if answer == "unknown":
        shown = f"says {said!r}, and which licence that is cannot be told" if said else "does not say its licence"
        yield Concern(
            "license-unknown",
            f"{candidacy.named} {shown}.",
            "licence unknown",
            "Look at its files. If the licence is fine, allow it for this package with an exception.",
            (Evidence("license", said or "nothing"), Evidence("policy", str(candidacy.settings.licenses.line))),
        )


def _answer(candidacy: Candidacy) -> tuple[Answer, str]:
    licenses = candidacy.settings.licenses
    if licenses.allow is None or candidacy.item is None:
        return "allowed", ""
    more = (names for pattern, names, _ in licenses.packages if pattern.matches(candidacy.name, candidacy.version))
    return answer(candidacy.item.metadata, (*licenses.allow, *(name for names in more for name in names)))


def answer(metadata: CoreMetadata, allow: Sequence[str]) -> tuple[Answer, str]:
    """What an allow-list says of a package, and the licence as the package gives it.

    Where several classifiers are given, all have to be allowed: they do not say whether one may choose.
    """
    allowed = frozenset(_canonical(text) or text for text in allow)
    said, stated = _stated(metadata)
    if not stated:
        return "unknown", said
    answers = [{_permitted(expression, allowed) for expression in possible} for possible in stated]
    if all(each == {True} for each in answers):
        return "allowed", said
    return ("not allowed" if {False} in answers else "unknown"), said


def _stated(metadata: CoreMetadata) -> tuple[str, list[Possible]]:
    """The licence as a package gives it, and what that may mean; all of several count. Empty where nobody knows."""
    if metadata.license_expression:
        expression = _canonical(metadata.license_expression)
        return expression or _brief(metadata.license_expression), [(expression,)] if expression else []
    text = (metadata.license or "").strip()
    if text:
        possible = _meaning(text)
        if possible:
            return _brief(" or ".join(possible)) if len(possible) == 1 else _brief(text), [possible]
    names = [each.rpartition(" :: ")[2] for each in metadata.license_classifiers]
    names = [name for name in names if name not in ("License", "OSI Approved")]
    if names:
        found = [_CLASSIFIERS.get(name) for name in names]
        known = [possible for possible in found if possible is not None]
        # A licence that nobody can name could be any.
        return _brief(", ".join(names)), known if len(known) == len(found) else []
    return _brief(text), []


def _meaning(text: str) -> Possible:
    expression = _canonical(text)
    if expression is not None:
        return (expression,)
    lower = " ".join(text.lower().split())
    if lower in _NAMES:
        return _NAMES[lower]
    return next((possible for parts, possible in _TEXTS if all(part in lower for part in parts)), ())


def _brief(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


@lru_cache(maxsize=2_000)
def _canonical(text: str) -> str | None:
    """An SPDX expression in its canonical form; None for what is none."""
    # Loaded only where a policy has a list of licences.
    from packaging.licenses import canonicalize_license_expression

    if len(text) > _LONGEST:
        return None
    try:
        return str(canonicalize_license_expression(text))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _permitted(expression: str, allowed: frozenset[str]) -> bool:
    """Whether an expression in canonical form is satisfied: of OR one side, of AND both; a WITH is one name."""
    words = expression.replace("(", " ( ").replace(")", " ) ").split()
    # Each entry: whether one of the alternatives so far holds, and whether the current one does.
    stack: list[list[bool]] = [[False, True]]
    place = 0
    while place < len(words):
        word = words[place]
        if word == "(":
            stack.append([False, True])
        elif word == ")":
            some, current = stack.pop()
            stack[-1][1] &= some or current
        elif word == "OR":
            stack[-1] = [stack[-1][0] or stack[-1][1], True]
        elif word != "AND":
            if place + 2 < len(words) and words[place + 1] == "WITH":
                word = " ".join(words[place : place + 3])
                place += 2
            stack[-1][1] &= word in allowed
        place += 1
    some, current = stack[-1]
    return some or current
