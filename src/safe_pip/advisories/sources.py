"""Sources of advisories: each makes, or keeps up to date, one local database, and says how old it is.

A source is asked once a run. What it cannot do it tells with an AdvisoryError; it never returns an empty database.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from safe_pip import urls
from safe_pip.advisories.database import Database, build, update
from safe_pip.advisories.noted import looked_at
from safe_pip.advisories.record import BadRecord, Record, parse_record, record_from
from safe_pip.advisories.stored import Holding, Service, Unreadable
from safe_pip.errors import AdvisoryError, FetchError, UsageError
from safe_pip.index.keyring import Keyring
from safe_pip.owned import is_ours
from safe_pip.progress import Progress
from safe_pip.times import parse_time

if TYPE_CHECKING:
    from safe_pip.index.http import Http

OSV_BULK_URL = "https://osv-vulnerabilities.storage.googleapis.com"
"""Base of OSV's bulk export; ``SAFE_PIP_OSV_BULK_URL`` names another."""

SYNC_AFTER = timedelta(hours=1)
"""A database younger than this is not brought up to date again."""

STALE_AFTER = timedelta(days=7)
"""Advisories older than this are called stale."""

USABLE_FOR = timedelta(hours=24)
"""How long a database may still serve when its source cannot be reached."""

_LARGEST_EXPORT = 4_000_000_000
_LARGEST_LIST = 200_000_000
_LARGEST_RECORD = 20_000_000
_MOST_SINGLE_RECORDS = 250
_GONE = (404, 410)
_LATER = "Try again later, or name another source with --advisories."
_LOCK_SECONDS = 600
_STARTER = "starter.json"


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


def source_for(
    text: str, *, osv_url: str | None = None, bulk_url: str | None = None, said: str = "--advisories"
) -> Source:
    """The source that ``--advisories`` or ``-s`` names, or the policy. said: which, for messages.

    A service, ``osv`` or ``pypi``; ``local`` for OSV's bulk export, kept on this machine; a path; the URL of a zip; or
    (ending in ``/``) the base of an export. osv_url, bulk_url: where OSV's API and its export are, if not in their own
    place. Raises UsageError for what can name nothing; AdvisoryError for a path that is not there.
    """
    # Who asks no service need not load what asks them; and those modules need this one.
    if text == "osv":
        from safe_pip.advisories.osv import OsvApi

        return OsvApi.at(osv_url) if osv_url else OsvApi()
    if text == "pypi":
        from safe_pip.advisories.index_json import IndexJson

        return IndexJson()
    if text == "local":
        return BulkExport((bulk_url or OSV_BULK_URL).rstrip("/"))
    if text == "esms":
        raise UsageError(
            "esms: safe-pip does not take this source of advisories.",
            "Name local, osv or pypi, or a zip, folder, file or URL of OSV records.",
        )
    if urls.scheme(text) in ("http", "https"):
        is_base = urllib.parse.urlsplit(text).path.endswith("/")
        return BulkExport(text.rstrip("/"), named=True) if is_base else RemoteZip(text)
    try:
        path = urls.url_to_path(text) if urls.scheme(text) == "file" else os.path.expanduser(text)
    except ValueError as error:
        raise UsageError(f"{said} {text}: {error}.", "Give a path on this machine.") from error
    if not path.strip():
        raise UsageError("--advisories names nothing.", "Give a zip, folder, file or URL of OSV records.")
    if not os.path.exists(path):
        raise AdvisoryError(f"{said} {urls.redacted(text)}: there is no such file or folder.", "Check the path.")
    if not (os.path.isfile(path) or os.path.isdir(path)):
        # A FIFO would be waited for without an end.
        raise AdvisoryError(f"{said} {urls.redacted(text)}: this is neither a file nor a folder.", "Check the path.")
    return Collection(Path(path))


# --------------------------------------------------------------------------- the sources


@dataclass(frozen=True)
class Collection:
    """A zip, folder or file on this machine. Its database is built anew whenever its content changes."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path).encode("utf-8", "replace").decode("utf-8")

    def open(self, context: Context) -> Opened:
        place = _place(context, "local", str(self.path.absolute()))
        try:
            state, made = looked_at(self.path, place.with_suffix(".json"), context.now)
        except OSError as error:
            raise AdvisoryError(
                f"{self.path} cannot be read: {error.strerror or error}.", "Check its permissions."
            ) from error
        # Databases are replaced whole, so one that is up to date is read without waiting for anybody.
        if _meta(place).get("state") == state:
            return Opened(Database(place), self.name, made)
        with _locked(place):
            if _meta(place).get("state") != state:
                from safe_pip.advisories.collection import read_collection

                build(place, read_collection(self.path), {"state": state, "source": self.name})
            return Opened(Database(place), self.name, made)


@dataclass(frozen=True)
class RemoteZip:
    """The URL of a zip of records. It is asked for on every run, and sent again only where it has changed."""

    url: str

    @property
    def name(self) -> str:
        return shown_url(self.url)

    def open(self, context: Context) -> Opened:
        place = _place(context, "url", self.url)
        if context.offline:
            return _offline(place, self.name)
        from safe_pip.advisories.collection import read_collection

        with _locked(place):
            with _fetched_zip(context, self.url, place, _meta(place)) as fetched:
                if fetched is not None:
                    archive, meta = fetched
                    build(place, read_collection(archive, self.name), meta | {"source": self.name})
            database = Database(place)
        return Opened(database, self.name, parse_time(database.meta.get("as_of", "")))


@dataclass(frozen=True)
class BulkExport:
    """OSV's bulk export for PyPI: ``PyPI/all.zip`` once, then only what ``PyPI/modified_id.csv`` says has changed.

    rebuild: fetch all of it anew. at_once: ask what has changed, however young the database is. named: whether the
    user asked for this very one, so that nothing else may stand in for it.
    """

    base: str = OSV_BULK_URL
    rebuild: bool = False
    at_once: bool = False
    named: bool = False

    @property
    def name(self) -> str:
        return f"OSV bulk export ({shown_url(self.base)})"

    def open(self, context: Context) -> Opened:
        place = _place(context, "osv", self.base)
        if context.offline:
            return _offline(place, self.name)
        with _locked(place):
            synced = parse_time(_meta(place).get("synced_at", ""))
            # A time to come is that of a clock that was wrong.
            age = abs(context.now - synced) if synced is not None else None
            if age is not None and age < SYNC_AFTER and not self.at_once and not self.rebuild:
                return Opened(Database(place), self.name, synced)
            present = {} if self.rebuild else _present(place)
            try:
                note = self._sync(context, place, present)
            except AdvisoryError as error:
                if not present or age is None or age > USABLE_FOR:
                    raise
                return Opened(Database(place), self.name, synced, f"not brought up to date: {error.message}")
            return Opened(Database(place), self.name, context.now, note)

    def _sync(self, context: Context, place: Path, present: Mapping[str, str]) -> str:
        """Bring the database up to date: unchanged, by single records, or by the whole export. Returns a note.

        present: the time of change of each record that the database has, empty where it is to be made anew.
        """
        meta = {"synced_at": time_text(context.now), "source": self.name}
        if not present:
            return self._from_export(context, place, meta, before=0)
        listed = self._listed(context)
        changed = [identifier for identifier, time in listed.items() if _is_newer(time, present.get(identifier))]
        missing = [identifier for identifier in present if identifier not in listed]
        if len(changed) + len(missing) > _MOST_SINGLE_RECORDS:
            return self._from_export(context, place, meta, before=len(present))
        records, deleted = self._single_records(context, changed, missing)
        update(place, records, deleted, meta)
        return f"{len(changed)} changed, {len(deleted)} deleted" if changed or deleted else "unchanged"

    def _from_export(self, context: Context, place: Path, meta: dict[str, str], *, before: int) -> str:
        from safe_pip.advisories.collection import read_collection

        with _fetched_zip(context, f"{self.base}/PyPI/all.zip", place, {}) as fetched:
            assert fetched is not None
            archive, _ = fetched
            temporary = archive.with_name(place.name)
            count = build(temporary, read_collection(archive, self.name), meta)
            if count < before // 2:
                raise AdvisoryError(
                    f"{self.name} offers {count:,} records, where there were {before:,}.",
                    "If that is right, run `safe-pip advisories sync --rebuild`.",
                )
            temporary.replace(place)
        return f"{count:,} records fetched"

    def _listed(self, context: Context) -> dict[str, str]:
        """Every record's id and time of change. Raises AdvisoryError for a list that makes no sense."""
        import csv
        import io

        url = f"{self.base}/PyPI/modified_id.csv"
        try:
            content = context.http.get(url, limit=_LARGEST_LIST).content
            rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8"))) if row]
        except FetchError as error:
            raise AdvisoryError(
                f"{self.name} cannot be asked what changed: {error.reason}.", error.hint or _LATER
            ) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise AdvisoryError(f"{shown_url(url)} is not a list of records: {error}.", _LATER) from error
        listed: dict[str, str] = {}
        for row in rows:
            # The list of all ecosystems has the ecosystem before the id.
            identifier = row[1].strip().rpartition("/")[2] if len(row) == 2 else ""
            if not identifier or not identifier.isprintable() or parse_time(row[0]) is None:
                raise AdvisoryError(
                    f"{shown_url(url)} is not a list of records: it has the line {','.join(row)[:80]!r}.", _LATER
                )
            listed.setdefault(identifier, row[0])
        if not listed:
            raise AdvisoryError(f"{shown_url(url)} is empty.", _LATER)
        return listed

    def _single_records(
        self, context: Context, changed: list[str], missing: list[str]
    ) -> tuple[list[Record | Unreadable], list[str]]:
        """Fetch records one by one. Returns the records, and the ids that were deleted.

        missing: ids that are no longer listed. They are asked for too: only what is not there either was deleted, for
        a list can also be cut short.
        """

        def fetch(identifier: str) -> Record | Unreadable | None:
            url = f"{self.base}/PyPI/{urllib.parse.quote(identifier, safe='')}.json"
            try:
                record = parse_record(context.http.get(url, limit=_LARGEST_RECORD).content)
            except FetchError as error:
                if error.status in _GONE and identifier in missing:
                    return None
                raise AdvisoryError(
                    f"{self.name}: {identifier} cannot be fetched: {error.reason}.", error.hint or _LATER
                ) from error
            except BadRecord as error:
                return Unreadable(f"{identifier}.json", str(error), error.packages)
            if record.id != identifier:
                raise AdvisoryError(f"{self.name} answers {record.id} where {identifier} was asked for.", _LATER)
            return record

        from concurrent.futures import ThreadPoolExecutor

        asked = [*changed, *missing]
        with ThreadPoolExecutor(16, thread_name_prefix="advisories") as pool:
            answers = list(pool.map(fetch, asked))
        return (
            [answer for answer in answers if answer is not None],
            [identifier for identifier, answer in zip(asked, answers, strict=True) if answer is None],
        )


@dataclass(frozen=True)
class StarterSet:
    """The few well-known advisories inside the package, for a first look where no source can be reached."""

    @property
    def name(self) -> str:
        return "starter set inside safe-pip"

    def open(self, context: Context) -> Opened:
        from importlib import resources

        text = resources.files(__package__).joinpath(_STARTER).read_text("utf-8")
        place = _place(context, "starter", hashlib.sha256(text.encode()).hexdigest())
        content = json.loads(text)
        with _locked(place):
            if not _meta(place):
                records: list[Record | Unreadable] = [record_from(raw) for raw in content["records"]]
                build(place, records, {"source": self.name})
            return Opened(Database(place), self.name, parse_time(content["as_of"]), is_starter=True)


# --------------------------------------------------------------------------- shared pieces


def cache_folder_of(context: Context) -> Path:
    """The folder of what is kept of advisories, made where it is missing. Raises AdvisoryError where it is no use."""
    folder = context.folder / "advisories"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_ours(folder):
            # Who can write there can hide an advisory.
            raise PermissionError(errno.EPERM, "other users of this machine could change what it holds")
    except OSError as error:
        raise AdvisoryError(
            f"The cache folder {folder} cannot be used: {error.strerror or error}.",
            "Name another with SAFE_PIP_CACHE_DIR.",
        ) from error
    return folder


def _place(context: Context, kind: str, key: str) -> Path:
    """Where the database of a source lies. Raises AdvisoryError where the folder cannot be used."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return cache_folder_of(context) / f"{kind}-{digest[:16]}.db"


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """One process at a time works on a database; what killed ones left behind is cleared away."""
    import filelock

    lock = filelock.FileLock(f"{place}.lock", timeout=_LOCK_SECONDS)
    try:
        with lock:
            for leftover in place.parent.glob(f".{place.name}.*"):
                if leftover.is_dir():
                    shutil.rmtree(leftover)
                else:
                    leftover.unlink(missing_ok=True)
            yield
    except filelock.Timeout as error:
        raise AdvisoryError(
            f"Another safe-pip has been working on {place} for {_LOCK_SECONDS // 60} minutes.",
            "Wait for it, or end it.",
        ) from error
    except OSError as error:
        raise AdvisoryError(
            f"The advisory database {place} cannot be written: {error.strerror or error}.",
            "Free some space, or name another folder with SAFE_PIP_CACHE_DIR.",
        ) from error


def _existing(place: Path) -> Database | None:
    """The database in its place, None where there is none that can be used."""
    if not place.exists():
        return None
    try:
        return Database(place)
    except AdvisoryError:
        return None


def _meta(place: Path) -> Mapping[str, str]:
    """What the database in its place remembers of its source, empty where there is none that can be used."""
    database = _existing(place)
    if database is None:
        return {}
    database.close()
    return database.meta


def _present(place: Path) -> Mapping[str, str]:
    """The records of the database in its place, and when each last changed; empty where it is missing or damaged."""
    database = _existing(place)
    if database is None:
        return {}
    with closing(database):
        return database.modified() if database.is_sound else {}


def _offline(place: Path, name: str) -> Opened:
    """The database in its place, whatever its age. No lock is taken, so the folder may be closed to writers."""
    database = _existing(place)
    if database is None:
        raise AdvisoryError(f"There is no copy of the {name} on this machine.", "Run once without --offline.")
    as_of = parse_time(database.meta.get("synced_at") or database.meta.get("as_of") or "")
    return Opened(database, name, as_of, "offline")


def shown_url(url: str) -> str:
    """A URL as it may be shown: without user, password and query, each of which may be a key."""
    parts = urllib.parse.urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    query = "****" if parts.query else ""
    return urllib.parse.urlunsplit(parts._replace(netloc=f"****@{host}" if at else host, query=query, fragment=""))


@contextmanager
def _fetched_zip(
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
                f"The advisories at {shown_url(url)} cannot be fetched: {error.reason}.", error.hint or _LATER
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


def time_text(moment: datetime) -> str:
    """A time as databases and caches keep it: ISO text in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_newer(listed: str, present: str | None) -> bool:
    """Whether a listed time of change is later than the one on record."""
    if present is None:
        return True
    left, right = parse_time(listed), parse_time(present)
    return left is None or right is None or left > right
