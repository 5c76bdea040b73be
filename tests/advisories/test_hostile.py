"""What holds whatever records say: nothing crashes, a bad record hides no other, and order means nothing."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from advisories.differential import Oracle
from fakes import advisory, export
from safe_pip.advisories import Advisories
from safe_pip.advisories.collection import read_collection
from safe_pip.advisories.database import Database, build
from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.severity import rated
from safe_pip.advisories.sources import Opened
from safe_pip.audited import Affected, InventoryFacts
from safe_pip.inventory import AuditInput, Dependency
from safe_pip.judge_audit import AuditSettings, judge_audit
from safe_pip.model import AdvisoryGroup, Level, Observation
from safe_pip.settings.waivers import Allow

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
VERSIONS = ("1.0", "1.0+local", "2.0rc1", "1!1.0", "0.dev0", "junk", "")


@contextmanager
def knowing(*sources: Sequence[Any]) -> Iterator[Advisories]:
    """Advisories of lists of records, one list a source, by the way of bulk exports and databases on disk."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        opened = []
        for number, records in enumerate(sources):
            archive, place = Path(folder, f"{number}.zip"), Path(folder, f"{number}.db")
            export(archive, [{"id": "unnamed", **record} if isinstance(record, dict) else record for record in records])
            build(place, read_collection(archive), {"source": f"source {number}"})
            opened.append(Opened(Database(place), f"source {number}", NOW))
        known = Advisories(opened, NOW)
        stack.callback(known.close)
        yield known


def about(known: Advisories, version: str = "1.0", name: str = "app") -> list[AdvisoryGroup]:
    """The groups that affect a version."""
    known.load([(NormalizedName(name), version)])
    return list(known.known(NormalizedName(name), version).groups)


# --------------------------------------------------------------------------- records that a fuzzer makes

JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
) | st.sampled_from(["\x1b[31m", "\ud800", "1" * 5_000, "PyPI", "0", "*", "PYSEC-2026-1", "\n", [[]], {"": {}}])

REAL = {
    "schema_version": "1.7.4",
    "id": "PYSEC-2026-9",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "withdrawn": "2027-01-01T00:00:00Z",
    "aliases": ["CVE-2026-9", "GHSA-9"],
    "related": ["CVE-2026-8"],
    "summary": "Something is wrong",
    "details": "At length.\n\n# Why\n\nIt is `so`.",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "app", "purl": "pkg:pypi/app"},
            "ranges": [
                {
                    "type": "GIT",
                    "repo": "https://vcs.example/app",
                    "events": [{"introduced": "0"}, {"fixed": "d5c12b"}],
                },
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "1.7"}]},
            ],
            "versions": ["0.9", "1.0", "1.0rc1"],
            "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}],
            "database_specific": {"source": "https://vcs.example/9.yaml"},
            "ecosystem_specific": {},
        },
        {"package": {"ecosystem": "npm", "name": "app"}, "versions": ["1.0"]},
    ],
    "references": [{"type": "WEB", "url": "https://vcs.example/9"}],
    "credits": [{"name": "Somebody", "contact": []}],
    "database_specific": {"severity": "MODERATE"},
}


def _places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a tree of JSON."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*way, key)
        yield from _places(node[key], (*way, key))


PLACES = sorted(_places(REAL), key=repr)


@st.composite
def damaged(draw: Any) -> Any:
    """A record that looks real, with one to three values taken out, replaced or doubled."""
    record = json.loads(json.dumps(REAL))
    for way in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        node = record
        for key in way[:-1]:
            try:
                node = node[key]
            except (KeyError, IndexError, TypeError):
                break
        else:
            action = draw(st.sampled_from(["replace", "replace", "remove", "double"]))
            try:
                if action == "remove":
                    del node[way[-1]]
                elif action == "double":
                    node[way[-1]] = [node[way[-1]], node[way[-1]]]
                else:
                    # A copy: what is drawn twice must not come to hold itself.
                    node[way[-1]] = copy.deepcopy(draw(JUNK))
            except (KeyError, IndexError, TypeError):
                pass
    return record


HEALTHY = [
    advisory("PYSEC-2026-1", "app", events=[{"introduced": "0"}, {"fixed": "1.5"}], aliases=["CVE-2026-1"]),
    advisory("GHSA-2", "app", events=[{"introduced": "1.0"}, {"last_affected": "1.0"}]),
    advisory("MAL-2026-3", "app", events=(), versions=["1.0"]),
    advisory("PYSEC-2026-4", "other"),
]


@given(st.lists(damaged(), min_size=1, max_size=3), st.integers(0, len(HEALTHY)))
def test_a_bad_record_hides_no_other(bad: list[Any], place: int) -> None:
    """Whatever one record holds, the others are found as if it were not there; and what is no record is counted."""
    bad = [{**record, "id": f"{record.get('id')} {number}"} for number, record in enumerate(bad)]
    with knowing([*HEALTHY[:place], *bad, *HEALTHY[place:]]) as known:
        database = known.opened[0].database
        told = {identifier for group in about(known) for identifier in group.ids}

        assert {"PYSEC-2026-1", "CVE-2026-1", "GHSA-2", "MAL-2026-3"} <= told
        assert [group.id for group in about(known, name="other")][-1:] == ["PYSEC-2026-4"]
        for version in VERSIONS:
            about(known, version)
        # Each is a record, or counted as one that cannot be read, or about nothing on PyPI.
        assert len(HEALTHY) <= database.records + len(database.unreadable()) <= len(HEALTHY) + len(bad)
        for item in database.unreadable():
            assert item.reason.isprintable()
            for name in item.packages:
                assert known.known(name, "1.0").unchecked, "what cannot be read about a package is never clean"


@given(damaged())
def test_a_record_that_names_a_package_is_never_lost(record: Any) -> None:
    """It matches, or it does not, or it is told that nobody knows: there is no fourth thing."""
    entries = record.get("affected")
    assume(isinstance(record.get("id"), str) and isinstance(entries, list))
    packages = [entry.get("package") for entry in entries if isinstance(entry, dict)]
    assume(
        any(
            isinstance(each, dict) and each.get("name") == "app" and each.get("ecosystem") == "PyPI"
            for each in packages
        )
    )
    with knowing([*HEALTHY, {**record, "id": "ODD-1"}]) as known:
        stored = known.opened[0].database.about([NormalizedName("app")])[NormalizedName("app")]

        assert "ODD-1" in {item.id for item in stored} or any(
            "ODD-1" in (item.id or item.reason) for item in known.known(NormalizedName("app"), "1.0").unchecked
        )


# --------------------------------------------------------------------------- records that are joined

IDS = [f"{kind}-{number}" for kind in ("PYSEC", "CVE", "GHSA", "MAL") for number in (1, 2, 3)]
FIXES = st.sampled_from(["0.9", "1.0", "1.1", "1.1rc1", "2.0", "junk"])
EVENTS = FIXES.map(lambda fixed: [{"introduced": "0"}, {"fixed": fixed}]) | st.just([{"introduced": "0"}])
SEVERITY = st.sampled_from(
    [
        [],
        [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"}],
    ]
)
RECORD = st.builds(
    lambda identifier, package, events, aliases, severity, summary, withdrawn: advisory(
        identifier,
        package,
        events=events,
        aliases=aliases,
        severity=severity,
        summary=summary,
        **({"withdrawn": "2026-06-01T00:00:00Z"} if withdrawn else {}),
    ),
    st.sampled_from(IDS),
    st.sampled_from(["app", "app", "other"]),
    EVENTS,
    st.lists(st.sampled_from(IDS), max_size=2),
    SEVERITY,
    st.sampled_from(["", "one", "two"]),
    st.integers(0, 5).map(lambda number: number == 0),
)
RECORDS = st.lists(RECORD, min_size=1, max_size=7, unique_by=lambda record: record["id"])


def plain(groups: Sequence[AdvisoryGroup]) -> list[AdvisoryGroup]:
    """Groups without the names of the sources, which are numbered here."""
    return [replace(group, told_by=()) for group in groups]


@given(RECORDS, st.randoms(use_true_random=False), st.integers(1, 3))
def test_the_order_of_merging_means_nothing(records: list[dict[str, Any]], random: Any, count: int) -> None:
    """The same records, dealt out to one to three sources in any way and order, are the same findings to the letter."""
    for record in records:
        record["affected"].append({"package": {"ecosystem": "PyPI", "name": "always-there"}})
    with knowing(records) as known:
        before = plain(about(known))
        doubts = {item.id for item in known.known(NormalizedName("app"), "1.0").unchecked}
    dealt: list[list[Any]] = [[] for _ in range(count)]
    shuffled = list(records)
    random.shuffle(shuffled)
    for record in shuffled:
        random.choice(dealt).append(record)
    dealt = [part or [advisory("GHSA-nobody", "nothing")] for part in dealt]
    with knowing(*dealt) as known:
        assert plain(about(known)) == before
        assert {item.id for item in known.known(NormalizedName("app"), "1.0").unchecked} == doubts


@given(RECORDS, RECORDS)
def test_sources_that_differ_are_merged_alike_either_way(one: list[Any], other: list[Any]) -> None:
    """Two sources may hold other states of one record: what comes out does not depend on which was named first."""
    with knowing(one, other) as known:
        before = plain(about(known))
    with knowing(other, one) as known:
        assert plain(about(known)) == before


@given(RECORDS)
def test_aliases_are_followed_to_the_end_in_both_directions(records: list[dict[str, Any]]) -> None:
    """One group for all ids that a chain of aliases joins, whoever names whom, and never an id in two groups."""
    with knowing(records) as known:
        found = about(known)
    oracle = Oracle(records)
    expected = oracle.told("app", "1.0")

    assert {frozenset(group.ids) for group in found} == set(expected.groups)
    assert sum(len(group.ids) for group in found) == len({item for group in found for item in group.ids})
    for group in found:
        assert set(group.newer_fixes) <= set(group.fix_versions)
        assert group.id == group.ids[0]
        # A record of malware that is withdrawn, or about something else, says nothing of this version.
        assert group.malware == any(
            item.startswith("MAL-") and (item not in oracle.by_id or oracle.affects(item, "app", "1.0"))
            for item in group.ids
        )


@given(RECORDS, st.sampled_from(IDS), st.booleans(), st.sampled_from([None, "app", "other"]))
def test_an_id_anywhere_in_a_group_hides_the_group(
    records: list[dict[str, Any]], ignored: str, lower: bool, package: str | None
) -> None:
    """``--ignore-vuln`` with any name of a thing takes out all that is told of it, and nothing else."""
    with knowing(records) as known:
        found = about(known)
    place = Dependency(NormalizedName("app"), "1.0", AuditInput("environment", "the environment"))
    facts = InventoryFacts(
        (),
        tuple(
            Affected(Observation("vulnerability", place.name, "1.0", group.summary, advisory=group), (place,))
            for group in found
        ),
    )
    word = (ignored.lower() if lower else ignored) + (f":{package}" if package else "")
    audited = judge_audit(facts, AuditSettings(ignores=(Allow.parse(word, "--ignore-vuln"),), fail_on=Level.NOTE), NOW)
    hidden = [group.id for group in found if ignored in group.ids and package in (None, "app")]

    assert sorted(item.advisory.id for item in audited.ignored) == sorted(hidden)
    assert sorted(item.advisory.id for item in audited.findings) == sorted({group.id for group in found} - {*hidden})
    assert (audited.unused_ignores == ()) == bool(hidden)
    assert (audited.exit_code == 0) == (len(hidden) == len(found))


# --------------------------------------------------------------------------- severities

VECTORS = [
    ("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P"),
    ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
    ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
]


@st.composite
def vector(draw: Any) -> tuple[str, str]:
    """A real vector with some characters changed, taken out or doubled, of a kind that may be another one's."""
    kind, text = draw(st.sampled_from(VECTORS))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(text)))
        text = (
            text[:place] + draw(st.sampled_from(["", "/", ":", "X", "N", "::", "é", "\0", "/AV:N"])) + text[place + 1 :]
        )
    return draw(st.sampled_from([kind, kind, *(other for other, _ in VECTORS), "Ubuntu", ""])), text


@given(st.lists(vector(), max_size=4))
def test_no_severity_crashes_it(vectors: list[tuple[str, str]]) -> None:
    """A typing mistake in a vector costs its score and nothing else."""
    found = rated(vectors)

    assert found is None or (0 <= found.score <= 10 and found.severity in ("low", "medium", "high", "critical"))
    # What is no vector takes nothing away from one that is.
    assert rated([*vectors, ("CVSS_V4", VECTORS[2][1])]) is not None


@given(st.text(max_size=12), st.text(max_size=12))
def test_versions_that_are_equal_are_matched_alike(one: str, other: str) -> None:
    """A listed version matches in every spelling of it, and what is not a version only as the text it is."""
    assume(one and other)
    with knowing([{**advisory("X-1", "app", events=(), versions=[one])}]) as known:
        matches = bool(about(known, other))
    left, right = parse_version(one.strip()), parse_version(other)
    if left is not None and right is not None:
        assert matches == (left == right)
    elif one == other and one.isprintable() and one == one.strip():
        assert matches
