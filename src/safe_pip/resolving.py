"""The part of an audit that resolves: what is asked for, to what it would bring in.

Nothing is fetched but metadata, unless a policy gives weight in an audit to what the bytes of files tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.audit_rules import observe_plan
from safe_pip.errors import ResolutionError
from safe_pip.index.cache import IndexCache
from safe_pip.index.file_cache import FileCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.index.store import FileStore
from safe_pip.inventory import AuditInput
from safe_pip.model import Observation, Origin, Plan, Request, Unchecked
from safe_pip.planned import Asked, Planned, inventories_of
from safe_pip.progress import Progress
from safe_pip.request.audited_files import file_input
from safe_pip.resolve import ResolutionIncomplete, resolve
from safe_pip.settings import Settings, asks_for_bytes
from safe_pip.stage import private_folder
from safe_pip.urls import credentials_in


@dataclass(frozen=True)
class _Seen:
    """What was resolved. public: the names in it that the default index has. observations: what rules find in it."""

    plan: Plan = field(default_factory=Plan)
    public: frozenset[NormalizedName] = frozenset()
    observations: tuple[Observation, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()


def resolved(
    asked: Asked,
    *,
    cache: Path,
    keep: bool,
    keyring: Keyring | None,
    progress: Progress,
    alone: bool,
    settings: Settings,
    now: datetime,
) -> Planned:
    """What is asked for, resolved by pip's rules, as inventories.

    cache: safe-pip's cache folder. keep: whether what indexes say is kept for later runs. alone: whether it is the one
    input of the run: else what cannot be resolved is unchecked, and does not keep the others from being audited.
    settings: the policy, by which rules look at what was resolved. now: the time, in UTC.
    Raises ResolutionError.
    """
    request = asked.request
    seen = _Seen()
    failed: tuple[Unchecked, ...] = ()
    try:
        if request.requirements:
            progress.step("Resolving")
            seen = _resolve(request, cache, keep, keyring, progress, settings, now)
    except ResolutionIncomplete as error:
        seen = _Seen(error.plan)
    except ResolutionError as error:
        if alone and not error.unchecked:
            raise
        seen = _Seen(Plan(unchecked=error.unchecked))
        named = asked.inputs[0].name
        reason = f"{named} cannot be resolved, so nothing that it asks for was looked up: {error.message}"
        failed = (Unchecked("unresolvable", None, None, reason, error.hint),)
    planned = inventories_of(seen.plan, request, asked.inputs, asked.skipped, seen.public, _input_of(asked))
    first, *others = planned.inventories
    return replace(
        planned,
        inventories=(replace(first, notes=(*asked.notes, *first.notes)), *others),
        unchecked=(*asked.unchecked, *failed, *planned.unchecked, *seen.unchecked),
        observations=seen.observations,
    )


def _resolve(
    request: Request,
    cache_folder: Path,
    keep: bool,
    keyring: Keyring | None,
    progress: Progress,
    settings: Settings,
    now: datetime,
) -> _Seen:
    addresses = [*request.search.index_urls, *request.search.find_links]
    addresses += [item.url for item in (*request.requirements, *request.constraints) if item.url is not None]
    addresses += [locked.address for locked in request.locked.values()]
    hosts = request.network.trusted_hosts
    with (
        private_folder(cache_folder) as folder,
        Http(request.network, credentials_in(addresses), keyring=keyring, indexes=request.search.index_urls) as http,
        IndexCache(cache_folder / "index" if keep else None, hosts) as cache,
        Index(request.search, http, hosts, cache) as index,
    ):
        files = FileCache(cache_folder / "files") if keep else None
        hashes = (item.hashes for item in (*request.requirements, *request.constraints))
        algorithms = {algorithm for given in hashes if given is not None for algorithm, _ in given}
        store = FileStore(folder / "files", http, algorithms=algorithms, cache=files)
        if not asks_for_bytes(settings):
            plan, found = resolve(request, index, store, progress), None
        else:
            # What an audit without it does not need is not loaded for one.
            from safe_pip.audit_bytes import byte_reader

            kept = cache_folder / "looks.sqlite" if keep else None
            with byte_reader(store, folder, progress, kept=kept) as reader:
                plan = resolve(request, index, store, progress, reader.begin)
                found = reader.found_in(plan)
        told, unchecked = observe_plan(plan, request, index, settings, now, found)
        return _Seen(plan, _public(plan, request, index), told, unchecked)


def _public(plan: Plan, request: Request, index: Index) -> frozenset[NormalizedName]:
    """The names of a plan that the default index has, which is the first: whoever serves it knows them.

    What was taken from another place and is there as well is none the less public. Pages that resolving has read are
    not read again.
    """
    # A lock file names a file, and no index is asked.
    locked = {item.name for item in plan.install if item.name in request.locked and not item.file.is_local}
    asked = [item.name for item in plan.install if item.direct_url is None and item.name not in request.locked]
    if not request.search.index_urls:
        return frozenset(locked)
    default = urls.split_credentials(request.search.index_urls[0])[0].rstrip("/")
    known = (name for name in asked if any(home.base.rstrip("/") == default for home in index.homes(name)))
    return frozenset({*locked, *known})


def _input_of(asked: Asked) -> Callable[[Origin], AuditInput]:
    """The input that a requirement was read from: a project's own, or the file whose line it is."""
    first = asked.inputs[0]
    return lambda origin: first if first.kind == "project" else file_input(origin.source)
