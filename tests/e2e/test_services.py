"""``install --advisories osv`` and ``pypi``: judged by what a service says, which is told no more than it may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import Answer, FakeIndex, advisory, wheel
from osv_server import OsvServer
from pypi_json_server import vulnerability


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    """An API that knows of one advisory."""
    with OsvServer([advisory("PYSEC-1", "app", events=[{"introduced": "0"}, {"fixed": "2.0"}])]) as server:
        yield server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[FakeIndex]:
    """A further index, with a package of the company's own."""
    with FakeIndex() as server:
        server.add(wheel(tmp_path / "own", "secret-project", "1.0", requires=["lib"]))
        yield server


def test_a_service_refuses_and_approves(
    guard: Guard, index: FakeIndex, osv: OsvServer, venv: Venv, tmp_path: Path
) -> None:
    """One request for the whole plan, records once, and the verdict as with a database."""
    for name, version in (("app", "1.0"), ("lib", "1.0")):
        index.add(wheel(tmp_path / "files", name, version))
    guard.advisories = None
    options = ["--advisories", "osv", "--osv-url", f"{osv.base}/v1/query", "--format", "json", "--dry-run"]

    refused = guard.install("app", "lib", *options, target=venv)
    assert (refused.code, [item["id"] for item in refused.json["findings"]]) == (1, ["PYSEC-1"])
    assert [(item["source"], item["stale"]) for item in refused.json["advisories"]] == [(f"OSV ({osv.base})", False)]
    assert [len(batch) for batch in osv.batches] == [2]

    approved = guard.install("lib", *options, target=venv)
    assert (approved.code, approved.json["unchecked"]) == (0, [])

    osv.trouble(503)
    unsure = guard.install("lib", *options, "--retries", "0", target=venv)
    assert (unsure.code, unsure.json["verdict"]) == (3, "incomplete")
    assert "could not be asked about lib 1.0: the server answered 503" in unsure.json["unchecked"][0]["reason"]

    offline = guard.install("lib", *options, "--offline", target=venv)
    assert (offline.code, offline.json["advisories"][0]["note"]) == (0, "offline")


def test_what_another_index_has_is_not_told(
    guard: Guard, index: FakeIndex, own: FakeIndex, osv: OsvServer, venv: Venv, tmp_path: Path
) -> None:
    """The name stays here; that nobody looked it up is said, and may be waived, or a local source closes the gap."""
    index.add(wheel(tmp_path / "files", "lib", "1.0"))
    local = guard.advisories
    guard.advisories = None
    command = ["secret-project", "--extra-index-url", own.url, "--dry-run", "--format", "json"]
    options = ["--advisories", "osv", "--osv-url", osv.base]

    unsure = guard.install(*command, *options, target=venv)
    assert unsure.code == 3
    [item] = unsure.json["unchecked"]
    assert (item["name"], item["version"]) == ("secret-project", "1.0")
    assert "does not come from the default index" in item["reason"]
    assert guard.install(*command, *options, "--allow", "not-looked-up:secret-project", target=venv).code == 0
    assert guard.install(*command, *options, "--advisories", str(local), target=venv).code == 0
    assert "lib" in osv.told
    assert "secret" not in osv.told


def test_the_index_s_own_advisories(guard: Guard, index: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """``pypi`` is the index that is installed from; a release that it does not know of was not looked up."""
    for version in ("1.0", "2.0"):
        index.add(wheel(tmp_path / "files", "app", version))
    found = {"info": {"name": "app"}, "vulnerabilities": [vulnerability("PYSEC-1", fixed_in=["2.0"])]}
    index.override("/pypi/app/1.0/json", Answer(json.dumps(found).encode()))
    guard.advisories = None
    options = ["--advisories", "pypi", "--format", "json", "--dry-run"]

    refused = guard.install("app==1.0", *options, target=venv)
    assert refused.code == 1
    assert [(item["id"], item["fix_versions"]) for item in refused.json["findings"]] == [("PYSEC-1", ["2.0"])]

    unsure = guard.install("app", *options, target=venv)
    assert unsure.code == 3
    assert "no source of advisories knows app 2.0" in unsure.json["unchecked"][0]["reason"]
