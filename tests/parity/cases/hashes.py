"""Hash mode: what must be pinned, what must have a hash, and which file the hashes choose."""

from __future__ import annotations

from parity.worlds import Whl, World

_LIB = "{sha256:lib-1.0-py3-none-any.whl}"
_APP = "{sha256:app-1.0-py3-none-any.whl}"
_OTHER = "0" * 64
_URL = "{direct}/lib-1.0-py3-none-any.whl"

CASES = {
    "pinned-and-hashed": World(
        (Whl("lib 1.0"), Whl("lib 2.0")), requirements=f"lib==1.0 --hash=sha256:{_LIB}", gives="lib 1.0"
    ),
    "hashed-and-not-pinned": World((Whl("lib 1.0"),), requirements=f"lib --hash=sha256:{_LIB}", gives="lib 1.0"),
    "hash-chooses-the-version": World(
        (Whl("lib 1.0"), Whl("lib 2.0")), requirements=f"lib --hash=sha256:{_LIB}", gives="lib 1.0"
    ),
    "hash-missing": World((Whl("lib 1.0"),), "--require-hashes lib==1.0", None, code=2),
    "pin-missing": World((Whl("lib 1.0"),), "--require-hashes lib", None, code=2),
    "hash-of-one-asks-for-that-of-all": World(
        (Whl("lib 1.0"), Whl("app 1.0")), requirements=f"lib==1.0 --hash=sha256:{_LIB}\napp==1.0", gives=None, code=2
    ),
    "dependency-without-hash": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0")),
        requirements=f"app==1.0 --hash=sha256:{_APP}",
        gives=None,
        code=2,
    ),
    "dependency-with-hash": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0")),
        requirements=f"app==1.0 --hash=sha256:{_APP}\nlib==1.0 --hash=sha256:{_LIB}",
        gives="app 1.0, lib 1.0",
    ),
    "wrong-hash": World((Whl("lib 1.0"),), requirements=f"lib==1.0 --hash=sha256:{_OTHER}", gives=None, code=1),
    "one-of-several-hashes": World(
        (Whl("lib 1.0"),), requirements=f"lib==1.0 --hash=sha256:{_OTHER} --hash=sha256:{_LIB}", gives="lib 1.0"
    ),
    "hash-chooses-the-file": World(
        (Whl("lib 1.0"), Whl("lib 1.0", build="2", extras=("b",))),
        requirements=f"lib==1.0 --hash=sha256:{_LIB}",
        gives="lib 1.0",
    ),
    "hash-chooses-the-index": World(
        (Whl("lib 1.0", at="extra", extras=("x",)), Whl("lib 1.0")),
        requirements=f"lib==1.0 --hash=sha256:{_LIB}",
        gives="lib 1.0",
    ),
    "hash-chooses-a-yanked-file": World(
        (Whl("lib 1.0", yanked="x"), Whl("lib 1.0", build="2", extras=("b",), yanked="y")),
        requirements=f"lib==1.0 --hash=sha256:{_LIB}",
        gives="lib 1.0",
    ),
    "page-without-digests": World(
        (Whl("lib 1.0", hashes=False),), requirements=f"lib==1.0 --hash=sha256:{_LIB}", gives="lib 1.0"
    ),
    "page-without-digests-and-wrong-hash": World(
        (Whl("lib 1.0", hashes=False),), requirements=f"lib==1.0 --hash=sha256:{_OTHER}", gives=None, code=1
    ),
    "page-with-some-digests": World(
        (Whl("lib 1.0", build="2", extras=("b",), hashes=False), Whl("lib 1.0")),
        requirements=f"lib==1.0 --hash=sha256:{_LIB}",
        gives="lib 1.0",
        why="A file without a digest on the page is kept, but one that surely matches is preferred.",
    ),
    "hashes-of-two-requirements-meet": World(
        (Whl("lib 1.0"), Whl("lib 1.0", build="2", extras=("b",))),
        requirements=(
            f"lib==1.0 --hash=sha256:{_LIB} --hash=sha256:{{sha256:lib-1.0-2-py3-none-any.whl}}\n"
            f"lib[x]==1.0 --hash=sha256:{_LIB}"
        ),
        gives="lib 1.0",
    ),
    "hash-in-a-constraint": World(
        (Whl("lib 1.0"), Whl("lib 2.0")),
        "--require-hashes lib",
        "lib 1.0",
        constraints=f"lib==1.0 --hash=sha256:{_LIB}",
    ),
    "hash-in-a-constraint-without-pin": World(
        (Whl("lib 1.0"), Whl("lib 2.0")), "lib", "lib 1.0", constraints=f"lib --hash=sha256:{_LIB}"
    ),
    "hash-in-a-constraint-for-a-dependency": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0")),
        requirements=f"app==1.0 --hash=sha256:{_APP}",
        constraints=f"lib==1.0 --hash=sha256:{_LIB}",
        gives="app 1.0, lib 1.0",
    ),
    "hash-of-an-extra": World(
        (Whl("app 1.0", ('lib; extra == "x"',), ("x",)), Whl("lib 1.0")),
        requirements=f"app[x]==1.0 --hash=sha256:{_APP}\nlib==1.0 --hash=sha256:{_LIB}",
        gives="app 1.0, lib 1.0",
    ),
    "wrong-hash-without-hash-mode": World(
        (Whl("lib 1.0"),), "--no-require-hashes", None, requirements=f"lib==1.0 --hash=sha256:{_OTHER}", code=1
    ),
    "hash-of-one-without-hash-mode": World(
        (Whl("lib 1.0"), Whl("app 1.0")),
        "--no-require-hashes app",
        "app 1.0, lib 1.0",
        requirements=f"lib==1.0 --hash=sha256:{_LIB}",
    ),
    # ------------------------------------------------------------------ direct references
    "url-with-digest": World(
        (Whl("lib 1.0", at="direct"),), f"--require-hashes 'lib @ {_URL}#sha256={_LIB}'", "lib 1.0"
    ),
    "url-with-hash-option": World(
        (Whl("lib 1.0", at="direct"),), requirements=f"lib @ {_URL} --hash=sha256:{_LIB}", gives="lib 1.0"
    ),
    "url-without-digest": World((Whl("lib 1.0", at="direct"),), f"--require-hashes 'lib @ {_URL}'", None, code=2),
    "url-with-wrong-digest": World((Whl("lib 1.0", at="direct"),), f"'lib @ {_URL}#sha256={_OTHER}'", None, code=1),
    "url-in-a-dependency-in-hash-mode": World(
        (Whl("lib 1.0", at="direct"), Whl("app 1.0", (f"lib @ {_URL}#sha256={_LIB}",))),
        requirements=f"app==1.0 --hash=sha256:{_APP}",
        gives=None,
        code=2,
        why="A digest that the package brings along vouches for nothing.",
    ),
    "path-without-hash": World(
        (Whl("lib 1.0", at="folder"),), "--require-hashes {folder}/lib-1.0-py3-none-any.whl", None, code=2
    ),
    "path-with-hash": World(
        (Whl("lib 1.0", at="folder"),),
        requirements="{folder}/lib-1.0-py3-none-any.whl --hash=sha256:" + _LIB,
        gives="lib 1.0",
    ),
    "path-with-wrong-hash": World(
        (Whl("lib 1.0", at="folder"),),
        requirements="{folder}/lib-1.0-py3-none-any.whl --hash=sha256:" + _OTHER,
        gives=None,
        code=1,
    ),
}
