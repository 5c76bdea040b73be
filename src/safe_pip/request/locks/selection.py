"""Which entries of a lock file are audited, and the inventory that they make."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkippedDependency
from safe_pip.request.locks.entries import Edge, Entry
from safe_pip.request.locks.listed import Malformed
from safe_pip.request.locks.markers import Markers, markers_for
from safe_pip.request.locks.options import LockOptions

# Far beyond any honest file; they keep the cost of the others linear.
_MOST_OF_A_NAME = 1_000
_MOST_CHOICES = 2_000_000
_LONGEST_CHAIN = 100

Lined = tuple[int | None, Entry]
Pick = Callable[[Edge, Sequence[int]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries that are audited, in the order of the file, with their lines.

    requires: of each, the names it needs. direct: names that are asked for, None where the file does not say so.
    missing: names that are needed and have no entry.
    """

    chosen: Sequence[Lined]
    requires: Sequence[tuple[NormalizedName, ...]]
    direct: frozenset[NormalizedName] | None = None
    missing: Sequence[NormalizedName] = ()


def flat(chosen: Sequence[Lined], markers: Markers, direct: frozenset[NormalizedName] | None) -> Selection:
    """A selection of entries that say themselves when they are wanted; what they need is for showing only."""
    names = {entry.name for _, entry in chosen}
    requires = [
        tuple(
            dict.fromkeys(
                edge.name
                for edges in (entry.edges, *entry.extra_edges.values(), *entry.group_edges.values())
                for edge in edges
                if edge.name in names and edge.name != entry.name and (not edge.marker or markers.hold(edge.marker))
            )
        )
        for _, entry in chosen
    ]
    return Selection(chosen, requires, direct)


def walk(entries: Sequence[Lined], roots: Iterable[Edge], markers: Markers, pick: Pick) -> Selection:
    """The entries that are reached from the roots over edges whose markers hold.

    pick: which of several entries of one name an edge leads to, as places in ``entries``.
    """
    places: dict[NormalizedName, list[int]] = {}
    for place, (_, entry) in enumerate(entries):
        places.setdefault(entry.name, []).append(place)
    for name, found in places.items():
        if len(found) > _MOST_OF_A_NAME:
            raise Malformed(f"{name} is there more than {_MOST_OF_A_NAME:,} times")
    reached: dict[int, dict[NormalizedName, None]] = {}
    seen: set[tuple[int, NormalizedName | None]] = set()
    waiting: deque[tuple[int, NormalizedName | None]] = deque()
    missing: dict[NormalizedName, None] = {}
    choices = 0

    def follow(edge: Edge) -> bool:
        nonlocal choices
        if edge.marker and not markers.hold(edge.marker):
            return False
        if edge.name not in places:
            missing[edge.name] = None
            return False
        found = places[edge.name]
        if len(found) > 1:
            choices += len(found)
            if choices > _MOST_CHOICES:
                raise Malformed("too much in it needs packages that are there in many versions")
        for place in found if len(found) == 1 else pick(edge, found):
            for extra in (None, *edge.extras):
                if (place, extra) not in seen:
                    seen.add((place, extra))
                    waiting.append((place, extra))
        return True

    direct = frozenset([edge.name for edge in roots if follow(edge)])
    while waiting:
        place, extra = waiting.popleft()
        entry = entries[place][1]
        needed = reached.setdefault(place, {})
        for edge in entry.edges if extra is None else entry.extra_edges.get(extra, ()):
            if follow(edge) and edge.name != entry.name:
                needed[edge.name] = None
    order = sorted(reached)
    chosen, requires = [entries[place] for place in order], [tuple(reached[place]) for place in order]
    return Selection(chosen, requires, direct, tuple(missing))


def rootless(shown: str, entries: Sequence[Lined]) -> tuple[Selection, str]:
    """All entries, where nothing says which are asked for and so whose markers count; and a sentence that says so."""
    note = f"{shown} and the files beside it do not say what is asked for; all that is locked is audited."
    return flat(entries, markers_for(None), None), note


def inventory(
    input: AuditInput, selection: Selection, notes: Iterable[str] = (), *, one_version: bool = False
) -> Inventory:
    """The inventory of a selection. one_version: whether several versions of a name deserve a note."""
    joined = _joined(selection)
    needs: dict[NormalizedName, dict[NormalizedName, None]] = {}
    for entry, _, requires in joined:
        needs.setdefault(entry.name, {}).update(dict.fromkeys(requires))
    direct, chains = _chains(needs, selection.direct)
    dependencies, skipped = [], []
    for entry, line, requires in joined:
        if entry.skip is not None:
            code, reason = entry.skip
            skipped.append(SkippedDependency(entry.spelling, entry.version, input, code, reason, line))
            continue
        dependencies.append(
            Dependency(
                entry.name,
                entry.version or "",
                input,
                entry.spelling,
                line,
                entry.name in direct,
                requires,
                chains.get(entry.name, ()),
                entry.hashes,
                entry.index,
            )
        )
    said = tuple(notes)
    if one_version and len(needs) < len(joined):
        said += _several(input, joined)
    return Inventory(input, tuple(dependencies), tuple(skipped), said)


_Joined = tuple[Entry, int | None, tuple[NormalizedName, ...]]


def _joined(selection: Selection) -> Sequence[_Joined]:
    """The entries, one for each name and version: some formats have another entry for the same with an extra."""
    found: dict[tuple[NormalizedName, str | None, object], _Joined] = {}
    for (line, entry), requires in zip(selection.chosen, selection.requires, strict=True):
        key = (entry.name, entry.version, entry.skip)
        if key in found:
            first, line, before = found[key]
            requires = tuple(dict.fromkeys((*before, *requires)))
            entry = _with_hashes(first, entry) if entry.hashes - first.hashes else first
        found[key] = (entry, line, requires)
    return list(found.values())


def _with_hashes(first: Entry, other: Entry) -> Entry:
    return Entry(
        first.name, first.spelling, first.version, first.skip, first.hashes | other.hashes, first.index or other.index
    )


def _several(input: AuditInput, joined: Sequence[_Joined]) -> tuple[str, ...]:
    versions: dict[NormalizedName, list[str]] = {}
    for entry, _, _ in joined:
        versions.setdefault(entry.name, []).append(entry.version or "no version")
    return tuple(
        f"{input.name} does not say which of {', '.join(map(urls.brief, found))} of {name} is for this target;"
        " all are audited."
        for name, found in versions.items()
        if len(found) > 1
    )


def _chains(
    needs: Mapping[NormalizedName, Mapping[NormalizedName, None]], direct: frozenset[NormalizedName] | None
) -> tuple[frozenset[NormalizedName], dict[NormalizedName, tuple[NormalizedName, ...]]]:
    """The names that are asked for, and the shortest way from one of them to each, empty where that is very long.

    Where the file does not tell what is asked for, it is what nothing else needs, and one name of each circle.
    """
    chains: dict[NormalizedName, tuple[NormalizedName, ...]] = {}
    asked = set(direct or ())
    if direct is None:
        needed = {name for name, requires in needs.items() for name in requires if name in needs}
        asked = {name for name in needs if name not in needed}
    _spread([name for name in needs if name in asked], needs, chains)
    if direct is None:
        for name in needs:
            if name not in chains:
                asked.add(name)
                _spread([name], needs, chains)
    return frozenset(asked), chains


def _spread(
    roots: Iterable[NormalizedName],
    needs: Mapping[NormalizedName, Mapping[NormalizedName, None]],
    chains: dict[NormalizedName, tuple[NormalizedName, ...]],
) -> None:
    waiting = deque(roots)
    for name in waiting:
        chains[name] = (name,)
    while waiting:
        name = waiting.popleft()
        way = chains[name]
        for needed in needs.get(name, ()):
            if needed not in chains and needed in needs:
                chains[needed] = (*way, needed) if 0 < len(way) < _LONGEST_CHAIN else ()
                waiting.append(needed)


def asked_for(
    what: str,
    kind: str,
    asked: frozenset[NormalizedName],
    there: Iterable[NormalizedName],
    options: LockOptions,
) -> None:
    """Check that a file has what is asked for by name. kind: "extra" or "group". Raises UsageError."""
    there = sorted(set(there))
    missing = sorted(asked.difference(there))
    if missing and not options.missing_ok:
        known = f"The {kind}s there are: {', '.join(there)}." if there else f"The file has no {kind}s at all."
        raise UsageError(f"{what} has no {kind} {', '.join(missing)}.", known)


def not_locked(shown: str, roots: Iterable[Edge], entries: Sequence[Lined], markers: Markers) -> tuple[str, ...]:
    """A sentence on what the project asks for and the file has no entry of: it is not audited."""
    there = {entry.name for _, entry in entries}
    names = {edge.name for edge in roots if edge.name not in there and (not edge.marker or markers.hold(edge.marker))}
    if not names:
        return ()
    return (f"{shown} has no entry for {', '.join(sorted(names))}, which the project asks for; lock it anew.",)


def left_out(shown: str, extras: Iterable[NormalizedName], groups: Iterable[NormalizedName]) -> tuple[str, ...]:
    """A sentence on the extras and groups that are there and were not asked for: they are not to be taken for clean."""
    parts, options = [], []
    for kind, names in (("extra", sorted(extras)), ("group", sorted(groups))):
        if names:
            parts.append(f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}")
            options.append(f"--all-{kind}s")
    return (f"{shown}: not audited: {' and '.join(parts)} ({' and '.join(options)} to add).",) if parts else ()
