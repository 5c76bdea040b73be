"""What a policy says of packages themselves holds in an audit of whatever names them, and not of requirements alone."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName

from auditing.conftest import Audit
from fakes import advisory, export, metadata_text, wheel
from rules.world import NOW
from safe_pip.advisories.sources import source_for
from safe_pip.audited import Audited
from safe_pip.auditing import AuditRun
from safe_pip.auditing import audit as audit_pipeline
from safe_pip.inventory import AuditInput, Dependency, Inventory
from safe_pip.judge_audit import AuditSettings
from safe_pip.model import Level, Origin, PolicyLine
from safe_pip.request.environment import Environment, read_path
from safe_pip.settings import BUILT_IN_LEVELS, Denied, Licenses, OnlyBelow, PackagePattern, Packages, Settings, Weight

LINE = PolicyLine("packages", Origin("safe-pip.toml", 3))
DENIES = Packages(denied=(Denied(PackagePattern("acme-old"), LINE),))
BELOW = Packages(only_below=(OnlyBelow(PackagePattern("acme-core"), (NormalizedName("acme-app"),), LINE),))
MIT = Licenses(("MIT",), line=LINE)
LOCK = AuditInput("lock", "uv.lock", "uv.lock")


def locked(name: str, *chain: str) -> Dependency:
    """Something that a lock file names."""
    return Dependency(NormalizedName(name), "1.0", LOCK, line=7, chain=tuple(map(NormalizedName, chain)))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with acme-app and acme-core, which it needs, and acme-old, under the GPL; installed from real wheels."""
    licensed = metadata_text("acme-old", "1.0", metadata_version="2.4").replace(
        b"Summary:", b"License-Expression: GPL-3.0-only\nSummary:"
    )
    made: dict[str, dict[str, Any]] = {
        "acme-app": {"requires": ["acme-core"]},
        "acme-core": {},
        "acme-old": {"metadata": licensed},
    }
    return installed(tmp_path / "site", made)


def installed(site: Path, made: dict[str, dict[str, Any]]) -> Path:
    """A folder with these packages, by name."""
    for name, more in made.items():
        with zipfile.ZipFile(wheel(site.with_name(f"{site.name}-made"), name, "1.0", **more)) as archive:
            archive.extractall(site)
    return site


def audited(tmp_path: Path, *inputs: Inventory | Environment, **settings: Any) -> Audited:
    """The outcome under a policy that has this in it."""
    run = AuditRun(
        cache=tmp_path / "cache",
        now=NOW,
        sources=(source_for(str(export(tmp_path / "a.zip", [advisory("PYSEC-2020-1", "nobody")]))),),
        settings=AuditSettings(settings=Settings(**settings)),
    )
    return audit_pipeline(inputs, run)


def told(outcome: Audited) -> list[tuple[str, str, str]]:
    """What was found, of which package, and how much it weighs."""
    return sorted(
        (item.finding.observation.code, item.finding.observation.name, item.finding.level.word)
        for item in outcome.others
    )


def test_a_denied_package_that_is_installed(tmp_path: Path, site: Path) -> None:
    """It would be refused in an install; an audit that ends well must not hide that it is there."""
    outcome = audited(tmp_path, read_path(str(site)), packages=DENIES)

    assert (told(outcome), outcome.exit_code) == ([("denied-package", "acme-old", "block")], 1)
    assert [place.name for item in outcome.others for place in item.dependencies] == ["acme-old"]
    assert (told(audited(tmp_path, read_path(str(site)))), outcome.unchecked) == ([], ())


def test_a_denied_package_in_a_lock_file(tmp_path: Path, site: Path) -> None:
    """The same of what is only named; of two inputs with one version there is one finding, with both places."""
    lock = Inventory(LOCK, (locked("acme-old"), locked("acme-new")))

    outcome = audited(tmp_path, lock, read_path(str(site)), packages=DENIES)

    assert told(outcome) == [("denied-package", "acme-old", "block")]
    assert [place.input.kind for item in outcome.others for place in item.dependencies] == ["lock", "path"]


def test_the_level_for_audits_counts(tmp_path: Path, site: Path) -> None:
    """Who allows it there hears nothing of it."""
    levels = {**BUILT_IN_LEVELS, "denied-package": Weight(Level.BLOCK, Level.ALLOW, LINE)}

    outcome = audited(tmp_path, read_path(str(site)), packages=DENIES, levels=levels)

    assert (told(outcome), outcome.exit_code) == ([], 0)


def test_only_below(tmp_path: Path, site: Path) -> None:
    """Who needs whom is known of what is installed; where an input does not tell, nothing is claimed."""
    assert told(audited(tmp_path, read_path(str(site)), packages=BELOW)) == []
    alone = read_path(str(installed(tmp_path / "alone", {"acme-app": {}, "acme-core": {}})))
    assert told(audited(tmp_path, alone, packages=BELOW)) == [("denied-package", "acme-core", "block")]

    unknown, known = locked("acme-core"), locked("acme-core", "other", "acme-core")
    assert told(audited(tmp_path, Inventory(LOCK, (unknown,)), packages=BELOW)) == []
    assert told(audited(tmp_path, Inventory(LOCK, (known,)), packages=BELOW)) == [
        ("denied-package", "acme-core", "block")
    ]


def test_licences_of_what_is_installed(tmp_path: Path, site: Path) -> None:
    """They stand in the metadata; a lock file has none, which is told, and is no clean bill."""
    lock = Inventory(LOCK, (locked("elsewhere"),))

    outcome = audited(tmp_path, read_path(str(site)), lock, licenses=MIT)

    assert told(outcome) == [
        ("license-not-allowed", "acme-old", "block"),
        ("license-unknown", "acme-app", "warn"),
        ("license-unknown", "acme-core", "warn"),
    ]
    assert outcome.exit_code == 1
    notes = [note for inventory in outcome.inventories for note in inventory.notes]
    assert notes == ["uv.lock names files and has no licences, so none was looked at"]


def test_what_decides_the_exit_code_is_told_as_a_finding(audit: Audit, here: Path, site: Path) -> None:
    """pip-audit's formats have no place for it; after a mere note nobody would understand the exit code."""
    (here / "p.toml").write_text('[packages]\ndenied = ["acme-old"]\n', "utf-8")

    ran = audit("--path", str(site), "--policy", "p.toml")

    assert ran.code == 1
    assert "Finding: acme-old 1.0 is denied by the policy. (denied-package, block)" in ran.err.splitlines()
