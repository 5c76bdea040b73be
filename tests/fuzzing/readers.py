"""What is tried of each reader: any bytes are either read, and then make sense, or refused in the way that is told."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import random
import re
import tarfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from fuzzing import formats
from fuzzing.mutating import mutated, spoiled, spoiled_json
from request.asking import no_fetch
from request.locking import LINUX
from safe_pip.advisories.risk import RiskSources
from safe_pip.advisories.sources import Context
from safe_pip.errors import SafePipError, UsageError
from safe_pip.index.page import InvalidPage, Listing, _from_html, parse_page
from safe_pip.index.provenance import UnknownProvenance, parse_provenance
from safe_pip.index.relations import parse_relations
from safe_pip.index.releases import Releases, summary, version_text
from safe_pip.inspect.core_metadata import InvalidMetadata, differences, parse_metadata
from safe_pip.inspect.sdist import BuildRequired, folder_metadata, sdist_metadata
from safe_pip.inspect.wheel import UnreadableArchive
from safe_pip.model import CoreMetadata, DistributionFile
from safe_pip.policy import Places, load
from safe_pip.policy.allowing import Wanted, exception_of
from safe_pip.policy.editing import add_exception
from safe_pip.policy.files import PolicyError
from safe_pip.policy.keys import strictness
from safe_pip.report.plain import printable
from safe_pip.request.default_index import DefaultIndex
from safe_pip.request.options import parse
from safe_pip.request.reading import read_request
from safe_pip.request.requirements_file import Line
from safe_pip.resolve.pool import cached_requirement
from safe_pip.rules.licenses import answer
from safe_pip.urls import split_credentials

URL = "https://index.example/simple/foo/"
NAME = "foo-1.0-py3-none-any.whl"
HTML_KINDS = [
    *("text/html", "text/html; charset=utf-8", "text/html", "application/vnd.pypi.simple.v1+html"),
    *("text/html; charset=latin-1",),
]
JSON_KIND = "application/vnd.pypi.simple.v1+json"
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def _writable(*texts: str | None) -> None:
    """Whatever is kept and told can be written as UTF-8."""
    for text in texts:
        (text or "").encode()


def _told(error: SafePipError) -> None:
    """A refusal says something, and nothing of a password."""
    said = "\n".join((error.message, error.hint, *getattr(error, "details", ())))
    assert error.message
    assert formats.SECRET not in said
    _writable(*map(printable, said.split("\n")))


# --------------------------------------------------------------------------- index pages


def html_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.HTML, formats.HTML_WORDS)


def html(data: bytes, chance: random.Random, folder: Path) -> bool:
    """An HTML page; the quick reader has to agree with the thorough one."""
    kind = chance.choice(HTML_KINDS)
    files = _page(data, kind)
    if files is None:
        return False
    text = data.decode("latin-1" if "latin" in kind else "utf-8")
    # The comment leaves the page to the thorough reader.
    assert list(_from_html(f"<!---->{text}", URL)) == files
    return True


def json_bytes(chance: random.Random) -> bytes:
    return spoiled_json(chance, formats.JSON, formats.JSON_WORDS)


def json_page(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A JSON page; with one file more that only the thorough reader takes, the others are as they were."""
    files = _page(data, JSON_KIND)
    if files is None:
        return False
    page = json.loads(data)
    page["files"].append({"url": "odd-1.zip"})
    again = _page(json.dumps(page).encode(), JSON_KIND)
    assert again is not None
    assert again[: len(files)] == files
    return True


def _page(data: bytes, kind: str) -> list[DistributionFile] | None:
    try:
        listing = parse_page(data, kind, URL)
    except InvalidPage:
        return None
    files = list(listing)
    assert [file.filename for file in files] == list(listing.names)
    for place, file in enumerate(files):
        assert tuple(listing.traits(place)) == (file.requires_python, file.yanked)
        assert not _credentials(file.url, file.provenance or "")
        assert file.size is None or file.size >= 0
        _writable(file.filename, file.url, file.requires_python, file.yanked, file.provenance)
        _writable(*(text for pair in (*file.hashes, *(file.core_metadata or ())) for text in pair))
        assert (file.provenance or "").isprintable()
    columns = listing.columns()
    if columns is not None:
        assert list(Listing.from_columns(json.loads(json.dumps(columns)))) == files
    releases = Releases(summary(listing, URL))
    assert releases.has_provenance in (True, False)
    assert releases.first_upload is None or releases.first_upload.tzinfo is not None
    for release in releases.before(Version("9999")):
        _writable(release.provenance)
    for name in listing.names[:3]:
        found = releases.of(name)
        assert found is None or version_text(name)
    relations = parse_relations(data, kind, URL)
    assert len(relations.reason) <= 300
    assert "\n" not in relations.reason
    _writable(printable(relations.reason), *map(printable, relations.tracks | relations.alternates))
    assert not _credentials(*relations.tracks, *relations.alternates)
    return files


def _credentials(*addresses: str) -> bool:
    return any(split_credentials(address)[1] for address in addresses)


# --------------------------------------------------------------------------- provenance


def provenance_bytes(chance: random.Random) -> bytes:
    """Half of the time with another statement inside."""
    if chance.random() < 0.5:
        return spoiled_json(chance, formats.PROVENANCE, formats.JSON_WORDS)
    document = json.loads(chance.choice(formats.PROVENANCE))
    statement = json.dumps(spoiled(chance, formats.STATEMENT)).encode()
    if chance.random() < 0.5:
        statement = mutated(chance, [statement], formats.JSON_WORDS)
    envelope = document["attestation_bundles"][0]["attestations"][0]["envelope"]
    envelope["statement"] = base64.b64encode(statement).decode()
    return json.dumps(document).encode()


def provenance(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A provenance document; what is told of it stands on one line each."""
    try:
        found = parse_provenance(data, *chance.choice([(), (NAME,), (NAME, formats.DIGEST)]))
    except UnknownProvenance as error:
        assert str(error).isprintable()
        assert len(str(error)) < 300
        return False
    for text in (found.problem, *(text for publisher in found.publishers for text in publisher)):
        assert text.isprintable()
        assert len(text) < 700
    return not found.problem


# --------------------------------------------------------------------------- metadata


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
    _writable(found.name, found.version, found.requires_python, *found.requires_dist, *found.provides_extra)
    assert answer(found, ("MIT", "BSD-3-Clause"))[0] in ("allowed", "not allowed", "unknown")
    assert len(answer(found, ("MIT",))[1]) <= 80


_SOUND = parse_metadata(formats.METADATA[0], "wheel", what="METADATA")


def sdist_bytes(chance: random.Random) -> bytes:
    """A source archive whose PKG-INFO, or pyproject.toml, or both, are mutilated."""
    file = io.BytesIO()
    info = mutated(chance, formats.METADATA, formats.METADATA_WORDS)
    if chance.random() < 0.6:
        info = formats.METADATA[1]
    pyproject = mutated(chance, formats.PYPROJECT, formats.PYPROJECT_WORDS)
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("PKG-INFO", info), ("pyproject.toml", pyproject)):
            if chance.random() < 0.8:
                member = tarfile.TarInfo(f"foo-1.0/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def sdist(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A source archive as the file that it is, and its pyproject.toml as that of a folder."""
    path = folder / "foo-1.0.tar.gz"
    path.write_bytes(data)
    with tarfile.open(path) as archive:
        found = next((each for each in archive if each.name.endswith("toml")), None)
        body = archive.extractfile(found) if found is not None else None
        (folder / "pyproject.toml").write_bytes(b"" if body is None else body.read())
    passed = 0
    for read in (lambda: sdist_metadata(path), lambda: folder_metadata(folder)):
        try:
            _of_metadata(read())
            passed += 1
        except (BuildRequired, UnreadableArchive) as error:
            _writable(printable(str(error)))
    return passed > 0


# --------------------------------------------------------------------------- requirements files


def requirements_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.REQUIREMENTS, formats.REQUIREMENTS_WORDS)


def requirements(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A requirements file, with a folder and another file that it may name."""
    (folder / "main.txt").write_bytes(data)
    if not (folder / "folder").is_dir():
        (folder / "folder").mkdir()
        (folder / "folder" / "setup.py").touch()
        (folder / "other.txt").write_bytes(formats.OTHER)
    revise = chance.choice((None, _unchanged))
    with _inside(folder), warnings.catch_warnings():
        # Of codecs that a file names.
        warnings.simplefilter("ignore")
        try:
            request = read_request(
                parse(["-r", "main.txt"], [], {}),
                LINUX,
                environ={"HOME": "/home/x"},
                fetch=no_fetch,
                default_index=_no_index,
                now=NOW,
                revise=revise,
                within=chance.choice(("", str(folder))),
            )
        except UsageError as error:
            _told(error)
            return False
    for item in (*request.requirements, *request.constraints):
        assert item.name is None or item.name == canonicalize_name(item.name)
        assert item.url is None or (item.url.isprintable() and " " not in item.url)
        assert item.origin.line is not None
        _writable(item.url, str(item.marker), str(item.specifier))
        assert (
            1 <= item.origin.line <= len(data.decode("latin-1").splitlines())
            or item.origin.source != "main.txt"
            or not data.isascii()
        )
        assert all(digest == digest.lower() for _, digest in item.hashes or ())
    for text in request.notes:
        assert formats.SECRET not in text
        _writable(printable(text))
    assert not any(formats.SECRET in line.value for line in request.source_lines)
    return True


def _unchanged(line: Line) -> Line:
    return line


def _no_index() -> DefaultIndex:
    return DefaultIndex("https://index.example/simple", "files.example")


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


# --------------------------------------------------------------------------- policies


def policy_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.POLICIES, formats.POLICY_WORDS)


def policy(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A policy file: of a project, which cannot loosen the user's; of the user; or one that is named."""
    whose = chance.choice(("project", "pyproject", "user", "named"))
    profile = "ci" if b"profiles.ci" in data and chance.random() < 0.7 else None
    project, user = folder / "home" / "project", folder / "home" / "user.toml"
    if not project.is_dir():
        (project / ".git").mkdir(parents=True)
        (project / "other.toml").write_text(formats.FIXED_POLICY)
    own, other = project / "safe-pip.toml", project / "pyproject.toml"
    if whose == "pyproject":
        data = b"[tool.safe-pip]\n" + re.sub(rb"^(\[\[?)", rb"\1tool.safe-pip.", data, flags=re.MULTILINE)
    for path, name in ((own, "project"), (other, "pyproject")):
        path.unlink(missing_ok=True)
        if whose == name or (whose == "named" and name == "project"):
            path.write_bytes(data)
    user.write_bytes(data if whose == "user" else formats.FIXED_POLICY.encode())
    places = Places(project, (), user, folder / "home", str(own) if whose == "named" else None, profile)
    try:
        loaded = load(places)
    except PolicyError as error:
        _told(error)
        return False
    _sensible(loaded.lines, loaded.settings.notes)
    for pattern in (
        *(each.packages for each in loaded.settings.overrides),
        *(each.packages for each in loaded.settings.exceptions),
        *(each[0] for each in loaded.settings.cooldown.packages),
    ):
        assert pattern is None or pattern.matches("flask", "1.0") in (True, False)
    if whose in ("project", "pyproject"):
        settings = loaded.settings
        assert settings.cooldown.minimum_age >= timedelta(days=3)
        assert settings.sources.require_hashes
        assert not settings.exceptions
        for code, weight in _user_alone(folder, places).items():
            assert strictness(settings.levels[code].install) >= strictness(weight.install)
            assert strictness(settings.levels[code].audit) >= strictness(weight.audit)
    return True


def _sensible(lines: Any, notes: Any) -> None:
    for line in lines:
        _writable(printable(line.key), printable(line.value))
        for origin in (each.origin for each in (line.line, *(item for _, item in line.overruled))):
            assert origin is None or origin.line is None or origin.line >= 1
    for note in notes:
        assert formats.SECRET not in note
        _writable(printable(note))


_ALONE: dict[str, Mapping[str, Any]] = {}


def _user_alone(folder: Path, places: Places) -> Mapping[str, Any]:
    """The levels without any project."""
    if not _ALONE:
        empty = folder / "empty"
        empty.mkdir()
        _ALONE["levels"] = load(places._replace(folder=empty, profile=None, home=None)).settings.levels
    return _ALONE["levels"]


def editing_bytes(chance: random.Random) -> bytes:
    return mutated(chance, formats.POLICIES, formats.POLICY_WORDS)


def editing(data: bytes, chance: random.Random, folder: Path) -> bool:
    """An exception put into a policy file, of words that a person may give: every other byte stays as it was."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    words = [chance.choice((chance.choice(formats.EXCEPTION_WORDS), None)) for _ in range(5)]
    what, package = chance.choice(formats.EXCEPTION_WORDS[:4]), chance.choice(formats.EXCEPTION_WORDS[4:7])
    odd = chance.random() < 0.5
    wanted = Wanted(
        words[0] or what if odd else what,
        words[1] if odd else package,
        words[2] if odd else "30d",
        chance.random() < 0.3,
        words[3] if odd else chance.choice(("why", "\x7f \\ \"'ü")),
        words[4] if odd else None,
    )
    try:
        exception = exception_of(wanted, date(2026, 11, 20), chance.choice((None, timedelta(days=90))))
    except UsageError as error:
        _told(error)
        exception = {"id": "PYSEC-2026-1", "package": "weak<2", "reason": "why", "expires": date(2026, 12, 31)}
    try:
        edited = add_exception(text, exception, "safe-pip.toml", prefix=chance.choice(((), (), ("tool", "safe-pip"))))
    except PolicyError as error:
        _told(error)
        return False
    assert len(edited.text) > len(text)
    assert edited.text.endswith(text[_common(text, edited.text) :])
    assert edited.text.split("\n")[edited.line - 1].rstrip("\r") == edited.added[0]
    return True


def _common(one: str, other: str) -> int:
    return next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), len(one))


# --------------------------------------------------------------------------- likelihood


def epss_bytes(chance: random.Random) -> bytes:
    data = mutated(chance, formats.EPSS, formats.EPSS_WORDS)
    if chance.random() < 0.3:
        data = gzip.compress(data, mtime=0)
        if chance.random() < 0.5:
            data = mutated(chance, [data], [b"\x1f\x8b"])
    return data


def kev_bytes(chance: random.Random) -> bytes:
    return spoiled_json(chance, formats.KEV, formats.KEV_WORDS)


def _risk(kind: str, data: bytes, folder: Path) -> bool:
    path = folder / "scores"
    path.write_bytes(data)
    sources = RiskSources(**{kind: str(path)})
    try:
        risk, unchecked = sources.read(cast(Context, None))
    except UsageError as error:
        _told(error)
        return False
    assert not unchecked
    scores = risk.epss if kind == "epss" else risk.kev
    assert scores
    for identifier, score in scores.items():
        assert identifier.startswith("CVE-")
        assert identifier.isprintable()
        assert 0 <= score <= 1
    return True


def epss(data: bytes, chance: random.Random, folder: Path) -> bool:
    """Scores in a file: CVE ids, and numbers from 0 to 1."""
    return _risk("epss", data, folder)


def kev(data: bytes, chance: random.Random, folder: Path) -> bool:
    """A catalog in a file: CVE ids."""
    return _risk("kev", data, folder)


Make = Callable[[random.Random], bytes]
Check = Callable[[bytes, random.Random, Path], bool]
READERS: Mapping[str, tuple[Make, Check]] = {
    "html": (html_bytes, html),
    "json": (json_bytes, json_page),
    "provenance": (provenance_bytes, provenance),
    "metadata": (metadata_bytes, metadata),
    "sdist": (sdist_bytes, sdist),
    "requirements": (requirements_bytes, requirements),
    "policy": (policy_bytes, policy),
    "editing": (editing_bytes, editing),
    "epss": (epss_bytes, epss),
    "kev": (kev_bytes, kev),
}


def tried(reader: str, seed: int, folder: Path) -> bool:
    """One input, made from a seed. Whether it was read."""
    chance = random.Random(seed)
    make, check = READERS[reader]
    return check(make(chance), chance, folder)
