"""Real lock files, read to the same sets by readers written here from the formats' own definitions.

They share nothing with the program: whole files by tomllib or line by line, fixed points in place of walks, and the
standard way to evaluate markers in place of the kept answers.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from request.locking import LINUX, WINDOWS, options, pins, read
from safe_pip.model import Target
from safe_pip.request.locks import LockOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Oracle = Callable[[str, Target, bool], set[str]]


def holds(text: str | None, target: Target, groups: tuple[str, ...] = ()) -> bool:
    """Whether a marker holds, the plain way."""
    environment: dict[str, Any] = {**target.markers, "extras": set(), "dependency_groups": set(groups)}
    return text is None or Marker(text).evaluate(environment, context="lock_file")


def pin(package: dict[str, Any]) -> str:
    """NAME==VERSION of a table."""
    return f"{canonicalize_name(package['name'])}=={package['version']}"


def uv_oracle(text: str, target: Target, everything: bool) -> set[str]:
    """A package is wanted when the root is, or a wanted package, over an edge that holds: to the fixed point."""
    packages = tomllib.loads(text)["package"]
    root = next(item for item in packages if "editable" in item["source"])
    wanted: set[tuple[str, str]] = {(root["name"], "")}
    while True:
        more = set(wanted)
        for item in packages:
            edges = list(item.get("dependencies", ())) if (item["name"], "") in wanted else []
            for extra, others in item.get("optional-dependencies", {}).items():
                edges += others if (item["name"], extra) in wanted else []
            for edge in edges:
                if holds(edge.get("marker"), target):
                    more |= {(edge["name"], extra) for extra in ("", *edge.get("extra", ()))}
        if more == wanted:
            break
        wanted = more
    found = packages if everything else [item for item in packages if (item["name"], "") in wanted]
    return {pin(item) for item in found if item is not root}


def poetry_oracle(text: str, target: Target, everything: bool) -> set[str]:
    """Version 2.1 says of each package its groups, and a marker for all of them or for each."""
    found = set()
    for item in tomllib.loads(text)["package"]:
        markers = item.get("markers")
        marker = markers.get("main") if isinstance(markers, dict) else markers
        if everything or ("main" in item["groups"] and holds(marker, target)):
            found.add(pin(item) if item.get("source", {}).get("type") != "git" else "git")
    return found - {"git"}


def pdm_oracle(text: str, target: Target, everything: bool) -> set[str]:
    """The same for PDM, whose main group is named default."""
    return {
        pin(item)
        for item in tomllib.loads(text)["package"]
        if everything or ("default" in item["groups"] and holds(item.get("marker"), target))
    }


def pipenv_oracle(text: str, target: Target, everything: bool) -> set[str]:
    """The sections of the JSON, the plain way."""
    lock = json.loads(text)
    sections = ["default", "develop"] if everything else ["default"]
    return {
        f"{canonicalize_name(name)}{item['version']}"
        for section in sections
        for name, item in lock[section].items()
        if everything or holds(item.get("markers"), target)
    }


def pylock_oracle(text: str, target: Target, everything: bool) -> set[str]:
    """Line by line: names, versions and markers stand at the beginning of lines and nowhere else."""
    found = set()
    for block in text.split("[[packages]]")[1:]:
        values = dict(re.findall(r'^(name|version|marker) = "(.*)"$', block, re.MULTILINE))
        if everything or holds(values.get("marker"), target):
            found.add(pin(values))
    return found


ORACLES: dict[str, Oracle] = {
    "uv.lock": uv_oracle,
    "poetry.lock": poetry_oracle,
    "pdm.lock": pdm_oracle,
    "Pipfile.lock": pipenv_oracle,
    "pylock.toml": pylock_oracle,
}


@pytest.mark.parametrize("target", [LINUX, WINDOWS], ids=["linux", "windows"])
@pytest.mark.parametrize("name", list(ORACLES))
def test_the_set_for_a_target(shared: Path, name: str, target: Target) -> None:
    """What is not audited is what the target would not get; anything else that is missing would be taken for clean."""
    path = shared / "corpus" / "locks" / name

    found = read(path, options(on=target))

    assert set(pins(found)) == ORACLES[name](path.read_text(), target, False)
    assert len(pins(found)) == len(set(pins(found)))


def test_the_targets_differ(shared: Path) -> None:
    """The comparison above would hold of readers that both ignore markers."""
    for name in ("uv.lock", "poetry.lock", "pdm.lock"):
        path = shared / "corpus" / "locks" / name
        assert pins(read(path, options(all_groups=True))) != pins(read(path, options(on=WINDOWS, all_groups=True)))


@pytest.mark.parametrize(
    "asked", [LockOptions(LINUX, universal=True), LockOptions(None)], ids=["universal", "no target"]
)
@pytest.mark.parametrize("name", list(ORACLES))
def test_the_set_for_all(shared: Path, name: str, asked: LockOptions) -> None:
    """With --universal everything is audited, every version and group of it."""
    path = shared / "corpus" / "locks" / name

    assert set(pins(read(path, asked))) == ORACLES[name](path.read_text(), LINUX, True)


@pytest.mark.parametrize("name", list(ORACLES))
def test_lines_lead_to_the_entries(shared: Path, name: str) -> None:
    """A finding points at a line: the one that the package's entry begins at."""
    path = shared / "corpus" / "locks" / name
    lines = path.read_text().splitlines()
    found = read(path, options(universal=True))
    entries = [*found.dependencies, *found.skipped]

    assert entries
    for item in entries:
        assert item.line is not None
        if name == "Pipfile.lock":
            assert lines[item.line - 1].startswith(f'        "{item.spelling}": {{')  # type: ignore[union-attr]
        else:
            assert lines[item.line - 1].startswith("[[package")
            assert lines[item.line] == f'name = "{getattr(item, "spelling", item.name)}"'
            assert lines[item.line + 1] == f'version = "{item.version}"'


@pytest.mark.parametrize("name", list(ORACLES))
def test_hashes_are_those_of_the_entry(shared: Path, name: str) -> None:
    """Each digest of the file belongs to one of the entries, and no entry has another's."""
    path = shared / "corpus" / "locks" / name
    text = path.read_text()
    found = read(path, options(universal=True))
    pattern = r'sha256 = "([0-9a-f]{64})"' if name == "pylock.toml" else r'(?<!content_hash = )"sha256:([0-9a-f]{64})"'

    digests = {digest for item in found.dependencies for _, digest in item.hashes}

    assert digests == set(re.findall(pattern, text))
    lines = text.splitlines()
    for item in found.dependencies:
        assert item.line is not None
        after = "\n".join(lines[item.line : item.line + 200])
        assert all(digest in after for _, digest in item.hashes)


def test_the_index_is_told_where_the_format_tells_it(shared: Path) -> None:
    """Names from an index of one's own are not told to others: this needs the index."""
    for name in ("uv.lock", "Pipfile.lock", "pylock.toml"):
        found = read(shared / "corpus" / "locks" / name, options(universal=True))
        indexes = {(item.index or "").rstrip("/") for item in found.dependencies} - {""}
        assert indexes == {"https://index.example/simple"}


@pytest.mark.parametrize("name", ["warehouse-main-hashed.txt", "warehouse-tests-hashed.txt"])
def test_real_requirements_with_hashes(shared: Path, name: str) -> None:
    """Joined by hand and read by packaging, the statements of a real file give the same."""
    path = shared / "corpus" / "requirements" / name
    statements = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE)).splitlines()
    wanted = {}
    for number_of_hashes, text in ((len(re.findall("--hash", line)), line) for line in statements if line.strip()):
        requirement = Requirement(text.partition(" --hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(dict(LINUX.markers)):
            version = str(requirement.specifier).removeprefix("==")
            wanted[f"{canonicalize_name(requirement.name)}=={version}"] = number_of_hashes

    found = read(path)

    assert {f"{item.name}=={item.version}": len(item.hashes) for item in found.dependencies} == wanted
    assert any(not item.direct and len(item.chain) > 1 for item in found.dependencies)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock"])
def test_chains_are_the_shortest_ways(shared: Path, name: str) -> None:
    """ "Why is it there" is answered by a way that is really there, from something that is asked for."""
    found = read(shared / "corpus" / "locks" / name)
    needs = {item.name: set(item.requires) for item in found.dependencies}
    direct = {item.name for item in found.dependencies if item.direct}

    for item in found.dependencies:
        if not item.chain or item.chain[0] not in needs:
            continue
        assert item.chain[-1] == item.name
        assert item.chain[0] in direct
        for one, next_one in zip(item.chain, item.chain[1:], strict=False):
            assert next_one in needs[one]
        # No shorter way: what is reached in fewer steps, step by step.
        reached = set(direct)
        for _ in range(len(item.chain) - 1):
            assert item.name not in reached
            reached |= {name for one in reached for name in needs.get(one, ())}
    assert max(len(item.chain) for item in found.dependencies) > 2
