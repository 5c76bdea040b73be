"""What an audit found, judged: the value that every format of ``safe-pip audit`` turns into text.

``InventoryFacts`` is what it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from safe_pip.inventory import Dependency, Inventory, SkippedDependency
from safe_pip.model import AdvisoryGroup, AdvisorySource, Finding, Level, Observation, PolicyInForce, Unchecked


@dataclass(frozen=True, slots=True)
class Affected:
    """What was found of a version, mostly a group of advisories, and every place that names that version."""

    observation: Observation
    dependencies: tuple[Dependency, ...]


@dataclass(frozen=True, slots=True)
class InventoryFacts:
    """What auditing found: facts, not yet judged. skipped: of the inputs, and what could not be looked up."""

    inventories: tuple[Inventory, ...]
    affected: tuple[Affected, ...] = ()
    skipped: tuple[SkippedDependency, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    sources: tuple[AdvisorySource, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One group of advisories that affects one version of one distribution, or something else that was found.

    dependencies: every place that names that version, in the order of the inputs; none where it is about no package.
    """

    finding: Finding
    dependencies: tuple[Dependency, ...]

    @property
    def name(self) -> str:
        """Of the distribution, in canonical form."""
        return self.finding.observation.name

    @property
    def version(self) -> str:
        """Of the distribution, as written."""
        return self.finding.observation.version

    @property
    def advisory(self) -> AdvisoryGroup:
        """What was found. Only ``Audited.others`` are without advisories."""
        found = self.finding.observation.advisory
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Audited:
    """The outcome of an audit.

    findings: what stands, the worst first. ignored: what ``--ignore-vuln`` or ``--allow`` takes out, each with the
    word that did so in ``waived_by``; reports keep it visible. filtered: how many ``--min-severity`` and
    ``--fixable-only`` leave out. skipped: of the inputs and of the sources. unused_ignores: words that took nothing
    out. fail_on: the level from which a finding makes the exit code 1, None for never. others: findings that no
    advisory speaks of, such as about the policy, waived ones with ``waived_by``; pip-audit's formats have no place for
    them, and they make the exit code 1 only where they block.
    """

    inventories: tuple[Inventory, ...]
    findings: tuple[AuditFinding, ...] = ()
    ignored: tuple[AuditFinding, ...] = ()
    filtered: int = 0
    skipped: tuple[SkippedDependency, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    sources: tuple[AdvisorySource, ...] = ()
    unused_ignores: tuple[str, ...] = ()
    fail_on: Level | None = Level.NOTE
    strict: bool = False
    others: tuple[AuditFinding, ...] = ()
    policy: PolicyInForce = PolicyInForce()

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """Every dependency that was looked up, in the order of the inputs."""
        left_out = {(item.input, item.name, item.version) for item in self.skipped}
        names = {name for _, name, _ in left_out}
        return tuple(
            item
            for inventory in self.inventories
            for item in inventory.dependencies
            if item.name not in names or (item.input, item.name, item.version) not in left_out
        )

    @property
    def incomplete(self) -> bool:
        """Whether something could not be checked that had to be.

        Entries that no index has (editable, VCS, URL, private) do not count, unless they are all there is.
        """
        if any(item.waived_by is None for item in self.unchecked):
            return True
        if any(item.code == "unparsable" for item in self.skipped):
            return True
        return bool(self.skipped) and (self.strict or not self.dependencies)

    @property
    def word(self) -> str:
        """The verdict as one word, as in the JSON report."""
        if self._fails:
            return "refused"
        return "incomplete" if self.incomplete else "approved"

    @property
    def exit_code(self) -> int:
        """1 with findings that count, else 3 where something could not be checked, else 0."""
        return {"refused": 1, "incomplete": 3, "approved": 0}[self.word]

    @property
    def _fails(self) -> bool:
        if self.fail_on is None:
            return False
        counting = any(item.finding.level >= self.fail_on for item in self.findings)
        return counting or any(item.finding.blocks for item in self.others)
