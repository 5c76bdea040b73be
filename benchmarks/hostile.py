"""The guard against every archive of the hostile corpus, each in a process of its own: outcome, time and memory.

    python benchmarks/hostile.py [--output benchmarks/HOSTILE.md]

The corpus is that of tests/attacks/hostile. Each archive is given to ``safe-pip download --dry-run`` as a file, which
takes wheels and source archives alike: its metadata is read, it is looked at as a whole, and judged by the built-in
policy. Time and memory are those of the whole process, start-up included; the time is the processor's, all threads
together, so that what else the machine does is not counted. No test depends on a time; this is where it is shown. Ends
with 1 where an archive is over what is allowed, or is not taken for what it is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from run import clean

HERE = Path(__file__).resolve().parent
MOST_SECONDS = 5.0
MOST_MEMORY = 200_000_000
SHOWN = 5
CORPUS = "corpus.json"
ADVISORIES = "advisories.zip"


class Outcome(NamedTuple):
    """What became of one archive. hostile: whether it is to be refused. seconds: of the processor. memory: bytes."""

    name: str
    hostile: bool
    result: str
    seconds: float
    memory: int

    @property
    def is_right(self) -> bool:
        """Whether it was taken for what it is, within what is allowed."""
        taken = self.result == "approved" if not self.hostile else self.result.startswith(("refused", "incomplete"))
        return taken and self.seconds <= MOST_SECONDS and self.memory <= MOST_MEMORY


def write_corpus(folder: Path) -> None:
    """Write every archive below a folder, in a process of its own: what is measured must not inherit its memory."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from attacks.hostile.tars import tars
    from attacks.hostile.zips import zips
    from fakes import advisory, export

    rows = []
    for filename, kind, corpus in (("foo-1.0-py3-none-any.whl", "zip", zips()), ("foo-1.0.tar.gz", "tar", tars())):
        for number, hostile in enumerate(corpus):
            path = folder / f"{kind}{number}" / filename
            path.parent.mkdir()
            path.write_bytes(hostile.data)
            rows.append([f"{kind}: {hostile.name}", str(path), bool(hostile.why)])
    (folder / CORPUS).write_text(json.dumps(rows))
    export(folder / ADVISORIES, [advisory("PYSEC-2020-1", "nobody")])


def outcome_of(name: str, path: Path, hostile: bool, folder: Path) -> Outcome:
    """Give one archive to the guard."""
    command = [sys.executable, "-m", "safe_pip", "download", "--dry-run", "--no-deps", "--no-index", "--no-cache-dir"]
    command += ["--format", "json", "--advisories", str(folder / ADVISORIES), "--dest", str(folder / "to"), str(path)]
    environ = clean() | {"SAFE_PIP_CACHE_DIR": str(folder / "cache"), "PIP_CONFIG_FILE": os.devnull}
    with (folder / "said").open("w+b") as said, (folder / "errors").open("w+b") as errors:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=errors, cwd=folder)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        errors.seek(0)
        result = result_of(process.returncode, said.read(), errors.read())
    return Outcome(name, hostile, result, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def result_of(code: int, said: bytes, errors: bytes) -> str:
    """The class of an outcome: the verdict, and the codes that it rests on."""
    if b"Traceback" in errors or code not in (0, 1, 3):
        return f"broken, with exit code {code}: {errors.decode(errors='replace').strip()[-200:]}"
    report = json.loads(said)
    codes = {item["code"] for item in report["findings"] if item["level"] == "block"}
    codes = codes or {item["code"] for item in report["unchecked"]}
    return ": ".join(filter(None, [report["verdict"], ", ".join(sorted(codes))]))


def table(outcomes: list[Outcome]) -> str:
    """The page."""
    hostile = [one for one in outcomes if one.hostile]
    wrong = [one for one in outcomes if not one.is_right]
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    lines = ["# Hostile archives", ""]
    lines += [f"{len(hostile)} hostile archives and {len(outcomes) - len(hostile)} that only look odd, each given to"]
    lines += ["`safe-pip download --dry-run` in a process of its own, start-up included, on"]
    lines += [f"{datetime.now(timezone.utc).date()}, Python {python}. Allowed are {MOST_SECONDS:.0f} s and"]
    lines += [f"{MOST_MEMORY // 1_000_000} MB; the time is the processor's. Made by `benchmarks/hostile.py`.", ""]
    lines += ["| outcome | hostile | odd |", "| --- | --- | --- |"]
    classes = Counter((one.result, one.hostile) for one in outcomes)
    for result in sorted({one.result for one in outcomes}):
        lines.append(f"| {result} | {classes[result, True]} | {classes[result, False]} |")
    lines += ["", f"Over what is allowed, or not taken for what it is: {len(wrong) or 'none'}."]
    lines += [f"- {one.name}: {one.result}, {one.seconds:.1f} s, {one.memory / 1e6:.0f} MB" for one in wrong]
    lines += ["", "| the slowest | time | of what is allowed |", "| --- | --- | --- |"]
    for one in most(outcomes, "seconds"):
        lines.append(f"| {one.name} | {one.seconds:.2f} s | {one.seconds / MOST_SECONDS:.0%} |")
    lines += ["", "| the largest | memory | of what is allowed |", "| --- | --- | --- |"]
    for one in most(outcomes, "memory"):
        lines.append(f"| {one.name} | {one.memory / 1e6:.0f} MB | {one.memory / MOST_MEMORY:.0%} |")
    return "\n".join(lines) + "\n"


def most(outcomes: Iterable[Outcome], what: str) -> list[Outcome]:
    """The few that took the most."""
    return sorted(outcomes, key=lambda one: getattr(one, what), reverse=True)[:SHOWN]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE / "HOSTILE.md")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write is not None:
        write_corpus(options.write)
        return 0
    with tempfile.TemporaryDirectory(prefix="safe-pip-bench-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, str(HERE / "hostile.py"), "--write", name], check=True)
        rows = json.loads((folder / CORPUS).read_text())
        outcomes = [outcome_of(what, Path(path), hostile, folder) for what, path, hostile in rows]
    options.output.write_text(table(outcomes), "utf-8")
    print(table(outcomes))
    return int(not all(one.is_right for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
