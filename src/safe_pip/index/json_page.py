"""Index pages in JSON (PEP 691, PEP 700), read quickly where nothing is odd and with care where something is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from safe_pip.index.links import (
    ALGORITHMS,
    MOST_LINKS,
    PLAIN_URL,
    InvalidPage,
    Traits,
    locate,
    provenance_url,
    too_many,
)
from safe_pip.index.listing import Listing, columns_of
from safe_pip.model import DistributionFile, Hashes
from safe_pip.times import parse_time


def read_json(content: bytes, page: str) -> Listing:
    """The files that a page lists. page: its URL. Raises InvalidPage."""
    # Each file is a few small objects; far more of them would only fill the memory.
    if content.count(b"{") + content.count(b"[") > 8 * MOST_LINKS:
        raise too_many()
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidPage(f"its JSON cannot be read: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("files"), list):
        raise InvalidPage("its JSON has no list of files")
    meta = data.get("meta")
    version = str(meta.get("api-version", "1.0")) if isinstance(meta, dict) else "1.0"
    if version.partition(".")[0] != "1":
        raise InvalidPage(f"it speaks version {version} of the repository API")
    if len(data["files"]) > MOST_LINKS:
        raise too_many()
    return _plain_entries(data["files"], page) or Listing.of(_odd_entries(data["files"], page))


def _plain_entries(entries: list[Any], page: str) -> Listing | None:
    """The files of a page that has no oddities, each made when it is looked at; None for another page."""
    try:
        addresses = [entry["url"] for entry in entries]
        # What is no text is for the other reader to refuse, also where it is nothing much, like 0 or false.
        requires = ["" if (given := entry.get("requires-python")) is None else given for entry in entries]
        digests = [value for entry in entries for value in entry["hashes"].values()]
        sidecars = [entry.get(key) for entry in entries for key in ("core-metadata", "dist-info-metadata")]
        digests += [value for sidecar in sidecars if isinstance(sidecar, dict) for value in sidecar.values()]
        # Nothing but texts can be joined, and no half of a surrogate pair can be encoded.
        "".join((*addresses, *requires, *digests)).encode()
    except (KeyError, AttributeError, TypeError, ValueError):
        return None
    matches = [PLAIN_URL.fullmatch(address) for address in addresses]
    if not all(match is not None and match[3] is None for match in matches) or len(set(addresses)) < len(addresses):
        return None
    names = [address[address.rfind("/") + 1 :] for address in addresses]

    def entry(place: int) -> Callable[[], DistributionFile]:
        return partial(_from_entry, entries[place], (names[place], addresses[place], frozenset()), page)

    def traits(place: int) -> Traits:
        return Traits(requires[place] or None, _yanked(entries[place].get("yanked")))

    def columns(places: Sequence[int]) -> dict[str, Any] | None:
        return columns_of([entry(place)() for place in places])

    return Listing(
        names,
        entry,
        traits,
        columns,
        lambda: ((each.get("upload-time"), each.get("provenance")) for each in entries),
    )


def _odd_entries(entries: list[Any], page: str) -> Iterator[DistributionFile]:
    seen = set()
    for entry in entries:
        if not isinstance(entry, dict):
            raise InvalidPage("its JSON lists something that is not a file")
        href = _text(entry, "url")
        located = locate(href, page) if href else None
        if located is None or located in seen:
            continue
        seen.add(located)
        yield _from_entry(entry, located, page)


def _from_entry(entry: Mapping[str, Any], located: tuple[str, str, Hashes], page: str) -> DistributionFile:
    size = entry.get("size")
    sidecar = entry.get("core-metadata")
    uploaded = entry.get("upload-time")
    return DistributionFile(
        filename=located[0],
        url=located[1],
        listed_on=page,
        hashes=located[2] | _hashes(entry.get("hashes")),
        requires_python=_text(entry, "requires-python"),
        yanked=_yanked(entry.get("yanked")),
        core_metadata=_sidecar(entry.get("dist-info-metadata") if sidecar is None else sidecar),
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        upload_time=parse_time(uploaded, zone_needed=True) if isinstance(uploaded, str) else None,
        provenance=provenance_url(entry.get("provenance"), page),
    )


def _text(entry: Mapping[str, Any], key: str) -> str | None:
    """A text that decides which file is chosen: anything else in its place is not passed over."""
    value = entry.get(key)
    if value is None or (isinstance(value, str) and _is_writable(value)):
        return value or None
    raise InvalidPage(f"its JSON has a file whose {key} is not a text")


def _is_writable(text: str) -> bool:
    """Whether a text can be written as UTF-8; JSON can also spell half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hashes(value: Any) -> Hashes:
    if value is None:
        return frozenset()
    if not isinstance(value, Mapping) or not all(
        isinstance(digest, str) and _is_writable(digest) for digest in value.values()
    ):
        raise InvalidPage("its JSON has a file whose hashes are not texts by name")
    return frozenset((name, digest.lower()) for name, digest in value.items() if name in ALGORITHMS)


def _yanked(value: Any) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() or None
    return "" if value else None


def _sidecar(value: Any) -> Hashes | None:
    """None where no metadata file is offered, else its hashes, which may be none."""
    if isinstance(value, Mapping):
        return _hashes(value)
    return frozenset() if value else None
