"""The options of ``safe-pip audit``: those of pip-audit 2.10, safe-pip's own, and those of pip that say where to look.

The parser is the standard library's argparse, which is also pip-audit's, so that ``=`` forms, bundled short options and
optional values mean what they mean to pip-audit. An abbreviation stands for an option of pip-audit where it can.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

from safe_pip import urls
from safe_pip.errors import UnsupportedOption, UsageError
from safe_pip.request.options import ExplainRequested, HelpRequested, Option, pip_options

FORMATS = (
    "columns",
    "json",
    "markdown",
    "cyclonedx-json",
    "cyclonedx-xml",
    "text",
    "sarif",
    "github",
    "junit",
    "safe-pip-json",
    "vex",
)
"""The names of the formats, pip-audit's first."""

SERVICES = ("local", "osv", "pypi")
_SEVERITIES = ("low", "medium", "high", "critical")
_SWITCH = ("on", "off", "auto")

_NO_FIX = "it changes files, and safe-pip only reads them so far; every finding names the version that fixes it"
_NO_ESMS = "that service is not one of safe-pip's"
_SERVICES_INSTEAD = "Take -s osv, -s pypi or -s local, or several of them."


class VersionRequested(HelpRequested):
    """``--version`` was given."""


def _pips(dest: str, *flags: str) -> Option:
    """A row of pip's table, by its own flags or by others where pip-audit uses those for something else."""
    option = next(option for option in pip_options() if option.dest == dest)
    return replace(option, flags=flags or option.flags, commit=False)


PIP_AUDIT_OPTIONS: dict[str, tuple[Option, ...]] = {
    "What to audit": (
        Option(("-l", "--local"), "local", help="only what lies in the environment itself"),
        Option(
            ("-r", "--requirement"),
            "requirements",
            "append",
            "FILE",
            "a requirements file, resolved without running anything; - for standard input",
        ),
        Option(("--locked",), "locked", help="the lock files of the project folder, not its pyproject.toml"),
        Option(("--path",), "paths", "append", "DIR", "a folder that packages are installed in"),
        Option(("--skip-editable",), "skip_editable", help="leave out what is installed in editable mode"),
    ),
    "How requirements are read": (
        Option(("--require-hashes",), "require_hashes", help="every requirement must have a hash"),
        Option(("--no-deps",), "no_deps", help="resolve nothing: every requirement is pinned to one version"),
        Option(
            ("--disable-pip",),
            "disable_pip",
            help="resolve nothing: every requirement has a hash, or --no-deps is given",
        ),
        Option(("-i", "--index-url"), "index_url", "store", "URL", "base URL of the package index"),
        Option(("--extra-index-url",), "extra_index_urls", "append", "URL", "a further package index"),
    ),
    "Where advisories come from": (
        Option(
            ("-s", "--vulnerability-service"),
            "services",
            "append",
            "SERVICE",
            "local (the database on this machine, the default), osv or pypi; several are merged",
        ),
        Option(("--osv-url",), "osv_url", "store", "URL", "the API that -s osv asks"),
    ),
    "What is shown": (
        Option(("-f", "--format"), "format", "store", "FORMAT", "the format of the report", choices=FORMATS),
        Option(("-o", "--output"), "output", "store", "FILE", "write the report to a file"),
        Option(("--desc",), "desc", "switch", "[on|off|auto]", "show descriptions; auto is on for json"),
        Option(("--aliases",), "aliases", "switch", "[on|off|auto]", "show other ids; auto is on for json"),
        Option(("--progress-spinner",), "spinner", "store", "on|off", "show progress", choices=("on", "off")),
        Option(("-v", "--verbose"), "verbose", "count", help="say more"),
    ),
    "What counts": (
        Option(
            ("--ignore-vuln",),
            "ignores",
            "append",
            "ID[:PACKAGE]",
            "ignore a vulnerability, by any id it has; it stays visible in the report",
        ),
        Option(("-S", "--strict"), "strict", help="whatever is skipped makes the audit incomplete"),
        Option(("-d", "--dry-run"), "dry_run", help="collect what would be audited, and audit nothing"),
        Option(("--fix",), "fix", refused=_NO_FIX),
    ),
    "General": (
        Option(("--cache-dir",), "cache_dir", "store", "DIR", "safe-pip's cache, instead of the usual place"),
        Option(("--timeout",), "timeout", "store", "SECONDS", "bound on each connect and read"),
        Option(("-V", "--version"), "version", "help", help="show the version"),
        Option(("-h", "--help"), "help", "help", help="show this help"),
    ),
}
"""Every option of pip-audit 2.10, by the heading it is shown under."""

OWN_AUDIT_OPTIONS: dict[str, tuple[Option, ...]] = {
    "What to audit": (
        Option(("--python",), "python", "store", "PATH", "the interpreter or environment to audit, or to resolve for"),
        Option(("--extra",), "extras", "append", "NAME", "an extra of the project or lock file"),
        Option(("--all-extras",), "all_extras", help="every extra"),
        Option(("--group",), "groups", "append", "NAME", "a dependency group of the project or lock file"),
        Option(("--all-groups",), "all_groups", help="every dependency group"),
        Option(("--lock",), "locks", "append", "FILE", "a lock file (pylock, uv, poetry, Pipenv, PDM)"),
        Option(("--sbom",), "sboms", "append", "FILE", "an SBOM, CycloneDX or SPDX in JSON"),
        Option(("--universal",), "universal", help="all of a lock file, whatever its markers say"),
        Option(("--recursive",), "recursive", help="every such file below the project folder"),
    ),
    "How requirements are read": (
        _pips("constraint_files"),
        _pips("find_links", "--find-links"),
        _pips("no_index"),
        _pips("pre"),
        _pips("no_binary"),
        _pips("only_binary"),
        _pips("prefer_binary"),
        _pips("uploaded_prior_to"),
    ),
    "Where advisories come from": (
        Option(("--advisories",), "advisories", "append", "SRC", "OSV records: a zip, folder, file, or URL of a zip"),
        Option(("--offline",), "offline", help="use only the advisories on this machine"),
        Option(
            ("--private",),
            "private",
            "append",
            "PATTERN",
            "names that osv and pypi are never told, such as 'acme-*'",
        ),
    ),
    "What is shown": (
        Option(("--sort",), "sort", "store", "ORDER", "order of the findings", choices=("severity", "name")),
        Option(("-q", "--quiet"), "quiet", "count", help="say less"),
        _pips("no_color"),
        Option(("--explain",), "explain", "explain", "CODE", "tell what a finding code means, and do nothing else"),
    ),
    "What counts": (
        Option(
            ("--allow",), "allows", "append", "ID-OR-CODE[:PACKAGE]", "waive a finding for this run; it stays visible"
        ),
        Option(
            ("--min-severity",),
            "min_severity",
            "store",
            "SEVERITY",
            "leave out what is known to be less severe; malware always counts",
            choices=_SEVERITIES,
        ),
        Option(("--fixable-only",), "fixable_only", help="leave out what has no newer fixed version"),
        Option(
            ("--fail-on",),
            "fail_on",
            "store",
            "LEVEL",
            "the level from which findings make the exit code 1",
            choices=("note", "warn", "block", "never"),
        ),
        Option(("--avoid",), "avoid", refused="an audit looks at what is there, and chooses nothing"),
        Option(("--policy",), "policy", "store", "FILE", "a policy file, instead of those that are found"),
        Option(("--profile",), "profile", "store", "NAME", "a profile of the policy"),
    ),
    "Network": (
        _pips("proxy"),
        _pips("no_proxy_env"),
        _pips("retries"),
        _pips("trusted_hosts"),
        _pips("cert"),
        _pips("client_cert"),
        _pips("no_input"),
        _pips("keyring_provider"),
    ),
    "General": (
        _pips("isolated"),
        _pips("no_pip_cache"),
        _pips("debug"),
    ),
}
"""safe-pip's own options, and those of pip that say where and what it may resolve."""

VARIABLES: Mapping[str, str] = {
    "SAFE_PIP_FORMAT": "format",
    "SAFE_PIP_OSV_URL": "osv_url",
    "SAFE_PIP_ADVISORIES": "advisories",
    "SAFE_PIP_OFFLINE": "offline",
    "SAFE_PIP_PRIVATE": "private",
    "SAFE_PIP_POLICY": "policy",
    "SAFE_PIP_PROFILE": "profile",
    "PIP_AUDIT_FORMAT": "format",
    "PIP_AUDIT_VULNERABILITY_SERVICE": "services",
    "PIP_AUDIT_OSV_URL": "osv_url",
    "PIP_AUDIT_DESC": "desc",
    "PIP_AUDIT_PROGRESS_SPINNER": "spinner",
    "PIP_AUDIT_OUTPUT": "output",
}
"""Environment variables by the option they stand for; later ones are stronger."""

PYTHON_VARIABLE = "PIPAPI_PYTHON_LOCATION"
"""Names the interpreter whose environment pip-audit audits; it says nothing of what is resolved."""

_PIPS_OWN = frozenset(option.dest for option in pip_options())
# These mean something of their own here.
_NOT_HANDED_ON = frozenset({"verbose", "quiet", "python", "no_deps", "help", "version", "dry_run"})


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


def audit_tables() -> dict[str, tuple[Option, ...]]:
    """Every option by heading, for the help and the reference."""
    tables: dict[str, tuple[Option, ...]] = {}
    for table in (PIP_AUDIT_OPTIONS, OWN_AUDIT_OPTIONS):
        for title, options in table.items():
            tables[title] = (*tables.get(title, ()), *options)
    tables["General"] = tables.pop("General")
    return tables


def audit_options() -> Iterator[Option]:
    """Every row, pip-audit's first."""
    for options in audit_tables().values():
        yield from options


def parse_audit(argv: Sequence[str], environ: Mapping[str, str]) -> AuditOptions:
    """Read the arguments of ``audit`` on top of its variables. Conflicts between options are found here as well.

    argv: what stands after the command, and the general options before it.
    Raises UsageError, UnsupportedOption, HelpRequested and VersionRequested.
    """
    rows = {option.dest: option for option in audit_options()}
    given = _from_variables(environ, rows)
    by_variables = given.keys() & {"policy", "profile"}
    parser = _Parser(rows.values())
    told = vars(parser.parse_args(_written_out(argv, rows.values())))
    for dest, value in told.items():
        if value not in (None, False, 0):
            by_variables.discard(dest)
        if dest in rows and isinstance(value, list):
            given[dest] = tuple(_checked(rows[dest], item) for item in value)
        elif dest in rows and value not in (None, False, 0):
            given[dest] = _checked(rows[dest], value)
    given["project"] = told["project"]
    pips = tuple(word for dest, value in given.items() for word in _handed_on(dest, value, rows))
    known = {name: value for name, value in given.items() if name in AuditOptions.__dataclass_fields__}
    options = AuditOptions(**known, pip=pips, by_variables=frozenset(by_variables))
    _check(options, given)
    location = environ.get(PYTHON_VARIABLE)
    if location and options.python is None and options.takes_environment:
        options = replace(options, python=location)
    return options


def _handed_on(dest: str, value: Any, rows: Mapping[str, Option]) -> Iterator[str]:
    """One option of pip's in pip's spelling; values are joined to it, so that none is taken for an option."""
    if dest not in rows or dest in _NOT_HANDED_ON or dest not in _PIPS_OWN:
        return
    flag = next(flag for flag in rows[dest].flags if flag.startswith("--"))
    if value is True:
        yield flag
    else:
        yield from (f"{flag}={text}" for text in (value if isinstance(value, tuple) else (value,)))


def _from_variables(environ: Mapping[str, str], rows: Mapping[str, Option]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for variable, dest in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if not text:
            continue
        option = rows[dest]
        if option.refused:
            raise UnsupportedOption(option.flags[0], option.refused, variable)
        if option.action == "append":
            given[dest] = tuple(_checked(option, item, variable) for item in text.split())
        elif option.action == "true":
            given[dest] = _boolean(text, variable)
        else:
            given[dest] = _checked(option, text, variable)
    return given


def _boolean(text: str, variable: str) -> bool:
    if text.lower() in ("y", "yes", "t", "true", "on", "1"):
        return True
    if text.lower() in ("n", "no", "f", "false", "off", "0"):
        return False
    raise UsageError(f"{variable}: {urls.shown(text)} is neither yes nor no.", "Write 1 or 0.")


def _checked(option: Option, value: Any, variable: str = "") -> Any:
    """A value that the option takes. Raises UsageError and UnsupportedOption."""
    if not isinstance(value, str):
        return value
    flag = variable or next(flag for flag in option.flags if flag.startswith("--"))
    if option.dest == "services":
        if value == "esms":
            raise UnsupportedOption("--vulnerability-service esms", _NO_ESMS, variable, _SERVICES_INSTEAD)
        choices: tuple[str, ...] = SERVICES
    else:
        choices = _SWITCH if option.action == "switch" else option.choices
    if choices and value not in choices:
        raise UsageError(f"{flag} cannot be {urls.shown(value)}.", f"Choose one of: {', '.join(choices)}.")
    if not value.strip() and option.dest not in ("osv_url", "output"):
        raise UsageError(f"{flag} is given nothing.", "`safe-pip audit --help` says what it takes.")
    return value


def _written_out(argv: Sequence[str], rows: Any) -> list[str]:
    """The arguments with every abbreviation of a long option written out. Raises UsageError where it is not clear."""
    flags = {flag: option for option in rows for flag in option.flags if flag.startswith("--")}
    theirs = {flag for options in PIP_AUDIT_OPTIONS.values() for option in options for flag in option.flags}
    words: list[str] = []
    for number, word in enumerate(argv):
        if word == "--":
            return [*words, *argv[number:]]
        name, equals, value = word.partition("=")
        if name.startswith("--") and name not in flags and " " not in name:
            found = [flag for flag in flags if flag.startswith(name)]
            found = [flag for flag in found if flag in theirs] or found
            if not found:
                raise UsageError(f"There is no option {urls.shown(name)}.", _HELP)
            if len(found) > 1:
                raise UsageError(f"{urls.shown(name)} may mean {', '.join(sorted(found))}.", "Write it out.")
            word = f"{found[0]}{equals}{value}"
        words.append(word)
    return words


_HELP = "`safe-pip audit --help` lists the options."


class _Ask(argparse.Action):
    """``--help`` and ``--version``: nothing after them is read."""

    def __call__(self, *_: Any) -> NoReturn:
        raise HelpRequested if self.dest == "help" else VersionRequested


class _Explain(argparse.Action):
    """``--explain CODE``: nothing after it is read."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> NoReturn:
        raise ExplainRequested(str(values))


class _Refuse(argparse.Action):
    """An option that is known and not taken."""

    def __init__(self, option_strings: Sequence[str], dest: str, reason: str, **keywords: Any) -> None:
        super().__init__(option_strings, dest, **keywords)
        self.reason = reason

    def __call__(self, *_: Any) -> NoReturn:
        raise UnsupportedOption(self.option_strings[-1], self.reason)


class _Parser(argparse.ArgumentParser):
    """argparse, with each mistake raised as a UsageError."""

    def __init__(self, options: Any) -> None:
        super().__init__(prog="safe-pip audit", add_help=False, allow_abbrev=False, usage="")
        self.add_argument("project", nargs="?", metavar="PROJECT")
        for option in options:
            keywords: dict[str, Any] = {"dest": option.dest, "default": None}
            if option.refused:
                keywords |= {"action": _Refuse, "reason": option.refused, "nargs": 1 if option.metavar else 0}
            elif option.action == "help":
                keywords |= {"action": _Ask, "nargs": 0}
            elif option.action == "explain":
                keywords["action"] = _Explain
            elif option.action == "count":
                keywords["action"] = "count"
            elif option.action == "true":
                keywords["action"] = "store_true"
            elif option.action == "switch":
                keywords |= {"nargs": "?", "const": "on"}
            elif option.action in ("append", "format"):
                keywords["action"] = "append"
            self.add_argument(*option.flags, **keywords)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{urls.brief(message[:1].upper() + message[1:])}.", _HELP)


def _check(options: AuditOptions, given: Mapping[str, Any]) -> None:
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
