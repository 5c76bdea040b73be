"""Another Python to choose files for: ``--platform``, ``--python-version``, ``--implementation`` and ``--abi``."""

from __future__ import annotations

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import FormatControl
from safe_pip.request.places import is_lock_file, split_extras
from safe_pip.request.values import Values
from safe_pip.target import Restriction

_OPTIONS = "--platform, --python-version, --implementation and --abi"
_ONLY_WHEELS = FormatControl(frozenset(), frozenset({":all:"}))


def read_restriction(values: Values, lock_files: list[str]) -> Restriction | None:
    """What the options say, None where none of them is given.

    lock_files: places that requirements and groups are read from. Raises UsageError for a version that is none, and
    where pip does not take the options: what is built, or put into the running Python, could not be for another one
    (pip: cli/cmdoptions.py, check_dist_restriction and _convert_python_version).
    """
    restriction = Restriction(
        _python_version(values.text("python_version") or ""),
        tuple(values.texts("platform")),
        tuple(values.texts("abi")),
        values.text("implementation"),
    )
    if not any(restriction):
        return None
    if values.format_control != _ONLY_WHEELS and not values.flag("no_deps"):
        raise UsageError(
            f"{_OPTIONS} need wheels only: nothing can be built for another Python.",
            "Add --only-binary=:all: (with no --no-binary), or --no-deps.",
        )
    if not any((values.flag("dry_run"), values.text("target_dir"), values.text("folder"))):
        raise UsageError(
            f"{_OPTIONS} cannot be used to install into {'this' if values.text('python') is None else 'that'} Python.",
            "Add --target DIR, or --dry-run.",
        )
    for place in lock_files:
        if is_lock_file(split_extras(place)[0]):
            raise UsageError(
                f"{_OPTIONS} cannot be used with the lock file {urls.redacted(place)}.",
                "It says by itself which files are for which Python.",
            )
    return restriction


def _python_version(text: str) -> tuple[int, ...]:
    """``3``, ``312``, ``3.12`` or ``3.12.1`` as numbers; none for an empty text."""
    if not text:
        return ()
    parts = text.split(".")
    if len(parts) == 1 and len(text) > 1:
        parts = [text[0], text[1:]]
    # No Python has numbers of many digits.
    if len(parts) > 3 or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise UsageError(
            f"--python-version {urls.shown(text)} is not a version of Python.", "Write 3, 3.12, 3.12.1 or 312."
        )
    return tuple(map(int, parts))
