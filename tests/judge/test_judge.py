"""The verdict: which findings block, what a waiver reaches, in which order it is told, and what audit looks at."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from fakes import advisory, wheel
from judge.building import UNFIXED, audit_of, group, observed, plan_of, planned, staged_all
from safe_pip.advisories import Advisories
from safe_pip.advisories.database import Database, build
from safe_pip.advisories.record import record_from
from safe_pip.advisories.sources import Opened
from safe_pip.audit import audit
from safe_pip.errors import UsageError
from safe_pip.inspect.wheel import wheel_metadata
from safe_pip.judge import judge, level_of
from safe_pip.model import (
    Approved,
    Incomplete,
    Level,
    Mismatch,
    Observation,
    Plan,
    PolicyLine,
    Refused,
    Staged,
    StagedFile,
    Unchecked,
    Verdict,
)
from safe_pip.settings import Settings
from safe_pip.settings.levels import BUILT_IN_LEVELS, Weight
from safe_pip.settings.waivers import WAIVABLE_UNCHECKED, Allow

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
WEAK, OTHER = planned("weak"), planned("other")
PLAN = plan_of(WEAK, OTHER)


def judged(*found: Observation, allow: tuple[str, ...] = (), plan: Plan = PLAN, **more: Any) -> Verdict:
    """The verdict on a plan of which every wheel is staged."""
    unchecked = more.pop("unchecked", ())
    settings = Settings(allows=tuple(Allow.parse(text) for text in allow), **more)
    return judge(plan, staged_all(plan), audit_of(*found, unchecked=unchecked), settings, NOW)


def vulnerable(*ids: str, **more: Any) -> Observation:
    """A vulnerability of the package weak."""
    return observed("vulnerability", WEAK, group(*ids, **more))


# --------------------------------------------------------------------------- levels

LEVELS = {code: weight.install for code, weight in BUILT_IN_LEVELS.items() if weight.install > Level.ALLOW}


@pytest.mark.parametrize("code", list(LEVELS))
def test_the_level_of_every_code(code: str) -> None:
    """The built-in policy is a promise of the findings reference; a change of it must be a decision."""
    about = group("MAL-2026-1") if code == "malware" else group() if code == "vulnerability" else None

    verdict = judged(observed(code, WEAK, about))

    assert [finding.level for finding in verdict.findings] == [min(LEVELS[code], Level.BLOCK)]
    assert isinstance(verdict, Refused if LEVELS[code] >= Level.BLOCK else Approved)


@pytest.mark.parametrize(
    ("code", "about", "level"),
    [
        ("vulnerability", group(**UNFIXED), Level.WARN),
        ("vulnerability", group(**(UNFIXED | {"fix_versions": ("0.9",)})), Level.WARN),
        ("vulnerability", group(suggested_fix=None), Level.BLOCK),
        ("malware", group("MAL-2026-1", **UNFIXED), Level.BLOCK),
    ],
    ids=["no fix", "an older fix only", "a fix that is not clean", "malware without a fix"],
)
def test_only_a_vulnerability_without_a_newer_fix_is_a_warning(code: str, about: Any, level: Level) -> None:
    """Malware never has a fix to wait for; a fix that is known but cannot be had is no reason to wave it through."""
    assert level_of(observed(code, WEAK, about), Settings()) is level


@pytest.mark.parametrize("level", list(Level))
def test_levels_come_from_the_settings(level: Level) -> None:
    """What could not be avoided stands against the install as what blocks does; what is allowed is not told at all."""
    verdict = judged(observed("yanked", WEAK), levels={"yanked": Weight(level, level, PolicyLine("levels.yanked"))})

    assert isinstance(verdict, Refused if level >= Level.BLOCK else Approved)
    assert [finding.level for finding in verdict.findings] == ([min(level, Level.BLOCK)] if level > Level.ALLOW else [])


# --------------------------------------------------------------------------- waivers


@pytest.mark.parametrize(
    "allow",
    [
        "PYSEC-2026-1",
        "pysec-2026-1",
        "CVE-2026-1",
        "ghsa-ABCD-efgh-ijkl",
        "PYSEC-2026-1:weak",
        "PYSEC-2026-1:WEAK",
        " PYSEC-2026-1 : weak ",
        "vulnerability",
        "VULNERABILITY:weak",
    ],
)
def test_a_waiver_lets_through_and_stays_visible(allow: str) -> None:
    """Any id of the group or the code, in any case; and the finding keeps its level and says what waived it."""
    verdict = judged(vulnerable("PYSEC-2026-1", "CVE-2026-1", "GHSA-abcd-efgh-ijkl"), allow=(allow,))

    assert isinstance(verdict, Approved)
    [finding] = verdict.findings
    assert (finding.level, finding.waived_by, finding.blocks) == (Level.BLOCK, allow, False)
    assert verdict.unused_allows == ()


@pytest.mark.parametrize("spelling", ["zope.interface", "Zope_Interface", "ZOPE--interface", "zope-interface"])
def test_a_package_may_be_spelled_otherwise(spelling: str) -> None:
    """PEP 503 has one name for all of them, and people write what their requirements say."""
    item = planned("zope.interface")
    found = observed("vulnerability", item, group())

    assert isinstance(judged(found, plan=plan_of(item), allow=(f"vulnerability:{spelling}",)), Approved)


@pytest.mark.parametrize(
    "allow",
    [
        "PYSEC-2026-1:other",
        "PYSEC-2026-1:weakest",
        "PYSEC-2026-10",
        "PYSEC-2026",
        "malware",
        "malware:weak",
        "weak",
        "*",
        "all",
        "high",
        "vuln",
        "no-such-code",
        "no-such-code:weak",
    ],
)
def test_a_waiver_reaches_no_further_than_it_says(allow: str) -> None:
    """No prefixes, no patterns, no severities; and what waived nothing is told, for it may be a slip of the keys."""
    verdict = judged(vulnerable(), allow=(allow,))

    assert isinstance(verdict, Refused)
    assert verdict.findings[0].waived_by is None
    assert verdict.unused_allows == (allow,)


@pytest.mark.parametrize("text", ["", " ", ":", ":weak", "  :weak", "PYSEC-2026-1:", "PYSEC-2026-1:  "])
def test_a_waiver_that_names_nothing_is_an_error(text: str) -> None:
    """A variable that was empty in somebody's script must not waive everything, nor be passed over."""
    with pytest.raises(UsageError, match="names nothing") as caught:
        Allow.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize("allow", ["RHSA-2026:1234", "rhsa-2026:1234", "RHSA-2026:1234:weak"])
def test_an_id_with_a_colon_in_it(allow: str) -> None:
    """Some databases have such ids; the option that the report offers must work for them too."""
    verdict = judged(vulnerable("RHSA-2026:1234"), allow=(allow,))

    assert isinstance(verdict, Approved)
    assert verdict.findings[0].waived_by == allow


@pytest.mark.parametrize("allow", ["RHSA-2026:1234:other", "RHSA-2026", "RHSA-2026:weak", "1234"])
def test_a_part_of_an_id_with_a_colon_waives_nothing(allow: str) -> None:
    """Nor does one for another package."""
    assert isinstance(judged(vulnerable("RHSA-2026:1234"), allow=(allow,)), Refused)


def test_a_waiver_is_for_one_package_where_it_names_one() -> None:
    """One advisory about two packages, waived for one of them."""
    found = [observed("vulnerability", item, group()) for item in (WEAK, OTHER)]

    one = judged(*found, allow=("PYSEC-2026-1:weak",))
    both = judged(*found, allow=("PYSEC-2026-1",))

    assert isinstance(one, Refused)
    assert {finding.observation.name: finding.waived_by for finding in one.findings} == {
        "weak": "PYSEC-2026-1:weak",
        "other": None,
    }
    assert isinstance(both, Approved)


def test_a_waiver_that_another_one_made_needless_is_not_called_a_slip() -> None:
    """Both matched: "matched nothing here" would send somebody looking for a mistake that is none."""
    verdict = judged(vulnerable("PYSEC-2026-1", "CVE-2026-1"), allow=("vulnerability", "CVE-2026-1:weak", "malware"))

    assert verdict.findings[0].waived_by == "vulnerability"
    assert verdict.unused_allows == ("malware",)


def test_a_warning_can_be_waived_too() -> None:
    """It is then told as waived, not as a warning."""
    verdict = judged(observed("yanked", WEAK), allow=("yanked:weak",))

    assert isinstance(verdict, Approved)
    assert verdict.findings[0].waived_by == "yanked:weak"


# --------------------------------------------------------------------------- what could not be checked

UNCHECKED = [
    "stale-advisories",
    "unreadable-page",
    "undecidable-advisory",
    "advisories-unavailable",
    "unreadable-file",
    "not-looked-up",
    "unknown-version",
    "unknown-dependencies",
    "not-staged",
]


WAIVABLE = {
    "stale-advisories",
    "unreadable-page",
    "undecidable-advisory",
    "not-looked-up",
    "unreadable-provenance",
    "not-looked-for",
}


def gap(code: str, name: str | None = "weak", **more: Any) -> Unchecked:
    """Something that could not be checked."""
    return Unchecked(code, name, "1.0" if name else None, "it is broken", **more)


def test_which_gaps_may_be_waived() -> None:
    """The same six as in the findings reference."""
    assert WAIVABLE_UNCHECKED == WAIVABLE


@pytest.mark.parametrize("code", UNCHECKED)
@pytest.mark.parametrize("allow", ["{code}", "{code}:weak"])
def test_only_these_gaps_are_waived(code: str, allow: str) -> None:
    """A file that nobody could look into is not made clean by an option."""
    allow = allow.format(code=code)

    verdict = judged(unchecked=[gap(code)], allow=(allow,))

    waivable = code in WAIVABLE
    assert isinstance(verdict, Approved if waivable else Incomplete)
    assert [item.waived_by for item in verdict.unchecked] == [allow if waivable else None]


@pytest.mark.parametrize(
    ("item", "allow", "waived"),
    [
        (gap("undecidable-advisory", id="X-1"), "x-1", True),
        (gap("undecidable-advisory", id="X-1"), "X-1:weak", True),
        (gap("undecidable-advisory", id="X-1"), "X-1:other", False),
        (gap("undecidable-advisory", id="X-1"), "X-2", False),
        (gap("undecidable-advisory", id="X-1"), "undecidable-advisory:other", False),
        (gap("unreadable-page"), "unreadable-page:WEAK", True),
        (gap("unreadable-page"), "unreadable-page:other", False),
        (gap("unreadable-page"), "weak", False),
        (gap("unreadable-file", id="X-1"), "X-1", False),
        (gap("stale-advisories", None), "stale-advisories", True),
        (gap("stale-advisories", None), "stale-advisories:weak", False),
        (gap("advisories-unavailable", None), "stale-advisories", False),
        (gap("unreadable-page"), "vulnerability", False),
    ],
)
def test_how_far_a_waiver_of_a_gap_reaches(item: Unchecked, allow: str, waived: bool) -> None:
    """The same rules as for findings; and an id waives only where an id is what could not be decided."""
    verdict = judged(unchecked=[item], allow=(allow,))

    assert isinstance(verdict, Approved if waived else Incomplete)
    assert verdict.unused_allows == (() if waived else (allow,))


def test_the_starter_set_may_serve_only_where_that_is_waived_for_all() -> None:
    """``--allow stale-advisories:weak`` is about a package, and the age of the advisories is not."""
    assert Settings(allows=(Allow.parse("Stale-Advisories"),)).allows_code("stale-advisories")
    assert not Settings(allows=(Allow.parse("stale-advisories:weak"),)).allows_code("stale-advisories")
    assert not Settings(allows=(Allow.parse("vulnerability"),)).allows_code("stale-advisories")
    assert not Settings().allows_code("stale-advisories")


# --------------------------------------------------------------------------- the kind of verdict


@pytest.mark.parametrize(
    ("found", "gaps", "allow", "kind"),
    [
        ([], [], (), Approved),
        ([vulnerable()], [], (), Refused),
        ([], [gap("unreadable-page")], (), Incomplete),
        ([vulnerable()], [gap("unreadable-page")], (), Refused),
        ([vulnerable()], [gap("unreadable-page")], ("vulnerability",), Incomplete),
        ([vulnerable()], [gap("unreadable-page")], ("unreadable-page",), Refused),
        ([vulnerable()], [gap("unreadable-page")], ("unreadable-page", "vulnerability"), Approved),
        ([vulnerable(**UNFIXED)], [], (), Approved),
        ([vulnerable(), vulnerable("X-1")], [], ("X-1",), Refused),
        ([], [gap("unreadable-page"), gap("unreadable-page", "other")], ("unreadable-page:weak",), Incomplete),
    ],
)
def test_the_kind(found: list[Observation], gaps: list[Unchecked], allow: tuple[str, ...], kind: type) -> None:
    """What blocks outweighs what is missing, and one thing that nobody waived is enough."""
    assert type(judged(*found, unchecked=gaps, allow=allow)) is kind


@given(st.data())
def test_only_what_nothing_stands_against_is_approved(data: st.DataObject) -> None:
    """Promise 6, for any mixture of findings, gaps and waivers; and nothing that was found is ever left out."""
    items = [WEAK, OTHER]
    ids = st.sampled_from(["PYSEC-1", "MAL-2", "CVE-3"])
    observations = data.draw(
        st.lists(
            st.builds(
                lambda code, item, identifier: observed(
                    code, item, group(identifier) if code in ("malware", "vulnerability") else None
                ),
                st.sampled_from(list(LEVELS)),
                st.sampled_from(items),
                ids,
            ),
            max_size=5,
        )
    )
    gaps = data.draw(
        st.lists(st.builds(gap, st.sampled_from(UNCHECKED), st.sampled_from(["weak", "other"])), max_size=3)
    )
    whats = st.sampled_from([*LEVELS, *UNCHECKED, "PYSEC-1", "MAL-2", "CVE-3"])
    allows = data.draw(
        st.lists(st.builds(str.__add__, whats, st.sampled_from(["", ":weak", ":other"])), max_size=4, unique=True)
    )

    verdict = judged(*observations, unchecked=gaps, allow=tuple(allows))

    def waived(code: str, name: str, identifier: str | None) -> bool:
        given_for = {allow.partition(":")[0] for allow in allows if allow.partition(":")[2] in ("", name)}
        return bool({code, identifier} & given_for)

    blocks = any(
        LEVELS[found.code] >= Level.BLOCK
        and not waived(found.code, found.name, found.advisory.id if found.advisory else None)
        for found in observations
    )
    missing = any(
        item.code not in WAIVABLE_UNCHECKED or not waived(item.code, str(item.name), item.id) for item in gaps
    )
    assert type(verdict) is (Refused if blocks else Incomplete if missing else Approved)
    assert sorted(map(repr, observations)) == sorted(repr(finding.observation) for finding in verdict.findings)
    assert [item.code for item in verdict.unchecked[: len(gaps)]] == [item.code for item in gaps]
    assert set(verdict.unused_allows) <= set(allows)


# --------------------------------------------------------------------------- what lies staged


def test_what_is_not_staged_cannot_be_approved() -> None:
    """Promise 2: without the very bytes there is nothing to install, whatever is waived."""
    staged = Staged(Path("private"), {})
    mismatch = observed("hash-mismatch", WEAK)
    settings = Settings(allows=(Allow.parse("hash-mismatch"), Allow.parse("not-staged")))

    verdict = judge(plan_of(WEAK), staged, audit_of(mismatch), settings, NOW)

    assert isinstance(verdict, Incomplete)
    [item] = verdict.unchecked
    assert (item.code, item.name, item.version, item.waived_by) == ("not-staged", "weak", "1.0", None)
    assert item.reason == "weak-1.0-py3-none-any.whl was not kept"


@pytest.mark.parametrize("allow", [(), ("build-required",), ("build-required:source", "not-staged")])
def test_a_build_is_never_approved(allow: tuple[str, ...]) -> None:
    """Also where an archive was fetched and the build was waived: nothing of it may run."""
    item = planned("source", build="it is a source archive")
    plan = plan_of(item)
    staged = Staged(Path("private"), {item.name: StagedFile(item.name, Path("source.tar.gz"), "0" * 64, 1)})

    verdict = judge(
        plan, staged, audit_of(observed("build-required", item)), Settings(allows=tuple(map(Allow.parse, allow))), NOW
    )

    assert isinstance(verdict, Incomplete if allow else Refused)
    assert [gap.code for gap in verdict.unchecked] == (["not-staged"] if allow else [])


def test_what_is_told_already_is_not_told_twice() -> None:
    """A file that could not be fetched has no bytes; one line about it is enough."""
    verdict = judge(
        PLAN,
        Staged(Path("private"), {}),
        audit_of(vulnerable(), unchecked=[gap("unreadable-file", "other")]),
        Settings(),
        NOW,
    )

    assert [item.code for item in verdict.unchecked] == ["unreadable-file"]


def test_a_waived_gap_does_not_hide_that_the_file_is_missing() -> None:
    """Waiving the page of a package must not approve a package without bytes."""
    verdict = judge(
        plan_of(WEAK),
        Staged(Path("private"), {}),
        audit_of(unchecked=[gap("unreadable-page")]),
        Settings(allows=(Allow.parse("unreadable-page"),)),
        NOW,
    )

    assert isinstance(verdict, Incomplete)
    assert [item.code for item in verdict.unchecked] == ["unreadable-page", "not-staged"]


# --------------------------------------------------------------------------- order


def test_the_worst_comes_first() -> None:
    """By level, then what is not a mere vulnerability, then by score, name and id."""
    found = [
        observed("vulnerability", OTHER, group("PYSEC-3", score=9.8, severity="critical")),
        observed("vulnerability", WEAK, group("PYSEC-1", score=9.8, severity="critical")),
        observed("vulnerability", WEAK, group("PYSEC-9")),
        observed("vulnerability", OTHER, group("PYSEC-2", score=5.0, severity="medium")),
        observed("vulnerability", WEAK, group("PYSEC-7", score=9.9, **UNFIXED)),
        observed("yanked", WEAK),
        observed("malware", WEAK, group("MAL-1")),
        observed("hash-mismatch", WEAK),
    ]
    expected = [
        ("weak", "malware", "MAL-1"),
        ("weak", "hash-mismatch", None),
        ("other", "vulnerability", "PYSEC-3"),
        ("weak", "vulnerability", "PYSEC-1"),
        ("other", "vulnerability", "PYSEC-2"),
        ("weak", "vulnerability", "PYSEC-9"),
        ("weak", "yanked", None),
        ("weak", "vulnerability", "PYSEC-7"),
    ]
    for seed in range(20):
        shuffled = random.Random(seed).sample(found, len(found))
        told = [finding.observation for finding in judged(*shuffled).findings]
        assert [(item.name, item.code, item.advisory.id if item.advisory else None) for item in told] == expected


# --------------------------------------------------------------------------- audit

Known = Callable[..., Advisories]


@pytest.fixture
def known(tmp_path: Path) -> Any:
    """Advisories of raw records; closed at the end of the test."""
    made = []

    def make(*records: Mapping[str, Any]) -> Advisories:
        moment = datetime(2026, 11, 20, tzinfo=timezone.utc)
        place = tmp_path / f"known-{len(made)}.db"
        build(place, [record_from(record) for record in records], {})
        made.append(Advisories([Opened(Database(place), "test", moment)], moment))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def real_wheel(tmp_path: Path) -> Callable[..., tuple[Plan, Staged]]:
    """A plan of one real wheel, staged as it is. resolved: fields of the metadata that it was resolved with."""

    def make(
        content: bytes | None = None, filename: str | None = None, called: str = "weak", **resolved: Any
    ) -> tuple[Plan, Staged]:
        path = wheel(
            tmp_path, "weak", "1.0", metadata_name=called, requires=["lib>=1"], requires_python=">=3.9", extras=["more"]
        )
        with path.open("rb") as file:
            own = wheel_metadata(file, "weak", "wheel")
        if content is not None:
            path.write_bytes(content)
        item = planned("weak", metadata=replace(own, **resolved))
        item = replace(item, file=item.file._replace(filename=filename or path.name))
        return plan_of(item), Staged(tmp_path, {item.name: StagedFile(item.name, path, "0" * 64, 1)})

    return make


def test_audit_asks_for_every_package_and_every_rule(known: Known, real_wheel: Any) -> None:
    """One vulnerable, one malicious and one clean package; the sources are carried into the report."""
    evil = planned("evil", chain=("weak", "evil"))
    plan, staged = real_wheel()
    plan = plan_of(*plan.install, evil, OTHER)
    events = [{"introduced": "0"}, {"fixed": "1.1"}]

    found = audit(plan, staged, known(advisory("PYSEC-1", "Weak", events=events), advisory("MAL-1", "evil")))

    assert [(item.code, item.name, item.advisory.id) for item in found.observations if item.advisory] == [
        ("malware", "evil", "MAL-1"),
        ("vulnerability", "weak", "PYSEC-1"),
    ]
    assert len(found.observations) == 2
    assert found.unchecked == ()
    assert [(source.source, source.records) for source in found.sources] == [("test", 2)]


def test_audit_suggests_what_the_index_has(known: Known, real_wheel: Any) -> None:
    """The versions that could be had decide on the fix, not only what an advisory names."""
    plan, staged = real_wheel()
    record = advisory("PYSEC-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}])
    available = {plan.install[0].name: tuple(map(Version, ("1.0", "1.2", "1.3")))}

    found = audit(replace(plan, available=available), staged, known(record))

    assert [item.help for item in found.observations] == ["Fixed in weak 1.2."]


def test_audit_carries_every_gap_along(known: Known) -> None:
    """Promise 6: what resolving, staging and opening could not do is in the verdict, each once, in that order."""
    gaps = [gap(code, None) for code in ("unreadable-page", "unreadable-file", "stale-advisories")]
    plan = plan_of(unchecked=(gaps[0],))

    assert audit(plan, Staged(Path("x"), unchecked=(gaps[1],)), None, (gaps[2],)).unchecked == tuple(gaps)
    assert audit(
        plan, Staged(Path("x"), unchecked=(gaps[1],)), known(advisory("X-1", "x")), (gaps[2],)
    ).unchecked == tuple(gaps)


def test_audit_carries_every_mismatch_along() -> None:
    """A hash that was wrong while resolving blocks as much as one that was wrong while staging."""
    mismatches = [Mismatch("hash-mismatch", WEAK.name, "1.0", f"{n}.whl", "sha256", "a", "b") for n in (1, 2)]

    found = audit(
        plan_of(mismatches=(mismatches[0],)), Staged(Path("x"), mismatches=(mismatches[1],)), None, (gap("x"),)
    )

    assert [item.message[:5] for item in found.observations] == ["1.whl", "2.whl"]


def test_a_version_that_is_not_known_is_a_gap(known: Known) -> None:
    """What has no version before it is built cannot be looked up; that is not the same as clean."""
    item = planned("source", "", build="it is a checkout")

    found = audit(plan_of(item), Staged(Path("x")), known(advisory("PYSEC-1", "source")))

    assert [(gap.code, gap.name, gap.version) for gap in found.unchecked] == [("unknown-version", "source", None)]
    assert [item.code for item in found.observations] == ["build-required"]


def test_an_advisory_that_cannot_be_decided_is_a_gap(known: Known, real_wheel: Any) -> None:
    """It names the advisory, so that a person can read it and waive it by name."""
    plan, staged = real_wheel()
    odd = advisory("X-1", "weak", events=[{"introduced": "0"}, {"fixed": "next tuesday"}])

    found = audit(plan, staged, known(odd))

    assert [(gap.code, gap.name, gap.version, gap.id) for gap in found.unchecked] == [
        ("undecidable-advisory", "weak", "1.0", "X-1")
    ]
    assert "--allow X-1:weak" in found.unchecked[0].help


def test_a_wheel_that_says_what_was_resolved_is_clean(real_wheel: Any) -> None:
    """No mismatch where nothing differs."""
    plan, staged = real_wheel()

    found = audit(plan, staged, None)

    assert found.observations == ()
    assert found.unchecked == ()


@pytest.mark.parametrize(
    ("resolved", "what"),
    [
        ({"requires_dist": ()}, "Requires-Dist"),
        ({"requires_dist": ("lib>=1", "evil")}, "Requires-Dist"),
        ({"requires_python": None}, "Requires-Python"),
        ({"version": "1.1"}, "Version"),
        ({"name": "strong"}, "Name"),
    ],
)
def test_a_wheel_that_says_something_else_than_was_resolved(real_wheel: Any, resolved: Any, what: str) -> None:
    """The sidecar that lies: resolved with other dependencies than those that would be installed."""
    plan, staged = real_wheel(**resolved)

    found = audit(plan, staged, None)

    assert [item.code for item in found.observations] == ["metadata-mismatch"]
    assert what in found.observations[0].message


@pytest.mark.parametrize(
    ("filename", "said"),
    [
        ("strong-1.0-py3-none-any.whl", "Name is weak, where strong (its file name) was expected."),
        ("weak-1.1-py3-none-any.whl", "Version is 1.0, where 1.1 (its file name) was expected."),
    ],
)
def test_a_wheel_whose_name_says_something_else(real_wheel: Any, filename: str, said: str) -> None:
    """The file name is what was chosen; a wheel of another project under that name is an attack."""
    plan, staged = real_wheel(filename=filename)

    found = audit(plan, staged, None)

    assert [(item.code, item.message) for item in found.observations] == [("metadata-mismatch", f"{filename}: {said}")]


@pytest.mark.parametrize("name", ["weak", "Weak", "WEAK"])
@pytest.mark.parametrize(
    "filename", ["Weak-1.0-py3-none-any.whl", "weak-1-py3-none-any.whl", "weak-1.0.0-py3-none-any.whl"]
)
def test_a_wheel_whose_name_is_spelled_otherwise_is_clean(real_wheel: Any, filename: str, name: str) -> None:
    """1.0 and 1.0.0 are one version, Weak and weak one name, in the file's name and in what it says itself."""
    plan, staged = real_wheel(filename=filename, called=name)

    assert audit(plan, staged, None).observations == ()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\5\6" + b"\0" * 18])
def test_a_wheel_that_cannot_be_read_is_a_gap(real_wheel: Any, content: bytes) -> None:
    """Nothing was found in it because nothing could be looked at."""
    plan, staged = real_wheel(content)

    found = audit(plan, staged, None)

    assert [(gap.code, gap.name, gap.version) for gap in found.unchecked] == [("unreadable-file", "weak", "1.0")]
    assert "weak-1.0-py3-none-any.whl cannot be inspected: " in found.unchecked[0].reason
