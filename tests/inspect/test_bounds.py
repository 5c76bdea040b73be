"""How much an archive may unpack to."""

from __future__ import annotations

import pytest

from safe_pip.inspect.bounds import most_unpacked


@pytest.mark.parametrize(
    ("packed", "expected"),
    [(0, 100), (1, 100), (2, 100), (3, 150), (20, 1_000), (100, 1_000), (300, 3_000), (900, 4_000)],
)
def test_what_is_no_bomb(packed: int, expected: int) -> None:
    """In megabytes: little is harmless whatever it comes from, and a large archive may not be as hollow as a small one.

    A look takes a second for some hundred megabytes, so that twelve megabytes must not buy an attacker ten seconds.
    """
    assert most_unpacked(packed * 1_000_000, 4_000_000_000) == expected * 1_000_000
