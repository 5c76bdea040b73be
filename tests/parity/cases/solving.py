"""What fits together: conflicts, back-tracking, the order in which things are looked at, markers, constraints."""

from __future__ import annotations

from parity.worlds import Whl, World


def _ladder(count: int) -> tuple[Whl, ...]:
    """Each version of app needs a newer lib than there is, but for the oldest."""
    return (*(Whl(f"app {number}.0", (f"lib>={number}",)) for number in range(1, count + 1)), Whl("lib 1.0"))


def _chain(depth: int, versions: int) -> tuple[Whl, ...]:
    """Packages p0 → p1 → …, of which the newest versions need a newer next one, and the last has only its first."""
    files = [
        Whl(f"p{place} {version}.0", (f"p{place + 1}=={version}.*",))
        for place in range(depth)
        for version in range(1, versions + 1)
    ]
    return (*files, Whl(f"p{depth} 1.0"))


def _pairs(count: int) -> tuple[Whl, ...]:
    """Versions of left and right that fit only where their numbers add up to count."""
    left = [Whl(f"left {number}.0", (f"right=={count - number}.0",)) for number in range(count + 1)]
    return (*left, *(Whl(f"right {number}.0") for number in range(count // 2 + 1)))


_DIAMOND = (
    Whl("top 1.0", ("left", "right")),
    Whl("left 1.0", ("base>=1",)),
    Whl("left 2.0", ("base>=2",)),
    Whl("right 1.0", ("base<3",)),
    Whl("right 2.0", ("base<2",)),
    Whl("base 1.0"),
    Whl("base 2.0"),
    Whl("base 3.0"),
)

CASES = {
    "diamond": World(_DIAMOND, "top", "base 2.0, left 2.0, right 1.0, top 1.0"),
    "diamond-the-user-prefers-one-side": World(
        _DIAMOND, "right left", "base 1.0, left 1.0, right 2.0", why="What was asked for first is settled first."
    ),
    "diamond-with-a-pin": World(_DIAMOND, "top base==1.0", "base 1.0, left 1.0, right 2.0, top 1.0"),
    "cycle": World((Whl("a 1.0", ("b",)), Whl("b 1.0", ("a",))), "a", "a 1.0, b 1.0"),
    "cycle-that-excludes-itself": World(
        (Whl("a 2.0", ("b",)), Whl("a 1.0"), Whl("b 2.0", ("a<2",)), Whl("b 1.0", ("a<2",))), "a", "a 1.0"
    ),
    "needs-itself": World((Whl("a 1.0", ("a",)),), "a", "a 1.0"),
    "needs-another-version-of-itself": World((Whl("a 2.0", ("a<2",)), Whl("a 1.0")), "a", "a 1.0"),
    "ladder": World(_ladder(12), "app", "app 1.0, lib 1.0"),
    "long-chain": World(_chain(5, 3), "p0", "p0 1.0, p1 1.0, p2 1.0, p3 1.0, p4 1.0, p5 1.0"),
    "long-chain-from-both-ends": World(
        _chain(4, 4), "p2 p0", "p0 1.0, p1 1.0, p2 1.0, p3 1.0, p4 1.0", why="Conflicts promote what causes them."
    ),
    "pairs": World(_pairs(8), "left right", "left 8.0, right 0.0"),
    "pairs-the-other-way": World(_pairs(8), "right left", "left 8.0, right 0.0"),
    "dependency-that-is-nowhere": World(
        (Whl("app 2.0", ("nowhere",)), Whl("app 1.0")), "app", "app 1.0", why="An older version does without it."
    ),
    "dependency-that-is-nowhere-at-all": World((Whl("app 1.0", ("nowhere",)),), "app", None),
    "nothing-of-that-name": World((), "nowhere", None),
    "roots-in-conflict": World(
        (Whl("a 1.0", ("c<2",)), Whl("b 1.0", ("c>=2",)), Whl("c 1.0"), Whl("c 2.0")), "a b", None
    ),
    "roots-on-one-name-in-conflict": World((Whl("a 1.0"), Whl("a 2.0")), "'a<2' 'a>=2'", None),
    "root-twice": World((Whl("a 1.0"), Whl("a 2.0"), Whl("a 3.0")), "'a<3' 'a!=2.0'", "a 1.0"),
    "no-deps": World((Whl("app 1.0", ("nowhere",)),), "--no-deps app", "app 1.0"),
    "upper-bounds-are-looked-at-first": World(
        (
            Whl("top 1.0", ("aa", "zz<2")),
            Whl("aa 2.0", ("common>=2",)),
            Whl("aa 1.0", ("common",)),
            Whl("zz 1.0", ("common<2",)),
            Whl("zz 2.0"),
            Whl("common 1.0"),
            Whl("common 2.0"),
        ),
        "top",
        "aa 1.0, common 1.0, top 1.0, zz 1.0",
    ),
    "the-alphabet-decides-between-equals": World(
        (
            Whl("top 1.0", ("bb", "aa")),
            Whl("aa 2.0", ("common<2",)),
            Whl("aa 1.0"),
            Whl("bb 2.0", ("common>=2",)),
            Whl("bb 1.0"),
            Whl("common 1.0"),
            Whl("common 2.0"),
        ),
        "top",
        "aa 2.0, bb 1.0, common 1.0, top 1.0",
    ),
    "the-user's-order-decides-between-equals": World(
        (
            Whl("aa 2.0", ("common<2",)),
            Whl("aa 1.0"),
            Whl("bb 2.0", ("common>=2",)),
            Whl("bb 1.0"),
            Whl("common 1.0"),
            Whl("common 2.0"),
        ),
        "bb aa",
        "aa 1.0, bb 2.0, common 2.0",
    ),
    # ------------------------------------------------------------------ markers
    "markers": World(
        (
            Whl(
                "app 1.0",
                (
                    'yes; python_version >= "3"',
                    'no; python_version < "3"',
                    'nor; sys_platform == "win32"',
                    'os; os_name == "posix" and platform_machine != ""',
                ),
            ),
            Whl("yes 1.0"),
            Whl("os 1.0"),
        ),
        "app",
        "app 1.0, os 1.0, yes 1.0",
    ),
    "marker-on-what-is-asked": World((Whl("a 1.0"), Whl("b 1.0")), "'a; python_version < \"3\"' b", "b 1.0"),
    "marker-leaves-nothing": World((Whl("a 1.0"),), "'a; python_version < \"3\"'", ""),
    "two-requirements-by-marker": World(
        (Whl("a 1.0"), Whl("a 2.0")),
        "",
        "a 1.0",
        requirements='a<2; python_version >= "3"\na>=2; python_version < "3"',
    ),
    "marker-that-names-an-extra-where-none-is": World((Whl("a 1.0"), Whl("b 1.0")), "'a; extra == \"x\"' b", "b 1.0"),
    "marker-in-reverse": World(
        (Whl("app 1.0", ('a; "3" <= python_version', 'b; "win" in sys_platform and "x" == os_name')), Whl("a 1.0")),
        "app",
        "a 1.0, app 1.0",
    ),
    # ------------------------------------------------------------------ constraints
    "constraint": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0")), "app", "app 1.0, lib 1.0", constraints="lib<2"
    ),
    "constraint-on-what-nobody-wants": World(
        (Whl("app 1.0"), Whl("lib 1.0")), "app", "app 1.0", constraints="lib==1.0"
    ),
    "constraint-with-marker": World(
        (Whl("lib 1.0"), Whl("lib 2.0")), "lib", "lib 2.0", constraints='lib<2; python_version < "3"'
    ),
    "constraints-add-up": World(
        (Whl("lib 1.0"), Whl("lib 2.0"), Whl("lib 3.0")), "lib", "lib 2.0", constraints="lib<3\nLIB>=2"
    ),
    "constraint-that-cannot-be-met": World((Whl("lib 1.0"),), "lib", None, constraints="lib>=2"),
    "constraint-makes-it-back-track": World(
        (Whl("app 2.0", ("lib>=2",)), Whl("app 1.0", ("lib",)), Whl("lib 2.0"), Whl("lib 1.0")),
        "app",
        "app 1.0, lib 1.0",
        constraints="lib<2",
    ),
    "constraint-with-extra": World((Whl("lib 1.0", (), ("x",)),), "lib", None, constraints="lib[x]<2", code=2),
    "constraint-without-name": World(
        (Whl("lib 1.0"),), "lib", None, constraints="{index}/../files/lib-1.0.tar.gz", code=2
    ),
}
