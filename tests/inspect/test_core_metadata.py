"""METADATA and PKG-INFO as they are, as they may be, and as somebody would like them to be read."""

from __future__ import annotations

import email
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import metadata_text
from safe_pip.inspect.core_metadata import InvalidMetadata, differences, parse_metadata
from safe_pip.model import CoreMetadata

HEAD = b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"


def read(data: bytes) -> CoreMetadata:
    """The metadata in some bytes."""
    return parse_metadata(data, "wheel", what="METADATA")


def test_reads_what_an_install_depends_on() -> None:
    """Every field that decides what is brought in, as it is written, and which bytes it came from."""
    text = metadata_text(
        "Foo.Bar", "1.0", ["a>=1", "b ; extra == 'X'"], ">=3.8", ["X", "y"], metadata_version="2.2", dynamic=["License"]
    )

    assert parse_metadata(text, "sidecar", what="x.metadata") == CoreMetadata(
        name="Foo.Bar",
        version="1.0",
        requires_dist=("a>=1", "b ; extra == 'X'"),
        requires_python=">=3.8",
        provides_extra=("X", "y"),
        metadata_version="2.2",
        dynamic=("license",),
        origin="sidecar",
    )


def test_what_is_not_said_is_not_made_up() -> None:
    """Name and Version are enough; all else is empty."""
    assert read(b"Name: foo\nVersion: 1.0") == CoreMetadata("foo", "1.0", origin="wheel")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_line_ends(end: bytes) -> None:
    """Lines end as they end on any system, and the blank line that ends the fields is found all the same."""
    found = read((HEAD + b"Requires-Dist: bar\nRequires-Dist: baz\n\nRequires-Dist: evil\n").replace(b"\n", end))

    assert (found.name, found.version, found.requires_dist) == ("foo", "1.0", ("bar", "baz"))


@pytest.mark.parametrize(
    "tail",
    [
        b"\nRequires-Dist: evil\n",
        b"\r\nRequires-Dist: evil\n",
        b"\n\n\nRequires-Dist: evil\n",
        b"Description: text\n\nRequires-Dist: evil\n",
        b"no field\nRequires-Dist: evil\n",
        b"Spaced : x\nRequires-Dist: evil\n",
        b"From: us\n\r\nRequires-Dist: evil\n",
    ],
    ids=["blank", "blank-crlf", "blanks", "after-description", "no-field", "space-in-a-name", "mixed-ends"],
)
def test_nothing_is_read_after_the_fields(tail: bytes) -> None:
    """What pip takes for the description is no field for us either: text there names no dependency."""
    found = read(HEAD + b"Requires-Dist: bar\n" + tail)

    assert found.requires_dist == ("bar",)
    assert _as_email_has_it(HEAD + b"Requires-Dist: bar\n" + tail).get_all("Requires-Dist") == ["bar"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"Requires-Dist:\n bar>=1\n", ("bar>=1",)),
        (b"Requires-Dist: bar>=1;\n python_version > '3'\n", ("bar>=1;\n python_version > '3'",)),
        (b"Summary: long\n Requires-Dist: evil\n\tRequires-Dist: evil\nRequires-Dist: bar\n", ("bar",)),
        (b"Summary: form feed\x0cRequires-Dist: evil\x0b\n", ()),
        ("Summary: line\u2028Requires-Dist: evil\x85Requires-Dist: evil\n".encode(), ()),
        (b"REQUIRES-dist: bar\nrequires-DIST: baz\n", ("bar", "baz")),
        (b"Requires_Dist: evil\n", ()),
    ],
    ids=["folded", "folded-inside", "in-a-folded-summary", "form-feed", "unicode-line-ends", "any-case", "underscore"],
)
def test_folding_and_spelling(text: bytes, expected: tuple[str, ...]) -> None:
    """A field goes on in lines that begin with a space; only its own name, in any case, makes a field."""
    assert read(HEAD + text).requires_dist == expected


def test_the_first_of_a_repeated_field_counts() -> None:
    """As in pip: two names must not be two identities, one for whoever checks and one for whoever installs."""
    found = read(b"Name: foo\nName: evil\nVersion: 1.0\nVersion: 9\nRequires-Python: >=3\nRequires-Python: <3\n")

    assert (found.name, found.version, found.requires_python) == ("foo", "1.0", ">=3")


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (b"", "Name"),
        (b"Version: 1.0\n", "Name"),
        (b"Name:\nVersion: 1.0\n", "Name"),
        (b"Name:   \nVersion: 1.0\n", "Name"),
        (b"Name: foo\n", "Version"),
        (b"Name: foo\nVersion: \n", "Version"),
        (b"\nName: foo\nVersion: 1.0\n", "Name"),
        (b"Name: foo\n\nVersion: 1.0\n", "Version"),
        ("\ufeffName: foo\nVersion: 1.0\n".encode(), "Name"),
        (b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n", "Name"),
        (b"\0" * 1000, "Name"),
    ],
    ids=[
        *("empty", "no-name", "name-is-empty", "name-is-blank", "no-version", "version-is-empty"),
        *("blank-line-first", "version-in-the-text", "byte-order-mark", "html", "zeros"),
    ],
)
def test_name_and_version_must_be_there(data: bytes, missing: str) -> None:
    """Without them nothing can be checked; the message says which file lacks what."""
    with pytest.raises(InvalidMetadata, match=f"^x.metadata has no {missing}$"):
        parse_metadata(data, "sidecar", what="x.metadata")


@pytest.mark.parametrize("data", [HEAD + b"Author: \xff\n", HEAD + b"\n\xe9\n", "Name: foo".encode("utf-16")])
def test_what_is_not_utf_8_is_refused(data: bytes) -> None:
    """Guessing an encoding could read another name than the next reader does; in the description, too."""
    with pytest.raises(InvalidMetadata, match="METADATA is not UTF-8"):
        read(data)


def test_text_of_all_the_world_is_kept() -> None:
    """UTF-8 in fields comes through as it is, and is not encoded anew."""
    assert read("Name: föö–☃\nVersion: 1.0\n".encode()).name == "föö–☃"


def _as_email_has_it(data: bytes) -> Message:
    """What pip reads: importlib.metadata hands the text to the email package."""
    return email.message_from_string(data.decode())


PIECES = st.sampled_from(
    [
        *("\n", "\r\n", "\r", " ", "\t", ":", "\x0b", "\x0c", "\x85", "\u2028", "\0", "\ufeff", "From ", "x", "="),
        *("Name: foo", "Name: evil", "Version: 1", "Requires-Dist: a", "Requires-Dist:", "Summary: s", "--b"),
        *("Content-Type: multipart/mixed; boundary=b", "Requires-Dist : b", "requires-dist: c", "Dynamic: Version"),
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_fields_are_those_that_pip_sees(tail: str) -> None:
    """However fields, line ends and text are mixed: no dependency is seen that pip does not see, and none is missed."""
    data = f"Name: foo\nVersion: 1.0\n{tail}".encode()

    found = read(data)

    message = _as_email_has_it(data)
    assert found.name == message["Name"].strip()
    assert found.version == message["Version"].strip()
    assert list(found.requires_dist) == [value.strip() for value in message.get_all("Requires-Dist", [])]


@given(st.binary(max_size=60))
def test_any_bytes_are_metadata_or_refused(tail: bytes) -> None:
    """Nothing but InvalidMetadata comes of bytes that make no sense."""
    try:
        found = read(HEAD + tail)
    except InvalidMetadata:
        return
    assert (found.name, found.version) == ("foo", "1.0")


# --------------------------------------------------------------------------- differences


BASE = CoreMetadata("foo", "1.0", ("a>=1", "b; extra == 'x'"), ">=3.8", ("x",), origin="sidecar")


def changed(**fields: object) -> CoreMetadata:
    """The base with other fields."""
    values = {name: getattr(BASE, name) for name in CoreMetadata.__slots__}
    return CoreMetadata(**{**values, "origin": "wheel", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "FOO"},
        {"version": "1"},
        {"version": "v1.0.0"},
        {"requires_dist": ("b ; extra=='x'", "a >= 1")},
        {"requires_dist": ("a>=1", "a (>=1)", 'b; extra == "x"')},
        {"requires_python": ">= 3.8"},
        {"provides_extra": ("X",)},
        {"metadata_version": "2.4", "dynamic": ("license",)},
    ],
    ids=lambda fields: "-".join(fields) or "same",
)
def test_the_same_meaning_is_no_difference(fields: dict[str, object]) -> None:
    """Spelling, order and repetition differ between tools; a finding for that would teach people to waive findings."""
    assert differences(BASE, changed(**fields)) == []
    assert differences(changed(**fields), BASE) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "evil"}, ("Name", "foo", "evil")),
        ({"version": "1.0.post1"}, ("Version", "1.0", "1.0.post1")),
        ({"version": "1.0+local"}, ("Version", "1.0", "1.0+local")),
        ({"version": "latest"}, ("Version", "1.0", "latest")),
        ({"requires_dist": ("a>=1",)}, ("Requires-Dist", 'b; extra == "x"', "nothing")),
        ({"requires_dist": (*BASE.requires_dist, "evil")}, ("Requires-Dist", "nothing", "evil")),
        ({"requires_dist": ("a>=2", "b; extra == 'x'")}, ("Requires-Dist", "a>=1", "a>=2")),
        ({"requires_dist": ("a>=1", "b")}, ("Requires-Dist", 'b; extra == "x"', "b")),
        ({"requires_dist": (*BASE.requires_dist, "c @ https://h/c.whl")}, ("Requires-Dist", "nothing", "c @ https://h/c.whl")),
        ({"requires_dist": (*BASE.requires_dist, "no ((sense")}, ("Requires-Dist", "nothing", "no ((sense")),
        ({"requires_python": None}, ("Requires-Python", ">=3.8", "")),
        ({"requires_python": "<3"}, ("Requires-Python", ">=3.8", "<3")),
        ({"requires_python": "nonsense"}, ("Requires-Python", ">=3.8", "nonsense")),
        ({"provides_extra": ()}, ("Provides-Extra", "x", "nothing")),
        ({"provides_extra": ("x", "y")}, ("Provides-Extra", "nothing", "y")),
    ],
)  # fmt: skip
def test_another_meaning_is_told(fields: dict[str, object], expected: tuple[str, str, str]) -> None:
    """Each field in which a sidecar could hide something, with the two values that a person must see."""
    assert differences(BASE, changed(**fields)) == [expected]


def test_every_difference_is_told() -> None:
    """One lie does not cover for another."""
    other = CoreMetadata("bar", "2", ("z",), "<3", ("y",))

    assert [field for field, _, _ in differences(BASE, other)] == [
        *("Name", "Version", "Requires-Dist", "Requires-Python", "Provides-Extra")
    ]


def test_requirements_nested_beyond_parsing_are_compared_as_text() -> None:
    """A marker in a thousand brackets must not bring the comparison down, nor pass for equal."""
    deep = f"a; {'(' * 5000}python_version > '3'{')' * 5000}"

    assert differences(changed(requires_dist=(deep,)), changed(requires_dist=(deep,))) == []
    assert [field for field, _, _ in differences(changed(requires_dist=(deep,)), changed(requires_dist=()))] == [
        "Requires-Dist"
    ]


TEXTS = st.lists(
    st.sampled_from(["a", "A", "a>=1", "a >=1", "b; extra == 'x'", "b[c]", "???", "a @ file:///x"]), max_size=3
)
METADATA = st.builds(
    CoreMetadata,
    name=st.sampled_from(["foo", "Foo", "f.o-o"]),
    version=st.sampled_from(["1", "1.0", "1.0+x", "odd"]),
    requires_dist=TEXTS.map(tuple),
    requires_python=st.sampled_from([None, "", ">=3", ">= 3", "<3", "odd"]),
    provides_extra=st.lists(st.sampled_from(["x", "X", "y"]), max_size=2).map(tuple),
)


@given(METADATA, METADATA)
def test_differences_have_no_direction(left: CoreMetadata, right: CoreMetadata) -> None:
    """What differs from here differs from there, with the two values exchanged; and nothing differs from itself."""
    assert differences(left, right) == [(field, b, a) for field, a, b in differences(right, left)]
    assert differences(left, left) == []
