"""pdm.lock and Pipfile.lock: groups, markers, entries for extras, categories and sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from request.locking import WINDOWS, by_name, options, pins, read, refusal

DIGEST = "ab" * 32


def pdm(*packages: str, groups: str = '["default", "dev", "web"]', version: str = "4.5.1") -> str:
    """A pdm.lock."""
    head = f'[metadata]\ngroups = {groups}\nstrategy = ["inherit_metadata"]\nlock_version = "{version}"\n'
    return head + "".join(f"\n[[package]]\n{body}" for body in packages)


def entry(name: str, groups: str | None = '"default"', version: str = "1.0", more: str = "") -> str:
    """One entry of it."""
    said = "" if groups is None else f"groups = [{groups}]\n"
    return f'name = "{name}"\nversion = "{version}"\nsummary = ""\n{said}{more}'


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Where a pdm.lock is written to."""
    return tmp_path / "pdm.lock"


def test_pdm_says_groups_and_markers(lock: Path) -> None:
    """A package of another group, or whose marker does not hold, is not what the target gets."""
    lock.write_text(
        pdm(
            entry("a", more="dependencies = [\n    \"b>=1; os_name == 'nt'\",\n]\n"),
            entry("b", more='marker = "os_name == \\"nt\\""\n'),
            entry("d", '"dev"'),
            entry("e", '"web", "default"', more='extras = ["x"]\ndependencies = [\n    "e==1.0",\n    "f",\n]\n'),
            entry("e", '"web", "default"', more=f'files = [\n    {{file = "e.whl", hash = "sha256:{DIGEST}"}},\n]\n'),
            entry("f", '"web", "default"'),
        )
    )

    assert pins(read(lock)) == ["a==1.0", "e==1.0", "f==1.0"]
    assert pins(read(lock, options(on=WINDOWS))) == ["a==1.0", "b==1.0", "e==1.0", "f==1.0"]
    assert pins(read(lock, options(groups="dev"))) == ["a==1.0", "d==1.0", "e==1.0", "f==1.0"]
    found = by_name(read(lock, options(on=WINDOWS)))
    assert found["b"].chain == ("a", "b")
    assert found["f"].chain == ("e", "f")
    assert found["e"].hashes == {("sha256", DIGEST)}
    assert "dev, web" in refusal(lock, options(groups="nope"))


def test_pdm_extras_are_known_by_the_project(lock: Path) -> None:
    """PDM writes extras and groups in one list; --all-extras takes those that the project has as extras."""
    lock.write_text(pdm(entry("a"), entry("d", '"dev"'), entry("w", '"web"')))
    (lock.parent / "pyproject.toml").write_text(
        '[project]\nname = "app"\ndependencies = ["a"]\n[project.optional-dependencies]\nweb = ["w"]\n'
        '[dependency-groups]\ndev = ["d", {include-group = "more"}]\nmore = []\n'
    )

    assert pins(read(lock, options(all_extras=True))) == ["a==1.0", "w==1.0"]
    assert pins(read(lock, options(all_groups=True))) == ["a==1.0", "d==1.0"]


def test_pdm_without_groups_is_walked_from_the_project(lock: Path) -> None:
    """Without the strategy inherit_metadata no entry says its groups."""
    lock.write_text(
        pdm(
            entry("a", None, more="dependencies = [\n    \"b[x]; os_name == 'nt'\",\n]\n"),
            entry("b", None),
            entry("b", None, more='extras = ["x"]\ndependencies = [\n    "c",\n]\n'),
            entry("c", None),
            entry("d", None),
        )
    )
    found = read(lock, options(on=WINDOWS))
    assert pins(found) == ["a==1.0", "b==1.0", "c==1.0", "d==1.0"]
    assert "all that is locked is audited" in found.notes[0]

    (lock.parent / "pyproject.toml").write_text(
        '[project]\nname = "app"\ndependencies = ["a"]\n[tool.pdm.dev-dependencies]\ndev = ["d", "-e file:///x"]\n'
    )
    assert pins(read(lock)) == ["a==1.0"]
    assert pins(read(lock, options(on=WINDOWS))) == ["a==1.0", "b==1.0", "c==1.0"]
    assert pins(read(lock, options(groups="dev"))) == ["a==1.0", "d==1.0"]


def test_pdm_sources_and_versions(lock: Path) -> None:
    """Sources that are no index have their reason, and a version that is not known is refused."""
    lock.write_text(
        pdm(
            entry("g", more='git = "https://h.example/g"\nrevision = "abc"\n'),
            entry("u", more='url = "https://h.example/u.zip"\n'),
            entry("p", more='path = "./p"\n'),
            entry("e", more='path = "./e"\neditable = true\n'),
        )
    )
    assert [item.code for item in read(lock).skipped] == ["vcs", "direct-url", "local", "editable"]

    lock.write_text(pdm(version="9.0"))
    assert "is of version '9.0', and safe-pip reads versions 3 and 4" in refusal(lock)


# --------------------------------------------------------------------------- Pipenv


@pytest.fixture
def pipfile(tmp_path: Path) -> Path:
    """Where a Pipfile.lock is written to."""
    return tmp_path / "Pipfile.lock"


def pipenv(default: dict[str, Any], **sections: dict[str, Any]) -> str:
    """A Pipfile.lock."""
    sources = [
        {"name": "one", "url": "https://one.example/simple", "verify_ssl": True},
        {"name": "two", "url": "https://me:secret@two.example/simple", "verify_ssl": True},
    ]
    meta = {"hash": {"sha256": "00"}, "pipfile-spec": 6, "requires": {}, "sources": sources}
    return json.dumps({"_meta": meta, "default": default, **sections}, indent=4)


def pin(version: str = "==1.0", **more: Any) -> dict[str, Any]:
    """A package of it."""
    return {"hashes": [f"sha256:{DIGEST}"], "version": version, **more}


def test_pipenv_categories_are_groups(pipfile: Path) -> None:
    """default is always installed; develop is the group dev, and others have their own names."""
    pipfile.write_text(
        pipenv(
            {"a": pin(), "B_b": pin(markers="os_name == 'nt'"), "old": pin(sys_platform="== 'win32'")},
            develop={"d": pin(), "a": pin("==2.0"), "in": pin(markers="'dev' in dependency_groups")},
            docs={"s": pin()},
        )
    )

    assert pins(read(pipfile)) == ["a==1.0"]
    assert read(pipfile).notes == ("Pipfile.lock: not audited: groups dev, docs (--all-groups to add).",)
    assert pins(read(pipfile, options(on=WINDOWS))) == ["a==1.0", "b-b==1.0", "old==1.0"]
    assert pins(read(pipfile, options(groups="docs"))) == ["a==1.0", "s==1.0"]
    for word in ("dev", "develop"):
        found = read(pipfile, options(groups=word))
        assert pins(found) == ["a==1.0", "a==2.0", "d==1.0", "in==1.0"]
        assert any("1.0, 2.0 of a" in note for note in found.notes)
    assert len(pins(read(pipfile, options(universal=True)))) == 7
    assert "has no extra x" in refusal(pipfile, options(extras="x"))


def test_pipenv_tells_direct_packages_and_indexes(pipfile: Path) -> None:
    """The Pipfile beside it says what is direct; without one, pipenv's own mark does."""
    pipfile.write_text(pipenv({"a": pin(index="two"), "b": pin(), "c": pin()}))
    found = by_name(read(pipfile))
    assert [name for name, item in found.items() if item.direct] == ["a"]
    assert (found["a"].index, found["b"].index) == ("https://two.example/simple", None)
    assert "secret" not in repr(found)

    (pipfile.parent / "Pipfile").write_text('[packages]\nb = "*"\n[dev-packages]\nC = {version = "*"}\n')
    assert [item.name for item in read(pipfile).dependencies if item.direct] == ["b", "c"]


def test_pipenv_sources_are_skipped(pipfile: Path) -> None:
    """Each kind has its reason, and what is not pinned is not clean."""
    pipfile.write_text(
        pipenv(
            {
                "g": {"git": "https://h.example/g", "ref": "abc"},
                "e": {"editable": True, "path": "."},
                "p": {"path": "./p"},
                "f": {"file": "https://h.example/f.zip"},
                "n": pin("*"),
            }
        )
    )

    assert [item.code for item in read(pipfile).skipped] == ["vcs", "editable", "local", "direct-url", "unparsable"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a Pipfile.lock: it has no _meta"),
        ('{"_meta": {"pipfile-spec": 7}}', "is of version '7'"),
        ('{"_meta": {}, "default": {"a": 1}}', "the entry of 'a' cannot be read: it is no object"),
        ('{"_meta": {},\n"default": {"a": {"version": 1}}}', "line 2: the entry of 'a' cannot be read: its version is"),
        ('{"_meta": {}, "default": {"a": {}, "a": {}}}', "the key 'a' is there twice in one object"),
        ('{"_meta": {}, "default": []}', "its default is no table"),
    ],
)
def test_a_pipfile_lock_that_cannot_be_read(pipfile: Path, text: str, said: str) -> None:
    """The message names what is wrong, and the package."""
    pipfile.write_text(text)

    assert said in refusal(pipfile)


def test_braces_in_texts_do_not_move_the_lines(pipfile: Path) -> None:
    """Lines are found beside the parser, which must not take a brace inside a text for an object."""
    text = pipenv({"a": pin(note='{ \\" {'), "b": pin()})
    pipfile.write_text(text)

    for item in read(pipfile).dependencies:
        assert item.line is not None
        assert text.splitlines()[item.line - 1].strip() == f'"{item.name}": {{'
