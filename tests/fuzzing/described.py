"""What is tried of the readers of what a package says of itself."""

from __future__ import annotations

import io
import random
import tarfile
from contextlib import suppress
from pathlib import Path

from packaging.requirements import InvalidRequirement

from fuzzing import formats
from fuzzing.mutating import mutated
from fuzzing.sense import writable
from safe_pip.inspect.core_metadata import InvalidMetadata, differences, parse_metadata
from safe_pip.inspect.sdist import BuildRequired, folder_metadata, sdist_metadata
from safe_pip.inspect.wheel import UnreadableArchive
from safe_pip.model import CoreMetadata
from safe_pip.report.plain import printable
from safe_pip.resolve.requirements import cached_requirement
from safe_pip.rules.licenses import answer


def metadata_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.METADATA, formats.METADATA_WORDS)


def metadata(data: bytes, chance: random.Random, folder: Path) -> bool:
    """Core metadata: it equals itself, and a licence can be looked for in it."""
    try:
        found = parse_metadata(data, "wheel", what="METADATA")
    except InvalidMetadata as error:
        assert str(error)
        return False
    _of_metadata(found)
    assert differences(found, found) == []
    differences(found, _SOUND)
    return True


def _of_metadata(found: CoreMetadata) -> None:
    assert found.name
    assert found.version
    for text in found.requires_dist:
        with suppress(InvalidRequirement):
            assert str(cached_requirement(text))
    writable(found.name, found.version, found.requires_python, *found.requires_dist, *found.provides_extra)
    assert answer(found, ("MIT", "BSD-3-Clause"))[0] in ("allowed", "not allowed", "unknown")
    assert len(answer(found, ("MIT",))[1]) <= 80


_SOUND = parse_metadata(formats.METADATA[0], "wheel", what="METADATA")


def archive(**members: bytes) -> bytes:
    """A source archive of PKG-INFO, as info, and pyproject.toml, as pyproject."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, content in members.items():
            member = tarfile.TarInfo({"info": "foo-1.0/PKG-INFO", "pyproject": "foo-1.0/pyproject.toml"}[name])
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return file.getvalue()


def sdist_bytes(chance: random.Random) -> bytes:
    """A source archive whose PKG-INFO, or pyproject.toml, or both, are mutilated."""
    info = mutated(chance, formats.METADATA, formats.METADATA_WORDS)
    if chance.random() < 0.6:
        info = formats.METADATA[1]
    members = {"info": info, "pyproject": mutated(chance, formats.PYPROJECT, formats.PYPROJECT_WORDS)}
    return archive(**{name: content for name, content in members.items() if chance.random() < 0.8})


def sdist(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A source archive as the file that it is, and its pyproject.toml as that of a folder."""
    path = folder / "foo-1.0.tar.gz"
    path.write_bytes(data)
    with tarfile.open(path) as opened:
        found = next((each for each in opened if each.name.endswith("toml")), None)
        body = opened.extractfile(found) if found is not None else None
        (folder / "pyproject.toml").write_bytes(b"" if body is None else body.read())
    passed = 0
    for read in (lambda: sdist_metadata(path), lambda: folder_metadata(folder)):
        try:
            _of_metadata(read())
            passed += 1
        except (BuildRequired, UnreadableArchive) as error:
            writable(printable(str(error)))
    return passed > 0
