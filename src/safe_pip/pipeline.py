"""The story of a guarded install, download or wheel, on one page.

    argv -> request -> resolve -> stage -> audit -> judge -> report -> commit, or deliver

Each stage takes the value of the one before it and returns a new one. Nothing of a package runs before the verdict, and
only ``commit`` changes the target; ``deliver`` puts the files into the folder that ``download`` and ``wheel`` name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from safe_pip.advisories.opening import Opening, close_unasked, for_advisories, open_advisories
from safe_pip.advisories.sources import Context, Source
from safe_pip.audit import deep
from safe_pip.avoiding import Known
from safe_pip.beside import beside
from safe_pip.checking import Work
from safe_pip.commit import Committed, commit
from safe_pip.deliver import Delivered, deliver
from safe_pip.index.cache import IndexCache
from safe_pip.index.file_cache import FileCache
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.keyring import Keyring
from safe_pip.index.store import FileStore
from safe_pip.inspect.looking import KeptLooks, Looks
from safe_pip.model import (
    Approved,
    Request,
    Verdict,
)
from safe_pip.progress import Progress
from safe_pip.settings import Settings
from safe_pip.stage import private_folder
from safe_pip.urls import credentials_in


@dataclass(frozen=True)
class Run:
    """What a run needs besides the request. cache: safe-pip's cache folder. now: the time, in UTC.

    keep: whether index pages, metadata and files are kept in the cache for later runs, and taken from there.
    sources: of advisories. pip_folder: where the pip lies that commits. say: tells a person something at once.
    report: told of the verdict before anything is installed. keyring: asked for logins that indexes want. words: the
    command as it was typed, without "safe-pip". time_limit: begins the time that a way out may take; what it gives
    tells the seconds that are left of it.
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
    words: tuple[str, ...] = ()
    time_limit: Callable[[], Callable[[], float]] = lambda: lambda: threading.TIMEOUT_MAX


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
        in_full = deep(run.settings)
        kept = KeptLooks(run.cache / "looks.sqlite") if run.keep and in_full else None
        looks = Looks(deep=in_full, kept=kept)
        known = Known(request, run.settings, run.now, index, lambda: opening.result().advisories)
        try:
            return Work(request, run, folder, index, store, cache, files, looks, known, opening).settled()
        finally:
            looks.close()
            opening.add_done_callback(close_unasked)


def _algorithms(request: Request) -> set[str]:
    """Of the digests that ``--hash`` gives, which are taken of every file."""
    hashes = (item.hashes for item in (*request.requirements, *request.constraints))
    return {algorithm for given in hashes if given is not None for algorithm, _ in given}


def _open_advisories(request: Request, run: Run) -> Opening:
    """Open the sources, with a client of their own that knows no credentials of any index."""
    with Http(for_advisories(request.network)) as http:
        index = request.search.index_urls[0] if request.search.index_urls else None
        context = Context(run.cache, http, run.now, run.offline, run.progress, index)
        starter_set = request.dry_run or run.settings.allows_code("stale-advisories")
        # Where the policy goes on without a source, what is inside safe-pip is better than nothing.
        starter_set = starter_set or run.settings.advisories.unavailable == "warn"
        table = run.settings.vulnerabilities
        return open_advisories(run.sources, context, starter_set=starter_set, full=False, table=table)
