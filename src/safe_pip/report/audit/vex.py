"""``--format vex``: OpenVEX 0.2.0, a statement for each finding that was ignored.

An ignored finding is one that somebody has looked at; that the package is not affected is more than that says, and
tools would hide the finding everywhere. So the status is ``under_investigation``, and the note says what ignored it,
unless an exception of the policy gives a justification: then it is ``not_affected``.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from safe_pip import __version__
from safe_pip.audited import Audited, AuditFinding
from safe_pip.report.audit import Look
from safe_pip.report.audit.entries import Entry, entries, headline, page, purl, waiver
from safe_pip.report.json import time_text
from safe_pip.report.places import redacted
from safe_pip.report.plain import json_text

CONTEXT = "https://openvex.dev/ns/v0.2.0"


def render(audited: Audited, look: Look) -> str:
    """The document as JSON in ASCII. Its @id follows from what it states, and not from the time."""
    statements = [_statement(entry, found) for entry in entries(audited, "name") for found in entry.ignored]
    told = redacted(statements)
    identifier = uuid5(NAMESPACE_URL, json.dumps([CONTEXT, told], sort_keys=True))
    document = {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{identifier}",
        "author": "safe-pip audit",
        "role": "tool",
        "timestamp": time_text(look.now),
        "version": 1,
        "tooling": f"safe-pip {__version__}",
        "statements": told,
    }
    return json_text(document)


def _statement(entry: Entry, found: AuditFinding) -> dict[str, Any]:
    group = found.advisory
    vulnerability: dict[str, Any] = {"name": group.id}
    address = page(group.id)
    if address is not None:
        vulnerability["@id"] = address
    vulnerability["description"] = headline(group)[:1_000]
    if group.aliases:
        vulnerability["aliases"] = list(group.aliases)
    identifier = purl(entry.name, entry.version)
    statement = {
        "vulnerability": vulnerability,
        "products": [{"@id": identifier, "identifiers": {"purl": identifier}}],
    }
    told = found.finding
    if told.justification is not None:
        reason = told.exception.reason if told.exception is not None else ""
        return {
            **statement,
            "status": "not_affected",
            "justification": told.justification,
            "status_notes": f"Excepted in {waiver(found)}{f': {reason}' if reason else ''}.",
        }
    return {
        **statement,
        "status": "under_investigation",
        "status_notes": f"Ignored in this audit on request ({waiver(found)}); no justification was given.",
    }
