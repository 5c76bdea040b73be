"""What plain texts for people need as well: how wide and with which signs, and texts from outside made safe to show."""

from __future__ import annotations

import json
import re
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


_CI_COMMANDS = re.compile(
    r"#(#[a-z]*\[)|:(:(?:add-(?:mask|matcher|path)|debug|echo|(?:end)?group|error|notice|remove-matcher|save-state"
    r"|set-(?:env|output)|stop-commands|warning)\b)",
    re.IGNORECASE,
)
"""What Azure Pipelines, TeamCity and GitHub Actions take for commands to them in whatever a program prints."""


def printable(text: str) -> str:
    """A text from outside made safe to show: control and direction characters are written out, look-alikes stay.

    So are commands to the CI service that the output may be read by.
    """
    clean = urls.redacted(text)
    if "##" in clean or "::" in clean:
        clean = _CI_COMMANDS.sub(lambda found: f"\\x{ord(found[0][0]):02x}{found[1] or found[2]}", clean)
    if clean.isprintable():
        return clean
    return "".join(
        char if char == " " or not unicodedata.category(char).startswith(("C", "Z")) else f"\\x{ord(char):02x}"
        for char in clean
    )


def json_text(value: object, indent: int | None = 2) -> str:
    """A value as JSON for programs, on lines of its own, without what a CI service would take for a command to it."""
    return json.dumps(value, indent=indent).replace("##", "#\\u0023") + "\n"


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(parts: Iterable[str]) -> str:
    """The parts that there are, with commas."""
    return ", ".join(part for part in parts if part)
