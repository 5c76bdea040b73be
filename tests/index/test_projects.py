"""One name on several indexes (PEP 708): told where they do not say that it is one project, and pip's answer kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import FakeIndex, wheel
from resolve.conftest import Ask


class Place(FakeIndex):
    """An index that says of every project what it tracks and where else it is."""

    def __init__(self, **options: bool) -> None:
        self.tracks: list[Place] = []
        self.alternates: list[Place] = []
        super().__init__(**options)

    def html_page(self, name: str) -> str:
        metas = [f'<meta name="pypi:tracks" content="{place.base}{place.page(name)}">' for place in self.tracks]
        metas += [
            f'<meta name="pypi:alternate-locations" content="{place.base}{place.page(name)}">'
            for place in self.alternates
        ]
        return super().html_page(name).replace("<body>", f"<head>{''.join(metas)}</head><body>")

    def json_page(self, name: str) -> dict:  # type: ignore[type-arg]
        page = super().json_page(name)
        page["meta"]["tracks"] = [f"{place.base}{place.page(name)}" for place in self.tracks]
        page["alternate-locations"] = [f"{place.base}{place.page(name)}" for place in self.alternates]
        return page


@pytest.fixture(params=[False, True], ids=["html", "json"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Place, Place]]:
    """Three indexes; the first two have acme, the second's is newer."""
    with Place(json=request.param) as one, Place(json=request.param) as two, Place(json=request.param) as three:
        one.add(wheel(tmp_path / "1", "acme", "1.0"))
        two.add(wheel(tmp_path / "2", "acme", "2.0"))
        yield one, two, three


def notes(ask: Ask, *places: Place, names: tuple[str, ...] = ("acme",)) -> list[str]:
    """What is told of a plan from some indexes."""
    plan = ask(*names, index_urls=tuple(place.url for place in places))
    assert "2.0" in {item.version for item in plan.install}
    return list(plan.notes)


def test_two_indexes_that_say_nothing(ask: Ask, places: tuple[Place, Place, Place]) -> None:
    """Dependency confusion looks like this: who has the file and who else has the name is told, once."""
    one, two, three = places
    (note,) = notes(ask, one, two, three)
    assert note == (
        f"acme 2.0 comes from {two.url}, but the name can be had from {one.url} as well, and the indexes do not "
        "declare that they mean the same (PEP 708). Whoever may upload to either decides what is installed: look only "
        "where you must, or pin the files with --hash."
    )


def test_one_index_alone(ask: Ask, places: tuple[Place, Place, Place]) -> None:
    """Nothing is confused where one index has the name, be it configured twice."""
    _, two, three = places
    assert notes(ask, three, two) == []
    assert notes(ask, two, two) == []


@pytest.mark.parametrize("tracker", [0, 1])
def test_one_tracks_the_other(ask: Ask, places: tuple[Place, Place, Place], tracker: int) -> None:
    """A mirror or an extension says whose project it has: one word is enough."""
    places[tracker].tracks = [places[1 - tracker]]
    assert notes(ask, *places) == []


def test_both_track_a_third(ask: Ask, places: tuple[Place, Place, Place]) -> None:
    """Two mirrors of one index, which itself need not be configured."""
    one, two, three = places
    one.tracks, two.tracks = [three], [three]
    assert notes(ask, one, two) == []


def test_alternate_locations_must_agree(ask: Ask, places: tuple[Place, Place, Place]) -> None:
    """Anybody can claim to be an alternate of another: only where both say so it counts."""
    one, two, _ = places
    two.alternates = [one, two]
    assert len(notes(ask, one, two)) == 1
    one.alternates = [two]
    assert notes(ask, one, two) == []


def test_a_third_that_nobody_names(ask: Ask, places: tuple[Place, Place, Place], tmp_path: Path) -> None:
    """Two that belong together do not vouch for one that does not."""
    one, two, three = places
    three.add(wheel(tmp_path / "3", "acme", "0.1"))
    two.tracks = [one]
    assert len(notes(ask, one, two, three)) == 1
    three.tracks = [two]
    assert notes(ask, one, two, three) == []


def test_many_names_are_told_together(ask: Ask, places: tuple[Place, Place, Place], tmp_path: Path) -> None:
    """A mirror beside its original shares every name: one note, not a hundred."""
    one, two, _ = places
    names = [f"p{number}" for number in range(7)]
    for name in names:
        one.add(wheel(tmp_path / "1", name, "1.0"))
        two.add(wheel(tmp_path / "2", name, "2.0"))
    (note,) = notes(ask, one, two, names=tuple(names))
    assert note.startswith("p0 2.0, p1 2.0, p2 2.0, p3 2.0, p4 2.0 and 2 more come from ")


def test_only_what_is_installed_is_told(ask: Ask, places: tuple[Place, Place, Place], tmp_path: Path) -> None:
    """A name that the solver looked at and left is nobody's concern; nor is what was given as a file."""
    one, two, _ = places
    path = wheel(tmp_path / "mine", "acme", "2.0")
    plan = ask(str(path), index_urls=(one.url, two.url))
    assert plan.notes == ()
    assert one.asked == []
    assert two.asked == []


def test_a_login_is_not_told(ask: Ask, places: tuple[Place, Place, Place]) -> None:
    """Notes end up in logs."""
    one, two, _ = places
    closed = two.url.replace("http://", "http://me:secret@")
    plan = ask("acme", index_urls=(one.url, closed))
    assert two.url in plan.notes[0]
    assert "secret" not in plan.notes[0]
