"""Pipfile.lock: categories of pinned packages, with markers and without what they need."""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory, SkipCode
from safe_pip.request.json_lines import load_json, object_lines
from safe_pip.request.locks.entries import Entry, digests, index_of, name_of, skip_of, word
from safe_pip.request.locks.listed import Malformed, decoded, malformed, table_of, tables_of, text_of, texts_of
from safe_pip.request.locks.markers import markers_for
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.locks.project import DEV, MAIN, project_beside
from safe_pip.request.locks.selection import Lined, asked_for, flat, inventory, left_out
from safe_pip.request.quick_toml import Table

_META = "_meta"
_DEVELOP = canonicalize_name("develop")
_PIN = re.compile(r"={2,3}\s*(\S+)")
# Older files have these as keys of their own, with an operator in the value.
_MARKER_KEYS = (
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_system",
    "python_version",
    "implementation_name",
)


def read(content: bytes, input: AuditInput, what: str, options: LockOptions) -> Inventory:
    """What a Pipfile.lock asks for. what: the file, for messages. Raises UsageError and Malformed."""
    text = decoded(content, what)
    lock = load_json(text, what)
    if not isinstance(lock, dict) or not isinstance(lock.get(_META), dict):
        raise UsageError(f"{what} is not a Pipfile.lock: it has no {_META}.", "Lock again: pipenv lock.")
    spec = lock[_META].get("pipfile-spec")
    if spec not in (None, 6):
        raise UsageError(f"{what} is of version {str(spec)[:20]!r}, and safe-pip reads version 6.", "Lock again.")
    indexes = _indexes(lock[_META])
    lines = object_lines(text, lock)
    sections: dict[NormalizedName, list[Lined]] = {}
    for section in lock:
        if section != _META:
            group = {"default": MAIN, "develop": DEV}.get(section) or name_of(section)
            packages = table_of(lock, section)
            sections[group] = [_lined(name, packages, indexes, lines, what) for name in packages]
    asked, notes = project_beside(input.path or "", "Pipfile")
    direct = asked.names if asked else _with_index(lock)
    if options.everything:
        return inventory(input, flat(_all(sections), markers_for(None), direct), notes)
    there = sections.keys() - {MAIN}
    groups = {DEV if group == _DEVELOP else group for group in options.groups}
    asked_for(what, "extra", options.extras, (), options)
    asked_for(what, "group", frozenset(groups), there, options)
    wanted = there if options.all_groups else groups & there
    markers = markers_for(options.target, (), [*wanted, *([_DEVELOP] if DEV in wanted else [])])
    chosen = [
        lined
        for lined in _all({group: packages for group, packages in sections.items() if group in {MAIN, *wanted}})
        if all(markers.hold(marker) for _, marker in lined[1].markers)
    ]
    notes += left_out(input.name, (), [group for group in there - wanted if sections[group]])
    return inventory(input, flat(chosen, markers, direct), notes, one_version=True)


def _all(sections: Mapping[NormalizedName, list[Lined]]) -> list[Lined]:
    return [lined for packages in sections.values() for lined in packages]


def _indexes(meta: Table) -> dict[str, str | None]:
    return {
        name: index_of(source.get("url")) for source in tables_of(meta, "sources") if (name := text_of(source, "name"))
    }


def _with_index(lock: Table) -> frozenset[NormalizedName] | None:
    """What the Pipfile names, by what pipenv writes for those alone; None where it tells nothing."""
    packages = [
        (name, package)
        for section, found in lock.items()
        if section != _META
        for name, package in found.items()
        if isinstance(package, dict)
    ]
    named = frozenset(canonicalize_name(name) for name, package in packages if "index" in package)
    return named if named and len(named) < len(packages) else None


def _lined(name: str, packages: Table, indexes: Mapping[str, str | None], lines: Mapping[int, int], what: str) -> Lined:
    table = packages[name]
    line = lines.get(id(table))
    try:
        if not isinstance(table, dict):
            raise Malformed("it is no object")
        return line, _entry(name, table, indexes)
    except Malformed as error:
        raise malformed(error, name, what, line) from error


def _entry(name: str, table: Table, indexes: Mapping[str, str | None]) -> Entry:
    code: SkipCode | None = None
    if any(key in table for key in ("git", "hg", "svn", "bzr")):
        code = "vcs"
    elif table.get("editable") is True:
        code = "editable"
    elif "path" in table:
        code = "local"
    elif "file" in table or "uri" in table:
        code = "direct-url"
    written = text_of(table, "version")
    pinned = None if written is None else _PIN.fullmatch(written)
    version = pinned[1] if pinned else None
    index = text_of(table, "index")
    marker = text_of(table, "markers")
    markers = [marker] if marker else []
    markers += [f"{key} {value}" for key in _MARKER_KEYS if (value := text_of(table, key))]
    skip = skip_of(version, code)
    if code is None and version is None and written is not None:
        skip = "unparsable", "the lock file does not pin it to one version"
    return Entry(
        name_of(name),
        name,
        word(version),
        skip,
        digests(texts_of(table, "hashes")),
        indexes.get(index) if index else None,
        markers=tuple(("", marker) for marker in markers),
    )
