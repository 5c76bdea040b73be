"""What may have been meant by a name that no index knows: told to a person, and never installed unasked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.resolve.known_names import BY_IMPORT, KNOWN

_MOST = 3
_SHORTEST = 4
"""Names of fewer letters are close to too many others."""
_AFFIXES = ("python-", "py-", "py", "-python", "-py")


def proposal(name: NormalizedName, local: Iterable[NormalizedName], is_there: Callable[[NormalizedName], bool]) -> str:
    """A sentence on what may have been meant; empty where nothing comes to mind.

    local: names that find-links folders and ``file:`` indexes have. is_there: whether a configured index has files of
    a name; asked of a few names at most. No name is proposed that is not there.
    """
    if name.replace("-", "_") in _STANDARD:
        return f"{name} is a module of Python itself: there is nothing to install."
    project = BY_IMPORT.get(name)
    if project is not None:
        if is_there(canonicalize_name(project)):
            return f"Did you mean {project}? The module {name} comes with it."
        return f"The module {name} comes with {project}, which is on no configured index either."
    there = [other for other in close_names(name, local) if is_there(other)]
    if not there:
        return ""
    listed = there[0] if len(there) == 1 else f"{', '.join(there[:-1])} or {there[-1]}"
    return f"Did you mean {listed}? Make sure of it before you ask for it."


_STANDARD = frozenset(module.lower() for module in sys.stdlib_module_names if not module.startswith("_"))


def close_names(name: str, local: Iterable[str]) -> list[NormalizedName]:
    """The few known names that differ from a canonical one by a slip or two, the closest first."""
    if len(name) < _SHORTEST:
        return []
    most = 1 if len(name) <= 5 else 2
    found: dict[str, float] = {}
    for other in dict.fromkeys((*local, *KNOWN)):
        distance = _difference(name, other, most)
        if 0 <= distance <= most and other != name:
            found[other] = distance
    return [NormalizedName(other) for other in sorted(found, key=lambda other: found[other])][:_MOST]


def _difference(name: str, other: str, most: int) -> float:
    """How far a name is from another; more than ``most`` where that is far."""
    joined, others = name.replace("-", ""), other.replace("-", "")
    if joined == others or sorted(name.split("-")) == sorted(other.split("-")):
        return 0.5
    if len(joined) >= _SHORTEST and joined in _without_affixes(other):
        return 1.0
    if len(others) >= _SHORTEST and others in _without_affixes(name):
        return 1.0
    if abs(len(joined) - len(others)) > most:
        return most + 1
    return edit_distance(joined, others)


def _without_affixes(name: str) -> set[str]:
    return {
        name.removeprefix(affix).removesuffix(affix).replace("-", "")
        for affix in _AFFIXES
        if name.startswith(affix) or name.endswith(affix)
    }


def edit_distance(left: str, right: str) -> int:
    """Letters left out, put in, exchanged, or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
