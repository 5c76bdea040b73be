"""What is known of a version, from JSON to finding, against a second evaluation and against the real pip-audit.

``test_matching`` compares one record at a time; here it is the whole way: a database, all the records of a package at
once, their aliases, their fixes, and spellings of versions around every bound.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from advisories.differential import (
    Oracle,
    Record,
    around,
    draw,
    edges,
    evaluate,
    ordered,
    read_export,
    some_versions,
    turned,
)
from safe_pip.advisories import Advisories
from safe_pip.advisories.matching import Match, affects
from safe_pip.advisories.record import record_from

Knowing = Callable[..., Advisories]

ALWAYS = {
    "steam": "a bound that is a date with dashes, which PEP 440 has no place for",
    "binderhub": "a bound that ends in -n653, the same",
    "django": "the most bounds of all",
    "tensorflow": "the most records of all",
    "ansible": "the one with releases of two names",
}
"""Packages that are looked at whatever is drawn, and why."""

DIFFERENCES: dict[tuple[str, str, str], str] = {}
"""Where the two differ: (how the records were changed, package, version) and why ours is right. There is none."""


@pytest.fixture(scope="module")
def real(shared: Path) -> list[Record]:
    """Every real record, as JSON."""
    return read_export(shared / "advisories" / "all.zip")


def test_every_bound_of_every_record(real: list[Record]) -> None:
    """Twenty versions around each of 5,000 bounds, one record at a time, without the lists that would hide a range."""
    compared, differing = 0, []
    answers = set()
    for record in map(turned, real):
        entries = record_from(record).affected
        for package in {entry.package for entry in entries}:
            own = [entry for entry in entries if entry.package == package]
            for edge in edges(record, package):
                for text in around(edge):
                    found, expected = affects(own, text), evaluate(record, package, text)
                    compared += 1
                    answers.add(found)
                    if (found is Match.YES, found is Match.UNDECIDABLE) != expected:
                        differing.append((record["id"], package, text, found, expected))

    assert differing == []
    assert compared > 100_000
    assert answers == set(Match)


@pytest.mark.parametrize(
    ("way", "change"),
    [("as published", lambda record: record), ("rarer events", turned)],
)
def test_agrees_with_a_second_evaluation(
    knowing: Knowing, real: list[Record], way: str, change: Callable[[Record], Record]
) -> None:
    """300 packages, twenty versions around their bounds: groups, all their ids, fixes, the way out, and doubts.

    A version too many is a false alarm; one too few is a hole that nobody hears of.
    """
    records = [change(record) for record in real]
    oracle, ours = Oracle(records), knowing(records)
    names = sorted({*draw(oracle.named, 300), *ALWAYS})
    tried = {name: some_versions(oracle.edges(name), name) for name in names}
    ours.load([(NormalizedName(name), text) for name in names for text in tried[name]])
    compared = affected = undecidable = 0
    differing: dict[tuple[str, str, str], Any] = {}
    for name in names:
        for text in tried[name]:
            expected, found = oracle.told(name, text), ours.known(NormalizedName(name), text)
            compared += 1
            affected += bool(expected.groups)
            undecidable += bool(expected.undecidable)
            groups = {
                frozenset(group.ids): (set(map(comparable, group.fix_versions)), comparable(group.suggested_fix))
                for group in found.groups
            }
            wanted = {
                ids: (set(map(comparable, fixes)), oracle.suggested(ids, name, text))
                for ids, fixes in expected.groups.items()
            }
            doubts = {item.id for item in found.unchecked}
            if (groups, doubts) != (wanted, expected.undecidable):
                differing[way, name, text] = (groups, wanted, doubts, expected.undecidable)

    assert differing.keys() - DIFFERENCES.keys() == set(), next(iter(differing.items()))
    assert {key for key in DIFFERENCES if key[0] == way} <= differing.keys()
    # Neither side of a comparison may be empty by mistake.
    assert compared > 7_000
    assert compared / 10 < affected < compared * 9 / 10
    assert undecidable > 100


def comparable(text: str | None) -> Version | str | None:
    """A version by its order; what has none, as its text."""
    return text and (ordered(text) or text)
