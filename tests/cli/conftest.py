"""What tests of commands share: a place to work in that has no policy, and no user's or system's either."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def work(tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository to work in, for a user who has no policy, on a machine that has none."""
    monkeypatch.setenv("HOME", environ["HOME"])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    monkeypatch.setenv("COLUMNS", "80")
    place = tmp_path / "work"
    (place / ".git").mkdir(parents=True)
    monkeypatch.chdir(place)
    return place
