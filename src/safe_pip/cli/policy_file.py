"""``safe-pip policy allow``, and what it shares with ``init``: a file read, written, and what to do next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from datetime import date, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from safe_pip.cli.policy import shown_file
from safe_pip.cli.run import now, rewrite
from safe_pip.errors import UsageError
from safe_pip.policy import Places, load
from safe_pip.policy.allowing import Wanted, exception_of, there_already
from safe_pip.policy.editing import add_exception
from safe_pip.policy.files import PYPROJECT, PolicyError, decoded
from safe_pip.policy.layers import document_of, valid
from safe_pip.policy.places import FILE, is_of_the_project, project_file
from safe_pip.policy.positions import Path as Keys
from safe_pip.report.drawing import GOOD, WARN, next_step, sentence
from safe_pip.report.plain import printable

if TYPE_CHECKING:
    from safe_pip.cli.policy import PolicyCommand

_MARK = "\ufeff".encode()
TABLE: Keys = ("tool", "safe-pip")


def today() -> date:
    """The day, in UTC."""
    return now().astimezone(timezone.utc).date()


# --------------------------------------------------------------------------- allow


def allow(command: PolicyCommand, words: Sequence[str]) -> int:
    """Add one exception to a policy file. Returns the exit code."""
    if len(words) != 1:
        raise UsageError(
            "`safe-pip policy allow` takes one id or finding code.",
            "Say for instance `safe-pip policy allow PYSEC-2023-62 --package flask --until 30d --reason …`.",
        )
    options = command.options
    path, places = _file_of(command)
    shown = shown_file(path)
    content = content_of(path, shown)
    text = content.removeprefix(_MARK).decode("utf-8")
    prefix: Keys = TABLE if path.name == PYPROJECT else ()
    document = document_of(text.replace("\r\n", "\n"), shown, path.parent, pyproject=bool(prefix))
    tables = valid(document) if document is not None else {}
    own = tables["longest-exception"].value if "longest-exception" in tables else None
    limits = [limit for limit in (own, load(places).settings.longest_exception) if limit is not None]
    exception = exception_of(
        Wanted(
            words[0],
            options.package,
            options.until,
            options.until_fixed,
            options.reason,
            options.sha256,
            options.justification,
        ),
        today(),
        min(limits, default=None),
    )
    known = there_already(tables["exceptions"].value if "exceptions" in tables else (), exception)
    if known is not None:
        raise UsageError(
            f"{known.at.document.origin(known.at.path)}: there is an exception for {words[0]} in "
            f"{exception['package']} already.",
            "Change its last day or its reason there.",
        )
    if document is None or not content:
        check_alone(path, "Name that with --file, or leave --file out.")
    edited = add_exception(text, exception, shown, prefix=prefix)
    rewrite(path, content, (_MARK if content.startswith(_MARK) else b"") + edited.text.encode())
    screen, style = command.screen, command.screen.style
    if screen.quiet:
        return 0
    screen.show(sentence("Allowed", f"{words[0]} in {exception['package']}, in {shown}:", GOOD, style))
    width = len(str(edited.line + len(edited.added)))
    for number, line in enumerate(edited.added, edited.line):
        screen.show([Text(f"  {number:>{width}}  {printable(line)}".rstrip())])
    tell_next(command, path, places, "an exception")
    return 0


def _file_of(command: PolicyCommand) -> tuple[Path, Places]:
    """The file to change, and the places of the policy that it belongs to."""
    options, places = command.options, command.places()
    named = options.file or places.named
    if options.file and options.policy:
        raise UsageError("--file and --policy both name a file.", "Leave out one of them.")
    if named is not None:
        # A link keeps its place, and what it leads to is changed.
        path = Path(os.path.expanduser(named))
        path = path if path.is_absolute() else places.folder / path
        return path, places._replace(named=None) if options.file else places
    found = project_file(places)
    path = found.path if found is not None else places.folder / FILE
    check_link(path, places, "--file")
    return path, places


def check_alone(path: Path, hint: str) -> None:
    """Two policies in one folder stop every run. Raises UsageError where a new one would be the second."""
    beside = project_file(Places(path.parent)) if path.name in (FILE, PYPROJECT) else None
    if beside is not None and beside.path.parent == path.parent and beside.path != path:
        raise UsageError(
            f"{shown_file(beside.path)} beside {shown_file(path)} is the policy already, and one folder may have one.",
            hint,
        )


def check_link(path: Path, places: Places, option: str) -> None:
    """A link that a cloned project brings must not lead what is written somewhere else. Raises UsageError."""
    real = Path(os.path.realpath(path))
    if path.is_symlink() and not is_of_the_project(real, places):
        raise UsageError(
            f"{shown_file(path)} is a link that leads out of the project, to {real}.",
            f"If that is the file to write, name it: {option} {shlex.quote(str(real))}.",
        )


def content_of(path: Path, shown: str) -> bytes:
    """The bytes of a policy file, none where it is not there yet. Raises PolicyError."""
    if not os.path.lexists(path):
        if not path.parent.is_dir():
            raise PolicyError(f"{shown}: there is no folder {path.parent}.", "Make it, or name another file.")
        return b""
    if not path.is_file():
        raise PolicyError(f"{shown} is not a file.", "Name a file.")
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise PolicyError(f"{shown} cannot be read: {reason}.", "Check that it may be read.") from error
    decoded(content, shown)
    return content


def tell_next(command: PolicyCommand, path: Path, places: Places, what: str) -> None:
    """Whether what was written has effect by itself, and what to do next."""
    screen, style = command.screen, command.screen.style
    shown = shown_file(path)
    loaded = load(places)
    in_force = {item.line.origin.source for item in loaded.settings.exceptions if item.line.origin is not None}
    if shown in in_force or str(path) in in_force:
        screen.show(next_step(f"`safe-pip policy show` tells what holds; commit {shown} with your project.", style))
        return
    screen.show([Text()])
    way = ""
    if loaded.project is not None and os.path.samefile(loaded.project, path):
        told = f"a project's own file can waive nothing by itself, so {what} in it has no effect yet."
        way = f'; or let projects waive, with may-relax = ["exceptions"] in {_file_of_the_user(places)}'
    else:
        told = f"{shown} is not among the policy files that hold here."
    screen.show(sentence("Note", told, WARN, style))
    screen.show(next_step(f"name it: `safe-pip audit --policy {shlex.quote(shown)}`, in CI as well{way}.", style))


def _file_of_the_user(places: Places) -> str:
    """The user's policy file, as one would type it."""
    user, home = places.user, places.home
    if user is None or is_of_the_project(user, places):
        return "a policy of the user's"
    return str(Path("~") / user.relative_to(home)) if home is not None and user.is_relative_to(home) else str(user)
