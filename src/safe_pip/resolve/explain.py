"""Why no set of versions satisfies a request, in words: who wants what, and what there is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.errors import ResolutionError
from safe_pip.resolve.files import Found, Skipped, sorted_versions
from safe_pip.resolve.nodes import (
    Candidate,
    ExactNeed,
    FileCandidate,
    ImpossibleNeed,
    Need,
    PythonNeed,
    SpecifierNeed,
)
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.provider import Constraint

if TYPE_CHECKING:
    from resolvelib.resolvers import RequirementInformation

    Information = RequirementInformation[Need, Candidate]

_SHOWN_VERSIONS = 8
_REASONS = {
    "tags": "for another platform or Python",
    "python": "for another Python version",
    "format": "ruled out by --no-binary or --only-binary",
    "upload-time": "uploaded too late for --uploaded-prior-to",
    "version": "not numbered as PEP 440 has it",
    "filename": "without a valid file name",
}


def explain(
    causes: Sequence[Information], constraints: Mapping[NormalizedName, Constraint], pool: Pool
) -> ResolutionError:
    """The error for a resolution that failed.

    causes: what resolvelib found in conflict, as (need, who needs it).
    """
    unmet = [cause for cause in causes if _is_about_python(cause) and not cause.requirement.satisfied_by(pool.python)]
    projects = _distinct(_project(cause) for cause in causes)
    if unmet and len(unmet) == len(causes):
        unfit = frozenset((str(c.parent.project), str(c.parent.version)) for c in unmet if c.parent is not None)
        return ResolutionError(
            f"No version of {_listed(projects)} that may be chosen fits Python {pool.python.version}.",
            "Install into another interpreter with --python PATH, or ask for versions made for this one.",
            details=[*_distinct(map(_wish, unmet)), *_availability(projects, pool, unfit)],
        )
    wanted = _distinct(map(_wish, causes))
    by_url = {_project(cause) for cause in causes if _is_by_url(cause.requirement)}
    for project in projects:
        constraint = constraints.get(NormalizedName(project)) or Constraint()
        wanted += [f"{urls.redacted(source.text)} is a constraint ({source.origin})" for source in constraint.sources]
        if constraint.links:
            by_url.add(project)
    if unmet:
        wanted.append(f"this is Python {pool.python.version}")
    # What is asked for by URL need not be known to an index, and no index need learn of it.
    on_an_index = [project for project in projects if project not in by_url]
    about_one = len(projects) == 1 and on_an_index and isinstance(causes[0].requirement, SpecifierNeed)
    if about_one and (len(wanted) == 1 or _is_unknown(projects[0], pool)):
        return _nothing_found(causes[0], pool)
    return ResolutionError(
        f"These wishes for {_listed(projects)} cannot all be met.",
        "Loosen one of them, or leave out a version pin and let the resolver choose.",
        details=[*wanted, *_availability(on_an_index, pool)],
    )


def _is_about_python(cause: Information) -> bool:
    return isinstance(cause.requirement, PythonNeed)


def _is_by_url(need: Need) -> bool:
    if isinstance(need, ExactNeed):
        return isinstance(need.candidate, FileCandidate) and need.candidate.direct is not None
    return isinstance(need, ImpossibleNeed)


def _is_unknown(project: str, pool: Pool) -> bool:
    found = pool.files.found(NormalizedName(project))
    return not found.usable and not found.skipped


def _nothing_found(cause: Information, pool: Pool) -> ResolutionError:
    need = cause.requirement
    project = NormalizedName(str(need.project))
    who = f"{cause.parent} requires it" if cause.parent is not None else f"asked for {_place(need)}"
    if _is_unknown(project, pool):
        places = len(pool.request.search.index_urls) + len(pool.request.search.find_links)
        where = "No configured index knows" if places else "No index is configured that could know"
        if pool.files.found(project).unchecked:
            where = "No configured index that could be read knows"
        hint = "Check the spelling of the name, and --index-url and --find-links."
        asked = need.requested.text if isinstance(need, SpecifierNeed) and need.requested is not None else ""
        if os.path.isfile(asked):
            hint = f"There is a file of that name: to install what it asks for, write -r {asked}."
        return ResolutionError(f"{where} a package named {project} ({who}).", hint)
    return ResolutionError(
        f"No version of {project} satisfies {urls.redacted(str(need))} here ({who}).",
        "Ask for one of the versions that there are, or install into another interpreter with --python PATH.",
        details=_availability([project], pool),
    )


def _availability(projects: Iterable[str], pool: Pool, unfit: frozenset[tuple[str, str]] = frozenset()) -> list[str]:
    """A few lines for each project: the versions that could be used, and why others could not.

    unfit: project and version of those whose reason is told elsewhere.
    """
    lines = []
    for project in projects:
        found = pool.files.found(NormalizedName(project))
        good = [
            item
            for item in found.usable
            if (project, str(item.version), item.file.url) not in pool.passed_over
            and (project, str(item.version)) not in unfit
        ]
        if good_versions := sorted_versions(good):
            lines.append(f"{project} can be had here in {_newest(good_versions)}")
        lines += _not_usable(project, found)
        # An extra that is not there is noted as well, but does not rule its version out.
        passed_over = [
            item for item in pool.passed_over.values() if item.name == project and item.code != "unknown-extra"
        ]
        lines += [f"{project} {item.version} was passed over: {item.reason}" for item in passed_over[:_SHOWN_VERSIONS]]
    return lines


def _not_usable(project: str, found: Found) -> list[str]:
    """Why versions that are offered cannot be used; the reason in detail where it is that of one version."""
    usable = {str(item.version) for item in found.usable}
    others: dict[str, dict[str, Skipped]] = {}
    for item in found.skipped:
        if item.version not in usable and item.code in _REASONS:
            others.setdefault(item.code, {}).setdefault(item.version, item)
    lines = []
    for code, items in others.items():
        be = "is" if len(items) == 1 else "are"
        telling = len(items) == 1 and code in ("tags", "python", "filename", "upload-time")
        detail = f": {next(iter(items.values())).reason}" if telling else ""
        versions = sorted(items, key=_by_version)
        lines.append(f"{project} {_newest(versions)} {be} {_REASONS[code]}{detail}")
    yanked = sorted({item.version for item in found.usable if item.file.yanked is not None})
    if yanked:
        be = "is" if len(yanked) == 1 else "are"
        lines.append(f"{project} {_newest(yanked)} {be} yanked, and taken only where pinned with ==")
    return lines


def _newest(versions: Sequence[object]) -> str:
    """Ascending versions in words, the newest first and not too many."""
    shown = ", ".join(map(str, list(reversed(versions))[:_SHOWN_VERSIONS]))
    return f"{shown} and {len(versions) - _SHOWN_VERSIONS} older" if len(versions) > _SHOWN_VERSIONS else shown


def _by_version(text: str) -> tuple[bool, Version, str]:
    try:
        return True, Version(text), text
    except ValueError:
        return False, Version("0"), text


def _wish(cause: Information) -> str:
    need = cause.requirement
    if cause.parent is None:
        return f"you asked for {urls.redacted(str(need))} {_place(need)}"
    return f"{cause.parent} requires {urls.redacted(str(need))}"


def _place(need: Need) -> str:
    return need.requested.origin.phrase if need.requested is not None else ""


def _project(cause: Information) -> str:
    """The project that a need is about; where it is about the interpreter, the project that has the need."""
    if _is_about_python(cause) and cause.parent is not None:
        return str(cause.parent.project)
    return str(cause.requirement.project)


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
