"""The rows of ``safe-pip audit``: against pip-audit and ``uv audit`` on one OSV server, and figures of its own.

    python benchmarks/audit.py serve LATENCY        an OSV server on loopback, LATENCY seconds before each answer
    python benchmarks/audit.py locks COUNT FOLDER [uv|poetry|pylock ...]
                                                so many lock files of 100 packages, as of a monorepo

The server evaluates every query in Python: what it needs for that, every tool waits for.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Bench

Row = tuple[str, dict[str, Callable[[Path], None]], str]

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
EXPORT = ROOT.parent / "shared" / "advisories" / "all.zip"
LATENCY = 0.05
"""Seconds, as to a server on another continent."""
LOCKS = 1_000


class Audits:
    """What the rows are made of: 149 pinned packages, an environment that has them, and two servers."""

    def __init__(self, bench: Bench, near: str, far: str, requirements: Path) -> None:
        self.bench = bench
        self.near = near
        self.far = far
        self.requirements = requirements
        self.folder = Path(tempfile.mkdtemp(dir=bench.folder, prefix="audit-"))
        self.pinned = self.folder / "pinned.txt"
        bench.run([*bench.uv_compile(str(requirements), str(self.folder / "uv"), self.pinned), "--no-annotate"])
        lines = [line.split(" ")[0] for line in self.pinned.read_text().splitlines() if "==" in line]
        self.pins = [line.split("==") for line in lines]
        self.pinned.write_text("".join(f"{line}\n" for line in lines))
        self.seed = self.folder / "seed"
        (self.folder / "empty").mkdir()
        self.guard("--path", str(self.folder / "empty"), *bench.advisories, cache=self.seed)

    def guard(self, *arguments: str, cache: Path, **environ: str) -> None:
        """Run safe-pip audit with a cache of its own."""
        command = [*self.bench.guard, "audit", "-f", "json", *arguments]
        self.bench.run(command, SAFE_PIP_CACHE_DIR=str(cache), **environ)

    def peer(self, *arguments: str, cache: Path, osv: str, **environ: str) -> None:
        """Run pip-audit with a cache of its own, on one of the servers."""
        command = [str(Path(sys.executable).with_name("pip-audit")), "-f", "json", "--progress-spinner", "off"]
        command += ["-s", "osv", "--osv-url", f"{osv}/v1/query", "--cache-dir", str(cache), *arguments]
        self.bench.run(command, PIP_CACHE_DIR=str(cache / "pip"), **environ)

    def seeded(self, scratch: Path) -> Path:
        """A cache that holds the advisory database and nothing else."""
        return Path(shutil.copytree(self.seed, scratch / "seeded", copy_function=os.link))

    def environment(self) -> Path:
        """A virtual environment with the metadata of every package, and pip, by which pip-audit lists them."""
        place = self.folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        [site_packages] = (place / "lib").glob("python*/site-packages")
        for name, version in self.pins:
            info = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
            info.mkdir(exist_ok=True)
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            (info / "RECORD").write_text("")
        return place

    def project(self) -> Path:
        """A project that uv has locked to the same packages."""
        place = self.folder / "project"
        place.mkdir()
        needs = ", ".join(f'"{name}=={version}"' for name, version in self.pins)
        # What uv locks is for one version of Python only, as the pins are.
        python = f"=={sys.version_info[0]}.{sys.version_info[1]}.*"
        (place / "pyproject.toml").write_text(
            f'[project]\nname = "bench"\nversion = "1"\nrequires-python = "{python}"\ndependencies = [{needs}]\n'
            f"[tool.uv]\nenvironments = [\"sys_platform == '{sys.platform}'\"]\n"
        )
        options = ["--quiet", "--cache-dir", str(self.folder / "uv"), "--default-index", self.bench.index]
        self.bench.run([*self.bench.uv, "lock", *options, "--project", str(place), "--python", sys.executable])
        return place


def rows(bench: Bench, near: str, far: str, requirements: Path) -> list[Row]:
    """The rows that have something beside them. near, far: servers without and with latency."""
    audits = Audits(bench, near, far, requirements)
    count = len(audits.pins)
    return [
        _installed(audits, count),
        _resolved(audits, warm=False),
        _resolved(audits, warm=True),
        _remote(audits, count),
    ]


def _installed(audits: Audits, count: int) -> Row:
    venv = audits.environment()
    active = {"VIRTUAL_ENV": str(venv)}

    def guard(_: Path) -> None:
        audits.guard(*audits.bench.advisories, cache=audits.seed, **active)

    def peer(scratch: Path) -> None:
        python = str(venv / "bin" / "python")
        audits.peer(cache=scratch, osv=audits.near, PIPAPI_PYTHON_LOCATION=python, **active)

    return (
        f"audit, environment of {count} packages, local database",
        {"safe-pip": guard, "pip-audit": peer},
        "pip-audit asks an OSV server on loopback, which needs some milliseconds for each package",
    )


def _resolved(audits: Audits, *, warm: bool) -> Row:
    name = str(audits.requirements)
    kept = audits.folder / "kept"

    def guard(scratch: Path) -> None:
        if warm and not kept.exists():
            audits.seeded(kept)
        cache = kept / "seeded" if warm else audits.seeded(scratch)
        audits.guard(*audits.bench.advisories, "-r", name, cache=cache)

    def peer(scratch: Path) -> None:
        cache = audits.folder / "kept-by-pip-audit" if warm else scratch / "cache"
        audits.peer("-r", name, cache=cache, osv=audits.near, PIP_INDEX_URL=audits.bench.index)

    return (
        f"audit, -r of {len(audits.pins)} packages, {'warm' if warm else 'cold'}",
        {"safe-pip": guard, "pip-audit": peer},
        "cold: nothing of any package is kept; the advisory database is there",
    )


def _remote(audits: Audits, count: int) -> Row:
    project = audits.project()
    pinned = ["-r", str(audits.pinned), "--no-deps", "--disable-pip"]

    def guard(scratch: Path) -> None:
        audits.guard(*pinned, "-s", "osv", "--osv-url", f"{audits.far}/v1/query", cache=scratch)

    def peer(scratch: Path) -> None:
        audits.peer(*pinned, cache=scratch, osv=audits.far)

    def uv(scratch: Path) -> None:
        options = ["--preview-features", "audit", "--quiet", "--frozen", "--cache-dir", str(scratch)]
        options += ["--project", str(project)]
        audits.bench.run([*audits.bench.uv, "audit", *options, "--service-url", audits.far])

    return (
        f"audit -s osv, {count} pinned packages, {LATENCY * 1000:.0f} ms of latency, nothing kept",
        {"safe-pip": guard, "pip-audit": peer, "uv": uv},
        "uv audits a uv.lock of the same packages",
    )


# --------------------------------------------------------------------------- figures of its own


def figures(bench: Bench, locks: int = LOCKS) -> list[tuple[str, str]]:
    """What one run over many lock files takes."""
    folder = Path(tempfile.mkdtemp(dir=bench.folder, prefix="locks-"))
    write_locks(locks, folder / "tree")
    command = [*bench.guard, "audit", "-f", "json", *bench.advisories]
    cache = {"SAFE_PIP_CACHE_DIR": str(folder / "cache")}
    (folder / "empty").mkdir()
    bench.run([*command, "--path", str(folder / "empty")], **cache)
    begun = time.perf_counter()
    bench.run([*command, "--recursive", str(folder / "tree")], **cache)
    seconds = time.perf_counter() - begun
    text = f"{seconds:.1f} s, {seconds / locks * 1000:.1f} ms each"
    return [(f"audit --recursive, {locks:,} lock files of 100 packages", text)]


def write_locks(count: int, folder: Path, kinds: Sequence[str] = ("uv", "poetry")) -> None:
    """A monorepo: projects with a lock file of 100 packages each, in the formats in turn, each as large as real ones.

    90 of the packages are the same everywhere, the others are of 500; each is in the version that most projects have,
    but one in ten, which is in one of two others. Some have advisories.
    """
    random_ = random.Random(count)
    for number in range(count):
        place = folder / f"group-{number % 20}" / f"project-{number}"
        place.mkdir(parents=True)
        picked = [*range(90), *sorted(random_.sample(range(90, 590), 10))]
        pins = [(item, random_.choice((1, 2)) if random_.random() < 0.1 else 0) for item in picked]
        name, header, table = LOCKERS[kinds[number % len(kinds)]]
        (place / name).write_text(header(pins) + "".join(table(*pin) for pin in pins) + FOOTERS.get(name, ""))


# Each with three versions, none of which is new.
_WITH_ADVISORIES = {
    "aiohttp": ("3.8.5", "3.8.4", "3.9.0"),
    "certifi": ("2022.12.7", "2022.9.24", "2023.5.7"),
    "cryptography": ("41.0.0", "39.0.0", "41.0.3"),
    "django": ("4.2.1", "3.2.18", "4.1.9"),
    "jinja2": ("3.1.2", "2.11.2", "3.1.3"),
    "pillow": ("9.5.0", "8.4.0", "10.0.0"),
    "requests": ("2.30.0", "2.28.0", "2.31.0"),
    "urllib3": ("1.26.15", "1.26.4", "2.0.3"),
    "werkzeug": ("2.2.2", "2.0.3", "2.3.3"),
}
_VERSIONS = ("1.4.2", "1.4.1", "2.0")


def _pin(item: int, nth: int) -> tuple[str, str]:
    """Name and version of a package; of each 9th of the common ones there are advisories."""
    known = list(_WITH_ADVISORIES)
    if item < 90 and item % 10 == 5:
        name = known[item // 10]
        return name, _WITH_ADVISORIES[name][nth]
    return f"package-{item}", _VERSIONS[nth]


def _files(item: int, nth: int) -> Iterator[tuple[str, str]]:
    """File names and hashes: one package in ten has 40 wheels, two have 10, the others one; all have an archive."""
    name, version = _pin(item, nth)
    stem = f"{name.replace('-', '_')}-{version}"
    tags = ["py3-none-any"]
    if item % 10 < 3:
        tags = [f"cp3{minor}-cp3{minor}-manylinux_2_17_{arch}" for minor in range(10, 14) for arch in _ARCHES]
        tags = tags if item % 10 == 0 else tags[:10]
    for file in (f"{stem}.tar.gz", *(f"{stem}-{tag}.whl" for tag in tags)):
        yield file, hashlib.sha256(file.encode()).hexdigest()


_ARCHES = ("x86_64", "i686", "aarch64", "ppc64le", "s390x", "armv7l", "riscv64", "loongarch64", "x86_32", "any")


def _needs(item: int) -> list[str]:
    """The names that a package needs: what the common ones need is common."""
    return [_pin(needed, 0)[0] for needed in (item * 2 + 1, item * 2 + 2) if needed < 90]


def _address(file: str, digest: str) -> str:
    return f"https://files.example/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}"


@cache
def _uv_table(item: int, nth: int) -> str:
    name, version = _pin(item, nth)
    needs = "".join(f'    {{ name = "{needed}" }},\n' for needed in _needs(item))
    archive, *wheels = (
        f'{{ url = "{_address(file, digest)}", hash = "sha256:{digest}", size = 85484, '
        'upload-time = "2025-04-24T22:06:22.219Z" }'
        for file, digest in _files(item, nth)
    )
    return (
        f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
        'source = { registry = "https://index.example/simple" }\n'
        + (f"dependencies = [\n{needs}]\n" if needs else "")
        + f"sdist = {archive}\nwheels = [\n{''.join(f'    {wheel},{chr(10)}' for wheel in wheels)}]\n"
    )


def _uv_header(pins: Sequence[tuple[int, int]]) -> str:
    asked = "".join(f'    {{ name = "{_pin(*pin)[0]}" }},\n' for pin in pins if pin[0] < 2 or pin[0] >= 90)
    return (
        'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n\n[[package]]\nname = "bench"\nversion = "1"\n'
        f'source = {{ virtual = "." }}\ndependencies = [\n    {{ name = "package-0" }},\n{asked}]\n'
    )


@cache
def _poetry_table(item: int, nth: int) -> str:
    name, version = _pin(item, nth)
    files = "".join(f'    {{file = "{file}", hash = "sha256:{digest}"}},\n' for file, digest in _files(item, nth))
    needs = "".join(f'{needed} = ">=1"\n' for needed in _needs(item))
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\ndescription = "A package."\noptional = false\n'
        f'python-versions = ">=3.9"\ngroups = ["main"]\nfiles = [\n{files}]\n\n'
        + (f"[package.dependencies]\n{needs}\n" if needs else "")
    )


@cache
def _pylock_table(item: int, nth: int) -> str:
    name, version = _pin(item, nth)
    archive, *wheels = (
        f'{{ url = "{_address(file, digest)}", hashes = {{ sha256 = "{digest}" }} }}'
        for file, digest in _files(item, nth)
    )
    return (
        f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\nsdist = {archive}\n'
        f"wheels = [\n{''.join(f'    {wheel},{chr(10)}' for wheel in wheels)}]\n"
    )


_Header = Callable[[Sequence[tuple[int, int]]], str]
LOCKERS: dict[str, tuple[str, _Header, Callable[[int, int], str]]] = {
    "uv": ("uv.lock", _uv_header, _uv_table),
    "poetry": ("poetry.lock", lambda _: "", _poetry_table),
    "pylock": ("pylock.toml", lambda _: 'lock-version = "1.0"\ncreated-by = "bench"\n', _pylock_table),
}
FOOTERS = {"poetry.lock": '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.9"\ncontent-hash = ""\n'}


# --------------------------------------------------------------------------- servers


@contextmanager
def server(latency: float) -> Iterator[str]:
    """An OSV server in a process of its own; gives its base URL."""
    command = [sys.executable, str(Path(__file__)), "serve", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def _serve(latency: float) -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from osv_server import OsvServer

    with OsvServer.from_export(EXPORT, latency=latency) as running:
        print(running.base, flush=True)
        # Until whoever wanted it is gone.
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve(float(sys.argv[2]))
    else:
        write_locks(int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:] or ("uv", "poetry"))
