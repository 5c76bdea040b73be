"""Severity: a rating and score from CVSS vectors, else from a database's own word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from safe_pip.model import Severity

# The newest version of CVSS that a record gives is taken.
_NEWEST_FIRST = ("CVSS_V4", "CVSS_V3", "CVSS_V2")
_WORDS: dict[str, Severity] = {
    "low": "low",
    "moderate": "medium",
    "medium": "medium",
    "high": "high",
    "critical": "critical",
}


class Rating(NamedTuple):
    """severity: the rating. score: CVSS base score from 0 to 10, None for a mere word. source: where it was taken."""

    severity: Severity
    score: float | None
    source: str


class Rated(NamedTuple):
    """The rating and the base score of a vector, and which kind of vector it was, for people."""

    severity: Severity
    score: float
    kind: str


class Stated(NamedTuple):
    """What one record says: what its vectors come to, and its database's own word."""

    id: str
    rated: Rated | None
    word: str | None


def rate(records: Sequence[Stated]) -> Rating | None:
    """The severity of a group: the first record with a vector that can be read, else the first known word.

    records: in order of preference. None where nothing is known, which is not the same as harmless.
    """
    for record in records:
        if record.rated is not None:
            severity, score, kind = record.rated
            return Rating(severity, score, f"{record.id} ({kind})")
    for record in records:
        known = _WORDS.get((record.word or "").strip().lower())
        if known is not None:
            return Rating(known, None, f"{record.id} (its database)")
    return None


def rated(vectors: Sequence[tuple[str, str]]) -> Rated | None:
    """What the vectors of a record, as (type, vector), come to: the newest version of CVSS that can be read."""
    for kind in _NEWEST_FIRST:
        for vector in (vector for given, vector in vectors if given == kind):
            found = _from_vector(kind, vector)
            if found is not None:
                return Rated(found[0], found[1], kind.replace("_", " "))
    return None


@lru_cache(maxsize=10_000)
def _from_vector(kind: str, vector: str) -> tuple[Severity, float] | None:
    """Rating and base score of one vector, None where it cannot be read."""
    # cvss parses only when a vulnerability was found, so it is imported only then.
    from cvss import CVSS2, CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    classes = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}
    try:
        score = float(classes[kind](vector).base_score)
    except (CVSSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return _band(score), score


def _band(score: float) -> Severity:
    """The rating bands of CVSS v3 and v4, section "Qualitative severity rating scale"; 0.0 is shown as low."""
    bands: Iterable[tuple[float, Severity]] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"))
    return next((severity for least, severity in bands if score >= least), "low")
