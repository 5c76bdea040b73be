"""Promise 3, pip's answer: random small worlds, with plain pip as the oracle.

A few are tried by default, always the same ones. ``SAFE_PIP_WORLDS=1000`` tries so many new ones; a world on which the
two programs differ is printed as data, to be pasted into ``cases/found.py``.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, note, settings

from parity.generator import worlds
from parity.worlds import Asker, World

_WANTED = int(os.environ.get("SAFE_PIP_WORLDS", "0"))


@pytest.mark.timeout(0 if _WANTED else 300)
@settings(
    max_examples=_WANTED or 40,
    derandomize=not _WANTED,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(world=worlds())
def test_pips_answer(asker: Asker, world: World) -> None:
    """Nobody thinks of every combination: whatever pip answers, safe-pip answers, to the very file."""
    pip, safe_pip = asker.both(world)

    note(f"pip: {pip.versions}\n{pip.text}\nsafe-pip: {safe_pip.versions}\n{safe_pip.text}")
    assert safe_pip.without_requested() == pip.without_requested()
