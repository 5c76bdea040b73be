"""What a value of a policy file may be: one small class a kind, which reads it and tells its JSON Schema.

Reading never raises: a mistake is noted at its place in the document, and ``None`` stands for the value. Here is what a
kind is, and what every one uses; the kinds themselves are modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from safe_pip.model import PolicyLine
from safe_pip.policy.document import MOST_MISTAKES, Document
from safe_pip.policy.positions import Path

Schema = dict[str, Any]


class At(NamedTuple):
    """A place in a document. is_key: whether it is the key there, and not its value."""

    document: Document
    path: Path
    is_key: bool = False

    def __truediv__(self, key: str | int) -> At:
        return At(self.document, (*self.path, key))

    def wrong(self, what: str, *, key: bool = False) -> None:
        """Note a mistake here. what: a sentence without its full stop."""
        self.document.wrong(self.path, what, key=key or self.is_key)

    def guess(self, word: str, words: Iterable[str]) -> str:
        """ "; did you mean …?" where some word is close to what was written, else nothing."""
        if len(self.document.mistakes) >= MOST_MISTAKES:
            # No more of them are shown, and to look takes time.
            return ""
        import difflib

        known = {known.lower(): known for known in words}
        found = difflib.get_close_matches(word[:100].lower(), list(known), n=1)
        return f"; did you mean {known[found[0]]}?" if found else ""

    def misplaced(self, name: str) -> str:
        """Of a key that is not known here, that it belongs to the file as a whole: in TOML it is the last table's."""
        if not self.path or name not in self.document.heads:
            return ""
        return f"; it is a table of its own, [{name}]" if self.document.heads[name] else "; it belongs above all tables"

    def line(self, setting: str) -> PolicyLine:
        """What is written here, as the line of a policy. setting: as one would write it."""
        return PolicyLine(setting, self.document.origin(self.path))


class Value(NamedTuple):
    """A value that was read, what TOML has for it, and its place."""

    value: Any
    raw: Any
    at: At


class Kind(Protocol):
    """What a value may be."""

    def read(self, raw: Any, at: At) -> Any:
        """The value, None where it is none of this kind, which is then noted."""
        ...

    def schema(self) -> Schema:
        """Its JSON Schema (draft 2020-12)."""
        ...


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


def is_a(raw: Any, kind: type, at: At, example: str = "") -> bool:
    """Whether a value is of a type of TOML; noted where it is not."""
    if isinstance(raw, kind) and not (kind is not bool and isinstance(raw, bool)):
        return True
    found = next((name for known, name in _NAMES.items() if isinstance(raw, known)), "a date or time")
    at.wrong(f"this is {found}, and {_NAMES[kind]} is wanted{f', such as {example}' if example else ''}")
    return False
