"""What finding codes weigh: for each command, in the built-in policy, and for some packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from safe_pip.codes import CODES
from safe_pip.model import Level, PolicyLine
from safe_pip.settings.patterns import PackagePattern

Command = Literal["install", "audit"]
"""What levels are given for; ``download`` and ``wheel`` count as ``install``."""


@dataclass(frozen=True, slots=True)
class Weight:
    """The levels of a finding code, and the line that gives them. audit_line: the one for audits, where it differs."""

    install: Level
    audit: Level
    line: PolicyLine
    audit_line: PolicyLine | None = None

    def of(self, command: Command) -> Level:
        """The level for a command."""
        return self.install if command == "install" else self.audit

    def line_of(self, command: Command) -> PolicyLine:
        """The line that gives the level for a command."""
        return self.line if command == "install" or self.audit_line is None else self.audit_line


BUILT_IN_LEVELS: Mapping[str, Weight] = {
    code.code: Weight(
        code.install,
        code.audit,
        PolicyLine(
            f'levels.{code.code} = "{code.install.word}"'
            if code.install == code.audit
            else f'levels.{code.code} = {{install = "{code.install.word}", audit = "{code.audit.word}"}}'
        ),
    )
    for code in CODES.values()
}
"""The levels of the built-in policy."""


@dataclass(frozen=True, slots=True)
class Override:
    """Levels for some packages. Of several that match, the last one that names the code counts."""

    packages: PackagePattern
    levels: Mapping[str, Weight]
