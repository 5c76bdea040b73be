"""What versions of a project there are, and why each cannot be used here: a few lines, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.resolve.files import Found, Skipped
from safe_pip.resolve.pool import Pool

_SHOWN_VERSIONS = 8
_SHOWN_GROUPS = 5
_LONG_RUN = 4
"""From so many neighbouring versions on, only the first and the last are written."""
_SHOWN_TAGS = 4

Unfit = frozenset[tuple[str, str]]


class Offered:
    """One project's versions, sorted by whether they can be used. unfit: versions whose reason is told elsewhere."""

    def __init__(self, project: NormalizedName, pool: Pool, unfit: Unfit = frozenset()) -> None:
        self.project = project
        self._found: Found = pool.files.found(project)
        self._releases = pool.request.selection.releases.allows_prereleases(project)
        self._platforms = frozenset(tag.rpartition("-")[2] for tag in pool.request.target.tags)
        self._passed_over = [
            # An extra that is not there is noted as well, but does not rule its version out.
            item
            for item in pool.passed_over.values()
            if item.name == project and item.code != "unknown-extra"
        ]
        usable = [
            item
            for item in self._found.usable
            if (project, str(item.version), item.file.url) not in pool.passed_over
            and (project, str(item.version)) not in unfit
        ]
        sound = {item.version for item in usable if item.file.yanked is None}
        finals = {version for version in sound if not version.is_prerelease}
        hidden = self._releases is False or (self._releases is None and bool(finals))
        self.versions = _descending(finals if hidden else sound)
        """Those that may be chosen."""
        self.prereleases = _descending(sound - finals) if hidden else []
        """Those that are not chosen because they are pre-releases."""
        self.yanked = _descending({item.version for item in usable if item.file.yanked is not None} - sound)
        self.skipped = self._skipped()
        """Why versions cannot be used at all, by version, the newest first."""
        self._all = [*map(str, self.versions), *map(str, self.prereleases), *map(str, self.yanked), *self.skipped]
        self._all.sort(key=by_version, reverse=True)

    @property
    def is_unknown(self) -> bool:
        """Whether no place lists a file of it."""
        return not self._found.usable and not self._found.skipped

    @property
    def has_unread_pages(self) -> bool:
        """Whether a place that may know it could not be read."""
        return bool(self._found.unchecked)

    def lines(self) -> Iterator[str]:
        """What there is, and why the rest is not."""
        if self.versions:
            yield f"{self.project} can be had here in {self._spans(self.versions)}"
        if self.prereleases:
            how = "ruled out by --only-final" if self._releases is False else "taken only with --pre or where asked for"
            kind = "is a pre-release" if len(self.prereleases) == 1 else "are pre-releases"
            yield f"{self.project} {self._spans(self.prereleases)} {kind}, {how}"
        groups: dict[str, list[str]] = {}
        tags: dict[str, set[str]] = {}
        for version, items in self.skipped.items():
            reason, of_wheels = self._reason(items)
            groups.setdefault(reason, []).append(version)
            tags.setdefault(reason, set()).update(of_wheels)
        for reason, versions in list(groups.items())[:_SHOWN_GROUPS]:
            whose = f" ({_some(tags[reason])})" if tags[reason] else ""
            yield f"{self.project} {self._spans(versions)}: {reason}{whose}"
        rest = [version for versions in list(groups.values())[_SHOWN_GROUPS:] for version in versions]
        if rest:
            yield f"{self.project} {self._spans(rest)}: of no use here for other such reasons"
        if self.yanked:
            be = "is" if len(self.yanked) == 1 else "are"
            yield f"{self.project} {self._spans(self.yanked)} {be} yanked, and taken only where pinned with =="
        for item in self._passed_over[:_SHOWN_VERSIONS]:
            yield f"{self.project} {item.version} was passed over: {item.reason}"
        if len(self._passed_over) > _SHOWN_VERSIONS:
            yield f"{self.project}: {len(self._passed_over) - _SHOWN_VERSIONS} more were passed over"

    def admitted(self, versions: Iterable[Version], specifier: SpecifierSet) -> Version | None:
        """The newest of some versions, given newest first, that a specifier admits, pre-releases included."""
        return next((version for version in versions if specifier.contains(version, prereleases=True)), None)

    def for_another_python(self, specifier: SpecifierSet) -> tuple[str, str] | None:
        """The newest version a specifier admits that only its Requires-Python rules out, and which Python it wants."""
        for version, items in self.skipped.items():
            text = next((item.requires_python for item in items if item.requires_python), "")
            if text and by_version(version)[0] and specifier.contains(version, prereleases=True):
                return version, text
        return None

    def ruled_out_by(self, specifier: SpecifierSet) -> tuple[str, str] | None:
        """The newest version a specifier admits that only an option rules out, and that option."""
        for version, items in self.skipped.items():
            options = [item.option for item in items if item.option]
            if options and by_version(version)[0] and specifier.contains(version, prereleases=True):
                return version, options[0]
        return None

    # ----------------------------------------------------------------- reasons

    def _skipped(self) -> dict[str, list[Skipped]]:
        usable = {str(item.version) for item in self._found.usable}
        found: dict[str, list[Skipped]] = {}
        for item in self._found.skipped:
            if item.version not in usable:
                found.setdefault(item.version, []).append(item)
        return {version: found[version] for version in sorted(found, key=by_version, reverse=True)}

    def _reason(self, items: Sequence[Skipped]) -> tuple[str, set[str]]:
        """Why none of a version's files can be used, and the tags of its wheels where these are what does not fit."""
        reasons: list[str] = []
        tags: set[str] = set()
        wanted = next((item.requires_python for item in items if item.requires_python), None)
        if wanted is not None:
            reasons.append(f"requires Python {wanted}")
        reasons += [item.reason for item in items if item.code == "python" and not item.requires_python]
        reasons += [item.reason for item in items if item.code in ("format", "filename", "version")]
        reasons += ["uploaded too late for --uploaded-prior-to" for item in items if item.code == "upload-time"]
        wheels = [item.tags.split("-") for item in items if item.code == "tags"]
        if wheels:
            fitting = [part for part in wheels if not self._platforms.isdisjoint(part[-1].split("."))]
            reasons.append(f"its wheels are for another {'Python' if fitting else 'platform'}")
            tags = {"-".join(part[:-1]) if fitting else part[-1] for part in fitting or wheels}
        return ", and ".join(dict.fromkeys(reasons)), tags

    # ----------------------------------------------------------------- versions in words

    def _spans(self, versions: Iterable[object]) -> str:
        """Versions in words, the newest first: neighbours as a span, and not too many."""
        places = {version: place for place, version in enumerate(self._all)}
        runs: list[list[str]] = []
        for text in sorted({str(version) for version in versions}, key=lambda text: places.get(text, -1)):
            if runs and places.get(text) == places.get(runs[-1][-1], -1) + 1:
                runs[-1].append(text)
            else:
                runs.append([text])
        pieces: list[tuple[str, int]] = []
        for run in runs:
            if len(run) >= _LONG_RUN:
                pieces.append((f"{run[0]} to {run[-1]} ({len(run)} versions)", len(run)))
            else:
                pieces += [(text, 1) for text in run]
        shown = ", ".join(text for text, _ in pieces[:_SHOWN_VERSIONS])
        more = sum(count for _, count in pieces[_SHOWN_VERSIONS:])
        return f"{shown} and {more} more" if more else shown


def by_version(text: str) -> tuple[bool, Version, str]:
    """A key that sorts by version what is one, and puts the rest before."""
    try:
        return True, Version(text), text
    except ValueError:
        return False, Version("0"), text


def _descending(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, reverse=True)


def _some(texts: Iterable[str]) -> str:
    distinct = sorted(texts, key=_by_number, reverse=True)
    more = len(distinct) - _SHOWN_TAGS
    return ", ".join(distinct[:_SHOWN_TAGS]) + (f" and {more} more" if more > 0 else "")


def _by_number(text: str) -> tuple[int, str]:
    """Shorter before longer, as cp39 is before cp310."""
    return len(text), text
