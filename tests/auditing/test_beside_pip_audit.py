"""The same command line, word for word, given to the real pip-audit and to safe-pip audit, beside one OSV server.

What they say is taken apart into facts, so that neither the order of lists nor keys that safe-pip adds count. Every
fact that only one of them tells is a line of data here, with its reason.
"""

from __future__ import annotations

import ensurepip
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditing.conftest import put
from conftest import Ran, Venv, run
from fakes import FakeIndex, advisory, sha256, wheel
from osv_server import OsvServer
from safe_pip.cli import main

pytestmark = [pytest.mark.registry, pytest.mark.slow]

Fact = tuple[Any, ...]

RECORDS = [
    advisory(
        "PYSEC-2026-1",
        "weak",
        events=[{"introduced": "0"}, {"fixed": "1.1"}],
        aliases=["CVE-2026-1"],
        summary="weak is weak",
        details="At\\nlength.",
    ),
    advisory("GHSA-weak", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}], aliases=["CVE-2026-1"]),
    advisory("GHSA-deep", "deep", events=[{"introduced": "0"}, {"fixed": "2.0"}], summary="x"),
    {
        **advisory("PYSEC-2026-5", "many"),
        "affected": [
            advisory("", "many", events=[{"introduced": low}, {"fixed": high}])["affected"][0]
            for low, high in (("0", "1.1"), ("2.0", "2.3"), ("3.0", "3.4"))
        ],
    },
    advisory("PYSEC-2026-6", "chain", aliases=["CVE-2026-6"]),
    advisory("CVE-2026-6", "chain", aliases=["GHSA-6"]),
    advisory("PYSEC-2026-7", "chain", aliases=["GHSA-6"]),
    advisory("PYSEC-2026-8", "good", withdrawn="2026-06-01T00:00:00Z"),
    advisory("PYSEC-2026-9", "setuptools", events=[{"introduced": "0"}, {"fixed": "999"}]),
    advisory("GHSA-torchy", "torchy", events=[{"introduced": "0"}, {"last_affected": "2.0.0"}]),
]


@dataclass
class Beside:
    """Runs a command line with both, and says what each of them tells."""

    pip_audit: str
    environ: dict[str, str]
    osv: OsvServer
    capsys: pytest.CaptureFixture[str]
    names: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> tuple[Ran, Ran]:
        """pip-audit's end and ours."""
        words = [*arguments, "-s", "osv", "--osv-url", f"{self.osv.base}/v1/query", "--progress-spinner", "off"]
        words += ["-f", "json"] if "-f" not in arguments else []
        theirs = run([self.pip_audit, *words], self.environ)
        self.capsys.readouterr()
        code = main(["audit", *words], self.environ)
        shown = self.capsys.readouterr()
        return theirs, Ran(code, shown.out, shown.err)


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index with everything that pip-audit asks one for, its own tools included."""
    files = tmp_path / "files"
    for name, version, requires in (
        ("weak", "1.0", ()),
        ("weak", "1.1", ()),
        ("deep", "1.0", ()),
        ("good", "1.0", ("deep",)),
        ("many", "1.0", ()),
        ("wheel", "0.45.1", ()),
        ("setuptools", "80.0.0", ()),
    ):
        index.add(wheel(files, name, version, requires=requires))
    index.add(wheel(files, "app", "1.0", requires=["weak==1.0", 'many==1.0; extra == "more"'], extras=["more"]))
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    for path in bundled.glob("pip-*.whl"):
        index.add(path)
    return index


@pytest.fixture
def beside(
    world: FakeIndex, pip_audit: str, here: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> Iterator[Beside]:
    """Both, with one index and one OSV server."""
    with OsvServer(RECORDS) as osv:
        yield Beside(pip_audit, {**environ, "PIP_INDEX_URL": world.url}, osv, capsys)


def facts(told: Mapping[str, Any]) -> set[Fact]:
    """What a report in pip-audit's JSON says, less the keys that only safe-pip has."""
    found: set[Fact] = {("fixes", json.dumps(told["fixes"]))}
    for item in told["dependencies"]:
        if "skip_reason" in item:
            assert item["skip_reason"]
            found.add((item["name"], "skipped"))
            continue
        place = (item["name"], item["version"])
        found.add((*place, "audited"))
        for vuln in item["vulns"]:
            found.add((*place, vuln["id"], "fixed in", *vuln["fix_versions"]))
            found.add((*place, vuln["id"], "says", vuln.get("description")))
            found |= {(*place, vuln["id"], "is", alias) for alias in vuln.get("aliases", ())}
            found.add((*place, vuln["id"], "has aliases", "aliases" in vuln))
    return found


def compared(theirs: Ran, ours: Ran) -> tuple[set[Fact], set[Fact]]:
    """What only pip-audit says, and what only safe-pip says."""
    assert theirs.out, theirs.err
    assert ours.out, ours.err
    left, right = facts(theirs.json), facts(ours.json)
    assert len(left & right) > 1, "nothing was compared"
    return left - right, right - left


# --------------------------------------------------------------------------- what is audited

THREE_BLOCKS: list[set[Fact]] = [
    {("many", "1.0", "PYSEC-2026-5", "fixed in", "3.4")},
    {("many", "1.0", "PYSEC-2026-5", "fixed in", "1.1", "2.3", "3.4")},
]
"""Of three entries of one record, pip-audit keeps the fix of the last."""

CHAIN: list[set[Fact]] = [
    {
        ("chain", "1.0", "PYSEC-2026-7", "fixed in"),
        ("chain", "1.0", "PYSEC-2026-7", "says", "PYSEC-2026-7 is about chain"),
        ("chain", "1.0", "PYSEC-2026-7", "has aliases", True),
        ("chain", "1.0", "PYSEC-2026-7", "is", "GHSA-6"),
    },
    {("chain", "1.0", "PYSEC-2026-6", "is", "PYSEC-2026-7")},
]
"""Two records that a third one joins: pip-audit tells of two things, and of the second by one of its names."""


def pinned(world: FakeIndex, *names: str) -> str:
    """Requirements with the hashes of what the index has."""
    lines = []
    for name in names:
        path = world.projects[name][0].path
        lines.append(f"{name}=={path.name.split('-')[1]} --hash=sha256:{sha256(path)}\n")
    return "".join(lines)


def both_folders(here: Path) -> None:
    """Two folders that packages lie in."""
    put(here / "one", "Weak", "1.0")
    put(here / "one", "torchy", "2.0.0+cpu")
    put(here / "one", "good", "1.0")
    put(here / "two", "many", "1.0")
    put(here / "two", "chain", "1.0")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="as it is"),
        pytest.param(["--ignore-vuln", "GHSA-weak"], id="an alias is ignored"),
        pytest.param(["--ignore-vuln", "PYSEC-2026-5", "--ignore-vuln", "CVE-none"], id="two ids are ignored"),
        pytest.param(["--aliases", "off", "--desc", "off"], id="without aliases and descriptions"),
        pytest.param(["--aliases=on", "--desc"], id="with aliases and descriptions"),
        pytest.param(["--strict"], id="strict"),
    ],
)
def test_folders(beside: Beside, here: Path, options: list[str]) -> None:
    """``--path``, and what is shown of it."""
    both_folders(here)
    theirs, ours = beside("--path", "one", "--path", "two", *options)
    mine, yours = compared(ours, theirs)
    expected = [set.union(*pair) for pair in zip(THREE_BLOCKS, CHAIN, strict=True)]
    if "PYSEC-2026-5" in options:
        expected = [set(CHAIN[0]), set(CHAIN[1])]
    if "off" in options:
        expected = [
            {
                (*fact[:-1], None if "says" in fact else False) if {"says", "has aliases"} & {*fact} else fact
                for fact in part
                if "is" not in fact
            }
            for part in expected
        ]

    assert [yours, mine] == expected
    assert (theirs.code, ours.code) == (1, 1)


OWN_WORK: list[set[Fact]] = [
    {
        ("deep", "1.0", "audited"),
        ("deep", "1.0", "GHSA-deep", "fixed in", "2.0"),
        ("deep", "1.0", "GHSA-deep", "says", "x"),
        ("deep", "1.0", "GHSA-deep", "has aliases", True),
    },
    {("deep", "skipped")},
]
"""The name of what was installed from a folder of one's own, pip-audit tells to a service; safe-pip keeps it."""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="as it is"),
        pytest.param(["--skip-editable"], id="without editables"),
        pytest.param(["-l"], id="local"),
    ],
)
def test_an_environment(beside: Beside, make_venv: Any, environ: dict[str, str], options: list[str]) -> None:
    """The active one, which pip-audit has to be told of in a way of its own."""
    venv: Venv = make_venv()
    world = Path(ensurepip.__file__).parent / "_bundled"
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            venv.python,
            "install",
            "--no-index",
            "--find-links",
            str(world),
            "pip",
        ],
        environ,
    )
    put(venv.site_packages, "weak", "1.0")
    put(venv.site_packages, "deep", "1.0", direct_url={"url": "file:///src", "dir_info": {"editable": True}})
    beside.environ |= {"VIRTUAL_ENV": str(venv.path), "PIPAPI_PYTHON_LOCATION": venv.python}

    theirs, ours = beside(*options)

    assert list(compared(theirs, ours)) == ([set(), set()] if options == ["--skip-editable"] else OWN_WORK)
    assert (theirs.code, ours.code) == (1, 1)


REQUIREMENTS: dict[str, tuple[dict[str, str], list[str], list[set[Fact]]]] = {
    "pinned, --no-deps": (
        {"r.txt": "Weak==1.0\ngood==1.0 ; python_version > '3'\ndeep==1.0 ; python_version < '3'\n"},
        ["-r", "r.txt", "--no-deps", "--disable-pip"],
        [set(), set()],
    ),
    "hashed": ({"r.txt": "{hashed}"}, ["-r", "r.txt", "--require-hashes", "--disable-pip"], [set(), set()]),
    "a URL": (
        {"r.txt": "weak==1.0\nfar @ https://127.0.0.1:9/far-1.0.zip\n"},
        ["-r", "r.txt", "--no-deps", "--disable-pip"],
        [set(), set()],
    ),
    "nested": ({"r.txt": "good\n-r sub/more.txt\n", "sub/more.txt": "weak==1.0\n"}, ["-r", "r.txt"], [set(), set()]),
    "nested, --disable-pip": (
        {"r.txt": "good==1.0\n-r sub/more.txt\n", "sub/more.txt": "weak==1.1\n"},
        ["-r", "r.txt", "--no-deps", "--disable-pip"],
        # pip-audit does not look into nested files where it does not call pip.
        [set(), {("weak", "1.1", "audited")}],
    ),
    "several": ({"r.txt": "good\n", "s.txt": "weak<1.1\n"}, ["-r", "r.txt", "-r", "s.txt"], [set(), set()]),
    "an extra": ({"r.txt": "app[more]\n"}, ["-r", "r.txt"], THREE_BLOCKS),
    "setuptools": (
        {"r.txt": "weak==1.0\nsetuptools\nwheel\n"},
        ["-r", "r.txt"],
        # pip-audit has installed them itself before it looks at what the file would bring in.
        [
            set(),
            {
                ("setuptools", "80.0.0", "audited"),
                ("setuptools", "80.0.0", "PYSEC-2026-9", "fixed in", "999"),
                ("setuptools", "80.0.0", "PYSEC-2026-9", "says", "PYSEC-2026-9 is about setuptools"),
                ("setuptools", "80.0.0", "PYSEC-2026-9", "has aliases", True),
                ("wheel", "0.45.1", "audited"),
            },
        ],
    ),
    "a project": (
        {"pyproject.toml": '[project]\nname = "mine"\nversion = "1"\ndependencies = ["app[more]"]\n'},
        ["."],
        THREE_BLOCKS,
    ),
    "a project that needs nothing": (
        {"pyproject.toml": '[project]\nname = "mine"\nversion = "1"\n'},
        ["."],
        [set(), set()],
    ),
    "a lock file": (
        {
            "pylock.toml": 'lock-version = "1.0"\ncreated-by = "me"\n'
            '[[packages]]\nname = "weak"\nversion = "1.0"\n[[packages.wheels]]\nurl = "https://127.0.0.1:9/weak-1.0-py3-none-any.whl"\n'
            'hashes = {{sha256 = "{zeros}"}}\n'
            '[[packages]]\nname = "deep"\nversion = "1.0"\nmarker = "python_version < \'3\'"\n[[packages.wheels]]\n'
            'url = "https://127.0.0.1:9/deep-1.0-py3-none-any.whl"\nhashes = {{sha256 = "{zeros}"}}\n',
        },
        ["--locked", "."],
        # pip-audit passes over markers.
        [
            {
                ("deep", "1.0", "audited"),
                ("deep", "1.0", "GHSA-deep", "fixed in", "2.0"),
                ("deep", "1.0", "GHSA-deep", "says", "x"),
                ("deep", "1.0", "GHSA-deep", "has aliases", True),
            },
            set(),
        ],
    ),
}
"""Files, a command line, and what only pip-audit and only safe-pip say of it."""


@pytest.mark.parametrize("case", REQUIREMENTS)
def test_files(beside: Beside, world: FakeIndex, here: Path, case: str) -> None:
    """Requirements, projects and lock files."""
    files, arguments, expected = REQUIREMENTS[case]
    for name, content in files.items():
        (here / name).parent.mkdir(exist_ok=True)
        text = content.format(hashed=pinned(world, "weak", "deep"), zeros="0" * 64) if "{" in content else content
        (here / name).write_text(text)

    theirs, ours = beside(*arguments)

    if case == "a project that needs nothing":
        assert (theirs.json["dependencies"], ours.json["dependencies"]) == ([], [])
        assert (theirs.code, ours.code) == (0, 0)
        return
    assert list(compared(theirs, ours)) == expected
    assert theirs.code == ours.code


@pytest.mark.parametrize(
    "options",
    [
        ["-f", "columns"],
        ["-f", "markdown"],
        ["-f", "columns", "--desc", "--aliases"],
        ["-f", "markdown", "--desc", "--aliases"],
    ],
)
def test_tables(beside: Beside, here: Path, options: list[str]) -> None:
    """The tables, by their cells: pip-audit's columns are there, in its order, with the same in them."""
    put(here / "one", "weak", "1.0")
    put(here / "one", "deep", "1.0")

    theirs, ours = beside("--path", "one", *options)
    left, right = (_cells(ran.out, options[1]) for ran in (theirs, ours))

    assert left[0] == [title for title in right[0] if title in left[0]]
    places = [right[0].index(title) for title in left[0]]
    assert sorted(left[1:]) == sorted([row[place] for place in places] for row in right[1:])
    assert (theirs.code, ours.code) == (1, 1)


def _cells(text: str, format: str) -> list[list[str]]:
    """The rows of a table; of columns by the widths that the line below the titles draws, of Markdown without links."""
    lines = [line for line in text.splitlines() if line.strip()]
    if format == "markdown":
        rows = [
            [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell.strip()) for cell in line.strip("| ").split(" | ")]
            for line in lines
        ]
        return [rows[0], *([_sorted(cell) for cell in row] for row in rows[2:])]
    edges, start = [], 0
    for part in lines[1].split(" "):
        edges.append((start, start + len(part)))
        start += len(part) + 1
    rows = [[line[low:high].strip() for low, high in edges] for line in [lines[0], *lines[2:]]]
    return [rows[0], *([_sorted(cell) for cell in row] for row in rows[1:])]


def _sorted(cell: str) -> str:
    """A cell with a list of ids in it, in order: pip-audit's order changes from run to run."""
    return ", ".join(sorted(cell.replace("[", "").split(", ")))


@pytest.mark.parametrize(
    ("installed", "options"),
    [
        (["weak 1.0"], []),
        (["weak 1.0", "deep 1.0"], []),
        (["weak 1.0", "deep 1.0"], ["--ignore-vuln", "CVE-2026-1"]),
        (["weak 1.0"], ["--ignore-vuln", "CVE-2026-1"]),
        (["weak 1.1"], []),
        (["weak 1.1"], ["--ignore-vuln", "CVE-2026-1"]),
        (["weak 1.0", "deep 1.0"], ["-d"]),
        (["good 1.0"], ["-f", "columns"]),
    ],
)
def test_the_last_line(beside: Beside, here: Path, installed: list[str], options: list[str]) -> None:
    """The summary, which scripts look for, letter by letter, and the exit code with it."""
    for item in installed:
        put(here / "one", *item.split())

    theirs, ours = beside("--path", "one", *options)

    last = theirs.err.splitlines()[-1].removeprefix("INFO:pip_audit._audit:") if "-d" not in options else ""
    assert last in ours.err.splitlines() or "-d" in options
    assert theirs.code == ours.code
    assert bool(theirs.out.strip()) == bool(ours.out.strip())
