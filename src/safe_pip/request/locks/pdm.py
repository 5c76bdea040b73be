"""pdm.lock: groups and markers on each package where PDM wrote them (its strategy ``inherit_metadata``)."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory, SkipCode
from safe_pip.request.locks.entries import Edge, Entry, digests, edge_of, name_of, names_of, skip_of, word
from safe_pip.request.locks.listed import ListReader, table_of, tables_of, text_of, texts_of
from safe_pip.request.locks.markers import Markers, markers_for, python_note
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.locks.project import MAIN, Asked, project_beside
from safe_pip.request.locks.selection import (
    Lined,
    Selection,
    asked_for,
    flat,
    inventory,
    left_out,
    not_locked,
    rootless,
    walk,
)
from safe_pip.request.quick_toml import Table

_DEFAULT = canonicalize_name("default")


def read(content: bytes, input: AuditInput, what: str, options: LockOptions) -> Inventory:
    """What a pdm.lock asks for. what: the file, for messages. Raises UsageError and Malformed."""
    lock = _READER.read(content, what)
    metadata = table_of(lock.head, "metadata")
    version = metadata.get("lock_version", "4")
    if str(version).partition(".")[0] not in ("3", "4"):
        raise UsageError(
            f"{what} is of version {str(version)[:20]!r}, and safe-pip reads versions 3 and 4.",
            "Export it: pdm export -f pylock -o pylock.toml.",
        )
    entries = lock.entries
    asked, notes = project_beside(input.path or "")
    notes += python_note(input.name, metadata.get("requires_python"), options.target)
    # PDM calls optional dependencies and development groups by one word; which a name is, only the project says.
    there = set(names_of(texts_of(metadata, "groups")))
    there |= {group for _, entry in entries for group in entry.groups or ()}
    if asked is not None:
        there |= asked.extras.keys() | (asked.groups.keys() - {MAIN})
    there.discard(_DEFAULT)
    extras = there & (asked.extras.keys() if asked else set())
    asked_for(what, "extra", options.extras, there, options)
    asked_for(what, "group", options.groups, there, options)
    direct = asked.names if asked else None
    if options.everything:
        return inventory(input, flat(entries, markers_for(None), direct), notes)
    wanted = (options.extras | options.groups) & there
    if options.all_extras:
        wanted |= extras if asked else there
    if options.all_groups:
        wanted |= there - extras
    markers = markers_for(options.target, wanted, wanted)
    if asked is not None:
        direct_edges = [edge for group in (MAIN, *wanted) for edge in asked.groups.get(group, ())]
        notes += not_locked(input.name, direct_edges, entries, markers)
    if entries and all(entry.groups is None for _, entry in entries):
        selection, said = _walked(entries, asked, wanted, markers, input.name)
        notes += said
        there = there if asked else set()
    else:
        chosen = [lined for lined in entries if _wanted(lined[1], wanted | {_DEFAULT}, markers)]
        selection = flat(chosen, markers, direct)
    notes += left_out(input.name, (there & extras) - wanted, there - extras - wanted)
    return inventory(input, selection, notes, one_version=True)


def _entry(table: Table) -> Entry:
    name = name_of(table.get("name"))
    version = text_of(table, "version")
    code: SkipCode | None = None
    if table.get("editable") is True:
        code = "editable"
    elif any(key in table for key in ("git", "hg", "svn", "bzr")):
        code = "vcs"
    elif "url" in table:
        code = "direct-url"
    elif "path" in table:
        code = "local"
    groups = next((texts_of(table, key) for key in ("groups", "sections") if key in table), None)
    marker = text_of(table, "marker") or text_of(table, "markers")
    extras = names_of(texts_of(table, "extras"))
    edges = tuple(edge_of(text) for text in texts_of(table, "dependencies"))
    return Entry(
        name,
        str(table["name"]),
        word(version),
        skip_of(version, code),
        digests(file.get("hash") for file in tables_of(table, "files")),
        # A package with an extra has an entry of its own, which needs the one without.
        edges=edges,
        groups=None if groups is None else frozenset(names_of(groups)),
        markers=() if marker is None else (("", marker),),
        source=extras,
        requires_python=text_of(table, "requires_python"),
    )


_READER = ListReader("package", _entry)


def _wanted(entry: Entry, groups: frozenset[NormalizedName], markers: Markers) -> bool:
    if entry.groups is not None and not entry.groups & groups:
        return False
    return all(markers.hold(marker) for _, marker in entry.markers)


def _walked(
    entries: Sequence[Lined], asked: Asked | None, wanted: frozenset[NormalizedName], markers: Markers, shown: str
) -> tuple[Selection, tuple[str, ...]]:
    """The selection where no package says its groups: from what the project beside the file asks for, else all."""
    if asked is None:
        selection, note = rootless(shown, entries)
        return selection, (note,)
    roots = [edge for group in sorted({MAIN, *wanted}) for edge in asked.groups.get(group, ())]
    roots += [edge for extra in sorted(wanted) for edge in asked.extras.get(extra, ())]
    return walk(entries, roots, markers, lambda edge, places: _pick(entries, edge, places, markers)), ()


def _pick(entries: Sequence[Lined], edge: Edge, places: Sequence[int], markers: Markers) -> Sequence[int]:
    """The entries of a name whose markers hold: that without extras, and those of the extras that are asked for."""
    found = [place for place in places if all(markers.hold(marker) for _, marker in entries[place][1].markers)]
    wanted = set(edge.extras)
    return [place for place in found if not entries[place][1].source or wanted.intersection(_of(entries[place][1]))]


def _of(entry: Entry) -> tuple[NormalizedName, ...]:
    return entry.source if isinstance(entry.source, tuple) else ()
