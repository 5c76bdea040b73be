"""Which version is the newest that fits: PEP 440 in all its corners, pre-releases, yanked files."""

from __future__ import annotations

from parity.worlds import Whl, World

CASES = {
    "newest": World(
        (Whl("lib 1.9"), Whl("lib 1.10"), Whl("lib 1.2")), "lib", "lib 1.10", why="Versions are numbers, not texts."
    ),
    "epoch": World((Whl("lib 2024.1"), Whl("lib 1!1.0")), "lib", "lib 1!1.0", why="An epoch outweighs any release."),
    "epoch-excluded": World((Whl("lib 2024.1"), Whl("lib 1!1.0")), "'lib<3000'", "lib 2024.1"),
    "post-release": World((Whl("lib 1.0"), Whl("lib 1.0.post1")), "lib", "lib 1.0.post1"),
    "post-release-not-above": World(
        (Whl("lib 1.0"), Whl("lib 1.0.post1")), "'lib>1.0'", None, why="> excludes the post-releases of its version."
    ),
    "pin-is-not-its-post-release": World((Whl("lib 1.0"), Whl("lib 1.0.post1")), "lib==1.0", "lib 1.0"),
    "dev-release-only": World((Whl("lib 1.0.dev1"), Whl("lib 1.0.dev2")), "lib", "lib 1.0.dev2"),
    "local-version-wins": World((Whl("lib 1.0"), Whl("lib 1.0+cpu")), "lib", "lib 1.0+cpu"),
    "local-version-under-pin": World(
        (Whl("lib 1.0"), Whl("lib 1.0+cpu")), "lib==1.0", "lib 1.0+cpu", why="A pin without a local part admits any."
    ),
    "local-version-pinned": World((Whl("lib 1.0+cpu"), Whl("lib 1.0+gpu")), "lib==1.0+cpu", "lib 1.0+cpu"),
    "local-version-not-above": World((Whl("lib 1.0+cpu"),), "'lib>1.0'", None),
    "wildcard": World((Whl("lib 1.1.9"), Whl("lib 1.2.0"), Whl("lib 1.2.5")), "lib==1.2.*", "lib 1.2.5"),
    "not-wildcard": World((Whl("lib 1.1.9"), Whl("lib 1.2.0"), Whl("lib 1.2.5")), "'lib!=1.2.*'", "lib 1.1.9"),
    "compatible-release": World((Whl("lib 1.4.2"), Whl("lib 1.9"), Whl("lib 2.0")), "lib~=1.4", "lib 1.9"),
    "compatible-release-three-parts": World(
        (Whl("lib 1.4.2"), Whl("lib 1.4.9"), Whl("lib 1.5")), "lib~=1.4.2", "lib 1.4.9"
    ),
    "arbitrary-equality": World((Whl("lib 1.0"), Whl("lib 1.0.0")), "lib===1.0", "lib 1.0"),
    "arbitrary-equality-is-textual": World(
        (Whl("lib 1.0.0"),), "lib===1.0", None, why="=== compares texts: 1.0 is not 1.0.0."
    ),
    "trailing-zeros-are-equal": World((Whl("lib 1.0.0"),), "lib==1", "lib 1.0.0"),
    "leading-v-in-specifier": World((Whl("lib 1.0"), Whl("lib 2.0")), "lib==v1.0", "lib 1.0"),
    # ------------------------------------------------------------------ pre-releases
    "pre-release-passed-over": World((Whl("lib 1.0"), Whl("lib 2.0rc1")), "lib", "lib 1.0"),
    "only-pre-releases": World((Whl("lib 2.0a1"), Whl("lib 2.0b1")), "lib", "lib 2.0b1"),
    "only-pre-releases-fit": World(
        (Whl("lib 1.0"), Whl("lib 2.0rc1")),
        "'lib>=1.5'",
        "lib 2.0rc1",
        why="Where only pre-releases fit the specifier, they are taken.",
    ),
    "requirement-names-a-pre-release": World(
        (Whl("lib 1.0"), Whl("lib 2.0rc1"), Whl("lib 2.0rc2")), "'lib>=1.0rc1'", "lib 2.0rc2"
    ),
    "pinned-pre-release": World((Whl("lib 1.0"), Whl("lib 2.0rc1"), Whl("lib 2.0")), "lib==2.0rc1", "lib 2.0rc1"),
    "pre": World((Whl("lib 1.0"), Whl("lib 2.0rc1")), "--pre lib", "lib 2.0rc1"),
    "pre-concerns-dependencies": World(
        (Whl("app 1.0", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0.dev3")), "--pre app", "app 1.0, lib 2.0.dev3"
    ),
    "all-releases-of-one": World(
        (Whl("app 1.0", ("lib",)), Whl("app 2.0a1"), Whl("lib 1.0"), Whl("lib 2.0a1")),
        "--all-releases lib app",
        "app 1.0, lib 2.0a1",
    ),
    "only-final-of-one": World(
        (Whl("app 2.0a1", ("lib",)), Whl("lib 1.0"), Whl("lib 2.0a1")),
        "--all-releases :all: --only-final lib app",
        "app 2.0a1, lib 1.0",
    ),
    "only-final-and-no-final": World((Whl("lib 2.0a1"),), "--only-final :all: lib", None),
    "dependency-names-a-pre-release": World(
        (Whl("app 1.0", ("lib>=2.0a1",)), Whl("lib 1.0"), Whl("lib 2.0a2")), "app", "app 1.0, lib 2.0a2"
    ),
    "pre-release-named-by-one-of-two": World(
        (Whl("app 1.0", ("lib>=1.0a1",)), Whl("lib 1.0"), Whl("lib 2.0a2")),
        "app lib",
        "app 1.0, lib 2.0a2",
        why="Whether pre-releases count is decided over all specifiers of a name together.",
    ),
    "pre-release-named-late": World(
        (Whl("app 1.0", ("tool",)), Whl("tool 1.0", ("lib>=1.0a1",)), Whl("lib 1.0"), Whl("lib 2.0a2")),
        "lib app",
        "app 1.0, lib 1.0, tool 1.0",
        why="What is settled already is not taken up again because a later specifier would admit a pre-release.",
    ),
    "pre-release-of-a-dependency-of-a-dependency": World(
        (Whl("app 1.0", ("tool",)), Whl("tool 1.0", ("lib>=1",)), Whl("lib 0.9"), Whl("lib 1.0rc1")),
        "app",
        None,
        why="1.0rc1 is below 1: no version fits, and it is not taken for lack of another.",
    ),
    "pre-release-by-constraint": World(
        (Whl("lib 1.0"), Whl("lib 2.0rc1")), "lib", "lib 2.0rc1", constraints="lib>=1.0rc1"
    ),
    # ------------------------------------------------------------------ yanked
    "yanked-passed-over": World((Whl("lib 1.0"), Whl("lib 2.0", yanked="broken")), "lib", "lib 1.0"),
    "yanked-pinned": World((Whl("lib 1.0"), Whl("lib 2.0", yanked="")), "lib==2.0", "lib 2.0"),
    "yanked-pinned-arbitrarily": World((Whl("lib 1.0"), Whl("lib 2.0", yanked="")), "lib===2.0", "lib 2.0"),
    "yanked-pinned-by-wildcard": World((Whl("lib 1.0"), Whl("lib 2.0", yanked="")), "lib==2.*", None),
    "all-yanked": World((Whl("lib 1.0", yanked=""), Whl("lib 2.0", yanked="")), "lib", None),
    "yanked-pinned-by-constraint": World((Whl("lib 1.0", yanked=""),), "lib", "lib 1.0", constraints="lib==1.0"),
    "yanked-pinned-by-dependency": World(
        (Whl("app 1.0", ("lib==2.0",)), Whl("lib 1.0"), Whl("lib 2.0", yanked="oops")), "app", "app 1.0, lib 2.0"
    ),
    "one-of-two-files-yanked": World(
        (Whl("lib 1.0"), Whl("lib 2.0", yanked="oops"), Whl("lib 2.0", tag="py2.py3-none-any")), "lib", "lib 2.0"
    ),
    "one-of-two-files-yanked-and-pinned": World(
        (Whl("lib 2.0", yanked="oops", build="2"), Whl("lib 2.0")), "lib==2.0", "lib 2.0"
    ),
    "yanked-pinned-with-local": World(
        (Whl("lib 1.0", yanked=""), Whl("lib 1.0+local", yanked="")), "lib==1.0", "lib 1.0+local"
    ),
    "yanked-in-json": World((Whl("lib 1.0"), Whl("lib 2.0", yanked="broken")), "lib", "lib 1.0", json=True),
    "yanked-in-json-pinned": World((Whl("lib 1.0"), Whl("lib 2.0", yanked="broken")), "lib==2.0", "lib 2.0", json=True),
}
