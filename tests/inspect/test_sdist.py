"""Source archives and project folders: what they state for good, read without running or unpacking anything."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from archives import member, peak_of, stating, tarred, zipped
from fakes import metadata_text, sdist
from safe_pip.inspect import bounds
from safe_pip.inspect import sdist as module
from safe_pip.inspect.sdist import BuildRequired, folder_metadata, sdist_metadata, sdist_stem
from safe_pip.inspect.wheel import UnreadableArchive
from safe_pip.model import CoreMetadata

STATIC = metadata_text("foo", "1.0", ["bar>=1"], ">=3.8", ["x"], metadata_version="2.2")
OLD = metadata_text("foo", "1.0", ["old"], metadata_version="2.1")
TABLE = '[project]\nname = "Foo"\nversion = "1.0"\ndependencies = ["bar>=1"]\n'


def made(folder: Path, data: bytes, name: str = "foo-1.0.tar") -> Path:
    """A file with some bytes."""
    path = folder / name
    path.write_bytes(data)
    return path


def with_table(folder: Path, table: str, pkg_info: bytes | bool = OLD) -> Path:
    """A source archive with a pyproject.toml."""
    return sdist(folder, "foo", "1.0", pyproject=table, pkg_info=pkg_info)


def why_build(path: Path, read: Callable[[Path], CoreMetadata] = sdist_metadata) -> BuildRequired:
    """Why only a build can tell."""
    with pytest.raises(BuildRequired) as raised:
        read(path)
    return raised.value


def refusal(path: Path) -> str:
    """Why an archive cannot be read."""
    with pytest.raises(UnreadableArchive) as raised:
        sdist_metadata(path)
    return str(raised.value)


# --------------------------------------------------------------------------- PKG-INFO


def test_static_pkg_info(tmp_path: Path) -> None:
    """Metadata 2.2 that declares nothing dynamic is what any build must give (PEP 643)."""
    assert sdist_metadata(sdist(tmp_path, "foo", "1.0", pkg_info=STATIC)) == CoreMetadata(
        "foo", "1.0", ("bar>=1",), ">=3.8", ("x",), "2.2", origin="sdist"
    )


@pytest.mark.parametrize("version", ["2.2", "2.3", "2.10", "3.0", "10.1", "2.2.1"])
def test_metadata_versions_that_know_dynamic(version: str) -> None:
    """Versions are numbers: 2.10 comes after 2.2."""
    assert module._is_recent(CoreMetadata("foo", "1.0", metadata_version=version))


@pytest.mark.parametrize("version", ["2.1", "1.2", "1.10", "2", "", "2.x", "x", "two.two", "-2.-2", ".", "0.9"])
def test_metadata_versions_that_do_not(version: str, tmp_path: Path) -> None:
    """Before 2.2 a PKG-INFO is only what one build on one machine said; and so is one of no known version."""
    text = STATIC.replace(b"Metadata-Version: 2.2", f"Metadata-Version: {version}".encode())

    error = why_build(sdist(tmp_path, "foo", "1.0", pkg_info=text))

    assert (error.name, error.version) == ("foo", "1.0")
    assert error.reason == (
        f"its PKG-INFO is of metadata version {version or 'unknown'}, which does not say whether "
        "its dependencies are final"
    )


@pytest.mark.parametrize("field", ["Requires-Dist", "requires-python", "PROVIDES-EXTRA", "Version", "Name"])
def test_a_dynamic_field_that_decides(field: str, tmp_path: Path) -> None:
    """One field that the build may change is enough; the reason names it."""
    text = metadata_text("foo", "1.0", ["bar"], metadata_version="2.2", dynamic=["Summary", field])

    error = why_build(sdist(tmp_path, "foo", "1.0", pkg_info=text))

    assert error.reason == f"its metadata is dynamic ({field.lower()})"
    assert (error.name, error.version) == ("foo", "1.0")


def test_dynamic_fields_that_decide_nothing(tmp_path: Path) -> None:
    """What a build says of licence and readme does not change what is installed."""
    text = metadata_text("foo", "1.0", ["bar"], metadata_version="2.2", dynamic=["License-File", "Description"])

    assert sdist_metadata(sdist(tmp_path, "foo", "1.0", pkg_info=text)).requires_dist == ("bar",)


@pytest.mark.parametrize("text", [b"Metadata-Version: 2.2\nVersion: 1.0\n", b"Name: foo\n", STATIC + b"\xff", b""])
def test_pkg_info_that_cannot_be_used(text: bytes, tmp_path: Path) -> None:
    """An archive that does not say what it is cannot be vouched for, whatever its pyproject.toml says."""
    assert "PKG-INFO " in refusal(with_table(tmp_path, TABLE, text))


# --------------------------------------------------------------------------- pyproject.toml


def test_a_static_table(tmp_path: Path) -> None:
    """A [project] table that fixes everything is binding on the build (PEP 621), also beside an old PKG-INFO."""
    table = (
        TABLE + 'requires-python = ">=3.9"\n[project.optional-dependencies]\nX_y = ["baz", "qux; os_name == \'nt\'"]\n'
    )

    for pkg_info in (OLD, False):
        assert sdist_metadata(with_table(tmp_path, table, pkg_info)) == CoreMetadata(
            "Foo",
            "1.0",
            ("bar>=1", 'baz; extra == "x-y"', 'qux; (os_name == "nt") and extra == "x-y"'),
            ">=3.9",
            ("X_y",),
            origin="pyproject",
        )


def test_static_pkg_info_goes_first(tmp_path: Path) -> None:
    """It is what the build of the archive made of the table."""
    assert sdist_metadata(with_table(tmp_path, TABLE, STATIC)).origin == "sdist"


def test_the_version_may_come_from_pkg_info(tmp_path: Path) -> None:
    """A dynamic version has been fixed in the archive's own PKG-INFO; its old dependencies are not taken from there."""
    table = '[project]\nname = "FOO"\ndynamic = ["version"]\ndependencies = ["bar"]\n'

    found = sdist_metadata(with_table(tmp_path, table))

    assert (found.version, found.requires_dist) == ("1.0", ("bar",))


@pytest.mark.parametrize("pkg_info", [False, metadata_text("other", "1.0")], ids=["none", "of-another"])
def test_no_version_anywhere(pkg_info: bytes | bool, tmp_path: Path) -> None:
    """The version of another project is none."""
    why_build(with_table(tmp_path, '[project]\nname = "foo"\ndynamic = ["version"]\n', pkg_info))


def test_nothing_said_of_dependencies_is_none(tmp_path: Path) -> None:
    """A table without dependencies that are not dynamic states that there are none (PEP 621)."""
    assert sdist_metadata(with_table(tmp_path, '[project]\nname = "foo"\nversion = "1.0"\n')).requires_dist == ()


@pytest.mark.parametrize(
    "table",
    [
        "",
        "[project",
        "project = 1\n",
        "[[project]]\nname = 'foo'\n",
        "[build-system]\nrequires = []\n",
        "[tool.poetry]\nname = 'foo'\nversion = '1.0'\n",
        "[project]\nversion = '1.0'\n",
        "[project]\nname = 1\nversion = '1.0'\n",
        "[project]\nname = ''\nversion = '1.0'\n",
        "[project]\nname = 'foo bar'\nversion = '1.0'\n",
        "[project]\nname = \"foo\\u001b[2J\"\nversion = '1.0'\n",
        TABLE + "name = 'twice'\n",
        TABLE + "dynamic = ['dependencies']\n",
        TABLE + "dynamic = ['optional-dependencies']\n",
        TABLE + "dynamic = ['readme', 'requires-python']\n",
        TABLE + "dynamic = 'dependencies'\n",
        TABLE + "dynamic = 'readme'\n",
        TABLE + "requires-python = 3\n",
        TABLE.replace('["bar>=1"]', '"bar"'),
        TABLE.replace('["bar>=1"]', "[1]"),
        TABLE.replace('["bar>=1"]', "[['bar']]"),
        TABLE.replace('["bar>=1"]', "[{bar = '1'}]"),
        TABLE.replace('["bar>=1"]', "['bar >']"),
        TABLE.replace('["bar>=1"]', "['']"),
        TABLE.replace("bar>=1", f"bar; {'(' * 3000}os_name == 'nt'{')' * 3000}"),
        TABLE + "optional-dependencies = []\n",
        TABLE + "[project.optional-dependencies]\nx = 'bar'\n",
        TABLE + "[project.optional-dependencies]\nx = [1]\n",
        TABLE + "[project.optional-dependencies]\nx = ['bar >']\n",
        TABLE + "[project.optional-dependencies]\n'x\" or \"' = ['bar']\n",
        TABLE + "[project.optional-dependencies]\n'' = ['bar']\n",
        f"x = {'[' * 5000}\n",
        f"{TABLE}[tool]\n{'a.' * 300}b = 1\n",
        TABLE + "# " + "x" * 1_000_000,
    ],
)
def test_a_table_that_leaves_something_open(table: str, tmp_path: Path) -> None:
    """Dynamic, broken or of the wrong type: none of it is guessed at, and what PKG-INFO tells is told."""
    error = why_build(with_table(tmp_path, table))

    assert (error.name, error.version) == ("foo", "1.0")
    assert "metadata version 2.1" in error.reason


def test_a_table_that_is_not_utf_8(tmp_path: Path) -> None:
    """TOML is UTF-8."""
    path = sdist(tmp_path, "foo", "1.0", files={"pyproject.toml": TABLE.encode() + b"# \xff\n"})

    why_build(path)


def test_neither_file(tmp_path: Path) -> None:
    """An archive that says nothing: not even a name."""
    error = why_build(sdist(tmp_path, "foo", "1.0", pkg_info=False))

    assert error.reason == "it has no PKG-INFO and no static [project] table"
    assert (error.name, error.version) == (None, None)


MARKERS = st.sampled_from(
    [None, "os_name == 'nt'", "os_name == 'nt' or os_name == 'posix'", "extra == 'z' or os_name == 'posix'"]
)


@given(
    st.sampled_from(["bar", "bar[c,d]>=1,<2", "bar @ https://h/bar.whl"]), MARKERS, st.sampled_from(["x", "X.y", "z"])
)
def test_an_optional_dependency_holds_only_with_its_extra(text: str, marker: str | None, extra: str) -> None:
    """However its own marker is built: without the extra it is not brought in, with it its own marker decides."""
    plain = Requirement(text)
    own = Requirement(f"{text} ; {marker}") if marker else plain

    made = Requirement(module._with_extra(str(own), extra))

    assert (made.name, made.extras, made.specifier, made.url) == (plain.name, plain.extras, plain.specifier, plain.url)
    assert made.marker is not None
    normal = extra.lower().replace(".", "-")
    for os_name in ("nt", "posix", "java"):
        for asked in ("", "x", "x-y", "z", "other"):
            environment = {"os_name": os_name, "extra": asked}
            expected = asked == normal and (own.marker is None or own.marker.evaluate(environment))
            assert made.marker.evaluate(environment) == expected


# --------------------------------------------------------------------------- archives


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "tar": lambda data: data,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
    "tar.lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", [None, "foo-1.0.tar.gz", "foo-1.0.zip", "foo"])
def test_every_packing(packing: str, name: str | None, tmp_path: Path) -> None:
    """Told by how the file begins, as pip tells it in the end, not by its name."""
    data = PACKINGS[packing](tarred(member("foo-1.0/"), member("foo-1.0/PKG-INFO", STATIC), member("foo-1.0/x.py")))

    assert sdist_metadata(made(tmp_path, data, name or f"foo-1.0.{packing}")).requires_dist == ("bar>=1",)


def test_zip(tmp_path: Path) -> None:
    """The oldest source archives are zips."""
    data = zipped([("foo-1.0/", b""), ("foo-1.0/setup.py", b"1/0"), ("foo-1.0/PKG-INFO", STATIC)])

    assert sdist_metadata(made(tmp_path, data, "foo-1.0.zip")).requires_dist == ("bar>=1",)


Pack = Callable[..., bytes]
BOTH = pytest.mark.parametrize(
    "pack",
    [
        lambda *entries: tarred(*(member(name, data) for name, data in entries)),
        lambda *entries: zipped(entries),
    ],
    ids=["tar", "zip"],
)


@BOTH
@pytest.mark.parametrize(
    "name",
    ["PKG-INFO", "foo-1.0/src/PKG-INFO", "foo-1.0/foo.egg-info/PKG-INFO", "foo-1.0/pkg-info", "foo-1.0/PKG-INFO/x"],
)
def test_only_the_pkg_info_of_the_archive_itself_counts(pack: Pack, name: str, tmp_path: Path) -> None:
    """Another project's PKG-INFO may lie deeper down, as in tests or a bundled copy."""
    why_build(made(tmp_path, pack((name, STATIC), *([("foo-1.0/x", b"")] if "/" in name else []))))


@BOTH
def test_several_folders(pack: Pack, tmp_path: Path) -> None:
    """Which of them would be built is pip's to say; nothing is stated for good."""
    for entries in (
        [("foo-1.0/PKG-INFO", STATIC), ("bar-1.0/x", b"")],
        [("foo-1.0/PKG-INFO", STATIC), ("x", b"")],
        [("foo-1.0/x", b""), ("bar-1.0/PKG-INFO", STATIC)],
    ):
        assert why_build(made(tmp_path, pack(*entries))).reason == "its files do not lie in one folder"


@BOTH
@pytest.mark.parametrize("name", ["./foo-1.0/PKG-INFO", "foo-1.0//PKG-INFO", "foo-1.0/./PKG-INFO"])
def test_a_path_in_another_spelling(pack: Pack, name: str, tmp_path: Path) -> None:
    """Many an archive is packed from ``.``; unpacked it is the same."""
    assert sdist_metadata(made(tmp_path, pack((name, STATIC)))).name == "foo"


@BOTH
@pytest.mark.parametrize("name", ["PKG-INFO", "pyproject.toml"])
@pytest.mark.parametrize("second", ["foo-1.0/{}", "./foo-1.0/{}", "foo-1.0/./{}", "foo-1.0//{}"])
def test_a_file_listed_twice(pack: Pack, name: str, second: str, tmp_path: Path) -> None:
    """Whoever unpacks gets the last, whoever looks may see the first."""
    contents = {"PKG-INFO": STATIC, "pyproject.toml": TABLE.encode()}
    evil = contents[name].replace(b"bar>=1", b"evil")

    said = refusal(made(tmp_path, pack((f"foo-1.0/{name}", contents[name]), (second.format(name), evil))))

    assert said == f"it holds {name} twice"
    again = pack((f"foo-1.0/{name}", contents[name]), (second.format(name), contents[name]))
    assert name == "pyproject.toml" or sdist_metadata(made(tmp_path, again)).name == "foo"


@BOTH
@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "foo-1.0/../../evil", "foo-1.0/..", "..", "foo-1.0/../foo-1.0/PKG-INFO"]
)
def test_a_name_that_leads_out(pack: Pack, name: str, tmp_path: Path) -> None:
    """Nothing is unpacked here, but what would be written elsewhere is no honest archive."""
    said = refusal(made(tmp_path, pack(("foo-1.0/PKG-INFO", STATIC), (name, b""))))

    assert said == f"it holds {name!r}, which leads out of its folder"


@pytest.mark.parametrize("name", ["PKG-INFO", "pyproject.toml"])
@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE], ids=repr
)
def test_a_file_that_is_none(name: str, kind: bytes, tmp_path: Path) -> None:
    """A link may lead to any file of this machine, and a device may never end."""
    data = tarred(member("foo-1.0/other", STATIC), member(f"foo-1.0/{name}", kind=kind, linkname="/etc/passwd"))

    assert refusal(made(tmp_path, data)) == f"its {name} is not a plain file"


def test_links_elsewhere_are_left_alone(tmp_path: Path) -> None:
    """A link that nobody follows does no harm."""
    data = tarred(member("foo-1.0/PKG-INFO", STATIC), member("foo-1.0/x", kind=tarfile.SYMTYPE, linkname="/etc/passwd"))

    assert sdist_metadata(made(tmp_path, data)).name == "foo"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is not an archive that can be read: "),
        (b"PK\x05\x06" + bytes(18), "it is empty"),
        (tarred(), "it is empty"),
        (bytes(512), "it is empty"),
        (b"<html>404</html>" * 100, "it is not an archive that can be read: "),
        (gzip.compress(b"<html>404</html>" * 100), "it is not an archive that can be read: "),
        (gzip.compress(tarred(member("foo-1.0/PKG-INFO", STATIC)))[:-30], "it is not an archive that can be read: "),
        (b"\x1f\x8b\x08" + bytes(100), "it is not an archive that can be read: "),
        (b"BZh9" + bytes(100), "it is not an archive that can be read: "),
        (b"\xfd7zXZ" + bytes(100), "it is not an archive that can be read: "),
        (b"]\0\0" + bytes(100), ""),
        (tarred(member("foo-1.0/x", b"x" * 1000))[:1000], "it is not an archive that can be read: "),
    ],
    ids=[
        *("nothing", "zip-of-nothing", "tar-of-nothing", "zeros", "html", "packed-html", "cut", "gzip-nonsense"),
        *("bzip2-nonsense", "xz-nonsense", "lzma-nonsense", "member-cut"),
    ],
)
def test_what_is_no_archive(data: bytes, said: str, tmp_path: Path) -> None:
    """A page, half a file, or none."""
    assert refusal(made(tmp_path, data)).startswith(said)


# --------------------------------------------------------------------------- bloated


LARGE = b"Metadata-Version: 2.2\nName: foo\nVersion: 1.0\n\n" + bytes(module._LARGEST_MEMBER)


@BOTH
@pytest.mark.parametrize("name", ["PKG-INFO", "pyproject.toml"])
def test_a_huge_file(pack: Pack, name: str, tmp_path: Path) -> None:
    """No project needs ten megabytes to say what it is; a large file beside it is none of our business."""
    assert refusal(made(tmp_path, pack((f"foo-1.0/{name}", LARGE)))) == f"its {name} is larger than 10,000,000 bytes"
    assert sdist_metadata(made(tmp_path, pack(("foo-1.0/data", LARGE), ("foo-1.0/PKG-INFO", STATIC)))).name == "foo"


@pytest.mark.parametrize("packing", ["tar.gz", "tar.bz2", "tar.xz", "tar.lzma"])
@pytest.mark.parametrize("how", ["file", "headers"])
def test_a_bomb(how: str, packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Megabytes of zeros from a few kilobytes: given up on the way, and never held at once."""
    monkeypatch.setattr(bounds, "HARMLESS_BYTES", 10_000_000)
    size = 14_999_552
    if how == "file":
        data = claim("foo-1.0/zeros", size) + bytes(size)
    else:
        name = claim("x", 99_840, tarfile.GNUTYPE_LONGNAME) + b"n".ljust(99_840, b"\0")
        data = (name + claim("foo-1.0/a", 0)) * 150
    path = made(tmp_path, PACKINGS[packing](data + tarred(member("foo-1.0/PKG-INFO", STATIC))))
    assert path.stat().st_size < 50_000

    said, peak = peak_of(lambda: refusal(path))

    assert said == "it unpacks to more than is reasonable"
    assert peak < 12_000_000


def test_a_file_that_is_large_for_good_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hardly packs may be as large as it likes: the bound is on what comes out of how little."""
    monkeypatch.setattr(bounds, "HARMLESS_BYTES", 1000)
    data = gzip.compress(tarred(member("foo-1.0/data", os.urandom(500_000)), member("foo-1.0/PKG-INFO", STATIC)))

    assert sdist_metadata(made(tmp_path, data)).name == "foo"


def claim(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """The header of a member that claims a size."""
    return stating(member(name, kind=kind)[0], size)


@pytest.mark.parametrize(
    "data",
    [
        member("foo-1.0/a")[0].tobuf() + claim("foo-1.0/b", -512),
        member("foo-1.0/a")[0].tobuf() * 3 + claim("foo-1.0/b", -1024),
        member("foo-1.0/a")[0].tobuf() + claim("foo-1.0/PKG-INFO", -512),
        member("foo-1.0/a")[0].tobuf() + claim("x", -512, tarfile.XHDTYPE),
        member("foo-1.0/a")[0].tobuf() + claim("x", -512, tarfile.GNUTYPE_LONGNAME),
        member("foo-1.0/a")[0].tobuf() + claim("x", 50_000_000, tarfile.XHDTYPE) + bytes(50_000_000),
        member("foo-1.0/a")[0].tobuf() + claim("x", 50_000_000, tarfile.GNUTYPE_LONGLINK) + bytes(50_000_000),
        member("foo-1.0/a")[0].tobuf() + claim("foo-1.0/PKG-INFO", 2**60),
        member("foo-1.0/a")[0].tobuf() + claim("foo-1.0/b", 2**60),
        (claim("x", 99_840, tarfile.GNUTYPE_LONGNAME) + bytes(99_840)) * 500,
        (claim("x", 11, tarfile.XHDTYPE) + b"11 a=bcdef\n".ljust(512, b"\0")) * 3000,
    ],
    ids=[
        *("back-one", "back-two", "pkg-info-below-zero", "pax-below-zero", "name-below-zero", "huge-pax", "huge-name"),
        *("huge-pkg-info", "huge-file", "nested-names", "nested-pax"),
    ],
)
def test_headers_of_absurd_size(data: bytes, tmp_path: Path) -> None:
    """A header may lead back to itself, or claim more than there is memory: it is refused at once and within bounds."""
    path = made(tmp_path, gzip.compress(data + bytes(10240)), "foo-1.0.tar.gz")

    said, peak = peak_of(lambda: refusal(path))

    assert said
    assert said != f"it lists more than {module.MOST_ENTRIES:,} files"
    assert peak < 40_000_000


@BOTH
def test_too_many_files(pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that is listed costs memory."""
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)
    monkeypatch.setattr("safe_pip.inspect.wheel.MOST_ENTRIES", 10)

    assert refusal(made(tmp_path, pack(*((f"foo-1.0/{n}", b"") for n in range(20))))) == "it lists more than 10 files"
    assert sdist_metadata(
        made(tmp_path, pack(*((f"foo-1.0/{n}", b"") for n in range(9)), ("foo-1.0/PKG-INFO", STATIC)))
    )


# --------------------------------------------------------------------------- nothing is run or unpacked


def test_nothing_is_run_and_nothing_is_written(tmp_path: Path) -> None:
    """setup.py and a backend inside the archive lie ready; reading leaves the folder as it was."""
    mark = tmp_path / "mark"
    backend = f"open({str(mark)!r}, 'w').close()\n".encode()
    table = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    path = sdist(tmp_path / "s", "foo", "1.0", mark=mark, pyproject=table, files={"backend.py": backend})

    why_build(path)

    assert not mark.exists()
    assert list((tmp_path / "s").iterdir()) == [path]


SOUND = tarred(member("foo-1.0/a", b"x" * 700), member("foo-1.0/PKG-INFO", STATIC), member(f"foo-1.0/{'n' * 120}"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=4), st.booleans())
def test_damaged_archives_are_refused_in_words(tmp_path: Path, changes: list[tuple[int, int]], mend: bool) -> None:
    """Whatever a header says, with its checksum right or wrong: no other exception, no endless loop."""
    data = bytearray(SOUND)
    for position, value in changes:
        data[position] = value
        header = position - position % 512
        if mend and data[header + 257 : header + 262] == b"ustar":
            data[header + 148 : header + 156] = b" " * 8
            data[header + 148 : header + 156] = b"%06o\0 " % sum(data[header : header + 512])
    try:
        sdist_metadata(made(tmp_path, bytes(data)))
    except (UnreadableArchive, BuildRequired) as error:
        assert str(error)


# --------------------------------------------------------------------------- folders


def test_a_folder_with_a_static_table(tmp_path: Path) -> None:
    """What a project folder states for good is known without its build."""
    made(tmp_path, TABLE.encode(), "pyproject.toml")

    assert folder_metadata(tmp_path) == CoreMetadata("Foo", "1.0", ("bar>=1",), origin="pyproject")


@pytest.mark.parametrize(
    ("table", "name", "version"),
    [
        ("[project]\nname = 'foo'\ndynamic = ['version']\n", "foo", None),
        ("[project]\nname = 'foo'\nversion = '1.0'\ndynamic = ['dependencies']\n", "foo", "1.0"),
        ("[project]\nname = 1\nversion = 2\n", None, None),
        ("[project", None, None),
        ("", None, None),
    ],
)
def test_a_folder_that_leaves_something_open(table: str, name: str | None, version: str | None, tmp_path: Path) -> None:
    """A PKG-INFO that lies about in a folder may be of yesterday: only the table counts, as far as it goes."""
    made(tmp_path, table.encode(), "pyproject.toml")
    made(tmp_path, STATIC, "PKG-INFO")

    error = why_build(tmp_path, folder_metadata)

    assert (error.name, error.version) == (name, version)
    assert error.reason == "its pyproject.toml does not state its dependencies for good"


@pytest.mark.parametrize("how", ["none", "folder", "pipe", "device", "huge", "dangling"])
def test_a_folder_without_a_table_that_can_be_read(how: str, tmp_path: Path) -> None:
    """What comes with a checkout may be a pipe or a link to a device: reading it would never end."""
    place = tmp_path / "pyproject.toml"
    if how == "folder":
        place.mkdir()
    elif how == "pipe":
        os.mkfifo(place)
    elif how == "device":
        place.symlink_to("/dev/zero")
    elif how == "dangling":
        place.symlink_to("nowhere")
    elif how == "huge":
        with place.open("wb") as file:
            os.truncate(file.fileno(), 10**10)

    error, peak = peak_of(lambda: why_build(tmp_path, folder_metadata))

    assert error.reason == "it has no pyproject.toml that can be read"
    assert peak < 3 * module._LARGEST_MEMBER


@pytest.mark.parametrize(
    ("filename", "stem"),
    [
        ("foo-1.0.tar.gz", "foo-1.0"),
        ("foo-1.0.TAR.GZ", "foo-1.0"),
        ("foo-1.0.tar.bz2", "foo-1.0"),
        ("foo-1.0.tar.xz", "foo-1.0"),
        ("foo-1.0.tar.lz", "foo-1.0"),
        ("foo-1.0.tar.lzma", "foo-1.0"),
        ("foo-1.0.tar", "foo-1.0"),
        ("foo-1.0.tgz", "foo-1.0"),
        ("foo-1.0.zip", "foo-1.0"),
        ("foo-1.0", "foo-1"),
        ("foo", "foo"),
        (".tar.gz", ""),
    ],
)
def test_stem(filename: str, stem: str) -> None:
    """The name less its extension, as pip splits it: the version is read off what is left."""
    assert sdist_stem(filename) == stem
