"""The service ``osv``: the OSV API, version 1, or one that speaks the same.

Many versions are asked for in one request, and answered with ids; the records are then fetched side by side, but for
those that an earlier run has kept with the same time of change.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from safe_pip import urls
from safe_pip.advisories.kept import cache_folder_of
from safe_pip.advisories.record import BadRecord
from safe_pip.advisories.remote import (
    RETRIES,
    Asker,
    Pair,
    Remote,
    Unanswered,
    answer_key,
    record_key,
    shown_pairs,
    side_by_side,
)
from safe_pip.advisories.sources import Context, Opened
from safe_pip.errors import UsageError
from safe_pip.times import parse_time, time_text

OSV_API_URL = "https://api.osv.dev"
"""Base of OSV's own API; ``--osv-url`` names another."""

_MOST_QUERIES = 1_000
_MOST_PAGES = 200
_LARGEST_BATCH = 64_000_000
_LARGEST_RECORD = 20_000_000
# What an id may look like: it becomes a part of a URL, so neither a slash nor dots alone.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+~-]{0,199}", re.ASCII)


class _Brief(NamedTuple):
    """What a batch says of an advisory: its id, and when it last changed, as written."""

    id: str
    modified: str


class _Query(NamedTuple):
    """A version to ask for, and the page of the answer; "" for the first."""

    pair: Pair
    token: str = ""


@dataclass(frozen=True)
class OsvApi:
    """The service at a base URL. One that ends in ``/v1/query`` is taken too, which is how pip-audit wants it."""

    base: str = OSV_API_URL

    @classmethod
    def at(cls, url: str, option: str = "--osv-url") -> OsvApi:
        """The service at a URL that somebody gave. Raises UsageError for what cannot be one."""
        base = url.strip().rstrip("/")
        for ending in ("/querybatch", "/query", "/v1"):
            base = base.removesuffix(ending)
        parts = urllib.parse.urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
            raise UsageError(
                f"{option} {urls.shown(url)} is not the URL of an API.", f"Give one such as {OSV_API_URL}."
            )
        return cls(base)

    @property
    def name(self) -> str:
        """What reports call it, without credentials."""
        return f"OSV ({urls.redacted(self.base)})"

    def open(self, context: Context) -> Opened:
        """Ready to be asked; nothing is sent yet. Raises AdvisoryError where the cache folder cannot be used."""
        folder = cache_folder_of(context)
        http = context.http.another(retries=RETRIES)
        service = _Osv(self.name, self.base, http, folder, context.now, offline=context.offline)
        return Opened(service, self.name, None, "offline" if context.offline else "", service=service)


class _Osv(Remote):
    """The service in one run."""

    def _ask(self, asker: Asker, pairs: list[Pair]) -> None:
        found, partial = self._briefs(asker, pairs)
        briefs = {brief.id: brief for about in found.values() for brief in about}
        kept = self._cache.get(record_key(item) for item in briefs if item not in self._records)
        for brief in briefs.values():
            self._take_kept(brief, kept.get(record_key(brief.id)))
        missing = [item for item in briefs if item not in self._records]
        fetched = dict(zip(missing, side_by_side(lambda item: self._fetch(asker, item), missing), strict=True))
        new: dict[str, Any] = {}
        for identifier, raw in fetched.items():
            try:
                if raw is not None:
                    self._take(raw)
                    new[record_key(identifier)] = raw
            except BadRecord as error:
                self._fail("gave a record that cannot be read", str(error), identifier)
            self._take_stub(identifier)
        at = time_text(self.now)
        for pair, about in found.items():
            ids = sorted({brief.id for brief in about})
            self._judge(pair, ids)
            if pair not in partial:
                new[answer_key(pair)] = {"at": at, "ids": ids}
            self._note_age(self.now)
        self._cache.keep(new)

    def _take_kept(self, brief: _Brief, kept: Any) -> None:
        """Take a record of an earlier run, where it is still the newest."""
        if isinstance(kept, dict) and kept.get("id") == brief.id:
            then, now = parse_time(str(kept.get("modified"))), parse_time(brief.modified)
            if then is not None and then == now:
                try:
                    self._take(kept)
                except BadRecord:
                    return

    def _answer(self, pair: Pair, kept: Any, records: Mapping[str, Any]) -> bool:
        ids = kept.get("ids")
        if not isinstance(ids, list) or not all(record_key(str(item)) in records for item in ids):
            return False
        try:
            for item in ids:
                self._take(records[record_key(item)])
        except BadRecord:
            return False
        self._judge(pair, ids)
        return True

    # ----------------------------------------------------------------- batches

    def _briefs(self, asker: Asker, pairs: list[Pair]) -> tuple[dict[Pair, list[_Brief]], set[Pair]]:
        """What affects each version, by pages, and the versions of which some or all of that could not be had."""
        found: dict[Pair, list[_Brief]] = {pair: [] for pair in pairs}
        partial: set[Pair] = set()
        queries = [_Query(pair) for pair in pairs]
        seen: set[_Query] = set()
        while queries:
            seen.update(queries)
            batches = [queries[start : start + _MOST_QUERIES] for start in range(0, len(queries), _MOST_QUERIES)]
            answers = side_by_side(lambda batch: self._batch(asker, batch), batches)
            more: list[_Query] = []
            for batch, results in zip(batches, answers, strict=True):
                if results is None:
                    partial.update(query.pair for query in batch)
                    continue
                for query, (briefs, token) in zip(batch, results, strict=True):
                    found[query.pair] += briefs
                    if token:
                        more.append(_Query(query.pair, token))
            # A page that leads back to itself, or on and on, would be asked for without end.
            endless = [query for query in more if query in seen or len(seen) > _MOST_PAGES * len(pairs)]
            if endless:
                self._fail(
                    "gave an answer without end", "its pages lead nowhere", *shown_pairs(q.pair for q in endless)
                )
                partial.update(query.pair for query in endless)
            queries = [query for query in more if query not in endless]
        return {pair: about for pair, about in found.items() if about or pair not in partial}, partial

    def _batch(self, asker: Asker, queries: list[_Query]) -> list[tuple[list[_Brief], str]] | None:
        """The answers to some queries, and the token of the next page of each; None where there are none to use."""
        question = {
            "queries": [
                {
                    "package": {"name": query.pair[0], "ecosystem": "PyPI"},
                    "version": query.pair[1],
                    **({"page_token": query.token} if query.token else {}),
                }
                for query in queries
            ]
        }
        try:
            answer = asker.json(f"{self.base}/v1/querybatch", question, limit=_LARGEST_BATCH)
            return _results(answer, len(queries))
        except Unanswered as error:
            self._unanswered(error, *shown_pairs(query.pair for query in queries))
            return None

    # ----------------------------------------------------------------- records

    def _fetch(self, asker: Asker, identifier: str) -> Any:
        """A whole record, None where it cannot be had."""
        try:
            url = f"{self.base}/v1/vulns/{urllib.parse.quote(identifier, safe='')}"
            raw = asker.json(url, limit=_LARGEST_RECORD)
            given = raw.get("id") if isinstance(raw, dict) else None
            if given != identifier:
                said = f"{urls.shown(given, 60)}" if isinstance(given, str) else "something without an id"
                raise Unanswered(f"the answer is {said}")
            return raw
        except Unanswered as error:
            self._unanswered(error, identifier)
            return None


def _results(answer: Any, count: int) -> list[tuple[list[_Brief], str]]:
    """What a batch answers, checked. count: how many queries were asked. Raises Unanswered."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise Unanswered("the answer has no results")
    if len(results) != count:
        raise Unanswered(f"{count:,} questions got {len(results):,} answers")
    return [_result(result) for result in results]


def _result(result: Any) -> tuple[list[_Brief], str]:
    vulns = result.get("vulns") if isinstance(result, dict) else False
    token = result.get("next_page_token") if isinstance(result, dict) else None
    if vulns is None:
        vulns = []
    if not isinstance(vulns, list) or not isinstance(token, str | None):
        raise Unanswered("a result is not what the API describes")
    return [_brief(item) for item in vulns], token or ""


def _brief(item: Any) -> _Brief:
    identifier = item.get("id") if isinstance(item, dict) else None
    if not isinstance(identifier, str) or _ID.fullmatch(identifier) is None:
        raise Unanswered("a result names an advisory without an id that could be one")
    modified = item.get("modified")
    return _Brief(identifier, modified if isinstance(modified, str) else "")
