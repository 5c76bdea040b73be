"""Everything there is to run: ``nox`` runs lint, typing, docs and tests; the other sessions are named.

nox -s tests          the tests, on every supported Python found (nox -s tests -- -k words)
nox -s lint typing    ruff and mypy
nox -s docs           the documentation, warnings as errors
nox -s parity         comparisons with plain pip, and a table of them
nox -s bench          the benchmarks; writes benchmarks/RESULTS.md
nox -s integration    against real index servers
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "typing", "docs", "tests"]
nox.options.default_venv_backend = "virtualenv"

SUPPORTED = ("3.10", "3.11", "3.12", "3.13")


def interpreters() -> list[str]:
    """The supported Pythons of this machine, oldest first: on the path, of pyenv, and the one that runs nox."""
    found: dict[str, str] = {}
    places = [sys.executable, *(shutil.which(f"python{version}") or "" for version in SUPPORTED)]
    places += [str(path) for path in sorted(Path("~/.pyenv/versions").expanduser().glob("3.1*/bin/python"))]
    for place in filter(None, places):
        # A shim of pyenv may stand for a version that is not active: only one that answers counts.
        answer = subprocess.run(
            [place, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        version = answer.stdout.strip()
        if answer.returncode == 0 and version in SUPPORTED:
            found.setdefault(version, place)
    return [found[version] for version in SUPPORTED if version in found]


PYTHONS = interpreters()


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS[-1:])
def lint(session: nox.Session) -> None:
    """Formatting and lint."""
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "lint"))
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session(python=PYTHONS[-1:])
def typing(session: nox.Session) -> None:
    """Types."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "typing"))
    session.run("mypy")


@nox.session(python=PYTHONS[-1:])
def docs(session: nox.Session) -> None:
    """The documentation, into site/."""
    session.install("-e", ".", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", "site")


@nox.session(python=PYTHONS[-2:-1] or PYTHONS)
def bench(session: nox.Session) -> None:
    """Benchmarks against pip and uv, in one run, side by side."""
    session.install(".", *nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "bench"))
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session(python=PYTHONS[-2:-1] or PYTHONS)
def parity(session: nox.Session) -> None:
    """Comparisons with plain pip, and the table of docs/explanation/parity.md."""
    session.install("-e", ".[test]")
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "bench"))
    session.run("python", "tests/parity/table.py", *session.posargs)


@nox.session(python=PYTHONS[-2:-1] or PYTHONS)
def integration(session: nox.Session) -> None:
    """Against real index servers from the registry, and pips old and new."""
    session.install("-e", ".[test]")
    session.install(*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "integration"))
    session.run("python", "-m", "pytest", "-n", "2", "tests/integration", *session.posargs)
