"""The interpreter that is installed into: found, asked what it is, and read, without running its site code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import packaging
from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.errors import TargetError
from safe_pip.inspect.core_metadata import InvalidMetadata, parse_metadata
from safe_pip.model import CoreMetadata, InstalledDistribution, Target
from safe_pip.versions import parsed

_Read = TypeVar("_Read")

OLDEST_PYTHON = (3, 10)
_PROBE_SECONDS = 60
_PROBE = Path(__file__).with_name("probe.py")
_VALID_NAME = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE)
STANDARD_LIBRARY = frozenset({"python", "wsgiref", "argparse"})
"""Part of the standard library, whatever metadata lies beside them (pip: metadata/base.py, stdlib_pkgs)."""


class Restriction(NamedTuple):
    """Another Python that files are chosen for; what is empty or None is that of the target.

    python: one to three numbers of its version. platforms, abis: names as in wheel tags, in order of preference.
    implementation: such as cp or pp.
    """

    python: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()
    abis: tuple[str, ...] = ()
    implementation: str | None = None


def find_interpreter(python: str | None, environ: Mapping[str, str]) -> str:
    """The path of the interpreter to install into.

    python: what ``--python`` says, a path to an interpreter or to an environment's folder (pip: cli/main_parser.py).
    Without it: the active virtual environment (``VIRTUAL_ENV``), else the interpreter that runs safe-pip.
    Raises TargetError where there is none.
    """
    if python is not None:
        found = _interpreter_at(python)
        if found is None and os.path.isfile(os.path.join(python, "pyvenv.cfg")):
            raise TargetError(
                f"--python {python}: the interpreter of this virtual environment is gone.",
                "Make the environment anew: the Python that it was made with may have been removed.",
            )
        if found is None:
            raise TargetError(
                f"--python {python}: there is no such interpreter or environment.",
                "Give the path of a Python interpreter, or of the folder of a virtual environment.",
            )
        return found
    active = environ.get("VIRTUAL_ENV")
    if active:
        found = _interpreter_at(active)
        if found is None:
            raise TargetError(
                f"VIRTUAL_ENV points to {active}, where there is no Python interpreter.",
                "Activate an environment that exists, run `deactivate`, or give --python PATH.",
            )
        return found
    return sys.executable


def _interpreter_at(place: str) -> str | None:
    path = os.path.expanduser(place)
    if os.path.isdir(path):
        for name in ("bin/python", "Scripts/python.exe"):
            candidate = os.path.join(path, name)
            if os.path.exists(candidate):
                return os.path.abspath(candidate)
        return None
    return os.path.abspath(path) if os.path.exists(path) else None


_begun: dict[str, subprocess.Popen[bytes]] = {}


def begin_probe(executable: str) -> None:
    """Start to ask an interpreter what it is; ``probe`` waits for the answer. What goes wrong is told there."""
    with suppress(OSError, ValueError):
        _begun[executable] = _started(executable)


def _started(executable: str, *restriction: str) -> subprocess.Popen[bytes]:
    command = [executable, "-I", "-S", str(_PROBE), str(Path(packaging.__file__).parent), *restriction]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def probe(executable: str) -> Target:
    """Ask an interpreter what it is, and read what is installed for it.

    executable: its path. The interpreter is started with ``-I -S``: no ``.pth`` file, no sitecustomize, no
    environment variable of Python's is obeyed. Raises TargetError where it cannot be used.
    """
    return _ask(executable, lambda answer: _target(executable, answer))


def restricted(target: Target, restriction: Restriction) -> Target:
    """The target as far as the choice of files goes: with the wheel tags, and the version for Requires-Python, of
    another Python. Markers stay those of the interpreter, as pip has it. Raises TargetError.

    The interpreter is asked, since what is not restricted is its own (pip: models/target_python.py).
    """
    tags = _ask(target.executable, lambda answer: answer["tags"], json.dumps(restriction._asdict()))
    version = (*restriction.python, 0, 0)[:3] if restriction.python else target.version_info
    return replace(target, tags=tuple(tags), version_info=(version[0], version[1], version[2]))


def _ask(executable: str, read: Callable[[Any], _Read], *restriction: str) -> _Read:
    """What the probe answers, run by an interpreter and read; for another Python if there is a restriction, in JSON.

    Raises TargetError, also where ``read`` does not find what it looks for.
    """
    try:
        run = _begun.pop(executable, None) if not restriction else None
        run = run or _started(executable, *restriction)
        with run:
            try:
                out, err = run.communicate(timeout=_PROBE_SECONDS)
            except BaseException:
                run.kill()
                raise
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise TargetError(
            f"{executable} cannot be run: {_reason(error)}", "Give a working interpreter with --python PATH."
        ) from error
    try:
        answer = json.loads(out)
        version_info = tuple(answer["version_info"])
        if version_info < OLDEST_PYTHON:
            raise TargetError(
                f"{executable} is Python {answer['version']}, and safe-pip installs into Python 3.10 and newer.",
                "Give another interpreter with --python PATH.",
            )
        return read(answer)
    except (ValueError, TypeError, KeyError) as error:
        words = err.decode("utf-8", "replace").strip().splitlines()
        reason = (words[-1] if words[0].startswith("Traceback") else words[0]) if words else "it said nothing of use"
        raise TargetError(
            f"{executable} does not answer as a Python interpreter (exit code {run.returncode}): {reason}",
            "safe-pip installs into Python 3.10 and newer; give another interpreter with --python PATH.",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it did not answer within {error.timeout:g} seconds."
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else f"{error}."


def _target(executable: str, answer: Any) -> Target:
    return Target(
        executable=answer["executable"] or executable,
        version=answer["markers"]["python_full_version"],
        version_info=tuple(answer["version_info"]),
        platform=answer["platform"],
        prefix=answer["prefix"],
        is_virtual=answer["is_virtual"],
        markers=answer["markers"],
        tags=tuple(answer["tags"]),
        site_packages=answer["site_packages"],
        user_site=answer["user_site"],
        externally_managed=answer["externally_managed"],
        installed=read_installed(answer["search_path"], answer["user_site"]),
        search_path=tuple(answer["search_path"]),
    )


def read_installed(
    search_path: list[str] | tuple[str, ...], user_site: str | None = None
) -> dict[NormalizedName, InstalledDistribution]:
    """The distributions found on a search path, the first of each name, by the names of their metadata folders.

    pip reads names and versions the same way (metadata/importlib/_compat.py); the metadata itself is read on demand
    by ``installed_metadata``.
    """
    installed: dict[NormalizedName, InstalledDistribution] = {}
    for location in search_path:
        for distribution in _distributions_in(location, in_user_site=location == user_site):
            if distribution.name not in STANDARD_LIBRARY:
                installed.setdefault(distribution.name, distribution)
    return installed


def unreadable_entries(search_path: Iterable[str]) -> list[str]:
    """The metadata folders and files on a search path that do not say what they are the metadata of.

    What begins with a tilde is left out: pip renames so what it is about to take away.
    """
    return [
        os.path.join(location, name)
        for location in search_path
        for name in _names_in(location)
        if name.lower().endswith((".dist-info", ".egg-info"))
        and not name.startswith("~")
        and _distribution(location, name) is None
    ]


def _distributions_in(location: str, *, in_user_site: bool) -> Iterator[InstalledDistribution]:
    """What lies in one folder; in the folder's own order, since of two with one name pip takes the first."""
    names = _names_in(location)
    for name in names:
        found = _distribution(location, name, in_user_site=in_user_site)
        if found is not None:
            yield found
    for name in names:
        if name.endswith(".egg-link"):
            yield from _legacy_editable(location, name)


def _names_in(location: str) -> list[str]:
    try:
        return os.listdir(location)
    except OSError:
        return []


def _distribution(
    location: str, entry: str, *, in_user_site: bool = False, editable: bool = False
) -> InstalledDistribution | None:
    """The distribution whose metadata is a certain entry of a folder, None where it is no such thing."""
    stem, suffix = os.path.splitext(entry)
    raw_name, _, raw_version = stem.partition("-")
    in_egg = entry.lower() == "egg-info" and location.lower().endswith(".egg")
    if not in_egg and suffix.lower() not in (".dist-info", ".egg-info"):
        return None
    info_path = os.path.join(location, entry)
    if suffix.lower() != ".dist-info" or not raw_version:
        # The name of anything but a .dist-info folder may lack the version, or carry a Python tag after it.
        metadata = installed_metadata(info_path)
        if metadata is None:
            return None
        raw_name = raw_name if suffix.lower() == ".egg-info" else metadata.name
        raw_version = metadata.version
    name = canonicalize_name(raw_name)
    if not _VALID_NAME.fullmatch(name):
        return None
    return InstalledDistribution(
        name=name,
        version=parsed(raw_version),
        raw_version=raw_version,
        location=location,
        info_path=info_path,
        in_user_site=in_user_site,
        legacy_editable=editable,
    )


def _legacy_editable(location: str, name: str) -> Iterator[InstalledDistribution]:
    """An ``.egg-link`` file names the folder of a development install (pip: metadata/importlib/_envs.py)."""
    try:
        with open(os.path.join(location, name), encoding="utf-8", errors="replace") as file:
            folder = next((line.strip() for line in file if line.strip()), "")
    except OSError:
        return
    if not folder:
        return
    project = os.path.join(location, folder)
    for entry in _names_in(project):
        found = _distribution(project, entry, editable=True)
        if found is not None:
            yield found


@lru_cache(maxsize=4096)
def installed_metadata(info_path: str) -> CoreMetadata | None:
    """The metadata of an installed distribution, None where there is none that can be read.

    info_path: the ``.dist-info`` or ``.egg-info`` folder, or an ``.egg-info`` file.
    """
    for path in (os.path.join(info_path, "METADATA"), os.path.join(info_path, "PKG-INFO"), info_path):
        try:
            with open(path, "rb") as file:
                metadata = parse_metadata(file.read(), "installed", what=path)
        except (OSError, InvalidMetadata):
            continue
        return _with_requires_txt(metadata, os.path.join(info_path, "requires.txt"))
    return None


def _with_requires_txt(metadata: CoreMetadata, path: str) -> CoreMetadata:
    """Metadata with the dependencies and extras of an ``.egg-info`` folder, which stand in a file beside it.

    A section of the file is ``[extra:marker]``, both of which may be empty (pip: metadata/base.py,
    _iter_requires_txt_entries). What the metadata itself says of either counts alone.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError):
        return metadata
    extra = marker = ""
    requires: list[str] = []
    extras: dict[str, None] = {}
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line.strip("[]").partition(":")
            extra = canonicalize_name(extra)
            continue
        if extra:
            extras[extra] = None
        parts = [f"({marker})" if marker and extra else marker, f'extra == "{extra}"' if extra else ""]
        condition = " and ".join(part for part in parts if part)
        requires.append(f"{line} ; {condition}" if condition else line)
    return replace(
        metadata,
        requires_dist=metadata.requires_dist or tuple(requires),
        provides_extra=metadata.provides_extra or tuple(extras),
    )


def is_editable(distribution: InstalledDistribution) -> bool:
    """Whether a distribution is installed in editable mode (PEP 660 through PEP 610's record, or an .egg-link)."""
    if distribution.legacy_editable:
        return True
    try:
        with open(os.path.join(distribution.info_path, "direct_url.json"), encoding="utf-8") as file:
            record = json.load(file)
    except (OSError, ValueError):
        return False
    return bool(
        isinstance(record, dict) and isinstance(record.get("dir_info"), dict) and record["dir_info"].get("editable")
    )
