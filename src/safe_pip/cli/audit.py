"""``safe-pip audit``: options read, inputs read, the pipeline called, the report written, an exit code given."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from safe_pip import __version__
from safe_pip.audited import Audited
from safe_pip.auditing import AuditRun, Input, audit, collect
from safe_pip.cli.audit_inputs import index_asked, read_inputs
from safe_pip.cli.console import Screen, progress_for
from safe_pip.cli.run import cache_folder, check_writable, guarded, now, sources_of, write_out, write_whole
from safe_pip.errors import SafePipError, UsageError
from safe_pip.index.keyring import Keyring
from safe_pip.inventory import notes_of
from safe_pip.judge_audit import AuditSettings
from safe_pip.model import Finding, Level, Target
from safe_pip.policy import load, places_of
from safe_pip.report.audit import FORMATS, Look, summary
from safe_pip.report.audit.failure import failure
from safe_pip.report.plain import printable
from safe_pip.request.audit_command_line import parse_audit
from safe_pip.request.audit_given import AuditOptions
from safe_pip.request.audit_values import audit_values
from safe_pip.request.pip_config import Setting, configured
from safe_pip.request.questions import ExplainRequested, HelpRequested, VersionRequested
from safe_pip.request.values import network_of
from safe_pip.settings import Settings
from safe_pip.settings.waivers import Allow
from safe_pip.target import find_interpreter, probe

_STDOUT = ("stdout", "-")
# These hold who needs whom, of everything.
_WITH_WAYS = ("text", "cyclonedx-json", "cyclonedx-xml", "safe-pip-json")
_WIDTH = 80


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command. Returns the exit code."""
    command = _Audit(arguments, environ, Screen(environ))
    try:
        return guarded(
            command.run, lambda: command.screen, debug=lambda: command.options.debug, interrupted="Interrupted."
        )
    except VersionRequested:
        print(f"safe-pip {__version__}")
        return 0
    except ExplainRequested as asked:
        from safe_pip.cli import explain_code

        return explain_code.run(asked.code, environ, no_color="--no-color" in arguments)
    except HelpRequested:
        from safe_pip.cli.help import audit_help

        print(audit_help(), end="")
        return 0


@dataclass
class _Audit:
    """One run of the command."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen
    options: AuditOptions = field(default_factory=AuditOptions)
    target: Target | None = None
    policy: Settings = Settings()

    def run(self) -> int:
        try:
            return self._run()
        except SafePipError as error:
            content = failure(self._format, error, self.policy.in_force)
            if content is not None:
                self._write(content)
            raise

    def _run(self) -> int:
        self.options = parse_audit(self.arguments, self.environ)
        self.screen = Screen(self.environ, quiet=self.options.quiet, no_color=self.options.no_color)
        self._check()
        moment = now()
        judged_by = self._settings()
        if not self.screen.quiet:
            self._say_notes(judged_by.settings.notes)
        named = [*self.options.services, *self.options.advisories]
        sources = sources_of(named, self.environ, osv_url=self.options.osv_url, policy=judged_by.settings)
        if self.options.needs_target:
            self.target = self._probed()
        pip_settings = self._pip_settings()
        values = audit_values(self.options, pip_settings)
        keyring = Keyring(
            values.text("keyring_provider") or "auto",
            self.environ,
            self.target.prefix if self.target is not None else sys.prefix,
            asks=not values.flag("no_input"),
            say=(lambda _: None) if self.screen.quiet else self.screen.say,
        )
        progress = progress_for(self.screen, self.options.spinner)
        run = AuditRun(
            cache=self._cache(),
            now=moment,
            sources=sources,
            settings=judged_by,
            network=network_of(values),
            private=self.options.private,
            with_ways=self._format in _WITH_WAYS,
            offline=self.options.offline,
            keep=not values.flag("no_pip_cache"),
            progress=progress,
            keyring=keyring,
            index_url=index_asked(values, named or judged_by.settings.advisories.sources, judged_by.settings),
        )
        try:
            inputs = read_inputs(self.options, self.target, pip_settings, self.environ, run)
            if self.options.dry_run:
                return self._rehearse(inputs, run)
            audited = audit(inputs, run)
        finally:
            progress.done()
        self._report(audited, moment)
        return audited.exit_code

    # ----------------------------------------------------------------- reading

    @property
    def _format(self) -> str:
        if self.options.format is not None:
            return self.options.format
        on_terminal = self._to_stdout and sys.stdout.isatty()
        return "text" if on_terminal else "columns"

    @property
    def _for_people(self) -> bool:
        """Whether the report itself says all there is to say."""
        return FORMATS[self._format].for_people

    @property
    def _to_stdout(self) -> bool:
        return not self.options.output or self.options.output in _STDOUT

    def _probed(self) -> Target:
        return probe(find_interpreter(self.options.python, self.environ))

    def _check(self) -> None:
        """What can be found wrong before anything is done. Raises UsageError."""
        if self._format not in FORMATS:
            raise UsageError(f"--format {self._format} is not there yet.", f"Choose one of: {', '.join(FORMATS)}.")
        if self.options.output and not self._to_stdout:
            check_writable(self.options.output)

    def _settings(self) -> AuditSettings:
        options = self.options
        self.policy = self._policy()
        return AuditSettings(
            settings=replace(self.policy, allows=tuple(Allow.parse(text) for text in options.allows)),
            ignores=tuple(Allow.parse(text, "--ignore-vuln") for text in options.ignores),
            min_severity=options.min_severity,
            fixable_only=options.fixable_only,
            fail_on=None if options.fail_on == "never" else Level[options.fail_on.upper()],
            strict=options.strict,
        )

    def _policy(self) -> Settings:
        """The policy in force. Raises PolicyError."""
        options = self.options
        places = places_of(
            self.environ,
            named=options.policy,
            profile=options.profile,
            by_environment=options.by_variables,
            cache=self._cache(),
            offline=options.offline,
            network=lambda: network_of(audit_values(options, self._pip_settings())),
        )
        return load(places).settings

    def _pip_settings(self) -> list[Setting]:
        prefix = self.target.prefix if self.target is not None else ""
        return configured(self.environ, prefix, isolated=self.options.isolated, command="install")

    def _cache(self) -> Path:
        named = self.options.cache_dir
        return Path(os.path.expanduser(named)).absolute() if named else cache_folder(self.environ)

    # ----------------------------------------------------------------- telling

    def _rehearse(self, inputs: Sequence[Input], run: AuditRun) -> int:
        """``--dry-run``: what would be audited is counted, and nothing is looked up."""
        # By the built-in policy, which has nothing more asked and fetched than what names the packages.
        collected = collect(inputs, replace(run, settings=AuditSettings()))
        run.progress.done()
        names = {(item.name, item.version) for one in collected.inventories for item in one.dependencies}
        if not self.screen.quiet:
            self._say_notes(notes_of(collected.inventories))
            self.screen.say(f"Dry run: would have audited {_counted(len(names), 'package')}")
        for item in collected.unchecked:
            self.screen.tell(f"Not checked: {printable(item.reason)}")
        empty = Audited(())
        if FORMATS[self._format].manifest and not self._for_people:
            self._write(FORMATS[self._format].render(empty, self._look(run.now)))
        return 3 if any(item.waived_by is None for item in collected.unchecked) else 0

    def _report(self, audited: Audited, moment: datetime) -> None:
        content = FORMATS[self._format].render(audited, self._look(moment))
        if self.options.verbose and not self.screen.quiet:
            for line in _details(audited):
                self.screen.say(printable(line))
        if not self._for_people or not self._to_stdout:
            if not self.screen.quiet:
                self._say_notes(_notes(audited))
                for line in dict.fromkeys(map(_told, _standing(audited))):
                    self.screen.tell(printable(line))
            for item in audited.unchecked:
                if item.waived_by is None:
                    self.screen.tell(f"Not checked: {printable(item.reason)}")
                    if item.help:
                        self.screen.tell(f"Next: {printable(item.help)}")
            if not self.screen.quiet:
                self.screen.say(summary(audited))
            if audited.incomplete:
                self.screen.say("The audit is incomplete: what could not be checked may be vulnerable.")
        self._write(content)

    def _say_notes(self, notes: Iterable[str]) -> None:
        for note in dict.fromkeys(notes):
            self.screen.tell(f"Note: {printable(note)}")

    def _look(self, moment: datetime) -> Look:
        options = self.options
        automatic = FORMATS[self._format].explains
        on_terminal = self._to_stdout and sys.stdout.isatty()
        return Look(
            now=moment,
            descriptions=options.desc == "on" or (options.desc == "auto" and automatic),
            aliases=options.aliases == "on" or (options.aliases == "auto" and automatic),
            sort=options.sort,
            width=self.screen.style.width if on_terminal else _WIDTH,
            color=on_terminal and not options.no_color and not self.environ.get("NO_COLOR"),
            links=on_terminal,
            unicode=(sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf"),
            target=self.target,
        )

    def _write(self, content: str) -> None:
        if content and not content.endswith("\n"):
            content += "\n"
        if self._to_stdout:
            write_out(content)
        else:
            write_whole(self.options.output or "", content)


def _notes(audited: Audited) -> Iterator[str]:
    yield from notes_of(audited.inventories)
    for word in audited.unused_ignores:
        yield f"{word} is to be ignored, and nothing that was found has that id"
    told = {finding.observation.code for finding in _standing(audited)}
    for source in audited.sources:
        if source.stale and source.as_of is not None and "old-advisories" not in told:
            yield f"the advisories of {source.source} are those of {source.as_of:%Y-%m-%d}"
    named = any(inventory.dependencies or inventory.skipped for inventory in audited.inventories)
    if not named and not audited.unchecked:
        yield "there was nothing to audit"


def _standing(audited: Audited) -> list[Finding]:
    """What stands beside the advisories' findings, which have a table of their own."""
    return [item.finding for item in audited.others if item.finding.waived_by is None]


def _told(finding: Finding) -> str:
    """A finding in a line; of one that blocks it is said that it is one, for it decides the exit code."""
    found = finding.observation
    about = f"{found.name} {found.version}".strip()
    named = f"{about}: " if about and not found.message.startswith(about) else ""
    return f"{'Finding' if finding.blocks else 'Note'}: {named}{found.message} ({found.code}, {finding.level.word})"


def _details(audited: Audited) -> Iterator[str]:
    """What ``-v`` says: what was read, and what it was looked up in."""
    for inventory in audited.inventories:
        skipped = f", {len(inventory.skipped)} skipped" if inventory.skipped else ""
        yield f"Read {inventory.input.name}: {_counted(len(inventory.dependencies), 'package')}{skipped}"
    for source in audited.sources:
        yield f"Looked up in {source.source}: {_counted(source.records, 'record')}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
