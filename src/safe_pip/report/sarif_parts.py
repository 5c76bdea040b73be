"""What every SARIF log of ours is made of (SARIF 2.1.0, OASIS): rules, levels, messages, places and gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safe_pip import __version__
from safe_pip.model import AdvisoryGroup, Finding, Level, Unchecked
from safe_pip.report.places import uri
from safe_pip.report.plain import printable
from safe_pip.report.words import SHORT

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_FULL = {
    "vulnerability": "An advisory says that this version of the package is vulnerable. "
    "Upgrade to a version that is fixed.",
    "malware": "An advisory says that this version of the package is malicious. "
    "Remove it, and look at what it could reach.",
}
_NAMES = {"vulnerability": "KnownVulnerability", "malware": "KnownMalware"}
# The middle of each band of CVSS, for findings that have a word and no score.
_SCORES = {"critical": 9.5, "high": 8.0, "medium": 5.5, "low": 2.0}


def log(
    command: str, rules: Sequence[Mapping[str, Any]], invocation: Mapping[str, Any], results: Sequence[Any]
) -> dict[str, Any]:
    """A log with one run. command: of safe-pip, which code scanning tells apart."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "safe-pip", "semanticVersion": __version__, "rules": list(rules)}},
                "automationDetails": {"id": f"safe-pip/{command}/"},
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
                "invocations": [invocation],
                "columnKind": "unicodeCodePoints",
                "results": list(results),
            }
        ],
    }


def rule(code: str, found: Iterable[Finding]) -> dict[str, Any]:
    """A rule. GitHub reads the severity here and not in results: the worst one, so that no threshold is missed."""
    short = SHORT.get(code, code)
    full = _FULL.get(code, f"{short}.")
    with_advisory = code in _FULL
    more = "`safe-pip explain ID` tells an advisory in full." if with_advisory else "See its heading in the findings."
    scores = [known for known in (score(item.observation.advisory) for item in found) if known is not None]
    properties: dict[str, Any] = {"tags": ["security", "supply-chain"], "precision": "very-high"}
    if scores:
        properties["security-severity"] = f"{max(scores):.1f}"
    return {
        "id": code,
        "name": _NAMES.get(code, "".join(part.capitalize() for part in code.split("-"))),
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {"text": f"{full} {more}", "markdown": f"{full}\n\n{more}"},
        "defaultConfiguration": {"level": "error"},
        "properties": properties,
    }


def score(group: AdvisoryGroup | None) -> float | None:
    """From 0 to 10: the advisory's own, else the middle of the band of its word. Malware is as bad as can be."""
    if group is None:
        return None
    if group.malware:
        return 10.0
    return group.score if group.score is not None else _SCORES.get(group.severity or "")


def told_by_policy(finding: Finding) -> dict[str, Any]:
    """Properties of a result: the evidence, and the line of the policy that gives the level."""
    found, advisory = finding.observation, finding.observation.advisory
    properties: dict[str, Any] = {}
    if found.evidence:
        properties["evidence"] = [f"{printable(label)}: {printable(text)}" for label, text in found.evidence]
    if finding.because is not None:
        properties["policy"] = printable(str(finding.because))
    if advisory is not None and (advisory.epss is not None or advisory.kev):
        properties |= {"epss": advisory.epss, "kev": advisory.kev}
    return properties


def suppressions(finding: Finding, word: str) -> list[dict[str, Any]]:
    """That a finding is waived: by an option, or by an exception of the policy with its reason."""
    if finding.waived_by is None:
        return []
    justification = f"{word} on request ({printable(finding.waived_by)})"
    if finding.exception is not None:
        reason = f": {printable(finding.exception.reason)}" if finding.exception.reason else ""
        justification = f"excepted in {printable(finding.waived_by)}{reason}"
    return [{"kind": "external", "status": "accepted", "justification": justification}]


def message(text: str) -> dict[str, Any]:
    """A message in which brackets make no links (SARIF 2.1.0, section 3.11.6)."""
    return {"text": re.sub(r"([\\\[\]])", r"\\\1", printable(text.strip()))}


def location(path: str, line: int | None, name: str) -> dict[str, Any]:
    """A line of a file, by its path in the repository or as a URI, and the package that stands there."""
    where: dict[str, Any] = {"uri": uri(path)}
    if not path.startswith("/") and ":" not in path.split("/")[0]:
        where["uriBaseId"] = "%SRCROOT%"
    return {
        "physicalLocation": {"artifactLocation": where, "region": {"startLine": max(line or 1, 1)}},
        "logicalLocations": [{"name": printable(name), "kind": "package"}],
    }


def level(level: Level) -> str:
    """A level in the words of SARIF."""
    return "error" if level >= Level.BLOCK else "warning" if level == Level.WARN else "note"


def gap(item: Unchecked) -> dict[str, Any]:
    """Something that could not be checked, as a notification of the invocation."""
    about = f"{item.name} {item.version or ''}".strip() + ": " if item.name else ""
    return {
        "level": "note" if item.waived_by is not None else "error",
        "message": message(f"{about}{item.reason} {item.help}"),
        "descriptor": {"id": item.code},
    }
