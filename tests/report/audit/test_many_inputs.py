"""Reports of many inputs: the work grows with what is told, and not with its square."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from report.audit.building import FLASK, JINJA, LOOK, audited, dependency, finding
from safe_pip.audited import Audited
from safe_pip.inventory import AuditInput, SkippedDependency
from safe_pip.report.audit import FORMATS


def outcome(count: int) -> Audited:
    """So many lock files, each with the same vulnerable version, one that is ignored, and an entry that was skipped."""
    inputs = [AuditInput("lock", f"{number}/uv.lock", f"{number}/uv.lock") for number in range(count)]
    flask = [dependency("flask", "2.2.0", named, line=3) for named in inputs]
    jinja = [dependency("jinja2", "2.0", named, line=9) for named in inputs]
    return audited(
        [*flask, *jinja],
        [finding(flask[0], FLASK, *flask[1:])],
        ignored=(finding(jinja[0], JINJA, *jinja[1:], waived_by="PYSEC-2021-66"),),
        skipped=tuple(SkippedDependency("own", None, named, "editable", "it is editable", 1) for named in inputs),
    )


def calls(name: str, count: int) -> int:
    """How many functions are called for a report."""
    told = outcome(count)
    number = 0

    def counting(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        FORMATS[name].render(told, LOOK)
    finally:
        sys.setprofile(before)
    return number


@pytest.mark.parametrize("name", FORMATS)
def test_the_work_is_linear(name: str) -> None:
    """A thousand lock files are audited in a second or two; a report that compares each with each takes minutes."""
    calls(name, 1)
    small, middle, large = (calls(name, count) for count in (50, 100, 200))

    assert large - middle <= 2.2 * (middle - small) + 100
