"""What a policy says of packages themselves, in an audit."""

from __future__ import annotations

from pathlib import Path

from auditing.conftest import Audit
from fakes import wheel


def test_what_decides_the_exit_code_is_told_as_a_finding(audit: Audit, here: Path, tmp_path: Path) -> None:
    """pip-audit's formats have no place for it; after a mere note nobody would understand the exit code."""
    audit.index.add(wheel(tmp_path / "files", "acme-old", "1.0"))
    (here / "p.toml").write_text('[packages]\ndenied = ["acme-old"]\n', "utf-8")
    (here / "requirements.txt").write_text("acme-old==1.0\n", "utf-8")

    ran = audit.resolving("-r", "requirements.txt", "--policy", "p.toml")

    assert ran.code == 1
    assert "Finding: acme-old 1.0 is denied by the policy. (denied-package, block)" in ran.err.splitlines()
