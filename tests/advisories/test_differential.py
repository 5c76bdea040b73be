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
    ODD,
    Oracle,
    Record,
    around,
    draw,
    ordered,
    read_export,
    turned,
    without_lists,
)
from safe_pip.advisories import Advisories

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


@pytest.mark.parametrize(
    ("way", "change"),
    [
        ("as published", lambda record: record),
        ("ranges alone", without_lists),
        ("rarer events", turned),
    ],
)
def test_agrees_with_a_second_evaluation(
    knowing: Knowing, real: list[Record], way: str, change: Callable[[Record], Record]
) -> None:
    """300 packages, twenty versions around every bound of theirs: groups, all their ids, their fixes, the undecidable.

    A version too many is a false alarm; one too few is a hole that nobody hears of.
    """
    records = [change(record) for record in real]
    oracle, ours = Oracle(records), knowing(records)
    names = sorted({*draw(oracle.named, 300), *ALWAYS})
    ours.load(map(NormalizedName, names))
    compared = affected = undecidable = 0
    differing: dict[tuple[str, str, str], Any] = {}
    for name in names:
        for text in versions_of(oracle, name):
            expected, found = oracle.told(name, text), ours.known(NormalizedName(name), text)
            compared += 1
            affected += bool(expected.groups)
            undecidable += bool(expected.undecidable)
            groups = {frozenset(group.ids): set(map(comparable, group.fix_versions)) for group in found.groups}
            wanted = {ids: set(map(comparable, fixes)) for ids, fixes in expected.groups.items()}
            doubts = {item.id for item in found.unchecked}
            if (groups, doubts) != (wanted, expected.undecidable):
                differing[way, name, text] = (groups, wanted, doubts, expected.undecidable)

    assert differing.keys() - DIFFERENCES.keys() == set(), next(iter(differing.items()))
    assert {key for key in DIFFERENCES if key[0] == way} <= differing.keys()
    # Neither side of a comparison may be empty by mistake.
    assert compared > 15_000
    assert compared / 10 < affected < compared * 9 / 10
    assert undecidable > 300


def versions_of(oracle: Oracle, name: str) -> list[str]:
    """What is tried of a package: around every bound, and what is far from all of them."""
    return list(dict.fromkeys([text for edge in oracle.edges(name) for text in around(edge)] + list(ODD)))


def comparable(text: str) -> Version | str:
    """A version by its order; what has none, as its text."""
    return ordered(text) or text
