"""Whether the signatures of a provenance document hold (PEP 740), told by the extra ``safe-pip[attestations]``.

Without it nothing is verified, and nothing is claimed. The trusted keys are those that come with it: no network is
used, since only ``http`` speaks to servers.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import logging
from functools import lru_cache
from typing import Any

_KINDS = frozenset({"GitHub", "GitLab", "Google", "CircleCI"})
"""The publishers whose claims the library knows to compare; a document of another is not for it to judge."""


@lru_cache(maxsize=1)
def _library() -> Any:
    """The library, None where it is not installed or cannot be used."""
    if importlib.util.find_spec("pypi_attestations") is None:
        return None
    try:
        # It says on stderr that it uses no network, which is what is wanted.
        logging.getLogger("sigstore").addHandler(logging.NullHandler())
        return importlib.import_module("pypi_attestations")
    except Exception:  # noqa: BLE001 - whatever is the matter with it, it cannot be used
        return None


def verify(document: bytes, filename: str, sha256: str) -> str | None:
    """Why the signatures of a document do not hold for a file; an empty text where they do, None where nobody can tell.

    document: one that ``parse_provenance`` found nothing wrong with.
    """
    library = _library()
    if library is None:
        return None
    bundles = json.loads(document)["attestation_bundles"]
    if not {bundle["publisher"]["kind"] for bundle in bundles} <= _KINDS:
        return None
    try:
        provenance = library.Provenance.model_validate_json(document)
        distribution = library.Distribution(name=filename, digest=sha256)
    except ValueError:
        return "it cannot be read by what verifies it"
    try:
        for bundle in provenance.attestation_bundles:
            for attestation in bundle.attestations:
                attestation.verify(bundle.publisher, distribution, offline=True)
    except library.AttestationError as error:
        words = "".join(letter if letter.isprintable() else " " for letter in " ".join(str(error).split()))
        return f"its signature does not hold ({words[:200]})"
    except Exception:  # noqa: BLE001 - the keys cannot be had: that is no word against the file
        return None
    return ""
