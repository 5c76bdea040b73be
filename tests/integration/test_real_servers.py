"""Against real index servers, as people run them: what they answer is not always what a specification says."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import wheel

SERVERS = ["pypiserver", "devpi", "simple-repository-server"]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def script(name: str) -> str:
    """A program installed beside the interpreter that runs the tests."""
    return str(Path(sys.executable).with_name(name))


@contextmanager
def running(command: list[str], url: str, environ: dict[str, str]) -> Iterator[None]:
    """A server that answers, and that is stopped at the end."""
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                assert process.poll() is None, process.stdout.read() if process.stdout else ""
                try:
                    urllib.request.urlopen(url, timeout=2).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=20)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with an application and its dependency."""
    folder = tmp_path / "packages"
    wheel(folder, "app", "1.0", requires=["lib>=1"], scripts={"app": "app:main"})
    wheel(folder, "lib", "1.0")
    wheel(folder, "lib", "1.2")
    return folder


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, packages: Path, tmp_path: Path, environ: dict[str, str]) -> Iterator[str]:
    """The base URL of an index on a real server."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    if request.param == "pypiserver":
        command = [
            script("pypi-server"),
            "run",
            "-i",
            "127.0.0.1",
            "-p",
            str(port),
            "--disable-fallback",
            str(packages),
        ]
        with running(command, f"{base}/simple/", environ):
            yield f"{base}/simple/"
    elif request.param == "simple-repository-server":
        # It serves a folder of folders, one to a project.
        projects = tmp_path / "projects"
        for path in packages.glob("*.whl"):
            folder = projects / path.name.split("-")[0]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / path.name)
        command = [script("simple-repository-server"), "--host", "127.0.0.1", "--port", str(port), str(projects)]
        with running(command, f"{base}/simple/", environ):
            yield f"{base}/simple/"
    else:
        data = tmp_path / "devpi"
        subprocess.run(
            [script("devpi-init"), "--serverdir", str(data), "--no-root-pypi"],
            env=environ,
            check=True,
            capture_output=True,
        )
        command = [script("devpi-server"), "--serverdir", str(data), "--host", "127.0.0.1", "--port", str(port)]
        with running(command, f"{base}/+api", environ):
            _fill_devpi(base, packages)
            yield f"{base}/root/dev/+simple/"


def _fill_devpi(base: str, packages: Path) -> None:
    """Make an index on devpi and upload to it, by its own API."""
    import base64

    import requests

    session = requests.Session()
    session.trust_env = False
    answer = session.post(f"{base}/+login", json={"user": "root", "password": ""}, timeout=20).json()
    token = base64.b64encode(f"root:{answer['result']['password']}".encode()).decode()
    session.headers["X-Devpi-Auth"] = token
    session.put(
        f"{base}/root/dev", json={"type": "stage", "bases": [], "volatile": True}, timeout=20
    ).raise_for_status()
    for path in sorted(packages.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        data = {
            ":action": "file_upload",
            "name": name,
            "version": version,
            "filetype": "bdist_wheel",
            "pyversion": "py3",
        }
        with path.open("rb") as file:
            session.post(
                f"{base}/root/dev/", data=data, files={"content": (path.name, file)}, timeout=20
            ).raise_for_status()


def test_installs_from_a_real_server(guard: Guard, server: str, make_venv, environ: dict[str, str]) -> None:
    """What plain pip installs from this server, the guard installs too, and the same."""
    guard.index = None
    guarded, plain = make_venv("guarded"), make_venv("plain")

    ran = guard.install("--index-url", server, "app", target=guarded)

    assert ran.code == 0, ran.err
    assert ran.out == "Successfully installed app-1.0 lib-1.2\n"
    done = plain.pip("install", "--index-url", server, "app")
    assert done.code == 0, done.err
    assert guarded.inspect() == plain.inspect()
    assert guarded.files() == plain.files()


def test_an_unknown_name_on_a_real_server(guard: Guard, server: str, venv: Venv) -> None:
    """Every server has its own way to say that a project is not there."""
    guard.index = None

    ran = guard.install("--index-url", server, "no-such-thing", target=venv)

    assert ran.code == 4, ran.err


@pytest.mark.parametrize("version", ["23.2.1", "24.3.1", "25.3"])
def test_older_pips_commit_as_well(guard: Guard, packages: Path, make_venv, tmp_path: Path, version: str) -> None:
    """safe-pip works with whatever pip lies beside it, from 23.2 on: the closed world is one that all of them know."""
    own = tmp_path / "own"
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-m", "venv", str(own)], check=True, env=guard.environ)
    # The machine's own configuration says where packages come from; the tests' environment has none.
    subprocess.run(
        [str(own / "bin" / "pip"), "install", "-q", str(root), f"pip=={version}"], check=True, env=dict(os.environ)
    )
    guarded, plain = make_venv("guarded"), make_venv("plain")
    from conftest import run

    path = next(packages.glob("app-*.whl"))
    options = ["--no-index", "-f", str(packages)]
    ran = run(
        [str(own / "bin" / "safe-pip"), "install", *options, "--advisories", str(guard.advisories), str(path)],
        {**guard.environ, "VIRTUAL_ENV": str(guarded.path)},
        guard.cwd,
    )

    assert ran.code == 0, ran.err
    done = run([str(own / "bin" / "pip"), "--python", plain.python, "install", *options, str(path)], guard.environ)
    assert done.code == 0, done.err
    assert guarded.inspect() == plain.inspect()
    assert guarded.files() == plain.files()
