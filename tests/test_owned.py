"""Whose a folder is: the cache is believed only where nobody else could have written it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safe_pip.cli.run import cache_folder
from safe_pip.owned import is_ours

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to somebody else"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of ours within a folder of ours."""
    place = tmp_path / "cache" / "index"
    place.mkdir(mode=0o700, parents=True)
    return place


def test_a_folder_of_ours(folder: Path) -> None:
    """The common case; that a group may write is so on every machine whose users have groups of their own."""
    assert is_ours(folder)
    folder.parent.chmod(0o775)
    folder.chmod(0o775)
    assert is_ours(folder)


def test_a_folder_that_everybody_may_write_into(folder: Path) -> None:
    """What lies there may be anybody's."""
    folder.chmod(0o777)
    assert not is_ours(folder)


@pytest.mark.parametrize(("mode", "expected"), [(0o777, False), (0o1777, True)], ids=["open", "sticky"])
def test_a_folder_in_one_that_everybody_may_write_into(folder: Path, mode: int, expected: bool) -> None:
    """Others can put another folder in its place, but where only its owner can take it away, as in /tmp."""
    folder.parent.chmod(mode)
    assert is_ours(folder) is expected


@as_root
@pytest.mark.parametrize("whose", ["folder", "above", "link"])
def test_what_belongs_to_somebody_else(folder: Path, whose: str) -> None:
    """Its owner can change what it holds, or where its name leads to, even while a run goes on."""
    place = folder
    if whose == "link":
        place = folder.with_name("link")
        place.symlink_to(folder)
        assert is_ours(place)
    os.lchown(folder.parent if whose == "above" else place, 12345, -1)
    assert not is_ours(place)


@as_root
def test_root_in_another_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo, and containers of CI, leave HOME as it was: a cache there would be its owner's to change under root."""
    import pwd

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder({}).is_relative_to(tmp_path)

    os.chown(tmp_path, 12_345, 12_345)
    assert cache_folder({}) == Path(pwd.getpwuid(0).pw_dir) / ".cache" / "safe-pip"
    assert cache_folder({"SAFE_PIP_CACHE_DIR": str(tmp_path)}) == tmp_path
