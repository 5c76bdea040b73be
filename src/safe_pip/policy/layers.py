"""Policy files as layers, weakest first: each read and found to be valid, with what it extends before it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from safe_pip import urls
from safe_pip.owned import is_trusted
from safe_pip.policy.document import Document, parsed
from safe_pip.policy.files import OF_SAFE_PIP, PYPROJECT, PolicyError, decoded, read_file, shown_path
from safe_pip.policy.keys import ROOT
from safe_pip.policy.kinds import At, Value
from safe_pip.policy.kinds.tables import Map, Table
from safe_pip.policy.reach import check_link, is_within, root_of

Whose = Literal["system", "user", "named", "project"]
"""Who says it: a file of the system, of the user, one that ``--policy`` names, or the project's own."""

OWN_TABLE = "safe-pip"
"""The table of ``tool`` in a ``pyproject.toml`` that is the policy."""
_MOST_FILES = 20
_DEEPEST = 5


class Layer(NamedTuple):
    """One policy file. shown: its name for people. tables: what it says, by key. profiles: the same, by profile.

    relaxes: the tables that it lets a project loosen, with their places.
    """

    whose: Whose
    shown: str
    tables: Mapping[str, Value]
    profiles: Mapping[str, Mapping[str, Value]] = MappingProxyType({})
    relaxes: tuple[Value, ...] = ()


def document_of(text: str, shown: str, folder: Path | None, *, pyproject: bool = False) -> Document | None:
    """A text as a policy; of a ``pyproject.toml`` its ``[tool.safe-pip]``, None where it has none.

    Raises PolicyError where it is not TOML. A ``pyproject.toml`` without a policy need not be TOML.
    """
    if not pyproject:
        return Document(text, shown, parsed(text, shown), folder=folder)
    if OF_SAFE_PIP.search(text) is None:
        return None
    values = parsed(text, shown)
    tool = values.get("tool")
    if not isinstance(tool, dict):
        return None
    whole = Document(text, shown, values)
    for name in tool:
        # In silence, a policy under such a name would be none.
        if name != OWN_TABLE and re.sub("[-_]", "", name).lower() == "safepip":
            whole.wrong(("tool", name), f"there is no table tool.{name}; did you mean tool.{OWN_TABLE}?", key=True)
    whole.check()
    if OWN_TABLE not in tool:
        return None
    return Document(text, shown, tool[OWN_TABLE], ("tool", OWN_TABLE), folder)


def valid(document: Document) -> dict[str, Value]:
    """What a document says, by key. Raises PolicyError with all its mistakes."""
    document.heads = {key.name: isinstance(key.kind, Table | Map) for key in ROOT.keys}
    found = ROOT.read(document.values, At(document, ()))
    document.check()
    assert found is not None
    return found


@dataclass
class Reader:
    """Reads files and what they extend. folder: the working directory. fetch: gives the content of a URL.

    home: the user's own. foreign: whether a file that ``--policy`` names lies in the project: who named it trusts what
    it says, and what it leads to outside of the project is followed, but not shown.
    """

    folder: Path
    fetch: Callable[[str, str], bytes]
    home: Path | None = None
    foreign: bool = False
    count: int = 0
    root: Path | None = None
    """The folder that what is read may not lead out of, None where it may lead anywhere."""

    def layers(self, path: Path, whose: Whose, *, text: str | None = None) -> list[Layer]:
        """A file, after what it extends. text: where it was read already. Raises PolicyError."""
        shown = shown_path(path, self.folder)
        self.root = root_of(path, self.home) if whose == "project" or self.foreign else None
        if self.root is not None and whose == "project":
            check_link(path, shown, self.root)
        if text is None:
            text = self._read(path, shown, whose)
        document = document_of(text, shown, path.parent, pyproject=path.name == PYPROJECT)
        if document is None:
            raise PolicyError(f"{shown} has no table [tool.safe-pip].", "Name a file that holds a policy.")
        return list(self._document(document, whose, (os.path.realpath(path),)))

    def _read(self, path: Path, shown: str, whose: Whose, where: str = "") -> str:
        if whose in ("system", "user"):
            check_owner(path, shown)
        return read_file(path, shown, where)

    def _document(self, document: Document, whose: Whose, chain: tuple[str, ...]) -> Iterator[Layer]:
        self.count += 1
        if self.count > _MOST_FILES:
            raise PolicyError(
                f"{document.shown}: more than {_MOST_FILES} policy files extend one another.", "Use fewer."
            )
        found = valid(document)
        for value in found.pop("extends", Value((), None, At(document, ()))).value:
            yield from self._extended(value, whose, chain)
        relaxes = found.pop("may-relax", None)
        profiles = found.pop("profiles", None)
        yield Layer(
            whose,
            document.shown,
            found,
            {name: value.value for name, value in profiles.value} if profiles is not None else {},
            relaxes.value if relaxes is not None else (),
        )

    def _extended(self, value: Value, whose: Whose, chain: tuple[str, ...]) -> Iterator[Layer]:
        """One entry of ``extends``. chain: the files that led here."""
        at = value.at
        where = at.document.place(at.path)
        if isinstance(value.value, dict):
            url, digest = value.value["url"].value, value.value["sha256"].value
            place, shown, is_outside = url, urls.redacted(url), False
        else:
            if urls.scheme(value.value) in ("http", "https"):
                raise PolicyError(
                    f"{where}: {urls.shown(value.value)} is a URL, and has no digest.",
                    'Write {url = "…", sha256 = "…"}; `sha256sum` of the file tells it.',
                )
            if urls.scheme(value.value) == "file":
                raise PolicyError(f"{where}: {urls.shown(value.value)} is a URL.", "Write the path of the file.")
            if at.document.folder is None:
                raise PolicyError(
                    f"{where}: a policy from a URL can only extend URLs.", "Give that file a URL as well."
                )
            path = at.document.folder / os.path.expanduser(value.value)
            shown = shown_path(Path(os.path.normpath(path)), self.folder)
            is_outside = self.root is not None and not is_within(path, self.root)
            if is_outside and whose == "project":
                raise PolicyError(
                    f"{where}: {shown} lies outside of the project, where a project's own file may not lead.",
                    "Put the file into the project, or give it a URL with its sha256.",
                )
            place = os.path.realpath(path)
        if place in chain:
            raise PolicyError(f"{where}: {shown} extends itself by a round way.", "Take one of them out of extends.")
        if len(chain) > _DEEPEST:
            raise PolicyError(f"{where}: files extend one another more than {_DEEPEST} deep.", "Extend fewer.")
        if isinstance(value.value, dict):
            text, folder = decoded(self._fetched(url, digest, f"{where}: {shown}"), shown), None
        else:
            text, folder = self._read(path, shown, whose, where), path.parent
        try:
            document = document_of(text, shown, folder, pyproject=folder is not None and path.name == PYPROJECT)
            if document is None:
                raise PolicyError(f"{where}: {shown} has no table [tool.safe-pip].", "Name a file that holds a policy.")
            yield from self._document(document, whose, (*chain, place))
        except PolicyError:
            if not is_outside:
                raise
            raise PolicyError(
                f"{where}: {shown} cannot be followed; what is in it is not shown, as it lies outside of the project.",
                f"`safe-pip policy check {shlex.quote(shown)}` tells what is wrong with it.",
            ) from None

    def _fetched(self, url: str, digest: str, what: str) -> bytes:
        content = self.fetch(url, digest)
        actual = hashlib.sha256(content).hexdigest()
        if actual != digest:
            raise PolicyError(
                f"{what} is not what the policy says.\nwanted: sha256 {digest}\n   got: sha256 {actual}",
                "Look at what has changed there; if it is right, write its digest into extends.",
            )
        return content


def check_owner(path: Path, shown: str) -> None:
    """Raises PolicyError where somebody else than this user, or root, can change a file of the user or the system."""
    try:
        trusted = is_trusted(path)
    except OSError as error:
        raise PolicyError(
            f"The policy file {shown} cannot be read: {error.strerror or error}.", "Mend its path."
        ) from error
    if not trusted:
        raise PolicyError(
            f"The policy file {shown} can be changed by other users, or its folder can; it is not followed.",
            "Take it into your own hands: `chmod go-w` it and its folder, or remove it.",
        )
