"""Rules: each looks at the facts and states what it finds. None knows of levels; ``judge`` gives those.

To add one, write ``rules/<name>.py`` and its heading in docs/reference/findings.md, and list it in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from safe_pip.model import Observation
from safe_pip.rules import build_required, hash_mismatch, malware, metadata_mismatch, vulnerability, yanked
from safe_pip.rules.facts import Facts

Rule = Callable[[Facts], Iterator[Observation]]

RULES: dict[str, Rule] = {
    "malware": malware.observe,
    "vulnerability": vulnerability.observe,
    "yanked": yanked.observe,
    "build-required": build_required.observe,
    "hash-mismatch": hash_mismatch.observe,
    "metadata-mismatch": metadata_mismatch.observe,
}
"""The table of rules, by finding code."""
