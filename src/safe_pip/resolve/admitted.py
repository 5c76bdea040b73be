"""Which of a project's usable files specifiers admit when they are to hold together, pre-releases and yanked or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safe_pip.resolve.usable import Usable

_FEW = 200
"""So many questions to specifiers about single versions of a project are cheaper than all at once."""

Passes = Callable[[Usable], bool] | None
"""Whether a file may be chosen as far as others than specifiers say; None where all may."""


class _Admission(NamedTuple):
    """What a specifier says of a project's usable files.

    files: those it admits, pre-releases or not, as bits. pins: whether it pins a version. mentions: a pre-release.
    """

    specifier: SpecifierSet
    files: int
    pins: bool
    mentions: bool


class Admitted:
    """Which of a project's usable files specifiers admit.

    Mostly the newest version will do, and only it is looked at. When back-tracking, specifiers of a few kinds meet in
    ever new combinations: then each is asked once about each version, and its answer is kept as the bits of a number,
    bit 0 for the least preferred file, so that a combination is an "and" of numbers.
    """

    def __init__(self, usable: tuple[Usable, ...]) -> None:
        self._usable = usable
        self._by_specifier: dict[int, _Admission] = {}
        self._asked = 0

    def choose(
        self, specifiers: Sequence[SpecifierSet], gone: set[Version | None], passes: Passes, *, prereleases: bool | None
    ) -> Iterator[Usable]:
        """The files that all specifiers admit, the most preferred first and one by one.

        Yanked files are among them only where nothing else is left and a version is pinned (PEP 592). gone: versions
        that are left out when all that has been decided. prereleases: whether they are wanted; None where that is for
        the specifiers and for what there is to decide.
        """
        given = 0
        if not gone and self._is_lazy:
            mentioned = any(specifier.prereleases for specifier in specifiers)
            for item in self._newest(specifiers, prereleases=prereleases or (prereleases is None and mentioned)):
                if passes is None or passes(item):
                    given += 1
                    yield item
            # Where nothing was found, a pre-release or a yanked file may still do.
            if given and self._is_lazy:
                return
        yield from islice(self._choose_thoroughly(specifiers, gone, passes, prereleases=prereleases), given, None)

    def _choose_thoroughly(
        self, specifiers: Iterable[SpecifierSet], gone: set[Version | None], passes: Passes, *, prereleases: bool | None
    ) -> Iterator[Usable]:
        left, mentioned, pinned = self._every, False, False
        for specifier in specifiers:
            said = self._by(specifier)
            left &= said.files
            mentioned = mentioned or said.mentions
            pinned = pinned or said.pins
        if prereleases is False:
            left &= self._finals
        elif prereleases is None and not mentioned:
            left = self._some(left & self._finals, passes) or left
        sound = left & self._sound
        if not pinned or self._some(sound, passes):
            left = sound
        if gone:
            left &= self._without(gone)
        for item in self._each(left):
            if passes is None or passes(item):
                yield item

    def _newest(self, specifiers: Sequence[SpecifierSet], *, prereleases: bool) -> Iterator[Usable]:
        """The sound files that all specifiers admit, the most preferred first, until many had to be asked about.

        prereleases: whether those are wanted as well. Whether it has come to the end is told by ``_is_lazy``.
        """
        last: Version | None = None
        fits = False
        for item in reversed(self._usable):
            if not item.sound:
                return
            if item.version is not last:
                last = item.version
                if not self._is_lazy:
                    return
                self._asked += 1
                fits = (prereleases or not last.is_prerelease) and all(
                    specifier.contains(last, prereleases=True) for specifier in specifiers
                )
            if fits:
                yield item

    @property
    def _is_lazy(self) -> bool:
        """Whether it is still cheaper to ask about single versions."""
        return self._asked < _FEW

    @cached_property
    def _every(self) -> int:
        """All files."""
        return (1 << len(self._usable)) - 1

    @cached_property
    def _finals(self) -> int:
        """Those that are no pre-releases."""
        return self._bits({key for key, version in self._versions.items() if not version.is_prerelease})

    @cached_property
    def _sound(self) -> int:
        """Those that are not yanked."""
        return _bits([item.sound for item in self._usable])

    @cached_property
    def _keys(self) -> list[int]:
        return [id(item.version) for item in self._usable]

    @cached_property
    def _versions(self) -> dict[int, Version]:
        return {id(item.version): item.version for item in self._usable}

    @cached_property
    def _of_version(self) -> dict[Version, int]:
        found: dict[Version, int] = {}
        for place, item in enumerate(self._usable):
            found[item.version] = found.get(item.version, 0) | 1 << place
        return found

    def _by(self, specifier: SpecifierSet) -> _Admission:
        """What a specifier admits. It is kept as well, so that its identity stays its own."""
        kept = self._by_specifier.get(id(specifier))
        if kept is None:
            files = self._bits(set(map(id, specifier.filter(self._versions.values(), prereleases=True))))
            kept = _Admission(specifier, files, pins_version(specifier), bool(specifier.prereleases))
            self._by_specifier[id(specifier)] = kept
        return kept

    def _without(self, versions: Iterable[Version | None]) -> int:
        """All files but those of some versions."""
        gone = 0
        for version in versions:
            if version is not None:
                gone |= self._of_version.get(version, 0)
        return self._every & ~gone

    def _each(self, files: int) -> Iterator[Usable]:
        """The files that some bits stand for, the most preferred first."""
        while files:
            place = files.bit_length() - 1
            yield self._usable[place]
            files ^= 1 << place

    def _some(self, files: int, passes: Passes) -> int:
        """The same bits where at least one of them passes, else none."""
        if passes is None or any(passes(item) for item in self._each(files)):
            return files
        return 0

    def _bits(self, admitted: Collection[int]) -> int:
        return _bits([key in admitted for key in self._keys])


def pins_version(specifier: SpecifierSet) -> bool:
    """Whether it holds one version: == without a wildcard, or ===."""
    return any(
        item.operator == "===" or (item.operator == "==" and not item.version.endswith(".*")) for item in specifier
    )


def _bits(flags: Iterable[bool]) -> int:
    """A number whose bit 0 is the first flag."""
    return int("".join(["1" if flag else "0" for flag in flags])[::-1] or "0", 2)
