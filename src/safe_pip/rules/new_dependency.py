"""new-dependency: an update that only mends things needs a package that the installed version does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from safe_pip.model import Evidence, Observation
from safe_pip.rules.facts import Facts, observation
from safe_pip.versions import parsed


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each update within one minor version that adds dependencies, or a direct URL of one."""
    for item in facts.plan.install:
        before = facts.installed.requires_dist.get(item.name)
        if before is None or item.replaces is None or not _is_patch(item.replaces, item.version):
            continue
        old = _needed(before)
        new = {key: text for key, text in _needed(item.metadata.requires_dist).items() if key not in old}
        if new:
            named = ", ".join(sorted(new))
            message = f"{item.name} {item.version} needs {named}, which {item.name} {item.replaces} does not."
            help = "Few repairs need another package. See what its project says of this version."
            evidence = tuple(Evidence("requires", text) for text in new.values())
            yield observation("new-dependency", item, message, help, evidence=evidence, short=f"newly needs {named}")


def _is_patch(before: str, after: str) -> bool:
    old, new = parsed(before), parsed(after)
    if old is None or new is None or new <= old:
        return False
    return old.epoch == new.epoch and (*old.release, 0)[:2] == (*new.release, 0)[:2]


def _needed(texts: Iterable[str]) -> dict[str, str]:
    """What is needed without asking for an extra, by name; something from a URL by both."""
    found = {}
    for text in texts:
        try:
            requirement = Requirement(text)
        except (ValueError, RecursionError):
            continue
        if requirement.marker is None or "extra" not in str(requirement.marker):
            key = canonicalize_name(requirement.name)
            found[f"{key} @ {requirement.url}" if requirement.url else key] = text
    return found
