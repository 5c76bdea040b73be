"""The help of ``safe-pip install``, made from the table of options."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from safe_pip.request.options import OWN_OPTIONS, PIP_OPTIONS, Option

_COLUMN = 30
_WIDTH = 100


def install_help() -> str:
    """Usage and every option, by heading."""
    lines = [
        "Usage: safe-pip install [options] REQUIREMENT...",
        "       safe-pip install [options] -r FILE",
        "",
        "Works out exactly which files an install would bring in, looks at them without running any of them,",
        "and only then has pip install those very files. The options of `pip install` mean what they mean",
        "to pip.",
        "",
        "Exit codes: 0 done; 1 refused; 2 usage; 3 incomplete, something could not be checked; 4 no set of",
        "versions satisfies the request; 5 pip failed; 130 interrupted.",
    ]
    for title, options in (("safe-pip's own options", OWN_OPTIONS), *PIP_OPTIONS.items()):
        taken = [
            option for option in options if not option.hidden and (not option.refused or option.action == "feature")
        ]
        lines += ["", f"{title}:", *_described(taken)]
    refused = [
        next(flag for flag in option.flags if flag.startswith("--"))
        for option in (*OWN_OPTIONS, *(row for rows in PIP_OPTIONS.values() for row in rows))
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
