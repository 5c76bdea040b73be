"""What the policy makes of findings: the table of vulnerabilities, exceptions, and the age of advisories."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from judge.building import UNFIXED, group, observed, plan_of, planned, source_of, staged_all
from safe_pip.codes import CODES
from safe_pip.judge import judge
from safe_pip.model import (
    Approved,
    Audit,
    Finding,
    Incomplete,
    Level,
    Observation,
    Origin,
    PolicyLine,
    Refused,
    Unchecked,
    Verdict,
)
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Override, Weight
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import AdvisoryData, Raise, Vulnerabilities
from safe_pip.settings.waivers import Allow, PolicyException
from safe_pip.weighing import weigh

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
WEAK, DEEP = planned("weak"), planned("deep", chain=("weak", "deep"))
PLAN = plan_of(WEAK, DEEP)


def line(setting: str, number: int = 1) -> PolicyLine:
    """A line of a policy file."""
    return PolicyLine(setting, Origin("safe-pip.toml", number))


def leveled(**levels: Level) -> dict[str, Weight]:
    """The built-in levels but for some."""
    changed = {code.replace("_", "-"): level for code, level in levels.items()}
    own = {code: Weight(level, level, line(f"levels.{code}")) for code, level in changed.items()}
    return {**BUILT_IN_LEVELS, **own}


def judged(*found: Observation, now: datetime = NOW, unchecked: Any = (), sources: Any = (), **policy: Any) -> Verdict:
    """The verdict of a policy on a plan of which everything is staged."""
    policy["allows"] = tuple(map(Allow.parse, policy.get("allows", ())))
    return judge(PLAN, staged_all(PLAN), Audit(found, tuple(unchecked), tuple(sources)), Settings(**policy), now)


def told(verdict: Verdict) -> list[tuple[str, str, str | None]]:
    """Code, level and waiver of each finding."""
    return [(item.observation.code, item.level.word, item.waived_by) for item in verdict.findings]


def vulnerable(*ids: str, item: Any = WEAK, **more: Any) -> Observation:
    """A vulnerability, of the package weak where nothing else is said."""
    return observed("vulnerability", item, group(*ids, **more))


def exception(what: str = "pysec-2026-1", packages: str | None = "weak", **more: Any) -> PolicyException:
    """An exception on line 7; it has a month to go, where nothing else is said."""
    glob, sign, specifier = packages.partition("<") if packages else ("", "", "")
    pattern = PackagePattern(glob, SpecifierSet(f"{sign}{specifier}")) if packages else None
    settled: dict[str, Any] = {"expires": TODAY + timedelta(days=30)}
    return PolicyException(what, line("exceptions", 7), pattern, **(settled | more))


def date_time(year: int, month: int) -> datetime:
    """The beginning of a month."""
    return datetime(year, month, 1, tzinfo=timezone.utc)


PLACE = "safe-pip.toml, line 7"

# --------------------------------------------------------------------------- levels


def test_the_last_override_that_names_the_code_decides_and_is_named() -> None:
    """A verdict that does not say which line caused it cannot be reviewed."""
    overrides = tuple(
        Override(PackagePattern(glob), {code: Weight(level, level, line(glob, number))})
        for number, (glob, code, level) in enumerate(
            [("we*", "yanked", Level.NOTE), ("weak", "yanked", Level.BLOCK), ("weak", "malware", Level.NOTE)], start=1
        )
    )
    verdict = judged(observed("yanked", WEAK), observed("yanked", DEEP), overrides=overrides)

    assert [(item.observation.name, item.level.word, str(item.because)) for item in verdict.findings] == [
        ("weak", "block", "weak (safe-pip.toml, line 2)"),
        ("deep", "warn", 'levels.yanked = {install = "warn", audit = "allow"} (built in)'),
    ]


@pytest.mark.parametrize(
    ("table", "about", "level", "because"),
    [
        (Vulnerabilities(), {}, Level.BLOCK, 'levels.vulnerability = "block"'),
        (Vulnerabilities(), UNFIXED, Level.WARN, 'vulnerabilities.unfixable = "warn"'),
        (Vulnerabilities(block_at="high"), {"severity": "high"}, Level.BLOCK, 'levels.vulnerability = "block"'),
        (Vulnerabilities(block_at="high"), {"severity": "medium"}, Level.WARN, 'vulnerabilities.block-at = "high"'),
        (
            Vulnerabilities(block_at="high", lines={"block-at": line("block-at", 3)}),
            {"severity": "low"},
            Level.WARN,
            "block-at",
        ),
        (Vulnerabilities(block_at="high"), {"severity": None}, Level.BLOCK, 'levels.vulnerability = "block"'),
        (
            Vulnerabilities(
                block_at="high",
                unknown_severity="low",
                lines={"unknown-severity": line("unknown-severity"), "block-at": line("block-at")},
            ),
            {"severity": None},
            Level.WARN,
            "unknown-severity",
        ),
        (
            Vulnerabilities(block_at="high", below=Level.NOTE),
            {"severity": "low", **UNFIXED},
            Level.NOTE,
            'vulnerabilities.block-at = "high"',
        ),
        (Vulnerabilities(unfixable=Level.BLOCK), UNFIXED, Level.BLOCK, 'levels.vulnerability = "block"'),
        (Vulnerabilities(below=Level.ALLOW, block_at="high"), {"severity": "low"}, Level.ALLOW, None),
    ],
)
def test_the_table_of_vulnerabilities(
    table: Vulnerabilities, about: dict[str, Any], level: Level, because: str | None
) -> None:
    """Each value of the table decides what it says it decides, and is named where it does."""
    level_found, line_found = weigh(vulnerable(**about), Settings(vulnerabilities=table), "install")

    assert level_found is level
    assert because is None or line_found.setting == because


def test_the_scope() -> None:
    """With ``direct``, what others pull in is told and stands against nothing; chains say who does."""
    verdict = judged(vulnerable(), vulnerable("X-2", item=DEEP), vulnerabilities=Vulnerabilities(scope="direct"))

    assert [(item.observation.name, item.level.word) for item in verdict.findings] == [
        ("weak", "block"),
        ("deep", "note"),
    ]


EPSS = Raise("epss.csv", 0.5, line("epss"))
KEV = Raise("kev.json", None, line("kev"))


@pytest.mark.parametrize(
    ("about", "level", "because"),
    [
        ({"epss": 0.5}, Level.BLOCK, "epss"),
        ({"epss": 0.49}, Level.WARN, None),
        ({"epss": None}, Level.WARN, None),
        ({"kev": True}, Level.BLOCK, "kev"),
        ({"kev": True, "epss": 0.9}, Level.BLOCK, "kev"),
        ({"kev": True, **UNFIXED}, Level.BLOCK, "kev"),
    ],
)
def test_scores_and_lists_raise(about: dict[str, Any], level: Level, because: str | None) -> None:
    """What is exploited in the wild is no minor matter, whatever its base score is."""
    table = Vulnerabilities(block_at="critical", epss=EPSS, kev=KEV)
    found, line_found = weigh(vulnerable(severity="low", **about), Settings(vulnerabilities=table), "install")

    assert found is level
    assert because is None or line_found.setting == because


def test_what_blocks_anyway_is_not_raised() -> None:
    """The line that decides is that of the levels: to take the list away would change nothing."""
    weighed = weigh(vulnerable(kev=True), Settings(vulnerabilities=Vulnerabilities(kev=KEV)), "install")

    assert weighed.because.setting == 'levels.vulnerability = "block"'


def test_what_the_levels_allow_is_not_raised() -> None:
    """Somebody wrote that the findings of this package are not wanted, and a list from elsewhere does not know why."""
    override = Override(PackagePattern("weak"), {"vulnerability": Weight(Level.ALLOW, Level.ALLOW, line("override"))})
    verdict = judged(vulnerable(kev=True), overrides=(override,), vulnerabilities=Vulnerabilities(kev=KEV))

    assert isinstance(verdict, Approved)
    assert told(verdict) == []


# --------------------------------------------------------------------------- exceptions


@pytest.mark.parametrize(
    "made",
    [
        exception(),
        exception("cve-2026-1"),
        exception("vulnerability"),
        exception(packages=None),
        exception(packages="we*"),
        exception(packages="weak<2"),
        exception(expires=TODAY),
        exception(sha256=f"{0:064X}"),
    ],
)
def test_an_exception_covers(made: PolicyException) -> None:
    """Any id of the group, or the code; its last day counts; and the file and line of it stay in the report."""
    made = replace(made, reason="not reachable", justification="vulnerable_code_not_in_execute_path")
    verdict = judged(vulnerable("PYSEC-2026-1", "CVE-2026-1"), exceptions=(made,))

    assert isinstance(verdict, Approved)
    [finding] = verdict.findings
    assert (finding.level, finding.waived_by, finding.justification) == (
        Level.BLOCK,
        PLACE,
        "vulnerable_code_not_in_execute_path",
    )
    assert finding.exception is not None
    assert (finding.exception.reason, finding.exception.expires) == ("not reachable", made.expires)


@pytest.mark.parametrize(
    ("made", "remark"),
    [
        (exception("pysec-2026-2"), "exception-unused"),
        (exception("yanked"), "exception-unused"),
        (exception(packages="weaker"), None),
        (exception(packages="weak<1"), "exception-unused"),
        (exception(sha256="ab" * 32), "exception-unused"),
        (exception(expires=TODAY - timedelta(days=1)), "exception-expired"),
        (exception(expires=None, until_fixed=True), "exception-expired"),
    ],
)
def test_an_exception_does_not_cover(made: PolicyException, remark: str | None) -> None:
    """What it was not written for stays refused, and that it does nothing is told; of other packages it is no news."""
    verdict = judged(vulnerable(), exceptions=(made,))

    assert isinstance(verdict, Refused)
    assert told(verdict)[0] == ("vulnerability", "block", None)
    assert [code for code, _, _ in told(verdict)[1:]] == ([remark] if remark else [])
    assert remark is None or PLACE in verdict.findings[-1].observation.message


def test_the_last_day_is_one_of_utc() -> None:
    """The same everywhere: it ends with the day in UTC, wherever the machine is."""
    for now, kind in (
        (datetime(2026, 11, 20, 23, 59, tzinfo=timezone.utc), Approved),
        (datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=2))), Approved),
        (datetime(2026, 11, 21, tzinfo=timezone.utc), Refused),
        (datetime(2026, 11, 20, 22, tzinfo=timezone(timedelta(hours=-8))), Refused),
    ):
        assert isinstance(judged(vulnerable(), exceptions=(exception(expires=date(2026, 11, 20)),), now=now), kind)


def test_until_fixed() -> None:
    """It holds without an end while there is nothing newer that fixes it, and not where nothing could."""
    made = exception(expires=None, until_fixed=True)
    levels = leveled(yanked=Level.BLOCK)
    unfixable = Vulnerabilities(unfixable=Level.BLOCK)

    assert isinstance(judged(vulnerable(**UNFIXED), exceptions=(made,), vulnerabilities=unfixable), Approved)
    assert isinstance(judged(vulnerable(**UNFIXED), vulnerabilities=unfixable), Refused)
    assert isinstance(
        judged(observed("yanked", WEAK), exceptions=(replace(made, what="yanked"),), levels=levels), Refused
    )


@pytest.mark.parametrize(("days", "counts"), [(30, True), (31, False), (None, False)])
def test_the_longest_exception(days: int | None, counts: bool) -> None:
    """A limit that an exception without an end, or with one in a hundred years, could ignore would be none."""
    ends = TODAY + timedelta(days=days) if days is not None else None
    made = exception(expires=ends, until_fixed=days is None)
    verdict = judged(vulnerable(**UNFIXED), exceptions=(made,), longest_exception=timedelta(days=30))

    assert told(verdict)[0][2] == (PLACE if counts else None)
    assert ("exception-too-long" in [code for code, _, _ in told(verdict)]) is not counts


@pytest.mark.parametrize(
    ("made", "covers"),
    [
        (exception("mal-2026-1"), True),
        (exception("malware"), False),
        (exception("mal-2026-1", "we*"), False),
        (exception("mal-2026-1", None), False),
        (exception("ghsa-1"), False),
        (exception("mal-2026-2"), False),
    ],
)
def test_malware_is_excepted_by_its_id_and_package_only(made: PolicyException, covers: bool) -> None:
    """An exception for a vulnerability, or a pattern, must not let malware through that was found later."""
    verdict = judged(observed("malware", WEAK, group("MAL-2026-1", "GHSA-1", **UNFIXED)), exceptions=(made,))

    assert isinstance(verdict, Approved if covers else Refused)


def test_options_come_before_exceptions() -> None:
    """Who gave the option sees it at work; and the exception is not called unused for that."""
    verdict = judged(vulnerable(), exceptions=(exception(),), allows=("vulnerability:weak",))

    assert told(verdict) == [("vulnerability", "block", "vulnerability:weak")]


def test_the_policy_is_not_excepted_from_itself() -> None:
    """Else one line could silence what is said of all others; an option for one run may."""
    old = exception(expires=date(2026, 1, 1))
    levels = leveled(exception_expired=Level.BLOCK)
    silent = exception("exception-expired", None)
    aged = judged(sources=[source_of(as_of=date_time(2026, 1))], exceptions=(exception("old-advisories", None),))
    assert [waiver for code, _, waiver in told(aged) if code == "old-advisories"] == [None]
    found = observed("yanked", WEAK)

    assert isinstance(judged(found, exceptions=(replace(old, what="yanked"), silent), levels=levels), Refused)
    assert isinstance(
        judged(found, exceptions=(replace(old, what="yanked"),), levels=levels, allows=("exception-expired",)),
        Approved,
    )


def test_a_gap_is_excepted_where_it_could_be_waived() -> None:
    """A package that no source knows, for good; but never a file that could not be read."""
    made = exception("not-looked-up", "we*")
    gap = Unchecked("not-looked-up", "weak", "1.0", "it is private")
    verdict = judged(unchecked=[gap], exceptions=(made,))

    assert isinstance(verdict, Approved)
    assert [(item.waived_by, item.excepted) for item in verdict.unchecked] == [(PLACE, True)]
    wrong = replace(gap, code="unreadable-file")
    assert isinstance(judged(unchecked=[wrong], exceptions=(replace(made, what="unreadable-file"),)), Incomplete)


def test_the_first_exception_in_force_counts() -> None:
    """In the order of the file, whichever id each is written for; those after it are used as well."""
    first = replace(exception("cve-2026-1"), line=line("first", 1))
    ended = replace(exception(expires=date(2026, 1, 1)), line=line("ended", 0))
    verdict = judged(vulnerable("PYSEC-2026-1", "CVE-2026-1"), exceptions=(ended, first, exception()))

    assert told(verdict) == [
        ("vulnerability", "block", "safe-pip.toml, line 1"),
        ("exception-expired", "warn", None),
    ]


def test_a_thousand_exceptions() -> None:
    """A long list is looked at once a finding and not once for each of its lines: counted in calls, not in seconds."""
    many = tuple(exception(f"x-{n}", None) for n in range(1_000))
    calls = 0

    def count(frame: Any, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_name == "names"

    sys.setprofile(count)
    try:
        verdict = judged(*(vulnerable(f"X-{n}") for n in range(300)), exceptions=many)
    finally:
        sys.setprofile(None)
    assert isinstance(verdict, Approved)
    assert 300 <= calls < 1_000


def test_one_remark_an_exception() -> None:
    """However much it would have covered, there is one line to mend."""
    made = exception("vulnerability", None, expires=date(2026, 1, 1))
    verdict = judged(*(vulnerable(f"X-{n}") for n in range(50)), vulnerable("Y-1", item=DEEP), exceptions=(made,))

    remarks = [item.observation for item in verdict.findings if item.observation.code == "exception-expired"]
    assert [(item.name, item.version) for item in remarks] == [("", "")]


# --------------------------------------------------------------------------- the age of advisories


@pytest.mark.parametrize(
    ("age", "limits", "codes", "gaps"),
    [
        (timedelta(days=6), AdvisoryData(), [], []),
        (timedelta(days=8), AdvisoryData(), ["old-advisories"], []),
        (timedelta(days=-8), AdvisoryData(), ["old-advisories"], []),
        (timedelta(days=8), AdvisoryData(warn_after=None), [], []),
        (timedelta(days=31), AdvisoryData(incomplete_after=timedelta(days=30)), [], ["stale-advisories"]),
        (timedelta(days=29), AdvisoryData(incomplete_after=timedelta(days=30)), ["old-advisories"], []),
        (None, AdvisoryData(incomplete_after=timedelta(days=30)), [], ["stale-advisories"]),
    ],
)
def test_old_advisories(age: timedelta | None, limits: AdvisoryData, codes: list[str], gaps: list[str]) -> None:
    """What was learned long ago warns, then is no basis for a verdict, as far as the policy says."""
    source = source_of(as_of=None if age is None else NOW - age)
    verdict = judged(sources=[source], advisories=limits)

    assert [code for code, _, _ in told(verdict)] == codes
    assert [item.code for item in verdict.unchecked] == gaps
    assert isinstance(verdict, Incomplete if gaps else Approved)


def test_too_old_advisories_may_be_waived() -> None:
    """As today, for one run."""
    limits = AdvisoryData(incomplete_after=timedelta(days=1))
    old = [source_of(as_of=NOW - timedelta(days=2))]

    assert isinstance(judged(sources=old, advisories=limits, allows=("stale-advisories",)), Approved)


@pytest.mark.parametrize("code", ["advisories-unavailable", "stale-advisories"])
def test_a_source_that_cannot_be_had_may_be_a_warning(code: str) -> None:
    """Only where the policy says so; what stood against the verdict is then a finding that is seen."""
    gap = Unchecked(code, None, None, "osv did not answer.", "Try again.")
    about_one = Unchecked("undecidable-advisory", "weak", "1.0", "it cannot be compared")
    warn = AdvisoryData(unavailable="warn")

    assert isinstance(judged(unchecked=[gap]), Incomplete)
    assert told(judged(unchecked=[gap], advisories=warn)) == [("advisories-unavailable", "warn", None)]
    assert isinstance(judged(unchecked=[gap], advisories=warn), Approved)
    assert isinstance(judged(unchecked=[about_one], advisories=warn), Incomplete)


# --------------------------------------------------------------------------- properties

CHOSEN = st.sampled_from(["vulnerability", "yanked", "malware", "startup-hook", "too-new"])
EXCEPTIONS = st.builds(
    exception,
    st.sampled_from(["vulnerability", "yanked", "x-1", "cve-1", "mal-1", "malware", "startup-hook", "not-looked-up"]),
    st.sampled_from([None, "weak", "we*", "deep", "weak<1", "weak<2"]),
    expires=st.one_of(st.none(), st.dates(date(2026, 10, 1), date(2027, 3, 1))),
    until_fixed=st.booleans(),
    sha256=st.one_of(st.none(), st.just(f"{0:064x}")),
)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """Any finding about one of the two packages."""
    code = draw(CHOSEN)
    item = draw(st.sampled_from([WEAK, DEEP]))
    if code not in ("vulnerability", "malware"):
        return observed(code, item)
    names = draw(st.permutations(["X-1", "CVE-1", "GHSA-1"]))
    about = group(
        "MAL-1" if code == "malware" else names[0],
        *names[1:],
        severity=draw(st.sampled_from([None, "low", "medium", "high", "critical"])),
        epss=draw(st.one_of(st.none(), st.floats(0, 1))),
        kev=draw(st.booleans()),
        **draw(st.sampled_from([{}, UNFIXED])),
    )
    return observed(code, item, about)


LEVELS = st.sampled_from(list(Level))
TABLES = st.builds(
    Vulnerabilities,
    block_at=st.sampled_from(["low", "medium", "high", "critical"]),
    below=LEVELS,
    unknown_severity=st.sampled_from(["low", "medium", "high", "critical"]),
    unfixable=LEVELS,
    scope=st.sampled_from(["all", "direct"]),
)
FOUND = st.lists(observations(), max_size=4)
STRICTNESS = {Approved: 0, Incomplete: 1, Refused: 2}


@given(FOUND, st.lists(EXCEPTIONS, max_size=4), TABLES)
def test_exceptions_only_ever_waive_what_they_name(
    found: list[Observation], made: list[PolicyException], table: Vulnerabilities
) -> None:
    """They change no level, hide no finding, and without them the verdict is never more lenient."""
    bare = judged(*found, vulnerabilities=table)
    verdict = judged(*found, vulnerabilities=table, exceptions=tuple(made))

    def levels(verdict: Verdict) -> list[tuple[Level, str]]:
        about = [item for item in verdict.findings if CODES[item.observation.code].kind != "policy"]
        return [(item.level, item.observation.message) for item in about]

    assert levels(verdict) == levels(bare)
    assert STRICTNESS[type(bare)] >= STRICTNESS[type(verdict)]


@given(FOUND, st.lists(EXCEPTIONS, max_size=4))
def test_expired_is_as_if_it_were_not_there(found: list[Observation], made: list[PolicyException]) -> None:
    """But for the finding that tells it."""
    ended = tuple(replace(one, expires=date(2026, 11, 19)) for one in made)

    def without_policy(verdict: Verdict) -> list[Finding]:
        return [item for item in verdict.findings if CODES[item.observation.code].kind != "policy"]

    assert without_policy(judged(*found, exceptions=ended)) == without_policy(judged(*found))


@given(FOUND, TABLES)
def test_scores_never_lower(found: list[Observation], table: Vulnerabilities) -> None:
    """A low score says that nobody has tried yet."""
    raising = replace(table, epss=EPSS, kev=KEV)
    for one in found:
        with_scores = weigh(one, Settings(vulnerabilities=raising), "install").level
        assert with_scores >= weigh(one, Settings(vulnerabilities=table), "install").level


@given(observations(), TABLES, LEVELS, LEVELS)
def test_a_lower_level_is_never_stricter(found: Observation, table: Vulnerabilities, one: Level, other: Level) -> None:
    """Raising a level can only tighten, whatever else the policy says: what lets a project's file tighten is that."""
    low, high = sorted((one, other))
    raising = replace(table, epss=EPSS, kev=KEV)
    weighed = [
        weigh(found, Settings(levels={found.code: Weight(level, level, line("x"))}, vulnerabilities=raising), "install")
        for level in (low, high)
    ]

    assert weighed[0].level <= weighed[1].level


@given(st.permutations(["PYSEC-1", "CVE-1", "GHSA-1"]), st.sampled_from(["pysec-1", "cve-1", "ghsa-1"]))
def test_any_alias_will_do(names: list[str], what: str) -> None:
    """Whichever id a group is shown by, and whichever one a person knows."""
    assert isinstance(judged(vulnerable(*names), exceptions=(exception(what),)), Approved)
