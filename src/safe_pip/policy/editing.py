"""One exception more in a policy file, with every other byte of it left as it is.

A table is written as lines of its own, behind the exceptions that there are; into an array or an inline table it is put
by tomlkit. Either way the outcome is compared with what was there: it must be the same text with one piece added, and
mean the same with one exception more. Where that cannot be had, nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from safe_pip.policy.document import parsed
from safe_pip.policy.files import PolicyError
from safe_pip.policy.positions import Path, positions
from safe_pip.policy.toml_text import key_of, text_of

_KEY = "exceptions"


class Edited(NamedTuple):
    """A text that was changed. added: the lines that are new or changed, without their ends. line: of the first."""

    text: str
    added: tuple[str, ...]
    line: int


def add_exception(text: str, exception: Mapping[str, Any], shown: str, *, prefix: Path = ()) -> Edited:
    """The text of a policy file with one exception more. exception: its keys, as TOML has them.

    text: as it is in the file, with its own line ends and without a byte order mark. prefix: the keys that lead to the
    policy, of a ``pyproject.toml``. Raises PolicyError where the text is not TOML, or cannot be changed in this way.
    """
    end = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    before = parsed(_normal(text), shown)
    for way in (_as_a_table, _in_place):
        with suppress(_NotThisWay):
            made, at, piece = way(text, exception, prefix, end)
            if _only_adds(text, made) and _means(made, before, prefix, exception, shown):
                first = made.count("\n", 0, at + len(piece) - len(piece.lstrip("\r\n,"))) + 1
                last = made.count("\n", 0, at + len(piece.rstrip("\r\n"))) + 1
                lines = made.split("\n")[first - 1 : last]
                return Edited(made, tuple(line.rstrip("\r") for line in lines), first)
    raise PolicyError(
        f"{shown}: there is no place for an exception that leaves the rest of the file as it is.",
        f"Write it there yourself: {_inline(exception)}",
    )


class _NotThisWay(Exception):
    pass


_Made = tuple[str, int, str]
"""The whole text, where the new piece begins, and the piece."""


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n")


def _held(values: Mapping[str, Any], prefix: Path) -> Any:
    """The policy in a file's values, None where there is none."""
    found: Any = values
    for key in prefix:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return found


def _inline(exception: Mapping[str, Any]) -> str:
    return text_of(exception)


# --------------------------------------------------------------------------- lines of its own


def _as_a_table(text: str, exception: Mapping[str, Any], prefix: Path, end: str) -> _Made:
    """``[[exceptions]]`` and its lines, behind the last one, else behind the policy's tables, else at the end."""
    header = ".".join(key_of(str(key)) for key in (*prefix, _KEY))
    rows = [f"[[{header}]]", *(f"{key_of(key)} = {text_of(value)}" for key, value in exception.items())]
    lines = text.split("\n")
    place = _line_for(text, prefix)
    whole = place >= len(lines)
    at = len(text) if whole else sum(len(line) + 1 for line in lines[:place])
    above = lines[: len(lines) if whole else place]
    piece = end.join(rows) + end
    if whole and above[-1].strip():
        # The last line has no end.
        piece = end + end + piece
    elif any(line.strip() for line in above) and (above[-2] if whole and len(above) > 1 else above[-1]).strip():
        piece = end + piece
    if not whole and lines[place].strip():
        piece += end
    return text[:at] + piece + text[at:], at, piece


def _line_for(text: str, prefix: Path) -> int:
    """The line, counted from 0, before which a table is written; behind the last one for the end."""
    normal = _normal(text)
    lines = normal.split("\n")
    spots = positions(normal)
    headers: dict[int, Path] = {}
    for path, spot in spots.items():
        line, column = spot.key
        above = (path[:number] for number in range(1, len(path)))
        by_header = all(_is_header(spots[part].key, lines) for part in (*above, path) if part in spots)
        if by_header and not lines[line - 1][: column - 1].strip():
            # The longest path is the header's own.
            headers[line] = max(headers.get(line, ()), path, key=len)
    for wanted in ((*prefix, _KEY), prefix):
        last = max((line for line, path in headers.items() if wanted and path[: len(wanted)] == wanted), default=None)
        if last is not None:
            following = min((line for line in headers if line > last), default=None)
            if following is None:
                break
            place = following - 1
            # The comment right above a header is the header's, and the empty lines above that are between the two.
            while place > last and lines[place - 1].lstrip().startswith("#"):
                place -= 1
            while place > last and not lines[place - 1].strip():
                place -= 1
            return place
    return len(lines)


def _is_header(position: tuple[int, int], lines: list[str]) -> bool:
    line, column = position
    return lines[line - 1][column - 1 : column] == "["


# --------------------------------------------------------------------------- in an array, or an inline table


def _in_place(text: str, exception: Mapping[str, Any], prefix: Path, end: str) -> _Made:
    """Into the array that there is, or into the inline table that the policy is."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import Array, InlineTable

    try:
        document: Any = tomlkit.parse(text)
        found = document
        for key in prefix:
            found = found[key]
        entry = tomlkit.inline_table()
        for name, value in exception.items():
            entry.append(name, value)
        if isinstance(found.get(_KEY), Array):
            found[_KEY].append(entry)
        elif isinstance(found, InlineTable) and _KEY not in found:
            array = tomlkit.array()
            array.append(entry)
            found.append(_KEY, array)
        else:
            raise _NotThisWay
        made = tomlkit.dumps(document)
    except (TOMLKitError, KeyError, AttributeError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise _NotThisWay from error
    if not _only_adds(text, made):
        raise _NotThisWay
    at = _common(text, made)
    piece = made[at : at + len(made) - len(text)]
    piece = re.sub(r"^,(?=\w)", ", ", re.sub(r"\r?\n", end, piece))
    return text[:at] + piece + text[at:], at, piece


# --------------------------------------------------------------------------- what must hold


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    least = min(len(one), len(other))
    return next((at for at in range(least) if one[at] != other[at]), least)


def _only_adds(before: str, after: str) -> bool:
    """Whether a text is another one with one piece added, and all else as it was."""
    begin = _common(before, after)
    return len(after) > len(before) and after.endswith(before[begin:])


def _means(made: str, before: dict[str, Any], prefix: Path, exception: Mapping[str, Any], shown: str) -> bool:
    """Whether a text means what another meant, with one exception more at the end."""
    try:
        after = parsed(_normal(made), shown)
    except PolicyError:
        return False
    held = _held(after, prefix)
    if not isinstance(held, dict) or not isinstance(held.get(_KEY), list) or held[_KEY][-1:] != [dict(exception)]:
        return False
    held[_KEY].pop()
    if not held[_KEY] and _KEY not in (_held(before, prefix) or {}):
        del held[_KEY]
    for number in range(len(prefix), 0, -1):
        # Tables that came with it.
        above, key = _held(after, prefix[: number - 1]), prefix[number - 1]
        if _held(before, prefix[:number]) is None and above.get(key) == {}:
            del above[key]
    return bool(after == before)
