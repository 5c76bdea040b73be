"""A Request, of the options of a guarded command and of the files that they name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import TargetError, UsageError
from safe_pip.model import (
    COMMAND_LINE,
    Destination,
    Locked,
    Request,
    RequestedRequirement,
    SearchScope,
    Selection,
    SourceLine,
    Target,
)
from safe_pip.request.cutoff import read_cutoff
from safe_pip.request.default_index import DefaultIndex, pip_version
from safe_pip.request.groups import parse_group, read_groups
from safe_pip.request.lines import parse_hashes, parse_requirement
from safe_pip.request.places import Fetch
from safe_pip.request.pylock import LockRequest, read_lock, sort_sources
from safe_pip.request.requirements_file import Line, RequirementsReader
from safe_pip.request.restriction import read_restriction
from safe_pip.request.script import read_script
from safe_pip.request.values import Values, network_of
from safe_pip.target import restricted

Revise = Callable[[Line], Line | None]
"""What becomes of a line of a requirements file: itself, another one, or nothing."""

# The first pip that has --only-deps; it is pip that leaves out what was named, in the last step.
_ONLY_DEPS_SINCE = (26, 3)


def read_request(
    values: Values,
    target: Target,
    *,
    environ: Mapping[str, str],
    fetch: Fetch,
    default_index: Callable[[], DefaultIndex],
    now: datetime,
    revise: Revise | None = None,
    more: Sequence[RequestedRequirement] = (),
    within: str = "",
) -> Request:
    """Turn the options of a guarded command into a Request: files read, lines parsed, conflicts of options found.

    values: the parsed options. target: the interpreter to install into. environ: for ``${NAME}`` in files.
    fetch: reads remote requirements files. default_index: asked only where no index is configured. now: the time.
    revise: what becomes of a line of a requirements file, ``-e`` lines among them, which are refused without it.
    more: requirements that were read elsewhere. within: where files that others include have to be, empty for anywhere.
    Raises UsageError naming the option, or the file and line. The order of requirements is pip's
    (cli/req_command.py, get_requirements).
    """
    _check_destination(values, target)
    _check_only_deps(values)
    groups = [parse_group(text) for text in values.texts("group")]
    restriction = read_restriction(values, [*values.texts("requirement_files"), *(group.path for group in groups)])
    if restriction is not None:
        target = restricted(target, restriction)
    values.settle_pre()
    reader = RequirementsReader(
        fetch, environ, values.formats, values.releases, editable=revise is not None, within=within
    )
    reading = _Reading(values, reader, target, revise or _as_it_is, requirements=list(more))
    for name in values.texts("constraint_files"):
        reading.file(name, constraint=True)
    for text in values.arguments:
        if text.strip():
            reading.requirements.append(parse_requirement(text, COMMAND_LINE))
    sources, groups = sort_sources(values.texts("requirement_files"), groups)
    reading.requirements += read_groups(groups)
    for source in sources:
        if isinstance(source, LockRequest):
            reading.lock(source)
        else:
            reading.file(source, constraint=False)
    reading.script()
    if not any((values.arguments, sources, groups, values.texts("script"), more)) and revise is None:
        what = "install" if values.command == "install" else "fetch"
        raise UsageError(f"There is nothing to {what}.", "Name a package, or a requirements file with -r FILE.")
    _check_constraints(reading.constraints)
    search = reading.search(default_index)
    return Request(
        requirements=tuple(reading.requirements),
        constraints=tuple(reading.constraints),
        search=search,
        selection=_selection(values, reading, read_cutoff(values.text("uploaded_prior_to"), now)),
        network=network_of(values),
        destination=_destination(values),
        target=target,
        dry_run=values.flag("dry_run"),
        locked=reading.locked,
        notes=tuple(reading.notes),
        source_lines=tuple(dict.fromkeys(reading.source_lines)),
    )


def _as_it_is(line: Line) -> Line:
    return line


@dataclass
class _Reading:
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


def _check_constraints(constraints: list[RequestedRequirement]) -> None:
    for constraint in constraints:
        if constraint.name is None:
            raise UsageError(
                f"{constraint.origin}: {urls.shown(constraint.text)} has no name.", "A constraint must name a package."
            )
        if constraint.extras:
            raise UsageError(
                f"{constraint.origin}: {urls.shown(constraint.text)} has extras.", "A constraint cannot have extras."
            )


def _check_only_deps(values: Values) -> None:
    """What cannot be used with --only-deps (pip: cli/cmdoptions.py, check_only_deps_option_does_not_conflict)."""
    if not values.flag("only_deps"):
        return
    others = {
        "--no-deps": values.flag("no_deps"),
        "--requirement": values.texts("requirement_files"),
        "--requirements-from-script": values.texts("script"),
        "--group": values.texts("group"),
    }
    for option, given in others.items():
        if given:
            raise UsageError(
                f"--only-deps and {option} cannot be used together.",
                "--only-deps is for packages that are named on the command line.",
            )
    if values.command == "install" and not values.flag("dry_run") and pip_version() < _ONLY_DEPS_SINCE:
        raise UsageError(
            "--only-deps needs pip 26.3 or newer beside safe-pip.", "Upgrade the pip that safe-pip runs with."
        )


def _check_destination(values: Values, target: Target) -> None:
    """The conflicts of options and target that pip finds before it does anything (commands/install.py, run)."""
    elsewhere = [option for option in ("target_dir", "prefix", "root", "folder") if values.text(option)]
    if values.flag("user"):
        for option, flag in (("target_dir", "--target"), ("prefix", "--prefix")):
            if values.text(option):
                raise UsageError(f"--user and {flag} cannot be used together.", "They name different places.")
        if target.user_site is None:
            raise UsageError(
                "--user cannot be used with this interpreter: its user site-packages are not visible.",
                "Leave --user out to install into the environment itself.",
            )
    if values.flag("require_virtualenv") and not target.is_virtual:
        raise UsageError(
            f"{target.executable} is not in a virtual environment, and --require-virtualenv asks for one.",
            "Activate an environment, or give one with --python PATH.",
        )
    # pip makes the same exception for who only wants to know what would be installed.
    elsewhere += ["report"] if values.flag("dry_run") and values.text("pip_report") else []
    if target.externally_managed is not None and not elsewhere and not values.flag("break_system_packages"):
        advice = f"\n{target.externally_managed}" if target.externally_managed else ""
        raise TargetError(
            f"{target.executable} is managed by the system (PEP 668), so nothing may be installed into it.{advice}",
            "Use a virtual environment, or override with --break-system-packages.",
        )
    folder = values.text("target_dir")
    if folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise UsageError(f"--target {folder}: there is a file of that name.", "Give a folder, or a name not used yet.")


def _selection(values: Values, reading: _Reading, uploaded_before: datetime | None) -> Selection:
    if values.flag("require_hashes") and values.flag("no_require_hashes"):
        raise UsageError("--require-hashes and --no-require-hashes cannot be used together.")
    any_hash = any(item.hashes is not None for item in [*reading.requirements, *reading.constraints])
    upgrade_strategy = values.text("upgrade_strategy") or "only-if-needed"
    return Selection(
        formats=values.format_control,
        releases=values.release_control,
        prefer_binary=values.flag("prefer_binary"),
        ignore_requires_python=values.flag("ignore_requires_python"),
        upgrade_strategy=(
            "to-satisfy-only"
            if not values.flag("upgrade")
            else "eager"
            if upgrade_strategy == "eager"
            else "only-if-needed"
        ),
        force_reinstall=values.flag("force_reinstall"),
        ignore_installed=values.flag("ignore_installed")
        or any(values.text(place) is not None for place in ("target_dir", "folder")),
        no_deps=values.flag("no_deps"),
        only_deps=values.flag("only_deps"),
        source_archives=values.command == "download",
        require_hashes=values.flag("require_hashes") or (any_hash and not values.flag("no_require_hashes")),
        uploaded_before=uploaded_before,
    )


def _destination(values: Values) -> Destination:
    folder, download = values.text("target_dir"), values.text("folder")
    options = [word for words in values.commit_options.values() for word in words]
    if values.given.get("compile") is False:
        options.append("--no-compile")
    return Destination(
        target_dir=Path(os.path.abspath(folder)) if folder else None,
        user=values.given.get("user"),
        prefix=values.text("prefix"),
        root=values.text("root"),
        pip_options=tuple(options),
        folder=Path(os.path.abspath(download)) if download else None,
    )
