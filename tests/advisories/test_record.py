"""Reading OSV records: everything that matching relies on is checked, and nothing that is read can crash a run."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import advisory
from safe_pip.advisories.record import Affected, BadRecord, Event, Record, parse_record, record_from
from safe_pip.times import parse_time

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _shaped(**fields: Any) -> st.SearchStrategy[Any]:
    """Objects that have some of these keys, each with something plausible or with anything."""
    return st.fixed_dictionaries({}, optional={name: value | ANY_JSON for name, value in fields.items()})


EVENT = _shaped(**dict.fromkeys(["introduced", "fixed", "last_affected", "limit"], st.sampled_from(["0", "1.0", "x"])))
AFFECTED = _shaped(
    package=_shaped(ecosystem=st.sampled_from(["PyPI", "npm"]), name=st.text(max_size=5)),
    ranges=st.lists(_shaped(type=st.sampled_from(["ECOSYSTEM", "GIT", "SEMVER"]), events=st.lists(EVENT, max_size=3))),
    versions=st.lists(st.text(max_size=5), max_size=3),
)
RECORD = _shaped(
    id=st.text(min_size=1, max_size=8),
    modified=st.sampled_from(["2020-01-01T00:00:00Z", "soon", "2020-01-01\ud80000:00:00Z"]),
    aliases=st.lists(st.text(max_size=8), max_size=3),
    withdrawn=st.sampled_from(["2020-01-01T00:00:00Z", "soon"]),
    summary=st.text(max_size=300),
    affected=st.lists(AFFECTED, max_size=3),
    severity=st.lists(_shaped(type=st.just("CVSS_V3"), score=st.text(max_size=9)), max_size=2),
    database_specific=_shaped(severity=st.just("HIGH")),
)


def _affecting(**entry: Any) -> dict[str, Any]:
    return {"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "app"}, **entry}]}


# --------------------------------------------------------------------------- what is read


def test_reads_every_part_that_matching_needs() -> None:
    """A field that is lost here is lost for good: nothing downstream sees the JSON again."""
    raw = {
        "id": "PYSEC-2026-1",
        "modified": "2026-02-03T04:05:06Z",
        "withdrawn": "2026-03-01T00:00:00Z",
        "aliases": ["CVE-2026-1", "GHSA-1"],
        "related": ["CVE-2026-9"],
        "summary": "It is bad.",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        "database_specific": {"severity": "MODERATE"},
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Some_App"},
                "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}],
                "versions": ["1.0", "1.1"],
                "ranges": [
                    {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "deadbeef"}]},
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]},
                    {"type": "SEMVER", "events": [{"introduced": "2.0.0"}, {"last_affected": "2.1.0"}]},
                ],
            },
            {"package": {"ecosystem": "npm", "name": "some-app"}, "versions": ["9"]},
        ],
    }

    assert record_from(raw) == Record(
        id="PYSEC-2026-1",
        modified="2026-02-03T04:05:06Z",
        withdrawn="2026-03-01T00:00:00Z",
        summary="It is bad.",
        aliases=("CVE-2026-1", "GHSA-1"),
        affected=(
            Affected(
                "some-app",
                (
                    (Event("introduced", "0"), Event("fixed", "1.2")),
                    (Event("introduced", "2.0.0"), Event("last_affected", "2.1.0")),
                ),
                ("1.0", "1.1"),
                (("CVSS_V4", "CVSS:4.0/AV:N"),),
            ),
        ),
        severity=(("CVSS_V3", "CVSS:3.1/AV:N"),),
        severity_word="MODERATE",
    )


def test_a_record_may_lack_nearly_everything() -> None:
    """``affected``, ``ranges``, ``versions`` and ``summary`` are all optional in practice; an id is not."""
    assert record_from({"id": "X-1"}) == Record("X-1", "", None, "", (), (), (), None)
    assert record_from(_affecting()).affected == (Affected("app", (), (), ()),)
    assert (
        record_from({"id": "X-1", "affected": None, "aliases": None, "withdrawn": None, "severity": None}).id == "X-1"
    )


@pytest.mark.parametrize("name", ["Zope.Interface", "zope_interface", "ZOPE-INTERFACE", " zope--interface "])
def test_names_are_normalised(name: str) -> None:
    """PEP 503: a record that spells a name otherwise than the index must still be found."""
    raw = {"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": name}}]}

    assert [entry.package for entry in record_from(raw).affected] == ["zope-interface"]


@pytest.mark.parametrize(
    ("package", "kept"),
    [
        ({"ecosystem": "PyPI", "name": "app"}, True),
        ({"ecosystem": "PyPI:sub", "name": "app"}, True),
        ({"ecosystem": "npm", "name": "app"}, False),
        ({"ecosystem": "Debian:12", "name": "python-app"}, False),
        ({"ecosystem": "pypi", "name": "app"}, True),
        (None, False),
    ],
)
def test_other_ecosystems_are_left_out(package: Any, kept: bool) -> None:
    """The export holds entries of other ecosystems, whose names mean other packages."""
    assert bool(record_from({"id": "X-1", "affected": [{"package": package}]}).affected) is kept


def test_a_git_range_hides_none_after_it() -> None:
    """The GIT range comes first in most PyPA records; who stops there finds nothing."""
    ranges = [
        {"type": "GIT", "repo": "x", "events": [{"introduced": "0"}]},
        {"type": "ECOSYSTEM", "events": [{"introduced": "1"}]},
    ]

    assert record_from(_affecting(ranges=ranges)).affected[0].ranges == ((Event("introduced", "1"),),)


def test_an_event_with_two_kinds_is_two_events() -> None:
    """Old records have them, and dropping one would shift the range."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "1", "fixed": "2"}]}]

    assert record_from(_affecting(ranges=ranges)).affected[0].ranges == (
        (Event("introduced", "1"), Event("fixed", "2")),
    )


@pytest.mark.parametrize(
    "severity", [None, "HIGH", {"type": "CVSS_V3"}, [7], [{"type": 3, "score": "x"}], [{"score": "x"}]]
)
def test_a_severity_that_makes_no_sense_is_no_reason_to_miss_a_record(severity: Any) -> None:
    """Nothing is matched by the severity; the record counts all the same."""
    record = record_from({**_affecting(severity=severity), "severity": severity})

    assert (record.severity, record.affected[0].severity) == ((), ())


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ([], "it is not a JSON object"),
        (None, "it is not a JSON object"),
        ({}, "it has no id"),
        ({"id": " "}, "it has no id"),
        ({"id": 7}, "it has no id"),
        ({"id": "X-\x1b[2J"}, "its id holds characters that cannot be shown"),
        ({"id": "X-\ud800"}, "its id holds characters that cannot be shown"),
        ({"id": "X", "aliases": "CVE-1"}, "aliases is not a list"),
        ({"id": "X", "aliases": [1]}, "aliases holds something that is not a text"),
        ({"id": "X", "withdrawn": "yes"}, "withdrawn is not a time"),
        ({"id": "X", "withdrawn": 5}, "withdrawn is not a time"),
        ({"id": "X", "affected": {}}, "affected is not a list"),
        ({"id": "X", "affected": ["app"]}, "an entry of affected is not an object"),
        ({"id": "X", "affected": [{"package": "app"}]}, "the package of an affected entry has no ecosystem"),
        ({"id": "X", "affected": [{"package": {"name": "a"}}]}, "the package of an affected entry has no ecosystem"),
        (
            {"id": "X", "affected": [{"package": {"ecosystem": "PyPI"}}]},
            "the package of an affected entry has no name",
        ),
        (
            {"id": "X", "affected": [{"package": {"ecosystem": "PyPI", "name": "a\ud800"}}]},
            "the package of an affected entry has no name",
        ),
        (_affecting(ranges={}), "ranges is not a list"),
        (_affecting(ranges=[{}]), "a range has no type"),
        (_affecting(ranges=["1.0"]), "a range has no type"),
        (_affecting(ranges=[{"type": "ECOSYSTEM", "events": "x"}]), "events is not a list"),
        (_affecting(ranges=[{"type": "ECOSYSTEM", "events": ["0"]}]), "an event of a range is not an object"),
        (
            _affecting(ranges=[{"type": "ECOSYSTEM", "events": [{"begun": "0"}]}]),
            "an event of a range says nothing that the schema knows",
        ),
        (
            _affecting(ranges=[{"type": "ECOSYSTEM", "events": [{"fixed": None}]}]),
            "the fixed event of a range has no version",
        ),
        (
            _affecting(ranges=[{"type": "SEMVER", "events": [{"introduced": 0}]}]),
            "the introduced event of a range has no version",
        ),
        (_affecting(versions="1.0"), "versions is not a list"),
        (_affecting(versions=[1.0]), "versions holds something that is not a text"),
    ],
)
def test_what_matching_relies_on_must_follow_the_schema(raw: Any, reason: str) -> None:
    """A range or version that cannot be read must not be taken for "not affected": the record is told as unreadable."""
    with pytest.raises(BadRecord) as caught:
        record_from(raw)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!doctype html><html>",
        b'{"id": "X"',
        b"\xff\xfe\x00\xd8",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"id": "X", "n": ' + b"9" * 10_000 + b"}",
    ],
    ids=["nothing", "html", "cut", "not-utf", "deep-list", "deep-object", "long-number"],
)
def test_what_is_not_json_is_a_bad_record(data: bytes) -> None:
    """Deep nesting and numbers without end fail in their own ways inside the JSON reader."""
    with pytest.raises(BadRecord, match="it is not JSON"):
        parse_record(data)


@given(st.binary(max_size=60) | ANY_JSON.map(lambda raw: json.dumps(raw).encode()))
def test_any_bytes_are_a_record_or_a_bad_record(data: bytes) -> None:
    """Whatever a server answers, reading it does not crash."""
    try:
        assert isinstance(parse_record(data), Record)
    except BadRecord as error:
        assert str(error).isprintable()


@given(RECORD)
def test_anything_shaped_like_a_record_is_one_or_a_bad_one(raw: Any) -> None:
    """Each field may hold anything at all, lone surrogates included; what comes out can be stored and shown."""
    try:
        record = record_from(raw)
    except BadRecord:
        return
    texts = [record.id, record.modified, record.summary, *record.aliases, record.severity_word or ""]
    texts += [entry.package for entry in record.affected]
    texts += [version for entry in record.affected for version in entry.versions]
    texts += [event.version for entry in record.affected for events in entry.ranges for event in events]
    assert all(text.isprintable() for text in texts)
    assert all(entry.package and entry.package.encode() for entry in record.affected)


@given(RECORD)
def test_text_and_parsed_json_read_alike(raw: Any) -> None:
    """The starter set comes parsed, everything else as bytes: both must mean the same."""

    def outcome(read: Any, value: Any) -> Any:
        try:
            return read(value)
        except BadRecord as error:
            return str(error)

    assert outcome(parse_record, json.dumps(raw)) == outcome(record_from, json.loads(json.dumps(raw)))


def test_every_real_record_is_read(shared: Path) -> None:
    """2,665 records as they really are: none of them may be lost to a check that is too strict."""
    with zipfile.ZipFile(shared / "advisories" / "all.zip") as archive:
        names = archive.namelist()
        records = [parse_record(archive.read(name)) for name in names]

    assert [f"{record.id}.json" for record in records] == names
    assert sum(1 for record in records if record.affected) == len(records)
    assert sum(1 for record in records if record.withdrawn) == 10
    assert all(record.modified and record.summary for record in records)


# --------------------------------------------------------------------------- what may not reach a terminal


def test_control_characters_do_not_leave_a_record() -> None:
    """An escape sequence in a record would redraw the terminal that a refusal is shown on."""
    raw = {
        **advisory("X-1", "app", events=[{"introduced": "0"}, {"fixed": "1\x1b[8m"}], aliases=["CVE-1", "CVE-\x1b[2J"]),
        "summary": "Safe\x1b]0;title\x07 to\u202e use\x00\r\nnow.",
        "database_specific": {"severity": "low\x1b[0m"},
    }
    raw["affected"][0]["versions"] = ["1.0\ud800", "1.0"]

    record = record_from(raw)

    assert record.summary == "Safe ]0;title to use now."
    assert record.aliases == ("CVE-1",)
    assert record.severity_word is None
    assert record.affected[0].ranges == ((Event("introduced", "0"), Event("fixed", "1\ufffd[8m")),)
    assert record.affected[0].versions == ("1.0\ufffd", "1.0")


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        ({"summary": "Use of `eval` in **app**."}, "Use of eval in app."),
        ({"summary": "See [the notes](https://notes.example/x)."}, "See the notes."),
        ({"details": "# App\nhas a hole. It is deep."}, "App has a hole."),
        ({"details": "app is a web framework. It lets anybody in. Update."}, "It lets anybody in."),
        ({"details": "The app is a web framework."}, "The app is a web framework."),
        ({"details": "First.\n\nSecond part."}, "First."),
        ({"summary": "Short", "details": "Long."}, "Short"),
        ({"summary": "", "details": "Long."}, "Long."),
        ({"summary": 7, "details": None}, ""),
        ({"summary": "x" * 201}, "x" * 199 + "…"),
        ({"summary": "x" * 200}, "x" * 200),
    ],
)
def test_summaries_are_short_plain_text(fields: dict[str, Any], summary: str) -> None:
    """One line for people; most PyPA records have no summary, only details that begin by saying what the package is."""
    assert record_from({"id": "X-1", **fields}).summary == summary


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["[", "![", "](", "`", "a is a ", ". A", "\n", " ", "[a](", "é"])
def test_an_endless_summary_costs_nothing(unit: str) -> None:
    """Millions of brackets once meant hours: the patterns are tried at each. Only the beginning is looked at."""
    data = json.dumps({"id": "X-1", "summary": unit * (6_000_000 // len(unit))})

    assert len(parse_record(data).summary) <= 200
    assert len(record_from({"id": "X-1", "details": unit * 3_000_000}).summary) <= 200


# --------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-10-01T02:03:04Z", datetime(2024, 10, 1, 2, 3, 4)),
        ("2024-10-01t02:03:04z", datetime(2024, 10, 1, 2, 3, 4)),
        ("2024-10-01T02:03:04.5Z", datetime(2024, 10, 1, 2, 3, 4, 500_000)),
        ("2024-10-01T02:03:04.123456789Z", datetime(2024, 10, 1, 2, 3, 4, 123_456)),
        ("2024-10-01T02:03:04+02:00", datetime(2024, 10, 1, 0, 3, 4)),
        ("2024-10-01 02:03:04", datetime(2024, 10, 1, 2, 3, 4)),
        ("2024-10-01", datetime(2024, 10, 1)),
        (" 2024-10-01T02:03:04Z\n", datetime(2024, 10, 1, 2, 3, 4)),
    ],
)
def test_times_are_read_in_utc(text: str, moment: datetime) -> None:
    """Every Python must read them alike: the oldest one's own reader takes less than the newest one's."""
    assert parse_time(text) == moment.replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "2024",
        "20241001",
        "2024-W40-1",
        "2024-13-01T00:00:00Z",
        "2024-10-01\ud80000:00:00Z",
        "2024-10-01T00:00:00Zz",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٤-10-01T00:00:00Z",
        "2024-10-01T00:00:00Z,PYSEC-1",
    ],
)
def test_what_is_not_a_time_is_none(text: str) -> None:
    """None is told apart from a time by everybody; an exception would be a traceback in the middle of a sync."""
    assert parse_time(text) is None


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"))
def test_any_text_is_a_time_in_utc_or_none(text: str) -> None:
    """Whatever a list of changes holds."""
    moment = parse_time(text)

    assert moment is None or moment.utcoffset() == timedelta(0)


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_a_time_written_is_the_time_read(moment: datetime) -> None:
    """What Python writes by the standard, in UTC, comes back to the microsecond."""
    assert parse_time(moment.isoformat()) == moment
    assert parse_time(moment.isoformat().replace("+00:00", "Z")) == moment
