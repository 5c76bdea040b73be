"""JSON files, and the lines that their objects begin at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from safe_pip import urls
from safe_pip.errors import UsageError

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\{', re.DOTALL)

Object = dict[str, Any]


def _once(pairs: list[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {urls.shown(twice)} is there twice in one object")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once)


def load_json(text: str, what: str) -> Any:
    """The value of a JSON text. what: the file, for the message. Raises UsageError.

    A key that is there twice is an error: which of the two counts depends on who reads.
    """
    try:
        return _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise UsageError(f"{what} is not JSON that can be read: it is nested too deeply.", "Mend the file.") from error
    except ValueError as error:
        raise UsageError(f"{what} is not JSON: {urls.brief(str(error))}.", "Mend the file.") from error


def object_lines(text: str, value: Any) -> dict[int, int]:
    """The line of each object, counted from 1, by the object's identity; empty where that cannot be told.

    value: what the text was read to. Objects begin in the text in the order in which a walk comes to them.
    """
    objects = list(_objects(value))
    lines: list[int] = []
    line, last = 1, 0
    for start in _braces(text, len(objects)):
        line += text.count("\n", last, start)
        last = start
        lines.append(line)
    if len(objects) != len(lines):
        return {}
    return {id(item): place for item, place in zip(objects, lines, strict=True)}


def _braces(text: str, count: int) -> Iterator[int]:
    """Where objects begin. count: how many there are; where there are more braces, some stand in texts."""
    if text.count("{") != count:
        yield from (found.start() for found in _TOKEN.finditer(text) if text[found.start()] == "{")
        return
    start = text.find("{")
    while start >= 0:
        yield start
        start = text.find("{", start + 1)


def _objects(value: Any) -> Iterator[Object]:
    """Every object in a value, each before those inside it. Without recursion, for values that are nested deeply."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend(reversed(item))
