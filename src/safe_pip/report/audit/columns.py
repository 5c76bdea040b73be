"""``--format columns``: the table that pip-audit gives, and the severity as a last column."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from safe_pip.audited import Audited
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import description, findings, severity, titles
from safe_pip.report.plain import printable


def render(audited: Audited, look: Look) -> str:
    """A row a finding, then a row for all that was skipped; an empty text where there is neither."""
    rows = []
    for entry, found in findings(audited, look.sort):
        group = found.advisory
        row = [entry.name, entry.version, group.id, ",".join(group.fix_versions)]
        row += [", ".join(group.aliases)] if look.aliases else []
        row += [description(group)] if look.descriptions else []
        rows.append([*row, severity(group)])
    skipped = [[item.name, item.reason] for item in audited.skipped]
    parts = [_table(titles(look.aliases, look.descriptions), rows), _table(["Name", "Skip Reason"], skipped)]
    return "\n".join(part for part in parts if part)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines, under a header and a rule; an empty text without rows."""
    if not rows:
        return ""
    cells = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    return "".join(
        " ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in cells
    )
