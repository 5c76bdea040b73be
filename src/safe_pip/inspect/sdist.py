"""Source archives and project folders: what they say of themselves without being built."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from safe_pip.inspect.bounds import most_unpacked
from safe_pip.inspect.core_metadata import InvalidMetadata, parse_metadata
from safe_pip.inspect.tar_reading import MOST_BYTES
from safe_pip.inspect.wheel import BROKEN, MOST_ENTRIES, UnreadableArchive, open_zip, read_entry
from safe_pip.model import CoreMetadata

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST_MEMBER = 10_000_000
# Of a name or a list of attributes in a tar; headers nest, and are all held until the last is read.
_LARGEST_HEADER = 100_000
_PIECE = 65_536
# The time that tomllib takes grows with the square of the parts of a key, and keys do not go on in the next line.
_LARGEST_TABLE = 1_000_000
_MOST_DOTS = 250
_WANTED = ("PKG-INFO", "pyproject.toml")
# The fields that decide what an install brings in; a source archive must fix all of them (PEP 643).
_FIXED = ("name", "version", "requires-dist", "requires-python", "provides-extra")


class BuildRequired(Exception):
    """The metadata can be had only by running the project's build.

    reason: why. name, version: as far as the file tells them.
    """

    def __init__(self, reason: str, name: str | None = None, version: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.name = name
        self.version = version


def sdist_metadata(path: Path) -> CoreMetadata:
    """The metadata that a source archive states for good.

    path: the archive, tar or zip. Taken are PKG-INFO of metadata 2.2 or later whose dependencies are not dynamic
    (PEP 643), else a ``[project]`` table that fixes them (PEP 621). Raises BuildRequired where neither does, and
    UnreadableArchive.
    """
    members: dict[str, bytes] = {}
    tops: set[str] = set()
    try:
        for top, wanted, content in _zip_members(path) if zipfile.is_zipfile(path) else _tar_members(path):
            tops.add(top)
            if wanted and members.setdefault(wanted, content) != content:
                raise UnreadableArchive(f"it holds {wanted} twice")
    except (tarfile.TarError, *BROKEN) as error:
        raise UnreadableArchive(f"it is not an archive that can be read: {error}") from error
    if not tops:
        raise UnreadableArchive("it is empty")
    if len(tops) > 1:
        raise BuildRequired("its files do not lie in one folder")
    stated = None
    if "PKG-INFO" in members:
        try:
            stated = parse_metadata(members["PKG-INFO"], "sdist", what="PKG-INFO")
        except InvalidMetadata as error:
            raise UnreadableArchive(str(error)) from error
        if _is_static(stated):
            return stated
    if "pyproject.toml" in members:
        static = _from_pyproject(members["pyproject.toml"], stated)
        if static is not None:
            return static
    if stated is None:
        raise BuildRequired("it has no PKG-INFO and no static [project] table")
    reason = (
        f"its metadata is dynamic ({', '.join(field for field in _FIXED if field in stated.dynamic)})"
        if _is_recent(stated)
        else f"its PKG-INFO is of metadata version {stated.metadata_version or 'unknown'}, which does not say whether "
        "its dependencies are final"
    )
    raise BuildRequired(reason, stated.name, stated.version)


def folder_metadata(path: Path) -> CoreMetadata:
    """The metadata that a project folder's ``[project]`` table states for good. Raises BuildRequired."""
    try:
        data = _read_plain(path / "pyproject.toml")
    except OSError:
        raise BuildRequired("it has no pyproject.toml that can be read") from None
    static = _from_pyproject(data, None)
    if static is not None:
        return static
    project = _project_table(data)
    name, version = project.get("name"), project.get("version")
    raise BuildRequired(
        "its pyproject.toml does not state its dependencies for good",
        name if isinstance(name, str) else None,
        version if isinstance(version, str) else None,
    )


def _read_plain(path: Path) -> bytes:
    """The content of a file that is no pipe or device, which might never end. Raises OSError, also for a large one."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        data = file.read(_LARGEST_MEMBER + 1)
    if len(data) > _LARGEST_MEMBER:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return data


def _is_recent(metadata: CoreMetadata) -> bool:
    try:
        major, minor = (int(part) for part in metadata.metadata_version.split(".")[:2])
    except ValueError:
        return False
    return (major, minor) >= (2, 2)


def _is_static(metadata: CoreMetadata) -> bool:
    return _is_recent(metadata) and not any(field in metadata.dynamic for field in _FIXED)


def _project_table(data: bytes) -> dict[str, Any]:
    if len(data) > _LARGEST_TABLE or any(line.count(b".") > _MOST_DOTS for line in data.splitlines()):
        return {}
    try:
        project = tomllib.loads(data.decode("utf-8")).get("project")
    except (ValueError, RecursionError):
        return {}
    return project if isinstance(project, dict) else {}


def _from_pyproject(data: bytes, stated: CoreMetadata | None) -> CoreMetadata | None:
    """Metadata from a ``[project]`` table, None where it leaves something that decides to the build."""
    project = _project_table(data)
    dynamic = project.get("dynamic", [])
    if not isinstance(project.get("name"), str) or not isinstance(dynamic, list):
        return None
    if any(field in dynamic for field in ("dependencies", "optional-dependencies", "requires-python")):
        return None
    version = project.get("version")
    if not isinstance(version, str):
        # The version may come from the archive's own PKG-INFO, which the build has already fixed.
        if stated is None or canonicalize_name(stated.name) != canonicalize_name(project["name"]):
            return None
        version = stated.version
    dependencies = project.get("dependencies", [])
    extras = project.get("optional-dependencies", {})
    requires_python = project.get("requires-python", "")
    if not isinstance(dependencies, list) or not isinstance(extras, dict) or not isinstance(requires_python, str):
        return None
    if not all(isinstance(texts, list) for texts in extras.values()):
        return None
    try:
        for name in (project["name"], *extras):
            canonicalize_name(name, validate=True)
        requires = [str(Requirement(text)) for text in dependencies]
        for extra, texts in extras.items():
            requires += [_with_extra(text, extra) for text in texts]
        # A text within a marker may spell half of a surrogate pair, which nothing can write.
        "".join(requires).encode()
    except (ValueError, RecursionError, TypeError):
        return None
    return CoreMetadata(
        name=project["name"],
        version=version,
        requires_dist=tuple(requires),
        requires_python=requires_python or None,
        provides_extra=tuple(extras),
        origin="pyproject",
        **_license(project),
    )


def _license(project: dict[str, Any]) -> dict[str, Any]:
    """What a ``[project]`` table says of the licence (PEP 639), as core metadata has it."""
    given, classifiers = project.get("license"), project.get("classifiers")
    text = given.get("text") if isinstance(given, dict) else None
    texts = classifiers if isinstance(classifiers, list) else []
    return {
        "license_expression": given if isinstance(given, str) and given else None,
        "license": text if isinstance(text, str) and text else None,
        "license_classifiers": tuple(each for each in texts if isinstance(each, str) and each.startswith("License ::")),
    }


def _with_extra(text: str, extra: str) -> str:
    """A requirement that holds only where an extra is asked for."""
    requirement = Requirement(text)
    marker = f"({requirement.marker}) and " if requirement.marker else ""
    requirement.marker = None
    separator = " ; " if requirement.url else "; "
    return f'{requirement}{separator}{marker}extra == "{canonicalize_name(extra)}"'


def _place(name: str) -> tuple[str, str]:
    """What a member lies in at the top of the archive, and its plain name where it is one that we read there."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or name.startswith("/"):
        raise UnreadableArchive(f"it holds {name!a}, which leads out of its folder")
    wanted = parts[1] if len(parts) == 2 and parts[1] in _WANTED else ""
    return parts[0] if parts else "", wanted


def _tar_members(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """Every member's top folder, and of those that are read the name and the content."""
    with _unpacked(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        for number, member in enumerate(archive):
            if number > MOST_ENTRIES:
                raise UnreadableArchive(f"it lists more than {MOST_ENTRIES:,} files")
            top, wanted = _place(member.name)
            if not wanted:
                if top:
                    yield top, "", b""
                continue
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                raise UnreadableArchive(f"its {wanted} is not a plain file")
            if member.size > _LARGEST_MEMBER:
                raise UnreadableArchive(f"its {wanted} is larger than {_LARGEST_MEMBER:,} bytes")
            yield top, wanted, b"".join(iter(partial(content.read, _PIECE), b""))


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """A tar archive's own bytes, whichever way it is packed, told by how it begins."""
    with path.open("rb") as raw:
        start = raw.read(6)
        raw.seek(0)
        most = most_unpacked(path.stat().st_size, MOST_BYTES)
        unpack = next((unpack for magic, unpack in _UNPACKERS if start.startswith(magic)), None)
        yield _Bounded(unpack(raw) if unpack else raw, most)  # type: ignore[misc]


_UNPACKERS: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ", lzma.LZMAFile),
    (b"]\0\0", lzma.LZMAFile),
)


class _Bounded:
    """A file for the tar reader that ends with an error where it grows beyond reason, or where a header does."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self.tell = file.tell

    def seek(self, position: int) -> int:
        # Members follow one another; one of negative size would lead round in a circle.
        if position < self._file.tell():
            raise UnreadableArchive("its files overlap")
        # Packed files seek by unpacking: piece by piece, so that the bound holds on the way.
        while self._file.tell() < position and self._file.read(min(position - self._file.tell(), _PIECE)):
            self._check()
        return self._file.seek(position)

    def read(self, size: int) -> bytes:
        if size > _LARGEST_HEADER:
            raise UnreadableArchive(f"it has a header larger than {_LARGEST_HEADER:,} bytes")
        data = self._file.read(size)
        self._check()
        return data

    def _check(self) -> None:
        if self._file.tell() > self._most:
            raise UnreadableArchive("it unpacks to more than is reasonable")


def _zip_members(path: Path) -> Iterator[tuple[str, str, bytes]]:
    with path.open("rb") as file, open_zip(file) as archive:
        for entry in archive.infolist():
            top, wanted = _place(entry.filename)
            yield top, wanted, read_entry(archive, entry, _LARGEST_MEMBER) if wanted else b""


def sdist_stem(filename: str) -> str:
    """A source archive's file name without its extension."""
    for extension in (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.lz", ".tar.lzma"):
        if filename.lower().endswith(extension):
            return filename[: -len(extension)]
    return os.path.splitext(filename)[0]
