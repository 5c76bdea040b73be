"""What a script says it needs: the inline metadata of PEP 723, for ``--requirements-from-script``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from safe_pip import urls
from safe_pip.errors import TargetError, UsageError
from safe_pip.model import Origin, RequestedRequirement, Target
from safe_pip.request.lines import parse_specified
from safe_pip.request.places import read_local
from safe_pip.request.toml_file import parse_toml

# "# /// TYPE", lines that begin with "#", "# ///", as PEP 723 has it.
_BLOCK = re.compile(r"^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$", re.MULTILINE)


def read_script(path: str, target: Target, *, ignore_requires_python: bool) -> Iterator[RequestedRequirement]:
    """The requirements that a script states.

    Raises UsageError for a script without one block of metadata that can be read, and TargetError where it requires
    another Python than the target. Source: PEP 723; pip's req/pep723.py and cli/req_command.py.
    """
    what = f"The script {path}"
    metadata = _metadata(path, what)
    required = metadata.get("requires-python", "")
    if required and not ignore_requires_python:
        _check_python(required, target, what)
    dependencies = metadata.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(text, str) for text in dependencies):
        raise UsageError(f"{what} has dependencies that are no list of requirements.", "Mend its script block.")
    for text in dependencies:
        yield parse_specified(text, Origin(path))


def _metadata(path: str, what: str) -> dict[str, Any]:
    # Line ends are made one kind, as Python does with a file that is opened as text.
    script = read_local(path, what).replace("\r\n", "\n").replace("\r", "\n")
    blocks = [found["content"] for found in _BLOCK.finditer(script) if found["type"] == "script"]
    if len(blocks) != 1:
        number = "no block" if not blocks else "more than one block"
        raise UsageError(
            f"{what} has {number} of script metadata (PEP 723).",
            "It begins with a line # /// script and ends with a line # ///.",
        )
    lines = blocks[0].splitlines(keepends=True)
    return parse_toml("".join(line[2:] if line.startswith("# ") else line[1:] for line in lines), f"{what}: its block")


def _check_python(required: object, target: Target, what: str) -> None:
    version = ".".join(map(str, target.version_info))
    try:
        fits = SpecifierSet(str(required)).contains(version)
    except (InvalidSpecifier, ValueError) as error:
        raise UsageError(
            f"{what} has a requires-python that cannot be read: {urls.shown(str(required))}.", "Mend its script block."
        ) from error
    if not fits:
        raise TargetError(
            f"{what} requires Python {required}, and {target.executable} is Python {version}.",
            "Give another interpreter with --python PATH, or use --ignore-requires-python.",
        )
