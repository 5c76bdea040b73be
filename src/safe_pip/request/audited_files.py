"""Requirements files and projects that are audited: what is asked of the resolver, or what they pin by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from packaging.markers import Marker

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkipCode, SkippedDependency
from safe_pip.model import RequestedRequirement, Target
from safe_pip.planned import Asked
from safe_pip.request.audit_given import AuditOptions
from safe_pip.request.audit_values import audit_values
from safe_pip.request.default_index import DefaultIndex
from safe_pip.request.lines import parse_requirement
from safe_pip.request.pip_config import Setting
from safe_pip.request.places import Fetch, is_url
from safe_pip.request.project import Project
from safe_pip.request.requirements_file import Line

STANDARD_INPUT = "/dev/stdin"
_PIN = re.compile(r"(===|==)\s*([^*,\s]+)")


@dataclass(frozen=True)
class Surroundings:
    """What reading needs. settings: of pip's configuration. fetch: reads remote files.

    within: the folder that included files have to be in, empty for anywhere.
    """

    target: Target
    settings: Sequence[Setting]
    environ: Mapping[str, str]
    fetch: Fetch
    default_index: Callable[[], DefaultIndex]
    now: datetime
    within: str = ""


def file_input(source: str) -> AuditInput:
    """The input that a requirements file is, by the name that its lines carry."""
    if source == STANDARD_INPUT:
        return AuditInput("requirements", "standard input")
    return AuditInput("requirements", source, None if is_url(source) else source)


def read_requirements(options: AuditOptions, around: Surroundings) -> Asked:
    """The ``-r`` files, together as pip takes them. Raises UsageError naming file and line."""
    return _read(options, around, around.default_index)


def read_project_request(project: Project, options: AuditOptions, around: Surroundings) -> Asked:
    """The request that a project's dependencies make."""
    values = audit_values(options, around.settings)
    values.given.pop("require_hashes", None)
    from safe_pip.request.reading import read_request

    request = read_request(
        values,
        around.target,
        environ=around.environ,
        fetch=around.fetch,
        default_index=around.default_index,
        now=around.now,
        revise=lambda line: line,
        more=tuple(item for item in project.requirements if not urls.is_vcs(item.url or "")),
    )
    skipped = tuple(
        SkippedDependency(
            item.name or item.text, None, project.input, "vcs", _reason_for_vcs(item.url or ""), item.origin.line
        )
        for item in project.requirements
        if urls.is_vcs(item.url or "") and _holds(item.marker, around.target)
    )
    return Asked(request, (project.input,), skipped, project.unchecked, (*project.notes, *request.notes))


def read_pinned(options: AuditOptions, around: Surroundings) -> tuple[Inventory, ...]:
    """The ``-r`` files as they are, with no index asked: ``--no-deps`` and ``--disable-pip``.

    One inventory a file. Raises UsageError naming file and line, where a requirement is not pinned to one version, has
    no hash although others do, or names a package that another line pins otherwise; and where ``--disable-pip`` has
    neither hashes nor ``--no-deps``.
    """
    asked = _read(options, around, lambda: DefaultIndex("", ""), no_index=True)
    requirements = asked.request.requirements
    hashed = options.require_hashes or any(item.hashes is not None for item in requirements)
    if options.disable_pip and not options.no_deps and not hashed:
        raise UsageError(
            "--disable-pip needs hashes in the requirements files, or --no-deps: else nobody knows what they bring in.",
            "Leave out --disable-pip, and safe-pip resolves them without running anything.",
        )
    pinned = _Pinned(hashed, around.target)
    for item in requirements:
        pinned.take(item)
    inputs = list(dict.fromkeys([*asked.inputs, *(item.input for item in asked.skipped), *pinned.inputs()]))
    return tuple(
        Inventory(
            one,
            tuple(item for item in pinned.dependencies if item.input == one),
            tuple(item for item in (*asked.skipped, *pinned.skipped) if item.input == one),
            asked.request.notes if one == inputs[0] else (),
        )
        for one in inputs
    )


def _read(
    options: AuditOptions,
    around: Surroundings,
    default_index: Callable[[], DefaultIndex],
    *,
    no_index: bool = False,
) -> Asked:
    files = [STANDARD_INPUT if name == "-" else name for name in options.requirements]
    values = audit_values(options, around.settings)
    values.given["requirement_files"] = files
    if no_index:
        values.given["no_index"] = True
    revision = _Revision(options, around.target)
    from safe_pip.request.reading import read_request

    request = read_request(
        values,
        around.target,
        environ=around.environ,
        fetch=around.fetch,
        default_index=default_index,
        now=around.now,
        revise=revision,
        within=around.within,
    )
    inputs = tuple(dict.fromkeys(file_input(urls.redacted(name)) for name in files))
    return Asked(request, inputs, tuple(revision.skipped), notes=request.notes)


@dataclass
class _Revision:
    """Takes out the lines that name what no index has: editables that are left out, and checkouts."""

    options: AuditOptions
    target: Target
    skipped: list[SkippedDependency] = field(default_factory=list)

    def __call__(self, line: Line) -> Line | None:
        editables = line.values.texts("editable")
        if not editables and not line.requirement:
            return line
        text = editables[0] if editables else line.requirement
        if line.constraint:
            return None if editables else line
        read = parse_requirement(text, line.origin)
        if not _holds(read.marker, self.target):
            return None
        if editables and self.options.skip_editable:
            self._skip(line, read, "editable", "it is editable, and --skip-editable was given")
            return None
        if read.url is not None and urls.is_vcs(read.url):
            self._skip(line, read, "vcs", _reason_for_vcs(read.url))
            return None
        return line._replace(requirement=text)

    def _skip(self, line: Line, read: RequestedRequirement, code: SkipCode, reason: str) -> None:
        source = file_input(line.origin.source)
        name = read.name or urls.redacted(read.text)
        self.skipped.append(SkippedDependency(name, None, source, code, reason, line.origin.line))


def _reason_for_vcs(url: str) -> str:
    return f"it is a checkout of {urls.redacted(urls.without_fragment(url))}, of which no advisory speaks"


def _holds(marker: Marker | None, target: Target) -> bool:
    try:
        return marker is None or marker.evaluate({**target.markers, "extra": ""})
    except ValueError as error:
        raise UsageError(f"The marker {urls.shown(str(marker))} cannot be evaluated.", "Mend the line.") from error


@dataclass
class _Pinned:
    """Requirements that say by themselves which version they mean."""

    hashed: bool
    target: Target
    dependencies: list[Dependency] = field(default_factory=list)
    skipped: list[SkippedDependency] = field(default_factory=list)
    first: dict[str, RequestedRequirement] = field(default_factory=dict)

    def inputs(self) -> list[AuditInput]:
        """Those that anything was taken from, in order."""
        return [*(item.input for item in self.dependencies), *(item.input for item in self.skipped)]

    def take(self, item: RequestedRequirement) -> None:
        """Take one requirement. Raises UsageError."""
        shown = f"{item.origin}: {urls.shown(item.text)}"
        if self.hashed and item.hashes is None and not (item.url and urls.hash_fragment(item.url)):
            raise UsageError(f"{shown} has no hash, and hashes are required of everything.", "Add one with --hash.")
        if not _holds(item.marker, self.target):
            return
        source = file_input(item.origin.source)
        if item.url is not None:
            local = item.url.startswith("file:")
            where = "a file or folder of this machine" if local else "a URL"
            reason = f"it is {where}, and its version is not known without reading it"
            name = item.name or urls.redacted(item.text)
            self.skipped.append(
                SkippedDependency(name, None, source, "local" if local else "direct-url", reason, item.origin.line)
            )
            return
        assert item.name is not None, "what has no name has a URL"
        other = self.first.setdefault(item.name, item)
        if other.specifier != item.specifier:
            raise UsageError(
                f"{shown} does not agree with {urls.shown(other.text)} ({other.origin}).", "Keep one of the two lines."
            )
        pin = _PIN.fullmatch(str(item.specifier))
        if pin is None:
            raise UsageError(
                f"{shown} is not pinned to one version, and nothing is resolved with --no-deps and --disable-pip.",
                "Write NAME==VERSION, or leave out the option.",
            )
        if any(known.name == item.name and known.input == source for known in self.dependencies):
            return
        self.dependencies.append(
            Dependency(
                item.name,
                pin[2],
                source,
                item.spelling,
                item.origin.line,
                chain=(item.name,),
                hashes=item.hashes or frozenset(),
            )
        )
