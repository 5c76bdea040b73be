"""A Request, of the options of a guarded command and of the files that they name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from safe_pip import urls
from safe_pip.errors import UsageError
from safe_pip.model import COMMAND_LINE, Destination, Request, RequestedRequirement, Selection, Target
from safe_pip.request.conflicts import check_destination, check_only_deps
from safe_pip.request.cutoff import read_cutoff
from safe_pip.request.default_index import DefaultIndex
from safe_pip.request.gathering import Gathering, Revise
from safe_pip.request.groups import parse_group, read_groups
from safe_pip.request.lines import parse_requirement
from safe_pip.request.places import Fetch
from safe_pip.request.pylock import LockRequest, sort_sources
from safe_pip.request.requirements_file import Line, RequirementsReader
from safe_pip.request.restriction import read_restriction
from safe_pip.request.values import Values, network_of
from safe_pip.target import restricted


def read_request(
    values: Values,
    target: Target,
    *,
    environ: Mapping[str, str],
    fetch: Fetch,
    default_index: Callable[[], DefaultIndex],
    now: datetime,
    revise: Revise | None = None,
    more: Sequence[RequestedRequirement] = (),
    within: str = "",
) -> Request:
    """Turn the options of a guarded command into a Request: files read, lines parsed, conflicts of options found.

    values: the parsed options. target: the interpreter to install into. environ: for ``${NAME}`` in files.
    fetch: reads remote requirements files. default_index: asked only where no index is configured. now: the time.
    revise: what becomes of a line of a requirements file, ``-e`` lines among them, which are refused without it.
    more: requirements that were read elsewhere. within: where files that others include have to be, empty for anywhere.
    Raises UsageError naming the option, or the file and line. The order of requirements is pip's
    (cli/req_command.py, get_requirements).
    """
    check_destination(values, target)
    check_only_deps(values)
    groups = [parse_group(text) for text in values.texts("group")]
    restriction = read_restriction(values, [*values.texts("requirement_files"), *(group.path for group in groups)])
    if restriction is not None:
        target = restricted(target, restriction)
    values.settle_pre()
    reader = RequirementsReader(
        fetch, environ, values.formats, values.releases, editable=revise is not None, within=within
    )
    gathered = Gathering(values, reader, target, revise or _as_it_is, requirements=list(more))
    for name in values.texts("constraint_files"):
        gathered.file(name, constraint=True)
    for text in values.arguments:
        if text.strip():
            gathered.requirements.append(parse_requirement(text, COMMAND_LINE))
    sources, groups = sort_sources(values.texts("requirement_files"), groups)
    gathered.requirements += read_groups(groups)
    for source in sources:
        if isinstance(source, LockRequest):
            gathered.lock(source)
        else:
            gathered.file(source, constraint=False)
    gathered.script()
    if not any((values.arguments, sources, groups, values.texts("script"), more)) and revise is None:
        what = "install" if values.command == "install" else "fetch"
        raise UsageError(f"There is nothing to {what}.", "Name a package, or a requirements file with -r FILE.")
    _check_constraints(gathered.constraints)
    search = gathered.search(default_index)
    return Request(
        requirements=tuple(gathered.requirements),
        constraints=tuple(gathered.constraints),
        search=search,
        selection=_selection(values, gathered, read_cutoff(values.text("uploaded_prior_to"), now)),
        network=network_of(values),
        destination=_destination(values),
        target=target,
        dry_run=values.flag("dry_run"),
        locked=gathered.locked,
        notes=tuple(gathered.notes),
        source_lines=tuple(dict.fromkeys(gathered.source_lines)),
    )


def _as_it_is(line: Line) -> Line:
    return line


def _check_constraints(constraints: list[RequestedRequirement]) -> None:
    for constraint in constraints:
        if constraint.name is None:
            raise UsageError(
                f"{constraint.origin}: {urls.shown(constraint.text)} has no name.", "A constraint must name a package."
            )
        if constraint.extras:
            raise UsageError(
                f"{constraint.origin}: {urls.shown(constraint.text)} has extras.", "A constraint cannot have extras."
            )


def _selection(values: Values, gathered: Gathering, uploaded_before: datetime | None) -> Selection:
    if values.flag("require_hashes") and values.flag("no_require_hashes"):
        raise UsageError("--require-hashes and --no-require-hashes cannot be used together.")
    any_hash = any(item.hashes is not None for item in [*gathered.requirements, *gathered.constraints])
    upgrade_strategy = values.text("upgrade_strategy") or "only-if-needed"
    return Selection(
        formats=values.format_control,
        releases=values.release_control,
        prefer_binary=values.flag("prefer_binary"),
        ignore_requires_python=values.flag("ignore_requires_python"),
        upgrade_strategy=(
            "to-satisfy-only"
            if not values.flag("upgrade")
            else "eager"
            if upgrade_strategy == "eager"
            else "only-if-needed"
        ),
        force_reinstall=values.flag("force_reinstall"),
        ignore_installed=values.flag("ignore_installed")
        or any(values.text(place) is not None for place in ("target_dir", "folder")),
        no_deps=values.flag("no_deps"),
        only_deps=values.flag("only_deps"),
        source_archives=values.command == "download",
        require_hashes=values.flag("require_hashes") or (any_hash and not values.flag("no_require_hashes")),
        uploaded_before=uploaded_before,
    )


def _destination(values: Values) -> Destination:
    folder, download = values.text("target_dir"), values.text("folder")
    options = [word for words in values.commit_options.values() for word in words]
    if values.given.get("compile") is False:
        options.append("--no-compile")
    return Destination(
        target_dir=Path(os.path.abspath(folder)) if folder else None,
        user=values.given.get("user"),
        prefix=values.text("prefix"),
        root=values.text("root"),
        pip_options=tuple(options),
        folder=Path(os.path.abspath(download)) if download else None,
    )
