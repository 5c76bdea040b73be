"""Which names are close enough to be proposed, and which are not."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from safe_pip.resolve.did_you_mean import close_names, edit_distance, proposal
from safe_pip.resolve.known_names import BY_IMPORT, KNOWN


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("reqeusts", "requests"),
        ("requets", "requests"),
        ("requestss", "requests"),
        ("djnago", "django"),
        ("nunpy", "numpy"),
        ("scikitlearn", "scikit-learn"),
        ("learn-scikit", "scikit-learn"),
        ("python-requests", "requests"),
        ("requests-python", "requests"),
        ("beautifulsoup", "beautifulsoup4"),
        ("torch-vision", "torchvision"),
        ("typing-extension", "typing-extensions"),
        ("sql-alchemy", "sqlalchemy"),
        ("flaks", "flask"),
    ],
)
def test_slips(slip: str, meant: str) -> None:
    """Letters swapped, lost, doubled or exchanged; dashes, and python- before or after."""
    assert close_names(slip, [])[0] == meant


@pytest.mark.parametrize("name", ["acme", "my-company-tools", "xyz", "ab", "zzzzzzzz", "internal-requests-proxy"])
def test_other_names(name: str) -> None:
    """A private package is not to be taken for a public one with a slip in it."""
    assert close_names(name, []) == []


def test_the_closest_come_first_and_are_few() -> None:
    """One's own names before those of the list where they are as close."""
    assert close_names("requesst", ["requesst2", "requests-own"])[0] == "requesst2"
    assert len(close_names("pyqtt", ["pyqta", "pyqtb", "pyqtc", "pyqtd"])) == 3


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("abcd", "abdc", 1),
        ("kitten", "sitting", 3),
        ("abcd", "badc", 2),
    ],
)
def test_edit_distance(left: str, right: str, distance: int) -> None:
    """Known distances, the same from either side."""
    assert edit_distance(left, right) == edit_distance(right, left) == distance


def test_only_a_few_names_are_asked_for() -> None:
    """An index is not to be asked for a whole list because of one slip."""
    asked: list[str] = []
    local = [canonicalize_name(f"acmeservice{letter}") for letter in "abcdefgh"]

    assert proposal(canonicalize_name("acmeservicex"), local, lambda name: bool(asked.append(name))) == ""
    assert len(asked) == 3


def test_the_lists_are_in_order() -> None:
    """Names as indexes have them, each once; a module that is a project of the list would never be looked up."""
    assert [name for name in KNOWN if canonicalize_name(name) != name] == []
    assert len(KNOWN) == len(set(KNOWN)) >= 300
    assert [name for name in BY_IMPORT if canonicalize_name(name) != name] == []
    assert set(BY_IMPORT) & set(KNOWN) == set()
