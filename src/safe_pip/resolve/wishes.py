"""Who wants what: the needs in conflict as wishes, of the user, of constraints and of packages, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.resolve.chains import Chains
from safe_pip.resolve.constraint import Constraint
from safe_pip.resolve.nodes import Candidate, Need, SpecifierNeed
from safe_pip.resolve.offered import Offered

if TYPE_CHECKING:
    from resolvelib.resolvers import RequirementInformation

    Information = RequirementInformation[Need, Candidate]

_SHOWN_WISHES = 10
_SHOWN_WISHERS = 5


class Wishes:
    """The wishes of one failure. causes: what resolvelib found in conflict, as (need, who needs it)."""

    def __init__(
        self, causes: Sequence[Information], constraints: Mapping[NormalizedName, Constraint], chains: Chains
    ) -> None:
        self._causes = causes
        self._constraints = constraints
        self._chains = chains

    def lines(self) -> list[str]:
        """One line for each wish; versions of one project that wish the same share one."""
        lines: list[str] = []
        wishers: dict[tuple[str, str], list[Candidate]] = {}
        for cause in self._causes:
            need = cause.requirement
            if cause.parent is None:
                lines.append(f"you asked for {urls.redacted(str(need))} {_place(need)}")
            else:
                wishers.setdefault((cause.parent.name, urls.redacted(str(need))), []).append(cause.parent)
        told: set[str] = set()
        for (_, wish), parents in wishers.items():
            who = str(parents[0]) + "".join(f", {parent.version}" for parent in parents[1:_SHOWN_WISHERS])
            if len(parents) > _SHOWN_WISHERS:
                who += f" and {len(parents) - _SHOWN_WISHERS} more"
            verb = "requires" if len(parents) == 1 else "require"
            why = self._chains.why(parents[0])
            lines.append(f"{who} {verb} {wish}" + ("" if why in told else f" ({why})"))
            told.add(why)
        return _capped(lines)

    def edges(self, offered: Iterable[Offered]) -> list[str]:
        """The rules that stand in the way of each wish: one line for a wish that admits avoided versions."""
        known = {str(item.project): item for item in offered}
        lines = []
        for cause in self._causes:
            need = cause.requirement
            item = known.get(str(need.project))
            stopped = item.avoided_by(specifier_of(need)) if item is not None else ""
            if stopped:
                who = _place(need) if cause.parent is None else f"by {cause.parent}"
                lines.append(f"{urls.redacted(str(need))} (asked for {who}): {stopped}")
        return _capped(lines)

    def about(self, project: NormalizedName) -> tuple[list[tuple[str, SpecifierSet]], list[SpecifierSet]]:
        """The user's wishes and constraints for a project, each with its words; and those of packages."""
        mine: list[tuple[str, SpecifierSet]] = []
        theirs: list[SpecifierSet] = []
        for cause in self._causes:
            need = cause.requirement
            if isinstance(need, SpecifierNeed) and need.project == project:
                if cause.parent is None:
                    mine.append((f"{urls.redacted(str(need))} {_place(need)}", need.specifier))
                else:
                    theirs.append(need.specifier)
        mine += [
            (f"the constraint {urls.redacted(source.text)} {source.origin.phrase}", source.specifier)
            for source in (self._constraints.get(project) or Constraint()).sources
        ]
        return mine, theirs

    def who(self, cause: Information) -> str:
        """Who has one of the needs, in the middle of a sentence."""
        if cause.parent is None:
            return f"asked for {_place(cause.requirement)}"
        return f"{cause.parent} requires it; {self._chains.why(cause.parent)}"


def specifier_of(need: Need) -> SpecifierSet:
    """The versions that a need admits; all where it is not about versions."""
    return need.specifier if isinstance(need, SpecifierNeed) else SpecifierSet()


def distinct(items: Iterable[str]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(items))


def _capped(lines: Iterable[str]) -> list[str]:
    """Each line once, and only so many."""
    lines = distinct(lines)
    more = len(lines) - _SHOWN_WISHES
    return [*lines[:_SHOWN_WISHES], f"and {more} more such wishes"] if more > 1 else lines


def _place(need: Need) -> str:
    return need.requested.origin.phrase if need.requested is not None else ""
