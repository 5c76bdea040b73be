"""Aliases: which ids speak of one thing. The relation is symmetric and transitive; ``related`` never joins."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Generic, TypeVar

MALWARE_PREFIX = "MAL-"
"""Ids of the OpenSSF malicious-packages records."""

Item = TypeVar("Item", bound=Hashable)


class UnionFind(Generic[Item]):
    """Disjoint sets of items."""

    def __init__(self) -> None:
        self._parent: dict[Item, Item] = {}

    def find(self, item: Item) -> Item:
        """The item that stands for the whole set of another."""
        root = item
        while (parent := self._parent.setdefault(root, root)) != root:
            root = parent
        while item != root:
            self._parent[item], item = root, self._parent[item]
        return root

    def join(self, left: Item, right: Item) -> None:
        """Make one set of two."""
        self._parent[self.find(left)] = self.find(right)


class Families:
    """Which ids belong together, as far as has been learned. An id that nothing joins is a family of its own."""

    def __init__(self) -> None:
        self._members: dict[str, list[str]] = {}

    def join(self, ids: Iterable[str]) -> None:
        """Learn that some ids speak of one thing."""
        joined: list[str] = []
        for identifier in ids:
            known = self._members.get(identifier)
            if known is None:
                joined.append(identifier)
                self._members[identifier] = joined
            elif known is not joined:
                if len(known) > len(joined):
                    known, joined = joined, known
                joined += known
                self._members.update(dict.fromkeys(known, joined))
        joined.sort(key=shown_first)

    def of(self, identifier: str) -> list[str]:
        """Every id that speaks of the same thing, the one to show first. The same list for each of them."""
        return self._members.setdefault(identifier, [identifier])


def groups(ids: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Sort ids into groups that aliases join, whatever the order of the edges. Groups and their ids are sorted."""
    sets: UnionFind[str] = UnionFind()
    for left, right in edges:
        sets.join(left, right)
    found: dict[str, list[str]] = {}
    for identifier in sorted(set(ids)):
        found.setdefault(sets.find(identifier), []).append(identifier)
    return sorted(found.values())


@lru_cache(maxsize=100_000)
def shown_first(identifier: str) -> tuple[int, str]:
    """A sort key: a malware id first, then PYSEC, then CVE, then the rest, which is pip-audit's order."""
    prefixes = (MALWARE_PREFIX, "PYSEC-", "CVE-")
    rank = next((rank for rank, prefix in enumerate(prefixes) if identifier.upper().startswith(prefix)), len(prefixes))
    return rank, identifier


def malware_or_last(ids: Iterable[str], malware: set[str]) -> list[str]:
    """The ids of a group, the one to show first. malware: those that say malware; others of that kind come last."""
    return sorted(ids, key=lambda item: (item.startswith(MALWARE_PREFIX) and item not in malware, shown_first(item)))
