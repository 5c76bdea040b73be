"""What the rules about the index, the sources and the package itself say, by facts made by hand: no level anywhere.

That each is found in a real world, and not found in one that nearly has it, is told by ``cases_index``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from packaging.utils import NormalizedName

from judge.building import plan_of, planned, report_of, verdict_of
from safe_pip.facts import ProjectFacts, Provenance, Publisher, ReleaseFacts
from safe_pip.model import (
    CoreMetadata,
    DistributionFile,
    Locked,
    Observation,
    Origin,
    PlannedInstall,
    PolicyLine,
    Request,
    SourceLine,
)
from safe_pip.rules import observe_one
from safe_pip.rules.facts import Facts
from safe_pip.rules.licenses import answer
from safe_pip.rules.resemblance import indexed, much_used, resemblance
from safe_pip.settings import Settings
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import Licenses, Pinned, Sources

NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)
ACME = NormalizedName("acme")
ONE, TWO = "https://one.example/simple", "https://two.example/simple"
LINE = PolicyLine("a line")


def acme(**file: Any) -> PlannedInstall:
    """acme 2.0, from a page of the first index."""
    made: dict[str, Any] = {"filename": "acme-2.0-py3-none-any.whl", "url": f"{ONE}/files/acme.whl"}
    made |= {"listed_on": f"{ONE}/acme/", "hashes": frozenset({("sha256", "aa")})}
    return planned("acme", "2.0", file=DistributionFile(**{**made, **file}), chain=(ACME,), requested=True)


def found(code: str, item: PlannedInstall, project: ProjectFacts | None = None, **facts: Any) -> list[Observation]:
    """What the rule of a code finds about one planned file."""
    projects = {} if project is None else {item.name: project}
    return list(observe_one(code, Facts(plan_of(item), projects=projects, **{"now": NOW, **facts})))


def request_with(**more: Any) -> Request:
    """A request with some fields."""
    return replace(report_of(verdict_of(plan_of())).request, **more)


def project(**more: Any) -> ProjectFacts:
    """Facts about acme."""
    release = ReleaseFacts("2.0", has_wheels=True, has_provenance=False)
    return replace(ProjectFacts(ACME, homes=(ONE,), related=True, pages=(f"{ONE}/acme/",), release=release), **more)


def earlier(*versions: str, wheels: bool = True, provenance: bool = False) -> tuple[ReleaseFacts, ...]:
    """Releases before, the newest first."""
    return tuple(ReleaseFacts(version, wheels, provenance) for version in versions)


# --------------------------------------------------------------------------- releases


@pytest.mark.parametrize(
    ("late", "age", "told"),
    [(7, 1, False), (7.1, 1, True), (400, 13.9, True), (400, 14, False), (400, 100, False), (0, 0, False)],
)
def test_when_a_file_is_late(late: float, age: float, told: bool) -> None:
    """Uploads of one release take hours, and wheels for a new Python are old news after two weeks."""
    uploaded = NOW - timedelta(days=age)
    first = ReleaseFacts("2.0", True, False, first_upload=uploaded - timedelta(days=late))
    assert bool(found("late-file", acme(upload_time=uploaded), project(release=first))) is told


def test_unknown_times_are_not_late() -> None:
    """Where an index gives no times, that is unknown-age's to tell."""
    known = ReleaseFacts("2.0", True, False, first_upload=NOW - timedelta(days=100))
    assert found("late-file", acme(), project(release=known)) == []
    assert found("late-file", acme(upload_time=NOW), project()) == []
    assert found("late-file", acme(upload_time=NOW)) == []


@pytest.mark.parametrize(("place", "told"), [(0, True), (4, True), (5, False)])
def test_how_far_back_lost_things_are_looked_for(place: int, told: bool) -> None:
    """A second bad version must not hide behind the first; but what was given up long ago is not news."""
    before = list(earlier("1.9", "1.8", "1.7", "1.6", "1.5", "1.4", wheels=False))
    before[place] = replace(before[place], has_wheels=True, has_provenance=True)
    source = acme(filename="acme-2.0.tar.gz")
    only_source = ReleaseFacts("2.0", has_wheels=False, has_provenance=False)
    assert bool(found("lost-wheels", source, project(release=only_source, earlier=tuple(before)))) is told
    assert bool(found("lost-provenance", acme(), project(earlier=tuple(before)))) is told


def test_one_file_of_a_release_without_provenance() -> None:
    """Who adds a file with a stolen token adds it to a release that a workflow has published."""
    release = ReleaseFacts("2.0", True, has_provenance=True)
    [observation] = found("lost-provenance", acme(), project(release=release))
    assert "other files of acme 2.0 have it" in observation.message
    assert found("lost-provenance", acme(provenance="https://one.example/p"), project(release=release)) == []


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (("GitHub", "acme/log, release.yml"), False),
        (("GitHub", "Acme/Log, release.yml"), False),
        (("github", "acme/log, release.yml"), True),
        (("GitHub", "acme/log, other.yml"), True),
        (("GitHub", "evil/log, release.yml"), True),
        (("GitLab", "acme/log, release.yml"), True),
    ],
)
def test_another_publisher(now: tuple[str, str], told: bool) -> None:
    """Another kind, repository or workflow is told; case is not told apart by any forge.

    A kind is a word of PEP 740: in another spelling its signature is one that nobody verifies.
    """
    before = replace(earlier("1.0", provenance=True)[0], publishers=(Publisher("GitHub", "acme/log, release.yml"),))
    facts = project(provenance=Provenance((Publisher(*now),)), earlier=(*earlier("1.5"), before))
    assert bool(found("changed-publisher", acme(), facts)) is told


def test_one_publisher_of_several_is_enough() -> None:
    """A file may be attested by two workflows, of which one is new."""
    one, two = Publisher("GitHub", "acme/log, a.yml"), Publisher("GitHub", "acme/log, b.yml")
    before = replace(earlier("1.0", provenance=True)[0], publishers=(one,))
    assert found("changed-publisher", acme(), project(provenance=Provenance((one, two)), earlier=(before,))) == []


def test_wrong_provenance_is_told_once() -> None:
    """What is wrong says nothing about publishers, so that one thing is not found as two."""
    before = replace(earlier("1.0", provenance=True)[0], publishers=(Publisher("GitHub", "acme/log"),))
    wrong = Provenance((Publisher("GitHub", "evil/log"),), problem="it is about x.whl")
    facts = project(provenance=wrong, earlier=(before,))
    assert found("changed-publisher", acme(), facts) == []
    [observation] = found("invalid-provenance", acme(), facts)
    assert observation.message == "The provenance of acme-2.0-py3-none-any.whl is wrong: it is about x.whl."


# --------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "target"),
    [
        *(("reqeusts", "requests"), ("request", "requests"), ("requestss", "requests"), ("requexts", "requests")),
        *(("dateutil-python", "python-dateutil"), ("b0to3", "boto3"), ("typingextensions", "typing-extensions")),
        *(("crypt0graphy", "cryptography"), ("requests", None), ("six2", None), ("yaml", None), ("acme", None)),
        *(("pymssql", None), ("my-requests-helper", None), ("requests-toolbelt", None)),
    ],
)
def test_what_a_name_could_be_taken_for(name: str, target: str | None) -> None:
    """One slip of the keys, and no names that are much used themselves, or too short to tell."""
    seen = resemblance(name, much_used())
    assert (seen.target if seen else None) == target


def test_no_much_used_name_is_confused_with_another() -> None:
    """The list is its own first false alarm."""
    names = much_used()
    assert len(names.targets) == 500
    assert not [name for name in (*names.targets, *names.neighbours) if resemblance(name, names)]


def test_every_single_slip_is_seen() -> None:
    """Each deletion, insertion, substitution and swap of one name."""
    names, word = indexed(["flaskable"]), "flaskable"
    slips = {word[:i] + word[i + 1 :] for i in range(len(word))}
    slips |= {word[:i] + "z" + word[i:] for i in range(len(word) + 1)}
    slips |= {word[:i] + "z" + word[i + 1 :] for i in range(len(word))}
    slips |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    assert {slip for slip in slips - {word} if not resemblance(slip, names)} == set()
    assert resemblance("flaskablezz", names) is None
    assert resemblance("zflaskablz", names) is None


def test_whose_names_are_confused() -> None:
    """Only names that the user wrote, without naming the very file, of projects that are not long there."""
    item = planned("reqeusts", "1.0", file=DistributionFile("reqeusts-1.0.tar.gz", f"{ONE}/r"), requested=True)
    name = item.name
    year = timedelta(days=365)

    def told(one: PlannedInstall, **more: Any) -> bool:
        return bool(found("name-confusion", one, **more))

    assert told(item)
    assert told(item, project=ProjectFacts(name, first_upload=NOW - year + timedelta(seconds=1)))
    assert not told(item, project=ProjectFacts(name, first_upload=NOW - year))
    assert not told(replace(item, requested=False))
    assert not told(replace(item, hashes=frozenset({("sha256", "aa")})))
    assert not told(replace(item, direct_url="https://one.example/x.whl"))
    locked = request_with(locked={name: Locked(item.file, item.file.url, Origin("pylock.toml"))})
    assert not told(item, request=locked)


# --------------------------------------------------------------------------- sources


TWO_HOMES = project(homes=(ONE, TWO), related=False, pages=(f"{ONE}/acme/", f"{TWO}/acme/"))


def test_one_name_on_two_indexes() -> None:
    """It is said which index it comes from, which others have the name, and how to settle it."""
    [observation] = found("index-confusion", acme(listed_on=f"{TWO}/acme/"), TWO_HOMES)
    assert observation.message.startswith(f"acme 2.0 comes from {TWO}, but the name can be had from {ONE} as well")
    assert f'sources.pinned = {{"acme" = "{TWO}"}}' in observation.help


def test_what_settles_one_name_on_two_indexes() -> None:
    """A word of the indexes, the same bytes, a hash, a lock file, a pin of the policy."""
    item = acme()
    pinned = Settings(sources=Sources(pinned=(Pinned(PackagePattern("acm*"), ONE, LINE),)))
    locked = request_with(locked={ACME: Locked(item.file, item.file.url, Origin("pylock.toml"))})
    assert found("index-confusion", item, TWO_HOMES)
    assert not found("index-confusion", item, replace(TWO_HOMES, related=True))
    assert not found("index-confusion", item, replace(TWO_HOMES, mirrored=frozenset({"aa"})))
    assert found("index-confusion", item, replace(TWO_HOMES, mirrored=frozenset({"bb"})))
    pages = TWO_HOMES.pages
    assert not found("index-confusion", item, replace(TWO_HOMES, copies=frozenset({(pages[1], pages[0])})))
    assert found("index-confusion", item, replace(TWO_HOMES, copies=frozenset({(pages[0], pages[1])})))
    assert not found("index-confusion", replace(item, hashes=frozenset({("sha256", "aa")})), TWO_HOMES)
    assert not found("index-confusion", item, TWO_HOMES, request=locked)
    assert not found("index-confusion", item, TWO_HOMES, settings=pinned)


def test_a_project_cannot_settle_which_index_is_meant() -> None:
    """A cloned repository could name a second index in its requirements, and pin the name to it in its policy."""
    own = Settings(sources=Sources(pinned=(Pinned(PackagePattern("acme"), ONE, LINE, settles=False),)))

    assert found("index-confusion", acme(), TWO_HOMES, settings=own)


@pytest.mark.parametrize(
    ("allowed", "listed_on", "told"),
    [
        ((ONE,), f"{ONE}/acme/", False),
        ((f"{ONE}/",), f"{ONE}/acme/", False),
        (("https://me:pw@one.example/simple",), f"{ONE}/acme/", False),
        (("https://one.example/sim",), f"{ONE}/acme/", True),
        ((ONE,), "https://one.example/simple-evil/acme/", True),
        ((ONE,), "http://one.example/simple/acme/", True),
        ((ONE,), "https://one.example.evil/simple/acme/", True),
        ((ONE,), f"{TWO}/acme/", True),
        ((ONE,), f"{ONE}/../evil/acme/", True),
        ((ONE,), f"{ONE}/%2e%2e/evil/acme/", True),
        ((ONE,), "https://ONE.example:443/simple/acme/", False),
        ((ONE,), "https://one.example:8443/simple/acme/", True),
        (("file:///srv/wheels",), "file:///srv/wheels/acme/index.html", False),
        (("file:///srv/wheels",), "file:///srv/wheels-evil/acme/index.html", True),
        ((), f"{ONE}/acme/", True),
        (None, f"{TWO}/acme/", False),
    ],
)
def test_which_indexes_are_allowed(allowed: tuple[str, ...] | None, listed_on: str, told: bool) -> None:
    """A base counts as a whole folder, with its scheme: what begins with the same letters is another's."""
    settings = Settings(sources=Sources(indexes=allowed))
    observations = found("source-not-allowed", acme(listed_on=listed_on), settings=settings)
    assert bool(observations) is told
    assert "pw" not in str(observations)


def test_a_source_that_is_not_allowed_names_its_line() -> None:
    """Whoever is refused has to find the line that says so, be it of the indexes or of a pin."""
    line = PolicyLine("sources.indexes = []", Origin("p.toml", 3))
    indexes = Sources(indexes=(), lines={"indexes": line})
    pin = Sources(pinned=(Pinned(PackagePattern("acme"), TWO, LINE),))

    for sources, because in ((indexes, line), (pin, LINE)):
        evidence = found("source-not-allowed", acme(), settings=Settings(sources=sources))[0].evidence
        assert ("policy", str(because)) in evidence


def test_an_index_that_redirects_is_known_by_its_base() -> None:
    """The page may come from elsewhere; what is configured, and allowed, is the base."""
    facts = project(homes=(ONE,), pages=("https://cdn.example/x/acme/",))
    item = acme(listed_on="https://cdn.example/x/acme/")
    assert found("source-not-allowed", item, facts, settings=Settings(sources=Sources(indexes=(ONE,)))) == []


def test_files_from_no_index() -> None:
    """A URL is none of the allowed indexes; a path on this machine is the person's own, unless its name is pinned."""
    only, pin = Sources(indexes=(ONE,)), Sources(pinned=(Pinned(PackagePattern("acme"), ONE, LINE),))
    url = replace(acme(listed_on=None, url="https://evil.example/acme.whl"), direct_url="https://evil.example/acme.whl")
    path = acme(listed_on=None, url="file:///home/me/acme.whl")
    assert found("source-not-allowed", url, settings=Settings(sources=only))
    assert not found("source-not-allowed", path, settings=Settings(sources=only))
    assert found("source-not-allowed", path, settings=Settings(sources=pin))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"git+https://forge.example/acme.git@{'a1' * 20}", False),
        (f"git+https://forge.example/acme.git@{'a1' * 20}#egg=acme", False),
        (f"git+ssh://git@forge.example/acme.git@{'A1' * 20}", False),
        (f"git+https://forge.example/acme.git@{'a1' * 19}", True),
        (f"git+https://{'a1' * 20}@forge.example/acme.git", True),
        (f"git+https://forge.example/acme.git#egg=acme@{'a1' * 20}", True),
        ("git+https://forge.example/acme.git@v1.0", True),
        ("git+https://forge.example/acme.git", True),
        ("git+https://forge.example/acme.git@", True),
        ("svn+https://forge.example/acme@1234", False),
        ("https://forge.example/acme@main.whl", False),
    ],
)
def test_what_counts_as_a_full_commit(url: str, told: bool) -> None:
    """Tags and branches move, and short commits can be made to collide."""
    item = replace(acme(listed_on=None, url=url), direct_url=url)
    assert bool(found("vcs-not-pinned", item)) is told


def test_a_dependency_by_url_names_its_parent() -> None:
    """Nobody who asked for the parent has seen the URL."""
    url = "https://me:secret@files.example/acme.whl"
    item = replace(acme(), direct_url=url, requested=False, chain=(NormalizedName("app"), ACME))
    [observation] = found("direct-url", item)
    assert observation.message == "app has acme taken from https://****@files.example/acme.whl, and not from an index."
    assert "secret" not in str(observation.evidence)


# --------------------------------------------------------------------------- lines of files


def test_each_line_is_told_with_its_place() -> None:
    """Two codes share the lines, so that trust can weigh more than an index."""
    lines = (
        SourceLine("--trusted-host", "one.example", Origin("r.txt", 1)),
        SourceLine("--index-url", TWO, Origin("r.txt", 2)),
        SourceLine("--no-require-hashes", "", Origin("r.txt", 3)),
    )
    request = request_with(source_lines=lines)
    [trusted] = found("trusted-host", acme(), request=request)
    assert [str(each.origin) for each in found("index-change", acme(), request=request)] == [
        "r.txt, line 2",
        "r.txt, line 3",
    ]
    assert (trusted.name, trusted.evidence[0].text) == ("", "r.txt, line 1: --trusted-host one.example")


# --------------------------------------------------------------------------- licences


MIT = ("MIT",)


@pytest.mark.parametrize(
    ("expression", "allow", "said"),
    [
        ("MIT", MIT, "allowed"),
        ("mit", ("mit",), "allowed"),
        ("MIT OR GPL-3.0-only", MIT, "allowed"),
        ("GPL-3.0-only OR MIT", MIT, "allowed"),
        ("MIT AND GPL-3.0-only", MIT, "not allowed"),
        ("MIT AND (GPL-3.0-only OR BSD-3-Clause)", (*MIT, "BSD-3-Clause"), "allowed"),
        ("(MIT AND GPL-3.0-only) OR ISC", MIT, "not allowed"),
        ("MIT OR GPL-3.0-only AND ISC", MIT, "allowed"),
        ("Apache-2.0 WITH LLVM-exception", ("Apache-2.0",), "not allowed"),
        ("Apache-2.0", ("Apache-2.0 WITH LLVM-exception",), "not allowed"),
        ("Apache-2.0 with llvm-exception", ("Apache-2.0 WITH LLVM-exception",), "allowed"),
        ("LicenseRef-Acme", ("LicenseRef-Acme",), "allowed"),
        ("MIT", (), "not allowed"),
        ("no such licence", MIT, "unknown"),
        ("(" * 5_000, MIT, "unknown"),
        ("MIT\x1b[2J", MIT, "unknown"),
    ],
)
def test_licence_expressions(expression: str, allow: tuple[str, ...], said: str) -> None:
    """Of OR one side is enough, of AND both are needed, and an exception is a licence of its own."""
    assert answer(CoreMetadata("acme", "1", license_expression=expression), allow)[0] == said


@pytest.mark.parametrize(
    ("text", "classifiers", "said"),
    [
        ("MIT", (), "allowed"),
        ("MIT License", (), "allowed"),
        ("BSD", (), "unknown"),
        ("Apache 2.0", (), "not allowed"),
        ("whatever", ("License :: OSI Approved :: MIT License",), "allowed"),
        ("", ("License :: OSI Approved", "License :: OSI Approved :: MIT License"), "allowed"),
        ("", ("License :: OSI Approved :: BSD License",), "unknown"),
        (
            "",
            ("License :: OSI Approved :: MIT License", "License :: OSI Approved :: ISC License (ISCL)"),
            "not allowed",
        ),
        ("", ("License :: OSI Approved :: MIT License", "License :: Free For Home Use"), "unknown"),
        ("", ("License :: Other/Proprietary License",), "unknown"),
        ("", (), "unknown"),
        (
            (
                "Permission is hereby granted, free of charge, to any person. The above copyright notice and this "
                "permission notice shall be included in all copies."
            ),
            (),
            "allowed",
        ),
        ("Permission is hereby granted, free of charge, to nobody.", (), "unknown"),
    ],
)
def test_older_ways_to_say_it(text: str, classifiers: tuple[str, ...], said: str) -> None:
    """A name that may mean several licences is known only where the list says the same of all of them."""
    metadata = CoreMetadata("acme", "1", license=text or None, license_classifiers=classifiers)
    assert answer(metadata, ("MIT", "BSD-3-Clause"))[0] == said


def test_what_is_stated_best_counts() -> None:
    """License-Expression comes before what older tools still read."""
    metadata = CoreMetadata("acme", "1", license_expression="GPL-3.0-only", license="MIT")
    assert answer(metadata, MIT) == ("not allowed", "GPL-3.0-only")


def test_further_licences_of_some_packages() -> None:
    """A licence may be fine for our own packages, and for nobody else's."""
    item = replace(acme(), metadata=CoreMetadata("acme", "2.0", license_expression="LicenseRef-Acme"))
    table = Licenses(MIT, ((PackagePattern("acme*"), ("LicenseRef-Acme",), LINE),))
    assert found("license-not-allowed", item, settings=Settings(licenses=table)) == []
    assert found("license-not-allowed", item, settings=Settings(licenses=replace(table, packages=())))
    assert found("license-not-allowed", item) == []
