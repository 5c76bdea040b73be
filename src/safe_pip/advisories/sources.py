"""What a source of advisories is: it makes, or keeps up to date, one local database, and says how old that is.

A source is asked once a run. What it cannot do it tells with an AdvisoryError; it never returns an empty database.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from safe_pip.advisories.stored import Holding, Service
from safe_pip.index.keyring import Keyring
from safe_pip.progress import Progress

if TYPE_CHECKING:
    from safe_pip.index.http import Http


STALE_AFTER = timedelta(days=7)
"""Advisories older than this are called stale."""

LATER = "Try again later, or name another source with --advisories."
"""What to do about a source that cannot be had now."""


@dataclass(frozen=True)
class Opened:
    """A source that is ready, and what a report says of it.

    database: what it holds. service: the same where it is asked over the network; it then knows itself how old it is.
    """

    database: Holding
    source: str
    as_of: datetime | None
    note: str = ""
    is_starter: bool = False
    service: Service | None = None


@dataclass(frozen=True)
class Context:
    """What sources need.

    folder: the cache folder for databases. now: the time, in UTC. index_url: base URL of the index, with its
    credentials, beside which the source ``pypi`` asks. keyring: what that is asked for where the index wants a login.
    """

    folder: Path
    http: Http
    now: datetime
    offline: bool = False
    progress: Progress = Progress()
    index_url: str | None = None
    keyring: Keyring | None = None


class Source(Protocol):
    """A place that advisories come from."""

    @property
    def name(self) -> str:
        """What reports call it, without credentials."""
        ...

    def open(self, context: Context) -> Opened:
        """The database of this source, made or brought up to date. Raises AdvisoryError."""
        ...


def shown_url(url: str) -> str:
    """A URL as it may be shown: without user, password and query, each of which may be a key."""
    parts = urllib.parse.urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    query = "****" if parts.query else ""
    return urllib.parse.urlunsplit(parts._replace(netloc=f"****@{host}" if at else host, query=query, fragment=""))
