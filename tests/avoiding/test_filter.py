"""The filter of candidates: what the policy avoids is stepped around and told, and nothing else is.

The choice among what is left is pip's, which ``tests/parity/test_avoided.py`` proves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName

from avoiding.conftest import NOW, WEAK, Steer, ago, codes, passed, versions, way_of, with_levels
from fakes import Answer, FakeIndex, advisory, metadata_text, sdist, sha256, wheel
from judge.building import group
from resolve.test_pool import installed
from safe_pip.avoiding import is_waived, to_exclude
from safe_pip.errors import ResolutionError
from safe_pip.model import Approved, InstalledDistribution, Level, Observation, PolicyLine, Refused
from safe_pip.settings import Settings
from safe_pip.settings.patterns import PackagePattern
from safe_pip.settings.tables import Builds, Cooldown, Denied, Licenses, OnlyBelow, Packages
from safe_pip.settings.waivers import Allow, PolicyException

LINE = PolicyLine("a line")


# --------------------------------------------------------------------------- licences


def licensed(steer: Steer, index: FakeIndex, version: str, license: str, *, archive: bool = False) -> None:
    """Put a version of lib on the index that says its licence."""
    said = metadata_text("lib", version, metadata_version="2.4").replace(b"\n\n", f"\n{license}\n\n".encode(), 1)
    index.add(wheel(steer.folder / "wheels", "lib", version, metadata=said), upload_time=ago(days=9))
    if archive:
        index.add(sdist(steer.folder / "archives", "lib", version, pkg_info=said), upload_time=ago(days=9))


ONLY_MIT = Licenses(("MIT",))


@pytest.mark.parametrize("command_line", [False, True])
def test_licences_are_stepped_around(steer: Steer, index: FakeIndex, *, command_line: bool) -> None:
    """The newest version that may be used, by what its metadata says; and no archive of one that may not be."""
    licensed(steer, index, "1.0", "License-Expression: MIT")
    licensed(steer, index, "2.0", "License-Expression: GPL-3.0-only", archive=True)
    settings = with_levels(license_not_allowed=Level.AVOID, license_unknown=Level.ALLOW)
    settings = Settings(avoid=True) if command_line else settings

    verdict = steer("lib", settings=replace(settings, licenses=ONLY_MIT))

    assert isinstance(verdict, Approved)
    assert passed(verdict) == [("lib", "2.0", "license-not-allowed", "licensed GPL-3.0-only")]
    assert not any("2.0.tar.gz" in path for path in index.paths())


def test_an_unknown_licence_is_stepped_around(steer: Steer, index: FakeIndex) -> None:
    """Where that is what the policy wants; at its own level it is only told."""
    licensed(steer, index, "1.0", "License-Expression: MIT")
    licensed(steer, index, "2.0", "License: see the file")
    settings = replace(with_levels(license_unknown=Level.AVOID), licenses=ONLY_MIT)

    assert versions(steer("lib", settings=settings)) == {"lib": "1.0"}
    assert versions(steer("lib", settings=Settings(licenses=ONLY_MIT))) == {"lib": "2.0"}


def test_the_way_out_of_a_licence(steer: Steer, index: FakeIndex) -> None:
    """What blocks for its licence is refused, and the version that may be used is the way out."""
    licensed(steer, index, "1.0", "License-Expression: MIT")
    licensed(steer, index, "2.0", "License-Expression: GPL-3.0-only")

    way = way_of(steer("lib", settings=Settings(licenses=ONLY_MIT)))

    assert (way.pins, way.command) == ((("lib", "1.0"),), "safe-pip install lib --avoid")


def test_no_licence_is_read_in_vain(steer: Steer, index: FakeIndex) -> None:
    """Metadata of what is passed over for another rule is not fetched to see what its licence would have been."""
    index.sidecars = True
    licensed(steer, index, "1.0", "License-Expression: MIT")
    licensed(steer, index, "2.0", "License-Expression: GPL-3.0-only")
    index.projects["lib"][-1] = replace(index.projects["lib"][-1], upload_time=ago(hours=1))
    settings = replace(with_levels(license_not_allowed=Level.AVOID), licenses=ONLY_MIT)

    assert versions(steer("lib", settings=settings)) == {"lib": "1.0"}
    assert not any("lib-2.0" in path for path in index.paths())


# --------------------------------------------------------------------------- cooldown


def test_a_fresh_file_is_stepped_around(steer: Steer) -> None:
    """The built-in cooldown: whoever takes over a project has a day less than they would like."""
    steer.offer("lib", "1.0")
    steer.offer("lib", "2.0", upload_time=ago(hours=24))
    steer.offer("lib", "2.0.1", upload_time=ago(hours=9))

    verdict = steer("lib")

    assert isinstance(verdict, Approved)
    assert versions(verdict) == {"lib": "2.0"}
    assert passed(verdict) == [("lib", "2.0.1", "too-new", "9 h old")]


def test_without_upload_times_nobody_knows(steer: Steer, index: FakeIndex) -> None:
    """An index in HTML gives no times: the rule about ages says nothing, and the one about unknown ages can."""
    index.json = False
    steer.offer("lib", "1.0", upload_time=ago(hours=1))

    assert versions(steer("lib")) == {"lib": "1.0"}
    with pytest.raises(ResolutionError) as raised:
        steer("lib", settings=with_levels(unknown_age=Level.AVOID))
    assert "1.0 unknown-age (age unknown)" in raised.value.details[0]


@pytest.mark.parametrize(
    ("cooldown", "chosen"),
    [
        (Cooldown(timedelta(0)), "2.0"),
        (Cooldown(timedelta(days=200)), "1.0"),
        (Cooldown(packages=((PackagePattern("li*"), timedelta(hours=1), LINE),)), "2.0"),
        (Cooldown(packages=((PackagePattern("other"), timedelta(hours=1), LINE),)), "1.5"),
        (Cooldown(indexes=(("{index}", timedelta(hours=1), LINE),)), "2.0"),
        (Cooldown(indexes=(("{index}x", timedelta(hours=1), LINE),)), "1.5"),
        (Cooldown(indexes=(("{host}/sim", timedelta(hours=1), LINE),)), "1.5"),
        (
            Cooldown(
                indexes=(("{index}", timedelta(0), LINE),),
                packages=((PackagePattern("lib"), timedelta(days=200), LINE),),
            ),
            "1.0",
        ),
    ],
    ids=[
        "none",
        "long",
        "package",
        "another-package",
        "index",
        "another-index",
        "the-beginning-of-a-name",
        "package-before-index",
    ],
)
def test_the_age_that_is_asked_for(steer: Steer, cooldown: Cooldown, chosen: str) -> None:
    """By package, else by index, else for all; an index is meant as a whole name and not by how it begins."""
    steer.offer("lib", "1.0", upload_time=ago(days=300))
    steer.offer("lib", "1.5", upload_time=ago(days=100))
    steer.offer("lib", "2.0", upload_time=ago(hours=9))
    indexes = tuple(
        (base.replace("{index}", steer.index.url).replace("{host}", steer.index.base), age, line)
        for base, age, line in cooldown.indexes
    )

    verdict = steer("lib", settings=Settings(cooldown=replace(cooldown, indexes=indexes)))

    assert versions(verdict) == {"lib": chosen}


def test_a_clock_that_is_wrong(steer: Steer) -> None:
    """A time that is still to come is no age at all: it does not count as old, and it is told why."""
    steer.offer("lib", "1.0")
    steer.offer("lib", "2.0", upload_time=ago(hours=-5))

    assert passed(steer("lib")) == [("lib", "2.0", "too-new", "0 min old")]
    steer.now = NOW - timedelta(days=10_000)
    with pytest.raises(ResolutionError) as raised:
        steer("lib")
    assert "1.0 too-new (0 min old)" in raised.value.details[0]


def there(folder: Path, name: str, version: str) -> dict[NormalizedName, InstalledDistribution]:
    """One installed distribution."""
    return dict(installed(folder / "site", name, version, metadata_text(name, version)))


def test_a_fix_for_what_is_installed_is_let_through(steer: Steer, tmp_path: Path) -> None:
    """A cooldown that keeps a known hole open for a day is worse than none; the audit thinks so too."""
    steer.offer("weak", "1.0")
    steer.offer("weak", "1.1", upload_time=ago(hours=1))
    steer.installed = there(tmp_path, "weak", "1.0")

    verdict = steer("-U", "weak")

    assert isinstance(verdict, Approved)
    assert (versions(verdict), passed(verdict)) == ({"weak": "1.1"}, [])


def test_what_fixes_nothing_waits(steer: Steer, tmp_path: Path) -> None:
    """A new version of what has no advisory, or that has the same one still, is as new as any other."""
    steer.records = [WEAK, advisory("PYSEC-2026-9", "hopeless")]
    for name in ("fine", "hopeless"):
        steer.offer(name, "1.1", upload_time=ago(hours=1))
        steer.installed = {**steer.installed, **there(tmp_path, name, "1.0")}

    verdict = steer("-U", "fine", "hopeless")

    assert versions(verdict) == {}
    assert [item[:3] for item in passed(verdict)] == [("fine", "1.1", "too-new"), ("hopeless", "1.1", "too-new")]


def test_fixes_may_have_to_wait_as_well(steer: Steer, tmp_path: Path) -> None:
    """The exemption is the policy's to take back."""
    steer.offer("weak", "1.1", upload_time=ago(hours=1))
    steer.installed = there(tmp_path, "weak", "1.0")

    assert versions(steer("-U", "weak", settings=Settings(cooldown=Cooldown(exempt_fixes=False)))) == {}


def test_a_direct_reference_is_judged(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """What is asked for by its URL is not avoided; a page that gives its age is not asked for it."""
    path = index.add(wheel(tmp_path, "lib", "1.0"), upload_time=ago(hours=1))

    assert versions(steer(f"lib @ {index.file_url(path)}")) == {"lib": "1.0"}


# --------------------------------------------------------------------------- standing, and what is wanted


@pytest.mark.parametrize("status", ["archived", "deprecated", "quarantined"])
def test_how_a_project_stands(steer: Steer, index: FakeIndex, status: str) -> None:
    """Quarantine is avoided by itself, the others only where the policy says so; the reason is told once.

    To let through what an index has quarantined is no advice to give.
    """
    steer.offer("lib", "1.0")
    index.statuses["lib"] = (status, "so it is")

    with pytest.raises(ResolutionError) as raised:
        steer("lib", settings=with_levels(**{status: Level.AVOID}))

    assert raised.value.details[0] == (f"lib (asked for on the command line): 1.0 {status}: so it is")
    if status == "quarantined":
        assert raised.value.hint == "Do without lib, or ask for other versions."
    else:
        assert raised.value.hint == f"Ask for other versions, or let it through with --allow {status}:lib."


def test_an_archived_project_is_a_note(steer: Steer, index: FakeIndex) -> None:
    """It is installed, and told; so is what is deprecated."""
    steer.offer("lib", "1.0")
    index.statuses["lib"] = ("archived", None)

    verdict = steer("lib")

    assert isinstance(verdict, Approved)
    assert [(item.observation.code, item.level) for item in verdict.findings] == [("archived", Level.NOTE)]
    assert verdict.findings[0].observation.message == "lib is archived: it gets no more updates."


def test_a_quarantined_project_without_files(steer: Steer, index: FakeIndex) -> None:
    """An index may list nothing of what it has closed: that is another thing than a name that nobody knows."""
    index.projects["lib"] = []
    index.statuses["lib"] = ("quarantined", "malicious")

    with pytest.raises(ResolutionError) as raised:
        steer("lib")

    assert raised.value.message == (
        f"lib is quarantined by {index.url} (malicious), and none of its files can be had "
        "(asked for on the command line)."
    )


def test_a_quarantined_dependency_is_stepped_around(steer: Steer, index: FakeIndex) -> None:
    """An older parent that does without is what is left."""
    steer.offer("app", "2.0", requires=["lib"])
    steer.offer("app", "1.0")
    steer.offer("lib", "1.0")
    index.statuses["lib"] = ("quarantined", None)

    assert versions(steer("app")) == {"app": "1.0"}


DENIED = Packages(
    denied=(Denied(PackagePattern("lib", SpecifierSet(">=2")), LINE, "other", "too large"),),
)


def test_a_denied_version_blocks_and_can_be_avoided(steer: Steer) -> None:
    """By itself it is seen; at the level avoid it is stepped around, with what to use instead."""
    steer.offer("lib", "1.0", "2.0")
    blocking = Settings(packages=DENIED)

    refused = steer("lib", settings=blocking)
    avoided = steer("lib", settings=replace(with_levels(denied_package=Level.AVOID), packages=DENIED))

    assert isinstance(refused, Refused)
    assert [finding.observation.message for finding in refused.findings] == [
        "lib 2.0 is denied by the policy: too large."
    ]
    assert passed(avoided) == [("lib", "2.0", "denied-package", "use other")]


def test_only_below_a_parent(steer: Steer) -> None:
    """What may come in only through another is refused to whoever asks for it, and to other packages."""
    steer.offer("lib", "1.0")
    steer.offer("parent", "1.0", requires=["lib"])
    steer.offer("stranger", "1.0", requires=["lib"])
    settings = Settings(
        packages=Packages(only_below=(OnlyBelow(PackagePattern("lib"), (NormalizedName("parent"),), LINE),))
    )

    assert isinstance(steer("parent", settings=settings), Approved)
    assert isinstance(steer("parent", "stranger", settings=settings), Approved)
    assert codes(steer("stranger", settings=settings)) == ["denied-package"]
    assert codes(steer("lib", "parent", settings=settings)) == ["denied-package"]


# --------------------------------------------------------------------------- --avoid, and what is waived


def test_what_blocks_is_avoided_where_that_is_asked_for(steer: Steer) -> None:
    """--avoid: the newest set that nothing blocks, instead of a refusal."""
    steer.records = [advisory("PYSEC-2026-1", "weak", events=[{"introduced": "2"}, {"fixed": "3"}])]
    steer.offer("top", "1.0", requires=["weak"])
    steer.offer("weak", "1.0", "2.0")

    assert codes(steer("top")) == ["vulnerability"]
    verdict = steer("top", settings=Settings(avoid=True))

    assert isinstance(verdict, Approved)
    assert versions(verdict) == {"top": "1.0", "weak": "1.0"}
    assert passed(verdict) == [("weak", "2.0", "vulnerability", "PYSEC-2026-1")]


def test_malware_is_not_stepped_around(steer: Steer) -> None:
    """Whoever asks for a malicious version has to see that, even with --avoid; only a policy can say otherwise."""
    steer.offer("evil", "1.0", "2.0")

    assert codes(steer("evil", settings=Settings(avoid=True))) == ["malware"]
    avoided = steer("evil", settings=with_levels(malware=Level.AVOID))
    assert passed(avoided) == [("evil", "2.0", "malware", "malicious (MAL-2026-3)")]


@pytest.mark.parametrize("allow", ["too-new", "too-new:lib"])
def test_what_is_allowed_is_not_avoided(steer: Steer, allow: str) -> None:
    """A waiver counts before the choice, not after it: else it would waive nothing. It is told as used."""
    steer.offer("lib", "1.0")
    steer.offer("lib", "2.0", upload_time=ago(hours=1))

    verdict = steer("lib", settings=Settings(allows=(Allow.parse(allow),)))

    assert (versions(verdict), passed(verdict), verdict.unused_allows) == ({"lib": "2.0"}, [], ())
    assert [finding.waived_by for finding in verdict.findings] == [allow]


@pytest.mark.parametrize(
    ("exception", "counts"),
    [
        (PolicyException("too-new", LINE), True),
        (PolicyException("too-new", LINE, PackagePattern("lib"), expires=date(2026, 11, 20)), True),
        (PolicyException("too-new", LINE, expires=date(2026, 11, 19)), False),
        (PolicyException("too-new", LINE, PackagePattern("other")), False),
        (PolicyException("yanked", LINE), False),
        (PolicyException("too-new", LINE, sha256="0" * 64), False),
        (PolicyException("too-new", LINE, sha256="1" * 64), True),
    ],
    ids=["all", "last-day", "expired", "another-package", "another-code", "another-file", "the-file"],
)
def test_exceptions_count(exception: PolicyException, *, counts: bool) -> None:
    """An exception in force keeps a version in the running, and one that is not does nothing."""
    found = Observation("too-new", NormalizedName("lib"), "2.0", "It is new.", sha256="1" * 64)

    assert is_waived(found, Settings(exceptions=(exception,)), NOW) is counts


def test_an_exception_until_there_is_a_fix() -> None:
    """It ends by itself when there is something to go to; and one that would last too long counts for nothing."""
    for fixed, counts in ((("1.1",), False), ((), True)):
        about = group("PYSEC-2026-1", "CVE-2026-1", newer_fixes=fixed)
        found = Observation("vulnerability", NormalizedName("weak"), "1.0", "It is weak.", advisory=about)
        exception = PolicyException("cve-2026-1", LINE, until_fixed=True)
        assert is_waived(found, Settings(exceptions=(exception,)), NOW) is counts
        short = Settings(exceptions=(exception,), longest_exception=timedelta(days=9))
        assert not is_waived(found, short, NOW)


def test_source_archives_where_builds_are_allowed(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """An avoided wheel takes its archive with it, unless builds are allowed for the package and the archive passes."""
    steer.offer("lib", "1.0")
    steer.offer("lib", "2.0", upload_time=ago(hours=1))
    archive = sdist(tmp_path, "lib", "2.0", pkg_info=metadata_text("lib", "2.0", metadata_version="2.2"))
    index.add(archive, upload_time=ago(days=100))

    assert versions(steer("lib")) == {"lib": "1.0"}
    assert versions(steer("lib", settings=Settings(builds=Builds((PackagePattern("lib"),))))) == {"lib": "2.0"}


# --------------------------------------------------------------------------- after a look at the bytes


def wrong_name(steer: Steer, folder: Path, version: str) -> None:
    """A wheel whose sidecar says something else than its METADATA."""
    path = wheel(folder / "wrong", "lib", version, requires=["other"])
    steer.index.sidecars = True
    steer.index.add(path, sidecar=metadata_text("lib", version), upload_time=ago(days=9))


def test_wrong_bytes_are_avoided_by_going_again(steer: Steer, tmp_path: Path) -> None:
    """What only the bytes tell is known too late for the resolver: then it is asked once more, without that version."""
    steer.offer("lib", "1.0")
    wrong_name(steer, tmp_path, "2.0")
    wrong_name(steer, tmp_path, "3.0")

    seen = steer("lib")
    verdict = steer("lib", settings=with_levels(metadata_mismatch=Level.AVOID))

    assert codes(seen) == ["metadata-mismatch"]
    assert isinstance(verdict, Approved)
    assert versions(verdict) == {"lib": "1.0"}
    assert [item[:3] for item in passed(verdict)] == [
        ("lib", "3.0", "metadata-mismatch"),
        ("lib", "2.0", "metadata-mismatch"),
    ]


def test_wrong_bytes_with_nothing_to_go_to(steer: Steer, tmp_path: Path) -> None:
    """What was found stands, and blocks: it is not turned into an error about versions."""
    wrong_name(steer, tmp_path, "2.0")

    assert codes(steer("lib", settings=with_levels(metadata_mismatch=Level.AVOID))) == ["metadata-mismatch"]


def test_wrong_bytes_before_what_cannot_be_read(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """A second attempt that cannot be finished does not take back what the first has found."""
    index.add(wheel(tmp_path, "lib", "1.0"), upload_time=ago(days=9), sidecar=b"nonsense")
    index.override("/files/lib-1.0-py3-none-any.whl", Answer(b"", 403))
    wrong_name(steer, tmp_path, "2.0")

    verdict = steer("lib", settings=with_levels(metadata_mismatch=Level.AVOID))

    assert codes(verdict) == ["metadata-mismatch"]
    assert verdict.way_out is not None
    assert "lib-1.0-py3-none-any.whl cannot be fetched" in verdict.way_out.none_because[0]


def test_what_was_given_is_not_left_out(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """Where nobody may choose another file, another attempt would only find the same again."""
    given = index.add(wheel(tmp_path, "weak", "1.0"))
    steer.offer("weak", "1.1")
    settings = with_levels(vulnerability=Level.AVOID)

    for arguments in ([f"weak @ {index.file_url(given)}"], ["-r", str(locked(tmp_path, index, given))]):
        verdict = steer(*arguments, settings=settings)
        assert isinstance(verdict, Refused)
        assert codes(verdict) == ["vulnerability"]
        request = steer.request(*arguments)
        assert to_exclude(verdict, request, settings) == {}
        assert to_exclude(verdict, request, settings, strict=True) == {}


def locked(folder: Path, index: FakeIndex, path: Path) -> Path:
    """A lock file that names one wheel of weak 1.0."""
    lock = folder / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "weak"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nurl = "{index.file_url(path)}"\nhashes = {{sha256 = "{sha256(path)}"}}\n'
    )
    return lock


def test_files_are_not_fetched_twice(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """A second attempt has the pages and files of the first."""
    steer.offer("lib", "1.0")
    steer.offer("heavy", "1.0")
    wrong_name(steer, tmp_path, "2.0")

    steer("lib", "heavy", settings=with_levels(metadata_mismatch=Level.AVOID))

    asked = index.paths()
    assert asked.count("/simple/lib/") == 1
    assert asked.count("/files/heavy-1.0-py3-none-any.whl") == 1
