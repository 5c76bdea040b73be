"""Every rule about bytes over the newest files of the most downloaded packages: what they find, and how often.

    python benchmarks/false_alarms.py [NAMES] [--sdists] [--count 300] [--sample WORDS] [--output FILE]

NAMES: a file with one package a line, the most downloaded first; most_downloaded.txt beside this. The wheels, or with
--sdists the source archives, come from the places that pip is configured with, four at a time, and each is deleted
after the look; what is kept is the table. They go the road of an install: resolved, staged, looked at; nothing is run
or built. Packages without such a file for this Python are left out and the next ones taken. WORDS: how NAMES were
chosen, where they are not the most downloaded.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from packaging.utils import NormalizedName, canonicalize_name

from safe_pip.codes import CODES
from safe_pip.errors import FetchError, ResolutionError
from safe_pip.facts import FileFacts
from safe_pip.index.finder import Index
from safe_pip.index.http import Http
from safe_pip.index.store import FileStore
from safe_pip.inspect.inspected import inspected
from safe_pip.inspect.looking import Looks
from safe_pip.model import Level, Mismatch, Observation, Plan, PlannedInstall, Request
from safe_pip.progress import Progress
from safe_pip.request.command_line import parse
from safe_pip.request.default_index import default_index
from safe_pip.request.pip_config import configured
from safe_pip.request.reading import read_request
from safe_pip.resolve import ResolutionIncomplete, resolve
from safe_pip.rules import PLAN_RULES, observe_one
from safe_pip.rules.facts import Facts
from safe_pip.stage import stage
from safe_pip.target import probe

BYTE_CODES = [code for code in PLAN_RULES if CODES[code].kind == "bytes"]
OF_SDISTS = ("hash-mismatch", "metadata-mismatch", "unsafe-archive")
"""What is in a source archive is for its build; these are about the archive itself."""
BESIDE = Path(__file__).parent
AT_ONCE = 4


class Outcome(NamedTuple):
    """What the newest file of a package has shown. unread: why something of it could not be looked at."""

    items: tuple[PlannedInstall, ...] = ()
    files: Mapping[NormalizedName, FileFacts] = MappingProxyType({})
    mismatches: tuple[Mismatch, ...] = ()
    unread: tuple[str, ...] = ()
    size: int = 0


@dataclass
class Seen:
    """What was looked at in all, as one plan. count: of packages. size: bytes."""

    sdists: bool
    count: int = 0
    items: list[PlannedInstall] = field(default_factory=list)
    files: dict[NormalizedName, FileFacts] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, outcome: Outcome) -> None:
        """Take one more package into account."""
        self.count += 1
        self.items += outcome.items
        self.files.update(outcome.files)
        self.mismatches += outcome.mismatches
        self.unread += outcome.unread
        self.size += outcome.size

    def found(self) -> list[Observation]:
        """What the rules find."""
        facts = Facts(Plan(tuple(self.items)), mismatches=tuple(self.mismatches), files=self.files)
        return [item for code in self.codes for item in observe_one(code, facts)]

    @property
    def codes(self) -> list[str]:
        """The rules that are about such files."""
        return [code for code in BYTE_CODES if code in OF_SDISTS] if self.sdists else BYTE_CODES


def no_fetch(url: str) -> bytes:
    """No requirements file is named."""
    raise FetchError(url, "not fetched here")


@contextmanager
def looker(*, sdists: bool) -> Iterator[Callable[[NormalizedName], Outcome | None]]:
    """What looks at the newest file of a package, and gives None where there is none; safe to use from threads."""
    target = probe(sys.executable)
    environ = dict(os.environ)
    configuration = configured(environ, target.prefix)

    def request_for(name: str) -> Request:
        arguments = ["-I", "--no-deps", "--no-binary" if sdists else "--only-binary", ":all:", name]
        values = parse(arguments, configuration, environ)
        now = datetime.now(timezone.utc)
        return read_request(values, target, environ=environ, fetch=no_fetch, default_index=default_index, now=now)

    def look_at(name: NormalizedName) -> Outcome | None:
        with tempfile.TemporaryDirectory() as folder:
            store = FileStore(Path(folder), http)
            try:
                plan = resolve(request_for(name), index, store, Progress())
            except ResolutionIncomplete as error:
                return Outcome(mismatches=error.plan.mismatches, unread=(error.message,))
            except ResolutionError:
                return None
            staged = stage(plan, store, Path(folder), Progress())
            looked = inspected(plan, staged, looks)
            return Outcome(
                plan.install,
                looked.files,
                (*plan.mismatches, *staged.mismatches, *looked.mismatches),
                tuple(item.reason for item in (*plan.unchecked, *staged.unchecked, *looked.unchecked)),
                sum(file.size for file in staged.files.values()),
            )

    first = request_for("anything")
    hosts = first.network.trusted_hosts
    looks = Looks()
    with Http(first.network) as http, Index(first.search, http, hosts) as index:
        yield look_at
    looks.close()


def look_at_all(names: list[NormalizedName], count: int, *, sdists: bool) -> Seen:
    """The first so many that have such a file."""
    seen = Seen(sdists)
    with looker(sdists=sdists) as look_at, ThreadPoolExecutor(AT_ONCE) as pool:
        while names and seen.count < count:
            batch, names = names[: 2 * AT_ONCE], names[2 * AT_ONCE :]
            for name, outcome in zip(batch, pool.map(look_at, batch), strict=True):
                if outcome is None:
                    print(f"{name}: no such file", file=sys.stderr)
                elif seen.count < count:
                    seen.add(outcome)
            print(f"{seen.count} of {count}", file=sys.stderr)
    return seen


def table(seen: Seen, sample: str) -> str:
    """The page."""
    found, count = seen.found(), seen.count
    today = datetime.now(timezone.utc).date()
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    what = "source archives" if seen.sdists else "wheels"
    whose = f"{count} packages, {sample}," if sample else f"the {count} most downloaded packages"
    lines = [f"# False alarms of the rules about bytes, in {what}", ""]
    lines += [f"The newest {what} of {whose}", f"that have one for Python {python} on {sys.platform}, on {today}:"]
    lines += [f"{seen.size / 1e6:,.0f} MB. All of them stood in one plan, so that it is told what overwrites what."]
    if seen.sdists:
        lines += ["What is in them is for their builds, of which none was run; the rules below are about the archive."]
    lines += ["Made by `benchmarks/false_alarms.py`.", ""]
    lines += ["| code | level | packages | share | which |", "| --- | --- | --- | --- | --- |"]
    for code in seen.codes:
        names = sorted({item.name for item in found if item.code == code})
        level = CODES[code].install.word
        lines.append(f"| {code} | {level} | {len(names)} | {len(names) / count:.1%} | {', '.join(names)} |")
    levels = {level: {item.name for item in found if CODES[item.code].install == level} for level in Level}
    lines += ["", f"At block: {len(levels[Level.BLOCK])} packages. At warn: {len(levels[Level.WARN])} packages, "]
    lines[-1] += f"{len(levels[Level.WARN]) / count:.1%}. Not to be looked at as a whole: {len(seen.unread)}."
    lines += ["", "## What was found", "", *([] if found or seen.unread else ["Nothing."])]
    lines += [f"- `{item.code}`: {item.message}" for item in sorted(found, key=lambda item: (item.code, item.name))]
    lines += [f"- not looked at: {line}" for line in seen.unread]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", type=Path, nargs="?", default=BESIDE / "most_downloaded.txt")
    parser.add_argument("--sdists", action="store_true")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--sample", default="")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    names = [canonicalize_name(line.strip()) for line in options.names.read_text().splitlines() if line.strip()]
    seen = look_at_all(names, options.count, sdists=options.sdists)
    output = options.output or BESIDE / ("FALSE_ALARMS_SDISTS.md" if options.sdists else "FALSE_ALARMS.md")
    output.write_text(table(seen, options.sample), "utf-8")


if __name__ == "__main__":
    main()
