"""How packages come in: the chains from what was asked for, as far as resolving got."""

from __future__ import annotations

from collections import deque

from safe_pip.resolve.nodes import Candidate, PythonNeed
from safe_pip.resolve.pool import Pool

_LONGEST = 5


class Chains:
    """Who of the projects that were looked at needs which, and where the first of them were asked for."""

    def __init__(self, pool: Pool) -> None:
        self._asked: dict[str, str] = {
            item.name: item.origin.phrase for item in reversed(pool.request.requirements) if item.name is not None
        }
        self._parents: dict[str, list[str]] = {}
        for candidate in pool.looked_at():
            for need in candidate.needs or ():
                if not isinstance(need, PythonNeed) and need.project != candidate.project:
                    self._parents.setdefault(need.project, []).append(str(candidate.project))

    def why(self, candidate: Candidate) -> str:
        """The chain from a candidate up to what was asked for, and where that was."""
        project = str(candidate.project)
        chain = [project]
        queue: deque[list[str]] = deque([chain])
        seen = {project}
        while queue:
            chain = queue.popleft()
            if chain[-1] in self._asked:
                break
            for parent in self._parents.get(chain[-1], ()):
                if parent not in seen:
                    seen.add(parent)
                    queue.append([*chain, parent])
        else:
            return "needed by what you asked for"
        place = self._asked[chain[-1]]
        if len(chain) == 1:
            return f"{project} was asked for {place}"
        shown = chain[1:] if len(chain) <= _LONGEST else [*chain[1:3], "others", chain[-1]]
        return f"{project} is needed by {', that by '.join(shown)}, asked for {place}"
