"""What an audit is given: its options as values, and which of them have no meaning together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from safe_pip.errors import UsageError


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """The options as they were given; None and empty where they were not. pip: those of pip, in its own spelling."""

    project: str | None = None
    local: bool = False
    requirements: tuple[str, ...] = ()
    locked: bool = False
    paths: tuple[str, ...] = ()
    skip_editable: bool = False
    require_hashes: bool = False
    no_deps: bool = False
    disable_pip: bool = False
    services: tuple[str, ...] = ()
    osv_url: str | None = None
    format: str | None = None
    output: str | None = None
    desc: Literal["on", "off", "auto"] = "auto"
    aliases: Literal["on", "off", "auto"] = "auto"
    spinner: Literal["on", "off"] = "on"
    verbose: int = 0
    quiet: int = 0
    ignores: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    strict: bool = False
    dry_run: bool = False
    cache_dir: str | None = None
    python: str | None = None
    extras: tuple[str, ...] = ()
    all_extras: bool = False
    groups: tuple[str, ...] = ()
    all_groups: bool = False
    locks: tuple[str, ...] = ()
    sboms: tuple[str, ...] = ()
    universal: bool = False
    recursive: bool = False
    advisories: tuple[str, ...] = ()
    offline: bool = False
    private: tuple[str, ...] = ()
    sort: Literal["severity", "name"] = "severity"
    min_severity: Literal["low", "medium", "high", "critical"] | None = None
    fixable_only: bool = False
    fail_on: Literal["note", "warn", "block", "never"] = "note"
    no_color: bool = False
    debug: bool = False
    isolated: bool = False
    pip: tuple[str, ...] = ()
    policy: str | None = None
    profile: str | None = None
    by_variables: frozenset[str] = frozenset()
    """Which of the last two only a variable has given."""

    @property
    def takes_environment(self) -> bool:
        """Whether an environment is audited: where nothing else is named."""
        named = (self.project, self.requirements, self.paths, self.locks, self.sboms, self.recursive, self.locked)
        return not any(named)

    @property
    def resolves(self) -> bool:
        """Whether requirements are read, be it to resolve them or as they are pinned."""
        projects = (self.project is not None or self.recursive) and not self.locked
        return bool(self.requirements) or projects

    @property
    def needs_target(self) -> bool:
        """Whether there is an interpreter to ask: to read what it has, or for its markers."""
        files = bool(self.locks or self.locked) and not self.universal
        return self.takes_environment or self.resolves or files


def check(options: AuditOptions, given: Mapping[str, Any]) -> None:
    """Options that have no meaning together; none is ignored in silence. Raises UsageError."""
    if options.local and not options.takes_environment:
        other = next(flag for flag, value in _inputs(options) if value)
        raise UsageError(
            f"--local cannot be used with {other}: it narrows an environment.", "Leave out one of the two."
        )
    if options.locked and options.project is None and not options.recursive:
        raise UsageError("--locked needs a project folder.", "Write `safe-pip audit --locked .`")
    of_files = {
        "--require-hashes": options.require_hashes,
        "--no-deps": options.no_deps,
        "--disable-pip": options.disable_pip,
    }
    for flag, value in of_files.items():
        if value and not (options.requirements or options.recursive):
            raise UsageError(f"{flag} is for requirements files only.", "Name one with -r FILE.")
    for dest in ("index_url", "extra_index_urls"):
        if given.get(dest) and not options.resolves and "pypi" not in options.services:
            flag = "--index-url" if dest == "index_url" else "--extra-index-url"
            raise UsageError(f"{flag} is for what is resolved.", "Name a requirements file with -r FILE, or a project.")
    named = options.project is not None or options.locks or options.recursive
    of_parts = {
        "--extra": bool(options.extras),
        "--all-extras": options.all_extras,
        "--group": bool(options.groups),
        "--all-groups": options.all_groups,
    }
    for flag, value in of_parts.items():
        if value and not named:
            raise UsageError(f"{flag} is for a project or a lock file.", "Name the project's folder, or --lock FILE.")
    if options.universal and not (options.locks or options.locked or options.recursive or options.requirements):
        raise UsageError("--universal is for lock files.", "Name one with --lock FILE, or use --locked.")
    if options.python is not None and options.paths and not options.resolves and not options.locks:
        raise UsageError("--python and --path name two different things.", "Leave out one of them.")


def _inputs(options: AuditOptions) -> Iterator[tuple[str, object]]:
    yield "--requirement", options.requirements
    yield "--path", options.paths
    yield "--locked", options.locked
    yield "--lock", options.locks
    yield "--sbom", options.sboms
    yield "--recursive", options.recursive
    yield "a project folder", options.project
