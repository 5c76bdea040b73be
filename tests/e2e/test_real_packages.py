"""The main job on real packages, from the index that this machine uses, with real advisories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Guard, Venv

pytestmark = [pytest.mark.registry, pytest.mark.slow]


@pytest.fixture
def real(guard: Guard, shared: Path) -> Guard:
    """safe-pip with the real index and real advisories."""
    guard.index = None
    guard.advisories = shared / "advisories" / "all.zip"
    return guard


def test_old_pins_are_refused(real: Guard, registry: str, venv: Venv) -> None:
    """Each finding by its own identifier, one on a package that nobody asked for; the environment as it was."""
    before = venv.snapshot()
    (real.cwd / "requirements.txt").write_text("flask==2.2.0\nrequests==2.25.0\njinja2<3.1\n")

    ran = real.install("--index-url", registry, "-r", "requirements.txt", "--format", "json", target=venv)

    assert ran.code == 1, ran.err
    blocking = [finding for finding in ran.json["findings"] if finding["level"] == "block"]
    assert sorted((finding["id"], finding["name"], finding["version"], finding["chain"]) for finding in blocking) == [
        ("PYSEC-2023-62", "flask", "2.2.0", ["flask"]),
        ("PYSEC-2023-74", "requests", "2.25.0", ["requests"]),
        ("PYSEC-2024-60", "idna", "2.10", ["requests", "idna"]),
    ]
    assert venv.snapshot() == before


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_new_pins_give_plain_pips_environment(
    real: Guard, registry: str, make_venv: Callable[..., Venv], pythons: dict[str, str], version: str
) -> None:
    """Compiled wheels, scripts and data of real projects, to the last file, on the oldest and the newest Python."""
    if version not in pythons:
        pytest.skip(f"there is no Python {version}")
    guarded, plain = make_venv("guarded", pythons[version]), make_venv("plain", pythons[version])
    wanted = ["flask==3.1.3", "requests==2.32.5", "jinja2==3.1.6", "rich[jupyter]<14", "pyyaml"]

    ran = real.install("--index-url", registry, *wanted, target=guarded)
    done = plain.pip("install", "--index-url", registry, *wanted)

    assert ran.code == 0, ran.err
    assert done.code == 0, done.err
    assert guarded.freeze() == plain.freeze()
    assert guarded.inspect() == plain.inspect()
    assert guarded.files() == plain.files()
