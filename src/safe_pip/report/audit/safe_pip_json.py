"""``--format safe-pip-json``: ``safe-pip.report/1`` of an audit. Keys are only ever added; see reference/json.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkippedDependency
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, purl
from safe_pip.report.json import SCHEMA, finding_dict, policy_dict, source_dict, unchecked_dict
from safe_pip.report.places import redacted
from safe_pip.report.plain import json_text


def render(audited: Audited, look: Look) -> str:
    """The report as JSON in ASCII."""
    return json_text(redacted(as_dict(audited, look)))


def as_dict(audited: Audited, look: Look) -> dict[str, Any]:
    """The report as plain values. Findings come the worst first, those that were ignored at the end."""
    made = entries(audited)
    target = look.target
    skipped = Counter(item.input for item in audited.skipped)
    return {
        "schema": SCHEMA,
        "command": "audit",
        "verdict": audited.word,
        "dry_run": False,
        "target": {"python": target.executable, "version": target.version, "platform": target.platform}
        if target is not None
        else None,
        "advisories": [source_dict(item) for item in audited.sources],
        "inputs": [_input(item, skipped) for item in audited.inventories],
        "dependencies": [_dependency(entry) for entry in made],
        "findings": [_finding(item) for item in _in_order(audited)],
        "fixes": [],
        "skipped": [_skipped(item) for item in audited.skipped],
        "unchecked": [unchecked_dict(item) for item in audited.unchecked],
        "filtered": audited.filtered,
        "unused_allows": list(audited.unused_ignores),
        "policy": policy_dict(audited.policy),
        "notes": list(dict.fromkeys(note for inventory in audited.inventories for note in inventory.notes)),
        "fail_on": audited.fail_on.word if audited.fail_on is not None else "never",
        "strict": audited.strict,
        "error": None,
        "exit_code": audited.exit_code,
    }


def _input(item: Inventory, skipped: Mapping[AuditInput, int]) -> dict[str, Any]:
    return {
        **_named(item.input),
        "dependencies": len({(found.name, found.version) for found in item.dependencies}),
        "skipped": skipped.get(item.input, 0),
    }


def _named(item: AuditInput) -> dict[str, Any]:
    return {"kind": item.kind, "name": item.name, "path": item.path}


def _dependency(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": entry.version,
        "purl": purl(entry.name, entry.version),
        "places": [_place(item) for item in entry.dependencies],
    }


def _place(item: Dependency) -> dict[str, Any]:
    return {
        "input": item.input.name,
        "path": item.input.path,
        "line": item.line,
        "version": item.version,
        "direct": item.direct,
        "chain": list(item.chain),
        "requires": list(item.requires),
        "public": item.public,
    }


def _in_order(audited: Audited) -> list[AuditFinding]:
    """What stands, those without an advisory after the others; then what is waived."""
    standing = [item for item in audited.others if item.finding.waived_by is None]
    waived = [item for item in audited.others if item.finding.waived_by is not None]
    return [*audited.findings, *standing, *audited.ignored, *waived]


def _finding(item: AuditFinding) -> dict[str, Any]:
    group = item.finding.observation.advisory
    return {
        **finding_dict(item.finding),
        "newer_fixes": list(group.newer_fixes) if group is not None else [],
        "malware": group.malware if group is not None else False,
        "summary": group.summary if group is not None else "",
        "details": group.details if group is not None else "",
        "references": list(group.references) if group is not None else [],
        "published": group.published if group is not None else None,
        "told_by": list(group.told_by) if group is not None else [],
        "places": [_place(found) for found in item.dependencies],
    }


def _skipped(item: SkippedDependency) -> dict[str, Any]:
    return {
        "name": item.name,
        "version": item.version,
        "code": item.code,
        "reason": item.reason,
        "input": item.input.name,
        "path": item.input.path,
        "line": item.line,
    }
