"""The two cases of each code for which another version, or another project, is mostly chosen."""

from __future__ import annotations

from datetime import timedelta

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from fakes import FakeIndex
from rules.world import Case, World
from safe_pip.model import PolicyLine
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import Cooldown, Denied, Packages

# --------------------------------------------------------------------------- projects (PEP 792)


def _stands(world: World, status: str) -> World:
    """What is asked for depends on a project of a certain status."""
    world.offers("app", requires=["friend"])
    world.offers("friend", "1.0")
    world.index.statuses["friend"] = (status, "use another")
    return world.asks("app")


def _quarantined(world: World) -> World:
    """A dependency is in quarantine."""
    return _stands(world, "quarantined")


def _archived(world: World) -> World:
    """A dependency is archived."""
    return _stands(world, "archived")


def _deprecated(world: World) -> World:
    """A dependency is deprecated."""
    return _stands(world, "deprecated")


def _not_quarantined(world: World) -> World:
    """It is archived, which is another thing; and what is in quarantine nobody asks for."""
    world.offers("other")
    world.index.statuses["other"] = ("quarantined", None)
    return _stands(world, "archived")


def _not_archived(world: World) -> World:
    """It says in so many words that it is active."""
    return _stands(world, "active")


def _not_deprecated(world: World) -> World:
    """It has a status that PEP 792 does not know."""
    return _stands(world, "deprecated-soon")


# --------------------------------------------------------------------------- ages


def _too_new(world: World) -> World:
    """The newest version is nine hours old, and the one before is a year old."""
    world.offers("fresh", "1.0")
    world.offers("fresh", "1.1", listed={"upload_time": world.ago(hours=9)})
    return world.asks("fresh")


def _not_too_new(world: World) -> World:
    """It is a day and a minute old; and what is younger comes from an index of our own, which need not wait."""
    own: FakeIndex = world.another_index()
    world.offers("fresh", "1.0", listed={"upload_time": world.ago(hours=24, minutes=1)})
    world.offers("ours", "1.0", listed={"upload_time": world.ago(hours=1), "on": own})
    age = (f"{own.url}/", timedelta(0), PolicyLine("cooldown.indexes"))
    return world.under(cooldown=Cooldown(indexes=(age,))).asks("fresh", "ours")


def _unknown_age(world: World) -> World:
    """The index says of one file when it was uploaded, and of the newest one it does not."""
    world.offers("ageless", "1.0")
    world.offers("ageless", "1.1", listed={"upload_time": None})
    return world.asks("ageless")


def _known_age(world: World) -> World:
    """It says so, and the file is young."""
    world.offers("ageless", "1.0", listed={"upload_time": world.ago(minutes=1)})
    return world.asks("ageless")


# --------------------------------------------------------------------------- packages


def _denied(world: World) -> World:
    """Versions from 2 on are denied, and there is one before."""
    for version in ("1.0", "2.0"):
        world.offers("old-friend", version)
    return _denies(world, "old-friend", ">=2").asks("old-friend")


def _not_denied(world: World) -> World:
    """The version is just below what is denied, and another name only begins like one that is."""
    world.offers("old-friend", "1.9")
    world.offers("nosey")
    return _denies(world, "old-friend", ">=2").asks("old-friend", "nosey")


def _denies(world: World, name: str, versions: str) -> World:
    line = PolicyLine("packages.denied")
    denied = (
        Denied(PackagePattern(canonicalize_name(name), SpecifierSet(versions)), line, "new-friend", "abandoned"),
        Denied(PackagePattern("nose"), line),
    )
    return world.under(packages=Packages(denied=denied))


CASES = {
    case.code: case
    for case in (
        Case("quarantined", _quarantined, _not_quarantined, audit=True),
        Case("archived", _archived, _not_archived, audit=True),
        Case("deprecated", _deprecated, _not_deprecated, audit=True),
        Case("too-new", _too_new, _not_too_new, audit=True),
        Case("unknown-age", _unknown_age, _known_age, audit=True),
        Case("denied-package", _denied, _not_denied, audit=True),
    )
}
