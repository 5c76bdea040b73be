"""Lock files and SBOMs that are broken, by accident or on purpose: a clear error or a right reading, and no crash."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from request.locking import options, pins, read, refusal
from request.test_quick_toml import LINES
from safe_pip.errors import UsageError
from safe_pip.inventory import Inventory
from safe_pip.request.locks import read_lock
from safe_pip.request.locks.listed import ListReader
from safe_pip.request.sbom import read_sbom

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"]
SMALL = {
    "uv.lock": 'version = 1\n\n[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [\n'
    '    { name = "a", marker = "os_name == \'nt\'", extra = ["x"] },\n]\n\n[package.optional-dependencies]\n'
    'x = [\n    { name = "a" },\n]\n\n[[package]]\nname = "a"\nversion = "1"\n'
    'source = { registry = "https://h.example" }\n',
    "poetry.lock": '[[package]]\nname = "a"\nversion = "1"\noptional = false\ngroups = ["main"]\nmarkers = {main = '
    '"os_name == \\"nt\\""}\nfiles = [\n    {file = "f", hash = "sha256:00"},\n]\n\n'
    '[package.dependencies]\nb = {version = "*"}\n\n'
    '[package.source]\ntype = "git"\nurl = "x"\n\n[extras]\ne = ["a"]\n\n[metadata]\nlock-version = "2.1"\n',
    "pdm.lock": '[metadata]\ngroups = ["default"]\nlock_version = "4.5"\n\n[[package]]\nname = "a"\nversion = "1"\n'
    'groups = ["default"]\nmarker = "os_name == \'nt\'"\ndependencies = [\n    "b[x]>=1; python_version > \'3\'",\n]\n',
    "Pipfile.lock": '{"_meta": {"sources": [{"name": "x", "url": "y"}]}, "default": {"a": {"version": "==1", '
    '"index": "x", "hashes": ["sha256:00"], "markers": "os_name == \'nt\'"}}, "develop": {}}',
    "pylock.toml": 'lock-version = "1.0"\ncreated-by = "x"\n\n[[packages]]\nname = "a"\nversion = "1"\nmarker = '
    '"os_name == \'nt\'"\ndirectory = { path = "." }\ndependencies = [\n    { name = "a" },\n]\n',
    "requirements.txt": "-i https://h.example\na[x]==1 ; os_name == 'nt' \\\n    --hash=sha256:"
    + "0" * 64
    + " # via b\n",
    "bom.cdx.json": '{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"bom-ref": "r"}},'
    ' "components": [{"bom-ref": "a", "purl": "pkg:pypi/a@1", "hashes": [{"alg": "SHA-1", "content": "0"}],'
    ' "components": [{"purl": "pkg:npm/x@1"}]}], "dependencies": [{"ref": "r", "dependsOn": ["a"]}]}',
    "b.spdx.json": '{"spdxVersion": "SPDX-2.3", "packages": [{"SPDXID": "a", "versionInfo": "1", "externalRefs":'
    ' [{"referenceType": "purl", "referenceLocator": "pkg:pypi/a@1"}]}], "relationships": [{"spdxElementId": "a",'
    ' "relationshipType": "DESCRIBES", "relatedSpdxElement": "a"}]}',
}
TOKENS = [
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "=",
    ",",
    "\n",
    "\\",
    "\0",
    "\x1b[2J",
    "#",
    "1",
    "true",
    "null",
    "[[package]]\n",
    "é",
]
TOKENS += [
    '"a"',
    "[]",
    "{}",
    "-",
    ".",
    "@",
    ";",
    '"' * 3,
    "[package]\n",
    "name = 3\n",
    "\ud7ff",
    "%00",
    "[x]",
    "9" * 5000,
]


def reading(path: Path) -> Inventory | None:
    """What a file is read to, None for a UsageError. Any other error is a defect, and so is a control character."""
    try:
        found = read_sbom(path, path.name) if path.suffix == ".json" else read(path, options(universal=True))
        if path.suffix != ".json":
            read(path, options(all_groups=True, all_extras=True))
    except UsageError as error:
        assert f"{error.message}{error.hint}".isprintable()
        return None
    for item in found.dependencies:
        assert f"{item.shown_name}{item.version}{item.index}".isprintable()
    for skipped in found.skipped:
        assert f"{skipped.name}{skipped.version}{skipped.reason}".isprintable()
    assert all(note.isprintable() for note in found.notes)
    return found


@pytest.mark.parametrize("name", list(SMALL))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 12), st.sampled_from(TOKENS)), min_size=1, max_size=4))
def test_mangled_files(tmp_path: Path, name: str, changes: list[tuple[int, int, str]]) -> None:
    """A few characters replaced anywhere give a reading or an error in words, and no traceback."""
    path = tmp_path / name
    text = SMALL[name]
    for place, length, token in changes:
        place %= len(text) + 1
        text = text[:place] + token + text[place + length :]
    path.write_text(text, encoding="utf-8")

    reading(path)


@pytest.mark.parametrize("name", list(SMALL))
def test_the_files_that_are_mangled_are_good(tmp_path: Path, name: str) -> None:
    """What is mangled above reads before that, or the test would show nothing."""
    path = tmp_path / name
    path.write_text(SMALL[name])

    assert reading(path) is not None


@given(st.lists(st.sampled_from([*LINES, "[[package]]", "[package.x]", "[package]", "[metadata]"]), max_size=14))
def test_reading_by_tables_is_reading_the_whole(lines: list[str]) -> None:
    """Cutting a file at its headers must never give other tables than a reader of TOML finds in it."""
    text = "\n".join(lines) + "\n"
    reader = ListReader("package", lambda table: table)
    try:
        whole = tomllib.loads(text)
    except ValueError:
        with pytest.raises(UsageError):
            reader.read(text.encode(), "x")
        return
    if isinstance(whole.get("package", []), dict):
        return

    found = reader.read(text.encode(), "x")

    assert [entry for _, entry in found.entries] == whole.get("package", [])
    assert {"package": whole.get("package", []), **found.head} == {"package": [], **whole}
    for line, _ in found.entries:
        assert line is not None
        assert lines[line - 1] == "[[package]]"


DEEP = 20_000
BOMBS = {
    "deep arrays": {"uv.lock": "a = " + "[" * DEEP, "Pipfile.lock": "[" * DEEP, "bom.cdx.json": '{"a":' * DEEP},
    "dots": {"uv.lock": "a" + ".a" * DEEP + " = 1\n"},
    "deep marker": {
        "pdm.lock": SMALL["pdm.lock"].replace("os_name", "(" * DEEP + "os_name"),
        "pylock.toml": SMALL["pylock.toml"].replace("os_name", "(" * DEEP + "os_name"),
    },
    "long version": {
        "uv.lock": SMALL["uv.lock"].replace('"1"', f'"{"9" * DEEP}"'),
        "bom.cdx.json": SMALL["bom.cdx.json"].replace("@1", f"@{'9' * DEEP}"),
    },
    "terminal": {
        "uv.lock": SMALL["uv.lock"].replace('"a"', '"a\\u001b[2J"'),
        "Pipfile.lock": SMALL["Pipfile.lock"].replace("==1", "==1\\u001b]0;x"),
        "bom.cdx.json": SMALL["bom.cdx.json"].replace("pkg:pypi/a@1", "pkg:pypi/a%1b[2J@1%1b"),
    },
    "nul": {"requirements.txt": "a\0==1 --hash=sha256:00\n", "poetry.lock": SMALL["poetry.lock"] + "\0"},
    "too large": {"uv.lock": "#" * 20_000_001, "bom.cdx.json": " " * 20_000_001},
}


@pytest.mark.parametrize(("bomb", "name"), [(bomb, name) for bomb, files in BOMBS.items() for name in files])
def test_bombs(tmp_path: Path, bomb: str, name: str) -> None:
    """A file of a stranger must not stop the audit of a tree with a traceback, nor write to the terminal."""
    path = tmp_path / name
    path.write_text(BOMBS[bomb][name], encoding="utf-8")

    found = reading(path)

    assert found is None or found.skipped or bomb == "terminal"
    assert found is None or not any("\x1b" in item.name for item in found.dependencies)


def test_circles_end(tmp_path: Path) -> None:
    """A circle of dependencies, as real packages have, and a package that needs itself."""
    lock = tmp_path / "uv.lock"
    ring = [f"p{number}" for number in range(300)]
    lock.write_text(
        "version = 1\n"
        + "".join(
            f'\n[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ registry = "https://h.example" }}\n'
            f'dependencies = [\n    {{ name = "{ring[(at + 1) % 300]}" }},\n    {{ name = "{name}" }},\n]\n'
            for at, name in enumerate(ring)
        )
    )

    for asked in (options(), options(universal=True)):
        found = read(lock, asked)
        assert len(pins(found)) == 300
        assert max(len(item.chain) for item in found.dependencies) == 100


def test_many_nested_components_end_soon(tmp_path: Path) -> None:
    """Components inside components are walked without recursion and without copying what is left each time."""
    inner: dict[str, object] = {"purl": "pkg:pypi/a@1"}
    for _ in range(100):
        inner = {"components": [inner]}
    wide = [{"bom-ref": str(number), "purl": f"pkg:pypi/n{number}@1"} for number in range(5_000)]
    path = tmp_path / "bom.json"
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [*wide, inner]}))

    assert len(read_sbom(path, "bom.json").dependencies) == 5_001


def test_two_packages_of_one_name_and_version_are_one(tmp_path: Path) -> None:
    """A finding is told once for each version in a file, whatever the file repeats."""
    lock = tmp_path / "pdm.lock"
    lock.write_text(SMALL["pdm.lock"] + SMALL["pdm.lock"].partition("\n\n")[2].join(["\n", "\n"]) * 2)

    assert pins(read(lock, options(universal=True))) == ["a==1"]


def test_the_kept_tables_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of one file for the next does not grow without end, and forgetting changes nothing."""
    monkeypatch.setattr("safe_pip.request.locks.listed._MOST_KEPT", 100)
    reader = ListReader("package", lambda table: table)
    for number in range(50):
        reader.read(f'[[package]]\nname = "n{number}"\n\n[[package]]\nname = "same"\n'.encode(), "x")

    assert sum(len(text) for text in reader._known) <= 100
    assert refusal(tmp_path / "uv.lock")


def many(count: int, name: str = "n{}", needs: str = "n{}") -> str:
    """A uv.lock of so many packages, each of which needs the next."""
    return "version = 1\n" + "".join(
        f'\n[[package]]\nname = "{name.format(at)}"\nversion = "{at}"\nsource = {{ registry = "https://h.example" }}\n'
        f'dependencies = [\n    {{ name = "{needs.format(at + 1)}" }},\n]\n'
        for at in range(count)
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", many(8_000)),
        ("uv.lock", "[" + ".".join(["a"] * 200_000) + "]\n"),
        ("pdm.lock", "[" + ".".join(["a"] * 1_500) + "]\n"),
        ("uv.lock", 'x = "' + "\\q" * 500_000),
        ("uv.lock", "a" * 1_000_000 + ' = "x"\n'),
        ("requirements.txt", "a" + " " * 99_000 + "b==1 --hash=sha256:" + "0" * 64),
        ("requirements.txt", "a" + " " * 99_000 + "@" + " " * 10 + "b --hash=sha256:" + "0" * 64),
        ("Pipfile.lock", "{" + ",".join(f'"k{at}": 1' for at in range(200_000)) + ',"k199999": 1}'),
        (
            "bom.cdx.json",
            json.dumps(
                {
                    "bomFormat": "CycloneDX",
                    "specVersion": "1.6",
                    "components": [{"bom-ref": f"p{at}", "purl": f"pkg:pypi/p{at}@1"} for at in range(2_000)],
                    "dependencies": [{"ref": f"p{at}", "dependsOn": ["x0"]} for at in range(2_000)]
                    + [{"ref": f"x{at}", "dependsOn": [f"x{at + 1}"]} for at in range(20_000)],
                }
            ),
        ),
    ],
    ids=["chain", "header", "header2", "escapes", "key", "spaces", "spaces at", "keys", "bill"],
)
def test_what_grows_with_the_square_of_a_file_does_not(tmp_path: Path, name: str, text: str) -> None:
    """Each of these took minutes or gigabytes in a reader that is not careful; the suite's timeout is the judge."""
    path = tmp_path / name
    path.write_text(text)

    reading(path)


def test_a_name_that_is_there_too_often_is_refused(tmp_path: Path) -> None:
    """Every edge to a name looks at all its entries."""
    lock = tmp_path / "uv.lock"
    root = '\n[[package]]\nname = "app"\nsource = { virtual = "." }\ndependencies = [\n    { name = "n" },\n]\n'
    lock.write_text(many(1_001, "n", "n") + root)

    assert "n is there more than 1,000 times" in refusal(lock)


def test_a_name_of_a_file_cannot_move_the_cursor(tmp_path: Path) -> None:
    """Folders in a tree have names of strangers."""
    lock = tmp_path / "uv.lock"
    lock.write_text("version = 1\nrequires-python = '>=4'\n")

    found = read_lock(lock, "x\x1b[2J/uv.lock", options())

    assert found.input.name.isprintable()
    assert found.notes
    assert all(note.isprintable() for note in found.notes)
    lock.write_text("version = 2")
    with pytest.raises(UsageError) as caught:
        read_lock(lock, "x\x1b[2J/uv.lock", options())
    assert caught.value.message.isprintable()
