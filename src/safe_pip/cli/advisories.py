"""``safe-pip advisories sync`` and ``safe-pip advisories status``: the local advisory database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rich.text import Text

from safe_pip.advisories import Advisories
from safe_pip.advisories.database import Database
from safe_pip.advisories.sources import Context, Opened
from safe_pip.cli.console import Screen, progress_for
from safe_pip.cli.own import OwnParser, by_age, format_of, kept_here, named_sources, open_here, policy_here
from safe_pip.cli.run import cache_folder, guarded, now, sources_of
from safe_pip.errors import UsageError
from safe_pip.index.http import Http
from safe_pip.model import AdvisorySource, Network
from safe_pip.report.plain import printable
from safe_pip.settings import Settings

_LONGEST_TIMEOUT = 86_400.0

USAGE = """Usage: safe-pip advisories sync [--rebuild] [--advisories SRC]
       safe-pip advisories status [--advisories SRC] [--format text|json]

sync     bring the local advisory database up to date now, whatever its age
status   say what it holds: records, age, source, size

Options:
  --advisories SRC   a zip, folder or file of OSV records, the URL of a zip, or (ending in /) the base URL of a bulk
                     export; without it, what the policy names, else OSV's bulk export for PyPI
  --policy FILE      a policy file, instead of those that are found
  --profile NAME     a profile of the policy
  --rebuild          fetch everything anew, not only what has changed
  --timeout SECONDS  bound on each connect and read
  --format NAME      text or json
  -q, --quiet        say less
"""


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command. Returns the exit code."""
    command = _Advisories(arguments, environ, Screen(environ))
    return guarded(command.run, lambda: command.screen)


@dataclass
class _Advisories:
    arguments: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen
    options: Any = field(default=None)
    settings: Settings = Settings()

    def run(self) -> int:
        parser = OwnParser("advisories")
        parser.add_option("--rebuild", action="store_true", default=False)
        parser.add_option("--timeout", type="float", default=15.0)
        self.options, words = parser.parse_args(list(self.arguments))
        if self.options.help:
            print(USAGE, end="")
            return 0
        if words not in (["sync"], ["status"]):
            said = " ".join(["safe-pip advisories", *words])
            raise UsageError(f"`{said}` is not a {'' if words else 'whole '}command.", "Say sync or status.")
        if not 0 < self.options.timeout <= _LONGEST_TIMEOUT:
            raise UsageError(
                f"--timeout {self.options.timeout:g} is not a time to wait.", "Give seconds, such as --timeout 30."
            )
        self.options.format = format_of(self.options, self.environ)
        self.screen = Screen(self.environ, quiet=self.options.quiet)
        self.settings = policy_here(self.options, self.environ, self.screen)
        named = named_sources(self.options, self.environ)
        if not named:
            self._leave_out_services()
        return self._sync(named) if words == ["sync"] else self._status(named)

    def _leave_out_services(self) -> None:
        """What the policy names is looked at as far as it is kept here; the rest is told."""
        kept = kept_here(self.settings)
        for text in self.settings.advisories.sources:
            if text not in kept.advisories.sources and not self.screen.quiet:
                self.screen.say(f"Note: {text}, which the policy names, is a service that is asked anew each time.")
        self.settings = kept

    def _sync(self, named: list[str]) -> int:
        progress = progress_for(self.screen, "auto")
        opened: list[Opened] = []
        with closing(Advisories(opened, now())):
            try:
                with Http(Network(timeout=self.options.timeout, retries=2)) as http:
                    context = Context(cache_folder(self.environ), http, now(), progress=progress)
                    sources = sources_of(
                        named, self.environ, rebuild=self.options.rebuild, at_once=True, policy=self.settings
                    )
                    opened.extend(source.open(context) for source in sources)
            finally:
                progress.done()
            self._show(opened)
            # A source that could only offer what it had before is told by its note, and is not up to date.
            return 3 if any(item.note.startswith("not brought up to date") for item in opened) else 0

    def _status(self, named: list[str]) -> int:
        opened: list[Opened] = []
        with closing(Advisories(opened, now())):
            open_here(named, self.environ, self.settings, opened)
            self._show(opened)
            return 0

    def _show(self, opened: list[Opened]) -> None:
        sources, too_old = by_age(Advisories(opened, now()).sources, self.settings)
        if self.options.format == "json":
            print(json.dumps([_as_dict(item, source) for item, source in zip(opened, sources, strict=True)], indent=2))
        elif not self.screen.quiet:
            for item, source in zip(opened, sources, strict=True):
                for line in _described(item, source, now()):
                    print(printable(line.plain))
            for gap in too_old:
                print(f"{'old':<8} {printable(gap.reason)}")


def _database(item: Opened) -> Database:
    """What a source has on this machine. Raises UsageError for a service, which has nothing here."""
    if not isinstance(item.database, Database):
        raise UsageError(
            f"{item.source} is a service: it has no database on this machine.", "Name a source that has one, or none."
        )
    return item.database


def _described(item: Opened, source: AdvisorySource, moment: datetime) -> Iterator[Text]:
    database = _database(item)
    statistics, size = database.statistics(), database.path.stat().st_size
    old = "; old" if source.stale else ""
    age = f"{source.as_of:%Y-%m-%d %H:%M} UTC ({_age(moment - source.as_of)}{old})" if source.as_of else "unknown"
    rows = [
        ("source", source.source),
        ("records", f"{statistics.records:,} about {statistics.packages:,} packages"),
        ("as of", age),
        ("size", f"{size / 1_000_000:.1f} MB in {database.path}"),
    ]
    if source.note:
        rows.append(("note", source.note))
    if statistics.not_pep440:
        rows.append(("odd", f"{statistics.not_pep440:,} listed versions are not PEP 440 and are compared as text"))
    for label, text in rows:
        yield Text(f"{label:<8} {text}")


def _as_dict(item: Opened, source: AdvisorySource) -> dict[str, Any]:
    database = _database(item)
    statistics = database.statistics()
    return {
        "source": source.source,
        "records": statistics.records,
        "packages": statistics.packages,
        "unreadable": statistics.unreadable,
        "as_of": source.as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if source.as_of else None,
        "stale": source.stale,
        "note": source.note,
        "size": database.path.stat().st_size,
        "path": str(database.path),
    }


def _age(age: timedelta) -> str:
    if age < timedelta(minutes=2):
        return "just now"
    if age < timedelta(hours=2):
        return f"{age // timedelta(minutes=1)} minutes ago"
    if age < timedelta(days=2):
        return f"{age // timedelta(hours=1)} hours ago"
    return f"{age.days} days ago"
