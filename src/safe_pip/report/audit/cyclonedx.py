"""CycloneDX 1.6 through its own library, which knows the specification: what both of its formats are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency as Edges
from cyclonedx.model.impact_analysis import ImpactAnalysisJustification, ImpactAnalysisState
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

from safe_pip import __version__
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput
from safe_pip.model import AdvisoryGroup
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, headline, page, place, purl, waiver, web_references
from safe_pip.report.audit.safe_pip_json import as_dict
from safe_pip.report.plain import printable
from safe_pip.times import parse_time

_ROOT, _TOOL = "safe-pip:audited", "safe-pip:tool"
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
_DATABASES = {
    "CVE": "NVD",
    "GHSA": "GitHub Advisory Database",
    "MAL": "OpenSSF Malicious Packages",
    "PYSEC": "PyPA Advisory Database",
}
# The words of OpenVEX in those of CycloneDX; what only an adversary cannot control has no word there.
_JUSTIFICATIONS = {
    "component_not_present": ImpactAnalysisJustification.CODE_NOT_PRESENT,
    "vulnerable_code_not_present": ImpactAnalysisJustification.CODE_NOT_PRESENT,
    "vulnerable_code_not_in_execute_path": ImpactAnalysisJustification.CODE_NOT_REACHABLE,
    "inline_mitigations_already_exist": ImpactAnalysisJustification.PROTECTED_BY_MITIGATING_CONTROL,
}
_APPLICATION = ComponentType.APPLICATION
_LONGEST_VERSION = 1024
"""Of a component, by the specification."""
_DIGEST = r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}"
_SOURCE = re.compile(r"(?P<record>.*) \((?P<how>.*)\)")


def document(audited: Audited, look: Look, form: OutputFormat) -> str:
    """The bill of materials as text. Its serial number follows from what was audited and found, not from the time."""
    made = entries(audited)
    bom = Bom(
        serial_number=_serial(audited, look),
        components=(_component(entry) for entry in made),
        dependencies=_graph(made),
        vulnerabilities=_vulnerabilities(made),
        metadata=BomMetaData(
            timestamp=look.now,
            tools=ToolRepository(
                components=[Component(name="safe-pip", version=__version__, type=_APPLICATION, bom_ref=_TOOL)]
            ),
            component=Component(name=_title(audited), type=_APPLICATION, bom_ref=_ROOT),
        ),
    )
    # The graph has every component. The library would look for each of them in all of it, in quadratic time.
    vars(bom)["register_dependency"] = _is_registered
    return make_outputter(bom, form, SchemaVersion.V1_6).output_as_string(indent=2).rstrip() + "\n"


def _is_registered(target: object, depends_on: object = None) -> None:
    """In the place of the library's search for a component in the graph."""


def _serial(audited: Audited, look: Look) -> UUID:
    told = as_dict(audited, look)
    content = {key: told[key] for key in ("inputs", "dependencies", "findings", "skipped", "unchecked")}
    return uuid5(NAMESPACE_URL, json.dumps(content, sort_keys=True))


def _title(audited: Audited) -> str:
    names = [item.input.name for item in audited.inventories]
    return _text(names[0] if len(names) == 1 else f"{len(names)} inputs")


def _component(entry: Entry) -> Component:
    """A component with its package URL, its hashes and the places that name it."""
    hashes = {
        (algorithm, digest)
        for item in entry.dependencies
        for algorithm, digest in item.hashes
        if algorithm in _ALGORITHMS and re.fullmatch(_DIGEST, digest)
    }
    return Component(
        name=entry.name,
        version=_text(entry.version)[:_LONGEST_VERSION],
        type=ComponentType.LIBRARY,
        bom_ref=_reference(entry),
        purl=PackageURL("pypi", None, entry.name, _text(entry.version)),
        hashes=[HashType(alg=_ALGORITHMS[algorithm], content=digest) for algorithm, digest in hashes],
        properties=[Property(name="safe-pip:place", value=_text(place(item))) for item in entry.dependencies],
    )


def _graph(made: Iterable[Entry]) -> Iterator[Edges]:
    """Who requires whom, within each input: what one file pins is no answer to what another one asks for."""
    by_name: dict[tuple[AuditInput, NormalizedName], list[Entry]] = {}
    for entry in made:
        for item in entry.dependencies:
            by_name.setdefault((item.input, item.name), []).append(entry)
    asked: set[str] = set()
    required: set[str] = set()
    known: list[str] = []
    for entry in made:
        needed = {
            _reference(other)
            for item in entry.dependencies
            for name in item.requires
            for other in by_name.get((item.input, name), ())
            if other is not entry
        }
        if any(item.direct for item in entry.dependencies):
            asked.add(_reference(entry))
        yield Edges(BomRef(_reference(entry)), [Edges(BomRef(reference)) for reference in needed])
        required |= needed
        known.append(_reference(entry))
    # Where nothing is said to be asked for, what nothing else requires is; in a circle, all of it.
    asked = asked or set(known) - required or set(known)
    yield Edges(BomRef(_ROOT), [Edges(BomRef(reference)) for reference in asked])


def _vulnerabilities(made: Iterable[Entry]) -> Iterator[Vulnerability]:
    """A vulnerability for each finding: what helps differs from version to version. Ignored ones are in triage."""
    for entry in made:
        for found in (*entry.findings, *entry.ignored):
            group = found.advisory
            yield Vulnerability(
                bom_ref=f"{_text(group.id)}:{_reference(entry)}",
                id=_text(group.id),
                source=_source(group.id),
                references=[VulnerabilityReference(id=_text(item), source=_source(item)) for item in group.aliases],
                ratings=_ratings(group),
                description=_text(headline(group)),
                detail=_block(group.details) or None,
                recommendation=_text(found.finding.observation.help) or None,
                advisories=[VulnerabilityAdvisory(url=XsUri(url)) for url in web_references(group)],
                published=parse_time(group.published) if group.published else None,
                analysis=_analysis(found),
                affects=[BomTarget(ref=_reference(entry))],
                properties=[Property(name="safe-pip:fixed-in", value=_text(item)) for item in group.fix_versions],
            )


def _ratings(group: AdvisoryGroup) -> list[VulnerabilityRating]:
    if group.severity is None:
        return []
    told = _SOURCE.fullmatch(group.severity_source or "")
    return [
        VulnerabilityRating(
            source=VulnerabilitySource(name=_text(told["record"] if told else group.severity_source or "safe-pip")),
            score=Decimal(f"{group.score:.1f}") if group.score is not None else None,
            severity=VulnerabilitySeverity(group.severity),
            method=_METHODS.get(told["how"] if told else "", VulnerabilityScoreSource.OTHER),
        )
    ]


def _analysis(found: AuditFinding) -> VulnerabilityAnalysis | None:
    """Of an ignored finding. That somebody ignores it does not say that nothing is affected; a justification does."""
    told = found.finding
    if told.waived_by is None:
        return None
    if told.justification is not None:
        reason = f": {told.exception.reason}" if told.exception is not None and told.exception.reason else ""
        return VulnerabilityAnalysis(
            state=ImpactAnalysisState.NOT_AFFECTED,
            justification=_JUSTIFICATIONS.get(told.justification),
            detail=_text(f"{told.justification}, by {waiver(found)}{reason}"),
        )
    return VulnerabilityAnalysis(
        state=ImpactAnalysisState.IN_TRIAGE, detail=_text(f"Ignored in this audit on request ({waiver(found)}).")
    )


def _source(identifier: str) -> VulnerabilitySource:
    """The database of an id, and its page there."""
    address = page(identifier)
    kind = identifier.partition("-")[0]
    return VulnerabilitySource(name=_text(_DATABASES.get(kind, kind)), url=XsUri(address) if address else None)


def _reference(entry: Entry) -> str:
    return purl(entry.name, entry.version)


def _block(text: str) -> str:
    return "\n".join(_text(line) for line in text.splitlines())


def _text(text: str) -> str:
    """A text that XML can hold, without credentials."""
    return printable(text.replace("\t", " "))
