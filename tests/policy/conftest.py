"""What all tests of the policy share."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy.writing import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without any policy, and a project under version control on it."""
    made = Machine(tmp_path)
    (made.project / ".git").mkdir(parents=True)
    return made
