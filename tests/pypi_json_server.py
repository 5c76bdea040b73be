"""An index on loopback that has vulnerabilities in its own JSON, ``/pypi/NAME/VERSION/json`` beside ``/simple/``."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from packaging.utils import canonicalize_name

from fakes import Answer, Asked, Server


def vulnerability(identifier: str, **more: Any) -> dict[str, Any]:
    """One entry of ``vulnerabilities``, as an index writes it."""
    return {
        "id": identifier,
        "source": "osv",
        "link": f"http://advisories.example/{identifier}",
        "aliases": [],
        "details": f"{identifier} in full.",
        "summary": f"{identifier} in short",
        "fixed_in": [],
        "withdrawn": None,
        **more,
    }


class PyPIJsonServer(Server):
    """The JSON API of an index. ``add`` says what it has; whatever else is asked for is not there (404).

    latency: seconds before every answer.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.releases: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._trouble: tuple[Answer, int | None] | None = None
        self._switch = threading.Lock()
        super().__init__()

    @property
    def url(self) -> str:
        """The base URL of the index, as pip is given it."""
        return f"{self.base}/simple/"

    def add(self, name: str, version: str, *vulnerabilities: Mapping[str, Any]) -> None:
        """Have a release, with what is known of it."""
        self.releases[canonicalize_name(name), version] = list(vulnerabilities)

    def add_many(self, releases: Iterable[tuple[str, str]]) -> None:
        """Have releases that nothing is known of."""
        for name, version in releases:
            self.add(name, version)

    def trouble(
        self,
        status: int = 200,
        body: bytes | str = b"",
        *,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        claim: int | None = None,
        times: int | None = None,
    ) -> None:
        """Answer so, ``times`` times or for ever: a status, nonsense, late, or cut off (claim: more bytes)."""
        content = body.encode() if isinstance(body, str) else body
        with self._switch:
            self._trouble = (Answer(content, status, headers or {}, delay, claim), times)

    def well(self) -> None:
        """Answer as usual again."""
        with self._switch:
            self._trouble = None

    @property
    def told(self) -> str:
        """Everything that clients sent, as one text."""
        return "\n".join(f"{item.method} {item.path} {dict(item.headers)} {item.body.decode()}" for item in self.asked)

    def answer(self, asked: Asked) -> Answer:
        """What to answer: the trouble that is switched on, else the release."""
        with self._switch:
            if self._trouble is not None and self._trouble[1] != 0:
                answer, times = self._trouble
                self._trouble = (answer, None if times is None else times - 1)
                return answer._replace(delay=answer.delay + self.latency)
        parts = [urllib.parse.unquote(part) for part in asked.path.split("/")]
        if len(parts) != 5 or (parts[1], parts[4]) != ("pypi", "json"):
            return Answer(b"not found", 404, delay=self.latency)
        found = self.releases.get((canonicalize_name(parts[2]), parts[3]))
        if found is None:
            return Answer(b'{"message": "Not Found"}', 404, delay=self.latency)
        content = {"info": {"name": parts[2], "version": parts[3]}, "urls": [], "vulnerabilities": found}
        return Answer(json.dumps(content).encode(), 200, {"Content-Type": "application/json"}, self.latency)
