"""Lock files (PEP 751) as requirements: pylock.toml, by path or URL, with extras and groups chosen.

pip reads a lock file as requirements of a special kind (utils/pylock.py, req/constructors.py): each package that is
selected for the environment is asked for by its version and the hashes of its file, and that file is the only one that
may be used for it, whatever an index offers. What the packages depend on is resolved as always.
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, cast

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name, parse_sdist_filename, parse_wheel_filename

from safe_pip import urls
from safe_pip.errors import FetchError, UnsupportedOption, UsageError
from safe_pip.model import DistributionFile, FormatControl, Hashes, Locked, Origin, RequestedRequirement, Target
from safe_pip.request.groups import Group
from safe_pip.request.lines import STRONG_HASHES, parse_requirement, parse_specified
from safe_pip.request.options import NO_BUILDS
from safe_pip.request.places import Fetch, absolute, is_lock_file, is_url, read_bytes, reason_of, split_extras
from safe_pip.request.toml_file import parse_toml

if TYPE_CHECKING:
    from packaging.markers import Environment

_Source = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist


@dataclass
class LockRequest:
    """One lock file and what of it is asked for. default_groups: whether its default groups are (``-r`` says so)."""

    place: str
    extras: set[NormalizedName] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    default_groups: bool = False


def sort_sources(files: Iterable[str], groups: Iterable[Group]) -> tuple[list[str | LockRequest], list[Group]]:
    """Part lock files from other files: the sources in order, each lock file once, and the groups of projects.

    files: what ``-r`` names. Source: pip's cli/req_command.py, _collect_requirement_sources.
    """
    locks: dict[tuple[str, str], LockRequest] = {}
    sources: list[str | LockRequest] = []
    of_projects: list[Group] = []
    for written, group in [*((name, None) for name in files), *((group.path, group) for group in groups)]:
        place, extras = split_extras(written)
        if not is_lock_file(place):
            if group is None:
                sources.append(written)
            else:
                of_projects.append(group)
            continue
        key = absolute(place)
        if key not in locks:
            locks[key] = LockRequest(place)
            sources.append(locks[key])
        locks[key].extras |= extras
        if group is None:
            locks[key].default_groups = True
        else:
            locks[key].groups.add(group.name)
    return sources, of_projects


def read_lock(
    asked: LockRequest, target: Target, formats: FormatControl, fetch: Fetch
) -> Iterator[tuple[RequestedRequirement, Locked | None]]:
    """What a lock file selects for the target: requirements, and with each the one file it may be had from.

    No such file for a direct reference, which names its own. Raises UsageError naming the file and the package, and
    UnsupportedOption for an editable package.
    """
    lock, shown = _parsed(asked.place, fetch), urls.redacted(asked.place)
    groups: set[str] = {canonicalize_name(name) for name in asked.groups}
    if asked.default_groups:
        groups |= set(lock.default_groups or ())
    try:
        selected: list[tuple[Package, _Source]] = list(
            lock.select(
                environment=cast("Environment", dict(target.markers)),
                tags=[Tag(*tag.split("-", 2)) for tag in target.tags],
                extras=asked.extras,
                dependency_groups=groups,
                prefer_sdist_predicate=lambda name: formats.allowed(name) == frozenset({"source"}),
            )
        )
    except (PylockSelectError, PylockValidationError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The lock file {shown} cannot be used here: {urls.brief(_first_line(error))}.",
            f"It was made for other environments than {target.executable}; lock again for this one.",
        ) from error
    for package, source in selected:
        yield _requirement(asked.place, Origin(f"{shown}, package {package.name}"), package, source)


def _parsed(place: str, fetch: Fetch) -> Pylock:
    what = f"The lock file {urls.redacted(place)}"
    try:
        content = read_bytes(place, fetch).decode("utf-8")
    except FetchError as error:
        raise UsageError(f"{what} cannot be read: {urls.redacted(error.reason)}.", error.hint) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{what} cannot be read: {reason_of(error)}.", "Check the path after -r.") from error
    try:
        return Pylock.from_dict(parse_toml(content, what))
    except (PylockValidationError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{what} is not as PEP 751 has it: {urls.brief(_first_line(error))}.", "Write it anew with your locker."
        ) from error


def _requirement(
    place: str, origin: Origin, package: Package, source: _Source
) -> tuple[RequestedRequirement, Locked | None]:
    if isinstance(source, PackageVcs):
        url = f"{source.type}+{_address(place, source.path, source.url, origin)}@{source.commit_id}"
        return parse_specified(f"{package.name} @ {_with_folder(url, source.subdirectory, origin)}", origin), None
    if isinstance(source, PackageDirectory):
        return _directory(place, origin, source), None
    hashes = _hashes(source.hashes, origin)
    address = _address(place, source.path, source.url, origin)
    if isinstance(source, PackageArchive):
        text = f"{package.name} @ {_with_folder(address, source.subdirectory, origin)}"
        return parse_specified(text, origin, hashes), None
    version = package.version
    if version is None:
        is_wheel = isinstance(source, PackageWheel)
        version = parse_wheel_filename(source.filename)[1] if is_wheel else parse_sdist_filename(source.filename)[1]
    try:
        clean = urls.split_credentials(urls.without_fragment(address))[0]
        file = DistributionFile(
            filename=urls.file_name(clean),
            url=urls.quoted(clean),
            listed_on=urls.redacted(place),
            hashes=hashes,
            size=source.size,
            upload_time=_in_utc(source),
        )
    except ValueError as error:
        raise UsageError(f"{origin}: {urls.shown(address)} is not a URL: {error}.") from error
    return parse_specified(f"{package.name}=={version}", origin, hashes), Locked(file, address, origin)


def _in_utc(source: PackageWheel | PackageSdist) -> datetime | None:
    """When a file was uploaded; a time without an offset is in UTC (PEP 751)."""
    time = source.upload_time
    return time.replace(tzinfo=timezone.utc) if time is not None and time.tzinfo is None else time


def _directory(place: str, origin: Origin, source: PackageDirectory) -> RequestedRequirement:
    if is_url(place) and not place.lower().startswith("file:"):
        raise UsageError(
            f"{origin}: a lock file on a server cannot name a folder ({urls.shown(source.path)}).",
            "Fetch the project with its lock file.",
        )
    if source.editable:
        raise UnsupportedOption("An editable package", NO_BUILDS, str(origin), "Lock a release of it instead.")
    folder = f"{_address(place, source.path, None, origin).rstrip('/')}/"
    return parse_requirement(f"{folder}{source.subdirectory}/" if source.subdirectory else folder, origin)


def _hashes(given: Mapping[str, str], origin: Origin) -> Hashes:
    """The digests of a file by algorithms that are strong enough to trust. Raises UsageError where there is none."""
    strong = frozenset((name, digest.lower()) for name, digest in given.items() if name in STRONG_HASHES)
    if not strong:
        raise UsageError(
            f"{origin}: its file has no hash of {', '.join(STRONG_HASHES)}.", "Lock again with one of these."
        )
    return strong


def _address(place: str, path: str | None, url: str | None, origin: Origin) -> str:
    """The URL of a file: a path counts before a URL, and starts from where the lock file lies.

    A lock file on a server may not lead to another place by a path. Source: pip's utils/pylock.py, _package_dist_url.
    """
    if path is None:
        assert url is not None, "packaging has checked that one of the two is there"
        return url
    if not is_url(place):
        return urls.path_to_url(os.path.join(os.path.dirname(place), path))
    try:
        joined = urllib.parse.urljoin(place, path)
        elsewhere = urllib.parse.urlsplit(joined)[:2] != urllib.parse.urlsplit(place)[:2]
    except ValueError as error:
        raise UsageError(f"{origin}: {urls.shown(path)} is not a path: {error}.") from error
    if os.path.isabs(path) or elsewhere:
        raise UsageError(
            f"{origin}: the path {urls.shown(path)} leads away from the place of the lock file.",
            "A lock file that is read from a URL names files beside it, or by their own URLs.",
        )
    return joined


def _with_folder(url: str, folder: str | None, origin: Origin) -> str:
    if not folder:
        return url
    if "#" in url:
        raise UsageError(f"{origin}: {urls.shown(url)} has a fragment, and there is a subdirectory as well.")
    return f"{url}#subdirectory={folder}"


def _first_line(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).partition("\n")[0].rstrip(".")
