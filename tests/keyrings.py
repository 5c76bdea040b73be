"""A ``keyring`` program for tests: it tells the logins it is given and writes down what it was asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

_PROGRAM = """#!{python} -IS
import json, os, sys
with open({log!r}, "a") as log:
    print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]), file=log)
{before}
service, *user = sys.argv[4:]
for known, (name, password) in {logins!r}.items():
    if service == known and user in ([], [name]):
        print(json.dumps({{"username": name, "password": password}}))
        sys.exit(0)
print("no login", file=sys.stderr)
sys.exit(1)
"""


class FakeKeyring:
    """The program lies in ``folder``. logins: user and password by service. before: Python to run first."""

    def __init__(self, folder: Path, logins: Mapping[str, tuple[str, str]], before: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.program = folder / "keyring"
        self._log = folder / "asked.jsonl"
        text = _PROGRAM.format(python=sys.executable, log=str(self._log), logins=dict(logins), before=before)
        self.program.write_text(text, "utf-8")
        self.program.chmod(0o755)

    def path(self, *others: str) -> str:
        """PATH with the program's folder first."""
        return ":".join([str(self.folder), *others])

    def calls(self) -> list[tuple[list[str], dict[str, str], str]]:
        """Arguments, environment and folder of each run."""
        if not self._log.exists():
            return []
        return [tuple(json.loads(line)) for line in self._log.read_text("utf-8").splitlines()]

    def asked(self) -> list[list[str]]:
        """The arguments of each run."""
        return [arguments for arguments, _, _ in self.calls()]
