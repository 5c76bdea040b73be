"""Which files may be chosen, and why others may not; that the choice is pip's is proved in ``tests/parity``."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from conftest import Guard, Venv
from fakes import Answer, FakeIndex, sdist, sha256, wheel
from resolve.conftest import Look
from safe_pip.model import FormatControl, ReleaseControl, Selection
from safe_pip.resolve.usable import Versions

LIB = canonicalize_name("lib")


def _named(folder: Path, filename: str) -> Path:
    """A file of that name; what is in it does not matter here."""
    folder.mkdir(exist_ok=True)
    path = folder / filename
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("filename", "code"),
    [
        ("lib-1.0-cp27-cp27m-win32.whl", "tags"),
        ("lib-1.0-py3-none.whl", "tags"),
        ("lib-1.x-py3-none-any.whl", "filename"),
        ("lib-1.0-x-py3-none-any.whl", "filename"),
        ("lib-2004d.tar.gz", "version"),
        ("lib-1.0-py2.7.tar.gz", "python"),
    ],
)
def test_says_why_a_file_does_not_fit(filename: str, code: str, look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """A person who finds no version wants to know what was wrong with those that are listed."""
    index.add(_named(tmp_path, filename), project="lib", hashes={}, sidecar=b"")

    found = look().found(LIB)

    assert [item.code for item in found.skipped] == [code]
    assert found.usable == ()


@pytest.mark.parametrize(
    "filename",
    [
        "other-1.0-py3-none-any.whl",
        "other-1.0.tar.gz",
        "lib-1.0.exe",
        "lib-1.0.tar.gz.asc",
        "lib-1.0.TAR.GZ",
        "lib.zip",
    ],
)
def test_passes_over_what_is_no_file_of_the_project(
    filename: str, look: Look, index: FakeIndex, tmp_path: Path
) -> None:
    """Signatures, installers and strangers on a page are no news: a hundred of them would bury the reason."""
    index.add(_named(tmp_path, filename), project="lib", hashes={}, sidecar=b"")

    found = look().found(LIB)

    assert found.usable == found.skipped == ()


def test_tells_what_options_rule_out(look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """``--only-binary`` and ``--no-binary`` hide files; the version they hide is told."""
    index.add(wheel(tmp_path, "lib", "1.0"))
    index.add(sdist(tmp_path, "lib", "2.0"))

    only_binary = look(Selection(formats=FormatControl(only_binary=frozenset({":all:"})))).found(LIB)
    no_binary = look(Selection(formats=FormatControl(no_binary=frozenset({"lib"})))).found(LIB)

    assert [(item.version, item.code) for item in only_binary.skipped] == [("2.0", "format")]
    assert [(item.version, item.code) for item in no_binary.skipped] == [("1.0", "format")]


def test_python_of_an_archive_is_the_targets(look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """``-py3.9`` in the name of an archive is held against the target, not against the Python that runs safe-pip."""
    index.add(_named(tmp_path, "lib-1.0-py3.9.tar.gz"), project="lib", hashes={})

    assert [str(item.version) for item in look(python=(3, 9, 0)).found(LIB).usable] == ["1.0"]
    assert look(python=(3, 10, 2)).found(LIB).usable == ()


def test_reads_a_page_once(look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """Back-tracking asks a hundred times with other specifiers; the index is asked once."""
    for version in ("1.0", "2.0", "3.0"):
        index.add(wheel(tmp_path, "lib", version))
    files = look()

    newest = {
        str(files.applicable(LIB, SpecifierSet(text), None)[0].version) for text in ("", "<3", "<2", "!=3.0", "==1.0")
    }

    assert newest == {"1.0", "2.0", "3.0"}
    assert index.paths() == [index.page("lib")]


def test_the_same_question_has_the_same_answer(look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """The answer is kept by name, specifier and hashes together: no one's hashes may leak into another's answer."""
    one, two = (index.add(wheel(tmp_path, "lib", "1.0", build=build, extras=[f"x{build}"])) for build in ("1", "2"))
    files = look()

    def chosen(*paths: Path) -> str:
        hashes = frozenset(("sha256", sha256(path)) for path in paths) if paths else None
        return files.applicable(LIB, SpecifierSet("==1.0"), hashes)[0].file.filename

    assert [chosen(), chosen(one), chosen(two), chosen(), chosen(one, two)] == [
        two.name,
        one.name,
        two.name,
        two.name,
        two.name,
    ]


def test_hashes_nobody_can_meet_rule_nothing_out(look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """Where no file matches, the best one stays, so that its true digest can be told (as in pip)."""
    index.add(wheel(tmp_path, "lib", "1.0"))

    for hashes in (frozenset({("sha256", "0" * 64)}), frozenset()):
        assert [item.file.filename for item in look().applicable(LIB, SpecifierSet(), hashes)] == [
            "lib-1.0-py3-none-any.whl"
        ]


@pytest.mark.parametrize(
    ("releases", "newest"),
    [
        (ReleaseControl(), "1.0"),
        (ReleaseControl(all_releases=frozenset({"lib"})), "2.0rc1"),
        (ReleaseControl(all_releases=frozenset({":all:"}), only_final=frozenset({"lib"})), "1.0"),
    ],
)
def test_pre_releases_by_option(
    releases: ReleaseControl, newest: str, look: Look, index: FakeIndex, tmp_path: Path
) -> None:
    """What is said of one project weighs more than what is said of all."""
    for version in ("1.0", "2.0rc1"):
        index.add(wheel(tmp_path, "lib", version))

    applicable = look(Selection(releases=releases)).applicable(LIB, SpecifierSet(), None)

    assert str(applicable[0].version) == newest


def test_a_page_that_cannot_be_read_is_not_an_empty_one(look: Look, index: FakeIndex) -> None:
    """Promise 6: a server in trouble must not look like a project without files."""
    index.override(index.page("lib"), Answer(b"no", 503))

    found = look().found(LIB)

    assert found.usable == ()
    assert [(item.code, item.name) for item in found.unchecked] == [("unreadable-page", "lib")]
    assert look().found(canonicalize_name("nowhere")).unchecked == ()


def test_one_unreadable_index_of_two_makes_the_verdict_incomplete(
    guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path
) -> None:
    """The other index may have had a newer version, or the one with the fix: what was found is not all."""
    index.add(wheel(tmp_path, "lib", "1.0"))
    with FakeIndex() as other:
        other.override(other.page("lib"), Answer(b"no", 403))
        ran = guard.install("lib", "--extra-index-url", other.url, "--dry-run", "--format", "json", target=venv)

    assert ran.code == 3, ran.err
    assert [item["version"] for item in ran.json["plan"]["install"]] == ["1.0"]
    assert "403" in ran.json["unchecked"][0]["reason"]


def test_versions_are_those_with_a_file_that_is_not_yanked(look: Look, index: FakeIndex, tmp_path: Path) -> None:
    """Where a way out is looked for, a withdrawn version is none."""
    index.add(wheel(tmp_path, "lib", "2.0"), yanked="broken")
    index.add(wheel(tmp_path, "lib", "10.0"))
    index.add(wheel(tmp_path, "lib", "9.0"))

    assert [str(version) for version in Versions(look().found(LIB).usable)] == ["9.0", "10.0"]


def test_supports_wheels_by_any_of_their_tags(look: Look) -> None:
    """A wheel that is named by URL is judged by its tags before it is fetched."""
    files = look()

    assert files.supports("lib-1.0-py2.py3-none-any.whl")
    assert files.supports("lib-1.0-7-PY3-none-any.whl")
    assert not files.supports("lib-1.0-py2-none-any.whl")
    assert not files.supports("lib-1.0.whl")
