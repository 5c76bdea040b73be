"""Promise 3, pip's answer: random small worlds, with plain pip as the oracle.

A few are tried by default, always the same ones. ``SAFE_PIP_WORLDS=2000`` tries so many new ones; a world on which the
two programs differ is made small and printed as data, to be pasted into ``cases/found.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, note

from parity.generator import WANTED, tried_on_worlds, worlds
from parity.worlds import Asker, World

_PARTS = 4
"""So that the processes of a test run share the work."""


@pytest.mark.timeout(0 if WANTED else 300)
@pytest.mark.parametrize("part", range(_PARTS))
def test_pips_answer(part: int, asker: Asker, record_property: Callable[[str, object], None]) -> None:
    """Nobody thinks of every combination: whatever pip answers, safe-pip answers, to the very file."""
    asked: set[str] = set()

    @tried_on_worlds(part, _PARTS)
    @given(world=worlds())
    def compare(world: World) -> None:
        if repr(world) in asked:
            # Hypothesis draws some worlds more than once.
            return
        pip, safe_pip = asker.both(world)
        note(f"pip: {pip.versions}\n{pip.text}\nsafe-pip: {safe_pip.versions}\n{safe_pip.text}")
        assert safe_pip.without_requested() == pip.without_requested()
        # Not before: a world that fails is drawn again to be made small.
        asked.add(repr(world))

    try:
        compare()
    finally:
        record_property("asked", len(asked))
