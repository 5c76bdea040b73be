"""pip's own configuration: files at every level and ``PIP_*`` variables, in the order in which they override."""

from __future__ import annotations

import configparser
import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import platformdirs

from safe_pip import urls
from safe_pip.errors import UsageError

_FILE = "pip.ini" if os.name == "nt" else "pip.conf"
# Variables that are no options: what pip passes over by name, and the one that names the configuration file.
_NOT_OPTIONS = frozenset({"version", "help", "config-file"})


class Setting(NamedTuple):
    """One configured value: the option's long name without dashes, its text, and where it stands."""

    key: str
    value: str
    origin: str


def configured(
    environ: Mapping[str, str], site_prefix: str, *, isolated: bool = False, command: str = "install"
) -> list[Setting]:
    """Every setting of pip that applies to a command, weakest first; empty values are left out.

    environ: the environment. site_prefix: the target's prefix, whose ``pip.conf`` is the "site" level; empty where the
    target is not known yet, and that level is left out.
    isolated: ``--isolated``, which leaves out the user's file and the variables. command: whose section counts.
    Raises UsageError for a file that cannot be read. Source: pip's configuration.py and cli/parser.py.
    """
    by_section: dict[str, dict[str, Setting]] = {"global": {}, command: {}, ":env:": {}}
    for path in _files(environ, site_prefix, isolated=isolated):
        for section, key, value in _read(path):
            if section in by_section:
                by_section[section][key] = Setting(key, value, str(path))
    if not isolated:
        for variable, value in environ.items():
            if variable.startswith("PIP_"):
                key = _normal(variable[4:])
                if key not in _NOT_OPTIONS:
                    by_section[":env:"][key] = Setting(key, value, variable)
    return [setting for section in by_section.values() for setting in section.values() if setting.value]


def _files(environ: Mapping[str, str], site_prefix: str, *, isolated: bool) -> list[Path]:
    own = environ.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return []
    files = [Path(folder) / _FILE for folder in _global_folders()]
    if not isolated and not (own and os.path.exists(own)):
        home = Path(os.path.expanduser("~"))
        files += [home / ("pip" if os.name == "nt" else ".pip") / _FILE, _user_folder() / _FILE]
    if site_prefix:
        files.append(Path(site_prefix) / _FILE)
    if own:
        files.append(Path(own))
    # A file that stands at two levels counts at the weaker one.
    return list(dict.fromkeys(files))


def _global_folders() -> list[str]:
    if sys.platform == "darwin":
        return platformdirs.site_data_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    folders = platformdirs.site_config_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    return folders if os.name == "nt" else [*folders, "/etc"]


def _user_folder() -> Path:
    if sys.platform == "darwin":
        folder = platformdirs.user_data_dir("pip", appauthor=False, roaming=True)
        return Path(folder) if os.path.isdir(folder) else Path(os.path.expanduser("~/.config/pip"))
    return Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True))


def _normal(name: str) -> str:
    """The key of a name: an option's long name without dashes before it, however it was written."""
    return name.lower().replace("_", "-").removeprefix("--")


class _Parser(configparser.RawConfigParser):
    """Two spellings of one key are one key, so that to give both is a mistake, as pip has it."""

    def optionxform(self, optionstr: str) -> str:
        return _normal(optionstr)


def _read(path: Path) -> list[tuple[str, str, str]]:
    if not path.exists():
        return []
    parser = _Parser()
    encoding = "utf-8" if sys.flags.utf8_mode else locale.getpreferredencoding(False)
    try:
        parser.read(path, encoding=encoding)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: pip's configuration cannot be read: {urls.redacted(str(error))}", "Mend the file and try again."
        ) from error
    return [(section, key, value) for section in parser.sections() for key, value in parser.items(section)]
