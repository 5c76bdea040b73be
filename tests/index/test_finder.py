"""Where files come from: every place in pip's order, each asked once, and none that fails taken for an empty one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from fakes import Answer, FakeIndex, sha256, wheel
from index.servers import Site, nobody_there
from safe_pip import urls
from safe_pip.index import finder as finder_module
from safe_pip.index.finder import Index, Project
from safe_pip.index.http import Http
from safe_pip.model import Network, SearchScope
from safe_pip.urls import credentials_in

FOO = canonicalize_name("foo")
FILE = "foo-1.0-py3-none-any.whl"
NETWORK = Network(timeout=5, retries=0)


def project(*, index: list[str] | None = None, find_links: list[str] | None = None, name: str = "foo") -> Project:
    """What the places offer for a project."""
    scope = SearchScope(tuple(index or ()), tuple(find_links or ()))
    with Http(NETWORK, credentials_in([*scope.index_urls, *scope.find_links])) as http, Index(scope, http) as finder:
        return finder.project(canonicalize_name(name))


def names(found: Project) -> list[str]:
    """The names of the files found, where everything could be read."""
    assert found.unchecked == ()
    return [file.filename for file in found.files]


def reason(found: Project) -> str:
    """The one thing that could not be read."""
    (item,) = found.unchecked
    assert item.code == "unreadable-page"
    assert item.name == "foo"
    return item.reason


def page(*files: str) -> bytes:
    """An index page with links."""
    return "".join(f'<a href="{file}">{file}</a>' for file in files).encode()


HTML = {"Content-Type": "text/html"}


# --------------------------------------------------------------------------- order


class Places:
    """The same wheel, with other bytes at each place."""

    def __init__(self, folder: Path, index: FakeIndex, extra: FakeIndex, links: Site) -> None:
        self.index, self.extra, self.links = index, extra, links
        self.owner: dict[str, str] = {}
        self.folder = folder / "folder"
        for place in ("folder", "page", "index", "extra"):
            made = wheel(folder / place, "foo", "1.0", files={"foo/place.txt": place})
            self.owner[sha256(made)] = place
        links.override("/links.html", Answer(page(f"/files/{FILE}"), 200, HTML))
        links.override(f"/files/{FILE}", Answer((folder / "page" / FILE).read_bytes()))
        index.add(folder / "index" / FILE)
        extra.add(folder / "extra" / FILE)

    def scope(self, *wanted: str) -> SearchScope:
        """The places wanted, in pip's options."""
        indexes = {"index": self.index.url, "extra": self.extra.url}
        links = {"folder": str(self.folder), "page": f"{self.links.base}/links.html"}
        return SearchScope(
            tuple(url for place, url in indexes.items() if place in wanted),
            tuple(url for place, url in reversed(links.items()) if place in wanted),
        )

    def pip(self, scope: SearchScope, environ: dict[str, str], destination: Path) -> str:
        """The place that pip itself takes the wheel from."""
        options = ["--index-url", scope.index_urls[0]] if scope.index_urls else ["--no-index"]
        options += [word for url in scope.index_urls[1:] for word in ("--extra-index-url", url)]
        options += [word for url in scope.find_links for word in ("--find-links", url)]
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "-d", str(destination)]
        done = subprocess.run(
            [*command, *options, "foo"], env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return self.owner[sha256(destination / FILE)]


@pytest.fixture
def places(tmp_path: Path, index: FakeIndex, site: Site) -> Iterator[Places]:
    """Four places that offer one wheel."""
    with FakeIndex() as extra:
        yield Places(tmp_path, index, extra, site)


@pytest.mark.parametrize(
    "wanted",
    [("folder", "page", "index", "extra"), ("folder", "page", "index"), ("folder", "page"), ("folder", "extra")],
    ids=" ".join,
)
def test_the_last_place_wins_a_tie_as_in_pip(
    places: Places, wanted: tuple[str, ...], environ: dict[str, str], tmp_path: Path
) -> None:
    """One version at several places: which bytes are installed depends on the order of places alone."""
    scope = places.scope(*wanted)
    with Http(NETWORK) as http, Index(scope, http) as finder:
        files = finder.project(FOO).files
        where = []
        for file in files:
            copy = tmp_path / "copy"
            if file.is_local:
                shutil.copyfile(urls.url_to_path(file.url), copy)
            else:
                http.download(file.url, copy, limit=10**6)
            where.append(places.owner[sha256(copy)])
    assert where == list(wanted)
    assert places.pip(scope, environ, tmp_path / "got") == wanted[-1]


def test_files_of_links_are_sorted_by_url_backwards(tmp_path: Path) -> None:
    """pip sorts the files that need no page by their URL, largest first, whatever the order of options."""
    folders = [tmp_path / name for name in ("b", "a", "c")]
    for folder in folders:
        wheel(folder, "foo", "1.0")
    single = wheel(tmp_path / "d", "foo", "1.0")
    found = project(find_links=[str(folders[0]), str(single), *map(str, folders[1:]), str(folders[0])])
    assert [urls.url_to_path(file.url).rpartition("/")[0][-1] for file in found.files] == ["d", "c", "b", "a"]


def test_pages_keep_the_order_of_options(site: Site) -> None:
    """Pages of --find-links come as they were given, before the indexes, and each once."""
    for name in ("1", "2"):
        site.override(f"/{name}", Answer(page(f"/foo-{name}.zip"), 200, HTML))
    site.override("/simple/foo/", Answer(page("/foo-3.zip"), 200, HTML))
    found = project(
        find_links=[f"{site.base}/2", f"{site.base}/1", f"{site.base}/2"],
        index=[f"{site.base}/simple", f"{site.base}/simple/"],
    )
    assert names(found) == ["foo-2.zip", "foo-1.zip", "foo-3.zip"]
    assert sorted(site.paths()) == ["/1", "/2", "/simple/foo/"]


# --------------------------------------------------------------------------- indexes


@pytest.mark.parametrize("base", ["{}/simple", "{}/simple/"])
@pytest.mark.parametrize(("name", "path"), [("foo", "foo"), ("Foo_Bar.baz", "foo-bar-baz")])
def test_where_a_projects_page_is(site: Site, base: str, name: str, path: str) -> None:
    """The normal name, and a slash at the end: servers know no other."""
    project(index=[base.format(site.base)], name=name)
    assert site.paths() == [f"/simple/{path}/"]


def test_what_an_index_is_asked_for(site: Site) -> None:
    """JSON is preferred, HTML is taken, and a cache on the way must not answer: a yank may be a minute old."""
    project(index=[f"{site.base}/simple"])
    assert "application/vnd.pypi.simple.v1+json" in site.asked[0].headers["accept"]
    assert "text/html" in site.asked[0].headers["accept"]
    assert site.asked[0].headers["cache-control"] == "max-age=0"


def test_a_page_behind_a_redirect(site: Site) -> None:
    """Relative links start from where the page really is."""
    site.override("/simple/foo/", Answer(b"", 301, {"Location": "/elsewhere/foo/"}))
    site.override("/elsewhere/foo/", Answer(page(FILE), 200, HTML))
    (file,) = project(index=[f"{site.base}/simple"]).files
    assert (file.url, file.listed_on) == (f"{site.base}/elsewhere/foo/{FILE}", f"{site.base}/elsewhere/foo/")


def test_an_index_with_a_login(index: FakeIndex, tmp_path: Path) -> None:
    """The login is used, and is in nothing that is found."""
    index.login = ("user", "secret")
    index.add(wheel(tmp_path, "foo", "1.0"))
    found = project(index=[index.url.replace("http://", "http://user:secret@")])
    assert names(found) == [FILE]
    assert "secret" not in repr(found)


def test_credentials_by_url() -> None:
    """Each login belongs to the URL that it stands in, decoded; of two for one URL the first counts."""
    assert credentials_in(
        [
            "https://u:p%40ss@h.example/a/simple",
            "https://v:q@h.example/a/simple",
            "https://w@h.example:8080/b",
            "https://h.example/c",
            "/a/path",
        ]
    ) == {"https://h.example/a/simple": ("u", "p@ss"), "https://h.example:8080/b": ("w", "")}


@pytest.mark.parametrize("status", [404, 410])
def test_not_there_is_an_answer(site: Site, status: int) -> None:
    """Most projects are on one of several indexes only."""
    site.override("/simple/foo/", Answer(b"", status))
    assert names(project(index=[f"{site.base}/simple"])) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b"", 401), "401"),
        (Answer(b"", 403), "403"),
        (Answer(b"", 429), "429"),
        (Answer(b"", 500), "500"),
        (Answer(b"", 302), "302"),
        (Answer(b"", 204), "204"),
        (Answer(page(FILE), 206, HTML), "206"),
        (Answer(page(FILE)), "no content type"),
        (Answer(page(FILE), 200, {"Content-Type": "text/plain"}), "text/plain"),
        (Answer(b"\xff", 200, HTML), "decoded"),
        (Answer(b"<html>", 200, {**HTML, "Content-Encoding": "br"}), "br"),
        (Answer(b"{}", 200, {"Content-Type": "application/vnd.pypi.simple.v1+json"}), "no list of files"),
        (Answer(page(FILE), 200, HTML, claim=10_000), ""),
    ],
)
def test_a_page_that_cannot_be_read_is_told(site: Site, answer: Answer, said: str) -> None:
    """Promise 6: an index that does not answer may hold the version that pip would choose."""
    site.override("/simple/foo/", answer)
    found = project(index=[f"{site.base}/simple"])
    assert found.files == ()
    assert reason(found).startswith(f"{site.base}/simple/foo/ cannot be read: ")
    assert said in reason(found)


def test_one_of_two_indexes_is_down(index: FakeIndex, tmp_path: Path) -> None:
    """The other one's files are there, and so is the gap: the newest version may be where nobody answers."""
    index.add(wheel(tmp_path, "foo", "1.0"))
    with nobody_there() as base:
        found = project(index=[f"{base.replace('//', '//user:secret@')}/simple", index.url])
        assert [file.filename for file in found.files] == [FILE]
        assert reason(found) == f"{base}/simple/foo/ cannot be read: no connection (Connection refused)"


def test_a_page_that_fails_is_told_to_every_project_that_needs_it(site: Site) -> None:
    """A find-links page is read once, and concerns every project."""
    site.override("/links", Answer(b"", 403))
    scope = SearchScope((), (f"{site.base}/links",))
    with Http(NETWORK) as http, Index(scope, http) as finder:
        for name in ("foo", "bar"):
            (item,) = finder.project(canonicalize_name(name)).unchecked
            assert item.name == name
    assert len(site.asked) == 1


def test_fifty_projects_side_by_side(site: Site) -> None:
    """Every page is asked for once, however many threads want it, and many at a time."""
    running = [0]
    most = [0]
    lock = threading.Lock()

    class Slow(Site):
        def answer(self, asked):  # type: ignore[no-untyped-def]
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            self._stopped.wait(0.05)
            with lock:
                running[0] -= 1
            return Answer(page("/x-1.0.zip"), 200, HTML)

    with Slow() as one, Slow() as two:
        scope = SearchScope((f"{one.base}/simple", f"{two.base}/simple"), (f"{one.base}/links",))
        with Http(NETWORK) as http, Index(scope, http) as finder, ThreadPoolExecutor(16) as pool:
            wanted = [canonicalize_name(f"p{number % 50}") for number in range(150)]
            found = list(pool.map(finder.project, wanted))
        assert [item.name for item in found] == wanted
        assert all(len(item.files) == 3 and not item.unchecked for item in found)
        assert set(Counter(one.paths()).values()) == {1}
        assert len(one.paths()) == 51
        assert len(two.paths()) == 50
    assert most[0] > 8


def test_a_closed_index_begins_nothing(site: Site) -> None:
    """Work that is handed in too late is dropped, not an error in the middle of a report."""
    with Http(NETWORK) as http:
        finder = Index(SearchScope((f"{site.base}/simple",)), http)
        finder.close()
        finder.submit(lambda: pytest.fail("begun after all"))


# --------------------------------------------------------------------------- trust


@pytest.mark.parametrize(
    "url",
    [
        "http://index.example/simple",
        "http://index.example:8080/simple",
        "http://localhost.example/simple",
        "http://127.0.0.1.example/simple",
        "http://128.0.0.1/simple",
        "http://2130706433.example/simple",
        "http://[::2]/simple",
        "HTTP://index.example/simple",
    ],
)
def test_plain_http_is_not_read(url: str) -> None:
    """Anybody on the way could write such a page; pip passes over it, and the guard says that it did."""
    found = project(index=[url])
    assert found.files == ()
    assert "it is not https" in reason(found)
    assert found.unchecked[0].help.startswith("Use https, or --trusted-host ")


@pytest.mark.parametrize(
    "trusted", ["index.example", "Index.Example", "index.example:8080", "INDEX.example:8080"], ids=str
)
def test_a_trusted_hosts_plain_http_is_read(site: Site, trusted: str) -> None:
    """--trusted-host takes a host, with or without its port, in any case."""
    # The host does not exist: a proxy on loopback answers for it.
    site.override("http://index.example:8080/simple/foo/", Answer(page(FILE), 200, HTML))
    scope = SearchScope(("http://index.example:8080/simple",))
    with Http(Network(timeout=5, retries=0, proxy=site.base)) as http, Index(scope, http, (trusted,)) as finder:
        assert names(finder.project(FOO)) == [FILE]


@pytest.mark.parametrize("trusted", ["example", "other.example", "index.example:80", "x.index.example", ""])
def test_trust_in_another_host_does_not_help(trusted: str) -> None:
    """Only the very host that was named is trusted, on the port that was named."""
    scope = SearchScope(("http://index.example:8080/simple",))
    with Http(NETWORK) as http, Index(scope, http, (trusted,)) as finder:
        assert "it is not https" in reason(finder.project(FOO))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "[::1]", "localhost"])
def test_loopback_is_secure(host: str) -> None:
    """What never leaves the machine needs no certificate (as in pip): it is asked, and refuses."""
    found = project(index=[f"http://{host}:9/simple"])
    assert "it is not https" not in reason(found)


@pytest.mark.parametrize(("trusted", "url"), [("::1", "http://[::1]:9/simple"), ("[::2]", "http://[::2]/simple")])
def test_trusted_hosts_may_be_addresses(trusted: str, url: str, site: Site) -> None:
    """With brackets and without."""
    with (
        Http(Network(timeout=5, retries=0, proxy=site.base)) as http,
        Index(SearchScope((url,)), http, (trusted,)) as finder,
    ):
        assert "it is not https" not in reason(finder.project(FOO))


@pytest.mark.parametrize(
    "url", ["ftp://index.example/simple", "htps://index.example/simple", "git+https://h.example/x"]
)
def test_other_schemes_are_told(url: str) -> None:
    """pip passes over what it cannot read; a mistyped index may be the private one, so it is told."""
    assert "is not a scheme that indexes are read by" in reason(project(index=[url]))
    assert "is not a scheme that indexes are read by" in reason(project(find_links=[url]))


# --------------------------------------------------------------------------- indexes and pages on this machine


@pytest.mark.parametrize("form", ["{path}", "{path}/", "file://{path}", "file://{path}/", "file://localhost{path}"])
def test_a_folder_as_index(tmp_path: Path, form: str) -> None:
    """Offline machines keep an index in a folder, named as a path or as a URL."""
    base = tmp_path / "an index #1"
    folder = base / "foo"
    folder.mkdir(parents=True)
    (folder / "index.html").write_bytes(page(f"../../files/{FILE}"))
    path = str(base) if form.startswith("{") else urls.path_to_url(base).removeprefix("file://")
    found = project(index=[form.format(path=path)])
    assert names(found) == [FILE]
    assert urls.url_to_path(found.files[0].url) == str(tmp_path / "files" / FILE)


def test_a_relative_path_as_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--index-url ./simple, from the folder one is in."""
    folder = tmp_path / "simple" / "foo"
    folder.mkdir(parents=True)
    (folder / "index.html").write_bytes(page(FILE))
    monkeypatch.chdir(tmp_path)
    assert names(project(index=["./simple"])) == [FILE]
    assert names(project(index=["simple"])) == [FILE]
    assert names(project(index=["./no-such-folder"])) == []


def test_a_folder_without_the_project(tmp_path: Path) -> None:
    """Nothing there is an answer, as with 404."""
    (tmp_path / "simple" / "bar").mkdir(parents=True)
    (tmp_path / "simple" / "foo").mkdir()
    base = urls.path_to_url(tmp_path / "simple")
    assert names(project(index=[base])) == []  # no index.html
    assert names(project(index=[base], name="nothing")) == []
    assert names(project(index=[urls.path_to_url(tmp_path / "gone")])) == []
    (tmp_path / "file").write_text("x", "utf-8")
    assert names(project(index=[urls.path_to_url(tmp_path / "file")])) == []


@pytest.mark.parametrize("url", ["file://server.example/simple", "file:///a%00b"])
def test_a_file_url_that_names_no_file(url: str) -> None:
    """Another machine's files cannot be read."""
    assert reason(project(index=[url]))


def test_a_local_page_that_cannot_be_read(tmp_path: Path) -> None:
    """A broken page on disk is told like one on the web."""
    folder = tmp_path / "foo"
    folder.mkdir()
    (folder / "index.html").write_bytes(b"\xff")
    assert "cannot be decoded" in reason(project(index=[urls.path_to_url(tmp_path)]))
    (folder / "index.html").unlink()
    (folder / "index.html").mkdir()
    assert "Is a directory" in reason(project(index=[urls.path_to_url(tmp_path)]))


# --------------------------------------------------------------------------- find-links


def test_a_folder_of_archives(tmp_path: Path) -> None:
    """Only archives of the project count, by their normal name; what pip does not look at is not looked at."""
    for name in (
        FILE,
        "Foo-1.1.tar.gz",
        "foo-1.2.zip",
        "foo-1.3.tar.bz2",
        "foo-1.4.exe",
        "foo.whl",
        "foo-x-py3-none-any.whl",
        "foobar-1.0.zip",
        "README",
        ".foo-1.5.zip.part",
        "foo-1.6+l%20o#c.zip",
    ):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "foo-1.7.zip").mkdir()
    found = project(find_links=[str(tmp_path)])
    assert sorted(names(found)) == ["Foo-1.1.tar.gz", "foo-1.0-py3-none-any.whl", "foo-1.2.zip", "foo-1.7.zip"]
    assert all(file.hashes == frozenset() and file.listed_on is None for file in found.files)


def test_odd_names_in_a_folder(tmp_path: Path) -> None:
    """A name is turned into a URL and back: nothing of it may be taken for a query or a fragment."""
    odd = tmp_path / "a b#c?d%20e&ü"
    made = wheel(odd, "foo", "1.0", build="1 x#y?z%41")
    (file,) = project(find_links=[str(odd)]).files
    assert file.filename == made.name
    assert urls.url_to_path(file.url) == str(made)


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    """Such a file cannot be named in a URL: the others are found, and it is told."""
    wheel(tmp_path, "foo", "1.0")
    Path(os.fsdecode(os.fsencode(str(tmp_path)) + b"/foo-1.0-1\xff-py3-none-any.whl")).write_bytes(b"")
    Path(os.fsdecode(os.fsencode(str(tmp_path)) + b"/\xff.txt")).write_bytes(b"")
    found = project(find_links=[str(tmp_path)])
    assert [file.filename for file in found.files] == [FILE]
    assert "is not UTF-8" in reason(found)


def test_pages_in_a_folder(tmp_path: Path) -> None:
    """Every HTML file of a find-links folder is a page, as in pip."""
    wheel(tmp_path, "foo", "1.0")
    (tmp_path / "more.html").write_bytes(page("files/foo-1.1.zip"))
    (tmp_path / "other.HTM").write_bytes(page("files/foo-1.2.zip"))
    found = project(find_links=[str(tmp_path)])
    assert names(found)[0] == FILE
    assert sorted(names(found)[1:]) == ["foo-1.1.zip", "foo-1.2.zip"]
    assert urls.url_to_path(found.files[1].url).startswith(str(tmp_path / "files"))


@pytest.mark.parametrize("form", ["{path}", "{url}"])
def test_a_single_file_as_find_links(tmp_path: Path, form: str) -> None:
    """An archive is a file for whichever project, a page is read."""
    made = wheel(tmp_path, "foo", "1.0")
    (tmp_path / "links.html").write_bytes(page("foo-1.1.zip"))
    for path, expected in ((made, FILE), (tmp_path / "links.html", "foo-1.1.zip")):
        found = project(find_links=[form.format(path=path, url=urls.path_to_url(path))])
        assert names(found) == [expected]


@pytest.mark.parametrize(
    "place", ["no/such/folder", "{tmp}/gone", "file://{tmp}/gone", "~nobody/x", "{tmp}/file/x", "x.whl"]
)
def test_a_place_that_is_not_there(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip passes over a missing find-links place; there is nothing in it that could be missed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("", "utf-8")
    assert names(project(find_links=[place.format(tmp=tmp_path)])) == []


def test_an_archive_by_url(site: Site) -> None:
    """A link to a file needs no page; its digest is kept, its login and query are dealt with."""
    base = site.base.replace("http://", "http://user:secret@")
    found = project(find_links=[f"{base}/x/foo-1.0%2Blocal.zip?token=1#sha256=AB"])
    (file,) = found.files
    assert (file.filename, file.url) == ("foo-1.0+local.zip", f"{site.base}/x/foo-1.0%2Blocal.zip?token=1")
    assert file.hashes == {("sha256", "ab")}
    assert site.asked == []


def test_a_page_by_url_with_a_fragment(site: Site) -> None:
    """A fragment is not part of what is asked for."""
    site.override("/links", Answer(page("/foo-1.0.zip"), 200, HTML))
    assert names(project(find_links=[f"{site.base}/links#top"])) == ["foo-1.0.zip"]


def test_a_fifo_is_no_place(tmp_path: Path) -> None:
    """Opening one would wait for ever."""
    os.mkfifo(tmp_path / "foo-1.0.zip")
    assert names(project(find_links=[str(tmp_path / "foo-1.0.zip")])) == []


@contextmanager
def locked_folder() -> Iterator[Path]:
    """A folder that this process may not look into, for the time being also where the tests run as root."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    folder = place / "locked"
    folder.mkdir()
    wheel(folder, "foo", "1.0")
    (folder / "index.html").write_bytes(page(FILE))
    folder.chmod(0)
    own = os.geteuid()
    try:
        if own == 0:
            os.seteuid(65534)
        yield folder
    finally:
        os.seteuid(own)
        folder.chmod(0o700)
        shutil.rmtree(place)


@pytest.mark.parametrize("form", ["{}", "{}/foo-1.0-py3-none-any.whl", "{}/index.html"])
def test_a_place_that_may_not_be_read_is_told(form: str) -> None:
    """Not allowed is not "not there": the version that is wanted may lie in it."""
    with locked_folder() as folder:
        assert "Permission denied" in reason(project(find_links=[form.format(folder)]))
        assert "Permission denied" in reason(project(find_links=[urls.path_to_url(form.format(folder))]))


def test_an_index_that_may_not_be_read_is_told() -> None:
    """The same for a folder that is an index."""
    with locked_folder() as folder:
        assert "Permission denied" in reason(project(index=[str(folder)]))
        assert "Permission denied" in reason(project(index=[urls.path_to_url(folder)]))


def test_large_pages_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand links are not held for the sake of an explanation: who asks again has the page read again."""
    monkeypatch.setattr(finder_module, "_MOST_KEPT", 1)
    with FakeIndex() as server, Http(Network(timeout=5, retries=0)) as http:
        for version in ("1.0", "2.0"):
            server.add(wheel(tmp_path, "foo", version))
        server.add(wheel(tmp_path, "small", "1.0"))
        with Index(SearchScope((server.url,)), http) as index:
            for name in ("foo", "small"):
                project = canonicalize_name(name)
                before = list(index.project(project).files)
                index.let_go(project)
                assert len(index.homes(project)) == 1
                assert list(index.project(project).files) == before
            assert server.paths().count(server.page("foo")) == 2
            assert server.paths().count(server.page("small")) == 1
