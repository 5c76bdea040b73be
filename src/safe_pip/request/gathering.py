"""What files ask for, gathered: requirements, constraints, and the options that their lines change."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import Locked, RequestedRequirement, SearchScope, SourceLine, Target
from safe_pip.request.default_index import DefaultIndex
from safe_pip.request.lines import parse_hashes, parse_requirement
from safe_pip.request.pylock import LockRequest, read_lock
from safe_pip.request.requirements_file import Line, RequirementsReader
from safe_pip.request.script import read_script
from safe_pip.request.values import Values

Revise = Callable[[Line], Line | None]
"""What becomes of a line of a requirements file: itself, another one, or nothing."""


@dataclass
class Gathering:
    """What has been read so far, and the options that lines of requirements files have changed."""

    values: Values
    reader: RequirementsReader
    target: Target
    revise: Revise
    requirements: list[RequestedRequirement] = field(default_factory=list)
    constraints: list[RequestedRequirement] = field(default_factory=list)
    locked: dict[NormalizedName, Locked] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    index_urls: list[str] | None = None
    find_links: list[str] = field(default_factory=list)
    source_lines: list[SourceLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.find_links = [_expanded(place) for place in self.values.texts("find_links")]

    def file(self, name: str, *, constraint: bool) -> None:
        """Read a file and everything it includes."""
        for read in self.reader.read(name, constraint=constraint):
            self._passed_over(read)
            line = self.revise(read)
            if line is None:
                continue
            if line.requirement:
                hashes = parse_hashes(line.values.texts("hash"), line.origin)
                requirement = parse_requirement(line.requirement, line.origin, hashes)
                (self.constraints if line.constraint else self.requirements).append(requirement)
            else:
                self._options(line)

    def lock(self, asked: LockRequest) -> None:
        """Take what a lock file selects. Raises UsageError where two of them lock one project."""
        for requirement, locked in read_lock(asked, self.target, self.values.format_control, self.reader.fetch):
            self.requirements.append(requirement)
            if locked is None or requirement.name is None:
                continue
            other = self.locked.setdefault(requirement.name, locked)
            if other is not locked:
                raise UsageError(
                    f"{locked.origin}: another lock file names a file of it as well ({other.origin}).",
                    "Use one lock file, or such as have no package in common.",
                )

    def script(self) -> None:
        """Read what a script says it needs."""
        scripts = self.values.texts("script")
        if len(scripts) > 1:
            raise UsageError("--requirements-from-script can be given only once.", "Run once for each script.")
        for path in scripts:
            ignore = self.values.flag("ignore_requires_python")
            self.requirements += read_script(path, self.target, ignore_requires_python=ignore)

    def _passed_over(self, line: Line) -> None:
        """Note what pip passes over without a word; so does safe-pip, since it has to give pip's answer."""
        given, where = line.values, f"{line.origin}: pip passes over"
        if given.arguments:
            self.notes.append(f"{where} what stands after an option ({urls.shown(' '.join(given.arguments))}).")
        if line.requirement and given.given.keys() - {"hash"}:
            self.notes.append(f"{where} the options after {urls.shown(line.requirement)}.")
        if given.texts("hash") and not line.requirement:
            self.notes.append(f"{where} a --hash without a requirement.")
        if len(given.texts("find_links")) > 1:
            self.notes.append(f"{where} all but the first --find-links of a line.")

    def _options(self, line: Line) -> None:
        """A line of options alone (pip: req/req_file.py, handle_option_line)."""
        given = line.values
        self._note_sources(line)
        if given.flag("no_index"):
            self.values.given["no_index"] = True
        if not self.values.flag("no_index"):
            index_url = given.text("index_url")
            if index_url:
                self.index_urls = [index_url]
            extra = given.texts("extra_index_urls")
            if extra and self.index_urls is not None:
                self.index_urls += extra
            elif extra:
                self.values.given["extra_index_urls"] = [*self.values.texts("extra_index_urls"), *extra]
        for place in given.texts("find_links")[:1]:
            beside = os.path.join(os.path.dirname(os.path.abspath(line.origin.source)), place)
            self.find_links.append(beside if os.path.exists(beside) else place)
        for switch in ("prefer_binary", "require_hashes", "no_require_hashes"):
            if given.flag(switch):
                self.values.given[switch] = True
        if given.flag("pre"):
            self.values.releases.sets[0].add(":all:")
        hosts = given.texts("trusted_hosts")
        if hosts:
            self.values.given["trusted_hosts"] = [*self.values.texts("trusted_hosts"), *hosts]

    def _note_sources(self, line: Line) -> None:
        """Note what a line changes of where packages come from; what the person has configured as well is no change."""
        given, own = line.values, self.values
        said: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
            ("--index-url", [given.text("index_url") or ""], [own.text("index_url") or ""]),
            ("--extra-index-url", given.texts("extra_index_urls"), own.texts("extra_index_urls")),
            ("--find-links", given.texts("find_links")[:1], own.texts("find_links")),
            ("--trusted-host", given.texts("trusted_hosts"), own.texts("trusted_hosts")),
        )
        for option, places, known in said:
            bare = set(map(_bare, known))
            new = [place for place in places if place and _bare(place) not in bare]
            self.source_lines += [SourceLine(option, urls.brief(place), line.origin) for place in new]
        for option, switch in (("--no-index", "no_index"), ("--no-require-hashes", "no_require_hashes")):
            if given.flag(switch) and not own.flag(switch):
                self.source_lines.append(SourceLine(option, "", line.origin))

    def search(self, default_index: Callable[[], DefaultIndex]) -> SearchScope:
        """Where to look, after the command line and every line of every file. Raises UsageError for what is no URL."""
        scope = self._scope(default_index)
        for place in (*scope.index_urls, *scope.find_links):
            try:
                urls.split_credentials(place)
            except ValueError as error:
                raise UsageError(
                    f"{urls.shown(place)} is not a URL: {error}.",
                    "Check --index-url, --extra-index-url and --find-links.",
                ) from error
        for place in scope.find_links:
            path = urls.local_path(place)
            if path is not None and not os.path.exists(path):
                self.notes.append(f"--find-links {urls.shown(place)} is not there; pip passes over it.")
        return scope

    def _scope(self, default_index: Callable[[], DefaultIndex]) -> SearchScope:
        if self.values.flag("no_index"):
            return SearchScope((), tuple(self.find_links))
        file_host = None
        index_urls = self.index_urls
        if index_urls is None:
            configured = self.values.text("index_url")
            if configured is None:
                configured, file_host = default_index()
            index_urls = [configured, *self.values.texts("extra_index_urls")]
        return SearchScope(tuple(index_urls), tuple(self.find_links), file_host)


def _bare(place: str) -> str:
    """A place without credentials and without the slash at its end; what is no URL as it is."""
    try:
        return urls.split_credentials(place)[0].rstrip("/")
    except ValueError:
        return place


def _expanded(place: str) -> str:
    """A find-links place with its ``~`` expanded where that names something (pip: models/search_scope.py)."""
    if place.startswith("~"):
        expanded = os.path.expanduser(place)
        if os.path.exists(expanded):
            return expanded
    return place
