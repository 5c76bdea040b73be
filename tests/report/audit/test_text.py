"""The text of an audit: what it says, at every width, in colour and without, and that nothing can forge it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from judge.building import HOSTILE, group, source_of, target_of
from report.audit.building import (
    FLASK,
    LOCK,
    LOOK,
    MALWARE,
    REQUIREMENTS,
    UNFIXED,
    audited,
    dependency,
    finding,
    full,
    hostile,
)
from safe_pip import __version__
from safe_pip.audited import Audited
from safe_pip.inventory import AuditInput, Inventory, SkippedDependency
from safe_pip.model import Unchecked
from safe_pip.report.audit import FORMATS, Look
from safe_pip.report.audit.prose import paragraphs
from safe_pip.report.plain import Style

CODES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")


def text(outcome: Audited, **more: object) -> list[str]:
    """The lines of the report."""
    return FORMATS["text"].render(outcome, replace(LOOK, **more)).splitlines()  # type: ignore[arg-type]


def closing(outcome: Audited) -> str:
    """The last words, as one line."""
    lines = text(outcome)
    return " ".join(lines[len(lines) - lines[::-1].index("") :])


def test_the_whole_report() -> None:
    """By package, the worst first: where, what, why, what to do; then all the rest, and the next step last."""
    assert text(full(), target=target_of()) == [
        f"safe-pip {__version__} · Python 3.12.1 · requirements.txt, api/uv.lock",
        "",
        "evil 0.1  requirements.txt:4",
        "  malware  MAL-2026-3  MAL-2026-3 is bad",
        "  fix  remove it, and look at what it could reach; check the name for a slip of",
        "       the keys",
        "",
        "Flask 2.2.0  requirements.txt:2, api/uv.lock:9",
        "  high 7.5  PYSEC-2023-62  Responses meant for one client may be cached",
        "  why  app → flask",
        "  fix  upgrade to 2.2.5",
        "",
        "old 1.0  requirements.txt:5",
        "  low 2.1  CVE-2026-9  CVE-2026-9 is bad",
        "  fix  no fixed version is known",
        "",
        "jinja2 2.11.2  api/uv.lock:20",
        "  unknown  PYSEC-2021-66  PYSEC-2021-66 is bad",
        "  why  app → flask → jinja2",
        "  fix  upgrade to 2.11.3",
        "",
        "3 skipped",
        "  2  it is editable: mine, other",
        "  1  its version is not one: odd",
        "",
        "2 things could not be checked",
        "  ? advisories-unavailable",
        "    osv did not answer.",
        "    help   Try again.",
        "  ? idna 3.7  undecidable-advisory",
        "    X-1 is odd",
        "    waived by --allow X-1",
        "",
        "1 ignored",
        "  medium 5.0  PYSEC-2020-1  idna 3.7",
        "",
        "2 more findings left out by --min-severity or --fixable-only.",
        "",
        "CVE-1999-1 matched nothing here; it can be taken out.",
        "",
        "Checked against 2,665 advisories as of 2026-11-20 (36 hours ago):",
        "  advisories.zip",
        "",
        "Vulnerable: 4 findings in 4 of 6 packages: 1 malware, 1 high, 1 low, 1 unknown.",
        "1 thing could not be checked, 1 entry could not be read.",
        "Next: upgrade to flask 2.2.5, jinja2 2.11.3, and run the same command again;",
        "`safe-pip explain MAL-2026-3` tells more.",
    ]


def test_what_aliases_and_descriptions_add() -> None:
    """On demand: other names, where the severity comes from, the whole text, and where to read on."""
    item = dependency("flask", "2.2.0")
    lines = text(audited([item], [finding(item, FLASK)]), aliases=True, descriptions=True)

    assert lines[2:14] == [
        "flask 2.2.0  requirements.txt:1",
        "  high 7.5  PYSEC-2023-62  Responses meant for one client may be cached",
        "    also known as CVE-2023-30861, GHSA-m2qf-hxjv-5gpq",
        "    severity from CVE-2023-30861 (CVSS V3)",
        "    Responses meant for one client may be cached. When *all* of this holds:",
        "",
        "    - one",
        "    - two",
        "    https://example.example/flask",
        "    http://127.0.0.1/2",
        "",
        "  fix  upgrade to 2.2.5",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("more", [{}, {"aliases": True, "descriptions": True}])
def test_nothing_is_wider_than_the_screen(width: int, more: dict[str, bool]) -> None:
    """A line that wraps breaks the picture; only a word that is longer than the screen may, such as an address."""
    long = replace(FLASK, id="GHSA-aaaa-bbbb-cccc", summary="漢字 and words " * 40, details="a few words " * 200)
    deep = tuple(dependency(f"a-rather-long-name-{n}").name for n in range(9))
    item = dependency("a-rather-long-name-of-a-package", "2026.11.20.post1", LOCK, line=123456, chain=deep)
    outcome = replace(full(), findings=(finding(item, long, item, dependency(item.name, item.version)),))

    for line in text(outcome, width=width, **more):
        assert cell_len(line) <= width or len(line.split()) <= 2, line


def test_narrow() -> None:
    """Where the words about a finding do not fit beside it they have a line of their own."""
    lines = text(full(), width=40)

    assert "  high 7.5  PYSEC-2023-62" in lines
    assert "    Responses meant for one client may…" in lines


@pytest.mark.parametrize("look", [{"color": True}, {"links": True}, {"color": True, "links": True}])
def test_colour_and_links_add_only_codes(look: dict[str, bool]) -> None:
    """The words are the same; links are OSC 8 sequences, colours SGR ones, each only where it is wanted."""
    drawn = FORMATS["text"].render(full(), replace(LOOK, **look))  # type: ignore[arg-type]

    assert CODES.sub("", drawn) == FORMATS["text"].render(full(), LOOK)
    assert ("\x1b[" in drawn) is look.get("color", False)
    link = "\x1b]8;;https://osv.dev/vulnerability/PYSEC-2023-62\x1b\\"
    assert (link in drawn) is look.get("links", False)
    assert drawn.count("\x1b]8;;") % 2 == 0


def test_colours_cannot_be_forged() -> None:
    """With colours on, every code in the text is ours: hostile texts bring none, and close no link."""
    drawn = FORMATS["text"].render(
        hostile(HOSTILE), Look(LOOK.now, color=True, links=True, descriptions=True, aliases=True)
    )

    assert not re.search(r"[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]", CODES.sub("", drawn))
    assert "\x1b" not in CODES.sub("", drawn)


def test_ascii() -> None:
    """A terminal that knows only ASCII gets ASCII, with the texts of advisories written out."""
    item = dependency("weak")
    lines = text(audited([item], [finding(item, replace(FLASK, summary="漢"))]), unicode=False)

    assert all(line.isascii() for line in lines)
    assert any(r"\u6f22" in line for line in lines)


# --------------------------------------------------------------------------- what to do


def advice(*advisories: object, **more: object) -> str:
    """What to do about a package with some findings."""
    item = dependency("weak")
    lines = text(audited([item], [finding(item, known) for known in advisories]), width=200, **more)  # type: ignore[arg-type]
    return next(line[7:] for line in lines if line.startswith("  fix  "))


def test_what_to_do() -> None:
    """The upgrade that mends all; what is left where there is none; never an upgrade that is still vulnerable."""
    far = group("CVE-2026-2", suggested_fix="1.10", newer_fixes=("1.10",))
    doomed = group("CVE-2026-3", suggested_fix=None)

    assert advice(group()) == "upgrade to 1.1"
    assert advice(group(), far) == "upgrade to 1.10, which fixes both"
    assert advice(group(), far, group("CVE-2026-4")) == "upgrade to 1.10, which fixes all 3"
    assert advice(group(), UNFIXED) == "upgrade to 1.1; for CVE-2026-9 no fixed version is named"
    assert advice(UNFIXED) == "no fixed version is known"
    assert advice(doomed) == "1.1 would help, but no newer version is free of every advisory"
    assert advice(MALWARE).startswith("remove it")
    assert advice(MALWARE, group()).startswith("remove it")


# --------------------------------------------------------------------------- the rest


def test_many_places_and_names() -> None:
    """A monorepo names a package in many files: the first few, and how many more."""
    inputs = [AuditInput("lock", f"{n}/uv.lock", f"{n}/uv.lock") for n in range(5)]
    items = [dependency("weak", named=named, line=n + 1) for n, named in enumerate(inputs)]
    twice = dependency("weak", named=inputs[0], line=90)
    skipped = tuple(SkippedDependency(f"n{n}", None, inputs[0], "vcs", "it is a checkout") for n in range(15))
    lines = text(audited([*items, twice], [finding(items[0], group(), *items[1:], twice)], skipped=skipped))

    assert lines[0].endswith("0/uv.lock, 1/uv.lock, 2/uv.lock and 2 more")
    assert lines[2] == "weak 1.0  0/uv.lock:1,90, 1/uv.lock:2, 2/uv.lock:3 and 2 more"
    assert " ".join(" ".join(lines).split()).count("n11 and 3 more") == 1


def test_ages() -> None:
    """How old the advisories are, in words; a service is asked now and has no age."""

    def told(**more: object) -> str:
        outcome = replace(audited([dependency("a")]), sources=(source_of(**more),))
        return next(line for line in text(outcome, width=200) if line.startswith("Checked"))

    assert told(as_of=LOOK.now - timedelta(minutes=3)).endswith("(just now): advisories.zip")
    assert told(as_of=LOOK.now - timedelta(hours=1, minutes=3)).endswith("(1 hour ago): advisories.zip")
    assert told(as_of=LOOK.now - timedelta(days=9), stale=True).endswith("(9 days ago, old): advisories.zip")
    assert told(as_of=None, stale=True).endswith("2,665 advisories, of unknown age")
    assert told(as_of=None, source="osv", records=0) == "Checked against osv"


def test_the_closing_words() -> None:
    """What came out, in one sentence: clean is said only where everything was checked."""
    item = dependency("a")
    gap = Unchecked("advisories-unavailable", None, None, "osv did not answer.", "Try again.")
    skip = SkippedDependency("mine", None, REQUIREMENTS, "editable", "it is editable")
    odd = SkippedDependency("odd", None, REQUIREMENTS, "unparsable", "its version is not one")

    assert closing(audited([item])) == "Clean: no known vulnerabilities in 1 package."
    assert closing(audited([item], skipped=(skip,))) == "Clean: no known vulnerabilities in 1 package; 1 skipped."
    assert closing(Audited((), ())) == "Clean: no known vulnerabilities because there is nothing to audit."
    assert closing(audited([item], unchecked=(gap,))) == "Incomplete: 1 thing could not be checked. Next: Try again."
    assert closing(audited([item], skipped=(odd,))).startswith("Incomplete: 1 entry could not be read. Next: mend")
    assert closing(audited([], skipped=(skip,))).startswith("Incomplete: nothing was audited. Next: audit something")
    assert closing(audited([item], skipped=(skip,), strict=True)).startswith(
        "Incomplete: no known vulnerability in 1 package, but"
    )


def test_notes() -> None:
    """What a reader noticed is told once, however many files it was noticed in."""
    notes = ("groups are left out",)
    outcome = Audited((Inventory(REQUIREMENTS, notes=notes), Inventory(LOCK, notes=notes)))

    assert [line for line in text(outcome) if line.startswith("Note")] == ["Note: groups are left out"]


def test_paragraphs() -> None:
    """Lines of a paragraph flow together; lists, headings, code and tables keep theirs."""
    details = (
        "One\nline.\n\n\n# Heading\ntext\n- first\n  more\n- second\n1. third thing that is long enough to wrap here\n"
        "```\n  code  \n\nmore\n```\n| a | b |\n    indented\nend"
    )

    assert [line.plain for line in paragraphs(details, "  ", Style(40))] == [
        "  One line.",
        "",
        "  # Heading",
        "  text",
        "  - first more",
        "  - second",
        "  1. third thing that is long enough to",
        "     wrap here",
        "  ```",
        "    code",
        "",
        "  more",
        "  ```",
        "  | a | b |",
        "      indented",
        "  end",
    ]
