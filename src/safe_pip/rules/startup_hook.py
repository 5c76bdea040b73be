"""startup-hook: installing the file makes every start of the interpreter run code of it, whether it is used or not."""

from __future__ import annotations

from collections.abc import Iterator

from safe_pip.facts import Hook
from safe_pip.inspect.hooks import customizers
from safe_pip.model import Observation, PlannedInstall
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import and_more, found, looked_at, of_hook


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each file with hooks, unless an installed version of it is replaced: that is new-hook's."""
    for item, hooks in hooked(facts):
        if not is_update(facts, item):
            help = "Look at that line: it runs before any program of yours."
            yield about(facts, item, hooks, "startup-hook", "runs at every start of Python", help)


def hooked(facts: Facts) -> Iterator[tuple[PlannedInstall, list[Hook]]]:
    """Every file with hooks, and these; one file may bring the folder in which another one's hook is found."""
    looked = list(looked_at(facts))
    added = {path for _, file in looked for path in file.added}
    for item, file in looked:
        hooks = [*file.hooks, *(hook for hook in customizers(file.code, added) if hook not in file.hooks)]
        if hooks:
            yield item, hooks


def is_update(facts: Facts, item: PlannedInstall) -> bool:
    """Whether it takes the place of a version whose hooks are known."""
    return item.replaces is not None and item.name in facts.installed.versions


def about(facts: Facts, item: PlannedInstall, hooks: list[Hook], code: str, short: str, help: str) -> Observation:
    """What there is to say about some hooks of one file."""
    first = hooks[0]
    place = f"{first.path}, line {first.number}" if first.number is not None else first.path
    message = f"{item.file.filename}: {place}, {short}{and_more(len(hooks))}."
    return found(code, facts, item, message, help, [part for hook in hooks[:3] for part in of_hook(hook)], short)
