"""Promise 3, pip's answer where something is installed already: what is kept, what is replaced, in every mode.

Each environment is put to plain pip and to safe-pip once a mode. Both are given the same wheels; those that are
installed were unpacked into the environment, whose packages say what they need like any others.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import NamedTuple

import pytest

from parity.worlds import Asker, Src, Whl, World


class Case(NamedTuple):
    """An environment and what is asked of it, with what is to be installed in each mode; None where that must fail.

    plain: without an option. upgrade: with -U. eager: with -U, of everything. anew: as if nothing were installed.
    """

    world: World
    plain: str | None
    upgrade: str | None
    eager: str | None
    anew: str | None


MODES = {
    "plain": "",
    "upgrade": "-U",
    "eager": "-U --upgrade-strategy eager",
    "force-reinstall": "--force-reinstall",
    "ignore-installed": "-I",
    "target": "--target {folder}",
    "prefix": "--prefix {folder}",
    "root": "--root {folder}",
}
_AS = {"prefix": "plain", "root": "plain"}

_LIBS = (Whl("lib 1.0"), Whl("lib 2.0"), Whl("lib 3.0"))
_BROKEN = "not a (requirement"
_URL = "{direct}/lib-2.0-py3-none-any.whl"
_EDITABLE = '{"url": "file:///project", "dir_info": {"editable": true}}'
_ELSEWHERE = '{"url": "http://127.0.0.1:9/lib-2.0-py3-none-any.whl", "archive_info": {}}'
_REQUIRES_TXT = """lib<3

# a comment
[:python_version < "3"]
two

[x_Y]
one

[x_Y:python_version >= "3"]
three
"""

ENVIRONMENTS = {
    "old": Case(
        World(
            (Whl("app 2.0", ("lib",)), Whl("app 1.0", ("lib",)), *_LIBS),
            "app",
            installed=(Whl("lib 1.0"), Whl("app 1.0", ("lib",))),
        ),
        "",
        "app 2.0",
        "app 2.0, lib 3.0",
        "app 2.0, lib 3.0",
    ),
    "newer-than-the-index": Case(
        World((Whl("app 1.0", ("lib",)), *_LIBS), "app lib", installed=(Whl("lib 9.0"), Whl("app 9.0", ("lib",)))),
        "",
        "",
        "",
        "app 1.0, lib 3.0",
    ),
    "the-very-version": Case(
        World((Whl("app 1.0", ("lib",)), *_LIBS), "app lib", installed=(Whl("lib 3.0"), Whl("app 1.0", ("lib",)))),
        "",
        "",
        "",
        "app 1.0, lib 3.0",
    ),
    "a-local-build-of-it": Case(World(_LIBS, "lib==2.0", installed=(Whl("lib 2.0+mine"),)), "", "", "", "lib 2.0"),
    "older-local-build": Case(
        World((Whl("lib 2.0"), Whl("lib 2.0+theirs")), "lib", installed=(Whl("lib 2.0+mine"),)),
        "",
        "lib 2.0+theirs",
        "lib 2.0+theirs",
        "lib 2.0+theirs",
    ),
    "not-satisfying": Case(
        World(_LIBS, "'lib>=2,<3'", installed=(Whl("lib 1.0"),)), "lib 2.0", "lib 2.0", "lib 2.0", "lib 2.0"
    ),
    "dependency-not-satisfying": Case(
        World((Whl("app 1.0", ("lib>=2",)), *_LIBS), "app", installed=(Whl("lib 1.0"), Whl("other 1.0", ("lib<2",)))),
        "app 1.0, lib 3.0",
        "app 1.0, lib 3.0",
        "app 1.0, lib 3.0",
        "app 1.0, lib 3.0",
    ),
    "kept-package-with-unmet-needs": Case(
        World(
            (Whl("app 1.0", ("lib>=2",)), *_LIBS, Whl("tool 1.0")),
            "app",
            installed=(Whl("app 1.0", ("lib>=2", "tool")),),
        ),
        "lib 3.0, tool 1.0",
        "lib 3.0, tool 1.0",
        "lib 3.0, tool 1.0",
        "app 1.0, lib 3.0",
    ),
    "kept-package-that-needs-another-version": Case(
        World(
            (Whl("app 1.0", ("lib<3",)), *_LIBS), "app 'lib>=2'", installed=(Whl("app 1.0", ("lib<2",)), Whl("lib 1.0"))
        ),
        None,
        "lib 2.0",
        "lib 2.0",
        "app 1.0, lib 2.0",
    ),
    "installed-metadata-unlike-that-of-the-index": Case(
        World((Whl("app 1.0", ("lib>=3",)), *_LIBS), "app lib", installed=(Whl("app 1.0", ("lib<3",)), Whl("lib 2.0"))),
        "",
        "",
        "",
        "app 1.0, lib 3.0",
    ),
    "not-on-the-index": Case(World((), "app", installed=(Whl("app 1.0", ("lib",)), Whl("lib 1.0"))), "", "", "", None),
    "yanked-meanwhile": Case(
        World((Whl("lib 1.0"), Whl("lib 2.0", yanked="x")), "lib", installed=(Whl("lib 2.0"),)), "", "", "", "lib 1.0"
    ),
    "pre-release": Case(
        World((*_LIBS, Whl("lib 4.0rc1"), Whl("lib 4.0rc2")), "lib", installed=(Whl("lib 4.0rc1"),)),
        "",
        "",
        "",
        "lib 3.0",
    ),
    "older-pre-release": Case(World(_LIBS, "lib", installed=(Whl("lib 2.0rc1"),)), "", "lib 3.0", "lib 3.0", "lib 3.0"),
    "another-python": Case(
        World((Whl("lib 2.0"),), "lib", installed=(Whl("lib 1.0", python="<3"),)), "", "lib 2.0", "lib 2.0", "lib 2.0"
    ),
    "extra": Case(
        World(
            (Whl("app 1.0", ('lib; extra == "x"',), ("x",)), Whl("app 2.0", ('lib; extra == "x"',), ("x",)), *_LIBS),
            "app[x]",
            installed=(Whl("app 1.0", ('lib>=2; extra == "x"',), ("x",)),),
        ),
        "lib 3.0",
        "app 2.0, lib 3.0",
        "app 2.0, lib 3.0",
        "app 2.0, lib 3.0",
    ),
    "extra-that-the-installed-lacks": Case(
        World((Whl("app 2.0", ("lib",), ("x",)), *_LIBS), "app[x]", installed=(Whl("app 1.0"),)),
        "",
        "app 2.0, lib 3.0",
        "app 2.0, lib 3.0",
        "app 2.0, lib 3.0",
    ),
    "constraint": Case(
        World(_LIBS, "lib", installed=(Whl("lib 3.0"),), constraints="lib<3"),
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
    ),
    "constraint-that-the-installed-meets": Case(
        World(_LIBS, "lib", installed=(Whl("lib 1.0"),), constraints="lib<3"), "", "lib 2.0", "lib 2.0", "lib 2.0"
    ),
    "url-of-the-very-version": Case(
        World((Whl("lib 2.0", at="direct"),), f"'lib @ {_URL}'", installed=(Whl("lib 2.0"),)), "", "", "", "lib 2.0"
    ),
    "url-of-another-version": Case(
        World((Whl("lib 2.0", at="direct"),), f"'lib @ {_URL}'", installed=(Whl("lib 1.0"),)),
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
    ),
    "path-of-the-very-version": Case(
        World((Whl("lib 2.0", at="folder"),), "{folder}/lib-2.0-py3-none-any.whl", installed=(Whl("lib 2.0"),)),
        "",
        "",
        "",
        "lib 2.0",
    ),
    "source-archive-of-the-very-version": Case(
        World((Src("lib 2.0", at="folder"),), "{folder}/lib-2.0.tar.gz", installed=(Whl("lib 2.0"),)),
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
    ),
    "url-constraint": Case(
        World(
            (Whl("lib 2.0", at="direct"), Whl("app 1.0", ("lib",))),
            "app",
            installed=(Whl("lib 1.0"),),
            constraints=f"lib @ {_URL}",
        ),
        "app 1.0, lib 2.0",
        "app 1.0, lib 2.0",
        "app 1.0, lib 2.0",
        "app 1.0, lib 2.0",
    ),
    "no-deps": Case(
        World((Whl("app 2.0", ("lib>=2",)), *_LIBS), "--no-deps app", installed=(Whl("app 1.0"), Whl("lib 1.0"))),
        "",
        "app 2.0",
        "app 2.0",
        "app 2.0",
    ),
    "conflict-with-what-is-installed": Case(
        World((Whl("app 1.0", ("lib<2",)), *_LIBS), "app 'lib>=2'", installed=(Whl("lib 1.0"),)), None, None, None, None
    ),
    "back-tracking-to-what-is-installed": Case(
        World(
            (Whl("app 3.0", ("lib>=4",)), Whl("app 2.0", ("lib>=2",)), Whl("app 1.0"), *_LIBS),
            "app",
            installed=(Whl("app 1.0"), Whl("lib 1.0")),
            constraints="lib<2",
        ),
        "",
        "",
        "",
        "app 1.0",
    ),
    "invalid-metadata-of-a-newer-version": Case(
        World((Whl("lib 2.0"), Whl("lib 3.0", (_BROKEN,))), "lib", installed=(Whl("lib 1.0"),)),
        "",
        None,
        None,
        "lib 2.0",
    ),
    "invalid-metadata-and-what-is-installed-does-not-fit": Case(
        World((Whl("lib 2.0"), Whl("lib 3.0", (_BROKEN,))), "'lib>=2'", installed=(Whl("lib 1.0"),)),
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
    ),
    "invalid-metadata-of-what-is-installed": Case(
        World((Whl("app 1.0", ("lib",)), *_LIBS), "app", installed=(Whl("lib 1.0", (_BROKEN,)),)),
        None,
        None,
        "app 1.0, lib 3.0",
        "app 1.0, lib 3.0",
    ),
    "invalid-version-installed": Case(
        World((Whl("app 1.0", ("lib",)), *_LIBS), "app", installed=(Whl("lib 2004d"),)),
        None,
        None,
        None,
        "app 1.0, lib 3.0",
    ),
    "inconsistent-newer-version": Case(
        World((Whl("lib 2.0"), Whl("lib 3.0", says="lib 3.1")), "lib", installed=(Whl("lib 1.0"),)),
        "",
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
    ),
    "hash-mode": Case(
        World(
            _LIBS,
            installed=(Whl("lib 1.0"),),
            requirements="lib --hash=sha256:{sha256:lib-1.0-py3-none-any.whl}",
        ),
        "",
        "",
        "",
        "lib 1.0",
    ),
    "find-links-with-the-very-version": Case(
        World((Whl("lib 1.0", at="links"), Whl("lib 1.1", at="links")), "lib", installed=(Whl("lib 1.0"),)),
        "",
        "lib 1.1",
        "lib 1.1",
        "lib 1.1",
    ),
    "editable-of-the-very-version": Case(
        World(_LIBS, "lib==3.0", installed=(Whl("lib 3.0", direct_url=_EDITABLE),)), "", "", "", "lib 3.0"
    ),
    "editable-and-url-of-the-very-version": Case(
        World((Whl("lib 2.0", at="direct"),), f"'lib @ {_URL}'", installed=(Whl("lib 2.0", direct_url=_EDITABLE),)),
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
        "lib 2.0",
    ),
    "from-the-very-url-and-from-another": Case(
        World((Whl("lib 2.0", at="direct"),), f"'lib @ {_URL}'", installed=(Whl("lib 2.0", direct_url=_ELSEWHERE),)),
        "",
        "",
        "",
        "lib 2.0",
    ),
    "egg-info-that-says-what-it-needs": Case(
        World(
            (Whl("app 1.0", ("lib",)), *_LIBS, Whl("one 1.0"), Whl("two 1.0"), Whl("three 1.0")),
            "app[X.y]",
            installed=(Whl("app 1.0", requires_txt=_REQUIRES_TXT),),
        ),
        "lib 2.0, one 1.0, three 1.0",
        "lib 2.0, one 1.0, three 1.0",
        "lib 2.0, one 1.0, three 1.0",
        "app 1.0, lib 3.0",
    ),
    "egg-info-whose-metadata-says-what-it-needs": Case(
        World(
            (Whl("app 1.0"), *_LIBS, Whl("one 1.0")),
            "app[x]",
            installed=(Whl("app 1.0", ("lib<2",), requires_txt="lib>=2\n\n[x]\none\n"),),
        ),
        "lib 1.0",
        "lib 1.0",
        "lib 1.0",
        "app 1.0",
    ),
    "egg-info-with-nonsense": Case(
        World((Whl("app 1.0"), *_LIBS), "app", installed=(Whl("app 1.0", requires_txt="lib (\n"),)),
        None,
        None,
        None,
        "app 1.0",
    ),
    "what-is-installed-stands-between": Case(
        World(
            (*_LIBS, Whl("app 1.0", ("lib>1",)), Whl("other 1.0", ("lib<3",))),
            "app other lib",
            installed=(Whl("lib 2.5"),),
        ),
        "app 1.0, other 1.0",
        "app 1.0, other 1.0",
        "app 1.0, other 1.0",
        "app 1.0, lib 2.0, other 1.0",
    ),
    "named-as-a-dependency-and-by-the-user": Case(
        World(
            (*_LIBS, Whl("app 2.0", ("lib", "tool")), Whl("tool 2.0")),
            "app lib",
            installed=(Whl("app 1.0"), Whl("lib 1.0"), Whl("tool 1.0")),
        ),
        "",
        "app 2.0, lib 3.0",
        "app 2.0, lib 3.0, tool 2.0",
        "app 2.0, lib 3.0, tool 2.0",
    ),
    "constraint-by-url-on-what-is-installed": Case(
        World((*_LIBS, Whl("lib 2.0", at="direct")), "lib", installed=(Whl("lib 2.0"),), constraints=f"lib @ {_URL}"),
        "",
        "",
        "",
        "lib 2.0",
    ),
    "only-binary-and-a-newer-source-archive": Case(
        World((Src("lib 4.0"), *_LIBS), "--only-binary lib lib", installed=(Whl("lib 2.0"),)),
        "",
        "lib 3.0",
        "lib 3.0",
        "lib 3.0",
    ),
    "pre-releases-allowed": Case(
        World((*_LIBS, Whl("lib 4.0rc1")), "--pre lib", installed=(Whl("lib 3.0"),)),
        "",
        "lib 4.0rc1",
        "lib 4.0rc1",
        "lib 4.0rc1",
    ),
    "extras-of-an-upgraded-dependency": Case(
        World(
            (
                Whl("app 1.0", ("lib[x]",)),
                *_LIBS[:2],
                Whl("lib 3.0", ('tool; extra == "x"',), ("x",)),
                Whl("tool 2.0"),
            ),
            "app",
            installed=(Whl("lib 1.0"), Whl("tool 1.0")),
        ),
        "app 1.0",
        "app 1.0",
        "app 1.0, lib 3.0, tool 2.0",
        "app 1.0, lib 3.0, tool 2.0",
    ),
    "spelling": Case(
        World((Whl("My.App 1.0"), Whl("my_app 2.0")), "my-app", installed=(Whl("MY-app 1.0"),)),
        "",
        "my-app 2.0",
        "my-app 2.0",
        "my-app 2.0",
    ),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_pips_answer(name: str, asker: Asker, record_property: Callable[[str, object], None]) -> None:
    """In no mode does safe-pip replace what pip would keep, or keep what pip would replace."""
    case = ENVIRONMENTS[name]
    record_property("asked", len(MODES))
    found, differences = {}, {}
    with asker.prepared(case.world) as places:
        for mode, options in MODES.items():
            words = [word.replace("{folder}", str(places.folder / "target")) for word in options.split()]
            pip, safe_pip = asker.ask(*words, *places.arguments)
            found[mode] = pip.versions
            if safe_pip.chosen != pip.chosen:
                differences[mode] = (pip, safe_pip)

    assert found == {mode: getattr(case, _AS.get(mode, mode), case.anew) for mode in MODES}
    assert not differences


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_pips_answer_for_the_user(name: str, user_asker: Asker, record_property: Callable[[str, object], None]) -> None:
    """With --user, what lies in the user's folder is kept and replaced as an environment's own packages are."""
    case = ENVIRONMENTS[name]
    modes = ("plain", "upgrade", "ignore-installed")
    record_property("asked", len(modes))
    found, differences = {}, {}
    with user_asker.prepared(case.world) as places:
        for mode in modes:
            pip, safe_pip = user_asker.ask("--user", *MODES[mode].split(), *places.arguments)
            found[mode] = pip.versions
            if safe_pip.chosen != pip.chosen:
                differences[mode] = (pip, safe_pip)

    assert found == {mode: getattr(case, mode, case.anew) for mode in modes}
    assert not differences


_SHADOWED = {
    "kept": ("lib", ""),
    "replaced": ("lib==2.0", None),
    "upgraded": ("-U lib", None),
    "of-the-very-version": (f"'lib @ {_URL}'", None),
    "reinstalled": ("--force-reinstall lib", None),
    "ignored": ("-I lib", "lib 3.0"),
    "another": ("app", "app 1.0"),
    "another-that-needs-another-version": ("newer", None),
}


@pytest.mark.parametrize("name", _SHADOWED)
def test_what_would_lie_behind_the_environments_own(name: str, open_asker: Asker) -> None:
    """The user's folder comes after the environment's, so pip puts nothing there that the environment has too."""
    ask, gives = _SHADOWED[name]
    files = (*_LIBS, Whl("lib 2.0", at="direct"), Whl("app 1.0", ("lib",)), Whl("newer 1.0", ("lib>2",)))
    installed = Whl("lib 2.0" if name == "of-the-very-version" else "lib 1.0")
    pip, safe_pip = open_asker.both(World(files, f"--user {ask}", installed=(installed,)))

    assert pip.versions == gives, pip.text
    assert safe_pip.chosen == pip.chosen, safe_pip.text


@pytest.mark.parametrize("options", ["", "--user"])
def test_what_lies_outside_of_the_environment(options: str, open_asker: Asker) -> None:
    """What the interpreter has is as good as any; but with --user it is never replaced, and so a URL is installed."""
    question = "import importlib.metadata as metadata; print(metadata.version('pip'))"
    asked = subprocess.run([open_asker.python, "-c", question], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        pytest.skip("the interpreter that the tests run with has no pip of its own")
    version = asked.stdout.strip()
    world = World((Whl(f"pip {version}", at="direct"),), f"{options} 'pip @ {{direct}}/pip-{version}-py3-none-any.whl'")
    pip, safe_pip = open_asker.both(world)

    assert pip.versions == (f"pip {version}" if options else ""), pip.text
    assert safe_pip.chosen == pip.chosen, safe_pip.text
