"""The services osv and pypi: asked at once, checked in every answer, never told a private name, never waited for."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from fakes import Answer, Asked, advisory, export
from index.servers import nobody_there
from keyrings import FakeKeyring
from osv_server import OsvServer
from pypi_json_server import PyPIJsonServer, vulnerability
from safe_pip.advisories import Advisories
from safe_pip.advisories.bulk_export import BulkExport
from safe_pip.advisories.index_json import IndexJson
from safe_pip.advisories.named import source_for
from safe_pip.advisories.on_disk import Collection
from safe_pip.advisories.opening import open_advisories
from safe_pip.advisories.osv import OSV_API_URL, OsvApi
from safe_pip.advisories.remote import AT_ONCE, Asker, Unanswered, sibling_of
from safe_pip.advisories.sources import Context, Source
from safe_pip.cli.run import sources_of
from safe_pip.errors import AdvisoryError, UsageError
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.model import Network

Asking = Callable[..., Advisories]


def names(*pairs: str) -> list[tuple[NormalizedName, str]]:
    """Names and versions, each as "name version"."""
    return [(NormalizedName(name), version) for name, version in (pair.split() for pair in pairs)]


def up_to(fixed: str, introduced: str = "0") -> list[dict[str, str]]:
    """The events of a range."""
    return [{"introduced": introduced}, {"fixed": fixed}]


def found(known: Advisories, *pairs: str) -> dict[str, list[str]]:
    """The ids of the groups that affect each version."""
    return {
        f"{name} {version}": [group.id for group in known.known(name, version).groups]
        for name, version in names(*pairs)
    }


def reasons(known: Advisories) -> list[str]:
    """What could not be checked, in words; every one of them makes the audit incomplete."""
    assert {item.code for item in known.unchecked} <= {"advisories-unavailable"}
    return [item.reason for item in known.unchecked]


@pytest.fixture
def asking(context: Context) -> Iterator[Asking]:
    """Opens sources, loads packages, and closes everything at the end of the test."""
    made: list[Advisories] = []

    def do(sources: Source | list[Source], *pairs: str, given: Context = context, private: str = "") -> Advisories:
        every = sources if isinstance(sources, list) else [sources]
        known = Advisories([source.open(given) for source in every], given.now)
        made.append(known)
        known.load(names(*pairs), private=frozenset(map(NormalizedName, private.split())))
        return known

    yield do
    for item in made:
        item.close()


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    """An API with a few records."""
    records = [
        advisory("PYSEC-1", "app", aliases=["CVE-1"], events=up_to("1.1"), details="All of it."),
        advisory("GHSA-1", "app", aliases=["CVE-1"], events=up_to("1.2"), severity=[HIGH]),
        advisory("PYSEC-2", "lib"),
    ]
    with OsvServer(records) as server:
        yield server


@pytest.fixture
def index() -> Iterator[PyPIJsonServer]:
    """An index with two releases, of which one is affected."""
    with PyPIJsonServer() as server:
        server.add("app", "1.0", vulnerability("PYSEC-1", aliases=["CVE-1"], fixed_in=["2.1", "1.1"]))
        server.add("lib", "1.0")
        yield server


HIGH = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}

# --------------------------------------------------------------------------- osv, when all is well


def test_all_versions_in_one_request_and_each_record_once(osv: OsvServer, asking: Asking) -> None:
    """149 packages must not be 149 requests; and what came is as good as what a database holds."""
    known = asking(OsvApi(osv.base), "app 1.0", "lib 2.0", "none 1.0", "app 1.1")

    assert [len(batch) for batch in osv.batches] == [4]
    assert sorted(osv.details) == ["GHSA-1", "PYSEC-1", "PYSEC-2"]
    assert found(known, "app 1.0", "app 1.1", "lib 2.0", "none 1.0") == {
        "app 1.0": ["PYSEC-1"],
        "app 1.1": ["PYSEC-1"],
        "lib 2.0": ["PYSEC-2"],
        "none 1.0": [],
    }
    [group] = known.known(NormalizedName("app"), "1.0").groups
    assert (group.ids, group.severity, group.score) == (("PYSEC-1", "CVE-1", "GHSA-1"), "high", 7.5)
    assert (group.fix_versions, group.suggested_fix) == (("1.1", "1.2"), "1.2")
    assert (group.details, group.told_by) == ("All of it.", (f"OSV ({osv.base})",))
    assert known.unchecked == ()
    assert [(item.records, item.stale) for item in known.sources] == [(3, False)]


def test_more_than_a_thousand_are_several_batches(osv: OsvServer, asking: Asking) -> None:
    """The API refuses larger ones."""
    pairs = [f"app{number} 1.0" for number in range(1_500)]

    known = asking(OsvApi(osv.base), *pairs, "app 1.0")

    assert sorted(len(batch) for batch in osv.batches) == [501, 1_000]
    assert found(known, "app 1.0") == {"app 1.0": ["PYSEC-1"]}
    assert known.unchecked == ()


def test_only_what_has_more_pages_is_asked_for_again(asking: Asking) -> None:
    """A peer reads the first page and calls it all."""
    records = [advisory(f"X-{number}", "app") for number in range(5)] + [advisory("Y", "lib")]
    with OsvServer(records, page=2) as server:
        known = asking(OsvApi(server.base), "app 1.0", "lib 1.0")

        assert found(known, "app 1.0", "lib 1.0") == {"app 1.0": [f"X-{n}" for n in range(5)], "lib 1.0": ["Y"]}
        assert [[query["package"]["name"] for query in batch] for batch in server.batches] == [
            ["app", "lib"],
            ["app"],
            ["app"],
        ]
        assert [query.get("page_token") for batch in server.batches for query in batch] == [None, None, "2", "4"]


def test_a_local_version_is_asked_for_as_its_public_one(osv: OsvServer, asking: Asking) -> None:
    """The service does not know ``+cu118``; and what else is written is sent as it is."""
    known = asking(OsvApi(osv.base), "app 1.0+cu118", "app 1.0.0")

    assert [query["version"] for query in osv.batches[0]] == ["1.0", "1.0.0"]
    assert found(known, "app 1.0+cu118") == {"app 1.0+cu118": ["PYSEC-1"]}


def test_the_service_decides_what_it_was_asked(asking: Asking) -> None:
    """It may know better than its ranges; of versions that it was not asked for, the ranges decide."""
    told = {"results": [{"vulns": [{"id": "X", "modified": "2026-01-01T00:00:00Z"}]}, {}]}
    with OsvServer([advisory("X", "app", events=up_to("2.0", "1.5"))]) as server:
        server.trouble(200, json.dumps(told), path="/v1/querybatch")
        known = asking(OsvApi(server.base), "app 1.0", "app 1.6")

    assert found(known, "app 1.0", "app 1.6", "app 1.7") == {"app 1.0": ["X"], "app 1.6": [], "app 1.7": ["X"]}
    versions = tuple(map(Version, ("1.4", "1.7", "2.0")))
    [group] = known.known(NormalizedName("app"), "1.0", versions).groups
    assert group.suggested_fix == "2.0"


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/query", "/v1/query/", "/v1/querybatch"])
def test_the_url_may_be_the_one_of_pip_audit(osv: OsvServer, asking: Asking, ending: str) -> None:
    """Its ``--osv-url`` is that of the query; ours is the base."""
    assert found(asking(OsvApi.at(f"{osv.base}{ending}"), "lib 1.0"), "lib 1.0") == {"lib 1.0": ["PYSEC-2"]}


@pytest.mark.parametrize(
    "url", ["", "nonsense", "file:///etc", "http://", "http://x.example/?key=1", "ftp://x.example"]
)
def test_what_is_no_url_of_an_api_is_said(url: str) -> None:
    """Before anything is asked, and not by a traceback."""
    with pytest.raises(UsageError, match=r"--osv-url .* is not the URL of an API"):
        OsvApi.at(url)


def test_sources_by_their_names(tmp_path: Path) -> None:
    """What the options say, where the variables point, and each source once."""
    path = export(tmp_path / "a.zip", [advisory("X", "app")])
    osv = {"SAFE_PIP_OSV_URL": "http://a.example/v1/query", "PIP_AUDIT_OSV_URL": "http://b.example/v1/query"}

    assert source_for("osv") == OsvApi(OSV_API_URL)
    assert source_for("pypi") == IndexJson()
    assert source_for("local", bulk_url="http://c.example/") == BulkExport("http://c.example")
    assert sources_of(["osv", "pypi", "osv"], osv) == (OsvApi("http://a.example"), IndexJson())
    assert sources_of(["osv"], {"PIP_AUDIT_OSV_URL": osv["PIP_AUDIT_OSV_URL"]}) == (OsvApi("http://b.example"),)
    assert sources_of(["osv"], osv, osv_url="http://d.example") == (OsvApi("http://d.example"),)
    assert sources_of([str(path)], osv) == (Collection(path),)


# --------------------------------------------------------------------------- the cache


def test_a_warm_run_asks_only_what_has_changed(osv: OsvServer, asking: Asking, context: Context) -> None:
    """Records are kept by id and time of change: one that has changed is fetched again, and no other."""
    first = asking(OsvApi(osv.base), "app 1.0", "lib 1.0")
    osv.put(advisory("PYSEC-2", "lib", modified="2026-05-05T00:00:00.123Z", summary="changed"))
    osv.asked.clear()

    second = asking(OsvApi(osv.base), "app 1.0", "lib 1.0")

    assert (len(osv.batches), osv.details) == (1, ["PYSEC-2"])
    assert second.known(NormalizedName("app"), "1.0") == first.known(NormalizedName("app"), "1.0")
    assert second.known(NormalizedName("lib"), "1.0").groups[0].summary == "changed"
    osv.asked.clear()
    asking(OsvApi(osv.base), "app 1.0", "lib 1.0")
    assert osv.details == []


@pytest.mark.parametrize("service", ["osv", "pypi"])
def test_offline_uses_what_was_answered_and_says_how_old_it_is(
    osv: OsvServer, index: PyPIJsonServer, asking: Asking, context: Context, service: str
) -> None:
    """The same findings without a network; what was never asked is not clean."""
    source: Source = OsvApi(osv.base) if service == "osv" else IndexJson()
    given = replace(context, index_url=index.url)
    before = asking(source, "app 1.0", "lib 1.0", given=given)
    osv.asked.clear()
    index.asked.clear()

    offline = replace(given, offline=True, now=given.now + timedelta(days=8))
    after = asking(source, "app 1.0", "lib 1.0", given=offline)

    assert after.known(NormalizedName("app"), "1.0") == before.known(NormalizedName("app"), "1.0")
    assert after.unchecked == ()
    assert [(item.as_of, item.stale, item.note) for item in after.sources] == [(context.now, True, "offline")]

    more = asking(source, "app 1.0", "new 1.0", given=offline)
    assert [reason.partition(") ")[2] for reason in reasons(more)] == [
        "was not asked before about new 1.0: --offline was given."
    ]
    assert more.looked_up(NormalizedName("app"), "1.0")
    assert not more.looked_up(NormalizedName("new"), "1.0")
    assert osv.asked == index.asked == []


def test_what_is_kept_is_for_one_server_and_one_trust(osv: OsvServer, asking: Asking, context: Context) -> None:
    """Another server must not speak for this one, nor one whose certificate nobody looked at."""
    asking(OsvApi(osv.base), "lib 1.0")
    with OsvServer(osv.records.values()) as other:
        asking(OsvApi(other.base), "lib 1.0")
        assert other.details == ["PYSEC-2"]
    osv.asked.clear()
    with Http(Network(trusted_hosts=("x.example",), use_environment_proxies=False)) as http:
        asking(OsvApi(osv.base), "lib 1.0", given=replace(context, http=http))
    assert osv.details == ["PYSEC-2"]


def _cache(context: Context) -> Path:
    return next((context.folder / "advisories").glob("answers-*.sqlite"))


@pytest.mark.parametrize("damage", ["rubbish", "torn", "changed", "empty"])
def test_a_damaged_cache_is_as_good_as_none(osv: OsvServer, asking: Asking, context: Context, damage: str) -> None:
    """Whatever happened to the file, the answer is the server's."""
    asking(OsvApi(osv.base), "lib 1.0").close()
    path = _cache(context)
    if damage == "changed":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE answers SET content = replace(content, 'is about', 'is nothing about')")
            connection.commit()
    else:
        whole = path.read_bytes()
        path.write_bytes({"rubbish": b"x" * 5000, "torn": whole[: len(whole) // 2], "empty": b""}[damage])

    assert found(asking(OsvApi(osv.base), "lib 1.0"), "lib 1.0") == {"lib 1.0": ["PYSEC-2"]}
    assert osv.details == ["PYSEC-2", "PYSEC-2"]


def test_a_folder_that_others_can_change_is_refused(osv: OsvServer, context: Context) -> None:
    """Who can write there can hide an advisory."""
    folder = context.folder / "advisories"
    folder.mkdir(parents=True)
    folder.chmod(folder.stat().st_mode | stat.S_IWOTH)

    opening = open_advisories([OsvApi(osv.base)], context, starter_set=False)

    assert opening.advisories is None
    assert "other users of this machine" in opening.unchecked[0].reason


ASKS = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from safe_pip.advisories import Advisories
from safe_pip.advisories.osv import OsvApi
from safe_pip.advisories.sources import Context
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.model import Network

base, folder, rounds = sys.argv[1:]
now = datetime(2026, 11, 20, tzinfo=timezone.utc)
with Http(Network(use_environment_proxies=False)) as http:
    for number in range(int(rounds)):
        known = Advisories([OsvApi(base).open(Context(Path(folder), http, now))], now)
        known.load([(f"app{number}", "1.0"), ("lib", "1.0")])
        assert [group.id for group in known.known("lib", "1.0").groups] == ["PYSEC-2"], known.unchecked
        known.close()
        print("round", flush=True)
"""


def test_many_runs_at_once_and_killed_ones_leave_the_cache_whole(
    osv: OsvServer, asking: Asking, context: Context
) -> None:
    """CI runs jobs side by side and kills them; neither may cost a wrong answer or a file that nobody can read."""
    command = [sys.executable, "-c", ASKS, osv.base, str(context.folder)]
    runs = [subprocess.Popen([*command, "15"], stdout=subprocess.PIPE) for _ in range(2)]
    killed = subprocess.Popen([*command, "1000"], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    killed.stdout.readline()
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()

    assert [run.communicate()[0].count(b"round") for run in runs] == [15, 15]
    assert [run.returncode for run in runs] == [0, 0]
    osv.asked.clear()
    asking(OsvApi(osv.base), "lib 1.0")
    assert osv.details == []
    with closing(sqlite3.connect(_cache(context))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# --------------------------------------------------------------------------- outages

MANY = [f"app{number} 1.0" for number in range(149)]


@pytest.mark.parametrize("service", ["osv", "pypi"])
@pytest.mark.parametrize("status", [500, 503, 429, 403])
def test_a_dead_server_is_told_once_and_not_asked_149_times(
    osv: OsvServer, index: PyPIJsonServer, asking: Asking, context: Context, service: str, status: int
) -> None:
    """Each retry takes time; after the first that were in vain nothing more is asked, and nothing is called clean."""
    osv.trouble(status)
    index.trouble(status)
    source: Source = OsvApi(osv.base) if service == "osv" else IndexJson()

    known = asking(source, *MANY, given=replace(context, index_url=index.url))

    [reason] = reasons(known)
    assert (
        f"could not be asked about app0 1.0, app1 1.0, app10 1.0 and 146 more: the server answered {status}" in reason
    )
    assert len(osv.asked) <= 3
    assert len(index.asked) <= AT_ONCE
    assert not known.looked_up(NormalizedName("app3"), "1.0")
    assert [item.as_of for item in known.sources] == [None]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_recovers_is_asked_again(
    osv: OsvServer, index: PyPIJsonServer, asking: Asking, context: Context, status: int
) -> None:
    """A peer takes one bad answer for the end of it."""
    with Http(Network(timeout=5, retries=2, use_environment_proxies=False)) as http:
        given = replace(context, http=http, index_url=index.url)
        osv.trouble(status, times=1, headers={"Retry-After": "0"})
        index.trouble(status, times=1)
        known = asking([OsvApi(osv.base), IndexJson()], "app 1.0", given=given)

        assert found(known, "app 1.0") == {"app 1.0": ["PYSEC-1"]}
        assert known.unchecked == ()
        assert [item.path for item in osv.asked[:2]] == ["/v1/querybatch"] * 2


def test_retries_are_bounded(osv: OsvServer, asking: Asking, context: Context) -> None:
    """However many the user allows for files: three requests, and no more."""
    with Http(Network(timeout=5, retries=9, use_environment_proxies=False)) as http:
        osv.trouble(500)
        asking(OsvApi(osv.base), "app 1.0", given=replace(context, http=http))

    assert len(osv.asked) == 3


def test_an_answer_that_breaks_off_is_asked_for_again(osv: OsvServer, asking: Asking) -> None:
    """Once is an accident."""
    osv.trouble(200, b'{"results"', claim=1_000, times=1, path="/v1/querybatch")
    osv.trouble(200, b'{"id"', claim=1_000, times=1, path="/v1/vulns/")

    known = asking(OsvApi(osv.base), "app 1.0")

    assert (found(known, "app 1.0"), known.unchecked) == ({"app 1.0": ["PYSEC-1"]}, ())


@pytest.mark.parametrize("service", ["osv", "pypi"])
def test_nobody_there_and_no_answer_in_time(osv: OsvServer, asking: Asking, context: Context, service: str) -> None:
    """Refused and silent servers are told in words."""
    with (
        nobody_there() as nowhere,
        PyPIJsonServer() as silent,
        Http(Network(timeout=0.2, retries=0, use_environment_proxies=False)) as http,
    ):
        given = replace(context, http=http)
        for base, said in ((nowhere, "no connection"), (silent.base, "no answer in time")):
            silent.trouble(200, delay=5)
            source: Source = OsvApi(base) if service == "osv" else IndexJson()
            known = asking(source, "app 1.0", given=replace(given, index_url=f"{base}/simple"))
            [reason] = reasons(known)
            assert said in reason
            assert ("--timeout" in known.unchecked[0].help) is (base == silent.base)


def test_there_is_an_end_to_all_asking(osv: OsvServer, http: Http) -> None:
    """However slow each answer is, and however many there would be."""
    asker = Asker(http, most_seconds=-1)

    for _ in range(2):
        with pytest.raises(Unanswered, match="it has taken more than"):
            asker.json(f"{osv.base}/v1/vulns/PYSEC-1", limit=1_000)
    assert osv.asked == []


def test_what_is_known_is_given_where_details_cannot_be_had(osv: OsvServer, asking: Asking) -> None:
    """That there is an advisory is known, and is a finding, though nobody can say more of it."""
    osv.trouble(410, path="/v1/vulns/GHSA-1")
    osv.trouble(404, path="/v1/vulns/PYSEC-2")

    known = asking(OsvApi(osv.base), "app 1.0", "lib 1.0")

    assert found(known, "app 1.0", "lib 1.0")["lib 1.0"] == ["PYSEC-2"]
    assert {group.id for group in known.known(NormalizedName("app"), "1.0").groups} >= {"GHSA-1"}
    assert [reason.partition(") ")[2] for reason in reasons(known)] == [
        "could not be asked about GHSA-1: the server answered 410 Gone.",
        "could not be asked about PYSEC-2: the server answered 404 Not Found.",
    ]
    osv.well()
    again = asking(OsvApi(osv.base), "lib 1.0", "app 1.0")
    assert (found(again, "app 1.0"), again.unchecked) == ({"app 1.0": ["PYSEC-1"]}, ())


def test_an_outage_of_one_source_leaves_the_others(osv: OsvServer, asking: Asking, tmp_path: Path) -> None:
    """What the local database says is said."""
    osv.trouble(503)
    local = Collection(export(tmp_path / "a.zip", [advisory("LOCAL-1", "app")]))

    known = asking([OsvApi(osv.base), local], "app 1.0")

    assert found(known, "app 1.0") == {"app 1.0": ["LOCAL-1"]}
    assert len(reasons(known)) == 1
    assert known.looked_up(NormalizedName("app"), "1.0")


# --------------------------------------------------------------------------- answers that make no sense


def results(*items: Any) -> str:
    """An answer to a batch."""
    return json.dumps({"results": list(items)})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>login</html>", "the answer is not JSON"),
        ("", "the answer is not JSON"),
        (b"\xff\xfe\x00", "the answer is not JSON"),
        ("[" * 100_000, "the answer is not JSON"),
        ("[]", "the answer has no results"),
        ("{}", "the answer has no results"),
        ('{"results": {"a": 1}}', "the answer has no results"),
        (results(), "2 questions got 0 answers"),
        (results({}, {}, {}), "2 questions got 3 answers"),
        (results({}, []), "a result is not what the API describes"),
        (results({}, None), "a result is not what the API describes"),
        (results({}, "none"), "a result is not what the API describes"),
        (results({}, {"vulns": "X"}), "a result is not what the API describes"),
        (results({}, {"next_page_token": 5}), "a result is not what the API describes"),
        (results({}, {"vulns": [{}]}), "an advisory without an id"),
        (results({}, {"vulns": ["X"]}), "an advisory without an id"),
        (results({}, {"vulns": [{"id": ".."}]}), "an advisory without an id"),
        (results({}, {"vulns": [{"id": "a/../../etc"}]}), "an advisory without an id"),
        (results({}, {"vulns": [{"id": "X\x1b[2J"}]}), "an advisory without an id"),
    ],
)
def test_a_batch_that_makes_no_sense(osv: OsvServer, asking: Asking, body: str | bytes, said: str) -> None:
    """Neither clean nor a traceback: what was asked is named."""
    osv.trouble(200, body, path="/v1/querybatch")

    known = asking(OsvApi(osv.base), "app 1.0", "lib 1.0")

    [reason] = reasons(known)
    assert reason.startswith(f"OSV ({osv.base}) could not be asked about app 1.0, lib 1.0: ")
    assert said in reason
    assert reason.isprintable()
    assert found(known, "app 1.0", "lib 1.0") == {"app 1.0": [], "lib 1.0": []}
    assert not known.looked_up(NormalizedName("lib"), "1.0")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("nonsense", "could not be asked about PYSEC-2: the answer is not JSON."),
        ("[]", "could not be asked about PYSEC-2: the answer is something without an id."),
        ('{"id": "OTHER-1"}', "could not be asked about PYSEC-2: the answer is 'OTHER-1'."),
        (
            '{"id": "PYSEC-2", "affected": 5}',
            "cannot be read about PYSEC-2: affected is not a list.",
        ),
        ('{"id": "PYSEC-2", "withdrawn": "soon"}', "cannot be read about PYSEC-2: withdrawn is not a time."),
    ],
)
def test_a_record_that_makes_no_sense(osv: OsvServer, asking: Asking, body: str, said: str) -> None:
    """The finding stands by its id, and the audit is incomplete; nothing of it is kept."""
    osv.trouble(200, body, path="/v1/vulns/")

    known = asking(OsvApi(osv.base), "lib 1.0")

    [reason] = reasons(known)
    assert said in reason
    assert found(known, "lib 1.0") == {"lib 1.0": ["PYSEC-2"]}
    osv.well()
    assert asking(OsvApi(osv.base), "lib 1.0").known(NormalizedName("lib"), "1.0").groups[0].summary


def test_a_huge_answer_is_not_read(osv: OsvServer, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never ends must not fill the memory."""
    monkeypatch.setattr("safe_pip.advisories.osv._LARGEST_RECORD", 1_000)
    osv.put(advisory("PYSEC-2", "lib", details="x" * 5_000))

    known = asking(OsvApi(osv.base), "lib 1.0", "app 1.0")

    assert "PYSEC-2: the answer is larger than 1,000 bytes" in reasons(known)[0]
    assert found(known, "app 1.0") == {"app 1.0": ["PYSEC-1"]}


def test_pages_without_end(asking: Asking) -> None:
    """A token that leads back to itself; what the first page said is said."""
    page = {"vulns": [{"id": "X", "modified": "2026-01-01T00:00:00Z"}], "next_page_token": "again"}
    with OsvServer([advisory("X", "app")]) as server:
        server.trouble(200, results(page), path="/v1/querybatch")
        known = asking(OsvApi(server.base), "app 1.0")

        assert found(known, "app 1.0") == {"app 1.0": ["X"]}
        assert "gave an answer without end about app 1.0" in reasons(known)[0]
        assert len(server.batches) == 2


def test_pages_that_fail_later(asking: Asking) -> None:
    """The first page is known, the second is not: both are said, and the half is not kept for offline runs."""
    with OsvServer([advisory(f"X-{number}", "app") for number in range(4)], page=2) as server:
        server.override("/v1/querybatch", lambda asked: Answer(b"", 400) if b"page_token" in asked.body else None)
        known = asking(OsvApi(server.base), "app 1.0")

        assert found(known, "app 1.0") == {"app 1.0": ["X-0", "X-1"]}
        assert "could not be asked about app 1.0: the server answered 400" in reasons(known)[0]


def test_a_question_is_not_carried_elsewhere(osv: OsvServer, asking: Asking) -> None:
    """Who redirects a POST would have the list of packages sent to whomever it names."""
    with OsvServer() as elsewhere:
        osv.trouble(307, headers={"Location": f"{elsewhere.base}/v1/querybatch"}, path="/v1/querybatch")
        known = asking(OsvApi(osv.base), "app 1.0")

        assert "the server answered 307" in reasons(known)[0]
        assert elsewhere.asked == []


# --------------------------------------------------------------------------- what is private


@pytest.mark.parametrize("service", ["osv", "pypi"])
def test_a_private_name_is_never_sent(
    osv: OsvServer, index: PyPIJsonServer, asking: Asking, context: Context, service: str
) -> None:
    """Not in a body, not in a URL, not in a header; not when it is looked up later, either."""
    source: Source = OsvApi(osv.base) if service == "osv" else IndexJson()
    given = replace(context, index_url=index.url)

    known = asking(source, "app 1.0", "secret-project 1.0", given=given, private="secret-project")
    known.known(NormalizedName("secret-project"), "1.0")
    known.known(NormalizedName("another-secret"), "1.0")
    known.load(names("secret-project 2.0"), private=frozenset({NormalizedName("secret-project")}))

    assert "app" in osv.told + index.told
    assert "secret" not in osv.told + index.told
    assert [(name, reason) for name, _, reason in known.not_told] == [("secret-project", "its name is private")]
    assert not known.looked_up(NormalizedName("secret-project"), "1.0")


def test_a_private_name_is_looked_up_on_this_machine(osv: OsvServer, asking: Asking, tmp_path: Path) -> None:
    """The local database is told everything, since it tells nobody."""
    local = Collection(export(tmp_path / "a.zip", [advisory("LOCAL-1", "secret-project")]))

    known = asking([local, OsvApi(osv.base)], "secret-project 1.0", private="secret-project")

    assert found(known, "secret-project 1.0") == {"secret-project 1.0": ["LOCAL-1"]}
    assert known.looked_up(NormalizedName("secret-project"), "1.0")
    assert [source for _, source, _ in known.not_told] == [f"OSV ({osv.base})"]
    assert osv.asked == []


def test_credentials_are_sent_and_never_shown(asking: Asking, context: Context) -> None:
    """A private index may want a login; it must not come back in a message or a report."""
    with PyPIJsonServer() as server:
        server.add("app", "1.0")
        url = server.url.replace("http://", "http://user:S3CRET@")
        known = asking(IndexJson(), "app 1.0", given=replace(context, index_url=url))
        assert server.asked[0].headers["authorization"].startswith("Basic ")
        server.trouble(403)
        failed = asking(IndexJson(), "lib 1.0", given=replace(context, index_url=url))

    shown = repr((known.sources, known.not_found, failed.unchecked, failed.sources))
    assert "S3CRET" not in shown
    assert "user" not in shown


# --------------------------------------------------------------------------- pypi


def test_the_keyring_of_the_index_is_asked(
    index: PyPIJsonServer, asking: Asking, context: Context, tmp_path: Path
) -> None:
    """Who keeps the login of a private index there resolves from it, and must be able to audit by it."""
    program = FakeKeyring(tmp_path / "keyring", {index.url: ("user", "S3CRET")})
    keyring = Keyring("subprocess", {"PATH": program.path()}, str(tmp_path))

    def wants_login(asked: Asked) -> Answer | None:
        return None if "authorization" in asked.headers else Answer(b"", 401)

    for name in ("app", "lib"):
        index.override(f"/pypi/{name}/1.0/json", wants_login)
    known = asking(IndexJson(), "app 1.0", "lib 1.0", given=replace(context, index_url=index.url, keyring=keyring))

    assert found(known, "app 1.0") == {"app 1.0": ["PYSEC-1"]}
    assert known.unchecked == ()
    assert [arguments[-1] for arguments in program.asked()] == [index.url]


def test_the_index_says_what_affects_a_release(index: PyPIJsonServer, asking: Asking, context: Context) -> None:
    """Beside ``/simple/``; with every fixed version, and the one to go to."""
    known = asking(IndexJson(), "app 1.0+local", "lib 1.0", given=replace(context, index_url=index.url))

    [group] = known.known(NormalizedName("app"), "1.0+local").groups
    assert sorted(index.paths()) == ["/pypi/app/1.0/json", "/pypi/lib/1.0/json"]
    assert (group.ids, group.summary) == (("PYSEC-1", "CVE-1"), "PYSEC-1 in short")
    assert (group.fix_versions, group.suggested_fix) == (("1.1", "2.1"), "1.1")
    assert (group.details, group.references) == ("PYSEC-1 in full.", ("http://advisories.example/PYSEC-1",))
    assert found(known, "lib 1.0") == {"lib 1.0": []}
    assert known.unchecked == known.not_found == ()


def test_a_fix_that_another_advisory_affects_is_not_suggested(
    index: PyPIJsonServer, asking: Asking, context: Context
) -> None:
    """1.1 mends the one and not the other."""
    one, other, open_ended = (vulnerability(f"X-{n}", fixed_in=fixed) for n, fixed in enumerate((["1.1"], ["1.2"], [])))
    index.add("app", "1.0", one, other)
    index.add("lib", "1.0", one, open_ended)

    known = asking(IndexJson(), "app 1.0", "lib 1.0", given=replace(context, index_url=index.url))

    assert [group.suggested_fix for group in known.known(NormalizedName("app"), "1.0").groups] == ["1.2", "1.2"]
    assert [group.suggested_fix for group in known.known(NormalizedName("lib"), "1.0").groups] == [None, None]


def test_withdrawn_entries_do_not_count(index: PyPIJsonServer, asking: Asking, context: Context) -> None:
    """Unless that is to come."""
    index.add(
        "app",
        "1.0",
        vulnerability("GONE", withdrawn="2026-01-01T00:00:00Z"),
        vulnerability("STILL", withdrawn="2027-01-01T00:00:00Z"),
    )

    known = asking(IndexJson(), "app 1.0", given=replace(context, index_url=index.url))

    assert found(known, "app 1.0") == {"app 1.0": ["STILL"]}


def test_what_the_index_does_not_have_is_told(index: PyPIJsonServer, asking: Asking, context: Context) -> None:
    """A skip, not an outage: the others are looked up."""
    known = asking(
        IndexJson(),
        "app 1.0",
        "app 9.9",
        "nobody 1.0",
        "lib not-a-version",
        given=replace(context, index_url=index.url),
    )

    assert [(name, version) for name, version, _ in known.not_found] == names(
        "app 9.9", "nobody 1.0", "lib not-a-version"
    )
    assert known.unchecked == ()
    assert [known.looked_up(*pair) for pair in names("app 1.0", "app 9.9")] == [True, False]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("nonsense", "could not be asked about app 1.0: the answer is not JSON"),
        ("{}", "the answer does not say which vulnerabilities are known"),
        ('{"vulnerabilities": {}}', "the answer does not say which vulnerabilities are known"),
        ('{"info": {"name": "other"}, "vulnerabilities": []}', "the answer is about 'other'"),
        ('{"vulnerabilities": [5]}', "cannot be read about app 1.0: a vulnerability is not an object"),
        ('{"vulnerabilities": [{}]}', "it has no id"),
        ('{"vulnerabilities": [{"id": "X", "fixed_in": "1.1"}]}', "fixed_in is not a list of versions"),
        ('{"vulnerabilities": [{"id": "X", "aliases": 5}]}', "aliases is not a list"),
    ],
)
def test_an_index_that_makes_no_sense(
    index: PyPIJsonServer, asking: Asking, context: Context, body: str, said: str
) -> None:
    """Never clean, never a traceback."""
    index.trouble(200, body)

    known = asking(IndexJson(), "app 1.0", given=replace(context, index_url=index.url))

    assert said in reasons(known)[0]
    assert not known.looked_up(NormalizedName("app"), "1.0")


@pytest.mark.parametrize("url", [None, "file:///srv/simple", ""])
def test_an_index_that_is_not_on_the_web_has_no_json(context: Context, url: str | None) -> None:
    """Told when the source is opened."""
    with pytest.raises(AdvisoryError, match="that is not on the web"):
        IndexJson().open(replace(context, index_url=url))


@pytest.mark.parametrize(
    ("url", "beside"),
    [
        ("http://a.example/simple/", "http://a.example/pypi"),
        ("http://a.example/simple", "http://a.example/pypi"),
        ("http://a.example/root/mirror/simple/?x=1#y", "http://a.example/root/mirror/pypi"),
        ("http://a.example/", "http://a.example/pypi"),
    ],
)
def test_where_the_json_is(url: str, beside: str) -> None:
    """Beside the index's own folder, whatever lies above."""
    assert sibling_of(url, "pypi") == beside


# --------------------------------------------------------------------------- whatever names and versions there are


@pytest.mark.parametrize("name", ["\ud800", "a\x1b[2J", "../../etc", "a\nb", "x" * 5_000, "é", "'; --", ""])
@pytest.mark.parametrize("version", ["\udcff", "../..", "1.0\x1b[2J", "1.0\n", ""])
def test_names_and_versions_are_anybody_s_texts(
    osv: OsvServer, index: PyPIJsonServer, context: Context, tmp_path: Path, name: str, version: str
) -> None:
    """They come from files of all kinds: no traceback, no other URL, no control character, and the others are asked."""
    local = Collection(export(tmp_path / "a.zip", [advisory("LOCAL-1", "app")]))
    odd = (NormalizedName(name), version)
    for offline in (False, True):
        given = replace(context, index_url=index.url, offline=offline)
        known = Advisories([source.open(given) for source in (local, OsvApi(osv.base), IndexJson())], given.now)
        with closing(known):
            known.load([odd, *names("app 1.0")])
            assert known.known(*odd).groups == ()
            assert [group.id for group in known.known(NormalizedName("app"), "1.0").groups] == ["PYSEC-1", "LOCAL-1"]
            assert all(item.reason.isprintable() for item in known.unchecked)
    assert all(path.startswith("/pypi/") and path.endswith("/json") for path in index.paths())


def test_a_record_that_is_nested_without_end(osv: OsvServer, asking: Asking) -> None:
    """What can be parsed and not be written again is no traceback."""
    osv.put({**advisory("PYSEC-2", "lib"), "database_specific": json.loads("[" * 900 + "]" * 900)})

    assert found(asking(OsvApi(osv.base), "lib 1.0"), "lib 1.0") == {"lib 1.0": ["PYSEC-2"]}


# --------------------------------------------------------------------------- several sources


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_sources_are_merged_in_any_order(
    osv: OsvServer, index: PyPIJsonServer, asking: Asking, context: Context, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """One finding for one thing, by a chain of aliases of which each source knows one link."""
    osv.put(advisory("GHSA-1", "app", aliases=["CVE-7"], events=up_to("1.2"), severity=[HIGH]))
    osv.put(advisory("PYSEC-1", "elsewhere"))
    index.add("app", "1.0", vulnerability("PYSEC-7", aliases=["BIT-7"], fixed_in=["1.3"]))
    link = advisory("LINK-1", "far", aliases=["CVE-7", "BIT-7"])
    local = Collection(export(tmp_path / "a.zip", [link]))
    sources: list[Source] = [OsvApi(osv.base), IndexJson(), local]

    known = asking([sources[place] for place in order], "app 1.0", given=replace(context, index_url=index.url))

    [group] = known.known(NormalizedName("app"), "1.0").groups
    assert group.ids == ("PYSEC-7", "CVE-7", "BIT-7", "GHSA-1", "LINK-1")
    assert (group.fix_versions, group.severity, group.suggested_fix) == (("1.2", "1.3"), "high", "1.3")
    assert group.told_by == tuple(item.source for item in known.opened)
    assert known.unchecked == ()
