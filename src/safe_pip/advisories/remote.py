"""What services of advisories have in common: how they are asked, what came of it, and how that is told."""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

from packaging.utils import NormalizedName

from safe_pip.advisories.aliases import groups
from safe_pip.advisories.answers import AnswerCache
from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.record import Record, record_from
from safe_pip.advisories.severity import Stated, rated
from safe_pip.advisories.stored import Found, Stored, Unreadable
from safe_pip.errors import FetchError
from safe_pip.index.fetch_errors import BrokenOff, TooLarge
from safe_pip.index.http import Http
from safe_pip.index.session import CONNECTIONS
from safe_pip.model import Unchecked
from safe_pip.times import parse_time

RETRIES = 2
"""So often a request is repeated that a server failed to answer."""

AT_ONCE = 2 * CONNECTIONS
"""Requests that run side by side: as many as the session keeps connections for."""

_MOST_SECONDS = 120.0
"""After so long nothing more is begun to be asked."""

_NAMED = 3
_REFUSED = (401, 403, 407, 429)

Pair = tuple[NormalizedName, str]
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Unanswered(Exception):
    """A question that was not answered, or not with anything that can be used. help: what to do about it."""

    def __init__(self, reason: str, help: str = "", status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.help = help
        self.status = status


class Asker:
    """Asks one server from many threads. One that has failed in spite of all retries is not asked again."""

    def __init__(self, http: Http, most_seconds: float = _MOST_SECONDS) -> None:
        self._http = http
        self._ends = time.monotonic() + most_seconds
        self._most = most_seconds
        self._failure: Unanswered | None = None

    def json(self, url: str, question: Any = None, *, limit: int) -> Any:
        """The JSON that a URL answers with, to a GET, or to a POST of a question. Raises Unanswered."""
        if self._failure is None and time.monotonic() > self._ends:
            self._failure = Unanswered(f"it has taken more than {self._most:.0f} seconds")
        if self._failure is not None:
            raise self._failure
        content = self._content(url, question, limit)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Unanswered("the answer is not JSON") from error

    def _content(self, url: str, question: Any, limit: int) -> bytes:
        body = None if question is None else json.dumps(question).encode()
        for attempt in range(RETRIES + 1):
            try:
                answer = self._http.get(url, limit=limit) if body is None else self._http.post(url, body, limit=limit)
                return answer.content
            except FetchError as error:
                if isinstance(error, BrokenOff) and attempt < RETRIES:
                    continue
                failure = Unanswered(error.reason, error.hint, error.status)
                # Of one answer that nobody can use, others know nothing; a server that is down, or takes nobody, is so
                # for all.
                down = error.status in _REFUSED or (error.status or 500) >= 500
                if down and not isinstance(error, BrokenOff | TooLarge):
                    self._failure = failure
                raise failure from error
        raise AssertionError("unreachable: the last attempt returns or raises")


def side_by_side(work: Callable[[Item], Outcome], items: Sequence[Item]) -> list[Outcome]:
    """Do something with many things, some at once; the outcomes in order."""
    if not items:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(items)), thread_name_prefix="advisories") as pool:
        return list(pool.map(work, items))


def asked_version(version: str) -> str:
    """The version that is asked for: without a local label, and else as it was written."""
    public = parse_version(version)
    return version if public is None or "+" not in version else str(public)


class Remote:
    """What has been learned from one service in this run; the parts of ``stored.Service`` that all have.

    name: of the service, for people. folder: of the cache. now: the time of the run. offline: whether only what was
    answered before is used.
    """

    def __init__(self, name: str, base: str, http: Http, folder: Any, now: datetime, *, offline: bool) -> None:
        self.name = name
        self.base = base.rstrip("/")
        self.now = now
        self.offline = offline
        self.as_of: datetime | None = None
        self.unchecked: list[Unchecked] = []
        self.not_found: list[Pair] = []
        self._http = http
        owner = json.dumps([self.base, *sorted(http.network.trusted_hosts)])
        self._cache = AnswerCache(folder, owner, int(now.timestamp()))
        self._lock = threading.Lock()
        self._raw: dict[str, Any] = {}
        self._records: dict[str, Record] = {}
        self._names: dict[NormalizedName, set[str]] = {}
        self._judged: dict[Pair, frozenset[str] | None] = {}
        self._failures: dict[tuple[str, str, str], list[str]] = {}

    def close(self) -> None:
        """Close the cache and all connections."""
        self._cache.close()
        self._http.close()

    # ----------------------------------------------------------------- asking

    def ask(self, packages: Sequence[Pair]) -> None:
        """Ask for versions of packages, all at once. What goes wrong is told in ``unchecked``; nothing is raised."""
        pairs = dict.fromkeys((name, asked_version(version)) for name, version in packages)
        fresh = [pair for pair in pairs if pair not in self._judged]
        if fresh:
            self._judged.update(dict.fromkeys(fresh))
            if self.offline:
                self._recall(fresh)
            else:
                self._ask(Asker(self._http), fresh)
            self._tell_failures()

    def _ask(self, asker: Asker, pairs: list[Pair]) -> None:
        raise NotImplementedError

    def _answer(self, pair: Pair, kept: Any, records: Mapping[str, Any]) -> bool:
        """Take an answer of an earlier run. Whether everything that it needs is there."""
        raise NotImplementedError

    def _recall(self, pairs: list[Pair]) -> None:
        """Take what was answered before; what was not is told."""
        kept = self._cache.get(map(answer_key, pairs))
        records = self._cache.get(
            {record_key(identifier) for answer in kept.values() for identifier in _ids_of(answer)}
        )
        missing = []
        for pair in pairs:
            answer = kept.get(answer_key(pair))
            moment = parse_time(str(answer.get("at"))) if isinstance(answer, dict) else None
            if moment is None or not self._answer(pair, answer, records):
                missing.append(pair)
            else:
                self._note_age(moment)
        if missing:
            self._fail("was not asked before", "--offline was given", *map(_shown, missing))

    def _note_age(self, moment: datetime) -> None:
        self.as_of = moment if self.as_of is None else min(self.as_of, moment)

    # ----------------------------------------------------------------- what came of it

    def judged(self, name: NormalizedName, version: str) -> frozenset[str] | None:
        """The ids of what affects a version, None where that was not asked, or not answered."""
        return self._judged.get((name, asked_version(version)))

    def _take(self, raw: Any) -> None:
        """Take a whole record. Raises BadRecord."""
        # The record is at hand as it is, so it need not be written down once more.
        record = record_from(raw, b"{}")
        self._raw[record.id], self._records[record.id] = raw, record
        for entry in record.affected:
            self._names.setdefault(entry.package, set()).add(record.id)

    def _take_stub(self, identifier: str) -> None:
        """An advisory of which no more is known than that it is there."""
        if identifier not in self._records:
            self._raw[identifier] = {"id": identifier}
            self._records[identifier] = record_from(self._raw[identifier])

    def _judge(self, pair: Pair, ids: Iterable[str]) -> None:
        judged = frozenset(ids)
        self._judged[pair] = judged
        self._names.setdefault(pair[0], set()).update(judged)

    # ----------------------------------------------------------------- what went wrong

    def _fail(self, what: str, reason: str, *about: str, help: str = "") -> None:
        """Note that something could not be learned, to be told once for all that it happened to."""
        with self._lock:
            self._failures.setdefault((what, reason, help), []).extend(about)

    def _unanswered(self, error: Unanswered, *about: str) -> None:
        """The same for what was asked and not answered."""
        self._fail("could not be asked", error.reason, *about, help=error.help)

    def _tell_failures(self) -> None:
        told = []
        for (what, reason, help), about in self._failures.items():
            listed = some_of(sorted(set(about)))
            then = "Run once without --offline." if self.offline else "Try again later, or name another source as well."
            told.append((f"{self.name} {what} about {listed}: {reason}.", help or then))
        # In the order of their words: answers come on several threads, and a report must not change with their speed.
        self.unchecked += [Unchecked("advisories-unavailable", None, None, said, then) for said, then in sorted(told)]
        self._failures.clear()

    # ----------------------------------------------------------------- what is asked of every source

    @property
    def records(self) -> int:
        """How many advisories were received."""
        return len(self._records)

    def find(self, names: Iterable[NormalizedName]) -> Found:
        """All that is known of packages."""
        about = {
            name: [self._stored(identifier, name) for identifier in sorted(self._names[name])]
            for name in names
            if self._names.get(name)
        }
        edges = self.alias_edges({stored.id for advisories in about.values() for stored in advisories})
        joined = {item for edge in edges for item in edge}
        return Found(about, groups(joined, edges), self.stated(joined))

    def _stored(self, identifier: str, name: NormalizedName) -> Stored:
        record = self._records[identifier]
        mine = tuple(entry for entry in record.affected if entry.package == name)
        vectors = [vector for entry in reversed(mine) for vector in entry.severity] + list(record.severity)
        stated = Stated(identifier, rated(vectors), record.severity_word)
        return Stored(identifier, record.withdrawn, record.summary, mine, stated)

    def alias_edges(self, ids: Iterable[str]) -> list[tuple[str, str]]:
        """Every alias relation that can be reached from some ids, in either direction, however far."""
        every = {(record.id, alias) for record in self._records.values() for alias in record.aliases}
        near: dict[str, set[tuple[str, str]]] = {}
        for edge in every:
            for end in edge:
                near.setdefault(end, set()).add(edge)
        found: set[tuple[str, str]] = set()
        fresh, known = set(ids), set[str]()
        while fresh:
            known |= fresh
            edges = {edge for item in fresh for edge in near.get(item, ())}
            found |= edges
            fresh = {item for edge in edges for item in edge} - known
        return sorted(found)

    def stated(self, ids: Iterable[str]) -> list[Stated]:
        """What the records of some ids say of their severity."""
        records = [self._records[item] for item in sorted(set(ids)) if item in self._records]
        return [Stated(record.id, rated(record.severity), record.severity_word) for record in records]

    def full(self, ids: Iterable[str]) -> dict[str, Any]:
        """Whole records by id."""
        return {item: self._raw[item] for item in ids if item in self._raw}

    def record(self, identifier: str) -> Any:
        """One whole record, by its id or by an alias, in capitals or not; None where there is none."""
        wanted = identifier.lower()
        for record in sorted(self._records.values(), key=lambda record: (record.id.lower() != wanted, record.id)):
            if wanted in (record.id.lower(), *(alias.lower() for alias in record.aliases)):
                return self._raw[record.id]
        return None

    def packages_of(self, ids: Iterable[str]) -> set[NormalizedName]:
        """The packages that records of some ids are about."""
        wanted = set(ids)
        return {name for name, about in self._names.items() if about & wanted}

    def unreadable(self) -> list[Unreadable]:
        """None: what could not be read is told in ``unchecked``."""
        return []


def answer_key(pair: Pair) -> str:
    """What an answer is kept by."""
    return f"answer {pair[0]} {pair[1]}"


def record_key(identifier: str) -> str:
    """What a record is kept by."""
    return f"record {identifier}"


def _ids_of(answer: Any) -> list[str]:
    found = answer.get("ids") if isinstance(answer, dict) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _shown(pair: Pair) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in f"{pair[0]} {pair[1]}")


def shown_pairs(pairs: Iterable[Pair]) -> list[str]:
    """Names and versions, for people."""
    return [_shown(pair) for pair in pairs]


def some_of(items: Sequence[str]) -> str:
    """A few of many things, and how many more there are."""
    if len(items) <= _NAMED + 1:
        return ", ".join(items)
    return f"{', '.join(items[:_NAMED])} and {len(items) - _NAMED} more"


def sibling_of(index_url: str, folder: str) -> str:
    """The URL of a folder beside the last one of an index URL: ``…/simple/`` and ``pypi`` give ``…/pypi``."""
    parts = urllib.parse.urlsplit(index_url)
    above = parts.path.rstrip("/").rpartition("/")[0]
    return urllib.parse.urlunsplit(parts._replace(path=f"{above}/{folder}", query="", fragment=""))
