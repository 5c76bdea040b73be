"""pylock.toml and pylock.NAME.toml (PEP 751), as packaging reads them."""

from __future__ import annotations

from packaging.errors import ExceptionGroup
from packaging.pylock import Package, Pylock, PylockUnsupportedVersionError, PylockValidationError
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory, SkipCode
from safe_pip.request.locks.entries import Edge, Entry, digests, index_of, name_of, skip_of
from safe_pip.request.locks.listed import ListReader, Malformed, tables_of
from safe_pip.request.locks.markers import markers_for, python_note
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.locks.selection import asked_for, flat, inventory, left_out
from safe_pip.request.quick_toml import Table

_HEAD = {"lock-version": "1.0", "created-by": "safe-pip"}
_HINT = "Write it anew with your locker."


def read(content: bytes, input: AuditInput, what: str, options: LockOptions) -> Inventory:
    """What a pylock.toml asks for. what: the file, for messages. Raises UsageError and Malformed."""
    lock = _READER.read(content, what)
    try:
        head = Pylock.from_dict({**lock.head, "packages": []})
    except PylockUnsupportedVersionError as error:
        raise UsageError(f"{what} cannot be read: {_first_line(error)}.", _HINT) from error
    except (PylockValidationError, ValueError, TypeError) as error:
        raise UsageError(f"{what} is not as PEP 751 has it: {_first_line(error)}.", _HINT) from error
    extras = {canonicalize_name(extra) for extra in head.extras or ()}
    groups = {canonicalize_name(group) for group in head.dependency_groups or ()}
    defaults = {canonicalize_name(group) for group in head.default_groups or ()}
    asked_for(what, "extra", options.extras, extras, options)
    asked_for(what, "group", options.groups, groups | defaults, options)
    notes = python_note(input.name, head.requires_python and str(head.requires_python), options.target)
    if options.everything:
        return inventory(input, flat(lock.entries, markers_for(None), None), notes)
    wanted_extras = extras if options.all_extras else options.extras & extras
    wanted_groups = defaults | (groups if options.all_groups else options.groups & groups)
    markers = markers_for(options.target, wanted_extras, wanted_groups)
    environments = [str(marker) for marker in head.environments or ()]
    if environments and options.target and not any(markers.hold(marker) for marker in environments):
        notes += (f"{input.name} was made for other environments than {options.target.executable}.",)
    chosen = [lined for lined in lock.entries if all(markers.hold(marker) for _, marker in lined[1].markers)]
    notes += left_out(input.name, extras - wanted_extras, groups - wanted_groups)
    return inventory(input, flat(chosen, markers, None), notes, one_version=True)


def _entry(table: Table) -> Entry:
    # Lockers write names that are not in canonical form, which PEP 751 asks for and no one trips over.
    name = name_of(table.get("name"))
    try:
        package = Pylock.from_dict({**_HEAD, "packages": [{**table, "name": name}]}).packages[0]
    except (PylockValidationError, ValueError, TypeError, ExceptionGroup) as error:
        raise Malformed(_first_line(error).replace("packages[0].", "")) from error
    version = _version(package)
    return Entry(
        name,
        str(table["name"]),
        version,
        skip_of(version, _code(package)),
        _hashes(package),
        index_of(package.index),
        tuple(
            Edge(name_of(item["name"]))
            for item in tables_of(table, "dependencies")
            if isinstance(item.get("name"), str)
        ),
        markers=() if package.marker is None else (("", str(package.marker)),),
    )


_READER = ListReader("packages", _entry)


def _code(package: Package) -> SkipCode | None:
    if package.vcs is not None:
        return "vcs"
    if package.directory is not None:
        return "editable" if package.directory.editable else "local"
    if package.archive is not None:
        return "direct-url" if package.archive.url else "local"
    return None


def _version(package: Package) -> str | None:
    """The version, where it is not given that of the files' names."""
    if package.version is not None:
        return str(package.version)
    try:
        if package.wheels:
            return str(parse_wheel_filename(package.wheels[0].filename)[1])
        if package.sdist is not None:
            return str(parse_sdist_filename(package.sdist.filename)[1])
    except ValueError as error:
        raise Malformed(f"it has no version, and no file that tells one: {_first_line(error)}") from error
    return None


def _hashes(package: Package) -> frozenset[tuple[str, str]]:
    files = [
        *(package.wheels or ()),
        *([package.sdist] if package.sdist else ()),
        *([package.archive] if package.archive else ()),
    ]
    return digests(f"{name}:{digest}" for file in files for name, digest in file.hashes.items())


def _first_line(error: BaseException) -> str:
    return urls.brief(str(error).partition("\n")[0].rstrip("."))
