"""Direct references: URLs and paths, asked for, needed by others, and as constraints."""

from __future__ import annotations

from parity.worlds import Src, Whl, World

_LIB = Whl("lib 1.0", ('one; extra == "x"',), ("x",), at="direct")
_URL = "{direct}/lib-1.0-py3-none-any.whl"
_DIGEST = "#sha256={sha256:lib-1.0-py3-none-any.whl}"

CASES = {
    "url": World((_LIB, Whl("lib 2.0")), f"{_URL}", "lib 1.0", why="What is named by URL wins over newer versions."),
    "named-url": World((_LIB, Whl("lib 2.0")), f"'lib @ {_URL}'", "lib 1.0"),
    "url-with-digest": World((_LIB,), f"'lib @ {_URL}{_DIGEST}'", "lib 1.0"),
    "url-with-extras": World((_LIB, Whl("one 1.0")), f"'lib[x] @ {_URL}'", "lib 1.0, one 1.0"),
    "url-with-marker": World((_LIB, Whl("lib 2.0")), f"'lib @ {_URL} ; python_version < \"3\"' lib", "lib 2.0"),
    "url-and-name": World((_LIB, Whl("lib 2.0")), f"lib 'lib @ {_URL}'", "lib 1.0"),
    "url-and-name-with-extra": World(
        (_LIB, Whl("lib 2.0"), Whl("one 1.0")), f"'lib @ {_URL}' lib[x]", "lib 1.0, one 1.0"
    ),
    "url-and-specifier-that-excludes-it": World((_LIB, Whl("lib 2.0")), f"'lib @ {_URL}' 'lib>=2'", None),
    "url-satisfies-dependency": World(
        (_LIB, Whl("lib 2.0"), Whl("app 1.0", ("lib",))), f"app {_URL}", "app 1.0, lib 1.0"
    ),
    "url-that-a-dependency-excludes": World(
        (_LIB, Whl("app 2.0", ("lib>=2",)), Whl("app 1.0", ("lib",))), f"app 'lib @ {_URL}'", "app 1.0, lib 1.0"
    ),
    "url-in-a-dependency": World((_LIB, Whl("lib 2.0"), Whl("app 1.0", (f"lib @ {_URL}",))), "app", "app 1.0, lib 1.0"),
    "url-in-a-dependency-with-extra-and-digest": World(
        (_LIB, Whl("one 1.0"), Whl("app 1.0", (f"lib[x] @ {_URL}{_DIGEST}",))), "app", "app 1.0, lib 1.0, one 1.0"
    ),
    "url-in-a-dependency-and-name-asked": World(
        (_LIB, Whl("lib 2.0"), Whl("app 1.0", (f"lib @ {_URL}",))),
        "lib app",
        "app 1.0, lib 1.0",
        requested_differs=True,
        why="pip does not count lib as asked for, since its candidate is first made for app: a quirk.",
    ),
    "url-in-a-dependency-of-a-version-that-is-left": World(
        (_LIB, Whl("lib 2.0"), Whl("app 2.0", (f"lib @ {_URL}", "lib>=2")), Whl("app 1.0", ("lib",))),
        "app",
        "app 1.0, lib 2.0",
    ),
    "two-urls-for-one-name": World(
        (_LIB, Whl("lib 2.0", at="direct")), f"'lib @ {_URL}' 'lib @ {{direct}}/lib-2.0-py3-none-any.whl'", None
    ),
    "one-url-twice": World((_LIB, Whl("app 1.0", (f"lib @ {_URL}",))), f"app 'lib @ {_URL}'", "app 1.0, lib 1.0"),
    "one-url-with-and-without-digest": World(
        (_LIB, Whl("app 1.0", (f"lib @ {_URL}{_DIGEST}",))),
        f"app 'lib @ {_URL}'",
        None,
        why="pip takes a URL with a digest for another one than without.",
    ),
    "one-url-with-egg-fragment": World(
        (_LIB, Whl("app 1.0", (f"lib @ {_URL}#egg=lib",))), f"app 'lib @ {_URL}'", "app 1.0, lib 1.0"
    ),
    "url-of-another-package": World((_LIB,), f"'other @ {_URL}'", None, code=1),
    "url-of-another-package-in-a-dependency": World(
        (Src("lib 1.0", at="direct"), Whl("app 2.0", ("other @ {direct}/lib-1.0.tar.gz",)), Whl("app 1.0")),
        "app",
        "app 1.0",
    ),
    "url-of-a-wheel-for-another-platform": World(
        (Whl("lib 1.0", at="direct", tag="cp27-cp27m-win32"),), "{direct}/lib-1.0-cp27-cp27m-win32.whl", None
    ),
    "url-for-another-platform-in-a-dependency": World(
        (
            Whl("lib 1.0", at="direct", tag="cp27-cp27m-win32"),
            Whl("app 2.0", ("lib @ {direct}/lib-1.0-cp27-cp27m-win32.whl",)),
            Whl("app 1.0"),
        ),
        "app",
        None,
        why="pip gives up at once; it tries no older version.",
    ),
    "url-of-nothing": World((), "{index}/../files/lib-1.0-py3-none-any.whl", None, code=3),
    "url-for-another-python": World((Whl("lib 1.0", at="direct", python="<3"),), f"'lib @ {_URL}'", None),
    "url-of-a-pre-release": World(
        (Whl("lib 1.0a1", at="direct"), Whl("app 1.0", ("lib",))),
        "app {direct}/lib-1.0a1-py3-none-any.whl",
        "app 1.0, lib 1.0a1",
    ),
    "url-of-a-source-archive": World(
        (Src("lib 1.0", ("one",), at="direct"), Whl("one 1.0")), "{direct}/lib-1.0.tar.gz", "lib 1.0, one 1.0"
    ),
    "wheel-with-other-version-inside-by-url": World(
        (Whl("lib 1.0", says="lib 1.1", at="direct"), Whl("app 1.0", ("lib>=1.1",))),
        f"app 'lib @ {_URL}'",
        "app 1.0, lib 1.1",
        why="Of a direct reference only METADATA counts for the version.",
    ),
    # ------------------------------------------------------------------ paths
    "path-of-a-wheel": World(
        (Whl("lib 1.0", ("one",), at="folder"), Whl("lib 2.0"), Whl("one 1.0")),
        "{folder}/lib-1.0-py3-none-any.whl",
        "lib 1.0, one 1.0",
    ),
    "path-of-a-wheel-with-extra": World(
        (Whl("lib 1.0", ('one; extra == "x"',), ("x",), at="folder"), Whl("one 1.0")),
        "{folder}/lib-1.0-py3-none-any.whl[x]",
        "lib 1.0, one 1.0",
    ),
    "file-url": World((Whl("lib 1.0", at="folder"),), "'lib @ file://{folder}/lib-1.0-py3-none-any.whl'", "lib 1.0"),
    "path-and-file-url": World(
        (Whl("lib 1.0", at="folder"),),
        "{folder}/lib-1.0-py3-none-any.whl 'lib @ file://{folder}/lib-1.0-py3-none-any.whl'",
        "lib 1.0",
    ),
    # ------------------------------------------------------------------ constraints
    "url-constraint": World((_LIB, Whl("lib 2.0")), "lib", "lib 1.0", constraints=f"lib @ {_URL}"),
    "url-constraint-with-extra-asked": World(
        (_LIB, Whl("one 1.0"), Whl("lib 2.0")), "lib[x]", "lib 1.0, one 1.0", constraints=f"lib @ {_URL}"
    ),
    "url-constraint-on-a-dependency": World(
        (_LIB, Whl("lib 2.0"), Whl("app 1.0", ("lib",))), "app", "app 1.0, lib 1.0", constraints=f"lib @ {_URL}"
    ),
    "url-constraint-on-what-nobody-wants": World((_LIB, Whl("app 1.0")), "app", "app 1.0", constraints=f"lib @ {_URL}"),
    "url-constraint-against-specifier": World((_LIB, Whl("lib 2.0")), "'lib>=2'", None, constraints=f"lib @ {_URL}"),
    "url-constraint-and-the-same-url": World((_LIB,), f"'lib @ {_URL}'", "lib 1.0", constraints=f"lib @ {_URL}"),
    "url-constraint-and-another-url": World(
        (_LIB, Whl("lib 2.0", at="direct")),
        "{direct}/lib-2.0-py3-none-any.whl",
        None,
        constraints=f"lib @ {_URL}",
    ),
    "url-constraint-for-another-platform": World(
        (
            Whl("lib 1.0", at="direct", tag="cp27-cp27m-win32"),
            Whl("lib 2.0"),
            Whl("app 2.0", ("lib",)),
            Whl("app 1.0"),
        ),
        "app",
        "app 1.0",
        constraints="lib @ {direct}/lib-1.0-cp27-cp27m-win32.whl",
        why="Nothing satisfies the constraint, so what does without is taken.",
    ),
    "specifier-constraint-on-a-url": World((_LIB,), f"'lib @ {_URL}'", None, constraints="lib>=2"),
}
