"""What CI systems and other programs read: GitHub's annotations, JUnit, OpenVEX, and our own JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conftest import ROOT
from judge.building import HOSTILE, group, target_of
from report.audit.building import FLASK, LOOK, audited, dependency, finding, full, hostile
from safe_pip.audited import Audited
from safe_pip.inventory import AuditInput
from safe_pip.model import Level
from safe_pip.report.audit import FORMATS

# --------------------------------------------------------------------------- github


def annotations(outcome: Audited) -> list[str]:
    """The lines of the annotations."""
    return FORMATS["github"].render(outcome, LOOK).splitlines()


def test_annotations() -> None:
    """A line for each place, by level; then what was not checked, and what was skipped."""
    assert annotations(full()) == [
        "::error file=requirements.txt,line=4,title=MAL-2026-3%3A evil 0.1 (unknown)::MAL-2026-3 is bad",
        (
            "::error file=requirements.txt,line=2,title=PYSEC-2023-62%3A flask 2.2.0 (high 7.5)::"
            "Responses meant for one client may be cached%0AFixed in flask 2.2.5."
        ),
        (
            "::error file=api/uv.lock,line=9,title=PYSEC-2023-62%3A flask 2.2.0 (high 7.5)::"
            "Responses meant for one client may be cached%0AFixed in flask 2.2.5."
        ),
        "::warning file=requirements.txt,line=5,title=CVE-2026-9%3A old 1.0 (low 2.1)::CVE-2026-9 is bad",
        (
            "::error file=api/uv.lock,line=20,title=PYSEC-2021-66%3A jinja2 2.11.2 (unknown)::"
            "PYSEC-2021-66 is bad%0AFixed in jinja2 2.11.3."
        ),
        "::error title=not checked%3A advisories-unavailable::osv did not answer.%0ATry again.",
        "::notice file=requirements.txt,line=6,title=skipped%3A mine::it is editable",
        "::notice file=requirements.txt,line=7,title=skipped%3A other::it is editable",
        "::error file=api/uv.lock,line=1,title=skipped%3A odd::its version is not one",
    ]


def test_no_command_can_be_forged() -> None:
    """An advisory that writes commands of its own into a log could set outputs, or hide what comes after it."""
    item = dependency("weak", named=AuditInput("requirements", "a,b:c%.txt", "a,b:c%.txt"))
    bad = replace(FLASK, id="X,line=9::Y", summary="100%0A\r\n::set-output name=x::y")
    (line,) = annotations(audited([item], [finding(item, bad)]))

    assert line.startswith("::error file=a%2Cb%3Ac%25.txt,line=1,title=X%2Cline=9%3A%3AY%3A weak 1.0 (high 7.5)::")
    assert line.endswith("100%250A \\x3a:set-output name=x::y%0AFixed in weak 2.2.5.")
    assert all(line.startswith(("::error ", "::notice ")) for line in annotations(hostile(HOSTILE)))


# --------------------------------------------------------------------------- junit


def junit(outcome: Audited) -> ET.Element:
    """The root of the report."""
    return ET.fromstring(FORMATS["junit"].render(outcome, LOOK))


def test_junit() -> None:
    """A suite an input, a test case a version: failures, what was skipped, and errors where nobody could check."""
    root = junit(full())

    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("11", "5", "2", "2")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("requirements.txt", "6", "3"),
        ("api/uv.lock", "4", "2"),
        ("could not be checked", "1", "0"),
    ]
    flask = root.find(".//testcase[@name='flask 2.2.0']/failure")
    assert flask is not None
    assert flask.get("message") == "PYSEC-2023-62"
    assert flask.text is not None
    assert flask.text.startswith("PYSEC-2023-62 (high 7.5): Responses meant for one client may be cached Fixed in")
    ignored = root.find(".//testcase[@name='idna 3.7']/system-out")
    assert ignored is not None
    assert "ignored on request (CVE-2020-1)" in (ignored.text or "")


def test_junit_fails_where_the_audit_does() -> None:
    """With --fail-on block a warning is no failure, and is told all the same."""
    item = dependency("weak")
    warning = replace(finding(item, group()), finding=replace(finding(item, group()).finding, level=Level.WARN))
    root = junit(audited([item], [warning], fail_on=Level.BLOCK))

    assert root.get("failures") == "0"
    assert "PYSEC-2026-1" in (root.findtext(".//system-out") or "")


def test_junit_keeps_texts_whole() -> None:
    """The end of a CDATA section, entities and what XML cannot hold come out as they went in, or written out."""
    failure = junit(hostile("]]>&lt;\x0b\ufffe")).find(".//failure")

    assert failure is not None
    assert r"]]>&lt;\x0b\xfffe" in (failure.text or "")


# --------------------------------------------------------------------------- vex


def vex(outcome: Audited, **more: Any) -> Any:
    """The document."""
    return json.loads(FORMATS["vex"].render(outcome, replace(LOOK, **more)))


def test_vex() -> None:
    """A statement for what was ignored, and none for what stands; nobody said that it does not affect."""
    told = vex(full())

    assert told["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert told["timestamp"] == "2026-11-21T12:00:00Z"
    assert told["statements"] == [
        {
            "vulnerability": {
                "name": "PYSEC-2020-1",
                "@id": "https://osv.dev/vulnerability/PYSEC-2020-1",
                "description": "PYSEC-2020-1 is bad",
                "aliases": ["CVE-2020-1"],
            },
            "products": [{"@id": "pkg:pypi/idna@3.7", "identifiers": {"purl": "pkg:pypi/idna@3.7"}}],
            "status": "under_investigation",
            "status_notes": "Ignored in this audit on request (CVE-2020-1); no justification was given.",
        }
    ]


def test_the_id_of_a_vex_document_stays() -> None:
    """The same statements have the same id another day, and others another one."""
    assert vex(full())["@id"] == vex(full(), now=LOOK.now + timedelta(days=1))["@id"]
    assert vex(full())["@id"] != vex(replace(full(), ignored=()))["@id"]


# --------------------------------------------------------------------------- our own


def ours(outcome: Audited, **more: Any) -> Any:
    """The report."""
    return json.loads(FORMATS["safe-pip-json"].render(outcome, replace(LOOK, **more)))


def test_our_report() -> None:
    """The contract of every command, and what an audit has beyond it."""
    told = ours(full(), target=target_of())

    assert (told["schema"], told["command"], told["verdict"], told["exit_code"]) == (
        "safe-pip.report/1",
        "audit",
        "refused",
        1,
    )
    assert told["target"] == {"python": "venv/bin/python", "version": "3.12.1", "platform": "linux-x86_64"}
    assert [(item["kind"], item["name"], item["dependencies"], item["skipped"]) for item in told["inputs"]] == [
        ("requirements", "requirements.txt", 4, 2),
        ("lock", "api/uv.lock", 3, 1),
    ]
    assert [(item["id"], item["level"], item["waived_by"]) for item in told["findings"]] == [
        ("MAL-2026-3", "block", None),
        ("PYSEC-2023-62", "block", None),
        ("CVE-2026-9", "warn", None),
        ("PYSEC-2021-66", "block", None),
        ("PYSEC-2020-1", "block", "CVE-2020-1"),
    ]
    assert [(item["input"], item["line"], item["chain"]) for item in told["findings"][1]["places"]] == [
        ("requirements.txt", 2, []),
        ("api/uv.lock", 9, ["app", "flask"]),
    ]
    assert told["unused_allows"] == ["CVE-1999-1"]
    assert told["filtered"] == 2


def test_findings_have_the_keys_of_the_contract() -> None:
    """A program that reads findings of an install reads those of an audit."""
    (finding_,) = ours(audited([dependency("weak")], [finding(dependency("weak"), FLASK)]))["findings"]

    assert set(finding_) >= {
        "code",
        "level",
        "name",
        "version",
        "id",
        "aliases",
        "severity",
        "score",
        "severity_source",
        "fix_versions",
        "suggested_fix",
        "chain",
        "message",
        "help",
        "waived_by",
    }


@pytest.mark.parametrize("page", ["json.md"])
def test_every_key_is_documented(page: str) -> None:
    """A key that is not in the reference is one that nobody can rely on."""
    text = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    source = (ROOT / "src/safe_pip/report/audit/safe_pip_json.py").read_text("utf-8")
    keys = set(re.findall(r'"([a-z_]+)":', source))

    assert keys
    assert {key for key in keys if f"`{key}`" not in text and f".{key}`" not in text} == set()


def test_every_format_is_documented() -> None:
    """The page of formats has a heading for each."""
    text = (ROOT / "docs" / "reference" / "formats.md").read_text("utf-8")

    assert set(re.findall(r"^## ([a-z-]+)$", text, re.MULTILINE)) == set(FORMATS)
    assert Path(ROOT).is_dir()
