"""Promise 3, pip's answer: random small worlds, with plain pip as the oracle.

A few are tried by default, always the same ones. ``SAFE_PIP_WORLDS=1000`` tries so many new ones; a world on which the
two programs differ is printed as data, to be pasted into ``cases``.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from parity.worlds import Asker, Src, Whl, World

_WANTED = int(os.environ.get("SAFE_PIP_WORLDS", "0"))
_NAMES = ("aa", "bb", "cc", "dd", "ee")
_COMMON = ("1.0", "1.1", "2.0", "2.1", "3.0")
_RARE = ("1.0.post1", "1.0+local", "2.0rc1", "2.1.dev1", "3.0a1", "1!0.5")
_EXTRAS = ("x", "y")
_MODES = ("", "-U", "-U --upgrade-strategy eager", "--force-reinstall", "-I")
_OPTIONS = ("", "", "", "--pre", "--prefer-binary", "--only-binary :all:", "--no-deps", "--ignore-requires-python")

Offer = dict[str, list[str]]


def _sometimes(value: object, otherwise: object = None) -> st.SearchStrategy:
    """The value in one of eight cases."""
    return st.sampled_from([otherwise] * 7 + [value])


@st.composite
def some(draw: st.DrawFn, items: st.SearchStrategy, counts: tuple[int, ...], *, unique: bool = False) -> list:
    """A list as long as one of the counts; left alone, Hypothesis draws short ones."""
    count = draw(st.sampled_from(counts))
    return draw(st.lists(items, min_size=count, max_size=count, unique=unique))


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """The versions that there are, by name."""
    versions = some(st.sampled_from(_COMMON * 4 + _RARE), (1, 2, 3, 4, 5, 5), unique=True)
    return {name: draw(versions) for name in _NAMES}


@st.composite
def specifiers(draw: st.DrawFn, versions: list[str], *, loose: bool = False) -> str:
    """A specifier that names one or two of the versions, and mostly admits one. loose: often it admits all."""
    version, other = draw(st.sampled_from(versions)), draw(st.sampled_from(versions))
    plain, other = version.partition("+")[0], other.partition("+")[0]
    kinds = ["", f">={plain}", f"<={plain}", f"<{plain}", f">={plain}", f"!={plain}", "", "", f"=={version}"]
    kinds += [f"=={plain.split('.')[0]}.*", f"~={plain}", f"!={version},>={other}", f"<{other}", f"<={plain},>={other}"]
    kinds += [f">{plain}", f"==={version}"] + ["", ""] * len(kinds) * loose
    return draw(st.sampled_from(kinds))


@st.composite
def requirements(draw: st.DrawFn, offer: Offer, *, markers: bool = True, loose: bool = False) -> str:
    """One requirement on a name of the world."""
    name = draw(st.sampled_from(_NAMES))
    extras = draw(st.sampled_from(["", "", "", "", "[x]", "[y]", "[x,y]"]))
    text = f"{name}{extras}{draw(specifiers(offer[name], loose=loose))}"
    if markers:
        kinds = ["", "", "", "", ' ; extra == "x"', ' ; extra == "y"', ' ; python_version >= "3"']
        text += draw(st.sampled_from([*kinds, ' ; python_version < "3" or extra == "x"', ' ; python_version < "3"']))
    return text


@st.composite
def wheels(draw: st.DrawFn, offer: Offer, what: str) -> Whl:
    """One wheel with up to three requirements, and now and then something odd."""
    return Whl(
        what,
        requires=tuple(draw(some(requirements(offer), (0, 1, 1, 2, 2, 3)))),
        extras=draw(st.sampled_from([_EXTRAS, _EXTRAS, ("x",), ()])),
        python=draw(_sometimes("<3", draw(_sometimes(">=3.8")))),
        page_python=draw(_sometimes("")),
        yanked=draw(_sometimes("withdrawn")),
    )


@st.composite
def files(draw: st.DrawFn, offer: Offer) -> tuple[Whl | Src, ...]:
    """The files of all versions; some have a second file, or one in another place."""
    found: list[Whl | Src] = []
    for name, versions in offer.items():
        for version in versions:
            what = f"{name} {version}"
            found.append(draw(wheels(offer, what)))
            kind = draw(
                st.sampled_from([""] * 12 + ["extra", "links", "page", "build", "tag", "source", "says", "broken"])
            )
            if kind in ("extra", "links", "page"):
                found.append(_changed(draw(wheels(offer, what)), at=kind))
            elif kind == "build":
                found.append(_changed(draw(wheels(offer, what)), build="7"))
            elif kind == "tag":
                found.append(_changed(draw(wheels(offer, what)), tag="py2.py3-none-any"))
            elif kind == "source":
                found[-1] = Src(what, tuple(draw(st.lists(requirements(offer, markers=False), max_size=2))))
            elif kind == "says":
                found.append(Whl(what, says=f"{name} 9.9", build="8"))
            elif kind == "broken":
                found[-1] = Whl(what, requires=("not a (requirement",))
    return tuple(draw(st.permutations(found)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small world: five names, up to five versions each, one to three of them asked for."""
    offer = draw(offers())
    there = draw(some(st.sampled_from(_NAMES), (0, 0, 1, 2, 3), unique=True))
    installed = [draw(wheels(offer, f"{name} {draw(st.sampled_from(offer[name]))}")) for name in there]
    asked = draw(some(requirements(offer, markers=False, loose=True), (1, 2, 2, 3)))
    constrained = draw(some(st.sampled_from(_NAMES), (0, 0, 0, 1, 2), unique=True))
    return World(
        draw(files(offer)),
        ask=" ".join(
            part
            for part in (
                draw(st.sampled_from(_MODES)),
                draw(st.sampled_from(_OPTIONS)),
                *(f"'{text}'" for text in asked),
            )
            if part
        ),
        constraints="\n".join(f"{name}{draw(specifiers(offer[name]))}" for name in constrained),
        installed=tuple(installed),
        json=draw(st.booleans()),
        sidecars=draw(st.booleans()),
    )


def _changed(wheel: Whl, **fields: object) -> Whl:
    return Whl(**{**vars(wheel), **fields})  # type: ignore[arg-type]


@settings(
    max_examples=_WANTED or 15,
    derandomize=not _WANTED,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(world=worlds())
def test_pips_answer(asker: Asker, world: World) -> None:
    """Nobody thinks of every combination: whatever pip answers, safe-pip answers, to the very file."""
    pip, safe_pip = asker.both(world)

    note(f"pip: {pip.versions}\n{pip.text}\nsafe-pip: {safe_pip.versions}\n{safe_pip.text}")
    assert safe_pip.without_requested() == pip.without_requested()
