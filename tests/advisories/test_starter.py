"""The starter set inside safe-pip: small, but every record of it right."""

from __future__ import annotations

import itertools
import json
import re
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from safe_pip.advisories import Advisories
from safe_pip.advisories.matching import Match, affects, parse_version
from safe_pip.advisories.on_disk import StarterSet
from safe_pip.advisories.record import record_from
from safe_pip.advisories.severity import Stated, rate, rated
from safe_pip.advisories.sources import Context
from safe_pip.times import parse_time

TEXT = resources.files("safe_pip.advisories").joinpath("starter.json").read_text("utf-8")
CONTENT = json.loads(TEXT)
RECORDS: dict[str, dict[str, Any]] = {record["id"]: record for record in CONTENT["records"]}
MALWARE = [identifier for identifier in RECORDS if identifier.startswith("MAL-")]
KEYS = {"schema_version", "id", "modified", "published", "aliases", "summary", "severity", "affected"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


# --------------------------------------------------------------------------- the set as a whole


def test_there_are_enough_records_to_be_of_use() -> None:
    """Well-known holes and well-known malware, each once, in the order of their ids."""
    assert len(CONTENT["records"]) == len(RECORDS) >= 60
    assert len(MALWARE) >= 25
    assert list(RECORDS) == sorted(RECORDS)
    assert len({entry["package"]["name"] for record in RECORDS.values() for entry in record["affected"]}) >= 60


def test_its_date_is_that_of_the_newest_it_could_know() -> None:
    """A set that claims to be younger than it is would look less stale than it is."""
    made = parse_time(CONTENT["as_of"])
    newest = max(parse_time(record["modified"]) for record in RECORDS.values())  # type: ignore[type-var]

    assert made is not None
    assert newest is not None
    assert newest <= made


def test_it_is_small_and_plain() -> None:
    """It lies in every wheel of safe-pip; and nothing in it could steer a terminal."""
    assert len(TEXT) < 150_000
    assert TEXT.isascii()
    assert all(char.isprintable() or char == "\n" for char in TEXT)
    assert "://" not in TEXT


def test_no_two_records_speak_of_one_thing() -> None:
    """An alias that is a record of its own, or two records with one alias, would be one finding with two summaries."""
    names: list[str] = []
    for identifier, record in RECORDS.items():
        names += [identifier, *record.get("aliases", ())]

    assert sorted({name for name in names if names.count(name) > 1}) == []


# --------------------------------------------------------------------------- each record, by the schema


@pytest.mark.parametrize("identifier", list(RECORDS))
def test_a_record_follows_the_schema(identifier: str) -> None:
    """The fields that the OSV schema requires, and those that a finding needs to be of help, of the right types."""
    record = RECORDS[identifier]

    assert set(record) <= KEYS
    assert {"schema_version", "id", "modified", "published", "summary", "affected"} <= set(record)
    assert re.fullmatch(r"1\.\d+\.\d+", record["schema_version"])
    assert re.fullmatch(r"(PYSEC|MAL)-\d{4}-\d+|GHSA(-[23456789cfghjmpqrvwx]{4}){3}", identifier)
    assert TIME.fullmatch(record["modified"])
    assert TIME.fullmatch(record["published"])
    assert parse_time(record["published"]) <= parse_time(record["modified"])  # type: ignore[operator]
    assert all(re.fullmatch(r"[A-Z]+-[\w-]+", alias) for alias in record.get("aliases", ()))
    assert identifier not in record.get("aliases", ())
    assert record.get("aliases") != []


@pytest.mark.parametrize("identifier", list(RECORDS))
def test_a_record_says_in_a_sentence_what_is_wrong(identifier: str) -> None:
    """The summary is all that a finding says of the thing."""
    summary = RECORDS[identifier]["summary"]

    assert 20 <= len(summary) <= 100
    assert summary.split()[0] != summary.split()[0].lower() or re.search(r"[._]", summary.split()[0])
    assert summary.endswith(".")
    assert record_from(RECORDS[identifier]).summary == summary


@pytest.mark.parametrize("identifier", list(RECORDS))
def test_a_record_says_what_is_affected(identifier: str) -> None:
    """A package of PyPI under its canonical name; versions that are versions; ranges in which each event is one."""
    affected = RECORDS[identifier]["affected"]

    assert affected
    for entry in affected:
        assert set(entry) <= {"package", "ranges", "versions"}
        assert entry["package"] == {"ecosystem": "PyPI", "name": canonicalize_name(entry["package"]["name"])}
        assert entry.get("ranges") or entry.get("versions")
        assert all(parse_version(version) is not None for version in entry.get("versions", ()))
        for each in entry.get("ranges", ()):
            assert set(each) == {"type", "events"}
            assert each["type"] == "ECOSYSTEM"
            _check_events(each["events"])


def _check_events(events: list[dict[str, str]]) -> None:
    """Each event has one key; bounds rise; and what is introduced comes before what ends it."""
    assert all(len(event) == 1 for event in events)
    kinds = [next(iter(event)) for event in events]
    bounds = [next(iter(event.values())) for event in events]
    assert set(kinds) <= {"introduced", "fixed", "last_affected"}
    assert kinds[0] == "introduced"
    assert all(left != right and "introduced" in (left, right) for left, right in itertools.pairwise(kinds))
    assert bounds == sorted(bounds, key=Version)
    assert len(set(bounds)) == len(bounds)


@pytest.mark.parametrize("identifier", [name for name, record in RECORDS.items() if "severity" in record])
def test_a_severity_is_a_vector_that_can_be_rated(identifier: str) -> None:
    """One that cannot be read would be shown as no severity at all."""
    given = RECORDS[identifier]["severity"]

    assert given
    for item in given:
        assert set(item) == {"type", "score"}
        rating = rate([Stated(identifier, rated([(item["type"], item["score"])]), None)])
        assert rating is not None
        assert rating.score is not None
        assert item["score"].startswith({"CVSS_V3": "CVSS:3.", "CVSS_V4": "CVSS:4.0/"}[item["type"]])


def test_most_have_a_severity_and_malware_has_none() -> None:
    """Malware is never rated; of the rest, nearly all are."""
    others = [record for identifier, record in RECORDS.items() if identifier not in MALWARE]

    assert not any("severity" in RECORDS[identifier] for identifier in MALWARE)
    assert sum("severity" in record for record in others) / len(others) > 0.8


@pytest.mark.parametrize("identifier", MALWARE)
def test_malware_has_no_fix(identifier: str) -> None:
    """A range with an end would suggest a version of somebody who steals passwords."""
    for entry in RECORDS[identifier]["affected"]:
        assert not any("fixed" in event for each in entry.get("ranges", ()) for event in each["events"])


# --------------------------------------------------------------------------- as it is used


@pytest.fixture
def starter(context: Context) -> Iterator[Advisories]:
    """The starter set, opened."""
    advisories = Advisories([StarterSet().open(context)], context.now)
    yield advisories
    advisories.close()


def test_nothing_of_it_is_lost_on_the_way_into_the_database(starter: Advisories) -> None:
    """Every record is read, and found by each package that it names."""
    [source] = starter.sources

    assert (source.records, source.note, source.stale) == (len(RECORDS), "", True)
    for identifier, record in RECORDS.items():
        for entry in record["affected"]:
            name = NormalizedName(entry["package"]["name"])
            version = entry["versions"][0] if entry.get("versions") else _inside(entry["ranges"][0]["events"])
            groups = starter.known(name, version).groups
            [mine] = [group for group in groups if identifier in group.ids]
            assert mine.malware is (identifier in MALWARE)


def _inside(events: list[dict[str, str]]) -> str:
    """A version in the first stretch of a range."""
    first = events[0]["introduced"]
    return first if first != "0" else "0.0.1"


@pytest.mark.parametrize(
    ("name", "bad", "good", "identifier"),
    [
        ("requests", "2.25.0", "2.32.4", "PYSEC-2023-74"),
        ("flask", "2.2.0", "3.1.1", "PYSEC-2023-62"),
        ("idna", "2.10", "3.7", "PYSEC-2024-60"),
        ("litellm", "1.82.7", "1.82.6", "MAL-2026-2144"),
        ("num2words", "0.5.15", "0.5.14", "MAL-2025-6794"),
        ("requessts", "1.0", None, "MAL-2022-7438"),
    ],
)
def test_what_everybody_has_heard_of(
    starter: Advisories, name: str, bad: str, good: str | None, identifier: str
) -> None:
    """The examples of the README, and the best-known attacks; and the versions before and after them are clean."""
    assert identifier in [group.id for group in starter.known(NormalizedName(name), bad).groups]
    if good is not None:
        assert starter.known(NormalizedName(name), good) == ((), ())


# --------------------------------------------------------------------------- against the real records


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, dict[str, Any]]:
    """Every real record, by its id."""
    with zipfile.ZipFile(shared / "advisories" / "all.zip") as archive:
        return {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}


@pytest.fixture(scope="module")
def both(real: dict[str, dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """The records that are in both, ours first."""
    return {identifier: (mine, real[identifier]) for identifier, mine in RECORDS.items() if identifier in real}


@pytest.fixture(scope="module")
def listed(real: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """By package, every version and every bound of a range that some real record names."""
    found: dict[str, set[str]] = {}
    for record in real.values():
        for entry in record.get("affected", ()):
            texts = found.setdefault(canonicalize_name(entry["package"]["name"]), set())
            texts.update(entry.get("versions", ()))
            for each in entry.get("ranges", ()):
                if each["type"] != "GIT":
                    texts.update(bound for event in each["events"] for bound in event.values() if bound != "0")
    return found


Both = dict[str, tuple[dict[str, Any], dict[str, Any]]]


def test_most_records_can_be_compared(both: Both) -> None:
    """The tests below look at something."""
    assert len(both) >= 60


def test_the_same_versions_are_affected(both: Both, listed: dict[str, set[str]]) -> None:
    """On every real version that is known of the package, affected or not: a starter set must not know better."""
    different = []
    for identifier, raws in both.items():
        mine, theirs = map(record_from, raws)
        names = {entry.package for entry in theirs.affected}
        assert {entry.package for entry in mine.affected} == names, identifier
        for name in names:
            texts = listed[name] or {"0", "0.0.1", "1.0", "99999"}
            assert any(parse_version(text) is not None for text in texts), identifier
            for text in texts:
                ours, right = (
                    affects([entry for entry in record.affected if entry.package == name], text)
                    for record in (mine, theirs)
                )
                # What is no version no installer takes: it is listed there and not here, but never called clean.
                same = ours is right if parse_version(text) else (ours is Match.NO) is (right is Match.NO)
                if not same:
                    different.append((identifier, name, text, ours, right))

    assert different == []


def test_the_names_are_the_same(both: Both) -> None:
    """None is lost; one that is missing there may be here, where another database knows it. Nor is any withdrawn."""
    for identifier, (mine, theirs) in both.items():
        assert set(theirs.get("aliases", ())) <= set(mine.get("aliases", ())), identifier
        assert mine["published"][:10] == theirs.get("published", mine["published"])[:10], identifier
        assert not theirs.get("withdrawn"), identifier


def test_no_text_is_copied(both: Both) -> None:
    """The facts are everybody's; the words of a record are its authors'."""
    for identifier, (mine, theirs) in both.items():
        words = " ".join(f"{theirs.get('summary', '')} {theirs.get('details', '')}".lower().split())
        assert mine["summary"].lower().rstrip(".") not in words, identifier
