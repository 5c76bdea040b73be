"""Zips of records that are fetched: one at a URL, which is a source by itself, and that of OSV's export."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from safe_pip.advisories.building import build
from safe_pip.advisories.database import Database
from safe_pip.advisories.kept import kept_copy, locked, meta_of, place_of
from safe_pip.advisories.sources import LATER, Context, Opened, shown_url
from safe_pip.errors import AdvisoryError, FetchError
from safe_pip.times import parse_time, time_text

_LARGEST_EXPORT = 4_000_000_000


@dataclass(frozen=True)
class RemoteZip:
    """The URL of a zip of records. It is asked for on every run, and sent again only where it has changed."""

    url: str

    @property
    def name(self) -> str:
        return shown_url(self.url)

    def open(self, context: Context) -> Opened:
        place = place_of(context, "url", self.url)
        if context.offline:
            return kept_copy(place, self.name)
        from safe_pip.advisories.collection import read_collection

        with locked(place):
            with fetched_zip(context, self.url, place, meta_of(place)) as fetched:
                if fetched is not None:
                    archive, meta = fetched
                    build(place, read_collection(archive, self.name), meta | {"source": self.name})
            database = Database(place)
        return Opened(database, self.name, parse_time(database.meta.get("as_of", "")))


@contextmanager
def fetched_zip(
    context: Context, url: str, place: Path, known: Mapping[str, str]
) -> Iterator[tuple[Path, dict[str, str]] | None]:
    """A zip in a folder of its own, and what to remember of it; None where it has not changed.

    known: what the database that was made of it remembers, empty where there is none.
    """
    asked = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    headers = {header: known[key] for key, header in asked.items() if known.get(key)}
    context.progress.step("Fetching advisories")
    with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as folder:
        archive = Path(folder) / "all.zip"
        try:
            received = context.http.download(
                url, archive, limit=_LARGEST_EXPORT, headers=headers, progress=context.progress.received
            )
        except FetchError as error:
            raise AdvisoryError(
                f"The advisories at {shown_url(url)} cannot be fetched: {error.reason}.", error.hint or LATER
            ) from error
        if received.status == 304:
            yield None
            return
        with archive.open("rb") as file:
            if file.read(2) != b"PK":
                kind = received.headers.get("content-type", "")
                said = f", but {kind}" if kind else ""
                raise AdvisoryError(f"{shown_url(url)} did not answer with a zip archive{said}.", "Check the URL.")
        from safe_pip.advisories.collection import collection_date

        modified = _http_date(received.headers.get("last-modified"))
        yield (
            archive,
            {
                "etag": received.headers.get("etag", ""),
                "last_modified": received.headers.get("last-modified", ""),
                "as_of": time_text(modified or collection_date(archive) or context.now),
            },
        )


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None
