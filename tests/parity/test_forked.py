"""The quick oracle, against the programs that it stands for.

Most comparisons of this folder first ask programs that are imported once and forked (``forked.py``). That is of use
only as long as they answer as the real ones do.
"""

from __future__ import annotations

import sys

import pytest

from parity.test_cases import CASES
from parity.worlds import Asker, World

_SOME = CASES[::20]


@pytest.mark.parametrize("case", _SOME)
def test_a_fork_answers_as_the_program(case: World, asker: Asker) -> None:
    """The same versions, files and exit code as of a process of its own, and nothing is left of the question before."""
    with asker.prepared(case) as places:
        for forked, real in ((asker.pip_forked, asker.pip), (asker.safe_pip_forked, asker.safe_pip)):
            first, again, expected = forked(*places.arguments), forked(*places.arguments), real(*places.arguments)
            assert first == expected, first.text
            assert again == expected, again.text


def test_neither_program_is_imported_here(asker: Asker) -> None:
    """pip is no library: a test process that imports it would test another pip than people run."""
    asker.both(World((), "nothing"))
    assert "pip" not in sys.modules


def test_a_program_that_ends_with_an_error(asker: Asker) -> None:
    """An option that neither knows: an exit code, not a hanging test."""
    with asker.prepared(World(())) as places:
        assert asker.pip_forked("--no-such-option", *places.arguments).code == 2
        assert asker.safe_pip_forked("--no-such-option", *places.arguments).code == 2
