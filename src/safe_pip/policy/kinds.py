"""What a value of a policy file may be: one small class a kind, which reads it and tells its JSON Schema.

Reading never raises: a mistake is noted at its place in the document, and ``None`` stands for the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.model import PolicyLine
from safe_pip.policy.document import MOST_MISTAKES, Document
from safe_pip.policy.positions import Path
from safe_pip.settings.patterns import PackagePattern

Schema = dict[str, Any]
_MOST_CHOICES = 8
_MOST_CLAUSES = 10
_DURATION = re.compile(r"([0-9]{1,6})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LOOPBACK = re.compile(r"http://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:/|$)", re.IGNORECASE)
_FOLDER = re.compile(r"file:///[!-~]*")
_COMMON_LICENSES = (
    *("MIT", "MIT-0", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "MPL-2.0", "PSF-2.0", "Unlicense"),
    *("GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later"),
    *("LGPL-3.0-only", "LGPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "ZPL-2.1", "Zlib", "CC0-1.0", "HPND"),
)
_GLOB = re.compile(r"[A-Za-z0-9*](?:[A-Za-z0-9._*-]*[A-Za-z0-9*])?")


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


def _is(raw: Any, kind: type, at: At, example: str = "") -> bool:
    """Whether a value is of a type of TOML; noted where it is not."""
    if isinstance(raw, kind) and not (kind is not bool and isinstance(raw, bool)):
        return True
    found = next((name for known, name in _NAMES.items() if isinstance(raw, known)), "a date or time")
    at.wrong(f"this is {found}, and {_NAMES[kind]} is wanted{f', such as {example}' if example else ''}")
    return False


class Text:
    """A text that is not empty. printable: whether it may have no control characters, as a path has none."""

    def __init__(self, *, printable: bool = False) -> None:
        self.printable = printable

    def read(self, raw: Any, at: At) -> str | None:
        if not _is(raw, str, at):
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
        return raw if _is(raw, bool, at) else None

    def schema(self) -> Schema:
        return {"type": "boolean"}


class Probability:
    """A number from 0 to 1."""

    def read(self, raw: Any, at: At) -> float | None:
        if isinstance(raw, int) and not isinstance(raw, bool) and raw in (0, 1):
            return float(raw)
        if not _is(raw, float, at, "0.5"):
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
        if not _is(raw, str, at, f'"{next(iter(self.values))}"'):
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
        if not _is(raw, str, at, '"24h" or "7d"'):
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
        if not _is(raw, str, at):
            return None
        if not re.fullmatch("[0-9a-fA-F]{64}", raw):
            at.wrong("a sha256 has 64 hexadecimal digits")
            return None
        return str(raw).lower()

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}


class Url:
    """An http or https URL without user and password. safe: https only, but for this machine itself.

    base: that of an index, which may be a folder of this machine (``file:``) as well.
    """

    def __init__(self, *, safe: bool = False, base: bool = False) -> None:
        self.safe = safe
        self.base = base

    def read(self, raw: Any, at: At) -> str | None:
        if not _is(raw, str, at):
            return None
        is_folder = self.base and _FOLDER.fullmatch(raw) is not None
        if not is_folder and (problem := problem_of_url(raw, safe=self.safe)):
            at.wrong(problem)
            return None
        return raw.rstrip("/") + "/" if self.base else str(raw)

    def schema(self) -> Schema:
        return {"type": "string", "format": "uri", "pattern": "^(?:https?://|file:///)" if self.base else "^https?://"}


def problem_of_url(text: str, *, safe: bool = False) -> str:
    """Why a text is no URL for a policy, as a sentence without its full stop; empty where it is one."""
    try:
        clean, login = urls.split_credentials(text)
        host = re.match(r"https?://[^/?#\s]+", clean, re.IGNORECASE)
    except ValueError:
        clean, login, host = text, None, None
    if host is None or not text.isprintable() or " " in text:
        return f"{urls.shown(text)} is not an http or https URL"
    if login is not None:
        return "a URL in a policy may have no user and password; keep them in ~/.netrc or the keyring"
    if safe and not clean.lower().startswith("https://") and not _LOOPBACK.match(clean):
        return f"{urls.shown(text)} is not https"
    return ""


class Place:
    """A file, from the folder of the policy file, or a URL; a file is read as its path from the root.

    words: what may stand there as well. remote: whether a URL may.
    """

    def __init__(self, words: tuple[str, ...] = (), *, remote: bool = True) -> None:
        self.words = words
        self.remote = remote

    def read(self, raw: Any, at: At) -> str | None:
        text = Text().read(raw, at)
        if text is None or text in self.words:
            return text
        if self.remote and urls.scheme(text) in ("http", "https"):
            if problem := problem_of_url(text, safe=True):
                at.wrong(problem)
                return None
            return text
        if "://" in text or not text.isprintable():
            known = "is neither a file nor an http or https URL" if self.remote else "cannot be the path of a file"
            at.wrong(f"{urls.shown(text)} {known}")
            return None
        return str(at.document.folder / text) if at.document.folder is not None else text

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


class Name:
    """The name of a package, in its canonical form (PEP 503)."""

    def read(self, raw: Any, at: At) -> str | None:
        if not _is(raw, str, at, '"flask"'):
            return None
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", raw):
            at.wrong(f"{urls.shown(raw)} cannot be the name of a package")
            return None
        return canonicalize_name(raw)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$"}


class Packages:
    """Packages by name, with ``*`` for any part of it, and by version where a specifier follows: ``acme-*<2``."""

    def read(self, raw: Any, at: At) -> PackagePattern | None:
        if not _is(raw, str, at, '"acme-*" or "flask<3"'):
            return None
        found = re.fullmatch(r"([^<>=!~;\[\s]+)\s*([<>=!~].*)?", raw.strip(), re.DOTALL)
        if found is None or not _GLOB.fullmatch(found[1]):
            at.wrong(f"{urls.shown(raw)} matches no name that a package can have; write it as flask, acme-* or flask<3")
            return None
        try:
            specifier = SpecifierSet(found[2] or "")
            # Its numbers are read only when it is compared, and may be too long to be any.
            hash(specifier)
            # The time that this takes grows faster than the specifier.
            matches = len(specifier) > _MOST_CLAUSES or not specifier.is_unsatisfiable()
        except ValueError:
            at.wrong(f"{urls.shown(found[2])} is not a specifier of versions (PEP 440)")
            return None
        if not matches:
            at.wrong(f"no version satisfies {urls.shown(found[2])}")
            return None
        return PackagePattern(re.sub(r"[-_.]+", "-", found[1]).lower(), specifier)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": r"^\s*[A-Za-z0-9*][A-Za-z0-9._*-]*\s*(?:[<>=!~].*)?$"}


class License:
    """One licence as SPDX has it, with an exception if need be; not several joined."""

    def read(self, raw: Any, at: At) -> str | None:
        if not _is(raw, str, at, '"MIT"'):
            return None
        from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

        try:
            text = canonicalize_license_expression(raw)
        except (InvalidLicenseExpression, RecursionError):
            at.wrong(f"{urls.shown(raw)} is not a licence that SPDX knows{at.guess(raw, _COMMON_LICENSES)}")
            return None
        if re.search(r" (?:AND|OR) |[()]", text):
            at.wrong("this joins several licences; list each by itself")
            return None
        return str(text)

    def schema(self) -> Schema:
        return {"type": "string", "minLength": 1}


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
        if not _is(raw, list, at):
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
        if not _is(raw, dict, at):
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
        if not _is(raw, dict, at):
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


class Codes:
    """The key of a table of levels: a finding code."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes

    def read(self, raw: Any, at: At) -> str | None:
        if raw in self.codes:
            return str(raw)
        guess = at.misplaced(raw) or at.guess(raw, self.codes) or "; `safe-pip install --explain CODE` explains each"
        at.wrong(f"there is no finding code {urls.shown(raw)}{guess}", key=True)
        return None

    def schema(self) -> Schema:
        return {"enum": list(self.codes)}
