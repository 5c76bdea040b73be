"""A file on a server, read through parts of it, must be the file."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import Answer, Asked, ranged, wheel
from index.servers import Site
from safe_pip.errors import FetchError
from safe_pip.index.answers import Part
from safe_pip.index.http import Http
from safe_pip.index.remote_file import TAIL, RemoteFile
from safe_pip.inspect.wheel import wheel_metadata

BODY = bytes((number * 7 + number // 256) % 256 for number in range(200_000))


def remote(site: Site, http: Http, body: bytes, tail: int, spill: Path) -> RemoteFile:
    """The file, of which only the end is at hand."""
    site.override("/f", lambda asked: ranged(body, asked))
    first = http.tail(f"{site.base}/f", tail, lambda: spill, limit=10**7)
    assert isinstance(first, Part)
    return RemoteFile(http, f"{site.base}/f", first)


STEP = st.one_of(
    st.tuples(st.just("read"), st.one_of(st.just(-1), st.none(), st.integers(0, 70_000))),
    st.tuples(st.just("set"), st.integers(-10, 210_000)),
    st.tuples(st.just("move"), st.integers(-50_000, 50_000)),
    st.tuples(st.just("end"), st.integers(-210_000, 10)),
    st.tuples(st.just("tell"), st.none()),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=12), st.sampled_from([1, 1000, 65_536, 199_999]))
def test_it_reads_as_the_plain_file_does(
    site: Site, http: Http, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int | None]], tail: int
) -> None:
    """Whatever a reader of archives does, it gets the bytes and positions of the file itself."""
    folder = tmp_path_factory.mktemp("f")
    (folder / "plain").write_bytes(BODY)
    found = remote(site, http, BODY, tail, folder / "spill")
    with (folder / "plain").open("rb", buffering=0) as plain:
        for what, number in steps:
            outcomes: list[object] = []
            for file in (plain, found):
                try:
                    if what == "read":
                        outcomes.append(file.read(-1 if number is None else number))
                    elif what == "tell":
                        outcomes.append(file.tell())
                    else:
                        whence = {"set": io.SEEK_SET, "move": io.SEEK_CUR, "end": io.SEEK_END}[what]
                        outcomes.append(file.seek(number or 0, whence))
                except OSError as error:
                    outcomes.append(error.errno)
            assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("tail", [22, 1000, 100_000])
def test_zipfile_reads_every_entry(site: Site, http: Http, tmp_path: Path, compression: int, tail: int) -> None:
    """The directory and each entry, wherever they lie, whether the end at hand holds them or not."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", compression) as archive:
        for number in range(40):
            archive.writestr(f"d/{number}", os.urandom(3000) + bytes(5000))
    body = (tmp_path / "a.zip").read_bytes()
    with (
        zipfile.ZipFile(io.BytesIO(body)) as plain,
        zipfile.ZipFile(
            remote(site, http, body, tail, tmp_path / "spill")  # type: ignore[arg-type]
        ) as found,
    ):
        assert found.namelist() == plain.namelist()
        assert {name: found.read(name) for name in found.namelist()} == {
            name: plain.read(name) for name in plain.namelist()
        }


def test_metadata_of_a_large_wheel_costs_few_bytes(site: Site, http: Http, tmp_path: Path) -> None:
    """The point of it all: a wheel of 2 MB is known after one request for 64 kB."""
    body = wheel(tmp_path, "foo", "1.0", requires=["bar>=2"], padding=2_000_000).read_bytes()
    found = remote(site, http, body, TAIL, tmp_path / "spill")
    assert wheel_metadata(found, "foo", "range").requires_dist == ("bar>=2",)  # type: ignore[arg-type]
    assert len(site.asked) == 1


def test_bytes_are_asked_for_once(site: Site, http: Http, tmp_path: Path) -> None:
    """What is at hand is not fetched again, and neighbouring reads share a request."""
    found = remote(site, http, BODY, 1000, tmp_path / "spill")
    for _ in range(3):
        found.seek(0)
        for start in range(0, 30_000, 1000):
            assert found.read(1000) == BODY[start : start + 1000]
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    "second",
    [
        lambda asked: ranged(BODY + b"x", asked),
        lambda asked: Answer(BODY),
        lambda asked: Answer(b"", 404),
        lambda asked: Answer(b"", 416),
        lambda asked: Answer(b"", 206, {"Content-Range": "bytes 0-0/200000"}),
        lambda asked: Answer(BODY[5:10], 206, {"Content-Range": "bytes 5-9/200000"}),
    ],
    ids=["grown", "whole", "gone", "refused", "nothing", "elsewhere"],
)
def test_a_file_that_changes_on_the_way(site: Site, http: Http, tmp_path: Path, second: object) -> None:
    """Parts of two files put together would be a third that nobody has checked."""
    found = remote(site, http, BODY, 1000, tmp_path / "spill")
    site.override("/f", second)  # type: ignore[arg-type]
    found.seek(0)
    with pytest.raises(FetchError):
        found.read(10)


def test_a_server_that_sends_less_than_asked(site: Site, http: Http, tmp_path: Path) -> None:
    """RFC 9110 allows it; the rest is asked for."""

    def short(asked: Asked) -> Answer:
        first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
        end = min(int(last), int(first) + 999) if first else None
        return ranged(BODY, asked._replace(headers={"range": f"bytes={first}-{end}"})) if first else ranged(BODY, asked)

    found = remote(site, http, BODY, 1000, tmp_path / "spill")
    site.override("/f", short)
    assert found.read(5000) == BODY[:5000]


def test_a_directory_of_absurd_size_is_not_fetched(site: Site, http: Http, tmp_path: Path) -> None:
    """An archive may say that its directory has gigabytes: its reader would have them all in memory."""
    from safe_pip.inspect.wheel import UnreadableArchive

    total = 8_000_000_000
    end = b"PK\x05\x06" + bytes(8) + (3_000_000_000).to_bytes(4, "little") + (100).to_bytes(4, "little") + bytes(2)

    def answer(asked: Asked) -> Answer:
        first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
        start, stop = (int(first), int(last) + 1) if first else (total - int(last), total)
        asked_for.append(stop - start)
        content = (bytes(max(0, stop - start - len(end))) + end)[: stop - start] if stop == total else bytes(1000)
        return Answer(content, 206, {"Content-Range": f"bytes {start}-{start + len(content) - 1}/{total}"})

    asked_for: list[int] = []
    site.override("/f", answer)
    first = http.tail(f"{site.base}/f", TAIL, lambda: tmp_path / "spill", limit=10**7)
    assert isinstance(first, Part)
    with pytest.raises((UnreadableArchive, FetchError)):
        wheel_metadata(RemoteFile(http, f"{site.base}/f", first), "foo", "range")  # type: ignore[arg-type]
    assert max(asked_for) < 50_000_000
    assert len(asked_for) < 100
