"""Reports of ``safe-pip audit``: one module a format. Each turns what an audit found into text, and decides nothing.

To add one, write ``report/audit/<name>.py`` with a function ``render(audited, look)``, and list it in ``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Literal

from safe_pip.audited import Audited
from safe_pip.model import Target
from safe_pip.report.audit.entries import by_version


@dataclass(frozen=True)
class Look:
    """What presentation needs and the outcome of an audit does not say.

    now: the time of the report. descriptions, aliases: whether formats that can leave them out show them. width: in
    columns, of text. links: whether the terminal makes links of OSC 8 sequences. command: what was run, for the next
    step. unicode: whether the output can show more than ASCII. root: the folder that paths of files are relative to
    in formats for repositories; where it is empty, the repository around the current folder, else that folder.
    """

    now: datetime
    descriptions: bool = False
    aliases: bool = False
    sort: Literal["severity", "name"] = "severity"
    width: int = 80
    color: bool = False
    links: bool = False
    target: Target | None = None
    command: str = "safe-pip audit"
    unicode: bool = True
    root: str = ""


@dataclass(frozen=True)
class Format:
    """One output format. module: below this package; it is imported when it is needed.

    explains: whether ``--desc auto`` and ``--aliases auto`` mean on. manifest: whether it is written even where there
    is nothing to tell; the others render an empty text then. for_people: whether it is read on a terminal.
    """

    module: str
    explains: bool = False
    manifest: bool = True
    for_people: bool = False

    def render(self, audited: Audited, look: Look) -> str:
        """The report as text that ends with a line end, or as an empty text where there is nothing to tell."""
        rendered = import_module(f"{__name__}.{self.module}").render(audited, look)
        assert isinstance(rendered, str)
        return rendered


FORMATS: Mapping[str, Format] = {
    "columns": Format("columns", manifest=False),
    "json": Format("json", explains=True),
    "markdown": Format("markdown", manifest=False),
    "cyclonedx-json": Format("cyclonedx_json"),
    "cyclonedx-xml": Format("cyclonedx_xml"),
    "sarif": Format("sarif"),
    "github": Format("github", manifest=False),
    "junit": Format("junit"),
    "vex": Format("vex"),
    "safe-pip-json": Format("safe_pip_json"),
    "text": Format("text", for_people=True),
}
"""The table of formats."""


def summary(audited: Audited) -> str:
    """pip-audit's line for standard error: how many findings in how many packages, and how many were ignored."""
    found = by_version(audited.findings)
    ignored = sum(map(len, by_version(audited.ignored).values()))
    if not found:
        return "No known vulnerabilities found" + (f", {ignored} ignored" if ignored else "")
    number = sum(map(len, found.values()))
    vulnerabilities = "vulnerability" if number == 1 else "vulnerabilities"
    packages = "package" if len(found) == 1 else "packages"
    but = f", ignored {ignored}" if ignored else ""
    return f"Found {number} known {vulnerabilities}{but} in {len(found)} {packages}"
