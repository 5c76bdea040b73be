"""One look at the bytes of a wheel or a source archive: everything that rules want to know of them, read once.

Nothing is run, and nothing is unpacked to disk. Memory and time have bounds that do not depend on what the archive says
of itself: files are read in pieces, and only few and small ones are held as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename

from safe_pip.facts import FileFacts, Hook, Problem
from safe_pip.inspect import record as records
from safe_pip.inspect.ambiguous import Ambiguous
from safe_pip.inspect.collecting import LARGEST_HELD, Collector, holds, read
from safe_pip.inspect.core_metadata import InvalidMetadata, parse_metadata
from safe_pip.inspect.hooks import hooks_in
from safe_pip.inspect.look_source import look_into_source
from safe_pip.inspect.names import problems_of, what_is_wrong
from safe_pip.inspect.places import is_pips_own, place_of, place_of_command
from safe_pip.inspect.wheel import UnreadableArchive, check_added, check_installable_in, metadata_in, open_zip
from safe_pip.inspect.zip_directory import Directory, Entry, compare_readers, read_directory
from safe_pip.inspect.zip_reading import content, in_order
from safe_pip.model import CoreMetadata, DistributionFile

VERSION = 3
"""Of what is looked at, for what is kept of earlier looks. Count on when a look would find something else."""


def look(path: Path, file: DistributionFile, name: NormalizedName, *, deep: bool = True) -> FileFacts:
    """What the bytes of a staged file show.

    path: the file. file: what the index says of it; its name tells the kind and the tags. name: the project's. deep:
    whether all of it is looked at; else only a wheel's metadata is read, and whether pip would install it as it says.
    Raises OSError where the file itself cannot be read.
    """
    with path.open("rb") as archive:
        return look_into(archive, file, name, deep=deep)


def look_into(archive: IO[bytes], file: DistributionFile, name: NormalizedName, *, deep: bool = True) -> FileFacts:
    """What ``look`` gives, of a file that is open already."""
    if file.is_wheel:
        return _wheel(archive, file.filename, name, deep=deep)
    return look_into_source(archive) if deep else FileFacts()


def _wheel(archive: IO[bytes], filename: str, name: NormalizedName, *, deep: bool) -> FileFacts:
    found = Collector(partial(hooks_in, name=name))
    metadata: CoreMetadata | None = None
    unreadable = ""
    try:
        directory = read_directory(archive) if deep else None
        if directory is not None:
            found.problems += [Problem("unsafe-archive", path, what) for path, what in directory.problems]
            found.problems += problems_of([entry.name for entry in directory.entries])
        with open_zip(archive) as zipped:
            metadata = parse_metadata(metadata_in(zipped, name), "wheel", what="METADATA")
            folder = check_installable_in(zipped, metadata.name, metadata.version)
            if directory is not None:
                compare_readers(directory, zipped)
        if directory is not None:
            _Wheel(archive, folder, found).look(directory)
            check_added(found.here, found.added)
    except Ambiguous as error:
        found.problems.append(Problem("unsafe-archive", error.name, str(error)))
        unreadable = str(error)
    except (UnreadableArchive, InvalidMetadata) as error:
        unreadable = str(error)
    return found.facts(pure=_is_pure(filename), metadata=metadata, unreadable=unreadable)


class _Wheel:
    """The files of a wheel that is being looked at. folder: its ``.dist-info``."""

    def __init__(self, archive: IO[bytes], folder: str, found: Collector) -> None:
        self._archive = archive
        self._record = f"{folder}/RECORD"
        self._entry_points = f"{folder}/entry_points.txt"
        self._folder = folder
        self._found = found

    def look(self, directory: Directory) -> None:
        """Look at every file. Raises UnreadableArchive, Ambiguous among them."""
        placed = list(in_order(self._archive, directory))
        rows = self._rows(placed)
        taken: dict[str, records.Taken] = {}
        for entry, begin in placed:
            if entry.is_folder:
                for _ in content(self._archive, entry, begin):
                    pass
            else:
                taken[entry.name] = self._take(entry, begin, records.row_of(rows, entry.name) if rows else None)
        if rows is not None:
            self._found.problems += records.compare(rows, taken, self._folder)

    def _rows(self, placed: list[tuple[Entry, int]]) -> dict[str, records.Row] | None:
        """What RECORD says, None where there is none that can be read."""
        listed = next(((entry, begin) for entry, begin in placed if entry.name == self._record), None)
        if listed is None:
            self._found.problems.append(Problem("record-mismatch", self._record, "it has no RECORD"))
            return None
        if listed[0].size > records.LARGEST_RECORD:
            raise UnreadableArchive(f"its RECORD is larger than {records.LARGEST_RECORD:,} bytes")
        try:
            return records.read_record(b"".join(content(self._archive, *listed)))
        except ValueError as error:
            self._found.problems.append(Problem("record-mismatch", self._record, f"RECORD cannot be read: {error}"))
            return None

    def _take(self, entry: Entry, begin: int, row: records.Row | None) -> records.Taken:
        """Read one file, and note what it is."""
        place = place_of(entry.name)
        is_entry_points = entry.name == self._entry_points
        hold = is_entry_points and entry.size <= LARGEST_HELD
        hold = hold or (place.kind == "site" and holds(place.path, entry.size))
        was = read(content(self._archive, entry, begin), row, hold=hold)
        self._found.add_native(entry.name, was)
        if place.kind == "site":
            if place.path in self._found.here:
                self._tell(entry.name, "another file of it goes to the same place, and one of them is overwritten")
            self._found.add(place.path, was)
        elif place.kind == "script":
            self._found.scripts.add(place.path)
        elif place.kind == "else" and is_pips_own(place.path):
            self._tell(entry.name, "pip takes it for its settings in the environment, such as which index to ask")
        elif place.kind == "library":
            self._found.library.append(place.path)
        elif place.kind == "setting-up":
            self._found.hooks.append(Hook(place.path, was.digests["sha256"]))
        if entry.name == f"{self._folder}/direct_url.json":
            self._tell(entry.name, "it says where the package was installed from, which installers alone write")
        if is_entry_points:
            if was.data is None:
                raise UnreadableArchive(f"its entry_points.txt is larger than {LARGEST_HELD:,} bytes")
            self._add_commands(was.data)
        return records.Taken(was.digests, entry.size)

    def _add_commands(self, data: bytes) -> None:
        """Note the commands that entry points make. pip writes each to the folder of scripts, under its name."""
        for command in _commands(data):
            if "/" in command or what_is_wrong(command):
                self._tell(self._entry_points, f"it makes a command that would be written elsewhere: {command!a}")
                continue
            place = place_of_command(command)
            if place.kind == "script":
                self._found.scripts.add(command)
            else:
                self._found.hooks.append(Hook(place.path, ""))

    def _tell(self, path: str, what: str) -> None:
        self._found.problems.append(Problem("unsafe-archive", path, what))


def _is_pure(filename: str) -> bool:
    try:
        tags = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return False
    return all(tag.abi == "none" and tag.platform == "any" for tag in tags)


def _commands(data: bytes) -> Iterator[str]:
    """The names of the scripts that entry points make (PyPA specification "Entry points")."""
    within = False
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            within = text.strip("[] ") in ("console_scripts", "gui_scripts")
        elif within and "=" in text and not text.startswith("#"):
            yield text.partition("=")[0].strip()
