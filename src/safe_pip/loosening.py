"""What to write in a line of a requirements file, or a word of a command, so that it lets another version in.

Nothing here asks anybody: a specifier and a version make another specifier, a request and versions make another
request and the edits that lead to it. Whether that request passes is for ``way_out`` to find out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.model import COMMAND_LINE, LineEdit, Origin, Request, RequestedRequirement
from safe_pip.versions import parsed

_TRIAL = Origin("a trial")
"""Where a line stands that nobody has written: what is told of it must not say that somebody asked for it there."""

HashesOf = Callable[[NormalizedName], tuple[str, ...]]
"""The ``sha256:`` digests that a line on a package is to allow, of the version that is wanted."""


def lines_on(request: Request, name: NormalizedName) -> tuple[RequestedRequirement, ...]:
    """The requirements and constraints that say which versions of a package may be chosen, for this target.

    Those that are by URL are none of them: there is nothing to choose.
    """
    return tuple(
        item
        for item in (*request.requirements, *request.constraints)
        if item.name == name and item.url is None and (len(item.specifier) or item.hashes is not None)
        if item.marker is None or item.marker.evaluate({**request.target.markers, "extra": ""})
    )


def pin(item: RequestedRequirement) -> str | None:
    """The version that a line asks for and no other, None where it leaves a choice."""
    if item.url is not None:
        return None
    return next((part.version for part in item.specifier if _pins(part)), None)


def loosened(specifier: SpecifierSet, version: Version) -> str:
    """The smallest change of a specifier that lets a version in, as text; the specifier itself where it does already.

    A pin stays a pin, with its operator. A wildcard and ``~=`` keep their width, an upper bound its precision: ``<1.1``
    becomes ``<1.3`` for 1.2.5, and ``<2`` becomes ``<4`` for 3.1. What was admitted below the version is not any more,
    and where the version is older than everything that was admitted, nothing of that is. Other bounds stay. Where no
    such change lets it in, as for a version that ``!=`` rules out, it is the version itself.
    """
    if _admits(specifier, version):
        return str(specifier)
    parts = sorted(specifier, key=lambda part: (part.operator == "!=", str(part)))
    pins = [part for part in parts if _pins(part)]
    rest = [part for part in parts if part not in pins and _admits(part, version)]
    if pins:
        return _settled([f"{pins[0].operator}{version}"], [str(part) for part in rest], version)
    out = [part for part in parts if not _admits(part, version)]
    # Only == and === can name a local version; the others take it in by its public part.
    public = version.public
    lower = [f">={public}"]
    upper: list[str] = []
    for part in out:
        if part.operator in ("<", "<="):
            upper.append(f"<={public}" if part.operator == "<=" else f"<{_after(version, part)}")
        elif part.operator in (">", ">="):
            # Older than what was asked for: what lies above it has just been found to be of no use.
            upper.append(f"{'<' if part.operator == '>=' else '<='}{part.version}")
        elif part.operator in ("==", "~="):
            upper += _same_width(part, version)
    if any(text.startswith("~=") and parsed(text[2:]) == parsed(public) for text in upper):
        lower = []
    kept = [str(part) for part in rest if part.operator not in (">", ">=")]
    if any(part.operator in (">", ">=") for part in out):
        kept = [text for text in kept if not text.startswith("<")]
    return _settled(lower, [*upper, *kept], version)


def _settled(first: list[str], more: list[str], version: Version) -> str:
    text = ",".join(dict.fromkeys([*first, *more]))
    return text if _admits(SpecifierSet(text), version) else f"=={version}"


def _pins(part: Specifier) -> bool:
    return part.operator == "===" or (part.operator == "==" and not part.version.endswith(".*"))


def _admits(specifier: Specifier | SpecifierSet, version: Version) -> bool:
    return specifier.contains(version, prereleases=True)


def _after(version: Version, bound: Specifier) -> str:
    """The next number after a version, as precise as a bound is."""
    precise = parsed(bound.version)
    numbers = list(precise.release if precise is not None else version.release)
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    places = len(numbers)
    wanted = [*version.release, *([0] * places)][:places]
    wanted[-1] += 1
    return _text_of(version, wanted)


def _same_width(part: Specifier, version: Version) -> list[str]:
    """A wildcard or ``~=`` that is as wide and takes a version in."""
    stated = parsed(part.version.removesuffix(".*"))
    places = len(stated.release) if stated is not None else len(version.release)
    shorter = _text_of(version, [*version.release, *([0] * places)][:places])
    return [f"=={shorter}.*" if part.operator == "==" else f"~={shorter}"]


def _text_of(version: Version, release: list[int]) -> str:
    epoch = f"{version.epoch}!" if version.epoch else ""
    return f"{epoch}{'.'.join(map(str, release))}"


# --------------------------------------------------------------------------- requests


def freed(request: Request, specifiers: Mapping[NormalizedName, SpecifierSet]) -> Request:
    """A request in which the lines on some packages say something else, and hashes are not required.

    For a first look at what there is: what its lines have to be in the end is told by ``fitted``.
    """
    own = {item for name in specifiers for item in lines_on(request, name)}

    def changed(items: tuple[RequestedRequirement, ...]) -> tuple[RequestedRequirement, ...]:
        return tuple(
            replace(item, specifier=specifiers[item.name], hashes=None, origin=_TRIAL)
            if item in own and item.name
            else item
            for item in items
        )

    return replace(
        request,
        requirements=changed(request.requirements),
        constraints=changed(request.constraints),
        selection=replace(request.selection, require_hashes=False),
    )


def fitted(
    request: Request, versions: Mapping[NormalizedName, Version], hashes_of: HashesOf
) -> tuple[Request, tuple[LineEdit, ...]]:
    """A request whose lines let some versions in, and the edits that make it, each line once and in their order.

    Lines that let them in already stay as they are. hashes_of: asked for lines that have hashes.
    """
    edits: dict[RequestedRequirement, LineEdit] = {}
    changed: dict[RequestedRequirement, RequestedRequirement] = {}
    for name, version in versions.items():
        for item in lines_on(request, name):
            hashes = hashes_of(name) if item.hashes is not None else ()
            allowed = item.hashes is None or not item.hashes.isdisjoint(map(_pair, hashes))
            if _admits(item.specifier, version) and allowed:
                continue
            specifier = loosened(item.specifier, version)
            text = item.text.strip() if specifier == str(item.specifier) else written(item, specifier)
            # A word is looked for as it was typed; a line that goes on may have spaces at its end.
            before = item.text if item.origin == COMMAND_LINE else item.text.strip()
            edits[item] = LineEdit(item.origin, before, text, hashes)
            changed[item] = replace(
                item,
                text=text,
                specifier=SpecifierSet(specifier),
                hashes=frozenset(map(_pair, hashes)) if item.hashes is not None else None,
            )
    lines = (*request.requirements, *request.constraints)
    return replace(
        request,
        requirements=tuple(changed.get(item, item) for item in request.requirements),
        constraints=tuple(changed.get(item, item) for item in request.constraints),
    ), tuple(edits[item] for item in dict.fromkeys(lines) if item in edits)


def added(
    request: Request, versions: Mapping[NormalizedName, Version], hashes_of: HashesOf
) -> tuple[Request, tuple[LineEdit, ...]]:
    """A request with a line more, with hashes, for each of some packages, and the lines.

    They belong into the file of the last requirement that has hashes, else of the last constraint that does; without
    either there is no place for them.
    """
    lines = (*request.constraints, *request.requirements)
    place = next((item.origin for item in reversed(lines) if item.hashes is not None), None)
    if place is None:
        return request, ()
    origin = Origin(place.source)
    more, edits = [], []
    for name, version in versions.items():
        hashes, line = hashes_of(name), named(name, version)
        edits.append(LineEdit(origin, "", line.text, hashes))
        more.append(replace(line, origin=origin, hashes=frozenset(map(_pair, hashes))))
    if any(item.origin == place for item in request.requirements):
        return replace(request, requirements=(*request.requirements, *more)), tuple(edits)
    return replace(request, constraints=(*request.constraints, *more)), tuple(edits)


def named(name: NormalizedName, version: Version | str) -> RequestedRequirement:
    """A requirement of one version, as it is typed."""
    text = f"{name}=={version}"
    return RequestedRequirement(text, COMMAND_LINE, name, specifier=SpecifierSet(f"=={version}"), spelling=name)


def written(item: RequestedRequirement, specifier: str) -> str:
    """A line as it would be written with another specifier."""
    extras = f"[{','.join(sorted(item.extras))}]" if item.extras else ""
    marker = f" ; {item.marker}" if item.marker is not None else ""
    return f"{item.spelling or item.name}{extras}{specifier}{marker}"


def sentences(edits: tuple[LineEdit, ...]) -> Iterator[str]:
    """What becomes of each line, one sentence each."""
    for edit in edits:
        place = f"{edit.origin}: " if edit.origin != COMMAND_LINE else ""
        count = f" with {'a hash' if len(edit.hashes) == 1 else f'{len(edit.hashes)} hashes'}" if edit.hashes else ""
        instead = f"instead of {urls.redacted(edit.before)}" if edit.before else "as a new line"
        yield f"{place}{edit.after}{count} {instead}"


def _pair(text: str) -> tuple[str, str]:
    algorithm, _, digest = text.partition(":")
    return algorithm, digest
