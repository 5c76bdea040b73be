"""Versions as they are found in names, metadata and records, where not every text is one."""

from __future__ import annotations

from functools import lru_cache

from packaging.version import Version

# Longer texts are no honest version's, and are not remembered.
_LONGEST_KEPT = 100


def parsed(text: str) -> Version | None:
    """A PEP 440 version, None where the text is not one. Texts come again and again, in every file of a tree."""
    return _remembered(text) if len(text) <= _LONGEST_KEPT else _parsed(text)


@lru_cache(maxsize=50_000)
def _remembered(text: str) -> Version | None:
    return _parsed(text)


def _parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, and what int() says of numbers with thousands of digits
        return None
