"""What an index tells of what inputs of an audit only name: lock files, SBOMs, and what is installed.

Only where a policy wants to know: then the page of each public name is read, and where it lists licences the metadata
of what lock files and SBOMs name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.audit_coverage import not_looked_for
from safe_pip.audit_rules import weighing
from safe_pip.audit_said import as_planned, observed, plans_of
from safe_pip.facts import ProjectFacts
from safe_pip.index.cache import IndexCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.index.listing import Listing
from safe_pip.index.releases import version_text
from safe_pip.index.store import FileStore
from safe_pip.inspect.core_metadata import InvalidMetadata
from safe_pip.inventory import Dependency, Inventory
from safe_pip.model import DistributionFile, Network, Observation, PlannedInstall, SearchScope, Unchecked
from safe_pip.projects import look_at_projects
from safe_pip.resolve.metadata import MetadataReader, Unreadable
from safe_pip.rules import CANDIDATE_RULES, observe_one
from safe_pip.rules.facts import Facts
from safe_pip.settings import LICENSE_CODES, Settings, asks_for_licenses, asks_for_pages
from safe_pip.stage import private_folder
from safe_pip.versions import parsed

_INSTALLED = ("environment", "path")
Key = tuple[NormalizedName, str]


@dataclass(frozen=True, slots=True)
class Asking:
    """How an index is asked. cache: safe-pip's cache folder. keep: whether what it says is kept there."""

    index_url: str
    network: Network
    keyring: Keyring | None
    cache: Path
    keep: bool = True


def observe_named(
    inventories: Sequence[Inventory], settings: Settings, now: datetime, asking: Asking
) -> tuple[tuple[Observation, ...], tuple[Unchecked, ...]]:
    """What rules find by the pages of one index, and by the metadata there, in what inputs name; what they could not.

    Names that are not public are not asked for. Of versions that the index does not list nothing is told but that.
    """
    if not inventories:
        return (), ()
    search = SearchScope((asking.index_url,))
    network, logins = asking.network, urls.credentials_in([asking.index_url])
    kept = asking.cache / "index" if asking.keep else None
    with (
        Http(network, logins, keyring=asking.keyring, indexes=search.index_urls) as http,
        IndexCache(kept, network.trusted_hosts) as cache,
        Index(search, http, network.trusted_hosts, cache) as index,
        ExitStack() as stack,
    ):
        reader = None
        if asks_for_licenses(settings):
            folder = stack.enter_context(private_folder(asking.cache))
            reader = MetadataReader(http, FileStore(folder / "files", http), cache)
        looking = _Looking(index, reader, settings, now)
        looking.ask(inventories)
        return tuple(looking.observations()), tuple(looking.gaps())


@dataclass
class _Looking:
    """One index asked about what inputs name. reader: of metadata, None where nobody wants it."""

    index: Index
    reader: MetadataReader | None
    settings: Settings
    now: datetime
    says: set[Key] = field(default_factory=set)
    """What has to be looked at for its licence here: what is installed says it by itself."""
    items: dict[Key, PlannedInstall] = field(default_factory=dict)
    licensed: dict[Key, PlannedInstall] = field(default_factory=dict)
    unlisted: dict[Key, PlannedInstall] = field(default_factory=dict)
    unread: dict[Key, Unchecked] = field(default_factory=dict)
    pages: dict[NormalizedName, tuple[Unchecked, ...]] = field(default_factory=dict)

    def ask(self, inventories: Sequence[Inventory]) -> None:
        """Read the pages of all that is named, and the metadata of what has to say its licence."""
        named = [(one.input.kind, item) for one in inventories for item in one.dependencies]
        if not asks_for_pages(self.settings):
            named = [(kind, item) for kind, item in named if kind not in _INSTALLED]
        for name in {item.name for _, item in named if item.public}:
            self.index.submit(partial(self.index.project, name))
        self.says = {(item.name, item.version) for kind, item in named if kind not in _INSTALLED}
        for _, item in named:
            key = (item.name, item.version)
            if key in self.items or (key in self.unlisted and not item.public):
                continue
            file = None
            if item.public:
                project = self.index.project(item.name)
                self.pages[item.name] = project.unchecked
                file = _listed(item, project.files)
            if file is None:
                self.unlisted[key] = as_planned(item)
                continue
            self.unlisted.pop(key, None)
            self.items[key] = as_planned(item, file)
            if self.reader is not None and key in self.says:
                self.index.submit(partial(self.reader.begin, file))
        if self.reader is not None:
            for key in self.says & self.items.keys():
                self._read(key, self.items[key], self.reader)

    def _read(self, key: Key, item: PlannedInstall, reader: MetadataReader) -> None:
        try:
            self.licensed[key] = replace(item, metadata=reader.read(item.file).metadata)
        except (Unreadable, InvalidMetadata) as error:
            reason = f"the licence of {item.name} {item.version} cannot be told: {error}"
            self.unread[key] = Unchecked("unreadable-file", item.name, item.version, reason)

    def observations(self) -> Iterator[Observation]:
        """What rules find."""
        codes = [code for code in weighing(self.settings, frozenset({"index"})) if code in CANDIDATE_RULES]
        for plan in plans_of(self.items.values()):
            looked = look_at_projects(plan, self.index, self.settings, "audit")
            for gap in looked.unchecked:
                self.pages[NormalizedName(gap.name or "")] += (gap,)
            facts = Facts(plan, projects=looked.projects, settings=self.settings, now=self.now)
            for code in codes:
                yield from observe_one(code, facts)
        yield from observed(LICENSE_CODES, (self.licensed[key] for key in sorted(self.licensed)), self.settings)
        if "quarantined" in codes:
            # The page of a project that its index has closed lists nothing.
            for plan in plans_of(item for item in self.unlisted.values() if item.name in self.pages):
                yield from observe_one("quarantined", Facts(plan, projects=self._closed(plan.install)))

    def _closed(self, items: Sequence[PlannedInstall]) -> Mapping[NormalizedName, ProjectFacts]:
        closed = {item.name: self.index.quarantined_by(item.name) for item in items}
        return {name: ProjectFacts(name, "quarantined", said[1]) for name, said in closed.items() if said is not None}

    def gaps(self) -> Iterator[Unchecked]:
        """What could not be told."""
        for gaps in self.pages.values():
            yield from gaps
        yield from (self.unread[key] for key in sorted(self.unread))
        codes = [code for code in weighing(self.settings, frozenset({"index"})) if code != "quarantined"]
        of_names: list[str] = []
        told: dict[str, None] = {}
        for name, version in self.unlisted:
            if self.pages.get(name):
                continue
            wanted = codes if name in self.pages else []
            wanted = [*wanted, *(LICENSE_CODES if self.reader is not None and (name, version) in self.says else ())]
            blocked = [code for code in wanted if self.settings.blocks_by_policy(code, name, version, "audit")]
            if blocked:
                told.update(dict.fromkeys(blocked))
                of_names.append(f"{name} {version}")
        if of_names:
            yield not_looked_for(of_names, "the index does not list it", list(told))


def _listed(dependency: Dependency, files: Listing) -> DistributionFile | None:
    """The file of a version that a page lists: one with a known hash, else a wheel, else any.

    None where every file there has another hash than the input gives: what it names is then from elsewhere.
    """
    version = parsed(dependency.version)
    if version is None:
        return None
    own = [files[place] for place, name in enumerate(files.names) if parsed(version_text(name)) == version]
    if own and all(_is_another(file, dependency) for file in own):
        return None
    own.sort(key=lambda file: (not file.hashes & dependency.hashes, not file.is_wheel))
    return own[0] if own else None


def _is_another(file: DistributionFile, dependency: Dependency) -> bool:
    """Whether a file cannot be one of those that an input gives the hashes of."""
    known = {algorithm for algorithm, _ in dependency.hashes} & {algorithm for algorithm, _ in file.hashes}
    return bool(known) and not file.hashes & dependency.hashes
