"""Facts about projects: one name on several indexes (PEP 708), releases as pages list them, and who published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from fakes import Answer, FakeIndex, provenance_of, sdist, sha256, wheel
from judge.building import planned
from private_sigstore import the_sigstore
from safe_pip.facts import ProjectFacts, Publisher
from safe_pip.index.cache import IndexCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.projects import EVERY_CODE, LookedAt, ProjectLooker, looker
from safe_pip.model import Network, PlannedInstall, SearchScope

ACME = NormalizedName("acme")
PLAIN = Network(timeout=2, retries=0, use_environment_proxies=False)


class Place(FakeIndex):
    """An index that says of every project what it tracks and where else it is."""

    def __init__(self, **options: bool) -> None:
        self.tracks: list[Place] = []
        self.alternates: list[Place] = []
        super().__init__(**options)

    def html_page(self, name: str) -> str:
        metas = [f'<meta name="pypi:tracks" content="{place.base}{place.page(name)}">' for place in self.tracks]
        metas += [
            f'<meta name="pypi:alternate-locations" content="{place.base}{place.page(name)}">'
            for place in self.alternates
        ]
        return super().html_page(name).replace("<body>", f"<head>{''.join(metas)}</head><body>")

    def json_page(self, name: str) -> dict:  # type: ignore[type-arg]
        page = super().json_page(name)
        page["meta"]["tracks"] = [f"{place.base}{place.page(name)}" for place in self.tracks]
        page["alternate-locations"] = [f"{place.base}{place.page(name)}" for place in self.alternates]
        return page


@pytest.fixture(params=[False, True], ids=["html", "json"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Place, Place]]:
    """Three indexes; the first two have acme, the second's is newer."""
    with Place(json=request.param) as one, Place(json=request.param) as two, Place(json=request.param) as three:
        one.add(wheel(tmp_path / "1", "acme", "1.0"))
        two.add(wheel(tmp_path / "2", "acme", "2.0"))
        yield one, two, three


def standing(*urls: str) -> ProjectFacts:
    """How acme stands with some indexes."""
    with Http(PLAIN) as http, Index(SearchScope(urls), http) as index:
        return ProjectLooker(index).standing(ACME)


def related(*places: Place) -> bool:
    """Whether some indexes say that acme is one project."""
    return standing(*(place.url for place in places)).related


# --------------------------------------------------------------------------- several homes


def test_two_indexes_that_say_nothing(places: tuple[Place, Place, Place]) -> None:
    """Dependency confusion looks like this; an index without a file of the project is no home of it."""
    one, two, three = places
    facts = standing(one.url, two.url, three.url)
    assert (facts.homes, facts.related, facts.mirrored) == ((one.url, two.url), False, frozenset())
    assert facts.home_of(two.base + two.page("acme")) == two.url


def test_one_index_alone(places: tuple[Place, Place, Place]) -> None:
    """Nothing is confused where one index has the name, be it configured twice."""
    _, two, three = places
    assert related(three, two)
    assert standing(two.url, two.url).homes == (two.url,)


@pytest.mark.parametrize("tracker", [0, 1])
def test_one_tracks_the_other(places: tuple[Place, Place, Place], tracker: int) -> None:
    """A mirror or an extension says whose project it has: one word is enough."""
    places[tracker].tracks = [places[1 - tracker]]
    assert related(*places)


def test_both_track_a_third(places: tuple[Place, Place, Place]) -> None:
    """Two mirrors of one index, which itself need not be configured."""
    one, two, three = places
    one.tracks, two.tracks = [three], [three]
    assert related(one, two)


def test_alternate_locations_must_agree(places: tuple[Place, Place, Place]) -> None:
    """Anybody can claim to be an alternate of another: only where both say so it counts."""
    one, two, _ = places
    two.alternates = [one, two]
    assert not related(one, two)
    one.alternates = [two]
    assert related(one, two)


def test_a_third_that_nobody_names(places: tuple[Place, Place, Place], tmp_path: Path) -> None:
    """Two that belong together do not vouch for one that does not."""
    one, two, three = places
    three.add(wheel(tmp_path / "3", "acme", "0.1"))
    two.tracks = [one]
    assert not related(one, two, three)
    three.tracks = [two]
    assert related(one, two, three)


def test_what_is_on_both_is_told_by_its_hash_and_name(places: tuple[Place, Place, Place], tmp_path: Path) -> None:
    """The same bytes are harmless; the same name with other bytes is the attack itself."""
    one, two, _ = places
    shared = wheel(tmp_path / "shared", "acme", "3.0")
    one.add(shared)
    two.add(shared)
    one.add(wheel(tmp_path / "a", "acme", "4.0"))
    two.add(wheel(tmp_path / "b", "acme", "4.0", padding=100))
    assert standing(one.url, two.url).mirrored == {sha256(shared)}


@pytest.mark.parametrize("kept", [False, True], ids=["no cache", "cache"])
@pytest.mark.parametrize("many", [0, 400], ids=["short page", "long page"])
def test_a_partial_copy(places: tuple[Place, Place, Place], tmp_path: Path, many: int, kept: bool) -> None:
    """Who keeps some files of an index at hand has no project of his own; one file more, and he has."""
    _, two, three = places
    path = two.projects["acme"][0].path
    three.add(path)
    for number in range(many):
        copy = tmp_path / "many" / f"acme-0.1.{number}-py3-none-any.whl"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(b"x")
        two.add(copy)
    pages = (two.base + two.page("acme"), three.base + three.page("acme"))

    def copies() -> frozenset[tuple[str, str]]:
        with (
            Http(PLAIN) as http,
            IndexCache(tmp_path / "cache" if kept else None) as cache,
            Index(SearchScope((two.url, three.url)), http, cache=cache) as index,
        ):
            index.project(ACME)
            index.let_go(ACME)
            return ProjectLooker(index).standing(ACME).copies

    expected = {(pages[1], pages[0])} | (set() if many else {pages})
    assert [copies(), copies()] == [expected, expected]
    three.add(wheel(tmp_path / "private", "acme", "0.0.1"))
    assert (pages[1], pages[0]) not in copies()


def test_a_copy_needs_hashes(places: tuple[Place, Place, Place]) -> None:
    """A page without digests says nothing of what its files are."""
    _, two, three = places
    three.add(two.projects["acme"][0].path, hashes={})
    assert standing(two.url, three.url).copies == frozenset()


def test_a_login_is_not_told(places: tuple[Place, Place, Place]) -> None:
    """Facts end up in messages, and messages in logs."""
    one, two, _ = places
    facts = standing(one.url, two.url.replace("http://", "http://me:secret@"))
    assert facts.homes == (one.url, two.url)
    assert "secret" not in str(facts)


def test_the_worst_status_counts(places: tuple[Place, Place, Place]) -> None:
    """A project that one index has closed is closed, wherever else it can be had (PEP 792)."""
    one, two, _ = places
    one.statuses["acme"] = ("archived", "no time")
    two.statuses["acme"] = ("quarantined", "malware")
    facts = standing(one.url, two.url)
    assert (facts.status, facts.reason) == ("quarantined", "malware")


# --------------------------------------------------------------------------- releases


def item_of(index: FakeIndex, version: str, cache: IndexCache, http: Http, suffix: str = ".whl") -> PlannedInstall:
    """A file of acme as an index lists it, planned."""
    with Index(SearchScope((index.url,)), http, cache=cache) as found:
        listed = found.project(ACME).files
    file = next(each for each in listed if each.filename.endswith(suffix) and f"-{version}" in each.filename)
    return planned("acme", version, file=file)


def look(
    index: FakeIndex,
    version: str,
    codes: frozenset[str] = EVERY_CODE,
    folder: Path | None = None,
    suffix: str = ".whl",
    trust_root: Path | None = None,
) -> LookedAt:
    """What is learned of acme in one run. folder: where pages and documents are kept from run to run."""
    with (
        Http(PLAIN) as http,
        IndexCache(folder) as cache,
        Index(SearchScope((index.url,)), http, cache=cache) as found,
    ):
        item = item_of(index, version, cache, http, suffix)
        # As in a resolve: the page is read, and what is long of it let go.
        found.project(ACME)
        found.let_go(ACME)
        looking = looker(found, codes, None if trust_root is None else str(trust_root))
        try:
            return looking.look_at([item])
        finally:
            looking.close()


def facts_of(index: FakeIndex, version: str, **options: object) -> ProjectFacts:
    """The facts alone, where nothing failed."""
    looked = look(index, version, **options)  # type: ignore[arg-type]
    assert looked.failed == ()
    return looked.projects[ACME]


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[FakeIndex]:
    """An index with a few releases of acme: a source archive first, then wheels."""
    with FakeIndex(json=True) as index:
        for day, version in ((1, "0.9"), (2, "1.0"), (3, "1.1rc1"), (4, "1.1")):
            index.add(sdist(tmp_path, "acme", version), upload_time=f"2026-01-0{day}T00:00:00Z")
            if version != "0.9":
                index.add(wheel(tmp_path, "acme", version), upload_time=f"2026-02-0{day}T00:00:00Z")
        yield index


@pytest.mark.parametrize("many", [0, 400], ids=["short page", "long page"])
@pytest.mark.parametrize("kept", [False, True], ids=["no cache", "cache"])
def test_a_release_and_its_first_upload(releases: FakeIndex, tmp_path: Path, many: int, kept: bool) -> None:
    """The first upload is that of the release and not of the file, from a page at hand, let go, or kept from before."""
    filler = wheel(tmp_path, "acme", "0.1")
    for number in range(many):
        (tmp_path / "many").mkdir(exist_ok=True)
        copy = tmp_path / "many" / f"acme-0.1.{number}-py3-none-any.whl"
        copy.write_bytes(filler.read_bytes())
        releases.add(copy, upload_time="2025-06-01T00:00:00Z")
    folder = tmp_path / "cache" if kept else None

    seen = [facts_of(releases, "1.1-", folder=folder) for _ in range(2)]

    assert seen[0] == seen[1]
    release = seen[0].release
    assert release is not None
    assert (release.version, release.has_wheels, release.has_provenance) == ("1.1", True, False)
    assert release.first_upload == datetime(2026, 1, 4, tzinfo=timezone.utc)
    assert seen[0].first_upload == datetime(2025 if many else 2026, 6 if many else 1, 1, tzinfo=timezone.utc)


def test_earlier_releases_of_a_source_archive(releases: FakeIndex, tmp_path: Path) -> None:
    """What lost its wheels is compared with what came before it, less pre-releases, the newest first."""
    releases.add(sdist(tmp_path, "acme", "1.2"), upload_time="2026-03-01T00:00:00Z")
    facts = facts_of(releases, "1.2", suffix=".tar.gz")
    assert facts.release is not None
    assert not facts.release.has_wheels
    assert [(one.version, one.has_wheels) for one in facts.earlier] == [("1.1", True), ("1.0", True), ("0.9", False)]


def test_a_version_in_another_spelling(releases: FakeIndex, tmp_path: Path) -> None:
    """Who adds a file to an old release as 1.0.0 adds it to 1.0."""
    releases.add(wheel(tmp_path, "acme", "1.0.0"), upload_time="2026-05-01T00:00:00Z")
    release = facts_of(releases, "1.0.0").release
    assert release is not None
    assert release.first_upload == datetime(2026, 1, 2, tzinfo=timezone.utc)


def test_a_page_without_times(tmp_path: Path) -> None:
    """HTML gives no upload times: then none are known, and nothing is guessed."""
    with FakeIndex() as index:
        index.add(wheel(tmp_path, "acme", "1.0"))
        facts = facts_of(index, "1.0")
    assert facts.release is not None
    assert (facts.release.first_upload, facts.first_upload, facts.provenance) == (None, None, None)


def test_codes_that_nobody_wants_cost_nothing(releases: FakeIndex) -> None:
    """What no level asks for is not looked at."""
    facts = facts_of(releases, "1.1-", codes=frozenset({"quarantined"}))
    assert (facts.homes, facts.release, facts.earlier) == ((releases.url,), None, ())


# --------------------------------------------------------------------------- provenance


@pytest.fixture(params=[False, True], ids=["html", "json"])
def published(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeIndex]:
    """An index where two releases were published by a workflow, with provenance."""
    with FakeIndex(json=request.param) as index:
        for version in ("1.0", "1.1"):
            path = wheel(tmp_path, "acme", version)
            index.add(path, provenance=the_sigstore().provenance(path, workflow=f"{version}.yml"))
        yield index


def asked_about_provenance(index: FakeIndex) -> list[str]:
    return [path for path in index.paths() if path.startswith("/integrity/")]


def test_publishers_of_a_file_and_of_the_version_before(published: FakeIndex, tmp_path: Path) -> None:
    """Two requests the first time and none after: a document about a file does not change."""
    root = the_sigstore().trust_root(tmp_path)
    seen = [facts_of(published, "1.1", folder=tmp_path / "cache", trust_root=root) for _ in range(2)]

    assert seen[0] == seen[1]
    provenance, (before,) = seen[0].provenance, seen[0].earlier
    assert provenance is not None
    assert (provenance.publishers, provenance.verified) == ((Publisher("GitHub", "acme/log, 1.1.yml"),), True)
    assert (before.version, before.publishers) == ("1.0", (Publisher("GitHub", "acme/log, 1.0.yml"),))
    assert len(asked_about_provenance(published)) == 2


def test_nobody_is_asked_where_there_is_none(releases: FakeIndex, published: FakeIndex) -> None:
    """An index without provenance costs no request, and neither does a policy that does not ask."""
    facts_of(releases, "1.1-")
    facts_of(published, "1.1", codes=EVERY_CODE - {"changed-publisher", "invalid-provenance"})
    assert asked_about_provenance(releases) == asked_about_provenance(published) == []


def test_a_document_about_another_file(published: FakeIndex, tmp_path: Path) -> None:
    """The statement has to name the very bytes; and what is wrong is not kept."""
    path = published.base + published.provenance(tmp_path / "acme-1.1-py3-none-any.whl")
    other = wheel(tmp_path / "other", "acme", "1.1", padding=10)
    published.override(path.removeprefix(published.base), Answer(provenance_of(other)))
    for _ in range(2):
        facts = facts_of(published, "1.1", folder=tmp_path / "cache")
        assert facts.provenance is not None
        assert facts.provenance.problem.startswith(f"it is about a file with the sha256 {sha256(other)}")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b"gone", 404), "the server answered 404"),
        (Answer(b"oh", 500), "the server answered 500"),
        (Answer(b'{"version": 2}'), "it is of version 2, which is not known"),
        (Answer(b"{}", 200, {"Content-Encoding": "br"}), "packed as br"),
        (Answer(b" " * 4_000_001), "larger than"),
    ],
)
def test_a_document_that_cannot_be_had(published: FakeIndex, tmp_path: Path, answer: Answer, why: str) -> None:
    """It is said why, and the other facts stand."""
    published.override(published.provenance(tmp_path / "acme-1.1-py3-none-any.whl"), answer)
    looked = look(published, "1.1")
    [(name, version, reason)] = looked.failed
    assert (name, version) == ("acme", "1.1")
    assert why in reason
    assert looked.projects[ACME].release is not None
    assert looked.projects[ACME].provenance is None


def test_what_failed_before_does_not_hide_what_is_here(published: FakeIndex, tmp_path: Path) -> None:
    """That the earlier version's document is gone takes nothing from what the file's own says."""
    published.override(published.provenance(tmp_path / "acme-1.0-py3-none-any.whl"), Answer(b"gone", 404))
    looked = look(published, "1.1")
    assert "a file of acme 1.0" in looked.failed[0][2]
    assert looked.projects[ACME].provenance is not None


def test_a_server_that_is_gone_is_asked_once(published: FakeIndex, tmp_path: Path) -> None:
    """A mirror may name a server that nobody here can reach: not every file may wait for it."""
    paths = [published.provenance(tmp_path / f"acme-{version}-py3-none-any.whl") for version in ("1.0", "1.1")]
    for path in paths:
        published.override(path, Answer(b"", 503))
    with Http(PLAIN) as http, Index(SearchScope((published.url,)), http) as index:
        items = [item_of(published, version, IndexCache(None), http) for version in ("1.0", "1.1")]
        looking = looker(index, EVERY_CODE)
        for item in items:
            assert "503" in looking.look_at([item]).failed[0][2]
        looking.close()
    assert len(set(asked_about_provenance(published))) == 1


def test_a_login_goes_to_its_own_index_only(tmp_path: Path) -> None:
    """A private index keeps provenance behind the same login; another host never sees it."""
    with FakeIndex(login=("me", "secret")) as closed, FakeIndex() as other:
        path = wheel(tmp_path, "acme", "1.0")
        closed.add(path, provenance=provenance_of(path))
        elsewhere = wheel(tmp_path, "other", "1.0")
        closed.add(elsewhere, provenance=provenance_of(elsewhere))
        page = closed.html_page("other").replace(f"{closed.base}/integrity", f"{other.base}/integrity")
        closed.override(closed.page("other"), Answer(page.encode(), 200, {"Content-Type": "text/html"}))
        address = closed.url.replace("http://", "http://me:secret@")
        with Http(PLAIN, {closed.url: ("me", "secret")}) as http, Index(SearchScope((address,)), http) as index:
            files = [index.project(NormalizedName(name)).files[0] for name in ("acme", "other")]
            looking = looker(index, EVERY_CODE)
            looked = looking.look_at([planned("acme", file=files[0]), planned("other", file=files[1])])
            looking.close()
        assert [name for name, _, _ in looked.failed] == ["other"]
        assert other.asked
        assert all("authorization" not in asked.headers for asked in other.asked)
