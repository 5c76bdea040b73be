"""The options of ``safe-pip audit``: those of pip-audit 2.10, safe-pip's own, and those of pip that bear on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from safe_pip.request.options import Option, pip_options

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

_SEVERITIES = ("low", "medium", "high", "critical")

_NO_FIX = "it changes files, and safe-pip only reads them so far; every finding names the version that fixes it"


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
