"""``safe-pip advisories``: the local database brought up to date, and what it holds, for people and programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import on_terminal
from conftest import Guard
from fakes import Answer, FakeOsv, advisory, export
from judge.building import DIRECTIONS
from safe_pip.cli.advisories import _age

RECORDS = [advisory("A-1", "app"), advisory("B-2", "lib"), advisory("C-3", "App", versions=["1.0", "one"])]
KEYS = {"source", "records", "packages", "unreadable", "as_of", "stale", "note", "size", "path"}


@pytest.fixture
def osv() -> Iterator[FakeOsv]:
    """A bulk export of three records about two packages."""
    with FakeOsv(RECORDS) as server:
        yield server


@pytest.fixture
def synced(guard: Guard, osv: FakeOsv) -> Guard:
    """safe-pip with that export as its default source."""
    guard.more["SAFE_PIP_OSV_BULK_URL"] = osv.base
    return guard


def rows(text: str) -> dict[str, str]:
    """The lines of one source, by their labels."""
    return {line[:9].strip(): line[9:] for line in text.splitlines()}


# --------------------------------------------------------------------------- sync and status


def test_sync_and_then_status(synced: Guard, osv: FakeOsv) -> None:
    """What was fetched is what is told; status asks no server and says the same of the same database."""
    ran = synced("advisories", "sync")

    assert (ran.code, ran.err) == (0, "")
    told = rows(ran.out)
    assert told["source"] == f"OSV bulk export ({osv.base})"
    assert told["records"] == "3 about 2 packages"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC \(just now\)", told["as of"])
    assert told["size"].startswith("0.1 MB in ")
    assert Path(told["size"].removeprefix("0.1 MB in ")).is_file()
    assert told["note"] == "3 records fetched"
    assert told["odd"] == "1 listed versions are not PEP 440 and are compared as text"

    asked = len(osv.asked)
    later = synced("advisories", "status")
    assert (later.code, later.err) == (0, "")
    assert rows(later.out) == told | {"note": "offline"}
    assert len(osv.asked) == asked


def test_status_as_json(synced: Guard, osv: FakeOsv) -> None:
    """One object for each source, with the same keys for each."""
    synced("advisories", "sync")

    ran = synced("advisories", "status", "--format", "json")

    [told] = ran.json
    assert set(told) == KEYS
    assert (told["source"], told["records"], told["packages"], told["unreadable"], told["stale"]) == (
        f"OSV bulk export ({osv.base})",
        3,
        2,
        0,
        False,
    )
    age = datetime.now(timezone.utc) - datetime.fromisoformat(told["as_of"].replace("Z", "+00:00"))
    assert timedelta(seconds=-1) < age < timedelta(minutes=5)
    assert told["size"] == Path(told["path"]).stat().st_size > 0


def test_sync_as_json(synced: Guard) -> None:
    """The same for sync, and nothing else on stdout."""
    ran = synced("advisories", "sync", "--format", "json")

    assert [item["note"] for item in ran.json] == ["3 records fetched"]


def test_the_format_may_come_from_the_variable(synced: Guard) -> None:
    """``SAFE_PIP_FORMAT`` stands for --format on every command; what is no format is refused."""
    synced("advisories", "sync")

    assert synced("advisories", "status", SAFE_PIP_FORMAT="json").json[0]["records"] == 3
    assert "records" in rows(synced("advisories", "status", "--format", "text", SAFE_PIP_FORMAT="json").out)
    assert synced("advisories", "status", SAFE_PIP_FORMAT="xml").code == 2


def test_sync_asks_whatever_the_age(synced: Guard, osv: FakeOsv) -> None:
    """A database of a moment ago would do for an install; who says sync means it."""
    synced("advisories", "sync")
    osv.put(advisory("D-4", "new", modified="2026-02-01T00:00:00Z"))
    osv.remove("A-1")

    ran = synced("advisories", "sync", "--format", "json")

    assert (ran.code, ran.json[0]["records"], ran.json[0]["note"]) == (0, 3, "1 changed, 1 deleted")
    assert osv.paths().count("/PyPI/all.zip") == 1
    assert synced("advisories", "sync", "--format", "json").json[0]["note"] == "unchanged"


def test_rebuild_fetches_everything(synced: Guard, osv: FakeOsv) -> None:
    """For who does not trust the database any more."""
    synced("advisories", "sync")

    ran = synced("advisories", "sync", "--rebuild", "--format", "json")

    assert (ran.code, ran.json[0]["note"]) == (0, "3 records fetched")
    assert osv.paths() == ["/PyPI/all.zip", "/PyPI/all.zip"]


@pytest.mark.parametrize("how", ["option", "equals", "before", "variable", "two", "both"])
def test_other_sources(synced: Guard, osv: FakeOsv, tmp_path: Path, how: str) -> None:
    """A zip, folder, file or URL, in each way it can be named; the default is then not asked."""
    one = str(export(tmp_path / "one.zip", RECORDS[:1]))
    two = str(export(tmp_path / "two.zip", RECORDS[1:]))
    words: dict[str, tuple[list[str], dict[str, str], list[int]]] = {
        "option": (["advisories", "status", "--advisories", one], {}, [1]),
        "equals": (["advisories", f"--advisories={one}", "status"], {}, [1]),
        "before": (["--advisories", two, "advisories", "status"], {}, [2]),
        "variable": (["advisories", "status"], {"SAFE_PIP_ADVISORIES": f"{two} {one}"}, [2, 1]),
        "two": (["advisories", "status", "--advisories", one, "--advisories", two], {}, [1, 2]),
        "both": (["advisories", "status", "--advisories", one], {"SAFE_PIP_ADVISORIES": two}, [1]),
    }
    arguments, variables, counts = words[how]

    ran = synced(*arguments, "--format", "json", **variables)

    assert [item["records"] for item in ran.json] == counts, ran.err
    assert osv.asked == []


def test_a_source_by_url(synced: Guard, osv: FakeOsv) -> None:
    """The URL of a zip is synced as well; status then knows it without asking."""
    source = f"{osv.base}/PyPI/all.zip"

    assert synced("advisories", "status", "--advisories", source).code == 3
    assert synced("advisories", "sync", "--advisories", source).code == 0
    asked = len(osv.asked)
    ran = synced("advisories", "status", "--advisories", source, "--format", "json")

    assert (ran.json[0]["source"], ran.json[0]["records"]) == (source, 3)
    assert len(osv.asked) == asked == 1


def test_records_that_cannot_be_read_are_told(guard: Guard, tmp_path: Path) -> None:
    """A database that lacks some of its source must say so, in both formats."""
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(RECORDS[0]))
    (folder / "b.json").write_text("{")
    (folder / "c.json").write_text("[]")

    words = ["advisories", "status", "--advisories", str(folder)]

    assert guard(*words, "--format", "json").json[0]["unreadable"] == 2
    assert rows(guard(*words).out)["note"] == "2 records could not be read"


# --------------------------------------------------------------------------- what fails


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "The advisories at {base}/PyPI/all.zip cannot be fetched: "),
        (Answer(b"", 404), "cannot be fetched: the server answered 404"),
        (Answer(b"oops", 503), "cannot be fetched: the server answered 503"),
        (Answer(b"<html>", headers={"Content-Type": "text/html"}), "did not answer with a zip archive, but text/html"),
        (Answer(b"PK\3\4" + b"\0" * 30), "is neither a zip archive, nor a folder, nor a .json file of OSV records."),
        (Answer(b"PK\5\6" + b"\0" * 18), "no advisory"),
    ],
)
def test_a_source_that_fails(synced: Guard, osv: FakeOsv, answer: Answer | None, said: str) -> None:
    """Promise 6: exit code 3, a sentence and what to do, nothing on stdout, and no database that looks clean."""
    if answer is None:
        osv.stop()
    else:
        osv.override("/PyPI/all.zip", answer)

    ran = synced("advisories", "sync", "--timeout", "5")

    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("Error: ")
    assert "Next: " in ran.err
    assert "Traceback" not in ran.err
    if said != "no advisory":
        assert said.format(base=osv.base) in ran.said
    assert synced("advisories", "status").code == 3


def test_a_source_that_fails_later_leaves_what_there_was(synced: Guard, osv: FakeOsv) -> None:
    """The old database still serves for a day, and says that it is old; the exit code says that it is not synced."""
    synced("advisories", "sync")
    osv.stop()

    ran = synced("advisories", "sync", "--format", "json")

    assert ran.code == 3
    assert ran.json[0]["records"] == 3
    assert ran.json[0]["note"].startswith("not brought up to date: ")
    assert synced("advisories", "status").code == 0


def test_status_without_a_database(guard: Guard) -> None:
    """It does not fetch one; it says how to."""
    ran = guard("advisories", "status")

    assert (ran.code, ran.out) == (3, "")
    assert "Error: There is no copy of the OSV bulk export (http://127.0.0.1:9) on this machine." in ran.said
    assert "Next: Run `safe-pip advisories sync`." in ran.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "`safe-pip advisories` is not a whole command."),
        (["frobnicate"], "`safe-pip advisories frobnicate` is not a command."),
        (["sync", "status"], "`safe-pip advisories sync status` is not a command."),
        (["sync", "--no-such"], "No such option: --no-such."),
        (["status", "--format", "xml"], "invalid choice: 'xml'"),
        (["sync", "--timeout", "soon"], "invalid floating-point value: 'soon'"),
        (["sync", "--timeout", "0"], "--timeout 0 is not a time to wait."),
        (["sync", "--timeout", "-1"], "--timeout -1 is not a time to wait."),
        (["sync", "--timeout", "nan"], "--timeout nan is not a time to wait."),
        (["sync", "--timeout", "1e9"], "--timeout 1e+09 is not a time to wait."),
        (["sync", "--advisories"], "--advisories option requires 1 argument"),
        (
            ["sync", "--advisories", "osv"],
            "OSV (https://api.osv.dev) is a service: it has no",
        ),
        (["sync", "--advisories", ""], "--advisories names nothing."),
        (["sync", "no\x1b[2J\u202e"], "no\\x1b[2J\\x202e` is not a command."),
    ],
)
def test_mistakes(guard: Guard, words: list[str], said: str) -> None:
    """Exit code 2, what is wrong, and what to say instead; shown safely."""
    ran = guard("advisories", *words)

    assert (ran.code, ran.out) == (2, ""), ran.err
    assert said in ran.said
    assert "Next: " in ran.err
    assert all(char.isprintable() for char in ran.err.replace("\n", ""))


def test_a_path_that_is_not_there(guard: Guard) -> None:
    """It cannot be checked, and so it is not clean."""
    ran = guard("advisories", "status", "--advisories", "none.zip")

    assert ran.code == 3
    assert "--advisories none.zip: there is no such file or folder." in ran.said


# --------------------------------------------------------------------------- how it is written


@pytest.mark.parametrize("command", ["sync", "status"])
def test_quiet(synced: Guard, command: str) -> None:
    """Nothing to read where nothing is wrong, and errors all the same."""
    synced("advisories", "sync")

    ran = synced("advisories", command, "-q")

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert "none.zip" in synced("advisories", command, "-q", "--advisories", "none.zip").err


def test_progress_on_a_terminal_only(synced: Guard) -> None:
    """A long download is shown where somebody watches; what is told at the end stands alone."""
    import sys

    command = [sys.executable, "-m", "safe_pip", "advisories", "sync"]
    code, seen = on_terminal(command, {**synced.environ, **synced.more}, synced.cwd, columns=60)

    assert code == 0
    assert "Fetching advisories" in seen
    assert "3 about 2 packages" in seen.rpartition("\x1b[2K")[2]
    assert "\x1b" not in synced("advisories", "sync").out


def test_hostile_names_are_written_out(guard: Guard, tmp_path: Path) -> None:
    """The name of a file somebody sent: on stdout, which may be a terminal, nothing of it is obeyed."""
    path = export(tmp_path / f"a\x1b[2J\n{DIRECTIONS}\x9b31m.zip", RECORDS)

    ran = guard("advisories", "status", "--advisories", str(path))
    as_json = guard("advisories", "status", "--advisories", str(path), "--format", "json")

    assert ran.code == 0, ran.err
    assert all(char.isprintable() for char in ran.out.replace("\n", ""))
    assert len(ran.out.splitlines()) == 5
    assert as_json.out.isascii()
    assert as_json.json[0]["source"] == str(path)


def test_a_login_is_not_shown(synced: Guard, osv: FakeOsv) -> None:
    """Neither in what is told of a source, nor in errors, nor in the database's file name."""
    host = osv.base.removeprefix("http://")
    for source in (
        f"http://someone:s3cr3t@{host}/PyPI/all.zip",
        f"http://someone:s3cr3t@{host}/",
        f"http://someone:s3cr3t@{host}/x.zip?key=s3cr3t",
    ):
        for words in (["sync"], ["status"], ["sync", "--format", "json"]):
            ran = synced("advisories", *words, "--advisories", source)
            assert "s3cr3t" not in ran.out + ran.err
            assert "someone" not in ran.out + ran.err


def test_a_stdout_that_knows_only_few_letters(guard: Guard, tmp_path: Path) -> None:
    """A path with letters that it lacks must not end in an error."""
    path = export(tmp_path / "ünï-坏.zip", RECORDS)

    ran = guard("advisories", "status", "--advisories", str(path), PYTHONIOENCODING="ascii")

    assert ran.code == 0, ran.err
    assert rows(ran.out)["records"] == "3 about 2 packages"


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=119), "just now"),
        (timedelta(minutes=2), "2 minutes ago"),
        (timedelta(minutes=119, seconds=59), "119 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=400), "400 days ago"),
    ],
)
def test_ages_in_words(age: timedelta, said: str) -> None:
    """How old it is, as people say it."""
    assert _age(age) == said


def test_an_old_source_is_called_stale(guard: Guard, tmp_path: Path) -> None:
    """A zip of last year: the time of its newest record counts, not that of the file."""
    import zipfile

    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("A-1.json", (2020, 1, 2, 0, 0, 0)), json.dumps(RECORDS[0]))

    told: Any = guard("advisories", "status", "--advisories", str(path), "--format", "json").json[0]

    assert (told["as_of"], told["stale"]) == ("2020-01-02T00:00:00Z", True)
    assert rows(guard("advisories", "status", "--advisories", str(path)).out)["as of"].startswith(
        "2020-01-02 00:00 UTC ("
    )
