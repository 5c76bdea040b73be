"""Random small worlds, as Hypothesis draws them: what people put on indexes and ask for, in all combinations.

Every world is of one flavour: what is rare in general is common in some, since two rare things meet too seldom else.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from parity.worlds import Src, Whl, World

_NAMES = ("aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj", "kk", "ll")
_COMMON = ("1.0", "1.1", "2.0", "2.1", "3.0")
_RARE = ("1.0.post1", "1.0+local", "2.0rc1", "2.1.dev1", "3.0a1", "1!0.5", "3.0.post1.dev2", "2.0+b.2", "1!2.0b1", "0")
_EXTRAS = ("x", "y", "all")
_MODES = ("", "", "-U", "-U --upgrade-strategy eager", "--force-reinstall", "-I", "-t {folder}/target")
_OPTIONS = ("--pre", "--pre", "--prefer-binary", "--no-deps", "--ignore-requires-python", "--ignore-requires-python")
_OPTIONS += ("--pre", "--prefer-binary", "--only-binary :all:", "--no-deps", "--ignore-requires-python")
_OPTIONS += ("--all-releases {name}", "--only-final {name}", "--only-final :all:", "--all-releases {name},{other}")
_OPTIONS += ("--no-binary {name}", "--only-binary {name}", "--no-binary :all: --only-binary {name}", "--no-index")
_SECOND = ("extra", "links", "page", "build", "tag", "platform", "source", "says", "broken", "zipped")


WANTED = int(os.environ.get("SAFE_PIP_WORLDS", "0"))
"""How many new worlds are wanted; 0 for a few, always the same ones."""
Compare = TypeVar("Compare", bound=Callable[..., Any])


def tried_on_worlds(part: int, parts: int) -> Callable[[Compare], Compare]:
    """Has a comparison, below ``hypothesis.given``, tried on as many worlds as are wanted.

    part: one of so many, from 0, so that the processes of a test run share the work.
    """
    many = settings(
        max_examples=WANTED // parts or 15,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    return lambda compare: seed(random.getrandbits(64) if WANTED else part)(many(compare))


class Flavour(NamedTuple):
    """What is common in a world. specials: kinds of files besides plain wheels, and how many in forty files.

    deep: requirements lead onwards through the names, so that there are long chains and no cycles. rare: whether
    versions are unusual. picky: whether specifiers mostly exclude something. urls: whether direct references occur.
    hashes: whether the request states them. solvable: whether most requirements leave one way through, known to none.
    """

    specials: int
    deep: bool
    rare: bool
    picky: bool
    urls: bool
    hashes: bool
    solvable: bool


class Offer(dict[str, list[str]]):
    """The versions that there are, by name. answer: a version of each, which most requirements admit."""

    answer: dict[str, str]


def one_of(count: int, value: object, otherwise: object = None) -> st.SearchStrategy:
    """The value in one of so many cases."""
    return st.sampled_from([otherwise] * (count - 1) + [value])


@st.composite
def some(draw: st.DrawFn, items: st.SearchStrategy, counts: tuple[int, ...], *, unique: bool = False) -> list:
    """A list as long as one of the counts; left alone, Hypothesis draws short ones."""
    count = draw(st.sampled_from(counts))
    return draw(st.lists(items, min_size=count, max_size=count, unique=unique))


@st.composite
def flavours(draw: st.DrawFn) -> Flavour:
    """What this world is like."""
    return Flavour(
        specials=draw(st.sampled_from([0, 4, 4, 8, 16])),
        deep=draw(st.booleans()),
        rare=draw(one_of(3, True, False)),
        picky=draw(one_of(3, True, False)),
        urls=draw(one_of(5, True, False)),
        hashes=draw(one_of(6, True, False)),
        solvable=draw(one_of(4, False, True)),
    )


@st.composite
def offers(draw: st.DrawFn, flavour: Flavour) -> Offer:
    """The versions that there are, by name."""
    names = _NAMES[: draw(st.sampled_from([3, 4, 5, 5, 6, 7, 9, 12]))]
    pool = _COMMON + _RARE if flavour.rare else _COMMON * 6 + _RARE
    versions = some(st.sampled_from(pool), (1, 2, 3, 4, 5) if len(names) < 7 else (1, 2, 3), unique=True)
    offer = Offer({name: draw(versions) for name in names})
    offer.answer = {name: draw(st.sampled_from(found)) for name, found in offer.items()}
    return offer


@st.composite
def specifiers(
    draw: st.DrawFn, versions: list[str], flavour: Flavour, *, admits: str | None = None, loose: bool = False
) -> str:
    """A specifier that names one or two of the versions. loose: often it admits all. admits: what it mostly admits."""
    version, other = draw(st.sampled_from(versions)), draw(st.sampled_from(versions))
    plain, other = version.partition("+")[0], other.partition("+")[0]
    kinds = [f">={plain}", f"<={plain}", f"<{plain}", f">={plain}", f"!={plain}", f"=={version}", f"==={version}"]
    if "dev" not in plain:
        kinds += [f"=={plain.split('.')[0]}.*", f"!={plain.split('.')[0]}.*"]
    if "." in plain:
        kinds.append(f"~={plain}")
    kinds += [f"!={version},>={other}", f"<{other}", f"<={plain},>={other}", f">{plain}"]
    kinds += [""] * (2 if flavour.picky else len(kinds)) * (3 if loose else 1)
    if draw(one_of(8, False, True)):
        # Half of all worlds would have no answer else.
        wanted = [admits] if admits is not None else versions
        kinds = [text for text in kinds if not text or any(SpecifierSet(text).filter(wanted, prereleases=True))]
    return draw(st.sampled_from(kinds))


@st.composite
def requirements(
    draw: st.DrawFn, offer: Offer, flavour: Flavour, *, of: str | None = None, fair: bool = True, loose: bool = False
) -> str:
    """One requirement on a name of the world. of: the project that has it; it may ask for its own extras.

    fair: whether it is to admit the answer, where the world is meant to have one.
    """
    names = list(offer)
    if of is not None and flavour.deep:
        names = names[names.index(of) + 1 :] or names
    name = draw(st.sampled_from(names))
    extras = draw(st.sampled_from(["", "", "", "", "", "[x]", "[y]", "[x,y]", "[all]", "[none]"]))
    if of is not None and draw(one_of(12, True, False)):
        # As in `project[all]`, which stands for all other extras of the project.
        return f'{of}[{draw(st.sampled_from(["x", "y", "x,y"]))}] ; extra == "all"'
    if flavour.urls and draw(one_of(4, True, False)):
        version = draw(st.sampled_from(offer[name]))
        text = f"{name}{extras} @ {{direct}}/{_wheel_name(name, version)}"
        # Of a digest in metadata, the file might be made after the metadata.
        if of is None and draw(one_of(4, True, False)):
            text += f"#sha256={{sha256:{_wheel_name(name, version)}}}"
    else:
        admits = offer.answer[name] if flavour.solvable and fair else None
        text = f"{name}{extras}{draw(specifiers(offer[name], flavour, admits=admits, loose=loose))}"
    markers = [""] * 6 + [' ; python_version >= "3"', ' ; python_version < "3"']
    if of is not None:
        markers += [' ; extra == "x"', ' ; extra == "y"', ' ; extra == "x"', ' ; extra == "all"']
        markers += [' ; python_version < "3" or extra == "x"', ' ; python_version >= "3" and extra == "y"']
    return text + draw(st.sampled_from(markers))


@st.composite
def wheels(draw: st.DrawFn, offer: Offer, flavour: Flavour, what: str) -> Whl:
    """One wheel with up to three requirements, and now and then something odd."""
    of, version = what.split()
    fair = offer.answer[of] == version
    python = draw(one_of(24, True, False)) and draw(st.sampled_from(["<3", ">=3.8", ">=3.8,!=3.9.*", "<2000", "==3.*"]))
    return Whl(
        what,
        requires=tuple(draw(some(requirements(offer, flavour, of=of, fair=fair), (0, 1, 1, 2, 2, 3)))),
        extras=draw(st.sampled_from([_EXTRAS, _EXTRAS, ("x",), ()])),
        python=python or None,
        page_python=draw(one_of(16, draw(st.sampled_from(["", "", "nonsense", "<3"])))),
        yanked=draw(one_of(12, "withdrawn")),
    )


@st.composite
def files(draw: st.DrawFn, offer: Offer, flavour: Flavour) -> tuple[Whl | Src, ...]:
    """The files of all versions; some have a second file, or one in another place."""
    found: list[Whl | Src] = []
    for name, versions in offer.items():
        for version in versions:
            what = f"{name} {version}"
            wheel = draw(wheels(offer, flavour, what))
            kind = ""
            if flavour.specials and draw(st.integers(0, 39)) < flavour.specials:
                kind = draw(st.sampled_from(_SECOND))
            found += draw(_special(offer, flavour, wheel, kind))
    return tuple(draw(st.permutations(found)))


@st.composite
def _special(draw: st.DrawFn, offer: Offer, flavour: Flavour, wheel: Whl, kind: str) -> list[Whl | Src]:
    """The files of one version: a plain wheel, or what a kind says besides or instead of it."""
    if not kind:
        return [wheel]
    other = draw(wheels(offer, flavour, wheel.what))
    own = tuple(text for text in other.requires if ";" not in text)
    name, version = wheel.what.split()
    if kind in ("extra", "links", "page"):
        twin = replace(wheel, at=kind) if draw(st.booleans()) else replace(other, at=kind)
        return [twin] if draw(one_of(4, True, False)) else [wheel, twin]
    if kind == "source":
        return [Src(wheel.what, own)] if draw(st.booleans()) else [Src(wheel.what, own), wheel]
    if kind == "zipped":
        # A project whose name ends in what looks like a version.
        return [wheel, Whl(f"{name}-2 {version}")]
    if kind == "says":
        return [wheel, Whl(wheel.what, says=f"{name} 9.9", build="8")]
    if kind == "broken":
        return [Whl(wheel.what, requires=("not a (requirement",))]
    changes: dict[str, dict[str, str]] = {
        "build": {"build": draw(st.sampled_from(["1", "7", "7a", "10"]))},
        "tag": {"tag": draw(st.sampled_from(["py2.py3-none-any", "py2-none-any", "py3-none-any.linux_x86_64"]))},
        "platform": {"tag": draw(st.sampled_from(["py3-none-linux_x86_64", "py3-none-win32"]))},
    }
    return [wheel, replace(other, **changes[kind])]


@st.composite
def hashed(draw: st.DrawFn, offer: Offer) -> str:
    """A requirements file in hash mode: everything pinned, mostly with the hash of a file that there is."""
    lines = []
    for name, versions in offer.items():
        if draw(one_of(8, True, False)):
            continue
        chosen = draw(some(st.sampled_from(versions), (1, 1, 2), unique=True)) if len(versions) > 1 else versions
        given = " ".join(f"--hash=sha256:{{sha256:{_wheel_name(name, version)}}}" for version in chosen)
        pin = f"=={draw(st.sampled_from(versions))}" if draw(one_of(6, True, False)) else f"=={chosen[0]}"
        lines.append(f"{name}{pin} {given}")
    return "\n".join(lines)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small world: three to twelve names, up to five versions each, one to five of them asked for."""
    flavour = draw(flavours())
    offer = draw(offers(flavour))
    names = list(offer)
    there = draw(some(st.sampled_from(names), (0, 0, 1, 2, 3), unique=True))
    installed = [draw(wheels(offer, flavour, draw(_installed(offer, name)))) for name in there]
    asked = draw(some(requirements(offer, flavour, loose=True), (1, 2, 2, 3, 4, 5)))
    constrained = draw(some(st.sampled_from(names), (0, 0, 0, 1, 2, 3)))
    options = draw(some(st.sampled_from(_OPTIONS), (0, 0, 0, 0, 1, 2), unique=True))
    chosen = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    words = [draw(st.sampled_from(_MODES))]
    words += [option.replace("{name}", chosen[0]).replace("{other}", chosen[1]) for option in options]
    in_file = draw(st.integers(0, len(asked))) if draw(st.booleans()) else 0
    words += [f"'{text}'" for text in asked[in_file:]]
    lines = asked[:in_file]
    if flavour.hashes:
        words, lines = words[:-1] if len(asked) > in_file else words, [draw(hashed(offer))]
    content = draw(files(offer, flavour))
    if flavour.urls:
        content += tuple(
            replace(draw(wheels(offer, flavour, f"{name} {version}")), at="direct", page_python=None, yanked=None)
            for name, versions in offer.items()
            for version in versions
        )
    return World(
        content,
        ask=" ".join(word for word in words if word),
        requirements="\n".join(lines),
        constraints="\n".join(draw(_constraint(offer, flavour, name)) for name in constrained),
        installed=tuple(replace(wheel, yanked=None, page_python=None) for wheel in installed),
        json=draw(st.booleans()),
        sidecars=draw(st.booleans()),
    )


@st.composite
def _installed(draw: st.DrawFn, offer: Offer, name: str) -> str:
    """Name and version of something installed, which may be no version that is on offer."""
    return f"{name} {draw(st.sampled_from([*offer[name], *offer[name], '0.1', '2.0+mine', '4.0rc1', '9.0']))}"


@st.composite
def _constraint(draw: st.DrawFn, offer: Offer, flavour: Flavour, name: str) -> str:
    """One line of a constraints file."""
    version = draw(st.sampled_from(offer[name]))
    if flavour.urls and draw(one_of(3, True, False)):
        return f"{name} @ {{direct}}/{_wheel_name(name, version)}"
    admits = offer.answer[name] if flavour.solvable else None
    text = f"{name}{draw(specifiers(offer[name], flavour, admits=admits))}"
    if flavour.hashes and draw(st.booleans()):
        # All of them: a constraint that contradicts the requirement's own hash is refused here, and passed over by pip.
        given = (f"--hash=sha256:{{sha256:{_wheel_name(name, each)}}}" for each in offer[name])
        return f"{text} {' '.join(given)}"
    return text + draw(st.sampled_from(["", "", "", "", ' ; python_version >= "3"', ' ; python_version < "3"']))


def _wheel_name(name: str, version: str) -> str:
    return f"{name}-{version}-py3-none-any.whl"
