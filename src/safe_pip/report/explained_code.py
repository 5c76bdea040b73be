"""What a finding code means: its section of docs/reference/findings.md, for a terminal and as JSON.

That page is the one source. A wheel carries it as ``safe_pip/findings.md`` (hatchling's force-include); in a checkout,
and so in an editable install, there is no such file, and the page itself is read, so that both always say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rich.text import Text

from safe_pip.codes import CODES
from safe_pip.report.audit.prose import drawn
from safe_pip.report.drawing import QUIET, STRONG, wrapped
from safe_pip.report.plain import Style, printable

SCHEMA = "safe-pip.explain-code/1"
_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "findings.md", _PACKAGE.parents[1] / "docs" / "reference" / "findings.md")
_HEADING = re.compile(r"^## ([a-z-]+)\n+(.*?)(?=^##? |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([a-z-]+)` \| (.+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_EMPHASIS = re.compile(r"\*\*(.+?)\*\*|(?<!\*)\*([^*]+)\*(?!\*)")


@lru_cache(maxsize=1)
def sections() -> Mapping[str, str]:
    """The Markdown below each code's heading; of what only is passed over, its row. Empty where the page is missing."""
    page = next((place for place in _PLACES if place.is_file()), None)
    if page is None:
        return {}
    text = page.read_text("utf-8")
    rows = {code: f"*Passed over.* {reason}" for code, reason in _ROW.findall(text) if "-" in code or code in CODES}
    return rows | {code: body.strip() for code, body in _HEADING.findall(text)}


def as_text(code: str, style: Style, *, color: bool = False, links: bool = False) -> str:
    """The section of a code that there is, for people."""
    text = drawn(_lines(code, style), color=color, links=links).rstrip() + "\n"
    return text if style.unicode else text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


_ASCII = str.maketrans({"✗": "x", "→": "->", "…": "..."})


def as_dict(code: str) -> dict[str, Any]:
    """The section as plain values: the code, its built-in levels (None where it has none), and its Markdown."""
    known = CODES.get(code)
    levels = {"install": known.install.word, "audit": known.audit.word} if known is not None else None
    kind = known.kind if known is not None else None
    return {"schema": SCHEMA, "code": code, "kind": kind, "levels": levels, "text": sections()[code]}


def _lines(code: str, style: Style) -> Iterator[Text]:
    """The section as it is drawn: the code, then every block of the page, with an empty line between two."""
    yield Text(code, style=STRONG)
    held: list[str] = []
    fence, margin = False, ""
    for line in ["", *sections()[code].split("\n"), ""]:
        if line.startswith("```"):
            # What one sees is as it is in a report, with a margin of its own.
            fence, margin = not fence, "" if line == "```text" else "    "
        elif fence:
            yield Text(f"{margin}{printable(line)}".rstrip(), style=QUIET)
        elif line:
            held.append(line)
        else:
            if held:
                yield from _paragraph(held, style)
            held = []
            yield Text()


def _paragraph(held: list[str], style: Style) -> Iterator[Text]:
    """The lines of one paragraph, wrapped, with its emphasis and links as a terminal has them."""
    marked = " ".join(held)
    links = dict(_LINK.findall(marked))
    marked = _LINK.sub(r"\1", marked)
    strong = [next(filter(None, found)) for found in _EMPHASIS.findall(marked)]
    for line in wrapped(_EMPHASIS.sub(lambda found: found[1] or found[2], marked), style):
        for words in strong:
            if (start := line.plain.find(words)) >= 0:
                line.stylize(STRONG, start, start + len(words))
        for words, address in links.items():
            if address.startswith("https://") and (start := line.plain.find(words)) >= 0:
                line.stylize(f"link {address}", start, start + len(words))
        yield line
