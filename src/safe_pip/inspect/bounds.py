"""How much an archive may list and unpack to. What is more is a bomb, made to keep a guard busy or to fill a disk."""

from __future__ import annotations

MOST_ENTRIES = 100_000
"""Files that an archive may list."""

HARMLESS_BYTES = 100_000_000
"""That any archive may unpack to, however small it is."""

_LARGE_BYTES = 1_000_000_000
_HIGHEST_RATIO = 50
_HIGHEST_RATIO_OF_LARGE = 10


def most_unpacked(packed: int, most: int) -> int:
    """The bytes to which an archive may unpack. packed: its own size in bytes. most: that none may exceed.

    Real files that unpack to more than the harmless bytes do so to ten or twenty times their size, and the larger they
    are, the less; see docs/explanation/bytes.md. A second's work is some hundred megabytes.
    """
    by_ratio = min(_HIGHEST_RATIO * packed, max(_LARGE_BYTES, _HIGHEST_RATIO_OF_LARGE * packed))
    return min(most, max(HARMLESS_BYTES, by_ratio))
