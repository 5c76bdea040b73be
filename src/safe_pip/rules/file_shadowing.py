"""file-shadowing: a file takes the place of the standard library's, or of one that another distribution brings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts
from safe_pip.inspect.places import is_code, module_of, top_level
from safe_pip.model import Evidence, Observation, PlannedInstall
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import MOST_EVIDENCE, and_more, found, looked_at
from safe_pip.rules.standard_library import standard_library

# Folders that projects leave beside their packages by mistake; nobody imports them by these names.
_FOLDERS = """
benchmark benchmarks bench build demo demos dev dist doc docs documentation example examples integration_tests
notebooks sample samples script scripts spec specs test test_utils testing tests tools utils_test
"""
_LEFT_BEHIND = frozenset(_FOLDERS.split())
# Where these have no RECORD, as those of the system and of a checkout, nothing tells whose they are.
_OWN = frozenset({"pip", "safe_pip"})
_CODE_THAT_COUNTS = (".py", ".pyw", ".so", ".pyd", ".pth", ".start")
# From these shares of common files on, of the smaller and the larger one, and with one name in the other, two projects
# are one thing in two guises.
_SAME_THING = 0.8
_SAME_AT_LEAST = 0.5
_LONG_NAME = 5
_AS_WELL = "which is to be installed as well"


Owned = Mapping[str, tuple[NormalizedName, str]]
"""Paths below site-packages, with the project that each is of, and its digest."""


ModuleOf = Callable[[str], str]
"""``module_of``, by the letters that the target's folders tell apart."""


class _Clash(NamedTuple):
    """A file of one project that is the same module as one of another. other: the other's path. digest: of that one."""

    path: str
    other: str
    owner: NormalizedName
    digest: str


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each file and whatever its files take the place of."""
    version = facts.request.target.version_info[:2] if facts.request is not None else None
    modules = standard_library(version)
    of = partial(module_of, fold=facts.request is not None and facts.request.target.folds_case)
    going = {item.name for item in facts.plan.install}
    installed = _by_module(of, {path: own for path, own in facts.installed.owned.items() if own[0] not in going})
    brought: dict[str, dict[str, tuple[NormalizedName, str]]] = {}
    owners = {module: next(iter(paths.values()))[0] for module, paths in installed.items()}
    for item, file in looked_at(facts):
        owners.update((top, item.name) for top in file.top_level if top not in owners)
    counts = {item.name: len(file.code) for item, file in looked_at(facts)}
    for item, file in looked_at(facts):
        yield from _standard_library(facts, item, file, modules)
        yield from _beside_commands(facts, item, file, modules, owners)
        yield from _other(facts, item, file, of, installed, "which is installed", facts.installed.sizes)
        yield from _other(facts, item, file, of, brought, _AS_WELL if facts.request else "", counts)
        for path, digest in file.code.items():
            brought.setdefault(of(path), {}).setdefault(path, (item.name, digest))


def _by_module(of: ModuleOf, owned: Owned) -> dict[str, dict[str, tuple[NormalizedName, str]]]:
    found: dict[str, dict[str, tuple[NormalizedName, str]]] = {}
    for path, owner in owned.items():
        found.setdefault(of(path), {})[path] = owner
    return found


def _standard_library(
    facts: Facts, item: PlannedInstall, file: FileFacts, modules: frozenset[str]
) -> Iterator[Observation]:
    """What takes the place of the standard library's, or of pip or safe-pip itself, be they recorded or not."""
    named = item.name.replace("-", "_")
    names = [name for name in file.top_level if name in modules and not _is_named_for(item.name, name)]
    yield from _in_place_of("the standard library", facts, item, file, names, file.library)
    for name in sorted(_OWN.intersection(file.top_level) - {named}):
        yield from _in_place_of(name, facts, item, file, [name])


def _in_place_of(
    whose: str, facts: Facts, item: PlannedInstall, file: FileFacts, names: Collection[str], more: tuple[str, ...] = ()
) -> Iterator[Observation]:
    """What bears one of these names at the top. more: other paths that are in the same way."""
    paths = [*(path for path in file.code if path.split("/")[0].split(".")[0] in names), *more]
    if paths:
        what = f"{paths[0]}{and_more(len(paths))}"
        message = f"{item.file.filename} brings {what}, in place of {whose}'s."
        help = f"Programs that import {whose} may get this instead. "
        help += "Do not install it without knowing why." if facts.request else "Find out why it is there."
        evidence = [Evidence("file", path) for path in paths[:MOST_EVIDENCE]]
        yield found("file-shadowing", facts, item, message, help, evidence, f"shadows {paths[0]}")


def _is_named_for(project: NormalizedName, module: str) -> bool:
    """Whether a project bears a module's name, as enum34, legacy-cgi, pyasyncore and gnureadline do.

    A short one has to be a word of its own: there is an os in closet.
    """
    words = {word.removeprefix("py").rstrip("0123456789") for word in project.split("-")}
    named = project.replace("-", "_")
    return module in (*words, *project.split("-")) or (len(module) >= _LONG_NAME and module in named)


def _beside_commands(
    facts: Facts,
    item: PlannedInstall,
    file: FileFacts,
    modules: frozenset[str],
    owners: Mapping[str, NormalizedName],
) -> Iterator[Observation]:
    """What lies in the folder of commands, where each of them looks for modules first, and bears another's name.

    owners: of modules at the top, by their names.
    """
    for path in file.scripts:
        top = top_level(path) if is_code(path) else ""
        # Here those with an underscore count as well: other modules of the library import them.
        library = top in modules or (top.startswith("_") and top in sys.stdlib_module_names)
        owner = owners.get(top, item.name)
        others = owner != item.name and top not in (*file.top_level, *_LEFT_BEHIND) and not _related(owner, item.name)
        if top and (library or others):
            whose = "the standard library" if library else owner
            message = f"{item.file.filename} puts {path} beside the commands, which import {top} of {whose}."
            help = "Every command of the environment would run this in its place."
            yield found("file-shadowing", facts, item, message, help, [Evidence("file", path)], f"shadows {top}")
            return


def _clashes(file: FileFacts, of: ModuleOf, others: Mapping[str, Owned]) -> Iterator[_Clash]:
    """What of a file is the same module as another's, be it at another path. others: by module, then by path."""
    for path in file.code:
        there = others.get(of(path))
        if there is None:
            continue
        # What is kept compiled may have been made from anything, and Python does not always compare.
        plain = [other for other in there if not _is_compiled(other)]
        other = path if path in plain else next(iter(plain or there))
        owner, digest = there[other]
        if digest != file.code[path] and file.code[path] != "namespace" and _counts(path):
            yield _Clash(path, other, owner, digest)


def _other(
    facts: Facts,
    item: PlannedInstall,
    file: FileFacts,
    of: ModuleOf,
    others: Mapping[str, Owned],
    where: str,
    sizes: Mapping[NormalizedName, int],
) -> Iterator[Observation]:
    """What takes the place of other distributions' files. others: by module, then by path. sizes: files of code.

    where: what to say of the other; empty for what is installed, of which nobody knows what came first.
    """
    by_owner: dict[NormalizedName, list[_Clash]] = {}
    for clash in _clashes(file, of, others):
        by_owner.setdefault(clash.owner, []).append(clash)
    for owner, clashes in by_owner.items():
        if owner == item.name or (_related(owner, item.name) and _is_same_thing(file, of, others, owner, sizes)):
            continue
        first, more = clashes[0], and_more(len(clashes))
        message = f"{item.file.filename} overwrites {first.path}{more} of {owner}, {where}."
        if first.path != first.other:
            what = f"brings {first.path}, which is the same module as {first.other}{more}"
            message = f"{item.file.filename} {what} of {owner}{', ' if where else ''}{where}."
        elif not where:
            message = f"{item.file.filename} and {owner} both have {first.path}{more}, and not the same."
        help = f"Only one of {item.name} and {owner} can have these files: leave out the one that you do not need."
        evidence = [Evidence("file", clash.path) for clash in clashes[:MOST_EVIDENCE]]
        evidence.append(Evidence(f"{owner} has", first.digest or "another content"))
        evidence.append(Evidence("file has", file.code[first.path]))
        yield found("file-shadowing", facts, item, message, help, evidence, f"overwrites files of {owner}")


def _is_same_thing(
    file: FileFacts,
    of: ModuleOf,
    others: Mapping[str, Owned],
    owner: NormalizedName,
    sizes: Mapping[NormalizedName, int],
) -> bool:
    """Whether two projects have most of their files in common, of both: one file of a name is not the other project."""
    common = sum(others.get(of(path), {}).get(path, ("",))[0] == owner for path in file.code)
    size = sizes.get(owner, 0)
    return common >= _SAME_THING * min(len(file.code), size) and common >= _SAME_AT_LEAST * max(len(file.code), size)


def _is_compiled(path: str) -> bool:
    return path.endswith(".pyc")


def _counts(path: str) -> bool:
    if not path.endswith(_CODE_THAT_COUNTS) and "__pycache__" not in path.split("/"):
        return False
    first, slash, _ = path.partition("/")
    return first.split(".")[0] not in _LEFT_BEHIND and (bool(slash) or first not in ("setup.py", "conftest.py"))


def _related(one: str, other: str) -> bool:
    """Whether all words of one name are in the other, as those of psycopg2 are in psycopg2-binary."""
    words, others = set(one.split("-")), set(other.split("-"))
    return words <= others or others <= words
