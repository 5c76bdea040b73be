"""Requirements files that are locks: every line pins one version and allows its hashes; nothing is resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip import urls
from safe_pip.inventory import AuditInput, Inventory, SkipCode
from safe_pip.request.locks.entries import Entry, digests, index_of, name_of, names_of, skip_of
from safe_pip.request.locks.listed import Malformed, decoded, malformed
from safe_pip.request.locks.markers import markers_for
from safe_pip.request.locks.options import LockOptions
from safe_pip.request.locks.selection import Lined, Selection, asked_for, inventory

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_HASH = re.compile(r"\s--hash[= ]\s*(\S+)")
_PINNED = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?\s*={2,3}\s*([^\s;,*]+)\s*(?:;\s*(.*))?", re.ASCII)
_DIRECT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*@\s*(\S+)(?:\s+;\s*(.*))?", re.ASCII)
_INDEX = re.compile(r"(?:-i|--index-url|--pypi-url)[= ]\s*(\S+)")
# Options that change where files come from, and not which versions.
_HARMLESS = re.compile(
    r"(?:--extra-index-url|-f|--find-links|--trusted-host|--no-binary|--only-binary|--use-feature)[= ].*"
    r"|--(?:require-hashes|pre|prefer-binary|no-index)"
)
_VIA = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?( \([^)]*\.(?:toml|cfg|py)\))?(?: .*)?", re.ASCII)
_LONGEST = 100_000
_HINT = "Audit it with -r, which resolves it; a lock has NAME==VERSION and --hash on every line."


def read(content: bytes, input: AuditInput, what: str, options: LockOptions) -> Inventory:
    """What a requirements file with hashes pins. what: the file, for messages. Raises UsageError and Malformed.

    Comments like ``# via NAME``, which lockers write, tell what needs what.
    """
    asked_for(what, "extra", options.extras, (), options)
    asked_for(what, "group", options.groups, (), options)
    markers = markers_for(None if options.everything else options.target)
    index: str | None = None
    chosen: list[tuple[int, Entry]] = []
    via: dict[NormalizedName, list[NormalizedName | None]] = {}
    for line, written, comments in _statements(decoded(content, what)):
        found = _INDEX.fullmatch(written)
        if found is not None:
            index = index_of(found[1])
        elif not _HARMLESS.fullmatch(written):
            try:
                entry = _entry(written)
                if all(markers.hold(marker) for _, marker in entry.markers):
                    chosen.append((line, entry))
                    via.setdefault(entry.name, []).extend(_via(comments))
            except Malformed as error:
                raise malformed(error, written.split(";")[0].split(" --hash")[0], what, line, _HINT) from error
    return inventory(input, _selection(chosen, via, index), one_version=not options.everything)


def _statements(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Each statement with its first line and the comments beside and below it; a backslash joins lines, as for pip."""
    current: tuple[int, list[str], list[str]] | None = None
    joins = False
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        is_comment = line.lstrip().startswith("#")
        if is_comment and current is not None:
            current[2].append(line.strip().lstrip("#"))
            joins = False
        elif joins and current is not None:
            current[1].append(line.removesuffix("\\"))
            joins = line.endswith("\\")
        elif not is_comment and line.strip():
            if current is not None:
                yield _statement(*current)
            current = number, [line.removesuffix("\\")], []
            joins = line.endswith("\\")
    if current is not None:
        yield _statement(*current)


def _statement(number: int, parts: list[str], comments: list[str]) -> tuple[int, str, list[str]]:
    written = "".join(parts)
    if len(written) > _LONGEST:
        return number, written[:_LONGEST], comments
    if "#" in written:
        found = _COMMENT.search(written)
        if found is not None:
            comments = [found[0].lstrip("#"), *comments]
            written = written[: found.start()]
    return number, written.strip(), comments


def _entry(written: str) -> Entry:
    if len(written) >= _LONGEST:
        raise Malformed("the line is too long")
    if written.startswith(("-e ", "--editable ", "--editable=")):
        return _skipped(re.split("[ =]", written, maxsplit=1)[1], "editable")
    if written.startswith(("-r", "-c", "--requirement", "--constraint")):
        raise Malformed("a lock includes no other files")
    # In one run of spaces the patterns could look for the end of several.
    body = " ".join(written.partition(" --hash")[0].split())
    hashes = _HASH.findall(written)
    direct = _DIRECT.fullmatch(body)
    if direct is not None:
        return _skipped(direct[1], "vcs" if urls.is_vcs(direct[2]) else "direct-url", direct[3])
    if urls.is_url(body):
        return _skipped(
            urls.fragment_value(body, "egg") or urls.file_name(body), "vcs" if urls.is_vcs(body) else "direct-url"
        )
    pinned = _PINNED.fullmatch(body)
    if pinned is None:
        raise Malformed("it does not pin one version with ==")
    allowed = digests(hashes)
    if not allowed:
        raise Malformed("it has no --hash")
    names_of(part.strip() for part in (pinned[2] or "").split(",") if part.strip())
    name, version, marker = name_of(pinned[1]), pinned[3], pinned[4]
    return Entry(name, pinned[1], version, skip_of(version, None), allowed, markers=(("", marker),) if marker else ())


def _skipped(name: str, code: SkipCode, marker: str | None = None) -> Entry:
    shown = name if re.fullmatch(r"[A-Za-z0-9._-]+", name) else urls.shown(name).strip("'\"")
    canonical = canonicalize_name(name)
    return Entry(canonical, shown, None, skip_of(None, code), markers=(("", marker),) if marker else ())


def _via(comments: list[str]) -> Iterator[NormalizedName | None]:
    """The names in comments like ``# via NAME``; None for a file or project, which asks for it itself."""
    if not comments or not comments[0].strip().startswith("via"):
        return
    for comment in comments:
        for part in comment.strip().removeprefix("via").split(","):
            found = _VIA.fullmatch(part.strip())
            if part.strip().startswith("-r "):
                yield None
            elif found is not None:
                yield None if found[2] else canonicalize_name(found[1])


def _selection(
    chosen: list[tuple[int, Entry]], via: Mapping[NormalizedName, list[NormalizedName | None]], index: str | None
) -> Selection:
    needs: dict[NormalizedName, list[NormalizedName]] = {}
    for name, askers in via.items():
        for asker in askers:
            if asker is not None:
                needs.setdefault(asker, []).append(name)
    told = any(via.values())
    direct = frozenset(name for name, askers in via.items() if None in askers or not askers) if told else None
    lined: list[Lined] = [(line, replace(entry, index=None if entry.skip else index)) for line, entry in chosen]
    return Selection(lined, [tuple(needs.get(entry.name, ())) for _, entry in lined], direct)
