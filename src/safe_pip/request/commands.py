"""The guarded commands and their options: ``download`` and ``wheel`` know most of those of ``install``, and a few more.

What pip's own command does not have is no option of ours either: it is refused as unknown, and what configures it is
passed over, as pip does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from safe_pip.request.options import GONE_OPTIONS, OWN_OPTIONS, PIP_OPTIONS, Option

# What decides about an environment; there is none here.
_OF_INSTALL = frozenset(
    {
        "upgrade",
        "upgrade_strategy",
        "force_reinstall",
        "ignore_installed",
        "target_dir",
        "user",
        "root",
        "prefix",
        "break_system_packages",
        "compile",
        "warn_script_location",
        "warn_conflicts",
        "root_user_action",
        "pip_report",
        "dry_run",
    }
)
_OF_ANOTHER_PYTHON = frozenset({"platform", "python_version", "implementation", "abi"})
_DRY_RUN = Option(("--dry-run",), "dry_run", help="everything up to the verdict; write no file")
_NO_LOG = "it is pip's own log, and pip itself is not run here"


@dataclass(frozen=True)
class Command:
    """A guarded command. name: as it is typed, and the section of pip's configuration that is its own.

    lacks: the ``dest`` of those options of ``install`` that it does not have. more: options that only it has, by the
    heading they stand under. own: safe-pip's own. words: what some options mean here. refused: those of ``install``
    that are not taken here, and why. titles: other headings. gone: what older pips had.
    """

    name: str
    lacks: frozenset[str] = frozenset()
    more: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    own: tuple[Option, ...] = OWN_OPTIONS
    words: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[Option, ...] = GONE_OPTIONS

    @cached_property
    def tables(self) -> dict[str, tuple[Option, ...]]:
        """pip's options by heading; headings without any are left out."""
        tables = {}
        for title, options in PIP_OPTIONS.items():
            rows = tuple(self._here(option) for option in options if option.dest not in self.lacks)
            rows += self.more.get(title, ())
            if rows:
                tables[self.titles.get(title, title)] = rows
        return tables

    def pip_options(self) -> Iterator[Option]:
        """Every row of pip's options."""
        for options in self.tables.values():
            yield from options

    def _here(self, option: Option) -> Option:
        return replace(
            option,
            help=self.words.get(option.dest, option.help),
            refused=self.refused.get(option.dest, option.refused),
        )


_WORDS = {
    "requirement_files": "take what a requirements file asks for",
    "no_deps": "take no dependencies",
    "only_deps": "take what the named packages need, not the packages themselves",
    "group": "take a dependency group of a pyproject.toml or pylock.toml (./pyproject.toml unless a PATH is given)",
    "script": "take what a script says it needs (inline metadata, PEP 723)",
    "python": "the interpreter or environment that the files are for",
    "no_clean": "keep build folders (there are none)",
    "exists_action": "default action when a checkout exists (there are none)",
}
_TITLES = {
    "What to install": "What to take",
    "Where to install": "For which Python, and where to",
    "How the files are installed (given to pip)": "Further options of pip",
}

INSTALL = Command("install")
DOWNLOAD = Command(
    "download",
    _OF_INSTALL | {"config_settings", "editable"},
    {
        "Where to install": (
            Option(
                ("-d", "--dest", "--destination-dir", "--destination-directory"),
                "folder",
                "store",
                "DIR",
                "put the files into a folder",
                type="path",
            ),
        )
    },
    (_DRY_RUN, *OWN_OPTIONS),
    _WORDS,
    {"log": _NO_LOG},
    _TITLES,
)
WHEEL = Command(
    "wheel",
    _OF_INSTALL | _OF_ANOTHER_PYTHON,
    {
        "Where to install": (
            Option(("-w", "--wheel-dir"), "folder", "store", "DIR", "put the wheels into a folder", type="path"),
        ),
        "How the files are installed (given to pip)": (
            Option(("--no-verify",), "no_verify", help="do not verify wheels that were built (there are none)"),
        ),
    },
    (_DRY_RUN, *OWN_OPTIONS),
    _WORDS,
    {"log": _NO_LOG},
    _TITLES,
    (
        *GONE_OPTIONS,
        Option(("--build-option",), "build_options", "append", "OPTION", refused="pip has it no more", hidden=True),
    ),
)

COMMANDS: Mapping[str, Command] = {command.name: command for command in (INSTALL, DOWNLOAD, WHEEL)}
"""The table of guarded commands."""
