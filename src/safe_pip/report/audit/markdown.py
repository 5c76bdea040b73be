"""``--format markdown``: the tables that pip-audit gives, with the severity, safe for whatever a text holds."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from safe_pip.audited import Audited
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import description, findings, page, severity, titles
from safe_pip.report.plain import printable

# What Markdown and its tables would take for a mark of their own. A dot or a hyphen in the middle of a text is none.
_SPECIAL = re.compile(r"([\\`*_\[\]|~#!])")


def render(audited: Audited, look: Look) -> str:
    """A row a finding, then a row for all that was skipped; an empty text where there is neither."""
    rows = []
    for entry, found in findings(audited, look.sort):
        group = found.advisory
        row = [_plain(entry.name), _plain(entry.version), _linked(group.id), _plain(",".join(group.fix_versions))]
        row += [", ".join(map(_linked, group.aliases))] if look.aliases else []
        row += [_plain(description(group))] if look.descriptions else []
        rows.append([*row, severity(group)])
    skipped = [[_plain(item.name), _plain(item.reason)] for item in audited.skipped]
    return _table(titles(look.aliases, look.descriptions), rows) + _table(["Name", "Skip Reason"], skipped)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    # The empty line ends a paragraph before the table, also where the report is put behind other text.
    lines = ["", " | ".join(header), " | ".join("---" for _ in header), *(" | ".join(row) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def _linked(identifier: str) -> str:
    address = page(identifier)
    return f"[{_plain(identifier)}]({address})" if address else _plain(identifier)


def _plain(text: str) -> str:
    """A text that Markdown shows as it is: no marks, no HTML, no row or column of its own."""
    return html.escape(_SPECIAL.sub(r"\\\1", printable(text)), quote=False)
