"""What is written where: colours and progress on a terminal only, people's text on stderr, only data on stdout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import on_terminal
from conftest import Guard, Venv
from fakes import FakeIndex, wheel
from safe_pip.cli.console import Screen, TerminalProgress, progress_for
from safe_pip.progress import Progress

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7]|38;[25];[0-9;]+)(?:;[0-9]+)*m")


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """Something weak, and something fine."""
    files = tmp_path / "files"
    for name in ("weak", "fine"):
        index.add(wheel(files, name, "1.0"))
    index.add(wheel(files, "weak", "1.1"))
    return index


@pytest.fixture
def on_screen(guard: Guard, world: FakeIndex, venv: Venv) -> Callable[..., tuple[int, str]]:
    """Runs safe-pip on a terminal, as a person would."""

    def run(*arguments: str, columns: int = 80, term: str = "xterm-256color", **environ: str) -> tuple[int, str]:
        assert guard.advisories is not None
        command = [sys.executable, "-m", "safe_pip", "install", "-i", world.url, "--advisories", str(guard.advisories)]
        surroundings = {**guard.environ, "VIRTUAL_ENV": str(venv.path), **environ}
        surroundings.pop("NO_COLOR", None) if "NO_COLOR" not in environ else None
        return on_terminal([*command, *arguments], surroundings, guard.cwd, columns=columns, term=term)

    return run


# --------------------------------------------------------------------------- colour


def test_a_terminal_gets_colours_and_progress(on_screen: Any) -> None:
    """What is wrong is red; while people wait they see what is going on, and nothing of it stays behind."""
    code, seen = on_screen("--dry-run", "weak==1.0")

    assert code == 1
    assert "\x1b[31m✗" in seen
    assert "Resolving" in seen
    last = seen.rpartition("\x1b[2K")[2]
    assert "Refused" in last
    assert not any(step in last for step in ("Resolving", "Fetching", "Checking"))


@pytest.mark.parametrize(
    ("arguments", "variables"), [([], {"NO_COLOR": "1"}), (["--no-color"], {}), ([], {"PIP_NO_COLOR": "1"})]
)
def test_a_terminal_without_colours(on_screen: Any, arguments: list[str], variables: dict[str, str]) -> None:
    """The variable of no-color.org, and pip's own switch: bold and dim may stay, colours go."""
    code, seen = on_screen("--dry-run", *arguments, "weak==1.0", **variables)

    assert code == 1
    assert COLOUR.search(seen) is None
    assert "✗ weak 1.0" in ANSI.sub("", seen)


def test_an_empty_no_color_means_nothing(on_screen: Any) -> None:
    """no-color.org: only where it is set and not empty."""
    assert COLOUR.search(on_screen("--dry-run", "weak==1.0", NO_COLOR="")[1])


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_dumb_terminal_gets_plain_text(on_screen: Any, term: str) -> None:
    """It would show escapes as they are."""
    code, seen = on_screen("--dry-run", "weak==1.0", term=term)

    assert code == 1
    assert "\x1b" not in seen
    assert "Refused: 1 finding stands against this install." in seen


@pytest.mark.parametrize(
    "arguments", [["--progress-bar", "off"], ["-q"], ["--progress-bar", "raw"], ["--progress-bar=off", "-v"]]
)
def test_progress_can_be_turned_off(on_screen: Any, arguments: list[str]) -> None:
    """By pip's own options."""
    assert "Resolving" not in on_screen("--dry-run", *arguments, "weak==1.0")[1]


def _prose(report: str) -> str:
    """A report up to the command at its end, whose words are those that were typed, and stay whole."""
    return report.split("\n  safe-pip ")[0]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_the_width_of_the_terminal_is_used(on_screen: Any, guard: Guard, columns: int) -> None:
    """Lines are broken at words, not by the terminal; and no wider than people like to read. Notes are no exception."""
    (guard.cwd / "safe-pip.toml").write_text('[vulnerabilities]\nunfixable = "allow"\n', "utf-8")

    _, seen = on_screen("--dry-run", "--progress-bar", "off", "weak==1.0", columns=columns)

    assert "Note: safe-pip.toml, line 2:" in " ".join(seen.split())
    widest = max(len(line) for line in _prose(ANSI.sub("", seen)).splitlines() if " " in line.strip())
    assert widest <= min(max(columns, 40), 100)
    assert widest > min(max(columns, 40), 100) * 0.6


# --------------------------------------------------------------------------- pipes and files


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}, {"COLUMNS": "60"}])
def test_a_pipe_gets_plain_text(guard: Guard, world: FakeIndex, venv: Venv, variables: dict[str, str]) -> None:
    """A log is not full of escapes, on neither of the two streams."""
    for word in ("weak==1.0", "fine"):
        ran = guard.install(word, target=venv, **variables)

        assert "\x1b" not in ran.out + ran.err
        assert "Resolving" not in ran.err
        assert max(map(len, ran.err.splitlines())) <= 100


def test_a_long_line_in_a_log_is_broken_at_a_hundred(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Wider than 80, for there is no window to fit, and no wider than people like to read."""
    guard.environ.pop("COLUMNS", None)

    ran = guard.install("--dry-run", "weak==1.0", target=venv)

    assert 80 < max(len(line) for line in ran.err.splitlines() if " " in line.strip()) <= 100


@pytest.mark.parametrize(("columns", "widest"), [("40", 40), ("10", 40), ("60", 60), ("80", 80), ("200", 100)])
def test_columns_decides_where_there_is_no_terminal(
    guard: Guard, world: FakeIndex, venv: Venv, columns: str, widest: int
) -> None:
    """The variable that other programs honour too."""
    ran = guard.install("--dry-run", "weak==1.0", target=venv, COLUMNS=columns)

    longest = max(len(line) for line in _prose(ran.err).splitlines() if " " in line.strip())
    assert widest * 0.6 < longest <= widest


def test_colour_and_width_change_no_word(guard: Guard, world: FakeIndex, venv: Venv, on_screen: Any) -> None:
    """The same report on a terminal, in a pipe, and in a file."""
    piped = guard.install("--dry-run", "weak==1.0", target=venv)
    _, seen = on_screen("--dry-run", "--progress-bar", "off", "weak==1.0")
    guard.install("--dry-run", "--output", "report.txt", "weak==1.0", target=venv)

    assert _prose(ANSI.sub("", seen)).split() == _prose(piped.err).split()
    written = (guard.cwd / "report.txt").read_text("utf-8")
    assert _prose(written).split() == _prose(piped.err).split()
    assert "\x1b" not in written


def test_the_file_of_a_text_report_has_no_escapes_on_a_terminal_either(on_screen: Any, guard: Guard) -> None:
    """--output on a terminal: the terminal has colours, the file has none."""
    on_screen("--dry-run", "--output", "report.txt", "weak==1.0")

    written = (guard.cwd / "report.txt").read_text("utf-8")
    assert "✗ weak 1.0" in written
    assert "\x1b" not in written


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stderr_that_knows_only_few_letters(guard: Guard, world: FakeIndex, venv: Venv, encoding: str) -> None:
    """Signs are drawn in ASCII, and nothing ends in an error."""
    ran = guard.install("--dry-run", "weak==1.0", target=venv, PYTHONIOENCODING=encoding)

    assert ran.code == 1
    assert ran.err.isascii()
    assert "  x weak 1.0  PYSEC-2026-1" in ran.err


@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
@pytest.mark.parametrize("arguments", [["--format", "json"], [], ["--no-such-option"]], ids=str)
def test_a_reader_that_has_gone(guard: Guard, world: FakeIndex, venv: Venv, stream: str, arguments: list[str]) -> None:
    """`safe-pip … | head`: no traceback, and no approval that nobody could read."""
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-m", "safe_pip", "install", "-i", world.url, "--dry-run", *arguments, "fine"]
    environ = {**guard.environ, "VIRTUAL_ENV": str(venv.path), "SAFE_PIP_ADVISORIES": str(guard.advisories)}
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    for name in ("stdout", "stderr") if stream == "both" else (stream,):
        streams[name] = theirs

    done = subprocess.run(
        command, env=environ, cwd=guard.cwd, stdin=subprocess.DEVNULL, timeout=120, check=False, text=True, **streams
    )
    os.close(theirs)

    said = (done.stdout or "") + (done.stderr or "")
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert done.returncode in (0, 2, 3)
    if arguments == ["--format", "json"] and stream != "stderr":
        assert done.returncode == 3


# --------------------------------------------------------------------------- progress


def test_silent_progress_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Every stage may call every hook, in any order, and nothing is written."""
    _call_everything(Progress())

    assert capfd.readouterr() == ("", "")


def test_where_there_is_no_terminal_progress_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a log nor a report in a pipe is to be full of it."""
    progress = progress_for(Screen({}), "on")

    assert type(progress) is Progress
    _call_everything(progress)
    assert capfd.readouterr() == ("", "")


def test_what_progress_shows() -> None:
    """The step, packages settled, files, bytes and speed, each as soon as there is something to tell."""
    progress = TerminalProgress(Screen({}))
    moment = [0.0]
    progress._live.console.get_time = lambda: moment[0]
    texts = []

    def look() -> None:
        texts.append(progress._draw().plain)

    try:
        progress.step("Resolving")
        look()
        progress.resolving(7)
        look()
        progress.step("Fetching")
        progress.downloading(3, 2_500_000)
        look()
        moment[0] = 2.0
        progress.received(1_000_000)
        progress.file_done()
        look()
        progress.downloading(2, None)
        progress.received(999)
        look()
    finally:
        progress.done()

    assert texts == [
        "Resolving  ",
        "Resolving  7 packages",
        "Fetching  0 of 3 files",
        "Fetching  1 of 3 files  1.0 MB of 2.5 MB  500.0 kB/s",
        "Fetching  0 of 2 files  999 B  500 B/s",
    ]


def _call_everything(progress: Progress) -> None:
    progress.done()
    progress.step("Resolving")
    progress.resolving(3)
    progress.downloading(2, None)
    progress.received(100)
    progress.file_done()
    progress.done()
