"""``safe-pip policy allow`` and ``safe-pip policy init``: what is written into a policy file, and what to do next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from safe_pip.cli.policy import shown_file
from safe_pip.cli.run import cache_folder, now, rewrite, sources_of
from safe_pip.codes import CODES
from safe_pip.errors import UsageError
from safe_pip.policy import Places, load
from safe_pip.policy.allowing import Wanted, exception_of, there_already
from safe_pip.policy.editing import add_exception
from safe_pip.policy.files import PYPROJECT, PolicyError, decoded
from safe_pip.policy.layers import document_of, valid
from safe_pip.policy.places import FILE, is_of_the_project, project_file
from safe_pip.policy.positions import Path as Keys
from safe_pip.policy.starting import starting_text
from safe_pip.report.drawing import BAD, GOOD, WARN, next_step, sentence, wrapped
from safe_pip.report.plain import count, printable

if TYPE_CHECKING:
    from safe_pip.audited import Audited
    from safe_pip.cli.policy import PolicyCommand

_MARK = "\ufeff".encode()
_DAYS = timedelta(days=90)
# What an audit would take from them is settled here.
_SETTLED = ("SAFE_PIP_POLICY", "SAFE_PIP_PROFILE", "SAFE_PIP_FORMAT", "PIP_AUDIT_OUTPUT", "PIP_AUDIT_FORMAT")
_TABLE: Keys = ("tool", "safe-pip")


def _today() -> date:
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
    content = _content(path, shown)
    text = content.removeprefix(_MARK).decode("utf-8")
    prefix: Keys = _TABLE if path.name == PYPROJECT else ()
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
        _today(),
        min(limits, default=None),
    )
    known = there_already(tables["exceptions"].value if "exceptions" in tables else (), exception)
    if known is not None:
        raise UsageError(
            f"{known.at.document.origin(known.at.path)}: there is an exception for {words[0]} in "
            f"{exception['package']} already.",
            "Change its last day or its reason there.",
        )
    edited = add_exception(text, exception, shown, prefix=prefix)
    rewrite(path, content, (_MARK if content.startswith(_MARK) else b"") + edited.text.encode())
    screen, style = command.screen, command.screen.style
    if screen.quiet:
        return 0
    screen.show(sentence("Allowed", f"{words[0]} in {exception['package']}, in {shown}:", GOOD, style))
    width = len(str(edited.line + len(edited.added)))
    for number, line in enumerate(edited.added, edited.line):
        screen.show([Text(f"  {number:>{width}}  {printable(line)}".rstrip())])
    _tell_next(command, path, places, "an exception")
    return 0


def _file_of(command: PolicyCommand) -> tuple[Path, Places]:
    """The file to change, and the places of the policy that it belongs to."""
    options, places = command.options, command.places()
    named = options.file or places.named
    if options.file and options.policy:
        raise UsageError("--file and --policy both name a file.", "Leave out one of them.")
    if named is not None:
        # A link keeps its place, and what it leads to is changed.
        path = Path(named).expanduser()
        path = path if path.is_absolute() else places.folder / path
        return path, replace(places, named=None) if options.file else places
    found = project_file(places)
    return (found.path if found is not None else places.folder / FILE), places


def _content(path: Path, shown: str) -> bytes:
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


def _tell_next(command: PolicyCommand, path: Path, places: Places, what: str) -> None:
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


# --------------------------------------------------------------------------- init


def init(command: PolicyCommand) -> int:
    """Write a policy file to begin with. Returns the exit code: 3 where something could not be looked at."""
    options = command.options
    if options.pyproject and options.output:
        raise UsageError("--pyproject and --output both say where to.", "Leave out one of them.")
    path = Path(options.output or (PYPROJECT if options.pyproject else FILE)).expanduser()
    path = path if path.is_absolute() else Path.cwd() / path
    shown = shown_file(path)
    prefix: Keys = _TABLE if path.name == PYPROJECT else ()
    content = _content(path, shown)
    if prefix:
        if document_of(decoded(content, shown), shown, path.parent, pyproject=True) is not None:
            hint = "Change it there, or add to it with `safe-pip policy allow`."
            raise UsageError(f"{shown} has a table [tool.safe-pip] already.", hint)
    elif os.path.lexists(path) and not options.force:
        raise UsageError(f"{shown} is there already.", "Name another file with --output, or replace it with --force.")
    settings = load(command.places()).settings
    audited = _audited(command)
    today = _today()
    exceptions = exceptions_for(audited, today, settings.longest_exception)
    text = starting_text(exceptions, str(today), prefix=prefix)
    if prefix and content:
        above = content.decode("utf-8")
        end = "\r\n" if above.count("\r\n") * 2 > above.count("\n") else "\n"
        text = above + ("" if above.endswith("\n") else end) + end + text.replace("\n", end)
    rewrite(path, content, text.encode())
    _tell_written(command, path, exceptions, audited)
    return _exit_code(audited)


def _exit_code(audited: Audited) -> int:
    """1 where malware was found, for which no exception is made; 3 where something could not be looked at."""
    if _malware(audited):
        return 1
    return 3 if any(item.waived_by is None for item in audited.unchecked) else 0


def _malware(audited: Audited) -> list[str]:
    found = (item.finding.observation for item in audited.findings)
    return sorted({f"{item.name} {item.version}" for item in found if item.code == "malware"})


def _tell_written(
    command: PolicyCommand, path: Path, exceptions: Sequence[Mapping[str, Any]], audited: Audited
) -> None:
    screen, style = command.screen, command.screen.style
    shown = shown_file(path)
    for item in audited.unchecked:
        if item.waived_by is None:
            screen.say(f"Not checked: {printable(item.reason)}")
            if item.help:
                screen.say(f"Next: {printable(item.help)}")
    for named in _malware(audited):
        told = f"{named} is malicious, and gets no exception: `safe-pip explain {named.replace(' ', '==')}` tells why."
        screen.show(sentence("Malware", told, BAD, style))
    if screen.quiet:
        return
    number = count(len(exceptions), "exception")
    found = "nothing was found that needs an exception" if not exceptions else f"with {number} for what was found today"
    screen.show(sentence("Wrote", f"{shown}: every key with its default; {found}.", GOOD, style))
    for exception in exceptions:
        ends = f"until {exception['expires']}" if "expires" in exception else "until it is fixed"
        named = exception.get("id", exception.get("code"))
        screen.show(wrapped(f"{exception.get('package', '')}  {named}  {ends}", style, first="  ", rest="      "))
    places = command.places()
    if exceptions:
        _tell_next(command, path, places, "an exception")
    else:
        screen.show(next_step("`safe-pip policy show` tells what holds.", style))


def exceptions_for(audited: Audited, today: date, longest: timedelta | None) -> list[dict[str, Any]]:
    """An exception for each finding that stands: 90 days, or less where the policy says so, or until there is a fix.

    Malware gets none: nobody accepts it by the way.
    """
    made: dict[tuple[str, str], dict[str, Any]] = {}
    until = today + (_DAYS if longest is None else min(_DAYS, longest))
    blocking = (item for item in audited.others if item.finding.blocks)
    for item in (*audited.findings, *blocking):
        found = item.finding.observation
        if found.code == "malware" or CODES[found.code].kind == "policy":
            continue
        named = {"code": found.code} if found.advisory is None else {"id": found.advisory.id}
        exception: dict[str, Any] = dict(named)
        if found.name:
            exception["package"] = f"{found.name}=={found.version}" if found.version else str(found.name)
        exception["reason"] = f"found by `safe-pip policy init` on {today}"
        unfixed = found.advisory is not None and not found.advisory.newer_fixes
        # Where exceptions may not last for ever, one that waits for a fix needs a last day as well.
        if not unfixed or longest is not None:
            exception["expires"] = until
        if unfixed:
            exception["until-fixed"] = True
        made[next(iter(named.values())), str(exception.get("package"))] = exception
    return list(made.values())


def _audited(command: PolicyCommand) -> Audited:
    """What an audit of the environment, or of requirements files, finds under the policy that holds."""
    from safe_pip.auditing import AuditRun, audit
    from safe_pip.cli.audit_inputs import read_inputs
    from safe_pip.cli.console import progress_for
    from safe_pip.judge_audit import AuditSettings
    from safe_pip.request.audit_options import parse_audit
    from safe_pip.request.audit_values import audit_values
    from safe_pip.request.options import network_of
    from safe_pip.request.pip_config import configured
    from safe_pip.target import find_interpreter, probe

    options = command.options
    words = [f"--python={options.python}"] if options.python else []
    words += [f"--requirement={name}" for name in options.requirements or ()]
    words += [f"--advisories={name}" for name in options.advisories or ()]
    words += ["--offline"] if options.offline else []
    asked = parse_audit(words, {name: text for name, text in command.environ.items() if name not in _SETTLED})
    target = probe(find_interpreter(asked.python, command.environ))
    pip_settings = configured(command.environ, target.prefix, isolated=False, command="install")
    values = audit_values(asked, pip_settings)
    settings = load(command.places()).settings
    named = [*asked.services, *asked.advisories] or list(settings.advisories.sources)
    progress = progress_for(command.screen, "auto")
    run = AuditRun(
        cache=cache_folder(command.environ),
        now=now(),
        sources=sources_of(named, command.environ, osv_url=asked.osv_url),
        # With the exceptions that are there already, a finding would need no other one.
        settings=AuditSettings(settings=settings),
        network=network_of(values),
        private=asked.private,
        offline=asked.offline,
        progress=progress,
    )
    try:
        return audit(read_inputs(asked, target, pip_settings, command.environ, run), run)
    finally:
        progress.done()
