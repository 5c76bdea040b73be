"""What the rules about bytes have in common: which files they look at, and how they tell of several things at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from safe_pip.facts import FileFacts, Hook, Problem
from safe_pip.model import Evidence, Observation, PlannedInstall
from safe_pip.rules.facts import Facts, observation

MOST_EVIDENCE = 5
"""Things of one kind that are shown of one file; the others are counted."""


def looked_at(facts: Facts) -> Iterator[tuple[PlannedInstall, FileFacts]]:
    """Everything in the plan whose bytes have been looked at."""
    for item in facts.plan.install:
        found = facts.files.get(item.name)
        if found is not None:
            yield item, found


def and_more(count: int) -> str:
    """The end of a sentence that has told one of several things."""
    return f", and {count - 1:,} more" if count > 1 else ""


def found(
    code: str, facts: Facts, item: PlannedInstall, message: str, help: str, evidence: Sequence[Evidence], short: str
) -> Observation:
    """What a rule found in the bytes of a file."""
    digest = facts.digests.get(item.name)
    return observation(code, item, message, help, evidence=tuple(evidence), short=short, sha256=digest)


def of_problems(code: str, facts: Facts, help: str, short: str) -> Iterator[Observation]:
    """One observation for each file that has problems of this code."""
    for item, file in looked_at(facts):
        problems = [problem for problem in file.problems if problem.code == code]
        if problems:
            first = problems[0]
            about = f": {first.path}: " if first.path else ": "
            message = f"{item.file.filename}{about}{first.what}{and_more(len(problems))}."
            evidence = [part for problem in problems[:MOST_EVIDENCE] for part in _of_problem(problem)]
            yield found(code, facts, item, message, help, evidence, short)


def _of_problem(problem: Problem) -> Iterator[Evidence]:
    if problem.path:
        yield Evidence("file", problem.path)
    if problem.expected:
        yield Evidence("expected", problem.expected)
    if problem.actual:
        yield Evidence("found", problem.actual)


def of_hook(hook: Hook) -> Iterator[Evidence]:
    """Where a hook is, and what it runs."""
    yield Evidence("file", hook.path)
    if hook.number is not None:
        yield Evidence(f"line {hook.number}", hook.line)
    elif hook.line:
        yield Evidence("why", hook.line)
    if hook.sha256:
        yield Evidence("sha256", hook.sha256)
