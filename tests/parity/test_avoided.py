"""What is avoided counts as not there: the answer is plain pip's on an index from which those files were taken away.

The files that the built-in cooldown avoids are those that were uploaded a moment ago, in random small worlds. A few are
tried by default, always the same ones; ``SAFE_PIP_WORLDS=2000`` tries so many new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from parity.generator import WANTED, tried_on_worlds, worlds
from parity.worlds import Asker, Src, World

_PARTS = 2


@st.composite
def worlds_with_fresh_files(draw: st.DrawFn) -> World:
    """A world whose indexes give upload times; some wheels are fresh, and of versions with an archive all files."""
    world = draw(worlds())
    archived = {file.what for file in world.files if isinstance(file, Src)}
    fresh_versions: dict[str, bool] = {}
    files = []
    for file in world.files:
        fresh = draw(st.sampled_from([False, False, True]))
        if file.what in archived:
            # An avoided wheel takes the source archive of its version with it.
            fresh = fresh_versions.setdefault(file.what, fresh)
        files.append(replace(file, fresh=fresh and file.at in ("index", "extra")))
    return replace(world, files=tuple(files), json=True)


@pytest.mark.timeout(0 if WANTED else 300)
@pytest.mark.parametrize("part", range(_PARTS))
def test_pips_answer_without_them(part: int, asker: Asker, record_property: Callable[[str, object], None]) -> None:
    """Pre-releases, yanked files, hashes, extras, constraints, upgrades: nothing may notice that a file was there."""
    asked: set[str] = set()
    steered = 0

    @tried_on_worlds(part, _PARTS)
    @given(world=worlds_with_fresh_files())
    def compare(world: World) -> None:
        nonlocal steered
        if repr(world) in asked:
            return
        with asker.prepared(world) as places:
            safe_pip = asker.safe_pip_forked(*places.arguments)
            places.without_fresh()
            pip = asker.pip_forked(*places.arguments)
        note(f"pip: {pip.versions}\n{pip.text}\nsafe-pip: {safe_pip.versions}\n{safe_pip.text}")
        assert safe_pip.without_requested() == pip.without_requested()
        asked.add(repr(world))
        steered += any(file.fresh for file in world.files) and pip.chosen is not None

    try:
        compare()
    finally:
        record_property("asked", len(asked))
    assert steered >= len(asked) // 4, "worlds in which nothing is avoided, or nothing is left, prove nothing"
