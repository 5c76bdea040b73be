"""What an audit tells of indexes: of what inputs only name, nothing is asked unless a policy wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from fakes import FakeIndex, advisory, export, provenance_of, wheel
from safe_pip.advisories.sources import source_for
from safe_pip.audited import Audited
from safe_pip.auditing import AuditRun, audit
from safe_pip.inventory import AuditInput, Dependency, Inventory
from safe_pip.judge_audit import AuditSettings
from safe_pip.model import Level, Network, Origin, PolicyLine
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Weight

INPUT = AuditInput("lock", "uv.lock", "uv.lock")
WRITTEN = PolicyLine("levels", Origin("safe-pip.toml", 3))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FakeIndex]:
    """An index where acme 1.0 is yanked, and 2.0 lost its provenance."""
    with FakeIndex(json=True) as server:
        path = wheel(tmp_path, "acme", "1.0")
        server.add(path, yanked="oops", provenance=provenance_of(path))
        server.add(wheel(tmp_path, "acme", "2.0"))
        yield server


def named(name: str, version: str, **more: object) -> Dependency:
    """Something that a lock file names."""
    return replace(Dependency(NormalizedName(name), version, INPUT, line=7), **more)  # type: ignore[arg-type]


def audited(tmp_path: Path, url: str | None, *dependencies: Dependency, **run: object) -> Audited:
    """The outcome for a lock file, with what the policy says in levels."""
    levels = run.pop("levels", {})
    assert isinstance(levels, dict)
    weights = {code: Weight(Level.ALLOW, level, WRITTEN) for code, level in levels.items()}
    settings = Settings(levels={**BUILT_IN_LEVELS, **weights})
    made = AuditRun(
        cache=tmp_path / "cache",
        now=datetime(2026, 11, 20, tzinfo=timezone.utc),
        sources=(source_for(str(export(tmp_path / "a.zip", [advisory("PYSEC-2020-1", "nobody")]))),),
        settings=AuditSettings(settings=settings),
        index_url=url,
        network=Network(retries=0),
    )
    return audit([Inventory(INPUT, dependencies)], replace(made, **run))  # type: ignore[arg-type]


def codes(outcome: Audited) -> list[tuple[str, str, str]]:
    """What was found, of which version, and how much it weighs."""
    return sorted((item.finding.observation.code, item.version, item.finding.level.word) for item in outcome.others)


def test_nothing_is_asked_by_the_built_in_policy(index: FakeIndex, tmp_path: Path) -> None:
    """An audit is private: the names in a lock file go to no index, unless somebody's policy says so."""
    outcome = audited(tmp_path, index.url, named("acme", "1.0"))
    assert (codes(outcome), outcome.exit_code, index.asked) == ([], 0, [])


def test_a_policy_may_want_to_know(index: FakeIndex, tmp_path: Path) -> None:
    """Each version is told with the place that names it, and one page is asked for once."""
    levels = {"yanked": Level.WARN, "lost-provenance": Level.BLOCK}
    outcome = audited(tmp_path, index.url, named("acme", "1.0"), named("acme", "2.0", line=9), levels=levels)
    assert codes(outcome) == [
        ("lost-provenance", "2.0", "block"),
        ("yanked", "1.0", "warn"),
    ]
    lost = next(item for item in outcome.others if item.finding.observation.code == "lost-provenance")
    assert [(place.input, place.line) for place in lost.dependencies] == [(INPUT, 9)]
    assert outcome.exit_code == 1
    assert index.paths() == [index.page("acme")]


def test_private_names_are_not_asked_for(index: FakeIndex, tmp_path: Path) -> None:
    """What is kept from sources of advisories is kept from an index as well; and offline nobody is asked."""
    levels = {"yanked": Level.BLOCK}
    secret = named("acme", "1.0", public=False)
    assert codes(audited(tmp_path, index.url, secret, levels=levels)) == []
    assert codes(audited(tmp_path, index.url, named("acme", "1.0"), levels=levels, private=("ac*",))) == []
    assert codes(audited(tmp_path, index.url, named("acme", "1.0"), levels=levels, offline=True)) == []
    assert index.asked == []


def test_a_page_that_cannot_be_read_is_not_clean(tmp_path: Path) -> None:
    """Could not check is not clean."""
    with FakeIndex() as gone:
        url = gone.url
    outcome = audited(tmp_path, url, named("acme", "1.0"), levels={"yanked": Level.BLOCK})
    assert [gap.code for gap in outcome.unchecked] == ["unreadable-page"]
    assert outcome.exit_code == 3


def test_a_version_that_the_index_does_not_list(index: FakeIndex, tmp_path: Path) -> None:
    """Of a file that is not there nothing can be told."""
    levels = {"yanked": Level.BLOCK, "late-file": Level.BLOCK, "unknown-age": Level.BLOCK, "lost-wheels": Level.BLOCK}
    assert codes(audited(tmp_path, index.url, named("acme", "3.0"), levels=levels)) == []


def test_a_version_that_is_not_listed_is_not_clean(index: FakeIndex, tmp_path: Path) -> None:
    """What the policy has block, and nobody can tell of a version, is unchecked; as is all of it where nobody asks."""
    levels = {"yanked": Level.BLOCK}
    unlisted = audited(tmp_path, index.url, named("acme", "3.0"), named("acme", "1.0"), levels=levels)
    assert [(gap.code, gap.reason.startswith("acme 3.0: yanked")) for gap in unlisted.unchecked] == [
        ("not-looked-for", True)
    ]
    other = named("acme", "1.0", hashes=frozenset({("sha256", "0" * 64)}))
    elsewhere = audited(tmp_path, index.url, other, levels=levels)
    assert ([gap.code for gap in elsewhere.unchecked], codes(elsewhere)) == (["not-looked-for"], [])
    for nobody in ({"offline": True}, {"index_url": None}):
        outcome = audited(tmp_path, index.url, named("acme", "1.0"), levels=levels, **nobody)
        assert ([gap.code for gap in outcome.unchecked], outcome.exit_code) == (["not-looked-for"], 3)
    assert audited(tmp_path, index.url, named("acme", "3.0"), levels={"yanked": Level.WARN}).exit_code == 0


@pytest.mark.parametrize("version", ["1.0", "3.0"])
def test_a_project_that_its_index_has_closed(index: FakeIndex, tmp_path: Path, version: str) -> None:
    """The page of a quarantined project lists nothing, and says so of every version; a policy need not ask for more."""
    index.statuses["acme"] = ("quarantined", "it steals")
    if version == "3.0":
        index.projects["acme"] = []
    outcome = audited(tmp_path, index.url, named("acme", version), levels={"quarantined": Level.BLOCK})
    assert codes(outcome) == [("quarantined", version, "block")]
    assert outcome.unchecked == ()
