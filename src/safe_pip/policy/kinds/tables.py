"""What holds other values: lists, tables of known keys, and tables whose keys are values too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from safe_pip import urls
from safe_pip.policy.kinds import At, Kind, Schema, Value, is_a
from safe_pip.policy.kinds.names import Codes

_MOST_CHOICES = 8


class OneOrMore:
    """One value, or a list of them; a list of Values. single: whether one may stand without brackets."""

    def __init__(self, item: Kind, *, single: bool = False, empty: bool = True) -> None:
        self.item = item
        self.single = single
        self.empty = empty

    def read(self, raw: Any, at: At) -> tuple[Value, ...] | None:
        if self.single and not isinstance(raw, list):
            value = self.item.read(raw, at)
            return None if value is None else (Value(value, raw, at),)
        if not is_a(raw, list, at):
            return None
        if not raw and not self.empty:
            at.wrong("this list is empty")
            return None
        read = [Value(self.item.read(item, at / number), item, at / number) for number, item in enumerate(raw)]
        return tuple(value for value in read if value.value is not None)

    def schema(self) -> Schema:
        items: Schema = {"type": "array", "items": self.item.schema()}
        if not self.empty:
            items["minItems"] = 1
        return {"anyOf": [self.item.schema(), items]} if self.single else items


class Either:
    """A table where a table is written, else the other kind."""

    def __init__(self, table: Kind, other: Kind) -> None:
        self.table = table
        self.other = other

    def read(self, raw: Any, at: At) -> Any:
        return (self.table if isinstance(raw, dict) else self.other).read(raw, at)

    def schema(self) -> Schema:
        return {"anyOf": [self.other.schema(), self.table.schema()]}


class Map:
    """A table whose keys are values too, of a kind of their own; pairs of the key, read, and the Value."""

    def __init__(self, key: Kind, item: Kind) -> None:
        self.key = key
        self.item = item

    def read(self, raw: Any, at: At) -> tuple[tuple[Any, Value], ...] | None:
        if not is_a(raw, dict, at):
            return None
        pairs = []
        for name, item in raw.items():
            key = self.key.read(name, (at / name)._replace(is_key=True))
            if key is None and at.misplaced(name):
                # Its value is right where it belongs.
                continue
            value = self.item.read(item, at / name)
            if key is not None and value is not None:
                pairs.append((key, Value(value, item, at / name)))
        return tuple(pairs)

    def has(self, name: str) -> bool:
        """Whether a name is one of a list of words that its keys are of."""
        return isinstance(self.key, Codes) and name in self.key.codes

    def schema(self) -> Schema:
        names = {name: value for name, value in self.key.schema().items() if name not in ("format", "type")}
        return {"type": "object", "propertyNames": names, "additionalProperties": self.item.schema()}


class Key(NamedTuple):
    """One key of a table. doc: a sentence or two. example: TOML, whole. default: as it would be written.

    tighten: how a project's own file may change it, in words; empty where its table says so. stricter: whether a value
    is at least as strict as another one, for a single value; None where more is to be looked at.
    """

    name: str
    kind: Kind
    doc: str
    example: str = ""
    default: str = ""
    tighten: str = ""
    stricter: Callable[[Any, Any], bool] | None = None
    required: bool = False


class Table:
    """A table of some keys; Values by name. check: what must hold between them, told of what was read."""

    def __init__(self, keys: tuple[Key, ...], check: Callable[[Mapping[str, Value], At], None] | None = None) -> None:
        self.keys = keys
        self.check = check

    def read(self, raw: Any, at: At) -> dict[str, Value] | None:
        if not is_a(raw, dict, at):
            return None
        known = {key.name: key for key in self.keys}
        found: dict[str, Value] = {}
        whole = True
        for name, item in raw.items():
            key = known.get(name)
            if key is None:
                guess = at.misplaced(name) or self._home_of(name) or at.guess(name, known) or self._choice()
                (at / name).wrong(
                    f"there is no key {urls.shown(name)}{f' in {at.path[0]}' if at.path else ''}{guess}", key=True
                )
                whole = False
                continue
            value = key.kind.read(item, at / name)
            if value is None:
                whole = False
            else:
                found[name] = Value(value, item, at / name)
        missing = [key.name for key in self.keys if key.required and key.name not in raw]
        if missing:
            at.wrong(f"this needs {' and '.join(missing)}", key=True)
            return None
        if whole and self.check is not None:
            self.check(found, at)
        return found

    def _home_of(self, name: str) -> str:
        """Where a key belongs that stands one table too high."""
        homes = [key.name for key in self.keys if isinstance(key.kind, Table | Map) and key.kind.has(name)]
        return f"; it belongs into {' or '.join(f'[{home}]' for home in homes)}" if homes else ""

    def _choice(self) -> str:
        words = [key.name for key in self.keys]
        if len(words) == 1:
            return f"; there is only {words[0]}"
        return f"; there are {', '.join(words)}" if len(words) < _MOST_CHOICES else ""

    def has(self, name: str) -> bool:
        """Whether there is such a key."""
        return any(key.name == name for key in self.keys)

    def schema(self) -> Schema:
        properties = {}
        for key in self.keys:
            properties[key.name] = {"description": key.doc, **key.kind.schema()}
        schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        if required := [key.name for key in self.keys if key.required]:
            schema["required"] = required
        return schema
