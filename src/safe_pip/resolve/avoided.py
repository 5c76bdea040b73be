"""Candidates that are to be treated as not there: each is asked about once, and only when somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.model import Avoid, DistributionFile, MetadataOf, PassedOver
from safe_pip.resolve.nodes import Candidate, FileCandidate, InstalledCandidate
from safe_pip.resolve.usable import Usable

Noted = Mapping[tuple[NormalizedName, Version], PassedOver]
"""What was passed over, one entry for each version."""


def never(_name: NormalizedName, _version: str, _file: DistributionFile, _metadata: MetadataOf) -> PassedOver | None:
    """Avoids nothing."""
    return None


class Avoided:
    """Asks about files, and remembers the answers. Safe to use from many threads.

    avoid: who decides. may_build: whether a project's source archives are taken where its wheels are avoided; else an
    avoided wheel takes the archives of its version with it. usable: the usable files of a project. metadata: reads that
    of a file, which whoever chooses the file does as well.
    """

    def __init__(
        self,
        avoid: Avoid,
        may_build: Callable[[NormalizedName], bool],
        usable: Callable[[NormalizedName], Iterable[Usable]],
        metadata: MetadataOf,
    ) -> None:
        self._avoid = avoid
        self._may_build = may_build
        self._usable = usable
        self._metadata = metadata
        self._answers: dict[int, PassedOver | None] = {}

    def about(self, name: NormalizedName, item: Usable) -> PassedOver | None:
        """Why a usable file is avoided; None where it is not."""
        # Usable files are kept for the whole resolution, so their identities are sound keys.
        try:
            return self._answers[id(item)]
        except KeyError:
            answer = self._answers[id(item)] = self._ask(name, item)
            return answer

    def _ask(self, name: NormalizedName, item: Usable) -> PassedOver | None:
        if not item.is_wheel and not self._may_build(name):
            wheels = (other for other in self._usable(name) if other.is_wheel and other.version == item.version)
            for wheel in wheels:
                if (found := self.about(name, wheel)) is not None:
                    return found
        return self._avoid(name, str(item.version), item.file, self._metadata)


def told(noted: Noted, chosen: Iterable[Candidate], *, prefer_binary: bool) -> list[PassedOver]:
    """What is to be told of versions that were passed over: those that would have been chosen before the ones that are.

    chosen: the candidates of the plan. A package that is not in it is in nobody's way.
    """
    versions = {item.project: item.version for item in chosen if isinstance(item, FileCandidate | InstalledCandidate)}
    found = []
    for (name, version), passed in noted.items():
        if name in versions:
            instead = versions[name]
            if instead is None or version > instead or (prefer_binary and version != instead):
                found.append((name, version, passed))
    found.sort(key=lambda entry: entry[1], reverse=True)
    return [passed for _, _, passed in sorted(found, key=lambda entry: entry[0])]
