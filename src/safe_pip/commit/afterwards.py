"""What the target holds after pip has run: what there should be and nothing else, or what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip.errors import CommitError, CommitInterrupted
from safe_pip.model import InstalledDistribution, Plan, PlannedInstall, Request
from safe_pip.target.distributions import STANDARD_LIBRARY, read_installed
from safe_pip.versions import parsed


def installed_now(request: Request) -> Mapping[NormalizedName, InstalledDistribution] | None:
    """What is in the target now, by name; None where pip was told to put the files elsewhere."""
    destination, target = request.destination, request.target
    if destination.root is not None or destination.prefix is not None:
        return None
    if destination.target_dir is not None:
        return read_installed([str(destination.target_dir)])
    # Folders that the install itself has made were not on the path before; the user's comes first, as site has it.
    made = [place for place in (target.user_site, target.site_packages) if place and place not in target.search_path]
    return read_installed([*made, *target.search_path])


def check_installed(
    plan: Plan,
    request: Request,
    now: Mapping[NormalizedName, InstalledDistribution] | None,
    output: str,
    warnings: str,
) -> None:
    """pip said that all went well: every version of the plan must be there, and nothing else with it.

    now: what is in the target, None where that is not known. Raises CommitError.
    """
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


def failure(code: int, plan: Plan, request: Request, output: str, warnings: str, *, stopped: bool) -> CommitError:
    """The error to raise where pip did not end well, with the state that it leaves behind.

    code: pip's exit code. output, warnings: what it wrote. stopped: whether the user had it stopped half-way.
    """
    kind = CommitInterrupted if stopped else CommitError
    what = "The install was stopped half-way" if stopped else "pip failed while installing"
    return kind(
        f"{what} (pip's exit code: {code}). {_state(plan, request)}",
        "pip's own words follow with -v.",
        output=f"{output}\n{warnings}".strip(),
    )


def _is_there(item: PlannedInstall, there: InstalledDistribution | None) -> bool:
    """Whether a distribution is the planned one; a version may be spelled otherwise in the file's name."""
    if there is None or there.version is None:
        return there is not None and there.raw_version == item.version
    return there.version == parsed(item.version)


def _state(plan: Plan, request: Request) -> str:
    """What state the environment is in after a failure, in a sentence or two."""
    now = installed_now(request)
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
