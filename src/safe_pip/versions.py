"""Versions as they are found in names, metadata and records, where not every text is one."""

from __future__ import annotations

from packaging.version import Version


def parsed(text: str) -> Version | None:
    """A PEP 440 version, None where the text is not one."""
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, and what int() says of numbers with thousands of digits
        return None
