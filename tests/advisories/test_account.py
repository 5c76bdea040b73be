"""Advisories in full, by id and by package: what is told to who wants to read one, offline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from fakes import advisory
from safe_pip.advisories import Advisories
from safe_pip.advisories.account import Span, spans
from safe_pip.advisories.building import build, update
from safe_pip.advisories.database import Database
from safe_pip.advisories.record import Event, record_from
from safe_pip.advisories.texts import text_of

Knowing = Callable[..., Advisories]
HIGH = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}
META = {"source": "the test"}

ONE = advisory(
    "PYSEC-1",
    "App",
    aliases=["CVE-1"],
    events=[{"introduced": "0"}, {"fixed": "1.1"}],
    versions=["1.0.0", "0.9"],
    summary="",
    details="First.\r\n\r\nSecond \x1b[2J\u202eline.",
    references=[
        {"type": "WEB", "url": url} for url in ("https://a.example/1", "javascript:alert(1)", "http://b.example")
    ],
)
OTHER = advisory(
    "GHSA-1",
    "app",
    aliases=["CVE-1"],
    events=[{"introduced": "2.0"}, {"fixed": "2.2"}],
    severity=[HIGH],
    published="2025-01-01T00:00:00Z",
    references=[{"type": "WEB", "url": "https://a.example/1"}, {"url": 5}, 7],
)


@pytest.mark.parametrize("identifier", ["PYSEC-1", "GHSA-1", "CVE-1", "cve-1", "pysec-1"])
def test_a_record_by_its_id_or_any_alias(tmp_path: Path, identifier: str) -> None:
    """Whole, as it came; people copy ids from anywhere, in any spelling."""
    path = tmp_path / "a.db"
    build(path, [record_from(ONE), record_from(OTHER)], META)

    with closing(Database(path)) as database:
        found = database.record(identifier)
        assert found == (ONE if identifier.lower() == "pysec-1" else OTHER)
        assert database.record("CVE-2") is None


@pytest.mark.parametrize("identifier", ["PYSEC-1", "GHSA-1", "cve-1"])
def test_the_whole_group_by_any_of_its_ids(knowing: Knowing, identifier: str) -> None:
    """Every record of it, what they say together, and which versions that is about."""
    account = knowing([ONE, advisory("X", "lib")], [OTHER]).about_id(identifier)

    assert account is not None
    assert account.ids == ("PYSEC-1", "CVE-1", "GHSA-1")
    assert (account.summary, account.severity, account.score) == ("First.", "high", 7.5)
    assert account.details == "First.\n\nSecond  [2J line."
    assert account.references == ("https://a.example/1", "http://b.example")
    assert [(told.id, told.source) for told in account.records] == [("PYSEC-1", "source 0"), ("GHSA-1", "source 1")]
    assert (account.published, account.modified) == ("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    [affected] = account.affected
    assert affected.name == "app"
    assert [span.words for span in affected.spans] == ["up to, but not, 1.1", "2.0 up to, but not, 2.2"]
    assert (affected.versions, affected.fix_versions) == (("0.9", "1.0.0"), ("1.1", "2.2"))


def test_nothing_is_known_of_an_id(knowing: Knowing) -> None:
    """None, and not an empty account."""
    assert knowing([ONE]).about_id("CVE-9") is None


def test_everything_about_a_package(knowing: Knowing) -> None:
    """Every group, whatever the version, malware first; and none for a package of which nothing is known."""
    known = knowing([ONE, OTHER, advisory("X-1", "app"), advisory("MAL-1", "app", versions=["6.6"], events=())])

    accounts = known.about_package(canonicalize_name("App"))

    assert [account.ids for account in accounts] == [("MAL-1",), ("PYSEC-1", "CVE-1", "GHSA-1"), ("X-1",)]
    assert [account.malware for account in accounts] == [True, False, False]
    assert [span.words for account in accounts for item in account.affected for span in item.spans] == [
        "up to, but not, 1.1",
        "2.0 up to, but not, 2.2",
        "every version",
    ]
    assert known.about_package(NormalizedName("nobody")) == ()


def test_a_severity_that_only_the_package_has(knowing: Knowing) -> None:
    """The schema lets it stand at the entry as well."""
    record = advisory("X", "app")
    record["affected"][0]["severity"] = [HIGH]

    account = knowing([record]).about_id("X")

    assert account is not None
    assert (account.severity, account.severity_source) == ("high", "X (CVSS V3)")


def test_withdrawn_records_are_told_as_such(knowing: Knowing) -> None:
    """Who asks for an id wants to know that it was taken back; what it said does not count beside others."""
    gone = {**OTHER, "withdrawn": "2026-01-01T00:00:00Z"}

    account = knowing([ONE, gone]).about_id("GHSA-1")

    assert account is not None
    assert [told.withdrawn for told in account.records] == [None, "2026-01-01T00:00:00Z"]
    assert account.affected[0].fix_versions == ("1.1",)


@pytest.mark.parametrize(
    ("events", "expected", "words"),
    [
        ([("introduced", "0")], [Span(None)], ["every version"]),
        ([("introduced", "1")], [Span("1")], ["1 and every later version"]),
        ([("introduced", "0"), ("last_affected", "2")], [Span(None, last_affected="2")], ["up to 2"]),
        ([("introduced", "1"), ("last_affected", "2")], [Span("1", last_affected="2")], ["1 up to 2"]),
        (
            [("fixed", "3"), ("introduced", "2"), ("fixed", "1.5"), ("introduced", "0")],
            [Span(None, fixed="1.5"), Span("2", fixed="3")],
            ["up to, but not, 1.5", "2 up to, but not, 3"],
        ),
        ([("introduced", "0"), ("limit", "4")], [Span(None, limit="4")], ["up to, but not, 4"]),
        ([("introduced", "0"), ("limit", "*")], [Span(None)], ["every version"]),
        ([("fixed", "1")], [], []),
        ([], [], []),
    ],
)
def test_events_in_words(events: list[tuple[str, str]], expected: list[Span], words: list[str]) -> None:
    """In the order of the versions, whatever the order of the events."""
    found = spans([Event(kind, version) for kind, version in events])  # type: ignore[arg-type]

    assert found == expected
    assert [span.words for span in found] == words


@pytest.mark.parametrize("record", [None, 5, [], {}, {"details": 5, "references": 7, "published": "soon"}])
def test_words_of_what_has_none(record: object) -> None:
    """A record may lack anything, or have it of another kind."""
    assert text_of(record) == ("", (), None)


def test_groups_have_their_words_where_they_are_wanted(knowing: Knowing) -> None:
    """An audit prints them; an install does not read them."""
    known = knowing([ONE, {**OTHER, "affected": ONE["affected"]}])

    [group] = known.known(canonicalize_name("app"), "1.0").groups
    assert group.details == "First.\n\nSecond  [2J line."
    assert group.references == ("https://a.example/1", "http://b.example")
    assert group.published == "2025-01-01T00:00:00Z"
    assert group.told_by == ("source 0",)
    known.full = False
    [group] = known.known(canonicalize_name("app"), "1.0").groups
    assert (group.details, group.references, group.published, group.told_by) == ("", (), None, ("source 0",))


def test_an_update_joins_and_parts_families(tmp_path: Path) -> None:
    """Who belongs together is written down when a database is built, and must not grow old when it is updated."""
    path = tmp_path / "a.db"
    raws = [
        advisory("A", "app", aliases=["CVE-1"]),
        advisory("B", "lib", aliases=["CVE-1"], severity=[HIGH]),
        advisory("C", "far", aliases=["CVE-2"]),
    ]
    build(path, map(record_from, raws), META)

    def families() -> dict[str, set[str]]:
        with closing(Database(path)) as database:
            found = {}
            for name in ("app", "lib", "far"):
                about = database.find([NormalizedName(name)])
                found[name] = {item for family in about.families for item in family}
                stated = {item.id for item in about.stated if item.rated}
                assert stated == ({"B"} & found[name])
            return found

    assert families() == {"app": {"A", "B", "CVE-1"}, "lib": {"A", "B", "CVE-1"}, "far": {"C", "CVE-2"}}
    update(path, [record_from(advisory("C", "far", aliases=["CVE-2", "CVE-1"]))], [], META)
    every = {"A", "B", "C", "CVE-1", "CVE-2"}
    assert families() == {"app": every, "lib": every, "far": every}
    update(path, [record_from(advisory("C", "far"))], [], META)
    assert families() == {"app": {"A", "B", "CVE-1"}, "lib": {"A", "B", "CVE-1"}, "far": set()}
    update(path, [], ["A"], META)
    assert families() == {"app": set(), "lib": {"B", "CVE-1"}, "far": set()}


def test_a_malware_id_that_says_nothing_comes_last(knowing: Knowing) -> None:
    """Withdrawn, or about another package: neither makes an account one of malware, nor is it the id to show."""
    gone = {**advisory("MAL-1", "app", aliases=["PYSEC-1"]), "withdrawn": "2020-01-01T00:00:00Z"}
    known = knowing([ONE, OTHER, gone, advisory("MAL-2", "other", aliases=["PYSEC-1"])])

    (account,) = known.about_package(canonicalize_name("app"))
    (of_other,) = known.about_package(canonicalize_name("other"))

    assert (account.id, account.malware, account.aliases[-2:]) == ("PYSEC-1", False, ("MAL-1", "MAL-2"))
    assert (of_other.id, of_other.malware) == ("MAL-2", True)
