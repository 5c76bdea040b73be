"""Signatures of provenance (PEP 740): real cryptography decides, by the keys of a Sigstore that is made here.

What is spoiled in a document is one thing each, and everything else in it is right.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from fakes import sha256, wheel
from private_sigstore import SIGNED_AT, Identity, Sigstore, document, the_sigstore
from safe_pip.index.attestations import BadTrustRoot, SignatureVerifier, Unverified
from safe_pip.index.provenance import UnknownProvenance, parse_provenance

LISTS = ("tlogs", "ctlogs", "certificateAuthorities")
EVIL = Identity("evil/log")
OUTLIVED = "wrong: its certificate is of no trusted authority, or was not valid when it was logged"


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """The wheel that everything is about."""
    return wheel(tmp_path, "acme", "1.0")


@pytest.fixture
def verifier(tmp_path: Path) -> SignatureVerifier:
    """It trusts the Sigstore of the tests."""
    return SignatureVerifier(str(the_sigstore().trust_root(tmp_path)))


def told(verifier: SignatureVerifier, content: bytes, path: Path) -> str:
    """What is told of a document about a file: why it is wrong, or why nobody can tell; empty where it is right."""
    if problem := parse_provenance(content, path.name, sha256(path)).problem:
        return f"wrong: {problem}"
    try:
        problem = verifier(json.loads(content))
    except Unverified as error:
        return f"unverified: {error}"
    return f"wrong: {problem}" if problem else ""


# --------------------------------------------------------------------------- what is signed


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"predicate": "https://slsa.dev/provenance/v1"},
        {"logged_at": SIGNED_AT},
        {"logged_at": SIGNED_AT + timedelta(minutes=9)},
        {"name": "Acme-1.0.0-py3-none-any.whl"},
        {"repository": "acme/other", "workflow": "publish.yaml"},
    ],
)
def test_what_holds(verifier: SignatureVerifier, acme: Path, said: dict[str, Any]) -> None:
    """A certificate lives for minutes, and what was logged while it did holds for good; else all of it would lapse."""
    assert told(verifier, the_sigstore().provenance(acme, **said), acme) == ""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"another_key": True}, "wrong: its signature does not hold (DSSE: invalid signature)"),
        ({"signer": EVIL}, "wrong: it is signed by https://github.com/evil/log, not by the publisher that it names"),
        ({"signer": Identity(workflow="test.yml")}, "wrong: it is signed by https://github.com/acme/log, not by"),
        ({"repository": "ACME/log", "signer": Identity()}, "wrong: it is signed by https://github.com/acme/log, not"),
        ({"kind": "GitLab"}, "wrong: it is signed by https://github.com/acme/log, not by"),
        ({"kind": "Google"}, "wrong: it cannot be read by what verifies it"),
        ({"logged_at": SIGNED_AT + timedelta(minutes=11)}, OUTLIVED),
        ({"logged_at": SIGNED_AT - timedelta(minutes=1)}, OUTLIVED),
        ({"name": "acme-1.1-py3-none-any.whl"}, "wrong: it is about acme-1.1-py3-none-any.whl"),
        ({"digest": "ab" * 32}, "wrong: it is about a file with the sha256 abab"),
        (
            {"predicate": "https://example/checked-for-viruses"},
            "unverified: its statement is of a kind that is not known",
        ),
        ({"kind": "github"}, "unverified: its publisher is of a kind that is not known here"),
        ({"kind": "Forge"}, "unverified: its publisher is of a kind that is not known here"),
    ],
)
def test_what_does_not(verifier: SignatureVerifier, acme: Path, said: dict[str, Any], why: str) -> None:
    """Signed by the wrong one, too late, or about something else; and what nobody here can judge is no proof."""
    assert why in told(verifier, the_sigstore().provenance(acme, **said), acme)


def test_a_wheel_that_was_changed_by_one_byte(verifier: SignatureVerifier, acme: Path) -> None:
    """The signature is about the very bytes; and who writes the new digest into it has not signed that."""
    good = the_sigstore().provenance(acme)
    signed = sha256(acme)
    content = bytearray(acme.read_bytes())
    content[-1] ^= 1
    acme.write_bytes(content)
    assert f"wrong: it is about a file with the sha256 {signed}" in told(verifier, good, acme)

    forged = json.loads(good)
    envelope = forged["attestation_bundles"][0]["attestations"][0]["envelope"]
    statement = base64.b64decode(envelope["statement"]).replace(signed.encode(), sha256(acme).encode())
    envelope["statement"] = base64.b64encode(statement).decode()
    assert "DSSE: invalid signature" in told(verifier, json.dumps(forged).encode(), acme)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("authority", OUTLIVED),
        ("certificates", "unverified: it is in a log whose key is not known here"),
        ("log", "unverified: it is in a log whose key is not known here"),
    ],
)
def test_another_key_of_the_sigstore(verifier: SignatureVerifier, acme: Path, part: str, why: str) -> None:
    """Nobody makes an authority of his own; but logs get new keys, which an old trust root does not know."""
    assert why in told(verifier, the_sigstore().with_another(part).provenance(acme), acme)


def test_another_sigstore_altogether(verifier: SignatureVerifier, acme: Path) -> None:
    """Logs that are not known excuse nothing where the certificate is bad already."""
    assert told(verifier, Sigstore().provenance(acme), acme) == OUTLIVED


# --------------------------------------------------------------------------- the log

Spoil = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda entry: entry.pop("inclusionPromise"), "it cannot be read by what verifies it"),
        (lambda entry: entry.update(integratedTime="0"), "not enough sources of verified time"),
        (lambda entry: entry.pop("inclusionProof"), "it cannot be read by what verifies it"),
        (lambda entry: entry["inclusionProof"].pop("checkpoint"), "it cannot be read by what verifies it"),
        (lambda entry: entry["inclusionProof"].update(logIndex="0"), "inclusion proof contains invalid root hash"),
        (lambda entry: entry["inclusionProof"].update(hashes=[]), "inclusion proof has wrong size"),
        (lambda entry: entry.update(logIndex="1"), "SET: invalid inclusion promise"),
        (
            lambda entry: entry.update(integratedTime=str(int(SIGNED_AT.timestamp()) + 2)),
            "SET: invalid inclusion promise",
        ),
        (lambda entry: entry.update(integratedTime="9" * 30), "it cannot be read by what verifies it"),
        (lambda entry: entry.update(integratedTime="-1"), "it cannot be read by what verifies it"),
        (lambda entry: entry.update(canonicalizedBody="e30="), "inclusion proof contains invalid root hash"),
        (lambda entry: entry.update(kindVersion={"kind": "hashedrekord", "version": "0.0.1"}), "does not hold"),
        (lambda entry: entry.update(logId={"keyId": "e30="}), "unverified: it is in a log whose key is not known"),
        (lambda entry: entry.clear(), "it cannot be read by what verifies it"),
    ],
)
def test_an_entry_of_the_log_that_proves_nothing(
    verifier: SignatureVerifier, acme: Path, spoil: Spoil, why: str
) -> None:
    """The log is what makes a short-lived certificate count; what it has not signed, it has not seen."""
    bundle = the_sigstore().bundle(acme)
    spoil(bundle["attestations"][0]["verification_material"]["transparency_entries"][0])
    assert why in told(verifier, document(bundle), acme)


def test_an_entry_about_another_file(verifier: SignatureVerifier, acme: Path, tmp_path: Path) -> None:
    """A true entry of the log, of something else that the same publisher has signed."""
    other = wheel(tmp_path / "other", "acme", "1.0", padding=1)
    bundle, another = (the_sigstore().bundle(path) for path in (acme, other))
    material, others = (each["attestations"][0]["verification_material"] for each in (bundle, another))
    material["transparency_entries"] = others["transparency_entries"]
    assert "log entry payload hash does not match" in told(verifier, document(bundle), acme)

    material["transparency_entries"] = []
    assert told(verifier, document(bundle), acme) == "wrong: it cannot be read by what verifies it"


# --------------------------------------------------------------------------- several, and odd ones


def test_one_good_and_one_bad(verifier: SignatureVerifier, acme: Path) -> None:
    """A good bundle vouches for no other: in either order, and as a second attestation."""
    good, bad = the_sigstore().bundle(acme), the_sigstore().bundle(acme, signer=EVIL)
    strange = the_sigstore().bundle(acme, kind="Forge")
    assert told(verifier, document(good, the_sigstore().bundle(acme, repository="acme/two")), acme) == ""
    for bundles in ((good, bad), (bad, good), (strange, bad), (bad, strange)):
        assert told(verifier, document(*bundles), acme).startswith("wrong: it is signed by")
    for bundles in ((good, strange), (strange, good)):
        assert told(verifier, document(*bundles), acme).startswith("unverified: ")
    both = {**good, "attestations": [*good["attestations"], *bad["attestations"]]}
    assert told(verifier, document(both), acme).startswith("wrong: it is signed by")


def _leaves(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all that is no list and no object in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield above
    else:
        for key, each in inner:
            yield from _leaves(each, (*above, key))


def _spoiled(value: Any) -> Iterator[Any]:
    """A value with little and with much changed."""
    yield from (None, "", 10**400, [], {})
    if isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        letter = "B" if value[5:6] == "A" else "A"
        yield from (value[:5] + letter + value[6:], "A" + value, "A" * 100_000, "\x1b\ud800")
        if value.isdecimal():
            yield str(int(value) + 1)


def test_every_value_of_a_document_counts(verifier: SignatureVerifier, acme: Path) -> None:
    """Whatever is changed in it, by itself: it does not hold, and nothing but that comes of it."""
    good = the_sigstore().provenance(acme)
    paths = list(_leaves(json.loads(good)))
    harmless = set()
    for path in paths:
        *above, last = path
        for value in _spoiled(_at(json.loads(good), path)):
            spoiled = json.loads(good)
            _at(spoiled, above)[last] = value
            try:
                said = told(verifier, json.dumps(spoiled).encode(), acme)
            except UnknownProvenance:
                said = "unverified: its version"
            assert said.isprintable()
            if not said:
                harmless.add(last)
    assert len(paths) > 20
    # No certificate has the first two as they stand there; the size of the tree follows from the proof of its root.
    assert harmless == {"environment", "claims", "treeSize"}


def _at(value: Any, path: Iterable[Any]) -> Any:
    return reduce(lambda found, key: found[key], path, value)


@pytest.mark.parametrize("value", ["", "AAAA", base64.b64encode(b"0" * 100_000).decode(), None, 7, {}, []])
@pytest.mark.parametrize("key", ["certificate", "transparency_entries"])
def test_anything_in_the_place_of_the_material(verifier: SignatureVerifier, acme: Path, key: str, value: Any) -> None:
    """Whatever a server sends there has no signature that holds, and is no traceback."""
    bundle = the_sigstore().bundle(acme)
    bundle["attestations"][0]["verification_material"][key] = value
    assert told(verifier, document(bundle), acme) == "wrong: it cannot be read by what verifies it"


def test_material_that_is_very_deep(verifier: SignatureVerifier, acme: Path) -> None:
    """What the reader of JSON just bears may be too deep for who goes through it after that."""
    content = the_sigstore().provenance(acme).decode().replace('"inclusionProof": {', '"x": DEEP, "inclusionProof": {')
    for depth in (200, 900, 100_000):
        assert told(verifier, content.replace("DEEP", "[" * depth + "]" * depth).encode(), acme).startswith("wrong: ")


# --------------------------------------------------------------------------- the libraries, and their keys


def test_without_the_extra(acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is claimed and nothing told; but who names keys wants to know that they are not used."""
    content = the_sigstore().provenance(acme, signer=EVIL)
    root = str(the_sigstore().trust_root(tmp_path))
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    assert told(SignatureVerifier(), content, acme) == "unverified: "
    assert told(SignatureVerifier(root), content, acme) == "unverified: safe-pip[attestations] is not installed"


def test_an_extra_that_does_not_work(acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an installation is told, whichever keys are wanted, and not taken for none."""
    content = the_sigstore().provenance(acme)
    root = str(the_sigstore().trust_root(tmp_path))
    monkeypatch.setitem(sys.modules, "sigstore.verify", None)
    for verifier in (SignatureVerifier(), SignatureVerifier(root)):
        for _ in range(2):
            assert told(verifier, content, acme).startswith("unverified: the keys to verify it by cannot be had: ")


def test_the_keys_that_come_with_it(
    acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """They are there, in the sigstore that is installed here; nobody is asked, nothing is kept, and nothing said.

    A place of sigstore's own is read for it: a new one that has it elsewhere fails here, and not at a user's.
    """

    def refused(*_: object) -> None:
        raise AssertionError("nobody is to be asked")

    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    said = told(SignatureVerifier(), the_sigstore().provenance(acme), acme)
    assert said == OUTLIVED
    assert not (tmp_path / "home").exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda root: "no JSON", "it is no trust root of Sigstore"),
        (lambda root: "[]", "it is no trust root of Sigstore"),
        (lambda root: "[" * 100_000, "it is no trust root of Sigstore"),
        (lambda root: " " * 4_000_001, "it is larger than 4,000,000 bytes"),
        (lambda root: root.pop("ctlogs"), "it is no trust root of Sigstore"),
        (lambda root: root.update(ctlogs=[]), "it lists nothing as ctlogs"),
        (lambda root: root.update(certificateAuthorities=[], tlogs=[]), "nothing as tlogs, certificateAuthorities"),
        (lambda root: root.update(mediaType="text/plain"), "sigstore cannot use the keys"),
        (lambda root: root["certificateAuthorities"][0].update(certChain={}), "sigstore cannot use the keys"),
    ],
)
def test_a_file_that_is_no_trust_root(
    acme: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    """It is told as the mistake that it is: with no keys, every signature would seem to be wrong."""
    root = the_sigstore().trusted()
    changed = change(root)
    place = tmp_path / "root.json"
    place.write_text(changed if isinstance(changed, str) else json.dumps(root), "utf-8")
    with pytest.raises(BadTrustRoot) as told_of:
        told(SignatureVerifier(str(place)), the_sigstore().provenance(acme), acme)
    assert why in str(told_of.value)
    assert str(told_of.value).isprintable()


def test_a_trust_root_of_two(acme: Path, tmp_path: Path) -> None:
    """Who has a Sigstore of his own trusts the public one as well, by listing both."""
    two = Sigstore()
    root, more = the_sigstore().trusted(), two.trusted()
    place = tmp_path / "root.json"
    place.write_text(json.dumps({**root, **{key: root[key] + more[key] for key in LISTS}}), "utf-8")
    for signer in (two, the_sigstore()):
        assert told(SignatureVerifier(str(place)), signer.provenance(acme), acme) == ""
    assert told(SignatureVerifier(str(place)), Sigstore().provenance(acme), acme) == OUTLIVED


def test_a_trust_root_that_is_no_file(tmp_path: Path) -> None:
    """A pipe would be waited for without an end."""
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("none.json", "No such file or directory"), ("", "not a file"), ("pipe", "not a file")):
        with pytest.raises(BadTrustRoot, match=why):
            SignatureVerifier(str(tmp_path / name))
