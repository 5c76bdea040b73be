"""``safe-pip audit`` from end to end: where reports go, what is said besides, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from auditing.conftest import Audit, found, put, skipped
from conftest import Guard
from fakes import Answer, FakeIndex, advisory, export, wheel
from osv_server import OsvServer
from pypi_json_server import PyPIJsonServer, vulnerability
from safe_pip.cli import main

UV_LOCK = """version = 1
requires-python = ">=3.10"

[[package]]
name = "app"
version = "1.0"
source = { editable = "." }
dependencies = [{ name = "weak" }, { name = "evil", marker = "sys_platform == 'nowhere'" }]

[[package]]
name = "weak"
version = "1.0"
source = { registry = "http://127.0.0.1/simple" }

[[package]]
name = "evil"
version = "1.0"
source = { registry = "http://127.0.0.1/simple" }
"""


@pytest.fixture
def lib(here: Path) -> Path:
    """A folder with something weak, something hopeless and something good in it."""
    for name in ("weak", "hopeless", "good"):
        put(here / "lib", name, "1.0")
    return here / "lib"


# --------------------------------------------------------------------------- reports


def test_columns_are_the_default_where_nobody_looks_on(audit: Audit, lib: Path) -> None:
    """A pipe gets what pip-audit gives it: the table on stdout, one line on stderr."""
    ran = audit("--path", "lib", format=None)

    lines = ran.out.splitlines()
    assert lines[0].split()[:4] == ["Name", "Version", "ID", "Fix"]
    assert [line.split()[:3] for line in lines[2:]] == [
        ["weak", "1.0", "PYSEC-2026-1"],
        ["hopeless", "1.0", "PYSEC-2026-2"],
    ]
    assert ran.err == "Found 2 known vulnerabilities in 2 packages\n"


def test_nothing_found_leaves_stdout_alone(audit: Audit, here: Path) -> None:
    """As pip-audit does; JSON is always written."""
    put(here / "lib", "good", "1.0")

    assert (audit("--path", "lib", format=None).out, audit("--path", "lib", format=None).code) == ("", 0)
    assert audit("--path", "lib").json == {
        "dependencies": [{"name": "good", "version": "1.0", "vulns": []}],
        "fixes": [],
    }


def test_a_report_in_a_file(audit: Audit, lib: Path, here: Path) -> None:
    """Written whole, by option or variable, and with nothing on stdout; ``-`` and ``stdout`` are no files."""
    ran = audit("--path", "lib", "-o", "report.json")
    assert (ran.out, ran.code) == ("", 1)
    assert len(json.loads((here / "report.json").read_text())["dependencies"]) == 3
    assert audit("--path", "lib", format="markdown", PIP_AUDIT_OUTPUT="report.json").out == ""
    assert "PYSEC-2026-1" in (here / "report.json").read_text()
    (here / "empty").mkdir()
    audit("--path", "empty", "-o", "report.json", format=None)
    assert (here / "report.json").read_text() == "", "a report of an earlier run must not stay"
    assert audit("--path", "lib", "-o", "-").json == audit("--path", "lib", "-o", "stdout").json
    assert sorted(os.listdir(here)) == ["empty", "lib", "report.json"]


def test_a_file_that_cannot_be_written_is_found_early(audit: Audit, here: Path) -> None:
    """Before anything else is done."""
    ran = audit("--path", "gone", "-o", "gone/report", format=None)

    assert ran.code == 2
    assert "--output gone/report cannot be written" in ran.said


@pytest.mark.parametrize(
    "name",
    ["columns", "json", "markdown", "cyclonedx-json", "cyclonedx-xml", "text", "sarif", "github", "junit", "vex"],
)
def test_every_format_tells_of_the_finding(audit: Audit, lib: Path, name: str) -> None:
    """And ends with the same exit code."""
    ran = audit("--path", "lib", "--ignore-vuln", "PYSEC-2026-2", format=name)

    assert ran.code == 1
    assert ("PYSEC-2026-2" if name == "vex" else "PYSEC-2026-1") in ran.out


def test_descriptions_and_other_ids_are_on_for_json(audit: Audit, lib: Path) -> None:
    """``auto`` of pip-audit, and both switches."""
    (first, *_) = [item["vulns"][0] for item in audit("--path", "lib").json["dependencies"] if item["vulns"]]
    assert {"aliases", "description"} <= first.keys()
    off = audit("--path", "lib", "--desc", "off", "--aliases=off").json
    assert not any({"aliases", "description"} & vuln.keys() for item in off["dependencies"] for vuln in item["vulns"])
    assert "CVE-2026-1" not in audit("--path", "lib", format=None).out
    assert "CVE-2026-1" in audit("--path", "lib", "--aliases", format=None).out
    assert "is about weak" in audit("--path", "lib", "--desc", format=None).out


# --------------------------------------------------------------------------- what counts


def test_ignored_findings_are_told_and_so_are_words_without_use(audit: Audit, lib: Path) -> None:
    """By any id, and for one package."""
    ran = audit(
        "--path", "lib", "--ignore-vuln", "cve-2026-1:weak", "--ignore-vuln", "PYSEC-2026-2", "--ignore-vuln", "X"
    )

    assert ran.code == 0
    assert "X is to be ignored" in ran.said
    assert ran.said.endswith("No known vulnerabilities found, 2 ignored")


def test_thresholds(audit: Audit, lib: Path) -> None:
    """``--fixable-only``, ``--min-severity`` and ``--fail-on`` reach the judge."""
    assert found(audit("--path", "lib", "--fixable-only"))["hopeless 1.0"] == []
    ran = audit("--path", "lib", "--fail-on", "never")
    assert (ran.code, found(ran)["weak 1.0"]) == (0, ["PYSEC-2026-1"])
    assert audit("--path", "lib", "--fail-on", "block", "--ignore-vuln", "PYSEC-2026-1").code == 0
    assert audit("--path", "lib", "--min-severity", "critical").code == 1, "nobody knows how bad they are"


@pytest.mark.parametrize("word", ["", ":weak", "X:"])
def test_an_ignore_that_names_nothing(audit: Audit, word: str) -> None:
    """The option is named as it was given."""
    ran = audit("--path", "lib", f"--ignore-vuln={word}")

    assert ran.code == 2
    assert "--ignore-vuln" in ran.said


# --------------------------------------------------------------------------- dry runs


def test_a_dry_run_collects_and_looks_nothing_up(audit: Audit, lib: Path, tmp_path: Path) -> None:
    """pip-audit's: the number, no findings, and exit code 0; nobody shall take it for a clean audit."""
    (tmp_path / "advisories.zip").write_text("no zip at all: it is not looked at")

    ran = audit("--path", "lib", "--dry-run")

    assert (ran.code, ran.json) == (0, {"dependencies": [], "fixes": []})
    assert ran.err == "Dry run: would have audited 3 packages\n"
    assert audit("--path", "lib", "-d", format=None).out == ""


# --------------------------------------------------------------------------- lock files, SBOMs, trees


def test_lock_files_of_a_project(audit: Audit, here: Path) -> None:
    """By name, or all of the folder; markers count, unless all of it is asked for (pip-audit takes all)."""
    (here / "uv.lock").write_text(UV_LOCK)

    assert found(audit("--locked", ".")) == {"weak 1.0": ["PYSEC-2026-1"]}
    assert found(audit("--lock", "uv.lock", "--universal"))["evil 1.0"] == ["MAL-2026-3"]
    assert found(audit("-r", "uv.lock")) == {"weak 1.0": ["PYSEC-2026-1"]}
    (here / "empty").mkdir()
    ran = audit("--locked", "empty")
    assert ran.code == 2
    assert "There is no lock file in empty" in ran.said


def test_a_bill_of_materials(audit: Audit, here: Path) -> None:
    """No interpreter is needed for one."""
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "components": [{"type": "library", "name": "weak", "version": "1.0", "purl": "pkg:pypi/weak@1.0"}],
    }
    (here / "bom.json").write_text(json.dumps(bill))

    assert found(audit("--sbom", "bom.json", VIRTUAL_ENV="/gone")) == {"weak 1.0": ["PYSEC-2026-1"]}


def test_several_inputs_name_their_findings(audit: Audit, here: Path, lib: Path) -> None:
    """Each finding with every place that it was found in."""
    (here / "uv.lock").write_text(UV_LOCK)

    ran = audit("--path", "lib", "--lock", "uv.lock")

    places = {
        item["name"]: [place["name"] for place in item["inputs"]]
        for item in ran.json["dependencies"]
        if "inputs" in item
    }
    assert places["weak"] == ["lib", "uv.lock"]


def test_a_tree(audit: Audit, here: Path, index: FakeIndex, tmp_path: Path) -> None:
    """Every file of a monorepo; one that cannot be read leaves the others, and the audit incomplete."""
    index.add(wheel(tmp_path, "weak", "1.0"))
    index.add(wheel(tmp_path, "evil", "1.0"))
    for name, content in {
        "a/uv.lock": UV_LOCK,
        "b/requirements.txt": "evil\n",
        "c/pyproject.toml": '[project]\nname = "c"\ndependencies = ["weak"]\n',
        "d/requirements-dev.txt": "weak = 1\n",
        "e/pyproject.toml": "[tool.ruff]\nline-length = 100\n",
        ".venv/pyvenv.cfg": "",
        ".venv/requirements.txt": "nobody asks\n",
    }.items():
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(content)

    ran = audit.resolving("--recursive", "--extra", "none-has-it")

    assert found(ran) == {"weak 1.0": ["PYSEC-2026-1"], "evil 1.0": ["MAL-2026-3"]}
    assert [item["reason"].partition(":")[0] for item in ran.json["unchecked"]] == ["d/requirements-dev.txt, line 1"]
    assert ran.code == 1
    (here / "b" / "requirements.txt").unlink()
    (here / "c" / "pyproject.toml").unlink()
    (here / "a" / "uv.lock").unlink()
    assert audit.resolving("--recursive").code == 3


# --------------------------------------------------------------------------- services


def test_the_same_from_a_service(audit: Audit, lib: Path) -> None:
    """``-s osv`` at another address, by option and by pip-audit's variable."""
    records = [advisory("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}], aliases=["CVE-2026-1"])]
    with OsvServer(records) as server:
        words = ["audit", "--path", "lib", "-s", "osv", "-f", "json", "-o", "out"]
        assert main([*words, "--osv-url", server.base], audit.environ) == 1
        assert main(words, {**audit.environ, "PIP_AUDIT_OSV_URL": f"{server.base}/v1/query"}) == 1

    vulns = {item["name"]: item["vulns"] for item in json.loads(Path("out").read_text())["dependencies"]}
    assert [vuln["id"] for vuln in vulns["weak"]] == ["PYSEC-2026-1"]


def test_private_names_are_not_told(audit: Audit, here: Path, lib: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not those of patterns, and not those that came from elsewhere; each is skipped, with the reason."""
    put(here / "lib", "acme.secret", "1.0")
    put(here / "lib", "own", "1.0", direct_url={"url": "file:///own", "dir_info": {"editable": True}})
    with OsvServer() as server:
        words = ["audit", "--path", "lib", "-s", "osv", "--osv-url", server.base, "-f", "json", "--private"]
        code = main([*words, "Acme_*"], audit.environ)
        asked = b"".join(asked.body for asked in server.asked)

    shown = capsys.readouterr()
    report = json.loads(shown.out)
    reasons = {item["name"]: item["skip_reason"] for item in report["dependencies"] if "skip_reason" in item}
    assert code == 0
    assert reasons.keys() == {"acme-secret", "own"}
    assert b"good" in asked
    assert b"acme" not in asked
    assert b"own" not in asked
    assert "was not asked about acme-secret and own" in shown.err


def test_private_names_are_looked_up_here(audit: Audit, here: Path) -> None:
    """The local database tells nobody."""
    put(here / "lib", "weak", "1.0")

    assert found(audit("--path", "lib", "--private", "weak")) == {"weak 1.0": ["PYSEC-2026-1"]}


def test_an_outage_is_neither_clean_nor_a_finding(audit: Audit, lib: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pip-audit ends with 1, or with 0 and everything skipped."""
    with OsvServer() as server:
        url = server.base
    words = ["audit", "--path", "lib", "-s", "osv", "--osv-url", url, "-f", "json", "--retries", "0"]

    assert main(words, audit.environ) == 3
    assert "incomplete" in capsys.readouterr().err.lower()
    assert main([*words, "--advisories", str(audit.advisories)], audit.environ) == 1, "what is known is told"
    assert json.loads(capsys.readouterr().out)["unchecked"]


def test_the_service_of_the_index(audit: Audit, lib: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``-s pypi`` asks beside the index that is configured, and what it does not know is skipped, as by pip-audit."""
    with PyPIJsonServer() as server:
        server.add("weak", "1.0", vulnerability("PYSEC-2026-1", fixed_in=["1.1"]))
        server.add("good", "1.0")
        code = main(
            ["audit", "--path", "lib", "-s", "pypi", "-f", "json"],
            {**audit.environ, "PIP_INDEX_URL": f"{server.base}/simple"},
        )

    shown = capsys.readouterr()
    items: dict[str, Any] = {item["name"]: item for item in json.loads(shown.out)["dependencies"]}
    assert code == 1, shown.err
    assert [vuln["id"] for vuln in items["weak"]["vulns"]] == ["PYSEC-2026-1"]
    assert "no source of advisories knows" in items["hopeless"]["skip_reason"]


# --------------------------------------------------------------------------- ends


def test_no_source_at_all(audit: Audit, lib: Path, tmp_path: Path) -> None:
    """Nothing was looked up: JSON with the error and no list that could be taken for a clean one."""
    (tmp_path / "advisories.zip").unlink()

    ran = audit("--path", "lib")

    assert (ran.code, ran.json["exit_code"], ran.json["dependencies"]) == (3, 3, [])


def test_the_cache_can_be_named(audit: Audit, lib: Path, here: Path) -> None:
    """``--cache-dir`` of pip-audit: everything that is kept lies there."""
    assert audit("--path", "lib", "--cache-dir", "kept").code == 1

    assert (here / "kept" / "advisories").is_dir()
    assert not Path(audit.environ["SAFE_PIP_CACHE_DIR"]).exists()


def test_offline_uses_what_is_here(audit: Audit, lib: Path) -> None:
    """A file on this machine needs no network; OSV's export that was never fetched leaves the starter set."""
    assert audit("--path", "lib", "--offline").code == 1
    assert main(["audit", "--path", "lib", "--offline"], audit.environ) == 3


def test_a_failure_in_every_machine_format(audit: Audit) -> None:
    """JSON of both kinds says why; formats that have no place for it write nothing."""
    assert audit("--path", "gone", format="safe-pip-json").json["exit_code"] == 2
    assert audit("--path", "gone", format="sarif").out == ""


def test_options_that_are_wrong_are_told_in_words(audit: Audit) -> None:
    """Exit code 2, not 1."""
    ran = audit("--no-such-option", format=None)

    assert ran.code == 2
    assert ran.err.startswith("Error: There is no option '--no-such-option'.")


def test_control_characters_never_reach_the_terminal(audit: Audit, here: Path) -> None:
    """Names of files are anybody's."""
    (here / "a\x1b[31m.txt").write_text("x = 1\n")

    ran = audit("-r", "a\x1b[31m.txt", format=None)

    assert ran.code == 2
    assert "\x1b" not in ran.err


def test_an_interrupt_ends_it(guard: Guard, index: FakeIndex, tmp_path: Path) -> None:
    """Ctrl-C while an index is slow: 130, and one line."""
    index.override("/simple/good/", lambda _: Answer(b"", 200, delay=60))
    (guard.cwd / "requirements.txt").write_text("good\n")
    words = ["audit", "-r", "requirements.txt", "--index-url", index.url, "--advisories", str(guard.advisories)]
    process = subprocess.Popen(
        [sys.executable, "-m", "safe_pip", *words], cwd=guard.cwd, env=guard.environ, stderr=subprocess.PIPE, text=True
    )
    while not index.asked:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted.\n")


def test_requirements_from_standard_input(guard: Guard) -> None:
    """``-r -``, which pip-audit does not know."""
    done = subprocess.run(
        [sys.executable, "-m", "safe_pip", "audit", "-r", "-", "--no-deps", "--advisories", str(guard.advisories)],
        input="weak==1.0\n",
        cwd=guard.cwd,
        env=guard.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "PYSEC-2026-1" in done.stdout


def test_a_reader_that_has_gone_is_not_a_good_end(guard: Guard) -> None:
    """``safe-pip audit | head -0``: nobody has read the report."""
    put(guard.cwd / "lib", "good", "1.0")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "safe_pip",
                "audit",
                "--path",
                "lib",
                "-fjson",
                "--advisories",
                str(guard.advisories),
            ],
            cwd=guard.cwd,
            env=guard.environ,
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert done.returncode == 3


def test_a_withdrawn_advisory_counts_no_more(audit: Audit, lib: Path, tmp_path: Path) -> None:
    """The whole way through: time, source and judge."""
    export(tmp_path / "advisories.zip", [advisory("PYSEC-2026-1", "weak", withdrawn="2026-01-02T00:00:00Z")])

    assert (audit("--path", "lib").code, skipped(audit("--path", "lib"))) == (0, {})


def test_text_in_a_file_leaves_a_word_on_the_terminal(audit: Audit, lib: Path, here: Path) -> None:
    """Who sends the report away still hears how it ended."""
    ran = audit("--path", "lib", "-o", "report.txt", format="text")

    assert (ran.code, ran.out, ran.err) == (1, "", "Found 2 known vulnerabilities in 2 packages\n")
    assert "PYSEC-2026-1" in (here / "report.txt").read_text()


def test_a_link_out_of_the_tree_is_not_read(audit: Audit, here: Path, tmp_path: Path) -> None:
    """In CI the lines of a file that cannot be read stand in the log: a link in a pull request must not choose it."""
    (tmp_path / "netrc").write_text("password hunter2")
    (here / "requirements.txt").symlink_to(tmp_path / "netrc")
    (here / "uv.lock").symlink_to("nowhere")

    ran = audit("--recursive", "--no-deps")

    assert [item["reason"] for item in ran.json["unchecked"]] == [
        "requirements.txt is a link to outside ., and was not read.",
        "The lock file uv.lock cannot be read: No such file or directory.",
    ]
    assert (ran.code, "hunter2" in ran.out + ran.err) == (3, False)


@pytest.mark.parametrize("words", [["--fix"], ["-s", "esms"]])
def test_what_is_refused_says_what_to_do_next(audit: Audit, words: list[str]) -> None:
    """Who comes from pip-audit with such an option in a CI file wants to know what to write instead."""
    ran = audit(*words, format=None)

    assert (ran.code, ran.out) == (2, "")
    assert "\nNext: " in ran.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_behind_standard_output(guard: Guard) -> None:
    """Nobody has the report, so it is no good end; and it is no defect of safe-pip."""
    put(guard.cwd / "lib", "good", "1.0")
    words = [sys.executable, "-m", "safe_pip", "audit", "--path", "lib", "-fjson", "--advisories"]
    with open("/dev/full", "wb") as out:
        done = subprocess.run(
            [*words, str(guard.advisories)],
            cwd=guard.cwd,
            env=guard.environ,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 3
    assert "The report cannot be written to standard output: No space left" in done.stderr
    assert "defect" not in done.stderr


def test_a_bill_that_names_no_package_is_not_clean(audit: Audit, here: Path) -> None:
    """Without package URLs nobody knows what a bill lists; one of another ecosystem has nothing to audit."""
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"type": "library", "name": "weak"}]}
    (here / "bom.json").write_text(json.dumps(bill))
    ran = audit("--sbom", "bom.json")
    assert ran.code == 3
    assert "none of what it lists has a package URL (1 component)" in ran.out

    bill["components"] = [{"type": "library", "name": "weak", "purl": "pkg:npm/weak@1.0"}]
    (here / "bom.json").write_text(json.dumps(bill))
    assert audit("--sbom", "bom.json").code == 0


@pytest.mark.parametrize("line", ["-r ../netrc", "-c link.txt", "-r file://{root}/netrc"])
def test_an_included_file_outside_the_tree_is_not_read(audit: Audit, here: Path, tmp_path: Path, line: str) -> None:
    """A line of a requirements file in a pull request must not choose it either; inside the tree it may."""
    (tmp_path / "netrc").write_text("password hunter2")
    (here / "link.txt").symlink_to(tmp_path / "netrc")
    (here / "a").mkdir()
    (here / "a" / "requirements.txt").write_text("-r ../common.in\n")
    (here / "common.in").write_text("weak==1.0\n")
    (here / "requirements.txt").write_text(line.format(root=tmp_path))

    ran = audit("--recursive", "--no-deps")

    (unchecked,) = ran.json["unchecked"]
    assert unchecked["reason"].startswith("requirements.txt, line 1: ")
    assert "lies outside" in unchecked["reason"]
    assert (found(ran), "hunter2" in ran.out + ran.err) == ({"weak 1.0": ["PYSEC-2026-1"]}, False)
    # What a person names is read as pip reads it.
    assert "hunter2" in audit("-r", "requirements.txt", "--no-deps").err


def test_an_environment_whose_python_was_removed(audit: Audit, here: Path) -> None:
    """Common after an update of Python: the folder is there, and to say that it is not would send one astray."""
    (here / "env" / "bin").mkdir(parents=True)
    (here / "env" / "pyvenv.cfg").write_text("home = /gone\n")
    (here / "env" / "bin" / "python").symlink_to("/gone/python")

    ran = audit("--python", "env")

    assert ran.code == 2
    assert "--python env: the interpreter of this virtual environment is gone." in " ".join(ran.err.split())
