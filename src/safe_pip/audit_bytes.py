"""The bytes of what an audit has resolved: fetched into the private folder, looked at, and gone again at the end.

Only where a policy asks for it. A file that an install has kept is taken from the cache; an audit keeps none, since it
does not know yet whether it is malware.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts
from safe_pip.index.store import FileStore, Stored
from safe_pip.inspect.inspected import inspected
from safe_pip.inspect.looking import KeptLooks, Looks
from safe_pip.model import DistributionFile, Mismatch, Plan, Unchecked
from safe_pip.progress import Progress
from safe_pip.stage import FetchAhead, stage


@dataclass(frozen=True, slots=True)
class BytesFound:
    """What was found in the files of a plan, by name; see ``rules.facts.Facts``."""

    files: Mapping[NormalizedName, FileFacts] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    digests: Mapping[NormalizedName, str] = field(default_factory=dict)
    unchecked: tuple[Unchecked, ...] = ()


@contextmanager
def byte_reader(store: FileStore, folder: Path, progress: Progress, *, kept: Path | None) -> Iterator[ByteReader]:
    """What reads the files of one plan. folder: the private one. kept: what is remembered of earlier looks."""
    looks = Looks(kept=KeptLooks(kept) if kept is not None else None)
    try:
        reader = ByteReader(store, folder, progress, looks)
        try:
            yield reader
        finally:
            reader.stop()
    finally:
        looks.close()


class ByteReader:
    """Fetches files and looks at them, while it is still being resolved."""

    def __init__(self, store: FileStore, folder: Path, progress: Progress, looks: Looks) -> None:
        self._store = store
        self._folder = folder
        self._progress = progress
        self._looks = looks
        self._ahead = FetchAhead(store, self._fetched)

    def begin(self, file: DistributionFile) -> None:
        """Fetch what will most likely be in the plan."""
        self._ahead.begin(file)

    def stop(self) -> None:
        """Begin nothing more."""
        self._ahead.stop()

    def found_in(self, plan: Plan) -> BytesFound:
        """What every file of a plan shows; what cannot be fetched or read is unchecked."""
        self.stop()
        self._progress.step("Fetching")
        staged = stage(plan, self._store, self._folder, self._progress, self._fetched)
        self._progress.step("Checking")
        seen = inspected(plan, staged, self._looks)
        return BytesFound(
            files=seen.files,
            mismatches=(*plan.mismatches, *staged.mismatches, *seen.mismatches),
            digests={name: file.sha256 for name, file in staged.files.items()},
            unchecked=(*staged.unchecked, *seen.unchecked),
        )

    def _fetched(self, file: DistributionFile, stored: Stored) -> None:
        self._looks.begin(file, stored.path, stored.received.digests["sha256"])
