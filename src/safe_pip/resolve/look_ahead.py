"""Pages and metadata read before the resolver asks for them, beside it.

The resolver settles one package after another, and learns of the next only from the metadata of the last. Whoever waits
for each answer in turn waits for the longest chain of dependencies, twice over. So as soon as a name is seen, the file
that will most likely be chosen is looked up and its metadata read, and the names that stand there are seen in turn. A
guess that turns out wrong has cost a request; it never changes the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import partial

from packaging.requirements import InvalidRequirement
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.index.finder import Index
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.model import CoreMetadata, Request
from safe_pip.resolve.constraint import Constraint, both
from safe_pip.resolve.files import Files
from safe_pip.resolve.metadata import MetadataReader, Unreadable
from safe_pip.resolve.nodes import SpecifierNeed
from safe_pip.resolve.requirements import Markers, cached_requirement
from safe_pip.resolve.usable import Usable

_MOST_NAMES = 5_000
"""So many names are looked up ahead at most; whoever needs more waits for them."""


class LookAhead:
    """Sees names, and reads ahead what they will need. Safe to use from many threads.

    by_url: projects that are given by URL or path, which no index is
    to learn of.
    """

    def __init__(
        self,
        request: Request,
        index: Index,
        files: Files,
        reader: MetadataReader,
        markers: Markers,
        constraints: Mapping[NormalizedName, Constraint],
        by_url: frozenset[NormalizedName],
    ) -> None:
        self._request = request
        self._index = index
        self._files = files
        self._reader = reader
        self._markers = markers
        self._constraints = constraints
        self._by_url = by_url
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def see(self, need: SpecifierNeed) -> None:
        """Begin to read ahead for a need, unless that was done or what is installed will be kept."""
        selection = self._request.selection
        if need.project in self._by_url:
            return
        there = need.project in self._request.target.installed
        if there and not (selection.force_reinstall or selection.ignore_installed):
            return
        with self._lock:
            if need.name in self._seen or len(self._seen) >= _MOST_NAMES:
                return
            self._seen.add(need.name)
        self._index.submit(partial(self._look, need))

    def _look(self, need: SpecifierNeed) -> None:
        constraint = self._constraints.get(need.project)
        specifier = need.specifier & constraint.specifier if constraint else need.specifier
        hashes = both(constraint.hashes if constraint else None, need.hashes)
        offered: Iterable[Usable] = (
            self._files.choose(need.project, [specifier])
            if hashes is None
            else self._files.applicable(need.project, specifier, hashes)
        )
        best = next((item.file for item in offered if item.sound), None)
        if best is None:
            return
        if not best.is_wheel:
            self._reader.begin(best)
            return
        try:
            metadata = self._reader.read(best).metadata
        except (Unreadable, InvalidMetadata):
            return
        if not self._request.selection.no_deps:
            self._see_dependencies(metadata, need.extras)

    def _see_dependencies(self, metadata: CoreMetadata, extras: frozenset[NormalizedName]) -> None:
        for text in metadata.requires_dist:
            try:
                requirement = cached_requirement(text)
            except InvalidRequirement:
                continue
            # An extra needs what the project itself needs as well.
            if requirement.url is None and self._markers.holds(requirement.marker, {*extras, ""}):
                name = canonicalize_name(requirement.name)
                wanted = frozenset(map(canonicalize_name, requirement.extras))
                self.see(SpecifierNeed(name, wanted, requirement.specifier, text))
