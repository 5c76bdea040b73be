"""One use of an option: found by its spelling, its value checked, and recorded or refused as the table has it.

The parser is the standard library's optparse, which is also pip's, so that abbreviations, bundled short options, ``=``
forms and interspersed arguments mean what they mean to pip.
"""

from __future__ import annotations

import optparse
import os
from collections.abc import Iterable
from typing import Any, NoReturn

from safe_pip import urls
from safe_pip.errors import UnsupportedOption, UsageError
from safe_pip.request.options import GONE_OPTIONS, OWN_OPTIONS, Option
from safe_pip.request.questions import ExplainRequested, HelpRequested
from safe_pip.request.values import Values

_NO_IMPORT = "no package is loaded into safe-pip itself; use --keyring-provider subprocess"
_NOT_PIPS = frozenset(flag for option in (*OWN_OPTIONS, *GONE_OPTIONS) for flag in option.flags)

# How optparse, and so pip, reads numbers.
_NUMBERS = {"int": optparse.Option("--int", type="int"), "float": optparse.Option("--float", type="float")}
_LARGEST_NUMBER = 1_000_000

# Features that are part of what safe-pip does in any case, or that pip now has always on.
_FEATURES_TAKEN = frozenset({"truststore", "no-binary-enable-wheel-cache", "build-constraint"})


class OptionParser(optparse.OptionParser):
    """optparse, with each use of an option going to ``sink`` and each mistake raised as a UsageError."""

    def __init__(self, options: Iterable[Option], command: str = "install") -> None:
        super().__init__(add_help_option=False)
        self.command = command
        self.sink = Values()
        for option in options:
            keywords: dict[str, Any] = {"action": "callback", "callback": self._seen, "callback_args": (option,)}
            if option.action in ("store", "append", "group", "format", "release", "feature", "explain"):
                keywords |= {"type": "string", "nargs": 1}
            self.add_option(*option.flags, **keywords)

    def _seen(self, _: optparse.Option, flag: str, text: str | None, __: optparse.OptionParser, option: Option) -> None:
        if option.action == "help":
            raise HelpRequested
        if option.action == "explain":
            raise ExplainRequested(text or "")
        take(self.sink, option, flag, None if text is None else checked(option, flag, text))

    def _match_long_opt(self, opt: str) -> str:
        """The option an abbreviation stands for: what it means to pip, whatever others begin like it."""
        if opt in self._long_opt:
            return opt
        found = sorted(flag for flag in self._long_opt if flag.startswith(opt))
        found = [flag for flag in found if flag not in _NOT_PIPS] or found
        if len(found) == 1:
            return found[0]
        if found:
            raise optparse.AmbiguousOptionError(opt, found)
        raise optparse.BadOptionError(opt)

    def error(self, msg: str) -> NoReturn:
        msg = urls.brief(msg)
        raise UsageError(f"{msg[:1].upper()}{msg[1:]}.", f"`safe-pip {self.command} --help` lists the options.")


def checked(option: Option, flag: str, text: str, origin: str = "") -> str | int | float:
    """The value that a text gives an option. flag, origin: as it is spelled, and where. Raises UsageError."""
    where = f"{origin}: " if origin else ""
    if option.choices and text not in option.choices:
        raise UsageError(f"{where}{flag} cannot be {urls.shown(text)}.", f"Choose one of: {', '.join(option.choices)}.")
    if option.metavar == "NAMES" and text.startswith("-"):
        raise UsageError(f"{where}{flag} needs a value, and got {urls.shown(text)}.", "Give names, :all: or :none:.")
    if option.type == "path":
        return os.path.expanduser(text)
    if option.type == "string":
        return text
    try:
        number: int | float = _NUMBERS[option.type].check_value(flag, text)
    except optparse.OptionValueError as error:
        raise UsageError(f"{where}{flag} needs a number, and got {urls.shown(text)}.") from error
    # A time of 0 is none; and the system takes no times and counts without bound.
    if not 0 <= number <= _LARGEST_NUMBER or (option.type == "float" and number == 0):
        raise UsageError(f"{where}{flag} cannot be {urls.shown(text)}.", f"Give a number of up to {_LARGEST_NUMBER:,}.")
    return number


def take(values: Values, option: Option, flag: str, value: Any, *, origin: str = "") -> None:
    """Record one use of an option. flag, origin: as it is spelled, and where. Raises UnsupportedOption."""
    if option.refused and not (option.action == "feature" and value in _FEATURES_TAKEN):
        shown = f"{flag}={urls.brief(str(value))}" if option.action == "feature" else flag
        raise UnsupportedOption(shown, option.refused, origin)
    if option.dest == "keyring_provider" and value == "import":
        raise UnsupportedOption(f"--keyring-provider={value}", _NO_IMPORT, origin)
    if option.action == "count":
        values.given[option.dest] = values.count(option.dest) + 1
    elif option.action in ("append", "group"):
        values.given[option.dest] = [*values.texts(option.dest), value]
    elif option.action == "format":
        values.formats.add(0 if option.dest == "no_binary" else 1, str(value))
    elif option.action == "release":
        values.releases.add(0 if option.dest == "all_releases" else 1, str(value))
    elif option.action == "true":
        values.given[option.dest] = True
    elif option.action == "false":
        values.given[option.dest] = False
    elif option.action == "store":
        values.given[option.dest] = value
        values.origins[option.dest] = origin
    if option.commit:
        long = next(spelling for spelling in option.flags if spelling.startswith("--"))
        words = (long,) if value is None else (long, str(value))
        before = values.commit_options.get(option.dest, ()) if option.action == "append" else ()
        values.commit_options[option.dest] = (*before, *words)
