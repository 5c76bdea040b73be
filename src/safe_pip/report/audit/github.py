"""``--format github``: annotations of GitHub's workflows, one line a finding and place.

Source: GitHub's documentation, "Workflow commands for GitHub Actions"; the escapes are those of its toolkit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import Dependency, SkippedDependency
from safe_pip.model import Level
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import file_of, findings, headline, place, severity
from safe_pip.report.places import path_in, repository
from safe_pip.report.plain import printable

_LONGEST = 2_000


def render(audited: Audited, look: Look) -> str:
    """Workflow commands, the worst first; an empty text where there is nothing to tell."""
    return "".join(f"{line}\n" for line in _lines(audited, look))


def _lines(audited: Audited, look: Look) -> Iterator[str]:
    root = repository(look.root)
    for entry, found in findings(audited, look.sort):
        group, told = found.advisory, found.finding
        title = f"{group.id}: {entry.name} {entry.version} ({severity(group)})"
        message = headline(group)
        if told.observation.help:
            message = f"{message}\n{told.observation.help}"
        for item in found.dependencies:
            named = message if item.input.path is not None else f"{message}\nFound in {place(item)}."
            yield _command(_kind(told.level), {**_where(item, root), "title": title}, named)
    for other in audited.others:
        if other.finding.waived_by is None:
            yield from _other(other, root)
    for gap in audited.unchecked:
        if gap.waived_by is None:
            about = " ".join(part for part in (gap.name, gap.version) if part) or gap.code
            yield _command("error", {"title": f"not checked: {about}"}, f"{gap.reason}\n{gap.help}".strip())
    for skip in audited.skipped:
        kind = "error" if skip.code == "unparsable" or audited.strict else "notice"
        yield _command(kind, {**_where(skip, root), "title": f"skipped: {skip.name}"}, skip.reason)


def _other(item: AuditFinding, root: str) -> Iterator[str]:
    """A finding that no advisory speaks of: at the places of its package, else where the policy is written."""
    found = item.finding.observation
    title = f"{found.code}: {found.name} {found.version}".strip(": ")
    places: list[dict[str, object]] = [_where(place, root) for place in item.dependencies]
    if not places:
        here = found.origin
        places = [{"file": path_in(here.source, root), "line": here.line or 1} if here is not None else {}]
    for where in places:
        yield _command(_kind(item.finding.level), {**where, "title": title}, f"{found.message}\n{found.help}".strip())


def _where(item: Dependency | SkippedDependency, root: str) -> dict[str, object]:
    if item.input.path is None:
        return {}
    return {"file": file_of(item.input, root), "line": item.line or 1}


def _kind(level: Level) -> str:
    return "error" if level >= Level.BLOCK else "warning" if level == Level.WARN else "notice"


def _command(kind: str, properties: Mapping[str, object], message: str) -> str:
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    """A message: its lines are kept, and nothing in it can be a command of its own."""
    lines = (printable(line) for line in text[:_LONGEST].split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
