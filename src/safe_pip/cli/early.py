"""What a guarded command waits for first, begun before the rest of the program is even imported."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence

from safe_pip.errors import SafePipError
from safe_pip.request.audit_command_line import parse_audit
from safe_pip.request.command_line import parse
from safe_pip.request.commands import COMMANDS
from safe_pip.request.default_index import begin_default_index
from safe_pip.request.pip_config import configured
from safe_pip.request.questions import HelpRequested
from safe_pip.target import begin_probe, find_interpreter


def begin_audit(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """The same for an audit, as far as its inputs need it."""
    # Thousands of lock files make a million objects as well.
    gc.set_threshold(100_000, 50, 50)
    try:
        options = parse_audit(arguments, environ)
        if options.needs_target:
            begin_probe(find_interpreter(options.python, environ))
        if options.resolves and not (options.no_deps or options.disable_pip):
            from safe_pip.request.audit_values import audit_values

            values = audit_values(options, configured(environ, "", isolated=options.isolated))
            if values.text("index_url") is None and not values.flag("no_index"):
                begin_default_index()
    except (SafePipError, HelpRequested, OSError, ValueError):
        pass


def begin(arguments: Sequence[str], environ: Mapping[str, str], name: str) -> None:
    """Start to ask the target what it is, and pip for its default index, in processes of their own.

    What is wrong with the arguments is told where they are read to be used.
    """
    # A large resolve makes a million objects that live to its end; to look through them for garbage again and again
    # would take a sixth of its time.
    gc.set_threshold(100_000, 50, 50)
    command = COMMANDS[name]
    try:
        settings = configured(environ, "", isolated="--isolated" in arguments, command=command.name)
        values = parse(arguments, settings, environ, command)
        begin_probe(find_interpreter(values.text("python"), environ))
        if values.text("index_url") is None and not values.flag("no_index"):
            begin_default_index()
    except (SafePipError, HelpRequested, OSError, ValueError):
        pass
