"""Which interpreter is installed into: what ``--python`` names, the active environment, or our own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from safe_pip.errors import TargetError


def find_interpreter(python: str | None, environ: Mapping[str, str]) -> str:
    """The path of the interpreter to install into.

    python: what ``--python`` says, a path to an interpreter or to an environment's folder (pip: cli/main_parser.py).
    Without it: the active virtual environment (``VIRTUAL_ENV``), else the interpreter that runs safe-pip.
    Raises TargetError where there is none.
    """
    if python is not None:
        found = _interpreter_at(python)
        if found is None and os.path.isfile(os.path.join(python, "pyvenv.cfg")):
            raise TargetError(
                f"--python {python}: the interpreter of this virtual environment is gone.",
                "Make the environment anew: the Python that it was made with may have been removed.",
            )
        if found is None:
            raise TargetError(
                f"--python {python}: there is no such interpreter or environment.",
                "Give the path of a Python interpreter, or of the folder of a virtual environment.",
            )
        return found
    active = environ.get("VIRTUAL_ENV")
    if active:
        found = _interpreter_at(active)
        if found is None:
            raise TargetError(
                f"VIRTUAL_ENV points to {active}, where there is no Python interpreter.",
                "Activate an environment that exists, run `deactivate`, or give --python PATH.",
            )
        return found
    return sys.executable


def _interpreter_at(place: str) -> str | None:
    path = os.path.expanduser(place)
    if os.path.isdir(path):
        for name in ("bin/python", "Scripts/python.exe"):
            candidate = os.path.join(path, name)
            if os.path.exists(candidate):
                return os.path.abspath(candidate)
        return None
    return os.path.abspath(path) if os.path.exists(path) else None
