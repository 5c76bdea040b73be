"""Which finding codes each kind of audit input can tell, and what is said where it cannot: never nothing.

``COVERAGE`` is the one table; docs/explanation/policy.md shows it, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from safe_pip.codes import CODES, CODES_OF_INSTALLED
from safe_pip.inventory import AuditInput, InputKind, Inventory
from safe_pip.model import Unchecked
from safe_pip.settings import LICENSE_CODES, Settings

Input = Literal["resolved", "installed", "locked", "listed"]
"""What is resolved (``-r``, a project); what is installed; what a lock file or an SBOM names; requirements that are
taken as they stand (``--no-deps``)."""
Told = Literal["yes", "asked", "no", "never"]
"""yes: looked for wherever it weighs something. asked: where a policy file gives it a level, since pages or files have
to be read for it. no: it cannot be told; where a policy has it block, that is unchecked. never: it cannot be there."""

_YES: tuple[Told, ...] = ("yes", "yes", "yes", "yes")
_BY_INDEX: tuple[Told, ...] = ("yes", "asked", "asked", "asked")
_BY_LINES: tuple[Told, ...] = ("yes", "never", "never", "no")
_RESOLVED_ONLY: tuple[Told, ...] = ("yes", "no", "no", "no")
_BEFORE_INSTALL: tuple[Told, ...] = ("yes", "never", "no", "no")
_OF_ARCHIVES: tuple[Told, ...] = ("asked", "never", "no", "no")
_OF_FILES: tuple[Told, ...] = ("asked", "asked", "no", "no")

_ROWS: dict[tuple[Told, ...], tuple[str, ...]] = {
    _YES: (
        *("malware", "vulnerability", "denied-package"),
        *(code.code for code in CODES.values() if code.kind == "policy"),
    ),
    _BY_INDEX: tuple(code.code for code in CODES.values() if code.kind == "index"),
    ("yes", "yes", "asked", "asked"): LICENSE_CODES,
    _BY_LINES: ("trusted-host", "index-change"),
    _RESOLVED_ONLY: ("index-confusion", "source-not-allowed", "direct-url", "vcs-not-pinned"),
    _BEFORE_INSTALL: ("hash-missing", "build-required"),
    _OF_ARCHIVES: ("hash-mismatch", "metadata-mismatch", "unsafe-archive", "new-hook", "new-dependency"),
    _OF_FILES: CODES_OF_INSTALLED,
}
_BY_CODE = {code: row for row, codes in _ROWS.items() for code in codes}
_INPUTS: tuple[Input, ...] = ("resolved", "installed", "locked", "listed")

COVERAGE: Mapping[str, Mapping[Input, Told]] = {code: dict(zip(_INPUTS, _BY_CODE[code], strict=True)) for code in CODES}
"""By code and kind of input."""

_KINDS: Mapping[InputKind, Input] = {
    "environment": "installed",
    "path": "installed",
    "lock": "locked",
    "sbom": "locked",
    "requirements": "listed",
    "project": "listed",
}
_WHAT: Mapping[InputKind, str] = {
    "environment": "an environment",
    "path": "an environment",
    "lock": "a lock file",
    "sbom": "an SBOM",
    "requirements": "requirements that are not resolved",
    "project": "a project that is not resolved",
}
_BY_INDEX_ONLY = "only an index tells, and none was asked"
_MOST_NAMED = 3


def untold(
    inventories: Sequence[Inventory], settings: Settings, *, pages: bool
) -> tuple[tuple[Unchecked, ...], Mapping[AuditInput, str]]:
    """What a policy wants to know of inputs that were not resolved, and that is not looked for in them.

    What the policy has block is unchecked, told once of all inputs that are alike; of what weighs less there is a note,
    by input. pages: whether an index is asked where the policy wants to know what that tells.
    """
    codes = [code for code in CODES if settings.is_written(code, "audit") and not settings.allows_code(code)]
    blocked: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    notes: dict[AuditInput, str] = {}
    for inventory in inventories:
        untold = [(code, by) for code in codes if (by := _untold(code, inventory.input.kind, pages))]
        standing = [(code, by) for code, by in untold if _blocks(code, inventory, settings)]
        for why in dict.fromkeys(by for _, by in standing):
            those = tuple(code for code, by in standing if by == why)
            blocked.setdefault((why, those), {})[inventory.input.name] = None
        weaker = [code for code, by in untold if (code, by) not in standing]
        if weaker and inventory.dependencies:
            name = inventory.input.name
            notes[inventory.input] = f"{name} does not tell {_some(weaker)}, so nothing was looked for"
    return tuple(not_looked_for(list(names), why, those) for (why, those), names in blocked.items()), notes


def _untold(code: str, kind: InputKind, pages: bool) -> str:
    """Why a code is not looked for in a kind of input; empty where it is, or cannot be there."""
    told = COVERAGE[code][_KINDS[kind]]
    if told == "asked" and not pages and (CODES[code].kind == "index" or code in LICENSE_CODES):
        return _BY_INDEX_ONLY
    return f"{_WHAT[kind]} does not tell that" if told == "no" else ""


def _blocks(code: str, inventory: Inventory, settings: Settings) -> bool:
    return any(settings.blocks_by_policy(code, item.name, item.version, "audit") for item in inventory.dependencies)


def not_looked_for(names: Sequence[str], why: str, codes: Sequence[str]) -> Unchecked:
    """That some codes, which the policy has block, could not be looked for in inputs or packages of some names."""
    way = "Leave out --offline and --no-index" if why == _BY_INDEX_ONLY else "Audit the environment instead"
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return Unchecked(
        "not-looked-for",
        None,
        None,
        f"{', '.join(names[:_MOST_NAMED])}{more}: {_some(codes, 'and')}, which the policy has block, "
        f"{'was' if len(codes) == 1 else 'were'} not looked for: {why}",
        f'{way}, or give another level in audits, such as levels.{codes[0]} = {{audit = "note"}}. '
        "--allow not-looked-for waives it for once.",
    )


def _some(codes: Sequence[str], word: str = "or") -> str:
    if len(codes) > _MOST_NAMED:
        return f"{', '.join(codes[:_MOST_NAMED])} {word} {len(codes) - _MOST_NAMED} more"
    return f"{', '.join(codes[:-1])} {word} {codes[-1]}" if len(codes) > 1 else codes[0]
