"""What is kept from run to run: used only where it still holds, and as good as absent where it is not whole."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from fakes import Answer, Asked, FakeIndex, own_metadata, sha256, wheel
from safe_pip import cache_file
from safe_pip.index import cache as cache_module
from safe_pip.index.cache import IndexCache, KeptPage
from safe_pip.index.finder import Index, Project
from safe_pip.index.http import Http
from safe_pip.index.listing import Listing
from safe_pip.index.relations import Relations
from safe_pip.model import CoreMetadata, DistributionFile, SearchScope

LIB = canonicalize_name("lib")
FILE = DistributionFile(
    "lib-1.0-py3-none-any.whl",
    "https://files.example/lib-1.0-py3-none-any.whl",
    hashes=frozenset({("sha256", "a" * 64)}),
)
METADATA = CoreMetadata("lib", "1.0", ("other>=1; extra == 'x'",), ">=3.8", ("x",), "2.2", ("version",), "range")
PAGE = KeptPage(
    '"tag"',
    "https://index.example/simple/lib/",
    Listing.of([FILE]),
    Relations(frozenset({"https://other.example/simple/lib"}), frozenset()),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the cache is; not there yet."""
    return tmp_path / "cache" / "index"


@pytest.fixture(params=[False, True], ids=["html", "json"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeIndex]:
    """An index that gives ETags, with one project."""
    with FakeIndex(json=request.param, etags=True) as found:
        found.add(wheel(tmp_path, "lib", "1.0"), requires_python=">=3.8", upload_time="2026-01-02T03:04:05Z")
        found.add(wheel(tmp_path, "lib", "2.0"))
        yield found


def project(server: FakeIndex, http: Http, cache: IndexCache) -> Project:
    """What a new run finds of the project."""
    with Index(SearchScope((server.url,)), http, cache=cache) as index:
        return index.project(LIB)


def database(folder: Path) -> Path:
    """The file that the cache is in."""
    (path,) = folder.glob("*.sqlite")
    return path


def statuses(server: FakeIndex) -> list[bool]:
    """Of each time the page was asked for, whether it was asked for only if it has changed."""
    return ["if-none-match" in asked.headers for asked in server.asked if asked.path == server.page("lib")]


# --------------------------------------------------------------------------- pages


def test_a_page_that_has_not_changed_is_not_sent_again(server: FakeIndex, http: Http, folder: Path) -> None:
    """The whole of it comes from the cache: every field of every file, as the first run saw it."""
    with IndexCache(folder) as cache:
        first = project(server, http, cache)
    bodies: list[int] = []
    answer = server.answer

    def watched(asked: Asked) -> Answer:
        found = answer(asked)
        bodies.append(len(found.body))
        return found

    server.answer = watched  # type: ignore[method-assign]
    with IndexCache(folder) as cache:
        second = project(server, http, cache)

    assert list(second.files) == list(first.files)
    assert len(first.files) == 2
    assert bodies == [0]
    assert statuses(server) == [False, True]


def test_a_yank_is_seen_at_once(server: FakeIndex, http: Http, folder: Path, tmp_path: Path) -> None:
    """A cache that answers for a while by itself would hide a quarantine; this one asks each time."""
    with IndexCache(folder) as cache:
        assert [file.yanked for file in project(server, http, cache).files] == [None, None]
    server.projects["lib"][1].yanked = "broken"

    with IndexCache(folder) as cache:
        assert [file.yanked for file in project(server, http, cache).files] == [None, "broken"]
    with IndexCache(folder) as cache:
        assert [file.yanked for file in project(server, http, cache).files] == [None, "broken"]


def test_a_page_without_an_etag_is_not_kept(http: Http, folder: Path, tmp_path: Path) -> None:
    """Nothing could say that it still holds."""
    with FakeIndex() as server:
        server.add(wheel(tmp_path, "lib", "1.0"))
        for _ in range(2):
            with IndexCache(folder) as cache:
                assert len(project(server, http, cache).files) == 1
        assert statuses(server) == [False, False]


def test_a_page_that_is_gone_is_gone(server: FakeIndex, http: Http, folder: Path) -> None:
    """A project that was deleted, or quarantined with a 404, has no files, whatever was kept."""
    with IndexCache(folder) as cache:
        project(server, http, cache)
    server.override(server.page("lib"), Answer(b"", 404))

    with IndexCache(folder) as cache:
        assert project(server, http, cache).files == []


def test_not_modified_counts_for_the_very_page(server: FakeIndex, http: Http, folder: Path, tmp_path: Path) -> None:
    """A page that is redirected elsewhere by now is read from there: it may be another one with the same tag."""
    with IndexCache(folder) as cache:
        project(server, http, cache)
    with FakeIndex(etags=True) as other:
        other.add(wheel(tmp_path / "other", "lib", "9.0"))

        def elsewhere(asked: Asked) -> Answer | None:
            return Answer(b"", 304) if "if-none-match" in asked.headers else None

        other.override(other.page("lib"), elsewhere)
        server.override(server.page("lib"), Answer(b"", 302, {"Location": f"{other.base}{other.page('lib')}"}))
        with IndexCache(folder) as cache:
            assert [file.filename for file in project(server, http, cache).files] == ["lib-9.0-py3-none-any.whl"]


def test_not_modified_without_being_asked_is_no_page(http: Http, folder: Path) -> None:
    """Who has nothing kept cannot be told that it still holds: the page is unreadable, not empty."""
    with FakeIndex() as server, IndexCache(folder) as cache:
        server.override(server.page("lib"), Answer(b"", 304))
        assert [item.code for item in project(server, http, cache).unchecked] == ["unreadable-page"]


@pytest.mark.parametrize("url", ["https://files.example/lib-1.0-py3-none-any.whl?token=secret"])
def test_links_with_tokens_are_not_kept(folder: Path, url: str) -> None:
    """Signed links hold a secret in their query, which has no place on the disk."""
    file = FILE._replace(url=url)
    with IndexCache(folder) as cache:
        cache.keep_page(PAGE.url, PAGE._replace(files=Listing.of([file])))
        cache.keep_metadata(file, METADATA)

    with IndexCache(folder) as cache:
        assert cache.page(PAGE.url) is None
        assert cache.metadata(file) is None
    assert b"secret" not in database(folder).read_bytes()


def test_what_a_page_says_of_others_is_kept(folder: Path) -> None:
    """PEP 708: a page from the cache must not be taken for one that declares nothing."""
    with IndexCache(folder) as cache:
        cache.keep_page(PAGE.url, PAGE)
    with IndexCache(folder) as cache:
        assert cache.page(PAGE.url) == PAGE


# --------------------------------------------------------------------------- metadata


def test_metadata_is_kept(folder: Path) -> None:
    """Every field of it, for the next run and for this one."""
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, METADATA)
        assert cache.metadata(FILE) == METADATA
    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) == METADATA


@pytest.mark.parametrize(
    "other",
    [
        FILE._replace(url="https://evil.example/lib-1.0-py3-none-any.whl"),
        FILE._replace(hashes=frozenset({("sha256", "b" * 64)})),
        FILE._replace(hashes=frozenset({("md5", "a" * 32)})),
        FILE._replace(hashes=frozenset()),
        FILE._replace(url="file:///srv/lib-1.0-py3-none-any.whl"),
    ],
    ids=["another URL", "another digest", "a weak digest", "no digest", "a local file"],
)
def test_metadata_belongs_to_one_file(folder: Path, other: DistributionFile) -> None:
    """No index can speak for another's file, and what has no digest can change at any time."""
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, METADATA)
        cache.keep_metadata(other, CoreMetadata("other", "2.0"))
        cache.forget(other)

    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) == METADATA
        assert cache.metadata(other) is None


def test_metadata_can_be_forgotten(folder: Path) -> None:
    """What turned out not to be what the file holds is not used again."""
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, METADATA)
    with IndexCache(folder) as cache:
        cache.forget(FILE)
        assert cache.metadata(FILE) is None
    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) is None


# --------------------------------------------------------------------------- a file that is not whole


def filled(folder: Path) -> Path:
    """The file of a cache that holds something."""
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, METADATA)
        cache.keep_page(PAGE.url, PAGE)
    return database(folder)


def works(folder: Path) -> bool:
    """Whether the cache keeps things."""
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, METADATA)
    with IndexCache(folder) as cache:
        return cache.metadata(FILE) == METADATA


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"x" * 5000], ids=len)
def test_a_file_that_is_no_database_is_replaced(folder: Path, content: bytes) -> None:
    """Whatever lies there, the run goes on, and the next one has a cache again."""
    path = filled(folder)
    for each in folder.iterdir():
        each.unlink()
    path.write_bytes(content)

    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) is None
    assert works(folder)


def test_a_torn_database_is_as_good_as_none(folder: Path) -> None:
    """Pages of the file that a loss of power left as they were: an error somewhere in the middle."""
    path = filled(folder)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)

    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) is None
        assert cache.page(PAGE.url) is None
        cache.keep_metadata(FILE, METADATA)


@pytest.mark.parametrize("table", ["metadata", "pages"])
@pytest.mark.parametrize("change", ["content = replace(content, '1.0', '6.6')", "content = '{}'", "key = key || 'x'"])
def test_a_row_that_was_changed_is_not_used(folder: Path, table: str, change: str) -> None:
    """Each row carries a digest of what it says and of whom."""
    path = filled(folder)
    with sqlite3.connect(path) as changed:
        changed.execute(f"UPDATE {table} SET {change}")
    changed.close()

    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) == (METADATA if table == "pages" else None)
        assert (cache.page(PAGE.url) is None) == (table == "pages")


@pytest.mark.parametrize(
    "content",
    ["[]", "null", "3", '{"name": 1}', '["tag"]', '["tag", "u", {}]', '["tag", "u", {"kind": "plain"}]', "{"],
)
def test_a_row_that_makes_no_sense_is_not_used(folder: Path, content: str) -> None:
    """A defect of another version of ours must not be a crash of this one."""
    path = filled(folder)
    with sqlite3.connect(path) as changed:
        for table in ("metadata", "pages"):
            for (key,) in changed.execute(f"SELECT key FROM {table}").fetchall():
                digest = cache_file.digest(key, content)
                changed.execute(f"UPDATE {table} SET content = ?, digest = ?", (content, digest))
    changed.close()

    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) is None
        assert cache.page(PAGE.url) is None


def test_a_locked_file_is_not_waited_for_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run that hangs in the middle of writing holds nobody up: what is new is dropped."""
    monkeypatch.setattr(cache_file, "PATIENCE", 0.05)
    other = sqlite3.connect(filled(folder), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with IndexCache(folder) as cache:
            assert cache.metadata(FILE) == METADATA
            cache.keep_metadata(FILE._replace(url="https://files.example/2"), METADATA)
    finally:
        other.execute("ROLLBACK")
        other.close()
    with IndexCache(folder) as cache:
        assert cache.metadata(FILE._replace(url="https://files.example/2")) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A full or read-only disk costs speed, not the install."""
    (tmp_path / "file").write_text("in the way", "utf-8")
    assert not works(tmp_path / "file" / "index")


def test_no_folder_is_no_cache() -> None:
    """As with --no-cache-dir."""
    with IndexCache(None) as cache:
        cache.keep_metadata(FILE, METADATA)
        cache.keep_page(PAGE.url, PAGE)
        assert cache.metadata(FILE) is None
        assert cache.page(PAGE.url) is None


def test_only_this_user_may_enter(folder: Path) -> None:
    """Pages of private indexes are nobody else's business."""
    filled(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


_DIE = """
import os, signal, sys
from pathlib import Path
from safe_pip import cache_file
from safe_pip.index import cache as module
from safe_pip.model import CoreMetadata, DistributionFile
cache_file.shrink = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
cache = module.IndexCache(Path(sys.argv[1]))
for number in range(5000):
    digest = f"{number:064x}"
    file = DistributionFile(f"f{number}", f"https://h.example/{number}", hashes=frozenset({("sha256", digest)}))
    cache.keep_metadata(file, CoreMetadata("lib", "1.0", ("x" * 500,)))
cache.close()
"""


def test_killed_while_it_writes(folder: Path) -> None:
    """SIGKILL in the middle of a large write: what was there before is still there, whole, and can be added to."""
    path = filled(folder)
    ended = subprocess.run([sys.executable, "-c", _DIE, str(folder)], check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL

    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) == METADATA
    assert works(folder)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM metadata").fetchone() == (1,)
    database.close()


# --------------------------------------------------------------------------- bounds


def test_what_was_not_used_for_longest_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays within bounds for ever, and what every run needs stays in it."""
    monkeypatch.setattr(cache_module, "_MOST_BYTES", {"pages": 10_000, "metadata": 10_000, "usable": 10_000})
    monkeypatch.setattr(cache_module, "_RUNS_BETWEEN_MARKS", 0)

    def file(number: int) -> DistributionFile:
        return FILE._replace(url=f"https://files.example/{number}")

    for number in range(20):
        with IndexCache(folder) as cache:
            cache.metadata(file(0))
            cache.keep_metadata(file(number), CoreMetadata("lib", "1.0", ("x" * 2000,)))

    with IndexCache(folder) as cache:
        kept = [number for number in range(20) if cache.metadata(file(number)) is not None]
    assert kept == [0, 17, 18, 19]


def test_what_is_larger_than_all_else_is_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One enormous page must not drive out everything."""
    monkeypatch.setattr(cache_module, "_MOST_BYTES", {"pages": 10_000, "metadata": 10_000, "usable": 10_000})
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, CoreMetadata("lib", "1.0", ("x" * 6000,)))
        assert cache.metadata(FILE) is None


def test_what_waits_to_be_written_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred large pages are not held in memory until the end: they are there for other runs before that."""
    monkeypatch.setattr(cache_module, "_MOST_WAITING", 1_000)
    file = FILE._replace(url="https://files.example/2")
    with IndexCache(folder) as cache:
        cache.keep_metadata(FILE, METADATA)
        cache.keep_metadata(file, CoreMetadata("lib", "1.0", ("x" * 2_000,)))
        with IndexCache(folder) as other:
            assert other.metadata(FILE) == METADATA
            assert other.metadata(file) is not None
        assert cache.metadata(FILE) == METADATA
        cache.forget(FILE)
    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) is None


# --------------------------------------------------------------------------- whole installs


def test_a_second_environment_downloads_nothing(guard: Any, make_venv: Any, index: FakeIndex, tmp_path: Path) -> None:
    """The files of the first install are there, and so is what they say; only the pages are asked for."""
    index.add(wheel(tmp_path / "files", "app", "1.0", requires=["lib"], padding=200_000))
    index.add(wheel(tmp_path / "files", "lib", "1.0", padding=200_000))
    first, second = make_venv("first"), make_venv("second")

    assert guard.install("app", target=first).code == 0
    begun = len(index.asked)
    ran = guard.install("app", target=second)

    assert ran.code == 0, ran.err
    assert {asked.path for asked in index.asked[begun:]} == {index.page("app"), index.page("lib")}
    assert second.files() == first.files()


def test_a_kept_file_that_was_changed_is_fetched_anew(
    guard: Any, make_venv: Any, index: FakeIndex, tmp_path: Path
) -> None:
    """Nobody can plant a file in the cache: it is hashed each time, and one that does not agree is thrown away."""
    path = index.add(wheel(tmp_path / "files", "lib", "1.0", padding=200_000))
    assert guard.install("lib", target=make_venv("first")).code == 0
    (kept,) = (Path(guard.environ["SAFE_PIP_CACHE_DIR"]) / "files").glob(f"*/{sha256(path)}")
    planted = wheel(tmp_path / "planted", "lib", "1.0", files={"lib/evil.py": "evil"}, padding=200_000)
    kept.unlink()
    kept.write_bytes(planted.read_bytes())
    second = make_venv("second")

    ran = guard.install("lib", target=second)

    assert ran.code == 0, ran.err
    assert not (second.site_packages / "lib" / "evil.py").exists()
    assert sha256(kept) == sha256(path)


def test_malware_is_not_kept(guard: Any, venv: Any, index: FakeIndex, tmp_path: Path) -> None:
    """What is refused as malware has no place on the disk once the run is over; a vulnerable file may be waived."""
    index.add(wheel(tmp_path / "files", "evil", "1.0"))
    weak = index.add(wheel(tmp_path / "files", "weak", "1.0"))

    assert guard.install("evil", "weak", target=venv).code == 1
    kept = [path.name for path in (Path(guard.environ["SAFE_PIP_CACHE_DIR"]) / "files").glob("*/*")]
    assert kept == [sha256(weak)]


@pytest.mark.parametrize("options", [("--no-cache-dir",), ()], ids=["no cache", "cache"])
def test_no_cache_dir(guard: Any, venv: Any, index: FakeIndex, tmp_path: Path, options: tuple[str, ...]) -> None:
    """pip's option for no cache is obeyed here as well: nothing is left behind but advisories."""
    index.add(wheel(tmp_path / "files", "lib", "1.0"))
    assert guard.install("lib", *options, target=venv).code == 0
    folder = Path(guard.environ["SAFE_PIP_CACHE_DIR"])
    assert [(folder / name).exists() for name in ("index", "files")] == [not options, not options]


def test_metadata_that_was_false_is_forgotten(guard: Any, venv: Any, tmp_path: Path) -> None:
    """A sidecar that says other than the wheel is refused; once the server is mended, so is the answer."""
    with FakeIndex(sidecars=True) as index:
        path = wheel(tmp_path / "files", "lib", "1.0", requires=["other"])
        index.add(wheel(tmp_path / "files", "other", "1.0"))
        index.add(path, sidecar=own_metadata(wheel(tmp_path / "false", "lib", "1.0")))
        guard.index = index
        assert guard.install("lib", target=venv).code == 1
        index.projects["lib"][0].sidecar = None

        ran = guard.install("lib", target=venv)

    assert ran.code == 0, ran.err
    assert (venv.site_packages / "other").exists()


_MANY = """
import os, sys
import safe_pip.cli.install
from safe_pip.cli import main
codes = []
for begun in range(0, 200, 25):
    children = {}
    for number in range(25):
        child = os.fork()
        if child == 0:
            code = 99
            try:
                sys.stdout = sys.stderr = open(os.devnull, "w")
                code = main(["install", *sys.argv[1:]])
            finally:
                os._exit(code)
        children[child] = number
    codes += [os.waitstatus_to_exitcode(os.wait()[1]) for _ in children]
print(sorted(set(codes)), len(codes))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_parallel_starts_on_a_cold_cache(
    guard: Any, make_venv: Any, advisories: Path, tmp_path: Path
) -> None:
    """A CI server starts many jobs at once on one cache folder: no run fails, and the cache is whole at the end."""
    with FakeIndex(etags=True) as index:
        index.add(wheel(tmp_path / "files", "app", "1.0", requires=["lib>=1", "tool"], padding=100_000))
        index.add(wheel(tmp_path / "files", "lib", "1.0", padding=100_000))
        index.add(wheel(tmp_path / "files", "tool", "1.0"))
        venv = make_venv()
        arguments = ["--dry-run", "--index-url", index.url, "--advisories", str(advisories), "--retries", "9", "app"]
        ran = subprocess.run(
            [sys.executable, "-c", _MANY, *arguments],
            env={**guard.environ, "VIRTUAL_ENV": str(venv.path)},
            capture_output=True,
            text=True,
            timeout=560,
            check=False,
        )

        assert ran.stdout.strip() == "[0] 200", ran.stdout + ran.stderr
        folder = Path(guard.environ["SAFE_PIP_CACHE_DIR"])
        with sqlite3.connect(database(folder / "index")) as kept:
            assert kept.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            for table, expected in (("metadata", 3), ("pages", 3)):
                rows = kept.execute(f"SELECT key, content, digest FROM {table}").fetchall()
                assert len(rows) == expected
                assert all(cache_file.digest(key, content) == digest for key, content, digest in rows)
        kept.close()
        for path in (folder / "files").glob("*/*"):
            assert sha256(path) == path.name
        assert len(list((folder / "files").glob("*/*"))) == 3
        begun = len(index.asked)
        assert guard("install", *arguments, target=venv).code == 0
        assert {asked.path for asked in index.asked[begun:]} == {index.page(name) for name in ("app", "lib", "tool")}
    assert os.listdir(folder / "staging") == []


def test_not_modified_to_every_question(server: FakeIndex, http: Http, folder: Path) -> None:
    """A server that answers 304 to every question is refused like any other that makes no sense."""
    server.override(server.page("lib"), Answer(b"", 304))
    with IndexCache(folder) as cache:
        cache.keep_page(f"{server.base}{server.page('lib')}", PAGE)
    with IndexCache(folder) as cache:
        found = project(server, http, cache)
    assert [item.code for item in found.unchecked] == ["unreadable-page"]


# --------------------------------------------------------------------------- what others could have put there


def test_what_was_learned_unchecked_is_for_such_runs_alone(folder: Path) -> None:
    """With --trusted-host anybody on the way may answer, and with the true ETag too. A run that looks at certificates
    would be told 304 by the true server, and take the false page for what the server says."""
    url = "https://index.example/simple/lib/"
    with IndexCache(folder, ["index.example"]) as cache:
        cache.keep_page(url, PAGE)
        cache.keep_metadata(FILE, METADATA)
    with IndexCache(folder) as cache:
        assert cache.page(url) is None
        assert cache.metadata(FILE) is None
    with IndexCache(folder, ["other.example"]) as cache:
        assert cache.page(url) is None
    with IndexCache(folder, ["INDEX.example"]) as cache:
        assert cache.page(url) is not None
        assert cache.metadata(FILE) == METADATA


def test_a_trusted_host_reaches_the_cache(guard: Any, venv: Any, index: FakeIndex, tmp_path: Path) -> None:
    """The option of a run is what decides: the second run asks for the metadata again, the third does not."""
    path = index.add(wheel(tmp_path / "files", "lib", "1.0", padding=200_000))
    asked = []
    for options in ((), ("--trusted-host", "unrelated.example"), ("--trusted-host", "unrelated.example")):
        begun = len(index.asked)
        assert guard.install("lib", "--dry-run", *options, target=venv).code == 0
        asked.append(any(item.path.endswith(path.name) for item in index.asked[begun:]))
    assert asked == [True, True, False]


def test_metadata_is_that_of_its_sidecar(folder: Path) -> None:
    """Where the page says what the sidecar's digest is, only metadata that had this digest counts."""
    said = [FILE._replace(core_metadata=frozenset({("sha256", digit * 64)})) for digit in "ab"]
    with IndexCache(folder) as cache:
        cache.keep_metadata(said[0], METADATA)
        assert cache.metadata(said[0]) == METADATA
        assert cache.metadata(said[1]) is None
        assert cache.metadata(FILE) is None


@pytest.mark.parametrize(("origin", "digest", "kept"), [("range", True, False), ("sidecar", False, False)])
def test_metadata_from_a_less_safe_place_than_its_page(folder: Path, origin: Any, digest: bool, kept: bool) -> None:
    """A page that came over https may name files at plain http: that is proven by a digest or forgotten."""
    file = FILE._replace(url="http://files.example/lib.whl", listed_on="https://index.example/simple/lib/")
    proof = frozenset({("sha256", "b" * 64)})
    with IndexCache(folder) as cache:
        cache.keep_metadata(file._replace(core_metadata=proof if digest else None), replace(METADATA, origin=origin))
        assert (cache.metadata(file._replace(core_metadata=proof if digest else None)) is not None) is kept
        cache.keep_metadata(file._replace(core_metadata=proof), replace(METADATA, origin="sidecar"))
        assert cache.metadata(file._replace(core_metadata=proof)) is not None


def test_a_token_in_the_address_of_an_index_is_not_kept(folder: Path) -> None:
    """Also where the server leads on to an address without it."""
    with IndexCache(folder) as cache:
        cache.keep_page("https://index.example/simple?token=hush/lib/", PAGE)
    assert b"hush" not in database(folder).read_bytes()


def test_a_folder_that_others_can_write_into_is_no_cache(folder: Path) -> None:
    """Their pages would be taken for the server's as soon as it says 304."""
    filled(folder)
    folder.chmod(0o777)
    with IndexCache(folder) as cache:
        assert cache.metadata(FILE) is None


def test_false_metadata_in_the_cache_installs_nothing_unchecked(
    guard: Any, make_venv: Any, index: FakeIndex, tmp_path: Path
) -> None:
    """Whoever gets at the cache, with digests and all, can spoil an answer, but not have another set installed."""
    index.add(wheel(tmp_path / "files", "app", "1.0", requires=["lib"], padding=200_000))
    index.add(wheel(tmp_path / "files", "lib", "1.0"))
    index.add(wheel(tmp_path / "files", "surprise", "1.0"))
    assert guard.install("app", target=make_venv("first")).code == 0
    kept = Path(guard.environ["SAFE_PIP_CACHE_DIR"]) / "index"
    with sqlite3.connect(database(kept)) as rows:
        for key, content in rows.execute("SELECT key, content FROM metadata").fetchall():
            false = content.replace('"lib"', '"surprise"') if '"lib"' in content and "app" in content else content
            rows.execute(
                "UPDATE metadata SET content = ?, digest = ? WHERE key = ?",
                (false, cache_file.digest(key, false), key),
            )
    rows.close()
    venv = make_venv("second")

    ran = guard.install("app", target=venv)

    assert ran.code == 1, ran.err
    assert "metadata-mismatch" in ran.err
    assert not list(venv.site_packages.glob("surprise*"))
    assert guard.install("app", target=venv).code == 0
    assert list(venv.site_packages.glob("lib*"))
    assert not list(venv.site_packages.glob("surprise*"))


def test_a_page_that_left_https_is_not_kept(folder: Path) -> None:
    """Over plain http anybody could have answered, with the true ETag."""
    with IndexCache(folder) as cache:
        cache.keep_page("https://index.example/simple/lib/", PAGE._replace(url="http://index.example/simple/lib/"))
        assert cache.page("https://index.example/simple/lib/") is None
