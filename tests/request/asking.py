"""The same question to pip and to safe-pip: what is asked, and how the two answers are made comparable."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from safe_pip.errors import FetchError
from safe_pip.model import Request, RequestedRequirement, Target
from safe_pip.request.command_line import parse
from safe_pip.request.default_index import DefaultIndex, default_index
from safe_pip.request.pip_config import configured
from safe_pip.request.reading import read_request
from safe_pip.request.values import Values


@dataclasses.dataclass(frozen=True)
class Case:
    """One question. arguments: what stands after ``install``. environ: further variables. read: files, too."""

    arguments: tuple[str, ...] = ()
    environ: Mapping[str, str] = dataclasses.field(default_factory=dict)
    cwd: Path = Path()
    read: bool = False


NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
"""The time that every request is read at."""

Answers = list[dict[str, Any]]
AskPip = Callable[..., Answers]


def values_of(*arguments: str, environ: Mapping[str, str] | None = None, prefix: str = "") -> Values:
    """What safe-pip makes of the arguments of ``install``, in the configuration that the environment has."""
    environ = os.environ if environ is None else environ
    return parse(arguments, configured(environ, prefix, isolated="--isolated" in arguments), environ)


def no_fetch(url: str) -> bytes:
    """For tests in which no file lies on a server."""
    raise FetchError(url, "no test asks for it")


def request_of(
    *arguments: str,
    target: Target,
    environ: Mapping[str, str] | None = None,
    fetch: Callable[[str], bytes] = no_fetch,
    default: Callable[[], DefaultIndex] = default_index,
) -> Request:
    """The request that safe-pip reads from the arguments of ``install``."""
    environ = os.environ if environ is None else environ
    return read_request(
        values_of(*arguments, environ=environ),
        target,
        environ=environ,
        fetch=fetch,
        default_index=default,
        now=NOW,
    )


def as_pip_tells(item: RequestedRequirement, *, constraint: bool = False) -> dict[str, Any]:
    """A requirement in the words of the oracle."""
    hashes: dict[str, list[str]] = {}
    for kind, digest in sorted(item.hashes or ()):
        hashes.setdefault(kind, []).append(digest)
    return {
        "name": item.name,
        "specifier": str(item.specifier),
        "extras": sorted(item.extras),
        "marker": None if item.marker is None else str(item.marker),
        "url": item.url,
        "constraint": constraint,
        "hashes": hashes,
    }


def comparable(told: Mapping[str, Any]) -> dict[str, Any]:
    """The oracle's words on a requirement, less the spelling of names and the version it reads off a wheel's name."""
    return {
        **told,
        "name": told["name"] and canonicalize_name(told["name"]),
        "extras": sorted(canonicalize_name(extra) for extra in told["extras"]),
        "specifier": "" if told["url"] else told["specifier"],
        "hashes": {kind: sorted({digest.lower() for digest in found}) for kind, found in told["hashes"].items()},
    }


def reading(request: Request) -> dict[str, Any]:
    """What a request asks for and where it looks, in the words of the oracle."""
    selection = request.selection
    return {
        "requirements": [
            *(as_pip_tells(item, constraint=True) for item in request.constraints),
            *map(as_pip_tells, request.requirements),
        ],
        "index_urls": list(request.search.index_urls),
        "find_links": list(request.search.find_links),
        "trusted_hosts": list(request.network.trusted_hosts),
        "prefer_binary": selection.prefer_binary,
        "require_hashes": selection.require_hashes,
        "formats": [sorted(names) for names in selection.formats],
        "releases": [sorted(names) for names in selection.releases],
    }


def pips_reading(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same of the oracle's answer. Constraints come first: their place among requirements has no meaning."""
    return {
        "requirements": sorted(map(comparable, told["requirements"]), key=lambda item: not item["constraint"]),
        **{name: told[name] for name in ("index_urls", "find_links", "trusted_hosts", "prefer_binary")},
        "require_hashes": bool(told["options"]["require_hashes"]),
        "formats": told["options"]["format_control"],
        "releases": told["options"]["release_control"],
    }


# The options that are given on as they are: pip's name of the value, and safe-pip's.
SAME_VALUES = {
    "index_url": "index_url",
    "extra_index_urls": "extra_index_urls",
    "find_links": "find_links",
    "no_index": "no_index",
    "trusted_hosts": "trusted_hosts",
    "retries": "retries",
    "resume_retries": "resume_retries",
    "timeout": "timeout",
    "proxy": "proxy",
    "no_proxy_env": "no_proxy_env",
    "cert": "cert",
    "client_cert": "client_cert",
    "keyring_provider": "keyring_provider",
    "upgrade": "upgrade",
    "upgrade_strategy": "upgrade_strategy",
    "use_user_site": "user",
    "target_dir": "target_dir",
    "prefix_path": "prefix",
    "root_path": "root",
    "compile": "compile",
    "warn_script_location": "warn_script_location",
    "warn_about_conflicts": "warn_conflicts",
    "force_reinstall": "force_reinstall",
    "ignore_installed": "ignore_installed",
    "ignore_dependencies": "no_deps",
    "only_dependencies": "only_deps",
    "requirements_from_scripts": "script",
    "platforms": "platform",
    "implementation": "implementation",
    "abis": "abi",
    "ignore_requires_python": "ignore_requires_python",
    "override_externally_managed": "break_system_packages",
    "require_venv": "require_virtualenv",
    "pre": "pre",
    "prefer_binary": "prefer_binary",
    "require_hashes": "require_hashes",
    "no_require_hashes": "no_require_hashes",
    "exists_action": "exists_action",
    "log": "log",
    "verbose": "verbose",
    "quiet": "quiet",
    "no_color": "no_color",
    "progress_bar": "progress_bar",
    "root_user_action": "root_user_action",
    "constraints": "constraint_files",
    "requirements": "requirement_files",
    "dry_run": "dry_run",
    "no_clean": "no_clean",
    "python": "python",
}


def differences(values: Values, told: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Where safe-pip's values differ from pip's. defaults: pip's own, for what was not given."""
    found = []
    if values.arguments != told["arguments"]:
        found.append(f"arguments: {values.arguments} instead of {told['arguments']}")
    for name, own_name in SAME_VALUES.items():
        expected = told["options"][name]
        ours = values.given.get(own_name, defaults["options"][name])
        # Where pip has a switch from its configuration, that is 1 or 0.
        same = bool(ours) == bool(expected) if isinstance(ours, bool) else ours == expected
        if not same and not (not ours and not expected):
            found.append(f"{name}: {ours!r} instead of {expected!r}")
    controls = {"format_control": values.formats, "release_control": values.releases}
    for name, control in controls.items():
        if [sorted(names) for names in control.sets] != told["options"][name]:
            found.append(f"{name}: {control.sets} instead of {told['options'][name]}")
    return found
