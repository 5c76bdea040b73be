"""What to say where no set of versions satisfies both a request and the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from safe_pip.avoiding import Filter
from safe_pip.codes import MUST_BE_SEEN
from safe_pip.errors import ResolutionError, SafePipError
from safe_pip.model import PassedOver, Plan, PlannedInstall

_SHOWN = 5
_NOT_ADVISED = MUST_BE_SEEN | {"quarantined"}
"""What nobody is told to let through with a word; the reference of findings says how, and when."""


def explained(error: ResolutionError, avoid: Filter, without: Callable[[], Plan]) -> ResolutionError:
    """The failure with the lines of the policy that stand in the way, and what would let a set through.

    avoid: what the resolver was told to avoid. without: the plan for the same request with nothing avoided; where that
    fails as well, the policy is not to blame, and the failure stays as it is.
    """
    passed = error.plan.passed_over if error.plan is not None else ()
    stopped = [item for item in passed if (item.name, item.version) in avoid.stopped]
    if not stopped:
        return error
    try:
        plan = without()
    except SafePipError:
        return error
    needed = [
        found for item in plan.install if item.direct_url is None and (found := _stopped(item, avoid)) is not None
    ]
    lines = dict.fromkeys(line for item in stopped for line in avoid.lines(item.name, item.version))
    answer = f"Without {'this rule' if len(lines) == 1 else 'these rules'} there is an answer"
    details = [
        *error.details,
        *(f"policy: {line}" for line in lines),
        *([f"{answer}, with {_listed(f'{item.name} {item.version}' for item in needed)}"] if needed else []),
    ]
    return ResolutionError(error.message, _hint(needed, avoid) or error.hint, details=details, plan=error.plan)


def _stopped(item: PlannedInstall, avoid: Filter) -> PassedOver | None:
    return avoid(item.name, item.version, item.file, lambda _: item.metadata)


def _hint(needed: list[PassedOver], avoid: Filter) -> str:
    """What would let the versions through that the request needs; malware and quarantine are not to be let through."""
    if not needed:
        return ""
    bad = [item.name for item in needed if item.code in _NOT_ADVISED]
    if bad:
        return f"Do without {_listed(bad)}, or ask for other versions."
    words = " ".join(dict.fromkeys(f"--allow {item.code}:{item.name}" for item in needed))
    waits = [
        f"{item.name} {item.version} {concern.help.removeprefix('It ').removesuffix('.')}"
        for item in needed
        if (concern := avoid.stopped.get((item.name, item.version))) is not None
        and concern.help.startswith("It passes in ")
    ]
    them = "it" if len(needed) == 1 else "them"
    if len(waits) == len(needed):
        return f"Wait: {_listed(waits)}. Or let {them} through with {words}."
    return f"Ask for other versions, or let {them} through with {words}."


def _listed(items: Iterable[str]) -> str:
    shown = list(items)
    more = len(shown) - _SHOWN
    shown = [*shown[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
