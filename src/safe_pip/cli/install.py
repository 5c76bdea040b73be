"""``install``, ``download`` and ``wheel``: options read, the pipeline called, the verdict shown, an exit code given."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from safe_pip import urls
from safe_pip.cli.console import Screen, progress_for
from safe_pip.cli.run import (
    INTERRUPTED,
    cache_folder,
    check_folder,
    check_writable,
    guarded,
    now,
    sources_of,
    time_limit,
    write_whole,
)
from safe_pip.commit import Committed
from safe_pip.deliver import Delivered
from safe_pip.errors import CommitError, SafePipError, UsageError
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.model import Approved, Level, Request, Target, Verdict
from safe_pip.pipeline import Run, install
from safe_pip.policy import load, places_of
from safe_pip.report import Report, format_of, installation, text
from safe_pip.request.command_line import parse
from safe_pip.request.commands import COMMANDS, INSTALL, Command
from safe_pip.request.default_index import default_index, pip_folder, pip_version
from safe_pip.request.pip_config import configured
from safe_pip.request.questions import ExplainRequested, HelpRequested
from safe_pip.request.reading import read_request
from safe_pip.request.values import Values, network_of
from safe_pip.settings import Settings
from safe_pip.settings.waivers import Allow
from safe_pip.target import find_interpreter, probe
from safe_pip.urls import credentials_in

_LARGEST_REQUIREMENTS_FILE = 20_000_000
_WAY_OUT_SECONDS = 20.0
"""So long a way out of a refusal is looked for."""


def run(arguments: Sequence[str], environ: Mapping[str, str], name: str = "install") -> int:
    """Run a guarded command. Returns the exit code."""
    command = _Install(arguments, environ, Screen(environ), command=COMMANDS[name])
    try:
        return guarded(
            command.run,
            lambda: command.screen,
            debug=lambda: command.values.flag("debug"),
            interrupted="Interrupted. Nothing was installed." if name == INSTALL.name else "Interrupted.",
        )
    except ExplainRequested as asked:
        from safe_pip.cli import explain_code

        return explain_code.run(asked.code, environ, no_color="--no-color" in arguments)
    except HelpRequested:
        from safe_pip.cli.help import command_help

        print(command_help(name), end="")
        return 0


@dataclass
class _Install:
    """One run of the command, and what it has learned of how to speak."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen
    values: Values = field(default_factory=Values)
    shown: list[Report] = field(default_factory=list)
    command: Command = INSTALL
    policy: Settings = Settings()

    def run(self) -> int:
        try:
            return self._run()
        except SafePipError as error:
            self._fail(error)
            raise

    def _run(self) -> int:
        target = self._read_options()
        self.screen = Screen(self.environ, quiet=self.values.count("quiet"), no_color=self.values.flag("no_color"))
        allows = tuple(Allow.parse(given) for given in self.values.texts("allow"))
        settings = replace(self.policy, allows=allows, avoid=self.values.flag("avoid"))
        named = self.values.texts("advisories")
        sources = sources_of(named, self.environ, osv_url=self.values.text("osv_url"), policy=settings)
        moment = now()
        keyring = Keyring(
            self.values.text("keyring_provider") or "auto",
            self.environ,
            target.prefix,
            asks=not self.values.flag("no_input"),
            say=(lambda _: None) if self.screen.quiet else self.screen.say,
        )
        indexes = self._configured_indexes()
        with Http(network_of(self.values), credentials_in(indexes), keyring=keyring, indexes=indexes) as http:
            request = read_request(
                self.values,
                target,
                environ=self.environ,
                fetch=lambda url: http.get(url, limit=_LARGEST_REQUIREMENTS_FILE).content,
                default_index=default_index,
                now=moment,
            )
        if not self.screen.quiet:
            for note in (*settings.notes, *request.notes):
                self.screen.tell(f"Note: {text.printable(note)}")

        def show(verdict: Verdict) -> None:
            self.shown.append(Report(verdict, request, self.command.name))
            self._show_verdict(self.shown[0])
            self._write_installation_report(verdict, request)

        progress = progress_for(self.screen, self.values.text("progress_bar") or "auto")
        try:
            outcome = install(
                request,
                Run(
                    keep=not self.values.flag("no_pip_cache"),
                    cache=cache_folder(self.environ),
                    now=moment,
                    environ=self.environ,
                    settings=settings,
                    sources=sources,
                    pip_folder=pip_folder(),
                    offline=self.values.flag("offline"),
                    progress=progress,
                    say=self.screen.say,
                    report=show,
                    keyring=keyring,
                    words=(self.command.name, *self.arguments),
                    time_limit=partial(time_limit, _WAY_OUT_SECONDS),
                ),
            )
        finally:
            progress.done()
        report = Report(outcome.verdict, request, self.command.name)
        committed, delivered = outcome.committed, outcome.delivered
        exit_code = INTERRUPTED if committed is not None and committed.interrupted else report.exit_code
        try:
            self._finish(report, committed, delivered, exit_code)
            sys.stdout.flush()
        except (BrokenPipeError, KeyboardInterrupt):
            if committed is None and delivered is None:
                raise
            # All is done, whoever still listens.
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        return exit_code

    # ----------------------------------------------------------------- reading

    def _read_options(self) -> Target:
        """The options, with pip's configuration of every level; the last level lies in the target itself."""
        self.values = self._parsed("")
        output = self.values.text("output")
        if output:
            check_writable(output)
        # While the target is being asked what it is.
        self.policy = self._policy()
        target = probe(find_interpreter(self.values.text("python"), self.environ))
        self.values = self._parsed(target.prefix)
        self._check_places()
        return target

    def _policy(self) -> Settings:
        """The policy in force. Raises PolicyError."""
        values = self.values
        places = places_of(
            self.environ,
            named=values.text("policy"),
            profile=values.text("profile"),
            by_environment=frozenset(dest for dest in ("policy", "profile") if values.origins.get(dest)),
            cache=cache_folder(self.environ),
            offline=values.flag("offline"),
            network=lambda: network_of(values),
        )
        return load(places).settings

    def _parsed(self, site_prefix: str) -> Values:
        isolated = "--isolated" in self.arguments
        settings = configured(self.environ, site_prefix, isolated=isolated, command=self.command.name)
        values = parse(self.arguments, settings, self.environ, self.command)
        if self.command is not INSTALL:
            values.given.setdefault("folder", os.curdir)
        return values

    def _check_places(self) -> None:
        """Two reports cannot share a place; and where files go, files can go. Raises UsageError."""
        report, output = self.values.text("pip_report"), self.values.text("output")
        if report == "-" and self._for_programs and not output:
            raise UsageError(
                f"--report - and --format {self._format} would both be written to standard output.",
                "Give one of them a file: --report FILE, or --output FILE.",
            )
        if report and report != "-":
            check_writable(report, "--report")
            if output and os.path.realpath(report) == os.path.realpath(output):
                raise UsageError(f"--report and --output both name {output}.", "Give each a file of its own.")
        folder = self.values.text("folder")
        if folder:
            check_folder(folder, "--wheel-dir" if self.command.name == "wheel" else "--dest")

    def _configured_indexes(self) -> list[str]:
        """The indexes of options and configuration, whose logins a requirements file on such a host is read with."""
        given = [self.values.text("index_url") or "", *self.values.texts("extra_index_urls")]
        found = []
        for url in given:
            # What is no URL is refused where the request is read.
            with suppress(ValueError):
                urls.split_credentials(url)
                found.append(url)
        return [] if self.values.flag("no_index") else found

    # ----------------------------------------------------------------- showing

    @property
    def _for_programs(self) -> bool:
        """Whether the report is of a format that programs read; people are then told how it ends, and no more."""
        return self._format != "text"

    @property
    def _format(self) -> str:
        return self.values.text("format") or "text"

    def _show_verdict(self, report: Report) -> None:
        """What there is to say before anything is installed."""
        approved = isinstance(report.verdict, Approved)
        warned = any(finding.level >= Level.WARN for finding in report.verdict.findings)
        if approved and (self.screen.quiet > 1 or (self.screen.quiet == 1 and not warned)):
            return
        lines = [] if self._for_programs or self.screen.quiet else list(text.plan_lines(report, self.screen.style))
        if not self._for_programs:
            lines += text.verdict_lines(report, self.screen.style)
        output = self.values.text("output")
        if output and not self._for_programs:
            closing = text.closing_lines(report, self.screen.style)
            write_whole(output, "".join(f"{line.plain}\n" for line in [*lines, *closing]))
            lines = []
        self.screen.show([*lines, *text.closing_lines(report, self.screen.style)])

    def _write_installation_report(self, verdict: Verdict, request: Request) -> None:
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

    def _finish(self, report: Report, committed: Committed | None, delivered: Delivered | None, exit_code: int) -> None:
        """The end of a run in which nothing failed."""
        if self._for_programs:
            self._write_report(format_of(self._format).render(report, exit_code=exit_code))
        if delivered is not None:
            self._show_delivery(report, delivered)
        if committed is None:
            return
        if self.screen.quiet < 2:
            for line in committed.warnings.splitlines():
                self.screen.say(text.printable(line))
        if self.values.count("verbose"):
            self._show_pip(committed.output)
        if not self.screen.quiet and committed.closing_line:
            self.screen.show(text.closing_after_commit(report, self.screen.style))
            if self.values.text("pip_report") == "-":
                # Whoever reads the report there reads nothing else.
                self.screen.say(text.printable(committed.closing_line))
            elif self._stdout_is_free:
                print(committed.closing_line)

    @property
    def _stdout_is_free(self) -> bool:
        """Whether no report goes to standard output."""
        return not self._for_programs or bool(self.values.text("output"))

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

    def _fail(self, error: SafePipError) -> None:
        """What a machine, or a curious person, wants to know of a failure; ``guarded`` tells the rest."""
        if isinstance(error, CommitError) and (self.values.count("verbose") or not self.shown):
            self._show_pip(error.output)
        if self._for_programs:
            if self.shown:
                self._write_report(format_of(self._format).render(self.shown[0], error=error))
            else:
                dry_run = self.values.flag("dry_run")
                failed = format_of(self._format).failure(
                    error, command=self.command.name, dry_run=dry_run, policy=self.policy.in_force
                )
                self._write_report(failed)

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
