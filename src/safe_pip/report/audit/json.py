"""``--format json``: the shape that pip-audit gives, with more keys: reference/formats.md lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, description, entries, waiver
from safe_pip.report.places import redacted
from safe_pip.report.plain import json_text


def render(audited: Audited, look: Look) -> str:
    """The report as one line of JSON in ASCII, dependencies in the order of the inputs."""
    several = len(audited.inventories) > 1
    # There may be a hundred thousand places, in a few files.
    names = {inventory.input: redacted(inventory.input.name) for inventory in audited.inventories}
    told: dict[str, Any] = {
        "dependencies": [
            *(_entry(entry, look, names if several else None) for entry in entries(audited)),
            *(redacted({"name": item.name, "skip_reason": item.reason}) for item in audited.skipped),
        ],
        "fixes": [],
    }
    unchecked = [item for item in audited.unchecked if item.waived_by is None]
    if unchecked:
        # pip-audit has no place for it; without one, a program would take what was not checked for clean.
        told["unchecked"] = [
            redacted({"name": item.name, "version": item.version, "reason": item.reason}) for item in unchecked
        ]
    return json_text(told, None)


def _entry(entry: Entry, look: Look, names: Mapping[AuditInput, str] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": entry.name,
        "version": entry.version,
        "vulns": [_finding(found, look) for found in entry.findings],
    }
    if entry.ignored:
        told["ignored"] = [{**_finding(found, look), "waived_by": waiver(found)} for found in entry.ignored]
    told = redacted(told)
    if names is not None:
        told["inputs"] = [{"name": names[item.input], "line": item.line} for item in entry.dependencies]
    return told


def _finding(found: AuditFinding, look: Look) -> dict[str, Any]:
    group = found.advisory
    told: dict[str, Any] = {"id": group.id, "fix_versions": list(group.fix_versions)}
    if look.aliases:
        told["aliases"] = list(group.aliases)
    if look.descriptions:
        told["description"] = description(group)
    return told | {"severity": group.severity, "score": group.score, "severity_source": group.severity_source}
