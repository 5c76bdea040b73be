"""``safe-pip policy show``: the policy in force, each value with the file and line it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from rich.text import Text

from safe_pip.model import PolicyLine
from safe_pip.report.audit.prose import drawn
from safe_pip.report.drawing import QUIET, STRONG, WARN, next_step, wrapped
from safe_pip.report.plain import Style, count, listed, printable

SCHEMA = "safe-pip.policy/1"
_BUILT_IN = "built in"
_LEVELS = "  (install / audit)"
_WORD = re.compile(r'"([a-z]+)"')
_LEAST_VALUE = 12
"""Columns that a value gets on its line at least; with less room it has a line of its own."""


class Shown(NamedTuple):
    """A value in force. key, value: as one would write them. line: where it is from; overruled: what else was said."""

    key: str
    value: str
    line: PolicyLine
    overruled: Sequence[tuple[str, PolicyLine]] = ()


class InForce(NamedTuple):
    """A policy. files: those that were read; notes: what of them has no effect."""

    values: Sequence[Shown]
    files: Sequence[str]
    profile: str | None
    notes: Sequence[str]


def as_text(policy: InForce, style: Style, *, color: bool = False) -> str:
    """The policy for people, table by table."""
    text = drawn(_lines(policy, style), color=color, links=False)
    return text if style.unicode else text.encode("ascii", "backslashreplace").decode("ascii")


def as_dict(policy: InForce) -> dict[str, Any]:
    """The policy as plain values; the keys are listed in reference/json.md."""
    return {
        "schema": SCHEMA,
        "profile": policy.profile,
        "files": list(policy.files),
        "values": [
            {
                "key": item.key,
                "value": item.value or None,
                **_place(item.line),
                "overruled": [{"value": value, **_place(line)} for value, line in item.overruled],
            }
            for item in policy.values
        ],
        "notes": list(policy.notes),
    }


def _place(line: PolicyLine) -> dict[str, Any]:
    origin = line.origin
    return {"file": origin.source if origin else None, "line": origin.line if origin else None}


def _lines(policy: InForce, style: Style) -> Iterator[Text]:
    from_files = sum(1 for item in policy.values if item.line.origin is not None)
    told = listed(policy.files) if policy.files else "no file; everything is built in"
    profile = f" {style.dot} profile {policy.profile}" if policy.profile else ""
    yield from wrapped(f"Policy: {told}{profile}", style, rest="  ", color=STRONG)
    for table, rows in groupby(policy.values, lambda item: item.key.partition(".")[0]):
        yield Text()
        yield from _table(table, list(rows), style)
    if policy.notes:
        yield Text()
        yield Text("Without effect", style=STRONG)
        for note in policy.notes:
            yield from wrapped(note, style, first="  ", rest="    ", color=WARN)
    yield Text()
    yield from wrapped(f"{count(from_files, 'value')} from files, all others built in.", style)
    yield from next_step("`safe-pip explain CODE` tells what a code means.", style)


def _table(table: str, rows: Sequence[Shown], style: Style) -> Iterator[Text]:
    """One table: keys, values and places in columns, as far as they fit."""
    title = Text(printable(table), style=STRONG)
    yield title.append(_LEVELS, QUIET) if table == "levels" else title
    names = [_name(item, table) for item in rows]
    values = [printable(_value(item.value, table)) for item in rows]
    name_width = min(max(map(len, names)), style.width // 2)
    room = style.width - name_width - 6
    places = [_origin(item.line) for item in rows]
    # A value or a place that is too long for its line does not narrow the column for the others.
    fitting = [len(value) for value, place in zip(values, places, strict=True) if len(value) + len(place) <= room]
    value_width = max([_LEAST_VALUE, *fitting])
    for name, value, place, item in zip(names, values, places, rows, strict=True):
        quiet = QUIET if item.line.origin is None else ""
        named = f"{name:<{name_width}}  " if name_width else ""
        line = f"  {named}{value:<{value_width}}  {place}"
        if len(line) <= style.width and len(value) <= value_width:
            text = Text(line, style=quiet)
            text.stylize(QUIET, len(line) - len(place))
            yield text
        else:
            yield from wrapped(f"{named}{value}", style, first="  ", rest="      ", color=quiet)
            yield from wrapped(place, style, first="    ", rest="    ", color=QUIET)
        for other, where in item.overruled:
            yield from wrapped(f"not {other}, {_origin(where)}", style, first="    ", rest="      ", color=QUIET)


def _name(item: Shown, table: str) -> str:
    return printable(item.key.removeprefix(table).removeprefix("."))


def _value(text: str, table: str) -> str:
    """A value as it is shown: TOML, and levels without the signs of it."""
    if table != "levels":
        return text or "none"
    return " / ".join(_WORD.findall(text)) or "none"


def _origin(line: PolicyLine) -> str:
    return printable(str(line.origin)) if line.origin is not None else _BUILT_IN
