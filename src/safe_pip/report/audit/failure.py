"""What a program that reads a report gets where there is none: why nothing could be audited."""

from __future__ import annotations

import json
from typing import Any

from safe_pip import urls
from safe_pip.errors import SafePipError
from safe_pip.model import PolicyInForce
from safe_pip.report import json as own_report


def failure(format: str, error: SafePipError, policy: PolicyInForce) -> str | None:
    """A report of a failure in a format, None for formats that have no place for one. policy: as far as it was read.

    pip-audit's JSON has an ``error`` and an ``exit_code`` on top of what it always has, so that an empty list is never
    all that there is to read.
    """
    if format == "safe-pip-json":
        return own_report.failure(error, command="audit", dry_run=False, policy=policy)
    if format != "json":
        return None
    report: dict[str, Any] = {
        "dependencies": [],
        "fixes": [],
        "error": {
            "kind": type(error).__name__,
            "message": urls.redacted(error.message),
            "details": [urls.redacted(text) for text in getattr(error, "details", ())],
            "hint": urls.redacted(error.hint),
        },
        "exit_code": error.exit_code,
    }
    return json.dumps(report) + "\n"
