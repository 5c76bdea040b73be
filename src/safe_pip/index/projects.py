"""What the configured indexes say of projects, as facts for rules: their status, their homes, releases and publishers.

Pages that resolving has read are not read again. Provenance (PEP 740) is fetched, where somebody wants to know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip.errors import FetchError
from safe_pip.facts import ProjectFacts, ReleaseFacts
from safe_pip.index.alike import Alike
from safe_pip.index.attestations import SignatureVerifier
from safe_pip.index.finder import Home, Index
from safe_pip.index.provenance import ProvenanceReader, UnknownProvenance
from safe_pip.index.releases import Release, Releases
from safe_pip.model import DistributionFile, PlannedInstall
from safe_pip.versions import parsed

ABOUT_STANDING = frozenset({"quarantined", "archived", "deprecated", "index-confusion", "source-not-allowed"})
"""The codes that are told by a project's standing."""
ABOUT_RELEASES = frozenset({"late-file", "lost-wheels", "lost-provenance", "name-confusion"})
"""The codes that are told by what a page lists of all versions."""
ABOUT_PROVENANCE = frozenset({"changed-publisher", "invalid-provenance"})
"""The codes for which provenance is fetched."""

EVERY_CODE = ABOUT_STANDING | ABOUT_RELEASES | ABOUT_PROVENANCE

_AT_ONCE = 8
_LONGEST_WAIT = 5.0
"""Seconds that an answer about provenance may take to begin; what is beside an install does not hold it up for long."""
_LONGEST_IN_ALL = 30.0
"""Seconds that the provenance of all files may take."""
_WORST_FIRST = ("quarantined", "archived", "deprecated", "active")


def looker(index: Index, codes: Collection[str], trust_root: str | None = None) -> ProjectLooker:
    """What looks at projects for some codes, with provenance where these ask for it.

    trust_root: by which signatures are verified, as for ``SignatureVerifier``. Raises BadTrustRoot.
    """
    if not frozenset(codes) & ABOUT_PROVENANCE:
        return ProjectLooker(index, codes)
    # Not the client of the index: of what is beside it little is worth waiting for.
    verify = SignatureVerifier(trust_root)
    return ProjectLooker(index, codes, ProvenanceReader(index.http.hasty(_LONGEST_WAIT), index.cache, verify))


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Facts about projects, and the provenance that could not be had: name, version and why."""

    projects: dict[NormalizedName, ProjectFacts] = field(default_factory=dict)
    failed: tuple[tuple[NormalizedName, str, str], ...] = ()


class ProjectLooker:
    """Looks at projects through an index. Safe to use from many threads.

    codes: the finding codes that facts are wanted for; what none of them needs is not looked at. provenance: reads it,
    None where nobody wants it.
    """

    def __init__(
        self,
        index: Index,
        codes: Collection[str] = ABOUT_STANDING | ABOUT_RELEASES,
        provenance: ProvenanceReader | None = None,
    ) -> None:
        self._index = index
        self._codes = frozenset(codes)
        self._provenance = provenance if self._codes & ABOUT_PROVENANCE else None
        self._standing: dict[NormalizedName, ProjectFacts] = {}

    def close(self) -> None:
        """Be done with fetching provenance."""
        if self._provenance is not None:
            self._provenance.close()

    def standing(self, name: NormalizedName) -> ProjectFacts:
        """How a project stands with the indexes that list it; cheap, and of several the worst status counts."""
        known = self._standing.get(name)
        if known is None:
            homes = self._index.homes(name)
            related = len(homes) < 2 or are_related(homes)
            alike = Alike() if related else self._index.alike(name)
            relations = min(
                (home.relations for home in homes), key=lambda each: _WORST_FIRST.index(each.status), default=None
            )
            known = self._standing[name] = ProjectFacts(
                name,
                status=relations.status if relations is not None else "active",
                reason=relations.reason if relations is not None else "",
                homes=tuple(home.base for home in homes),
                related=related,
                pages=tuple(home.url for home in homes),
                mirrored=alike.mirrored,
                copies=alike.copies,
            )
        return known

    def candidate(self, name: NormalizedName, file: DistributionFile) -> ProjectFacts:
        """The same, with the release that a file is of and those before it, as far as a rule could want them.

        Nothing is fetched.
        """
        standing = self.standing(name)
        if file.listed_on is None or not self._codes & (ABOUT_RELEASES | ABOUT_PROVENANCE):
            return standing
        releases = self._index.releases(name, file.listed_on)
        release = releases.of(file.filename)
        if release is None:
            return standing
        return replace(
            standing,
            release=_facts(release),
            earlier=tuple(map(_facts, _earlier(releases, release, file))),
            first_upload=releases.first_upload,
        )

    def look_at(self, items: Iterable[PlannedInstall]) -> LookedAt:
        """The facts about everything planned that an index listed, several at once where something is fetched."""
        wanted = [item for item in items if item.direct_url is None and item.file.listed_on is not None]
        asked = [item for item in wanted if self._provenance is not None and item.file.provenance is not None]
        others = [item for item in wanted if not any(item is one for one in asked)]
        found = [(item, *self._look(item)) for item in others]
        if asked:
            found += self._side_by_side(asked)
        return LookedAt(
            {item.name: facts for item, facts, _ in found},
            tuple((item.name, item.version, why) for item, _, why in found if why),
        )

    def _side_by_side(self, items: Sequence[PlannedInstall]) -> Iterator[tuple[PlannedInstall, ProjectFacts, str]]:
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="provenance")
        try:
            looks = [pool.submit(self._look, item) for item in items]
            wait(looks, timeout=_LONGEST_IN_ALL)
            for item, look in zip(items, looks, strict=True):
                if look.done():
                    yield (item, *look.result())
                else:
                    why = f"the provenance of {item.file.filename} did not come in {_LONGEST_IN_ALL:.0f} seconds"
                    yield item, self.candidate(item.name, item.file), why
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _look(self, item: PlannedInstall) -> tuple[ProjectFacts, str]:
        """The facts, and why the provenance is not among them where it was to be."""
        facts = self.candidate(item.name, item.file)
        url, filename, published = item.file.provenance, item.file.filename, facts.release
        if self._provenance is None or url is None or published is None:
            return facts, ""
        digest = next((digest for name, digest in item.file.hashes if name == "sha256"), None)
        try:
            provenance = self._provenance.read(url, filename, digest)
            facts = replace(facts, provenance=provenance)
            for release in self._compared(item, published):
                filename = f"a file of {item.name} {release.version}"
                known = replace(_facts(release), publishers=self._provenance.publishers(release.provenance or ""))
                others = [one for one in facts.earlier if one.version != known.version]
                earlier = sorted((*others, known), key=lambda one: Version(one.version), reverse=True)
                facts = replace(facts, earlier=tuple(earlier))
        except FetchError as error:
            return facts, f"the provenance of {filename} cannot be had: {error.reason}"
        except UnknownProvenance as error:
            return facts, f"the provenance of {filename} cannot be read: {error}"
        if provenance.unverified:
            return facts, f"the provenance of {item.file.filename} cannot be verified: {provenance.unverified}"
        return facts, ""

    def _compared(self, item: PlannedInstall, release: ReleaseFacts) -> list[Release]:
        """The releases whose publishers a file's are compared with: the newest before it, and what it replaces.

        Whoever has taken a project over may publish twice, so that the second time looks as it did before.
        """
        version = parsed(release.version)
        if "changed-publisher" not in self._codes or version is None:
            return []
        before = self._index.releases(item.name, item.file.listed_on).before(version, only_with_provenance=True)
        installed = parsed(item.replaces) if item.replaces is not None else None
        return [*before[:1], *(each for each in before[1:] if each.version == installed)]


def _earlier(releases: Releases, release: Release, file: DistributionFile) -> tuple[Release, ...]:
    """The versions before one: all where a rule compares with them, which is seldom."""
    lost_provenance = file.provenance is None and releases.has_provenance
    if lost_provenance or not release.has_wheels:
        return releases.before(release.version)
    return ()


def _facts(release: Release) -> ReleaseFacts:
    return ReleaseFacts(str(release.version), release.has_wheels, release.provenance is not None, release.first_upload)


# --------------------------------------------------------------------------- several homes


def are_related(homes: tuple[Home, ...]) -> bool:
    """Whether the pages say that they all are of one project (PEP 708).

    One that tracks another is that one's; those that track the same are one; of what is left, each must name every
    other among its alternate locations.
    """
    groups: list[list[Home]] = []
    for home in homes:
        joined = [group for group in groups if any(_tracked(home, other) for other in group)]
        groups = [group for group in groups if not any(group is one for one in joined)]
        groups.append([home, *(other for group in joined for other in group)])
    return all(
        any(_alternate(one, other) and _alternate(other, one) for one in left for other in right)
        for number, left in enumerate(groups)
        for right in groups[:number]
    )


def _tracked(one: Home, other: Home) -> bool:
    return bool(
        one.relations.tracks & other.addresses
        or other.relations.tracks & one.addresses
        or one.relations.tracks & other.relations.tracks
        or one.addresses & other.addresses
    )


def _alternate(one: Home, other: Home) -> bool:
    return bool(one.relations.alternates & other.addresses)
