"""uv.lock: the graph that uv writes, walked from the projects that it was made for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName

from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory, SkipCode, SkippedDependency
from safe_pip.request.locks.entries import Edge, Entry, digests, index_of, name_of, names_of, skip_of, word
from safe_pip.request.locks.listed import Listed, ListReader, Malformed, table_of, tables_of, text_of, texts_of
from safe_pip.request.locks.markers import Markers, markers_for, python_note
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.locks.selection import Lined, Selection, asked_for, flat, inventory, left_out, rootless, walk
from safe_pip.request.quick_toml import Table

_VERSION = 1
_MISSING = "the file needs it and has no entry for it"
_KINDS: Mapping[str, SkipCode | None] = {
    "registry": None,
    "git": "vcs",
    "url": "direct-url",
    "path": "local",
    "directory": "local",
    "virtual": "local",
    "editable": "editable",
}


def read(content: bytes, input: AuditInput, what: str, options: LockOptions) -> Inventory:
    """What a uv.lock asks for. what: the file, for messages. Raises UsageError and Malformed."""
    lock = _READER.read(content, what)
    version = lock.head.get("version", _VERSION)
    if version != _VERSION:
        raise UsageError(
            f"{what} is of version {str(version)[:20]!r}, and safe-pip reads version {_VERSION}.",
            "Export it: uv export --format pylock.toml -o pylock.toml.",
        )
    entries = lock.entries
    roots = _roots(lock)
    manifest = table_of(lock.head, "manifest")
    groups = _groups(manifest, [entries[place][1] for place in roots])
    extras = _extras([entries[place][1] for place in roots])
    asked_for(what, "extra", options.extras, extras, options)
    asked_for(what, "group", options.groups, groups, options)
    notes = python_note(input.name, lock.head.get("requires-python"), options.target)
    if options.everything:
        chosen = [entries[place] for place in range(len(entries)) if place not in roots]
        direct = frozenset(
            edge.name
            for edges in (_edges(manifest, "requirements"), *extras.values(), *groups.values())
            for edge in edges
        ) | frozenset(edge.name for place in roots for edge in entries[place][1].edges)
        selection = flat(chosen, markers_for(None), direct if roots or direct else None)
        return inventory(input, selection, notes)
    wanted_extras = set(extras) if options.all_extras else options.extras.intersection(extras)
    wanted_groups = set(groups) if options.all_groups else options.groups.intersection(groups)
    notes += left_out(input.name, extras.keys() - wanted_extras, groups.keys() - wanted_groups)
    markers = _markers([entries[place][1] for place in roots], options, wanted_extras, wanted_groups)
    asked = [edge for place in roots for edge in entries[place][1].edges]
    asked += [edge for extra in sorted(wanted_extras) for edge in extras[extra]]
    asked += [edge for group in sorted(wanted_groups) for edge in groups[group]]
    asked += _edges(manifest, "requirements")
    if not roots and not groups and "requirements" not in manifest:
        selection, note = rootless(input.name, entries)
        return inventory(input, selection, (*notes, note))
    selection = walk(entries, asked, markers, lambda edge, places: _pick(entries, edge, places, markers))
    made = inventory(input, _without(selection, {entries[place][1].name for place in roots}), notes, one_version=True)
    # uv refuses such a file; which version would be there is not known, and so nor whether it is vulnerable.
    gaps = tuple(SkippedDependency(name, None, input, "unparsable", _MISSING) for name in selection.missing)
    return replace(made, skipped=(*made.skipped, *gaps))


def _entry(table: Table) -> Entry:
    name = name_of(table.get("name"))
    version = text_of(table, "version")
    source = table_of(table, "source")
    kind = next((kind for kind in _KINDS if kind in source), None)
    if kind is None:
        raise Malformed("its source is of no known kind")
    files = tables_of(table, "wheels")
    if "sdist" in table:
        files = [*files, table_of(table, "sdist")]
    extra_edges = {
        name_of(extra): _edges(table_of(table, "optional-dependencies"), extra)
        for extra in table_of(table, "optional-dependencies")
    }
    # Older files and those for extras without dependencies name them in the metadata alone.
    metadata = table_of(table, "metadata")
    for extra in names_of(texts_of(metadata, "provides-extras")):
        extra_edges.setdefault(extra, ())
    of_groups = {**table_of(table, "dev-dependencies")}
    for group in table_of(metadata, "requires-dev"):
        of_groups.setdefault(group, [])
    return Entry(
        name,
        str(table["name"]),
        word(version),
        skip_of(version, _KINDS[kind]),
        digests(file.get("hash") for file in files),
        index_of(source.get("registry")),
        _edges(table, "dependencies"),
        extra_edges,
        group_edges={name_of(group): _edges(of_groups, group) for group in of_groups},
        markers=tuple(("", marker) for marker in texts_of(table, "resolution-markers")),
        source=source,
    )


_READER = ListReader("package", _entry)


def _edges(table: Table, key: str) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            name_of(item.get("name")),
            text_of(item, "marker") or "",
            names_of(texts_of(item, "extra") or texts_of(item, "extras")),
            text_of(item, "version"),
            item.get("source"),
        )
        for item in tables_of(table, key)
    )


def _roots(lock: Listed[Entry]) -> list[int]:
    """The places of the projects that the file was made for: the members of the workspace, else what lies beside it."""
    members = frozenset(names_of(texts_of(table_of(lock.head, "manifest"), "members")))
    return [
        place
        for place, (_, entry) in enumerate(lock.entries)
        if entry.skip is not None
        and entry.skip[0] in ("local", "editable")
        and (entry.name in members or (isinstance(entry.source, dict) and "." in entry.source.values()))
    ]


def _extras(roots: Iterable[Entry]) -> dict[NormalizedName, list[Edge]]:
    found: dict[NormalizedName, list[Edge]] = {}
    for entry in roots:
        for extra, edges in entry.extra_edges.items():
            found.setdefault(extra, []).extend(edges)
    return found


def _groups(manifest: Table, roots: Iterable[Entry]) -> dict[NormalizedName, list[Edge]]:
    """The groups of all projects, and of a workspace without a project of its own."""
    found: dict[NormalizedName, list[Edge]] = {}
    for entry in roots:
        for group, edges in entry.group_edges.items():
            found.setdefault(group, []).extend(edges)
    of_workspace = table_of(manifest, "dependency-groups")
    for name in of_workspace:
        found.setdefault(name_of(name), []).extend(_edges(of_workspace, name))
    return found


def _markers(
    roots: Sequence[Entry], options: LockOptions, extras: Iterable[NormalizedName], groups: Iterable[NormalizedName]
) -> Markers:
    """Where extras conflict, uv writes them into markers, each as one word with the project's name and its length."""
    words = [f"project-{len(root.name)}-{root.name}" for root in roots]
    words += [f"extra-{len(root.name)}-{root.name}-{extra}" for root in roots for extra in extras]
    words += [f"group-{len(root.name)}-{root.name}-{group}" for root in roots for group in groups]
    return markers_for(options.target, [*extras, *words], groups)


def _pick(entries: Sequence[Lined], edge: Edge, places: Sequence[int], markers: Markers) -> Sequence[int]:
    """Which of several entries of one name an edge leads to: that of its version and source, else by their markers."""
    found = [place for place in places if edge.version is None or entries[place][1].version == edge.version]
    if len(found) > 1 and edge.source is not None:
        found = [place for place in found if entries[place][1].source == edge.source] or found
    if len(found) > 1:
        found = [place for place in found if _holds(entries[place][1], markers)] or found
    return found


def _holds(entry: Entry, markers: Markers) -> bool:
    return not entry.markers or any(markers.hold(marker) for _, marker in entry.markers)


def _without(selection: Selection, names: set[NormalizedName]) -> Selection:
    """The selection without the projects that the lock file is of: they are what asks, not what is asked for."""
    kept = [
        (lined, requires)
        for lined, requires in zip(selection.chosen, selection.requires, strict=True)
        if not (lined[1].name in names and lined[1].skip is not None)
    ]
    return Selection([lined for lined, _ in kept], [requires for _, requires in kept], selection.direct)
