"""What was worked out of a page in an earlier run: taken only for the very same bytes, and never another answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from fakes import Answer, FakeIndex, sdist, wheel
from safe_pip.cache_file import digest
from safe_pip.index import page_reader
from safe_pip.index.cache import IndexCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.listing import Listing, Unread
from safe_pip.model import FormatControl, Network, SearchScope, Selection, Target
from safe_pip.resolve import remembered
from safe_pip.resolve.evaluator import Evaluator
from safe_pip.resolve.files import Files

LIB = NormalizedName("lib")
Run = Callable[..., list[tuple[str, str]]]


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few links are many here."""
    monkeypatch.setattr(remembered, "_LONG_PAGE", 1)


class Absolute(FakeIndex):
    """An index whose links are whole URLs, as those of large indexes are, which the quickest reader takes."""

    def html_page(self, name: str) -> str:
        return super().html_page(name).replace("../../files/", f"{self.base}/files/")


@pytest.fixture(params=["html", "absolute html", "absolute html with etags", "json", "json with etags"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeIndex]:
    """An index of each kind, with wheels, source archives, a yanked file and files for other Pythons."""
    kind = Absolute if "absolute" in request.param else FakeIndex
    with kind(json="json" in request.param, etags="etags" in request.param) as index:
        fill(index, tmp_path / "files")
        yield index


def fill(index: FakeIndex, folder: Path) -> None:
    """Something of every kind."""
    for version in ("1.0", "2.0rc1", "1.5"):
        index.add(wheel(folder, "lib", version))
    index.add(wheel(folder, "lib", "1.0", build="2"))
    index.add(wheel(folder, "lib", "1.2", tag="cp27-cp27m-win32"))
    index.add(wheel(folder, "lib", "1.6"), yanked="broken & <gone>")
    index.add(wheel(folder, "lib", "3.0"), requires_python=">=99")
    index.add(sdist(folder, "lib", "1.1"))


@pytest.fixture
def run(target: Target, server: FakeIndex, tmp_path: Path) -> Iterator[Run]:
    """One run with the cache of the test: the files of lib, the least preferred first, with their yanked reasons."""
    with ExitStack() as stack:

        def look(selection: Selection = Selection(), **search: tuple[str, ...]) -> list[tuple[str, str]]:  # noqa: B008
            http = stack.enter_context(Http(Network(timeout=5, retries=0, use_environment_proxies=False)))
            scope = replace(SearchScope((server.url,)), **search)
            with IndexCache(tmp_path / "cache") as cache, Index(scope, http, cache=cache) as index:
                found = Files(index, target, selection)
                assert found.found(LIB).unchecked == ()
                usable = found.found(LIB).usable
                chosen = [(item.file.filename, str(item.file.yanked)) for item in usable]
                assert [item.sound for item in usable] == [item.file.yanked is None for item in usable]
                assert [item.is_wheel for item in usable] == [item.file.is_wheel for item in usable]
                assert all(item.file.listed_on and item.file.hashes for item in usable)
                assert "1.2" in {item.version for item in found.found(LIB).skipped}
                assert next(found.choose(LIB, [SpecifierSet("<2")])).file.filename
                return chosen

        yield look


def test_the_same_answer_without_reading_the_page(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run is given what the first one found, and reads the page only where it has a failure to explain."""
    first = run()
    monkeypatch.setattr(Evaluator, "usable", None)

    assert run() == first
    assert len(first) == 6


def test_pages_are_not_read_to_compare_indexes(
    target: Target, server: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a second index configured must not pay for every page again: what both list alike is kept as well."""

    def look(*indexes: str) -> list[str]:
        scope, network = SearchScope(indexes), Network(timeout=5, retries=0, use_environment_proxies=False)
        with Http(network) as http, IndexCache(tmp_path / "cache") as cache, Index(scope, http, cache=cache) as index:
            return [item.file.filename for item in Files(index, target, Selection()).found(LIB).usable]

    def read(*_: object) -> Listing:
        raise AssertionError("a page was read")

    with FakeIndex() as other:
        other.add(wheel(tmp_path / "other", "lib", "1.0"))
        first = look(server.url, other.url)
        monkeypatch.setattr(page_reader, "parse_page", read)

        assert look(server.url, other.url) == first
        assert len(first) == 7


def test_a_page_that_has_changed_is_read(run: Run, server: FakeIndex, tmp_path: Path) -> None:
    """A version that is yanked or taken away between two runs is not offered by the second."""
    before = run()
    server.projects["lib"] = [each for each in server.projects["lib"] if "-1.5-" not in each.path.name]
    server.add(wheel(tmp_path / "files", "lib", "1.7"))

    after = run()

    assert {name for name, _ in before} - {name for name, _ in after} == {"lib-1.5-py3-none-any.whl"}
    assert {name for name, _ in after} - {name for name, _ in before} == {"lib-1.7-py3-none-any.whl"}


@pytest.mark.parametrize(
    "selection",
    [
        Selection(formats=FormatControl(no_binary=frozenset({"lib"}))),
        Selection(formats=FormatControl(only_binary=frozenset({":all:"}))),
        Selection(ignore_requires_python=True),
    ],
)
def test_other_options_are_another_question(run: Run, selection: Selection) -> None:
    """What fits with one set of options is not taken for what fits with another."""
    first = run()
    other = run_fresh(run, selection)

    assert run(selection) == other
    assert run() == first
    assert other != first


def run_fresh(run: Run, selection: Selection) -> list[tuple[str, str]]:
    """The same run where nothing is kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "_what_decides", lambda *_: "")
        return run(selection)


def test_what_is_kept_and_makes_no_sense_is_nothing(run: Run, tmp_path: Path) -> None:
    """A row of another shape, with a true digest, as a later version may write it, is as good as none."""
    first = run()
    (path,) = (tmp_path / "cache").glob("*.sqlite")
    with closing(sqlite3.connect(path)) as database, database:
        rows = database.execute("SELECT key FROM usable").fetchall()
        assert rows
        for (key,) in rows:
            for content in ("{}", "[1]", '{"files": 1, "texts": 2}', "null"):
                values = (content, digest(key, content), key)
                database.execute("UPDATE usable SET content = ?, digest = ? WHERE key = ?", values)

    assert run() == first


def test_a_page_of_many_projects(run: Run, server: FakeIndex, target: Target, tmp_path: Path) -> None:
    """What fits for one project on a page of --find-links is not taken for another that stands on the same page."""
    links = "".join(
        f'<a href="{server.base}/files/{name}-9.{minor}-py3-none-any.whl#sha256={"0" * 64}">x</a>\n'
        for name in ("lib", "other")
        for minor in range(3)
    )
    server.override("/links.html", Answer(links.encode(), 200, {"Content-Type": "text/html"}))
    scope = SearchScope((), (f"{server.base}/links.html",))
    for _ in range(2):
        with (
            Http(Network(timeout=5, retries=0, use_environment_proxies=False)) as http,
            IndexCache(tmp_path / "cache") as cache,
            Index(scope, http, cache=cache) as index,
        ):
            files = Files(index, target, Selection())
            for name in ("lib", "other"):
                names = [item.file.filename for item in files.found(NormalizedName(name)).usable]
                assert names == [f"{name}-9.{minor}-py3-none-any.whl" for minor in range(3)]


@pytest.mark.parametrize("first", [len, list, Listing.columns, Listing.marks])
def test_a_listing_is_read_once_and_late(first: Callable[[Listing], object]) -> None:
    """What is put off until somebody looks, at whatever he looks first, is then done once."""
    reads = []

    def read() -> Listing:
        reads.append(1)
        return Listing.of(())

    listing = Unread(read)
    assert reads == []
    first(listing)
    assert (len(listing), list(listing), listing.columns()) == (0, [], {"kind": "files", "page": None, "files": []})
    assert reads == [1]
