"""What every source of advisories gives of what it holds, be it a database on this machine or a service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from packaging.utils import NormalizedName

from safe_pip.advisories.record import Affected
from safe_pip.advisories.severity import Stated
from safe_pip.model import Unchecked


class Unreadable(NamedTuple):
    """A record that could not be read: where it stood, why, and the packages that it names all the same."""

    place: str
    reason: str
    packages: tuple[NormalizedName, ...] = ()


class Stored(NamedTuple):
    """One advisory as it bears on one package. withdrawn: a time as written, None for one that is not."""

    id: str
    withdrawn: str | None
    summary: str
    affected: tuple[Affected, ...]
    stated: Stated


class Found(NamedTuple):
    """What a source knows of some packages.

    about: the advisories by package, sorted by id. families: sets of ids that aliases join. stated: what the records
    say of their severity that those aliases lead to, of whatever package.
    """

    about: dict[NormalizedName, list[Stored]]
    families: list[list[str]]
    stated: list[Stated]


class Holding(Protocol):
    """What all sources can be asked once they are open. Methods raise AdvisoryError where the data cannot be read."""

    @property
    def records(self) -> int:
        """How many advisories it holds."""
        ...

    def find(self, names: Iterable[NormalizedName]) -> Found:
        """All that is known of packages."""
        ...

    def alias_edges(self, ids: Iterable[str]) -> list[tuple[str, str]]:
        """Every alias relation that can be reached from some ids."""
        ...

    def stated(self, ids: Iterable[str]) -> list[Stated]:
        """What the records of some ids say of their severity."""
        ...

    def full(self, ids: Iterable[str]) -> dict[str, Any]:
        """Whole records by id, as JSON has them."""
        ...

    def record(self, identifier: str) -> Any:
        """One whole record, by its id or by an alias, in capitals or not; None where there is none."""
        ...

    def packages_of(self, ids: Iterable[str]) -> set[NormalizedName]:
        """The packages that records of some ids are about."""
        ...

    def unreadable(self) -> list[Unreadable]:
        """The records that could not be read."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Service(Holding, Protocol):
    """A source that is asked over the network, and that decides by itself which versions are affected."""

    @property
    def as_of(self) -> datetime | None:
        """How old the oldest of its answers is, None before there is one."""
        ...

    @property
    def unchecked(self) -> Sequence[Unchecked]:
        """What could not be asked, or made no sense."""
        ...

    @property
    def not_found(self) -> Sequence[tuple[NormalizedName, str]]:
        """Names and versions that it does not know at all."""
        ...

    def ask(self, packages: Sequence[tuple[NormalizedName, str]]) -> None:
        """Ask for versions of packages, all at once. What goes wrong is told in ``unchecked``; nothing is raised."""
        ...

    def judged(self, name: NormalizedName, version: str) -> frozenset[str] | None:
        """The ids of what affects a version, None where that was not asked, or not answered."""
        ...
