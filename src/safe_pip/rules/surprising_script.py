"""surprising-script: a command that people type, or programs run, from a package that one would not expect it of."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Evidence, Observation
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import found, looked_at

# Commands of Python's own tools, with the projects that they are of.
_OWNERS = {
    "activate": (), "conda": ("conda",), "easy_install": ("setuptools", "distribute"), "ensurepip": (),
    "idle": (), "idle3": (), "pdm": ("pdm",), "pip": ("pip",), "pip3": ("pip",), "pipenv": ("pipenv",),
    "pipx": ("pipx",), "poetry": ("poetry",), "pydoc": (), "pydoc3": (), "python": (), "python3": (),
    "pythonw": (), "safe-pip": ("safe-pip",), "tox": ("tox",), "twine": ("twine",), "uv": ("uv",), "uvx": ("uv",),
    "virtualenv": ("virtualenv",), "py": ("py-launcher",),
}  # fmt: skip
# Commands of the system that are run by people, shells and programs without a path. None is a Python project's.
_COMMANDS = """
apt apt-get awk base64 bash cat chmod chown chsh cmd cp crontab curl cut date dash dd df diff dig dir docker
doas dpkg du echo egrep env expr false fgrep find fish gcc g++ gpg gpg2 grep groups gunzip gzip head hostname id
ifconfig init ip kill killall ksh kubectl launchctl less ln login logout ls lsof make man mkdir mktemp more
mount mv nc ncat netcat netstat nslookup open openssl passwd perl ping pkexec powershell printenv ps pwd pwsh
readlink reboot rm rmdir route rpm rsync ruby scp screen sed service sftp sh shutdown sleep sort ssh ssh-add
ssh-agent ssh-keygen stat strings su sudo systemctl tail tar tee telnet test time tmux top touch tr true umount
uname unzip uptime users vi vim wc wget which who whoami xargs xcopy yum zip zsh git node npm npx java javac go
cargo rustc brew security
"""
_SYSTEM = frozenset(_COMMANDS.split())
_PYTHON_MINORS = tuple(f"3.{minor}" for minor in range(8, 20))


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each file that brings such commands."""
    for item, file in looked_at(facts):
        scripts = [script for script in file.scripts if _is_surprising(script, item.name)]
        if scripts:
            named = ", ".join(scripts[:5])
            brings = f"{item.name} brings the command{'s' if len(scripts) > 1 else ''} {named}"
            message = f"{brings}, which one expects of another."
            help = f"Once installed, it runs in the other's place. Make sure that {item.name} is what you want."
            evidence = [Evidence("command", script) for script in scripts[:5]]
            yield found("surprising-script", facts, item, message, help, evidence, f"brings {named}")


def _is_surprising(script: str, name: str) -> bool:
    command = script.lower()
    for suffix in (".exe", ".bat", ".cmd", ".com", ".ps1"):
        command = command.removesuffix(suffix)
    plain = next((command.removesuffix(minor) for minor in _PYTHON_MINORS if command.endswith(minor)), command)
    for tried in (command, plain):
        if tried in _OWNERS:
            return name not in _OWNERS[tried]
    # A package for a program of the system bears its name.
    return command in _SYSTEM and command not in (name, *name.split("-"))
