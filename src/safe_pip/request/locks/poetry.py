"""poetry.lock: 2.1 says of each package when it is wanted; before, it is worked out from the project beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory, SkipCode
from safe_pip.request.locks.entries import Edge, Entry, digests, edge_of, index_of, name_of, names_of, skip_of, word
from safe_pip.request.locks.listed import ListReader, Malformed, table_of, tables_of, text_of, texts_of
from safe_pip.request.locks.markers import Markers, markers_for, python_note
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.locks.project import MAIN, poetry_edges, project_beside
from safe_pip.request.locks.selection import Lined, asked_for, flat, inventory, left_out, not_locked, rootless, walk
from safe_pip.request.quick_toml import Table
from safe_pip.versions import parsed

_KINDS: Mapping[str, SkipCode | None] = {
    "legacy": None,
    "git": "vcs",
    "url": "direct-url",
    "file": "local",
    "directory": "local",
}


def read(content: bytes, input: AuditInput, what: str, options: LockOptions) -> Inventory:
    """What a poetry.lock asks for. what: the file, for messages. Raises UsageError and Malformed."""
    lock = _READER.read(content, what)
    metadata = table_of(lock.head, "metadata")
    version = text_of(metadata, "lock-version") or "1.0"
    if version.partition(".")[0] not in ("1", "2"):
        raise UsageError(
            f"{what} is of version {version[:20]!r}, and safe-pip reads versions 1 and 2.",
            "Export it: poetry export --all-groups -o requirements.txt.",
        )
    entries = _with_files(lock.entries, metadata)
    asked, notes = project_beside(input.path or "")
    notes += python_note(input.name, metadata.get("python-versions"), options.target)
    extras = _extras(lock.head)
    groups = frozenset(group for _, entry in entries for group in entry.groups or ()) | (
        asked.groups.keys() if asked else frozenset()
    )
    asked_for(what, "extra", options.extras, extras, options)
    asked_for(what, "group", options.groups, groups, options)
    direct = asked.names if asked else None
    if options.everything:
        return inventory(input, flat(entries, markers_for(None), direct), notes)
    wanted_extras = frozenset(extras) if options.all_extras else options.extras.intersection(extras)
    wanted_groups = {MAIN, *(groups if options.all_groups else options.groups & groups)}
    markers = markers_for(options.target, wanted_extras, wanted_groups)
    if asked is not None:
        direct_edges = [edge for group in wanted_groups for edge in asked.groups.get(group, ())]
        notes += not_locked(input.name, direct_edges, entries, markers)
    if _parts(version) >= (2, 1):
        chosen = [lined for lined in entries if _wanted(lined[1], wanted_groups, markers)]
        selection = flat(chosen, markers, direct)
    else:
        roots = [edge for extra in sorted(wanted_extras) for edge in extras[extra]]
        if asked is not None:
            roots += [edge for group in sorted(wanted_groups) for edge in asked.groups.get(group, ())]
        selection = walk(entries, roots, markers, lambda edge, places: _pick(entries, edge, places))
        if asked is None:
            of_extras = {entry.name for _, entry in selection.chosen}
            selection, note = rootless(
                input.name, [lined for lined in entries if _guessed(lined[1], wanted_groups, of_extras)]
            )
            notes += (note,)
    notes += left_out(input.name, extras.keys() - wanted_extras, groups - wanted_groups)
    return inventory(input, selection, notes, one_version=True)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() and len(part) < 9 else 0 for part in version.split("."))


def _entry(table: Table) -> Entry:
    name = name_of(table.get("name"))
    version = text_of(table, "version")
    source = table_of(table, "source")
    kind = text_of(source, "type") or "legacy"
    if kind not in _KINDS:
        raise Malformed("its source is of no known kind")
    code = _KINDS[kind]
    if code == "local" and table.get("develop") is True:
        code = "editable"
    groups = texts_of(table, "groups") if "groups" in table else None
    if groups is None and (category := text_of(table, "category")) is not None:
        groups = [category]
    return Entry(
        name,
        str(table["name"]),
        word(version),
        skip_of(version, code),
        digests(file.get("hash") for file in tables_of(table, "files")),
        index_of(source.get("url")) if kind == "legacy" else None,
        poetry_edges(table_of(table, "dependencies")),
        groups=None if groups is None else frozenset(names_of(groups)),
        markers=_markers(table),
        optional=table.get("optional") is True,
    )


_READER = ListReader("package", _entry)


def _markers(table: Table) -> tuple[tuple[str, str], ...]:
    """When a package is wanted: one marker for all groups, or one for each."""
    if not isinstance(table.get("markers"), dict):
        marker = text_of(table, "markers")
        return () if marker is None else (("", marker),)
    of_groups = table_of(table, "markers")
    return tuple((name_of(group), text_of(of_groups, group) or "") for group in of_groups)


def _with_files(entries: Sequence[Lined], metadata: Table) -> Sequence[Lined]:
    """The entries with their hashes, which stood in a table of their own before version 2."""
    if "files" not in metadata:
        return entries
    files = table_of(metadata, "files")
    known = {name_of(name): digests(file.get("hash") for file in tables_of(files, name)) for name in files}
    return [(line, replace(entry, hashes=entry.hashes | known.get(entry.name, frozenset()))) for line, entry in entries]


def _extras(head: Table) -> dict[NormalizedName, tuple[Edge, ...]]:
    table = table_of(head, "extras")
    return {name_of(extra): tuple(edge_of(text) for text in texts_of(table, extra)) for extra in table}


def _wanted(entry: Entry, groups: set[NormalizedName], markers: Markers) -> bool:
    if entry.groups is not None and not entry.groups & groups:
        return False
    mine = [marker for group, marker in entry.markers if not group or group in groups]
    # A group without a marker of its own wants the package always.
    unmarked = (
        entry.markers and entry.markers[0][0] and (entry.groups or frozenset()) & groups - dict(entry.markers).keys()
    )
    return not entry.markers or bool(unmarked) or any(markers.hold(marker) for marker in mine)


def _guessed(entry: Entry, groups: set[NormalizedName], of_extras: set[NormalizedName]) -> bool:
    """Whether a package may be asked for where no project tells: by its category, and optional ones by extras."""
    if entry.optional:
        return entry.name in of_extras
    return entry.groups is None or bool(entry.groups & groups)


def _pick(entries: Sequence[Lined], edge: Edge, places: Sequence[int]) -> Sequence[int]:
    """Which of several versions an edge allows; all of them for a constraint that only Poetry can read."""
    try:
        allowed = SpecifierSet("" if edge.version in (None, "*") else edge.version or "")
        # Its numbers are read only when it is compared, and may be too long to be any.
        hash(allowed)
    except ValueError:
        return places
    return [
        place
        for place in places
        if (version := parsed(entries[place][1].version or "")) is None or allowed.contains(version, prereleases=True)
    ] or places
