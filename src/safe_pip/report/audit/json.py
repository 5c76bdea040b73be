"""pip-audit's JSON."""

from __future__ import annotations

import json

from safe_pip.audited import Audited


def render(audited: Audited) -> str:
    """The report as JSON text."""
    vulns: dict[tuple[str, str], list[object]] = {(item.name, item.version): [] for item in audited.dependencies}
    for finding in audited.findings:
        group = finding.advisory
        vulns[finding.name, finding.version].append(
            {
                "id": group.id,
                "fix_versions": list(group.fix_versions),
                "aliases": list(group.aliases),
                "description": group.details or group.summary,
            }
        )
    dependencies: list[object] = [
        {"name": name, "version": version, "vulns": v} for (name, version), v in vulns.items()
    ]
    dependencies += [{"name": item.name, "skip_reason": item.reason} for item in audited.skipped]
    return json.dumps({"dependencies": dependencies, "fixes": []}) + "\n"
