"""EPSS scores and the catalog of exploited vulnerabilities: read, kept, and never silently missing."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from fakes import Answer, Server, advisory, export
from judge.building import group
from safe_pip.advisories.opening import open_advisories
from safe_pip.advisories.risk import _PARSERS, Risk, RiskSources, _Malformed
from safe_pip.advisories.sources import Context, source_for
from safe_pip.errors import UsageError
from safe_pip.model import PolicyLine
from safe_pip.settings.tables import Raise, Vulnerabilities

EPSS = b"#model_version:v2025.03.14,score_date:2026-11-20T00:00:00Z\ncve,epss,percentile\nCVE-2026-1000,0.93,0.99\n"
EPSS += b"CVE-2026-1001,1e-05,0.01\n"
KEV = json.dumps({"title": "x", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-1001", "product": "x"}]}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that has both."""
    with Server() as running:
        running.override("/epss.csv.gz", Answer(gzip.compress(EPSS)))
        running.override("/kev.json", Answer(KEV))
        running.override("/nothing.json", Answer(b"", 404))
        yield running


def test_files(tmp_path: Path, context: Context) -> None:
    """As they are published, packed or not, by path or file: URL."""
    (tmp_path / "epss.csv").write_bytes(EPSS)
    (tmp_path / "kev.json.gz").write_bytes(gzip.compress(KEV))
    risk, unchecked = RiskSources(str(tmp_path / "epss.csv"), (tmp_path / "kev.json.gz").as_uri()).read(context)

    assert unchecked == ()
    assert risk == Risk({"CVE-2026-1000": 0.93, "CVE-2026-1001": 1e-05}, {"CVE-2026-1001": 1.0})


def test_any_id_of_a_group_counts() -> None:
    """Advisories go by other ids, of which some alias is a CVE; the worst one counts."""
    risk = Risk({"CVE-2026-1": 0.1, "CVE-2026-2": 0.7}, {"CVE-2026-1": 1.0})

    found = risk.rated(group("PYSEC-2026-1", "cve-2026-1", "CVE-2026-2"))
    assert (found.epss, found.kev) == (0.7, True)
    other = risk.rated(group("PYSEC-2026-1", "CVE-2026-10"))
    assert (other.epss, other.kev) == (None, False)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("epss", b""),
        ("epss", b"\xff\xfe"),
        ("epss", b"<html>"),
        ("epss", b"cve,epss,percentile\n"),
        ("epss", EPSS + b"CVE-2026-10"),
        ("epss", EPSS + b"CVE-2026-1002,0.93"),
        ("epss", EPSS + b"CVE-2026-1002,2,0\n"),
        ("epss", EPSS + b"CVE-2026-1002,nan,0\n"),
        ("epss", EPSS + b"CVE-2026-1002,-0.1,0\n"),
        ("epss", EPSS + b"PYSEC-2026-1,0.1,0\n"),
        ("epss", gzip.compress(EPSS)[:-9]),
        ("kev", b""),
        ("kev", b"[]"),
        ("kev", b'{"vulnerabilities": []}'),
        ("kev", b'{"vulnerabilities": [{"cveID": 1}]}'),
        ("kev", b'{"vulnerabilities": ["CVE-2026-1000"]}'),
        ("kev", b"[" * 100_000),
    ],
)
def test_a_file_that_makes_no_sense(kind: str, content: bytes, tmp_path: Path, context: Context) -> None:
    """Half of a list would leave the other half unraised, so it is an error that names the file."""
    path = tmp_path / "scores"
    path.write_bytes(content)

    with pytest.raises(UsageError, match="scores: this is no"):
        RiskSources(**{kind: str(path)}).read(context)


def test_a_file_that_is_not_there(tmp_path: Path, context: Context) -> None:
    """What could not be looked at is unchecked."""
    risk, unchecked = RiskSources(epss=str(tmp_path / "none.csv")).read(context)

    assert risk.epss is None
    assert [item.code for item in unchecked] == ["advisories-unavailable"]
    assert "none.csv" in unchecked[0].reason


@pytest.mark.skipif(os.name == "nt", reason="devices")
def test_a_device_is_no_file(context: Context) -> None:
    """A clone's policy may name a FIFO or a device: those are not read, since some of them never end."""
    _, unchecked = RiskSources(epss=os.devnull).read(context)

    assert [item.reason for item in unchecked] == [
        f"The EPSS scores of the policy, {os.devnull}, cannot be read: it is not a file."
    ]


def test_what_unpacks_without_end(tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes that unpack to more than there may be are refused."""
    monkeypatch.setattr("safe_pip.advisories.risk._LARGEST", 10_000)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"#" * 1_000_000))

    with pytest.raises(UsageError, match="larger"):
        RiskSources(epss=str(path)).read(context)


def test_urls_are_kept(server: Server, context: Context) -> None:
    """Asked once in twelve hours; what is kept serves offline, and for a week where the server is gone."""
    named = RiskSources(f"{server.base}/epss.csv.gz", f"{server.base}/kev.json")
    first = named.read(context)
    again = named.read(replace(context, now=context.now + timedelta(hours=11)))
    asked = [item.path for item in server.asked]

    assert asked == ["/epss.csv.gz", "/kev.json"]
    assert first == again
    assert first[0].epss == {"CVE-2026-1000": 0.93, "CVE-2026-1001": 1e-05}
    assert named.read(replace(context, offline=True, now=context.now + timedelta(days=400))) == first
    assert len(server.asked) == 2

    for path, broken in (("/epss.csv.gz", Answer(b"gone", 404)), ("/kev.json", Answer(b"{}"))):
        server.override(path, broken)
    assert named.read(replace(context, now=context.now + timedelta(days=6))) == first
    risk, unchecked = named.read(replace(context, now=context.now + timedelta(days=8)))
    assert (risk, [item.code for item in unchecked]) == (Risk(), ["advisories-unavailable"] * 2)


def test_urls_that_cannot_be_had(server: Server, context: Context) -> None:
    """Unchecked, and no login or key of the URL is told; an answer that makes no sense is not kept."""
    server.override("/epss.csv.gz", Answer(b"<html>"))
    url = server.base.replace("//", "//user:s3cr3t@")
    risk, unchecked = RiskSources(f"{url}/epss.csv.gz?key=s3cr3t", f"{url}/nothing.json").read(context)

    assert risk == Risk()
    assert [item.code for item in unchecked] == ["advisories-unavailable"] * 2
    assert "s3cr3t" not in str(unchecked)
    _, offline = RiskSources(f"{server.base}/epss.csv.gz").read(replace(context, offline=True))
    assert "no copy" in offline[0].reason


def test_what_is_kept_and_torn_is_fetched_anew(server: Server, context: Context) -> None:
    """The cache may be lost."""
    named = RiskSources(kev=f"{server.base}/kev.json")
    named.read(context)
    [kept] = (context.folder / "advisories").glob("kev-*.json")
    for torn in (b"{", b'{"fetched": "2026-11-20T12:00:00Z", "scores": {}}', b'{"fetched": 1, "scores": {"a": 1.0}}'):
        kept.write_bytes(torn)
        assert named.read(context)[0].kev == {"CVE-2026-1001": 1.0}


def test_advisories_carry_them(tmp_path: Path, context: Context) -> None:
    """Whoever asks for what affects a version is told how likely it is to be exploited."""
    (tmp_path / "epss.csv").write_bytes(EPSS)
    known = export(tmp_path / "a.zip", [advisory("PYSEC-1", "weak", aliases=["CVE-2026-1000"])])
    table = Vulnerabilities(epss=Raise(str(tmp_path / "epss.csv"), 0.5, PolicyLine("epss")))
    opened = open_advisories([source_for(str(known))], context, starter_set=False, table=table)
    assert opened.advisories is not None
    try:
        [found] = opened.advisories.known(canonicalize_name("weak"), "1.0").groups
    finally:
        opened.advisories.close()

    assert (found.epss, found.kev) == (0.93, False)


@given(
    st.binary() | st.text().map(str.encode) | st.binary().map(lambda tail: EPSS + tail),
    st.sampled_from(["epss", "kev"]),
)
def test_nothing_else_than_malformed_is_raised(content: bytes, kind: str) -> None:
    """Whatever a server answers with."""
    try:
        _PARSERS[kind](content)  # type: ignore[index]
    except _Malformed as error:
        assert str(error)
