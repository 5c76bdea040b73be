"""TOML that a program wrote, at the speed of the json module; anything else is left to tomllib.

Lock files are long (200 kB for 100 packages) and tomllib, written in Python, takes 30 ms for one. What lockers write
is a small part of TOML: bare keys, texts in double quotes, one entry of a list a line. Such a text is turned into JSON
by a few substitutions and read by the json module. Every line has to have one of the shapes below; with any other line
there is no answer, and the caller asks tomllib. So the two never differ, but in time.
"""

from __future__ import annotations

import json
import re
from typing import Any

from safe_pip.request.toml_file import parse_toml

# A text without escapes that JSON reads in another way, and without control characters, which TOML forbids.
_STRING = re.compile(r'("[^"\\\x00-\x1f\x7f]*(?:\\["\\bfnrt][^"\\\x00-\x1f\x7f]*)*")')
_COMMENT = re.compile(r"^#[^\x00-\x08\x0a-\x1f\x7f]*$", re.MULTILINE)
_NUMBER = re.compile(r"(?<= )(?:0|[1-9][0-9]{0,17})(?=[ ,\n}\]]|$)")
_KEY = re.compile(r"([A-Za-z0-9_-]+) = ")
_LINES = re.compile(r'\n+"')
_HEADER = re.compile(r"^\[([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,9})\]$", re.MULTILINE)
# The shapes of lines, with every text (and whole number) as "".
_K = r"[A-Za-z0-9_-]+"
_SCALAR = r'(?:""|true|false)'
_FLAT = rf"\[(?:{_SCALAR}(?:, {_SCALAR})*)?\]"
_INNER = rf"(?:{_SCALAR}|{_FLAT}|\{{ ?{_K} = {_SCALAR}(?:, {_K} = {_SCALAR})* ?\}})"
_TABLE = rf"\{{ ?{_K} = {_INNER}(?:, {_K} = {_INNER})* ?\}}"
_ITEM = rf"(?:{_SCALAR}|{_FLAT}|{_TABLE})"
_SHAPE = re.compile(rf"(?:(?:{_K}|\"\") = (?:{_ITEM}|\[|\[{_ITEM}(?:, {_ITEM})*\])|    {_ITEM},|\]|)")
# Shapes that were found good; there are few, as texts are left out of them.
_GOOD: set[str] = set()
_MOST_SHAPES = 10_000

Table = dict[str, Any]


def quick_toml(text: str) -> Table | None:
    """The tables of a TOML text, None where it has anything that is not of the few shapes that lockers write."""
    parts = _HEADER.split(text)
    try:
        result = _body(parts[0])
        if result is None:
            return None
        made: dict[tuple[str, ...], Table] = {(): result}
        for header, body in zip(parts[1::2], parts[2::2], strict=True):
            if not _put(tuple(header.split(".")), body, made):
                return None
    except (ValueError, RecursionError):
        return None
    return result


def _put(path: tuple[str, ...], body: str, made: dict[tuple[str, ...], Table]) -> bool:
    """Put the table under a header into its place; False where TOML would have more to say about that."""
    table = _body(body)
    if table is None or path in made:
        return False
    for depth in range(1, len(path)):
        if path[:depth] not in made:
            above = made[path[: depth - 1]]
            if path[depth - 1] in above:
                return False
            above[path[depth - 1]] = made[path[:depth]] = {}
    above = made[path[:-1]]
    if path[-1] in above:
        return False
    above[path[-1]] = made[path] = table
    return True


def _body(text: str) -> Table | None:
    """The keys and values of one table. Raises ValueError where the lines do not make one."""
    if "#" in text:
        text = _COMMENT.sub("", text)
    parts = _STRING.split(text)
    plain = '""'.join(parts[::2]).strip("\n")
    for shape in {*_NUMBER.sub('""', plain).split("\n")} - _GOOD:
        if not _is_good(shape):
            return None
    # No text begins or ends between the two quotes that stand for it, so that the pieces fit again.
    plain = _KEY.sub(r'"\1": ', plain).replace('"" = ', '"": ').replace(",\n]", "\n]")
    plain, count = _LINES.subn(',\n"', plain)
    parts[::2] = plain.split('""')
    result: Table = json.loads("{" + "".join(parts) + "}")
    # With a key that is there twice, TOML has an error and JSON the last value.
    return result if len(result) == count + (plain != "") else None


def _is_good(shape: str) -> bool:
    """Whether a line is of a known shape and its inline tables have no key twice; remembered, as shapes are few."""
    if not _SHAPE.fullmatch(shape):
        return False
    keys = _KEY.findall(shape, shape.find("{") if "{" in shape else len(shape))
    if len(set(keys)) != len(keys):
        return False
    if len(_GOOD) < _MOST_SHAPES:
        _GOOD.add(shape)
    return True


def load_toml(text: str, what: str) -> Table:
    """The tables of a TOML text, quickly where that can be. what: the file, for the message. Raises UsageError."""
    quick = quick_toml(text)
    return parse_toml(text, what) if quick is None else quick
