"""A private Sigstore, made in the test: an authority, a certificate log, a transparency log, and their trust root.

Nothing is pretended: certificates are issued and signed, logs sign what they have, and proofs are of real trees. It
stands for the public one in the parts that verifying offline needs, and for nothing else.

    with_its_keys = Sigstore()
    document = with_its_keys.provenance(path)
    trust_root = with_its_keys.trust_root(tmp_path)

``provenance`` takes what an enemy would change; what it does not take can be spoiled in the document afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pypi_attestations import AttestationType

from fakes import sha256

SIGNED_AT = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
"""When everything is signed, unless a test says otherwise; certificates live for ten minutes from then."""
PUBLISH = AttestationType.PYPI_PUBLISH_V1.value
"""The predicate of what an index publishes."""
_STATEMENT = "application/vnd.in-toto+json"
_ISSUER = "https://token.actions.githubusercontent.com"
_CLAIMS = "1.3.6.1.4.1.57264.1"
"""Fulcio's extensions: .8 the issuer, .12 the repository, .13 its commit, .14 its ref, .18 the workflow."""
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


@lru_cache(maxsize=1)
def the_sigstore() -> Sigstore:
    """The one that tests share which do not care."""
    return Sigstore()


@dataclass(frozen=True)
class Identity:
    """Whose certificate it is: a workflow of a repository on GitHub."""

    repository: str = "acme/log"
    workflow: str = "release.yml"

    def claims(self) -> Mapping[int, str]:
        """What the authority writes into the certificate, by the last part of the extension's identifier."""
        home = f"https://github.com/{self.repository}"
        built_by = f"{home}/.github/workflows/{self.workflow}@refs/heads/main"
        return {8: _ISSUER, 12: home, 13: "0" * 40, 14: "refs/heads/main", 18: built_by}


class Sigstore:
    """Its keys are its own: what one has signed no other one trusts."""

    def __init__(self) -> None:
        self._authority, self._certificates, self._log = _key(), _key(), _key()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "private sigstore")])
        self._root = (
            _certificate(name, name, self._authority.public_key(), SIGNED_AT - timedelta(days=900), timedelta(9_000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._authority.public_key()), critical=False)
            .sign(self._authority, hashes.SHA256())
        )

    def with_another(self, part: str) -> Sigstore:
        """The same but for one key: of its ``authority``, its log of ``certificates``, or its ``log``."""
        other = copy(self)
        setattr(other, f"_{part}", _key())
        return other

    # ----------------------------------------------------------------- trust

    def trust_root(self, folder: Path) -> Path:
        """Write the trust root, as Sigstore's protobuf-specs have it in JSON; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / "trusted_root.json"
        place.write_text(json.dumps(self.trusted()), "utf-8")
        return place

    def trusted(self) -> dict[str, Any]:
        """The trust root."""
        since = {"start": "2020-01-01T00:00:00Z"}
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_instance(self._log, "https://log.example", since)],
            "ctlogs": [_instance(self._certificates, "https://certificates.example", since)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "example", "commonName": "private sigstore"},
                    "uri": "https://authority.example",
                    "certChain": {"certificates": [{"rawBytes": _text(_der(self._root))}]},
                    "validFor": since,
                }
            ],
        }

    # ----------------------------------------------------------------- signing

    def provenance(self, path: Path, **said: Any) -> bytes:
        """A provenance document (PEP 740) with one attestation about a file. said: as for ``bundle``."""
        return document(self.bundle(path, **said))

    def bundle(
        self,
        path: Path,
        *,
        repository: str = "acme/log",
        workflow: str = "release.yml",
        kind: str = "GitHub",
        signer: Identity | None = None,
        **signed: Any,
    ) -> dict[str, Any]:
        """One bundle. repository, workflow, kind: of the publisher it names. signer: whose certificate it has, if not
        the publisher's. signed: as for ``attestation``."""
        file = "workflow_filepath" if kind == "GitLab" else "workflow"
        publisher = {"kind": kind, "repository": repository, file: workflow, "environment": None, "claims": None}
        attestation = self.attestation(path, signer or Identity(repository, workflow), **signed)
        return {"publisher": publisher, "attestations": [attestation]}

    def attestation(
        self,
        path: Path,
        signer: Identity,
        *,
        name: str | None = None,
        digest: str | None = None,
        predicate: str = PUBLISH,
        logged_at: datetime = SIGNED_AT + timedelta(minutes=1),
        another_key: bool = False,
    ) -> dict[str, Any]:
        """One attestation about a file. name, digest, predicate: what it says, if it is to lie. logged_at: when the
        log has it. another_key: whether it is signed by another key than the certificate's."""
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name or path.name, "digest": {"sha256": digest or sha256(path)}}],
            "predicateType": predicate,
            "predicate": None,
        }
        payload = json.dumps(statement).encode()
        key = _key()
        certificate = self._issued(signer, key.public_key())
        kind = f"DSSEv1 {len(_STATEMENT)} {_STATEMENT} {len(payload)} ".encode()
        signature = _signed(_key() if another_key else key, kind + payload)
        return {
            "version": 1,
            "verification_material": {
                "certificate": _text(_der(certificate)),
                "transparency_entries": [self._logged(payload, signature, certificate, logged_at)],
            },
            "envelope": {"statement": _text(payload), "signature": _text(signature)},
        }

    def _issued(self, signer: Identity, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """A certificate with the identity, and the word of the certificate log that it knows it (RFC 6962)."""
        claims = signer.claims()
        made = (
            _certificate(x509.Name([]), self._root.subject, key, SIGNED_AT, timedelta(minutes=10))
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority.public_key()), critical=False
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(claims[18])]),
                critical=True,
            )
        )
        for number, claim in claims.items():
            made = made.add_extension(
                x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{_CLAIMS}.{number}"), _tagged(0x0C, claim.encode())),
                critical=False,
            )
        unlogged = made.sign(self._authority, hashes.SHA256()).tbs_certificate_bytes
        authority = hashlib.sha256(_public(self._authority)).digest()
        time = struct.pack("!Q", int(SIGNED_AT.timestamp() * 1000))
        told = b"\x00\x00" + time + b"\x00\x01" + authority + struct.pack("!I", len(unlogged))[1:] + unlogged + bytes(2)
        signature = _signed(self._certificates, told)
        known = b"\x00" + _log_id(self._certificates) + time + bytes(2) + b"\x04\x03"
        known += struct.pack("!H", len(signature)) + signature
        timestamps = struct.pack("!HH", len(known) + 2, len(known)) + known
        word = x509.UnrecognizedExtension(_SCTS, _tagged(0x04, timestamps))
        return made.add_extension(word, critical=False).sign(self._authority, hashes.SHA256())

    def _logged(self, payload: bytes, signature: bytes, certificate: x509.Certificate, at: datetime) -> dict[str, Any]:
        """An entry of the transparency log, the second of three, with its promise, its proof and a checkpoint."""
        body = {
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(payload + signature).hexdigest()},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "signatures": [{"signature": _text(signature), "verifier": _text(_pem(certificate))}],
            },
        }
        entry = _canonical(body)
        first, last = _leaf(b"somebody's"), _leaf(b"somebody else's")
        root = _node(_node(first, _leaf(entry)), last)
        index, size = 1, 3
        note = f"log.example - 1\n{size}\n{_text(root)}\n"
        signed = _log_id(self._log)[:4] + _signed(self._log, note.encode())
        promise = {
            "body": _text(entry),
            "integratedTime": int(at.timestamp()),
            "logID": _log_id(self._log).hex(),
            "logIndex": 1_000 + index,
        }
        return {
            "logIndex": str(1_000 + index),
            "logId": {"keyId": _text(_log_id(self._log))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(int(at.timestamp())),
            "inclusionPromise": {"signedEntryTimestamp": _text(_signed(self._log, _canonical(promise)))},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": _text(root),
                "treeSize": str(size),
                "hashes": [_text(first), _text(last)],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.example {_text(signed)}\n"},
            },
            "canonicalizedBody": _text(entry),
        }


def document(*bundles: Mapping[str, Any]) -> bytes:
    """A provenance document of some bundles."""
    return json.dumps({"version": 1, "attestation_bundles": bundles}).encode()


# --------------------------------------------------------------------------- parts


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _signed(key: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    return key.sign(content, ec.ECDSA(hashes.SHA256()))


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _log_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Who a log is: the digest of its key (RFC 6962, 3.2)."""
    return hashlib.sha256(_public(key)).digest()


def _instance(key: ec.EllipticCurvePrivateKey, url: str, since: Mapping[str, str]) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _text(_public(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
        "logId": {"keyId": _text(_log_id(key))},
    }


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, since: datetime, lives: timedelta
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), since, since + lives)


def _usage(**uses: bool) -> x509.KeyUsage:
    none = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    return x509.KeyUsage(**(none | uses))


def _tagged(tag: int, content: bytes) -> bytes:
    """A value in DER."""
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + struct.pack("!H", size)
    return bytes([tag]) + length + content


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _canonical(value: Mapping[str, Any]) -> bytes:
    """JSON as it is signed (RFC 8785), for what stands in an entry: texts and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
