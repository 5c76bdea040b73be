"""Bytecode, compiled beside pip instead of by it: the same files as pip's, on every core, while pip still unpacks."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from packaging.utils import NormalizedName

from safe_pip.model import Approved, InstalledDistribution, Request, Target

_COMPILER = Path(__file__).with_name("compiler.py")
_MOST_PROCESSES = 8
_LEAST_BYTES = 256 * 1024
"""Bytes of source that are worth a process of their own."""

# With any of these pip would write other files, or elsewhere (py_compile, importlib.util.cache_from_source).
_CHANGES_BYTECODE = ("SOURCE_DATE_EPOCH", "PYTHONPYCACHEPREFIX", "PYTHONOPTIMIZE")


@contextmanager
def compiling(approved: Approved, request: Request, environ: Mapping[str, str]) -> Iterator[Future[Compilers] | None]:
    """Compilers that start while pip does; None where pip is to write bytecode by itself, or none."""
    if not _is_plain(request, environ):
        yield None
        return
    wheels = [approved.staged.files[item.name].path for item in approved.plan.install]
    with ThreadPoolExecutor(1) as pool:
        compilers = pool.submit(Compilers, request.target, wheels, approved.staged.folder, environ)
        try:
            yield compilers
        finally:
            if compilers.exception() is None:
                compilers.result().stop()


def write_bytecode(
    compilers: Compilers, approved: Approved, now: Mapping[NormalizedName, InstalledDistribution]
) -> str:
    """Have the bytecode of what was installed written. Returns what a person should know, as lines."""
    names = {str(approved.staged.files[item.name].path): item.name for item in approved.plan.install}
    failed = compilers.finish({wheel: now[name].info_path for wheel, name in names.items() if name in now}).failed
    return "".join(f"No bytecode was written for {names[wheel]} ({reason}).\n" for wheel, reason in failed.items())


def _is_plain(request: Request, environ: Mapping[str, str]) -> bool:
    """Whether pip would write bytecode, and beside the modules as they lie in the target, so that we can."""
    destination = request.destination
    elsewhere = (destination.target_dir, destination.prefix, destination.root)
    return (
        not any(elsewhere)
        and not destination.user
        and "--no-compile" not in destination.pip_options
        and not any(environ.get(name) for name in _CHANGES_BYTECODE)
    )


class Compiled(NamedTuple):
    """What came of it. ahead, late: modules compiled before and after they were installed. failed: reasons by wheel."""

    ahead: int = 0
    late: int = 0
    failed: Mapping[str, str] = {}


class Compilers:
    """Processes of the target's interpreter, without its site code, that compile the modules of approved wheels.

    target: whose interpreter. wheels: the approved files. folder: the private folder, for what they are told.
    """

    def __init__(self, target: Target, wheels: Iterable[Path], folder: Path, environ: Mapping[str, str]) -> None:
        sizes = {str(wheel): _source_bytes(wheel) for wheel in wheels}
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = 1 + sum(sizes.values()) // _LEAST_BYTES
        self._shares = _shared_out(sizes, min(cores, _MOST_PROCESSES, wanted))
        self._processes = []
        for number, share in enumerate(self._shares):
            jobs = folder / f"compile-{number}.json"
            jobs.write_text(json.dumps([(wheel, target.site_packages) for wheel in share]), "utf-8")
            self._processes.append(
                subprocess.Popen(
                    [target.executable, "-I", "-S", str(_COMPILER), str(jobs), target.prefix],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=dict(environ),
                    text=True,
                    encoding="utf-8",
                    start_new_session=True,
                )
            )

    def finish(self, installed: Mapping[str, str]) -> Compiled:
        """Write all bytecode, now that pip is done, and wait for it. installed: ``.dist-info`` folders by wheel."""
        with ThreadPoolExecutor(max(len(self._processes), 1)) as pool:
            answers = list(pool.map(_finish, self._processes, self._shares, [installed] * len(self._shares)))
        failed = {wheel: reason for answer in answers for wheel, reason in answer.failed.items()}
        return Compiled(sum(answer.ahead for answer in answers), sum(answer.late for answer in answers), failed)

    def stop(self) -> None:
        """End what still runs; what has not been written stays unwritten."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _finish(process: subprocess.Popen[str], share: Sequence[str], installed: Mapping[str, str]) -> Compiled:
    told = {wheel: installed[wheel] for wheel in share if wheel in installed}
    output, _ = process.communicate(json.dumps(told) + "\n")
    try:
        return Compiled(**json.loads(output))
    except (ValueError, TypeError):
        return Compiled(failed=dict.fromkeys(told, f"the compiler ended with {process.returncode}"))


def _source_bytes(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        return sum(member.file_size for member in archive.infolist() if member.filename.endswith(".py"))


def _shared_out(sizes: Mapping[str, int], shares: int) -> list[list[str]]:
    """The wheels in shares of about equal size, the largest first."""
    found: list[list[str]] = [[] for _ in range(shares)]
    loads = [0] * shares
    for wheel in sorted(sizes, key=lambda wheel: (-sizes[wheel], wheel)):
        if sizes[wheel]:
            least = loads.index(min(loads))
            found[least].append(wheel)
            loads[least] += sizes[wheel]
    return [share for share in found if share]
