"""The last stage, and the only one that changes the target: pip installs the approved files, in a closed world.

pip is given an index of its own in the private folder that holds exactly the approved files with their hashes, and the
request with every version pinned. It then does what it always does (order, scripts, RECORD, REQUESTED, direct_url.json,
bytecode), so the environment is the one that plain pip would have made. There is no network for it and no build: the
index is a folder, the proxy leads nowhere, source archives are ruled out. Files named by URL are found in a wheel cache
of the private folder under their URL, which is how pip itself finds wheels it has at hand; it then records the URL
(PEP 610). See docs/explanation/commit.md.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
from packaging.utils import NormalizedName

from safe_pip.commit.bytecode import Compilers, is_plain
from safe_pip.commit.world import arguments, environment, make_world
from safe_pip.digests import sha256_of
from safe_pip.errors import CommitError, CommitInterrupted, IncompleteError
from safe_pip.model import Approved, InstalledDistribution, Plan, PlannedInstall, Request, Target
from safe_pip.target.distributions import STANDARD_LIBRARY, read_installed
from safe_pip.versions import parsed

_LOCK_SECONDS = 600
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CLOSING_LINE = re.compile(r"^Successfully installed .*$", re.MULTILINE)


@dataclass(frozen=True)
class Committed:
    """What pip did. closing_line: its own last word, empty where it had nothing to do. output: all it wrote.

    interrupted: whether the user pressed Ctrl-C meanwhile; the install was finished first.
    """

    closing_line: str
    output: str
    warnings: str
    interrupted: bool = False


def commit(
    approved: Approved,
    request: Request,
    *,
    pip_folder: Path,
    cache: Path,
    environ: Mapping[str, str],
    say: Callable[[str], None] = lambda _: None,
) -> Committed:
    """Have pip install the approved files. Nothing else can be passed: only an Approved verdict is accepted.

    pip_folder: the folder of the pip beside safe-pip. cache: safe-pip's cache folder, for the lock of the target.
    environ: the environment pip runs in, less everything that configures pip. say: told what a person should know.
    Raises CommitError where pip fails, IncompleteError where the target or a staged file has changed meanwhile.
    """
    plan, target = approved.plan, request.target
    if not plan.install:
        return Committed("", "", "")
    with _target_lock(target, cache):
        _check_target_unchanged(target)
        _check_files_unchanged(approved)
        world = approved.staged.folder / "world"
        surroundings = environment(environ)
        make_world(world, approved, request, pip_folder, surroundings)
        command = [target.executable, str(pip_folder / "__pip-runner__.py"), "install"]
        with _Interrupts(say) as interrupts, _compiling(approved, request, surroundings) as compilers:
            if compilers is not None:
                command.append("--no-compile")
            command += arguments(world, plan, request)
            code, output, warnings = _run(command, surroundings, interrupts)
            if code != 0:
                raise _failure(code, interrupts, plan, request, output, warnings)
            now = _installed_now(request)
            _check_installed(plan, request, now, output, warnings)
            if compilers is not None:
                warnings += _compile(compilers.result(), approved, now or {})
    closing = _CLOSING_LINE.search(output)
    return Committed(closing[0] if closing else "", output, warnings, interrupts.count > 0)


# --------------------------------------------------------------------------- before


@contextmanager
def _target_lock(target: Target, cache: Path) -> Iterator[None]:
    """One safe-pip at a time changes one target."""
    folder = cache / "locks"
    name = hashlib.sha256(os.path.realpath(target.prefix).encode()).hexdigest()[:24]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        lock.acquire(timeout=_LOCK_SECONDS)
    except filelock.Timeout as error:
        raise IncompleteError(
            f"Another safe-pip has been installing into {target.prefix} for {_LOCK_SECONDS // 60} minutes.",
            "Wait for it, or end it, and run the same command again.",
        ) from error
    except OSError as error:
        raise IncompleteError(f"No lock can be taken in {folder}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()


def _check_target_unchanged(target: Target) -> None:
    """What was resolved against must still be what is installed."""
    now = read_installed(target.search_path, target.user_site)
    before = {name: (item.raw_version, item.info_path) for name, item in target.installed.items()}
    after = {name: (item.raw_version, item.info_path) for name, item in now.items()}
    if before != after:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        raise IncompleteError(
            f"The environment has changed while it was checked ({', '.join(changed[:5])}). Nothing was installed.",
            "Run the same command again.",
        )


def _check_files_unchanged(approved: Approved) -> None:
    """The bytes that were approved must still be there, to the last one."""
    for item in approved.plan.install:
        file = approved.staged.files[item.name]
        if sha256_of(file.path) != file.sha256:
            raise IncompleteError(
                f"{file.path.name} has changed since it was approved. Nothing was installed.",
                "Find out what writes into safe-pip's cache folder before you try again.",
            )


# --------------------------------------------------------------------------- bytecode


@contextmanager
def _compiling(approved: Approved, request: Request, environ: Mapping[str, str]) -> Iterator[Future[Compilers] | None]:
    """Compilers that start while pip does; None where pip is to write bytecode by itself, or none."""
    if not is_plain(request, environ):
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


def _compile(compilers: Compilers, approved: Approved, now: Mapping[NormalizedName, InstalledDistribution]) -> str:
    """Have the bytecode of what was installed written. Returns what a person should know, as lines."""
    names = {str(approved.staged.files[item.name].path): item.name for item in approved.plan.install}
    failed = compilers.finish({wheel: now[name].info_path for wheel, name in names.items() if name in now}).failed
    return "".join(f"No bytecode was written for {names[wheel]} ({reason}).\n" for wheel, reason in failed.items())


# --------------------------------------------------------------------------- pip


class _Interrupts:
    """Ctrl-C, a request to end and a lost terminal are counted, not obeyed at once, while this lasts.

    To stop half-way would leave a package removed and not replaced. The second one is passed on to pip.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.count = 0
        self.process: subprocess.Popen[str] | None = None
        self._say = say
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Interrupts:
        # Only the main thread may do so, and only there do signals arrive.
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _received(self, number: int, _: object) -> None:
        self.count += 1
        if self.count == 1:
            self._say("Finishing the install; press Ctrl-C again to stop it half-way.")
        elif self.process is not None:
            self.process.send_signal(signal.SIGINT)


def _run(command: list[str], environment: Mapping[str, str], interrupts: _Interrupts) -> tuple[int, str, str]:
    """Run pip to its end: exit code, and what it wrote to stdout and to stderr.

    pip has a session of its own, so that Ctrl-C in the terminal does not reach it.
    """
    try:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CommitError(
            f"pip cannot be started with {command[0]}: {error.strerror or error}. Nothing was installed."
        ) from error
    interrupts.process = process
    with process:
        output, warnings = process.communicate()
    return process.returncode, output, warnings


def _failure(
    code: int, interrupts: _Interrupts, plan: Plan, request: Request, output: str, warnings: str
) -> CommitError:
    kind = CommitInterrupted if interrupts.count > 1 else CommitError
    what = "The install was stopped half-way" if interrupts.count > 1 else "pip failed while installing"
    return kind(
        f"{what} (pip's exit code: {code}). {_state(plan, request)}",
        "pip's own words follow with -v.",
        output=f"{output}\n{warnings}".strip(),
    )


# --------------------------------------------------------------------------- after


def _installed_now(request: Request) -> Mapping[NormalizedName, InstalledDistribution] | None:
    """What is in the target now, by name; None where pip was told to put the files elsewhere."""
    destination, target = request.destination, request.target
    if destination.root is not None or destination.prefix is not None:
        return None
    if destination.target_dir is not None:
        return read_installed([str(destination.target_dir)])
    # Folders that the install itself has made were not on the path before; the user's comes first, as site has it.
    made = [place for place in (target.user_site, target.site_packages) if place and place not in target.search_path]
    return read_installed([*made, *target.search_path])


def _check_installed(
    plan: Plan,
    request: Request,
    now: Mapping[NormalizedName, InstalledDistribution] | None,
    output: str,
    warnings: str,
) -> None:
    """pip said that all went well: every version of the plan must be there, and nothing else with it."""
    if now is None or request.destination.target_dir is not None:
        return
    missing = [
        f"{item.name} {item.version}"
        for item in plan.install
        if item.name not in STANDARD_LIBRARY and not _is_there(item, now.get(item.name))
    ]
    known = {item.name for item in plan.install} | request.target.installed.keys()
    surplus = sorted(name for name in now if name not in known)
    problem = (
        f"the environment does not hold {', '.join(missing)}"
        if missing
        else f"{', '.join(surplus)} came along, which nobody has checked"
    )
    if missing or surplus:
        raise CommitError(
            f"pip reported success, but {problem}. {_state(plan, request)}",
            "Look at pip's own words with -v, and check the environment with `safe-pip check`.",
            output=f"{output}\n{warnings}".strip(),
        )


def _is_there(item: PlannedInstall, there: InstalledDistribution | None) -> bool:
    """Whether a distribution is the planned one; a version may be spelled otherwise in the file's name."""
    if there is None or there.version is None:
        return there is not None and there.raw_version == item.version
    return there.version == parsed(item.version)


def _state(plan: Plan, request: Request) -> str:
    """What state the environment is in after a failure, in a sentence or two."""
    now = _installed_now(request)
    if now is None:
        return "What was written below --root or --prefix may be incomplete."
    states: dict[str, list[str]] = {"Installed": [], "Not installed": [], "Half installed": [], "Removed": []}
    for item in plan.install:
        if item.name in STANDARD_LIBRARY:
            continue  # pip does not count it as installed, and it is not read
        there = now.get(item.name)
        if there is None:
            states["Removed" if item.replaces is not None else "Not installed"].append(item.name)
        elif not _is_there(item, there):
            states["Not installed"].append(item.name)
        elif _is_complete(there):
            states["Installed"].append(f"{item.name} {item.version}")
        else:
            states["Half installed"].append(f"{item.name} {item.version}")
    if not any(names for state, names in states.items() if state != "Not installed"):
        return "No package was installed or removed."
    return " ".join(f"{state}: {', '.join(names)}." for state, names in states.items() if names)


def _is_complete(distribution: InstalledDistribution) -> bool:
    """Whether pip finished with a distribution: it writes INSTALLER after everything else is in place."""
    return (Path(distribution.info_path) / "INSTALLER").is_file()
