"""new-hook: an update brings code that runs at every start, and the version that is installed does not have it."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.model import Observation
from safe_pip.rules.facts import Facts
from safe_pip.rules.startup_hook import about, hooked, is_update


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each update with a hook whose path and content the installed version does not have."""
    for item, hooks in hooked(facts):
        if not is_update(facts, item):
            continue
        known = {(hook.path, hook.sha256) for hook in facts.installed.hooks.get(item.name, ())}
        new = [hook for hook in hooks if (hook.path, hook.sha256) not in known]
        if new:
            short = f"runs at every start of Python, as {item.name} {facts.installed.versions[item.name]} does not"
            help = "Stay with the version that is installed until you know why."
            yield about(facts, item, new, "new-hook", short, help)
