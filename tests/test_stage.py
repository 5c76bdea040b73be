"""The private folder, and every file of a plan in it with the right hash, or not at all."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest
from packaging.utils import canonicalize_name

import safe_pip.stage
from fakes import Answer, Asked, FakeIndex
from safe_pip import urls
from safe_pip.errors import IncompleteError
from safe_pip.index.http import Http
from safe_pip.index.store import FileStore, Stored
from safe_pip.model import CoreMetadata, DistributionFile, Hashes, Mismatch, Plan, PlannedInstall, Staged
from safe_pip.progress import Progress
from safe_pip.stage import private_folder, stage

# --------------------------------------------------------------------------- the private folder


def names(cache: Path) -> list[str]:
    """What lies in the folder of private folders."""
    return sorted(path.name for path in (cache / "staging").iterdir())


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("there", [None, 0o755, 0o777])
def test_only_this_user_may_enter(there: int | None, tmp_path: Path) -> None:
    """Whatever the umask, and whatever was there before."""
    if there is not None:
        (tmp_path / "staging").mkdir()
        (tmp_path / "staging").chmod(there)
    before = os.umask(0)
    try:
        with private_folder(tmp_path) as folder:
            assert mode(folder) == mode(folder.parent) == 0o700
            assert folder.parent == tmp_path / "staging"
    finally:
        os.umask(before)


def test_nothing_is_left(tmp_path: Path) -> None:
    """Whether the run ends well or not, its files and its lock are gone."""
    with private_folder(tmp_path / "deep" / "cache") as folder:
        (folder / "files" / "a").mkdir(parents=True)
        (folder / "files" / "a" / "x.whl").write_bytes(b"x")
        assert len(names(tmp_path / "deep" / "cache")) == 2
    assert names(tmp_path / "deep" / "cache") == []

    with pytest.raises(KeyboardInterrupt), private_folder(tmp_path) as folder:
        (folder / "x").write_bytes(b"x")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_a_folder_that_is_gone_already(tmp_path: Path) -> None:
    """Somebody cleared the cache meanwhile: that is no error of the run."""
    with private_folder(tmp_path) as folder:
        folder.rmdir()
    assert names(tmp_path) == []


def test_two_at_once(tmp_path: Path) -> None:
    """Each has a folder of its own, and neither takes the other's for a dead one's, whoever comes and goes."""
    with private_folder(tmp_path) as first:
        (first / "x").write_bytes(b"first")
        with private_folder(tmp_path) as second:
            assert second != first
        with private_folder(tmp_path):
            assert (first / "x").read_bytes() == b"first"
        assert names(tmp_path) == [first.name, f"{first.name}.lock"]


def test_many_at_once(tmp_path: Path) -> None:
    """Thirty runs that begin together all have their folder as long as they live."""
    ready = threading.Barrier(30, timeout=60)

    def run(number: int) -> Path:
        with private_folder(tmp_path) as folder:
            (folder / "mine").write_text(str(number))
            ready.wait()
            assert (folder / "mine").read_text() == str(number)
            return folder

    with ThreadPoolExecutor(30) as pool:
        assert len(set(pool.map(run, range(30)))) == 30
    assert names(tmp_path) == []


RUN = """
import sys
from pathlib import Path
from safe_pip.stage import private_folder
with private_folder(Path(sys.argv[1])) as folder:
    (folder / "files").mkdir()
    (folder / "files" / "x.whl").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Other runs, in processes of their own, ended with the test."""
    begun: list[subprocess.Popen[str]] = []
    yield begun
    for process in begun:
        process.kill()
        process.communicate()


def begin(runs: list[subprocess.Popen[str]], cache: Path) -> Path:
    """Begin another run; its private folder, once it has one."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(cache)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    runs.append(process)
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_run_left_is_swept(
    how: signal.Signals, runs: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    """It could do so no more itself; downloads are large. The folder of a run that lives is left alone."""
    living, dead = begin(runs, tmp_path), begin(runs, tmp_path)
    runs[1].send_signal(how)
    runs[1].wait(60)
    assert (dead / "files" / "x.whl").exists()

    with private_folder(tmp_path) as folder:
        assert names(tmp_path) == sorted(f"{path.name}{end}" for path in (living, folder) for end in ("", ".lock"))
        assert (living / "files" / "x.whl").read_bytes() == b"x" * 1000


def test_a_run_that_ends_leaves_the_others_alone(runs: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    """Its own folder is all that it deletes."""
    living, ending = begin(runs, tmp_path), begin(runs, tmp_path)
    runs[1].communicate("")

    assert runs[1].returncode == 0
    assert not ending.exists()
    assert (living / "files" / "x.whl").exists()


BUSY = """
import sys
from pathlib import Path
from safe_pip.stage import private_folder
for number in range(int(sys.argv[2])):
    with private_folder(Path(sys.argv[1])) as folder:
        (folder / "mine").write_text(str(number))
        with private_folder(Path(sys.argv[1])):
            pass
        assert (folder / "mine").read_text() == str(number)
"""


def test_runs_that_come_and_go_never_meet(tmp_path: Path) -> None:
    """Each sweeps while the others begin and end: none ever loses its folder, and nothing is left."""
    processes = [
        subprocess.Popen([sys.executable, "-c", BUSY, str(tmp_path), "60"], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]

    assert [process.communicate(timeout=120)[1] for process in processes] == [""] * 4
    assert names(tmp_path) == []


def _foreign(root: Path) -> dict[str, bytes]:
    """Put into a folder what is not safe-pip's, and what looks a little like it."""
    for name in ("poetry", "a" * 31, "a" * 33, "G" * 32, "0123456789abcdef0123456789abcdef.d"):
        (root / name).mkdir(parents=True)
        (root / name / "precious").write_bytes(b"data")
        (root / f"{name}.lock").write_bytes(b"lock")
    (root / ("b" * 32)).mkdir()
    (root / ("b" * 32) / "precious").write_bytes(b"data")
    (root / "file").write_bytes(b"data")
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_only_what_safe_pip_made_is_swept(tmp_path: Path) -> None:
    """The cache folder is named by hand: what else lies there, lock files of other tools above all, is not ours."""
    root = tmp_path / "staging"
    before = _foreign(root)

    with private_folder(tmp_path):
        pass

    assert {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()} == before


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    """A dead run's folder that is a link by now leads to something that was never its own."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "x").write_bytes(b"data")
    name = uuid.uuid4().hex
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / f"{name}.lock").write_bytes(b"")
    (tmp_path / "staging" / name).symlink_to(precious)

    with private_folder(tmp_path):
        pass

    assert (precious / "x").read_bytes() == b"data"


def test_a_lock_without_a_folder_is_swept(tmp_path: Path) -> None:
    """A run killed between the two leaves one."""
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / f"{uuid.uuid4().hex}.lock").write_bytes(b"")

    with private_folder(tmp_path) as folder:
        assert names(tmp_path) == [folder.name, f"{folder.name}.lock"]


def _named(monkeypatch: pytest.MonkeyPatch, hexes: Iterable[str]) -> None:
    """Have new folders named so, in this order."""
    coming = iter(hexes)
    monkeypatch.setattr(safe_pip.stage.uuid, "uuid4", lambda: uuid.UUID(next(coming)))


def test_a_lock_that_another_sweep_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the making of a lock file and its locking another run may take it for a dead one's: another is made."""
    taken, free = "a" * 32, "b" * 32
    (tmp_path / "staging").mkdir()
    _named(monkeypatch, [taken, taken, free])

    with filelock.FileLock(tmp_path / "staging" / f"{taken}.lock"), private_folder(tmp_path) as folder:
        assert folder.name == free


def test_a_lock_that_another_sweep_deletes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock on a file that has no name any more protects nothing: another is made."""
    swept, kept = "a" * 32, "b" * 32
    _named(monkeypatch, [swept, kept])

    class Swept(filelock.FileLock):
        """Its file is gone as soon as it is locked, for one name."""

        def acquire(self, *arguments: object, **more: object) -> object:
            held = super().acquire(*arguments, **more)  # type: ignore[arg-type]
            if swept in self.lock_file:
                Path(self.lock_file).unlink()
            return held

    monkeypatch.setattr(safe_pip.stage.filelock, "FileLock", Swept)

    with private_folder(tmp_path) as folder:
        assert folder.name == kept
        assert names(tmp_path) == [kept, f"{kept}.lock"]


def test_no_lock_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried a few times, not for ever."""
    monkeypatch.setattr(safe_pip.stage.uuid, "uuid4", lambda: uuid.UUID("a" * 32))
    (tmp_path / "staging").mkdir()

    with (
        filelock.FileLock(tmp_path / "staging" / f"{'a' * 32}.lock"),
        pytest.raises(IncompleteError, match="The private folder for downloads cannot be made"),
        private_folder(tmp_path),
    ):
        pass


@pytest.mark.parametrize("where", ["staging", "cache", "above", "dangling", "read-only"])
def test_a_folder_that_cannot_be_made(where: str, tmp_path: Path) -> None:
    """Told with its place and what could be done, as incomplete: nothing was checked."""
    cache = tmp_path / "above" / "cache"
    if where == "read-only":
        cache.mkdir(parents=True)
        cache.chmod(0o500)
        if os.geteuid() == 0:
            # Nothing is read-only for root, but here no one can make a folder.
            cache = Path("/sys")
    elif where == "dangling":
        cache.mkdir(parents=True)
        (cache / "staging").symlink_to("nowhere")
    else:
        place = {"staging": cache / "staging", "cache": cache, "above": cache.parent}[where]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("a file")

    with pytest.raises(IncompleteError) as raised, private_folder(cache):
        pass

    assert raised.value.message.startswith(f"The private folder for downloads cannot be made in {cache / 'staging'}: ")
    assert "SAFE_PIP_CACHE_DIR" in raised.value.hint
    assert raised.value.exit_code == 3
    assert "[Errno" not in raised.value.message


def test_no_room_for_anything(tmp_path: Path) -> None:
    """No file can be opened any more, as when a quota is used up: told the same way."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    (tmp_path / "staging").mkdir()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(IncompleteError, match="Too many open files"), private_folder(tmp_path):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert names(tmp_path) == []


# --------------------------------------------------------------------------- staging


BODY = b"body of a wheel" * 10_000


@pytest.fixture
def store(http: Http, tmp_path: Path) -> FileStore:
    """An empty store in the private folder."""
    return FileStore(tmp_path / "files", http)


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun: list[tuple[int, int | None]] = []
        self.bytes = self.files = self.ended = 0

    def downloading(self, files: int, size: int | None) -> None:
        self.begun.append((files, size))

    def received(self, size: int) -> None:
        with self.lock:
            self.bytes += size

    def file_done(self) -> None:
        with self.lock:
            self.files += 1

    def done(self) -> None:
        self.ended += 1


def planned(
    name: str, url: str, *, hashes: Hashes | None = None, allowed: Hashes | None = None, **file: object
) -> PlannedInstall:
    """One file that a plan brings in. hashes: of the index. allowed: of the user."""
    return PlannedInstall(
        name=canonicalize_name(name),
        version="1.0",
        file=DistributionFile(urls.file_name(url), url, hashes=hashes or frozenset(), **file),  # type: ignore[arg-type]
        metadata=CoreMetadata(name, "1.0"),
        requested=True,
        required_by=(),
        chain=(canonicalize_name(name),),
        hashes=allowed,
    )


def serve(index: FakeIndex, name: str, answer: Answer | None = None) -> str:
    """Have the server answer for a wheel of a project; its URL."""
    index.override(f"/files/{name}-1.0-py3-none-any.whl", answer or Answer(name.encode() + BODY))
    return f"{index.base}/files/{name}-1.0-py3-none-any.whl"


def content(name: str) -> bytes:
    """What the server answers for a wheel."""
    return name.encode() + BODY


def of(data: bytes, algorithm: str = "sha256") -> tuple[str, str]:
    """A digest of some bytes."""
    return algorithm, hashlib.new(algorithm, data).hexdigest()


def staged(items: Iterable[PlannedInstall], store: FileStore, folder: Path, progress: Progress | None = None) -> Staged:
    """The files of a plan that has these items."""
    return stage(Plan(tuple(items)), store, folder, progress or Progress())


def test_every_file_is_there(store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """By name, with its own bytes, digest and size; and progress is told of all of it."""
    some = [f"p{number}" for number in range(20)]
    told = Told()
    items = [
        planned(name, serve(index, name), hashes=frozenset({of(content(name))}), size=len(content(name)))
        for name in some
    ]

    found = staged(items, store, tmp_path, told)

    assert found.folder == tmp_path
    assert (found.mismatches, found.unchecked) == ((), ())
    assert list(found.files) == some
    for name, file in found.files.items():
        assert file.name == name
        assert file.path.name == f"{name}-1.0-py3-none-any.whl"
        assert file.path.read_bytes() == content(name)
        assert (file.sha256, file.size) == (of(content(name))[1], len(content(name)))
    total = sum(len(content(name)) for name in some)
    assert told.begun == [(20, total)]
    assert (told.bytes, told.files, told.ended) == (total, 20, 1)
    assert sorted(index.paths()) == sorted(f"/files/{name}-1.0-py3-none-any.whl" for name in some)


def test_files_are_fetched_side_by_side(store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """Eight requests are answered only once all eight have come."""
    all_there = threading.Barrier(8, timeout=30)

    def answer(asked: Asked) -> Answer:
        all_there.wait()
        return Answer(asked.path.encode())

    items = []
    for number in range(8):
        url = serve(index, f"p{number}")
        index.override(url.removeprefix(index.base), answer)
        items.append(planned(f"p{number}", url))

    assert len(staged(items, store, tmp_path).files) == 8


def test_an_unknown_size_is_not_made_up(store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """HTML pages give no sizes; one that is missing leaves the sum unknown. A size of zero is known."""
    told = Told()
    staged([planned("a", serve(index, "a"), size=5), planned("b", serve(index, "b"))], store, tmp_path, told)
    staged([planned("a", serve(index, "a"), size=5), planned("c", serve(index, "c"), size=0)], store, tmp_path, told)
    staged([], store, tmp_path, told)

    assert told.begun == [(2, None), (2, 5), (0, 0)]


# --------------------------------------------------------------------------- hashes


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_a_hash_of_the_index_that_does_not_agree(
    algorithm: str, store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """The file is gone, both digests are told, and other files are none the worse for it."""
    wrong = "0" * len(of(b"", algorithm)[1])
    items = [
        planned("bad", serve(index, "bad"), hashes=frozenset({(algorithm, wrong)})),
        planned("good", serve(index, "good")),
    ]

    found = staged(items, store, tmp_path)

    assert found.mismatches == (
        Mismatch(
            "hash-mismatch",
            canonicalize_name("bad"),
            "1.0",
            "bad-1.0-py3-none-any.whl",
            f"{algorithm} of the index",
            wrong,
            of(content("bad"), algorithm)[1],
        ),
    )
    assert list(found.files) == ["good"]
    assert [path.name for path in tmp_path.rglob("*.whl")] == ["good-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("wrong", ["md5", "sha512"])
def test_each_hash_of_the_index_must_agree(wrong: str, store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """One that is right does not outweigh one that is wrong."""
    hashes = frozenset({of(content("bad")), (wrong, "0")})

    found = staged([planned("bad", serve(index, "bad"), hashes=hashes)], store, tmp_path)

    assert [(item.what, item.expected) for item in found.mismatches] == [(f"{wrong} of the index", "0")]
    assert found.files == {}


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_one_hash_of_the_user_is_enough(algorithm: str, store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """A requirements file lists a digest for each file of a version."""
    allowed = frozenset({of(content("good"), algorithm), ("sha256", "0" * 64)})

    found = staged([planned("good", serve(index, "good"), allowed=allowed)], store, tmp_path)

    assert list(found.files) == ["good"]
    assert found.mismatches == ()


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (frozenset(("sha256", digit * 64) for digit in "321465"), ", ".join(digit * 64 for digit in "123456")),
        (frozenset(), "no digest that all of them allow"),
        (frozenset({("sha512", of(content("bad"))[1])}), of(content("bad"))[1]),
    ],
    ids=["others", "none", "digest-of-another-kind"],
)
def test_a_hash_of_the_user_that_does_not_agree(
    allowed: Hashes, expected: str, store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """Whatever the index says: what the user allows decides."""
    item = planned("bad", serve(index, "bad"), hashes=frozenset({of(content("bad"))}), allowed=allowed)

    found = staged([item], store, tmp_path)

    assert [(item.what, item.expected, item.actual) for item in found.mismatches] == [
        ("--hash", expected, of(content("bad"))[1])
    ]
    assert found.files == {}
    assert list(tmp_path.rglob("*.whl")) == []


def test_index_and_user_both_disagree(store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """Both are told; they may have different reasons."""
    wrong = frozenset({("sha256", "0" * 64)})

    found = staged([planned("bad", serve(index, "bad"), hashes=wrong, allowed=wrong)], store, tmp_path)

    assert [item.what for item in found.mismatches] == ["sha256 of the index", "--hash"]


def test_what_was_fetched_while_resolving_is_compared_as_well(
    store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """It is not fetched again, and a hash that only this page gives is taken of it all the same."""
    url = serve(index, "bad")
    store.fetch(DistributionFile("bad-1.0-py3-none-any.whl", url))

    found = staged([planned("bad", url, hashes=frozenset({("md5", "0" * 32)}))], store, tmp_path)

    assert [item.actual for item in found.mismatches] == [of(content("bad"), "md5")[1]]
    assert len(index.asked) == 1
    assert list(tmp_path.rglob("*.whl")) == []


# --------------------------------------------------------------------------- what cannot be had


@pytest.mark.parametrize(
    ("answer", "reason", "help"),
    [
        (Answer(b"", 404), "the server answered 404 Not Found", "Try again."),
        (
            Answer(b"", 401),
            "the server answered 401 Unauthorized",
            "Give user and password in the URL, in ~/.netrc, or to keyring.",
        ),
        (Answer(content("bad"), claim=len(content("bad")) + 1), "", "Try again."),
    ],
    ids=["gone", "login", "wrong-size"],
)
def test_a_file_that_cannot_be_fetched(
    answer: Answer, reason: str, help: str, store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """Not checked is told as such, with what to do; the rest is staged, and nothing half is left."""
    items = [planned("bad", serve(index, "bad", answer)), planned("good", serve(index, "good"))]

    found = staged(items, store, tmp_path)

    (unchecked,) = found.unchecked
    assert (unchecked.code, unchecked.name, unchecked.version) == ("unreadable-file", "bad", "1.0")
    assert unchecked.reason.startswith(f"bad-1.0-py3-none-any.whl cannot be fetched: {reason}")
    assert unchecked.help == help
    assert list(found.files) == ["good"]
    assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == ["good-1.0-py3-none-any.whl"]


def test_no_room_on_the_disk(store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """One file does not fit and another does: told for the one, and no part of it is left."""
    items = [planned("small", serve(index, "small", Answer(b"small"))), planned("large", serve(index, "large"))]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(BODY) // 2, before[1]))
    try:
        found = staged(items, store, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list(found.files) == ["small"]
    assert [item.reason for item in found.unchecked] == [
        "large-1.0-py3-none-any.whl cannot be fetched: it cannot be written: File too large"
    ]
    assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == ["small-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    "url", ["file:///nowhere/a.whl", "file://elsewhere/a.whl", "http://127.0.0.1:9/%0A.whl", "http://127.0.0.1:9/"]
)
def test_a_place_that_leads_nowhere(url: str, store: FileStore, tmp_path: Path) -> None:
    """Told, not thrown: other files have their findings to tell."""
    found = staged([planned("bad", url)], store, tmp_path)

    assert [item.code for item in found.unchecked] == ["unreadable-file"]
    assert found.files == {}


def test_checkouts_and_folders_have_no_file(store: FileStore, index: FakeIndex, tmp_path: Path) -> None:
    """Nothing is run to make one; a folder that ends like an archive is one none the less."""
    (tmp_path / "project.whl").mkdir()
    told = Told()
    items = [
        planned("a", f"git+{index.base}/a.git@main"),
        planned("b", urls.path_to_url(tmp_path / "project.whl")),
        planned("c", serve(index, "c")),
    ]

    found = staged(items, store, tmp_path, told)

    assert list(found.files) == ["c"]
    assert (found.unchecked, found.mismatches) == ((), ())
    assert told.begun == [(1, None)]
    assert len(index.asked) == 1


def test_a_local_file_is_staged_as_a_copy(store: FileStore, tmp_path: Path) -> None:
    """What is installed later is the copy that was hashed."""
    original = tmp_path / "mine" / "foo-1.0.tar.gz"
    original.parent.mkdir()
    original.write_bytes(BODY)

    found = staged([planned("foo", urls.path_to_url(original))], store, tmp_path)
    original.write_bytes(b"evil")

    file = found.files[canonicalize_name("foo")]
    assert file.path.read_bytes() == BODY
    assert file.sha256 == of(BODY)[1]


def test_an_interrupt_ends_the_display(http: Http, index: FakeIndex, tmp_path: Path) -> None:
    """Whatever ends staging, nothing is left on the screen."""

    class Interrupted(FileStore):
        def fetch(self, file: DistributionFile, progress: object = None) -> Stored:
            raise KeyboardInterrupt

    told = Told()

    with pytest.raises(KeyboardInterrupt):
        staged([planned("a", serve(index, "a"))], Interrupted(tmp_path, http), tmp_path, told)

    assert told.ended == 1


def test_a_cache_folder_that_others_can_change_stages_nothing(tmp_path: Path) -> None:
    """They could put another folder in the place of the private one, between the last hash and pip (promise 2)."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(IncompleteError, match="other users of this machine could change"), private_folder(cache):
        pass
    cache.chmod(0o1777)
    with private_folder(cache) as folder:
        assert folder.is_dir()
