"""What the lines of requirements files do besides asking: trusted-host and index-change; and hash-missing."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import NormalizedName

from safe_pip.model import Evidence, Observation, SourceLine
from safe_pip.rules.facts import Facts, observation

_NOBODY = NormalizedName("")
"""For what is about the request, and not about a package."""


def trusted(facts: Facts) -> Iterator[Observation]:
    """One observation for each host that a file has trusted without https."""
    for line in _lines(facts):
        if line.option == "--trusted-host":
            yield _about(
                "trusted-host",
                line,
                f"{line.origin} has {line.value} trusted without a valid certificate: anybody on the way can answer "
                "in its name.",
                "Take the line out. If you must, give --trusted-host yourself.",
            )


def changed(facts: Facts) -> Iterator[Observation]:
    """One observation for each line of a file that changes where files are looked for, or turns hashes off."""
    for line in _lines(facts):
        if line.option == "--trusted-host":
            continue
        if line.option == "--no-require-hashes":
            what = "turns off that hashes are required"
        elif line.option == "--no-index":
            what = "has no index asked"
        else:
            what = f"has files looked for at {line.value}"
        yield _about(
            "index-change",
            line,
            f"{line.origin} {what} ({line.option}), for every package of the run.",
            "Take the line out, and give the option yourself or in pip's configuration if it is right.",
        )


def hashes(facts: Facts) -> Iterator[Observation]:
    """One observation for each file of a plan that neither a hash nor a lock file names."""
    locked = facts.request.locked if facts.request is not None else {}
    for item in facts.plan.install:
        if item.hashes is None and item.name not in locked:
            known = next((digest for name, digest in sorted(item.file.hashes) if name == "sha256"), None)
            yield observation(
                "hash-missing",
                item,
                f"No hash of {item.name} {item.version} is asked for.",
                f"Write {item.name}=={item.version} --hash=sha256:{known} into the requirements file."
                if known
                else "Give its hash in a requirements file, or use a lock file.",
                evidence=(Evidence("file", item.file.filename),),
                short="no hash",
            )


def _lines(facts: Facts) -> tuple[SourceLine, ...]:
    return facts.request.source_lines if facts.request is not None else ()


def _about(code: str, line: SourceLine, message: str, help: str) -> Observation:
    evidence = (Evidence("line", f"{line.origin}: {line.option} {line.value}".rstrip()),)
    return Observation(code, _NOBODY, "", message, help, origin=line.origin, evidence=evidence)
