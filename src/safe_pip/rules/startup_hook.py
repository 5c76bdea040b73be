"""startup-hook: installing the file makes every start of the interpreter run code of it, whether it is used or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from safe_pip.facts import FileFacts, Hook
from safe_pip.inspect.hooks import customizers
from safe_pip.inspect.places import is_native_module, module_of
from safe_pip.model import Observation, PlannedInstall
from safe_pip.rules.facts import Facts
from safe_pip.rules.of_bytes import and_more, found, looked_at, of_hook


def observe(facts: Facts) -> Iterator[Observation]:
    """One observation for each file with hooks, unless an installed version of it is replaced: that is new-hook's."""
    for item, hooks in hooked(facts):
        if not is_update(facts, item):
            what = "file" if hooks[0].number is None else "line"
            help = f"Look at that {what}: it runs before any program of yours."
            yield about(facts, item, hooks, "startup-hook", "runs at every start of Python", help)


def hooked(facts: Facts) -> Iterator[tuple[PlannedInstall, list[Hook]]]:
    """Every file with hooks, and these; one file may bring the folder in which another one's hook is found."""
    looked = list(looked_at(facts))
    added = {path for _, file in looked for path in file.added} | facts.installed.added
    native = {module_of(path): path for path in facts.installed.owned if is_native_module(path)}
    native |= {module_of(path): path for _, file in looked for path in file.code if is_native_module(path)}
    for item, file in looked:
        more = [*customizers(file.code, added), *_native_namespaces(file, native)]
        hooks = [*file.hooks, *(hook for hook in more if hook not in file.hooks)]
        if hooks:
            yield item, hooks


def _native_namespaces(file: FileFacts, native: Mapping[str, str]) -> Iterator[Hook]:
    """Lines for namespace packages that load machine code. native: all modules of machine code, to their paths."""
    for module, hook in file.namespaces:
        if module in native:
            yield hook


def is_update(facts: Facts, item: PlannedInstall) -> bool:
    """Whether it takes the place of a version whose hooks are known."""
    return item.replaces is not None and item.name in facts.installed.versions


def about(facts: Facts, item: PlannedInstall, hooks: list[Hook], code: str, short: str, help: str) -> Observation:
    """What there is to say about some hooks of one file."""
    first = hooks[0]
    place = f"{first.path}, line {first.number}" if first.number is not None else first.path
    message = f"{item.file.filename}: {place}, {short}{and_more(len(hooks))}."
    return found(code, facts, item, message, help, [part for hook in hooks[:3] for part in of_hook(hook)], short)
