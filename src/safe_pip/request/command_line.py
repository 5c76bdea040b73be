"""The command line of a guarded command, read on top of pip's configuration and of safe-pip's variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.request.option_parser import OptionParser, checked, take
from safe_pip.request.options import GONE_OPTIONS, OWN_OPTIONS, OWN_VARIABLES, Option, pip_options
from safe_pip.request.pip_config import Setting
from safe_pip.request.values import Values, truth

if TYPE_CHECKING:
    from safe_pip.request.commands import Command


def parse(
    argv: Sequence[str], settings: Iterable[Setting], environ: Mapping[str, str], command: Command | None = None
) -> Values:
    """Read the arguments of a guarded command on top of pip's configuration and safe-pip's variables.

    argv: what stands after the command (and the general options before it). settings: pip's, weakest first.
    command: which one, ``install`` where none is given.
    Raises UsageError for what cannot be understood and UnsupportedOption for what is refused.
    """
    pips = tuple(pip_options() if command is None else command.pip_options())
    ours = OWN_OPTIONS if command is None else command.own
    values = Values(command="install" if command is None else command.name)
    own = [Setting(key, environ[name], name) for name, key in OWN_VARIABLES.items() if environ.get(name)]
    # pip's configuration sets pip's options and nothing else: no pip.conf can loosen the guard.
    for given, options in ((settings, pips), (own, ours)):
        by_key = {flag[2:]: option for option in options for flag in option.flags if flag.startswith("--")}
        for setting in given:
            option = by_key.get(setting.key)
            if option is not None and option.action != "help":
                _configure(values, option, setting)
    gone = GONE_OPTIONS if command is None else command.gone
    parser = OptionParser((*pips, *ours, *gone), values.command)
    parser.sink = values
    _, values.arguments = parser.parse_args(list(argv))
    return values


def _configure(values: Values, option: Option, setting: Setting) -> None:
    """Apply one configured value: a list replaces the list before it, as pip has it (cli/parser.py)."""
    flag = f"--{setting.key}"
    if option.action in ("true", "false"):
        # The value is that of the thing switched, not of the flag: to configure --no-compile, one writes "no".
        state = _boolean(setting)
        if state == (option.action == "true"):
            take(values, option, flag, None, origin=setting.origin)
        elif not option.refused:
            values.given[option.dest] = state
            values.commit_options.pop(option.dest, None)
    elif option.action == "count":
        count = setting.value.strip()
        values.given[option.dest] = int(count) if count.isdecimal() else int(_boolean(setting))
    else:
        texts = [setting.value if option.action in ("format", "group", "release") else setting.value.strip()]
        if option.action in ("append", "feature"):
            texts = setting.value.split()
            values.given.pop(option.dest, None)
            values.commit_options.pop(option.dest, None)
        for text in texts:
            take(values, option, flag, checked(option, flag, text, setting.origin), origin=setting.origin)


def _boolean(setting: Setting) -> bool:
    state = truth(setting.value.strip())
    if state is None:
        raise UsageError(
            f"{setting.origin}: {urls.shown(setting.value)} is not a value for {setting.key}.",
            "Write yes or no, true or false, 1 or 0.",
        )
    return state
