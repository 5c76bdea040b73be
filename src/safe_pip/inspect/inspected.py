"""What the bytes of staged files show: facts, what does not agree with the plan, and what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename

from safe_pip.facts import FileFacts
from safe_pip.inspect.core_metadata import differences
from safe_pip.inspect.looking import Looks
from safe_pip.model import CoreMetadata, Mismatch, Plan, PlannedInstall, Staged, Unchecked
from safe_pip.versions import parsed


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found in the files of a plan, by name. mismatches: of a wheel's METADATA with what was resolved."""

    files: Mapping[NormalizedName, FileFacts] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()


def inspected(plan: Plan, staged: Staged, looks: Looks) -> Inspected:
    """Look at every staged file of a plan; all are begun before the first is waited for."""
    here = [(item, staged.files[item.name]) for item in plan.install if item.name in staged.files]
    for item, file in here:
        looks.begin(item.file, file.path, file.sha256, item.name)
    files: dict[NormalizedName, FileFacts] = {}
    mismatches: list[Mismatch] = []
    unchecked: list[Unchecked] = []
    for item, file in here:
        try:
            found = looks.facts(item.file, file.path, file.sha256, item.name)
        except OSError as error:
            unchecked.append(_unreadable(item, str(error)))
            continue
        files[item.name] = found
        if found.metadata is not None:
            mismatches += _mismatches(item, found.metadata)
        if found.unreadable:
            unchecked.append(_unreadable(item, found.unreadable))
    return Inspected(files, tuple(mismatches), tuple(unchecked))


def _unreadable(item: PlannedInstall, reason: str) -> Unchecked:
    reason = f"{item.file.filename} cannot be inspected: {reason}"
    return Unchecked("unreadable-file", item.name, item.version, reason, "Do not use this file.")


def _mismatches(item: PlannedInstall, own: CoreMetadata) -> Iterator[Mismatch]:
    """Compare a staged wheel's own METADATA with what was resolved and with the file's name."""
    for what, expected, actual in differences(item.metadata, own) or _against_name(item.file.filename, own):
        yield Mismatch("metadata-mismatch", item.name, item.version, item.file.filename, what, expected, actual)


def _against_name(filename: str, own: CoreMetadata) -> Iterator[tuple[str, str, str]]:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except ValueError:
        return
    if canonicalize_name(own.name) != name:
        yield "Name", f"{name} (its file name)", own.name
    if parsed(own.version) != version:
        yield "Version", f"{version} (its file name)", own.version
