"""``safe-pip policy``: what holds, whether a file is in order, and exceptions written without touching the rest."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest

from conftest import Ran
from judge.building import HOSTILE
from safe_pip.cli import main
from safe_pip.cli.run import rewrite
from safe_pip.errors import UsageError
from safe_pip.policy.keys import KEYS

if sys.version_info >= (3, 11):
    import tomllib as toml
else:
    import tomli as toml

Policy = Callable[..., Ran]
TODAY = datetime.now(timezone.utc).date()
LATER = TODAY + timedelta(days=30)
OURS = """\
# What we have agreed on.
longest-exception = "60d"

[levels]
yanked = "block"       # since the outage
vulnerability = "note"
"""


@pytest.fixture
def policy(work: Path, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Policy:
    """Runs ``safe-pip policy`` in this process."""

    def run(*arguments: str, **more: str) -> Ran:
        code = main(["policy", *arguments], {**environ, "COLUMNS": "80", **more})
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


def _allowed(policy: Policy, *more: str, what: str = "PYSEC-2026-1") -> Ran:
    return policy("allow", what, "--package", "weak<2", "--until", "30d", "--reason", "the debugger is off", *more)


def _of_the_user(tmp_path: Path, text: str) -> None:
    place = tmp_path / "config" / "safe-pip"
    place.mkdir(parents=True, exist_ok=True)
    (place / "safe-pip.toml").write_text(text, "utf-8")


# --------------------------------------------------------------------------- show


def test_show_names_the_line_of_every_value(policy: Policy, work: Path) -> None:
    """Whoever wonders why something blocks finds the line; what a project tried to loosen is told as well."""
    (work / "safe-pip.toml").write_text(OURS, "utf-8")

    ran = policy("show")

    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^  yanked +block +safe-pip\.toml, line 5$", ran.out, re.MULTILINE)
    assert re.search(r"^  malware +block +built in$", ran.out, re.MULTILINE)
    assert re.search(r'^  vulnerability +block +built in\n +not "note", safe-pip\.toml, line 6$', ran.out, re.MULTILINE)
    assert re.search(r"^  quarantined +avoid / block +built in$", ran.out, re.MULTILINE)
    assert re.search(r'^longest-exception\n  "60d" +safe-pip\.toml, line 2$', ran.out, re.MULTILINE)
    assert "Without effect\n  safe-pip.toml, line 6: levels.vulnerability" in ran.out


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_show_on_a_narrow_terminal(policy: Policy, work: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Nothing runs over the edge, but for a word that is longer than a line."""
    (work / "safe-pip.toml").write_text(OURS + "[cooldown]\npackages = {'acme-*' = '7d', flask = '30d'}\n", "utf-8")
    monkeypatch.setenv("COLUMNS", str(columns))

    out = policy("show").out

    assert [line for line in out.splitlines() if len(line) > columns and len(line.split()) > 1] == []
    assert '  packages."acme-*"' in out


def test_show_as_json(policy: Policy, work: Path) -> None:
    """A program gets every value with its place, and what was overruled; nothing of a file reaches a terminal raw."""
    (work / "safe-pip.toml").write_text(
        f'{OURS}[packages]\ndenied = [{{name = "old", reason = "a\\u001b[2J"}}]\n', "utf-8"
    )

    told = policy("show", "--format", "json").json

    values = {item["key"]: item for item in told["values"]}
    assert told["schema"] == "safe-pip.policy/1"
    assert told["files"] == ["safe-pip.toml"]
    assert values["levels.yanked"] == {
        "key": "levels.yanked",
        "value": '"block"',
        "file": "safe-pip.toml",
        "line": 5,
        "overruled": [],
    }
    assert [item["line"] for item in values["levels.vulnerability"]["overruled"]] == [6]
    assert "\x1b" not in policy("show").out


def test_show_tells_each_value_once(policy: Policy, work: Path) -> None:
    """Also one that a project tried to loosen and that no file sets."""
    (work / "safe-pip.toml").write_text('[advisories]\nsources = ["own.zip"]\n', "utf-8")

    [sources] = [
        item for item in policy("show", "--format", "json").json["values"] if "sources" in item["key"].split(".")[1:]
    ]
    assert (sources["value"], [item["value"] for item in sources["overruled"]]) == ('["local"]', ['["own.zip"]'])


def test_show_without_a_file(policy: Policy) -> None:
    """The built-in policy is one as well."""
    assert policy("show").out.startswith("Policy: no file; everything is built in\n")


def test_show_a_profile(policy: Policy, work: Path) -> None:
    """What a profile changes is shown with its line; one that there is not is a mistake."""
    (work / "safe-pip.toml").write_text('[profiles.ci.levels]\nyanked = "block"\n', "utf-8")

    assert re.search(r"yanked +block +safe-pip\.toml, line 2", policy("show", "--profile", "ci").out)
    assert policy("show", "--profile", "cy").code == 2


# --------------------------------------------------------------------------- check and schema


def test_check_tells_all_mistakes_at_once(policy: Policy, work: Path) -> None:
    """One run tells everything that is wrong with every file, with line and column, and ends with 2."""
    (work / "a.toml").write_text('[levels]\nyankd = "block"\nyanked = "blok"\n', "utf-8")
    (work / "b.toml").write_text("[cooldwn]\n", "utf-8")
    (work / "c.toml").write_text("", "utf-8")

    ran = policy("check", "a.toml", "b.toml", "c.toml")

    assert ran.code == 2
    assert "a.toml, line 2, column 1" in ran.said
    assert "did you mean yanked?" in ran.said
    assert "a.toml, line 3" in ran.said
    assert "b.toml, line 1" in ran.said
    assert "2 of 3 files cannot be followed." in ran.said
    assert ran.out == "In order: c.toml\n"


def test_check_tells_of_exceptions_that_do_not_count(policy: Policy, work: Path) -> None:
    """A file may be in order and do nothing: exceptions that are over, or run too long, are told of."""
    over, far = TODAY - timedelta(days=1), TODAY + timedelta(days=400)
    (work / "p.toml").write_text(
        'longest-exception = "90d"\n'
        f'[[exceptions]]\nid = "PYSEC-2026-1"\nexpires = {over}\n'
        f'[[exceptions]]\nid = "PYSEC-2026-2"\nexpires = {far}\n'
        '[[exceptions]]\nid = "PYSEC-2026-3"\nuntil-fixed = true\n'
        f'[[exceptions]]\nid = "PYSEC-2026-4"\nexpires = {TODAY}\n',
        "utf-8",
    )

    ran = policy("check", "p.toml")

    assert (ran.code, ran.out) == (0, "In order: p.toml, 4 exceptions\n")
    assert f"PYSEC-2026-1 ended on {over}" in ran.said
    assert f"PYSEC-2026-2 runs until {far}" in ran.said
    assert "PYSEC-2026-3 has no last day" in ran.said
    assert "PYSEC-2026-4" not in ran.said


@pytest.mark.parametrize(
    ("exception", "said"),
    [
        ('code = "yanked"\nuntil-fixed = true', "yanked has no fix to wait for"),
    ],
)
def test_check_tells_of_exceptions_that_never_count(policy: Policy, work: Path, exception: str, said: str) -> None:
    """They are no mistake of writing, but whoever wrote one believes in it."""
    (work / "p.toml").write_text(f"[[exceptions]]\n{exception}\n", "utf-8")

    ran = policy("check", "p.toml")

    assert ran.code == 0
    assert f"covers nothing: {said}" in ran.said


def test_show_keeps_its_columns_beside_a_long_path(policy: Policy, work: Path) -> None:
    """One value from a file with a long name must not break the lines of all others."""
    name = "a-rather-long-folder/" * 2 + "p.toml"
    (work / name).parent.mkdir(parents=True)
    (work / name).write_text("[levels]\nyanked = 'block'\n", "utf-8")

    shown = policy("show", "--policy", name).out

    assert "\n  quarantined             avoid / block  built in\n" in shown
    assert f"\n  yanked                  block\n    {name}, line 2\n" in shown


def test_show_names_the_package_of_what_does_not_count(policy: Policy, work: Path) -> None:
    """An age alone says not of whom."""
    (work / "safe-pip.toml").write_text('[cooldown.packages]\n"acme-*" = "0h"\n', "utf-8")

    assert '    not {"acme-*" = "0h"}, safe-pip.toml, line 2\n' in policy("show").out


@pytest.mark.parametrize("option", ["--policy=", "--profile="])
def test_an_option_that_says_nothing(policy: Policy, work: Path, option: str) -> None:
    """It is what `--profile "$PROFILE"` comes to where nobody has set that; the variable itself may be empty."""
    (work / "safe-pip.toml").write_text("[profiles.ci.levels]\nyanked = 'block'\n", "utf-8")

    assert policy("show", option).code == 2
    assert policy("show", SAFE_PIP_PROFILE="", SAFE_PIP_POLICY="").code == 0


def test_the_schema_takes_what_the_reader_takes(policy: Policy) -> None:
    """An editor that follows the schema must not mark what is right: every example of every key."""
    schema = policy("schema").json
    validator = jsonschema.Draft202012Validator(schema)

    for key in KEYS:
        read = toml.loads(key.example)
        assert validator.is_valid(_plain(read)), key.name
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert not validator.is_valid({"levels": {"yankd": "block"}})


def _plain(value: object) -> object:
    """TOML as JSON has it: dates as texts."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


# --------------------------------------------------------------------------- allow


def test_allow_shows_the_lines_and_what_comes_next(policy: Policy, work: Path) -> None:
    """The file gets one exception and no other change; a project's own cannot waive, so a way is told."""
    (work / "safe-pip.toml").write_text(OURS, "utf-8")

    ran = _allowed(policy)

    assert ran.code == 0
    added = 'id = "PYSEC-2026-1"\npackage = "weak<2"\nreason = "the debugger is off"\n'
    assert (work / "safe-pip.toml").read_text("utf-8") == f"{OURS}\n[[exceptions]]\n{added}expires = {LATER}\n"
    assert '   8  [[exceptions]]\n   9  id = "PYSEC-2026-1"\n' in ran.err
    assert "a project's own file can waive nothing by itself" in ran.said
    assert "Next: name it: `safe-pip audit --policy safe-pip.toml`" in ran.said
    assert policy("check", "safe-pip.toml").out == "In order: safe-pip.toml, 1 exception\n"


def test_allow_where_the_user_lets_projects_waive(policy: Policy, work: Path, tmp_path: Path) -> None:
    """Where exceptions of projects count, nobody is sent elsewhere."""
    _of_the_user(tmp_path, 'may-relax = ["exceptions"]\n')

    ran = _allowed(policy)

    assert ran.code == 0
    assert (work / "safe-pip.toml").exists()
    assert "can waive nothing" not in ran.said
    assert ran.said.endswith("Next: `safe-pip policy show` tells what holds; commit safe-pip.toml with your project.")


def test_allow_writes_what_it_was_given(policy: Policy, work: Path) -> None:
    """Every option lands in the file, in the form that the reader has."""
    ran = policy(
        *("allow", "CVE-2026-1", "--package", "Weak_Thing", "--until-fixed", "--until", str(LATER)),
        *("--reason", "never called", "--sha256", "A" * 64, "--justification", "vulnerable_code_not_in_execute_path"),
        *("--file", "other.toml"),
    )

    assert ran.code == 0
    assert toml.loads((work / "other.toml").read_text("utf-8")) == {
        "exceptions": [
            {
                "id": "CVE-2026-1",
                "package": "weak-thing",
                "sha256": "a" * 64,
                "reason": "never called",
                "expires": LATER,
                "until-fixed": True,
                "justification": "vulnerable_code_not_in_execute_path",
            }
        ]
    }
    assert "is not among the policy files that hold here" in ran.said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("yankd", "--package", "x", "--until", "1d", "--reason", "y"), "Did you mean yanked?"),
        (("PYSEC-2026-1", "--until", "1d", "--reason", "y"), "--package is missing"),
        (("PYSEC-2026-1", "--package", "a b", "--until", "1d", "--reason", "y"), "--package: "),
        (("PYSEC-2026-1", "--package", "x<<1", "--until", "1d", "--reason", "y"), "not a specifier"),
        (("PYSEC-2026-1", "--package", "x", "--until", "1d"), "--reason is missing"),
        (("PYSEC-2026-1", "--package", "x", "--until", "1d", "--reason", " "), "--reason is missing"),
        (("PYSEC-2026-1", "--package", "x", "--reason", "y"), "--until is missing"),
        (("PYSEC-2026-1", "--package", "x", "--until", "2026-02-30", "--reason", "y"), "not a day"),
        (("PYSEC-2026-1", "--package", "x", "--until", "2020-01-01", "--reason", "y"), "that day is over"),
        (("PYSEC-2026-1", "--package", "x", "--until", "999999w", "--reason", "y"), "too far away"),
        (("PYSEC-2026-1", "--package", "x", "--until", "61d", "--reason", "y"), "run longer than 60 days"),
        (("PYSEC-2026-1", "--package", "x", "--until-fixed", "--reason", "y"), "has no last day"),
        (("yanked", "--package", "x", "--until-fixed", "--reason", "y"), "is for advisories"),
        (("malware", "--package", "x", "--until", "1d", "--reason", "y"), "its id is MAL-"),
        (("MAL-2026-1", "--package", "x*", "--until", "1d", "--reason", "y"), "for one package only"),
        (("exception-unused", "--package", "x", "--until", "1d", "--reason", "y"), "has no exceptions"),
        (("PYSEC-2026-1", "--package", "x", "--until", "1d", "--reason", "y", "--sha256", "12"), "64 hexadecimal"),
        (("PYSEC-2026-1", "--package", "x", "--until", "1d", "--reason", "y", "--justification", "z"), "OpenVEX"),
        ((), "takes one id or finding code"),
    ],
)
def test_allow_refuses_what_would_have_no_effect(
    policy: Policy, work: Path, arguments: tuple[str, ...], told: str
) -> None:
    """A slip is told at once, by option, and the file stays as it is; one that does nothing is worse than none."""
    (work / "safe-pip.toml").write_text(OURS, "utf-8")

    ran = policy("allow", *arguments)

    assert ran.code == 2
    assert told in ran.said
    assert (work / "safe-pip.toml").read_text("utf-8") == OURS


def test_allow_refuses_what_is_there_already(policy: Policy, work: Path) -> None:
    """Two exceptions for one thing are one too many: whoever reads the file would believe the wrong one."""
    _allowed(policy)
    before = (work / "safe-pip.toml").read_bytes()

    ran = policy("allow", "pysec-2026-1", "--package", "WEAK <2", "--until", "5d", "--reason", "again")

    assert ran.code == 2
    assert "safe-pip.toml, line 1: there is an exception for pysec-2026-1" in ran.said
    assert (work / "safe-pip.toml").read_bytes() == before
    assert policy("allow", "PYSEC-2026-1", "--package", "weak<3", "--until", "5d", "--reason", "more").code == 0


def test_allow_makes_no_second_policy(policy: Policy, work: Path) -> None:
    """Two in one folder stop every run: that is found before anything is written."""
    (work / "safe-pip.toml").write_text(OURS, "utf-8")
    pyproject = work / "pyproject.toml"
    pyproject.write_text("[project]\nname = 'x'\n", "utf-8")

    ran = _allowed(policy, "--file", "pyproject.toml")

    assert ran.code == 2
    assert "safe-pip.toml beside pyproject.toml is the policy already" in ran.said
    assert pyproject.read_text("utf-8") == "[project]\nname = 'x'\n"


@pytest.mark.parametrize("content", [b"[levels\n", b'[levels]\nyankd = "note"\n', b"\xff\xfe", b"a = 1\n"])
def test_allow_leaves_a_file_that_it_cannot_follow(policy: Policy, work: Path, content: bytes) -> None:
    """What cannot be read is not written to."""
    (work / "p.toml").write_bytes(content)

    ran = _allowed(policy, "--file", "p.toml")

    assert ran.code == 2
    assert "p.toml" in ran.said
    assert (work / "p.toml").read_bytes() == content


def test_allow_keeps_mode_link_and_mark(policy: Policy, work: Path) -> None:
    """The file is replaced whole, and is the same file to everybody: its mode, a link to it, its byte order mark."""
    (work / "team").mkdir()
    real = work / "team" / "policy.toml"
    real.write_bytes(b"\xef\xbb\xbf# ours\r\n")
    real.chmod(0o640)
    (work / "safe-pip.toml").symlink_to(real)

    assert _allowed(policy).code == 0

    assert (work / "safe-pip.toml").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    content = real.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf# ours\r\n\r\n[[exceptions]]\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert os.listdir(work / "team") == ["policy.toml"]


def test_a_file_that_changed_meanwhile_is_left(work: Path) -> None:
    """What an editor has just saved is not lost to what was read a moment before."""
    place = work / "p.toml"
    place.write_bytes(b"saved meanwhile")

    with pytest.raises(UsageError, match="has changed in the meantime"):
        rewrite(place, b"read before", b"written")

    assert place.read_bytes() == b"saved meanwhile"
    assert sorted(os.listdir(work)) == [".git", "p.toml"]


def test_allow_follows_no_link_out_of_the_project(policy: Policy, work: Path, tmp_path: Path) -> None:
    """A cloned project must not have its user write into a file that is trusted; who names that file may."""
    _of_the_user(tmp_path, "# mine\n")
    mine = tmp_path / "config" / "safe-pip" / "safe-pip.toml"
    (work / "safe-pip.toml").symlink_to(mine)

    ran = _allowed(policy)

    assert ran.code == 2
    assert "a link that leads out of the project" in ran.said
    assert mine.read_text("utf-8") == "# mine\n"
    (work / "safe-pip.toml").unlink()
    assert _allowed(policy, "--file", str(mine)).code == 0
    assert "PYSEC-2026-1" in mine.read_text("utf-8")


def test_allow_in_a_pyproject(policy: Policy, work: Path) -> None:
    """The project's policy may be a table of its pyproject.toml; the exception goes below that table."""
    before = "[project]\nname = 'x'\n\n[tool.safe-pip]\n\n[tool.ruff]\n"
    (work / "pyproject.toml").write_text(before, "utf-8")

    assert _allowed(policy).code == 0

    read = toml.loads((work / "pyproject.toml").read_text("utf-8"))
    assert read["tool"]["safe-pip"]["exceptions"][0]["id"] == "PYSEC-2026-1"
    assert (work / "pyproject.toml").read_text("utf-8").endswith("\n\n[tool.ruff]\n")
    assert not (work / "safe-pip.toml").exists()


def test_allow_shows_no_control_characters(policy: Policy, work: Path) -> None:
    """What is written may be anything; what is shown is safe."""
    ran = policy(
        "allow", "PYSEC-2026-1", "--package", "weak", "--until", "1d", "--reason", HOSTILE.replace("\ud800", "")
    )

    assert ran.code == 0
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ran.err)


# --------------------------------------------------------------------------- the command itself


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "is not a whole command"),
        (("shw",), "`safe-pip policy shw` is not a command"),
        (("show", "x"), "takes no 'x'"),
        (("show", "--force"), "--force is not for `safe-pip policy show`"),
        (("check", "--until", "x"), "--until is not for"),
        (("show", "--format", "sarif"), "invalid choice"),
        (("show", "--colour"), "No such option"),
    ],
)
def test_a_command_line_that_makes_no_sense(policy: Policy, arguments: tuple[str, ...], told: str) -> None:
    """No option is ignored in silence."""
    ran = policy(*arguments)

    assert ran.code == 2
    assert told in ran.said


def test_help(policy: Policy) -> None:
    """The help names every command, and every option."""
    told = policy("--help").out

    for word in ("show", "check", "schema", "init", "allow", "--until-fixed", "--justification", "--pyproject"):
        assert word in told
