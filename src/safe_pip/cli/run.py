"""What every command of our own shares: folders, the clock, sources, and how errors end a run."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import platformdirs

from safe_pip.advisories.sources import BulkExport, Source, source_for
from safe_pip.cli.console import Screen
from safe_pip.errors import IncompleteError, SafePipError, UsageError
from safe_pip.request.questions import HelpRequested
from safe_pip.settings import Settings

INTERRUPTED = 130
_REPORT_IT = "This is a defect in safe-pip. Run the command again with --debug, and report what it prints."


def now() -> datetime:
    """The time, in UTC. The one place where the clock is read."""
    return datetime.now(timezone.utc)


def time_limit(seconds: float) -> Callable[[], float]:
    """How many of so many seconds are left, counted from now; less than 0 when they are over."""
    end = time.monotonic() + seconds
    return lambda: end - time.monotonic()


def cache_folder(environ: Mapping[str, str]) -> Path:
    """safe-pip's cache folder: ``SAFE_PIP_CACHE_DIR``, else the platform's place.

    Where HOME is another user's, as under sudo and in containers of CI, it is in this user's own home: what lies in a
    folder that somebody else can change is not believed.
    """
    named = environ.get("SAFE_PIP_CACHE_DIR")
    if named:
        return Path(os.path.expanduser(named)).absolute()
    place = Path(platformdirs.user_cache_dir("safe-pip", appauthor=False))
    own = _own_home()
    with suppress(OSError):
        if own is not None and not environ.get("XDG_CACHE_HOME") and Path.home().stat().st_uid != os.geteuid():
            return own / ".cache" / "safe-pip"
    return place


def _own_home() -> Path | None:
    """The home that the system's list of users gives, None where there is no such list, or no such user in it."""
    try:
        import pwd
    except ImportError:
        return None
    with suppress(KeyError):
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    return None


def sources_of(
    named: list[str],
    environ: Mapping[str, str],
    *,
    osv_url: str | None = None,
    rebuild: bool = False,
    at_once: bool = False,
    policy: Settings | None = None,
) -> tuple[Source, ...]:
    """The sources of advisories that ``--advisories`` names, else the policy, else OSV's bulk export; each once.

    osv_url: where OSV's API is, else ``SAFE_PIP_OSV_URL`` says so, else ``PIP_AUDIT_OSV_URL``, else it is OSV's own.
    rebuild: fetch an export anew. at_once: ask it what changed even if that was asked a moment ago.
    """
    api = osv_url or environ.get("SAFE_PIP_OSV_URL") or environ.get("PIP_AUDIT_OSV_URL")
    bulk = environ.get("SAFE_PIP_OSV_BULK_URL")
    said = "--advisories"
    if not named and policy is not None and policy.advisories.sources:
        named, said = list(policy.advisories.sources), "advisories.sources in the policy:"
    sources = [source_for(text, osv_url=api, bulk_url=bulk, said=said) for text in dict.fromkeys(named or ["local"])]
    return tuple(
        replace(source, rebuild=rebuild, at_once=at_once) if isinstance(source, BulkExport) else source
        for source in sources
    )


def write_whole(path: str, content: str, option: str = "--output") -> None:
    """Write a file whole: under a temporary name beside its place, then moved there. Raises UsageError.

    option: which one named it.

    A link keeps its place and a device is written to, since neither is ours to replace.
    """
    place = Path(os.path.realpath(path))
    try:
        if place.exists() and not place.is_file():
            with place.open("w", encoding="utf-8") as device:
                device.write(content)
            return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, place)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(
            f"{option} {path} cannot be written: {error.strerror or error}.", "Check the folder."
        ) from error


def rewrite(path: Path, before: bytes, content: bytes) -> None:
    """Change a file that a person keeps: written whole beside it and moved into its place, with its mode.

    before: what it held when it was read; nothing for one that was not there. A link is followed. Raises UsageError,
    also where it has changed since.
    """
    place = Path(os.path.realpath(path))
    try:
        known = place.stat() if place.exists() else None
        if (place.read_bytes() if known is not None else b"") != before:
            raise UsageError(f"{path} has changed in the meantime.", "Run the same command again.")
        descriptor, temporary = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.chmod(temporary, stat.S_IMODE(known.st_mode) if known is not None else 0o644)
            if known is not None and hasattr(os, "chown"):
                with suppress(OSError):
                    os.chown(temporary, known.st_uid, known.st_gid)
            os.replace(temporary, place)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.", "Check the folder.") from error


def write_out(content: str) -> None:
    """Write to standard output, at once. Raises IncompleteError where that cannot be, as on a full disk.

    BrokenPipeError is left to ``guarded``: whoever closed a pipe wants to hear no more.
    """
    try:
        sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise IncompleteError(
            f"The report cannot be written to standard output: {reason}.", "Make room, or name a file with --output."
        ) from error


def check_writable(path: str, option: str = "--output") -> None:
    """Find out early, before anything is done, that an option names what cannot be written. Raises UsageError."""
    place = Path(os.path.realpath(path))
    if os.path.isdir(place) or not os.access(place if os.path.exists(place) else place.parent, os.W_OK):
        raise UsageError(f"{option} {path} cannot be written.", "Check that its folder exists and may be written to.")


def check_folder(path: str, option: str) -> None:
    """Find out early that an option names what is no folder, or one that nothing can be put into. Raises UsageError.

    Where it is not there yet, the nearest folder above it decides; nothing is made.
    """
    place = Path(os.path.realpath(path))
    while not os.path.exists(place) and place != place.parent:
        place = place.parent
    if not os.path.isdir(place):
        raise UsageError(f"{option} {path}: {place} is no folder.", "Name a folder, or one that is not there yet.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"{option} {path}: nothing can be written into {place}.", "Mend its permissions.")


def guarded(
    work: Callable[[], int],
    screen: Callable[[], Screen],
    *,
    debug: Callable[[], bool] = lambda: False,
    interrupted: str = "Interrupted. Nothing was installed.",
) -> int:
    """Run a command; errors become a few lines for people, and an exit code, and a traceback only if asked for."""
    try:
        return work()
    except HelpRequested:
        raise
    except SafePipError as error:
        if screen().quiet < 3:
            from safe_pip.report.text import error_lines

            screen().show(error_lines(error.message, getattr(error, "details", ()), error.hint, screen().style))
        return error.exit_code
    except KeyboardInterrupt:
        screen().say(interrupted)
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody has read the report, so it must not count as a good end.
        return 3
    except Exception as error:  # noqa: BLE001 - the last resort: fail closed, in plain words
        if debug():
            traceback.print_exc()
        from safe_pip.report.text import error_lines

        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        screen().show(error_lines(f"something unexpected happened ({reason}).", (), _REPORT_IT, screen().style))
        return 3
