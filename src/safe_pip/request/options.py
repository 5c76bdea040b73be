"""The options of ``pip install`` and safe-pip's own: one table that says what becomes of each.

Every option that pip 26.3 knows stands here, and so does what pip 23.2 knew and pip has lost since. It is honoured, or
refused by name with a reason; none is ignored. The parser is the standard library's optparse, which is also pip's, so
abbreviations, bundled short options, ``=`` forms and interspersed arguments mean what they mean to pip.
"""

from __future__ import annotations

import functools
import optparse
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.errors import UnsupportedOption, UsageError
from safe_pip.model import FormatControl, Network, ReleaseControl
from safe_pip.request.pip_config import Setting

if TYPE_CHECKING:
    from safe_pip.request.commands import Command

NOT_YET = "this comes in a later version"
NO_IMPORT = "no package is loaded into safe-pip itself; use --keyring-provider subprocess"
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
_NOT_PIPS = frozenset(flag for option in (*OWN_OPTIONS, *GONE_OPTIONS) for flag in option.flags)

OWN_VARIABLES: Mapping[str, str] = {
    "SAFE_PIP_POLICY": "policy",
    "SAFE_PIP_PROFILE": "profile",
    "SAFE_PIP_ADVISORIES": "advisories",
    "SAFE_PIP_OSV_URL": "osv-url",
    "SAFE_PIP_OFFLINE": "offline",
    "SAFE_PIP_AVOID": "avoid",
    "SAFE_PIP_FORMAT": "format",
}

# How optparse, and so pip, reads numbers.
_NUMBERS = {"int": optparse.Option("--int", type="int"), "float": optparse.Option("--float", type="float")}
_LARGEST_NUMBER = 1_000_000

# Features that are part of what safe-pip does in any case, or that pip now has always on.
_FEATURES_TAKEN = frozenset({"truststore", "no-binary-enable-wheel-cache", "build-constraint"})


class ControlBuilder:
    """Two sets of names that exclude each other, filled option by option (pip: models/format_control.py)."""

    def __init__(self) -> None:
        self.sets: tuple[set[str], set[str]] = (set(), set())

    def add(self, which: int, value: str) -> None:
        """Take one value of the option that fills set ``which``: names with commas, ``:all:`` or ``:none:``."""
        target, other = self.sets[which], self.sets[1 - which]
        names = value.split(",")
        while ":all:" in names:
            other.clear()
            target.clear()
            target.add(":all:")
            del names[: names.index(":all:") + 1]
            if ":none:" not in names:
                return
        for name in names:
            if name == ":none:":
                target.clear()
            else:
                normal = canonicalize_name(name)
                other.discard(normal)
                target.add(normal)


@dataclass
class Values:
    """The values of all options after configuration, environment and command line, and the plain arguments."""

    arguments: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    formats: ControlBuilder = field(default_factory=ControlBuilder)
    releases: ControlBuilder = field(default_factory=ControlBuilder)
    commit_options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    command: str = "install"
    origins: dict[str, str] = field(default_factory=dict)
    """Where a single value comes from, by its option, unless it is the command line."""

    def text(self, dest: str) -> str | None:
        """A single value, None where it was not given."""
        value = self.given.get(dest)
        return None if value is None else str(value)

    def texts(self, dest: str) -> list[str]:
        """The values of an option that may be repeated, in order."""
        return list(self.given.get(dest, ()))

    def flag(self, dest: str) -> bool:
        """Whether a switch is on."""
        return bool(self.given.get(dest, False))

    def number(self, dest: str, default: float) -> float:
        """A number, or the default."""
        value = self.given.get(dest)
        return default if value is None else float(value)

    def count(self, dest: str) -> int:
        """How often a counted option was given."""
        return int(self.given.get(dest, 0))

    @property
    def format_control(self) -> FormatControl:
        """``--no-binary`` and ``--only-binary``."""
        no_binary, only_binary = self.formats.sets
        return FormatControl(frozenset(no_binary), frozenset(only_binary))

    @property
    def release_control(self) -> ReleaseControl:
        """``--all-releases`` and ``--only-final``."""
        all_releases, only_final = self.releases.sets
        return ReleaseControl(frozenset(all_releases), frozenset(only_final))

    def settle_pre(self) -> None:
        """Turn ``--pre`` into ``--all-releases :all:``, before files are read. Raises UsageError for a conflict."""
        if self.given.pop("pre", False):
            if any(self.releases.sets):
                raise UsageError(
                    "--pre cannot be used with --all-releases or --only-final.",
                    "--all-releases :all: says the same as --pre.",
                )
            self.releases.sets[0].add(":all:")


def pip_options() -> Iterator[Option]:
    """Every row of pip's options."""
    for options in PIP_OPTIONS.values():
        yield from options


def all_options() -> Iterator[Option]:
    """Every row of the table, pip's first."""
    yield from pip_options()
    yield from OWN_OPTIONS


def parse(
    argv: Sequence[str], settings: Iterable[Setting], environ: Mapping[str, str], command: Command | None = None
) -> Values:
    """Read the arguments of a guarded command on top of pip's configuration and safe-pip's variables.

    argv: what stands after the command (and the general options before it). settings: pip's, weakest first.
    command: which one, ``install`` where none is given.
    Raises UsageError for what cannot be understood and UnsupportedOption for what is refused.
    """
    pips = tuple(pip_options() if command is None else command.pip_options())
    ours = OWN_OPTIONS if command is None else command.own
    values = Values(command="install" if command is None else command.name)
    own = [Setting(key, environ[name], name) for name, key in OWN_VARIABLES.items() if environ.get(name)]
    # pip's configuration sets pip's options and nothing else: no pip.conf can loosen the guard.
    for given, options in ((settings, pips), (own, ours)):
        by_key = {flag[2:]: option for option in options for flag in option.flags if flag.startswith("--")}
        for setting in given:
            option = by_key.get(setting.key)
            if option is not None and option.action != "help":
                _configure(values, option, setting)
    gone = GONE_OPTIONS if command is None else command.gone
    parser = _Parser((*pips, *ours, *gone), values.command)
    parser.sink = values
    _, values.arguments = parser.parse_args(list(argv))
    return values


def _configure(values: Values, option: Option, setting: Setting) -> None:
    """Apply one configured value: a list replaces the list before it, as pip has it (cli/parser.py)."""
    flag = f"--{setting.key}"
    if option.action in ("true", "false"):
        # The value is that of the thing switched, not of the flag: to configure --no-compile, one writes "no".
        state = _boolean(setting)
        if state == (option.action == "true"):
            _take(values, option, flag, None, origin=setting.origin)
        elif not option.refused:
            values.given[option.dest] = state
            values.commit_options.pop(option.dest, None)
    elif option.action == "count":
        count = setting.value.strip()
        values.given[option.dest] = int(count) if count.isdecimal() else int(_boolean(setting))
    else:
        texts = [setting.value if option.action in ("format", "group", "release") else setting.value.strip()]
        if option.action in ("append", "feature"):
            texts = setting.value.split()
            values.given.pop(option.dest, None)
            values.commit_options.pop(option.dest, None)
        for text in texts:
            _take(values, option, flag, _checked(option, flag, text, setting.origin), origin=setting.origin)


def _boolean(setting: Setting) -> bool:
    text = setting.value.strip().lower()
    if text in ("y", "yes", "t", "true", "on", "1"):
        return True
    if text in ("n", "no", "f", "false", "off", "0"):
        return False
    raise UsageError(
        f"{setting.origin}: {urls.shown(setting.value)} is not a value for {setting.key}.",
        "Write yes or no, true or false, 1 or 0.",
    )


def _checked(option: Option, flag: str, text: str, origin: str = "") -> str | int | float:
    where = f"{origin}: " if origin else ""
    if option.choices and text not in option.choices:
        raise UsageError(f"{where}{flag} cannot be {urls.shown(text)}.", f"Choose one of: {', '.join(option.choices)}.")
    if option.metavar == "NAMES" and text.startswith("-"):
        raise UsageError(f"{where}{flag} needs a value, and got {urls.shown(text)}.", "Give names, :all: or :none:.")
    if option.type == "path":
        return os.path.expanduser(text)
    if option.type == "string":
        return text
    try:
        number: int | float = _NUMBERS[option.type].check_value(flag, text)
    except optparse.OptionValueError as error:
        raise UsageError(f"{where}{flag} needs a number, and got {urls.shown(text)}.") from error
    # A time of 0 is none; and the system takes no times and counts without bound.
    if not 0 <= number <= _LARGEST_NUMBER or (option.type == "float" and number == 0):
        raise UsageError(f"{where}{flag} cannot be {urls.shown(text)}.", f"Give a number of up to {_LARGEST_NUMBER:,}.")
    return number


def _take(values: Values, option: Option, flag: str, value: Any, *, origin: str = "") -> None:
    """Record one use of an option; refuse it where it is one that is not taken."""
    if option.refused and not (option.action == "feature" and value in _FEATURES_TAKEN):
        shown = f"{flag}={urls.brief(str(value))}" if option.action == "feature" else flag
        raise UnsupportedOption(shown, option.refused, origin)
    if option.dest == "keyring_provider" and value == "import":
        raise UnsupportedOption(f"--keyring-provider={value}", NO_IMPORT, origin)
    if option.action == "count":
        values.given[option.dest] = values.count(option.dest) + 1
    elif option.action in ("append", "group"):
        values.given[option.dest] = [*values.texts(option.dest), value]
    elif option.action == "format":
        values.formats.add(0 if option.dest == "no_binary" else 1, str(value))
    elif option.action == "release":
        values.releases.add(0 if option.dest == "all_releases" else 1, str(value))
    elif option.action == "true":
        values.given[option.dest] = True
    elif option.action == "false":
        values.given[option.dest] = False
    elif option.action == "store":
        values.given[option.dest] = value
        values.origins[option.dest] = origin
    if option.commit:
        long = next(spelling for spelling in option.flags if spelling.startswith("--"))
        words = (long,) if value is None else (long, str(value))
        before = values.commit_options.get(option.dest, ()) if option.action == "append" else ()
        values.commit_options[option.dest] = (*before, *words)


class HelpRequested(Exception):
    """``--help`` was given."""


class ExplainRequested(HelpRequested):
    """``--explain CODE`` was given."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Parser(optparse.OptionParser):
    """optparse, with each use of an option going to ``sink`` and each mistake raised as a UsageError."""

    def __init__(self, options: Iterable[Option], command: str = "install") -> None:
        super().__init__(add_help_option=False)
        self.command = command
        self.sink = Values()
        for option in options:
            keywords: dict[str, Any] = {"action": "callback", "callback": self._seen, "callback_args": (option,)}
            if option.action in ("store", "append", "group", "format", "release", "feature", "explain"):
                keywords |= {"type": "string", "nargs": 1}
            self.add_option(*option.flags, **keywords)

    def _seen(self, _: optparse.Option, flag: str, text: str | None, __: optparse.OptionParser, option: Option) -> None:
        if option.action == "help":
            raise HelpRequested
        if option.action == "explain":
            raise ExplainRequested(text or "")
        _take(self.sink, option, flag, None if text is None else _checked(option, flag, text))

    def _match_long_opt(self, opt: str) -> str:
        """The option an abbreviation stands for: what it means to pip, whatever others begin like it."""
        if opt in self._long_opt:
            return opt
        found = sorted(flag for flag in self._long_opt if flag.startswith(opt))
        found = [flag for flag in found if flag not in _NOT_PIPS] or found
        if len(found) == 1:
            return found[0]
        if found:
            raise optparse.AmbiguousOptionError(opt, found)
        raise optparse.BadOptionError(opt)

    def error(self, msg: str) -> NoReturn:
        msg = urls.brief(msg)
        raise UsageError(f"{msg[:1].upper()}{msg[1:]}.", f"`safe-pip {self.command} --help` lists the options.")


# --------------------------------------------------------------------------- lines of requirements files

# The options that may stand on a line of their own in a requirements file, and those that belong to the requirement
# before them (pip: req/req_file.py, SUPPORTED_OPTIONS and SUPPORTED_OPTIONS_REQ).
_LINE_OPTIONS = frozenset(
    {
        "index_url",
        "extra_index_urls",
        "no_index",
        "constraint_files",
        "requirement_files",
        "editable",
        "find_links",
        "no_binary",
        "only_binary",
        "prefer_binary",
        "require_hashes",
        "no_require_hashes",
        "pre",
        "all_releases",
        "only_final",
        "trusted_hosts",
        "use_feature",
        "config_settings",
    }
)
_HASH = Option(("--hash",), "hash", "append", "ALGORITHM:DIGEST")


@functools.cache
def _line_parser(editable: bool) -> _Parser:
    rows = [option for option in all_options() if option.dest in _LINE_OPTIONS]
    if editable:
        rows = [replace(option, refused="") if option.dest == "editable" else option for option in rows]
    return _Parser([*rows, _HASH])


def parse_line(
    text: str, *, formats: ControlBuilder, releases: ControlBuilder, editable: bool = False
) -> tuple[str, Values]:
    """Split one line of a requirements file into the requirement before its options, and the options.

    formats, releases: the controls so far, which the line's options change. editable: whether ``-e`` is taken.
    Raises UsageError with no place in it: the caller knows the file and the line.
    """
    words = text.split(" ")
    first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    requirement, rest = " ".join(words[:first]), " ".join(words[first:])
    try:
        arguments = shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"The options cannot be split: {urls.shown(rest)}.") from error
    parser = _line_parser(editable)
    parser.sink = Values(formats=formats, releases=releases)
    if arguments:
        _, parser.sink.arguments = parser.parse_args(arguments)
    return requirement, parser.sink


def network_of(values: Values) -> Network:
    """How to speak to servers, from the options."""
    return Network(
        timeout=values.number("timeout", 15.0),
        retries=int(values.number("retries", 5)),
        proxy=values.text("proxy"),
        use_environment_proxies=not values.flag("no_proxy_env"),
        cert=values.text("cert"),
        client_cert=values.text("client_cert"),
        trusted_hosts=tuple(values.texts("trusted_hosts")),
    )
