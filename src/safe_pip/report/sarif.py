"""``--format sarif``: SARIF 2.1.0 (OASIS) of an install. A rule a finding code, a result a finding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from safe_pip.errors import SafePipError
from safe_pip.model import COMMAND_LINE, Finding, Origin, PolicyInForce
from safe_pip.report import Report
from safe_pip.report.places import path_in, redacted, repository
from safe_pip.report.sarif_parts import gap, location, log, marks, message, result


def render(report: Report, *, error: SafePipError | None = None, exit_code: int | None = None) -> str:
    """The log as JSON in ASCII: every finding, those that were waived as suppressed.

    error: what went wrong after an Approved verdict. exit_code: that of the run, where neither says it.
    """
    return _text(as_dict(report, error=error, exit_code=exit_code))


def as_dict(report: Report, *, error: SafePipError | None = None, exit_code: int | None = None) -> dict[str, Any]:
    """The log as plain values."""
    verdict, root = report.verdict, repository("")
    invocation = {
        "executionSuccessful": error is None and all(item.waived_by is not None for item in verdict.unchecked),
        "exitCode": error.exit_code if error is not None else report.exit_code if exit_code is None else exit_code,
        "toolExecutionNotifications": [
            *(gap(item) for item in verdict.unchecked),
            *([_failed(error)] if error is not None else []),
        ],
        "properties": {
            "verdict": report.word,
            "dryRun": report.request.dry_run,
            "policyFiles": list(verdict.policy.files),
        },
    }
    return log(
        report.command,
        verdict.findings,
        invocation,
        lambda codes: [_result(item, codes, report, root) for item in verdict.findings],
    )


def failure(error: SafePipError, *, command: str, dry_run: bool, policy: PolicyInForce) -> str:
    """A log where no plan was reached; it has no results, and says that it was no success.

    policy: its files are properties of the invocation, as far as they were read.
    """
    invocation = {
        "executionSuccessful": False,
        "exitCode": error.exit_code,
        "toolExecutionNotifications": [_failed(error)],
        "properties": {"dryRun": dry_run, "policyFiles": list(policy.files)},
    }
    return _text(log(command, (), invocation, lambda _: ()))


def _text(told: dict[str, Any]) -> str:
    return json.dumps(redacted(told, frozenset()), indent=2) + "\n"


def _failed(error: SafePipError) -> dict[str, Any]:
    details = " ".join((error.message, *getattr(error, "details", ()), error.hint))
    return {"level": "error", "message": message(details), "descriptor": {"id": type(error).__name__}}


def _result(finding: Finding, codes: Sequence[str], report: Report, root: str) -> dict[str, Any]:
    found, group = finding.observation, finding.observation.advisory
    about = f"{found.name} {found.version}".strip()
    named = f"{group.id} ({group.severity or 'unknown'}): " if group is not None else ""
    title = f"{f'{about}: ' if about else ''}{named}{found.message[:1_000]}"
    properties: dict[str, Any] = {
        "package": found.name or None,
        "packageVersion": found.version or None,
        "chain": list(found.chain),
    }
    if group is not None:
        properties |= {
            "advisory": group.id,
            "aliases": list(group.aliases),
            "fixVersions": list(group.fix_versions),
            "severity": group.severity,
            "severitySource": group.severity_source,
        }
    path, line = _place(finding, report, root)
    # The same for one finding about one package asked for in one file, whatever its version and line become.
    what = group.id if group is not None else marks(found)
    return result(
        finding,
        codes,
        title,
        places=[location(path, line, found.name or found.code)],
        fingerprint=(found.code, found.name, what, path),
        word="waived",
        properties=properties,
    )


def _place(finding: Finding, report: Report, root: str) -> tuple[str, int | None]:
    """The file and line that ask for what the finding is about, or for what pulls it in; else the target's folder.

    A result without a file cannot be shown.
    """
    found = finding.observation
    origins: list[Origin | None] = [found.origin]
    if found.chain:
        origins += [item.origin for item in report.verdict.plan.install if item.name == found.chain[0]]
    origin = next((item for item in origins if item is not None and item != COMMAND_LINE), None)
    if origin is None:
        return path_in(report.request.target.prefix, root), None
    return path_in(origin.source, root), origin.line
