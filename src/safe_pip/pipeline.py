"""The story of a guarded install, download or wheel, on one page.

    argv -> request -> resolve -> stage -> audit -> judge -> report -> commit, or deliver

Each stage takes the value of the one before it and returns a new one. Nothing of a package runs before the verdict, and
only ``commit`` changes the target; ``deliver`` puts the files into the folder that ``download`` and ``wheel`` name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.advisories.opening import Opening, close_unasked, for_advisories, open_advisories
from safe_pip.advisories.sources import Context, Source
from safe_pip.audit import Around, audit, deep
from safe_pip.beside import beside
from safe_pip.commit import Committed, commit
from safe_pip.deliver import Delivered, deliver
from safe_pip.errors import ResolutionError
from safe_pip.index.cache import IndexCache
from safe_pip.index.file_cache import FileCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.index.store import FileStore, Stored
from safe_pip.inspect.looking import KeptLooks, Looks
from safe_pip.judge import judge
from safe_pip.model import Approved, DistributionFile, Plan, Request, SearchScope, Staged, Verdict
from safe_pip.progress import Progress
from safe_pip.resolve import ResolutionIncomplete, resolve
from safe_pip.settings import Settings
from safe_pip.stage import FetchAhead, private_folder, stage
from safe_pip.urls import credentials_in

# Findings for which a file is not kept.
_NOT_KEPT = frozenset({"malware", "hash-mismatch", "metadata-mismatch"})


@dataclass(frozen=True)
class Run:
    """What a run needs besides the request. cache: safe-pip's cache folder. now: the time, in UTC.

    keep: whether index pages, metadata and files are kept in the cache for later runs, and taken from there.
    sources: of advisories. pip_folder: where the pip lies that commits. say: tells a person something at once.
    report: told of the verdict before anything is installed. keyring: asked for logins that indexes want.
    """

    cache: Path
    now: datetime
    environ: Mapping[str, str]
    settings: Settings
    sources: tuple[Source, ...]
    pip_folder: Path
    offline: bool = False
    keep: bool = True
    progress: Progress = Progress()
    say: Callable[[str], None] = lambda _: None
    report: Callable[[Verdict], None] = lambda _: None
    keyring: Keyring | None = None


@dataclass(frozen=True)
class Outcome:
    """How a guarded run ended. committed, delivered: None where that was not to be done, or may not be."""

    verdict: Verdict
    committed: Committed | None = None
    delivered: Delivered | None = None


def install(request: Request, run: Run) -> Outcome:
    """Resolve, stage, audit, judge and, where the verdict is Approved and this is no dry run, commit or deliver.

    Raises the errors of the stages; until the last of them is reached nothing has changed.
    """
    with private_folder(run.cache) as folder:
        verdict = check(request, run, folder)
        run.progress.done()
        run.report(verdict)
        if not isinstance(verdict, Approved) or request.dry_run:
            return Outcome(verdict)
        if request.destination.folder is not None:
            run.progress.step("Saving")
            return Outcome(verdict, delivered=deliver(verdict, request.destination.folder))
        run.progress.step("Installing")
        committed = commit(
            verdict, request, pip_folder=run.pip_folder, cache=run.cache, environ=run.environ, say=run.say
        )
        return Outcome(verdict, committed)


def check(request: Request, run: Run, folder: Path) -> Verdict:
    """Everything up to the verdict. folder: the private folder that files are staged in."""
    addresses = [*request.search.index_urls, *request.search.find_links]
    addresses += [item.url for item in (*request.requirements, *request.constraints) if item.url is not None]
    addresses += [locked.address for locked in request.locked.values()]
    with (
        Http(
            request.network, credentials_in(addresses), keyring=run.keyring, indexes=request.search.index_urls
        ) as http,
        IndexCache(run.cache / "index" if run.keep else None, request.network.trusted_hosts) as cache,
        Index(request.search, http, request.network.trusted_hosts, cache) as index,
    ):
        # The advisories are brought up to date while the index is asked.
        opening = beside(partial(_open_advisories, request, run), "advisories")
        files = FileCache(run.cache / "files") if run.keep else None
        store = FileStore(folder / "files", http, algorithms=_algorithms(request), cache=files)
        run.progress.step("Resolving")
        looks = Looks(deep=deep(run.settings), kept=KeptLooks(run.cache / "looks.sqlite") if run.keep else None)

        def fetched(file: DistributionFile, stored: Stored) -> None:
            looks.begin(file, stored.path, stored.received.digests["sha256"])

        ahead = FetchAhead(store, fetched)
        try:
            plan, failure = _resolve(request, run, index, store, ahead.begin)
            ahead.stop()
            run.progress.step("Fetching")
            staged = stage(plan, store, folder, run.progress, fetched)
        except BaseException:
            ahead.stop()
            looks.close()
            opening.add_done_callback(close_unasked)
            raise
        run.progress.step("Checking")
        around = Around(request=request, settings=run.settings, now=run.now, looks=looks)
        try:
            verdict = _verdict(plan, staged, opening.result(), around, private_names(plan, request.search))
        finally:
            looks.close()
        _keep(verdict, cache, files)
        if failure is not None and isinstance(verdict, Approved):
            raise failure
        return verdict


def _algorithms(request: Request) -> set[str]:
    """Of the digests that ``--hash`` gives, which are taken of every file."""
    hashes = (item.hashes for item in (*request.requirements, *request.constraints))
    return {algorithm for given in hashes if given is not None for algorithm, _ in given}


def _keep(verdict: Verdict, cache: IndexCache, files: FileCache | None) -> None:
    """Keep the files that were found to be what their index says, and forget metadata that was found not to be."""
    codes: dict[NormalizedName, set[str]] = {}
    for finding in verdict.findings:
        codes.setdefault(finding.observation.name, set()).add(finding.observation.code)
    new = False
    for item in verdict.plan.install:
        found = codes.get(item.name, set())
        if "metadata-mismatch" in found:
            cache.forget(item.file)
        staged = verdict.staged.files.get(item.name)
        if files is not None and staged is not None and found.isdisjoint(_NOT_KEPT):
            new |= files.keep(item.file, staged.path)
    if files is not None and new:
        files.shrink()


def _resolve(
    request: Request, run: Run, index: Index, store: FileStore, settled: Callable[[DistributionFile], None]
) -> tuple[Plan, ResolutionError | ResolutionIncomplete | None]:
    """The plan; or one without installs, with the failure, where what was learned may be a verdict by itself."""
    try:
        return resolve(request, index, store, run.progress, settled), None
    except ResolutionIncomplete as error:
        return error.plan, error
    except ResolutionError as error:
        if error.plan is not None and (error.plan.mismatches or error.plan.unchecked):
            return error.plan, error
        raise


def private_names(plan: Plan, search: SearchScope) -> frozenset[NormalizedName]:
    """The names that no remote source of advisories is told: of files that the default index does not list.

    That is the first one that is configured, as pip has it; further indexes and links are somebody's own.
    """
    default = urls.split_credentials(search.index_urls[0])[0].rstrip("/") + "/" if search.index_urls else None
    return frozenset(
        item.name
        for item in plan.install
        if default is None or item.direct_url or not (item.file.listed_on or "").startswith(default)
    )


def _verdict(
    plan: Plan, staged: Staged, opened: Opening, around: Around, private: frozenset[NormalizedName]
) -> Verdict:
    try:
        found = audit(plan, staged, opened.advisories, opened.unchecked, private, around)
    finally:
        if opened.advisories is not None:
            opened.advisories.close()
    return judge(plan, staged, found, around.settings)


def _open_advisories(request: Request, run: Run) -> Opening:
    """Open the sources, with a client of their own that knows no credentials of any index."""
    with Http(for_advisories(request.network)) as http:
        index = request.search.index_urls[0] if request.search.index_urls else None
        context = Context(run.cache, http, run.now, run.offline, run.progress, index)
        starter_set = request.dry_run or run.settings.allows_code("stale-advisories")
        return open_advisories(run.sources, context, starter_set=starter_set, full=False)
