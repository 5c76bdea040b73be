"""The last stage, and the only one that changes the target: pip installs the approved files, in a closed world.

pip is given an index of its own in the private folder that holds exactly the approved files with their hashes, and the
request with every version pinned. It then does what it always does (order, scripts, RECORD, REQUESTED, direct_url.json,
bytecode), so the environment is the one that plain pip would have made. There is no network for it and no build: the
index is a folder, the proxy leads nowhere, source archives are ruled out. Files named by URL are found in a wheel cache
of the private folder under their URL, which is how pip itself finds wheels it has at hand; it then records the URL
(PEP 610). See docs/explanation/commit.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safe_pip.commit.afterwards import check_installed, failure, installed_now
from safe_pip.commit.beforehand import check_files_unchanged, check_target_unchanged, target_lock
from safe_pip.commit.bytecode import compiling, write_bytecode
from safe_pip.commit.running import Interrupts, run_pip
from safe_pip.commit.world import arguments, environment, make_world
from safe_pip.model import Approved, Request

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
    with target_lock(target, cache):
        check_target_unchanged(target)
        check_files_unchanged(approved)
        world = approved.staged.folder / "world"
        surroundings = environment(environ)
        make_world(world, approved, request, pip_folder, surroundings)
        command = [target.executable, str(pip_folder / "__pip-runner__.py"), "install"]
        with Interrupts(say) as interrupts, compiling(approved, request, surroundings) as compilers:
            if compilers is not None:
                command.append("--no-compile")
            command += arguments(world, plan, request)
            code, output, warnings = run_pip(command, surroundings, interrupts)
            if code != 0:
                raise failure(code, plan, request, output, warnings, stopped=interrupts.count > 1)
            now = installed_now(request)
            check_installed(plan, request, now, output, warnings)
            if compilers is not None:
                warnings += write_bytecode(compilers.result(), approved, now or {})
    closing = _CLOSING_LINE.search(output)
    return Committed(closing[0] if closing else "", output, warnings, interrupts.count > 0)
