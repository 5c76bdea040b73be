"""What the comparisons with plain pip share: one environment for all of them, since each run of pip is slow enough."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from fakes import advisory, export
from parity.worlds import Asker, environment


@pytest.fixture(scope="session")
def make_asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Asker]]:
    """Makes askers for an environment of their own, of a given interpreter.

    user_site: whether that environment sees the user's folder, which pip installs into with --user.
    """
    made: list[Asker] = []

    def make(python: str, *, user_site: bool = False) -> Asker:
        root = tmp_path_factory.mktemp("parity")
        environ = environment(root / "home")
        place = root / "venv"
        command = [
            python,
            "-m",
            "venv",
            "--without-pip",
            *(["--system-site-packages"] if user_site else []),
            str(place),
        ]
        subprocess.run(command, check=True, env=environ, timeout=120)
        site_packages = next((place / "lib").glob("python*")) / "site-packages"
        advisories = export(root / "advisories.zip", [advisory("PYSEC-2026-1", "concerns-nothing-here")])
        made.append(Asker(environ, str(place / "bin" / "python"), site_packages, advisories, root))
        return made[-1]

    yield make
    for asker in made:
        asker.close()


@pytest.fixture(scope="session")
def asker(make_asker: Callable[..., Asker]) -> Asker:
    """Asks plain pip and safe-pip the same question about an environment that is emptied before each."""
    return make_asker(sys.executable)


@pytest.fixture(scope="session")
def open_asker(make_asker: Callable[..., Asker]) -> Asker:
    """The same for an environment that sees what its interpreter and the user have."""
    return make_asker(sys.executable, user_site=True)


@pytest.fixture(scope="session")
def user_asker(open_asker: Asker) -> Iterator[Asker]:
    """The same, where worlds are installed into the user's folder."""
    asker = open_asker.installing_into(open_asker.user_site())
    yield asker
    asker.close()
