"""How likely vulnerabilities are to be exploited: EPSS scores, and the catalog of those that are (KEV).

Both come from files or URLs that the policy names, and are read only then. Formats: EPSS as FIRST publishes it, a CSV
file (it may be packed with gzip) with a comment line and the header ``cve,epss,percentile``; KEV as CISA publishes it,
in JSON. What came from a URL is kept in the cache folder, with the time at which it was fetched.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from safe_pip import urls
from safe_pip.advisories.kept import cache_folder_of
from safe_pip.advisories.sources import STALE_AFTER, Context, shown_url
from safe_pip.errors import AdvisoryError, FetchError, UsageError
from safe_pip.model import AdvisoryGroup, Unchecked
from safe_pip.times import parse_time, time_text

Kind = Literal["epss", "kev"]
Scores = Mapping[str, float]
"""A number for each CVE id, in capitals. Of a list, where to be listed is enough, it is 1."""

FETCH_AFTER = timedelta(hours=12)
"""What was fetched longer ago is asked for anew; both are published once a day."""

_LARGEST = 50_000_000
_TITLES = {"epss": "EPSS scores", "kev": "catalog of exploited vulnerabilities"}
_CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Risk:
    """What is known of ids. epss: None where the policy names none. kev: likewise."""

    epss: Scores | None = None
    kev: Scores | None = None

    def rated(self, group: AdvisoryGroup) -> AdvisoryGroup:
        """A group with what is known of any of its ids: the highest score, and whether one of them is listed."""
        ids = {identifier.upper() for identifier in group.ids}
        scores = [self.epss[item] for item in ids if item in self.epss] if self.epss is not None else []
        listed = self.kev is not None and any(item in self.kev for item in ids)
        if not scores and not listed:
            return group
        return replace(group, epss=max(scores, default=None), kev=listed)


@dataclass(frozen=True, slots=True)
class RiskSources:
    """The files or URLs that the policy names, None for what it names none of."""

    epss: str | None = None
    kev: str | None = None

    def read(self, context: Context) -> tuple[Risk, tuple[Unchecked, ...]]:
        """What they say, and which of them could not be had. Raises UsageError for a file that makes no sense."""
        found: dict[Kind, Scores] = {}
        unchecked: list[Unchecked] = []
        named: tuple[tuple[Kind, str | None], ...] = (("epss", self.epss), ("kev", self.kev))
        for kind, source in named:
            if source is None:
                continue
            try:
                found[kind] = _read(kind, source, context)
            except AdvisoryError as error:
                unchecked.append(Unchecked("advisories-unavailable", None, None, error.message, error.hint))
        return Risk(found.get("epss"), found.get("kev")), tuple(unchecked)


def _read(kind: Kind, source: str, context: Context) -> Scores:
    if urls.scheme(source) in ("http", "https"):
        return _Remote(kind, source, context).read()
    try:
        path = Path(urls.url_to_path(source) if urls.scheme(source) == "file" else os.path.expanduser(source))
        if path.exists() and not path.is_file():
            # A clone may name a FIFO, which would be waited for without an end.
            raise OSError(0, "it is not a file")
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        title = f"The {_TITLES[kind]} of the policy, {urls.redacted(source)},"
        raise AdvisoryError(f"{title} cannot be read: {reason}.", "Check the path and its permissions.") from error
    try:
        return _PARSERS[kind](content)
    except _Malformed as error:
        raise UsageError(
            f"{urls.redacted(source)}: this is no {_TITLES[kind]}: {error}.", "Fetch it anew, or name another file."
        ) from error


@dataclass
class _Remote:
    """What a URL has, and the copy of it in the cache."""

    kind: Kind
    url: str
    context: Context
    _place: Path = field(init=False)

    def __post_init__(self) -> None:
        from hashlib import sha256

        digest = sha256(self.url.encode("utf-8", "surrogateescape")).hexdigest()
        self._place = cache_folder_of(self.context) / f"{self.kind}-{digest[:16]}.json"

    def read(self) -> Scores:
        """Its content: the copy where that is young enough, or where nothing else can be had for a week."""
        kept, age = self._kept()
        if kept is not None and (self.context.offline or age < FETCH_AFTER):
            return kept
        title = f"The {_TITLES[self.kind]} at {shown_url(self.url)}"
        if self.context.offline:
            raise AdvisoryError(f"Of {title[0].lower()}{title[1:]} there is no copy.", "Run once without --offline.")
        self.context.progress.step("Fetching advisories")
        try:
            scores = _PARSERS[self.kind](self.context.http.get(self.url, limit=_LARGEST).content)
        except FetchError as error:
            problem = AdvisoryError(f"{title} cannot be fetched: {error.reason}.", error.hint or "Try again later.")
        except _Malformed as error:
            problem = AdvisoryError(f"{title} makes no sense: {error}.", "Check the URL in the policy.")
        else:
            self._keep(scores)
            return scores
        if kept is not None and age < STALE_AFTER:
            return kept
        raise problem

    def _kept(self) -> tuple[Scores | None, timedelta]:
        """The copy, and how old it is; a time to come is that of a clock that was wrong."""
        with suppress(OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            kept = json.loads(self._place.read_bytes())
            fetched = parse_time(kept["fetched"])
            scores = kept["scores"]
            sound = isinstance(scores, dict) and all(isinstance(value, float) for value in scores.values())
            if fetched is not None and sound and scores:
                return scores, abs(self.context.now - fetched)
        return None, timedelta.max

    def _keep(self, scores: Scores) -> None:
        temporary = self._place.with_name(f".{self._place.name}.{os.getpid()}.tmp")
        with suppress(OSError):
            temporary.write_text(json.dumps({"fetched": time_text(self.context.now), "scores": scores}), "utf-8")
            os.replace(temporary, self._place)


# --------------------------------------------------------------------------- formats


class _Malformed(Exception):
    """What was read is not what it should be."""


def _epss(content: bytes) -> Scores:
    """EPSS scores, from 0 to 1. Raises _Malformed for any line that is none: half of a file is no file."""
    try:
        lines = _unpacked(content).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _Malformed("it is not text in UTF-8") from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    header = [column.strip().lower() for column in numbered[0][1].split(",")] if numbered else []
    if not {"cve", "epss"} <= set(header):
        raise _Malformed("it has no header with cve and epss")
    cve, epss = header.index("cve"), header.index("epss")
    scores = {}
    for number, line in numbered[1:]:
        row = line.split(",")
        if len(row) != len(header) or not _CVE.fullmatch(row[cve].strip()) or not _NUMBER.fullmatch(row[epss].strip()):
            raise _Malformed(f"line {number} is not a CVE id and its scores")
        score = float(row[epss].strip())
        if not 0 <= score <= 1:
            raise _Malformed(f"line {number} has a score that is not from 0 to 1")
        scores[row[cve].strip()] = score
    if not scores:
        raise _Malformed("it has no scores")
    return scores


def _kev(content: bytes) -> Scores:
    """The CVE ids of a catalog. Raises _Malformed for one that is empty, or has an entry without an id."""
    try:
        catalog = json.loads(_unpacked(content))
    except (ValueError, RecursionError) as error:
        raise _Malformed("it is not JSON") from error
    entries = catalog.get("vulnerabilities") if isinstance(catalog, dict) else None
    if not isinstance(entries, list) or not entries:
        raise _Malformed("it has no list of vulnerabilities")
    ids = [entry.get("cveID") if isinstance(entry, dict) else None for entry in entries]
    if not all(isinstance(item, str) and _CVE.fullmatch(item.strip()) for item in ids):
        raise _Malformed("it has an entry without a cveID")
    return dict.fromkeys(_stripped(ids), 1.0)


def _stripped(ids: Iterable[str | None]) -> list[str]:
    return [item.strip() for item in ids if item is not None]


_PARSERS: Mapping[Kind, Callable[[bytes], Scores]] = {"epss": _epss, "kev": _kev}


def _unpacked(content: bytes) -> bytes:
    """The content, unpacked where gzip has packed it, and not without end."""
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(_LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _Malformed("it cannot be unpacked") from error
    if len(content) > _LARGEST:
        raise _Malformed(f"it is larger than {_LARGEST // 1_000_000} MB")
    return content
