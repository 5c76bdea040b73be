"""What the tests of the resolver share: the interpreter that runs them as a target, an index, and ways to ask."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName

from fakes import FakeIndex
from request.asking import request_of
from safe_pip.index.cache import IndexCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.store import FileStore
from safe_pip.model import InstalledDistribution, Network, Plan, SearchScope, Selection, Target
from safe_pip.progress import Progress
from safe_pip.resolve import resolve
from safe_pip.resolve.files import Files
from safe_pip.resolve.metadata import MetadataReader
from safe_pip.target.probing import probe

Look = Callable[..., Files]
Ask = Callable[..., Plan]


@pytest.fixture(scope="session")
def target() -> Target:
    """The interpreter that runs the tests."""
    return probe(sys.executable)


@pytest.fixture
def look(target: Target, index: FakeIndex) -> Iterator[Look]:
    """Makes what looks for files on the test's index. python: another version than the target's own."""
    with ExitStack() as stack:

        def make(selection: Selection = Selection(), python: tuple[int, int, int] | None = None) -> Files:  # noqa: B008 - frozen
            http = stack.enter_context(Http(Network(timeout=5, retries=0, use_environment_proxies=False)))
            found = stack.enter_context(Index(SearchScope((index.url,)), http))
            return Files(found, replace(target, version_info=python or target.version_info), selection)

        yield make


@pytest.fixture
def store(http: Http, tmp_path: Path) -> FileStore:
    """An empty store."""
    return FileStore(tmp_path / "store", http)


@pytest.fixture
def reader(http: Http, store: FileStore) -> MetadataReader:
    """What reads metadata, with nothing read yet."""
    return MetadataReader(http, store, IndexCache(None))


@pytest.fixture
def ask(target: Target, index: FakeIndex, http: Http, store: FileStore, tmp_path: Path) -> Ask:
    """Resolves the arguments of ``install`` on the test's index, in this process."""

    def make(
        *arguments: str, installed: Mapping[NormalizedName, InstalledDistribution] | None = None, **more: Any
    ) -> Plan:
        """installed: what is in the target, nothing by default. more: for ``resolve``, or other places to look in."""
        options = {name: more.pop(name) for name in ("avoid", "may_build", "over") if name in more}
        environ = {"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), "PIP_INDEX_URL": index.url}
        request = request_of(*arguments, target=replace(target, installed=installed or {}), environ=environ)
        request = replace(request, search=replace(request.search, **more))
        with Index(request.search, http) as places:
            return resolve(request, places, store, Progress(), **options)

    return make
