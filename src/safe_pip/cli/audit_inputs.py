"""The inputs of ``safe-pip audit``, each by the reader that it needs, which is loaded only then."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from safe_pip import urls
from safe_pip.auditing import AuditRun, Input
from safe_pip.errors import UsageError
from safe_pip.index.later import http_when_needed
from safe_pip.model import Target, Unchecked
from safe_pip.progress import Progress
from safe_pip.request.audit_given import AuditOptions
from safe_pip.request.audit_values import audit_values
from safe_pip.request.default_index import default_index
from safe_pip.request.environment import read_environment, read_path
from safe_pip.request.pip_config import Setting
from safe_pip.request.values import Values
from safe_pip.settings import Settings, asks_for_licenses, asks_for_pages

if TYPE_CHECKING:
    from safe_pip.request.audited_files import Surroundings

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
    logins = urls.credentials_in(indexes)
    with http_when_needed(run.network, logins, keyring=run.keyring, indexes=tuple(indexes)) as http:

        def around(target: Target) -> Surroundings:
            from safe_pip.request.audited_files import Surroundings

            return Surroundings(
                target,
                settings,
                environ,
                lambda url: http.get(url, limit=_LARGEST_REQUIREMENTS_FILE).content,
                default_index,
                run.now,
            )

        return tuple(_Reading(options, target, around, run.progress).everything())


def index_asked(values: Values, sources: Sequence[str], settings: Settings) -> str | None:
    """The index that the source ``pypi`` is asked beside, or which the policy has asked.

    Nobody else wants to know, and to find out takes time.
    """
    if "pypi" not in sources and not asks_for_pages(settings) and not asks_for_licenses(settings):
        return None
    return values.text("index_url") or (None if values.flag("no_index") else default_index().url)


@dataclass
class _Reading:
    """One reader after another. around: what the readers of requirements need."""

    options: AuditOptions
    target: Target | None
    around: Callable[[Target], Surroundings]
    progress: Progress

    def everything(self) -> Iterator[Input]:
        """The inputs in order."""
        options = self.options
        if options.takes_environment and self.target is not None:
            yield read_environment(self.target, local=options.local, skip_editable=options.skip_editable)
        locks = [name for name in options.requirements if os.path.isfile(name) and _is_lock(name)]
        others = tuple(name for name in options.requirements if name not in locks)
        yield from self._requirements(others)
        if options.recursive:
            yield from self._tree(options.project or os.curdir)
        elif options.project is not None and options.locked:
            yield from self._locked(options.project)
        elif options.project is not None:
            yield self._project(options.project)
        for folder in options.paths:
            yield read_path(folder, skip_editable=options.skip_editable)
        for name in (*locks, *options.locks):
            yield self._lock(name)
        for name in options.sboms:
            yield _sbom(name)

    def _requirements(self, names: tuple[str, ...], within: str = "") -> Iterator[Input]:
        """Requirements files. within: the folder that what they include has to be in, empty for anywhere."""
        if not names or self.target is None:
            return
        options = replace(self.options, requirements=names)
        around = replace(self.around(self.target), within=within)
        from safe_pip.request.audited_files import read_pinned, read_requirements

        if options.no_deps or options.disable_pip:
            yield from read_pinned(options, around)
        else:
            yield read_requirements(options, around)

    def _project(self, name: str) -> Input:
        from safe_pip.request.project import Wanted, read_project

        options = self.options
        assert self.target is not None, "a project is resolved for a target"
        wanted = Wanted(
            options.extras, options.all_extras, options.groups, options.all_groups, missing_ok=options.recursive
        )
        from safe_pip.request.audited_files import read_project_request

        return read_project_request(read_project(name, wanted), options, self.around(self.target))

    def _lock(self, name: str) -> Input:
        from safe_pip.request.locks import LockOptions, read_lock

        options = self.options
        return read_lock(
            Path(name),
            name,
            LockOptions(
                target=None if options.universal else self.target,
                universal=options.universal,
                extras=frozenset(map(canonicalize_name, options.extras)),
                all_extras=options.all_extras,
                groups=frozenset(map(canonicalize_name, options.groups)),
                all_groups=options.all_groups,
                missing_ok=options.recursive,
            ),
        )

    def _locked(self, project: str) -> Iterator[Input]:
        """The lock files of a project's folder. Raises UsageError where there is none."""
        folder = project if os.path.isdir(project) else os.path.dirname(project) or os.curdir
        try:
            names = sorted(name for name in os.listdir(folder) if _is_lock(name))
        except OSError as error:
            raise UsageError(f"{folder} cannot be read: {error.strerror}.", "Name the project's folder.") from error
        if not names:
            raise UsageError(
                f"There is no lock file in {folder}.", "Leave out --locked, or name the file with --lock FILE."
            )
        for name in names:
            yield self._lock(os.path.normpath(os.path.join(folder, name)))

    def _tree(self, root: str) -> Iterator[Input]:
        """Every file of a tree; one that cannot be read leaves the others, and the audit incomplete."""
        if not os.path.isdir(root):
            raise UsageError(f"{root} is no folder, so --recursive has nothing to search.", "Name a folder.")
        from safe_pip.request.tree import find_inputs, leads_out

        self.progress.step("Searching")
        for path in find_inputs(Path(root), self.progress):
            if leads_out(path, root):
                reason = f"{path} is a link to outside {root}, and was not read."
                yield Unchecked("unreadable-file", None, None, reason, "Name the file itself, or take the link away.")
                continue
            try:
                yield from self._of_tree(path)
            except UsageError as error:
                reason = error.message if str(path) in error.message else f"{path}: {error.message}"
                yield Unchecked("unreadable-file", None, None, reason, error.hint)

    def _of_tree(self, path: Path) -> Iterator[Input]:
        from safe_pip.request.project import FILE
        from safe_pip.request.tree import is_sbom

        name = os.fspath(path)
        if _is_lock(name):
            yield self._lock(name)
        elif self.options.locked:
            return
        elif is_sbom(path):
            yield _sbom(name)
        elif path.name == FILE:
            yield self._project(name)
        else:
            # Whoever writes into a tree must not choose what else of this machine is read, and shown in errors.
            yield from self._requirements((name,), within=self.options.project or os.curdir)


def _is_lock(name: str) -> bool:
    from safe_pip.request.locks import is_lock

    return is_lock(Path(name))


def _sbom(name: str) -> Input:
    from safe_pip.request.sbom import read_sbom

    return read_sbom(Path(name), name)


def _urls(places: Sequence[str]) -> Iterator[str]:
    """Those that are URLs; what is none is refused where requirements are read."""
    for place in places:
        with suppress(ValueError):
            urls.split_credentials(place)
            yield place
