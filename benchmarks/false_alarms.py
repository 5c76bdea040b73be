"""Every rule about bytes over the newest wheels of the most downloaded packages: what they find, and how often.

    python benchmarks/false_alarms.py [NAMES] [--count 300] [--output benchmarks/FALSE_ALARMS.md]

NAMES: a file with one package a line, the most downloaded first; most_downloaded.txt beside this. The wheels come from
the index that pip is configured with, eight at a time, and each is deleted after the look; what is kept is the table.
Packages without a wheel for this Python are left out and the next ones taken.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from safe_pip.codes import CODES
from safe_pip.facts import FileFacts
from safe_pip.inspect.look import look
from safe_pip.model import CoreMetadata, DistributionFile, Level, Observation, Plan, PlannedInstall
from safe_pip.rules import PLAN_RULES, observe_one
from safe_pip.rules.facts import Facts

BYTE_CODES = [code for code in PLAN_RULES if CODES[code].kind == "bytes"]
AT_ONCE = 4


def fetched(name: str) -> tuple[PlannedInstall, FileFacts, int, float] | None:
    """The newest wheel of a package, looked at and deleted: what is planned, what was found, bytes and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-cache-dir",
            "--only-binary",
            ":all:",
        ]
        run = subprocess.run([*command, "-d", folder, name], capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if run.returncode or len(wheels) != 1:
            return None
        file = DistributionFile(wheels[0].name, wheels[0].as_uri())
        project, version, _, _ = parse_wheel_filename(file.filename)
        began = time.thread_time()
        facts = look(wheels[0], file, project)
        took = time.thread_time() - began
        metadata = facts.metadata or CoreMetadata(project, str(version))
        item = PlannedInstall(project, str(version), file, metadata, True, (), (project,))
        return item, facts, wheels[0].stat().st_size, took


def looks(names: list[str], count: int) -> Iterator[tuple[PlannedInstall, FileFacts, int, float]]:
    """The first so many that have a wheel."""
    done = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while names and done < count:
            batch, names = names[: 2 * AT_ONCE], names[2 * AT_ONCE :]
            for name, outcome in zip(batch, pool.map(fetched, batch), strict=True):
                if outcome is None:
                    print(f"{name}: no wheel", file=sys.stderr)
                elif done < count:
                    done += 1
                    yield outcome
            print(f"{done} of {count}", file=sys.stderr)


def table(found: list[Observation], unreadable: list[str], count: int, size: int, seconds: float) -> str:
    """The page."""
    today = datetime.now(timezone.utc).date()
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    lines = ["# False alarms of the rules about bytes", ""]
    lines += [f"The newest wheels of the {count} most downloaded packages that have one for Python {python} on"]
    lines += [
        f"{sys.platform}, on {today}: {size / 1e6:,.0f} MB, looked at in {seconds:.1f} s of one thread's time. All of"
    ]
    lines += [
        "them stood in one plan, so that it is told what overwrites what. Made by `benchmarks/false_alarms.py`.",
        "",
    ]
    lines += ["| code | level | packages | share | which |", "| --- | --- | --- | --- | --- |"]
    for code in BYTE_CODES:
        names = sorted({item.name for item in found if item.code == code})
        level = CODES[code].install.word
        lines.append(f"| {code} | {level} | {len(names)} | {len(names) / count:.1%} | {', '.join(names)} |")
    levels = {level: {item.name for item in found if CODES[item.code].install == level} for level in Level}
    lines += ["", f"At block: {len(levels[Level.BLOCK])} packages. At warn: {len(levels[Level.WARN])} packages, "]
    lines[-1] += f"{len(levels[Level.WARN]) / count:.1%}. Not to be looked at as a whole: {len(unreadable)}."
    lines += ["", "## What was found", "", *([] if found or unreadable else ["Nothing."])]
    lines += [f"- `{item.code}`: {item.message}" for item in sorted(found, key=lambda item: (item.code, item.name))]
    lines += [f"- not looked at: {line}" for line in unreadable]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", type=Path, nargs="?", default=Path(__file__).with_name("most_downloaded.txt"))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("FALSE_ALARMS.md"))
    options = parser.parse_args()
    names = [canonicalize_name(line.strip()) for line in options.names.read_text().splitlines() if line.strip()]
    items, files, size, seconds = [], {}, 0, 0.0
    unreadable = []
    counts: Counter[str] = Counter()
    for item, facts, packed, took in looks(names, options.count):
        items.append(item)
        files[item.name] = facts
        size, seconds = size + packed, seconds + took
        if facts.unreadable:
            unreadable.append(f"{item.file.filename}: {facts.unreadable}")
            print(unreadable[-1], file=sys.stderr)
        for problem in facts.problems:
            counts[f"{item.name} {problem.code} {problem.what}"] += 1
    for text, number in counts.items():
        print(number, text, file=sys.stderr)
    all_facts = Facts(Plan(tuple(items)), files=files)
    found = [item for code in BYTE_CODES for item in observe_one(code, all_facts)]
    options.output.write_text(table(found, unreadable, len(items), size, seconds))


if __name__ == "__main__":
    main()
