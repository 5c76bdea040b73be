"""One look at a source archive: whether it can be unpacked without harm. What is in it is for its build.

Nothing is run, and nothing is unpacked to disk.
"""

from __future__ import annotations

import posixpath
import tarfile
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import IO

from safe_pip.facts import FileFacts, Problem
from safe_pip.inspect import bounds
from safe_pip.inspect.ambiguous import Ambiguous
from safe_pip.inspect.collecting import few, read
from safe_pip.inspect.names import LONGEST_NAME, below, problems_of, twins, what_is_wrong
from safe_pip.inspect.tar_reading import Member, members
from safe_pip.inspect.wheel import BROKEN, UnreadableArchive, open_zip
from safe_pip.inspect.zip_directory import compare_readers, read_directory
from safe_pip.inspect.zip_reading import content, in_order


def look_into_source(archive: IO[bytes]) -> FileFacts:
    """What a source archive shows that is open already."""
    problems: list[Problem] = []
    unreadable = ""
    try:
        names = _zip(archive, problems) if zipfile.is_zipfile(archive) else _tar(archive, problems)
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
    return FileFacts(problems=tuple(few(problems)), unreadable=unreadable)


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


def _zip(archive: IO[bytes], problems: list[Problem]) -> list[str]:
    directory = read_directory(archive)
    with open_zip(archive) as zipped:
        compare_readers(directory, zipped)
    problems += [Problem("unsafe-archive", name, what) for name, what in directory.problems]
    names = [entry.name for entry in directory.entries]
    problems += problems_of(names)
    for entry, begin in list(in_order(archive, directory)):
        for _ in content(archive, entry, begin):
            pass
    return names


def _tar(archive: IO[bytes], problems: list[Problem]) -> list[str]:
    names: list[str] = []
    kinds: dict[str, str] = {}
    size = 0
    for member, _ in members(archive):
        if len(member.name) > LONGEST_NAME or len(member.target) > LONGEST_NAME:
            raise Ambiguous(f"a name in it has more than {LONGEST_NAME:,} characters")
        if wrong := what_is_wrong(member.name, dots=True):
            problems.append(Problem("unsafe-archive", member.name, wrong))
        plain = _plain(member.name)
        names.append(f"{plain}/" if member.kind == "folder" else plain)
        if wrong := _wrong_link(member, plain, kinds):
            problems.append(Problem("unsafe-archive", member.name, wrong))
        kinds[plain] = member.kind
        size += member.size
    links = {plain for plain, kind in kinds.items() if kind in ("link", "again")}
    problems += [Problem("unsafe-archive", name, "it lies below a link") for name, _ in below(kinds, links)]
    problems += twins(_once(archive, names, size))
    return names


def _once(archive: IO[bytes], names: list[str], size: int) -> list[str]:
    """The names, those once that are there again and are the same. size: of what it unpacks to, in bytes."""
    counts = Counter(names)
    folders = [name for name in counts if name.endswith("/")]
    repeated = {name for name, count in counts.items() if count > 1 and not name.endswith("/")}
    alike = _alike(archive, repeated) if repeated and size <= bounds.HARMLESS_BYTES else set()
    return [*folders, *sorted(alike), *(name for name in names if not name.endswith("/") and name not in alike)]


def _alike(archive: IO[bytes], names: Collection[str]) -> set[str]:
    """Those of some names that only files of one content have, so that it does not matter which a reader takes.

    Some builds put a licence in by two rules.
    """
    contents: dict[str, set[str]] = {name: set() for name in names}
    for member, pieces in members(archive):
        if (name := _plain(member.name)) in contents:
            # A link has no content of its own, and is never the same as anything.
            contents[name].add(read(pieces, None, hold=False).digests["sha256"] if member.kind == "file" else "")
    return {name for name, found in contents.items() if len(found) == 1 and "" not in found}


def _wrong_link(member: Member, plain: str, kinds: Mapping[str, str]) -> str:
    """What is wrong with where a link leads; empty where nothing is, or it is none. kinds: of what stands before it."""
    if member.kind not in ("link", "again"):
        return ""
    above = posixpath.dirname(plain) if member.kind == "link" else ""
    leads_to = posixpath.normpath(posixpath.join(above, member.target))
    if leads_to.startswith(("/", "../")) or leads_to == ".." or what_is_wrong(leads_to):
        return "it is a link that leads out of the archive"
    if member.kind == "again" and kinds.get(leads_to) != "file":
        return "it is another name of what is no file before it"
    return ""
