"""Whether an advisory affects a version, against a second evaluation written here straight from the OSV schema."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from safe_pip.advisories.matching import Match, affects, fixed_versions, parse_version
from safe_pip.advisories.record import record_from

YES, NO, UNDECIDABLE = Match.YES, Match.NO, Match.UNDECIDABLE

# --------------------------------------------------------------------------- the schema's evaluation, on raw JSON


@cache
def read(text: str) -> Version | None:
    """A version as the schema's ordering of PyPI has it, without its local label."""
    if len(text) > 4_000:
        return None
    try:
        return Version(str(Version(text)).split("+")[0])
    except InvalidVersion:
        return None


def is_vulnerable(record: dict[str, Any], package: str, text: str) -> Match:
    """The function of that name in the schema, section "Evaluation"; what cannot be ordered makes it undecidable."""
    answers = []
    for entry in record.get("affected", []):
        named = entry.get("package", {})
        if named.get("ecosystem") == "PyPI" and canonicalize_name(named["name"]) == package:
            if any(_same(listed, text) for listed in entry.get("versions", [])):
                return YES
            answers += [_included(each, text) for each in entry.get("ranges", []) if each["type"] != "GIT"]
    return YES if YES in answers else UNDECIDABLE if UNDECIDABLE in answers else NO


def _same(listed: str, text: str) -> bool:
    return listed == text or (read(text) is not None and read(listed) == read(text))


def _included(each: dict[str, Any], text: str) -> Match:
    events = [(kind, bound) for event in each["events"] for kind, bound in event.items()]
    if any(read(bound) is None for kind, bound in events if (kind, bound) != ("limit", "*")):
        return UNDECIDABLE
    version = read(text)
    if version is None:
        if events and all(event == ("introduced", "0") for event in events):
            return YES
        return UNDECIDABLE if any(kind != "limit" for kind, _ in events) else NO
    limits = [bound for kind, bound in events if kind == "limit"]
    if limits and not any(bound == "*" or version < read(bound) for bound in limits):
        return NO
    # The state after the last event that is not later than the version: walk down from the highest event.
    for kind, bound in sorted(events, key=_position, reverse=True):
        start = (kind, bound) == ("introduced", "0")
        if kind == "introduced" and (start or read(bound) <= version):
            return YES
        if kind == "fixed" and read(bound) <= version:
            return NO
        if kind == "last_affected" and read(bound) < version:
            return NO
    return NO


def _position(event: tuple[str, str]) -> Any:
    kind, bound = event
    start = event == ("introduced", "0")
    rank = {"fixed": 0, "introduced": 1, "last_affected": 2}.get(kind, 3)
    return (not start, Version("0") if start else read(bound) or Version("0"), rank)


# --------------------------------------------------------------------------- every real record


@pytest.fixture(scope="module")
def real(shared: Path) -> list[dict[str, Any]]:
    """Every real record, as JSON."""
    with zipfile.ZipFile(shared / "advisories" / "all.zip") as archive:
        return [json.loads(archive.read(name)) for name in archive.namelist()]


def _packages(record: dict[str, Any]) -> set[str]:
    named = [entry["package"] for entry in record.get("affected", []) if "package" in entry]
    return {canonicalize_name(package["name"]) for package in named if package["ecosystem"] == "PyPI"}


def _edges(record: dict[str, Any]) -> Iterator[str]:
    """Versions at, just below and just above every bound, the first and last listed ones, and what lies far off."""
    for entry in record.get("affected", []):
        for each in entry.get("ranges", []):
            if each["type"] == "GIT":
                continue
            for event in each["events"]:
                for bound in event.values():
                    yield from (bound, f"{bound}.dev0", f"{bound}.post1", f"{bound}+cu118")
                    if read(bound) is not None and read(bound).pre is None:
                        yield f"{bound}rc1"
        listed = entry.get("versions", [])
        yield from (*listed[:1], *listed[-1:])
    yield from ("0", "0.dev0", "999999", "1!0", "not-a-version")


def test_agrees_with_the_schema_on_every_real_record(real: list[dict[str, Any]]) -> None:
    """Tens of thousands of comparisons around the bounds of 2,665 records: one that differs is a missed hole."""
    compared, differing = 0, []
    answers = set()
    for raw in real:
        parsed = record_from(raw)
        for package in _packages(raw):
            entries = [entry for entry in parsed.affected if entry.package == package]
            for version in dict.fromkeys(_edges(raw)):
                compared += 1
                found, expected = affects(entries, version), is_vulnerable(raw, package, version)
                answers.add(found)
                if found is not expected:
                    differing.append((raw["id"], package, version, found, expected))

    assert differing == []
    assert compared > 40_000
    assert answers == {YES, NO, UNDECIDABLE}


def test_every_listed_version_is_affected(real: list[dict[str, Any]]) -> None:
    """140,847 versions are listed by name, 648 pre-releases among those that a specifier set would have lost."""
    listed = 0
    for raw in real:
        parsed = record_from(raw)
        for entry, read_entry in zip(raw["affected"], parsed.affected, strict=True):
            for version in entry.get("versions", []):
                listed += 1
                assert affects([read_entry], version) is YES, (raw["id"], version)

    assert listed > 140_000


def test_every_fix_ends_what_it_fixes(real: list[dict[str, Any]]) -> None:
    """The version that a record names as fixed is not affected by it, save in six that list their own fix by name."""
    fixes, still_affected = 0, set()
    for raw in real:
        parsed = record_from(raw)
        for package in _packages(raw):
            entries = [entry for entry in parsed.affected if entry.package == package]
            for fix in fixed_versions(entries):
                fixes += 1
                if affects(entries, fix) is YES:
                    still_affected.add((raw["id"], fix))

    assert still_affected == {
        ("PYSEC-2021-114", "2.11.6"),
        ("PYSEC-2022-236", "3.1.1"),
        ("PYSEC-2022-42972", "0.13.0"),
        ("PYSEC-2023-177", "23.9.0"),
        ("PYSEC-2023-72", "3.1.1"),
        ("PYSEC-2023-72", "3.2.0"),
    }
    assert fixes > 4_000


# --------------------------------------------------------------------------- invented records

VERSIONS = [
    *("0", "0.dev0", "0.1", "0.9", "1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.0", "v1.0", "1.0+local", "1.0.post1"),
    *("1.1", "2.0.dev0", "2.0a1", "2.0b2", "2.0", "2.0+cu118", "2.0.1", "10.0", "1!0", "1!1.0"),
]
JUNK = ["junk", "1.0-", "app==0.2.40", "", "1" * 5_000, "1..0", "*", "9" * 20]
EVENT = st.one_of(
    st.fixed_dictionaries({kind: st.sampled_from([*VERSIONS, "0"])})
    for kind in ("introduced", "introduced", "fixed", "fixed", "last_affected")
) | st.fixed_dictionaries({"limit": st.sampled_from(["*", "1.0", "2.0"])})
EVENTS = st.lists(EVENT | st.just({"introduced": "0"}) | st.just({"introduced": "1.0", "fixed": "2.0"}), max_size=7)
RANGE = st.fixed_dictionaries({"type": st.sampled_from(["ECOSYSTEM", "SEMVER"]), "events": EVENTS})
GIT = st.just({"type": "GIT", "repo": "x", "events": [{"introduced": "0"}, {"fixed": "deadbeef"}]})
JUNK_RANGE = st.builds(
    lambda events, bound, at: {
        "type": "ECOSYSTEM",
        "events": [*events[:at], {"fixed": bound}, *events[at:]],
    },
    EVENTS,
    st.sampled_from(["junk", "1.0-", "1..0", "1" * 5_000]),
    st.integers(0, 7),
)


def _entry(ranges: st.SearchStrategy[Any], versions: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"package": st.just({"ecosystem": "PyPI", "name": "app"})},
        optional={"ranges": st.lists(ranges, max_size=3), "versions": st.lists(versions, max_size=4)},
    )


OTHER = st.just({"package": {"ecosystem": "npm", "name": "app"}, "versions": VERSIONS})
PLAIN = st.lists(_entry(GIT | RANGE, st.sampled_from(VERSIONS)) | OTHER, max_size=3)
WILD = st.lists(_entry(GIT | RANGE | JUNK_RANGE, st.sampled_from([*VERSIONS, "junk", "app==0.2.40"])), max_size=3)


def evaluate(affected: list[Any], version: str) -> Match:
    """What the program says of the package of an invented record."""
    return affects(record_from({"id": "X-1", "affected": affected}).affected, version)


@given(PLAIN, st.sampled_from(VERSIONS))
def test_agrees_with_the_schema_on_invented_ranges(affected: list[Any], version: str) -> None:
    """Events in any order, twice, at equal versions, with limits; several ranges and entries; GIT ranges first."""
    assert evaluate(affected, version) is is_vulnerable({"affected": affected}, "app", version)


@given(WILD, st.sampled_from([*VERSIONS, *JUNK]))
def test_agrees_with_the_schema_on_junk(affected: list[Any], version: str) -> None:
    """Junk on either side: compared as text where it is listed, else undecidable, which is neither yes nor no."""
    assert evaluate(affected, version) is is_vulnerable({"affected": affected}, "app", version)


@given(PLAIN, st.sampled_from(VERSIONS), st.randoms(use_true_random=False))
def test_the_order_of_events_means_nothing(affected: list[Any], version: str, random: Any) -> None:
    """The schema has the reader sort: records come with their events in any order, and twice."""
    before = evaluate(affected, version)
    shuffled = json.loads(json.dumps(affected))
    for entry in shuffled:
        for each in entry.get("ranges", []):
            each["events"] += each["events"]
            random.shuffle(each["events"])
        random.shuffle(entry.get("ranges", []))
    random.shuffle(shuffled)

    assert evaluate(shuffled, version) is before


@given(PLAIN, st.sampled_from(VERSIONS), st.sampled_from(["cpu", "cu118", "1", "ubuntu.1"]))
def test_a_local_label_changes_nothing(affected: list[Any], version: str, label: str) -> None:
    """``2.0.0+cpu`` is a build of ``2.0.0``: it has the same hole."""
    plain = version.partition("+")[0]

    assert evaluate(affected, f"{plain}+{label}") is evaluate(affected, plain)


@given(WILD, st.text(max_size=12))
def test_no_version_crashes_it(affected: list[Any], version: str) -> None:
    """Installed versions are whatever somebody once wrote into METADATA."""
    assert evaluate(affected, version) in (YES, NO, UNDECIDABLE)


# --------------------------------------------------------------------------- the cases by name


def _range(*events: str, kind: str = "ECOSYSTEM") -> dict[str, Any]:
    """A range of events written as ``kind=version``."""
    return {"type": kind, "events": [dict([event.split("=", 1)]) for event in events]}


@pytest.mark.parametrize(
    ("expected", "version", "events"),
    [
        (YES, "0.dev0", ["introduced=0"]),
        (YES, "0a1", ["introduced=0", "fixed=1.0"]),
        (YES, "0.0.1", ["introduced=0", "fixed=1.0"]),
        (YES, "1.0rc1", ["introduced=0", "fixed=1.0"]),
        (YES, "1.0.dev5", ["introduced=0", "fixed=1.0"]),
        (NO, "1.0", ["introduced=0", "fixed=1.0"]),
        (NO, "1.0.0", ["introduced=0", "fixed=1.0"]),
        (NO, "1.0.post1", ["introduced=0", "fixed=1.0"]),
        (NO, "1.0+local", ["introduced=0", "fixed=1.0"]),
        (YES, "1.0", ["introduced=0", "last_affected=1.0"]),
        (YES, "1.0+cu118", ["introduced=0", "last_affected=1.0"]),
        (YES, "1.0.0", ["introduced=0", "last_affected=1.0"]),
        (NO, "1.0.post1", ["introduced=0", "last_affected=1.0"]),
        (NO, "1.0.1", ["introduced=0", "last_affected=1.0"]),
        (NO, "0.9", ["introduced=1.0"]),
        (NO, "1.0rc1", ["introduced=1.0"]),
        (YES, "1.0", ["introduced=1.0"]),
        (YES, "1!0", ["introduced=1.0"]),
        # One version only.
        (YES, "1.0", ["introduced=1.0", "last_affected=1.0"]),
        (NO, "1.0.1", ["introduced=1.0", "last_affected=1.0"]),
        (NO, "0.9", ["introduced=1.0", "last_affected=1.0"]),
        # Fixed, and broken again in the same version: the fix is undone.
        (YES, "2.0", ["introduced=0", "fixed=2.0", "introduced=2.0"]),
        (YES, "2.0", ["introduced=2.0", "fixed=2.0", "introduced=0"]),
        (YES, "2.1", ["introduced=0", "fixed=2.0", "introduced=2.0"]),
        # Twice on and off, in any order.
        (YES, "2.5", ["fixed=3.0", "introduced=2.0", "fixed=1.0", "introduced=0"]),
        (NO, "1.5", ["fixed=3.0", "introduced=2.0", "fixed=1.0", "introduced=0"]),
        (NO, "3.0", ["fixed=3.0", "introduced=2.0", "fixed=1.0", "introduced=0"]),
        # Limits bound it, and an asterisk does not.
        (YES, "0.9", ["introduced=0", "limit=1.0"]),
        (NO, "1.0", ["introduced=0", "limit=1.0"]),
        (YES, "1.0", ["introduced=0", "limit=1.0", "limit=*"]),
        (YES, "1.5", ["introduced=0", "limit=1.0", "limit=2.0"]),
        # Nothing introduced, nothing affected.
        (NO, "1.0", ["fixed=2.0"]),
        (NO, "1.0", []),
        # What cannot be placed.
        (UNDECIDABLE, "1.0", ["introduced=0", "fixed=soon"]),
        (UNDECIDABLE, "soon", ["introduced=0", "fixed=1.0"]),
        (UNDECIDABLE, "1.0", ["introduced=0", "fixed=" + "1" * 5_000]),
        (YES, "soon", ["introduced=0"]),
        (UNDECIDABLE, "soon", ["introduced=0", "limit=1.0"]),
        (NO, "soon", []),
        (NO, "soon", ["limit=1.0"]),
    ],
)
@pytest.mark.parametrize("kind", ["ECOSYSTEM", "SEMVER"])
def test_one_range(expected: Match, version: str, events: list[str], kind: str) -> None:
    """Each of these is a rule of the schema, or of PEP 440, that some scanner gets wrong."""
    affected = [{"package": {"ecosystem": "PyPI", "name": "app"}, "ranges": [_range(*events, kind=kind)]}]

    assert evaluate(affected, version) is expected


def test_each_range_starts_afresh() -> None:
    """A fix of one branch must not clear the range of another."""
    ranges = [_range("introduced=1.0", "fixed=1.5"), _range("introduced=2.0", "fixed=2.5"), _range("fixed=0.1")]
    affected = [{"package": {"ecosystem": "PyPI", "name": "app"}, "ranges": ranges}]

    assert [evaluate(affected, version) for version in ("1.4", "1.5", "2.4", "2.5")] == [YES, NO, YES, NO]


def test_an_undecidable_range_does_not_hide_a_certain_one() -> None:
    """YES from any range counts, whatever stands beside it."""
    ranges = [_range("introduced=0", "fixed=soon"), _range("introduced=1.0")]
    affected = [{"package": {"ecosystem": "PyPI", "name": "app"}, "ranges": ranges}]

    assert evaluate(affected, "1.0") is YES
    assert evaluate(affected, "0.9") is UNDECIDABLE


@pytest.mark.parametrize(
    ("expected", "version", "listed"),
    [
        (YES, "1.0", ["1.0.0"]),
        (YES, "1.0.0", ["1.0"]),
        (YES, "v1.0", ["1.0"]),
        (YES, "1.0", [" 1.0 "]),
        (YES, "1.0-RC.1", ["1.0rc1"]),
        (YES, "1.0+cpu", ["1.0"]),
        (YES, "1.0", ["1.0+cpu"]),
        (NO, "1.0", ["1.0rc1", "1.0.post1", "1.0.1", "1!1.0"]),
        (YES, "app==0.2.40", ["app==0.2.40"]),
        (NO, "0.2.40", ["app==0.2.40"]),
        (NO, "App==0.2.40", ["app==0.2.40"]),
        (NO, "1.0", []),
        (NO, "1.0", ["9" * 5_000]),
    ],
)
def test_listed_versions(expected: Match, version: str, listed: list[str]) -> None:
    """Versions are normalised on both sides; 108 listed ones of the real data are junk and are compared as text."""
    affected = [{"package": {"ecosystem": "PyPI", "name": "app"}, "versions": listed}]

    assert evaluate(affected, version) is expected


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.0", "1.0"), ("1.0+cpu", "1.0"), (" V1.0-beta2 ", "1.0b2"), ("junk", None), ("", None), ("1" * 5_000, None)],
)
def test_versions_are_read_without_their_local_label(text: str, version: str | None) -> None:
    """``2.0.1+cu118 <= 2.0.1`` is false in PEP 440, so a last affected version would miss it."""
    assert parse_version(text) == (Version(version) if version else None)


def test_fixes_come_from_every_range_and_entry() -> None:
    """A record with several affected blocks loses its fixes in scanners that look at the first."""
    entry = {"package": {"ecosystem": "PyPI", "name": "app"}}
    affected = [
        {**entry, "ranges": [_range("introduced=0", "fixed=1.1"), _range("introduced=2", "fixed=2.1", kind="SEMVER")]},
        {**entry, "ranges": [_range("introduced=3", "last_affected=3.1"), _range("introduced=4", "fixed=soon")]},
        {**entry, "ranges": [_range("introduced=0", "fixed=deadbeef", kind="GIT")]},
    ]

    assert fixed_versions(record_from({"id": "X-1", "affected": affected}).affected) == {"1.1", "2.1", "soon"}
