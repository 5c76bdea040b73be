"""The policy: files found, read, found to be valid, laid over one another, and given as Settings.

``load`` is the whole of it. Files of the system, then of the user, then of the project; a project's own file may only
tighten what is without it. No stage of the program is known here, and none reads a policy file by itself. Where there
is no policy file, nothing of what reads one is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safe_pip.policy.places import Places, has_files, places_of, project_file, unknown_variables
from safe_pip.settings import Settings

if TYPE_CHECKING:
    from safe_pip.policy.composing import Effective
    from safe_pip.policy.keys import KEYS
    from safe_pip.policy.merging import Draft

__all__ = ["KEYS", "Loaded", "Places", "load", "places_of", "schema"]


@dataclass(frozen=True)
class Loaded:
    """A policy in force. settings: what to judge by. project: the project's own file, None where it has none.

    draft: what all files said, None where there are none.
    """

    settings: Settings
    project: Path | None = None
    draft: Draft | None = None

    @property
    def lines(self) -> Sequence[Effective]:
        """Every value in force, with where it comes from and what it overrules."""
        from safe_pip.policy.composing import effective
        from safe_pip.policy.merging import built_in

        return tuple(effective(self.draft or built_in(), self.settings))


def load(places: Places) -> Loaded:
    """The policy that holds at some places. Raises PolicyError (exit code 2), also for what cannot be fetched."""
    project = None if places.named is not None else project_file(places)
    if project is None and places.named is None and places.profile is None and not has_files(places):
        return Loaded(Settings(notes=tuple(unknown_variables(places))))
    from safe_pip.policy.loading import loaded

    settings, draft = loaded(places, project)
    return Loaded(settings, None if project is None else project.path, draft)


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a policy file, for editors."""
    from safe_pip.policy.json_schema import schema as made

    return made()


def __getattr__(name: str) -> Any:
    """``KEYS``, the table of keys, which is loaded when it is asked for."""
    if name == "KEYS":
        from safe_pip.policy.keys import KEYS

        return KEYS
    raise AttributeError(name)
