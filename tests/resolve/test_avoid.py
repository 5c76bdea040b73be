"""Candidates that are avoided: only those that are looked at are asked about, and the rest is pip's choice among them.

That the choice is pip's is proved in ``tests/parity/test_avoided.py``; here is who is asked, and what is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from fakes import FakeIndex, metadata_text, sdist, sha256, wheel
from resolve.conftest import Ask
from resolve.test_pool import installed
from safe_pip.errors import OutOfTime, ResolutionError
from safe_pip.model import Avoid, DistributionFile, MetadataOf, PassedOver, Plan


class Avoiding:
    """Avoids files by name and version, or by file name, and remembers what it was asked about."""

    def __init__(self, *avoided: str, code: str = "too-new", reason: str = "9 h old") -> None:
        self.avoided, self.code, self.reason = avoided, code, reason
        self.asked: list[str] = []

    def __call__(self, name: NormalizedName, version: str, file: DistributionFile, _: MetadataOf) -> PassedOver | None:
        self.asked.append(file.filename)
        if f"{name} {version}" in self.avoided or file.filename in self.avoided:
            return PassedOver(name, version, self.code, self.reason)
        return None


def versions(plan: Plan) -> dict[str, str]:
    """What a plan installs."""
    return {item.name: item.version for item in plan.install}


def passed(plan: Plan) -> list[tuple[str, str, str]]:
    """What a plan says was passed over."""
    return [(item.name, item.version, item.code) for item in plan.passed_over]


@pytest.fixture
def offer(index: FakeIndex, tmp_path: Path) -> Callable[..., None]:
    """Offers wheels of a project: versions, with what each requires."""

    def make(name: str, *offered: str, requires: Iterable[str] = (), **more: object) -> None:
        for version in offered:
            index.add(wheel(tmp_path, name, version, requires=requires), **more)  # type: ignore[arg-type]

    return make


# --------------------------------------------------------------------------- the choice


def test_the_newest_that_passes_is_chosen_and_what_stood_before_it_is_told(
    ask: Ask, offer: Callable[..., None]
) -> None:
    """The point of it all: one step back, and no silence about it; older ones are nobody's business."""
    offer("lib", "1.0", "1.1", "2.0", "2.1")

    plan = ask("lib", avoid=Avoiding("lib 2.1", "lib 2.0", "lib 1.0"))

    assert versions(plan) == {"lib": "1.1"}
    assert passed(plan) == [("lib", "2.1", "too-new"), ("lib", "2.0", "too-new")]
    assert plan.passed_over[0].reason == "9 h old"


def test_only_what_is_looked_at_is_asked_about(ask: Ask, offer: Callable[..., None]) -> None:
    """A question may cost a lookup: what a specifier rules out, or is older than what is chosen, is not asked about."""
    offer("lib", "1.0", "1.1", "2.0", "2.1", "3.0")
    avoid = Avoiding("lib 2.1")

    assert versions(ask("lib<3", avoid=avoid)) == {"lib": "2.0"}

    assert set(avoid.asked) == {"lib-2.1-py3-none-any.whl", "lib-2.0-py3-none-any.whl"}


def test_each_file_is_asked_about_once(ask: Ask, offer: Callable[..., None]) -> None:
    """Back-tracking asks for candidates again and again; the answer is remembered."""
    offer("app", "1.0", requires=["lib<2"])
    offer("app", "2.0", "2.1", requires=["lib>9"])
    offer("lib", "1.0", "1.5", "2.0")
    avoid = Avoiding("lib 1.5")

    # What is read ahead may ask at the same moment, so that nothing is asked of it here.
    assert versions(ask("app", "lib", "--no-deps", avoid=avoid)) == {"app": "2.1", "lib": "2.0"}
    assert versions(ask("app", "lib", avoid=avoid)) == {"app": "1.0", "lib": "1.0"}
    assert len(avoid.asked) <= 4 * len(set(avoid.asked))


def test_the_metadata_of_what_is_avoided_is_not_fetched(ask: Ask, index: FakeIndex, offer: Callable[..., None]) -> None:
    """Neither to resolve nor ahead of time: a file that nobody wants costs no request."""
    offer("top", "1.0", requires=["lib"])
    offer("lib", "1.0", "2.0")

    assert versions(ask("top", avoid=Avoiding("lib 2.0"))) == {"lib": "1.0", "top": "1.0"}

    assert not any("lib-2.0" in path for path in index.paths())


def test_a_dependency_is_avoided_by_going_back(ask: Ask, offer: Callable[..., None]) -> None:
    """Where the newest parent needs what is avoided, an older parent is taken, and both are not told: one was asked."""
    offer("app", "2.0", requires=["lib>=2"])
    offer("app", "1.0", requires=["lib"])
    offer("lib", "1.0", "2.0")

    plan = ask("app", avoid=Avoiding("lib 2.0"))

    assert versions(plan) == {"app": "1.0", "lib": "1.0"}
    assert passed(plan) == [("lib", "2.0", "too-new")]


def test_what_is_not_in_the_plan_is_not_told(ask: Ask, offer: Callable[..., None]) -> None:
    """A package that an abandoned version needed is in nobody's way."""
    offer("app", "2.0", requires=["lib>=2", "none-such"])
    offer("app", "1.0")
    offer("lib", "2.0", "3.0")

    plan = ask("app", avoid=Avoiding("lib 3.0"))

    assert (versions(plan), passed(plan)) == ({"app": "1.0"}, [])


def test_prereleases_where_every_final_version_is_avoided(ask: Ask, offer: Callable[..., None]) -> None:
    """As pip does where an index has no final version: what is avoided is not there."""
    offer("lib", "1.0", "2.0rc1")

    assert versions(ask("lib", avoid=Avoiding("lib 1.0"))) == {"lib": "2.0rc1"}


def test_a_yanked_pin_where_every_other_file_is_avoided(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The same for what is withdrawn: it is taken only for a pin, where nothing else is there."""
    index.add(wheel(tmp_path, "lib", "1.0", build="1"), yanked="oops")
    index.add(wheel(tmp_path, "lib", "1.0"))

    plan = ask("lib==1.0", avoid=Avoiding("lib-1.0-py3-none-any.whl"))

    assert [item.file.filename for item in plan.install] == ["lib-1.0-1-py3-none-any.whl"]
    assert passed(plan) == []


def test_hashes_and_avoiding(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A hash names a file, and does not make it acceptable."""
    old, new = (index.add(wheel(tmp_path, "lib", version)) for version in ("1.0", "2.0"))
    lines = tmp_path / "hashed.txt"
    lines.write_text(f"lib>=1 --hash=sha256:{sha256(old)} --hash=sha256:{sha256(new)}\n")

    plan = ask("-r", str(lines), "--no-require-hashes", avoid=Avoiding("lib 2.0"))

    assert (versions(plan), passed(plan)) == ({"lib": "1.0"}, [("lib", "2.0", "too-new")])


# --------------------------------------------------------------------------- source archives


def test_an_avoided_wheel_takes_its_source_archive_with_it(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Else the guard would steer from a fresh wheel to building the very same version."""
    index.add(wheel(tmp_path, "lib", "2.0"))
    index.add(sdist(tmp_path, "lib", "2.0", pkg_info=metadata_text("lib", "2.0", metadata_version="2.2")))
    index.add(wheel(tmp_path, "lib", "1.0"))
    avoid = Avoiding("lib-2.0-py3-none-any.whl")

    plan = ask("lib", avoid=avoid)
    building = ask("lib", avoid=avoid, may_build=lambda name: name == "lib")

    assert (versions(plan), passed(plan)) == ({"lib": "1.0"}, [("lib", "2.0", "too-new")])
    assert [item.file.filename for item in building.install] == ["lib-2.0.tar.gz"]


def test_a_second_wheel_of_an_avoided_one_may_do(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Ages are of files: the version is not passed over where another wheel of it passes."""
    index.add(wheel(tmp_path, "lib", "2.0", build="7"))
    index.add(wheel(tmp_path, "lib", "2.0"))

    plan = ask("lib", avoid=Avoiding("lib-2.0-7-py3-none-any.whl"))

    assert [item.file.filename for item in plan.install] == ["lib-2.0-py3-none-any.whl"]
    assert passed(plan) == []


# --------------------------------------------------------------------------- what is never avoided


def everything(_: NormalizedName, version: str, file: DistributionFile, _metadata: MetadataOf) -> PassedOver | None:
    """Avoids all that it is asked about."""
    return PassedOver(canonicalize_name(file.filename.partition("-")[0]), version, "too-new", "9 h old")


def test_what_is_installed_is_kept(ask: Ask, offer: Callable[..., None], tmp_path: Path) -> None:
    """It is here already, so that there is nothing to steer around; and an upgrade stays at it."""
    there = installed(tmp_path / "site", "lib", "1.0", metadata_text("lib", "1.0"))
    offer("lib", "1.0", "2.0")

    for arguments in (["lib"], ["-U", "lib"]):
        plan = ask(*arguments, installed=there, avoid=everything)
        assert [(item.name, item.version) for item in plan.keep] == [("lib", "1.0")]
    assert passed(plan) == [("lib", "2.0", "too-new")]


def test_a_direct_reference_is_taken(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Who names one file gets an opinion on that one, and no other."""
    path = index.add(wheel(tmp_path, "lib", "1.0"))

    assert versions(ask(f"lib @ {index.file_url(path)}", avoid=everything)) == {"lib": "1.0"}


def test_what_a_lock_file_names_is_taken(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The same for a lock: it says one file, which is judged."""
    path = index.add(wheel(tmp_path, "lib", "1.0"))
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "a test"\n[[packages]]\nname = "lib"\nversion = "1.0"\n'
        f'[[packages.wheels]]\nurl = "{index.file_url(path)}"\nhashes = {{sha256 = "{sha256(path)}"}}\n'
    )

    assert versions(ask("-r", str(lock), avoid=everything)) == {"lib": "1.0"}


# --------------------------------------------------------------------------- nothing passes


def failure(ask: Ask, *arguments: str, avoid: Avoid) -> ResolutionError:
    """How a request fails."""
    with pytest.raises(ResolutionError) as raised:
        ask(*arguments, avoid=avoid)
    return raised.value


def test_one_wish_that_nothing_passes(ask: Ask, offer: Callable[..., None]) -> None:
    """Each version that would do, with the rule in its way; what there is besides is told as ever."""
    offer("lib", "1.0", "2.0", "2.1")

    error = failure(ask, "lib>=2", avoid=Avoiding("lib 2.0", "lib 2.1"))

    assert error.message == (
        "No version of lib that the policy lets through satisfies lib>=2 here (asked for on the command line)."
    )
    assert error.details == (
        "lib>=2 (asked for on the command line): 2.1 too-new (9 h old), 2.0 too-new (9 h old)",
        "lib can be had here in 1.0",
    )
    assert error.plan is not None
    assert passed(error.plan) == [("lib", "2.1", "too-new"), ("lib", "2.0", "too-new")]


def test_everything_there_is_is_avoided(ask: Ask, offer: Callable[..., None]) -> None:
    """A project whose every file is avoided is not one that nobody knows."""
    offer("lib", "1.0")

    error = failure(ask, "lib", avoid=everything)

    assert error.details == ("lib (asked for on the command line): 1.0 too-new (9 h old)",)
    assert error.hint == "Ask for other versions, or change what the policy avoids."


def test_the_rules_are_told_edge_by_edge(ask: Ask, offer: Callable[..., None]) -> None:
    """Deep in a tree, one has to know which wish meets which rule."""
    offer("app", "1.0", requires=["lib>=2"])
    offer("lib", "1.0", "2.0", "2.1")

    error = failure(ask, "app", "lib", avoid=Avoiding("lib 2.0", "lib 2.1"))

    assert "lib>=2 (asked for by app 1.0): 2.1 too-new (9 h old), 2.0 too-new (9 h old)" in error.details


def test_a_conflict_that_no_rule_has_to_do_with(ask: Ask, offer: Callable[..., None]) -> None:
    """A policy is not blamed for what would fail without it."""
    offer("app", "1.0", requires=["lib>=2"])
    offer("lib", "1.0", "2.0")

    error = failure(ask, "app", "lib<2", avoid=Avoiding("other 1.0"))

    assert not any("too-new" in line for line in error.details)


# --------------------------------------------------------------------------- time


def test_the_end_of_the_time_ends_it(ask: Ask, offer: Callable[..., None]) -> None:
    """A way out that takes for ever is none."""
    offer("lib", "1.0")

    with pytest.raises(OutOfTime):
        ask("lib", over=lambda: True)


def test_versions_are_compared_as_versions(ask: Ask, offer: Callable[..., None]) -> None:
    """2.10 is newer than 2.9, also where it is told what was passed over."""
    offer("lib", "2.9", "2.10", "2.8")

    plan = ask("lib", avoid=Avoiding("lib 2.10", "lib 2.9"))

    assert [Version(item.version) for item in plan.passed_over] == [Version("2.10"), Version("2.9")]
