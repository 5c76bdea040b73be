"""``--format sarif``: SARIF 2.1.0 (OASIS), for code scanning. A rule a finding code, a result a finding."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from safe_pip import __version__
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import Dependency, SkippedDependency
from safe_pip.model import Level, Unchecked
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import (
    Entry,
    entries,
    file_of,
    headline,
    link,
    purl,
    redacted,
    repository,
    severity,
    waiver,
    weight,
)
from safe_pip.report.json import time_text
from safe_pip.report.plain import printable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "vulnerability": (
        "KnownVulnerability",
        "A package with a known vulnerability",
        "An advisory says that this version of the package is vulnerable. Upgrade to a version that is fixed.",
    ),
    "malware": (
        "KnownMalware",
        "A malicious package",
        "An advisory says that this version of the package is malicious. Remove it, and look at what it could reach.",
    ),
}
# The middle of each band of CVSS, for findings that have a word and no score.
_SCORES = {"critical": 9.5, "high": 8.0, "medium": 5.5, "low": 2.0}


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
    codes = sorted({_code(found) for _, found in told})
    rules = [_rule(code, [found for _, found in told if _code(found) == code]) for code in codes]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "safe-pip", "semanticVersion": __version__, "rules": rules}},
                "automationDetails": {"id": "safe-pip/audit/"},
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
                "invocations": [_invocation(audited, look, root)],
                "columnKind": "unicodeCodePoints",
                "results": [_result(entry, found, codes, root) for entry, found in told],
            }
        ],
    }


def _code(found: AuditFinding) -> str:
    return found.finding.observation.code


def _rule(code: str, found: Iterable[AuditFinding]) -> dict[str, Any]:
    """A rule. GitHub reads the severity here and not in results: the worst one, so that no threshold is missed."""
    name, short, full = _RULES.get(code, (code, code, code))
    scores = [score for score in map(_score, found) if score is not None]
    properties: dict[str, Any] = {"tags": ["security", "supply-chain"], "precision": "very-high"}
    if scores:
        properties["security-severity"] = f"{max(scores):.1f}"
    return {
        "id": code,
        "name": name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {
            "text": f"{full} `safe-pip explain ID` tells an advisory in full.",
            "markdown": f"{full}\n\n`safe-pip explain ID` tells an advisory in full.",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": properties,
    }


def _result(entry: Entry, found: AuditFinding, codes: list[str], root: str) -> dict[str, Any]:
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
    score = _score(found)
    if score is not None:
        properties["security-severity"] = f"{score:.1f}"
    return {
        "ruleId": observation.code,
        "ruleIndex": codes.index(observation.code),
        "level": _level(found.finding.level),
        "kind": "fail",
        "message": _message(f"{title} {observation.help}"),
        "locations": [_location(item, root) for item in found.dependencies[:1]],
        "relatedLocations": [_location(item, root) for item in found.dependencies[1:]],
        "partialFingerprints": {"safePipFinding/v1": _fingerprint(found, root)},
        "suppressions": [_suppression(found)] if found.finding.waived_by is not None else [],
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def _suppression(found: AuditFinding) -> dict[str, Any]:
    justification = f"ignored on request ({printable(waiver(found))})"
    return {"kind": "external", "status": "accepted", "justification": justification}


def _message(text: str) -> dict[str, Any]:
    """A message in which brackets make no links (SARIF 2.1.0, section 3.11.6)."""
    return {"text": re.sub(r"([\\\[\]])", r"\\\1", printable(text.strip()))}


def _score(found: AuditFinding) -> float | None:
    """From 0 to 10: the advisory's own, else the middle of the band of its word. Malware is as bad as can be."""
    group = found.advisory
    if group.malware:
        return 10.0
    return group.score if group.score is not None else _SCORES.get(group.severity or "")


def _fingerprint(found: AuditFinding, root: str) -> str:
    """The same for one advisory about one package in one file, whatever its version and line become."""
    first = found.dependencies[0]
    text = "\0".join((_code(found), found.name, found.advisory.id, file_of(first.input, root)))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _location(item: Dependency | SkippedDependency, root: str) -> dict[str, Any]:
    """The file and line; of an environment its folder, because a result without a file cannot be shown."""
    path = file_of(item.input, root)
    where: dict[str, Any] = {"uri": _uri(path)}
    if not path.startswith("/") and ":" not in path.split("/")[0]:
        where["uriBaseId"] = "%SRCROOT%"
    return {
        "physicalLocation": {"artifactLocation": where, "region": {"startLine": max(item.line or 1, 1)}},
        "logicalLocations": [{"name": printable(item.name), "kind": "package"}],
    }


def _uri(path: str) -> str:
    scheme = "://" in path
    quoted = quote(path, safe="/:?=&%+@" if scheme else "/+@=,~", errors="replace")
    return f"file://{quoted}" if path.startswith("/") else quoted


def _level(level: Level) -> str:
    return "error" if level >= Level.BLOCK else "warning" if level == Level.WARN else "note"


def _invocation(audited: Audited, look: Look, root: str) -> dict[str, Any]:
    return {
        "executionSuccessful": not audited.incomplete,
        "exitCode": audited.exit_code,
        "endTimeUtc": time_text(look.now),
        "toolExecutionNotifications": [
            *(_gap(item) for item in audited.unchecked),
            *(_skip(item, root) for item in audited.skipped),
        ],
    }


def _gap(item: Unchecked) -> dict[str, Any]:
    about = f"{item.name} {item.version or ''}".strip() + ": " if item.name else ""
    return {
        "level": "note" if item.waived_by is not None else "error",
        "message": _message(f"{about}{item.reason} {item.help}"),
        "descriptor": {"id": item.code},
    }


def _skip(item: SkippedDependency, root: str) -> dict[str, Any]:
    return {
        "level": "error" if item.code == "unparsable" else "note",
        "message": _message(f"{item.name} was skipped: {item.reason}"),
        "descriptor": {"id": f"skipped-{item.code}"},
        "locations": [_location(item, root)],
    }
