"""Many lock files in one run: what they share is done and told once, and one that is broken spoils no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditing.conftest import Audit, found
from osv_server import OsvServer

UV = """version = 1
requires-python = ">=3.10"

[[package]]
name = "app"
version = "1.0"
source = {{ virtual = "." }}
dependencies = [{{ name = "weak" }}]

[package.optional-dependencies]
fast = [{{ name = "good" }}]

[[package]]
name = "good"
version = "{version}"
source = {{ registry = "https://index.example/simple" }}

[[package]]
name = "weak"
version = "1.0"
source = {{ registry = "https://index.example/simple" }}
"""
POETRY = """[[package]]
name = "hopeless"
version = "1.0"
groups = ["main"]
files = []

[[package]]
name = "good"
version = "7.0"
groups = ["docs"]
files = []

[metadata]
lock-version = "2.1"
"""


def lay(folder: Path, content: str, name: str = "uv.lock") -> None:
    """Write a lock file into a folder of its own."""
    folder.mkdir(parents=True)
    (folder / name).write_text(content)


@pytest.mark.parametrize(
    "broken",
    [
        lambda folder: lay(folder, "version = \n"),
        lambda folder: lay(folder, '[[package]]\nname = "weak"\nversion = 1\n'),
        lambda folder: lay(folder, "version = 99\n"),
        lambda folder: lay(folder, "[1]", "Pipfile.lock"),
        lambda folder: lay(folder, '[[package]]\nname = "a b"\n', "poetry.lock"),
        lambda folder: lay(folder, '[[packages]]\nname = "weak"\n', "pylock.toml"),
        lambda folder: (lay(folder, ""), (folder / "uv.lock").write_bytes(b"\xff")),
    ],
    ids=["toml", "entry", "version", "json", "poetry", "pylock", "utf-8"],
)
def test_a_broken_lock_among_many(audit: Audit, here: Path, broken: Callable[[Path], object]) -> None:
    """It is named with what to do, and makes the audit incomplete; the files before and after it are audited."""
    lay(here / "a", UV.format(version="1.0"))
    broken(here / "b")
    lay(here / "c", POETRY, "poetry.lock")

    ran = audit("--recursive", "--fail-on", "never")

    assert found(ran) == {"weak 1.0": ["PYSEC-2026-1"], "hopeless 1.0": ["PYSEC-2026-2"]}
    [gap] = ran.json["unchecked"]
    assert "b/" in gap["reason"]
    assert "Next: " in ran.err
    assert ran.code == 3


def test_an_extra_that_one_file_lacks(audit: Audit, here: Path) -> None:
    """In a tree it is taken where it is there; a file that is named alone has to have it."""
    lay(here / "a", UV.format(version="1.0"))
    lay(here / "b", POETRY, "poetry.lock")

    ran = audit("--recursive", "--extra", "fast", "--group", "docs")

    assert found(ran).keys() == {"weak 1.0", "good 1.0", "hopeless 1.0", "good 7.0"}
    assert audit("--lock", "b/poetry.lock", "--extra", "fast").code == 2


def test_a_version_is_looked_up_once(audit: Audit, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However many files name it; each place is told all the same."""
    for number in range(30):
        lay(here / f"{number:02}", UV.format(version=number % 2))
    with OsvServer() as server:
        words = ["--recursive", "--all-extras", "-s", "osv", "--osv-url", server.base]
        ran = audit(*words)
        asked = b"".join(asked.body for asked in server.asked)

    assert asked.count(b'"good"') == 2
    assert asked.count(b'"weak"') == 1
    places = {item["name"] + item["version"]: len(item["inputs"]) for item in ran.json["dependencies"]}
    assert places == {"weak1.0": 30, "good0": 15, "good1": 15}


def test_a_note_of_many_files_is_told_once(audit: Audit, here: Path) -> None:
    """A thousand lines that differ in a name would hide what was found. Programs are told of each file."""
    for number in range(4):
        lay(here / str(number), UV.format(version="1.0"))

    said = [line for line in audit("--recursive").err.splitlines() if line.startswith("Note: ")]
    two = audit("--lock", "0/uv.lock", "--lock", "3/uv.lock").err

    assert said == ["Note: 0/uv.lock: not audited: extra fast (--all-extras to add). The same goes for 3 other files."]
    assert "Note: 0/uv.lock: not audited: extra fast (--all-extras to add). The same goes for 3/uv.lock.\n" in two
    assert len(audit("--recursive", format="safe-pip-json").json["notes"]) == 4


def test_names_that_were_not_told_are_one_note(audit: Audit, here: Path) -> None:
    """Not one for each mixture of private names that some file has."""
    lay(here / "a", UV.format(version="1.0"))
    lay(here / "b", POETRY, "poetry.lock")
    with OsvServer() as server:
        ran = audit("--recursive", "-s", "osv", "--osv-url", server.base, "--private", "weak", "--private", "hope*")

    assert "was not asked about hopeless and weak\n" in ran.err
    assert ran.err.count("was not asked about") == 1
