"""The way out of a refusal: versions that were really resolved and pass every rule, or what makes that impossible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip.avoiding import Excluded, Filter, Known, to_exclude
from safe_pip.errors import OutOfTime, ResolutionError, SafePipError, UsageError
from safe_pip.loosening import added, fitted, freed, lines_on, sentences
from safe_pip.model import (
    COMMAND_LINE,
    DistributionFile,
    LineEdit,
    Plan,
    PlannedInstall,
    Refused,
    Request,
    RequestedRequirement,
    Verdict,
    WayOut,
)
from safe_pip.versions import parsed
from safe_pip.way_out_command import command_for
from safe_pip.way_out_versions import choices, rooms, versions_of

_MOST_ROUNDS = 10
"""So many sets are looked at for one request before it is given up."""
_MOST_LINES = 8

NO_TIME = WayOut(none_because=("there was no time left to look for versions that pass",))
"""What is told where nothing was found before the time was over."""


class Look(Protocol):
    """Judges another plan. fetch: whether files that are not here yet are fetched, for a look at their bytes."""

    def __call__(self, request: Request, plan: Plan, *, fetch: bool) -> Verdict: ...


@dataclass(frozen=True)
class Ways:
    """What is needed to look for a way out.

    words: the command as it was typed, without "safe-pip". over: whether the time is over. resolve: a request to a
    plan, with what is to be avoided, which may raise what ``resolve.resolve`` raises.
    """

    request: Request
    known: Known
    words: tuple[str, ...]
    over: Callable[[], bool]
    resolve: Callable[[Request, Filter | None, Callable[[], bool]], Plan]
    look: Look
    missing: Callable[[Plan], tuple[tuple[str, ...], bool]]
    """The names of files of a plan that are not here, and whether they are few enough to be fetched."""
    files: Callable[[NormalizedName, str], Iterable[DistributionFile]]
    """Every file of a version that the configured places list, for whatever platform."""
    found: Callable[[WayOut], None]
    """Told of a set that passes before the command that leads to it is looked for, which takes its time."""


class _NoWay(Exception):
    """There is no set for a request. reasons: what stands in the way, one sentence each. involved: whose wishes do."""

    def __init__(self, reasons: Iterable[str], involved: frozenset[NormalizedName] = frozenset()) -> None:
        super().__init__()
        self.reasons = tuple(reasons)[:_MOST_LINES]
        self.involved = involved


@dataclass(frozen=True)
class _Way:
    """A request, and the edits of lines and words that make it of the one that was refused."""

    request: Request
    edits: tuple[LineEdit, ...] = ()


def way_out(verdict: Refused, excluded: Excluded, ways: Ways) -> WayOut | None:
    """Versions that pass, for what was refused; None where it is not about versions at all.

    excluded: versions that were found to be bad on the way to the verdict.
    """
    chosen = {item.name: item for item in verdict.plan.install}
    names = [finding.observation.name for finding in verdict.findings if finding.blocks]
    if not all(name in chosen for name in names):
        return None
    blocked = {name: chosen[name] for name in names}
    fixed = [item for item in blocked.values() if item.direct_url is not None or item.name in ways.request.locked]
    if fixed:
        return WayOut(none_because=tuple(_given(item) for item in fixed))
    search = _Search(verdict, ways, {**excluded, **to_exclude(verdict, ways.request, ways.known.settings, strict=True)})
    try:
        return search.found(blocked)
    except _NoWay as error:
        return WayOut(none_because=error.reasons)
    except OutOfTime:
        return NO_TIME
    except SafePipError as error:
        return WayOut(none_because=(error.message,))


def _given(item: PlannedInstall) -> str:
    if item.direct_url is not None:
        return f"{item.name} {item.version} is given by its URL, so that there is no other to choose"
    return f"{item.name} {item.version} is what the lock file names: lock again, without it"


@dataclass
class _Search:
    """Looks for a set that passes. excluded: versions that do not, whatever the rules about candidates say."""

    verdict: Refused
    ways: Ways
    excluded: Excluded
    in_the_way: frozenset[NormalizedName] = frozenset()
    """Whose wishes met where the last choices led to nothing."""

    def found(self, blocked: dict[NormalizedName, PlannedInstall]) -> WayOut:
        """A way out. Raises _NoWay, OutOfTime and what resolving raises."""
        way = _Way(self.ways.request)
        try:
            plan = self._passing(way.request)
        except _NoWay as error:
            plan, way = self._loosened(blocked, error)
        missing, _ = self.ways.missing(plan)
        found = WayOut(
            pins=self._pins(plan),
            changes=(*sentences(way.edits), *self._gone(plan, blocked)),
            not_looked_at=missing,
            edits=tuple(edit for edit in way.edits if edit.origin != COMMAND_LINE),
        )
        self.ways.found(found)
        command = command_for(plan, found.pins, way.request, way.edits, self.excluded, self.ways)
        return replace(found, command=command)

    # ----------------------------------------------------------------- sets that pass

    def _passing(self, request: Request) -> Plan:
        """A plan for a request that nothing stands against. Raises _NoWay where there is none."""
        for _ in range(_MOST_ROUNDS):
            avoid = Filter(self.ways.known, strict=True, excluded=self.excluded)
            try:
                plan = self.ways.resolve(request, avoid, self.ways.over)
            except ResolutionError as error:
                raise _NoWay(error.details or (error.message,), error.involved) from error
            except UsageError as error:
                # As for a dependency that has no hash where hashes are required.
                raise _NoWay([error.message]) from error
            _, small = self.ways.missing(plan)
            looked_at = plan if self._asks_for_hashes(request) else _with_hashes(plan)
            verdict = self.ways.look(request, looked_at, fetch=small and not self.ways.over())
            self._check_gaps(verdict)
            if not isinstance(verdict, Refused):
                return plan
            more = to_exclude(verdict, request, self.ways.known.settings, strict=True)
            if not more.keys() - self.excluded.keys():
                raise _NoWay(
                    f"{found.observation.name} {found.observation.version}: {found.observation.message}"
                    for found in verdict.findings
                    if found.blocks
                )
            self.excluded = {**self.excluded, **more}
        raise _NoWay([f"{_MOST_ROUNDS} sets of versions were looked at, and something stands against each"])

    def _asks_for_hashes(self, request: Request) -> bool:
        """Whether a request requires hashes as the one that was refused does."""
        return request.selection.require_hashes == self.ways.request.selection.require_hashes

    def _check_gaps(self, verdict: Verdict) -> None:
        """What could not be checked is not clean. That a file is not here yet is told by itself."""
        before = {(item.code, item.name, item.version, item.reason) for item in self.verdict.unchecked}
        gaps = [
            item.reason
            for item in verdict.unchecked
            if item.waived_by is None
            and item.code != "not-staged"
            and (item.code, item.name, item.version, item.reason) not in before
        ]
        if gaps:
            raise _NoWay(gaps)

    # ----------------------------------------------------------------- other lines

    def _loosened(self, blocked: Iterable[NormalizedName], failed: _NoWay) -> tuple[Plan, _Way]:
        """A plan for the request with other lines, and these; as few as will do, and the nearest versions first.

        First the lines on what is blocked, alone; then with those that stand in the way of its newer versions. To go
        back to older versions is the last that is tried.
        """
        request = self.ways.request
        wished = {name: list(choices(self.verdict, request, name)) for name in blocked if lines_on(request, name)}
        newer = {name: found[:-2] or found for name, found in wished.items()}
        widest: tuple[str, ...] = ()
        tried: dict[tuple[bool, tuple[SpecifierSet, ...]], frozenset[NormalizedName]] = {}
        for lists, involve in ((newer, False), (newer, True), (wished, False), (wished, True)):
            for chosen in self._each(lists):
                key = involve, tuple(chosen.values())
                if key not in tried and (chosen or involve):
                    try:
                        return self._led_to(chosen, failed.involved if not chosen else frozenset(), involve=involve)
                    except _NoWay as error:
                        tried[key], widest = error.involved, error.reasons
                self.in_the_way = tried.get(key, frozenset())
        # What the wider wishes ran into is what the narrower ones ran into, and more.
        raise _NoWay(dict.fromkeys([*failed.reasons, *widest]))

    def _each(self, lists: Mapping[NormalizedName, list[SpecifierSet]]) -> Iterator[dict[NormalizedName, SpecifierSet]]:
        """One choice of each list after the other. What a choice was not in the way of keeps it."""
        places = dict.fromkeys(lists, 0)
        while True:
            self.in_the_way = frozenset()
            yield {name: found[places[name]] for name, found in lists.items()}
            # Where nobody knows what it was, all of them go on.
            stuck = self.in_the_way & lists.keys() or lists.keys()
            left = [name for name in stuck if places[name] + 1 < len(lists[name])]
            if not left:
                return
            for name in left:
                places[name] += 1

    def _led_to(
        self, chosen: Mapping[NormalizedName, SpecifierSet], involved: frozenset[NormalizedName], *, involve: bool
    ) -> tuple[Plan, _Way]:
        """A plan with some choices in the place of what lines say, and the lines that lead to it. Raises _NoWay.

        involve: whether lines on what stands in the way of the choices may change as well. involved: what does.
        """
        request = self.ways.request
        others = self._wider({}, involved - chosen.keys())
        if not chosen and not others:
            raise _NoWay(())
        while True:
            try:
                plan = self._passing(freed(request, {**chosen, **others}))
                break
            except _NoWay as error:
                wider = self._wider(others, error.involved - chosen.keys()) if involve else others
                if wider == others:
                    raise
                others = wider
        for name in list(others) if len(others) > 1 else ():
            fewer = {other: specifier for other, specifier in others.items() if other != name}
            with suppress(_NoWay):
                plan = self._passing(freed(request, {**chosen, **fewer}))
                others = fewer
        return self._fitted(plan, {**chosen, **others})

    def _wider(
        self, others: Mapping[NormalizedName, SpecifierSet], names: Iterable[NormalizedName]
    ) -> dict[NormalizedName, SpecifierSet]:
        """More room for packages that are in the way: first of the same major version, then newer, then any."""
        wider = dict(others)
        for name in sorted(names):
            if lines_on(self.ways.request, name):
                room = rooms(self.verdict.plan, self.ways.request, name)
                wider[name] = room[min(room.index(others[name]) + 1, len(room) - 1)] if name in others else room[0]
        return wider

    def _fitted(self, plan: Plan, names: Iterable[NormalizedName]) -> tuple[Plan, _Way]:
        """The lines that admit the versions of a plan, and the plan that they lead to."""
        request, there = self.ways.request, versions_of(plan)
        versions = {name: version for name in names if (version := parsed(there.get(name, ""))) is not None}
        hashes_of = partial(self._hashes, {item.name: item for item in plan.install})
        request, edits = fitted(request, versions, hashes_of)
        if request.selection.require_hashes:
            with_hashes = {item.name for item in _lines(request) if item.hashes is not None}
            new = {
                item.name: version
                for item in plan.install
                if item.name not in with_hashes and item.direct_url is None
                if (version := parsed(item.version)) is not None
            }
            request, more = added(request, new, hashes_of)
            edits = (*edits, *more)
        return self._passing(request), _Way(request, edits)

    def _hashes(self, planned: Mapping[NormalizedName, PlannedInstall], name: NormalizedName) -> tuple[str, ...]:
        """The sha256 of every file of a version that the chosen file's page lists and that no rule avoids.

        So a line that allows them does on other platforms what it does here. Raises _NoWay where the very file that
        was chosen has none.
        """
        item = planned.get(name)
        if item is None:
            raise _NoWay([f"{name} is installed already, so that there is no file to take a hash of"])
        avoid = Filter(self.ways.known, strict=True, excluded=self.excluded)
        digests = {
            digest
            for file in self.ways.files(name, item.version)
            if file.listed_on == item.file.listed_on
            and avoid(name, item.version, file, lambda _: item.metadata) is None
            for algorithm, digest in file.hashes
            if algorithm == "sha256"
        }
        own = {digest for algorithm, digest in item.file.hashes if algorithm == "sha256"}
        if not own:
            raise _NoWay([f"no index gives a sha256 of {item.file.filename}, which a line with hashes needs"])
        return tuple(f"sha256:{digest}" for digest in sorted(digests | own))

    # ----------------------------------------------------------------- what is told

    def _pins(self, plan: Plan) -> tuple[tuple[NormalizedName, str], ...]:
        """The packages for which another version would be there than in what was refused."""
        before, after = versions_of(self.verdict.plan), versions_of(plan)
        return tuple((name, version) for name, version in sorted(after.items()) if before.get(name) != version)

    def _gone(self, plan: Plan, blocked: Iterable[NormalizedName]) -> Iterator[str]:
        after = versions_of(plan)
        yield from (f"{name} is not needed any more" for name in blocked if name not in after)


def _with_hashes(plan: Plan) -> Plan:
    """A plan as it will be once its files' hashes stand in lines, so that nobody minds that they do not yet."""
    return replace(
        plan, install=tuple(replace(item, hashes=item.hashes or item.file.hashes or None) for item in plan.install)
    )


def _lines(request: Request) -> tuple[RequestedRequirement, ...]:
    return (*request.requirements, *request.constraints)
