"""What a layer says, taken apart: one entry for each thing that can be compared with what was said before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from safe_pip.model import Level, PolicyLine
from safe_pip.policy.keys import BY_NAME
from safe_pip.policy.kinds import Value
from safe_pip.policy.toml_text import key_of, text_of


class Entry(NamedTuple):
    """One thing that a layer says. key: of the table of keys. subject: what of it, such as a code, a pattern or a URL.

    value: what was read; for levels by command. text: the value as TOML. line: where it is written.
    """

    key: str
    subject: Any
    value: Any
    text: str
    line: PolicyLine
    trusted: bool = True
    """Whether the user or the system says it, and not only a project's own file."""

    @property
    def table(self) -> str:
        """The table that it is in."""
        return self.key.partition(".")[0]


Levels = Mapping[str, Level]
"""By command, for those that are given."""


def entries_of(tables: Mapping[str, Value], above: str = "") -> Iterator[Entry]:
    """The entries of a layer's tables, in order. above: what leads to them, such as ``profiles.ci.``."""
    for name, value in tables.items():
        yield from _entries(name, value, above)


def _entries(name: str, value: Value, above: str) -> Iterator[Entry]:
    match name:
        case "levels":
            yield from _levels(value, above)
        case "overrides":
            yield from _overrides(value, above)
        case "exceptions":
            for item in value.value:
                told = item.raw.get("id", item.raw.get("code"))
                word = "id" if "id" in item.raw else "code"
                yield _entry(name, None, item, f"[[{above}exceptions]] {word} = {text_of(told)}")
        case "longest-exception":
            yield _entry(name, None, value, f"{above}{name} = {text_of(value.raw)}")
        case _:
            for part, inner in value.value.items():
                yield from _part(f"{name}.{part}", inner, above)


def _part(key: str, value: Value, above: str) -> Iterator[Entry]:
    """The entries of one key of a table."""
    match key:
        case "packages.denied":
            for item in value.value:
                yield _entry(key, None, item, f"{above}{key} = [{text_of(item.raw)}]")
        case "cooldown.indexes" | "cooldown.packages" | "sources.pinned" | "packages.only-below" | "licenses.packages":
            for subject, item in value.value:
                setting = f"{above}{key}.{key_of(str(item.at.path[-1]))} = {text_of(item.raw)}"
                yield _entry(key, subject, item, setting)
        case _:
            assert key in BY_NAME
            yield _entry(key, None, value, f"{above}{key} = {text_of(value.raw)}")


def _entry(key: str, subject: Any, value: Value, setting: str) -> Entry:
    return Entry(key, subject, value.value, text_of(value.raw), value.at.line(setting))


def levels_of(value: Value) -> Levels:
    """A level, or a table of some by command, as the levels by command."""
    if isinstance(value.value, Level):
        return {"install": value.value, "audit": value.value}
    return {command: item.value for command, item in value.value.items()}


def _levels(value: Value, above: str) -> Iterator[Entry]:
    for code, item in value.value:
        line = item.at.line(f"{above}levels.{code} = {text_of(item.raw)}")
        yield Entry("levels", code, levels_of(item), text_of(item.raw), line)


def _overrides(value: Value, above: str) -> Iterator[Entry]:
    for item in value.value:
        for packages in item.value["packages"].value:
            for code, level in item.value["levels"].value:
                setting = (
                    f"[[{above}overrides]] packages = {text_of(packages.raw)}, levels.{code} = {text_of(level.raw)}"
                )
                text = f"{{packages = {text_of(packages.raw)}, levels = {{{code} = {text_of(level.raw)}}}}}"
                line = level.at.line(setting)
                yield Entry("overrides", (packages.value, code), levels_of(level), text, line)
