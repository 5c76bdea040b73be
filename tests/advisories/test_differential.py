"""What is known of a version, from JSON to finding, against a second evaluation and against the real pip-audit.

``test_matching`` compares one record at a time; here it is the whole way: a database, all the records of a package at
once, their aliases, their fixes, and spellings of versions around every bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from conftest import run
from osv_server import OsvServer
from safe_pip.advisories import Advisories
from safe_pip.advisories.matching import Match, affects
from safe_pip.advisories.record import record_from
from safe_pip.model import AdvisoryGroup

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


# --------------------------------------------------------------------------- against pip-audit

SPLIT = "split"
"""What two PYSEC records say of one thing, pip-audit shows as two."""
IDS = "ids"
"""An id is missing in pip-audit's: it follows aliases one step, and only over what affects the version."""

BESIDE_PIP_AUDIT: dict[str, set[str]] = {
    "d8s-archives": {IDS},
    "d8s-asns": {IDS},
    "d8s-domains": {IDS},
    "d8s-file-system": {IDS},
    "d8s-json": {IDS},
    "d8s-pdfs": {IDS},
    "d8s-utility": {IDS},
    "democritus-csv": {IDS},
    "democritus-dicts": {IDS},
    "democritus-hashes": {IDS},
    "distributed": {IDS, SPLIT},
    "easybuild-framework": {IDS},
    "ipython": {IDS},
    "kallithea": {IDS},
    "keystonemiddleware": {IDS},
    "langchain-core": {IDS},
    "mayan-edms-ng": {IDS},
    "micropython-io": {IDS},
    "micropython-os-path": {IDS},
    "micropython-select": {IDS},
    "numexpr": {IDS},
    "parlai": {SPLIT},
    "products-cmfplone": {IDS},
    "pyquest": {IDS},
    "python-keystoneclient": {IDS},
    "sleekxmpp": {IDS},
    "suds": {IDS},
    "tensorflow": {IDS},
    "tensorflow-cpu": {IDS},
    "vantage6-server": {IDS},
}
"""The packages of which pip-audit says something else, and in what way: its merging of aliases is not transitive."""


@pytest.mark.registry
@pytest.mark.slow
def test_agrees_with_pip_audit(
    knowing: Knowing, real: list[Record], pip_audit: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    """The same 300 packages and versions, told by an OSV server with the same records: whoever changes has no news.

    What affects a version is the same without exception; only how it is put together and named may differ.
    """
    oracle, ours = Oracle(real), knowing(real)
    names = sorted({*draw(oracle.named, 300), *ALWAYS})
    tried = {name: [text for text in some_versions(oracle.edges(name), name) if ordered(text)][::-1] for name in names}
    rounds = [{name: texts[place] for name, texts in tried.items() if place < len(texts)} for place in range(20)]
    ours.load([(NormalizedName(name), text) for one in rounds for name, text in one.items()])
    compared = 0
    found: dict[str, set[str]] = {}
    with OsvServer(real) as server:
        for number, pinned in enumerate(rounds):
            file = tmp_path / f"round-{number}.txt"
            file.write_text("".join(f"{name}=={text}\n" for name, text in pinned.items()))
            options = ["--no-deps", "--disable-pip", "-f", "json", "-s", "osv", "--progress-spinner", "off"]
            done = run([pip_audit, *options, "--osv-url", f"{server.base}/v1/query", "-r", str(file)], environ)
            assert done.code == 1, done.err
            for told in done.json["dependencies"]:
                compared += 1
                groups = ours.known(NormalizedName(told["name"]), pinned[told["name"]]).groups
                found.setdefault(told["name"], set()).update(_ways(groups, told["vulns"]))

    assert compared > 6_000
    assert {name: ways for name, ways in found.items() if ways} == BESIDE_PIP_AUDIT


def _ways(groups: Sequence[AdvisoryGroup], told: Sequence[dict[str, Any]]) -> Iterator[str]:
    """In which ways pip-audit says something else of one version."""
    theirs: dict[str, list[dict[str, Any]]] = {group.id: [] for group in groups}
    for each in told:
        ids = {each["id"], *each["aliases"]}
        [mine] = [group for group in groups if ids <= set(group.ids)]
        theirs[mine.id].append(each)
    for group in groups:
        assert theirs[group.id], f"pip-audit knows nothing of {group.id}"
        if len(theirs[group.id]) > 1:
            yield SPLIT
        if {identifier for each in theirs[group.id] for identifier in (each["id"], *each["aliases"])} != set(group.ids):
            yield IDS
        fixes = {comparable(fix) for each in theirs[group.id] for fix in each["fix_versions"]}
        assert fixes == set(map(comparable, group.fix_versions))


def comparable(text: str | None) -> Version | str | None:
    """A version by its order; what has none, as its text."""
    return text and (ordered(text) or text)
