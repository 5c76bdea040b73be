"""OSV's bulk export, fetched whole once and kept up to date by what it says has changed."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from safe_pip.advisories.building import build, update
from safe_pip.advisories.database import Database
from safe_pip.advisories.kept import kept_copy, locked, meta_of, place_of, present_in
from safe_pip.advisories.record import BadRecord, Record, parse_record
from safe_pip.advisories.remote_zip import fetched_zip
from safe_pip.advisories.sources import LATER, Context, Opened, shown_url
from safe_pip.advisories.stored import Unreadable
from safe_pip.errors import AdvisoryError, FetchError
from safe_pip.times import parse_time, time_text

OSV_BULK_URL = "https://osv-vulnerabilities.storage.googleapis.com"
"""Base of OSV's bulk export; ``SAFE_PIP_OSV_BULK_URL`` names another."""

SYNC_AFTER = timedelta(hours=1)
"""A database younger than this is not brought up to date again."""

USABLE_FOR = timedelta(hours=24)
"""How long a database may still serve when its source cannot be reached."""

_LARGEST_LIST = 200_000_000
_LARGEST_RECORD = 20_000_000
_MOST_SINGLE_RECORDS = 250
_GONE = (404, 410)


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
        place = place_of(context, "osv", self.base)
        if context.offline:
            return kept_copy(place, self.name)
        with locked(place):
            synced = parse_time(meta_of(place).get("synced_at", ""))
            # A time to come is that of a clock that was wrong.
            age = abs(context.now - synced) if synced is not None else None
            if age is not None and age < SYNC_AFTER and not self.at_once and not self.rebuild:
                return Opened(Database(place), self.name, synced)
            present = {} if self.rebuild else present_in(place)
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

        with fetched_zip(context, f"{self.base}/PyPI/all.zip", place, {}) as fetched:
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
                f"{self.name} cannot be asked what changed: {error.reason}.", error.hint or LATER
            ) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise AdvisoryError(f"{shown_url(url)} is not a list of records: {error}.", LATER) from error
        listed: dict[str, str] = {}
        for row in rows:
            # The list of all ecosystems has the ecosystem before the id.
            identifier = row[1].strip().rpartition("/")[2] if len(row) == 2 else ""
            if not identifier or not identifier.isprintable() or parse_time(row[0]) is None:
                raise AdvisoryError(
                    f"{shown_url(url)} is not a list of records: it has the line {','.join(row)[:80]!r}.", LATER
                )
            listed.setdefault(identifier, row[0])
        if not listed:
            raise AdvisoryError(f"{shown_url(url)} is empty.", LATER)
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
                    f"{self.name}: {identifier} cannot be fetched: {error.reason}.", error.hint or LATER
                ) from error
            except BadRecord as error:
                return Unreadable(f"{identifier}.json", str(error), error.packages)
            if record.id != identifier:
                raise AdvisoryError(f"{self.name} answers {record.id} where {identifier} was asked for.", LATER)
            return record

        from concurrent.futures import ThreadPoolExecutor

        asked = [*changed, *missing]
        with ThreadPoolExecutor(16, thread_name_prefix="advisories") as pool:
            answers = list(pool.map(fetch, asked))
        return (
            [answer for answer in answers if answer is not None],
            [identifier for identifier, answer in zip(asked, answers, strict=True) if answer is None],
        )


def _is_newer(listed: str, present: str | None) -> bool:
    """Whether a listed time of change is later than the one on record."""
    if present is None:
        return True
    left, right = parse_time(listed), parse_time(present)
    return left is None or right is None or left > right
