"""What of an installed distribution its RECORD tells, compared with the files that are there; nothing of it runs.

Source: PyPA specification "Recording installed projects".
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts, Hook, Problem
from safe_pip.inspect.collecting import LARGEST_HELD, Collector, Content, holds, read
from safe_pip.inspect.hooks import hooks_in
from safe_pip.inspect.places import is_code
from safe_pip.inspect.record import LARGEST_RECORD, STRONG, Row, read_record
from safe_pip.model import InstalledDistribution

_PIECE = 1_000_000
_LARGEST_FILE = 8_000_000_000
_MOST_READ = 64_000_000_000
"""Bytes that are read at most of one folder, so that what lies in it decides about no machine's day."""
_SCRIPT_FOLDERS = ("bin", "scripts")
_CODE_OUTSIDE = (".py", ".pyc", ".so", ".pyd")


class NotReadable(Exception):
    """Something that is to be looked at cannot be; the message says why."""


def regular_file(path: str) -> int:
    """A descriptor of a regular file, open for reading. Raises OSError; of what is no file, without waiting for it."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file")


def small_file(path: str, limit: int = LARGEST_HELD) -> bytes:
    """The content of a file. Raises OSError, also where it is longer than the limit, in bytes."""
    with os.fdopen(regular_file(path), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes")
    return data


def record_of(info_path: str) -> dict[str, Row] | None:
    """The rows of RECORD by path, with slashes; None where there is none. Raises NotReadable."""
    try:
        rows = read_record(small_file(os.path.join(info_path, "RECORD"), LARGEST_RECORD))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise NotReadable(f"its RECORD cannot be read: {reason}") from error
    return {path.replace("\\", "/"): row for path, row in rows.items()}


def hooks_of(path: str, data: bytes, name: NormalizedName, is_expected: Callable[[str], bool]) -> Iterator[Hook]:
    """The first hook of a file that is not expected there."""
    lines = data.split(b"\n")
    others = [b"" if is_expected(line.decode("utf-8", "replace").strip()) else line for line in lines]
    for hook in hooks_in(path, b"\n".join(others), name):
        yield hook._replace(sha256=hashlib.sha256(data).hexdigest())


@dataclass
class Reading:
    """What is read of the distributions of one folder. prefix: of the environment that it is part of, None for none.

    owners: for each path that several RECORDs list, the digests that they give.
    """

    location: str
    prefix: str | None
    owners: Mapping[str, Collection[str]] = field(default_factory=dict)
    left: int = _MOST_READ

    def outside(self, path: str) -> str | None:
        """Where a path leads that does not lie in the folder itself; None where that is not the environment's."""
        place = os.path.normpath(os.path.join(self.location, path))
        if self.prefix is None or not place.startswith(os.path.join(os.path.normpath(self.prefix), "")):
            return None
        return place


def facts_of(
    distribution: InstalledDistribution,
    rows: Mapping[str, Row],
    reading: Reading,
    is_expected: Callable[[str], bool],
) -> tuple[FileFacts, list[str]]:
    """What an installed distribution shows, and why what could not be read of it could not.

    rows: of its RECORD. is_expected: whether a line of a ``.pth`` file is what one expects there, such as that of an
    editable install.
    """
    found = Collector(partial(hooks_of, name=distribution.name, is_expected=is_expected))
    gaps: list[str] = []
    record = f"{os.path.basename(distribution.info_path)}/RECORD"
    for path, row in rows.items():
        if path == record or _is_kept_by_python(path):
            continue
        try:
            _look_at(path, row, reading, found)
        except OSError as error:
            gaps.append(f"{path} cannot be read: {error.strerror or error}")
        except ValueError as error:  # a NUL in the path
            gaps.append(f"a path in RECORD cannot be one: {error}")
        except NotReadable as error:
            gaps.append(str(error))
            break
    return found.facts(pure=_is_pure(distribution.info_path)), gaps


def _is_kept_by_python(path: str) -> bool:
    """Whether Python keeps it for itself, and makes it anew where it is gone."""
    return path.endswith(".pyc") and path.split("/")[-2:-1] == ["__pycache__"]


def _look_at(path: str, row: Row, reading: Reading, found: Collector) -> None:
    """Read one file that RECORD lists. Raises OSError and NotReadable."""
    normal = os.path.normpath(path)
    plain = normal.replace("\\", "/")
    inside = not plain.startswith("../") and not os.path.isabs(plain)
    place = os.path.join(reading.location, plain) if inside else reading.outside(path)
    if not inside:
        _note_place(plain, place, found)
    if place is None:
        return
    try:
        was = _content(path, place, row, reading, lambda size: inside and holds(plain, size))
    except (FileNotFoundError, NotADirectoryError):
        # What is listed without a hash is made by installers, and may come and go.
        if row.digest:
            found.problems.append(Problem("record-mismatch", path, "RECORD lists it, and it is not there"))
        return
    except OSError:
        # virtualenv lists folders, which it makes links of.
        if os.path.isdir(place) and not row.digest:
            return
        raise
    actual = was.digests[row.algorithm] if row.algorithm in STRONG else row.digest
    # What another one has overwritten is told as that.
    if actual != row.digest and actual not in reading.owners.get(plain, ()):
        code = is_code(plain) if inside else plain in found.library or _is_script(plain)
        what = f"RECORD gives another {row.algorithm} for it"
        found.problems.append(Problem("unrecorded-code" if code else "record-mismatch", path, what, row.digest, actual))
    if inside:
        found.add_native(plain, was)
        found.add(plain, was, row.digest if row.algorithm == "sha256" else "")


def _content(path: str, place: str, row: Row, reading: Reading, hold: Callable[[int], bool]) -> Content:
    """What is read of a file. path: as it is to be told. hold: by its size, whether as a whole."""
    with os.fdopen(regular_file(place), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > _LARGEST_FILE or size > reading.left:
            raise NotReadable(f"{path} and what follows it are more than is read of one folder")
        reading.left -= size
        return read(_pieces(file, size), row, hold=hold(size))


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The content of a file, and not much more than it said at first, be it that it grows."""
    taken = 0
    while taken <= size and (piece := file.read(_PIECE)):
        taken += len(piece)
        yield piece


def _note_place(plain: str, place: str | None, found: Collector) -> None:
    """Note what lies outside of the folder, by where it lies alone."""
    if _is_script(plain):
        found.scripts.add(os.path.basename(plain))
    elif place is not None and (os.path.basename(plain) == "pyvenv.cfg" or plain.endswith("._pth")):
        found.hooks.append(Hook(plain, ""))
    elif place is not None and plain.endswith(_CODE_OUTSIDE) and not plain.startswith("../../"):
        found.library.append(plain)


def _is_script(plain: str) -> bool:
    return plain.startswith("../") and plain.split("/")[-2].lower() in _SCRIPT_FOLDERS


def _is_pure(info_path: str) -> bool:
    """Whether it says that it runs anywhere: that all tags of its WHEEL are for any machine."""
    try:
        lines = small_file(os.path.join(info_path, "WHEEL"), _PIECE).decode("utf-8", "replace").splitlines()
    except OSError:
        return False
    tags = list(_values(lines, "tag"))
    return bool(tags) and all(tag.endswith("-none-any") for tag in tags)


def _values(lines: list[str], wanted: str) -> Iterator[str]:
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip().lower() == wanted:
            yield value.strip()
