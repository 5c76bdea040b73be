"""Requirements files: text, nested files and option lines, by pip's rules (req/req_file.py)."""

from __future__ import annotations

import codecs
import itertools
import locale
import os
import re
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from safe_pip import urls
from safe_pip.errors import FetchError, UnsupportedOption, UsageError
from safe_pip.model import Origin
from safe_pip.request.line_options import parse_line
from safe_pip.request.places import Fetch, is_url, read_bytes, reason_of
from safe_pip.request.values import ControlBuilder, Values

# What stands before it is stripped later; to match it here would take quadratic time on a long run of spaces.
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Bounds that no honest file comes near: characters of one line (splitting one into words takes quadratic time), files
# inside files, and files read in all.
_LONGEST_LINE = 100_000
_DEEPEST = 100
_MOST_FILES = 10_000


class Line(NamedTuple):
    """One line that asks for something: a requirement (with its options), or options alone."""

    requirement: str
    values: Values
    origin: Origin
    constraint: bool


@dataclass(frozen=True)
class RequirementsReader:
    """Reads requirements and constraints files, following ``-r`` and ``-c`` lines.

    fetch: reads remote files. environ: for ``${NAME}``. formats, releases: the controls that option lines change.
    opened: counts the files that others include. editable: whether ``-e`` lines are taken.
    within: the folder that files on this machine which others include have to lie in, empty for anywhere.
    """

    fetch: Fetch
    environ: Mapping[str, str]
    formats: ControlBuilder
    releases: ControlBuilder
    opened: Iterator[int] = field(default_factory=itertools.count)
    editable: bool = False
    within: str = ""

    def read(self, name: str, *, constraint: bool = False) -> Iterator[Line]:
        """The lines of a file (path or URL) and of the files it names, in order. Raises UsageError."""
        place = name if is_url(name) else os.path.abspath(name)
        yield from self._read(name, constraint=constraint, chain=(place,))

    def _read(
        self, name: str, *, constraint: bool, chain: tuple[str, ...], included_by: Origin | None = None
    ) -> Iterator[Line]:
        shown = _shown(name)
        for number, text in _lines(self._text(name, constraint, included_by), self.environ):
            origin = Origin(shown, number)
            if len(text) > _LONGEST_LINE:
                raise UsageError(f"{origin}: {urls.shown(text)} is longer than {_LONGEST_LINE:,} characters.")
            try:
                requirement, values = parse_line(
                    text, formats=self.formats, releases=self.releases, editable=self.editable
                )
            except UnsupportedOption as error:
                raise UnsupportedOption(error.option, error.reason, str(origin)) from error
            except UsageError as error:
                raise UsageError(f"{origin}: {urls.shown(text)} cannot be read: {error.message}", error.hint) from error
            nested = values.texts("requirement_files") or values.texts("constraint_files")
            if requirement or not nested:
                yield Line(requirement, values, origin, constraint)
                continue
            path = self._nested(name, nested[0], origin, chain)
            is_constraint = not values.texts("requirement_files")
            yield from self._read(path, constraint=is_constraint, chain=(*chain, path), included_by=origin)

    def _nested(self, name: str, nested: str, origin: Origin, chain: tuple[str, ...]) -> str:
        """The place of a nested file, relative to the file that names it."""
        try:
            if is_url(name):
                path = urllib.parse.urljoin(name, nested)
            elif is_url(nested):
                path = nested
            else:
                path = os.path.abspath(os.path.join(os.path.dirname(name), nested))
        except ValueError as error:
            raise UsageError(f"{origin}: {urls.shown(nested)} is not a URL: {error}.") from error
        try:
            outside = bool(self.within) and not self._is_within(path)
        except ValueError as error:
            raise UsageError(
                f"{origin}: {urls.shown(nested)} cannot be read: {reason_of(error)}.", "Check the path after -r or -c."
            ) from error
        if outside:
            raise UsageError(
                f"{origin}: {urls.shown(nested)} lies outside {urls.shown(self.within)}, and was not read.",
                "Name the file itself with -r, or search from a folder further up.",
            )
        if path in chain:
            raise UsageError(f"{origin}: the file {urls.shown(nested)} includes itself.", "Take out one of the lines.")
        if len(chain) >= _DEEPEST or next(self.opened) >= _MOST_FILES:
            raise UsageError(
                f"{origin}: {urls.shown(nested)} is not read: too many files include each other.",
                f"No more than {_DEEPEST} may stand inside each other, and {_MOST_FILES:,} in all.",
            )
        return path

    def _is_within(self, path: str) -> bool:
        """Whether a file is in the folder where files have to be, wherever links lead; a remote one is nowhere here.

        Raises ValueError for what no file can be called.
        """
        if is_url(path):
            if not path.lower().startswith("file:"):
                return True
            path = urls.url_to_path(path)
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.within))

    def _text(self, name: str, constraint: bool, included_by: Origin | None) -> str:
        """What a file says. Raises UsageError naming it, and the line that includes it."""
        kind = "constraints" if constraint else "requirements"
        what = f"{included_by}: the {kind} file" if included_by else f"The {kind} file"
        try:
            return _decode(read_bytes(name, self.fetch))
        except FetchError as error:
            reason, hint = error.reason, error.hint
            cause: Exception = error
        except (UnicodeError, LookupError) as error:
            reason, cause = f"it is not text that can be read ({error})", error
            hint = "Save it as UTF-8, or name its encoding in the first line: # -*- coding: NAME -*-"
        except (OSError, ValueError) as error:
            reason, hint, cause = reason_of(error), "Check the path after -r or -c.", error
        raise UsageError(f"{what} {urls.redacted(name)} cannot be read: {urls.redacted(reason)}.", hint) from cause


def _shown(name: str) -> str:
    """The name of a file for people: without credentials, and relative where it lies below the current folder."""
    if is_url(name) or not os.path.isabs(name):
        return urls.redacted(name)
    relative = os.path.relpath(name)
    return name if relative.startswith(os.pardir) else relative


def _decode(data: bytes) -> str:
    """Text by byte order mark, else by a PEP 263 comment in the first two lines, else UTF-8, else the locale's.

    Raises UnicodeError, and LookupError for an encoding that is not known.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    for line in data.split(b"\n")[:2]:
        found = _CODING.search(line) if line.startswith(b"#") else None
        if found:
            return data.decode(found[1].decode("ascii"))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(locale.getpreferredencoding(False) or sys.getdefaultencoding())


def _lines(content: str, environ: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """The lines that say something, with the number each begins at: joined, without comments, expanded."""
    for number, line in _join(content.splitlines()):
        text = _COMMENT.sub("", line).strip()
        if text:
            for name in dict.fromkeys(_VARIABLE.findall(text)):
                text = text.replace(f"${{{name}}}", environ.get(name) or f"${{{name}}}")
            yield number, text


def _join(lines: list[str]) -> Iterator[tuple[int, str]]:
    r"""Join lines that end in ``\`` with the next; a comment ends the joining. Each takes its first line's number."""
    start = 0
    parts: list[str] = []
    for number, line in enumerate(lines, start=1):
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            start = start if parts else number
            parts.append(line.strip("\\"))
            continue
        # A space before a comment line lets it be recognised after what it is joined to.
        text = f" {line}" if is_comment else line
        if parts:
            yield start, "".join([*parts, text])
            parts = []
        else:
            yield number, text
    if parts:
        yield start, "".join(parts)
