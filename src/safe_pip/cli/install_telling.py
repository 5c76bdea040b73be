"""What a guarded command tells of its verdict and of its end: to people, to programs, and to who reads pip's words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from safe_pip.cli.console import Screen
from safe_pip.cli.run import write_whole
from safe_pip.commit import Committed
from safe_pip.deliver import Delivered
from safe_pip.errors import CommitError, SafePipError
from safe_pip.model import Approved, Level, PolicyInForce, Request, Verdict
from safe_pip.report import Report, format_of, installation, text
from safe_pip.request.commands import Command
from safe_pip.request.default_index import pip_version
from safe_pip.request.values import Values


@dataclass(frozen=True)
class Telling:
    """How a run of a command is to speak, by its options."""

    screen: Screen
    values: Values
    command: Command

    @property
    def for_programs(self) -> bool:
        """Whether the report is of a format that programs read; people are then told how it ends, and no more."""
        return self.format != "text"

    @property
    def format(self) -> str:
        """The format of the report."""
        return self.values.text("format") or "text"

    def notes(self, notes: Iterable[str]) -> None:
        """What the policy and the request have to say of themselves."""
        if not self.screen.quiet:
            for note in notes:
                self.screen.tell(f"Note: {text.printable(note)}")

    def verdict(self, report: Report) -> None:
        """What there is to say before anything is installed."""
        approved = isinstance(report.verdict, Approved)
        warned = any(finding.level >= Level.WARN for finding in report.verdict.findings)
        if approved and (self.screen.quiet > 1 or (self.screen.quiet == 1 and not warned)):
            return
        lines = [] if self.for_programs or self.screen.quiet else list(text.plan_lines(report, self.screen.style))
        if not self.for_programs:
            lines += text.verdict_lines(report, self.screen.style)
        output = self.values.text("output")
        if output and not self.for_programs:
            closing = text.closing_lines(report, self.screen.style)
            write_whole(output, "".join(f"{line.plain}\n" for line in [*lines, *closing]))
            lines = []
        self.screen.show([*lines, *text.closing_lines(report, self.screen.style)])

    def installation_report(self, verdict: Verdict, request: Request) -> None:
        """pip's own report, as pip does it: before anything is installed, and only of what will be."""
        place = self.values.text("pip_report")
        if not place or not isinstance(verdict, Approved):
            return
        content = installation.render(verdict, request, pip_version=".".join(map(str, pip_version())))
        if place == "-":
            sys.stdout.write(content)
            sys.stdout.flush()
        else:
            write_whole(place, content, "--report")

    def end(self, report: Report, committed: Committed | None, delivered: Delivered | None, exit_code: int) -> None:
        """The end of a run in which nothing failed."""
        if self.for_programs:
            self._write_report(format_of(self.format).render(report, exit_code=exit_code))
        if delivered is not None:
            self._show_delivery(report, delivered)
        if committed is not None:
            self._show_commit(report, committed)

    def failure(self, error: SafePipError, shown: Report | None, policy: PolicyInForce) -> None:
        """What a machine, or a curious person, wants to know of a failure; ``guarded`` tells the rest.

        shown: what was told before it, None where it came first. policy: that was in force.
        """
        if isinstance(error, CommitError) and (self.values.count("verbose") or shown is None):
            self._show_pip(error.output)
        if not self.for_programs:
            return
        form = format_of(self.format)
        if shown is not None:
            self._write_report(form.render(shown, error=error))
            return
        dry_run = self.values.flag("dry_run")
        self._write_report(form.failure(error, command=self.command.name, dry_run=dry_run, policy=policy))

    @property
    def _stdout_is_free(self) -> bool:
        """Whether no report goes to standard output."""
        return not self.for_programs or bool(self.values.text("output"))

    def _show_commit(self, report: Report, committed: Committed) -> None:
        """What pip did, with its last word on stdout, where programs look for it."""
        if self.screen.quiet < 2:
            for line in committed.warnings.splitlines():
                self.screen.say(text.printable(line))
        if self.values.count("verbose"):
            self._show_pip(committed.output)
        if self.screen.quiet or not committed.closing_line:
            return
        self.screen.show(text.closing_after_commit(report, self.screen.style))
        if self.values.text("pip_report") == "-":
            # Whoever reads the report there reads nothing else.
            self.screen.say(text.printable(committed.closing_line))
        elif self._stdout_is_free:
            print(committed.closing_line)

    def _show_delivery(self, report: Report, delivered: Delivered) -> None:
        """What was put where: for people on stderr, and on stdout in the words of pip, which programs read."""
        if self.screen.quiet < 2:
            for place in delivered.replaced:
                self.screen.say(f"{text.printable(place.name)} was there with other content, and was replaced.")
        if self.screen.quiet or not delivered.names:
            return
        self.screen.show(
            text.closing_after_delivery(report, self.screen.style, saved=len(delivered.saved), kept=len(delivered.kept))
        )
        if not self._stdout_is_free:
            return
        for place in delivered.kept:
            print(f"File was already downloaded {place}")
        for place in delivered.saved:
            print(f"Saved {_from_here(place)}")
        if self.command.name == "download":
            print(f"Successfully downloaded {' '.join(delivered.names)}")

    def _show_pip(self, output: str) -> None:
        for line in output.splitlines():
            self.screen.say(f"pip: {text.printable(line)}")

    def _write_report(self, content: str) -> None:
        output = self.values.text("output")
        if output:
            write_whole(output, content)
        else:
            sys.stdout.write(content)


def _from_here(path: Path) -> str:
    """A path as pip shows it: from the working directory, where it lies below that (pip: utils/misc.py)."""
    try:
        return os.path.join(os.curdir, path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
