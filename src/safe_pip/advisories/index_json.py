"""The service ``pypi``: what an index itself says in its JSON, ``…/pypi/NAME/VERSION/json`` beside ``…/simple/``.

It says which versions are fixed, and nothing of ranges or severity: a version is affected because the index says so,
and so is every later one up to the first that is fixed.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.advisories.kept import cache_folder_of
from safe_pip.advisories.matching import parse_version
from safe_pip.advisories.record import ECOSYSTEM, BadRecord, record_from
from safe_pip.advisories.remote import (
    RETRIES,
    Asker,
    Pair,
    Remote,
    Unanswered,
    answer_key,
    shown_pairs,
    sibling_of,
    side_by_side,
)
from safe_pip.advisories.sources import Context, Opened
from safe_pip.errors import AdvisoryError
from safe_pip.times import time_text

_LARGEST_ANSWER = 32_000_000
_MISSING = (404, 410)


@dataclass(frozen=True)
class IndexJson:
    """The JSON API beside the index that pip is configured with."""

    @property
    def name(self) -> str:
        """What messages call it before it is known which index that is."""
        return "pypi"

    def open(self, context: Context) -> Opened:
        """Ready to be asked; nothing is sent yet. Raises AdvisoryError where there is no index to ask beside."""
        if context.index_url is None or urls.scheme(context.index_url) not in ("http", "https"):
            raise AdvisoryError(
                "The source pypi asks the index that pip is configured with, and that is not on the web.",
                "Give one with --index-url, or name another source of advisories.",
            )
        base = sibling_of(context.index_url, "pypi")
        clean, _ = urls.split_credentials(base)
        name = f"the index's own advisories ({clean})"
        http = context.http.another(retries=RETRIES, keyring=context.keyring, indexes=[context.index_url])
        service = _IndexJson(name, base, http, cache_folder_of(context), context.now, offline=context.offline)
        return Opened(service, name, None, "offline" if context.offline else "", service=service)


class _IndexJson(Remote):
    """The service in one run."""

    def _ask(self, asker: Asker, pairs: list[Pair]) -> None:
        answers = side_by_side(lambda pair: self._fetch(asker, pair), pairs)
        at = time_text(self.now)
        new: dict[str, Any] = {}
        for pair, answer in zip(pairs, answers, strict=True):
            if answer is not None and self._answer(pair, answer, {}):
                new[answer_key(pair)] = {"at": at, **answer}
                self._note_age(self.now)
        self._cache.keep(new)

    def _answer(self, pair: Pair, kept: Any, records: Mapping[str, Any]) -> bool:
        if kept.get("missing") is True:
            self.not_found.append(pair)
            return True
        try:
            ids = [self._take_entry(pair, entry) for entry in kept["vulnerabilities"]]
        except (BadRecord, KeyError, TypeError) as error:
            self._fail("gave an answer that cannot be read", str(error), *shown_pairs([pair]))
            return False
        self._judge(pair, ids)
        return True

    def _fetch(self, asker: Asker, pair: Pair) -> Any:
        """What the index says of a version, as it is kept; None where that cannot be had."""
        name, version = pair
        wanted = parse_version(version)
        if wanted is None:
            # No index has a version that is none.
            return {"missing": True}
        place = "/".join(urllib.parse.quote(part, safe="", errors="replace") for part in (name, str(wanted), "json"))
        url = f"{self.base}/{place}"
        try:
            answer = asker.json(url, limit=_LARGEST_ANSWER)
            found = answer.get("vulnerabilities") if isinstance(answer, dict) else None
            if not isinstance(found, list):
                raise Unanswered("the answer does not say which vulnerabilities are known")
            info = answer.get("info")
            given = info.get("name") if isinstance(info, dict) else None
            if isinstance(given, str) and canonicalize_name(given) != name:
                raise Unanswered(f"the answer is about {urls.shown(given, 60)}")
            return {"vulnerabilities": found}
        except Unanswered as error:
            if error.status in _MISSING:
                return {"missing": True}
            self._unanswered(error, *shown_pairs([pair]))
            return None

    def _take_entry(self, pair: Pair, entry: Any) -> str:
        """Take one entry of ``vulnerabilities`` as a record. Returns its id. Raises BadRecord."""
        raw = _as_record(pair, entry)
        identifier = record_from(raw, b"{}").id
        before = self._raw.get(identifier)
        if before is not None:
            raw = {**before, "affected": [*before["affected"], *raw["affected"]]}
        self._take(raw)
        return identifier


def _as_record(pair: Pair, entry: Any) -> dict[str, Any]:
    """An entry in the form of the OSV schema. Raises BadRecord for one that is not what indexes answer."""
    if not isinstance(entry, dict):
        raise BadRecord("a vulnerability is not an object")
    fixed = entry.get("fixed_in") or []
    if not isinstance(fixed, list) or not all(isinstance(item, str) for item in fixed):
        raise BadRecord("fixed_in is not a list of versions")
    name, version = pair
    current = parse_version(version)
    later = sorted(
        (moment, text)
        for text in fixed
        if (moment := parse_version(text)) is not None and current is not None and moment > current
    )
    events = [{"introduced": version}, *({"fixed": text} for _, text in later[:1])]
    others = [{"fixed": text} for text in fixed if text.strip() and {"fixed": text} not in events]
    return {
        "id": entry.get("id"),
        "aliases": entry.get("aliases") or [],
        "summary": entry.get("summary"),
        "details": entry.get("details"),
        "withdrawn": entry.get("withdrawn"),
        "references": [{"type": "WEB", "url": entry.get("link")}],
        "affected": [
            {
                "package": {"ecosystem": ECOSYSTEM, "name": name},
                # Fixed versions of other lines begin no range: nothing is known of what lies before them.
                "ranges": [
                    {"type": "ECOSYSTEM", "events": events},
                    *([{"type": "ECOSYSTEM", "events": others}] if others else []),
                ],
            }
        ],
    }
