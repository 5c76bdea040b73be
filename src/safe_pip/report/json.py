"""The JSON report, ``safe-pip.report/1``. Keys are only ever added, never renamed; reference/json.md lists them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from safe_pip import urls
from safe_pip.errors import SafePipError
from safe_pip.model import AdvisorySource, Finding, PlannedInstall, Unchecked
from safe_pip.report import Report

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
        "notes": [*report.request.notes, *verdict.plan.notes],
        "error": _error(error),
        "exit_code": error.exit_code if error is not None else report.exit_code,
    }


def failure(error: SafePipError, *, command: str, dry_run: bool) -> str:
    """A report where no plan was reached: a request that cannot be satisfied, or could not be checked."""
    return _text(
        {
            "schema": SCHEMA,
            "command": command,
            "verdict": "incomplete" if error.exit_code == 3 else "refused",
            "dry_run": dry_run,
            "target": None,
            "advisories": [],
            "plan": {"install": [], "keep": [], "left_out": [], "passed_over": []},
            "findings": [],
            "unchecked": [],
            "unused_allows": [],
            "notes": [],
            "error": _error(error),
            "exit_code": error.exit_code,
        }
    )


def _text(report: dict[str, Any]) -> str:
    """JSON in ASCII, which every encoding can write and in which nothing steers a terminal that it is shown on."""
    return json.dumps(_without_credentials(report), indent=2) + "\n"


def _without_credentials(value: Any) -> Any:
    """The same values without user and password in any text: messages quote URLs, wherever they come from."""
    if isinstance(value, str):
        return urls.redacted(value)
    if isinstance(value, list):
        return [_without_credentials(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_credentials(item) for key, item in value.items()}
    return value


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
    }


def _error(error: SafePipError | None) -> dict[str, Any] | None:
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
