"""Which versions one could go to instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.version import Version

from safe_pip.advisories.matching import parse_version


def upgrades(versions: Iterable[Version], current: Version) -> Iterator[Version]:
    """The versions that one would go to from the current one: newer, and a pre-release only from a pre-release."""
    return (item for item in versions if item > current and (not item.is_prerelease or current.is_prerelease))


def above(texts: Iterable[str], current: Version) -> list[Version]:
    """The versions newer than the current one, ascending."""
    return sorted({fix for text in texts if (fix := parse_version(text)) is not None and fix > current})


def sort_version(text: str) -> tuple[bool, Version, str]:
    """Versions in order, and what is not one after them, as text."""
    version = parse_version(text)
    return version is None, version or Version("0"), text
