"""What rules about bytes find in what is installed: from RECORD and the files that are there; nothing of it runs.

Only where a policy asks for it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.audited import Affected
from safe_pip.codes import CODES_OF_INSTALLED
from safe_pip.facts import FileFacts, Hook
from safe_pip.inspect.hooks import customizers, is_read_at_start
from safe_pip.inspect.places import top_level
from safe_pip.inspect.record import Row
from safe_pip.model import (
    CoreMetadata,
    DistributionFile,
    InstalledDistribution,
    Level,
    Plan,
    PlannedInstall,
    Unchecked,
)
from safe_pip.request.environment import Environment
from safe_pip.rules import observe_one
from safe_pip.rules.facts import Facts
from safe_pip.settings import Settings
from safe_pip.target.distributions import read_installed
from safe_pip.target.recorded import NotReadable, Reading, facts_of, hooks_of, record_of, small_file
from safe_pip.target.unrecorded import Loose, TooMuch, loose_code

_SITES = ("site-packages", "dist-packages")
_IMPORTS_ITSELF = re.compile(r"import (\w+)(?:; ?\1\.install\(\))?", re.ASCII)
_NAMES = re.compile(r"""^[ \t]*name[ \t]*=[ \t]*["']([^"'\n]+)["']""", re.MULTILINE)
_NOBODY = NormalizedName("")
_MOST_NAMED = 3


def observe_installed(
    environment: Environment, settings: Settings, now: datetime
) -> tuple[tuple[Affected, ...], tuple[Unchecked, ...]]:
    """What rules find in an environment, and what of it could not be looked at."""
    codes = [code for code in CODES_OF_INSTALLED if settings.highest(code, "audit") > Level.ALLOW]
    if not codes:
        return (), ()
    wanted = {(item.name, item.version): item for item in environment.inventory.dependencies}
    affected: list[Affected] = []
    unchecked: list[Unchecked] = []
    for location in filter(os.path.isdir, environment.places):
        folder = _Folder(environment, location)
        files = folder.files({name for name, _ in wanted})
        unchecked += folder.unchecked
        plan = Plan(tuple(_as_planned(name, folder.versions.get(name, ""), location) for name in files))
        facts = Facts(plan, files=files, settings=settings, now=now)
        for found in (each for code in codes for each in observe_one(code, facts)):
            place = wanted.get((found.name, found.version))
            affected.append(Affected(found, (place,) if place is not None else ()))
    return tuple(affected), tuple(unchecked)


def _as_planned(name: NormalizedName, version: str, location: str) -> PlannedInstall:
    return PlannedInstall(
        name=name,
        version=version,
        file=DistributionFile(f"{name} in {location}" if name else location, urls.path_to_url(location)),
        metadata=CoreMetadata(name, version),
        requested=False,
        required_by=(),
        chain=(name,) if name else (),
    )


@dataclass
class _Folder:
    """One folder that packages are installed in. unchecked: what of it could not be looked at."""

    environment: Environment
    location: str
    unchecked: list[Unchecked] = field(default_factory=list)
    versions: dict[NormalizedName, str] = field(default_factory=dict)

    def files(self, wanted: Iterable[NormalizedName]) -> dict[NormalizedName, FileFacts]:
        """What each distribution shows, and under an empty name what is nobody's."""
        here = read_installed([self.location])
        self.versions = {name: found.raw_version for name, found in here.items()}
        rows: dict[NormalizedName, dict[str, Row]] = {}
        without: list[NormalizedName] = []
        for name, found in here.items():
            try:
                record = record_of(found.info_path)
            except NotReadable as error:
                self._tell(name, str(error))
                record = {}
                without.append(name)
            if record is not None:
                rows[name] = {self._plain(path): row for path, row in record.items()}
            elif not found.legacy_editable:
                without.append(name)
        if without and (self._is_site or self.location.lower().endswith(".egg")):
            self._tell_without(without)
        reading = Reading(self.location, self.environment.prefix, _shared(rows))
        chosen = {name for name in wanted if _is_here(self.environment.installed.get(name), here.get(name))}
        files: dict[NormalizedName, FileFacts] = {}
        for name in sorted(chosen & rows.keys()):
            files[name], gaps = facts_of(here[name], rows[name], reading, _expected(here[name]))
            if gaps:
                more = f", and {len(gaps) - 1:,} more" if len(gaps) > 1 else ""
                self._tell(name, f"{gaps[0]}{more}")
        if self._is_site:
            self._add_loose(files, rows, without, here)
        return files

    @property
    def _is_site(self) -> bool:
        """Whether nothing else lies there than what is installed; a folder of sources may be on the path as well."""
        return self.environment.prefix is None or os.path.basename(self.location).lower() in _SITES

    def _plain(self, path: str) -> str:
        """A path of RECORD below the folder, where it leads there, however it is written."""
        if ".." not in path and not os.path.isabs(path):
            return path
        inside = os.path.join(os.path.normpath(self.location), "")
        place = os.path.normpath(os.path.join(self.location, path))
        return place.removeprefix(inside).replace(os.sep, "/") if place.startswith(inside) else path

    def _recorded_besides(self, known: Collection[str]) -> Iterator[str]:
        """The paths in RECORDs of what pip does not count as installed, such as another version's left behind."""
        for name in sorted(os.listdir(self.location)):
            place = os.path.join(self.location, name)
            if name.endswith(".dist-info") and place not in known:
                with suppress(NotReadable):
                    yield from map(self._plain, record_of(place) or {})

    def _add_loose(
        self,
        files: dict[NormalizedName, FileFacts],
        rows: Mapping[NormalizedName, Mapping[str, Row]],
        without: list[NormalizedName],
        here: Mapping[NormalizedName, InstalledDistribution],
    ) -> None:
        """Add code that no RECORD lists to what it lies in. without: names of what has no RECORD."""
        owners: dict[str, set[NormalizedName]] = {}
        recorded: set[str] = set()
        for name, own in rows.items():
            for path in own:
                recorded.add(path)
                while (path := path.rpartition("/")[0]) and name not in owners.setdefault(path, set()):
                    owners[path].add(name)
        recorded.update(self._recorded_besides({found.info_path for found in here.values()}))
        loose: list[Loose] = []
        try:
            # What was found up to a place that cannot be read stays.
            loose.extend(loose_code(self.location, self.environment.prefix, recorded))
        except (TooMuch, OSError) as error:
            why = "there is more in it than is looked at" if isinstance(error, TooMuch) else error.strerror or error
            self._tell(None, f"{self.location} cannot be searched for code that no RECORD lists: {why}")
        develops = [os.path.join(found.location, "") for found in here.values() if found.legacy_editable]
        nobodys = FileFacts()
        for one in loose:
            if not one.owner and not (self.environment.prefix is None and one.path == "bin"):
                nobodys = self._with_loose(nobodys, one, without, develops)
            elif one.owner and not without:
                # Of several that share a folder, nobody knows whose it is.
                mine = owners.get(one.owner, set())
                name = next(iter(mine)) if len(mine) == 1 else _NOBODY
                if name in files:
                    files[name] = replace(files[name], problems=(*files[name].problems, one.problem))
                elif name == _NOBODY:
                    nobodys = replace(nobodys, problems=(*nobodys.problems, one.problem))
        if nobodys != FileFacts():
            files[_NOBODY] = nobodys

    def _with_loose(
        self, facts: FileFacts, one: Loose, without: list[NormalizedName], develops: list[str]
    ) -> FileFacts:
        """What is nobody's, with one more. Where some have no RECORD, only what runs at the start is told of it."""
        hooks: list[Hook] = list(customizers({one.shown: ""}, ()))
        if is_read_at_start(one.path):
            try:
                data = small_file(os.path.join(self.location, one.path))
            except OSError as error:
                self._tell(None, f"{os.path.join(self.location, one.shown)} cannot be read: {error.strerror or error}")
                return facts
            told = [
                list(hooks_of(one.shown, data, name, lambda line: os.path.join(line, "") in develops))
                for name in without or [_NOBODY]
            ]
            # What is nobody's may be of any of those.
            hooks += next((found for found in told if not found), told[0])
        is_known = bool(without) or (bool(develops) and one.path == "easy-install.pth")
        problems = facts.problems if is_known else (*facts.problems, one.problem)
        code = facts.code if is_known or top_level(one.path) == "" else {**facts.code, one.shown: ""}
        tops = tuple(sorted({top for path in code if (top := top_level(path))}))
        return replace(facts, hooks=(*facts.hooks, *hooks), problems=problems, code=code, top_level=tops)

    def _tell(self, name: NormalizedName | None, reason: str) -> None:
        version = self.versions.get(name) if name is not None else None
        about = f"{name} in {self.location}: " if name is not None else ""
        help = "Mend its permissions, or install it anew, and audit again."
        self.unchecked.append(Unchecked("unreadable-file", name, version, f"{about}{reason}", help))

    def _tell_without(self, names: list[NormalizedName]) -> None:
        named = ", ".join(names[:_MOST_NAMED])
        more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
        has = "has" if len(names) == 1 else "have"
        self.unchecked.append(
            Unchecked(
                "unreadable-file",
                names[0] if len(names) == 1 else None,
                self.versions.get(names[0]) if len(names) == 1 else None,
                f"{named}{more} in {self.location} {has} no RECORD, so that nobody knows which files are theirs",
                "Install them anew with pip, or audit an environment of your own.",
            )
        )


def _is_here(chosen: InstalledDistribution | None, here: InstalledDistribution | None) -> bool:
    """Whether what Python would import is what lies here."""
    return chosen is not None and here is not None and chosen.info_path == here.info_path


def _shared(rows: Mapping[NormalizedName, Mapping[str, Row]]) -> dict[str, set[str]]:
    """The digests that RECORDs give, of paths that several of them list."""
    digests: dict[str, list[str]] = {}
    for own in rows.values():
        for path, row in own.items():
            digests.setdefault(path, []).append(row.digest)
    return {path: set(given) for path, given in digests.items() if len(given) > 1}


def _expected(distribution: InstalledDistribution) -> Callable[[str], bool]:
    """What lines of ``.pth`` files are expected: of an editable install those by which its sources are found."""
    source = _source_of(distribution)
    if source is None:
        return lambda _: False
    inside = os.path.join(source, "")

    def is_expected(line: str) -> bool:
        path = os.path.join(os.path.normpath(line), "") if os.path.isabs(line) else ""
        return path.startswith(inside) or _IMPORTS_ITSELF.fullmatch(line) is not None

    return is_expected


def _source_of(distribution: InstalledDistribution) -> str | None:
    """The folder of the project that is installed in editable mode (PEP 610), None where there is none.

    A wheel can bring such a record itself; it cannot bring a project beside the installed packages.
    """
    try:
        record = json.loads(small_file(os.path.join(distribution.info_path, "direct_url.json")))
        if not record["dir_info"]["editable"]:
            return None
        folder = os.path.normpath(urls.url_to_path(record["url"]))
        if not os.path.isdir(folder):
            return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    site = os.path.join(os.path.normpath(distribution.location), "")
    if os.path.join(folder, "").startswith(site) or site.startswith(os.path.join(folder, "lib", "")):
        return None
    return folder if _is_project(folder, distribution.name) else None


def _is_project(folder: str, name: NormalizedName) -> bool:
    """Whether a folder is that of a project of this name, by its ``pyproject.toml`` or what setuptools leaves in it."""
    try:
        text = small_file(os.path.join(folder, "pyproject.toml")).decode("utf-8", "replace")
    except OSError:
        text = ""
    if any(canonicalize_name(found) == name for found in _NAMES.findall(text)):
        return True
    left = read_installed([folder, os.path.join(folder, "src")])
    return name in left
