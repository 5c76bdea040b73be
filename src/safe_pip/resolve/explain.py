"""Why no set of versions satisfies a request, in words: which kind of failure it is, and what would work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import ResolutionError
from safe_pip.index.finder import Index
from safe_pip.resolve.chains import Chains
from safe_pip.resolve.constraint import Constraint
from safe_pip.resolve.did_you_mean import proposal
from safe_pip.resolve.nodes import (
    Candidate,
    ExactNeed,
    ExtrasCandidate,
    FileCandidate,
    ImpossibleNeed,
    Need,
    PythonNeed,
    SpecifierNeed,
)
from safe_pip.resolve.offered import Offered, Unfit
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.wishes import Wishes, distinct, specifier_of

if TYPE_CHECKING:
    from safe_pip.resolve.wishes import Information

_ANOTHER_PYTHON = "Install into another interpreter with --python PATH, or ask for versions made for this one."


def explain(
    causes: Sequence[Information], constraints: Mapping[NormalizedName, Constraint], pool: Pool, index: Index
) -> ResolutionError:
    """The error for a resolution that failed.

    causes: what resolvelib found in conflict, as (need, who needs it). index: asked whether it has the few names that
    may have been meant by one that nobody knows.
    """
    return _Explanation(causes, constraints, pool, index).error()


class _Explanation:
    """What went wrong, seen from all sides."""

    def __init__(
        self,
        causes: Sequence[Information],
        constraints: Mapping[NormalizedName, Constraint],
        pool: Pool,
        index: Index,
    ) -> None:
        self.causes = causes
        self.constraints = constraints
        self.pool = pool
        self.index = index
        self.unmet = [
            cause for cause in causes if _is_about_python(cause) and not cause.requirement.satisfied_by(pool.python)
        ]
        self.projects = distinct(_project(cause) for cause in causes)
        self.wishes = Wishes(causes, constraints, Chains(pool))

    def error(self) -> ResolutionError:
        if self.unmet and len(self.unmet) == len(self.causes):
            return self._about_python()
        wanted = self.wishes.lines()
        by_url = {_project(cause) for cause in self.causes if _is_by_url(cause.requirement)}
        for project in self.projects:
            constraint = self.constraints.get(NormalizedName(project)) or Constraint()
            wanted += [
                f"{urls.redacted(source.text)} is a constraint ({source.origin})" for source in constraint.sources
            ]
            if constraint.links:
                by_url.add(project)
        if self.unmet:
            wanted.append(f"this is Python {self.pool.python.version}")
        # What is asked for by URL need not be known to an index, and no index need learn of it.
        offered = [Offered(NormalizedName(name), self.pool) for name in self.projects if name not in by_url]
        about_one = len(self.projects) == 1 and offered and isinstance(self.causes[0].requirement, SpecifierNeed)
        if about_one and offered[0].is_unknown:
            return self._unknown(offered[0])
        if about_one and len(wanted) == 1:
            return self._nothing_fits(offered[0])
        return ResolutionError(
            f"These wishes for {_listed(self.projects)} cannot all be met.",
            self._way_out(offered),
            details=[*wanted, *self.wishes.edges(offered), *(line for item in offered for line in self._lines(item))],
        )

    # ----------------------------------------------------------------- the kinds of failure

    def _about_python(self) -> ResolutionError:
        """Every version that may be chosen is for another Python, as only its metadata tells."""
        unfit: Unfit = frozenset((str(c.parent.project), str(c.parent.version)) for c in self.unmet if c.parent)
        offered = [Offered(NormalizedName(name), self.pool, unfit) for name in self.projects]
        hint = _ANOTHER_PYTHON
        if len(offered) == 1 and offered[0].versions:
            newest = f"{offered[0].project} {offered[0].versions[0]}"
            hint = f"Ask for {newest}, or install into another interpreter with --python PATH."
        return ResolutionError(
            f"No version of {_listed(self.projects)} that may be chosen fits Python {self.pool.python.version}.",
            hint,
            details=[
                *self.wishes.lines(),
                *(line for item in offered for line in item.lines(SpecifierSet())),
            ],
        )

    def _unknown(self, offered: Offered) -> ResolutionError:
        cause = self.causes[0]
        need = cause.requirement
        closed = self.index.quarantined_by(offered.project)
        if closed is not None:
            return ResolutionError(
                f"{offered.project} is quarantined by {closed[0]}{f' ({closed[1]})' if closed[1] else ''}, and none of "
                f"its files can be had ({self.wishes.who(cause)}).",
                "Do without it: an index closes a project that may be harmful.",
            )
        search = self.pool.request.search
        where = "No configured index knows"
        if not search.index_urls and not search.find_links:
            where = "No index is configured that could know"
        elif offered.has_unread_pages:
            where = "No configured index that could be read knows"
        hint = "Check the spelling of the name, and --index-url and --find-links."
        asked = need.requested.text if isinstance(need, SpecifierNeed) and need.requested is not None else ""
        if os.path.isfile(asked):
            hint = f"There is a file of that name: to install what it asks for, write -r {asked}."
        elif cause.parent is not None:
            hint = f"Ask for another version of {_root_of(cause.parent)}, or add the index that has {offered.project}."
        elif not offered.has_unread_pages:
            hint = proposal(offered.project, sorted(self.index.local_names()), self._is_there) or hint
        return ResolutionError(f"{where} a package named {offered.project} ({self.wishes.who(cause)}).", hint)

    def _is_there(self, name: NormalizedName) -> bool:
        return bool(self.index.project(name).files)

    def _nothing_fits(self, offered: Offered) -> ResolutionError:
        cause = self.causes[0]
        edges = self.wishes.edges([offered])
        return ResolutionError(
            f"No version of {offered.project}{' that the policy lets through' if edges else ''} satisfies "
            f"{urls.redacted(str(cause.requirement))} here "
            f"({self.wishes.who(cause)}).",
            self._nearest(offered, cause),
            details=[*edges, *offered.lines(specifier_of(cause.requirement))],
        )

    # ----------------------------------------------------------------- what would work

    def _nearest(self, offered: Offered, cause: Information) -> str:
        """The nearest thing to one wish that would work."""
        name, need = offered.project, cause.requirement
        specifier = specifier_of(need)
        ways = []
        pre = offered.admitted(offered.prereleases, specifier)
        yanked = offered.admitted(offered.yanked, specifier)
        option = offered.ruled_out_by(specifier)
        python = offered.for_another_python(specifier)
        if pre is not None:
            final = self.pool.request.selection.releases.allows_prereleases(name) is False
            ways.append(f"{'without --only-final' if final else 'with --pre'}, {name} {pre} could be chosen")
        if option is not None:
            ways.append(f"without {option[1]} for it, {name} {option[0]} could be chosen")
        if yanked is not None:
            ways.append(f"pin {name}=={yanked} to take the yanked version, if you must")
        if offered.versions and cause.parent is None:
            fits = f", the newest for Python {self.pool.python.version}" if python is not None else ""
            ways.append(f"ask for {name}=={offered.versions[0]}{fits or ', the newest that can be had here'}")
        if cause.parent is not None:
            ways.append(f"ask for another version of {_root_of(cause.parent)}")
        if python is not None:
            ways.append(f"install {name} {python[0]} into a {python[1]}, with --python PATH")
        elif not ways and offered.is_for_others:
            ways.append("install into another interpreter with --python PATH")
        elif not ways and offered.avoided_by(specifier):
            ways.append("ask for other versions, or change what the policy avoids")
        elif not ways:
            ways.append(f"look for an index that has a version of {name} which can be used")
        return _sentence(ways)

    def _lines(self, offered: Offered) -> Iterator[str]:
        """What there is of one of the projects in conflict: others than all wishes admit are not what is missing."""
        mine, theirs = self.wishes.about(offered.project)
        merged = SpecifierSet()
        for specifier in [*(specifier for _, specifier in mine), *theirs]:
            merged &= specifier
        return offered.lines(merged, only_admitted=bool(offered.versions))

    def _way_out(self, offered: Sequence[Offered]) -> str:
        """Which of the wishes that the user can change would set a version free."""
        free: list[str] = []
        for item in offered:
            mine, theirs = self.wishes.about(item.project)
            for number, (label, _) in enumerate(mine):
                rest = SpecifierSet()
                for _, specifier in mine[:number] + mine[number + 1 :]:
                    rest &= specifier
                for specifier in theirs:
                    rest &= specifier
                version = item.admitted(item.versions, rest)
                if version is not None:
                    free.append(f"without {label}, {item.project} {version} would meet the rest of these")
        if free and len(offered) == 1:
            return _sentence(distinct(free)[:2])
        wishers = distinct(_root_of(cause.parent) for cause in self.causes if cause.parent is not None)
        if wishers and not free:
            either = f"{', '.join(wishers[:3])}" if len(wishers) < 3 else f"{', '.join(wishers[:2])} or another of them"
            either = " or ".join(wishers) if len(wishers) == 2 else either
            return f"Ask for another version of {either}, or leave out what you need less."
        return "Loosen one of them, or leave out a version pin and let the resolver choose."


def _is_about_python(cause: Information) -> bool:
    return isinstance(cause.requirement, PythonNeed)


def _is_by_url(need: Need) -> bool:
    if isinstance(need, ExactNeed):
        return isinstance(need.candidate, FileCandidate) and need.candidate.direct is not None
    return isinstance(need, ImpossibleNeed)


def _root_of(candidate: Candidate) -> str:
    return str(candidate.base.project if isinstance(candidate, ExtrasCandidate) else candidate.project)


def _project(cause: Information) -> str:
    """The project that a need is about; where it is about the interpreter, the project that has the need."""
    if _is_about_python(cause) and cause.parent is not None:
        return str(cause.parent.project)
    return str(cause.requirement.project)


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _sentence(ways: Sequence[str]) -> str:
    text = "; or ".join(ways)
    return f"{text[0].upper()}{text[1:]}."
