"""The JSON report, ``safe-pip.report/1``. Keys are only ever added, never renamed; reference/json.md lists them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from safe_pip.errors import ResolutionError, SafePipError
from safe_pip.model import AdvisorySource, Finding, Plan, PlannedInstall, PolicyInForce, PolicyLine, Unchecked, WayOut
from safe_pip.report import Report
from safe_pip.report.places import redacted

SCHEMA = "safe-pip.report/1"


def render(report: Report, *, error: SafePipError | None = None, exit_code: int | None = None) -> str:
    """The report as JSON text.

    error: what went wrong after an Approved verdict, when pip failed; its exit code is then the report's.
    exit_code: the code that the run ends with, where neither the verdict nor an error says it.
    """
    return _text(as_dict(report, error=error) | ({} if exit_code is None else {"exit_code": exit_code}))


def as_dict(report: Report, *, error: SafePipError | None = None) -> dict[str, Any]:
    """The report as plain values."""
    verdict, target = report.verdict, report.request.target
    return {
        "schema": SCHEMA,
        "command": report.command,
        "verdict": report.word,
        "dry_run": report.request.dry_run,
        "target": {"python": target.executable, "version": target.version, "platform": target.platform},
        "advisories": [source_dict(source) for source in verdict.sources],
        "plan": {
            "install": [_install(item, report) for item in verdict.plan.install],
            "keep": [{"name": item.name, "version": item.version} for item in verdict.plan.keep],
            "left_out": [{"name": item.name, "version": item.version} for item in verdict.plan.left_out],
            "passed_over": [item._asdict() for item in verdict.plan.passed_over],
        },
        "findings": [finding_dict(finding) for finding in verdict.findings],
        "unchecked": [unchecked_dict(item) for item in verdict.unchecked],
        "unused_allows": list(verdict.unused_allows),
        "policy": policy_dict(verdict.policy),
        "way_out": _way_out(verdict.way_out),
        "notes": [*report.request.notes, *verdict.plan.notes],
        "error": error_dict(error),
        "exit_code": error.exit_code if error is not None else report.exit_code,
    }


def failure(error: SafePipError, *, command: str, dry_run: bool, policy: PolicyInForce) -> str:
    """A report where no plan was reached: a request that cannot be satisfied, or could not be checked.

    What was learned before it could not be satisfied is in it, and the policy as far as it was read.
    """
    learned = error.plan if isinstance(error, ResolutionError) and error.plan is not None else Plan()
    return _text(
        {
            "schema": SCHEMA,
            "command": command,
            "verdict": "incomplete" if error.exit_code == 3 else "refused",
            "dry_run": dry_run,
            "target": None,
            "advisories": [],
            "plan": {
                "install": [],
                "keep": [],
                "left_out": [],
                "passed_over": [item._asdict() for item in learned.passed_over],
            },
            "findings": [],
            "unchecked": [unchecked_dict(item) for item in learned.unchecked],
            "unused_allows": [],
            "policy": policy_dict(policy),
            "way_out": None,
            "notes": [],
            "error": error_dict(error),
            "exit_code": error.exit_code,
        }
    )


def _text(report: dict[str, Any]) -> str:
    """JSON in ASCII, which every encoding can write and in which nothing steers a terminal that it is shown on."""
    return json.dumps(redacted(report, frozenset()), indent=2) + "\n"


def _install(item: PlannedInstall, report: Report) -> dict[str, Any]:
    staged = report.verdict.staged.files.get(item.name)
    return {
        "name": item.name,
        "version": item.version,
        "filename": item.file.filename,
        "url": item.file.url,
        "sha256": staged.sha256 if staged is not None else None,
        "size": staged.size if staged is not None else None,
        "requested": item.requested,
        "required_by": list(item.required_by),
        "upload_time": time_text(item.file.upload_time),
        "replaces": item.replaces,
        "direct_url": item.direct_url,
    }


def source_dict(source: AdvisorySource) -> dict[str, Any]:
    """What a report says of a source of advisories."""
    return {
        "source": source.source,
        "records": source.records,
        "as_of": time_text(source.as_of),
        "stale": source.stale,
        "note": source.note,
    }


def finding_dict(finding: Finding) -> dict[str, Any]:
    """A finding by the contract of every command."""
    found = finding.observation
    advisory = found.advisory
    return {
        "code": found.code,
        "level": finding.level.word,
        "name": found.name,
        "version": found.version,
        "id": advisory.id if advisory is not None else None,
        "aliases": list(advisory.aliases) if advisory is not None else [],
        "severity": advisory.severity if advisory is not None else None,
        "score": advisory.score if advisory is not None else None,
        "severity_source": advisory.severity_source if advisory is not None else None,
        "fix_versions": list(advisory.fix_versions) if advisory is not None else [],
        "suggested_fix": advisory.suggested_fix if advisory is not None else None,
        "chain": list(found.chain),
        "message": found.message,
        "help": found.help,
        "waived_by": finding.waived_by,
        "justification": finding.justification,
        "exception": _exception(finding),
        "evidence": [item._asdict() for item in found.evidence],
        "policy": _line(finding.because) if finding.because is not None else None,
        "epss": advisory.epss if advisory is not None else None,
        "kev": advisory.kev if advisory is not None else False,
    }


def _line(line: PolicyLine) -> dict[str, Any]:
    """A line of the policy; the built-in one has no file and no number."""
    return {
        "setting": line.setting,
        "source": line.origin.source if line.origin is not None else None,
        "line": line.origin.line if line.origin is not None else None,
    }


def _exception(finding: Finding) -> dict[str, Any] | None:
    exception = finding.exception
    if exception is None:
        return None
    expires = exception.expires.isoformat() if exception.expires is not None else None
    return {**_line(exception.line), "reason": exception.reason, "expires": expires}


def policy_dict(policy: PolicyInForce) -> dict[str, Any]:
    """What a report says of the policy."""
    return {"files": list(policy.files), "profile": policy.profile, "notes": list(policy.notes)}


def _way_out(way: WayOut | None) -> dict[str, Any] | None:
    if way is None:
        return None
    return {
        "pins": [{"name": name, "version": version} for name, version in way.pins],
        "command": way.command,
        "changes": list(way.changes),
        "none_because": list(way.none_because),
        "not_looked_at": list(way.not_looked_at),
    }


def unchecked_dict(item: Unchecked) -> dict[str, Any]:
    """Something that could not be checked, by the contract of every command."""
    return {
        "name": item.name,
        "version": item.version,
        "reason": item.reason,
        "code": item.code,
        "id": item.id,
        "help": item.help,
        "waived_by": item.waived_by,
        "excepted": item.excepted,
    }


def error_dict(error: SafePipError | None) -> dict[str, Any] | None:
    """An error as a report tells it, None where there is none."""
    if error is None:
        return None
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "details": list(getattr(error, "details", ())),
        "hint": error.hint,
    }


def time_text(moment: datetime | None) -> str | None:
    """A time of RFC 3339 in UTC, whole seconds; None where there is none."""
    if moment is None:
        return None
    try:
        utc = moment.astimezone(timezone.utc)
    except OverflowError:
        # In the first or last hours that there are, and so nobody's.
        return None
    return f"{utc.replace(microsecond=0, tzinfo=None).isoformat()}Z"
