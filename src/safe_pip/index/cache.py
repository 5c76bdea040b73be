"""What was learned of index pages and of files' metadata, kept from run to run in one SQLite file.

A page is kept parsed, with its ETag, and is asked for again in every run: only where the server says that it has not
changed (304) is what was kept used, so that a yank or a quarantine is never missed. Metadata belongs to the bytes of a
file, so it is kept by the file's sha256, and by its URL as well, so that no index can speak for the files of another.

The cache is never needed: one that cannot be read, is locked for long or makes no sense is as good as none.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from safe_pip import cache_file
from safe_pip.index.listing import Listing, Unread
from safe_pip.index.relations import Relations
from safe_pip.model import CoreMetadata, DistributionFile

_FORMAT = 4
"""Of the tables and of what is in them. A file of another format is replaced."""

_MOST_BYTES = {"pages": 256_000_000, "metadata": 64_000_000, "usable": 128_000_000}
_MOST_WAITING = 8_000_000
"""Characters that wait in memory to be written at most."""
_RUNS_BETWEEN_MARKS = 20
"""A row that is used is marked as used only every so many runs: most runs then write nothing."""

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pages (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS metadata (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS usable (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
"""


class KeptPage(NamedTuple):
    """A page as it was when it had that ETag. url: where it came from, after redirects. identity: of its bytes."""

    etag: str
    url: str
    files: Listing
    relations: Relations = Relations()
    identity: str = ""


class IndexCache:
    """The cache, open for one run. Safe to use from many threads, and by many runs at once.

    folder: where the file is, made where it is missing; None for no cache, and one that others can change is none.
    trusted_hosts: hosts whose certificates are not looked at in this run. What is learned then is for runs that trust
    the same: anybody on the way could have said it, with the true ETag, and been gone when it is asked for again.
    What is kept is written by ``close``, and before where it is much.
    """

    def __init__(self, folder: Path | None, trusted_hosts: Iterable[str] = ()) -> None:
        hosts = sorted({host.lower() for host in trusted_hosts})
        self._trusting = f"{json.dumps(hosts)} " if hosts else ""
        self._lock = threading.Lock()
        self._new: dict[tuple[str, str], str | None] = {}
        self._used: dict[tuple[str, str], int] = {}
        self._waiting = 0
        self._run = 0
        self._database = None if folder is None else cache_file.opened(folder / f"index-{_FORMAT}.sqlite", _TABLES)
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._run = int(self._database.execute("SELECT max(number) FROM runs").fetchone()[0] or 0) + 1

    def __enter__(self) -> IndexCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ----------------------------------------------------------------- pages

    def page(self, url: str) -> KeptPage | None:
        """What is kept of a page, by the URL it was asked for at."""
        found = self._text("pages", self._trusting + url)
        if found is None:
            return None
        # What it lists is long, and not always looked at, so it stands on a line of its own.
        first, _, listing = found.partition("\n")
        try:
            etag, address, identity, relations = json.loads(first)
            tracks, alternates, status, reason = relations
            kept = Relations(frozenset(map(str, tracks)), frozenset(map(str, alternates)), status, str(reason))
            files = Unread(lambda: Listing.from_columns(json.loads(listing)))
            return KeptPage(str(etag), str(address), files, kept, str(identity))
        except (TypeError, ValueError):
            return None

    def keep_page(self, url: str, page: KeptPage) -> None:
        """Keep a page. One whose links or address have queries, in which tokens could stand, is not kept, nor one that
        https led to plain http for: there anybody can answer once, and leave it to the true server to confirm.
        """
        columns = page.files.columns()
        left_https = url.startswith("https:") and not page.url.startswith("https:")
        if columns is not None and "?" not in url + page.url and not left_https:
            known = page.relations
            relations = [sorted(known.tracks), sorted(known.alternates), known.status, known.reason]
            first = _as_json([page.etag, page.url, page.identity, relations])
            self._put("pages", self._trusting + url, f"{first}\n{_as_json(columns)}")

    # ----------------------------------------------------------------- what of a page can be used

    def usable(self, key: str) -> Any:
        """What ``keep_usable`` was given; None where nothing is kept."""
        return self._get("usable", key)

    def keep_usable(self, key: str, value: object) -> None:
        """Keep what was worked out of the bytes of a page, in values that JSON has. key: says what of, and by what."""
        self._put("usable", key, _as_json(value))

    # ----------------------------------------------------------------- provenance

    def provenance(self, url: str, sha256: str) -> bytes | None:
        """The provenance document that was kept for a file with that digest, from that URL."""
        found = self._get("usable", f"{self._trusting}provenance {sha256} {url}")
        return found.encode("utf-8", "replace") if isinstance(found, str) else None

    def keep_provenance(self, url: str, sha256: str, content: bytes) -> None:
        """Keep a provenance document that was found to be about the file."""
        with suppress(UnicodeDecodeError):
            self._put("usable", f"{self._trusting}provenance {sha256} {url}", _as_json(content.decode("utf-8")))

    # ----------------------------------------------------------------- metadata

    def metadata(self, file: DistributionFile) -> CoreMetadata | None:
        """The metadata of a file on an index that gives its sha256."""
        key = self._file_key(file)
        found = None if key is None else self._get("metadata", key)
        if not isinstance(found, dict):
            return None
        try:
            lists = ("requires_dist", "provides_extra", "dynamic", "license_classifiers")
            return CoreMetadata(**{**found, **{name: tuple(found[name]) for name in lists}})
        except (TypeError, KeyError):
            return None

    def keep_metadata(self, file: DistributionFile, metadata: CoreMetadata) -> None:
        """Keep a file's metadata, but for what came over plain http where the page did not, without its digest."""
        key = self._file_key(file)
        proven = metadata.origin == "sidecar" and bool(file.core_metadata)
        less_safe = file.url.startswith("http:") and (file.listed_on or "").startswith("https:")
        if key is not None and (proven or not less_safe):
            self._put("metadata", key, _as_json(asdict(metadata)))

    def forget(self, file: DistributionFile) -> None:
        """Forget a file's metadata, which has turned out not to be what the file holds."""
        key = self._file_key(file)
        if key is not None:
            with self._lock:
                self._new["metadata", key] = None

    def _file_key(self, file: DistributionFile) -> str | None:
        """What metadata is kept by: the digest of the file, its URL, and the digest of the sidecar it was read from.

        None for a file whose bytes nothing tells, or whose URL may hold a token.
        """
        digest = next((digest for algorithm, digest in file.hashes if algorithm == "sha256"), None)
        sidecar = "".join(f" {name}={value}" for name, value in sorted(file.core_metadata or ()))
        if digest is None or file.is_local or "?" in file.url:
            return None
        return f"{self._trusting}{digest} {file.url}{sidecar}"

    # ----------------------------------------------------------------- the file

    def _get(self, table: str, key: str) -> Any:
        content = self._text(table, key)
        try:
            return None if content is None else json.loads(content)
        except ValueError:
            return None

    def _text(self, table: str, key: str) -> str | None:
        with self._lock:
            content = self._new.get((table, key))
            if content is None and self._database is not None and (table, key) not in self._new:
                try:
                    row = self._database.execute(
                        f"SELECT content, digest, used FROM {table} WHERE key = ?",  # noqa: S608 - one of our names
                        (key,),
                    ).fetchone()
                except sqlite3.Error:
                    return None
                if row is not None and row[1] == cache_file.digest(key, row[0]):
                    content = row[0]
                    self._used[table, key] = row[2]
        return content

    def _put(self, table: str, key: str, content: str) -> None:
        if self._database is None or len(content) > _MOST_BYTES[table] // 4:
            return
        with self._lock:
            self._new[table, key] = content
            self._waiting += len(content)
            if self._waiting > _MOST_WAITING and self._database is not None:
                # Others wait for this lock, so another run that is writing is not waited for here.
                self._flush(self._database, patience=0.05)

    def close(self) -> None:
        """Write what is new and close the file. What cannot be written is dropped."""
        with self._lock:
            database, self._database = self._database, None
            if database is None:
                return
            self._flush(database)
            with suppress(sqlite3.Error):
                database.close()

    def _flush(self, database: sqlite3.Connection, patience: float = cache_file.PATIENCE) -> None:
        """Write what is new; what cannot be written is dropped. patience: seconds to wait for another run's writing."""
        with suppress(sqlite3.Error, UnicodeEncodeError):
            database.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
            self._write(database)
        self._new.clear()
        self._used.clear()
        self._waiting = 0

    def _write(self, database: sqlite3.Connection) -> None:
        marked = [key for key, used in self._used.items() if used < self._run - _RUNS_BETWEEN_MARKS]
        if not self._new and not marked:
            return
        database.execute("BEGIN IMMEDIATE")
        try:
            for table in _MOST_BYTES:
                new = [(key, content) for (place, key), content in self._new.items() if place == table]
                database.executemany(
                    f"REPLACE INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608 - one of our names
                    ((key, text, cache_file.digest(key, text), self._run) for key, text in new if text is not None),
                )
                database.executemany(
                    f"DELETE FROM {table} WHERE key = ?",  # noqa: S608 - one of our names
                    ((key,) for key, text in new if text is None),
                )
                database.executemany(
                    f"UPDATE {table} SET used = ? WHERE key = ?",  # noqa: S608 - one of our names
                    ((self._run, key) for place, key in marked if place == table),
                )
                if new:
                    cache_file.shrink(database, table, _MOST_BYTES[table])
            database.execute("DELETE FROM runs")
            database.execute("INSERT INTO runs VALUES (?)", (self._run,))
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise


def _as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
