"""Programs that are asked many questions: each is imported once, in a process of its own, and forks for each question.

Half of what a run of pip on a small world costs is its imports. Here the test process starts this very file as a
program, which imports pip, or safe-pip, and answers over its standard streams; what answers is a fork that knows
nothing of earlier questions. Neither is ever imported into the process of the tests.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

_SECONDS = 240
"""After so long a question is given up, and its test fails."""


class Forked:
    """One program, ready to be asked. To be closed, and gone with the process that asks.

    program: "pip" or "safe_pip". python: the interpreter that it runs in. sources: the folder that the program lies in,
    for an interpreter that does not find it itself. environ: the environment of the program, cwd: its folder.
    """

    def __init__(self, program: str, python: str, sources: Path | None, environ: Mapping[str, str], cwd: Path) -> None:
        command = [python, str(Path(__file__)), program, str(sources or "")]
        self._process = subprocess.Popen(
            command, env=dict(environ), cwd=cwd, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, standard output and standard error of the program with these arguments."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        code, out, err = json.loads(self._process.stdout.readline())
        assert code >= 0, f"signal {-code} ended the answer to {arguments}: {err}"
        return code, out, err

    def close(self) -> None:
        """End the process."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


# --------------------------------------------------------------------------- in the process of the program


class _OnlyPip:
    """Finds pip where the one lies that is to be asked, and nothing else there (as in pip's __pip-runner__.py)."""

    def __init__(self, sources: str) -> None:
        self._sources = sources

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        return PathFinder.find_spec(name, [self._sources], None) if name == "pip" else None


def _pip() -> Callable[[list[str]], int]:
    """pip's entry point, with what a dry run imports."""
    import pip._internal.cli.autocompletion
    import pip._internal.commands.install
    import pip._internal.network.lazy_wheel
    import pip._internal.network.session
    import pip._internal.operations.prepare
    import pip._internal.resolution.resolvelib.resolver
    import pip._vendor.rich.progress
    from pip._internal.cli.main import main

    # What pip calls itself takes three other programs to find out, and changes no answer here.
    name = pip._internal.network.session.user_agent()
    pip._internal.network.session.user_agent = lambda: name
    return main


def _safe_pip() -> Callable[[list[str]], int]:
    """safe-pip's entry point, with what a dry run imports."""
    import safe_pip.cli.install  # noqa: F401
    from safe_pip.cli import main

    return main


def _serve(main: Callable[[list[str]], int]) -> None:
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                _answer(main, json.loads(line), out.fileno(), err.fileno())
            _, status = os.waitpid(child, 0)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode("utf-8", "replace"))
        print(json.dumps([os.waitstatus_to_exitcode(status), *texts]), flush=True)


def _answer(main: Callable[[list[str]], int], arguments: list[str], out: int, err: int) -> None:
    """Be the program: the end of this is the end of the process."""
    code = 70
    try:
        signal.alarm(_SECONDS)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.argv = ["program", *arguments]
        code = main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(code)


if __name__ == "__main__":
    # This file's own folder must not shadow a module of the program.
    sys.path.pop(0)
    if sys.argv[2]:
        sys.meta_path.insert(0, _OnlyPip(sys.argv[2]))  # type: ignore[arg-type]
    _serve(_pip() if sys.argv[1] == "pip" else _safe_pip())
