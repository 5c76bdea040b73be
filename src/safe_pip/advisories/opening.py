"""Opening the sources of a run: those that were named, else OSV's export, else, if allowed, the starter set."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from safe_pip.advisories import Advisories
from safe_pip.advisories.sources import BulkExport, Context, Opened, Source, StarterSet
from safe_pip.errors import AdvisoryError
from safe_pip.model import Network, Unchecked

if TYPE_CHECKING:
    from safe_pip.settings.tables import Vulnerabilities

_RETRIES = 2


@dataclass(frozen=True)
class Opening:
    """What could be opened, None where nothing could, and what could not."""

    advisories: Advisories | None
    unchecked: tuple[Unchecked, ...] = ()


def for_advisories(network: Network) -> Network:
    """How to speak to sources: fewer attempts than with an index, since there is mostly an older copy to go on with."""
    return replace(network, retries=min(network.retries, _RETRIES))


def close_unasked(opening: Future[Opening]) -> None:
    """Be done with sources that nobody is to ask any more, because something else went wrong."""
    if opening.exception() is None and (advisories := opening.result().advisories) is not None:
        advisories.close()


def open_advisories(
    sources: Sequence[Source],
    context: Context,
    *,
    starter_set: bool,
    full: bool = True,
    table: Vulnerabilities | None = None,
) -> Opening:
    """Open sources, every one that can be.

    sources: those that were asked for. starter_set: whether the starter set may serve where OSV's export, which is
    asked where nothing else is named, cannot be had. full: whether groups come with their texts. table: of the policy,
    which may name scores (EPSS) and lists (KEV). A source that fails is told in ``unchecked``. Raises UsageError for a
    file of scores that makes no sense.
    """
    opened: list[Opened] = []
    unchecked: list[Unchecked] = []
    for source in sources:
        try:
            opened.append(source.open(context))
        except AdvisoryError as error:
            if isinstance(source, BulkExport) and not source.named:
                fallback, told = _without_export(error, context, starter_set=starter_set)
                opened += fallback
                unchecked.append(told)
            else:
                unchecked.append(Unchecked("advisories-unavailable", None, None, error.message, error.hint))
    rated = None
    if table is not None and (table.epss is not None or table.kev is not None):
        from safe_pip.advisories.risk import RiskSources

        named = RiskSources(*(item.source if item is not None else None for item in (table.epss, table.kev)))
        try:
            risk, missing = named.read(context)
        except BaseException:
            for source_opened in opened:
                source_opened.database.close()
            raise
        unchecked += missing
        rated = risk.rated
    return Opening(Advisories(opened, context.now, full, rated) if opened else None, tuple(unchecked))


def _without_export(error: AdvisoryError, context: Context, *, starter_set: bool) -> tuple[list[Opened], Unchecked]:
    """What is left where OSV's export cannot be had."""
    reason = f"There is no advisory data: {error.message}"
    help = "Run `safe-pip advisories sync` when the source can be reached, or name another with --advisories."
    if not starter_set:
        more = "--allow stale-advisories judges by the small starter set inside safe-pip instead."
        return [], Unchecked("stale-advisories", None, None, reason, f"{help} {more}")
    try:
        starter = StarterSet().open(context)
    except AdvisoryError as failed:
        # Nothing at all was looked at, which no waiver may cover.
        return [], Unchecked("advisories-unavailable", None, None, f"{reason} {failed.message}", failed.hint)
    reason = (
        f"Only the starter set inside safe-pip was looked at, {starter.database.records} well-known advisories of "
        f"{starter.as_of:%Y-%m-%d}. {error.message}"
    )
    return [starter], Unchecked("stale-advisories", None, None, reason, help)
