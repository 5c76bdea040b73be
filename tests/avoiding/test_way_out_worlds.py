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

from avoiding.conftest import Steer, bad, follow, versions
from parity.generator import Flavour, Offer, one_of, some, specifiers
from parity.worlds import Whl, World, made
from safe_pip.errors import SafePipError
from safe_pip.model import Approved, Refused, Target, Verdict

_WANTED = int(os.environ.get("SAFE_PIP_WORLDS", "0"))
_VERSIONS = ("0.9", "1.0", "1.1", "1.2", "2.0", "2.1.1", "3.0rc1")
_PLAIN = Flavour(specials=0, deep=True, rare=False, picky=False, urls=False, hashes=False, solvable=True)


class Weak(NamedTuple):
    """A world, how it asks, and what is vulnerable: versions by name, and which of those that are chosen at first."""

    world: World
    asks: Literal["words", "file", "pins", "hashes"]
    vulnerable: dict[str, list[str]]
    first: int


@st.composite
def weak_worlds(draw: st.DrawFn) -> Weak:
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
    asks = draw(st.sampled_from(["words", "file", "pins", "hashes"]))
    wishes = [wish(name) for name in asked]
    world = World(
        tuple(files),
        ask=" ".join(f"'{text}'" for text in wishes) if asks == "words" else "",
        requirements="" if asks == "words" else "\n".join(wishes),
        constraints="\n".join(map(wish, constrained)),
        sidecars=True,
    )
    vulnerable = {name: [version for version in offer[name] if draw(one_of(3, True, False))] for name in names}
    return Weak(world, asks, vulnerable, draw(st.integers(0, 5)))


def locked(verdict: Verdict, path: Path, *, hashes: bool) -> Path:
    """A file that pins what would be installed, as tools that lock write it."""
    lines = []
    for item in verdict.plan.install:
        given = "".join(f" \\\n    --hash=sha256:{digest}" for _, digest in item.file.hashes) if hashes else ""
        lines.append(f"{item.name}=={item.version}{given}\n    # via {', '.join(item.required_by) or 'us'}\n")
    path.write_text("".join(lines))
    return path


@pytest.mark.timeout(0 if _WANTED else 120)
def test_what_is_told_passes(target: Target, tmp_path: Path) -> None:
    """A way out that does not lead out is worse than none; and where one is promised, it leads to those versions."""
    seen: Counter[str] = Counter()

    def ways(weak: Weak, folder: Path) -> None:
        with made(weak.world, folder) as places:
            steer = Steer(target, places.servers["index"], folder, [])
            first = steer(*places.arguments)
            chosen = sorted(versions(first).items())
            name, version = chosen[weak.first % len(chosen)]
            found = {**weak.vulnerable, name: [*weak.vulnerable[name], version]}
            steer.records = [
                bad(name, *found[name], identifier=f"PYSEC-2026-{number}") for number, name in enumerate(found)
            ]
            words = places.arguments
            if weak.asks in ("pins", "hashes"):
                words = ["-r", str(locked(first, folder / "locked.txt", hashes=weak.asks == "hashes"))]
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
            seen[f"changed: {weak.asks}"] += bool(way.changes)

    @seed(random.getrandbits(64) if _WANTED else 5)
    @settings(
        max_examples=_WANTED or 25,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(weak=weak_worlds())
    def hold(weak: Weak) -> None:
        seen["worlds"] += 1
        try:
            ways(weak, tmp_path / str(seen["worlds"]))
        except SafePipError:
            # What cannot be resolved at all is not refused.
            seen["errors"] += 1

    hold()
    assert seen["ways"] >= seen["worlds"] // 4, f"worlds without a way out prove nothing: {seen}"
    assert all(seen[f"changed: {asks}"] for asks in ("words", "file", "pins", "hashes")), seen
