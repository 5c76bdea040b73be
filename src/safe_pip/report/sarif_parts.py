"""What every SARIF log of ours is made of (SARIF 2.1.0, OASIS): rules, levels, messages, places and gaps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from safe_pip import __version__
from safe_pip.model import AdvisoryGroup, Finding, Level, Observation, Unchecked
from safe_pip.report.places import uri
from safe_pip.report.plain import printable
from safe_pip.report.reference import as_markdown, as_plain
from safe_pip.report.words import SHORT

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_FULL = {
    "vulnerability": "An advisory says that this version of the package is vulnerable. "
    "Upgrade to a version that is fixed.",
    "malware": "An advisory says that this version of the package is malicious. "
    "Remove it, and look at what it could reach.",
}
MOST_RESULTS = 25_000
"""As many GitHub takes of one run (its limits for SARIF uploads); it shows the 5,000 worst."""
MOST_PLACES = 1_000
"""As many it takes of one result."""
_NAMES = {"vulnerability": "KnownVulnerability", "malware": "KnownMalware"}
# The middle of each band of CVSS, for findings that have a word and no score.
_SCORES = {"critical": 9.5, "high": 8.0, "medium": 5.5, "low": 2.0}


def log(
    command: str,
    found: Sequence[Finding],
    invocation: Mapping[str, Any],
    results: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """A log with one run. command: of safe-pip, which code scanning tells apart. found: what its rules are about.

    results: the results, by the codes of the rules in their order. Where there are more than GitHub takes, the worst
    are kept, and a notification says that there are more.
    """
    codes = sorted({item.observation.code for item in found})
    every = results(codes)
    if len(every) > MOST_RESULTS:
        left = f"{len(every) - MOST_RESULTS:,} more results are left out: code scanning takes {MOST_RESULTS:,}."
        more = {"level": "warning", "message": message(left), "descriptor": {"id": "results-left-out"}}
        notified = [*invocation.get("toolExecutionNotifications", ()), more]
        invocation = {**invocation, "toolExecutionNotifications": notified}
        every = sorted(every, key=_worst_first)[:MOST_RESULTS]
    rules = [_rule(code, [item for item in found if item.observation.code == code]) for code in codes]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "safe-pip", "semanticVersion": __version__, "rules": rules}},
                "automationDetails": {"id": f"safe-pip/{command}/"},
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
                "invocations": [invocation],
                "columnKind": "unicodeCodePoints",
                "results": list(every),
            }
        ],
    }


def _worst_first(result: Mapping[str, Any]) -> tuple[bool, int]:
    return bool(result["suppressions"]), ("error", "warning", "note").index(result["level"])


def _rule(code: str, found: Iterable[Finding]) -> dict[str, Any]:
    """A rule, with the section of the findings reference as its help.

    GitHub reads the severity here and not in results: the worst one, so that no threshold is missed.
    """
    short = SHORT.get(code, code)
    full = _FULL.get(code, f"{short}.")
    more = "\n\n`safe-pip explain ID` tells an advisory in full." if code in _FULL else ""
    scores = [known for known in (score(item.observation.advisory) for item in found) if known is not None]
    properties: dict[str, Any] = {"tags": ["security", "supply-chain"], "precision": "very-high"}
    if scores:
        properties["security-severity"] = f"{max(scores):.1f}"
    return {
        "id": code,
        "name": _NAMES.get(code, "".join(part.capitalize() for part in code.split("-"))),
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "help": {
            "text": f"{as_plain(code) or full}{more}",
            "markdown": f"{as_markdown(code) or full}{more}",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": properties,
    }


def result(
    finding: Finding,
    codes: Sequence[str],
    text: str,
    *,
    places: Sequence[Mapping[str, Any]],
    fingerprint: Sequence[str],
    word: str,
    properties: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A result. text: its message. places: where it is, the first one before all others. fingerprint: what makes it.

    word: what is said of one that an option waives. properties: besides those that the policy gives.
    """
    found = finding.observation
    known = score(found.advisory)
    told = {
        **(properties or {}),
        **told_by_policy(finding),
        "security-severity": None if known is None else f"{known:.1f}",
    }
    return {
        "ruleId": found.code,
        "ruleIndex": codes.index(found.code),
        "level": level(finding.level),
        "kind": "fail",
        "message": message(f"{text} {found.help}"),
        "locations": list(places[:1]),
        "relatedLocations": list(places[1:MOST_PLACES]),
        "partialFingerprints": {"safePipFinding/v1": _digest("\0".join(fingerprint))},
        "suppressions": suppressions(finding, word),
        "properties": {key: value for key, value in told.items() if value is not None},
    }


def marks(found: Observation) -> str:
    """The evidence of a finding, as a part of its fingerprint; lines of the policy move."""
    return "\0".join(item.text for item in found.evidence if item.label != "policy")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


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
