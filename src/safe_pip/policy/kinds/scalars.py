"""Single values that mean nothing beyond themselves: texts, words, numbers, times, digests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from safe_pip import urls
from safe_pip.policy.kinds import At, Schema, is_a

_DURATION = re.compile(r"([0-9]{1,6})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Text:
    """A text that is not empty. printable: whether it may have no control characters, as a path has none."""

    def __init__(self, *, printable: bool = False) -> None:
        self.printable = printable

    def read(self, raw: Any, at: At) -> str | None:
        if not is_a(raw, str, at):
            return None
        if not raw.strip():
            at.wrong("this says nothing")
            return None
        if self.printable and not raw.isprintable():
            at.wrong(f"{urls.shown(raw)} cannot be the path of a file")
            return None
        return str(raw)

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


class Boolean:
    """true or false."""

    def read(self, raw: Any, at: At) -> bool | None:
        return raw if is_a(raw, bool, at) else None

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Probability:
    """A number from 0 to 1."""

    def read(self, raw: Any, at: At) -> float | None:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw in (0, 1):
            return float(raw)
        if not is_a(raw, float, at, "0.5"):
            return None
        if not 0 <= raw <= 1:
            at.wrong("a probability is a number from 0 to 1")
            return None
        return float(raw)

    def schema(self) -> Schema:
        return {"type": "number", "minimum": 0, "maximum": 1}


class Choice:
    """One of some words. what: what they are. values: what each word stands for."""

    def __init__(self, what: str, values: Mapping[str, Any]) -> None:
        self.what = what
        self.values = values

    def read(self, raw: Any, at: At) -> Any:
        if not is_a(raw, str, at, f'"{next(iter(self.values))}"'):
            return None
        if raw not in self.values:
            guess = at.guess(raw, self.values) or f"; choose one of {', '.join(self.values)}"
            at.wrong(f"{urls.shown(raw)} is not {self.what}{guess}")
            return None
        return self.values[raw]

    def schema(self) -> Schema:
        return {"enum": list(self.values)}


class Duration:
    """A time that something takes: ``30m``, ``24h``, ``7d``, ``2w``. never: whether ``never`` is one as well."""

    def __init__(self, *, never: bool = False) -> None:
        self.never = never

    def read(self, raw: Any, at: At) -> timedelta | None:
        if not is_a(raw, str, at, '"24h" or "7d"'):
            return None
        if self.never and raw == "never":
            return timedelta.max
        found = _DURATION.fullmatch(raw)
        if found is None:
            at.wrong(f"{urls.shown(raw)} is not a duration; write one as 30m, 24h, 7d or 2w{' or never' * self.never}")
            return None
        return timedelta(**{_UNITS[found[2]]: int(found[1])})

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^(?:{r'[0-9]{1,6}[mhdw]'}{'|never' * self.never})$"}


class Day:
    """A date, as TOML has it or as a text."""

    def read(self, raw: Any, at: At) -> date | None:
        if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", raw, re.ASCII):
            try:
                return date.fromisoformat(raw)
            except ValueError:
                pass
        if not isinstance(raw, date) or isinstance(raw, datetime):
            at.wrong("this is not a day; write one as 2026-12-31")
            return None
        return raw

    def schema(self) -> Schema:
        # Editors hand a TOML date to the schema as a text.
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


class Sha256:
    """A sha256 in hexadecimal digits."""

    def read(self, raw: Any, at: At) -> str | None:
        if not is_a(raw, str, at):
            return None
        if not re.fullmatch("[0-9a-fA-F]{64}", raw):
            at.wrong("a sha256 has 64 hexadecimal digits")
            return None
        return str(raw).lower()

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}
