"""The two cases of each code about what the index, the sources and the package itself tell."""

from __future__ import annotations

from typing import Any

from fakes import metadata_text, sha256, wheel
from private_sigstore import the_sigstore
from rules.world import Case, World
from safe_pip.model import PolicyLine
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import Licenses, Pinned, Signatures, Sources

LINE = PolicyLine("a line of the policy")

# --------------------------------------------------------------------------- releases


def _late(world: World, days: float) -> World:
    """A wheel is added to a release of a year ago, so many days ago."""
    world.offers("acme", "1.0", source=True)
    world.offers("acme", "1.0", listed={"upload_time": world.ago(days=days)})
    return world.asks("acme")


def _late_file(world: World) -> World:
    """Everybody who pinned the version gets the new file."""
    return _late(world, 2)


def _late_and_old(world: World) -> World:
    """A wheel for a new Python came months later, and has been there for a month."""
    return _late(world, 31)


def _lost_wheels(world: World) -> World:
    """The newest version is source only, which says itself what it needs, so that an audit can be complete."""
    world.offers("acme", "1.0")
    stated = metadata_text("acme", "1.1", metadata_version="2.2")
    world.offers("acme", "1.1", source=True, pkg_info=stated)
    return world.asks("acme==1.1")


def _kept_wheels(world: World) -> World:
    """There is a newer version that is source only, but it is not asked for."""
    world.offers("acme", "1.0")
    world.offers("acme", "1.1", source=True)
    world.offers("acme", "1.1")
    world.offers("acme", "1.2", source=True)
    return world.asks("acme==1.1")


# --------------------------------------------------------------------------- provenance


def _published(world: World, version: str, provenance: dict[str, Any] | None = None) -> World:
    path = wheel(world.files, "acme", version)
    world.lists(path, provenance=None if provenance is None else the_sigstore().provenance(path, **provenance))
    return world.under(provenance=Signatures(str(the_sigstore().trust_root(world.folder)), LINE))


def _lost_provenance(world: World) -> World:
    """The version before was published by a workflow, and this one by somebody."""
    _published(world, "1.0", {})
    return _published(world, "1.1").asks("acme")


def _gained_provenance(world: World) -> World:
    """The other way round is good news."""
    _published(world, "1.0")
    return _published(world, "1.1", {}).asks("acme")


def _changed_publisher(world: World) -> World:
    """Another repository publishes the same project."""
    _published(world, "1.0", {})
    return _published(world, "1.1", {"repository": "somebody/log"}).asks("acme")


def _same_publisher(world: World) -> World:
    """The repository is spelled in another way, which the forge does not tell apart."""
    _published(world, "1.0", {})
    return _published(world, "1.1", {"repository": "Acme/log"}).asks("acme")


def _invalid_provenance(world: World) -> World:
    """The statement is about other bytes."""
    return _published(world, "1.0", {"digest": "ab" * 32}).asks("acme")


def _odd_provenance(world: World) -> World:
    """The statement names the file in another spelling, which is the same file."""
    return _published(world, "1.0", {"name": "Acme-1.0.0-py3-none-any.whl"}).asks("acme")


# --------------------------------------------------------------------------- names


def _name_confusion(world: World) -> World:
    """Two letters are swapped, and the project is three days old."""
    world.offers("reqeusts", listed={"upload_time": world.ago(days=3)})
    return world.asks("reqeusts")


def _old_name(world: World) -> World:
    """A name that is as near, and has been there for years; and a new one that nobody has asked for by name."""
    world.offers("flasks", requires=["pandsa"], listed={"upload_time": world.ago(days=1200)})
    world.offers("pandsa", listed={"upload_time": world.ago(days=3)})
    return world.asks("flasks")


# --------------------------------------------------------------------------- sources


def _index_confusion(world: World) -> World:
    """The name is on two indexes, and the newer version is the other one's."""
    world.offers("acme", "1.0")
    other = world.another_index()
    world.lists(wheel(world.folder / "others", "acme", "2.0"), on=other)
    return world.asks("acme")


def _mirrored(world: World) -> World:
    """The very same file is on both, so that it is the same wherever it comes from."""
    path = world.offers("acme", "1.0")
    world.lists(path, on=world.another_index())
    return world.asks("acme")


def _source_not_allowed(world: World) -> World:
    """The name is pinned to an index that is not the one it comes from."""
    world.offers("acme")
    pinned = Pinned(PackagePattern("ac*"), "https://index.example/simple", LINE)
    return world.under(sources=Sources(pinned=(pinned,))).asks("acme")


def _source_allowed(world: World) -> World:
    """The index is allowed, written with a slash at its end; another name is pinned elsewhere."""
    world.offers("acme")
    pinned = Pinned(PackagePattern("acme-*"), "https://index.example/simple", LINE)
    return world.under(sources=Sources(indexes=(f"{world.index.url}/",), pinned=(pinned,))).asks("acme")


def _direct_url(world: World) -> World:
    """A dependency is taken from a URL."""
    path = wheel(world.files, "inner", "1.0")
    world.lists(path, project="elsewhere")
    world.offers("acme", requires=[f"inner @ {world.index.file_url(path)}"])
    return world.asks("acme")


def _local_path(world: World) -> World:
    """A wheel on this machine, which the user named."""
    return world.asks(f"acme @ {wheel(world.files, 'acme', '1.0').as_uri()}")


def _vcs_not_pinned(world: World) -> World:
    """A branch, which is another state tomorrow."""
    return world.asks(f"acme @ git+{world.index.base}/acme.git@main")


def _at_in_a_path(world: World) -> World:
    """What stands after an @ in the address of a wheel is no revision."""
    path = wheel(world.files / "a@main", "acme", "1.0")
    return world.asks(f"acme @ {path.as_uri()}")


# --------------------------------------------------------------------------- lines of files


def _trusted_host(world: World) -> World:
    """A requirements file trusts a host."""
    world.offers("acme")
    return world.writes("--trusted-host index.example", "acme")


def _trusted_by_the_person(world: World) -> World:
    """The person trusts the same host, so that the line changes nothing."""
    world.offers("acme")
    world.options += ["--trusted-host", "index.example"]
    return world.writes("--trusted-host index.example", "acme")


def _index_change(world: World) -> World:
    """A requirements file brings an index of its own."""
    world.offers("acme")
    return world.writes(f"--find-links {(world.folder / 'private').as_uri()}", "acme")


def _same_index(world: World) -> World:
    """A requirements file names the index that is configured."""
    world.offers("acme")
    return world.writes(f"--index-url {world.index.url}/", "acme")


def _hash_missing(world: World) -> World:
    """A requirement by its version alone."""
    world.offers("acme")
    return world.writes("acme==1.0")


def _hash_given(world: World) -> World:
    """The same with its hash."""
    path = world.offers("acme")
    return world.writes(f"acme==1.0 --hash=sha256:{sha256(path)}")


# --------------------------------------------------------------------------- licences


def _licensed(world: World, *fields: str) -> World:
    """A package with fields in its metadata, where MIT and one exception are allowed."""
    text = metadata_text("acme", "1.0", metadata_version="2.4").decode()
    head, _, tail = text.partition("Summary:")
    made = head + "".join(f"{field}\n" for field in fields) + "Summary:" + tail
    world.offers("acme", "1.0", metadata=made.encode())
    allow = ("MIT", "Apache-2.0 WITH LLVM-exception")
    return world.under(licenses=Licenses(allow, line=LINE)).asks("acme")


def _license_not_allowed(world: World) -> World:
    """Both of two licences have to be allowed, and one is not."""
    return _licensed(world, "License-Expression: MIT AND GPL-3.0-only")


def _license_allowed(world: World) -> World:
    """One of two is enough, and an exception counts as a whole."""
    return _licensed(world, "License-Expression: GPL-3.0-only OR (MIT AND Apache-2.0 WITH LLVM-exception)")


def _license_unknown(world: World) -> World:
    """A name that stands for no licence in particular."""
    return _licensed(world, "License: see the file")


def _license_by_classifier(world: World) -> World:
    """Older metadata, which says it by a classifier alone."""
    return _licensed(world, "License: see the file", "Classifier: License :: OSI Approved :: MIT License")


CASES = {
    case.code: case
    for case in (
        Case("changed-publisher", _changed_publisher, _same_publisher, audit=True),
        Case("direct-url", _direct_url, _local_path, audit=True),
        Case("hash-missing", _hash_missing, _hash_given, audit=True),
        Case("index-change", _index_change, _same_index, audit=True),
        Case("index-confusion", _index_confusion, _mirrored, audit=True),
        Case("invalid-provenance", _invalid_provenance, _odd_provenance, audit=True),
        Case("late-file", _late_file, _late_and_old, audit=True),
        Case("license-not-allowed", _license_not_allowed, _license_allowed, audit=True),
        Case("license-unknown", _license_unknown, _license_by_classifier, audit=True),
        Case("lost-provenance", _lost_provenance, _gained_provenance, audit=True),
        Case("lost-wheels", _lost_wheels, _kept_wheels, audit=True),
        Case("name-confusion", _name_confusion, _old_name, audit=True),
        Case("source-not-allowed", _source_not_allowed, _source_allowed, audit=True),
        Case("trusted-host", _trusted_host, _trusted_by_the_person, audit=True),
        Case("vcs-not-pinned", _vcs_not_pinned, _at_in_a_path),
    )
}
