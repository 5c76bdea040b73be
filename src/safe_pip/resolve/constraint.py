"""What constraints say of one project: versions, hashes and direct references."""

from __future__ import annotations

from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet

from safe_pip.model import Hashes, RequestedRequirement
from safe_pip.resolve.nodes import Candidate, ExtrasCandidate, FileCandidate, link_key


@dataclass
class Constraint:
    """All that constraints say of one name."""

    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    hashes: Hashes | None = None
    links: list[RequestedRequirement] = field(default_factory=list)
    sources: list[RequestedRequirement] = field(default_factory=list)

    def add(self, requirement: RequestedRequirement) -> None:
        """Take one more constraint on the name."""
        self.specifier &= requirement.specifier
        self.hashes = both(self.hashes, requirement.hashes)
        if requirement.url is not None:
            self.links.append(requirement)
        self.sources.append(requirement)

    def admits(self, candidate: Candidate) -> bool:
        """Whether a candidate that was asked for by URL agrees with the constraints."""
        base = candidate.base if isinstance(candidate, ExtrasCandidate) else candidate
        for link in self.links:
            written = base.direct.url if isinstance(base, FileCandidate) and base.direct is not None else None
            if written is None or link_key(written) != link_key(link.url or ""):
                return False
        return candidate.version is None or self.specifier.contains(candidate.version, prereleases=True)


def both(left: Hashes | None, right: Hashes | None) -> Hashes | None:
    """The hashes that two sets allow together; None stands for no restriction."""
    if left is None or right is None:
        return right if left is None else left
    return left & right
