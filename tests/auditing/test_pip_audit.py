"""What pip-audit promises, group by group, asked of ``safe-pip audit`` as a black box.

The groups are those of pip-audit's documentation and of the names of its tests; nothing of pip-audit runs here (that is
``test_beside_pip_audit``). Where safe-pip keeps the promise in another way, the case says why.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auditing.conftest import Audit, found, put, skipped
from conftest import Ran, Venv
from fakes import FakeIndex, advisory, export, sha256, wheel
from safe_pip.cli import main

ZEROS = f"--hash=sha256:{'0' * 64}"
LOCK = 'lock-version = "1.0"\ncreated-by = "me"\n'
LOCKED_WEAK = (
    '[[packages]]\nname = "weak"\nversion = "1.0"\n'
    f'wheels = [{{url = "https://files.example/weak-1.0-py3-none-any.whl", hashes = {{sha256 = "{"0" * 64}"}}}}]\n'
)
PROJECT = '[project]\nname = "mine"\nversion = "1"\n'
BARE = ("--no-deps", "--disable-pip")

WEAK = {"weak 1.0": ["PYSEC-1"]}


@dataclass(frozen=True)
class Case:
    """What lies where, what is asked, and what comes of it.

    installed: into the folder ``site``. files: by path. code: the exit code. found: ids by ``NAME VERSION``, where the
    report is JSON. skipped: parts of reasons by name. said, unsaid: what stands on stderr, and what must not. out: the
    whole of stdout.
    """

    asked: str
    code: int
    found: Mapping[str, Sequence[str]] | None = None
    installed: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    unsaid: str = ""
    out: str | None = None
    format: str | None = "json"
    environ: Mapping[str, str] = field(default_factory=dict)


CASES: dict[str, Case] = {
    # ---- which findings there are
    "a hole is exit code 1": Case(
        "--path site", 1, WEAK, ["weak 1.0"], said="Found 1 known vulnerability in 1 package"
    ),
    "none is 0": Case("--path site", 0, {"weak 1.1": []}, ["weak 1.1"], said="No known vulnerabilities found"),
    "PYSEC is shown before CVE, and CVE before the rest": Case(
        "--path site", 1, {"weak 1.0": ["PYSEC-1"], "named 1.0": ["CVE-2"]}, ["weak 1.0", "named 1.0"]
    ),
    "several things of one package": Case("--path site", 1, {"holes 1.0": ["PYSEC-3", "PYSEC-4"]}, ["holes 1.0"]),
    "what is withdrawn is nothing": Case("--path site", 0, {"calm 1.0": []}, ["calm 1.0"]),
    "a pre-release of the fix is affected": Case("--path site", 1, {"weak 1.1rc1": ["PYSEC-1"]}, ["weak 1.1rc1"]),
    "a local version is its public one": Case("--path site", 1, {"weak 1.0+cpu": ["PYSEC-1"]}, ["weak 1.0+cpu"]),
    "names are normalized": Case("--path site", 1, {"dot-ted 1.0": ["GHSA-5"]}, ["Dot.Ted 1.0"]),
    # ---- how it is said
    "the summary counts things and packages": Case(
        "--path site", 1, None, ["weak 1.0", "holes 1.0"], said="Found 3 known vulnerabilities in 2 packages"
    ),
    "an ignored thing is counted apart": Case(
        "--path site --ignore-vuln PYSEC-3",
        1,
        {"weak 1.0": ["PYSEC-1"], "holes 1.0": ["PYSEC-4"]},
        ["weak 1.0", "holes 1.0"],
        said="Found 2 known vulnerabilities, ignored 1 in 2 packages",
    ),
    "an alias ignores as well, and nothing else is left": Case(
        "--path site --ignore-vuln GHSA-1",
        0,
        {"weak 1.0": []},
        ["weak 1.0"],
        said="No known vulnerabilities found, 1 ignored",
    ),
    "an id that is nowhere is told": Case("--path site --ignore-vuln CVE-0", 1, WEAK, ["weak 1.0"], said="CVE-0"),
    "columns of a clean environment are nothing": Case("--path site", 0, None, ["good 1.0"], out="", format="columns"),
    "columns are nothing but the report": Case(
        "--path site", 1, None, ["weak 1.0"], said="Found 1 known", unsaid="PYSEC-1", format="columns"
    ),
    # ---- where from
    "several folders": Case(
        "--path site --path more", 1, {"weak 1.0": ["PYSEC-1"], "good 1.0": []}, ["weak 1.0", "more/good 1.0"]
    ),
    "a version that is none": Case(
        "--path site", 3, {"good 1.0": []}, ["good 1.0", "weak 2004d"], skipped={"weak": "2004d"}
    ),
    "a requirements file": Case("-r r.txt", 1, {"app 1.0": [], "weak 1.0": ["PYSEC-1"]}, files={"r.txt": "app\n"}),
    "several, and one of them nested": Case(
        "-r r.txt -r s.txt",
        1,
        {"good 1.0": [], "weak 1.1": [], "holes 1.0": ["PYSEC-3", "PYSEC-4"]},
        files={"r.txt": "good\n-r in/n.txt\n", "in/n.txt": "weak\n", "s.txt": "holes\n"},
    ),
    "the same in two files is one": Case(
        "-r r.txt -r s.txt", 0, {"good 1.0": []}, files={"r.txt": "good\n", "s.txt": "good==1.0\n"}
    ),
    "what cannot be together": Case("-r r.txt", 4, files={"r.txt": "weak==1.0\nweak==1.1\n"}, unsaid="Traceback"),
    "an extra": Case(
        "-r r.txt",
        1,
        {"app 1.0": [], "weak 1.0": ["PYSEC-1"], "holes 1.0": ["PYSEC-3", "PYSEC-4"]},
        files={"r.txt": "app[more]\n"},
    ),
    "a marker that does not hold": Case(
        f"-r r.txt {' '.join(BARE)}",
        0,
        {"good 1.0": []},
        files={"r.txt": "good==1.0\nweak==1.0 ; python_version < '3'\n"},
    ),
    "setuptools, where it is named": Case(
        "-r r.txt", 1, {"setuptools 80.0": ["PYSEC-6"]}, files={"r.txt": "setuptools\n"}
    ),
    "a line that is none": Case("-r r.txt", 2, files={"r.txt": "good\na#b#c\n"}, said="r.txt, line 2"),
    "a file that is not there": Case("-r gone.txt", 2, said="gone.txt"),
    # ---- hashes and pins
    "pinned": Case("-r r.txt --no-deps", 1, WEAK, files={"r.txt": "weak==1.0\n"}),
    "pinned, without pip": Case(f"-r r.txt {' '.join(BARE)}", 1, WEAK, files={"r.txt": "weak==1.0\n"}),
    "hashed, without pip": Case("-r r.txt --disable-pip", 1, WEAK, files={"r.txt": f"weak==1.0 {ZEROS}\n"}),
    "hashed, and told so": Case(
        "-r r.txt --disable-pip --require-hashes", 1, WEAK, files={"r.txt": f"weak==1.0 {ZEROS}\n"}
    ),
    "neither hashed nor pinned": Case("-r r.txt --disable-pip", 2, files={"r.txt": "weak==1.0\n"}, said="--no-deps"),
    "hashed in part": Case(
        f"-r r.txt {' '.join(BARE)}", 2, files={"r.txt": f"good==1.0 {ZEROS}\nweak==1.0\n"}, said="r.txt, line 2"
    ),
    # pip-audit ends with 1, the code for "vulnerable".
    "a hash that the file has not": Case(
        "-r r.txt", 3, {"good 1.0": []}, files={"r.txt": f"good==1.0 {ZEROS}\n"}, said="another hash"
    ),
    "without a hash": Case("-r r.txt --require-hashes", 2, files={"r.txt": "good==1.0\n"}, said="good==1.0"),
    "not pinned": Case("-r r.txt --no-deps", 2, files={"r.txt": "good\n"}, said="not pinned"),
    "twice, in two versions": Case("-r r.txt --no-deps", 2, files={"r.txt": "weak==1.0\nWeak==1.1\n"}, said="line 2"),
    "twice, alike": Case("-r r.txt --no-deps", 1, WEAK, files={"r.txt": "weak==1.0\nweak==1.0\n"}),
    "pinned with a star": Case("-r r.txt --no-deps", 2, files={"r.txt": "weak==1.*\n"}, unsaid="Traceback"),
    # ---- what cannot be looked up
    "a URL": Case(
        f"-r r.txt {' '.join(BARE)}",
        1,
        WEAK,
        files={"r.txt": "weak==1.0\nfar @ https://files.example/far-1.0.zip\n"},
        skipped={"far": "URL"},
    ),
    "nothing but URLs": Case(
        f"-r r.txt {' '.join(BARE)}",
        3,
        {},
        files={"r.txt": "far @ https://files.example/far-1.0.zip\n"},
        skipped={"far": "URL"},
    ),
    "strict, and a URL": Case(
        f"-r r.txt {' '.join(BARE)} --strict",
        3,
        {"good 1.0": []},
        files={"r.txt": "good==1.0\nfar @ https://files.example/far-1.0.zip\n"},
        skipped={"far": "URL"},
    ),
    # ---- projects and lock files
    "a project": Case(
        ".", 1, {"app 1.0": [], "weak 1.0": ["PYSEC-1"]}, files={"pyproject.toml": PROJECT + 'dependencies = ["app"]\n'}
    ),
    "a project without dependencies": Case(".", 0, {}, files={"pyproject.toml": PROJECT}),
    "a pyproject without a project": Case(".", 2, files={"pyproject.toml": "[tool.x]\n"}, said="pyproject.toml"),
    "a folder that is no project": Case(".", 2, said="pyproject.toml"),
    "a lock file": Case("--locked .", 1, WEAK, files={"pylock.toml": LOCK + LOCKED_WEAK}),
    "a lock file with a name": Case("--locked .", 1, WEAK, files={"pylock.dev.toml": LOCK + LOCKED_WEAK}),
    "no lock file": Case("--locked .", 2, files={"pyproject.toml": PROJECT}, said="lock file"),
    "a lock file of another version": Case(
        "--locked .", 2, files={"pylock.toml": LOCK.replace("1.0", "2.0") + LOCKED_WEAK}, said="pylock.toml"
    ),
    "a lock file that is not TOML": Case("--locked .", 2, files={"pylock.toml": "= no\n"}, said="pylock.toml"),
    "a lock file whose package has no name": Case(
        "--locked .", 2, files={"pylock.toml": LOCK + '[[packages]]\nversion = "1.0"\n'}, said="pylock.toml"
    ),
    "a lock file whose package has no version": Case(
        "--locked .",
        1,
        WEAK,
        files={"pylock.toml": LOCK + LOCKED_WEAK + '[[packages]]\nname = "here"\ndirectory = {path = "."}\n'},
        skipped={"here": ""},
    ),
    # ---- the rest
    "a dry run finds nothing": Case(
        "--path site -d", 0, {}, ["weak 1.0", "good 1.0"], said="would have audited 2 packages"
    ),
    "the format from the environment": Case(
        "--path site", 1, WEAK, ["weak 1.0"], format=None, environ={"PIP_AUDIT_FORMAT": "json"}
    ),
    "fixing is refused": Case("--path site --fix", 2, installed=["weak 1.0"], said="--fix"),
    "a service of another company is refused": Case("--path site -s esms", 2, installed=["weak 1.0"], said="esms"),
    "--locked without a project": Case("--locked", 2, said="--locked"),
    # pip-audit takes one kind of input at a time.
    "-r with a project": Case(
        "-r r.txt .",
        1,
        {"app 1.0": [], "good 1.0": [], "weak 1.0": ["PYSEC-1"]},
        files={"r.txt": "good\n", "pyproject.toml": PROJECT + 'dependencies = ["app"]\n'},
    ),
}


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """What is known in these cases."""
    fixed = [{"introduced": "0"}, {"fixed": "1.1"}]
    return export(
        tmp_path / "records.zip",
        [
            advisory("PYSEC-1", "weak", events=fixed, aliases=["CVE-1"], summary="weak is weak", details="At length."),
            advisory("GHSA-1", "weak", events=fixed, aliases=["CVE-1"]),
            advisory("GHSA-2", "named", aliases=["CVE-2"]),
            advisory("PYSEC-3", "holes", events=[{"introduced": "0"}, {"fixed": "2.0"}]),
            advisory("PYSEC-4", "holes", events=fixed),
            advisory("GHSA-5", "dot.ted"),
            advisory("PYSEC-6", "setuptools"),
            advisory("PYSEC-7", "calm", withdrawn="2026-06-01T00:00:00Z"),
        ],
    )


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """What can be had."""
    files = tmp_path / "files"
    index.add(wheel(files, "app", "1.0", requires=["weak==1.0", 'holes; extra == "more"'], extras=["more"]))
    for item in ("weak 1.0", "weak 1.1", "holes 1.0", "good 1.0", "setuptools 80.0"):
        index.add(wheel(files, *item.split()))
    return index


@pytest.fixture
def ask(
    here: Path, environ: dict[str, str], records: Path, world: FakeIndex, capsys: pytest.CaptureFixture[str]
) -> Audit:
    """The command, with these advisories and this index."""
    return Audit({**environ, "PIP_INDEX_URL": world.url}, records, world, capsys)


@pytest.mark.parametrize("name", CASES)
def test_a_promise(ask: Audit, here: Path, name: str) -> None:
    """Each is a sentence of its own."""
    case = CASES[name]
    (here / "site").mkdir()
    for item in case.installed:
        place, version = item.split()
        put(here / (os.path.dirname(place) or "site"), os.path.basename(place), version)
    for path, content in case.files.items():
        (here / path).parent.mkdir(exist_ok=True)
        (here / path).write_text(content)

    ran = ask(*case.asked.split(), format=case.format, **case.environ)

    assert ran.code == case.code, ran.err + ran.out
    if case.found is not None:
        assert {item: sorted(ids) for item, ids in found(ran).items()} == case.found
        assert skipped(ran).keys() == case.skipped.keys()
    for item, reason in case.skipped.items():
        assert reason in skipped(ran)[item]
    assert case.said in ran.said
    assert not case.unsaid or case.unsaid not in ran.said
    assert case.out is None or ran.out == case.out
    if case.code == 2 and "is not supported by safe-pip" not in ran.said:
        assert "Next:" in ran.err, "what to do next"


# --------------------------------------------------------------------------- what a table cannot say


def test_the_shape_of_json(ask: Audit, here: Path) -> None:
    """Every key that pip-audit has, with the kinds of values that it has, for those who read it by program."""
    put(here / "site", "weak", "1.0")
    [item] = ask("--path", "site").json["dependencies"]
    [vuln] = item["vulns"]

    assert (item["name"], item["version"]) == ("weak", "1.0")
    assert (vuln["id"], vuln["fix_versions"]) == ("PYSEC-1", ["1.1"])
    assert sorted(vuln["aliases"]) == ["CVE-1", "GHSA-1"]
    assert vuln["description"] == "weak is weak"
    assert ask("--path", "site").json["fixes"] == []


@pytest.mark.parametrize(
    ("format", "options", "columns"),
    [
        ("columns", (), []),
        ("columns", ("--aliases",), ["Aliases"]),
        ("columns", ("--desc", "on"), ["Description"]),
        ("columns", ("--desc", "--aliases"), ["Aliases", "Description"]),
        ("columns", ("--desc", "auto", "--aliases", "auto"), []),
        ("markdown", (), []),
        ("markdown", ("--desc", "--aliases=on"), ["Aliases", "Description"]),
        ("markdown", ("--desc=off", "--aliases", "off"), []),
    ],
)
def test_columns_that_are_asked_for(
    ask: Audit, here: Path, format: str, options: tuple[str, ...], columns: list[str]
) -> None:
    """Aliases and descriptions are off in tables until they are wanted; the first four columns are always there."""
    put(here / "site", "weak", "1.0")
    ran = ask("--path", "site", *options, format=format)
    titles = next(line for line in ran.out.splitlines() if "Fix Versions" in line)

    places = [titles.index(title) for title in ["Name", "Version", "ID", "Fix Versions", *columns]]
    assert places == sorted(places)
    assert {title for title in ("Aliases", "Description") if title in titles} == set(columns)
    assert ("weak is weak" in ran.out) == ("Description" in columns)
    assert ("CVE-1" in ran.out) == ("Aliases" in columns)


@pytest.mark.parametrize(
    ("options", "keys"), [((), {"aliases", "description"}), (("--desc", "off", "--aliases", "off"), set())]
)
def test_keys_that_are_asked_for(ask: Audit, here: Path, options: tuple[str, ...], keys: set[str]) -> None:
    """In JSON they are on until they are not wanted."""
    put(here / "site", "weak", "1.0")
    [vuln] = ask("--path", "site", *options).json["dependencies"][0]["vulns"]

    assert {"aliases", "description"} & vuln.keys() == keys


def test_a_table_of_what_was_skipped(ask: Audit, here: Path) -> None:
    """It comes after the findings, with an empty line between, and also where there are none."""
    (here / "r.txt").write_text("weak==1.0\nfar @ https://files.example/far-1.0.zip\n")
    with_both = ask("-r", "r.txt", *BARE, format="columns").out
    (here / "r.txt").write_text("good==1.0\nfar @ https://files.example/far-1.0.zip\n")
    alone = ask("-r", "r.txt", *BARE, format="columns")

    assert with_both.index("Fix Versions") < with_both.index("\n\nName Skip Reason")
    assert alone.out.startswith("Name Skip Reason\n")
    assert alone.code == 0


def test_the_report_in_a_file(ask: Audit, here: Path) -> None:
    """``-o`` and its variable: stdout stays empty, the file holds the report; ``stdout`` and ``-`` are no files."""
    put(here / "site", "weak", "1.0")
    asked = ask("--path", "site", "-o", "out.json")
    by_variable = ask("--path", "site", PIP_AUDIT_OUTPUT="var.json")
    to_stdout = [ask("--path", "site", "-o", name) for name in ("stdout", "-")]

    assert [ran.code for ran in (asked, by_variable, *to_stdout)] == [1, 1, 1, 1]
    assert asked.out == by_variable.out == ""
    for name in ("out.json", "var.json"):
        assert json.loads((here / name).read_text()) == to_stdout[0].json
    assert to_stdout[0].json == to_stdout[1].json
    assert sorted(path.name for path in here.iterdir()) == ["out.json", "site", "var.json"]


def test_a_pipe_instead_of_a_file(ask: Audit, here: Path) -> None:
    """``-r <(something)``: it can be read once only, and is gone afterwards."""
    os.mkfifo(here / "pipe")
    writer = threading.Thread(target=(here / "pipe").write_text, args=("weak==1.0\n",), daemon=True)
    writer.start()
    ran = ask("-r", "pipe", "--no-deps")
    writer.join(20)

    assert (ran.code, found(ran)) == (1, WEAK)


def test_the_active_environment(ask: Audit, venv: Venv) -> None:
    """Without any input it is the environment, whose packages an editable install is one of."""
    put(venv.site_packages, "weak", "1.0")
    put(venv.site_packages, "mine", "1.0", direct_url={"url": "file:///src", "dir_info": {"editable": True}})
    active = {"VIRTUAL_ENV": str(venv.path)}
    whole, local, without = ask(**active), ask("-l", **active), ask("--skip-editable", **active)

    assert found(whole) == found(local) == {"weak 1.0": ["PYSEC-1"], "mine 1.0": []}
    assert found(without) == WEAK
    assert "editable" in skipped(without)["mine"]
    assert [ran.code for ran in (whole, local, without)] == [1, 1, 1]


def test_a_service_that_is_down(ask: Audit, here: Path, records: Path) -> None:
    """No traceback, and neither "clean" nor "vulnerable"; what another source knows is still said."""
    put(here / "site", "weak", "1.0")
    put(here / "site", "good", "1.0")
    down = ["-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query", "--retries", "0"]
    with_local = ask("--path", "site", *down)
    code = main(["audit", "--path", "site", "-f", "json", *down], ask.environ)
    shown = ask.capsys.readouterr()
    alone = Ran(code, shown.out, shown.err)

    assert (alone.code, found(alone)) == (3, {"weak 1.0": [], "good 1.0": []})
    assert (with_local.code, found(with_local)) == (1, {"weak 1.0": ["PYSEC-1"], "good 1.0": []})
    for ran in (alone, with_local):
        assert "127.0.0.1:9" in ran.said
        assert "Traceback" not in ran.err


def test_version_and_help(ask: Audit) -> None:
    """Both end at once, with 0, on stdout."""
    for option, expected in (("-V", "safe-pip "), ("--version", "safe-pip "), ("-h", "Usage: safe-pip audit")):
        ran = ask(option, format=None)
        assert ran.code == 0
        assert ran.out.startswith(expected)


def test_requirements_with_the_right_hashes_are_resolved(ask: Audit, here: Path, world: FakeIndex) -> None:
    """``--require-hashes`` with pip's rules: everything that is needed has to be there, with its hash."""
    lines = {name: f"{name}==1.0 --hash=sha256:{sha256(world.projects[name][0].path)}\n" for name in ("app", "weak")}
    (here / "r.txt").write_text(lines["app"] + lines["weak"])
    whole = ask("-r", "r.txt", "--require-hashes")
    (here / "r.txt").write_text(lines["app"])
    part = ask("-r", "r.txt", "--require-hashes")

    assert (whole.code, found(whole)) == (1, {"app 1.0": [], "weak 1.0": ["PYSEC-1"]})
    assert part.code not in (0, 1)
    assert "weak" in part.said
