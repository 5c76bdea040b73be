"""One requirement, as it is written on the command line or in a requirements file, to a RequestedRequirement."""

from __future__ import annotations

import os
import re
import urllib.parse

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import Hashes, Origin, RequestedRequirement

STRONG_HASHES = ("sha256", "sha384", "sha512")
"""The algorithms that ``--hash`` may name (pip: utils/hashes.py)."""

_OPERATORS = ("===", "~=", "==", "!=", "<=", ">=", "<", ">")
# What an #egg= fragment may say (pip: models/link.py).
_PROJECT_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE | re.ASCII)


def parse_requirement(text: str, origin: Origin, hashes: Hashes | None = None) -> RequestedRequirement:
    """Read one requirement: a PEP 508 text, a URL, or the path of an archive or project folder.

    hashes: what ``--hash`` allows, None where it was not given.
    Raises UsageError naming the place. Source: pip's req/constructors.py, parse_req_from_line.
    """
    body, marker = _split_marker(text, origin)
    url, extras = _direct_url(body, origin)
    if url is not None:
        return _direct(text, origin, url, extras, marker, hashes)
    return _specified(text, body, marker, origin, hashes)


def parse_specified(text: str, origin: Origin, hashes: Hashes | None = None) -> RequestedRequirement:
    """Read one dependency specifier (PEP 508) and nothing else: no path, no bare URL. Raises UsageError."""
    return _specified(text, text, None, origin, hashes)


def _specified(
    text: str, body: str, marker: Marker | None, origin: Origin, hashes: Hashes | None
) -> RequestedRequirement:
    """A dependency specifier. body: what of the text is to be parsed. marker: one that stood after it."""
    try:
        requirement = Requirement(body)
        for specifier in requirement.specifier:
            if specifier.operator != "===":
                # Read on demand otherwise: a number too long to be one would only come out while resolving.
                Version(specifier.version.removesuffix(".*"))
        _check_marker(requirement.marker)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{origin}: {urls.shown(text)} is not a requirement: {_reason(error)}", _hint(body)) from error
    marker = requirement.marker or marker
    extras = frozenset(canonicalize_name(extra) for extra in requirement.extras)
    name = canonicalize_name(requirement.name)
    if requirement.url is None:
        return RequestedRequirement(
            text, origin, name, extras, requirement.specifier, marker, None, hashes, requirement.name
        )
    if not urls.is_url(requirement.url):
        raise UsageError(
            f"{origin}: {requirement.name} @ {urls.shown(requirement.url)} does not name a URL.",
            "Write a URL with its scheme, such as https:// or file:///.",
        )
    checked_url = _checked_url(requirement.url, origin)
    return RequestedRequirement(
        text, origin, name, extras, SpecifierSet(), marker, checked_url, hashes, requirement.name
    )


def parse_hashes(texts: list[str], origin: Origin) -> Hashes | None:
    """The digests of ``--hash`` options, None where there is none. Raises UsageError for a weak or broken one."""
    if not texts:
        return None
    found = set()
    for text in texts:
        algorithm, colon, digest = text.partition(":")
        if not colon or algorithm not in STRONG_HASHES or not re.fullmatch(r"[0-9a-fA-F]+", digest):
            raise UsageError(
                f"{origin}: --hash={urls.shown(text)} is not a hash.",
                f"Write ALGORITHM:HEXDIGEST with one of {', '.join(STRONG_HASHES)}.",
            )
        found.add((algorithm, digest.lower()))
    return frozenset(found)


def _split_marker(text: str, origin: Origin) -> tuple[str, Marker | None]:
    """Cut the environment marker off; in a URL only ``; `` with a space begins one."""
    separator = "; " if urls.is_url(text) else ";"
    body, found, marker_text = text.partition(separator)
    if not found or not marker_text.strip():
        return body.strip(), None
    try:
        marker = _check_marker(Marker(marker_text.strip()))
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{origin}: {urls.shown(text)} has a marker that cannot be read: {_reason(error)}",
            "A marker is written like: python_version < '3.12' and sys_platform == 'linux'.",
        ) from error
    return body.strip(), marker


def _check_marker(marker: Marker | None) -> Marker | None:
    """The marker. Raises ValueError where a text in it spells half of a surrogate pair, which nothing can write."""
    try:
        str(marker).encode()
    except UnicodeEncodeError:
        raise ValueError("a text in its marker has half of a character in it") from None
    return marker


def _direct_url(body: str, origin: Origin) -> tuple[str | None, frozenset[NormalizedName]]:
    """The URL and extras where the text is a URL, or the path of an archive or of a project; else (None, nothing)."""
    if urls.is_url(body):
        return _checked_url(body, origin), frozenset()
    path, bracket, extras = os.path.abspath(body), "", ""
    if path.endswith("]"):
        path, bracket, extras = path[:-1].rpartition("[")
        path = path.rstrip()
    if _looks_like_path(body) and os.path.isdir(path):
        if not any(os.path.isfile(os.path.join(path, name)) for name in ("pyproject.toml", "setup.py")):
            raise UsageError(
                f"{origin}: the folder {urls.shown(body)} is not a Python project.",
                "It has neither a pyproject.toml nor a setup.py.",
            )
    elif not urls.is_archive(path):
        return None, frozenset()
    elif not os.path.isfile(path):
        name, at, _ = body.partition("@")
        if at and not _looks_like_path(name):
            return None, frozenset()
        raise UsageError(
            f"{origin}: there is no file {urls.shown(body)}.", "Check the path; it is read from the current folder."
        )
    return urls.path_to_url(path), _extras(f"{bracket}{extras}]", body, origin) if bracket else frozenset()


def _looks_like_path(text: str) -> bool:
    return text.startswith(".") or os.path.sep in text or (os.path.altsep or os.path.sep) in text


def _extras(bracketed: str, body: str, origin: Origin) -> frozenset[NormalizedName]:
    """The extras after a path, brackets included."""
    try:
        return frozenset(canonicalize_name(extra) for extra in Requirement(f"name{bracketed}").extras)
    except ValueError as error:
        raise UsageError(f"{origin}: {urls.shown(body)} has extras that cannot be read: {_reason(error)}") from error


def _checked_url(url: str, origin: Origin) -> str:
    """The URL as it is written, but for spaces in its path; a relative ``file:`` URL is made absolute, as pip does."""
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "file" and "../" in parts.path:
            fragment = f"#{parts.fragment}" if parts.fragment else ""
            url = urls.path_to_url(urllib.parse.unquote(parts.path)) + fragment
        elif not _in_one_word(url) and not urls.is_vcs(url):
            url = urls.quoted(url)
    except ValueError as error:
        raise UsageError(f"{origin}: {urls.shown(url)} is not a URL: {error}.") from error
    # It is written into a file for pip later, where a space or the end of a line would begin something else.
    if not _in_one_word(url):
        raise UsageError(
            f"{origin}: {urls.shown(url)} is not a URL: it holds a space or a control character.",
            "Write it in percent-encoding, a space as %20.",
        )
    return url


def _in_one_word(url: str) -> bool:
    return url.isprintable() and not any(char.isspace() for char in url)


def _direct(
    text: str,
    origin: Origin,
    url: str,
    extras: frozenset[NormalizedName],
    marker: Marker | None,
    hashes: Hashes | None,
) -> RequestedRequirement:
    """A bare URL or path: its name is in a wheel's file name, or in an ``#egg=`` fragment, or not known yet."""
    name: NormalizedName | None = None
    file_name = urls.file_name(url)
    if file_name.lower().endswith(".whl") and not urls.is_vcs(url):
        try:
            name = parse_wheel_filename(file_name)[0]
        except ValueError as error:
            raise UsageError(
                f"{origin}: {urls.shown(file_name)} is not the name of a wheel: {_reason(error)}",
                "A wheel is named NAME-VERSION-PYTHON-ABI-PLATFORM.whl.",
            ) from error
    else:
        egg = urls.fragment_value(url, "egg")
        if egg is not None:
            if not _PROJECT_NAME.fullmatch(egg):
                raise UsageError(
                    f"{origin}: #egg={urls.shown(egg)} is not the name of a project.",
                    "Extras are written before the URL: NAME[EXTRA] @ URL.",
                )
            name = canonicalize_name(egg)
    return RequestedRequirement(text, origin, name, extras, SpecifierSet(), marker, url, hashes, name or "")


def _hint(body: str) -> str:
    if os.path.isfile(body):
        return f"If {urls.shown(body)} is a requirements file, write -r before it."
    if "://" in body:
        return "A direct reference is written NAME @ URL, with no space in the URL."
    if os.path.sep in body:
        return f"It looks like a path, and there is no file or folder {urls.shown(body)}."
    if "=" in body and not any(operator in body for operator in _OPERATORS):
        return "= is not an operator; did you mean == ?"
    return "A requirement is a name with an optional version, such as flask>=3.0."


def _reason(error: Exception) -> str:
    """The first line of a parser's message; the drawing that points at the character follows in the others."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    first = str(error).partition("\n")[0]
    return f"{urls.brief(first).rstrip(':.')}."
