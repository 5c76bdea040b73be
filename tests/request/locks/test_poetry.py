"""poetry.lock: groups, extras and markers of 2.1, and the graph of the versions before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from request.locking import WINDOWS, by_name, options, pins, read, refusal, target

TAIL = '\n[metadata]\nlock-version = "{}"\npython-versions = ">=3.10"\ncontent-hash = "00"\n'


def package(name: str, version: str = "1.0", body: str = "", *, optional: bool = False) -> str:
    """One entry."""
    return (
        f'\n[[package]]\nname = "{name}"\nversion = "{version}"\ndescription = ""\noptional = {str(optional).lower()}\n'
        f'python-versions = ">=3.8"\n{body}\n'
    )


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Where a lock is written to."""
    return tmp_path / "poetry.lock"


def test_a_package_says_its_groups_and_markers(lock: Path) -> None:
    """Since 2.1 each entry says when it is wanted: in which groups, with one marker or one for each of them."""
    lock.write_text(
        package("a", body='groups = ["main", "dev"]\n')
        + package("b", body='groups = ["main"]\nmarkers = "sys_platform == \\"win32\\""\n')
        + package("c", body='groups = ["dev"]\n')
        + package("d", body='groups = ["main", "dev"]\nmarkers = {main = "sys_platform == \\"win32\\""}\n')
        + package("e", body='groups = ["main"]\nmarkers = "extra == \\"web\\" or extra == \\"all\\""\n', optional=True)
        + package(
            "f", body='groups = ["main"]\nmarkers = "extra == \\"web\\" and os_name == \\"nt\\""\n', optional=True
        )
        + '\n[extras]\nall = ["e"]\nweb = ["e", "f"]\n'
        + TAIL.format("2.1")
    )

    assert pins(read(lock)) == ["a==1.0"]
    assert pins(read(lock, options(on=WINDOWS))) == ["a==1.0", "b==1.0", "d==1.0"]
    assert pins(read(lock, options(groups="dev"))) == ["a==1.0", "c==1.0", "d==1.0"]
    assert pins(read(lock, options(extras="web"))) == ["a==1.0", "e==1.0"]
    assert pins(read(lock, options(all_extras=True, on=WINDOWS))) == ["a==1.0", "b==1.0", "d==1.0", "e==1.0", "f==1.0"]
    assert pins(read(lock, options(universal=True))) == [f"{name}==1.0" for name in "abcdef"]
    assert read(lock).notes == (
        "poetry.lock: not audited: extras all, web and group dev (--all-extras and --all-groups to add).",
    )
    assert "no group docs" in refusal(lock, options(groups="docs"))


def test_the_project_tells_what_is_direct(lock: Path) -> None:
    """What a person asked for is a matter of pyproject.toml, in Poetry's own table or in [project]."""
    lock.write_text(
        package("a", body='groups = ["main"]\n\n[package.dependencies]\nb = {version = ">=1", extras = ["x"]}\n')
        + package("b", body='groups = ["main"]\n\n[package.dependencies]\nc = "*"\n')
        + package("c", body='groups = ["main"]\n')
        + TAIL.format("2.1")
    )
    assert [item.name for item in read(lock).dependencies if item.direct] == ["a"]

    (lock.parent / "pyproject.toml").write_text('[project]\nname = "app"\ndependencies = ["A>=1", "c"]\n')
    found = by_name(read(lock))
    assert [name for name, item in found.items() if item.direct] == ["a", "c"]
    assert (found["b"].chain, found["c"].chain) == (("a", "b"), ("c",))

    (lock.parent / "pyproject.toml").write_text('[tool.poetry.dependencies]\npython = "^3.10"\nb = "^1.0"\n')
    assert [item.name for item in read(lock).dependencies if item.direct] == ["b"]

    (lock.parent / "pyproject.toml").write_text("[broken")
    assert "pyproject.toml beside poetry.lock cannot be read" in read(lock).notes[0]
    assert pins(read(lock)) == ["a==1.0", "b==1.0", "c==1.0"]


OLD = (
    package(
        "a",
        body="\n[package.dependencies]\nb = [\n"
        '    {version = "<2", markers = "python_version < \'3.11\'"},\n'
        '    {version = ">=2", markers = "python_version >= \'3.11\'"},\n]\n',
    )
    + package("b", "1.0")
    + package("b", "2.0")
    + package("d", body='\n[package.dependencies]\nw = {version = "*", markers = "os_name == \'nt\'"}\n')
    + package("w")
    + package("o", optional=True)
    + '\n[extras]\nopt = ["o"]\n'
    + TAIL.format("2.0")
)
PROJECT = """
[tool.poetry.dependencies]
python = "^3.10"
a = "^1.0"
o = {version = "*", optional = true}

[tool.poetry.group.dev.dependencies]
d = "*"

[tool.poetry.extras]
opt = ["o"]
"""


def test_before_groups_were_written_the_project_tells_them(lock: Path) -> None:
    """A lock of Poetry 1.5 to 1.8 has no groups in it: the way from pyproject.toml decides."""
    lock.write_text(OLD)
    (lock.parent / "pyproject.toml").write_text(PROJECT)

    assert pins(read(lock)) == ["a==1.0", "b==2.0"]
    assert pins(read(lock, options(on=target("3.10.1")))) == ["a==1.0", "b==1.0"]
    assert pins(read(lock, options(groups="dev", on=WINDOWS))) == ["a==1.0", "b==2.0", "d==1.0", "w==1.0"]
    assert pins(read(lock, options(extras="opt"))) == ["a==1.0", "b==2.0", "o==1.0"]
    assert len(pins(read(lock, options(universal=True)))) == 6


def test_a_version_too_long_to_be_one(lock: Path) -> None:
    """A constraint that nobody can read keeps all versions, also where packaging notices late."""
    lock.write_text(OLD.replace('">=2"', f'">=2,<{"9" * 5_000}"'))
    (lock.parent / "pyproject.toml").write_text(PROJECT)

    assert pins(read(lock)) == ["a==1.0", "b==1.0", "b==2.0"]


def test_without_a_project_all_groups_are_audited_and_said_to_be(lock: Path) -> None:
    """What cannot be told apart is audited, not left out."""
    lock.write_text(OLD)

    found = read(lock)

    assert pins(found) == ["a==1.0", "b==1.0", "b==2.0", "d==1.0", "w==1.0"]
    (note,) = [note for note in found.notes if "all that is locked" in note]
    assert note == "poetry.lock and the files beside it do not say what is asked for; all that is locked is audited."
    assert pins(read(lock, options(extras="opt"))) == ["a==1.0", "b==1.0", "b==2.0", "d==1.0", "o==1.0", "w==1.0"]


def test_the_first_format_has_categories_and_hashes_apart(lock: Path) -> None:
    """Poetry 1.0 to 1.4: main and dev, and the digests in a table of their own at the end."""
    lock.write_text(
        package("a", body='category = "main"\n')
        + package("d", body='category = "dev"\n')
        + TAIL.format("1.1")
        + f'\n[metadata.files]\na = [\n    {{file = "a.whl", hash = "sha256:{"ab" * 32}"}},\n]\nd = []\n'
    )

    assert pins(read(lock)) == ["a==1.0"]
    assert by_name(read(lock))["a"].hashes == {("sha256", "ab" * 32)}
    assert pins(read(lock, options(groups="dev"))) == ["a==1.0", "d==1.0"]


def test_sources_other_than_an_index_are_skipped(lock: Path) -> None:
    """Each kind of source that Poetry writes has its reason; a private index is told without its password."""
    body = 'groups = ["main"]\n\n[package.source]\ntype = "{}"\nurl = "{}"\nreference = "x"\n'
    lock.write_text(
        package("g", body=body.format("git", "https://h.example/g.git"))
        + package("u", body=body.format("url", "https://h.example/u.zip"))
        + package("f", body=body.format("file", "u.whl"))
        + package("d", body=body.format("directory", "../d"))
        + package("e", body="develop = true\n" + body.format("directory", "../e"))
        + package("p", body=body.format("legacy", "https://me:secret@private.example/simple"))
        + TAIL.format("2.1")
    )

    found = read(lock)

    assert [(item.name, item.code) for item in found.skipped] == [
        ("g", "vcs"),
        ("u", "direct-url"),
        ("f", "local"),
        ("d", "local"),
        ("e", "editable"),
    ]
    assert by_name(found)["p"].index == "https://private.example/simple"
    assert "secret" not in repr(found)


def test_a_version_to_come_is_refused(lock: Path) -> None:
    """A format that is not known is not guessed at."""
    lock.write_text(package("a") + TAIL.format("3.0"))

    assert "is of version '3.0', and safe-pip reads versions 1 and 2. | Export it" in refusal(lock)


def test_what_the_project_asks_for_and_nobody_locked_is_told(lock: Path) -> None:
    """A lock file that is older than its project says nothing of what is new in that."""
    (lock.parent / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["a", "new", "w; os_name == \'nt\'"]\n'
    )
    lock.write_text(package("a", body='groups = ["main"]\n') + TAIL.format("2.1"))

    found = read(lock)

    assert pins(found) == ["a==1.0"]
    assert [note for note in found.notes if "no entry" in note] == [
        f"{found.input.name} has no entry for new, which the project asks for; lock it anew."
    ]
