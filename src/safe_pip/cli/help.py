"""The help of the guarded commands, made from the table of options."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from safe_pip.request.audit_options import audit_tables
from safe_pip.request.commands import COMMANDS, INSTALL, Command
from safe_pip.request.options import Option

_COLUMN = 30
_WIDTH = 100


_WHAT = {
    "install": (
        "Works out exactly which files an install would bring in, looks at them without running any of them,",
        "and only then has pip install those very files. The options of `pip install` mean what they mean",
        "to pip.",
    ),
    "download": (
        "Works out exactly which files `pip download` would fetch, looks at them without running any of them,",
        "and only then puts those very files into a folder. A source archive is fetched as it is, and never",
        "built. The options of `pip download` mean what they mean to pip.",
    ),
    "wheel": (
        "Works out exactly which wheels an install would need, looks at them without running any of them, and",
        "only then puts those very files into a folder. Nothing is built: what has no wheel is refused. The",
        "options of `pip wheel` mean what they mean to pip.",
    ),
}
_EXIT_CODES = (
    "Exit codes: 0 done; 1 refused; 2 usage; 3 incomplete, something could not be checked; 4 no set of",
    "versions satisfies the request; 5 {failed}; 130 interrupted.",
)


def install_help() -> str:
    """Usage of ``install`` and every option, by heading."""
    return command_help(INSTALL.name)


def command_help(name: str) -> str:
    """Usage of a guarded command and every option of it, by heading."""
    command: Command = COMMANDS[name]
    failed = "pip failed" if command is INSTALL else "files could not be written"
    lines = [
        f"Usage: safe-pip {name} [options] REQUIREMENT...",
        f"       safe-pip {name} [options] -r FILE",
        "",
        *_WHAT[name],
        "",
        *(line.format(failed=failed) for line in _EXIT_CODES),
    ]
    tables = command.tables
    for title, options in (("safe-pip's own options", command.own), *tables.items()):
        taken = [
            option for option in options if not option.hidden and (not option.refused or option.action == "feature")
        ]
        lines += ["", f"{title}:", *_described(taken)]
    refused = [
        next(flag for flag in option.flags if flag.startswith("--"))
        for option in (*command.own, *(row for rows in tables.values() for row in rows))
        if option.refused and option.action != "feature" and not option.hidden
    ]
    lines += ["", "Refused by name in this version:"]
    lines += textwrap.wrap(
        ", ".join(sorted(refused)), _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    return "\n".join(lines) + "\n"


def _described(options: Iterable[Option]) -> Iterable[str]:
    for option in options:
        flags = ", ".join(option.flags)
        name = f"  {flags} {option.metavar}".rstrip()
        words = textwrap.wrap(
            option.help + (f" ({', '.join(option.choices)})" if option.choices else ""), _WIDTH - _COLUMN
        )
        if len(name) >= _COLUMN - 1:
            yield name
            name = ""
        yield f"{name:<{_COLUMN}}{words[0] if words else ''}".rstrip()
        for word in words[1:]:
            yield f"{'':<{_COLUMN}}{word}"


_AUDIT = (
    "Usage: safe-pip audit [options]            what is installed in the active environment",
    "       safe-pip audit [options] -r FILE    what a requirements file would bring in",
    "       safe-pip audit [options] PROJECT    what a project asks for; with --locked, its lock files",
    "",
    "Looks for known vulnerabilities. Takes the options of `pip-audit`. Nothing is installed, nothing of",
    "a package runs, and names are looked up in a database on this machine, unless -s asks a service.",
    "",
    "Exit codes: 0 nothing known against it; 1 findings; 2 usage; 3 incomplete, something could not be",
    "checked; 4 no set of versions satisfies the requirements; 130 interrupted.",
)


def audit_help() -> str:
    """Usage of ``audit`` and every option, by heading."""
    lines = [*_AUDIT]
    tables = audit_tables()
    for title, options in tables.items():
        lines += [
            "",
            f"{title}:",
            *_described(option for option in options if not option.hidden and not option.refused),
        ]
    refused = sorted(option.flags[-1] for options in tables.values() for option in options if option.refused)
    lines += ["", "Refused by name in this version:", f"  {', '.join(refused)}, -s esms"]
    return "\n".join(lines) + "\n"
