"""What one project has to offer to a target: the files that fit, those that do not and why, and the versions left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, overload

from packaging.utils import BuildTag
from packaging.version import Version

from safe_pip.model import DistributionFile, Unchecked


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
