"""What waives a finding: the words of a run (``--allow``), then the exceptions of the policy. Pure.

An exception that has lapsed covers nothing any more, and that is told; so is one that covers nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Literal

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.codes import CODES
from safe_pip.model import Evidence, Excepted, Finding, Observation, Unchecked
from safe_pip.settings import Settings
from safe_pip.settings.waivers import WAIVABLE_UNCHECKED, PolicyException
from safe_pip.times import span

Lapse = Literal["expired", "fixed", "too-long"]
Digests = Callable[[str, str], Collection[str]]
"""The sha256 digests that a file of a package and version may have; none where that is not known."""

_MALWARE = "mal-"


def ids_of(item: Observation | Unchecked) -> tuple[str, ...]:
    """The ids that a finding, or what could not be decided, goes by."""
    if isinstance(item, Unchecked):
        return (item.id,) if item.id is not None else ()
    return item.advisory.ids if item.advisory is not None else ()


def names(exception: PolicyException, item: Observation | Unchecked) -> bool:
    """Whether an exception is about something, be it in force or not, and of whatever file.

    Malware is named by its very id and package only: what was accepted as a vulnerability must not let it through,
    and a pattern must not either. Findings about the policy itself cannot be excepted by it.
    """
    ids = {identifier.lower() for identifier in ids_of(item)}
    if isinstance(item, Unchecked):
        named = item.code in WAIVABLE_UNCHECKED and exception.word in (item.code, *ids)
    elif item.code == "malware":
        exact = exception.packages is not None and exception.packages.is_exact
        named = exact and exception.word in ids and _is_malware_id(exception.word, item)
    else:
        named = not _is_about_the_policy(item.code) and exception.word in (item.code, *ids)
    if not named or exception.packages is None:
        return named
    return item.name is not None and exception.packages.matches(item.name, item.version or "")


def _is_malware_id(what: str, found: Observation) -> bool:
    return what.startswith(_MALWARE) or (found.advisory is not None and what == found.advisory.id.lower())


def _is_about_the_policy(code: str) -> bool:
    return code in CODES and CODES[code].kind == "policy"


def lapsed(
    exception: PolicyException, found: Observation | Unchecked, settings: Settings, now: datetime
) -> Lapse | None:
    """Why an exception that is about a finding is not in force, None where it is. now: the time, in UTC.

    Its last day counts in full. Where the policy limits how long exceptions may run, one without an end runs too long.
    """
    today = now.astimezone(timezone.utc).date()
    if exception.expires is not None and today > exception.expires:
        return "expired"
    if settings.longest_exception is not None and (
        exception.expires is None or timedelta(days=(exception.expires - today).days) > settings.longest_exception
    ):
        return "too-long"
    if exception.until_fixed:
        advisory = found.advisory if isinstance(found, Observation) else None
        # What no advisory speaks of has no fix to wait for, so it cannot be waited for without an end either.
        if advisory.newer_fixes if advisory is not None else exception.expires is None:
            return "fixed"
    return None


@dataclass
class Exceptions:
    """The exceptions of a policy at work in one run; it notes what each of them covers.

    now: the time, in UTC. digests: what the files are, for exceptions that are for one file only.
    """

    settings: Settings
    now: datetime
    digests: Digests
    _covered: set[int] = field(default_factory=set)
    _lapsed: dict[tuple[int, Lapse], list[Observation | Unchecked]] = field(default_factory=dict)
    _by_what: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, exception in enumerate(self.settings.exceptions):
            self._by_what.setdefault(exception.word, []).append(place)

    def covering(self, item: Observation | Unchecked) -> PolicyException | None:
        """The first exception in force that covers something, None where there is none."""
        first = None
        words = {item.code, *(identifier.lower() for identifier in ids_of(item))}
        for place in sorted({place for word in words for place in self._by_what.get(word, ())}):
            exception = self.settings.exceptions[place]
            if not names(exception, item) or not self._is_the_file(exception, item):
                continue
            self._covered.add(place)
            why = lapsed(exception, item, self.settings, self.now)
            if why is not None:
                self._lapsed.setdefault((place, why), []).append(item)
            elif first is None:
                first = exception
        return first

    def _is_the_file(self, exception: PolicyException, item: Observation | Unchecked) -> bool:
        if exception.sha256 is None:
            return True
        digest = item.sha256 if isinstance(item, Observation) else None
        digests = (digest,) if digest else self.digests(item.name or "", item.version or "")
        return exception.sha256.lower() in {known.lower() for known in digests}

    def applied(self, finding: Finding) -> Finding:
        """A finding with what the policy's exceptions say of it; one that is waived already stays as it is."""
        exception = self.covering(finding.observation)
        if exception is None or finding.waived_by is not None:
            return finding
        return replace(
            finding,
            waived_by=_place(exception),
            justification=exception.justification,
            exception=Excepted(exception.line, exception.reason, exception.expires),
        )

    def applied_to_gap(self, item: Unchecked) -> Unchecked:
        """The same of something that could not be checked."""
        exception = self.covering(item)
        if exception is None or item.waived_by is not None:
            return item
        return replace(item, waived_by=_place(exception), excepted=True)

    def remarks(self, looked_at: Iterable[str] | None = None) -> Iterable[Observation]:
        """What there is to say of the exceptions themselves, once all findings were applied.

        looked_at: the names of the packages that were judged, where an exception for another one is no news; None
        where every package is.
        """
        for (place, why), items in self._lapsed.items():
            yield _lapse(self.settings, self.settings.exceptions[place], why, items)
        present = None if looked_at is None else frozenset(looked_at)
        for place, exception in enumerate(self.settings.exceptions):
            if place not in self._covered and (present is None or _may_concern(exception, present)):
                yield _unused(exception)


def _may_concern(exception: PolicyException, present: frozenset[str]) -> bool:
    packages = exception.packages
    return packages is None or any(packages.matches(name) for name in present)


def _place(exception: PolicyException) -> str:
    return str(exception.line.origin or exception.line.setting)


def _title(exception: PolicyException) -> str:
    about = f" in {exception.packages}" if exception.packages is not None else ""
    return f"The exception for {exception.what}{about} ({_place(exception)})"


def _lapse(
    settings: Settings, exception: PolicyException, why: Lapse, items: list[Observation | Unchecked]
) -> Observation:
    """What is told of an exception that would cover something, and no longer does."""
    title = _title(exception)
    if why == "expired":
        message = f"{title} ended on {exception.expires}, and covers nothing any more."
    elif why == "fixed":
        fixes = [item.advisory.newer_fixes[0] for item in items if isinstance(item, Observation) and item.advisory]
        there = f"{items[0].name} {fixes[0]} fixes it" if fixes else "there is nothing to wait for"
        message = f"{title} held until there was a fix, and {there}."
    else:
        longest = span(settings.longest_exception or timedelta())
        ends = f"runs until {exception.expires}" if exception.expires is not None else "has no last day"
        message = f"{title} {ends}, and the policy has none run longer than {longest}, so it does not count."
    help = (
        "Give it a last day that is nearer."
        if why == "too-long"
        else "Mend what it was for, or decide anew and give it a new last day."
    )
    versions = {(item.name or "", item.version or "") for item in items}
    name, version = versions.pop() if len(versions) == 1 else ("", "")
    return Observation(
        code="exception-too-long" if why == "too-long" else "exception-expired",
        name=NormalizedName(name),
        version=version,
        message=message,
        help=help,
        origin=exception.line.origin,
        evidence=(Evidence("reason", exception.reason),) if exception.reason else (),
    )


def _unused(exception: PolicyException) -> Observation:
    packages = exception.packages
    name = canonicalize_name(packages.glob) if packages is not None and packages.is_exact else ""
    only = f"; it is for the file with sha256 {exception.sha256[:12]}… only" if exception.sha256 else ""
    return Observation(
        code="exception-unused",
        name=NormalizedName(name),
        version="",
        message=f"{_title(exception)} covers nothing here{only}.",
        help="Take it out, if nothing else needs it.",
        origin=exception.line.origin,
    )
