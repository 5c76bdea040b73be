"""All readers that are tried, each with what makes its inputs and what looks at the outcome."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from fuzzing import described, pages, policies, requested

Make = Callable[[random.Random], bytes]
Check = Callable[[bytes, random.Random, Path], bool]
READERS: Mapping[str, tuple[Make, Check]] = {
    "html": (pages.html_bytes, pages.html),
    "json": (pages.json_bytes, pages.json_page),
    "provenance": (pages.provenance_bytes, pages.provenance),
    "metadata": (described.metadata_bytes, described.metadata),
    "sdist": (described.sdist_bytes, described.sdist),
    "requirements": (requested.requirements_bytes, requested.requirements),
    "project": (requested.project_bytes, requested.project),
    "policy": (policies.policy_bytes, policies.policy),
    "editing": (policies.editing_bytes, policies.editing),
    "epss": (policies.epss_bytes, policies.epss),
    "kev": (policies.kev_bytes, policies.kev),
}


def tried(reader: str, seed: int, folder: Path) -> bool:
    """One input, made from a seed. Whether it was read."""
    chance = random.Random(seed)
    make, check = READERS[reader]
    return check(make(chance), chance, folder)
