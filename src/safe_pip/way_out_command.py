"""The command that leads to a way out: tried before it is told, since nobody reads a command twice."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from safe_pip import urls
from safe_pip.avoiding import Excluded, Filter
from safe_pip.codes import MUST_BE_SEEN
from safe_pip.errors import SafePipError
from safe_pip.loosening import named, pin, written
from safe_pip.model import COMMAND_LINE, LineEdit, Plan, Request

if TYPE_CHECKING:
    from safe_pip.way_out import Ways

Pins = tuple[tuple[NormalizedName, str], ...]


def command_for(
    plan: Plan, pins: Pins, request: Request, edits: Iterable[LineEdit], excluded: Excluded, ways: Ways
) -> str:
    """What to type to get the very set of a plan, quoted for a shell; empty where no command line does it.

    pins: the packages that change, with their versions. request: what is asked for once the edits are made; edits of
    the command line are made here. excluded: versions that were found to be bad by what is in them.
    """
    words: list[str] | None = list(ways.words)
    for edit in edits:
        if edit.origin == COMMAND_LINE and words is not None:
            words = _typed(words, ways.request, edit.before, edit.after)
    if not words:
        return ""
    known = ways.known
    avoiding = replace(known, settings=replace(known.settings, avoid=True))
    seen = {key: passed for key, passed in excluded.items() if passed.code not in MUST_BE_SEEN}
    for typed, wanted, avoid in (
        (words, request, Filter(known)),
        ([*words, "--avoid"], request, Filter(avoiding, excluded=seen)),
        (*_with_pins(pins, words, request), Filter(known)),
    ):
        try:
            if _files(ways.resolve(wanted, avoid, ways.over)) == _files(plan):
                return shlex.join(urls.redacted(word) for word in ("safe-pip", *typed))
        except SafePipError:
            # This command would not do; without hashes, or in time, perhaps none does.
            continue
    return ""


def _with_pins(pins: Pins, words: list[str], request: Request) -> tuple[list[str], Request]:
    """Words and a request that name the versions: in the words that ask for them, else in words of their own."""
    requirements, more = list(request.requirements), []
    for name, version in pins:
        lines = [item for item in requirements if item.name == name and item.url is None]
        if any(pin(item) is not None for item in lines):
            continue
        asked = next((item for item in lines if item.origin == COMMAND_LINE), None)
        text = written(asked, f"=={version}") if asked is not None else ""
        typed = _typed(words, request, asked.text, text) if asked is not None else None
        if asked is not None and typed is not None:
            words = typed
            changed = replace(asked, text=text, specifier=SpecifierSet(f"=={version}"))
            requirements[requirements.index(asked)] = changed
        else:
            more.append(named(name, version))
    words = [*words, *(item.text for item in more)]
    return words, replace(request, requirements=(*requirements, *more))


def _typed(words: list[str], request: Request, before: str, after: str) -> list[str] | None:
    """The words with another one in the place of a requirement's; None where it is not certain which one it is."""
    asked = sum(1 for item in request.requirements if item.origin == COMMAND_LINE and item.text == before)
    if not asked or words.count(before) != asked:
        return None
    return [after if word == before else word for word in words]


def _files(plan: Plan) -> set[tuple[str, str]]:
    """What would be installed and kept, to the very file."""
    return {(item.name, item.file.url) for item in plan.install} | {(item.name, item.version) for item in plan.keep}
