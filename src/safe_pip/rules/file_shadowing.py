"""file-shadowing: a file takes the place of the standard library's, or of one that another distribution brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts
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
_CODE_THAT_COUNTS = (".py", ".so", ".pyd", ".pth", ".start")
# From this share of common files on, and with one name in the other, two projects are one thing in two guises.
_SAME_THING = 0.8
_AS_WELL = "which is to be installed as well"


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each file and whatever its files take the place of."""
    version = facts.request.target.version_info[:2] if facts.request is not None else None
    modules = standard_library(version)
    brought: dict[str, tuple[PlannedInstall, str]] = {}
    for item, file in looked_at(facts):
        yield from _standard_library(facts, item, file, modules)
        yield from _other(
            facts, item, file, _installed_already(facts, file), "which is installed", facts.installed.sizes
        )
        others = {path: (owner[0].name, owner[1]) for path in file.code if (owner := brought.get(path)) is not None}
        sizes = {name: len(facts.files[name].code) for name, _ in others.values()}
        yield from _other(facts, item, file, others, _AS_WELL if facts.request else "", sizes)
        for path, digest in file.code.items():
            brought.setdefault(path, (item, digest))


def _standard_library(
    facts: Facts, item: PlannedInstall, file: FileFacts, modules: frozenset[str]
) -> Iterator[Observation]:
    """What takes the place of the standard library's; a package whose name has the module's in it is one for it."""
    named = item.name.replace("-", "_")
    names = [name for name in file.top_level if name in modules and name not in named]
    paths = [path for path in file.code if path.split("/")[0].split(".")[0] in names]
    paths += file.library
    if paths:
        what = f"{paths[0]}{and_more(len(paths))}"
        message = f"{item.file.filename} brings {what}, in place of the standard library's."
        help = "Programs that import the standard library may get this instead. "
        help += "Do not install it without knowing why." if facts.request else "Find out why it is there."
        evidence = [Evidence("file", path) for path in paths[:MOST_EVIDENCE]]
        yield found("file-shadowing", facts, item, message, help, evidence, f"shadows {paths[0]}")


def _installed_already(facts: Facts, file: FileFacts) -> dict[str, tuple[NormalizedName, str]]:
    going = {item.name for item in facts.plan.install}
    owned = facts.installed.owned
    return {path: owner for path in file.code if (owner := owned.get(path)) is not None and owner[0] not in going}


def _other(
    facts: Facts,
    item: PlannedInstall,
    file: FileFacts,
    others: Mapping[str, tuple[NormalizedName, str]],
    where: str,
    sizes: Mapping[NormalizedName, int],
) -> Iterator[Observation]:
    """What takes the place of other distributions' files. others: path to owner and digest.

    where: what to say of the other; empty for what is installed, of which nobody knows what came first.
    """
    by_owner: dict[NormalizedName, list[str]] = {}
    common: dict[NormalizedName, int] = {}
    for path, (owner, digest) in others.items():
        common[owner] = common.get(owner, 0) + 1
        if digest != file.code[path] and file.code[path] != "namespace" and _counts(path):
            by_owner.setdefault(owner, []).append(path)
    for owner, paths in by_owner.items():
        smaller = min(len(file.code), sizes.get(owner, 0))
        if owner == item.name or (_related(owner, item.name) and common[owner] >= _SAME_THING * smaller):
            continue
        message = f"{item.file.filename} overwrites {paths[0]}{and_more(len(paths))} of {owner}, {where}."
        if not where:
            message = f"{item.file.filename} and {owner} both have {paths[0]}{and_more(len(paths))}, and not the same."
        help = f"Only one of {item.name} and {owner} can have these files: leave out the one that you do not need."
        evidence = [Evidence("file", path) for path in paths[:MOST_EVIDENCE]]
        evidence.append(Evidence(f"{owner} has", others[paths[0]][1] or "another content"))
        evidence.append(Evidence("file has", file.code[paths[0]]))
        yield found("file-shadowing", facts, item, message, help, evidence, f"overwrites files of {owner}")


def _counts(path: str) -> bool:
    if not path.endswith(_CODE_THAT_COUNTS):
        return False
    first, slash, _ = path.partition("/")
    return first.split(".")[0] not in _LEFT_BEHIND and (bool(slash) or first not in ("setup.py", "conftest.py"))


def _related(one: str, other: str) -> bool:
    """Whether all words of one name are in the other, as those of psycopg2 are in psycopg2-binary."""
    words, others = set(one.split("-")), set(other.split("-"))
    return words <= others or others <= words
