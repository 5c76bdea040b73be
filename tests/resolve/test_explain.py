"""Why no set of versions will do, in words that a person can act on: who wants what, and what there is."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from fakes import Answer, FakeIndex, metadata_text, sdist, wheel
from resolve.conftest import Ask
from safe_pip.errors import ResolutionError

PYTHON = ".".join(map(str, sys.version_info[:3]))
LOOSEN = "Loosen one of them, or leave out a version pin and let the resolver choose."


def failure(ask: Ask, *arguments: str) -> ResolutionError:
    """How resolving fails."""
    with pytest.raises(ResolutionError) as raised:
        ask(*arguments)
    return raised.value


def told(error: ResolutionError) -> tuple[str, list[str], str]:
    """All that a person is told."""
    return error.message, list(error.details), error.hint


def offer(index: FakeIndex, folder: Path, *what: str, requires: Iterable[str] = (), **more: object) -> None:
    """Offer wheels, each given as name and version."""
    for text in what:
        name, version = text.split()
        index.add(wheel(folder, name, version, requires=requires, **more))  # type: ignore[arg-type]


# --------------------------------------------------------------------------- who wants what


def test_two_packages_want_different_versions(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Both wishes with their wishers, and the versions that there are."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0", "lib 3.0")
    offer(index, tmp_path, "left 1.0", requires=["lib<2"])
    offer(index, tmp_path, "right 1.0", requires=["lib>=2"])

    assert told(failure(ask, "left", "right")) == (
        "These wishes for lib cannot all be met.",
        [
            "left 1.0 requires lib<2 (left was asked for on the command line)",
            "right 1.0 requires lib>=2 (right was asked for on the command line)",
            "lib can be had here in 3.0, 2.0, 1.0",
        ],
        "Ask for another version of left or right, or leave out what you need less.",
    )


def test_the_user_and_a_package(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What was asked for is said with its place: it is what can be changed."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")
    offer(index, tmp_path, "app 1.0", requires=["lib<2"])
    (tmp_path / "r.txt").write_text("app\n\nlib >= 2  # because\n")

    assert failure(ask, "-r", str(tmp_path / "r.txt")).details[:2] == (
        f"you asked for lib>=2 in {tmp_path / 'r.txt'}, line 3",
        f"app 1.0 requires lib<2 (app was asked for in {tmp_path / 'r.txt'}, line 1)",
    )


def test_the_user_asks_for_two_things(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A pin on the command line and one in a file."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")
    (tmp_path / "r.txt").write_text("lib==2.0\n")

    assert failure(ask, "lib==1.0", "-r", str(tmp_path / "r.txt")).details[:2] == (
        "you asked for lib==1.0 on the command line",
        f"you asked for lib==2.0 in {tmp_path / 'r.txt'}, line 1",
    )


def test_a_constraint_takes_part(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A constraint is not a wish of its own, but it must not stay hidden."""
    offer(index, tmp_path, "lib 1.0", "lib 3.0")
    offer(index, tmp_path, "app 1.0", requires=["lib>=2"])
    (tmp_path / "c.txt").write_text("other\nlib<3\nLIB>1\n")

    assert told(failure(ask, "app", "-c", str(tmp_path / "c.txt"))) == (
        "These wishes for lib cannot all be met.",
        [
            "app 1.0 requires lib>=2 (app was asked for on the command line)",
            f"lib<3 is a constraint ({tmp_path / 'c.txt'}, line 2)",
            f"LIB>1 is a constraint ({tmp_path / 'c.txt'}, line 3)",
            "lib can be had here in 3.0, 1.0",
        ],
        f"Without the constraint lib<3 in {tmp_path / 'c.txt'}, line 2, lib 3.0 would meet the rest of these.",
    )


def test_an_extra_wants_something(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The wisher is the package with its extra; without it there would be no conflict."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")
    offer(index, tmp_path, "app 1.0", requires=["lib<2; extra == 'old'"], extras=["old"])

    assert failure(ask, "app[old]", "lib==2.0").details[:2] == (
        "you asked for lib==2.0 on the command line",
        "app[old] 1.0 requires lib<2 (app was asked for on the command line)",
    )


def test_a_direct_reference_takes_part(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What was given as a path has one version, and others on the index are of no use."""
    offer(index, tmp_path, "lib 2.0")
    offer(index, tmp_path, "app 1.0", requires=["lib>=2"])
    path = wheel(tmp_path / "mine", "lib", "1.0")

    error = failure(ask, str(path), "app")

    assert told(error) == (
        "These wishes for lib cannot all be met.",
        [
            "you asked for lib 1.0 on the command line",
            "app 1.0 requires lib>=2 (app was asked for on the command line)",
        ],
        "Ask for another version of app, or leave out what you need less.",
    )


def test_an_index_is_not_asked_for_what_was_given_as_a_path(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The name of something private must not be told to an index only to explain a conflict."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")
    wheels = [wheel(tmp_path / "mine" / version, "secret", version, requires=["lib"]) for version in ("1.0", "2.0")]

    error = failure(ask, *map(str, wheels))

    assert "secret" in error.message
    assert index.page("secret") not in index.paths()


def test_a_constraint_by_url_takes_part(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Its file is the only one that may be taken: what an index has or lacks is not the reason."""
    path = wheel(tmp_path, "lib", "1.0", tag="cp27-cp27m-win32")
    (tmp_path / "c.txt").write_text(f"lib @ {path.as_uri()}\n")

    assert told(failure(ask, "lib", "-c", str(tmp_path / "c.txt"))) == (
        "These wishes for lib cannot all be met.",
        [
            "you asked for lib on the command line",
            f"lib @ {path.as_uri()} is a constraint ({tmp_path / 'c.txt'}, line 1)",
        ],
        LOOSEN,
    )


def test_a_file_that_is_another_projects_takes_part(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What was given by URL cannot be used: so much is said here, and the findings say why."""
    path = index.add(wheel(tmp_path, "evil", "1.0"))

    assert told(failure(ask, f"lib @ {index.file_url(path)}"))[:2] == (
        "These wishes for lib cannot all be met.",
        ["you asked for lib (its file cannot be used) on the command line"],
    )


def test_a_password_in_a_url_is_not_told(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Explanations end up in logs."""
    path = wheel(tmp_path, "lib", "1.0")
    index.add(path)
    (tmp_path / "c.txt").write_text(f"lib @ http://me:secret@{index.file_url(path).removeprefix('http://')}\n")

    error = failure(ask, "lib>=2", "-c", str(tmp_path / "c.txt"))

    assert any(line.startswith("lib @ http://****@") for line in error.details)
    assert "secret" not in " ".join([error.message, *error.details, error.hint])


def test_wishes_for_several_packages(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Where each candidate fails for another reason, all of them are told."""
    offer(index, tmp_path, "a 1.0", "a 2.0", "b 1.0", "b 2.0")
    offer(index, tmp_path, "app 2.0", requires=["a<2"])
    offer(index, tmp_path, "app 1.0", requires=["b<2"])

    error = failure(ask, "app", "a==2.0", "b==2.0")

    assert error.message in (
        "These wishes for a and b cannot all be met.",
        "These wishes for b and a cannot all be met.",
    )
    assert {line.partition(" (")[0] for line in error.details} > {"app 2.0 requires a<2", "app 1.0 requires b<2"}
    assert {"a can be had here in 2.0, 1.0", "b can be had here in 2.0, 1.0"} < set(error.details)


# --------------------------------------------------------------------------- nothing there


def test_a_name_that_nobody_knows(ask: Ask, index: FakeIndex) -> None:
    """Most likely a slip of the keys."""
    assert told(failure(ask, "nobody")) == (
        "No configured index knows a package named nobody (asked for on the command line).",
        [],
        "Check the spelling of the name, and --index-url and --find-links.",
    )


def test_a_requirements_file_without_its_option(
    ask: Ask, index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commonest slip: pip takes the file's name for that of a package, and so the answer says what was meant."""
    monkeypatch.chdir(tmp_path)
    Path("requirements.txt").write_text("lib\n")

    message, _, hint = told(failure(ask, "requirements.txt"))

    assert message.startswith("No configured index knows a package named requirements-txt")
    assert hint == "There is a file of that name: to install what it asks for, write -r requirements.txt."


def test_a_name_that_nobody_knows_in_a_dependency(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Then the one to blame is named."""
    offer(index, tmp_path, "app 1.0", requires=["nobody>=1"])

    error = failure(ask, "app")

    assert error.message == (
        "No configured index knows a package named nobody (app 1.0 requires it; app was asked for on the command line)."
    )
    assert error.hint == "Ask for another version of app, or add the index that has nobody."


def test_a_name_that_nobody_knows_under_a_constraint(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The constraint is not what stands in the way: loosening it would not help."""
    (tmp_path / "c.txt").write_text("nobody<2\n")

    assert failure(ask, "nobody", "-c", str(tmp_path / "c.txt")).message == (
        "No configured index knows a package named nobody (asked for on the command line)."
    )


def test_a_name_on_a_page_that_cannot_be_read(ask: Ask, index: FakeIndex) -> None:
    """An index that did not answer may know it: nothing else may be claimed."""
    index.override(index.page("nobody"), Answer(b"", 403))

    error = failure(ask, "nobody")

    assert error.message == (
        "No configured index that could be read knows a package named nobody (asked for on the command line)."
    )
    assert [item.code for item in error.unchecked] == ["unreadable-page"]


def test_no_index_at_all(ask: Ask) -> None:
    """With --no-index and no folder there is nowhere to look."""
    assert failure(ask, "--no-index", "lib").message == (
        "No index is configured that could know a package named lib (asked for on the command line)."
    )


# --------------------------------------------------------------------------- versions that will not do


def test_no_version_is_high_enough(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The versions that there are, the newest first by number, not by letter."""
    offer(index, tmp_path, "lib 1.9", "lib 1.10", "lib 1.2")

    assert told(failure(ask, "lib>=2")) == (
        "No version of lib satisfies lib>=2 here (asked for on the command line).",
        ["lib can be had here in 1.10, 1.9, 1.2"],
        "Ask for lib==1.10, the newest that can be had here.",
    )


def test_many_versions_are_counted(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A hundred of them would bury the rest."""
    offer(index, tmp_path, *(f"lib 1.{number}" for number in range(11)))

    assert failure(ask, "lib>=2").details == ("lib can be had here in 1.10 to 1.0 (11 versions)",)


def test_a_dependency_wants_what_is_not_there(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The wisher is named beside the wish."""
    offer(index, tmp_path, "lib 1.0")
    offer(index, tmp_path, "app 1.0", requires=["lib>=2"])

    error = failure(ask, "app")

    assert error.message == (
        "No version of lib satisfies lib>=2 here (app 1.0 requires it; app was asked for on the command line)."
    )
    assert error.hint == "Ask for another version of app."


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            ["lib-2.0-cp27-cp27m-win32.whl"],
            "lib 2.0: its wheels are for another platform (win32)",
        ),
        (
            ["lib-2.10-cp27-none-any.whl", "lib-2.0-cp27-none-any.whl", "lib-2.0-cp26-none-any.whl"],
            "lib 2.10, 2.0: its wheels are for another Python (cp27, cp26)",
        ),
        (["lib-2.0-py2.7.tar.gz"], "lib 2.0: the archive is for Python 2.7"),
        (["lib-2004d.tar.gz"], "lib 2004d: its number is not one of PEP 440"),
        (["lib-2004d.tar.gz", "lib-2004e.zip"], "lib 2004e, 2004d: its number is not one of PEP 440"),
    ],
)
def test_why_a_version_cannot_be_used(files: list[str], line: str, ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """It is offered, and yet of no use here: which version, and why."""
    for name in files:
        index.add(_empty(tmp_path / name), project="lib", hashes={}, sidecar=b"")

    error = failure(ask, "lib")

    assert error.message == "No version of lib satisfies lib here (asked for on the command line)."
    assert error.details == (line,)


def test_a_file_name_that_is_none(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Said in the words of whoever read it."""
    index.add(_empty(tmp_path / "lib-2.0-x-py3-none-any.whl"), project="lib", hashes={}, sidecar=b"")

    (line,) = failure(ask, "lib").details

    assert line.startswith("lib 2.0: Invalid build number")


def _empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def test_many_versions_that_cannot_be_used_are_counted(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The newest are what most people want to know of."""
    for number in range(11):
        index.add(_empty(tmp_path / f"lib-1.{number}-cp27-none-any.whl"), project="lib", hashes={}, sidecar=b"")

    assert failure(ask, "lib").details == ("lib 1.10 to 1.0 (11 versions): its wheels are for another Python (cp27)",)


def test_a_version_that_can_be_used_in_another_file_is_not_blamed(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A wheel for another platform beside one that fits is no news."""
    offer(index, tmp_path, "lib 1.0")
    index.add(_empty(tmp_path / "lib-1.0-cp27-cp27m-win32.whl"), project="lib", hashes={}, sidecar=b"")

    assert failure(ask, "lib>=2").details == ("lib can be had here in 1.0",)


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        (
            "--only-binary",
            [
                "lib can be had here in 1.0",
                "lib 2.0: its source archives are ruled out by --only-binary",
            ],
        ),
        (
            "--no-binary",
            [
                "lib can be had here in 2.0",
                "lib 1.0: its wheels are ruled out by --no-binary",
            ],
        ),
    ],
)
def test_what_an_option_rules_out(option: str, lines: list[str], ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The option is named: it is what can be changed."""
    offer(index, tmp_path, "lib 1.0")
    index.add(sdist(tmp_path, "lib", "2.0"))

    assert list(failure(ask, option, "lib", "lib>=3").details) == lines


def test_what_the_page_says_of_python(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Which Python a version wants, in its own words."""
    index.add(wheel(tmp_path, "lib", "1.0"), requires_python="<3")

    assert failure(ask, "lib").details == ("lib 1.0: requires Python <3",)


@pytest.mark.parametrize(
    ("yanked", "line"),
    [
        (["1.0"], "lib 1.0 is yanked, and taken only where pinned with =="),
        (["1.9", "1.10"], "lib 1.10, 1.9 are yanked, and taken only where pinned with =="),
    ],
)
def test_yanked_versions(yanked: list[str], line: str, ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """They are there and not taken: how they could be is said."""
    for version in yanked:
        index.add(wheel(tmp_path, "lib", version), yanked="broken")

    error = failure(ask, "lib")

    assert error.details == (line,)
    assert [item.version for item in ask(f"lib=={yanked[0]}").install] == [yanked[0]]


def test_versions_that_were_passed_over(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Files that lie or cannot be parsed are no candidates: which, and why; and they are not said to be to be had."""
    index.add(wheel(tmp_path, "lib", "3.0", metadata_version="3.1"))
    index.add(wheel(tmp_path, "lib", "2.0", metadata=metadata_text("lib", "2.0", ["one (unclosed"])))

    error = failure(ask, "lib")

    assert error.details[0] == "lib 3.0 was passed over: lib-3.0-py3-none-any.whl says Version 3.1"
    assert error.details[1].startswith(
        "lib 2.0 was passed over: lib-2.0-py3-none-any.whl has invalid metadata: Requires-Dist: "
    )
    assert len(error.details) == 2
    assert error.plan is not None
    assert [item.version for item in error.plan.passed_over] == ["3.0", "2.0"]


def test_an_unknown_extra_is_not_what_rules_a_version_out(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """It is noted, and pip goes on without it; to call the version passed over would be false."""
    offer(index, tmp_path, "lib 1.0")
    offer(index, tmp_path, "app 1.0", requires=["lib>=2"])

    error = failure(ask, "lib[nothing]", "app")

    assert not any("passed over" in line for line in error.details)
    assert "lib can be had here in 1.0" in error.details


def test_the_chain_to_who_wants_it(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Who asked for app has never heard of deep: the way from one to the other, and the line to change."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")
    offer(index, tmp_path, "deep 1.0", requires=["lib<2"])
    offer(index, tmp_path, "mid 1.0", requires=["deep"])
    offer(index, tmp_path, "app 1.0", requires=["mid"])
    (tmp_path / "r.txt").write_text("app\n")

    error = failure(ask, "-r", str(tmp_path / "r.txt"), "lib>=2")

    why = f"deep is needed by mid, that by app, asked for in {tmp_path / 'r.txt'}, line 1"
    assert f"deep 1.0 requires lib<2 ({why})" in error.details
    assert error.hint == "Without lib>=2 on the command line, lib 1.0 would meet the rest of these."


def test_a_long_chain_is_cut(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Its two ends are what can be acted on."""
    for number in range(9):
        offer(index, tmp_path, f"p{number} 1.0", requires=[f"p{number + 1}"])
    offer(index, tmp_path, "p9 1.0", requires=["nobody"])

    message = failure(ask, "p0").message

    assert "p9 is needed by p8, that by p7, that by others, that by p0, asked for on the command line" in message


def test_either_of_two_wishes_may_go(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What would be had is a version that there is, and that the wishes which stay really admit."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")

    assert failure(ask, "lib==1.0", "lib==2.0").hint == (
        "Without lib==1.0 on the command line, lib 2.0 would meet the rest of these; or "
        "without lib==2.0 on the command line, lib 1.0 would meet the rest of these."
    )


def test_nothing_is_promised_that_is_not_there(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Whichever of the three wishes goes, the other two still find nothing."""
    offer(index, tmp_path, "lib 1.0", "lib 4.0")
    (tmp_path / "c.txt").write_text("lib<2\nlib>=3\n")

    assert failure(ask, "lib==9", "-c", str(tmp_path / "c.txt")).hint == LOOSEN


def test_neighbours_are_told_as_a_span(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Only versions with nothing of another kind between them: a span must not claim what is not in it."""
    offer(index, tmp_path, *(f"lib 1.{number}" for number in range(10)), "lib 3.0")
    index.add(wheel(tmp_path, "lib", "1.4.5"), requires_python="<3")
    index.add(wheel(tmp_path, "lib", "2.0"), requires_python=">=9")

    assert failure(ask, "lib>=4").details == (
        "lib can be had here in 3.0, 1.9 to 1.5 (5 versions), 1.4 to 1.0 (5 versions)",
        "lib 2.0: requires Python >=9",
        "lib 1.4.5: requires Python <3",
    )


def test_scattered_versions_are_counted(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A hundred spans would bury the rest as well."""
    for number in range(12):
        offer(index, tmp_path, f"lib 1.{number}")
        index.add(wheel(tmp_path, "lib", f"1.{number}.5"), yanked="odd")

    assert failure(ask, "lib>=2").details[0] == (
        "lib can be had here in 1.11, 1.10, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4 and 4 more"
    )


def test_many_reasons_are_cut(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The newest five reasons, and how many versions there are besides."""
    for number in range(8):
        index.add(wheel(tmp_path, "lib", f"{number}.0"), requires_python=f">={number + 10}")

    details = failure(ask, "lib").details

    assert details[0] == "lib 7.0: requires Python >=17"
    assert details[-1] == "lib 2.0, 1.0, 0.0: of no use here for other such reasons"
    assert len(details) == 6


def test_several_reasons_for_one_version(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Its wheels fit nobody here, and its source archive may not be taken: both are in the way."""
    index.add(sdist(tmp_path, "lib", "1.0"))
    for tag in ("cp38-cp38-win32", "cp39-cp39-win32", "cp39-cp39-win_amd64"):
        index.add(wheel(tmp_path, "lib", "1.0", tag=tag))

    error = failure(ask, "--only-binary", "lib", "lib")

    (line,) = error.details
    assert line == (
        "lib 1.0: its source archives are ruled out by --only-binary, "
        "and its wheels are for another platform (win_amd64, win32)"
    )
    assert error.hint == "Without --only-binary for it, lib 1.0 could be chosen."


def test_only_what_was_wished_for_is_explained(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Why a version of ten years ago is of no use is not what anybody wants to know who asks for the newest."""
    offer(index, tmp_path, "lib 1.0", "lib 0.2rc1")
    index.add(wheel(tmp_path, "lib", "0.1"), requires_python="<3")
    index.add(wheel(tmp_path, "lib", "0.3"), yanked="odd")
    index.add(wheel(tmp_path, "lib", "2.0"), requires_python=">=9")

    assert failure(ask, "lib>=2").details == ("lib can be had here in 1.0", "lib 2.0: requires Python >=9")


def test_in_a_conflict_only_what_would_settle_it(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A version that all wishes admit and this Python does not is the reason; a pre-release between others is none."""
    offer(index, tmp_path, "lib 1.0", "lib 1.5rc1", "lib 3.0")
    index.add(wheel(tmp_path, "lib", "2.0"), requires_python=">=9")
    offer(index, tmp_path, "app 1.0", requires=["lib>=2"])

    error = failure(ask, "app", "lib<3")

    assert error.details[2:] == ("lib can be had here in 3.0, 1.0", "lib 2.0: requires Python >=9")


# --------------------------------------------------------------------------- the nearest thing that would work


def test_a_newer_version_for_a_newer_python(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The commonest reason today: both ways out, each with its version."""
    offer(index, tmp_path, "lib 1.0", "lib 1.1")
    index.add(wheel(tmp_path, "lib", "2.0"), requires_python=">=9")

    assert failure(ask, "lib>=2").hint == (
        f"Ask for lib==1.1, the newest for Python {PYTHON}; or install lib 2.0 into a Python >=9, with --python PATH."
    )
    assert [item.version for item in ask("lib==1.1").install] == ["1.1"]


def test_nothing_but_other_platforms(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """There is nothing to ask for instead, but another interpreter may do."""
    index.add(wheel(tmp_path, "lib", "1.0", tag="py3-none-win_amd64"))

    assert failure(ask, "lib").hint == "Install into another interpreter with --python PATH."


def test_nothing_but_files_that_lie(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Another interpreter would not help against metadata that cannot be right."""
    index.add(wheel(tmp_path, "lib", "1.0", metadata_version="3.1"))

    assert failure(ask, "lib").hint == "Look for an index that has a version of lib which can be used."


def test_wheels_for_an_older_python(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What is pinned was made before this Python: for which ones, its own kind of Python first."""
    offer(index, tmp_path, "lib 2.0")
    for tag in ("cp26-cp26m-any", "cp27-cp27m-any", "pp27-pypy-any"):
        index.add(wheel(tmp_path, "lib", "1.0", tag=tag))

    error = failure(ask, "lib==1.0")

    assert error.details[1] == "lib 1.0: its wheels are for another Python (cp27, cp26, pp27)"
    assert error.hint == (
        f"Ask for lib==2.0, the newest for Python {PYTHON}; or install lib 1.0 into a Python that its wheels are for "
        "(cp27, cp26, pp27), with --python PATH."
    )


def test_a_pre_release_that_would_do(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A final version that is withdrawn hides it; the option that allows it is named, and does."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0rc1")
    index.add(wheel(tmp_path, "lib", "1.5"), yanked="odd")

    error = failure(ask, "lib>1")

    assert error.details == (
        "lib can be had here in 1.0",
        "lib 2.0rc1 is a pre-release, taken only with --pre or where asked for",
        "lib 1.5 is yanked, and taken only where pinned with ==",
    )
    assert error.hint == (
        "With --pre, lib 2.0rc1 could be chosen; or pin lib==1.5 to take the yanked version, if you must; or "
        "ask for lib==1.0, the newest that can be had here."
    )
    assert [item.version for item in ask("--pre", "lib>1").install] == ["2.0rc1"]


def test_a_pre_release_that_an_option_rules_out(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Not --pre is what helps here, but to leave out what forbids it."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0rc1", "lib 2.0rc2")

    error = failure(ask, "--only-final", "lib", "lib>1")

    assert error.details[1] == "lib 2.0rc2, 2.0rc1 are pre-releases, ruled out by --only-final"
    assert error.hint.startswith("Without --only-final, lib 2.0rc2 could be chosen; or ")


def test_pre_releases_alone_are_to_be_had(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Where there is nothing else pip takes them unasked, and so they are not told as if they were forbidden."""
    offer(index, tmp_path, "lib 2.0rc1")

    assert failure(ask, "lib>=3").details == ("lib can be had here in 2.0rc1",)


# --------------------------------------------------------------------------- names that may have been meant


def test_a_slip_of_the_keys(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """What was meant is on the index, and is asked for by a person or not at all."""
    offer(index, tmp_path, "requests 1.0")

    error = failure(ask, "reqeusts")

    assert error.hint == "Did you mean requests? Make sure of it before you ask for it."
    assert index.file(tmp_path / "requests-1.0-py3-none-any.whl") not in index.paths()


def test_nothing_is_proposed_that_is_not_there(ask: Ask, index: FakeIndex) -> None:
    """A private index may lack it: to propose it would send people elsewhere. One page is asked for, and no more."""
    assert failure(ask, "reqeusts").hint == "Check the spelling of the name, and --index-url and --find-links."
    assert index.paths() == [index.page("reqeusts"), index.page("requests")]


def test_names_of_an_index_are_never_proposed(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Who registers what others misspell would otherwise be recommended: names come from our own list alone."""
    offer(index, tmp_path, "reqests 1.0", "requestss 1.0")

    assert "reqests" not in failure(ask, "reqestss").hint


@pytest.mark.parametrize(
    ("module", "project"), [("cv2", "opencv-python"), ("yaml", "pyyaml"), ("PIL", "pillow"), ("rest_framework", "x")]
)
def test_a_module_is_no_project(module: str, project: str, ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """People install what they import; the project that brings it has another name."""
    if project == "x":
        assert failure(ask, module).hint == (
            "The module rest-framework comes with djangorestframework, which is on no configured index either."
        )
        return
    offer(index, tmp_path, f"{project} 1.0")

    assert failure(ask, module).hint == (
        f"Did you mean {project}? The module {canonicalize_name(module)} comes with it."
    )


def test_a_module_of_python_itself(ask: Ask, index: FakeIndex) -> None:
    """There is nothing to install, and whatever an index should ever have by that name is not it."""
    assert failure(ask, "sqlite3").hint == "sqlite3 is a module of Python itself: there is nothing to install."


@pytest.mark.parametrize("way", ["folder", "index"])
def test_names_of_a_folder_are_known(ask: Ask, index: FakeIndex, tmp_path: Path, way: str) -> None:
    """One's own packages are on no list; a folder of them can be looked at without asking anybody."""
    made = wheel(tmp_path / "mine" / ("acme-billing" if way == "index" else ""), "acme-billing", "1.0")
    if way == "index":
        (made.parent / "index.html").write_text(f'<a href="{made.name}">x</a>')
        arguments = ["--extra-index-url", (tmp_path / "mine").as_uri()]
    else:
        arguments = ["--find-links", str(tmp_path / "mine")]

    error = failure(ask, *arguments, "acme_biling")

    assert error.hint == "Did you mean acme-billing? Make sure of it before you ask for it."


def test_the_name_in_a_dependency_is_not_the_users(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """A slip in somebody's metadata is not mended by asking for another name."""
    offer(index, tmp_path, "requests 1.0")
    offer(index, tmp_path, "app 1.0", requires=["reqeusts"])

    assert failure(ask, "app").hint == "Ask for another version of app, or add the index that has reqeusts."


# --------------------------------------------------------------------------- Python


def test_nothing_fits_the_interpreter(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """Where only metadata tells: which versions want which Python, and that another interpreter would help."""
    offer(index, tmp_path, "lib 1.0", requires_python="<3")
    offer(index, tmp_path, "lib 2.0", requires_python=">=9")

    assert told(failure(ask, "lib")) == (
        f"No version of lib that may be chosen fits Python {PYTHON}.",
        ["lib 2.0 requires Python >=9 (lib was asked for on the command line)", "lib 1.0 requires Python <3"],
        "Install into another interpreter with --python PATH, or ask for versions made for this one.",
    )


def test_another_version_would_fit_the_interpreter(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """The pin is what stands in the way: the version that fits is named, and nothing is said of other packages."""
    offer(index, tmp_path, "other 1.0", "lib 1.0")
    offer(index, tmp_path, "lib 2.0", requires_python=">=9")

    assert told(failure(ask, "other", "lib==2.0"))[:2] == (
        f"No version of lib that may be chosen fits Python {PYTHON}.",
        ["lib 2.0 requires Python >=9 (lib was asked for on the command line)", "lib can be had here in 1.0"],
    )


def test_python_and_a_conflict_together(ask: Ask, index: FakeIndex, tmp_path: Path) -> None:
    """One version fails for its Python and the other for a wish: neither alone is the reason."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0")
    offer(index, tmp_path, "app 2.0", requires_python=">=9")
    offer(index, tmp_path, "app 1.0", requires=["lib<2"])

    error = failure(ask, "app", "lib==2.0")

    assert "cannot all be met" in error.message
    assert {line.partition(" (")[0] for line in error.details} >= {
        "app 2.0 requires Python >=9",
        "app 1.0 requires lib<2",
        "you asked for lib==2.0 on the command line",
        f"this is Python {PYTHON}",
    }
    assert not any("<Python>" in path for path in index.paths())


# --------------------------------------------------------------------------- all together


@pytest.mark.parametrize("order", [("app", "lib"), ("lib", "app")])
@pytest.mark.parametrize("mine", ["<2", "==1.0", "!=2.0,!=3.0"])
@pytest.mark.parametrize("theirs", [">=2", "==3.0", ">1.0"])
def test_every_wish_that_is_told_is_one(
    order: tuple[str, str], mine: str, theirs: str, ask: Ask, index: FakeIndex, tmp_path: Path
) -> None:
    """Taken together, the wishes rule out every version that is said to be there; less than all of them do not."""
    offer(index, tmp_path, "lib 1.0", "lib 2.0", "lib 3.0")
    offer(index, tmp_path, "app 1.0", requires=[f"lib{theirs}"])
    wanted = {"app": "app", "lib": f"lib{mine}"}

    error = failure(ask, *(wanted[name] for name in order))

    prefixes = ("you asked for ", "app 1.0 requires ")
    wishes = [
        Requirement(line.removeprefix(prefix).partition(" on ")[0].partition(" (")[0])
        for line in error.details
        for prefix in prefixes
        if line.startswith(prefix)
    ]
    there = [Version(text) for text in error.details[-1].removeprefix("lib can be had here in ").split(", ")]
    assert {canonicalize_name(wish.name) for wish in wishes} == {"lib"}
    assert there == [Version("3.0"), Version("2.0"), Version("1.0")]
    assert not list(SpecifierSet(",".join(str(wish.specifier) for wish in wishes)).filter(there))
    assert all(list(wish.specifier.filter(there)) for wish in wishes)
