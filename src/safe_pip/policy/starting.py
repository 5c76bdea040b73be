"""A policy file to begin with: every key with a line that explains it and its default, and exceptions for today."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from safe_pip.codes import CODES
from safe_pip.policy.keys import BY_NAME, ROOT
from safe_pip.policy.kinds.tables import Key, Table
from safe_pip.policy.positions import Path
from safe_pip.policy.toml_text import key_of, text_of
from safe_pip.settings.levels import BUILT_IN_LEVELS

_WIDTH = 100
_HEAD = (
    "The policy of safe-pip. Each key stands here with its default, or an example; to set one, take away its #.",
    "`safe-pip policy show` tells what holds and why, `safe-pip policy check` whether this file is in order.",
)
_TODAY = (
    "What was found on {day} and is accepted for now, so that only what is new stands against anything. Take out each "
    "one that is mended."
)


def starting_text(exceptions: Iterable[Mapping[str, Any]], day: str, *, prefix: Path = ()) -> str:
    """The text of the file. exceptions: key by key as TOML has them. day: today, for people.

    prefix: the keys that lead to the policy, where it is a table of another file.
    """
    return "\n".join(_lines(list(exceptions), day, prefix)).rstrip("\n") + "\n"


def _lines(exceptions: list[Mapping[str, Any]], day: str, prefix: Path) -> Iterator[str]:
    for text in _HEAD:
        yield from _comment(text)
    yield ""
    if prefix:
        yield f"[{_joined(prefix)}]"
        yield ""
    tables = [key for key in ROOT.keys if _is_table(key)]
    for key in ROOT.keys:
        # What stands above all headers is in the policy itself.
        if key not in tables and key.name not in ("overrides", "exceptions", "profiles"):
            yield from _key(key, key.example)
            yield ""
    for key in tables:
        yield from _comment(key.doc)
        yield f"[{_joined((*prefix, key.name))}]"
        if isinstance(key.kind, Table):
            for part in key.kind.keys:
                yield from _key(part, BY_NAME[f"{key.name}.{part.name}"].example)
        else:
            yield from _levels()
        yield ""
    for key in ROOT.keys:
        if key.name in ("overrides", "profiles") or (key.name == "exceptions" and not exceptions):
            yield from _comment(key.doc)
            yield from (f"# {line}".rstrip() for line in _below(key.example, prefix).split("\n"))
            yield ""
    if exceptions:
        yield from _comment(_TODAY.format(day=day))
    for exception in exceptions:
        yield f"[[{_joined((*prefix, 'exceptions'))}]]"
        yield from (f"{key_of(name)} = {text_of(value)}" for name, value in exception.items())
        yield ""


def _is_table(key: Key) -> bool:
    return isinstance(key.kind, Table) or key.name == "levels"


def _joined(path: Path) -> str:
    return ".".join(key_of(str(part)) for part in path)


def _key(key: Key, example: str) -> Iterator[str]:
    """A key behind a comment: with its default, else with the line of its example that sets it."""
    yield from _comment(key.doc)
    setting = next((line for line in example.split("\n") if line.startswith(f"{key.name} = ")), "")
    yield f"# {key.name} = {key.default}" if key.default else f"# {setting}"


def _levels() -> Iterator[str]:
    for code in CODES:
        yield f"# {BUILT_IN_LEVELS[code].line.setting.removeprefix('levels.')}"


def _below(example: str, prefix: Path) -> str:
    """An example with its headers below the policy's own table."""
    above = f"{_joined(prefix)}." if prefix else ""
    return re.sub(r"^(\[\[?)", lambda found: f"{found[1]}{above}", example, flags=re.MULTILINE)


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, _WIDTH - 2, break_long_words=False, break_on_hyphens=False))
