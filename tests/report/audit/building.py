"""Outcomes of audits made by hand, for the tests of what reports them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from packaging.utils import canonicalize_name

from judge.building import HOSTILE, group, source_of
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkippedDependency
from safe_pip.model import AdvisoryGroup, Finding, Level, Observation, Unchecked
from safe_pip.report.audit import Look

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
LOOK = Look(NOW)
REQUIREMENTS = AuditInput("requirements", "requirements.txt", "requirements.txt")
LOCK = AuditInput("lock", "api/uv.lock", "api/uv.lock")
ENVIRONMENT = AuditInput("environment", ".venv")


def dependency(name: str, version: str = "1.0", named: AuditInput = REQUIREMENTS, **more: Any) -> Dependency:
    """One version of one distribution, spelled as given, on line 1 of requirements.txt."""
    more.setdefault("line", 1 if named.path else None)
    return Dependency(canonicalize_name(name), version, named, name, **more)


def finding(item: Dependency, advisory: AdvisoryGroup, *others: Dependency, **more: Any) -> AuditFinding:
    """What is known of a dependency, which other inputs may name as well. more: fields of the Finding."""
    level = Level.BLOCK if advisory.newer_fixes or advisory.malware else Level.WARN
    help = f"Fixed in {item.name} {advisory.suggested_fix}." if advisory.suggested_fix else ""
    code = "malware" if advisory.malware else "vulnerability"
    found = Observation(code, item.name, item.version, advisory.summary, help, item.chain, None, advisory)
    return AuditFinding(Finding(**{"observation": found, "level": level, **more}), (item, *others))


def audited(dependencies: Iterable[Dependency] = (), findings: Iterable[AuditFinding] = (), **more: Any) -> Audited:
    """The outcome of an audit of some dependencies, each in the inventory of its input."""
    every = tuple(dependencies)
    inputs = dict.fromkeys(item.input for item in every) or {REQUIREMENTS: None}
    inventories = tuple(
        Inventory(named, tuple(item for item in every if item.input == named), notes=()) for named in inputs
    )
    return Audited(more.pop("inventories", inventories), tuple(findings), sources=(source_of(),), **more)


FLASK = group(
    "PYSEC-2023-62",
    "CVE-2023-30861",
    "GHSA-m2qf-hxjv-5gpq",
    summary="Responses meant for one client may be cached",
    details="Responses meant for one client may be cached.\nWhen *all* of this holds:\n\n- one\n- two",
    severity="high",
    score=7.5,
    severity_source="CVE-2023-30861 (CVSS V3)",
    fix_versions=("2.2.5", "2.3.2"),
    newer_fixes=("2.2.5", "2.3.2"),
    suggested_fix="2.2.5",
    references=("https://example.example/flask", "http://127.0.0.1/2"),
    published="2023-05-02T18:15:00Z",
    told_by=("advisories.zip",),
)
JINJA = group("PYSEC-2021-66", fix_versions=("2.11.3",), newer_fixes=("2.11.3",), suggested_fix="2.11.3")
UNFIXED = group("CVE-2026-9", fix_versions=(), newer_fixes=(), suggested_fix=None, severity="low", score=2.1)
MALWARE = group("MAL-2026-3", fix_versions=(), newer_fixes=(), suggested_fix=None)


def full() -> Audited:
    """An outcome with something in every part of a report: two inputs, one version in both of them."""
    app = dependency("app", "1.0", LOCK, line=3, requires=(canonicalize_name("flask"),))
    flask = dependency("Flask", "2.2.0", line=2, hashes=frozenset({("sha256", "ab" * 32)}))
    locked = dependency(
        "flask",
        "2.2.0",
        LOCK,
        line=9,
        direct=False,
        chain=(app.name, flask.name),
        requires=(canonicalize_name("jinja2"),),
    )
    jinja = dependency(
        "jinja2", "2.11.2", LOCK, line=20, direct=False, chain=(app.name, flask.name, canonicalize_name("jinja2"))
    )
    idna = dependency("idna", "3.7", line=3)
    evil = dependency("evil", "0.1", line=4)
    old = dependency("old", "1.0", line=5)
    ignored = group("PYSEC-2020-1", "CVE-2020-1", severity="medium", score=5.0, severity_source="X (its database)")
    return audited(
        [flask, idna, evil, old, app, locked, jinja],
        [
            finding(evil, MALWARE),
            finding(flask, FLASK, locked),
            finding(old, UNFIXED),
            finding(jinja, JINJA),
        ],
        ignored=(finding(idna, ignored, waived_by="CVE-2020-1"),),
        filtered=2,
        skipped=(
            SkippedDependency("mine", None, REQUIREMENTS, "editable", "it is editable", 6),
            SkippedDependency("other", "1.0", REQUIREMENTS, "editable", "it is editable", 7),
            SkippedDependency("odd", None, LOCK, "unparsable", "its version is not one"),
        ),
        unchecked=(
            Unchecked("advisories-unavailable", None, None, "osv did not answer.", "Try again."),
            Unchecked("undecidable-advisory", "idna", "3.7", "X-1 is odd", "Read it.", "X-1", "X-1"),
        ),
        unused_ignores=("CVE-1999-1",),
    )


def hostile(text: str = HOSTILE) -> Audited:
    """An outcome in which every text that files and servers write is hostile."""
    named = AuditInput("requirements", f"{text}.txt", f"{text}.txt")
    item = Dependency(
        canonicalize_name("weak"),
        f"1.0{text}",
        named,
        text,
        3,
        chain=(canonicalize_name("a"), canonicalize_name("weak")),
    )
    bad = group(
        f"PYSEC-{text}",
        text,
        summary=text,
        details=f"{text}\n{text}",
        severity="high",
        score=7.0,
        severity_source=f"{text} ({text})",
        fix_versions=(text,),
        newer_fixes=(text,),
        suggested_fix=text,
        references=(f"https://example.example/{text}", "javascript:alert(1)", 'http://example.example/"><b>'),
        published=text,
        told_by=(text,),
    )
    worse = finding(item, bad)
    gap = Unchecked("undecidable-advisory", text, text, text, text, text)
    skip = SkippedDependency(text, text, named, "vcs", text, 4)
    inventory = Inventory(named, (item,), notes=(text,))
    return Audited(
        (inventory,),
        (worse,),
        (finding(item, group(f"CVE-{text}"), waived_by=text),),
        1,
        (skip,),
        (gap,),
        (source_of(source=text, note=text),),
        (text,),
    )
