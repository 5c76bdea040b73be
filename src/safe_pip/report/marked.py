"""Markdown in which nothing from outside is a mark: texts, links and tables."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from safe_pip.report.plain import printable

# What Markdown and its tables would take for a mark of their own. A dot or a hyphen in the middle of a text is none.
_SPECIAL = re.compile(r"([\\`*_\[\]|~#!])")


def plain(text: str) -> str:
    """A text that Markdown shows as it is: no marks, no HTML, no row or column of its own."""
    return html.escape(_SPECIAL.sub(r"\\\1", printable(text)), quote=False)


def linked(text: str, address: str | None) -> str:
    """A text as a link, where there is an address. address: one that can be a link, made by us."""
    return f"[{plain(text)}]({address})" if address else plain(text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already; an empty text without rows."""
    if not rows:
        return ""
    # The empty line ends a paragraph before the table, also where the report is put behind other text.
    lines = ["", " | ".join(header), " | ".join("---" for _ in header), *(" | ".join(row) for row in rows)]
    return "".join(f"{line}\n" for line in lines)
