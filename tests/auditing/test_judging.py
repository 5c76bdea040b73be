"""What an audit's findings weigh, what takes them out, and the exit code of it all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.audited import Affected, Audited, InventoryFacts
from safe_pip.inventory import AuditInput, Dependency, Inventory, SkippedDependency
from safe_pip.judge_audit import AuditSettings, judge_audit
from safe_pip.model import AdvisoryGroup, AdvisorySource, Level, Observation, Origin, PolicyLine, Severity, Unchecked
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Weight
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import AdvisoryData, Vulnerabilities
from safe_pip.settings.waivers import Allow, PolicyException

HERE = AuditInput("environment", "venv")
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def group(identifier: str = "PYSEC-1", *, aliases: tuple[str, ...] = (), **more: Any) -> AdvisoryGroup:
    """A group of advisories; fixed in 2.0 and of severity high, where nothing else is said."""
    settled: dict[str, Any] = {
        "summary": "",
        "malware": identifier.startswith("MAL-"),
        "severity": "high",
        "score": 7.5,
        "severity_source": None,
        "fix_versions": ("2.0",),
        "newer_fixes": ("2.0",),
        "suggested_fix": "2.0",
    }
    return AdvisoryGroup(identifier, aliases, **(settled | more))


UNFIXED = {"fix_versions": (), "newer_fixes": (), "suggested_fix": None}


def affected(found: AdvisoryGroup, name: str = "weak") -> Affected:
    """One finding to be."""
    normal = NormalizedName(name)
    code = "malware" if found.malware else "vulnerability"
    return Affected(Observation(code, normal, "1.0", "", advisory=found), (Dependency(normal, "1.0", HERE),))


def judged(*found: Affected, unchecked: tuple[Unchecked, ...] = (), **settings: Any) -> Audited:
    """What becomes of them. ignores, allows: as they are written. policy: fields of the Settings."""
    ignores = tuple(Allow.parse(text) for text in settings.pop("ignores", ()))
    allows = tuple(Allow.parse(text) for text in settings.pop("allows", ()))
    policy = settings.pop("policy", {})
    dependencies = tuple(item for one in found for item in one.dependencies)
    facts = InventoryFacts((Inventory(HERE, dependencies),), found, unchecked=unchecked)
    return judge_audit(facts, AuditSettings(Settings(allows=allows, **policy), ignores, **settings), NOW)


def ids(audited: Audited) -> list[str]:
    """What stands, in order."""
    return [item.advisory.id for item in audited.findings]


# --------------------------------------------------------------------------- levels and exit codes


def test_levels() -> None:
    """What nothing can be done about yet weighs less."""
    audited = judged(
        affected(group("PYSEC-3", **UNFIXED)), affected(group("PYSEC-1", score=5.0)), affected(group("MAL-2"))
    )

    assert [(item.advisory.id, item.finding.level.word) for item in audited.findings] == [
        ("MAL-2", "block"),
        ("PYSEC-1", "block"),
        ("PYSEC-3", "warn"),
    ]


@pytest.mark.parametrize(
    ("fail_on", "unfixed", "code"),
    [
        (Level.NOTE, True, 1),
        (Level.WARN, True, 1),
        (Level.BLOCK, True, 0),
        (Level.BLOCK, False, 1),
        (None, False, 0),
    ],
)
def test_the_level_from_which_findings_count(fail_on: Level | None, unfixed: bool, code: int) -> None:
    """``--fail-on``: findings below it stay in the report."""
    audited = judged(affected(group(**(UNFIXED if unfixed else {}))), fail_on=fail_on)

    assert (audited.exit_code, ids(audited)) == (code, ["PYSEC-1"])


def test_findings_are_worse_than_gaps_and_gaps_than_nothing() -> None:
    """1 before 3 before 0; what is waived is no gap."""
    gap = Unchecked("undecidable-advisory", "weak", "1.0", "it cannot be compared", id="PYSEC-9")

    assert judged().exit_code == 0
    assert judged(unchecked=(gap,)).exit_code == 3
    assert judged(affected(group()), unchecked=(gap,)).exit_code == 1
    assert judged(unchecked=(gap,), ignores=("PYSEC-9",)).exit_code == 0
    assert judged(unchecked=(gap,), allows=("undecidable-advisory:weak",)).exit_code == 0
    assert judged(unchecked=(replace(gap, code="advisories-unavailable"),), ignores=("PYSEC-9",)).exit_code == 3


def test_skips_count_only_where_they_are_all_there_is_or_strictly() -> None:
    """As for pip-audit, but for an audit of nothing, which ends there with 0."""
    skip = SkippedDependency("x", None, HERE, "vcs", "it is a checkout")
    facts = InventoryFacts((Inventory(HERE, skipped=(skip,)),), skipped=(skip,))
    more = replace(facts, inventories=(Inventory(HERE, (Dependency(NormalizedName("y"), "1", HERE),), (skip,)),))

    assert judge_audit(facts, AuditSettings(), NOW).exit_code == 3
    assert judge_audit(more, AuditSettings(), NOW).exit_code == 0
    assert judge_audit(more, AuditSettings(strict=True), NOW).exit_code == 3


# --------------------------------------------------------------------------- what is taken out


@pytest.mark.parametrize(
    ("word", "takes"),
    [
        ("PYSEC-1", True),
        ("cve-1", True),
        ("GHSA-1", True),
        ("CVE-1:weak", True),
        ("CVE-1:Weak", True),
        ("CVE-1:other", False),
        ("CVE-2", False),
        ("vulnerability", False),
        ("weak", False),
    ],
)
def test_an_id_anywhere_in_a_group_ignores_it(word: str, takes: bool) -> None:
    """Whatever the name that a person knows it by; a code is no id, and a word that takes nothing out is told."""
    audited = judged(affected(group(aliases=("CVE-1", "GHSA-1"))), ignores=(word,))

    assert (audited.exit_code, len(audited.ignored)) == ((0, 1) if takes else (1, 0))
    assert audited.unused_ignores == (() if takes else (word,))
    assert [item.finding.waived_by for item in audited.ignored] == ([word] if takes else [])


def test_what_is_allowed_is_ignored_by_code_as_well() -> None:
    """``--allow`` means what it means to an install."""
    audited = judged(affected(group()), affected(group("MAL-2"), "evil"), allows=("vulnerability", "nothing"))

    assert (ids(audited), audited.unused_ignores) == (["MAL-2"], ("nothing",))


def test_a_word_that_another_one_forestalls_is_used() -> None:
    """To take out either would change nothing, so neither is told."""
    audited = judged(affected(group(aliases=("CVE-1",))), ignores=("PYSEC-1", "CVE-1"), allows=("CVE-1",))

    assert audited.unused_ignores == ()


@pytest.mark.parametrize(
    ("least", "left"),
    [
        (None, ["low", "medium", "high", "critical", None, "malware"]),
        ("low", ["low", "medium", "high", "critical", None, "malware"]),
        ("medium", ["medium", "high", "critical", None, "malware"]),
        ("critical", ["critical", None, "malware"]),
    ],
)
def test_a_threshold_drops_what_is_known_to_be_less(least: Severity | None, left: list[str | None]) -> None:
    """Nobody knows how bad an unrated one is, and malware never has a rating."""
    severities: tuple[Severity | None, ...] = ("low", "medium", "high", "critical", None)
    found = [affected(group(f"PYSEC-{word}", severity=word, score=None)) for word in severities]
    found.append(affected(group("MAL-malware", severity=None, score=None)))

    audited = judged(*found, min_severity=least)

    stands = {item.split("-")[1] for item in ids(audited)}
    assert stands == {str(word) for word in left}
    assert audited.filtered == len(found) - len(left)


def test_only_what_can_be_fixed() -> None:
    """Malware is fixed by taking it out, so it stays."""
    audited = judged(
        affected(group("PYSEC-1")),
        affected(group("PYSEC-2", **UNFIXED)),
        affected(group("MAL-3", **UNFIXED)),
        fixable_only=True,
    )

    assert (ids(audited), audited.filtered) == (["MAL-3", "PYSEC-1"], 1)


def test_what_is_filtered_may_be_ignored_as_well() -> None:
    """It is then ignored, and the word is used."""
    audited = judged(affected(group(severity="low")), min_severity="high", ignores=("PYSEC-1",))

    assert (audited.filtered, len(audited.ignored), audited.unused_ignores) == (0, 1, ())


# --------------------------------------------------------------------------- looked up once


def test_every_version_is_looked_up_once(tmp_path: Any, http: Any) -> None:
    """However many inputs name it; and every place that names it is kept."""
    from fakes import advisory, export
    from safe_pip.advisories import Advisories
    from safe_pip.advisories.sources import Context, source_for
    from safe_pip.audit_inventories import audit_inventories

    zip_file = export(tmp_path / "a.zip", [advisory("PYSEC-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}])])
    now = datetime(2026, 11, 20, tzinfo=timezone.utc)
    opened = source_for(str(zip_file)).open(Context(tmp_path / "cache", http, now))
    there = AuditInput("lock", "uv.lock", "uv.lock")
    weak = NormalizedName("weak")
    inventories = [
        Inventory(HERE, (Dependency(weak, "1.0", HERE), Dependency(weak, "v1", HERE), Dependency(weak, "?", HERE))),
        Inventory(there, (Dependency(weak, "1.0", there, line=7),)),
    ]
    advisories = Advisories([opened], now)

    facts = audit_inventories(inventories, advisories, available={weak: (Version("1.0"), Version("1.2"))})
    advisories.close()

    (first, second) = facts.affected
    assert [(item.input.name, item.line) for item in first.dependencies] == [("venv", None), ("uv.lock", 7)]
    assert second.observation.version == "v1"
    assert first.observation.help == "Fixed in weak 1.2."
    assert [(item.version, item.code) for item in facts.skipped] == [("?", "unparsable")]


# --------------------------------------------------------------------------- the policy


def excepted(what: str = "pysec-1", **more: Any) -> PolicyException:
    """An exception that has a month to go."""
    settled: dict[str, Any] = {"packages": PackagePattern("weak"), "expires": (NOW + timedelta(days=30)).date()}
    return PolicyException(what, PolicyLine("exceptions", Origin("safe-pip.toml", 7)), **(settled | more))


def test_an_exception_ignores() -> None:
    """As an option does, but for the place that is named; what it covers is kept visible, with its justification."""
    why = "vulnerable_code_not_present"
    audited = judged(affected(group()), policy={"exceptions": (excepted(justification=why),)})

    assert (audited.exit_code, ids(audited)) == (0, [])
    [ignored] = audited.ignored
    assert (ignored.finding.waived_by, ignored.finding.justification) == ("safe-pip.toml, line 7", why)


def test_an_option_comes_before_an_exception() -> None:
    """``--ignore-vuln`` is what the person has just written."""
    audited = judged(affected(group()), ignores=("PYSEC-1",), policy={"exceptions": (excepted(),)})

    assert [item.finding.waived_by for item in audited.ignored] == ["PYSEC-1"]
    assert audited.others == ()


def test_an_exception_that_has_ended() -> None:
    """The finding stands again; and why is told, which by itself does not change the exit code."""
    ended = excepted(expires=(NOW - timedelta(days=1)).date())
    audited = judged(affected(group()), policy={"exceptions": (ended, excepted("x-1"))})

    assert ids(audited) == ["PYSEC-1"]
    assert [(item.finding.observation.code, item.finding.level.word) for item in audited.others] == [
        ("exception-expired", "warn")
    ]


def test_unused_exceptions_are_told_where_the_policy_wants_it() -> None:
    """An audit sees everything, so here an exception for a package that is gone is news."""
    levels = {**BUILT_IN_LEVELS, "exception-unused": Weight(Level.NOTE, Level.NOTE, PolicyLine("levels"))}
    gone = excepted(packages=PackagePattern("gone"))
    audited = judged(affected(group()), policy={"exceptions": (gone,), "levels": levels})

    assert [item.finding.observation.name for item in audited.others] == ["gone"]


def test_an_exception_for_one_file() -> None:
    """Every place that names the version has to name that file, since nobody knows which of them is installed."""
    digest, weak = "ab" * 32, NormalizedName("weak")
    with_hash = Dependency(weak, "1.0", HERE, hashes=frozenset({("sha256", digest)}))
    found = affected(group()).observation
    policy = {"exceptions": (excepted(sha256=digest),)}

    assert judged(Affected(found, (with_hash,)), policy=policy).exit_code == 0
    assert judged(Affected(found, (with_hash, Dependency(weak, "1.0", HERE, line=2))), policy=policy).exit_code == 1
    assert judged(affected(group()), policy=policy).exit_code == 1


def test_direct_is_what_any_input_asks_for() -> None:
    """One file may pin what another one asks for."""
    weak = NormalizedName("weak")
    deep = Dependency(weak, "1.0", HERE, direct=False)
    found = affected(group()).observation
    policy = {"vulnerabilities": Vulnerabilities(scope="direct")}

    def level(*places: Dependency) -> list[str]:
        return [item.finding.level.word for item in judged(Affected(found, places), policy=policy).findings]

    assert level(deep) == ["note"]
    assert level(deep, replace(deep, direct=True)) == ["block"]


def test_what_no_advisory_speaks_of() -> None:
    """It is kept apart; levels, waivers and exceptions are the same, and only what blocks makes the exit code 1."""
    denied = Affected(Observation("denied-package", NormalizedName("weak"), "1.0", "not wanted"), ())

    assert judged(denied).exit_code == 1
    assert judged(denied).findings == ()
    assert judged(denied, allows=("denied-package:weak",)).exit_code == 0
    assert judged(denied, allows=("denied-package:weak",)).unused_ignores == ()
    assert judged(denied, policy={"exceptions": (excepted("denied-package"),)}).exit_code == 0


def test_old_advisories_do_not_change_the_exit_code() -> None:
    """As for pip-audit; only the policy's own limit makes an audit incomplete."""
    source = AdvisorySource("a.zip", 1, NOW - timedelta(days=40), True)
    facts = InventoryFacts((Inventory(HERE, (Dependency(NormalizedName("y"), "1", HERE),)),), sources=(source,))
    limit = Settings(advisories=AdvisoryData(incomplete_after=timedelta(days=30)))

    audited = judge_audit(facts, AuditSettings(), NOW)
    assert ([item.finding.observation.code for item in audited.others], audited.exit_code) == (["old-advisories"], 0)
    assert judge_audit(facts, AuditSettings(limit), NOW).exit_code == 3
