"""One look at the bytes of a wheel or a source archive: everything that rules want to know of them, read once.

Nothing is run, and nothing is unpacked to disk. Memory and time have bounds that do not depend on what the archive says
of itself: files are read in pieces, and only few and small ones are held as a whole.
"""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename

from safe_pip.facts import FileFacts, Hook, Native, Problem
from safe_pip.inspect import record as records
from safe_pip.inspect.binaries import ENOUGH, native
from safe_pip.inspect.core_metadata import InvalidMetadata, parse_metadata
from safe_pip.inspect.hooks import customizers, hooks_in, is_read_at_start, namespaces_in, paths_in
from safe_pip.inspect.names import LONGEST_NAME, below, twins, what_is_wrong
from safe_pip.inspect.namespaces import is_namespace, may_be_namespace
from safe_pip.inspect.places import is_code, is_pips_own, place_of, place_of_command, top_level
from safe_pip.inspect.tar_reading import members
from safe_pip.inspect.wheel import (
    BROKEN,
    UnreadableArchive,
    check_added,
    check_installable_in,
    metadata_in,
    open_zip,
)
from safe_pip.inspect.zip_reading import Ambiguous, Directory, Entry, content, in_order, read_directory
from safe_pip.model import CoreMetadata, DistributionFile

VERSION = 2
"""Of what is looked at, for what is kept of earlier looks. Count on when a look would find something else."""

MOST_PROBLEMS = 100
"""Of one code that are told of one file."""

NAMESPACE = "namespace"
"""Stands for the content of an ``__init__.py`` that does no more than make a namespace package."""

_LARGEST_HELD = 1_000_000
_LARGEST_NAMESPACE = 4_096
_MOST_PARSED = 1_000


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
        return _Wheel(archive, file, name).facts(deep=deep)
    return _source(archive) if deep else FileFacts()


class _Wheel:
    """A wheel that is being looked at."""

    def __init__(self, archive: IO[bytes], file: DistributionFile, name: NormalizedName) -> None:
        self._archive = archive
        self._file = file
        self._name = name
        self._problems: list[Problem] = []
        self._hooks: list[Hook] = []
        self._namespaces: list[tuple[str, Hook]] = []
        self._added: set[str] = set()
        self._code: dict[str, str] = {}
        self._native: list[Native] = []
        self._scripts: set[str] = set()
        self._library: list[str] = []
        self._here: set[str] = set()
        self._parsed = 0

    def facts(self, *, deep: bool) -> FileFacts:
        metadata: CoreMetadata | None = None
        unreadable = ""
        try:
            directory = read_directory(self._archive) if deep else None
            if directory is not None:
                self._problems += [Problem("unsafe-archive", name, what) for name, what in directory.problems]
                self._problems += _about_names([entry.name for entry in directory.entries])
            with open_zip(self._archive) as zipped:
                metadata = parse_metadata(metadata_in(zipped, self._name), "wheel", what="METADATA")
                folder = check_installable_in(zipped, metadata.name, metadata.version)
                if directory is not None:
                    _compare_readers(directory, zipped)
            if directory is not None:
                self._look(directory, folder)
                check_added(self._here, self._added)
        except Ambiguous as error:
            self._problems.append(Problem("unsafe-archive", error.name, str(error)))
            unreadable = str(error)
        except (UnreadableArchive, InvalidMetadata) as error:
            unreadable = str(error)
        self._hooks += customizers(self._code, self._added)
        self._hooks += self._added_archives()
        return FileFacts(
            problems=tuple(_few(self._problems)),
            hooks=tuple(self._hooks),
            namespaces=tuple(self._namespaces),
            top_level=tuple(sorted({top for path in self._code if (top := top_level(path))})),
            code=self._code,
            added=tuple(sorted(self._added)),
            library=tuple(self._library),
            scripts=tuple(sorted(self._scripts)),
            native=tuple(self._native),
            pure=_is_pure(self._file.filename),
            metadata=metadata,
            unreadable=unreadable,
        )

    def _look(self, directory: Directory, folder: str) -> None:
        """Look at every file of a wheel. folder: its ``.dist-info``. Raises Ambiguous."""
        placed = list(in_order(self._archive, directory))
        rows: dict[str, records.Row] | None = None
        wanted = f"{folder}/RECORD"
        listed = [(entry, begin) for entry, begin in placed if entry.name == wanted]
        if not listed:
            self._problems.append(Problem("record-mismatch", wanted, "it has no RECORD"))
        elif listed[0][0].size > records.LARGEST_RECORD:
            raise UnreadableArchive(f"its RECORD is larger than {records.LARGEST_RECORD:,} bytes")
        else:
            try:
                rows = records.read_record(b"".join(content(self._archive, *listed[0])))
            except ValueError as error:
                self._problems.append(Problem("record-mismatch", wanted, f"RECORD cannot be read: {error}"))
        taken: dict[str, records.Taken] = {}
        for entry, begin in placed:
            if entry.is_folder:
                for _ in content(self._archive, entry, begin):
                    pass
                continue
            taken[entry.name] = self._take(entry, begin, folder, records.row_of(rows, entry.name) if rows else None)
        if rows is not None:
            self._problems += records.compare(rows, taken, folder)

    def _take(self, entry: Entry, begin: int, folder: str, row: records.Row | None) -> records.Taken:
        """Read one file, and note what it is."""
        place = place_of(entry.name)
        code = place.kind == "site" and is_code(place.path)
        if place.kind == "site":
            if place.path in self._here:
                self._tell(entry.name, "another file of it goes to the same place, and one of them is overwritten")
            self._here.add(place.path)
        hold = entry.size <= _LARGEST_HELD and (
            (code and is_read_at_start(place.path))
            or (code and place.path.endswith("/__init__.py") and entry.size <= _LARGEST_NAMESPACE)
            or entry.name == f"{folder}/entry_points.txt"
        )
        digests = [hashlib.new(algorithm, usedforsecurity=False) for algorithm in records.hashers(row)]
        start, held = b"", []
        for piece in content(self._archive, entry, begin):
            for digest in digests:
                digest.update(piece)
            if len(start) < ENOUGH:
                start += piece[: ENOUGH - len(start)]
            if hold:
                held.append(piece)
        taken = records.Taken({digest.name: digest.hexdigest() for digest in digests}, entry.size)
        data = b"".join(held)
        if found := native(start):
            self._native.append(Native(entry.name, *found))
        if place.kind == "script":
            self._scripts.add(place.path)
        elif place.kind == "else" and is_pips_own(place.path):
            self._tell(entry.name, "pip takes it for its settings in the environment, such as which index to ask")
        elif entry.name == f"{folder}/direct_url.json":
            self._tell(entry.name, "it says where the package was installed from, which installers alone write")
        elif place.kind == "library":
            self._library.append(place.path)
        elif place.kind == "setting-up":
            self._hooks.append(Hook(place.path, taken.digests["sha256"]))
        elif code:
            sha256 = taken.digests["sha256"]
            self._code[place.path] = NAMESPACE if hold and self._is_namespace(place.path, data) else sha256
            if is_read_at_start(place.path):
                self._at_start(place.path, data, sha256, hold=hold)
        elif entry.name == f"{folder}/entry_points.txt":
            if not hold:
                raise UnreadableArchive(f"its entry_points.txt is larger than {_LARGEST_HELD:,} bytes")
            self._commands(entry.name, data)
        return taken

    def _tell(self, path: str, what: str) -> None:
        self._problems.append(Problem("unsafe-archive", path, what))

    def _commands(self, path: str, data: bytes) -> None:
        """Note the commands that entry points make. pip writes each to the folder of scripts, under its name."""
        for command in _commands(data):
            if "/" in command or what_is_wrong(command):
                self._tell(path, f"it makes a command that would be written elsewhere: {command!a}")
                continue
            place = place_of_command(command)
            if place.kind == "script":
                self._scripts.add(command)
            else:
                self._hooks.append(Hook(place.path, ""))

    def _added_archives(self) -> Iterator[Hook]:
        """Archives that ``.pth`` files add to where modules are looked for; they may hold a sitecustomize."""
        for added in self._added:
            parts = added.split("/")
            for end in range(1, len(parts) + 1):
                if "/".join(parts[:end]) in self._here:
                    yield Hook(
                        "/".join(parts[:end]), "", f"a .pth file adds it to where modules are looked for: {added}"
                    )
                    break

    def _is_namespace(self, path: str, data: bytes) -> bool:
        if path.endswith("/__init__.py") and may_be_namespace(data) and self._parsed < _MOST_PARSED:
            self._parsed += 1
            return is_namespace(data)
        return False

    def _at_start(self, path: str, data: bytes, sha256: str, *, hold: bool) -> None:
        if not hold:
            self._hooks.append(Hook(path, sha256))
            return
        self._hooks += hooks_in(path, data, self._name)
        self._namespaces += namespaces_in(path, data)
        if path.endswith(".pth"):
            self._added.update(paths_in(data))


def _compare_readers(directory: Directory, zipped: zipfile.ZipFile) -> None:
    """Whether the reader that pip uses sees the same. Raises Ambiguous."""
    ours = [(entry.name, entry.offset, entry.packed, entry.size, entry.crc) for entry in directory.entries]
    theirs = [
        (info.filename, info.header_offset, info.compress_size, info.file_size, info.CRC) for info in zipped.infolist()
    ]
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            raise Ambiguous(f"some programs take it for {other[0]!a}, or for another place or size", mine[0])
    if len(ours) != len(theirs):
        raise Ambiguous("some programs see more files in it than others")


def _about_names(names: list[str]) -> Iterator[Problem]:
    for name in names:
        wrong = what_is_wrong(name)
        if wrong:
            yield Problem("unsafe-archive", name, wrong)
    for name, before, what in twins(names):
        yield Problem("unsafe-archive", name, what, actual=before)


def _few(problems: Iterable[Problem]) -> Iterator[Problem]:
    counts: dict[str, int] = {}
    for problem in problems:
        counts[problem.code] = counts.get(problem.code, 0) + 1
        if counts[problem.code] <= MOST_PROBLEMS:
            yield problem


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


# --------------------------------------------------------------------------- source archives


def _source(archive: IO[bytes]) -> FileFacts:
    """What a source archive shows: whether it can be unpacked without harm. What is in it is for its build."""
    problems: list[Problem] = []
    unreadable = ""
    try:
        names = _source_zip(archive, problems) if zipfile.is_zipfile(archive) else _source_tar(archive, problems)
        if not names:
            raise UnreadableArchive("it is empty")
        problems += _outside_the_folder(names)
    except Ambiguous as error:
        problems.append(Problem("unsafe-archive", error.name, str(error)))
        unreadable = str(error)
    except UnreadableArchive as error:
        unreadable = str(error)
    except (tarfile.TarError, *BROKEN) as error:
        unreadable = f"it is not an archive that can be read: {error}"
    return FileFacts(problems=tuple(_few(problems)), unreadable=unreadable)


def _outside_the_folder(names: list[str]) -> Iterator[Problem]:
    """What does not lie in the one folder of a source archive, which is the one that most lies in."""
    tops = [_plain(name).split("/", 1)[0] for name in names]
    counts = Counter(top for top in tops if top)
    if len(counts) > 1:
        folder = counts.most_common(1)[0][0]
        for name, top in zip(names, tops, strict=True):
            if top not in (folder, ""):
                yield Problem("unsafe-archive", name, f"it lies outside of the archive's folder {folder}")


def _plain(name: str) -> str:
    return plain if name and (plain := posixpath.normpath(name)) != "." else ""


def _source_zip(archive: IO[bytes], problems: list[Problem]) -> list[str]:
    directory = read_directory(archive)
    with open_zip(archive) as zipped:
        _compare_readers(directory, zipped)
    problems += [Problem("unsafe-archive", name, what) for name, what in directory.problems]
    names = [entry.name for entry in directory.entries]
    problems += _about_names(names)
    for entry, begin in list(in_order(archive, directory)):
        for _ in content(archive, entry, begin):
            pass
    return names


def _source_tar(archive: IO[bytes], problems: list[Problem]) -> list[str]:
    names: list[str] = []
    kinds: dict[str, str] = {}
    for member, _ in members(archive):
        if len(member.name) > LONGEST_NAME or len(member.target) > LONGEST_NAME:
            raise Ambiguous(f"a name in it has more than {LONGEST_NAME:,} characters")
        wrong = what_is_wrong(member.name, dots=True)
        if wrong:
            problems.append(Problem("unsafe-archive", member.name, wrong))
        plain = _plain(member.name)
        names.append(f"{plain}/" if member.kind == "folder" else plain)
        if member.kind in ("link", "again"):
            above = posixpath.dirname(plain) if member.kind == "link" else ""
            leads_to = posixpath.normpath(posixpath.join(above, member.target))
            if leads_to.startswith(("/", "../")) or leads_to == ".." or what_is_wrong(leads_to):
                problems.append(Problem("unsafe-archive", member.name, "it is a link that leads out of the archive"))
            elif member.kind == "again" and kinds.get(leads_to) != "file":
                problems.append(
                    Problem("unsafe-archive", member.name, "it is another name of what is no file before it")
                )
        kinds[plain] = member.kind
    links = {plain for plain, kind in kinds.items() if kind in ("link", "again")}
    problems += [Problem("unsafe-archive", name, "it lies below a link") for name, _ in below(kinds, links)]
    folders = dict.fromkeys(name for name in names if name.endswith("/"))
    problems += [
        Problem("unsafe-archive", name, what, actual=before)
        for name, before, what in twins([*folders, *(name for name in names if not name.endswith("/"))])
    ]
    return names
