"""Wheels by packagers and by attackers: one METADATA that every reader sees alike, or none at all."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archives import claiming, in_directory, peak_of, zipped
from fakes import metadata_text, wheel
from safe_pip.inspect import wheel as module
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.inspect.wheel import LARGEST_METADATA, UnreadableArchive, check_installable, wheel_metadata
from safe_pip.model import CoreMetadata

OWN = "foo-1.0.dist-info/METADATA"
TEXT = metadata_text("foo", "1.0", ["bar"])
EVIL = metadata_text("foo", "1.0", ["evil"])


def read(data: bytes, name: str = "foo") -> CoreMetadata:
    """The metadata of a wheel whose bytes these are."""
    return wheel_metadata(io.BytesIO(data), name, "wheel")


def refusal(data: bytes, name: str = "foo") -> str:
    """Why a wheel cannot be read."""
    with pytest.raises(UnreadableArchive) as raised:
        read(data, name)
    return str(raised.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reads_metadata(compression: int) -> None:
    """The fields of METADATA, in both ways in which wheels are packed, with where they came from."""
    data = zipped([("foo/__init__.py", b""), (OWN, TEXT)], compression)

    for origin in ("wheel", "range"):
        found = wheel_metadata(io.BytesIO(data), "foo", origin)  # type: ignore[arg-type]
        assert (found.name, found.version, found.requires_dist) == ("foo", "1.0", ("bar",))
        assert found.origin == origin


@pytest.mark.parametrize(
    ("project", "folder"),
    [
        ("foo", "foo-1.0"),
        ("Foo", "FOO-1.0"),
        ("foo-bar", "foo_bar-1.0"),
        ("foo.bar", "Foo_Bar-1.0"),
        ("foo-bar", "foo-bar-1.0"),
        ("foo-bar", "foo.bar-1.0"),
        ("foo", "foo-1.0.post1+local.2"),
        ("foo", "foo-1.0_1"),
        ("foo", "foo-1.0-1"),
        ("foo", "foo-2004d"),
        ("foo", "foo-9.9"),
        ("x2", "x2-2"),
    ],
)
def test_the_metadata_folder_in_the_spellings_of_old_tools(project: str, folder: str) -> None:
    """Tools have escaped names in several ways; pip installs all of them."""
    assert read(zipped([(f"{folder}.dist-info/METADATA", TEXT)]), project).name == "foo"


@pytest.mark.parametrize(
    ("project", "folder"),
    [
        ("foo", "evil-1.0"),
        ("foo", "foobar-1.0"),
        ("foo", "foo-bar-1.0"),
        ("foo-bar", "foo-1.0"),
        ("foo", "foo"),
        ("foo", ""),
        ("foo", "-1.0"),
        ("foo", "1.0-foo"),
        ("foo", "\x1b[2Jfoo-1.0"),
    ],
)
def test_the_metadata_folder_of_another_project(project: str, folder: str) -> None:
    """A wheel named foo that installs the metadata of another would leave foo's findings to nobody."""
    said = refusal(zipped([(f"{folder}.dist-info/METADATA", TEXT)]), project)

    assert said == f"its metadata folder {folder}.dist-info is not that of {project}"


@pytest.mark.parametrize(
    ("others", "count"),
    [
        (["evil-1.0.dist-info/METADATA"], 2),
        (["foo-2.0.dist-info/METADATA"], 2),
        (["Foo-1.0.dist-info/METADATA"], 2),
        (["foo-1.1.dist-info/"], 2),
        (["./evil-1.0.dist-info/METADATA"], 2),
        (["foo/../evil-1.0.dist-info/METADATA", "third-1.dist-info/RECORD"], 3),
    ],
)
def test_two_metadata_folders(others: list[str], count: int) -> None:
    """Readers would differ in which one they take; the specification allows one."""
    said = refusal(zipped([(OWN, TEXT), *((name, EVIL) for name in others)]))

    assert said == f"it has {count} .dist-info folders, where there must be one"


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["foo/METADATA"],
        [f"foo/{OWN}"],
        ["foo-1.0.DIST-INFO/METADATA"],
        ["foo-1.0.egg-info/METADATA"],
        ["foo-1.0.dist-info.d/METADATA"],
    ],
)
def test_no_metadata_folder_at_the_top(names: list[str]) -> None:
    """A folder deeper down, or spelled otherwise, is not the wheel's own."""
    assert refusal(zipped([(name, TEXT) for name in names])).startswith("it has 0 .dist-info folders")


@pytest.mark.parametrize("name", ["WHEEL", "metadata", "METADATA.txt", "x/METADATA", "PKG-INFO"])
def test_no_metadata(name: str) -> None:
    """Only METADATA at its place will do."""
    assert refusal(zipped([(f"foo-1.0.dist-info/{name}", TEXT)])) == "foo-1.0.dist-info holds 0 files named METADATA"


@pytest.mark.parametrize(
    "second",
    [
        OWN,
        f"./{OWN}",
        "foo-1.0.dist-info//METADATA",
        "foo-1.0.dist-info/./METADATA",
        "foo-1.0.dist-info/x/../METADATA",
        f"foo/../{OWN}",
        f"{OWN}/",
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_metadata_listed_twice(second: str, order: int) -> None:
    """One reader takes the first and another the last; and unpacking puts either over the other, however spelled."""
    data = zipped([(OWN, TEXT), (second, EVIL)][::order])

    assert refusal(data) == "foo-1.0.dist-info holds 2 files named METADATA"


def test_a_name_is_cut_at_its_nul() -> None:
    """Readers that end a name at a zero byte see METADATA twice, and so must we."""
    data = zipped([(OWN, TEXT), (f"{OWN}@x", EVIL)]).replace(b"METADATA@x", b"METADATA\0x")

    assert refusal(data) == "foo-1.0.dist-info holds 2 files named METADATA"


def test_metadata_in_a_spelling_of_its_own() -> None:
    """A path that only some readers take for METADATA is taken for it by nobody here."""
    assert refusal(zipped([(f"./{OWN}", TEXT)])) == f"its METADATA is listed as './{OWN}'"


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil", "//evil", "foo/../../evil", "..", "foo-1.0.dist-info/../../evil", "../"]
)
def test_a_name_that_leads_out(name: str) -> None:
    """pip refuses it only while unpacking, when other packages are installed already; it is refused before."""
    assert refusal(zipped([(OWN, TEXT), (name, b"")])) == f"it holds {name!r}, which leads out of its folder"


@pytest.mark.parametrize("name", ["foo/..evil.py", ".../x", "foo/a..b", "foo/./x.py", "foo//x.py", "foo/y/../x.py"])
def test_an_odd_name_that_stays_inside(name: str) -> None:
    """Dots in a name are no way out; pip installs such wheels."""
    assert read(zipped([(OWN, TEXT), (name, b"")])).name == "foo"


# --------------------------------------------------------------------------- broken and bloated


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\x05\x06", b"<html>404</html>", b"\x1f\x8b\x08" + bytes(100), bytes(100_000)],
    ids=["empty", "two-bytes", "cut", "html", "gzip", "zeros"],
)
def test_what_is_no_zip(data: bytes) -> None:
    """A page in place of the file, or half a file."""
    assert refusal(data).startswith("it is not a zip archive that can be read: ")


PLAIN = zipped([(OWN, TEXT)])


@pytest.mark.parametrize(
    "broken",
    [
        PLAIN.replace(OWN.encode(), b"evil.0.dist-info/METADATA", 1),
        in_directory(PLAIN, OWN, 16, b"\x01\x02\x03\x04"),
        in_directory(PLAIN, OWN, 42, b"\xff\xff\x00\x00"),
        claiming(PLAIN, OWN, len(TEXT) - 20),
        in_directory(PLAIN[:6] + b"\x01\x00" + PLAIN[8:], OWN, 8, b"\x01\x00"),
        PLAIN[:60] + b"\xff" * 20 + PLAIN[80:],
        PLAIN[:-30],
        PLAIN[100:],
    ],
    ids=["name", "checksum", "position", "size", "encrypted", "packing", "no-end", "no-beginning"],
)
def test_an_entry_that_is_not_what_the_directory_says(broken: bytes) -> None:
    """Two readings of one archive are possible, so none is taken."""
    assert refusal(broken).startswith("it is not a zip archive that can be read: ")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_metadata_packed_as_no_wheel_is(compression: int) -> None:
    """These are unpacked at one go, whatever size is stated: 400 bytes of bzip2 can fill the memory."""
    bomb = claiming(zipped([(OWN, bytes(50_000_000))], compression), OWN, 1000)

    said, peak = peak_of(lambda: refusal(bomb))

    assert said == "its METADATA is packed in a way that wheels are not"
    assert peak < 5_000_000


@pytest.mark.parametrize("stated", [None, 1000, LARGEST_METADATA, 2**32 - 2])
def test_metadata_that_unpacks_to_a_hundred_megabytes(stated: int | None) -> None:
    """Whatever size the directory states, no more than the limit is ever unpacked."""
    data = zipped([(OWN, TEXT + bytes(100_000_000))])
    if stated is not None:
        data = claiming(data, OWN, stated)
    assert len(data) < 200_000

    said, peak = peak_of(lambda: refusal(data))

    assert peak < 4 * LARGEST_METADATA
    if stated is None or stated > LARGEST_METADATA:
        assert said == "its METADATA is larger than 10,000,000 bytes"


def test_the_largest_metadata_is_read() -> None:
    """The limit itself is within the limit, and other entries may be as large as they like."""
    text = TEXT + b"x" * (LARGEST_METADATA - len(TEXT))

    assert read(zipped([(OWN, text), ("foo/data.bin", bytes(LARGEST_METADATA * 2))])).name == "foo"
    assert "larger" in refusal(zipped([(OWN, text + b"x")]))


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of millions of names would be held in memory."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)
    entries = [(OWN, TEXT), *((f"foo/{number}", b"") for number in range(9))]

    assert read(zipped(entries)).name == "foo"
    assert refusal(zipped([*entries, ("one/more", b"")])) == "it lists more than 10 files"


def test_a_directory_of_absurd_size(tmp_path: Path) -> None:
    """The directory is read at once: its stated size is not believed beyond a bound."""
    size = 100_000_000
    end = b"PK\x05\x06" + bytes(4) + b"\x01\0\x01\0" + (size - 22).to_bytes(4, "little") + bytes(6)
    path = tmp_path / "foo-1.0-py3-none-any.whl"
    with path.open("wb") as file:
        os.truncate(file.fileno(), size - len(end))
        file.seek(0, os.SEEK_END)
        file.write(end)

    def work() -> str:
        with path.open("rb") as archive, pytest.raises(UnreadableArchive) as raised:
            wheel_metadata(archive, "foo", "wheel")
        return str(raised.value)

    said, peak = peak_of(work)

    assert said == "its directory is larger than 40,000,000 bytes"
    assert peak < 90_000_000


def test_metadata_that_cannot_be_used() -> None:
    """A sound archive around unsound metadata is another matter, and told as such."""
    with pytest.raises(InvalidMetadata, match="METADATA has no Name"):
        read(zipped([(OWN, b"Version: 1.0\n")]))


# --------------------------------------------------------------------------- what would be installed


WHEEL = ("foo-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")


def objection(*entries: tuple[str, bytes], version: str = "1.0") -> str:
    """What stands against installing a wheel with these entries beside METADATA, empty if nothing does."""
    try:
        check_installable(io.BytesIO(zipped([(OWN, TEXT), *entries])), "foo", version)
    except UnreadableArchive as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "name",
    [
        "foo/__init__.py",
        "foo.py",
        "foo/_vendor/bar-1.0.dist-info/METADATA",
        "foo/site-packages/bar.py",
        "foo-1.0.dist-info/licenses/bar.dist-info/x",
        "foo-1.0.data/purelib/foo/_vendor/bar-1.0.dist-info/METADATA",
        "foo-1.0.data/data/share/foo/bar.egg-info/PKG-INFO",
        "foo-1.0.data/scripts/foo",
        "foo-1.0.data/x",
    ],
)
def test_what_is_no_metadata_of_an_installed_package(name: str) -> None:
    """Many a package carries copies of others deep within itself; pip and importlib do not see them."""
    assert objection(WHEEL, (name, b"")) == ""


@pytest.mark.parametrize(
    "name",
    [
        "bar.egg-info",
        "bar-1.0.egg-info/PKG-INFO",
        "BAR.EGG-INFO/PKG-INFO",
        "foo-1.0.data/purelib/bar-1.0.dist-info/METADATA",
        "foo-1.0.data/platlib/foo-1.0.dist-info/METADATA",
        "any.data/purelib/Bar-1.0.Dist-Info/METADATA",
        "foo-1.0.data/data/lib/python3.12/site-packages/bar-1.0.dist-info/METADATA",
        "foo-1.0.data/data/lib/python3/dist-packages/bar.egg-info",
        "foo-1.0.data/data/Lib/site-packages/bar-1.0.dist-info/METADATA",
        "foo-1.0.data/purelib/../purelib/bar-1.0.dist-info/METADATA",
    ],
)
def test_metadata_of_another_package_is_brought_along(name: str) -> None:
    """It would be installed as if it had been resolved, and nobody has looked it up; by whichever way it gets there."""
    assert objection(WHEEL, (name, b"")).startswith("it brings the metadata of another package: ")


@pytest.mark.parametrize(
    ("version", "fits"), [("1.0", True), ("1", True), ("v1.0.0", True), ("1.1", False), ("odd", True)]
)
def test_the_metadata_folder_of_another_version(version: str, fits: bool) -> None:
    """Once installed, the version that counts is the one in the folder's name."""
    said = objection(WHEEL, version=version)

    assert said == ("" if fits else f"its metadata folder foo-1.0.dist-info is not that of version {version}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"Wheel-Version: 1.0\n", ""),
        (b"wheel-version:  1.9 \r\n\r\nWheel-Version: 2.0", ""),
        (b"Wheel-Version: 2.0\n", "its format is of version 2.0, and 1 can be read"),
        (b"Wheel-Version: 10.0\n", "its format is of version 10.0, and 1 can be read"),
        (b"Wheel-Version: 1\n", ""),
        (b"Wheel-Version: 1.x\n", "its format is of version 1.x, and 1 can be read"),
        (b"Wheel-Version: 11\n", "its format is of version 11, and 1 can be read"),
        (b"Generator: x\n\nWheel-Version: 1.0\n", "its format is of version unknown, and 1 can be read"),
        (b"", "its format is of version unknown, and 1 can be read"),
        (b"Wheel-Version: 1.\xff\n", "foo-1.0.dist-info holds no WHEEL that can be read"),
        (b"Wheel-Version: 1.0\n" + bytes(LARGEST_METADATA), "its WHEEL is larger than 10,000,000 bytes"),
    ],
)  # fmt: skip
def test_the_format_of_the_wheel(text: bytes, said: str) -> None:
    """pip stops at a format that it does not know, when other packages are installed already."""
    assert objection((WHEEL[0], text)) == said


def test_no_format() -> None:
    """The specification asks for WHEEL, and so does pip."""
    assert objection() == "foo-1.0.dist-info holds no WHEEL that can be read"


# --------------------------------------------------------------------------- whatever bytes


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small wheel as tools make them."""
    return wheel(tmp_path_factory.mktemp("w"), "foo", "1.0", requires=["bar"]).read_bytes()


@given(st.data())
def test_a_damaged_wheel_says_the_same_or_nothing(sound: bytes, data: st.DataObject) -> None:
    """One byte changed or the end cut off: what is still read is what was there, else it is refused in words."""
    where = data.draw(st.integers(0, len(sound) - 1))
    if data.draw(st.booleans()):
        damaged = sound[:where]
    else:
        damaged = sound[:where] + bytes([data.draw(st.integers(0, 255))]) + sound[where + 1 :]
    try:
        found = read(damaged)
    except UnreadableArchive:
        return
    assert found == read(sound)


NAMES = st.lists(
    st.sampled_from(["foo-1.0.dist-info", "evil-1.dist-info", "METADATA", "..", ".", "", "foo"]), min_size=1, max_size=4
).map("/".join)


@given(st.lists(NAMES, max_size=4))
def test_what_is_read_is_what_unpacking_leaves(names: list[str]) -> None:
    """Unpacked to a disk, name by name, the METADATA that was read is the one that lies there, and no other does."""
    entries = [(OWN, TEXT), *((name or "x", EVIL) for name in names)]
    try:
        found = read(zipped(entries))
    except UnreadableArchive:
        return
    disk = {os.path.normpath(name): data for name, data in entries}
    assert disk[OWN] == TEXT
    assert [path for path in disk if path.endswith(".dist-info/METADATA") and path.count("/") == 1] == [OWN]
    assert found.requires_dist == ("bar",)


def test_folders_may_be_listed(tmp_path: Path) -> None:
    """Some builders list folders as entries of their own, the metadata folder among them; compiled wheels often do."""
    path = wheel(tmp_path, "foo", "1.0")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("foo/", "foo-1.0.dist-info/", "foo-1.0.dist-info/licenses/"):
            archive.writestr(name, b"")

    with path.open("rb") as archive:
        check_installable(archive, "foo", "1.0")
