"""uv.lock: what the graph gives a target, its extras, groups, workspaces, forks and sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from request.locking import WINDOWS, by_name, options, pins, read, refusal, target

HEAD = 'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n'


def package(
    name: str, version: str | None = "1.0", body: str = "", source: str = 'registry = "https://h.example/s"'
) -> str:
    """One entry."""
    said = "" if version is None else f'version = "{version}"\n'
    return f'\n[[package]]\nname = "{name}"\n{said}source = {{ {source} }}\n{body}\n'


def needs(*edges: str) -> str:
    """The dependencies of an entry."""
    return "dependencies = [\n" + "".join(f"    {{ {edge} }},\n" for edge in edges) + "]\n"


def project(body: str, name: str = "app") -> str:
    """The project that a lock is of."""
    return package(name, "0.1", body, 'editable = "."')


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Where a lock is written to."""
    return tmp_path / "uv.lock"


def test_edges_lead_where_their_markers_hold(lock: Path) -> None:
    """An entry that no edge reaches for the target is not installed there, and one that is reached twice is once."""
    lock.write_text(
        HEAD
        + project(needs('name = "a"', 'name = "w", marker = "os_name == \'nt\'"'))
        + package("a", body=needs('name = "b", marker = "python_full_version >= \'3.12\'"', 'name = "c"'))
        + package("b", body=needs('name = "c"'))
        + package("c", body=needs('name = "a"'))
        + package("w")
        + package("orphan")
    )

    assert pins(read(lock)) == ["a==1.0", "b==1.0", "c==1.0"]
    assert pins(read(lock, options(on=WINDOWS))) == ["a==1.0", "c==1.0", "w==1.0"]
    assert pins(read(lock, options(universal=True))) == ["a==1.0", "b==1.0", "c==1.0", "orphan==1.0", "w==1.0"]
    found = by_name(read(lock))
    assert (found["a"].direct, found["b"].direct) == (True, False)
    assert found["b"].chain == ("a", "b")
    assert found["c"].chain == ("a", "c")
    assert found["a"].requires == ("b", "c")


def test_extras_and_groups_are_asked_for(lock: Path) -> None:
    """Extras and groups are audited where they are asked for, and where they are not, a note says so."""
    lock.write_text(
        HEAD
        + project(
            needs('name = "a", extra = ["fast"]')
            + '\n[package.optional-dependencies]\nweb = [\n    { name = "e" },\n]\n'
            + '\n[package.dev-dependencies]\ndev = [\n    { name = "d" },\n]\nEmpty_One = []\n'
        )
        + package("a", body='\n[package.optional-dependencies]\nfast = [\n    { name = "f" },\n]\n')
        + package("d")
        + package("e")
        + package("f")
    )

    assert pins(read(lock)) == ["a==1.0", "f==1.0"]
    (note,) = read(lock).notes
    assert note == "uv.lock: not audited: extra web and groups dev, empty-one (--all-extras and --all-groups to add)."
    assert pins(read(lock, options(extras="web"))) == ["a==1.0", "e==1.0", "f==1.0"]
    assert pins(read(lock, options(groups="dev"))) == ["a==1.0", "d==1.0", "f==1.0"]
    everything = read(lock, options(all_extras=True, all_groups=True))
    assert pins(everything) == pins(read(lock, options(universal=True))) == ["a==1.0", "d==1.0", "e==1.0", "f==1.0"]
    assert everything.notes == ()
    assert "no extra nope" in refusal(lock, options(extras="nope"))
    assert "The groups there are: dev, empty-one." in refusal(lock, options(groups="dve"))
    assert pins(read(lock, options(groups="dve", missing_ok=True))) == ["a==1.0", "f==1.0"]


def test_one_version_of_a_fork(lock: Path) -> None:
    """Where a name is locked in two versions, the edge says which, or the resolution markers of the entries do."""
    lock.write_text(
        HEAD
        + project(
            needs(
                'name = "n", version = "1.0", marker = "python_full_version < \'3.11\'"',
                'name = "n", version = "2.0", marker = "python_full_version >= \'3.11\'"',
                'name = "m"',
            )
        )
        + package("n", "1.0", "resolution-markers = [\n    \"python_full_version < '3.11'\",\n]\n")
        + package("n", "2.0", "resolution-markers = [\n    \"python_full_version >= '3.11'\",\n]\n")
        + package("m", "1.0", "resolution-markers = [\n    \"python_full_version < '3.11'\",\n]\n")
        + package("m", "2.0+cu118", "resolution-markers = [\n    \"python_full_version >= '3.11'\",\n]\n")
    )

    assert pins(read(lock)) == ["m==2.0+cu118", "n==2.0"]
    assert pins(read(lock, options(on=target("3.10.0")))) == ["m==1.0", "n==1.0"]
    assert len(pins(read(lock, options(universal=True)))) == 4


def test_conflicting_extras_choose_their_version(lock: Path) -> None:
    """uv writes a conflict of extras into markers, as words that name the project and the extra."""
    lock.write_text(
        HEAD
        + project(
            '\n[package.optional-dependencies]\ncpu = [\n    { name = "t", version = "1.0" },\n]\n'
            'gpu = [\n    { name = "t", version = "2.0" },\n]\n'
        )
        + package("t", "1.0", needs('name = "one", marker = "extra == \'extra-3-app-cpu\'"'))
        + package(
            "t", "2.0", needs("name = \"two\", marker = \"extra == 'extra-3-app-gpu' and extra != 'extra-3-app-cpu'\"")
        )
        + package("one")
        + package("two")
    )

    assert pins(read(lock, options(extras="cpu"))) == ["one==1.0", "t==1.0"]
    assert pins(read(lock, options(extras="gpu"))) == ["t==2.0", "two==1.0"]
    both = read(lock, options(all_extras=True))
    assert pins(both) == ["one==1.0", "t==1.0", "t==2.0"]
    assert any("1.0, 2.0 of t" in note for note in both.notes)


def test_sources_other_than_an_index_are_skipped_with_a_reason(lock: Path) -> None:
    """No advisory speaks of a checkout; what it needs is audited all the same."""
    lock.write_text(
        HEAD
        + project(needs(*(f'name = "{name}"' for name in ("g", "u", "p", "d", "e", "v", "r"))))
        + package("g", body=needs('name = "z"'), source='git = "https://u:secret@h.example/g?rev=1#abc"')
        + package("u", source='url = "https://h.example/u-1.0.tar.gz"')
        + package("p", source='path = "wheels/p-1.0-py3-none-any.whl"')
        + package("d", source='directory = "../d"')
        + package("e", source='editable = "../e"')
        + package("v", None, source='virtual = "../v"')
        + package("r", source='registry = "https://user:secret@private.example/simple"')
        + package("z", source='registry = "../flat"')
    )

    found = read(lock)

    assert [(item.name, item.code) for item in found.skipped] == [
        ("g", "vcs"),
        ("u", "direct-url"),
        ("p", "local"),
        ("d", "local"),
        ("e", "editable"),
        ("v", "local"),
    ]
    assert pins(found) == ["r==1.0", "z==1.0"]
    assert by_name(found)["r"].index == "https://private.example/simple"
    assert by_name(found)["z"].index is None
    assert by_name(found)["z"].chain == ("g", "z")
    assert "secret" not in repr(found)


def test_all_members_of_a_workspace_ask(lock: Path) -> None:
    """A workspace has one lock for many projects, and each is as good a root as the first."""
    lock.write_text(
        HEAD
        + '\n[manifest]\nmembers = [\n    "app",\n    "lib",\n]\n'
        + '\n[manifest.dependency-groups]\nlint = [{ name = "l" }]\n'
        + project(needs('name = "lib"'))
        + package("lib", "0.2", needs('name = "a"'), 'editable = "packages/lib"')
        + package("a")
        + package("l")
    )

    assert pins(read(lock)) == ["a==1.0"]
    assert read(lock).skipped == ()
    assert by_name(read(lock))["a"].direct
    assert pins(read(lock, options(groups="lint"))) == ["a==1.0", "l==1.0"]


def test_the_lock_of_a_script_names_its_requirements(tmp_path: Path) -> None:
    """A script's lock has no project in it; its manifest says what is asked for."""
    lock = tmp_path / "job.py.lock"
    lock.write_text(
        HEAD + '\n[manifest]\nrequirements = [{ name = "a", specifier = ">=1" }]\n' + package("a") + package("orphan")
    )

    assert pins(read(lock)) == ["a==1.0"]


def test_a_lock_without_a_project_is_taken_whole(lock: Path) -> None:
    """Where nothing says what asks, everything that nothing else needs does."""
    lock.write_text(HEAD + package("a", body=needs('name = "b"')) + package("b"))

    assert pins(read(lock)) == ["a==1.0", "b==1.0"]
    assert [item.name for item in read(lock).dependencies if item.direct] == ["a"]


def test_other_pythons_and_versions_are_told(lock: Path) -> None:
    """A lock for another Python still reads, and says so; one of a version that is not known does not."""
    lock.write_text(HEAD + project(needs('name = "a"')) + package("a"))
    (note,) = read(lock, options(on=target("3.9.1"))).notes
    assert note == "uv.lock is for Python >=3.10, and the target is Python 3.9.1."

    lock.write_text("version = 7\n")
    assert refusal(lock).startswith("The lock file uv.lock is of version '7', and safe-pip reads version 1.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            package("a", source='pigeon = "x"'),
            "line 5: the entry of 'a' cannot be read: its source is of no known kind",
        ),
        ('\n[[package]]\nversion = "1"\n', "line 5: the entry cannot be read: it has no name"),
        (package("-a"), "line 5: the entry of '-a' cannot be read: '-a' is not the name of a project"),
        (
            package("a", body="dependencies = 3\n"),
            "line 5: the entry of 'a' cannot be read: its dependencies is no list",
        ),
        (project(needs('name = "a", marker = "what?"')) + package("a"), "its marker 'what?' cannot be read"),
        ("\n[[package]]\nname = \n", "is not TOML"),
        ("package = 3\n", "has a package that is no list of tables"),
    ],
)
def test_what_cannot_be_read_is_named(lock: Path, text: str, said: str) -> None:
    """The file, the line and the package: what a person needs to mend it."""
    lock.write_text(HEAD + text)

    assert said in refusal(lock)


def test_a_version_that_is_none_is_skipped(lock: Path) -> None:
    """One entry that cannot be looked up leaves the others, and makes the audit incomplete."""
    lock.write_text(HEAD + package("a", "one\\u0007") + package("b"))

    (skipped,) = read(lock).skipped

    assert (skipped.name, skipped.code) == ("a", "unparsable")
    assert skipped.reason.isprintable()
    assert pins(read(lock)) == ["b==1.0"]


def test_the_same_tables_in_another_file_have_other_lines(tmp_path: Path) -> None:
    """What is kept of one file must not say anything of the next but what is in the table."""
    one, two = tmp_path / "one" / "uv.lock", tmp_path / "two" / "uv.lock"
    one.parent.mkdir()
    two.parent.mkdir()
    one.write_text(HEAD + project(needs('name = "a"')) + package("a"))
    two.write_text(HEAD + package("z") + project(needs('name = "z"', 'name = "a"')) + package("a"))

    first, second = by_name(read(one))["a"], by_name(read(two))["a"]

    assert one.read_text().splitlines()[first.line - 1 :][:2] == ["[[package]]", 'name = "a"']
    assert two.read_text().splitlines()[second.line - 1 :][:2] == ["[[package]]", 'name = "a"']
    assert first.line != second.line


def test_other_ways_to_write_toml_read_the_same(tmp_path: Path) -> None:
    """A file that a person changed is read by tomllib, to the same."""
    quick, slow = tmp_path / "uv.lock", tmp_path / "b.py.lock"
    quick.write_text(HEAD + project(needs('name = "a"')) + package("a"))
    slow.write_text(quick.read_text().replace("[[package]]", " [[ package ]] # one").replace('"a"', "'a'"))

    assert pins(read(slow)) == pins(read(quick)) == ["a==1.0"]
    assert [item.line for item in read(slow).dependencies] == [item.line for item in read(quick).dependencies]


def test_what_is_needed_and_not_there_is_not_clean(lock: Path) -> None:
    """An entry that was taken out of the file hides whatever is known of it; one for another target is not missed."""
    lock.write_text(
        HEAD + project(needs('name = "a"', 'name = "gone"', 'name = "w", marker = "os_name == \'nt\'"')) + package("a")
    )

    found = read(lock)

    assert pins(found) == ["a==1.0"]
    assert [(item.name, item.code, item.reason) for item in found.skipped] == [
        ("gone", "unparsable", "the file needs it and has no entry for it")
    ]


def test_many_needs_of_many_versions_end_soon(lock: Path) -> None:
    """Each need looks at every version of its name: what takes minutes is refused, and what is large is read."""
    versions = "".join(package("a", str(number)) for number in range(900))
    lock.write_text(HEAD + project(needs(*['name = "a"'] * 3_000)) + versions)
    assert "too much in it needs packages that are there in many versions" in refusal(lock)

    lock.write_text(HEAD + project(needs(*['name = "a"'] * 300)) + versions)
    assert len(pins(read(lock))) == 900
