"""What a specifier becomes so that it lets a version in: pure values, and each the smallest change of its kind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from safe_pip.loosening import loosened

CASES = [
    # Bounds: an upper one moves as far as its own precision has it.
    ("<1.1", "1.2", ">=1.2,<1.3"),
    ("<1.1", "1.2.5", ">=1.2.5,<1.3"),
    ("<2", "3.1", ">=3.1,<4"),
    ("<2.0.0", "2.0.0", ">=2.0.0,<3"),
    ("<=1.0", "1.2", ">=1.2,<=1.2"),
    (">=0.5,<1.1", "1.2", ">=1.2,<1.3"),
    # Older than everything that was admitted.
    (">=2", "1.5", ">=1.5,<2"),
    (">2,<3", "1.5", ">=1.5,<=2"),
    ("~=2.1", "1.5.2", ">=1.5.2,~=1.5"),
    # Pins stay pins.
    ("==1.0", "1.2", "==1.2"),
    ("===1.0", "1.2", "===1.2"),
    ("==1.0,!=0.9", "1.2", "==1.2,!=0.9"),
    ("==1.0", "1.2+local", "==1.2+local"),
    # Widths.
    ("==1.*", "2.1", ">=2.1,==2.*"),
    ("==1.0.*", "1.2.3", ">=1.2.3,==1.2.*"),
    ("~=1.4", "2.1", "~=2.1"),
    ("~=1.4", "2.1.3", ">=2.1.3,~=2.1"),
    ("~=1.0.1", "1.2.3", "~=1.2.3"),
    # What is admitted already, and what is not let in by any small change.
    ("~=1.0", "1.2", "~=1.0"),
    ("", "1.2", ""),
    ("!=1.*,<1", "1.2", ">=1.2,<2"),
    ("~=1.0", "2.0rc1", "==2.0rc1"),
    # Odd versions.
    ("<1.1", "1.2+local", ">=1.2,<1.3"),
    ("<2.0a1", "2.1", ">=2.1,<3"),
    ("<1!2", "1!3.1", ">=1!3.1,<1!4"),
    ("<2", "1!0.5", ">=1!0.5,<1!1"),
]


@pytest.mark.parametrize(("before", "version", "after"), CASES)
def test_the_smallest_change(before: str, version: str, after: str) -> None:
    """The table that the explanation of the way out is about."""
    assert loosened(SpecifierSet(before), Version(version)) == after


numbers = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
versions = st.builds(
    "{}{}{}".format, st.sampled_from(["", "", "1!"]), numbers, st.sampled_from(["", "", "rc1", ".post1"])
)
clauses = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "==="]), versions),
    st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), numbers),
    st.builds("~={}.{}".format, numbers, st.integers(0, 3)),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(specifier=st.lists(clauses, max_size=3).map(",".join), version=versions)
def test_whatever_was_written(specifier: str, version: str) -> None:
    """The version gets in, always, and what comes out can be written into a file again."""
    text = loosened(SpecifierSet(specifier), Version(version))

    assert SpecifierSet(text).contains(Version(version), prereleases=True)
