"""What the tests of advisories share: a client that gives up soon, contexts, and databases that are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from safe_pip.advisories import Advisories
from safe_pip.advisories.building import build
from safe_pip.advisories.database import Database
from safe_pip.advisories.record import record_from
from safe_pip.advisories.sources import Context, Opened, Source
from safe_pip.index.http import Http
from safe_pip.model import Network


@pytest.fixture
def now() -> datetime:
    """The time, as far as these tests are concerned."""
    return datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@pytest.fixture
def http() -> Iterator[Http]:
    """A client that tries once and does not wait long."""
    with Http(Network(timeout=2.0, retries=0, use_environment_proxies=False)) as client:
        yield client


@pytest.fixture
def context(tmp_path: Path, http: Http, now: datetime) -> Context:
    """A context with a cache folder of its own; ``dataclasses.replace`` changes it."""
    return Context(tmp_path / "cache", http, now)


@pytest.fixture
def open_source(context: Context) -> Iterator[Callable[..., Opened]]:
    """Opens sources, and closes their databases at the end of the test."""
    opened: list[Opened] = []

    def do(source: Source, given: Context = context) -> Opened:
        opened.append(source.open(given))
        return opened[-1]

    yield do
    for item in opened:
        item.database.close()


@pytest.fixture
def knowing(tmp_path: Path, now: datetime) -> Iterator[Callable[..., Advisories]]:
    """Makes Advisories of lists of raw records, one list a source; they are closed at the end of the test."""
    made: list[Advisories] = []

    def make(*sources: list[Mapping[str, Any]], at: datetime = now) -> Advisories:
        opened = []
        for number, records in enumerate(sources):
            place = tmp_path / f"known-{len(made)}-{number}.db"
            build(place, [record_from(record) for record in records], {"source": f"source {number}"})
            opened.append(Opened(Database(place), f"source {number}", at))
        made.append(Advisories(opened, at))
        return made[-1]

    yield make
    for item in made:
        item.close()
