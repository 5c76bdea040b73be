"""pylock.toml (PEP 751), and requirements files that are locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from request.locking import WINDOWS, by_name, options, pins, read, refusal, target
from safe_pip.request.locks import is_lock

DIGEST = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """Where a pylock.toml is written to."""
    return tmp_path / "pylock.toml"


def pylock(*packages: str, head: str = "") -> str:
    """A lock file."""
    return f'lock-version = "1.0"\ncreated-by = "tests"\n{head}' + "".join(f"\n[[packages]]\n{one}" for one in packages)


def entry(name: str, more: str = "", version: str = "1.0") -> str:
    """A package with one wheel."""
    wheel = f'{{ url = "https://h.example/{name}-{version}-py3-none-any.whl", hashes = {{ sha256 = "{DIGEST}" }} }}'
    return f'name = "{name}"\nversion = "{version}"\n{more}wheels = [\n    {wheel},\n]\n'


def test_markers_extras_and_groups_of_a_pylock(lock: Path) -> None:
    """PEP 751 puts all three into one marker; the default groups need not be asked for."""
    lock.write_text(
        pylock(
            entry("a", 'dependencies = [\n    { name = "b" },\n]\n'),
            entry("b", 'index = "https://me:secret@h.example/simple"\n'),
            entry("w", "marker = \"os_name == 'nt'\"\n"),
            entry("e", "marker = \"'Web' in extras\"\n"),
            entry("d", "marker = \"'dev' in dependency_groups or 'all' in extras\"\n"),
            entry("m", "marker = \"'main' in dependency_groups\"\n"),
            head='extras = ["web", "all"]\ndependency-groups = ["dev"]\ndefault-groups = ["main"]\n'
            'requires-python = ">=3.11"\n',
        )
    )

    found = by_name(read(lock))
    assert sorted(found) == ["a", "b", "m"]
    assert (found["a"].direct, found["b"].direct, found["b"].chain) == (True, False, ("a", "b"))
    assert found["a"].hashes == {("sha256", DIGEST)}
    assert found["b"].index == "https://h.example/simple"
    assert "secret" not in repr(found)
    assert pins(read(lock, options(on=WINDOWS))) == ["a==1.0", "b==1.0", "m==1.0", "w==1.0"]
    assert pins(read(lock, options(extras="web"))) == ["a==1.0", "b==1.0", "e==1.0", "m==1.0"]
    assert pins(read(lock, options(groups="dev"))) == ["a==1.0", "b==1.0", "d==1.0", "m==1.0"]
    assert pins(read(lock, options(all_extras=True))) == ["a==1.0", "b==1.0", "d==1.0", "e==1.0", "m==1.0"]
    assert len(pins(read(lock, options(universal=True)))) == 6
    assert "is for Python >=3.11, and the target is Python 3.10.2" in read(lock, options(on=target("3.10.2"))).notes[0]
    assert "has no group docs" in refusal(lock, options(groups="docs"))


def test_other_environments_are_told(lock: Path) -> None:
    """A lock that was made for other environments may lack what this one needs."""
    lock.write_text(pylock(entry("a"), head="environments = [\"os_name == 'nt'\"]\n"))

    assert read(lock).notes == ("pylock.toml was made for other environments than python.",)
    assert read(lock, options(on=WINDOWS)).notes == ()


def test_sources_of_a_pylock(lock: Path) -> None:
    """An entry without an index is skipped with its reason; a version may stand in the file's name alone."""
    hashes = f'hashes = {{ sha256 = "{DIGEST}" }}'
    lock.write_text(
        pylock(
            'name = "g"\nvcs = { type = "git", url = "https://h.example/g", commit-id = "abc" }\n',
            'name = "d"\ndirectory = { path = "d" }\n',
            'name = "e"\ndirectory = { path = ".", editable = true }\n',
            f'name = "z"\narchive = {{ url = "https://h.example/z.zip", {hashes} }}\n',
            f'name = "n"\nsdist = {{ url = "https://h.example/n-3.1.tar.gz", {hashes} }}\n',
        )
    )

    assert [(item.name, item.code) for item in read(lock).skipped] == [
        ("g", "vcs"),
        ("d", "local"),
        ("e", "editable"),
        ("z", "direct-url"),
    ]
    assert pins(read(lock)) == ["n==3.1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "The lock file pylock.toml is not TOML"),
        ("packages = []\n", "is not as PEP 751 has it: Missing required value in 'lock-version'"),
        (
            'lock-version = "2.0"\ncreated-by = "x"\npackages = []\n',
            "cannot be read: pylock version 2.0 is not supported",
        ),
        (pylock('name = "a"\nversion = "1"\n'), "line 4: the entry of 'a' cannot be read: Exactly one of"),
        (pylock(entry("a", 'marker = "what"\n')), "line 4: the entry of 'a' cannot be read"),
    ],
)
def test_a_pylock_that_cannot_be_read(lock: Path, text: str, said: str) -> None:
    """The message says what the specification does not allow, and where."""
    lock.write_text(text)

    assert said in refusal(lock)


# --------------------------------------------------------------------------- requirements with hashes


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """Where a requirements file is written to."""
    return tmp_path / "requirements.txt"


def test_every_line_pins_and_allows_hashes(pinned: Path) -> None:
    """Continued lines are one statement that begins at its first, and comments of lockers tell what needs what."""
    pinned.write_text(
        "# made by a locker\n"
        "--index-url https://me:secret@h.example/simple\n"
        "--require-hashes\n\n"
        f"Flask[async]==2.0 ; python_version >= '3.8' \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha256:{OTHER}\n"
        "    # via -r requirements.in\n"
        f"werkzeug===2.1+local \\\n    --hash sha256:{DIGEST}\n    # via\n    #   flask\n    #   other (>=1)\n"
        f"click==8 --hash=sha512:{DIGEST * 2}  # via flask, werkzeug\n"
        f"other==1 --hash=sha256:{DIGEST}\n    # via app (pyproject.toml)\n"
        f"win==1 ; os_name == 'nt' --hash=sha256:{DIGEST}\n"
    )

    found = by_name(read(pinned))

    assert pins(read(pinned)) == ["click==8", "flask==2.0", "other==1", "werkzeug==2.1+local"]
    assert {name: item.line for name, item in found.items()} == {"flask": 5, "werkzeug": 9, "click": 14, "other": 15}
    assert found["flask"].hashes == {("sha256", DIGEST), ("sha256", OTHER)}
    assert found["flask"].shown_name == "Flask"
    assert [name for name, item in found.items() if item.direct] == ["flask", "other"]
    assert found["click"].chain == ("flask", "click")
    assert found["flask"].requires == ("werkzeug", "click")
    assert found["other"].index == "https://h.example/simple"
    assert "secret" not in repr(found)
    assert "win==1" in pins(read(pinned, options(universal=True)))


def test_lines_without_an_index_are_skipped(pinned: Path) -> None:
    """They stand in such files, and nothing is known of them."""
    pinned.write_text(
        f"a @ https://h.example/a-1.zip --hash=sha256:{DIGEST}\n-e ./b\n--editable=./e\n"
        "git+https://h.example/c@1#egg=c\nd @ git+https://h.example/d ; os_name == 'nt'\n"
    )

    assert [(item.name, item.code) for item in read(pinned).skipped] == [
        ("a", "direct-url"),
        ("./b", "editable"),
        ("./e", "editable"),
        ("c", "vcs"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a==1\n", "line 1: the entry of 'a==1' cannot be read: it has no --hash. | Audit it with -r"),
        (f"\na>=1 --hash=sha256:{DIGEST}\n", "line 2: the entry of 'a>=1' cannot be read: it does not pin one version"),
        (f"a==1.* --hash=sha256:{DIGEST}\n", "does not pin one version"),
        (f"a==1,==2 --hash=sha256:{DIGEST}\n", "does not pin one version"),
        ("a==1 --hash=md4:00\n", "it has no --hash"),
        ("-r more.txt\n", "a lock includes no other files"),
        (f"a==1 ; what --hash=sha256:{DIGEST}\n", "its marker 'what' cannot be read"),
        (f"a==1 {'x' * 200_000}\n", "the line is too long"),
        ("--hash=sha256:aa\n", "does not pin one version"),
    ],
)
def test_what_is_no_lock_is_named(pinned: Path, text: str, said: str) -> None:
    """A requirement that would have to be resolved is not a pin, and is not taken for one."""
    pinned.write_text(text)

    assert said in refusal(pinned)


def test_locks_are_known_by_their_names(tmp_path: Path) -> None:
    """A requirements file is a lock only where a person says so; a name that nobody knows is an error."""
    known = ("pylock.toml", "pylock.dev.toml", "uv.lock", "job.py.lock", "poetry.lock", "pdm.lock", "Pipfile.lock")
    for name in known:
        assert is_lock(Path(name))
    for name in ("requirements.txt", "pylock.a.b.toml", "Cargo.lock", "package-lock.json", "uv.lock.bak"):
        assert not is_lock(Path(name))

    (tmp_path / "package.json").write_text("{}")
    assert "is of no format that is known by its name. | Known are pylock.toml" in refusal(tmp_path / "package.json")
    assert "cannot be read: No such file" in refusal(tmp_path / "uv.lock")
    (tmp_path / "uv.lock").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refusal(tmp_path / "uv.lock")
