"""What services of advisories have answered, kept from run to run in one SQLite file.

Records are kept by id and time of change, so that a service is asked only for what is new; answers are kept for runs
without a network. The cache is never needed: one that cannot be read, is locked for long or makes no sense is as good
as none, and a row that is not as it was written is no row.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from safe_pip import cache_file

_FORMAT = 1
"""Of the tables and of what is in them."""

_MOST_CHARACTERS = 128_000_000
_LARGEST = 8_000_000
_FEW = 900

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
"""


class AnswerCache:
    """JSON values by key, open for one run. Safe to use from many threads, and by many runs at once.

    folder: where the file is, made where it is missing. owner: what all keys of this run begin with: a service's
    address, and whose certificates were not looked at, since nothing learned then is for others. moment: the time of
    the run in whole seconds, by which what was used longest ago is dropped.
    """

    def __init__(self, folder: Path, owner: str, moment: int) -> None:
        self._owner = owner
        self._moment = moment
        self._lock = threading.Lock()
        self._database = cache_file.opened(folder / f"answers-{_FORMAT}.sqlite", _TABLES)

    def get(self, keys: Iterable[str]) -> dict[str, Any]:
        """What is kept, by key; what is not, or not as it was written, is left out."""
        full = {self._whole(key): key for key in keys}
        found: dict[str, Any] = {}
        ordered = list(full)
        with self._lock, suppress(sqlite3.Error):
            for start in range(0, len(ordered) if self._database is not None else 0, _FEW):
                few = ordered[start : start + _FEW]
                assert self._database is not None
                rows = self._database.execute(
                    f"SELECT key, content, digest FROM answers WHERE key IN ({','.join('?' * len(few))})",  # noqa: S608
                    few,
                ).fetchall()
                for key, content, digest in rows:
                    with suppress(ValueError, RecursionError):
                        if digest == cache_file.digest(key, content):
                            found[full[key]] = json.loads(content)
        return found

    def keep(self, values: Mapping[str, Any]) -> None:
        """Keep values, in one transaction. What cannot be written is dropped."""
        rows = []
        for key, value in values.items():
            whole = self._whole(key)
            try:
                content = json.dumps(value, separators=(",", ":"))
            except RecursionError:
                continue
            if len(content) <= _LARGEST:
                rows.append((whole, content, cache_file.digest(whole, content), self._moment))
        if not rows or self._database is None:
            return
        with self._lock, suppress(sqlite3.Error):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
                pages, size = (
                    self._database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
                )
                if pages * size > _MOST_CHARACTERS:
                    cache_file.shrink(self._database, "answers", _MOST_CHARACTERS)
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise

    def _whole(self, key: str) -> str:
        # Names and versions are anybody's texts, also such as no file takes.
        return f"{self._owner} {key}".encode("ascii", "backslashreplace").decode()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            database, self._database = self._database, None
            if database is not None:
                with suppress(sqlite3.Error):
                    database.close()
