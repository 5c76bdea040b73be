"""The two cases of each code that was there before there were policy files."""

from __future__ import annotations

from fakes import metadata_text
from rules.world import Case, World

# --------------------------------------------------------------------------- advisories


def _malware(world: World) -> World:
    """The very version is on record; the one before is clean."""
    world.offers("evil", "1.0")
    world.offers("evil", "1.1")
    return world.knows("MAL-2026-1", "evil", events=(), versions=["1.1"]).asks("evil")


def _no_malware(world: World) -> World:
    """Another version of the project is on record, and a project with nearly the same name."""
    world.offers("evil", "1.2")
    world.knows("MAL-2026-1", "evil", events=(), versions=["1.1"])
    return world.knows("MAL-2026-2", "evils", events=(), versions=["1.2"]).asks("evil")


def _vulnerability(world: World) -> World:
    """The newest version is affected, deep in the plan; the one before is not."""
    world.offers("app", requires=["weak"])
    world.offers("weak", "1.0")
    world.offers("weak", "1.1")
    events = [{"introduced": "1.1"}, {"fixed": "1.2"}]
    return world.knows("PYSEC-2026-1", "weak", events=events, aliases=["CVE-2026-1"]).asks("app")


def _no_vulnerability(world: World) -> World:
    """The version is the first that is fixed, and an advisory that was withdrawn speaks of it."""
    world.offers("weak", "1.1")
    world.knows("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}])
    return world.knows("PYSEC-2026-2", "weak", withdrawn="2026-02-01T00:00:00Z").asks("weak")


# --------------------------------------------------------------------------- the index


def _yanked(world: World) -> World:
    """The pinned version is yanked, so that nothing else is left."""
    world.offers("old", "1.0", listed={"yanked": "does not start"})
    world.offers("old", "1.1")
    return world.asks("old==1.0")


def _not_yanked(world: World) -> World:
    """Another version is yanked, and is passed over without being chosen."""
    world.offers("old", "1.0")
    world.offers("old", "1.1", listed={"yanked": "does not start"})
    return world.asks("old")


# --------------------------------------------------------------------------- the file


def _build_required(world: World) -> World:
    """There is a source archive alone."""
    world.offers("raw", "1.0", source=True)
    return world.asks("raw")


def _no_build_required(world: World) -> World:
    """There is a wheel beside it."""
    world.offers("raw", "1.0", source=True)
    world.offers("raw", "1.0")
    return world.asks("raw")


def _hash_mismatch(world: World) -> World:
    """The index names another hash than the file has."""
    world.offers("other", listed={"hashes": {"sha256": "0" * 64}})
    return world.asks("other")


def _no_hash_mismatch(world: World) -> World:
    """The index names no hash at all: there is nothing to differ from."""
    world.offers("other", listed={"hashes": {}})
    return world.asks("other")


def _metadata_mismatch(world: World) -> World:
    """The metadata beside the wheel leaves out what the wheel depends on."""
    world.offers("hidden", requires=["evil"], listed={"sidecar": metadata_text("hidden", "1.0")})
    world.offers("evil")
    return world.asks("hidden")


def _no_metadata_mismatch(world: World) -> World:
    """The metadata beside the wheel says the same in another order and spelling."""
    world.offers("One.Thing")
    world.offers("two")
    beside = metadata_text("hidden", "1.0", ["two", "One.Thing"])
    world.offers("hidden", requires=["One.Thing", "two"], listed={"sidecar": beside})
    return world.asks("hidden")


CASES = {
    case.code: case
    for case in (
        Case("malware", _malware, _no_malware, audit=True),
        Case("vulnerability", _vulnerability, _no_vulnerability, audit=True),
        Case("yanked", _yanked, _not_yanked, audit=True),
        Case("build-required", _build_required, _no_build_required),
        Case("hash-mismatch", _hash_mismatch, _no_hash_mismatch, audit=True),
        Case("metadata-mismatch", _metadata_mismatch, _no_metadata_mismatch, audit=True),
    )
}
