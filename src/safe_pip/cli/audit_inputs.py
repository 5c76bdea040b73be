"""The inputs of ``safe-pip audit``, each by the reader that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from safe_pip import urls
from safe_pip.auditing import AuditRun, Input
from safe_pip.index.finder import credentials_in
from safe_pip.index.http import Http
from safe_pip.model import Target
from safe_pip.request.audit_options import AuditOptions
from safe_pip.request.audited_files import (
    Surroundings,
    audit_values,
    read_pinned,
    read_project_request,
    read_requirements,
)
from safe_pip.request.default_index import default_index
from safe_pip.request.environment import read_environment, read_path
from safe_pip.request.pip_config import Setting
from safe_pip.request.project import Wanted, read_project

_LARGEST_REQUIREMENTS_FILE = 20_000_000


def read_inputs(
    options: AuditOptions,
    target: Target | None,
    settings: Sequence[Setting],
    environ: Mapping[str, str],
    run: AuditRun,
) -> tuple[Input, ...]:
    """Everything that the options name, in the order of the help; what has to be resolved is not yet.

    target: None where nothing needs one. settings: of pip's configuration. Raises UsageError.
    """
    values = audit_values(options, settings)
    indexes = list(_urls([values.text("index_url") or "", *values.texts("extra_index_urls")]))
    with Http(run.network, credentials_in(indexes), keyring=run.keyring, indexes=indexes) as http:

        def around(target: Target) -> Surroundings:
            return Surroundings(
                target,
                settings,
                environ,
                lambda url: http.get(url, limit=_LARGEST_REQUIREMENTS_FILE).content,
                default_index,
                run.now,
            )

        return tuple(_read(options, target, around))


def _read(options: AuditOptions, target: Target | None, around: Callable[[Target], Surroundings]) -> Iterator[Input]:
    if options.takes_environment and target is not None:
        yield read_environment(target, local=options.local, skip_editable=options.skip_editable)
    if options.requirements and target is not None:
        if options.no_deps or options.disable_pip:
            yield from read_pinned(options, around(target))
        else:
            yield read_requirements(options, around(target))
    if options.project is not None and not options.locked and target is not None:
        wanted = Wanted(options.extras, options.all_extras, options.groups, options.all_groups)
        yield read_project_request(read_project(options.project, wanted), options, around(target))
    for folder in options.paths:
        yield read_path(folder, skip_editable=options.skip_editable)


def _urls(places: Sequence[str]) -> Iterator[str]:
    """Those that are URLs; what is none is refused where requirements are read."""
    for place in places:
        with suppress(ValueError):
            urls.split_credentials(place)
            yield place
