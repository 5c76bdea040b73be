"""``--explain CODE``: what a finding code means, from the findings reference, in the terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, Ran
from safe_pip.cli import main
from safe_pip.codes import CODES
from safe_pip.model import Level
from safe_pip.report.explained_code import as_text
from safe_pip.report.plain import Style
from safe_pip.report.reference import sections
from safe_pip.settings.waivers import WAIVABLE_UNCHECKED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Run = Callable[..., Ran]
_PAGE = ROOT / "docs" / "reference" / "findings.md"


@pytest.fixture
def run(environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs safe-pip in this process, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")

    def ask(*arguments: str, **more: str) -> Ran:
        code = main(list(arguments), environ | more)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return ask


@pytest.mark.parametrize(
    "arguments",
    [
        ("install", "--explain", "yanked", "flask", "--no-such-option"),
        ("download", "--explain=yanked"),
        ("wheel", "--explain", "Yanked"),
        ("audit", "--explain", "yanked", "-r", "nowhere.txt"),
        ("--explain", "yanked", "install"),
        ("explain", "yanked"),
    ],
)
def test_every_command_explains_a_code(run: Run, arguments: tuple[str, ...]) -> None:
    """The same text wherever it is asked for, and nothing else is done: a file that is not there does not matter."""
    ran = run(*arguments)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == run("explain", "yanked").out
    assert ran.out.startswith("yanked\n\nLevel: warn for installs, allow in audits.\n\n")
    assert '    [levels]\n    yanked = "block"\n' in ran.out
    assert "*" not in ran.out
    assert "```" not in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("command", ["install", "audit"])
def test_an_unknown_code(run: Run, command: str) -> None:
    """A slip of the keys is a usage error that says what was meant, and shows nothing as if it were an answer."""
    ran = run(command, "--explain", "yankd\x1b[2J")

    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean yanked?" in ran.said
    assert "\x1b" not in ran.err
    assert "The codes are:" in run(command, "--explain", "qqqqqqqq").said


def test_as_json(run: Run, tmp_path: Path) -> None:
    """A program gets the levels and the Markdown; a file gets the text."""
    told = run("explain", "too-new", "--format", "json").json

    assert told["schema"] == "safe-pip.explain-code/1"
    assert told["levels"] == {"install": "avoid", "audit": "allow"}
    assert told["text"].startswith("*Level: avoid")
    place = tmp_path / "told.txt"
    assert run("explain", "too-new", "--output", str(place)).out == ""
    assert place.read_text("utf-8").startswith("too-new\n")


def test_a_terminal_without_unicode() -> None:
    """On a terminal that knows ASCII only, arrows and marks are written with it, and nothing fails."""
    told = as_text("vulnerability", Style(80, unicode=False))

    assert "  x weak 1.0" in told
    assert "app -> weak" in told
    assert told.isascii()


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_page_says_what_the_table_says(code: str) -> None:
    """A level in the reference that is not the built-in one would mislead whoever writes a policy."""
    entry = CODES[code]
    levels = entry.install.word
    if entry.install != entry.audit:
        levels = f"{entry.install.word} for installs, {entry.audit.word} in audits"

    assert sections()[code].startswith(f"*Level: {levels}.*\n\n")


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_section_is_whole_and_short(run: Run, code: str) -> None:
    """What it means, an example, why it matters, what to do and how to change it, on one screen of 80 columns."""
    text = sections()[code]
    shown = run("explain", code).out.splitlines()

    assert "```text\n" in text
    assert "**Why it matters.**" in text
    assert "**What to do.**" in text
    assert len(shown) <= 34
    assert all(len(line) <= 80 for line in shown)


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_example_of_a_policy_is_one(code: str) -> None:
    """What is shown can be copied: it is TOML, with tables and levels that there are."""
    found = re.search(r"```toml\n(.*?)```", sections()[code], re.DOTALL)
    assert found is not None
    read = tomllib.loads(found[1])

    for name, level in read.get("levels", {}).items():
        assert name in CODES
        given = set(level.values()) if isinstance(level, dict) else {level}
        assert given <= {item.word for item in Level}


@pytest.mark.parametrize("code", sorted(set(sections()) - set(CODES)))
def test_what_could_not_be_checked_is_explained(run: Run, code: str) -> None:
    """These codes stand in reports as well; each says whether a waiver helps."""
    ran = run("install", "--explain", code)

    assert ran.code == 0
    if code not in re.findall(r"^\| `([a-z-]+)` \|", _PAGE.read_text("utf-8"), re.MULTILINE):
        assert ("It can be waived" in " ".join(ran.out.split())) == (code in WAIVABLE_UNCHECKED)


def test_the_page_is_in_the_wheel() -> None:
    """Whoever installs safe-pip has no docs folder: the build must put the page where it is looked for."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert built["force-include"] == {"docs/reference/findings.md": "safe_pip/findings.md"}
