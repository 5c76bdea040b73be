"""What the project file beside a lock file asks for: which packages are direct, in which group and for which extra."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.dependency_groups import DependencyGroupResolver
from packaging.errors import ExceptionGroup
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import UsageError
from safe_pip.request.locks.entries import Edge, edge_of, name_of, names_of
from safe_pip.request.locks.listed import Malformed, table_of, tables_of, text_of, texts_of
from safe_pip.request.places import read_local
from safe_pip.request.quick_toml import Table, load_toml

MAIN = canonicalize_name("main")
DEV = canonicalize_name("dev")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a project asks for: always (group ``main``) and in groups, and which names belong to extras."""

    groups: Mapping[NormalizedName, tuple[Edge, ...]]
    extras: Mapping[NormalizedName, tuple[Edge, ...]]

    @property
    def names(self) -> frozenset[NormalizedName]:
        """Every name that is asked for, in whatever way."""
        return frozenset(edge.name for edges in (*self.groups.values(), *self.extras.values()) for edge in edges)


def project_beside(lock: str, name: str = "pyproject.toml") -> tuple[Asked | None, tuple[str, ...]]:
    """What the project file in the folder of a lock file asks for, None where there is none that can be read.

    With it, a sentence where there is one that cannot be.
    """
    path = os.path.join(os.path.dirname(lock), name)
    if not os.path.isfile(path):
        return None, ()
    try:
        tables = load_toml(read_local(path, path), path)
        return (_pipfile(tables) if name == "Pipfile" else _pyproject(tables)), ()
    except (UsageError, Malformed):
        return None, (
            f"The {name} beside {os.path.basename(lock)} cannot be read, so that direct packages are guessed.",
        )


def _pyproject(tables: Table) -> Asked:
    project, tool = table_of(tables, "project"), table_of(tables, "tool")
    groups: dict[NormalizedName, list[Edge]] = {MAIN: [edge_of(text) for text in texts_of(project, "dependencies")]}
    extras: dict[NormalizedName, list[Edge]] = {}
    optional = table_of(project, "optional-dependencies")
    for extra in optional:
        extras.setdefault(name_of(extra), []).extend(edge_of(text) for text in texts_of(optional, extra))
    for group, edges in _dependency_groups(table_of(tables, "dependency-groups")):
        groups.setdefault(group, []).extend(edges)
    of_pdm = table_of(table_of(tool, "pdm"), "dev-dependencies")
    for section in of_pdm:
        # An editable one is written as an option, and is a local project.
        edges = [edge_of(text) for text in texts_of(of_pdm, section) if not text.startswith("-")]
        groups.setdefault(name_of(section), []).extend(edges)
    _poetry(table_of(tool, "poetry"), groups, extras)
    return Asked(
        {group: tuple(edges) for group, edges in groups.items()},
        {extra: tuple(edges) for extra, edges in extras.items()},
    )


def _dependency_groups(table: Table) -> Iterator[tuple[NormalizedName, list[Edge]]]:
    if not table:
        return
    try:
        resolver = DependencyGroupResolver(table)
        for group in table:
            yield name_of(group), [edge_of(str(requirement)) for requirement in resolver.resolve(group)]
    except (ExceptionGroup, ValueError, TypeError, RecursionError) as error:
        raise Malformed("its groups cannot be read") from error


def _poetry(poetry: Table, groups: dict[NormalizedName, list[Edge]], extras: dict[NormalizedName, list[Edge]]) -> None:
    optional: set[NormalizedName] = set()
    edges = poetry_edges(table_of(poetry, "dependencies"), optional)
    of_extras = table_of(poetry, "extras")
    for extra in of_extras:
        names = names_of(texts_of(of_extras, extra))
        extras.setdefault(name_of(extra), []).extend(edge for edge in edges if edge.name in names)
    # Beside [project], the same names say only where they come from.
    asked = {edge.name for edge in groups[MAIN]} | {edge.name for extra in extras.values() for edge in extra}
    groups[MAIN] += [edge for edge in edges if edge.name not in optional and edge.name not in asked]
    groups.setdefault(DEV, []).extend(poetry_edges(table_of(poetry, "dev-dependencies")))
    of_groups = table_of(poetry, "group")
    for group in of_groups:
        groups.setdefault(name_of(group), []).extend(poetry_edges(table_of(table_of(of_groups, group), "dependencies")))


def poetry_edges(table: Table, optional: set[NormalizedName] | None = None) -> tuple[Edge, ...]:
    """The edges of a table of Poetry: a constraint, a table or a list of tables by name. optional: gets such names."""
    edges = []
    for key, value in table.items():
        if key.lower() == "python":
            continue
        name = name_of(key)
        for item in tables_of(table, key) if isinstance(value, list) else [value]:
            if isinstance(item, str):
                edges.append(Edge(name, version=item))
                continue
            if not isinstance(item, dict):
                raise Malformed(f"what it needs of {name} is neither a text nor a table")
            if item.get("optional") is True and optional is not None:
                optional.add(name)
            extras = names_of(texts_of(item, "extras"))
            edges.append(Edge(name, text_of(item, "markers") or "", extras, text_of(item, "version")))
    return tuple(edges)


def _pipfile(tables: Mapping[str, Any]) -> Asked:
    """The categories of a Pipfile; ``packages`` and ``dev-packages`` are ``default`` and ``develop`` in its lock."""
    groups = {}
    for section, value in tables.items():
        if isinstance(value, dict) and section not in ("requires", "scripts", "pipenv"):
            known = {"packages": MAIN, "dev-packages": DEV}
            groups[known.get(section) or name_of(section)] = tuple(Edge(name_of(name)) for name in value)
    return Asked(groups, {})
