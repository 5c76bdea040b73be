"""Candidates and needs that cannot be made: what ends a resolution, in which words, and what is only passed over.

That the choice is pip's is proved in ``tests/parity``; here is what no index or environment can be made to do there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from fakes import FakeIndex, metadata_text, wheel
from resolve.conftest import Ask
from safe_pip.errors import ResolutionError, UsageError
from safe_pip.model import InstalledDistribution
from safe_pip.resolve import ResolutionIncomplete

DEEP = f"one; {'(' * 5000}python_version > '3'{')' * 5000}"
"""A requirement whose marker no parser gets to the end of."""


def installed(folder: Path, name: str, version: str, metadata: bytes) -> Mapping[NormalizedName, InstalledDistribution]:
    """One distribution as it is found in a target."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_bytes(metadata)
    try:
        known: Version | None = Version(version)
    except InvalidVersion:
        known = None
    normal = canonicalize_name(name)
    return {normal: InstalledDistribution(normal, known, version, str(folder), str(info))}


# --------------------------------------------------------------------------- metadata


def test_a_python_too_long_to_be_one(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Of two specifiers packaging reads the second late; like any Requires-Python that is none, it asks for nothing."""
    index.add(wheel(tmp_path, "lib", "1.0", requires_python=f"<3,>={'9' * 5_000}"))

    assert [item.version for item in ask("lib").install] == ["1.0"]


def test_a_marker_nested_beyond_parsing(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A thousand brackets are invalid metadata like any other: the version is passed over, and it is told."""
    index.add(wheel(tmp_path, "lib", "2.0", metadata=metadata_text("lib", "2.0", [DEEP])))
    index.add(wheel(tmp_path, "lib", "1.0"))

    plan = ask("lib")

    assert [item.version for item in plan.install] == ["1.0"]
    assert [(item.version, item.code, item.reason) for item in plan.passed_over] == [
        (
            "2.0",
            "invalid-metadata",
            "lib-2.0-py3-none-any.whl has invalid metadata: Requires-Dist: its marker is nested too deeply",
        )
    ]


@pytest.mark.parametrize("requirement", ["one (unclosed", DEEP], ids=["unclosed", "deep"])
def test_invalid_metadata_of_something_newer_than_what_is_installed(
    requirement: str, ask: Ask, index: FakeIndex, tmp_path: Path
) -> None:
    """pip gives up then; the way out is to exclude that very version."""
    there = installed(tmp_path / "site", "lib", "1.0", metadata_text("lib", "1.0"))
    index.add(wheel(tmp_path, "lib", "2.0", metadata=metadata_text("lib", "2.0", [requirement])))

    with pytest.raises(ResolutionError) as raised:
        ask("-U", "lib", installed=there)

    assert raised.value.message.startswith("lib-2.0-py3-none-any.whl has invalid metadata: Requires-Dist: ")
    assert raised.value.hint == "Exclude it by adding lib!=2.0 to what you ask for."
    assert [item.version for item in ask("-U", "lib!=2.0", installed=there).keep] == ["1.0"]


@pytest.mark.parametrize("requirement", ["one (unclosed", DEEP], ids=["unclosed", "deep"])
def test_what_is_installed_requires_nonsense(requirement: str, ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What is there is needed and cannot be read: it is named, and what to do about it."""
    there = installed(tmp_path / "site", "lib", "1.0", metadata_text("lib", "1.0", [requirement]))

    with pytest.raises(ResolutionError) as raised:
        ask("lib", installed=there)

    assert raised.value.message.startswith("The installed lib 1.0 has metadata that cannot be read: ")
    assert len(raised.value.message) < 400
    assert raised.value.hint.startswith("Reinstall it or uninstall it: ")


def test_what_is_installed_has_no_version(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Whether it satisfies anything cannot be told."""
    index.add(wheel(tmp_path, "lib", "1.0"))
    there = installed(tmp_path / "site", "lib", "2004d", metadata_text("lib", "2004d"))

    with pytest.raises(ResolutionError) as raised:
        ask("lib", installed=there)

    assert raised.value.message == "The installed lib has the version '2004d', not one of PEP 440."
    assert raised.value.hint == "Uninstall it: pip uninstall lib"
    assert [item.version for item in ask("--force-reinstall", "lib", installed=there).install] == ["1.0"]


def test_what_is_installed_has_no_metadata(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """It is taken to need nothing, as pip takes it."""
    there = installed(tmp_path / "site", "lib", "1.0", b"no metadata")

    assert [(item.name, item.version) for item in ask("lib", installed=there).keep] == [("lib", "1.0")]


def test_a_file_that_decides_cannot_be_read(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Resolving ends as incomplete, with what could not be read, and without trying an older version instead."""
    index.add(wheel(tmp_path, "lib", "1.0"))
    path = tmp_path / "lib-2.0-py3-none-any.whl"
    path.write_bytes(b"<html>404</html>")
    index.add(path)

    with pytest.raises(ResolutionIncomplete) as raised:
        ask("lib")

    (unchecked,) = raised.value.plan.unchecked
    assert (unchecked.code, unchecked.name, unchecked.version) == ("unreadable-file", "lib", "2.0")
    assert unchecked.reason.startswith("lib-2.0-py3-none-any.whl cannot be inspected: ")


# --------------------------------------------------------------------------- direct references


@pytest.mark.parametrize("requirement", ["one (unclosed", DEEP], ids=["unclosed", "deep"])
def test_invalid_metadata_behind_a_url(requirement: str, ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Nothing else was asked for, so that is the end; the line that asks for it is named."""
    path = index.add(wheel(tmp_path, "lib", "1.0", metadata=metadata_text("lib", "1.0", [requirement])))
    (tmp_path / "r.txt").write_text(f"\nlib @ {index.file_url(path)}\n")

    with pytest.raises(ResolutionError) as raised:
        ask("-r", str(tmp_path / "r.txt"))

    assert raised.value.message.startswith(
        f"{tmp_path / 'r.txt'}, line 2: lib-1.0-py3-none-any.whl has invalid metadata: Requires-Dist: "
    )


def test_a_wheel_for_another_platform_behind_a_url(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """No other file was asked for: the interpreter is named, since it is the other half of the misfit."""
    path = wheel(tmp_path, "lib", "1.0", tag="cp27-cp27m-win32")

    with pytest.raises(ResolutionError) as raised:
        ask(str(path))

    assert "lib-1.0-cp27-cp27m-win32.whl is a wheel for another platform or Python than " in raised.value.message
    assert raised.value.hint == "Give the URL of a wheel that fits, or ask for the package by name."


def test_a_url_with_a_name_that_is_no_wheels(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """It ends in .whl and cannot be one."""
    with pytest.raises(UsageError, match=r"line 1: lib\.whl is not the name of a wheel"):
        (tmp_path / "r.txt").write_text(f"lib @ {index.base}/files/lib.whl\n")
        ask("-r", str(tmp_path / "r.txt"))


def test_a_url_whose_file_is_another_projects(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The name in the reference and that in the file contradict each other, and both are told."""
    path = wheel(tmp_path, "evil", "1.0")
    index.add(path)

    with pytest.raises(ResolutionError) as raised:
        ask(f"lib @ {index.file_url(path)}")

    assert raised.value.plan is not None
    assert [(item.code, item.what, item.expected, item.actual) for item in raised.value.plan.mismatches] == [
        ("metadata-mismatch", "Name", "lib", "evil")
    ]


@pytest.mark.parametrize("asked", ["app", "url"])
def test_files_of_pips_own_index_may_not_name_urls(asked: str, ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """pip refuses such a dependency of a file of its built-in index, and no other version is tried."""
    secret = f"lib @ http://me:secret@{index.base.removeprefix('http://')}/files/lib-1.0-py3-none-any.whl"
    index.add(wheel(tmp_path, "lib", "1.0"))
    index.add(wheel(tmp_path, "app", "1.0"))
    path = index.add(wheel(tmp_path, "app", "2.0", requires=[secret]))
    host = index.base.removeprefix("http://")
    argument = "app" if asked == "app" else f"app @ {index.file_url(path)}"

    with pytest.raises(ResolutionError) as raised:
        ask(argument, default_file_host=host)

    assert raised.value.message.startswith("app-2.0-py3-none-any.whl depends on a direct URL (lib @ http://****@")
    assert "secret" not in raised.value.message
    assert [item.name for item in ask(argument, default_file_host="elsewhere.invalid").install] == ["app", "lib"]


# --------------------------------------------------------------------------- extras and pages


def test_an_unknown_extra_is_noted(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """pip warns and goes on; each extra that is not there is told once."""
    index.add(wheel(tmp_path, "lib", "1.0", extras=["known"]))

    plan = ask("lib[b,known,a]")

    assert [item.name for item in plan.install] == ["lib"]
    assert [(item.code, item.reason) for item in plan.passed_over] == [
        ("unknown-extra", "lib 1.0 has no extra named a"),
        ("unknown-extra", "lib 1.0 has no extra named b"),
    ]
