"""``safe-pip advisories sync`` and ``safe-pip advisories status``: the local advisory database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rich.text import Text

from safe_pip import urls
from safe_pip.advisories import Advisories
from safe_pip.advisories.database import Database
from safe_pip.advisories.sources import BulkExport, Context, Opened
from safe_pip.cli.console import Screen, progress_for
from safe_pip.cli.run import OwnParser, cache_folder, guarded, now, sources_of
from safe_pip.errors import AdvisoryError, UsageError
from safe_pip.index.http import Http
from safe_pip.model import AdvisorySource, Network
from safe_pip.report import SHORT_FORMATS
from safe_pip.report.plain import printable

_LONGEST_TIMEOUT = 86_400.0

USAGE = """Usage: safe-pip advisories sync [--rebuild] [--advisories SRC]
       safe-pip advisories status [--advisories SRC] [--format text|json]

sync     bring the local advisory database up to date now, whatever its age
status   say what it holds: records, age, source, size

Options:
  --advisories SRC   a zip, folder or file of OSV records, the URL of a zip, or (ending in /) the base URL of a bulk
                     export; without it, OSV's bulk export for PyPI
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

    def run(self) -> int:
        parser = OwnParser("advisories")
        parser.add_option("-h", "--help", action="store_true", default=False)
        parser.add_option("--advisories", action="append", default=None)
        parser.add_option("--rebuild", action="store_true", default=False)
        parser.add_option("--timeout", type="float", default=15.0)
        parser.add_option("--format", type="choice", choices=SHORT_FORMATS, default=None)
        parser.add_option("-q", "--quiet", action="count", default=0)
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
        self.options.format = self.options.format or self.environ.get("SAFE_PIP_FORMAT") or "text"
        if self.options.format not in SHORT_FORMATS:
            raise UsageError(
                f"SAFE_PIP_FORMAT: --format cannot be {urls.shown(self.options.format)}.",
                f"Choose one of: {', '.join(SHORT_FORMATS)}.",
            )
        self.screen = Screen(self.environ, quiet=self.options.quiet)
        return self._sync() if words == ["sync"] else self._status()

    def _named(self) -> list[str]:
        named = self.options.advisories
        return list(named) if named is not None else self.environ.get("SAFE_PIP_ADVISORIES", "").split()

    def _sync(self) -> int:
        progress = progress_for(self.screen, "auto")
        opened: list[Opened] = []
        with closing(Advisories(opened, now())):
            try:
                with Http(Network(timeout=self.options.timeout, retries=2)) as http:
                    context = Context(cache_folder(self.environ), http, now(), progress=progress)
                    sources = sources_of(self._named(), self.environ, rebuild=self.options.rebuild, at_once=True)
                    opened.extend(source.open(context) for source in sources)
            finally:
                progress.done()
            self._show(opened)
            # A source that could only offer what it had before is told by its note, and is not up to date.
            return 3 if any(item.note.startswith("not brought up to date") for item in opened) else 0

    def _status(self) -> int:
        opened: list[Opened] = []
        with closing(Advisories(opened, now())), Http(Network()) as http:
            context = Context(cache_folder(self.environ), http, now(), offline=True)
            for source in sources_of(self._named(), self.environ):
                try:
                    opened.append(source.open(context))
                except AdvisoryError as error:
                    hint = "Run `safe-pip advisories sync`." if isinstance(source, BulkExport) else error.hint
                    raise AdvisoryError(error.message, hint) from error
            self._show(opened)
            return 0

    def _show(self, opened: list[Opened]) -> None:
        sources = Advisories(opened, now()).sources
        if self.options.format == "json":
            print(json.dumps([_as_dict(item, source) for item, source in zip(opened, sources, strict=True)], indent=2))
        elif not self.screen.quiet:
            for item, source in zip(opened, sources, strict=True):
                for line in _described(item, source, now()):
                    print(printable(line.plain))


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
    rows = [
        ("source", source.source),
        ("records", f"{statistics.records:,} about {statistics.packages:,} packages"),
        ("as of", f"{source.as_of:%Y-%m-%d %H:%M} UTC ({_age(moment - source.as_of)})" if source.as_of else "unknown"),
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
