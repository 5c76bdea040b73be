"""EPSS scores, the catalog of exploited vulnerabilities and the ages of sources, on the road of each command."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from fakes import advisory, export
from judge.building import plan_of, report_of, verdict_of
from safe_pip.advisories.sources import source_for
from safe_pip.auditing import AuditRun, audit
from safe_pip.errors import UsageError
from safe_pip.inventory import AuditInput, Dependency, Inventory
from safe_pip.judge_audit import AuditSettings
from safe_pip.model import Level, PolicyLine
from safe_pip.pipeline import Run, _open_advisories
from safe_pip.settings import Settings
from safe_pip.settings.tables import AdvisoryData, Raise, Vulnerabilities

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
HERE = AuditInput("requirements", "requirements.txt", "requirements.txt")
WEAK = Inventory(HERE, (Dependency(NormalizedName("weak"), "1.0", HERE),))


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A vulnerability of low severity."""
    record = advisory(
        "PYSEC-2026-1",
        "weak",
        events=[{"introduced": "0"}, {"fixed": "2"}],
        aliases=["CVE-2026-1000"],
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}],
    )
    return export(tmp_path / "a.zip", [record])


@pytest.fixture
def kev(tmp_path: Path) -> Raise:
    """A catalog that has it."""
    path = tmp_path / "kev.json"
    path.write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2026-1000"}]}))
    return Raise(str(path), None, PolicyLine("vulnerabilities.kev"))


def run(tmp_path: Path, known: Path, settings: Settings) -> AuditRun:
    """An audit that asks one file."""
    return AuditRun(tmp_path / "cache", NOW, (source_for(str(known)),), AuditSettings(settings))


def test_an_audit_raises_what_is_exploited(tmp_path: Path, known: Path, kev: Raise) -> None:
    """The file that the policy names is read, and its line is what decides."""
    for listed, level in ((None, "note"), (kev, "block")):
        table = Vulnerabilities(below=Level.NOTE, block_at="critical", kev=listed)
        [found] = audit([WEAK], run(tmp_path, known, Settings(vulnerabilities=table))).findings

        assert (found.finding.level.word, found.advisory.kev) == (level, listed is not None)
        assert listed is None or found.finding.because == listed.line


def test_an_audit_is_incomplete_without_the_list(tmp_path: Path, known: Path) -> None:
    """What could not be looked at is no reason to call something minor, unless the policy goes on without it."""
    gone = Raise(str(tmp_path / "gone.json"), None, PolicyLine("vulnerabilities.kev"))
    table = Vulnerabilities(below=Level.ALLOW, block_at="critical", kev=gone)

    assert audit([WEAK], run(tmp_path, known, Settings(vulnerabilities=table))).exit_code == 3
    lenient = Settings(vulnerabilities=table, advisories=AdvisoryData(unavailable="warn"))
    audited = audit([WEAK], run(tmp_path, known, lenient))
    assert (audited.exit_code, [item.finding.observation.code for item in audited.others]) == (
        0,
        ["advisories-unavailable"],
    )


def test_an_install_raises_what_is_exploited(tmp_path: Path, known: Path, kev: Raise) -> None:
    """The same for an install; and a list that makes no sense ends it before anything is judged."""
    request = report_of(verdict_of(plan_of())).request

    def opened(table: Vulnerabilities) -> bool:
        settings = Settings(vulnerabilities=table)
        sources = (source_for(str(known)),)
        opening = _open_advisories(request, Run(tmp_path / "cache", NOW, {}, settings, sources, tmp_path))
        assert opening.advisories is not None
        try:
            [group] = opening.advisories.known(NormalizedName("weak"), "1.0").groups
            return group.kev
        finally:
            opening.advisories.close()

    assert not opened(Vulnerabilities())
    assert opened(Vulnerabilities(kev=kev))
    Path(kev.source).write_text("{}")
    with pytest.raises(UsageError, match=r"kev\.json"):
        opened(Vulnerabilities(kev=kev))
