"""``--format cyclonedx-xml``: a CycloneDX 1.6 bill of materials with its vulnerabilities, as XML."""

from __future__ import annotations

from cyclonedx.schema import OutputFormat

from safe_pip.audited import Audited
from safe_pip.report.audit import Look
from safe_pip.report.audit.cyclonedx import document


def render(audited: Audited, look: Look) -> str:
    """The bill of materials as XML."""
    return document(audited, look, OutputFormat.XML)
