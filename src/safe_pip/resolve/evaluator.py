"""Whether a file that is offered fits a target, by its name and by what its page says of it; and if not, why.

Source: pip's index/package_finder.py (LinkEvaluator), and for wheels models/wheel.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.utils import BuildTag, NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.errors import IncompleteError
from safe_pip.index.listing import Listing
from safe_pip.inspect.sdist import sdist_stem
from safe_pip.model import DistributionFile, Selection, Target
from safe_pip.resolve.filenames import (
    cached_canonical,
    cached_version,
    is_plainly,
    sdist_version,
    tag_text,
    wheel_parts,
    wheel_version,
)
from safe_pip.resolve.tags import TagRanks
from safe_pip.resolve.usable import Skipped, Usable

_PYTHON_SUFFIX = re.compile(r"-py([123]\.?[0-9]?)$")

_NO_BINARY = "its wheels are ruled out by --no-binary"
_ONLY_BINARY = "its source archives are ruled out by --only-binary"

_OTHER_TAGS = Skipped("", "tags", "")


class _Fit(NamedTuple):
    """What a file's name says of a file that may be usable."""

    version: Version
    rank: int
    build: BuildTag


class Evaluator:
    """Judges files for a target and what the user selects."""

    def __init__(self, target: Target, selection: Selection) -> None:
        self._target = target
        self._selection = selection
        self._python = Version(".".join(map(str, target.version_info)))
        self._python_short = ".".join(map(str, target.version_info[:2]))
        ranks = TagRanks(target.tags)
        self._tag_rank = ranks.best
        self._rank = ranks.best_of_pieces
        self._platform_fits = ranks.platform_fits
        self._python_fits = lru_cache(maxsize=1_000)(self._fits_requires_python)

    def usable(self, name: NormalizedName, files: Listing) -> tuple[list[int], list[Usable]]:
        """The files of a page that fit, and their places on it, in its order.

        Raises IncompleteError where ``--uploaded-prior-to`` asks for a time that the page does not give.
        """
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
        if len(pieces) != 4 or not dash or "-" in version or not is_plainly(name, spelling):
            return None
        rank = self._rank(pieces[1], pieces[2], pieces[3])
        if rank is None:
            return _OTHER_TAGS
        try:
            return _Fit(cached_version(version), rank, ())
        except ValueError:
            return None

    def skipped(self, name: NormalizedName, files: Listing) -> tuple[Skipped, ...]:
        """The files of a page that do not fit, and why, in its order."""
        formats = self._selection.formats.allowed(name)
        found: list[Skipped] = []
        for place, filename in enumerate(files.names):
            outcome = self._evaluate(name, filename, partial(files.__getitem__, place), formats)
            if isinstance(outcome, Skipped):
                found.append(outcome)
        return tuple(found)

    def evaluate(self, name: NormalizedName, file: DistributionFile) -> Usable | Skipped | None:
        """Judge one file that is at hand. None: it is not about this project at all."""
        return self._evaluate(name, file.filename, lambda: file, self._selection.formats.allowed(name))

    def supports(self, filename: str) -> bool:
        """Whether a wheel's tags fit the target."""
        return self._tag_rank(tag_text(filename)) is not None

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
                return Skipped(wheel_version(filename), "format", _NO_BINARY, option="--no-binary")
            tags = tag_text(filename)
            best = self._tag_rank(tags)
            if best is None:
                return Skipped(wheel_version(filename), "tags", f"the wheel is for {tags}", tags=tags)
            try:
                version, build = wheel_parts(filename)
            except ValueError as error:
                return Skipped(wheel_version(filename), "filename", str(error))
            return _Fit(version, best, build)
        # pip knows these extensions in small letters only.
        if not filename.endswith(urls.ARCHIVE_EXTENSIONS):
            return None
        text = sdist_version(sdist_stem(filename), name)
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
