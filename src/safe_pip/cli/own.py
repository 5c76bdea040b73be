"""What the commands that pip does not have share: their options, the policy that holds, advisories as they lie here."""

from __future__ import annotations

import optparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from safe_pip import urls
from safe_pip.advisories.sources import BulkExport, Context, Opened, Source
from safe_pip.advisory_age import aged
from safe_pip.cli.console import Screen
from safe_pip.cli.run import cache_folder, now, sources_of
from safe_pip.errors import AdvisoryError, UsageError
from safe_pip.index.http import Http
from safe_pip.model import AdvisorySource, Network, Unchecked
from safe_pip.policy import Places, load, places_of
from safe_pip.report import SHORT_FORMATS
from safe_pip.report.plain import printable
from safe_pip.settings import Settings

SERVICES = ("osv", "pypi")
"""The sources of advisories that are asked each time, and have nothing on this machine."""


class OwnParser(optparse.OptionParser):
    """The options of a command that is not pip's. What cannot be understood is a UsageError; help is its own."""

    def __init__(self, command: str) -> None:
        super().__init__(add_help_option=False)
        self._command = command
        self.add_option("-h", "--help", action="store_true", default=False)
        self.add_option("-q", "--quiet", action="count", default=0)
        self.add_option("--policy", default=None)
        self.add_option("--profile", default=None)
        self.add_option("--advisories", action="append", default=None)
        self.add_option("--format", type="choice", choices=SHORT_FORMATS, default=None)

    def error(self, msg: str) -> NoReturn:
        raise UsageError(f"{msg[:1].upper()}{msg[1:]}.", f"`safe-pip {self._command} --help` lists the options.")

    def with_output(self) -> OwnParser:
        """Itself, with the options of a command that writes what it tells where one says."""
        self.add_option("--output", default=None)
        self.add_option("--no-color", action="store_true", default=False)
        return self


def format_of(options: Any, environ: Mapping[str, str]) -> str:
    """The format that an option or its variable names, else text. Raises UsageError."""
    form = options.format or environ.get("SAFE_PIP_FORMAT") or "text"
    if form not in SHORT_FORMATS:
        raise UsageError(
            f"SAFE_PIP_FORMAT: --format cannot be {urls.shown(form)}.", f"Choose one of: {', '.join(SHORT_FORMATS)}."
        )
    return str(form)


# --------------------------------------------------------------------------- the policy


def places_here(options: Any, environ: Mapping[str, str], *, named: str | None = None, offline: bool = False) -> Places:
    """Where the policy is looked for. named: a file, instead of what ``--policy`` or its variable says."""
    given = {"policy": named if named is not None else options.policy, "profile": options.profile}
    variables = {name: environ.get(f"SAFE_PIP_{name.upper()}") or None for name in given}
    chosen = {name: variables[name] if text is None else text for name, text in given.items()}
    return places_of(
        environ,
        named=chosen["policy"],
        profile=chosen["profile"],
        by_environment=frozenset(name for name in chosen if chosen[name] and given[name] is None),
        cache=cache_folder(environ),
        offline=offline,
        network=lambda: _network(environ),
    )


def _network(environ: Mapping[str, str]) -> Network:
    """How pip's configuration has servers spoken to, for policies from URLs."""
    from safe_pip.request.command_line import parse
    from safe_pip.request.pip_config import configured
    from safe_pip.request.values import network_of

    return network_of(parse((), configured(environ, sys.prefix, isolated=False, command="install"), {}))


def policy_here(options: Any, environ: Mapping[str, str], screen: Screen, *, offline: bool = False) -> Settings:
    """The policy in force, its notes told. Raises PolicyError."""
    settings = load(places_here(options, environ, offline=offline)).settings
    if not screen.quiet:
        for note in settings.notes:
            screen.tell(f"Note: {printable(note)}")
    return settings


# --------------------------------------------------------------------------- advisories


def named_sources(options: Any, environ: Mapping[str, str]) -> list[str]:
    """The sources that ``--advisories`` names, else its variable."""
    named = options.advisories
    return list(named) if named is not None else environ.get("SAFE_PIP_ADVISORIES", "").split()


def kept_here(settings: Settings) -> Settings:
    """A policy with those sources of advisories only that are kept on this machine."""
    kept = tuple(text for text in settings.advisories.sources if text not in SERVICES)
    return replace(settings, advisories=replace(settings.advisories, sources=kept))


def open_here(named: list[str], environ: Mapping[str, str], settings: Settings, opened: list[Opened]) -> None:
    """Open the sources as they lie on this machine, into a list that its owner closes; no server is asked.

    named: those of the command; where there are none, the policy's. Raises AdvisoryError.
    """
    with Http(Network()) as http:
        context = Context(cache_folder(environ), http, now(), offline=True)
        for source in sources_of(named, environ, policy=settings):
            try:
                opened.append(source.open(context))
            except AdvisoryError as error:
                raise AdvisoryError(error.message, _way_to(source) or error.hint) from error


def _way_to(source: Source) -> str:
    return "Run `safe-pip advisories sync`." if isinstance(source, BulkExport) else ""


def by_age(
    sources: Iterable[AdvisorySource], settings: Settings
) -> tuple[tuple[AdvisorySource, ...], tuple[Unchecked, ...]]:
    """Sources with ``stale`` as the policy has it, and what it takes for too old to say anything by."""
    told = []
    gaps: list[Unchecked] = []
    for source in sources:
        old, too_old = aged([source], (), settings, now())
        told.append(replace(source, stale=bool(old or too_old)))
        gaps += too_old
    return tuple(told), tuple(gaps)
