"""The guard killed at any moment before the commit: the environment is as it was, and the next run works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import Answer, Asked, FakeIndex, FakeOsv, advisory, wheel

STAGES = ["page", "metadata", "download", "advisories"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stage", STAGES)
def test_killed(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, stage: str, how: signal.Signals) -> None:
    """A server that never answers at one stage holds the guard there while it is killed."""
    demo = index.add(wheel(tmp_path / "files", "demo", "1.0", padding=200_000))
    before = venv.snapshot()
    reached: list[Asked] = []

    def stall(asked: Asked) -> Answer | None:
        if stage == "metadata" and "range" not in asked.headers:
            return None
        if stage == "download" and "range" in asked.headers:
            return None
        reached.append(asked)
        return Answer(b"", delay=60)

    with FakeOsv([advisory("PYSEC-2026-1", "weak")]) as osv:
        server, path = {
            "page": (index, index.page("demo")),
            "metadata": (index, index.file(demo)),
            "download": (index, index.file(demo)),
            "advisories": (osv, "/PyPI/all.zip"),
        }[stage]
        server.override(path, stall)
        command = [sys.executable, "-m", "safe_pip", "install", "--index-url", index.url, "demo"]
        environ = {**guard.environ, "VIRTUAL_ENV": str(venv.path), "SAFE_PIP_OSV_BULK_URL": osv.base}
        with _started(command, environ, guard) as process:
            _wait(lambda: bool(reached), process)
            time.sleep(0.3)  # let what runs beside the stalled request come to rest
            os.kill(process.pid, how)
            _, said = process.communicate(timeout=30)

        assert venv.snapshot() == before
        if how is signal.SIGINT:
            assert process.returncode == 130
            assert "Interrupted. Nothing was installed." in said
            assert "Traceback" not in said
        else:
            assert process.returncode == -how

        server.restore(path)
        ran = guard("install", "--index-url", index.url, "demo", target=venv, SAFE_PIP_OSV_BULK_URL=osv.base)

    assert (ran.code, ran.out) == (0, "Successfully installed demo-1.0\n"), ran.err
    staging = Path(guard.environ["SAFE_PIP_CACHE_DIR"]) / "staging"
    assert list(staging.iterdir()) == []


def _started(command: list[str], environ: dict[str, str], guard: Guard) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=environ,
        cwd=guard.cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,
    )


def _interruptible() -> None:
    """Who runs the tests in the background has SIGINT ignored, which a child inherits."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait(condition: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("how", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=str)
def test_stopped_while_pip_installs(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path, how: list[signal.Signals]
) -> None:
    """Once: what has begun is finished, and said so. Twice: pip is stopped, and what state things are in is told.

    A .pth file of the target, which runs when pip starts, holds pip at its beginning.
    """
    index.add(wheel(tmp_path / "files", "demo", "1.0"))
    mark = tmp_path / "mark"
    hold = f"import pathlib, time; m = pathlib.Path({str(mark)!r}); m.exists() or (m.touch(), time.sleep(5))\n"
    (venv.site_packages / "hold.pth").write_text(hold)
    command = [sys.executable, "-m", "safe_pip", "install", "--index-url", index.url, "demo"]
    command += ["--advisories", str(guard.advisories)]
    environ = {**guard.environ, "VIRTUAL_ENV": str(venv.path)}
    with _started(command, environ, guard) as process:
        _wait(mark.exists, process)
        for number in how:
            os.kill(process.pid, number)
            time.sleep(0.5)  # two signals of one kind that arrive together are one
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "Finishing the install; press Ctrl-C again to stop it half-way." in said
    assert "Nothing was installed" not in said
    if len(how) == 1:
        assert venv.freeze() == ["demo==1.0"]
        assert "Done: 1 package installed" in said
    else:
        assert venv.freeze() == []
        assert "The install was stopped half-way" in " ".join(said.split())
        assert "No package was installed or removed." in " ".join(said.split())


def test_interrupted_before_the_command_can_say_so(guard: Guard, venv: Venv, tmp_path: Path) -> None:
    """Ctrl-C while pip's configuration is first read, which is before the rest of the program is even there."""
    pipe = tmp_path / "pip.conf"
    os.mkfifo(pipe)
    with (
        subprocess.Popen(
            [sys.executable, "-m", "safe_pip", "install", "demo"],
            env={**guard.environ, "VIRTUAL_ENV": str(venv.path), "PIP_CONFIG_FILE": str(pipe)},
            cwd=guard.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_interruptible,
        ) as process,
        pipe.open("w"),
    ):  # waits until the program reads
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert said == "Interrupted.\n"
