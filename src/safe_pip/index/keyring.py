"""The user's keyring, asked for a login through its own program, as pip's subprocess provider asks it.

Source: pip's network/auth.py, KeyRingCliProvider and get_keyring_provider. pip can also import the ``keyring`` module;
safe-pip loads nobody's module into its own process, and so ``auto`` here means the program alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping

SECONDS = 60.0
"""So long the program may take; it may have to wait for a person who unlocks the keyring."""

# What would make another interpreter than its own, or another's packages, take part in the program.
_LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


class Keyring:
    """Logins by service, each asked for once in a run.

    provider: ``auto``, ``subprocess`` or ``disabled``. environ: the user's environment. target: the prefix of the
    environment that is installed into; nothing that lies in it is run. asks: False under ``--no-input``, where pip
    asks only a provider that was named. say: told in a sentence why the keyring was left out. seconds: see SECONDS.
    """

    def __init__(
        self,
        provider: str,
        environ: Mapping[str, str],
        target: str,
        *,
        asks: bool = True,
        say: Callable[[str], None] = lambda _: None,
        seconds: float = SECONDS,
    ) -> None:
        self._wanted = provider == "subprocess" or (provider == "auto" and asks)
        self._named = provider == "subprocess"
        self._environ = environ
        self._target = target
        self._say = say
        self._seconds = seconds
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str | None], tuple[str, str] | None] = {}

    def find(self, service: str, user: str | None) -> tuple[str, str] | None:
        """The user and password kept for a service, which is a URL or a host; None where there are none.

        Safe to call from many threads. After a failure the keyring is left alone for the rest of the run, as pip has
        it; the reason is said once, without a word of what the program printed.
        """
        if service.startswith("-") or (user or "").startswith("-"):
            # The program would take it for an option, and some of those name folders to load modules from.
            return None
        key = (service, user)
        with self._lock:
            if not self._wanted:
                return None
            if key not in self._answers:
                try:
                    self._answers[key] = self._ask(service, user)
                except _Unusable as error:
                    self._wanted = False
                    if str(error):
                        self._say(f"Note: keyring is left out: {error}.")
                    return None
            return self._answers[key]

    def _ask(self, service: str, user: str | None) -> tuple[str, str] | None:
        program, path = self._program()
        command = [program, "--mode=creds", "--output=json", "get", service, *([] if user is None else [user])]
        environ = {name: value for name, value in self._environ.items() if name not in _LEFT_OUT}
        try:
            # In the program's own folder: some versions of keyring read a configuration from the current one.
            process = subprocess.Popen(
                command,
                cwd=os.path.dirname(program),
                env={**environ, "PATH": path, "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise _Unusable(f"its program cannot be run ({reason})") from error
        with process:
            try:
                out, err = process.communicate(timeout=self._seconds)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise _Unusable(f"its program did not end within {self._seconds:g} seconds") from error
            except BaseException:
                process.kill()
                raise
        if process.returncode == 2 and b"unrecognized arguments" in err and b"--mode=creds" in err:
            raise _Unusable("its program is too old; version 25.2.1 or newer is needed")
        if process.returncode != 0:
            return None
        return _login(out)

    def _program(self) -> tuple[str, str]:
        """The program, and PATH for it: without what is the target's, or depends on the current folder."""
        own = {os.path.realpath(os.path.join(self._target, name)) for name in ("bin", "Scripts")}
        places = [
            place
            for place in self._environ.get("PATH", os.defpath).split(os.pathsep)
            if os.path.isabs(place) and os.path.realpath(place) not in own
        ]
        for place in places:
            program = shutil.which("keyring", path=place)
            if program is not None and os.path.dirname(os.path.realpath(program)) not in own:
                return program, os.pathsep.join(places)
        raise _Unusable("there is no keyring program on PATH, the target's own aside" if self._named else "")


class _Unusable(Exception):
    """The keyring cannot be asked, and why; without a reason where nobody needs to hear of it."""


def _login(answer: bytes) -> tuple[str, str]:
    """User and password in what the program printed."""
    try:
        data = json.loads(answer)
        user, password = data["username"], data["password"]
    except (ValueError, LookupError, TypeError) as error:
        raise _Unusable("its answer cannot be read") from error
    if not isinstance(user, str) or not isinstance(password, str):
        raise _Unusable("its answer has no user and password")
    return user, password
