"""``safe-pip policy``: what holds (``show``), whether a file is in order (``check``), the schema, and writing one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timezone
from pathlib import Path
from typing import Any

from safe_pip import urls
from safe_pip.cli.console import Screen, for_stdout
from safe_pip.cli.own import OwnParser, format_of, places_here
from safe_pip.cli.run import check_writable, guarded, now, write_out, write_whole
from safe_pip.codes import CODES
from safe_pip.errors import SafePipError, UsageError
from safe_pip.policy import Loaded, Places, load
from safe_pip.policy.composing import Effective
from safe_pip.policy.files import PolicyError
from safe_pip.report.plain import count, printable
from safe_pip.report.policy import InForce, Shown, as_dict, as_text
from safe_pip.settings.waivers import PolicyException

USAGE = """Usage: safe-pip policy show [--profile NAME] [--policy FILE] [--format text|json]
       safe-pip policy check [FILE...]
       safe-pip policy schema
       safe-pip policy init [--output FILE | --pyproject] [-r FILE]
       safe-pip policy allow ID-OR-CODE --package SPEC --until DATE --reason TEXT

show     the policy that holds here: each value, and the file and line that it comes from
check    whether policy files are in order; without a FILE, those that hold here. Nothing else is done
schema   the JSON Schema of a policy file, for editors
init     write a policy file to begin with, with an exception for each finding of today
allow    add one exception to a policy file; everything else of the file stays as it is

Options:
  --policy FILE      a policy file, instead of those that are found
  --profile NAME     a profile of the policy
  --format NAME      of show: text or json
  --output FILE      of show, schema and init: write to this file
  --no-color         no colours
  -q, --quiet        say less

Options of allow:
  --package SPEC     the package, with a specifier if wanted: flask, 'flask<3', 'acme-*'
  --until DATE       the last day, such as 2026-12-31, or how long from today, such as 30d
  --until-fixed      as long as no newer version fixes it
  --reason TEXT      why; it is shown in every report
  --sha256 DIGEST    for this very file only
  --justification W  why it does no harm, in a word of OpenVEX
  --file FILE        the file to change, instead of the one that holds here

Options of init:
  --pyproject        as [tool.safe-pip] at the end of pyproject.toml
  --force            replace a file that is there
  -r FILE            look at what this file asks for, not at the environment; may be repeated
  --python PATH      the environment to look at
  --advisories SRC   where advisories come from; may be repeated
  --offline          use only the advisories on this machine
"""
_COMMANDS = ("show", "check", "schema", "init", "allow")
_ONLY = {
    "show": {"policy", "profile", "format", "output"},
    "check": {"policy", "profile"},
    "schema": {"output"},
    "init": {"policy", "profile", "output", "pyproject", "force", "requirements", "python", "advisories", "offline"},
    "allow": {
        *("policy", "package", "until", "until_fixed", "reason", "sha256", "justification", "file"),
    },
}
_HELP = "`safe-pip policy --help` tells what each command takes."
_COMMON = {"help", "quiet", "no_color"}


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command. Returns the exit code: 2 where a policy file cannot be followed."""
    command = PolicyCommand(arguments, environ, Screen(environ))
    return guarded(command.run, lambda: command.screen, interrupted="Interrupted.")


@dataclass
class PolicyCommand:
    """One run of the command."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    screen: Screen
    options: Any = field(default=None)

    def run(self) -> int:
        parser = _parser()
        self.options, words = parser.parse_args(list(self.arguments))
        if self.options.help:
            print(USAGE, end="")
            return 0
        self.screen = Screen(self.environ, quiet=self.options.quiet, no_color=self.options.no_color)
        name, rest = (words[0] if words else ""), words[1:]
        if name not in _COMMANDS:
            said = " ".join(["safe-pip policy", *words])
            raise UsageError(
                f"`{urls.brief(said)}` is not a {'' if words else 'whole '}command.",
                f"Say one of {', '.join(_COMMANDS)}; `safe-pip policy --help` tells what each does.",
            )
        self._check_options(name)
        if rest and name not in ("check", "allow"):
            raise UsageError(f"`safe-pip policy {name}` takes no {urls.shown(rest[0])}.", _HELP)
        if name == "check":
            return self._check(rest)
        if name == "show":
            return self._show()
        if name == "schema":
            return self._schema()
        if name == "allow":
            from safe_pip.cli import policy_file

            return policy_file.allow(self, rest)
        from safe_pip.cli import policy_init

        return policy_init.init(self)

    def _check_options(self, name: str) -> None:
        """None is ignored in silence. Raises UsageError."""
        for option in _parser().option_list:
            dest = option.dest or ""
            if dest not in _COMMON and dest not in _ONLY[name] and getattr(self.options, dest):
                flag = option.get_opt_string()
                raise UsageError(f"{flag} is not for `safe-pip policy {name}`.", _HELP)

    # ----------------------------------------------------------------- the policy

    def places(self, named: str | None = None) -> Places:
        """Where the policy is looked for. named: a file, instead of what ``--policy`` or its variable says."""
        return places_here(self.options, self.environ, named=named, offline=bool(self.options.offline))

    def _show(self) -> int:
        form = format_of(self.options, self.environ)
        loaded = load(self.places())
        settings = loaded.settings
        values = [Shown(_key(item), item.value, item.line, item.overruled) for item in loaded.lines]
        policy = InForce(values, settings.files, settings.profile, settings.notes)
        if form == "json":
            self._write(json.dumps(as_dict(policy), indent=2) + "\n")
        else:
            style, color = for_stdout(
                self.environ, to_file=self.options.output is not None, no_color=self.options.no_color
            )
            self._write(as_text(policy, style, color=color))
        return 0

    def _schema(self) -> int:
        from safe_pip.policy import schema

        self._write(json.dumps(schema(), indent=2) + "\n")
        return 0

    def _write(self, content: str) -> None:
        if self.options.output is not None:
            check_writable(self.options.output)
            write_whole(self.options.output, content)
        else:
            write_out(content)

    # ----------------------------------------------------------------- checking

    def _check(self, files: Sequence[str]) -> int:
        """Read every file, and tell all that is wrong with any of them."""
        if files and self.options.policy:
            raise UsageError("--policy and a FILE both name what to check.", "Leave out one of them.")
        wrong = 0
        asked: list[str | None] = list(files) or [None]
        for named in asked:
            try:
                loaded = load(self.places(named))
            except PolicyError as error:
                wrong += 1
                self._tell_error(error)
            else:
                self._tell_checked(loaded, named)
        if wrong and len(files) > 1:
            self.screen.say(f"{wrong} of {count(len(files), 'file')} cannot be followed.")
        return PolicyError.exit_code if wrong else 0

    def _tell_error(self, error: SafePipError) -> None:
        from safe_pip.report.text import error_lines

        self.screen.show(error_lines(error.message, getattr(error, "details", ()), error.hint, self.screen.style))

    def _tell_checked(self, loaded: Loaded, named: str | None) -> None:
        settings = loaded.settings
        for note in settings.notes:
            self._say(f"Note: {note}")
        today = now().astimezone(timezone.utc).date()
        longest = settings.longest_exception
        for item in settings.exceptions:
            about = f"{item.line.origin}: the exception for {item.what}"
            if never := _never_counts(item):
                self._say(f"Warning: {about} covers nothing: {never}.")
            elif item.expires is not None and item.expires < today:
                self._say(f"Warning: {about} ended on {item.expires}, and covers nothing any more.")
            elif longest is not None and (item.expires is None or item.expires - today > longest):
                ends = f"runs until {item.expires}" if item.expires else "has no last day"
                self._say(f"Warning: {about} {ends}; longer than {longest.days} days does not count.")
        if self.screen.quiet:
            return
        files = ", ".join(map(printable, settings.files))
        number = f", {count(len(settings.exceptions), 'exception')}" if settings.exceptions else ""
        if settings.files:
            write_out(f"In order: {files}{number}\n")
        else:
            write_out("There is no policy file here; everything is built in.\n")

    def _say(self, text: str) -> None:
        from safe_pip.report.drawing import wrapped

        self.screen.show(wrapped(text, self.screen.style, rest="  "))


def _never_counts(exception: PolicyException) -> str:
    """Why an exception could not cover anything on any day; empty where it could."""
    word = exception.word
    if exception.expires is None and word in CODES and CODES[word].kind != "advisory":
        return f"{word} has no fix to wait for, so that it needs a last day"
    return ""


def _key(item: Effective) -> str:
    """The key of a value with the package, index or the like that it is for, as its line has it."""
    key = item.line.setting.partition(" = ")[0]
    return item.key + key[key.index(f"{item.key}.") + len(item.key) :] if f"{item.key}." in key else item.key


def _parser() -> OwnParser:
    parser = OwnParser("policy").with_output()
    for flag in ("--package", "--until", "--reason", "--sha256", "--justification", "--file", "--python"):
        parser.add_option(flag, default=None)
    for flag in ("--until-fixed", "--pyproject", "--force", "--offline"):
        parser.add_option(flag, action="store_true", default=False)
    parser.add_option("-r", "--requirement", dest="requirements", action="append", default=None)
    return parser


def shown_file(path: Path) -> str:
    """A path for people: from the working directory where it lies below that."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
