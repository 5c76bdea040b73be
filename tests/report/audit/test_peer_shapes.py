"""The formats that pip-audit has, in its shapes: as pip-audit 2.10.1 was seen to print them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from judge.building import group
from report.audit.building import FLASK, JINJA, LOOK, audited, dependency, finding, full
from safe_pip.audited import Audited
from safe_pip.inventory import SkippedDependency
from safe_pip.report.audit import FORMATS, Look

COLUMNS, MARKDOWN, JSON = FORMATS["columns"], FORMATS["markdown"], FORMATS["json"]
EXPLAINED = replace(LOOK, descriptions=True, aliases=True)
JINJA_2 = replace(JINJA, aliases=("CVE-2020-28493", "GHSA-g3rq-g295-4j3m"), summary="ReDoS in urlize")


def two() -> Audited:
    """Two packages with a finding each, one without, and one that was skipped."""
    flask, jinja, idna = dependency("flask", "2.2.0"), dependency("jinja2", "2.11.2"), dependency("idna", "3.7")
    skipped = SkippedDependency("foo", None, flask.input, "vcs", "URL requirements cannot be pinned", 4)
    return audited([flask, jinja, idna], [finding(flask, FLASK), finding(jinja, JINJA_2)], skipped=(skipped,))


def test_columns() -> None:
    """Its header, rule, cells and the table of what was skipped; the severity is a column of its own behind them."""
    assert COLUMNS.render(two(), LOOK).splitlines() == [
        "Name   Version ID            Fix Versions Severity",
        "------ ------- ------------- ------------ --------",
        "flask  2.2.0   PYSEC-2023-62 2.2.5,2.3.2  high 7.5",
        "jinja2 2.11.2  PYSEC-2021-66 2.11.3       unknown",
        "",
        "Name Skip Reason",
        "---- ---------------------------------",
        "foo  URL requirements cannot be pinned",
    ]


def test_columns_with_everything() -> None:
    """Aliases before the description, each where its option asks for it."""
    rows = COLUMNS.render(replace(two(), skipped=()), EXPLAINED).splitlines()

    assert rows[0].split() == ["Name", "Version", "ID", "Fix", "Versions", "Aliases", "Description", "Severity"]
    assert [row.partition(" CVE-")[2] for row in rows[2:]] == [
        "2023-30861, GHSA-m2qf-hxjv-5gpq Responses meant for one client may be cached high 7.5",
        "2020-28493, GHSA-g3rq-g295-4j3m ReDoS in urlize                              unknown",
    ]


def test_columns_skips_only() -> None:
    """Without findings there is no empty table above what was skipped."""
    outcome = replace(two(), findings=())

    assert COLUMNS.render(outcome, LOOK).splitlines()[0] == "Name Skip Reason"


def test_markdown() -> None:
    """Tables behind an empty line, ids as links to their pages."""
    assert MARKDOWN.render(two(), replace(LOOK, aliases=True)) == (
        "\n"
        "Name | Version | ID | Fix Versions | Aliases | Severity\n"
        "--- | --- | --- | --- | --- | ---\n"
        "flask | 2.2.0 | [PYSEC-2023-62](https://osv.dev/vulnerability/PYSEC-2023-62) | 2.2.5,2.3.2 | "
        "[CVE-2023-30861](https://osv.dev/vulnerability/CVE-2023-30861), "
        "[GHSA-m2qf-hxjv-5gpq](https://osv.dev/vulnerability/GHSA-m2qf-hxjv-5gpq) | high 7.5\n"
        "jinja2 | 2.11.2 | [PYSEC-2021-66](https://osv.dev/vulnerability/PYSEC-2021-66) | 2.11.3 | "
        "[CVE-2020-28493](https://osv.dev/vulnerability/CVE-2020-28493), "
        "[GHSA-g3rq-g295-4j3m](https://osv.dev/vulnerability/GHSA-g3rq-g295-4j3m) | unknown\n"
        "\n"
        "Name | Skip Reason\n"
        "--- | ---\n"
        "foo | URL requirements cannot be pinned\n"
    )


def test_markdown_marks() -> None:
    """A pipe would be a further cell, a link would go where an attacker wants, HTML would be HTML."""
    item = dependency("weak")
    bad = group("X-1](http://127.0.0.1)", summary="a | b <img src=x> [go](http://127.0.0.1) `*_")
    row = MARKDOWN.render(audited([item], [finding(item, bad)]), replace(LOOK, descriptions=True)).splitlines()[-1]

    assert row == (
        r"weak | 1.0 | X-1\](http://127.0.0.1) | 1.1 | "
        r"a \| b &lt;img src=x&gt; \[go\](http://127.0.0.1) \`\*\_ | unknown"
    )


def test_json() -> None:
    """Its keys in its order, one line; the severity with what it was taken from comes last."""
    assert JSON.render(two(), EXPLAINED) == (
        '{"dependencies": [{"name": "flask", "version": "2.2.0", "vulns": [{"id": "PYSEC-2023-62", '
        '"fix_versions": ["2.2.5", "2.3.2"], "aliases": ["CVE-2023-30861", "GHSA-m2qf-hxjv-5gpq"], '
        '"description": "Responses meant for one client may be cached", '
        '"severity": "high", "score": 7.5, "severity_source": "CVE-2023-30861 (CVSS V3)"}]}, '
        '{"name": "jinja2", "version": "2.11.2", "vulns": [{"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"], '
        '"aliases": ["CVE-2020-28493", "GHSA-g3rq-g295-4j3m"], "description": "ReDoS in urlize", '
        '"severity": null, "score": null, "severity_source": null}]}, '
        '{"name": "idna", "version": "3.7", "vulns": []}, '
        '{"name": "foo", "skip_reason": "URL requirements cannot be pinned"}], "fixes": []}\n'
    )


def test_json_without_descriptions_and_aliases() -> None:
    """--desc off and --aliases off leave the keys out, as there."""
    told = json.loads(JSON.render(two(), Look(LOOK.now)))

    assert set(told["dependencies"][0]["vulns"][0]) == {"id", "fix_versions", "severity", "score", "severity_source"}


def test_json_of_several_inputs() -> None:
    """One entry a version with the inputs that name it; what was ignored, and what was not checked, stay visible."""
    told = json.loads(JSON.render(full(), LOOK))
    flask = next(item for item in told["dependencies"] if item["name"] == "flask")
    idna = next(item for item in told["dependencies"] if item["name"] == "idna")

    assert flask["inputs"] == [{"name": "requirements.txt", "line": 2}, {"name": "api/uv.lock", "line": 9}]
    assert idna["vulns"] == []
    assert [(item["id"], item["waived_by"]) for item in idna["ignored"]] == [("PYSEC-2020-1", "CVE-2020-1")]
    assert told["unchecked"] == [{"name": None, "version": None, "reason": "osv did not answer."}]


def test_versions_in_their_normal_form() -> None:
    """pip-audit prints versions as PEP 440 normalises them; what is none is told as it is written."""
    outcome = audited([dependency("a", "01.2-RC1"), dependency("b", "not one"), dependency("c", "1.0+CPU")])

    assert [item["version"] for item in json.loads(JSON.render(outcome, LOOK))["dependencies"]] == [
        "1.2rc1",
        "not one",
        "1.0+cpu",
    ]


def test_a_description_is_the_records_own() -> None:
    """A record without a summary has one made of its first sentence here; pip-audit tells the details in full."""
    details = "Flask is a framework. Responses may be\ncached. More."
    made = group(summary="Responses may be cached.", details=details)
    item = dependency("weak")

    def told(advisory: Any) -> Any:
        outcome = audited([item], [finding(item, advisory)])
        return json.loads(JSON.render(outcome, EXPLAINED))["dependencies"][0]["vulns"][0]["description"]

    assert told(made) == "Flask is a framework. Responses may be cached. More."
    assert told(replace(made, summary="Cached responses")) == "Cached responses"
    assert told(replace(made, summary="", details="")) == "N/A"


def test_what_auto_means() -> None:
    """--desc auto and --aliases auto are on for JSON only, and only manifests are written where nothing was found."""
    assert {name for name, form in FORMATS.items() if form.explains} == {"json"}
    assert not COLUMNS.manifest
    assert not MARKDOWN.manifest
