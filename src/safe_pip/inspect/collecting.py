"""What the files of one distribution show, collected one by one, be they in an archive or installed already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from safe_pip.facts import FileFacts, Hook, Native, Problem
from safe_pip.inspect.binaries import ENOUGH, native
from safe_pip.inspect.hooks import customizers, is_read_at_start, namespaces_in, paths_in
from safe_pip.inspect.namespaces import is_namespace, may_be_namespace
from safe_pip.inspect.places import is_code, top_level
from safe_pip.inspect.record import Row, hashers
from safe_pip.model import CoreMetadata

MOST_PROBLEMS = 100
"""Of one code that are told of one file."""
NAMESPACE = "namespace"
"""Stands for the content of an ``__init__.py`` that does no more than make a namespace package."""
LARGEST_HELD = 1_000_000
"""Bytes of a file that is held as a whole."""

_LARGEST_NAMESPACE = 4_096
_MOST_PARSED = 1_000


class Content(NamedTuple):
    """What was read of a file.

    digests: in hexadecimal, by algorithm, sha256 among them. start: how it begins. data: all of it, None where it was
    not to be held.
    """

    digests: dict[str, str]
    start: bytes
    data: bytes | None


def read(pieces: Iterable[bytes], row: Row | None, *, hold: bool) -> Content:
    """Read a file. row: what RECORD says of it, whose kind of digest is taken as well."""
    digests = [hashlib.new(algorithm, usedforsecurity=False) for algorithm in hashers(row)]
    start, held = b"", []
    for piece in pieces:
        for digest in digests:
            digest.update(piece)
        if len(start) < ENOUGH:
            start += piece[: ENOUGH - len(start)]
        if hold:
            held.append(piece)
    return Content({digest.name: digest.hexdigest() for digest in digests}, start, b"".join(held) if hold else None)


def holds(path: str, size: int) -> bool:
    """Whether a file below site-packages is to be held as a whole: one that is read at the start, or small."""
    may_be_namespace = path.endswith("/__init__.py") and size <= _LARGEST_NAMESPACE
    return size <= LARGEST_HELD and (is_read_at_start(path) or may_be_namespace)


def few(problems: Iterable[Problem]) -> Iterator[Problem]:
    """No more than so many of each code."""
    counts: dict[str, int] = {}
    for problem in problems:
        counts[problem.code] = counts.get(problem.code, 0) + 1
        if counts[problem.code] <= MOST_PROBLEMS:
            yield problem


@dataclass
class Collector:
    """What was found so far, see FileFacts. hooks_in: the hooks in a file that is read at the start.

    here: every path below site-packages.
    """

    hooks_in: Callable[[str, bytes], Iterable[Hook]]
    problems: list[Problem] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    namespaces: list[tuple[str, Hook]] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    library: list[str] = field(default_factory=list)
    added: set[str] = field(default_factory=set)
    here: set[str] = field(default_factory=set)
    scripts: set[str] = field(default_factory=set)
    native: list[Native] = field(default_factory=list)
    _parsed: int = 0

    def add(self, path: str, content: Content, sha256: str = "") -> None:
        """Take a file below site-packages into account. sha256: that counts as its own, where it is another's now."""
        self.here.add(path)
        if not is_code(path):
            return
        self.code[path] = NAMESPACE if self._is_namespace(path, content) else sha256 or content.digests["sha256"]
        if not is_read_at_start(path):
            return
        if content.data is None:
            self.hooks.append(Hook(path, content.digests["sha256"]))
            return
        self.hooks += self.hooks_in(path, content.data)
        self.namespaces += namespaces_in(path, content.data)
        if path.endswith(".pth"):
            self.added.update(paths_in(content.data))

    def add_native(self, path: str, content: Content) -> None:
        """Take into account that a file may be native code. path: as it is to be told."""
        if found := native(content.start):
            self.native.append(Native(path, *found))

    def facts(self, *, pure: bool, metadata: CoreMetadata | None = None, unreadable: str = "") -> FileFacts:
        """All of it, with what can be told only now. pure, metadata, unreadable: see FileFacts."""
        return FileFacts(
            problems=tuple(few(self.problems)),
            hooks=(*self.hooks, *customizers(self.code, self.added), *self._added_archives()),
            namespaces=tuple(self.namespaces),
            top_level=tuple(sorted({top for path in self.code if (top := top_level(path))})),
            code=self.code,
            added=tuple(sorted(self.added)),
            library=tuple(self.library),
            scripts=tuple(sorted(self.scripts)),
            native=tuple(self.native),
            pure=pure,
            metadata=metadata,
            unreadable=unreadable,
        )

    def _is_namespace(self, path: str, content: Content) -> bool:
        """Whether it makes a namespace package; of no more modules than can be parsed in no time."""
        data = content.data
        if data is None or not path.endswith("/__init__.py") or not may_be_namespace(data):
            return False
        self._parsed += 1
        return self._parsed <= _MOST_PARSED and is_namespace(data)

    def _added_archives(self) -> Iterator[Hook]:
        """Archives that ``.pth`` files add to where modules are looked for; they may hold a sitecustomize."""
        for added in sorted(self.added):
            parts = added.split("/")
            for end in range(1, len(parts) + 1):
                if (path := "/".join(parts[:end])) in self.here:
                    yield Hook(path, "", f"a .pth file adds it to where modules are looked for: {added}")
                    break
