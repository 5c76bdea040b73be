"""CycloneDX: valid by the strict validators of its library, with the graph, severities and a serial that stays."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from judge.building import HOSTILE
from report.audit.building import FLASK, LOCK, LOOK, audited, dependency, finding, full, hostile
from safe_pip.audited import Audited
from safe_pip.inventory import AuditInput
from safe_pip.report.audit import FORMATS

OUTCOMES = [full(), hostile(HOSTILE), hostile("a\n]]>&"), hostile("x" * 2000), hostile(""), Audited(())]


def bom(outcome: Audited) -> Any:
    """The bill of materials of an outcome."""
    return json.loads(FORMATS["cyclonedx-json"].render(outcome, LOOK))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_valid_json(outcome: Audited) -> None:
    """The strict schema of 1.6, which knows every key."""
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(FORMATS["cyclonedx-json"].render(outcome, LOOK))

    assert problem is None, repr(problem)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_valid_xml(outcome: Audited) -> None:
    """The same in XML, where whole ranges of characters are no text at all."""
    text = FORMATS["cyclonedx-xml"].render(outcome, LOOK)
    problem = make_schemabased_validator(OutputFormat.XML, SchemaVersion.V1_6).validate_str(text)

    assert problem is None, repr(problem)
    assert ET.fromstring(text).tag == "{http://cyclonedx.org/schema/bom/1.6}bom"


def test_components() -> None:
    """Each version once, by its package URL, with its hashes and the places that name it."""
    told = {item["bom-ref"]: item for item in bom(full())["components"]}

    assert set(told) == {
        "pkg:pypi/app@1.0",
        "pkg:pypi/evil@0.1",
        "pkg:pypi/flask@2.2.0",
        "pkg:pypi/idna@3.7",
        "pkg:pypi/jinja2@2.11.2",
        "pkg:pypi/old@1.0",
    }
    assert all(item["purl"] == reference for reference, item in told.items())
    flask = told["pkg:pypi/flask@2.2.0"]
    assert flask["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert [item["value"] for item in flask["properties"]] == ["api/uv.lock:9", "requirements.txt:2"]


def test_package_urls() -> None:
    """A local label or an epoch is quoted as the specification of package URLs has it, wherever one stands."""
    (told,) = bom(audited([dependency("weak", "1!2.0+cpu")]))["components"]

    assert told["version"] == "1!2.0+cpu"
    assert told["purl"] == told["bom-ref"] == "pkg:pypi/weak@1%212.0%2Bcpu"


def test_the_graph() -> None:
    """Who requires whom; what was audited requires what was asked for."""
    told = {item["ref"]: item.get("dependsOn", []) for item in bom(full())["dependencies"]}

    assert told["pkg:pypi/app@1.0"] == ["pkg:pypi/flask@2.2.0"]
    assert told["pkg:pypi/flask@2.2.0"] == ["pkg:pypi/jinja2@2.11.2"]
    assert told["pkg:pypi/jinja2@2.11.2"] == []
    assert told["safe-pip:audited"] == [
        "pkg:pypi/app@1.0",
        "pkg:pypi/evil@0.1",
        "pkg:pypi/flask@2.2.0",
        "pkg:pypi/idna@3.7",
        "pkg:pypi/old@1.0",
    ]


def test_the_graph_stays_within_an_input() -> None:
    """Two lock files with two versions of a package: each requires its own."""
    needs = (canonicalize_name("b"),)
    other = AuditInput("lock", "web/uv.lock", "web/uv.lock")
    items = [
        dependency("a", "1", LOCK, requires=needs),
        dependency("b", "1", LOCK),
        dependency("a", "2", other, requires=needs),
        dependency("b", "2", other),
    ]
    told = {item["ref"]: item.get("dependsOn", []) for item in bom(audited(items))["dependencies"]}

    assert told["pkg:pypi/a@1"] == ["pkg:pypi/b@1"]
    assert told["pkg:pypi/a@2"] == ["pkg:pypi/b@2"]


@pytest.mark.parametrize(("requires", "asked"), [(((), ("a",)), ["b"]), ((("b",), ("a",)), ["a", "b"])])
def test_nothing_is_asked_for(requires: tuple[tuple[str, ...], ...], asked: list[str]) -> None:
    """A lock file that does not say what was asked for has a root all the same: what nothing requires, or all."""
    items = [
        dependency(name, direct=False, requires=tuple(map(canonicalize_name, needs)))
        for name, needs in zip("ab", requires, strict=True)
    ]
    told = {item["ref"]: item.get("dependsOn", []) for item in bom(audited(items))["dependencies"]}

    assert told["safe-pip:audited"] == [f"pkg:pypi/{name}@1.0" for name in asked]


def test_the_library_does_not_search_all_of_the_graph_for_each_component() -> None:
    """It would do so for every component, which takes minutes for the lock files of a monorepo."""

    def calls(number: int) -> int:
        outcome = audited([dependency(f"p{n}", line=n + 1) for n in range(number)])
        counted = 0

        def count(frame: Any, event: str, _: object) -> None:
            nonlocal counted
            counted += event == "call" and frame.f_code.co_filename.endswith("bom.py")

        sys.setprofile(count)
        try:
            bom(outcome)
        finally:
            sys.setprofile(None)
        return counted

    calls(1)
    assert calls(200) < 14 * calls(20)


def test_vulnerabilities() -> None:
    """The severity with its method and source, aliases, addresses, what to do; what was ignored is in triage."""
    told = {item["id"]: item for item in bom(full())["vulnerabilities"]}
    flask = told["PYSEC-2023-62"]

    assert set(told) == {"MAL-2026-3", "PYSEC-2023-62", "CVE-2026-9", "PYSEC-2021-66", "PYSEC-2020-1"}
    assert flask["source"]["name"] == "PyPA Advisory Database"
    assert flask["ratings"] == [
        {"method": "CVSSv3", "score": 7.5, "severity": "high", "source": {"name": "CVE-2023-30861"}}
    ]
    assert [item["id"] for item in flask["references"]] == ["CVE-2023-30861", "GHSA-m2qf-hxjv-5gpq"]
    assert [item["url"] for item in flask["advisories"]] == ["http://127.0.0.1/2", "https://example.example/flask"]
    assert flask["affects"] == [{"ref": "pkg:pypi/flask@2.2.0"}]
    assert flask["recommendation"] == "Fixed in flask 2.2.5."
    assert flask["published"].startswith("2023-05-02T18:15:00")
    assert flask["detail"].splitlines()[1] == "When *all* of this holds:"
    assert told["PYSEC-2020-1"]["ratings"][0]["method"] == "other"
    assert told["PYSEC-2020-1"]["analysis"] == {
        "state": "in_triage",
        "detail": "Ignored in this audit on request (CVE-2020-1).",
    }


def test_the_serial_stays() -> None:
    """The same content has the same serial number another day, and other content another one."""
    later = replace(LOOK, now=LOOK.now + timedelta(days=1))
    again = json.loads(FORMATS["cyclonedx-json"].render(full(), later))
    item = dependency("weak")

    assert again["serialNumber"] == bom(full())["serialNumber"]
    assert again["metadata"]["timestamp"] != bom(full())["metadata"]["timestamp"]
    assert bom(audited([item]))["serialNumber"] != bom(audited([item], [finding(item, FLASK)]))["serialNumber"]
