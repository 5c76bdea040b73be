"""What versions of a project there are, and why each cannot be used here: a few lines, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.model import PassedOver
from safe_pip.resolve.pool import Pool
from safe_pip.resolve.usable import Found, Skipped

_SHOWN_VERSIONS = 8
_SHOWN_GROUPS = 5
_LONG_RUN = 4
"""From so many neighbouring versions on, only the first and the last are written."""
_SHOWN_TAGS = 4
_OTHER_PYTHON = "its wheels are for another Python"
_OTHER_PLATFORM = "its wheels are for another platform"

Unfit = frozenset[tuple[str, str]]


class Offered:
    """One project's versions, sorted by whether they can be used. unfit: versions whose reason is told elsewhere."""

    def __init__(self, project: NormalizedName, pool: Pool, unfit: Unfit = frozenset()) -> None:
        self.project = project
        self._found: Found = pool.files.found(project)
        self._releases = pool.request.selection.releases.allows_prereleases(project)
        self._platforms = frozenset(tag.rpartition("-")[2] for tag in pool.request.target.tags)
        self._implementation = next(iter(pool.request.target.tags), "").partition("-")[0].rstrip("0123456789")
        self._passed_over = [
            # An extra that is not there is noted as well, but does not rule its version out.
            item
            for item in pool.passed_over.values()
            if item.name == project and item.code != "unknown-extra"
        ]
        self.avoided = pool.files.avoided(project)
        """Those that count as not there, and why, the newest first."""
        usable = [
            item
            for item in self._found.usable
            if (project, str(item.version), item.file.url) not in pool.passed_over
            and (project, str(item.version)) not in unfit
            and item.version not in self.avoided
        ]
        sound = {item.version for item in usable if item.sound}
        finals = {version for version in sound if not version.is_prerelease}
        hidden = self._releases is False or (self._releases is None and bool(finals))
        self.versions = _descending(finals if hidden else sound)
        """Those that may be chosen."""
        self.prereleases = _descending(sound - finals) if hidden else []
        """Those that are not chosen because they are pre-releases."""
        self.yanked = _descending({item.version for item in usable if not item.sound} - sound)
        self.skipped = self._skipped()
        """Why versions cannot be used at all, by version, the newest first."""
        self._all = [*map(str, self.versions), *map(str, self.prereleases), *map(str, self.yanked), *self.skipped]
        self._all += map(str, self.avoided)
        self._all.sort(key=by_version, reverse=True)

    @property
    def is_unknown(self) -> bool:
        """Whether no place lists a file of it."""
        return not self._found.usable and not self._found.skipped

    @property
    def has_unread_pages(self) -> bool:
        """Whether a place that may know it could not be read."""
        return bool(self._found.unchecked)

    def lines(self, specifier: SpecifierSet, *, only_admitted: bool = False) -> Iterator[str]:
        """What there is, and why the rest is not: of versions that a specifier admits, where there are any.

        only_admitted: say nothing of the others even where there are none, since something else is the reason.
        """
        if self.versions:
            yield f"{self.project} can be had here in {self._spans(self.versions)}"
        skipped, prereleases, yanked = self.skipped, self.prereleases, self.yanked
        if only_admitted or any(specifier.contains(text, prereleases=True) for text in self._all if _is_version(text)):
            prereleases = [version for version in prereleases if specifier.contains(version, prereleases=True)]
            yanked = [version for version in yanked if specifier.contains(version, prereleases=True)]
            skipped = {
                text: items
                for text, items in skipped.items()
                if _is_version(text) and specifier.contains(text, prereleases=True)
            }
        if prereleases:
            how = "ruled out by --only-final" if self._releases is False else "taken only with --pre or where asked for"
            kind = "is a pre-release" if len(prereleases) == 1 else "are pre-releases"
            yield f"{self.project} {self._spans(prereleases)} {kind}, {how}"
        yield from self._reasons(skipped)
        if yanked:
            be = "is" if len(yanked) == 1 else "are"
            yield f"{self.project} {self._spans(yanked)} {be} yanked, and taken only where pinned with =="
        for item in self._passed_over[:_SHOWN_VERSIONS]:
            yield f"{self.project} {item.version} was passed over: {item.reason}"
        if len(self._passed_over) > _SHOWN_VERSIONS:
            yield f"{self.project}: {len(self._passed_over) - _SHOWN_VERSIONS} more were passed over"

    def avoided_by(self, specifier: SpecifierSet) -> str:
        """The avoided versions that a specifier admits, with the rule in the way of each; empty for none."""
        stopped = [passed for version, passed in self.avoided.items() if specifier.contains(version, prereleases=True)]
        shown = [_told(passed) for passed in stopped[:_SHOWN_VERSIONS]]
        if len(stopped) > _SHOWN_VERSIONS:
            shown.append(f"and {len(stopped) - _SHOWN_VERSIONS} more")
        return ", ".join(shown)

    def _reasons(self, skipped: Mapping[str, Sequence[Skipped]]) -> Iterator[str]:
        groups: dict[str, list[str]] = {}
        tags: dict[str, set[str]] = {}
        for version, items in skipped.items():
            reason, of_wheels = self._reason(items)
            groups.setdefault(reason, []).append(version)
            tags.setdefault(reason, set()).update(of_wheels)
        for reason, versions in list(groups.items())[:_SHOWN_GROUPS]:
            whose = f" ({self._some(tags[reason])})" if tags[reason] else ""
            yield f"{self.project} {self._spans(versions)}: {reason}{whose}"
        rest = [version for versions in list(groups.values())[_SHOWN_GROUPS:] for version in versions]
        if rest:
            yield f"{self.project} {self._spans(rest)}: of no use here for other such reasons"

    def admitted(self, versions: Iterable[Version], specifier: SpecifierSet) -> Version | None:
        """The newest of some versions, given newest first, that a specifier admits, pre-releases included."""
        return next((version for version in versions if specifier.contains(version, prereleases=True)), None)

    def for_another_python(self, specifier: SpecifierSet) -> tuple[str, str] | None:
        """The newest version a specifier admits that only the Python here rules out, and which Python it wants."""
        for version, items in self.skipped.items():
            if not _is_version(version) or not specifier.contains(version, prereleases=True):
                continue
            text = next((item.requires_python for item in items if item.requires_python), "")
            if text:
                return version, f"Python {text}"
            reason, tags = self._reason(items)
            if reason == _OTHER_PYTHON:
                return version, f"Python that its wheels are for ({self._some(tags)})"
        return None

    @property
    def is_for_others(self) -> bool:
        """Whether there are files, made for another Python or platform."""
        return any(item.code in ("python", "tags") for items in self.skipped.values() for item in items)

    def ruled_out_by(self, specifier: SpecifierSet) -> tuple[str, str] | None:
        """The newest version a specifier admits that only an option rules out, and that option."""
        for version, items in self.skipped.items():
            options = [item.option for item in items if item.option]
            if options and _is_version(version) and specifier.contains(version, prereleases=True):
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
        reasons += [item.reason for item in items if item.code not in ("python", "tags", "upload-time")]
        reasons += ["uploaded too late for --uploaded-prior-to" for item in items if item.code == "upload-time"]
        wheels = [item.tags.split("-") for item in items if item.code == "tags"]
        if wheels:
            fitting = [part for part in wheels if not self._platforms.isdisjoint(part[-1].split("."))]
            reasons.append(_OTHER_PYTHON if fitting else _OTHER_PLATFORM)
            tags = {tag for part in fitting or wheels for tag in part[0 if fitting else -1].split(".")}
        return ", and ".join(dict.fromkeys(reasons)), tags

    # ----------------------------------------------------------------- versions in words

    def _spans(self, versions: Iterable[object]) -> str:
        """Versions in words, the newest first: neighbours as a span, and not too many."""
        wanted = {str(version) for version in versions}
        # A pre-release between two versions does not part them, but among its own kind it counts.
        alike = any(map(_is_prerelease, wanted))
        places = {text: place for place, text in enumerate(t for t in self._all if alike or not _is_prerelease(t))}
        runs: list[list[str]] = []
        for text in sorted(wanted, key=lambda text: places[text]):
            if runs and places[text] == places[runs[-1][-1]] + 1:
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

    def _some(self, tags: Iterable[str]) -> str:
        """A few tags, those of the target's own implementation first, and of these the newest."""
        own = self._implementation
        distinct = sorted(tags, key=lambda tag: (_by_number(tag)[0] == own, *_by_number(tag)), reverse=True)
        more = len(distinct) - _SHOWN_TAGS
        return ", ".join(distinct[:_SHOWN_TAGS]) + (f" and {more} more" if more > 0 else "")


@lru_cache(maxsize=20_000)
def by_version(text: str) -> tuple[bool, Version, str]:
    """A key that sorts by version what is one, and puts the rest before."""
    try:
        return True, Version(text), text
    except ValueError:
        return False, Version("0"), text


def _descending(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, reverse=True)


def _told(passed: PassedOver) -> str:
    """An avoided version with the rule in its way; a reason that begins with the rule does not say it twice."""
    own = passed.reason == passed.code or passed.reason.startswith(f"{passed.code}: ")
    return f"{passed.version} {passed.reason if own else f'{passed.code} ({passed.reason})'}"


def _is_version(text: str) -> bool:
    return by_version(text)[0]


def _is_prerelease(text: str) -> bool:
    valid, version, _ = by_version(text)
    return valid and version.is_prerelease


def _by_number(tag: str) -> tuple[str, int, str]:
    """Tags of one implementation by its version: cp39 before cp310."""
    letters = tag.rstrip("0123456789")
    digits = tag[len(letters) :]
    return letters, int(digits or 0), tag
