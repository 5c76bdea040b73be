"""The options of ``pip install`` and safe-pip's own: one table that says what becomes of each.

Every option that pip 26.3 knows stands here, and so does what pip 23.2 knew and pip has lost since. It is honoured, or
refused by name with a reason; none is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

NO_BUILDS = "it concerns builds, and safe-pip does not build anything yet"

Action = Literal[
    "store", "switch", "append", "group", "true", "false", "count", "format", "release", "feature", "explain", "help"
]


@dataclass(frozen=True)
class Option:
    """One row of the table.

    flags: every spelling. dest: where the value goes. refused: the reason, for an option that is not taken.
    commit: whether it is given to pip, as it is, in the last step. hidden: not shown in ``--help``.
    """

    flags: tuple[str, ...]
    dest: str
    action: Action = "true"
    metavar: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    type: Literal["string", "int", "float", "path"] = "string"
    refused: str = ""
    commit: bool = False
    hidden: bool = False


PIP_OPTIONS: dict[str, tuple[Option, ...]] = {
    "What to install": (
        Option(
            ("-r", "--requirement"), "requirement_files", "append", "FILE", "install what a requirements file asks for"
        ),
        Option(
            ("-c", "--constraint"), "constraint_files", "append", "FILE", "constrain versions by a constraints file"
        ),
        Option(("--no-deps", "--no-dependencies"), "no_deps", help="do not install dependencies"),
        Option(("-U", "--upgrade"), "upgrade", help="upgrade what is named to the newest version"),
        Option(
            ("--upgrade-strategy",),
            "upgrade_strategy",
            "store",
            "STRATEGY",
            "how -U treats dependencies",
            choices=("only-if-needed", "eager"),
        ),
        Option(
            ("--force-reinstall",), "force_reinstall", help="reinstall everything, even what is up to date", commit=True
        ),
        Option(("-I", "--ignore-installed"), "ignore_installed", help="act as if nothing were installed", commit=True),
        Option(("-e", "--editable"), "editable", "append", "PATH", "editable install", refused=NO_BUILDS),
        Option(
            ("--only-deps", "--only-dependencies"),
            "only_deps",
            help="install what the named packages need, not the packages themselves",
        ),
        Option(
            ("--group",),
            "group",
            "group",
            "[PATH:]GROUP",
            "install a dependency group of a pyproject.toml or pylock.toml (./pyproject.toml unless a PATH is given)",
        ),
        Option(
            ("--requirements-from-script",),
            "script",
            "append",
            "FILE",
            "install what a script says it needs (inline metadata, PEP 723)",
        ),
    ),
    "Where to install": (
        Option(("--python",), "python", "store", "PATH", "the interpreter or environment to install into"),
        Option(("-t", "--target"), "target_dir", "store", "DIR", "install into a folder"),
        Option(("--user",), "user", help="install for this user only"),
        Option(("--no-user",), "user", "false", hidden=True),
        Option(("--root",), "root", "store", "DIR", "install below another root folder"),
        Option(("--prefix",), "prefix", "store", "DIR", "install below a prefix"),
        Option(
            ("--break-system-packages",),
            "break_system_packages",
            help="allow changing an externally managed Python",
            commit=True,
        ),
        Option(
            ("--require-virtualenv", "--require-venv"),
            "require_virtualenv",
            help="refuse to run outside a virtual environment",
        ),
        Option(
            ("--platform",),
            "platform",
            "append",
            "PLATFORM",
            "choose wheels for another platform; with --target or --dry-run only",
            commit=True,
        ),
        Option(
            ("--python-version",),
            "python_version",
            "store",
            "VERSION",
            "choose files for another version of Python, such as 3.12",
            commit=True,
        ),
        Option(
            ("--implementation",),
            "implementation",
            "store",
            "NAME",
            "choose wheels for another implementation, such as pp; py for any",
            commit=True,
        ),
        Option(("--abi",), "abi", "append", "ABI", "choose wheels for another ABI, such as cp312", commit=True),
    ),
    "Which files may be chosen": (
        Option(("--pre",), "pre", help="allow pre-releases"),
        Option(
            ("--all-releases",), "all_releases", "release", "NAMES", "allow pre-releases of these packages, or :all:"
        ),
        Option(("--only-final",), "only_final", "release", "NAMES", "final releases only of these packages, or :all:"),
        Option(("--no-binary",), "no_binary", "format", "NAMES", "no wheels for these packages, or :all:"),
        Option(("--only-binary",), "only_binary", "format", "NAMES", "only wheels for these packages, or :all:"),
        Option(("--prefer-binary",), "prefer_binary", help="prefer an older wheel to a newer source archive"),
        Option(("--ignore-requires-python",), "ignore_requires_python", help="ignore Requires-Python", commit=True),
        Option(("--require-hashes",), "require_hashes", help="every requirement must have a hash"),
        Option(
            ("--no-require-hashes",),
            "no_require_hashes",
            help="a hash on one requirement does not ask it of the others",
        ),
        Option(
            ("--uploaded-prior-to",),
            "uploaded_prior_to",
            "store",
            "TIME",
            "only files uploaded before a date or time, or so long ago (P3D: three days)",
        ),
    ),
    "Where to look": (
        Option(("-i", "--index-url", "--pypi-url"), "index_url", "store", "URL", "base URL of the package index"),
        Option(("--extra-index-url",), "extra_index_urls", "append", "URL", "a further package index"),
        Option(("--no-index",), "no_index", help="look only at --find-links"),
        Option(("-f", "--find-links"), "find_links", "append", "URL", "a page, folder or file to look for archives in"),
        Option(("--refresh-package",), "refresh_package", "append", "NAMES", "index pages are always asked for anew"),
    ),
    "Network": (
        Option(("--proxy",), "proxy", "store", "URL", "proxy for http and https"),
        Option(("--no-proxy-env",), "no_proxy_env", help="do not take a proxy from the environment"),
        Option(("--retries",), "retries", "store", "N", "how often a failed request is made again", type="int"),
        Option(
            ("--timeout", "--default-timeout"),
            "timeout",
            "store",
            "SECONDS",
            "bound on each connect and read",
            type="float",
        ),
        Option(
            ("--resume-retries",),
            "resume_retries",
            "store",
            "N",
            "how often a broken download is begun again",
            type="int",
        ),
        Option(("--trusted-host",), "trusted_hosts", "append", "HOST", "a host that needs no (valid) https"),
        Option(("--cert",), "cert", "store", "PATH", "certificates to trust, instead of the system's", type="path"),
        Option(("--client-cert",), "client_cert", "store", "PATH", "certificate to show to servers", type="path"),
        Option(("--no-input",), "no_input", help="never ask (safe-pip never does)"),
        Option(
            ("--keyring-provider",),
            "keyring_provider",
            "store",
            "NAME",
            "where keyring is asked for credentials",
            choices=("auto", "disabled", "import", "subprocess"),
        ),
    ),
    "How the files are installed (given to pip)": (
        Option(("--compile",), "compile", help="compile to bytecode (the default)"),
        Option(("--no-compile",), "compile", "false", help="do not compile to bytecode"),
        Option(
            ("--no-warn-script-location",),
            "warn_script_location",
            "false",
            help="no warning for scripts outside PATH",
            commit=True,
        ),
        Option(
            ("--no-warn-conflicts",),
            "warn_conflicts",
            "false",
            help="no warning for broken dependencies",
            commit=True,
        ),
        Option(
            ("--root-user-action",),
            "root_user_action",
            "store",
            "ACTION",
            "what to do as root",
            choices=("warn", "ignore"),
            commit=True,
        ),
        Option(
            ("--log", "--log-file", "--local-log"),
            "log",
            "store",
            "PATH",
            "pip's own log of the last step",
            type="path",
            commit=True,
        ),
        Option(
            ("--exists-action",),
            "exists_action",
            "append",
            "ACTION",
            "default action when a path exists",
            choices=("s", "i", "w", "b", "a"),
            commit=True,
        ),
        Option(
            ("--src", "--source", "--source-dir", "--source-directory"),
            "src",
            "store",
            "DIR",
            "for editables",
            type="path",
            refused=NO_BUILDS,
        ),
        Option(("--build-constraint",), "build_constraint", "append", "FILE", "for builds", refused=NO_BUILDS),
        Option(
            ("-C", "--config-settings"),
            "config_settings",
            "append",
            "SETTING",
            "for builds",
            refused=NO_BUILDS,
        ),
        Option(("--no-build-isolation",), "build_isolation", "false", help="for builds", refused=NO_BUILDS),
        Option(("--check-build-dependencies",), "check_build_dependencies", help="for builds", refused=NO_BUILDS),
        Option(("--use-pep517",), "use_pep517", help="for builds", refused=NO_BUILDS, hidden=True),
        Option(("--no-clean",), "no_clean", help="keep build folders (there are none)"),
        Option(("--report",), "pip_report", "store", "FILE", "write pip's own installation report; - for stdout"),
    ),
    "General": (
        Option(("--dry-run",), "dry_run", help="everything up to the verdict; install nothing"),
        Option(("-v", "--verbose"), "verbose", "count", help="say more; also pip's own words"),
        Option(("-q", "--quiet"), "quiet", "count", help="say less"),
        Option(("--no-color",), "no_color", help="no colours"),
        Option(
            ("--progress-bar",),
            "progress_bar",
            "store",
            "KIND",
            "whether to show progress",
            choices=("auto", "on", "off", "raw"),
        ),
        Option(("--isolated",), "isolated", help="leave out PIP_* variables and the user's pip configuration"),
        Option(
            ("--cache-dir",), "pip_cache_dir", "store", "DIR", "pip's cache; safe-pip does not read it", type="path"
        ),
        Option(("--no-cache-dir",), "no_pip_cache", help="keep nothing for later runs, and use nothing kept"),
        Option(("--disable-pip-version-check",), "no_version_check", help="safe-pip never makes that check"),
        Option(("--no-python-version-warning",), "no_python_version_warning", hidden=True),
        Option(("--debug",), "debug", help="show the traceback of an internal error"),
        Option(
            ("--use-feature",),
            "use_feature",
            "feature",
            "FEATURE",
            "a feature of pip",
            refused="pip's experimental features change its answer",
        ),
        Option(
            ("--use-deprecated",),
            "use_deprecated",
            "feature",
            "FEATURE",
            "a deprecated feature",
            refused="it changes pip's answer",
        ),
        Option(("-h", "--help"), "help", "help", help="show this help"),
    ),
}
"""Every option of ``pip install``, by the heading it is shown under."""

OWN_OPTIONS: tuple[Option, ...] = (
    Option(("--advisories",), "advisories", "append", "SRC", "local, osv, pypi; or OSV records in a zip, folder, URL"),
    Option(("--offline",), "offline", help="use only the advisories on this machine"),
    Option(
        ("--allow",), "allow", "append", "ID-OR-CODE[:PACKAGE]", "waive a finding for this run; it stays in the report"
    ),
    Option(
        ("--avoid",),
        "avoid",
        help="choose versions that nothing blocks, where there are any, and say what was passed over",
    ),
    Option(("--format",), "format", "store", "NAME", "of the report", choices=("text", "json", "sarif", "markdown")),
    Option(("--output",), "output", "store", "FILE", "write the report to a file"),
    Option(("--policy",), "policy", "store", "FILE", "a policy file, instead of those that are found"),
    Option(("--profile",), "profile", "store", "NAME", "a profile of the policy"),
    Option(("--osv-url",), "osv_url", "store", "URL", "base of an OSV-compatible API, for --advisories osv"),
    Option(("--explain",), "explain", "explain", "CODE", "tell what a finding code means, and do nothing else"),
)
"""safe-pip's own options; ``--dry-run`` is pip's as well and stands there."""

_GONE = "pip has it no more"
GONE_OPTIONS: tuple[Option, ...] = (
    Option(("--no-use-pep517",), "use_pep517", "false", refused=_GONE, hidden=True),
    Option(("--global-option",), "global_options", "append", "OPTION", refused=_GONE, hidden=True),
    Option(("-V", "--version"), "version", refused="`safe-pip --version` says it", hidden=True),
)
"""Options that `pip install` had since 23.2 and has no more: known, so that they are refused by name."""

OWN_VARIABLES: Mapping[str, str] = {
    "SAFE_PIP_POLICY": "policy",
    "SAFE_PIP_PROFILE": "profile",
    "SAFE_PIP_ADVISORIES": "advisories",
    "SAFE_PIP_OSV_URL": "osv-url",
    "SAFE_PIP_OFFLINE": "offline",
    "SAFE_PIP_AVOID": "avoid",
    "SAFE_PIP_FORMAT": "format",
}


def pip_options() -> Iterator[Option]:
    """Every row of pip's options."""
    for options in PIP_OPTIONS.values():
        yield from options


def all_options() -> Iterator[Option]:
    """Every row of the table, pip's first."""
    yield from pip_options()
    yield from OWN_OPTIONS
