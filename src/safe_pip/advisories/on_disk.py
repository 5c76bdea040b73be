"""Sources that lie on this machine: a zip, folder or file of records, and the starter set."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from safe_pip.advisories.building import build
from safe_pip.advisories.database import Database
from safe_pip.advisories.kept import locked, meta_of, place_of
from safe_pip.advisories.noted import looked_at
from safe_pip.advisories.record import Record, record_from
from safe_pip.advisories.sources import Context, Opened
from safe_pip.advisories.stored import Unreadable
from safe_pip.errors import AdvisoryError
from safe_pip.times import parse_time

_STARTER = "starter.json"


@dataclass(frozen=True)
class Collection:
    """A zip, folder or file on this machine. Its database is built anew whenever its content changes."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path).encode("utf-8", "replace").decode("utf-8")

    def open(self, context: Context) -> Opened:
        place = place_of(context, "local", str(self.path.absolute()))
        try:
            state, made = looked_at(self.path, place.with_suffix(".json"), context.now)
        except OSError as error:
            raise AdvisoryError(
                f"{self.path} cannot be read: {error.strerror or error}.", "Check its permissions."
            ) from error
        # Databases are replaced whole, so one that is up to date is read without waiting for anybody.
        if meta_of(place).get("state") == state:
            return Opened(Database(place), self.name, made)
        with locked(place):
            if meta_of(place).get("state") != state:
                from safe_pip.advisories.collection import read_collection

                build(place, read_collection(self.path), {"state": state, "source": self.name})
            return Opened(Database(place), self.name, made)


@dataclass(frozen=True)
class StarterSet:
    """The few well-known advisories inside the package, for a first look where no source can be reached."""

    @property
    def name(self) -> str:
        return "starter set inside safe-pip"

    def open(self, context: Context) -> Opened:
        from importlib import resources

        text = resources.files(__package__).joinpath(_STARTER).read_text("utf-8")
        place = place_of(context, "starter", hashlib.sha256(text.encode()).hexdigest())
        content = json.loads(text)
        with locked(place):
            if not meta_of(place):
                records: list[Record | Unreadable] = [record_from(raw) for raw in content["records"]]
                build(place, records, {"source": self.name})
            return Opened(Database(place), self.name, parse_time(content["as_of"]), is_starter=True)
