"""Texts as a terminal shows them: coloured, with links, cut to columns, and the prose of advisories in paragraphs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style as RichStyle
from rich.text import Text

from safe_pip.report.drawing import STRONG
from safe_pip.report.plain import Style, printable

_BULLET = re.compile(r"[-*+] +|\d{1,3}[.)] +")
_MOST_DETAILS = 10_000
"""So many characters of an advisory's details are shown."""


def drawn(lines: Iterable[Text], *, color: bool, links: bool) -> str:
    """Lines as text, with the codes of a terminal where it is to have them."""
    if not color and not links:
        return "".join(f"{line.plain.rstrip()}\n" for line in lines)
    console = Console(force_terminal=True, width=1_000, _environ={})
    return "".join(
        "".join(_coded(piece.text, piece.style, color=color, links=links) for piece in line.render(console)) + "\n"
        for line in lines
    )


def _coded(text: str, style: RichStyle | None, *, color: bool, links: bool) -> str:
    if style is None:
        return text
    address, plain = style.link, style.update_link(None)
    told = plain.render(text, color_system=ColorSystem.STANDARD) if color else text
    return f"\x1b]8;;{address}\x1b\\{told}\x1b]8;;\x1b\\" if links and address else told


def fitted(text: str, width: int, style: Style) -> str:
    """A text of at most so many columns, wide characters counted as such."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - len(style.ellipsis), 0)).rstrip() + style.ellipsis


def paragraphs(text: str, margin: str, style: Style) -> Iterator[Text]:
    """A text of several lines beside a margin: paragraphs are wrapped, lists, code and empty lines stay."""
    shown = text if len(text) <= _MOST_DETAILS else text[:_MOST_DETAILS] + style.ellipsis
    code, last_empty = False, True
    for line in _joined(shown.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        code ^= line.lstrip().startswith("```")
        clean = printable(line.replace("\t", "    ").replace("\xa0", " ")).rstrip()
        if not clean:
            if not last_empty:
                yield Text()
        elif code or line.startswith("    "):
            yield Text(margin + clean)
        else:
            bullet = len(found[0]) if (found := _BULLET.match(clean.lstrip())) else 0
            indent = " " * (len(clean) - len(clean.lstrip()))
            for piece in textwrap.wrap(
                clean.strip(),
                max(style.width - len(margin) - len(indent), 20),
                subsequent_indent=" " * bullet,
                break_long_words=False,
                break_on_hyphens=False,
            ):
                yield Text(f"{margin}{indent}{piece}", style=STRONG if clean.startswith("#") else "")
        last_empty = not clean


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Lines of one paragraph as one line. What begins with a mark of Markdown, or is indented, begins a new one."""
    held: list[str] = []
    code = False
    for line in lines:
        fence = line.lstrip().startswith("```")
        apart = code or fence or not line.strip() or line.startswith(("#", "    ", "|", ">"))
        begins = _BULLET.match(line.lstrip()) is not None
        if held and (apart or begins):
            yield " ".join(held)
            held = []
        code ^= fence
        if apart:
            yield line
        else:
            held.append(line.strip() if held else line.rstrip())
    if held:
        yield " ".join(held)
