"""The index that pip uses where nothing else is configured: pip is asked, no host is written here."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from safe_pip.errors import UsageError

_SECONDS = 60
_VERSION = re.compile(r"^__version__ = [\"'](\d+(?:\.\d+)*)", re.MULTILINE)
_QUESTION = """
import sys
sys.path.insert(0, sys.argv[1])
from pip._internal.models.index import PyPI
print(PyPI.simple_url)
print(PyPI.file_storage_domain)
"""


class DefaultIndex(NamedTuple):
    """The base URL of pip's built-in index, and the host that serves its files."""

    url: str
    file_host: str


@cache
def pip_folder() -> Path:
    """The folder of the pip that safe-pip runs, found without importing it. Raises UsageError where there is none."""
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        raise UsageError(
            "There is no pip beside safe-pip.", f"Run `{sys.executable} -m ensurepip` in the environment of safe-pip."
        )
    return Path(spec.origin).parent


@cache
def pip_version() -> tuple[int, ...]:
    """The version of the pip that safe-pip runs, read from its source; empty where it is not there."""
    try:
        found = _VERSION.search((pip_folder() / "__init__.py").read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(map(int, found[1].split("."))) if found else ()


@cache
def begin_default_index() -> subprocess.Popen[str] | None:
    """Start asking the pip beside safe-pip for its built-in index, in a process of its own; None where that fails.

    ``default_index`` waits for the answer; where nobody does, the process ends by itself.
    """
    command = [sys.executable, "-I", "-S", "-c", _QUESTION, str(pip_folder().parent)]
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return None


@cache
def default_index() -> DefaultIndex:
    """The index that the pip beside safe-pip is built for. Raises UsageError."""
    process = begin_default_index()
    lines: list[str] = []
    if process is not None:
        try:
            lines = process.communicate(timeout=_SECONDS)[0].split()
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    if process is None or process.returncode != 0 or len(lines) != 2:
        raise UsageError("pip could not be asked for its default index.", "Give one with --index-url URL.")
    return DefaultIndex(*lines)
