"""Refused, incomplete, approved: what is said, what the exit code is, and that nothing is installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Guard, Venv
from fakes import Answer, FakeIndex, FakeOsv, Server, advisory, export, sdist, wheel

MakeVenv = Callable[..., Venv]


@pytest.fixture
def world(index: FakeIndex, tmp_path: Path) -> FakeIndex:
    """An index with something weak, something evil, something hopeless, and something that needs them."""
    files = tmp_path / "files"
    for version in ("1.0", "1.1", "1.2"):
        index.add(wheel(files, "weak", version))
    index.add(wheel(files, "top", "1.0", requires=["middle"]))
    index.add(wheel(files, "middle", "1.0", requires=["weak<1.1"]))
    index.add(wheel(files, "evil", "1.0"))
    index.add(wheel(files, "hopeless", "1.0"))
    index.add(wheel(files, "fine", "1.0"))
    return index


def test_a_vulnerability_is_refused(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Promise 5: a refusal names the rule, the way in, the fix, the waiver, and what is in the way of the fix."""
    before = venv.snapshot()

    ran = guard.install("top", "fine", target=venv)

    assert (ran.code, ran.out) == (1, "")
    assert venv.snapshot() == before
    assert re.search(r"✗ weak 1\.0 +PYSEC-2026-1", ran.err)
    assert "why    top → middle → weak" in ran.err
    assert "Fixed in weak 1.1." in ran.err
    assert "waive  --allow PYSEC-2026-1:weak" in ran.err
    assert "weak<1.1 (asked for by middle 1.0): 1.0 vulnerability (PYSEC-2026-1)" in ran.said
    _, closing = ran.said.split("Refused: ")
    assert closing == (
        "1 finding stands against this install. Nothing was installed. Next: change what stands in the way above, or "
        "waive a finding with its --allow, and run the same command again."
    )


def test_the_same_in_json(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """One finding a group of aliases, with everything a program needs to act on it."""
    ran = guard.install("--format", "json", "top", target=venv)

    (finding,) = ran.json["findings"]
    assert finding == {
        "code": "vulnerability",
        "level": "block",
        "name": "weak",
        "version": "1.0",
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "severity": None,
        "score": None,
        "severity_source": None,
        "fix_versions": ["1.1"],
        "suggested_fix": "1.1",
        "chain": ["top", "middle", "weak"],
        "message": "PYSEC-2026-1 is about weak",
        "help": "Fixed in weak 1.1.",
        "waived_by": None,
        "justification": None,
        "exception": None,
        "evidence": [],
        "policy": {"setting": 'levels.vulnerability = "block"', "source": None, "line": None},
        "epss": None,
        "kev": False,
    }
    assert (ran.json["verdict"], ran.json["exit_code"], ran.code) == ("refused", 1, 1)


@pytest.mark.parametrize(
    "allow", ["PYSEC-2026-1", "pysec-2026-1:weak", "CVE-2026-1:Weak", "vulnerability", "vulnerability:weak"]
)
def test_a_waiver_installs_and_stays_visible(guard: Guard, world: FakeIndex, venv: Venv, allow: str) -> None:
    """--allow takes any id of the group or the code, for all packages or one, and is told in the report."""
    ran = guard.install("--allow", allow, "weak==1.0", target=venv)

    assert (ran.code, ran.out) == (0, "Successfully installed weak-1.0\n")
    assert f"waived by --allow {allow}" in ran.err


@pytest.mark.parametrize("allow", ["PYSEC-2026-1:other", "PYSEC-2026-9", "malware", "hash-mismatch:weak"])
def test_a_waiver_for_something_else_does_not_help(guard: Guard, world: FakeIndex, venv: Venv, allow: str) -> None:
    """A waiver reaches no further than it says, and one that matched nothing is told."""
    ran = guard.install("--allow", allow, "weak==1.0", target=venv)

    assert ran.code == 1
    assert f"--allow {allow} matched nothing here." in ran.err


@pytest.mark.parametrize("allow", ["", ":weak", "PYSEC-1:"])
def test_a_waiver_that_says_nothing(guard: Guard, world: FakeIndex, venv: Venv, allow: str) -> None:
    """A slip of the keys must not waive everything."""
    assert guard.install("--allow", allow, "weak==1.0", target=venv).code == 2


def test_malware_is_refused(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """The reason why people install a guard."""
    ran = guard.install("evil", target=venv)

    assert ran.code == 1
    assert "malware MAL-2026-3" in ran.err
    assert not (venv.site_packages / "evil").exists()


def test_no_fix_is_a_warning(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Where no fixed version exists, blocking would help nobody; it is told, and installed."""
    ran = guard.install("hopeless", target=venv)

    assert ran.code == 0
    assert "! hopeless 1.0  PYSEC-2026-2" in ran.err
    assert "No fixed version is known." in ran.err


def test_yanked_is_a_warning(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """A yanked version is taken only when it is pinned, as pip does, and is told with its reason."""
    world.add(wheel(tmp_path / "files", "fine", "1.1"), yanked="it eats files")

    assert "fine 1.0" in guard.install("--dry-run", "-v", "fine", target=venv).err.replace("         ", " ").replace(
        "  ", " "
    )
    ran = guard.install("fine==1.1", target=venv)

    assert ran.code == 0
    assert "fine 1.1 is yanked: it eats files" in ran.err


@pytest.mark.parametrize("requirement", ["weak==1.0", "evil", "hopeless", "fine", "nobody", "fine>=9", "broken"])
def test_a_dry_run_says_what_the_real_thing_says(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv, tmp_path: Path, requirement: str
) -> None:
    """--dry-run has the exit codes of the real thing and touches nothing."""
    broken = wheel(tmp_path / "files", "broken", "1.0")
    world.add(broken, hashes={"sha256": "0" * 64})
    venv = make_venv("dry")
    before = venv.snapshot()

    dry = guard.install("--dry-run", requirement, target=venv)
    real = guard.install(requirement, target=make_venv("real"))

    assert dry.code == real.code
    assert dry.out == ""
    assert venv.snapshot() == before


@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        (["nobody"], "No configured index knows a package named nobody (asked for on the command line)."),
        (["weak>=9"], "No version of weak satisfies weak>=9 here (asked for on the command line)."),
        (["top", "weak>=1.1"], "These wishes for weak cannot all be met."),
    ],
)
def test_no_set_of_versions(guard: Guard, world: FakeIndex, venv: Venv, requirements: list[str], said: str) -> None:
    """Exit 4 is for a request that no versions satisfy, and says who wants what."""
    ran = guard.install(*requirements, target=venv)

    assert ran.code == 4
    assert said in ran.said
    assert "Traceback" not in ran.err


def test_no_set_of_versions_in_json(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """A program that reads the report learns of it too."""
    ran = guard.install("--format", "json", "weak>=9", target=venv)

    assert (ran.code, ran.json["exit_code"], ran.json["verdict"]) == (4, 4, "refused")
    assert ran.json["error"]["kind"] == "ResolutionError"


# --------------------------------------------------------------------------- sources of advisories


def _break(server: Server, path: str, how: str) -> None:
    """Make a source fail in one of the ways in which sources fail."""
    good = server.answer(type("Asked", (), {"method": "GET", "path": path, "headers": {}})())  # type: ignore[arg-type]
    answers = {
        "down": None,
        "slow": Answer(good.body, delay=30),
        "html": Answer(b"<html>please log in</html>", headers={"Content-Type": "text/html"}),
        "half": Answer(good.body[: len(good.body) // 2], claim=len(good.body)),
        "truncated": Answer(good.body[: len(good.body) // 2]),
        "error": Answer(b"oops", 500),
        "gone": Answer(b"", 404),
        "empty": Answer(b""),
        "nothing about PyPI": Answer(b"PK\x05\x06" + b"\0" * 18),
    }
    answer = answers[how]
    if answer is None:
        server.stop()
    else:
        server.override(path, answer)


FAILURES = ["down", "slow", "html", "half", "truncated", "error", "gone", "empty", "nothing about PyPI"]


@pytest.mark.parametrize("how", FAILURES)
def test_a_source_that_was_named_fails(guard: Guard, world: FakeIndex, venv: Venv, how: str) -> None:
    """Promise 6: what could not be checked is not clean. Nothing is installed, and a sentence helps."""
    before = venv.snapshot()
    with FakeOsv([advisory("PYSEC-2026-1", "weak")]) as osv:
        _break(osv, "/PyPI/all.zip", how)
        guard.advisories = None

        ran = guard.install(
            "--timeout", "1", "--retries", "0", "--advisories", f"{osv.base}/PyPI/all.zip", "fine", target=venv
        )

    assert ran.code == 3, ran.err
    assert venv.snapshot() == before
    assert "Incomplete: 1 thing could not be checked. Nothing was installed." in ran.err
    assert "advisories-unavailable" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("how", ["down", "slow", "html", "half"])
def test_the_default_source_fails(guard: Guard, world: FakeIndex, venv: Venv, how: str) -> None:
    """A real install without any advisories stays incomplete; the waiver for it is named."""
    with FakeOsv([advisory("PYSEC-2026-1", "weak")]) as osv:
        _break(osv, "/PyPI/all.zip", how)
        guard.advisories = None

        ran = guard.install(
            "--timeout", "1", "--retries", "0", "weak==1.0", target=venv, SAFE_PIP_OSV_BULK_URL=osv.base
        )

    assert ran.code == 3, ran.err
    assert "There is no advisory data" in ran.err
    assert "--allow stale-advisories" in ran.err
    assert not (venv.site_packages / "weak").exists()


def test_the_starter_set_serves_a_first_dry_run(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """On a fresh machine without a source, a dry run shows something, and says loudly how little it is."""
    guard.advisories = None
    world.add(wheel(tmp_path / "files", "requests", "2.25.0"))

    found = guard.install("--dry-run", "requests==2.25.0", target=venv)
    clean = guard.install("--dry-run", "fine", target=venv)
    real = guard.install("fine", target=venv)
    waived = guard.install("--allow", "stale-advisories", "fine", target=venv)

    assert found.code == 1
    assert "PYSEC-2023-74" in found.err
    assert "Only the starter set inside safe-pip was looked at" in found.err
    assert clean.code == 3
    assert real.code == 3
    assert (waived.code, waived.out) == (0, "Successfully installed fine-1.0\n")
    assert "waived by --allow stale-advisories" in waived.err


def test_the_default_source_is_synced_once(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """The first run fetches the export; the next one, a moment later, asks for nothing."""
    guard.advisories = None
    with FakeOsv([advisory("PYSEC-2026-1", "weak", events=[{"introduced": "0"}, {"fixed": "1.1"}])]) as osv:
        first = guard.install("weak==1.0", target=venv, SAFE_PIP_OSV_BULK_URL=osv.base)
        asked = len(osv.asked)
        second = guard.install("weak==1.0", target=venv, SAFE_PIP_OSV_BULK_URL=osv.base)

        assert (first.code, second.code) == (1, 1)
        assert osv.paths() == ["/PyPI/all.zip"]
        assert len(osv.asked) == asked


def test_offline_says_how_old(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """--offline uses what is on the machine, asks nobody, and says what it is."""
    guard.advisories = None
    with FakeOsv([advisory("PYSEC-2026-1", "weak")]) as osv:
        assert guard.install("fine", "--offline", target=venv, SAFE_PIP_OSV_BULK_URL=osv.base).code == 3
        assert osv.asked == []
        assert guard("advisories", "sync", SAFE_PIP_OSV_BULK_URL=osv.base).code == 0
        asked = len(osv.asked)

        ran = guard.install("fine", "--offline", target=venv, SAFE_PIP_OSV_BULK_URL=osv.base)

        assert ran.code == 0, ran.err
        assert "; offline" in ran.err
        assert len(osv.asked) == asked


def test_several_sources_are_merged(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path) -> None:
    """Two sources that know one thing by two names make one finding."""
    other = export(tmp_path / "other.zip", [advisory("GHSA-xxxx", "weak", aliases=["CVE-2026-1"])])

    ran = guard.install("--advisories", str(other), "--format", "json", "weak==1.0", target=venv)

    (finding,) = ran.json["findings"]
    assert finding["id"] == "PYSEC-2026-1"
    assert finding["aliases"] == ["CVE-2026-1", "GHSA-xxxx"]
    assert len(ran.json["advisories"]) == 2


# --------------------------------------------------------------------------- pages and files


@pytest.mark.parametrize("how", ["slow", "html that is no page", "error", "half", "not an index"])
def test_a_page_that_cannot_be_read(guard: Guard, world: FakeIndex, venv: Venv, how: str) -> None:
    """A page that fails is not an index without the package: another index must not fill in unnoticed."""
    good = world.html_page("fine").encode()
    answers = {
        "slow": Answer(good, delay=30, headers={"Content-Type": "text/html"}),
        "html that is no page": Answer(b"%PDF-1.7", headers={"Content-Type": "application/pdf"}),
        "error": Answer(b"oops", 500),
        "half": Answer(good[:20], claim=len(good), headers={"Content-Type": "text/html"}),
        "not an index": Answer(b"[]", headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}),
    }
    before = venv.snapshot()
    with FakeIndex() as other:
        other.add(world.projects["fine"][0].path)
        other.override("/simple/fine/", answers[how])

        ran = guard.install("--timeout", "1", "--retries", "0", "--extra-index-url", other.url, "fine", target=venv)

    assert ran.code == 3, ran.err
    assert "unreadable-page" in ran.err
    assert other.base in ran.err
    assert venv.snapshot() == before


def test_a_page_that_cannot_be_read_may_be_waived(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Some servers answer 403 for what they do not have; who knows that may say so."""
    with FakeIndex() as other:
        other.override("/simple/fine/", Answer(b"", 403))
        options = ["--extra-index-url", other.url, "fine"]

        assert guard.install(*options, target=venv).code == 3
        ran = guard.install("--allow", "unreadable-page:fine", *options, target=venv)

    assert ran.code == 0, ran.err
    assert "waived by --allow unreadable-page:fine" in ran.err


def test_waiving_a_page_does_not_turn_a_failure_into_success(guard: Guard, world: FakeIndex, venv: Venv) -> None:
    """Where nothing satisfies the request, waiving the page that failed must not look like "nothing to install"."""
    world.override("/simple/ghost/", Answer(b"", 403))

    ran = guard.install("--allow", "unreadable-page", "ghost", target=venv)

    assert ran.code == 4, ran.err


@pytest.mark.parametrize("content", [b"not a zip", b"", b"PK\x03\x04 cut off"])
def test_a_file_that_cannot_be_inspected(
    guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, content: bytes
) -> None:
    """A wheel that is none is not approved for lack of findings."""
    path = tmp_path / "files" / "odd-1.0-py3-none-any.whl"
    path.write_bytes(content)
    world.add(path)

    ran = guard.install("odd", target=venv)

    assert ran.code == 3, ran.err
    assert "odd-1.0-py3-none-any.whl cannot be" in ran.err


@pytest.mark.parametrize("allow", [[], ["--allow", "build-required"]])
def test_a_build_is_refused(guard: Guard, world: FakeIndex, venv: Venv, tmp_path: Path, allow: list[str]) -> None:
    """Builds run code; they are refused by name, and a waiver cannot make one happen yet."""
    world.add(sdist(tmp_path / "files", "source", "1.0"))

    ran = guard.install(*allow, "source", "fine", target=venv)

    assert ran.code == (3 if allow else 1), ran.err
    assert "source has to be built" in ran.err
    assert not (venv.site_packages / "fine").exists()


def test_exit_code_5_says_what_state_things_are_in(
    guard: Guard, world: FakeIndex, make_venv: MakeVenv, tmp_path: Path
) -> None:
    """If pip fails half-way, a person must learn what is installed now and what is not."""
    files = tmp_path / "files"
    world.add(wheel(files, "outside", "1.0", requires=["fine"], files={"outside-1.0.data/nowhere/x.txt": "x"}))

    ran = guard.install("outside", target=make_venv("one"))
    words = guard.install("-v", "outside", target=make_venv("two"))

    assert ran.code == 5, ran.err
    assert "pip failed while installing" in ran.err
    assert "Installed: fine 1.0. Half installed: outside 1.0." in ran.said
    assert "pip: " not in ran.err
    assert "pip: " in words.err
