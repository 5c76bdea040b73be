"""Every way out that is told, done to the letter in random small worlds, passes.

The worlds are made of what those of the parity tests are made of; what they ask for stands on the command line, in a
file of ranges with constraints, or in a file where everything is pinned, with hashes or without. Then some of the
versions that would be installed are found to be vulnerable. A few are tried by default, always the same ones;
``SAFE_PIP_WORLDS=2000`` tries so many new ones.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from avoiding.conftest import Steer, bad, follow, versions
from parity.generator import Flavour, Offer, one_of, some, specifiers
from parity.worlds import Whl, World, made
from safe_pip.errors import SafePipError
from safe_pip.model import Approved, Refused, Target, Verdict

_WANTED = int(os.environ.get("SAFE_PIP_WORLDS", "0"))
_VERSIONS = ("0.9", "1.0", "1.1", "1.2", "2.0", "2.1.1", "3.0rc1")
_PLAIN = Flavour(specials=0, deep=True, rare=False, picky=False, urls=False, hashes=False, solvable=True)


Asks = Literal["words", "file", "pins", "hashes"]


class Weak(NamedTuple):
    """A world, and what is vulnerable in it: versions by name, and which of those that are chosen at first.

    hopeless: all that one of the wishes admits.
    """

    world: World
    vulnerable: dict[str, list[str]]
    first: int
    hopeless: tuple[str, list[str]]


@st.composite
def weak_worlds(draw: st.DrawFn, asks: Asks) -> Weak:
    """Three to six names, each of which may need those after it."""
    names = ("aa", "bb", "cc", "dd", "ee", "ff")[: draw(st.integers(3, 6))]
    offer = Offer({name: draw(some(st.sampled_from(_VERSIONS), (2, 3, 4), unique=True)) for name in names})
    offer.answer = {name: draw(st.sampled_from(found)) for name, found in offer.items()}

    def wish(name: str) -> str:
        return name + draw(specifiers(offer[name], _PLAIN, admits=offer.answer[name]))

    files = []
    for place, name in enumerate(names):
        for version in offer[name]:
            needed = [after for after in names[place + 1 :] if draw(one_of(3, True, False))]
            files.append(Whl(f"{name} {version}", requires=tuple(map(wish, needed))))
    asked = draw(some(st.sampled_from(names), (1, 2, 3), unique=True))
    constrained = draw(some(st.sampled_from(names), (0, 0, 1, 2), unique=True))
    stated = draw(specifiers(offer[asked[0]], _PLAIN, admits=offer.answer[asked[0]]).filter(bool))
    admitted = [text for text in offer[asked[0]] if SpecifierSet(stated).contains(text, prereleases=True)]
    wishes = [asked[0] + stated, *map(wish, asked[1:])]
    world = World(
        tuple(files),
        ask=" ".join(f"'{text}'" for text in wishes) if asks == "words" else "",
        requirements="" if asks == "words" else "\n".join(wishes),
        constraints="\n".join(map(wish, constrained)),
        sidecars=True,
    )
    vulnerable = {name: [version for version in offer[name] if draw(one_of(3, True, False))] for name in names}
    return Weak(world, vulnerable, draw(st.integers(0, 5)), (asked[0], admitted))


def locked(verdict: Verdict, path: Path, *, hashes: bool) -> Path:
    """A file that pins what would be installed, as tools that lock write it."""
    lines = []
    for item in verdict.plan.install:
        given = "".join(f" \\\n    --hash=sha256:{digest}" for _, digest in item.file.hashes) if hashes else ""
        lines.append(f"{item.name}=={item.version}{given}\n    # via {', '.join(item.required_by) or 'us'}\n")
    path.write_text("".join(lines))
    return path


@pytest.mark.timeout(0 if _WANTED else 120)
@pytest.mark.parametrize("asks", ["words", "file", "pins", "hashes"])
def test_what_is_told_passes(asks: Asks, target: Target, tmp_path: Path) -> None:
    """A way out that does not lead out is worse than none; and where one is promised, it leads to those versions."""
    seen: Counter[str] = Counter()

    def ways(weak: Weak, folder: Path) -> None:
        with made(weak.world, folder) as places:
            steer = Steer(target, places.servers["index"], folder, [])
            first = steer(*places.arguments)
            chosen = sorted(versions(first).items())
            name, version = chosen[weak.first % len(chosen)]
            some = [version]
            if asks in ("words", "file"):
                name, some = weak.hopeless
            found = {**weak.vulnerable, name: some}
            steer.records = [
                bad(name, *found[name], identifier=f"PYSEC-2026-{number}") for number, name in enumerate(found)
            ]
            words = places.arguments
            if asks in ("pins", "hashes"):
                words = ["-r", str(locked(first, folder / "locked.txt", hashes=asks == "hashes"))]
            verdict = steer(*words)
            assert isinstance(verdict, Refused)
            seen["refused"] += 1
            way = verdict.way_out
            assert way is not None
            assert way.command or way.none_because, "a refusal says one of the two"
            if not way.command:
                return
            note(str(way))
            after = follow(steer, way)
            note(str(after.findings))
            assert isinstance(after, Approved)
            assert set(way.pins) <= {(item.name, item.version) for item in after.plan.install}
            seen["ways"] += 1
            seen["changed"] += bool(way.changes)

    @seed(random.getrandbits(64) if _WANTED else 5)
    @settings(
        max_examples=_WANTED or 8,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(weak=weak_worlds(asks))
    def hold(weak: Weak) -> None:
        seen["worlds"] += 1
        try:
            ways(weak, tmp_path / str(seen["worlds"]))
        except SafePipError:
            # What cannot be resolved at all is not refused.
            seen["errors"] += 1

    hold()
    assert seen["changed"], f"worlds in which no line has to change prove nothing: {seen}"
