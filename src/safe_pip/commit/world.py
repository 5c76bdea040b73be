"""The closed world that pip is given: an index of exactly the approved files, the request pinned, and no network."""

from __future__ import annotations

import html
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.errors import IncompleteError
from safe_pip.model import Approved, Plan, PlannedInstall, Request, StagedFile, Target

# A port of this machine where nothing answers (discard, RFC 863): whatever pip might try to reach, it fails at once.
_NOWHERE = "http://127.0.0.1:9"
_AT_HAND = Path(__file__).with_name("at_hand.py")
_SECONDS = 300


def make_world(world: Path, approved: Approved, request: Request, pip_folder: Path, environ: Mapping[str, str]) -> None:
    """Write the index, the wheel cache, and the pins of everything in the plan.

    world: the folder to make. pip_folder: where the pip lies that will install. environ: what it will be started with.
    Raises IncompleteError where pip would not take a file from here.
    """
    plan, files = approved.plan, approved.staged.files
    world.mkdir(mode=0o700)
    for item in plan.install:
        if item.direct_url is None:
            file = files[item.name]
            address = html.escape(f"{urls.path_to_url(file.path)}#sha256={file.sha256}")
            _write_page(world, item.name, f'<a href="{address}">{html.escape(file.path.name)}</a>')
    for item in plan.left_out:
        _write_stand_in(world, item)
    for kept in plan.keep:
        _write_page(world, kept.name, "")
    by_url = [item for item in plan.install if item.direct_url is not None]
    if by_url:
        _put_at_hand(world / "cache", by_url, files, request.target, pip_folder, environ)
    constrained = {constraint.name for constraint in request.constraints if constraint.url is not None}
    pins = [f"{item.name}==={item.version}" for item in plan.install if item.direct_url is None]
    pins += [f"{item.name} @ {_said(item, in_file=True)}" for item in by_url if item.name in constrained]
    pins += [f"{item.name}==={item.version}" for item in plan.left_out]
    pins += [f"{kept.name}==={kept.version}" for kept in plan.keep]
    (world / "pins.txt").write_text("\n".join(pins) + "\n", "utf-8")


def _said(item: PlannedInstall, *, in_file: bool = False) -> str:
    """The URL of a direct reference as pip is told it: one that the user wrote without its credentials, which are not
    needed any more, and one of a dependency as it stands in METADATA. Raises IncompleteError for a URL that pip would
    not take as it is: it has a meaning for ``;``, in a file also for ``${NAME}`` and a backslash at the end of a line.
    """
    assert item.direct_url is not None
    url = urls.split_credentials(item.direct_url)[0] if item.requested else item.direct_url
    meant = (";", "${", "\\", "#") if in_file else (";",)
    if any(sign in url for sign in meant) or any(char.isspace() for char in url):
        raise IncompleteError(
            f"pip would read the URL of {item.name} in another way than it was checked: {urls.redacted(url)}.",
            "Write ; $ and spaces in it as %3B %24 and %20, and leave out what follows a #.",
        )
    return url


def _write_page(world: Path, name: str, anchor: str) -> None:
    folder = world / "simple" / name
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{anchor}</body></html>\n", "utf-8")


def _write_stand_in(world: Path, item: PlannedInstall) -> None:
    """Offer, for a package of which only the dependencies are wanted, a wheel that holds its metadata and no file.

    pip resolves it, follows what it depends on, and leaves it out (``--only-deps``).
    """
    stem = f"{item.name.replace('-', '_')}-{item.version}"
    metadata = ["Metadata-Version: 2.1", f"Name: {item.name}", f"Version: {item.version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in item.metadata.provides_extra]
    metadata += [f"Requires-Dist: {' '.join(requirement.split())}" for requirement in item.metadata.requires_dist]
    content = {
        "METADATA": "".join(f"{line}\n" for line in metadata),
        "WHEEL": "Wheel-Version: 1.0\nGenerator: safe-pip\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    folder = world / "stand-ins"
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(f"{stem}.dist-info/{name}", text)
    _write_page(world, item.name, f'<a href="{html.escape(urls.path_to_url(path))}">{html.escape(path.name)}</a>')


def _put_at_hand(
    cache: Path,
    items: Sequence[PlannedInstall],
    files: Mapping[NormalizedName, StagedFile],
    target: Target,
    pip_folder: Path,
    environ: Mapping[str, str],
) -> None:
    """Put wheels where pip's wheel cache looks for their URLs, with the origin to record (pip: cache.py, PEP 610)."""
    wheels = []
    for item in items:
        url, file = _said(item), files[item.name]
        algorithm, value = next(iter(urls.hash_fragment(url)), ("sha256", file.sha256))
        origin = {
            "url": urls.split_credentials(urls.without_fragment(item.direct_url or ""))[0],
            "archive_info": {"hash": f"{algorithm}={value}", "hashes": {algorithm: value}},
        }
        wheels.append((url, item.name, str(file.path), json.dumps(origin)))
    told = json.dumps({"pip": str(pip_folder.parent), "cache": str(cache), "wheels": wheels})
    command = [target.executable, "-I", "-S", str(_AT_HAND)]
    try:
        run = subprocess.run(
            command, input=told, capture_output=True, text=True, env=dict(environ), timeout=_SECONDS, check=False
        )
        missed = json.loads(run.stdout) if run.returncode == 0 else [wheel[0] for wheel in wheels]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        missed = [wheel[0] for wheel in wheels]
    if missed:
        raise IncompleteError(
            f"pip would not install the file that was checked for {urls.redacted(missed[0])}, but fetch it again.",
            "Ask for it by name and version, or by another spelling of its URL.",
        )


def arguments(world: Path, plan: Plan, request: Request) -> list[str]:
    """The arguments of ``pip install``: the closed world, what the user asked of this step, and the request, pinned.

    The request is not written into a file, because pip gives ``${NAME}`` a meaning there.
    """
    destination, selection = request.destination, request.selection
    arguments = [
        *("--index-url", urls.path_to_url(world / "simple")),
        *("--cache-dir", str(world / "cache")),
        *("--proxy", _NOWHERE, "--retries", "0", "--timeout", "5"),
        *("--only-binary", ":all:", "--pre", "--no-input", "--disable-pip-version-check"),
        *("--progress-bar", "off", "--no-color"),
        *("--constraint", str(world / "pins.txt")),
    ]
    if selection.no_deps:
        arguments.append("--no-deps")
    if selection.only_deps:
        arguments.append("--only-deps")
    if destination.target_dir is not None:
        arguments += ["--target", str(destination.target_dir)]
        if selection.upgrade_strategy != "to-satisfy-only":
            # For a folder this says whether what is there may be replaced.
            arguments.append("--upgrade")
    if destination.user is not None:
        arguments.append("--user" if destination.user else "--no-user")
    if destination.prefix is not None:
        arguments += ["--prefix", destination.prefix]
    if destination.root is not None:
        arguments += ["--root", destination.root]
    return [*arguments, *destination.pip_options, *_pinned(plan)]


def _pinned(plan: Plan) -> Iterator[str]:
    """What was asked for, with extras, as one version or one URL each."""
    by_url = {item.name: item for item in plan.install if item.direct_url is not None}
    left_out = {item.name for item in plan.left_out}
    for root in plan.roots:
        extras = f"[{','.join(root.extras)}]" if root.extras else ""
        if root.direct_url is not None and root.name not in left_out:
            yield f"{root.spelling}{extras} @ {_said(by_url[root.name])}"
        else:
            yield f"{root.spelling}{extras}==={root.version}"


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment less everything that configures pip or leads it to the network."""
    ours = {
        name: value for name, value in environ.items() if not name.upper().startswith("PIP_") and not _is_proxy(name)
    }
    # pip takes this path for "no configuration files at all"; the flag keeps it from looking for --python.
    return ours | {"PIP_CONFIG_FILE": os.devnull, "_PIP_RUNNING_IN_SUBPROCESS": "1"}


def _is_proxy(name: str) -> bool:
    return name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
