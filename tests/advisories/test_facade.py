"""All sources as one: what affects a version, as which findings, how bad, and which version is the way out."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from advisories.test_matching import YES, is_vulnerable
from fakes import advisory
from safe_pip.advisories import Advisories, Known
from safe_pip.advisories.building import build
from safe_pip.advisories.collection import read_collection
from safe_pip.advisories.database import Database
from safe_pip.advisories.record import record_from
from safe_pip.advisories.sources import STALE_AFTER, Opened
from safe_pip.advisories.stored import Unreadable
from safe_pip.model import AdvisoryGroup

Knowing = Callable[..., Advisories]
CVSS = {
    9.8: {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
    7.5: {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"},
    5.3: {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"},
}


def up_to(fixed: str, introduced: str = "0") -> list[dict[str, str]]:
    """The events of a range."""
    return [{"introduced": introduced}, {"fixed": fixed}]


def about(known: Advisories, version: str = "1.0", *available: str, name: str = "app") -> Known:
    """What is known of one version."""
    return known.known(NormalizedName(name), version, tuple(map(Version, available)))


def only(known: Advisories, version: str = "1.0", *available: str, name: str = "app") -> AdvisoryGroup:
    """The one group that affects a version."""
    [group] = about(known, version, *available, name=name).groups
    return group


# --------------------------------------------------------------------------- which groups


def test_one_group_for_one_thing(knowing: Knowing) -> None:
    """Three records by three names are one finding, with every id, whichever of them says so."""
    known = knowing(
        [
            advisory("GHSA-x", "app", aliases=["CVE-1"]),
            advisory("PYSEC-1", "app", aliases=["CVE-1", "BIT-1"]),
            advisory("OTHER-1", "app", aliases=["BIT-1"]),
            advisory("GHSA-y", "app"),
        ]
    )

    assert [group.ids for group in about(known).groups] == [
        ("PYSEC-1", "CVE-1", "BIT-1", "GHSA-x", "OTHER-1"),
        ("GHSA-y",),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_aliases_join_across_sources_in_any_order(knowing: Knowing, order: tuple[int, ...]) -> None:
    """A chain through a record of a third source, about another package; and the order of sources means nothing."""
    sources = [
        [advisory("PYSEC-1", "app", aliases=["CVE-1"], events=up_to("1.1"), severity=[CVSS[7.5]])],
        [advisory("LINK-1", "elsewhere", aliases=["CVE-1", "GHSA-x"])],
        [advisory("GHSA-x", "app", events=up_to("2.1"), severity=[CVSS[9.8]])],
    ]

    known = knowing(*(sources[place] for place in order))

    group = only(known)
    assert group.ids == ("PYSEC-1", "CVE-1", "GHSA-x", "LINK-1")
    assert group.fix_versions == ("1.1", "2.1")
    assert (group.summary, group.score) == ("PYSEC-1 is about app", 7.5)


def test_the_same_record_in_two_sources_is_one(knowing: Knowing) -> None:
    """Two copies of one export tell nothing twice."""
    record = advisory("PYSEC-1", "app", aliases=["CVE-1"], events=up_to("1.1"))

    twice = knowing([record], [record])

    [both], [one] = about(twice).groups, about(knowing([record])).groups
    assert both == replace(one, told_by=("source 0", "source 1"))
    assert sum(source.records for source in twice.sources) == 2


def test_only_what_affects_the_version_makes_a_group(knowing: Knowing) -> None:
    """An alias about another range of versions is named, and affects nothing by that."""
    known = knowing(
        [
            advisory("PYSEC-1", "app", aliases=["CVE-1"], events=up_to("2.0")),
            advisory("GHSA-x", "app", aliases=["CVE-1"], events=up_to("3.0", "2.5")),
            advisory("PYSEC-2", "app", events=up_to("0.5")),
            advisory("PYSEC-3", "other"),
        ]
    )

    assert [group.id for group in about(known).groups] == ["PYSEC-1"]
    assert only(known).fix_versions == ("2.0", "3.0")
    assert about(known, "2.2") == ((), ())
    assert [group.id for group in about(known, "2.6").groups] == ["PYSEC-1"]
    assert about(known, name="nobody") == ((), ())


def test_the_findings_of_a_version_are_sorted(knowing: Knowing) -> None:
    """Malware, PYSEC, CVE, the rest: the same list on every run."""
    names = ["GHSA-b", "CVE-2", "MAL-9", "PYSEC-3", "GHSA-a", "PYSEC-10"]

    known = knowing([advisory(name, "app") for name in names])

    told = [group.id for group in about(known).groups]
    assert told == ["MAL-9", "PYSEC-10", "PYSEC-3", "CVE-2", "GHSA-a", "GHSA-b"]


@pytest.mark.parametrize(
    ("version", "affected"),
    [("2.0.0", True), ("2.0", True), ("2.0.0+cpu", True), ("v2.0.0", True), ("2.0.1+cu118", False), ("2.0.1", False)],
)
def test_versions_however_they_are_spelled(knowing: Knowing, version: str, affected: bool) -> None:
    """A local build of an affected version is affected."""
    known = knowing([advisory("PYSEC-1", "app", events=[{"introduced": "0"}, {"last_affected": "2.0"}])])

    assert bool(about(known, version).groups) is affected


def test_names_are_canonical(knowing: Knowing) -> None:
    """A record may spell the name as its author did."""
    assert only(knowing([advisory("PYSEC-1", "Zope.Interface")]), name="zope-interface").id == "PYSEC-1"


# --------------------------------------------------------------------------- reading at once or one by one


def test_loading_at_once_or_one_by_one_is_the_same(knowing: Knowing) -> None:
    """``load`` saves queries and changes no answer, also where one advisory is about several packages."""
    both = advisory("PYSEC-1", "app", aliases=["CVE-1"])
    both["affected"].append(advisory("x", "lib", events=up_to("1.5"))["affected"][0])
    records = [
        both,
        advisory("GHSA-x", "lib", aliases=["CVE-1", "CVE-9"]),
        advisory("GHSA-y", "far", aliases=["CVE-9"]),
    ]
    names = ["app", "lib", "far", "nobody"]

    at_once = knowing(records)
    at_once.load((NormalizedName(name), "1.0") for name in names)
    at_once.load((NormalizedName(name), "1.0") for name in names)

    for order in itertools.permutations(names):
        one_by_one = knowing(records)
        told = {name: about(one_by_one, name=name) for name in order}
        assert told == {name: about(at_once, name=name) for name in order}
        assert {name: about(one_by_one, name=name) for name in order} == told
    assert only(at_once, name="far").ids == ("PYSEC-1", "CVE-1", "CVE-9", "GHSA-x", "GHSA-y")


def test_two_sources_one_by_one(knowing: Knowing) -> None:
    """What a later package reveals of aliases joins what was loaded before."""
    known = knowing([advisory("GHSA-x", "app", aliases=["CVE-1"])], [advisory("PYSEC-1", "lib", aliases=["CVE-1"])])

    assert only(known, name="app").ids == ("PYSEC-1", "CVE-1", "GHSA-x")
    assert only(known, name="lib").ids == ("PYSEC-1", "CVE-1", "GHSA-x")


# --------------------------------------------------------------------------- withdrawn


@pytest.mark.parametrize(
    ("withdrawn", "counts"),
    [
        (None, True),
        ("2026-11-20T12:00:00Z", False),
        ("2026-11-20T11:59:59Z", False),
        ("2026-11-20T12:00:01Z", True),
        ("2026-11-20T13:00:00+02:00", False),
        ("2027-01-01T00:00:00Z", True),
        ("2020-01-01", False),
    ],
)
def test_withdrawn_records(knowing: Knowing, withdrawn: str | None, counts: bool) -> None:
    """Exports hold withdrawn records too. One that will be withdrawn still counts; the time is that of the run."""
    record = advisory("PYSEC-1", "app", **({"withdrawn": withdrawn} if withdrawn else {}))

    assert bool(about(knowing([record])).groups) is counts


def test_a_withdrawn_record_gives_no_fixes(knowing: Knowing) -> None:
    """Nor a summary, nor a reason to pass over a version."""
    known = knowing(
        [
            advisory("PYSEC-1", "app", aliases=["GHSA-x"], events=up_to("1.1")),
            advisory("GHSA-x", "app", events=up_to("9.9"), withdrawn="2020-01-01T00:00:00Z"),
            advisory("PYSEC-2", "app", versions=["1.1"], events=(), withdrawn="2020-01-01T00:00:00Z"),
        ]
    )

    group = only(known, "1.0", "1.0", "1.1")
    assert (group.ids, group.fix_versions, group.suggested_fix) == (("PYSEC-1", "GHSA-x"), ("1.1",), "1.1")


# --------------------------------------------------------------------------- malware


@pytest.mark.parametrize(
    ("records", "malware"),
    [
        ([advisory("MAL-1", "app")], True),
        ([advisory("PYSEC-1", "app")], False),
        ([advisory("PYSEC-1", "app", aliases=["MAL-1"])], True),
        ([advisory("PYSEC-1", "app", aliases=["MAL-1"]), advisory("MAL-1", "app", events=up_to("0.5"))], False),
        ([advisory("PYSEC-1", "app", aliases=["MAL-1"]), advisory("MAL-1", "other")], False),
        (
            [
                advisory("PYSEC-1", "app", aliases=["MAL-1"]),
                {**advisory("MAL-1", "app"), "withdrawn": "2020-01-01T00:00:00Z"},
            ],
            False,
        ),
        ([advisory("PYSEC-1", "app", aliases=["CVE-1"]), advisory("MAL-1", "app", aliases=["CVE-1"])], True),
        ([advisory("NORMAL-1", "app")], False),
    ],
)
def test_what_counts_as_malware(knowing: Knowing, records: list[Any], malware: bool) -> None:
    """A MAL- record that affects the version; or an alias of that kind which no source can say more about."""
    group = only(knowing(records))

    assert group.malware is malware
    # An id that says malware is not shown first where it is none: the record is of something else.
    assert (group.id == "MAL-1") is malware


# --------------------------------------------------------------------------- words and severity


def test_the_summary_is_that_of_what_matched(knowing: Knowing) -> None:
    """In the order of the ids; a record without one leaves it to the next."""
    records = [
        advisory("PYSEC-1", "app", aliases=["CVE-1"], summary="", details=""),
        advisory("CVE-1", "app", summary="from the CVE", events=up_to("0.5")),
        advisory("GHSA-x", "app", aliases=["CVE-1"], summary="from GitHub"),
    ]

    assert only(knowing(records)).summary == "from GitHub"
    assert only(knowing(records[:2])).summary == "from the CVE"
    assert only(knowing(records[:1])).summary == ""


@pytest.mark.parametrize(
    ("records", "severity", "score", "source"),
    [
        ([advisory("PYSEC-1", "app")], None, None, None),
        ([advisory("PYSEC-1", "app", severity=[CVSS[7.5]])], "high", 7.5, "PYSEC-1 (CVSS V3)"),
        (
            [advisory("PYSEC-1", "app", aliases=["GHSA-x"]), advisory("GHSA-x", "app", severity=[CVSS[9.8]])],
            "critical",
            9.8,
            "GHSA-x (CVSS V3)",
        ),
        (
            [
                advisory("PYSEC-1", "app", aliases=["GHSA-x"], severity=[CVSS[9.8]], events=up_to("0.5")),
                advisory("GHSA-x", "app", severity=[CVSS[5.3]]),
            ],
            "medium",
            5.3,
            "GHSA-x (CVSS V3)",
        ),
        (
            [
                advisory("PYSEC-1", "app", aliases=["GHSA-x"], database_specific={"severity": "LOW"}),
                advisory("GHSA-x", "other", severity=[CVSS[9.8]]),
            ],
            "critical",
            9.8,
            "GHSA-x (CVSS V3)",
        ),
        (
            [
                advisory("PYSEC-1", "app", aliases=["CVE-1", "GHSA-x"]),
                advisory("CVE-1", "other", severity=[CVSS[5.3]]),
                advisory("GHSA-x", "app", severity=[CVSS[9.8]], events=up_to("0.5")),
            ],
            "medium",
            5.3,
            "CVE-1 (CVSS V3)",
        ),
        (
            [advisory("PYSEC-1", "app", database_specific={"severity": "MODERATE"})],
            "medium",
            None,
            "PYSEC-1 (its database)",
        ),
        ([advisory("MAL-1", "app")], None, None, None),
    ],
)
def test_where_the_severity_comes_from(
    knowing: Knowing, records: list[Any], severity: str | None, score: float | None, source: str | None
) -> None:
    """What matched decides before its aliases, a vector before a word; and where nobody rated, nothing is invented."""
    group = only(knowing(records))

    assert (group.severity, group.score, group.severity_source) == (severity, score, source)


# --------------------------------------------------------------------------- the way out


@pytest.mark.parametrize(
    ("records", "version", "available", "newer", "fix"),
    [
        pytest.param([up_to("1.1")], "1.0", ["1.0", "1.1", "1.2"], ["1.1"], "1.1", id="the fix itself"),
        pytest.param([up_to("1.1")], "1.0", ["1.0", "1.2", "1.3"], ["1.1"], "1.2", id="the next that can be had"),
        pytest.param([up_to("1.1")], "1.0", ["0.9", "1.0"], ["1.1"], None, id="nothing newer can be had"),
        pytest.param([up_to("1.1")], "1.0", [], ["1.1"], "1.1", id="it is not known what can be had"),
        pytest.param([[{"introduced": "0"}]], "1.0", ["1.1"], [], None, id="never fixed"),
        pytest.param([up_to("0.9")], "0.5", ["0.5", "1.0"], ["0.9"], "1.0", id="a fix that was never released"),
        pytest.param(
            [[*up_to("1.0.5"), *up_to("2.0.3", "2.0")]],
            "1.0",
            ["1.0", "1.0.5", "2.0", "2.0.3"],
            ["1.0.5", "2.0.3"],
            "1.0.5",
            id="two branches, on the old one",
        ),
        pytest.param(
            [[*up_to("1.0.5"), *up_to("2.0.3", "2.0")]],
            "2.0.1",
            ["1.0.5", "2.0.1", "2.0.3", "2.1"],
            ["2.0.3"],
            "2.0.3",
            id="two branches, on the new one",
        ),
        pytest.param(
            [[*up_to("1.0.5"), *up_to("2.0.3", "2.0")]],
            "1.0",
            ["1.0", "2.0", "2.0.1", "2.0.3"],
            ["1.0.5", "2.0.3"],
            "2.0.3",
            id="the old branch is gone",
        ),
        pytest.param(
            [up_to("1.0"), up_to("1.1", "1.0")],
            "0.5",
            ["0.5", "1.0", "1.1"],
            ["1.0"],
            "1.1",
            id="the fix has another hole",
        ),
        pytest.param(
            [up_to("1.0"), up_to("1.1", "1.0")], "0.5", [], ["1.0"], "1.1", id="the same, by what advisories name"
        ),
        pytest.param(
            [up_to("1.0"), [{"introduced": "1.0"}]],
            "0.5",
            ["0.5", "1.0", "2.0"],
            ["1.0"],
            None,
            id="no newer version is clean",
        ),
        pytest.param([up_to("1.0")], "0.5", ["0.5", "1.0rc1", "1.0", "1.1"], ["1.0"], "1.0", id="no pre-release"),
        pytest.param([up_to("1.0")], "0.5", ["0.5", "1.1rc1"], ["1.0"], None, id="nothing but a pre-release"),
        pytest.param([up_to("1.0")], "0.5rc1", ["0.5rc1", "1.1rc1", "1.1"], ["1.0"], "1.1rc1", id="from a pre-release"),
        pytest.param(
            [up_to("1.0rc2")], "0.5", ["0.5", "1.0rc2", "1.0"], ["1.0rc2"], "1.0", id="fixed in a pre-release"
        ),
        pytest.param(
            [up_to("1.10"), up_to("1.9")], "1.0", ["1.9", "1.10"], ["1.10"], "1.10", id="as versions, not as texts"
        ),
        pytest.param([up_to("1.0+local")], "0.5", ["1.0"], ["1.0"], "1.0", id="a fix with a local label"),
    ],
)
def test_the_smallest_fixed_version_that_is_itself_clean(
    knowing: Knowing, records: list[Any], version: str, available: list[str], newer: list[str], fix: str | None
) -> None:
    """Promise 5: the smallest change that helps; never one that would be refused in turn, nor one that is not there."""
    known = knowing([advisory(f"PYSEC-{n}", "app", events=events) for n, events in enumerate(records)])

    group = about(known, version, *available).groups[0]

    assert (list(group.newer_fixes), group.suggested_fix) == (newer, fix)


def test_a_fix_is_not_one_that_is_malware(knowing: Knowing) -> None:
    """The version after the hole was uploaded by somebody else."""
    known = knowing(
        [advisory("PYSEC-1", "app", events=up_to("1.1")), advisory("MAL-1", "app", events=(), versions=["1.1"])]
    )

    assert only(known, "1.0", "1.0", "1.1", "1.2").suggested_fix == "1.2"


def test_a_fix_is_not_one_that_cannot_be_decided(knowing: Knowing) -> None:
    """Clean is what is known to be clean."""
    odd = advisory("X-1", "app", events=[{"introduced": "1.1"}, {"fixed": "soon"}])
    known = knowing([advisory("PYSEC-1", "app", events=up_to("1.1")), odd])

    assert only(known, "1.0", "1.0", "1.1", "1.2").suggested_fix is None


def test_every_fix_that_any_record_names(knowing: Knowing) -> None:
    """Of all ranges, entries and records of the group, in order, what is no version last; each once."""
    first = advisory("PYSEC-1", "app", aliases=["GHSA-x"], events=[*up_to("2.10"), *up_to("2.9", "2.8")])
    first["affected"].append(advisory("x", "app", events=up_to("3.0rc1"))["affected"][0])
    first["affected"].append(advisory("x", "other", events=up_to("7.7"))["affected"][0])
    second = advisory("GHSA-x", "app", events=[*up_to("2.9"), *up_to("soon"), *up_to("10", "4")])

    group = about(knowing([first, second]), "1.0").groups[0]

    assert group.fix_versions == ("2.9", "2.10", "3.0rc1", "10", "soon")
    assert group.newer_fixes == ("2.9", "2.10", "3.0rc1", "10")


NUMBERS = st.integers(1, 6)
RANGES = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), NUMBERS), min_size=1, max_size=4
).map(lambda events: [{kind: str(number)} for kind, number in events])


@given(
    st.lists(st.tuples(RANGES, st.lists(NUMBERS, max_size=2)), min_size=1, max_size=4),
    NUMBERS,
    st.sets(NUMBERS, min_size=1),
)
def test_the_fix_against_looking_at_every_version(
    tmp_path_factory: pytest.TempPathFactory, records: Any, current: int, available: set[int]
) -> None:
    """For any advisories: what is suggested is clean and the smallest, and where nothing is, there is nothing."""
    raws = [
        advisory(f"X-{n}", "app", events=events, versions=map(str, listed))
        for n, (events, listed) in enumerate(records)
    ]
    place = tmp_path_factory.mktemp("fix") / "known.db"
    build(place, [record_from(raw) for raw in raws], {})
    moment = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
    known = Advisories([Opened(Database(place), "x", moment)], moment)
    try:
        groups = about(known, str(current), *map(str, sorted(available))).groups
    finally:
        known.close()

    def affected(version: int) -> bool:
        return any(is_vulnerable(raw, "app", str(version)) is YES for raw in raws)

    assert {group.id for group in groups} == {
        raw["id"] for raw in raws if is_vulnerable(raw, "app", str(current)) is YES
    }
    for group in groups:
        [raw] = [raw for raw in raws if raw["id"] == group.id]
        fixes = {int(event["fixed"]) for event in raw["affected"][0]["ranges"][0]["events"] if "fixed" in event}
        newer = sorted(fix for fix in fixes if fix > current)
        if not newer:
            # It says only what is affected: a newer version that is not will do.
            rest = (version for version in sorted(available) if version > current)
            newer = [version for version in rest if is_vulnerable(raw, "app", str(version)) is not YES]
        good = [version for version in sorted(available) if newer and version >= newer[0] and not affected(version)]
        assert group.newer_fixes == tuple(map(str, newer))
        assert group.suggested_fix == (str(good[0]) if good else None)


# --------------------------------------------------------------------------- what cannot be decided


def test_an_advisory_that_cannot_be_decided_is_told(knowing: Knowing) -> None:
    """It is neither a finding nor nothing, and it can be waived by its name for this package."""
    known = knowing(
        [
            advisory("GHSA-x", "app", events=[{"introduced": "0"}, {"fixed": "soon"}]),
            advisory("CVE-1", "app", events=[{"introduced": "someday"}]),
            advisory("PYSEC-1", "app", events=up_to("0.5")),
        ]
    )

    groups, unchecked = about(known)

    assert groups == ()
    assert [(item.code, item.id, item.name, item.version) for item in unchecked] == [
        ("undecidable-advisory", "CVE-1", "app", "1.0"),
        ("undecidable-advisory", "GHSA-x", "app", "1.0"),
    ]
    assert unchecked[0].reason == "CVE-1 cannot be compared: a bound of its range is not a PEP 440 version"
    assert "--allow CVE-1:app" in unchecked[0].help


def test_a_version_that_is_none_is_told(knowing: Knowing) -> None:
    """A version in the environment that nobody can order."""
    _, [item] = about(knowing([advisory("PYSEC-1", "app", events=up_to("2.0"))]), "one point oh")

    assert item.reason == "PYSEC-1 cannot be compared: one point oh is not a PEP 440 version"


def test_what_an_alias_decides_is_not_told_as_undecided(knowing: Knowing) -> None:
    """It is a finding already; but only the very group is."""
    known = knowing(
        [
            advisory("PYSEC-1", "app", aliases=["GHSA-x"], events=up_to("2.0")),
            advisory("GHSA-x", "app", events=[{"introduced": "0"}, {"fixed": "soon"}]),
            advisory("GHSA-y", "app", events=[{"introduced": "0"}, {"fixed": "soon"}]),
        ]
    )

    groups, unchecked = about(known)

    assert [group.id for group in groups] == ["PYSEC-1"]
    assert [item.id for item in unchecked] == ["GHSA-y"]


def test_the_same_undecided_record_of_two_sources_is_told_once(knowing: Knowing) -> None:
    """One line for one thing."""
    odd = advisory("X-1", "app", events=[{"introduced": "0"}, {"fixed": "soon"}])

    assert len(about(knowing([odd], [odd])).unchecked) == 1


# --------------------------------------------------------------------------- what a report says of the sources


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Opened]:
    """A database with some records, and how it was opened."""

    def make(unreadable: int = 0, **more: Any) -> Opened:
        place = tmp_path / f"{unreadable}.db"
        build(
            place, [record_from(advisory("A-1", "app")), *(Unreadable(f"{n}.json", "x") for n in range(unreadable))], {}
        )
        return Opened(Database(place), "somewhere", **({"as_of": None} | more))

    return make


@pytest.mark.parametrize(
    ("age", "starter", "stale"),
    [
        (timedelta(0), False, False),
        (STALE_AFTER, False, False),
        (STALE_AFTER + timedelta(seconds=1), False, True),
        (timedelta(days=-1), False, False),
        (None, False, True),
        (timedelta(0), True, True),
    ],
)
def test_when_a_source_is_stale(
    opened: Callable[..., Opened], now: datetime, age: timedelta | None, starter: bool, stale: bool
) -> None:
    """After a week, where its age is not known, and always where it is the starter set."""
    known = Advisories([opened(as_of=None if age is None else now - age, is_starter=starter)], now)
    try:
        [source] = known.sources
    finally:
        known.close()

    assert (source.source, source.records, source.stale) == ("somewhere", 1, stale)


@pytest.mark.parametrize(
    ("unreadable", "note", "said"),
    [
        (0, "", ""),
        (0, "offline", "offline"),
        (1, "", "1 record could not be read"),
        (3, "offline", "offline; 3 records could not be read"),
    ],
)
def test_records_that_could_not_be_read_are_told(
    opened: Callable[..., Opened], now: datetime, unreadable: int, note: str, said: str
) -> None:
    """Promise 6: an approval says what it was not based on."""
    known = Advisories([opened(unreadable, note=note)], now)
    try:
        assert [source.note for source in known.sources] == [said]
    finally:
        known.close()


# --------------------------------------------------------------------------- real records


def _candidates(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every version that some record about a package lists."""
    texts = {text for record in records for entry in record["affected"] for text in entry.get("versions", ())}
    return sorted({str(version) for text in texts if (version := _version(text)) is not None}, key=Version)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:
        return None


@pytest.mark.parametrize("name", ["flask", "jinja2", "requests", "urllib3", "django", "pillow", "idna", "num2words"])
def test_real_packages(shared: Path, knowing: Knowing, name: str) -> None:
    """Every listed version of a well-known package: no advisory is missed, and each way out really is one."""
    with zipfile.ZipFile(shared / "advisories" / "all.zip") as archive:
        raws = [json.loads(archive.read(entry)) for entry in archive.namelist()]
    mine = [
        raw
        for raw in raws
        if any(canonicalize_name(entry["package"]["name"]) == name for entry in raw.get("affected", ()))
        and not raw.get("withdrawn")
    ]
    known = knowing(raws)
    versions = _candidates(mine)
    assert mine
    assert versions

    for version in versions:
        groups = about(known, version, *versions, name=name).groups
        hit = {raw["id"] for raw in mine if is_vulnerable(raw, name, version) is YES}
        assert hit <= {identifier for group in groups for identifier in group.ids}
        assert all(hit & set(group.ids) for group in groups)
        for group in groups:
            if group.suggested_fix is not None:
                assert Version(group.suggested_fix) > Version(version)
                assert not any(is_vulnerable(raw, name, group.suggested_fix) is YES for raw in mine)
                assert about(known, group.suggested_fix, name=name).groups == ()


def test_a_record_that_says_only_what_is_affected(knowing: Knowing) -> None:
    """Many records name no fix: a newer version that can be had and that they do not affect is one."""
    record = advisory("PYSEC-1", "app", events=[{"introduced": "0"}, {"last_affected": "1.5"}])

    group = about(knowing([record]), "1.5", "1.0", "1.5", "1.6rc1", "1.6", "2.0").groups[0]

    assert (group.fix_versions, group.newer_fixes, group.suggested_fix) == ((), ("1.6", "2.0"), "1.6")
    assert about(knowing([record]), "1.5", "1.0", "1.5").groups[0].newer_fixes == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"withdrawn": "yes"},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "App"}, "versions": [1.5]}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "App"}, "ranges": [{"type": "ecosystem"}]}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "App"}, "ranges": [{"events": []}]}]},
        {"affected": [{"package": {"purl": "pkg:pypi/app@1.5"}}]},
    ],
    ids=["withdrawn", "version", "range-type", "no-type", "purl"],
)
def test_a_record_that_cannot_be_read_but_names_the_package(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Nobody knows what it says of the package, and not to know is not to be clean; other packages are not held up."""
    folder = tmp_path / "records"
    folder.mkdir()
    raw = {**advisory("MAL-1", "app", events=up_to("2.0")), **changes}
    (folder / "MAL-1.json").write_text(json.dumps(raw))
    (folder / "PYSEC-2.json").write_text(json.dumps(advisory("PYSEC-2", "other", events=up_to("2.0"))))
    place = tmp_path / "known.db"
    build(place, read_collection(folder), {})
    moment = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
    known = Advisories([Opened(Database(place), "x", moment)], moment)
    try:
        [unchecked] = about(known, "1.0").unchecked
        assert (unchecked.code, unchecked.name, unchecked.id) == ("undecidable-advisory", "app", "MAL-1")
        assert known.known(canonicalize_name("third"), "1.0").unchecked == ()
    finally:
        known.close()
