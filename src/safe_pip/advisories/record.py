"""OSV records: the JSON of one record to the parts that matching needs, with every type checked.

Source: the OSV schema, version 1.7 (fields of the same names).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.times import parse_time

ECOSYSTEM = "PyPI"
_RANGE_TYPES = ("ECOSYSTEM", "SEMVER")
_LONGEST_SUMMARY = 200
_MOST_SUMMARIZED = 5_000
"""So many characters of a text are looked at for its summary: the patterns below are slow on very long ones."""
_PURL = re.compile(r"pkg:pypi/([A-Za-z0-9._-]+)")
_MARKUP = re.compile(r"[`*#]+|!?\[([^\]]*)\]\([^)]*\)")
_INTRODUCTION = re.compile(r"(?:The )?[\w.\- ]{1,60} is (?:an?|the) ", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[\w)\]\"'`][.!?])\s+(?=[A-Z\d`])")


class BadRecord(ValueError):
    """The record does not follow the schema; the message says where.

    packages: PyPI packages that it names all the same.
    """

    def __init__(self, message: str, packages: tuple[NormalizedName, ...] = ()) -> None:
        super().__init__(message)
        self.packages = packages


EventKind = Literal["introduced", "fixed", "last_affected", "limit"]
_EVENT_KINDS: tuple[EventKind, ...] = ("introduced", "fixed", "last_affected", "limit")


class Event(NamedTuple):
    """One event of a range, as written."""

    kind: EventKind
    version: str


class Affected(NamedTuple):
    """One entry of ``affected`` for one PyPI package. GIT ranges are left out; SEMVER ones are read as PEP 440.

    keys: where the listed versions come from a database, their ``matching.version_keys`` in the place of ``versions``.
    """

    package: NormalizedName
    ranges: tuple[tuple[Event, ...], ...]
    versions: tuple[str, ...]
    severity: tuple[tuple[str, str], ...]
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One advisory, as far as PyPI is concerned. Times are ISO texts as written, in UTC by the schema.

    full: the whole record as JSON, for those who want to read it.
    """

    id: str
    modified: str
    withdrawn: str | None
    summary: str
    aliases: tuple[str, ...]
    affected: tuple[Affected, ...]
    severity: tuple[tuple[str, str], ...]
    severity_word: str | None
    full: bytes = field(default=b"", compare=False, repr=False)


def parse_record(data: bytes | str) -> Record:
    """Read one record. Raises BadRecord for anything that does not follow the schema where matching relies on it."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"it is not JSON: {error}") from error
    return record_from(raw, data.encode() if isinstance(data, str) else data)


def record_from(raw: Any, text: bytes = b"") -> Record:
    """Read one record that is parsed already. text: the JSON it was parsed from. Raises BadRecord."""
    if not isinstance(raw, dict):
        raise BadRecord("it is not a JSON object")
    try:
        return replace(_record(raw), full=text or json.dumps(raw).encode())
    except RecursionError as error:
        raise BadRecord("it is nested too deeply", _named(raw)) from error
    except BadRecord as error:
        raise BadRecord(str(error), _named(raw)) from error


def _named(raw: dict[str, Any]) -> tuple[NormalizedName, ...]:
    """The packages that a record names which cannot be read, as far as can be made out."""
    found = []
    entries = raw.get("affected")
    for entry in entries if isinstance(entries, list) else ():
        package = entry.get("package") if isinstance(entry, dict) else None
        if isinstance(package, dict):
            ecosystem, name, purl = (package.get(key) for key in ("ecosystem", "name", "purl"))
            in_purl = _PURL.match(purl) if isinstance(purl, str) else None
            if isinstance(name, str) and (not isinstance(ecosystem, str) or _is_pypi(ecosystem)):
                found.append(canonicalize_name(name.strip()))
            elif in_purl:
                found.append(canonicalize_name(in_purl[1]))
    return tuple(dict.fromkeys(found))


def _is_pypi(ecosystem: str) -> bool:
    return ecosystem.partition(":")[0].strip().lower() == ECOSYSTEM.lower()


def _record(raw: dict[str, Any]) -> Record:
    identifier = raw.get("id")
    if not isinstance(identifier, str) or not identifier.strip():
        raise BadRecord("it has no id")
    identifier = identifier.strip()
    if not identifier.isprintable():
        raise BadRecord("its id holds characters that cannot be shown")
    affected = []
    for entry in _items(raw, "affected"):
        found = _affected(entry)
        if found is not None:
            affected.append(found)
    specific = raw.get("database_specific")
    word = specific.get("severity") if isinstance(specific, dict) else None
    return Record(
        id=identifier,
        modified=_modified(raw),
        withdrawn=_time_text(raw, "withdrawn"),
        summary=short_summary(raw),
        # An alias that cannot be shown is nobody's id: it joins nothing.
        aliases=tuple(alias for alias in _strings(raw, "aliases") if alias.isprintable()),
        affected=tuple(affected),
        severity=_severity(raw),
        severity_word=word if isinstance(word, str) and word.isprintable() else None,
    )


def _affected(entry: Any) -> Affected | None:
    """One entry of ``affected``, None for a package of another ecosystem."""
    if not isinstance(entry, dict):
        raise BadRecord("an entry of affected is not an object")
    package = entry.get("package")
    if package is None:
        return None
    if not isinstance(package, dict) or not isinstance(package.get("ecosystem"), str):
        raise BadRecord("the package of an affected entry has no ecosystem")
    if not _is_pypi(package["ecosystem"]):
        return None
    name = package.get("name")
    if not isinstance(name, str) or not name.strip() or not name.strip().isprintable():
        raise BadRecord("the package of an affected entry has no name")
    ranges = []
    for item in _items(entry, "ranges"):
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            raise BadRecord("a range has no type")
        if item["type"] in _RANGE_TYPES:
            ranges.append(tuple(_events(item)))
        elif item["type"] != "GIT":
            raise BadRecord("a range is of a type that the schema does not know")
    return Affected(
        canonicalize_name(name.strip()),
        tuple(ranges),
        tuple(_showable(version) for version in _strings(entry, "versions")),
        _severity(entry),
    )


def _events(item: dict[str, Any]) -> list[Event]:
    events = []
    for event in _items(item, "events"):
        if not isinstance(event, dict):
            raise BadRecord("an event of a range is not an object")
        kinds = [kind for kind in _EVENT_KINDS if kind in event]
        if not kinds:
            raise BadRecord("an event of a range says nothing that the schema knows")
        for kind in kinds:
            version = event[kind]
            if not isinstance(version, str) or not version.strip():
                raise BadRecord(f"the {kind} event of a range has no version")
            events.append(Event(kind, _showable(version.strip())))
    return events


def _severity(raw: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The CVSS vectors, as (type, vector); what is not one is passed over, since nothing is matched by it."""
    given = raw.get("severity")
    return tuple(
        (item["type"], item["score"])
        for item in (given if isinstance(given, list) else ())
        if isinstance(item, dict) and isinstance(item.get("type"), str) and isinstance(item.get("score"), str)
    )


def _items(raw: dict[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"{key} is not a list")
    return value


def _strings(raw: dict[str, Any], key: str) -> list[str]:
    values = _items(raw, key)
    if not all(isinstance(value, str) for value in values):
        raise BadRecord(f"{key} holds something that is not a text")
    return [value.strip() for value in values if value.strip()]


def _text(raw: dict[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) else None


def _showable(version: str) -> str:
    """A version without what cannot be shown or stored; with such characters it is none that anything could have."""
    return version if version.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in version)


def _modified(raw: dict[str, Any]) -> str:
    """The time of the last change as written, empty where there is none that can be read."""
    text = _text(raw, "modified") or ""
    return text if parse_time(text) is not None else ""


def _time_text(raw: dict[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or parse_time(value) is None:
        raise BadRecord(f"{key} is not a time")
    return value


def short_summary(raw: dict[str, Any]) -> str:
    """The summary, or the first sentence of the details, without markup and control characters, and not too long."""
    text = (_text(raw, "summary") or _text(raw, "details") or "")[:_MOST_SUMMARIZED]
    text = _MARKUP.sub(lambda found: found[1] or "", text.strip().split("\n\n", 1)[0])
    text = " ".join(text.split())
    if not text.isprintable():
        text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if not _text(raw, "summary"):
        # Details mostly begin by saying what the package is; what is wrong with it comes after.
        sentences = _SENTENCE_END.split(text)
        text = next((sentence for sentence in sentences if not _INTRODUCTION.match(sentence)), sentences[0])
    return text if len(text) <= _LONGEST_SUMMARY else text[: _LONGEST_SUMMARY - 1].rstrip() + "…"
