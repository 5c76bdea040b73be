"""Bills of materials: CycloneDX and SPDX, both in JSON, by the package URLs (purl) of what they list."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Inventory, SkipCode, SkippedDependency
from safe_pip.request.json_lines import load_json, object_lines
from safe_pip.request.locks.entries import Entry, digests, index_of, name_of, skip_of, word
from safe_pip.request.locks.listed import Malformed
from safe_pip.request.locks.selection import Selection, inventory
from safe_pip.request.places import read_local

_PURL = re.compile(r"pkg:/*([A-Za-z][A-Za-z0-9.+-]*)/([^?#]+)(?:\?([^#]*))?(?:#.*)?")
_CYCLONEDX = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_SPDX = re.compile(r"SPDX-2\.[0-9]+")
_HINT = "Write it as JSON: CycloneDX 1.2 to 1.7, SPDX 2.2 or 2.3, or SPDX 3."
# Relationships that say that the first needs the second, and those that say it the other way round.
_NEEDS = ("DEPENDS_ON", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK")
_NEEDED = ("DEPENDENCY_OF", "CONTAINED_BY", "RUNTIME_DEPENDENCY_OF", "DEV_DEPENDENCY_OF", "OPTIONAL_DEPENDENCY_OF")

# Over items of other ecosystems the way may be long, and is looked for from each item; it is for showing only.
_MOST_STEPS = 300_000

Object = dict[str, Any]


@dataclass
class _Bill:
    """What a bill lists. items: by id, each with its line. needs: ids by id. roots: what the bill is of."""

    items: dict[str, tuple[int | None, Entry]] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    others: int = 0
    unnamed: int = 0
    steps: int = 0


def read_sbom(path: Path, shown: str) -> Inventory:
    """What a bill of materials lists of PyPI; what is not is counted in a note. shown: its name in reports.

    Raises UsageError naming the file, and the entry where one cannot be read.
    """
    shown = shown if shown.isprintable() else urls.shown(shown)
    what = f"The SBOM {shown}"
    text = read_local(os.fspath(path), what)
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        raise UsageError(f"{what} is not JSON.", _HINT)
    value = load_json(text, what)
    if not isinstance(value, dict):
        raise UsageError(f"{what} is not a bill of materials.", _HINT)
    reader = _reader(value, what)
    try:
        bill = reader(value, object_lines(text, value))
    except Malformed as error:
        raise UsageError(f"{what} cannot be read: {error}.", "Write it anew.") from error
    notes = []
    if bill.others:
        notes.append(f"{shown}: {_count(bill.others)} from other ecosystems than PyPI, not audited.")
    if bill.unnamed:
        notes.append(f"{shown}: {_count(bill.unnamed)} without a package URL, not audited.")
    input = AuditInput("sbom", shown, os.fspath(path))
    made = inventory(input, _selection(bill), notes)
    if bill.unnamed and not bill.items and not bill.others:
        # Nothing says what any of it is: that is not the same as a bill without Python packages.
        reason = f"none of what it lists has a package URL ({_count(bill.unnamed)})"
        made = replace(made, skipped=(SkippedDependency(shown, None, input, "unparsable", reason),))
    return made


def _reader(value: Object, what: str) -> Callable[[Object, Mapping[int, int]], _Bill]:
    if value.get("bomFormat") == "CycloneDX":
        version = value.get("specVersion")
        if version not in _CYCLONEDX:
            raise UsageError(f"{what} is CycloneDX {str(version)[:20]!r}, which safe-pip does not read.", _HINT)
        return _cyclonedx
    if isinstance(value.get("spdxVersion"), str):
        if not _SPDX.fullmatch(value["spdxVersion"]):
            raise UsageError(f"{what} is {value['spdxVersion'][:20]!r}, which safe-pip does not read.", _HINT)
        return _spdx
    if "@graph" in value and "spdx" in str(value.get("@context")):
        return _spdx3
    raise UsageError(f"{what} is neither CycloneDX nor SPDX.", _HINT)


# --------------------------------------------------------------------------- CycloneDX


def _cyclonedx(value: Object, lines: Mapping[int, int]) -> _Bill:
    bill = _Bill()
    metadata = _object(value, "metadata")
    root = _object(metadata, "component")
    if root:
        bill.roots.add(_text(root, "bom-ref") or "")
        waiting = _objects(root, "components")
    else:
        waiting = []
    waiting = [*reversed(waiting), *reversed(_objects(value, "components"))]
    while waiting:
        component = waiting.pop()
        waiting.extend(reversed(_objects(component, "components")))
        if component.get("type") == "file":
            continue
        hashes = [f"{_algorithm(item.get('alg'))}:{item.get('content')}" for item in _objects(component, "hashes")]
        ref = _text(component, "bom-ref")
        _add(bill, ref, _purls([component.get("purl")]), component, component.get("version"), hashes, lines)
    for item in _objects(value, "dependencies"):
        needed = [ref for ref in _list(item, "dependsOn") if isinstance(ref, str)]
        bill.needs.setdefault(_text(item, "ref") or "", []).extend(needed)
    return bill


def _algorithm(name: object) -> str:
    """SHA-256 and SHA256 to sha256."""
    return str(name).lower().replace("-", "")


# --------------------------------------------------------------------------- SPDX 2


def _spdx(value: Object, lines: Mapping[int, int]) -> _Bill:
    bill = _Bill()
    bill.roots.update(ref for ref in _list(value, "documentDescribes") if isinstance(ref, str))
    for item in _objects(value, "relationships"):
        kind = _text(item, "relationshipType") or ""
        _relate(bill, kind, _text(item, "spdxElementId") or "", [_text(item, "relatedSpdxElement") or ""])
    for package in _objects(value, "packages"):
        purls = _purls(
            item.get("referenceLocator")
            for item in _objects(package, "externalRefs")
            if _text(item, "referenceType") == "purl"
        )
        hashes = [
            f"{_algorithm(item.get('algorithm'))}:{item.get('checksumValue')}"
            for item in _objects(package, "checksums")
        ]
        _add(bill, _text(package, "SPDXID"), purls, package, package.get("versionInfo"), hashes, lines)
    return bill


def _relate(bill: _Bill, kind: str, one: str, others: Iterable[str]) -> None:
    if kind == "DESCRIBES":
        bill.roots.update(others)
    elif kind == "DESCRIBED_BY":
        bill.roots.add(one)
    elif kind in _NEEDS:
        bill.needs.setdefault(one, []).extend(others)
    elif kind in _NEEDED:
        for other in others:
            bill.needs.setdefault(other, []).append(one)


# --------------------------------------------------------------------------- SPDX 3


def _spdx3(value: Object, lines: Mapping[int, int]) -> _Bill:
    bill = _Bill()
    for item in _objects(value, "@graph"):
        kind = _text(item, "type") or _text(item, "@type") or ""
        ref = _text(item, "spdxId") or _text(item, "@id")
        if kind == "Relationship":
            others = [other for other in _list(item, "to") if isinstance(other, str)]
            relation = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _text(item, "relationshipType") or "").upper()
            _relate(bill, relation, _text(item, "from") or "", others)
        elif kind in ("SpdxDocument", "software_Sbom", "Bom"):
            bill.roots.update(root for root in _list(item, "rootElement") if isinstance(root, str))
        elif kind == "software_Package":
            identifiers = [
                _text(one, "identifier")
                for one in _objects(item, "externalIdentifier")
                if _text(one, "externalIdentifierType") == "packageUrl"
            ]
            purls = _purls([item.get("software_packageUrl"), *identifiers])
            hashes = [
                f"{_algorithm(one.get('algorithm'))}:{one.get('hashValue')}" for one in _objects(item, "verifiedUsing")
            ]
            _add(bill, ref, purls, item, item.get("software_packageVersion"), hashes, lines)
    return bill


# --------------------------------------------------------------------------- what they share


def _purls(texts: Iterable[object]) -> list[str]:
    return [text for text in texts if isinstance(text, str) and text]


def _add(
    bill: _Bill,
    ref: str | None,
    purls: list[str],
    item: Object,
    version: object,
    hashes: Iterable[str],
    lines: Mapping[int, int],
) -> None:
    """Take in one item of a bill, where it is of PyPI."""
    found = [parts for purl in purls if (parts := _PURL.fullmatch(purl.strip())) is not None]
    mine = next((parts for parts in found if parts[1].lower() == "pypi"), None)
    line = lines.get(id(item))
    # An item without an id of its own is known by its place.
    key = ref if ref is not None and ref not in bill.items else f"\0{len(bill.items)}"
    if mine is not None:
        bill.items[key] = line, _entry(mine, version, hashes)
    elif purls and not found:
        bill.items[key] = line, _unreadable(purls[0])
    elif ref is not None and ref in bill.roots:
        return
    elif found:
        bill.others += 1
    else:
        bill.unnamed += 1


def _entry(purl: re.Match[str], version: object, hashes: Iterable[str]) -> Entry:
    """The entry of a package URL. The version in it counts before one beside it."""
    path, _, tail = purl[2].strip("/").partition("@")
    spelling = urllib.parse.unquote(path).rpartition("/")[2]
    try:
        name = name_of(spelling)
    except Malformed:
        return _unreadable(purl[0])
    of_purl = urllib.parse.unquote(tail) or None
    chosen = of_purl if of_purl is not None else (version or None)
    qualifiers = urllib.parse.parse_qs(purl[3] or "", max_num_fields=100) if (purl[3] or "").count("&") < 99 else {}
    code: SkipCode | None = "vcs" if "vcs_url" in qualifiers else None
    index = index_of(next(iter(qualifiers.get("repository_url", ())), None))
    return Entry(name, spelling, word(chosen), skip_of(word(chosen), code), digests(hashes), index)


def _unreadable(purl: str) -> Entry:
    shown = urls.shown(purl, 100)
    return Entry(NormalizedName(shown), shown, None, ("unparsable", "its package URL cannot be read"))


def _selection(bill: _Bill) -> Selection:
    """The items with what they need; ways over items that are not of PyPI count as direct ones."""
    names: dict[str, NormalizedName] = {ref: entry.name for ref, (_, entry) in bill.items.items()}
    chosen = list(bill.items.values())
    requires = [tuple(dict.fromkeys(_reached(bill, names, ref))) for ref in bill.items]
    asked = [name for root in bill.roots for name in _reached(bill, names, root)]
    asked += [names[root] for root in bill.roots if root in names]
    return Selection(chosen, requires, frozenset(asked) if asked else None)


def _reached(bill: _Bill, names: Mapping[str, NormalizedName], ref: str) -> Iterator[NormalizedName]:
    """The nearest items of PyPI that one needs, through others where there are any between."""
    waiting, seen = list(bill.needs.get(ref, ())), {ref}
    while waiting:
        needed = waiting.pop()
        if needed in seen:
            continue
        seen.add(needed)
        bill.steps += 1
        if needed in names:
            if names[needed] != names.get(ref):
                yield names[needed]
        elif bill.steps < _MOST_STEPS:
            waiting.extend(bill.needs.get(needed, ()))


def _count(number: int) -> str:
    return f"{number} component{'' if number == 1 else 's'}"


def _object(value: Object, key: str) -> Object:
    found = value.get(key, {})
    if not isinstance(found, dict):
        raise Malformed(f"its {key} is no object")
    return found


def _list(value: Object, key: str) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        raise Malformed(f"its {key} is no list")
    return found


def _objects(value: Object, key: str) -> list[Object]:
    found = _list(value, key)
    if not all(isinstance(item, dict) for item in found):
        raise Malformed(f"its {key} is no list of objects")
    return found


def _text(value: Object, key: str) -> str | None:
    found = value.get(key)
    if found is not None and not isinstance(found, str):
        raise Malformed(f"its {key} is no text")
    return found
