"""Compares with plain pip and prints the table of docs/explanation/parity.md, from what was really run.

    python tests/parity/table.py                                  what CI compares
    SAFE_PIP_WORLDS=2000 SAFE_PIP_CORPUS=all python tests/parity/table.py -n 2

Further arguments are pytest's. The exit code is pytest's.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_GROUPS = (
    ("test_cases", "versions", "hand-made: versions, pre-releases, yanked", "worlds"),
    ("test_cases", "files", "hand-made: wheels, source archives, tags, several indexes", "worlds"),
    ("test_cases", "extras", "hand-made: extras, and extras of extras", "worlds"),
    ("test_cases", "solving", "hand-made: conflicts, back-tracking, constraints, markers", "worlds"),
    ("test_cases", "direct", "hand-made: URLs and paths", "worlds"),
    ("test_cases", "hashes", "hand-made: hash mode", "worlds"),
    ("test_cases", "metadata", "hand-made: odd and invalid metadata", "worlds"),
    ("test_cases", "found", "found by the generator", "worlds"),
    ("test_installed", "", "installed environments, in every upgrade mode", "questions"),
    ("test_generated", "", "generated worlds", "worlds"),
    ("test_corpus", "", "requirements of real projects", "packages"),
)


@dataclass
class Tally:
    """How the tests of a group ended. asked: what was compared in them, in the group's own unit."""

    tests: int = 0
    asked: int = 0
    differences: int = 0
    skipped: int = 0


def main(arguments: list[str]) -> int:
    """Run the comparisons and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={results}", str(_HERE), *arguments]
        # The family that knows properties of a test.
        command += ["-o", "junit_family=xunit1"]
        done = subprocess.run(command, cwd=_HERE.parents[1], check=False)
        tallies = tallied(ET.parse(results).iter("testcase"))
    today = datetime.now(timezone.utc).date()
    print(
        f"\npip {version('pip')}, {platform.python_implementation()} {platform.python_version()}, {today}:\n\n"
        "| what | sets | compared | differences | not run |\n| --- | --- | --- | --- | --- |"
    )
    for (_, _, words, unit), tally in zip(_GROUPS, tallies, strict=True):
        print(f"| {words} | {tally.tests} | {unit}: {tally.asked:,} | {tally.differences} | {tally.skipped} |")
    return done.returncode


def tallied(testcases: Iterable[ET.Element]) -> list[Tally]:
    """Each group's tally, in the order of the groups. testcases: those of a JUnit report."""
    tallies = [Tally() for _ in _GROUPS]
    for case in testcases:
        module = case.get("classname", "").rpartition(".")[2]
        name = case.get("name", "").partition("[")[2]
        for (group, beginning, _, _), tally in zip(_GROUPS, tallies, strict=True):
            if module != group or not name.startswith(beginning):
                continue
            if case.find("skipped") is not None:
                tally.skipped += 1
                continue
            asked = [item.get("value") for item in case.iter("property") if item.get("name") == "asked"]
            tally.tests += 1
            tally.asked += int(asked[0] or 0) if asked else 1
            tally.differences += case.find("failure") is not None or case.find("error") is not None
    return tallies


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
