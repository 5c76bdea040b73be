"""Projects that several indexes list without saying that they are one project (PEP 708)."""

from __future__ import annotations

from collections.abc import Iterable

from safe_pip import urls
from safe_pip.index.finder import Home, Index
from safe_pip.model import PlannedInstall

_SHOWN = 5


def notes_on_sources(install: Iterable[PlannedInstall], index: Index) -> tuple[str, ...]:
    """A sentence or two for each combination of indexes that share names without a word of each other.

    install: the plan. index: as it was asked while resolving; pages that were read then are not read again. pip takes
    the best file of any index, and so does safe-pip: this tells of what may be another's project of the same name.
    """
    if len(index.search.index_urls) < 2:
        return ()
    found: dict[tuple[str, tuple[str, ...]], list[PlannedInstall]] = {}
    for item in install:
        homes = index.homes(item.name) if item.direct_url is None else ()
        if len(homes) < 2 or _declared(homes):
            continue
        taken = next((home.base for home in homes if item.file.listed_on == home.url), "")
        others = tuple(home.base for home in homes if home.base != taken)
        found.setdefault((taken or urls.redacted(item.file.url), others), []).append(item)
    return tuple(_note(taken, others, items) for (taken, others), items in found.items())


def _note(taken: str, others: tuple[str, ...], items: list[PlannedInstall]) -> str:
    shown = [f"{item.name} {item.version}" for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        shown.append(f"{len(items) - _SHOWN} more")
    listed = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    comes, it = ("comes", "the name") if len(items) == 1 else ("come", "these names")
    return (
        f"{listed} {comes} from {taken}, but {it} can be had from {' and '.join(others)} as well, and the indexes do "
        "not declare that they mean the same (PEP 708). Whoever may upload to either decides what is installed: "
        "look only where you must, or pin the files with --hash."
    )


def _declared(homes: tuple[Home, ...]) -> bool:
    """Whether the pages say that they all are of one project.

    One that tracks another is that one's; those that track the same are one; of what is left, each must name every
    other among its alternate locations.
    """
    groups: list[list[Home]] = []
    for home in homes:
        joined = [group for group in groups if any(_tracked(home, other) for other in group)]
        groups = [group for group in groups if not any(group is one for one in joined)]
        groups.append([home, *(other for group in joined for other in group)])
    return all(
        any(_alternate(one, other) and _alternate(other, one) for one in left for other in right)
        for number, left in enumerate(groups)
        for right in groups[:number]
    )


def _tracked(one: Home, other: Home) -> bool:
    return bool(
        one.relations.tracks & other.addresses
        or other.relations.tracks & one.addresses
        or one.relations.tracks & other.relations.tracks
        or one.addresses & other.addresses
    )


def _alternate(one: Home, other: Home) -> bool:
    return bool(one.relations.alternates & other.addresses)
