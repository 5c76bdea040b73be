"""The commands: arguments in, the pipeline called, an exit code out. Nothing is decided here.

Only what the chosen command needs is imported, so that a command that is handed to pip costs next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from safe_pip import __version__

# Commands of pip that bring nothing in; they are handed to pip as they are.
HANDED_TO_PIP = frozenset(
    {
        "cache",
        "check",
        "completion",
        "config",
        "debug",
        "freeze",
        "hash",
        "index",
        "inspect",
        "list",
        "search",
        "show",
        "uninstall",
    }
)
# Commands that would run builds, and are not guarded yet.
NOT_YET = {
    "lock": "runs builds to learn dependencies",
}
GUARDED = ("install", "download", "wheel")
OWN = (*GUARDED, "audit", "advisories", "explain", "policy")
# General options that take a value and may stand before the command.
_VALUED = frozenset(
    {
        "--python",
        "--log",
        "--log-file",
        "--local-log",
        "--keyring-provider",
        "--proxy",
        "--retries",
        "--timeout",
        "--default-timeout",
        "--exists-action",
        "--trusted-host",
        "--cert",
        "--client-cert",
        "--cache-dir",
        "--use-feature",
        "--use-deprecated",
        "--resume-retries",
    }
)
_SWITCHES = frozenset(
    {
        "--help",
        "--debug",
        "--isolated",
        "--require-virtualenv",
        "--require-venv",
        "--verbose",
        "--version",
        "--quiet",
        "--no-input",
        "--no-proxy-env",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--no-color",
        "--no-python-version-warning",
    }
)
_OWN_VALUED = frozenset(
    {"--policy", "--profile", "--advisories", "--osv-url", "--allow", "--format", "--output", "--explain"}
)
# --dry-run is not among them: pip refuses it by name where it would be ignored.
_OWN_SWITCHES = frozenset({"--offline", "--avoid"})

USAGE = f"""safe-pip {__version__}: a guard for pip install

Usage: safe-pip COMMAND [options]

Commands:
  install      work out what an install would bring in, check it, and only then install it
  download     the same, and put the files into a folder
  wheel        the same, for wheels only; nothing is built
  audit        look for known vulnerabilities in environments, requirements, projects and lock files
  advisories   the local advisory database: `advisories sync`, `advisories status`
  policy       what blocks and what warns: `policy show`, `check`, `init`, `allow`, `schema`
  explain      one advisory, all about one package, or a finding code, in full
  {", ".join(sorted(HANDED_TO_PIP)[:8])},
  {", ".join(sorted(HANDED_TO_PIP)[8:])}
               handed to pip as they are

Try `safe-pip install --dry-run -r requirements.txt`, and `safe-pip COMMAND --help`.
"""


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    environ = os.environ if environ is None else environ
    before, command, after = split_command(words)
    if "--version" in before or "-V" in before:
        print(f"safe-pip {__version__}")
        return 0
    if command == "help" and after:
        command, after = after[0], ["--help"]
    if command == "help" or (command is None and (not before or "-h" in before or "--help" in before)):
        print(USAGE, end="")
        return 0
    unknown = next((word for word in before if not _is_known(word)), None)
    if unknown is not None:
        # An abbreviation may take the next word as its value, and then another word is the command.
        print(
            f"Error: {unknown!r} before the command is not an option that safe-pip knows there.\n"
            "Next: write it out, or put it after the command.",
            file=sys.stderr,
        )
        return 2
    if command is None:
        print("Error: there is no command.\nNext: `safe-pip help` lists them.", file=sys.stderr)
        return 2
    if command in HANDED_TO_PIP:
        from safe_pip.cli import handed_over

        return handed_over.run(without_own_options(before), [command, *after], environ)
    if command in GUARDED:
        from safe_pip.cli import early

        early.begin([*before, *after], environ, command)
        from safe_pip.cli import install

        return install.run([*before, *after], environ, command)
    if command == "audit":
        from safe_pip.cli import early

        early.begin_audit([*before, *after], environ)
        from safe_pip.cli import audit

        return audit.run([*before, *after], environ)
    if command == "advisories":
        from safe_pip.cli import advisories

        return advisories.run([*before, *after], environ)
    if command == "explain":
        from safe_pip.cli import explain

        return explain.run([*before, *after], environ)
    if command == "policy":
        from safe_pip.cli import policy

        return policy.run([*before, *after], environ)
    return _unknown(command)


def split_command(words: Sequence[str]) -> tuple[list[str], str | None, list[str]]:
    """Split arguments at the command: the general options before it, the command, and what follows."""
    index = 0
    while index < len(words):
        word = words[index]
        if not word.startswith("-") or word == "-":
            return list(words[:index]), word, list(words[index + 1 :])
        index += 2 if word in _VALUED or word in _OWN_VALUED else 1
    return list(words), None, []


def _is_known(word: str) -> bool:
    """Whether a word before the command is an option that is written out, or the value of one."""
    name = word.partition("=")[0]
    if not word.startswith("-") or word == "-":
        return True
    valued = name in _VALUED or name in _OWN_VALUED
    short = not word.startswith("--") and set(word[1:]) <= set("vqVh")
    return valued or short or word in _SWITCHES or word in _OWN_SWITCHES or word == "--dry-run"


def without_own_options(words: Sequence[str]) -> list[str]:
    """General options less safe-pip's own, for pip."""
    kept: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        if word in _OWN_VALUED:
            index += 2
            continue
        if word not in _OWN_SWITCHES and word.partition("=")[0] not in _OWN_VALUED:
            kept.append(word)
        index += 1
    return kept


def _unknown(command: str) -> int:
    if command in NOT_YET:
        print(
            f"Error: safe-pip {command} is not there yet: pip {command} {NOT_YET[command]}, and safe-pip does not "
            "guard that in this version.\nNext: use pip itself if you trust what it will fetch.",
            file=sys.stderr,
        )
        return 2
    import difflib

    close = difflib.get_close_matches(command, [*OWN, *HANDED_TO_PIP, *NOT_YET], n=1)
    guess = f" Did you mean {close[0]}?" if close else ""
    print(f"Error: safe-pip knows no command {command!r}.{guess}\nNext: `safe-pip help` lists them.", file=sys.stderr)
    return 2
