"""Which file of a version, and from where: tags, builds, formats, several places, names as they are written."""

from __future__ import annotations

import sys

from packaging.tags import sys_tags

from parity.worlds import Src, Whl, World

BEST = str(next(iter(sys_tags())))
"""The tag that this interpreter prefers most."""
OWN = f"py{sys.version_info[0]}{sys.version_info[1]}-none-any"

CASES = {
    # ------------------------------------------------------------------ tags and builds
    "best-tag": World((Whl("lib 1.0"), Whl("lib 1.0", tag=BEST), Whl("lib 1.0", tag=OWN)), "lib", "lib 1.0"),
    "own-python-before-any": World((Whl("lib 1.0", tag=OWN), Whl("lib 1.0")), "lib", "lib 1.0"),
    "compressed-tags": World(
        (Whl("lib 1.0", tag="py2.py3-none-any"), Whl("lib 2.0", tag="py2-none-any")),
        "lib",
        "lib 1.0",
        why="One fitting tag of several is enough, and a wheel for another Python is none at all.",
    ),
    "compressed-tags-rank-by-their-best": World(
        (Whl("lib 1.0", tag=OWN), Whl("lib 1.0", tag=f"py2.py3.{BEST.split('-')[0]}-none-any")), "lib", "lib 1.0"
    ),
    "version-before-tag": World((Whl("lib 1.0", tag=BEST), Whl("lib 1.1")), "lib", "lib 1.1"),
    "other-platform-only": World((Whl("lib 1.0", tag="cp27-cp27m-win32"),), "lib", None),
    "build-tags-are-numbers": World(
        (Whl("lib 1.0", build="9"), Whl("lib 1.0", build="10"), Whl("lib 1.0")), "lib", "lib 1.0"
    ),
    "build-tag-with-letters": World((Whl("lib 1.0", build="1a"), Whl("lib 1.0", build="1b")), "lib", "lib 1.0"),
    "tag-before-build": World((Whl("lib 1.0", build="9"), Whl("lib 1.0", tag=BEST)), "lib", "lib 1.0"),
    # ------------------------------------------------------------------ names
    "broken-wheel-names": World(
        (
            Whl("lib 1.0"),
            Whl("lib 3.0", filename="lib-3.0-py3-none.whl"),
            Whl("lib 4.0", filename="lib-4.0-x-py3-none-any.whl"),
            Whl("lib 5.0", filename="lib-5.0-py3-none-any.WHL"),
            Whl("lib 6.0", filename="lib-6.x-py3-none-any.whl"),
        ),
        "lib",
        "lib 1.0",
    ),
    "legacy-versions-in-names": World(
        (Whl("lib 1.0"), Src("lib 2.0", filename="lib-2004d.tar.gz"), Src("lib 3.0", filename="lib-dev.tar.gz")),
        "lib",
        "lib 1.0",
    ),
    "archives-in-capitals": World(
        (Whl("lib 1.0"), Src("lib 2.0", filename="lib-2.0.TAR.GZ")),
        "lib",
        "lib 1.0",
        why="pip knows the extensions of archives in small letters only.",
    ),
    "not-an-archive": World(
        (Whl("lib 1.0"), Src("lib 2.0", filename="lib-2.0.exe"), Src("lib 3.0", filename="lib-3.0.tar.gz.asc")),
        "lib",
        "lib 1.0",
    ),
    "spelling-of-names": World(
        (Whl("App.One 1.0", ("lib__TWO>=1",)), Whl("lib.two 1.0", says="LIB-two 1.0")),
        "aPP_one",
        "app-one 1.0, lib-two 1.0",
    ),
    "file-of-another-project-on-the-page": World(
        (Whl("lib 1.0"), Whl("lib 9.0", filename="other-9.0-py3-none-any.whl")), "lib", "lib 1.0"
    ),
    "unnormalised-version-in-name": World(
        (Whl("lib 1.0"), Whl("lib 1.1.0rc1", filename="lib-1.1.0.RC1-py3-none-any.whl")), "lib==1.1rc1", "lib 1.1.0rc1"
    ),
    # ------------------------------------------------------------------ Requires-Python
    "python-on-the-page": World((Whl("lib 1.0"), Whl("lib 2.0", python="<3")), "lib", "lib 1.0"),
    "python-in-metadata-only": World(
        (Whl("lib 1.0"), Whl("lib 2.0", python="<3", page_python="")),
        "lib",
        "lib 1.0",
        why="A page need not tell; the next version is tried.",
    ),
    "python-on-the-page-only": World((Whl("lib 1.0"), Whl("lib 2.0", page_python="<3")), "lib", "lib 1.0"),
    "invalid-python-on-the-page": World((Whl("lib 1.0"), Whl("lib 2.0", page_python=">=3.x")), "lib", "lib 2.0"),
    "invalid-python-in-metadata": World((Whl("lib 1.0"), Whl("lib 2.0", python=">=3.x")), "lib", "lib 2.0"),
    "python-down-to-the-micro-version": World((Whl("lib 1.0"), Whl("lib 2.0", python="!=3.*,<4")), "lib", "lib 1.0"),
    "ignore-requires-python": World(
        (Whl("lib 1.0"), Whl("lib 2.0", python="<3")), "--ignore-requires-python lib", "lib 2.0"
    ),
    "no-python-fits": World((Whl("lib 1.0", python="<3", page_python=""),), "lib", None),
    "python-of-a-dependency": World(
        (
            Whl("app 2.0", ("lib>=2",)),
            Whl("app 1.0", ("lib",)),
            Whl("lib 2.0", python="<3", page_python=""),
            Whl("lib 1.0"),
        ),
        "app",
        "app 1.0, lib 1.0",
    ),
    # ------------------------------------------------------------------ several places
    "tie-between-indexes": World(
        (Whl("lib 1.0", extras=("one",)), Whl("lib 1.0", extras=("two",), at="extra")),
        "lib",
        "lib 1.0",
        why="Of the same file in two indexes, that of the extra index is taken.",
    ),
    "newest-of-both-indexes": World((Whl("lib 1.0"), Whl("lib 2.0", at="extra"), Whl("lib 3.0")), "lib", "lib 3.0"),
    "tie-with-find-links": World((Whl("lib 1.0"), Whl("lib 1.0", extras=("two",), at="links")), "lib", "lib 1.0"),
    "tie-with-find-links-page": World((Whl("lib 1.0"), Whl("lib 1.0", extras=("two",), at="page")), "lib", "lib 1.0"),
    "tie-of-folder-and-page": World(
        (Whl("lib 1.0", at="links"), Whl("lib 1.0", extras=("two",), at="page")), "lib", "lib 1.0"
    ),
    "find-links-has-a-newer-one": World((Whl("lib 1.0"), Whl("lib 1.1", at="links")), "lib", "lib 1.1"),
    "no-index": World((Whl("lib 2.0"), Whl("lib 1.0", at="links")), "--no-index lib", "lib 1.0"),
    "no-index-and-not-there": World((Whl("lib 2.0"),), "--no-index lib", None),
    "tie-in-one-folder": World(
        (Whl("lib 1.0", at="links", tag="py3-none-any"), Whl("lib 1.0", at="links", tag="py2.py3-none-any")),
        "lib",
        "lib 1.0",
    ),
    "tie-on-one-page": World((Whl("lib 1.0", tag="py2.py3-none-any"), Whl("lib 1.0")), "lib", "lib 1.0"),
    "index-named-in-the-file": World(
        (Whl("lib 1.0"), Whl("lib 2.0", at="extra")), "", "lib 2.0", requirements="--index-url {extra}\nlib"
    ),
    # ------------------------------------------------------------------ wheels and source archives
    "newer-source-archive": World(
        (Whl("lib 1.0"), Src("lib 2.0")), "lib", "lib 2.0", why="The newest, whatever its format."
    ),
    "wheel-before-source-archive": World((Src("lib 1.0"), Whl("lib 1.0")), "lib", "lib 1.0"),
    "prefer-binary": World((Whl("lib 1.0"), Src("lib 2.0")), "--prefer-binary lib", "lib 1.0"),
    "prefer-binary-where-none-fits": World((Whl("lib 1.0"), Src("lib 2.0")), "--prefer-binary 'lib>1'", "lib 2.0"),
    "prefer-binary-in-the-file": World(
        (Whl("lib 1.0"), Src("lib 2.0")), "", "lib 1.0", requirements="--prefer-binary\nlib"
    ),
    "only-binary": World((Whl("lib 1.0"), Src("lib 2.0")), "--only-binary :all: lib", "lib 1.0"),
    "only-binary-of-one": World(
        (Whl("app 1.0", ("lib",)), Src("app 2.0", ("lib",)), Whl("lib 1.0"), Src("lib 2.0")),
        "--only-binary lib app",
        "app 2.0, lib 1.0",
    ),
    "no-binary": World((Whl("lib 3.0"), Src("lib 2.0")), "--no-binary lib lib", "lib 2.0"),
    "no-binary-of-all-but-one": World(
        (Whl("app 1.0", ("lib",)), Src("app 1.0", ("lib",)), Whl("lib 1.0"), Src("lib 1.0")),
        "--no-binary :all: --only-binary lib app",
        "app 1.0, lib 1.0",
    ),
    "format-none-takes-a-choice-back": World(
        (Whl("lib 1.0"), Src("lib 2.0")), "--only-binary :all: --only-binary :none: lib", "lib 2.0"
    ),
    "no-binary-in-the-file-beats-the-command-line": World(
        (Whl("lib 1.0"), Src("lib 2.0")), "--only-binary :all:", "lib 2.0", requirements="--no-binary :all:\nlib"
    ),
    "source-archive-for-another-python": World(
        (Whl("lib 1.0"), Src("lib 2.0", filename="lib-2.0-py2.7.tar.gz")), "lib", "lib 1.0"
    ),
    "source-archive-with-dashes-in-its-name": World(
        (Whl("my-lib 1.0"), Src("my-lib 2.0", filename="my-lib-2.0.tar.gz")), "my-lib", "my-lib 2.0"
    ),
    "source-archive-needs-what-a-wheel-has": World(
        (Src("app 2.0", ("lib>=2",)), Whl("app 1.0", ("lib",)), Whl("lib 1.0")),
        "app",
        "app 1.0, lib 1.0",
        why="Back-tracking leads from a source archive to an older wheel.",
    ),
}
