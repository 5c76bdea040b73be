"""The JSON report against its contract, key by key, and against what hostile texts would do to who reads it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from conftest import Guard, Venv
from fakes import FakeIndex, advisory, export, wheel
from judge.building import (
    HOSTILE,
    SECRET,
    TIME,
    WITH_LOGIN,
    everywhere,
    full,
    group,
    observed,
    plan_of,
    planned,
    report_of,
    source_of,
    verdict_of,
)
from safe_pip.cli.console import Screen
from safe_pip.cli.install import _Install
from safe_pip.commit import Committed
from safe_pip.errors import CommitError, FetchError, ResolutionError, SafePipError, UsageError
from safe_pip.model import (
    Evidence,
    Excepted,
    Finding,
    Level,
    LineEdit,
    Origin,
    PassedOver,
    Plan,
    PolicyInForce,
    PolicyLine,
    Staged,
    Unchecked,
    WayOut,
)
from safe_pip.report import EXIT_CODES, FORMATS
from safe_pip.report.json import SCHEMA, as_dict, failure, render
from safe_pip.request.command_line import parse
from safe_pip.request.options import OWN_OPTIONS

NONE = type(None)

# --------------------------------------------------------------------------- the outer contract, as the design has it

CONTRACT: dict[str, Any] = {
    "schema": str,
    "command": str,
    "verdict": {"approved", "refused", "incomplete"},
    "dry_run": bool,
    "target": {"python": str, "version": str, "platform": str},
    "advisories": [{"source": str, "records": int, "as_of": (str, NONE), "stale": bool}],
    "plan": {
        "install": [
            {
                "name": str,
                "version": str,
                "filename": str,
                "url": str,
                "sha256": (str, NONE),
                "requested": bool,
                "required_by": [str],
                "upload_time": (str, NONE),
            }
        ],
        "keep": [{"name": str, "version": str}],
        "left_out": [{"name": str, "version": str}],
        "passed_over": [{"name": str, "version": str, "code": str, "reason": str}],
    },
    "findings": [
        {
            "code": str,
            "level": {"note", "warn", "block", "avoid"},
            "name": str,
            "version": str,
            "id": (str, NONE),
            "aliases": [str],
            "severity": {"low", "medium", "high", "critical", None},
            "score": (float, NONE),
            "fix_versions": [str],
            "chain": [str],
            "message": str,
            "help": str,
            "waived_by": (str, NONE),
            "justification": (str, NONE),
            "evidence": [{"label": str, "text": str}],
            "epss": (float, NONE),
            "kev": bool,
        }
    ],
    "unchecked": [{"name": (str, NONE), "version": (str, NONE), "reason": str}],
    "policy": {"files": [str], "profile": (str, NONE), "notes": [str]},
    "exit_code": int,
}


def against(contract: Any, value: Any, place: str = "report") -> Iterable[str]:
    """What of a value breaks the contract."""
    if isinstance(contract, dict):
        if not isinstance(value, dict):
            yield f"{place} is {value!r}"
            return
        for key, inner in contract.items():
            if key not in value:
                yield f"{place}.{key} is missing"
            else:
                yield from against(inner, value[key], f"{place}.{key}")
    elif isinstance(contract, list):
        if not isinstance(value, list):
            yield f"{place} is {value!r}"
            return
        for number, item in enumerate(value):
            yield from against(contract[0], item, f"{place}[{number}]")
    elif isinstance(contract, set):
        if value not in contract:
            yield f"{place} is {value!r}"
    elif not isinstance(value, contract) or (isinstance(value, bool) and contract is int):
        yield f"{place} is {value!r}"


def test_every_part() -> None:
    """Programs are written against these very keys and values: each of them is a promise."""
    assert as_dict(full()) == {
        "schema": "safe-pip.report/1",
        "command": "install",
        "verdict": "refused",
        "dry_run": True,
        "target": {"python": "venv/bin/python", "version": "3.12.1", "platform": "linux-x86_64"},
        "advisories": [
            {
                "source": "advisories.zip",
                "records": 2665,
                "as_of": "2026-11-20T01:02:03Z",
                "stale": True,
                "note": "2 records could not be read",
            },
            {"source": "advisories.zip", "records": 2665, "as_of": None, "stale": False, "note": ""},
        ],
        "plan": {
            "install": [
                {
                    "name": "weak-one",
                    "version": "1.0",
                    "filename": "Weak_One-1.0-py3-none-any.whl",
                    "url": "http://127.0.0.1/files/Weak_One-1.0.whl",
                    "sha256": f"{0:064x}",
                    "size": 1000,
                    "requested": False,
                    "required_by": ["top"],
                    "upload_time": "2026-11-20T01:02:03Z",
                    "replaces": "0.9",
                    "direct_url": None,
                },
                {
                    "name": "direct",
                    "version": "1.0",
                    "filename": "direct-1.0-py3-none-any.whl",
                    "url": "http://127.0.0.1/files/direct-1.0.whl",
                    "sha256": f"{1:064x}",
                    "size": 1001,
                    "requested": True,
                    "required_by": [],
                    "upload_time": None,
                    "replaces": None,
                    "direct_url": "http://127.0.0.1/direct-1.0-py3-none-any.whl",
                },
            ],
            "keep": [{"name": "top", "version": "2.0"}],
            "left_out": [],
            "passed_over": [{"name": "weak-one", "version": "3.0", "code": "yanked", "reason": "3.0 is yanked: oops"}],
        },
        "findings": [
            {
                "code": "vulnerability",
                "level": "block",
                "name": "weak-one",
                "version": "1.0",
                "id": "PYSEC-2026-1",
                "aliases": ["CVE-2026-1"],
                "severity": "high",
                "score": 7.5,
                "severity_source": "CVE-2026-1 (CVSS V3)",
                "fix_versions": ["1.1", "2.1"],
                "suggested_fix": "1.1",
                "chain": ["top", "weak-one"],
                "message": "vulnerability in weak-one",
                "help": "Do something else.",
                "waived_by": None,
                "justification": None,
                "exception": None,
                "evidence": [],
                "policy": None,
                "epss": None,
                "kev": False,
            },
            {
                "code": "yanked",
                "level": "warn",
                "name": "direct",
                "version": "1.0",
                "id": None,
                "aliases": [],
                "severity": None,
                "score": None,
                "severity_source": None,
                "fix_versions": [],
                "suggested_fix": None,
                "chain": ["direct"],
                "message": "yanked in direct",
                "help": "Do something else.",
                "waived_by": "yanked:Direct",
                "justification": None,
                "exception": None,
                "evidence": [],
                "policy": None,
                "epss": None,
                "kev": False,
            },
        ],
        "unchecked": [
            {
                "name": "weak-one",
                "version": "1.0",
                "reason": "X-1 is odd",
                "code": "undecidable-advisory",
                "id": "X-1",
                "help": "Read it.",
                "waived_by": "x-1",
                "excepted": False,
            },
            {
                "name": None,
                "version": None,
                "reason": "There is nothing.",
                "code": "stale-advisories",
                "id": None,
                "help": "",
                "waived_by": None,
                "excepted": False,
            },
        ],
        "unused_allows": ["malware"],
        "policy": {"files": [], "profile": None, "notes": []},
        "way_out": None,
        "notes": ["weak-one is on two indexes."],
        "error": None,
        "exit_code": 1,
    }


def test_what_the_policy_says() -> None:
    """The line that decides and the exception that waives, each with its file and line; and the way out."""
    item = planned("weak")
    because = PolicyLine('levels.startup-hook = "block"', Origin("pyproject.toml", 12))
    excepted = Excepted(PolicyLine("exceptions", Origin("team.toml", 3)), "ours", date(2026, 12, 31))
    hook = observed("startup-hook", item, evidence=(Evidence("file", "weak.pth"),))
    about = observed("vulnerability", item, group(epss=0.5, kev=True))
    justified = "vulnerable_code_not_present"
    report = as_dict(
        report_of(
            verdict_of(
                plan_of(item),
                Finding(hook, Level.BLOCK, because=because),
                Finding(about, Level.BLOCK, "team.toml, line 3", PolicyLine("x"), justified, excepted),
                way_out=WayOut(
                    ((item.name, "0.9"),),
                    "safe-pip install weak==0.9",
                    ("It is older.",),
                    (),
                    ("w.whl",),
                    (
                        LineEdit(Origin("x.txt", 1), "weak==1", "weak==0.9", ("sha256:aa", "sha256:bb")),
                        LineEdit(Origin("x.txt"), "", "more==1"),
                    ),
                ),
                policy=PolicyInForce(("team.toml",), "ci", ("no effect",)),
            )
        )
    )

    first, second = report["findings"]
    assert first["evidence"] == [{"label": "file", "text": "weak.pth"}]
    assert first["policy"] == {"setting": 'levels.startup-hook = "block"', "source": "pyproject.toml", "line": 12}
    assert second["policy"] == {"setting": "x", "source": None, "line": None}
    assert (second["epss"], second["kev"], second["justification"]) == (0.5, True, justified)
    assert second["exception"] == {
        "setting": "exceptions",
        "source": "team.toml",
        "line": 3,
        "reason": "ours",
        "expires": "2026-12-31",
    }
    assert report["policy"] == {"files": ["team.toml"], "profile": "ci", "notes": ["no effect"]}
    assert report["way_out"] == {
        "pins": [{"name": "weak", "version": "0.9"}],
        "command": "safe-pip install weak==0.9",
        "changes": ["It is older."],
        "none_because": [],
        "not_looked_at": ["w.whl"],
        "edits": [
            {
                "file": "x.txt",
                "line": 1,
                "before": "weak==1",
                "after": "weak==0.9 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb",
            },
            {"file": "x.txt", "line": None, "before": None, "after": "more==1"},
        ],
    }


WEAK = planned("weak")
GAP = Unchecked("unreadable-page", "weak", None, "it is broken")
VERDICTS = {
    "approved": verdict_of(plan_of(WEAK)),
    "nothing to do": verdict_of(plan_of()),
    "refused": verdict_of(plan_of(WEAK), (observed("malware", WEAK, group("MAL-1")), Level.BLOCK)),
    "incomplete": verdict_of(plan_of(WEAK), unchecked=[GAP]),
    "everything": full().verdict,
}


@pytest.mark.parametrize("kind", list(VERDICTS))
@pytest.mark.parametrize("error", [None, CommitError("pip failed", "Look.", output="no")])
def test_every_report_keeps_the_contract(kind: str, error: SafePipError | None) -> None:
    """Key by key and type by type, as the design has it; nothing is ever renamed or left out."""
    report = json.loads(render(report_of(VERDICTS[kind]), error=error))

    assert list(against(CONTRACT, report)) == []
    assert report["schema"] == SCHEMA == "safe-pip.report/1"


def test_the_check_of_the_contract_can_fail() -> None:
    """The helper above finds what is missing, of another type, or of another value."""
    broken = as_dict(full())
    del broken["plan"]["install"][1]["sha256"]
    broken["dry_run"] = 1
    broken["exit_code"] = True
    broken["findings"][0] |= {"severity": "moderate", "aliases": ["x", None]}
    broken["plan"]["keep"] = None

    assert list(against(CONTRACT, broken)) == [
        "report.dry_run is 1",
        "report.plan.install[1].sha256 is missing",
        "report.plan.keep is None",
        "report.findings[0].aliases[1] is None",
        "report.findings[0].severity is 'moderate'",
        "report.exit_code is True",
    ]


@pytest.mark.parametrize(
    ("kind", "word", "code"), [("approved", "approved", 0), ("refused", "refused", 1), ("incomplete", "incomplete", 3)]
)
def test_the_exit_code_is_that_of_the_verdict(kind: str, word: str, code: int) -> None:
    """A program that lost the exit code can still read it."""
    report = as_dict(report_of(VERDICTS[kind]))

    assert (report["verdict"], report["exit_code"]) == (word, code)
    assert EXIT_CODES[word] == code
    assert report["error"] is None


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (ResolutionError("Nothing fits.", "Ask for less.", details=["a wants b", "c wants d"]), "refused"),
        (FetchError("http://127.0.0.1/x", "no answer"), "incomplete"),
        (UsageError("What?", "Say it otherwise."), "refused"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_run_without_a_plan(error: SafePipError, verdict: str, dry_run: bool) -> None:
    """The same shape, so that a program needs no second reader; only the target is null."""
    report = json.loads(failure(error, command="install", dry_run=dry_run, policy=PolicyInForce()))

    assert list(against(CONTRACT | {"target": NONE}, report)) == []
    assert set(report) == set(as_dict(full()))
    assert (report["verdict"], report["exit_code"], report["dry_run"]) == (verdict, error.exit_code, dry_run)
    assert report["error"] == {
        "kind": type(error).__name__,
        "message": error.message,
        "details": list(getattr(error, "details", ())),
        "hint": error.hint,
    }


def test_what_was_learned_before_nothing_fitted() -> None:
    """Which versions were passed over, and what could not be read, is why nothing fits; a program may ask for it."""
    plan = Plan(passed_over=(PassedOver(WEAK.name, "2.0", "too-new", "9 h old"),), unchecked=(GAP,))
    report = json.loads(
        failure(ResolutionError("Nothing fits.", plan=plan), command="install", dry_run=True, policy=PolicyInForce())
    )

    assert report["plan"]["passed_over"] == [{"name": "weak", "version": "2.0", "code": "too-new", "reason": "9 h old"}]
    assert [item["code"] for item in report["unchecked"]] == [GAP.code]


def test_pip_failed_after_the_verdict() -> None:
    """The verdict stays what it was; the exit code and the error are pip's."""
    report = as_dict(report_of(VERDICTS["approved"]), error=CommitError("pip failed", "Look.", output="no"))

    assert (report["verdict"], report["exit_code"], report["error"]["kind"]) == ("approved", 5, "CommitError")


def test_an_interrupted_install_says_130() -> None:
    """The process ends with another code than the verdict's; the report must not say otherwise."""
    report = json.loads(render(report_of(VERDICTS["approved"]), exit_code=130))

    assert (report["verdict"], report["exit_code"], report["error"]) == ("approved", 130, None)


def test_what_is_not_staged_has_no_digest() -> None:
    """A digest from the index is only a claim; none is given for bytes that nobody has seen."""
    plan = plan_of(WEAK)
    report = as_dict(report_of(verdict_of(plan, unchecked=[GAP], staged=Staged(Path("x")))))

    [item] = report["plan"]["install"]
    assert (item["sha256"], item["size"]) == (None, None)


def test_times_are_in_utc_whatever_the_source_says() -> None:
    """An index may give its times with an offset."""
    east = TIME.astimezone(timezone(timedelta(hours=5, minutes=30)))
    item = replace(WEAK, file=WEAK.file._replace(upload_time=east))

    report = as_dict(report_of(verdict_of(plan_of(item), sources=(source_of(as_of=east),))))

    assert report["plan"]["install"][0]["upload_time"] == "2026-11-20T01:02:03Z"
    assert report["advisories"][0]["as_of"] == "2026-11-20T01:02:03Z"


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), None),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))), None),
        (datetime(1, 1, 1, tzinfo=timezone.utc), "0001-01-01T00:00:00Z"),
    ],
)
def test_an_impossible_time_of_an_index_does_not_end_the_run(moment: datetime, said: str | None) -> None:
    """An index may write anything into its pages."""
    item = replace(WEAK, file=WEAK.file._replace(upload_time=moment))

    assert as_dict(report_of(verdict_of(plan_of(item))))["plan"]["install"][0]["upload_time"] == said


def test_five_hundred_findings() -> None:
    """Each of them, in the order of the verdict; a machine format leaves nothing out."""
    findings = [(observed("vulnerability", WEAK, group(f"PYSEC-{n}")), Level.BLOCK) for n in range(500)]

    report = json.loads(render(report_of(verdict_of(plan_of(WEAK), *findings))))

    assert [finding["id"] for finding in report["findings"]] == [f"PYSEC-{n}" for n in range(500)]


# --------------------------------------------------------------------------- hostile texts, and credentials


ERRORS = {
    "none": None,
    "commit": CommitError(HOSTILE, HOSTILE, output=HOSTILE),
    "resolution": ResolutionError(HOSTILE, HOSTILE, details=[HOSTILE]),
}


@pytest.mark.parametrize("error", list(ERRORS))
def test_no_control_character_reaches_a_terminal(error: str) -> None:
    """The report goes to stdout, which may be a terminal: escapes, C1 and direction characters are written out.

    And what is read back is what was there: a program gets the very text.
    """
    rendered = render(everywhere(HOSTILE), error=ERRORS[error])

    assert rendered.isascii()
    assert {char for char in rendered if not char.isprintable()} == {"\n"}
    assert json.loads(rendered)["findings"][0]["message"] == HOSTILE


def test_a_failure_is_as_safe() -> None:
    """The same where no plan was reached."""
    rendered = failure(
        ResolutionError(HOSTILE, HOSTILE, details=[HOSTILE]), command="install", dry_run=True, policy=PolicyInForce()
    )

    assert rendered.isascii()
    assert {char for char in rendered if not char.isprintable()} == {"\n"}
    assert json.loads(rendered)["error"]["details"] == [HOSTILE]


@pytest.mark.parametrize(
    "error", [None, CommitError(WITH_LOGIN, WITH_LOGIN), ResolutionError(WITH_LOGIN, details=[WITH_LOGIN])]
)
def test_no_text_holds_credentials(error: SafePipError | None) -> None:
    """Wherever a URL with a login gets into the report, the login stays out: the reference promises it."""
    rendered = render(everywhere(WITH_LOGIN), error=error)
    alone = failure(error or ResolutionError(WITH_LOGIN), command="install", dry_run=True, policy=PolicyInForce())

    for text in (rendered, alone):
        assert SECRET not in text
        assert "someone" not in text
        assert "http://****@127.0.0.1/simple/weak/" in text


# --------------------------------------------------------------------------- from the command line


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """Something weak, and something that needs it in each of the ways there are."""
    files = tmp_path / "files"
    for version in ("1.0", "1.1", "1.2"):
        index.add(wheel(files, "weak", version))
    index.add(wheel(files, "top", "1.0", requires=["middle"]))
    index.add(wheel(files, "middle", "1.0", requires=["weak<1.1"]))
    index.add(wheel(files, "Optional", "1.0", requires=["weak<1.1; extra == 'more'"], extras=["more"]))
    index.add(wheel(files, "free", "1.0", requires=["weak"]))
    return index


@pytest.mark.parametrize(
    ("arguments", "chain", "requested"),
    [
        (["weak==1.0"], ["weak"], True),
        (["top"], ["top", "middle", "weak"], False),
        (["Optional[more]"], ["optional", "weak"], False),
        (["free", "-c", "constraints.txt"], ["free", "weak"], False),
        (["weak", "-c", "constraints.txt"], ["weak"], True),
        (["top", "weak"], ["weak"], True),
        (["-r", "requirements.txt"], ["top", "middle", "weak"], False),
    ],
    ids=["asked for", "dependency", "extra", "constraint", "asked for and constrained", "both", "file"],
)
def test_the_chain(
    guard: Guard, world: FakeIndex, venv: Venv, arguments: list[str], chain: list[str], requested: bool
) -> None:
    """From what a person asked for to the package, in canonical names: what to change is at the first of them."""
    (guard.cwd / "constraints.txt").write_text("weak==1.0\n")
    (guard.cwd / "requirements.txt").write_text("top\n")

    ran = guard.install("--dry-run", "--format", "json", *arguments, target=venv)

    assert ran.code == 1, ran.err
    [finding] = ran.json["findings"]
    assert finding["chain"] == chain
    installed = {item["name"]: item for item in ran.json["plan"]["install"]}
    assert installed["weak"]["requested"] is requested
    assert list(against(CONTRACT, ran.json)) == []


@pytest.mark.parametrize(
    ("arguments", "code", "target"),
    [
        (["weak==1.1"], 0, True),
        (["weak==1.0"], 1, True),
        (["--advisories", "none.zip", "weak"], 3, False),
        (["--index-url", "http://127.0.0.1:9/simple", "--retries", "0", "weak"], 3, True),
        (["nobody"], 4, False),
        (["weak>=9"], 4, False),
        (["--allow", "", "weak"], 2, False),
        (["-r", "none.txt"], 2, False),
        (["-r", "{base}/none.txt"], 2, False),
        ([], 2, False),
    ],
)
def test_every_ending_writes_one_report(
    guard: Guard, world: FakeIndex, venv: Venv, arguments: list[str], code: int, target: bool
) -> None:
    """Stdout is one JSON object, however the run ends, once it is known that JSON is wanted."""
    words = [word.format(base=world.base) for word in arguments]

    ran = guard.install("--dry-run", "--format", "json", *words, target=venv)

    assert (ran.code, ran.json["exit_code"]) == (code, code), ran.err
    contract = CONTRACT if target else CONTRACT | {"target": NONE}
    assert list(against(contract, ran.json)) == []
    assert (ran.json["error"] is None) is target
    assert "Traceback" not in ran.err


def test_an_unreadable_remote_file_is_incomplete_or_usage_but_told(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A requirements file on a server that cannot be reached: the report says which, without its login."""
    ran = guard.install(
        "--dry-run",
        "--format",
        "json",
        "--retries",
        "0",
        "-r",
        f"http://someone:{SECRET}@127.0.0.1:9/r.txt",
        target=venv,
    )

    assert ran.code == ran.json["exit_code"] != 0
    assert "127.0.0.1:9/r.txt" in ran.json["error"]["message"]
    assert SECRET not in ran.out + ran.err


def test_output_is_written_for_every_ending(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A job that keeps the report as an artefact finds one, and stdout is empty."""
    for number, (word, code) in enumerate([("weak==1.0", 1), ("nobody", 4)]):
        ran = guard.install("--format", "json", "--output", f"{number}.json", word, target=venv)

        assert (ran.code, ran.out) == (code, "")
        assert json.loads((guard.cwd / f"{number}.json").read_text("ascii"))["exit_code"] == code


@pytest.mark.parametrize("how", ["option", "variable"])
def test_json_can_be_asked_for_in_two_ways(guard: Guard, world: FakeIndex, venv: Venv, how: str) -> None:
    """``SAFE_PIP_FORMAT`` stands for the option."""
    if how == "option":
        ran = guard.install("--dry-run", "--format=json", "weak", target=venv)
    else:
        ran = guard.install("--dry-run", "weak", target=venv, SAFE_PIP_FORMAT="json")

    assert ran.json["verdict"] == "approved"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_of_stdout_will_do(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, encoding: str
) -> None:
    """Characters that stdout's encoding lacks must not end the run in an error instead of a report."""
    guard.advisories = export(
        tmp_path / "ünï.zip",
        [advisory("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}], summary="schön → 坏")],
    )

    ran = guard.install("--dry-run", "--format", "json", "weak==1.0", target=venv, PYTHONIOENCODING=encoding)

    assert ran.code == 1, ran.err
    assert ran.json["findings"][0]["message"] == "schön → 坏"
    assert ran.json["advisories"][0]["source"].endswith("ünï.zip")


def test_a_path_that_is_no_text_is_reported(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """File names are bytes; one that is not UTF-8 must not end the run in a traceback."""
    odd = os.fsdecode(os.path.join(os.fsencode(guard.cwd), b"\xff"))
    os.symlink(venv.path, odd)

    ran = guard.install("--dry-run", "--format", "json", "--python", odd, "weak")

    assert ran.code == 0, ran.err
    assert ran.json["target"]["python"] == f"{odd}/bin/python"


def test_the_formats_are_those_of_the_option() -> None:
    """The table and the option's choices are one list."""
    [option] = [option for option in OWN_OPTIONS if "--format" in option.flags]
    assert option.choices == FORMATS
    assert all(re.fullmatch("[a-z]+", name) for name in FORMATS)


def test_an_interrupted_commit_is_reported_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C while pip installs: the install is finished, and the report says 130 as the process does."""
    report = report_of(VERDICTS["approved"])
    command = _Install([], {}, Screen({}, quiet=3), parse(["--format", "json"], (), {}))

    command._finish(report, Committed("", "", "", True), None, 130)

    told = json.loads(capsys.readouterr().out)
    assert (told["exit_code"], told["verdict"]) == (130, "approved")
