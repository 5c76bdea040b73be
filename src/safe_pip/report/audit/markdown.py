"""``--format markdown``: the tables that pip-audit gives, with the severity, safe for whatever a text holds."""

from __future__ import annotations

from safe_pip.audited import Audited
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import description, findings, page, severity, titles
from safe_pip.report.marked import linked, plain, table


def render(audited: Audited, look: Look) -> str:
    """A row a finding, then a row for all that was skipped; an empty text where there is neither."""
    rows = []
    for entry, found in findings(audited, look.sort):
        group = found.advisory
        row = [
            plain(entry.name),
            plain(entry.version),
            linked(group.id, page(group.id)),
            plain(",".join(group.fix_versions)),
        ]
        row += [", ".join(linked(item, page(item)) for item in group.aliases)] if look.aliases else []
        row += [plain(description(group))] if look.descriptions else []
        rows.append([*row, severity(group)])
    skipped = [[plain(item.name), plain(item.reason)] for item in audited.skipped]
    return table(titles(look.aliases, look.descriptions), rows) + table(["Name", "Skip Reason"], skipped)
