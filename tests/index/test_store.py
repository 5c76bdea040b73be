"""The private store: every file whole, hashed, under its own name, and only once."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import Answer, Asked
from index.servers import Site
from safe_pip import urls
from safe_pip.errors import FetchError
from safe_pip.index.file_cache import FileCache
from safe_pip.index.http import Http
from safe_pip.index.store import ALGORITHMS, FileStore
from safe_pip.model import DistributionFile, Hashes

BODY = bytes(range(256)) * 5000


@pytest.fixture
def store(http: Http, tmp_path: Path) -> FileStore:
    """An empty store in a folder that is not there yet, in that of the run."""
    (tmp_path / "private").mkdir()
    return FileStore(tmp_path / "private" / "files", http)


@pytest.fixture
def file(site: Site) -> DistributionFile:
    """A file on the server."""
    site.override("/files/foo-1.0.whl", Answer(BODY))
    return DistributionFile("foo-1.0.whl", f"{site.base}/files/foo-1.0.whl")


def digest(algorithm: str, data: bytes = BODY) -> str:
    """A lower-case hex digest."""
    return hashlib.new(algorithm, data).hexdigest()


def below(folder: Path) -> list[Path]:
    """Every file below a folder, temporary ones and all."""
    return [path for path in folder.rglob("*") if not path.is_dir()]


# --------------------------------------------------------------------------- fetching


def test_a_file_is_fetched_whole_and_hashed(store: FileStore, file: DistributionFile, tmp_path: Path) -> None:
    """Its bytes, size and every digest that ``--hash`` may name."""
    stored = store.fetch(file)

    assert stored.path.read_bytes() == BODY
    assert stored.path.name == "foo-1.0.whl"
    assert stored.received.size == len(BODY)
    assert stored.received.digests == {name: digest(name) for name in ALGORITHMS}
    assert below(tmp_path) == [stored.path]


def test_digests_that_the_page_gives_are_taken_as_well(store: FileStore, file: DistributionFile) -> None:
    """Old indexes give MD5: it must agree too, so it must be known."""
    stored = store.fetch(file._replace(hashes=frozenset({("md5", "0"), ("sha1", "0")})))

    assert stored.received.digests["md5"] == digest("md5")
    assert stored.received.digests["sha1"] == digest("sha1")


def test_a_file_is_fetched_once(store: FileStore, file: DistributionFile, site: Site) -> None:
    """What was inspected is what is staged: the server is not given a second chance."""
    first = store.fetch(file)
    site.override("/files/foo-1.0.whl", Answer(b"evil"))

    assert store.fetch(file) == first == store.has(file)
    assert len(site.asked) == 1


def test_another_page_gives_other_digests_of_the_same_file(
    store: FileStore, file: DistributionFile, site: Site
) -> None:
    """They are taken of the copy that is there; nothing is fetched again, and no digest is forgotten."""
    store.fetch(file)

    for algorithm in ("md5", "sha224"):
        other = file._replace(listed_on="elsewhere", hashes=frozenset({(algorithm, "0")}))
        found = store.has(other)
        assert found is not None
        assert found.received.digests[algorithm] == digest(algorithm)

    known = store.has(file)
    assert known is not None
    assert known.received.digests.keys() == {*ALGORITHMS, "md5", "sha224"}
    assert len(site.asked) == 1


def test_one_name_at_two_urls(store: FileStore, site: Site) -> None:
    """Two indexes may serve different files of one name; neither overwrites the other."""
    for place in ("a", "b"):
        site.override(f"/{place}/foo.whl", Answer(place.encode()))

    stored = {place: store.fetch(DistributionFile("foo.whl", f"{site.base}/{place}/foo.whl")) for place in ("a", "b")}

    assert {place: item.path.read_bytes() for place, item in stored.items()} == {"a": b"a", "b": b"b"}
    assert {item.path.name for item in stored.values()} == {"foo.whl"}


def test_many_threads_fetch_one_file_once(store: FileStore, file: DistributionFile, site: Site) -> None:
    """The one that comes first fetches; the others wait for it, and are told of its bytes."""
    told: list[int] = []
    lock = threading.Lock()

    def progress(size: int) -> None:
        with lock:
            told.append(size)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: store.fetch(file, progress), range(32)))

    assert len({item.path for item in found}) == 1
    assert len(site.asked) == 1
    assert sum(told) == 32 * len(BODY)


def test_files_are_fetched_side_by_side(store: FileStore, site: Site) -> None:
    """One slow file does not hold up another: each server thread waits until both have been asked for."""
    both = threading.Barrier(2, timeout=20)

    def answer(asked: Asked) -> Answer:
        both.wait()
        return Answer(asked.path.encode())

    for name in ("a.whl", "b.whl"):
        site.override(f"/{name}", answer)
    with ThreadPoolExecutor(2) as pool:
        files = [DistributionFile(name, f"{site.base}/{name}") for name in ("a.whl", "b.whl")]
        stored = list(pool.map(store.fetch, files))

    assert [item.path.read_bytes() for item in stored] == [b"/a.whl", b"/b.whl"]


@pytest.mark.parametrize(
    "answer",
    [Answer(b"gone", 404), Answer(BODY, claim=len(BODY) + 1), Answer(BODY, claim=len(BODY) * 2), Answer(b"", 500)],
    ids=["404", "one-byte-short", "half", "500"],
)
def test_a_download_that_fails_leaves_nothing(
    answer: Answer, store: FileStore, file: DistributionFile, site: Site, tmp_path: Path
) -> None:
    """Half a file must not pass for a file; and what failed once may be asked for again."""
    site.override("/files/foo-1.0.whl", answer)

    with pytest.raises(FetchError):
        store.fetch(file)

    assert below(tmp_path) == []
    assert store.has(file) is None
    site.override("/files/foo-1.0.whl", Answer(BODY))
    assert store.fetch(file).path.read_bytes() == BODY


def test_a_file_is_discarded(store: FileStore, file: DistributionFile, tmp_path: Path) -> None:
    """What must not be used is not there any more, for anybody."""
    store.fetch(file)

    store.discard(file)
    store.discard(file)

    assert store.has(file) is None
    assert below(tmp_path) == []
    assert store.fetch(file).path.read_bytes() == BODY


# --------------------------------------------------------------------------- content at hand


def test_content_at_hand_is_stored_like_a_download(
    store: FileStore, file: DistributionFile, site: Site, tmp_path: Path
) -> None:
    """Bytes that came as the whole of a file need not be asked for again."""
    put = store.put_content(file._replace(hashes=frozenset({("md5", "0")})), BODY)

    assert put.path.read_bytes() == BODY
    assert put.received.digests == {name: digest(name) for name in (*ALGORITHMS, "md5")}
    assert store.fetch(file) == put
    assert site.asked == []
    assert below(tmp_path) == [put.path]


def test_a_file_that_was_written_to_its_place(store: FileStore, file: DistributionFile, http: Http, site: Site) -> None:
    """Digests that were not taken while it was written are taken of the copy."""
    path = store.path_for(file)
    received = http.download(file.url, path, limit=10**7, algorithms=("sha256",))

    stored = store.put(file._replace(hashes=frozenset({("sha1", "0")})), received)

    assert stored.received.digests == {name: digest(name) for name in (*ALGORITHMS, "sha1")}
    assert store.has(file) == stored


def test_a_copy_that_vanished_cannot_be_vouched_for(store: FileStore, file: DistributionFile) -> None:
    """A digest that is asked for later is taken of the copy, never made up."""
    store.fetch(file).path.unlink()

    with pytest.raises(FetchError, match="its copy cannot be read"):
        store.has(file._replace(hashes=frozenset({("md5", "0")})))


# --------------------------------------------------------------------------- local files


def test_a_local_file_is_copied(store: FileStore, tmp_path: Path) -> None:
    """What happens to the original afterwards does not matter."""
    original = tmp_path / "foo 1.0+x.whl"
    original.write_bytes(BODY)
    file = DistributionFile(original.name, urls.path_to_url(original))

    told: list[int] = []
    stored = store.fetch(file, told.append)
    original.write_bytes(b"evil")

    assert stored.path != original
    assert store.fetch(file).path.read_bytes() == BODY
    assert stored.received.digests["sha256"] == digest("sha256")
    assert not stored.path.is_symlink()
    assert sum(told) == len(BODY)


def test_a_link_is_followed_once(store: FileStore, tmp_path: Path) -> None:
    """The copy is a file of its own, not another name of somebody else's."""
    (tmp_path / "real").write_bytes(BODY)
    (tmp_path / "link.whl").symlink_to("real")

    stored = store.fetch(DistributionFile("link.whl", urls.path_to_url(tmp_path / "link.whl")))

    assert not stored.path.is_symlink()
    assert stored.path.stat().st_nlink == 1
    assert stored.path.read_bytes() == BODY


@pytest.mark.parametrize(
    "url", ["file:///nowhere/foo.whl", "file://elsewhere/foo.whl", "file:///%00/foo.whl", "{folder}"]
)
def test_a_local_file_that_cannot_be_copied(url: str, store: FileStore, tmp_path: Path) -> None:
    """Told as what cannot be fetched, and nothing half is left."""
    (tmp_path / "foo.whl").mkdir()
    url = url.replace("{folder}", urls.path_to_url(tmp_path / "foo.whl"))

    with pytest.raises(FetchError):
        store.fetch(DistributionFile("foo.whl", url))

    assert below(tmp_path) == []


# --------------------------------------------------------------------------- the folder


def test_only_this_user_may_enter(store: FileStore, file: DistributionFile, tmp_path: Path) -> None:
    """Nobody else on this machine may read what comes from a private index, or put something in its place."""
    before = os.umask(0)
    try:
        stored = store.fetch(file)
    finally:
        os.umask(before)

    for folder in (stored.path.parent, stored.path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(stored.path.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../a", "/a", "a\nb", "a\x1b[2J", "a\0b", "a\u202eb", "a\u2028b", "\ud800"]
)
def test_a_name_that_no_file_may_have(name: str, store: FileStore, tmp_path: Path) -> None:
    """It would lead elsewhere, or show a person something else than what it is."""
    with pytest.raises(FetchError, match="cannot be the name of a file"):
        store.fetch(DistributionFile(name, "http://me:secret@127.0.0.1:9/x"))

    assert below(tmp_path) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=8), st.text("ab/.%?#:@é\0\n", max_size=20))
def test_files_stay_in_the_store(http: Http, tmp_path: Path, name: str, url: str) -> None:
    """Whatever a page calls a file and wherever it says that it lies: two URLs are two places, both in the store."""
    store = FileStore(tmp_path / "store", http)
    try:
        places = {store.path_for(DistributionFile(name, f"http://h/{more}{url}")) for more in ("", "x")}
    except FetchError:
        return
    assert len(places) == 2
    for place in places:
        assert os.path.normpath(place) == str(place)
        assert place.parent.parent == tmp_path / "store"
        assert place.name == name


def test_a_name_too_long_for_the_disk(store: FileStore, site: Site, tmp_path: Path) -> None:
    """The system refuses it; that is told, not thrown."""
    site.override("/x", Answer(BODY))

    with pytest.raises(FetchError, match="it cannot be written: File name too long"):
        store.fetch(DistributionFile("x" * 300, f"{site.base}/x"))

    assert below(tmp_path) == []


def test_a_folder_that_cannot_be_made(http: Http, file: DistributionFile, tmp_path: Path) -> None:
    """Told as what cannot be stored."""
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(FetchError, match="it cannot be stored: "):
        FileStore(tmp_path / "taken", http).fetch(file)


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond a size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("how", ["download", "content", "copy"])
def test_no_room(how: str, store: FileStore, file: DistributionFile, tmp_path: Path) -> None:
    """A file that does not fit is told, and the part of it that did is gone: it may be what filled the disk."""
    original = tmp_path / "foo-1.0.whl"
    original.write_bytes(BODY)
    if how == "copy":
        file = DistributionFile("foo-1.0.whl", urls.path_to_url(original))

    with no_room_beyond(len(BODY) // 2), pytest.raises(FetchError):
        if how == "content":
            store.put_content(file, BODY)
        else:
            store.fetch(file)

    assert below(tmp_path) == [original]
    assert store.has(file) is None


def test_hashes_are_told_for_every_file(store: FileStore, site: Site) -> None:
    """Each digest of each page is there to be compared, whichever came first and in whatever order."""
    site.override("/f", Answer(BODY))
    algorithms = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
    for count in range(len(algorithms)):
        hashes: Hashes = frozenset((name, "0") for name in algorithms[count:])
        stored = store.fetch(DistributionFile("f", f"{site.base}/f", hashes=hashes))
        assert {name: stored.received.digests[name] for name, _ in hashes} == {
            name: digest(name) for name in algorithms[count:]
        }
    assert len(site.asked) == 1


# --------------------------------------------------------------------------- files of earlier runs


@pytest.fixture
def earlier(tmp_path: Path) -> FileCache:
    """A cache of files."""
    return FileCache(tmp_path / "cache")


def kept(earlier: FileCache, file: DistributionFile, tmp_path: Path) -> Path:
    """A file in the cache, as an earlier run has put it there."""
    staged = tmp_path / "staged"
    staged.write_bytes(BODY)
    staged.chmod(0o600)
    assert earlier.keep(file, staged)
    staged.unlink()
    (place,) = (tmp_path / "cache").glob("*/*")
    return place


def with_digest(file: DistributionFile) -> DistributionFile:
    """The file of an index that gives its digest."""
    return file._replace(hashes=frozenset({("sha256", digest("sha256"))}))


def test_a_kept_file_is_not_copied(earlier: FileCache, file: DistributionFile, tmp_path: Path) -> None:
    """A second name costs nothing, however large the file is."""
    place = kept(earlier, with_digest(file), tmp_path)
    assert earlier.take(with_digest(file), tmp_path / "taken")
    assert (tmp_path / "taken").samefile(place)


@pytest.mark.parametrize("how", ["another name", "for everybody", "of another user"])
def test_what_others_can_write_into_is_copied(
    earlier: FileCache, file: DistributionFile, tmp_path: Path, how: str
) -> None:
    """Who holds another name of a kept file could change it between the audit and the install (promise 2)."""
    place = kept(earlier, with_digest(file), tmp_path)
    if how == "another name":
        os.link(place, tmp_path / "theirs")
    elif how == "for everybody":
        place.chmod(0o666)
    elif os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    else:
        os.chown(place, 12345, -1)

    assert earlier.take(with_digest(file), tmp_path / "taken")
    with place.open("r+b") as theirs:
        theirs.write(b"evil")

    assert (tmp_path / "taken").read_bytes() == BODY


@pytest.mark.parametrize("what", ["link", "pipe"])
def test_what_is_no_file_is_thrown_out(
    file: DistributionFile, http: Http, earlier: FileCache, site: Site, tmp_path: Path, what: str
) -> None:
    """A link leads to what somebody else can change afterwards, and a pipe would be read for ever."""
    place = kept(earlier, with_digest(file), tmp_path)
    place.unlink()
    if what == "link":
        (tmp_path / "theirs").write_bytes(BODY)
        place.symlink_to(tmp_path / "theirs")
    else:
        os.mkfifo(place)
    (tmp_path / "run").mkdir()

    stored = FileStore(tmp_path / "run" / "files", http, cache=earlier).fetch(with_digest(file))

    assert stored.path.read_bytes() == BODY
    assert stat.S_ISREG(stored.path.lstat().st_mode)
    assert len(site.asked) == 1
    assert not os.path.lexists(place)


def test_nothing_is_stored_once_the_run_is_over(file: DistributionFile, http: Http, tmp_path: Path) -> None:
    """An answer that comes late must not make the private folder anew: nobody would ever delete it."""
    store = FileStore(tmp_path / "gone" / "files", http)
    with pytest.raises(FetchError, match="cannot be stored"):
        store.fetch(file)
    assert not (tmp_path / "gone").exists()
