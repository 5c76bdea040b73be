"""By whom a file was published: provenance documents (PEP 740), fetched, and compared with the file they are about.

A document is believed in what it says only as far as that makes sense by itself. Whether its signatures hold is told
where the extra ``attestations`` is installed, and by nobody else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name

from safe_pip.errors import FetchError
from safe_pip.facts import Provenance, Publisher
from safe_pip.index.attestations import Unverified
from safe_pip.index.cache import IndexCache
from safe_pip.index.http import Http
from safe_pip.versions import parsed

_LARGEST = 4_000_000
_MOST = 100
"""Bundles, and attestations in a bundle; a file has one or two."""
_LONGEST = 200
_STATEMENT = "https://in-toto.io/Statement/v1"
_ACCEPT = "application/vnd.pypi.integrity.v1+json, application/json;q=0.1"

Verify = Callable[[Mapping[str, Any]], str]
"""Why the signatures of a document do not hold, which is about the file in question; an empty text where they do.

Raises ``attestations.Unverified`` where nobody here can tell.
"""


def _nobody(_: Mapping[str, Any]) -> str:
    raise Unverified


class UnknownProvenance(ValueError):
    """A document that says nothing to us; the message says why. It may be right, as one of a new version is."""


class _Wrong(ValueError):
    """The document is wrong; the message says why, as a clause."""


class ProvenanceReader:
    """Reads the provenance of files. Safe to use from many threads.

    http: the client. cache: documents of earlier runs, by the file's sha256. verify: of signatures. A server that
    cannot be reached is not asked again.
    """

    def __init__(self, http: Http, cache: IndexCache, verify: Verify = _nobody) -> None:
        self._http = http
        self._cache = cache
        self._verify = verify
        self._lock = threading.Lock()
        self._gone: dict[str, FetchError] = {}

    def read(self, url: str, filename: str, sha256: str | None) -> Provenance:
        """What the document at a URL says of a file. sha256: of the file, None where nobody has told it.

        Raises FetchError where it cannot be had, and UnknownProvenance.
        """
        kept = self._cache.provenance(url, sha256) if sha256 is not None else None
        content = self._fetched(url) if kept is None else kept
        found = parse_provenance(content, filename, sha256)
        if found.problem:
            return found
        if sha256 is None:
            return replace(found, unverified="the index gives no sha256 of the file to compare")
        if kept is None:
            self._cache.keep_provenance(url, sha256, content)
        try:
            refused = self._verify(json.loads(content))
        except Unverified as error:
            return replace(found, unverified=str(error))
        return replace(found, verified=not refused, problem=refused)

    def close(self) -> None:
        """Close the client."""
        self._http.close()

    def publishers(self, url: str) -> tuple[Publisher, ...]:
        """Who published a file that is not at hand, by the document at a URL.

        Raises FetchError where it cannot be had, and UnknownProvenance, also where it is wrong.
        """
        kept = self._cache.provenance(url, "")
        content = self._fetched(url) if kept is None else kept
        found = parse_provenance(content)
        if found.problem:
            raise UnknownProvenance(found.problem)
        if kept is None:
            self._cache.keep_provenance(url, "", content)
        return found.publishers

    def _fetched(self, url: str) -> bytes:
        host = urllib.parse.urlsplit(url).netloc
        with self._lock:
            gone = self._gone.get(host)
        if gone is not None:
            raise gone
        try:
            return self._http.get(url, limit=_LARGEST, headers={"Accept": _ACCEPT}).content
        except FetchError as error:
            if error.status is None or error.status >= 500:
                with self._lock:
                    self._gone[host] = error
            raise


def parse_provenance(content: bytes, filename: str | None = None, sha256: str | None = None) -> Provenance:
    """What a document says of a file, with a problem where it is malformed or about another file.

    filename: of the file, None where any will do. sha256: its digest, None where nobody has told it.
    Raises UnknownProvenance for a version of the format that is not known.
    Source: PEP 740, provenance and attestation objects; in-toto's Statement v1.
    """
    publishers: list[Publisher] = []
    try:
        document = _object(_json(content, "it"), "it")
        _check_version(document, "it")
        for bundle in _list(document, "attestation_bundles"):
            publisher = _publisher(_object(bundle, "a bundle").get("publisher"))
            if publisher not in publishers:
                publishers.append(publisher)
            for attestation in _list(bundle, "attestations"):
                _check_attestation(_object(attestation, "an attestation"), filename, sha256)
    except _Wrong as error:
        return Provenance(tuple(publishers), None, str(error))
    return Provenance(tuple(publishers))


def _check_attestation(attestation: Mapping[str, Any], filename: str | None, sha256: str | None) -> None:
    _check_version(attestation, "an attestation")
    _object(attestation.get("verification_material"), "its verification material")
    envelope = _object(attestation.get("envelope"), "an envelope")
    _decoded(envelope.get("signature"), "a signature")
    statement = _object(_json(_decoded(envelope.get("statement"), "a statement"), "a statement"), "a statement")
    if statement.get("_type") != _STATEMENT:
        raise _Wrong("a statement in it is not one of in-toto")
    subjects = statement.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1:
        raise _Wrong("a statement in it is not about one file")
    subject = _object(subjects[0], "a subject")
    name = subject.get("name")
    if not isinstance(name, str) or not name:
        raise _Wrong("a statement in it does not name its file")
    if filename is not None and _meaning(name) != _meaning(filename):
        raise _Wrong(f"it is about {_shown(name)}")
    digests = subject.get("digest")
    digest = digests.get("sha256") if isinstance(digests, dict) else None
    if not isinstance(digest, str):
        raise _Wrong("a statement in it does not give the sha256 of its file")
    if sha256 is not None and digest.lower() != sha256.lower():
        raise _Wrong(f"it is about a file with the sha256 {_shown(digest)}, and this one has {sha256}")


def _publisher(value: Any) -> Publisher:
    """Who published, in one line. Source: PEP 740, publisher objects; what follows ``kind`` is the publisher's own."""
    said = _object(value, "a publisher")
    kind = said.get("kind")
    if not isinstance(kind, str) or not kind:
        raise _Wrong("a publisher in it is of no kind")
    keys = ("repository", "workflow", "workflow_filepath", "email", "project_id", "pipeline_definition_id")
    details = [said[key] for key in keys if isinstance(said.get(key), str) and said[key]]
    return Publisher(_shown(kind), _shown(", ".join(details)))


def _meaning(filename: str) -> object:
    """A file name as names are compared: its case, its separators and the order of its tags may differ."""
    stem, dash, version = filename.partition("-")
    if filename.endswith(".whl") and dash:
        version, *rest = version.removesuffix(".whl").split("-")
        tags = tuple(tuple(sorted(piece.lower().split("."))) for piece in rest)
        return canonicalize_name(stem), parsed(version) or version, tags
    ending = next((each for each in (".tar.gz", ".zip") if filename.endswith(each)), "")
    stem, _, version = filename.removesuffix(ending).rpartition("-")
    return canonicalize_name(stem), parsed(version) or version, ending


def _json(content: bytes, what: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise _Wrong(f"{what} is not JSON" if what == "it" else f"{what} in it is not JSON") from None


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"{what} is not an object" if what == "it" else f"{what} in it is not an object")
    return value


def _list(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    if not isinstance(found, list) or not found:
        raise _Wrong(f"it has no {key}")
    if len(found) > _MOST:
        raise _Wrong(f"it has more than {_MOST} {key}")
    return found


def _check_version(value: Mapping[str, Any], what: str) -> None:
    version = value.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise _Wrong(f"{what} gives no version" if what == "it" else f"{what} in it gives no version")
    if version != 1:
        raise UnknownProvenance(f"it is of version {version}, which is not known")


def _decoded(value: Any, what: str) -> bytes:
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (AttributeError, ValueError):
        raise _Wrong(f"{what} in it is not base64") from None


def _shown(text: str) -> str:
    """A text of a document as one printable line. Texts that differ are shown differently, as they are compared so."""
    line = ascii(text)[1:-1]
    if len(line) <= _LONGEST:
        return line
    digest = hashlib.sha256(line.encode("ascii")).hexdigest()[:16]
    return f"{line[: _LONGEST - 20]}… ({digest})"
