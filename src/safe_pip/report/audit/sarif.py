"""``--format sarif``: SARIF 2.1.0 (OASIS), for code scanning. A rule a finding code, a result a finding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import Dependency, SkippedDependency
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, file_of, headline, link, purl, severity, weight
from safe_pip.report.json import time_text
from safe_pip.report.places import path_in, redacted, repository
from safe_pip.report.sarif_parts import gap, location, log, marks, message, result


def render(audited: Audited, look: Look) -> str:
    """The log as JSON in ASCII: standing findings first, then those that were ignored, as suppressed."""
    return json.dumps(redacted(as_dict(audited, look)), indent=2) + "\n"


def as_dict(audited: Audited, look: Look) -> dict[str, Any]:
    """The log as plain values."""
    root = repository(look.root)
    told = [
        (entry, found)
        for field in ("findings", "ignored")
        for entry, found in sorted(
            ((entry, found) for entry in entries(audited) for found in getattr(entry, field)),
            key=lambda pair: weight(pair[1]),
        )
    ]
    found = [*(item.finding for _, item in told), *(item.finding for item in audited.others)]
    return log(
        "audit",
        found,
        _invocation(audited, look, root),
        lambda codes: [
            *(_result(entry, item, codes, root) for entry, item in told),
            *(_other(item, codes, root) for item in audited.others),
        ],
    )


def _result(entry: Entry, found: AuditFinding, codes: Sequence[str], root: str) -> dict[str, Any]:
    group, observation = found.advisory, found.finding.observation
    title = f"{entry.name} {entry.version}: {group.id} ({severity(group)}): {headline(group)[:1_000]}"
    properties: dict[str, Any] = {
        "advisory": group.id,
        "aliases": list(group.aliases),
        "package": entry.name,
        "packageVersion": entry.version,
        "purl": purl(entry.name, entry.version),
        "fixVersions": list(group.fix_versions),
        "severity": group.severity,
        "severitySource": group.severity_source,
        "helpUri": link(group),
        "chain": list(next((item.chain for item in found.dependencies if len(item.chain) > 1), ())),
    }
    return result(
        found.finding,
        codes,
        title,
        places=[_location(item, root) for item in found.dependencies],
        # The same for one advisory about one package in one file, whatever its version and line become.
        fingerprint=(observation.code, found.name, group.id, file_of(found.dependencies[0].input, root)),
        word="ignored",
        properties=properties,
    )


def _other(found: AuditFinding, codes: Sequence[str], root: str) -> dict[str, Any]:
    """A finding that no advisory speaks of; one about the policy lies where that is written."""
    observation = found.finding.observation
    about = f"{observation.name} {observation.version}".strip()
    places = [_location(item, root) for item in found.dependencies]
    if not places and observation.origin is not None:
        path = path_in(observation.origin.source, root)
        places = [location(path, observation.origin.line, observation.name or observation.code)]
    return result(
        found.finding,
        codes,
        f"{f'{about}: ' if about else ''}{observation.message[:1_000]}",
        places=places,
        fingerprint=(observation.code, observation.name, marks(observation), str(observation.origin)),
        word="ignored",
    )


def _location(item: Dependency | SkippedDependency, root: str) -> dict[str, Any]:
    """The file and line; of an environment its folder, because a result without a file cannot be shown."""
    return location(file_of(item.input, root), item.line, item.name)


def _invocation(audited: Audited, look: Look, root: str) -> dict[str, Any]:
    return {
        "executionSuccessful": not audited.incomplete,
        "exitCode": audited.exit_code,
        "endTimeUtc": time_text(look.now),
        "toolExecutionNotifications": [
            *(gap(item) for item in audited.unchecked),
            *(_skip(item, root) for item in audited.skipped),
        ],
    }


def _skip(item: SkippedDependency, root: str) -> dict[str, Any]:
    return {
        "level": "error" if item.code == "unparsable" else "note",
        "message": message(f"{item.name} was skipped: {item.reason}"),
        "descriptor": {"id": f"skipped-{item.code}"},
        "locations": [_location(item, root)],
    }
