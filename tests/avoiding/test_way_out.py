"""The way out of a refusal: versions that were resolved and pass, the command that gives them, or what is in the way.
What becomes of lines is in ``test_way_out_lines``.

Each command that is told is tried: it must lead to the very versions that were promised.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avoiding.conftest import EVIL, WEAK, Steer, ago, bad, codes, follow, versions, way_of, with_levels
from avoiding.test_filter import there, wrong_name
from fakes import Answer, FakeIndex, advisory, wheel
from safe_pip.model import Approved, Level

NO_TIME = "there was no time left to look for versions that pass"

# --------------------------------------------------------------------------- pins


def test_a_pin_goes_to_the_fix(steer: Steer) -> None:
    """The smallest fixed version, and not the newest of all; the word that was typed is the one that changes."""
    steer.offer("weak", "1.0", "1.1", "1.2", "2.0")
    steer.offer("top", "1.0", requires=["weak"])

    way = way_of(steer("top", "weak==1.0"))

    assert way.pins == (("weak", "1.1"),)
    assert (way.command, way.edits) == ("safe-pip install top weak==1.1", ())
    assert way.changes == ("weak==1.1 instead of weak==1.0",)
    assert versions(follow(steer, way)) == {"top": "1.0", "weak": "1.1"}


def test_the_nearest_of_the_same_major_where_no_fix_is_named(steer: Steer) -> None:
    """2.0 might break what 1.2 does not."""
    steer.records = [bad("weak", "1.0", "1.1")]
    steer.offer("weak", "1.0", "1.1", "1.2", "1.3", "2.0")

    way = way_of(steer("weak==1.0"))

    assert way.command == "safe-pip install weak==1.2"
    assert isinstance(follow(steer, way), Approved)


# --------------------------------------------------------------------------- ranges and chains


def test_an_older_version_of_what_has_no_fix(steer: Steer) -> None:
    """Without a pin the resolver finds the newest that passes; --avoid makes the same choice."""
    steer.records = [bad("weak", "2.0", "3.0")]
    steer.offer("weak", "1.0", "2.0", "3.0")

    way = way_of(steer("weak"))

    assert way.pins == (("weak", "1.0"),)
    assert way.command == "safe-pip install weak --avoid"
    assert versions(follow(steer, way)) == {"weak": "1.0"}


def test_a_chain_is_followed_back(steer: Steer) -> None:
    """What brings a bad version in may have to step back itself."""
    steer.records = [bad("weak", "2.0")]
    steer.offer("app", "2.0", requires=["middle>=2"])
    steer.offer("app", "1.0", requires=["middle"])
    steer.offer("middle", "2.0", requires=["weak>=2"])
    steer.offer("middle", "1.0", requires=["weak"])
    steer.offer("weak", "1.0", "2.0")

    way = way_of(steer("app"))

    assert way.pins == (("app", "1.0"), ("middle", "1.0"), ("weak", "1.0"))
    assert versions(follow(steer, way)) == {"app": "1.0", "middle": "1.0", "weak": "1.0"}


def test_several_at_once(steer: Steer) -> None:
    """One way out for all that is blocked, pinned or not."""
    steer.records = [WEAK, bad("feeble", "2.0"), bad("frail", "1.0", identifier="PYSEC-2026-8")]
    steer.offer("weak", "1.0", "1.1")
    steer.offer("feeble", "1.0", "2.0")
    steer.offer("frail", "1.0", "1.1")

    verdict = steer("weak==1.0", "feeble", "frail==1.0")
    way = way_of(verdict)

    assert sorted(codes(verdict)) == ["vulnerability"] * 3
    assert way.pins == (("feeble", "1.0"), ("frail", "1.1"), ("weak", "1.1"))
    assert way.command == "safe-pip install weak==1.1 feeble frail==1.1 --avoid"
    assert isinstance(follow(steer, way), Approved)


def test_malware_is_stepped_around_by_pins(steer: Steer) -> None:
    """--avoid would run into it again, so that the versions themselves are named."""
    steer.offer("top", "1.0", requires=["evil"])
    steer.offer("evil", "1.0", "2.0")

    way = way_of(steer("top"))

    assert way.command == "safe-pip install top evil==1.0"
    assert versions(follow(steer, way)) == {"evil": "1.0", "top": "1.0"}


def test_pins_stand_where_the_names_were_typed(steer: Steer) -> None:
    """Each name once: a word that asks for it gets the version, with its extras."""
    steer.offer("weak", "1.0", "1.1")
    steer.offer("evil", "1.0", "2.0")

    way = way_of(steer("evil[more]", "weak==1.0"))

    assert way.command == "safe-pip install 'evil[more]==1.0' weak==1.1"
    assert versions(follow(steer, way)) == {"evil": "1.0", "weak": "1.1"}


def test_the_cooldown_holds_on_the_way_out(steer: Steer) -> None:
    """A fix that is an hour old is no way out: nobody has looked at it either."""
    steer.offer("weak", "1.0")
    steer.offer("weak", "1.1", upload_time=ago(hours=1))

    way = way_of(steer("weak"))

    assert way.none_because[0] == (
        "weak (asked for on the command line): 1.1 too-new (1 h old), 1.0 vulnerability (PYSEC-2026-1)"
    )


# --------------------------------------------------------------------------- what is installed, and what is given


def test_what_is_installed_may_be_the_way_out(steer: Steer, tmp_path: Path) -> None:
    """An upgrade to something bad: what is there and passes stays."""
    steer.records = [bad("weak", "2.0")]
    steer.offer("weak", "2.0")
    steer.installed = there(tmp_path, "weak", "1.0")

    way = way_of(steer("-U", "weak"))

    assert way.pins == (("weak", "1.0"),)
    assert way.command == "safe-pip install -U weak --avoid"
    assert follow(steer, way).plan.install == ()


def test_a_direct_reference(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """Nobody can choose another file than the one that was named."""
    path = index.add(wheel(tmp_path, "weak", "1.0"))

    way = way_of(steer(f"weak @ {index.file_url(path)}"))

    assert way.none_because == ("weak 1.0 is given by its URL, so that there is no other to choose",)


def test_an_index_that_fails_half_way(steer: Steer, index: FakeIndex) -> None:
    """The refusal stands, whatever becomes of the way out; it is told why there is none."""
    steer.offer("weak", "1.0", "1.1")
    index.override("/files/weak-1.1-py3-none-any.whl", Answer(b"", 403))

    way = way_of(steer("weak==1.0"))

    assert way.command == ""
    assert "weak-1.1-py3-none-any.whl cannot be fetched" in way.none_because[-1]


# --------------------------------------------------------------------------- bytes


def test_bad_bytes_on_the_way_out(steer: Steer, tmp_path: Path) -> None:
    """A candidate that looks well and is not, is found out, and another one taken."""
    steer.offer("lib", "1.0")
    wrong_name(steer, tmp_path, "2.0")
    wrong_name(steer, tmp_path, "3.0")

    way = way_of(steer("lib"))

    assert (way.pins, way.not_looked_at) == ((("lib", "1.0"),), ())
    assert way.command == "safe-pip install lib --avoid"
    assert versions(follow(steer, way)) == {"lib": "1.0"}


def test_a_large_file_is_not_looked_at(steer: Steer, index: FakeIndex) -> None:
    """A way out is not worth a gigabyte: it is told that nobody has seen those bytes."""
    index.sidecars = True
    steer.offer("weak", "1.0", "1.1")
    page = index.json_page("weak")
    page["files"][1]["size"] = 60_000_000
    index.override(
        index.page("weak"),
        Answer(json.dumps(page).encode(), 200, {"Content-Type": "application/vnd.pypi.simple.v1+json"}),
    )

    way = way_of(steer("weak==1.0"))

    assert (way.pins, way.not_looked_at) == ((("weak", "1.1"),), ("weak-1.1-py3-none-any.whl",))
    assert "/files/weak-1.1-py3-none-any.whl" not in index.paths()


def test_what_cannot_be_checked_is_no_way_out(steer: Steer) -> None:
    """Could not check is not clean: an advisory that nobody can compare with a version stands against that version."""
    steer.records = [WEAK, advisory("PYSEC-2026-4", "weak", events=[{"introduced": "one point one"}])]
    steer.offer("weak", "1.0", "1.1")

    way = way_of(steer("weak==1.0"))

    assert way.command == ""
    assert any(reason.startswith("PYSEC-2026-4 cannot be compared") for reason in way.none_because)


# --------------------------------------------------------------------------- no way, no time


def test_no_time(steer: Steer) -> None:
    """When the time is over it is over; the refusal stands, and says so."""
    steer.offer("weak", "1.0", "1.1")
    steer.over = lambda: True

    assert way_of(steer("weak==1.0")).none_because == (NO_TIME,)


def test_time_that_ends_half_way(steer: Steer) -> None:
    """It is asked for between the steps, so that no step more than one is taken too many."""
    steer.offer("weak", *(f"1.{number}" for number in range(5)))
    steer.records = [bad("weak", *(f"1.{number}" for number in range(5)))]
    left = [2]

    def over() -> bool:
        left[0] -= 1
        return left[0] < 0

    steer.over = over

    assert way_of(steer("weak==1.0")).none_because
    assert left[0] > -10


def test_an_answer_that_does_not_come(steer: Steer, index: FakeIndex) -> None:
    """The limit holds while somebody waits for a server as well: the refusal is told while the answer is still out."""
    steer.offer("weak", "1.0", "1.1")
    path = "/files/weak-1.1-py3-none-any.whl"
    steer.over = lambda: path in index.paths()

    with index.silent(path):
        assert way_of(steer("weak==1.0")).none_because == (NO_TIME,)


def test_time_that_ends_before_the_command_is_known(steer: Steer, index: FakeIndex) -> None:
    """A set that was resolved and passes is told, also where the command that leads to it could not be tried in time.

    Only the command with --avoid, which would run into the malware again, needs x 1.0.
    """
    steer.records = [EVIL, bad("weak", "2.0")]
    steer.offer("evil", "1.0")
    steer.offer("evil", "2.0", requires=["x!=2.0"])
    steer.offer("weak", "1.0", requires=["x<3"])
    steer.offer("weak", "2.0", requires=["x"])
    steer.offer("x", "1.0", "2.0", "3.0")
    path = "/files/x-1.0-py3-none-any.whl"
    steer.over = lambda: path in index.paths()

    with index.silent(path):
        way = way_of(steer("evil", "weak"))

    assert way.pins == (("evil", "1.0"), ("weak", "1.0"), ("x", "2.0"))
    assert (way.command, way.none_because) == ("", ())


def test_no_version_passes(steer: Steer) -> None:
    """The exact edge that makes it impossible, once."""
    steer.offer("top", "1.0", requires=["hopeless>1"])
    steer.offer("hopeless", "1.0", "2.0")
    steer.records = [bad("hopeless", "2.0")]

    way = way_of(steer("top"))

    assert way.none_because[0] == "hopeless>1 (asked for by top 1.0): 2.0 vulnerability (PYSEC-2026-7)"


def test_nothing_is_looked_for_where_nothing_is_refused(steer: Steer, index: FakeIndex) -> None:
    """A run in which all is well costs what it did."""
    steer.offer("fine", "1.0", "2.0")

    verdict = steer("fine")

    assert verdict.way_out is None
    assert len([path for path in index.paths() if "fine" in path]) <= 3


def test_a_level_below_block_needs_no_way_out(steer: Steer) -> None:
    """What is only told does not stand in the way of a way out either."""
    steer.offer("weak", "1.0", "1.1")

    verdict = steer("weak==1.0", settings=with_levels(vulnerability=Level.WARN))

    assert isinstance(verdict, Approved)
    assert verdict.way_out is None


@pytest.mark.parametrize("word", ["weak==1.0", "weak == 1.0", "Weak==1.0"])
def test_spellings(steer: Steer, word: str) -> None:
    """A name is told as it was written, and the word is found however it was."""
    steer.offer("weak", "1.0", "1.1")

    way = way_of(steer(word))

    assert versions(follow(steer, way)) == {"weak": "1.1"}
    assert word.partition("=")[0].strip() in way.command
