"""Dependency groups (PEP 735) of ``--group``: which file, which group, and the requirements in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from packaging.dependency_groups import DependencyGroupResolver
from packaging.errors import ExceptionGroup

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import Origin, RequestedRequirement
from safe_pip.request.lines import parse_specified
from safe_pip.request.places import is_lock_file, read_local, split_extras
from safe_pip.request.toml_file import parse_toml

_FILE = "pyproject.toml"
_TABLE = "[dependency-groups]"


class Group(NamedTuple):
    """One ``--group``: the path of a pyproject.toml or lock file as it was written, and the name of a group."""

    path: str
    name: str


def parse_group(text: str) -> Group:
    """Read ``[PATH:]GROUP``; a name has no colon in it, so the last one parts the two.

    Raises UsageError for a path to another file. Source: pip's cli/cmdoptions.py, _handle_dependency_group.
    """
    path, colon, name = text.rpartition(":")
    path = path if colon else _FILE
    if os.path.basename(path) != _FILE and not is_lock_file(split_extras(path)[0], remote=False):
        raise UsageError(
            f"--group {urls.shown(text)} names a file that has no groups: {urls.shown(path)}.",
            "The path of a group is that of a pyproject.toml, pylock.toml or pylock.NAME.toml on this machine.",
        )
    return Group(path, name)


def read_groups(groups: Iterable[Group]) -> Iterator[RequestedRequirement]:
    """The requirements of groups of pyproject.toml files, in the order they are asked for; each file is read once.

    Raises UsageError naming the file and the group: for a file or table that is not there or cannot be read, a group
    that is not there, includes that go in a circle, and two names that are one (PEP 735).
    """
    resolvers: dict[str, DependencyGroupResolver] = {}
    groups = list(groups)
    for group in groups:
        if group.path not in resolvers:
            resolvers[group.path] = _resolver(group)
    for group in groups:
        try:
            found = resolvers[group.path].resolve(group.name)
        except ExceptionGroup as error:
            raise UsageError(
                f"The dependency group {urls.shown(group.name)} of {group.path} cannot be used: {_reasons(error)}.",
                _hint(resolvers[group.path].dependency_groups),
            ) from error
        except RecursionError as error:
            raise UsageError(f"The dependency groups of {group.path} include each other too deeply.") from error
        origin = Origin(f"{group.path}, group {group.name}")
        for requirement in found:
            try:
                text = str(requirement)
            except ValueError as error:
                # packaging reads the numbers of a specifier only now.
                raise UsageError(
                    f"{origin}: a version of {requirement.name} is too long to be one.", "Mend the file."
                ) from error
            yield parse_specified(text, origin)


def _resolver(group: Group) -> DependencyGroupResolver:
    what = f"The file {group.path} of --group {group.name}"
    table = parse_toml(read_local(group.path, what), what).get("dependency-groups")
    if table is None:
        raise UsageError(f"{what} has no table {_TABLE}.", "Check the path before the colon of --group.")
    if not isinstance(table, dict):
        raise UsageError(f"{what} has {_TABLE} that is no table.", "It maps names of groups to lists of requirements.")
    try:
        return DependencyGroupResolver(table)
    except ExceptionGroup as error:
        raise UsageError(f"{what} has {_TABLE} that cannot be used: {_reasons(error)}.") from error


def _reasons(error: ExceptionGroup) -> str:
    """The messages of all errors in a group, whose first lines say it; the others draw."""
    return "; ".join(urls.brief(str(inner).partition("\n")[0]).rstrip(".") for inner in error.exceptions)


def _hint(groups: Mapping[str, Any]) -> str:
    return f"The groups there are: {', '.join(sorted(groups))}." if groups else "The file has no groups at all."
