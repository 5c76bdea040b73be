"""What a project says that it needs: the dependencies, extras and groups of its ``pyproject.toml`` (PEP 621, PEP 735).

Nothing of the project runs: what only its build backend could tell is not known, and said not to be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput
from safe_pip.model import Origin, RequestedRequirement, Unchecked
from safe_pip.request.groups import Group, read_groups
from safe_pip.request.lines import parse_specified
from safe_pip.request.places import read_local
from safe_pip.request.toml_file import parse_toml

FILE = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """What is asked of a project. unchecked: what it would need is not known. notes: for people."""

    input: AuditInput
    requirements: tuple[RequestedRequirement, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a project's optional parts: ``--extra``, ``--all-extras``, ``--group``, ``--all-groups``.

    missing_ok: whether a project may be without them, as where many are read in one run.
    """

    extras: tuple[str, ...] = ()
    all_extras: bool = False
    groups: tuple[str, ...] = ()
    all_groups: bool = False
    missing_ok: bool = False


def read_project(folder: str, wanted: Wanted) -> Project:
    """Read a project's folder, or its ``pyproject.toml`` itself.

    Raises UsageError naming the file: where there is none or it cannot be read, and for an extra or group that it does
    not have.
    """
    path = os.path.join(folder, FILE) if os.path.isdir(folder) else folder
    if os.path.basename(path) != FILE or not os.path.isfile(path):
        raise UsageError(
            f"{folder} is not a project: there is no {FILE}.",
            "Name a folder that has one, a requirements file with -r FILE, or a lock file with --lock FILE.",
        )
    text = read_local(path, path)
    return _Reading(path, text, parse_toml(text, path), wanted).project()


@dataclass
class _Reading:
    path: str
    text: str
    content: Mapping[str, Any]
    wanted: Wanted

    def project(self) -> Project:
        table = self.content.get("project")
        groups = self.content.get("dependency-groups")
        readable = isinstance(table, dict) or (isinstance(groups, dict) and self._any_group)
        if not readable and not (self.wanted.missing_ok and not self._is_poetry):
            raise UsageError(
                f"{self.path} has no table [project], so it does not say what the project needs.",
                "Audit its lock file instead, with --locked or --lock FILE.",
            )
        table = table if isinstance(table, dict) else {}
        found = [*self._dependencies(table), *self._extras(table), *self._groups(groups)]
        notes = () if found else (f"{self.path} names no dependencies",)
        return Project(AuditInput("project", self.path, self.path), tuple(found), tuple(self._unknown(table)), notes)

    @property
    def _is_poetry(self) -> bool:
        """Whether another table says what the project needs."""
        tool = self.content.get("tool")
        return isinstance(tool, dict) and isinstance(tool.get("poetry"), dict)

    @property
    def _any_group(self) -> bool:
        return self.wanted.all_groups or bool(self.wanted.groups)

    def _unknown(self, table: Mapping[str, Any]) -> Iterator[Unchecked]:
        dynamic = table.get("dynamic")
        dynamic = dynamic if isinstance(dynamic, list) else []
        fields = ["dependencies"]
        if self.wanted.all_extras or self.wanted.extras:
            fields.append("optional-dependencies")
        for field in fields:
            if field in dynamic:
                reason = f"{self.path} leaves its {field} to the build backend, which is not run"
                help = "Audit its lock file, or the environment that it is installed in."
                yield Unchecked("unknown-dependencies", self._name(table), None, reason, help)

    def _name(self, table: Mapping[str, Any]) -> NormalizedName | None:
        name = table.get("name")
        return canonicalize_name(name) if isinstance(name, str) else None

    def _dependencies(self, table: Mapping[str, Any]) -> Iterator[RequestedRequirement]:
        yield from self._parsed(self._texts(table.get("dependencies", []), "project.dependencies"))

    def _extras(self, table: Mapping[str, Any]) -> Iterator[RequestedRequirement]:
        optional = table.get("optional-dependencies", {})
        if not isinstance(optional, dict):
            raise UsageError(f"{self.path}: project.optional-dependencies is not a table.", "Mend the file.")
        extras = {canonicalize_name(name): texts for name, texts in optional.items()}
        dynamic = table.get("dynamic")
        if not (isinstance(dynamic, list) and "optional-dependencies" in dynamic):
            self._check_known("extra", self.wanted.extras, extras)
        chosen = list(extras) if self.wanted.all_extras else [canonicalize_name(name) for name in self.wanted.extras]
        own = self._name(table)
        seen: set[NormalizedName] = set()
        while chosen:
            extra = chosen.pop(0)
            if extra in seen or extra not in extras:
                continue
            seen.add(extra)
            for text in self._texts(extras[extra], f"project.optional-dependencies.{extra}"):
                # An extra may be made of others: NAME[ONE,TWO], where NAME is the project's own.
                try:
                    requirement = Requirement(text)
                except (InvalidRequirement, RecursionError):
                    requirement = None
                if requirement is not None and own is not None and canonicalize_name(requirement.name) == own:
                    chosen += sorted(canonicalize_name(name) for name in requirement.extras)
                else:
                    yield from self._parsed([text])

    def _groups(self, groups: Any) -> Iterator[RequestedRequirement]:
        if not self._any_group:
            return
        known = {canonicalize_name(name): name for name in groups} if isinstance(groups, dict) else {}
        self._check_known("group", self.wanted.groups, known)
        asked = [name for name in self.wanted.groups if canonicalize_name(name) in known]
        names = list(known.values()) if self.wanted.all_groups else asked
        for requirement in read_groups([Group(self.path, name) for name in names]):
            yield from self._parsed([requirement.text])

    def _check_known(self, what: str, names: Iterable[str], known: Mapping[NormalizedName, Any]) -> None:
        for name in () if self.wanted.missing_ok else names:
            if canonicalize_name(name) not in known:
                there = f"It has {', '.join(sorted(known))}." if known else "It has none at all."
                raise UsageError(f"{self.path} has no {what} {urls.shown(name)}.", there)

    def _texts(self, value: Any, where: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{self.path}: {where} is not a list of texts.", "Mend the file.")
        return value

    def _parsed(self, texts: Iterable[str]) -> Iterator[RequestedRequirement]:
        for text in texts:
            yield parse_specified(text, Origin(self.path, self._line(text)))

    def _line(self, text: str) -> int | None:
        """The line that a requirement stands in, as far as it can be found: TOML's reader does not tell."""
        written = (json.dumps(text, ensure_ascii=False), f"'{text}'")
        for number, line in enumerate(self.text.splitlines(), start=1):
            if any(one in line for one in written):
                return number
        return None
