"""``safe-pip explain``: one advisory, or all about one package, from the advisories on this machine; or a code."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import Version

from safe_pip import urls
from safe_pip.advisories import Advisories
from safe_pip.advisories.database import Database
from safe_pip.advisories.sources import Opened
from safe_pip.cli import explain_code
from safe_pip.cli.console import Screen, for_stdout
from safe_pip.cli.own import SERVICES, OwnParser, by_age, format_of, kept_here, named_sources, open_here, policy_here
from safe_pip.cli.run import check_writable, guarded, now, write_out, write_whole
from safe_pip.errors import AdvisoryError, UsageError
from safe_pip.report.explained import Explained, as_dict, as_text
from safe_pip.settings import Settings
from safe_pip.versions import parsed

_ID = re.compile(r"(?:CVE|GHSA|PYSEC|MAL|OSV|SNYK)-.+|[A-Za-z]+-\d{4}-.+", re.IGNORECASE)
"""What is meant for an id where no advisory has it: no package is called so."""

USAGE = """Usage: safe-pip explain ID
       safe-pip explain PACKAGE
       safe-pip explain PACKAGE==VERSION
       safe-pip explain CODE

Tells one advisory in full, all that are about a package, or those that affect one version of it, and what to do; or
what a finding code such as `yanked` means.
Only the advisories on this machine are looked at; `safe-pip advisories sync` brings them up to date.

Options:
  --advisories SRC   a zip, folder or file of OSV records; without it, what the policy names, else what was synced
  --policy FILE      a policy file, instead of those that are found
  --profile NAME     a profile of the policy
  --format NAME      text or json
  --output FILE      write to a file
  --no-color         no colours
  -q, --quiet        say less
"""


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command. Returns the exit code: 0 also where nothing is known of a package, 2 for an unknown id."""
    command = _Explain(arguments, environ, Screen(environ))
    return guarded(command.run, lambda: command.screen, interrupted="Interrupted.")


@dataclass
class _Explain:
    arguments: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen
    options: Any = field(default=None)

    def run(self) -> int:
        parser = OwnParser("explain").with_output()
        parser.add_option("--offline", action="store_true", default=False)
        self.options, words = parser.parse_args(list(self.arguments))
        if self.options.help:
            print(USAGE, end="")
            return 0
        self.screen = Screen(self.environ, quiet=self.options.quiet, no_color=self.options.no_color)
        if len(words) != 1 or not words[0].strip():
            raise UsageError(
                "`safe-pip explain` takes one id, package, or package with a version.",
                "Say for instance `safe-pip explain PYSEC-2023-62` or `safe-pip explain flask==2.2.0`.",
            )
        form = format_of(self.options, self.environ)
        if self.options.output is not None:
            check_writable(self.options.output)
        if explain_code.is_code(words[0]):
            return explain_code.show(
                words[0], self.environ, form=form, output=self.options.output, no_color=self.options.no_color
            )
        opened: list[Opened] = []
        with closing(Advisories(opened, now())) as advisories:
            settings = self._open(opened)
            told = _explained(advisories, opened, words[0].strip())
            sources, too_old = by_age(told.sources, settings)
            told = replace(told, sources=sources, unchecked=(*told.unchecked, *too_old))
            self._show(told, form)
        return 0

    def _open(self, opened: list[Opened]) -> Settings:
        """Open the sources as they lie on this machine, with no server asked; gives the policy in force."""
        named = named_sources(self.options, self.environ)
        if self.options.advisories is None:
            named = [text for text in named if text not in SERVICES]
        asked = next((text for text in named if text in SERVICES), None)
        if asked is not None:
            raise UsageError(
                f"--advisories {asked}: `safe-pip explain` asks no service.",
                "Name advisories on this machine, or none for what was synced.",
            )
        settings = policy_here(self.options, self.environ, self.screen, offline=self.options.offline)
        open_here(named, self.environ, kept_here(settings), opened)
        if not any(item.database.records for item in opened):
            # What was not looked up anywhere is not known to be clean.
            raise AdvisoryError("There is not one advisory to look at.", "Run `safe-pip advisories sync`.")
        return settings

    def _show(self, told: Explained, form: str) -> None:
        if form == "json":
            text = json.dumps(as_dict(told), indent=2) + "\n"
        else:
            style, color = for_stdout(
                self.environ, to_file=self.options.output is not None, no_color=self.options.no_color
            )
            text = as_text(told, style, color=color, links=color)
        if self.options.output is not None:
            write_whole(self.options.output, text)
        else:
            write_out(text)


def _explained(advisories: Advisories, opened: Sequence[Opened], asked: str) -> Explained:
    """What is known of an id, or of a package. Raises UsageError for an unknown id and for what is neither."""
    text, equals, version = (part.strip() for part in asked.partition("=="))
    if not equals:
        account = advisories.about_id(text)
        if account is not None:
            return Explained((account,), advisories.sources)
        if _ID.fullmatch(text):
            raise UsageError(f"No advisory here has the id {urls.shown(text)}.", _other_ids(opened, text))
    try:
        name = canonicalize_name(text.partition("[")[0].strip(), validate=True)
    except InvalidName as error:
        raise UsageError(
            f"{urls.shown(asked)} is neither an id nor a package.",
            "Say for instance `safe-pip explain PYSEC-2023-62` or `safe-pip explain flask==2.2.0`.",
        ) from error
    if equals and parsed(version) is None:
        raise UsageError(f"{urls.shown(version)} is not a version of PEP 440.", f"Try `safe-pip explain {name}`.")
    every = advisories.about_package(name)
    alike = None if every else _other_name(opened, name)
    if not equals:
        # Records that name the package and cannot be read, whatever the version.
        unread = tuple(item for item in advisories.known(name, "0").unchecked if item.version is None)
        return Explained(every, advisories.sources, name, unchecked=unread, alike=alike)
    known = advisories.known(name, version)
    hit = {identifier for group in known.groups for identifier in group.ids}
    fixes = [Version(group.suggested_fix) for group in known.groups if group.suggested_fix]
    return Explained(
        tuple(account for account in every if account.id in hit),
        advisories.sources,
        name,
        version,
        others=len([account for account in every if account.id not in hit]),
        fix=str(max(fixes)) if fixes else None,
        unchecked=known.unchecked,
        alike=alike,
    )


def _local(opened: Sequence[Opened]) -> list[Database]:
    return [item.database for item in opened if isinstance(item.database, Database)]


def _other_ids(opened: Sequence[Opened], text: str) -> str:
    ids = {identifier for database in _local(opened) for identifier in database.modified()}
    close = difflib.get_close_matches(text.upper(), ids, n=3, cutoff=0.85)
    guess = f"Did you mean {' or '.join(sorted(close))}? " if close else ""
    return f"{guess}`safe-pip advisories sync` brings the advisories up to date."


def _other_name(opened: Sequence[Opened], name: NormalizedName) -> str | None:
    names = {known for database in _local(opened) for known in database.packages()}
    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.8)), None)
