"""Pages, documents, metadata, requirements and policies that were sound and are mutilated: nothing crashes.

A seed makes an input; ``SAFE_PIP_FUZZ=100000`` tries so many of each reader, from ``SAFE_PIP_FUZZ_FROM`` on. Inputs
that have found something are kept below as they were.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from fuzzing import formats
from fuzzing.readers import READERS, tried

TRIES = int(os.environ.get("SAFE_PIP_FUZZ", "40"))
START = int(os.environ.get("SAFE_PIP_FUZZ_FROM", "0"))

SOUND = {
    "html": formats.HTML,
    "json": formats.JSON,
    "provenance": formats.PROVENANCE,
    "metadata": formats.METADATA,
    "requirements": formats.REQUIREMENTS,
    "policy": formats.POLICIES[-3:],
    "editing": formats.POLICIES[-3:],
    "epss": formats.EPSS,
    "kev": formats.KEV,
}


@pytest.mark.timeout(0 if TRIES > 1_000 else 120)
@pytest.mark.parametrize("reader", READERS)
def test_whatever_the_bytes(reader: str, tmp_path: Path) -> None:
    """They are read, and then what comes of them makes sense, or they are refused as the reader says; some are each."""
    read = 0
    for seed in range(START, START + TRIES):
        try:
            read += tried(reader, seed, tmp_path)
        except Exception as error:
            error.args = (f"seed {seed}: {error}",)
            raise
    assert 0 < read < TRIES


@pytest.mark.parametrize("reader", SOUND)
def test_what_was_not_mutilated(reader: str, tmp_path: Path) -> None:
    """What the mutilated are made of is sound, or they would all be refused for one reason."""
    for data in SOUND[reader]:
        assert READERS[reader][1](data, random.Random(0), tmp_path)
