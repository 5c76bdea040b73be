"""Others are at work on the same machine: what was judged must be what happens, or nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from conftest import Guard, Venv
from fakes import Answer, Asked, FakeIndex, wheel

MakeVenv = Callable[..., Venv]


@pytest.fixture
def demo(index: FakeIndex, tmp_path: Path) -> Path:
    """What is asked for, too large to be whole in the end of itself, so that it is downloaded after all is settled."""
    index.add(wheel(tmp_path / "files", "lib", "1.0"))
    return index.add(wheel(tmp_path / "files", "demo", "1.0", requires=["lib"], padding=200_000))


@pytest.mark.parametrize("there_before", [False, True], ids=["appears", "is-upgraded"])
def test_an_environment_that_changes_meanwhile(
    guard: Guard, index: FakeIndex, venv: Venv, demo: Path, tmp_path: Path, there_before: bool
) -> None:
    """The plan was made for another environment, and may be wrong for this one."""
    others = tmp_path / "others"
    for version in ("1.0", "2.0"):
        wheel(others, "other", version)
    plainly = ["install", "--no-index", "--find-links", str(others)]
    if there_before:
        assert venv.pip(*plainly, "other==1.0").code == 0

    def meanwhile(asked: Asked) -> Answer | None:
        if "range" not in asked.headers:
            assert venv.pip(*plainly, "other==2.0").code == 0
        return None

    index.override(index.file(demo), meanwhile)

    ran = guard.install("demo", target=venv)

    assert ran.code == 3
    assert "The environment has changed while it was checked (other). Nothing was installed." in ran.said
    assert venv.freeze() == ["other==2.0"]


def test_two_installs_into_one_environment(guard: Guard, index: FakeIndex, venv: Venv, demo: Path) -> None:
    """Both have resolved before either installs: one installs, the other sees that its plan is old."""
    barrier = Barrier(2, timeout=60)

    def together(asked: Asked) -> Answer | None:
        if "range" not in asked.headers:
            barrier.wait()
        return None

    index.override(index.file(demo), together)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: guard.install("demo", target=venv), range(2)))

    assert sorted(ran.code for ran in runs) == [0, 3], [ran.err for ran in runs]
    assert venv.freeze() == ["demo==1.0", "lib==1.0"]
    assert venv.pip("check").code == 0


def test_two_installs_into_two_environments(guard: Guard, index: FakeIndex, make_venv: MakeVenv, demo: Path) -> None:
    """They share the cache folder and its advisory database, which neither has built yet."""
    venvs = [make_venv("one"), make_venv("two")]
    barrier = Barrier(2, timeout=60)

    def together(_: Asked) -> Answer | None:
        barrier.wait()
        return None

    index.override(index.page("demo"), together)

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda target: guard.install("demo", target=target), venvs))

    assert [ran.code for ran in runs] == [0, 0], [ran.err for ran in runs]
    assert [venv.freeze() for venv in venvs] == [["demo==1.0", "lib==1.0"]] * 2


def test_a_cache_folder_that_cannot_be_written(guard: Guard, venv: Venv, demo: Path, tmp_path: Path) -> None:
    """Without a private folder nothing can be staged, and nothing is installed; the folder is named."""
    place = tmp_path / "a file"
    place.write_text("in the way")
    before = venv.snapshot()

    ran = guard.install("demo", target=venv, SAFE_PIP_CACHE_DIR=str(place))

    assert ran.code == 3
    assert str(place) in ran.said
    assert "SAFE_PIP_CACHE_DIR" in ran.said
    assert venv.snapshot() == before
