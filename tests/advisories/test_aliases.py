"""Which ids speak of one thing: the alias relation, closed both ways and through any number of steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_pip.advisories.aliases import groups, shown_first

IDS = [f"{prefix}-{number}" for prefix in ("PYSEC", "CVE", "GHSA", "MAL") for number in range(4)]
EDGES = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=12)


def _reachable(start: str, edges: list[tuple[str, str]]) -> set[str]:
    """Every id that can be walked to, one edge at a time, in either direction."""
    reached, todo = set(), [start]
    while todo:
        here = todo.pop()
        if here not in reached:
            reached.add(here)
            todo += [right for left, right in edges if left == here] + [left for left, right in edges if right == here]
    return reached


@given(st.sets(st.sampled_from(IDS)), EDGES)
def test_a_group_is_what_aliases_reach(ids: set[str], edges: list[tuple[str, str]]) -> None:
    """One finding for each group: two in one would hide a hole, one in two would be told twice."""
    found = groups(ids, edges)

    assert found == sorted(found)
    assert sorted(identifier for group in found for identifier in group) == sorted(ids)
    for group in found:
        assert set(group) == _reachable(group[0], edges) & ids


@given(st.lists(st.sampled_from(IDS)), EDGES, st.randoms(use_true_random=False))
def test_the_order_of_records_means_nothing(ids: list[str], edges: list[tuple[str, str]], random: Any) -> None:
    """The same data in another order, or an edge told from its other end, gives the same report."""
    before = groups(ids, edges)
    turned = [edge if random.random() < 0.5 else edge[::-1] for edge in edges * 2]
    random.shuffle(turned)
    random.shuffle(ids)

    assert groups(ids, turned) == before


def test_a_long_chain_is_one_group() -> None:
    """A chain of thousands must neither recurse too deep nor take forever."""
    ids = [f"X-{number:05}" for number in range(20_000)]
    edges = [(f"X-{number:05}", f"X-{number + 1:05}") for number in range(19_999)]

    assert groups(ids, edges) == [ids]
    assert groups(reversed(ids), reversed(edges)) == [ids]


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        ("MAL-2024-1", ["PYSEC-2024-1", "CVE-2024-1", "GHSA-aaaa"]),
        ("PYSEC-2024-1", ["CVE-2024-1", "GHSA-aaaa", "BIT-x-1"]),
        ("CVE-2024-1", ["BIT-x-1", "GHSA-aaaa"]),
        ("CVE-2024-1", ["CVE-2024-2"]),
        ("pysec-2024-1", ["CVE-2024-1"]),
    ],
)
def test_the_id_to_show_is_the_one_that_people_look_up(first: str, rest: list[str]) -> None:
    """Malware before everything, then PYSEC, then CVE: the order of pip-audit, which people compare with."""
    assert sorted([*reversed(rest), first], key=shown_first) == [first, *sorted(rest, key=shown_first)]
    assert min([*rest, first], key=shown_first) == first
