"""Measure safe-pip side by side with pip, uv and pip-audit, and write a table.

    python benchmarks/run.py [--runs N] [--only WORD] [--output FILE]

Every row is one piece of work, done by each tool in turn, N times (A B C, A B C, ...), so that a machine that changes
its pace changes it for all. Medians are compared; a ratio below 1 means that safe-pip is faster. Nothing is judged
here, and no test depends on a time.

The package index is the one that pip is configured with by default; advisories are those beside the project where they
are, else the starter set. Every run has caches and environments of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import audit

from safe_pip.codes import CODES

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
HERE = Path(__file__).resolve().parent
SETS = {"small": HERE / "small.txt", "mixed": HERE / "mixed.txt"}
"""12 and 149 packages."""
DEEP = SHARED / "corpus" / "requirements" / "boto3.in"


@dataclass
class Work:
    """One row: what is done, and by which commands. Each command is made anew for each run, and cleaned up after it."""

    name: str
    tools: dict[str, Callable[[Path], None]]
    note: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)


class Bench:
    """The tools to compare, and where they may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warm = folder / "warm"
        self.pip = [sys.executable, "-m", "pip"]
        self.guard = [sys.executable, "-m", "safe_pip"]
        self.uv = [str(Path(sys.executable).with_name("uv"))]
        self.index = json.loads(
            subprocess.run(
                [sys.executable, "-c", _ASK_INDEX], capture_output=True, text=True, check=True, env=clean()
            ).stdout
        )
        exported = SHARED / "advisories" / "all.zip"
        self.advisories = ["--advisories", str(exported)] if exported.exists() else ["--allow", "stale-advisories"]

    def run(self, command: list[str], **environ: str) -> None:
        """Run a command; it has to succeed, or to refuse, which is as much work."""
        done = subprocess.run(
            command, env=clean() | environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr}")

    def uv_compile(self, file: str, cache: str, output: Path) -> list[str]:
        """The command by which uv resolves a requirements file."""
        options = ["--quiet", "--cache-dir", cache, "--index-url", self.index, "--python", sys.executable]
        return [*self.uv, "pip", "compile", *options, "--output-file", str(output), file]

    def venv(self, place: Path) -> Path:
        """A new environment without pip."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
        return place / "bin" / "python"


_ASK_INDEX = (
    "import json\nfrom safe_pip.request.default_index import default_index\nprint(json.dumps(default_index().url))"
)


def clean() -> dict[str, str]:
    """The environment without anything that configures the tools."""
    dropped = ("PIP_", "SAFE_PIP_", "UV_", "VIRTUAL_ENV", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_NO_CONFIG": "1"}


# --------------------------------------------------------------------------- the rows


def resolving(bench: Bench, name: str, *, warm: bool) -> Work:
    """Resolve a set, each tool with a cache of its own: an empty one, or the one that the run before has filled."""
    file = str(SETS[name])

    def cache(scratch: Path, tool: str) -> str:
        return str(bench.warm / f"resolve-{tool}-{name}" if warm else scratch / "cache")

    def guard(scratch: Path) -> None:
        bench.run([sys.executable, str(HERE / "resolve_only.py"), file], SAFE_PIP_CACHE_DIR=cache(scratch, "safe-pip"))

    def pip(scratch: Path) -> None:
        python = bench.venv(scratch / "venv")
        options = ["--dry-run", "--quiet", "--ignore-installed", "--cache-dir", cache(scratch, "pip")]
        bench.run([*bench.pip, "--python", str(python), "install", *options, "-r", file])

    def uv(scratch: Path) -> None:
        bench.run(bench.uv_compile(file, cache(scratch, "uv"), scratch / "out.txt"))

    note = "uv compiles; pip's dry run fetches every wheel it looks at"
    return Work(f"resolve, {name} set, {_state(warm)}", {"safe-pip": guard, "pip": pip, "uv": uv}, note)


def deep(bench: Bench) -> Work:
    """The set of the corpus that needs the deepest back-tracking; pip needs about twenty minutes for it."""

    def guard(scratch: Path) -> None:
        bench.run([sys.executable, str(HERE / "resolve_only.py"), str(DEEP)], SAFE_PIP_CACHE_DIR=str(scratch))

    def uv(scratch: Path) -> None:
        bench.run(bench.uv_compile(str(DEEP), str(scratch), scratch / "out.txt"))

    return Work("resolve, boto3.in of the corpus, cold", {"safe-pip": guard, "uv": uv})


def _state(warm: bool) -> str:
    return "warm caches" if warm else "cold"


def installing(bench: Bench, name: str, *, warm: bool) -> Work:
    """The whole guarded install against plain pip, into a new environment."""
    file = str(SETS[name])

    def cache(scratch: Path, tool: str) -> str:
        return str(bench.warm / f"{tool}-{name}" if warm else scratch / "cache")

    def guard(scratch: Path) -> None:
        python = bench.venv(scratch / "venv")
        command = [*bench.guard, "install", "--quiet", *bench.advisories, "--python", str(python), "-r", file]
        bench.run(command, SAFE_PIP_CACHE_DIR=cache(scratch, "safe-pip"))

    def pip(scratch: Path) -> None:
        python = bench.venv(scratch / "venv")
        options = ["--quiet", "--cache-dir", cache(scratch, "pip"), "--root-user-action", "ignore"]
        bench.run([*bench.pip, "--python", str(python), "install", *options, "-r", file])

    return Work(f"install, {name} set, {_state(warm)}", {"safe-pip": guard, "pip": pip})


def ruling(bench: Bench) -> Work:
    """The whole guarded install with every rule of the built-in policy, and with those about advisories alone.

    What is kept of looks at files is deleted before each run, so that every byte is looked at.
    """
    file, cache = str(SETS["mixed"]), bench.warm / "rules"
    policy = bench.folder / "advisories-only.toml"
    others = [code.code for code in CODES.values() if code.kind not in ("advisory", "policy")]
    policy.write_text("[levels]\n" + "".join(f'{code} = "allow"\n' for code in others), "utf-8")

    def guard(scratch: Path, *options: str) -> None:
        python = bench.venv(scratch / "venv")
        for kept in cache.glob("looks.sqlite*"):
            kept.unlink()
        command = [*bench.guard, "install", "--quiet", *bench.advisories, *options, "--python", str(python), "-r", file]
        bench.run(command, SAFE_PIP_CACHE_DIR=str(cache))

    return Work(
        "rules: install, mixed set, warm caches, every file looked at anew",
        {
            "safe-pip": lambda scratch: guard(scratch),
            "advisories alone": lambda scratch: guard(scratch, "--policy", str(policy)),
        },
    )


def starting(bench: Bench) -> Work:
    """Start-up, against the interpreter's own."""
    script = str(Path(sys.executable).with_name("safe-pip"))
    return Work(
        "start: `safe-pip --version` against `python -c pass`",
        {
            "safe-pip": lambda _: bench.run([script, "--version"]),
            "python": lambda _: bench.run([sys.executable, "-c", "pass"]),
        },
    )


def handing_over(bench: Bench) -> Work:
    """A command that is handed to pip, against pip."""
    script = Path(sys.executable)
    return Work(
        "`safe-pip list` against `pip list`",
        {
            "safe-pip": lambda _: bench.run([str(script.with_name("safe-pip")), "list"]),
            "pip": lambda _: bench.run([str(script.with_name("pip")), "list"]),
        },
    )


def databases() -> list[tuple[str, str]]:
    """Building and asking the advisory database: figures of safe-pip alone, with its peak memory."""
    rows = []
    for records in (2_665, 50_000):
        done = subprocess.run(
            [sys.executable, str(HERE / "database.py"), str(records)],
            capture_output=True,
            text=True,
            check=True,
            env=clean(),
        )
        found = json.loads(done.stdout)
        size, memory = found["size"] / 1e6, found["memory"] / 1e6
        text = (
            f"built in {found['build']:.1f} s, {size:.0f} MB on disk, {memory:.0f} MB of memory at most; "
            f"opened, and 149 packages looked up, in {found['lookup'] * 1e3:.0f} ms"
        )
        rows.append((f"advisory database of {records:,} records", text))
    return rows


def memory(bench: Bench) -> list[tuple[str, str]]:
    """The most memory that one process of a resolve of the mixed set takes, without and with what is kept."""
    rows = []
    place = bench.folder / "memory"
    for state in (_state(False), _state(True)):
        command = [sys.executable, str(HERE / "resolve_only.py"), str(SETS["mixed"])]
        process = subprocess.Popen(
            command, env=clean() | {"SAFE_PIP_CACHE_DIR": str(place)}, stdout=subprocess.DEVNULL, stderr=sys.stderr
        )
        used = os.wait4(process.pid, 0)[2].ru_maxrss / 1000
        rows.append((f"resolve, mixed set, {state}", f"{used:.0f} MB of memory at most"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--audited", choices=SETS, default="mixed", help="the set that the rows of audit take")
    parser.add_argument("--locks", type=int, default=audit.LOCKS, help="lock files that are audited in one run")
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="safe-pip-bench-"))
    servers = ExitStack()
    try:
        bench = Bench(folder)
        works = [starting(bench), handing_over(bench)]
        for name in SETS:
            for warm in (False, True):
                works += [resolving(bench, name, warm=warm), installing(bench, name, warm=warm)]
        works.append(ruling(bench))
        if DEEP.exists():
            works.append(deep(bench))
        audits = audit.EXPORT.exists() and (not options.only or options.only.startswith("audit"))
        if audits:
            near, far = (servers.enter_context(audit.server(latency)) for latency in (0.0, audit.LATENCY))
            works += [Work(*row) for row in audit.rows(bench, near, far, SETS[options.audited])]
        works = [work for work in works if options.only in work.name]
        for work in works:
            measure(work, options.runs, folder)
        figures = [*databases(), *memory(bench)] if not options.only else []
        figures += audit.figures(bench, options.locks) if audits else []
        text = table(works, options.runs, figures)
    finally:
        servers.close()
        shutil.rmtree(folder, ignore_errors=True)
    options.output.write_text(text, "utf-8")
    print(text)


def measure(work: Work, runs: int, folder: Path) -> None:
    """Do a piece of work by each tool in turn; the first round warms what is to be warm and is not counted."""
    for number in range(runs + 1):
        for tool, command in work.tools.items():
            scratch = Path(tempfile.mkdtemp(dir=folder))
            begun = time.perf_counter()
            command(scratch)
            seconds = time.perf_counter() - begun
            if number:
                work.seconds.setdefault(tool, []).append(seconds)
            shutil.rmtree(scratch, ignore_errors=True)
    medians = {tool: statistics.median(found) for tool, found in work.seconds.items()}
    print(f"{work.name}: " + ", ".join(f"{tool} {median:.2f} s" for tool, median in medians.items()), file=sys.stderr)


def table(works: list[Work], runs: int, figures: list[tuple[str, str]]) -> str:
    """The results as Markdown."""
    today = datetime.now(timezone.utc).date()
    about = (
        f"Medians of {runs} alternating runs of whole processes, on {today}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}. A ratio below 1 means that safe-pip takes less time. "
        "Made by `nox -s bench`."
    )
    lines = ["# Benchmarks", "", about, "", "| work | safe-pip | other | ratio | spread of safe-pip |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for work in works:
        mine = work.seconds["safe-pip"]
        for tool, theirs in work.seconds.items():
            if tool != "safe-pip":
                ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
                other = f"{tool} {_seconds(statistics.median(theirs))}"
                spread = f"{_seconds(min(mine))} to {_seconds(max(mine))}"
                lines.append(
                    f"| {work.name} | {_seconds(statistics.median(mine))} | {other} | {ratio:.2f} | {spread} |"
                )
    notes = sorted({work.note for work in works if work.note})
    lines += ["", *notes] if notes else []
    if figures:
        lines += ["", "| work | figures |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in figures)]
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


if __name__ == "__main__":
    main()
