"""What of a target decides about a plan: who owns the files that it would write, and what its updates replace.

Read from RECORD files and the files that they list, without running anything.
Source: PyPA specification "Recording installed projects".
"""

from __future__ import annotations

import base64
import csv
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts, Hook, InstalledFacts
from safe_pip.inspect.hooks import customizers, hooks_in, is_read_at_start, paths_in
from safe_pip.inspect.places import is_code, module_of, top_level
from safe_pip.model import InstalledDistribution, Plan, Target
from safe_pip.target.metadata import installed_metadata

_LARGEST_RECORD = 16_000_000
_LARGEST_HOOK = 1_000_000


def installed_facts(target: Target, plan: Plan, files: Mapping[NormalizedName, FileFacts]) -> InstalledFacts:
    """What lies in a target of the projects of a plan, and of those whose files it would overwrite.

    files: what was found in the plan's own files.
    """
    hooks: dict[NormalizedName, tuple[Hook, ...]] = {}
    requires: dict[NormalizedName, tuple[str, ...]] = {}
    versions: dict[NormalizedName, str] = {}
    for item in plan.install:
        old = target.installed.get(item.name)
        if old is None or item.replaces is None:
            continue
        metadata = installed_metadata(old.info_path)
        if metadata is not None:
            requires[item.name] = metadata.requires_dist
        versions[item.name] = old.raw_version
        if item.name in files and files[item.name].hooks:
            hooks[item.name] = tuple(_hooks_of(old))
    going = {item.name for item in plan.install}
    of = partial(module_of, fold=target.folds_case)
    wanted = {of(module) for file in files.values() for module in _modules(file)}
    owned: dict[str, tuple[NormalizedName, str]] = {}
    sizes: dict[NormalizedName, int] = {}
    # Other folders come before or after that one, as platlib, the user's and the system's do: what is there can be
    # overwritten or outdone as well.
    ordered = sorted(target.installed.items(), key=lambda each: each[1].location != target.site_packages)
    for name, distribution in ordered if wanted else ():
        if name in going:
            continue
        count = 0
        for path, hashed in _recorded(distribution):
            if is_code(path):
                count += 1
                if of(path) in wanted:
                    owned.setdefault(path, (name, _hexadecimal(hashed)))
        sizes[name] = count
    return InstalledFacts(
        hooks=hooks,
        requires_dist=requires,
        versions=versions,
        owned=owned,
        sizes=sizes,
        added=frozenset(_added(target.site_packages)),
    )


def _added(folder: str) -> Iterator[str]:
    """The folders below one that its ``.pth`` files add to where modules are looked for."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.endswith(".pth"):
                yield from paths_in(_start_of(entry.path))


def _start_of(path: str) -> bytes:
    """So much of a hook's file as can matter. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(_LARGEST_HOOK)


def _modules(file: FileFacts) -> Iterator[str]:
    """What a file would bring, or load, or have found before others': paths, or modules."""
    yield from file.code
    yield from (module for module, _ in file.namespaces)
    yield from filter(None, map(top_level, file.scripts))


def _recorded(distribution: InstalledDistribution) -> Iterator[tuple[str, str]]:
    """The paths that RECORD lists, below the distribution's location, each with its hash as written."""
    try:
        with open(os.path.join(distribution.info_path, "RECORD"), encoding="utf-8", newline="") as file:
            text = file.read(_LARGEST_RECORD)
        for line in csv.reader(text.splitlines()):
            if line:
                yield line[0], line[1] if len(line) > 1 else ""
    except (OSError, UnicodeDecodeError, csv.Error):
        return


def _hexadecimal(hashed: str) -> str:
    algorithm, _, digest = hashed.partition("=")
    if algorithm != "sha256":
        return ""
    try:
        return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex()
    except ValueError:
        return ""


def _hooks_of(distribution: InstalledDistribution) -> Iterator[Hook]:
    """The hooks that an installed distribution has, as its files are now."""
    code: dict[str, str] = {}
    for path, hashed in _recorded(distribution):
        if is_code(path):
            code[path] = _hexadecimal(hashed)
        if is_read_at_start(path):
            try:
                data = _start_of(os.path.join(distribution.location, path))
            except OSError:
                continue
            yield from hooks_in(path, data, distribution.name)
    yield from customizers(code, ())
