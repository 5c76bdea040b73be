"""Which of the files offered may be chosen for a target, and which is preferred: pip's rules, one project at a time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple, overload

from packaging.specifiers import SpecifierSet
from packaging.utils import BuildTag, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

import safe_pip
from safe_pip import urls
from safe_pip.errors import IncompleteError, ResolutionError
from safe_pip.index.finder import Index, Part
from safe_pip.index.listing import Listing
from safe_pip.index.once import OnceEach
from safe_pip.inspect.sdist import sdist_stem
from safe_pip.model import DistributionFile, Hashes, Locked, PassedOver, Selection, Target, Unchecked

_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?:[._][A-Za-z0-9]+)*")
_PYTHON_SUFFIX = re.compile(r"-py([123]\.?[0-9]?)$")

cached_version = lru_cache(maxsize=200_000)(Version)
cached_canonical = lru_cache(maxsize=50_000)(canonicalize_name)

_NO_BINARY = "its wheels are ruled out by --no-binary"
_ONLY_BINARY = "its source archives are ruled out by --only-binary"

_LONG_PAGE = 20
"""Of a page with so many links it is kept which files fit."""

# A file name that stands for more tags than this is made to keep its reader busy.
_MOST_TAGS = 10_000


class Usable:
    """A file that fits the target, made when it is looked at, since most never are.

    rank: the place of its best tag, the smaller the better. sound: whether it is not yanked.
    """

    __slots__ = ("_file", "_make", "build", "is_wheel", "rank", "sound", "version")

    def __init__(
        self,
        version: Version,
        make: Callable[[], DistributionFile],
        rank: int,
        build: BuildTag,
        *,
        sound: bool,
        is_wheel: bool,
    ) -> None:
        self.version = version
        self.rank = rank
        self.build = build
        self.sound = sound
        self.is_wheel = is_wheel
        self._make = make
        self._file: DistributionFile | None = None

    @property
    def file(self) -> DistributionFile:
        """The file, the same one each time."""
        if self._file is None:
            self._file = self._make()
        return self._file


Avoids = Callable[[NormalizedName, Usable], PassedOver | None]
"""Why a usable file is avoided; None where it is not."""
Tell = Callable[[NormalizedName, Usable, PassedOver], None]
"""Hears of a file that was looked at and is avoided."""


class Skipped(NamedTuple):
    """A file that does not fit, and why, for explanations: code and a few words.

    requires_python, tags, option: what of the file or the request does not fit, where it is one of these.
    """

    version: str
    code: str
    reason: str
    requires_python: str = ""
    tags: str = ""
    option: str = ""


_OTHER_TAGS = Skipped("", "tags", "")


class Found:
    """What one project has to offer: usable files from the least to the most preferred, and the others.

    Why the others are not usable is worked out when it is asked for, which is when there is a failure to explain.
    """

    def __init__(
        self, usable: tuple[Usable, ...], unchecked: tuple[Unchecked, ...], skip: Callable[[], tuple[Skipped, ...]]
    ) -> None:
        self.usable = usable
        self.unchecked = unchecked
        self._skip = skip

    @cached_property
    def skipped(self) -> tuple[Skipped, ...]:
        """The files that do not fit, in the order of the pages."""
        return self._skip()


class _Fit(NamedTuple):
    """What a file's name says of a file that may be usable."""

    version: Version
    rank: int
    build: BuildTag


class _Admission(NamedTuple):
    """What a specifier says of a project's usable files.

    files: those it admits, pre-releases or not, as bits. pins: whether it pins a version. mentions: a pre-release.
    """

    specifier: SpecifierSet
    files: int
    pins: bool
    mentions: bool


_FEW = 200
"""So many questions to specifiers about single versions of a project are cheaper than all at once."""


class _Admitted:
    """Which of a project's usable files specifiers admit.

    Mostly the newest version will do, and only it is looked at. When back-tracking, specifiers of a few kinds meet in
    ever new combinations: then each is asked once about each version, and its answer is kept as the bits of a number,
    bit 0 for the least preferred file, so that a combination is an "and" of numbers.
    """

    def __init__(self, usable: tuple[Usable, ...]) -> None:
        self.usable = usable
        self._by_specifier: dict[int, _Admission] = {}
        self._asked = 0

    def newest(self, specifiers: Sequence[SpecifierSet], *, prereleases: bool) -> Iterator[Usable]:
        """The sound files that all specifiers admit, the most preferred first, until many had to be asked about.

        prereleases: whether those are wanted as well. Whether it has come to the end is told by ``is_lazy``.
        """
        last: Version | None = None
        fits = False
        for item in reversed(self.usable):
            if not item.sound:
                return
            if item.version is not last:
                last = item.version
                if not self.is_lazy:
                    return
                self._asked += 1
                fits = (prereleases or not last.is_prerelease) and all(
                    specifier.contains(last, prereleases=True) for specifier in specifiers
                )
            if fits:
                yield item

    @property
    def is_lazy(self) -> bool:
        """Whether it is still cheaper to ask about single versions."""
        return self._asked < _FEW

    @cached_property
    def every(self) -> int:
        """All files."""
        return (1 << len(self.usable)) - 1

    @cached_property
    def finals(self) -> int:
        """Those that are no pre-releases."""
        return self._bits({key for key, version in self._versions.items() if not version.is_prerelease})

    @cached_property
    def sound(self) -> int:
        """Those that are not yanked."""
        return _bits([item.sound for item in self.usable])

    @cached_property
    def _keys(self) -> list[int]:
        return [id(item.version) for item in self.usable]

    @cached_property
    def _versions(self) -> dict[int, Version]:
        return {id(item.version): item.version for item in self.usable}

    @cached_property
    def _of_version(self) -> dict[Version, int]:
        found: dict[Version, int] = {}
        for place, item in enumerate(self.usable):
            found[item.version] = found.get(item.version, 0) | 1 << place
        return found

    def by(self, specifier: SpecifierSet) -> _Admission:
        """What a specifier admits. It is kept as well, so that its identity stays its own."""
        kept = self._by_specifier.get(id(specifier))
        if kept is None:
            files = self._bits(set(map(id, specifier.filter(self._versions.values(), prereleases=True))))
            kept = _Admission(specifier, files, pins_version(specifier), bool(specifier.prereleases))
            self._by_specifier[id(specifier)] = kept
        return kept

    def without(self, versions: Iterable[Version | None]) -> int:
        """All files but those of some versions."""
        gone = 0
        for version in versions:
            if version is not None:
                gone |= self._of_version.get(version, 0)
        return self.every & ~gone

    def each(self, files: int) -> Iterator[Usable]:
        """The files that some bits stand for, the most preferred first."""
        while files:
            place = files.bit_length() - 1
            yield self.usable[place]
            files ^= 1 << place

    def some(self, files: int, passes: Callable[[Usable], bool] | None) -> int:
        """The same bits where at least one of them passes, else none."""
        if passes is None or any(passes(item) for item in self.each(files)):
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


class Files:
    """The usable files of each project, evaluated once. ``avoids``: says which count as not there, None for none.

    Source: pip's index/package_finder.py (LinkEvaluator, CandidateEvaluator), and for wheels models/wheel.py.
    """

    def __init__(
        self, index: Index, target: Target, selection: Selection, locked: Mapping[NormalizedName, Locked] | None = None
    ) -> None:
        self._index = index
        self._locked = locked or {}
        self._target = target
        self._selection = selection
        self._ranks: Mapping[str, int] = {tag: rank for rank, tag in reversed(list(enumerate(target.tags)))}
        self._python = Version(".".join(map(str, target.version_info)))
        self._python_short = ".".join(map(str, target.version_info[:2]))
        self._found = OnceEach(self._find)
        self.avoids: Avoids | None = None
        self._kept_by = _what_decides(target, selection)
        index.reader.recall = self._recall
        self._applicable: dict[tuple[NormalizedName, SpecifierSet, Hashes | None], tuple[Usable, ...]] = {}
        self._admitted: dict[NormalizedName, _Admitted] = {}
        self._platforms = frozenset(tag.rpartition("-")[2] for tag in target.tags)
        self._tag_rank = lru_cache(maxsize=10_000)(self._best_rank)
        self._rank = lru_cache(maxsize=10_000)(self._rank_of_pieces)
        self._platform_fits = lru_cache(maxsize=10_000)(self._fits_platform)
        self._python_fits = lru_cache(maxsize=1_000)(self._fits_requires_python)

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
        places, found = self._usable(name, part.files)
        if part.identity and self._kept_by and len(part.files) >= _LONG_PAGE:
            columns = part.files.columns(places)
            if columns is not None:
                self._index.cache.keep_usable(self._key(part.place, part.identity), _as_columns(found, columns))
        return found

    def _recall(self, place: str, identity: str) -> list[Usable] | None:
        """What ``_of_part`` has kept; None where nothing is kept that makes sense."""
        kept = self._index.cache.usable(self._key(place, identity)) if self._kept_by else None
        try:
            return None if kept is None else _from_columns(kept, len(self._target.tags))
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    def _key(self, place: str, identity: str) -> str:
        return f"{self._kept_by} {identity} {place}"

    def _usable(self, name: NormalizedName, files: Listing) -> tuple[list[int], list[Usable]]:
        """The files that fit, and their places, in the order of the pages."""
        formats = self._selection.formats.allowed(name)
        # Where nothing but its name and these decides, a file is not made to look at it.
        by_traits = self._selection.uploaded_before is None
        found: list[Usable] = []
        places: list[int] = []
        for place, filename in enumerate(files.names):
            is_wheel = filename.endswith(".whl")
            # Most files of a large project are wheels for other platforms, so they are put aside first.
            if is_wheel and not self._platform_fits(filename[filename.rfind("-") + 1 :]):
                continue
            if not by_traits or (not is_wheel and filename.endswith(".zip")):
                outcome = self._evaluate(name, filename, partial(files.__getitem__, place), formats)
                if isinstance(outcome, Usable):
                    found.append(outcome)
                    places.append(place)
                continue
            fit: _Fit | Skipped | None = None
            if is_wheel and "binary" in formats:
                fit = self._plain_fit(name, filename)
            if fit is None:
                fit = self._judge_name(name, filename, formats)
            if isinstance(fit, _Fit):
                traits = files.traits(place)
                if traits.requires_python is None or self._python_fits(traits.requires_python):
                    found.append(
                        Usable(
                            fit.version,
                            files.entry(place),
                            fit.rank,
                            fit.build,
                            sound=traits.yanked is None,
                            is_wheel=fit.rank < len(self._target.tags),
                        )
                    )
                    places.append(place)
        return places, found

    def _plain_fit(self, name: NormalizedName, filename: str) -> _Fit | Skipped | None:
        """What ``_judge_name`` says of a wheel whose name is a plain name, a version and tags; None for any other.

        Of a wheel whose tags do not fit it says no more than that.
        """
        pieces = filename.rsplit("-", 3)
        spelling, dash, version = pieces[0].partition("-")
        if len(pieces) != 4 or not dash or "-" in version or not _is_plainly(name, spelling):
            return None
        rank = self._rank(pieces[1], pieces[2], pieces[3])
        if rank is None:
            return _OTHER_TAGS
        try:
            return _Fit(cached_version(version), rank, ())
        except ValueError:
            return None

    def _skipped(self, name: NormalizedName) -> tuple[Skipped, ...]:
        files = self._index.project(name).files
        formats = self._selection.formats.allowed(name)
        found: list[Skipped] = []
        for place, filename in enumerate(files.names):
            outcome = self._evaluate(name, filename, partial(files.__getitem__, place), formats)
            if isinstance(outcome, Skipped):
                found.append(outcome)
        return tuple(found)

    def _find_locked(self, name: NormalizedName, locked: Locked) -> Found:
        """The one file that a lock file names; no index is asked. Raises ResolutionError where it cannot be used."""
        formats = self._selection.formats.allowed(name)
        outcome = self._evaluate(name, locked.file.filename, lambda: locked.file, formats)
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
            admitted = self._admitted[name] = _Admitted(self.found(name).usable)
        allowed = self._selection.releases.allows_prereleases(name)
        asked = [specifier for specifier in specifiers if len(specifier)]
        gone = set(without)
        passes = self._passes(name, tell)
        if not gone and admitted.is_lazy:
            mentioned = any(specifier.prereleases for specifier in asked)
            given = 0
            for item in admitted.newest(asked, prereleases=allowed or (allowed is None and mentioned)):
                if passes is None or passes(item):
                    given += 1
                    yield item
            # Where nothing was found, a pre-release or a yanked file may still do.
            if given and admitted.is_lazy:
                return
        else:
            given = 0
        yield from islice(self._choose_thoroughly(admitted, asked, gone, passes, allowed=allowed), given, None)

    def _choose_thoroughly(
        self,
        admitted: _Admitted,
        specifiers: Iterable[SpecifierSet],
        gone: set[Version | None],
        passes: Callable[[Usable], bool] | None,
        *,
        allowed: bool | None,
    ) -> Iterator[Usable]:
        left, mentioned, pinned = admitted.every, False, False
        for specifier in specifiers:
            said = admitted.by(specifier)
            left &= said.files
            mentioned = mentioned or said.mentions
            pinned = pinned or said.pins
        if allowed is False:
            left &= admitted.finals
        elif allowed is None and not mentioned:
            left = admitted.some(left & admitted.finals, passes) or left
        sound = left & admitted.sound
        if not pinned or admitted.some(sound, passes):
            left = sound
        if gone:
            left &= admitted.without(gone)
        for item in admitted.each(left):
            if passes is None or passes(item):
                yield item

    def _passes(self, name: NormalizedName, tell: Tell | None) -> Callable[[Usable], bool] | None:
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
        return self._tag_rank(_tag_text(filename)) is not None

    def _preference(self, item: Usable, version: Version | int) -> tuple[bool, bool, Version | int, int, BuildTag]:
        """The sort key of a file. version: it, or its place among all versions that are compared."""
        return (
            item.sound,
            self._selection.prefer_binary and item.is_wheel,
            version,
            -item.rank,
            item.build,
        )

    def _evaluate(
        self, name: NormalizedName, filename: str, file: Callable[[], DistributionFile], formats: Collection[str]
    ) -> Usable | Skipped | None:
        """Judge a file as pip's LinkEvaluator does, in its order. None: it is not about this project at all."""
        judged = self._judge_name(name, filename, formats)
        # Of source archives pip looks at the time first of all, of wheels when their names have been found to fit.
        if self._selection.uploaded_before is not None and (
            isinstance(judged, _Fit) or filename.endswith(urls.ARCHIVE_EXTENSIONS)
        ):
            made = file()
            if self._is_too_new(made):
                if judged is None:
                    return None
                option = "--uploaded-prior-to"
                return Skipped(str(judged.version), "upload-time", self._too_new(made), option=option)
        if not isinstance(judged, _Fit):
            return judged
        made = file()
        unfit = self._judge_file(judged, made)
        if unfit is not None:
            return unfit
        return Usable(
            judged.version,
            lambda: made,
            judged.rank,
            judged.build,
            sound=made.yanked is None,
            is_wheel=made.is_wheel,
        )

    def _judge_name(self, name: NormalizedName, filename: str, formats: Collection[str]) -> _Fit | Skipped | None:
        """Judge what a file's name says. None: it is not about this project at all."""
        if filename.lower().endswith(".whl"):
            if cached_canonical(filename.partition("-")[0]) != name:
                return None
            if "binary" not in formats:
                return Skipped(_wheel_version(filename), "format", _NO_BINARY, option="--no-binary")
            tags = _tag_text(filename)
            best = self._tag_rank(tags)
            if best is None:
                return Skipped(_wheel_version(filename), "tags", f"the wheel is for {tags}", tags=tags)
            try:
                version, build = _wheel_parts(filename)
            except ValueError as error:
                return Skipped(_wheel_version(filename), "filename", str(error))
            return _Fit(version, best, build)
        # pip knows these extensions in small letters only.
        if not filename.endswith(urls.ARCHIVE_EXTENSIONS):
            return None
        text = _sdist_version(sdist_stem(filename), name)
        if text is None:
            return None
        if "source" not in formats:
            return Skipped(text, "format", _ONLY_BINARY, option="--only-binary")
        suffix = _PYTHON_SUFFIX.search(text)
        if suffix:
            text = text[: suffix.start()]
            if suffix[1] != self._python_short:
                return Skipped(text, "python", f"the archive is for Python {suffix[1]}")
        try:
            return _Fit(cached_version(text), len(self._target.tags), ())
        except ValueError:
            return Skipped(text, "version", "its number is not one of PEP 440")

    def _judge_file(self, fit: _Fit, file: DistributionFile) -> Skipped | None:
        """Judge the rest of a file whose name fits; None: it is usable."""
        if "macosx10" in file.url and file.filename.endswith(".zip"):
            return Skipped(str(fit.version), "platform", "the archive is for macOS 10")
        wanted = file.requires_python
        if wanted and not self._python_fits(wanted):
            return Skipped(str(fit.version), "python", f"it requires Python {wanted}", requires_python=wanted)
        return None

    def _is_too_new(self, file: DistributionFile) -> bool:
        """Whether a file was uploaded too late for ``--uploaded-prior-to``; of files on this machine it is not asked.

        Raises IncompleteError where its index does not say when that was: pip goes no further then, either.
        """
        before = self._selection.uploaded_before
        if before is None or file.is_local:
            return False
        if file.upload_time is None:
            raise IncompleteError(
                f"{urls.redacted(file.listed_on or file.url)} does not say when {file.filename} was uploaded, and "
                "--uploaded-prior-to asks for that.",
                "Use an index that gives upload times (PEP 700), or leave the option out.",
            )
        return file.upload_time >= before

    def _too_new(self, file: DistributionFile) -> str:
        return f"it was uploaded at {file.upload_time}, not before {self._selection.uploaded_before}"

    def _fits_requires_python(self, text: str) -> bool:
        """A Requires-Python that cannot be parsed counts as fitting."""
        if self._selection.ignore_requires_python:
            return True
        try:
            return SpecifierSet(text).contains(self._python)
        except ValueError:
            return True

    def _fits_platform(self, piece: str) -> bool:
        """Whether the last piece of a wheel's name, with its extension, names a platform that some tag has."""
        return not self._platforms.isdisjoint(piece[: -len(".whl")].lower().split("."))

    def _rank_of_pieces(self, pythons: str, abis: str, platforms: str) -> int | None:
        """The best rank by the last three pieces of a wheel's name, with its extension."""
        return self._tag_rank(f"{pythons}-{abis}-{platforms[: -len('.whl')]}")

    def _best_rank(self, tags: str) -> int | None:
        """The best rank of a wheel's compressed tag set (PEP 425), None where none is supported."""
        pieces = tags.lower().split("-")
        if len(pieces) != 3:
            return None
        pythons, abis, platforms = (piece.split(".") for piece in pieces)
        if len(pythons) * len(abis) * len(platforms) > _MOST_TAGS:
            return None
        ranks = (
            self._ranks.get(f"{python}-{abi}-{platform}")
            for python in pythons
            for abi in abis
            for platform in platforms
        )
        return min((rank for rank in ranks if rank is not None), default=None)


def _what_decides(target: Target, selection: Selection) -> str:
    """Stands for all that decides which files of a page fit; empty where the time does as well."""
    if selection.uploaded_before is not None:
        return ""
    formats = [sorted(names) for names in selection.formats]
    decides = [safe_pip.__version__, target.tags, target.version_info, formats, selection.ignore_requires_python]
    return hashlib.blake2b(json.dumps(decides).encode(), digest_size=16).hexdigest()


def _as_columns(usable: Sequence[Usable], files: Mapping[str, Any]) -> dict[str, Any]:
    """Usable files of one page in values that JSON has. files: the columns of the same files."""
    texts: dict[str, int] = {}
    versions = [texts.setdefault(str(item.version), len(texts)) for item in usable]
    return {
        "files": files,
        "texts": list(texts),
        "versions": versions,
        "ranks": [item.rank for item in usable],
        "builds": {str(place): list(item.build) for place, item in enumerate(usable) if item.build},
        "sound": [item.sound for item in usable],
    }


def _from_columns(columns: Mapping[str, Any], ranks: int) -> list[Usable]:
    """Usable files as ``_as_columns`` gave them. Raises KeyError, TypeError, ValueError, IndexError for others."""
    entry = Listing.from_columns(columns["files"]).entry
    versions = [cached_version(text) for text in columns["texts"]]
    builds = {int(place): (int(build[0]), str(build[1])) for place, build in columns["builds"].items()}
    rows = zip(columns["versions"], columns["ranks"], columns["sound"], strict=True)
    return [
        Usable(versions[version], entry(place), rank, builds.get(place, ()), sound=sound, is_wheel=rank < ranks)
        for place, (version, rank, sound) in enumerate(rows)
    ]


def _tag_text(filename: str) -> str:
    stem = filename[: -len(".whl")]
    pieces = stem.rsplit("-", 3)
    return stem[len(pieces[0]) + 1 :] if len(pieces) == 4 else stem


def _wheel_version(filename: str) -> str:
    parts = filename.split("-")
    return parts[1] if len(parts) > 1 else ""


def _wheel_parts(filename: str) -> tuple[Version, BuildTag]:
    """Version and build tag of a wheel's file name. Raises ValueError as packaging does."""
    pieces = filename.split("-")
    if len(pieces) == 5 and _PLAIN_NAME.fullmatch(pieces[0]) and filename.endswith(".whl"):
        # The common case, without parsing tags that have been looked at already.
        with suppress(ValueError):
            return cached_version(pieces[1]), ()
    _, version, build, _ = parse_wheel_filename(filename)
    return version, build


@lru_cache(maxsize=50_000)
def _is_plainly(name: NormalizedName, spelling: str) -> bool:
    """Whether the first piece of a wheel's name is a project's, spelled so that packaging need not look at it."""
    return _PLAIN_NAME.fullmatch(spelling) is not None and canonicalize_name(spelling) == name


def _sdist_version(stem: str, name: NormalizedName) -> str | None:
    """The version in a source archive's name: what follows the first dash before which the project's name stands."""
    position = stem.find("-")
    while position != -1:
        if cached_canonical(stem[:position]) == name:
            return stem[position + 1 :] or None
        position = stem.find("-", position + 1)
    return None


class Versions(Sequence[Version]):
    """The versions with at least one usable file that is not yanked, ascending; sorted when they are looked at."""

    def __init__(self, usable: tuple[Usable, ...]) -> None:
        self._usable = usable

    @cached_property
    def _sorted(self) -> tuple[Version, ...]:
        # Most files of a version share one object, so that few have to be compared.
        distinct = {id(item.version): item.version for item in self._usable if item.sound}
        return tuple(sorted(set(distinct.values())))

    @overload
    def __getitem__(self, place: int) -> Version: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Version, ...]: ...
    def __getitem__(self, place: int | slice) -> Version | tuple[Version, ...]:
        return self._sorted[place]

    def __len__(self) -> int:
        return len(self._sorted)
