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
from fuzzing.described import archive
from fuzzing.readers import READERS, tried

TRIES = int(os.environ.get("SAFE_PIP_FUZZ", "30"))
START = int(os.environ.get("SAFE_PIP_FUZZ_FROM", "0"))

SOUND = {
    "html": formats.HTML,
    "json": formats.JSON,
    "provenance": formats.PROVENANCE,
    "metadata": formats.METADATA,
    "requirements": formats.REQUIREMENTS,
    "project": formats.PROJECTS,
    "policy": formats.POLICIES[-3:],
    "editing": formats.POLICIES[-3:],
    "epss": formats.EPSS,
    "kev": formats.KEV,
}

LONG = b"9" * 5_000
KEPT = {
    "a file name with a null byte, where files must lie in a folder": ("requirements", b"-r a\0b\n"),
    "a file of another host, where files must lie in a folder": ("requirements", b"-r file://h.example/a\n"),
    "half of a surrogate pair, spelled in a marker": ("requirements", b"a ; os_name == '\\ud800'\n"),
    "the same in a project that becomes metadata": (
        "sdist",
        archive(pyproject=b"[project]\nname = 'a'\nversion = '1'\ndependencies = ['b; os_name == \"\\ud800\"']\n"),
    ),
    "white space that is none for float": ("epss", b"cve,epss\nCVE-2026-0001,0.5\x1f\n"),
    "a version too long to be compared": ("metadata", b"Name: a\nVersion: 1\nRequires-Python: >=" + LONG + b"\n"),
    "the same in a policy": ("policy", b"[cooldown.packages]\n'flask<" + LONG + b"' = '9d'\n"),
    "the same in a dependency group": ("project", b"[dependency-groups]\ntest = ['a<9,>=" + LONG + b"']\n"),
    "brackets without end in an extra": (
        "project",
        b"[project]\nname = 'a'\n[project.optional-dependencies]\nz = ['a; " + b"(" * 9_000 + b"']\n",
    ),
}


@pytest.mark.parametrize("what", KEPT)
def test_what_has_crashed(what: str, tmp_path: Path) -> None:
    """Each of these has ended in a traceback, or in a text that nothing could write."""
    reader, data = KEPT[what]
    for seed in range(12):
        READERS[reader][1](data, random.Random(seed), tmp_path)


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
    assert TRIES < 30 or 0 < read < TRIES


@pytest.mark.parametrize("reader", SOUND)
def test_what_was_not_mutilated(reader: str, tmp_path: Path) -> None:
    """What the mutilated are made of is sound, or they would all be refused for one reason."""
    for data in SOUND[reader]:
        assert READERS[reader][1](data, random.Random(0), tmp_path)
