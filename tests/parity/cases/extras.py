"""Extras: each set is a node of its own that needs exactly its base."""

from __future__ import annotations

from parity.worlds import Whl, World

_APP = Whl("app 1.0", ('one; extra == "a"', 'two; extra == "b"', "base"), ("a", "b"))
_PARTS = (Whl("one 1.0"), Whl("two 1.0"), Whl("base 1.0"))

CASES = {
    "one-extra": World((_APP, *_PARTS), "app[a]", "app 1.0, base 1.0, one 1.0"),
    "two-extras": World((_APP, *_PARTS), "app[b,a]", "app 1.0, base 1.0, one 1.0, two 1.0"),
    "extras-from-two-sides": World(
        (Whl("top 1.0", ("app[b]",)), _APP, *_PARTS),
        "app[a] top",
        "app 1.0, base 1.0, one 1.0, top 1.0, two 1.0",
    ),
    "unknown-extra": World((_APP, *_PARTS), "app[nothing]", "app 1.0, base 1.0", why="pip warns and goes on."),
    "unknown-extra-beside-a-known-one": World((_APP, *_PARTS), "app[nothing,a]", "app 1.0, base 1.0, one 1.0"),
    "extra-that-is-not-declared": World(
        (Whl("app 1.0", ('one; extra == "a"',)), Whl("one 1.0")),
        "app[a]",
        "app 1.0",
        why="An extra is only what Provides-Extra declares.",
    ),
    "spelling-of-extras": World(
        (Whl("app 1.0", ('one; extra == "Some_Extra"',), ("some.extra",)), Whl("one 1.0")),
        "app[SOME-extra]",
        "app 1.0, one 1.0",
    ),
    "extra-of-an-extra": World(
        (
            Whl("app 1.0", ('lib[deep]; extra == "a"',), ("a",)),
            Whl("lib 1.0", ('one; extra == "deep"',), ("deep",)),
            Whl("one 1.0"),
        ),
        "app[a]",
        "app 1.0, lib 1.0, one 1.0",
    ),
    "extra-that-needs-its-own-project": World(
        (Whl("app 1.0", ('app[a,b]; extra == "all"', *_APP.requires), ("a", "b", "all")), *_PARTS),
        "app[all]",
        "app 1.0, base 1.0, one 1.0, two 1.0",
    ),
    "extra-that-needs-another-version-of-its-own-project": World(
        (
            Whl("app 2.0", ('app<2; extra == "old"',), ("old",)),
            Whl("app 1.0", (), ("old",)),
        ),
        "app[old]",
        "app 1.0",
    ),
    "extra-only-in-an-older-version": World(
        (Whl("app 2.0"), Whl("app 1.0", ('one; extra == "a"',), ("a",)), Whl("one 1.0")),
        "app[a]",
        "app 2.0",
        why="The newest version is taken although it has lost the extra.",
    ),
    "extra-narrows-the-base": World(
        (
            Whl("app 2.0", ('one>=2; extra == "a"',), ("a",)),
            Whl("app 1.0", ('one; extra == "a"',), ("a",)),
            Whl("one 1.0"),
        ),
        "app[a]",
        "app 1.0, one 1.0",
    ),
    "extra-is-settled-after-another-has-narrowed-its-base": World(
        (
            Whl("top 1.0", ("app<2",)),
            Whl("app 2.0", ('one; extra == "a"',), ("a",)),
            Whl("app 1.0", ('one; extra == "a"',), ("a",)),
            Whl("one 1.0"),
        ),
        "top app[a]",
        "app 1.0, one 1.0, top 1.0",
        requested_differs=True,
        why="pip does not count app as asked for, since its candidate is first made for top: a quirk.",
    ),
    "extra-against-the-base": World(
        (Whl("app 1.0", ("lib<2", 'lib>=2; extra == "a"'), ("a",)), Whl("lib 1.0"), Whl("lib 2.0")),
        "app[a]",
        None,
    ),
    "extras-with-conflicting-specifiers": World(
        (Whl("app 1.0", (), ("a",)), Whl("app 2.0", (), ("a",))), "'app[a]<2' 'app[a]>=2'", None
    ),
    "extra-and-base-with-different-specifiers": World(
        (Whl("app 1.0", ('one; extra == "a"',), ("a",)), Whl("app 2.0", (), ("a",)), Whl("app 3.0"), Whl("one 1.0")),
        "'app[a]' 'app<2'",
        "app 1.0, one 1.0",
    ),
    "specifier-with-extra-in-a-dependency": World(
        (
            Whl("top 1.0", ("app[a]<2",)),
            Whl("app 1.0", ('one; extra == "a"',), ("a",)),
            Whl("app 2.0", (), ("a",)),
            Whl("one 1.0"),
        ),
        "top app",
        "app 1.0, one 1.0, top 1.0",
    ),
    "marker-with-extra-and-more": World(
        (
            Whl(
                "app 1.0", ('one; python_version < "3" and extra == "a"', 'two; os_name != "" and extra == "a"'), ("a",)
            ),
            *_PARTS,
        ),
        "app[a]",
        "app 1.0, two 1.0",
    ),
    "marker-with-two-extras": World(
        (Whl("app 1.0", ('one; extra == "a" or extra == "b"', 'two; extra != "a"'), ("a", "b")), *_PARTS),
        "app[b]",
        "app 1.0, one 1.0, two 1.0",
    ),
    "not-that-extra": World((Whl("app 1.0", ('one; extra != "a"',), ("a",)), *_PARTS), "app[a]", "app 1.0, one 1.0"),
    "extras-with-no-deps": World((_APP, *_PARTS), "--no-deps app[a]", "app 1.0"),
    "extra-under-constraint": World(
        (_APP, *_PARTS, Whl("app 2.0")), "app[a]", "app 1.0, base 1.0, one 1.0", constraints="app<2"
    ),
    "cycle-through-extras": World(
        (
            Whl("app 1.0", ('lib[x]; extra == "a"',), ("a",)),
            Whl("lib 1.0", ('app[b]; extra == "x"',), ("x",)),
        ),
        "app[a]",
        "app 1.0, lib 1.0",
    ),
    "yanked-with-extra": World(
        (Whl("app 1.0", ('one; extra == "a"',), ("a",), yanked="x"), Whl("one 1.0")), "app[a]==1.0", "app 1.0, one 1.0"
    ),
}
