"""Severity: the rating of a vector, and whose word counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_pip.advisories.severity import Rating, Stated, rate, rated

V2 = ("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P")  # 7.5
V3 = ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:L/A:N")  # 4.3
V4 = ("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")  # 9.3


def _only(*vectors: tuple[str, str], word: str | None = None, id: str = "X-1") -> Stated:
    return Stated(id, rated(vectors), word)


@pytest.mark.parametrize(
    ("kind", "vector", "severity", "score"),
    [
        (*V2, "high", 7.5),
        ("CVSS_V2", "AV:L/AC:H/Au:M/C:P/I:N/A:N", "low", 0.8),
        ("CVSS_V3", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical", 9.8),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "critical", 10.0),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "high", 7.5),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", "high", 7.2),
        (*V3, "medium", 4.3),
        ("CVSS_V3", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N", "low", 3.3),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "low", 0.0),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:U", "critical", 9.8),
        (*V4, "critical", 9.3),
        ("CVSS_V4", "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", "low", 2.0),
    ],
)
def test_a_vector_gives_score_and_rating(kind: str, vector: str, severity: str, score: float) -> None:
    """The scores of FIRST's own calculators: the base score, whatever the temporal part says."""
    assert rate([_only((kind, vector))]) == Rating(severity, score, f"X-1 ({kind.replace('_', ' ')})")


@pytest.mark.parametrize(
    ("vector", "severity"),
    [
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H", "critical"),  # 9.0
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:N", "high"),  # 8.4
        ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H", "high"),  # 7.0
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", "medium"),  # 6.7
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", "medium"),  # 4.0
        ("CVSS:3.1/AV:P/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:N", "low"),  # 3.2
    ],
)
def test_ratings_begin_at_the_bounds_of_the_standard(vector: str, severity: str) -> None:
    """A policy that blocks from "high" must mean 7.0, not 7.1."""
    rating = rate([_only(("CVSS_V3", vector))])

    assert rating is not None
    assert rating.severity == severity


def test_the_newest_version_of_cvss_counts() -> None:
    """A record that has all of them was rated last in the newest."""
    assert rate([_only(V2, V3, V4)]) == Rating("critical", 9.3, "X-1 (CVSS V4)")
    assert rate([_only(V2, V3)]) == Rating("medium", 4.3, "X-1 (CVSS V3)")


def test_the_first_record_with_a_vector_counts() -> None:
    """The records come in order of preference: what matched before its aliases."""
    assert rate([_only(V2, id="A"), _only(V4, id="B")]) == Rating("high", 7.5, "A (CVSS V2)")


def test_a_severity_is_taken_from_an_alias() -> None:
    """2,459 of 2,661 PyPA records have none of their own; their GHSA alias has."""
    assert rate([_only(id="PYSEC-1"), _only(V3, id="GHSA-1")]) == Rating("medium", 4.3, "GHSA-1 (CVSS V3)")


def test_a_vector_of_an_alias_counts_before_a_word() -> None:
    """A word is the coarser of the two."""
    assert rate([_only(word="LOW", id="A"), _only(V4, id="B")]) == Rating("critical", 9.3, "B (CVSS V4)")


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("LOW", "low"),
        ("MODERATE", "medium"),
        ("Medium", "medium"),
        ("HIGH", "high"),
        (" critical ", "critical"),
    ],
)
def test_a_database_s_own_word(word: str, severity: str) -> None:
    """GitHub writes MODERATE where everybody else says medium. A word has no score."""
    assert rate([_only(word=word)]) == Rating(severity, None, "X-1 (its database)")


@pytest.mark.parametrize(
    "stated",
    [
        [],
        [_only()],
        [_only(word="IMPORTANT")],
        [_only(word="")],
        [_only(("CVSS_V3", ""))],
        [_only(("CVSS_V3", "9.8"))],
        [_only(("CVSS_V3", "CVSS:3.1/AV:N"))],
        [_only(("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X"))],
        [_only(("CVSS_V3", "CVSS:9.9/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"))],
        [_only(("CVSS_V4", "CVSS:4.0/AV:N/AV:N"))],
        [_only(("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P"))],
        [_only(("CVSS_V3", V4[1]))],
        [_only(("Ubuntu", "high"))],
    ],
)
def test_unknown_is_none_and_not_harmless(stated: list[Stated]) -> None:
    """A vector that is broken, or of another version than its type says, is no rating: a guess would be worse."""
    assert rate(stated) is None


def test_a_broken_vector_gives_way_to_the_next_best() -> None:
    """First an older vector, then another record's, then a word."""
    broken = ("CVSS_V4", "CVSS:4.0/AV:?")

    assert rate([_only(broken, V3)]) == Rating("medium", 4.3, "X-1 (CVSS V3)")
    assert rate([_only(broken), _only(V2, id="B")]) == Rating("high", 7.5, "B (CVSS V2)")
    assert rate([_only(broken, word="LOW")]) == Rating("low", None, "X-1 (its database)")


PARTS = st.sampled_from(["", ":", "S:C", "E:X", *(part for _, vector in (V2, V3, V4) for part in vector.split("/"))])


@given(
    st.sampled_from(["CVSS_V2", "CVSS_V3", "CVSS_V4"]),
    st.text(max_size=30) | st.lists(PARTS, max_size=14).map("/".join) | st.lists(PARTS).map("CVSS:4.0/{}".format),
)
def test_no_vector_crashes_it(kind: str, vector: str) -> None:
    """Vectors are typed by hand; what the parser says of a bad one must not end a run."""
    rating = rate([_only((kind, vector))])

    assert rating is None or (rating.score is not None and 0 <= rating.score <= 10)
