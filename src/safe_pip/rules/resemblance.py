"""Which much used name another name could be taken for. Names only: whether it matters is the rule's to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

_SHORTEST = 5
"""Letters. Below this, nearly every name is one key away from another."""
_LOOK_ALIKE = (("0", "o"), ("1", "l"), ("3", "e"), ("4", "a"), ("5", "s"), ("7", "t"), ("rn", "m"), ("vv", "w"))
_RUN = re.compile(r"(.)\1+")

Kind = Literal["one letter", "two letters swapped", "the same words", "look-alike letters"]


class Names(NamedTuple):
    """Much used names, and names that are near one and much used themselves."""

    targets: frozenset[str]
    neighbours: frozenset[str]
    by_deletion: Mapping[str, tuple[str, ...]]
    by_words: Mapping[tuple[str, ...], str]
    by_looks: Mapping[str, str]


class Resemblance(NamedTuple):
    """What a name could be taken for, and how it differs from that."""

    target: str
    kind: Kind


def indexed(targets: Iterable[str], neighbours: Iterable[str] = ()) -> Names:
    """Names in canonical form, ready to be compared with."""
    # The most used comes first, and is what a name is likely to be meant for.
    ordered = tuple(dict.fromkeys(targets))
    by_deletion: dict[str, list[str]] = {}
    by_words: dict[tuple[str, ...], str] = {}
    by_looks: dict[str, str] = {}
    for name in ordered:
        if "-" in name:
            by_words.setdefault(_words(name), name)
        if len(name) < _SHORTEST:
            continue
        by_looks.setdefault(_looks(name), name)
        for place in range(len(name)):
            by_deletion.setdefault(name[:place] + name[place + 1 :], []).append(name)
    return Names(
        frozenset(ordered),
        frozenset(neighbours),
        {shorter: tuple(dict.fromkeys(names)) for shorter, names in by_deletion.items()},
        by_words,
        by_looks,
    )


@lru_cache(maxsize=1)
def much_used() -> Names:
    """The list that comes with safe-pip; the file says where it is from."""
    text = Path(__file__).with_name("much_used_names.txt").read_text("utf-8")
    parts: list[list[str]] = [[], []]
    for line in text.splitlines():
        if not line.startswith("#"):
            parts[line.startswith("~")].append(line.removeprefix("~"))
    return indexed(*parts)


def resemblance(name: str, names: Names) -> Resemblance | None:
    """What a canonical name could be taken for; None for a name that is much used itself, and for most others."""
    if name in names.targets or name in names.neighbours:
        return None
    words = names.by_words.get(_words(name)) if "-" in name else None
    if words is not None:
        return Resemblance(words, "the same words")
    if len(name) < _SHORTEST:
        return None
    looks = names.by_looks.get(_looks(name))
    if looks is not None:
        return Resemblance(looks, "look-alike letters")
    for place in range(len(name) - 1):
        swapped = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
        if swapped in names.targets and len(swapped) >= _SHORTEST:
            return Resemblance(swapped, "two letters swapped")
    for target in names.by_deletion.get(name, ()):
        return Resemblance(target, "one letter")
    for place in range(len(name)):
        shorter = name[:place] + name[place + 1 :]
        if shorter in names.targets and len(shorter) >= _SHORTEST:
            return Resemblance(shorter, "one letter")
        for target in names.by_deletion.get(shorter, ()):
            if len(target) == len(name) and target[:place] + target[place + 1 :] == shorter:
                return Resemblance(target, "one letter")
    return None


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted(name.split("-")))


def _looks(name: str) -> str:
    """What is left of a name where separators, doubled letters and digits for letters are no difference."""
    text = name.replace("-", "")
    for seen, meant in _LOOK_ALIKE:
        text = text.replace(seen, meant)
    return _RUN.sub(r"\1", text)
