"""Opening the sources of a run: what could be had, and what could not, which is never the same as clean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from fakes import Answer, FakeOsv, advisory, export
from safe_pip.advisories.opening import Opening, open_advisories
from safe_pip.advisories.sources import BulkExport, Collection, Context, RemoteZip, Source
from safe_pip.settings.waivers import WAIVABLE_UNCHECKED

NOWHERE = BulkExport("http://127.0.0.1:9")
Open = Callable[..., Opening]


@pytest.fixture
def opening(context: Context) -> Iterator[Open]:
    """Opens sources, and closes what was opened at the end of the test."""
    made: list[Opening] = []

    def do(*sources: Source, starter_set: bool = False, **changed: Any) -> Opening:
        made.append(open_advisories(sources, replace(context, **changed), starter_set=starter_set))
        return made[-1]

    yield do
    for item in made:
        if item.advisories is not None:
            item.advisories.close()


@pytest.fixture
def one(tmp_path: Path) -> Collection:
    """A zip of one record."""
    return Collection(export(tmp_path / "one.zip", [advisory("A-1", "app")]))


@pytest.fixture
def two(tmp_path: Path) -> Collection:
    """A zip of another."""
    return Collection(export(tmp_path / "two.zip", [advisory("B-2", "app")]))


def ids(opened: Opening) -> list[str]:
    """Every id that is known of the package app."""
    assert opened.advisories is not None
    return [group.id for group in opened.advisories.known("app", "1.0").groups]  # type: ignore[arg-type]


def told(opened: Opening) -> list[str]:
    """The codes of what could not be opened."""
    return [item.code for item in opened.unchecked]


def test_all_that_is_named_is_opened(opening: Open, one: Collection, two: Collection, now: datetime) -> None:
    """Several sources are asked as one, at the time of the run."""
    opened = opening(one, two)

    assert ids(opened) == ["A-1", "B-2"]
    assert opened.unchecked == ()
    assert opened.advisories is not None
    assert opened.advisories.now == now
    assert [source.source for source in opened.advisories.sources] == [one.name, two.name]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("starter_set", [True, False])
def test_one_that_fails_leaves_the_others(
    opening: Open, one: Collection, tmp_path: Path, first: bool, starter_set: bool
) -> None:
    """What could be had is looked at, and what could not is told by name and cannot be waived."""
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    sources = (Collection(broken), one) if first else (one, Collection(broken))

    opened = opening(*sources, starter_set=starter_set)

    assert ids(opened) == ["A-1"]
    [item] = opened.unchecked
    assert (item.code, item.name, item.version) == ("advisories-unavailable", None, None)
    assert item.code not in WAIVABLE_UNCHECKED
    assert "broken.zip" in item.reason
    assert item.help


def test_all_fail(opening: Open, tmp_path: Path) -> None:
    """Nothing to look at, and each of them told."""
    with FakeOsv() as osv:
        osv.override("/all.zip", Answer(b"", 404))
        opened = opening(RemoteZip(f"{osv.base}/all.zip"), RemoteZip("http://127.0.0.1:9/all.zip"), starter_set=True)

    assert opened.advisories is None
    assert told(opened) == ["advisories-unavailable"] * 2
    assert "404" in opened.unchecked[0].reason
    assert "127.0.0.1:9" in opened.unchecked[1].reason


# --------------------------------------------------------------------------- the default source


def test_the_export_is_there(opening: Open) -> None:
    """Then the starter set is not asked, allowed or not."""
    with FakeOsv([advisory("A-1", "app")]) as osv:
        opened = opening(BulkExport(osv.base), starter_set=True)

    assert ids(opened) == ["A-1"]
    assert opened.unchecked == ()


def test_the_export_cannot_be_had(opening: Open) -> None:
    """Promise 6: no data is not clean. The two ways out are named: sync, and the waiver that says what it waives."""
    opened = opening(NOWHERE)

    assert opened.advisories is None
    [item] = opened.unchecked
    assert (item.code, item.name, item.version, item.id) == ("stale-advisories", None, None, None)
    assert item.reason.startswith("There is no advisory data: The advisories at http://127.0.0.1:9/PyPI/all.zip cannot")
    assert "`safe-pip advisories sync`" in item.help
    assert "--advisories" in item.help
    assert "--allow stale-advisories" in item.help


def test_the_starter_set_serves_instead(opening: Open) -> None:
    """For a first look; that it is little, how little, and how old, is told where it cannot be missed."""
    content = json.loads(resources.files("safe_pip.advisories").joinpath("starter.json").read_text("utf-8"))

    opened = opening(NOWHERE, starter_set=True)

    assert opened.advisories is not None
    assert opened.advisories.known("requests", "2.25.0").groups  # type: ignore[arg-type]
    assert [(source.source, source.records, source.stale) for source in opened.advisories.sources] == [
        ("starter set inside safe-pip", len(content["records"]), True)
    ]
    [item] = opened.unchecked
    assert item.code == "stale-advisories"
    assert item.reason.startswith(
        f"Only the starter set inside safe-pip was looked at, {len(content['records'])} well-known advisories of "
        f"{content['as_of'][:10]}. The advisories at http://127.0.0.1:9/"
    )
    assert "`safe-pip advisories sync`" in item.help
    assert "--allow" not in item.help


def test_not_even_the_starter_set(opening: Open, tmp_path: Path) -> None:
    """Where nothing at all was looked at, there is nothing that a waiver could mean."""
    (tmp_path / "file").write_text("")

    opened = opening(NOWHERE, starter_set=True, folder=tmp_path / "file")

    assert opened.advisories is None
    [item] = opened.unchecked
    assert item.code == "advisories-unavailable"
    assert item.reason.startswith("There is no advisory data: ")
    assert "cannot be used" in item.reason
    assert "SAFE_PIP_CACHE_DIR" in item.help


@pytest.mark.parametrize("starter_set", [True, False])
def test_a_base_that_was_named(opening: Open, one: Collection, starter_set: bool) -> None:
    """The starter set has no business in its place, and what was named and failed cannot be waived."""
    named = replace(NOWHERE, named=True)
    alone = opening(named, starter_set=starter_set)
    opened = opening(one, named, starter_set=starter_set)

    assert alone.advisories is None
    assert told(alone) == ["advisories-unavailable"]
    assert ids(opened) == ["A-1"]
    assert told(opened) == ["advisories-unavailable"]
    assert opened.advisories is not None
    assert len(opened.advisories.sources) == 1


@pytest.mark.parametrize(("age", "usable"), [(timedelta(hours=23), True), (timedelta(hours=25), False)])
def test_a_copy_of_a_day_still_serves(opening: Open, now: datetime, age: timedelta, usable: bool) -> None:
    """An outage of an hour stops nobody, one of days does; and the report says that it is not up to date."""
    with FakeOsv([advisory("A-1", "app")]) as osv:
        opening(BulkExport(osv.base))
        for path in ("/PyPI/modified_id.csv", "/PyPI/all.zip"):
            osv.override(path, Answer(b"oops", 503))
        opened = opening(BulkExport(osv.base), now=now + age)

    assert told(opened) == ([] if usable else ["stale-advisories"])
    if usable:
        assert ids(opened) == ["A-1"]
        assert opened.advisories is not None
        assert opened.advisories.sources[0].note.startswith("not brought up to date: ")
    else:
        assert opened.advisories is None


def test_offline_without_a_copy(opening: Open) -> None:
    """Nobody is asked; the starter set, if allowed, is on this machine."""
    with FakeOsv([advisory("A-1", "app")]) as osv:
        without = opening(BulkExport(osv.base), offline=True)
        starter = opening(BulkExport(osv.base), offline=True, starter_set=True)

        assert osv.asked == []
    assert without.advisories is None
    assert starter.advisories is not None
    assert told(without) == told(starter) == ["stale-advisories"]


def test_credentials_of_a_source_are_not_told(opening: Open, tmp_path: Path) -> None:
    """The reason of a failure names the source, and not the login in it."""
    for source in (
        BulkExport("http://me:s3cr3t@127.0.0.1:9"),
        RemoteZip("http://me:s3cr3t@127.0.0.1:9/a.zip?k=s3cr3t"),
    ):
        for starter_set in (True, False):
            [item] = opening(source, starter_set=starter_set).unchecked
            assert "127.0.0.1:9" in item.reason
            assert "s3cr3t" not in item.reason + item.help
