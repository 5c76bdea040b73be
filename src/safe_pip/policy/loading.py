"""Layers read in their order and laid over one another: from what files say to the policy in force."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from pathlib import Path

from safe_pip import urls
from safe_pip.policy.composing import settings_of
from safe_pip.policy.entries import Entry, entries_of
from safe_pip.policy.extended import Kept
from safe_pip.policy.files import PolicyError, shown_path
from safe_pip.policy.layers import Layer, Reader, Whose
from safe_pip.policy.merging import Draft, built_in, lay_over, tighten
from safe_pip.policy.places import Found, Places, is_of_the_project, is_there, unknown_variables
from safe_pip.settings import Settings

_MOST_NOTES = 3


def loaded(places: Places, project: Found | None) -> tuple[Settings, Draft]:
    """The policy of some places. project: the project's own file. Raises PolicyError."""
    return _Loading(places, project).loaded()


class _Loading:
    def __init__(self, places: Places, project: Found | None) -> None:
        self.places = places
        self.project = project
        self.notes: list[str] = []
        self.layers: list[Layer] = []

    def loaded(self) -> tuple[Settings, Draft]:
        self._read()
        draft = built_in()
        trusted = [layer for layer in self.layers if layer.whose != "project"]
        own = [layer for layer in self.layers if layer.whose == "project"]
        profile = self._profile()
        for layer in trusted:
            lay_over(draft, entries_of(layer.tables))
        for layer in trusted:
            lay_over(draft, _of_profile(layer, profile))
        relaxed = {item.value for layer in trusted for item in layer.relaxes}
        said = [entry for layer in own for entry in entries_of(layer.tables)]
        said += [entry for layer in own for entry in _of_profile(layer, profile)]
        self._tell(tighten(draft, said, relaxed))
        for layer in own:
            if layer.relaxes:
                where = layer.relaxes[0].at.document.origin(("may-relax",))
                self.notes.append(f"{where}: may-relax has no effect: a project cannot give itself leave")
        self.notes += unknown_variables(self.places)
        files = tuple(dict.fromkeys(layer.shown for layer in self.layers))
        settings = replace(settings_of(draft), profile=profile, files=files, notes=tuple(self.notes))
        return settings, draft

    # ----------------------------------------------------------------- reading

    def _read(self) -> None:
        places = self.places
        reader = Reader(places.folder, Kept(places.cache, places.network, places.offline).content, places.home)
        if places.named is not None:
            _check_named(places.named)
            path = Path(os.path.expanduser(places.named))
            path = path if path.is_absolute() else places.folder / path
            if "policy" in places.by_environment:
                shown = shown_path(path, places.folder)
                self.notes.append(f"SAFE_PIP_POLICY names the policy: {shown}, and no other file is followed")
            reader.foreign = is_of_the_project(path, places)
            self.layers = reader.layers(path, "named")
            return
        late: list[Layer] = []
        files = (*places.system, places.user) if places.user is not None else places.system
        for path in files:
            whose: Whose = "user" if path == places.user else "system"
            if not is_there(path):
                continue
            if is_of_the_project(path, places):
                shown = shown_path(path, places.folder)
                self.notes.append(f"{shown} lies in the project, and counts as a file of the project's")
                late += reader.layers(path, "project")
            else:
                self.layers += reader.layers(path, whose)
        self.layers += late
        if self.project is not None:
            self.layers += reader.layers(self.project.path, "project", text=self.project.text)

    def _profile(self) -> str | None:
        name = self.places.profile
        if name is None:
            return None
        known = sorted({known for layer in self.layers for known in layer.profiles if known.isprintable()})
        if name not in known:
            there = f"Choose one of: {', '.join(known)}." if known else "Write a table [profiles.NAME], or name none."
            guess = difflib.get_close_matches(name, known, n=1)
            raise PolicyError(f"There is no profile {name!r}.", f"Did you mean {guess[0]}?" if guess else there)
        if "profile" in self.places.by_environment:
            self.notes.append(f"SAFE_PIP_PROFILE chooses the profile {name}")
        return name

    # ----------------------------------------------------------------- telling

    def _tell(self, refused: list[Entry]) -> None:
        """A note for each thing that has no effect, a few of a table."""
        tables: dict[str, list[Entry]] = {}
        for entry in refused:
            tables.setdefault(entry.table, []).append(entry)
        for table, entries in tables.items():
            first = [f"{entry.line.origin}: {entry.line.setting} has no effect" for entry in entries[:_MOST_NOTES]]
            way = f'add may-relax = ["{table}"] to {self._file_of_the_user()}.'
            why = "a project may only tighten the policy"
            if len(entries) == 1:
                self.notes.append(f"{first[0]}: {why}. To let it, {way}")
                continue
            # Why, and what to do, is told once.
            more = len(entries) - len(first)
            left = f"{more} more of {table} {'has' if more == 1 else 'have'} no effect: {why}. " if more else ""
            whole = f"{left or f'{why.capitalize()}. '}To let these, {way}"
            self.notes += [*first, whole]

    def _file_of_the_user(self) -> str:
        places = self.places
        if places.user is None or is_of_the_project(places.user, places):
            return "a policy of the user's"
        home = places.home
        if home is not None and places.user.is_relative_to(home):
            return str(Path("~") / places.user.relative_to(home))
        return str(places.user)


def _check_named(named: str) -> None:
    """Raises PolicyError for what cannot be the path of a file."""
    if not named:
        raise PolicyError("--policy names no file.", "Name one, or leave it out.")
    if urls.scheme(named) in ("http", "https"):
        raise PolicyError(
            f"--policy takes a file, and {urls.shown(urls.redacted(named))} is a URL.",
            'Name a file that has extends = [{url = "…", sha256 = "…"}].',
        )


def _of_profile(layer: Layer, profile: str | None) -> list[Entry]:
    if profile is None or profile not in layer.profiles:
        return []
    return list(entries_of(layer.profiles[profile], f"profiles.{profile}."))
