"""The command line of ``safe-pip audit``, read on top of its variables.

The parser is the standard library's argparse, which is also pip-audit's, so that ``=`` forms, bundled short options and
optional values mean what they mean to pip-audit. An abbreviation stands for an option of pip-audit where it can.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from safe_pip import urls
from safe_pip.errors import UnsupportedOption, UsageError
from safe_pip.request.audit_given import AuditOptions, check
from safe_pip.request.audit_options import PIP_AUDIT_OPTIONS, PYTHON_VARIABLE, VARIABLES, audit_options
from safe_pip.request.options import Option, pip_options
from safe_pip.request.questions import ExplainRequested, HelpRequested, VersionRequested
from safe_pip.request.values import truth

_SERVICES = ("local", "osv", "pypi")
_SWITCH = ("on", "off", "auto")
_HELP = "`safe-pip audit --help` lists the options."
_NO_ESMS = "that service is not one of safe-pip's"
_SERVICES_INSTEAD = "Take -s osv, -s pypi or -s local, or several of them."

_PIPS_OWN = frozenset(option.dest for option in pip_options())
# These mean something of their own here.
_NOT_HANDED_ON = frozenset({"verbose", "quiet", "python", "no_deps", "help", "version", "dry_run"})


def parse_audit(argv: Sequence[str], environ: Mapping[str, str]) -> AuditOptions:
    """Read the arguments of ``audit`` on top of its variables. Conflicts between options are found here as well.

    argv: what stands after the command, and the general options before it.
    Raises UsageError, UnsupportedOption, HelpRequested and VersionRequested.
    """
    rows = {option.dest: option for option in audit_options()}
    given = _from_variables(environ, rows)
    by_variables = given.keys() & {"policy", "profile"}
    parser = _Parser(rows.values())
    told = vars(parser.parse_args(_written_out(argv, rows.values())))
    for dest, value in told.items():
        if value not in (None, False, 0):
            by_variables.discard(dest)
        if dest in rows and isinstance(value, list):
            given[dest] = tuple(_checked(rows[dest], item) for item in value)
        elif dest in rows and value not in (None, False, 0):
            given[dest] = _checked(rows[dest], value)
    given["project"] = told["project"]
    pips = tuple(word for dest, value in given.items() for word in _handed_on(dest, value, rows))
    known = {name: value for name, value in given.items() if name in AuditOptions.__dataclass_fields__}
    options = AuditOptions(**known, pip=pips, by_variables=frozenset(by_variables))
    check(options, given)
    location = environ.get(PYTHON_VARIABLE)
    if location and options.python is None and options.takes_environment:
        options = replace(options, python=location)
    return options


def _handed_on(dest: str, value: Any, rows: Mapping[str, Option]) -> Iterator[str]:
    """One option of pip's in pip's spelling; values are joined to it, so that none is taken for an option."""
    if dest not in rows or dest in _NOT_HANDED_ON or dest not in _PIPS_OWN:
        return
    flag = next(flag for flag in rows[dest].flags if flag.startswith("--"))
    if value is True:
        yield flag
    else:
        yield from (f"{flag}={text}" for text in (value if isinstance(value, tuple) else (value,)))


def _from_variables(environ: Mapping[str, str], rows: Mapping[str, Option]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for variable, dest in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if not text:
            continue
        option = rows[dest]
        if option.refused:
            raise UnsupportedOption(option.flags[0], option.refused, variable)
        if option.action == "append":
            given[dest] = tuple(_checked(option, item, variable) for item in text.split())
        elif option.action == "true":
            given[dest] = _boolean(text, variable)
        else:
            given[dest] = _checked(option, text, variable)
    return given


def _boolean(text: str, variable: str) -> bool:
    state = truth(text)
    if state is None:
        raise UsageError(f"{variable}: {urls.shown(text)} is neither yes nor no.", "Write 1 or 0.")
    return state


def _checked(option: Option, value: Any, variable: str = "") -> Any:
    """A value that the option takes. Raises UsageError and UnsupportedOption."""
    if not isinstance(value, str):
        return value
    flag = variable or next(flag for flag in option.flags if flag.startswith("--"))
    if option.dest == "services":
        if value == "esms":
            raise UnsupportedOption("--vulnerability-service esms", _NO_ESMS, variable, _SERVICES_INSTEAD)
        choices: tuple[str, ...] = _SERVICES
    else:
        choices = _SWITCH if option.action == "switch" else option.choices
    if choices and value not in choices:
        raise UsageError(f"{flag} cannot be {urls.shown(value)}.", f"Choose one of: {', '.join(choices)}.")
    if not value.strip() and option.dest not in ("osv_url", "output"):
        raise UsageError(f"{flag} is given nothing.", "`safe-pip audit --help` says what it takes.")
    return value


def _written_out(argv: Sequence[str], rows: Any) -> list[str]:
    """The arguments with every abbreviation of a long option written out. Raises UsageError where it is not clear."""
    flags = {flag: option for option in rows for flag in option.flags if flag.startswith("--")}
    theirs = {flag for options in PIP_AUDIT_OPTIONS.values() for option in options for flag in option.flags}
    words: list[str] = []
    for number, word in enumerate(argv):
        if word == "--":
            return [*words, *argv[number:]]
        name, equals, value = word.partition("=")
        if name.startswith("--") and name not in flags and " " not in name:
            found = [flag for flag in flags if flag.startswith(name)]
            found = [flag for flag in found if flag in theirs] or found
            if not found:
                raise UsageError(f"There is no option {urls.shown(name)}.", _HELP)
            if len(found) > 1:
                raise UsageError(f"{urls.shown(name)} may mean {', '.join(sorted(found))}.", "Write it out.")
            word = f"{found[0]}{equals}{value}"
        words.append(word)
    return words


class _Ask(argparse.Action):
    """``--help`` and ``--version``: nothing after them is read."""

    def __call__(self, *_: Any) -> NoReturn:
        raise HelpRequested if self.dest == "help" else VersionRequested


class _Explain(argparse.Action):
    """``--explain CODE``: nothing after it is read."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> NoReturn:
        raise ExplainRequested(str(values))


class _Refuse(argparse.Action):
    """An option that is known and not taken."""

    def __init__(self, option_strings: Sequence[str], dest: str, reason: str, **keywords: Any) -> None:
        super().__init__(option_strings, dest, **keywords)
        self.reason = reason

    def __call__(self, *_: Any) -> NoReturn:
        raise UnsupportedOption(self.option_strings[-1], self.reason)


class _Parser(argparse.ArgumentParser):
    """argparse, with each mistake raised as a UsageError."""

    def __init__(self, options: Any) -> None:
        super().__init__(prog="safe-pip audit", add_help=False, allow_abbrev=False, usage="")
        self.add_argument("project", nargs="?", metavar="PROJECT")
        for option in options:
            keywords: dict[str, Any] = {"dest": option.dest, "default": None}
            if option.refused:
                keywords |= {"action": _Refuse, "reason": option.refused, "nargs": 1 if option.metavar else 0}
            elif option.action == "help":
                keywords |= {"action": _Ask, "nargs": 0}
            elif option.action == "explain":
                keywords["action"] = _Explain
            elif option.action == "count":
                keywords["action"] = "count"
            elif option.action == "true":
                keywords["action"] = "store_true"
            elif option.action == "switch":
                keywords |= {"nargs": "?", "const": "on"}
            elif option.action in ("append", "format"):
                keywords["action"] = "append"
            self.add_argument(*option.flags, **keywords)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{urls.brief(message[:1].upper() + message[1:])}.", _HELP)
