"""``safe-pip policy init``: a policy file to begin with, and an exception in it for each finding of today."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safe_pip.cli.policy import shown_file
from safe_pip.cli.policy_file import TABLE, check_alone, check_link, content_of, tell_next, today
from safe_pip.cli.run import cache_folder, now, rewrite, sources_of
from safe_pip.codes import CODES, CODES_OF_INSTALLED
from safe_pip.errors import UsageError
from safe_pip.model import Level, Observation, Origin, PolicyLine
from safe_pip.policy import load
from safe_pip.policy.files import PYPROJECT, decoded
from safe_pip.policy.layers import document_of, valid
from safe_pip.policy.places import FILE
from safe_pip.policy.positions import Path as Keys
from safe_pip.policy.starting import starting_text
from safe_pip.report.drawing import BAD, GOOD, WARN, next_step, sentence, wrapped
from safe_pip.report.plain import count, printable
from safe_pip.settings import Settings, asks_for_bytes
from safe_pip.settings.levels import BUILT_IN_LEVELS
from safe_pip.settings.tables import Vulnerabilities
from safe_pip.versions import parsed

if TYPE_CHECKING:
    from safe_pip.audited import Audited
    from safe_pip.cli.policy import PolicyCommand

_DAYS = timedelta(days=90)
_THIS = Origin("safe-pip policy init")
# What an audit would take from them is settled here.
_SETTLED = ("SAFE_PIP_POLICY", "SAFE_PIP_PROFILE", "SAFE_PIP_FORMAT", "PIP_AUDIT_OUTPUT", "PIP_AUDIT_FORMAT")


def init(command: PolicyCommand) -> int:
    """Write a policy file to begin with. Returns the exit code: 3 where something could not be looked at."""
    options = command.options
    if options.pyproject and options.output:
        raise UsageError("--pyproject and --output both say where to.", "Leave out one of them.")
    path = Path(os.path.expanduser(options.output or (PYPROJECT if options.pyproject else FILE)))
    path = path if path.is_absolute() else Path.cwd() / path
    shown = shown_file(path)
    prefix: Keys = TABLE if path.name == PYPROJECT else ()
    if options.output is None:
        check_link(path, command.places(), "--output")
    content = content_of(path, shown)
    if prefix:
        if document_of(decoded(content, shown), shown, path.parent, pyproject=True) is not None:
            hint = "Change it there, or add to it with `safe-pip policy allow`."
            raise UsageError(f"{shown} has a table [tool.safe-pip] already.", hint)
    elif os.path.lexists(path) and not options.force:
        raise UsageError(f"{shown} is there already.", "Name another file with --output, or replace it with --force.")
    check_alone(path, "Add to that with `safe-pip policy allow`, or name another file with --output.")
    loaded = load(command.places())
    settings = loaded.settings
    audited = _audited(command)
    day = today()
    exceptions = exceptions_for(audited, day, settings.longest_exception)
    text = starting_text(exceptions, str(day), prefix=prefix)
    written = document_of(text, shown, path.parent, pyproject=bool(prefix))
    assert written is not None and valid(written), "what is written can be followed"
    if prefix and content:
        above = content.decode("utf-8")
        end = "\r\n" if above.count("\r\n") * 2 > above.count("\n") else "\n"
        text = above + ("" if above.endswith("\n") else end) + end + text.replace("\n", end)
    rewrite(path, content, text.encode())
    _tell_written(command, path, exceptions, audited, _left(path, loaded.project))
    return _exit_code(audited)


def _exit_code(audited: Audited) -> int:
    """1 where something was found for which no exception is made; 3 where something could not be looked at."""
    if _malware(audited) or _of_nobody(audited):
        return 1
    return 3 if any(item.waived_by is None for item in audited.unchecked) else 0


def _malware(audited: Audited) -> list[str]:
    found = (item.finding.observation for item in audited.findings)
    return sorted({f"{item.name} {item.version}" for item in found if item.code == "malware"})


def _of_nobody(audited: Audited) -> list[str]:
    """What files say that belong to no package: an exception for them would be one for the files of everybody."""
    found = (item.finding.observation for item in audited.others if item.finding.blocks)
    return [item.message for item in found if _is_of_nobody(item)]


def _is_of_nobody(found: Observation) -> bool:
    return not found.name and CODES[found.code].kind == "bytes"


def _tell_written(
    command: PolicyCommand, path: Path, exceptions: Sequence[Mapping[str, Any]], audited: Audited, left: str
) -> None:
    screen, style = command.screen, command.screen.style
    shown = shown_file(path)
    for item in audited.unchecked:
        if item.waived_by is None:
            screen.tell(f"Not checked: {printable(item.reason)}")
            if item.help:
                screen.tell(f"Next: {printable(item.help)}")
    for named in _malware(audited):
        told = f"{named} is malicious, and gets no exception: `safe-pip explain {named.replace(' ', '==')}` tells why."
        screen.show(sentence("Malware", told, BAD, style))
    for message in _of_nobody(audited):
        screen.show(sentence("No exception", f"{message} It belongs to no package.", BAD, style))
    if screen.quiet:
        return
    number = count(len(exceptions), "exception")
    found = "nothing was found that needs an exception" if not exceptions else f"with {number} for what was found today"
    screen.show(sentence("Wrote", f"{shown}: every key with its default; {found}.", GOOD, style))
    for exception in exceptions:
        ends = f"until {exception['expires']}" if "expires" in exception else "until it is fixed"
        named = exception.get("id", exception.get("code"))
        screen.show(wrapped(f"{exception.get('package', '')}  {named}  {ends}", style, first="  ", rest="      "))
    if left:
        screen.show(sentence("Note", left, WARN, style))
    places = command.places()
    if exceptions:
        tell_next(command, path, places, "an exception")
    else:
        screen.show(next_step("`safe-pip policy show` tells what holds.", style))


def _left(path: Path, before: Path | None) -> str:
    """What to know where a nearer policy takes the place of one in a folder above; empty where none does."""
    is_own = path.name in (FILE, PYPROJECT) and path.parent == Path.cwd()
    if before is None or not is_own or before.parent == path.parent:
        return ""
    left = os.path.relpath(before)
    return f'{left} does not count from this folder on any more; to go on from it, write extends = ["{left}"].'


def exceptions_for(audited: Audited, day: date, longest: timedelta | None) -> list[dict[str, Any]]:
    """An exception for each finding that stands: 90 days, or less where the policy says so, or until there is a fix.

    Malware gets none: nobody accepts it by the way. Nor do files that belong to no package.
    """
    made: dict[tuple[str, str], dict[str, Any]] = {}
    until = day + (_DAYS if longest is None else min(_DAYS, longest))
    blocking = (item for item in audited.others if item.finding.blocks)
    for item in (*audited.findings, *blocking):
        found = item.finding.observation
        if found.code == "malware" or CODES[found.code].kind == "policy" or _is_of_nobody(found):
            continue
        named = {"code": found.code} if found.advisory is None else {"id": found.advisory.id}
        exception: dict[str, Any] = dict(named)
        if found.name:
            # What is no version of PEP 440 can stand in no specifier.
            known = parsed(found.version) is not None
            exception["package"] = f"{found.name}=={found.version}" if known else str(found.name)
        exception["reason"] = f"found by `safe-pip policy init` on {day}"
        unfixed = found.advisory is not None and not found.advisory.newer_fixes
        # Where exceptions may not last for ever, one that waits for a fix needs a last day as well.
        if not unfixed or longest is not None:
            exception["expires"] = until
        if unfixed:
            exception["until-fixed"] = True
        made[next(iter(named.values())), str(exception.get("package"))] = exception
    return list(made.values())


def _strictest(settings: Settings) -> Settings:
    """A policy with nothing in it that is looser than what is built in.

    The file that is written may be the only one that is followed, by ``--policy``: whatever another one lets through
    needs its exception there. What would stand against an install of the same files is looked for as well, as far as
    it can be told of files that are installed.
    """
    levels = {}
    for code, weight in settings.levels.items():
        levels[code] = replace(weight, audit=max(weight.audit, BUILT_IN_LEVELS[code].audit))
        if code in CODES_OF_INSTALLED and max(weight.install, BUILT_IN_LEVELS[code].install) >= Level.BLOCK:
            # Only what a line asks for is looked for in an audit.
            levels[code] = replace(weight, audit=Level.BLOCK, audit_line=PolicyLine(weight.line.setting, _THIS))
    return replace(settings, levels=levels, overrides=(), exceptions=(), vulnerabilities=Vulnerabilities())


def _audited(command: PolicyCommand) -> Audited:
    """What an audit of the environment, or of requirements files, finds under the policy that holds."""
    from safe_pip.auditing import AuditRun, audit
    from safe_pip.cli.audit_inputs import index_asked, read_inputs
    from safe_pip.cli.console import progress_for
    from safe_pip.judge_audit import AuditSettings
    from safe_pip.request.audit_command_line import parse_audit
    from safe_pip.request.audit_values import audit_values
    from safe_pip.request.pip_config import configured
    from safe_pip.request.values import network_of
    from safe_pip.target.interpreter import find_interpreter
    from safe_pip.target.probing import probe

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
    named = [*asked.services, *asked.advisories]
    progress = progress_for(command.screen, "auto")
    run = AuditRun(
        cache=cache_folder(command.environ),
        now=now(),
        sources=sources_of(named, command.environ, osv_url=asked.osv_url, policy=settings),
        settings=AuditSettings(settings=_strictest(settings)),
        network=network_of(values),
        private=asked.private,
        index_url=index_asked(values, named or settings.advisories.sources, settings),
        offline=asked.offline,
        progress=progress,
    )
    try:
        audited = audit(read_inputs(asked, target, pip_settings, command.environ, run), run)
    finally:
        progress.done()
    if options.requirements or asks_for_bytes(settings):
        return audited
    # No audit by the file that is written will look at what is installed, so that none will lack what has no RECORD.
    return replace(audited, unchecked=tuple(item for item in audited.unchecked if item.code != "unreadable-file"))
