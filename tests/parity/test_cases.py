"""Promise 3, pip's answer: hand-chosen worlds that hurt, put to plain pip and to safe-pip.

Each world says what the answer must be, so that both programs cannot be wrong together without being seen. Compared are
the version, the URL of the very file, whether it counts as asked for, and whether it is recorded as a direct reference.
"""

from __future__ import annotations

import pytest

from parity.cases import direct, extras, files, found, hashes, metadata, solving, versions
from parity.worlds import Asker, World

GROUPS = (versions, files, extras, solving, direct, hashes, metadata, found)
CASES = [
    pytest.param(world, id=f"{group.__name__.rpartition('.')[2]}-{name}")
    for group in GROUPS
    for name, world in group.CASES.items()
]


@pytest.mark.parametrize("world", CASES)
def test_pips_answer(world: World, asker: Asker) -> None:
    """The answer that the world states is pip's, and safe-pip's is the same to the very file."""
    pip, safe_pip = asker.both(world)

    assert pip.versions == world.gives, pip.text
    if world.requested_differs:
        assert safe_pip.chosen != pip.chosen, "pip no longer forgets what was asked for"
        assert safe_pip.without_requested() == pip.without_requested(), safe_pip.text
    else:
        assert safe_pip.chosen == pip.chosen, f"{world}\n\n{safe_pip.text}"
    assert safe_pip.code == world.code or world.gives is not None, safe_pip.text
