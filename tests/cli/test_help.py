"""Help, version, and what is said to who names no command, or one that there is not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Guard, Venv
from fakes import FakeIndex
from safe_pip import __version__
from safe_pip.cli import HANDED_TO_PIP, OWN, main, split_command
from safe_pip.cli.help import command_help, install_help
from safe_pip.errors import SafePipError, UsageError
from safe_pip.request.command_line import parse
from safe_pip.request.commands import COMMANDS
from safe_pip.request.options import all_options
from safe_pip.request.questions import HelpRequested


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """What a command ends with and writes, without a process of its own."""
    code = main(words, {})
    shown = capsys.readouterr()
    return code, shown.out, shown.err


# --------------------------------------------------------------------------- version


@pytest.mark.parametrize("words", [["--version"], ["-V"], ["--isolated", "--version"], ["--version", "install", "x"]])
def test_the_version(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """One line that a program can read, wherever the option stands before the command, and nothing is done."""
    assert said(capsys, *words) == (0, f"safe-pip {__version__}\n", "")


def test_the_version_is_that_of_the_distribution() -> None:
    """The number that pip shows for the installed distribution is the program's own."""
    from importlib.metadata import version

    assert version("safe-pip") == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_script_and_the_module_are_one_program(guard: Guard) -> None:
    """``safe-pip`` and ``python -m safe_pip``."""
    script = Path(sys.executable).with_name("safe-pip")
    if not script.exists():
        pytest.skip("safe-pip is not installed beside this interpreter")

    done = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True, env=guard.environ)

    assert (done.stdout, done.stderr) == (guard("--version").out, "")


# --------------------------------------------------------------------------- help


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"], ["-v", "--help"]])
def test_the_general_help(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """It names every command there is, and the one that most people want first."""
    code, out, err = said(capsys, *words)

    assert (code, err) == (0, "")
    assert out.startswith(f"safe-pip {__version__}: a guard for pip install\n\nUsage: safe-pip COMMAND [options]\n")
    named = set(re.findall(r"[a-z]+", out))
    assert {*OWN, *HANDED_TO_PIP} <= named
    assert all(len(line) <= 100 for line in out.splitlines())


INSTALL_HELP = [
    ["install", "--help"],
    ["install", "-h"],
    ["--help", "install"],
    ["help", "install"],
    ["install", "x", "-h"],
]


@pytest.mark.parametrize("words", INSTALL_HELP)
def test_the_help_of_install(capsys: pytest.CaptureFixture[str], words: list[str], guard: Guard) -> None:
    """However it is asked for, it is shown, on stdout, and nothing else is done."""
    code = main(words, guard.environ)

    shown = capsys.readouterr()
    assert (code, shown.err) == (0, "")
    assert shown.out == install_help()


def test_the_help_of_install_names_every_option() -> None:
    """Under its heading with what it means, or among those that are refused; hidden ones stay hidden."""
    shown = install_help()
    taken, refused = shown.split("\nRefused by name in this version:\n")

    for option in all_options():
        flags = ", ".join(option.flags)
        if option.hidden:
            assert f"  {flags}\n" not in shown
            assert f"  {flags}  " not in shown
        elif option.refused and option.action != "feature":
            assert any(flag in re.split(r"[,\s]+", refused) for flag in option.flags)
        else:
            assert re.search(rf"^  {re.escape(f'{flags} {option.metavar}'.rstrip())}(  |$)", taken, re.MULTILINE), flags
            assert option.help.split()[0] in taken
    assert all(len(line) <= 100 for line in shown.splitlines())
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_what_the_help_offers_is_taken_and_what_it_refuses_is_refused() -> None:
    """The help is made from the table that the parser reads; here the parser is asked."""
    taken, refused = install_help().split("\nRefused by name in this version:\n")
    values = {"N": "1", "SECONDS": "1", "STRATEGY": "eager", "ACTION": "ignore", "KIND": "off", "FEATURE": "truststore"}
    for flag, metavar in re.findall(
        r"^  (?:-\w, )?(--[\w-]+)(?:, --[\w-]+)* ?([A-Z\[][\w:\[\]-]*)?", taken, re.MULTILINE
    ):
        if flag in ("--help", "--explain", "--format", "--exists-action", "--keyring-provider", "--use-deprecated"):
            continue
        parse([flag, *([values.get(metavar, "x")] if metavar else [])], (), {})
    for flag in re.findall(r"--[\w-]+", refused):
        with pytest.raises(UsageError, match=flag):
            parse([flag, "x"], (), {})
    with pytest.raises(HelpRequested):
        parse(["--help"], (), {})


@pytest.mark.parametrize("name", ["download", "wheel"])
@pytest.mark.parametrize("form", ["{} --help", "{} -h", "--help {}", "help {}", "{} x -h"])
def test_the_help_of_the_other_guarded_commands(
    capsys: pytest.CaptureFixture[str], guard: Guard, name: str, form: str
) -> None:
    """Each has its own: what it does, the options that it takes, and those that it refuses."""
    code = main(form.format(name).split(), guard.environ)

    shown = capsys.readouterr()
    assert (code, shown.err) == (0, "")
    assert shown.out == command_help(name)
    assert shown.out.startswith(f"Usage: safe-pip {name} [options] REQUIREMENT...\n")
    taken, refused = shown.out.split("\nRefused by name in this version:\n")
    command = COMMANDS[name]
    for option in (*command.pip_options(), *command.own):
        if option.hidden:
            continue
        if option.refused and option.action != "feature":
            assert any(flag in re.split(r"[,\s]+", refused) for flag in option.flags)
        else:
            flags = f"{', '.join(option.flags)} {option.metavar}".rstrip()
            assert re.search(rf"^  {re.escape(flags)}(  |$)", taken, re.MULTILINE), flags
    assert "--upgrade" not in shown.out
    assert all(len(line) <= 100 and line == line.rstrip() for line in shown.out.splitlines())


@pytest.mark.parametrize("words", [["advisories", "--help"], ["advisories", "sync", "-h"], ["help", "advisories"]])
def test_the_help_of_advisories(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """Both of its commands and every option."""
    code, out, err = said(capsys, *words)

    assert (code, err) == (0, "")
    for part in ("sync", "status", "--advisories", "--rebuild", "--timeout", "--format", "--quiet"):
        assert part in out


def test_the_help_of_a_command_of_pip_is_pips(guard: Guard, venv: Venv) -> None:
    """`safe-pip help list` is about list."""
    asked, direct = guard("help", "list", target=venv), guard("list", "--help", target=venv)

    assert (asked.code, asked.out) == (direct.code, direct.out) == (0, direct.out)
    assert "--outdated" in asked.out


# --------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (["instal", "x"], " Did you mean install?"),
        (["installl"], " Did you mean install?"),
        (["advisory", "sync"], " Did you mean advisories?"),
        (["lst"], " Did you mean list?"),
        (["uninstal", "-y", "x"], " Did you mean uninstall?"),
        (["wheels"], " Did you mean wheel?"),
        (["frobnicate"], ""),
        (["Install", "x"], " Did you mean install?"),
        (["-"], ""),
        ([""], ""),
        (["help", "frobnicate"], ""),
        (["requests"], ""),
    ],
)
def test_a_command_that_there_is_not(capsys: pytest.CaptureFixture[str], words: list[str], guess: str) -> None:
    """Never handed to pip: a command that nobody knows might bring something in."""
    code, out, err = said(capsys, *words)

    unknown = words[1] if words[0] == "help" else words[0]
    assert (code, out) == (2, "")
    assert err == f"Error: safe-pip knows no command {unknown!r}.{guess}\nNext: `safe-pip help` lists them.\n"


def test_a_command_is_shown_safely(capsys: pytest.CaptureFixture[str]) -> None:
    """It may come from a script that somebody else wrote."""
    code, _, err = said(capsys, "\x1b[2J\u202e\nApproved")

    assert code == 2
    assert err.isascii()
    assert all(char.isprintable() for char in err.replace("\n", ""))
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize("words", [["-v"], ["--offline"], ["--python", "x"], ["--format=json"], ["--allow", "install"]])
def test_options_without_a_command(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """A script that lost its command must not go on as if it had run one."""
    code, out, err = said(capsys, *words)

    assert (code, out) == (2, "")
    assert err == "Error: there is no command.\nNext: `safe-pip help` lists them.\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--pyth", "install", "list"],
        ["--time", "5", "install", "x"],
        ["--no-such", "list"],
        ["--isolated=1", "uninstall", "-y", "x"],
        ["-x", "install"],
        ["-rfile", "install"],
        ["--", "install", "x"],
        ["--no-such\x1b[2J\u202e", "list"],
    ],
)
def test_an_option_before_the_command_that_is_not_known_there(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """It may take the next word as its value, and another word would be the command: nothing is guessed, or run."""
    code, out, err = said(capsys, *words)

    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {words[0]!r} before the command is not an option that safe-pip knows there.\nNext: ")
    assert all(char.isprintable() for char in err.replace("\n", ""))


def test_every_general_switch_of_pip_is_known_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """What pip takes there is taken: a script that has it must not be refused."""
    done = subprocess.run([sys.executable, "-m", "pip", "--help"], capture_output=True, text=True, check=True)
    general = done.stdout.split("General Options:")[1]
    rows = re.findall(r"^  ((?:-\w, )?--[\w-]+)(?: +[A-Z]|$)", general, re.MULTILINE)
    flags = {flag for row in rows for flag in row.split(", ")} - {"--help", "-h", "--version", "-V"}

    assert {"--verbose", "-q", "--isolated", "--no-input"} <= flags
    for flag in sorted(flags):
        assert said(capsys, flag, "frobnicate")[2].startswith("Error: safe-pip knows no command 'frobnicate'."), flag
    for flags_of_ours in (["--offline"], ["--dry-run"], ["-vv"], ["-qv"]):
        assert said(capsys, *flags_of_ours, "frobnicate")[2].startswith(
            "Error: safe-pip knows no command 'frobnicate'."
        )


@pytest.mark.parametrize(
    ("words", "split"),
    [
        (["install", "x"], ([], "install", ["x"])),
        (["-v", "--isolated", "install", "-U"], (["-v", "--isolated"], "install", ["-U"])),
        (["--python", "install", "list"], (["--python", "install"], "list", [])),
        (["--python=install", "list"], (["--python=install"], "list", [])),
        (["--allow", "list", "install"], (["--allow", "list"], "install", [])),
        (["--format", "json", "install"], (["--format", "json"], "install", [])),
        (
            ["--proxy", "http://x", "--retries", "3", "download"],
            (["--proxy", "http://x", "--retries", "3"], "download", []),
        ),
        (["--dry-run", "--offline", "install"], (["--dry-run", "--offline"], "install", [])),
        (["install", "--python", "x", "list"], ([], "install", ["--python", "x", "list"])),
        (["--python"], (["--python"], None, [])),
        ([], ([], None, [])),
    ],
)
def test_where_the_command_stands(words: list[str], split: Any) -> None:
    """Options may stand before it; the value of one is not a command, though it may be called like one."""
    assert split_command(words) == split


def test_every_general_option_of_pip_with_a_value_is_known() -> None:
    """Else its value would be taken for the command, and the guard would look at the wrong words."""
    from safe_pip.cli import _OWN_VALUED, _VALUED
    from safe_pip.request.options import OWN_OPTIONS

    done = subprocess.run([sys.executable, "-m", "pip", "--help"], capture_output=True, text=True, check=True)
    general = done.stdout.split("General Options:")[1]
    valued = {
        flag
        for flags in re.findall(r"^  (-.*?<\w+>.*)$", general, re.MULTILINE)
        for flag in re.findall(r"(--[\w-]+) <", flags)
    }

    assert {"--python", "--proxy", "--log"} <= valued
    assert valued <= _VALUED
    assert {flag for option in OWN_OPTIONS if option.metavar for flag in option.flags} == _OWN_VALUED


def test_our_options_may_stand_before_install(guard: Guard, index: FakeIndex, venv: Venv) -> None:
    """The same on every command, before or after it; the design says so."""
    (guard.cwd / "files").mkdir()

    ran = guard(
        "--format",
        "json",
        "--dry-run",
        "--advisories",
        str(guard.advisories),
        "install",
        "-i",
        index.url,
        "nobody",
        target=venv,
    )

    assert (ran.code, ran.json["exit_code"], ran.json["dry_run"]) == (4, 4, True)


def test_every_error_is_one_of_ours_and_has_a_code() -> None:
    """One root, and a code for each kind that the reference explains; a plain Exception would be a defect."""
    from safe_pip import errors

    kinds = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, SafePipError)
    }

    assert kinds == {
        "SafePipError": 3,
        "UsageError": 2,
        "UnsupportedOption": 2,
        "TargetError": 2,
        "IncompleteError": 3,
        "OutOfTime": 3,
        "FetchError": 3,
        "AdvisoryError": 3,
        "ResolutionError": 4,
        "CommitError": 5,
        "DeliveryError": 5,
        "CommitInterrupted": 130,
    }


def test_what_errors_carry() -> None:
    """Data beside the words, for who handles them."""
    from safe_pip.errors import CommitError, FetchError, ResolutionError, UnsupportedOption
    from safe_pip.model import Plan, Unchecked

    gap = Unchecked("unreadable-page", None, None, "x")
    assert str(UnsupportedOption("--x", "it is new")) == "--x is not supported by safe-pip: it is new."
    assert UnsupportedOption("--x", "it is new", "a.txt, line 3").message.startswith("--x (from a.txt, line 3) is not")
    assert (UsageError("a").hint, str(UsageError("a", "b")), UsageError("a", "b").hint) == ("", "a", "b")
    fetched = FetchError("http://127.0.0.1/", "no answer", 503, "Wait.")
    assert (str(fetched), fetched.status, fetched.hint) == ("http://127.0.0.1/: no answer", 503, "Wait.")
    assert ResolutionError("a", plan=Plan(unchecked=(gap,))).unchecked == (gap,)
    assert (ResolutionError("a").unchecked, ResolutionError("a", details=["b"]).details) == ((), ("b",))
    assert CommitError("a", output="b").output == "b"
