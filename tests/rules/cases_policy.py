"""The two cases of each code that is about the policy itself, or about what it is judged with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from packaging.specifiers import SpecifierSet

from rules.world import NOW, Case, World
from safe_pip.model import Level, Origin, PolicyLine
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import AdvisoryData
from safe_pip.settings.waivers import PolicyException

TODAY = NOW.date()


def _excepted(world: World, *, package: str = "weak", expires: date | None = None, **more: Any) -> World:
    """Something vulnerable is asked for, which weighs a warning, and an exception is there for a package."""
    world.offers("weak", "1.0")
    world.knows("PYSEC-2026-1", "weak", aliases=["CVE-2026-1"], events=[{"introduced": "0"}, {"fixed": "9"}])
    world.levels["vulnerability"] = Level.NOTE
    exception = PolicyException(
        what=more.pop("what", "cve-2026-1"),
        line=PolicyLine('[[exceptions]] id = "CVE-2026-1"', Origin("safe-pip.toml", 3)),
        packages=PackagePattern(package, SpecifierSet("<2")),
        reason="the debugger is off",
        expires=expires,
    )
    return world.under(exceptions=(exception,), **more).asks("weak")


def _expired(world: World) -> World:
    """Its last day was yesterday."""
    return _excepted(world, expires=TODAY - timedelta(days=1))


def _not_expired(world: World) -> World:
    """Its last day is today, which counts in full."""
    return _excepted(world, expires=TODAY)


def _too_long(world: World) -> World:
    """It runs a day longer than the policy lets it."""
    return _excepted(world, expires=TODAY + timedelta(days=31), longest_exception=timedelta(days=30))


def _not_too_long(world: World) -> World:
    """It runs as long as the policy lets it."""
    return _excepted(world, expires=TODAY + timedelta(days=30), longest_exception=timedelta(days=30))


def _unused(world: World) -> World:
    """The package is there, and what is excepted is not found in it."""
    return _excepted(world, what="cve-2026-2", expires=TODAY)


def _used(world: World) -> World:
    """It covers the finding, by another id of it."""
    return _excepted(world, expires=TODAY)


def _old(world: World) -> World:
    """The export is of midnight, and may be eleven hours old at noon."""
    world.offers("fine")
    return world.under(advisories=AdvisoryData(warn_after=timedelta(hours=11))).asks("fine")


def _not_old(world: World) -> World:
    """It may be thirteen hours old."""
    world.offers("fine")
    return world.under(advisories=AdvisoryData(warn_after=timedelta(hours=13))).asks("fine")


def _unavailable(world: World) -> World:
    """A second source is not there, which the policy has be a warning."""
    world.offers("fine")
    world.more_sources.append(f"{world.index.base}/nowhere.zip")
    return world.under(advisories=AdvisoryData(unavailable="warn")).asks("fine")


def _available(world: World) -> World:
    """Every source is there."""
    world.offers("fine")
    return world.under(advisories=AdvisoryData(unavailable="warn")).asks("fine")


CASES = {
    case.code: case
    for case in (
        Case("exception-expired", _expired, _not_expired, audit=True),
        Case("exception-too-long", _too_long, _not_too_long, audit=True),
        Case("exception-unused", _unused, _used, audit=True),
        Case("old-advisories", _old, _not_old, audit=True),
        Case("advisories-unavailable", _unavailable, _available, audit=True),
    )
}
