"""Layers laid over one another: the last one counts, but that a project's own may only tighten what is without it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from safe_pip.model import Level, PolicyLine
from safe_pip.policy.entries import Entry, Levels
from safe_pip.policy.keys import BY_NAME
from safe_pip.policy.strictness import strictness
from safe_pip.policy.toml_text import text_of
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS
from safe_pip.settings.patterns import PackagePattern

_COMMANDS = ("install", "audit")


@dataclass
class Draft:
    """What the policy comes to so far.

    levels: by code and command. single: the values of keys that hold one, by key. lists: the entries of keys that hold
    many, by key, the weakest first. history: every entry that there was, and whether it counts, in order.
    """

    levels: dict[tuple[str, str], tuple[Level, PolicyLine]]
    single: dict[str, Entry] = field(default_factory=dict)
    lists: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    history: list[tuple[Entry, bool]] = field(default_factory=list)

    def copied(self) -> Draft:
        """As it is now."""
        made = copy(self)
        made.levels, made.single, made.lists = dict(self.levels), dict(self.single), dict(self.lists)
        return made

    def value(self, key: str) -> Any:
        """The value of a key that holds one: what was given, else what is built in."""
        return self.single[key].value if key in self.single else BUILT_IN[key]

    def level(self, code: str, command: str) -> Level:
        """The level of a code for every package, with what required hashes make of it."""
        if code == "hash-missing" and command == "install" and self.value("sources.require-hashes"):
            return max(self.levels[code, command][0], Level.BLOCK)
        return self.levels[code, command][0]


_DEFAULTS = Settings()
BUILT_IN: Mapping[str, Any] = {
    "vulnerabilities.block-at": _DEFAULTS.vulnerabilities.block_at,
    "vulnerabilities.below": _DEFAULTS.vulnerabilities.below,
    "vulnerabilities.unknown-severity": _DEFAULTS.vulnerabilities.unknown_severity,
    "vulnerabilities.unfixable": _DEFAULTS.vulnerabilities.unfixable,
    "vulnerabilities.scope": _DEFAULTS.vulnerabilities.scope,
    "vulnerabilities.epss": None,
    "vulnerabilities.kev": None,
    "longest-exception": None,
    "cooldown.minimum-age": _DEFAULTS.cooldown.minimum_age,
    "cooldown.exempt-fixes": _DEFAULTS.cooldown.exempt_fixes,
    "sources.indexes": None,
    "sources.require-hashes": False,
    "licenses.allow": None,
    "builds.allow": (),
    "advisories.sources": None,
    "advisories.warn-after": _DEFAULTS.advisories.warn_after,
    "advisories.incomplete-after": _DEFAULTS.advisories.incomplete_after,
    "advisories.unavailable": _DEFAULTS.advisories.unavailable,
    "provenance.trust-root": None,
}
"""What holds where no file says anything, for the keys that hold one value."""


def built_in() -> Draft:
    """The policy without any file."""
    return Draft(
        {
            (code, command): (weight.install if command == "install" else weight.audit, weight.line)
            for code, weight in BUILT_IN_LEVELS.items()
            for command in _COMMANDS
        }
    )


def lay_over(draft: Draft, entries: Iterable[Entry]) -> None:
    """Lay what a trusted file says over the draft."""
    for entry in entries:
        _set(draft, entry)
        draft.history.append((entry, True))


def tighten(draft: Draft, entries: Iterable[Entry], relaxed: Iterable[str]) -> list[Entry]:
    """Lay what a project's own file says over the draft, as far as that tightens it. Gives what has no effect.

    relaxed: the tables that it may loosen. Everything is compared with the draft as it was before.
    """
    before = draft.copied()
    free = frozenset(relaxed)
    refused = []
    first: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.table in free:
            _set(draft, entry)
            draft.history.append((entry, True))
            continue
        kept, whole = _tightened(before, entry._replace(trusted=False))
        if not whole:
            refused.append(entry)
        if kept is not None:
            if entry.key in _MANY:
                # What the user or the system says of a package stands: the last one that matches counts.
                first.setdefault(entry.key, []).append(kept)
            else:
                _set(draft, kept)
        draft.history.append((entry if kept is None else kept, kept is not None))
    for key, some in first.items():
        draft.lists[key] = (*some, *draft.lists.get(key, ()))
    return refused


_MANY = (
    "overrides",
    "exceptions",
    "cooldown.indexes",
    "cooldown.packages",
    "sources.pinned",
    "packages.denied",
    "packages.only-below",
    "licenses.packages",
)


def _set(draft: Draft, entry: Entry) -> None:
    if entry.key == "levels":
        for command, level in entry.value.items():
            draft.levels[entry.subject, command] = (level, entry.line)
    elif entry.key in _MANY:
        draft.lists[entry.key] = (*draft.lists.get(entry.key, ()), entry)
    else:
        draft.single[entry.key] = entry


def _tightened(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    """What of an entry counts, None for nothing, and whether that is all of it."""
    special = _SPECIAL.get(entry.key)
    if special is not None:
        return special(before, entry)
    stricter = BY_NAME[entry.key].stricter
    counts = stricter is not None and stricter(entry.value, before.value(entry.key))
    return (entry, True) if counts else (None, False)


def _levels(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    return _at_least(entry, {command: before.level(entry.subject, command) for command in _COMMANDS})


def _overrides(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    code = entry.subject[1]
    return _at_least(entry, {command: before.level(code, command) for command in _COMMANDS})


def _at_least(entry: Entry, least: Levels) -> tuple[Entry | None, bool]:
    code = entry.subject if entry.key == "levels" else entry.subject[1]
    kept = {
        command: level
        for command, level in entry.value.items()
        if strictness(level, code) >= strictness(least[command], code)
    }
    if len(kept) == len(entry.value):
        return entry, True
    return (_cut_down(entry, kept) if kept else None), False


def _cut_down(entry: Entry, kept: Levels) -> Entry:
    """An entry of levels with those commands only that count."""
    levels = {command: level.word for command, level in kept.items()}
    if entry.key == "levels":
        return entry._replace(value=kept, text=text_of(levels))
    packages, code = entry.subject
    return entry._replace(value=kept, text=text_of({"packages": str(packages), "levels": {code: levels}}))


def _nothing(*_: object) -> tuple[Entry | None, bool]:
    return None, False


def _all(_: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    return entry, True


def _narrowed(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    """Of a list of what is allowed, what is allowed without it; None there is everything."""
    allowed = before.value(entry.key)
    if allowed is None:
        return entry, True
    known = {str(item.value) for item in allowed}
    return _some_of(entry, known), all(str(item.value) in known for item in entry.value)


def _epss(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    known = before.value(entry.key)
    same = known is not None and entry.value["source"].value == known["source"].value
    counts = known is None or (same and ("at" not in known or entry.value["at"].value <= known["at"].value))
    return (entry, True) if counts else (None, False)


def _ages(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    """An age for an index counts where it is no less than the one for all; for packages, where no index has more."""
    least: timedelta = before.value("cooldown.minimum-age")
    if entry.key == "cooldown.packages":
        least = max([least, *(item.value for item in before.lists.get("cooldown.indexes", ()))])
    return (entry, True) if entry.value >= least else (None, False)


def _pinned(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    others = [item for item in before.lists.get(entry.key, ()) if overlap(item.subject, entry.subject)]
    return (entry, True) if all(item.value == entry.value for item in others) else (None, False)


def _licenses(before: Draft, entry: Entry) -> tuple[Entry | None, bool]:
    allowed = before.value("licenses.allow")
    if allowed is None:
        return entry, True
    known = {item.value for item in allowed}
    kept = _some_of(entry, known)
    return (kept if kept.value else None), len(kept.value) == len(entry.value)


def _some_of(entry: Entry, known: Collection[str]) -> Entry:
    """An entry that is a list, with those only that are known."""
    kept = tuple(item for item in entry.value if str(item.value) in known)
    return entry._replace(value=kept, text=text_of([item.raw for item in kept]))


_SPECIAL: Mapping[str, Callable[[Draft, Entry], tuple[Entry | None, bool]]] = {
    "levels": _levels,
    "overrides": _overrides,
    "vulnerabilities.epss": _epss,
    "vulnerabilities.kev": _epss,
    "exceptions": _nothing,
    "cooldown.indexes": _ages,
    "cooldown.packages": _ages,
    "sources.indexes": _narrowed,
    "sources.pinned": _pinned,
    "packages.denied": _all,
    "packages.only-below": _all,
    "licenses.allow": _narrowed,
    "licenses.packages": _licenses,
    "builds.allow": _narrowed,
    "advisories.sources": _nothing,
    "provenance.trust-root": _nothing,
}


def overlap(one: PackagePattern, other: PackagePattern) -> bool:
    """Whether two patterns may mean the same name; their versions are not looked at."""
    return _overlap(one.glob, other.glob)


def _overlap(one: str, other: str) -> bool:
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        left, right = todo.pop()
        if left == len(one) and right == len(other):
            return True
        star_left, star_right = one[left : left + 1] == "*", other[right : right + 1] == "*"
        steps = []
        if star_left:
            steps.append((left + 1, right))
        if star_right:
            steps.append((left, right + 1))
        if star_left and right < len(other):
            steps.append((left, right + 1))
        if star_right and left < len(one):
            steps.append((left + 1, right))
        if left < len(one) and right < len(other) and one[left] == other[right]:
            steps.append((left + 1, right + 1))
        new = [step for step in steps if step not in reached]
        reached.update(new)
        todo += new
    return False
