"""``install``, ``download`` and ``wheel``: options read, the pipeline called, the verdict shown, an exit code given."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from safe_pip import urls
from safe_pip.cli.console import Screen, progress_for
from safe_pip.cli.install_telling import Telling
from safe_pip.cli.run import (
    INTERRUPTED,
    cache_folder,
    check_folder,
    check_writable,
    guarded,
    now,
    sources_of,
    time_limit,
)
from safe_pip.errors import SafePipError, UsageError
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.model import Request, Target, Verdict
from safe_pip.pipeline import Outcome, Run, install
from safe_pip.policy import load, places_of
from safe_pip.report import Report
from safe_pip.request.command_line import parse
from safe_pip.request.commands import COMMANDS, INSTALL, Command
from safe_pip.request.default_index import default_index, pip_folder
from safe_pip.request.pip_config import configured
from safe_pip.request.questions import ExplainRequested, HelpRequested
from safe_pip.request.reading import read_request
from safe_pip.request.values import Values, network_of
from safe_pip.settings import Settings
from safe_pip.settings.waivers import Allow
from safe_pip.target.interpreter import find_interpreter
from safe_pip.target.probing import probe
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
    shown: Report | None = None
    command: Command = INSTALL
    policy: Settings = Settings()

    def run(self) -> int:
        try:
            return self._run()
        except SafePipError as error:
            self._telling.failure(error, self.shown, self.policy.in_force)
            raise

    @property
    def _telling(self) -> Telling:
        """How to speak, by what has been read of the options until now."""
        return Telling(self.screen, self.values, self.command)

    def _run(self) -> int:
        target = self._read_options()
        self.screen = Screen(self.environ, quiet=self.values.count("quiet"), no_color=self.values.flag("no_color"))
        allows = tuple(Allow.parse(given) for given in self.values.texts("allow"))
        settings = replace(self.policy, allows=allows, avoid=self.values.flag("avoid"))
        named = self.values.texts("advisories")
        sources = sources_of(named, self.environ, osv_url=self.values.text("osv_url"), policy=settings)
        moment = now()
        keyring = self._keyring(target)
        request = self._request(target, keyring, moment)
        self._telling.notes((*settings.notes, *request.notes))
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
                    report=lambda verdict: self._show(verdict, request),
                    keyring=keyring,
                    words=(self.command.name, *self.arguments),
                    time_limit=partial(time_limit, _WAY_OUT_SECONDS),
                ),
            )
        finally:
            progress.done()
        return self._end(outcome, request)

    def _show(self, verdict: Verdict, request: Request) -> None:
        """Tell the verdict, before anything is installed."""
        self.shown = Report(verdict, request, self.command.name)
        self._telling.verdict(self.shown)
        self._telling.installation_report(verdict, request)

    def _end(self, outcome: Outcome, request: Request) -> int:
        """Tell what was done. Returns the exit code."""
        report = Report(outcome.verdict, request, self.command.name)
        committed, delivered = outcome.committed, outcome.delivered
        exit_code = INTERRUPTED if committed is not None and committed.interrupted else report.exit_code
        try:
            self._telling.end(report, committed, delivered, exit_code)
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
        if report == "-" and self._telling.for_programs and not output:
            raise UsageError(
                f"--report - and --format {self._telling.format} would both be written to standard output.",
                "Give one of them a file: --report FILE, or --output FILE.",
            )
        if report and report != "-":
            check_writable(report, "--report")
            if output and os.path.realpath(report) == os.path.realpath(output):
                raise UsageError(f"--report and --output both name {output}.", "Give each a file of its own.")
        folder = self.values.text("folder")
        if folder:
            check_folder(folder, "--wheel-dir" if self.command.name == "wheel" else "--dest")

    def _keyring(self, target: Target) -> Keyring:
        """What asks the user's keyring, or the user, for logins."""
        return Keyring(
            self.values.text("keyring_provider") or "auto",
            self.environ,
            target.prefix,
            asks=not self.values.flag("no_input"),
            say=(lambda _: None) if self.screen.quiet else self.screen.say,
        )

    def _request(self, target: Target, keyring: Keyring, moment: datetime) -> Request:
        """What is asked for; requirements files at a URL are fetched with the logins of the indexes."""
        indexes = self._configured_indexes()
        with Http(network_of(self.values), credentials_in(indexes), keyring=keyring, indexes=indexes) as http:
            return read_request(
                self.values,
                target,
                environ=self.environ,
                fetch=lambda url: http.get(url, limit=_LARGEST_REQUIREMENTS_FILE).content,
                default_index=default_index,
                now=moment,
            )

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
