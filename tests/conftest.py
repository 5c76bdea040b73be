"""What all tests share: an environment that nothing of this machine reaches into, targets, and the program itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from venv import EnvBuilder

import hypothesis
import pytest
import requests
from filelock import FileLock

from fakes import FakeIndex, advisory, export
from safe_pip.index.http import Http
from safe_pip.model import Network
from safe_pip.request.default_index import default_index, pip_folder

# The same examples on every run and machine, and no deadline that a busy machine could miss.
hypothesis.settings.register_profile("suite", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("suite")

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
PIP_AUDIT = "2.10.1"
"""The version of pip-audit that safe-pip audit is compared with."""
# Set where a shared folder must be there: a test that needs it then fails instead of being skipped.
_IN_CI = bool(os.environ.get("CI"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real advisories and requirements beside the project."""
    if not SHARED.is_dir():
        if _IN_CI:
            pytest.fail(f"{SHARED} is not there, and CI needs it")
        pytest.skip(f"{SHARED} is not there")
    return SHARED


@pytest.fixture(scope="session")
def registry() -> str:
    """The index that this machine's pip looks in first, where it answers: of real packages."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    url = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip() or default_index().url
    try:
        requests.get(f"{url.rstrip('/')}/pip/", timeout=60).raise_for_status()
    except requests.RequestException as error:
        if _IN_CI:
            pytest.fail(f"the package index does not answer, and CI needs it: {type(error).__name__}")
        pytest.skip(f"the package index does not answer: {type(error).__name__}")
    return url


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own and nothing that configures pip, safe-pip or Python."""
    home = tmp_path / "home"
    home.mkdir()
    dropped = ("PIP_", "SAFE_PIP_", "PYTHON", "XDG_", "VIRTUAL_ENV", "PYENV", "UV_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    clean |= {
        "HOME": str(home),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "SAFE_PIP_CACHE_DIR": str(tmp_path / "cache"),
        # No test may reach OSV by mistake: nothing answers here.
        "SAFE_PIP_OSV_BULK_URL": "http://127.0.0.1:9",
    }
    clean.pop("FORCE_COLOR", None)
    return clean


@pytest.fixture
def http() -> Iterator[Http]:
    """A client that tries once."""
    with Http(Network(timeout=5, retries=0, use_environment_proxies=False)) as client:
        yield client


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What was written to stderr, with every run of spaces and line ends as one space: how it wraps is left out."""
        return " ".join(self.err.split())

    @property
    def json(self) -> Any:
        """What was written to stdout, as JSON."""
        return json.loads(self.out)


def run(command: list[str], environ: Mapping[str, str], cwd: Path | None = None, timeout: float = 240) -> Ran:
    """Run a command to its end."""
    done = subprocess.run(
        command,
        env=dict(environ),
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass
class Venv:
    """A virtual environment without pip, which plain pip and safe-pip install into from outside."""

    path: Path
    environ: Mapping[str, str]

    @property
    def python(self) -> str:
        """The path of its interpreter."""
        return str(self.path / "bin" / "python")

    @property
    def site_packages(self) -> Path:
        """Where packages go."""
        return next((self.path / "lib").glob("python*")) / "site-packages"

    def pip(self, *arguments: str, cwd: Path | None = None) -> Ran:
        """Run plain pip, the one that the tests run with, on this environment.

        As ``pip --python`` does it, which starts this very program with this very variable.
        """
        environ = {**self.environ, "_PIP_RUNNING_IN_SUBPROCESS": "1"}
        return run([self.python, str(pip_folder() / "__pip-runner__.py"), *arguments], environ, cwd)

    def freeze(self) -> list[str]:
        """What plain pip says is installed."""
        done = self.pip("freeze", "--all")
        assert done.code == 0, done.err
        return done.out.splitlines()

    def inspect(self) -> dict[str, dict[str, Any]]:
        """``pip inspect`` by name, less what differs from place to place."""
        done = self.pip("inspect")
        assert done.code == 0, done.err
        return {
            item["metadata"]["name"]: {
                "version": item["metadata"]["version"],
                "requested": item["requested"],
                "installer": item.get("installer"),
                "direct_url": item.get("direct_url"),
            }
            for item in json.loads(done.out)["installed"]
        }

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the environment and its bytes; bytecode is left out, it holds the times of its sources."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        }

    def files(self) -> dict[str, bytes]:
        """Every file below the environment with its own path taken out of it, so that two can be compared.

        RECORD holds digests of scripts, which hold the path; their lines are compared without them.
        """
        own = str(self.path).encode()
        found = {}
        for name, content in self.snapshot().items():
            if name.endswith(".dist-info/RECORD"):
                lines = sorted(content.decode().splitlines())
                content = "\n".join(line.split(",")[0] if line.startswith("../") else line for line in lines).encode()
            found[name] = content.replace(own, b"<env>")
        found.pop("pyvenv.cfg", None)
        return found | {
            str(path.relative_to(self.path)): b"" for path in sorted(self.path.rglob("*.pyc")) if path.is_file()
        }


@pytest.fixture
def make_venv(tmp_path: Path, environ: dict[str, str]) -> Any:
    """Makes virtual environments without pip, of the Python that runs the tests or another."""

    def make(name: str = "venv", python: str = sys.executable) -> Venv:
        # The last part of the path is the prompt that the activation scripts set: the same for all.
        path = tmp_path / name / ".venv"
        if python == sys.executable:
            # The same as the program does, without starting it: there are many environments.
            EnvBuilder(symlinks=True).create(path)
        else:
            subprocess.run([python, "-m", "venv", "--without-pip", str(path)], check=True, env=environ, timeout=120)
        return Venv(path, environ)

    return make


@pytest.fixture
def venv(make_venv: Any) -> Venv:
    """One virtual environment."""
    made: Venv = make_venv()
    return made


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An empty index."""
    with FakeIndex() as server:
        yield server


@pytest.fixture
def advisories(tmp_path: Path) -> Path:
    """A small export of advisories: one vulnerability with a fix, one without, one malware."""
    return export(
        tmp_path / "advisories.zip",
        [
            advisory("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}], aliases=["CVE-2026-1"]),
            advisory("PYSEC-2026-2", "hopeless"),
            advisory("MAL-2026-3", "evil", events=(), versions=["1.0"]),
        ],
    )


@dataclass
class Guard:
    """Runs safe-pip as a person would, in a process of its own."""

    environ: dict[str, str]
    index: FakeIndex | None
    advisories: Path | None
    cwd: Path
    more: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, target: Venv | None = None, timeout: float = 240, **environ: str) -> Ran:
        """Run ``safe-pip ARGUMENTS``. target: the active environment."""
        surroundings = {**self.environ, **self.more, **environ}
        if target is not None:
            surroundings["VIRTUAL_ENV"] = str(target.path)
        return run([sys.executable, "-m", "safe_pip", *arguments], surroundings, self.cwd, timeout)

    def install(self, *arguments: str, target: Venv | None = None, timeout: float = 240, **environ: str) -> Ran:
        """Run ``safe-pip install`` with the test's index and advisories."""
        return self.fetch("install", *arguments, target=target, timeout=timeout, **environ)

    def fetch(
        self, command: str, *arguments: str, target: Venv | None = None, timeout: float = 240, **environ: str
    ) -> Ran:
        """The same for any guarded command."""
        options = ["--index-url", self.index.url] if self.index is not None else []
        if self.advisories is not None:
            options += ["--advisories", str(self.advisories)]
        return self(command, *options, *arguments, target=target, timeout=timeout, **environ)


@pytest.fixture
def guard(environ: dict[str, str], index: FakeIndex, advisories: Path, tmp_path: Path) -> Guard:
    """safe-pip, with an index and advisories of the test's own."""
    cwd = tmp_path / "work"
    cwd.mkdir()
    return Guard(environ, index, advisories, cwd)


@pytest.fixture
def pythons() -> dict[str, str]:
    """Interpreters of other versions on this machine, by version; pyenv's are found."""
    found = {}
    for path in sorted(Path("~/.pyenv/versions").expanduser().glob("3.1*/bin/python")):
        version = ".".join(path.parent.parent.name.split(".")[:2])
        found[version] = str(path)
    return found


@pytest.fixture(scope="session")
def pip_audit(registry: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The real pip-audit, installed once into an environment of its own, however many workers there are."""
    place = tmp_path_factory.getbasetemp() / "pip-audit"
    if os.environ.get("PYTEST_XDIST_WORKER"):
        place = place.parent.parent / "pip-audit"
    with FileLock(f"{place}.lock"):
        if not (place / "done").exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=120)
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--index-url", registry]
            subprocess.run([*pip, f"pip-audit=={PIP_AUDIT}"], check=True, timeout=600)
            (place / "done").touch()
    return str(place / "bin" / "pip-audit")
