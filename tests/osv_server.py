"""A server that speaks OSV's API, version 1, on loopback: query, querybatch with pages, and single records.

It evaluates records itself, straight from the algorithm of the OSV schema, and shares no code with safe-pip. What it
was asked is in ``asked``; what it does wrong is switched on with ``trouble``.
"""

from __future__ import annotations

import json
import threading
import urllib.parse
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from fakes import Answer, Asked, Server

MOST_QUERIES = 1_000
"""In one batch, as the documentation of the API has it."""


@dataclass
class Trouble:
    """What the server does instead of answering. times: how often, None for ever. path: where, by its beginning."""

    answer: Answer
    times: int | None = None
    path: str = "/"


class OsvServer(Server):
    """An OSV API that is fed with records.

    records: full OSV records of any ecosystem. latency: seconds before every answer. page: how many advisories a
    query is answered with at once; the rest is had with ``page_token``. now: the time by which records are withdrawn.
    """

    def __init__(
        self,
        records: Iterable[Mapping[str, Any]] = (),
        *,
        latency: float = 0.0,
        page: int = 1_000,
        now: datetime | None = None,
    ) -> None:
        self.latency = latency
        self.page = page
        self.now = now or datetime.now(timezone.utc)
        self.records: dict[str, Mapping[str, Any]] = {}
        self._about: dict[str, list[str]] = {}
        self._troubles: list[Trouble] = []
        self._switch = threading.Lock()
        for record in records:
            self.put(record)
        super().__init__()

    @classmethod
    def from_export(cls, archive: Path, **more: Any) -> OsvServer:
        """A server with every record of a zip in the bulk export's layout."""
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if name.endswith(".json")]
            return cls([json.loads(opened.read(name)) for name in names], **more)

    # ----------------------------------------------------------------- what it knows, and what it does wrong

    def put(self, record: Mapping[str, Any]) -> None:
        """Add or change a record."""
        self.remove(record["id"])
        self.records[record["id"]] = record
        for name in {_name_of(entry) for entry in record.get("affected", ())} - {None}:
            assert name is not None
            self._about.setdefault(name, []).append(record["id"])

    def remove(self, identifier: str) -> None:
        """Delete a record, if it is there."""
        if self.records.pop(identifier, None) is not None:
            for ids in self._about.values():
                if identifier in ids:
                    ids.remove(identifier)

    def trouble(
        self,
        status: int = 200,
        body: bytes | str = b"",
        *,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        claim: int | None = None,
        times: int | None = None,
        path: str = "/",
    ) -> None:
        """Answer so from now on: a status, a body that makes no sense, late (delay), or cut off (claim: more bytes).

        times: how often, None until ``well``. path: only below it, such as ``/v1/vulns/``.
        """
        content = body.encode() if isinstance(body, str) else body
        with self._switch:
            self._troubles.append(Trouble(Answer(content, status, headers or {}, delay, claim), times, path))

    def well(self) -> None:
        """Answer as usual again."""
        with self._switch:
            self._troubles.clear()

    # ----------------------------------------------------------------- what it was asked

    @property
    def batches(self) -> list[list[dict[str, Any]]]:
        """The queries of every batch that was asked, in order."""
        return [json.loads(item.body)["queries"] for item in self.asked if item.path == "/v1/querybatch"]

    @property
    def details(self) -> list[str]:
        """The ids of the records that were asked for one by one."""
        prefix = "/v1/vulns/"
        return [urllib.parse.unquote(path.removeprefix(prefix)) for path in self.paths() if path.startswith(prefix)]

    @property
    def told(self) -> str:
        """Everything that clients sent, as one text: what is not in it, the server was never told."""
        return "\n".join(f"{item.method} {item.path} {dict(item.headers)} {item.body.decode()}" for item in self.asked)

    # ----------------------------------------------------------------- answering

    def answer(self, asked: Asked) -> Answer:
        """What to answer: the trouble that is switched on, else what OSV would."""
        with self._switch:
            for trouble in self._troubles:
                if asked.path.startswith(trouble.path) and trouble.times != 0:
                    if trouble.times is not None:
                        trouble.times -= 1
                    return trouble.answer._replace(delay=trouble.answer.delay + self.latency)
        return self._as_osv(asked)._replace(delay=self.latency)

    def _as_osv(self, asked: Asked) -> Answer:
        if asked.method == "GET" and asked.path.startswith("/v1/vulns/"):
            record = self.records.get(urllib.parse.unquote(asked.path.removeprefix("/v1/vulns/")))
            return _json({"code": 5, "message": "Bug not found."}, 404) if record is None else _json(record)
        if asked.method != "POST" or asked.path not in ("/v1/query", "/v1/querybatch"):
            return _json({"code": 5, "message": "Not Found"}, 404)
        try:
            content = json.loads(asked.body)
            if asked.path == "/v1/query":
                found, token = self._page_of(content)
                return _json(_page([dict(self.records[item]) for item in found], token))
            queries = content["queries"]
            if len(queries) > MOST_QUERIES:
                return _json({"code": 3, "message": "Too many queries."}, 400)
            results = []
            for query in queries:
                found, token = self._page_of(query)
                brief = [{"id": item, "modified": self.records[item].get("modified", "")} for item in found]
                results.append(_page(brief, token))
            return _json({"results": results})
        except (KeyError, TypeError, ValueError, AttributeError):
            return _json({"code": 3, "message": "Invalid query."}, 400)

    def _page_of(self, query: Mapping[str, Any]) -> tuple[list[str], str | None]:
        """The ids that answer a query, from its token on, and the token of the next page. Raises KeyError."""
        package = query["package"]
        name, version = package["name"], query.get("version")
        if package["ecosystem"] != "PyPI":
            return [], None
        name = canonicalize_name(name)
        found = [
            identifier
            for identifier in sorted(self._about.get(name, ()))
            if not self._is_withdrawn(self.records[identifier])
            and (version is None or affects(self.records[identifier], name, version))
        ]
        start = int(query.get("page_token") or 0)
        end = start + self.page
        return found[start:end], str(end) if end < len(found) else None

    def _is_withdrawn(self, record: Mapping[str, Any]) -> bool:
        text = record.get("withdrawn")
        return bool(text) and datetime.fromisoformat(text.replace("Z", "+00:00")) <= self.now


def affects(record: Mapping[str, Any], name: str, version: str) -> bool:
    """The evaluation of the OSV schema: listed, or in any range, each range with a state of its own."""
    wanted = _version(version)
    for entry in record.get("affected", ()):
        if _name_of(entry) != name:
            continue
        listed = entry.get("versions", ())
        if version in listed or (wanted is not None and wanted in {_version(item) for item in listed}):
            return True
        for item in entry.get("ranges", ()):
            if item.get("type") != "GIT" and wanted is not None and _in_range(item.get("events", ()), wanted):
                return True
    return False


def _in_range(events: Iterable[Mapping[str, str]], wanted: Version) -> bool:
    turns: list[tuple[Version, int, str]] = []
    limits: list[Version] = []
    for event in events:
        for place, kind in enumerate(("fixed", "introduced", "last_affected")):
            if kind in event:
                bound = Version("0.dev0") if kind == "introduced" and event[kind] == "0" else _version(event[kind])
                if bound is None:
                    return False
                turns.append((bound, place, kind))
        if event.get("limit", "*") != "*":
            limit = _version(event["limit"])
            if limit is not None:
                limits.append(limit)
    if limits and all(wanted >= limit for limit in limits):
        return False
    vulnerable = False
    for bound, _, kind in sorted(turns):
        if kind == "introduced" and wanted >= bound:
            vulnerable = True
        elif (kind == "fixed" and wanted >= bound) or (kind == "last_affected" and wanted > bound):
            vulnerable = False
    return vulnerable


def _name_of(entry: Any) -> str | None:
    package = entry.get("package") if isinstance(entry, Mapping) else None
    if not isinstance(package, Mapping) or package.get("ecosystem") != "PyPI" or not isinstance(package["name"], str):
        return None
    return canonicalize_name(package["name"])


def _version(text: str) -> Version | None:
    try:
        return Version(Version(text).public)
    except (InvalidVersion, TypeError):
        return None


def _page(vulns: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    page: dict[str, Any] = {"vulns": vulns} if vulns else {}
    return page | ({"next_page_token": token} if token else {})


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(content).encode(), status, {"Content-Type": "application/json"})
