"""Metadata that lies or cannot be read: what pip passes over, and where it gives up."""

from __future__ import annotations

from fakes import metadata_text
from parity.worlds import Whl, World

_BAD_REQUIRES = metadata_text("lib", "2.0", ["one (unclosed"])

CASES = {
    "other-version-inside": World((Whl("lib 1.0"), Whl("lib 2.0", says="lib 2.1")), "lib", "lib 1.0"),
    "other-name-inside": World((Whl("lib 1.0"), Whl("lib 2.0", says="other 2.0")), "lib", "lib 1.0"),
    "other-version-inside-the-next-file-is-tried": World(
        (Whl("lib 2.0"), Whl("lib 2.0", says="lib 2.1", build="9"), Whl("lib 1.0")), "lib", "lib 2.0"
    ),
    "same-version-spelled-otherwise-inside": World((Whl("lib 1.0"), Whl("lib 2.0", says="LIB 2")), "lib", "lib 2"),
    "other-version-inside-and-pinned": World((Whl("lib 2.0", says="lib 2.1"),), "lib==2.0", None, code=1),
    "invalid-requires-dist": World((Whl("lib 1.0"), Whl("lib 2.0", metadata=_BAD_REQUIRES)), "lib", "lib 1.0"),
    "invalid-requires-dist-rules-out-the-version": World(
        (Whl("lib 1.0"), Whl("lib 2.0"), Whl("lib 2.0", metadata=_BAD_REQUIRES, build="9")),
        "lib",
        "lib 1.0",
        why="pip does not try another file of a version whose metadata is invalid.",
    ),
    "invalid-requires-dist-in-the-second-file": World(
        (Whl("lib 1.0"), Whl("lib 2.0", metadata=_BAD_REQUIRES), Whl("lib 2.0", build="9")), "lib", "lib 2.0"
    ),
    "invalid-requires-dist-everywhere": World((Whl("lib 2.0", metadata=_BAD_REQUIRES),), "lib", None),
    "invalid-requires-dist-by-url": World(
        (Whl("lib 2.0", metadata=_BAD_REQUIRES, at="direct"),), "{direct}/lib-2.0-py3-none-any.whl", None, code=4
    ),
    "invalid-requires-dist-by-url-in-a-dependency": World(
        (
            Whl("lib 2.0", metadata=_BAD_REQUIRES, at="direct"),
            Whl("app 2.0", ("lib @ {direct}/lib-2.0-py3-none-any.whl",)),
            Whl("app 1.0"),
        ),
        "app",
        None,
        why="pip gives up at once; it tries no older version.",
    ),
    "invalid-requires-dist-of-an-extra-nobody-asks-for": World(
        (Whl("lib 1.0"), Whl("lib 2.0", metadata=metadata_text("lib", "2.0", ["one >; extra == 'x'"], None, ["x"]))),
        "lib",
        "lib 1.0",
    ),
    "folded-requires-dist": World(
        (
            Whl("lib 1.0", metadata=b"Metadata-Version: 2.1\nName: lib\nVersion: 1.0\nRequires-Dist:\n one>=1\n\n"),
            Whl("one 1.0"),
        ),
        "lib",
        "lib 1.0, one 1.0",
    ),
    "requires-dist-in-the-description": World(
        (Whl("lib 1.0", metadata=b"Metadata-Version: 2.1\nName: lib\nVersion: 1.0\n\nRequires-Dist: nowhere\n"),),
        "lib",
        "lib 1.0",
    ),
    "field-names-in-any-case": World(
        (
            Whl("lib 1.0", metadata=b"metadata-version: 2.1\nNAME: lib\nversion: 1.0\nREQUIRES-dist: one\n\n"),
            Whl("one 1.0"),
        ),
        "lib",
        "lib 1.0, one 1.0",
    ),
    "parenthesised-specifier": World(
        (Whl("lib 1.0", ("one (>=1,<2)",)), Whl("one 1.0"), Whl("one 2.0")), "lib", "lib 1.0, one 1.0"
    ),
    "version-that-is-none": World(
        (Whl("lib 1.0"), Whl("lib 2.0", says="lib latest")), "lib", None, code=3, why="pip gives up at once."
    ),
    "no-name": World(
        (Whl("lib 1.0"), Whl("lib 2.0", metadata=b"Metadata-Version: 2.1\nVersion: 2.0\n\n")), "lib", None, code=3
    ),
    "no-version": World(
        (Whl("lib 1.0"), Whl("lib 2.0", metadata=b"Metadata-Version: 2.1\nName: lib\n\n")), "lib", None, code=3
    ),
    "not-utf-8": World(
        (Whl("lib 1.0"), Whl("lib 2.0", metadata=b"Metadata-Version: 2.1\nName: lib\nVersion: 2.0\nAuthor: \xff\n\n")),
        "lib",
        None,
        code=3,
    ),
    "newer-metadata-version": World(
        (Whl("lib 1.0", metadata=metadata_text("lib", "1.0", metadata_version="9.9")),), "lib", "lib 1.0"
    ),
    # ------------------------------------------------------------------ the same through sidecars
    "sidecars": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0", python="<3", page_python="")),
        "app",
        "app 1.0, lib 1.0",
        sidecars=True,
    ),
    "sidecars-in-json": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0", says="lib 2.1")),
        "app",
        "app 1.0, lib 1.0",
        json=True,
        sidecars=True,
    ),
    "invalid-requires-dist-in-a-sidecar": World(
        (Whl("lib 1.0"), Whl("lib 2.0"), Whl("lib 2.0", metadata=_BAD_REQUIRES, build="9")),
        "lib",
        "lib 1.0",
        sidecars=True,
    ),
}
