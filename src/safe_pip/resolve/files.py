"""The usable files of each project, and which of them may be chosen: pip's rules, one project at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from packaging.specifiers import SpecifierSet
from packaging.utils import BuildTag, NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.errors import ResolutionError
from safe_pip.index.finder import Index, Part
from safe_pip.index.once import OnceEach
from safe_pip.model import Hashes, Locked, PassedOver, Selection, Target
from safe_pip.resolve.admitted import Admitted, Passes
from safe_pip.resolve.evaluator import Evaluator
from safe_pip.resolve.remembered import Remembered
from safe_pip.resolve.usable import Found, Skipped, Usable

Avoids = Callable[[NormalizedName, Usable], PassedOver | None]
"""Why a usable file is avoided; None where it is not."""
Tell = Callable[[NormalizedName, Usable, PassedOver], None]
"""Hears of a file that was looked at and is avoided."""


class Files:
    """The usable files of each project, evaluated once. ``avoids``: says which count as not there, None for none.

    Source: pip's index/package_finder.py (CandidateEvaluator).
    """

    def __init__(
        self, index: Index, target: Target, selection: Selection, locked: Mapping[NormalizedName, Locked] | None = None
    ) -> None:
        self._index = index
        self._locked = locked or {}
        self._selection = selection
        self._evaluator = Evaluator(target, selection)
        self._remembered = Remembered(index.cache, target, selection)
        index.reader.recall = self._remembered.recall
        self._found = OnceEach(self._find)
        self.avoids: Avoids | None = None
        self._applicable: dict[tuple[NormalizedName, SpecifierSet, Hashes | None], tuple[Usable, ...]] = {}
        self._admitted: dict[NormalizedName, Admitted] = {}

    def found(self, name: NormalizedName) -> Found:
        """Everything offered for a project, evaluated for the target."""
        return self._found.result(name)

    def _find(self, name: NormalizedName) -> Found:
        if name in self._locked:
            return self._find_locked(name, self._locked[name])
        project = self._index.project(name)
        usable: list[Usable] = []
        for part in project.parts:
            usable += self._of_part(name, part) if part.recalled is None else part.recalled
        # Versions are compared once each, and then by their places.
        distinct = {id(item.version): item.version for item in usable}
        order = {version: place for place, version in enumerate(sorted(set(distinct.values())))}
        places = {key: order[version] for key, version in distinct.items()}
        usable.sort(key=lambda item: self._preference(item, places[id(item.version)]))
        self._index.let_go(name)
        return Found(tuple(usable), project.unchecked, partial(self._skipped, name))

    def _of_part(self, name: NormalizedName, part: Part) -> list[Usable]:
        """The files of one place that fit, in its order; of a long page it is kept which they are."""
        places, found = self._evaluator.usable(name, part.files)
        self._remembered.keep(part, places, found)
        return found

    def _skipped(self, name: NormalizedName) -> tuple[Skipped, ...]:
        return self._evaluator.skipped(name, self._index.project(name).files)

    def _find_locked(self, name: NormalizedName, locked: Locked) -> Found:
        """The one file that a lock file names; no index is asked. Raises ResolutionError where it cannot be used."""
        outcome = self._evaluator.evaluate(name, locked.file)
        if isinstance(outcome, Usable):
            return Found((outcome,), (), tuple)
        reason = outcome.reason if outcome is not None else "it is not a file of this project"
        raise ResolutionError(
            f"{locked.origin}: its file {urls.redacted(locked.file.filename)} cannot be used: {reason}.",
            "Change the option that rules it out, or lock again.",
        )

    def applicable(
        self, name: NormalizedName, specifier: SpecifierSet, hashes: Hashes | None, tell: Tell | None = None
    ) -> tuple[Usable, ...]:
        """The files that a specifier and hashes admit, the most preferred first.

        tell: told of each that is avoided. Pre-releases are decided once, over all files and the merged specifier.
        Where at least one file has an allowed hash, files with only other hashes are dropped (package_finder.py,
        filter_unallowed_hashes).
        """
        key = (name, specifier, hashes)
        usable = self.found(name).usable
        passes = self._passes(name, tell)
        if passes is not None:
            usable = tuple(
                item for item in reversed(usable) if specifier.contains(item.version, prereleases=True) and passes(item)
            )[::-1]
        if key not in self._applicable:
            allowed = self._selection.releases.allows_prereleases(name)
            # Files of one version share one object, so each version is judged once.
            versions = {id(item.version): item.version for item in usable}
            admitted = set(map(id, specifier.filter(versions.values(), prereleases=allowed)))
            chosen = [item for item in usable if id(item.version) in admitted]
            if hashes is not None:
                if any(item.file.hashes & hashes for item in chosen):
                    chosen = [item for item in chosen if not item.file.hashes or item.file.hashes & hashes]
                chosen.sort(key=lambda item: (bool(item.file.hashes & hashes), *self._preference(item, item.version)))
            self._applicable[key] = tuple(reversed(chosen))
        return self._applicable[key]

    def choose(
        self,
        name: NormalizedName,
        specifiers: Iterable[SpecifierSet],
        without: Iterable[Version | None] = (),
        tell: Tell | None = None,
    ) -> Iterator[Usable]:
        """What ``applicable`` gives for specifiers that are to hold together, without hashes, and one by one.

        Yanked files are among them only where nothing else is left and a version is pinned (PEP 592). without: versions
        that are left out when all that has been decided. tell: told of each file that is looked at and avoided, which
        counts as not there.
        """
        admitted = self._admitted.get(name)
        if admitted is None:
            admitted = self._admitted[name] = Admitted(self.found(name).usable)
        allowed = self._selection.releases.allows_prereleases(name)
        asked = [specifier for specifier in specifiers if len(specifier)]
        return admitted.choose(asked, set(without), self._passes(name, tell), prereleases=allowed)

    def _passes(self, name: NormalizedName, tell: Tell | None) -> Passes:
        """Whether a file of a project is not avoided; None where nothing is. What a lock file names is only judged."""
        avoids = self.avoids
        if avoids is None or name in self._locked:
            return None

        def passes(item: Usable) -> bool:
            passed = avoids(name, item)
            if passed is not None and tell is not None:
                tell(name, item, passed)
            return passed is None

        return passes

    def avoided(self, name: NormalizedName) -> dict[Version, PassedOver]:
        """The versions of which every usable file is avoided, the newest first; every one is asked about."""
        avoids = self.avoids
        if avoids is None or name in self._locked:
            return {}
        found: dict[Version, PassedOver] = {}
        passing: set[Version] = set()
        for item in reversed(self.found(name).usable):
            passed = avoids(name, item)
            if passed is None:
                passing.add(item.version)
            else:
                found.setdefault(item.version, passed)
        return {version: found[version] for version in sorted(found, reverse=True) if version not in passing}

    def supports(self, filename: str) -> bool:
        """Whether a wheel's tags fit the target."""
        return self._evaluator.supports(filename)

    def _preference(self, item: Usable, version: Version | int) -> tuple[bool, bool, Version | int, int, BuildTag]:
        """The sort key of a file. version: it, or its place among all versions that are compared."""
        return (
            item.sound,
            self._selection.prefer_binary and item.is_wheel,
            version,
            -item.rank,
            item.build,
        )
