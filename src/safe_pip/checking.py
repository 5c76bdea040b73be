"""From a request to its verdict, as often as it takes: the stages in order, and what is avoided in between."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from safe_pip.advisories.opening import Opening
from safe_pip.audit import Around, audit
from safe_pip.avoiding import Excluded, Filter, Known, is_private, to_exclude
from safe_pip.beside import beside, within
from safe_pip.errors import OutOfTime, ResolutionError
from safe_pip.index.cache import IndexCache
from safe_pip.index.file_cache import FileCache
from safe_pip.index.finder import Index
from safe_pip.index.store import FileStore, Stored
from safe_pip.inspect.looking import Looks
from safe_pip.judge import judge
from safe_pip.model import (
    Approved,
    DistributionFile,
    PassedOver,
    Plan,
    PlannedInstall,
    Refused,
    Request,
    SearchScope,
    Verdict,
    WayOut,
)
from safe_pip.no_set_passes import explained
from safe_pip.progress import Progress
from safe_pip.projects import look_at_projects
from safe_pip.resolve import ResolutionIncomplete, resolve
from safe_pip.resolve.avoided import never
from safe_pip.stage import FetchAhead, stage
from safe_pip.way_out import NO_TIME, Ways, way_out

if TYPE_CHECKING:
    from safe_pip.pipeline import Run

_MOST_ATTEMPTS = 10
"""So many times at most it is resolved anew because of what was found in the bytes."""

_MOST_FETCHED = 50_000_000
"""Bytes that are fetched at most to look for a way out."""
_USUAL_SIZE = 5_000_000
"""What a file counts as whose size nobody says."""

# Findings for which a file is not kept.
_NOT_KEPT = frozenset({"malware", "hash-mismatch", "metadata-mismatch"})


@dataclass(frozen=True)
class Work:
    """One run's way from the request to the verdict, which may have to be gone more than once."""

    request: Request
    run: Run
    folder: Path
    index: Index
    store: FileStore
    cache: IndexCache
    files: FileCache | None
    looks: Looks
    known: Known
    opening: Future[Opening]

    def settled(self) -> Verdict:
        """The verdict, when what is to be avoided for its bytes has been; a refusal with its way out."""
        self.run.progress.step("Resolving")
        verdict = self.attempt(Filter(self.known), FetchAhead(self.store, self._fetched))
        excluded: dict[tuple[NormalizedName, str], PassedOver] = {}
        for _ in range(_MOST_ATTEMPTS):
            more = to_exclude(verdict, self.request, self.run.settings) if isinstance(verdict, Refused) else {}
            if not more:
                break
            excluded |= more
            self.run.progress.step("Resolving")
            try:
                verdict = self.attempt(Filter(self.known, excluded=excluded))
            except (ResolutionError, ResolutionIncomplete):
                # Nothing is left: what was found stands.
                break
        if isinstance(verdict, Refused):
            self.run.progress.step("Looking for a way out")
            return replace(verdict, way_out=self._way_out(verdict, excluded))
        return verdict

    def attempt(self, avoid: Filter, ahead: FetchAhead | None = None) -> Verdict:
        """Resolve, stage, audit and judge. ahead: fetches what will most likely be needed."""
        plan, failure = self._plan(avoid, ahead)
        self.run.progress.step("Fetching")
        verdict = self._judged(self.request, plan)
        _keep(verdict, self.cache, self.files)
        if failure is not None and isinstance(verdict, Approved):
            raise failure
        return verdict

    def _plan(
        self, avoid: Filter, ahead: FetchAhead | None
    ) -> tuple[Plan, ResolutionError | ResolutionIncomplete | None]:
        """The plan; or one without installs, with the failure, where what was learned may be a verdict by itself.

        A further attempt, which has nothing ``ahead``, raises every failure: there is a verdict already.
        """
        settled = ahead.begin if ahead is not None else lambda _: None
        try:
            return self.resolved(self.request, avoid, lambda: False, settled), None
        except ResolutionIncomplete as error:
            if ahead is None:
                raise
            return error.plan, error
        except ResolutionError as error:
            if ahead is None:
                raise
            ahead.stop()
            failure = explained(error, avoid, self._without_rules)
            if failure.plan is not None and (failure.plan.mismatches or failure.plan.unchecked):
                return failure.plan, failure
            raise failure from error
        finally:
            if ahead is not None:
                ahead.stop()

    def _without_rules(self) -> Plan:
        """The plan for the request with nothing avoided, if it can be had in time. Raises OutOfTime, as ``resolve``."""
        left = self.run.time_limit()
        return within(left, lambda: self.resolved(self.request, None, lambda: left() <= 0), "without rules")

    def resolved(
        self,
        request: Request,
        avoid: Filter | None,
        over: Callable[[], bool],
        settled: Callable[[DistributionFile], None] = lambda _: None,
    ) -> Plan:
        """A plan for a request, which may be another than the run's. avoid: None for nothing. over: see ``resolve``."""
        builds = self.run.settings.builds.allow
        return resolve(
            request,
            self.index,
            self.store,
            self.run.progress,
            settled,
            avoid=never if avoid is None or avoid.is_idle else avoid,
            may_build=lambda name: any(pattern.matches(name) for pattern in builds),
            over=over,
        )

    def _judged(self, request: Request, plan: Plan, fetched: tuple[PlannedInstall, ...] | None = None) -> Verdict:
        """Stage, audit and judge. fetched: those of the plan whose files are staged; None for all."""
        settings = self.run.settings
        # What the index says of the projects is looked at while their files are fetched.
        looking = beside(partial(look_at_projects, plan, self.index, settings, locked=request.locked), "projects")
        wanted = plan if fetched is None else replace(plan, install=fetched)
        staged = stage(wanted, self.store, self.folder, self.run.progress, self._fetched)
        self.run.progress.step("Checking")
        looked = looking.result()
        plan = replace(plan, notes=(*plan.notes, *looked.notes), unchecked=(*plan.unchecked, *looked.unchecked))
        around = Around(looked.projects, request, settings, self.run.now, self.looks)
        private, opened = private_names(plan, request.search), self.opening.result()
        with self.known.lock:
            found = audit(plan, staged, opened.advisories, opened.unchecked, private, around)
        return judge(plan, staged, found, settings, self.run.now)

    def _fetched(self, file: DistributionFile, stored: Stored) -> None:
        """Look at a file as soon as it is here."""
        self.looks.begin(file, stored.path, stored.received.digests["sha256"])

    def _way_out(self, verdict: Refused, excluded: Excluded) -> WayOut | None:
        """What to do where something is refused, looked for until its time is over."""
        found: list[WayOut] = []
        silent, left = replace(self, run=replace(self.run, progress=Progress())), self.run.time_limit()
        ways = Ways(
            self.request,
            self.known,
            self.run.words,
            over=lambda: left() <= 0,
            resolve=lambda request, avoid, over: silent.resolved(request, avoid, over),
            look=silent.looked_at,
            missing=self._missing,
            files=self.index.files_of,
            found=found.append,
        )
        try:
            return within(left, partial(way_out, verdict, excluded, ways), "way out")
        except OutOfTime:
            return found[-1] if found else NO_TIME

    def _missing(self, plan: Plan) -> tuple[tuple[str, ...], bool]:
        """The names of files of a plan that are not here, and whether they are few enough to be fetched at once."""
        files = [item.file for item in plan.install if item.build is None and self.store.has(item.file) is None]
        sizes = (self.store.size_of(file) for file in files)
        whole = sum(_USUAL_SIZE if size is None else size for size in sizes)
        return tuple(file.filename for file in files), whole <= _MOST_FETCHED

    def looked_at(self, request: Request, plan: Plan, *, fetch: bool) -> Verdict:
        """The verdict on another plan. fetch: whether files that are not here yet are to be fetched for it."""
        here = tuple(item for item in plan.install if fetch or self.store.has(item.file) is not None)
        return self._judged(request, plan, here)


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


def private_names(plan: Plan, search: SearchScope) -> frozenset[NormalizedName]:
    """The names that no remote source of advisories is told: of files that the default index does not list."""
    return frozenset(item.name for item in plan.install if item.direct_url or is_private(item.file, search))
