"""RECORD: the list of a wheel's files with their hashes, compared with what is there.

Source: PyPA specifications "Recording installed projects" and "Binary distribution format".
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from safe_pip.facts import Problem
from safe_pip.inspect.names import leads_out
from safe_pip.inspect.places import is_code, place_of

LARGEST_RECORD = 16_000_000
STRONG = ("sha256", "sha384", "sha512")
_HEXADECIMAL = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Digits of each."""
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")


class Row(NamedTuple):
    """What RECORD says of one file. algorithm, digest: empty where it gives none; the digest in hexadecimal."""

    algorithm: str
    digest: str
    size: int | None


def read_record(data: bytes) -> dict[str, Row]:
    """The rows by path. Raises ValueError, whose message says why it cannot be read."""
    try:
        text = data.decode("utf-8")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows: dict[str, Row] = {}
        for line in lines:
            if not line or not line[0]:
                continue
            path, hashed, size = (*line, "", "")[:3]
            algorithm, _, encoded = hashed.partition("=")
            algorithm = algorithm.lower()
            row = Row(
                algorithm, _hexadecimal(algorithm, encoded), int(size) if size.isascii() and size.isdigit() else None
            )
            if rows.setdefault(path, row) != row:
                raise ValueError(f"it lists {path!a} twice")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(str(error)) from error
    return rows


def _hexadecimal(algorithm: str, encoded: str) -> str:
    """A digest as RECORD has it; some versions of uv have written it in hexadecimal in the first place."""
    if algorithm in STRONG and len(encoded) == _HEXADECIMAL[algorithm] and not encoded.strip("0123456789abcdef"):
        return encoded
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()
    except (ValueError, binascii.Error):
        return f"not base64: {encoded}" if encoded else ""


def row_of(rows: Mapping[str, Row], path: str) -> Row | None:
    """What the rows say of a path; some tools on Windows have written backslashes."""
    row = rows.get(path)
    if row is None and "/" in path:
        row = rows.get(path.replace("/", "\\"))
    return row


class Taken(NamedTuple):
    """What was found of a file in the archive. digests: in hexadecimal, by algorithm."""

    digests: Mapping[str, str]
    size: int


def compare(rows: Mapping[str, Row], files: Mapping[str, Taken], folder: str) -> Iterator[Problem]:
    """What RECORD and the archive do not agree on. folder: the ``.dist-info`` folder. files: by path.

    Code that RECORD does not list, or lists with another hash, has a finding of its own.
    """
    record = f"{folder}/RECORD"
    free = {record, *(f"{folder}/{name}" for name in _SIGNATURES)}
    for path, taken in files.items():
        if path in free:
            continue
        place = place_of(path)
        code = place.kind in ("script", "library", "setting-up") or (place.kind == "site" and is_code(place.path))
        row = row_of(rows, path)
        if row is None:
            yield Problem("unrecorded-code" if code else "record-mismatch", path, "it is not listed in RECORD")
            continue
        actual = taken.digests.get(row.algorithm, "")
        if row.algorithm not in STRONG:
            said = f"with {row.algorithm}" if row.algorithm else "without a hash"
            yield Problem("record-mismatch", path, f"RECORD lists it {said}, where sha256 or better is due")
        elif actual != row.digest:
            what = f"RECORD gives another {row.algorithm} for it"
            yield Problem("unrecorded-code" if code else "record-mismatch", path, what, row.digest, actual)
        elif row.size is not None and row.size != taken.size:
            what = "RECORD gives another size for it"
            yield Problem("record-mismatch", path, what, f"{row.size:,} bytes", f"{taken.size:,} bytes")
    for path in rows:
        plain = path.replace("\\", "/")
        if path in files or plain in files or plain in free:
            continue
        if leads_out(plain):
            what = "RECORD lists it, outside of the wheel: pip would delete it with the next version, or uninstalling"
            yield Problem("unsafe-archive", path, what)
        else:
            yield Problem("record-mismatch", path, "RECORD lists it, and it is not there")


def hashers(row: Row | None) -> tuple[str, ...]:
    """The digests to take of a file: sha256, and the one that RECORD gives."""
    return ("sha256",) if row is None or row.algorithm not in STRONG[1:] else ("sha256", row.algorithm)
