"""``--explain CODE`` of every command, and ``safe-pip explain CODE``: what a finding code means, and what to do."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping

from safe_pip import urls
from safe_pip.cli.console import Screen, for_stdout
from safe_pip.cli.run import guarded, write_out, write_whole
from safe_pip.errors import IncompleteError, UsageError
from safe_pip.report.explained_code import as_dict, as_text
from safe_pip.report.reference import sections


def run(code: str, environ: Mapping[str, str], *, no_color: bool = False) -> int:
    """Show what a code means. Returns the exit code: 2 for one that there is not."""
    screen = Screen(environ, no_color=no_color)
    return guarded(lambda: show(code, environ, no_color=no_color), lambda: screen, interrupted="Interrupted.")


def is_code(text: str) -> bool:
    """Whether a text is a code, in any spelling of its letters."""
    return text.strip().lower() in sections()


def show(
    code: str, environ: Mapping[str, str], *, form: str = "text", output: str | None = None, no_color: bool = False
) -> int:
    """Write what a code means to standard output or a file. Raises UsageError where there is no such code."""
    known = sections()
    asked = code.strip().lower()
    if not known:
        raise IncompleteError("The findings reference is not there.", "Install safe-pip anew.")
    if asked not in known:
        close = difflib.get_close_matches(asked, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"The codes are: {', '.join(sorted(known))}."
        raise UsageError(f"There is no finding code {urls.shown(code)}.", hint)
    if form == "json":
        text = json.dumps(as_dict(asked), indent=2) + "\n"
    else:
        style, color = for_stdout(environ, to_file=output is not None, no_color=no_color)
        text = as_text(asked, style, color=color, links=color)
    if output is not None:
        write_whole(output, text)
    else:
        write_out(text)
    return 0
