"""The findings reference, docs/reference/findings.md: the one source of what each finding code means.

A wheel carries the page as ``safe_pip/findings.md`` (hatchling's force-include); in a checkout, and so in an editable
install, there is no such file, and the page itself is read, so that both always say the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from safe_pip.codes import CODES

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "findings.md", _PACKAGE.parents[1] / "docs" / "reference" / "findings.md")
_HEADING = re.compile(r"^## ([a-z-]+)\n+(.*?)(?=^##? |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([a-z-]+)` \| (.+) \|$", re.MULTILINE)
_LINK_BESIDE = re.compile(r"\[([^\]]+)\]\((?!https://)[^)]+\)")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_FENCE = re.compile(r"^```\w*$\n?", re.MULTILINE)
_MARKED = re.compile(r"\*\*(.+?)\*\*|^\*([^*\n]+)\*$", re.MULTILINE)


@lru_cache(maxsize=1)
def sections() -> Mapping[str, str]:
    """The Markdown below each code's heading; of what only is passed over, its row. Empty where the page is missing."""
    page = next((place for place in _PLACES if place.is_file()), None)
    if page is None:
        return {}
    text = page.read_text("utf-8")
    rows = {code: f"*Passed over.* {reason}" for code, reason in _ROW.findall(text) if "-" in code or code in CODES}
    return rows | {code: body.strip() for code, body in _HEADING.findall(text)}


def as_markdown(code: str) -> str:
    """The section of a code as Markdown that can stand anywhere: links to other pages are their words. May be empty."""
    return _LINK_BESIDE.sub(r"\1", sections().get(code, ""))


def as_plain(code: str) -> str:
    """The section of a code without the marks of Markdown. May be empty."""
    text = _FENCE.sub("", _LINK.sub(r"\1", sections().get(code, "")))
    return _MARKED.sub(lambda found: found[1] or found[2], text).strip()
