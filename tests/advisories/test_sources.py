"""Sources: how a local database comes to be, stays young, and survives whatever the other side does."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import filelock
import pytest

from fakes import Answer, Asked, FakeOsv, Server, advisory, export, export_bytes
from safe_pip.advisories import bulk_export, kept, remote_zip
from safe_pip.advisories.bulk_export import SYNC_AFTER, USABLE_FOR, BulkExport
from safe_pip.advisories.database import Database
from safe_pip.advisories.named import source_for
from safe_pip.advisories.on_disk import Collection, StarterSet
from safe_pip.advisories.remote_zip import RemoteZip
from safe_pip.advisories.sources import Context, Opened, Source
from safe_pip.errors import AdvisoryError, UsageError
from safe_pip.index.http import Http
from safe_pip.model import Network

Open = Callable[..., Opened]
ZIP, LIST = "/PyPI/all.zip", "/PyPI/modified_id.csv"


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    """So many records."""
    return [advisory(f"PYSEC-{number}", f"app{number}", **more) for number in range(count)]


def held(item: Opened) -> dict[str, str]:
    """The ids and times of change in a database."""
    return item.database.modified()


def later(context: Context, **by: float) -> Context:
    """The same context at a later time."""
    return replace(context, now=context.now + timedelta(**by))


def stop(server: Server, context: Context) -> None:
    """Let nobody answer from now on, not even on connections that are open."""
    server.stop()
    context.http.close()


def temporary(context: Context) -> list[str]:
    """What lies in the folder of databases beside databases and locks."""
    folder = context.folder / "advisories"
    return sorted(item.name for item in folder.iterdir() if item.suffix not in (".db", ".lock"))


@pytest.fixture
def osv() -> Iterator[FakeOsv]:
    """An export with three records."""
    with FakeOsv(many(3)) as server:
        yield server


class Files(Server):
    """Any answers by path; the URL of each is ``base`` and the path."""

    def __init__(self, **files: Answer) -> None:
        self.files = dict(files)
        super().__init__()

    def answer(self, asked: Asked) -> Answer:
        return self.files.get(asked.path.partition("?")[0].lstrip("/"), Answer(b"not found", 404))


# --------------------------------------------------------------------------- the bulk export, when all is well


def test_the_first_sync_fetches_the_zip(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """One request, and everything is there."""
    item = open_source(BulkExport(osv.base))

    assert set(held(item)) == {"PYSEC-0", "PYSEC-1", "PYSEC-2"}
    assert osv.paths() == [ZIP]
    assert (item.as_of, item.note, item.source) == (context.now, "3 records fetched", f"OSV bulk export ({osv.base})")
    assert temporary(context) == []


def test_nothing_is_asked_within_the_hour(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """A second install must not wait for the network, nor tell anybody that there is one."""
    open_source(BulkExport(osv.base))
    stop(osv, context)

    item = open_source(BulkExport(osv.base), replace(context, now=context.now + SYNC_AFTER - timedelta(seconds=1)))

    assert (len(held(item)), item.as_of, item.note) == (3, context.now, "")


def test_after_an_hour_only_the_list_is_asked(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """Where nothing has changed, the list says so, and the database counts as young again."""
    open_source(BulkExport(osv.base))

    item = open_source(BulkExport(osv.base), later(context, hours=1))
    assert (len(held(item)), item.as_of, item.note) == (3, context.now + timedelta(hours=1), "unchanged")
    open_source(BulkExport(osv.base), later(context, hours=1.9))

    assert osv.paths() == [ZIP, LIST]


def test_at_once_asks_however_young_it_is(osv: FakeOsv, open_source: Open) -> None:
    """``advisories sync`` means now."""
    open_source(BulkExport(osv.base))
    open_source(BulkExport(osv.base, at_once=True))

    assert osv.paths() == [ZIP, LIST]


def test_changes_are_fetched_one_by_one(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """New, changed and deleted records, and nothing else, cross the network."""
    open_source(BulkExport(osv.base))
    osv.put(advisory("PYSEC-1", "lib", modified="2026-11-20T13:00:00Z"))
    osv.put(advisory("MAL-9", "evil", modified="2026-11-20T13:30:00Z"))
    osv.remove("PYSEC-2")

    item = open_source(BulkExport(osv.base), later(context, hours=2))

    assert held(item) == {
        "PYSEC-0": "2026-01-01T00:00:00Z",
        "PYSEC-1": "2026-11-20T13:00:00Z",
        "MAL-9": "2026-11-20T13:30:00Z",
    }
    assert sorted(item.database.find(["app1", "lib", "evil"]).about) == ["evil", "lib"]
    assert item.note == "2 changed, 1 deleted"
    assert osv.paths()[:2] == [ZIP, LIST]
    assert sorted(osv.paths()[2:]) == ["/PyPI/MAL-9.json", "/PyPI/PYSEC-1.json", "/PyPI/PYSEC-2.json"]


@pytest.mark.parametrize(("changed", "paths"), [(250, 250), (251, 1)])
def test_many_changes_are_fetched_as_the_zip(
    osv: FakeOsv, open_source: Open, context: Context, changed: int, paths: int
) -> None:
    """Beyond 250 single requests the whole is cheaper."""
    open_source(BulkExport(osv.base))
    for record in many(changed - 1, modified="2026-11-20T13:00:00Z"):
        osv.put(record)
    osv.remove("PYSEC-0")
    osv.put(advisory("NEW", "app", modified="2026-11-20T13:00:00Z"))
    asked = len(osv.asked)

    item = open_source(BulkExport(osv.base), later(context, hours=2))

    assert held(item) == {identifier: record["modified"] for identifier, record in osv.records.items()}
    assert osv.paths()[asked] == LIST
    assert len(osv.paths()[asked + 1 :]) == paths
    assert (osv.paths()[-1] == ZIP) is (paths == 1)


def test_any_history_ends_with_what_the_server_has(open_source: Open, context: Context) -> None:
    """Dozens of syncs after any changes, by either road: what is here is what is there, to the last record."""
    chance = random.Random(7)
    with FakeOsv(many(40)) as osv:
        for step in range(16):
            moment = f"2026-11-21T{step:02}:00:00Z"
            for _ in range(chance.choice((0, 1, 5, 270))):
                number = chance.randrange(600)
                if chance.random() < 0.3 and len(osv.records) > 20 and f"PYSEC-{number}" in osv.records:
                    osv.remove(f"PYSEC-{number}")
                else:
                    osv.put(advisory(f"PYSEC-{number}", f"app{chance.randrange(9)}", modified=moment))
            item = BulkExport(osv.base, at_once=True).open(later(context, hours=step))
            with closing(item.database):
                assert held(item) == {identifier: record["modified"] for identifier, record in osv.records.items()}
                about = item.database.find([f"app{number}" for number in range(9)]).about
            expected: dict[str, set[str]] = {}
            for identifier, record in osv.records.items():
                expected.setdefault(record["affected"][0]["package"]["name"], set()).add(identifier)
            assert {name: {stored.id for stored in known} for name, known in about.items()} == {
                name: known for name, known in expected.items() if name in {f"app{number}" for number in range(9)}
            }
        assert {ZIP, LIST} < set(osv.paths())


def test_the_real_records_sync(shared: Path, open_source: Open, context: Context) -> None:
    """The layout of the real export, at its real size."""
    with zipfile.ZipFile(shared / "advisories" / "all.zip") as archive:
        records = [json.loads(archive.read(name)) for name in archive.namelist()]
    with FakeOsv(records) as osv:
        assert open_source(BulkExport(osv.base)).database.records == 2_665
        osv.put({**records[5], "modified": "2026-11-20T12:30:00Z"})
        assert open_source(BulkExport(osv.base), later(context, hours=1)).note == "1 changed, 0 deleted"


def test_a_rebuild_fetches_everything(osv: FakeOsv, open_source: Open) -> None:
    """What stayed behind for any reason goes."""
    open_source(BulkExport(osv.base))
    osv.remove("PYSEC-0")

    item = open_source(BulkExport(osv.base, rebuild=True))

    assert set(held(item)) == {"PYSEC-1", "PYSEC-2"}
    assert osv.paths() == [ZIP, ZIP]


def test_the_list_of_all_ecosystems_will_do(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """A mirror may list ids with their ecosystem before them, and end with an empty line."""
    open_source(BulkExport(osv.base))
    osv.put(advisory("NEW", "app"))
    rows = "".join(f"2026-11-20T00:00:00Z,PyPI/{identifier}\n" for identifier in osv.records)
    osv.override(LIST, Answer((rows.replace("2026-11-20", "2026-01-01", 3) + "\n").encode()))

    assert open_source(BulkExport(osv.base), later(context, hours=1)).note == "1 changed, 0 deleted"


@pytest.mark.parametrize("hours", [1 / 60, 23])
def test_two_bases_are_two_databases(open_source: Open, context: Context, hours: float) -> None:
    """A mirror must not answer for another one, whichever was asked last."""
    with FakeOsv(many(2)) as left, FakeOsv(many(5)) as right:
        counts = [
            open_source(BulkExport(server.base), later(context, hours=hours * number)).database.records
            for number, server in enumerate((left, right, left, right))
        ]

    assert counts == [2, 5, 2, 5]


# --------------------------------------------------------------------------- the bulk export, when it fails


def redirecting(path: str) -> Callable[[Asked], Answer]:
    """Answers with a redirect to a path."""
    return lambda asked: Answer(b"", 302, {"Location": path})


HTML = Answer(b"<!doctype html><title>Sign in to the WiFi</title>", 200, {"Content-Type": "text/html"})
WHOLE = export_bytes(many(3))
BROKEN: dict[str, tuple[Answer | Callable[[Asked], Answer], str]] = {
    "404": (Answer(b"no", 404), "the server answered 404"),
    "500": (Answer(b"no", 500), "the server answered 500"),
    "403": (Answer(b"no", 403), "the server answered 403"),
    "304 that nobody asked for": (Answer(b"", 304), "the server answered 304"),
    "redirects without end": (redirecting(ZIP), "more than 10 redirects"),
    "slow": (Answer(b"", 200, delay=3), "no answer in time"),
    "HTML": (HTML, "did not answer with a zip archive, but text/html"),
    "nothing": (Answer(b""), "did not answer with a zip archive."),
    "half, and says so": (Answer(WHOLE[:600], claim=len(WHOLE)), "cannot be fetched: "),
    "half": (Answer(WHOLE[:600]), "is neither a zip archive"),
    "without its beginning": (Answer(b"PK" + WHOLE[400:]), "is not a zip archive that can be read"),
    "empty zip": (Answer(export_bytes([])), "did not answer with a zip archive|has not one record"),
    "zip without a record": (Answer(export_bytes([{"id": "README"}])), "has not one record about a PyPI package"),
    "zip of another ecosystem": (
        Answer(export_bytes([{"id": "A", "affected": [{"package": {"ecosystem": "npm", "name": "a"}}]}])),
        "has not one record about a PyPI package",
    ),
    "zip of broken records": (
        Answer(export_bytes([*many(3), *({"id": f"X-{number}", "affected": 1} for number in range(11))])),
        "11 records of OSV bulk export .* cannot be read. For one, X-0.json: affected is not a list",
    ),
}


@pytest.fixture
def hasty(context: Context) -> Iterator[Context]:
    """A context whose client waits a fifth of a second only."""
    with Http(Network(timeout=0.2, retries=0, use_environment_proxies=False)) as http:
        yield replace(context, http=http)


@pytest.mark.parametrize("case", BROKEN)
def test_a_first_sync_that_fails_says_why(osv: FakeOsv, hasty: Context, case: str) -> None:
    """Nothing to fall back on: an error that names the place, what happened and what to do; and no database."""
    answer, said = BROKEN[case]
    osv.override(ZIP, answer)

    with pytest.raises(AdvisoryError, match=said) as caught:
        BulkExport(osv.base).open(hasty)

    assert osv.base in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.message.isprintable()
    assert caught.value.hint.endswith(".")
    assert [item.suffix for item in (hasty.folder / "advisories").iterdir()] == [".lock"]


@pytest.mark.parametrize("case", BROKEN)
def test_a_rebuild_that_fails_harms_nothing(osv: FakeOsv, hasty: Context, open_source: Open, case: str) -> None:
    """The old database stays, whole, and serves the next run."""
    open_source(BulkExport(osv.base))
    osv.override(ZIP, BROKEN[case][0])

    with pytest.raises(AdvisoryError):
        BulkExport(osv.base, rebuild=True).open(hasty)

    stop(osv, hasty)
    item = open_source(BulkExport(osv.base), later(hasty, minutes=1))
    assert (len(held(item)), item.database.is_sound, item.note) == (3, True, "")
    assert temporary(hasty) == []


BROKEN_LISTS: dict[str, tuple[Answer | Callable[[Asked], Answer], str]] = {
    "404": (Answer(b"no", 404), "cannot be asked what changed: the server answered 404"),
    "500": (Answer(b"no", 500), "cannot be asked what changed: the server answered 500"),
    "redirects without end": (redirecting(LIST), "cannot be asked what changed: more than 10 redirects"),
    "slow": (Answer(b"", 200, delay=3), "cannot be asked what changed: no answer in time"),
    "half, and says so": (Answer(b"2026-01-01T00:00:00Z,PYS", claim=500), "cannot be asked what changed: "),
    "nothing": (Answer(b""), "is empty"),
    "HTML": (HTML, r"is not a list of records: it has the line '<!doctype html><title>Sign in to the WiFi</title>'"),
    "cut in a line": (Answer(b"2026-01-01T00:00:00Z,PYSEC-0\n2026-01-01T00:0"), "has the line '2026-01-01T00:0'"),
    "cut in a time": (Answer(b"2026-01-01T00:00:00Z,PYSEC-0\n2026-01-,X"), "has the line '2026-01-,X'"),
    "no id": (Answer(b"2026-01-01T00:00:00Z,\n"), "has the line '2026-01-01T00:00:00Z,'"),
    "no name": (Answer(b"2026-01-01T00:00:00Z,PyPI/\n"), "has the line '2026-01-01T00:00:00Z,PyPI/'"),
    "three columns": (Answer(b"2026-01-01T00:00:00Z,A,B\n"), "has the line '2026-01-01T00:00:00Z,A,B'"),
    "escapes": (Answer(b"2026-01-01T00:00:00Z,A\x1b[2J\n"), r"has the line '2026-01-01T00:00:00Z,A\\x1b\[2J'"),
    "not UTF-8": (Answer(b"2026-01-01T00:00:00Z,\xff\n"), "is not a list of records: 'utf-8' codec"),
    "a quotation without end": (Answer(b'2026-01-01T00:00:00Z,"' + b"x" * 200_000), "is not a list of records: "),
    "NUL": (Answer(b"2026-01-01T00:00:00Z,A\0\n"), "is not a list of records: "),
    "new records that are not there": (
        Answer(b"".join(b"2026-01-01T00:00:00Z,PYSEC-%d\n" % number for number in range(4))),
        "PYSEC-3 cannot be fetched: the server answered 404",
    ),
}


@pytest.mark.parametrize("case", BROKEN_LISTS)
def test_a_sync_that_fails_is_told_and_harms_nothing(
    osv: FakeOsv, hasty: Context, open_source: Open, case: str
) -> None:
    """For a day the database of before serves, with a note; after that its age is an error. It is never changed."""
    first = open_source(BulkExport(osv.base))
    before = first.database.path.read_bytes()
    answer, said = BROKEN_LISTS[case]
    osv.override(LIST, answer)

    item = open_source(BulkExport(osv.base), later(hasty, hours=24))

    assert item.as_of == hasty.now
    assert item.note.startswith("not brought up to date: ")
    assert item.note.isprintable()
    with pytest.raises(AdvisoryError, match=said) as caught:
        BulkExport(osv.base).open(replace(hasty, now=hasty.now + USABLE_FOR + timedelta(seconds=1)))
    assert item.note == f"not brought up to date: {caught.value.message}"
    assert osv.base in caught.value.message
    assert caught.value.hint.endswith(".")
    assert first.database.path.read_bytes() == before
    assert temporary(hasty) == []


def test_nobody_listening_is_told(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """The commonest failure of all: no network."""
    open_source(BulkExport(osv.base))
    stop(osv, context)

    item = open_source(BulkExport(osv.base), later(context, hours=2))
    assert "no connection" in item.note
    with pytest.raises(AdvisoryError, match="no connection"):
        BulkExport(osv.base).open(later(context, hours=25))
    with pytest.raises(AdvisoryError, match="no connection"):
        BulkExport(osv.base).open(replace(context, folder=context.folder / "fresh"))


class Endless:
    """A server that answers without end, as fast as it is read."""

    def __init__(self, begin: bytes, more: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._content = (begin, more)
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Endless:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        begin, more = self._content
        with connection:
            try:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + begin)
                while True:
                    connection.sendall(more * 1_000)
            except OSError:
                return


def test_an_answer_without_end_is_cut_off(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is not filled. The bounds are lowered, for gigabytes take long to send."""
    monkeypatch.setattr(remote_zip, "_LARGEST_EXPORT", 1_000_000)
    with Endless(b"PK\3\4", b"x" * 100) as server:
        for source in (BulkExport(server.base), RemoteZip(f"{server.base}/a.zip")):
            with pytest.raises(AdvisoryError, match="the answer is larger than 1,000,000 bytes"):
                source.open(context)

    assert temporary(context) == []


def test_a_list_without_end_is_cut_off(
    osv: FakeOsv, open_source: Open, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for what is read into memory."""
    open_source(BulkExport(osv.base))
    monkeypatch.setattr(bulk_export, "_LARGEST_LIST", 100_000)
    monkeypatch.setattr(bulk_export, "_LARGEST_RECORD", 100_000)
    with Endless(b"", b"2026-01-01T00:00:00Z,PYSEC-1\n") as server:
        osv.override(LIST, redirecting(f"{server.base}/list"))
        assert "larger than 100,000 bytes" in open_source(BulkExport(osv.base), later(context, hours=2)).note
        osv.restore(LIST)
        osv.put(advisory("NEW", "app"))
        osv.override("/PyPI/NEW.json", redirecting(f"{server.base}/record"))
        assert (
            "NEW cannot be fetched: the answer is larger"
            in open_source(BulkExport(osv.base), later(context, hours=2)).note
        )


@pytest.mark.parametrize("kept", [0.99, 0.9, 0.5, 0.0])
@pytest.mark.parametrize("count", [3, 400])
def test_a_list_that_was_cut_short_deletes_nothing(
    open_source: Open, context: Context, count: int, kept: float
) -> None:
    """Cut exactly at the end of a line it looks whole. A record goes only when it cannot be fetched either."""
    with FakeOsv(many(count)) as osv:
        open_source(BulkExport(osv.base))
        rows = [f"2026-01-01T00:00:00Z,PYSEC-{number}\n" for number in range(max(1, int(count * kept)))]
        osv.override(LIST, Answer("".join(rows).encode()))

        item = open_source(BulkExport(osv.base), later(context, hours=2))

        assert len(held(item)) == count


def test_a_server_that_lost_its_records_is_not_believed(open_source: Open, context: Context) -> None:
    """An export of less than half of what there was is an accident, until somebody says that it is not."""
    with FakeOsv(many(700)) as osv:
        open_source(BulkExport(osv.base))
        for number in range(351):
            osv.remove(f"PYSEC-{number}")

        item = open_source(BulkExport(osv.base), later(context, hours=2))

        assert len(held(item)) == 700
        assert "offers 349 records, where there were 700" in item.note
        assert open_source(BulkExport(osv.base, rebuild=True), later(context, hours=2)).database.records == 349


def test_a_failure_in_the_middle_of_single_records_changes_nothing(
    osv: FakeOsv, open_source: Open, context: Context
) -> None:
    """All of a sync or none of it: a state that never was is no state."""
    open_source(BulkExport(osv.base))
    for number in range(60):
        osv.put(advisory(f"NEW-{number}", "app"))
    osv.override("/PyPI/NEW-30.json", Answer(b"no", 503))

    item = open_source(BulkExport(osv.base), later(context, hours=2))

    assert len(held(item)) == 3
    assert "NEW-30 cannot be fetched: the server answered 503" in item.note


def test_another_record_than_was_asked_for_is_refused(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """A cache on the way that mixes up its answers would put one record's content in the place of another's."""
    open_source(BulkExport(osv.base))
    osv.put(advisory("NEW", "app"))
    osv.override("/PyPI/NEW.json", Answer(json.dumps(advisory("OTHER", "app")).encode()))

    item = open_source(BulkExport(osv.base), later(context, hours=2))

    assert len(held(item)) == 3
    assert "answers OTHER where NEW was asked for" in item.note


def test_a_record_that_cannot_be_read_is_counted_until_it_can(
    osv: FakeOsv, open_source: Open, context: Context
) -> None:
    """One slip upstream must not stop everybody, must not be forgotten, and must be forgotten once it is mended."""
    open_source(BulkExport(osv.base))
    osv.put({"id": "PYSEC-1", "modified": "2026-11-20T13:00:00Z", "affected": "oops"})
    osv.put({"id": "NEW", "modified": "2026-11-20T13:00:00Z", "affected": "oops"})

    for hours in (2, 4):
        item = open_source(BulkExport(osv.base), later(context, hours=hours))
        assert sorted(place for place, _, _ in item.database.unreadable()) == ["NEW.json", "PYSEC-1.json"]
        assert item.database.find(["app1"]).about["app1"][0].id == "PYSEC-1"
    osv.put(advisory("PYSEC-1", "app1", modified="2026-11-20T16:00:00Z"))
    osv.remove("NEW")

    item = open_source(BulkExport(osv.base), later(context, hours=6))

    assert item.database.unreadable() == []
    assert set(held(item)) == {"PYSEC-0", "PYSEC-1", "PYSEC-2"}


def test_a_zip_with_a_few_broken_records_counts_them(open_source: Open) -> None:
    """The rest matches as usual."""
    with FakeOsv([*many(20), {"id": "BAD", "affected": 7, "modified": "2026-01-01T00:00:00Z"}]) as osv:
        item = open_source(BulkExport(osv.base))

    assert (item.database.records, [place for place, _, _ in item.database.unreadable()]) == (20, ["BAD.json"])


@pytest.mark.parametrize(
    "identifier",
    [
        "../../x",
        "..",
        "../..",
        "/etc/passwd",
        "a/../../../b",
        "x?y#z",
        "..\\..\\x",
        "%2e%2e%2fx",
        "PyPI/../x",
        ".",
        "-",
        "a b",
    ],
)
def test_ids_lead_nowhere(osv: FakeOsv, open_source: Open, context: Context, identifier: str, tmp_path: Path) -> None:
    """An id in the list becomes a part of a URL: it must stay below the base, and never become a path on this disk."""
    open_source(BulkExport(osv.base))
    before = sorted(tmp_path.rglob("*"))
    osv.override(LIST, Answer(f"2026-11-20T12:00:00Z,{identifier}\n".encode()))

    item = open_source(BulkExport(osv.base), later(context, hours=2))

    assert item.note.startswith("not brought up to date: ")
    assert all(path.startswith("/PyPI/") and ".." not in path.split("/") for path in osv.paths())
    assert all(path.count("/") == 2 and "?" not in path for path in osv.paths())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_list_that_names_records_twice_counts_the_newest(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """The list is newest first."""
    open_source(BulkExport(osv.base))
    osv.put(advisory("PYSEC-0", "app0", modified="2026-11-20T13:00:00Z"))
    rows = ["2026-11-20T13:00:00Z,PYSEC-0", *(f"2026-01-01T00:00:00Z,PYSEC-{number}" for number in range(3))]
    osv.override(LIST, Answer("\n".join(rows).encode()))

    assert open_source(BulkExport(osv.base), later(context, hours=2)).note == "1 changed, 0 deleted"


def test_a_clock_that_was_wrong_is_forgiven(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """Synced "in 2030", the database would pass for young for years."""
    open_source(BulkExport(osv.base), later(context, days=1_500))
    osv.put(advisory("NEW", "app"))

    item = open_source(BulkExport(osv.base))

    assert "NEW" in held(item)
    assert item.as_of == context.now
    open_source(BulkExport(osv.base), later(context, days=1_500))
    stop(osv, context)
    with pytest.raises(AdvisoryError):
        BulkExport(osv.base).open(context)


# --------------------------------------------------------------------------- what is on this machine


def test_offline_asks_nobody_and_writes_nothing(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """However old the copy is; its age is told. The cache may lie on a disk that cannot be written."""
    first = open_source(BulkExport(osv.base))
    asked = len(osv.asked)
    lock = Path(f"{first.database.path}.lock")
    lock.unlink()
    lock.mkdir()

    item = open_source(BulkExport(osv.base), replace(later(context, days=400), offline=True))

    assert (len(held(item)), item.as_of, item.note) == (3, context.now, "offline")
    assert len(osv.asked) == asked
    lock.rmdir()


@pytest.mark.parametrize("make", [BulkExport, lambda base: RemoteZip(f"{base}/PyPI/all.zip")])
def test_offline_without_a_copy_is_an_error(osv: FakeOsv, context: Context, make: Callable[[str], Source]) -> None:
    """Not "clean"."""
    with pytest.raises(AdvisoryError, match=r"There is no copy of the .* on this machine") as caught:
        make(osv.base).open(replace(context, offline=True))

    assert caught.value.hint == "Run once without --offline."
    assert osv.asked == []


@pytest.mark.parametrize("damage", ["cut", "rubbish", "empty", "other version", "a page", "a folder"])
def test_a_damaged_database_is_made_anew(osv: FakeOsv, open_source: Open, context: Context, damage: str) -> None:
    """Nobody should have to know where the file lies; what it still says is not believed."""
    first = open_source(BulkExport(osv.base))
    first.database.close()
    path = first.database.path
    content = path.read_bytes()
    if damage == "other version":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema'")
            connection.commit()
    elif damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        pages = content[:8192] + b"\xff" * 4096 + content[12288:]
        path.write_bytes({"cut": content[:5_000], "rubbish": b"x" * 9_000, "empty": b"", "a page": pages}[damage])

    if damage == "a folder":
        with pytest.raises(AdvisoryError, match=r"\.db cannot be written"):
            BulkExport(osv.base).open(later(context, hours=2))
        return
    item = open_source(BulkExport(osv.base), later(context, hours=2))

    assert (len(held(item)), item.database.is_sound, item.note) == (3, True, "3 records fetched")


def test_a_damaged_database_does_not_serve_as_the_old_one(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """Where it cannot be made anew either, that is an error at once."""
    first = open_source(BulkExport(osv.base))
    first.database.close()
    content = first.database.path.read_bytes()
    first.database.path.write_bytes(content[:8192] + b"\xff" * 4096 + content[12288:])
    stop(osv, context)

    with pytest.raises(AdvisoryError, match="no connection"):
        BulkExport(osv.base).open(later(context, hours=2))


@pytest.mark.parametrize("obstacle", ["cache", "advisories", "lock"])
@pytest.mark.parametrize("kind", ["export", "zip", "file", "starter"])
def test_a_cache_folder_that_cannot_be_used_is_an_error_with_words(
    osv: FakeOsv, context: Context, tmp_path: Path, obstacle: str, kind: str
) -> None:
    """A file where the folder should be, or a folder where the lock should be, as on a disk that cannot be written."""
    source: Source = {
        "export": BulkExport(osv.base),
        "zip": RemoteZip(f"{osv.base}{ZIP}"),
        "file": Collection(export(tmp_path / "a.zip", many(1))),
        "starter": StarterSet(),
    }[kind]
    if obstacle == "cache":
        context.folder.write_text("")
    elif obstacle == "advisories":
        context.folder.mkdir()
        (context.folder / "advisories").write_text("")
    else:
        place = source.open(replace(context, folder=tmp_path / "other")).database
        place.close()
        (context.folder / "advisories" / f"{place.path.name}.lock").mkdir(parents=True)

    with pytest.raises(AdvisoryError, match=r"cannot be (used|written): ") as caught:
        source.open(context)

    assert str(context.folder) in caught.value.message
    assert "SAFE_PIP_CACHE_DIR" in caught.value.hint


def test_a_cache_folder_that_others_can_change_is_not_believed(osv: FakeOsv, context: Context) -> None:
    """Who can write there can hide an advisory, and what is malware would be approved."""
    (context.folder / "advisories").mkdir(parents=True)
    (context.folder / "advisories").chmod(0o777)
    with pytest.raises(AdvisoryError, match="other users of this machine could change what it holds"):
        BulkExport(osv.base).open(context)


def test_who_waits_too_long_for_another_says_so(
    osv: FakeOsv, open_source: Open, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is never given back must not hang a run for ever."""
    path = open_source(BulkExport(osv.base)).database.path
    monkeypatch.setattr(kept, "_LOCK_SECONDS", 0.1)

    with (
        filelock.FileLock(f"{path}.lock"),
        pytest.raises(AdvisoryError, match="Another safe-pip has been working on") as caught,
    ):
        BulkExport(osv.base).open(later(context, hours=2))

    assert caught.value.hint == "Wait for it, or end it."


def test_what_killed_ones_left_is_cleared_away(osv: FakeOsv, open_source: Open, context: Context) -> None:
    """Half a download may be a gigabyte. What belongs to another database may be in use and stays."""
    path = open_source(BulkExport(osv.base)).database.path
    (path.parent / f".{path.name}.4711.tmp").write_bytes(b"half")
    (path.parent / f".{path.name}.4711.tmp-journal").write_bytes(b"half")
    (path.parent / f".{path.name}.abcd").mkdir()
    (path.parent / f".{path.name}.abcd" / "all.zip").write_bytes(b"half")
    (path.parent / ".osv-0123456789abcdef.db.99.tmp").write_bytes(b"another's")

    open_source(BulkExport(osv.base))

    assert temporary(context) == [".osv-0123456789abcdef.db.99.tmp"]


SYNC = """
import sys, time
from datetime import datetime, timezone
from pathlib import Path
from safe_pip.advisories import collection
from safe_pip.advisories.bulk_export import BulkExport
from safe_pip.advisories.sources import Context
from safe_pip.index.http import Http
from safe_pip.model import Network

read_collection = collection.read_collection

def slowly(path, name=None):
    for number, record in enumerate(read_collection(path, name)):
        if number == 2:
            print("half", flush=True)
            time.sleep(60)
        yield record

if sys.argv[3] == "slowly":
    collection.read_collection = slowly
with Http(Network(timeout=20, retries=0)) as http:
    context = Context(Path(sys.argv[2]), http, datetime(2026, 11, 20, 12, tzinfo=timezone.utc))
    print(BulkExport(sys.argv[1], rebuild=sys.argv[3] == "slowly").open(context).database.records)
"""


def sync(osv: FakeOsv, folder: Path, environ: Mapping[str, str], how: str = "") -> subprocess.Popen[bytes]:
    """A sync in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SYNC, osv.base, str(folder), how], stdout=subprocess.PIPE, env=dict(environ)
    )


@pytest.mark.parametrize("moment", ["download", "build"])
def test_a_sync_that_is_killed_harms_nothing(
    osv: FakeOsv, open_source: Open, context: Context, environ: dict[str, str], moment: str
) -> None:
    """At any moment: the old database serves, the next run gets the lock, works, and clears up."""
    open_source(BulkExport(osv.base))
    if moment == "download":
        began = threading.Event()

        def wait(_: Asked) -> Answer:
            began.set()
            return Answer(b"", delay=20)

        osv.override(ZIP, wait)
        process = sync(osv, context.folder, environ, "slowly")
        assert began.wait(30)
    else:
        process = sync(osv, context.folder, environ, "slowly")
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert temporary(context) != []
    osv.restore(ZIP)

    with closing(Database(next((context.folder / "advisories").glob("*.db")))) as database:
        assert database.records == 3
    assert open_source(BulkExport(osv.base), later(context, hours=2)).note == "unchanged"
    assert temporary(context) == []


def test_many_that_sync_at_once_fetch_once(osv: FakeOsv, context: Context, environ: dict[str, str]) -> None:
    """A build farm starts dozens of installs in the same second: one of them fetches, the others wait and read."""
    processes = [sync(osv, context.folder, environ) for _ in range(5)]

    assert [process.communicate()[0] for process in processes] == [b"3\n"] * 5
    assert [process.returncode for process in processes] == [0] * 5
    assert osv.paths() == [ZIP]
    assert temporary(context) == []


# --------------------------------------------------------------------------- the URL of a zip


def test_a_zip_by_url_is_sent_again_only_where_it_changed(open_source: Open, context: Context) -> None:
    """By ETag, as every file server gives one."""
    with Files() as server:
        tag = ['"1"']

        def answer(asked: Asked) -> Answer:
            if asked.headers.get("if-none-match") == tag[0]:
                return Answer(b"", 304)
            return Answer(export_bytes(many(len(tag[0]))), 200, {"ETag": tag[0]})

        server.override("/a.zip", answer)
        first = open_source(RemoteZip(f"{server.base}/a.zip"))
        again = open_source(RemoteZip(f"{server.base}/a.zip"))
        tag[0] = '"1234"'
        changed = open_source(RemoteZip(f"{server.base}/a.zip"))

        assert [item.database.records for item in (first, again, changed)] == [3, 3, 6]
        assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, '"1"', '"1"']
        assert first.source == f"{server.base}/a.zip"


def test_a_zip_by_url_is_as_old_as_its_server_says(open_source: Open, context: Context) -> None:
    """Else as its newest entry; and a date that makes no sense is none."""
    with Files() as server:

        def dated(name: str, date: str | None) -> Opened:
            headers = {} if date is None else {"Last-Modified": date}
            server.files[name] = Answer(export_bytes(many(1)), 200, headers)
            return open_source(RemoteZip(f"{server.base}/{name}"))

        assert dated("a", "Tue, 03 Nov 2026 04:05:06 GMT").as_of == datetime(2026, 11, 3, 4, 5, 6, tzinfo=timezone.utc)
        assert dated("b", "Tue, 03 Nov 2026 04:05:06").as_of == datetime(2026, 11, 3, 4, 5, 6, tzinfo=timezone.utc)
        entry = datetime(2026, 11, 20, tzinfo=timezone.utc)
        for number, date in enumerate(
            (None, "", "yesterday", "Fri, 31 Dec 9999 23:59:59 -0100", "\x80\x81", "Mon, 99")
        ):
            assert dated(f"c{number}", date).as_of == entry

        def unchanged(asked: Asked) -> Answer | None:
            return Answer(b"", 304) if "if-modified-since" in asked.headers else None

        server.override("/a", unchanged)
        assert open_source(RemoteZip(f"{server.base}/a")).as_of == datetime(2026, 11, 3, 4, 5, 6, tzinfo=timezone.utc)


@pytest.mark.parametrize("case", BROKEN)
def test_a_zip_by_url_that_fails_is_an_error(open_source: Open, hasty: Context, case: str) -> None:
    """The one that named a source wants that source. Its old database stays for the next time."""
    answer, said = BROKEN[case]
    with Files() as server:
        url = f"{server.base}/PyPI/all.zip"
        server.files["PyPI/all.zip"] = Answer(WHOLE)
        open_source(RemoteZip(url))
        server.override(ZIP, answer)

        for folder in (hasty.folder, hasty.folder / "fresh"):
            with pytest.raises(AdvisoryError, match=said.replace("OSV bulk export ", "")) as caught:
                RemoteZip(url).open(replace(hasty, folder=folder))
            assert url in caught.value.message
            assert caught.value.hint.endswith(".")
            assert temporary(replace(hasty, folder=folder)) == []

    item = open_source(RemoteZip(url), replace(hasty, offline=True))
    assert (item.database.records, item.note, item.as_of) == (
        3,
        "offline",
        datetime(2026, 11, 20, tzinfo=timezone.utc),
    )


@pytest.mark.parametrize("make", [lambda base: RemoteZip(f"{base}{ZIP}?sig=S3CRET"), BulkExport])
def test_credentials_are_sent_and_never_shown(
    osv: FakeOsv, context: Context, open_source: Open, make: Callable[[str], Source]
) -> None:
    """User, password and the key in a query reach the server, and no report, message or file of the cache."""
    wanted = "Basic dXNlcjpwQHNzOlMzQ1JFVA=="  # user:p@ss:S3CRET
    osv_answer = osv.answer
    osv.answer = lambda asked: (  # type: ignore[method-assign]
        osv_answer(asked._replace(path=asked.path.partition("?")[0]))
        if asked.headers.get("authorization") == wanted
        else Answer(b"who are you?", 401)
    )
    source = make(osv.base.replace("://", "://user:p%40ss%3AS3CRET@"))

    item = open_source(source)

    assert item.database.records == 3
    if isinstance(source, RemoteZip):
        assert osv.paths() == [f"{ZIP}?sig=S3CRET"]
    stop(osv, context)
    with pytest.raises(AdvisoryError) as caught:
        source.open(later(context, days=2))
    shown = [item.source, source.name, caught.value.message, caught.value.hint, json.dumps(item.database.meta)]
    assert not any(secret in text for secret in ("S3CRET", "p%40ss", "p@ss", "user:") for text in shown)
    assert "****@127.0.0.1" in source.name
    stored = [path for path in context.folder.rglob("*") if path.is_file()]
    assert not any(b"S3CRET" in path.read_bytes() or "S3CRET" in path.name for path in stored)


def test_credentials_are_not_sent_elsewhere(osv: FakeOsv, open_source: Open) -> None:
    """A redirect to another host must not take the password with it."""
    with Files() as other:
        other.files["all.zip"] = Answer(WHOLE)
        target = other.base.replace("127.0.0.1", "localhost")
        osv.override(ZIP, redirecting(f"{target}/all.zip"))

        assert open_source(BulkExport(osv.base.replace("://", "://user:pw@"))).database.records == 3

        assert "authorization" in osv.asked[0].headers
        assert [asked.headers.get("authorization") for asked in other.asked] == [None]


# --------------------------------------------------------------------------- files and folders


def test_a_file_is_read_again_only_when_it_changed(open_source: Open, context: Context, tmp_path: Path) -> None:
    """Building takes time that an install should not pay twice."""
    path = export(tmp_path / "a.zip", many(2))
    first = open_source(Collection(path))
    built = first.database.path.stat().st_mtime_ns

    again = open_source(Collection(path))
    assert again.database.path.stat().st_mtime_ns == built
    export(path, many(5))
    changed = open_source(Collection(path))

    assert [item.database.records for item in (first, again, changed)] == [2, 2, 5]
    assert (first.source, first.note, first.as_of) == (str(path), "", datetime(2026, 11, 20, tzinfo=timezone.utc))
    assert temporary(context) == []


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_folders_and_single_files_are_sources_too(open_source: Open, tmp_path: Path, kind: str) -> None:
    """For records that one writes oneself; offline makes no difference to them."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(advisory("MINE-1", "app")))

    item = open_source(Collection(folder if kind == "folder" else folder / "a.json"))
    assert set(held(item)) == {"MINE-1"}
    (folder / "a.json").write_text(json.dumps(advisory("MINE-22", "app")))

    assert set(held(open_source(Collection(folder if kind == "folder" else folder / "a.json")))) == {"MINE-22"}


@pytest.mark.parametrize("name", ["ünï.zip", "with space.zip", "a%20b.zip", "a#b.zip", b"\xff.zip"])
def test_any_name_of_a_file_will_do(open_source: Open, tmp_path: Path, name: str | bytes) -> None:
    """Also one that is no Unicode: it is a key, a part of messages, and is stored."""
    path = tmp_path / os.fsdecode(name)
    export(path, many(1))

    item = open_source(source_for(str(path)))

    assert item.database.records == 1
    assert item.source.encode()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no zip"), "is neither a zip archive, nor a folder, nor a .json file"),
        (lambda path: path.mkdir(), "has not one record about a PyPI package"),
        (lambda path: path.write_bytes(WHOLE[:-40]), "is neither a zip archive"),
        (lambda path: path.write_bytes(WHOLE[30:]), "is not a zip archive that can be read"),
        (lambda path: path.symlink_to("nowhere"), "cannot be read: No such file or directory"),
        (lambda path: export(path, [{"id": "X", "affected": 5}]), "has not one record .* For one, X.json: affected is"),
        (lambda path: None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(
    open_source: Open, context: Context, tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    """With its name; and a database of what it was before is left alone."""
    path = export(tmp_path / "a.zip", many(2))
    database = open_source(Collection(path)).database.path
    before = database.read_bytes()
    path.unlink()
    make(path)

    with pytest.raises(AdvisoryError, match=said) as caught:
        Collection(path).open(context)

    assert str(path) in caught.value.message
    assert caught.value.hint.endswith(".")
    assert database.read_bytes() == before
    assert temporary(context) == []


# --------------------------------------------------------------------------- what --advisories names


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://mirror.example/osv/", BulkExport("https://mirror.example/osv", named=True)),
        ("https://mirror.example/", BulkExport("https://mirror.example", named=True)),
        ("HTTP://mirror.example/osv//", BulkExport("HTTP://mirror.example/osv", named=True)),
        ("https://mirror.example/all.zip", RemoteZip("https://mirror.example/all.zip")),
        ("https://mirror.example", RemoteZip("https://mirror.example")),
        ("https://mirror.example/get?file=/", RemoteZip("https://mirror.example/get?file=/")),
    ],
)
def test_urls_name_zips_or_exports(text: str, source: Source) -> None:
    """A slash at the end of the path makes the difference."""
    assert source_for(text) == source


def test_paths_name_collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain, relative to the home folder, and as a file: URL."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = export(tmp_path / "a b.zip", many(1))

    assert source_for(str(path)) == Collection(path)
    assert source_for("~/a b.zip") == Collection(path)
    assert source_for("a b.zip") == Collection(Path("a b.zip"))
    assert source_for(path.as_uri()) == Collection(path)
    assert source_for(str(tmp_path)) == Collection(tmp_path)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("esms", UsageError, "safe-pip does not take this source"),
        ("", UsageError, "names nothing"),
        (" ", UsageError, "names nothing"),
        ("file://elsewhere.example/a.zip", UsageError, "names a file on another host"),
        pytest.param(
            os.devnull,
            AdvisoryError,
            "this is neither a file nor a folder",
            marks=pytest.mark.skipif(os.name == "nt", reason="devices"),
        ),
        ("nowhere.zip", AdvisoryError, "nowhere.zip: there is no such file or folder"),
        ("~nobody-of-that-name/a.zip", AdvisoryError, "there is no such file or folder"),
        ("x" * 10_000, AdvisoryError, "there is no such file or folder"),
        ("a\0b", AdvisoryError, "there is no such file or folder"),
        ("ftp://user:S3CRET@mirror.example/a.zip", AdvisoryError, r"ftp://\*\*\*\*@mirror"),
        ("http://[::1", AdvisoryError, "there is no such file or folder"),
    ],
)
def test_what_names_nothing_is_said_to(text: str, kind: type[Exception], said: str) -> None:
    """A slip of the keys must not be taken for the current folder, nor end in a traceback."""
    with pytest.raises(kind, match=said) as caught:
        source_for(text)

    assert getattr(caught.value, "hint", "")
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///x.zip",
        "https://[::1/a.zip",
        "http://127.0.0.1:99999/a.zip",
        "http://a..b/x",
        "http://\udcff/x",
    ],
)
def test_a_url_that_cannot_be_asked_is_an_error(context: Context, url: str) -> None:
    """Whatever the libraries below think of it."""
    with pytest.raises(AdvisoryError):
        source_for(url).open(context)


def test_every_database_is_closed_again(osv: FakeOsv, context: Context, tmp_path: Path) -> None:
    """A run opens its databases for reading, one for each source; nothing else may stay open."""
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    made: list[Database] = []
    for hours in (0, 2, 4):
        collection = Collection(export(tmp_path / "a.zip", many(hours + 1)))
        known: list[Source] = [BulkExport(osv.base), collection, StarterSet()]
        made += [source.open(later(context, hours=hours)).database for source in known]
    context.http.close()
    if before is not None:
        files = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
        assert sum(1 for path in files if str(context.folder) in path) == len(made)
    for database in made:
        database.close()
    if before is not None:
        files = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
        assert not any(str(context.folder) in path for path in files)
