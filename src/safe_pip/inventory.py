"""What an audit looks at: the distributions that environments, files and lock files name, and where each is named.

One ``Inventory`` an input. Readers in ``request`` make them, and the pipeline makes them of what was resolved; nothing
here reads a file, a clock or the network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from packaging.utils import NormalizedName

from safe_pip.model import Hashes

InputKind = Literal["environment", "path", "requirements", "project", "lock", "sbom"]
SkipCode = Literal["editable", "vcs", "direct-url", "local", "private", "unparsable", "not-found"]


@dataclass(frozen=True, slots=True)
class AuditInput:
    """One thing that is audited. name: as it was named, or the way to it from the folder that was searched.

    path: the file that findings point at (of a project its ``pyproject.toml``), None where there is none.
    """

    kind: InputKind
    name: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """One version of one distribution, as one input names it.

    version: as written; a local label is kept here and left out where advisories are matched. line: of the input's
    file, counted from 1. direct: asked for by the input itself, and not only by another distribution. requires: those
    of the same input that it depends on. chain: the way from something asked for to this one, both included, where it
    is known. index: URL of the index it comes from, without credentials, None where that is not known. public: whether
    its name may be told to a remote source of advisories.
    """

    name: NormalizedName
    version: str
    input: AuditInput
    spelling: str = ""
    line: int | None = None
    direct: bool = True
    requires: tuple[NormalizedName, ...] = field(default=(), hash=False)
    chain: tuple[NormalizedName, ...] = field(default=(), hash=False)
    hashes: Hashes = field(default=frozenset(), hash=False)
    index: str | None = None
    public: bool = True

    @property
    def shown_name(self) -> str:
        """The name as the input spells it."""
        return self.spelling or self.name


@dataclass(frozen=True, slots=True)
class SkippedDependency:
    """Something that an input names and that cannot be, or is not to be, looked up; never silent.

    code: the kind of reason. ``unparsable`` makes the audit incomplete; the others do so only where nothing at all
    was audited, or with ``--strict``. reason: a sentence part, for people and for pip-audit's ``skip_reason``.
    """

    name: str
    version: str | None
    input: AuditInput
    code: SkipCode
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that one input names. notes: what a person may want to know of how it was read."""

    input: AuditInput
    dependencies: tuple[Dependency, ...] = ()
    skipped: tuple[SkippedDependency, ...] = ()
    notes: tuple[str, ...] = ()


_MOST_NAMED = 2


def notes_of(inventories: Iterable[Inventory]) -> tuple[str, ...]:
    """What is noted of them, for people: a note that several files share but for their names is told once."""
    alike: dict[tuple[bool, str], tuple[str, dict[str, None]]] = {}
    for inventory in inventories:
        name = inventory.input.name
        for note in inventory.notes:
            own = bool(name) and note.startswith(name)
            _, names = alike.setdefault((own, note.removeprefix(name) if own else note), (note, {}))
            names[name] = None
    return tuple(_shared(note, list(names)[1:]) if own else note for (own, _), (note, names) in alike.items())


def _shared(note: str, others: list[str]) -> str:
    if not others:
        return note
    told = " and ".join(others) if len(others) <= _MOST_NAMED else f"{len(others):,} other files"
    return f"{note.removesuffix('.')}. The same goes for {told}."
