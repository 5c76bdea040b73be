"""How well wheels fit a target, by their tags (PEP 425)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

# A file name that stands for more tags than this is made to keep its reader busy.
_MOST_TAGS = 10_000


class TagRanks:
    """Ranks wheels by the place of their best tag among a target's, the smaller the better; each question once.

    tags: the target's, the most preferred first. ``best``: the rank of a compressed tag set, ``best_of_pieces`` that of
    the last three pieces of a wheel's name, ``platform_fits`` whether the last of these can fit at all.
    """

    def __init__(self, tags: Sequence[str]) -> None:
        self._ranks: Mapping[str, int] = {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
        self._platforms = frozenset(tag.rpartition("-")[2] for tag in tags)
        # Caches for each target, since they are asked of every file of a page.
        self.best = lru_cache(maxsize=10_000)(self._best)
        self.best_of_pieces = lru_cache(maxsize=10_000)(self._best_of_pieces)
        self.platform_fits = lru_cache(maxsize=10_000)(self._platform_fits)

    def _best(self, tags: str) -> int | None:
        """The best rank of a wheel's compressed tag set (PEP 425), None where none is supported."""
        pieces = tags.lower().split("-")
        if len(pieces) != 3:
            return None
        pythons, abis, platforms = (piece.split(".") for piece in pieces)
        if len(pythons) * len(abis) * len(platforms) > _MOST_TAGS:
            return None
        ranks = (
            self._ranks.get(f"{python}-{abi}-{platform}")
            for python in pythons
            for abi in abis
            for platform in platforms
        )
        return min((rank for rank in ranks if rank is not None), default=None)

    def _best_of_pieces(self, pythons: str, abis: str, platforms: str) -> int | None:
        """The best rank by the last three pieces of a wheel's name, with its extension."""
        return self.best(f"{pythons}-{abis}-{platforms[: -len('.whl')]}")

    def _platform_fits(self, piece: str) -> bool:
        """Whether the last piece of a wheel's name, with its extension, names a platform that some tag has."""
        return not self._platforms.isdisjoint(piece[: -len(".whl")].lower().split("."))
