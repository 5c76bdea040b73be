"""What becomes of provenance in an install and in an audit: each end that the findings reference promises, once.

Signatures are real, by a Sigstore that is made here (tests/private_sigstore.py); that each way in which one can fail
is told apart is what tests/index/test_signatures.py looks at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes import Answer, FakeIndex, sdist, sha256, wheel
from judge.building import planned
from private_sigstore import Identity, document, the_sigstore
from rules.world import Ended, World, a_world
from safe_pip.errors import UsageError
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.model import DistributionFile, Level, Network, Origin, Plan, PolicyLine, SearchScope
from safe_pip.projects import look_at_projects
from safe_pip.settings import Settings
from safe_pip.settings.tables import Signatures
from safe_pip.settings.waivers import Allow

EVIL = Identity("evil/log")
LINE = PolicyLine("provenance.trust-root = …", Origin("safe-pip.toml", 7))
SIGN = the_sigstore().provenance


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world that trusts the Sigstore of the tests and asks for acme, of which nothing is there yet."""
    with a_world(tmp_path) as made:
        yield trusting(made, the_sigstore().trust_root(tmp_path)).asks("acme")


def trusting(world: World, root: Path) -> World:
    """The world with another trust root."""
    return world.under(provenance=Signatures(str(root), LINE))


def published(world: World, version: str, *, of: Path | None = None, **said: Any) -> Path:
    """Offer a wheel with signed provenance. of: the file that it is about, if not this one."""
    path = wheel(world.files, "acme", version)
    return world.lists(path, provenance=SIGN(of or path, **said))


def ends(world: World, code: str, level: Level = Level.BLOCK) -> list[Ended]:
    """How an install ends, and an audit of the same."""
    return [world.install(code, level), world.audit(code, level)]


def summed(ended: Ended) -> tuple[int, list[str], list[str]]:
    """The exit code, the codes of findings, and of what could not be checked."""
    unchecked = [gap["code"] for gap in ended.json["unchecked"]]
    return ended.exit_code, [finding["code"] for finding in ended.json["findings"]], unchecked


@pytest.mark.parametrize("code", ["invalid-provenance", "changed-publisher", "lost-provenance"])
def test_what_is_right_is_quiet(world: World, code: str) -> None:
    """Two versions, signed by the same workflow, under the strictest policy: nothing at all is said."""
    published(world, "1.0")
    published(world, "1.1")
    for ended in ends(world, code):
        assert summed(ended) == (0, [], [])
        assert "provenance" not in ended.text


def test_a_signature_that_does_not_hold(world: World) -> None:
    """It is refused, with who signed instead, in both commands and both formats; and told where it is no more."""
    published(world, "1.0", signer=EVIL)
    why = "it is signed by https://github.com/evil/log, not by the publisher that it names"
    for level, exit_code in ((Level.BLOCK, 1), (Level.WARN, 0)):
        for ended in ends(world, "invalid-provenance", level):
            assert summed(ended) == (exit_code, ["invalid-provenance"], [])
            assert why in ended.json["findings"][0]["message"]
            assert why in " ".join(ended.text.split())


def test_provenance_of_an_older_version(world: World) -> None:
    """A true document, copied from another release: its signature holds, and it is about other bytes."""
    published(world, "1.1", of=published(world, "1.0"))
    for ended in ends(world, "invalid-provenance"):
        assert summed(ended)[:2] == (1, ["invalid-provenance"])
        assert "it is about acme-1.0-py3-none-any.whl" in ended.json["findings"][0]["message"]


def test_a_wheel_changed_by_one_byte(world: World) -> None:
    """The index lists the bytes that it has: the signature alone knows better."""
    true = wheel(world.folder / "true", "acme", "1.0")
    false = wheel(world.files, "acme", "1.0", padding=1)
    world.lists(false, provenance=SIGN(true))
    for ended in ends(world, "invalid-provenance"):
        assert summed(ended)[:2] == (1, ["invalid-provenance"])
        assert sha256(true) in ended.json["findings"][0]["message"]


@pytest.mark.parametrize("said", [{"repository": "evil/log"}, {"kind": "github"}, {"repository": "acme/logger"}])
def test_another_publisher(world: World, said: dict[str, str]) -> None:
    """Well signed, by somebody else; a renamed repository looks the same, and a kind in another spelling no better."""
    published(world, "1.0")
    published(world, "1.1", **said)
    for ended in ends(world, "changed-publisher", Level.WARN):
        assert summed(ended)[:2] == (0, ["changed-publisher"])


@pytest.mark.parametrize(("installed", "told"), [(None, []), ("1.1", []), ("1.0", ["changed-publisher"])])
def test_a_new_publisher_who_publishes_twice(world: World, installed: str | None, told: list[str]) -> None:
    """The second bad version must not hide behind the first from whoever has the last good one."""
    for version, repository in (("1.0", "acme/log"), ("1.1", "evil/log"), ("1.2", "evil/log")):
        published(world, version, repository=repository)
    if installed is not None:
        world.has("acme", installed)
    ended = world.asks("--upgrade").install("changed-publisher", Level.WARN)
    assert summed(ended) == (0, told, [])
    if told:
        message = "acme 1.2 was published by GitHub evil/log, release.yml, and 1.0 by GitHub acme/log, release.yml."
        assert ended.json["findings"][0]["message"] == message


@pytest.mark.parametrize("order", [("acme/log", "evil/log"), ("evil/log", "acme/log")])
def test_a_publisher_that_stands_there_twice(world: World, order: tuple[str, str]) -> None:
    """Readers of JSON may take one each: who is shown and compared has to be whose signature holds."""
    path = wheel(world.files, "acme", "1.0")
    twice = ", ".join(f'"repository": "{each}"' for each in order)
    signed = SIGN(path, repository="evil/log").decode().replace('"repository": "evil/log"', twice)
    world.lists(path, provenance=signed.encode())
    for ended in ends(world, "invalid-provenance"):
        assert summed(ended)[0] == (0 if order[-1] == "evil/log" else 1)


def test_a_signed_source_archive_beside_a_wheel_that_is_not(world: World) -> None:
    """The wheel is what is installed."""
    source = sdist(world.files, "acme", "1.0")
    world.lists(source, provenance=SIGN(source))
    world.offers("acme", "1.0")
    for ended in ends(world, "lost-provenance"):
        assert summed(ended) == (1, ["lost-provenance"], [])


# --------------------------------------------------------------------------- what nobody can tell


def test_a_version_before_whose_document_is_wrong(world: World) -> None:
    """Nobody to compare with is not the same publisher: else spoiling the old document would hide the new one."""
    before = published(world, "1.0")
    published(world, "1.1", repository="evil/log")
    world.index.override(world.index.provenance(before), Answer(b"{}"))
    for ended in ends(world, "changed-publisher"):
        assert summed(ended) == (3, [], ["unreadable-provenance"])
        assert "the provenance of a file of acme 1.0 cannot be read" in " ".join(ended.text.split())


UNVERIFIED: Mapping[str, tuple[dict[str, Any], str]] = {
    "a kind": ({"kind": "Forge"}, "its publisher is of a kind that is not known here"),
    "a predicate": ({"predicate": "https://example/other"}, "its statement is of a kind that is not known here"),
}


@pytest.mark.parametrize("name", UNVERIFIED)
@pytest.mark.parametrize("code", ["invalid-provenance", "changed-publisher", "lost-provenance"])
def test_what_cannot_be_verified(world: World, name: str, code: str) -> None:
    """Could not check is not clean, where any of the three blocks; else it is a note. It can be waived."""
    said, why = UNVERIFIED[name]
    published(world, "1.0", **said)
    world.levels["invalid-provenance"] = Level.NOTE
    for ended in ends(world, code):
        assert summed(ended) == (3, [], ["unreadable-provenance"])
        assert ended.json["unchecked"][0]["reason"].endswith(why)
        assert why in " ".join(ended.text.split())
        assert "--allow unreadable-provenance:acme" in " ".join(ended.text.split())
    assert [summed(ended) for ended in ends(world, code, Level.WARN)] == [(0, [], [])] * 2
    world.under(allows=(Allow.parse("unreadable-provenance:acme"),))
    assert [ended.exit_code for ended in ends(world, code)] == [0, 0]


def test_keys_that_are_named_and_cannot_be_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who names keys expects that signatures are verified: without the extra that could not be checked."""
    published(world, "1.0", signer=EVIL)
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    for ended in ends(world, "invalid-provenance"):
        assert summed(ended) == (3, [], ["unreadable-provenance"])
        assert "See that the newest safe-pip[attestations] is installed" in " ".join(ended.text.split())
    world.under(provenance=Signatures())
    assert [summed(ended) for ended in ends(world, "invalid-provenance")] == [(0, [], [])] * 2


@pytest.mark.parametrize("command", ["install", "audit"])
def test_a_trust_root_that_is_none(world: World, tmp_path: Path, command: str) -> None:
    """A mistake in the policy, told with its line: nothing is installed."""
    published(world, "1.0")
    trusting(world, tmp_path / "none.json")
    message = f"safe-pip.toml, line 7: {tmp_path / 'none.json'} cannot be used: it cannot be read: No such file"
    if command == "install":
        ended = world.install("invalid-provenance", Level.BLOCK)
        assert ended.exit_code == 2
        assert message in " ".join(ended.text.split())
    else:
        with pytest.raises(UsageError) as error:
            world.audit("invalid-provenance", Level.BLOCK)
        assert error.value.message.startswith(message)


# --------------------------------------------------------------------------- the built-in policy


def looked_at(index: FakeIndex, settings: Settings, **listed: Any) -> tuple[int, tuple[str, ...]]:
    """How much of acme 1.0 could not be checked, and what is noted. listed: of its file."""
    scope = SearchScope((index.url,))
    with Http(Network(retries=0, use_environment_proxies=False)) as http, Index(scope, http) as found:
        file: DistributionFile = found.project(planned("acme").name).files[0]
        plan = Plan(install=(planned("acme", "1.0", file=file),))
        looked = look_at_projects(plan, found, settings)
    return len(looked.unchecked), looked.notes


def test_the_built_in_policy_notes_it(tmp_path: Path) -> None:
    """Whoever has set nothing installs what a server beside the index knows too much of; and is told."""
    trusted = Settings(provenance=Signatures(str(the_sigstore().trust_root(tmp_path)), LINE))
    path = wheel(tmp_path, "acme", "1.0")
    why = f"The provenance of {path.name} cannot be verified: "
    with FakeIndex() as index:
        index.add(path, provenance=document(the_sigstore().bundle(path, kind="Forge")))
        kind = f"{why}its publisher is of a kind that is not known here; it was not checked."
        assert looked_at(index, trusted) == (0, (kind,))
        index.projects["acme"][0].hashes = {}
        digest = f"{why}the index gives no sha256 of the file to compare; it was not checked."
        assert looked_at(index, trusted) == (0, (digest,))
