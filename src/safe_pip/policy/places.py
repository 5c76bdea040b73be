"""Which policy files there are: the project's, from the working directory upwards, the user's, the system's."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from safe_pip.model import Network
from safe_pip.policy.files import OF_SAFE_PIP, PYPROJECT, PolicyError, read_file, shown_path

FILE = "safe-pip.toml"
"""The name of a policy file that is nothing else."""
_REPOSITORY = (".git", ".hg", ".svn")
_KNOWN_VARIABLES = frozenset(
    f"SAFE_PIP_{name}"
    for name in (
        *("POLICY", "PROFILE", "ADVISORIES", "OSV_URL", "OSV_BULK_URL", "OFFLINE", "AVOID", "FORMAT"),
        *("CACHE_DIR", "PRIVATE"),
        # The tests' own.
        *("CORPUS", "PARITY", "WORLDS"),
    )
)


class Places(NamedTuple):
    """Where policies are looked for, and what was chosen.

    folder: the working directory. system, user: the files that may be there, the weakest first. home: the user's own,
    which no clone has put there. named: ``--policy``; profile: ``--profile``; by_environment: which of the two only a
    variable has named. cache: safe-pip's cache folder, for policies from URLs, None to keep nothing. network: how to
    speak to servers, asked where that is needed. variables: the names of all variables of the environment.
    """

    folder: Path
    system: tuple[Path, ...] = ()
    user: Path | None = None
    home: Path | None = None
    named: str | None = None
    profile: str | None = None
    by_environment: frozenset[str] = frozenset()
    cache: Path | None = None
    offline: bool = False
    network: Callable[[], Network] = Network
    variables: tuple[str, ...] = ()


class Found(NamedTuple):
    """A policy file. text: of one that had to be read to see that it is one."""

    path: Path
    text: str | None = None


def places_of(
    environ: Mapping[str, str],
    *,
    named: str | None = None,
    profile: str | None = None,
    by_environment: frozenset[str] = frozenset(),
    cache: Path | None = None,
    offline: bool = False,
    network: Callable[[], Network] = Network,
) -> Places:
    """The places of this machine, this user and the working directory. Raises PolicyError where that is gone."""
    home = _own_home()
    try:
        folder = Path.cwd()
    except OSError as error:
        raise PolicyError(
            f"The working directory cannot be found: {error.strerror or error}.", "Change to a folder that is there."
        ) from error
    return Places(
        folder=folder,
        system=_system_files(environ),
        user=_user_file(environ, home),
        home=home,
        named=named,
        profile=profile,
        by_environment=by_environment,
        cache=cache,
        offline=offline,
        network=network,
        variables=tuple(environ),
    )


def _own_home() -> Path | None:
    """The home that the system's list of users gives, which no variable can move; else what there is."""
    with suppress(ImportError, KeyError):
        import pwd

        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    with suppress(RuntimeError):
        return Path.home()
    return None


def _user_file(environ: Mapping[str, str], own: Path | None) -> Path:
    import platformdirs

    with suppress(OSError, AttributeError, RuntimeError):
        # Under sudo, and in containers of CI, HOME may be another user's: what he decides is not followed.
        if own is not None and not environ.get("XDG_CONFIG_HOME") and Path.home().stat().st_uid != os.geteuid():
            return own / ".config" / "safe-pip" / FILE
    return Path(platformdirs.user_config_dir("safe-pip", appauthor=False)) / FILE


def _system_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The system's own, and then those in the folders that ``XDG_CONFIG_DIRS`` names: it adds, and takes none away."""
    import platformdirs

    if os.name == "nt":
        return (Path(platformdirs.site_config_dir("safe-pip", appauthor=False)) / FILE,)
    own = Path("/etc/xdg/safe-pip") / FILE
    if os.uname().sysname == "Darwin":
        own = Path("/Library/Application Support/safe-pip") / FILE
    more = [Path(folder) / "safe-pip" / FILE for folder in environ.get("XDG_CONFIG_DIRS", "").split(":") if folder]
    return tuple(dict.fromkeys([own, *reversed(more)]))


# --------------------------------------------------------------------------- the project


def repository_of(folder: Path) -> Path | None:
    """The nearest folder, from one upwards, that is under version control; None where there is none."""
    return next(_repositories(folder), None)


def _repositories(folder: Path) -> Iterator[Path]:
    """All such folders, the nearest first."""
    for place in (folder, *folder.parents):
        if any(os.path.lexists(place / name) for name in _REPOSITORY):
            yield place


def project_file(places: Places) -> Found | None:
    """The project's own policy: in the working directory, or the nearest folder above it within its repository.

    Without a repository only the working directory itself is looked at, and no home folder. Raises PolicyError where
    one folder has two.
    """
    top = repository_of(places.folder)
    if top is None:
        if places.folder == _real(places.home) or places.folder == places.folder.parent:
            return None
        return _in_folder(places.folder, places)
    for folder in (places.folder, *places.folder.parents):
        found = _in_folder(folder, places)
        if found is not None or folder == top:
            return found
    return None


def _in_folder(folder: Path, places: Places) -> Found | None:
    here = places.folder
    own, pyproject = folder / FILE, folder / PYPROJECT
    text = None
    if pyproject.is_file():
        shown = shown_path(pyproject, here)
        text = read_file(pyproject, shown)
        if not _has_table(text, shown, pyproject, places.home):
            text = None
    if not os.path.lexists(own):
        return None if text is None else Found(pyproject, text)
    if text is not None:
        raise PolicyError(
            f"Both {shown_path(own, here)} and [tool.safe-pip] in {shown_path(pyproject, here)} are there.",
            "Keep the policy in one of them.",
        )
    return Found(own)


def _has_table(text: str, shown: str, path: Path, home: Path | None) -> bool:
    """Whether a ``pyproject.toml`` has a policy; one that does not name safe-pip at all is not even parsed."""
    if OF_SAFE_PIP.search(text) is None:
        return False
    from safe_pip.policy.layers import document_of
    from safe_pip.policy.reach import check_link, root_of

    check_link(path, shown, root_of(path, home))
    return document_of(text, shown, path.parent, pyproject=True) is not None


def is_of_the_project(path: Path, places: Places) -> bool:
    """Whether a file lies where a clone may have put it: in the repository, or below the working directory.

    A repository within another one, or a folder that looks like one, is a part of that. A repository that holds the
    user's own home is the user's, and so is a working directory that does.
    """
    home = _real(places.home)
    for top in (*_repositories(places.folder), places.folder):
        real = _real(top)
        if real is None or (home is not None and home.is_relative_to(real)):
            continue
        if Path(os.path.realpath(path)).is_relative_to(real) or path.is_relative_to(top):
            return True
    return False


def _real(path: Path | None) -> Path | None:
    return None if path is None else Path(os.path.realpath(path))


def unknown_variables(places: Places) -> list[str]:
    """A note for each variable that looks like safe-pip's, and is not."""
    names = sorted(name for name in places.variables if name.startswith("SAFE_PIP_") and name not in _KNOWN_VARIABLES)
    return [f"{name} has no effect: safe-pip has no such variable" for name in names]


# --------------------------------------------------------------------------- the user's and the system's


def has_files(places: Places) -> bool:
    """Whether the user or the system has a policy. Raises PolicyError where that cannot be told."""
    return any(is_there(path) for path in (*places.system, places.user) if path is not None)


def is_there(path: Path) -> bool:
    """Whether there is a file, or something that has to be told to be none."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise PolicyError(
            f"The policy file {path} cannot be read: {error.strerror or error}.", "Mend its path."
        ) from error
    return True
