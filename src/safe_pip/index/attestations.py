"""Whether the signatures of a provenance document hold (PEP 740), told by the extra ``safe-pip[attestations]``.

Without it nothing is verified, and nothing is claimed. The trusted keys are those of a file that the policy names, else
those that come with sigstore itself. They are read from there: no network is used, and no cache that another program
keeps counts.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import json
import logging
import threading
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

_LIBRARY = "pypi_attestations"
_PUBLISHERS = ("GitHub", "GitLab", "Google", "CircleCI")
"""The kinds of publishers whose claims the library compares with a certificate; an older one knows fewer."""
_LISTS = ("tlogs", "ctlogs", "certificateAuthorities")
"""What a trust root must list for anything to be verified by it."""
_REPOSITORY = "1.3.6.1.4.1.57264.1.12"
"""The claim of a certificate that names the source repository. Source: Fulcio, docs/oid-info.md."""
_LARGEST_ROOT = 4_000_000
_LONGEST = 200
_ABOUT_LOGS = ("invalid log entry", "failed to verify SCT")
"""How sigstore begins to say that it did not believe a log. That comes after the certificate has been found good."""


class Unverified(Exception):
    """Nobody here can tell whether signatures hold. The message says why, as a clause; empty without the extra."""


class BadTrustRoot(ValueError):
    """The file that was named is no trust root. The message says why, as a clause."""


class SignatureVerifier:
    """Verifies the signatures of documents. Safe to use from many threads; the libraries are loaded with the first.

    trust_root: the path of a Sigstore trust root (``trusted_root.json``, as its protobuf-specs have it), None for the
    one that comes with sigstore. Raises BadTrustRoot.
    """

    def __init__(self, trust_root: str | None = None) -> None:
        self._own = trust_root
        self._lock = threading.Lock()
        self._loaded: _Trust | Unverified | None = None
        if trust_root is not None:
            _logs(Path(trust_root))

    def __call__(self, document: Mapping[str, Any]) -> str:
        """Why the signatures of a document do not hold for the publishers that it names; empty where they do.

        document: one that ``parse_provenance`` has found to be about the file in question. What it read is what is
        verified, since another reader might read it otherwise. Raises Unverified, and BadTrustRoot.
        """
        if importlib.util.find_spec(_LIBRARY) is None:
            raise Unverified("" if self._own is None else "safe-pip[attestations] is not installed")
        trust = self._trust()
        unknown: Unverified | None = None
        for bundle in document["attestation_bundles"]:
            for attestation in bundle["attestations"]:
                try:
                    if problem := trust.problem(attestation, bundle["publisher"]):
                        return problem
                except Unverified as error:
                    # What is wrong in another one counts more.
                    unknown = error
        if unknown is not None:
            raise unknown
        return ""

    def _trust(self) -> _Trust:
        with self._lock:
            if self._loaded is None:
                try:
                    self._loaded = _loaded(self._own)
                except Unverified as error:
                    self._loaded = error
        if isinstance(self._loaded, Unverified):
            raise self._loaded
        return self._loaded


class _Trust:
    """The libraries, and what verifies by a trust root.

    library, errors: ``pypi_attestations`` and ``sigstore.errors``. verifier: sigstore's. logs: the identifiers of the
    logs whose keys it has.
    """

    def __init__(self, library: Any, errors: Any, verifier: Any, logs: frozenset[bytes]) -> None:
        self._library = library
        self._publishers = {kind: getattr(library, f"{kind}Publisher", None) for kind in _PUBLISHERS}
        self._errors = errors
        self._verifier = verifier
        self._logs = logs

    def problem(self, raw: Mapping[str, Any], publisher: Mapping[str, Any]) -> str:
        """Why the signature of one attestation does not hold for a publisher; empty where it does.

        Raises Unverified.
        """
        kind = self._publishers.get(publisher["kind"])
        if kind is None:
            raise Unverified("its publisher is of a kind that is not known here")
        try:
            attestation = self._library.Attestation.model_validate(raw)
            # The library's own way has the keys fetched, or those that it has kept: not from a file.
            identity = _Identity(kind.model_validate(publisher)._as_policy(), attestation)  # noqa: SLF001
            self._verifier.verify_dsse(attestation.to_bundle(), identity)
        except _Another as error:
            return str(error)
        except self._errors.CertValidationError:
            return "its certificate is of no trusted authority, or was not valid when it was logged"
        except self._errors.MetadataError as error:
            raise Unverified(f"the trusted keys cannot be used: {_words(error)}") from error
        except self._errors.VerificationError as error:
            words = _words(error)
            if words.startswith(_ABOUT_LOGS) and not _named_logs(raw) <= self._logs:
                raise Unverified("it is in a log whose key is not known here") from error
            return f"its signature does not hold ({words})"
        except Exception:  # noqa: BLE001 - whatever else a document makes the library do, it is not verified
            return "it cannot be read by what verifies it"
        statement = json.loads(base64.b64decode(raw["envelope"]["statement"]))
        if statement.get("predicateType") not in {each.value for each in self._library.AttestationType}:
            raise Unverified("its statement is of a kind that is not known here")
        return ""


class _Another(Exception):
    """A certificate is another's than the publisher's. The message says so, as a clause."""


class _Identity:
    """A policy of sigstore's: that a certificate is the publisher's, which the library's own policy tells."""

    def __init__(self, policy: Any, attestation: Any) -> None:
        self._policy = policy
        self._attestation = attestation

    def verify(self, certificate: object) -> None:
        """Raises _Another, whatever it is that the certificate lacks."""
        try:
            self._policy.verify(certificate)
        except Exception as error:
            signer = self._attestation.certificate_claims.get(_REPOSITORY, "another")
            raise _Another(f"it is signed by {_line(signer)}, not by the publisher that it names") from error


def _loaded(own: str | None) -> _Trust:
    """Raises Unverified, and BadTrustRoot where it is the file that the policy names."""
    try:
        # What it has to say of keys that it does not know would go to the terminal.
        logging.getLogger("sigstore").addHandler(logging.NullHandler())
        library, errors, models, verify, tuf = map(
            importlib.import_module,
            (_LIBRARY, "sigstore.errors", "sigstore.models", "sigstore.verify", "sigstore._internal.tuf"),
        )

        def made(root: Path) -> _Trust:
            return _Trust(
                library, errors, verify.Verifier(trusted_root=models.TrustedRoot.from_file(str(root))), _logs(root)
            )

        if own is None:
            home = tuf.parse.quote(tuf.DEFAULT_TUF_URL, safe="")
            with resources.as_file(resources.files("sigstore._store") / home / "trusted_root.json") as place:
                return made(place)
    except Exception as error:
        raise Unverified(f"the keys to verify it by cannot be had: {_words(error)}") from error
    try:
        return made(Path(own))
    except BadTrustRoot:
        raise
    except Exception as error:
        raise BadTrustRoot("sigstore cannot use the keys and certificates in it") from error


def _logs(path: Path) -> frozenset[bytes]:
    """The identifiers of the logs in a trust root. Raises BadTrustRoot where it is none."""
    try:
        if path.exists() and not path.is_file():
            raise BadTrustRoot("it is not a file")
        with path.open("rb") as file:
            content = file.read(_LARGEST_ROOT + 1)
        if len(content) > _LARGEST_ROOT:
            raise BadTrustRoot(f"it is larger than {_LARGEST_ROOT:,} bytes")
        root = json.loads(content)
        if not all(root[key] for key in _LISTS):
            raise BadTrustRoot(f"it lists nothing as {', '.join(key for key in _LISTS if not root[key])}")
        return frozenset(base64.b64decode(log["logId"]["keyId"]) for key in _LISTS[:2] for log in root[key])
    except OSError as error:
        raise BadTrustRoot(f"it cannot be read: {error.strerror}") from error
    except BadTrustRoot:
        raise
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise BadTrustRoot("it is no trust root of Sigstore, as trusted_root.json is one") from error


def _named_logs(raw: Mapping[str, Any]) -> frozenset[bytes]:
    """The logs that an attestation names, of certificates and of signatures; none where that cannot be read."""
    x509 = importlib.import_module("cryptography.x509")
    material = raw["verification_material"]
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(material["certificate"]))
        known = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
        entry = base64.b64decode(material["transparency_entries"][0]["logId"]["keyId"])
        return frozenset((entry, *(each.log_id for each in known.value)))
    except Exception:  # noqa: BLE001 - what is wrong there is told already
        return frozenset()


def _words(error: Exception) -> str:
    """What a library says, as one printable line."""
    return _line(str(error)) or type(error).__name__


def _line(text: str) -> str:
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else " " for letter in line)[:_LONGEST]
