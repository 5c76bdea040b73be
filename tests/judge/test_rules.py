"""What each rule finds, and what it says: facts in, observations out, and no level anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from judge.building import UNFIXED, group, plan_of, planned
from safe_pip.facts import FileFacts, Hook, InstalledFacts, Native, Problem
from safe_pip.model import CoreMetadata, DistributionFile, Mismatch, Observation, PlannedInstall
from safe_pip.rules import CANDIDATE_RULES, PLAN_RULES, observe_one
from safe_pip.rules.facts import Facts

ELSEWHERE = frozenset(
    {"changed-publisher", "direct-url", "hash-missing", "index-change", "index-confusion", "invalid-provenance"}
    | {"late-file", "license-not-allowed", "license-unknown", "lost-provenance", "lost-wheels", "name-confusion"}
    | {"source-not-allowed", "trusted-host", "vcs-not-pinned"}
    | {"archived", "denied-package", "deprecated", "quarantined", "too-new", "unknown-age"}
)
"""Of what the index and the sources tell: tests/rules and tests/avoiding."""
RULES = tuple(code for code in (*CANDIDATE_RULES, *PLAN_RULES) if code not in ELSEWHERE)
WEAK = planned("Weak", "1.0", chain=("top", "weak"))
OTHER = planned("other")
PROBLEM_CODES = ("unsafe-archive", "record-mismatch", "unrecorded-code")


def found_by(code: str, *install: PlannedInstall, **facts: Any) -> list[Observation]:
    """What one rule finds in a plan."""
    return list(observe_one(code, Facts(plan_of(*install), **facts)))


# --------------------------------------------------------------------------- every rule


def everything() -> Facts:
    """A plan with something for every rule."""
    yanked = planned("pulled", file=replace_file(planned("pulled"), yanked="oops"))
    updated = planned("updated", "1.0.1", replaces="1.0", metadata=CoreMetadata("updated", "1.0.1", ("more",)))
    mismatch = Mismatch("hash-mismatch", OTHER.name, "1.0", "other.whl", "--hash", "aa", "bb")
    return Facts(
        plan_of(WEAK, OTHER, yanked, planned("source", build="it is a source archive"), updated),
        {WEAK.name: (group("MAL-2026-1"), group())},
        (mismatch, replace(mismatch, code="metadata-mismatch")),
        files={
            WEAK.name: FileFacts(
                problems=tuple(Problem(code, "weak.py", "it is odd") for code in PROBLEM_CODES),
                hooks=(Hook("weak.pth", "aa", "import weak", 1),),
                top_level=("json",),
                code={"json.py": "aa"},
                scripts=("pip",),
                native=(Native("weak.bin", "ELF", "3e00"),),
                pure=True,
            ),
            updated.name: FileFacts(hooks=(Hook("updated.pth", "bb", "import updated", 1),)),
        },
        installed=InstalledFacts(
            hooks={updated.name: (Hook("updated.pth", "aa"),)},
            versions={updated.name: "1.0"},
            requires_dist={updated.name: ()},
        ),
    )


def replace_file(item: PlannedInstall, **more: Any) -> DistributionFile:
    """The file of something planned, with other fields."""
    return item.file._replace(**more)


@pytest.mark.parametrize("code", RULES)
def test_a_rule_gives_its_own_code_and_says_what_and_what_to_do(code: str) -> None:
    """Levels, waivers and headings go by the code: a rule that borrowed another's would be weighed as that one."""
    [found] = observe_one(code, everything())

    assert found.code == code
    assert found.message.strip()
    assert found.help.strip()
    assert found.chain[-1] == found.name


def test_a_hook_in_a_folder_that_another_package_adds() -> None:
    """Two packages of one attacker may share the work: one adds the folder, the other one fills it."""
    files = {
        WEAK.name: FileFacts(added=("lib",), code={"weak.pth": "aa"}),
        OTHER.name: FileFacts(code={"lib/sitecustomize.py": "bb"}),
    }

    [found] = found_by("startup-hook", WEAK, OTHER, files=files)

    assert found.name == OTHER.name


@pytest.mark.parametrize("code", RULES)
def test_a_rule_finds_nothing_where_nothing_is(code: str) -> None:
    """No false alarms, in an empty plan or a clean one."""
    assert found_by(code) == []
    assert found_by(code, WEAK, OTHER, advisories={WEAK.name: ()}) == []


@pytest.mark.parametrize("code", RULES)
def test_a_rule_is_pure(code: str) -> None:
    """The same facts give the same findings in the same order: a report can be compared with the last one."""
    assert list(observe_one(code, everything())) == list(observe_one(code, everything()))


# --------------------------------------------------------------------------- advisories


def test_malware_and_vulnerabilities_share_out_the_advisories() -> None:
    """Each group of advisories is found by exactly one of the two rules."""
    known = {WEAK.name: (group("MAL-2026-1"), group("PYSEC-2026-1"), group("PYSEC-2026-2", malware=True))}

    malware = found_by("malware", WEAK, advisories=known)
    vulnerable = found_by("vulnerability", WEAK, advisories=known)

    assert [found.advisory for found in malware] == [known[WEAK.name][0], known[WEAK.name][2]]
    assert [found.advisory for found in vulnerable] == [known[WEAK.name][1]]


def test_advisories_of_what_is_not_in_the_plan_say_nothing() -> None:
    """What is only kept, or was only considered, is not about to be installed."""
    known = {WEAK.name: (group(), group("MAL-2026-1"))}

    assert found_by("malware", OTHER, advisories=known) == []
    assert found_by("vulnerability", OTHER, advisories=known) == []


@pytest.mark.parametrize("code", ["malware", "vulnerability"])
def test_an_observation_carries_the_way_in(code: str) -> None:
    """The chain and the place where it was asked for come from the plan; without them a refusal has no way out."""
    about = group("MAL-2026-1" if code == "malware" else "PYSEC-2026-1")

    [found] = found_by(code, WEAK, advisories={WEAK.name: (about,)})

    assert (found.name, found.version, found.chain, found.origin) == (WEAK.name, "1.0", ("top", "weak"), None)
    assert found.advisory is about


@pytest.mark.parametrize(
    ("code", "about", "message", "help"),
    [
        ("vulnerability", group(summary=""), "PYSEC-2026-1 affects weak 1.0.", "Fixed in weak 1.1."),
        ("vulnerability", group(), "PYSEC-2026-1 is bad", "Fixed in weak 1.1."),
        (
            "vulnerability",
            group(newer_fixes=("1.1", "2.1"), suggested_fix="2.2"),
            "PYSEC-2026-1 is bad",
            "Fixed in weak 2.2.",
        ),
        (
            "vulnerability",
            group(newer_fixes=("1.1", "2.1"), suggested_fix=None),
            "PYSEC-2026-1 is bad",
            "Fixed in weak 1.1, but no newer version that can be had here is free of every advisory.",
        ),
        ("vulnerability", group(**UNFIXED), "PYSEC-2026-1 is bad", "No fixed version is known."),
        (
            "vulnerability",
            group(**(UNFIXED | {"fix_versions": ("0.9",)})),
            "PYSEC-2026-1 is bad",
            "No fixed version is known.",
        ),
        (
            "malware",
            group("MAL-1", summary="", **UNFIXED),
            "weak 1.0 is malicious.",
            "Do not install weak 1.0; check the name for a slip of the keys.",
        ),
        ("malware", group("MAL-1"), "MAL-1 is bad", "Use weak 1.1, which is clean."),
    ],
)
def test_what_is_said_of_an_advisory(code: str, about: Any, message: str, help: str) -> None:
    """A fix is named only where one is known, and only the one that is clean is said to be the way out."""
    [found] = found_by(code, WEAK, advisories={WEAK.name: (about,)})

    assert (found.message, found.help) == (message, help)


# --------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("it eats files", "other 1.0 is yanked: it eats files"),
        ("  it eats files \n", "other 1.0 is yanked: it eats files"),
        ("", "other 1.0 is yanked: no reason is given"),
        (" \t", "other 1.0 is yanked: no reason is given"),
    ],
)
def test_yanked(reason: str, said: str) -> None:
    """PEP 592 lets an index give no reason; an empty one is yanked all the same."""
    [found] = found_by("yanked", planned("other", file=replace_file(OTHER, yanked=reason)), WEAK)

    assert (found.code, found.name, found.message) == ("yanked", "other", said)


@pytest.mark.parametrize(
    ("more", "said", "help"),
    [
        (
            {"metadata": CoreMetadata("source", "1.0", origin="sdist")},
            "source has to be built: it is a source archive.",
            "Ask for a version that has a wheel for this Python: --only-binary source.",
        ),
        (
            {"metadata": CoreMetadata("source", "", origin="none")},
            "source has to be built: it is a source archive. What it depends on is not known and not in this plan.",
            "Ask for a version that has a wheel for this Python: --only-binary source.",
        ),
        (
            {"metadata": CoreMetadata("source", "1.0", origin="pyproject"), "direct_url": "file:///source"},
            "source has to be built: it is a source archive.",
            "Give a wheel of it instead.",
        ),
    ],
)
def test_build_required(more: dict[str, Any], said: str, help: str) -> None:
    """A plan with a hole in it says so, and the advice is one that can be followed."""
    [found] = found_by("build-required", planned("source", build="it is a source archive", **more), WEAK)

    assert (found.message, found.help) == (said, help)


@pytest.mark.parametrize(
    ("code", "what", "said", "help"),
    [
        (
            "hash-mismatch",
            "--hash",
            "other.whl: --hash is aa, but the file has bb.",
            "If the new file is right, put its hash in your requirements.",
        ),
        (
            "hash-mismatch",
            "the index's sha256",
            "other.whl: the index's sha256 is aa, but the file has bb.",
            "Somebody may have tampered with it. Try again later, and tell whoever runs the index.",
        ),
        (
            "metadata-mismatch",
            "Requires-Dist",
            "other.whl: Requires-Dist is bb, where aa was expected.",
            "Do not use this file. Tell whoever runs the index, or publishes the package.",
        ),
    ],
)
def test_mismatches(code: Any, what: str, said: str, help: str) -> None:
    """Which of the two values is the file's own must be plain: one is right and the other an attack."""
    item = planned("other", chain=("top", "other"))
    mismatch = Mismatch(code, item.name, "1.0", "other.whl", what, "aa", "bb")

    [found] = found_by(code, WEAK, item, mismatches=(mismatch,))

    assert (found.message, found.help, found.chain) == (said, help, ("top", "other"))


@pytest.mark.parametrize("code", ["hash-mismatch", "metadata-mismatch"])
def test_a_mismatch_of_a_file_that_is_not_in_the_plan(code: Any) -> None:
    """Whoever lies while it is resolved is told, also where the plan was then made without it."""
    mismatch = Mismatch(code, OTHER.name, "9.9", "other-9.9.whl", "Name", "aa", "bb")

    [found] = found_by(code, WEAK, mismatches=(mismatch,))

    assert (found.name, found.version, found.chain, found.origin) == ("other", "9.9", ("other",), None)
    assert "other-9.9.whl" in found.message
