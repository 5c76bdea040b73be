"""The way out of a refusal: versions that were really resolved and pass every rule, or what makes that impossible."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.avoiding import Excluded, Filter, Known, to_exclude
from safe_pip.codes import MUST_BE_SEEN
from safe_pip.errors import ResolutionError, SafePipError
from safe_pip.model import (
    COMMAND_LINE,
    Plan,
    PlannedInstall,
    Refused,
    Request,
    RequestedRequirement,
    Verdict,
    WayOut,
)
from safe_pip.resolve import OutOfTime
from safe_pip.versions import parsed

_MOST_ROUNDS = 10
"""So many sets are looked at for one request before it is given up."""
_NEAREST = 3
"""So many of the next newer versions are tried one by one before a range is."""
_MOST_LINES = 8


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


class _NoWay(Exception):
    """There is no set for a request. reasons: what stands in the way, one sentence each."""

    def __init__(self, reasons: Iterable[str]) -> None:
        super().__init__()
        self.reasons = tuple(reasons)[:_MOST_LINES]


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
        return WayOut(none_because=("there was no time left to look for versions that pass",))
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

    def found(self, blocked: dict[NormalizedName, PlannedInstall]) -> WayOut:
        """A way out. Raises _NoWay, OutOfTime and what resolving raises."""
        request = self.ways.request
        changed: dict[RequestedRequirement, str] = {}
        try:
            plan = self._passing(request)
        except _NoWay as error:
            pinned = [item for item in _lines(request) if item.name in blocked and _pin(item) is not None]
            if not pinned:
                raise
            plan, changed = self._loosened(pinned, error)
        missing, _ = self.ways.missing(plan)
        return WayOut(
            pins=self._pins(plan),
            command=self._command(plan, changed),
            changes=(*_changes(changed), *self._gone(plan, blocked)),
            not_looked_at=missing,
            edits=tuple(dict.fromkeys(str(item.origin) for item in changed if item.origin != COMMAND_LINE)),
        )

    # ----------------------------------------------------------------- sets that pass

    def _passing(self, request: Request) -> Plan:
        """A plan for a request that nothing stands against. Raises _NoWay where there is none."""
        for _ in range(_MOST_ROUNDS):
            avoid = Filter(self.ways.known, strict=True, excluded=self.excluded)
            try:
                plan = self.ways.resolve(request, avoid, self.ways.over)
            except ResolutionError as error:
                raise _NoWay(error.details or (error.message,)) from error
            _, small = self.ways.missing(plan)
            verdict = self.ways.look(request, plan, fetch=small and not self.ways.over())
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

    def _loosened(
        self, pinned: list[RequestedRequirement], failed: _NoWay
    ) -> tuple[Plan, dict[RequestedRequirement, str]]:
        """A plan for the request with other versions in the lines that pin what is blocked, the nearest first."""
        with_hashes = [item for item in pinned if item.hashes is not None]
        if with_hashes or self.ways.request.selection.require_hashes:
            lines = with_hashes or pinned
            raise _NoWay(f"{urls.redacted(item.text)} ({item.origin}) allows one file only" for item in lines)
        choices = {item: list(self._choices(item)) for item in pinned}
        reasons = [*failed.reasons]
        for place in range(max(map(len, choices.values()), default=0)):
            specifiers = {item: found[min(place, len(found) - 1)] for item, found in choices.items() if found}
            try:
                plan = self._passing(_changed(self.ways.request, specifiers))
            except _NoWay as error:
                reasons += error.reasons
                continue
            versions = _versions(plan)
            exact = {item: f"=={versions[item.name]}" for item in specifiers if item.name in versions}
            return plan, exact
        raise _NoWay(dict.fromkeys(reasons))

    def _choices(self, item: RequestedRequirement) -> Iterator[str]:
        """What a line may ask for instead of its version, the smallest change first."""
        assert item.name is not None
        pin = parsed(_pin(item) or "")
        fixes = [
            finding.observation.advisory.suggested_fix
            for finding in self.verdict.findings
            if finding.observation.name == item.name and finding.blocks and finding.observation.advisory is not None
        ]
        known = [fix for text in fixes if text is not None and (fix := parsed(text)) is not None]
        if known:
            yield f"=={max(known)}"
        if pin is None:
            yield ""
            return
        there = [version for version in self.verdict.plan.available.get(item.name, ()) if not version.is_prerelease]
        newer = [version for version in there if version > pin]
        alike = [version for version in newer if version.release[:1] == pin.release[:1] and version.epoch == pin.epoch]
        for version in [*alike[:_NEAREST], *newer[len(alike) : len(alike) + 1]]:
            yield f"=={version}"
        if alike:
            yield f">{pin.public},<={alike[-1].public}"
        yield f">{pin.public}"
        yield f"<{pin.public}"

    # ----------------------------------------------------------------- what is told

    def _pins(self, plan: Plan) -> tuple[tuple[NormalizedName, str], ...]:
        """The packages for which another version would be there than in what was refused."""
        before, after = _versions(self.verdict.plan), _versions(plan)
        return tuple((name, version) for name, version in sorted(after.items()) if before.get(name) != version)

    def _gone(self, plan: Plan, blocked: Iterable[NormalizedName]) -> Iterator[str]:
        after = _versions(plan)
        yield from (f"{name} is not needed any more" for name in blocked if name not in after)

    def _command(self, plan: Plan, changed: dict[RequestedRequirement, str]) -> str:
        """What to type to get this very set; empty where no command line does it. Each is tried before it is told."""
        words, request = list(self.ways.words), _changed(self.ways.request, changed)
        if not words:
            return ""
        for item, specifier in changed.items():
            if item.origin == COMMAND_LINE and item.text in words:
                words[words.index(item.text)] = _text(item, specifier)
            elif item.origin == COMMAND_LINE:
                return ""
        known = self.ways.known
        avoiding = replace(known, settings=replace(known.settings, avoid=True))
        seen = {key: passed for key, passed in self.excluded.items() if passed.code not in MUST_BE_SEEN}
        for typed, wanted, avoid in (
            (words, request, Filter(known)),
            ([*words, "--avoid"], request, Filter(avoiding, excluded=seen)),
            (*self._with_pins(plan, words, request), Filter(known)),
        ):
            try:
                if _files(self.ways.resolve(wanted, avoid, self.ways.over)) == _files(plan):
                    return shlex.join(urls.redacted(word) for word in ("safe-pip", *typed))
            except SafePipError:
                # This command would not do; without hashes, or in time, perhaps none does.
                continue
        return ""

    def _with_pins(self, plan: Plan, words: list[str], request: Request) -> tuple[list[str], Request]:
        """Words and a request that name the versions: in the words that ask for them, else in words of their own."""
        words, specifiers, more = [*words], {}, []
        for name, version in self._pins(plan):
            lines = [item for item in request.requirements if item.name == name and item.url is None]
            typed = next((item for item in lines if item.origin == COMMAND_LINE and item.text in words), None)
            if any(_pin(item) is not None for item in lines):
                continue
            if typed is not None:
                specifiers[typed] = f"=={version}"
                words[words.index(typed.text)] = _text(typed, f"=={version}")
            else:
                more.append(_requirement(name, version))
        words += [item.text for item in more]
        changed = _changed(request, specifiers)
        return words, replace(changed, requirements=(*changed.requirements, *more))


def _changes(changed: dict[RequestedRequirement, str]) -> Iterator[str]:
    for item, specifier in changed.items():
        place = f"{item.origin}: " if item.origin != COMMAND_LINE else ""
        yield f"{place}{_text(item, specifier)} instead of {urls.redacted(item.text)}"


def _lines(request: Request) -> tuple[RequestedRequirement, ...]:
    return (*request.requirements, *request.constraints)


def _pin(item: RequestedRequirement) -> str | None:
    """The version that a line asks for and no other, None where it leaves a choice."""
    if item.url is not None:
        return None
    exact = (part.version for part in item.specifier if part.operator in ("==", "===") and "*" not in part.version)
    return next(exact, None)


def _changed(request: Request, specifiers: dict[RequestedRequirement, str]) -> Request:
    """A request with other specifiers in some of its lines."""

    def changed(items: tuple[RequestedRequirement, ...]) -> tuple[RequestedRequirement, ...]:
        return tuple(
            replace(item, specifier=SpecifierSet(specifiers[item]), text=_text(item, specifiers[item]))
            if item in specifiers
            else item
            for item in items
        )

    return replace(request, requirements=changed(request.requirements), constraints=changed(request.constraints))


def _requirement(name: NormalizedName, version: str) -> RequestedRequirement:
    text = f"{name}=={version}"
    return RequestedRequirement(text, COMMAND_LINE, name, specifier=SpecifierSet(f"=={version}"), spelling=name)


def _text(item: RequestedRequirement, specifier: str) -> str:
    """A line as it would be written with another specifier."""
    extras = f"[{','.join(sorted(item.extras))}]" if item.extras else ""
    marker = f" ; {item.marker}" if item.marker is not None else ""
    return f"{item.spelling or item.name}{extras}{specifier}{marker}"


def _versions(plan: Plan) -> dict[NormalizedName, str]:
    """What would be there."""
    return {item.name: item.version for item in plan.keep} | {item.name: item.version for item in plan.install}


def _files(plan: Plan) -> set[tuple[str, str]]:
    """What would be installed and kept, to the very file."""
    return {(item.name, item.file.url) for item in plan.install} | {(item.name, item.version) for item in plan.keep}
