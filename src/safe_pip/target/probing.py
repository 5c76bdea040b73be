"""Asking an interpreter what it is, by a script that it runs without its site code (``probe.py``)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import packaging

from safe_pip.errors import TargetError
from safe_pip.model import Target
from safe_pip.target.distributions import read_installed

_Read = TypeVar("_Read")
OLDEST_PYTHON = (3, 10)
_PROBE_SECONDS = 60
_PROBE = Path(__file__).with_name("probe.py")
_begun: dict[str, subprocess.Popen[bytes]] = {}


class Restriction(NamedTuple):
    """Another Python that files are chosen for; what is empty or None is that of the target.

    python: one to three numbers of its version. platforms, abis: names as in wheel tags, in order of preference.
    implementation: such as cp or pp.
    """

    python: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    abis: tuple[str, ...] = ()
    implementation: str | None = None


def begin_probe(executable: str) -> None:
    """Start to ask an interpreter what it is; ``probe`` waits for the answer. What goes wrong is told there."""
    with suppress(OSError, ValueError):
        _begun[executable] = _started(executable)


def probe(executable: str) -> Target:
    """Ask an interpreter what it is, and read what is installed for it.

    executable: its path. The interpreter is started with ``-I -S``: no ``.pth`` file, no sitecustomize, no
    environment variable of Python's is obeyed. Raises TargetError where it cannot be used.
    """
    return _ask(executable, lambda answer: _target(executable, answer))


def restricted(target: Target, restriction: Restriction) -> Target:
    """The target as far as the choice of files goes: with the wheel tags, and the version for Requires-Python, of
    another Python. Markers stay those of the interpreter, as pip has it. Raises TargetError.

    The interpreter is asked, since what is not restricted is its own (pip: models/target_python.py).
    """
    tags = _ask(target.executable, lambda answer: answer["tags"], json.dumps(restriction._asdict()))
    version = (*restriction.python, 0, 0)[:3] if restriction.python else target.version_info
    return replace(target, tags=tuple(tags), version_info=(version[0], version[1], version[2]))


def _started(executable: str, *restriction: str) -> subprocess.Popen[bytes]:
    command = [executable, "-I", "-S", str(_PROBE), str(Path(packaging.__file__).parent), *restriction]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _ask(executable: str, read: Callable[[Any], _Read], *restriction: str) -> _Read:
    """What the probe answers, run by an interpreter and read; for another Python if there is a restriction, in JSON.

    Raises TargetError, also where ``read`` does not find what it looks for.
    """
    try:
        run = _begun.pop(executable, None) if not restriction else None
        run = run or _started(executable, *restriction)
        with run:
            try:
                out, err = run.communicate(timeout=_PROBE_SECONDS)
            except BaseException:
                run.kill()
                raise
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise TargetError(
            f"{executable} cannot be run: {_reason(error)}", "Give a working interpreter with --python PATH."
        ) from error
    try:
        answer = json.loads(out)
        version_info = tuple(answer["version_info"])
        if version_info < OLDEST_PYTHON:
            raise TargetError(
                f"{executable} is Python {answer['version']}, and safe-pip installs into Python 3.10 and newer.",
                "Give another interpreter with --python PATH.",
            )
        return read(answer)
    except (ValueError, TypeError, KeyError) as error:
        words = err.decode("utf-8", "replace").strip().splitlines()
        reason = (words[-1] if words[0].startswith("Traceback") else words[0]) if words else "it said nothing of use"
        raise TargetError(
            f"{executable} does not answer as a Python interpreter (exit code {run.returncode}): {reason}",
            "safe-pip installs into Python 3.10 and newer; give another interpreter with --python PATH.",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it did not answer within {error.timeout:g} seconds."
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else f"{error}."


def _target(executable: str, answer: Any) -> Target:
    return Target(
        executable=answer["executable"] or executable,
        version=answer["markers"]["python_full_version"],
        version_info=tuple(answer["version_info"]),
        platform=answer["platform"],
        prefix=answer["prefix"],
        is_virtual=answer["is_virtual"],
        markers=answer["markers"],
        tags=tuple(answer["tags"]),
        site_packages=answer["site_packages"],
        user_site=answer["user_site"],
        externally_managed=answer["externally_managed"],
        installed=read_installed(answer["search_path"], answer["user_site"]),
        search_path=tuple(answer["search_path"]),
    )
