"""Plans, advisories, findings and verdicts made by hand, for the tests of what judges and reports them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from safe_pip.model import (
    COMMAND_LINE,
    AdvisoryGroup,
    AdvisorySource,
    Approved,
    Audit,
    CoreMetadata,
    Destination,
    DistributionFile,
    Evidence,
    Excepted,
    Finding,
    Incomplete,
    Kept,
    Level,
    Network,
    Observation,
    Origin,
    PassedOver,
    Plan,
    PlannedInstall,
    PolicyInForce,
    PolicyLine,
    Refused,
    Request,
    RootPin,
    SearchScope,
    Selection,
    Staged,
    StagedFile,
    Target,
    Unchecked,
    WayOut,
)
from safe_pip.report import Report

CONTROLS = "".join(map(chr, (*range(32), *range(127, 160))))
"""C0 and C1 control characters: ESC, CSI, backspace, carriage return and their like."""
DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""What changes the direction in which a text is shown."""
BREAKS = "\u2028\u2029\x85\x0b\x0c\r\n"
"""What some terminal or program takes for the end of a line."""
INVISIBLE = "\u200b\u200c\u200d\ufeff\u00ad\U000e0001\U000e0041\ud800"
"""What cannot be seen, or cannot be written at all."""
TO_THE_CI_SERVICE = f"a ##vso[task.prependpath]/b ##[group]c {'::stop-commands::d ' * 30} ##teamcity[x]"
"""A text that would have the service do something that runs this, wherever its lines end."""
CI_COMMANDS = r"##[a-z]*\[|^ *::stop-commands"
"""What of it must not be in any output, with re.MULTILINE."""
HOSTILE = f"a{CONTROLS}b{DIRECTIONS}c{BREAKS}d{INVISIBLE}e\x1b[2J\x1b]0;title\x07\x9b31m"
"""A text that would do all of it to a terminal."""


TIME = datetime(2026, 11, 20, 1, 2, 3, 456789, tzinfo=timezone.utc)
SECRET = "s3cr3t"
WITH_LOGIN = f"cannot read http://someone:{SECRET}@127.0.0.1/simple/weak/ now"
"""A message that quotes a URL with a login."""


def planned(name: str, version: str = "1.0", **more: Any) -> PlannedInstall:
    """One wheel that would be installed; it was asked for unless ``chain`` says otherwise."""
    chain = more.setdefault("chain", (canonicalize_name(name),))
    file = DistributionFile(
        f"{name.replace('-', '_')}-{version}-py3-none-any.whl", f"http://127.0.0.1/files/{name}-{version}.whl"
    )
    settled: dict[str, Any] = {
        "name": canonicalize_name(name),
        "version": version,
        "file": file,
        "metadata": CoreMetadata(name, version, origin="wheel"),
        "requested": len(chain) == 1,
        "required_by": tuple(chain[-2:-1]),
        "origin": COMMAND_LINE if len(chain) == 1 else None,
    }
    return PlannedInstall(**(settled | more))


def plan_of(*install: PlannedInstall, **more: Any) -> Plan:
    """A plan that installs these."""
    roots = tuple(RootPin(item.name, (), item.version, None, item.name) for item in install if item.requested)
    return Plan(**{"install": install, "roots": roots, **more})


def staged_all(plan: Plan) -> Staged:
    """Every wheel of a plan, staged; the files themselves need not be there to be judged."""
    files = {
        item.name: StagedFile(item.name, Path("files") / item.file.filename, f"{number:064x}", 1000 + number)
        for number, item in enumerate(plan.install)
        if item.build is None
    }
    return Staged(Path("private"), files)


def group(identifier: str = "PYSEC-2026-1", *aliases: str, **more: Any) -> AdvisoryGroup:
    """Advisories that speak of one thing: a vulnerability that 1.1 fixes, unless ``more`` says otherwise."""
    settled: dict[str, Any] = {
        "id": identifier,
        "aliases": aliases,
        "summary": f"{identifier} is bad",
        "malware": identifier.startswith("MAL-"),
        "severity": None,
        "score": None,
        "severity_source": None,
        "fix_versions": ("1.1",),
        "newer_fixes": ("1.1",),
        "suggested_fix": "1.1",
    }
    return AdvisoryGroup(**(settled | more))


UNFIXED: dict[str, Any] = {"fix_versions": (), "newer_fixes": (), "suggested_fix": None}
"""For ``group``: nothing fixes it."""


def observed(code: str, item: PlannedInstall, advisory: AdvisoryGroup | None = None, **more: Any) -> Observation:
    """What a rule would have found about one package."""
    settled: dict[str, Any] = {
        "message": f"{code} in {item.name}",
        "help": "Do something else.",
        "chain": item.chain,
        "origin": item.origin,
    }
    return Observation(code, item.name, item.version, advisory=advisory, **(settled | more))


def audit_of(*found: Observation, unchecked: Iterable[Unchecked] = ()) -> Audit:
    """What was found, against one source."""
    return Audit(found, tuple(unchecked), (source_of(),))


def source_of(**more: Any) -> AdvisorySource:
    """A source that is up to date."""
    settled: dict[str, Any] = {
        "source": "advisories.zip",
        "records": 2665,
        "as_of": datetime(2026, 11, 20, tzinfo=timezone.utc),
        "stale": False,
    }
    return AdvisorySource(**(settled | more))


def verdict_of(
    plan: Plan,
    *found: tuple[Observation, Level] | Finding,
    unchecked: Iterable[Unchecked] = (),
    **more: Any,
) -> Approved | Refused | Incomplete:
    """The kind of verdict that findings and gaps make."""
    findings = tuple(item if isinstance(item, Finding) else Finding(*item) for item in found)
    gaps = tuple(unchecked)
    kind: type[Approved | Refused | Incomplete] = Approved
    if any(finding.blocks for finding in findings):
        kind = Refused
    elif any(gap.waived_by is None for gap in gaps):
        kind = Incomplete
    settled: dict[str, Any] = {
        "plan": plan,
        "staged": staged_all(plan),
        "findings": findings,
        "unchecked": gaps,
        "sources": (source_of(),),
        "unused_allows": (),
    }
    return kind(**(settled | more))


def target_of(**more: Any) -> Target:
    """An environment that nothing is installed in."""
    settled: dict[str, Any] = {
        "executable": "venv/bin/python",
        "version": "3.12.1",
        "version_info": (3, 12, 1),
        "platform": "linux-x86_64",
        "prefix": ".venv",
        "is_virtual": True,
        "markers": {},
        "tags": (),
        "site_packages": ".venv/lib",
        "user_site": None,
        "externally_managed": None,
        "installed": {},
        "search_path": (),
    }
    return Target(**(settled | more))


def report_of(verdict: Approved | Refused | Incomplete, *, dry_run: bool = False, **more: Any) -> Report:
    """The report on a verdict. more: other fields of the target."""
    request = Request(
        requirements=(),
        constraints=(),
        search=SearchScope(),
        selection=Selection(),
        network=Network(),
        destination=Destination(),
        target=target_of(**more),
        dry_run=dry_run,
    )
    return Report(verdict, request)


def full() -> Report:
    """A refusal with something in every part of the report."""
    weak = planned("Weak_One", chain=("top", "weak-one"), replaces="0.9")
    weak = replace(weak, file=weak.file._replace(upload_time=TIME))
    direct = planned("direct", direct_url="http://127.0.0.1/direct-1.0-py3-none-any.whl", requested=True)
    about = group(
        "PYSEC-2026-1",
        "CVE-2026-1",
        severity="high",
        score=7.5,
        severity_source="CVE-2026-1 (CVSS V3)",
        fix_versions=("1.1", "2.1"),
    )
    return report_of(
        verdict_of(
            plan_of(
                weak,
                direct,
                keep=(Kept(weak.required_by[0], "2.0"),),
                passed_over=(PassedOver(weak.name, "3.0", "yanked", "3.0 is yanked: oops"),),
                notes=("weak-one is on two indexes.",),
            ),
            (observed("vulnerability", weak, about), Level.BLOCK),
            Finding(observed("yanked", direct), Level.WARN, "yanked:Direct"),
            unchecked=[
                Unchecked("undecidable-advisory", "weak-one", "1.0", "X-1 is odd", "Read it.", "X-1", "x-1"),
                Unchecked("stale-advisories", None, None, "There is nothing."),
            ],
            sources=(source_of(as_of=TIME, stale=True, note="2 records could not be read"), source_of(as_of=None)),
            unused_allows=("malware",),
        ),
        dry_run=True,
    )


def everywhere(text: str) -> Report:
    """A report in which every text that can come from outside is this one."""
    item = replace(planned("weak"), file=planned("weak").file._replace(filename=text, url=f"http://127.0.0.1/{text}"))
    item = replace(item, version=text, direct_url=f"http://127.0.0.1/{text}", replaces=text)
    about = group(text, text, summary=text, severity_source=text, fix_versions=(text,), suggested_fix=text)
    plan = plan_of(
        item,
        keep=(Kept(item.name, text),),
        passed_over=(PassedOver(item.name, text, "yanked", text),),
        roots=(),
        notes=(text,),
    )
    return report_of(
        verdict_of(
            plan,
            Finding(
                observed("vulnerability", item, about, message=text, help=text, evidence=(Evidence(text, text),)),
                Level.BLOCK,
                because=PolicyLine(text, Origin(text, 3)),
            ),
            Finding(
                observed("yanked", item, message=text),
                Level.BLOCK,
                text,
                PolicyLine(text, Origin(text, 4)),
                text,
                Excepted(PolicyLine(text, Origin(text, 5)), text),
            ),
            unchecked=[Unchecked("unreadable-page", text, text, text, text, text, text)],
            sources=(source_of(source=text, note=text),),
            unused_allows=(text,),
            staged=staged_all(plan),
            way_out=WayOut(((item.name, text),), text, (text,), (), (text,)),
            policy=PolicyInForce((text,), text, (text,)),
        ),
        executable=text,
        platform=text,
    )
