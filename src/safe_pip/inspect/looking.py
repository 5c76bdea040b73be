"""Looks at files, several side by side, as soon as they are here; what was found in a file is kept for later runs."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename

from safe_pip import cache_file
from safe_pip.facts import FileFacts, Hook, Native, Problem
from safe_pip.inspect.look import VERSION, look
from safe_pip.model import CoreMetadata, DistributionFile

LOOKED_FOR = (
    "unsafe-archive",
    "record-mismatch",
    "unrecorded-code",
    "startup-hook",
    "new-hook",
    "file-shadowing",
    "surprising-script",
    "native-code",
)
"""The codes of what only a deep look finds."""

_MOST_AT_ONCE = 4
_MOST_KEPT = 100_000_000
_LARGEST_KEPT = 4_000_000
_TABLES = """
CREATE TABLE looks (key TEXT PRIMARY KEY, content TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL)
    WITHOUT ROWID;
"""


class KeptLooks:
    """What earlier looks have found, by the sha256 of the file. Safe to use from many threads.

    path: of the file that it is kept in. Where that cannot be had, or others can change it, nothing is kept.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = cache_file.opened(path, _TABLES)
        self._new = 0

    def take(self, key: str) -> FileFacts | None:
        """What is kept, None where there is none that can be read."""
        with self._lock, suppress(sqlite3.Error, ValueError, TypeError, KeyError):
            if self._database is not None:
                query = "SELECT content, digest FROM looks WHERE key = ?"
                row = self._database.execute(query, (key,)).fetchone()
                if row is not None and cache_file.digest(key, row[0]) == row[1]:
                    return _facts(json.loads(row[0]))
        return None

    def keep(self, key: str, facts: FileFacts) -> None:
        """Keep what was found."""
        content = json.dumps(asdict(facts))
        if len(content) > _LARGEST_KEPT:
            return
        with self._lock, suppress(sqlite3.Error, UnicodeError):
            if self._database is not None:
                self._new += 1
                # The order in which they came, for want of a clock.
                row = (key, content, cache_file.digest(key, content))
                query = "INSERT OR REPLACE INTO looks SELECT ?, ?, ?, coalesce(max(used), 0) + 1 FROM looks"
                self._database.execute(query, row)

    def close(self) -> None:
        """Write no more, and delete the oldest where there is too much."""
        with self._lock:
            if self._database is None:
                return
            with suppress(sqlite3.Error):
                if self._new:
                    cache_file.shrink(self._database, "looks", _MOST_KEPT)
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None


def _facts(content: dict[str, Any]) -> FileFacts:
    metadata = content["metadata"]
    if metadata is not None:
        metadata = {key: tuple(value) if isinstance(value, list) else value for key, value in metadata.items()}
    return FileFacts(
        problems=tuple(Problem(*item) for item in content["problems"]),
        hooks=tuple(Hook(*item) for item in content["hooks"]),
        top_level=tuple(content["top_level"]),
        code=content["code"],
        added=tuple(content["added"]),
        namespaces=tuple((module, Hook(*item)) for module, item in content["namespaces"]),
        library=tuple(content["library"]),
        scripts=tuple(content["scripts"]),
        native=tuple(Native(*item) for item in content["native"]),
        pure=content["pure"],
        metadata=CoreMetadata(**metadata) if metadata is not None else None,
        unreadable=content["unreadable"],
    )


class Looks:
    """Looks at staged files in threads of its own. Safe to use from many threads.

    deep: whether all of a file is looked at, or only what decides whether pip installs what it says. kept: what is
    remembered of earlier runs, of deep looks only; closed with this.
    """

    def __init__(self, *, deep: bool = True, kept: KeptLooks | None = None) -> None:
        self._deep = deep
        self._kept = kept
        self._lock = threading.Lock()
        self._begun: dict[tuple[Path, str, NormalizedName], Future[FileFacts]] = {}
        self._pool = ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1), thread_name_prefix="look")

    def begin(self, file: DistributionFile, path: Path, sha256: str, name: NormalizedName | None = None) -> None:
        """Begin to look at a file. name: the project's; None for that in the file's name, where it has one."""
        if name is None:
            try:
                name = parse_wheel_filename(file.filename)[0]
            except InvalidWheelFilename:
                return
        with self._lock, suppress(RuntimeError):  # it is closed
            # The digest as well: what was deleted may be fetched again, with other bytes.
            if (path, sha256, name) not in self._begun:
                self._begun[path, sha256, name] = self._pool.submit(self._look, file, path, sha256, name)

    def facts(self, file: DistributionFile, path: Path, sha256: str, name: NormalizedName) -> FileFacts:
        """What the bytes of a file show; waited for. Raises OSError where it cannot be read."""
        self.begin(file, path, sha256, name)
        return self._begun[path, sha256, name].result()

    def close(self) -> None:
        """Look at nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._kept is not None:
            self._kept.close()

    def _look(self, file: DistributionFile, path: Path, sha256: str, name: NormalizedName) -> FileFacts:
        key = f"{VERSION} {sha256} {name} {file.filename}"
        kept = self._kept if self._deep else None
        facts = kept.take(key) if kept is not None else None
        if facts is None:
            facts = look(path, file, name, deep=self._deep)
            if kept is not None:
                kept.keep(key, facts)
        return facts
