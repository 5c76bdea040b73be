"""Rules: each looks at the facts and states what it finds. None knows of levels; ``judge`` gives those.

To add one, list its code in ``codes``, write ``rules/<name>.py`` and its heading in docs/reference/findings.md, and
list it in one of the two tables here: ``CANDIDATE_RULES`` for what can be told of a candidate before its bytes are
here, which the resolver can then avoid, and ``PLAN_RULES`` for everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from safe_pip.model import Level, Observation
from safe_pip.rules import (
    build_required,
    denied_package,
    file_shadowing,
    hash_mismatch,
    late_file,
    licenses,
    lost_wheels,
    malware,
    metadata_mismatch,
    name_confusion,
    native_code,
    new_dependency,
    new_hook,
    provenance,
    record_mismatch,
    request_lines,
    sources,
    standing,
    startup_hook,
    surprising_script,
    too_new,
    unknown_age,
    unrecorded_code,
    unsafe_archive,
    vulnerability,
    yanked,
)
from safe_pip.rules.facts import Candidacy, Concern, Facts, stated
from safe_pip.settings.levels import Command

CandidateRule = Callable[[Candidacy], Iterator[Concern]]
PlanRule = Callable[[Facts], Iterator[Observation]]

CANDIDATE_RULES: dict[str, CandidateRule] = {
    "malware": malware.about,
    "vulnerability": vulnerability.about,
    "yanked": yanked.about,
    "build-required": build_required.about,
    # How the project stands, how old the file is, and whether it is wanted.
    "archived": standing.archived,
    "denied-package": denied_package.about,
    "deprecated": standing.deprecated,
    "quarantined": standing.quarantined,
    "too-new": too_new.about,
    "unknown-age": unknown_age.about,
    # What the index and the sources tell.
    "changed-publisher": provenance.changed,
    "direct-url": sources.direct,
    "index-confusion": sources.confused,
    "invalid-provenance": provenance.invalid,
    "late-file": late_file.about,
    "license-not-allowed": licenses.not_allowed,
    "license-unknown": licenses.unknown,
    "lost-provenance": provenance.lost,
    "lost-wheels": lost_wheels.about,
    "name-confusion": name_confusion.about,
    "source-not-allowed": sources.not_allowed,
    "vcs-not-pinned": sources.not_pinned,
}
"""Rules about one candidate at a time, by finding code."""

BY_METADATA = frozenset({"license-not-allowed", "license-unknown"})
"""The candidate rules that look at metadata, which for a candidate that is not chosen has to be read only for them."""

PLAN_RULES: dict[str, PlanRule] = {
    "hash-mismatch": hash_mismatch.observe,
    "metadata-mismatch": metadata_mismatch.observe,
    # What requirements files do besides asking.
    "hash-missing": request_lines.hashes,
    "index-change": request_lines.changed,
    "trusted-host": request_lines.trusted,
    # What the bytes show, and what is installed beside them.
    "file-shadowing": file_shadowing.observe,
    "native-code": native_code.observe,
    "new-dependency": new_dependency.observe,
    "new-hook": new_hook.observe,
    "record-mismatch": record_mismatch.observe,
    "startup-hook": startup_hook.observe,
    "surprising-script": surprising_script.observe,
    "unrecorded-code": unrecorded_code.observe,
    "unsafe-archive": unsafe_archive.observe,
}
"""Rules about a plan and the bytes of its files, by finding code."""


def observe(facts: Facts, command: Command = "install") -> Iterator[Observation]:
    """What every rule finds, less those whose findings are allowed for every package."""
    for code in (*CANDIDATE_RULES, *PLAN_RULES):
        if facts.settings.highest(code, command) > Level.ALLOW:
            yield from observe_one(code, facts)


def observe_one(code: str, facts: Facts) -> Iterator[Observation]:
    """What the rule of one code finds in a plan."""
    if code in PLAN_RULES:
        yield from PLAN_RULES[code](facts)
        return
    for item, candidacy in facts.candidacies():
        for concern in CANDIDATE_RULES[code](candidacy):
            yield stated(item, concern, facts.digests.get(item.name))
