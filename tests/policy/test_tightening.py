"""A project's own file may only tighten: whatever it says, nothing gets in that would not have got in without it."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from policy.writing import Machine
from safe_pip.codes import CODES
from safe_pip.model import Level
from safe_pip.policy.merging import overlap
from safe_pip.policy.strictness import strictness
from safe_pip.policy.toml_text import text_of
from safe_pip.settings import Settings
from safe_pip.settings.patterns import PackagePattern

NAMES = ("acme-log", "acme-core", "foo", "bar")
VERSIONS = ("1.0", "3.0")
INDEXES = ("https://a.example/simple/", "https://b.example/simple/", "https://c.example/simple/")
LICENSES = ("MIT", "ISC", "0BSD", "LicenseRef-Acme")
SEVERITIES = ("low", "medium", "high", "critical")


# --------------------------------------------------------------------------- random policies

patterns = some.sampled_from(("*", "acme-*", "acme-log", "*-core", "foo", "foo<2", "bar"))
codes = some.sampled_from(("malware", "yanked", "too-new", "hash-missing", "license-unknown"))
excepted = some.sampled_from(("yanked", "too-new", "hash-missing", "license-unknown"))
words = some.sampled_from([level.word for level in Level])
levels = some.one_of(words, some.dictionaries(some.sampled_from(("install", "audit")), words, min_size=1))
rest = some.sampled_from(("allow", "note", "warn", "block"))
durations = some.sampled_from(("0h", "1h", "24h", "3d", "9w"))
never = some.one_of(durations, some.just("never"))
severities = some.sampled_from(SEVERITIES)
indexes = some.sampled_from(INDEXES)
licenses = some.lists(some.sampled_from(LICENSES), max_size=3)


def table(**keys: some.SearchStrategy[Any]) -> some.SearchStrategy[dict[str, Any]]:
    """A table with any of some keys."""
    return some.fixed_dictionaries({}, optional={name.replace("_", "-"): value for name, value in keys.items()})


TABLES = {
    "levels": some.dictionaries(codes, levels, max_size=4),
    "overrides": some.lists(
        some.fixed_dictionaries(
            {"packages": some.lists(patterns, min_size=1, max_size=2), "levels": some.dictionaries(codes, levels)}
        ),
        max_size=3,
    ),
    "vulnerabilities": table(
        block_at=severities,
        below=rest,
        unknown_severity=severities,
        unfixable=rest,
        scope=some.sampled_from(("all", "direct")),
        epss=some.fixed_dictionaries({"source": some.sampled_from(("/a", "/b")), "at": some.sampled_from((0, 0.5, 1))}),
        kev=some.fixed_dictionaries({"source": some.sampled_from(("/a", "/b"))}),
    ),
    "exceptions": some.lists(
        some.fixed_dictionaries({"code": excepted, "package": patterns, "until-fixed": some.just(True)}), max_size=2
    ),
    "longest-exception": durations,
    "cooldown": table(
        minimum_age=durations,
        exempt_fixes=some.booleans(),
        indexes=some.dictionaries(indexes, durations),
        packages=some.dictionaries(patterns, durations, max_size=3),
    ),
    "sources": table(
        indexes=some.lists(indexes),
        pinned=some.dictionaries(patterns, indexes, max_size=2),
        require_hashes=some.booleans(),
    ),
    "packages": table(
        denied=some.lists(patterns, max_size=2),
        only_below=some.dictionaries(
            patterns, some.lists(some.sampled_from(NAMES), min_size=1, max_size=3), max_size=2
        ),
    ),
    "licenses": table(allow=licenses, packages=some.dictionaries(patterns, licenses, max_size=2)),
    "builds": table(allow=some.lists(patterns, max_size=2)),
    "advisories": table(
        sources=some.lists(some.sampled_from(("local", "osv", "/x")), min_size=1, max_size=2),
        warn_after=never,
        incomplete_after=never,
        unavailable=some.sampled_from(("incomplete", "warn")),
    ),
    "provenance": table(trust_root=some.sampled_from(("/a", "/b"))),
}
tables = some.fixed_dictionaries({}, optional=TABLES)
policies = some.fixed_dictionaries({"profiles": some.fixed_dictionaries({"ci": tables})}, optional=TABLES)


def written(policy: dict[str, Any]) -> str:
    """A policy as TOML, a key a line."""
    return "".join(f"{name} = {text_of(value)}\n" for name, value in policy.items())


def loaded(user: dict[str, Any], project: dict[str, Any] | None, extended: dict[str, Any]) -> Settings:
    """The settings with a user's policy, and a project's if there is one, which extends another one."""
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        (machine.project / ".git").mkdir(parents=True)
        machine.write(user=written(user))
        if project is not None:
            said = {**project, "extends": "base.toml", "may-relax": ["levels", "exceptions"]}
            machine.write(written(said), base=written(extended))
        return machine.load(profile="ci").settings


@settings(max_examples=150)
@given(policies, policies, policies)
def test_a_project_never_loosens(user: dict[str, Any], project: dict[str, Any], extended: dict[str, Any]) -> None:
    """The heart of it: a cloned repository is not asked what may be installed, be it by profiles or by extending."""
    before, after = loaded(user, None, {}), loaded(user, project, extended)

    for code in CODES:
        for name in NAMES:
            for version in VERSIONS:
                for command in ("install", "audit"):
                    old, new = (item.weight(code, name, version).of(command) for item in (before, after))  # type: ignore[arg-type]
                    assert strictness(new, code) >= strictness(old, code), (code, name, version, command)
    assert_no_younger(before, after)
    assert_no_fewer_vulnerabilities(before, after)
    assert after.exceptions == before.exceptions
    assert_no_longer(after.longest_exception, before.longest_exception)
    assert_no_more_sources(before, after)
    for name in NAMES:
        assert {str(item.packages) for item in before.packages.denied} <= {
            str(item.packages) for item in after.packages.denied
        }
        assert parents(after, name) <= parents(before, name)
        assert accepted(after, name) <= accepted(before, name)
    assert {*map(str, after.builds.allow)} <= {*map(str, before.builds.allow)}
    assert after.advisories.sources == before.advisories.sources
    assert after.provenance == before.provenance
    assert_no_longer(after.advisories.warn_after, before.advisories.warn_after)
    assert_no_longer(after.advisories.incomplete_after, before.advisories.incomplete_after)
    assert (before.advisories.unavailable, after.advisories.unavailable) != ("incomplete", "warn")


def assert_no_longer(new: timedelta | None, old: timedelta | None) -> None:
    """None is for ever."""
    assert (timedelta.max if new is None else new) <= (timedelta.max if old is None else old)


def assert_no_younger(before: Settings, after: Settings) -> None:
    """Counted as the rule does: the last that matches, of packages before those of indexes."""

    def age(policy: Settings, name: str, version: str, index: str) -> timedelta:
        of_packages = [age for pattern, age, _ in policy.cooldown.packages if pattern.matches(name, version)]
        of_indexes = [age for base, age, _ in policy.cooldown.indexes if base == index]
        return [policy.cooldown.minimum_age, *of_indexes, *of_packages][-1]

    for name in NAMES:
        for version in VERSIONS:
            for index in INDEXES:
                assert age(after, name, version, index) >= age(before, name, version, index)
    assert before.cooldown.exempt_fixes or not after.cooldown.exempt_fixes


def assert_no_fewer_vulnerabilities(before: Settings, after: Settings) -> None:
    """Each value by itself."""
    old, new = before.vulnerabilities, after.vulnerabilities
    assert SEVERITIES.index(new.block_at) <= SEVERITIES.index(old.block_at)
    assert SEVERITIES.index(new.unknown_severity) >= SEVERITIES.index(old.unknown_severity)
    assert new.below >= old.below
    assert new.unfixable >= old.unfixable
    assert (old.scope, new.scope) != ("all", "direct")
    for was, is_now in ((old.epss, new.epss), (old.kev, new.kev)):
        if was is not None:
            assert is_now is not None
            assert is_now.source == was.source
            assert (is_now.at or 0) <= (was.at or 0)


def assert_no_more_sources(before: Settings, after: Settings) -> None:
    """Whichever of several pins counts, it is the one from before; what only a project pins settles nothing."""
    if before.sources.indexes is not None:
        assert after.sources.indexes is not None
        assert {*after.sources.indexes} <= {*before.sources.indexes}
    assert after.sources.require_hashes or not before.sources.require_hashes
    for name in NAMES:
        old, new = ([pin for pin in item.sources.pinned if pin.packages.matches(name)] for item in (before, after))
        assert {pin.index for pin in old} <= {pin.index for pin in new}
        if old:
            assert {pin.index for pin in new} == {pin.index for pin in old}
        assert [pin for pin in new if pin.settles] == [pin for pin in old if pin.settles]


def parents(policy: Settings, name: str) -> set[str]:
    """Below which others a package may come in; "" stands for being asked for."""
    found = {*NAMES, ""}
    for rule in policy.packages.only_below:
        if rule.packages.matches(name):
            found &= {*rule.parents}
    return found


def accepted(policy: Settings, name: str) -> set[str]:
    """The licences that a package may have."""
    if policy.licenses.allow is None:
        return {*LICENSES, "any"}
    return {*policy.licenses.allow}.union(
        *(further for pattern, further, _ in policy.licenses.packages if pattern.matches(name))
    )


# --------------------------------------------------------------------------- by hand

LOOSENING = [
    ('[levels]\nmalware = "allow"', 'line 2: levels.malware = "allow"', "levels"),
    ('[levels]\nmalware = "avoid"', 'line 2: levels.malware = "avoid"', "levels"),
    ('[levels]\nmalware.audit = "warn"', 'line 2: levels.malware = {audit = "warn"}', "levels"),
    ('[[overrides]]\npackages = "*"\nlevels = {malware = "note"}', "line 3: [[overrides]] packages", "overrides"),
    ('[[exceptions]]\ncode = "yanked"\nuntil-fixed = true', 'line 1: [[exceptions]] code = "yanked"', "exceptions"),
    ('longest-exception = "9w"', 'line 1: longest-exception = "9w"', "longest-exception"),
    ('[cooldown]\nminimum-age = "23h"', 'line 2: cooldown.minimum-age = "23h"', "cooldown"),
    ('[cooldown]\npackages."acme-*" = "0h"', 'line 2: cooldown.packages."acme-*" = "0h"', "cooldown"),
    ('[cooldown]\nindexes."https://c.example/" = "0h"', 'line 2: cooldown.indexes."https://c.example/"', "cooldown"),
    ('[vulnerabilities]\nblock-at = "high"', 'line 2: vulnerabilities.block-at = "high"', "vulnerabilities"),
    ('[vulnerabilities]\nscope = "direct"', 'line 2: vulnerabilities.scope = "direct"', "vulnerabilities"),
    ('[sources]\nindexes = ["https://c.example/"]', "line 2: sources.indexes", "sources"),
    ('[sources.pinned]\nacme-log = "https://c.example/"', "line 2: sources.pinned.acme-log", "sources"),
    ('[licenses]\nallow = ["MIT", "ISC"]', 'line 2: licenses.allow = ["MIT", "ISC"]', "licenses"),
    ('[licenses.packages]\nfoo = "ISC"', 'line 2: licenses.packages.foo = "ISC"', "licenses"),
    ('[builds]\nallow = ["*"]', 'line 2: builds.allow = ["*"]', "builds"),
    ('[advisories]\nsources = ["empty/"]', 'line 2: advisories.sources = ["empty/"]', "advisories"),
    ('[advisories]\nincomplete-after = "never"', 'line 2: advisories.incomplete-after = "never"', "advisories"),
    ('[advisories]\nunavailable = "warn"', 'line 2: advisories.unavailable = "warn"', "advisories"),
    ('[provenance]\ntrust-root = "mine.json"', 'line 2: provenance.trust-root = "mine.json"', "provenance"),
]
STRICT = """
longest-exception = "2w"
[sources]
indexes = ["https://a.example/"]
pinned = {"acme-*" = "https://a.example/"}
[licenses]
allow = ["MIT"]
[advisories]
incomplete-after = "30d"
"""


@pytest.mark.parametrize(("text", "said", "name"), LOOSENING, ids=[said for _, said, _ in LOOSENING])
def test_what_would_loosen_is_told(machine: Machine, text: str, said: str, name: str) -> None:
    """Without effect, but not in silence: the author learns which line, and the user how to let it."""
    machine.write(text, user=STRICT)
    (note,) = machine.load().settings.notes
    why = "has no effect: a project may only tighten the policy."
    way = f'To let it, add may-relax = ["{name}"] to ~/.config/safe-pip/safe-pip.toml.'

    assert note.startswith(f"safe-pip.toml, {said}")
    assert note.endswith(f"{why} {way}")

    # The same line, where it is let, and where the user says it: it has an effect and no note.
    machine.write(text, user=f'may-relax = ["{name}"]\n{STRICT}')
    relaxed = machine.load().settings
    assert relaxed.notes == ()
    machine.write(text, user=STRICT, named=text)
    assert machine.load(named="named.toml").settings.notes == ()


@pytest.mark.parametrize(("text", "said", "name"), LOOSENING, ids=[said for _, said, _ in LOOSENING])
def test_a_profile_does_not_loosen(machine: Machine, text: str, said: str, name: str) -> None:
    """The same by the back door: ``--profile`` is the user's to choose, and what it holds is the project's."""
    header, *lines = text.split("\n")
    inner = header.replace("[[", "[[profiles.ci.") if "[[" in header else header.replace("[", "[profiles.ci.", 1)
    inner = inner if header.startswith("[") else f"profiles.ci.{header}"
    machine.write("\n".join([inner, *lines]), user=STRICT)

    assert len(machine.load(profile="ci").settings.notes) == 1


def test_what_tightens_counts(machine: Machine) -> None:
    """A team's project is worth reading: everything that makes it stricter has its effect, with its line."""
    machine.write(
        """
[levels]
yanked = "block"
[[overrides]]
packages = "acme-*"
levels = {archived = "block"}
[cooldown]
minimum-age = "7d"
packages = {"left-*" = "30d"}
[packages]
denied = ["pycrypto"]
[licenses]
allow = ["MIT"]
[sources]
pinned = {"acme-*" = "https://a.example/"}
""",
        user='[licenses]\nallow = ["ISC", "MIT"]\n',
    )
    settings = machine.load().settings

    assert settings.notes == ()
    assert str(settings.weight("yanked", "foo", "1").line) == 'levels.yanked = "block" (safe-pip.toml, line 3)'
    assert settings.weight("archived", "acme-log", "1").install is Level.BLOCK
    assert settings.cooldown.minimum_age == timedelta(days=7)
    assert [(str(pattern), age.days) for pattern, age, _ in settings.cooldown.packages] == [("left-*", 30)]
    assert [str(item.packages) for item in settings.packages.denied] == ["pycrypto"]
    assert settings.licenses.allow == ("MIT",)
    assert [(pin.index, pin.settles) for pin in settings.sources.pinned] == [("https://a.example/", False)]


def test_some_of_a_value_counts(machine: Machine) -> None:
    """Of a list that is half wider, what is narrower counts; of levels for two commands, the one that is higher."""
    machine.write(
        '[licenses]\nallow = ["MIT", "ISC"]\n[levels]\nyanked = {install = "allow", audit = "block"}\n',
        user='[licenses]\nallow = ["0BSD", "MIT"]\n',
    )
    loaded = machine.load()

    assert loaded.settings.licenses.allow == ("MIT",)
    weight = loaded.settings.levels["yanked"]
    assert (weight.install, weight.audit, len(loaded.settings.notes)) == (Level.WARN, Level.BLOCK, 2)
    assert {line.key: line.value for line in loaded.lines}["levels.yanked.audit"] == '"block"'


def test_many_notes_are_summed_up(machine: Machine) -> None:
    """A project with a hundred exceptions must not push the verdict off the screen."""
    machine.write("".join(f'[[exceptions]]\nid = "X-{number}"\nuntil-fixed = true\n' for number in range(10)))
    notes = machine.load().settings.notes

    assert len(notes) == 4
    assert notes[0] == 'safe-pip.toml, line 1: [[exceptions]] id = "X-0" has no effect'
    assert notes[-1].startswith("7 more of exceptions have no effect: a project may only tighten the policy. To let")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("acme-*", "*-log", True),
        ("acme-*", "acme", False),
        ("*", "x", True),
        ("a*b", "ab", True),
        ("a*b*", "c*", False),
        ("a*c", "ab*", True),
        ("foo", "foo", True),
        ("*" * 30 + "a", "*" * 30 + "b", False),
    ],
)
def test_patterns_that_may_mean_the_same(one: str, other: str, expected: bool) -> None:
    """A pin that overlaps another one could lead a name elsewhere; whatever is not surely apart, overlaps."""
    assert overlap(PackagePattern(one), PackagePattern(other)) is expected
    assert overlap(PackagePattern(other), PackagePattern(one)) is expected


def test_the_user_and_the_system_may_loosen(machine: Machine) -> None:
    """It is their machine."""
    machine.write(system='[levels]\nyanked = "block"\n', user='[levels]\nyanked = "allow"\nmalware = "warn"\n')
    settings = machine.load().settings

    assert (settings.levels["yanked"].install, settings.levels["malware"].audit) == (Level.ALLOW, Level.WARN)
