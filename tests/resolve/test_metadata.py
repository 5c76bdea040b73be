"""The metadata of a candidate: from the smallest part that can be believed, and never from running anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from fakes import Answer, Asked, FakeIndex, metadata_text, ranged, sdist, sha256, wheel
from safe_pip import urls
from safe_pip.index.remote_file import TAIL
from safe_pip.index.store import FileStore
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.inspect.wheel import LARGEST_METADATA
from safe_pip.model import CoreMetadata, DistributionFile, Hashes, Mismatch
from safe_pip.resolve.metadata import MetadataReader, Read, Unreadable

LARGE = 300_000
"""Bytes of padding with which a wheel is much larger than its tail."""


def offered(index: FakeIndex, path: Path, core_metadata: Hashes | None = None) -> DistributionFile:
    """A file on the index, served as it is."""
    index.add(path)
    return DistributionFile(path.name, index.file_url(path), core_metadata=core_metadata)


def refusal(reader: MetadataReader, file: DistributionFile) -> Unreadable:
    """Why a file's metadata cannot be had."""
    with pytest.raises(Unreadable) as raised:
        reader.read(file)
    return raised.value


def asked_of(index: FakeIndex, path: Path) -> list[str]:
    """The ranges asked for of a file, in order; empty texts for the whole of it."""
    return [asked.headers.get("range", "") for asked in index.asked if asked.path == index.file(path)]


def digest(data: bytes, algorithm: str = "sha256") -> tuple[str, str]:
    """A digest as a page gives it."""
    return algorithm, hashlib.new(algorithm, data).hexdigest()


# --------------------------------------------------------------------------- sidecars


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A wheel of which a part tells all, and that requires ``bar``."""
    return wheel(tmp_path, "foo", "1.0", requires=["bar"], padding=LARGE)


@pytest.mark.parametrize("algorithms", [[], ["sha256"], ["md5", "sha512"]])
def test_a_sidecar_is_all_that_is_fetched(
    algorithms: list[str], reader: MetadataReader, index: FakeIndex, large: Path
) -> None:
    """PEP 658: one small file tells what the wheel requires, with or without a digest of it."""
    text = metadata_text("foo", "1.0", ["from-sidecar"])
    file = offered(index, large, frozenset(digest(text, algorithm) for algorithm in algorithms))
    index.override(f"{index.file(large)}.metadata", Answer(text))

    read = reader.read(file)

    assert read == Read(CoreMetadata("foo", "1.0", ("from-sidecar",), metadata_version="2.1", origin="sidecar"))
    assert index.paths() == [f"{index.file(large)}.metadata"]


@pytest.mark.parametrize("wrong", ["md5", "sha256", "sha512"])
def test_a_sidecar_with_another_hash(wrong: str, reader: MetadataReader, index: FakeIndex, large: Path) -> None:
    """Each digest that the page gives must be right; a sidecar that has another is not read, and it is told."""
    text = metadata_text("foo", "1.0", ["evil"])
    stated = dict(digest(text, algorithm) for algorithm in ("md5", "sha256", "sha512"))
    true = stated[wrong]
    stated[wrong] = "0" * len(true)
    file = offered(index, large, frozenset(stated.items()))
    index.override(f"{index.file(large)}.metadata", Answer(text))

    read = reader.read(file)

    assert read.metadata.requires_dist == ("bar",)
    assert read.mismatch == Mismatch(
        "hash-mismatch", canonicalize_name("foo"), "1.0", f"{large.name}.metadata", wrong, "0" * len(true), true
    )
    assert read.build is None


HTML = Answer(b"<!DOCTYPE html><html><body>Sign in</body></html>", 200, {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", 404),
        Answer(b"", 403),
        Answer(b"", 503),
        Answer(b"", 302, {"Location": "ftp://elsewhere/"}),
        HTML,
        Answer(b""),
        Answer(b"Name: foo\nVersion: \xff\n"),
        Answer(b"Version: 1.0\n"),
        Answer(metadata_text("foo", "1.0", ["evil"]) + b"x" * LARGEST_METADATA),
        Answer(b"Name: foo\nVersion: 1.0\nRequires-Dist: evil\n", claim=1000),
    ],
    ids=["missing", "forbidden", "down", "away", "html", "empty", "not-utf-8", "no-name", "huge", "broken-off"],
)
def test_a_sidecar_that_cannot_be_had(answer: Answer, reader: MetadataReader, index: FakeIndex, large: Path) -> None:
    """The wheel itself has the same to say; a sidecar that fails is no reason to give up, and proves no lie."""
    file = offered(index, large, frozenset())
    index.override(f"{index.file(large)}.metadata", answer)

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin, read.mismatch) == (("bar",), "range", None)


def test_html_in_place_of_a_sidecar_with_a_hash(reader: MetadataReader, index: FakeIndex, large: Path) -> None:
    """What has not the digest is told whatever it is: somebody answers for the index."""
    file = offered(index, large, frozenset({("sha256", "0" * 64)}))
    index.override(f"{index.file(large)}.metadata", HTML)

    read = reader.read(file)

    assert read.mismatch is not None
    assert read.mismatch.actual == hashlib.sha256(HTML.body).hexdigest()
    assert read.metadata.requires_dist == ("bar",)


# --------------------------------------------------------------------------- parts of wheels


def test_a_large_wheel_is_read_by_its_end(
    reader: MetadataReader, store: FileStore, index: FakeIndex, large: Path
) -> None:
    """One request for the tail; the whole is left for later."""
    file = offered(index, large)

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("bar",), "range")
    assert asked_of(index, large) == [f"bytes=-{TAIL}"]
    assert store.has(file) is None


def test_a_wheel_that_is_whole_in_its_tail(
    reader: MetadataReader, store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """Of a small wheel the tail is all of it: it is stored, hashed, and never asked for again."""
    path = wheel(tmp_path, "foo", "1.0", requires=["bar"])
    file = offered(index, path)
    assert path.stat().st_size < TAIL

    read = reader.read(file)
    stored = store.fetch(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("bar",), "wheel")
    assert asked_of(index, path) == [f"bytes=-{TAIL}"]
    assert stored.path.read_bytes() == path.read_bytes()
    assert stored.received.digests["sha256"] == sha256(path)


def test_a_server_without_ranges_is_asked_for_them_once(
    reader: MetadataReader, store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """It sends everything: that is kept, and of its next file no part is asked for."""
    index.ranges = False
    paths = [wheel(tmp_path, name, "1.0", requires=["bar"], padding=LARGE) for name in ("foo", "qux")]
    files = [offered(index, path) for path in paths]

    for file, path in zip(files, paths, strict=True):
        assert reader.read(file).metadata.origin == "wheel"
        stored = store.fetch(file)
        assert stored.received.digests["sha256"] == sha256(path)
        assert stored.path.read_bytes() == path.read_bytes()

    assert asked_of(index, paths[0]) == [f"bytes=-{TAIL}"]
    assert asked_of(index, paths[1]) == [""]


def test_another_host_is_asked_for_ranges_all_the_same(
    reader: MetadataReader, index: FakeIndex, tmp_path: Path
) -> None:
    """What one host cannot do says nothing of the next."""
    index.ranges = False
    reader.read(offered(index, wheel(tmp_path, "qux", "1.0", padding=LARGE)))

    with FakeIndex() as other:
        path = wheel(tmp_path, "foo", "1.0", padding=LARGE)
        assert reader.read(offered(other, path)).metadata.origin == "range"
        assert asked_of(other, path) == [f"bytes=-{TAIL}"]


@pytest.mark.parametrize("status", [400, 405, 416, 500, 501, 503])
def test_a_server_that_refuses_ranges(status: int, reader: MetadataReader, index: FakeIndex, large: Path) -> None:
    """Whatever it says to a request for a part: the whole may still be had."""
    file = offered(index, large)
    index.override(index.file(large), lambda asked: Answer(b"", status) if "range" in asked.headers else None)

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("bar",), "wheel")
    assert asked_of(index, large) == [f"bytes=-{TAIL}", ""]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_wheel_that_is_not_there(status: int, reader: MetadataReader, index: FakeIndex, large: Path) -> None:
    """Asking for the whole would get the same answer; the sentence names the file and what the server said."""
    file = offered(index, large)
    index.override(index.file(large), Answer(b"", status))

    error = refusal(reader, file)

    assert error.reason.startswith(f"{large.name} cannot be fetched: the server answered {status} ")
    assert ("user and password" in error.help) == (status == 401)
    assert len(asked_of(index, large)) == 1


def _other_total(asked: Asked, body: bytes) -> Answer:
    answer = ranged(body, asked)
    end = answer.headers["Content-Range"].partition("/")[0]
    return answer._replace(headers={"Content-Range": f"{end}/{len(body) + 7}"})


@pytest.mark.parametrize(
    "part",
    [
        lambda asked, body: _other_total(asked, body),
        lambda asked, body: Answer(body[:100], 206, {"Content-Range": f"bytes 0-99/{len(body)}"}),
        lambda asked, body: Answer(body[-100:], 206),
        lambda asked, body: Answer(b"", 206, {"Content-Range": f"bytes 0-/{len(body)}"}),
        lambda asked, body: ranged(bytes(len(body)), asked),
        lambda asked, body: ranged(body[:-22] + bytes(22), asked),
    ],
    ids=["other-size", "other-part", "no-range", "nonsense", "zeros", "no-directory"],
)
def test_parts_that_make_no_sense(
    part: Callable[[Asked, bytes], Answer], reader: MetadataReader, index: FakeIndex, large: Path
) -> None:
    """A cache that mangles parts is no verdict on the wheel: the whole of it decides."""
    body = large.read_bytes()
    file = offered(index, large)
    index.override(index.file(large), lambda asked: part(asked, body) if "range" in asked.headers else None)

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("bar",), "wheel")


def test_a_wheel_that_changes_between_its_parts(reader: MetadataReader, index: FakeIndex, tmp_path: Path) -> None:
    """Metadata that lies before the tail is asked for; if the file is another by then, only the whole counts."""
    data = {f"foo-1.0.dist-info/{number}": bytes(range(256)) * 1000 for number in range(3)}
    path = wheel(tmp_path, "foo", "1.0", requires=["bar"], padding=LARGE, files=data)
    directory = {f"foo/{'n' * 200}{number}": b"" for number in range(400)}
    path = wheel(tmp_path, "foo", "1.0", requires=["bar"], files={**data, **directory}, padding=LARGE)
    later = wheel(tmp_path / "later", "foo", "1.0", requires=["later"])
    file = offered(index, path)
    seen: list[str] = []

    def answer(asked: Asked) -> Answer:
        seen.append(asked.headers.get("range", ""))
        return ranged(path.read_bytes() if len(seen) == 1 else later.read_bytes(), asked)

    index.override(index.file(path), answer)

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("later",), "wheel")
    assert len(seen) == 3
    assert seen[-1] == ""


def test_a_file_that_is_in_the_store_is_not_asked_for(
    reader: MetadataReader, store: FileStore, index: FakeIndex, large: Path
) -> None:
    """What was fetched for another reason is read where it lies."""
    file = offered(index, large)
    store.fetch(file)
    index.stop()

    assert reader.read(file).metadata.origin == "wheel"


# --------------------------------------------------------------------------- wheels that are none


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>404</html>", "it is not a zip archive that can be read: "),
        (b"", "it is not a zip archive that can be read: "),
        (b"PK\x05\x06" + bytes(18), "it has 0 .dist-info folders"),
    ],
    ids=["html", "empty", "empty-zip"],
)
@pytest.mark.parametrize("ranges", [True, False])
def test_a_wheel_that_cannot_be_inspected(
    body: bytes, why: str, ranges: bool, reader: MetadataReader, index: FakeIndex, tmp_path: Path
) -> None:
    """Fetched whole, and still no wheel: that is told, not taken for a wheel without dependencies."""
    index.ranges = ranges
    path = tmp_path / "foo-1.0-py3-none-any.whl"
    path.write_bytes(body)
    index.add(path, sidecar=b"")

    error = refusal(reader, DistributionFile(path.name, index.file_url(path)))

    assert error.reason.startswith(f"foo-1.0-py3-none-any.whl cannot be inspected: {why}")


def test_a_wheel_of_another_project(reader: MetadataReader, index: FakeIndex, tmp_path: Path) -> None:
    """The metadata folder must be that of the name under which the wheel is offered."""
    path = wheel(tmp_path, "evil", "1.0").rename(tmp_path / "foo-1.0-py3-none-any.whl")

    assert "evil-1.0.dist-info is not that of foo" in refusal(reader, offered(index, path)).reason


@pytest.mark.parametrize("padding", [0, LARGE])
def test_metadata_that_cannot_be_used(padding: int, reader: MetadataReader, index: FakeIndex, tmp_path: Path) -> None:
    """Told as such, each time it is asked for: the resolver passes over some of it as pip does."""
    path = wheel(tmp_path, "foo", "1.0", metadata=b"Name: foo\n", padding=padding)
    file = offered(index, path)

    for _ in range(2):
        with pytest.raises(InvalidMetadata, match="METADATA has no Version"):
            reader.read(file)


@pytest.mark.parametrize(
    "url",
    [
        "mailto:foo-1.0-py3-none-any.whl",
        "https:/foo-1.0-py3-none-any.whl",
        "https:foo-1.0-py3-none-any.whl",
        "ftp://127.0.0.1/foo-1.0-py3-none-any.whl",
        "http://127.0.0.1:99999/foo-1.0-py3-none-any.whl",
        "http://[/foo-1.0-py3-none-any.whl",
        "file://elsewhere/foo-1.0-py3-none-any.whl",
        "file:///nowhere/foo-1.0-py3-none-any.whl",
        "file:///%00/foo-1.0-py3-none-any.whl",
        "gopher:foo-1.0-py3-none-any.whl",
    ],
)
def test_a_url_that_leads_nowhere(url: str, reader: MetadataReader) -> None:
    """A page may list anything; what cannot be asked for is a sentence, not a crash."""
    assert "foo-1.0-py3-none-any.whl" in refusal(reader, DistributionFile("foo-1.0-py3-none-any.whl", url)).reason


def test_credentials_are_not_told(reader: MetadataReader) -> None:
    """What goes wrong is written into reports."""
    error = refusal(reader, DistributionFile("foo-1.0-py3-none-any.whl", "file://me:secret@elsewhere/foo.whl"))

    assert "secret" not in error.reason


@pytest.mark.parametrize("name", ["a\nb-1.0-py3-none-any.whl", "a\x1b[2J.tar.gz", "..", ".", "a/b.whl"])
def test_a_name_that_no_file_may_have(name: str, reader: MetadataReader, index: FakeIndex) -> None:
    """It is not written to the disk, and nothing is asked of the server."""
    assert "cannot be the name of a file" in refusal(reader, DistributionFile(name, f"{index.base}/x")).reason
    assert index.asked == []


# --------------------------------------------------------------------------- local wheels


def test_a_wheel_on_this_machine(reader: MetadataReader, store: FileStore, large: Path) -> None:
    """Read from its copy in the store; a sidecar beside it is not believed."""
    sidecar = large.with_name(f"{large.name}.metadata")
    sidecar.write_bytes(metadata_text("foo", "1.0", ["evil"]))
    file = DistributionFile(large.name, urls.path_to_url(large), core_metadata=frozenset())

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("bar",), "wheel")
    stored = store.has(file)
    assert stored is not None
    assert stored.path != large


# --------------------------------------------------------------------------- what would have to be built


def test_a_source_archive_with_static_metadata(
    reader: MetadataReader, store: FileStore, index: FakeIndex, tmp_path: Path
) -> None:
    """It is known what it requires, and told that it has to be built."""
    text = metadata_text("foo", "1.0", ["bar"], metadata_version="2.2")
    file = offered(index, sdist(tmp_path, "foo", "1.0", pkg_info=text))

    read = reader.read(file)

    assert (read.metadata.requires_dist, read.metadata.origin) == (("bar",), "sdist")
    assert read.build == "it is a source archive"
    assert store.has(file) is not None


def test_a_source_archive_that_only_its_build_can_tell(
    reader: MetadataReader, index: FakeIndex, tmp_path: Path
) -> None:
    """Nothing is run to find out; name and version are those of PKG-INFO, and the dependencies there are not used."""
    mark = tmp_path / "mark"
    file = offered(index, sdist(tmp_path, "foo", "1.0", requires=["bar"], mark=mark))

    read = reader.read(file)

    assert read.metadata == CoreMetadata("foo", "1.0", origin="none")
    assert read.build is not None
    assert read.build.startswith("it is a source archive, and its PKG-INFO is of metadata version 2.1")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("foo-1.0.tar.gz", "foo", "1.0"),
        ("foo-bar-1.0.tar.gz", "foo-bar", "1.0"),
        ("foo-1.0.zip", "foo", "1.0"),
        ("foo.tar.gz", "foo", ""),
        ("-1.0.tar.gz", "-1.0", ""),
    ],
)
def test_a_source_archive_that_says_nothing(
    filename: str, name: str, version: str, reader: MetadataReader, index: FakeIndex, tmp_path: Path
) -> None:
    """Then its file name is all there is."""
    path = sdist(tmp_path, "x", "0", pkg_info=False).rename(tmp_path / filename)
    index.add(path, project="foo")

    read = reader.read(DistributionFile(filename, index.file_url(path)))

    assert (read.metadata.name, read.metadata.version, read.metadata.origin) == (name, version, "none")


@pytest.mark.parametrize("body", [b"", b"<html>404</html>"])
def test_a_source_archive_that_is_none(body: bytes, reader: MetadataReader, index: FakeIndex, tmp_path: Path) -> None:
    """Not the same as one whose dependencies are unknown."""
    path = tmp_path / "foo-1.0.tar.gz"
    path.write_bytes(body)

    assert refusal(reader, offered(index, path)).reason.startswith("foo-1.0.tar.gz cannot be inspected: ")


def test_a_source_archive_that_is_not_there(reader: MetadataReader, index: FakeIndex) -> None:
    """Told with what the server said."""
    error = refusal(reader, DistributionFile("foo-1.0.tar.gz", f"{index.base}/files/foo-1.0.tar.gz"))

    assert error.reason == "foo-1.0.tar.gz cannot be fetched: the server answered 404 Not Found"


@pytest.mark.parametrize(
    ("table", "name", "requires", "origin", "why"),
    [
        ('name = "foo"\nversion = "1.0"\ndependencies = ["bar"]', "foo", ("bar",), "pyproject", None),
        ('name = "foo"\ndynamic = ["version"]', "foo", (), "none", "its pyproject.toml does not state"),
        (None, "project", (), "none", "it has no pyproject.toml"),
    ],
)
def test_a_project_folder(
    table: str | None,
    name: str,
    requires: tuple[str, ...],
    origin: str,
    why: str | None,
    reader: MetadataReader,
    tmp_path: Path,
) -> None:
    """Known as far as its table goes, else by the folder's name; it has to be built in any case."""
    folder = tmp_path / "project"
    folder.mkdir()
    if table is not None:
        (folder / "pyproject.toml").write_text(f"[project]\n{table}\n")

    read = reader.read(DistributionFile("project", urls.path_to_url(folder)))

    assert (read.metadata.name, read.metadata.requires_dist, read.metadata.origin) == (name, requires, origin)
    assert read.build is not None
    assert read.build.startswith(f"it is the project folder {folder}")
    assert (why in read.build) if why else read.build.endswith("project")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git+https://me:secret@127.0.0.1:9/x/foo.git@main", "foo"),
        ("git+ssh://git@127.0.0.1/x/foo", "foo"),
        ("hg+http://127.0.0.1:9/", "checkout"),
    ],
)
def test_a_checkout(url: str, name: str, reader: MetadataReader) -> None:
    """Version control is never run; what is known is the name in the URL, and a password in it is not told."""
    read = reader.read(DistributionFile(urls.file_name(url), url))

    assert (read.metadata.name, read.metadata.version, read.metadata.origin) == (name, "", "none")
    assert read.build is not None
    assert read.build.startswith("it is a version-control checkout of ")
    assert "secret" not in read.build


# --------------------------------------------------------------------------- once


def test_each_file_is_read_once(reader: MetadataReader, index: FakeIndex, large: Path) -> None:
    """However many ask, and however often: back-tracking asks again and again."""
    file = offered(index, large)
    reader.begin(file)

    with ThreadPoolExecutor(8) as pool:
        reads = list(pool.map(reader.read, [file] * 50))

    assert len({id(read) for read in reads}) == 1
    assert len(asked_of(index, large)) == 1


def test_what_goes_wrong_ahead_of_time_is_told_to_who_asks(
    reader: MetadataReader, index: FakeIndex, tmp_path: Path
) -> None:
    """Reading ahead is a guess: an error of it concerns nobody unless the file is wanted, and then everybody."""
    file = DistributionFile("foo-1.0-py3-none-any.whl", f"{index.base}/files/foo-1.0-py3-none-any.whl")

    reader.begin(file)

    assert refusal(reader, file) is refusal(reader, file)
    assert len(index.asked) == 1
