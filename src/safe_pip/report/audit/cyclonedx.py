"""CycloneDX 1.6 through its own library, which knows the specification: what both of its formats are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency as Edges
from cyclonedx.model.impact_analysis import ImpactAnalysisState
from cyclonedx.model.tool import ToolRepository
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAdvisory,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilityScoreSource,
    VulnerabilitySeverity,
    VulnerabilitySource,
)
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import NormalizedName

from safe_pip import __version__, urls
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput
from safe_pip.model import AdvisoryGroup
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, headline, page, place, purl, upgrade, waiver, web_references
from safe_pip.report.drawing import printable
from safe_pip.times import parse_time

_ROOT = "safe-pip:audited"
_ALGORITHMS = {
    "md5": HashAlgorithm.MD5,
    "sha1": HashAlgorithm.SHA_1,
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
}
_METHODS = {
    "CVSS V2": VulnerabilityScoreSource.CVSS_V2,
    "CVSS V3": VulnerabilityScoreSource.CVSS_V3,
    "CVSS V4": VulnerabilityScoreSource.CVSS_V4,
}
_SOURCE = re.compile(r"(?P<record>.*) \((?P<how>.*)\)")


def document(audited: Audited, look: Look, form: OutputFormat) -> str:
    """The bill of materials as text. Its serial number follows from its content, and not from the time."""
    bom = Bom(
        serial_number=UUID(int=0),
        metadata=BomMetaData(
            timestamp=look.now,
            tools=ToolRepository(
                components=[
                    Component(
                        name="safe-pip", version=__version__, type=ComponentType.APPLICATION, bom_ref="safe-pip:tool"
                    )
                ]
            ),
            component=Component(name=_title(audited), type=ComponentType.APPLICATION, bom_ref=_ROOT),
        ),
    )
    made = entries(audited)
    components = {entry: _component(entry) for entry in made}
    bom.components.update(components.values())
    bom.dependencies.update(_edges(made))
    bom.vulnerabilities.update(_vulnerabilities(made))
    moment, bom.metadata.timestamp = bom.metadata.timestamp, look.now.replace(year=2000, month=1, day=1, hour=0)
    bom.metadata.timestamp = _never(look)
    bom.serial_number = uuid5(
        NAMESPACE_URL, make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    )
    bom.metadata.timestamp = moment
    return make_outputter(bom, form, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"
