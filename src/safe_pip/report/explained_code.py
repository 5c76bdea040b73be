"""What a finding code means: its section of docs/reference/findings.md, for a terminal and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from safe_pip.codes import CODES
from safe_pip.report.audit.prose import drawn
from safe_pip.report.drawing import QUIET, STRONG, wrapped
from safe_pip.report.plain import Style, printable
from safe_pip.report.reference import sections

SCHEMA = "safe-pip.explain-code/1"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_EMPHASIS = re.compile(r"\*\*(.+?)\*\*|(?<!\*)\*([^*]+)\*(?!\*)")


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
