"""What plain texts for people need as well: how wide and with which signs, and texts from outside made safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from safe_pip import urls
from safe_pip.model import Level


@dataclass(frozen=True)
class Style:
    """How to draw. width: columns. unicode: whether the terminal can show more than ASCII."""

    width: int = 80
    unicode: bool = True

    @property
    def arrow(self) -> str:
        return "→" if self.unicode else "->"

    @property
    def dot(self) -> str:
        return "·" if self.unicode else "-"

    @property
    def ellipsis(self) -> str:
        return "…" if self.unicode else "..."

    def mark(self, level: Level) -> str:
        """The sign before a finding."""
        if level >= Level.BLOCK:
            return "✗" if self.unicode else "x"
        return "!" if level == Level.WARN else "i"


def printable(text: str) -> str:
    """A text from outside made safe to show: control and direction characters are written out, look-alikes stay."""
    clean = urls.redacted(text)
    if clean.isprintable():
        return clean
    return "".join(
        char if char == " " or not unicodedata.category(char).startswith(("C", "Z")) else f"\\x{ord(char):02x}"
        for char in clean
    )


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(parts: Iterable[str]) -> str:
    """The parts that there are, with commas."""
    return ", ".join(part for part in parts if part)
