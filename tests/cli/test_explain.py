"""``safe-pip explain``: one advisory, or all about one package, in full and without asking anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import SHARED, Ran
from fakes import FakeOsv, advisory, export
from judge.building import HOSTILE
from safe_pip.cli import main

EVENTS = [{"introduced": "0"}, {"fixed": "1.1"}, {"introduced": "2.0"}, {"fixed": "2.1"}]
RECORDS = [
    {
        **advisory("PYSEC-2026-1", "weak", events=EVENTS, aliases=["CVE-2026-1"]),
        "summary": "It is weak",
        "details": "It is\nweak.\n\n- very",
        "published": "2026-01-02T03:04:05Z",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "references": [{"type": "WEB", "url": "https://example.example/1"}, {"type": "WEB", "url": "javascript:x"}],
    },
    advisory("PYSEC-2026-2", "weak", events=[{"introduced": "3"}]),
    advisory("PYSEC-2026-3", "weak", events=(), versions=["1.0"]),
    advisory("MAL-2026-4", "evil", events=(), versions=["1.0", "1.1"]),
]
Explain = Callable[..., Ran]


@pytest.fixture
def explain(
    tmp_path: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Explain:
    """Runs the command in this process, on a few records."""
    place = export(tmp_path / "advisories.zip", RECORDS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str, **more: str) -> Ran:
        surroundings = {**environ, "SAFE_PIP_ADVISORIES": str(place), **more}
        code = main(["explain", *arguments], surroundings)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


def test_an_id(explain: Explain) -> None:
    """Everything about one advisory: its severity and where that is from, what it affects in words, the whole text."""
    ran = explain("PYSEC-2026-1")

    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[:14] == [
        "PYSEC-2026-1  critical 9.8",
        "It is weak",
        "",
        "also       CVE-2026-1",
        "severity   critical 9.8, from PYSEC-2026-1 (CVSS V3)",
        "affects    weak up to, but not, 1.1; 2.0 up to, but not, 2.1",
        "fixed in   weak 1.1, 2.1",
        lines[7],
        "",
        "It is weak.",
        "",
        "- very",
        "",
        "https://example.example/1",
    ]
    assert lines[7].startswith("published  2026-01-02")
    assert "javascript" not in ran.out
    assert "Checked against 4 advisories" in ran.out


@pytest.mark.parametrize("asked", ["CVE-2026-1", "cve-2026-1", "pysec-2026-1", "  PYSEC-2026-1 "])
def test_an_alias_in_any_spelling(explain: Explain, asked: str) -> None:
    """People paste the id that a scanner or a mail gave them."""
    assert explain(asked).out == explain("PYSEC-2026-1").out


@pytest.mark.parametrize("asked", ["weak", "Weak", "weak[extra]"])
def test_a_package(explain: Explain, asked: str) -> None:
    """All about a package, and the next step last."""
    ran = explain(asked)

    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines() if re.match(r"PYSEC-\S+  ", line)] == [
        "PYSEC-2026-1",
        "PYSEC-2026-2",
        "PYSEC-2026-3",
    ]
    assert ran.out.splitlines()[-2:] == [
        "Known: 3 advisories are about weak.",
        "Next: `safe-pip explain weak==VERSION` tells those that affect a version.",
    ]


def test_a_version(explain: Explain) -> None:
    """Those that affect the version, how many more there are, and the version that none affects."""
    ran = explain("weak==1.0")

    assert [line.split()[0] for line in ran.out.splitlines() if re.match(r"PYSEC-\S+  ", line)] == [
        "PYSEC-2026-1",
        "PYSEC-2026-3",
    ]
    assert "Vulnerable: 2 advisories affect weak 1.0. 1 more is about other versions of it." in ran.out
    assert "Next: no fixed version is known: use another package" in explain("weak==3.5").out
    assert explain("weak == 2.0").out.splitlines()[-1] == "Next: upgrade to weak 2.1, which no advisory here affects."


def test_nothing_known(explain: Explain) -> None:
    """A package without advisories is no error; what may have been meant is told."""
    clean, other = explain("wek"), explain("weak==2.1")

    assert (clean.code, other.code) == (0, 0)
    assert clean.out.splitlines()[-2:] == [
        "Nothing known: no advisory here is about wek.",
        "Next: if weak was meant, `safe-pip explain weak`.",
    ]
    assert "Nothing known: no advisory here is about weak 2.1. 3 more are about" in " ".join(other.out.split())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["PYSEC-2026-11"], "No advisory here has the id 'PYSEC-2026-11'. Next: Did you mean PYSEC-2026-1"),
        (["CVE-1999-9"], "No advisory here has the id 'CVE-1999-9'. Next: `safe-pip advisories sync`"),
        (["!!"], "'!!' is neither an id nor a package."),
        (["==1.0"], "'==1.0' is neither an id nor a package."),
        (["weak==x"], "'x' is not a version of PEP 440."),
        (["weak=="], "'' is not a version of PEP 440."),
        ([], "takes one id, package, or package with a version."),
        (["a", "b"], "takes one id, package, or package with a version."),
        (["--what"], "No such option: --what."),
        (["a\x1b[2Jb"], r"'a\x1b[2Jb' is neither an id nor a package."),
    ],
)
def test_usage(explain: Explain, asked: list[str], said: str) -> None:
    """What cannot be told is said with what to do, and exit code 2."""
    ran = explain(*asked)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.said
    assert "\x1b" not in ran.err


def test_json(explain: Explain, tmp_path: Path) -> None:
    """The same for programs; to a file where one is named."""
    told = explain("weak==1.0", "--format", "json").json
    explain("weak==1.0", "--format", "json", "--output", "told.json")

    assert (told["schema"], told["package"], told["version"], told["suggested_fix"], told["others"]) == (
        "safe-pip.explain/1",
        "weak",
        "1.0",
        "1.1",
        1,
    )
    assert [item["id"] for item in told["advisories"]] == ["PYSEC-2026-1", "PYSEC-2026-3"]
    assert told["advisories"][0]["affected"][0]["ranges"][0] == {
        "introduced": None,
        "fixed": "1.1",
        "last_affected": None,
        "limit": None,
    }
    assert json.loads((tmp_path / "told.json").read_text("utf-8")) == told


def test_no_server_is_asked(explain: Explain) -> None:
    """What one looks up says what one has: explain asks nobody, and says how to get advisories."""
    with FakeOsv(RECORDS) as osv:
        ran = explain("PYSEC-2026-1", SAFE_PIP_ADVISORIES="", SAFE_PIP_OSV_BULK_URL=osv.base)

        assert osv.asked == []
    assert ran.code == 3
    assert "Next: Run `safe-pip advisories sync`." in ran.said


def test_services_are_not_asked(explain: Explain, tmp_path: Path) -> None:
    """Where a service is the usual source, explain leaves it out, and never takes its silence for a clean package."""
    both = f"osv pypi {tmp_path / 'advisories.zip'}"
    service, named = explain("weak", SAFE_PIP_ADVISORIES="osv"), explain("weak", "--advisories", "osv")

    assert explain("weak", SAFE_PIP_ADVISORIES=both).out == explain("weak").out
    assert (service.code, service.out) == (3, "")
    assert (named.code, named.out) == (2, "")
    assert "`safe-pip explain` asks no service" in named.said


def test_no_advisories(explain: Explain, tmp_path: Path) -> None:
    """An empty file of advisories knows nothing bad of anything, and that must not look clean."""
    ran = explain("weak", "--advisories", str(export(tmp_path / "empty.zip", [])))

    assert (ran.code, ran.out) == (3, "")


@pytest.mark.parametrize("asked", ["weak", "weak==1.0"])
def test_unreadable_records_are_told(explain: Explain, tmp_path: Path, asked: str) -> None:
    """What a record that nobody can read says of the package is not known, and that is said."""
    bad = {
        "id": "X-1",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": RECORDS[1]["affected"][0]["package"], "ranges": 3}],
    }
    ran = explain(asked, "--advisories", str(export(tmp_path / "bad.zip", [RECORDS[3], bad])))

    assert "1 thing could not be checked" in ran.out
    assert "X-1.json names weak and cannot be read" in " ".join(ran.out.split())


def test_malware(explain: Explain) -> None:
    """A malicious package is called that."""
    assert explain("MAL-2026-4").out.splitlines()[0] == "MAL-2026-4  malware"
    assert "affects    evil 1.0, 1.1" in explain("evil").out


def test_a_change_is_not_called_a_publication(explain: Explain, tmp_path: Path) -> None:
    """A record may say when it was changed, and not when it was published."""
    record = {**RECORDS[1], "published": None, "modified": "2026-02-03T00:00:00Z"}
    ran = explain("PYSEC-2026-2", "--advisories", str(export(tmp_path / "changed.zip", [record])))

    lines = [line for line in ran.out.splitlines() if line.startswith(("published", "changed"))]
    assert lines == ["changed    2026-02-03"]


def test_hostile_records(explain: Explain, tmp_path: Path) -> None:
    """A record's texts come from outside, and reach the terminal as characters to be seen."""
    bad = {**RECORDS[0], "summary": HOSTILE[:-20], "details": HOSTILE}
    place = export(tmp_path / "bad.zip", [bad])
    ran = explain("PYSEC-2026-1", "--advisories", str(place))

    assert ran.code == 0
    assert not [char for char in ran.out if ord(char) < 32 and char != "\n"]
    assert "\u202e" not in ran.out


def test_real_advisories(explain: Explain, shared: Path) -> None:
    """On real data: aliases lead to the record, and every line fits but for addresses."""
    ran = explain("CVE-2023-30861", "--advisories", str(SHARED / "advisories" / "all.zip"))

    assert ran.out.startswith("PYSEC-2023-62  ")
    assert "affects    flask up to, but not, 2.2.5; 2.3.0 up to, but not, 2.3.2" in ran.out
    assert all(len(line) <= 80 for line in ran.out.splitlines() if "://" not in line)
    assert shared.is_dir()


def test_help(explain: Explain) -> None:
    """The options, on demand."""
    assert explain("--help").out.startswith("Usage: safe-pip explain ID")
    assert explain("--help").code == 0
