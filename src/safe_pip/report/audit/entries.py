"""What every format is made of: one entry a version of a distribution, wherever and however often it is named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from urllib.parse import quote

from packaging.utils import NormalizedName
from packaging.version import Version

from safe_pip import urls
from safe_pip.advisories.record import short_summary
from safe_pip.audited import Audited, AuditFinding
from safe_pip.inventory import AuditInput, Dependency
from safe_pip.model import AdvisoryGroup, Severity
from safe_pip.report.places import path_in
from safe_pip.versions import parsed

SEVERITIES: tuple[Severity | None, ...] = ("critical", "high", "medium", "low", None)
"""The worst first. An unknown severity comes last, which does not mean that it is harmless."""
Order = Literal["severity", "name"]

_PAGE = "https://osv.dev/vulnerability/"
_PUBLIC_ID = re.compile(r"(?:PYSEC|CVE|GHSA|MAL|OSV)-[A-Za-z0-9-]+")
_WEB = re.compile(r"https?://[!#-;=?-\[\]^_a-z|~{}]+")
_HEADING = re.compile(r"^(?:#{1,6}\s.*|[=-]{3,}\s*)$", re.MULTILINE)
# A link keeps its words; marks of emphasis and code go.
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_MARKS = re.compile(r"\*\*|`")


def titles(aliases: bool, descriptions: bool) -> list[str]:
    """The titles of the tables of findings: pip-audit's, and the severity last."""
    shown = ["Aliases"] if aliases else []
    return ["Name", "Version", "ID", "Fix Versions", *shown, *(["Description"] if descriptions else []), "Severity"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a distribution. version: in PEP 440's normal form where it is one, else as written.

    dependencies: every place that names it. findings: what stands, the worst first. ignored: what was taken out.
    """

    name: NormalizedName
    version: str
    dependencies: tuple[Dependency, ...]
    findings: tuple[AuditFinding, ...] = ()
    ignored: tuple[AuditFinding, ...] = ()

    @property
    def inputs(self) -> tuple[AuditInput, ...]:
        """The inputs that name it, each once."""
        return tuple(dict.fromkeys(item.input for item in self.dependencies))


def entries(audited: Audited, order: Order | None = None) -> tuple[Entry, ...]:
    """An entry for each version of a distribution, in the order of the inputs.

    order: ``severity`` puts the worst first, ``name`` goes by name and version.
    """
    places: dict[tuple[NormalizedName, str], dict[Dependency, None]] = {}
    for item in audited.dependencies:
        places.setdefault((item.name, _normal(item.version)), {})[item] = None
    found = by_version(audited.findings)
    ignored = by_version(audited.ignored)
    for key, findings in (*found.items(), *ignored.items()):
        for finding in findings.values():
            places.setdefault(key, {}).update(dict.fromkeys(finding.dependencies))
    made = [
        Entry(
            name,
            version,
            tuple(dependencies),
            tuple(sorted(found.get((name, version), {}).values(), key=weight)),
            tuple(sorted(ignored.get((name, version), {}).values(), key=weight)),
        )
        for (name, version), dependencies in places.items()
    ]
    if order == "name":
        made.sort(key=by_name)
    elif order == "severity":
        made.sort(key=lambda entry: weight(entry.findings[0]) if entry.findings else _HARMLESS)
    return tuple(made)


def findings(audited: Audited, order: Order) -> list[tuple[Entry, AuditFinding]]:
    """Every finding with its entry. order: ``severity`` goes by findings, whatever package they are in."""
    pairs = [(entry, finding) for entry in entries(audited, "name") for finding in entry.findings]
    return sorted(pairs, key=lambda pair: weight(pair[1])) if order == "severity" else pairs


_HARMLESS: tuple[bool, int, int, float, str, str] = (True, 1, 0, 0.0, "", "")


def weight(item: AuditFinding) -> tuple[bool, int, int, float, str, str]:
    """For sorting, the worst first: malware, then by severity, level, score, name and id."""
    advisory = item.advisory
    score = advisory.score if advisory.score is not None else 0.0
    return (
        not advisory.malware,
        SEVERITIES.index(advisory.severity) - len(SEVERITIES),
        -int(item.finding.level),
        -score,
        item.name,
        advisory.id,
    )


def by_name(entry: Entry) -> tuple[str, bool, Version, str]:
    """For sorting: names, then versions in their order, then what is not one as text."""
    version = parsed(entry.version)
    return entry.name, version is None, version or Version("0"), entry.version


def by_version(
    found: Iterable[AuditFinding],
) -> Mapping[tuple[NormalizedName, str], dict[str, AuditFinding]]:
    """Findings by version and id. Two spellings of one version are one, with the places of both."""
    made: dict[tuple[NormalizedName, str], dict[str, AuditFinding]] = {}
    for item in found:
        group = made.setdefault((item.finding.observation.name, _normal(item.version)), {})
        there = group.get(item.advisory.id)
        if there is not None:
            places = tuple(dict.fromkeys((*there.dependencies, *item.dependencies)))
            item = replace(there, dependencies=places)
        group[item.advisory.id] = item
    return made


@lru_cache(maxsize=50_000)
def _normal(version: str) -> str:
    known = parsed(version)
    return version if known is None else str(known)


# --------------------------------------------------------------------------- words


def description(group: AdvisoryGroup) -> str:
    """What pip-audit calls the description: the summary that a record has, else the details, on one line."""
    made_up = group.details and group.summary == short_summary({"details": group.details})
    return re.sub(r"[\n\r\t\v\f]", " ", group.details if made_up else group.summary or group.details) or "N/A"


def headline(group: AdvisoryGroup) -> str:
    """What it is about, on one line: the summary, else how the details begin."""
    if group.summary.strip():
        return " ".join(group.summary.split())
    text = _MARKS.sub("", _LINK.sub(r"\1", group.details[:4_000]))
    # A record that is all headings still has words.
    plain = " ".join(_HEADING.sub(" ", text).split()) or " ".join(text.replace("#", " ").split())
    return plain or ("This version is on record as malicious." if group.malware else "No description.")


def severity(group: AdvisoryGroup) -> str:
    """The severity and its score in words; unknown where nothing is known."""
    word = group.severity or "unknown"
    return word if group.score is None else f"{word} {group.score:.1f}"


def place(dependency: Dependency) -> str:
    """Where something is named: the input, and the line of it."""
    name = dependency.input.name
    return name if dependency.line is None else f"{name}:{dependency.line}"


def waiver(finding: AuditFinding) -> str:
    """The word that ignored a finding."""
    return finding.finding.waived_by or ""


def page(identifier: str) -> str | None:
    """The address of an advisory's page in the public database, None for an id that is not of a public one."""
    return f"{_PAGE}{quote(identifier, safe='-')}" if _PUBLIC_ID.fullmatch(identifier) else None


def link(group: AdvisoryGroup) -> str | None:
    """The address where a group of advisories is told in full."""
    return page(group.id) or next(iter(web_references(group)), None)


def web_references(group: AdvisoryGroup) -> list[str]:
    """The references that can be links."""
    return [url for url in dict.fromkeys(group.references) if web_address(url)]


def web_address(url: str) -> bool:
    """Whether a reference can be a link: http or https, ASCII that can be seen, without what would end the link."""
    return _WEB.fullmatch(url) is not None


def upgrade(entry: Entry) -> str | None:
    """The version to go to: fixes all that has a fix. None where nothing has one."""
    fixes = [found.advisory.suggested_fix for found in entry.findings if found.advisory.suggested_fix]
    return max(fixes, key=lambda text: parsed(text) or Version("0")) if fixes else None


def purl(name: NormalizedName, version: str) -> str:
    """The package URL of a distribution (purl specification, type pypi)."""
    return f"pkg:pypi/{name}@{quote(urls.redacted(version), safe='.', errors='replace')}"


def file_of(where: AuditInput, root: str) -> str:
    """The file of an input as a path with slashes, relative to a folder where it lies below that."""
    return path_in(where.path or where.name, root)
