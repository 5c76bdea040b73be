"""Commands that are pip's business alone: this process becomes pip, with the same arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from safe_pip.errors import SafePipError


def run(before: Sequence[str], command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the target's pip. Does not return on POSIX, where the process becomes pip."""
    try:
        words = [*_pip(environ), *before, *command]
    except SafePipError as error:
        from safe_pip.cli.console import Screen
        from safe_pip.report.text import error_lines

        screen = Screen(environ)
        screen.show(error_lines(error.message, (), error.hint, screen.style))
        return error.exit_code
    if os.name == "posix":
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(words[0], words, dict(environ))  # noqa: S606 - there is no shell in between
    return subprocess.run(words, env=dict(environ), check=False).returncode


def _pip(environ: Mapping[str, str]) -> list[str]:
    """How to start the pip that a person would get by typing ``pip``.

    The script is run by its path. ``python -m pip`` would look for pip in the current folder first, where anybody
    may have put one.
    """
    active = environ.get("VIRTUAL_ENV")
    folder = os.path.join(active, "bin") if active else os.path.dirname(sys.executable)
    python = os.path.join(folder, "python") if active else sys.executable
    script = os.path.join(folder, "pip")
    if os.path.exists(python) and os.path.exists(script):
        return [python, script]
    from safe_pip.request.default_index import pip_folder
    from safe_pip.target.interpreter import find_interpreter

    target = find_interpreter(None, environ)
    runner = str(pip_folder() / "__pip-runner__.py")
    return [sys.executable, runner] if target == sys.executable else [sys.executable, runner, "--python", target]
