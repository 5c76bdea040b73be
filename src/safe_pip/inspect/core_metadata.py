"""Core metadata: the text of METADATA or PKG-INFO to the fields that an install depends on."""

from __future__ import annotations

import re
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from safe_pip.model import CoreMetadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

_LONGEST_LICENSE = 2_000
"""Characters of the field License that are kept: of a whole text, enough to tell which it is."""
_END_OF_HEADERS = re.compile(r"\r?\n\r?\n")


class InvalidMetadata(ValueError):
    """The text cannot be used as core metadata; the message says why."""


def parse_metadata(
    data: bytes, origin: Literal["sidecar", "range", "wheel", "sdist", "installed"], *, what: str
) -> CoreMetadata:
    """Read the header fields of a METADATA or PKG-INFO file.

    data: the file's bytes, UTF-8. origin: which bytes these are. what: the file's name, for messages.
    Raises InvalidMetadata where the bytes are not UTF-8 or Name or Version is missing.
    Source: PyPA specification "Core metadata"; pip reads it through the email package as well (metadata/base.py).
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidMetadata(f"{what} is not UTF-8: {error}") from error
    end = _END_OF_HEADERS.search(text)
    message = HeaderParser().parsestr(text[: end.start()] if end else text, headersonly=True)

    def values(field: str) -> tuple[str, ...]:
        return tuple(str(value).strip() for value in message.get_all(field, []))

    def single(field: str) -> str:
        found = values(field)
        return found[0] if found else ""

    name, version = single("Name"), single("Version")
    for field, value in (("Name", name), ("Version", version)):
        if not value:
            raise InvalidMetadata(f"{what} has no {field}")
    return CoreMetadata(
        name=name,
        version=version,
        requires_dist=values("Requires-Dist"),
        requires_python=single("Requires-Python") or None,
        provides_extra=values("Provides-Extra"),
        metadata_version=single("Metadata-Version"),
        dynamic=tuple(value.lower() for value in values("Dynamic")),
        origin=origin,
        license_expression=single("License-Expression")[:_LONGEST_LICENSE] or None,
        license=_joined(single("License"))[:_LONGEST_LICENSE] or None,
        license_classifiers=tuple(text for text in values("Classifier") if text.startswith("License ::")),
    )


def _joined(text: str) -> str:
    """A text as one line."""
    return " ".join(text.split())


def differences(expected: CoreMetadata, actual: CoreMetadata) -> list[tuple[str, str, str]]:
    """The fields in which two readings of one distribution differ in meaning, as (field, expected, actual).

    Compared are Name, Version, Requires-Dist, Requires-Python and Provides-Extra, each in its normal form, the same
    fields that pip compares between a metadata sidecar and the wheel (operations/prepare.py).
    """
    found = []

    def compare(field: str, left: object, right: object) -> None:
        # A SpecifierSet cannot be compared with a text that is none.
        if type(left) is not type(right) or left != right:
            found.append((field, str(left), str(right)))

    def compare_sets(field: str, left: frozenset[object], right: frozenset[object]) -> None:
        if left != right:
            found.append((field, _listed(left - right), _listed(right - left)))

    compare("Name", canonicalize_name(expected.name), canonicalize_name(actual.name))
    compare("Version", _meaning(expected.version, Version), _meaning(actual.version, Version))
    compare_sets(
        "Requires-Dist",
        frozenset(_meaning(text, Requirement) for text in expected.requires_dist),
        frozenset(_meaning(text, Requirement) for text in actual.requires_dist),
    )
    compare(
        "Requires-Python",
        _meaning(expected.requires_python or "", SpecifierSet),
        _meaning(actual.requires_python or "", SpecifierSet),
    )
    compare_sets(
        "Provides-Extra",
        frozenset(canonicalize_name(extra) for extra in expected.provides_extra),
        frozenset(canonicalize_name(extra) for extra in actual.provides_extra),
    )
    return found


def _meaning(text: str, parse: Callable[[str], object]) -> object:
    """A field's text as packaging understands it, for its idea of equality; the text itself where it is not valid."""
    try:
        meaning = parse(text)
        # The numbers of a specifier are read only when it is compared, and may be too long to be any.
        hash(meaning)
        return meaning
    except (ValueError, RecursionError):
        return text


def _listed(values: frozenset[object]) -> str:
    return ", ".join(sorted(map(str, values))) or "nothing"
