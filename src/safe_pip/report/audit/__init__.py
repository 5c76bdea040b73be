"""Reports of an audit: one module a format. Each turns an Audited into text, and decides nothing.

To add one, write ``report/audit/<name>.py`` and list it in ``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from safe_pip.audited import Audited
from safe_pip.model import Target
from safe_pip.report.audit import json


@dataclass(frozen=True, slots=True)
class Look:
    """What presentation needs and the outcome does not hold."""

    now: datetime
    descriptions: bool = False
    aliases: bool = False
    sort: Literal["severity", "name"] = "severity"
    width: int = 80
    color: bool = False
    links: bool = False
    target: Target | None = None
    command: str = "audit"


@dataclass(frozen=True, slots=True)
class Format:
    """One format."""

    render: Callable[[Audited, Look], str]


FORMATS: Mapping[str, Format] = {"json": Format(lambda audited, _: json.render(audited))}
"""The table of formats."""


def summary(audited: Audited) -> str:
    """pip-audit's closing line."""
    count = len(audited.findings)
    if not count:
        return "No known vulnerabilities found"
    packages = len({(item.name, item.version) for item in audited.findings})
    return (
        f"Found {count} known {'vulnerability' if count == 1 else 'vulnerabilities'} "
        f"in {packages} {'package' if packages == 1 else 'packages'}"
    )
