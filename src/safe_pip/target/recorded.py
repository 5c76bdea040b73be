"""What of an installed distribution its RECORD tells, compared with the files that are there; nothing of it runs.

Source: PyPA specification "Recording installed projects".
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from packaging.utils import NormalizedName

from safe_pip.facts import FileFacts, Hook, Native, Problem
from safe_pip.inspect.binaries import ENOUGH, native
from safe_pip.inspect.hooks import customizers, hooks_in, is_read_at_start, namespaces_in, paths_in
from safe_pip.inspect.look import MOST_PROBLEMS, NAMESPACE
from safe_pip.inspect.namespaces import is_namespace
from safe_pip.inspect.places import is_code, top_level
from safe_pip.inspect.record import LARGEST_RECORD, STRONG, Row, read_record
from safe_pip.model import InstalledDistribution

_PIECE = 1_000_000
_LARGEST_HELD = 1_000_000
_LARGEST_NAMESPACE = 4_096
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


def small_file(path: str, limit: int = _LARGEST_HELD) -> bytes:
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


@dataclass
class _Seen:
    problems: list[Problem] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    added: set[str] = field(default_factory=set)
    namespaces: list[tuple[str, Hook]] = field(default_factory=list)
    library: list[str] = field(default_factory=list)
    scripts: set[str] = field(default_factory=set)
    native: list[Native] = field(default_factory=list)


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
    seen, gaps = _Seen(), []
    record = f"{os.path.basename(distribution.info_path)}/RECORD"
    for path, row in rows.items():
        if path == record or _is_kept_by_python(path):
            continue
        try:
            _look_at(path, row, reading, seen, partial(hooks_of, name=distribution.name, is_expected=is_expected))
        except OSError as error:
            gaps.append(f"{path} cannot be read: {error.strerror or error}")
        except ValueError as error:  # a NUL in the path
            gaps.append(f"a path in RECORD cannot be one: {error}")
        except NotReadable as error:
            gaps.append(str(error))
            break
    seen.hooks += customizers(seen.code, seen.added)
    facts = FileFacts(
        problems=tuple(seen.problems[:MOST_PROBLEMS]),
        hooks=tuple(seen.hooks),
        top_level=tuple(sorted({top for path in seen.code if (top := top_level(path))})),
        code=seen.code,
        added=tuple(sorted(seen.added)),
        namespaces=tuple(seen.namespaces),
        library=tuple(seen.library),
        scripts=tuple(sorted(seen.scripts)),
        native=tuple(seen.native),
        pure=_is_pure(distribution.info_path),
    )
    return facts, gaps


def _is_kept_by_python(path: str) -> bool:
    """Whether Python keeps it for itself, and makes it anew where it is gone."""
    return path.endswith(".pyc") and path.split("/")[-2:-1] == ["__pycache__"]


def _look_at(path: str, row: Row, reading: Reading, seen: _Seen, hooks: Callable[[str, bytes], Iterable[Hook]]) -> None:
    """Read one file that RECORD lists. hooks: those in a file. Raises OSError and NotReadable."""
    normal = os.path.normpath(path)
    plain = normal.replace("\\", "/")
    inside = not plain.startswith("../") and not os.path.isabs(plain)
    place = os.path.join(reading.location, plain) if inside else reading.outside(path)
    _note_place(plain, inside, place, seen)
    if place is None:
        return
    code = is_code(plain) if inside else plain in seen.library or _is_script(plain)
    try:
        descriptor = regular_file(place)
    except (FileNotFoundError, NotADirectoryError):
        # What is listed without a hash is made by installers, and may come and go.
        if row.digest:
            seen.problems.append(Problem("record-mismatch", path, "RECORD lists it, and it is not there"))
        return
    except OSError:
        # virtualenv lists folders, which it makes links of.
        if os.path.isdir(place) and not row.digest:
            return
        raise
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > _LARGEST_FILE or size > reading.left:
            raise NotReadable(f"{path} and what follows it are more than is read of one folder")
        reading.left -= size
        hold = size <= _LARGEST_HELD and inside and (is_read_at_start(plain) or _may_be_namespace(plain, size))
        digests = {name: hashlib.new(name, usedforsecurity=False) for name in {"sha256", row.algorithm} & {*STRONG}}
        start, held, taken = b"", [], 0
        while taken <= size and (piece := file.read(_PIECE)):
            for digest in digests.values():
                digest.update(piece)
            start = start or piece[:ENOUGH]
            if hold:
                held.append(piece)
            taken += len(piece)
    data, sha256 = b"".join(held), digests["sha256"].hexdigest()
    if row.algorithm in STRONG and digests[row.algorithm].hexdigest() != row.digest:
        actual = digests[row.algorithm].hexdigest()
        # What another one has overwritten is told as that.
        if actual not in reading.owners.get(plain, ()):
            what = f"RECORD gives another {row.algorithm} for it"
            kind = "unrecorded-code" if code else "record-mismatch"
            seen.problems.append(Problem(kind, path, what, row.digest, actual))  # type: ignore[arg-type]
    if not inside:
        return
    if found := native(start):
        seen.native.append(Native(plain, *found))
    if code:
        own = row.digest if row.algorithm == "sha256" else sha256
        seen.code[plain] = NAMESPACE if hold and not is_read_at_start(plain) and is_namespace(data) else own
        if is_read_at_start(plain):
            seen.hooks += hooks(plain, data) if hold else [Hook(plain, sha256)]
            seen.added.update(paths_in(data) if plain.endswith(".pth") else ())
            seen.namespaces += namespaces_in(plain, data)


def _note_place(plain: str, inside: bool, place: str | None, seen: _Seen) -> None:
    """Note what it is by where it lies alone."""
    if inside:
        return
    if _is_script(plain):
        seen.scripts.add(os.path.basename(plain))
    elif place is not None and (os.path.basename(plain) == "pyvenv.cfg" or plain.endswith("._pth")):
        seen.hooks.append(Hook(plain, ""))
    elif place is not None and plain.endswith(_CODE_OUTSIDE) and not plain.startswith("../../"):
        seen.library.append(plain)


def _is_script(plain: str) -> bool:
    return plain.startswith("../") and plain.split("/")[-2].lower() in _SCRIPT_FOLDERS


def _may_be_namespace(plain: str, size: int) -> bool:
    return plain.endswith("/__init__.py") and size <= _LARGEST_NAMESPACE


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
