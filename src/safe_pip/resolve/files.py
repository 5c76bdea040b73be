"""Which of the files offered may be chosen for a target, and which is preferred: pip's rules, one project at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import BuildTag, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from safe_pip import urls
from safe_pip.errors import IncompleteError, ResolutionError
from safe_pip.index.finder import Index
from safe_pip.index.once import OnceEach
from safe_pip.inspect.sdist import sdist_stem
from safe_pip.model import DistributionFile, Hashes, Locked, Selection, Target, Unchecked

_PYTHON_SUFFIX = re.compile(r"-py([123]\.?[0-9]?)$")

cached_version = lru_cache(maxsize=200_000)(Version)
cached_canonical = lru_cache(maxsize=50_000)(canonicalize_name)

# A file name that stands for more tags than this is made to keep its reader busy.
_MOST_TAGS = 10_000


class Usable(NamedTuple):
    """A file that fits the target. ``rank`` is the place of its best tag, the smaller the better."""

    version: Version
    file: DistributionFile
    rank: int
    build: BuildTag


class Skipped(NamedTuple):
    """A file that does not fit, and why, for explanations: code and a few words."""

    version: str
    code: str
    reason: str


class Found(NamedTuple):
    """What one project has to offer: usable files from the least to the most preferred, and the others."""

    usable: tuple[Usable, ...]
    skipped: tuple[Skipped, ...]
    unchecked: tuple[Unchecked, ...]


class Files:
    """The usable files of each project, evaluated once.

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
        self._applicable: dict[tuple[NormalizedName, SpecifierSet, Hashes | None], tuple[Usable, ...]] = {}
        self._tag_rank = lru_cache(maxsize=10_000)(self._best_rank)
        self._python_fits = lru_cache(maxsize=1_000)(self._fits_requires_python)

    def found(self, name: NormalizedName) -> Found:
        """Everything offered for a project, evaluated for the target."""
        return self._found.result(name)

    def _find(self, name: NormalizedName) -> Found:
        if name in self._locked:
            return self._find_locked(name, self._locked[name])
        project = self._index.project(name)
        usable: list[Usable] = []
        skipped: list[Skipped] = []
        for file in project.files:
            outcome = self._evaluate(name, file)
            if isinstance(outcome, Usable):
                usable.append(outcome)
            elif outcome is not None:
                skipped.append(outcome)
        usable.sort(key=self._preference)
        return Found(tuple(usable), tuple(skipped), project.unchecked)

    def _find_locked(self, name: NormalizedName, locked: Locked) -> Found:
        """The one file that a lock file names; no index is asked. Raises ResolutionError where it cannot be used."""
        outcome = self._evaluate(name, locked.file)
        if isinstance(outcome, Usable):
            return Found((outcome,), (), ())
        reason = outcome.reason if outcome is not None else "it is not a file of this project"
        raise ResolutionError(
            f"{locked.origin}: its file {urls.redacted(locked.file.filename)} cannot be used: {reason}.",
            "Change the option that rules it out, or lock again.",
        )

    def applicable(self, name: NormalizedName, specifier: SpecifierSet, hashes: Hashes | None) -> tuple[Usable, ...]:
        """The files that a specifier and hashes admit, the most preferred first.

        Pre-releases are decided once, over all files and the merged specifier. Where at least one file has an allowed
        hash, files with only other hashes are dropped (package_finder.py, filter_unallowed_hashes).
        """
        key = (name, specifier, hashes)
        if key not in self._applicable:
            usable = self.found(name).usable
            allowed = self._selection.releases.allows_prereleases(name)
            chosen = list(specifier.filter(usable, prereleases=allowed, key=lambda item: item.version))
            if hashes is not None:
                if any(item.file.hashes & hashes for item in chosen):
                    chosen = [item for item in chosen if not item.file.hashes or item.file.hashes & hashes]
                chosen.sort(key=lambda item: (bool(item.file.hashes & hashes), *self._preference(item)))
            self._applicable[key] = tuple(reversed(chosen))
        return self._applicable[key]

    def supports(self, filename: str) -> bool:
        """Whether a wheel's tags fit the target."""
        return self._tag_rank(_tag_text(filename)) is not None

    def _preference(self, item: Usable) -> tuple[bool, bool, Version, int, BuildTag]:
        return (
            item.file.yanked is None,
            self._selection.prefer_binary and item.file.is_wheel,
            item.version,
            -item.rank,
            item.build,
        )

    def _evaluate(self, name: NormalizedName, file: DistributionFile) -> Usable | Skipped | None:
        """Judge one file as pip's LinkEvaluator does, in its order. None: it is not about this project at all."""
        formats = self._selection.formats.allowed(name)
        rank = len(self._target.tags)
        build: BuildTag = ()
        if file.is_wheel:
            if cached_canonical(file.filename.partition("-")[0]) != name:
                return None
            if "binary" not in formats:
                return Skipped(_wheel_version(file.filename), "format", "wheels are not allowed (--no-binary)")
            best = self._tag_rank(_tag_text(file.filename))
            if best is None:
                return Skipped(_wheel_version(file.filename), "tags", f"the wheel is for {_tag_text(file.filename)}")
            try:
                _, version, build, _ = parse_wheel_filename(file.filename)
            except ValueError as error:
                return Skipped(_wheel_version(file.filename), "filename", str(error))
            rank = best
            if self._is_too_new(file):
                return Skipped(str(version), "upload-time", self._too_new(file))
        else:
            # pip knows these extensions in small letters only.
            if not file.filename.endswith(urls.ARCHIVE_EXTENSIONS) or (
                "macosx10" in file.url and file.filename.endswith(".zip")
            ):
                return None
            text = _sdist_version(sdist_stem(file.filename), name)
            if self._is_too_new(file):
                return Skipped(text, "upload-time", self._too_new(file)) if text is not None else None
            if text is None:
                return None
            if "source" not in formats:
                return Skipped(text, "format", "source archives are not allowed (--only-binary)")
            suffix = _PYTHON_SUFFIX.search(text)
            if suffix:
                text = text[: suffix.start()]
                if suffix[1] != self._python_short:
                    return Skipped(text, "python", f"the archive is for Python {suffix[1]}")
            try:
                version = cached_version(text)
            except ValueError:
                return Skipped(text, "version", "its version is not a PEP 440 version")
        if file.requires_python and not self._python_fits(file.requires_python):
            return Skipped(str(version), "python", f"it requires Python {file.requires_python}")
        return Usable(version, file, rank, build)

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


def _tag_text(filename: str) -> str:
    return "-".join(filename[: -len(".whl")].split("-")[-3:])


def _wheel_version(filename: str) -> str:
    parts = filename.split("-")
    return parts[1] if len(parts) > 1 else ""


def _sdist_version(stem: str, name: NormalizedName) -> str | None:
    """The version in a source archive's name: what follows the first dash before which the project's name stands."""
    position = stem.find("-")
    while position != -1:
        if cached_canonical(stem[:position]) == name:
            return stem[position + 1 :] or None
        position = stem.find("-", position + 1)
    return None


def sorted_versions(usable: Sequence[Usable]) -> tuple[Version, ...]:
    """The versions with at least one usable file that is not yanked, ascending."""
    return tuple(sorted({item.version for item in usable if item.file.yanked is None}))
