"""The way out through lines: pins, ranges, constraints and hashes, each change as small as it can be.

Each is done as it is told, to the letter, and must then pass.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from avoiding.conftest import WEAK, Steer, ago, bad, follow, versions, way_of, with_levels
from fakes import FakeIndex, sha256, wheel
from safe_pip.model import Approved, Level, LineEdit, Origin


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Where the requirements of a test stand."""
    return tmp_path / "requirements.txt"


# --------------------------------------------------------------------------- pins and ranges


def test_a_pin_in_a_file(steer: Steer, lines: Path) -> None:
    """The line that has to change is named; extras and marker stay, and the command is the one that was typed."""
    lines.write_text("# ours\nweak[extra]==1.0 ; python_version > '3'\n")
    steer.offer("weak", "1.0", "1.1")

    way = way_of(steer("-r", str(lines)))

    after = 'weak[extra]==1.1 ; python_version > "3"'
    before = "weak[extra]==1.0 ; python_version > '3'"
    assert way.changes == (f"{lines}, line 2: {after} instead of {before}",)
    assert (way.command, way.edits) == (
        f"safe-pip install -r {lines}",
        (LineEdit(Origin(str(lines), 2), before, after),),
    )
    assert versions(follow(steer, way)) == {"weak": "1.1"}
    assert lines.read_text() == f"# ours\n{after}\n"


@pytest.mark.parametrize(
    ("before", "after", "version"),
    [
        ("weak<1.1", "weak>=1.1,<1.2", "1.1"),
        ("weak>=0.9,<1.1,!=1.1.1", "weak>=1.1,<1.2,!=1.1.1", "1.1"),
        ("weak<=1.0", "weak>=1.1,<=1.1", "1.1"),
        ("weak==1.0.*", "weak>=1.1,==1.1.*", "1.1"),
        ("weak~=1.0.0", "weak~=1.1.0", "1.1"),
        ("weak===1.0", "weak===1.1", "1.1"),
        ("weak[more]<1.1", "weak[more]>=1.1,<1.2", "1.1"),
        ("weak<1.1,!=1.1", "weak>=1.2,<1.3,!=1.1", "1.2"),
    ],
)
def test_a_range_goes_no_further_than_it_has_to(
    steer: Steer, lines: Path, before: str, after: str, version: str
) -> None:
    """What the user wished stays: the width, the other bounds, the versions that are ruled out."""
    lines.write_text(f"{before}\n")
    steer.offer("weak", "1.0", "1.1", "1.2", "2.0")

    way = way_of(steer("-r", str(lines)))

    assert way.changes == (f"{lines}, line 1: {after} instead of {before}",)
    assert versions(follow(steer, way)) == {"weak": version}


def test_a_range_that_was_typed(steer: Steer) -> None:
    """The word itself changes, quoted so that a shell does not take it for a redirection."""
    steer.offer("weak", "1.0", "1.1", "2.0")

    way = way_of(steer("weak<1.1"))

    assert way.command == "safe-pip install 'weak>=1.1,<1.2'"
    assert (way.changes, way.edits) == (("weak>=1.1,<1.2 instead of weak<1.1",), ())
    assert versions(follow(steer, way)) == {"weak": "1.1"}


def test_a_word_that_an_option_has_as_well(steer: Steer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two like words asks for a package cannot be told; a wrong command is worse than none."""
    monkeypatch.chdir(tmp_path)
    steer.offer("weak", "1.0", "1.1")

    way = way_of(steer("--target", "weak==1.0", "weak==1.0"))

    assert way.command == ""
    assert way.changes == ("weak==1.1 instead of weak==1.0",)


def test_a_pin_in_a_constraint(steer: Steer, tmp_path: Path) -> None:
    """The same for constraints, which pin what others bring in."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("weak==1.0\n")
    steer.offer("weak", "1.0", "1.1")
    steer.offer("top", "1.0", requires=["weak"])

    way = way_of(steer("top", "-c", str(constraints)))

    assert way.changes == (f"{constraints}, line 1: weak==1.1 instead of weak==1.0",)
    assert versions(follow(steer, way)) == {"top": "1.0", "weak": "1.1"}


def test_several_lines_for_one_package(steer: Steer, lines: Path, tmp_path: Path) -> None:
    """Those that stand in the way change together, and the others stay as they are."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("weak<1.1\n")
    lines.write_text("weak>=0.5\nweak==1.0\nweak<2\nweak==0.1 ; python_version < '3'\n")
    steer.offer("weak", "1.0", "1.1")

    way = way_of(steer("-r", str(lines), "-c", str(constraints)))

    assert [(edit.origin, edit.after) for edit in way.edits] == [
        (Origin(str(lines), 2), "weak==1.1"),
        (Origin(str(constraints), 1), "weak>=1.1,<1.2"),
    ]
    assert versions(follow(steer, way)) == {"weak": "1.1"}


def test_back_to_an_older_version_last(steer: Steer, lines: Path) -> None:
    """Where nothing newer passes a range may have to go down; what is above it has just been found to be bad."""
    steer.records = [bad("weak", "2.0", "2.1", "3.0")]
    lines.write_text("weak>=2\n")
    steer.offer("weak", "1.0", "1.5", "2.0", "2.1", "3.0")

    way = way_of(steer("-r", str(lines)))

    assert way.changes == (f"{lines}, line 1: weak>=1.5,<2 instead of weak>=2",)
    assert versions(follow(steer, way)) == {"weak": "1.5"}


def test_what_is_ruled_out_stays_so(steer: Steer, lines: Path) -> None:
    """A version that somebody has ruled out by name is none that is proposed, not even as the last one there is."""
    lines.write_text("weak==1.0\nweak!=0.9\n")
    steer.records = [bad("weak", "1.0")]
    steer.offer("weak", "0.8", "0.9", "1.0")

    way = way_of(steer("-r", str(lines)))

    assert [edit.after for edit in way.edits] == ["weak==0.8"]
    assert versions(follow(steer, way)) == {"weak": "0.8"}


# --------------------------------------------------------------------------- other lines


def test_what_stands_in_the_way_changes_too(steer: Steer) -> None:
    """A pin of something else is somebody's wish, and changes only where nothing passes with it."""
    steer.offer("other", "1.0", requires=["weak<1.1"])
    steer.offer("other", "1.1", "2.0", requires=["weak"])
    steer.offer("weak", "1.0", "1.1")

    way = way_of(steer("other==1.0"))

    assert way.command == "safe-pip install other==1.1"
    assert isinstance(follow(steer, way), Approved)


def test_as_few_lines_as_will_do(steer: Steer, lines: Path) -> None:
    """In a file where everything is pinned, only what the fix needs moves with it, and to the same major version."""
    lines.write_text("app==1.0\nneeded==1.0\nweak==1.0\nother==1.0\n")
    steer.offer("app", "1.0", "1.1", requires=["weak", "needed"])
    steer.offer("other", "1.0", "1.1")
    steer.offer("weak", "1.0", requires=["needed"])
    steer.offer("weak", "1.1", requires=["needed>=1.1"])
    steer.offer("needed", "1.0", "1.1", "2.0")

    way = way_of(steer("-r", str(lines)))

    assert [edit.after for edit in way.edits] == ["needed==1.1", "weak==1.1"]
    assert versions(follow(steer, way)) == {"app": "1.0", "needed": "1.1", "weak": "1.1", "other": "1.0"}


def test_newer_with_others_before_older_alone(steer: Steer, lines: Path) -> None:
    """The fix is what is wanted: an old version is the way out where no newer one passes at all."""
    steer.records = [bad("weak", "1.0")]
    lines.write_text("needed==1.0\nweak==1.0\n")
    steer.offer("weak", "0.9", "1.0")
    steer.offer("weak", "1.1", requires=["needed>=2"])
    steer.offer("needed", "1.0", "2.0")

    way = way_of(steer("-r", str(lines)))

    assert [edit.after for edit in way.edits] == ["needed==2.0", "weak==1.1"]
    assert isinstance(follow(steer, way), Approved)


def test_one_that_has_no_fix_does_not_move_the_others(steer: Steer, lines: Path) -> None:
    """Each package goes as far as it has to by itself: one goes back, and the other to its fix."""
    steer.records = [WEAK, bad("hopeless", "2.0", "3.0")]
    lines.write_text("hopeless==2.0\nweak==1.0\n")
    steer.offer("weak", "0.9", "1.0", "1.1", "1.2")
    steer.offer("hopeless", "1.0", "2.0", "3.0")

    way = way_of(steer("-r", str(lines)))

    assert [edit.after for edit in way.edits] == ["hopeless==1.0", "weak==1.1"]
    assert isinstance(follow(steer, way), Approved)


def test_one_goes_up_and_what_it_needs_goes_down(steer: Steer, lines: Path) -> None:
    """Before it is said that there is no way out, every version of everything in the way has been considered."""
    steer.records = [bad("weak", "2.0"), bad("needed", "2.0", "3.0", identifier="PYSEC-2026-8")]
    lines.write_text("weak==2.0\nneeded==2.0\nother==2.0\n")
    steer.offer("weak", "2.0", requires=["needed"])
    steer.offer("weak", "3.0", requires=["needed<3", "other<2"])
    steer.offer("needed", "0.9", "1.0", "2.0", "3.0")
    steer.offer("other", "1.0", "2.0")

    way = way_of(steer("-r", str(lines)))

    assert [edit.after for edit in way.edits] == ["weak==3.0", "needed==1.0", "other==1.0"]
    assert isinstance(follow(steer, way), Approved)


# --------------------------------------------------------------------------- hashes


def offered(steer: Steer, index: FakeIndex, name: str, version: str, tag: str = "py3-none-any", **more: str) -> str:
    """Put a wheel on the index; its sha256."""
    requires = [more["requires"]] if "requires" in more else []
    path = wheel(steer.folder / "wheels", name, version, tag=tag, requires=requires)
    index.add(path, upload_time=more.get("upload_time", ago(days=100)))
    return sha256(path)


def test_a_pin_with_a_hash(steer: Steer, index: FakeIndex, lines: Path) -> None:
    """The new line has the hashes of every file of the new version, also of those for other platforms."""
    old = offered(steer, index, "weak", "1.0")
    new = [offered(steer, index, "weak", "1.1", tag) for tag in ("py3-none-any", "cp312-cp312-win_amd64")]
    lines.write_text(f"# locked\nweak==1.0 \\\n    --hash=sha256:{old}\n# the end\n")

    way = way_of(steer("-r", str(lines)))

    (edit,) = way.edits
    assert edit == LineEdit(Origin(str(lines), 2), "weak==1.0", "weak==1.1", tuple(f"sha256:{h}" for h in sorted(new)))
    assert way.changes == (f"{lines}, line 2: weak==1.1 with 2 hashes instead of weak==1.0",)
    assert versions(follow(steer, way)) == {"weak": "1.1"}
    first, second = sorted(new)
    assert lines.read_text() == (
        f"# locked\nweak==1.1 \\\n    --hash=sha256:{first} \\\n    --hash=sha256:{second}\n# the end\n"
    )


def test_no_hash_of_a_file_that_is_avoided(steer: Steer, index: FakeIndex, lines: Path) -> None:
    """A file that somebody has put beside an old release an hour ago is not let in by the advice to let it in."""
    old, new = offered(steer, index, "weak", "1.0"), offered(steer, index, "weak", "1.1")
    late = offered(steer, index, "weak", "1.1", "cp312-cp312-win_amd64", upload_time=ago(hours=1))
    lines.write_text(f"weak==1.0 --hash=sha256:{old}\n")

    (edit,) = way_of(steer("-r", str(lines))).edits

    assert edit.hashes == (f"sha256:{new}",)
    assert late not in repr(edit)


def test_no_hash_of_another_index(steer: Steer, index: FakeIndex, lines: Path) -> None:
    """What a second index has under the same name and version is another file, which nobody has chosen."""
    old, new = offered(steer, index, "weak", "1.0"), offered(steer, index, "weak", "1.1")
    with FakeIndex(json=True) as second:
        path = wheel(steer.folder / "second", "weak", "1.1", tag="cp312-cp312-win_amd64")
        second.add(path, upload_time=ago(days=100))
        lines.write_text(f"weak==1.0 --hash=sha256:{old}\n")
        settings = with_levels(index_confusion=Level.ALLOW)

        (edit,) = way_of(steer("-r", str(lines), "--extra-index-url", second.url, settings=settings)).edits

    assert edit.hashes == (f"sha256:{new}",)


def test_all_hashes_move_together(steer: Steer, index: FakeIndex, lines: Path) -> None:
    """What the fix needs, changed or new, comes with hashes of its own; the rest of the file is left alone."""
    texts = {name: offered(steer, index, name, "1.0") for name in ("app", "needed", "weak")}
    needed = offered(steer, index, "needed", "1.1")
    more = offered(steer, index, "more", "3.0")
    offered(steer, index, "weak", "1.1", requires="needed>=1.1")
    index.projects["weak"].pop()
    path = wheel(steer.folder / "w", "weak", "1.1", requires=["needed>=1.1", "more"])
    index.add(path, upload_time=ago(days=100))
    lines.write_text("\n".join(f"{name}==1.0 --hash=sha256:{digest}" for name, digest in texts.items()) + "\n")

    way = way_of(steer("-r", str(lines)))

    assert [(edit.origin.line, edit.before, edit.after, edit.hashes) for edit in way.edits] == [
        (2, "needed==1.0", "needed==1.1", (f"sha256:{needed}",)),
        (3, "weak==1.0", "weak==1.1", (f"sha256:{sha256(path)}",)),
        (None, "", "more==3.0", (f"sha256:{more}",)),
    ]
    assert way.changes[-1] == f"{lines}: more==3.0 with a hash as a new line"
    assert versions(follow(steer, way)) == {"app": "1.0", "more": "3.0", "needed": "1.1", "weak": "1.1"}


def test_hashes_that_the_policy_asks_for(steer: Steer, index: FakeIndex, lines: Path) -> None:
    """Where a file without a hash blocks, the way out must not be thought to be one."""
    old, new = offered(steer, index, "weak", "1.0"), offered(steer, index, "weak", "1.1")
    lines.write_text(f"weak==1.0 --hash=sha256:{old}\n")
    settings = with_levels(hash_missing=Level.BLOCK)

    way = way_of(steer("-r", str(lines), settings=settings))

    assert [edit.hashes for edit in way.edits] == [(f"sha256:{new}",)]
    assert isinstance(follow(steer, way, settings), Approved)


def test_an_index_without_hashes(steer: Steer, index: FakeIndex, lines: Path) -> None:
    """A line with a hash cannot be written where nobody states one, and that is said."""
    old = offered(steer, index, "weak", "1.0")
    offered(steer, index, "weak", "1.1")
    index.projects["weak"][1] = replace(index.projects["weak"][1], hashes={})
    lines.write_text(f"weak==1.0 --hash=sha256:{old}\n")

    way = way_of(steer("-r", str(lines)))

    assert (way.command, way.edits) == ("", ())
    assert "no index gives a sha256 of weak-1.1-py3-none-any.whl, which a line with hashes needs" in way.none_because


def test_a_new_line_among_constraints(steer: Steer, index: FakeIndex, tmp_path: Path) -> None:
    """Where only constraints have hashes, what is new goes there, and not into a file that nobody has named."""
    constraints = tmp_path / "constraints.txt"
    old = offered(steer, index, "weak", "1.0")
    new = offered(steer, index, "weak", "1.1", requires="more")
    more = offered(steer, index, "more", "3.0")
    constraints.write_text(f"weak==1.0 --hash=sha256:{old}\n")

    way = way_of(steer("weak", "-c", str(constraints)))

    assert [(edit.origin, edit.hashes) for edit in way.edits] == [
        (Origin(str(constraints), 1), (f"sha256:{new}",)),
        (Origin(str(constraints)), (f"sha256:{more}",)),
    ]
    assert versions(follow(steer, way)) == {"more": "3.0", "weak": "1.1"}
