"""Options of a guarded command that cannot be used together, or not with this target."""

from __future__ import annotations

import os

from safe_pip.errors import TargetError, UsageError
from safe_pip.model import Target
from safe_pip.request.default_index import pip_version
from safe_pip.request.values import Values

# The first pip that has --only-deps; it is pip that leaves out what was named, in the last step.
_ONLY_DEPS_SINCE = (26, 3)


def check_only_deps(values: Values) -> None:
    """What cannot be used with --only-deps (pip: cli/cmdoptions.py, check_only_deps_option_does_not_conflict)."""
    if not values.flag("only_deps"):
        return
    others = {
        "--no-deps": values.flag("no_deps"),
        "--requirement": values.texts("requirement_files"),
        "--requirements-from-script": values.texts("script"),
        "--group": values.texts("group"),
    }
    for option, given in others.items():
        if given:
            raise UsageError(
                f"--only-deps and {option} cannot be used together.",
                "--only-deps is for packages that are named on the command line.",
            )
    if values.command == "install" and not values.flag("dry_run") and pip_version() < _ONLY_DEPS_SINCE:
        raise UsageError(
            "--only-deps needs pip 26.3 or newer beside safe-pip.", "Upgrade the pip that safe-pip runs with."
        )


def check_destination(values: Values, target: Target) -> None:
    """The conflicts of options and target that pip finds before it does anything (commands/install.py, run)."""
    elsewhere = [option for option in ("target_dir", "prefix", "root", "folder") if values.text(option)]
    if values.flag("user"):
        for option, flag in (("target_dir", "--target"), ("prefix", "--prefix")):
            if values.text(option):
                raise UsageError(f"--user and {flag} cannot be used together.", "They name different places.")
        if target.user_site is None:
            raise UsageError(
                "--user cannot be used with this interpreter: its user site-packages are not visible.",
                "Leave --user out to install into the environment itself.",
            )
    if values.flag("require_virtualenv") and not target.is_virtual:
        raise UsageError(
            f"{target.executable} is not in a virtual environment, and --require-virtualenv asks for one.",
            "Activate an environment, or give one with --python PATH.",
        )
    # pip makes the same exception for who only wants to know what would be installed.
    elsewhere += ["report"] if values.flag("dry_run") and values.text("pip_report") else []
    if target.externally_managed is not None and not elsewhere and not values.flag("break_system_packages"):
        advice = f"\n{target.externally_managed}" if target.externally_managed else ""
        raise TargetError(
            f"{target.executable} is managed by the system (PEP 668), so nothing may be installed into it.{advice}",
            "Use a virtual environment, or override with --break-system-packages.",
        )
    folder = values.text("target_dir")
    if folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise UsageError(f"--target {folder}: there is a file of that name.", "Give a folder, or a name not used yet.")
