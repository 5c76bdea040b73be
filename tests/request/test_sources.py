"""Groups, scripts and lock files, read as pip reads them, and refused in words where they cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path

import pytest
from packaging.version import Version

from conftest import Guard, Venv
from request.asking import AskPip, Case, pips_reading, reading, request_of
from safe_pip.errors import FetchError, TargetError, UnsupportedOption, UsageError
from safe_pip.model import Request, Target
from safe_pip.request.default_index import pip_version

DIGEST = "ab" * 32


# Every test in an environment of its own, and in an empty folder.
pytestmark = pytest.mark.usefixtures("here")


def write(place: Path, files: Mapping[str, str]) -> None:
    """Write files, and the folders they lie in. <here> in one stands for the folder."""
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("<here>", str(place)))


def refusal(read: Callable[[], Request]) -> str:
    """The message of a refusal and its hint, which name no password. Anything but a UsageError is a defect."""
    with pytest.raises(UsageError) as caught:
        read()
    assert caught.value.exit_code == 2
    said = f"{caught.value.message} | {caught.value.hint}"
    assert "se@cret" not in said
    return said


# --------------------------------------------------------------------------- as pip reads

GROUPS = """
[dependency-groups]
one = ["a>=1", "b[x,y]==2; os_name != 'nt'", "c @ https://h.example/c-1-py3-none-any.whl"]
Two_more = [{include-group = "ONE"}, "d===1-weird", {include-group = "empty"}, {include-group = "one"}]
empty = []
"""
SCRIPT = (
    "import x\n# /// script\n# requires-python = '>=3.8'\n# dependencies = ['s1<2', 's2; os_name == \"nt\"']\n# ///\n"
)
HEAD = 'lock-version = "1.0"\ncreated-by = "tests"\n'


def wheel_entry(name: str, more: str = "", *, url: str = "https://h.example/f") -> str:
    """One locked package with one wheel for every Python."""
    file = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    hashes = f'{{sha256 = "{DIGEST.upper()}", md5 = "{"1" * 32}"}}'
    return (
        f'[[packages]]\nname = "{name}"\nversion = "1.0"\n{more}\n'
        f'[[packages.wheels]]\nname = "{file}"\nurl = "{url}/{file}"\nhashes = {hashes}\n'
    )


def archive_entry(name: str, source: str) -> str:
    """One locked package that is had directly."""
    return f'[[packages]]\nname = "{name}"\n{source}\n'


KINDS = (
    HEAD
    + wheel_entry("w")
    + archive_entry("a", f'archive = {{path = "sub/a.zip", subdirectory = "in", hashes = {{sha256 = "{DIGEST}"}}}}')
    + archive_entry("u", f'archive = {{url = "https://h.example/u.zip", hashes = {{sha512 = "{"cd" * 64}"}}}}')
    + archive_entry("v", 'vcs = {type = "git", url = "https://h.example/v.git", commit-id = "abc", subdirectory = "s"}')
    + archive_entry("d", 'directory = {path = "project", subdirectory = "inner"}')
    + archive_entry("s", f'version = "3"\nsdist = {{path = "s-3.tar.gz", hashes = {{sha256 = "{DIGEST}"}}}}')
)
MARKED = (
    HEAD
    + 'extras = ["x-y"]\ndependency-groups = ["dev", "doc"]\ndefault-groups = ["doc"]\n'
    + wheel_entry("always")
    + wheel_entry("in-extra", "marker = \"'x-y' in extras\"")
    + wheel_entry("in-dev", "marker = \"'dev' in dependency_groups\"")
    + wheel_entry("in-doc", "marker = \"'doc' in dependency_groups\"")
    + wheel_entry("elsewhere", "marker = \"os_name == 'nt'\"")
)
PROJECT = {"project/inner/setup.py": "", "sub/a.zip": "", "s-3.tar.gz": ""}

AS_PIP: dict[str, tuple[list[str], dict[str, str]]] = {
    "a group": (["--group", "two-more"], {"pyproject.toml": GROUPS}),
    "groups of files, in order": (
        ["z", "--group=sub/pyproject.toml:one", "-r", "r.txt", "--group", "TWO.MORE", "-c", "r.txt"],
        {"pyproject.toml": GROUPS, "sub/pyproject.toml": "[dependency-groups]\none = ['e']\n", "r.txt": "f==1\n"},
    ),
    "an empty group": (["--group", "empty"], {"pyproject.toml": GROUPS}),
    "a script, last of all": (
        ["--requirements-from-script", "x.py", "--group", "one", "z"],
        {"x.py": SCRIPT, "pyproject.toml": GROUPS},
    ),
    "a script that asks for nothing": (["--requirements-from-script=x"], {"x": "# /// script\n# x = 1\n# ///\n"}),
    "a lock file of every kind": (["z", "-r", "pylock.toml"], {"pylock.toml": KINDS, **PROJECT}),
    "a lock file in a folder": (
        ["-r", "lock/pylock.all.toml"],
        {"lock/pylock.all.toml": KINDS, **{f"lock/{name}": text for name, text in PROJECT.items()}},
    ),
    "a lock file by its URL": (["-r", "file://<here>/pylock.toml"], {"pylock.toml": KINDS, **PROJECT}),
    "extras and default groups": (["-r", "pylock.toml[X_y]"], {"pylock.toml": MARKED}),
    "a group of a lock file": (["--group", "pylock.toml:DEV"], {"pylock.toml": MARKED}),
    "a lock file asked for twice": (
        ["-r", "pylock.toml[x-y]", "-r", "r.txt", "--group", "pylock.toml:dev", "-r", "pylock.toml"],
        {"pylock.toml": MARKED, "r.txt": f"r==1 --hash=sha256:{DIGEST}\n"},
    ),
    "a lock file that is no lock file by its name": (["-r", "pylock.a.b.toml"], {"pylock.a.b.toml": "one\n"}),
    "sources wanted": (
        ["-r", "pylock.toml", "--no-binary", "w"],
        {
            "pylock.toml": HEAD
            + wheel_entry("w").replace(
                "[[packages.wheels]]",
                f'sdist = {{path = "w-1.0.tar.gz", hashes = {{sha256 = "{DIGEST}"}}}}\n[[packages.wheels]]',
            )
        },
    ),
    "times of upload": (["--uploaded-prior-to", "2024-01-01", "--group", "one"], {"pyproject.toml": GROUPS}),
}


def strong(told: dict[str, object]) -> dict[str, object]:
    """pip's reading less the weak hashes, which are no reason to trust a file."""
    for item in told["requirements"]:  # type: ignore[attr-defined]
        item["hashes"].pop("md5", None)
    return told


def test_sources_say_what_they_say_to_pip(ask_pip: AskPip, here: Path, target: Target) -> None:
    """Promise 3 for what is asked through groups, scripts and lock files: the same requirements, hashes and order."""
    cases = []
    for number, (arguments, files) in enumerate(AS_PIP.values()):
        place = here / str(number)
        write(place, files)
        cases.append(Case(tuple(word.replace("<here>", str(place)) for word in arguments), cwd=place, read=True))
    for name, case, told in zip(AS_PIP, cases, ask_pip(cases), strict=True):
        assert "error" not in told, (name, told)
        os.chdir(case.cwd)
        assert reading(request_of(*case.arguments, target=target)) == strong(pips_reading(told)), name


def test_what_is_locked_is_kept_beside_the_requirement(here: Path, target: Target) -> None:
    """The one file a package may be had from, with its hashes; credentials stay out of its URL."""
    (here / "pylock.toml").write_text(HEAD + wheel_entry("w", url="https://user:se@cret@h.example/f"))

    request = request_of("-r", "pylock.toml", target=target)

    (locked,) = request.locked.values()
    assert locked.file.url == "https://h.example/f/w-1.0-py3-none-any.whl"
    assert locked.file.filename == "w-1.0-py3-none-any.whl"
    assert locked.file.hashes == {("sha256", DIGEST)}
    assert locked.address.startswith("https://user:se@cret@")
    assert request.selection.require_hashes


def test_a_lock_file_on_a_server(here: Path, target: Target) -> None:
    """Paths in it start from its URL, and do not reach this machine or another host."""
    base = "https://h.example/locks/pylock.toml"
    content = {}

    def names(path: str) -> None:
        content[base] = HEAD + archive_entry("a", f'archive = {{path = "{path}", hashes = {{sha256 = "{DIGEST}"}}}}')

    def fetch(url: str) -> bytes:
        return content[url].encode()

    names("../a.zip")

    assert request_of("-r", base, target=target, fetch=fetch).requirements[0].url == "https://h.example/a.zip"
    for path in ("/etc/a.zip", "//other.example/a.zip", "file:///etc/a.zip", "http://h.example/a.zip"):
        names(path)
        assert "leads away from the place of the lock file" in refusal(
            lambda: request_of("-r", base, target=target, fetch=fetch)
        )
    content[base] = HEAD + archive_entry("d", 'directory = {path = "../d"}')
    assert "a lock file on a server cannot name a folder" in refusal(
        lambda: request_of("-r", base, target=target, fetch=fetch)
    )


def test_the_corpus_has_a_lock_file(ask_pip: AskPip, here: Path, shared: Path, target: Target) -> None:
    """One as a locker writes it, with hundreds of packages, groups and markers."""
    place = shared / "corpus" / "locks" / "pylock.toml"
    cases = [
        Case(("-r", str(place)), cwd=here, read=True),
        Case(("--group", f"{place}:default", "--group", f"{place}:dev"), cwd=here, read=True),
    ]
    for case, told in zip(cases, ask_pip(cases), strict=True):
        if "error" in told:
            assert refusal(lambda case=case: request_of(*case.arguments, target=target))
        else:
            assert reading(request_of(*case.arguments, target=target)) == strong(pips_reading(told))


# --------------------------------------------------------------------------- configuration

CONFIGURED: dict[str, tuple[list[str], dict[str, str]]] = {
    "a group": ([], {"PIP_GROUP": "one"}),
    "a group added to another": (["--group", "empty"], {"PIP_GROUP": "one"}),
    "groups are not parted at spaces": ([], {"PIP_GROUP": "one empty"}),
    "a script": ([], {"PIP_REQUIREMENTS_FROM_SCRIPT": "x.py"}),
    "scripts": (["z"], {"PIP_REQUIREMENTS_FROM_SCRIPT": "x.py x.py"}),
    "a lock file": ([], {"PIP_REQUIREMENT": "pylock.toml[x-y]"}),
    "a file": (["--group", "one"], {"PIP_CONFIG_FILE": "pip.ini"}),
}


def test_sources_are_configured_as_for_pip(ask_pip: AskPip, here: Path, target: Target) -> None:
    """PIP_GROUP and a section of a configuration file ask as the command line does."""
    files = {"pyproject.toml": GROUPS, "x.py": SCRIPT, "pylock.toml": MARKED}
    write(here, {**files, "pip.ini": "[global]\ngroup = empty\n[install]\nrequirements-from-script = x.py\n"})
    cases = [Case(tuple(arguments), environ, here, read=True) for arguments, environ in CONFIGURED.values()]
    refused = set()
    for name, case, told in zip(CONFIGURED, cases, ask_pip(cases), strict=True):
        environ = {**os.environ, **case.environ}

        def read(case: Case = case, environ: Mapping[str, str] = environ) -> Request:
            return request_of(*case.arguments, target=target, environ=environ)

        if "error" in told:
            refused.add(name)
            assert refusal(read)
        else:
            assert reading(read()) == strong(pips_reading(told)), name
    assert refused == {"groups are not parted at spaces", "scripts"}


# --------------------------------------------------------------------------- refusals

REFUSED: dict[str, tuple[list[str], dict[str, str], str]] = {
    "no pyproject.toml": (
        ["--group", "one"],
        {},
        "The file pyproject.toml of --group one cannot be read: No such file",
    ),
    "another file": (["--group", "setup.cfg:one"], {}, "names a file that has no groups: 'setup.cfg'"),
    "a lock file on a server": (["--group", "https://h.example/pylock.toml:x"], {}, "names a file that has no groups"),
    "no table": (["--group", "one"], {"pyproject.toml": "[project]\n"}, "has no table [dependency-groups]"),
    "not a table": (
        ["--group", "x"],
        {"pyproject.toml": "dependency-groups = 1"},
        "[dependency-groups] that is no table",
    ),
    "not TOML": (["--group", "x"], {"pyproject.toml": "[a"}, "of --group x is not TOML: "),
    "nested without end": (["--group", "x"], {"pyproject.toml": f"a = {'[' * 9999}"}, "is not TOML"),
    "no such group": (["--group", "tow"], {"pyproject.toml": GROUPS}, "'tow' of pyproject.toml cannot be used: "),
    "the groups there are": (["--group", "tow"], {"pyproject.toml": GROUPS}, "groups there are: empty, one, two-more."),
    "two names that are one": (
        ["--group", "a"],
        {"pyproject.toml": "[dependency-groups]\na-b = []\nA_b = []\na = []\n"},
        "cannot be used: Duplicate dependency group names",
    ),
    "a circle": (
        ["--group", "a"],
        {"pyproject.toml": "[dependency-groups]\na=[{include-group='b'}]\nb=[{include-group='A'}]\n"},
        "Cyclic dependency group include",
    ),
    "an include of nothing": (
        ["--group", "a"],
        {"pyproject.toml": "[dependency-groups]\na=[{include-group='b'}]\n"},
        "Dependency group 'b' not found",
    ),
    "an unknown item": (
        ["--group", "a"],
        {"pyproject.toml": "[dependency-groups]\na=[{path='.'}]\n"},
        "Invalid dependency group item",
    ),
    "a group that is a text": (
        ["--group", "a"],
        {"pyproject.toml": "[dependency-groups]\na='b'\n"},
        "a string rather than",
    ),
    "no requirement": (["--group", "a"], {"pyproject.toml": "[dependency-groups]\na=['./b']\n"}, "cannot be used: "),
    "no script": (["--requirements-from-script", "x"], {}, "The script x cannot be read: No such file"),
    "no block": (
        ["--requirements-from-script", "x"],
        {"x": "# /// scripts\n# ///\n"},
        "has no block of script metadata",
    ),
    "two blocks": (["--requirements-from-script", "x"], {"x": SCRIPT + SCRIPT}, "has more than one block"),
    "a block that is not TOML": (
        ["--requirements-from-script", "x"],
        {"x": "# /// script\n# a b\n# ///\n"},
        "The script x: its block is not TOML",
    ),
    "dependencies that are none": (
        ["--requirements-from-script", "x"],
        {"x": "# /// script\n# dependencies = 'a'\n# ///\n"},
        "dependencies that are no list",
    ),
    "a path in a script": (
        ["--requirements-from-script", "x"],
        {"x": "# /// script\n# dependencies = ['./a']\n# ///\n"},
        "x: './a' is not a requirement",
    ),
    "a Python that is none": (
        ["--requirements-from-script", "x"],
        {"x": "# /// script\n# requires-python = 'new'\n# ///\n"},
        "a requires-python that cannot be read: 'new'",
    ),
    "two scripts": (
        [*["--requirements-from-script", "x"] * 2],
        {"x": SCRIPT},
        "--requirements-from-script can be given only once",
    ),
    "no lock file": (["-r", "pylock.toml"], {}, "The lock file pylock.toml cannot be read: No such file"),
    "a lock file that is not TOML": (
        ["-r", "pylock.toml"],
        {"pylock.toml": "one\n"},
        "The lock file pylock.toml is not TOML",
    ),
    "a lock file of another kind": (
        ["-r", "pylock.toml"],
        {"pylock.toml": "a=1"},
        "pylock.toml is not as PEP 751 has it",
    ),
    "a lock file of the future": (
        ["-r", "pylock.toml"],
        {"pylock.toml": 'lock-version = "2.0"\ncreated-by = "x"\npackages = []\n'},
        "pylock version 2.0 is not supported",
    ),
    "another Python": (
        ["-r", "pylock.toml"],
        {"pylock.toml": HEAD + 'requires-python = ">=9"\npackages = []\n'},
        "pylock.toml cannot be used here: python_full_version",
    ),
    "another environment": (
        ["-r", "pylock.toml"],
        {"pylock.toml": HEAD + "environments = [\"os_name == 'nt'\"]\npackages = []\n"},
        "does not satisfy any of the environments",
    ),
    "a package twice": (["-r", "pylock.toml"], {"pylock.toml": HEAD + wheel_entry("a") * 2}, "Multiple packages"),
    "no wheel that fits": (
        ["-r", "pylock.toml"],
        {"pylock.toml": HEAD + wheel_entry("a").replace("py3-none-any", "cp27-none-any")},
        "No wheel found matching",
    ),
    "two lock files": (
        ["-r", "pylock.toml", "-r", "pylock.b.toml"],
        {"pylock.toml": HEAD + wheel_entry("a"), "pylock.b.toml": HEAD + wheel_entry("a")},
        "pylock.b.toml, package a: another lock file names a file of it as well",
    ),
    "extras that are none": (["-r", "pylock.toml[!]"], {"pylock.toml": HEAD}, "has extras that cannot be read"),
    "a fragment and a folder": (
        ["-r", "pylock.toml"],
        {
            "pylock.toml": HEAD
            + archive_entry(
                "a", f'archive = {{url="https://h.example/a.zip#x", subdirectory="s", hashes={{sha256="{DIGEST}"}}}}'
            )
        },
        "has a fragment, and there is a subdirectory as well",
    ),
    "--only-deps and a group": (["a", "--only-deps", "--group", "x"], {}, "--only-deps and --group cannot be used"),
    "--only-deps and a file": (["a", "--only-deps", "-r", "x"], {}, "--only-deps and --requirement cannot be used"),
    "--only-deps and a script": (
        ["a", "--only-deps", "--requirements-from-script", "x"],
        {},
        "--only-deps and --requirements-from-script cannot be used",
    ),
    "--only-deps and --no-deps": (["a", "--only-deps", "--no-deps"], {}, "--only-deps and --no-deps cannot be used"),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_read_is_refused_in_words(name: str, here: Path, target: Target) -> None:
    """Exit code 2, and a sentence that names the file and what is wrong in it."""
    arguments, files, said = REFUSED[name]
    write(here, files)
    assert said in refusal(lambda: request_of(*arguments, target=target))


def test_pip_refuses_the_same(ask_pip: AskPip, here: Path, venv: Venv) -> None:
    """What is refused above is refused by pip, too, but for a text in the place of a list, which it takes letter by
    letter."""
    cases = []
    for number, (arguments, files, _) in enumerate(REFUSED.values()):
        (here / str(number)).mkdir()
        write(here / str(number), files)
        cases.append(Case(tuple(arguments), cwd=here / str(number), read=True))
    taken = {name for name, told in zip(REFUSED, ask_pip(cases), strict=True) if "error" not in told}
    # Its reader does not look for conflicts of --only-deps: the command does, first of all.
    assert {name for name in taken if not name.startswith("--only-deps")} == {"dependencies that are none"}
    for name, case in zip(REFUSED, cases, strict=True):
        if name.startswith("--only-deps"):
            ran = venv.pip("install", "--dry-run", "--no-index", *case.arguments, cwd=case.cwd)
            assert "Cannot use '--only-dependencies' in combination with" in ran.err


def test_a_file_is_trusted_by_strong_hashes_only(here: Path, target: Target) -> None:
    """pip would take MD5 here, which can be forged, so that bytes that were never locked would pass."""
    entry = wheel_entry("w").replace("sha256", "sha1")
    (here / "pylock.toml").write_text(HEAD + entry)
    assert "pylock.toml, package w: its file has no hash of sha256" in refusal(
        lambda: request_of("-r", "pylock.toml", target=target)
    )


def test_a_key_without_end_costs_little(here: Path, target: Target) -> None:
    """The TOML reader takes time by the square of a key's parts; and a long line of honest texts is no such key."""
    key = "a" + ".a" * 200_000
    (here / "pyproject.toml").write_text(f"{key} = 1\n")
    assert "is not TOML: a line has too many dots" in refusal(lambda: request_of("--group", "x", target=target))
    texts = ", ".join(f'"a{number}>=1.2.3"' for number in range(3000))
    (here / "pyproject.toml").write_text(f"[dependency-groups]\nx = [{texts}]\n")
    assert len(request_of("--group", "x", target=target).requirements) == 3000


def test_only_deps_needs_a_pip_that_has_it(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step would end in a usage error of pip's; a dry run has no such step."""
    assert pip_version() == Version(metadata.version("pip")).release
    monkeypatch.setattr("safe_pip.request.conflicts._ONLY_DEPS_SINCE", (99,))
    assert "--only-deps needs pip 26.3 or newer" in refusal(lambda: request_of("a", "--only-deps", target=target))
    assert request_of("a", "--only-deps", "--dry-run", target=target).selection.only_deps


def test_an_editable_package_is_refused_by_name(here: Path, target: Target) -> None:
    """It would have to be built; a package that is left out in silence would be missed."""
    (here / "pylock.toml").write_text(HEAD + archive_entry("d", 'directory = {path = "d", editable = true}'))
    with pytest.raises(
        UnsupportedOption, match=r"An editable package \(from pylock.toml, package d\) is not supported"
    ):
        request_of("-r", "pylock.toml", target=target)


def test_a_script_for_another_python(here: Path, target: Target, venv: Venv) -> None:
    """pip says so and installs nothing; so do we, unless told to ignore it, and --python-version counts."""
    (here / "x.py").write_text(SCRIPT.replace(">=3.8", "<3.9"))
    with pytest.raises(TargetError, match=r"The script x\.py requires Python <3\.9"):
        request_of("--requirements-from-script", "x.py", target=target)
    assert request_of("--requirements-from-script", "x.py", "--ignore-requires-python", target=target)
    other = ["--python-version", "3.8", "--dry-run", "--only-binary=:all:"]
    assert request_of("--requirements-from-script", "x.py", *other, target=target)
    ran = venv.pip("install", "--dry-run", "--no-index", "--requirements-from-script", "x.py", cwd=here)
    assert "requires a different Python" in ran.err


def test_a_lock_file_that_cannot_be_had(target: Target) -> None:
    """The message names it without its password."""

    def fetch(url: str) -> bytes:
        raise FetchError(url, "it is not there", 404)

    url = "https://user:se@cret@h.example/pylock.toml"
    assert "https://****@h.example/pylock.toml cannot be read: it is not there." in refusal(
        lambda: request_of("-r", url, target=target, fetch=fetch)
    )


def test_the_program_says_what_is_wrong_with_a_group(guard: Guard, venv: Venv) -> None:
    """The whole way: exit code 2 and a sentence for people."""
    (guard.cwd / "pyproject.toml").write_text(GROUPS)
    ran = guard.install("--group", "three", target=venv)
    assert ran.code == 2
    assert "The groups there are: empty, one, two-more." in ran.said
    assert "Traceback" not in ran.err
