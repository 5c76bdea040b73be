"""SQLite files that hold what may be lost: used by many runs at once, made anew where they cannot be read."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from safe_pip.owned import is_ours

PATIENCE = 2.0
"""Seconds to wait for another run that is writing."""


def opened(path: Path, tables: str) -> sqlite3.Connection | None:
    """The file, made anew where it is missing, is none, or is torn; None where that cannot be.

    tables: what makes them where they are missing. The folder is made too; one that others can change is not used.
    """
    for _ in range(2):
        database = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_ours(path.parent):
                return None
            database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            # A run that is killed leaves the file whole in any case; a torn one, after a loss of power, is seen by
            # the digests, and is no loss.
            database.execute("PRAGMA synchronous = OFF")
            count = tables.count("CREATE TABLE")
            if database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0] < count:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(tables)
            return database
        except sqlite3.OperationalError:
            # Locked, or on a disk that is full or read-only: somebody else's file is left alone.
            _close(database)
            return None
        except sqlite3.DatabaseError:
            _close(database)
            _remove(path)
        except (OSError, ValueError):
            _close(database)
            return None
    return None


def _close(database: sqlite3.Connection | None) -> None:
    if database is not None:
        with suppress(sqlite3.Error):
            database.close()


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def shrink(database: sqlite3.Connection, table: str, most: int) -> None:
    """Delete what has not been used for the longest time, where there is too much.

    table: with the columns key, content and used. most: characters or bytes of content.
    """
    rows: Iterable[tuple[str, int]] = database.execute(
        f"SELECT key, length(content) FROM {table} ORDER BY used DESC"  # noqa: S608 - the callers' own names
    ).fetchall()
    total = 0
    surplus = []
    for key, size in rows:
        total += size
        if total > most:
            surplus.append((key,))
    database.executemany(f"DELETE FROM {table} WHERE key = ?", surplus)  # noqa: S608 - the same


def digest(key: str, content: str) -> bytes:
    """What shows that a row is as it was written."""
    return hashlib.blake2b(f"{key}\n{content}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
